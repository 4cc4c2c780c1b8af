"""What the services need of a database, whichever it is.

A use case is a plain function of a `Transaction`. The store runs it as a whole on the thread of
its connection: one hop, one BEGIN, one COMMIT, and nothing else on that connection in between, so
a request that is cancelled can neither leave a transaction open nor take another's rows along.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec

from checkin.core.errors import Busy, CheckinError

T = TypeVar("T")
Row = tuple[Any, ...]

NEWS_BYTES_MAX = 7_900
"""PostgreSQL takes less than 8,000 bytes in a NOTIFY."""
SNAPSHOTS_MAX = 2
"""So many long readings at once: each takes a connection, memory and a core."""
SNAPSHOT_WAIT_S_MAX = 20.0
SNAPSHOT_S_MAX = 180.0
"""Whoever reads longer is stopped: what is written meanwhile cannot be tidied up behind it."""


def json_list(values: Iterable[str]) -> str:
    """Many values as one parameter, for `json_each(?)`."""
    return msgspec.json.encode(list(values)).decode()


class StoreFull(CheckinError):
    """The database cannot take more (disk full); nothing of the transaction is kept."""

    code = "store_full"


class StoreBusy(CheckinError):
    """Another program holds the database."""

    code = "store_busy"


class Transaction(Protocol):
    """Statements inside one transaction. Parameters are `?`, in order."""

    @property
    def works_beside(self) -> bool:
        """Whether the database does what it was told while we go on: then it is well told piece by piece."""
        ...

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]: ...

    def rows_together(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """As `rows`, for what scans wait for: many rows as one piece. Columns hold text, whole numbers or nothing."""
        ...

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        """As `rows`, for rows that are wanted later: what it returns gives them, and a database that `works_beside`
        looks for them meanwhile."""
        ...

    def ask_together(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        """As `rows_together`, likewise."""
        ...

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None: ...

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Returns the number of rows changed."""
        ...

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """The same statement for each row, in one call."""
        ...

    def tell(self, news: str) -> None:
        """Wake the other nodes with this transaction's commit; where there are none, nobody."""
        ...


class Bounded:
    """A transaction that only reads, and not for ever: `StoreBusy` when it is asked for more after its time, or
    when `check` raises it."""

    works_beside = False

    def __init__(self, tx: Transaction, check: Callable[[], None] = lambda: None) -> None:
        self._tx = tx
        self._check = check
        self._ends_at = time.monotonic() + SNAPSHOT_S_MAX

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self._in_time()
        return self._tx.rows(sql, parameters)

    def rows_together(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self._in_time()
        return self._tx.rows_together(sql, parameters)

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        return partial(self.rows, sql, parameters)

    def ask_together(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        return partial(self.rows_together, sql, parameters)

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        self._in_time()
        return self._tx.row(sql, parameters)

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        raise AssertionError("a snapshot is only read")

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        raise AssertionError("a snapshot is only read")

    def tell(self, news: str) -> None:
        raise AssertionError("a snapshot has no news")

    def _in_time(self) -> None:
        if time.monotonic() >= self._ends_at:
            raise StoreBusy(f"Reading took longer than {SNAPSHOT_S_MAX:.0f} s and was stopped. Ask for less at once.")
        self._check()


class Snapshots:
    """How many long readings of a store go on at once, each on a thread."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(SNAPSHOTS_MAX)
        self._keeps_off = asyncio.Lock()

    @asynccontextmanager
    async def kept_off(self) -> AsyncIterator[None]:
        """None goes on meanwhile: those that do are waited for."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._keeps_off)
            for _ in range(SNAPSHOTS_MAX):
                await stack.enter_async_context(self._free)
            yield

    async def run(self, snapshot: Callable[[Callable[[Transaction], T]], T], work: Callable[[Transaction], T]) -> T:
        """Raises `Busy` where others take long."""
        try:
            async with asyncio.timeout(SNAPSHOT_WAIT_S_MAX):
                await self._free.acquire()
        except TimeoutError:
            raise Busy("Other lists are being read and take long. Try again.", code="exports_busy") from None
        try:
            return await asyncio.to_thread(snapshot, work)
        finally:
            self._free.release()


class Store(Protocol):
    """A database. `write` and `read` run `work` in one transaction and return what it returns;
    where it raises, nothing is kept. Raises `StoreFull` or `StoreBusy` where an operator can act."""

    @property
    def alone(self) -> bool:
        """Whether no other node can be on this database."""
        ...

    @property
    def ailing(self) -> str:
        """What an operator should mend although everything goes on; empty where there is nothing."""
        ...

    async def write(self, work: Callable[[Transaction], T]) -> T: ...

    async def read(self, work: Callable[[Transaction], T]) -> T: ...

    async def glance(self, work: Callable[[Transaction], T]) -> T:
        """As `read`, for the short readings that displays and doors wait for: on a connection of their own, so that
        they wait for no longer one."""
        ...

    async def snapshot(self, work: Callable[[Transaction], T]) -> T:
        """Run `work`, which reads long, on a thread and connection of its own: it sees one moment, and neither
        writers nor other readers wait for it. At most `SNAPSHOTS_MAX` at once, each for `SNAPSHOT_S_MAX`; raises
        `Busy`, `StoreBusy` beyond."""
        ...

    async def say(self, news: str) -> None:
        """Tell the other nodes at once, without a commit, at most `NEWS_BYTES_MAX`; it may be lost. Where there are
        none, nobody."""
        ...

    async def version(self) -> str:
        """Name and version of the engine, for `checkin health`."""
        ...

    def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard`, on this event loop, with what other nodes tell. Some of it may be lost."""
        ...

    async def fill(self, work: Callable[[Transaction], T]) -> T:
        """As `write`, for a database that is filled as a whole, which takes long. Rows come with the ids they had: it
        goes on counting behind them."""
        ...

    async def backup(self, target: str) -> None:
        """A consistent copy into the file `target`, while others go on writing."""
        ...

    async def forget_deleted(self) -> None:
        """Nothing that was deleted or overwritten is left in the database's own files. Takes as long as
        copying the database does; nobody writes meanwhile."""
        ...

    async def close(self) -> None: ...
