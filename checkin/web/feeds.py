"""The programme for calendars and other programs, for those logged in and, if the organiser says so, for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from litestar import Request, Response, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.core.roles import PAGES
from checkin.service import feeds
from checkin.service.centre import Centre
from checkin.service.feeds import Form, Programmed
from checkin.service.people import Principal
from checkin.service.venues import Venue
from checkin.store.engine import Transaction
from checkin.web.auth import may

KEPT_S = 60
READ_S_MAX = 60.0


class FeedShown(Struct, frozen=True):
    """Whether everybody may read the programme, under which addresses."""

    public: bool
    links: list[str]


class FeedSent(Struct, frozen=True):
    public: bool


@get(["/schedule.xml", "/schedule.ics", "/schedule.xcal"], guards=[may("read")])
async def read_schedule_as(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> Response[bytes]:
    """The programme as frab XML, iCalendar or xCal; 304 where it is as `If-None-Match` says."""
    return await _feed(request, centre, await centre.read(lambda tx: centre.venues.venue(tx, event)))


@get(
    [f"/events/{{event:str}}/schedule.{form}" for form in feeds.MEDIA_TYPES],
    opt={"public": True},
    include_in_schema=False,
)
async def read_public_schedule(
    event: FromPath[str], request: Request[Any, Any, Any], centre: NamedDependency[Centre]
) -> Response[bytes]:
    """The same for everybody, as long as the organiser lets them."""
    return await _feed(request, centre, await centre.read(lambda tx: feeds.check_public(tx, centre.venues, event)))


@get("/schedule-feed", guards=[may(PAGES["exports"])])
async def read_feed(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> FeedShown:
    return await _shown(event, request, centre)


@patch("/schedule-feed", guards=[may("manage")])
async def change_feed(
    event: FromPath[str],
    data: JSONBody[FeedSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> FeedShown:
    """Let everybody read the programme under the links, or nobody who is not logged in."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: feeds.publish(tx, centre.venues, event, data.public, now=now, by=by), event=event)
    return await _shown(event, request, centre)


async def _shown(event: str, request: Request[Principal, str, Any], centre: Centre) -> FeedShown:
    public = await centre.read(lambda tx: feeds.is_public(tx, centre.venues, event))
    links = [f"{request.base_url}events/{event}/schedule.{form}" for form in feeds.MEDIA_TYPES]
    return FeedShown(public, links)


async def _feed(request: Request[Any, Any, Any], centre: Centre, venue: Venue) -> Response[bytes]:
    form = cast(Form, request.url.path.rpartition(".")[2])
    loop = asyncio.get_running_loop()

    def read(work: Callable[[Transaction], Programmed]) -> Programmed:
        return asyncio.run_coroutine_threadsafe(centre.read(work), loop).result(READ_S_MAX)

    feed = await asyncio.to_thread(centre.feeds.feed, read, venue, form)
    headers = {"ETag": feed.etag, "Cache-Control": f"max-age={KEPT_S}"}
    known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    if feed.etag in known or "*" in known:
        return Response(b"", status_code=304, headers=headers)
    return Response(feed.content, media_type=feed.media_type, headers=headers)
