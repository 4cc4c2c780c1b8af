"""Log in, log out, pair, accept an invitation: the only calls that answer without a token; the second factor."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import qrcode
import qrcode.image.svg
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from checkin.core.model import OperatorRole
from checkin.core.roles import Permission
from checkin.service import factors, operators
from checkin.service.centre import Centre
from checkin.service.operators import Invited
from checkin.service.people import Principal
from checkin.store.people import Operator
from checkin.web.auth import COOKIE, cookie_for
from checkin.wire import LoginSent, OperatorShown, PairSent


class LoggedIn(Struct, frozen=True):
    """`enrolling`: the role needs a second factor, which must be set before anything else."""

    operator: OperatorShown
    enrolling: bool = False


class CodeGiven(Struct, frozen=True):
    code: Annotated[str, Meta(min_length=1, max_length=200)]


class Accepting(Struct, frozen=True, kw_only=True):
    """`name` is what the first organiser chooses; whoever was invited has one."""

    code: Annotated[str, Meta(min_length=1, max_length=200)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]
    name: Annotated[str, Meta(max_length=100)] = ""


class NewFactor(Struct, frozen=True):
    """What an authenticator app reads; nothing of it is kept before its first code came back."""

    secret: str
    address: str
    qr: str


class FactorSent(Struct, frozen=True, kw_only=True):
    secret: Annotated[str, Meta(max_length=64)]
    code: Annotated[str, Meta(max_length=40)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]


class FactorSet(Struct, frozen=True):
    """Shown this once."""

    recovery_codes: list[str]


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
    enrolling: bool = False
    second_factor: Literal["set", "missing", "needless"] = "needless"


@post("/api/v1/login", opt={"public": True}, status_code=200)
async def log_in(
    data: JSONBody[LoginSent], request: Request[Any, Any, Any], centre: NamedDependency[Centre]
) -> Response[LoggedIn]:
    address = request.client.host if request.client else ""
    token, operator = await centre.gate.log_in(data.name, data.password, address, data.code)
    return _logged_in(centre, request, token, operator)


@post("/api/v1/invitation", opt={"public": True}, status_code=200)
async def read_invitation(data: JSONBody[CodeGiven], centre: NamedDependency[Centre]) -> Invited:
    """Whom a one-time link is for."""
    return await centre.read(lambda tx: operators.invited(tx, data.code))


@post("/api/v1/invitation/accept", opt={"public": True}, status_code=200)
async def accept_invitation(
    data: JSONBody[Accepting], request: Request[Any, Any, Any], centre: NamedDependency[Centre]
) -> Response[LoggedIn]:
    """Choose a password by a one-time link, and be logged in."""
    address = request.client.host if request.client else ""
    token, operator = await operators.accept(centre.gate, centre.store, data.code, data.name, data.password, address)
    return _logged_in(centre, request, token, operator)


@get("/api/v1/second-factor")
async def new_factor(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> NewFactor:
    principal = request.user
    await centre.read(lambda tx: operators.unenrolled(tx, principal))
    secret = factors.new_secret()
    address = factors.address_of(secret, request.user.name)
    return NewFactor(secret, address, qr_svg(address))


@post("/api/v1/second-factor", status_code=200)
async def set_factor(
    data: JSONBody[FactorSent], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> FactorSet:
    """Set the second factor of whoever is logged in, by a first code of the app."""
    return FactorSet(
        await operators.enrol(
            centre.gate, centre.store, request.user, secret=data.secret, code=data.code, password=data.password
        )
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
async def who_am_i(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> Me:
    principal = request.user
    permissions = sorted(principal.may)
    if principal.is_device:
        device = DevicePaired(principal.device, principal.name, principal.role, principal.door)
        return Me(None, device, permissions, _page(principal.event or "", principal.role, principal.door))
    role: OperatorRole = principal.role  # type: ignore[assignment]
    factor = await centre.read(lambda tx: operators.factor_of(tx, principal))
    return Me(OperatorShown(principal.name, role), None, permissions, "/", principal.enrolling, factor)


def qr_svg(text: str) -> str:
    return qrcode.make(text, image_factory=qrcode.image.svg.SvgPathImage, border=4).to_string(encoding="unicode")


def _logged_in(centre: Centre, request: Request[Any, Any, Any], token: str, operator: Operator) -> Response[LoggedIn]:
    return Response(
        LoggedIn(OperatorShown(operator.name, operator.role), centre.gate.lacks_factor(operator)),
        cookies=[cookie_for(token, request, device=False)],
    )


def _page(event: str, role: str, door: str | None) -> str:
    if role == "door" and door:
        return f"/events/{event}/door/{door}"
    return f"/events/{event}/desk" if role == "desk" else f"/events/{event}/board"
