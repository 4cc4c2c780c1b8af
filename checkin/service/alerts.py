"""What somebody should see to: found again and again, kept once, taken by a name, done or over."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from checkin.core import alerts as rules
from checkin.core.alerts import URGENCY, Finding, Key, Watch
from checkin.core.errors import BadInput, NotFound
from checkin.core.facts import Changed
from checkin.core.layout import LANES_MAX
from checkin.core.queueing import WAIT_MIN_CLEAR, WAIT_MIN_MAX
from checkin.core.schedule import MINUTE_MS
from checkin.service.forecast import Forecast, forecast_of
from checkin.service.journal import Journal
from checkin.service.people import names_of
from checkin.service.pulse import Pulse
from checkin.service.seats import seats_of
from checkin.service.venues import Venue, Venues
from checkin.service.warnings import warnings
from checkin.store import alerts, events, people, presences, prints, stations
from checkin.store.alerts import Alert
from checkin.store.engine import Transaction
from checkin.wire import iso

OVER_SHOWN_MAX = 50
PRINTS_LOOKED_AT_MAX = 100
BY_CLOCK = "clock"

State = Literal["open", "taken", "done", "quiet", "over"]
Said = Literal["open", "taken", "done"]
_WHAT = {"open": "reopened", "taken": "taken", "done": "done"}


class AlertSent(Struct, frozen=True, kw_only=True):
    """What somebody says of an alert: they see to it, it is done, or it is open again."""

    state: Said


class AlertShown(Struct, frozen=True, kw_only=True):
    """An alert, with the numbers as they are now; those it began with, once it is over, or `quiet`: nothing is
    found of it any more, and it is over if that stays so. `name`: of the device or printer it is about."""

    id: str
    kind: str
    state: State
    name: str
    raised_at: str
    taken_by: str | None
    taken_at: str | None
    done_by: str | None
    done_at: str | None
    ended_at: str | None
    area: str | None
    door: str | None
    session: str | None
    other: str | None
    level: str | None
    count: float | None
    limit: float | None
    kept: int | None
    aside: int | None
    lanes: int | None


class AlertsShown(Struct, frozen=True):
    """What is the matter, the most urgent first; and what is quiet or over, the last first."""

    going_on: list[AlertShown]
    over: list[AlertShown]


class Looked(Struct, frozen=True):
    begun: list[Finding]
    over: list[Key]


def look(tx: Transaction, venues: Venues, slug: str, pulse: Pulse, watch: Watch, *, now: int, at_s: float) -> Looked:
    """What has begun and what is over since the last look; for `keep`, where there is any."""
    venue = venues.venue(tx, slug)
    known = alerts.going_on(tx, venue.id)
    found = [*findings(tx, venue, pulse, forecast_of(tx, venue, pulse, now, at_s), now, at_s)]
    return Looked(*watch.step(known, found, now))


def keep(tx: Transaction, venues: Venues, slug: str, looked: Looked, *, now: int) -> None:
    """Raise and end alerts, each as a fact."""
    venue = venues.venue(tx, slug)
    journal = Journal(tx, venue.id)
    known = alerts.going_on(tx, venue.id)
    for finding in looked.begun:
        if finding.key not in known:
            alert = Alert(id=str(uuid.uuid4()), finding=finding, raised_at=now)
            alerts.add_alert(tx, venue.id, alert)
            _note(journal, alert, "raised", now, BY_CLOCK)
    for key in looked.over:
        if key in known:
            alerts.save_alert(tx, msgspec.structs.replace(known[key], ended_at=now))
            _note(journal, known[key], "over", now, BY_CLOCK)
    journal.write()


def say(tx: Transaction, venues: Venues, slug: str, id: str, state: Said, *, now: int, by: str) -> None:
    """Note who sees to an alert, that it is done, or that it is open again. Raises `NotFound`."""
    venue = venues.venue(tx, slug)
    alert = alerts.load_alert(tx, venue.id, id)
    if alert is None:
        raise NotFound("This event has no such alert.", code="alert_unknown")
    match state:
        case "taken":
            alert = msgspec.structs.replace(alert, taken_by=by, taken_at=now, done_by=None, done_at=None)
        case "done":
            alert = msgspec.structs.replace(alert, done_by=by, done_at=now)
        case "open":
            alert = msgspec.structs.replace(alert, taken_by=None, taken_at=None, done_by=None, done_at=None)
    alerts.save_alert(tx, alert)
    journal = Journal(tx, venue.id)
    _note(journal, alert, _WHAT[state], now, by)
    journal.write()


def open_lanes(tx: Transaction, venues: Venues, slug: str, door: str, lanes: int | None, *, now: int, by: str) -> None:
    """So many lanes of a door are open; None: as many as devices are heard there. Raises `BadInput`
    beyond the door's lanes, `NotFound`."""
    venue = venues.venue(tx, slug)
    lanes_max = venue.layout.door(door).lanes
    if lanes is not None and not 1 <= lanes <= max(lanes_max, 1):
        raise BadInput(f"This door has 1 to {min(lanes_max, LANES_MAX)} lanes.", code="lanes_invalid")
    alerts.set_lanes_open(tx, venue.id, door, lanes)
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="door", what="lanes opened", at=now, by=by, ids=(door,), count=lanes))
    journal.write()


def alerts_shown(tx: Transaction, venue: Venue, found: Iterable[Finding]) -> AlertsShown:
    """All of them, with the numbers of what is found now."""
    now_found = {one.key: one for one in found}
    names = names_of(tx, venue.id)

    def show(alert: Alert) -> AlertShown:
        finding = alert.finding if alert.ended_at is not None else now_found.get(alert.finding.key, alert.finding)
        layout = venue.layout
        return AlertShown(
            id=alert.id,
            kind=finding.kind,
            state=_state(alert, alert.finding.key in now_found),
            name=names.get(finding.subject, finding.subject),
            raised_at=iso(alert.raised_at, layout),
            taken_by=_name(names, alert.taken_by),
            taken_at=None if alert.taken_at is None else iso(alert.taken_at, layout),
            done_by=_name(names, alert.done_by),
            done_at=None if alert.done_at is None else iso(alert.done_at, layout),
            ended_at=None if alert.ended_at is None else iso(alert.ended_at, layout),
            area=finding.area,
            door=finding.door,
            session=finding.session,
            other=finding.other,
            level=finding.level,
            count=finding.count,
            limit=finding.limit,
            kept=finding.kept,
            aside=finding.aside,
            lanes=finding.lanes,
        )

    open_first = sorted(
        alerts.going_on(tx, venue.id).values(),
        key=lambda one: (one.done_at is not None, URGENCY.index(one.finding.kind), one.raised_at, one.id),
    )
    quiet = [one for one in open_first if one.finding.key not in now_found]
    over = [*quiet, *alerts.last_over(tx, venue.id, OVER_SHOWN_MAX)]
    return AlertsShown([show(one) for one in open_first if one not in quiet], [*map(show, over)])


def findings(
    tx: Transaction, venue: Venue, pulse: Pulse, forecast: Forecast, now: int, at_s: float
) -> Iterator[Finding]:
    """Everything that is the matter now. Nothing is once the day is closed."""
    if events.load_event_row(tx, venue.id).closed_at is not None:
        return
    is_put_back = stations.is_roster_open(tx, venue.id)
    if is_put_back:
        yield Finding(kind="restored", subject="*")
    # Then nothing is given away anywhere: that every area is closed for it is no news.
    yield from (one for one in _areas(tx, venue, now) if not (is_put_back and one.level == "stop"))
    yield from _queues(forecast)
    yield from _devices(tx, venue, pulse, now, at_s)
    yield from _printers(tx, venue, now)
    conflicts = stations.count_open_cases(tx, venue.id)
    if conflicts:
        yield Finding(kind="conflict", subject="*", count=conflicts)
    for one in warnings(tx, venue, now):
        if one.what != "over":  # told of with the other levels of an area
            yield Finding(
                kind=one.what,
                subject=one.session or one.area,
                area=one.area,
                session=one.session,
                other=one.other,
                count=one.count,
                limit=one.limit,
            )


def _areas(tx: Transaction, venue: Venue, now: int) -> Iterator[Finding]:
    layout = venue.layout
    rows = presences.load_tallies(tx, venue.id)
    seats = seats_of(tx, venue, rows, now)
    house = seats.house
    for area in layout.areas:
        numbers = house.numbers(area)
        warn_percent = layout.event.warn_percent if area == layout.house.id else None
        stands = house.level(area)
        if stands != "over" and rules.is_full(seats, area):
            stands = "stop"
        level = rules.area_level(
            area, stands, numbers.inside, numbers.capacity, warn_percent, numbers.free, house.aside(area)
        )
        if level is not None:
            yield level
        if area in rows and rules.has_settled(venue.programme.sessions.values(), area, now):
            plus_minus = rows[area].certainty.plus_minus(numbers.inside)
            doubtful = rules.drift(area, plus_minus, numbers.inside, numbers.capacity)
            if doubtful is not None:
                yield doubtful


def _queues(forecast: Forecast) -> Iterator[Finding]:
    for entrance in forecast.entrances:
        if entrance.advice is None:
            continue
        id = entrance.door.id
        advice = entrance.advice
        more = advice.then.lanes if advice.then.lanes > advice.now.lanes else None
        finding = Finding(kind="queue", subject=id, door=id, limit=WAIT_MIN_MAX, lanes=more)
        found = rules.above(finding, advice.now.wait_min, WAIT_MIN_MAX, WAIT_MIN_CLEAR)
        if found is not None:
            yield found


def _devices(tx: Transaction, venue: Venue, pulse: Pulse, now: int, at_s: float) -> Iterator[Finding]:
    """A door that lets people in and of whose devices none says anything; a device whose clock is off."""
    clock = venue.layout.clock(now)
    ends_at = venue.programme.ends_at
    silent: dict[str, float] = {}
    for device in people.load_devices(tx, venue.id):
        if device.revoked_at is not None:
            continue
        silent_s = pulse.silent_s(device.id, at_s)
        if device.door in venue.layout.doors and silent_s is not None:
            silent[device.door] = min(silent_s, silent.get(device.door, silent_s))
        by = f"device:{device.id}"
        seen = pulse.clocks.get(by)
        if seen is not None and seen.is_off:
            yield Finding(
                kind="clock_off", subject=by, door=seen.door, count=round((seen.off_ms[-1] or 0) / MINUTE_MS, 1)
            )
    if ends_at is not None and now >= ends_at:
        return
    for door, silent_s in silent.items():
        if silent_s >= rules.SILENT_S and venue.layout.doors[door].is_open(clock):
            yield Finding(kind="door_silent", subject=door, door=door, count=round(silent_s / 60, 1))


def _printers(tx: Transaction, venue: Venue, now: int) -> Iterator[Finding]:
    """A printer that its program cannot reach or that reports failures, and badges that wait for any too long."""
    unreachable = [one.name for one in prints.unreachable_printers(tx, venue.id)]
    for printer in unreachable:
        yield Finding(kind="printer", subject=printer, level="unreachable")
    failed: dict[str, int] = {}
    waits: list[int] = []
    for one in prints.latest_prints(tx, venue.id, PRINTS_LOOKED_AT_MAX):
        if one.state == "failed" and one.fault != "replaced" and one.taken_by not in unreachable:
            failed[one.taken_by or ""] = failed.get(one.taken_by or "", 0) + 1
        elif one.state == "waiting":
            waits.append(one.requested_at)
    for printer, count in failed.items():
        yield Finding(kind="printer", subject=printer, level="failed", count=count)
    if waits:
        finding = Finding(kind="printer", subject="*", level="waiting", limit=len(waits))
        minutes = (now - min(waits)) / MINUTE_MS
        found = rules.above(finding, minutes, rules.PRINT_WAITS_MIN, rules.PRINT_WAITS_MIN_CLEAR)
        if found is not None:
            yield found


def _state(alert: Alert, found: bool) -> State:
    """`found`: it is the matter just now."""
    if alert.ended_at is not None:
        return "over"
    if not found:
        return "quiet"
    if alert.done_at is not None:
        return "done"
    return "taken" if alert.taken_at is not None else "open"


def _name(names: dict[str, str], id: str | None) -> str | None:
    return None if id is None else names.get(id, id)


def _note(journal: Journal, alert: Alert, what: str, now: int, by: str) -> None:
    ids = (alert.id, alert.finding.subject)
    journal.add(Changed(noun="alert", what=what, at=now, by=by, ids=ids, note=alert.finding.kind))
