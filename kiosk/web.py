"""A station's pages and the part of the centre's interface that they call, for this machine alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.response.base import ASGIResponse
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Receive, Scope, Send

from checkin import words
from checkin.core.errors import Busy, CheckinError, Conflict
from checkin.wire import SCAN_BYTES_MAX, ScanSent
from kiosk.answers import layout_shown
from kiosk.main import Kiosk, NotReady

FACES = Path(str(files("kiosk") / "faces"))
PAGES_MAX = 20
"""So many pages may be open."""
BEHIND_MAX = 100
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_encode = msgspec.json.Encoder().encode


class ThisMachineOnly:
    """Answers who asks for this machine by its own name, from its own pages: a page of another site that has got
    itself resolved to 127.0.0.1 does not."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        own = origin is None or origin.partition(b"://")[2] in self._hosts
        if headers.get(b"host") in self._hosts and own:
            await self._app(scope, receive, send)
        elif scope["type"] == ScopeType.WEBSOCKET:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "another site"})
        else:
            refused = ASGIResponse(body=b'{"status":403,"detail":"Another site."}', status_code=403)
            await refused(scope, receive, send)


@get("/", include_in_schema=False)
async def go_to_door(kiosk: NamedDependency[Kiosk]) -> Redirect:
    return Redirect(f"/events/{kiosk.pairing.event}/door/{kiosk.pairing.door}", status_code=303)


@get("/events/{event:str}/door/{door:str}", media_type="text/html", include_in_schema=False)
async def show_door(event: FromPath[str], door: FromPath[str]) -> Response[bytes]:
    return Response((FACES / "door.html").read_bytes(), media_type="text/html")


@get(f"/faces/{words.MODULE_NAME}", media_type="text/javascript", include_in_schema=False)
async def show_words() -> Response[bytes]:
    return Response(words.module().content, media_type="text/javascript")


@get("/faces/fonts/{file:str}", include_in_schema=False)
async def serve_font(file: FromPath[str], kiosk: NamedDependency[Kiosk]) -> Response[bytes]:
    """The letters of names: from the centre once, then from here. Without them the system's are shown."""
    font = await kiosk.font(file)
    return Response(font or b"", status_code=200 if font else 404, media_type="font/woff2")


@get("/health")
async def read_health(kiosk: NamedDependency[Kiosk]) -> Response[dict[str, Any]]:
    """Whether this station can decide, and how it is linked: for its watchdog."""
    ready = kiosk.station is not None
    told = {"status": "ok" if ready else "starting", "station": msgspec.to_builtins(kiosk.state())}
    return Response(told, status_code=200 if ready else 503)


@get("/api/v1/events/{event:str}/layout")
async def read_layout(event: FromPath[str], kiosk: NamedDependency[Kiosk]) -> dict[str, Any]:
    if kiosk.layout is None:
        raise NotReady("This station has not heard of its event yet.", code="station_not_ready")
    return layout_shown(kiosk.layout, kiosk.now())


@get("/api/v1/events/{event:str}/crew")
async def read_crew(event: FromPath[str], kiosk: NamedDependency[Kiosk]) -> dict[str, Any]:
    crew = [
        {
            "id": one.bearer.attendee,
            "name": one.name,
            "organisation": one.organisation,
            "inside": kiosk.is_inside(one.bearer.attendee),
        }
        for one in kiosk.crew()
    ]
    return {"crew": sorted(crew, key=lambda one: str(one["name"]))}


@post("/api/v1/events/{event:str}/scans", request_max_body_size=SCAN_BYTES_MAX)
async def send_scan(event: FromPath[str], data: JSONBody[ScanSent], kiosk: NamedDependency[Kiosk]) -> ASGIResponse:
    answer, repeated = await kiosk.scan(data.scan())
    return ASGIResponse(body=_encode(answer), status_code=200 if repeated else 201, media_type="application/json")


@websocket("/api/v1/events/{event:str}/live")
async def follow_live(event: FromPath[str], socket: WebSocket[Any, Any, Any], kiosk: NamedDependency[Kiosk]) -> None:
    """As the centre's, with the state of the link in its heartbeats."""
    await socket.accept()
    if len(kiosk.listeners) >= PAGES_MAX:
        await socket.close(code=1013, reason="too many pages")
        return
    out: asyncio.Queue[str] = asyncio.Queue(BEHIND_MAX)

    def tell(text: str) -> None:
        if out.full():
            out.get_nowait()
        out.put_nowait(text)

    async def write() -> None:
        while True:
            await socket.send_text(await out.get())

    tell(kiosk.snapshot())
    tell(kiosk.heartbeat())
    kiosk.listeners.add(tell)
    writing = asyncio.create_task(write(), name="page is told")
    try:
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass
    except WebSocketDisconnect:
        pass
    finally:
        kiosk.listeners.discard(tell)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


def _problem(request: Request[Any, Any, Any], error: CheckinError) -> Response[dict[str, Any]]:
    status = 503 if isinstance(error, Busy) else 409 if isinstance(error, Conflict) else 400
    return Response(
        {"status": status, "code": error.code, "detail": error.message},
        status_code=status,
        media_type="application/problem+json",
        headers={"Retry-After": "1"} if status == 503 else {},
    )


def app_of(kiosk: Kiosk, port: int) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    app = Litestar(
        route_handlers=[
            go_to_door,
            show_door,
            show_words,
            serve_font,
            read_health,
            read_layout,
            read_crew,
            send_scan,
            follow_live,
            create_static_files_router(path="/faces", directories=[FACES], include_in_schema=False),
        ],
        dependencies={"kiosk": Provide(lambda: kiosk, sync_to_thread=False)},
        exception_handlers={CheckinError: _problem},
        response_headers=HEADERS,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    return ThisMachineOnly(app, port)
