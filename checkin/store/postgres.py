"""The PostgreSQL engine: for several nodes on one database. Knows connections and nothing of rules.

The store's SQL is written once, in SQLite's words; `translated` says the few that PostgreSQL words
otherwise. As in SQLite there is one writer at a time: a write transaction holds an advisory lock from its
first statement to its commit, whichever node it runs on. That puts the writers in order, keeps `seq`
without gaps, and lets every use case rely on what it has read. Readers see one snapshot and wait for nobody.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.waiting import Ready, Wait

from checkin.core.errors import BadInput
from checkin.store.arrays import packed, take_packed
from checkin.store.copying import copy_all
from checkin.store.engine import SNAPSHOT_S_MAX, Bounded, Row, Snapshots, StoreBusy, StoreFull, Transaction
from checkin.store.migrations import check_up_to_date, migration_files, pending_migrations
from checkin.store.sqlite import SqliteStore

T = TypeVar("T")

WRITE_LOCK = 0x636865636B696E  # "checkin"
CHANNEL = "checkin"
VERSION_MIN = 14
CONNECT_S = 2
"""For each host of the URL; libpq takes no less."""
SILENT_S = 1.5
"""A server that has said nothing to a statement for so long is asked on another connection whether it lives. One that
does not answer that either, within `CONNECT_S`, hangs: nobody waits for it any longer. One that does is only slow."""
AGAIN_S = 1.0
"""When a server was found to hang, those who have waited meanwhile are told so, instead of waiting for it in turn."""
GONE_S = 10
"""The system's own limit: a machine that says nothing for so long, not even that it lives, is gone."""
STATEMENT_MS_MAX = 30_000
LOCK_MS_MAX = 10_000
WAKES_S = 0.1
"""So often whoever waits for an answer looks up."""
EARLIER_S_MAX = SNAPSHOT_S_MAX + 20
"""So long what is deleted may wait for those who still read it."""
LISTEN_FOR_S = 0.5
LISTEN_AGAIN_S = 1.0
LISTEN_ASK_S = 5.0
"""A listener hears nothing for long and all is well: so often it asks whether the server lives."""
_PATIENCE: dict[str, Any] = {
    "application_name": "checkin",
    "connect_timeout": CONNECT_S,
    "tcp_user_timeout": GONE_S * 1000,
    "keepalives_idle": GONE_S // 2,
    "keepalives_interval": GONE_S // 4,
    "keepalives_count": 2,
}
# Settings go with each transaction: a pooler may hand every one to another connection. A node that hangs
# with the lock in its hand loses it after ten seconds.
# READ COMMITTED whatever the server's default is: what is read after the lock was waited for must be what the
# writers before have left, not what there was before the wait.
# Who writes looks up rows by their keys. A statement keeps the plan that was made for it when its tables were small, or
# empty: without the last setting it goes on to read them row by row when everybody has come.
_BEGIN_WRITE = (
    f"BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {LOCK_MS_MAX};"
    f" SET LOCAL statement_timeout = {STATEMENT_MS_MAX};"
    f" SET LOCAL idle_in_transaction_session_timeout = {LOCK_MS_MAX}; SET LOCAL synchronous_commit = on;"
    " SET LOCAL enable_seqscan = off; SET LOCAL enable_memoize = off;"
)
_BEGIN_READ = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {STATEMENT_MS_MAX}"
_BEGIN_SNAPSHOT = f"{_BEGIN_READ}; SET LOCAL idle_in_transaction_session_timeout = {round(SNAPSHOT_S_MAX * 1000)}"
_UNHURRIED = ("statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "enable_seqscan = on")
"""Whoever fills a database, or changes its tables, has it alone."""
# Which values were frequent the server goes on to keep: of a table that has become empty until its columns are made
# anew, of an index by an expression that leads to no row any more until the index is.
_COLUMNS_NOTED = (
    "SELECT tablename, string_agg(format('ALTER %I TYPE %s', attname,"
    " data_type || coalesce(' COLLATE ' || quote_ident(collation_name), '')), ', ')"
    " FROM pg_stats JOIN information_schema.columns"
    " ON table_schema = schemaname AND table_name = tablename AND column_name = attname"
    " WHERE schemaname = current_schema() GROUP BY tablename"
)
_INDEXES_NOTED = (
    "SELECT DISTINCT indexname, indexdef FROM pg_indexes AS i"
    " JOIN pg_stats AS noted ON noted.schemaname = i.schemaname AND noted.tablename = indexname"
    " WHERE i.schemaname = current_schema()"
)
# Transactions of others in this database, but those of the server's own housekeeping, which see nothing.
_OPEN = (
    "SELECT virtualtransaction FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'virtualxid' AND granted AND datname = current_database() AND usesysid IS NOT NULL"
    " AND pid <> pg_backend_pid()"
)
_WORDS = (
    (
        re.compile(r"json_each\(\?\)( AS (\w+))?"),
        lambda m: f"jsonb_array_elements_text(?::jsonb) AS {m[2] or 'one'}(value)",
    ),
    (re.compile(r" INDEXED BY \w+"), ""),
    (re.compile(r"json_group_array\((\w+)\)"), r"coalesce(json_agg(\1), '[]')::text"),
    (
        re.compile(r"json_group_object\((\w+), (json_object\([^()]*\))\)"),
        r"coalesce(json_object_agg(\1, \2), '{}')::text",
    ),
    (re.compile(r"json_object\("), "json_build_object("),
)
# SQLite's way to say which table comes first. PostgreSQL would rather read a whole table than look up a few hundred
# rows in it, above all where it has no statistics yet, or had them when the table was empty and keeps to the plan it
# made then: OFFSET 0 keeps it from turning a join around, and from hashing a table for it.
_LOOKED_UP = "CROSS JOIN "
_JOIN = re.compile(
    r"((?:CROSS |LEFT )?)JOIN ((\w+)(?: AS (\w+))?) ON"
    r" ((?:(?! (?:LEFT |CROSS )?JOIN | WHERE | ORDER BY | GROUP BY )(?:[^()]|\([^()]*\)))+)"
)
_INSERT = re.compile(r"(INSERT INTO \S+ \([^()]*\)) VALUES \(\?(?:, \?)*\)([^?%]*)")

log = logging.getLogger(__name__)


@lru_cache(maxsize=1_024)
def translated(sql: str) -> str:
    """A statement of the store in PostgreSQL's words, with psycopg's marks for its parameters."""
    for pattern, words in _WORDS:
        sql = pattern.sub(words, sql)
    if _LOOKED_UP in sql:
        sql = _JOIN.sub(_looked_up, sql)
    return sql.replace("%", "%%").replace("?", "%s")


def _looked_up(join: re.Match[str]) -> str:
    how = "LEFT" if join[1] == "LEFT " else "CROSS"
    rows = f"{how} JOIN LATERAL (SELECT * FROM {join[2]} WHERE {join[5]} OFFSET 0) AS {join[4] or join[3]}"
    return f"{rows} ON true" if how == "LEFT" else rows


def together(sql: str, rows: Sequence[Sequence[Any]]) -> tuple[str, list[list[Any]]] | None:
    """An INSERT of many rows as one statement with an array for each column, which costs the server a fraction of a
    statement for each row; None for another statement, or where the values of a column are not of one type."""
    columns: list[list[Any]] = list(map(list, zip(*rows, strict=True)))
    types = [set(map(type, column)) - {NoneType} for column in columns]
    if any(len(found) > 1 for found in types):
        return None
    words = _inserted(sql, tuple(bool(found) for found in types))
    if words is None:
        return None
    return words, [column for column, found in zip(columns, types, strict=True) if found]


@lru_cache(maxsize=1_024)
def _inserted(sql: str, filled: tuple[bool, ...]) -> str | None:
    match = _INSERT.fullmatch(sql)
    if match is None or not any(filled):
        return None
    values = [f"c{n}" if has else "NULL" for n, has in enumerate(filled)]
    given = [value for value in values if value != "NULL"]
    arrays = ", ".join(["%b"] * len(given))
    return f"{match[1]} SELECT {', '.join(values)} FROM unnest({arrays}) AS many({', '.join(given)}){match[2]}"


class Silent(psycopg.OperationalError):
    """The server hangs: it answers neither this connection nor another."""


class PatientConnection(psycopg.Connection[Row]):
    """A connection that waits for a server that is slow, and not for one that hangs. `asks`: how to reach the same
    server once more, to tell the one from the other; empty: without an answer within `CONNECT_S` it hangs."""

    asks = ""

    def wait(self, gen: Generator[Any, Any, T], interval: float = WAKES_S, timeout: float | None = None) -> T:
        """Everything that psycopg waits for on an open connection comes by here. Raises `Silent`."""
        return super().wait(self._watched(gen), interval, timeout)

    def _watched(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        silent_at = time.monotonic() + (SILENT_S if self.asks else CONNECT_S)
        ready = None
        while True:
            try:
                wanted = gen.send(ready)
            except StopIteration as done:
                result: T = done.value
                return result
            ready = yield wanted
            if ready or time.monotonic() < silent_at:  # a server that reads what we send, or tells us something, lives
                continue
            if not self._answers():
                gen.close()
                self.close()
                raise Silent("the server does not answer")
            silent_at = time.monotonic() + SILENT_S

    def await_answer(self, cursor: psycopg.Cursor[Row]) -> None:
        """In a pipeline, wait for the answer to what `cursor` was told, and no longer: to fetch rows is to wait for
        the answers to all that was sent."""
        self.wait(self._answered(cursor))

    def _answered(self, cursor: psycopg.Cursor[Row]) -> Generator[Wait, Ready, None]:
        assert self._pipeline is not None
        while cursor.pgresult is None:
            # psycopg's own way to send what the socket takes, and to take what is there: it has no public name (3.3).
            yield from self._pipeline._communicate_gen()
            if cursor.pgresult is None:
                yield Wait.RW if self.pgconn.flush() else Wait.R

    def _answers(self) -> bool:
        """Whether the server answers another connection, if only that it has no place for one."""
        if not self.asks:
            return False
        try:
            with PatientConnection.connect(self.asks, autocommit=True) as other:
                other.execute("SELECT 1")
        except (Silent, errors.ConnectionTimeout):
            return False
        except psycopg.Error:
            return True
        return True


class PostgresTransaction:
    """Statements on a psycopg connection, used on its own thread only. `node` says who tells. `in_pipeline`: what is
    written waits for no answer; the next reading, or the commit, says what has failed."""

    def __init__(self, connection: PatientConnection, node: str, *, in_pipeline: bool = False) -> None:
        self._connection = connection
        self.works_beside = in_pipeline
        self._writes = connection.cursor()
        self._node = node

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._connection.execute(translated(sql), parameters).fetchall()

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        asked = self._connection.execute(translated(sql), parameters)
        if not self.works_beside:
            return asked.fetchall
        self._connection.pgconn.send_flush_request()

        def answered() -> list[Row]:
            self._connection.await_answer(asked)
            return asked.fetchall()

        return answered

    # Rows come in one piece anyhow.
    rows_together = rows
    ask_together = ask

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        return self._connection.execute(translated(sql), parameters).fetchone()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        done = self._connection.execute(translated(sql), parameters)
        if self.works_beside:
            _await_answers(self._connection)
        return done.rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        rows = list(rows)
        if inserted := together(sql, rows):
            words, columns = inserted
            self._writes.execute(words, [packed(column) for column in columns])
        else:
            self._writes.executemany(translated(sql), rows)

    def tell(self, news: str) -> None:
        self._writes.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{self._node} {news}"))

    def script(self, sql: str) -> None:
        """Several statements at once, as they stand; not in a pipeline."""
        self._writes.execute(sql)


class _Link:
    """One connection on a thread of its own, made anew when it is lost."""

    def __init__(self, url: str, node: str, name: str, begin: str) -> None:
        self._url = url
        self._node = node
        self._begin = begin
        self._connection: PatientConnection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._hangs: tuple[float, str] = (0.0, "")
        """Until when nobody tries, and what they are told."""

    async def run(self, work: Callable[[Transaction], T], *, pipelined: bool = False) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, work, pipelined)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        self._thread.shutdown(wait=False)

    def _transaction(self, work: Callable[[Transaction], T], pipelined: bool) -> T:
        try:
            connection = self._begun()
            if pipelined:
                return _pipelined(connection, self._node, work)
            result = work(PostgresTransaction(connection, self._node))
            connection.execute("COMMIT")
            return result
        except BaseException as error:
            self._roll_back()
            if isinstance(error, psycopg.Error):
                worded = _worded(error)
                if isinstance(error, Silent):
                    self._hangs = (time.monotonic() + AGAIN_S, str(worded))
                raise worded from error
            raise

    def _begun(self) -> PatientConnection:
        """A connection in a transaction. One that was lost while it was idle is made anew, once."""
        if self._connection is not None:
            try:
                self._connection.execute(self._begin)
                return self._connection
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if isinstance(error, errors.LockNotAvailable | errors.QueryCanceled | Silent):
                    raise
                self._drop()
        self._connection = self._connected()
        self._connection.execute(self._begin)
        return self._connection

    def _connected(self) -> PatientConnection:
        again_at, why = self._hangs
        began = time.monotonic()
        if began < again_at:
            raise StoreBusy(why)
        try:
            return connect(self._url)
        except StoreBusy as error:
            failed = time.monotonic()
            if failed - began >= CONNECT_S:
                self._hangs = (failed + AGAIN_S, error.message)
            raise

    def _roll_back(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.execute("ROLLBACK")
        except psycopg.Error:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _pipelined(connection: PatientConnection, node: str, work: Callable[[Transaction], T]) -> T:
    """Do `work` and commit; all answers are there when the pipeline ends. The first failure is raised, not what the
    server has skipped because of it."""
    failed: BaseException | None = None
    try:
        with connection.pipeline():
            try:
                result = work(PostgresTransaction(connection, node, in_pipeline=True))
                connection.execute("COMMIT")
            except BaseException as error:
                failed = error
    except psycopg.Error as error:
        failed = failed or _first(error)
    if failed is not None:
        raise failed
    return result


def _first(error: BaseException) -> BaseException:
    """What the server has skipped is told while the failure before it is being raised."""
    while isinstance(error, errors.PipelineAborted) and error.__context__ is not None:
        error = error.__context__
    return error


def _await_answers(connection: PatientConnection) -> None:
    """Take the answers to all that was sent in a pipeline, and raise the first failure. (`Pipeline.sync` of psycopg 3.3
    does not see to it that much is sent to its end, and waits for ever.)"""
    connection.execute("SELECT 1").fetchone()


class PostgresStore:
    """See `checkin.store.engine.Store`."""

    alone = False

    def __init__(self, url: str, listen_url: str = "") -> None:
        """`listen_url`: past a pooler, to hear of the other nodes; empty where there is no pooler."""
        self.url = url
        self._listen_url = listen_url or url
        self._snapshots = Snapshots()
        self._node = secrets.token_hex(4)
        self._writer = _Link(url, self._node, "writer", f"{_BEGIN_WRITE} SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        self._reader = _Link(url, self._node, "reader", _BEGIN_READ)
        self._glancer = _Link(url, self._node, "glancer", _BEGIN_READ)
        self._listener: _Listener | None = None

    @classmethod
    async def open(cls, url: str, listen_url: str = "", *, migrates: bool = True) -> PostgresStore:
        """Connect, and bring the schema up to date; not `migrates`: raise `CheckinError` where it is not. Raises
        `StoreBusy` where nobody answers, or who answers cannot be used."""
        store = cls(url, listen_url)
        try:
            await store._writer.run(_check_server)
            await store._writer.run(_migrate if migrates else _check_migrated)
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def ailing(self) -> str:
        return "" if self._listener is None else self._listener.deaf

    async def write(self, work: Callable[[Transaction], T]) -> T:
        return await self._writer.run(work, pipelined=True)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._reader.run(work)

    async def glance(self, work: Callable[[Transaction], T]) -> T:
        return await self._glancer.run(work)

    async def snapshot(self, work: Callable[[Transaction], T]) -> T:
        return await self._snapshots.run(self._snapshot, work)

    def _snapshot(self, work: Callable[[Transaction], T]) -> T:
        try:
            with connect(self.url) as connection:
                connection.execute(_BEGIN_SNAPSHOT)
                result = work(Bounded(PostgresTransaction(connection, self._node)))
                connection.execute("COMMIT")
                return result
        except psycopg.Error as error:
            raise _worded(error) from error

    async def say(self, news: str) -> None:
        await self._glancer.run(lambda tx: tx.tell(news))

    async def version(self) -> str:
        row = await self.read(lambda tx: tx.row("SHOW server_version"))
        assert row is not None
        return f"PostgreSQL {str(row[0]).split()[0]}"

    async def fill(self, work: Callable[[Transaction], T]) -> T:
        def fill(tx: Transaction) -> T:
            _be_unhurried(tx)
            filled = work(tx)
            _settle(tx)
            return filled

        return await self._writer.run(fill)

    async def forget_deleted(self) -> None:
        """Rewrites every table, and what the server has noted of its values; the server's own log of writes and its
        backups are its keeper's to drop."""
        async with self._snapshots.kept_off():
            await asyncio.to_thread(_rewrite, self.url)

    async def backup(self, target: str) -> None:
        copied = await SqliteStore.open(Path(target))
        try:
            await copy_all(self, copied)
        finally:
            await copied.close()

    def listen(self, heard: Callable[[str], None]) -> None:
        self._listener = _Listener(self._listen_url, self._node, asyncio.get_running_loop(), heard)

    async def close(self) -> None:
        if self._listener is not None:
            await self._listener.close()
        for link in (self._glancer, self._reader, self._writer):
            await link.close()


DEAF = (
    "What other nodes take is shown seconds later: their news are not heard."
    " The log of this node says why; CHECKIN_DATABASE_LISTEN_URL is where it listens."
)


class _Listener:
    """Hears of the other nodes' commits, on a thread of its own. A lost connection is made anew; what was
    missed meanwhile is found by the slow poll of those who follow. `deaf`: what to see to while it hears nothing, for
    everybody to read; why is in the log."""

    def __init__(self, url: str, node: str, loop: asyncio.AbstractEventLoop, heard: Callable[[str], None]) -> None:
        self._url = url
        self._node = node
        self._loop = loop
        self._heard = heard
        self.deaf = ""
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        self._ends.set()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                with connect(self._url) as connection:
                    if is_pooled(connection):
                        raise StoreBusy(
                            "There is a pooler before the database, and it hands on no news."
                            " Give CHECKIN_DATABASE_LISTEN_URL the address of the database itself."
                        )
                    connection.execute(f"LISTEN {CHANNEL}")
                    self.deaf = ""
                    self._hear(connection)
            except (StoreBusy, psycopg.Error) as error:
                log.warning("what other nodes take is shown seconds later: %s", _first_line(error))
                self.deaf = DEAF
                self._ends.wait(LISTEN_AGAIN_S)

    def _hear(self, connection: PatientConnection) -> None:
        asks_at = time.monotonic() + LISTEN_ASK_S
        while not self._ends.is_set():
            if time.monotonic() >= asks_at:
                connection.execute("SELECT 1")
                asks_at = time.monotonic() + LISTEN_ASK_S
            for heard in connection.notifies(timeout=LISTEN_FOR_S):
                node, _, news = heard.payload.partition(" ")
                if node != self._node:
                    self._loop.call_soon_threadsafe(self._heard, news)


def connect(url: str) -> PatientConnection:
    """A connection that commits only what it is told to. Of several hosts the one that takes writes, unless the URL
    says otherwise. Raises `StoreBusy` where nobody answers."""
    try:
        given = conninfo_to_dict(url)
        several: dict[str, Any] = {"target_session_attrs": "read-write"} if "," in str(given.get("host", "")) else {}
        connection = PatientConnection.connect(make_conninfo(**{**_PATIENCE, **several, **given}), autocommit=True)
        take_packed(connection)
        if is_pooled(connection):
            connection.prepare_threshold = None  # the next transaction may be on another connection
        info = connection.info
        same = {"host": info.host, "hostaddr": info.hostaddr or None, "port": info.port, "target_session_attrs": "any"}
        connection.asks = make_conninfo(**{**_PATIENCE, **given, **same, "connect_timeout": CONNECT_S})
        return connection
    except psycopg.Error as error:
        raise StoreBusy(f"{_not_connected(_first_line(error))}. Check its address (CHECKIN_DATABASE_URL).") from error


def _not_connected(said: str) -> str:
    said = said.removeprefix("connection failed: ").removeprefix("connection is bad: ")
    if said.startswith("invalid"):
        return f"The address of the database cannot be used: {said}"
    return f"The database {'refuses' if 'FATAL:' in said else 'does not answer'}: {said}"


def is_pooled(connection: psycopg.Connection[Row]) -> bool:
    """Whether a pooler stands in between: it names itself as the process that answers, and another does."""
    return connection.execute("SELECT pg_backend_pid()").fetchone() != (connection.info.backend_pid,)


def _check_server(tx: Transaction) -> None:
    row = tx.row("SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
    assert row is not None
    version, encoding = row[0] // 10_000, row[1] if isinstance(row[1], str) else row[1].decode()
    if version < VERSION_MIN:
        raise StoreBusy(f"The database is PostgreSQL {version}. Use {VERSION_MIN} or newer.")
    if encoding != "UTF8":
        raise StoreBusy(
            f"The database has the encoding {encoding}, which does not take every name. Make one with UTF8:"
            " CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0."
        )


def _check_migrated(tx: Transaction) -> None:
    is_ours = tx.row("SELECT 1 WHERE to_regclass('migration') IS NOT NULL")
    check_up_to_date(_migrated(tx) if is_ours else set(), migration_files("postgres"))


def _migrated(tx: Transaction) -> set[int]:
    return {int(number) for (number,) in tx.rows("SELECT number FROM migration")}


def _migrate(tx: Transaction) -> None:
    tx.run("CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL)")
    done = _migrated(tx)
    pending = pending_migrations(done, migration_files("postgres"))
    if pending:
        _be_unhurried(tx)
    for number, file in pending:
        assert isinstance(tx, PostgresTransaction)
        tx.script(file.read_text(encoding="utf-8"))
        tx.run("INSERT INTO migration (number, name) VALUES (?, ?)", (number, file.name))


def _be_unhurried(tx: Transaction) -> None:
    for setting in _UNHURRIED:
        tx.run(f"SET LOCAL {setting}")


def _settle(tx: Transaction) -> None:
    counted = tx.rows(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND is_identity = 'YES'"
    )
    for table, column in counted:
        tx.rows(
            f'SELECT setval(pg_get_serial_sequence(?, ?), coalesce(max("{column}"), 0) + 1, false) FROM "{table}"',
            (f'"{table}"', column),
        )


def _rewrite(url: str) -> None:
    try:
        with connect(url) as connection:
            connection.execute("ANALYZE")
            _await_earlier(connection)
            for table, anew in connection.execute(_COLUMNS_NOTED).fetchall():
                with _alone(connection):
                    if connection.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() is None:
                        connection.execute(f'ALTER TABLE "{table}" {anew}')
            for index, made in connection.execute(_INDEXES_NOTED).fetchall():
                with _alone(connection):
                    connection.execute(f'DROP INDEX "{index}"; {made}')
            _await_earlier(connection)
            connection.execute("VACUUM (FULL)")
    except psycopg.Error as error:
        raise _worded(error) from error


def _await_earlier(connection: PatientConnection) -> None:
    """Until everybody's transactions that may see what there was before have ended: what they see would be written anew
    with the rest, and while one is waited for with a table in hand all others wait behind. Twice, for one that begins
    beside an earlier one sees as far back. Raises `StoreBusy`."""
    ends_at = time.monotonic() + EARLIER_S_MAX
    for _ in range(2):
        earlier = set(connection.execute(_OPEN).fetchall())
        while earlier := earlier & set(connection.execute(_OPEN).fetchall()):
            if time.monotonic() >= ends_at:
                raise StoreBusy(
                    "It is deleted, but stands in the database's own files still: another program reads what was there"
                    " before. Wait for it, or end it, a backup perhaps; then run: vacuumdb --full"
                )
            time.sleep(WAKES_S)


@contextmanager
def _alone(connection: PatientConnection) -> Iterator[None]:
    """In a transaction, during which nobody writes."""
    with connection.transaction():
        connection.execute(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        yield


def _worded(error: psycopg.Error) -> Exception:
    match error:
        case errors.DiskFull():
            return StoreFull("The disk of the database is full. Free some space; nothing that was answered is lost.")
        case (
            errors.LockNotAvailable()
            | errors.QueryCanceled()
            | errors.SerializationFailure()
            | errors.DeadlockDetected()
        ):
            return StoreBusy("The database is held by another for long. Wait for it, then try again.")
        case errors.ReadOnlySqlTransaction():
            return StoreBusy("The database takes no writes: it may be a standby. Check CHECKIN_DATABASE_URL.")
        case errors.InsufficientPrivilege() | errors.InvalidSchemaName():
            return StoreBusy(
                f"The database does not let its user: {_first_line(error)}. Make that user the owner:"
                " ALTER DATABASE … OWNER TO …; tables of another owner: REASSIGN OWNED."
            )
        case errors.UntranslatableCharacter() | psycopg.DataError() if "0x00" in str(error) or "u0000" in str(error):
            return BadInput("There is a NUL character in a text. Take it out.", code="text_nul")
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return StoreBusy(f"The database has gone: {_first_line(error)}. It is tried again with the next request.")
        case _:
            return error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
