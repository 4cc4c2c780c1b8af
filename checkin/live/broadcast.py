"""One event's occupancy, followed and fanned out to websockets.

Nothing is queued for anybody. The state of every area bears the number of the tick that changed it
last; a client remembers the tick it was sent. After a tick each client that is not busy sending gets
what changed since its own, in one plain loop; only for a socket that does not take it at once a task
is made, and that client gets the latest state when its socket takes something again. So a slow
client delays no other, and costs no memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import types
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import msgspec

from checkin.core.admission import Evacuation
from checkin.core.errors import Busy
from checkin.wire import AreaNow, Heartbeat, Occupancy, OccupancyChange, Snapshot

TICK_S_MIN = 0.1
"""At most ten changes a second to each client."""
POLL_S = 1.0
"""Beneath the pokes: finds what another process has committed, and what the clock alone changes."""
HEARTBEAT_S = 3.4
"""From here one is due: with what it waits for, a display hears something every 5 s."""
BEAT_WAITS_S = 0.5
"""So long a heartbeat waits for changes, which go first."""
BEATS_TOGETHER = 100
"""So many heartbeats are sent before it is looked whether something has changed."""
SEND_S_MAX = 30.0
"""A client whose socket takes nothing for so long is dropped."""
CLIENTS_MAX = 20_000

log = logging.getLogger(__name__)

Send = Callable[[str], Coroutine[Any, Any, None]]


class Client:
    """One websocket. `holder` names who opened it, to drop it when that one is revoked; `follower` is the task that
    follows for it, which waits for nothing but the end."""

    __slots__ = ("beat", "busy_since", "ended", "error", "follower", "holder", "rest", "seen", "send", "view", "why")

    def __init__(self, holder: str, view: View, send: Send, follower: asyncio.Task[Any]) -> None:
        self.holder = holder
        self.view = view
        self.send = send
        self.follower = follower
        self.seen = -1
        self.beat = 0
        self.busy_since: float | None = None
        self.rest: asyncio.Task[None] | None = None
        self.ended = False
        self.why = ""
        self.error: Exception | None = None

    def end(self, why: str = "", error: Exception | None = None) -> None:
        """It is over, by ourselves; with an error where sending failed."""
        if self.rest is not None:
            self.rest.cancel()
        if not self.ended:
            self.ended, self.why, self.error = True, why, error
            if self.follower is not asyncio.current_task():
                self.follower.cancel()


class View:
    """What those who asked for the same areas are sent; encoded once for all of them."""

    def __init__(self, broadcast: Broadcast, wanted: frozenset[str] | None) -> None:
        self._broadcast = broadcast
        self._wanted = wanted
        self._encoded: dict[int, str | None] = {}
        self._encoded_at = -1

    def snapshot(self) -> str:
        return _encoded(
            Snapshot(
                seq=self._broadcast.seq,
                version=self._broadcast.version,
                evacuation=self._broadcast.evacuation,
                areas=self._areas(since=-1),
            )
        )

    def change(self, since: int) -> str | None:
        """What changed after tick `since`, or None."""
        if self._encoded_at != self._broadcast.tick:
            self._encoded_at = self._broadcast.tick
            self._encoded.clear()
        if since not in self._encoded:
            areas = self._areas(since)
            change = OccupancyChange(
                seq=self._broadcast.seq,
                version=self._broadcast.version,
                evacuation=self._broadcast.evacuation,
                areas=areas,
            )
            told = areas or since < self._broadcast.news
            self._encoded[since] = _encoded(change) if told else None
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
        self._views: WeakValueDictionary[frozenset[str] | None, View] = WeakValueDictionary()
        self.clients: set[Client] = set()
        self.seq = 0
        self.version = 0
        self.evacuation: Evacuation = "none"
        self.tick = 0
        self.news = 0
        """The tick at which the venue, the programme or the evacuation changed last: everybody is told."""
        self.areas: dict[str, tuple[AreaNow, int]] = {}
        self.heartbeat = ""
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
                client.end("revoked, or logged out")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for client in self.clients:
            client.end("the centre stops")

    async def follow(
        self, wanted: Collection[str], send: Send, holder: str, until: Coroutine[Any, Any, None] | None = None
    ) -> str:
        """Send a snapshot, then what changes and heartbeats, until `until` returns (without: for ever).

        `wanted`: ids of areas, empty for all. Returns why it was ended here (its holder was revoked, its socket takes
        nothing, the centre stops), or nothing. Raises `Busy` beyond `CLIENTS_MAX`, and what `send` raises.
        """
        follower = asyncio.current_task()
        assert follower is not None
        with contextlib.closing(until or _forever()) as end:
            if len(self.clients) >= CLIENTS_MAX:
                raise Busy("Too many displays are connected to this node.", code="clients_max")
            client = Client(holder, self._view(wanted), send, follower)
            self.clients.add(client)
            try:
                self._serve(client)
                if not client.ended:
                    await end
            except asyncio.CancelledError:
                # Ours or somebody else's? One task that can be cancelled is less than two that are waited for.
                if not client.ended or follower.uncancel() > 0:
                    raise
            finally:
                self.clients.discard(client)
                if client.rest is not None:
                    client.rest.cancel()
        if client.error is not None:
            raise client.error
        return client.why

    def _serve(self, client: Client) -> None:
        """Send what the client has not seen. Returns at once, also where its socket is full."""
        message = self._next(client)
        if message is None:
            return
        sending = client.send(message)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return  # taken at once, as nearly always
        except Exception as error:
            client.end(error=error)
            return
        client.busy_since = time.monotonic()
        client.rest = asyncio.create_task(self._go_on(client, _rest(sending, waits_for)))

    async def _go_on(self, client: Client, sending: Awaitable[None]) -> None:
        """Finish a sending that had to wait, then all that came meanwhile."""
        try:
            await sending
            while (message := self._next(client)) is not None:
                client.busy_since = time.monotonic()
                await client.send(message)
        except Exception as error:
            client.rest = None
            client.end(error=error)
        else:
            client.rest = client.busy_since = None

    def _next(self, client: Client) -> str | None:
        """The snapshot at first, then what changed since, then a heartbeat that is due."""
        if client.seen < 0:
            client.seen, client.beat = self.tick, self.beats
            return client.view.snapshot()
        change = client.view.change(client.seen)
        client.seen = self.tick
        if change is None and client.beat != self.beats:
            client.beat = self.beats
            return self.heartbeat
        return change

    def _view(self, wanted: Collection[str]) -> View:
        key = frozenset(area for area in wanted if area in self.areas) if wanted else None
        return self._views.setdefault(key, View(self, key))

    async def _run(self) -> None:
        beaten, failing = time.monotonic(), False
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._poked.wait()
            was_poked = self._poked.is_set()
            self._poked.clear()
            started = time.monotonic()
            try:
                self._take(await self._read())
            except Exception as error:
                # A follower outlives a fault of the database: the next tick reads on.
                log.warning("occupancy not read, trying again: %s", error)
                failing = True
            else:
                if failing:
                    log.info("occupancy is read again")
                    failing = False
                if started - beaten >= HEARTBEAT_S:
                    beaten = started
                    self._beat()
                    self._drop_stuck()
            self._tell_changes()
            await self._tell_beats(beaten)
            if was_poked:
                await asyncio.sleep(max(0.0, TICK_S_MIN - (time.monotonic() - started)))

    def _take(self, occupancy: Occupancy) -> None:
        changed = [area for area in occupancy.areas if area.id not in self.areas or self.areas[area.id][0] != area]
        news = (self.version, self.evacuation) != (occupancy.version, occupancy.evacuation)
        self.seq, self.version, self.evacuation = occupancy.seq, occupancy.version, occupancy.evacuation
        gone = self.areas.keys() - {area.id for area in occupancy.areas}
        for area in gone:
            del self.areas[area]
        if changed or news:
            self.tick += 1
            self.news = self.tick if news else self.news
            self.areas.update({area.id: (area, self.tick) for area in changed})

    def _beat(self) -> None:
        self.beats += 1
        self.heartbeat = _encoded(
            Heartbeat(seq=self.seq, version=self.version, evacuation=self.evacuation, at=self._now())
        )

    def _tell_changes(self) -> None:
        for client in tuple(self.clients):
            if client.busy_since is None and client.seen != self.tick:
                self._serve(client)

    async def _tell_beats(self, beaten: float) -> None:
        """A heartbeat to everybody to whom one is due, some at a time: what has changed meanwhile goes first, as long
        as the heartbeat is not late for that."""
        due = [client for client in self.clients if client.beat != self.beats]
        for start in range(0, len(due), BEATS_TOGETHER):
            if self._poked.is_set() and time.monotonic() - beaten < BEAT_WAITS_S:
                return
            for client in due[start : start + BEATS_TOGETHER]:
                if client.busy_since is None and not client.ended:
                    self._serve(client)
            await asyncio.sleep(0)

    def _drop_stuck(self) -> None:
        now = time.monotonic()
        for client in tuple(self.clients):
            if client.busy_since is not None and now - client.busy_since > SEND_S_MAX:
                client.end("too slow")


def _encoded(message: Snapshot | OccupancyChange | Heartbeat) -> str:
    return msgspec.json.encode(message).decode()


async def _forever() -> None:
    await asyncio.get_running_loop().create_future()


@types.coroutine
def _rest(started: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """A coroutine that has run up to its first wait, as something to await: what
    `asyncio.Task(eager_start=True)` does from Python 3.12 on."""
    while True:
        try:
            value = yield waits_for
        except BaseException as error:
            step = partial(started.throw, error)
        else:
            step = partial(started.send, value)
        try:
            waits_for = step()
        except StopIteration:
            return
