"""What a list of attendees would change, and doing it; row by row, so that it can be taken back."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from checkin.core import codes
from checkin.core.facts import Changed
from checkin.core.model import Attendee, Session
from checkin.core.names import search_words
from checkin.exchange.attendees import AttendeeList, AttendeeRow, LeftOut, RowNote
from checkin.service.journal import Journal
from checkin.service.venues import Venue, recount
from checkin.store import attendees, badges, imports, presences, sessions
from checkin.store.engine import Transaction
from checkin.store.imports import ImportRow, Uses

WHEELCHAIR_WORDS = ("rollstuhl", "rolli", "wheelchair")
BOOKINGS = "bookings"
"""Beside the fields of an attendee: the ids of the sessions booked."""
DIGEST = "digest"
SAID = "said"
"""In `before` of a row: what the list before had said, as `Listed` keeps it."""
_STAY_INSIDE = ("registration", "group")
"""What a list does not change of somebody who is in the house."""
_SEATING = {"group", "wheelchair", "registration", BOOKINGS}
_NAMED_BY = ("given_name", "family_name", "booking_number", "email", "organisation")
_ALONE = ("booking_number", "email")
"""What may be one person's alone."""
_FIELDS = tuple(field for field in Attendee.__struct_fields__ if field != "id")


class Registered(Struct, frozen=True, kw_only=True):
    """Who is registered already, and what else a list is compared with. `here`: who has ever come in; `inside`:
    who is in the house; `said`: of those whom a list brought, what the last one said (field → digest by `key`)."""

    key: bytes
    people: list[Attendee]
    bookings: dict[str, list[str]]
    here: set[str]
    inside: set[str]
    said: dict[str, dict[str, str]]
    programme: list[Session]


class ListPlan(Struct, frozen=True, kw_only=True):
    """What a list changes. `rows`: new, changed and gone, in that order; `names`: of the people in them;
    `stays`: who is gone from the list but has been here, and so stays as they are; `said`: what this list says of
    whom, where the last one said something else; `unsure`: how many rows that were left out may be somebody of
    whom the list seems to say nothing."""

    rows: list[ImportRow]
    names: dict[str, str]
    stays: set[str]
    listed: list[str]
    said: dict[str, dict[str, str]]
    unchanged: int
    unsure: int
    notes: list[RowNote]


def registered(tx: Transaction, event: int, key: bytes) -> Registered:
    """What a list is compared with, in five statements however many people there are."""
    here = presences.load_presences(tx, event)
    return Registered(
        key=key,
        people=attendees.load_attendees(tx, event),
        bookings=sessions.sessions_of_attendees(tx, event),
        here=set(here),
        inside={one for one, presence in here.items() if presence.area is not None},
        said=imports.listed_before(tx, event),
        programme=sessions.load_sessions(tx, event),
    )


def plan_list(listed: AttendeeList, registered: Registered) -> ListPlan:
    """Compare a list with those who are registered.

    A known one is recognised by ticket, or else by booking number, e-mail or organisation with the name, as it is
    or as the last list had it; and with another family name, where booking number or e-mail and the given name are
    those of one person here and in one row there. Of them only those fields change that the list has. What was
    changed by hand since the last list stays where this one says the same as that; the registration and group of
    whoever is inside stay. Bookings change where a row names sessions, all of them are known, and the person was not
    here yet (they may have switched at a door since). Gone is who stood in an earlier list, not in this one, and is
    in a group that this one has. Whoever is in a row that was left out stands in the list all the same.
    """
    known = _Known(registered)
    named = _Sessions(registered.programme)
    new: list[ImportRow] = []
    changed: list[ImportRow] = []
    names: dict[str, str] = {}
    met: list[str] = []
    said: dict[str, dict[str, str]] = {}
    notes: list[RowNote] = []
    unchanged = 0
    for row, match in zip(listed.rows, known.matches(listed), strict=True):
        before = match or known.with_ticket(row.attendee)
        wanted, missing = named.of(row)
        notes += missing
        if before is None:
            added = msgspec.structs.replace(
                row.attendee, id=str(uuid.uuid4()), wheelchair=_in_wheelchair(row.attendee.needs)
            )
            said[added.id] = _said(added, _FIELDS, registered.key)
            known.take(added)
            fields = {field: value for field in _FIELDS if (value := getattr(added, field)) not in ("", False)}
            new.append(_row("new", added.id, row.line, {}, {**fields, **({BOOKINGS: wanted} if wanted else {})}))
            names[added.id] = added.name
            met.append(added.id)
            continue
        met.append(before.id)
        last = registered.said.get(before.id, {})
        told = last | _said(row.attendee, listed.fields, registered.key)
        told = {field: digest for field, digest in told.items() if digest}
        if told != last:
            said[before.id] = told
        was, becomes = _differences(before, row.attendee, listed.fields)
        for field in _by_hand(row.attendee, becomes, last, registered.key):
            del was[field], becomes[field]
            notes.append(_kept_note(row.line, field, "hand_kept", "This was changed by hand since, and stays."))
        if "family_name" in becomes and match is not None and known.is_by_given_name(before):
            message = "Another family name with the same booking and given name: taken for the same person."
            notes.append(_kept_note(row.line, "family_name", "name_other", message))
        if before.id in registered.inside:
            for field in [field for field in _STAY_INSIDE if field in becomes]:
                del was[field], becomes[field]
                message = "The person is in the house: this stays as it is."
                notes.append(_kept_note(row.line, field, "inside_kept", message))
        booked = sorted(registered.bookings.get(before.id, []))
        if wanted and not missing and before.id not in registered.here and sorted(wanted) != booked:
            was[BOOKINGS], becomes[BOOKINGS] = booked, sorted(wanted)
        if becomes:
            overwritten = {field: last.get(field, "") for field in becomes if field != BOOKINGS}
            changed.append(_row("changed", before.id, row.line, {**was, SAID: overwritten}, becomes))
            names[before.id] = before.name
        else:
            unchanged += 1
    hidden, unsure = known.in_left_out(listed.left_out)
    gone = _gone(registered, {*met, *hidden}, {row.attendee.group for row in listed.rows})
    names |= {one.id: one.name for one in gone}
    rows = [
        *new,
        *changed,
        *(_row("gone", one.id, None, *_cancelling(one, registered.said.get(one.id, {}))) for one in gone),
    ]
    return ListPlan(
        rows=[msgspec.structs.replace(row, place=place) for place, row in enumerate(rows)],
        names=names,
        stays={one.id for one in gone if one.id in registered.here},
        listed=met,
        said=said,
        unchanged=unchanged,
        unsure=unsure if gone else 0,
        notes=notes,
    )


def save_rows(
    tx: Transaction,
    venue: Venue,
    import_id: str,
    rows: Sequence[ImportRow],
    said: Mapping[str, Mapping[str, str]],
    *,
    now: int,
    by: str,
) -> None:
    """Do what these rows of a plan say, and keep them to be taken back. What changed since the plan was made, and
    the registration and group of whoever came in since, stay."""
    touched = {row.subject for row in rows}
    before = {one.id: one for one in attendees.attendees_by_id(tx, venue.id, touched)}
    here = presences.presences_of(tx, touched)
    inside = {one for one, presence in here.items() if presence.area is not None}
    rows = [_still(row, before[row.subject], row.subject in inside) if row.subject in before else row for row in rows]
    added = [
        Attendee(**{"id": row.subject, "given_name": "", "family_name": "", **_own(row.after)})
        for row in rows
        if row.what == "new"
    ]
    changed = [
        msgspec.structs.replace(before[row.subject], **_own(row.after))
        for row in rows
        if row.what != "new" and row.subject in before
    ]
    _write(tx, venue, added, changed, {row.subject: row.after[BOOKINGS] for row in rows if BOOKINGS in row.after})
    imports.set_said(tx, {row.subject: said[row.subject] for row in rows if row.subject in said})
    _say_cancelled(tx, [row.subject for row in rows if row.what == "gone"], venue.key)
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
    `partly`: what was changed by hand since stays, and so does what cannot be changed of somebody inside;
    `kept_changed`: all of it was; `kept_used`: new, and used since; `kept_inside`: is in the house now, and
    nothing could be taken back; `kept_gone`: not there any more.
    """
    ids = [row.subject for row in rows]
    now_there = {one.id: one for one in attendees.attendees_by_id(tx, venue.id, ids)}
    used = imports.uses(tx, ids)
    booked = imports.bookings_of_attendees(tx, ids)
    outcomes: dict[int, str] = {}
    dropped: list[str] = []
    changed: list[Attendee] = []
    bookings: dict[str, list[str]] = {}
    said: dict[str, dict[str, str]] = {}
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
        else:
            unchanged = _unchanged_since(row, one, booked.get(one.id, []))
            back = _harmless(unchanged) if used[one.id].inside else unchanged
            kept = "kept_inside" if back != unchanged else "kept_changed"
            outcomes[row.place] = kept if not back else "back" if len(back) == len(row.after) else "partly"
            said[one.id] = row.before.get(SAID, {})
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
    imports.set_said(tx, _restored(imports.said_of(tx, ids), said))
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
    return msgspec.structs.replace(row, after={DIGEST: _digest(added, row.after.get(BOOKINGS, []), key)})


def _digest(one: Attendee, bookings: Sequence[str], key: bytes) -> str:
    content = msgspec.json.encode((one, sorted(bookings)))
    return hashlib.blake2b(content, key=key, digest_size=16).hexdigest()


def _value_digest(field: str, value: Any, key: bytes) -> str:
    """A value of a field, told from others without being kept; “” of an empty one."""
    if value in ("", False):
        return ""
    if field == "email":
        value = value.lower()
    return hashlib.blake2b(msgspec.json.encode(value), key=key, digest_size=6).hexdigest()


def _said(listed: Attendee | LeftOut, fields: Iterable[str], key: bytes) -> dict[str, str]:
    """field → digest of what a list says, “” where that is nothing."""
    return {
        field: _value_digest(field, getattr(listed, field), key)
        for field in _FIELDS
        if field in fields and field != "wheelchair"
    }


def _by_hand(listed: Attendee, becomes: Mapping[str, Any], last: Mapping[str, str], key: bytes) -> list[str]:
    """Of the fields that differ from the list, those in which it says the same as the last one did."""
    if not last:
        return []
    # What is said of a wheelchair is said with the needs.
    said_by = {field: "needs" if field == "wheelchair" else field for field in becomes}
    return [field for field, by in said_by.items() if last.get(by, "") == _value_digest(by, getattr(listed, by), key)]


def _kept_note(line: int, column: str, code: str, message: str) -> RowNote:
    return RowNote(line=line, column=column, code=code, message=message, level="warning")


def _still(row: ImportRow, one: Attendee, inside: bool) -> ImportRow:
    """A row without what is otherwise by now."""
    fits = {
        field: value
        for field, value in row.after.items()
        if not (inside and field in _STAY_INSIDE) and (field == BOOKINGS or getattr(one, field) == row.before[field])
    }
    kept = {field: value for field, value in row.before.items() if field in fits or field == SAID}
    return msgspec.structs.replace(row, before=kept, after=fits)


def _harmless(back: Mapping[str, Any]) -> dict[str, Any]:
    """What can be taken back of somebody who is in the house: nothing that their place hangs on."""
    return {
        field: value
        for field, value in back.items()
        if field not in _SEATING or (field == "registration" and value == "registered")
    }


def _say_cancelled(tx: Transaction, ids: Sequence[str], key: bytes) -> None:
    """Cancelled by the list, not by hand: a list that has them again brings them back."""
    digest = _value_digest("registration", "cancelled", key)
    imports.set_said(
        tx, {id: {**fields, "registration": digest} for id, fields in imports.said_of(tx, ids).items() if fields}
    )


def _restored(
    now: Mapping[str, Mapping[str, str]], before: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """What was the last list's word before the one that is taken back."""
    return {
        subject: {field: digest for field, digest in {**now.get(subject, {}), **fields}.items() if digest}
        for subject, fields in before.items()
    }


def _undo_new(row: ImportRow, one: Attendee, uses: Uses, scanned: bool, bookings: Sequence[str], key: bytes) -> str:
    if uses.inside:
        return "kept_inside"
    if uses.used or scanned:
        return "kept_used"
    if _digest(one, bookings, key) != row.after[DIGEST]:
        return "kept_changed"
    return "cancelled" if uses.badge else "back"


def _unchanged_since(row: ImportRow, one: Attendee, bookings: Sequence[str]) -> dict[str, Any]:
    """field → the value before, of the fields that are still as the import left them."""
    there = {**{field: getattr(one, field) for field in _own(row.after)}, BOOKINGS: sorted(bookings)}
    return {field: row.before[field] for field, value in row.after.items() if there[field] == value}


def _own(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if field != BOOKINGS}


def _cancelling(one: Attendee, last: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    said = {"registration": last.get("registration", "")}
    return {"registration": one.registration, SAID: said}, {"registration": "cancelled"}


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
        if one.id in registered.said and one.id not in met and one.group in groups and one.registration != "cancelled"
    ]


class _Known:
    """Those already registered, by each way to recognise one: as they are, and as the last list had them."""

    def __init__(self, registered: Registered) -> None:
        self._key = registered.key
        self._by_ticket: dict[str, Attendee] = {}
        self._by_name: dict[tuple[str, ...], list[Attendee]] = {}
        self._by_field: dict[tuple[str, ...], dict[str, Attendee]] = {}
        self._taken: set[str] = set()
        self._by_given_name: set[str] = set()
        for one in registered.people:
            if one.ticket:
                self._by_ticket[codes.normalise(one.ticket)] = one
        for one in registered.people:
            self._add(one, _said(one, _NAMED_BY, self._key), one.id in registered.said)
            if said := registered.said.get(one.id):
                self._add(one, said, True)

    def matches(self, listed: AttendeeList) -> list[Attendee | None]:
        """For each row who it is, None for somebody new; the sure ones first, so that nobody takes their place."""
        found: list[Attendee | None] = []
        told = [_said(row.attendee, _NAMED_BY, self._key) for row in listed.rows]
        for row, said in zip(listed.rows, told, strict=True):
            one = self._same_as(row.attendee, said)
            if one is not None:
                self.take(one)
            found.append(one)
        others = [_said(one, _NAMED_BY, self._key) for one in listed.left_out if not one.is_duplicate]
        uses = Counter((field, one[field]) for one in (*told, *others) for field in _ALONE if one[field])
        for place, row in enumerate(listed.rows):
            if found[place] is None:
                found[place] = self._by_given(row.attendee, told[place], uses)
        return found

    def take(self, one: Attendee) -> None:
        """A row was this one: of two rows with the same name and organisation the second is somebody else."""
        self._taken.add(one.id)
        if one.ticket:
            self._by_ticket.setdefault(codes.normalise(one.ticket), one)

    def with_ticket(self, attendee: Attendee) -> Attendee | None:
        return self._by_ticket.get(codes.normalise(attendee.ticket)) if attendee.ticket else None

    def is_by_given_name(self, one: Attendee) -> bool:
        """Whether somebody was recognised although their family name is another."""
        return one.id in self._by_given_name

    def in_left_out(self, left_out: Sequence[LeftOut]) -> tuple[set[str], int]:
        """Who stands in the rows that were left out: for each by the surest of what it says all whom that may be;
        and how many of the rows may be somebody who is not found by it."""
        found: set[str] = set()
        unsure = 0
        for row in left_out:
            people = self._maybe(row)
            found |= {one.id for one in people}
            unsure += row.is_unclear or not (people or row.is_duplicate)
        return found, unsure

    def _same_as(self, attendee: Attendee, said: Mapping[str, str]) -> Attendee | None:
        if (by_ticket := self.with_ticket(attendee)) is not None:
            return by_ticket
        for name in self._names(said, True):
            for one in self._by_name.get(name, ()):
                # Two tickets are two people, whatever their names; an earlier list may have had no tickets.
                is_other = (one.ticket and attendee.ticket) or one.id in self._taken
                # By the organisation alone only where neither says more.
                is_vague = name[0] == "organisation" and (
                    (one.email and attendee.email) or (one.booking_number and attendee.booking_number)
                )
                if not is_other and not is_vague:
                    return one
        return None

    def _by_given(
        self, attendee: Attendee, told: Mapping[str, str], uses: Mapping[tuple[str, str], int]
    ) -> Attendee | None:
        """Who has another family name by now. Not where a booking or mailbox serves several."""
        for field in _ALONE:
            people = list(self._by_field.get((field, told[field]), {}).values()) if told[field] else []
            if len(people) != 1 or uses[field, told[field]] != 1 or not told["given_name"]:
                continue
            one = people[0]
            is_other = (one.ticket and attendee.ticket) or one.id in self._taken
            if not is_other and one.id in self._by_field.get(("given_name", told["given_name"]), {}):
                self.take(one)
                self._by_given_name.add(one.id)
                return one
        return None

    def _maybe(self, row: LeftOut) -> list[Attendee]:
        if row.ticket and (one := self._by_ticket.get(codes.normalise(row.ticket))) is not None:
            return [one]
        said = _said(row, _NAMED_BY, self._key)
        if said["family_name"]:
            for name in self._names(said, True):
                if people := self._by_name.get(name):
                    return people
        for field in _ALONE:
            if said[field] and (held := self._by_field.get((field, said[field]))):
                return list(held.values())
        named = self._by_field.get(("family_name", said["family_name"]), {}) if said["family_name"] else {}
        given = self._by_field.get(("given_name", said["given_name"]), {}) if said["given_name"] else {}
        return [one for id, one in named.items() if id in given or not said["given_name"]]

    def _add(self, one: Attendee, said: Mapping[str, str], by_list: bool) -> None:
        for name in self._names(said, by_list):
            self._by_name.setdefault(name, []).append(one)
        for field in (*_ALONE, "given_name", "family_name"):
            if said.get(field):
                self._by_field.setdefault((field, said[field]), {})[one.id] = one

    def _names(self, said: Mapping[str, str], by_list: bool) -> Iterable[tuple[str, ...]]:
        """The surest first; by the organisation only those whom a list brought."""
        for field in _NAMED_BY[2:]:
            if said.get(field) or (field == "organisation" and by_list):
                yield (field, said.get("given_name", ""), said.get("family_name", ""), said.get(field, ""))


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
