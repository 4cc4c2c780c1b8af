"""Who will still come, and how long they will wait at each entrance."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from checkin.core import forecast, queueing
from checkin.core.forecast import Arrivals, Attended, NoShow
from checkin.core.layout import Layout
from checkin.core.model import Door
from checkin.core.queueing import HORIZON_MIN, Advice
from checkin.core.schedule import MINUTE_MS, Programme
from checkin.service.pulse import Pulse
from checkin.service.venues import Venue
from checkin.store import alerts, attendees, people, presences
from checkin.store.engine import Transaction
from checkin.wire import iso

POINT_EVERY_MS = 5 * MINUTE_MS
POINTS_MAX = 200
SERVICE_SINCE_MS = 20 * MINUTE_MS
"""How fast a door's lanes are is measured over the last twenty minutes."""
BEGINS_AFTER_MIN = 60
"""Without a programme it is taken to begin so long after the doors open."""
OPENS = dt.time(9)
"""When the doors are taken to open where the layout says nothing."""
NOBODY_PER_MIN = 0.05
EARLIER_EVENTS_MAX = 5
"""The rate of no-shows is that of so many last events."""


class ExpectedShown(Struct, frozen=True):
    at: str
    low: float
    mean: float
    high: float


class ForecastShown(Struct, frozen=True, kw_only=True):
    """The arrivals of the day. `registered` less `no_show_percent` (from `source`: set, events, default; of
    so many last `events`) are expected; `plan`: the curve as it was before the day; `points`: from now on,
    with what has come; `total`: by the end. `walk_ins`: of those who arrived, so many were not registered."""

    registered: int
    walk_ins: int
    no_show_percent: float
    source: str
    events: int
    expected: int
    arrived: int
    begins_at: str
    plan: list[ExpectedShown]
    points: list[ExpectedShown]
    total: ExpectedShown


class Entrance(Struct, frozen=True, kw_only=True):
    """One entrance now: its lanes (`lanes_set`: open by somebody's word), and what the planner says; None
    where nobody is expected there in the half hour ahead."""

    door: Door
    lanes_open: int
    lanes_set: bool
    advice: Advice | None


class Forecast(Struct, frozen=True, kw_only=True):
    no_show: NoShow
    registered: int
    walk_ins: int
    arrived: int
    arrivals: Arrivals
    entrances: list[Entrance]


def forecast_of(tx: Transaction, venue: Venue, pulse: Pulse, now: int, at_s: float) -> Forecast:
    """The forecast as it stands. `pulse` has followed the facts and heard the devices."""
    layout = venue.layout
    registered = attendees.registered_by_group(tx, venue.id, pulse.walked_in)
    counted, came = presences.attended(tx, venue.id, pulse.walked_in)
    absent, walk_ins = counted - came, presences.how_many_came(tx, venue.id, pulse.walked_in)
    no_show = no_show_of(tx, venue, pulse)
    expected = sum(registered.values()) * (1 - no_show.percent / 100)
    arrived = presences.count_arrived(tx, venue.id)
    begins_at = begins(layout, venue.programme)
    opens = [layout.at(door.opens) if door.opens else None for door in forecast.entrances(layout)]
    opens_at = min((at for at in opens if at is not None), default=None) if None not in opens else None
    seen = {door: one.arrivals for door, one in pulse.doors.items()}
    shares = forecast.door_shares(layout, registered, seen)
    by_word = alerts.lanes_open(tx, venue.id)
    heard = _heard_at(tx, venue, pulse, at_s)
    return Forecast(
        no_show=no_show,
        registered=sum(registered.values()),
        walk_ins=walk_ins,
        arrived=arrived,
        arrivals=Arrivals(expected, begins_at, opens_at, absent=absent, walk_ins=walk_ins),
        entrances=[
            _entrance(
                door,
                layout,
                pulse,
                Arrivals(
                    expected * shares[door.id],
                    begins_at,
                    layout.at(door.opens) if door.opens else opens_at,
                    absent=absent * shares[door.id],
                    walk_ins=walk_ins * shares[door.id],
                ),
                by_word.get(door.id),
                heard.get(door.id, 0),
                now,
            )
            for door in forecast.entrances(layout)
        ],
    )


def no_show_of(tx: Transaction, venue: Venue, pulse: Pulse) -> NoShow:
    """The share of those registered that is not expected: as set, as at the last events, or as is usual."""
    event = venue.layout.event
    earlier = presences.earlier_events(tx, event.date.isoformat(), EARLIER_EVENTS_MAX)
    last = (Attended(*presences.attended(tx, id, pulse.walked_in_earlier(tx, id))) for id in earlier)
    return forecast.no_show(event.no_show_percent, [one for one in last if one.registered])


def begins(layout: Layout, programme: Programme) -> int:
    """When the programme begins, by which people come: the first session after the doors have opened (what
    runs from then on is the welcome coffee)."""
    opens = [layout.at(door.opens) for door in forecast.entrances(layout) if door.opens is not None]
    opened_at = max(opens, default=0)
    starts = [one.starts_at for one in programme.sessions.values() if not one.cancelled]
    later = [at for at in starts if at > opened_at]
    if later or starts:
        return min(later or starts)
    return (opened_at or layout.at(OPENS)) + BEGINS_AFTER_MIN * MINUTE_MS


def shown(one: Forecast, layout: Layout, now: int) -> ForecastShown:
    arrivals = one.arrivals
    ends_at = max(arrivals.ends_at, now)
    before = Arrivals(arrivals.expected, arrivals.begins_at, arrivals.opens_at, absent=one.registered)
    plan = [_expected(before.by(at, 0, before.starts_at), layout) for at in _every(before.starts_at, before.ends_at)]
    return ForecastShown(
        registered=one.registered,
        walk_ins=one.walk_ins,
        no_show_percent=round(one.no_show.percent, 1),
        source=one.no_show.source,
        events=one.no_show.events,
        expected=round(arrivals.expected),
        arrived=one.arrived,
        begins_at=iso(arrivals.begins_at, layout),
        plan=plan,
        points=[
            _expected(arrivals.by(at, one.arrived, now), layout)
            for at in _every(max(now, arrivals.starts_at), arrivals.ends_at)
        ],
        total=_expected(arrivals.by(ends_at, one.arrived, now), layout),
    )


def _entrance(
    door: Door, layout: Layout, pulse: Pulse, arrivals: Arrivals, set_lanes: int | None, heard: int, now: int
) -> Entrance:
    lanes_open = set_lanes if set_lanes is not None else max(1, min(heard, door.lanes))
    seen = pulse.doors.get(door.id)
    arrived = seen.arrivals if seen else 0
    coming = [arrivals.per_minute(now + minute * MINUTE_MS, arrived, now) for minute in range(HORIZON_MIN)]
    service_s, measured = queueing.service_s(pulse.gaps_s(door.id, now - SERVICE_SINCE_MS))
    per_min = lanes_open * queueing.MINUTE_S / service_s
    queue = 0.0
    if door.is_open(layout.clock(now)):
        expected = arrivals.expected * arrivals.share(now)
        queue = queueing.behind(expected, arrived, per_min, pulse.scans_per_min(door.id, now))
    advice = None
    if max(coming) > NOBODY_PER_MIN or queue > 0:
        advice = queueing.advise(
            coming,
            open_lanes=lanes_open,
            lanes_max=max(door.lanes, lanes_open),
            service_s=service_s,
            measured=measured,
            queue=queue,
        )
    return Entrance(door=door, lanes_open=lanes_open, lanes_set=set_lanes is not None, advice=advice)


def _heard_at(tx: Transaction, venue: Venue, pulse: Pulse, at_s: float) -> dict[str, int]:
    """door → how many of its devices have been heard of late."""
    heard: dict[str, int] = {}
    for device in people.load_devices(tx, venue.id):
        if device.door is not None and device.revoked_at is None and pulse.speaks(device.id, at_s):
            heard[device.door] = heard.get(device.door, 0) + 1
    return heard


def _every(start: int, end: int) -> list[int]:
    """Instants from `start` to `end`, both among them."""
    if end <= start:
        return []
    step = max(POINT_EVERY_MS, (end - start) // POINTS_MAX)
    return [*range(start, end, step), end]


def _expected(one: forecast.Expected, layout: Layout) -> ExpectedShown:
    return ExpectedShown(iso(one.at, layout), round(one.low, 1), round(one.mean, 1), round(one.high, 1))
