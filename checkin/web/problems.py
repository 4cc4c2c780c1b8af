"""Every error as an RFC 9457 problem document, with a stable `code`."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect

from checkin.core.errors import BadInput, Busy, CheckinError, Conflict, NotAllowed, NotFound, TooLarge
from checkin.service.intake import RETRY_AFTER_S
from checkin.service.people import LoginFailed, SecondFactorNeeded, TooManyAttempts
from checkin.service.works import Cancelled
from checkin.store.engine import StoreBusy, StoreFull

STATUS: tuple[tuple[type[CheckinError], int, str], ...] = (
    (LoginFailed, 401, "Not logged in"),
    (SecondFactorNeeded, 401, "Second factor needed"),
    (TooManyAttempts, 429, "Too often"),
    (BadInput, 422, "Content that cannot be used"),
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Conflict"),
    (Cancelled, 409, "Stopped"),
    (NotAllowed, 403, "Not allowed"),
    (TooLarge, 413, "Too large"),
    (Busy, 503, "Busy"),
    (StoreFull, 503, "Store full"),
    (StoreBusy, 503, "Store busy"),
)

UNFORESEEN = "Something went wrong here. It was logged; try again."
NOT_NOW = "The service cannot use its database just now. Keep what you have and send it again."

CLIENT_GONE = "client disconnected prematurely"
"""What Litestar says, as a server's error, where the client hangs up in the middle of a body."""

log = logging.getLogger(__name__)


def said_of(error: CheckinError | None) -> tuple[int, str, str]:
    """(status, code, detail) of an error; None: of one that nobody foresaw."""
    for kind, status, _ in STATUS:
        if isinstance(error, kind):
            return status, error.code, error.message
    return 500, "internal", UNFORESEEN


class PageNeedsLogin(Exception):
    """A page was asked for without a log-in, or without the second factor that the role needs: the browser
    is shown the page where that is done first."""

    def __init__(self, page: str = "/login") -> None:
        super().__init__(page)
        self.page = page


def problem(status: int, title: str, detail: str, code: str, **data: Any) -> Response[bytes]:
    """A problem document. `data` becomes further members."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **data}
    headers = (
        {"Retry-After": str(max(1, round(data.get("retry_after_s", RETRY_AFTER_S))))} if status in (429, 503) else {}
    )
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(body, enc_hook=str),  # a fault of a layout is a text that knows its place
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )


def checkin_error(request: Request[Any, Any, Any], error: CheckinError) -> Response[bytes]:
    for kind, status, title in STATUS:
        if isinstance(error, kind):
            return problem(status, title, told_of(request, error), error.code, **error.data)
    return unforeseen(request, error)


def told_of(request: Request[Any, Any, Any], error: CheckinError) -> str:
    """The detail, for this client. What is the matter with the database may name hosts and users: that is for the log,
    where nobody is logged in."""
    if isinstance(error, StoreBusy | StoreFull) and request.scope.get("user") is None:
        log.warning("not answered: %s", error)
        return NOT_NOW
    return error.message


def http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    status = error.status_code
    if status == 500 and error.detail == CLIENT_GONE:  # nobody reads the answer, and nothing is wrong here
        return problem(400, "Incomplete", "The request ended before its content did. Send it again.", "incomplete")
    if status == 500:
        return unforeseen(request, error)
    if isinstance(error, ValidationException) or status == 400:
        places = [f"{fault.get('key') or 'body'}: {fault['message']}" for fault in _faults(error)]
        detail = "; ".join(places) or error.detail
        return problem(422, "Content that cannot be used", detail, "content_invalid")
    if status == 413:
        return problem(413, "Too large", "The request is larger than this call takes.", "too_large")
    return problem(status, error.__class__.__name__.removesuffix("Exception"), error.detail, f"http_{status}")


def unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The details go to the log, for the operator; the client learns that it is not its fault."""
    log.error("unforeseen error in %s %s", request.method, request.url.path, exc_info=error)
    return problem(500, "Internal error", UNFORESEEN, "internal")


def content_error(request: Request[Any, Any, Any], error: msgspec.MsgspecError) -> Response[bytes]:
    return problem(422, "Content that cannot be used", str(error), "content_invalid")


def to_login(request: Request[Any, Any, Any], error: PageNeedsLogin) -> Redirect:
    return Redirect(error.page, status_code=303, query_params={"next": request.url.path})


def _faults(error: HTTPException) -> list[dict[str, Any]]:
    extra = error.extra
    return (
        [fault for fault in extra if isinstance(fault, dict) and "message" in fault] if isinstance(extra, list) else []
    )


HANDLERS: dict[Any, Any] = {
    CheckinError: checkin_error,
    PageNeedsLogin: to_login,
    HTTPException: http_error,
    msgspec.MsgspecError: content_error,
    Exception: unforeseen,
}
