"""Attendees: imported, found, walked in, changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from checkin.core import codes
from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Changed
from checkin.core.model import Attendee, Badge, Session
from checkin.core.names import query_words, search_words
from checkin.core.occupancy import Presence
from checkin.exchange.attendees import AttendeeList, AttendeeRow, RowNote
from checkin.service.journal import Journal
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, badges, presences, sessions
from checkin.store.engine import Transaction
from checkin.wire import FOUND_MAX, AttendeeChange, AttendeeSent, iso


class ImportReport(Struct, frozen=True, kw_only=True):
    """What an import did, or would do (`dry_run`), and a note for every row that needs one."""

    dry_run: bool
    rows_read: int
    added: int
    changed: int
    unchanged: int
    refused: int
    duplicates: int
    empty_rows: int
    encoding: str
    separator: str
    columns: dict[str, str]
    unknown_columns: tuple[str, ...]
    notes: list[RowNote]


class AttendeeFound(Struct, frozen=True, kw_only=True):
    """An attendee as the desk sees one."""

    id: str
    name: str
    given_name: str
    family_name: str
    title: str
    organisation: str
    department: str
    position: str
    town: str
    email: str
    group: str
    registration: str
    booking_number: str
    ticket: str
    photo: bool
    listed: bool
    badge: BadgeShown | None
    area: str | None
    arrived_at: str | None


class BadgeShown(Struct, frozen=True, kw_only=True):
    id: str
    generation: int
    state: str
    desk_number: int
    code: str


def import_attendees(
    tx: Transaction, venues: Venues, slug: str, listed: AttendeeList, *, now: int, by: str, dry_run: bool
) -> ImportReport:
    """Take a list in: new people are added, known ones changed where the list differs, and nobody is
    removed. Where people are stays as it is. A known one is recognised by ticket, or else by booking
    number and name, or else by e-mail and name."""
    venue = venues.venue(tx, slug)
    known = _Known(attendees.load_attendees(tx, venue.id))
    programme = sessions.load_sessions(tx, venue.id)
    added: list[Attendee] = []
    changed: list[Attendee] = []
    unchanged = 0
    notes = list(listed.notes)
    tickets: list[tuple[str, str]] = []
    booked: dict[str, list[str]] = {}
    for row in listed.rows:
        before = known.same_as(row.attendee)
        attendee = msgspec.structs.replace(row.attendee, id=before.id if before else str(uuid.uuid4()))
        if before is None:
            added.append(attendee)
        elif attendee != before:
            changed.append(attendee)
        else:
            unchanged += 1
        if attendee.ticket:
            tickets.append((codes.normalise(attendee.ticket), attendee.id))
        found, missing = _sessions_named(row, programme)
        notes += missing
        if row.forums and not missing:
            booked[attendee.id] = found
    if not dry_run and (added or changed or booked or tickets):
        attendees.add_attendees(tx, venue.id, [(one, _search(one)) for one in added])
        attendees.change_attendees(tx, venue.id, [(one, _search(one)) for one in changed])
        badges.add_ticket_codes(tx, venue.id, tickets)
        sessions.drop_bookings_of(tx, venue.id, booked)
        sessions.add_bookings(tx, venue.id, [(session, who) for who, held in booked.items() for session in held])
        journal = Journal(tx, venue.id)
        journal.add(Changed(noun="attendee", what="imported", at=now, by=by, count=len(added) + len(changed)))
        journal.write()
    return ImportReport(
        dry_run=dry_run,
        rows_read=listed.rows_read,
        added=len(added),
        changed=len(changed),
        unchanged=unchanged,
        refused=len({note.line for note in notes if note.level == "error"}),
        duplicates=sum(note.code == "duplicate" for note in notes),
        empty_rows=listed.empty_rows,
        encoding=listed.encoding,
        separator=listed.separator,
        columns=listed.columns,
        unknown_columns=listed.unknown_columns,
        notes=sorted(notes, key=lambda note: note.line),
    )


def find(tx: Transaction, venues: Venues, slug: str, query: str) -> list[AttendeeFound]:
    """Those who match every word of the query, at most `FOUND_MAX`."""
    venue = venues.venue(tx, slug)
    return _shown(tx, venue, attendees.find_attendees(tx, venue.id, query_words(query), FOUND_MAX))


def read(tx: Transaction, venues: Venues, slug: str, id: str) -> AttendeeFound:
    """Raises `NotFound`."""
    venue = venues.venue(tx, slug)
    return _shown(tx, venue, [_load(tx, venue, id)])[0]


def walk_in(tx: Transaction, venues: Venues, slug: str, sent: AttendeeSent, *, now: int, by: str) -> AttendeeFound:
    """Register somebody who came without registration. The same id again is the same person.

    Raises `BadInput` for a group the event does not have, `Conflict` for an id with other content.
    """
    venue = venues.venue(tx, slug)
    if sent.group not in venue.layout.groups:
        raise BadInput(
            f"There is no group “{sent.group}”; there are: {', '.join(venue.layout.groups)}.", code="group_unknown"
        )
    attendee = Attendee(
        id=str(sent.id or uuid.uuid4()),
        group=sent.group,
        given_name=sent.given_name.strip(),
        family_name=sent.family_name.strip(),
        title=sent.title.strip(),
        organisation=sent.organisation.strip(),
        town=sent.town.strip(),
        email=sent.email.strip(),
        language=sent.language,
        photo=sent.photo,
    )
    if not attendee.family_name:
        raise BadInput("A family name is needed.", code="name_missing")
    before = attendees.load_attendee(tx, venue.id, attendee.id)
    if before is not None:
        if before != attendee:
            raise Conflict("This id was sent before with other content.", code="id_reused")
        return _shown(tx, venue, [before])[0]
    attendees.add_attendees(tx, venue.id, [(attendee, _search(attendee))])
    _note(tx, venue, "added", attendee.id, now=now, by=by)
    return _shown(tx, venue, [attendee])[0]


def change(
    tx: Transaction, venues: Venues, slug: str, id: str, sent: AttendeeChange, *, now: int, by: str
) -> AttendeeFound:
    """Change what was sent, keep the rest. Raises `NotFound`, `BadInput` for an unknown group."""
    venue = venues.venue(tx, slug)
    before = _load(tx, venue, id)
    changes = {name: value for name, value in msgspec.structs.asdict(sent).items() if value is not None}
    if "group" in changes and changes["group"] not in venue.layout.groups:
        raise BadInput(
            f"There is no group “{changes['group']}”; there are: {', '.join(venue.layout.groups)}.",
            code="group_unknown",
        )
    after = msgspec.structs.replace(before, **changes)
    if not after.family_name.strip():
        raise BadInput("A family name is needed.", code="name_missing")
    if after != before:
        attendees.change_attendees(tx, venue.id, [(after, _search(after))])
        _note(tx, venue, "changed", id, now=now, by=by)
    return _shown(tx, venue, [after])[0]


class _Known:
    """Those already registered, by each way to recognise one."""

    def __init__(self, people: Iterable[Attendee]) -> None:
        self._by_ticket: dict[str, Attendee] = {}
        self._by_booking: dict[tuple[str, str, str], Attendee] = {}
        self._by_email: dict[tuple[str, str, str], Attendee] = {}
        for one in people:
            if one.ticket:
                self._by_ticket[one.ticket] = one
            if one.booking_number:
                self._by_booking[(one.booking_number, one.given_name, one.family_name)] = one
            if one.email:
                self._by_email[(one.email.lower(), one.given_name, one.family_name)] = one

    def same_as(self, attendee: Attendee) -> Attendee | None:
        if attendee.ticket:
            return self._by_ticket.get(attendee.ticket)
        names = (attendee.given_name, attendee.family_name)
        return self._by_booking.get((attendee.booking_number, *names)) or self._by_email.get(
            (attendee.email.lower(), *names)
        )


def _sessions_named(row: AttendeeRow, programme: Sequence[Session]) -> tuple[list[str], list[RowNote]]:
    found: list[str] = []
    missing: list[RowNote] = []
    for place, named in enumerate(row.forums, 1):
        wanted = named.casefold()
        session = next(
            (one for one in programme if wanted in (one.id.casefold(), one.title.casefold(), one.subtitle.casefold())),
            None,
        )
        if session is not None:
            found.append(session.id)
        elif programme:
            missing.append(
                RowNote(
                    line=row.line,
                    column=f"Forum {place}",
                    code="session_unknown",
                    message="This session is not in the programme; the person is taken in without a booking for it.",
                    level="warning",
                )
            )
    return found, missing


def _shown(tx: Transaction, venue: Venue, people: Sequence[Attendee]) -> list[AttendeeFound]:
    ids = [one.id for one in people]
    held: dict[str, Badge] = badges.latest_badges(tx, venue.id, ids)
    where: dict[str, Presence] = presences.presences_of(tx, ids)
    shown = []
    for one in people:
        badge, there = held.get(one.id), where.get(one.id)
        shown.append(
            AttendeeFound(
                id=one.id,
                name=one.name,
                given_name=one.given_name,
                family_name=one.family_name,
                title=one.title,
                organisation=one.organisation,
                department=one.department,
                position=one.position,
                town=one.town,
                email=one.email,
                group=one.group,
                registration=one.registration,
                booking_number=one.booking_number,
                ticket=one.ticket,
                photo=one.photo,
                listed=one.listed,
                badge=badge_shown(badge) if badge else None,
                area=there.area if there else None,
                arrived_at=iso(there.arrived_at, venue.layout) if there else None,
            )
        )
    return shown


def badge_shown(badge: Badge) -> BadgeShown:
    return BadgeShown(
        id=badge.id,
        generation=badge.generation,
        state=badge.state,
        desk_number=badge.desk_number,
        code=badge.code,
    )


def _load(tx: Transaction, venue: Venue, id: str) -> Attendee:
    attendee = attendees.load_attendee(tx, venue.id, id)
    if attendee is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    return attendee


def _note(tx: Transaction, venue: Venue, what: str, id: str, *, now: int, by: str) -> None:
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="attendee", what=what, at=now, by=by, ids=(id,)))
    journal.write()


def _search(attendee: Attendee) -> str:
    return search_words(
        attendee.given_name,
        attendee.family_name,
        attendee.organisation,
        attendee.town,
        attendee.booking_number,
        attendee.ticket,
        attendee.email,
    )
