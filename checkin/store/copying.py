"""Every row of one database into another, whichever engines they are. Knows tables and nothing of rules."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator

from msgspec import Struct

from checkin.core.errors import Conflict
from checkin.store.engine import Row, Store, Transaction
from checkin.store.migrations import apply_sqlite_migrations

PAGE_ROWS_MAX = 2_000
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


async def copy_all(source: Store, target: Store, told: Callable[[str, int], None] = lambda table, rows: None) -> int:
    """Copy every row, as one moment of the source, which others may go on writing; returns how many.

    `told` hears of each page: table, rows of it so far. Raises `Conflict` where the target has an event or
    an operator already, and where a copied table does not have as many rows as its source.
    """
    if await target.read(lambda tx: tx.row("SELECT 1 FROM event UNION ALL SELECT 1 FROM operator LIMIT 1")):
        raise Conflict("The target has events or operators already. Give an empty database.", code="not_empty")
    loop = asyncio.get_running_loop()

    def keep(table: Table, page: list[Row]) -> None:
        # Called on the source's thread, inside of its transaction.
        asyncio.run_coroutine_threadsafe(target.write(lambda tx: _add(tx, table, page)), loop).result()

    def copy(tx: Transaction) -> dict[str, int]:
        copied: dict[str, int] = {}
        for table in tables():
            if table.name in NOT_COPIED:
                continue
            copied[table.name] = 0
            for page in _pages(tx, table):
                keep(table, page)
                copied[table.name] += len(page)
                told(table.name, copied[table.name])
        return copied

    copied = await source.read(copy)
    await target.settle()
    there = await target.read(lambda tx: {table: _count(tx, table) for table in copied})
    if there != copied:
        wrong = ", ".join(table for table in copied if there[table] != copied[table])
        raise Conflict(
            f"Not every row has come across: {wrong}. Somebody else writes to the target.", code="copy_failed"
        )
    return sum(copied.values())


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
