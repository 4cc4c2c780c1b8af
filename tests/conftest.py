from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import engine
from tests.served import Served, serve

settings.register_profile("steady", deadline=None, derandomize=True, database=None)
"""The same examples each time, however busy the machine: for the CI and the mutation run. `make test` tries others."""


@pytest.fixture(scope="session", autouse=True)
def _engine_stands() -> None:
    """A PostgreSQL is there before the first test waits for its service."""
    if engine.POSTGRES:
        engine.template()


@pytest.fixture(autouse=True)
def _databases_go_with_their_test() -> Iterator[None]:
    """Those of PostgreSQL; a file's folder goes by itself."""
    before = engine.databases_made()
    yield
    engine.drop_databases_but(before)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as one:
        yield one


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL leave out what looks at SQLite's own files and pragmas."""
    left_out = [item for item in items if engine.POSTGRES and item.get_closest_marker("sqlite")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End also where a failed test has left a store open: its threads would keep the run for ever."""
    status = getattr(config, "checkin_exit_status", None)
    if status:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.checkin_exit_status = int(exitstatus)  # type: ignore[attr-defined]
