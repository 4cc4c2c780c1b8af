"""A station as it runs: the machine of `station.py` between its disk, its link and its pages."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from checkin.core.admission import Bearer, Decision, Evacuation
from checkin.core.codes import normalise
from checkin.core.errors import Busy, Conflict, NotAllowed
from checkin.core.layout import Layout
from checkin.core.link import Answer as LinkAnswer
from checkin.core.link import News, Row, Totals
from checkin.core.model import Scan
from checkin.core.reference import Everybody, Has, Person, Took, ToStationToo, VenueNow, Welcome
from checkin.core.reference import People as PeoplePage
from checkin.core.schedule import Programme
from checkin.core.wording import Saying
from checkin.wire import Answer, AreaNow, Heartbeat, OccupancyChange, Snapshot, iso
from checkin.words import said
from kiosk.answers import answer_of
from kiosk.clock import CentreClock
from kiosk.counts import Counts
from kiosk.desk import Logins
from kiosk.fonts import Fonts
from kiosk.keeper import Keeper, KeeperMissing, Pairing
from kiosk.link import Link, NotTaken
from kiosk.people import KnownPeople
from kiosk.state import Health, StationHeartbeat, StationState, Status
from kiosk.station import Belief, Effect, Mark, Moment, People, Send, Show, Station, Store, Wipe, together
from kiosk.store import Disk

TICK_S = 0.1
AGAIN_S = 1.0
"""A station that cannot begin tries so often."""
KEPT_S = 0.1
"""What the centre has told is kept at least so soon."""
SHOW_S = 2.0
"""How often pages are told how the link is."""
ANSWERS_KEPT_MAX = 2_000
SLOW_MS = 5_000
"""So long after it decided alone although linked, and until the centre is heard again, the link is called slow."""
SCAN_S_MAX = 4.0
COUNTS_KEPT_S = 10.0
"""So often what displays show is kept for a new start."""
SAID_S = 1.0
"""So long a station that was revoked still says so on its pages."""
FONTS_S = 30.0
"""So often it is looked whether the letters of new names are here."""

log = logging.getLogger(__name__)
_live = msgspec.json.Decoder(Snapshot | OccupancyChange | Heartbeat)


class NotReady(Busy):
    """The station cannot decide now."""


class Kiosk:
    """One station. Everything happens on one event loop; what must be durable is written before the next step. What
    comes in one turn of the loop, as after the disk was busy, is written together."""

    def __init__(
        self, data: Path, keeper: Keeper, pairing: Pairing, *, anew: bool = False, stopped: Callable[[], None]
    ) -> None:
        self.pairing = pairing
        self._data = data
        self._keeper = keeper
        self._keeper_beside = keeper.lies_beside(data)
        self._anew = anew
        self._stopped = stopped
        self._disk: Disk | None = None
        self._is_full = False
        self._venue: VenueNow | None = None
        self.people = KnownPeople(Everybody(), None)
        self.logins = Logins()
        self.layout: Layout | None = None
        self.station: Station | None = None
        self.wiped = False
        self._effects: list[Effect] = []
        self._due: asyncio.Handle | None = None
        self._is_urgent = False
        self._rows: dict[str, Row] = {}
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._answered: OrderedDict[str, tuple[Scan, Answer]] = OrderedDict()
        self.counts = Counts()
        self.fonts = Fonts(data / "fonts", pairing.url)
        self._has_letters = False
        self.scanner = ""
        self.scanner_fault = ""
        self.prints = True
        self._clock = CentreClock()
        self._is_heard = False
        self._is_restored = False
        self._real_time = True
        self._left_to_us: set[str] = set()
        self._alone_at = -SLOW_MS
        self._page_spoke_s = time.monotonic()
        self.listeners: set[Callable[[str], None]] = set()
        self.screens: set[Callable[[str], None]] = set()
        """Pages that show what the scanner was answered which this station reads itself."""
        self.link = Link(
            pairing.url,
            pairing.event,
            pairing.token,
            heard=self._heard,
            shown=self._shown,
            changed=self._link_changed,
        )

    # -- start and stop

    def start(self) -> None:
        """Go on from what is on the disk, if its key is here; while the disk takes nothing, a tick tries again.
        Raises `InUse`, `WrongKey`."""
        key = self._keeper.key()
        if key is None:
            return
        try:
            self._open(key)
        except (sqlite3.Error, OSError) as error:
            self._is_full = not isinstance(error, KeeperMissing)
            log.error("%s cannot be opened, trying again: %s. Check the disk and its space.", self._data, error)

    async def run(self) -> None:
        """Until cancelled."""
        words = asyncio.to_thread(said, Saying("arrival"))  # they are read now, and not while the first scan waits
        await asyncio.gather(
            words, self.link.run(), self._tick(), self._tell_pages(), self._keep_counts(), self._keep_fonts()
        )

    def close(self) -> None:
        self._carry_out()
        if self._disk is not None:
            if self.counts.is_new:
                self._keep("counts", self.counts.kept())
            self._disk.close()
            self._disk = None

    def _open(self, key: bytes) -> None:
        self._disk = Disk(self._data / "station.db", key)
        try:
            self._load()
            self._begin()
        except BaseException:
            self._disk.close()
            self._disk = None
            raise

    def _load(self) -> None:
        assert self._disk is not None
        self._venue = self._disk.venue()
        layout = self._venue.layout() if self._venue is not None else None
        self.people = KnownPeople(self._disk.people(), layout, self._disk.people_left())
        for name, restore in (
            ("heard", lambda heard: self._clock.restore(heard, _now())),
            ("counts", self.counts.restore),
            ("logins", self.logins.restore),
        ):
            kept = self._disk.setting(name)
            if kept is not None:
                restore(kept)

    def _begin(self) -> None:
        """Make the machine from what is on the disk."""
        self._carry_out()
        if self._disk is None or self._venue is None:
            return
        self.layout = self._venue.layout()
        self.station, self._is_heard = None, False
        self._keeper.check()  # without its mark it would take its disk for one that was put back
        machine = Station(
            self.pairing.door,
            self.layout,
            People(bearer=self._bearer, genuineness=lambda code: "genuine"),
            lambda: str(uuid.uuid4()),
            self._venue.programme(),
            self._disk.load(),
        )
        effects = machine.started(self._keeper.mark(), self._moment(), anew=self._anew)
        self._anew = False
        self._rows = {row.scan.id: row for row in machine.log.values()}
        self.station, self._is_full = machine, False
        if not self.link.is_open:  # else the centre's counts know of it
            self._show_counts(self.counts.catch_up(self.layout, machine.untold()))
            self.counts.counted = machine.rows()
        self._effects = effects
        self._carry_out()

    # -- scans

    async def scan(self, scan: Scan) -> tuple[Answer, bool]:
        """The answer, and whether it had been given before. Raises `Conflict` for an id that came with other
        content, `NotAllowed` for a scan at another door, `NotReady` where nothing can be decided."""
        if scan.door != self.pairing.door:
            raise self.other_door()
        earlier = self._answered.get(scan.id)
        if earlier is not None:
            if earlier[0] != scan:
                raise Conflict("This id was sent before with other content.", code="id_reused")
            return earlier[1], True
        row = self._rows.get(scan.id)
        if row is not None:
            return self._answer_again(row), True
        if self.station is None:
            raise self._not_ready()
        answered = self._waiting.get(scan.id)
        if answered is None:
            answered = self._waiting[scan.id] = asyncio.get_running_loop().create_future()
            self._gather(self.station.scanned(scan, self._moment()))
        try:
            async with asyncio.timeout(SCAN_S_MAX):
                return await asyncio.shield(answered), False
        except TimeoutError:
            raise NotReady("This station cannot write to its disk.", code="station_disk_full") from None

    def _answer_again(self, row: Row) -> Answer:
        """What was shown before the machine was started anew. Raises `Conflict` where nothing was."""
        if row.outcome == "lapsed":
            raise Conflict("Nobody was told an answer to this scan. Scan the badge again.", code="id_reused")
        decision = Decision(
            outcome=row.outcome,
            kind="exit" if row.scan.direction == "exit" else "entry",
            attendee=row.attendee,
            counts_as=row.counts_as,
            enters=row.enters,
        )
        return self._worded(Show(row.scan, decision, row.decided == "alone"))

    def other_door(self) -> NotAllowed:
        """What is said of a scan that is not this door's: its rights, and so its answers, are for this one alone."""
        door = self.layout.doors.get(self.pairing.door) if self.layout is not None else None
        name = door.name if door is not None else self.pairing.door
        return NotAllowed(
            f"This machine is the station of the door {name}, and takes scans of that one alone. Open its page /door.",
            code="station_other_door",
        )

    def now(self) -> int:
        """Ms since 1970 UTC, by the centre's clock as far as it is known."""
        return self._clock.now(_now())

    def _moment(self) -> Moment:
        """For the machine, which reads its own clock where it has not heard the centre: then as near to the centre's
        as this station can say."""
        now = _now()
        return now if self._is_heard else replace(now, wall=self._clock.now(now))

    def belief(self, attendee: str) -> Belief | None:
        """Where somebody is, as far as this station knows."""
        return self.station.belief(attendee) if self.station is not None else None

    def person(self, attendee: str | None, code: str) -> Person | None:
        """By a code; without one the crew alone."""
        if code:
            return self.people.by_code(normalise(code))
        return self.people.by_id(attendee) if attendee is not None and self.people.is_crew(attendee) else None

    def _bearer(self, scan: Scan) -> Bearer | None:
        person = self.person(scan.attendee, scan.code)
        return person.bearer if person is not None else None

    # -- effects

    def _gather(self, effects: list[Effect]) -> None:
        """To be carried out once this turn of the loop is over, with what else comes in it; what is only to be kept may
        wait for more: nobody is told of it."""
        self._effects += effects
        is_urgent = any(not isinstance(one, Store | Mark) for one in effects)
        if not effects or self._is_urgent or (self._due is not None and not is_urgent):
            return
        if self._due is not None:
            self._due.cancel()
        self._is_urgent = is_urgent
        self._due = asyncio.get_running_loop().call_later(0.0 if is_urgent else KEPT_S, self._carry_out)

    def _carry_out(self) -> None:
        """What was gathered, in its order, each done before the next. Where the disk does not take it, nothing after
        that happens, and the machine begins again from the disk."""
        if self._due is not None:
            self._due.cancel()
        self._due, self._is_urgent = None, False
        effects, self._effects = together(self._effects), []
        try:
            for effect in effects:
                self._do(effect)
        except (sqlite3.Error, OSError) as error:
            log.error("the station cannot write: %s", error)
            self.station, self._is_full = None, not isinstance(error, KeeperMissing)
            self.tell(self.heartbeat())
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(self._not_ready())
            self._waiting.clear()
        if self.station is not None:
            self.station.carried_out()

    def _do(self, effect: Effect) -> None:
        match effect:
            case Store():
                assert self._disk is not None
                self._disk.commit(effect)
            case Mark():
                self._keeper.keep_mark(effect)
            case Send():
                self.link.send(effect.message)
            case Show():
                self._show(effect)
            case Wipe():
                self._wipe(told=effect.told)

    def _show(self, show: Show) -> None:
        now, cut = _now(), self.is_cut_off(_now())
        if show.provisional and not cut and show.scan.id not in self._left_to_us:
            self._alone_at = now.steady
        self._left_to_us.discard(show.scan.id)
        if show.provisional:
            self._count(show.decision)
            self.tell(self.heartbeat())  # it has a place less to give
        answer = self._worded(show)
        self._answered[show.scan.id] = (show.scan, answer)
        if len(self._answered) > ANSWERS_KEPT_MAX:
            self._answered.popitem(last=False)
        waiting = self._waiting.pop(show.scan.id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _count(self, decision: Decision) -> None:
        assert self.layout is not None
        assert self.station is not None
        if decision.outcome == "admitted" and decision.item is None and decision.leaves != decision.enters:
            passed = self.counts.passed(self.layout, decision.leaves, decision.enters, decision.counts_as)
            self._show_counts(passed)
        self.counts.counted = self.station.rows()

    def _show_counts(self, changed: list[AreaNow]) -> None:
        if changed:
            counts = self.counts
            change = OccupancyChange(seq=counts.seq, version=counts.version, evacuation=self._evacuation, areas=changed)
            self.tell(msgspec.json.encode(change).decode())

    def _worded(self, show: Show) -> Answer:
        assert self._venue is not None, "a machine has a venue"
        assert self.layout is not None
        return answer_of(
            show.scan,
            show.decision,
            self._shown_person(show.scan, show.decision),
            layout=self.layout,
            programme=self._venue.programme(),
            area=self.counts.areas.get(self.layout.doors[show.scan.door].area),
            seq=self.counts.seq,
            now=self.now(),
            provisional=show.provisional,
            restored=self._is_restored and not self.is_cut_off(_now()),
            everybody=not self.people.left,
        )

    def _shown_person(self, scan: Scan, decision: Decision) -> Person | None:
        person = self.person(scan.attendee, scan.code)
        return person if person is not None and person.bearer.attendee == decision.attendee else None

    def _wipe(self, *, told: bool) -> None:
        log.warning("this station was revoked: it forgets everything")
        if not told:
            log.warning(
                "the centre has not said that it has all: switch this station off and count, on the page Stations"
            )
        self.wiped = True
        self.station = None
        self._keeper.wipe()
        if self._disk is not None:
            self._disk.wipe()
            self._disk = None
        self.people = KnownPeople(Everybody(), None)
        self.logins = Logins()
        self._answered.clear()
        self.counts = Counts()
        self.tell(self.heartbeat())
        asyncio.get_running_loop().call_later(SAID_S, self._stopped)

    # -- what comes from the centre

    def _link_changed(self, is_open: bool) -> None:
        if self.station is not None:
            now = self._moment()
            self._gather(self.station.connected(now) if is_open else self.station.disconnected(now))
        self.tell(self.heartbeat())  # at once, not with the next one only

    def _heard(self, message: ToStationToo) -> None:
        if self.wiped:
            return
        try:
            self._take(message)
        except (sqlite3.Error, OSError) as error:
            if self.station is None:
                self._is_full = not isinstance(error, KeeperMissing)
            raise NotTaken(str(error)) from error

    def _take(self, message: ToStationToo) -> None:
        match message:
            case Welcome():
                self._real_time = message.real_time
                if self._disk is None:
                    self._keeper.check()
                    self._keeper.keep_key(message.key)
                    self._open(message.key)
                venue = self._venue.digest() if self._venue is not None else b""
                self.link.send(Has(venue=venue, people=self.people.has()))
            case VenueNow():
                self._take_venue(message)
            case PeoplePage():
                self._take_people(message)
            case LinkAnswer() | Totals() | News():
                if self.station is not None and self.station.waits_to_show(message):
                    self._carry_out()
                if self.station is not None:
                    now = _now()
                    self._clock.hear(message.at, now)
                    self._is_heard = True
                    if (kept := self._clock.to_keep()) is not None:
                        self._keep("heard", kept)
                    if isinstance(message, Totals):
                        self._is_restored = message.frozen
                        if message.retired and message.epoch == self.station.state.epoch:
                            log.warning("this station was retired: it begins anew, without the places that it had")
                    if isinstance(message, LinkAnswer) and message.decision is None and message.scan in self._waiting:
                        self._left_to_us.add(message.scan)
                    self._gather(self.station.received(message, now))

    def _take_venue(self, venue: VenueNow) -> None:
        if self._disk is None:
            return
        before = self._venue
        if before == venue:
            return
        self._disk.keep_venue(venue)
        self._venue = venue
        if before is None or before.groups != venue.groups:
            self.people.use(venue.layout())
        if self.station is not None and before is not None:
            same = replace(before, sessions=venue.sessions) == venue
            if same:
                self.station.programme = venue.programme()
                return
        self._begin()

    def _take_people(self, page: PeoplePage) -> None:
        if self._disk is not None:
            gone = self.people.gone_with(page)
            self._disk.keep_people(page, gone)
            self.people.take(page, gone)
            self._has_letters &= not page.changed
            self.link.send(Took())

    def _shown(self, text: str) -> None:
        try:
            message = _live.decode(text)
        except msgspec.MsgspecError:
            return
        self.counts.take(message, self.station.rows() if self.station is not None else {})
        if not isinstance(message, Heartbeat):
            self.tell(text)
        if self.station is not None and self.station.state.evacuation != message.evacuation:
            self._gather(self.station.evacuated(message.evacuation))
            self.tell(self.heartbeat())

    def evacuate(self, evacuation: Evacuation) -> None:
        """Somebody at this door has called an evacuation, or ended it. Raises `Conflict` while the centre can be heard:
        it is called there, for every door; `NotReady`."""
        if self.station is None:
            raise self._not_ready()
        if not self.is_cut_off(_now()):
            raise Conflict(
                "The centre can be reached. Call the evacuation there: it reaches every door.", code="station_linked"
            )
        self._gather(self.station.evacuated(evacuation))
        self._carry_out()
        self.tell(self.heartbeat())

    # -- time

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self.station is not None:
                self._gather(self.station.tick(self._moment()))
            elif not self.wiped:
                try:
                    if self._disk is None:
                        self.start()
                    else:
                        self._begin()
                except (sqlite3.Error, OSError) as error:
                    self._is_full = not isinstance(error, KeeperMissing)
                    log.error("the station cannot go on: %s", error)
                if self.station is None:
                    await asyncio.sleep(AGAIN_S)

    async def _tell_pages(self) -> None:
        while True:
            await asyncio.sleep(SHOW_S)
            self.tell(self.heartbeat())

    async def _keep_counts(self) -> None:
        while True:
            await asyncio.sleep(COUNTS_KEPT_S)
            if self.counts.is_new:
                self._keep("counts", self.counts.kept())

    async def _keep_fonts(self) -> None:
        """Those who will be shown while this station is cut off are shown in their own letters."""
        while True:
            await asyncio.sleep(FONTS_S)
            if self.link.is_open and not self._has_letters and not self.wiped:
                self._has_letters = True  # unless others come meanwhile
                try:
                    is_all = await self.fonts.fetch(await self.people.letters())
                except OSError as error:
                    log.warning("fonts cannot be kept: %s", error)
                    is_all = False
                self._has_letters &= is_all

    def keep_logins(self) -> None:
        self._keep("logins", self.logins.kept())

    def _keep(self, name: str, what: bytes) -> None:
        """What a new start can do without: a disk that is full does not stop it."""
        if self._disk is not None:
            try:
                self._disk.keep_setting(name, what)
            except sqlite3.Error as error:
                log.warning("the station cannot write: %s", error)

    def tell(self, text: str) -> None:
        """Every page of this station."""
        for tell in tuple(self.listeners):
            tell(text)

    def is_cut_off(self, now: Moment) -> bool:
        return self.station is None or self.station.is_cut_off(now)

    def state(self) -> StationState:
        layout, station, door = self.layout, self.station, self.pairing.door
        if self.wiped:
            return StationState(link="revoked", since=None, waiting=0, rights={}, door=door)
        keeper: Literal["ok", "missing"] = "missing" if self._keeper.is_missing else "ok"
        if layout is None or station is None:
            disk: Literal["ok", "full"] = "full" if self._is_full else "ok"
            there: Literal["linked", "cut"] = "linked" if self._is_full and self.link.is_open else "cut"
            return StationState(link=there, since=None, waiting=0, rights={}, door=door, disk=disk, keeper=keeper)
        now = _now()
        cut = self.is_cut_off(now)
        slow = now.steady - self._alone_at < SLOW_MS or self._clock.is_silent_since(self._alone_at)
        rights = {area: station.rights(area) for area in station.path}
        limits = [layout.areas[area] for area in station.path]
        limited = [area.id for area in limits if area.visitors is not None or area.persons is not None]
        return StationState(
            link="cut" if cut else "restored" if self._is_restored else "slow" if slow else "linked",
            since=iso(self._clock.heard_at, layout) if cut and self._clock.heard_at is not None else None,
            waiting=sum(book.n - book.have for book in station.books.values()),
            rights=rights,
            door=door,
            places=min((rights[area] for area in limited), default=None),
            keeper=keeper,
        )

    def health(self) -> Health:
        layout, pairing, ahead = self.layout, self.pairing, self._clock.ahead(_now())
        door = layout.doors.get(pairing.door) if layout is not None else None
        status: Status = "ok" if self.station is not None else "starting"
        if self.wiped:
            status = "revoked"
        elif self._keeper.is_missing:
            status = "keeper_missing"
        elif self._is_full:
            status = "disk_full"
        return Health(
            status=status,
            station=self.state(),
            event=pairing.event,
            event_name=layout.event.name if layout is not None else pairing.event,
            door_name=door.name if door is not None else pairing.door,
            area=door.area if door is not None else "",
            centre=pairing.url,
            people=len(self.people),
            people_left=self.people.left,
            at=iso(self.now(), layout) if layout is not None else "",
            clock=iso(_now().wall, layout) if layout is not None else "",
            clock_off_s=None if ahead is None or not self._real_time else round(ahead / 1000, 1),
            clock_guessed=self._clock.is_guess,
            real_time=self._real_time,
            disk_free_bytes=shutil.disk_usage(self._data).free,
            keeper_beside=self._keeper_beside,
            prints=self.prints,
            scanner=self.scanner,
            scanner_fault=self.scanner_fault,
            rooms={area.id: area.name for area in layout.areas.values() if area.parent} if layout is not None else {},
            version=version("checkin"),
            page_silent_s=round(self.page_silent_s, 1),
        )

    def page_speaks(self) -> None:
        """A page of this station has said that it works."""
        self._page_spoke_s = time.monotonic()

    @property
    def page_silent_s(self) -> float:
        """For how long no page has said anything."""
        return time.monotonic() - self._page_spoke_s

    async def well(self) -> str:
        """How it goes, in a line for systemd. Asks the disk, so that one that hangs is noticed."""
        if self._disk is not None:
            self._disk.setting("heard")
        state = self.state()
        return f"{state.link}, disk {state.disk}, {state.waiting} rows wait for the centre"

    def venue(self) -> Layout:
        """Raises `NotReady` where the centre has never told of it."""
        if self.layout is None:
            raise self._not_ready()
        return self.layout

    def programme(self) -> Programme:
        if self._venue is None:
            raise self._not_ready()
        return self._venue.programme()

    def _not_ready(self) -> NotReady:
        if self._keeper.is_missing and not self.wiped:
            return NotReady(
                "The medium with this station's key is missing. Put the stick back in.", code="station_keeper_missing"
            )
        if self._is_full:
            return NotReady("This station cannot write to its disk.", code="station_disk_full")
        return NotReady("This station has not heard of its event yet.", code="station_not_ready")

    def snapshot(self) -> str:
        """What a page is told first."""
        evacuation, counts = self._evacuation, self.counts
        areas = list(counts.areas.values())
        first = Snapshot(seq=counts.seq, version=counts.version, evacuation=evacuation, areas=areas)
        return msgspec.json.encode(first).decode()

    def heartbeat(self) -> str:
        at = iso(self.now(), self.layout) if self.layout is not None else ""
        beat = StationHeartbeat(
            seq=self.counts.seq,
            version=self.counts.version,
            evacuation=self._evacuation,
            at=at,
            station=self.state(),
        )
        return msgspec.json.encode(beat).decode()

    @property
    def _evacuation(self) -> Evacuation:
        return self.station.state.evacuation if self.station is not None else "none"


def _now() -> Moment:
    return Moment(wall=time.time_ns() // 1_000_000, steady=time.monotonic_ns() // 1_000_000)
