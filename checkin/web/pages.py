"""The pages: static files, shown to those who are logged in."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException, NotFoundException
from litestar.static_files import create_static_files_router

from checkin import words
from checkin.core import roles
from checkin.core.errors import CheckinError, NotFound
from checkin.core.roles import Permission
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.store.engine import Transaction
from checkin.web.problems import PageNeedsLogin, checkin_error, http_error

PAGES = Path(str(files("checkin.web") / "pages"))
ENROLLING = "/second-factor"
ACCOUNT = "/account"
NOT_ALLOWED = PAGES / "not-allowed.html"
NOT_FOUND = PAGES / "not-found.html"
NOT_NOW = PAGES / "not-now.html"

SECURITY_HEADERS = {
    # No form goes anywhere by itself: one that is sent before the page's script has begun would put what was typed,
    # a password too, into the address.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; media-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), screen-wake-lock=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def not_found(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """At an address where nothing is: a page for people, a problem document for programs."""
    if not _is_for_people(request):
        return http_error(request, error)
    return Response(NOT_FOUND.read_bytes(), status_code=404, media_type="text/html", headers=SECURITY_HEADERS)


def not_now(request: Request[Any, Any, Any], error: CheckinError) -> Response[bytes]:
    """What failed. What may go well a little later: for people a page that tries again by itself."""
    told = checkin_error(request, error)
    if told.status_code != 503 or request.method != "GET" or not _is_for_people(request):
        return told
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", "Retry-After": told.headers["Retry-After"]}
    return Response(NOT_NOW.read_bytes(), status_code=503, media_type="text/html", headers=headers)


def _is_for_people(request: Request[Any, Any, Any]) -> bool:
    return "text/html" in request.headers.get("Accept", "")


async def _look_for(centre: Centre, event: str, area: str | None) -> None:
    """Raises `NotFoundException` for an event, or an area of it, that does not exist."""

    def is_there(tx: Transaction) -> bool:
        centre.venues.id(tx, event)
        return area is None or area in centre.venues.venue(tx, event).layout.areas

    try:
        found = await centre.store.glance(is_there)
    except NotFound:
        found = False
    if not found:
        raise NotFoundException("There is no such page.")


def page_routes(faces: Path) -> Router:
    """All pages. `faces`: the folder with the pages of the doors and displays."""

    def page(path: str, file: Path, needs: Permission | None = None, **opt: Any) -> Any:
        """`needs`: what one must be allowed, by the table of `core/roles.py` for an event's pages; whoever is not is
        told so, with the way back."""

        @get(path, media_type="text/html", include_in_schema=False, opt=opt, name=f"page {path}")
        async def show(request: Request[Principal, Any, Any], centre: NamedDependency[Centre]) -> Response[bytes]:
            event = request.path_params.get("event")
            principal = request.scope.get("user")
            if principal is not None and principal.enrolling and path != ENROLLING:
                raise PageNeedsLogin(ENROLLING)
            if principal is not None and principal.unconfirmed and path not in (ENROLLING, ACCOUNT):
                raise PageNeedsLogin(ACCOUNT)
            if principal is not None and principal.event not in (None, event) and event is not None:
                raise PageNeedsLogin
            if event is not None:
                await _look_for(centre, event, request.path_params.get("area"))
            allowed = needs is None or (principal is not None and needs in principal.may)
            return Response(
                (file if allowed else NOT_ALLOWED).read_bytes(),
                status_code=200 if allowed else 403,
                media_type="text/html",
                headers={"Cache-Control": "no-cache"},
            )

        return show

    def of_event(path: str, file: Path) -> Any:
        name = path.partition("/")[0]
        return page(f"/events/{{event:str}}/{path}".rstrip("/"), file, roles.PAGES[name], page=True)

    module = words.module()

    @get(f"/faces/{words.MODULE_NAME}", media_type="text/javascript", include_in_schema=False, opt={"public": True})
    async def show_words(request: Request[Principal, Any, Any]) -> Response[bytes]:
        is_known = request.headers.get("If-None-Match") == module.etag
        return Response(
            b"" if is_known else module.content,
            status_code=304 if is_known else 200,
            media_type="text/javascript",
            headers={"ETag": module.etag, "Cache-Control": "no-cache"},
        )

    static = [
        create_static_files_router(path=path, directories=[folder], opt={"public": True}, include_in_schema=False)
        for path, folder in (("/faces", faces), ("/pages", PAGES))
    ]
    return Router(
        path="/",
        route_handlers=[
            page("/login", PAGES / "login.html", public=True),
            page("/pair", PAGES / "pair.html", public=True),
            page("/verify", PAGES / "verify.html", public=True),
            page("/welcome", PAGES / "welcome.html", public=True),
            page(ENROLLING, PAGES / "second-factor.html", page=True),
            page(ACCOUNT, PAGES / "account.html", page=True),
            page("/operators", PAGES / "operators.html", "accounts", page=True),
            of_event("setup", PAGES / "setup.html"),
            of_event("programme", PAGES / "programme.html"),
            page("/", PAGES / "events.html", page=True),
            of_event("", PAGES / "live.html"),
            of_event("simulation", PAGES / "simulation.html"),
            of_event("devices", PAGES / "devices.html"),
            of_event("exports", PAGES / "exports.html"),
            of_event("badges", PAGES / "badges.html"),
            of_event("door/{door:str}", faces / "door.html"),
            of_event("board", faces / "board.html"),
            of_event("room/{area:str}", faces / "room.html"),
            of_event("clicker/{area:str}", faces / "clicker.html"),
            of_event("desk", faces / "desk.html"),
            of_event("printer", faces / "printer.html"),
            of_event("rooms", PAGES / "rooms.html"),
            of_event("imports", PAGES / "imports.html"),
            of_event("papers", PAGES / "papers.html"),
            of_event("paper-list", PAGES / "paper-list.html"),
            of_event("audit", PAGES / "audit.html"),
            of_event("erasure", PAGES / "erasure.html"),
            of_event("safety", PAGES / "safety.html"),
            of_event("stations", PAGES / "stations.html"),
            show_words,
            *static,
        ],
        response_headers=SECURITY_HEADERS,
    )
