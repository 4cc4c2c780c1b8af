"""Attendees: the only table with personal data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from checkin.core.admission import Bearer
from checkin.core.model import Attendee
from checkin.store.engine import Row, Transaction, json_list
from checkin.store.presences import presence_of

FIELDS = tuple(field.name for field in msgspec.structs.fields(Attendee))
_COLUMNS = ", ".join(f'"{field}"' if field == "group" else field for field in FIELDS)
_TRUTHS = {"listed", "photo"}


class Known(Struct, frozen=True):
    """What a code leads to: what the rules need of the bearer, and what the door shows."""

    bearer: Bearer
    name: str
    organisation: str


def bearers_by_code(tx: Transaction, event: int, codes: Iterable[str]) -> dict[str, Known]:
    """code → whom it leads to, with badge state and presence; unknown codes are left out."""
    rows = tx.rows(
        'SELECT code.text, a.id, a."group", a.registration, a.title, a.given_name, a.family_name, a.organisation,'
        " badge.state, badge.replaced_at, p.area, p.counts_as, p.since_at, p.door, p.arrived_at"
        " FROM json_each(?) AS wanted"
        " CROSS JOIN code ON code.event = ? AND code.text = wanted.value"
        " JOIN attendee AS a ON a.id = code.attendee"
        " LEFT JOIN badge ON badge.id = code.badge"
        " LEFT JOIN presence AS p ON p.attendee = a.id",
        (json_list(codes), event),
    )
    return {row[0]: _known(row) for row in rows}


def names_by_id(tx: Transaction, event: int, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """attendee → (name, group)."""
    rows = tx.rows(
        'SELECT a.id, a.title, a.given_name, a.family_name, a."group" FROM json_each(?) AS wanted'
        " CROSS JOIN attendee AS a ON a.id = wanted.value AND a.event = ?",
        (json_list(ids), event),
    )
    return {row[0]: (_name(*row[1:4]), row[4]) for row in rows}


def add_attendees(tx: Transaction, event: int, attendees: Sequence[tuple[Attendee, str]]) -> None:
    """Add each with the words to find it by."""
    marks = ", ".join("?" * (len(FIELDS) + 2))
    tx.run_many(
        f"INSERT INTO attendee ({_COLUMNS}, event, search) VALUES ({marks})",
        [(*_values(attendee), event, search) for attendee, search in attendees],
    )


def change_attendees(tx: Transaction, event: int, attendees: Sequence[tuple[Attendee, str]]) -> None:
    """Put each in the place of the one with its id."""
    columns = ", ".join(f'"{field}" = ?' for field in FIELDS[1:])
    tx.run_many(
        f"UPDATE attendee SET {columns}, search = ? WHERE id = ? AND event = ?",
        [(*_values(attendee)[1:], search, attendee.id, event) for attendee, search in attendees],
    )


def load_attendees(tx: Transaction, event: int, group: str | None = None) -> list[Attendee]:
    rows = tx.rows(
        f'SELECT {_COLUMNS} FROM attendee WHERE event = ? AND (? IS NULL OR "group" = ?)'
        " ORDER BY family_name, given_name, id",
        (event, group, group),
    )
    return [_attendee(row) for row in rows]


def load_attendee(tx: Transaction, event: int, id: str) -> Attendee | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM attendee WHERE event = ? AND id = ?", (event, id))
    return None if row is None else _attendee(row)


def find_attendees(tx: Transaction, event: int, words: Sequence[str], limit: int) -> list[Attendee]:
    """Those whose search words contain every one of `words` (folded alike), at most `limit`."""
    matches = "".join(" AND instr(search, ?) > 0" for _ in words)
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM attendee WHERE event = ?{matches} ORDER BY family_name, given_name, id LIMIT ?",
        (event, *words, limit),
    )
    return [_attendee(row) for row in rows]


def groups_in_use(tx: Transaction, event: int) -> set[str]:
    return {row[0] for row in tx.rows('SELECT DISTINCT "group" FROM attendee WHERE event = ?', (event,))}


def _values(attendee: Attendee) -> tuple[object, ...]:
    return tuple(
        int(value) if field in _TRUTHS else value
        for field, value in zip(FIELDS, msgspec.structs.astuple(attendee), strict=True)
    )


def _attendee(row: Row) -> Attendee:
    values = dict(zip(FIELDS, row, strict=True))
    for field in _TRUTHS:
        values[field] = bool(values[field])
    return Attendee(**values)


def _known(row: Row) -> Known:
    return Known(
        Bearer(
            attendee=row[1],
            group=row[2],
            registration=row[3],
            badge=row[8],
            replaced_at=row[9],
            presence=presence_of(row[10:15]) if row[12] is not None else None,
        ),
        _name(row[4], row[5], row[6]),
        row[7],
    )


def _name(title: str, given_name: str, family_name: str) -> str:
    return " ".join(part for part in (title, given_name, family_name) if part)
