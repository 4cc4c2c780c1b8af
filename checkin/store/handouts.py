"""Items in somebody's hands, kept in step with the facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from checkin.core.admission import Given
from checkin.store.engine import Transaction


def save_handouts(tx: Transaction, event: int, given: Mapping[tuple[str, str], Given]) -> None:
    """(attendee, item) → since when and from which door."""
    tx.run_many(
        "INSERT INTO handout (attendee, item, event, at, door) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (attendee, item) DO UPDATE SET at = excluded.at, door = excluded.door",
        [(attendee, item, event, one.at, one.door) for (attendee, item), one in given.items()],
    )


def drop_handouts(tx: Transaction, returned: Iterable[tuple[str, str]]) -> None:
    """(attendee, item) that was given back."""
    tx.run_many("DELETE FROM handout WHERE attendee = ? AND item = ?", returned)


def load_handouts(tx: Transaction, event: int) -> set[tuple[str, str]]:
    """(attendee, item) of everything handed out and not given back."""
    return {(row[0], row[1]) for row in tx.rows("SELECT attendee, item FROM handout WHERE event = ?", (event,))}
