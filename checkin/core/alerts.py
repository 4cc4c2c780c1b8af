"""What somebody should see to: when it begins, when it is over, and that it does not come and go. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from checkin.core.holds import COMPANION, WHEELCHAIR, Seats
from checkin.core.model import Session
from checkin.core.schedule import MINUTE_MS

Kind = Literal[
    "restored",
    "area",
    "queue",
    "door_silent",
    "printer",
    "clock_off",
    "drift",
    "conflict",
    "not_step_free",
    "overbooked",
    "kept_too_many",
    "room_twice",
]
URGENCY: tuple[Kind, ...] = get_args(Kind)
"""The most urgent first."""

QUIET_MS = 60_000
"""A matter is over when nothing was seen of it for so long, by the event's clock."""
DRIFT_SHARE = 0.1
DRIFT_SHARE_CLEAR = 0.05
DRIFT_MIN = 10
"""From a share of those inside, and so many, a count is called doubtful,"""
DRIFT_FROM_SHARE = 0.9
DRIFT_FROM_SHARE_CLEAR = 0.8
"""where the area is so nearly full that it decides who gets in,"""
DRIFT_SETTLES_MIN = 10
"""and in a room once a session has run so long: while people change rooms, many are seen elsewhere first."""
SILENT_S = 120.0
"""A door's device says something every half minute while its page is open."""
CLOCK_SCANS = 3
CLOCK_SPREAD_MS = 30_000
"""A clock is off when all of so many last scans of a device say so, by about the same: what varies is a slow line."""
CLEAR_PERCENT = 3
"""So far below its threshold an area must fall before the matter is over."""
PRINT_WAITS_MIN = 5.0
PRINT_WAITS_MIN_CLEAR = 2.0
"""A badge that waits so long for paper has no printer."""

Key = tuple[Kind, str]


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is the matter now, with what it is about: an area, door, device, printer or session.

    `near`: below the threshold at which it begins, and not yet at the one at which it is over: nothing new,
    but what is going on goes on. `level`: of an area. `count` and `limit`: what the threshold is of, in the
    units of the kind (people, minutes, badges, seats). `kept`: places that are left, for wheelchair users. `aside`:
    places that nobody has, with doors that may be cut off or in doubt.
    `lanes`: to open; None where no more would help."""

    kind: Kind
    subject: str
    near: bool = False
    area: str | None = None
    door: str | None = None
    session: str | None = None
    other: str | None = None
    level: str | None = None
    count: float | None = None
    limit: float | None = None
    kept: int | None = None
    aside: int | None = None
    lanes: int | None = None

    @property
    def key(self) -> Key:
        return (self.kind, self.subject)


class Watch:
    """Tells what has begun and what is over, from what is found again and again. `going_on` is what has
    begun already; `now`: ms by the event's clock, so that what is quiet is over in the event's time."""

    def __init__(self) -> None:
        self._quiet_since: dict[Key, int] = {}

    def step(self, going_on: Iterable[Key], found: Iterable[Finding], now: int) -> tuple[list[Finding], list[Key]]:
        """(what begins now, what is over now)."""
        by_key = {one.key: one for one in found}
        known = set(going_on)
        begun = [one for key, one in by_key.items() if key not in known and not one.near]
        over = []
        for key in sorted(known):
            if key in by_key:
                self._quiet_since.pop(key, None)
            elif now - self._quiet_since.setdefault(key, now) >= QUIET_MS:
                del self._quiet_since[key]
                over.append(key)
        self._quiet_since = {key: at for key, at in self._quiet_since.items() if key in known}
        return begun, over


def drift(area: str, plus_minus: int, inside: int, capacity: int | None) -> Finding | None:
    """Whether a count may be too wrong to go on without a headcount (situation 42)."""
    if capacity is None or inside == 0 or inside < DRIFT_FROM_SHARE_CLEAR * capacity:
        return None
    share = plus_minus / inside
    if plus_minus < DRIFT_MIN or share < DRIFT_SHARE_CLEAR:
        return None
    near = share < DRIFT_SHARE or inside < DRIFT_FROM_SHARE * capacity
    return Finding(kind="drift", subject=area, area=area, count=plus_minus, limit=inside, near=near)


def has_settled(sessions: Iterable[Session], area: str, now: int) -> bool:
    """Whether people are where they want to be: in a room with sessions, a while after one has begun."""
    here = [one for one in sessions if one.area == area and not one.cancelled]
    return not here or any(one.starts_at + DRIFT_SETTLES_MIN * MINUTE_MS <= now < one.ends_at for one in here)


def is_full(seats: Seats, area: str) -> bool:
    """Whether there is no place left but those for wheelchair users and their companions. Places kept by a
    hold or a booking are not gone: those who have them are on their way."""
    free = seats.house.free(area)
    kept = sum(one.seats for one in seats.kept(area) if one.claim in (WHEELCHAIR, COMPANION))
    return free is not None and free <= kept


def area_level(
    area: str,
    level: str,
    inside: int,
    capacity: int | None,
    warn_percent: int | None,
    free: int | None = None,
    aside: int = 0,
) -> Finding | None:
    """The house is told of from its first threshold on (`warn_percent`; situation 45), a room (None) when
    it is full; and until it is clearly below that again. `free`: places left; of one that is full they are kept.
    `aside`: places that are with doors that may be cut off, or in doubt."""
    clears = warn_percent - CLEAR_PERCENT if warn_percent is not None else 100 - CLEAR_PERCENT
    begun = ("warn", "prepare", "stop", "over") if warn_percent is not None else ("stop", "over")
    if capacity is None or (level not in begun and 100 * inside < clears * capacity):
        return None
    return Finding(
        kind="area",
        subject=area,
        area=area,
        level=level,
        count=inside,
        limit=capacity,
        kept=free if level == "stop" and free is not None and free > 0 else None,
        aside=aside if level == "stop" and aside else None,
        near=level not in begun,
    )


def above(finding: Finding, value: float, begins: float, clears: float) -> Finding | None:
    """The finding with its value: from `begins` on the matter begins, from `clears` on it goes on."""
    if value < clears:
        return None
    return msgspec.structs.replace(finding, count=value, near=value < begins)
