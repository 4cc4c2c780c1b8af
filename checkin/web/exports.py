"""Lists out: which there are, what is in them, and as files."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import IO, Any, TypeVar

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from msgspec import Struct

from checkin.core.errors import Busy
from checkin.core.roles import Permission
from checkin.exchange.tables import FORMATS, Format, check_format
from checkin.service import exports
from checkin.service.centre import Centre
from checkin.service.exports import KINDS, PreviewShown, Read, Wanted, kind_of
from checkin.service.people import Principal, check
from checkin.store.engine import Transaction
from checkin.store.people import operator_names
from checkin.web.auth import may
from checkin.wire import iso

T = TypeVar("T")

WRITTEN_AT_ONCE_MAX = 2
WAITING_S_MAX = 20.0
PAGE_S_MAX = 60.0
"""How long one page of a list may wait for the database."""
CHUNK_BYTES = 64 * 1024
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "pdf": "application/pdf",
}

_writing = threading.BoundedSemaphore(WRITTEN_AT_ONCE_MAX)


class LastExport(Struct, frozen=True):
    """When a list was taken last, by whom, as what, and how many rows it had."""

    at: str
    by: str
    format: str
    rows: int


class ListShown(Struct, frozen=True):
    """`needs`: the permission; `allowed`: whether whoever asks has it."""

    id: str
    needs: Permission
    allowed: bool
    last: LastExport | None


class ListsShown(Struct, frozen=True):
    lists: list[ListShown]
    formats: tuple[Format, ...]


@get("/exports", guards=[may("export")])
async def list_exports(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> ListsShown:
    """The lists, and who had each last."""

    def read(tx: Transaction) -> ListsShown:
        venue = centre.venues.venue(tx, event)
        names = operator_names(tx)
        last = {
            kind: LastExport(
                iso(fact.at, venue.layout),
                names.get(fact.by.removeprefix("operator:"), fact.by),
                fact.ids[0],
                fact.count or 0,
            )
            for kind, fact in exports.last_exports(tx, centre.venues, event).items()
        }
        shown = [
            ListShown(kind.id, kind.permission, kind.permission in request.user.may, last.get(kind.id))
            for kind in KINDS.values()
        ]
        return ListsShown(shown, FORMATS)

    return await centre.read(read)


@get("/exports/{kind:str}/preview", guards=[may("export")])
async def preview_export(
    event: FromPath[str],
    kind: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    language: FromQuery[str] = "de",
    session: FromQuery[str | None] = None,
) -> PreviewShown:
    """The first rows of a list, as people read them."""
    check(request.user, kind_of(kind).permission, event=event)
    wanted = Wanted(kind=kind, format="csv", language=language, session=session)
    now, read = centre.clock(), reading(centre)
    return await asyncio.to_thread(_alone, lambda: exports.preview(read, centre.venues, event, wanted, now=now))


@get("/exports/{file:str}", guards=[may("export")])
async def export_list(
    event: FromPath[str],
    file: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    language: FromQuery[str] = "de",
    comma: FromQuery[bool] = False,
    session: FromQuery[str | None] = None,
) -> Stream:
    """`{list}.csv`, `.xlsx`, `.json` or `.pdf`; that somebody has taken it is a fact. `language`: de or en, or
    `ids` for heads and values as programs read them. `comma`: CSV with commas."""
    kind, _, ending = file.rpartition(".")
    check(request.user, kind_of(kind).permission, event=event)
    format = check_format(ending)
    wanted = Wanted(
        kind=kind,
        format=format,
        language=None if language == "ids" else language,
        separator="," if comma else ";",
        session=session,
    )
    now, read, by = centre.clock(), reading(centre), request.user.id
    out = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it is sent
    try:
        count = await asyncio.to_thread(
            _alone, lambda: exports.write_list(read, centre.venues, event, wanted, out, now=now)
        )
        await centre.write(
            lambda tx: exports.record(tx, centre.venues, event, kind, format, count=count, now=now, by=by), event=event
        )
    except BaseException:
        out.close()
        raise
    return Stream(
        _chunks(out),
        media_type=MEDIA_TYPES[format],
        headers={
            "Content-Disposition": f'attachment; filename="{event}-{kind}.{format}"',
            "Cache-Control": "private, no-store",
        },
    )


def reading(centre: Centre) -> Read:
    """Reads for a thread that may wait, while the loop goes on serving doors."""
    loop = asyncio.get_running_loop()

    def read(work: Callable[[Transaction], T]) -> T:
        return asyncio.run_coroutine_threadsafe(centre.read(work), loop).result(PAGE_S_MAX)

    return read


def _alone(work: Callable[[], T]) -> T:
    """A few lists at once: each takes memory and a core. `Busy` where others take long."""
    with _place():
        return work()


@contextlib.contextmanager
def _place() -> Iterator[None]:
    if not _writing.acquire(timeout=WAITING_S_MAX):
        raise Busy("Other lists are being written and take long. Try again.", code="exports_busy")
    try:
        yield
    finally:
        _writing.release()


async def _chunks(out: IO[bytes]) -> AsyncIterator[bytes]:
    with out:
        out.seek(0)
        while chunk := await asyncio.to_thread(out.read, CHUNK_BYTES):
            yield chunk
