"""Who and how many are where: counters that the facts add up to, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.model import CountsAs

FILLING_FROM = 0.9
"""The share of its capacity from which an area is called filling."""

AreaState = Literal["open", "filling", "full", "closed"]


class Presence(Struct, frozen=True, kw_only=True):
    """Where one attendee is. `area` None: outside. `arrived_at`: first time in the house."""

    area: str | None
    counts_as: CountsAs
    since_at: int
    door: str
    arrived_at: int


class Tally(Struct):
    """The people inside one area, inner areas included. `uncounted` have no badge read here
    (clicker, headcount); it is below 0 where a headcount found fewer than the badges said."""

    visitors: int = 0
    crew: int = 0
    uncounted: int = 0

    @property
    def known(self) -> int:
        return self.visitors + self.crew


class Numbers(Struct, frozen=True, kw_only=True):
    """An area's occupancy as it is shown: `inside` is what counts against `capacity`."""

    inside: int
    known: int
    uncounted: int
    capacity: int | None
    free: int | None


class House:
    """The tallies of all areas of a layout, changed by movements. Not shared between threads."""

    def __init__(self, layout: Layout, tallies: Mapping[str, Tally] | None = None) -> None:
        self.layout = layout
        self.tallies = {area: Tally() for area in layout.areas}
        for area, tally in (tallies or {}).items():
            if area in self.tallies:
                self.tallies[area] = Tally(tally.visitors, tally.crew, tally.uncounted)

    def entered(self, leaves: str | None, enters: str | None) -> list[str]:
        """The areas in which a person who goes from `leaves` to `enters` is new, the house first."""
        inside_already = self.layout.path(leaves)
        return [area for area in self.layout.path(enters) if area not in inside_already]

    def full_area(self, leaves: str | None, enters: str | None, counts_as: CountsAs) -> str | None:
        """The outermost area without a place for one more person on this way, or None."""
        for area in self.entered(leaves, enters):
            free = self.free(area, counts_as)
            if free is not None and free <= 0:
                return area
        return None

    def free(self, area: str, counts_as: CountsAs = "visitor") -> int | None:
        """Places left for one who counts as this: within the visitors' and the persons' number.
        None without a limit; below 0 when more are inside than approved."""
        approved, tally = self.layout.areas[area], self.tallies[area]
        uncounted = max(tally.uncounted, -tally.visitors)
        left = []
        if approved.visitors is not None and counts_as == "visitor":
            left.append(approved.visitors - tally.visitors - uncounted)
        if approved.persons is not None:
            left.append(approved.persons - tally.known - uncounted)
        return min(left) if left else None

    def move(self, leaves: str | None, enters: str | None, counts_as: CountsAs) -> None:
        """One person goes from `leaves` to `enters` (None: outside)."""
        if leaves == enters:
            return
        for areas, step in ((self.entered(leaves, enters), 1), (self.entered(enters, leaves), -1)):
            for area in areas:
                tally = self.tallies[area]
                if counts_as == "visitor":
                    tally.visitors += step
                else:
                    tally.crew += step

    def correct(self, area: str, change: int) -> None:
        """`change` more (or fewer) people without a badge are in `area`, and so in all around it."""
        for around in self.layout.path(area):
            self.tallies[around].uncounted += change

    def numbers(self, area: str) -> Numbers:
        """What a display shows of an area. Visitors count against the visitors' number; an area
        that has a persons' number alone counts everybody against that."""
        approved, tally = self.layout.areas[area], self.tallies[area]
        everybody = approved.visitors is None and approved.persons is not None
        counted = tally.known if everybody else tally.visitors
        free = self.free(area)
        return Numbers(
            inside=max(0, counted + tally.uncounted),
            known=tally.known,
            uncounted=tally.uncounted,
            capacity=approved.persons if everybody else approved.visitors,
            free=None if free is None else max(0, free),
        )

    def state(self, area: str, clock: dt.time, *, evacuation: bool) -> AreaState:
        """The word for an area at a time of day: closed in an evacuation or while none of its
        doors lets anybody in."""
        doors = [door for door in self.layout.doors.values() if door.area == area and door.direction != "exit"]
        hours = [(door.opens or dt.time.min) <= clock < (door.closes or dt.time.max) for door in doors]
        if evacuation or (doors and not any(hours)):
            return "closed"
        numbers = self.numbers(area)
        if numbers.free is None or numbers.capacity is None:
            return "open"
        if numbers.free <= 0:
            return "full"
        return "filling" if numbers.inside >= FILLING_FROM * numbers.capacity else "open"
