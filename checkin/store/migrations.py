"""Numbered SQL files, applied in order, all that are due in one transaction. Contains no business logic."""

from __future__ import annotations

import re
import sqlite3
from importlib.resources import files
from importlib.resources.abc import Traversable

from checkin.core.errors import CheckinError

FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


def migration_files(engine: str) -> list[tuple[int, Traversable]]:
    """(number, file) in order. They stand in the wheel beside the code, in a checkout at the root."""
    shipped = files("checkin") / "migrations" / engine
    folder = shipped if shipped.is_dir() else files("checkin") / ".." / "migrations" / engine
    found = [(int(match[1]), file) for file in folder.iterdir() if (match := FILE_NAME.fullmatch(file.name))]
    return sorted(found, key=lambda numbered: numbered[0])


def apply_sqlite_migrations(connection: sqlite3.Connection) -> list[int]:
    """Bring the schema up to date; returns the numbers applied now.

    Raises `CheckinError` for a database that a newer version of the program has changed.
    """
    known = migration_files("sqlite")
    if not pending_migrations(_done(connection), known):
        return []
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"
        )
        pending = pending_migrations(_done(connection), known)
        for number, file in pending:
            for statement in _statements(file.read_text(encoding="utf-8")):
                connection.execute(statement)
            connection.execute("INSERT INTO migration (number, name) VALUES (?, ?)", (number, file.name))
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        assert not broken, f"migrations leave dangling references: {broken[:3]}"
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return [number for number, _ in pending]


def check_up_to_date(done: set[int], known: list[tuple[int, Traversable]]) -> None:
    """Raises `CheckinError` for a database that is not ours, or not of this version: one that is only read is not
    changed."""
    if not done:
        raise CheckinError("It is no database of checkin. Check the address.", code="schema_missing")
    if pending_migrations(done, known):
        raise CheckinError(
            "Its schema is of an older version. Bring it up to date first:"
            " `checkin migrate` with CHECKIN_DATABASE_URL set to it.",
            code="schema_older",
        )


def check_sqlite_up_to_date(connection: sqlite3.Connection) -> None:
    check_up_to_date(_done(connection), migration_files("sqlite"))


def pending_migrations(done: set[int], known: list[tuple[int, Traversable]]) -> list[tuple[int, Traversable]]:
    """Those of the files that a database has not had yet. Raises `CheckinError` where it has had one that
    is not among them."""
    if newer := done - {number for number, _ in known}:
        raise CheckinError(
            f"The database has migration {max(newer)}, which this version does not know. Install the newer version.",
            code="schema_newer",
        )
    return [(number, file) for number, file in known if number not in done]


def _done(connection: sqlite3.Connection) -> set[int]:
    table = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'").fetchone()
    return {number for (number,) in connection.execute("SELECT number FROM migration")} if table else set()


def _statements(script: str) -> list[str]:
    """Split at the semicolons that end a statement (`executescript` would commit by itself)."""
    statements, rest = [], ""
    for piece in script.split(";"):
        rest += piece + ";"
        if sqlite3.complete_statement(rest):
            statements.append(rest)
            rest = ""
    return statements
