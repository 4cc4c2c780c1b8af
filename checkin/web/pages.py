"""The pages: static files, shown to those who are logged in."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.static_files import create_static_files_router

from checkin import words
from checkin.core.roles import Permission
from checkin.service.people import Principal
from checkin.web.problems import PageNeedsLogin

PAGES = Path(str(files("checkin.web") / "pages"))
ENROLLING = "/second-factor"
NOT_ALLOWED = PAGES / "not-allowed.html"

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        " connect-src 'self'; media-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), screen-wake-lock=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def page_routes(faces: Path) -> Router:
    """All pages. `faces`: the folder with the pages of the doors and displays."""

    def page(path: str, file: Path, needs: Permission | None = None, **opt: Any) -> Any:
        """`needs`: what one must be allowed; whoever is not is told so, with the way back."""

        @get(path, media_type="text/html", include_in_schema=False, opt=opt, name=f"page {path}")
        async def show(request: Request[Principal, Any, Any]) -> Response[bytes]:
            event = request.path_params.get("event")
            principal = request.scope.get("user")
            if principal is not None and principal.enrolling and path != ENROLLING:
                raise PageNeedsLogin(ENROLLING)
            if principal is not None and principal.event not in (None, event) and event is not None:
                raise PageNeedsLogin
            allowed = needs is None or (principal is not None and needs in principal.may)
            return Response(
                (file if allowed else NOT_ALLOWED).read_bytes(),
                status_code=200 if allowed else 403,
                media_type="text/html",
                headers={"Cache-Control": "no-cache"},
            )

        return show

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
            page("/operators", PAGES / "operators.html", "accounts", page=True),
            page("/events/{event:str}/setup", PAGES / "setup.html", "manage", page=True),
            page("/events/{event:str}/programme", PAGES / "programme.html", "manage", page=True),
            page("/", PAGES / "events.html", page=True),
            page("/events/{event:str}", PAGES / "live.html", "read", page=True),
            page("/events/{event:str}/simulation", PAGES / "simulation.html", "manage", page=True),
            page("/events/{event:str}/devices", PAGES / "devices.html", "manage", page=True),
            page("/events/{event:str}/exports", PAGES / "exports.html", "export", page=True),
            page("/events/{event:str}/badges", PAGES / "badges.html", "manage", page=True),
            page("/events/{event:str}/door/{door:str}", faces / "door.html", "scan", page=True),
            page("/events/{event:str}/board", faces / "board.html", "read", page=True),
            page("/events/{event:str}/room/{area:str}", faces / "room.html", "read", page=True),
            page("/events/{event:str}/clicker/{area:str}", faces / "clicker.html", "read", page=True),
            page("/events/{event:str}/desk", faces / "desk.html", "desk", page=True),
            page("/events/{event:str}/printer", faces / "printer.html", "desk", page=True),
            page("/events/{event:str}/rooms", PAGES / "rooms.html", "people", page=True),
            page("/events/{event:str}/imports", PAGES / "imports.html", "manage", page=True),
            page("/events/{event:str}/papers", PAGES / "papers.html", "manage", page=True),
            page("/events/{event:str}/paper-list", PAGES / "paper-list.html", "desk", page=True),
            page("/events/{event:str}/audit", PAGES / "audit.html", "audit", page=True),
            page("/events/{event:str}/erasure", PAGES / "erasure.html", "manage", page=True),
            page("/events/{event:str}/safety", PAGES / "safety.html", "evacuate", page=True),
            show_words,
            *static,
        ],
        response_headers=SECURITY_HEADERS,
    )
