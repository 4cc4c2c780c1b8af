"""What the services need of a database, whichever it is.

A use case is a plain function of a `Transaction`. The store runs it as a whole on the thread of
its connection: one hop, one BEGIN, one COMMIT, and nothing else on that connection in between, so
a request that is cancelled can neither leave a transaction open nor take another's rows along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from checkin.core.errors import CheckinError

T = TypeVar("T")
Row = tuple[Any, ...]


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

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]: ...

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


class Store(Protocol):
    """A database. `write` and `read` run `work` in one transaction and return what it returns;
    where it raises, nothing is kept. Raises `StoreFull` or `StoreBusy` where an operator can act."""

    async def write(self, work: Callable[[Transaction], T]) -> T: ...

    async def read(self, work: Callable[[Transaction], T]) -> T: ...

    async def version(self) -> str:
        """Name and version of the engine, for `checkin health`."""
        ...

    def listen(self, heard: Callable[[str], None]) -> None:
        """Call `heard`, on this event loop, with what other nodes tell. Some of it may be lost."""
        ...

    async def settle(self) -> None:
        """Rows were copied in with the ids they had: go on counting behind them."""
        ...

    async def backup(self, target: str) -> None:
        """A consistent copy into the file `target`, while others go on writing."""
        ...

    async def forget_deleted(self) -> None:
        """Nothing that was deleted or overwritten is left in the database's own files. Takes as long as
        copying the database does; nobody writes meanwhile."""
        ...

    async def close(self) -> None: ...
