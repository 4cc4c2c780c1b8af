"""Texts at the edge: what people send can be read by people, and kept by every database."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.enums import RequestEncodingType, ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from checkin.core.errors import BadInput
from checkin.wire import legible, without_nul

_OF_SCANS = ("/scans", "/scan-batches")


class LegibleRequest(Request[Any, Any, Any]):
    """A request whose body is `legible`: JSON, or the TOML of a layout. Files come as forms, and are read by
    `checkin.exchange`."""

    async def body(self) -> bytes:
        content = await super().body()
        if self.content_type[0] == RequestEncodingType.URL_ENCODED:
            return content
        return legible(without_nul(content) if self.scope["path"].endswith(_OF_SCANS) else content)


class LegibleAddress(ASGIMiddleware):
    """No NUL in a path or a query. Whatever else is not UTF-8 there is read as U+FFFD by the server."""

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise BadInput("There is a NUL character in the address. Take it out.", code="text_nul")
        await next_app(scope, receive, send)
