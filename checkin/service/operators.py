"""Operators' accounts: the first one by a link from the terminal, then by invitation; roles, resets, withdrawal.

Nobody chooses a password for somebody else: a one-time link lets each choose their own. Everything done to an
account is a deed (`checkin/store/deeds.py`).

A link may be used by somebody it was not meant for. So a link never takes a second factor away: with one, it asks for a
recovery code, or another person than the one who made the link has reset the factor before. And where no recovery code
has shown who it was, an organiser's or safety account may nothing until it is confirmed: whoever made the link sees
when it was used, and asks the person. The first account of all comes by the link of the terminal: nobody could confirm.
"""

from __future__ import annotations

import uuid

from msgspec import Struct

from checkin.core.errors import BadInput, Conflict, NotAllowed, NotFound
from checkin.core.model import OperatorRole
from checkin.core.roles import FACTOR_ROLES, may_give
from checkin.service.people import (
    Gate,
    LoginFailed,
    Principal,
    check_name,
    check_password,
    is_unconfirmed,
    new_token,
    operator_named,
    take_recovery,
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


LINKS: tuple[deeds.DeedWhat, ...] = ("invited", "reset", "reinstated")
"""What makes a link."""


class Invited(Struct, frozen=True):
    """Whom a link is for; no name: the first organiser, who chooses one. `second_factor`: it asks for a recovery
    code."""

    name: str | None
    role: OperatorRole
    second_factor: bool = False


class Unconfirmed(Struct, frozen=True, kw_only=True):
    """An account whose link was used, when (wall time in ms since 1970 UTC), and who made the link (`operator:ID`)."""

    operator: Operator
    since: int
    by: str


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
    password, and one that waits to be confirmed is as it was before its link was used. What an active account has
    holds until the link is used: nobody loses theirs by what another does. Whose account it is and everybody who may
    make accounts is told (`new_links`). Raises `NotFound`, `NotAllowed`."""
    operator = _other(tx, id, by)
    _check_give(tx, by, operator.role)
    people.drop_invitations(tx, id)
    if is_unconfirmed(operator):  # it may be a stranger's: all that was set since goes
        people.drop_tokens_of_operator(tx, id)
        people.set_password(tx, id, "")
        people.set_factor(tx, id, None)
        people.set_unconfirmed(tx, id, None)
    elif _factor_was_reset_by(tx, operator, by):
        raise NotAllowed(
            "You have reset the second factor of this account. Another one makes the link.", code="second_pair_of_eyes"
        )
    if operator.withdrawn_at is not None:
        people.set_password(tx, id, "")
        people.set_withdrawn(tx, id, None)
    if state_of(operator) == "invited":  # nobody loses a password: this is the same invitation once more
        _record(tx, "invited", operator, by=by.id, note=operator.role)
    else:
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


def unconfirmed(tx: Transaction, by: Principal) -> list[Unconfirmed]:
    """The accounts that wait for whoever asks to say who used their link, the first one first."""
    if "accounts" not in by.may:
        return []
    waiting = [one for one in people.load_operators(tx) if is_unconfirmed(one) and one.withdrawn_at is None]
    found = [Unconfirmed(operator=one, since=one.unconfirmed_since or 0, by=link_by(tx, one)) for one in waiting]
    return sorted((one for one in found if _may_confirm(tx, one.operator, by)), key=lambda one: one.since)


def confirm(tx: Transaction, id: str, by: Principal) -> None:
    """Whoever this account is meant for has used its link: from now on it may what its role may. For the one who made
    the link, and for those who give such accounts. Raises `NotFound`, `NotAllowed`, `Conflict` where nothing waits."""
    operator = _other(tx, id, by)
    if not _may_confirm(tx, operator, by):
        _check_give(tx, by, operator.role)
    if not is_unconfirmed(operator) or operator.withdrawn_at is not None:
        raise Conflict("Nothing waits to be confirmed here.", code="nothing_unconfirmed")
    people.set_unconfirmed(tx, id, None)
    _record(tx, "confirmed", operator, by=by.id)


def link_by(tx: Transaction, operator: Operator) -> str:
    """Who made the last link of this account: `operator:ID`; empty where none was made."""
    made = deeds.last_deed_about(tx, f"operator:{operator.id}", LINKS)
    return "" if made is None else made.by


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
    """The second factor is void, and set anew at the next log-in. Where the role needs one, not by the one whose link
    to this account is open: both together would be the account. Raises `NotFound`, `NotAllowed`."""
    operator = _other(tx, id, by)
    _check_give(tx, by, operator.role)
    has_link = operator.id in people.open_invitations(tx, wall_ms())
    if operator.role in FACTOR_ROLES and has_link and link_by(tx, operator) == by.id:
        raise NotAllowed(
            "You have made the open link to this account. Another one resets its second factor.",
            code="second_pair_of_eyes",
        )
    reset_factor_of(tx, operator, by=by.id)


def reset_factor_of(tx: Transaction, operator: Operator, *, by: str) -> None:
    """What `reset_factor` does once it is allowed; at a terminal it is."""
    people.set_factor(tx, operator.id, None)
    people.drop_tokens_of_operator(tx, operator.id)
    _record(tx, "factor_reset", operator, by=by)


def named(tx: Transaction, name: str) -> Operator:
    """Raises `NotFound` for a name that no operator has."""
    operator = operator_named(tx, name)
    if operator is None:
        raise NotFound(f"There is no operator “{name}”.", code="operator_unknown")
    return operator


def safety_exists(tx: Transaction) -> bool:
    """Whether somebody can act in the safety role, so that it is theirs to give. One who was invited alone, or waits to
    be confirmed, cannot: until then whoever invited them may do it anew."""
    return any(one.role == "safety" and state_of(one) == "active" for one in people.load_operators(tx))


def invited(tx: Transaction, code: str) -> Invited:
    """Raises `NotFound` for a code that is unknown, used or expired."""
    token = _invitation(tx, code)
    if token.operator is None:
        return Invited(None, "organiser")
    operator = people.operator_by_id(tx, token.operator)
    assert operator is not None, "an account is never deleted"
    return Invited(operator.name, operator.role, operator.factor is not None)


async def accept(
    gate: Gate, store: Store, code: str, name: str, password: str, address: str, recovery_code: str = ""
) -> tuple[str, Operator]:
    """Choose a password by a link, which ends earlier sessions; a session's token, and the operator. `name` counts
    for the first organiser alone, `recovery_code` for an account with a second factor, which is set anew then. Raises
    `NotFound` for a code that is unknown, used or expired, `BadInput` for a name, password or recovery code that
    cannot be used."""
    check_password(password)
    try:
        async with gate.attempt(f"invitation {address}"):
            account = await store.read(lambda tx: _invitation(tx, code).operator)
            hashed = await gate.hashed(password)
            operator = await store.write(lambda tx: _accept(tx, code, name, hashed, recovery_code))
    except LoginFailed as error:  # nobody is sent to the log-in: it is the link that lets in
        await gate.note_wrong(account)
        raise BadInput(error.message, code=error.code) from error
    gate.forget()
    return await gate.begin_session(operator), operator


def _accept(tx: Transaction, code: str, name: str, password_hash: str, recovery_code: str) -> Operator:
    token = _invitation(tx, code)
    if token.operator is None:
        people.drop_token(tx, token.hash)
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
    proved = found.factor is not None
    if proved and not recovery_code:
        raise BadInput(
            "This account has a second factor: one of its recovery codes is needed, or another organiser than the one"
            " who made the link resets the factor.",
            code="recovery_code_needed",
        )
    if proved and not take_recovery(tx, found, recovery_code):
        raise LoginFailed("This code is wrong or was used already.", code="recovery_code_wrong")
    people.drop_tokens_of_operator(tx, found.id)
    people.set_password(tx, found.id, password_hash)
    people.set_factor(tx, found.id, None)  # the earlier password has sealed it
    people.set_unconfirmed(tx, found.id, None if proved or found.role not in FACTOR_ROLES else wall_ms())
    _record(tx, "accepted", found, by=f"operator:{found.id}")
    accepted = people.operator_by_id(tx, found.id)
    assert accepted is not None
    return accepted


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


def _may_confirm(tx: Transaction, operator: Operator, by: Principal) -> bool:
    """Whoever made the link, and whoever gives such accounts."""
    return link_by(tx, operator) == by.id or may_give(by.role, operator.role, safety_exists=safety_exists(tx))  # type: ignore[arg-type]


def _factor_was_reset_by(tx: Transaction, operator: Operator, by: Principal) -> bool:
    """Whether this person has taken the second factor away that the role needs, and nobody has set one or used a link
    since."""
    if operator.role not in FACTOR_ROLES:
        return False
    last = deeds.last_deed_about(tx, f"operator:{operator.id}", ("factor_reset", "factor_set", "accepted"))
    return last is not None and last.what == "factor_reset" and last.by == by.id


def _check_organisers_stay(tx: Transaction, operator: Operator) -> None:
    if operator.role != "organiser" or state_of(operator) != "active":
        return
    others = [
        one
        for one in people.load_operators(tx)
        if one.role == "organiser" and state_of(one) == "active" and one.id != operator.id
    ]
    if not others:
        raise Conflict("This is the last organiser. Make another one first.", code="last_organiser")


def _record(tx: Transaction, what: deeds.DeedWhat, operator: Operator, *, by: str, note: str = "") -> None:
    deeds.record(tx, what, at=wall_ms(), by=by, about=f"operator:{operator.id}", note=note)


def state_of(operator: Operator) -> str:
    """invited, unconfirmed, active or withdrawn."""
    if operator.withdrawn_at is not None:
        return "withdrawn"
    if is_unconfirmed(operator):
        return "unconfirmed"
    return "active" if operator.password_hash else "invited"
