"""A station's own database. Every row is sealed with the station's key; not even its key column tells whose it is."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from checkin.core.allotment import Counters
from checkin.core.link import Row
from checkin.core.model import Scan
from checkin.core.reference import Everybody, People, Person, VenueNow, part_of
from kiosk.station import Belief, Book, Meta, Store

NONCE_BYTES = 12
NAME_BYTES = 16
PART_NAME_BYTES = 4
LOG_PAGES = 1_000
PAGE_BYTES = 4_096
FRAME_BYTES = 24
"""Before each page in the log (SQLite, file format, 4.1)."""
LOG_BYTES = LOG_PAGES * (PAGE_BYTES + FRAME_BYTES)
PEOPLE = "people"
PEOPLE_BEFORE = "person"
"""As earlier programs named these rows, which lay elsewhere: the centre tells them anew."""

_ROWS: Mapping[str, tuple[Any, Any]] = {
    "meta": (str, Meta),
    "books": (str, Book),
    "counters": (tuple[str, str], Counters),
    "log": (tuple[str, int], Row),
    "asked": (str, Scan),
    "beliefs": (str, Belief),
}
"""table of the machine → the types of its keys and rows."""
_decoders: Mapping[str, msgspec.msgpack.Decoder[Any]] = {
    name: msgspec.msgpack.Decoder(tuple.__class_getitem__(kinds)) for name, kinds in _ROWS.items()
}
_person = msgspec.msgpack.Decoder(Person)
_venue = msgspec.msgpack.Decoder(VenueNow)
_encode = msgspec.msgpack.Encoder().encode


class WrongKey(Exception):
    """This database was sealed with another key."""


class InUse(Exception):
    """Another program runs on this database."""


class Disk:
    """The database of a station. What `commit` has returned from is durable (`synchronous = FULL`)."""

    def __init__(self, file: Path, key: bytes) -> None:
        """Raises `InUse` where another station runs on it, `sqlite3.Error` where it cannot be opened."""
        self._file = file
        self._seal = AESGCM(key)
        self._naming = hashlib.sha256(b"names\0" + key).digest()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise InUse(f"Another station runs on {file}. Stop it first.") from None
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        try:
            for pragma in (
                "journal_mode = WAL",
                "synchronous = FULL",
                "secure_delete = ON",
                f"wal_autocheckpoint = {LOG_PAGES}",
            ):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS row (name TEXT NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL,"
                " PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID"
            )
            self._connection.execute("DELETE FROM row WHERE name = ?", (PEOPLE_BEFORE,))
            self._make_room()
        except sqlite3.Error:
            self.close()
            raise

    def _make_room(self) -> None:
        """The log has its whole size from the start. Where it grows with a commit, it takes the file system's own log
        to make that durable, which takes ten times as long. Zeros behind its end are not read (as above, 4.4)."""
        with contextlib.suppress(OSError), self._file.with_name(f"{self._file.name}-wal").open("r+b") as log:
            log.write(bytes(max(0, LOG_BYTES - log.seek(0, os.SEEK_END))))
            log.flush()
            os.fsync(log.fileno())

    def load(self) -> dict[str, dict[object, object]]:
        """The machine's tables. Raises `WrongKey`."""
        tables: dict[str, dict[object, object]] = {}
        for name, decoder in _decoders.items():
            tables[name] = dict(decoder.decode(body) for body in self._bodies(name))
        return tables

    def commit(self, store: Store) -> None:
        """All rows or none."""
        self._write(
            [(table, _encode(key), None if row is None else _encode((key, row))) for table, key, row in store.rows]
        )

    def setting(self, name: str) -> bytes | None:
        row = self._connection.execute(
            "SELECT body FROM row WHERE name = 'setting' AND key = ?", (self._name("setting", name.encode()),)
        ).fetchone()
        return None if row is None else self._open("setting", row[0])

    def keep_setting(self, name: str, value: bytes) -> None:
        self._write([("setting", name.encode(), value)])

    def venue(self) -> VenueNow | None:
        kept = self.setting("venue")
        return None if kept is None else _venue.decode(kept)

    def keep_venue(self, venue: VenueNow) -> None:
        self.keep_setting("venue", _encode(venue))

    def people(self) -> Everybody:
        return Everybody(msgspec.msgpack.decode(body, type=tuple[str, bytes]) for body in self._bodies(PEOPLE))

    def keep_people(self, page: People, gone: Iterable[str]) -> None:
        """With how many were still to come when the centre told of these."""
        rows: list[tuple[str, bytes, bytes | None]] = [
            (PEOPLE, code.encode(), _encode((code, bytes(one)))) for code, one in page.changed
        ]
        rows += [(PEOPLE, code.encode(), None) for code in gone]
        rows.append(("setting", b"left", _encode(page.left)))
        self._write(rows)

    def people_left(self) -> int:
        kept = self.setting("left")
        return 0 if kept is None else msgspec.msgpack.decode(kept, type=int)

    def wipe(self) -> None:
        """Nothing is left, as far as the medium lets one say so; without the key it says nothing anyway."""
        self.close()
        for file in (self._file, *(self._file.with_name(self._file.name + end) for end in ("-wal", "-shm"))):
            if file.exists():
                with file.open("r+b") as opened:
                    opened.write(bytes(file.stat().st_size))
                    opened.flush()
                    os.fsync(opened.fileno())
                file.unlink()

    def close(self) -> None:
        self._connection.close()
        os.close(self._lock)

    def _write(self, rows: Iterable[tuple[str, bytes, bytes | None]]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for table, key, body in rows:
                name = self._name(table, key)
                if body is None:
                    connection.execute("DELETE FROM row WHERE name = ? AND key = ?", (table, name))
                else:
                    connection.execute(
                        "INSERT INTO row (name, key, body) VALUES (?, ?, ?)"
                        " ON CONFLICT (name, key) DO UPDATE SET body = excluded.body",
                        (table, name, self._sealed(table, body)),
                    )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _bodies(self, name: str) -> Iterator[bytes]:
        for (body,) in self._connection.execute("SELECT body FROM row WHERE name = ?", (name,)):
            yield self._open(name, body)

    def _name(self, table: str, key: bytes) -> bytes:
        """Those of one part of people lie together: a page of them changes few pages of the file, and a card is written
        little."""
        name = hmac.digest(self._naming, table.encode() + b"\0" + key, "sha256")[:NAME_BYTES]
        if table != PEOPLE:
            return name
        part = b"part\0%d" % part_of(key.decode())
        return hmac.digest(self._naming, part, "sha256")[:PART_NAME_BYTES] + name

    def _sealed(self, table: str, body: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, body, table.encode())

    def _open(self, table: str, sealed: bytes) -> bytes:
        try:
            return self._seal.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], table.encode())
        except InvalidTag:
            raise WrongKey(f"{self._file} was sealed with another key.") from None


def person_of(stored: bytes) -> Person:
    return _person.decode(stored)
