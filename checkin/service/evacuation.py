"""Evacuation: no door lets anybody in until the all-clear; every door lets out."""

from __future__ import annotations

from checkin.core.facts import Changed
from checkin.service.journal import Journal
from checkin.service.venues import Venues
from checkin.store import events
from checkin.store.engine import Transaction


def evacuate(tx: Transaction, venues: Venues, slug: str, active: bool, *, now: int, by: str) -> bool:
    """Begin or end an evacuation, at every door at once; whether that changed anything."""
    journal = Journal(tx, venues.id(tx, slug))
    if journal.event.evacuation == active:
        return False
    events.set_evacuation(tx, journal.event.id, active)
    journal.add(Changed(noun="evacuation", what="begun" if active else "ended", at=now, by=by))
    journal.write()
    return True
