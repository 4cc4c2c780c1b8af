"""Who asks: a bearer token for programs, a cookie for browsers. Everything not marked `public` needs one."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.enums import ScopeType
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from checkin.core.roles import Permission
from checkin.service.centre import Centre
from checkin.service.people import LOGIN_HOURS, Principal, check
from checkin.web.problems import PageNeedsLogin
from checkin.wire import COOKIE, cookie_in

DEVICE_COOKIE_DAYS = 30
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

Connection = ASGIConnection[Any, Any, Any, Any]


class Authentication(ASGIMiddleware):
    """Puts the `Principal` into the scope; 401, or the log-in page, without one."""

    exclude_opt_key = "public"

    def __init__(self, centre: Centre) -> None:
        self._gate = centre.gate

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        token, by_cookie = credentials(scope)
        principal = await self._gate.recognise(token) if token else None
        if principal is None:
            if scope["route_handler"].opt.get("page"):
                raise PageNeedsLogin
            raise NotAuthorizedException("Log in, or send “Authorization: Bearer TOKEN”.")
        if by_cookie:
            _check_origin(scope)
        scope["user"] = principal
        scope["auth"] = token
        await next_app(scope, receive, send)


def may(permission: Permission) -> Guard:
    """A guard: the principal may do this, in the event and at the door that the path names."""
    return Guard(permission)


class Guard:
    """Tells what a call needs, and asks for it."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:  # sync: through a thread
        check(connection.scope["user"], self.permission, event=connection.path_params.get("event"))


async def own_page(connection: Connection, handler: BaseRouteHandler) -> None:
    """A guard for calls that give a cookie: a page of another site may not log a browser in as somebody else
    (login CSRF)."""
    _check_origin(connection.scope)


def principal_of(connection: Connection) -> Principal:
    principal: Principal = connection.scope["user"]
    return principal


def cookie_for(token: str, connection: Connection, *, device: bool) -> Cookie:
    """Strictly necessary for the service asked for (TDDDG § 25): no consent needed."""
    return Cookie(
        key=COOKIE,
        value=token,
        httponly=True,
        samesite="lax",
        secure=connection.url.scheme == "https",
        path="/",
        max_age=DEVICE_COOKIE_DAYS * 86_400 if device else LOGIN_HOURS * 3_600,
    )


def credentials(scope: Scope) -> tuple[str | None, bool]:
    """(token, whether a browser sent it by itself)."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            return (token.strip() if kind.lower() == "bearer" else None), False
    return cookie_in(scope["headers"]) or None, True


def _check_origin(scope: Scope) -> None:
    if not is_same_origin(scope):
        raise PermissionDeniedException("A page of another site may not do this.")


def is_same_origin(scope: Scope) -> bool:
    """Whether our own page asks: what changes something, and every socket, must come from our origin.

    By `Sec-Fetch-Site`, else by `Origin` against `Host` (Go's `http.CrossOriginProtection`, OWASP's
    fetch-metadata policy). A browser sends one of them; what sends neither is no browser.
    """
    if scope.get("method") in _SAFE_METHODS and scope["type"] != ScopeType.WEBSOCKET:
        return True
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == headers.get(b"host")
