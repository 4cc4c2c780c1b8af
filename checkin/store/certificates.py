"""Certificates of attendance, the rule they follow, and attendance as it was when the passages were deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from checkin.core.attendance import Attendance, Rule
from checkin.store.engine import Row, Transaction, json_list

CertificateState = Literal["valid", "superseded", "withdrawn"]

NO_RULE = "{}"
_COLUMNS = "number, attendee, code, issued_at, state, content"
_rule = msgspec.json.Decoder(Rule)
_attendance = msgspec.json.Decoder(Attendance)


class Certificate(Struct, frozen=True, kw_only=True):
    """One issue. `attendee` and `content` None: deleted; the code can be checked all the same."""

    number: int
    attendee: str | None
    code: str
    issued_at: int
    state: CertificateState = "valid"
    content: Attendance | None = None


class Issued(Struct, frozen=True):
    """What anybody may learn of a code."""

    event: str
    timezone: str
    issued_at: int
    state: CertificateState


def load_rule(tx: Transaction, event: int) -> Rule | None:
    """None: nobody has said yet what counts."""
    row = tx.row("SELECT certificate_rule FROM event WHERE id = ?", (event,))
    return None if row is None or row[0] == NO_RULE else _rule.decode(row[0])


def save_rule(tx: Transaction, event: int, rule: Rule) -> None:
    tx.run("UPDATE event SET certificate_rule = ? WHERE id = ?", (msgspec.json.encode(rule).decode(), event))


def public_address(tx: Transaction, event: int) -> str:
    """Under which anybody checks a code; empty: none is kept."""
    row = tx.row("SELECT public_address FROM event WHERE id = ?", (event,))
    return str(row[0]) if row else ""


def set_public_address(tx: Transaction, event: int, address: str) -> None:
    tx.run("UPDATE event SET public_address = ? WHERE id = ?", (address, event))


def last_number(tx: Transaction, event: int) -> int:
    row = tx.row("SELECT coalesce(max(number), 0) FROM certificate WHERE event = ?", (event,))
    return int(row[0]) if row else 0


def add_certificates(tx: Transaction, event: int, issued: Sequence[Certificate]) -> None:
    tx.run_many(
        f"INSERT INTO certificate (event, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (event, one.number, one.attendee, one.code, one.issued_at, one.state, msgspec.json.encode(one.content))
            for one in issued
        ],
    )


def set_state(tx: Transaction, event: int, numbers: Iterable[int], state: CertificateState) -> None:
    tx.run_many(
        "UPDATE certificate SET state = ? WHERE event = ? AND number = ?",
        [(state, event, number) for number in numbers],
    )


def certificates_of(
    tx: Transaction, event: int, attendees: Iterable[str] | None = None
) -> dict[str, list[Certificate]]:
    """attendee → their certificates, the newest first; of these attendees, or of all."""
    wanted = None if attendees is None else json_list(attendees)
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM certificate WHERE event = ? AND attendee IS NOT NULL"
        " AND (CAST(? AS TEXT) IS NULL OR attendee IN (SELECT value FROM json_each(?))) ORDER BY number DESC",
        (event, wanted, wanted),
    )
    found: dict[str, list[Certificate]] = {}
    for row in rows:
        found.setdefault(row[1], []).append(_certificate(row))
    return found


def load_certificate(tx: Transaction, event: int, number: int) -> Certificate | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM certificate WHERE event = ? AND number = ?", (event, number))
    return None if row is None else _certificate(row)


def issued_under(tx: Transaction, code: str) -> Issued | None:
    """The certificate of a code, of whichever event."""
    row = tx.row(
        "SELECT event.name, event.timezone, issued_at, state"
        " FROM certificate JOIN event ON event.id = certificate.event WHERE code = ?",
        (code,),
    )
    return None if row is None else Issued(*row)


def keep_attendances(tx: Transaction, event: int, found: Mapping[str, Attendance]) -> None:
    """attendee → what is certified of them, from now on without their passages."""
    tx.run_many(
        "INSERT INTO attended (attendee, event, stays) VALUES (?, ?, ?) ON CONFLICT (attendee) DO NOTHING",
        [(attendee, event, msgspec.json.encode(one)) for attendee, one in found.items()],
    )


def kept_attendances(tx: Transaction, event: int) -> dict[str, Attendance]:
    rows = tx.rows("SELECT attendee, stays FROM attended WHERE event = ?", (event,))
    return {attendee: _attendance.decode(stays) for attendee, stays in rows}


def _certificate(row: Row) -> Certificate:
    return Certificate(
        number=row[0],
        attendee=row[1],
        code=row[2],
        issued_at=row[3],
        state=row[4],
        content=None if row[5] is None else _attendance.decode(row[5]),
    )
