"""Who did what: searched, and taken along as a table."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from checkin.service import audit
from checkin.service.audit import AuditPage, AuditQuery, Kind
from checkin.service.centre import Centre
from checkin.web.auth import may

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@get("/audit", guards=[may("audit")])
async def read_audit(
    event: FromPath[str],
    centre: NamedDependency[Centre],
    kind: FromQuery[Kind] = "deeds",
    by: Annotated[str, QueryParameter(max_length=100)] = "",
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    since: FromQuery[dt.datetime | None] = None,
    until: FromQuery[dt.datetime | None] = None,
    before: FromQuery[int | None] = None,
) -> AuditPage:
    """The newest that fit; `before` of the answer goes on. Times without an offset are UTC."""
    query = _query(kind, by, q, since, until, before)
    return await centre.read(lambda tx: audit.read_page(tx, centre.venues, event, query))


@get("/audit/export/{format:str}", guards=[may("audit")])
async def export_audit(
    event: FromPath[str],
    format: FromPath[str],
    centre: NamedDependency[Centre],
    kind: FromQuery[Kind] = "deeds",
    by: Annotated[str, QueryParameter(max_length=100)] = "",
    q: Annotated[str, QueryParameter(max_length=200)] = "",
    since: FromQuery[dt.datetime | None] = None,
    until: FromQuery[dt.datetime | None] = None,
    language: FromQuery[Literal["de", "en"]] = "de",
) -> Response[bytes]:
    """`csv`, `xlsx` or `json` of all that fit."""
    query = _query(kind, by, q, since, until, None)
    table = await centre.read(lambda tx: audit.export(tx, centre.venues, event, query, language))
    content = await asyncio.to_thread(audit.written, table, format)
    return Response(
        content,
        media_type=MEDIA_TYPES[format],
        headers={
            "Content-Disposition": f'attachment; filename="{event}-audit.{format}"',
            "Cache-Control": "private, no-store",
        },
    )


def _query(
    kind: Kind, by: str, q: str, since: dt.datetime | None, until: dt.datetime | None, before: int | None
) -> AuditQuery:
    return AuditQuery(kind=kind, by=by, q=q, since_at=_ms(since), until_at=_ms(until), before=before)


def _ms(time: dt.datetime | None) -> int | None:
    if time is None:
        return None
    return round((time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp() * 1000)
