"""Refusing early: where more comes in than can be answered, saying so must cost next to nothing."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from checkin.service import metrics
from checkin.service.intake import COMMIT_SCANS_MAX, RETRY_AFTER_S

SCANS_UNDER_WAY_MAX = 2 * COMMIT_SCANS_MAX
"""Scans that this node has begun to answer: while one commit goes on, the next is full. More of them would make none
faster, and each one later."""
SCANS_UNDER_WAY_MIN = 256
"""So many are let in however slow the machine: fewer would be answered hardly sooner, and each batch costs the same."""
SCAN_S_MAX = 0.5
"""No more scans are begun than were answered lately in this time: so long an accepted one waits."""
CALLS_UNDER_WAY_MAX = 4 * SCANS_UNDER_WAY_MAX
"""Calls of every kind: pages that many people open at once do not take a door's memory."""

_PROBLEM = {
    "type": "about:blank",
    "title": "Busy",
    "status": 503,
    "detail": "Too much is asked of this node at once. Keep what you have and send it again.",
    "code": "overloaded",
}
_BODY = msgspec.json.encode(_PROBLEM)
_START: Any = {
    "type": "http.response.start",
    "status": 503,
    "headers": [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"retry-after", str(RETRY_AFTER_S).encode()),
    ],
}
_END: Any = {"type": "http.response.body", "body": _BODY}


class RefuseEarly:
    """Around the application: what is beyond the bounds is answered 503 with Retry-After before anybody is
    recognised, a body read or a route looked for. What was let in is answered as ever.

    How many scans may be under way is learned from those that were answered: one that took too long behind so many
    others says how many it should have been.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._scans = 0
        self._calls = 0
        self._room = COMMIT_SCANS_MAX

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        scans = scope["path"].endswith("/scans")
        if self._calls >= CALLS_UNDER_WAY_MAX or (scans and self._scans >= min(self._room, SCANS_UNDER_WAY_MAX)):
            metrics.OVERLOADED.inc()
            await send(_START)
            await send(_END)
            return
        self._calls += 1
        self._scans += scans
        under_way, began_s = self._scans, time.monotonic()
        try:
            await self.app(scope, receive, send)
        finally:
            self._calls -= 1
            self._scans -= scans
            if scans:
                self._learn(under_way, time.monotonic() - began_s)

    def _learn(self, under_way: int, took_s: float) -> None:
        if took_s > SCAN_S_MAX:
            self._room = max(SCANS_UNDER_WAY_MIN, min(self._room, int(under_way * SCAN_S_MAX / took_s)))
        elif self._room < SCANS_UNDER_WAY_MAX:
            self._room += 1
