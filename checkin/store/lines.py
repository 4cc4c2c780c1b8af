"""The waiting lines of areas."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from checkin.core.holds import Line, Waiting
from checkin.store.engine import Transaction


def load_lines(tx: Transaction, event: int) -> dict[str, Line]:
    """area → who waits there now, of the areas where somebody does."""
    return ask_lines(tx, event)()


def ask_lines(tx: Transaction, event: int) -> Callable[[], dict[str, Line]]:
    """As `load_lines`, for later."""
    asked = tx.ask_together(
        "SELECT area, number, attendee, since_at, called_at FROM waiting"
        " WHERE event = ? AND ended_at IS NULL ORDER BY number",
        (event,),
    )

    def taken() -> dict[str, Line]:
        waiting: dict[str, list[Waiting]] = {}
        for area, number, attendee, since_at, called_at in asked():
            one = Waiting(number=number, attendee=attendee, since_at=since_at, called_at=called_at)
            waiting.setdefault(area, []).append(one)
        return {area: Line(there) for area, there in waiting.items()}

    return taken


def last_numbers(tx: Transaction, event: int) -> dict[str, int]:
    """area → the last number that its line has given out."""
    return dict(tx.rows("SELECT area, max(number) FROM waiting WHERE event = ? GROUP BY area", (event,)))


def add_waiting(tx: Transaction, event: int, area: str, waiting: Iterable[Waiting]) -> None:
    tx.run_many(
        "INSERT INTO waiting (event, area, number, attendee, since_at, called_at) VALUES (?, ?, ?, ?, ?, ?)",
        [(event, area, one.number, one.attendee, one.since_at, one.called_at) for one in waiting],
    )


def call_waiting(tx: Transaction, event: int, area: str, called: Iterable[Waiting]) -> None:
    tx.run_many(
        "UPDATE waiting SET called_at = ? WHERE event = ? AND area = ? AND number = ?",
        [(one.called_at, event, area, one.number) for one in called],
    )


def end_all_waiting(tx: Transaction, event: int, at: int) -> None:
    """Nobody waits any more."""
    tx.run("UPDATE waiting SET ended_at = ? WHERE event = ? AND ended_at IS NULL", (at, event))


def end_waiting(tx: Transaction, event: int, area: str, numbers: Iterable[int], at: int) -> None:
    """These numbers have come in, or given up."""
    tx.run_many(
        "UPDATE waiting SET ended_at = ? WHERE event = ? AND area = ? AND number = ?",
        [(at, event, area, number) for number in numbers],
    )
