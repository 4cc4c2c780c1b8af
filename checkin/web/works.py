"""Files that take long: the answer says how far they are, line by line, and then holds the file itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

import msgspec
from litestar import Request, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Struct

from checkin.core.errors import CheckinError
from checkin.service.people import Principal, check
from checkin.service.works import Cancelled, Work, Works
from checkin.web.auth import may
from checkin.web.problems import said_of

CHUNK_BYTES = 64 * 1024
TOLD_EVERY_S = 0.4
MEDIA_TYPE = "application/vnd.checkin.work"
"""Lines of JSON, `Line`s, of which the last is ready or failed; behind the one that is ready, the bytes of the file."""
_PRIVATE = {"Cache-Control": "private, no-store"}


class Ready(Struct, frozen=True):
    """The file follows: its name, kind and size, and what is said of it beside."""

    name: str
    media_type: str
    bytes: int
    heads: dict[str, str]


class Failed(Struct, frozen=True):
    status: int
    code: str
    detail: str


class Line(Struct, frozen=True, omit_defaults=True):
    """How far a work is; `total` 0: not known yet."""

    id: str
    what: str
    done: int
    total: int
    ready: Ready | None = None
    failed: Failed | None = None


class WorksShown(Struct, frozen=True):
    works: list[Line]


@get("/works", guards=[may("read")])
async def list_works(
    event: FromPath[str], request: Request[Principal, str, Any], works: NamedDependency[Works]
) -> WorksShown:
    """What whoever asks has begun and not fetched, as far as this node does it."""
    return WorksShown([_line(work) for work in works.of(request.user.id, event)])


@get("/works/{work_id:str}", guards=[may("read")])
async def follow_work(
    event: FromPath[str], work_id: FromPath[str], request: Request[Principal, str, Any], works: NamedDependency[Works]
) -> Stream:
    """How far it is, line by line, and then the file."""
    work = works.work(work_id, request.user.id, event)
    check(request.user, work.permission, event=event)
    return followed(works, work)


@delete("/works/{work_id:str}", guards=[may("read")])
async def stop_work(
    event: FromPath[str], work_id: FromPath[str], request: Request[Principal, str, Any], works: NamedDependency[Works]
) -> None:
    """Stop it, or forget its file."""
    works.drop(works.work(work_id, request.user.id, event))


async def answer(works: Works, work: Work, *, progress: bool, heads: dict[str, str] | None = None) -> Stream:
    """The file of a work that was begun; with `progress` how far it is before. Raises what the work has raised."""
    if progress:
        return followed(works, work)
    try:
        await work.wait()
        if work.error is not None:
            raise work.error
    except BaseException:
        works.drop(work)
        raise
    headers = {**_PRIVATE, **work.heads, **(heads or {})}
    return Stream(_sent(works, work), media_type=work.media_type, headers=headers)


def followed(works: Works, work: Work) -> Stream:
    return Stream(_told(works, work), media_type=MEDIA_TYPE, headers=_PRIVATE)


async def _told(works: Works, work: Work) -> AsyncIterator[bytes]:
    encode = msgspec.json.Encoder().encode
    yield encode(_line(work)) + b"\n"
    while not await work.wait(TOLD_EVERY_S):
        yield encode(_line(work)) + b"\n"
    line = _line(work)
    yield encode(line) + b"\n"
    if line.ready is None:
        works.drop(work)
        return
    async for chunk in _sent(works, work):
        yield chunk


async def _sent(works: Works, work: Work) -> AsyncIterator[bytes]:
    """The file; forgotten once all of it is on its way, and kept where whoever takes it went away."""
    at = 0
    while chunk := await asyncio.to_thread(_read, work.out, at):
        yield chunk
        at += len(chunk)
    works.drop(work)


def _read(out: BinaryIO, at: int) -> bytes:
    out.seek(at)
    return out.read(CHUNK_BYTES)


def _line(work: Work) -> Line:
    ready = failed = None
    if work.error is not None:
        error = work.error if isinstance(work.error, CheckinError) else None
        status, code, detail = said_of(error or (Cancelled("The service was stopped.") if _is_end(work) else None))
        failed = Failed(status, code, detail)
    elif work.ended_at_s is not None:
        ready = Ready(work.name, work.media_type, work.size, dict(work.heads))
    return Line(work.id, work.what, work.done, work.total, ready, failed)


def _is_end(work: Work) -> bool:
    return isinstance(work.error, asyncio.CancelledError)
