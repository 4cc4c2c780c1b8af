"""The running centre: one store, one clock, and for each event its intake and its broadcast."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Callable, Collection
from typing import TypeVar

from checkin.core.alerts import Watch
from checkin.core.roles import Permission
from checkin.live.broadcast import Broadcast
from checkin.live.screens import Screens
from checkin.service import alerts, closing, erasure, lines, metrics, overview
from checkin.service.deliveries import Deliveries
from checkin.service.feeds import Feeds
from checkin.service.intake import COMMIT_SCANS_MAX, Intake
from checkin.service.links import Links
from checkin.service.people import Gate, SecondFactor, steady_s
from checkin.service.pulse import Pulse
from checkin.service.undo import UNDO_MS_MAX
from checkin.service.venues import Venues
from checkin.store import events
from checkin.store.engine import Store, Transaction
from checkin.wire import Occupancy, iso

T = TypeVar("T")

HOUSEKEEPING_EVERY_S = 5.0
BY_CLOCK = "clock"
"""In the place of a name where nobody but the time has acted."""

log = logging.getLogger(__name__)


class Centre:
    """What the web handlers work with. `clock` gives the event's time in ms since 1970 UTC; `ago` what it
    showed so many of our milliseconds ago, where it does not run at the pace of ours."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], int],
        *,
        ago: Callable[[int], int] | None = None,
        commit_scans_max: int = COMMIT_SCANS_MAX,
        second_factor: SecondFactor = "offered",
        webhooks_private: bool = False,
    ) -> None:
        self.store = store
        self.clock = clock
        self._ago = ago or (lambda ms: clock() - ms)
        self.venues = Venues()
        self.feeds = Feeds()
        self.webhooks = Deliveries(store, self.venues, clock, private=webhooks_private)
        self.gate = Gate(store, clock, second_factor)
        self.screens = Screens()
        self._commit_scans_max = commit_scans_max
        self._intakes: dict[str, Intake] = {}
        self._broadcasts: dict[str, Broadcast] = {}
        self._links: dict[str, Links] = {}
        self._slugs: dict[str, str] = {}
        self._pulses: dict[str, Pulse] = {}
        self._watches: dict[str, Watch] = {}
        self._starting = asyncio.Lock()
        self._housekeeping: asyncio.Task[None] | None = None

    def undoable_since(self) -> int:
        """What the event's clock showed half a minute ago: what has happened since can be taken back."""
        return self._ago(UNDO_MS_MAX)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.store.read(work)

    async def write(self, work: Callable[[Transaction], T], *, event: str | None = None) -> T:
        """Run `work` in a transaction; those who follow `event` are told after the commit."""
        result = await self.store.write(work)
        if event is not None:
            self._poke(event)
        return result

    async def intake(self, slug: str) -> Intake:
        """Raises `NotFound` for an event that does not exist or has no layout."""
        intake = self._intakes.get(slug)
        if intake is None:
            await self.store.read(lambda tx: self.venues.venue(tx, slug))
            intake = self._intakes.get(slug)
        if intake is None:
            intake = Intake(
                self.store,
                self.venues,
                slug,
                clock=self.clock,
                committed=lambda: self._poke(slug),
                answered=self.pulse(slug).answered,
                commit_scans_max=self._commit_scans_max,
            )
            self._intakes[slug] = intake
        return intake

    async def links(self, slug: str) -> Links:
        """With the stations of an event. Raises `NotFound` for one that does not exist or has no layout."""
        await self.read(lambda tx: self.venues.venue(tx, slug))
        if slug not in self._links:
            self._links[slug] = Links(
                self.store, self.venues, slug, clock=self.clock, committed=lambda: self._poke(slug)
            )
        return self._links[slug]

    def pulse(self, slug: str) -> Pulse:
        """How the doors of an event that there is do just now."""
        return self._pulses.setdefault(slug, Pulse())

    async def overview(self, slug: str, may: Collection[Permission]) -> overview.Overview:
        """The organiser's page, as far as one `may` see. Raises `NotFound` for an event that does not exist or
        has no layout."""
        if slug not in self._pulses:
            await self.read(lambda tx: self.venues.venue(tx, slug))
        now, at_s, heard, pulse = self.clock(), steady_s(), dict(self.gate.heard), self.pulse(slug)
        return await self.read(
            lambda tx: overview.overview(tx, self.venues, slug, pulse, now=now, at_s=at_s, heard=heard, may=may)
        )

    async def broadcast(self, slug: str) -> Broadcast:
        """Raises `NotFound` for an event that does not exist or has no layout."""
        async with self._starting:
            if slug not in self._broadcasts:
                venue = await self.store.read(lambda tx: self.venues.venue(tx, slug))

                async def read() -> Occupancy:
                    return await self.store.read(lambda tx: overview.occupancy(tx, self.venues, slug, self.clock()))

                broadcast = Broadcast(read, lambda: iso(self.clock(), venue.layout))
                await broadcast.start()
                self._broadcasts[slug] = broadcast
                self._slugs[str(venue.id)] = slug
            return self._broadcasts[slug]

    def drop(self, holder: str) -> None:
        """Close every live socket of one who was revoked."""
        for broadcast in self._broadcasts.values():
            broadcast.drop(holder)

    def measure(self) -> None:
        """Bring the gauges up to date."""
        metrics.QUEUED_SCANS.set(sum(intake.queued_scans for intake in self._intakes.values()))
        for slug, broadcast in self._broadcasts.items():
            metrics.DISPLAYS.labels(slug).set(len(broadcast.clients))
            for area, _ in broadcast.areas.values():
                metrics.INSIDE.labels(slug, area.id).set(area.inside)

    async def start(self) -> None:
        # What is here now stays: a full collection that walks all of it would stop every door for 20 ms.
        gc.collect()
        gc.freeze()
        self.store.listen(self._heard)
        self.webhooks.start()
        self._housekeeping = asyncio.create_task(self._keep_house(), name="housekeeping")

    async def close(self) -> None:
        """Answer what is waiting, then let go of everything."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._housekeeping
        for intake in self._intakes.values():
            await intake.close()
        await self.webhooks.close()
        for links in self._links.values():
            await links.close()
        for broadcast in self._broadcasts.values():
            await broadcast.close()
        await self.store.close()

    def _heard(self, event: str) -> None:
        """Another node has committed facts of this event."""
        if event in self._slugs:
            self._poke(self._slugs[event])

    def _poke(self, slug: str) -> None:
        self.webhooks.poke(slug)
        broadcast = self._broadcasts.get(slug)
        if broadcast is not None:
            broadcast.poke()
        links = self._links.get(slug)
        if links is not None:
            links.poke()

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_EVERY_S)
            try:
                await self.gate.save_heard()
                for slug in self._broadcasts:
                    self._poke(slug)  # for what another program has committed and nobody told
                for slug in await self.read(events.events_with_layout):
                    await self._follow_the_clock(slug)
                    await self.look_after(slug)
            except Exception as error:
                log.warning("housekeeping failed, trying again: %s", error)

    async def look_after(self, slug: str) -> None:
        """Raise what somebody should see to, and end what is over."""
        now, at_s, heard, pulse = self.clock(), steady_s(), dict(self.gate.heard), self.pulse(slug)
        watch = self._watches.setdefault(slug, Watch())

        def look(tx: Transaction) -> alerts.Looked:
            overview.listen(tx, self.venues.venue(tx, slug), pulse, heard, at_s)
            return alerts.look(tx, self.venues, slug, pulse, watch, now=now, at_s=at_s)

        looked = await self.read(look)
        if looked.begun or looked.over:
            await self.write(lambda tx: alerts.keep(tx, self.venues, slug, looked, now=now), event=slug)

    async def _follow_the_clock(self, slug: str) -> None:
        """What time alone brings about: a hold ends and places become free, the day is over, data are deleted."""
        now = self.clock()
        if await self.read(lambda tx: lines.waits(tx, self.venues, slug)):
            await self.write(lambda tx: lines.call(tx, self.venues, slug, now), event=slug)
        if await self.read(lambda tx: closing.is_over(tx, self.venues, slug, now)):
            await self.write(lambda tx: closing.close_day(tx, self.venues, slug, now=now, by=BY_CLOCK), event=slug)
        if await self.read(lambda tx: erasure.is_due(tx, self.venues, slug, now)):
            await self.write(lambda tx: erasure.erase_due(tx, self.venues, slug, now=now, by=BY_CLOCK), event=slug)
            await self.store.forget_deleted()
