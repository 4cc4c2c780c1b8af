"""Who will come, and when: the forecast of arrivals before the day, and as the day tells more. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.model import Door
from checkin.core.schedule import MINUTE_MS

NO_SHOW_PERCENT_DEFAULT = 22
"""Of those registered for an event without a fee 20 to 25 % do not come."""
NO_SHOW_PERCENT_MAX = 99
CERTAINTY = 100
"""How much the number expected before the day weighs, in arrivals: about 10 % of it may be wrong."""
BAND_SIGMAS = 1.28
"""Eight days of ten end within the band."""
DOOR_CERTAINTY = 20
"""How much the split by doors that the registrations suggest weighs, in arrivals."""

Point = tuple[int, float]

# Minutes from the beginning of the programme → how many of all have arrived by then: what the Dortmund
# conference saw (41 of 505 before the doors opened for everybody, 113 in the busiest ten minutes).
PROFILE: tuple[Point, ...] = (
    (-104, 0.0),
    (-90, 41 / 505),
    (-60, 114 / 505),
    (-30, 269 / 505),
    (-20, 334 / 505),
    (-10, 447 / 505),
    (40, 491 / 505),
    (100, 499 / 505),
    (220, 1.0),
)


class Attended(Struct, frozen=True):
    """An earlier event: how many were registered for it, and how many of those came."""

    registered: int
    came: int


class NoShow(Struct, frozen=True, kw_only=True):
    """The share that is not expected, in percent, and where that number comes from: `set` for the
    event, seen at the last `events`, or the `default`."""

    percent: float
    source: str
    events: int = 0


class Expected(Struct, frozen=True):
    """How many will have arrived by `at`: most likely, and the band in which eight days of ten end."""

    at: int
    low: float
    mean: float
    high: float


def no_show(set_percent: int | None, last: Sequence[Attended]) -> NoShow:
    """The rate to plan with: as set, else that of the last events, else the default."""
    if set_percent is not None:
        return NoShow(percent=set_percent, source="set")
    registered = sum(one.registered for one in last)
    if registered == 0:
        return NoShow(percent=NO_SHOW_PERCENT_DEFAULT, source="default")
    came = sum(min(one.came, one.registered) for one in last)
    percent = 100 * (registered - came) / registered
    return NoShow(percent=min(NO_SHOW_PERCENT_MAX, percent), source="events", events=len(last))


class Arrivals:
    """The forecast of one day. `begins_at`: when the programme begins; `opens_at`: before that nobody
    gets in, so who would have come earlier comes then; `expected`: how many before anything was seen. `absent`: of
    those registered so many have not come yet: no more of them can (None: as many as will); `walk_ins`: who came
    without being registered, and of whom more may."""

    def __init__(
        self,
        expected: float,
        begins_at: int,
        opens_at: int | None = None,
        profile: Sequence[Point] = PROFILE,
        *,
        absent: float | None = None,
        walk_ins: float = 0.0,
    ) -> None:
        self.expected = expected
        self.begins_at = begins_at
        self.opens_at = opens_at
        self._profile = profile
        self._absent = absent
        self._walk_ins = walk_ins

    @property
    def starts_at(self) -> int:
        first = self.begins_at + self._profile[0][0] * MINUTE_MS
        return first if self.opens_at is None else max(first, self.opens_at)

    @property
    def ends_at(self) -> int:
        return self.begins_at + self._profile[-1][0] * MINUTE_MS

    def share(self, at: float) -> float:
        """Which share of all will have arrived by `at`: from 0 to 1, never falling."""
        if self.opens_at is not None and at < self.opens_at:
            return 0.0
        minute = (at - self.begins_at) / MINUTE_MS
        if minute <= self._profile[0][0]:
            return 0.0
        for (start, low), (end, high) in pairwise(self._profile):
            if minute < end:
                return low + (high - low) * (minute - start) / (end - start)
        return 1.0

    def _rate(self, seen: float, now: int) -> float:
        """How many a whole day like this one brings, by how many were `seen` in its share until now."""
        return seen / (CERTAINTY / self.expected + self.share(now))

    def _more_max(self, now: int) -> float:
        """How many can still come: whoever is registered and absent, and walk-ins at the rate at which they come."""
        if self._absent is None:
            return math.inf
        return self._absent + self._rate(self._walk_ins, now) * (1 - self.share(now))

    def by(self, at: int, arrived: int, now: int) -> Expected:
        """How many will have arrived by `at` (`now` or later), after `arrived` have come by `now`.

        The number expected is a Gamma distribution with the weight `CERTAINTY`, what has come is Poisson:
        the mean of what they say together (conjugate prior)."""
        if self.expected <= 0:
            return Expected(at, arrived, arrived, arrived)
        most = self._more_max(now)
        rest = self._rate(CERTAINTY + arrived, now) * (1 - self.share(now))
        fits = min(1.0, most / rest) if rest > 0 else 1.0
        left = max(0.0, self.share(at) - self.share(now)) * fits
        more = self._rate(CERTAINTY + arrived, now) * left
        rate_sigma = self._rate(math.sqrt(CERTAINTY + arrived), now)
        spread = BAND_SIGMAS * math.sqrt(more + (rate_sigma * left) ** 2)
        return Expected(at, arrived + max(0.0, more - spread), arrived + more, arrived + min(most, more + spread))

    def per_minute(self, at: int, arrived: int, now: int) -> float:
        """How many are expected in the minute that begins at `at`."""
        return self.by(at + MINUTE_MS, arrived, now).mean - self.by(at, arrived, now).mean


def entrances(layout: Layout) -> list[Door]:
    """The doors by which people come into the house."""
    return list(layout.entries(layout.house.id))


def door_shares(layout: Layout, registered: Mapping[str, int], arrived: Mapping[str, int]) -> dict[str, float]:
    """door → which share of the arrivals comes by this entrance: the groups that may pass it, split by
    lanes, weighed against what was seen (`arrived`: door → first arrivals). They add up to 1 where anybody
    can come in at all. `registered`: group → how many."""
    doors = entrances(layout)
    weight = {door.id: 0.0 for door in doors}
    for group, count in registered.items():
        possible = [door for door in doors if not door.groups or group in door.groups]
        lanes = sum(door.lanes for door in possible)
        for door in possible:
            weight[door.id] += count * door.lanes / lanes
    total = sum(weight.values())
    seen = sum(arrived.get(door, 0) for door in weight)
    if total == 0:
        weight, total = {door.id: float(door.lanes) for door in doors}, float(sum(door.lanes for door in doors))
    return {
        door: (DOOR_CERTAINTY * share / total + arrived.get(door, 0)) / (DOOR_CERTAINTY + seen)
        for door, share in weight.items()
    }
