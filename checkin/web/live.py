"""The websocket of displays."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any, cast

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from checkin.core.errors import CheckinError
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import may

RECEIVED_MAX = 100
"""A display has nothing to say; one that sends more than this in `RECOGNISED_EVERY_S` is dropped."""
RECOGNISED_EVERY_S = 30.0
RAW_SEND = "checkin.raw_send"
CLOSE_GOING_AWAY = 1001
CLOSE_POLICY = 1008
CLOSE_FAILED = 1011
CLOSE_TRY_LATER = 1013

log = logging.getLogger(__name__)


class KeepRawSend:
    """Keeps the server's own `send` in the scope of a websocket: Litestar wraps it three times, and a
    thousand displays ten times a second feel that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.WEBSOCKET:
            scope[RAW_SEND] = send  # type: ignore[literal-required]
        await self._app(scope, receive, send)


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
    send = cast(Send, socket.scope[RAW_SEND])  # type: ignore[literal-required]

    def send_text(message: str) -> Coroutine[Any, Any, None]:
        return cast(Coroutine[Any, Any, None], send({"type": "websocket.send", "text": message, "bytes": None}))

    following = asyncio.create_task(broadcast.follow(wanted, send_text, socket.user.id))
    listening = asyncio.create_task(until_gone(socket, centre))
    done, pending = await asyncio.wait((following, listening), return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    await _say_goodbye(socket, done)


async def until_gone(socket: WebSocket[Principal, str, Any], centre: Centre) -> None:
    """Returns when the client has gone, says too much, or lost its right."""
    while await centre.gate.recognise(socket.auth) is not None:
        received = 0
        try:
            async with asyncio.timeout(RECOGNISED_EVERY_S):
                while received < RECEIVED_MAX:
                    if (await socket.receive())["type"] == "websocket.disconnect":
                        return
                    received += 1
        except TimeoutError:
            continue
        return


async def _say_goodbye(socket: WebSocket[Principal, str, Any], done: set[asyncio.Task[None]]) -> None:
    code, reason = CLOSE_POLICY, "closed by the centre"
    for task in done:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, CheckinError):
            code, reason = CLOSE_TRY_LATER, error.message[:100]
        elif isinstance(error, OSError):
            return  # the client has gone while something was sent to it
        elif error is not None:
            code, reason = CLOSE_FAILED, "failed here; it was logged"
            log.error("unforeseen error on a live socket", exc_info=error)
        elif task.cancelled():
            code, reason = CLOSE_GOING_AWAY, "revoked, too slow, or the centre stops"
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code=code, reason=reason)
