"""Operators' accounts: who there is, invited by a one-time link, changed, withdrawn; and who may what."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from checkin.core.model import DeviceRole, OperatorRole
from checkin.core.roles import DEVICE_MAY, FACTOR_ROLES, OPERATOR_MAY, Permission, may_give
from checkin.service import operators
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.store import deeds, people
from checkin.store.engine import Transaction
from checkin.store.people import Operator
from checkin.web.auth import may
from checkin.web.login import qr_svg, utc_iso


class AccountShown(Struct, frozen=True, kw_only=True):
    """`yours`: one may change it by one's role. `own`: it is the account of whoever asks. `to_confirm`: whoever asks
    may say that it was the right one who used its link."""

    id: str
    name: str
    role: OperatorRole
    state: str
    second_factor: bool
    created_at: str
    yours: bool
    own: bool
    to_confirm: bool


class DeedShown(Struct, frozen=True, kw_only=True):
    """`by` and `about` by name; `by` also `command` (a terminal), `setup` (the first link), or empty."""

    at: str
    by: str
    what: str
    about: str
    note: str


class AccountsShown(Struct, frozen=True, kw_only=True):
    """`gives`: the roles that whoever asks may give."""

    operators: list[AccountShown]
    gives: list[OperatorRole]
    deeds: list[DeedShown]


class RolesShown(Struct, frozen=True, kw_only=True):
    """The table that the service itself goes by."""

    permissions: list[Permission]
    operators: dict[OperatorRole, list[Permission]]
    devices: dict[DeviceRole, list[Permission]]
    second_factor: list[OperatorRole]


class AccountSent(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: OperatorRole


class RoleSent(Struct, frozen=True):
    role: OperatorRole


class Invitation(Struct, frozen=True, kw_only=True):
    """A link by which one person chooses a password, once. Its code stands behind the #, which no server logs."""

    id: str
    name: str
    link: str
    qr: str
    hours: int


@get("/api/v1/roles", guards=[may("accounts")])
async def read_roles() -> RolesShown:
    permissions: tuple[Permission, ...] = Permission.__args__  # type: ignore[attr-defined]
    return RolesShown(
        permissions=list(permissions),
        operators={role: sorted(may, key=permissions.index) for role, may in OPERATOR_MAY.items()},
        devices={role: sorted(may, key=permissions.index) for role, may in DEVICE_MAY.items()},
        second_factor=sorted(FACTOR_ROLES),
    )


@get("/api/v1/operators", guards=[may("accounts")])
async def list_operators(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> AccountsShown:
    """Every account, what one may do with it, and what was done to accounts last."""
    return await centre.read(lambda tx: _accounts(tx, request.user))


@post("/api/v1/operators", guards=[may("accounts")])
async def invite_operator(
    data: JSONBody[AccountSent], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> Invitation:
    by = request.user
    operator, code = await centre.write(lambda tx: operators.invite(tx, data.name, data.role, by))
    return _invitation(request, operator, code)


@post("/api/v1/operators/{operator:str}/invitation", guards=[may("accounts")])
async def reset_operator(
    operator: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> Invitation:
    """A new link: once it is used the earlier password and sessions are void; one who was withdrawn is back. With a
    second factor it asks for a recovery code. The account's owner and everybody who may make accounts sees it at once
    (`/me`)."""
    by = request.user
    found, code = await centre.write(lambda tx: operators.reset(tx, operator, by))
    centre.gate.forget()
    return _invitation(request, found, code)


@post("/api/v1/operators/{operator:str}/confirmation", guards=[may("accounts")], status_code=204)
async def confirm_operator(
    operator: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> None:
    """Whoever this account is meant for has used its link: from now on it may what its role may."""
    by = request.user
    await centre.write(lambda tx: operators.confirm(tx, operator, by))
    centre.gate.forget()


@patch("/api/v1/operators/{operator:str}", guards=[may("accounts")], status_code=204)
async def change_role(
    operator: FromPath[str],
    data: JSONBody[RoleSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    by = request.user
    await centre.write(lambda tx: operators.change_role(tx, operator, data.role, by))
    _end_sessions(centre, operator)


@delete("/api/v1/operators/{operator:str}/second-factor", guards=[may("accounts")])
async def reset_factor(
    operator: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> None:
    """The phone is lost: a new second factor is set at the next log-in."""
    by = request.user
    await centre.write(lambda tx: operators.reset_factor(tx, operator, by))
    _end_sessions(centre, operator)


@delete("/api/v1/operators/{operator:str}", guards=[may("accounts")])
async def withdraw_operator(
    operator: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> None:
    """The account lets nobody in from now on: its sessions end and its live sockets close."""
    by = request.user
    await centre.write(lambda tx: operators.withdraw(tx, operator, by))
    _end_sessions(centre, operator)


def _end_sessions(centre: Centre, operator: str) -> None:
    centre.gate.forget()
    centre.drop(f"operator:{operator}")


def _accounts(tx: Transaction, principal: Principal) -> AccountsShown:
    accounts = people.load_operators(tx)
    role: OperatorRole = principal.role  # type: ignore[assignment]
    safety_exists = operators.safety_exists(tx)
    gives: list[OperatorRole] = [one for one in OPERATOR_MAY if may_give(role, one, safety_exists=safety_exists)]
    names = {f"operator:{one.id}": one.name for one in accounts}
    to_confirm = {one.operator.id for one in operators.unconfirmed(tx, principal)}
    return AccountsShown(
        operators=[
            AccountShown(
                id=one.id,
                name=one.name,
                role=one.role,
                state=operators.state_of(one),
                second_factor=one.factor is not None,
                created_at=utc_iso(one.created_at),
                yours=one.role in gives,
                own=principal.id == f"operator:{one.id}",
                to_confirm=one.id in to_confirm,
            )
            for one in accounts
        ],
        gives=gives,
        deeds=[
            DeedShown(
                at=utc_iso(deed.at),
                by=names.get(deed.by, deed.by),
                what=deed.what,
                about=names.get(deed.about, deed.about),
                note=deed.note,
            )
            for deed in deeds.load_deeds(tx)
        ],
    )


def _invitation(request: Request[Principal, str, Any], operator: Operator, code: str) -> Invitation:
    link = f"{request.base_url}welcome#{code}"
    return Invitation(id=operator.id, name=operator.name, link=link, qr=qr_svg(link), hours=operators.INVITATION_HOURS)
