"""Sends webhooks their messages: a follower of the facts for each, in order, until each was taken.

Of several nodes one does it (`Duty`). Each webhook has a task that reads from its own cursor, so neither doors
nor other webhooks wait for a slow one; a poke says that there may be more, a slow poll beneath finds what
nobody poked for. A message counts as sent once its answer is noted: where this program ends between the two
it is sent again, and whoever takes it knows it by the ids of its events.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import httpcore
import msgspec
from msgspec import Struct

from checkin.core.errors import Conflict
from checkin.service import webhooks
from checkin.service.duty import Duty
from checkin.service.people import wall_ms
from checkin.service.venues import Venue, Venues
from checkin.service.webhooks import DeliveryShown, Message
from checkin.store import webhooks as stored
from checkin.store.engine import Store, Transaction
from checkin.store.webhooks import Delivery, Webhook

POLL_S = 5.0
GAP_S = 0.2
"""Between two messages of one webhook: what happens meanwhile goes into the next together."""
CONNECT_S_MAX = 5.0
ANSWER_S_MAX = 15.0
ANSWER_BYTES_MAX = 4 * 1024
"""Read of an answer, and thrown away: the status says all."""
RETRY_S = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0)
"""After each attempt that failed; from the last on it stays so."""
JITTER = 0.2
FAILING_DAYS_MAX = 3
SKIPPED_FACTS_MAX = 1_000
"""After so many facts that do not concern a webhook its cursor is written down all the same."""
CONNECTIONS_MAX = 100
USER_AGENT = b"checkin-webhooks/1"

log = logging.getLogger(__name__)


class AddressRefused(Exception):
    """The name leads to an address inside: of this machine, or of the house's network."""


class Outcome(Struct, frozen=True):
    """How a sending went: `status` of HTTP where there was an answer, `fault` empty where it was taken."""

    status: int | None
    fault: str
    duration_ms: int
    retry_after_s: float = 0.0


class Deliveries:
    """The followers of all active webhooks of this database. `clock`: the event's; waits are by real time.

    `private`: messages may go to addresses of the house's own network, and by plain http.
    """

    def __init__(
        self, store: Store, venues: Venues, clock: Callable[[], int], *, duty: Duty, private: bool = False
    ) -> None:
        self._store = store
        self._duty = duty
        self._venues = venues
        self._clock = clock
        self.private = private
        self.retry_s: Sequence[float] = RETRY_S
        self._followers: dict[str, tuple[str, asyncio.Task[None], asyncio.Event]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._pool: httpcore.AsyncConnectionPool | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="webhooks")

    async def close(self) -> None:
        tasks = [task for _, task, _ in self._followers.values()]
        if self._task is not None:
            tasks.append(self._task)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._followers.clear()
        if self._pool is not None:
            await self._pool.aclose()

    def poke(self, slug: str) -> None:
        """There is more: something of this event was committed."""
        for event, _, poked in self._followers.values():
            if event == slug:
                poked.set()

    def look_again(self) -> None:
        """A webhook was added, removed or changed."""
        self._changed.set()
        for _, _, poked in self._followers.values():
            poked.set()

    async def send_test(self, slug: str, id: str) -> DeliveryShown:
        """Send a test now, whatever state the webhook is in. Raises `NotFound`."""
        webhook, venue = await self._store.read(lambda tx: self._of(tx, slug, id))
        return await self._send_now(webhook, venue, webhooks.test_message(venue, wall_ms()))

    async def send_again(self, slug: str, id: str, number: int) -> DeliveryShown:
        """Send a message of the log once more; the webhook's own place stays. Raises `NotFound`, `Conflict`."""

        def read(tx: Transaction) -> tuple[Webhook, Venue, Message]:
            webhook, venue = self._of(tx, slug, id)
            return webhook, venue, webhooks.same_message(tx, venue, webhook, number)

        webhook, venue, message = await self._store.read(read)
        if not message.events:
            raise Conflict("Nothing of this message is left: its facts were deleted.", code="delivery_empty")
        return await self._send_now(webhook, venue, message)

    def _of(self, tx: Transaction, slug: str, id: str) -> tuple[Webhook, Venue]:
        return webhooks.webhook_of(tx, self._venues, slug, id), self._venues.venue(tx, slug)

    async def _send_now(self, webhook: Webhook, venue: Venue, message: Message) -> DeliveryShown:
        outcome = await self._post(webhook, venue, message)
        delivery = _noted(message, outcome)
        kept = await self._store.write(
            lambda tx: stored.add_delivery(tx, webhook.id, delivery, webhooks.DELIVERIES_KEPT_MAX)
        )
        return webhooks.delivery_shown(kept, venue)

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            try:
                active = dict(await self._store.read(stored.active_webhooks)) if self._duty.is_ours else {}
            except Exception as error:
                log.warning("webhooks not read, trying again: %s", error)
            else:
                for id, (_, task, _) in tuple(self._followers.items()):
                    if id not in active or task.done():
                        task.cancel()
                        del self._followers[id]
                for id, slug in active.items():
                    if id not in self._followers:
                        poked = asyncio.Event()
                        task = asyncio.create_task(self._follow(id, slug, poked), name=f"webhook {id}")
                        self._followers[id] = (slug, task, poked)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._changed.wait()

    async def _follow(self, id: str, slug: str, poked: asyncio.Event) -> None:
        """Serve one webhook until it is no longer active, or another node does it."""
        skipped_to = 0
        while True:
            poked.clear()
            try:
                read = partial(self._next, slug=slug, id=id, skipped_to=skipped_to)
                webhook, venue, message = await self._store.read(read)
                if webhook is None or venue is None or webhook.state != "active":
                    return
                wait_s = (webhook.next_at - wall_ms()) / 1000
                if not self._duty.is_ours:
                    return
                if wait_s <= 0 and message is not None and message.events:
                    await self._deliver(webhook, venue, message)
                    wait_s = GAP_S
                    poked.set()
                elif message is not None and wait_s <= 0:
                    more, skipped_to = message.until_seq > skipped_to, max(skipped_to, message.until_seq)
                    if webhook.attempt or skipped_to - webhook.cursor_seq >= SKIPPED_FACTS_MAX:
                        await self._store.write(partial(webhooks.skip, webhook=webhook, seq=skipped_to))
                    if more:
                        poked.set()
            except Exception as error:
                # A follower outlives a fault of the database, or of its own.
                log.warning("webhook %s: %s, trying again", id, error)
                wait_s = POLL_S
            await self._wait(poked, wait_s)

    async def _wait(self, poked: asyncio.Event, wait_s: float) -> None:
        """So long at least, in steps after which a change of the webhook is seen; then until there may be more."""
        if wait_s > 0:
            await asyncio.sleep(min(wait_s, POLL_S))
        if wait_s <= GAP_S:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await poked.wait()

    async def _deliver(self, webhook: Webhook, venue: Venue, message: Message) -> None:
        outcome = await self._post(webhook, venue, message)
        delivery = _noted(message, outcome)
        next_at, why = self._after(webhook, message, outcome, delivery.at)
        if why:
            log.warning("webhook %s of %s is disabled: %s", webhook.id, webhook.slug, why)
        now = self._clock()
        await self._store.write(
            lambda tx: webhooks.settle(tx, webhook, message, delivery, next_at=next_at, why=why, now=now)
        )

    def _next(
        self, tx: Transaction, slug: str, id: str, skipped_to: int
    ) -> tuple[Webhook | None, Venue | None, Message | None]:
        webhook = stored.load_webhook(tx, id)
        if webhook is None:
            return None, None, None
        venue = self._venues.venue(tx, slug)
        read_from = msgspec.structs.replace(webhook, cursor_seq=max(webhook.cursor_seq, skipped_to))
        return webhook, venue, webhooks.next_message(tx, venue, read_from)

    def _after(self, webhook: Webhook, message: Message, outcome: Outcome, at: int) -> tuple[int | None, str]:
        """When to send it again (None: it was taken), and why never again."""
        if not outcome.fault:
            return None, ""
        if outcome.status == 410:
            return at, "gone"
        if webhook.failing_since is not None and at - webhook.failing_since >= FAILING_DAYS_MAX * 86_400_000:
            return at, "failed_for_days"
        pause_s = self.retry_s[min(message.attempt, len(self.retry_s)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)
        return at + round(max(pause_s, outcome.retry_after_s) * 1000), ""

    async def _post(self, webhook: Webhook, venue: Venue, message: Message) -> Outcome:
        at_s = wall_ms() // 1000
        headers = {
            "content-type": "application/json",
            **webhooks.signed(webhooks.secret_of(venue.key, webhook.id), message, at_s),
        }
        started = time.monotonic()
        status, fault, retry_after_s = await self._answer(webhook.url, headers, message.body)
        return Outcome(status, fault, round((time.monotonic() - started) * 1000), retry_after_s)

    async def _answer(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int | None, str, float]:
        """(status, fault, how long to wait at least). Redirects are not followed: they could lead inside."""
        if url.startswith("http:") and not self.private:
            return None, "not_https", 0.0
        timeout = {"connect": CONNECT_S_MAX, "read": ANSWER_S_MAX, "write": ANSWER_S_MAX, "pool": ANSWER_S_MAX}
        sent = [(b"user-agent", USER_AGENT), *((name.encode(), value.encode()) for name, value in headers.items())]
        try:
            async with (
                asyncio.timeout(ANSWER_S_MAX),
                self._connections().stream(
                    "POST", url, headers=sent, content=body, extensions={"timeout": timeout}
                ) as response,
            ):
                read = 0
                async for part in response.aiter_stream():
                    read += len(part)
                    if read > ANSWER_BYTES_MAX:
                        break
                status = response.status
                retry_after = dict(response.headers).get(b"Retry-After") or dict(response.headers).get(b"retry-after")
        except AddressRefused:
            return None, "address_private", 0.0
        except (TimeoutError, httpcore.TimeoutException):
            return None, "timeout", 0.0
        except (ssl.SSLError, httpcore.ConnectError) as error:
            return None, "tls" if "SSL" in str(error) or "CERTIFICATE" in str(error) else "unreachable", 0.0
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError):
            return None, "broken_off", 0.0
        if 200 <= status < 300:
            return status, "", 0.0
        if 300 <= status < 400:
            return status, "redirected", 0.0
        waits = (
            float(retry_after) if retry_after is not None and retry_after.isdigit() and status in (429, 503) else 0.0
        )
        return status, "status", min(waits, RETRY_S[-1])

    def _connections(self) -> httpcore.AsyncConnectionPool:
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=ssl.create_default_context(),
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=webhooks.WEBHOOKS_MAX,
                keepalive_expiry=30.0,
                network_backend=Guarded(lambda: self.private),
            )
        return self._pool


class Guarded(httpcore.AsyncNetworkBackend):
    """Looks a name up, checks every address that it leads to, and connects to one that was checked: a name
    that leads elsewhere the next moment (DNS rebinding) does not get past it."""

    def __init__(self, private: Callable[[], bool]) -> None:
        self._private = private
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore calls it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known") from error
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        if not self._private() and not all(webhooks.is_outside(address) for address in addresses):
            raise AddressRefused(host)
        fault: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise AddressRefused(path)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _noted(message: Message, outcome: Outcome) -> Delivery:
    return Delivery(
        message=message.id,
        what=message.what,
        after_seq=message.after_seq,
        until_seq=message.until_seq,
        events=message.events,
        at=wall_ms(),
        attempt=message.attempt,
        status=outcome.status,
        fault=outcome.fault,
        duration_ms=outcome.duration_ms,
    )
