"""Adds the facts up again and compares with the counters."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from checkin.core.allotment import Ledger
from checkin.core.facts import Sum
from checkin.core.occupancy import Presence, Tally
from checkin.service.ledgers import SetAside
from checkin.service.venues import Venues
from checkin.store import attendees, events, facts, handouts, presences, stations
from checkin.store.engine import Transaction

DIFFERENCES_SHOWN_MAX = 100


def verify(tx: Transaction, venues: Venues, slug: str) -> list[str]:
    """Every difference between what the facts add up to and what is stored, in words; none: all is
    well. Checked are: gapless seq, where each attendee is, the tallies of every area, and what stations hold there."""
    return list(_first(_differences(tx, venues, slug)))


def _differences(tx: Transaction, venues: Venues, slug: str) -> Iterator[str]:
    venue = venues.venue(tx, slug)
    total = Sum()
    seq = 0
    for kept in facts.all_facts(tx, venue.id):
        if kept.seq != seq + 1:
            yield f"facts {seq + 1} to {kept.seq - 1} are missing"
        seq = kept.seq
        total.add(kept.fact)
    event = events.load_event_row(tx, venue.id)
    if event.seq != seq:
        yield f"the event is at seq {event.seq}, its last fact at {seq}"
    stored = presences.load_presences(tx, venue.id)
    where = total.presences
    for attendee in sorted(where.keys() | stored.keys()):
        if where.get(attendee) != stored.get(attendee):
            told, found = _place(where.get(attendee)), _place(stored.get(attendee))
            yield f"attendee {attendee}: facts say {told}, stored is {found}"
    if total.items != handouts.load_handouts(tx, venue.id):
        yield "what is handed out differs from what the facts say"
    rows = presences.load_tallies(tx, venue.id)
    if event.stations:
        aside = SetAside(Ledger(venue.layout, stations.load_ledger(tx, venue.id)))
        for area in venue.layout.areas:
            stored_aside = rows[area].set_aside if area in rows else 0
            if stored_aside != aside[area]:
                yield f"area {area}: the ledger sets {aside[area]} places aside, stored is {stored_aside}"
    tallies = {area: row.tally for area, row in rows.items()}
    for area, tally in total.house(venue.layout, venue.programme, attendees.claimants(tx, venue.id)).tallies.items():
        if tally != tallies.get(area, Tally()):
            yield f"area {area}: facts add up to {_numbers(tally)}, stored is {_numbers(tallies.get(area, Tally()))}"


def _first(differences: Iterator[str]) -> Iterator[str]:
    for number, difference in enumerate(differences):
        if number == DIFFERENCES_SHOWN_MAX:
            yield "… and more"
            return
        yield difference


def _place(presence: Presence | None) -> str:
    if presence is None:
        return "never here"
    return (
        f"{presence.area or 'outside'} since {presence.since_at} by {presence.door} as {presence.counts_as},"
        f" in the house first at {presence.arrived_at}"
    )


def _numbers(tally: Tally) -> str:
    return ", ".join(f"{number} {word}" for word, number in msgspec.structs.asdict(tally).items())
