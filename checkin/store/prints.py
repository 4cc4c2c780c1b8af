"""The print queue."""

from __future__ import annotations

from msgspec import Struct

from checkin.core.model import PrintState
from checkin.store.engine import Row, Transaction

_COLUMNS = "id, badge, printer, state, requested_at, requested_by, taken_at, taken_by, ended_at, tries, fault, said"


class Print(Struct, frozen=True, kw_only=True):
    """One badge on its way to paper. `printer` empty: any that asks; `taken_by`: the one that has it;
    `fault`: why it failed, by a key, and `said` what belongs to it (letters, the printer's own words)."""

    id: str
    badge: str
    printer: str
    state: PrintState
    requested_at: int
    requested_by: str
    taken_at: int | None = None
    taken_by: str | None = None
    ended_at: int | None = None
    tries: int = 0
    fault: str = ""
    said: str = ""


class Printer(Struct, frozen=True, kw_only=True):
    """A printer whose program cannot reach it: since when, and what it is told."""

    name: str
    since_at: int
    fault: str


def add_print(tx: Transaction, event: int, one: Print) -> None:
    tx.run(
        "INSERT INTO print (event, id, badge, printer, state, requested_at, requested_by) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event, one.id, one.badge, one.printer, one.state, one.requested_at, one.requested_by),
    )


def load_print(tx: Transaction, event: int, id: str) -> Print | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM print WHERE event = ? AND id = ?", (event, id))
    return None if row is None else _print(row)


def save_print(tx: Transaction, event: int, one: Print) -> None:
    """Keep how far it is."""
    tx.run(
        "UPDATE print SET state = ?, taken_at = ?, taken_by = ?, ended_at = ?, tries = ?, fault = ?,"
        " said = ? WHERE event = ? AND id = ?",
        (one.state, one.taken_at, one.taken_by, one.ended_at, one.tries, one.fault, one.said, event, one.id),
    )


def count_open(tx: Transaction, event: int) -> int:
    """How many wait or are being printed."""
    row = tx.row("SELECT count(*) FROM print WHERE event = ? AND state IN ('waiting', 'printing')", (event,))
    return int(row[0]) if row else 0


def is_open(tx: Transaction, event: int, badge: str) -> bool:
    """Whether this badge waits or is being printed."""
    return (
        tx.row(
            "SELECT 1 FROM print WHERE event = ? AND badge = ? AND state IN ('waiting', 'printing') LIMIT 1",
            (event, badge),
        )
        is not None
    )


def prints_of(tx: Transaction, event: int, badge: str) -> list[Print]:
    """Every print of this badge, the first one first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM print WHERE event = ? AND badge = ? ORDER BY requested_at, id", (event, badge)
    )
    return [_print(row) for row in rows]


def waiting_of(tx: Transaction, event: int, badge: str) -> list[Print]:
    """What waits of this badge."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM print WHERE event = ? AND badge = ? AND state = 'waiting' ORDER BY requested_at, id",
        (event, badge),
    )
    return [_print(row) for row in rows]


def next_waiting(tx: Transaction, event: int, printer: str) -> Print | None:
    """The oldest that waits for this printer or for any."""
    row = tx.row(
        f"SELECT {_COLUMNS} FROM print WHERE event = ? AND state = 'waiting' AND printer IN ('', ?)"
        " ORDER BY requested_at, id LIMIT 1",
        (event, printer),
    )
    return None if row is None else _print(row)


def put_back(tx: Transaction, event: int, taken_before: int) -> None:
    """What a printer took long ago and never reported waits again: the printer has gone."""
    tx.run(
        "UPDATE print SET state = 'waiting', taken_by = NULL WHERE event = ? AND state = 'printing' AND taken_at < ?",
        (event, taken_before),
    )


def latest_prints(tx: Transaction, event: int, limit: int) -> list[Print]:
    """What is open first, oldest first; then what has ended, the newest first. Nothing of what was withdrawn."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM print WHERE event = ? AND state <> 'withdrawn'"
        " ORDER BY CASE state WHEN 'failed' THEN 0 WHEN 'printing' THEN 1 WHEN 'waiting' THEN 2 ELSE 3 END,"
        " CASE WHEN state IN ('waiting', 'printing') THEN requested_at ELSE -ended_at END, id LIMIT ?",
        (event, limit),
    )
    return [_print(row) for row in rows]


def printers(tx: Transaction, event: int) -> list[str]:
    """The names of the printers that have taken something, in order."""
    rows = tx.rows("SELECT DISTINCT taken_by FROM print WHERE event = ? AND taken_by IS NOT NULL ORDER BY 1", (event,))
    return [row[0] for row in rows]


def unreachable_printers(tx: Transaction, event: int) -> list[Printer]:
    """In the order of their names."""
    rows = tx.rows("SELECT name, since_at, fault FROM printer_fault WHERE event = ? ORDER BY name", (event,))
    return [Printer(name=name, since_at=since_at, fault=fault) for name, since_at, fault in rows]


def set_unreachable(tx: Transaction, event: int, printer: Printer) -> None:
    """It cannot be reached since then, or still cannot."""
    tx.run(
        "INSERT INTO printer_fault (event, name, since_at, fault) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (event, name) DO UPDATE SET fault = excluded.fault",
        (event, printer.name, printer.since_at, printer.fault),
    )


def set_reachable(tx: Transaction, event: int, name: str) -> None:
    tx.run("DELETE FROM printer_fault WHERE event = ? AND name = ?", (event, name))


def _print(row: Row) -> Print:
    return Print(
        id=row[0],
        badge=row[1],
        printer=row[2],
        state=row[3],
        requested_at=row[4],
        requested_by=row[5],
        taken_at=row[6],
        taken_by=row[7],
        ended_at=row[8],
        tries=row[9],
        fault=row[10],
        said=row[11],
    )
