"""The programme: sessions and the attendees' bookings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from checkin.core.model import Session
from checkin.store.engine import Transaction


def save_sessions(tx: Transaction, event: int, sessions: Sequence[Session]) -> None:
    """Put this programme in the place of the one that was stored; bookings of sessions that stay, stay."""
    tx.run("DELETE FROM session WHERE event = ?", (event,))
    tx.run_many(
        "INSERT INTO session (event, id, area, title, subtitle, speakers, language, starts_at, ends_at, bookable)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            )
            for session in sessions
        ],
    )


def load_sessions(tx: Transaction, event: int) -> list[Session]:
    rows = tx.rows(
        "SELECT id, area, title, subtitle, speakers, language, starts_at, ends_at, bookable FROM session"
        " WHERE event = ? ORDER BY starts_at, area",
        (event,),
    )
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
        )
        for row in rows
    ]


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


def booked_by_session(tx: Transaction, event: int) -> dict[str, int]:
    """session → bookings of those who are registered."""
    rows = tx.rows(
        "SELECT session, count(*) FROM booking JOIN attendee ON attendee.id = booking.attendee"
        " WHERE booking.event = ? AND attendee.registration = 'registered' GROUP BY session",
        (event,),
    )
    return dict(rows)
