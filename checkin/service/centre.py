"""The running centre: one store, one clock, and for each event its intake and its broadcast."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import traceback
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from checkin.core.alerts import Watch
from checkin.core.errors import CheckinError
from checkin.core.roles import Permission
from checkin.core.wording import Saying
from checkin.live.broadcast import Broadcast
from checkin.live.screens import Key, Screens
from checkin.service import alerts, closing, erasure, lines, metrics, overview, stations
from checkin.service.deliveries import Deliveries
from checkin.service.duty import Duty
from checkin.service.feeds import Feeds
from checkin.service.intake import COMMIT_SCANS_MAX, Intake
from checkin.service.links import Links
from checkin.service.people import Gate, SecondFactor, steady_s
from checkin.service.pulse import Pulse
from checkin.service.undo import UNDO_MS_MAX
from checkin.service.venues import Venues
from checkin.store import events
from checkin.store.engine import NEWS_BYTES_MAX, Store, Transaction
from checkin.wire import Occupancy, iso
from checkin.words import said

T = TypeVar("T")

HOUSEKEEPING_EVERY_S = 5.0
GARBAGE_AFTER = (10_000, 20, 50)
"""Scans leave no garbage in circles: looking for some after every 700 new objects took a tenth of each."""
MEASURED_S_MAX = 3.0
"""Whoever asks for figures waits no longer for the database: they are looked at when something is wrong with it."""
BY_CLOCK = "clock"
"""In the place of a name where nobody but the time has acted."""

log = logging.getLogger(__name__)


class AnswersNews(Struct, frozen=True, tag_field="news", tag="answers"):
    """What another node's scans at a door took, in ms."""

    event: str
    door: str
    ms: list[float]


class ScreenNews(Struct, frozen=True, tag_field="news", tag="screen"):
    """What a scanner at another node was answered: its screen may be at this one."""

    key: Key
    answer: str


class Centre:
    """What the web handlers work with. `clock` gives the event's time in ms since 1970 UTC; `ago` what it
    showed so many of our milliseconds ago, where it does not run at the pace of ours. `real_time`: it is the day's, and
    another clock may be measured by it."""

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
        self.real_time = ago is None
        self.venues = Venues()
        self.feeds = Feeds()
        self.duty = Duty(store)
        self.webhooks = Deliveries(store, self.venues, clock, duty=self.duty, private=webhooks_private)
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
            await self.store.glance(lambda tx: self.venues.venue(tx, slug))
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
                self.store,
                self.venues,
                slug,
                clock=self.clock,
                committed=lambda: self._poke(slug),
                real_time=self.real_time,
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
                venue = await self.store.glance(lambda tx: self.venues.venue(tx, slug))

                async def read() -> Occupancy:
                    return await self.store.glance(lambda tx: overview.occupancy(tx, self.venues, slug, self.clock()))

                broadcast = Broadcast(read, lambda: iso(self.clock(), venue.layout))
                await broadcast.start()
                self._broadcasts[slug] = broadcast
                self._slugs[str(venue.id)] = slug
            return self._broadcasts[slug]

    async def show(self, key: Key, answer: str) -> int | None:
        """Show what a scanner was answered on its screens; on how many. None: perhaps on some of another node."""
        shown = self.screens.show(key, answer)
        if self.store.alone:
            return shown
        await self._say(ScreenNews(key, answer))
        return shown or None

    def drop(self, holder: str) -> None:
        """Close every live socket of one who was revoked."""
        for broadcast in self._broadcasts.values():
            broadcast.drop(holder)

    async def measure(self) -> None:
        """Bring the gauges up to date; those of stations are left out while the database does not answer."""
        metrics.QUEUED_SCANS.set(sum(intake.queued_scans for intake in self._intakes.values()))
        for slug, broadcast in self._broadcasts.items():
            metrics.DISPLAYS.labels(slug).set(len(broadcast.clients))
            for area, _ in broadcast.areas.values():
                metrics.INSIDE.labels(slug, area.id).set(area.inside)
        now, shown = self.clock(), dict[str, stations.Figures]()
        try:
            async with asyncio.timeout(MEASURED_S_MAX):
                shown = await self.read(lambda tx: stations.figures(tx, self.venues, now=now))
        except Exception as error:
            log.warning("stations not measured: %s", type(error).__name__)
        for gauge in metrics.OF_STATIONS:
            gauge.clear()
        for slug, of_event in shown.items():
            metrics.STATIONS.labels(slug, "linked").set(of_event.linked)
            metrics.STATIONS.labels(slug, "cut off").set(of_event.cut_off)
            metrics.STATION_ROWS.labels(slug).set(of_event.rows)
            metrics.OPEN_CASES.labels(slug).set(of_event.cases)
            for id, seats in of_event.set_aside.items():
                metrics.SET_ASIDE.labels(slug, id).set(seats)

    async def start(self) -> None:
        said(Saying("arrival"))  # the words are read now, and not while the first scans wait
        # What is here now stays: a full collection that walks all of it would stop every door for 20 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE_AFTER)
        self.store.listen(self._heard)
        with contextlib.suppress(CheckinError):  # the housekeeping tries again
            await self.duty.look()
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
        with contextlib.suppress(CheckinError):  # then it is taken over a little later
            await self.duty.close()
        await self.store.close()

    def _heard(self, news: str) -> None:
        """Another node has committed facts of this event (its number), or has something to tell."""
        if news.isdigit():
            if news in self._slugs:
                self._poke(self._slugs[news])
            return
        match msgspec.json.decode(news, type=ScreenNews | AnswersNews):
            case ScreenNews(key, answer):
                self.screens.show(key, answer)
            case AnswersNews(event, door, ms):
                if event in self._pulses:
                    self._pulses[event].others_answered(door, ms)

    async def _say(self, news: ScreenNews | AnswersNews) -> None:
        """Tell the other nodes; a database that is away for a moment stops nobody."""
        told = msgspec.json.encode(news)
        if len(told) > NEWS_BYTES_MAX:
            log.warning("news for the other nodes is too long and is left out")
            return
        try:
            await self.store.say(told.decode())
        except CheckinError as error:
            log.warning("the other nodes are not told: %s", error)

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
            await self.keep_house()

    async def keep_house(self) -> None:
        """One round. What fails for one event stops nothing of the others, and is tried again in the next round."""
        with _going_on():
            if await self.duty.look():
                self.webhooks.look_again()
        with _going_on():
            await self.gate.save_heard()
        with _going_on():
            await self._share()
        with _going_on():
            for slug in self._broadcasts:
                self._poke(slug)  # for what another program has committed and nobody told
        slugs: Collection[str] = ()
        with _going_on():
            slugs = await self.read(events.events_with_layout)
        for slug in slugs:
            if not self.duty.is_ours:
                break
            with _going_on(slug):
                await self._follow_the_clock(slug)
            with _going_on(slug):
                await self.look_after(slug)

    async def _share(self) -> None:
        """Where there are other nodes: which events there are news of, and how long our own doors took."""
        if self.store.alone:
            return
        self._slugs.update({str(id): slug for slug, id in (await self.read(events.event_ids)).items()})
        for slug, pulse in self._pulses.items():
            for door, ms in pulse.untold():
                await self._say(AnswersNews(slug, door, ms))

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


@contextlib.contextmanager
def _going_on(event: str = "") -> Iterator[None]:
    """What fails is counted and logged, and the round goes on. Kind and place alone: the message of a failure may hold
    what somebody has typed."""
    try:
        yield
    except Exception as error:
        metrics.HOUSEKEEPING_FAILED.labels(event).inc()
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.warning(
            "housekeeping%s failed, trying again: %s at %s:%s",
            f" of {event}" if event else "",
            type(error).__name__,
            Path(place.filename).name,
            place.lineno,
        )
