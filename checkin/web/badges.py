"""Badges: issued, drawn for screens, paper and label printers, and looked at before they are printed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from msgspec import Meta, Struct

from checkin.badges.drawing import Kind, draw, kind_of
from checkin.badges.formats import FORMATS, format_of
from checkin.badges.joining import Told
from checkin.badges.misfits import Misfit, missing_letters, set_apart
from checkin.badges.preflight import hardest, preflight
from checkin.badges.render import render_pdf
from checkin.badges.screen_fonts import screen_font
from checkin.badges.templates import has_own, own_templates, template_of, templates_version
from checkin.service import badges, undo
from checkin.service.attendees import BadgeIssued, badge_issued
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.service.works import Works
from checkin.web.auth import may
from checkin.web.works import answer
from checkin.wire import Id

HARDEST_MAX = 60
PREVIEW_PPI = 150
FONT_KEPT_S = 7 * 24 * 3600
_PRIVATE = {"Cache-Control": "private, no-store"}


class FormatShown(Struct, frozen=True):
    """`own`: the event brought its own template along. `sheet`: several fit on A4."""

    id: str
    name: str
    sides: int
    sheet: bool
    colour: bool
    own: bool


class TemplatesShown(Struct, frozen=True):
    """`version` changes whenever an own template does."""

    version: str
    formats: list[FormatShown]


class LettersSent(Struct, frozen=True):
    """What somebody types for a badge."""

    text: Annotated[str, Meta(max_length=2_000)]


class LettersShown(Struct, frozen=True):
    """`missing`: each letter once."""

    missing: str


class DocumentSent(Struct, frozen=True, kw_only=True):
    """Which badges (of everybody, or of a group), and how: each on a page, or several on a `sheet` of A4."""

    format: Id = "a6"
    sheet: bool = False
    group: Id | None = None


class Hard(Struct, frozen=True):
    attendee: str
    name: str


class HardestShown(Struct, frozen=True):
    attendees: list[Hard]


class PreflightShown(Struct, frozen=True):
    """What does not fit; `checked`: how many were looked at."""

    format: str
    checked: int
    misfits: list[Misfit]


@post("/attendees/{attendee:str}/badges", guards=[may("desk")])
async def issue_badge(
    event: FromPath[str],
    attendee: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    after: FromQuery[int | None] = None,
) -> BadgeIssued:
    """A new badge; an earlier one of this attendee is void from now on. `after`: the generation seen, so
    that the same call again is not another badge."""
    now, by = centre.clock(), request.user.id
    desk = request.user.name if request.user.is_device else ""
    badge = await centre.write(
        lambda tx: badges.issue(tx, centre.venues, event, attendee, now=now, by=by, after=after, desk=desk), event=event
    )
    venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
    return badge_issued(badge, venue.layout)


@post("/badges/{badge:str}/undo", guards=[may("desk")], status_code=204, summary="Take a new badge back")
async def undo_reissue(
    event: FromPath[str],
    badge: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Within half a minute, while it is neither printed nor used: the badge before it is valid again."""
    now, since, by = centre.clock(), centre.undoable_since(), request.user
    await centre.write(
        lambda tx: undo.undo_reissue(tx, centre.venues, event, badge, now=now, since=since, by=by), event=event
    )


@post("/badges/letters", guards=[may("desk")], status_code=200)
async def check_text(
    event: FromPath[str], data: JSONBody[LettersSent], centre: NamedDependency[Centre]
) -> LettersShown:
    """Which letters of a text no font of the badges has. In the body: what is in an address is logged."""
    await centre.read(lambda tx: centre.venues.venue(tx, event))
    return LettersShown(await asyncio.to_thread(missing_letters, data.text))


@get("/badges/{file:str}", guards=[may("desk")], media_type="image/png")
async def draw_badge(
    event: FromPath[str],
    file: FromPath[str],
    centre: NamedDependency[Centre],
    events_folder: NamedDependency[Path],
    format: FromQuery[str | None] = None,
    dpi: FromQuery[int | None] = None,
    side: FromQuery[int] = 1,
) -> Response[bytes]:
    """`{badge}.png` for screens, `.pdf` for paper, `.zpl` for Zebra's label printers, `.bin` for Brother's."""
    badge, kind = _named(file)
    face = await centre.read(lambda tx: badges.face(tx, centre.venues, event, badge))
    own = own_templates(events_folder, event)
    drawn = await asyncio.to_thread(draw, face, kind, format=format, dpi=dpi, side=side, own=own)
    return Response(drawn, media_type=kind.media_type, headers=_PRIVATE)


@get("/badges/templates", guards=[may("desk")])
async def read_templates(
    event: FromPath[str], centre: NamedDependency[Centre], events_folder: NamedDependency[Path]
) -> TemplatesShown:
    """The formats, which of them have a template of the event's own, and the version of these."""
    await centre.read(lambda tx: centre.venues.venue(tx, event))
    return await asyncio.to_thread(_templates, own_templates(events_folder, event))


@get("/badges/templates/{file:str}", guards=[may("manage")], media_type="text/plain")
async def read_template(
    event: FromPath[str], file: FromPath[str], events_folder: NamedDependency[Path]
) -> Response[bytes]:
    """`{format}.typ`: the template that is used now, ours to begin an own one with."""
    template = template_of(format_of(file.removesuffix(".typ")), own_templates(events_folder, event))
    return Response(template.file.read_bytes(), media_type="text/plain", headers=_PRIVATE)


@post("/badges/document", guards=[may("manage")], status_code=200, media_type="application/pdf")
async def draw_document(
    event: FromPath[str],
    data: JSONBody[DocumentSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    events_folder: NamedDependency[Path],
    works: NamedDependency[Works],
    progress: FromQuery[bool] = False,
) -> Stream:
    """Every badge (of a group) as one PDF; those that are missing are issued. A badge with letters that no font
    has is left out: `Checkin-Missing` says how many are, the pre-flight who. `Checkin-Badges`: how many are in.
    `progress`: say how far it is first, see `/works`."""
    format_of(data.format, sheet=data.sheet)
    now, by = centre.clock(), request.user.id

    async def make(told: Told, out: BinaryIO) -> dict[str, str]:
        faces = await centre.write(
            lambda tx: badges.issue_and_draw(tx, centre.venues, event, group=data.group, now=now, by=by), event=event
        )
        printable, misfits = set_apart(faces)
        own = own_templates(events_folder, event)
        out.write(
            await asyncio.to_thread(render_pdf, printable, format=data.format, sheet=data.sheet, own=own, told=told)
        )
        numbers = [face.desk_number for face in printable]
        await centre.write(
            lambda tx: badges.mark_printed(tx, centre.venues, event, numbers, now=now, by=by), event=event
        )
        return {"Checkin-Badges": str(len(printable)), "Checkin-Missing": str(len({one.key for one in misfits}))}

    work = works.begin(
        make,
        by=by,
        event=event,
        what="badges",
        permission="manage",
        name=f"badges-{data.format}.pdf",
        media_type="application/pdf",
    )
    return await answer(works, work, progress=progress)


@get("/badges/hardest", guards=[may("manage")])
async def read_hardest(event: FromPath[str], centre: NamedDependency[Centre]) -> HardestShown:
    """On whom to try a template: the longest, each script, then others."""
    faces = await centre.read(lambda tx: badges.drafts(tx, centre.venues, event))
    return HardestShown([Hard(face.attendee, face.name) for face in hardest(faces, HARDEST_MAX)])


@get("/badges/preview/{file:str}", guards=[may("manage")], media_type="image/png")
async def draw_preview(
    event: FromPath[str],
    file: FromPath[str],
    centre: NamedDependency[Centre],
    events_folder: NamedDependency[Path],
    format: FromQuery[str] = "a6",
    side: FromQuery[int] = 1,
) -> Response[bytes]:
    """What this attendee's badge looks like or would, issued or not, in the same kinds."""
    attendee, kind = _named(file)
    (face,) = await centre.read(lambda tx: badges.drafts(tx, centre.venues, event, attendee=attendee))
    own = own_templates(events_folder, event)
    dpi = PREVIEW_PPI if kind.id == "png" else None
    drawn = await asyncio.to_thread(draw, face, kind, format=format, dpi=dpi, side=side, own=own)
    return Response(drawn, media_type=kind.media_type, headers=_PRIVATE)


@get("/badges/preflight", guards=[may("manage")])
async def read_preflight(
    event: FromPath[str],
    centre: NamedDependency[Centre],
    events_folder: NamedDependency[Path],
    format: FromQuery[str] = "a6",
) -> PreflightShown:
    """Everybody whose letters or lengths do not fit in this format."""
    format_of(format)
    faces = await centre.read(lambda tx: badges.drafts(tx, centre.venues, event))
    misfits = await asyncio.to_thread(preflight, faces, format, own=own_templates(events_folder, event))
    return PreflightShown(format, len(faces), misfits)


@get("/faces/fonts/{file:str}", opt={"public": True}, include_in_schema=False, media_type="font/woff2")
async def serve_font(file: FromPath[str]) -> Response[bytes]:
    """The letters of the badges for pages; see `checkin/badges/screen_fonts.py`."""
    font = await screen_font(file.removesuffix(".woff2"))
    return Response(font, media_type="font/woff2", headers={"Cache-Control": f"public, max-age={FONT_KEPT_S}"})


def _named(file: str) -> tuple[str, Kind]:
    name, _, kind = file.rpartition(".")
    return name, kind_of(kind)


def _templates(own: Path) -> TemplatesShown:
    shown = [
        FormatShown(
            id=format.id,
            name=format.name,
            sides=format.sides,
            sheet=format.columns > 0,
            colour=format.colour,
            own=has_own(format, own),
        )
        for format in FORMATS.values()
    ]
    return TemplatesShown(templates_version(own), shown)
