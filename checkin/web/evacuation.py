"""One call that closes every door for entry, and how the house stands then."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from checkin.service.centre import Centre
from checkin.service.evacuation import EvacuationShown, evacuate, evacuation_now
from checkin.service.people import Principal
from checkin.web.auth import may
from checkin.wire import EvacuationSent


@post("/evacuation", guards=[may("evacuate")], status_code=200)
async def send_evacuation(
    event: FromPath[str],
    data: JSONBody[EvacuationSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> EvacuationSent:
    """`active` true: no entry anywhere, exits open. False: the all-clear. A `drill` changes no count."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: evacuate(tx, centre.venues, event, data, now=now, by=by), event=event)
    return data


@get("/evacuation", guards=[may("evacuate")])
async def read_evacuation(event: FromPath[str], centre: NamedDependency[Centre]) -> EvacuationShown:
    """How many are in each area, and the names of those who may need help."""
    now = centre.clock()
    return await centre.read(lambda tx: evacuation_now(tx, centre.venues, event, now))
