"""More than a node can take: ten times as much for a minute. And less than that: how late an answer is where scans come
when they come (an offered rate), not when the one before was answered."""

from __future__ import annotations

import threading
import time

from msgspec import Struct

from tests.bench.load import Result
from tests.bench.plot import Lines
from tests.bench.scans import load, served
from tests.bench.start import resident_mib

RATES = (250, 500, 1_000, 2_000)
RATE_CLIENTS = 64
CAPACITY_CLIENTS = 256
TIMES = 10
CONNECTIONS = 2_500
"""More than are let in, so that it is the service that refuses."""


class OverloadResult(Struct):
    """`quiet`: one scanner before, `after`: the same right after the load. Memory in MiB, of the service: before, after
    a quarter of the load (it has grown to its bounds), and at its end."""

    takes_per_s: float
    offered_per_s: float
    seconds: float
    load: Result
    accepted_per_s: float
    refused_per_s: float
    quiet: Result
    after: Result
    before_mib: float
    quarter_mib: float
    end_mib: float


def run_rates(seconds: float) -> dict[int, Result]:
    """Scans a second offered → result."""
    with served("real") as server:
        load(server, RATE_CLIENTS, 1.0)
        return {rate: load(server, RATE_CLIENTS, seconds, rate=rate) for rate in RATES}


def run(seconds: float) -> OverloadResult:
    with served("real") as server:
        load(server, CAPACITY_CLIENTS, 1.0)
        takes_per_s = load(server, CAPACITY_CLIENTS, 2.0).scans_per_s
        quiet = load(server, 1, 1.0)
        before_mib, offered_per_s = resident_mib(server["pid"]), TIMES * takes_per_s
        quarter: list[float] = []

        def look() -> None:
            time.sleep(seconds / 4)
            quarter.append(resident_mib(server["pid"]))

        looking = threading.Thread(target=look)
        looking.start()
        pressed = load(server, CONNECTIONS, seconds, rate=offered_per_s)
        end_mib = resident_mib(server["pid"])
        after = load(server, 1, 1.0)
        looking.join()
    return OverloadResult(
        takes_per_s=takes_per_s,
        offered_per_s=offered_per_s,
        seconds=pressed.seconds,
        load=pressed,
        accepted_per_s=pressed.scans_per_s,
        refused_per_s=pressed.statuses.get("503", 0) / pressed.seconds,
        quiet=quiet,
        after=after,
        before_mib=before_mib,
        quarter_mib=quarter[0],
        end_mib=end_mib,
    )


def measure_rates(quick: bool) -> dict[int, Result]:
    """Scans that come when they come; the aim is a p99 of 15 ms at 1,000 a second."""
    results = run_rates(2.0 if quick else 8.0)
    print(f"Scans offered at a rate over {RATE_CLIENTS} connections; late counts from when a scan was due")
    print(f"{'offered/s':>10} {'answered/s':>11} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8} {'unsent':>7}")
    for rate, one in results.items():
        print(
            f"{rate:>10,} {one.scans_per_s:>11,.0f} {one.p50_ms:>8.1f} {one.p99_ms:>8.1f} {one.max_ms:>8.1f}"
            f" {one.unsent:>7,}"
        )
    print()
    return results


def measure_overload(quick: bool) -> OverloadResult:
    """Ten times as much as the service takes, for a minute."""
    one = run(8.0 if quick else 60.0)
    print(
        f"Overload: it takes {one.takes_per_s:,.0f} scans/s and is offered {one.offered_per_s:,.0f},"
        f" for {one.seconds:.0f} s"
    )
    print(f"{'':>14} {'scans/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8}")
    print(
        f"{'accepted':>14} {one.accepted_per_s:>8,.0f} {one.load.p50_ms:>8.0f} {one.load.p99_ms:>8.0f}"
        f" {one.load.max_ms:>8.0f}"
    )
    print(f"{'refused':>14} {one.refused_per_s:>8,.0f} {one.load.refused_p50_ms:>8.0f} {one.load.refused_p99_ms:>8.0f}")
    for name, alone in (("alone, before", one.quiet), ("alone, after", one.after)):
        print(f"{name:>14} {alone.scans_per_s:>8,.0f} {alone.p50_ms:>8.1f} {alone.p99_ms:>8.1f} {alone.max_ms:>8.1f}")
    print(
        f"Refusals without Retry-After: {one.load.without_retry_after}; never sent, since all {CONNECTIONS:,}"
        f" connections waited: {one.load.unsent:,}\n"
        f"Memory: {one.before_mib:.0f} MiB before, {one.quarter_mib:.0f} after a quarter of it,"
        f" {one.end_mib:.0f} at its end\n"
    )
    return one


def panels(results: dict[int, Result]) -> dict[str, Lines]:
    """The plot of `measure_rates`."""
    fields = {"p50, ms": "p50_ms", "p99, ms": "p99_ms", "most, ms": "max_ms"}
    lines = {
        name: [(float(rate), getattr(one, field)) for rate, one in results.items()] for name, field in fields.items()
    }
    return {"scans offered a second (lines: ms until answered)": lines}
