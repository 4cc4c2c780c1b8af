"""A station's answers in the words of the centre's interface, for the same pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from checkin.core import wording
from checkin.core.admission import OVERRIDE, Decision, Refusal
from checkin.core.holds import kept_seats
from checkin.core.layout import Layout
from checkin.core.model import Door, Scan
from checkin.core.reference import Person
from checkin.core.schedule import Programme
from checkin.wire import (
    Answer,
    AreaNow,
    AreaShown,
    AttendeeShown,
    BookingShown,
    KeptShown,
    LinePlace,
    SessionSwitch,
    Since,
    iso,
)
from checkin.words import said, said_together


def answer_of(
    scan: Scan,
    decision: Decision,
    person: Person | None,
    *,
    layout: Layout,
    programme: Programme,
    area: AreaNow | None,
    seq: int,
    now: int,
    provisional: bool,
    restored: bool,
    everybody: bool,
) -> Answer:
    """What the door shows. `area`: as it was heard of last; `restored`: the centre came from a backup, and leaves all
    to its doors; `everybody`: the centre has told of all people."""
    refusal, door = decision.refusal, layout.doors[scan.door]
    hint, way = wording.hint(decision, layout), wording.way(decision, scan.door, layout)
    if provisional and refusal is not None and _has_no_places(refusal, layout):
        # Whether another door can let in it does not know: it may be cut off as well.
        hint, way = wording.no_places(restored=restored), (wording.Saying("wait_and_ask"),)
    if provisional and refusal is not None and refusal.reason == "code_unknown" and not everybody:
        hint, way = wording.not_told_of_everybody(), (wording.Saying("wait_and_ask"),)
    since = None
    if refusal is not None and refusal.since_at is not None and refusal.since_door is not None:
        there = layout.doors.get(refusal.since_door)
        since = Since(at=iso(refusal.since_at, layout), door=there.name if there else refusal.since_door)
    session = programme.sessions.get(refusal.session or "") if refusal is not None else None
    switch = None
    if refusal is not None and refusal.reason == "session_not_booked" and refusal.session is not None:
        switch = SessionSwitch(id=refusal.session, title=session.title if session else refusal.session)
    kept = kept_seats(refusal.kept) if refusal is not None else None
    line = None
    # Numbers of the line are the centre's to give.
    if refusal is not None and refusal.area is not None and refusal.ahead is not None and not provisional:
        line = LinePlace(area=refusal.area, number=refusal.number, ahead=refusal.ahead)
    return Answer(
        id=scan.id,
        seq=seq,
        outcome=decision.outcome,
        reason=refusal.reason if refusal else None,
        kind=decision.kind,
        provisional=provisional,
        attendee=_attendee(person, layout, programme, now) if person is not None else None,
        area=AreaShown(
            id=door.area,
            inside=area.inside if area else 0,
            capacity=area.capacity if area else layout.areas[door.area].visitors,
            free=area.free if area else None,
        ),
        hint=said(hint),
        way=said_together(way),
        since=since,
        overridden=decision.overridden,
        soft=refusal is not None and OVERRIDE[refusal.reason] == "soft",
        switch=switch,
        kept=None
        if kept is None
        else KeptShown(
            seats=kept.seats,
            until=None if kept.until_at is None else iso(kept.until_at, layout),
            until_seats=kept.until_seats,
        ),
        line=line,
        alternatives=[],
        choices=[],
        item=None,
        asks_back=[],
        scanned_at=iso(scan.scanned_at or now, layout),
        received_at=iso(now, layout),
        clock_off_s=None,
    )


def _has_no_places(refusal: Refusal, layout: Layout) -> bool:
    """Whether it is this door that has no place left to give, and not the area that takes nobody."""
    if refusal.reason != "area_full" or refusal.area is None:
        return False
    area = layout.areas[refusal.area]
    return 0 not in (area.visitors, area.persons)


def _attendee(person: Person, layout: Layout, programme: Programme, now: int) -> AttendeeShown:
    return AttendeeShown(
        id=person.bearer.attendee,
        name=person.name,
        organisation=person.organisation,
        group=person.bearer.group,
        bookings=[
            BookingShown(
                session=one.id,
                title=one.title,
                area=one.area,
                name=layout.areas[one.area].name if one.area in layout.areas else one.area,
                starts_at=iso(one.starts_at, layout),
            )
            for one in programme.sessions.values()
            if one.id in person.bearer.bookings and not one.cancelled and now < one.ends_at
        ],
    )


def layout_shown(layout: Layout, now: int) -> dict[str, Any]:
    """As `GET /layout` of the centre."""
    return {
        "event": msgspec.to_builtins(layout.event),
        "now": iso(now, layout),
        "groups": msgspec.to_builtins(list(layout.groups.values())),
        "areas": msgspec.to_builtins(list(layout.areas.values())),
        "doors": [_door(door) for door in layout.doors.values()],
        "items": msgspec.to_builtins(list(layout.items.values())),
    }


def sessions_shown(programme: Programme, layout: Layout) -> list[dict[str, Any]]:
    """As `GET /sessions` of the centre, as far as displays show it; in their order."""
    return [
        {
            "id": one.id,
            "area": one.area,
            "title": one.title,
            "starts_at": iso(one.starts_at, layout),
            "ends_at": iso(one.ends_at, layout),
            "cancelled": one.cancelled,
        }
        for one in sorted(programme.sessions.values(), key=lambda one: one.starts_at)
    ]


def _door(door: Door) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(door)
    return shown | {"opens": _clock(door.opens), "closes": _clock(door.closes)}


def _clock(time: dt.time | None) -> str | None:
    return None if time is None else f"{time:%H:%M}"
