"""One call that closes every door for entry."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.service.centre import Centre
from checkin.service.evacuation import evacuate
from checkin.service.people import Principal
from checkin.web.auth import may


class EvacuationSent(Struct, frozen=True):
    active: bool


@post("/evacuation", guards=[may("evacuate")], status_code=200)
async def send_evacuation(
    event: FromPath[str],
    data: JSONBody[EvacuationSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> EvacuationSent:
    """`active` true: no entry anywhere, exits open. False: the all-clear."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: evacuate(tx, centre.venues, event, data.active, now=now, by=by), event=event)
    return data
