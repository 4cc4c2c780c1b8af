"""What is deleted when: looked at, set, done at once, proved."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Literal

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from checkin.service import erasure
from checkin.service.centre import Centre
from checkin.service.erasure import ErasureShown, ScheduleSent
from checkin.service.paper_lists import drop_lists
from checkin.service.people import Principal
from checkin.store.erasure import Stage
from checkin.web.auth import may


class EraseSent(Struct, frozen=True):
    """The stage to delete now, with those before it."""

    stage: Stage


class StagesErased(Struct, frozen=True):
    stages: list[Stage]


@get("/erasure", guards=[may("manage")])
async def read_erasure(event: FromPath[str], centre: NamedDependency[Centre]) -> ErasureShown:
    """What goes when, and how much that is now."""
    now = centre.clock()
    return await centre.read(lambda tx: erasure.read_schedule(tx, centre.venues, event, now))


@put("/erasure", guards=[may("manage")])
async def set_erasure(
    event: FromPath[str],
    data: JSONBody[ScheduleSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> ErasureShown:
    """The days, and whether it goes by itself."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: erasure.set_schedule(tx, centre.venues, event, data, now=now, by=by), event=event)
    return await centre.read(lambda tx: erasure.read_schedule(tx, centre.venues, event, now))


@post("/erasure", guards=[may("manage")], status_code=200)
async def erase_stage(
    event: FromPath[str],
    data: JSONBody[EraseSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
    events_folder: NamedDependency[Path],
) -> StagesErased:
    """Delete now. There is no way back."""
    now, by = centre.clock(), request.user.id
    stages = await centre.write(
        lambda tx: erasure.erase(tx, centre.venues, event, data.stage, now=now, by=by), event=event
    )
    await asyncio.to_thread(drop_lists, events_folder, event)
    await centre.store.forget_deleted()
    return StagesErased(stages)


@get("/attendees/{attendee:str}/erasure", guards=[may("manage")])
async def read_person(event: FromPath[str], attendee: FromPath[str], centre: NamedDependency[Centre]) -> dict[str, int]:
    """What would be deleted with this person: of what how much."""
    return await centre.read(lambda tx: erasure.read_person(tx, centre.venues, event, attendee))


@post("/attendees/{attendee:str}/erasure", guards=[may("manage")], status_code=204)
async def erase_attendee(
    event: FromPath[str],
    attendee: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Delete all that is known of one person, at their wish. There is no way back."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: erasure.erase_person(tx, centre.venues, event, attendee, now=now, by=by), event=event)
    await centre.store.forget_deleted()


@get("/erasure.pdf", guards=[may("manage")], media_type="application/pdf")
async def draw_proof(
    event: FromPath[str], centre: NamedDependency[Centre], language: FromQuery[Literal["de", "en"]] = "de"
) -> Response[bytes]:
    """The certificate of deletion."""
    now = centre.clock()
    pdf = await centre.read(lambda tx: erasure.proof_pdf(tx, centre.venues, event, now=now, language=language))
    return Response(pdf, media_type="application/pdf", headers={"Cache-Control": "private, no-store"})
