"""A station's pages and the part of the centre's interface that they call, for this machine alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Request, Response, WebSocket, get, post, websocket
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Redirect
from litestar.response.base import ASGIResponse
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Receive, Scope, Send

from checkin import words
from checkin.core.admission import Evacuation
from checkin.core.codes import normalise
from checkin.core.errors import Busy, CheckinError, Conflict, NotAllowed, NotFound
from checkin.core.model import Scan
from checkin.core.reference import Person
from checkin.reading import Reading, answer_camera
from checkin.wire import SCAN_BYTES_MAX, CodeSent, CorrectionSent, ScanSent, cookie_in, received_again
from kiosk.answers import layout_shown, sessions_shown
from kiosk.centre import BELOW, Centre
from kiosk.desk import found
from kiosk.main import Kiosk
from kiosk.scanning import OWN_SCREEN
from kiosk.state import Health

FACES = Path(str(files("kiosk") / "faces"))
PAGES_MAX = 20
"""So many pages may be open."""
BEHIND_MAX = 100
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; media-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_STATUS: dict[type[CheckinError], int] = {Busy: 503, Conflict: 409, NotAllowed: 403, NotFound: 404}
_FAILED = "kiosk.failed"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ScanSent).decode


class EvacuationHere(msgspec.Struct, frozen=True):
    state: Evacuation


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


class ShortWay:
    """Around the application: a scan with a code is answered here, past the framework, which takes half as long again.
    Whatever else there is to it goes the whole way to `send_scan`."""

    def __init__(self, app: ASGIApp, kiosk: Kiosk) -> None:
        self._app = app
        self._kiosk = kiosk
        self._path = f"/api/v1/events/{kiosk.pairing.event}/scans"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "POST" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        message: Any = await receive()
        scan = _scan_in(message)
        if scan is not None:
            try:
                answer, repeated = await self._kiosk.scan(scan)
            except CheckinError as error:
                scope[_FAILED] = error  # type: ignore[literal-required]
            else:
                told = ASGIResponse(
                    body=_encode(answer), status_code=200 if repeated else 201, media_type="application/json"
                )
                await told(scope, receive, send)
                return
        await self._app(scope, received_again(message, receive), send)


def _scan_in(message: Any) -> Scan | None:
    """What a request says, where that is a scan with a code as it should be."""
    body = message.get("body", b"")
    if message.get("more_body") or len(body) > SCAN_BYTES_MAX:
        return None
    try:
        sent = _decode(body)
    except msgspec.MsgspecError:
        return None
    return sent.scan() if sent.code else None


def _page(name: str) -> Response[bytes]:
    return Response((FACES / f"{name}.html").read_bytes(), media_type="text/html")


@get("/", media_type="text/html", include_in_schema=False)
async def show_station() -> Response[bytes]:
    """Where to look when something is wrong: which pages there are, and how link, clock, disk and scanner do."""
    return _page("station")


@get("/door", include_in_schema=False)
async def go_to_door(kiosk: NamedDependency[Kiosk]) -> Redirect:
    """The page of this station's own door, and of the scanner that the station reads itself, if it does."""
    screen = f"?screen={OWN_SCREEN}" if kiosk.scanner else ""
    return Redirect(f"/events/{kiosk.pairing.event}/door/{kiosk.pairing.door}{screen}", status_code=303)


@get("/events/{event:str}/door/{door:str}", media_type="text/html", include_in_schema=False)
async def show_door(
    event: FromPath[str], door: FromPath[str], kiosk: NamedDependency[Kiosk]
) -> Response[bytes] | Redirect:
    """Whoever asks for another door than this station's gets to that."""
    own = (event, door) == (kiosk.pairing.event, kiosk.pairing.door)
    return _page("door") if own else Redirect("/door", status_code=303)


@get("/events/{event:str}/board", media_type="text/html", include_in_schema=False)
async def show_board(event: FromPath[str]) -> Response[bytes]:
    return _page("board")


@get("/events/{event:str}/room/{area:str}", media_type="text/html", include_in_schema=False)
async def show_room(event: FromPath[str], area: FromPath[str]) -> Response[bytes]:
    return _page("room")


@get("/events/{event:str}/clicker/{area:str}", media_type="text/html", include_in_schema=False)
async def show_clicker(event: FromPath[str], area: FromPath[str]) -> Response[bytes]:
    return _page("clicker")


@get(f"{BELOW}/events/{{event:str}}/desk", media_type="text/html", include_in_schema=False)
async def show_desk(event: FromPath[str]) -> Response[bytes]:
    """The desk: its calls are the centre's, its door and its link this station's."""
    return _page("desk")


@get(f"/faces/{words.MODULE_NAME}", media_type="text/javascript", include_in_schema=False)
async def show_words() -> Response[bytes]:
    return Response(words.module().content, media_type="text/javascript")


@get("/faces/fonts/{file:str}", include_in_schema=False)
async def serve_font(file: FromPath[str], kiosk: NamedDependency[Kiosk]) -> Response[bytes]:
    """The letters of names: from the centre once, then from here. Without them the system's are shown."""
    font = await kiosk.fonts.read(file)
    return Response(font or b"", status_code=200 if font else 404, media_type="font/woff2")


@get("/health")
async def read_health(request: Request[Any, Any, Any], kiosk: NamedDependency[Kiosk]) -> Response[Health]:
    """Whether this station can decide, and how everything does, for its watchdog and whoever stands before it."""
    if "sec-fetch-site" in request.headers:  # a page of ours asks, not the watchdog
        kiosk.page_speaks()
    health = kiosk.health()
    return Response(health, status_code=200 if health.status == "ok" else 503)


@get("/api/v1/me")
async def who_am_i() -> dict[str, Any]:
    """Whoever stands at this machine is its door: may scan, and count by ±1."""
    return {"operator": None, "device": None, "may": ["read", "scan", "click"], "open": "/"}


@get("/api/v1/events/{event:str}/layout")
async def read_layout(event: FromPath[str], kiosk: NamedDependency[Kiosk]) -> dict[str, Any]:
    return layout_shown(kiosk.venue(), kiosk.now())


@get("/api/v1/events/{event:str}/sessions")
async def read_sessions(event: FromPath[str], kiosk: NamedDependency[Kiosk]) -> dict[str, Any]:
    return {"sessions": sessions_shown(kiosk.programme(), kiosk.venue())}


@get("/api/v1/events/{event:str}/crew")
async def read_crew(event: FromPath[str], kiosk: NamedDependency[Kiosk]) -> dict[str, Any]:
    crew = [
        {
            "id": one.bearer.attendee,
            "name": one.name,
            "organisation": one.organisation,
            "inside": (at := kiosk.belief(one.bearer.attendee)) is not None
            and at.presence is not None
            and at.presence.area is not None,
        }
        for one in kiosk.people.crew()
    ]
    return {"crew": sorted(crew, key=lambda one: str(one["name"]))}


@post("/api/v1/events/{event:str}/scans", request_max_body_size=SCAN_BYTES_MAX)
async def send_scan(
    event: FromPath[str], data: JSONBody[ScanSent], request: Request[Any, Any, Any], kiosk: NamedDependency[Kiosk]
) -> ASGIResponse:
    """Without a code: the crew, and for the desk whoever was found by name, as if the badge had been read."""
    if isinstance(failed := request.scope.get(_FAILED), CheckinError):
        raise failed
    if event != kiosk.pairing.event:
        raise kiosk.other_door()
    scan = data.scan()
    if not scan.code and scan.attendee is not None and not kiosk.people.is_crew(scan.attendee):
        _check_login(request, kiosk, "desk")
        code = kiosk.people.code_of(scan.attendee)
        if not code:
            raise NotFound("This person has no badge and no ticket that this station knows.", code="code_missing")
        scan = msgspec.structs.replace(scan, code=code)
    answer, repeated = await kiosk.scan(scan)
    return ASGIResponse(body=_encode(answer), status_code=200 if repeated else 201, media_type="application/json")


@get("/api/v1/events/{event:str}/attendees")
async def find_people(
    event: FromPath[str],
    request: Request[Any, Any, Any],
    kiosk: NamedDependency[Kiosk],
    q: Annotated[str, QueryParameter(max_length=200)] = "",
) -> Response[Any]:
    """For a desk that is cut off: by name, organisation and group, among those whom this station knows."""
    may = _check_login(request, kiosk, "people")
    hidden = frozenset() if "protocol" in may else kiosk.venue().hidden_groups
    return _found(await kiosk.people.find(q, hidden), kiosk)


@get("/api/v1/events/{event:str}/attendees/{attendee:str}")
async def read_person(
    event: FromPath[str], attendee: FromPath[str], request: Request[Any, Any, Any], kiosk: NamedDependency[Kiosk]
) -> Response[Any]:
    may = _check_login(request, kiosk, "people")
    person = kiosk.people.by_id(attendee)
    if person is None or not _is_seen(person, may, kiosk):
        raise NotFound("This station knows nobody of this id.", code="attendee_unknown")
    return Response(found([person], kiosk.belief, kiosk.venue())[0])


@post("/api/v1/events/{event:str}/attendees/by-code", status_code=200)
async def find_by_code(
    event: FromPath[str], data: JSONBody[CodeSent], request: Request[Any, Any, Any], kiosk: NamedDependency[Kiosk]
) -> Response[Any]:
    may = _check_login(request, kiosk, "people")
    person = kiosk.people.by_code(normalise(data.code))
    return _found([person] if person is not None and _is_seen(person, may, kiosk) else [], kiosk)


def _found(people: list[Person], kiosk: Kiosk) -> Response[Any]:
    return Response({"attendees": found(people, kiosk.belief, kiosk.venue()), "replaced": None, "represented": None})


def _is_seen(person: Person, may: frozenset[str], kiosk: Kiosk) -> bool:
    return "protocol" in may or person.bearer.group not in kiosk.venue().hidden_groups


def _check_login(request: Request[Any, Any, Any], kiosk: Kiosk, permission: str) -> frozenset[str]:
    """What whoever asks may, by the centre's last word, `permission` included. Raises `NotAllowed`."""
    may = kiosk.logins.may(cookie_in(request.scope["headers"]), kiosk.now())
    if permission not in may:
        raise NotAllowed(
            "Nobody who may do this was logged in at this station when its link broke. Log in when it is back.",
            code="station_no_login",
        )
    return may


@post("/api/v1/events/{event:str}/corrections")
async def send_click(
    event: FromPath[str], data: JSONBody[CorrectionSent], kiosk: NamedDependency[Kiosk], centre: NamedDependency[Centre]
) -> ASGIResponse:
    """±n at this station's door. The page keeps clicks until they have an answer."""
    layout = kiosk.venue()
    if data.headcount is not None or data.area != layout.doors[kiosk.pairing.door].area:
        raise NotAllowed("A station changes the count of its own door's area, by ±n.", code="other_door")
    return _passed_on(await centre.click(data))


@post("/api/v1/events/{event:str}/corrections/{correction:str}/undo")
async def undo_click(event: FromPath[str], correction: FromPath[str], centre: NamedDependency[Centre]) -> ASGIResponse:
    return _passed_on(await centre.undo_click(correction))


def _passed_on(answer: tuple[int, bytes]) -> ASGIResponse:
    return ASGIResponse(body=answer[1], status_code=answer[0], media_type="application/json")


@post("/api/v1/events/{event:str}/evacuation", status_code=204)
async def send_evacuation(event: FromPath[str], data: JSONBody[EvacuationHere], kiosk: NamedDependency[Kiosk]) -> None:
    """Close this door for whoever wants in, or open it again, while it is cut off."""
    kiosk.evacuate(data.state)


@websocket("/api/v1/events/{event:str}/camera")
async def read_camera(
    event: FromPath[str], socket: WebSocket[Any, Any, Any], reading: NamedDependency[Reading]
) -> None:
    """See `answer_camera`; whoever stands at this machine may scan."""

    async def check() -> None:
        return

    await socket.accept()
    await answer_camera(socket, reading, check)


@websocket("/api/v1/events/{event:str}/screens/{screen:str}/doors/{door:str}")
async def follow_scanner(
    event: FromPath[str],
    screen: FromPath[str],
    door: FromPath[str],
    socket: WebSocket[Any, Any, Any],
    kiosk: NamedDependency[Kiosk],
) -> None:
    """What the scanner that this station reads is answered, a scan with its answer a message."""
    await _tell(socket, kiosk.screens, [])


@websocket("/api/v1/events/{event:str}/live")
async def follow_live(event: FromPath[str], socket: WebSocket[Any, Any, Any], kiosk: NamedDependency[Kiosk]) -> None:
    """As the centre's, with the state of the link in its heartbeats."""
    await _tell(socket, kiosk.listeners, [kiosk.snapshot(), kiosk.heartbeat()], kiosk.page_speaks)


async def _tell(
    socket: WebSocket[Any, Any, Any],
    listeners: set[Callable[[str], None]],
    first: list[str],
    heard: Callable[[], None] = lambda: None,
) -> None:
    """Hand a page what its `listeners` are told, until it goes; one that takes too little misses the older."""
    await socket.accept()
    if len(listeners) >= PAGES_MAX:
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

    for text in first:
        tell(text)
    listeners.add(tell)
    writing = asyncio.create_task(write(), name="page is told")
    try:
        while (await socket.receive())["type"] != "websocket.disconnect":
            heard()
    except WebSocketDisconnect:
        pass
    finally:
        listeners.discard(tell)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


def _problem(request: Request[Any, Any, Any], error: CheckinError) -> Response[dict[str, Any]]:
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)
    return Response(
        {"status": status, "code": error.code, "detail": error.message},
        status_code=status,
        media_type="application/problem+json",
        headers={"Retry-After": "1"} if status == 503 else {},
    )


def app_of(kiosk: Kiosk, port: int) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    reading = Reading()
    app = Litestar(
        route_handlers=[
            show_station,
            go_to_door,
            show_door,
            show_board,
            show_room,
            show_clicker,
            show_desk,
            show_words,
            serve_font,
            read_health,
            who_am_i,
            read_layout,
            read_sessions,
            read_crew,
            send_scan,
            find_people,
            read_person,
            find_by_code,
            send_click,
            undo_click,
            send_evacuation,
            read_camera,
            follow_scanner,
            follow_live,
            create_static_files_router(path="/faces", directories=[FACES], include_in_schema=False),
        ],
        dependencies={
            "kiosk": Provide(lambda: kiosk, sync_to_thread=False),
            "centre": Provide(lambda: centre, sync_to_thread=False),
            "reading": Provide(lambda: reading, sync_to_thread=False),
        },
        exception_handlers={CheckinError: _problem},
        response_headers=HEADERS,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    centre = Centre(app, kiosk)
    return ThisMachineOnly(ShortWay(centre, kiosk), port)
