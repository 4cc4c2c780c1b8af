"""Stations and the doors that are none, against the real database."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from checkin.core.errors import Conflict, NotFound
from checkin.core.link import Log, Report, Totals
from checkin.core.model import Scan
from checkin.core.occupancy import Certainty
from checkin.core.reference import Everybody, Has, Took, ToStationToo, VenueNow
from checkin.main import open_store
from checkin.service.audit import AuditQuery, read_page
from checkin.service.corrections import correct
from checkin.service.links import Connection, Links
from checkin.service.people import add_device, new_token, revoke_device, start_pairing, wall_ms
from checkin.service.scans import Answered, Arrived, admit
from checkin.service.seats import seats_of
from checkin.service.stations import (
    PROGRAM_LETTERS_MAX,
    Figures,
    StationPaired,
    StationsShown,
    attention,
    confirm_roster,
    figures,
    link_opened,
    pair_station,
    put_back,
    retire_station,
    station_of,
    stations_shown,
)
from checkin.service.venues import Venues
from checkin.service.verify import verify
from checkin.store.engine import Store, Transaction
from checkin.store.presences import load_tallies
from checkin.store.stations import load_stations
from checkin.wire import Answer, AreaNow, CorrectionSent, area_now
from tests.engine import database_url
from tests.venue import SLUG, at, fill

NOW = at("10:00")


class House:
    """The small house with five places, and a station at its door D1."""

    def __init__(self, store: Store, venues: Venues, codes: dict[str, str]) -> None:
        self.store = store
        self.venues = venues
        self.codes = codes
        self.now = NOW
        self.links = Links(store, venues, SLUG, clock=lambda: self.now, committed=lambda: None)
        self.told: list[ToStationToo] = []

    async def pair(self, door: str = "D1") -> StationPaired:
        device, _ = await self.store.write(
            lambda tx: add_device(tx, self.venues, SLUG, "Süd", "door", door, now=NOW, by="test")
        )
        code, _ = await self.store.write(lambda tx: start_pairing(tx, self.venues, SLUG, device.id))
        return await self.store.write(
            lambda tx: pair_station(tx, self.venues, code, new_token(), now=NOW, wall=wall_ms())
        )

    async def opens(self, station: str, program: str = "") -> None:
        def work(tx: Transaction) -> None:
            link_opened(tx, load_stations(tx, self.venues.id(tx, SLUG))[station], program, now=self.now)

        await self.store.write(work)

    async def link(self, station: str) -> Connection:
        connection = Connection(station, self.told.append, revoked=False)
        self.links.connect(connection)
        for generation in (0, 1):
            self.now += 10
            report = Report(generation=generation, epoch="e1", logs={"e1": log()}, demand={}, cursor=0)
            await self.links.take(connection, report)
        await self.store.write(self.links._share)
        return connection

    async def has_everybody(self, connection: Connection) -> Everybody:
        """Whom a new station knows once it was told of all."""
        known = Everybody()
        while True:
            page = connection.page()
            if page is None:
                await asyncio.sleep(0.01)
                continue
            for code, person in page.changed:
                known.put(code, bytes(person))
            await self.links.take(connection, Took())
            if not page.left:
                return known

    async def scan(self, who: str, door: str = "D2", direction: Any = "entry", stored_at: int | None = None) -> str:
        """The outcome at a door of the web, or the reason of a refusal. `stored_at`: it comes out of a store."""
        answer = await self.answer(who, door, direction, stored_at)
        return answer.reason or answer.outcome

    async def answer(
        self, who: str, door: str = "D2", direction: Any = "entry", stored_at: int | None = None
    ) -> Answer:
        self.now += 1_000
        scan = Scan(id=str(uuid.uuid4()), code=self.codes[who], door=door, direction=direction, scanned_at=stored_at)
        arrived = Arrived(scan=scan, by="test", delayed=stored_at is not None)
        (answer,) = await self.store.write(lambda tx: admit(tx, self.venues, SLUG, [arrived], self.now))
        assert isinstance(answer, Answered)
        return answer.answer

    async def area(self, area: str) -> AreaNow:
        """As displays show it."""

        def work(tx: Transaction) -> AreaNow:
            venue = self.venues.venue(tx, SLUG)
            seats = seats_of(tx, venue, load_tallies(tx, venue.id), self.now)
            return area_now(seats, area, Certainty(), at=self.now, evacuation=False)

        return await self.store.read(work)

    async def count(self, area: str, found: int) -> None:
        self.now += 1_000
        sent = CorrectionSent(id=uuid.uuid4(), area=area, headcount=found)
        await self.store.write(lambda tx: correct(tx, self.venues, SLUG, sent, now=self.now, by="test"))

    async def shown(self) -> StationsShown:
        return await self.store.read(lambda tx: stations_shown(tx, self.venues, SLUG, now=self.now))

    async def report(self, generation: int) -> None:
        """The station tells anew what it holds."""
        self.now += 10
        connection = Connection(next(iter(self.links.connections)), self.told.append, revoked=False)
        report = Report(generation=generation, epoch="e1", logs={"e1": log()}, demand={}, cursor=0)
        await self.links.take(connection, report)

    async def put_back(self) -> int:
        """The centre comes from a backup; returns its generation."""
        self.now += 1_000
        await self.store.write(lambda tx: put_back(tx, self.venues, SLUG, now=self.now, by="test"))
        restored = (await self.shown()).restored
        assert restored is not None
        return restored.generation

    async def count_behind_the_web(self) -> None:
        """What doors without a station showed since the backup is lost: nobody is there."""
        restored = (await self.shown()).restored
        assert restored is not None
        assert restored.uncounted
        for area in restored.uncounted:
            await self.count(area, 0)

    async def confirm(self, generation: int) -> None:
        await self.store.write(lambda tx: confirm_roster(tx, self.venues, SLUG, generation, now=self.now, by="test"))

    async def is_sound(self) -> None:
        assert await self.store.read(lambda tx: verify(tx, self.venues, SLUG)) == []
        assert await self.store.read(lambda tx: verify(tx, Venues(), SLUG)) == []


def log() -> Any:
    return Log(totals={}, n=0, handed=0)


def in_house(test: Callable[[House], Awaitable[None]]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store, venues = await open_store(database_url(Path(folder))), Venues()
            house = House(store, venues, await fill(store, venues, guests=12, house=5, hall=2))
            try:
                await test(house)
            finally:
                await house.links.close()
                await store.close()

    asyncio.run(run())


def test_doors_of_the_web_leave_the_places_of_a_station_alone_until_it_is_retired_and_counted() -> None:
    async def day(house: House) -> None:
        station = (await house.pair()).station
        await house.link(station)
        shown = await house.store.read(lambda tx: stations_shown(tx, house.venues, SLUG, now=house.now))
        assert [(seats.area, seats.rights) for seats in shown.stations[0].seats] == [("house", 2)]
        assert [await house.scan(f"a{n}") for n in range(4)] == ["admitted"] * 3 + ["area_full"]
        await house.is_sound()
        await house.count("house", 3)
        assert await house.scan("a4") == "area_full", "a headcount frees no place of a door that goes on"
        await house.store.write(lambda tx: retire_station(tx, house.venues, SLUG, station, now=house.now, by="test"))
        assert await house.scan("a4") == "area_full", "it may have let somebody in"
        await house.count("house", 4)
        assert [await house.scan(f"a{n}") for n in (5, 6)] == ["admitted", "area_full"]
        await house.is_sound()

    in_house(day)


def test_place_that_somebody_leaves_at_a_door_of_the_web_is_free() -> None:
    async def day(house: House) -> None:
        await house.link((await house.pair()).station)
        assert [await house.scan(f"a{n}") for n in range(4)] == ["admitted"] * 3 + ["area_full"]
        assert await house.scan("a0", direction="exit") == "admitted"
        assert [await house.scan(f"a{n}") for n in (3, 4)] == ["admitted", "area_full"]
        await house.is_sound()

    in_house(day)


def test_way_out_that_is_told_of_after_a_headcount_does_not_free_the_place_again() -> None:
    async def day(house: House) -> None:
        await house.link((await house.pair()).station)
        assert [await house.scan(f"a{n}") for n in range(4)] == ["admitted"] * 3 + ["area_full"]
        await house.count("house", 2)
        assert [await house.scan(f"a{n}") for n in (3, 4)] == ["admitted", "area_full"]
        assert await house.scan("a0", direction="exit", stored_at=NOW) == "admitted"
        assert await house.scan("a4") == "area_full", "the headcount has missed them already"
        await house.is_sound()

    in_house(day)


@pytest.mark.parametrize(
    ("found", "out_by", "in_doubt"),
    [((2, 1, 1), "D2", 1), ((2, 0, 1), "D2", 0), ((1, 1), "D2", 0), ((2, 1, 1), "P-A", 0)],
)
def test_somebody_without_a_badge_may_hide_who_has_left_until_nobody_is_found_but_not_who_goes_out_by_the_rooms_door(
    found: tuple[int, ...], out_by: str, in_doubt: int
) -> None:
    async def day(house: House) -> None:
        await house.link((await house.pair("P-B")).station)
        assert [await house.scan("a0", door) for door in ("D2", "P-A")] == ["admitted", "admitted"]
        for number in found:
            await house.count("P", number)
        assert await house.scan("a0", out_by, "exit") == "admitted"
        assert {area.id: area.in_doubt for area in (await house.shown()).areas} == {"house": 0, "P": in_doubt}
        await house.is_sound()

    in_house(day)


def test_new_station_is_told_of_venue_people_and_seats() -> None:
    async def day(house: House) -> None:
        connection = await house.link((await house.pair()).station)
        await house.links.take(connection, Has(venue=b"", people=Everybody().digests_told()))
        assert house.codes["a0"] in dict(await house.has_everybody(connection))
        assert any(isinstance(one, VenueNow) for one in house.told)
        assert any(isinstance(one, Totals) for one in house.told)

    in_house(day)


def test_station_is_paired_once_and_anew_by_another_code() -> None:
    async def day(house: House) -> None:
        paired = await house.pair()
        assert len(paired.key) == 32

        async def known(token: str) -> bool:
            return await house.store.read(lambda tx: station_of(tx, SLUG, token) is not None)

        assert await known(paired.token)
        assert not await known("another")
        with pytest.raises(NotFound):
            await house.store.write(
                lambda tx: pair_station(tx, house.venues, "used", new_token(), now=NOW, wall=wall_ms())
            )
        code, _ = await house.store.write(lambda tx: start_pairing(tx, house.venues, SLUG, paired.station))
        token = new_token()
        again, told_again = [
            await house.store.write(lambda tx: pair_station(tx, house.venues, code, token, now=NOW, wall=wall_ms()))
            for _ in range(2)
        ]
        assert told_again == again, "the first answer may have been lost"
        assert await known(again.token)
        assert not await known(paired.token)
        assert again.key != paired.key
        await house.store.write(lambda tx: revoke_device(tx, house.venues, SLUG, again.station, now=NOW, by="test"))
        revoked = await house.store.read(lambda tx: station_of(tx, SLUG, again.token))
        assert revoked is not None, "it may hear that it is revoked"
        assert revoked.revoked

    in_house(day)


def test_every_place_of_an_area_is_shown_in_one_hand() -> None:
    async def day(house: House) -> None:
        station = (await house.pair()).station
        await house.link(station)

        async def hands() -> tuple[int, int, int, int]:
            """Inside, with the station, free by counting, in the pool."""
            shown = await house.shown()
            (area,) = shown.areas
            (seats,) = shown.stations[0].seats
            free = area.pool or 0
            with_station = seats.set_aside - seats.inside - seats.in_doubt
            assert area.inside + with_station + area.in_doubt + area.leaving + free == area.capacity
            return area.inside, seats.rights, seats.to_count, free

        assert await hands() == (0, 2, 0, 3)
        await house.scan("a0")
        assert await hands() == (1, 2, 0, 2)
        await house.store.write(lambda tx: retire_station(tx, house.venues, SLUG, station, now=house.now, by="test"))
        assert await hands() == (1, 0, 2, 2)
        await house.count("house", 1)
        assert await hands() == (1, 0, 0, 4)

    in_house(day)


def test_station_is_shown_as_linked_by_its_last_word_and_with_what_it_runs() -> None:
    async def day(house: House) -> None:
        station = (await house.pair()).station
        before = (await house.shown()).stations[0]
        assert (before.linked, before.heard_at, before.known, before.epoch) == (False, None, False, None)
        await house.opens(station, "checkin 1.2\x00" + "x" * 99)
        await house.link(station)
        linked = (await house.shown()).stations[0]
        assert (linked.linked, linked.heard_s, linked.known, linked.epoch) == (True, 0.0, True, "e1")
        assert linked.program == ("checkin 1.2" + "x" * 99)[:PROGRAM_LETTERS_MAX]
        house.now += 60_000
        silent = (await house.shown()).stations[0]
        assert (silent.linked, silent.heard_s, silent.linked_since) == (False, 60.0, linked.linked_since)

    in_house(day)


@pytest.mark.parametrize("links_again", [True, False], ids=["links again", "was linked all the time"])
def test_station_that_was_retired_and_begins_anew_is_back_by_a_fact_that_says_so_once(links_again: bool) -> None:
    async def day(house: House) -> None:
        station = (await house.pair()).station

        async def said() -> list[str]:
            entries = (await house.store.read(lambda tx: read_page(tx, house.venues, SLUG, AuditQuery()))).entries
            return [one.what["en"] for one in entries if one.by == f"device:{station}"][:-1]

        for _ in range(2):
            await house.opens(station)
            connection = await house.link(station)
        assert await said() == [], "it was never away"
        # By a command, in a process of its own: nobody ends the link.
        await house.store.write(lambda tx: retire_station(tx, Venues(), SLUG, station, now=house.now, by="test"))
        await house.link(station)
        assert await said() == [], "it goes on with the epoch that is over until it hears of that"
        if links_again:
            await house.opens(station)
            connection = Connection(station, house.told.append, revoked=False)
            house.links.connect(connection)
        report = Report(generation=1, epoch="e2", logs={"e2": log()}, demand={}, cursor=0)
        for _ in range(2):
            await house.links.take(connection, report)
        assert not (await house.shown()).stations[0].retired
        await house.opens(station)
        assert await said() == ["Device: is back"]
        await house.is_sound()

    in_house(day)


def test_centre_that_was_put_back_gives_nothing_away_until_the_station_has_told_and_a_person_has_confirmed() -> None:
    async def day(house: House) -> None:
        await house.link((await house.pair()).station)
        generation = await house.put_back()
        assert generation == house.now, "a time: two restores of one backup are not the same"
        shown = await house.shown()
        assert (shown.frozen, shown.restored and shown.restored.reported) == (["house", "P", "T", "wing", "G"], 0)
        assert await house.store.read(lambda tx: attention(tx, house.venues, SLUG).restored)
        refused = await house.answer("a0")
        assert (refused.reason, refused.frozen) == ("area_full", True)
        assert "noch keine Plätze" in refused.hint["de"], "it is not known whether the house is full"
        assert refused.way is not None
        assert "must count and confirm" in refused.way["en"]
        told = await house.area("house")
        assert (told.frozen, told.set_aside, told.inside) == (True, 2, 0)
        await house.count_behind_the_web()
        await house.confirm(generation)
        assert not await house.store.read(lambda tx: attention(tx, house.venues, SLUG).restored)
        assert await house.scan("a0") == "area_full", "the station has not told what it holds"
        await house.report(generation)
        assert await house.scan("a0") == "admitted"
        told = await house.area("house")
        assert (told.frozen, told.inside) == (False, 1)
        await house.is_sound()

    in_house(day)


@pytest.mark.parametrize("is_revoked_first", [True, False])
def test_station_that_was_revoked_is_not_taken_for_heard_of_by_a_centre_that_was_put_back(
    is_revoked_first: bool,
) -> None:
    async def day(house: House) -> None:
        station = (await house.pair()).station
        await house.link(station)

        async def revoke() -> None:
            await house.store.write(lambda tx: revoke_device(tx, house.venues, SLUG, station, now=NOW, by="test"))

        if is_revoked_first:
            await revoke()
        generation = await house.put_back()
        if not is_revoked_first:
            await revoke()
        await house.count_behind_the_web()
        shown = await house.shown()
        assert (shown.stations[0].known, shown.restored and shown.restored.reported) == (False, 0)
        await house.confirm(generation)
        assert (await house.shown()).frozen, "what it held nobody knows"
        await house.store.write(lambda tx: retire_station(tx, house.venues, SLUG, station, now=NOW, by="test"))
        for area in (await house.shown()).frozen:
            await house.count(area, 0)
        shown = await house.shown()
        assert (shown.stations[0].known, shown.frozen) == (True, [])
        assert await house.scan("a0") == "admitted"
        await house.is_sound()

    in_house(day)


def test_figures_say_how_stations_are_and_what_waits_without_a_name() -> None:
    async def day(house: House) -> None:
        async def measured() -> dict[str, Figures]:
            return await house.store.read(lambda tx: figures(tx, house.venues, now=house.now))

        assert await measured() == {}, "an event without stations"
        first, never = await house.pair(), await house.pair()
        await house.link(first.station)
        told = (await measured())[SLUG]
        assert (told.linked, told.cut_off, told.rows, told.cases) == (1, 1, 0, 0)
        (linked,) = [one for one in (await house.shown()).stations if one.id == first.station]
        seats = {one.area: one.set_aside for one in linked.seats}
        assert seats["house"] > 0
        assert {area: told.set_aside[area] for area in seats} == seats
        await house.store.write(lambda tx: revoke_device(tx, house.venues, SLUG, never.station, now=NOW, by="test"))
        house.now += 60_000
        told = (await measured())[SLUG]
        assert (told.linked, told.cut_off) == (0, 1), "a revoked one is not looked for"

    in_house(day)


def test_list_of_stations_is_confirmed_as_it_was_shown_and_only_once_all_on_it_were_heard() -> None:
    async def day(house: House) -> None:
        station = await house.pair()
        await house.link(station.station)
        with pytest.raises(Conflict, match="no such list"):
            await house.confirm(1)
        first = await house.put_back()
        second = await house.put_back()
        with pytest.raises(Conflict, match="no such list"):
            await house.confirm(first)
        never = await house.pair()
        with pytest.raises(Conflict, match="Nothing was heard of Süd"):
            await house.confirm(second)
        await house.store.write(lambda tx: revoke_device(tx, house.venues, SLUG, never.station, now=NOW, by="test"))
        with pytest.raises(Conflict, match="Count first: "):
            await house.confirm(second)
        await house.count_behind_the_web()
        await house.confirm(second)
        assert (await house.shown()).restored is None

    in_house(day)
