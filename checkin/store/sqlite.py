"""The SQLite engine: a connection that writes, one that reads, one for glances, each on a thread of aiosqlite's.

WAL, `synchronous=FULL`: a commit is on disk before its answer. Only the writer checkpoints, so the
WAL-reset fault of SQLite up to 3.51.2 (two connections in a checkpoint race) has no second party.
"""

from __future__ import annotations

import fcntl
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import IO, Any, TypeVar

import aiosqlite
import msgspec

from checkin.core.errors import CheckinError
from checkin.store.engine import Bounded, Row, Snapshots, StoreBusy, StoreFull, Transaction
from checkin.store.migrations import apply_sqlite_migrations, check_sqlite_up_to_date

T = TypeVar("T")

_decode_rows = msgspec.json.Decoder(list[tuple[Any, ...]]).decode
_AS_ONE: dict[str, str] = {}
"""The statements whose rows are read together, as they are sent."""
_ROW_OF_MARKS = re.compile(r"VALUES (\((?:\?, )*\?\))")

BUSY_TIMEOUT_S = 10.0
WAL_PAGES_CHECKPOINT = 4_000
WAL_BYTES_KEPT = 64 * 1024 * 1024
CACHE_KIB = 65_536
ROWS_TOGETHER = (512, 256, 128, 64, 32, 16, 8, 4, 2)
"""Of the rows inserted at once so many go into one statement, as far as it may have parameters; what is left one by
one. So there are few statements to prepare."""
PARAMETERS_MAX = 32_766
"""Of one statement (SQLITE_MAX_VARIABLE_NUMBER)."""
SNAPSHOT_WAL_BYTES_MAX = 512 * 1024 * 1024
"""The log may not begin anew while a snapshot is read: at this size the snapshot is stopped, and with the next
checkpoint the log is cut back to `WAL_BYTES_KEPT`."""


class SqliteTransaction:
    """Statements on a `sqlite3` connection, used on its own thread only.

    With each step, and that is each row, `sqlite3` lets go of the interpreter, and waits to have it back wherever the
    loop is busy. So what scans wait for takes few steps, however many they are.
    """

    works_beside = False

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def rows_together(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows in one step, as JSON."""
        as_one = _AS_ONE.get(sql)
        if as_one is None:
            none = self._connection.execute(f"SELECT * FROM ({sql}) LIMIT 0", parameters)
            as_one = _AS_ONE[sql] = _as_one(sql, len(none.description))
        (piece,) = self._connection.execute(as_one, parameters).fetchone()
        return _decode_rows(piece)

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        return partial(self.rows, sql, parameters)

    def ask_together(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        return partial(self.rows_together, sql, parameters)

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        found: Row | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        return self._connection.execute(sql, parameters).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Rows that are inserted go many to a statement."""
        waiting = list(rows)
        done = 0
        for count, together in _together(sql):
            for first in range(done, len(waiting) - count + 1, count):
                page = waiting[first : first + count]
                self._connection.execute(together, [value for row in page for value in row])
                done = first + count
        if done < len(waiting):
            self._connection.executemany(sql, waiting[done:])

    def tell(self, news: str) -> None:
        """There is one node."""


class SqliteStore:
    """See `checkin.store.engine.Store`."""

    alone = True
    """`ServeLock` keeps a second service away."""
    ailing = ""

    def __init__(
        self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection, glancer: aiosqlite.Connection
    ) -> None:
        self.path = path
        self._snapshots = Snapshots()
        self._writer = writer
        self._reader = reader
        self._glancer = glancer

    @classmethod
    async def open(cls, path: Path, *, migrates: bool = True) -> SqliteStore:
        """Open the database file, made where it is missing, and bring its schema up to date. Not `migrates`: a file
        that there is, of this version, or `CheckinError`."""
        if not migrates and not path.is_file():
            raise StoreBusy(f"There is no database {path}. Check its name and folder.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = await aiosqlite.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S, cached_statements=256)
        except (OSError, sqlite3.Error) as error:
            raise StoreBusy(
                f"The database {path} cannot be opened: {error}. Check the folder and its rights."
            ) from error
        try:
            if not migrates:
                await _on_thread(writer, check_sqlite_up_to_date)
            await _on_thread(writer, _prepare_writer)
            await _on_thread(writer, apply_sqlite_migrations)
        except sqlite3.DatabaseError as error:
            await writer.close()
            raise _unopened(path, error) from error
        except BaseException:
            await writer.close()
            raise
        opened = [writer]
        try:
            for _ in range(2):
                reader = await aiosqlite.connect(
                    path, isolation_level=None, timeout=BUSY_TIMEOUT_S, cached_statements=256
                )
                opened.append(reader)
                await _on_thread(reader, _prepare_reader)
        except BaseException:
            for connection in opened:
                await connection.close()
            raise
        return cls(path, *opened)

    async def write(self, work: Callable[[Transaction], T]) -> T:
        return await _on_thread(self._writer, _in_transaction, "BEGIN IMMEDIATE", work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await _on_thread(self._reader, _in_transaction, "BEGIN", work)

    async def glance(self, work: Callable[[Transaction], T]) -> T:
        return await _on_thread(self._glancer, _in_transaction, "BEGIN", work)

    async def snapshot(self, work: Callable[[Transaction], T]) -> T:
        return await self._snapshots.run(self._snapshot, work)

    def _snapshot(self, work: Callable[[Transaction], T]) -> T:
        log = self.path.with_name(self.path.name + "-wal")

        def check() -> None:
            if log.exists() and log.stat().st_size > SNAPSHOT_WAL_BYTES_MAX:
                raise StoreBusy("Too much was written while this was read. Try again when less goes on.")

        connection = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        try:
            _prepare_reader(connection)
            return _in_transaction(connection, "BEGIN", lambda tx: work(Bounded(tx, check)))
        finally:
            connection.close()

    async def say(self, news: str) -> None:
        """There is one node."""

    async def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def listen(self, heard: Callable[[str], None]) -> None:
        """There is one node."""

    async def fill(self, work: Callable[[Transaction], T]) -> T:
        """SQLite goes on behind the highest id by itself."""
        return await self.write(work)

    async def backup(self, target: str) -> None:
        def copy(connection: sqlite3.Connection) -> None:
            copied = sqlite3.connect(target)
            try:
                connection.backup(copied)
            finally:
                copied.close()

        try:
            await _on_thread(self._reader, copy)
        except sqlite3.OperationalError as error:
            raise _worded(error) from error

    async def forget_deleted(self) -> None:
        await _on_thread(self._writer, _rewrite)

    async def close(self) -> None:
        for connection in (self._glancer, self._reader, self._writer):
            await connection.close()


class ServeLock:
    """Held by the one service that runs on a database file; freed by the system if it dies.

    Raises `StoreBusy` when another holds it.
    """

    def __init__(self, database: Path) -> None:
        path = _lock_of(database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("a")
        except OSError as error:
            raise _unopened(database, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise StoreBusy(
                f"Another `checkin serve` runs on {database}. Stop it first,"
                " or set CHECKIN_DATABASE_URL to another file."
            ) from None

    def release(self) -> None:
        self._file.close()


def is_served(database: Path) -> bool:
    """Whether a `checkin serve` runs on this file, as far as its lock can be read. One that starts in the instant of
    the look is refused."""
    try:
        with _lock_of(database).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _lock_of(database: Path) -> Path:
    """Beside the file itself, where SQLite has its log as well: whichever name or link it is called by, it is one."""
    file = database.resolve()
    return file.with_name(f"{file.name}.lock")


def is_up_to_date(path: Path) -> bool:
    """Whether a file that nobody else writes has the schema of this version. Raises `CheckinError` for one that is
    no database of ours, or of a newer version."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        check_sqlite_up_to_date(connection)
    except sqlite3.DatabaseError as error:
        raise _unopened(path, error) from error
    except CheckinError as error:
        if error.code != "schema_older":
            raise
        return False
    finally:
        connection.close()
    return True


async def _on_thread(connection: aiosqlite.Connection, work: Callable[..., T], *arguments: Any) -> T:
    # aiosqlite's own way to run a function on its thread: it has no public name (0.22), and one hop
    # for a whole transaction is what makes a batch fast and a cancelled request harmless.
    result: T = await connection._execute(work, connection._conn, *arguments)  # type: ignore[no-untyped-call]
    return result


def _in_transaction(connection: sqlite3.Connection, begin: str, work: Callable[[Transaction], T]) -> T:
    try:
        connection.execute(begin)
        result = work(SqliteTransaction(connection))
        connection.execute("COMMIT")
        return result
    except BaseException as error:
        # SQLITE_FULL has rolled back by itself already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.OperationalError):
            raise _worded(error) from error
        raise


def _rewrite(connection: sqlite3.Connection) -> None:
    """Write the whole database anew without its free pages, and leave nothing of before in the log."""
    connection.execute("PRAGMA temp_store = FILE")  # a copy of everything is made: not in memory
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise _worded(error) from error
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")


def _unopened(path: Path, error: Exception) -> StoreBusy:
    return StoreBusy(f"The database {path} cannot be opened: {error}. Check the file, its folder and their rights.")


def _worded(error: sqlite3.OperationalError) -> Exception:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # the primary code of an extended one
        case sqlite3.SQLITE_FULL:
            return StoreFull("The disk with the database is full. Free some space; nothing that was answered is lost.")
        case sqlite3.SQLITE_IOERR:
            return StoreFull(
                "The disk with the database does not take writes (I/O error). Check the disk and its space."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy("Another program is writing to the database for long. Wait for it, then try again.")
        case sqlite3.SQLITE_CANTOPEN:
            return StoreBusy("The database file cannot be opened. Check its folder and the rights of both.")
        case sqlite3.SQLITE_READONLY:
            return StoreBusy("The database file is read-only. Check the rights of the file and its folder.")
        case _:
            return error


def _as_one(sql: str, columns: int) -> str:
    """The statement that gives all rows of another as one JSON text."""
    names = ", ".join(f"c{number}" for number in range(columns))
    # Materialised, a text that is JSON is a text again: else it would be taken apart.
    return (
        f"WITH found ({names}) AS MATERIALIZED ({sql})"
        f" SELECT CAST(json_group_array(json_array({names})) AS BLOB) FROM found"
    )


@lru_cache(256)
def _together(sql: str) -> list[tuple[int, str]]:
    """(rows, the statement for so many at once) for a statement that inserts one row; of others nothing."""
    marks = _ROW_OF_MARKS.search(sql)
    if marks is None or not sql.startswith("INSERT") or marks.group(1).count("?") != sql.count("?"):
        return []
    row = marks.group(1)
    counts = [count for count in ROWS_TOGETHER if count * sql.count("?") <= PARAMETERS_MAX]
    return [(count, sql.replace(row, ", ".join([row] * count), 1)) for count in counts]


def _prepare_writer(connection: sqlite3.Connection) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"wal_autocheckpoint = {WAL_PAGES_CHECKPOINT}",
        f"journal_size_limit = {WAL_BYTES_KEPT}",
        f"cache_size = -{CACHE_KIB}",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: sqlite3.Connection) -> None:
    for pragma in ("query_only = ON", "wal_autocheckpoint = 0", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
