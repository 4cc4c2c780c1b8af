"""Log in, log out, pair, accept an invitation: the only calls that answer without a token; and who is logged in."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import qrcode
import qrcode.image.svg
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from checkin.core.model import OperatorRole
from checkin.core.roles import PAGES, Permission
from checkin.service import account, operators
from checkin.service.account import SecondFactorState
from checkin.service.centre import Centre
from checkin.service.operators import Invited
from checkin.service.people import Principal
from checkin.store import people
from checkin.store.engine import Transaction
from checkin.store.people import Operator
from checkin.web.auth import cookie_for, own_page
from checkin.wire import COOKIE, LoginSent, OperatorShown, PairSent


class LoggedIn(Struct, frozen=True):
    """`enrolling`: the role needs a second factor, which must be set before anything else."""

    operator: OperatorShown
    enrolling: bool = False


class CodeGiven(Struct, frozen=True):
    code: Annotated[str, Meta(min_length=1, max_length=200)]


class Accepting(Struct, frozen=True, kw_only=True):
    """`name` is what the first organiser chooses; whoever was invited has one. `recovery_code`: for an account with a
    second factor."""

    code: Annotated[str, Meta(min_length=1, max_length=200)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]
    name: Annotated[str, Meta(max_length=100)] = ""
    recovery_code: Annotated[str, Meta(max_length=40)] = ""


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


class UnconfirmedShown(Struct, frozen=True, kw_only=True):
    """An account that waits for whoever asks to say who used its link, and when that was. `by`: who made the link."""

    id: str
    name: str
    role: OperatorRole
    by: str
    at: str


class Me(Struct, frozen=True):
    """`pages`: of an event, those that one may open (`rooms`; empty: the overview). `new_links`: of the own account,
    and of all for those who may make accounts. `unconfirmed`: the own account waits to be confirmed; `to_confirm`:
    others' wait for whoever asks."""

    operator: OperatorShown | None
    device: DevicePaired | None
    may: list[Permission]
    open: str
    pages: list[str]
    enrolling: bool = False
    second_factor: SecondFactorState = "needless"
    new_links: list[NewLinkShown] = []
    unconfirmed: bool = False
    to_confirm: list[UnconfirmedShown] = []


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
    token, operator = await operators.accept(
        centre.gate, centre.store, data.code, data.name, data.password, address, data.recovery_code
    )
    centre.drop(f"operator:{operator.id}")
    return _logged_in(centre, request, token, operator)


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
    pages = [page for page, needs in PAGES.items() if needs in principal.may]
    if principal.is_device:
        device = DevicePaired(principal.device, principal.name, principal.role, principal.door)
        return Me(None, device, permissions, _page(principal.event or "", principal.role, principal.door), pages)
    role: OperatorRole = principal.role  # type: ignore[assignment]
    return await centre.read(
        lambda tx: Me(
            OperatorShown(principal.name, role),
            None,
            permissions,
            "/",
            pages,
            enrolling=principal.enrolling,
            second_factor=account.factor_of(tx, principal),
            new_links=_new_links(tx, principal),
            unconfirmed=principal.unconfirmed,
            to_confirm=_to_confirm(tx, principal),
        )
    )


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
            at=utc_iso(one.at),
            used=one.used,
            own=one.own,
        )
        for one in operators.new_links(tx, principal)
    ]


def _to_confirm(tx: Transaction, principal: Principal) -> list[UnconfirmedShown]:
    names = people.operator_names(tx)
    return [
        UnconfirmedShown(
            id=one.operator.id,
            name=one.operator.name,
            role=one.operator.role,
            by=names.get(one.by.removeprefix("operator:"), one.by),
            at=utc_iso(one.since),
        )
        for one in operators.unconfirmed(tx, principal)
    ]


def utc_iso(at: int) -> str:
    """Wall time in ms since 1970 UTC, as accounts show it: they belong to no event and its zone."""
    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).isoformat(timespec="seconds")


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
