"""Find, read, change, register a walk-in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from checkin.service import attendees, blocks, undo
from checkin.service.attendees import AttendeeFound, AttendeeSeen, CrewMember, LedTo
from checkin.service.blocks import BlockShown
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import may
from checkin.wire import AttendeeChange, AttendeeSent, BlockSent, CodeSent, ProxySent


class AttendeesFound(Struct, frozen=True):
    """Each with more for the desk: `AttendeeFound`."""

    attendees: Sequence[AttendeeSeen]


class CrewShown(Struct, frozen=True):
    crew: list[CrewMember]


class BlocksShown(Struct, frozen=True):
    blocks: list[BlockShown]


@get("/attendees", guards=[may("people")])
async def find_attendees(
    event: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    q: Annotated[str, QueryParameter(max_length=200)] = "",
) -> AttendeesFound:
    """By name, organisation, town, booking number, ticket or e-mail; all words must match."""
    permissions = request.user.may
    found = await centre.read(lambda tx: attendees.find(tx, centre.venues, event, q, may=permissions))
    return AttendeesFound(found)


@post("/attendees/by-code", guards=[may("people")], status_code=200)
async def find_by_code(
    event: FromPath[str],
    data: JSONBody[CodeSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> LedTo:
    """Whom a code leads to, without any decision. In the body: what is in an address is logged."""
    permissions = request.user.may
    return await centre.read(lambda tx: attendees.by_code(tx, centre.venues, event, data.code, may=permissions))


@get("/crew", guards=[may("scan")])
async def read_crew(event: FromPath[str], centre: NamedDependency[Centre]) -> CrewShown:
    """The crew list: whom a door may let in without a badge (`attendee` in a scan without a code)."""
    return CrewShown(await centre.read(lambda tx: attendees.crew(tx, centre.venues, event)))


@get("/attendees/{attendee:str}", guards=[may("people")])
async def read_attendee(
    event: FromPath[str],
    attendee: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> AttendeeSeen:
    """One attendee: all of it for the desk, else name, office, town, group and where inside."""
    permissions = request.user.may
    return await centre.read(lambda tx: attendees.read(tx, centre.venues, event, attendee, may=permissions))


@post("/attendees", guards=[may("desk")])
async def add_attendee(
    event: FromPath[str],
    data: JSONBody[AttendeeSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> AttendeeFound:
    """A walk-in; the same id again is the same person."""
    now, by, permissions = centre.clock(), request.user.id, request.user.may
    return await centre.write(
        lambda tx: attendees.walk_in(tx, centre.venues, event, data, now=now, by=by, may=permissions), event=event
    )


@patch("/attendees/{attendee:str}", guards=[may("desk")])
async def change_attendee(
    event: FromPath[str],
    attendee: FromPath[str],
    data: JSONBody[AttendeeChange],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> AttendeeFound:
    now, by, permissions = centre.clock(), request.user.id, request.user.may
    return await centre.write(
        lambda tx: attendees.change(tx, centre.venues, event, attendee, data, now=now, by=by, may=permissions),
        event=event,
    )


@post("/attendees/{attendee:str}/proxy", guards=[may("desk")])
async def send_proxy(
    event: FromPath[str],
    attendee: FromPath[str],
    data: JSONBody[ProxySent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> AttendeeFound:
    """Somebody else comes in this attendee's place; the attendee's codes are void at once."""
    now, by = centre.clock(), request.user.id
    return await centre.write(
        lambda tx: attendees.send_proxy(tx, centre.venues, event, attendee, data, now=now, by=by), event=event
    )


@post("/attendees/{attendee:str}/undo", guards=[may("desk")], status_code=204, summary="Take a walk-in back")
async def undo_walk_in(
    event: FromPath[str],
    attendee: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """A finger slipped: within half a minute. The registration stays, cancelled; the badge is void."""
    now, since, by = centre.clock(), centre.undoable_since(), request.user
    await centre.write(
        lambda tx: undo.undo_walk_in(tx, centre.venues, event, attendee, now=now, since=since, by=by), event=event
    )


@post("/attendees/{attendee:str}/proxy/undo", guards=[may("desk")], status_code=204, summary="Take a proxy back")
async def undo_proxy(
    event: FromPath[str],
    attendee: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Within half a minute: the attendee's codes and bookings hold again, the proxy's badge is void."""
    now, since, by = centre.clock(), centre.undoable_since(), request.user
    await centre.write(
        lambda tx: undo.undo_proxy(tx, centre.venues, event, attendee, now=now, since=since, by=by), event=event
    )


@put("/attendees/{attendee:str}/block", guards=[may("block")])
async def block_attendee(
    event: FromPath[str],
    attendee: FromPath[str],
    data: JSONBody[BlockSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Block somebody at every door at once, or lift it: one's own, or whoever may read why. No door says why."""
    now, by, permissions = centre.clock(), request.user.id, request.user.may
    await centre.write(
        lambda tx: blocks.block(tx, centre.venues, event, attendee, data, now=now, by=by, may=permissions), event=event
    )


@get("/blocks", guards=[may("reasons")])
async def read_blocks(event: FromPath[str], centre: NamedDependency[Centre]) -> BlocksShown:
    """Every block in force and the reason for it."""
    return BlocksShown(await centre.read(lambda tx: blocks.blocks_now(tx, centre.venues, event)))
