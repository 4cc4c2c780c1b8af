"""Scans against the real database: in batches, one by one, again, and in any order."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkin.core.errors import Busy, CheckinError, Conflict
from checkin.core.model import Direction, Scan
from checkin.main import open_store
from checkin.service import intake as intake_module
from checkin.service.intake import Intake
from checkin.service.overview import house_of
from checkin.service.scans import Answered, Arrived, admit
from checkin.service.venues import Venues, import_layout
from checkin.service.verify import verify
from checkin.store.engine import Store, Transaction
from tests.engine import database_url
from tests.venue import SLUG, at, fill, layout

DOORS = list(layout().doors)
Step = tuple[int, int, Direction, int]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.integers(0, len(DOORS) - 1),
        st.sampled_from(["entry", "entry", "exit"]),
        st.integers(0, 1),
    ),
    max_size=40,
)


async def opened(folder: str) -> tuple[Store, Venues, list[str]]:
    store = await open_store(database_url(Path(folder)))
    venues = Venues()
    codes = await fill(store, venues, guests=7, crew=3, house=5, hall=2)
    return store, venues, list(codes.values())


def arrived_of(steps: list[Step], codes: list[str]) -> list[Arrived]:
    return [
        Arrived(
            scan=Scan(id=f"scan {number}", code=codes[who], door=DOORS[door], direction=direction),
            by="test",
            delayed=bool(late),
        )
        for number, (who, door, direction, late) in enumerate(steps)
    ]


def told(answers: list[Answered | CheckinError]) -> list[Any]:
    return [
        (one.answer.seq, one.answer.outcome, one.answer.kind, one.answer.reason, one.answer.area.inside)
        for one in answers
        if isinstance(one, Answered)
    ]


@settings(max_examples=30, deadline=None)
@given(steps=STEPS, cuts=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_batch_decides_as_its_scans_one_by_one(steps: list[Step], cuts: list[int]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            store, venues, codes = await opened(one)
            alone: list[Any] = []
            for arrived in arrived_of(steps, codes):
                alone += told(await store.write(partial(admits, venues, [arrived])))
            await store.close()
            store, venues, codes = await opened(other)
            left, together = arrived_of(steps, codes), []
            while left:
                size = cuts[len(left) % len(cuts)]
                batch, left = left[:size], left[size:]
                together += told(await store.write(partial(admits, venues, batch)))
            assert together == alone
            await store.write(lambda tx: check_promises(tx, venues))
            await store.close()

    asyncio.run(run())


def admits(venues: Venues, arrived: list[Arrived], tx: Transaction) -> list[Answered | CheckinError]:
    return admit(tx, venues, SLUG, arrived, at("10:00"))


def check_promises(tx: Transaction, venues: Venues) -> None:
    """Capacity held, one person in one place, inside is own and inner, counters add up."""
    venue = venues.venue(tx, SLUG)
    house = house_of(tx, venue)
    for area in venue.layout.areas.values():
        if area.visitors is not None:
            assert house.tallies[area.id].visitors <= area.visitors
        if area.persons is not None:
            assert house.tallies[area.id].known <= area.persons
        inner = [other.id for other in venue.layout.areas.values() if other.parent == area.id]
        assert sum(house.tallies[one].known for one in inner) <= house.tallies[area.id].known
    assert verify(tx, venues, SLUG) == []


def test_verify_finds_what_differs(tmp_path: Path) -> None:
    async def run() -> None:
        store, venues, codes = await opened(str(tmp_path))
        scan = Arrived(scan=Scan(id="1", code=codes[0], door="P-A"), by="test")
        await store.write(lambda tx: admit(tx, venues, SLUG, [scan], at("10:00")))
        assert await store.read(lambda tx: verify(tx, venues, SLUG)) == []
        await store.write(lambda tx: tx.run("UPDATE tally SET visitors = 2 WHERE area = 'P'"))
        await store.write(lambda tx: tx.run("UPDATE presence SET area = 'T'"))
        await store.write(lambda tx: tx.run("DELETE FROM fact WHERE seq = 1"))
        words = "\n".join(await store.read(lambda tx: verify(tx, venues, SLUG)))
        assert "area P: facts add up to 1 visitors" in words
        assert "facts say P since" in words
        assert "facts 1 to 1 are missing" in words
        await store.close()

    asyncio.run(run())


def test_layout_imported_anew_adds_everybody_up_again_situation_60(tmp_path: Path) -> None:
    async def run() -> None:
        store, venues, codes = await opened(str(tmp_path))
        scans = [Arrived(scan=Scan(id=str(n), code=codes[n], door="G-1"), by="test") for n in range(2)]
        await store.write(lambda tx: admit(tx, venues, SLUG, scans, at("10:00")))
        old = layout(house=5, hall=2)
        flat = [
            msgspec.structs.replace(area, parent="house") if area.id == "G" else area for area in old.areas.values()
        ]
        new = type(old)(old.event, old.groups.values(), flat, old.doors.values())
        await store.write(lambda tx: import_layout(tx, new, now=at("10:01"), by="test"))
        house = await store.read(lambda tx: house_of(tx, venues.venue(tx, SLUG)))
        assert {area: tally.known for area, tally in house.tallies.items()} == {
            "house": 2,
            "P": 0,
            "T": 0,
            "wing": 0,
            "G": 2,
        }
        assert await store.read(lambda tx: verify(tx, venues, SLUG)) == []
        gone = type(old)(old.event, old.groups.values(), [area for area in flat if area.id != "G"], [])
        with pytest.raises(Conflict, match="areas with people inside: G"):
            await store.write(lambda tx: import_layout(tx, gone, now=at("10:02"), by="test"))
        await store.close()

    asyncio.run(run())


def test_intake_refuses_what_its_queue_cannot_take(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(intake_module, "QUEUE_SCANS_MAX", 3)

    async def run() -> None:
        store, venues, codes = await opened(str(tmp_path))
        intake = Intake(store, venues, SLUG, clock=lambda: at("10:00"), committed=lambda: None)
        scans = [Arrived(scan=Scan(id=str(n), code=codes[n], door="D1"), by="test") for n in range(4)]
        first = asyncio.create_task(intake.submit(scans[:3]))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="send it again"):
            await intake.submit(scans[3:])
        assert len(await first) == 3
        assert len(await intake.submit(scans[3:])) == 1
        await intake.close()
        await store.close()

    asyncio.run(run())


def test_scan_that_breaks_its_batch_takes_no_other_along(tmp_path: Path, monkeypatch: Any) -> None:
    def breaks(tx: Transaction, venues: Venues, slug: str, arrived: Any, now: int) -> Any:
        if any(one.scan.code == "poison" for one in arrived):
            raise ZeroDivisionError
        return admit(tx, venues, slug, arrived, now)

    monkeypatch.setattr(intake_module, "admit", breaks)

    async def run() -> None:
        store, venues, codes = await opened(str(tmp_path))
        commits: list[int] = []
        intake = Intake(store, venues, SLUG, clock=lambda: at("10:00"), committed=lambda: commits.append(1))
        scans = [
            Arrived(scan=Scan(id=str(uuid.uuid4()), code=code, door="D1"), by="test")
            for code in (codes[0], "poison", codes[1])
        ]
        answers = await asyncio.gather(*(intake.submit([scan]) for scan in scans), return_exceptions=True)
        assert isinstance(answers[1], ZeroDivisionError)
        for good in (answers[0], answers[2]):
            assert isinstance(good, list)
            assert isinstance(good[0], Answered)
            assert good[0].answer.outcome == "admitted"
        assert len(commits) == 2
        await intake.close()
        await store.close()

    asyncio.run(run())
