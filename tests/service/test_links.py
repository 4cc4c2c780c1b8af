"""What stations tell becomes facts, and what happens elsewhere reaches them, against the real database."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import pytest

from checkin.core.facts import Scanned
from checkin.core.link import Answer, Ask, News, Report, Row, Rows, Totals
from checkin.core.model import Scan
from checkin.core.reference import Everybody, Has, VenueNow
from checkin.service import links
from checkin.service.erasure import erase_person
from checkin.service.evacuation import evacuate
from checkin.service.links import Connection, Reference, news_since, reference_of, version_of
from checkin.service.venues import Venues
from checkin.store import facts, stations
from checkin.store.engine import Transaction
from checkin.store.events import load_event_row
from checkin.wire import EvacuationSent
from tests.service.test_stations import House, in_house, log
from tests.venue import SLUG


def test_why_a_door_refused_somebody_while_cut_off_is_in_the_facts() -> None:
    async def day(house: House) -> None:
        connection = await house.link((await house.pair()).station)
        shown = await house.shown()
        scan = Scan(id="s1", code=house.codes["a1"], door="D1")
        row = Row(n=1, scan=scan, outcome="refused", decided="alone", reason="area_full", attendee="a1", at=house.now)
        generation = 1 if shown.restored is None else shown.restored.generation
        await house.links.take(connection, Rows(generation=generation, epoch="e1", rows=(row,), ages=(0,)))
        event = await house.store.read(lambda tx: house.venues.id(tx, SLUG))
        kept = (await house.store.read(lambda tx: facts.facts_by_id(tx, event, ["s1"])))["s1"].fact
        assert isinstance(kept, Scanned)
        assert kept.decision.refusal is not None
        assert kept.decision.refusal.reason == "area_full"
        await house.is_sound()

    in_house(day)


def _evacuate(house: House, tx: Transaction, *, active: bool) -> None:
    evacuate(tx, house.venues, SLUG, EvacuationSent(active=active), now=house.now, by="test")


def test_an_all_clear_is_news_for_everybody_inside_at_once() -> None:
    async def day(house: House) -> None:
        await house.link((await house.pair()).station)
        for who in ("a1", "a2"):
            await house.scan(who)
        event = await house.store.read(lambda tx: house.venues.id(tx, SLUG))
        before, moves, emptied = await house.store.read(lambda tx: news_since(tx, event, 0))
        assert ({move.attendee for move in moves}, emptied) == ({"a1", "a2"}, False)
        for active in (True, False):
            await house.store.write(partial(_evacuate, house, active=active))
        await house.scan("a2")
        _, moves, emptied = await house.store.read(lambda tx: news_since(tx, event, before))
        assert ([(move.attendee, move.presence and move.presence.area) for move in moves], emptied) == (
            [("a2", "house")],
            True,
        )

    in_house(day)


def test_list_of_a_centre_that_was_put_back_is_another_one_than_that_of_the_lost_centre() -> None:
    def restored(house: House, tx: Transaction) -> None:
        event = load_event_row(tx, house.venues.id(tx, SLUG))
        ledger = house.venues.ledgers.take(tx, event, house.venues.venue(tx, SLUG).layout)
        assert ledger is not None
        ledger.restored(2)
        house.venues.ledgers.save(tx, event, ledger)

    async def day(house: House) -> None:
        await house.link((await house.pair()).station)
        before = await house.store.read(lambda tx: version_of(tx, house.venues, SLUG))
        await house.store.write(partial(restored, house))
        assert await house.store.read(lambda tx: version_of(tx, house.venues, SLUG)) != before

    in_house(day)


def test_whoever_asks_to_be_forgotten_is_forgotten_by_the_stations() -> None:
    async def day(house: House) -> None:
        connection = await house.link((await house.pair()).station)
        await house.links.take(connection, Has(venue=b"", people=Everybody().digests_told()))
        assert house.codes["a1"] in dict(await house.has_everybody(connection))
        await house.store.write(lambda tx: erase_person(tx, house.venues, SLUG, "a1", now=house.now, by="test"))
        async with asyncio.timeout(10):
            while (page := connection.page()) is None:
                await asyncio.sleep(0.01)
        assert house.codes["a1"] in page.gone

    in_house(day)


def test_what_a_station_tells_and_asks_does_not_wait_for_the_reading_of_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def reference_read(tx: Transaction, venues: Venues, slug: str) -> Reference:
        begun.set()
        assert go_on.wait(20)
        return reference_of(tx, venues, slug)

    monkeypatch.setattr(links, "reference_of", reference_read)

    async def day(house: House) -> None:
        connection = await house.link((await house.pair()).station)
        await house.links.take(connection, Has(venue=b"", people=Everybody().digests_told()))
        try:
            async with asyncio.timeout(10):
                while not begun.is_set():
                    await asyncio.sleep(0.01)
                await house.report(1)
                assert (await house.shown()).stations[0].known
                assert await house.scan("a1") == "admitted"
                while not any(isinstance(one, VenueNow) for one in house.told):
                    await asyncio.sleep(0.01)
            assert connection.page() is None
        finally:
            go_on.set()
        assert house.codes["a1"] in dict(await house.has_everybody(connection))

    in_house(day)


def test_stations_that_link_together_are_told_of_everybody_by_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def reference_read(tx: Transaction, venues: Venues, slug: str) -> Reference:
        read.append(slug)
        return reference_of(tx, venues, slug)

    monkeypatch.setattr(links, "reference_of", reference_read)

    async def day(house: House) -> None:
        paired = [(await house.pair()).station for _ in range(3)]
        connections = [Connection(one, lambda _: None, revoked=False) for one in paired]
        for one in connections:
            house.links.connect(one)
            await house.links.take(one, Has(venue=b"", people=Everybody().digests_told()))
        for one in connections:
            await house.has_everybody(one)
        assert read == [SLUG]

    in_house(day)


def test_what_a_station_says_at_once_is_committed_together_and_answered_with_totals_once() -> None:
    async def day(house: House) -> None:
        connection = await house.link((await house.pair()).station)
        house.told.clear()
        asks = [
            Ask(
                generation=1,
                epoch="e1",
                scan=Scan(id=who, code=house.codes[who], door="D1"),
                after=None,
                from_at=house.now,
            )
            for who in ("a1", "a2")
        ]
        report = Report(generation=1, epoch="e1", logs={"e1": log()}, demand={}, cursor=0)
        taken = [house.links.take(connection, said) for said in (asks[0], report, asks[1], report)]
        await asyncio.gather(*taken)
        answers = [one.scan for one in house.told if isinstance(one, Answer)]
        assert answers == ["a1", "a2"]
        assert [type(one) for one in house.told if not isinstance(one, News)] == [Totals, Answer, Answer]

    in_house(day)


def test_news_are_read_and_made_once_for_stations_that_are_not_equally_far_behind() -> None:
    async def day(house: House) -> None:
        told: dict[str, list[News]] = {"one": [], "other": [], "last": []}
        await house.link((await house.pair()).station)
        for who in ("a1", "a2"):
            await house.scan(who)
        event = await house.store.read(lambda tx: house.venues.id(tx, SLUG))
        seq, _, _ = await house.store.read(lambda tx: news_since(tx, event, 0))
        house.links.connections.clear()
        for station, cursor in (("one", seq - 2), ("other", seq - 1), ("last", seq)):
            connection = Connection(station, told[station].append, revoked=False)  # type: ignore[arg-type]
            connection.cursor = cursor
            house.links.connections[station] = connection
        await house.links._tell_all()
        assert told["one"][0] is told["other"][0]
        assert (told["one"][0].since, told["one"][0].seq, told["last"]) == (seq - 2, seq, [])
        await house.links._tell_all()
        assert [len(one) for one in told.values()] == [1, 1, 0]

    in_house(day)


@pytest.mark.sqlite
def test_rows_of_a_scan_are_looked_up_and_not_searched_for() -> None:
    async def day(house: House) -> None:
        def plan(tx: Transaction) -> str:
            seen: list[str] = []

            class Explaining:
                def rows(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
                    seen.extend(str(row) for row in tx.rows(f"EXPLAIN QUERY PLAN {sql}", parameters))
                    return []

            stations.rows_by_scan(cast(Transaction, Explaining()), 1, ["s1"])
            return " ".join(seen)

        assert "station_row_by_scan" in await house.store.read(plan)

    in_house(day)
