"""The websocket of cameras: a picture in, the codes in it back, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath
from msgspec import Struct

from checkin.core.errors import BadInput, CheckinError, NotAllowed, NotFound, TooLarge
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.service.reading import Reading
from checkin.web.auth import may
from checkin.web.live import CLOSE_POLICY, CLOSE_TRY_LATER

IDLE_S = 30.0
REASON_CHARS_MAX = 100
CLOSE_IDLE = 1000
CLOSE_NOT_JPEG = 1003
CLOSE_TOO_BIG = 1009


class CodesRead(Struct, frozen=True):
    """What the QR codes in the picture say: none, one, or several."""

    codes: list[str]


_encode = msgspec.json.Encoder().encode


@websocket("/camera", guards=[may("scan")])
async def read_camera(
    event: FromPath[str],
    socket: WebSocket[Principal, str, Any],
    centre: NamedDependency[Centre],
    reading: NamedDependency[Reading],
) -> None:
    """Each binary message is a JPEG; its answer is a `CodesRead` as text. The next is taken only after it."""
    await socket.accept()
    try:
        await centre.read(lambda tx: centre.venues.venue(tx, event))
        with reading.camera():
            await _answer_pictures(socket, centre, reading)
        return
    except TimeoutError:
        code, reason = CLOSE_IDLE, f"no picture for {IDLE_S:g} s"
    except (OSError, WebSocketDisconnect):
        return  # the client has gone while it was answered
    except CheckinError as error:
        code, reason = _close_code(error), error.message[:REASON_CHARS_MAX]
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code=code, reason=reason)


async def _answer_pictures(socket: WebSocket[Principal, str, Any], centre: Centre, reading: Reading) -> None:
    """Returns when the client has gone. Raises `TimeoutError` after `IDLE_S` without a picture, and
    `NotAllowed` once the right to scan is gone."""
    while True:
        async with asyncio.timeout(IDLE_S):
            message: Any = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if await centre.gate.recognise(socket.auth) is None:
            raise NotAllowed("This device or login is no longer valid.")
        jpeg = message.get("bytes")
        if jpeg is None:
            raise BadInput("Send each picture as the raw bytes of a JPEG, one a message.", code="frame_invalid")
        await socket.send_text(_encode(CodesRead(await reading.read(jpeg))).decode())


def _close_code(error: CheckinError) -> int:
    match error:
        case BadInput():
            return CLOSE_NOT_JPEG
        case TooLarge():
            return CLOSE_TOO_BIG
        case NotAllowed() | NotFound():
            return CLOSE_POLICY
        case _:
            return CLOSE_TRY_LATER
