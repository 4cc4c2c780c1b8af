"""Events, their layout and programme."""

from __future__ import annotations

import datetime as dt
from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.core.model import Area, Door, Event, Group, Item
from checkin.service import overview, schedule
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.service.warnings import Warning, warnings
from checkin.web.auth import may
from checkin.web.setup import download
from checkin.wire import BookingAnswer, BookingSent, SessionChange, SessionSent, iso


class EventsShown(Struct, frozen=True):
    events: list[overview.EventShown]


class LayoutShown(Struct, frozen=True, kw_only=True):
    event: Event
    now: str
    groups: list[Group]
    areas: list[Area]
    doors: list[DoorNow]
    items: list[Item]


class SessionsChanged(Struct, frozen=True):
    """The sessions that changed, and what should be looked at now."""

    sessions: tuple[str, ...]
    warnings: list[Warning]


class DoorNow(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    area: str
    direction: str
    opens: str | None
    closes: str | None
    groups: tuple[str, ...]
    early: tuple[str, ...]
    reentry: str
    item: str | None


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
        items=list(layout.items.values()),
    )


@get("/sessions", guards=[may("read")])
async def read_sessions(event: FromPath[str], centre: NamedDependency[Centre]) -> overview.ProgrammeShown:
    now = centre.clock()
    return await centre.read(lambda tx: overview.programme(tx, centre.venues, event, now))


@patch("/sessions/{session:str}", guards=[may("manage")])
async def change_session(
    event: FromPath[str],
    session: FromPath[str],
    data: JSONBody[SessionChange],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> SessionsChanged:
    """Move a session, let it run over, swap its room, cancel it; displays and doors follow."""
    now, by = centre.clock(), request.user.id
    changed = await centre.write(
        lambda tx: schedule.change_session(tx, centre.venues, event, session, data, now=now, by=by), event=event
    )
    venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
    return SessionsChanged(changed, await centre.read(lambda tx: warnings(tx, venue, now)))


@post("/sessions", guards=[may("manage")])
async def add_session(
    event: FromPath[str],
    data: JSONBody[SessionSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> SessionsChanged:
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: schedule.add_session(tx, centre.venues, event, data, now=now, by=by), event=event)
    venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
    return SessionsChanged((data.id,), await centre.read(lambda tx: warnings(tx, venue, now)))


@delete("/sessions/{session:str}", guards=[may("manage")])
async def remove_session(
    event: FromPath[str], session: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> None:
    """Take out a session that nobody has booked yet; one that was booked is cancelled instead."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: schedule.remove_session(tx, centre.venues, event, session, now=now, by=by), event=event
    )


@get("/schedule.json", guards=[may("read")])
async def read_schedule_file(event: FromPath[str], centre: NamedDependency[Centre]) -> Response[bytes]:
    """The programme as frab JSON, as `checkin import schedule` takes it."""
    content = await centre.read(lambda tx: schedule.schedule_file(tx, centre.venues, event))
    return download(content, "application/json", f"{event}-schedule.json")


@post("/sessions/{session:str}/bookings", guards=[may("desk")])
async def book_session(
    event: FromPath[str],
    session: FromPath[str],
    data: JSONBody[BookingSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> BookingAnswer:
    """A seat for an attendee; with `switch` in the place of what was booked for that time."""
    now, by = centre.clock(), request.user.id
    return await centre.write(
        lambda tx: schedule.book(tx, centre.venues, event, session, data, now=now, by=by), event=event
    )


@delete("/sessions/{session:str}/bookings/{attendee:str}", guards=[may("desk")])
async def unbook_session(
    event: FromPath[str],
    session: FromPath[str],
    attendee: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Free the seat."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: schedule.unbook(tx, centre.venues, event, session, attendee, now=now, by=by), event=event
    )


def _door(door: Door) -> DoorNow:
    return DoorNow(
        id=door.id,
        name=door.name,
        area=door.area,
        direction=door.direction,
        opens=_hour(door.opens),
        closes=_hour(door.closes),
        groups=door.groups,
        early=door.early,
        reentry=door.reentry,
        item=door.item,
    )


def _hour(time: dt.time | None) -> str | None:
    return None if time is None else f"{time:%H:%M}"
