"""Every row of one database into another, whichever engines they are. Knows tables and nothing of rules."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator

from msgspec import Struct

from checkin.core.codes import NUL_SHOWN
from checkin.core.errors import Conflict
from checkin.store.engine import Row, Store, Transaction
from checkin.store.migrations import apply_sqlite_migrations

PAGE_ROWS_MAX = 2_000
PAGES_WAITING_MAX = 4
WAKES_S = 0.2
NOT_COPIED = {"lease"}
"""Which node of the source does what: of no meaning elsewhere."""


class Table(Struct, frozen=True):
    """A table, its columns, and those that tell its rows apart."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def tables() -> list[Table]:
    """Every table of the schema, each after those it refers to."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        apply_sqlite_migrations(connection)
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema"
                " WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'migration'"
            )
        ]
        refers = {
            name: {row[2] for row in connection.execute(f'PRAGMA foreign_key_list("{name}")')} - {name}
            for name in names
        }
        ordered: list[str] = []
        while len(ordered) < len(names):
            ordered += [name for name in names if name not in ordered and refers[name] <= set(ordered)]
        return [_table(connection, name) for name in ordered]
    finally:
        connection.close()


def _table(connection: sqlite3.Connection, name: str) -> Table:
    columns = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
    key = [column[1] for column in sorted(columns, key=lambda column: column[5]) if column[5]]
    return Table(name, tuple(column[1] for column in columns), tuple(key))


class Copied(Struct):
    """What has come across. `mended`: (table, key of the row) of texts that held a NUL, which PostgreSQL keeps in none:
    U+FFFD stands for it."""

    rows: dict[str, int]
    mended: list[tuple[str, Row]]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


class Stopped(Exception):
    """The other side of a copy has ended."""


class _Pages:
    """Pages of rows on their way from the thread of one database to that of the other."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Table, list[Row]] | None] = queue.Queue(PAGES_WAITING_MAX)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Neither side waits for the other any longer."""
        self._stopped.set()

    def put(self, page: tuple[Table, list[Row]] | None) -> None:
        """None: that was all. Raises `Stopped`."""
        while not self._stopped.is_set():
            try:
                return self._waiting.put(page, timeout=WAKES_S)
            except queue.Full:
                continue
        raise Stopped

    def __iter__(self) -> Iterator[tuple[Table, list[Row]]]:
        while not self._stopped.is_set():
            try:
                page = self._waiting.get(timeout=WAKES_S)
            except queue.Empty:
                continue
            if page is None:
                return
            yield page
        raise Stopped

    def check(self) -> None:
        if self._stopped.is_set():
            raise Stopped


async def copy_all(
    source: Store,
    target: Store,
    told: Callable[[str, int], None] = lambda table, rows: None,
    then: Callable[[Transaction], None] = lambda tx: None,
) -> Copied:
    """Copy every row, as one moment of the source, which others may go on writing, and do `then` in the target: all of
    it in one transaction there, so that one that is broken off leaves nothing.

    `told` hears of each page: table, rows of it so far. Raises `Conflict` where the target has an event or
    an operator already, and where a copied table does not have as many rows as its source.
    """
    pages = _Pages()

    def send(tx: Transaction) -> None:
        for table in tables():
            if table.name not in NOT_COPIED:
                for page in _pages(tx, table):
                    pages.put((table, page))
        pages.put(None)

    def keep(tx: Transaction) -> Copied:
        if tx.row("SELECT 1 FROM event UNION ALL SELECT 1 FROM operator LIMIT 1"):
            raise Conflict("The target has events or operators already. Give an empty database.", code="not_empty")
        copied = Copied({table.name: 0 for table in tables() if table.name not in NOT_COPIED}, [])
        for table, page in pages:
            _add(tx, table, [_kept(table, row, copied.mended) for row in page])
            copied.rows[table.name] += len(page)
            told(table.name, copied.rows[table.name])
        if wrong := [table for table, rows in copied.rows.items() if _count(tx, table) != rows]:
            raise Conflict(f"Not every row has come across: {', '.join(wrong)}.", code="copy_failed")
        then(tx)
        pages.check()
        return copied

    sending, keeping = asyncio.ensure_future(source.read(send)), asyncio.ensure_future(target.fill(keep))
    try:
        await asyncio.wait((sending, keeping), return_when=asyncio.FIRST_EXCEPTION)
    finally:
        pages.stop()
        ends = await asyncio.gather(sending, keeping, return_exceptions=True)
    for error in ends:
        if isinstance(error, BaseException) and not isinstance(error, Stopped):
            raise error
    return keeping.result()


def _kept(table: Table, row: Row, mended: list[tuple[str, Row]]) -> Row:
    """The row as both databases can keep it."""
    if not any(isinstance(value, str) and "\0" in value for value in row):
        return row
    row = tuple(value.replace("\0", NUL_SHOWN) if isinstance(value, str) else value for value in row)
    mended.append((table.name, tuple(row[table.columns.index(column)] for column in table.key)))
    return row


def _pages(tx: Transaction, table: Table) -> Iterator[list[Row]]:
    columns = _list(table.columns)
    if not table.key:
        yield tx.rows(f'SELECT {columns} FROM "{table.name}"')
        return
    key, marks = _list(table.key), ", ".join("?" * len(table.key))
    after: Row = ()
    while True:
        beyond = f" WHERE ({key}) > ({marks})" if after else ""
        page = tx.rows(
            f'SELECT {key}, {columns} FROM "{table.name}"{beyond} ORDER BY {key} LIMIT {PAGE_ROWS_MAX}', after
        )
        if not page:
            return
        after = page[-1][: len(table.key)]
        yield [row[len(table.key) :] for row in page]


def _add(tx: Transaction, table: Table, page: list[Row]) -> None:
    marks = ", ".join("?" * len(table.columns))
    tx.run_many(f'INSERT INTO "{table.name}" ({_list(table.columns)}) VALUES ({marks})', page)


def _count(tx: Transaction, table: str) -> int:
    row = tx.row(f'SELECT count(*) FROM "{table}"')
    assert row is not None
    return int(row[0])


def _list(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
