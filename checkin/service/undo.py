"""A finger slipped: a scan is taken back within half a minute, as if it had not been."""

from __future__ import annotations

import msgspec

from checkin.core.errors import Conflict, NotFound
from checkin.core.facts import Scanned, Undone, presence_after, presence_before
from checkin.core.holds import Seats
from checkin.core.occupancy import Presence
from checkin.service.journal import Journal
from checkin.service.people import Principal, check
from checkin.service.seats import claimant_of, seats_of
from checkin.service.venues import Venues
from checkin.store import facts, presences, sessions
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow
from checkin.wire import ScanUndone

UNDO_MS_MAX = 35_000
"""Half a minute, and a little for the way here."""


def undo_scan(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: Principal) -> ScanUndone:
    """Put the attendee of an admitted scan back to where they were; what it booked is freed, what it
    freed is booked. The scan stays as the fact it is.

    Raises `NotFound` for an unknown scan, `NotAllowed` for one at a door that is not theirs, `Conflict`
    for one that moved nobody (`nothing_to_undo`), that is too long ago (`undo_late`), after which the
    attendee has moved on (`moved_on`), or an exit whose place was taken meanwhile (`place_taken`).
    """
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    kept = facts.facts_by_id(tx, venue.id, [id]).get(id)
    if kept is None or not isinstance(kept.fact, Scanned):
        raise NotFound("This event has no such scan.", code="scan_unknown")
    scan, decision = kept.fact, kept.fact.decision
    check(by, "scan", door=scan.door)
    attendee = decision.attendee
    if attendee is None or presence_after(scan, None) is None:
        raise Conflict("This scan has moved nobody.", code="nothing_to_undo")
    there = presences.presences_of(tx, [attendee]).get(attendee)
    if there is None or there != presence_after(scan, there):
        raise Conflict("This person has moved on since, or the scan was taken back.", code="moved_on")
    if now - scan.received_at > UNDO_MS_MAX:
        raise Conflict("A scan can be taken back for half a minute. Scan the exit instead.", code="undo_late")
    before = presence_before(scan, facts.last_passage(tx, venue.id, attendee, kept.seq), there)
    rows = presences.load_tallies(tx, venue.id)
    seats = seats_of(tx, venue, rows, now)
    taken = [area for area in seats.house.entered(there.area, decision.leaves) if _is_full(seats, area, there)]
    if taken:
        raise Conflict("The place was taken meanwhile. Count the room instead.", code="place_taken", areas=taken)
    claimant = claimant_of(tx, venue, attendee)
    booked = tuple(one for one in claimant.bookings if one != decision.books) + decision.frees
    if decision.books is not None:
        sessions.drop_bookings(tx, venue.id, [(decision.books, attendee)])
        sessions.add_bookings(tx, venue.id, [(freed, attendee) for freed in decision.frees])
    after = msgspec.structs.replace(claimant, bookings=booked) if decision.books is not None else claimant
    seats.house.move(there.area, decision.leaves, there.counts_as, seats.claims(claimant), seats.claims(after))
    recounts = tuple((area, -change) for area, change in scan.recounts)
    for area, change in recounts:
        seats.house.correct(area, change)
    fact = Undone(
        scan=id,
        attendee=attendee,
        counts_as=there.counts_as,
        leaves=there.area,
        presence=before,
        at=now,
        by=by.id,
        recounts=recounts,
    )
    seq = journal.add(fact)
    journal.write()
    if before is None:
        presences.forget_presence(tx, attendee)
    else:
        presences.save_presences(tx, venue.id, {attendee: before})
    changed = {*venue.layout.path(there.area), *venue.layout.path(decision.leaves)}
    presences.save_tallies(
        tx,
        venue.id,
        {area: TallyRow(seats.house.tallies[area], seq, now, rows[area].certainty) for area in changed},
    )
    return ScanUndone(id=id, seq=seq)


def _is_full(seats: Seats, area: str, there: Presence) -> bool:
    free = seats.house.free(area, there.counts_as)
    return free is not None and free <= 0
