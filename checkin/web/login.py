"""Log in, log out, pair, accept an invitation: the only calls that answer without a token; the second factor."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import qrcode
import qrcode.image.svg
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from checkin.core.model import OperatorRole
from checkin.core.roles import Permission
from checkin.service import factors, operators
from checkin.service.centre import Centre
from checkin.service.operators import Invited
from checkin.service.people import Principal
from checkin.store import people
from checkin.store.engine import Transaction
from checkin.store.people import Operator
from checkin.web.auth import COOKIE, cookie_for, own_page
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


class NewLinkShown(Struct, frozen=True, kw_only=True):
    """A link of the last days that gives an account another password: whose (`own`: of whoever asks), by whom."""

    name: str
    by: str
    at: str
    used: bool
    own: bool


class Me(Struct, frozen=True):
    """`new_links`: of the own account, and of all for those who may make accounts."""

    operator: OperatorShown | None
    device: DevicePaired | None
    may: list[Permission]
    open: str
    enrolling: bool = False
    second_factor: Literal["set", "missing", "needless"] = "needless"
    new_links: list[NewLinkShown] = []


@post("/api/v1/login", opt={"public": True}, guards=[own_page], status_code=200)
async def log_in(
    data: JSONBody[LoginSent], request: Request[Any, Any, Any], centre: NamedDependency[Centre]
) -> Response[LoggedIn]:
    address = request.client.host if request.client else ""
    token, operator = await centre.gate.log_in(data.name, data.password, address, data.code)
    return _logged_in(centre, request, token, operator)


@post("/api/v1/invitation", opt={"public": True}, guards=[own_page], status_code=200)
async def read_invitation(data: JSONBody[CodeGiven], centre: NamedDependency[Centre]) -> Invited:
    """Whom a one-time link is for."""
    return await centre.read(lambda tx: operators.invited(tx, data.code))


@post("/api/v1/invitation/accept", opt={"public": True}, guards=[own_page], status_code=200)
async def accept_invitation(
    data: JSONBody[Accepting], request: Request[Any, Any, Any], centre: NamedDependency[Centre]
) -> Response[LoggedIn]:
    """Choose a password by a one-time link, and be logged in."""
    address = request.client.host if request.client else ""
    token, operator = await operators.accept(centre.gate, centre.store, data.code, data.name, data.password, address)
    centre.drop(f"operator:{operator.id}")
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


@post("/api/v1/pair", opt={"public": True}, guards=[own_page], status_code=200)
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
    factor, links = await centre.read(lambda tx: (operators.factor_of(tx, principal), _new_links(tx, principal)))
    return Me(OperatorShown(principal.name, role), None, permissions, "/", principal.enrolling, factor, links)


@delete("/api/v1/me/invitation", summary="Refuse a new link for the own account")
async def refuse_link(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> None:
    """Whoever asks did not want it: nobody can use it any more."""
    principal = request.user
    await centre.write(lambda tx: operators.refuse_link(tx, principal))


def _new_links(tx: Transaction, principal: Principal) -> list[NewLinkShown]:
    names = people.operator_names(tx)
    return [
        NewLinkShown(
            name=one.operator.name,
            by=names.get(one.by.removeprefix("operator:"), one.by),
            at=dt.datetime.fromtimestamp(one.at / 1000, dt.UTC).isoformat(timespec="seconds"),
            used=one.used,
            own=one.own,
        )
        for one in operators.new_links(tx, principal)
    ]


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
