"""The programme: taken in from a file."""

from __future__ import annotations

from collections.abc import Sequence

from checkin.core.facts import Changed
from checkin.core.model import Session
from checkin.service.journal import Journal
from checkin.service.venues import Venues
from checkin.store import sessions
from checkin.store.engine import Transaction


def import_schedule(
    tx: Transaction, venues: Venues, slug: str, programme: Sequence[Session], *, now: int, by: str
) -> None:
    """Make this the programme of the event. Bookings of sessions that stay, stay."""
    venue = venues.venue(tx, slug)
    sessions.save_sessions(tx, venue.id, programme)
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="schedule", what="imported", at=now, by=by, count=len(programme)))
    journal.write()
