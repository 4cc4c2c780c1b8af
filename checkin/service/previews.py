"""Files as they are looked at before they are saved: what kind they are, how they were understood, and how they
differ from what there is. Touches no database."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.model import Group, Session
from checkin.core.schedule import Programme, bookings_max, check_sessions
from checkin.exchange.attendees import (
    HEADERS,
    AttendeeList,
    Category,
    ColumnRead,
    HeadingRow,
    Reading,
    RowNote,
    column_key,
)
from checkin.exchange.layout import read_layout
from checkin.exchange.schedule import read_programme
from checkin.exchange.sheets import ENCODINGS, SEPARATORS, folded
from checkin.service.attendee_lists import DIGEST, SAID, ListPlan, Registered, plan_list
from checkin.service.schedule import going_on
from checkin.service.venue_files import FilePlan, layout_parts, plan_file, session_parts
from checkin.service.venues import file_of, for_event
from checkin.store.imports import Import, ImportKind, ImportRow

DIFFERENCES_MAX = 200
FIELDS = ("", *HEADERS)
"""What a column can be mapped to; “” leaves it out."""
_LAYOUT = re.compile(rb"^\s*\[\[?\s*(event|area|door|group|plan|hold|item)\s*\]\]?\s*(#.*)?$", re.M)


class ColumnShown(Struct, frozen=True, kw_only=True):
    """A column, the field it is taken for (“”: left out), and by what: `known` (also where another column with the
    same meaning was taken), `hand`, `remembered`, `none`. `key`: what it is chosen by in `columns`, its heading or
    letters (“:C”); “” of an empty column."""

    key: str
    heading: str
    field: str
    by: str


class RoomShown(Struct, frozen=True, kw_only=True):
    """A room that the venue does not have by this name, in how many sessions, and the area it is taken for (“”:
    they are left out). `chosen`: somebody has said so, for this file or an earlier one."""

    text: str
    count: int
    area: str
    chosen: bool


class Counts(Struct, frozen=True, kw_only=True):
    """How many rows of each sort. `refused`, `duplicates`: not taken in; `stays`: of the gone, those who have
    been here and so stay as they are; `unsure`: rows that were left out, each of which may be somebody of the gone.
    `gone` of a saved import: how many were cancelled."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    stays: int = 0
    unsure: int = 0
    unchanged: int = 0
    refused: int = 0
    duplicates: int = 0
    empty: int = 0
    rows: int = 0


class ReadAs(Struct, frozen=True, kw_only=True):
    """How a file was understood, and what else it could be: for its preview."""

    form: str
    encoding: str = ""
    encodings: list[str] = []
    separator: str = ""
    separators: list[str] = []
    sheet: str = ""
    sheets: list[str] = []
    rooms: list[RoomShown] = []
    heading_row: int = 0
    heading_rows: list[HeadingRow] = []
    group: str = ""
    columns: list[ColumnShown] = []
    first_rows: list[list[str]] = []
    fields: list[str] = []
    missing: list[str] = []
    categories: list[Category] = []


class FieldShown(Struct, frozen=True):
    """A field that changes. Values are as they are stored: text, numbers, true and false, lists. `kept`: of an import
    that was taken back, that it is not as it was before."""

    field: str
    old: Any
    new: Any
    kept: bool = False


class DifferenceShown(Struct, frozen=True, kw_only=True):
    """One difference. `title`: whom or what it concerns (“” where that was deleted); `line` in the file;
    `stays`: not in the list any more, but has been here; `outcome`: of taking it back."""

    what: str
    subject: str
    title: str
    line: int | None
    fields: list[FieldShown]
    stays: bool = False
    outcome: str = ""


class DifferencesShown(Struct, frozen=True):
    """Some of the differences; `next`: where to read on, null at the end."""

    differences: list[DifferenceShown]
    next: int | None


class Material(Struct, frozen=True, kw_only=True):
    """All that a preview is made of, read in one transaction. `chosen`: by hand for this file; `reading`: with
    what is remembered from earlier ones."""

    one: Import
    content: bytes
    chosen: Reading
    reading: Reading
    layout: Layout | None
    groups: list[Group]
    programme: list[Session]
    booked: dict[str, int]
    registered: Registered | None


class Looked(Struct, frozen=True, kw_only=True):
    """A file looked at: how it was understood and every difference."""

    read_as: ReadAs
    notes: list[RowNote]
    counts: Counts
    plan: ListPlan | FilePlan
    plan_id: str
    file: Any = None


def kind_of(content: bytes) -> ImportKind:
    """What a file is, by what stands in it."""
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:4_096]
    if start.startswith(b"<") or start[:15].upper() == b"BEGIN:VCALENDAR":
        return "schedule"
    if start.startswith(b"{"):
        is_schedule = re.match(rb'\{\s*("(\$schema|generator)"|"schedule")', start)
        return "schedule" if is_schedule else "attendees"
    return "layout" if _LAYOUT.search(start) else "attendees"


def look_at_list(material: Material, listed: AttendeeList) -> Looked:
    """Compare a list that was read with those who are registered."""
    assert material.registered is not None
    plan = plan_list(listed, material.registered)
    return Looked(
        read_as=ReadAs(
            form=listed.form,
            encoding=listed.encoding,
            encodings=list(ENCODINGS) if listed.form == "CSV" else [],
            separator=listed.separator,
            separators=list(SEPARATORS) if listed.form == "CSV" else [],
            sheet=listed.sheet,
            sheets=list(listed.sheets),
            heading_row=listed.heading_row,
            heading_rows=listed.heading_rows,
            group=material.reading.group,
            columns=[
                ColumnShown(
                    key=column.key,
                    heading=column.heading,
                    field=column.field,
                    by=_mapped_by(material, listed, column),
                )
                for column in listed.header
            ],
            first_rows=listed.first_rows,
            fields=list(FIELDS),
            missing=list(listed.missing),
            categories=listed.categories,
        ),
        notes=notes_of_list(listed, plan),
        counts=counts_of_list(listed, plan, plan.rows, stays=len(plan.stays), unsure=plan.unsure),
        plan=plan,
        plan_id=_plan_id(plan),
    )


def look_at_file(material: Material) -> Looked:
    """Compare a layout or schedule file with what there is."""
    assert material.layout is not None
    file: Layout | list[Session]
    notes: list[RowNote] = []
    rooms: list[RoomShown] = []
    if material.one.kind == "layout":
        file = for_event(read_layout(material.content), material.layout.event)
        plan = plan_file(layout_parts(file_of(material.layout)), layout_parts(file))
        form = "TOML"
    else:
        known = {session.id: session for session in material.programme}
        read = read_programme(material.content, material.layout, material.reading.rooms, known)
        # What could not be read of a session is no reason to take it out.
        left = [known[id] for id in read.left_out if id in known]
        file = [*going_on(read.sessions, known), *left]
        check_sessions(file, material.layout)
        plan = plan_file(session_parts(material.programme), session_parts(file))
        form = _schedule_form(material.content)
        rooms = [
            RoomShown(
                text=text,
                count=count,
                area=material.reading.rooms.get(folded(text), ""),
                chosen=folded(text) in material.reading.rooms,
            )
            for text, count in read.rooms.items()
        ]
        notes = [_session_note(fault.session, fault.code, fault.message) for fault in read.faults]
        notes += [*_overbooked(material, file), *_odd_times(file, material.layout)]
    return Looked(
        read_as=ReadAs(form=form, rooms=rooms),
        notes=notes,
        counts=_counted(
            plan.rows,
            unchanged=plan.unchanged,
            rows=len(plan.rows) + plan.unchanged,
            refused=sum(note.level == "error" for note in notes),
        ),
        plan=plan,
        plan_id=_plan_id(plan),
        file=file,
    )


def planned_differences(looked: Looked, what: str, start: int) -> DifferencesShown:
    """Some of the differences of a preview, of one sort."""
    rows = [row for row in looked.plan.rows if row.what == what]
    some = rows[start : start + DIFFERENCES_MAX]
    stays = looked.plan.stays if isinstance(looked.plan, ListPlan) else set()
    more = start + DIFFERENCES_MAX
    return DifferencesShown(
        [difference(row, looked.plan.names.get(row.subject, ""), stays=row.subject in stays) for row in some],
        more if more < len(rows) else None,
    )


def notes_of_list(listed: AttendeeList, plan: ListPlan) -> list[RowNote]:
    """What the rows of a list need, by line."""
    return sorted([*listed.notes, *plan.notes], key=lambda note: note.line)


def counts_of_list(listed: AttendeeList, plan: ListPlan, rows: Sequence[ImportRow], **more: int) -> Counts:
    """`rows`: those of the plan that count."""
    notes = notes_of_list(listed, plan)
    return _counted(
        rows,
        unchanged=plan.unchanged,
        refused=len({note.line for note in notes if note.level == "error"}),
        duplicates=sum(note.code == "duplicate" for note in notes),
        empty=listed.empty_rows,
        rows=listed.rows_read,
        **more,
    )


def _counted(rows: Sequence[ImportRow], /, **more: int) -> Counts:
    kinds = [row.what for row in rows]
    return Counts(new=kinds.count("new"), changed=kinds.count("changed"), gone=kinds.count("gone"), **more)


def difference(
    row: ImportRow, title: str, *, stays: bool = False, there: Mapping[str, Any] | None = None
) -> DifferenceShown:
    """`there`: the person as they are now that the import was taken back."""
    fields = [
        FieldShown(
            field,
            row.before.get(field),
            row.after.get(field),
            there is not None and row.what != "new" and there[field] != row.before[field],
        )
        for field in dict.fromkeys([*row.before, *row.after])
        if field not in (DIGEST, SAID, "id")
    ]
    return DifferenceShown(
        what=row.what,
        subject=row.subject,
        title=title,
        line=row.line,
        fields=fields,
        stays=stays,
        outcome=row.outcome,
    )


def _plan_id(plan: ListPlan | FilePlan) -> str:
    """The same for the same differences; who is new has no id yet."""
    told = [(row.what, "" if row.what == "new" else row.subject, row.line, row.before, row.after) for row in plan.rows]
    return hashlib.blake2b(msgspec.json.encode(told), digest_size=16).hexdigest()


def _session_note(session: str, code: str, message: str) -> RowNote:
    return RowNote(line=0, column=session, code=code, message=message, level="error")


def _odd_times(programme: Sequence[Session], layout: Layout) -> list[RowNote]:
    """Sessions that are at the same time in the same room, and days that are not the event's."""
    notes = [
        _looked_at(f"{earlier.title} / {later.title}", "session_at_once", "They are in the same room at the same time.")
        for earlier, later in Programme(layout.event, programme).doubled()
    ]
    days = {dt.datetime.fromtimestamp(one.starts_at / 1000, layout.zone).date() for one in programme}
    message = f"There are sessions on this day; the event is on {layout.event.date.isoformat()}."
    return notes + [_looked_at(day.isoformat(), "session_day", message) for day in sorted(days - {layout.event.date})]


def _looked_at(about: str, code: str, message: str) -> RowNote:
    return RowNote(line=0, column=about, code=code, message=message, level="warning")


def _overbooked(material: Material, programme: Sequence[Session]) -> list[RowNote]:
    """Sessions whose new room or limit is too small for those who booked."""
    assert material.layout is not None
    before = {session.id: bookings_max(session, material.layout) for session in material.programme}
    notes = []
    for session in programme:
        seats, booked = bookings_max(session, material.layout), material.booked.get(session.id, 0)
        if seats is not None and booked > seats and before.get(session.id) != seats:
            message = f"{booked} have booked this session, its room has {seats} places."
            notes.append(
                RowNote(
                    line=0,
                    column=session.title,
                    code="session_overbooked",
                    message=message,
                    level="warning",
                    booked=booked,
                    seats=seats,
                )
            )
    return notes


def _mapped_by(material: Material, listed: AttendeeList, column: ColumnRead) -> str:
    heading = column_key(column.key)
    if heading in material.chosen.columns:
        return "hand"
    if heading in material.reading.columns:
        return "remembered"
    is_bare = column.key and not folded(column.heading)
    return "none" if is_bare or column.heading in listed.unknown_columns else "known"


def _schedule_form(content: bytes) -> str:
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return {b"{": "JSON", b"<": "XML"}.get(start, "iCalendar")
