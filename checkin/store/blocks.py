"""Why somebody may not come in, for those who may know."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from checkin.store.engine import Transaction, json_list


class Block(Struct, frozen=True, kw_only=True):
    attendee: str
    reason: str
    by: str
    at: int


def add_block(tx: Transaction, event: int, block: Block) -> None:
    tx.run(
        "INSERT INTO block (event, attendee, reason, by, at) VALUES (?, ?, ?, ?, ?)",
        (event, block.attendee, block.reason, block.by, block.at),
    )


def lift_block(tx: Transaction, event: int, attendee: str, *, by: str, at: int) -> int:
    """End the blocks of one attendee; returns how many there were."""
    return tx.run(
        "UPDATE block SET lifted_by = ?, lifted_at = ? WHERE event = ? AND attendee = ? AND lifted_at IS NULL",
        (by, at, event, attendee),
    )


def blocks_of(tx: Transaction, event: int, attendees: Iterable[str] | None = None) -> list[Block]:
    """The blocks in force, the newest first; of these attendees, or of all."""
    wanted = None if attendees is None else json_list(attendees)
    rows = tx.rows(
        "SELECT attendee, reason, by, at FROM block WHERE event = ? AND lifted_at IS NULL"
        " AND (CAST(? AS TEXT) IS NULL OR attendee IN (SELECT value FROM json_each(?))) ORDER BY at DESC",
        (event, wanted, wanted),
    )
    return [Block(attendee=row[0], reason=row[1], by=row[2], at=row[3]) for row in rows]
