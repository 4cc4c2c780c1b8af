"""The programme: sessions and the attendees' bookings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from checkin.core.model import Session
from checkin.store.engine import Transaction, json_list

_COLUMNS = "id, area, title, subtitle, speakers, language, starts_at, ends_at, bookable, bookings_max, cancelled"
_CHANGES = ", ".join(f"{column} = excluded.{column}" for column in _COLUMNS.split(", ")[1:])


def save_sessions(tx: Transaction, event: int, sessions: Sequence[Session]) -> None:
    """Put this programme in the place of the one that was stored; bookings of sessions that stay, stay."""
    tx.run("DELETE FROM session WHERE event = ?", (event,))
    change_sessions(tx, event, sessions)


def change_sessions(tx: Transaction, event: int, sessions: Sequence[Session]) -> None:
    """Put each in the place of the one with its id, or add it."""
    tx.run_many(
        f"INSERT INTO session (event, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        f" ON CONFLICT (event, id) DO UPDATE SET {_CHANGES}",
        [
            (
                event,
                session.id,
                session.area,
                session.title,
                session.subtitle,
                json.dumps(session.speakers, ensure_ascii=False),
                session.language,
                session.starts_at,
                session.ends_at,
                int(session.bookable),
                session.bookings_max,
                int(session.cancelled),
            )
            for session in sessions
        ],
    )


def load_sessions(tx: Transaction, event: int) -> list[Session]:
    rows = tx.rows(f"SELECT {_COLUMNS} FROM session WHERE event = ? ORDER BY starts_at, area", (event,))
    return [
        Session(
            id=row[0],
            area=row[1],
            title=row[2],
            subtitle=row[3],
            speakers=tuple(json.loads(row[4])),
            language=row[5],
            starts_at=row[6],
            ends_at=row[7],
            bookable=bool(row[8]),
            bookings_max=row[9],
            cancelled=bool(row[10]),
        )
        for row in rows
    ]


def has_bookings(tx: Transaction, event: int, session: str) -> bool:
    return tx.row("SELECT 1 FROM booking WHERE event = ? AND session = ? LIMIT 1", (event, session)) is not None


def areas_in_use(tx: Transaction, event: int) -> set[str]:
    """The areas that a session is in."""
    return {area for (area,) in tx.rows("SELECT DISTINCT area FROM session WHERE event = ?", (event,))}


def drop_session(tx: Transaction, event: int, id: str) -> None:
    """One that nobody has booked."""
    tx.run("DELETE FROM session WHERE event = ? AND id = ?", (event, id))


def add_bookings(tx: Transaction, event: int, bookings: Iterable[tuple[str, str]]) -> None:
    """(session, attendee); one that exists already is left as it is."""
    tx.run_many(
        "INSERT INTO booking (event, session, attendee) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(event, session, attendee) for session, attendee in bookings],
    )


def drop_bookings_of(tx: Transaction, event: int, attendees: Iterable[str]) -> None:
    tx.run_many("DELETE FROM booking WHERE event = ? AND attendee = ?", [(event, one) for one in attendees])


def sessions_of_attendees(tx: Transaction, event: int) -> dict[str, list[str]]:
    """attendee → the sessions booked."""
    booked: dict[str, list[str]] = {}
    for attendee, session in tx.rows("SELECT attendee, session FROM booking WHERE event = ?", (event,)):
        booked.setdefault(attendee, []).append(session)
    return booked


def drop_bookings(tx: Transaction, event: int, bookings: Iterable[tuple[str, str]]) -> None:
    """(session, attendee); one that does not exist is no matter."""
    tx.run_many(
        "DELETE FROM booking WHERE event = ? AND session = ? AND attendee = ?",
        [(event, session, attendee) for session, attendee in bookings],
    )


def bookings_of(tx: Transaction, attendee: str) -> tuple[str, ...]:
    """The sessions that one has booked."""
    rows = tx.rows("SELECT session FROM booking WHERE attendee = ? ORDER BY session", (attendee,))
    return tuple(row[0] for row in rows)


def booked_by_session(tx: Transaction, event: int, sessions: Iterable[str] | None = None) -> dict[str, int]:
    """session → bookings of those who are registered; of these sessions, or of all."""
    if sessions is None:
        rows = tx.rows(
            "SELECT session, count(*) FROM booking JOIN attendee ON attendee.id = booking.attendee"
            " WHERE booking.event = ? AND attendee.registration = 'registered' GROUP BY session",
            (event,),
        )
    else:
        rows = tx.rows(
            "SELECT b.session, count(*) FROM json_each(?) AS wanted"
            " CROSS JOIN booking AS b ON b.event = ? AND b.session = wanted.value"
            " JOIN attendee AS a ON a.id = b.attendee WHERE a.registration = 'registered' GROUP BY b.session",
            (json_list(sessions), event),
        )
    return dict(rows)


def booked_in_wheelchairs(tx: Transaction, event: int) -> list[tuple[str, str]]:
    """(session, attendee) of those who use a wheelchair."""
    return [
        (session, attendee)
        for session, attendee in tx.rows(
            "SELECT b.session, b.attendee FROM attendee AS a CROSS JOIN booking AS b ON b.attendee = a.id"
            " WHERE a.event = ? AND a.wheelchair <> 0 AND a.registration = 'registered' ORDER BY b.session, b.attendee",
            (event,),
        )
    ]
