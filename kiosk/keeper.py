"""What a station keeps beside its disk: who it is, the key to its disk, and the mark of its log.

A folder that should lie on another medium than the data (a USB stick on the machine's inside, an EEPROM, an
encrypted credential): a stolen disk is then unreadable, and one that was put back from a copy is noticed.
"""

from __future__ import annotations

import os
import secrets
import struct
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from kiosk.station import Mark

TOKEN_BYTES = 32
SLOT_BYTES = 8 * 1024
"""The mark is written in place, in turns into two of these: then no name and no size of a file changes, and to make it
durable takes a tenth of the time or less. Of one that was not written to its end the digest says so, and the other one
is there."""
_SLOT = struct.Struct("<8sH")
MARK_BEFORE = "mark.json"
"""As earlier programs kept it."""

T = TypeVar("T", bound=Struct)


class Pairing(Struct, frozen=True, kw_only=True):
    """With which centre this machine was paired, as what."""

    url: str
    event: str
    station: str
    door: str
    token: str


class _Key(Struct, frozen=True):
    key: bytes


class _Numbered(Struct, frozen=True, array_like=True):
    """The mark with the higher number is the later one."""

    number: int
    mark: Mark


class _Offer(Struct, frozen=True):
    code: str
    token: str


class KeeperMissing(OSError):
    """The medium with the key is not there; nothing is written in its place."""


class Keeper:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lies_beside(self, data: Path) -> bool:
        """Whether the key lies on the same medium as what it opens, as far as the system tells them apart."""
        return _medium(self.folder) == _medium(data)

    @property
    def is_missing(self) -> bool:
        """Whether what was kept at pairing is not there: a stick was pulled, a folder was moved, or there never was
        one."""
        return not (self.folder / "pairing.json").exists()

    def pairing(self) -> Pairing | None:
        return self._read("pairing.json", Pairing)

    def keep_pairing(self, pairing: Pairing) -> None:
        self._write("pairing.json", pairing)
        (self.folder / "offer.json").unlink(missing_ok=True)

    def offer(self, code: str) -> str:
        """The token by which this machine asks to be paired by a code: the same until it is, since the answer may be
        lost on its way."""
        kept = self._read("offer.json", _Offer)
        if kept is None or kept.code != code:
            kept = _Offer(code, secrets.token_urlsafe(TOKEN_BYTES))
            self._write("offer.json", kept)
        return kept.token

    def key(self) -> bytes | None:
        """The key to the disk; None: only the centre has it."""
        kept = self._read("key.json", _Key)
        return kept.key if kept is not None else None

    def keep_key(self, key: bytes) -> None:
        self._write("key.json", _Key(key))

    def mark(self) -> Mark | None:
        if not (self.folder / "mark").exists():
            return self._read(MARK_BEFORE, Mark)
        last = self._last_mark()
        return last.mark if last is not None else None

    def keep_mark(self, mark: Mark) -> None:
        """Raises `KeeperMissing`: a mark elsewhere would not be found again."""
        self.check()
        last = self._last_mark()
        number = last.number + 1 if last is not None else 0
        body = msgspec.json.encode(_Numbered(number, mark))
        slot = _SLOT.pack(_digest(body), len(body)) + body
        assert len(slot) <= SLOT_BYTES, "a mark fits its slot"
        try:
            file = os.open(self.folder / "mark", os.O_WRONLY)
        except FileNotFoundError:
            self._write_bytes("mark", slot.ljust(2 * SLOT_BYTES, b"\0"))
            return
        try:
            os.pwrite(file, slot, number % 2 * SLOT_BYTES)
            os.fdatasync(file)
        finally:
            os.close(file)

    def check(self) -> None:
        """Raises `KeeperMissing`."""
        if self.is_missing:
            raise KeeperMissing(f"the key's medium is missing: put it back, so that {self.folder} is there again")

    def wipe(self) -> None:
        """The key first: without it nothing on the disk says anything."""
        for name in ("key.json", "pairing.json", "mark", MARK_BEFORE, "offer.json"):
            file = self.folder / name
            if file.exists():
                with file.open("r+b") as opened:
                    opened.write(bytes(file.stat().st_size))
                    opened.flush()
                    os.fsync(opened.fileno())
                file.unlink()
        if self.folder.exists():
            self._settle()

    def _read(self, name: str, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode((self.folder / name).read_bytes(), type=kind)
        except FileNotFoundError:
            return None

    def _last_mark(self) -> _Numbered | None:
        try:
            content = (self.folder / "mark").read_bytes()
        except FileNotFoundError:
            return None
        return max(_whole(content), key=lambda one: one.number, default=None)

    def _write(self, name: str, what: Struct) -> None:
        self._write_bytes(name, msgspec.json.encode(what))

    def _write_bytes(self, name: str, content: bytes) -> None:
        """Durable when this returns: the old one or the new one is there, whatever happens."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.folder / f"{name}.part"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        unfinished.rename(self.folder / name)
        self._settle()

    def _settle(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _whole(content: bytes) -> Iterator[_Numbered]:
    """What was written to its end."""
    for start in range(0, len(content), SLOT_BYTES):
        digest, size = _SLOT.unpack_from(content, start)
        body = content[start + _SLOT.size : start + _SLOT.size + size]
        if digest == _digest(body):
            yield msgspec.json.decode(body, type=_Numbered)


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=8).digest()


def _medium(folder: Path) -> int:
    """Of a folder that may not be there yet."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    return there.stat().st_dev
