"""Imports: files that are looked at or were saved, and what each did to whom."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from checkin.store.engine import Row, Transaction, json_list

ImportKind = Literal["attendees", "schedule", "layout"]
ImportState = Literal["fetching", "failed", "previewed", "applying", "applied", "undoing", "undone"]
What = Literal["new", "changed", "gone"]
MemoryKind = Literal["column", "category", "room"]


class Import(Struct, frozen=True, kw_only=True):
    """A file that somebody brought, and how far it is. `kept_until` and `touched_at` are by our clock, the
    other times by the event's. `reading` and `counts` are JSON."""

    id: str
    kind: ImportKind
    state: ImportState
    name: str
    created_at: int
    created_by: str
    kept_until: int
    touched_at: int
    reading: str = "{}"
    counts: str = "{}"
    fault: str = ""
    fault_code: str = ""
    done: int = 0
    total: int = 0
    applied_at: int | None = None
    applied_by: str | None = None
    undone_at: int | None = None
    undone_by: str | None = None


class ImportRow(Struct, frozen=True, kw_only=True):
    """What an import does to one subject. `before`, `after`: the fields that change, or for what is new
    or gone as a whole what is needed to take it back. `outcome`: of having taken it back."""

    place: int
    what: What
    subject: str
    line: int | None
    before: dict[str, Any]
    after: dict[str, Any]
    outcome: str = ""


class Uses(Struct, frozen=True):
    """What hangs on an attendee: `inside` now; `used` for anything that happened to them; `badge` issued."""

    inside: bool
    used: bool
    badge: bool


_COLUMNS = ", ".join(Import.__struct_fields__)
_ROW_COLUMNS = "place, what, subject, line, before, after, outcome"
_fields = msgspec.json.Decoder(dict[str, Any])
_said = msgspec.json.Decoder(dict[str, str])


def add_import(tx: Transaction, event: int, one: Import, content: bytes | None) -> None:
    marks = ", ".join("?" * (len(Import.__struct_fields__) + 2))
    packed = None if content is None else zlib.compress(content, 1)
    tx.run(
        f"INSERT INTO import ({_COLUMNS}, event, content) VALUES ({marks})",
        (*msgspec.structs.astuple(one), event, packed),
    )


def save_import(tx: Transaction, one: Import) -> None:
    columns = ", ".join(f"{field} = ?" for field in Import.__struct_fields__[1:])
    tx.run(f"UPDATE import SET {columns} WHERE id = ?", (*msgspec.structs.astuple(one)[1:], one.id))


def set_content(tx: Transaction, id: str, content: bytes | None) -> None:
    """Keep this file for an import; None: keep none any more."""
    tx.run("UPDATE import SET content = ? WHERE id = ?", (None if content is None else zlib.compress(content, 1), id))


def load_import(tx: Transaction, event: int, id: str) -> Import | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM import WHERE event = ? AND id = ?", (event, id))
    return None if row is None else _import(row)


def load_content(tx: Transaction, id: str) -> bytes | None:
    row = tx.row("SELECT content FROM import WHERE id = ?", (id,))
    return None if row is None or row[0] is None else zlib.decompress(row[0])


def load_imports(tx: Transaction, event: int, limit: int) -> list[Import]:
    """The latest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM import WHERE event = ? ORDER BY created_at DESC, id DESC LIMIT ?", (event, limit)
    )
    return [_import(row) for row in rows]


def drop_looked_at(tx: Transaction, event: int, by: str) -> None:
    """Forget what this one looked at and did not save."""
    tx.run("DELETE FROM import WHERE event = ? AND created_by = ? AND state IN ('failed', 'previewed')", (event, by))


def count_open(tx: Transaction, event: int) -> int:
    """Files that are kept and not saved yet."""
    row = tx.row(
        "SELECT count(*) FROM import WHERE event = ? AND state IN ('fetching', 'failed', 'previewed')", (event,)
    )
    assert row is not None
    return int(row[0])


def drop_import(tx: Transaction, id: str) -> None:
    tx.run("DELETE FROM import WHERE id = ?", (id,))


def drop_expired(tx: Transaction, now_ms: int) -> None:
    """Forget files that nobody saved, and what was kept to take back what was saved long ago."""
    tx.run("DELETE FROM import WHERE kept_until <= ? AND state IN ('fetching', 'failed', 'previewed')", (now_ms,))
    tx.run("DELETE FROM import_row WHERE import IN (SELECT id FROM import WHERE kept_until <= ?)", (now_ms,))
    tx.run("UPDATE import SET content = NULL WHERE kept_until <= ? AND content IS NOT NULL", (now_ms,))


def is_expired(tx: Transaction, now_ms: int) -> bool:
    """Whether there is anything to forget."""
    row = tx.row(
        "SELECT EXISTS (SELECT 1 FROM import WHERE kept_until <= ? AND (state IN ('fetching', 'failed', 'previewed')"
        " OR content IS NOT NULL OR EXISTS (SELECT 1 FROM import_row WHERE import_row.import = import.id)))",
        (now_ms,),
    )
    return row is not None and bool(row[0])


def add_rows(tx: Transaction, id: str, rows: Iterable[ImportRow]) -> None:
    tx.run_many(
        f"INSERT INTO import_row (import, {_ROW_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (import, place) DO NOTHING",
        [
            (id, row.place, row.what, row.subject, row.line, _json(row.before), _json(row.after), row.outcome)
            for row in rows
        ],
    )


def set_outcomes(tx: Transaction, id: str, outcomes: Mapping[int, str]) -> None:
    """place → what became of taking it back."""
    tx.run_many(
        "UPDATE import_row SET outcome = ? WHERE import = ? AND place = ?",
        [(outcome, id, place) for place, outcome in outcomes.items()],
    )


def last_place(tx: Transaction, id: str) -> int:
    """The highest place of the import's rows; -1 where it has none."""
    row = tx.row("SELECT max(place) FROM import_row WHERE import = ?", (id,))
    return -1 if row is None or row[0] is None else int(row[0])


def load_rows(
    tx: Transaction, id: str, *, what: str | None = None, outcome: str | None = None, after: int = -1, limit: int
) -> list[ImportRow]:
    """Rows in their order behind the place `after`, at most `limit`; of one sort, or with one outcome."""
    rows = tx.rows(
        f"SELECT {_ROW_COLUMNS} FROM import_row WHERE import = ? AND place > ?"
        " AND (CAST(? AS TEXT) IS NULL OR what = ?) AND (CAST(? AS TEXT) IS NULL OR outcome = ?)"
        " ORDER BY place LIMIT ?",
        (id, after, what, what, outcome, outcome, limit),
    )
    return [
        ImportRow(
            place=row[0],
            what=row[1],
            subject=row[2],
            line=row[3],
            before=_fields.decode(row[4]),
            after=_fields.decode(row[5]),
            outcome=row[6],
        )
        for row in rows
    ]


def count_rows(tx: Transaction, id: str) -> dict[str, int]:
    """what → how many; empty where nothing is kept any more."""
    return dict(tx.rows("SELECT what, count(*) FROM import_row WHERE import = ? GROUP BY what", (id,)))


def count_outcomes(tx: Transaction, id: str) -> dict[str, int]:
    return dict(
        tx.rows("SELECT outcome, count(*) FROM import_row WHERE import = ? AND outcome <> '' GROUP BY outcome", (id,))
    )


def remember(tx: Transaction, event: int, kind: MemoryKind, targets: Mapping[str, str]) -> None:
    """folded text → what it was mapped to by hand."""
    tx.run_many(
        "INSERT INTO import_memory (event, kind, text, target) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (event, kind, text) DO UPDATE SET target = excluded.target",
        [(event, kind, text, target) for text, target in targets.items()],
    )


def remembered(tx: Transaction, event: int, kind: MemoryKind) -> dict[str, str]:
    return dict(tx.rows("SELECT text, target FROM import_memory WHERE event = ? AND kind = ?", (event, kind)))


def mark_listed(tx: Transaction, event: int, ids: Iterable[str], by_import: str) -> None:
    """These attendees stood in a list: they can be missing in the next one."""
    tx.run(
        "UPDATE attendee SET import = ? WHERE event = ? AND id IN (SELECT value FROM json_each(?))",
        (by_import, event, json_list(ids)),
    )


def listed_before(tx: Transaction, event: int) -> dict[str, dict[str, str]]:
    """Those whom a list brought, and not a hand; with what the last one said (field → digest)."""
    rows = tx.rows("SELECT id, list_said FROM attendee WHERE event = ? AND import IS NOT NULL", (event,))
    return {id: _said.decode(said) if said else {} for id, said in rows}


def said_of(tx: Transaction, ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """attendee → what the last list said."""
    rows = tx.rows(
        "SELECT a.id, a.list_said FROM json_each(?) AS wanted CROSS JOIN attendee AS a ON a.id = wanted.value",
        (json_list(ids),),
    )
    return {id: _said.decode(said) if said else {} for id, said in rows}


def set_said(tx: Transaction, said: Mapping[str, Mapping[str, str]]) -> None:
    tx.run_many(
        "UPDATE attendee SET list_said = ? WHERE id = ?",
        [(_json(fields) if fields else "", id) for id, fields in said.items()],
    )


def scanned(tx: Transaction, event: int) -> set[str]:
    """Everybody whom a scan has met, admitted or refused."""
    return {
        row[0]
        for row in tx.rows("SELECT DISTINCT attendee FROM fact WHERE event = ? AND attendee IS NOT NULL", (event,))
    }


def uses(tx: Transaction, ids: Sequence[str]) -> dict[str, Uses]:
    """attendee → what hangs on them, but for scans."""
    rows = tx.rows(
        "SELECT a.id,"
        " EXISTS (SELECT 1 FROM presence WHERE attendee = a.id AND area IS NOT NULL),"
        " EXISTS (SELECT 1 FROM presence WHERE attendee = a.id)"
        " OR EXISTS (SELECT 1 FROM badge WHERE attendee = a.id AND handed_at IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM block WHERE attendee = a.id)"
        " OR EXISTS (SELECT 1 FROM waiting WHERE attendee = a.id)"
        " OR EXISTS (SELECT 1 FROM handout WHERE attendee = a.id)"
        " OR EXISTS (SELECT 1 FROM attended WHERE attendee = a.id)"
        " OR EXISTS (SELECT 1 FROM certificate WHERE attendee = a.id)"
        " OR EXISTS (SELECT 1 FROM attendee AS other WHERE other.represented_by = a.id)"
        " OR a.id IN (SELECT companion_of FROM attendee WHERE companion_of IS NOT NULL)"
        " OR a.represented_by IS NOT NULL OR a.companion_of IS NOT NULL OR a.accredited <> 0,"
        " EXISTS (SELECT 1 FROM badge WHERE attendee = a.id)"
        " FROM json_each(?) AS wanted CROSS JOIN attendee AS a ON a.id = wanted.value",
        (json_list(ids),),
    )
    return {row[0]: Uses(bool(row[1]), bool(row[2]), bool(row[3])) for row in rows}


def drop_attendees(tx: Transaction, ids: Sequence[str]) -> None:
    """Delete attendees on whom nothing hangs but codes and bookings."""
    listed = json_list(ids)
    for table in ("code", "booking"):
        tx.run(f"DELETE FROM {table} WHERE attendee IN (SELECT value FROM json_each(?))", (listed,))
    tx.run("DELETE FROM attendee WHERE id IN (SELECT value FROM json_each(?))", (listed,))


def drop_ticket_codes(tx: Transaction, event: int, codes: Iterable[tuple[str, str]]) -> None:
    """(code text, attendee) of other systems that lead there no more."""
    tx.run_many(
        "DELETE FROM code WHERE event = ? AND text = ? AND attendee = ? AND badge IS NULL",
        [(event, text, attendee) for text, attendee in codes],
    )


def bookings_of_attendees(tx: Transaction, ids: Iterable[str]) -> dict[str, list[str]]:
    """attendee → sessions booked, in order."""
    booked: dict[str, list[str]] = {}
    for attendee, session in tx.rows(
        "SELECT b.attendee, b.session FROM json_each(?) AS wanted"
        " CROSS JOIN booking AS b ON b.attendee = wanted.value ORDER BY b.session",
        (json_list(ids),),
    ):
        booked.setdefault(attendee, []).append(session)
    return booked


def _import(row: Row) -> Import:
    return Import(**dict(zip(Import.__struct_fields__, row, strict=True)))


def _json(fields: Mapping[str, Any]) -> str:
    return msgspec.json.encode(fields).decode()
