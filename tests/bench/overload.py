"""More than a node can take: ten times as much for a minute. And less than that: how late an answer is where scans come
when they come (an offered rate), not when the one before was answered."""

from __future__ import annotations

import threading
import time

from msgspec import Struct

from tests.bench.load import Result
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
