"""The websocket of displays."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, cast

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from checkin.core.errors import CheckinError
from checkin.live.broadcast import Broadcast
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import may
from checkin.web.sockets import Sockets, frame_of, socket_of

RECEIVED_MAX = 100
"""A display has nothing to say; one that sends more than this in `RECOGNISED_EVERY_S` is dropped."""
RECOGNISED_EVERY_S = 30.0
CLOSE_GOING_AWAY = 1001
CLOSE_POLICY = 1008
CLOSE_FAILED = 1011
CLOSE_TRY_LATER = 1013

GoOn = Callable[[Receive, Send], Awaitable[None]]

_GO_ON = "checkin.go_on"

log = logging.getLogger(__name__)


class Outlive:
    """Around the application. Where a websocket's handler has left behind how it goes on, it goes on here: the
    handler, and what Litestar keeps for it, are let go of as soon as a display is connected."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
        if scope["type"] == ScopeType.WEBSOCKET:
            go_on = cast(GoOn | None, scope.get(_GO_ON))
            if go_on is not None:
                scope.clear()  # type: ignore[attr-defined]
                await go_on(receive, send)


@websocket("/live", guards=[may("read")])
async def follow_live(
    event: FromPath[str], socket: WebSocket[Principal, str, Any], centre: NamedDependency[Centre]
) -> None:
    """A snapshot, then what changes, and heartbeats. `area` (repeatable) names the areas; all without."""
    wanted = socket.query_params.getall("area", [])
    await socket.accept()
    try:
        broadcast = await centre.broadcast(event)
        venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
        for area in wanted:
            venue.layout.area(area)
    except CheckinError as error:
        await socket.close(code=CLOSE_POLICY, reason=error.message[:100])
        return
    display = socket_of(socket.scope)
    socket.scope[_GO_ON] = partial(  # type: ignore[literal-required]
        _follow, centre, broadcast, wanted, display, socket.user.id, socket.auth
    )


async def until_gone(receive: Callable[[], Awaitable[Any]], token: str, centre: Centre) -> None:
    """Returns when the client has gone, says too much, or lost its right."""
    while await centre.gate.recognise(token) is not None:
        received = 0
        try:
            async with asyncio.timeout(RECOGNISED_EVERY_S):
                while received < RECEIVED_MAX:
                    if (await receive())["type"] == "websocket.disconnect":
                        return
                    received += 1
        except TimeoutError:
            continue
        return


async def _follow(
    centre: Centre,
    broadcast: Broadcast,
    wanted: Sequence[str],
    display: Sockets,
    holder: str,
    token: str,
    receive: Receive,
    send: Send,
) -> None:
    code, reason = CLOSE_POLICY, "closed by the centre"
    try:
        until = until_gone(receive, token, centre)
        if why := await broadcast.follow(wanted, lambda text: display.send_frame(frame_of(text)), holder, until):
            code, reason = CLOSE_GOING_AWAY, why
    except CheckinError as error:
        code, reason = CLOSE_TRY_LATER, error.message[:100]
    except OSError:
        return  # the client has gone while something was sent to it
    except Exception as error:
        code, reason = CLOSE_FAILED, "failed here; it was logged"
        log.error("unforeseen error on a live socket", exc_info=error)
    if not display.writable.is_set():
        display.transport.abort()  # it takes nothing, so no word of farewell either
        return
    with contextlib.suppress(OSError):
        await send({"type": "websocket.close", "code": code, "reason": reason})
