"""Who and how many are where: counters that the facts add up to, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Literal

from msgspec import Struct, field

from checkin.core.layout import Layout
from checkin.core.model import CountsAs, Direction

AreaState = Literal["open", "filling", "full", "closed"]
Level = Literal["calm", "warn", "prepare", "stop", "over"]
"""How near an area is to its approved number: by the event's thresholds, and `over` above the number."""

FROZEN = 1_000_000
"""More places than an area has, set aside on top: while nobody knows what stations hold, it has none to give away."""

Claims = Callable[[str], Collection[str]]
"""area → the claims that one person uses up there (see `holds`)."""


Changes = list[tuple[str, int]]
"""(area, by how many people without a badge its count changes)."""


def no_claims(area: str) -> Collection[str]:
    return ()


class Presence(Struct, frozen=True, kw_only=True):
    """Where one attendee is. `area` None: outside. `arrived_at`: first time in the house."""

    area: str | None
    counts_as: CountsAs
    since_at: int
    door: str
    arrived_at: int


class Tally(Struct):
    """The people inside one area, inner areas included. `uncounted` have no badge read here
    (clicker, headcount); it is below 0 where a headcount found fewer than the badges said. `shares`:
    how many of those inside use up a claim (a hold, a booking, a wheelchair place)."""

    visitors: int = 0
    crew: int = 0
    uncounted: int = 0
    shares: dict[str, int] = field(default_factory=dict)

    @property
    def known(self) -> int:
        return self.visitors + self.crew

    @property
    def everybody(self) -> int:
        """Those inside, by badge and besides."""
        return max(0, self.known + self.uncounted)


class Certainty(Struct):
    """How far the count of an area can be trusted: of the `passages` since the last headcount (`at`, 0
    for none), how many were `surprises`, that is contradicted the count (somebody left who was not
    inside, entered who was inside already, or was seen elsewhere without having left)."""

    passages: int = 0
    surprises: int = 0
    at: int = 0

    def plus_minus(self, inside: int) -> int:
        """The count may be wrong by so many. Of those who were there since the last headcount (at least the
        surprises and those inside now, or as many as passed) so many turned out to be elsewhere; as many of
        those inside may be. No more than there were surprises."""
        if self.surprises == 0:
            return 0
        were_there = max(self.passages, self.surprises + inside)
        return min(self.surprises, -(-inside * self.surprises // were_there))


class Numbers(Struct, frozen=True, kw_only=True):
    """An area's occupancy as it is shown: `inside` is what counts against `capacity`."""

    inside: int
    known: int
    uncounted: int
    capacity: int | None
    free: int | None


class House:
    """The tallies of all areas of a layout, changed by movements. Not shared between threads.

    `set_aside`: area → how many of its places are neither free nor filled as far as is known here: handed
    to doors that may be cut off, or in doubt (see `allotment`). It is read as it is at each question.
    """

    def __init__(
        self,
        layout: Layout,
        tallies: Mapping[str, Tally] | None = None,
        set_aside: Mapping[str, int] | None = None,
    ) -> None:
        self.layout = layout
        self.set_aside: Mapping[str, int] = {} if set_aside is None else set_aside
        self.tallies = {area: Tally() for area in layout.areas}
        for area, tally in (tallies or {}).items():
            if area in self.tallies:
                self.tallies[area] = Tally(tally.visitors, tally.crew, tally.uncounted, dict(tally.shares))

    def takes_place_in(self, leaves: str | None, enters: str, unsure: Collection[str] = ()) -> tuple[str, ...]:
        """The areas in which a person who comes from `leaves` into `enters` needs a place: where they are
        new, and where they are known to be inside but a headcount missed somebody, who may be this one, or
        it is `unsure` that their place is still theirs."""
        entered = self.layout.entered(leaves, enters)
        if enters not in entered and (enters in unsure or self.tallies[enters].uncounted < 0):
            return (*entered, enters)
        return entered

    def free(self, area: str, counts_as: CountsAs = "visitor") -> int | None:
        """Places left for one who counts as this: within the visitors' and the persons' number, as far
        as the event lets an area fill, less what is set aside. None without a limit; below 0 when more are
        inside."""
        approved, tally = self.layout.areas[area], self.tallies[area]
        uncounted = max(tally.uncounted, -tally.visitors) + self.set_aside.get(area, 0)
        visitors: int | None = None
        if approved.visitors is not None and counts_as == "visitor":
            visitors = self._stop(approved.visitors) - tally.visitors - uncounted
        if approved.persons is None:
            return visitors
        persons = self._stop(approved.persons) - tally.known - uncounted
        return persons if visitors is None else min(visitors, persons)

    def aside(self, area: str) -> int:
        """How many of its places are with doors that may be cut off, or in doubt."""
        return self.set_aside.get(area, 0) % FROZEN

    def is_frozen(self, area: str) -> bool:
        """Whether nothing of it is given away, whatever is free: what stations hold of it is not known."""
        return self.set_aside.get(area, 0) >= FROZEN

    def _stop(self, approved: int) -> int:
        return approved * self.layout.event.stop_percent // 100

    def move(
        self,
        leaves: str | None,
        enters: str | None,
        counts_as: CountsAs,
        before: Claims = no_claims,
        after: Claims | None = None,
    ) -> None:
        """One person goes from `leaves` to `enters` (None: outside). `before` and `after`: the claims
        this person used up on the way in, and uses up now where that has changed."""
        after = after or before
        if leaves == enters and after is before:
            return
        for areas, claims, step in ((self.layout.path(leaves), before, -1), (self.layout.path(enters), after, 1)):
            for area in areas:
                tally = self.tallies[area]
                if counts_as == "visitor":
                    tally.visitors += step
                else:
                    tally.crew += step
                for claim in claims(area):
                    share = tally.shares.get(claim, 0) + step
                    if share:
                        tally.shares[claim] = share
                    else:
                        tally.shares.pop(claim, None)

    def count(self, area: str, change: int) -> Changes:
        """So many more (or fewer) people without a badge are in `area`. They went through its doors: more
        came from the area around it, as far as anybody was there, and the others into that unseen before;
        fewer went out into it. Returns what that changes, area by area, for `correct`."""
        changes: Changes = []
        for inner in reversed(self.layout.path(area)):
            changes.append((inner, change))
            around = self.layout.areas[inner].parent
            change -= self._beside_inner(around) if around is not None else 0
            if change <= 0:
                break
        for one, by in changes:
            self.correct(one, by)
        return changes

    def _beside_inner(self, area: str) -> int:
        """How many are in an area and in none of its inner areas."""
        inner = sum(self.tallies[one.id].everybody for one in self.layout.inner(area))
        return max(0, self.tallies[area].everybody - inner)

    def reconcile(self, door_area: str, direction: Direction, leaves: str | None, enters: str | None) -> Changes:
        """What a movement says of those whom a headcount missed. Whoever left an area unseen was one of
        them, if it misses any, and so was whoever comes in who is inside already; and an area cannot miss
        more than its badges say. Returns what that changes, area by area."""
        before = self.layout.path(leaves)
        left = self.layout.entered(enters, leaves)
        changes: Changes = []
        for area in (*before, *self.layout.entered(leaves, enters)):
            tally = self.tallies[area]
            if tally.uncounted >= 0:  # it misses nobody
                continue
            found = direction == "entry" and area in before if area == door_area else area in left
            change = max(int(found), -tally.known - tally.uncounted)
            if change:
                self.correct(area, change)
                changes.append((area, change))
        return changes

    def correct(self, area: str, change: int) -> None:
        """Take so many more (or fewer) people without a badge into the count of this very area."""
        self.tallies[area].uncounted += change

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

    def level(self, area: str) -> Level:
        """How near the area is to its approved number."""
        numbers, event = self.numbers(area), self.layout.event
        if numbers.capacity is None:
            return "calm"
        if numbers.inside > numbers.capacity:
            return "over"
        if numbers.free == 0:
            return "stop"
        percent = 100 * numbers.inside / numbers.capacity
        if percent >= event.prepare_percent:
            return "prepare"
        return "warn" if percent >= event.warn_percent else "calm"

    def state(self, area: str, clock: dt.time, *, evacuation: bool) -> AreaState:
        """The word for an area at a time of day: closed in an evacuation or while none of its
        doors lets anybody in."""
        doors = self.layout.entries(area)
        if evacuation or (doors and not any(door.is_open(clock) for door in doors)):
            return "closed"
        level = self.level(area)
        if level in ("stop", "over"):
            return "full"
        return "open" if level == "calm" else "filling"
