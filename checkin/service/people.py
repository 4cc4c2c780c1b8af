"""Operators and devices: logged in, paired, recognised by their token, revoked."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from msgspec import Struct

from checkin.core.errors import BadInput, CheckinError, Conflict, NotAllowed, NotFound
from checkin.core.facts import Changed
from checkin.core.layout import Layout
from checkin.core.model import DeviceRole, OperatorRole
from checkin.core.names import account_name, folded
from checkin.core.roles import DEVICE_MAY, FACTOR_ROLES, OPERATOR_MAY, Permission
from checkin.service import factors
from checkin.service.journal import Journal
from checkin.service.venues import Venues
from checkin.store import deeds, people
from checkin.store.engine import Store, Transaction
from checkin.store.people import Device, Operator, Token

PASSWORD_CHARS_MIN = 10
LOGIN_HOURS = 14
PAIRING_MINUTES = 15
KNOWN_FOR_S = 2.0
"""How long a token is believed without asking the database again: so long a revocation from another
process may take to reach this one. One made here counts at once."""
KNOWN_MAX = 20_000
DELAY_FROM_FAILURES = 3
DELAY_S_MAX = 300.0
FAILURES_KEPT_MAX = 10_000
OPERATORS_MAX = 1_000
DEVICES_MAX = 5_000

SecondFactor = Literal["required", "offered"]
"""Whether the roles that need a second factor may do nothing without one, or are only offered it."""

_HOUR_MS = 3_600_000
_hasher = PasswordHasher()


class Principal(Struct, frozen=True, kw_only=True):
    """Who asks: an operator, or a device of one event and perhaps of one door. `enrolling`: an operator
    who must set a second factor before anything else, and may nothing until then. `unconfirmed`: one who may nothing
    until somebody has confirmed who used the link to this account."""

    id: str
    name: str
    role: OperatorRole | DeviceRole
    may: frozenset[Permission]
    event: str | None = None
    door: str | None = None
    enrolling: bool = False
    unconfirmed: bool = False

    @property
    def is_device(self) -> bool:
        return self.id.startswith("device:")

    @property
    def device(self) -> str:
        """The id of the device."""
        return self.id.removeprefix("device:")


class TooManyAttempts(CheckinError):
    """Wait before the next log-in."""

    code = "too_many_attempts"

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"Too many attempts. Wait {wait_s:.0f} seconds, then try again.", retry_after_s=wait_s)
        self.wait_s = wait_s


class LoginFailed(CheckinError):
    code = "login_failed"


class SecondFactorNeeded(CheckinError):
    """Name and password are right; the code is asked for."""

    code = "second_factor_needed"


class Gate:
    """Recognises tokens, logs operators in, pairs devices. One for a process."""

    def __init__(self, store: Store, clock: Callable[[], int], second_factor: SecondFactor = "offered") -> None:
        self._store = store
        self._second_factor = second_factor
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._verifying = asyncio.Semaphore(2)
        self._nobody = _hasher.hash(secrets.token_hex(16))  # takes the place of one that there is not
        self.heard: dict[str, int] = {}
        """device → when it was heard since the last save."""

    async def recognise(self, token: str) -> Principal | None:
        """Who holds this token; None where it is unknown, expired or revoked."""
        hash = token_hash(token)
        known = self._known.get(hash)
        if known is None or known[0] < steady_s():
            required = self._second_factor == "required"
            principal = await self._store.glance(lambda tx: _principal(tx, hash, wall_ms(), required))
            if principal is None:
                self._known.pop(hash, None)
                return None
            known = (steady_s() + KNOWN_FOR_S, principal)
            self._known[hash] = known
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        principal = known[1]
        if principal.is_device:
            self.heard[principal.device] = self._clock()
        return principal

    async def log_in(self, name: str, password: str, address: str, code: str = "") -> tuple[str, Operator]:
        """A token for the session cookie, and the operator. `code`: of the app, or a recovery code.

        Raises `LoginFailed`; `SecondFactorNeeded` where the account has a second factor and no code was
        sent; and `TooManyAttempts` after failures for this name or from this address: the wait doubles with
        each.
        """
        found = await self._store.read(lambda tx: operator_named(tx, name))
        operator, _ = await self.prove(found, password, code, name_key(name), f"address {address}")
        return await self.begin_session(operator), operator

    async def prove(
        self, operator: Operator | None, password: str, code: str, *keys: str
    ) -> tuple[Operator, str | None]:
        """That whoever asks is this operator: the operator, and the secret of the second factor where there is one.
        A wrong password makes the next try with one of these `keys` wait, a wrong code that of this account's code:
        whoever asks for the code by a right password has failed at nothing.

        Raises `LoginFailed`, `SecondFactorNeeded`, `TooManyAttempts`.
        """
        code_keys = () if operator is None else (f"code {operator.id}",)
        if code:
            self._check_wait(code_keys)
        async with self.attempt(*keys):
            right = await self._verified(operator, password)
            if operator is None or not right:
                await self.note_wrong(None if operator is None else operator.id)
                raise LoginFailed("Name or password is wrong.")
        if operator.factor is None:
            return operator, None
        if not code:
            raise SecondFactorNeeded("Name and password are right. Now the code of the app.")
        async with self.attempt(*code_keys):
            return operator, await self._check_factor(operator, operator.factor, password, code)

    def lacks_factor(self, operator: Operator) -> bool:
        """Whether the operator must set a second factor before anything else."""
        return self._second_factor == "required" and operator.role in FACTOR_ROLES and operator.factor is None

    async def _verified(self, operator: Operator | None, password: str) -> bool:
        """Whether this is the operator's password; takes as long where there is no such operator."""
        there = operator is not None and operator.withdrawn_at is None and operator.password_hash
        async with self._verifying:
            right = await asyncio.to_thread(_verify, there or self._nobody, password)
        return bool(there) and right

    async def hashed(self, password: str) -> str:
        """Off the loop and off the write connection: it takes some 50 ms on purpose."""
        async with self._verifying:
            return await asyncio.to_thread(_hasher.hash, password)

    async def sealed(self, secret: str, password: str, operator: str) -> bytes:
        """The secret of a second factor as it is stored."""
        async with self._verifying:
            return await asyncio.to_thread(factors.seal, secret, password, operator)

    async def begin_session(self, operator: Operator) -> str:
        """A token for the session cookie."""
        token = new_token()
        now = wall_ms()
        kept = Token(
            hash=token_hash(token),
            operator=operator.id,
            purpose="cookie",
            created_at=now,
            expires_at=now + LOGIN_HOURS * _HOUR_MS,
        )

        def keep(tx: Transaction) -> None:
            people.drop_expired_tokens(tx, now)
            people.add_token(tx, kept)

        await self._store.write(keep)
        return token

    @asynccontextmanager
    async def attempt(self, *keys: str) -> AsyncIterator[None]:
        """One try at what may be guessed. Raises `TooManyAttempts` while it must wait; a wrong one
        (`LoginFailed`, `NotFound`) makes the next wait longer, a right one ends the waiting."""
        self._check_wait(keys)
        try:
            yield
        except (LoginFailed, NotFound):
            self._note_failure(keys)
            raise
        for key in keys:
            self._failures.pop(key, None)

    async def log_out(self, token: str) -> None:
        hash = token_hash(token)
        self._known.pop(hash, None)
        await self._store.write(lambda tx: people.drop_token(tx, hash))

    async def pair(self, code: str, address: str) -> tuple[str, Device]:
        """Turn a one-time pairing code into a token for the browser's cookie, and the device.

        Raises `NotFound` for a code that is unknown, used or expired.
        """
        token = new_token()
        async with self.attempt(f"pairing {address}"):
            device = await self._store.write(lambda tx: _pair(tx, code, token, wall_ms()))
        return token, device

    def forget(self) -> None:
        """Ask the database again for every token: something was revoked."""
        self._known.clear()

    async def save_heard(self) -> None:
        """Write down when devices were heard."""
        heard, self.heard = self.heard, {}
        if heard:
            await self._store.write(lambda tx: people.heard_devices(tx, heard))

    async def _check_factor(self, operator: Operator, factor: bytes, password: str, code: str) -> str | None:
        """The secret. Raises `LoginFailed` for a code that is wrong or was taken before."""
        async with self._verifying:
            secret = await asyncio.to_thread(factors.opened, factor, password, operator.id)
        step = factors.step_of(secret, code, wall_ms()) if secret is not None else None

        def take(tx: Transaction) -> bool:
            if step is not None:
                return people.take_factor_step(tx, operator.id, step)
            return take_recovery(tx, operator, code)

        if not await self._store.write(take):
            await self.note_wrong(operator.id)
            wrong = "recovery_code_wrong" if factors.is_recovery(code) else "second_factor_wrong"
            raise LoginFailed("This code is wrong or was used already.", code=wrong)
        return secret

    async def note_wrong(self, operator: str | None) -> None:
        """A wrong password or code is a deed where the name is one of ours; what else was typed may be anything (a
        password), and the delays bound how many there can be."""
        if operator is not None:
            about = f"operator:{operator}"
            await self._store.write(lambda tx: deeds.record(tx, "login_failed", at=wall_ms(), by="", about=about))

    def _check_wait(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            _, until = self._failures.get(key, (0, 0.0))
            if until > steady_s():
                raise TooManyAttempts(until - steady_s() + 1)

    def _note_failure(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            count = self._failures.pop(key, (0, 0.0))[0] + 1
            wait = min(DELAY_S_MAX, 2.0 ** (count - DELAY_FROM_FAILURES)) if count >= DELAY_FROM_FAILURES else 0.0
            self._failures[key] = (count, steady_s() + wait)
            if len(self._failures) > FAILURES_KEPT_MAX:
                self._failures.popitem(last=False)


def add_operator(
    tx: Transaction, name: str, role: OperatorRole, password: str, *, now: int, by: str = "command"
) -> Operator:
    """Raises `BadInput` for a short password, `Conflict` where the name is taken."""
    check_password(password)
    operator = Operator(
        id=str(uuid.uuid4()),
        name=check_name(tx, name),
        role=role,
        password_hash=_hasher.hash(password),
        created_at=now,
    )
    people.add_operator(tx, operator)
    deeds.record(tx, "added", at=wall_ms(), by=by, about=f"operator:{operator.id}", note=role)
    return operator


def check_name(tx: Transaction, name: str) -> str:
    """The name of a new operator as it is kept. Raises `BadInput`, and `Conflict` where it is taken."""
    name = account_name(name)
    if not name or len(name) > 100:
        raise BadInput("An operator needs a name of at most 100 characters.", code="name_invalid")
    if _alike(tx, name):
        raise Conflict(f"There is an operator “{name}” already.", code="operator_exists")
    if people.count_operators(tx) >= OPERATORS_MAX:
        raise Conflict(f"There are {OPERATORS_MAX} operators, which is the most.", code="operators_max")
    return name


def operator_named(tx: Transaction, name: str) -> Operator | None:
    """Whose account this is, however it is spelled; where several differ by that alone, written as theirs."""
    exact = people.operator_by_name(tx, name) or people.operator_by_name(tx, account_name(name))
    if exact is not None:
        return exact
    alike = _alike(tx, name)
    return alike[0] if len(alike) == 1 else None


def name_key(name: str) -> str:
    """What tries at an account's password are counted by."""
    return f"name {folded(name)}"


def _alike(tx: Transaction, name: str) -> list[Operator]:
    return [one for one in people.load_operators(tx) if folded(one.name) == folded(name)]


def check_password(password: str) -> None:
    """Raises `BadInput` for one that is too short."""
    if len(password) < PASSWORD_CHARS_MIN:
        raise BadInput(f"The password needs at least {PASSWORD_CHARS_MIN} characters.", code="password_short")


def is_unconfirmed(operator: Operator) -> bool:
    """Whether a link gave this account its password and nobody has confirmed yet who used it: of the roles that need
    a second factor, since that one may have been set by whoever had the link."""
    return operator.unconfirmed_since is not None and operator.role in FACTOR_ROLES


def take_recovery(tx: Transaction, operator: Operator, code: str) -> bool:
    """Whether this was one of the operator's recovery codes; it is used up, and that is a deed."""
    if not people.take_recovery_code(tx, operator.id, token_hash(factors.plain(code))):
        return False
    who = f"operator:{operator.id}"
    deeds.record(tx, "recovery_used", at=wall_ms(), by=who, about=who)
    return True


def add_device(
    tx: Transaction, venues: Venues, slug: str, name: str, role: DeviceRole, door: str | None, *, now: int, by: str
) -> tuple[Device, str]:
    """A device of an event and its token, which is kept hashed and so never shown again.

    Raises `BadInput` where a door's device names no door of the event, or another names one.
    """
    venue = venues.venue(tx, slug)
    if role == "door":
        if door is None:
            raise BadInput("A device of role door needs its door (--door D).", code="door_missing")
        venue.layout.door(door)
    elif door is not None:
        raise BadInput("Only a device of role door has a door.", code="door_needless")
    if len(people.load_devices(tx, venue.id)) >= DEVICES_MAX:
        raise Conflict(f"The event has {DEVICES_MAX} devices, which is the most.", code="devices_max")
    device = Device(id=str(uuid.uuid4()), event=slug, name=name, role=role, door=door, created_at=now)
    people.add_device(tx, venue.id, device)
    token = new_token()
    people.add_token(
        tx, Token(hash=token_hash(token), device=device.id, purpose="bearer", created_at=now, expires_at=None)
    )
    _note(tx, venue.id, "added", device.id, now=now, by=by)
    return device, token


def start_pairing(tx: Transaction, venues: Venues, slug: str, device: str) -> tuple[str, int]:
    """A one-time code for a browser on this device, and when it expires. Raises `NotFound`."""
    found = _device(tx, slug, device)
    code = new_token()
    expires_at = wall_ms() + PAIRING_MINUTES * 60_000
    people.add_token(
        tx,
        Token(hash=token_hash(code), device=found.id, purpose="pairing", created_at=wall_ms(), expires_at=expires_at),
    )
    return code, expires_at


def revoke_device(tx: Transaction, venues: Venues, slug: str, device: str, *, now: int, by: str) -> None:
    """No token of this device lets anybody in from now on. Raises `NotFound`."""
    _device(tx, slug, device)
    people.revoke_device(tx, device, now)
    _note(tx, venues.id(tx, slug), "revoked", device, now=now, by=by)


def names_of(tx: Transaction, event: int) -> dict[str, str]:
    """What facts call `by` → the name of that operator or device of an event."""
    operators = {f"operator:{id}": name for id, name in people.operator_names(tx).items()}
    return operators | {f"device:{device.id}": device.name for device in people.load_devices(tx, event)}


def check(principal: Principal, permission: Permission, *, event: str | None = None, door: str | None = None) -> None:
    """Raises `NotAllowed` unless this principal may do this, in this event, at this door."""
    if principal.enrolling:
        raise NotAllowed("Set up the second factor first: /second-factor", code="second_factor_missing")
    if principal.unconfirmed:
        raise NotAllowed(
            "Whoever made the link to this account confirms first that it was you: /account", code="account_unconfirmed"
        )
    if permission not in principal.may:
        raise NotAllowed(f"The role {principal.role} may not do this ({permission}).", code="role_may_not")
    if principal.event is not None and event is not None and principal.event != event:
        raise NotAllowed("This device belongs to another event.", code="other_event")
    if principal.door is not None and door is not None and principal.door != door:
        raise NotAllowed(f"This device belongs to door {principal.door}.", code="other_door")


def check_area(principal: Principal, area: str, layout: Layout) -> None:
    """Raises `NotAllowed` where the principal is a door's and the area is another one's."""
    if principal.door is not None and layout.door(principal.door).area != area:
        raise NotAllowed(f"This device belongs to door {principal.door}.", code="other_door")


def new_token() -> str:
    """One that a command line does not take for an option."""
    while (token := secrets.token_urlsafe(32)).startswith("-"):
        pass
    return token


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def steady_s() -> float:
    """For waits: seconds that no clock setting moves."""
    return time.monotonic()


def wall_ms() -> int:
    """Tokens live by real time, whatever time the event has."""
    return time.time_ns() // 1_000_000


def _principal(tx: Transaction, hash: bytes, now: int, factor_required: bool) -> Principal | None:
    token = people.token_by_hash(tx, hash)
    if token is None or token.purpose not in ("bearer", "cookie"):
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    if token.operator is not None:
        operator = people.operator_by_id(tx, token.operator)
        if operator is None or operator.withdrawn_at is not None:
            return None
        enrolling = factor_required and operator.factor is None and operator.role in FACTOR_ROLES
        unconfirmed = is_unconfirmed(operator)
        return Principal(
            id=f"operator:{operator.id}",
            name=operator.name,
            role=operator.role,
            may=frozenset() if enrolling or unconfirmed else OPERATOR_MAY[operator.role],
            enrolling=enrolling,
            unconfirmed=unconfirmed,
        )
    device = people.device_by_id(tx, token.device or "")
    if device is None or device.revoked_at is not None:
        return None
    return Principal(
        id=f"device:{device.id}",
        name=device.name,
        role=device.role,
        may=DEVICE_MAY[device.role],
        event=device.event,
        door=device.door,
    )


def _pair(tx: Transaction, code: str, token: str, now: int) -> Device:
    device = take_pairing(tx, code, now)
    people.add_token(tx, Token(hash=token_hash(token), device=device.id, purpose="cookie", created_at=now))
    return device


def take_pairing(tx: Transaction, code: str, now: int) -> Device:
    """The device that a one-time code pairs; the code is used up. Raises `NotFound` for one that is unknown,
    used or expired, and for a device that was revoked."""
    found = people.token_by_hash(tx, token_hash(code))
    if found is None or found.purpose != "pairing" or found.expires_at is None or found.expires_at <= now:
        raise NotFound("This pairing link was used or has expired. Ask for a new one.", code="pairing_unknown")
    people.drop_token(tx, found.hash)
    device = people.device_by_id(tx, found.device or "")
    if device is None or device.revoked_at is not None:
        raise NotFound("This device was revoked. Ask for a new one.", code="device_revoked")
    return device


def _device(tx: Transaction, slug: str, id: str) -> Device:
    device = people.device_by_id(tx, id)
    if device is None or device.event != slug:
        raise NotFound("This event has no such device.", code="device_unknown")
    return device


def _note(tx: Transaction, event: int, what: str, id: str, *, now: int, by: str) -> None:
    journal = Journal(tx, event)
    journal.add(Changed(noun="device", what=what, at=now, by=by, ids=(id,)))
    journal.write()


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerificationError:
        return False
