"""How the house stands: what displays, organisers and programs read."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from checkin.core import wording
from checkin.core.facts import Fact, Scanned
from checkin.core.occupancy import Certainty, House
from checkin.core.queueing import Advice
from checkin.core.roles import Permission
from checkin.core.schedule import bookings_max
from checkin.service import forecast as forecasts
from checkin.service.alerts import AlertsShown, alerts_shown, findings
from checkin.service.attendees import hidden_from
from checkin.service.evacuation import evacuation_of
from checkin.service.forecast import Forecast, ForecastShown, forecast_of
from checkin.service.lines import PersonShown, WaitingShown, waiting
from checkin.service.people import names_of
from checkin.service.pulse import Pulse
from checkin.service.seats import seats_of
from checkin.service.venues import Venue, Venues
from checkin.service.warnings import Warning, warnings
from checkin.store import attendees, events, facts, people, presences, sessions
from checkin.store.engine import Transaction
from checkin.store.facts import DoorScans
from checkin.wire import Hint, Occupancy, area_now, iso
from checkin.words import said

LAST_SCANS = 20


class ArrivalsShown(Struct, frozen=True):
    at: str
    count: int


class RefusalsShown(Struct, frozen=True):
    reason: str
    count: int
    hint: Hint


class ScanShown(Struct, frozen=True, kw_only=True):
    """`attendee` None: nobody that is known, or (`hidden`) somebody of a group that whoever asks may not see."""

    seq: int
    at: str
    door: str
    direction: str
    outcome: str
    kind: str | None
    reason: str | None
    hint: Hint
    attendee: PersonShown | None
    hidden: bool = False


class DoorShown(Struct, frozen=True, kw_only=True):
    """A door as it does now. `scans` in the whole day, `per_min` of the last five minutes; `median_ms` and
    `p95_ms`: how long the centre took from a scan's coming to its answer (None: none yet). `silent_s`: how
    long none of its devices has said anything, by our own clock. `lanes_open` of `lanes`, by somebody's
    word (`lanes_set`) or as many as devices are heard; `advice`: of an entrance where people are expected."""

    id: str
    name: str
    area: str
    direction: str
    entrance: bool
    scans: int
    per_min: float
    refused: int
    refusals: list[RefusalsShown]
    median_ms: float | None
    p95_ms: float | None
    last_scan_at: str | None
    last_heard_at: str | None
    silent_s: float | None
    lanes: int
    lanes_open: int | None
    lanes_set: bool
    advice: Advice | None


class Overview(Struct, frozen=True, kw_only=True):
    seq: int
    now: str
    arrivals: list[ArrivalsShown]
    """Of those whose times are kept: when passages are deleted, nobody's."""
    refusals: list[RefusalsShown]
    last_scans: list[ScanShown]
    doors: list[DoorShown]
    headcounts: list[HeadcountShown]
    warnings: list[Warning]
    alerts: AlertsShown
    forecast: ForecastShown
    lines: list[WaitingShown]
    closed_at: str | None


class HeadcountShown(Struct, frozen=True, kw_only=True):
    """The last headcount of an area: what was found, and by how much the count had drifted."""

    area: str
    at: str
    headcount: int
    change: int
    by: str
    note: str


class SessionShown(Struct, frozen=True, kw_only=True):
    """`bookings_max`: how many may book; `limit`: where that was set for the session itself."""

    id: str
    area: str
    title: str
    subtitle: str
    speakers: tuple[str, ...]
    language: str
    starts_at: str
    ends_at: str
    bookable: bool
    booked: int
    bookings_max: int | None
    limit: int | None
    cancelled: bool


class ProgrammeShown(Struct, frozen=True):
    now: str
    sessions: list[SessionShown]


class EventShown(Struct, frozen=True, kw_only=True):
    slug: str
    name: str
    date: dt.date
    timezone: str
    inside: int | None
    capacity: int | None


class FactShown(Struct, frozen=True):
    seq: int
    fact: Fact


class FactsPage(Struct, frozen=True):
    """`seq`: of the event, to see whether there is more."""

    seq: int
    facts: list[FactShown]


def occupancy(tx: Transaction, venues: Venues, slug: str, now: int) -> Occupancy:
    """The occupancy of every area, in the order of the layout."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, row)
    tallies = presences.load_tallies(tx, venue.id)
    seats = seats_of(tx, venue, tallies, now)
    return Occupancy(
        seq=row.seq,
        version=row.layout_version,
        evacuation=evacuation_of(row),
        areas=[
            area_now(
                seats,
                area,
                tallies[area].certainty if area in tallies else Certainty(),
                at=tallies[area].at if area in tallies else now,
                evacuation=row.evacuation,
            )
            for area in venue.layout.areas
        ],
    )


def overview(
    tx: Transaction,
    venues: Venues,
    slug: str,
    pulse: Pulse,
    *,
    now: int,
    at_s: float,
    heard: dict[str, int],
    may: Collection[Permission],
) -> Overview:
    """The organiser's page. `heard`: device → when it was heard since the last save; `at_s`: a steady clock
    in seconds; `may`: what whoever asks may do, which says whose names they see."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, row)
    layout = venue.layout
    listen(tx, venue, pulse, heard, at_s)
    forecast = forecast_of(tx, venue, pulse, now, at_s)
    return Overview(
        seq=row.seq,
        now=iso(now, layout),
        arrivals=[
            ArrivalsShown(iso(at, layout), count)
            for at, count in presences.arrivals_by_minute(tx, venue.id, but_at=layout.day_at)
        ],
        refusals=_refusals(_added_up(one.refusals for one in pulse.doors.values())),
        last_scans=_last_scans(tx, venue, hidden_from(venue, may)),
        doors=_doors(tx, venue, pulse, forecast, heard, now, at_s),
        headcounts=_headcounts(tx, venue),
        warnings=warnings(tx, venue, now),
        alerts=alerts_shown(tx, venue, findings(tx, venue, pulse, forecast, now, at_s)),
        forecast=forecasts.shown(forecast, layout, now),
        lines=waiting(tx, venue, now, hidden_from(venue, may)),
        closed_at=iso(row.closed_at, layout) if row.closed_at is not None else None,
    )


def listen(tx: Transaction, venue: Venue, pulse: Pulse, heard: dict[str, int], at_s: float) -> None:
    """Bring the pulse of the doors up to date: the facts, and which devices have said something."""
    pulse.follow(tx, venue.id)
    devices = people.load_devices(tx, venue.id)
    spoken = ((one.id, heard.get(one.id) or one.heard_at) for one in devices)
    pulse.hear(((device, at) for device, at in spoken if at is not None), at_s)


def programme(tx: Transaction, venues: Venues, slug: str, now: int) -> ProgrammeShown:
    venue = venues.venue(tx, slug)
    booked = sessions.booked_by_session(tx, venue.id)
    return ProgrammeShown(
        now=iso(now, venue.layout),
        sessions=[
            SessionShown(
                id=session.id,
                area=session.area,
                title=session.title,
                subtitle=session.subtitle,
                speakers=session.speakers,
                language=session.language,
                starts_at=iso(session.starts_at, venue.layout),
                ends_at=iso(session.ends_at, venue.layout),
                bookable=session.bookable,
                booked=booked.get(session.id, 0),
                bookings_max=bookings_max(session, venue.layout),
                limit=session.bookings_max,
                cancelled=session.cancelled,
            )
            for session in venue.programme.sessions.values()
        ],
    )


def facts_page(tx: Transaction, venues: Venues, slug: str, since: int, limit: int) -> FactsPage:
    """At most `limit` facts after `since`, in order."""
    id = venues.id(tx, slug)
    page = facts.facts_since(tx, id, since, limit)
    return FactsPage(events.load_event_row(tx, id).seq, [FactShown(kept.seq, kept.fact) for kept in page])


def all_events(tx: Transaction, venues: Venues) -> list[EventShown]:
    """Every event of this database, with how full its house is."""
    shown = []
    for slug, id in events.event_ids(tx).items():
        event = events.load_event(tx, id)
        layout = events.load_layout(tx, id)
        house = house_of(tx, venues.venue(tx, slug)).numbers(layout.house.id) if layout else None
        shown.append(
            EventShown(
                slug=slug,
                name=event.name,
                date=event.date,
                timezone=event.timezone,
                inside=house.inside if house else None,
                capacity=house.capacity if house else None,
            )
        )
    return shown


def _doors(
    tx: Transaction,
    venue: Venue,
    pulse: Pulse,
    forecast: Forecast,
    heard: dict[str, int],
    now: int,
    at_s: float,
) -> list[DoorShown]:
    layout = venue.layout
    heard_at: dict[str, int] = {}
    silent_s: dict[str, float] = {}
    for device in people.load_devices(tx, venue.id):
        at, silent = heard.get(device.id) or device.heard_at, pulse.silent_s(device.id, at_s)
        if device.door is not None and device.revoked_at is None and at is not None and silent is not None:
            heard_at[device.door] = max(at, heard_at.get(device.door, 0))
            silent_s[device.door] = min(silent, silent_s.get(device.door, silent))
    entrances = {one.door.id: one for one in forecast.entrances}
    shown = []
    for door in layout.doors.values():
        scans = pulse.doors.get(door.id, DoorScans())
        entrance = entrances.get(door.id)
        shown.append(
            DoorShown(
                id=door.id,
                name=door.name,
                area=door.area,
                direction=door.direction,
                entrance=entrance is not None,
                scans=scans.scans,
                per_min=round(pulse.scans_per_min(door.id, now), 1),
                refused=sum(scans.refusals.values()),
                refusals=_refusals(scans.refusals),
                median_ms=_rounded(pulse.answer_ms(door.id, 0.5)),
                p95_ms=_rounded(pulse.answer_ms(door.id, 0.95)),
                last_scan_at=iso(scans.last_at, layout) if scans.scans else None,
                last_heard_at=iso(heard_at[door.id], layout) if door.id in heard_at else None,
                silent_s=silent_s.get(door.id),
                lanes=door.lanes,
                lanes_open=entrance.lanes_open if entrance else None,
                lanes_set=entrance is not None and entrance.lanes_set,
                advice=entrance.advice if entrance else None,
            )
        )
    return shown


def _added_up(every: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in every:
        total.update(one)
    return dict(total)


def _refusals(counts: Mapping[str, int]) -> list[RefusalsShown]:
    """The most frequent first."""
    return [
        RefusalsShown(reason, count, said(wording.for_staff(reason)))
        for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)


def _last_scans(tx: Transaction, venue: Venue, hidden: Collection[str]) -> list[ScanShown]:
    scans = [(kept.seq, kept.fact) for kept in facts.last_scans(tx, venue.id, LAST_SCANS)]
    wanted = {fact.decision.attendee for _, fact in scans if isinstance(fact, Scanned) and fact.decision.attendee}
    names = attendees.names_by_id(tx, venue.id, wanted)
    shown = []
    for seq, fact in scans:
        assert isinstance(fact, Scanned)
        decision = fact.decision
        who = decision.attendee
        is_hidden = who in names and names[who][1] in hidden
        shown.append(
            ScanShown(
                seq=seq,
                at=iso(fact.received_at, venue.layout),
                door=fact.door,
                direction=fact.direction,
                outcome=decision.outcome,
                kind=decision.kind,
                reason=decision.refusal.reason if decision.refusal else None,
                hint=said(
                    wording.for_staff(decision.refusal.listed)
                    if decision.refusal
                    else wording.hint(decision, venue.layout)
                ),
                attendee=PersonShown(who, *names[who]) if who in names and not is_hidden else None,
                hidden=is_hidden,
            )
        )
    return shown


def _headcounts(tx: Transaction, venue: Venue) -> list[HeadcountShown]:
    names = names_of(tx, venue.id)
    return [
        HeadcountShown(
            area=area,
            at=iso(fact.at, venue.layout),
            headcount=fact.headcount or 0,
            change=fact.change,
            by=names.get(fact.by, fact.by),
            note=fact.note,
        )
        for area, fact in facts.last_headcounts(tx, venue.id).items()
    ]


def house_of(tx: Transaction, venue: Venue) -> House:
    """The house as its tallies say."""
    tallies = presences.load_tallies(tx, venue.id)
    return House(venue.layout, {area: kept.tally for area, kept in tallies.items()})
