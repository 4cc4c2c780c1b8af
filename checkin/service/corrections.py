"""Headcounts and clicks: what an operator knows about an area that no badge told."""

from __future__ import annotations

import hmac

from msgspec import Struct

from checkin.core.allotment import Ledger
from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Corrected
from checkin.core.occupancy import Certainty, House
from checkin.service.journal import Journal
from checkin.service.ledgers import Passages
from checkin.service.people import Principal, check_area
from checkin.service.scans import CONTENT_BYTES
from checkin.service.seats import seats_of
from checkin.service.venues import Venue, Venues
from checkin.store import facts, presences, stations
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow
from checkin.wire import AreaNow, CorrectionAnswer, CorrectionSent, area_now


class Correction(Struct, frozen=True):
    """The answer to a correction, and whether it had been answered before."""

    answer: CorrectionAnswer
    repeated: bool


def correct(tx: Transaction, venues: Venues, slug: str, sent: CorrectionSent, *, now: int, by: str) -> Correction:
    """Take a headcount (the number of people in the area) or a change of ±n into the count.

    The count of an area never goes below 0. Raises `BadInput` unless exactly one of the two is given,
    `Conflict` for a reused id, `NotFound`.
    """
    if (sent.headcount is None) == (sent.change is None):
        raise BadInput("Send either “headcount” or “change”.", code="correction_unclear")
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    venue.layout.area(sent.area)
    rows = presences.load_tallies(tx, venue.id)
    certainty = {area: rows[area].certainty if area in rows else Certainty() for area in venue.layout.areas}
    seats = seats_of(tx, venue, rows, now)
    house = seats.house

    def shown() -> AreaNow:
        return area_now(seats, sent.area, certainty[sent.area], at=now, evacuation=journal.event.evacuation)

    content = hmac.digest(venue.key, f"{sent.area}\0{sent.headcount}\0{sent.change}\0{sent.note}".encode(), "sha256")[
        :CONTENT_BYTES
    ]
    earlier = facts.facts_by_id(tx, venue.id, [str(sent.id)]).get(str(sent.id))
    if earlier is not None:
        if earlier.content != content or not isinstance(earlier.fact, Corrected):
            raise Conflict("This id was sent before with other content.", code="id_reused")
        return Correction(
            CorrectionAnswer(id=str(sent.id), seq=earlier.seq, change=earlier.fact.change, area=shown()), repeated=True
        )
    tally = house.tallies[sent.area]
    ledger = venues.ledgers.take(tx, journal.event, venue.layout) if sent.headcount is not None else None
    in_doorways = counted(tx, venues, venue, ledger, house, sent.area, now) if ledger is not None else 0
    had_others = tally.uncounted > 0
    wanted = (
        sent.headcount + in_doorways if sent.headcount is not None else max(0, tally.everybody + (sent.change or 0))
    )
    (_, change), *around = house.count(sent.area, wanted - (tally.known + tally.uncounted))
    if ledger is not None:
        if had_others or tally.uncounted > 0:
            ledger.found_others(sent.area)
        if sent.headcount == 0:
            ledger.found_nobody(sent.area)
        venues.ledgers.save(tx, journal.event, ledger)
    before = None
    if sent.headcount is not None:
        before, certainty[sent.area] = certainty[sent.area], Certainty(at=now)
    seq = journal.add(
        Corrected(
            id=str(sent.id),
            area=sent.area,
            change=change,
            around=tuple(around),
            at=now,
            by=by,
            headcount=sent.headcount,
            note=sent.note,
            before=before,
        ),
        content,
    )
    journal.write()
    changed = {sent.area, *(area for area, _ in around)}
    presences.save_tallies(
        tx, venue.id, {area: TallyRow(house.tallies[area], seq, now, certainty[area]) for area in changed}
    )
    return Correction(CorrectionAnswer(id=str(sent.id), seq=seq, change=change, area=shown()), repeated=False)


def counted(tx: Transaction, venues: Venues, venue: Venue, ledger: Ledger, house: House, area: str, now: int) -> int:
    """Tell the ledger that somebody has counted an area; returns how many are to be added to the number found."""
    doors = {one.id: one.door for one in stations.load_stations(tx, venue.id).values() if not one.revoked}
    return Passages(ledger, house, venues.ledgers.linked.get(venue.id), doors).headcount(area, now)


def undo_correction(
    tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: Principal
) -> CorrectionAnswer:
    """Take a correction back, in every area that it changed; a headcount leaves the count as sure as it was.

    Raises `NotFound`, `NotAllowed` at another door's area, `Conflict` where it was taken back already
    (`nothing_to_undo`) or the area was counted anew since (`counted_since`).
    """
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    undo_id = f"undo {id}"
    found = facts.facts_by_id(tx, venue.id, [id, undo_id])
    kept = found.get(id)
    if kept is None or not isinstance(kept.fact, Corrected):
        raise NotFound("This event has no such correction.", code="correction_unknown")
    fact = kept.fact
    check_area(by, fact.area, venue.layout)
    if undo_id in found or fact.undoes is not None:
        raise Conflict("This was taken back already.", code="nothing_to_undo")
    if fact.headcount is not None and journal.event.stations:
        raise Conflict("Stations went by this count. Count the area again.", code="counted_since")
    rows = presences.load_tallies(tx, venue.id)
    if rows[fact.area].certainty.at > fact.at:
        raise Conflict("This area was counted anew since. That count stands.", code="counted_since")
    seats = seats_of(tx, venue, rows, now)
    tallies = seats.house.tallies
    changes = [(area, max(-change, -tallies[area].known - tallies[area].uncounted)) for area, change in fact.changes]
    for area, change in changes:
        seats.house.correct(area, change)
    (_, change), *around = changes
    undone = Corrected(id=undo_id, area=fact.area, change=change, around=tuple(around), at=now, by=by.id, undoes=id)
    seq = journal.add(undone)
    journal.write()
    certainty = {area: rows[area].certainty for area, _ in changes} | (
        {fact.area: fact.before} if fact.before is not None else {}
    )
    presences.save_tallies(
        tx, venue.id, {area: TallyRow(tallies[area], seq, now, certainty[area]) for area, _ in changes}
    )
    shown = area_now(seats, fact.area, certainty[fact.area], at=now, evacuation=journal.event.evacuation)
    return CorrectionAnswer(id=undo_id, seq=seq, change=change, area=shown)
