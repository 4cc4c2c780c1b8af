"""Whether everybody may read the programme."""

from __future__ import annotations

from checkin.store.engine import Transaction


def is_programme_public(tx: Transaction, event: int) -> bool:
    row = tx.row("SELECT programme_public FROM event WHERE id = ?", (event,))
    return row is not None and bool(row[0])


def set_programme_public(tx: Transaction, event: int, public: bool) -> bool:
    """Whether that was new."""
    return (
        tx.run(
            "UPDATE event SET programme_public = ? WHERE id = ? AND programme_public <> ?",
            (int(public), event, int(public)),
        )
        > 0
    )
