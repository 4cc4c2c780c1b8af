"""Operators and devices, and the tokens that let them in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from checkin.core.model import DeviceRole, OperatorRole
from checkin.store.engine import Row, Transaction

Purpose = Literal["bearer", "cookie", "pairing", "invitation", "setup"]


class Operator(Struct, frozen=True, kw_only=True):
    """`password_hash` empty: invited, and no password chosen yet. `factor`: the secret of the second
    factor, sealed by the password; `factor_step`: the step of the last code that was taken.
    `unconfirmed_since`: when a link gave it a password that nobody has confirmed yet."""

    id: str
    name: str
    role: OperatorRole
    password_hash: str
    created_at: int
    withdrawn_at: int | None = None
    factor: bytes | None = None
    factor_step: int = 0
    unconfirmed_since: int | None = None


class Device(Struct, frozen=True, kw_only=True):
    """`event` is the event's slug. `door` is set for a device of a door."""

    id: str
    event: str
    name: str
    role: DeviceRole
    door: str | None
    created_at: int
    heard_at: int | None = None
    revoked_at: int | None = None


class Token(Struct, frozen=True, kw_only=True):
    """Of an operator or of a device, never of both; the link of the first set-up is nobody's yet.
    `expires_at` None: until it is revoked."""

    hash: bytes
    operator: str | None = None
    device: str | None = None
    purpose: Purpose
    created_at: int
    expires_at: int | None = None


_OPERATORS = (
    "SELECT id, name, role, password_hash, created_at, withdrawn_at, factor, factor_step, unconfirmed_since"
    " FROM operator"
)
_TOKENS = "SELECT hash, operator, device, purpose, created_at, expires_at FROM token"
_DEVICE_COLUMNS = "d.id, event.slug, d.name, d.role, d.door, d.created_at, d.heard_at, d.revoked_at"
_DEVICES = f"SELECT {_DEVICE_COLUMNS} FROM device AS d JOIN event ON event.id = d.event"


def add_operator(tx: Transaction, operator: Operator) -> None:
    tx.run(
        "INSERT INTO operator (id, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)",
        (operator.id, operator.name, operator.role, operator.password_hash, operator.created_at),
    )


def operator_by_name(tx: Transaction, name: str) -> Operator | None:
    row = tx.row(f"{_OPERATORS} WHERE name = ?", (name,))
    return None if row is None else _operator(row)


def operator_by_id(tx: Transaction, id: str) -> Operator | None:
    row = tx.row(f"{_OPERATORS} WHERE id = ?", (id,))
    return None if row is None else _operator(row)


def load_operators(tx: Transaction) -> list[Operator]:
    """Every account, those that were withdrawn among them."""
    return [_operator(row) for row in tx.rows(f"{_OPERATORS} ORDER BY created_at, name")]


def set_role(tx: Transaction, id: str, role: OperatorRole) -> None:
    tx.run("UPDATE operator SET role = ? WHERE id = ?", (role, id))


def set_password(tx: Transaction, id: str, password_hash: str) -> None:
    """A password chosen anew; empty: none until it is. The second factor is sealed by the earlier one: whoever calls
    this seals it anew, or sets another."""
    tx.run("UPDATE operator SET password_hash = ? WHERE id = ?", (password_hash, id))


def reseal_factor(tx: Transaction, id: str, factor: bytes) -> None:
    """The same second factor under another password; its recovery codes stay."""
    tx.run("UPDATE operator SET factor = ? WHERE id = ?", (factor, id))


def set_unconfirmed(tx: Transaction, id: str, since: int | None) -> None:
    tx.run("UPDATE operator SET unconfirmed_since = ? WHERE id = ?", (since, id))


def set_withdrawn(tx: Transaction, id: str, at: int | None) -> None:
    tx.run("UPDATE operator SET withdrawn_at = ? WHERE id = ?", (at, id))


def set_factor(tx: Transaction, id: str, factor: bytes | None, step: int = 0) -> None:
    """The second factor, or none any more; recovery codes of the earlier one are void."""
    tx.run("UPDATE operator SET factor = ?, factor_step = ? WHERE id = ?", (factor, step, id))
    drop_recovery_codes(tx, id)


def take_factor_step(tx: Transaction, id: str, step: int) -> bool:
    """Whether no code of this step or a later one was taken before; from now on one was."""
    return tx.run("UPDATE operator SET factor_step = ? WHERE id = ? AND factor_step < ?", (step, id, step)) > 0


def drop_recovery_codes(tx: Transaction, id: str) -> None:
    tx.run("DELETE FROM recovery_code WHERE operator = ?", (id,))


def count_recovery_codes(tx: Transaction, id: str) -> int:
    """Those that were not used yet."""
    row = tx.row("SELECT count(*) FROM recovery_code WHERE operator = ?", (id,))
    return 0 if row is None else int(row[0])


def add_recovery_codes(tx: Transaction, id: str, hashes: Iterable[bytes]) -> None:
    tx.run_many("INSERT INTO recovery_code (hash, operator) VALUES (?, ?)", [(hash, id) for hash in hashes])


def take_recovery_code(tx: Transaction, id: str, hash: bytes) -> bool:
    """Whether there was this one; it is used up."""
    return tx.run("DELETE FROM recovery_code WHERE hash = ? AND operator = ?", (hash, id)) > 0


def logins_of_operator(tx: Transaction, id: str, now: int) -> list[Token]:
    """The log-ins of this account that hold, the newest first."""
    rows = tx.rows(
        f"{_TOKENS} WHERE operator = ? AND purpose = 'cookie' AND expires_at > ? ORDER BY created_at DESC", (id, now)
    )
    return [_token(row) for row in rows]


def drop_tokens_of_operator(tx: Transaction, id: str, *, but: bytes = b"") -> None:
    """Every session and invitation of this account ends, but for the session `but`."""
    tx.run("DELETE FROM token WHERE operator = ? AND hash <> ?", (id, but))


def drop_logins_of_operator(tx: Transaction, id: str) -> None:
    tx.run("DELETE FROM token WHERE operator = ? AND purpose = 'cookie'", (id,))


def drop_invitations(tx: Transaction, id: str) -> bool:
    """Whether this account had a link that was not used yet; it is void."""
    return tx.run("DELETE FROM token WHERE operator = ? AND purpose = 'invitation'", (id,)) > 0


def open_invitations(tx: Transaction, now: int) -> set[str]:
    """The operators who have a link that holds and was not used."""
    rows = tx.rows("SELECT DISTINCT operator FROM token WHERE purpose = 'invitation' AND expires_at > ?", (now,))
    return {operator for (operator,) in rows}


def drop_tokens_for(tx: Transaction, purpose: Purpose) -> None:
    tx.run("DELETE FROM token WHERE purpose = ?", (purpose,))


def operator_names(tx: Transaction) -> dict[str, str]:
    """id → name of every operator."""
    return dict(tx.rows("SELECT id, name FROM operator"))


def count_operators(tx: Transaction) -> int:
    row = tx.row("SELECT count(*) FROM operator")
    return 0 if row is None else int(row[0])


def add_device(tx: Transaction, event: int, device: Device) -> None:
    tx.run(
        "INSERT INTO device (id, event, name, role, door, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (device.id, event, device.name, device.role, device.door, device.created_at),
    )


def load_devices(tx: Transaction, event: int) -> list[Device]:
    return [_device(row) for row in tx.rows(f"{_DEVICES} WHERE d.event = ? ORDER BY d.created_at, d.id", (event,))]


def doors_with_devices(tx: Transaction, event: int) -> set[str]:
    """The doors that some device stands at."""
    rows = tx.rows(
        "SELECT DISTINCT door FROM device WHERE event = ? AND door IS NOT NULL AND revoked_at IS NULL", (event,)
    )
    return {door for (door,) in rows}


def device_by_id(tx: Transaction, id: str) -> Device | None:
    row = tx.row(f"{_DEVICES} WHERE d.id = ?", (id,))
    return None if row is None else _device(row)


def revoke_device(tx: Transaction, id: str, at: int) -> None:
    """No token of it lets anybody in from now on."""
    tx.run("UPDATE device SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (at, id))
    tx.run("DELETE FROM token WHERE device = ?", (id,))


def drop_tokens_of_device(tx: Transaction, id: str) -> None:
    tx.run("DELETE FROM token WHERE device = ?", (id,))


def heard_devices(tx: Transaction, heard: dict[str, int]) -> None:
    """device → when it was heard last."""
    tx.run_many("UPDATE device SET heard_at = ? WHERE id = ?", [(at, device) for device, at in heard.items()])


def add_token(tx: Transaction, token: Token) -> None:
    tx.run(
        "INSERT INTO token (hash, operator, device, purpose, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (token.hash, token.operator, token.device, token.purpose, token.created_at, token.expires_at),
    )


def token_by_hash(tx: Transaction, hash: bytes) -> Token | None:
    row = tx.row(f"{_TOKENS} WHERE hash = ?", (hash,))
    return None if row is None else _token(row)


def drop_token(tx: Transaction, hash: bytes) -> bool:
    """Whether there was one."""
    return tx.run("DELETE FROM token WHERE hash = ?", (hash,)) > 0


def drop_expired_tokens(tx: Transaction, now: int) -> None:
    tx.run("DELETE FROM token WHERE expires_at IS NOT NULL AND expires_at <= ?", (now,))


def _operator(row: Row) -> Operator:
    return Operator(
        id=row[0],
        name=row[1],
        role=row[2],
        password_hash=row[3],
        created_at=row[4],
        withdrawn_at=row[5],
        factor=row[6],
        factor_step=row[7],
        unconfirmed_since=row[8],
    )


def _token(row: Row) -> Token:
    return Token(hash=row[0], operator=row[1], device=row[2], purpose=row[3], created_at=row[4], expires_at=row[5])


def _device(row: Row) -> Device:
    return Device(
        id=row[0],
        event=row[1],
        name=row[2],
        role=row[3],
        door=row[4],
        created_at=row[5],
        heard_at=row[6],
        revoked_at=row[7],
    )
