"""Where a scan comes in."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.types import ASGIApp, Receive, Scope, Send

from checkin.core.errors import CheckinError
from checkin.service import metrics, undo
from checkin.service.centre import Centre
from checkin.service.people import Principal, check
from checkin.service.scans import Answered, Arrived
from checkin.web.auth import credentials, is_same_origin, may
from checkin.wire import (
    BATCH_BYTES_MAX,
    SCAN_BYTES_MAX,
    Answer,
    Decisions,
    ScanBatchSent,
    ScanSent,
    ScanUndone,
    legible,
    received_again,
    without_nul,
)

_FAILED = "checkin.failed"
_SCANS = re.compile("/api/v1/events/([^/]+)/scans")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ScanSent).decode

Message = dict[str, Any]


class ShortWay:
    """Around the application: a scan that can be answered is answered here, past the framework, which takes longer than
    everything else together. Whatever is not as it should be goes the whole way to `send_scan`, and is told there what
    the matter is: errors have one place. What was tried is not tried again."""

    def __init__(self, app: ASGIApp, centre: Centre) -> None:
        self.app = app
        self._centre = centre

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_post = scope["type"] == ScopeType.HTTP and scope["method"] == "POST"
        found = _SCANS.fullmatch(scope["path"]) if is_post else None
        if found is None:
            await self.app(scope, receive, send)
            return
        message: Any = await receive()
        answered = await self._answered(found[1], scope, message)
        if answered is None:
            await self.app(scope, received_again(message, receive), send)
            return
        body = _encode(answered.answer)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        start: Any = {"type": "http.response.start", "status": status_of(answered), "headers": headers}
        await send(start)
        end: Any = {"type": "http.response.body", "body": body}
        await send(end)

    async def _answered(self, slug: str, scope: Scope, message: Message) -> Answered | None:
        body = message.get("body", b"")
        if message.get("more_body") or len(body) > SCAN_BYTES_MAX:
            return None
        token, by_cookie = credentials(scope)
        if not token or (by_cookie and not is_same_origin(scope)):
            return None
        try:
            principal = await self._centre.gate.recognise(token)
            if principal is None:
                return None
            check(principal, "scan", event=slug)
            arrived = arrived_of(_decode(legible(without_nul(body))), principal, delayed=False)
        except (CheckinError, msgspec.MsgspecError):
            return None
        try:
            return await decided(self._centre, slug, arrived)
        except Exception as error:
            scope[_FAILED] = error  # type: ignore[literal-required]
            return None


@post(
    "/scans",
    guards=[may("scan")],
    request_max_body_size=SCAN_BYTES_MAX,
    summary="Decide one scan",
    responses={200: ResponseSpec(Answer, description="Answered before"), 201: ResponseSpec(Answer)},
)
async def send_scan(
    event: FromPath[str],
    data: JSONBody[ScanSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> Response[Answer]:
    """The decision, after its commit: 201, or 200 where this id was answered before."""
    if isinstance(failed := request.scope.get(_FAILED), Exception):
        raise failed
    answered = await decided(centre, event, arrived_of(data, request.user, delayed=False))
    return Response(answered.answer, status_code=status_of(answered))


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
        decisions.append(counted(answered).answer)
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


async def decided(centre: Centre, event: str, arrived: Arrived) -> Answered:
    """One scan, after its commit. Raises what there is instead of an answer."""
    (answered,) = await (await centre.intake(event)).submit((arrived,))
    if isinstance(answered, CheckinError):
        raise answered
    return counted(answered)


def counted(answered: Answered) -> Answered:
    """An answer that goes out now."""
    metrics.SCANS[answered.answer.outcome].inc()
    return answered


def status_of(answered: Answered) -> int:
    return 200 if answered.repeated else 201


def arrived_of(sent: ScanSent, principal: Principal, *, delayed: bool) -> Arrived:
    """A scan of this principal, to be decided. Raises `NotAllowed`."""
    check(principal, "scan", door=sent.door)
    if sent.override is not None:
        check(principal, "override")
    return Arrived(scan=sent.scan(), by=principal.id, delayed=delayed, by_name="desk" in principal.may)
