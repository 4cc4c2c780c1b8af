"""Stations, the ledger of what they hold, their logs, and the conflicts that came of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from checkin.core.allotment import Admission, Change, Counted, Counters, Epoch, Ledger, Pending, Seen
from checkin.core.conflict import Case, Verdict
from checkin.core.link import Row
from checkin.store.engine import Transaction, json_list

_ROWS: Mapping[str, tuple[Any, Any]] = {
    "meta": (str, int),
    "epochs": (tuple[str, str], Epoch),
    "counters": (tuple[str, str, str], Counters),
    "admissions": (tuple[str, str, int], Admission),
    "doubts": (tuple[str, str], str),
    "pending": (str, Pending),
    "seen": (str, Seen),
    "counted": (str, Counted),
}
"""table of the ledger → the types of its keys and rows."""
assert set(_ROWS) == set(Ledger.TABLES)

_decoders = {name: (msgspec.json.Decoder(key), msgspec.json.Decoder(row)) for name, (key, row) in _ROWS.items()}
_row = msgspec.json.Decoder(Row)
_case = msgspec.json.Decoder(Case)
_encode = msgspec.json.Encoder().encode


class Station(Struct, frozen=True, kw_only=True):
    """A station: the device it is, its name and door. `revoked`: it may only give back what it has. `linked_at`: when
    the link that it has, or had last, was opened; `program`: what it says it runs; `heard_at`: as it was last saved."""

    id: str
    event: str
    name: str
    door: str
    key: bytes
    revoked: bool = False
    linked_at: int | None = None
    program: str = ""
    heard_at: int | None = None


class KeptCase(Struct, frozen=True, kw_only=True):
    """A conflict and, once a person has settled it, as what, when and who."""

    case: Case
    opened_at: int
    verdict: Verdict | None = None
    closed_at: int | None = None
    closed_by: str | None = None


_STATIONS = (
    "SELECT s.device, event.slug, d.name, d.door, s.key, d.revoked_at IS NOT NULL, s.linked_at, s.program, d.heard_at"
    " FROM station AS s"
    " JOIN device AS d ON d.id = s.device JOIN event ON event.id = s.event"
)


def add_station(tx: Transaction, event: int, device: str, token_hash: bytes, key: bytes, at: int) -> None:
    """This device is a station from now on; one that it was before is forgotten."""
    tx.run("DELETE FROM station WHERE device = ?", (device,))
    tx.run(
        "INSERT INTO station (device, event, token_hash, key, paired_at) VALUES (?, ?, ?, ?, ?)",
        (device, event, token_hash, key, at),
    )
    tx.run("UPDATE event SET stations = ? WHERE id = ? AND stations = 0", (_version(), event))


def events_with_stations(tx: Transaction) -> dict[str, int]:
    """slug → id."""
    return dict(tx.rows("SELECT slug, id FROM event WHERE stations <> 0 ORDER BY slug"))


def load_stations(tx: Transaction, event: int) -> dict[str, Station]:
    rows = tx.rows(f"{_STATIONS} WHERE s.event = ? ORDER BY s.device", (event,))
    return {row[0]: _station(row) for row in rows}


def station_by_token(tx: Transaction, token_hash: bytes) -> Station | None:
    row = tx.row(f"{_STATIONS} WHERE s.token_hash = ?", (token_hash,))
    return None if row is None else _station(row)


def link_opened(tx: Transaction, station: str, program: str, at: int) -> None:
    tx.run("UPDATE station SET linked_at = ?, program = ? WHERE device = ?", (at, program, station))


def load_ledger(tx: Transaction, event: int) -> dict[str, dict[object, object]]:
    """The tables of the event's ledger."""
    tables: dict[str, dict[object, object]] = {name: {} for name in _ROWS}
    for name, key, body in tx.rows("SELECT name, key, body FROM ledger WHERE event = ?", (event,)):
        keys, rows = _decoders[name]
        tables[name][keys.decode(key)] = rows.decode(body)
    return tables


def load_epochs(tx: Transaction, event: int) -> list[Epoch]:
    rows = tx.rows("SELECT body FROM ledger WHERE event = ? AND name = 'epochs'", (event,))
    return [_decoders["epochs"][1].decode(body) for (body,) in rows]


def generation_of(tx: Transaction, event: int) -> int:
    """That of the event's ledger; 0 where it has none."""
    row = tx.row("SELECT body FROM ledger WHERE event = ? AND name = 'meta' AND key = ?", (event, _text("generation")))
    return int(_decoders["meta"][1].decode(row[0])) if row else 0


def save_ledger(tx: Transaction, event: int, changes: Iterable[Change], set_aside: Mapping[str, int]) -> int:
    """Save what has changed, and what of each area is set aside; returns the version that the event has now."""
    kept = [(event, name, _text(key), _text(row)) for name, key, row in changes if row is not None]
    dropped = [(event, name, _text(key)) for name, key, row in changes if row is None]
    if kept:
        tx.run_many(
            "INSERT INTO ledger (event, name, key, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (event, name, key) DO UPDATE SET body = excluded.body",
            kept,
        )
    if dropped:
        tx.run_many("DELETE FROM ledger WHERE event = ? AND name = ? AND key = ?", dropped)
    tx.run_many(
        "INSERT INTO tally (event, area, set_aside) VALUES (?, ?, ?)"
        " ON CONFLICT (event, area) DO UPDATE SET set_aside = excluded.set_aside",
        [(event, area, seats) for area, seats in set_aside.items()],
    )
    version = _version()
    tx.run("UPDATE event SET stations = ? WHERE id = ?", (version, event))
    return version


def add_rows(tx: Transaction, event: int, rows: Iterable[tuple[str, str, Row]], at: int) -> None:
    """Rows of logs as (station, epoch, row). One that is here already stays as it is."""
    tx.run_many(
        "INSERT INTO station_row (event, station, epoch, n, scan, received_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        [(event, station, epoch, row.n, row.scan.id, at, _encode(row)) for station, epoch, row in rows],
    )


def rows_by_scan(tx: Transaction, event: int, scans: Iterable[str]) -> dict[str, Row]:
    """scan → what a station has shown for it, of those of these of which that is known."""
    # Left alone, SQLite walks through all rows of the event for each scan.
    rows = tx.rows(
        "SELECT station_row.scan, station_row.body FROM json_each(?) AS wanted"
        " CROSS JOIN station_row INDEXED BY station_row_by_scan"
        " ON station_row.event = ? AND station_row.scan = wanted.value",
        (json_list(scans), event),
    )
    return {scan: _row.decode(body) for scan, body in rows}


def last_row(tx: Transaction, event: int, station: str, epoch: str) -> Row | None:
    """The last line of a station's log that is here."""
    row = tx.row(
        "SELECT body FROM station_row WHERE event = ? AND station = ? AND epoch = ? ORDER BY n DESC LIMIT 1",
        (event, station, epoch),
    )
    return None if row is None else _row.decode(row[0])


def is_roster_open(tx: Transaction, event: int) -> bool:
    """Whether the event came from a backup, and nobody has said yet that no station is missing."""
    row = tx.row("SELECT body FROM ledger WHERE event = ? AND name = 'meta' AND key = ?", (event, _text("roster")))
    return row is not None and row[0] == _text(0)


def add_cases(tx: Transaction, event: int, cases: Iterable[Case], at: int) -> None:
    tx.run_many(
        "INSERT INTO conflict (event, id, kind, body, opened_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(event, case.id, case.kind, _encode(case).decode(), at) for case in cases],
    )


def load_cases(tx: Transaction, event: int, limit: int) -> list[KeptCase]:
    """The conflicts that are open, then those closed last; each newest first."""
    rows = tx.rows(
        "SELECT body, opened_at, verdict, closed_at, closed_by FROM conflict WHERE event = ?"
        " ORDER BY closed_at IS NOT NULL, closed_at DESC, opened_at DESC, id, kind LIMIT ?",
        (event, limit),
    )
    return [_kept(row) for row in rows]


def count_open_cases(tx: Transaction, event: int) -> int:
    """How many conflicts wait for somebody to settle them."""
    row = tx.row("SELECT count(*) FROM conflict WHERE event = ? AND closed_at IS NULL", (event,))
    assert row is not None
    return int(row[0])


def cases_of(tx: Transaction, event: int, id: str) -> list[KeptCase]:
    """The conflicts that one scan has opened."""
    rows = tx.rows(
        "SELECT body, opened_at, verdict, closed_at, closed_by FROM conflict WHERE event = ? AND id = ? ORDER BY kind",
        (event, id),
    )
    return [_kept(row) for row in rows]


def attendees_of_cases(tx: Transaction, event: int, ids: Iterable[str]) -> dict[str, str]:
    """scan → of whom the conflicts that it has opened are, of those of these of which that is known."""
    rows = tx.rows(
        "SELECT conflict.id, conflict.body FROM json_each(?) AS wanted"
        " CROSS JOIN conflict ON conflict.event = ? AND conflict.id = wanted.value",
        (json_list(ids), event),
    )
    cases = [(id, _case.decode(body)) for id, body in rows]
    return {id: case.attendee for id, case in cases if case.attendee is not None}


def close_case(tx: Transaction, event: int, id: str, kind: str, verdict: str, *, at: int, by: str) -> None:
    tx.run(
        "UPDATE conflict SET verdict = ?, closed_at = ?, closed_by = ?"
        " WHERE event = ? AND id = ? AND kind = ? AND closed_at IS NULL",
        (verdict, at, by, event, id, kind),
    )


def forget_passages(tx: Transaction, event: int) -> None:
    """Who was where and when goes: logs, conflicts and ledger. The event has no stations any more."""
    for table in ("station_row", "conflict", "ledger", "station"):
        tx.run(f"DELETE FROM {table} WHERE event = ?", (event,))
    tx.run("UPDATE tally SET set_aside = 0 WHERE event = ?", (event,))
    tx.run("UPDATE event SET stations = 0 WHERE id = ?", (event,))


def _version() -> int:
    """Never one that a ledger had which was not committed."""
    return 1 + secrets.randbits(62)


def _station(row: tuple[Any, ...]) -> Station:
    return Station(
        id=row[0],
        event=row[1],
        name=row[2],
        door=row[3],
        key=row[4],
        revoked=bool(row[5]),
        linked_at=row[6],
        program=row[7],
        heard_at=row[8],
    )


def _kept(row: tuple[Any, ...]) -> KeptCase:
    return KeptCase(case=_case.decode(row[0]), opened_at=row[1], verdict=row[2], closed_at=row[3], closed_by=row[4])


def _text(value: object) -> str:
    return _encode(value).decode()
