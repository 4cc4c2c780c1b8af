"""The print queue, and badges that are handed out."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.badges.misfits import check_letters
from checkin.service import badges, prints
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.service.prints import PrintShown, PrintsShown
from checkin.web.auth import may
from checkin.wire import PickupSent, PrintChange, PrinterSent, PrintSent, PrintTaken


class PickedUp(Struct, frozen=True):
    """The badges for which this was new."""

    badges: list[str]


@get("/prints", guards=[may("desk")])
async def list_prints(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> PrintsShown:
    """What failed, is being printed, waits, and was printed last."""
    permissions = request.user.may
    return await centre.read(lambda tx: prints.prints_now(tx, centre.venues, event, may=permissions))


@post("/prints", guards=[may("desk")])
async def add_print(
    event: FromPath[str],
    data: JSONBody[PrintSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> PrintShown:
    """A badge for the queue; one that was printed before needs `again`. `missing`: letters that keep it from
    being printed until the name is corrected."""
    now, by = centre.clock(), request.user.id
    one = await centre.write(lambda tx: prints.add_print(tx, centre.venues, event, data, now=now, by=by))
    drawn = await centre.read(lambda tx: badges.drafts(tx, centre.venues, event, attendee=one.attendee))
    letters = "".join(misfit.letters for misfit in await asyncio.to_thread(check_letters, drawn))
    return msgspec.structs.replace(one, missing="".join(dict.fromkeys(letters)))


@post("/prints/next", guards=[may("desk")], status_code=200)
async def take_print(
    event: FromPath[str], data: JSONBody[PrintTaken], centre: NamedDependency[Centre]
) -> Response[PrintShown | None]:
    """The next badge for this printer, which has two minutes to say how it went; 204 where none waits."""
    now = centre.clock()
    taken = await centre.write(lambda tx: prints.take_print(tx, centre.venues, event, data.printer, now=now))
    return Response(taken, status_code=200 if taken is not None else 204)


@post("/printers", guards=[may("desk")], status_code=204)
async def say_reachable(event: FromPath[str], data: JSONBody[PrinterSent], centre: NamedDependency[Centre]) -> None:
    """A printer cannot be reached, as its program says; the desks and the alerts show it until it can again."""
    now = centre.clock()
    await centre.write(lambda tx: prints.say_reachable(tx, centre.venues, event, data, now=now))


@patch("/prints/{print_id:str}", guards=[may("desk")])
async def change_print(
    event: FromPath[str],
    print_id: FromPath[str],
    data: JSONBody[PrintChange],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> PrintShown:
    """How it went; `waiting` puts it into the queue again."""
    now, by = centre.clock(), request.user.id
    return await centre.write(
        lambda tx: prints.change_print(tx, centre.venues, event, print_id, data, now=now, by=by), event=event
    )


@post("/pickups", guards=[may("desk")], status_code=200)
async def pick_up(
    event: FromPath[str],
    data: JSONBody[PickupSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> PickedUp:
    """Badges handed out, fourteen at once where a group's leader comes; nobody is counted by it."""
    now, by = centre.clock(), request.user.id
    changed = await centre.write(
        lambda tx: prints.hand_out(tx, centre.venues, event, data, now=now, by=by), event=event
    )
    return PickedUp(changed)
