"""The websocket of cameras: a picture in, the codes in it back, one after the other."""

from __future__ import annotations

from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.params import FromPath

from checkin.core.errors import NotAllowed
from checkin.reading import Reading, answer_camera
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.web.auth import may


@websocket("/camera", guards=[may("scan")])
async def read_camera(
    event: FromPath[str],
    socket: WebSocket[Principal, str, Any],
    centre: NamedDependency[Centre],
    reading: NamedDependency[Reading],
) -> None:
    """See `answer_camera`; whoever was revoked is dropped at the next picture."""

    is_known = False

    async def check() -> None:
        nonlocal is_known
        if not is_known:
            await centre.read(lambda tx: centre.venues.venue(tx, event))
            is_known = True
        if await centre.gate.recognise(socket.auth) is None:
            raise NotAllowed("This device or login is no longer valid.")

    await socket.accept()
    await answer_camera(socket, reading, check)
