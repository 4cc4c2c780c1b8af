"""Badges, and the codes that lead to an attendee."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from checkin.core.model import Badge
from checkin.store.engine import Row, Transaction, json_list

_COLUMNS = (
    "badge.id, badge.attendee, badge.generation, badge.code, badge.desk_number, badge.state,"
    " badge.issued_at, badge.replaced_at, badge.printed_at, badge.handed_at"
)


def add_badges(tx: Transaction, event: int, badges: Sequence[Badge]) -> None:
    """Add badges; their code and desk number lead to the attendee from now on."""
    tx.run_many(
        "INSERT INTO badge (id, event, attendee, generation, code, desk_number, state, issued_at, replaced_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                badge.id,
                event,
                badge.attendee,
                badge.generation,
                badge.code,
                badge.desk_number,
                badge.state,
                badge.issued_at,
                badge.replaced_at,
            )
            for badge in badges
        ],
    )
    tx.run_many(
        "INSERT INTO code (event, text, attendee, badge) VALUES (?, ?, ?, ?)",
        [(event, badge.code, badge.attendee, badge.id) for badge in badges],
    )
    # A ticket of another system may be the same number: it was there first, and people have it in hand.
    tx.run_many(
        "INSERT INTO code (event, text, attendee, badge) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(event, str(badge.desk_number), badge.attendee, badge.id) for badge in badges],
    )


def replace_badges(tx: Transaction, badges: Iterable[str], at: int, desk: str = "") -> None:
    """The earlier generation is void from now on; its codes still lead to it, to say so, and `desk` where."""
    tx.run_many(
        "UPDATE badge SET state = 'replaced', replaced_at = ?, replaced_at_desk = ? WHERE id = ? AND state = 'valid'",
        [(at, desk, badge) for badge in badges],
    )


def restore_badges(tx: Transaction, badges: Iterable[str]) -> None:
    """What replaced them was taken back: they are valid again."""
    tx.run_many(
        "UPDATE badge SET state = 'valid', replaced_at = NULL, replaced_at_desk = ''"
        " WHERE id = ? AND state = 'replaced'",
        [(badge,) for badge in badges],
    )


def set_printed(tx: Transaction, badge: str, at: int) -> None:
    tx.run("UPDATE badge SET printed_at = ? WHERE id = ?", (at, badge))


def set_printed_by_number(tx: Transaction, event: int, desk_numbers: Iterable[int], at: int) -> None:
    tx.run_many(
        "UPDATE badge SET printed_at = ? WHERE event = ? AND desk_number = ?",
        [(at, event, number) for number in desk_numbers],
    )


def set_handed(tx: Transaction, badge: str, at: int | None) -> None:
    tx.run("UPDATE badge SET handed_at = ? WHERE id = ?", (at, badge))


def latest_badges(tx: Transaction, event: int, attendees: Iterable[str] | None = None) -> dict[str, Badge]:
    """attendee → the valid badge, else the one of the highest generation; of these attendees, or of all."""
    order = "ORDER BY CASE badge.state WHEN 'valid' THEN 1 ELSE 0 END, generation"
    if attendees is None:
        rows = tx.rows(f"SELECT {_COLUMNS} FROM badge WHERE event = ? {order}", (event,))
    else:
        rows = tx.rows(
            # The sign keeps SQLite from walking through all badges of the event for each one of these.
            f"SELECT {_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN badge ON badge.attendee = wanted.value"
            f" WHERE +badge.event = ? {order}",
            (json_list(attendees), event),
        )
    return {row[1]: _badge(row) for row in rows}


def badges_of(tx: Transaction, event: int, attendee: str) -> list[Badge]:
    """Every badge this attendee ever had, the first one first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM badge WHERE event = ? AND attendee = ? ORDER BY generation", (event, attendee)
    )
    return [_badge(row) for row in rows]


def attendees_of_badges(tx: Transaction, event: int, ids: Iterable[str]) -> dict[str, str]:
    """badge → whose it is; unknown ids are left out."""
    rows = tx.rows(
        "SELECT badge.id, badge.attendee FROM json_each(?) AS wanted"
        " CROSS JOIN badge ON badge.id = wanted.value AND badge.event = ?",
        (json_list(ids), event),
    )
    return dict(rows)


def badge_ids_of(tx: Transaction, event: int, attendees: Iterable[str]) -> set[str]:
    """Every badge that these attendees ever had."""
    rows = tx.rows(
        "SELECT badge.id FROM json_each(?) AS wanted"
        " CROSS JOIN badge ON badge.attendee = wanted.value AND +badge.event = ?",
        (json_list(attendees), event),
    )
    return {row[0] for row in rows}


def load_badge(tx: Transaction, event: int, id: str) -> Badge | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM badge WHERE event = ? AND id = ?", (event, id))
    return None if row is None else _badge(row)


def add_ticket_codes(tx: Transaction, event: int, codes: Iterable[tuple[str, str]]) -> None:
    """(code text, attendee) of other systems; a text that leads somewhere already is left as it is."""
    tx.run_many(
        "INSERT INTO code (event, text, attendee) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(event, text, attendee) for text, attendee in codes],
    )


def _badge(row: Row) -> Badge:
    return Badge(
        id=row[0],
        attendee=row[1],
        generation=row[2],
        code=row[3],
        desk_number=row[4],
        state=row[5],
        issued_at=row[6],
        replaced_at=row[7],
        printed_at=row[8],
        handed_at=row[9],
    )
