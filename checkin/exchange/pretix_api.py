"""Orders fetched from a pretix by its API, with a token that is used for this and kept nowhere.

Source: docs.pretix.eu/dev/api, fundamentals (pages by `next`, 429 with Retry-After) and the resources read here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from checkin.core.errors import BadInput, Busy, CheckinError, NotAllowed, NotFound, TooLarge

PAGES_MAX = 4_000
FETCHED_BYTES_MAX = 200 * 1024 * 1024
ANSWER_S_MAX = 30.0
FETCH_S_MAX = 1_800.0
TRIES_MAX = 6
RETRY_AFTER_S_MAX = 120.0

Progress = Callable[[int, int], Awaitable[None]]


async def _nobody_asks(done: int, total: int) -> None:
    """Where no progress is shown."""


async def fetch_orders(
    url: str,
    organizer: str,
    event: str,
    token: str,
    *,
    progress: Progress = _nobody_asks,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> bytes:
    """All orders of an event with its items and questions, in the form of pretix's JSON export. `progress` is told
    how many orders of how many are there.

    It waits as long as pretix asks it to (429), tries again what fails for a moment, follows no address but that
    of `url`, and ends after half an hour. Raises `BadInput` for an address that cannot be used, `NotAllowed` for a
    token that may not, `NotFound` for an event that is not there, `Busy` where pretix does not answer, `TooLarge`.
    """
    base = _base(url)
    path = f"{base}/api/v1/organizers/{quote(organizer, safe='')}/events/{quote(event, safe='')}"
    headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
    async with httpx.AsyncClient(headers=headers, timeout=ANSWER_S_MAX, follow_redirects=False) as client:
        fetching = _Fetching(client, base, sleep)
        try:
            async with asyncio.timeout(FETCH_S_MAX):
                items = await fetching.all(f"{path}/items/")
                questions = await fetching.all(f"{path}/questions/")
                orders = await fetching.all(f"{path}/orders/?include_canceled_positions=true", progress, _order)
        except TimeoutError as error:
            raise Busy("pretix took longer than half an hour. Try again later, or upload its export.") from error
    return json.dumps({"event": {"orders": orders, "items": items, "questions": questions}}).encode()


_ORDER = {"code", "status", "testmode", "email", "phone", "locale", "datetime", "invoice_address", "positions"}
_POSITION = {
    *("id", "item", "variation", "canceled", "addon_to", "secret", "attendee_name", "attendee_name_parts"),
    *("attendee_email", "company", "street", "zipcode", "city", "state", "answers"),
}


def _order(order: Any) -> Any:
    """What is read of an order: the rest (payments, fees, downloads) is most of it."""
    if not isinstance(order, dict):
        return order
    kept = {key: value for key, value in order.items() if key in _ORDER}
    positions = [{key: value for key, value in one.items() if key in _POSITION} for one in order.get("positions") or []]
    return {**kept, "positions": positions}


def _base(url: str) -> str:
    parts = urlsplit(url.strip().rstrip("/"))
    is_here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.scheme not in ("https", "http") or parts.username or parts.password:
        raise BadInput("Give pretix’s address as https://… without a name or password in it.", code="pretix_address")
    if parts.scheme == "http" and not is_here:
        raise BadInput(
            "Give pretix’s address as https://…: the token would be readable on the way.", code="pretix_address"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


class _Fetching:
    """Pages of pretix, one after the other, within limits."""

    def __init__(self, client: httpx.AsyncClient, base: str, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._client = client
        self._base = base
        self._sleep = sleep
        self._bytes = 0
        self._pages = 0

    async def all(
        self, address: str | None, progress: Progress = _nobody_asks, needed: Callable[[Any], Any] = lambda one: one
    ) -> list[Any]:
        """The results of all pages from this address on; of each what is `needed`."""
        found: list[Any] = []
        while address is not None:
            if not address.startswith(f"{self._base}/api/v1/"):
                raise BadInput(
                    "pretix names a next page at another address than its own. Use the address it names itself by.",
                    code="pretix_address",
                )
            self._pages += 1
            if self._pages > PAGES_MAX:
                raise TooLarge(f"pretix has more than {PAGES_MAX:,} pages.")
            page = await self._page(address)
            found += [needed(one) for one in page["results"]]
            address = page.get("next")
            await progress(len(found), int(page.get("count") or len(found)))
        return found

    async def _page(self, address: str) -> dict[str, Any]:
        for attempt in range(1, TRIES_MAX + 1):
            status, headers, body = await self._answer(address)
            if status == 200:
                try:
                    page = json.loads(body)
                    if isinstance(page, dict) and isinstance(page.get("results"), list):
                        return page
                except (ValueError, RecursionError):
                    pass
                raise BadInput("This address answers, but not as pretix does.", code="pretix_address")
            _check_status(status)
            if attempt < TRIES_MAX:
                await self._sleep(_pause_s(headers.get("Retry-After", ""), attempt))
        raise Busy(
            "pretix does not answer, or asks to wait again and again. Try later, or upload its export.",
            code="pretix_away",
        )

    async def _answer(self, address: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body; status 0 where there was no answer."""
        try:
            async with self._client.stream("GET", address) as answer:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if self._bytes + len(body) > FETCHED_BYTES_MAX:
                        raise TooLarge(
                            f"pretix sends more than {FETCHED_BYTES_MAX:,} bytes. Upload its export as XLSX instead."
                        )
                self._bytes += len(body)
                return answer.status_code, answer.headers, bytes(body)
        except httpx.InvalidURL as error:
            raise BadInput("This is no address of a pretix.", code="pretix_address") from error
        except httpx.HTTPError:
            return 0, {}, b""


def _check_status(status: int) -> None:
    """What waiting does not mend."""
    refused: CheckinError | None = None
    if status in (401, 403):
        refused = NotAllowed(
            "pretix refuses the token. It needs the rights to see orders, of a team that has this event.",
            code="pretix_token",
        )
    elif status == 404:
        refused = NotFound("pretix has no such organiser or event.", code="pretix_event")
    elif 300 <= status < 500 and status not in (408, 409, 425, 429):
        refused = BadInput(f"This address answers with {status}, not as pretix does.", code="pretix_address")
    if refused is not None:
        raise refused


def _pause_s(retry_after: str, attempt: int) -> float:
    try:
        return min(RETRY_AFTER_S_MAX, max(0.0, float(retry_after)))
    except ValueError:
        return float(min(RETRY_AFTER_S_MAX, 2.0**attempt))
