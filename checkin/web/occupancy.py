"""How full it is: read, corrected, and every fact in order."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from checkin.service import corrections, overview
from checkin.service.centre import Centre
from checkin.service.people import Principal, check, check_area
from checkin.web.auth import may
from checkin.wire import FACTS_MAX, CorrectionAnswer, CorrectionSent, Occupancy


@get("/occupancy", guards=[may("read")])
async def read_occupancy(event: FromPath[str], centre: NamedDependency[Centre]) -> Occupancy:
    """Every area as it stands at `seq`."""
    now = centre.clock()
    return await centre.read(lambda tx: overview.occupancy(tx, centre.venues, event, now))


@post("/corrections", guards=[may("click")])
async def send_correction(
    event: FromPath[str],
    data: JSONBody[CorrectionSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> Response[CorrectionAnswer]:
    """A headcount or a change by ±n: 201, or 200 where this id was answered before. A door's device
    changes the area of its door alone, and takes no headcount."""
    return await correct(event, data, request.user, centre)


async def correct(event: str, data: CorrectionSent, by: Principal, centre: Centre) -> Response[CorrectionAnswer]:
    """As `send_correction`, by whoever it is."""
    if data.headcount is not None:
        check(by, "correct")
    if by.door is not None:
        venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
        check_area(by, data.area, venue.layout)
    now = centre.clock()
    correction = await centre.write(
        lambda tx: corrections.correct(tx, centre.venues, event, data, now=now, by=by.id), event=event
    )
    return Response(correction.answer, status_code=200 if correction.repeated else 201)


@post("/corrections/{correction:str}/undo", guards=[may("click")], status_code=200)
async def undo_correction(
    event: FromPath[str],
    correction: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> CorrectionAnswer:
    """Take a headcount or a click back, in every area that it changed."""
    return await take_back(event, correction, request.user, centre)


async def take_back(event: str, correction: str, by: Principal, centre: Centre) -> CorrectionAnswer:
    """As `undo_correction`, by whoever it is."""
    now = centre.clock()
    return await centre.write(
        lambda tx: corrections.undo_correction(tx, centre.venues, event, correction, now=now, by=by), event=event
    )


@get("/facts", guards=[may("read")])
async def read_facts(
    event: FromPath[str],
    centre: NamedDependency[Centre],
    since: Annotated[int, QueryParameter(ge=0)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=FACTS_MAX)] = FACTS_MAX,
) -> overview.FactsPage:
    """The facts after `since`, in order. They carry ids, no names."""
    return await centre.read(lambda tx: overview.facts_page(tx, centre.venues, event, since, limit))


@get("/overview", guards=[may("people")])
async def read_overview(
    event: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> overview.Overview:
    """What the organiser's page shows beside the occupancy."""
    return await centre.overview(event, request.user.may)
