"""Log in, log out, pair: the only calls that answer without a token."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from checkin.core.model import OperatorRole
from checkin.core.roles import Permission
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import COOKIE, cookie_for
from checkin.wire import LoginSent, OperatorShown, PairSent


class LoggedIn(Struct, frozen=True):
    operator: OperatorShown


class DevicePaired(Struct, frozen=True):
    id: str
    name: str
    role: str
    door: str | None


class Paired(Struct, frozen=True):
    """`open`: the page for this device."""

    device: DevicePaired
    open: str


class Me(Struct, frozen=True):
    operator: OperatorShown | None
    device: DevicePaired | None
    may: list[Permission]
    open: str


@post("/api/v1/login", opt={"public": True}, status_code=200)
async def log_in(
    data: JSONBody[LoginSent], request: Request[Any, Any, Any], centre: NamedDependency[Centre]
) -> Response[LoggedIn]:
    address = request.client.host if request.client else ""
    token, operator = await centre.gate.log_in(data.name, data.password, address)
    return Response(
        LoggedIn(OperatorShown(operator.name, operator.role)), cookies=[cookie_for(token, request, device=False)]
    )


@post("/api/v1/logout", status_code=204)
async def log_out(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> Response[None]:
    await centre.gate.log_out(request.auth)
    response: Response[None] = Response(None, status_code=204)
    response.delete_cookie(COOKIE)
    return response


@post("/api/v1/pair", opt={"public": True}, status_code=200)
async def pair(
    data: JSONBody[PairSent], request: Request[Any, Any, Any], centre: NamedDependency[Centre]
) -> Response[Paired]:
    address = request.client.host if request.client else ""
    token, device = await centre.gate.pair(data.code, address)
    paired = Paired(
        DevicePaired(device.id, device.name, device.role, device.door), _page(device.event, device.role, device.door)
    )
    return Response(paired, cookies=[cookie_for(token, request, device=True)])


@get("/api/v1/me")
async def who_am_i(request: Request[Principal, str, Any]) -> Me:
    principal = request.user
    permissions = sorted(principal.may)
    if principal.is_device:
        device = DevicePaired(principal.device, principal.name, principal.role, principal.door)
        return Me(None, device, permissions, _page(principal.event or "", principal.role, principal.door))
    role: OperatorRole = principal.role  # type: ignore[assignment]
    return Me(OperatorShown(principal.name, role), None, permissions, "/")


def _page(event: str, role: str, door: str | None) -> str:
    if role == "door" and door:
        return f"/events/{event}/door/{door}"
    return f"/events/{event}/desk" if role == "desk" else f"/events/{event}/board"
