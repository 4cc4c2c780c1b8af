"""Badge codes: 24 characters without personal data that a door can check on its own.

`1` version · 14 characters for a random 64-bit id · 8 of a keyed MAC (HMAC-SHA256, cut) · 1 check
character. The alphabet leaves out what a scanner that types as on a US keyboard turns into
something else on a German host (Y, Z, punctuation) and what the eye confuses (I, L, O, Q, U).
Its 29 symbols are a prime number, so a weighted sum finds every single wrong and every two
swapped characters.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal

ALPHABET = "0123456789ABCDEFGHJKMNPRSTVWX"
LENGTH = 24
VERSION = "1"
ID_CHARS = 14
MAC_CHARS = 8
CODE_CHARS_MAX = 4_296
"""The most characters a QR code can hold (ISO/IEC 18004, version 40-L, alphanumeric)."""
FOREIGN_CHARS_MAX = 128
"""The longest code of another system that is imported and looked up."""
CERTIFICATE_CHARS = 16
NUL_SHOWN = "\ufffd"
"""Stands for a NUL (as CommonMark 2.3 has it)."""

_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_BASE = len(ALPHABET)
_MISREAD = str.maketrans({"O": "0", "Q": "0", "I": "1", "L": "1"})

Genuineness = Literal["genuine", "forged", "foreign"]


def make_code(id_64: int, key: bytes) -> str:
    """The badge code for a random id (0 ≤ id < 2**64) under the event's secret key."""
    if not 0 <= id_64 < 2**64:
        raise ValueError("id_64 must fit in 64 bits")
    body = VERSION + _spell(id_64, ID_CHARS)
    body += _mac(body, key)
    return body + check_character(body)


def normalise(text: str) -> str:
    """What was read, as it is looked up: without white space around, in capitals. No badge has a NUL, and not every
    database can look for one."""
    return text.strip().upper().replace("\0", NUL_SHOWN)


def check_character(body: str) -> str:
    """The last character for the others: the sum of position (from 1) times value, modulo 29."""
    return ALPHABET[sum(place * _VALUE[symbol] for place, symbol in enumerate(body, 1)) % _BASE]


def is_well_formed(code: str) -> bool:
    """Whether a normalised text has the form of our badge codes, check character included."""
    return (
        len(code) == LENGTH
        and code[0] == VERSION
        and all(symbol in _VALUE for symbol in code)
        and check_character(code[:-1]) == code[-1]
    )


def genuineness(code: str, key: bytes) -> Genuineness:
    """`genuine`: made with this key. `forged`: our form, another or no key. `foreign`: not our form."""
    if not is_well_formed(code):
        return "foreign"
    body = code[: 1 + ID_CHARS]
    mac = code[1 + ID_CHARS : -1]
    return "genuine" if hmac.compare_digest(mac, _mac(body, key)) else "forged"


def certificate_code(content: bytes, key: bytes) -> str:
    """The code that a certificate is checked by: a MAC of 72 bits over what it certifies, and a check
    character. Nobody without the key makes one, and it tells nothing of what is certified."""
    chars = CERTIFICATE_CHARS - 1
    digest = hmac.digest(key, b"certificate\0" + content, hashlib.sha256)
    body = _spell(int.from_bytes(digest, "big") % _BASE**chars, chars)
    return body + check_character(body)


def read_certificate_code(text: str) -> str | None:
    """A certificate's code as it was typed from paper: in groups, in small letters, with O for 0 and I or L
    for 1. None where it cannot be one."""
    code = "".join(text.upper().translate(_MISREAD).split()).replace("-", "")
    if len(code) != CERTIFICATE_CHARS or not set(code) <= set(ALPHABET):
        return None
    return code if check_character(code[:-1]) == code[-1] else None


def _mac(body: str, key: bytes) -> str:
    digest = hmac.digest(key, body.encode("ascii"), hashlib.sha256)
    return _spell(int.from_bytes(digest, "big") % _BASE**MAC_CHARS, MAC_CHARS)


def _spell(number: int, chars: int) -> str:
    symbols: list[str] = []
    for _ in range(chars):
        number, value = divmod(number, _BASE)
        symbols.append(ALPHABET[value])
    return "".join(reversed(symbols))
