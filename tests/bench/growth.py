"""How cost grows with attendees, facts, areas, doors and displays: what should stay flat, and what may grow.

One dimension at a time, all others as in `tests.bench.venue`. The scans go over HTTP, to the service as a process;
what is read is timed in its transaction. Facts are multiplied set-wise in SQL: they are real scans, many times.
"""

from __future__ import annotations

import asyncio
import io
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from checkin.core.alerts import Watch
from checkin.core.model import Scan
from checkin.core.roles import DEVICE_MAY, OPERATOR_MAY
from checkin.main import open_store, wall_clock
from checkin.service import alerts, closing, erasure, exports, lines, overview
from checkin.service import attendees as desk
from checkin.service.pulse import Pulse
from checkin.service.scans import Arrived, admit
from checkin.service.venues import Venues
from checkin.service.verify import verify
from checkin.store.engine import Store, Transaction
from checkin.wire import FACTS_MAX
from tests.bench.live import held
from tests.bench.plot import plot_svg
from tests.bench.scans import ATTENDEES, load, served
from tests.bench.server import PREPARED
from tests.bench.start import first_answer, resident_mib
from tests.bench.venue import DOORS, ROOMS, SLUG, prepare

ATTENDEE_COUNTS = (1_000, 10_000, 100_000, 1_000_000)
FACT_COUNTS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
AREA_COUNTS = (8, 64, 400)
DOOR_COUNTS = (16, 128, 1_024)
DISPLAY_COUNTS = (100, 1_000, 5_000)
LONG_FROM = 1_000_000
"""Of attendees and facts: so many are measured with `--long` alone."""
QUICK_TO = 10_000
REAL_SCANS = 1_000
CLIENTS = 16
REPEATS = 5
PLOTTED = {
    "scan p50, ms": "p50_ms",
    "scan p99, ms": "p99_ms",
    "memory, MiB": "memory_mib",
    "start, s": "start_s",
    "search, ms": "search_ms",
    "1,000 facts on, ms": "facts_page_ms",
    "housekeeping, ms": "round_ms",
    "organiser's page, ms": "page_ms",
    "export of all, s": "list_s",
    "verify, s": "verify_s",
}


class Size(Struct, frozen=True):
    attendees: int = ATTENDEES
    facts: int = REAL_SCANS
    areas: int = ROOMS + 1
    doors: int = DOORS
    displays: int = 0


class Grown(Struct):
    """What one size costs. Flat should be: the scans, memory beyond what the cache may take, the search, a page of
    facts, the occupancy, the round of the housekeeping. With the people or the facts grow: the first page of an
    organiser (once), verifying, lists."""

    what: str
    count: int
    scans_per_s: float
    p50_ms: float
    p99_ms: float
    offered_p99_ms: float
    """At 200 scans a second."""
    memory_mib: float
    start_s: float
    search_ms: float
    facts_page_ms: float
    occupancy_ms: float
    round_ms: float
    page_first_ms: float
    page_ms: float
    verify_s: float
    list_s: float


def run(quick: bool, long: bool, ends_at: float) -> list[Grown]:
    """As many sizes as there is time for, the smallest of each dimension first."""

    def chosen(counts: tuple[int, ...], to: int = LONG_FROM - 1) -> tuple[int, ...]:
        return counts if long else tuple(count for count in counts if count <= (QUICK_TO if quick else to))

    sizes = [("attendees", count, Size(attendees=count)) for count in chosen(ATTENDEE_COUNTS)]
    sizes += [("facts", count, Size(facts=count)) for count in chosen(FACT_COUNTS, LONG_FROM)]
    sizes += [("areas", count, Size(areas=count)) for count in (AREA_COUNTS[:2] if quick else AREA_COUNTS)]
    sizes += [("doors", count, Size(doors=count)) for count in (DOOR_COUNTS[:2] if quick else DOOR_COUNTS)]
    sizes += [("displays", count, Size(displays=count)) for count in (DISPLAY_COUNTS[:2] if quick else DISPLAY_COUNTS)]
    results, left_out = [], []
    for what, count, size in sorted(sizes, key=lambda one: max(one[2].attendees, one[2].facts)):
        if time.monotonic() < ends_at:
            results.append(_measure(what, count, size, 1.0 if quick else 2.0))
        else:
            left_out.append(f"{count:,} {what}")
    if left_out:
        print(f"Left out, since there was no time for them: {', '.join(left_out)}")
    order = [(what, count) for what, count, _ in sizes]
    return sorted(results, key=lambda one: order.index((one.what, one.count)))


def _measure(what: str, count: int, size: Size, seconds: float) -> Grown:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'bench.db'}"
        read = asyncio.run(_read(url, folder, size))
        start_s, _ = first_answer(url)
        with served("real", folder=folder) as server, held(server, size.displays):
            load(server, CLIENTS, 0.5)
            most = load(server, CLIENTS, seconds)
            offered = load(server, CLIENTS, seconds, rate=200)
            memory = resident_mib(server["pid"])
    return Grown(
        what=what,
        count=count,
        scans_per_s=most.scans_per_s,
        p50_ms=most.p50_ms,
        p99_ms=most.p99_ms,
        offered_p99_ms=offered.p99_ms,
        memory_mib=memory,
        start_s=start_s,
        **read,
    )


async def _read(url: str, folder: Path, size: Size) -> dict[str, float]:
    """Fill the database, and time what is read of it."""
    store, venues = await open_store(url), Venues()
    try:
        bench = await prepare(store, size.attendees, size.areas - 1, size.doors)
        (folder / PREPARED).write_bytes(msgspec.json.encode(bench))
        await _scan(store, venues, bench.codes, size.facts)
        now, pulse, watch = wall_clock(), Pulse(), Watch()

        async def s(work: Callable[[Transaction], object], repeats: int = REPEATS) -> float:
            taken = []
            for _ in range(repeats):
                started = time.perf_counter()
                await store.read(work)
                taken.append(time.perf_counter() - started)
            return statistics.median(taken)

        def page(tx: Transaction) -> object:
            may = OPERATOR_MAY["organiser"]
            return overview.overview(tx, venues, SLUG, pulse, now=now, at_s=now / 1000, heard={}, may=may)

        def keep_house(tx: Transaction) -> object:
            looked = alerts.look(tx, venues, SLUG, pulse, watch, now=now, at_s=now / 1000)
            return (
                looked,
                lines.waits(tx, venues, SLUG),
                closing.is_over(tx, venues, SLUG, now),
                (erasure.is_due(tx, venues, SLUG, now)),
            )

        def write_list(tx: Transaction) -> object:
            wanted = exports.Wanted(kind="attendees", format="csv")
            return exports.read_list(lambda work: work(tx), venues, SLUG, wanted, io.BytesIO(), now=now)()

        return {
            "search_ms": 1000
            * await s(lambda tx: desk.find(tx, venues, SLUG, "nachname77 amt", may=DEVICE_MAY["desk"])),
            "facts_page_ms": 1000
            * await s(lambda tx: overview.facts_page(tx, venues, SLUG, size.facts // 2, FACTS_MAX)),
            "occupancy_ms": 1000 * await s(lambda tx: overview.occupancy(tx, venues, SLUG, now)),
            "page_first_ms": 1000 * await s(page, 1),
            "page_ms": 1000 * await s(page),
            "round_ms": 1000 * await s(keep_house),
            "verify_s": await s(lambda tx: verify(tx, venues, SLUG), 1),
            "list_s": await s(write_list, 1),
        }
    finally:
        await store.close()


async def _scan(store: Store, venues: Venues, codes: list[str], count: int) -> None:
    """So many facts: real scans at the entrances, then the same ones again and again."""
    arrived = [
        Arrived(scan=Scan(id=str(uuid.uuid4()), code=codes[n % len(codes)], door=f"D{n % DOORS}"), by="bench")
        for n in range(min(count, REAL_SCANS))
    ]
    await store.write(lambda tx: admit(tx, venues, SLUG, arrived, wall_clock()))

    if count <= REAL_SCANS:
        return

    def without_indexes(tx: Transaction) -> list[str]:
        found = tx.rows("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'fact' AND sql <> ''")
        for name, _ in found:
            tx.run(f"DROP INDEX {name}")
        return [sql for _, sql in found]

    def multiply(tx: Transaction) -> int:
        row = tx.row("SELECT id, seq FROM event WHERE slug = ?", (SLUG,))
        assert row is not None
        event, last = row
        added = max(0, min(count - last, last))
        tx.run(
            "INSERT INTO fact (event, seq, kind, id, content, at, door, area, attendee, passage, reason, body)"
            " SELECT event, seq + ?, kind, CASE WHEN id IS NULL THEN NULL ELSE hex(randomblob(16)) END, content, at,"
            " door, area, attendee, passage, reason, body FROM fact WHERE event = ? AND seq <= ?",
            (last, event, added),
        )
        tx.run("UPDATE event SET seq = ? WHERE id = ?", (last + added, event))
        return int(last + added)

    indexes = await store.write(without_indexes)  # made anew at once they take a tenth of what each row adds to them
    while await store.write(multiply) < count:
        pass
    for sql in indexes:
        await store.write(partial(lambda tx, sql: tx.run(sql), sql=sql))


def measure(quick: bool, long: bool, plots: Path, ends_at: float) -> dict[str, Grown]:
    """Tables and a plot of each dimension; by size."""
    results = run(quick, long, ends_at)
    print("How cost grows, one dimension at a time (else 2,000 attendees, 1,000 facts, 8 areas, 16 doors, no display)")
    columns = {
        "scans/s": "scans_per_s",
        "p50 ms": "p50_ms",
        "p99 ms": "p99_ms",
        "at 200/s": "offered_p99_ms",
        "MiB": "memory_mib",
        "start s": "start_s",
        "search": "search_ms",
        "facts": "facts_page_ms",
        "count": "occupancy_ms",
        "round": "round_ms",
        "page": "page_ms",
        "first": "page_first_ms",
        "verify s": "verify_s",
        "list s": "list_s",
    }
    print(f"{'':>20} " + " ".join(f"{name:>8}" for name in columns))
    for one in results:
        figures = " ".join(f"{getattr(one, field):>8,.{_digits(getattr(one, field))}f}" for field in columns.values())
        print(f"{one.count:>10,} {one.what:<9} {figures}")
    print(
        "(MiB with the cache of both connections; in ms a search, a page of 1,000 facts, the occupancy, a round\n"
        "of the housekeeping, the organiser's page and its first time)\n"
    )
    panels = {
        what: {
            label: [(one.count, getattr(one, field)) for one in results if one.what == what]
            for label, field in PLOTTED.items()
        }
        for what in dict.fromkeys(one.what for one in results)
    }
    plots.write_text(plot_svg(panels), encoding="utf-8")
    return {f"{one.count:,} {one.what}": one for one in results}


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 2
