from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import serve
from tests.situations.day import Clock, Day, furnish


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    clock = Clock()
    with serve(tmp_path, clock=clock, furnish=furnish) as served:
        yield Day(served, clock)


@pytest.fixture(autouse=True)
def counters_add_up(day: Day) -> Iterator[None]:
    """Whatever has happened, the facts add up to the counters."""
    yield
    assert day.differences() == []
