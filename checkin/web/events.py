"""Events, their layout and programme."""

from __future__ import annotations

import datetime as dt
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from checkin.core.model import Area, Door, Event, Group
from checkin.service import overview
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import may
from checkin.wire import iso


class EventsShown(Struct, frozen=True):
    events: list[overview.EventShown]


class LayoutShown(Struct, frozen=True, kw_only=True):
    event: Event
    now: str
    groups: list[Group]
    areas: list[Area]
    doors: list[DoorNow]


class DoorNow(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    area: str
    direction: str
    opens: str | None
    closes: str | None
    groups: tuple[str, ...]
    reentry: str


@get("/api/v1/events", guards=[may("read")])
async def list_events(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> EventsShown:
    """All events; a device sees its own."""
    events = await centre.read(lambda tx: overview.all_events(tx, centre.venues))
    own = request.user.event
    return EventsShown([event for event in events if own is None or event.slug == own])


@get("/layout", guards=[may("read")])
async def read_layout(event: FromPath[str], centre: NamedDependency[Centre]) -> LayoutShown:
    venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
    layout = venue.layout
    return LayoutShown(
        event=layout.event,
        now=iso(centre.clock(), layout),
        groups=list(layout.groups.values()),
        areas=list(layout.areas.values()),
        doors=[_door(door) for door in layout.doors.values()],
    )


@get("/sessions", guards=[may("read")])
async def read_sessions(event: FromPath[str], centre: NamedDependency[Centre]) -> overview.Programme:
    now = centre.clock()
    return await centre.read(lambda tx: overview.programme(tx, centre.venues, event, now))


def _door(door: Door) -> DoorNow:
    return DoorNow(
        id=door.id,
        name=door.name,
        area=door.area,
        direction=door.direction,
        opens=_hour(door.opens),
        closes=_hour(door.closes),
        groups=door.groups,
        reentry=door.reentry,
    )


def _hour(time: dt.time | None) -> str | None:
    return None if time is None else f"{time:%H:%M}"
