"""The own account of an operator: password, second factor, recovery codes, log-ins.

Whoever changes something here proves first who they are, by the password they have and, with a second factor, by a
code; a wrong one makes the next wait longer, as at the log-in. What was done is a deed (`checkin/store/deeds.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from msgspec import Struct

from checkin.core.errors import BadInput, Conflict, NotAllowed
from checkin.core.model import OperatorRole
from checkin.core.roles import FACTOR_ROLES
from checkin.service import factors, operators
from checkin.service.people import (
    Gate,
    LoginFailed,
    Principal,
    SecondFactorNeeded,
    check_password,
    is_unconfirmed,
    name_key,
    token_hash,
    wall_ms,
)
from checkin.store import deeds, people
from checkin.store.engine import Store, Transaction
from checkin.store.people import Operator

SecondFactorState = Literal["set", "missing", "needless"]


class LogIn(Struct, frozen=True, kw_only=True):
    """A log-in that holds, since when and until when (wall time in ms since 1970 UTC); `own`: the one that asks."""

    since: int
    until: int
    own: bool


class Account(Struct, frozen=True, kw_only=True):
    """`recovery_codes`: how many were not used yet. `unconfirmed_by`: who made the link that waits to be confirmed, by
    name; None: nothing waits."""

    name: str
    role: OperatorRole
    second_factor: SecondFactorState
    recovery_codes: int
    unconfirmed_by: str | None
    logins: list[LogIn]


def own_account(tx: Transaction, principal: Principal, token: str) -> Account:
    """`token`: of the session that asks. Raises `NotAllowed` for a device."""
    operator = own(tx, principal)
    by = operators.link_by(tx, operator).removeprefix("operator:")
    kept = token_hash(token)
    return Account(
        name=operator.name,
        role=operator.role,
        second_factor=_factor_state(operator),
        recovery_codes=people.count_recovery_codes(tx, operator.id),
        unconfirmed_by=people.operator_names(tx).get(by, "") if is_unconfirmed(operator) else None,
        logins=[
            LogIn(since=one.created_at, until=one.expires_at or 0, own=one.hash == kept)
            for one in people.logins_of_operator(tx, operator.id, wall_ms())
        ],
    )


def own(tx: Transaction, principal: Principal) -> Operator:
    """The operator who asks. Raises `NotAllowed` for a device."""
    operator = people.operator_by_id(tx, principal.id.removeprefix("operator:"))
    if operator is None:
        raise NotAllowed("Only an operator has an account.", code="account_operator")
    return operator


def factor_of(tx: Transaction, principal: Principal) -> SecondFactorState:
    """How it stands with the second factor of whoever asks."""
    operator = people.operator_by_id(tx, principal.id.removeprefix("operator:"))
    return "needless" if operator is None else _factor_state(operator)


def _factor_state(operator: Operator) -> SecondFactorState:
    if operator.factor is not None:
        return "set"
    return "missing" if operator.role in FACTOR_ROLES else "needless"


async def change_password(
    gate: Gate, store: Store, principal: Principal, token: str, *, password: str, new_password: str, code: str
) -> None:
    """Another password; every other session ends, and a link that is open is void. `code`: with a second factor, which
    is sealed anew.

    Raises `BadInput` for a wrong password or code and for a new password that is too short, `TooManyAttempts`, and
    `Conflict` where the account was changed meanwhile.
    """
    check_password(new_password)
    async with _proved(gate, store, principal, password, code) as (operator, secret):
        pass
    hashed = await gate.hashed(new_password)
    sealed = None if secret is None else await gate.sealed(secret, new_password, operator.id)

    def keep(tx: Transaction) -> None:
        _check_unchanged(tx, operator)
        people.set_password(tx, operator.id, hashed)
        if sealed is not None:
            people.reseal_factor(tx, operator.id, sealed)
        people.drop_tokens_of_operator(tx, operator.id, but=token_hash(token))
        _record(tx, "password_changed", principal)

    await store.write(keep)
    gate.forget()


async def set_factor(
    gate: Gate, store: Store, principal: Principal, *, secret: str, code: str, password: str, earlier_code: str
) -> list[str]:
    """Set the second factor by a first code of the app, or another in its place, which asks a code of the earlier one
    (or a recovery code); the recovery codes, shown this once.

    Raises `BadInput` for a wrong password or code, `TooManyAttempts`, and `Conflict` where the account was changed
    meanwhile.
    """
    if not factors.is_secret(secret):
        raise BadInput("This is no secret of ours. Begin again.", code="second_factor_secret")
    async with _proved(gate, store, principal, password, earlier_code) as (operator, _):
        step = factors.step_of(secret, code, wall_ms())
        if step is None:
            raise LoginFailed("The code is wrong. Is the clock of the phone right?", code="code_wrong")
    sealed = await gate.sealed(secret, password, operator.id)

    def keep(tx: Transaction) -> list[str]:
        _check_unchanged(tx, operator)
        people.set_factor(tx, operator.id, sealed, step)
        _record(tx, "factor_set", principal)
        return _new_codes(tx, operator)

    codes = await store.write(keep)
    gate.forget()
    return codes


async def renew_recovery_codes(
    gate: Gate, store: Store, principal: Principal, *, password: str, code: str
) -> list[str]:
    """New recovery codes, shown this once; the earlier ones are void.

    Raises `BadInput` for a wrong password or code, `TooManyAttempts`, and `Conflict` without a second factor.
    """
    async with _proved(gate, store, principal, password, code) as (operator, secret):
        pass
    if secret is None:
        raise Conflict("There is no second factor. Set it up first.", code="second_factor_none")

    def keep(tx: Transaction) -> list[str]:
        _check_unchanged(tx, operator)
        people.drop_recovery_codes(tx, operator.id)
        _record(tx, "recovery_renewed", principal)
        return _new_codes(tx, operator)

    return await store.write(keep)


def log_out_everywhere(tx: Transaction, principal: Principal) -> None:
    """Every log-in of whoever asks ends, the one that asks among them. An open link holds on: it is another's."""
    operator = own(tx, principal)
    people.drop_logins_of_operator(tx, operator.id)
    _record(tx, "logged_out", principal)


@asynccontextmanager
async def _proved(
    gate: Gate, store: Store, principal: Principal, password: str, code: str
) -> AsyncIterator[tuple[Operator, str | None]]:
    """Whoever asks, once they have proved it, and the secret of their second factor. A wrong password or code, also one
    that is found in the block, is `BadInput`: whoever asks is logged in, and a 401 leads to the log-in."""
    operator = await store.read(lambda tx: own(tx, principal))
    try:
        yield await gate.prove(operator, password, code, name_key(operator.name))
    except SecondFactorNeeded as error:
        raise BadInput("A code of the second factor is needed too.", code=error.code) from error
    except LoginFailed as error:
        if error.code == LoginFailed.code:
            raise BadInput("The password is wrong.", code="password_wrong") from error
        raise BadInput(error.message, code=error.code) from error


def _check_unchanged(tx: Transaction, operator: Operator) -> None:
    """Between the proof and now nobody has reset or changed the account: else what was proved holds no more."""
    now = people.operator_by_id(tx, operator.id)
    assert now is not None, "an account is never deleted"
    kept = (now.password_hash, now.factor, now.withdrawn_at)
    if kept != (operator.password_hash, operator.factor, operator.withdrawn_at):
        raise Conflict("The account was changed meanwhile. Log in anew.", code="account_changed")


def _new_codes(tx: Transaction, operator: Operator) -> list[str]:
    codes = factors.new_recovery_codes()
    people.add_recovery_codes(tx, operator.id, [token_hash(factors.plain(one)) for one in codes])
    return codes


def _record(tx: Transaction, what: deeds.DeedWhat, principal: Principal) -> None:
    deeds.record(tx, what, at=wall_ms(), by=principal.id, about=principal.id)
