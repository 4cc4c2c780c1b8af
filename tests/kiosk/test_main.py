"""A station as it runs, without a centre."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest

from checkin.core.admission import Bearer
from checkin.core.errors import Conflict
from checkin.core.model import Scan
from checkin.core.reference import People, Person, VenueNow
from checkin.core.schedule import Programme
from kiosk.keeper import Keeper, Pairing
from kiosk.link import NotTaken
from kiosk.main import Kiosk, NotReady
from kiosk.station import Store
from kiosk.store import Disk
from tests.venue import layout

KEY = bytes(range(32))
ADA = Person(bearer=Bearer(attendee="a1", group="gast", registration="registered"), name="Ada Lovelace")


def station(folder: Path) -> Kiosk:
    """At door D1 of a house without a limit, with one badge that it knows."""
    keeper = Keeper(folder / "keeper")
    pairing = Pairing(url="http://127.0.0.1:9", event="tagung", station="s", door="D1", token="t")
    if keeper.key() is None:
        keeper.keep_key(KEY)
        disk = Disk(folder / "station.db", KEY)
        house = layout(house=None)
        disk.keep_venue(VenueNow.of(house, Programme(house.event)))
        raw = msgspec.Raw(msgspec.msgpack.encode(ADA))
        disk.keep_people(People(version="v1", since=None, changed=(("BADGE", raw),)), [])
        disk.close()
    kiosk = Kiosk(folder, keeper, pairing, stopped=lambda: None)
    kiosk.start()
    return kiosk


def has_station(kiosk: Kiosk) -> bool:
    return kiosk.station is not None


def scan(id: str, code: str = "BADGE") -> Scan:
    return Scan(id=id, code=code, door="D1")


def test_station_alone_answers_and_gives_the_same_answer_again_after_a_new_start(tmp_path: Path) -> None:
    async def run() -> None:
        kiosk = station(tmp_path)
        answer, repeated = await kiosk.scan(scan("s1", " badge "))
        assert (answer.outcome, answer.kind, answer.provisional, repeated) == ("admitted", "arrival", True, False)
        assert answer.attendee is not None
        assert answer.attendee.name == "Ada Lovelace"
        assert (await kiosk.scan(scan("s1", " badge "))) == (answer, True)
        with pytest.raises(Conflict):
            await kiosk.scan(scan("s1", "OTHER"))
        kiosk.close()
        again = station(tmp_path)
        told, repeated = await again.scan(scan("s1", " badge "))
        assert (told.outcome, told.provisional, repeated) == ("admitted", True, True)
        assert (await again.scan(scan("s2")))[0].reason == "already_inside"
        again.close()

    asyncio.run(run())


def test_station_that_starts_on_a_full_disk_goes_on_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        station(tmp_path).close()

        def full(self: Disk) -> VenueNow | None:
            raise sqlite3.OperationalError("disk I/O error")

        with monkeypatch.context() as context:
            context.setattr(Disk, "venue", full)
            kiosk = station(tmp_path)
            assert not has_station(kiosk)
            with pytest.raises(NotReady):
                await kiosk.scan(scan("s1"))
        ticking = asyncio.create_task(kiosk._tick())
        while not has_station(kiosk):
            await asyncio.sleep(0.01)
        assert (await kiosk.scan(scan("s1")))[0].outcome == "admitted"
        ticking.cancel()
        kiosk.close()

    asyncio.run(run())


def test_people_that_the_disk_does_not_take_come_again_with_another_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kiosk = station(tmp_path)
    raw = msgspec.Raw(msgspec.msgpack.encode(ADA))

    def full(self: Disk, *_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as context:
        context.setattr(Disk, "keep_people", full)
        with pytest.raises(NotTaken):
            kiosk._heard(People(version="v2", since=None, changed=(("NEW", raw),)))
    assert kiosk._reference() == "v1", "the centre sends everybody again"
    kiosk.close()


def test_full_disk_gives_no_answer_and_the_station_goes_on_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        kiosk = station(tmp_path)

        def full(self: Disk, store: Store) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as context:
            context.setattr(Disk, "commit", full)
            with pytest.raises(NotReady):
                await kiosk.scan(scan("s1"))
            assert not has_station(kiosk)
        ticking = asyncio.create_task(kiosk._tick())
        while not has_station(kiosk):
            await asyncio.sleep(0.01)
        answer, repeated = await kiosk.scan(scan("s1"))
        assert (answer.outcome, answer.kind, repeated) == ("admitted", "arrival", False)
        ticking.cancel()
        kiosk.close()

    asyncio.run(run())
