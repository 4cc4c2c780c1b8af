"""Scanners that have no page of their own, and the pages that show what they were answered."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from litestar import Request, WebSocket, post, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.core.errors import BadInput, CheckinError
from checkin.service.centre import Centre
from checkin.service.people import Principal, check
from checkin.web.auth import may
from checkin.web.live import CLOSE_POLICY, CLOSE_TRY_LATER, until_gone
from checkin.web.scans import arrived_of, decided
from checkin.wire import SCAN_BYTES_MAX, Answer, ScanSent

SCREEN_CHARS_MAX = 60

_encode = msgspec.json.Encoder().encode


class ScanShown(Struct, frozen=True, kw_only=True):
    """A scan as its scanner sent it, and its answer: what a page needs to go on with it."""

    scan: ScanSent
    answer: Answer


class Shown(Struct, frozen=True, kw_only=True):
    """The answer, and on how many screens it is shown; null where it may be on some of another node."""

    answer: Answer
    screens: int | None


@post(
    "/screens/{screen:str}/scans",
    guards=[may("scan")],
    request_max_body_size=SCAN_BYTES_MAX,
    status_code=201,
    summary="Decide a scan, and show the answer on a screen",
)
async def send_scan_for_screen(
    event: FromPath[str],
    screen: FromPath[str],
    data: JSONBody[ScanSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> Shown:
    """As `POST /scans`; whoever follows this screen at the scan's door sees the answer too."""
    _check_name(screen)
    answered = await decided(centre, event, arrived_of(data, request.user, delayed=False))
    shown = ScanShown(scan=data, answer=answered.answer)
    screens = await centre.show((event, data.door, screen), _encode(shown).decode())
    return Shown(answer=answered.answer, screens=screens)


@websocket("/screens/{screen:str}/doors/{door:str}", guards=[may("scan")])
async def follow_screen(
    event: FromPath[str],
    screen: FromPath[str],
    door: FromPath[str],
    socket: WebSocket[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """What the scanner of this screen is answered at this door, a `ScanShown` a message."""
    await socket.accept()
    code, reason = CLOSE_POLICY, "revoked"
    try:
        _check_name(screen)
        check(socket.user, "scan", door=door)
        venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
        venue.layout.door(door)
        with centre.screens.follow((event, door, screen)) as answers:
            sending = asyncio.create_task(_send(socket, answers))
            try:
                await until_gone(socket.receive, socket.auth, centre)
            finally:
                sending.cancel()
    except (OSError, WebSocketDisconnect):
        return
    except CheckinError as error:
        code = CLOSE_TRY_LATER if error.code == "busy" else CLOSE_POLICY
        reason = error.message[:100]
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code=code, reason=reason)


async def _send(socket: WebSocket[Principal, str, Any], answers: asyncio.Queue[str]) -> None:
    with contextlib.suppress(OSError, RuntimeError, WebSocketDisconnect):
        while True:
            await socket.send_text(await answers.get())


def _check_name(screen: str) -> None:
    if len(screen) > SCREEN_CHARS_MAX:
        raise BadInput(f"A screen's name has at most {SCREEN_CHARS_MAX} characters.", code="screen_invalid")
