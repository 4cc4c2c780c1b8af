"""The end of the day: whoever nobody saw leave is taken as gone, and marked so."""

from __future__ import annotations

import msgspec

from checkin.core.facts import ASSUMED_NOTE, Assumed, Corrected
from checkin.core.schedule import MINUTE_MS
from checkin.service.journal import Journal
from checkin.service.venues import Venue, Venues, recount
from checkin.store import events, lines, presences
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow


def close_day(tx: Transaction, venues: Venues, slug: str, *, now: int, by: str) -> int:
    """Take everybody inside as gone at the end of the programme (or at `now`, where that is earlier or
    there is none); returns how many. Each gets a fact of their own, marked as assumed."""
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    at = min(now, venue.programme.ends_at or now)
    inside = {who: there for who, there in presences.load_presences(tx, venue.id).items() if there.area is not None}
    for who, there in inside.items():
        left_at = max(at, there.since_at)
        journal.add(Assumed(attendee=who, area=there.area or "", counts_as=there.counts_as, at=left_at, by=by))
        presences.leave(tx, who, left_at)
    _uncounted_leave(tx, journal, venue, now=now, by=by)
    lines.end_all_waiting(tx, venue.id, now)
    events.set_closed(tx, venue.id, now)
    journal.write()
    recount(tx, venue.id, seq=journal.seq, now=now)
    venues.ledgers.empty(tx, journal.event, venue.layout, now)
    return len(inside)


def is_over(tx: Transaction, venues: Venues, slug: str, now: int) -> bool:
    """Whether the day's programme ended long enough ago, and the day is not closed yet."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, row)
    ends_at = venue.programme.ends_at
    wait_ms = venue.layout.event.closes_after_min * MINUTE_MS
    return row.closed_at is None and not row.evacuation and ends_at is not None and now >= ends_at + wait_ms


def _uncounted_leave(tx: Transaction, journal: Journal, venue: Venue, *, now: int, by: str) -> None:
    """Those without a badge leave with the others."""
    left: dict[str, TallyRow] = {}
    for area, row in presences.load_tallies(tx, venue.id).items():
        change = -row.tally.uncounted
        if change and area in venue.layout.areas:
            id = f"closing {journal.seq + 1}"
            seq = journal.add(Corrected(id=id, area=area, change=change, at=now, by=by, note=ASSUMED_NOTE))
            tally = msgspec.structs.replace(row.tally, uncounted=0)
            left[area] = TallyRow(tally, seq, now, row.certainty, row.set_aside)
    presences.save_tallies(tx, venue.id, left)
