"""The places of a house as they stand in the database, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping

from checkin.core.holds import Claimant, Line, Seats
from checkin.core.occupancy import House
from checkin.service.venues import Venue
from checkin.store import attendees, lines, presences, sessions
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow


class Tallied:
    """Who is where and who waits, in numbers: asked for when this is made, and taken when it is looked for."""

    def __init__(self, tx: Transaction, event: int) -> None:
        self.tallies = presences.ask_tallies(tx, event)
        self.lines = lines.ask_lines(tx, event)


def seats_of(
    tx: Transaction,
    venue: Venue,
    tallies: Mapping[str, TallyRow],
    now: int,
    *,
    waiting: Mapping[str, Line] | None = None,
    with_line_ends: bool = False,
) -> Seats:
    """The places at `now`. `waiting`: who waits, where it is at hand. `with_line_ends`: a number may be taken, so every
    area has its line."""
    claimable = [session.id for session in venue.programme.claimable(now)]
    if waiting is None:
        waiting = lines.load_lines(tx, venue.id)
    if with_line_ends:
        ends = lines.last_numbers(tx, venue.id)
        waiting = {
            area: Line(waiting[area].waiting if area in waiting else (), ends.get(area, 0))
            for area in venue.layout.areas
        }
    return Seats(
        House(
            venue.layout,
            {area: row.tally for area, row in tallies.items()},
            {area: row.set_aside for area, row in tallies.items() if row.set_aside},
        ),
        venue.programme,
        now,
        sessions.booked_by_session(tx, venue.id, claimable) if claimable else {},
        waiting,
    )


def call_numbers(tx: Transaction, event: int, seats: Seats) -> bool:
    """Call the numbers of waiting lines for which there are places; whether there were any. Nobody is
    called into a house that is being evacuated: then do not ask."""
    called = seats.call()
    for area, numbers in called.items():
        lines.call_waiting(tx, event, area, numbers)
    return bool(called)


def claimant_of(tx: Transaction, venue: Venue, attendee: str) -> Claimant:
    """What decides the places kept for an attendee who is there."""
    return attendees.bearers_by_id(tx, venue.id, [attendee])[attendee].bearer.claimant


def retake(
    tx: Transaction, venue: Venue, attendee: str, before: Claimant, after: Claimant, *, seq: int, now: int
) -> None:
    """Somebody who may be inside has other claims from now on, by the fact `seq`."""
    there = presences.presences_of(tx, [attendee]).get(attendee)
    if before == after or there is None or there.area is None:
        return
    rows = presences.load_tallies(tx, venue.id)
    seats = seats_of(tx, venue, rows, now)
    seats.house.move(there.area, there.area, there.counts_as, seats.claims(before), seats.claims(after))
    presences.save_tallies(
        tx,
        venue.id,
        {
            area: TallyRow(seats.house.tallies[area], seq, now, rows[area].certainty)
            for area in venue.layout.path(there.area)
        },
    )
