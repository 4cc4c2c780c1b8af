"""Who sees to what, and how many lanes are open."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, patch, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from checkin.core.layout import LANES_MAX
from checkin.service import alerts
from checkin.service.alerts import AlertSent
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import may


class LanesSent(Struct, frozen=True, kw_only=True):
    """So many lanes are open; null: as many as devices are heard."""

    lanes: Annotated[int, Meta(ge=1, le=LANES_MAX)] | None


@patch("/alerts/{alert:str}", guards=[may("people")], status_code=204)
async def change_alert(
    event: FromPath[str],
    alert: FromPath[str],
    data: JSONBody[AlertSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Say that you see to it, that it is done, or that it is open again."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: alerts.say(tx, centre.venues, event, alert, data.state, now=now, by=by), event=event)


@put("/doors/{door:str}/lanes", guards=[may("correct")], status_code=204)
async def open_lanes(
    event: FromPath[str],
    door: FromPath[str],
    data: JSONBody[LanesSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Say how many lanes of a door are open."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: alerts.open_lanes(tx, centre.venues, event, door, data.lanes, now=now, by=by), event=event
    )
