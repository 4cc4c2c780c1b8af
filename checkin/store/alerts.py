"""Alerts, and the lanes that are open by somebody's word."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from checkin.core.alerts import Finding, Key
from checkin.store.engine import Row, Transaction

_COLUMNS = "id, detail, raised_at, taken_by, taken_at, done_by, done_at, ended_at"
_finding = msgspec.json.Decoder(Finding)


class Alert(Struct, frozen=True, kw_only=True):
    """Something that somebody should see to. `taken_by`, `done_by`: ids of who said so; `ended_at`: since
    when it is over by itself."""

    id: str
    finding: Finding
    raised_at: int
    taken_by: str | None = None
    taken_at: int | None = None
    done_by: str | None = None
    done_at: int | None = None
    ended_at: int | None = None


def add_alert(tx: Transaction, event: int, alert: Alert) -> None:
    finding = alert.finding
    tx.run(
        "INSERT INTO alert (id, event, kind, subject, detail, raised_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            alert.id,
            event,
            finding.kind,
            finding.subject,
            msgspec.json.encode(finding).decode(),
            alert.raised_at,
        ),
    )


def load_alert(tx: Transaction, event: int, id: str) -> Alert | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM alert WHERE event = ? AND id = ?", (event, id))
    return None if row is None else _alert(row)


def save_alert(tx: Transaction, alert: Alert) -> None:
    """Keep who took it, who called it done, and whether it is over."""
    tx.run(
        "UPDATE alert SET taken_by = ?, taken_at = ?, done_by = ?, done_at = ?, ended_at = ? WHERE id = ?",
        (alert.taken_by, alert.taken_at, alert.done_by, alert.done_at, alert.ended_at, alert.id),
    )


def going_on(tx: Transaction, event: int) -> dict[Key, Alert]:
    """What is not over yet, those that somebody called done among them."""
    rows = tx.rows(f"SELECT {_COLUMNS} FROM alert WHERE event = ? AND ended_at IS NULL", (event,))
    return {alert.finding.key: alert for alert in map(_alert, rows)}


def last_over(tx: Transaction, event: int, count: int) -> list[Alert]:
    """What is over, the last one first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM alert WHERE event = ? AND ended_at IS NOT NULL ORDER BY raised_at DESC, id LIMIT ?",
        (event, count),
    )
    return [_alert(row) for row in rows]


def lanes_open(tx: Transaction, event: int) -> dict[str, int]:
    """door → how many lanes somebody said are open."""
    return dict(tx.rows("SELECT door, lanes FROM lanes_open WHERE event = ?", (event,)))


def set_lanes_open(tx: Transaction, event: int, door: str, lanes: int | None) -> None:
    """None: as many as devices are heard there."""
    tx.run("DELETE FROM lanes_open WHERE event = ? AND door = ?", (event, door))
    if lanes is not None:
        tx.run("INSERT INTO lanes_open (event, door, lanes) VALUES (?, ?, ?)", (event, door, lanes))


def _alert(row: Row) -> Alert:
    return Alert(
        id=row[0],
        finding=_finding.decode(row[1]),
        raised_at=row[2],
        taken_by=row[3],
        taken_at=row[4],
        done_by=row[5],
        done_at=row[6],
        ended_at=row[7],
    )
