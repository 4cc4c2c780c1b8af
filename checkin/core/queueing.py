"""How long people wait at a door, from how many come and how fast its lanes are; how many lanes it needs. Pure.

A door is a queue with `lanes` servers. While more come than its lanes can take, the queue grows as a
fluid (arrivals less what is served); besides, some wait by chance: as many as in the long run (Erlang C),
but no more than chance can gather in the minutes looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean, median, pstdev

from msgspec import Struct

SERVICE_S_DEFAULT = 8.0
"""Walk up, hold the badge to the scanner (about five seconds), walk on."""
SERVICE_S_MIN = 2.0
SERVICE_S_MAX = 120.0
RUN_GAPS = 30
"""So many scans after one another show whether a lane was busy:"""
BUSY_SPREAD_MAX = 0.45
"""whoever is served one after the other leaves evenly; people who just come do so by chance (a spread of 1)."""
PEAK_SHARE = 0.7
"""Of the busy runs those count in which a lane was about as fast as in its fastest:"""
GAPS_MIN = 2 * RUN_GAPS
"""and so many gaps it takes to believe them more than the default."""
WAIT_MIN_MAX = 5.0
"""From here on somebody is told (situation 28)."""
WAIT_MIN_CLEAR = 3.0
"""And only below this the matter is over: so it does not come and go."""
HORIZON_MIN = 30
"""How far ahead lanes are planned."""
MINUTE_S = 60.0


class Queue(Struct, frozen=True, kw_only=True):
    """What a door's lanes make of those who come. `wait_min`: of whoever comes in the worst minute
    ahead, `worst_in_min` from now; `queue`: how many wait then; `per_min`: how many the lanes take."""

    lanes: int
    per_min: float
    wait_min: float
    queue: float
    worst_in_min: int


class Advice(Struct, frozen=True, kw_only=True):
    """What the planner says of a door, with its reasons: `arrivals_per_min` in the busiest minute ahead,
    `service_s` (measured, or the default), the queue with the lanes that are open (`now`), and with as
    many as it takes (`then`; the same where these are enough). `short`: not even all lanes are enough."""

    arrivals_per_min: float
    service_s: float
    measured: bool
    now: Queue
    then: Queue
    short: bool


def erlang_c(lanes: int, load: float) -> float:
    """The probability that somebody has to wait, with `load` = arrivals × service time (in lanes). 1 where
    more come than can be served. Erlang (1917), by the recursion of Erlang B, which does not overflow."""
    if load <= 0:
        return 0.0
    if load >= lanes:
        return 1.0
    blocked = 1.0
    for lane in range(1, lanes + 1):
        blocked = load * blocked / (lane + load * blocked)
    return lanes * blocked / (lanes - load * (1 - blocked))


def wait_by_chance_min(arrivals_per_min: float, lanes: int, service_s: float) -> float:
    """The mean wait in minutes of a queue that does not grow, in the long run; infinite where it grows."""
    per_lane = MINUTE_S / service_s
    load = arrivals_per_min / per_lane
    spare = lanes * per_lane - arrivals_per_min
    return math.inf if load >= lanes or spare <= 0 else erlang_c(lanes, load) / spare


def gathered_by_chance(come: float) -> float:
    """How many wait by chance at a door with just enough lanes, after so many have come since nobody waited:
    the mean of the highest point of a random walk, σ√(2/π), with σ² = those who came and those who went."""
    return math.sqrt(2 * come * 2 / math.pi)


def ahead(arrivals_per_min: Sequence[float], lanes: int, service_s: float, queue: float = 0.0) -> Queue:
    """The worst of the minutes to come. `arrivals_per_min`: minute by minute, the first is now; `queue`:
    how many wait already. Nobody waits but who was there, or came in these minutes."""
    per_min = lanes * MINUTE_S / service_s
    worst = Queue(lanes=lanes, per_min=per_min, wait_min=queue / per_min, queue=queue, worst_in_min=0)
    there, come = queue, 0.0
    for minute, coming in enumerate(arrivals_per_min, 1):
        come += coming
        queue = max(0.0, queue + coming - per_min)
        long_run = wait_by_chance_min(coming, lanes, service_s) * per_min
        waiting = min(there + come, max(queue, min(long_run, gathered_by_chance(come))))
        if waiting > worst.queue:
            worst = Queue(lanes=lanes, per_min=per_min, wait_min=waiting / per_min, queue=waiting, worst_in_min=minute)
    return worst


def advise(
    arrivals_per_min: Sequence[float],
    *,
    open_lanes: int,
    lanes_max: int,
    service_s: float,
    measured: bool,
    queue: float = 0.0,
) -> Advice:
    """How long it takes with the lanes that are open, and how many it takes so that nobody waits for more
    than `WAIT_MIN_MAX`."""
    now = ahead(arrivals_per_min, open_lanes, service_s, queue)
    then = now
    while then.wait_min > WAIT_MIN_MAX and then.lanes < lanes_max:
        then = ahead(arrivals_per_min, then.lanes + 1, service_s, queue)
    return Advice(
        arrivals_per_min=max(arrivals_per_min, default=0.0),
        service_s=service_s,
        measured=measured,
        now=now,
        then=then,
        short=then.wait_min > WAIT_MIN_MAX,
    )


def service_s(gaps_s: Iterable[Sequence[float]]) -> tuple[float, bool]:
    """How long one person takes at a lane, and whether that was measured. `gaps_s`: of each lane the times
    between its scans, in order.

    Only where a lane was busy its gaps tell how fast it is, else how often somebody comes. Which it was, their
    evenness tells; and that the lane was hardly ever faster."""
    runs = [run for lane in gaps_s for run in _busy_runs(lane)]
    fastest = min((median(run) for run in runs), default=0.0)
    busy = [gap for run in runs if PEAK_SHARE * median(run) <= fastest for gap in run]
    if len(busy) < GAPS_MIN:
        return SERVICE_S_DEFAULT, False
    return min(SERVICE_S_MAX, max(SERVICE_S_MIN, fmean(busy))), True


def _busy_runs(gaps_s: Sequence[float]) -> Iterator[Sequence[float]]:
    for start in range(0, len(gaps_s) - RUN_GAPS + 1, RUN_GAPS):
        run = gaps_s[start : start + RUN_GAPS]
        if pstdev(run) <= BUSY_SPREAD_MAX * fmean(run):
            yield run


def behind(expected: float, scanned: int, per_min: float, scans_per_min: float) -> float:
    """How many must be standing in front of a door: those who were to come and were not scanned, the more of
    them the nearer its lanes are to their limit. A door that could take more has nobody waiting."""
    busy = min(1.0, scans_per_min / per_min)
    return max(0.0, expected - scanned) * max(0.0, (busy - BUSY_SHARE) / (1 - BUSY_SHARE))


BUSY_SHARE = 0.8
"""A door that works at no more than such a share of what its lanes can take is not at its limit."""


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` of them lie (nearest rank); None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * round(share * 100) // 100) - 1))]


def waits_s(arrivals_s: Sequence[float], services_s: Sequence[float], lanes: int) -> list[float]:
    """How long each of those who come one after another waits for one of `lanes` (first come, first
    served). Kiefer and Wolfowitz (1955): with more lanes nobody ever waits longer."""
    free = [0.0] * lanes
    waits = []
    for at, takes in zip(arrivals_s, services_s, strict=True):
        lane = min(range(lanes), key=free.__getitem__)
        begins = max(at, free[lane])
        free[lane] = begins + takes
        waits.append(begins - at)
    return waits


def lanes_needed(
    arrivals_s: Sequence[float], services_s: Sequence[float], wait_s_max: float, lanes_max: int
) -> int | None:
    """With how many lanes 95 of 100 wait no longer than this; None where `lanes_max` are not enough."""
    for lanes in range(1, lanes_max + 1):
        if (percentile(waits_s(arrivals_s, services_s, lanes), 0.95) or 0.0) <= wait_s_max:
            return lanes
    return None
