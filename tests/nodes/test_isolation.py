"""Two nodes in one database, statement by statement: whatever the order of their turns, one comes after the other."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from checkin.core.admission import Refusal
from checkin.core.facts import Scanned
from checkin.core.model import Scan
from checkin.main import store_of
from checkin.service.scans import Answered, Arrived, admit
from checkin.service.venues import Venues
from checkin.service.verify import verify
from checkin.store import facts, postgres
from checkin.store.engine import Row, Store, StoreBusy, Transaction
from checkin.store.facts import Kept
from checkin.store.postgres import PostgresStore
from tests.engine import new_postgres_database
from tests.nodes.nodes import HALL, HOUSE, check
from tests.store.test_postgres import cut
from tests.venue import SLUG, at, fill

SCHEDULES = 12
TURNS = 60
WAITS_S = 0.03
"""Whose turn it is and who does not come waits for the other's lock: the next turn is taken."""


class Turns:
    """Who does the next statement, by a seed."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        self._order = [dice.randrange(2) for _ in range(TURNS)]
        self._taken = 0
        self._next = threading.Condition()

    def take(self, node: int) -> None:
        with self._next:
            while self._taken < TURNS and self._order[self._taken] != node:
                if not self._next.wait(WAITS_S):
                    self._taken += 1
            self._taken += 1
            self._next.notify_all()


class Stepped:
    """A transaction of a node that waits for its turn before each statement."""

    works_beside = True

    def __init__(self, tx: Transaction, turns: Turns, node: int) -> None:
        self._tx = tx
        self._turn: Callable[[], None] = lambda: turns.take(node)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self._turn()
        return self._tx.rows(sql, parameters)

    def rows_together(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self._turn()
        return self._tx.rows_together(sql, parameters)

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        self._turn()
        return self._tx.ask(sql, parameters)

    def ask_together(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        self._turn()
        return self._tx.ask_together(sql, parameters)

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        self._turn()
        return self._tx.row(sql, parameters)

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        self._turn()
        return self._tx.run(sql, parameters)

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._turn()
        self._tx.run_many(sql, rows)

    def tell(self, news: str) -> None:
        self._tx.tell(news)


def scan(codes: dict[str, str], guest: int, door: str = "D1", *, id: str = "") -> Arrived:
    code = list(codes.values())[guest]
    return Arrived(scan=Scan(id=id or f"{guest} at {door}", code=code, door=door), by="test")


async def last_seat(seed: int) -> None:
    """The house has one place left; two nodes are asked for it in the same moment, one of them by a door further in:
    what they read is not what the other writes. Raises where not exactly one gets it."""
    url = new_postgres_database()
    nodes, venues = [await PostgresStore.open(url), await PostgresStore.open(url)], [Venues(), Venues()]
    try:
        codes = await fill(nodes[0], venues[0], guests=4, crew=0, house=2, hall=2)
        for node in (0, 1):  # both have seen the place before
            first = [scan(codes, 0, id=f"first at {node}")]
            await nodes[node].write(lambda tx, n=node, s=first: admit(tx, venues[n], SLUG, s, at("10:00")))  # type: ignore[misc]
        turns = Turns(seed)

        async def ask(node: int, one: Arrived) -> Answered:
            answers = await nodes[node].write(
                lambda tx: admit(Stepped(tx, turns, node), venues[node], SLUG, [one], at("10:05"))
            )
            assert isinstance(answers[0], Answered)
            return answers[0]

        answers = await asyncio.gather(ask(0, scan(codes, 1)), ask(1, scan(codes, 2, "P-A")))
        assert sorted(one.answer.outcome for one in answers) == ["admitted", "refused"]
        assert {one.answer.reason for one in answers} == {None, "area_full"}
        kept = await nodes[0].read(lambda tx: list(facts.all_facts(tx, 1)))
        assert [one.seq for one in kept] == list(range(1, len(kept) + 1))
        assert await nodes[0].read(lambda tx: verify(tx, Venues(), SLUG)) == []
    finally:
        for store in nodes:
            await store.close()


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_last_seat_goes_once_whatever_the_order_of_statements(seed: int) -> None:
    asyncio.run(last_seat(seed))


def test_without_the_common_lock_the_last_seat_would_not_go_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """That the test above can fail: here each node has a lock of its own."""
    locks = iter(range(1, 1_000))
    begin = PostgresStore.__init__

    def begin_apart(self: PostgresStore, url: str, listen_url: str = "") -> None:
        monkeypatch.setattr(postgres, "WRITE_LOCK", next(locks))
        begin(self, url, listen_url)

    monkeypatch.setattr(PostgresStore, "__init__", begin_apart)
    failed = 0
    for seed in range(5):
        try:
            asyncio.run(last_seat(seed))
        except (AssertionError, psycopg.errors.UniqueViolation):
            failed += 1
    assert failed


@asynccontextmanager
async def held(
    store: Store, work: Callable[[Transaction], Any], ends: Callable[[], None] = lambda: None
) -> AsyncIterator[asyncio.Task[None]]:
    """A writer that has done `work` and holds the lock until this is left; then it `ends`, which may raise."""
    done, goes_on = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        work(tx)
        done.set()
        assert goes_on.wait(20)
        ends()

    writing = asyncio.create_task(store.write(hold))
    try:
        assert await asyncio.to_thread(done.wait, 20)
        yield writing
    finally:
        goes_on.set()
        await asyncio.wait([writing])


@asynccontextmanager
async def two_nodes(
    guests: int,
) -> AsyncIterator[tuple[str, Store, Store, Callable[[int], Callable[[Transaction], Any]]]]:
    """The URL of a house of one place, two nodes on it, and how a guest comes in at either."""
    url = new_postgres_database()
    async with store_of(url) as here, store_of(url) as there:
        codes = await fill(here, Venues(), guests=guests, crew=0, house=1, hall=1)
        yield url, here, there, lambda guest: lambda tx: admit(tx, Venues(), SLUG, [scan(codes, guest)], at("10:00"))


def test_seq_of_a_transaction_that_is_rolled_back_goes_to_the_next() -> None:
    def fails() -> None:
        raise ValueError("on the way")

    async def run() -> None:
        async with two_nodes(guests=2) as (_, here, there, enters):
            async with held(here, enters(0), fails) as failing:
                waiting = asyncio.create_task(there.write(enters(1)))
                decided, _ = await asyncio.wait([waiting], timeout=0.2)
                assert not decided, "it decides while another has not ended"
            with pytest.raises(ValueError, match="on the way"):
                await failing
            (answer,) = await waiting
            assert isinstance(answer, Answered)
            assert answer.answer.outcome == "admitted", "the seat of a scan that was never kept"
            kept = await here.read(lambda tx: list(facts.all_facts(tx, 1)))
            assert [one.seq for one in kept] == list(range(1, len(kept) + 1))

    asyncio.run(run())


def test_node_that_dies_with_the_lock_in_its_hand_holds_up_nobody() -> None:
    async def run() -> None:
        async with two_nodes(guests=1) as (url, here, there, enters):
            async with held(here, enters(0)) as dying:
                cut(url)
                async with asyncio.timeout(5):
                    (answer,) = await there.write(enters(0))
                assert isinstance(answer, Answered)
                assert not answer.repeated
            with pytest.raises(StoreBusy):
                await dying

    asyncio.run(run())


@pytest.mark.parametrize("default", ["repeatable read", "serializable"])
def test_writers_read_what_the_ones_before_left_whatever_the_server_s_default(default: str) -> None:
    async def run() -> None:
        url = new_postgres_database()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                f"ALTER DATABASE {connection.info.dbname} SET default_transaction_isolation = '{default}'"
            )
        async with store_of(url) as here, store_of(url) as there:
            venues = Venues()
            codes = await fill(here, venues, guests=20, crew=0, house=5, hall=5)
            answers = await asyncio.gather(
                *(
                    (here, there)[guest % 2].write(
                        lambda tx, guest=guest: admit(tx, venues, SLUG, [scan(codes, guest)], at("10:00"))  # type: ignore[misc]
                    )
                    for guest in range(20)
                )
            )
            outcomes = [one.answer.outcome for (one,) in answers if isinstance(one, Answered)]
            assert outcomes.count("admitted") == 5
            assert len(outcomes) == 20

    asyncio.run(run())


def test_checker_notices_what_it_is_for(tmp_path: Path) -> None:
    async def run() -> tuple[list[Kept], dict[str, dict[str, Any]]]:
        async with store_of(f"sqlite:///{tmp_path / 'checkin.db'}") as store:
            venues = Venues()
            codes = await fill(store, venues, guests=HOUSE + 5, crew=0, house=HOUSE, hall=HALL, reentry="allow")
            scans = [scan(codes, guest, "P-A" if guest < HALL + 5 else "D1") for guest in range(HOUSE + 5)]
            answers = await store.write(lambda tx: admit(tx, venues, SLUG, scans, at("10:00")))
            shown = {
                one.answer.id: {
                    "seq": one.answer.seq,
                    "outcome": one.answer.outcome,
                    "area": {"inside": one.answer.area.inside},
                }
                for one in answers
                if isinstance(one, Answered)
            }
            return await store.read(lambda tx: list(facts.all_facts(tx, 1))), shown

    kept, shown = asyncio.run(run())
    assert check(kept, shown)["house"] == HOUSE
    last = kept[-1]
    assert isinstance(last.fact, Scanned)
    again = replace(last, seq=last.seq + 1)
    decision = replace(last.fact.decision, attendee="one more")
    more = Kept(last.seq + 1, replace(last.fact, id="one more", decision=decision))
    at_first = next(number for number, one in enumerate(kept) if isinstance(one.fact, Scanned))
    first = kept[at_first]
    assert isinstance(first.fact, Scanned)
    full = replace(first.fact.decision, outcome="refused", refusal=Refusal(reason="area_full", area="house"))
    turned_away = replace(first, fact=replace(first.fact, decision=full))
    for wrong, why in (
        (kept[:-1], "not there"),
        ([*kept[:-2], kept[-1]], "gaps"),
        ([*kept, again], "twice"),
        (
            [*kept[:-1], replace(last, fact=replace(last.fact, decision=replace(last.fact.decision, leaves="P")))],
            "left",
        ),
        ([*kept, more], "over its number"),
        ([*kept[:at_first], turned_away, *kept[at_first + 1 :]], "a place that there was"),
    ):
        with pytest.raises(AssertionError, match=why):
            check(wrong, shown)
    told = {**shown, last.fact.id: {**shown[last.fact.id], "area": {"inside": 1}}}
    with pytest.raises(AssertionError, match="another number"):
        check(kept, told)
