"""One event's occupancy, followed and fanned out to websockets.

Nothing is queued for anybody. The state of every area bears the number of the tick that changed it
last; a client remembers the tick it was sent. After a tick each client that is not busy sending is
woken and gets what changed since its own; one that is slow gets the latest state when its socket
takes something again. So a slow client delays no other, and costs no memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection

import msgspec

from checkin.core.errors import Busy
from checkin.wire import AreaNow, Heartbeat, Occupancy, OccupancyChange, Snapshot

TICK_S_MIN = 0.1
"""At most ten changes a second to each client."""
POLL_S = 1.0
"""Beneath the pokes: finds what another process has committed, and what the clock alone changes."""
HEARTBEAT_S = 4.0
SEND_S_MAX = 30.0
"""A client whose socket takes nothing for so long is dropped."""
CLIENTS_MAX = 20_000

log = logging.getLogger(__name__)

Send = Callable[[bytes], Awaitable[None]]


class Client:
    """One websocket. `holder` names who opened it, to drop it when that one is revoked."""

    def __init__(self, holder: str, task: asyncio.Task[None]) -> None:
        self.holder = holder
        self.task = task
        self.sending_since: float | None = None


class View:
    """What those who asked for the same areas are sent; encoded once for all of them."""

    def __init__(self, broadcast: Broadcast, wanted: frozenset[str] | None) -> None:
        self._broadcast = broadcast
        self._wanted = wanted
        self._encoded: dict[int, bytes | None] = {}
        self._encoded_at = -1

    def snapshot(self) -> bytes:
        return msgspec.json.encode(Snapshot(seq=self._broadcast.seq, areas=self._areas(since=-1)))

    def change(self, since: int) -> bytes | None:
        """What changed after tick `since`, or None."""
        if self._encoded_at != self._broadcast.tick:
            self._encoded_at = self._broadcast.tick
            self._encoded.clear()
        if since not in self._encoded:
            areas = self._areas(since)
            change = OccupancyChange(seq=self._broadcast.seq, areas=areas)
            self._encoded[since] = msgspec.json.encode(change) if areas else None
        return self._encoded[since]

    def _areas(self, since: int) -> list[AreaNow]:
        return [
            area
            for area, tick in self._broadcast.areas.values()
            if tick > since and (self._wanted is None or area.id in self._wanted)
        ]


class Broadcast:
    """Reads the occupancy after every commit (`poke`) and sends it on. `read` gives the occupancy as
    committed, `now` the event's time as it is shown."""

    def __init__(self, read: Callable[[], Awaitable[Occupancy]], now: Callable[[], str]) -> None:
        self._read = read
        self._now = now
        self._poked = asyncio.Event()
        self._ticked = asyncio.Event()
        self._views: dict[frozenset[str] | None, View] = {}
        self.clients: set[Client] = set()
        self.seq = 0
        self.tick = 0
        self.areas: dict[str, tuple[AreaNow, int]] = {}
        self.heartbeat = b""
        self.beats = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the state as it is, then follow."""
        self._take(await self._read())
        self._beat()
        self._task = asyncio.create_task(self._run(), name="broadcast")

    def poke(self) -> None:
        """There is more: something was committed."""
        self._poked.set()

    def drop(self, holder: str) -> None:
        """Close every socket of this holder."""
        for client in self.clients:
            if client.holder == holder:
                client.task.cancel()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for client in self.clients:
            client.task.cancel()

    async def follow(self, wanted: Collection[str], send: Send, holder: str) -> None:
        """Send a snapshot, then what changes and heartbeats, until cancelled or `send` raises.

        `wanted`: ids of areas, empty for all. Raises `Busy` beyond `CLIENTS_MAX`.
        """
        if len(self.clients) >= CLIENTS_MAX:
            raise Busy("Too many displays are connected to this node.", code="clients_max")
        task = asyncio.current_task()
        assert task is not None
        client = Client(holder, task)
        self.clients.add(client)
        try:
            await self._follow(client, self._view(wanted), send)
        finally:
            self.clients.discard(client)

    async def _follow(self, client: Client, view: View, send: Send) -> None:
        seen, beat, message = self.tick, self.beats, view.snapshot()
        while True:
            client.sending_since = time.monotonic()
            await send(message)
            client.sending_since = None
            while True:
                change = view.change(seen)
                seen = self.tick
                if change is not None:
                    message = change
                    break
                if beat != self.beats:
                    beat, message = self.beats, self.heartbeat
                    break
                await self._ticked.wait()

    def _view(self, wanted: Collection[str]) -> View:
        key = frozenset(area for area in wanted if area in self.areas) if wanted else None
        return self._views.setdefault(key, View(self, key))

    async def _run(self) -> None:
        beaten = time.monotonic()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), POLL_S)
            self._poked.clear()
            started = time.monotonic()
            try:
                self._take(await self._read())
            except Exception as error:
                # A follower outlives a fault of the database: the next tick reads on.
                log.warning("occupancy not read, trying again: %s", error)
            else:
                if started - beaten >= HEARTBEAT_S:
                    beaten = started
                    self._beat()
                    self._drop_stuck()
            self._wake()
            await asyncio.sleep(max(0.0, TICK_S_MIN - (time.monotonic() - started)))

    def _take(self, occupancy: Occupancy) -> None:
        changed = [area for area in occupancy.areas if area.id not in self.areas or self.areas[area.id][0] != area]
        self.seq = occupancy.seq
        gone = self.areas.keys() - {area.id for area in occupancy.areas}
        for area in gone:
            del self.areas[area]
        if changed:
            self.tick += 1
            self.areas.update({area.id: (area, self.tick) for area in changed})

    def _beat(self) -> None:
        self.beats += 1
        self.heartbeat = msgspec.json.encode(Heartbeat(seq=self.seq, at=self._now()))

    def _wake(self) -> None:
        self._ticked.set()
        self._ticked.clear()

    def _drop_stuck(self) -> None:
        now = time.monotonic()
        for client in self.clients:
            if client.sending_since is not None and now - client.sending_since > SEND_S_MAX:
                client.task.cancel()
