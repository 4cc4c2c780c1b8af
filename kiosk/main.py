"""A station as it runs: the machine of `station.py` between its disk, its link and its pages."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec
import uvicorn

from checkin.core.admission import Bearer, Decision
from checkin.core.codes import normalise
from checkin.core.errors import Busy, CheckinError, Conflict
from checkin.core.layout import Layout
from checkin.core.link import Answer as LinkAnswer
from checkin.core.link import News, Row, Totals
from checkin.core.model import Scan
from checkin.core.reference import People as PeoplePage
from checkin.core.reference import Person, ToStationToo, VenueNow, Welcome
from checkin.wire import Answer, AreaNow, Heartbeat, OccupancyChange, Snapshot, iso
from kiosk.answers import answer_of
from kiosk.keeper import Keeper, Pairing
from kiosk.link import Link
from kiosk.station import Effect, Mark, Moment, People, Send, Show, Station, Store, Wipe
from kiosk.store import Disk, person_of

TICK_S = 0.1
SHOW_S = 2.0
"""How often pages are told how the link is."""
ANSWERS_KEPT_MAX = 2_000
SLOW_MS = 5_000
"""So long after it decided alone although linked, the link is called slow."""
SCAN_S_MAX = 4.0
HEARD_KEPT_MS = 60_000
FONT_NAME = re.compile(r"[a-z0-9-]{1,60}\.woff2")
FONT_S_MAX = 20.0
PAGE_FRAME_BYTES_MAX = 64 * 1024

log = logging.getLogger(__name__)
_live = msgspec.json.Decoder(Snapshot | OccupancyChange | Heartbeat)


class NotReady(Busy):
    """The station cannot decide now."""


class StationState(msgspec.Struct, frozen=True, kw_only=True):
    """How a station is linked, for its pages. `since`: when it heard of the centre last, if it is cut off; `waiting`:
    rows of its log that the centre does not have; `rights`: area → how many more it may let in by itself."""

    link: Literal["linked", "slow", "cut"]
    since: str | None
    waiting: int
    rights: dict[str, int]


class StationHeartbeat(msgspec.Struct, frozen=True, kw_only=True, tag="heartbeat"):
    seq: int
    version: int
    evacuation: str
    at: str
    station: StationState


class Kiosk:
    """One station. Everything happens on one event loop; what must be durable is written before the next step."""

    def __init__(
        self, data: Path, keeper: Keeper, pairing: Pairing, *, anew: bool = False, stopped: Callable[[], None]
    ) -> None:
        self.pairing = pairing
        self._data = data
        self._keeper = keeper
        self._anew = anew
        self._stopped = stopped
        self._disk: Disk | None = None
        self._venue: VenueNow | None = None
        self._people: dict[str, bytes] = {}
        self._crew: dict[str, str] = {}
        self._coming: set[str] = set()
        self.layout: Layout | None = None
        self.station: Station | None = None
        self.wiped = False
        self._rows: dict[str, Row] = {}
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._answered: OrderedDict[str, tuple[Scan, Answer]] = OrderedDict()
        self.areas: dict[str, AreaNow] = {}
        self.seq = 0
        self.version = 0
        self._heard_at: int | None = None
        self._heard_kept_at = 0
        self._alone_at = -SLOW_MS
        self.listeners: set[Callable[[str], None]] = set()
        self.link = Link(
            pairing.url,
            pairing.event,
            pairing.token,
            heard=self._heard,
            shown=self._shown,
            reference=self._reference,
        )

    # -- start and stop

    def start(self) -> None:
        """Go on from what is on the disk, if its key is here. Raises `InUse`, `WrongKey`."""
        key = self._keeper.key()
        if key is not None:
            self._open(key)

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self.link.run(), self._tick(), self._tell_pages())

    def _reference(self) -> str:
        """The version of venue and people that is here."""
        version = self._disk.setting("reference") if self._disk is not None else None
        return version.decode() if version is not None and self._venue is not None else ""

    def close(self) -> None:
        if self._disk is not None:
            self._disk.close()
            self._disk = None

    def _open(self, key: bytes) -> None:
        self._disk = Disk(self._data / "station.db", key)
        self._venue = self._disk.venue()
        self._people = self._disk.people()
        heard = self._disk.setting("heard")
        self._heard_at = int(heard) if heard is not None else None
        self._begin()

    def _begin(self) -> None:
        """Make the machine from what is on the disk."""
        if self._disk is None or self._venue is None:
            return
        self.layout = self._venue.layout()
        self._list_crew()
        self.station = None
        machine = Station(
            self.pairing.door,
            self.layout,
            People(bearer=self._bearer, genuineness=lambda code: "genuine"),
            lambda: str(uuid.uuid4()),
            self._venue.programme(),
            self._disk.load(),
        )
        effects = machine.started(self._keeper.mark(), _now(), anew=self._anew)
        self._anew = False
        self._rows = {row.scan.id: row for row in machine.log.values()}
        self.station = machine
        self._carry_out(effects)

    # -- scans

    async def scan(self, scan: Scan) -> tuple[Answer, bool]:
        """The answer, and whether it had been given before. Raises `Conflict` for an id that came with other
        content, `NotReady` where nothing can be decided."""
        earlier = self._answered.get(scan.id)
        if earlier is not None:
            if earlier[0] != scan:
                raise Conflict("This id was sent before with other content.", code="id_reused")
            return earlier[1], True
        row = self._rows.get(scan.id)
        if row is not None:
            return self._answer_again(row), True
        if self.station is None:
            raise NotReady("This station has not heard of its event yet.", code="station_not_ready")
        answered = self._waiting.get(scan.id)
        if answered is None:
            answered = self._waiting[scan.id] = asyncio.get_running_loop().create_future()
            self._carry_out(self.station.scanned(scan, _now()))
        try:
            async with asyncio.timeout(SCAN_S_MAX):
                return await asyncio.shield(answered), False
        except TimeoutError:
            raise NotReady("This station cannot write to its disk.", code="store_full") from None

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

    def now(self) -> int:
        """Ms since 1970 UTC, by this machine's clock."""
        return _now().wall

    async def font(self, file: str) -> bytes | None:
        """A block of a font of the pages, kept once the centre has sent it; None: not here."""
        if not FONT_NAME.fullmatch(file):
            return None
        kept = self._data / "fonts" / file
        if kept.exists():
            return kept.read_bytes()
        try:
            async with httpx.AsyncClient(timeout=FONT_S_MAX, trust_env=False) as client:
                answer = await client.get(f"{self.pairing.url}/faces/fonts/{file}")
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            return None
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(f".{uuid.uuid4().hex}")
        unfinished.write_bytes(answer.content)
        unfinished.rename(kept)
        return answer.content

    def is_inside(self, attendee: str) -> bool:
        belief = self.station.belief(attendee) if self.station is not None else None
        return belief is not None and belief.presence is not None and belief.presence.area is not None

    def person(self, attendee: str | None, code: str) -> Person | None:
        stored = self._people.get(normalise(code) if code else self._crew.get(attendee or "", ""))
        return None if stored is None else person_of(stored)

    def crew(self) -> list[Person]:
        return [person_of(self._people[code]) for code in self._crew.values()]

    def _bearer(self, scan: Scan) -> Bearer | None:
        person = self.person(scan.attendee, scan.code)
        return person.bearer if person is not None else None

    def _list_crew(self) -> None:
        assert self.layout is not None
        crew = {group.id for group in self.layout.groups.values() if group.counts_as == "crew"}
        self._crew = {}
        if crew:
            for code, stored in self._people.items():
                bearer = person_of(stored).bearer
                if bearer.group in crew and bearer.badge in ("valid", None):
                    self._crew[bearer.attendee] = code

    # -- effects

    def _carry_out(self, effects: list[Effect]) -> None:
        """In their order, each done before the next. Where the disk does not take it, nothing after that happens,
        and the machine begins again from the disk."""
        try:
            for effect in effects:
                self._do(effect)
        except (sqlite3.Error, OSError) as error:
            log.error("the station cannot write: %s", error)
            self.station = None
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(NotReady("This station cannot write to its disk.", code="store_full"))
            self._waiting.clear()

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
                self._wipe()

    def _show(self, show: Show) -> None:
        if show.provisional:
            self._alone_at = _now().steady
        answer = self._worded(show)
        self._answered[show.scan.id] = (show.scan, answer)
        if len(self._answered) > ANSWERS_KEPT_MAX:
            self._answered.popitem(last=False)
        waiting = self._waiting.pop(show.scan.id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _worded(self, show: Show) -> Answer:
        assert self._venue is not None, "a machine has a venue"
        assert self.layout is not None
        return answer_of(
            show.scan,
            show.decision,
            self._shown_person(show.scan, show.decision),
            layout=self.layout,
            programme=self._venue.programme(),
            area=self.areas.get(self.layout.doors[show.scan.door].area),
            seq=self.seq,
            now=_now().wall,
            provisional=show.provisional,
        )

    def _shown_person(self, scan: Scan, decision: Decision) -> Person | None:
        person = self.person(scan.attendee, scan.code)
        return person if person is not None and person.bearer.attendee == decision.attendee else None

    def _wipe(self) -> None:
        log.warning("this station was revoked: it forgets everything")
        self.wiped = True
        self.station = None
        self._keeper.wipe()
        if self._disk is not None:
            self._disk.wipe()
            self._disk = None
        self._people.clear()
        self._crew.clear()
        self._answered.clear()
        self.areas.clear()
        self._stopped()

    # -- what comes from the centre

    def _heard(self, message: ToStationToo) -> None:
        if self.wiped:
            return
        match message:
            case Welcome():
                if self._disk is None:
                    self._keeper.keep_key(message.key)
                    self._open(message.key)
                elif self.station is not None:
                    # The link is new: not to be told of at the next heartbeat only.
                    self._carry_out([self.station._report(_now())])
            case VenueNow():
                self._take_venue(message)
            case PeoplePage():
                self._take_people(message)
            case LinkAnswer() | Totals() | News():
                if self.station is not None:
                    self._heard_at = _now().wall
                    self._keep_heard()
                    self._carry_out(self.station.received(message, _now()))

    def _keep_heard(self) -> None:
        """When the centre was heard of outlives a new start, to the minute."""
        assert self._disk is not None
        assert self._heard_at is not None
        if self._heard_at - self._heard_kept_at >= HEARD_KEPT_MS:
            self._heard_kept_at = self._heard_at
            try:
                self._disk.keep_setting("heard", str(self._heard_at).encode())
            except sqlite3.Error as error:
                log.warning("the station cannot write: %s", error)

    def _take_venue(self, venue: VenueNow) -> None:
        if self._disk is None:
            return
        before, self._venue = self._venue, venue
        if before == venue:
            return
        self._disk.keep_venue(venue)
        if self.station is not None and before is not None:
            same = msgspec.structs.replace(before, sessions=venue.sessions) == venue
            if same:
                self.station.programme = venue.programme()
                return
        self._begin()

    def _take_people(self, page: PeoplePage) -> None:
        """A page counts at once; who is not on any page of all is gone with the last one."""
        if self._disk is None:
            return
        if page.first:
            self._coming = set()
        gone = set(page.gone)
        for code, person in page.changed:
            self._people[code] = bytes(person)
        if page.since is None:
            self._coming |= {code for code, _ in page.changed}
            if page.last:
                gone |= self._people.keys() - self._coming
        for code in gone:
            self._people.pop(code, None)
        self._disk.keep_people(page, gone)
        if page.last:
            self._coming = set()
            if self.layout is not None:
                self._list_crew()

    def _shown(self, text: str) -> None:
        try:
            message = _live.decode(text)
        except msgspec.MsgspecError:
            return
        self.seq, self.version = message.seq, message.version
        if isinstance(message, Snapshot):
            self.areas = {}
        if not isinstance(message, Heartbeat):
            self.areas |= {area.id: area for area in message.areas}
            for tell in tuple(self.listeners):
                tell(text)
        if self.station is not None and self.station.state.evacuation != message.evacuation:
            self._carry_out(self.station.evacuated(message.evacuation))

    # -- time

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self.station is not None:
                self._carry_out(self.station.tick(_now()))
            elif self._disk is not None and not self.wiped:
                try:
                    self._begin()
                except (sqlite3.Error, OSError) as error:
                    log.error("the station cannot go on: %s", error)
                    await asyncio.sleep(1)

    async def _tell_pages(self) -> None:
        while True:
            await asyncio.sleep(SHOW_S)
            beat = self.heartbeat()
            for tell in tuple(self.listeners):
                tell(beat)

    def state(self) -> StationState:
        layout, station = self.layout, self.station
        if layout is None or station is None:
            return StationState(link="cut", since=None, waiting=0, rights={})
        now = _now()
        cut, slow = station.is_cut_off(now) or not self.link.is_open, now.steady - self._alone_at < SLOW_MS
        return StationState(
            link="cut" if cut else "slow" if slow else "linked",
            since=iso(self._heard_at, layout) if cut and self._heard_at is not None else None,
            waiting=sum(book.n - book.have for book in station.books.values()),
            rights={area: station.rights(area) for area in station.path},
        )

    def snapshot(self) -> str:
        """What a page is told first."""
        evacuation = self.station.state.evacuation if self.station is not None else "none"
        first = Snapshot(seq=self.seq, version=self.version, evacuation=evacuation, areas=list(self.areas.values()))
        return msgspec.json.encode(first).decode()

    def heartbeat(self) -> str:
        evacuation = self.station.state.evacuation if self.station is not None else "none"
        at = iso(_now().wall, self.layout) if self.layout is not None else ""
        beat = StationHeartbeat(seq=self.seq, version=self.version, evacuation=evacuation, at=at, station=self.state())
        return msgspec.json.encode(beat).decode()


def pair(url: str, code: str, keeper: Keeper) -> Pairing:
    """Make this machine the station of a pairing code. Raises `CheckinError` with what the centre says."""
    try:
        answer = httpx.post(f"{url.rstrip('/')}/api/v1/stations/pair", json={"code": code}, timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        raise CheckinError(f"No connection to {url}: {error or type(error).__name__}", code="no_link") from None
    if answer.is_error:
        try:
            detail = str(answer.json().get("detail", ""))
        except ValueError:
            detail = ""
        raise CheckinError(detail or f"{url} answers HTTP {answer.status_code}.", code="pairing_failed")
    told: dict[str, Any] = answer.json()
    pairing = Pairing(
        url=url.rstrip("/"), event=told["event"], station=told["station"], door=told["door"], token=told["token"]
    )
    keeper.keep_key(msgspec.json.decode(msgspec.json.encode(told["key"]), type=bytes))
    keeper.keep_pairing(pairing)
    return pairing


async def serve(kiosk: Kiosk, app: Any, port: int, stop: asyncio.Event) -> None:
    """Run a station and its pages until told to stop, by a signal or by `stop`."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=PAGE_FRAME_BYTES_MAX,
            access_log=False,
            log_config=None,
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )

    async def stopped() -> None:
        await stop.wait()
        server.should_exit = True

    async def run() -> None:
        try:
            await kiosk.run()
        finally:
            server.should_exit = True

    tasks = [asyncio.create_task(run(), name="station"), asyncio.create_task(stopped(), name="station stops")]
    try:
        await server.serve()
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        kiosk.close()
    for result in results:
        if isinstance(result, Exception):
            raise result


def _now() -> Moment:
    return Moment(wall=time.time_ns() // 1_000_000, steady=time.monotonic_ns() // 1_000_000)
