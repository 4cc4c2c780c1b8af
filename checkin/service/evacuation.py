"""Evacuation: no door lets anybody in until the all-clear; every door lets out."""

from __future__ import annotations

from msgspec import Struct

from checkin.core.admission import Evacuation
from checkin.core.facts import AreaCount, Evacuated
from checkin.core.occupancy import Certainty, Tally
from checkin.service.journal import Journal
from checkin.service.people import names_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, events, facts, lines, presences
from checkin.store.engine import Transaction
from checkin.store.events import EventRow
from checkin.store.presences import TallyRow
from checkin.wire import EvacuationSent, iso

COMING_BACK_MS = 60 * 60_000
"""For so long after a drill or a false alarm a door asks nobody who comes back in."""


class AreaEvacuated(Struct, frozen=True, kw_only=True):
    """An area in an evacuation: how many were inside as it began, and are now."""

    id: str
    name: str
    began_with: int
    known: int
    uncounted: int
    plus_minus: int
    wheelchair: int


class PersonHelped(Struct, frozen=True, kw_only=True):
    """One who may need help on the way out."""

    id: str
    name: str
    area: str
    wheelchair: bool
    needs: str
    phone: str


class EvacuationShown(Struct, frozen=True, kw_only=True):
    """How it stands: for the fire brigade, and for those who go and look."""

    state: Evacuation
    now: str
    since: str | None
    areas: list[AreaEvacuated]
    helped: list[PersonHelped]
    earlier: list[EvacuatedShown]


class EvacuatedShown(Struct, frozen=True, kw_only=True):
    """A beginning or an end of before, with the count of the house at that moment."""

    what: str
    drill: bool
    at: str
    by: str
    house: int


def evacuation_of(row: EventRow) -> Evacuation:
    if not row.evacuation:
        return "none"
    return "drill" if row.drill else "evacuation"


def evacuate(tx: Transaction, venues: Venues, slug: str, sent: EvacuationSent, *, now: int, by: str) -> bool:
    """Begin or end an evacuation or drill, at every door at once; whether that changed anything.

    The counts of this moment are kept with the fact. At the all-clear everybody is outside and the
    count begins anew; a drill or a false alarm leaves every count as it is. An evacuation takes the
    place of a drill.
    """
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    event = journal.event
    drill = sent.drill if sent.active else event.drill
    if event.evacuation == sent.active and (not sent.active or event.drill == drill or drill):
        return False
    tallies = presences.load_tallies(tx, venue.id)
    fact = Evacuated(
        what="begun" if sent.active else "withdrawn" if sent.false_alarm else "ended",
        drill=drill,
        at=now,
        by=by,
        counts=tuple(AreaCount(area, row.tally.known, row.tally.uncounted) for area, row in tallies.items()),
    )
    seq = journal.add(fact)
    if fact.empties:
        presences.empty_house(tx, venue.id, now)
        lines.end_all_waiting(tx, venue.id, now)
        emptied = {area: TallyRow(Tally(), seq, now, Certainty(at=now)) for area in tallies}
        presences.save_tallies(tx, venue.id, emptied)
        venues.ledgers.empty(tx, event, venue.layout, now)
    events.set_evacuation(
        tx,
        venue.id,
        active=sent.active,
        drill=drill and sent.active,
        reentry_until=None if sent.active or fact.empties else now + COMING_BACK_MS,
    )
    journal.write()
    return True


def evacuation_now(tx: Transaction, venues: Venues, slug: str, now: int) -> EvacuationShown:
    """How the house stands: the count of each area, those who may need help, and what was before."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, row)
    history, operators = facts.evacuations(tx, venue.id), names_of(tx, venue.id)
    rows = presences.load_tallies(tx, venue.id)
    begun = next((fact for fact in reversed(history) if fact.what == "begun"), None) if row.evacuation else None
    began_with = {one.area: one.known + one.uncounted for one in begun.counts} if begun else {}
    return EvacuationShown(
        state=evacuation_of(row),
        now=iso(now, venue.layout),
        since=iso(begun.at, venue.layout) if begun else None,
        areas=[_area(venue, area, rows.get(area), began_with.get(area)) for area in venue.layout.areas],
        helped=[
            PersonHelped(
                id=one.id,
                name=one.name,
                area=there.area or "",
                wheelchair=one.wheelchair,
                needs=one.needs,
                phone=one.phone,
            )
            for one, there in attendees.needing_help(tx, venue.id)
        ],
        earlier=[
            EvacuatedShown(
                what=fact.what,
                drill=fact.drill,
                at=iso(fact.at, venue.layout),
                by=operators.get(fact.by, fact.by),
                house=sum(
                    max(0, one.known + one.uncounted) for one in fact.counts if one.area == venue.layout.house.id
                ),
            )
            for fact in history
        ],
    )


def _area(venue: Venue, area: str, row: TallyRow | None, began_with: int | None) -> AreaEvacuated:
    tally = row.tally if row is not None else Tally()
    return AreaEvacuated(
        id=area,
        name=venue.layout.areas[area].name,
        began_with=tally.everybody if began_with is None else max(0, began_with),
        known=tally.known,
        uncounted=tally.uncounted,
        plus_minus=row.certainty.plus_minus(tally.everybody) if row is not None else 0,
        wheelchair=tally.shares.get("wheelchair", 0),
    )
