"""Clicks at the door of a station, by the token of its link: ±n in the area of that door, and nothing else."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody

from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.service.stations import station_of
from checkin.web.auth import Connection
from checkin.web.occupancy import correct, take_back
from checkin.wire import CorrectionAnswer, CorrectionSent


async def by_station(connection: Connection, handler: BaseRouteHandler) -> None:
    """A guard: whoever asks is a station of this event that was not revoked."""
    centre: Centre = connection.app.state.centre
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    event = connection.path_params["event"]
    station = await centre.read(lambda tx: station_of(tx, event, token.strip()))
    if kind.lower() != "bearer" or station is None or station.revoked:
        raise NotAuthorizedException("Only a station of this event may do this: pair it.")
    connection.scope["user"] = Principal(
        id=f"device:{station.id}", name="", role="door", may=frozenset({"click"}), event=event, door=station.door
    )


@post("/stations/corrections", opt={"public": True}, guards=[by_station], summary="A click at a station's door")
async def send_click(
    event: FromPath[str],
    data: JSONBody[CorrectionSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> Response[CorrectionAnswer]:
    """A change by ±n: 201, or 200 where this id was answered before. Headcounts are an operator's."""
    return await correct(event, data, request.user, centre)


@post(
    "/stations/corrections/{correction:str}/undo",
    opt={"public": True},
    guards=[by_station],
    status_code=200,
    summary="Take a click at a station's door back",
)
async def undo_click(
    event: FromPath[str],
    correction: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> CorrectionAnswer:
    return await take_back(event, correction, request.user, centre)
