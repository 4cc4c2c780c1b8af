"""What was done to accounts, service-wide: appended, read back, never changed. Ids, no names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from checkin.store.engine import Row, Transaction

DeedWhat = Literal[
    "invited",
    "added",
    "accepted",
    "role_changed",
    "reset",
    "withdrawn",
    "reinstated",
    "factor_set",
    "factor_reset",
    "recovery_used",
    "login_failed",
    "link_refused",
    "confirmed",
    "password_changed",
    "recovery_renewed",
    "logged_out",
]
DEEDS_SHOWN = 200


class Deed(Struct, frozen=True, kw_only=True):
    """`at`: wall time in ms since 1970 UTC. `by`, `about`: `operator:ID`; `by` also `command` (a terminal)
    or `setup` (the first link). `note`: of a role that changed, the earlier and the new one."""

    number: int
    at: int
    by: str
    what: str
    about: str
    note: str


def record(tx: Transaction, what: DeedWhat, *, at: int, by: str, about: str = "", note: str = "") -> None:
    tx.run("INSERT INTO deed (at, by, what, about, note) VALUES (?, ?, ?, ?, ?)", (at, by, what, about, note))


def load_deeds(tx: Transaction, limit: int = DEEDS_SHOWN, before: int | None = None) -> list[Deed]:
    """The latest deeds, the last one first; those before the number `before`, to read on."""
    rows = tx.rows(
        "SELECT number, at, by, what, about, note FROM deed WHERE number < ? ORDER BY number DESC LIMIT ?",
        (before if before is not None else 2**62, limit),
    )
    return [_deed(row) for row in rows]


def deeds_since(tx: Transaction, whats: Sequence[DeedWhat], since: int) -> list[Deed]:
    """Of these kinds, those after a wall time in ms since 1970 UTC, in order."""
    marks = ", ".join("?" * len(whats))
    rows = tx.rows(
        f"SELECT number, at, by, what, about, note FROM deed WHERE at > ? AND what IN ({marks}) ORDER BY number",
        (since, *whats),
    )
    return [_deed(row) for row in rows]


def last_deed_about(tx: Transaction, about: str, whats: Sequence[DeedWhat]) -> Deed | None:
    """The latest of these kinds that was done to this account."""
    marks = ", ".join("?" * len(whats))
    row = tx.row(
        "SELECT number, at, by, what, about, note FROM deed"
        f" WHERE about = ? AND what IN ({marks}) ORDER BY number DESC LIMIT 1",
        (about, *whats),
    )
    return None if row is None else _deed(row)


def _deed(row: Row) -> Deed:
    return Deed(number=row[0], at=row[1], by=row[2], what=row[3], about=row[4], note=row[5])
