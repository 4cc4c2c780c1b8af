"""The pulse of the doors is what the facts add up to, however it came to know them."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest

from checkin.core.alerts import SILENT_S
from checkin.core.model import Scan
from checkin.main import open_store
from checkin.service import pulse as rules
from checkin.service.pulse import Pulse
from checkin.service.scans import Arrived, admit
from checkin.service.venues import Venues
from checkin.store import facts
from checkin.store.engine import Transaction
from tests.venue import SLUG, at, fill


def scans(codes: dict[str, str], *seen: tuple[str, str]) -> list[Arrived]:
    return [
        Arrived(scan=Scan(id=str(uuid.uuid4()), code=codes.get(who, who), door=door), by=f"device:{door}")
        for who, door in seen
    ]


def test_follower_knows_what_one_who_begins_anew_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        store = await open_store(f"sqlite:///{tmp_path / 'checkin.db'}")
        venues = Venues()
        codes = await fill(store, venues)
        follower = Pulse()
        steps = [
            [("a0", "D1"), ("a0", "D1"), ("nobody", "D1")],
            [],
            [("a1", "D2"), ("a2", "P-A"), ("a3", "P-A"), ("c0", "D3"), ("a4", "D3")],
        ]

        def check(tx: Transaction) -> None:
            event = venues.id(tx, SLUG)
            fresh = Pulse()
            for one in (follower, fresh):
                one.follow(tx, event)
            assert follower.doors == fresh.doors == facts.scans_by_door(tx, event)
            assert {door: list(one.scans) for door, one in follower.recent.items()} == {
                door: list(one.scans) for door, one in fresh.recent.items()
            }

        for minute, step in enumerate(steps):
            arrived = scans(codes, *step)
            now = at("10:00") + minute * 60_000
            await store.write(lambda tx, arrived=arrived, now=now: admit(tx, venues, SLUG, arrived, now))  # type: ignore[misc]
            await store.read(check)
        assert follower.doors["D1"].refusals == {"already_inside": 1, "code_unknown": 1}
        assert follower.doors["D1"].arrivals == 1
        assert follower.scans_per_min("D1", at("10:01")) == pytest.approx(3 / 5)
        assert follower.scans_per_min("D1", at("10:06")) == 0
        monkeypatch.setattr(rules, "FOLLOWED_MAX", 0)
        await store.write(lambda tx: admit(tx, venues, SLUG, scans(codes, ("a5", "D1")), at("10:03")))
        await store.read(check)
        await store.close()

    asyncio.run(work())


def test_gaps_are_those_of_one_lane() -> None:
    one = Pulse()
    one.recent["D1"] = rules.Recent()
    one.recent["D1"].scans.extend([(1_000, "a"), (3_000, "b"), (9_000, "a"), (12_000, "b")])
    assert one.gaps_s("D1", 0) == [[8.0], [9.0]]
    assert one.gaps_s("D1", 10_000) == [[9.0]]
    assert one.gaps_s("D2", 0) == []


def test_device_is_silent_since_it_spoke_last_by_our_own_clock() -> None:
    one = Pulse()
    assert one.silent_s("d", 0.0) is None
    one.hear([("d", 5)], 10.0)
    assert (one.silent_s("d", 70.0), one.speaks("d", 11.0)) == (60.0, False)
    one.hear([("d", 5)], 80.0)
    assert one.silent_s("d", 90.0) == 80.0
    one.hear([("d", 999)], 100.0)
    assert (one.silent_s("d", 110.0), one.speaks("d", 110.0)) == (10.0, True)
    assert not one.speaks("d", 100.0 + SILENT_S)


def test_answer_times_are_those_of_the_last_answers() -> None:
    one = Pulse()
    assert one.answer_ms("D1", 0.5) is None
    for ms in range(rules.ANSWERS_MAX + 100):
        one.answered("D1", float(ms))
    assert one.answer_ms("D1", 0.0) == 100.0
    assert one.answer_ms("D1", 1.0) == rules.ANSWERS_MAX + 99


def test_clock_that_is_off_is_off_by_the_same_each_time() -> None:
    clock = rules.Clock("D1")
    for off_ms, is_off in ((-420_000, False), (-421_000, False), (-419_000, True), (None, False)):
        clock.off_ms.append(off_ms)
        assert clock.is_off is is_off
    clock.off_ms.extend([-420_000, -300_000, -90_000])
    assert not clock.is_off
