"""Who did what: searched, and taken along as a table."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from checkin.service import audit
from checkin.service.audit import AuditPage, AuditQuery, Kind
from checkin.service.centre import Centre
from checkin.service.people import Principal, check
from checkin.web.auth import may
from checkin.wire import typed_instant

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@get("/audit", guards=[may("audit")])
async def read_audit(
    event: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    kind: FromQuery[Kind] = "deeds",
    by: Annotated[str, QueryParameter(max_length=100)] = "",
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    since: FromQuery[dt.datetime | None] = None,
    until: FromQuery[dt.datetime | None] = None,
    before: FromQuery[int | None] = None,
) -> AuditPage:
    """The newest that fit; `before` of the answer goes on. Times without an offset are UTC."""
    _check_kind(request.user, kind)
    query = _query(kind, by, q, since, until, before)
    return await centre.read(lambda tx: audit.read_page(tx, centre.venues, event, query))


@get("/audit/export/{format:str}", guards=[may("audit")])
async def export_audit(
    event: FromPath[str],
    format: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    kind: FromQuery[Kind] = "deeds",
    by: Annotated[str, QueryParameter(max_length=100)] = "",
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    since: FromQuery[dt.datetime | None] = None,
    until: FromQuery[dt.datetime | None] = None,
    language: FromQuery[Literal["de", "en"]] = "de",
) -> Response[bytes]:
    """`csv`, `xlsx` or `json` of all that fit; that somebody has taken it is a fact."""
    _check_kind(request.user, kind)
    query = _query(kind, by, q, since, until, None)
    format = audit.check_format(format)
    table = await centre.read(lambda tx: audit.export(tx, centre.venues, event, query, language))
    content = await asyncio.to_thread(audit.written, table, format)
    now, taker = centre.clock(), request.user.id
    await centre.write(lambda tx: audit.record(tx, centre.venues, event, table, format, now=now, by=taker), event=event)
    return Response(
        content,
        media_type=MEDIA_TYPES[format],
        headers={
            "Content-Disposition": f'attachment; filename="{event}-audit.{format}"',
            "Cache-Control": "private, no-store",
        },
    )


def _check_kind(principal: Principal, kind: Kind) -> None:
    """What was done to accounts is of no event: for those who may see accounts."""
    if kind == "accounts":
        check(principal, "accounts")


def _query(
    kind: Kind, by: str, q: str, since: dt.datetime | None, until: dt.datetime | None, before: int | None
) -> AuditQuery:
    return AuditQuery(kind=kind, by=by, q=q, since_at=_ms(since), until_at=_ms(until), before=before)


def _ms(time: dt.datetime | None) -> int | None:
    return None if time is None else typed_instant(time, dt.UTC)
