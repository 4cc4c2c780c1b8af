"""Set-up of an event: created, its layout changed and taken back, and as a file."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.core.layout import Difference
from checkin.exchange.layout import LAYOUT_BYTES_MAX
from checkin.service import setup
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.service.setup import EventSent, LayoutSent, Preview, SetupShown
from checkin.web.auth import may


class EventCreated(Struct, frozen=True):
    """`open`: the page to go on with."""

    slug: str
    open: str


class LayoutRead(Struct, frozen=True):
    layout: dict[str, Any]


class LayoutSaved(Struct, frozen=True):
    differences: list[Difference]


@post("/api/v1/events", guards=[may("manage")])
async def create_event(
    data: JSONBody[EventSent], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> EventCreated:
    """Make an event with a house to set up."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: setup.create(tx, data, now=now, by=by))
    return EventCreated(data.slug, f"/events/{data.slug}/setup")


@get("/setup", guards=[may("manage")])
async def read_setup(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> SetupShown:
    principal, heard = request.user, frozenset(centre.gate.heard)
    return await centre.read(lambda tx: setup.read(tx, centre.venues, event, principal, heard))


@post("/setup/preview", guards=[may("manage")], status_code=200)
async def preview_setup(
    event: FromPath[str],
    data: JSONBody[LayoutSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> Preview:
    """What saving this layout would change, and what stands against it. Nothing is written."""
    principal = request.user
    return await centre.read(lambda tx: setup.preview(tx, centre.venues, event, data, principal))


@put("/setup", guards=[may("manage")])
async def save_setup(
    event: FromPath[str],
    data: JSONBody[LayoutSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> LayoutSaved:
    """Make this the layout; doors and displays follow."""
    now, principal = centre.clock(), request.user
    return LayoutSaved(
        await centre.write(lambda tx: setup.save(tx, centre.venues, event, data, principal, now=now), event=event)
    )


@post("/setup/undo", guards=[may("manage")], status_code=200)
async def undo_setup(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> LayoutSaved:
    """Back to the layout before the last change."""
    now, principal = centre.clock(), request.user
    return LayoutSaved(
        await centre.write(lambda tx: setup.undo(tx, centre.venues, event, principal, now=now), event=event)
    )


@post("/setup/file", guards=[may("manage")], status_code=200, request_max_body_size=LAYOUT_BYTES_MAX + 1)
async def read_layout_sent(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> LayoutRead:
    """What a layout file holds, to be looked at and saved. Nothing is written."""
    data = await request.body()
    return LayoutRead(await centre.read(lambda tx: setup.read_file(tx, centre.venues, event, data)))


@get("/layout.toml", guards=[may("manage")])
async def read_layout_file(event: FromPath[str], centre: NamedDependency[Centre]) -> Response[bytes]:
    """The layout as the file that `checkin import layout` takes."""
    content = await centre.read(lambda tx: setup.layout_file(tx, centre.venues, event))
    return download(content, "application/toml", f"{event}-layout.toml")


def download(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """A file to keep. `name` is made of what an event's slug may hold."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
