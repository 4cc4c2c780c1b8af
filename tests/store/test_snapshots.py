"""Long readings see one moment, stop nobody, and are bounded; short ones wait for none of them; on both engines."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from checkin.core.errors import Busy
from checkin.main import open_store
from checkin.store import engine, sqlite
from checkin.store.engine import StoreBusy, Transaction
from tests.engine import new_postgres_database
from tests.served import serve
from tests.store.test_sqlite import add, count


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a.db'}" if request.param == "sqlite" else new_postgres_database()


class Reading:
    """A snapshot that reads once, waits until it is let go on, and reads again."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.goes_on = threading.Event()

    def __call__(self, tx: Transaction) -> tuple[int, int]:
        before = count(tx)
        self.begun.set()
        assert self.goes_on.wait(20)
        return before, count(tx)


async def begin(
    run: Callable[[Reading], Coroutine[Any, Any, tuple[int, int]]],
) -> tuple[Reading, asyncio.Task[tuple[int, int]]]:
    reading = Reading()
    task = asyncio.create_task(run(reading))
    while not reading.begun.is_set():
        await asyncio.sleep(0.01)
    return reading, task


def test_snapshot_sees_one_moment_while_others_write_and_read(url: str) -> None:
    async def run() -> None:
        store = await open_store(url)
        await store.write(lambda tx: add(tx, "before"))
        reading, task = await begin(store.snapshot)
        await store.write(lambda tx: add(tx, "meanwhile"))
        assert await store.read(count) == 2
        reading.goes_on.set()
        assert await task == (1, 1)
        assert await store.snapshot(count) == 2
        with pytest.raises(AssertionError):
            await store.snapshot(lambda tx: tx.run("DELETE FROM operator"))
        await store.close()

    asyncio.run(run())


def test_glance_waits_for_no_long_reading_and_sees_what_was_committed_meanwhile(url: str) -> None:
    async def run() -> None:
        store = await open_store(url)
        reading, task = await begin(store.read)
        await store.write(lambda tx: add(tx, "meanwhile"))
        assert await asyncio.wait_for(store.glance(count), 5) == 1
        reading.goes_on.set()
        assert await task == (0, 0)
        await store.close()

    asyncio.run(run())


def test_display_shows_a_change_while_an_organiser_s_page_is_read(tmp_path: Path) -> None:
    slow = Reading()
    with serve(tmp_path, guests=1) as served:
        door, shown = served.client(), served.device("display")
        address = f"{served.api.replace('http', 'ws', 1)}/live"
        with connect(address, additional_headers={"Authorization": f"Bearer {shown}"}, proxy=None) as display:
            display.recv(timeout=10)
            reading = asyncio.run_coroutine_threadsafe(served.centre.read(slow), served.loop)
            try:
                assert slow.begun.wait(10)
                scan = {"id": str(uuid.uuid4()), "code": next(iter(served.codes.values())), "door": "D1"}
                assert door.post("/scans", json=scan).status_code == 201
                while '"inside":1' not in str(display.recv(timeout=10)):
                    pass
                assert not reading.done()
            finally:
                slow.goes_on.set()
                reading.result(10)


def test_snapshots_are_bounded_in_number_and_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        store = await open_store(url)
        held = [await begin(store.snapshot) for _ in range(engine.SNAPSHOTS_MAX)]
        monkeypatch.setattr(engine, "SNAPSHOT_WAIT_S_MAX", 0.05)
        with pytest.raises(Busy):
            await store.snapshot(count)
        for reading, task in held:
            reading.goes_on.set()
            await task
        monkeypatch.setattr(engine, "SNAPSHOT_S_MAX", 0.0)
        with pytest.raises(StoreBusy, match="longer than"):
            await store.snapshot(count)
        await store.close()

    asyncio.run(run())


def test_snapshot_ends_when_the_log_behind_it_grows_too_large_and_the_log_is_cut_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "SNAPSHOT_WAL_BYTES_MAX", 200_000)
    monkeypatch.setattr(sqlite, "WAL_BYTES_KEPT", 50_000)
    monkeypatch.setattr(sqlite, "WAL_PAGES_CHECKPOINT", 4)
    log = tmp_path / "a.db-wal"

    async def run() -> None:
        store = await open_store(f"sqlite:///{tmp_path / 'a.db'}")
        await store.write(lambda tx: add(tx, "before"))
        reading, task = await begin(store.snapshot)
        for number in range(40):
            await store.write(lambda tx, number=number: add(tx, f"{number} " + "x" * 8_000))  # type: ignore[misc]
        assert log.stat().st_size > 200_000
        reading.goes_on.set()
        with pytest.raises(StoreBusy, match="Too much was written"):
            await task
        for number in range(3):
            await store.write(lambda tx, number=number: add(tx, f"after {number}"))  # type: ignore[misc]
        assert log.stat().st_size <= 50_000
        await store.close()

    asyncio.run(run())
