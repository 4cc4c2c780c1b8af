"""Is it well, and what Prometheus reads."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from checkin.service import metrics
from checkin.service.centre import Centre
from checkin.store.engine import StoreFull, Transaction
from checkin.web.auth import may

ANSWER_S_MAX = 5.0
FULL = "The database has no space left. Free some; nothing that was answered is lost."
FAILED = (
    "The database cannot be read and written. The log of this node says why; doors keep what they scan until it can."
)
"""Anybody may ask, so nothing is told of where the database is and who uses it."""

log = logging.getLogger(__name__)


@get("/health", opt={"public": True})
async def health(centre: NamedDependency[Centre]) -> Response[dict[str, Any]]:
    """200 `{"status": "ok"}` when the database can be read and written, else 503. `detail`: what an operator should
    see to; beside "ok" although everything goes on."""
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            await centre.store.write(_touch)
    except Exception as error:
        log.warning("not well: %s %s", type(error).__name__, error)
        return Response(
            {"status": "failed", "detail": FULL if isinstance(error, StoreFull) else FAILED}, status_code=503
        )
    ailing = centre.store.ailing
    return Response({"status": "ok", **({"detail": ailing} if ailing else {})})


@get("/metrics", guards=[may("read")], media_type="text/plain; version=0.0.4")
async def read_metrics(centre: NamedDependency[Centre]) -> bytes:
    await centre.measure()
    return metrics.text()


def _touch(tx: Transaction) -> None:
    """Takes the writer's lock, so that a database which is locked or full shows."""
    tx.row("SELECT count(*) FROM event")
