"""Which of several nodes does what only one may do. A beat is a count: no clock of two nodes is compared."""

from __future__ import annotations

from msgspec import Struct

from checkin.store.engine import Transaction


class Lease(Struct, frozen=True):
    """`beat` grows as long as `holder` lives."""

    holder: str
    beat: int


def load_lease(tx: Transaction, name: str) -> Lease | None:
    row = tx.row("SELECT holder, beat FROM lease WHERE name = ?", (name,))
    return None if row is None else Lease(*row)


def take_lease(tx: Transaction, name: str, holder: str, seen: Lease | None) -> bool:
    """Become the holder, where it stands as it was `seen` still."""
    if load_lease(tx, name) != seen:
        return False
    tx.run("DELETE FROM lease WHERE name = ?", (name,))
    tx.run("INSERT INTO lease (name, holder, beat) VALUES (?, ?, 1)", (name, holder))
    return True


def renew_lease(tx: Transaction, name: str, holder: str) -> bool:
    """Say that the holder lives; False where another is it by now."""
    return tx.run("UPDATE lease SET beat = beat + 1 WHERE name = ? AND holder = ?", (name, holder)) == 1


def drop_lease(tx: Transaction, name: str, holder: str) -> None:
    tx.run("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))
