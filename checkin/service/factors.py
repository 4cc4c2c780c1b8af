"""The second factor: a six-digit code of an app (TOTP, RFC 6238), or one of the recovery codes.

The secret is kept sealed by the operator's password: the database, a backup or an export alone opens it for
nobody. What the password opens is asked for at the log-in anyway, so nothing else has to be kept.
"""

from __future__ import annotations

import base64
import hmac
import secrets

import pyotp
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

ISSUER = "Check-in"
STEP_S = 30
STEPS_AROUND = 1
"""A clock may be off by one step (RFC 6238, 5.2)."""
CODE_DIGITS = 6
SECRET_CHARS = 32
"""160 bits in base32 (RFC 4226, R6)."""
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_RECOVERY_CHARS = _RECOVERY_BYTES * 8 // 5
_SALT_BYTES = 16
_NONCE_BYTES = 12


def new_secret() -> str:
    return pyotp.random_base32(SECRET_CHARS)


def is_secret(text: str) -> bool:
    """Whether this can be a secret of ours."""
    return len(text) == SECRET_CHARS and set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def address_of(secret: str, name: str) -> str:
    """The otpauth: address that an app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of(secret: str, code: str, now_ms: int) -> int | None:
    """The step whose code this is, the step now or one beside it; None for a wrong code."""
    totp = pyotp.TOTP(secret, digits=CODE_DIGITS, interval=STEP_S)
    step = now_ms // 1000 // STEP_S
    for one in range(step - STEPS_AROUND, step + STEPS_AROUND + 1):
        if hmac.compare_digest(totp.generate_otp(one).encode(), plain(code).encode()):
            return one
    return None


def new_recovery_codes() -> list[str]:
    """Codes to print and keep: XXXX-XXXX-XXXX-XXXX, 80 random bits each."""
    codes = []
    for _ in range(RECOVERY_CODES):
        text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()
        codes.append("-".join(text[place : place + 4] for place in range(0, len(text), 4)))
    return codes


def is_recovery(code: str) -> bool:
    """Whether what was typed has the form of a recovery code, not that of an app's."""
    return len(plain(code)) == _RECOVERY_CHARS


def plain(code: str) -> str:
    """A code as it was typed, without the spaces and dashes that people read it with."""
    return "".join(sign for sign in code.upper() if sign.isalnum())


def seal(secret: str, password: str, operator: str) -> bytes:
    """The secret as it is stored; only this password opens it again, and only for this operator."""
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    return salt + nonce + ChaCha20Poly1305(_key(password, salt)).encrypt(nonce, secret.encode(), operator.encode())


def opened(sealed: bytes, password: str, operator: str) -> str | None:
    """The secret; None where the password is not the one that sealed it."""
    salt, nonce = sealed[:_SALT_BYTES], sealed[_SALT_BYTES : _SALT_BYTES + _NONCE_BYTES]
    rest = sealed[_SALT_BYTES + _NONCE_BYTES :]
    try:
        return ChaCha20Poly1305(_key(password, salt)).decrypt(nonce, rest, operator.encode()).decode()
    except InvalidTag:
        return None


def _key(password: str, salt: bytes) -> bytes:
    """Argon2id with the second recommended choice of RFC 9106 (section 4)."""
    return hash_secret_raw(
        password.encode(), salt, time_cost=3, memory_cost=65_536, parallelism=4, hash_len=32, type=Type.ID
    )
