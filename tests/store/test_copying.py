"""A database moves into another as a whole, or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from checkin.core.errors import CheckinError
from checkin.main import open_store, store_of
from checkin.service.venues import Venues
from checkin.store import copying
from checkin.store.copying import copy_all
from checkin.store.engine import Store, Transaction
from tests.engine import new_postgres_database
from tests.venue import fill


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'to.db'}" if request.param == "sqlite" else new_postgres_database()


async def filled(folder: Path) -> Store:
    source = await open_store(f"sqlite:///{folder / 'from.db'}")
    await fill(source, Venues())
    return source


def count(tx: Transaction) -> int:
    row = tx.row("SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM attendee) + (SELECT count(*) FROM fact)")
    assert row is not None
    return int(row[0])


def test_copy_that_is_broken_off_at_any_time_leaves_nothing_and_goes_the_next_time(target: str, tmp_path: Path) -> None:
    async def work() -> None:
        source = await filled(tmp_path)
        there = await open_store(target)
        loop, begun, goes_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def fail(tx: Transaction) -> None:
            raise CheckinError("the counters differ")

        def told(table: str, rows: int) -> None:
            loop.call_soon_threadsafe(begun.set)
            goes_on.wait(10)

        with pytest.raises(CheckinError, match="counters"):
            await copy_all(source, there, then=fail)
        broken_off = asyncio.create_task(copy_all(source, there, told=told))
        await begun.wait()
        broken_off.cancel()
        await asyncio.sleep(0.1)
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await broken_off
        assert await there.read(count) == 0
        copied = await copy_all(source, there)
        assert await there.read(count) == await source.read(count) > 0
        assert (copied.total > 0, copied.mended) == (True, [])
        for store in (source, there):
            await store.close()

    asyncio.run(work())


def test_source_that_fails_in_the_middle_ends_the_copy(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        source = await filled(tmp_path)
        there = await open_store(target)
        pages = copying._pages

        def failing(tx: Transaction, table: copying.Table) -> object:
            if table.name == "fact":
                raise sqlite3.DatabaseError("malformed")
            return pages(tx, table)

        monkeypatch.setattr(copying, "_pages", failing)
        with pytest.raises(sqlite3.DatabaseError, match="malformed"):
            await copy_all(source, there)
        assert await there.read(count) == 0
        for store in (source, there):
            await store.close()

    asyncio.run(work())


def test_text_with_a_nul_comes_across_without_it_and_its_row_is_named(target: str, tmp_path: Path) -> None:
    async def work() -> None:
        source = await filled(tmp_path)
        attendee = await source.read(lambda tx: tx.row("SELECT id FROM attendee LIMIT 1"))
        assert attendee is not None
        await source.write(lambda tx: tx.run("UPDATE attendee SET given_name = ? WHERE id = ?", ("A\0b", *attendee)))
        there = await open_store(target)
        copied = await copy_all(source, there)
        assert [(table, attendee[0] in key) for table, key in copied.mended] == [("attendee", True)]
        kept = await there.read(lambda tx: tx.row("SELECT given_name FROM attendee WHERE id = ?", attendee))
        assert kept == ("A\ufffdb",)
        for store in (source, there):
            await store.close()

    asyncio.run(work())


def test_source_is_a_database_of_this_version_and_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    older = sqlite3.connect(tmp_path / "older.db")
    older.execute("CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    older.execute("INSERT INTO migration VALUES (1, '0001.sql')")
    older.commit()
    older.close()
    urls = [
        (f"sqlite:///{tmp_path / 'typo.db'}", "There is no database"),
        (f"sqlite:///{tmp_path / 'nowhere' / 'typo.db'}", "There is no database"),
        (f"sqlite:///{tmp_path / 'empty.db'}", "no database of checkin"),
        (f"sqlite:///{tmp_path / 'older.db'}", "checkin migrate"),
        (new_postgres_database(migrated=False), "no database of checkin"),
    ]

    async def work(url: str) -> None:
        async with store_of(url, migrates=False):
            pass

    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    for url, words in urls:
        with pytest.raises(CheckinError, match=words):
            asyncio.run(work(url))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
