"""Imports: a file is looked at, saved, and taken back as a whole. What is done in one transaction; `Importing`
runs these one after the other."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from checkin.core.errors import BadInput, Busy, Conflict, NotFound, TooLarge
from checkin.core.facts import Changed
from checkin.core.layout import Layout
from checkin.core.model import Group, Session
from checkin.exchange.attendees import (
    AttendeeList,
    Reading,
    RowNote,
    column_key,
)
from checkin.exchange.layout import tables_of
from checkin.exchange.sheets import ENCODINGS, FILE_BYTES_MAX, folded
from checkin.service import setup
from checkin.service.attendee_lists import (
    BOOKINGS,
    ListPlan,
    plan_list,
    registered,
    save_rows,
    undo_rows,
)
from checkin.service.journal import Journal
from checkin.service.people import Principal
from checkin.service.previews import (
    DIFFERENCES_MAX,
    FIELDS,
    Counts,
    DifferencesShown,
    Looked,
    Material,
    ReadAs,
    counts_of_list,
    difference,
    kind_of,
    notes_of_list,
)
from checkin.service.schedule import import_schedule
from checkin.service.setup import LayoutSent
from checkin.service.venue_files import (
    layout_of,
    layout_parts,
    name_of,
    put_back,
    session_parts,
    sessions_of,
)
from checkin.service.venues import Venues, file_of
from checkin.store import attendees, imports, people, presences, sessions
from checkin.store.engine import Transaction
from checkin.store.imports import Import, ImportKind, ImportRow, ImportState
from checkin.wire import iso

OPEN_MAX = 10
"""Files of an event that are looked at and not saved."""
KEPT_MS = 2 * 3_600_000
UNDO_KEPT_MS = 14 * 86_400_000
ABANDONED_MS = 60_000
CHUNK_ROWS = 200
"""Rows in one transaction: doors wait for one no longer than for a batch of scans or two."""
HISTORY_MAX = 100
NOTES_SHOWN_MAX = 1_000
NAME_CHARS_MAX = 200

Gone = Literal["keep", "cancel"]


class ImportChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a file is to be read, chosen by hand. `columns`: heading, or “:C” for the third column where it has none →
    field (“”: left out); `heading_row`: where the headings are (0: look for them, -1: there are none); `categories`:
    category → id of a group; `group`: of every row without a category (“”: none); `sheet`: of a workbook; `rooms`: of
    a programme, room → id of an area (“”: its sessions are left out). What is not named stays as it was."""

    encoding: Annotated[str, Meta(max_length=20)] | None = None
    sheet: Annotated[str, Meta(max_length=100)] | None = None
    rooms: Annotated[dict[str, str], Meta(max_length=500)] = {}
    separator: Annotated[str, Meta(max_length=1)] | None = None
    columns: Annotated[dict[str, str], Meta(max_length=500)] = {}
    heading_row: Annotated[int, Meta(ge=-1, le=1_000_000)] | None = None
    categories: Annotated[dict[str, str], Meta(max_length=500)] = {}
    group: Annotated[str, Meta(max_length=100)] | None = None


class ImportApply(Struct, frozen=True, kw_only=True):
    """`gone`: what becomes of those who are not in the list, or the programme, any more; whoever has been here stays.
    `plan`: of the preview that was looked at; where the data is another by now, nothing is saved (`import_stale`).
    `unsure_too`: cancel also where rows that were left out may be some of the gone (`counts.unsure`)."""

    gone: Gone = "keep"
    unsure_too: bool = False
    plan: Annotated[str, Meta(max_length=64)] = ""


class ImportShown(Struct, frozen=True, kw_only=True):
    """An import and how far it is. `plan`, `read_as`, `notes`: while it is looked at. `outcomes`: of taking it
    back, how many rows of each. `undoable`: it can be taken back."""

    id: str
    kind: ImportKind
    state: ImportState
    name: str
    created_at: str
    created_by: str
    applied_at: str | None
    applied_by: str | None
    undone_at: str | None
    undone_by: str | None
    fault: str
    fault_code: str
    done: int
    total: int
    counts: Counts
    undoable: bool
    plan: str = ""
    read_as: ReadAs | None = None
    notes: list[RowNote] = []
    notes_total: int = 0
    outcomes: dict[str, int] = {}


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


def add(
    tx: Transaction,
    venues: Venues,
    slug: str,
    content: bytes | None,
    name: str,
    *,
    now: int,
    now_ms: int,
    by: str,
) -> Import:
    """Keep a file to be looked at; without content it is being fetched. `now_ms` is our own clock.

    Raises `BadInput` for an empty one, `TooLarge` beyond the limit, `Conflict` where too many wait.
    """
    event = venues.id(tx, slug)
    if content is not None and len(content) > FILE_BYTES_MAX:
        raise TooLarge(f"The file has {len(content):,} bytes, at most {FILE_BYTES_MAX:,} are taken.")
    if content is not None and not content.strip():
        raise BadInput("The file is empty.", code="list_empty")
    imports.drop_expired(tx, now_ms)
    imports.drop_looked_at(tx, event, by)
    if imports.count_open(tx, event) >= OPEN_MAX:
        raise Conflict(f"{OPEN_MAX} files wait to be saved. Save or discard one of them first.", code="imports_max")
    one = Import(
        id=str(uuid.uuid4()),
        kind="attendees" if content is None else kind_of(content),
        state="fetching" if content is None else "previewed",
        name="".join(filter(str.isprintable, name)).strip()[:NAME_CHARS_MAX] or "–",
        created_at=now,
        created_by=by,
        kept_until=now_ms + KEPT_MS,
        touched_at=now_ms,
    )
    imports.add_import(tx, event, one, content)
    return one


def fetched(tx: Transaction, venues: Venues, slug: str, id: str, content: bytes, *, now_ms: int) -> None:
    """The file that was being fetched is here."""
    one = load(tx, venues, slug, id)
    imports.set_content(tx, id, content)
    imports.save_import(tx, msgspec.structs.replace(one, state="previewed", touched_at=now_ms, done=one.total))


def touch(tx: Transaction, venues: Venues, slug: str, id: str, *, now_ms: int, done: int, total: int) -> None:
    one = load(tx, venues, slug, id)
    imports.save_import(tx, msgspec.structs.replace(one, touched_at=now_ms, done=done, total=total))


def failed(tx: Transaction, venues: Venues, slug: str, id: str, code: str, fault: str) -> None:
    """The work on an import ended with a fault: it can be begun again at once."""
    one = load(tx, venues, slug, id)
    state: ImportState = "failed" if one.state == "fetching" else one.state
    if one.state == "applying" and imports.last_place(tx, id) < 0:
        state = "previewed"
    imports.save_import(tx, msgspec.structs.replace(one, state=state, fault_code=code, fault=fault, touched_at=0))


def choose(tx: Transaction, venues: Venues, slug: str, id: str, sent: ImportChange) -> None:
    """Have a list read another way. Raises `BadInput` for an encoding, field or group that is not known."""
    one = _in_state(load(tx, venues, slug, id), "previewed")
    chosen = _chosen(tx, venues, slug, msgspec.json.decode(one.reading, type=Reading), sent)
    imports.save_import(
        tx, msgspec.structs.replace(one, reading=msgspec.json.encode(chosen).decode(), fault="", fault_code="")
    )


def _chosen(tx: Transaction, venues: Venues, slug: str, chosen: Reading, sent: ImportChange) -> Reading:
    """What was chosen by hand, with what is chosen now. Raises as `choose`."""
    groups = {group.id for group in _groups(tx, venues, slug)}
    if sent.encoding and sent.encoding not in ENCODINGS:
        raise BadInput(f"Known encodings are {', '.join(ENCODINGS)}.", code="encoding_unknown")
    if wrong := set(sent.columns.values()) - set(FIELDS):
        raise BadInput(f"There is no field {', '.join(sorted(wrong))}.", code="field_unknown")
    if wrong := {*sent.categories.values(), sent.group or ""} - groups - {""}:
        raise BadInput(f"There is no group {', '.join(sorted(wrong))}.", code="group_unknown")
    areas = venues.venue(tx, slug).layout.areas
    if wrong := set(sent.rooms.values()) - set(areas) - {""}:
        raise BadInput(f"There is no area {', '.join(sorted(wrong))}.", code="area_unknown")
    return Reading(
        sheet=chosen.sheet if sent.sheet is None else sent.sheet,
        rooms=chosen.rooms | {folded(text): area for text, area in sent.rooms.items()},
        encoding=chosen.encoding if sent.encoding is None else sent.encoding,
        separator=chosen.separator if sent.separator is None else sent.separator,
        columns=chosen.columns | {column_key(text): field for text, field in sent.columns.items()},
        heading_row=chosen.heading_row if sent.heading_row is None else sent.heading_row,
        group=chosen.group if sent.group is None else sent.group,
        categories=chosen.categories | {folded(text): group for text, group in sent.categories.items()},
    )


def discard(tx: Transaction, venues: Venues, slug: str, id: str) -> None:
    """Forget a file that is not saved."""
    one = load(tx, venues, slug, id)
    if one.state not in ("previewed", "failed", "fetching"):
        raise Conflict("This import was saved. Take it back instead.", code="import_saved")
    imports.drop_import(tx, id)


def load(tx: Transaction, venues: Venues, slug: str, id: str) -> Import:
    """Raises `NotFound` also for a file that was kept too long."""
    one = imports.load_import(tx, venues.id(tx, slug), id)
    if one is None:
        raise NotFound("This file is not kept any more. Choose it again.", code="import_unknown")
    return one


def material(tx: Transaction, venues: Venues, slug: str, id: str) -> Material:
    """What the preview of an import is made of, in a handful of statements."""
    one = load(tx, venues, slug, id)
    content = imports.load_content(tx, id)
    if content is None:
        raise Conflict("This file was saved, or is still being fetched.", code="import_state")
    return _material(tx, venues, slug, one, content, msgspec.json.decode(one.reading, type=Reading))


def material_of(tx: Transaction, venues: Venues, slug: str, content: bytes, name: str, sent: ImportChange) -> Material:
    """What the preview of a file is made of that is kept nowhere. Raises as `choose`."""
    one = Import(
        id="",
        kind=kind_of(content),
        state="previewed",
        name=name,
        created_at=0,
        created_by="",
        kept_until=0,
        touched_at=0,
    )
    return _material(tx, venues, slug, one, content, _chosen(tx, venues, slug, Reading(), sent))


def _material(tx: Transaction, venues: Venues, slug: str, one: Import, content: bytes, chosen: Reading) -> Material:
    event = venues.id(tx, slug)
    reading = msgspec.structs.replace(
        chosen,
        columns=imports.remembered(tx, event, "column") | chosen.columns,
        categories=imports.remembered(tx, event, "category") | chosen.categories,
        rooms=imports.remembered(tx, event, "room") | chosen.rooms,
    )
    layout = venues.venue(tx, slug).layout
    return Material(
        one=one,
        content=content,
        chosen=chosen,
        reading=reading,
        layout=layout,
        groups=list(layout.groups.values()),
        programme=sessions.load_sessions(tx, event),
        booked=sessions.booked_by_session(tx, event) if one.kind == "schedule" else {},
        registered=registered(tx, event, venues.venue(tx, slug).key) if one.kind == "attendees" else None,
    )


def begin(
    tx: Transaction, venues: Venues, slug: str, id: str, work: Literal["applying", "undoing"], *, now_ms: int
) -> None:
    """Take an import in hand to save it, or to take it back; one of an event at a time.

    Raises `Conflict` where it is in another state, `Busy` where somebody is at it or at another one.
    """
    one = load(tx, venues, slug, id)
    ready: tuple[ImportState, ...] = (
        ("previewed", "applying") if work == "applying" else ("applied", "undoing", "applying")
    )
    if one.state not in ready:
        raise Conflict("This import was saved or taken back already.", code="import_state")
    at_work = [
        other
        for other in imports.load_imports(tx, venues.id(tx, slug), HISTORY_MAX)
        if other.state in ("applying", "undoing") and now_ms - other.touched_at < ABANDONED_MS
    ]
    if at_work:
        raise Busy("A list is being saved or taken back just now. Wait until it is done.", code="import_busy")
    if work == "undoing" and one.kept_until <= now_ms:
        raise Conflict("This import is too long ago to be taken back.", code="import_old")
    counts = one.counts
    if work == "undoing" and one.state == "applying":  # it was broken off: what was saved until then is taken back
        kinds = imports.count_rows(tx, id)
        counts = msgspec.json.encode(Counts(**kinds)).decode()
    imports.save_import(
        tx,
        msgspec.structs.replace(
            one, state=work, touched_at=now_ms, done=0, total=0, counts=counts, fault="", fault_code=""
        ),
    )


def save_chunk(
    tx: Transaction,
    venues: Venues,
    slug: str,
    id: str,
    rows: Sequence[ImportRow],
    said: Mapping[str, Mapping[str, str]],
    *,
    done: int,
    total: int,
    now: int,
    now_ms: int,
    by: str,
) -> None:
    """Some rows of a list, saved, and what it `said` of them; `done` of `total` are, with these. From now on it can
    be taken back, also where it does not come to its end."""
    venue = venues.venue(tx, slug)
    first = imports.last_place(tx, id) + 1  # more than 0 where it was broken off before
    placed = [msgspec.structs.replace(row, place=first + number) for number, row in enumerate(rows)]
    save_rows(tx, venue, id, placed, said, now=now, by=by)
    imports.mark_listed(tx, venue.id, [row.subject for row in rows if row.what != "gone"], id)
    one = msgspec.structs.replace(load(tx, venues, slug, id), kept_until=now_ms + UNDO_KEPT_MS)
    imports.save_import(tx, msgspec.structs.replace(one, touched_at=now_ms, done=done, total=total))


def save_said(
    tx: Transaction, venues: Venues, slug: str, id: str, said: Mapping[str, Mapping[str, str]], *, now_ms: int
) -> None:
    """What a list said of some in whom nothing changes."""
    imports.set_said(tx, said)
    one = load(tx, venues, slug, id)
    imports.save_import(tx, msgspec.structs.replace(one, touched_at=now_ms))


def finish_list(
    tx: Transaction,
    venues: Venues,
    slug: str,
    id: str,
    looked: Looked,
    chosen: Reading,
    *,
    now: int,
    now_ms: int,
    by: str,
) -> None:
    """A list is saved as a whole: what was mapped by hand is remembered, the file is forgotten."""
    assert isinstance(looked.plan, ListPlan)
    event = venues.id(tx, slug)
    imports.mark_listed(tx, event, looked.plan.listed, id)
    # Letters are those of this file: in the next one something else stands there.
    by_heading = {key: field for key, field in chosen.columns.items() if key == folded(key)}
    imports.remember(tx, event, "column", by_heading)
    imports.remember(tx, event, "category", chosen.categories)
    saved = imports.count_rows(tx, id)
    counts = msgspec.structs.replace(
        looked.counts, new=saved.get("new", 0), changed=saved.get("changed", 0), gone=saved.get("gone", 0)
    )
    _finish(tx, load(tx, venues, slug, id), counts, now=now, now_ms=now_ms, by=by)


def apply_file(
    tx: Transaction,
    venues: Venues,
    slug: str,
    id: str,
    looked: Looked,
    chosen: Reading,
    gone: Gone,
    principal: Principal,
    *,
    now: int,
    now_ms: int,
) -> None:
    """Make a layout or schedule file the venue or the programme; sessions that are not in it any more are kept or
    cancelled, as `gone` says. Raises what those raise."""
    one = load(tx, venues, slug, id)
    event = venues.id(tx, slug)
    rows, counts = looked.plan.rows, looked.counts
    if one.kind == "layout":
        _save_layout(tx, venues, slug, looked.file, principal, now)
    else:
        missing = [msgspec.convert(row.before, Session) for row in rows if row.what == "gone"]
        if gone == "cancel":
            missing = [msgspec.structs.replace(session, cancelled=True) for session in missing]
        import_schedule(tx, venues, slug, [*looked.file, *missing], now=now, by=principal.id)
        rows = [
            _cancelled(row) for row in rows if row.what != "gone" or (gone == "cancel" and not row.before["cancelled"])
        ]
        counts = msgspec.structs.replace(counts, gone=sum(row.what == "gone" for row in rows))
        imports.remember(tx, event, "room", chosen.rooms)
    imports.add_rows(tx, id, rows)
    _note(tx, event, "applied", id, len(rows), now=now, by=principal.id)
    _finish(tx, one, counts, now=now, now_ms=now_ms, by=principal.id)


def undo_chunk(
    tx: Transaction,
    venues: Venues,
    slug: str,
    id: str,
    *,
    after: int,
    scanned: set[str],
    now: int,
    now_ms: int,
    by: str,
) -> int | None:
    """Take some rows of a list back; returns the place to go on behind, None at the end."""
    rows = imports.load_rows(tx, id, outcome="", after=after, limit=CHUNK_ROWS)
    if not rows:
        return None
    undo_rows(tx, venues.venue(tx, slug), id, rows, scanned=scanned, now=now, by=by)
    total = imports.last_place(tx, id) + 1
    touch(tx, venues, slug, id, now_ms=now_ms, done=min(total, rows[-1].place + 1), total=total)
    return rows[-1].place


def undo_file(tx: Transaction, venues: Venues, slug: str, id: str, principal: Principal, *, now: int) -> None:
    """Take a layout or schedule back, part by part. Raises what saving one raises."""
    one = load(tx, venues, slug, id)
    venue = venues.venue(tx, slug)
    rows = imports.load_rows(tx, id, limit=1_000_000)
    if one.kind == "layout":
        parts, outcomes = put_back(rows, layout_parts(file_of(venue.layout)))
        _save_layout(tx, venues, slug, layout_of(parts), principal, now)
    else:
        booked = sessions.booked_by_session(tx, venue.id)
        parts, outcomes = put_back(rows, session_parts(venue.programme.sessions.values()), set(booked))
        import_schedule(tx, venues, slug, sessions_of(parts), now=now, by=principal.id, going_on_too=False)
    imports.set_outcomes(tx, id, outcomes)
    _note(tx, venue.id, "undone", id, len(rows), now=now, by=principal.id)


def finish_undo(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: str) -> None:
    one = load(tx, venues, slug, id)
    imports.set_content(tx, id, None)
    imports.save_import(
        tx,
        msgspec.structs.replace(
            one, state="undone", undone_at=now, undone_by=by, fault="", fault_code="", touched_at=0
        ),
    )


def history(tx: Transaction, venues: Venues, slug: str, *, now_ms: int) -> list[ImportShown]:
    """The latest imports of an event, the latest first."""
    venue = venues.venue(tx, slug)
    names = people.operator_names(tx)
    return [
        shown(tx, venue.layout, one, names, now_ms=now_ms) for one in imports.load_imports(tx, venue.id, HISTORY_MAX)
    ]


def show(tx: Transaction, venues: Venues, slug: str, id: str, *, now_ms: int) -> ImportShown:
    """An import as it stands, without its preview."""
    venue = venues.venue(tx, slug)
    return shown(tx, venue.layout, load(tx, venues, slug, id), people.operator_names(tx), now_ms=now_ms)


def shown(tx: Transaction, layout: Layout, one: Import, names: Mapping[str, str], *, now_ms: int) -> ImportShown:
    def who(by: str | None) -> str | None:
        return None if by is None else names.get(by.removeprefix("operator:"), by)

    at_work = one.state in ("fetching", "applying", "undoing")
    is_abandoned = at_work and now_ms - one.touched_at >= ABANDONED_MS
    undoable = one.state in ("applied", "undoing") or (one.state == "applying" and is_abandoned)
    return ImportShown(
        id=one.id,
        kind=one.kind,
        state=one.state,
        name=one.name,
        created_at=iso(one.created_at, layout),
        created_by=who(one.created_by) or "",
        applied_at=None if one.applied_at is None else iso(one.applied_at, layout),
        applied_by=who(one.applied_by),
        undone_at=None if one.undone_at is None else iso(one.undone_at, layout),
        undone_by=who(one.undone_by),
        fault=one.fault,
        fault_code=one.fault_code or ("import_stopped" if is_abandoned else ""),
        done=one.done,
        total=one.total,
        counts=msgspec.json.decode(one.counts, type=Counts),
        undoable=undoable and one.kept_until > now_ms,
        outcomes=imports.count_outcomes(tx, one.id) if one.state in ("undone", "undoing") else {},
    )


def with_preview(one: ImportShown, looked: Looked) -> ImportShown:
    return msgspec.structs.replace(
        one,
        counts=looked.counts,
        plan=looked.plan_id,
        read_as=looked.read_as,
        notes=looked.notes[:NOTES_SHOWN_MAX],
        notes_total=len(looked.notes),
    )


def saved_differences(
    tx: Transaction, venues: Venues, slug: str, id: str, what: str | None, after: int
) -> DifferencesShown:
    """Some of the differences that a saved import made, behind a place, with what became of taking them back."""
    venue = venues.venue(tx, slug)
    one = load(tx, venues, slug, id)
    rows = imports.load_rows(tx, id, what=what, after=after, limit=DIFFERENCES_MAX)
    there: dict[str, dict[str, Any]] = {}
    if one.kind == "attendees":
        ids = [row.subject for row in rows]
        found = attendees.names_by_id(tx, venue.id, ids)
        names = {subject: name for subject, (name, _) in found.items()}
        if one.state == "undone":
            booked = imports.bookings_of_attendees(tx, ids)
            there = {
                person.id: {**msgspec.structs.asdict(person), BOOKINGS: booked.get(person.id, [])}
                for person in attendees.attendees_by_id(tx, venue.id, ids)
            }
    else:
        parts = layout_parts(venue.layout) | session_parts(venue.programme.sessions.values())
        names = {row.subject: name_of(row.subject, parts.get(row.subject) or row.before or row.after) for row in rows}
    last = rows[-1].place if len(rows) == DIFFERENCES_MAX else None
    return DifferencesShown(
        [difference(row, names.get(row.subject, ""), there=there.get(row.subject)) for row in rows], last
    )


def import_attendees(
    tx: Transaction,
    venues: Venues,
    slug: str,
    listed: AttendeeList,
    *,
    now: int,
    by: str,
    dry_run: bool,
    name: str = "–",
    now_ms: int = 0,
) -> ImportReport:
    """Take a list in at once, in this transaction: new people are added, known ones changed where the list
    differs, and nobody is removed. Where people are stays as it is. See `plan_list`."""
    venue = venues.venue(tx, slug)
    plan = plan_list(listed, registered(tx, venue.id, venue.key))
    rows = [row for row in plan.rows if row.what != "gone"]
    counts = counts_of_list(listed, plan, rows)
    if not dry_run:
        one = _record(tx, venue.id, "attendees", name, now=now, now_ms=now_ms, by=by)
        if rows:
            save_rows(tx, venue, one.id, rows, plan.said, now=now, by=by)
        imports.set_said(tx, plan.said)
        imports.mark_listed(tx, venue.id, plan.listed, one.id)
        _finish(tx, one, counts, now=now, now_ms=now_ms, by=by)
    return ImportReport(
        dry_run=dry_run,
        rows_read=listed.rows_read,
        added=counts.new,
        changed=counts.changed,
        unchanged=counts.unchanged,
        refused=counts.refused,
        duplicates=counts.duplicates,
        empty_rows=counts.empty,
        encoding=listed.encoding,
        separator=listed.separator,
        columns=listed.columns,
        unknown_columns=listed.unknown_columns,
        notes=notes_of_list(listed, plan),
    )


def reading_of_event(tx: Transaction, venues: Venues, slug: str) -> Reading:
    """What earlier lists of an event taught."""
    event = venues.id(tx, slug)
    return Reading(
        columns=imports.remembered(tx, event, "column"), categories=imports.remembered(tx, event, "category")
    )


def scanned(tx: Transaction, venues: Venues, slug: str) -> set[str]:
    """Everybody whom a scan has met, or who has ever been here."""
    event = venues.id(tx, slug)
    return imports.scanned(tx, event) | set(presences.load_presences(tx, event))


def _record(tx: Transaction, event: int, kind: ImportKind, name: str, *, now: int, now_ms: int, by: str) -> Import:
    one = Import(
        id=str(uuid.uuid4()),
        kind=kind,
        state="applying",
        name=name[:NAME_CHARS_MAX],
        created_at=now,
        created_by=by,
        kept_until=now_ms + KEPT_MS,
        touched_at=now_ms,
    )
    imports.add_import(tx, event, one, None)
    return one


def _finish(tx: Transaction, one: Import, counts: Counts, *, now: int, now_ms: int, by: str) -> None:
    imports.set_content(tx, one.id, None)
    imports.save_import(
        tx,
        msgspec.structs.replace(
            one,
            state="applied",
            applied_at=now,
            applied_by=by,
            kept_until=now_ms + UNDO_KEPT_MS,
            touched_at=0,
            fault="",
            fault_code="",
            counts=msgspec.json.encode(counts).decode(),
        ),
    )


def _save_layout(tx: Transaction, venues: Venues, slug: str, layout: Layout, principal: Principal, now: int) -> None:
    """The way of the set-up page: there is one way to change a layout."""
    base = setup.read(tx, venues, slug, principal).base
    tables = msgspec.to_builtins({"event": layout.event, **tables_of(layout)})
    setup.save(tx, venues, slug, LayoutSent(base=base, layout=tables), principal, now=now)


def _note(tx: Transaction, event: int, what: str, id: str, count: int, *, now: int, by: str) -> None:
    journal = Journal(tx, event)
    journal.add(Changed(noun="import", what=what, at=now, by=by, ids=(id,), count=count))
    journal.write()


def _groups(tx: Transaction, venues: Venues, slug: str) -> list[Group]:
    return list(venues.venue(tx, slug).layout.groups.values())


def _in_state(one: Import, state: ImportState) -> Import:
    if one.state != state:
        raise Conflict("This import was saved, or is still being fetched.", code="import_state")
    return one


def _cancelled(row: ImportRow) -> ImportRow:
    """A session that is not in the file any more: it is not taken out, it is cancelled."""
    if row.what != "gone":
        return row
    return msgspec.structs.replace(row, before={"cancelled": False}, after={"cancelled": True})
