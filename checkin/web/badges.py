"""Badges: issued, and as a picture or a page."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from checkin.badges.render import render_pdf, render_png
from checkin.service import badges
from checkin.service.attendees import BadgeShown, badge_shown
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import may
from checkin.web.problems import problem


@post("/attendees/{attendee:str}/badges", guards=[may("desk")])
async def issue_badge(
    event: FromPath[str],
    attendee: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> BadgeShown:
    """A new badge; an earlier one of this attendee is void from now on."""
    now, by = centre.clock(), request.user.id
    badge = await centre.write(lambda tx: badges.issue(tx, centre.venues, event, attendee, now=now, by=by), event=event)
    return badge_shown(badge)


@get("/badges/{file:str}", guards=[may("desk")], media_type="image/png")
async def draw_badge(event: FromPath[str], file: FromPath[str], centre: NamedDependency[Centre]) -> Response[bytes]:
    """`{badge}.png` for screens, `{badge}.pdf` for paper."""
    badge, _, form = file.rpartition(".")
    if form not in ("png", "pdf"):
        return problem(404, "Not found", "A badge is drawn as .png or as .pdf.", "form_unknown")
    face = await centre.read(lambda tx: badges.face(tx, centre.venues, event, badge))
    if form == "png":
        return Response(await asyncio.to_thread(render_png, face), media_type="image/png", headers=_PRIVATE)
    return Response(await asyncio.to_thread(render_pdf, [face]), media_type="application/pdf", headers=_PRIVATE)


_PRIVATE = {"Cache-Control": "private, no-store"}
