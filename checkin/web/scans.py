"""Where a scan comes in."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.response.base import ASGIResponse

from checkin.core.errors import CheckinError
from checkin.service import metrics, undo
from checkin.service.centre import Centre
from checkin.service.people import Principal, check
from checkin.service.scans import Arrived
from checkin.web.auth import may
from checkin.wire import BATCH_BYTES_MAX, SCAN_BYTES_MAX, Answer, Decisions, ScanBatchSent, ScanSent, ScanUndone

_encode = msgspec.json.Encoder().encode


@post(
    "/scans",
    guards=[may("scan")],
    request_max_body_size=SCAN_BYTES_MAX,
    summary="Decide one scan",
    responses={200: ResponseSpec(Answer, description="Answered before"), 201: ResponseSpec(Answer)},
)
async def send_scan(data: JSONBody[ScanSent], request: Request[Principal, str, Any]) -> ASGIResponse:
    """The decision, after its commit: 201, or 200 where this id was answered before."""
    # The hot route: without injected dependencies and a second round of encoding it takes a seventh less.
    centre: Centre = request.app.state.centre
    arrived = arrived_of(data, request.user, delayed=False)
    intake = await centre.intake(request.path_params["event"])
    (answered,) = await intake.submit((arrived,))
    if isinstance(answered, CheckinError):
        raise answered
    metrics.SCANS[answered.answer.outcome].inc()
    return ASGIResponse(
        body=_encode(answered.answer), status_code=200 if answered.repeated else 201, media_type="application/json"
    )


@post("/scan-batches", guards=[may("scan")], request_max_body_size=BATCH_BYTES_MAX, summary="Decide scans in order")
async def send_scans(
    event: FromPath[str],
    data: JSONBody[ScanBatchSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> Response[Decisions]:
    """The decisions, in the order of the scans. A scan that cannot be answered fails the call; sent
    again, those that were decided get the same answers."""
    arrived = [arrived_of(sent, request.user, delayed=True) for sent in data.scans]
    intake = await centre.intake(event)
    decisions = []
    for answered in await intake.submit(arrived):
        if isinstance(answered, CheckinError):
            raise answered
        metrics.SCANS[answered.answer.outcome].inc()
        decisions.append(answered.answer)
    return Response(Decisions(decisions), status_code=201)


@post("/scans/{scan:str}/undo", guards=[may("scan")], status_code=200, summary="Take a scan back")
async def undo_scan(
    event: FromPath[str], scan: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> ScanUndone:
    """A finger slipped: within half a minute, by whoever scanned."""
    now, since, by = centre.clock(), centre.undoable_since(), request.user
    return await centre.write(
        lambda tx: undo.undo_scan(tx, centre.venues, event, scan, now=now, since=since, by=by), event=event
    )


def arrived_of(sent: ScanSent, principal: Principal, *, delayed: bool) -> Arrived:
    """A scan of this principal, to be decided. Raises `NotAllowed`."""
    check(principal, "scan", door=sent.door)
    if sent.override is not None:
        check(principal, "override")
    return Arrived(scan=sent.scan(), by=principal.id, delayed=delayed, by_name="desk" in principal.may)
