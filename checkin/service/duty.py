"""What one node of several does for all: webhooks, alerts, what time alone brings about.

Whoever holds the lease renews it; whoever does not watches it. One that has not been renewed for
`TAKEN_OVER_AFTER_S`, by the watcher's own steady clock, is taken over; its holder has given up by then
(`GIVEN_UP_AFTER_S`), also where it hangs or has lost the database. No two clocks are compared.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from checkin.service.people import steady_s
from checkin.store.engine import Store
from checkin.store.leases import Lease, drop_lease, load_lease, renew_lease, take_lease

GIVEN_UP_AFTER_S = 10.0
TAKEN_OVER_AFTER_S = 15.0
"""Longer than a holder needs to give up, by as much as one step of its work may take."""
NAME = "rounds"

log = logging.getLogger(__name__)


async def is_at_work(store: Store) -> bool:
    """Whether a node does its rounds on this database. Where one did, it takes a while to tell."""
    first = None if store.alone else await store.read(lambda tx: load_lease(tx, NAME))
    if first is None:
        return False
    await asyncio.sleep(GIVEN_UP_AFTER_S)
    return first != await store.read(lambda tx: load_lease(tx, NAME))


class Duty:
    """Whether this node is the one. Where there is one node alone, it is. `steady` in seconds."""

    def __init__(self, store: Store, steady: Callable[[], float] = steady_s) -> None:
        self._store = store
        self._steady = steady
        self._node = secrets.token_hex(8)
        self._renewed_at: float | None = None
        self._seen: Lease | None = None
        self._seen_at = steady()

    @property
    def is_ours(self) -> bool:
        if self._store.alone:
            return True
        return self._renewed_at is not None and self._steady() - self._renewed_at < GIVEN_UP_AFTER_S

    async def look(self) -> bool:
        """Renew the lease, or take it over where its holder is silent; whether that has just made us the one."""
        if self._store.alone:
            return False
        was_ours, at_s = self.is_ours, self._steady()
        if was_ours and await self._store.write(lambda tx: renew_lease(tx, NAME, self._node)):
            self._renewed_at = at_s  # of before the writing: it may have taken long
            return False
        self._renewed_at = None
        lease = await self._store.read(lambda tx: load_lease(tx, NAME))
        if lease != self._seen:
            self._seen, self._seen_at = lease, at_s
        is_free = lease is None or lease.holder == self._node or at_s - self._seen_at >= TAKEN_OVER_AFTER_S
        if not is_free or not await self._store.write(lambda tx: take_lease(tx, NAME, self._node, lease)):
            return False
        self._renewed_at = at_s
        log.info("this node sends webhooks, raises alerts and follows the clock from now on")
        return True

    async def close(self) -> None:
        """Let another take over at once."""
        if self._renewed_at is not None and not self._store.alone:
            self._renewed_at = None
            await self._store.write(lambda tx: drop_lease(tx, NAME, self._node))
