"""Stations: paired by a one-time code, seen, and the conflicts that they leave for a person to settle."""

from __future__ import annotations

import secrets
from typing import Annotated

from msgspec import Meta, Struct

from checkin.core.allotment import NOTHING, Ledger
from checkin.core.conflict import CaseKind, Verdict, close
from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Changed, Corrected, Scanned
from checkin.core.link import Linked
from checkin.core.occupancy import Certainty
from checkin.service.journal import Journal
from checkin.service.people import names_of, new_token, take_pairing, token_hash
from checkin.service.seats import seats_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, events, facts, people, presences, stations
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow
from checkin.store.stations import Station
from checkin.wire import iso

KEY_BYTES = 32
CONFLICTS_SHOWN_MAX = 200


class StationPaired(Struct, frozen=True, kw_only=True):
    """What a new station keeps. `token` opens the link and nothing else; both it and `key` are told this once."""

    event: str
    station: str
    door: str
    token: str
    key: bytes


class SeatsShown(Struct, frozen=True, kw_only=True):
    """Of one area: how many more a station may let in by itself (`rights`), and how many places it has in all."""

    area: str
    rights: int
    set_aside: int


class StationShown(Struct, frozen=True, kw_only=True):
    """`linked`: heard of lately by this process, `heard_s` ago. `rows` of its log are here, of `due`."""

    id: str
    name: str
    door: str
    revoked: bool
    linked: bool
    heard_s: float | None
    rows: int
    due: int
    retired: bool
    seats: list[SeatsShown]


class StationsShown(Struct, frozen=True, kw_only=True):
    """`frozen`: the areas of which nothing is given away, since it is not known what stations hold there."""

    stations: list[StationShown]
    frozen: list[str]


class SideShown(Struct, frozen=True, kw_only=True):
    door: str
    at: str | None
    outcome: str | None
    offset_s: float | None


class ConflictShown(Struct, frozen=True, kw_only=True):
    """`in_doubt`: the areas where a place is set aside until this is settled."""

    id: str
    kind: str
    attendee: str | None
    sides: list[SideShown]
    centre: SideShown | None
    in_doubt: list[str]
    opened_at: str
    verdict: str | None
    closed_at: str | None
    closed_by: str | None


class ConflictsShown(Struct, frozen=True):
    conflicts: list[ConflictShown]


class VerdictSent(Struct, frozen=True, kw_only=True):
    """What the conflict of this `kind` was. `inside`: the second person of a copied or passed-on badge is there."""

    kind: CaseKind
    verdict: Verdict
    inside: bool = False


class CodeSent(Struct, frozen=True):
    code: Annotated[str, Meta(min_length=1, max_length=200)]


def pair_station(tx: Transaction, venues: Venues, code: str, *, now: int, wall: int) -> StationPaired:
    """Make the door's device of a one-time code a station, with a token and a key of its own. What it was paired
    as before links no more.

    Raises `NotFound` for a code that is unknown, used or expired, `BadInput` for a device of no door, or of a
    counter. `wall`: codes live by real time.
    """
    device = take_pairing(tx, code, wall)
    venue = venues.venue(tx, device.event)
    if device.door is None or venue.layout.doors[device.door].item is not None:
        raise BadInput("A station stands at a door that lets people in or out. Add a device for one.", code="no_door")
    token, key = new_token(), secrets.token_bytes(KEY_BYTES)
    people.drop_tokens_of_device(tx, device.id)
    stations.add_station(tx, venue.id, device.id, token_hash(token), key, now)
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="device", what="paired", at=now, by=f"device:{device.id}", ids=(device.id,)))
    journal.write()
    return StationPaired(event=device.event, station=device.id, door=device.door, token=token, key=key)


def station_of(tx: Transaction, slug: str, token: str) -> Station | None:
    """Who links with this token: a station of this event, perhaps one that was revoked."""
    found = stations.station_by_token(tx, token_hash(token))
    return found if found is not None and found.event == slug else None


def stations_shown(tx: Transaction, venues: Venues, slug: str, *, now: int) -> StationsShown:
    """The stations of an event, and what places each holds."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, row)
    if not row.stations:
        return StationsShown(stations=[], frozen=[])
    ledger = Ledger(venue.layout, stations.load_ledger(tx, venue.id))
    linked = venues.ledgers.linked.get(venue.id, {})
    return StationsShown(
        stations=[
            _shown(one, ledger, linked.get(one.id), now) for one in stations.load_stations(tx, venue.id).values()
        ],
        frozen=[area for area in venue.layout.areas if ledger.is_frozen(area)],
    )


def _shown(one: Station, ledger: Ledger, linked: Linked | None, now: int) -> StationShown:
    epochs = [epoch for epoch in ledger.epochs.values() if epoch.station == one.id]
    current = next((epoch for epoch in epochs if not epoch.retired), None)
    seats: dict[str, SeatsShown] = {}
    for epoch in epochs:
        for area in epoch.areas:
            counters = ledger.counters.get((one.id, epoch.id, area), NOTHING)
            before = seats.get(area, SeatsShown(area=area, rights=0, set_aside=0))
            seats[area] = SeatsShown(
                area=area,
                rights=before.rights + (max(0, counters.rights) if epoch is current else 0),
                set_aside=before.set_aside + (0 if area in epoch.counted else counters.outstanding),
            )
    return StationShown(
        id=one.id,
        name=one.name,
        door=one.door,
        revoked=one.revoked,
        linked=linked is not None,
        heard_s=(now - linked.heard_at) / 1000 if linked is not None else None,
        rows=sum(epoch.have for epoch in epochs),
        due=sum(max(epoch.due, epoch.have) for epoch in epochs),
        retired=bool(epochs) and current is None,
        seats=list(seats.values()),
    )


def retire_station(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: str) -> None:
    """Somebody has switched this station off: it comes back as a new one (`kiosk run --anew`). Its places stay set
    aside until its areas are counted. Raises `NotFound`."""
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    if id not in stations.load_stations(tx, venue.id):
        raise NotFound("This event has no such station.", code="station_unknown")
    ledger = venues.ledgers.take(tx, journal.event, venue.layout)
    assert ledger is not None, "an event with a station has a ledger"
    ledger.retire(id)
    venues.ledgers.linked.get(venue.id, {}).pop(id, None)
    venues.ledgers.save(tx, journal.event, ledger)
    journal.add(Changed(noun="device", what="retired", at=now, by=by, ids=(id,)))
    journal.write()


def conflicts(tx: Transaction, venues: Venues, slug: str) -> ConflictsShown:
    """What a person has to settle, then what was settled last."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, row)
    kept = stations.load_cases(tx, venue.id, CONFLICTS_SHOWN_MAX)
    doubts: dict[str, list[str]] = {}
    for scan, area in Ledger(venue.layout, stations.load_ledger(tx, venue.id)).doubts if kept else {}:
        doubts.setdefault(scan, []).append(area)
    names = attendees.names_by_id(tx, venue.id, {one.case.attendee for one in kept if one.case.attendee})
    answered = facts.facts_by_id(tx, venue.id, {one.case.id for one in kept})
    operators = names_of(tx, venue.id)
    return ConflictsShown(
        [
            ConflictShown(
                id=one.case.id,
                kind=one.case.kind,
                attendee=names[one.case.attendee][0] if one.case.attendee in names else None,
                sides=[
                    SideShown(
                        door=_door(venue, side.door),
                        at=None if side.at is None else iso(side.at, venue.layout),
                        outcome=side.outcome,
                        offset_s=None if side.offset_ms is None else side.offset_ms / 1000,
                    )
                    for side in one.case.sides
                ],
                centre=_centre(venue, answered.get(one.case.id)),
                in_doubt=[venue.layout.areas[area].name for area in doubts.get(one.case.id, ())],
                opened_at=iso(one.opened_at, venue.layout),
                verdict=one.verdict,
                closed_at=None if one.closed_at is None else iso(one.closed_at, venue.layout),
                closed_by=operators.get(one.closed_by or "", one.closed_by),
            )
            for one in kept
        ]
    )


def settle(tx: Transaction, venues: Venues, slug: str, id: str, sent: VerdictSent, *, now: int, by: str) -> None:
    """Settle what one scan has opened: its places are free, or a second person who is there is counted.

    Raises `NotFound`, and `Conflict` for one that is settled already.
    """
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    kept = next((one for one in stations.cases_of(tx, venue.id, id) if one.case.kind == sent.kind), None)
    if kept is None:
        raise NotFound("This event has no such conflict.", code="conflict_unknown")
    if kept.closed_at is not None:
        raise Conflict("This conflict is settled already.", code="conflict_settled")
    ledger = venues.ledgers.take(tx, journal.event, venue.layout)
    assert ledger is not None, "a conflict comes of a station"
    closing = close(kept.case, sent.verdict, ledger.settle(id, kept.case.areas), sent.inside)
    venues.ledgers.save(tx, journal.event, ledger)
    stations.close_case(tx, venue.id, id, sent.kind, sent.verdict, at=now, by=by)
    journal.add(Changed(noun="conflict", what="settled", at=now, by=by, ids=(id,), note=sent.verdict))
    if closing.corrections:
        (area, change), *around = closing.corrections
        seq = journal.add(Corrected(id=f"conflict {id}", area=area, change=change, around=tuple(around), at=now, by=by))
        rows = presences.load_tallies(tx, venue.id)
        house = seats_of(tx, venue, rows, now).house
        for one, by_how_many in closing.corrections:
            house.correct(one, by_how_many)
        presences.save_tallies(
            tx,
            venue.id,
            {
                one: TallyRow(house.tallies[one], seq, now, rows[one].certainty if one in rows else Certainty(at=0))
                for one, _ in closing.corrections
            },
        )
    journal.write()


def _door(venue: Venue, door: str) -> str:
    return venue.layout.doors[door].name if door in venue.layout.doors else door


def _centre(venue: Venue, kept: facts.Kept | None) -> SideShown | None:
    """What the centre has for the same scan."""
    if kept is None or not isinstance(kept.fact, Scanned):
        return None
    return SideShown(
        door=_door(venue, kept.fact.door),
        at=iso(kept.fact.received_at, venue.layout),
        outcome=kept.fact.decision.outcome,
        offset_s=None,
    )
