"""The demo's day runs faster than ours, and is today wherever the calendar of the files stands."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

DAY_OPENS = dt.time(8, 45)
DAY_ENDS = dt.time(17, 30)
"""From here on the clock goes at the pace of ours."""


class DemoClock:
    """Shows `shown_at` (ms since 1970 UTC) now, and runs `speed` times as fast until `ends_at`."""

    def __init__(self, shown_at: int, ends_at: int, speed: float, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self.started_at_s = wall()
        self.shown_at = shown_at
        self.ends_at = ends_at
        self.speed = speed

    def __call__(self) -> int:
        return self.ago(0)

    def ago(self, ms: int) -> int:
        """What it showed so many milliseconds of ours ago."""
        passed = max(0.0, (self._wall() - self.started_at_s) * 1000 - ms)
        left = max(0, self.ends_at - self.shown_at)
        fast = min(passed * self.speed, left)
        return self.shown_at + round(fast + max(0.0, passed - left / self.speed))


def at_time_of_day(day: dt.date, time_of_day: dt.time, zone: dt.tzinfo) -> int:
    """Milliseconds since 1970 UTC at a time of day in a zone."""
    return round(dt.datetime.combine(day, time_of_day, zone).timestamp() * 1000)
