"""The waiting lines: numbers taken, called, given back."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from checkin.core.errors import NotFound
from checkin.core.facts import Changed
from checkin.core.holds import is_lapsed
from checkin.core.schedule import MINUTE_MS
from checkin.service.journal import Journal
from checkin.service.seats import call_numbers, seats_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, events, lines, presences
from checkin.store.engine import Transaction
from checkin.wire import LinePlace, iso


class PersonShown(Struct, frozen=True):
    id: str
    name: str
    group: str


class WaitingShown(Struct, frozen=True, kw_only=True):
    """A number of a waiting line. `called`: since when a place is free for it; `lapsed`: and it did not
    come in time, so that others go first."""

    area: str
    number: int
    attendee: PersonShown | None
    since: str
    called: str | None
    lapsed: bool


def join(tx: Transaction, venues: Venues, slug: str, area: str, attendee: str, *, now: int, by: str) -> LinePlace:
    """Take a number of an area's line for an attendee; one who has a number keeps it. Raises `NotFound`."""
    venue = venues.venue(tx, slug)
    venue.layout.area(area)
    if attendees.load_attendee(tx, venue.id, attendee) is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    seats = seats_of(tx, venue, presences.load_tallies(tx, venue.id), now, with_line_ends=True)
    line = seats.lines[area]
    before = line.of(attendee)
    taken = line.join(attendee, now)
    if before is None:
        lines.add_waiting(tx, venue.id, area, [taken])
        _note(tx, venue, "joined", area, attendee, now=now, by=by)
        if not events.load_event_row(tx, venue.id).evacuation:
            call_numbers(tx, venue.id, seats)
    return LinePlace(area=area, number=taken.number, ahead=seats.ahead(area, attendee))


def leave(tx: Transaction, venues: Venues, slug: str, area: str, number: int, *, now: int, by: str) -> None:
    """Give a number up: its holder has gone. Raises `NotFound` for one that does not wait."""
    venue = venues.venue(tx, slug)
    venue.layout.area(area)
    line = lines.load_lines(tx, venue.id).get(area)
    waiting = next((one for one in line.waiting if one.number == number), None) if line is not None else None
    if waiting is None:
        raise NotFound(f"Nobody waits with number {number} here.", code="number_unknown")
    lines.end_waiting(tx, venue.id, area, [number], now)
    _note(tx, venue, "left", area, waiting.attendee, now=now, by=by)


def call(tx: Transaction, venues: Venues, slug: str, now: int) -> bool:
    """Call the numbers for which time alone has freed places (a hold that ended); whether there were any."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, row)
    if row.evacuation:
        return False
    return call_numbers(tx, venue.id, seats_of(tx, venue, presences.load_tallies(tx, venue.id), now))


def waits(tx: Transaction, venues: Venues, slug: str) -> bool:
    """Whether anybody waits anywhere."""
    return any(line.waiting for line in lines.load_lines(tx, venues.id(tx, slug)).values())


def waiting(tx: Transaction, venue: Venue, now: int, hidden: Collection[str]) -> list[WaitingShown]:
    """Everybody who waits, area by area in the order of their numbers; without the names of the groups `hidden`."""
    found = [(area, one) for area, line in lines.load_lines(tx, venue.id).items() for one in line.waiting]
    known = attendees.names_by_id(tx, venue.id, {one.attendee for _, one in found})
    names = {id: (name, group) for id, (name, group) in known.items() if group not in hidden}
    return [
        WaitingShown(
            area=area,
            number=one.number,
            attendee=PersonShown(one.attendee, *names[one.attendee]) if one.attendee in names else None,
            since=iso(one.since_at, venue.layout),
            called=iso(one.called_at, venue.layout) if one.called_at is not None else None,
            lapsed=is_lapsed(one, now, venue.layout.event.called_for_min * MINUTE_MS),
        )
        for area, one in found
    ]


def _note(tx: Transaction, venue: Venue, what: str, area: str, attendee: str, *, now: int, by: str) -> None:
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="line", what=what, at=now, by=by, ids=(area, attendee)))
    journal.write()
