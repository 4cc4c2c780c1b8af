"""Rooms on the day: plans, holds, waiting lines, and the end of the day."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.core.roles import PAGES
from checkin.service import closing, lines, rooms
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.service.rooms import HoldShown, PlanShown
from checkin.web.auth import may
from checkin.wire import HoldChange, HoldSent, LinePlace, LineSent, PlanChoice, PlanSent


class RoomsShown(Struct, frozen=True):
    plans: list[PlanShown]
    holds: list[HoldShown]


class Closed(Struct, frozen=True):
    """How many were taken as gone."""

    assumed: int


@get("/rooms", guards=[may(PAGES["rooms"])])
async def read_rooms(event: FromPath[str], centre: NamedDependency[Centre]) -> RoomsShown:
    """The plans of every area that has more than one, and every hold."""
    plans = await centre.read(lambda tx: rooms.plans(tx, centre.venues, event))
    venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
    return RoomsShown(plans, [rooms.hold_shown(hold) for hold in venue.layout.holds])


@post("/areas/{area:str}/plans", guards=[may("approve")])
async def approve_plan(
    event: FromPath[str],
    area: FromPath[str],
    data: JSONBody[PlanSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> PlanShown:
    """Enter a newly approved plan; it is in use once it is switched to."""
    now, by = centre.clock(), request.user.id
    return await centre.write(
        lambda tx: rooms.approve_plan(tx, centre.venues, event, area, data, now=now, by=by), event=event
    )


@put("/areas/{area:str}/plan", guards=[may("approve")])
async def switch_plan(
    event: FromPath[str],
    area: FromPath[str],
    data: JSONBody[PlanChoice],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> PlanShown:
    """Seat an area by another approved plan: its numbers hold at every door at once."""
    now, by = centre.clock(), request.user.id
    return await centre.write(
        lambda tx: rooms.switch_plan(tx, centre.venues, event, area, data, now=now, by=by), event=event
    )


@post("/holds", guards=[may("manage")])
async def add_hold(
    event: FromPath[str],
    data: JSONBody[HoldSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> HoldShown:
    now, by = centre.clock(), request.user.id
    return await centre.write(lambda tx: rooms.add_hold(tx, centre.venues, event, data, now=now, by=by), event=event)


@patch("/holds/{hold:str}", guards=[may("manage")])
async def change_hold(
    event: FromPath[str],
    hold: FromPath[str],
    data: JSONBody[HoldChange],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> HoldShown:
    """Release a hold, or hold the seats again."""
    now, by = centre.clock(), request.user.id
    return await centre.write(
        lambda tx: rooms.release_hold(tx, centre.venues, event, hold, data.released, now=now, by=by), event=event
    )


@post("/areas/{area:str}/line", guards=[may("desk")])
async def join_line(
    event: FromPath[str],
    area: FromPath[str],
    data: JSONBody[LineSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> LinePlace:
    """A number of an area's waiting line for an attendee, who keeps the one they have."""
    now, by = centre.clock(), request.user.id
    return await centre.write(
        lambda tx: lines.join(tx, centre.venues, event, area, data.attendee, now=now, by=by), event=event
    )


@delete("/areas/{area:str}/line/{number:int}", guards=[may("scan")])
async def leave_line(
    event: FromPath[str],
    area: FromPath[str],
    number: FromPath[int],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Give a number up: its holder has gone."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: lines.leave(tx, centre.venues, event, area, number, now=now, by=by), event=event)


@post("/closing", guards=[may("manage")], status_code=200)
async def close_day(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> Closed:
    """The day is over: whoever nobody saw leave is taken as gone, and marked so."""
    now, by = centre.clock(), request.user.id
    return Closed(
        await centre.write(lambda tx: closing.close_day(tx, centre.venues, event, now=now, by=by), event=event)
    )
