"""Lists out: which there are, what is in them, and as files."""

from __future__ import annotations

import asyncio
from typing import Any, BinaryIO

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from msgspec import Struct

from checkin.badges.joining import Told
from checkin.core.roles import Permission
from checkin.exchange.tables import FORMATS, Format, check_format
from checkin.service import exports
from checkin.service.centre import Centre
from checkin.service.exports import KINDS, PreviewShown, Wanted, kind_of
from checkin.service.people import Principal, check
from checkin.service.works import Works
from checkin.store.engine import Transaction
from checkin.store.people import operator_names
from checkin.web.auth import may
from checkin.web.works import answer
from checkin.wire import iso

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "pdf": "application/pdf",
}


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
    now = centre.clock()
    return await centre.store.snapshot(
        lambda tx: exports.preview(lambda work: work(tx), centre.venues, event, wanted, now=now)
    )


@get("/exports/{file:str}", guards=[may("export")])
async def export_list(
    event: FromPath[str],
    file: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    works: NamedDependency[Works],
    language: FromQuery[str] = "de",
    comma: FromQuery[bool] = False,
    session: FromQuery[str | None] = None,
    progress: FromQuery[bool] = False,
) -> Stream:
    """`{list}.csv`, `.xlsx`, `.json` or `.pdf`; that somebody has taken it is a fact. `language`: de or en, or
    `ids` for heads and values as programs read them. `comma`: CSV with commas. `progress`: say how far it is first,
    see `/works`."""
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
    now, by = centre.clock(), request.user.id

    async def make(told: Told, out: BinaryIO) -> dict[str, str]:
        complete = await centre.store.snapshot(
            lambda tx: exports.read_list(lambda work: work(tx), centre.venues, event, wanted, out, now=now, told=told)
        )
        count = await asyncio.to_thread(complete)
        await centre.write(
            lambda tx: exports.record(tx, centre.venues, event, kind, format, count=count, now=now, by=by), event=event
        )
        return {"Content-Disposition": f'attachment; filename="{event}-{kind}.{format}"'}

    work = works.begin(
        make,
        by=by,
        event=event,
        what=f"list {kind}",
        permission=kind_of(kind).permission,
        name=f"{event}-{kind}.{format}",
        media_type=MEDIA_TYPES[format],
    )
    return await answer(works, work, progress=progress)
