"""Stations: paired by a one-time code, seen, and the conflicts that they leave for a person to settle."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta, Struct

from checkin.core import wording
from checkin.core.allotment import NOTHING, Epoch, Ledger
from checkin.core.conflict import CaseKind, Side, Verdict, close
from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Changed, Corrected, Scanned
from checkin.core.link import SILENT_MS, Linked, Row
from checkin.core.model import Direction
from checkin.core.occupancy import Certainty
from checkin.service.journal import Journal
from checkin.service.people import names_of, take_pairing, token_hash
from checkin.service.seats import seats_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, events, facts, people, presences, stations
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow
from checkin.store.stations import Station
from checkin.wire import Hint, iso
from checkin.words import said

KEY_BYTES = 32
CONFLICTS_SHOWN_MAX = 200
PROGRAM_LETTERS_MAX = 60
A_TIME = 1_000_000_000_000
"""From here a generation is the moment (ms since 1970 UTC) at which the centre was put back."""
NOBODY_HEARD: Mapping[str, int] = MappingProxyType({})


class StationPaired(Struct, frozen=True, kw_only=True):
    """What a new station keeps. `token` opens the link and nothing else; both it and `key` are told this once."""

    event: str
    station: str
    door: str
    token: str
    key: bytes


class SeatsShown(Struct, frozen=True, kw_only=True):
    """Of one area: how many more a station may let in by itself (`rights`), and how many places it has in all. On
    some of those sits somebody whom the centre counts (`inside`), or perhaps somebody (`in_doubt`). `to_count` come
    free when the area is counted, since the station was switched off. `unsure`: what it had before it began anew is
    not known; only a headcount settles that."""

    area: str
    rights: int
    set_aside: int
    inside: int
    in_doubt: int
    to_count: int
    unsure: bool


class StationShown(Struct, frozen=True, kw_only=True):
    """`linked`: heard of lately by this process, since `linked_since`; its last word was at `heard_at`, `heard_s` ago.
    `rows` of its log are here, of `due` as it said then. `known`: since the centre was put back from a backup it has
    told all. `offset_s`: how far its clock was ahead at its last scan that is here (below 0: behind)."""

    id: str
    name: str
    door: str
    revoked: bool
    linked: bool
    linked_since: str | None
    heard_at: str | None
    heard_s: float | None
    rows: int
    due: int
    epoch: str | None
    retired: bool
    known: bool
    offset_s: float | None
    program: str
    seats: list[SeatsShown]


class AreaShown(Struct, frozen=True, kw_only=True):
    """Whose the places of an area are: of people `inside` as the centre counts, of the `pool`, `in_doubt`, of people
    who are `leaving`; the others are the stations' (`SeatsShown`). `capacity` and `pool` None: no limit. `to_count`
    come free by a headcount. `frozen`: nothing of it is given away, since it is not known what stations hold there."""

    id: str
    name: str
    capacity: int | None
    inside: int
    pool: int | None
    in_doubt: int
    leaving: int
    to_count: int
    frozen: bool
    counted_at: str | None


class RestoredShown(Struct, frozen=True, kw_only=True):
    """The centre was put back from a backup, `at` (None: it was told by a station), and nobody has said yet that no
    door is missing. `reported`: how many stations have told all since. `uncounted`: the areas to count before."""

    generation: int
    at: str | None
    reported: int
    uncounted: list[str]


class StationsShown(Struct, frozen=True, kw_only=True):
    """`frozen`: the areas of which nothing is given away. `conflicts`: how many are open. `real_time`: the centre's
    clock is that of the day, and the clocks of doors are compared with it; in a demo they are not."""

    seq: int
    real_time: bool
    stations: list[StationShown]
    areas: list[AreaShown]
    frozen: list[str]
    restored: RestoredShown | None
    conflicts: int


class Figures(Struct, frozen=True, kw_only=True):
    """How the stations of an event are, in numbers: `linked` and `cut_off` ones, `rows` of their logs that are lacking
    here as they told, places `set_aside` by area, open `cases`."""

    linked: int
    cut_off: int
    rows: int
    set_aside: dict[str, int]
    cases: int


class AttentionShown(Struct, frozen=True, kw_only=True):
    """How many conflicts are open, and whether somebody has to say that no door is missing."""

    conflicts: int
    restored: bool


class SideShown(Struct, frozen=True, kw_only=True):
    """One side of a conflict: what a `station` showed (`outcome` None: nothing) and when by its clock, which was
    `offset_s` ahead; or what the `centre` decided (`hint` says why not), or where it knows this badge to be.
    `direction`: in or out by its door, as far as that is known."""

    by: Literal["station", "centre"]
    door: str
    direction: Direction | None
    at: str | None
    outcome: str | None
    hint: Hint | None
    offset_s: float | None


class ConflictShown(Struct, frozen=True, kw_only=True):
    """`in_doubt`: the areas where a place is set aside until this is settled; one with two such places twice.
    `to_count`: those where one stays aside until somebody counts there, whatever this was."""

    id: str
    kind: CaseKind
    attendee: str | None
    sides: list[SideShown]
    in_doubt: list[str]
    to_count: list[str]
    opened_at: str
    verdict: Verdict | None
    closed_at: str | None
    closed_by: str | None


class ConflictsShown(Struct, frozen=True):
    conflicts: list[ConflictShown]


class VerdictSent(Struct, frozen=True, kw_only=True):
    """What the conflict of this `kind` was. `inside`: the second person of a copied or passed-on badge is there."""

    kind: CaseKind
    verdict: Verdict
    inside: bool = False


class ConfirmationSent(Struct, frozen=True):
    """No door is missing on the list of stations that was shown in this `generation` of the centre."""

    generation: int


class CodeSent(Struct, frozen=True):
    """`token`: of the machine's own making, so that it can ask again by the same where the answer was lost."""

    code: Annotated[str, Meta(min_length=1, max_length=200)]
    token: Annotated[str, Meta(min_length=43, max_length=200)]


def pair_station(tx: Transaction, venues: Venues, code: str, token: str, *, now: int, wall: int) -> StationPaired:
    """Make the door's device of a one-time code a station, with this token and a key of its own. What it was paired
    as before links no more. Whoever is a station by this token already is told so again.

    Raises `NotFound` for a code that is unknown, used or expired, `BadInput` for a device of no door, or of a
    counter. `wall`: codes live by real time.
    """
    known = stations.station_by_token(tx, token_hash(token))
    if known is not None and not known.revoked:
        return StationPaired(event=known.event, station=known.id, door=known.door, token=token, key=known.key)
    device = take_pairing(tx, code, wall)
    venue = venues.venue(tx, device.event)
    if device.door is None or venue.layout.doors[device.door].item is not None:
        raise BadInput("A station stands at a door that lets people in or out. Add a device for one.", code="no_door")
    key = secrets.token_bytes(KEY_BYTES)
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


def link_opened(tx: Transaction, station: Station, program: str, *, now: int) -> None:
    """A station has linked; `program`: what it says it runs."""
    stations.link_opened(tx, station.id, "".join(filter(str.isprintable, program))[:PROGRAM_LETTERS_MAX], now)


def stations_shown(
    tx: Transaction,
    venues: Venues,
    slug: str,
    *,
    now: int,
    heard: Mapping[str, int] = NOBODY_HEARD,
    real_time: bool = True,
) -> StationsShown:
    """The stations of an event, and whose the places are. `heard`: device → when it was heard since the last save;
    `real_time`: as of `Centre`."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, row)
    if not row.stations:
        return StationsShown(
            seq=row.seq, real_time=real_time, stations=[], areas=[], frozen=[], restored=None, conflicts=0
        )
    ledger = Ledger(venue.layout, stations.load_ledger(tx, venue.id))
    linked = venues.ledgers.linked.get(venue.id, {})
    known = stations.load_stations(tx, venue.id)
    shown = [
        _station(tx, venue, one, ledger, linked.get(one.id), heard.get(one.id), now, real_time=real_time)
        for one in sorted(known.values(), key=lambda one: (one.door, one.name))
    ]
    return StationsShown(
        seq=row.seq,
        real_time=real_time,
        stations=shown,
        areas=_areas(tx, venue, ledger, shown, now),
        frozen=[area for area in venue.layout.areas if ledger.is_frozen(area)],
        restored=_restored(tx, venue, ledger, shown, known),
        conflicts=stations.count_open_cases(tx, venue.id),
    )


def figures(tx: Transaction, venues: Venues, *, now: int) -> dict[str, Figures]:
    """slug → figures, of every event with stations. Cheap: no ledger is read as a whole."""
    return {slug: _figures(tx, venues, event, now) for slug, event in stations.events_with_stations(tx).items()}


def _figures(tx: Transaction, venues: Venues, event: int, now: int) -> Figures:
    epochs, heard = stations.load_epochs(tx, event), venues.ledgers.linked.get(event, {})
    retired = {one.station for one in epochs} - {one.station for one in epochs if not one.retired}
    at_work = {one.id for one in stations.load_stations(tx, event).values() if not one.revoked} - retired
    linked = {id for id in at_work if _is_linked(heard.get(id), now)}
    return Figures(
        linked=len(linked),
        cut_off=len(at_work - linked),
        rows=sum(max(0, one.due - one.have) for one in epochs),
        set_aside={area: row.set_aside for area, row in presences.load_tallies(tx, event).items()},
        cases=stations.count_open_cases(tx, event),
    )


def _is_linked(linked: Linked | None, now: int) -> bool:
    return linked is not None and now - linked.heard_at <= SILENT_MS


def _station(
    tx: Transaction,
    venue: Venue,
    one: Station,
    ledger: Ledger,
    linked: Linked | None,
    heard: int | None,
    now: int,
    *,
    real_time: bool,
) -> StationShown:
    epochs = [epoch for epoch in ledger.epochs.values() if epoch.station == one.id]
    current = next((epoch for epoch in epochs if not epoch.retired), None)
    heard_at = max(linked.heard_at if linked is not None else 0, heard or 0, one.heard_at or 0) or None
    last = None if current is None else stations.last_row(tx, venue.id, one.id, current.id)
    return StationShown(
        id=one.id,
        name=one.name,
        door=one.door,
        revoked=one.revoked,
        linked=_is_linked(linked, now),
        linked_since=None if one.linked_at is None else iso(one.linked_at, venue.layout),
        heard_at=None if heard_at is None else iso(heard_at, venue.layout),
        heard_s=None if heard_at is None else (now - heard_at) / 1000,
        rows=sum(epoch.have for epoch in epochs),
        due=sum(max(epoch.due, epoch.have) for epoch in epochs),
        epoch=current.id if current is not None else None,
        retired=bool(epochs) and current is None,
        known=(bool(epochs) or one.revoked) and all(_has_told(epoch) for epoch in epochs),
        offset_s=None if last is None or last.offset_ms is None or not real_time else last.offset_ms / 1000,
        program=one.program,
        seats=_seats(ledger, one.id, epochs),
    )


def _has_told(epoch: Epoch) -> bool:
    return epoch.known or set(epoch.areas) <= set(epoch.counted)


def state_of(one: StationShown) -> str:
    """For a terminal: how a station is, by its last word."""
    if one.revoked or one.retired:
        return "revoked" if one.revoked else "retired"
    if one.heard_at is None:
        return "never heard of"
    return f"last heard at {one.heard_at}"


def _seats(ledger: Ledger, station: str, epochs: Sequence[Epoch]) -> list[SeatsShown]:
    """The places of one station in the areas of its door, the house first."""
    used = Counter(
        (epoch, area, state)
        for (whose, epoch, _), admission in ledger.admissions.items()
        for area, state in admission.seats.items()
        if whose == station
    )
    seats: dict[str, SeatsShown] = {}
    for epoch in epochs:
        for area in epoch.areas:
            counters = ledger.counters.get((station, epoch.id, area), NOTHING)
            held = 0 if area in epoch.counted else counters.outstanding
            inside = used[epoch.id, area, "inside"]
            before = seats.get(
                area, SeatsShown(area=area, rights=0, set_aside=0, inside=0, in_doubt=0, to_count=0, unsure=False)
            )
            seats[area] = SeatsShown(
                area=area,
                rights=before.rights + (0 if epoch.retired else max(0, counters.rights)),
                set_aside=before.set_aside + held,
                inside=before.inside + inside,
                in_doubt=before.in_doubt + used[epoch.id, area, "doubtful"],
                to_count=before.to_count + (held - inside if epoch.retired else 0),
                unsure=before.unsure or (epoch.retired and not epoch.known and area not in epoch.counted),
            )
    return [*seats.values()]


def _areas(tx: Transaction, venue: Venue, ledger: Ledger, shown: Sequence[StationShown], now: int) -> list[AreaShown]:
    """The areas of which stations may hold places, and others of which some are set aside."""
    layout = venue.layout
    house = seats_of(tx, venue, presences.load_tallies(tx, venue.id), now).house
    house.set_aside = ledger.set_aside
    held = {area for one in shown if one.door in layout.doors for area in layout.path(layout.doors[one.door].area)}
    theirs, doubts = Counter[str](), Counter(area for _, area in ledger.doubts)
    retired = Counter[str]()
    for seats in (seats for one in shown for seats in one.seats):
        theirs[seats.area] += seats.in_doubt
        retired[seats.area] += seats.to_count
    leaving = Counter(area for one in ledger.pending.values() for area in one.frees)
    areas = []
    for area in layout.areas.values():
        if area.id not in held and not ledger.set_aside[area.id]:
            continue
        numbers, counted = house.numbers(area.id), ledger.counted.get(area.id)
        areas.append(
            AreaShown(
                id=area.id,
                name=area.name,
                capacity=numbers.capacity,
                inside=numbers.inside,
                pool=numbers.free,
                in_doubt=doubts[area.id] + theirs[area.id],
                leaving=leaving[area.id],
                to_count=doubts[area.id] + retired[area.id],
                frozen=ledger.is_frozen(area.id),
                counted_at=None if counted is None else iso(counted.at, layout),
            )
        )
    return areas


def _restored(
    tx: Transaction, venue: Venue, ledger: Ledger, shown: Sequence[StationShown], known: Mapping[str, Station]
) -> RestoredShown | None:
    if ledger.meta["roster"]:
        return None
    at = ledger.generation if ledger.generation >= A_TIME else None
    return RestoredShown(
        generation=ledger.generation,
        at=None if at is None else iso(at, venue.layout),
        reported=sum(one.known for one in shown),
        uncounted=_uncounted(tx, venue, ledger, known),
    )


def _uncounted(tx: Transaction, venue: Venue, ledger: Ledger, known: Mapping[str, Station]) -> list[str]:
    """The areas with a number that nobody has counted since the centre was put back, of those behind doors at which
    something else than a station scans: what such doors showed after the backup nobody can tell again
    (docs/cut-off.md)."""
    layout = venue.layout
    devices = [one for one in people.load_devices(tx, venue.id) if one.revoked_at is None]
    alone = {one.door for one in known.values() if not one.revoked} - {
        one.door for one in devices if one.id not in known
    }
    behind = {
        area
        for door in layout.doors.values()
        if door.item is None and door.id not in alone
        for area in layout.path(door.area)
    }
    return [
        area.id
        for area in layout.areas.values()
        if area.id in behind
        and (area.visitors is not None or area.persons is not None)
        and (area.id not in ledger.counted or ledger.counted[area.id].at < ledger.generation)
    ]


def attention(tx: Transaction, venues: Venues, slug: str) -> AttentionShown:
    """What of the stations waits for a person; cheap, for every page asks."""
    event = venues.id(tx, slug)
    return AttentionShown(conflicts=stations.count_open_cases(tx, event), restored=stations.is_roster_open(tx, event))


def put_back(tx: Transaction, venues: Venues, slug: str, *, now: int, by: str) -> bool:
    """This event came from a backup just now: nothing is given away until every station has told all, and a person
    has confirmed the list of stations. Returns whether it has stations."""
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    ledger = venues.ledgers.take(tx, journal.event, venue.layout)
    if ledger is None:
        return False
    # A time, so that two restores of one backup are told apart.
    ledger.restored(now)
    venues.ledgers.save(tx, journal.event, ledger)
    journal.add(Changed(noun="event", what="restored", at=now, by=by))
    journal.write()
    return True


def confirm_roster(tx: Transaction, venues: Venues, slug: str, generation: int, *, now: int, by: str) -> None:
    """A person has compared the list of stations with the doors: none is missing.

    Raises `Conflict` where there is nothing to confirm, or the centre was put back once more since the list was shown
    (`roster_changed`), while a station of which the backup knows nothing has not reported: it may hold anything
    (`station_unheard`), and while an area behind a door without a station is not counted (`area_uncounted`).
    """
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    ledger = venues.ledgers.take(tx, journal.event, venue.layout)
    if ledger is None or ledger.meta["roster"] or ledger.generation != generation:
        raise Conflict("There is no such list to confirm. Read the list of stations again.", code="roster_changed")
    heard = {epoch.station for epoch in ledger.epochs.values()}
    known = stations.load_stations(tx, venue.id)
    unheard = [one.name for one in known.values() if not one.revoked and one.id not in heard]
    if unheard:
        raise Conflict(
            f"Nothing was heard of {', '.join(unheard)} yet. Wait, or revoke it and count its areas.",
            code="station_unheard",
        )
    if uncounted := _uncounted(tx, venue, ledger, known):
        raise Conflict(
            "What doors without a station showed after the backup is lost. Count first:"
            f" {', '.join(venue.layout.areas[area].name for area in uncounted)}.",
            code="area_uncounted",
        )
    ledger.confirm_roster()
    venues.ledgers.save(tx, journal.event, ledger)
    journal.add(Changed(noun="event", what="roster confirmed", at=now, by=by))
    journal.write()


def retire_station(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: str) -> None:
    """Somebody has switched this station off: linked again it begins anew, and without a link by `kiosk run --anew`.
    Its places stay set aside until its areas are counted. Raises `NotFound`."""
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
    ledger = Ledger(venue.layout, stations.load_ledger(tx, venue.id) if kept else None)
    names = attendees.names_by_id(tx, venue.id, {one.case.attendee for one in kept if one.case.attendee})
    answered = facts.facts_by_id(tx, venue.id, {side.scan for one in kept for side in one.case.sides})
    shown = stations.rows_by_scan(tx, venue.id, {side.scan for one in kept for side in one.case.sides}) if kept else {}
    operators = names_of(tx, venue.id)
    return ConflictsShown(
        [
            ConflictShown(
                id=one.case.id,
                kind=one.case.kind,
                attendee=names[one.case.attendee][0] if one.case.attendee in names else None,
                sides=[
                    _side(venue, one.case.id, side, answered.get(side.scan), shown.get(side.scan))
                    for side in one.case.sides
                ],
                in_doubt=_names(venue, ledger.in_doubt(one.case.id, one.case.areas)),
                to_count=_names(venue, ledger.only_counted(one.case.id, one.case.areas)),
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

    Raises `NotFound`, and `Conflict` for one that is settled already (`conflict_settled`), or while a door has not told
    all of this badge (`door_untold`): who has looked may not have met them.
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
    if ledger.must_wait(id, kept.case.areas):
        names = _names(venue, list(dict.fromkeys(ledger.in_doubt(id, kept.case.areas))))
        raise Conflict(
            "A door has not told all of this badge yet. Look again in a moment; if a door is cut off or switched off,"
            f" count {', '.join(names)}.",
            code="door_untold",
        )
    closing = close(kept.case, sent.verdict, ledger.settle(id, kept.case.areas, now), sent.inside)
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


def _names(venue: Venue, areas: Sequence[str]) -> list[str]:
    return [venue.layout.areas[area].name for area in areas]


def _side(venue: Venue, case: str, side: Side, kept: facts.Kept | None, row: Row | None) -> SideShown:
    """`kept`: the scan as the centre keeps it; `row`: as a door has told of it. What another door, from which the
    centre knows this badge, has shown itself is told by its clock."""
    if row is not None and side.scan != case and row.scan.door == side.door and row.outcome == side.outcome:
        side = Side(scan=side.scan, door=side.door, at=row.at, outcome=side.outcome, offset_ms=row.offset_ms)
    at = side.at
    if at is None and kept is not None and isinstance(kept.fact, Scanned):
        at = kept.fact.received_at
    door = venue.layout.doors.get(side.door)
    direction = row.scan.direction if row is not None else None
    if kept is not None and isinstance(kept.fact, Scanned):
        direction = kept.fact.direction
    return SideShown(
        by=side.by,
        direction=direction,
        door=door.name if door is not None else side.door,
        at=None if at is None else iso(at, venue.layout),
        outcome=side.outcome,
        hint=None if side.reason is None else said(wording.for_staff(side.reason)),
        offset_s=None if side.offset_ms is None else side.offset_ms / 1000,
    )
