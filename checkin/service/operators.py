"""Operators' accounts: the first one by a link from the terminal, then by invitation; roles, resets, withdrawal.

Nobody chooses a password for somebody else: a one-time link lets each choose their own. Everything done to an
account is a deed (`checkin/store/deeds.py`).
"""

from __future__ import annotations

import uuid
from typing import Literal

from msgspec import Struct

from checkin.core.errors import BadInput, Conflict, NotAllowed, NotFound
from checkin.core.model import OperatorRole
from checkin.core.roles import FACTOR_ROLES, may_give
from checkin.service import factors
from checkin.service.people import (
    Gate,
    LoginFailed,
    Principal,
    check_name,
    check_password,
    new_token,
    token_hash,
    wall_ms,
)
from checkin.store import deeds, people
from checkin.store.engine import Store, Transaction
from checkin.store.people import Operator, Token

INVITATION_HOURS = 72
SETUP_HOURS = 24
BY_SETUP = "setup"
_HOUR_MS = 3_600_000


class Invited(Struct, frozen=True):
    """Whom a link is for; no name: the first organiser, who chooses one."""

    name: str | None
    role: OperatorRole


class NewLink(Struct, frozen=True, kw_only=True):
    """Of whose account, made by whom (`operator:ID`) and when (wall time in ms since 1970 UTC); whether it was
    used, and whether it is the account of whoever asks."""

    operator: Operator
    by: str
    at: int
    used: bool
    own: bool


def open_setup(tx: Transaction) -> str | None:
    """A one-time code that makes the first organiser; None as soon as there is any account. Earlier codes
    are void."""
    people.drop_tokens_for(tx, "setup")
    if people.count_operators(tx):
        return None
    code, now = new_token(), wall_ms()
    people.add_token(
        tx, Token(hash=token_hash(code), purpose="setup", created_at=now, expires_at=now + SETUP_HOURS * _HOUR_MS)
    )
    return code


def invite(tx: Transaction, name: str, role: OperatorRole, by: Principal) -> tuple[Operator, str]:
    """A new account and its one-time code. Raises `NotAllowed` where this role may not make such an account,
    `BadInput` and `Conflict` for a name that cannot be used or is taken."""
    _check_give(tx, by, role)
    operator = Operator(
        id=str(uuid.uuid4()), name=check_name(tx, name), role=role, password_hash="", created_at=wall_ms()
    )
    people.add_operator(tx, operator)
    _record(tx, "invited", operator, by=by.id, note=role)
    return operator, _code(tx, operator)


def reset(tx: Transaction, id: str, by: Principal) -> tuple[Operator, str]:
    """A new link for an account, in the place of an earlier one; one that was withdrawn is back, without its
    password and second factor. Those of an active account hold until the link is used: nobody loses theirs by
    what another does. Whose account it is and everybody who may make accounts is told (`new_links`).
    Raises `NotFound`, `NotAllowed`."""
    operator = _other(tx, id, by)
    _check_give(tx, by, operator.role)
    people.drop_invitations(tx, id)
    if operator.withdrawn_at is not None:
        people.set_password(tx, id, "")
        people.set_withdrawn(tx, id, None)
    _record(tx, "reinstated" if operator.withdrawn_at is not None else "reset", operator, by=by.id)
    return operator, _code(tx, operator)


def new_links(tx: Transaction, by: Principal) -> list[NewLink]:
    """The links of the last days that give active accounts another password, as far as they concern whoever
    asks: their own, and everybody's for those who may make accounts. The newest first."""
    now = wall_ms()
    open = people.open_invitations(tx, now)
    last: dict[str, deeds.Deed] = {}
    used: set[str] = set()
    for deed in deeds.deeds_since(tx, ("reset", "accepted"), now - INVITATION_HOURS * _HOUR_MS):
        if deed.what == "reset":
            last[deed.about] = deed
        elif deed.about in last:
            used.add(deed.about)
    found = []
    for about, deed in last.items():
        operator = people.operator_by_id(tx, about.removeprefix("operator:"))
        mine = about == by.id
        if operator is None or operator.withdrawn_at is not None or not (mine or "accounts" in by.may):
            continue
        if operator.id in open or about in used:
            link = NewLink(operator=operator, by=deed.by, at=deed.at, used=operator.id not in open, own=mine)
            found.append(link)
    return found[::-1]


def refuse_link(tx: Transaction, by: Principal) -> None:
    """Whoever asks has not wanted a new link for their account: it is void. Raises `NotFound`."""
    operator = people.operator_by_id(tx, by.id.removeprefix("operator:"))
    if operator is None or not people.drop_invitations(tx, operator.id):
        raise NotFound("There is no open link for this account.", code="invitation_unknown")
    _record(tx, "link_refused", operator, by=by.id)


def change_role(tx: Transaction, id: str, role: OperatorRole, by: Principal) -> None:
    """Raises `NotFound`; `NotAllowed` where this role may not give the one or take the other; `Conflict` for
    the last organiser."""
    operator = _other(tx, id, by)
    if operator.role == role:
        return
    _check_give(tx, by, operator.role)
    _check_give(tx, by, role)
    _check_organisers_stay(tx, operator)
    people.set_role(tx, id, role)
    _record(tx, "role_changed", operator, by=by.id, note=f"{operator.role} → {role}")


def withdraw(tx: Transaction, id: str, by: Principal) -> None:
    """The account lets nobody in from now on, and its sessions end. Raises `NotFound`, `NotAllowed`,
    `Conflict` for the last organiser."""
    operator = _other(tx, id, by)
    _check_give(tx, by, operator.role)
    withdraw_account(tx, operator, by=by.id)


def withdraw_account(tx: Transaction, operator: Operator, *, by: str) -> None:
    """What `withdraw` does once it is allowed; at a terminal it is. Raises `Conflict` for the last organiser."""
    _check_organisers_stay(tx, operator)
    people.set_withdrawn(tx, operator.id, wall_ms())
    people.drop_tokens_of_operator(tx, operator.id)
    _record(tx, "withdrawn", operator, by=by)


def reset_factor(tx: Transaction, id: str, by: Principal) -> None:
    """The second factor is void, and set anew at the next log-in. Raises `NotFound`, `NotAllowed`."""
    operator = _other(tx, id, by)
    _check_give(tx, by, operator.role)
    reset_factor_of(tx, operator, by=by.id)


def reset_factor_of(tx: Transaction, operator: Operator, *, by: str) -> None:
    """What `reset_factor` does once it is allowed; at a terminal it is."""
    people.set_factor(tx, operator.id, None)
    people.drop_tokens_of_operator(tx, operator.id)
    _record(tx, "factor_reset", operator, by=by)


def named(tx: Transaction, name: str) -> Operator:
    """Raises `NotFound` for a name that no operator has."""
    operator = people.operator_by_name(tx, name.strip())
    if operator is None:
        raise NotFound(f"There is no operator “{name}”.", code="operator_unknown")
    return operator


def safety_exists(tx: Transaction) -> bool:
    """Whether somebody has the safety role, so that it is theirs to give."""
    return any(one.role == "safety" and one.withdrawn_at is None for one in people.load_operators(tx))


def invited(tx: Transaction, code: str) -> Invited:
    """Raises `NotFound` for a code that is unknown, used or expired."""
    token = _invitation(tx, code)
    if token.operator is None:
        return Invited(None, "organiser")
    operator = people.operator_by_id(tx, token.operator)
    assert operator is not None, "an account is never deleted"
    return Invited(operator.name, operator.role)


async def accept(gate: Gate, store: Store, code: str, name: str, password: str, address: str) -> tuple[str, Operator]:
    """Choose a password by a link, which ends earlier sessions; a session's token, and the operator. `name` counts
    for the first organiser alone. Raises `NotFound` for a code that is unknown, used or expired, `BadInput` for a
    name or password that cannot be used."""
    check_password(password)
    async with gate.attempt(f"invitation {address}"):
        await store.read(lambda tx: _invitation(tx, code))
        hashed = await gate.hashed(password)
        operator = await store.write(lambda tx: _accept(tx, code, name, hashed))
    gate.forget()
    return await gate.begin_session(operator), operator


async def enrol(gate: Gate, store: Store, principal: Principal, *, secret: str, code: str, password: str) -> list[str]:
    """Set the second factor by a first code of the app; the recovery codes, shown this once.

    Raises `Conflict` where there is one already, `BadInput` for a wrong password or code, and
    `TooManyAttempts`.
    """
    if not factors.is_secret(secret):
        raise BadInput("This is no secret of ours. Begin again.", code="second_factor_secret")
    operator = await store.read(lambda tx: unenrolled(tx, principal))
    try:
        async with gate.attempt(f"name {principal.name.casefold()}"):
            if not await gate.verified(operator, password):
                raise LoginFailed("The password is wrong.", code="password_wrong")
            step = factors.step_of(secret, code, wall_ms())
            if step is None:
                raise LoginFailed("The code is wrong. Is the clock of the phone right?", code="code_wrong")
    except LoginFailed as error:  # whoever asks is logged in: no 401, which leads to the log-in
        raise BadInput(error.message, code=error.code) from error
    sealed = await gate.sealed(secret, password, operator.id)
    codes = factors.new_recovery_codes()

    def keep(tx: Transaction) -> None:
        people.set_factor(tx, operator.id, sealed, step)
        people.add_recovery_codes(tx, operator.id, [token_hash(factors.plain(one)) for one in codes])
        _record(tx, "factor_set", operator, by=principal.id)

    await store.write(keep)
    gate.forget()
    return codes


def unenrolled(tx: Transaction, principal: Principal) -> Operator:
    """Whoever asks, who has no second factor yet. Raises `NotAllowed` for a device, `Conflict` for the others."""
    operator = people.operator_by_id(tx, principal.id.removeprefix("operator:"))
    if operator is None:
        raise NotAllowed("Only an operator has a second factor.", code="second_factor_operator")
    if operator.factor is not None:
        raise Conflict("There is a second factor. Ask for a reset.", code="second_factor_set")
    return operator


def factor_of(tx: Transaction, principal: Principal) -> Literal["set", "missing", "needless"]:
    """How it stands with the second factor of whoever asks."""
    operator = people.operator_by_id(tx, principal.id.removeprefix("operator:"))
    if operator is None or (operator.factor is None and operator.role not in FACTOR_ROLES):
        return "needless"
    return "missing" if operator.factor is None else "set"


def _accept(tx: Transaction, code: str, name: str, password_hash: str) -> Operator:
    token = _invitation(tx, code)
    people.drop_token(tx, token.hash)
    if token.operator is None:
        if people.count_operators(tx):
            raise NotFound("There is an account already. Ask an organiser for an invitation.", code="setup_over")
        operator = Operator(
            id=str(uuid.uuid4()),
            name=check_name(tx, name),
            role="organiser",
            password_hash=password_hash,
            created_at=wall_ms(),
        )
        people.add_operator(tx, operator)
        _record(tx, "added", operator, by=BY_SETUP, note=operator.role)
        return operator
    found = people.operator_by_id(tx, token.operator)
    assert found is not None, "an account is never deleted"
    people.drop_tokens_of_operator(tx, found.id)
    people.set_password(tx, found.id, password_hash)
    _record(tx, "accepted", found, by=f"operator:{found.id}")
    return found


def _invitation(tx: Transaction, code: str) -> Token:
    token = people.token_by_hash(tx, token_hash(code))
    if (
        token is None
        or token.purpose not in ("invitation", "setup")
        or token.expires_at is None
        or token.expires_at <= wall_ms()
    ):
        raise NotFound("This link was used or has expired. Ask for a new one.", code="invitation_unknown")
    return token


def _code(tx: Transaction, operator: Operator) -> str:
    code, now = new_token(), wall_ms()
    expires_at = now + INVITATION_HOURS * _HOUR_MS
    people.add_token(
        tx,
        Token(hash=token_hash(code), operator=operator.id, purpose="invitation", created_at=now, expires_at=expires_at),
    )
    return code


def _other(tx: Transaction, id: str, by: Principal) -> Operator:
    operator = people.operator_by_id(tx, id)
    if operator is None:
        raise NotFound("There is no such operator.", code="operator_unknown")
    if by.id == f"operator:{id}":
        raise NotAllowed("Nobody does this to their own account. Ask another one.", code="own_account")
    return operator


def _check_give(tx: Transaction, by: Principal, role: OperatorRole) -> None:
    if not may_give(by.role, role, safety_exists=safety_exists(tx)):  # type: ignore[arg-type]
        whose = "the safety role, or at the terminal" if role == "safety" else "an organiser"
        raise NotAllowed(f"Accounts of the role {role} are made and changed by {whose}.", code="role_not_yours")


def _check_organisers_stay(tx: Transaction, operator: Operator) -> None:
    if operator.role != "organiser" or operator.withdrawn_at is not None or not operator.password_hash:
        return
    others = [
        one
        for one in people.load_operators(tx)
        if one.role == "organiser" and one.withdrawn_at is None and one.password_hash and one.id != operator.id
    ]
    if not others:
        raise Conflict("This is the last organiser. Make another one first.", code="last_organiser")


def _record(tx: Transaction, what: deeds.DeedWhat, operator: Operator, *, by: str, note: str = "") -> None:
    deeds.record(tx, what, at=wall_ms(), by=by, about=f"operator:{operator.id}", note=note)


def state_of(operator: Operator) -> str:
    """invited, active or withdrawn."""
    if operator.withdrawn_at is not None:
        return "withdrawn"
    return "active" if operator.password_hash else "invited"
