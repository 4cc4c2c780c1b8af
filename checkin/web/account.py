"""The own account, for every operator: another password, the second factor, recovery codes, log-ins."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from checkin.core.model import OperatorRole
from checkin.service import account, factors
from checkin.service.account import SecondFactorState
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.login import qr_svg, utc_iso
from checkin.wire import COOKIE

Password = Annotated[str, Meta(min_length=1, max_length=200)]
Code = Annotated[str, Meta(max_length=40)]


class LogInShown(Struct, frozen=True, kw_only=True):
    """`own`: the one that asks."""

    since: str
    until: str
    own: bool


class OwnAccountShown(Struct, frozen=True, kw_only=True):
    """`recovery_codes`: how many are left. `unconfirmed_by`: who confirms first that it was you who used the link."""

    name: str
    role: OperatorRole
    second_factor: SecondFactorState
    recovery_codes: int
    unconfirmed_by: str | None
    logins: list[LogInShown]


class PasswordSent(Struct, frozen=True, kw_only=True):
    """`code`: of the second factor, or a recovery code; only where there is one."""

    password: Password
    new_password: Password
    code: Code = ""


class Proof(Struct, frozen=True, kw_only=True):
    password: Password
    code: Code = ""


class NewFactor(Struct, frozen=True):
    """What an authenticator app reads; nothing of it is kept before its first code came back."""

    secret: str
    address: str
    qr: str


class FactorSent(Struct, frozen=True, kw_only=True):
    """`earlier_code`: of the second factor that goes, or a recovery code; only where there is one."""

    secret: Annotated[str, Meta(max_length=64)]
    code: Code
    password: Password
    earlier_code: Code = ""


class FactorSet(Struct, frozen=True):
    """Shown this once."""

    recovery_codes: list[str]


@get("/api/v1/account")
async def read_account(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> OwnAccountShown:
    principal, token = request.user, request.auth
    own = await centre.read(lambda tx: account.own_account(tx, principal, token))
    return OwnAccountShown(
        name=own.name,
        role=own.role,
        second_factor=own.second_factor,
        recovery_codes=own.recovery_codes,
        unconfirmed_by=own.unconfirmed_by,
        logins=[LogInShown(since=utc_iso(one.since), until=utc_iso(one.until), own=one.own) for one in own.logins],
    )


@put("/api/v1/account/password", status_code=204)
async def change_password(
    data: JSONBody[PasswordSent], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> None:
    """Every other log-in ends."""
    await account.change_password(
        centre.gate,
        centre.store,
        request.user,
        request.auth,
        password=data.password,
        new_password=data.new_password,
        code=data.code,
    )
    centre.drop(request.user.id)


@post("/api/v1/account/recovery-codes", status_code=200)
async def renew_recovery_codes(
    data: JSONBody[Proof], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> FactorSet:
    """The earlier ones are void."""
    return FactorSet(
        await account.renew_recovery_codes(
            centre.gate, centre.store, request.user, password=data.password, code=data.code
        )
    )


@delete("/api/v1/account/logins", status_code=204)
async def log_out_everywhere(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> Response[None]:
    """Every log-in ends, the one that asks among them."""
    principal = request.user
    await centre.write(lambda tx: account.log_out_everywhere(tx, principal))
    centre.gate.forget()
    centre.drop(principal.id)
    response: Response[None] = Response(None, status_code=204)
    response.delete_cookie(COOKIE)
    return response


@get("/api/v1/second-factor")
async def new_factor(request: Request[Principal, str, Any], centre: NamedDependency[Centre]) -> NewFactor:
    principal = request.user
    operator = await centre.read(lambda tx: account.own(tx, principal))
    secret = factors.new_secret()
    address = factors.address_of(secret, operator.name)
    return NewFactor(secret, address, qr_svg(address))


@post("/api/v1/second-factor", status_code=200)
async def set_factor(
    data: JSONBody[FactorSent], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> FactorSet:
    """Set the second factor of whoever is logged in, by a first code of the app; or another in its place."""
    return FactorSet(
        await account.set_factor(
            centre.gate,
            centre.store,
            request.user,
            secret=data.secret,
            code=data.code,
            password=data.password,
            earlier_code=data.earlier_code,
        )
    )
