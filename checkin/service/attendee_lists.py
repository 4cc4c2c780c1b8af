"""What a list of attendees would change, and doing it; row by row, so that it can be taken back."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from checkin.core import codes
from checkin.core.facts import Changed
from checkin.core.model import Attendee, Session
from checkin.core.names import search_words
from checkin.exchange.attendees import AttendeeList, AttendeeRow, RowNote
from checkin.service.journal import Journal
from checkin.service.venues import Venue, recount
from checkin.store import attendees, badges, imports, presences, sessions
from checkin.store.engine import Transaction
from checkin.store.imports import ImportRow, Uses

WHEELCHAIR_WORDS = ("rollstuhl", "rolli", "wheelchair")
BOOKINGS = "bookings"
"""Beside the fields of an attendee: the ids of the sessions booked."""
_DIGEST = "digest"
_SEATING = {"group", "wheelchair", "registration", BOOKINGS}
_FIELDS = tuple(field for field in Attendee.__struct_fields__ if field != "id")


class Registered(Struct, frozen=True, kw_only=True):
    """Who is registered already, and what else a list is compared with. `here`: who has ever come in."""

    people: list[Attendee]
    bookings: dict[str, list[str]]
    here: set[str]
    listed_before: set[str]
    programme: list[Session]


class ListPlan(Struct, frozen=True, kw_only=True):
    """What a list changes. `rows`: new, changed and gone, in that order; `names`: of the people in them;
    `stays`: who is gone from the list but has been here, and so stays as they are."""

    rows: list[ImportRow]
    names: dict[str, str]
    stays: set[str]
    listed: list[str]
    unchanged: int
    notes: list[RowNote]


def registered(tx: Transaction, event: int) -> Registered:
    """What a list is compared with, in five statements however many people there are."""
    return Registered(
        people=attendees.load_attendees(tx, event),
        bookings=sessions.sessions_of_attendees(tx, event),
        here=set(presences.load_presences(tx, event)),
        listed_before=imports.listed_before(tx, event),
        programme=sessions.load_sessions(tx, event),
    )


def plan_list(listed: AttendeeList, registered: Registered) -> ListPlan:
    """Compare a list with those who are registered.

    A known one is recognised by ticket, or else by booking number and name, or else by e-mail and name;
    of them only those fields change that the list has. Bookings change where a row names sessions, all of
    them are known, and the person was not here yet (they may have switched at a door since). Gone is who
    stood in an earlier list, not in this one, and is in a group that this one has.
    """
    known = _Known(registered.people)
    named = _Sessions(registered.programme)
    new: list[ImportRow] = []
    changed: list[ImportRow] = []
    names: dict[str, str] = {}
    met: list[str] = []
    notes: list[RowNote] = []
    unchanged = 0
    for row in listed.rows:
        before = known.same_as(row.attendee)
        wanted, missing = named.of(row)
        notes += missing
        if before is None:
            added = msgspec.structs.replace(
                row.attendee, id=str(uuid.uuid4()), wheelchair=_in_wheelchair(row.attendee.needs)
            )
            known.add(added)
            fields = {field: value for field in _FIELDS if (value := getattr(added, field)) not in ("", False)}
            new.append(_row("new", added.id, row.line, {}, {**fields, **({BOOKINGS: wanted} if wanted else {})}))
            names[added.id] = added.name
            met.append(added.id)
            continue
        met.append(before.id)
        was, becomes = _differences(before, row.attendee, listed.fields)
        booked = sorted(registered.bookings.get(before.id, []))
        if wanted and not missing and before.id not in registered.here and sorted(wanted) != booked:
            was[BOOKINGS], becomes[BOOKINGS] = booked, sorted(wanted)
        if becomes:
            changed.append(_row("changed", before.id, row.line, was, becomes))
            names[before.id] = before.name
        else:
            unchanged += 1
    gone = _gone(registered, set(met), {row.attendee.group for row in listed.rows})
    names |= {one.id: one.name for one in gone}
    rows = [*new, *changed, *(_row("gone", one.id, None, *_cancelling(one)) for one in gone)]
    return ListPlan(
        rows=[msgspec.structs.replace(row, place=place) for place, row in enumerate(rows)],
        names=names,
        stays={one.id for one in gone if one.id in registered.here},
        listed=met,
        unchanged=unchanged,
        notes=notes,
    )


def save_rows(tx: Transaction, venue: Venue, import_id: str, rows: Sequence[ImportRow], *, now: int, by: str) -> None:
    """Do what these rows of a plan say, and keep them to be taken back."""
    touched = {row.subject for row in rows}
    before = {one.id: one for one in attendees.attendees_by_id(tx, venue.id, touched)}
    added = [Attendee(id=row.subject, **_own(row.after)) for row in rows if row.what == "new"]
    changed = [
        msgspec.structs.replace(before[row.subject], **_own(row.after))
        for row in rows
        if row.what != "new" and row.subject in before
    ]
    _write(tx, venue, added, changed, {row.subject: row.after[BOOKINGS] for row in rows if BOOKINGS in row.after})
    imports.add_rows(tx, import_id, [_kept(row, one, venue.key) for row, one in _with_new(rows, added)])
    _note(tx, venue, "applied", import_id, len(rows), now=now, by=by)
    _recount_where_needed(tx, venue, rows, now)


def undo_rows(
    tx: Transaction,
    venue: Venue,
    import_id: str,
    rows: Sequence[ImportRow],
    *,
    scanned: Collection[str],
    now: int,
    by: str,
) -> dict[int, str]:
    """Take these rows back, as far as nothing has happened since; returns place → outcome.

    `back`: as it was before (or, if new, deleted); `cancelled`: new, with a badge that was printed;
    `partly`: what was changed by hand since stays; `kept_changed`: all of it was; `kept_used`: new, and
    used since; `kept_inside`: is in the house now, and is not touched; `kept_gone`: not there any more.
    """
    ids = [row.subject for row in rows]
    now_there = {one.id: one for one in attendees.attendees_by_id(tx, venue.id, ids)}
    used = imports.uses(tx, ids)
    booked = imports.bookings_of_attendees(tx, ids)
    outcomes: dict[int, str] = {}
    dropped: list[str] = []
    changed: list[Attendee] = []
    bookings: dict[str, list[str]] = {}
    for row in rows:
        one = now_there.get(row.subject)
        if one is None:
            outcomes[row.place] = "kept_gone"
        elif row.what == "new":
            outcome = _undo_new(row, one, used[one.id], one.id in scanned, booked.get(one.id, []), venue.key)
            outcomes[row.place] = outcome
            if outcome == "back":
                dropped.append(one.id)
            elif outcome == "cancelled":
                changed.append(msgspec.structs.replace(one, registration="cancelled"))
        elif used[one.id].inside:
            outcomes[row.place] = "kept_inside"
        else:
            back = _unchanged_since(row, one, booked.get(one.id, []))
            outcomes[row.place] = "kept_changed" if not back else "back" if back == row.before else "partly"
            if back:
                changed.append(msgspec.structs.replace(one, **_own(back)))
            if BOOKINGS in back:
                bookings[one.id] = back[BOOKINGS]
    imports.drop_attendees(tx, dropped)
    stale = [
        (codes.normalise(row.after["ticket"]), row.subject)
        for row in rows
        if row.what == "changed" and row.after.get("ticket") and outcomes[row.place] in ("back", "partly")
    ]
    imports.drop_ticket_codes(tx, venue.id, stale)
    _write(tx, venue, [], changed, bookings)
    imports.set_outcomes(tx, import_id, outcomes)
    _note(tx, venue, "undone", import_id, len(dropped) + len(changed), now=now, by=by)
    _recount_where_needed(tx, venue, rows, now)
    return outcomes


def search_text(attendee: Attendee) -> str:
    """The words that the desk finds somebody by."""
    return search_words(
        attendee.given_name,
        attendee.family_name,
        attendee.organisation,
        attendee.town,
        attendee.booking_number,
        attendee.ticket,
        attendee.email,
    )


def _write(
    tx: Transaction,
    venue: Venue,
    added: Sequence[Attendee],
    changed: Sequence[Attendee],
    bookings: Mapping[str, Sequence[str]],
) -> None:
    attendees.add_attendees(tx, venue.id, [(one, search_text(one)) for one in added])
    attendees.change_attendees(tx, venue.id, [(one, search_text(one)) for one in changed])
    tickets = [(codes.normalise(one.ticket), one.id) for one in (*added, *changed) if one.ticket]
    badges.add_ticket_codes(tx, venue.id, tickets)
    sessions.drop_bookings_of(tx, venue.id, bookings)
    sessions.add_bookings(tx, venue.id, [(session, who) for who, held in bookings.items() for session in held])


def _note(tx: Transaction, venue: Venue, what: str, import_id: str, count: int, *, now: int, by: str) -> None:
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="import", what=what, at=now, by=by, ids=(import_id,), count=count))
    journal.write()


def _recount_where_needed(tx: Transaction, venue: Venue, rows: Iterable[ImportRow], now: int) -> None:
    """Whose a free place is depends on the groups and bookings of those who are here."""
    moved = [row.subject for row in rows if row.what != "new" and _SEATING & row.after.keys()]
    if moved and presences.presences_of(tx, moved):
        recount(tx, venue.id, seq=Journal(tx, venue.id).seq, now=now)


def _row(what: Any, subject: str, line: int | None, before: dict[str, Any], after: dict[str, Any]) -> ImportRow:
    return ImportRow(place=0, what=what, subject=subject, line=line, before=before, after=after)


def _with_new(rows: Sequence[ImportRow], added: Sequence[Attendee]) -> Iterable[tuple[ImportRow, Attendee | None]]:
    by_id = {one.id: one for one in added}
    return ((row, by_id.get(row.subject)) for row in rows)


def _kept(row: ImportRow, added: Attendee | None, key: bytes) -> ImportRow:
    """A row as it is stored: of somebody new no second copy, only what tells whether they were changed."""
    if added is None:
        return row
    return msgspec.structs.replace(row, after={_DIGEST: _digest(added, row.after.get(BOOKINGS, []), key)})


def _digest(one: Attendee, bookings: Sequence[str], key: bytes) -> str:
    content = msgspec.json.encode((one, sorted(bookings)))
    return hashlib.blake2b(content, key=key, digest_size=16).hexdigest()


def _undo_new(row: ImportRow, one: Attendee, uses: Uses, scanned: bool, bookings: Sequence[str], key: bytes) -> str:
    if uses.inside:
        return "kept_inside"
    if uses.used or scanned:
        return "kept_used"
    if _digest(one, bookings, key) != row.after[_DIGEST]:
        return "kept_changed"
    return "cancelled" if uses.badge else "back"


def _unchanged_since(row: ImportRow, one: Attendee, bookings: Sequence[str]) -> dict[str, Any]:
    """field → the value before, of the fields that are still as the import left them."""
    there = {**{field: getattr(one, field) for field in _own(row.after)}, BOOKINGS: sorted(bookings)}
    return {field: row.before[field] for field, value in row.after.items() if there[field] == value}


def _own(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if field != BOOKINGS}


def _cancelling(one: Attendee) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"registration": one.registration}, {"registration": "cancelled"}


def _differences(before: Attendee, listed: Attendee, fields: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that the list has otherwise: as they are, and as they become."""
    # By what the list says of needs; what was set here stays while the list says the same.
    wheelchair = before.wheelchair if before.needs == listed.needs else _in_wheelchair(listed.needs)
    was: dict[str, Any] = {}
    becomes: dict[str, Any] = {}
    for field in _FIELDS:
        old = getattr(before, field)
        new = wheelchair if field == "wheelchair" else getattr(listed, field)
        # A title may have stood in the column of salutations.
        if new != old and (field in fields or (field == "title" and new)):
            was[field], becomes[field] = old, new
    return was, becomes


def _in_wheelchair(needs: str) -> bool:
    return any(word in needs.casefold() for word in WHEELCHAIR_WORDS)


def _gone(registered: Registered, met: Collection[str], groups: Collection[str]) -> list[Attendee]:
    return [
        one
        for one in registered.people
        if one.id in registered.listed_before
        and one.id not in met
        and one.group in groups
        and one.registration != "cancelled"
    ]


class _Known:
    """Those already registered, by each way to recognise one."""

    def __init__(self, people: Iterable[Attendee]) -> None:
        self._by_ticket: dict[str, Attendee] = {}
        self._by_booking: dict[tuple[str, str, str], Attendee] = {}
        self._by_email: dict[tuple[str, str, str], Attendee] = {}
        for one in people:
            self.add(one)

    def add(self, one: Attendee) -> None:
        if one.ticket:
            self._by_ticket[codes.normalise(one.ticket)] = one
        if one.booking_number:
            self._by_booking[(one.booking_number, one.given_name, one.family_name)] = one
        if one.email:
            self._by_email[(one.email.lower(), one.given_name, one.family_name)] = one

    def same_as(self, attendee: Attendee) -> Attendee | None:
        if attendee.ticket and (found := self._by_ticket.get(codes.normalise(attendee.ticket))) is not None:
            return found
        names = (attendee.given_name, attendee.family_name)
        found = self._by_booking.get((attendee.booking_number, *names)) or self._by_email.get(
            (attendee.email.lower(), *names)
        )
        # Two tickets are two people, whatever their names; an earlier list may have had no tickets.
        return None if found is not None and found.ticket and attendee.ticket else found


class _Sessions:
    """The programme, by every way a list names a session."""

    def __init__(self, programme: Sequence[Session]) -> None:
        self._programme = programme
        self._ids: dict[str, str] = {}
        for session in programme:
            for text in (session.id, session.title, session.subtitle):
                if text:
                    self._ids.setdefault(text.casefold(), session.id)

    def of(self, row: AttendeeRow) -> tuple[list[str], list[RowNote]]:
        """The ids of the sessions that a row names, and a note for each that the programme does not have."""
        found = [self._ids.get(named.casefold()) for named in row.forums]
        missing = [
            RowNote(
                line=row.line,
                column=f"Forum {place}",
                code="session_unknown",
                message="This session is not in the programme; the person is taken in without a booking for it.",
                level="warning",
            )
            for place, id in enumerate(found, 1)
            if id is None and self._programme
        ]
        return [id for id in found if id is not None], missing
