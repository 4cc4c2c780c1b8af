"""The programme: taken in from a file, changed on the day, booked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Changed
from checkin.core.layout import Layout
from checkin.core.model import Session
from checkin.core.schedule import bookings_max, check_sessions
from checkin.exchange.schedule import SESSIONS_MAX, frab_json
from checkin.service.journal import Journal
from checkin.service.seats import claimant_of, retake
from checkin.service.venues import Venue, Venues, recount
from checkin.store import attendees, events, sessions
from checkin.store.engine import Transaction
from checkin.wire import BookingAnswer, BookingSent, SessionChange, SessionSent, typed_instant


def import_schedule(
    tx: Transaction,
    venues: Venues,
    slug: str,
    programme: Sequence[Session],
    *,
    now: int,
    by: str,
    going_on_too: bool = True,
) -> None:
    """Make this the programme of the event. Bookings of sessions that stay, stay; and so does, unless it is
    said otherwise, what was set for them beside the file (`going_on`)."""
    venue = venues.venue(tx, slug)
    check_sessions(programme, venue.layout)
    kept = going_on(programme, venue.programme.sessions) if going_on_too else programme
    sessions.save_sessions(tx, venue.id, kept)
    _note_programme(tx, venue, "imported", (), now=now, by=by, count=len(programme))


def going_on(programme: Sequence[Session], known: Mapping[str, Session]) -> list[Session]:
    """A programme of a file with what was set beside it, which the files of most programs cannot say: booking
    limits, that it can be booked, that it was cancelled."""
    return [
        msgspec.structs.replace(
            session,
            bookings_max=known[session.id].bookings_max if session.bookings_max is None else session.bookings_max,
            bookable=session.bookable or known[session.id].bookable,
            cancelled=session.cancelled or known[session.id].cancelled,
        )
        if session.id in known
        else session
        for session in programme
    ]


def change_session(
    tx: Transaction, venues: Venues, slug: str, id: str, sent: SessionChange, *, now: int, by: str
) -> tuple[str, ...]:
    """Move a session in time or to another room, let it run over, swap its room, cancel it or set its
    limit; returns the ids of all that changed with it. Raises `BadInput`, `NotFound`."""
    venue = venues.venue(tx, slug)
    session = venue.programme.session(id)
    if sent.runs_over_min is not None:
        changed = venue.programme.run_over(id, sent.runs_over_min)
    elif sent.swap_with is not None:
        changed = venue.programme.swap(id, sent.swap_with)
    else:
        changed = [_changed(session, sent, venue.layout)]
    check_sessions(changed, venue.layout)
    changed = [one for one in changed if one != venue.programme.sessions[one.id]]
    if changed:
        sessions.change_sessions(tx, venue.id, changed)
        _note_programme(tx, venue, "changed", tuple(one.id for one in changed), now=now, by=by)
    return tuple(one.id for one in changed)


def add_session(tx: Transaction, venues: Venues, slug: str, sent: SessionSent, *, now: int, by: str) -> Session:
    """Add a session to the programme; the same again is no second one. Raises `BadInput` for a room or
    times that cannot be, `Conflict` for an id that is taken (`session_exists`) or one too many."""
    venue = venues.venue(tx, slug)
    session = Session(
        id=sent.id,
        area=sent.area,
        title=sent.title,
        subtitle=sent.subtitle,
        speakers=tuple(sent.speakers),
        language=sent.language,
        starts_at=_instant(sent.starts_at, venue.layout),
        ends_at=_instant(sent.ends_at, venue.layout),
        bookable=sent.bookable,
        bookings_max=sent.bookings_max,
    )
    known = venue.programme.sessions.get(sent.id)
    if known == session:
        return session
    if known is not None:
        raise Conflict(f"There is a session “{sent.id}” already.", code="session_exists")
    if len(venue.programme.sessions) >= SESSIONS_MAX:
        raise Conflict(f"There are {SESSIONS_MAX} sessions, which is the most.", code="sessions_max")
    check_sessions([session], venue.layout)
    sessions.change_sessions(tx, venue.id, [session])
    _note_programme(tx, venue, "changed", (session.id,), now=now, by=by)
    return session


def remove_session(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: str) -> None:
    """Take a session out of the programme that was added by mistake. Raises `NotFound`; `Conflict` where it
    was booked or seats are held for it (`session_in_use`): that one is cancelled instead."""
    venue = venues.venue(tx, slug)
    venue.programme.session(id)
    held = any(hold.session == id for hold in venue.layout.holds)
    if held or sessions.has_bookings(tx, venue.id, id):
        raise Conflict("This session was booked, or seats are held for it. Cancel it instead.", code="session_in_use")
    sessions.drop_session(tx, venue.id, id)
    _note_programme(tx, venue, "changed", (id,), now=now, by=by)


def schedule_file(tx: Transaction, venues: Venues, slug: str) -> bytes:
    """The programme as frab JSON: imported again it gives the same."""
    venue = venues.venue(tx, slug)
    return frab_json(venue.layout, list(venue.programme.sessions.values()))


def book(tx: Transaction, venues: Venues, slug: str, id: str, sent: BookingSent, *, now: int, by: str) -> BookingAnswer:
    """Book a session for an attendee; one who has booked it already keeps the seat.

    Raises `Conflict` where the session is booked out (`session_booked_out`), or where something else is
    booked for that time and `switch` does not say to free it (`session_overlaps`).
    """
    venue = venues.venue(tx, slug)
    session = venue.programme.session(id)
    if not session.bookable or session.cancelled:
        raise BadInput("This session cannot be booked.", code="session_not_bookable")
    attendee = attendees.load_attendee(tx, venue.id, sent.attendee)
    if attendee is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    before = claimant_of(tx, venue, sent.attendee)
    limit = bookings_max(session, venue.layout)
    booked = sessions.booked_by_session(tx, venue.id, [id]).get(id, 0)
    if id in before.bookings:
        return BookingAnswer(session=id, attendee=sent.attendee, freed=(), booked=booked, bookings_max=limit)
    if limit is not None and booked >= limit:
        raise Conflict(f"“{session.title}” is booked out: {booked} of {limit}.", code="session_booked_out")
    freed = venue.programme.overlapping(session, before.bookings)
    if freed and not sent.switch:
        titles = ", ".join(f"“{venue.programme.sessions[one].title}”" for one in freed)
        raise Conflict(
            f"{titles} is booked for the same time. Send “switch”: true to book this in its place.",
            code="session_overlaps",
        )
    sessions.drop_bookings(tx, venue.id, [(one, sent.attendee) for one in freed])
    sessions.add_bookings(tx, venue.id, [(id, sent.attendee)])
    _note_booking(tx, venue, "booked", (id, sent.attendee, *freed), now=now, by=by)
    kept = tuple(one for one in before.bookings if one not in freed)
    after = msgspec.structs.replace(before, bookings=(*kept, id))
    retake(tx, venue, sent.attendee, before, after, seq=Journal(tx, venue.id).seq, now=now)
    return BookingAnswer(session=id, attendee=sent.attendee, freed=freed, booked=booked + 1, bookings_max=limit)


def unbook(tx: Transaction, venues: Venues, slug: str, id: str, attendee: str, *, now: int, by: str) -> None:
    """Free an attendee's seat in a session. Raises `NotFound` where there is none."""
    venue = venues.venue(tx, slug)
    venue.programme.session(id)
    if id not in sessions.bookings_of(tx, attendee):
        raise NotFound("This attendee has not booked this session.", code="booking_unknown")
    before = claimant_of(tx, venue, attendee)
    sessions.drop_bookings(tx, venue.id, [(id, attendee)])
    _note_booking(tx, venue, "freed", (id, attendee), now=now, by=by)
    after = msgspec.structs.replace(before, bookings=tuple(one for one in before.bookings if one != id))
    retake(tx, venue, attendee, before, after, seq=Journal(tx, venue.id).seq, now=now)


def _changed(session: Session, sent: SessionChange, layout: Layout) -> Session:
    changes: dict[str, Any] = {
        name: value
        for name, value in {
            "area": sent.area,
            "title": sent.title,
            "subtitle": sent.subtitle,
            "speakers": tuple(sent.speakers) if sent.speakers is not None else None,
            "language": sent.language,
            "starts_at": _instant(sent.starts_at, layout) if sent.starts_at else None,
            "ends_at": _instant(sent.ends_at, layout) if sent.ends_at else None,
            "bookable": sent.bookable,
            "cancelled": sent.cancelled,
        }.items()
        if value is not None
    }
    if sent.bookings_max is not UNSET:
        changes["bookings_max"] = sent.bookings_max
    return msgspec.structs.replace(session, **changes)


def _instant(time: dt.datetime, layout: Layout) -> int:
    return typed_instant(time, layout.zone)


def _note_programme(
    tx: Transaction, venue: Venue, what: str, ids: tuple[str, ...], *, now: int, by: str, count: int | None = None
) -> None:
    """Say that the programme is another one, so that doors and displays follow; whose seats are whose is
    added up again."""
    events.renew_version(tx, venue.id)
    journal = Journal(tx, venue.id)
    seq = journal.add(Changed(noun="schedule", what=what, at=now, by=by, ids=ids, count=count))
    journal.write()
    recount(tx, venue.id, seq=seq, now=now)


def _note_booking(tx: Transaction, venue: Venue, what: str, ids: tuple[str, ...], *, now: int, by: str) -> None:
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="booking", what=what, at=now, by=by, ids=ids))
    journal.write()
