"""What a station passes on to its centre: the desk's calls by the operator's own log-in, and clicks at its own door.

The token of the link goes with the clicks alone. Of the calls of a desk the station is a mere carrier: the cookie is
the browser's, and whether it may is the centre's to say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http.cookies import SimpleCookie
from urllib.parse import quote

import httpx
import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from checkin.wire import BODY_BYTES_MAX, COOKIE, CorrectionSent, cookie_in
from kiosk.desk import LinkNeeded
from kiosk.main import Kiosk

BELOW = "/centre"
"""Of the paths that are the centre's; the same without it are this station's."""
ANSWER_S = 30.0
CONNECT_S = 2.0
PASSING_MAX = 50
"""So many calls may be on their way."""
LOGIN = {
    ("GET", "/login"),
    ("GET", "/second-factor"),
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/logout"),
    ("GET", "/api/v1/second-factor"),
    ("POST", "/api/v1/second-factor"),
}
"""The log-in stands where it stands at the centre: its pages say so."""
_PAGE_FILE = re.compile(r"/pages/[a-z0-9-]+\.(js|css)")
_SENT = (b"accept", b"accept-encoding", b"accept-language", b"content-type", b"sec-fetch-site", b"user-agent")
_NOT_GIVEN = {"connection", "date", "keep-alive", "server", "strict-transport-security", "transfer-encoding"}


class Centre:
    """The centre's part of a station's pages; everything else goes to `app`."""

    def __init__(self, app: ASGIApp, kiosk: Kiosk) -> None:
        self._app = app
        self._kiosk = kiosk
        self._transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=PASSING_MAX), trust_env=False)
        self._passing = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and (path := self._path(scope["method"], scope["path"])) is not None:
            await self._pass_on(scope, path, receive, send)
        else:
            await self._app(scope, receive, send)

    def _path(self, method: str, path: str) -> str | None:
        """Where it is at the centre, if it is the centre's. No other event, and nothing beside these."""
        if (method, path) in LOGIN or (method == "GET" and _PAGE_FILE.fullmatch(path)):
            return path
        below = path.removeprefix(BELOW)
        ours = f"/api/v1/events/{self._kiosk.pairing.event}/"
        is_plain = ".." not in below and "//" not in below
        return below if below != path and is_plain and (below == "/api/v1/me" or below.startswith(ours)) else None

    async def _pass_on(self, scope: HTTPScope, path: str, receive: Receive, send: Send) -> None:
        headers = [one for one in scope["headers"] if one[0] in _SENT]
        token = cookie_in(scope["headers"])
        if token:
            headers.append((b"cookie", f"{COOKIE}={token}".encode()))
        is_page = not path.startswith("/api/")
        try:
            body = await _body(receive)
            if body is None:
                await _answer(
                    send, 413, msgspec.json.encode({"status": 413, "code": "too_large", "detail": "Too large."})
                )
                return
            address = quote(path)
            if scope["query_string"]:
                address += "?" + scope["query_string"].decode("latin-1")
            answer = await self._call(scope["method"], address, headers, body)
        except LinkNeeded as error:
            now = self._kiosk.now()
            if path == "/api/v1/me" and token and (may := self._kiosk.logins.may(token, now)):
                told = {"operator": None, "device": None, "may": sorted(may), "open": "/"}
                await _answer(send, 200, msgspec.json.encode(told))
            elif is_page:
                await _answer(send, 303, b"", [(b"location", b"/")])
            else:
                code = "station_no_login" if path == "/api/v1/me" else error.code
                problem = {"status": 503, "code": code, "detail": error.message}
                await _answer(send, 503, msgspec.json.encode(problem), [(b"retry-after", b"1")])
            return
        try:
            if path == "/api/v1/me":
                await answer.aread()
                self._learn(token, answer)
            elif path == "/api/v1/logout" and token:
                self._kiosk.logins.forget(token)
                self._kiosk.keep_logins()
            given = [(name.lower().encode(), value.encode("latin-1")) for name, value in _given(answer.headers)]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": given})
            if answer.is_stream_consumed:
                await send({"type": "http.response.body", "body": answer.content, "more_body": False})
                return
            async for part in answer.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await answer.aclose()
            self._passing -= 1

    async def click(self, sent: CorrectionSent) -> tuple[int, bytes]:
        """A change by ±n at this station's own door, as its device. Raises `LinkNeeded`."""
        return await self._as_device("corrections", msgspec.json.encode(sent))

    async def undo_click(self, id: str) -> tuple[int, bytes]:
        return await self._as_device(f"corrections/{quote(id, safe='')}/undo", b"")

    async def _as_device(self, path: str, body: bytes) -> tuple[int, bytes]:
        pairing = self._kiosk.pairing
        headers = [(b"authorization", f"Bearer {pairing.token}".encode()), (b"content-type", b"application/json")]
        answer = await self._call(
            "POST", f"/api/v1/events/{quote(pairing.event, safe='')}/stations/{path}", headers, body
        )
        try:
            return answer.status_code, await answer.aread()
        finally:
            await answer.aclose()
            self._passing -= 1

    async def _call(self, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> httpx.Response:
        """Raises `LinkNeeded`. Whoever gets an answer closes it and counts it off. No cookie stays here."""
        if self._passing >= PASSING_MAX:
            raise LinkNeeded("Too many calls are on their way to the centre. Try again.")
        request = httpx.Request(
            method,
            f"{self._kiosk.pairing.url}{path}",
            headers=headers,
            content=body or None,
            extensions={"timeout": {"connect": CONNECT_S, "read": ANSWER_S, "write": ANSWER_S, "pool": CONNECT_S}},
        )
        self._passing += 1
        try:
            return await self._transport.handle_async_request(request)
        except httpx.HTTPError:
            self._passing -= 1
            raise LinkNeeded("The centre cannot be reached now; nothing was changed.") from None
        except BaseException:
            self._passing -= 1
            raise

    def _learn(self, token: str, answer: httpx.Response) -> None:
        """The centre has said whose log-in this is, or that it is nobody's."""
        if not token:
            return
        if answer.status_code == 200:
            self._kiosk.logins.keep(token, answer.json()["may"], self._kiosk.now())
        elif answer.status_code == 401:
            self._kiosk.logins.forget(token)
        self._kiosk.keep_logins()


async def _body(receive: Receive) -> bytes | None:
    """All of it; None: more than `BODY_BYTES_MAX`."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(body)
        body += message["body"]
        if len(body) > BODY_BYTES_MAX:
            return None
        if not message["more_body"]:
            return bytes(body)


def _given(headers: httpx.Headers) -> Iterable[tuple[str, str]]:
    """What the browser gets of the headers. It came here without TLS, over this machine's own loop: a cookie that
    asks for TLS would not come back."""
    for name, value in headers.multi_items():
        if name.lower() == "set-cookie":
            cookie = SimpleCookie(value)
            for morsel in cookie.values():
                morsel["secure"] = ""
                yield name, morsel.OutputString()
        elif name.lower() not in _NOT_GIVEN:
            yield name, value


async def _answer(send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    kind = b"application/json" if status == 200 else b"application/problem+json"
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), *headers]},
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
