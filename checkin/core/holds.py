"""Whose the free places of an area are: kept for groups, bookings, wheelchair users and their
companions, or next for those who wait in line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.model import CountsAs, Session
from checkin.core.occupancy import Claims, House
from checkin.core.schedule import MINUTE_MS, Programme

WHEELCHAIR = "wheelchair"
COMPANION = "companion"


class Claimant(Struct, frozen=True, kw_only=True):
    """What of a person decides which kept places are theirs. `bookings`: ids of sessions."""

    group: str = ""
    wheelchair: bool = False
    companion: bool = False
    bookings: tuple[str, ...] = ()


ANYBODY = Claimant()
"""One for whom nothing is kept."""


class Kept(Struct, frozen=True, kw_only=True):
    """Places of an area that are still kept for whoever has this claim; `until_at` None: until
    released."""

    claim: str
    seats: int
    until_at: int | None = None


class KeptSeats(Struct, frozen=True, kw_only=True):
    """All that is kept: how many places, and how many of them are free for everybody from when on."""

    seats: int
    until_at: int | None
    until_seats: int


def kept_seats(kept: Sequence[Kept]) -> KeptSeats | None:
    """What is kept, added up; None for nothing."""
    if not kept:
        return None
    until_at = min((one.until_at for one in kept if one.until_at is not None), default=None)
    until_seats = sum(one.seats for one in kept if until_at is not None and one.until_at == until_at)
    return KeptSeats(seats=sum(one.seats for one in kept), until_at=until_at, until_seats=until_seats)


class Waiting(Struct, frozen=True, kw_only=True):
    """One who waits in the line of an area. `called_at`: since when a place is free for this number."""

    number: int
    attendee: str
    since_at: int
    called_at: int | None = None


class Line:
    """Those who wait for an area, in the order of their numbers. Whoever was called and has not come
    in time lets the next one go first."""

    def __init__(self, waiting: Iterable[Waiting] = (), last_number: int = 0) -> None:
        self.waiting = sorted(waiting, key=lambda one: one.number)
        self.last_number = max([last_number, *(one.number for one in self.waiting)])

    def of(self, attendee: str) -> Waiting | None:
        return next((one for one in self.waiting if one.attendee == attendee), None)

    def join(self, attendee: str, now: int) -> Waiting:
        """Take a number; the one that this attendee has already, if so."""
        there = self.of(attendee)
        if there is None:
            self.last_number += 1
            there = Waiting(number=self.last_number, attendee=attendee, since_at=now)
            self.waiting.append(there)
        return there

    def leave(self, attendee: str) -> Waiting | None:
        """Give the number back; returns what it was."""
        there = self.of(attendee)
        if there is not None:
            self.waiting.remove(there)
        return there

    def ahead(self, attendee: str | None, now: int, called_for_ms: int) -> int:
        """How many go before this one: all who wait, where it has no number."""
        own = self.of(attendee) if attendee is not None else None
        return sum(
            not is_lapsed(one, now, called_for_ms) for one in self.waiting if own is None or one.number < own.number
        )

    def called(self, now: int, called_for_ms: int) -> tuple[int, ...]:
        """The numbers that were called and keep their turn."""
        return tuple(
            one.number for one in self.waiting if one.called_at is not None and not is_lapsed(one, now, called_for_ms)
        )

    def call(self, places: int, now: int, called_for_ms: int) -> list[Waiting]:
        """Call as many numbers as there are places; returns those called just now."""
        called: list[Waiting] = []
        for place, one in enumerate(self.waiting):
            if is_lapsed(one, now, called_for_ms):
                continue
            if places <= 0:
                break
            places -= 1
            if one.called_at is None:
                self.waiting[place] = msgspec.structs.replace(one, called_at=now)
                called.append(self.waiting[place])
        return called


def is_lapsed(one: Waiting, now: int, called_for_ms: int) -> bool:
    """Whether this number was called, and did not come in time."""
    return one.called_at is not None and now - one.called_at > called_for_ms


class Seats:
    """The places of a house at one moment and whose they are: what the rules of a full room ask.

    `booked`: session → how many have booked it, at least of the sessions that rooms belong to now.
    `lines`: area → who waits there.
    """

    def __init__(
        self,
        house: House,
        programme: Programme,
        now: int,
        booked: Mapping[str, int] | None = None,
        lines: Mapping[str, Line] | None = None,
    ) -> None:
        self.house = house
        self.layout = house.layout
        self.programme = programme
        self.now = now
        self.booked = dict(booked or {})
        self.lines = dict(lines or {})
        self.clock = self.layout.clock(now)
        self._promises: dict[str, dict[str, tuple[int, int | None]]] = {}

    def claims(self, claimant: Claimant) -> Claims:
        """The claims that this person uses up, area by area."""
        return lambda area: claims_in(area, claimant, self.layout, self.programme)

    def kept(self, area: str, claimant: Claimant = ANYBODY) -> list[Kept]:
        """What of an area is kept now for others than this person."""
        promised = self._promised(area)
        if not promised:
            return []
        shares, own = self.house.tallies[area].shares, _own_claims(claimant)
        kept = [
            Kept(claim=claim, seats=seats - shares.get(claim, 0), until_at=until_at)
            for claim, (seats, until_at) in promised.items()
            if claim not in own
        ]
        return [one for one in kept if one.seats > 0]

    def book(self, session: str, step: int) -> None:
        """So many more (or fewer) have booked a session."""
        self.booked[session] = self.booked.get(session, 0) + step
        self._promises.clear()

    def kept_of_free(self, area: str, claimant: Claimant, counts_as: CountsAs) -> list[Kept]:
        """What of the places that are free is kept for others: no more than are free."""
        left = self.house.free(area, counts_as) or 0
        shown: list[Kept] = []
        for one in self.kept(area, claimant):
            seats = min(one.seats, left)
            left -= seats
            if seats > 0:
                shown.append(msgspec.structs.replace(one, seats=seats))
        return shown

    def _promised(self, area: str) -> dict[str, tuple[int, int | None]]:
        """claim → (how many places of an area are promised to those who have it, until when)."""
        promised = self._promises.get(area)
        if promised is None:
            promised = self._promises[area] = self._promises_of(area)
        return promised

    def _promises_of(self, area: str) -> dict[str, tuple[int, int | None]]:
        promised: dict[str, tuple[int, int | None]] = {}
        for hold in self.layout.holds_in(area):
            if hold.released or (hold.until is not None and hold.until <= self.clock):
                continue
            claim = _of_group(hold.group) if hold.group is not None else _of_session(hold.session or "")
            until_at = None if hold.until is None else self.layout.at(hold.until)
            seats, until_before = promised.get(claim, (0, until_at))
            later = None if until_at is None or until_before is None else max(until_at, until_before)
            promised[claim] = (seats + hold.seats, later)
        session = self.programme.running(area, self.now)
        if session is not None and session.bookable and self.now < self.programme.claimed_until(session):
            # A hold for a session's bookings and the bookings themselves are the same seats.
            claim, until_booked = _of_session(session.id), self.programme.claimed_until(session)
            seats, until_held = promised.get(claim, (0, until_booked))
            later = None if until_held is None else max(until_held, until_booked)
            promised[claim] = (max(seats, self.booked.get(session.id, 0)), later)
        approved = self.layout.areas[area]
        promised |= {WHEELCHAIR: (approved.wheelchair, None), COMPANION: (approved.companions, None)}
        return {claim: places for claim, places in promised.items() if places[0] > 0}

    def free_for(self, area: str, claimant: Claimant, counts_as: CountsAs = "visitor") -> int | None:
        """Places that this person may take: those free but for the ones kept for others. None without a
        limit; 0 or less: none."""
        free = self.house.free(area, counts_as)
        if free is None or not self._promised(area):
            return free
        return free - sum(one.seats for one in self.kept(area, claimant))

    def has_own_place(self, area: str, claimant: Claimant) -> bool:
        """Whether a place here is kept for this very person, who then need not wait in line."""
        own = _own_claims(claimant)
        return any(one.claim in own for one in self.kept(area))

    def ahead(self, area: str, attendee: str | None) -> int:
        """How many of the waiting line of an area go before this person."""
        line = self.lines.get(area)
        return 0 if line is None else line.ahead(attendee, self.now, self._called_for_ms)

    def waiting(self, area: str) -> int:
        """How many wait in an area's line, but for those who were called and did not come."""
        line = self.lines.get(area)
        return 0 if line is None else line.ahead(None, self.now, self._called_for_ms)

    def called(self, area: str) -> tuple[int, ...]:
        """The numbers of an area's line whose turn it is now."""
        line = self.lines.get(area)
        return () if line is None else line.called(self.now, self._called_for_ms)

    def call(self) -> dict[str, list[Waiting]]:
        """Call the numbers for which places have become free; returns those called just now."""
        called: dict[str, list[Waiting]] = {}
        for area, line in self.lines.items():
            if line.waiting and area in self.layout.areas:
                free = self.free_for(area, ANYBODY)
                found = line.call(len(line.waiting) if free is None else free, self.now, self._called_for_ms)
                if found:
                    called[area] = found
        return called

    def alternatives(self, session: Session, claimant: Claimant, most: int) -> list[tuple[Session, int | None]]:
        """Sessions of the same slot with places for this person, the freest first."""
        found = [
            (other, self.free_for(other.area, claimant))
            for other in self.programme.same_slot(session, self.now)
            if other.area != session.area and self._is_open_to(other.area, claimant)
        ]
        open_ones = [(other, free) for other, free in found if free is None or free > 0]
        return sorted(open_ones, key=lambda one: (-(one[1] if one[1] is not None else 1 << 30), one[0].id))[:most]

    def overflow(self, area: str, claimant: Claimant) -> str | None:
        """The area where what happens in this one is shown, while it has places for this person."""
        other = self.layout.overflow(area)
        if other is None or not self._is_open_to(other.id, claimant):
            return None
        free = self.free_for(other.id, claimant)
        return other.id if free is None or free > 0 else None

    def _is_open_to(self, area: str, claimant: Claimant) -> bool:
        """Whether there is such an area, and this person can get there."""
        there = self.layout.areas.get(area)
        return there is not None and (there.step_free or not claimant.wheelchair)

    @property
    def _called_for_ms(self) -> int:
        return self.layout.event.called_for_min * MINUTE_MS


def claims_in(area: str, claimant: Claimant, layout: Layout, programme: Programme) -> list[str]:
    """The claims that this person uses up while inside an area, whether or not they are kept just now:
    so a hold that ends or a plan that changes leaves every share as it is."""
    claims = [_of_group(claimant.group)] if claimant.group in layout.groups_held_for(area) else []
    for id in claimant.bookings:
        session = programme.sessions.get(id)
        if (session is not None and session.area == area) or id in layout.sessions_held_for(area):
            claims.append(_of_session(id))
    if claimant.wheelchair:
        claims.append(WHEELCHAIR)
    if claimant.companion:
        claims.append(COMPANION)
    return claims


def wheelchair_places(area: str, house: House) -> int | None:
    """Wheelchair places left in an area; None where it has no count of its own for them."""
    approved = house.layout.areas[area]
    return approved.wheelchair - house.tallies[area].shares.get(WHEELCHAIR, 0) if approved.wheelchair else None


def session_of(claim: str) -> str | None:
    """The session of a claim by booking; None for another claim."""
    return claim.removeprefix("session:") if claim.startswith("session:") else None


def group_of(claim: str) -> str | None:
    """The group of a claim by group; None for another claim."""
    return claim.removeprefix("group:") if claim.startswith("group:") else None


def _of_group(group: str) -> str:
    return f"group:{group}"


def _of_session(session: str) -> str:
    return f"session:{session}"


def _own_claims(claimant: Claimant) -> set[str]:
    own = {_of_group(claimant.group), *map(_of_session, claimant.bookings)}
    if claimant.wheelchair:
        own.add(WHEELCHAIR)
    if claimant.companion:
        own.add(COMPANION)
    return own
