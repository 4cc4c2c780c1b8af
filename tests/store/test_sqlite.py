"""The real database, and what goes wrong with it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from checkin.core.errors import CheckinError
from checkin.core.model import Scan
from checkin.service.scans import Arrived, admit
from checkin.service.venues import Venues
from checkin.store import badges
from checkin.store.engine import StoreBusy, StoreFull, Transaction
from checkin.store.migrations import migration_files
from checkin.store.sqlite import ServeLock, SqliteStore, is_served
from tests.venue import SLUG, at, fill


def count(tx: Transaction) -> int:
    row = tx.row("SELECT count(*) FROM operator")
    assert row is not None
    return int(row[0])


def add(tx: Transaction, name: str) -> None:
    tx.run(
        "INSERT INTO operator (id, name, role, password_hash, created_at) VALUES (?, ?, 'steward', '', 0)", (name, name)
    )


def test_commit_survives_reopening_and_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        await store.write(lambda tx: add(tx, "kept"))

        def fails(tx: Transaction) -> None:
            add(tx, "lost")
            raise ValueError("on the way")

        with pytest.raises(ValueError, match="on the way"):
            await store.write(fails)
        assert await store.read(count) == 1
        await store.close()
        store = await SqliteStore.open(tmp_path / "a.db")
        assert await store.read(count) == 1
        await store.close()

    asyncio.run(run())


def test_cancelled_request_neither_leaves_a_transaction_open_nor_takes_rows_along(tmp_path: Path) -> None:
    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        for number in range(50):
            task = asyncio.create_task(store.write(partial(add, name=f"cancelled {number}")))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(ValueError, match="rolled back"):
                await store.write(_adds_and_fails)
        await store.write(lambda tx: add(tx, "last"))
        names = [row[0] for row in await store.read(lambda tx: tx.rows("SELECT name FROM operator"))]
        assert "last" in names
        assert not any(name.startswith("failed") for name in names)
        await store.close()

    asyncio.run(run())


def _adds_much(tx: Transaction) -> None:
    for number in range(10):
        add(tx, "x" * 5000 + str(number))


def _adds_and_fails(tx: Transaction) -> None:
    add(tx, "failed")
    raise ValueError("rolled back")


def test_reader_cannot_write(tmp_path: Path) -> None:
    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        with pytest.raises(StoreBusy):
            await store.read(lambda tx: add(tx, "x"))
        await store.close()

    asyncio.run(run())


def test_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        await store.write(lambda tx: add(tx, "before"))

        def limit(tx: Transaction) -> None:
            pages = tx.row("PRAGMA page_count")
            assert pages is not None
            tx.rows(f"PRAGMA max_page_count = {pages[0] + 1}")

        await store.write(limit)
        with pytest.raises(StoreFull, match="Free some space"):
            await store.write(_adds_much)
        assert await store.read(count) == 1
        await store.write(lambda tx: tx.rows("PRAGMA max_page_count = 1000000"))
        await store.write(lambda tx: add(tx, "after"))
        assert await store.read(count) == 2
        await store.close()

    asyncio.run(run())


def test_second_serve_on_the_same_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "same.db").symlink_to("a.db")
    for name in ("a.db", "same.db"):
        assert not is_served(tmp_path / name)
        first = ServeLock(tmp_path / "a.db")
        assert is_served(tmp_path / name)
        with pytest.raises(StoreBusy, match="Another `checkin serve` runs"):
            ServeLock(tmp_path / name)
        first.release()
        ServeLock(tmp_path / name).release()


def test_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        await store.write(lambda tx: tx.run("INSERT INTO migration VALUES (9999, 'later')"))
        await store.close()
        with pytest.raises(CheckinError, match="Install the newer version"):
            await SqliteStore.open(tmp_path / "a.db")

    asyncio.run(run())


def test_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreBusy, match="cannot be opened"):
        asyncio.run(SqliteStore.open(tmp_path / "a.db"))


def test_migrations_are_numbered_without_gaps() -> None:
    assert [number for number, _ in migration_files("sqlite")] == list(range(1, len(migration_files("sqlite")) + 1))


def test_backup_is_whole_while_others_write(tmp_path: Path) -> None:
    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        for number in range(20):
            await store.write(partial(add, name=str(number)))
        writing = asyncio.create_task(store.write(lambda tx: add(tx, "meanwhile")))
        await store.backup(str(tmp_path / "copy.db"))
        await writing
        await store.close()

    asyncio.run(run())
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("SELECT count(*) FROM operator").fetchone()[0] >= 20
    assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    copy.close()


class CountedTransaction:
    """Counts the calls that a batch makes, whatever its size."""

    works_beside = False

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.calls: list[str] = []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.calls.append(sql)
        return self._tx.rows(sql, parameters)

    def rows_together(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self.calls.append(sql)
        return self._tx.rows_together(sql, parameters)

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[tuple[Any, ...]]]:
        self.calls.append(sql)
        return self._tx.ask(sql, parameters)

    def ask_together(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[tuple[Any, ...]]]:
        self.calls.append(sql)
        return self._tx.ask_together(sql, parameters)

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        self.calls.append(sql)
        return self._tx.row(sql, parameters)

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        self.calls.append(sql)
        return self._tx.run(sql, parameters)

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.calls.append(sql)
        self._tx.run_many(sql, rows)

    def tell(self, news: str) -> None:
        self._tx.tell(news)


def test_statements_of_a_batch_do_not_depend_on_its_size(tmp_path: Path) -> None:
    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        venues = Venues()
        codes = list((await fill(store, venues, guests=200, house=None, hall=None)).values())
        await store.read(lambda tx: venues.venue(tx, SLUG))
        seen = []
        for first, size in ((0, 1), (1, 10), (20, 150)):
            arrived = [
                Arrived(scan=Scan(id=f"id {number}", code=codes[number], door="D1"), by="test")
                for number in range(first, first + size)
            ]

            def work(tx: Transaction, arrived: list[Arrived] = arrived) -> list[str]:
                counted = CountedTransaction(tx)
                admit(counted, venues, SLUG, arrived, at("10:00"))
                return counted.calls

            seen.append(await store.write(work))
        assert seen[0] == seen[1] == seen[2]
        assert len(seen[0]) <= 10
        await store.close()

    asyncio.run(run())


def test_rows_read_together_are_the_rows_one_by_one(tmp_path: Path) -> None:
    kept = [("1", 'ä"\\ \u2603', "[]"), ("2", "", '{"a": [1]}'), ("3", "null", "x")]
    sql = (
        "SELECT operator.id, name, password_hash, created_at, withdrawn_at,"
        " (SELECT json_group_array(one.name) FROM operator AS one) FROM json_each(?) AS wanted"
        " CROSS JOIN operator ON operator.id = wanted.value ORDER BY operator.id"
    )

    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        await store.write(
            lambda tx: tx.run_many(
                "INSERT INTO operator (id, name, role, password_hash, created_at) VALUES (?, ?, 'steward', ?, ?)",
                [(*one, 2**53 + number) for number, one in enumerate(kept)],
            )
        )
        for wanted in ('["1", "2", "3"]', '["2"]', "[]"):
            both = await store.read(lambda tx, w=wanted: (tx.rows(sql, (w,)), tx.rows_together(sql, (w,))))  # type: ignore[misc]
            assert both[0] == both[1]
            assert len(both[0]) == wanted.count('"') / 2
        await store.close()

    asyncio.run(run())


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 127, 513, 7_000])
def test_rows_that_go_together_are_all_kept_once_whatever_their_number(tmp_path: Path, rows: int) -> None:
    def write(tx: Transaction) -> None:
        tx.run_many(
            "INSERT INTO operator (id, name, role, password_hash, created_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET password_hash = excluded.password_hash",
            ((str(number), f"name {number}", "steward", str(number), number) for number in range(rows)),
        )
        tx.run_many("UPDATE operator SET created_at = created_at + ? WHERE id = ?", [(1, str(n)) for n in range(rows)])

    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        await store.write(write)
        await store.write(write)  # again, over what is there
        kept = await store.read(
            lambda tx: tx.rows("SELECT id, name, password_hash, created_at FROM operator ORDER BY rowid")
        )
        assert kept == [(str(n), f"name {n}", str(n), n + 2) for n in range(rows)]
        await store.close()

    asyncio.run(run())


def test_badges_of_some_are_found_without_a_walk_through_all_of_the_event(tmp_path: Path) -> None:
    class Plans(list[str]):
        """A transaction that tells how it would find what it is asked for."""

        def __init__(self, tx: Transaction) -> None:
            self._tx = tx

        def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
            self += [row[3] for row in self._tx.rows("EXPLAIN QUERY PLAN " + sql, parameters)]
            return []

    def plan(tx: Transaction) -> list[str]:
        plans: Any = Plans(tx)
        badges.latest_badges(plans, 1, ["a", "b"])
        badges.badge_ids_of(plans, 1, ["a", "b"])
        return list(plans)

    async def run() -> None:
        store = await SqliteStore.open(tmp_path / "a.db")
        plans = [one for one in await store.read(plan) if "badge" in one]
        assert len(plans) == 2
        assert all("(attendee=?)" in one for one in plans), plans
        await store.close()

    asyncio.run(run())
