"""Find, read, change, register a walk-in."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from checkin.service import attendees
from checkin.service.attendees import AttendeeFound
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import may
from checkin.wire import AttendeeChange, AttendeeSent


class AttendeesFound(Struct, frozen=True):
    attendees: list[AttendeeFound]


@get("/attendees", guards=[may("people")])
async def find_attendees(
    event: FromPath[str], centre: NamedDependency[Centre], q: Annotated[str, QueryParameter(max_length=200)] = ""
) -> AttendeesFound:
    """By name, organisation, town, booking number, ticket or e-mail; all words must match."""
    return AttendeesFound(await centre.read(lambda tx: attendees.find(tx, centre.venues, event, q)))


@get("/attendees/{attendee:str}", guards=[may("people")])
async def read_attendee(
    event: FromPath[str], attendee: FromPath[str], centre: NamedDependency[Centre]
) -> AttendeeFound:
    return await centre.read(lambda tx: attendees.read(tx, centre.venues, event, attendee))


@post("/attendees", guards=[may("desk")])
async def add_attendee(
    event: FromPath[str],
    data: JSONBody[AttendeeSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> AttendeeFound:
    """A walk-in; the same id again is the same person."""
    now, by = centre.clock(), request.user.id
    return await centre.write(lambda tx: attendees.walk_in(tx, centre.venues, event, data, now=now, by=by), event=event)


@patch("/attendees/{attendee:str}", guards=[may("desk")])
async def change_attendee(
    event: FromPath[str],
    attendee: FromPath[str],
    data: JSONBody[AttendeeChange],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> AttendeeFound:
    now, by = centre.clock(), request.user.id
    return await centre.write(
        lambda tx: attendees.change(tx, centre.venues, event, attendee, data, now=now, by=by), event=event
    )
