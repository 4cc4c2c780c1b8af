"""`make bench`: measures, prints ratios beside the twins, and keeps the figures as JSON.

Absolute figures say as much about the machine as about the program; the ratios, taken side by side
in one run, say more. Nothing here is a test: none fails because a machine is slow.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from checkin.core.model import Group
from checkin.demo.people import invent
from checkin.exchange.attendees import read_attendees
from checkin.exchange.layout import read_layout
from checkin.main import store_of
from checkin.service import badges as issuing
from checkin.service import imports, venues
from checkin.service.venues import Venues
from tests.bench import badges, compare, growth, live, overload, postgres, routes, scans, search, stations
from tests.bench.plot import plot_svg
from tests.bench.scans import served
from tests.bench.start import first_answer

RESULTS = Path("bench-results")
BAD_DISPLAYS = 50
STOPPED_AGAIN_S = 30
ROOT = Path(__file__).parent.parent.parent
FILES = ROOT / "checkin" / "demo" / "files"


class Part(Struct, frozen=True):
    """What is measured, and the seconds that it may take, whole and with `--quick`, besides those that the parts before
    it have left over. What takes longer is stopped."""

    measure: Callable[..., Any]
    budget_s: int
    quick_s: int


class OverBudget(BaseException):
    """Nobody on the way takes it for a failure of their own."""


def main() -> None:
    whole, quick = (
        sum(budget) / 60 for budget in zip(*((one.budget_s, one.quick_s) for one in PARTS.values()), strict=True)
    )
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        epilog=f"At most {whole:.0f} minutes in all, {quick:.0f} with --quick, {LONG_S / 60:.0f} more with --long:"
        " a part that takes longer than its budget, and what the ones before have left over, is stopped.",
    )
    parser.add_argument("--quick", action="store_true", help="a fraction of it, rougher figures")
    parser.add_argument(
        "--long", action="store_true", help="a million attendees and ten million facts too: 10 GB of disk"
    )
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="one part alone (repeatable)")
    chosen = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # also into a file, part by part
    print(f"{compare.machine()}, shared with the load\n")
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    run = compare.Run(compare.machine(), chosen.quick, kept.stem, {}, os.getloadavg()[0])
    took: dict[str, tuple[float, int]] = {}
    failed: list[str] = []
    left_over_s = 0
    for name, part in PARTS.items():
        if chosen.only and name not in chosen.only:
            continue
        budget_s = part.quick_s if chosen.quick else part.budget_s
        budget_s += left_over_s + (LONG_S if name == "growth" and chosen.long else 0)
        measure = part.measure
        if name == "growth":
            ends_at, plots = time.monotonic() + GROWTH_BEGUN * budget_s, kept.with_suffix(".growth.svg")
            measure = partial(growth.measure, long=chosen.long, plots=plots, ends_at=ends_at)
        started = time.monotonic()
        try:
            with within(budget_s):
                run.parts[name] = measure(chosen.quick)
        except OverBudget:
            print(f"{name}: stopped after its {budget_s} s; nothing of it is kept\n")
        except Exception:  # the other parts go on
            traceback.print_exc()
            failed.append(name)
        took[name] = time.monotonic() - started, budget_s
        left_over_s = max(0, budget_s - math.ceil(took[name][0]))
    before = compare.last_of(RESULTS, run)
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(run)))
    if "rates" in run.parts:
        kept.with_suffix(".rates.svg").write_text(plot_svg(overload.panels(run.parts["rates"])), encoding="utf-8")
    for line in compare.compared(run, before):
        print(line)
    print("Seconds, of each budget: " + ", ".join(f"{name} {s:.0f} of {most}" for name, (s, most) in took.items()))
    spent_s = sum(s for s, _ in took.values())
    print(f"{spent_s / 60:.1f} of at most {(spent_s + left_over_s) / 60:.1f} minutes; kept in {kept}, plots beside it")
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raises `OverBudget` in the midst of what takes longer; its processes are ended as it unwinds."""

    def stop(signal_number: int, frame: Any) -> None:
        raise OverBudget

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, STOPPED_AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def measure_scans(quick: bool) -> Any:
    """Durable scans a second: real, the empty twins of the route, a transaction for each scan."""
    results = scans.run(1.5 if quick else 4.0)
    print("Scans: POST /scans, synchronous=FULL; twin: same route, nothing decided or stored; whole: the twin through")
    print("the framework; single: a transaction for each scan")
    print(" clients   real/s  p50 ms  p99 ms   twin/s  p99 ms  of it  whole/s  p99 ms  of it single/s x single")
    for clients, real in results["real"].items():
        twin, whole, single = (results[kind][clients] for kind in ("twin", "whole", "single"))
        print(
            f"{clients:>8} {real.scans_per_s:>8,.0f} {real.p50_ms:>7.2f} {real.p99_ms:>7.2f}"
            f" {twin.scans_per_s:>8,.0f} {twin.p99_ms:>7.2f} {real.scans_per_s / twin.scans_per_s:>6.2f}"
            f" {whole.scans_per_s:>8,.0f} {whole.p99_ms:>7.2f} {real.scans_per_s / whole.scans_per_s:>6.2f}"
            f" {single.scans_per_s:>8,.0f} {real.scans_per_s / single.scans_per_s:>8.2f}"
        )
    print()
    return results


def measure_live(quick: bool) -> Any:
    """A thousand displays at ten changes a second, beside a plain loop over ASGI `send`."""
    results: dict[str, list[live.LiveResult]] = {"ours": [], "plain": []}
    for _ in range(1 if quick else 2):
        with _plain_loop() as server:
            results["plain"].append(_drive(live.order_for(server, 1_000, 50 if quick else 150, 10)))
        with served("real") as server:
            results["ours"].append(_drive(live.order_for(server, 1_000, 50 if quick else 150, 10)))
    print("Displays: 1,000 websockets, 10 changes a second; from the scan sent to the last display served")
    print("(ours waits for the commit and for its tick of at most 100 ms; the plain loop sends at once)")
    print(f"{'':>8} {'p50 ms':>7} {'p99 ms':>7} {'spread':>7} {'p99 ms':>7} {'us CPU':>7} {'KiB':>6}")
    for kind, runs in results.items():
        for run in runs:
            print(
                f"{kind:>8} {run.last_p50_ms:>7.1f} {run.last_p99_ms:>7.1f} {run.spread_p50_ms:>7.1f}"
                f" {run.spread_p99_ms:>7.1f} {run.cpu_us_a_delivery:>7.1f}"
                f" {run.kib_a_connection:>6.1f}"
            )
    with served("real") as server:
        alone = _drive(live.order_for(server, 1, 50 if quick else 150, 10)).cpu_us_a_delivery
    net = [
        (ours.cpu_us_a_delivery - alone / ours.clients) / plain.cpu_us_a_delivery
        for ours, plain in zip(*results.values(), strict=True)
    ]
    ratios = [ours.cpu_us_a_delivery / plain.cpu_us_a_delivery for ours, plain in zip(*results.values(), strict=True)]
    print(f"CPU a delivery, ours to plain: {', '.join(f'{ratio:.2f}' for ratio in ratios)};", end=" ")
    print(
        f"without the scan, commit and read behind each change ({alone / 1000:.1f} ms, measured with one display):",
        end=" ",
    )
    print(", ".join(f"{ratio:.2f}" for ratio in net) + "\n")
    return results


def measure_crowd(quick: bool) -> Any:
    """Five thousand displays at one change a second (the aim: the last one within 150 ms), and a thousand beside bad
    ones, which must delay none and take no memory."""
    results: dict[str, live.LiveResult] = {}
    with served("real") as server:
        results["5,000 at 1 Hz"] = _drive(live.order_for(server, 5_000, 8 if quick else 25, 1))
    for name, bad in (("1,000 at 10 Hz", 0), (f"the same and {BAD_DISPLAYS} of each bad kind", BAD_DISPLAYS)):
        with served("real") as server:
            results[name] = _drive(live.order_for(server, 1_000, 50 if quick else 150, 10, bad))
    print(f"Displays in a crowd; bad ones: {', '.join(live.BAD)}")
    print(f"{'':>34} {'p50 ms':>7} {'p99 ms':>7} {'spread':>7} {'p99 ms':>7} {'us CPU':>7} {'KiB':>6} {'MiB':>6}")
    for name, run in results.items():
        print(
            f"{name:>34} {run.last_p50_ms:>7.1f} {run.last_p99_ms:>7.1f} {run.spread_p50_ms:>7.1f}"
            f" {run.spread_p99_ms:>7.1f} {run.cpu_us_a_delivery:>7.1f} {run.kib_a_connection:>6.1f}"
            f" {run.grown_mib:>6.1f}"
        )
    print()
    return results


def measure_delay(quick: bool) -> Any:
    """From the scan sent to five displays served, at 100 scans a second."""
    with served("real") as server:
        result = _drive(live.order_for(server, 5, 100 if quick else 1_000, 100))
    print(f"Scan to display at 100 scans/s: p50 {result.last_p50_ms:.0f} ms, p99 {result.last_p99_ms:.0f} ms\n")
    return result


def measure_files(quick: bool) -> Any:
    """Reading and importing 10,000 rows; memory with 10,000 attendees; time to the first answer."""
    people = invent(random.Random(1), 10_000)
    header = "Ticketnr;Vorname;Nachname;Institution;Ort;Kategorie"
    rows = (f"T{n};{one.given_name};{one.family_name};Amt {n};{one.town[1]};Presse" for n, one in enumerate(people))
    data = "\n".join((header, *rows)).encode()
    started = time.perf_counter()
    listed = read_attendees(data, name="list.csv", groups=[Group(id="presse", name="Presse")])
    read_s = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        layout = read_layout((FILES / "layout.toml").read_bytes())

        async def take_in() -> float:
            known = Venues()
            async with store_of(url) as store:
                await store.write(lambda tx: venues.import_layout(tx, layout, now=0, by="bench"))
                begun = time.perf_counter()
                slug = layout.event.slug
                await store.write(
                    lambda tx: imports.import_attendees(tx, known, slug, listed, now=0, by="bench", dry_run=False)
                )
                seconds = time.perf_counter() - begun
                await store.write(lambda tx: issuing.issue_missing(tx, known, slug, now=0, by="bench"))
                return seconds

        import_s = asyncio.run(take_in())
        first_answer_s, memory_mib = first_answer(url)
    print(f"10,000 rows: read in {read_s:.2f} s, imported in {import_s:.2f} s")
    print(
        f"checkin serve with 10,000 attendees: first answer after {first_answer_s:.2f} s,"
        f" {memory_mib:.0f} MiB resident\n"
    )
    return {"read_s": read_s, "import_s": import_s, "first_answer_s": first_answer_s, "memory_mib": memory_mib}


def measure_badges(quick: bool) -> Any:
    """600 badges into one PDF, one picture, one label, one QR matrix, and the pre-flight."""
    result = badges.run(60 if quick else 600)
    print(f"Badges, {result.count} of them; plain: the same pages, each text at one size, nothing measured")
    print(f"{'':>22} {'ours':>8} {'limit':>8} {'share':>6} {'plain':>8} {'ratio':>6}")
    for line in result.lines:
        twin = f"{line.plain:>8.2f} {line.ours / line.plain:>6.2f}" if line.plain else ""
        limit = f"{line.limit:>8.2f} {line.ours / line.limit:>6.2f}" if line.limit else f"{'':>15}"
        print(f"{line.what:>22} {line.ours:>8.2f} {limit} {twin}".rstrip())
    print()
    return result


def measure_search(quick: bool) -> Any:
    """The desk's search in 100,000 attendees; the aim is 50 ms."""
    result = search.run(20_000 if quick else 100_000)
    print(f"Search in {result.count:,} attendees; one by id: {result.by_id_ms:.2f} ms")
    for query in result.queries:
        print(f" {query.text:<18} {query.found:>4} found {query.median_ms:>7.2f} ms")
    print()
    return result


def measure_stations(quick: bool) -> Any:
    """Doors with stations: linked, cut off, caught up; fifty of them; an event of 100,000."""
    result = stations.run(quick)
    print("Doors: one scanner, then sixteen; CPU of the centre for one scan of one and of sixteen, bytes on the link")
    head = ("p50 ms", "p99 ms", "p50 ms", "p99 ms", "scans/s", "CPU ms", "of 16", "bytes")
    print(f"{'':>24} {' '.join(f'{one:>7}' for one in head)}")
    for door in result.doors:
        told = "" if door.cpu_ms is None else f"{door.cpu_ms:>7.2f} {door.cpu_many_ms:>7.2f}"
        told += "" if door.bytes is None else f" {door.bytes:>7,.0f}"
        print(
            f"{door.what:>24} {door.one.p50_ms:>7.1f} {door.one.p99_ms:>7.1f} {door.many.p50_ms:>7.1f}"
            f" {door.many.p99_ms:>7.1f} {door.many.scans_per_s:>7,.0f} {told}".rstrip()
        )
    for one in result.caught_up:
        print(f"Back after an hour of rush at {one.doors} doors, {one.rows:,} rows: caught up in {one.seconds:.1f} s")
    for fifty in result.fifty:
        print(
            f"{fifty.stations} stations at one centre{'' if fifty.disks else ', whose disks take no time'}:"
            f" {fifty.scans_per_s:,.0f} scans/s, p50 {fifty.p50_ms:.0f} ms, p99 {fifty.p99_ms:.0f} ms,"
            f" {fifty.alone:.1%} decided alone; the centre used {fifty.centre_cpu:.2f} cores"
            f" ({fifty.centre_cpu * 1000 / fifty.scans_per_s:.2f} ms a scan), they {fifty.stations_cpu:.2f}"
        )
    many = result.many
    print(
        f"{many.attendees:,} attendees, station {'on one core with 1 GiB' if many.small else 'as it is'}: paired in"
        f" {many.pair_s:.1f} s, decides after {many.ready_s:.1f} s, linked after {many.linked_s:.1f} s, has"
        f" everybody after {many.everybody_s:.1f} s ({many.everybody_mb:.0f} MB);\n  back at a centre that was started"
        f" anew, its scans are there after {many.told_s:.1f} s, all changes with it after {many.present_s:.1f} s"
        f" ({many.return_mb:.2f} MB);\n  started again it decides after {many.again_s:.1f} s, linked"
        f" after {many.again_linked_s:.1f} s; memory of the station {many.station_mib:.0f} MiB (at most"
        f" {many.station_peak_mib:.0f}), of the centre {many.centre_mib:.0f} (at most {many.centre_peak_mib:.0f});"
        f" {many.disk_mib:.0f} MiB on disk"
    )
    print()
    return result


def _drive(order: dict[str, Any]) -> live.LiveResult:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.live", "drive"],
        input=json.dumps(order).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    return msgspec.json.decode(done.stdout, type=live.LiveResult)


@contextmanager
def _plain_loop() -> Iterator[dict[str, Any]]:
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.live", "plain"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield {**json.loads(process.stdout.readline()), "pid": process.pid}
    finally:
        process.terminate()
        process.wait(20)


PARTS = {
    "scans": Part(measure_scans, 100, 60),
    "routes": Part(routes.measure, 70, 45),
    "rates": Part(overload.measure_rates, 60, 30),
    "overload": Part(overload.measure_overload, 90, 40),
    "live": Part(measure_live, 140, 60),
    "crowd": Part(measure_crowd, 110, 70),
    "delay": Part(measure_delay, 25, 15),
    "files": Part(measure_files, 30, 30),
    "badges": Part(measure_badges, 45, 20),
    "search": Part(measure_search, 60, 30),
    "stations": Part(measure_stations, 240, 150),
    "postgres": Part(postgres.measure, 90, 50),
    "growth": Part(growth.measure, 440, 240),
}
"""What `growth` measures comes last: it takes longest, and leaves out what is begun too late in its budget."""
GROWTH_BEGUN = 0.75
LONG_S = 1_800
"""For a million attendees and ten million facts besides."""

if __name__ == "__main__":
    main()
