"""Tables out: attendees, scans, attendance."""

from __future__ import annotations

from typing import Literal

from checkin.core.facts import Scanned
from checkin.exchange.tables import Table
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, badges, facts, presences
from checkin.store.engine import Transaction
from checkin.wire import iso

What = Literal["attendees", "scans", "attendance"]


def table(tx: Transaction, venues: Venues, slug: str, what: What) -> Table:
    """One of the tables of an event.

    attendees: everybody with registration and badge. scans: every scan in its order, with ids
    alone. attendance: who was in the house, when first, where now or when last left.
    """
    venue = venues.venue(tx, slug)
    match what:
        case "attendees":
            return _attendees(tx, venue)
        case "scans":
            return _scans(tx, venue)
        case "attendance":
            return _attendance(tx, venue)


def _attendees(tx: Transaction, venue: Venue) -> Table:
    header = (*attendees.FIELDS, "desk_number", "badge_generation")
    held = badges.latest_badges(tx, venue.id)
    rows = []
    for one in attendees.load_attendees(tx, venue.id):
        badge = held.get(one.id)
        values = [getattr(one, field) for field in attendees.FIELDS]
        rows.append((*values, badge.desk_number if badge else None, badge.generation if badge else None))
    return Table(header, rows)


def _scans(tx: Transaction, venue: Venue) -> Table:
    header = ("seq", "received_at", "scanned_at", "door", "direction", "outcome", "kind", "reason", "attendee")
    rows = []
    for kept in facts.all_facts(tx, venue.id):
        fact = kept.fact
        if not isinstance(fact, Scanned):
            continue
        decision = fact.decision
        rows.append(
            (
                kept.seq,
                iso(fact.received_at, venue.layout),
                iso(fact.scanned_at, venue.layout),
                fact.door,
                fact.direction,
                decision.outcome,
                decision.kind,
                decision.refusal.reason if decision.refusal else None,
                decision.attendee,
            )
        )
    return Table(header, rows)


def _attendance(tx: Transaction, venue: Venue) -> Table:
    header = ("attendee", "name", "organisation", "group", "arrived_at", "inside", "since_at", "door")
    where = presences.load_presences(tx, venue.id)
    rows = [
        (
            one.id,
            one.name,
            one.organisation,
            one.group,
            iso(where[one.id].arrived_at, venue.layout),
            where[one.id].area,
            iso(where[one.id].since_at, venue.layout),
            where[one.id].door,
        )
        for one in attendees.load_attendees(tx, venue.id)
        if one.id in where
    ]
    return Table(header, rows)
