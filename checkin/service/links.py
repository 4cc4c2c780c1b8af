"""The centre's end of the links with stations: what they say is taken together, committed, then answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from msgspec import Struct

from checkin.core.admission import Bearer, Decision, Kind, Refusal, decide
from checkin.core.conflict import Case
from checkin.core.errors import Busy
from checkin.core.facts import Assumed, Changed, Evacuated, Scanned, Undone, presence_before
from checkin.core.holds import ANYBODY
from checkin.core.link import NEWS_MAX, Answer, Ask, Centre, Move, News, Report, Row, Rows, ToCentre, ToStation, Totals
from checkin.core.model import CountsAs, Scan
from checkin.core.occupancy import Presence
from checkin.core.reference import Everybody, Has, People, Person, Telling, ToCentreToo, Took, ToStationToo, VenueNow
from checkin.service import moving
from checkin.service.evacuation import evacuation_of
from checkin.service.journal import Journal
from checkin.service.ledgers import SetAside
from checkin.service.moving import Moving
from checkin.service.scans import fact_of, facts_of
from checkin.service.venues import Venues
from checkin.store import attendees, events, facts, presences, stations
from checkin.store.engine import Store, Transaction

TICK_S = 2.0
NEWS_S_MIN = 0.2
"""News of other doors go out at most so often."""
WAITING_MAX = 2_000
TOGETHER_MAX = 200
CODES_A_QUERY = 1_000
NOT_UNDERSTOOD = (LookupError, TypeError, ValueError, AttributeError, AssertionError)
"""What a row raises for which the rules were not made; whatever a database raises, passes."""
REST_FACTOR = 20
"""Everybody is read again, for stations, in at most one part in so many of the time."""

log = logging.getLogger(__name__)


class LinkedRooms:
    """The centre's count of people in one transaction, as the machine of the link asks for it (`link.Rooms`).

    `speaker`: the station and the epoch whose message is being taken."""

    def __init__(
        self, tx: Transaction, venues: Venues, slug: str, said: Sequence[tuple[str, ToCentre]], now: int
    ) -> None:
        self.tx = tx
        self.now = now
        self.speaker = ("", "")
        self.journal = Journal(tx, venues.id(tx, slug))
        self.venue = venues.venue(tx, slug, self.journal.event)
        self.layout = self.venue.layout
        ledger = venues.ledgers.take(tx, self.journal.event, self.layout)
        assert ledger is not None, "an event with a station has a ledger"
        self.ledger = ledger
        self._ledgers = venues.ledgers
        asked = [one.scan for _, one in said if isinstance(one, Ask)]
        rows = [row for _, one in said if isinstance(one, Rows) for row in one.rows]
        ids = {scan.id for scan in asked} | {row.scan.id for row in rows}
        self._answers = facts.facts_by_id(tx, self.venue.id, ids) if ids else {}
        self._shown = stations.rows_by_scan(tx, self.venue.id, ids) if ids else {}
        self._people = moving.People(tx, self.venue.id, asked)
        named = {row.attendee for row in rows if row.attendee is not None}
        found = attendees.bearers_by_id(tx, self.venue.id, named) if named else {}
        self._bearers: dict[str, Bearer | None] = dict.fromkeys(named)
        self._bearers |= {id: known.bearer for id, known in found.items()}
        waits = any(scan.wait for scan in asked)
        self._moving = Moving(tx, self.venue, now, evacuation_of(self.journal.event), with_line_ends=waits)
        self._seats = self._moving.seats
        self._seats.house.set_aside = SetAside(ledger)
        self._decided: dict[str, tuple[Decision, Bearer | None]] = {}
        self._untold: Row | None = None
        self._open: Row | None = None
        self._rows: list[tuple[str, str, Row]] = []
        self._cases: list[Case] = []

    def save(self) -> None:
        self._tell()
        self.journal.write()
        self._moving.save()
        if self._rows:
            stations.add_rows(self.tx, self.venue.id, self._rows, self.now)
        if self._cases:
            stations.add_cases(self.tx, self.venue.id, self._cases, self.now)
        self._ledgers.save(self.tx, self.journal.event, self.ledger)

    # -- what the machine asks

    def knows(self, attendee: str) -> bool:
        return self._bearer(attendee) is not None

    def presence(self, attendee: str) -> Presence | None:
        bearer = self._bearer(attendee)
        return self._moving.now_of(bearer).presence if bearer is not None else None

    def answered(self, scan: str) -> Decision | None:
        kept = self._answers.get(scan)
        if kept is not None:
            return kept.fact.decision if isinstance(kept.fact, Scanned) else Decision(outcome="refused", kind=None)
        row = self._shown.get(scan)
        if row is None:
            return None
        return Decision(
            outcome="admitted" if row.outcome == "admitted" else "refused", kind=None, attendee=row.attendee
        )

    def decide(self, scan: Scan, unsure: Callable[[str], tuple[str, ...]]) -> Decision:
        led_to = self._people.led_to(scan)
        if not scan.code:
            led_to = [one for one in led_to if self.layout.groups[one.bearer.group].counts_as == "crew"]
        bearer = None
        if len(led_to) == 1:
            self._bearers.setdefault(led_to[0].bearer.attendee, led_to[0].bearer)
            bearer = self._moving.now_of(led_to[0].bearer)
            bearer = msgspec.structs.replace(bearer, unsure=unsure(bearer.attendee))
        facts_now = facts_of(scan, led_to, bearer, self.venue, self._moving, self.journal.event, self.now)
        decision = decide(scan, facts_now)
        self._decided[scan.id] = (decision, bearer)
        return decision

    def keep(self, scan: Scan, told: Decision | Row) -> None:
        self._tell()
        if isinstance(told, Row):
            self._rows.append((*self.speaker, told))
            self._open = told
            if scan.id not in self._answers and scan.id not in self._shown:
                self._shown[scan.id] = self._untold = told
            return
        decision, bearer = self._decided.pop(scan.id)
        recounts = self._moving.carry_out(scan, decision, bearer)
        fact = fact_of(
            scan,
            decision,
            self._moving,
            scanned_at=self.now,
            received_at=self.now,
            by=self._by,
            recounts=recounts,
        )
        self._add(fact, bearer)

    def lay_aside(self, row: Row) -> None:
        """No fact: it may speak of a door that is another's, or of none."""
        self._tell()
        self._rows.append((*self.speaker, row))
        self._shown.setdefault(row.scan.id, row)

    def move(self, attendee: str, enters: str | None, counts_as: CountsAs, scan: Scan, at: int) -> None:
        bearer = self._bearer(attendee)
        if scan.id in self._decided or bearer is None:
            return  # `keep` moves them with all that belongs to the decision; whoever was erased is nowhere
        row = self._open
        if row is not None and row.outcome != "admitted":
            self._put_back(bearer, enters, scan)
            return
        self._shown_passage(bearer, enters, counts_as, scan, at)

    def stay(self, attendee: str, scan: Scan, at: int) -> None:
        bearer = self._bearer(attendee)
        if scan.id in self._decided or bearer is None:
            return  # as in `move`
        there = self._moving.now_of(bearer).presence
        if there is not None:
            self._shown_passage(bearer, there.area, there.counts_as, scan, at)

    def _shown_passage(self, bearer: Bearer, enters: str | None, counts_as: CountsAs, scan: Scan, at: int) -> None:
        """A station has let somebody through: a fact, beside what was decided here."""
        there = self._moving.now_of(bearer).presence
        leaves = there.area if there is not None else None
        decision = Decision(
            outcome="admitted",
            kind=_kind(scan, there) if leaves != enters else "reentry",
            attendee=bearer.attendee,
            counts_as=there.counts_as if there is not None and leaves is not None else counts_as,
            leaves=leaves,
            enters=enters,
        )
        recounts = self._moving.carry_out(scan, decision, bearer)
        self._untold = None
        id = f"{scan.id} shown" if scan.id in self._answers else scan.id
        fact = fact_of(
            scan, decision, self._moving, scanned_at=at, received_at=self.now, by=self._by, recounts=recounts, id=id
        )
        self._add(fact, bearer)

    def free(self, area: str) -> int | None:
        return self._seats.house.free(area)

    def pool(self, area: str) -> int | None:
        free = self._seats.free_for(area, ANYBODY)
        return None if free is None else free - self._seats.waiting(area)

    def is_new_after_retirement(self) -> bool:
        """Whether the speaker was retired, and begins anew with this epoch."""
        station, epoch = self.speaker
        known = {one.id: one.retired for one in self.ledger.epochs.values() if one.station == station}
        return epoch not in known and bool(known) and all(known.values())

    def came_back(self) -> None:
        """Whoever said that the speaker is switched off reads of it, whether it has linked again or was never away."""
        self._tell()
        self.journal.add(Changed(noun="device", what="came back", at=self.now, by=self._by, ids=(self.speaker[0],)))

    def open_case(self, case: Case) -> None:
        self._cases.append(case)

    def news(self, since: int) -> tuple[int, tuple[Move, ...], bool]:
        return news_since(self.tx, self.venue.id, since)

    # -- facts

    @property
    def _by(self) -> str:
        return f"device:{self.speaker[0]}"

    def _bearer(self, attendee: str) -> Bearer | None:
        if attendee not in self._bearers:
            known = attendees.bearers_by_id(self.tx, self.venue.id, [attendee]).get(attendee)
            self._bearers[attendee] = known.bearer if known is not None else None
        return self._bearers[attendee]

    def _add(self, fact: Scanned, bearer: Bearer | None) -> None:
        seq = self.journal.add(fact)
        self._answers[fact.id] = facts.Kept(seq, fact)
        self._moving.note(fact, seq, bearer)

    def _tell(self) -> None:
        """What a station showed that has moved nobody here is a fact as well."""
        row, self._untold, self._open = self._untold, None, None
        if row is None or row.outcome == "lapsed":
            return
        bearer = self._bearer(row.attendee) if row.attendee is not None else None
        there = self._moving.now_of(bearer).presence if bearer is not None else None
        where = there.area if there is not None else None
        admitted = row.outcome == "admitted"
        decision = Decision(
            outcome=row.outcome,
            kind=("exit" if row.scan.direction == "exit" else "reentry") if admitted else None,
            refusal=Refusal(reason=row.reason) if row.reason is not None else None,
            attendee=bearer.attendee if bearer is not None else None,
            counts_as=row.counts_as,
            leaves=where,
            enters=where,
        )
        at = row.at - (row.offset_ms or 0)
        fact = fact_of(row.scan, decision, self._moving, scanned_at=at, received_at=self.now, by=self._by)
        self._add(fact, bearer)

    def _put_back(self, bearer: Bearer, enters: str | None, scan: Scan) -> None:
        """The centre had let them through, and the door had not."""
        kept, there = self._answers.get(scan.id), self._moving.now_of(bearer).presence
        if kept is None or not isinstance(kept.fact, Scanned) or there is None:
            return
        last = facts.last_passage(self.tx, self.venue.id, bearer.attendee, kept.seq)
        before = presence_before(kept.fact, last, there)
        house = self._seats.house
        house.move(there.area, enters, there.counts_as, self._seats.claims(bearer.claimant))
        recounts = house.reconcile(self.layout.doors[scan.door].area, scan.direction, there.area, enters)
        fact = Undone(
            scan=scan.id,
            attendee=bearer.attendee,
            counts_as=there.counts_as,
            leaves=there.area,
            presence=before,
            at=self.now,
            by=self._by,
            recounts=tuple(recounts),
        )
        self._moving.put_back(bearer, there.area, before, self.journal.add(fact))


def _kind(scan: Scan, there: Presence | None) -> Kind:
    if scan.direction == "exit":
        return "exit"
    if there is None:
        return "arrival"
    return "reentry" if there.area is None else "entry"


def news_since(tx: Transaction, event: int, since: int) -> tuple[int, tuple[Move, ...], bool]:
    """Of the next facts after `since`, at most `NEWS_MAX`: the seq of the last one, who has moved and where they are
    now, and whether there was an all-clear."""
    page = facts.facts_since(tx, event, since, NEWS_MAX)
    if not page:
        return since, (), False
    scans: dict[str, str] = {}
    emptied = False
    for kept in page:
        match kept.fact:
            case Scanned() as fact if fact.decision.attendee is not None and fact.decision.outcome == "admitted":
                scans[fact.decision.attendee] = fact.id.removesuffix(" shown")
            case Undone() as fact if fact.attendee:
                scans[fact.attendee] = f"undo {fact.scan}"
            case Assumed() as fact if fact.attendee:
                scans[fact.attendee] = "assumed"
            case Evacuated() as fact if fact.empties:
                emptied = True
    where = presences.presences_of(tx, scans)
    moves = tuple(Move(attendee=who, scan=scan, presence=where.get(who)) for who, scan in scans.items())
    return page[-1].seq, moves, emptied


class Reference(Struct, frozen=True):
    """Everybody as of a version."""

    version: str
    people: Everybody


def version_of(tx: Transaction, venues: Venues, slug: str) -> str:
    """Another one whenever venue, programme or people have changed. A centre that was put back counts on from its
    backup, and so says which one it is."""
    row = events.load_event_row(tx, venues.id(tx, slug))
    return f"{stations.generation_of(tx, row.id)}.{row.layout_version}.{facts.last_change(tx, row.id)}"


def venue_of(tx: Transaction, venues: Venues, slug: str) -> VenueNow:
    venue = venues.venue(tx, slug)
    return VenueNow.of(venue.layout, venue.programme)


def reference_of(tx: Transaction, venues: Venues, slug: str) -> Reference:
    event, people = venues.id(tx, slug), Everybody()
    codes = attendees.all_codes(tx, event)
    for start in range(0, len(codes), CODES_A_QUERY):
        for code, known in attendees.bearers_by_code(tx, event, codes[start : start + CODES_A_QUERY]).items():
            bearer = msgspec.structs.replace(known.bearer, presence=None, proxy=None, items={})
            person = Person(bearer=bearer, name=known.name, organisation=known.organisation)
            people.put(code, msgspec.msgpack.encode(person))
    return Reference(version_of(tx, venues, slug), people)


class Connection:
    """One station's link. `push` takes what goes down at once, and must not wait; `more` says that there are pages of
    people, to be taken with `page` when nothing else is to go down."""

    def __init__(
        self,
        station: str,
        push: Callable[[ToStationToo], None],
        *,
        revoked: bool,
        more: Callable[[], None] = lambda: None,
    ) -> None:
        self.station = station
        self.push = push
        self.revoked = revoked
        self.more = more
        self.cursor: int | None = None
        self.venue = b""
        self.telling: Telling | None = None
        self.people: Everybody | None = None

    def page(self) -> People | None:
        return self.telling.page() if self.telling is not None else None

    def took(self) -> None:
        if self.telling is not None:
            self.telling.taken()
            self.more()


class _Said(Struct):
    connection: Connection
    message: ToCentre
    taken: asyncio.Future[None]


def _each_once(said: Sequence[tuple[str, ToCentre]], answers: Sequence[list[ToStation]]) -> list[list[ToStation]]:
    """Of the totals of a station the last ones say all that those before have said."""
    told: set[tuple[str, str]] = set()
    kept: list[list[ToStation]] = []
    for (station, _), messages in zip(reversed(said), reversed(answers), strict=True):
        last = [one for one in messages if not isinstance(one, Totals) or (station, one.epoch) not in told]
        told |= {(station, one.epoch) for one in last if isinstance(one, Totals)}
        kept.append(last)
    return kept[::-1]


def _is_unread(message: Rows) -> bool:
    return all(row.unread is not None for row in message.rows)


class Links:
    """The links of one event's stations. `committed` is called after every commit, before the answers go out.
    `real_time`: as in `core.link.Centre`."""

    def __init__(
        self,
        store: Store,
        venues: Venues,
        slug: str,
        *,
        clock: Callable[[], int],
        committed: Callable[[], None],
        real_time: bool = True,
    ) -> None:
        self._store = store
        self._venues = venues
        self._slug = slug
        self._clock = clock
        self._real_time = real_time
        self._committed = committed
        self._waiting: deque[_Said] = deque()
        self._filled = asyncio.Event()
        self._news = asyncio.Event()
        self._has_told = {"venue": asyncio.Event(), "people": asyncio.Event()}
        self._reference: Reference | None = None
        self._rests_until_s = 0.0
        self._generation = 1
        self.connections: dict[str, Connection] = {}
        self._tasks = [
            asyncio.create_task(work, name=f"links {slug}")
            for work in (
                self._run(),
                self._tick(),
                self._tell_news(),
                self._bring("venue", self._bring_venue),
                self._bring("people", self._bring_people),
            )
        ]

    def poke(self) -> None:
        """There is more: something was committed."""
        self._news.set()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def connect(self, connection: Connection) -> None:
        """This station is linked from now on. A link that it had before gives way."""
        self.connections[connection.station] = connection

    def disconnect(self, connection: Connection) -> None:
        if self.connections.get(connection.station) is connection:
            del self.connections[connection.station]

    def take(self, connection: Connection, message: ToCentreToo) -> asyncio.Future[None]:
        """Done once this is committed and answered; venue and people that a station lacks follow by themselves, so
        that what it tells never waits for them. Raises `Busy` where too much waits."""
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if isinstance(message, Has):
            self._has(connection, message)
            taken.set_result(None)
        elif isinstance(message, Took):
            connection.took()
            taken.set_result(None)
        elif len(self._waiting) >= WAITING_MAX:
            raise Busy("Too many stations talk at once.", code="queue_full")
        else:
            self._waiting.append(_Said(connection, message, taken))
            self._filled.set()
        return taken

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER_MAX))]
            if batch:
                await self._commit(batch)
            else:
                self._filled.clear()

    async def _commit(self, batch: list[_Said]) -> None:
        said, now = [(one.connection.station, one.message) for one in batch], self._clock()
        try:
            answers = await self._store.write(lambda tx: self._exchange(tx, said, now))
        except Exception as error:
            if len(batch) > 1:
                # One of them is the cause: let each stand alone, so that it takes no other along.
                for one in batch:
                    await self._commit([one])
                return
            (one,) = batch
            if isinstance(one.message, Rows) and isinstance(error, NOT_UNDERSTOOD) and not _is_unread(one.message):
                log.exception("station %s: rows that the centre stumbles over", one.connection.station)
                await self._take_apart(one, one.message)
                return
            log.warning("station %s: a message was not taken: %s", one.connection.station, error)
            if not one.taken.done():
                one.taken.set_exception(error)
            return
        self._committed()
        for one, told in zip(batch, answers, strict=True):
            if isinstance(one.message, Report) and one.connection.cursor is None:
                one.connection.cursor = one.message.cursor
            for message in told:
                if isinstance(message, News):
                    one.connection.cursor = message.seq
                if not isinstance(message, Answer):
                    one.connection.push(message)
        # Answers last: a station then has one commit for totals and for what it shows.
        for one, told in zip(batch, answers, strict=True):
            for message in told:
                if isinstance(message, Answer):
                    one.connection.push(message)
            if not one.taken.done():
                one.taken.set_result(None)
        self._news.set()

    async def _take_apart(self, said: _Said, message: Rows) -> None:
        """Rows of which one is the cause: each by itself, and that one unread, so that those behind it arrive."""
        for row, age in zip(message.rows, message.ages, strict=True):
            if len(message.rows) == 1:
                row = msgspec.structs.replace(row, unread=msgspec.msgpack.encode(row))
            part = Rows(generation=message.generation, epoch=message.epoch, rows=(row,), ages=(age,))
            done = asyncio.get_running_loop().create_future()
            await self._commit([_Said(said.connection, part, done)])
            if (failed := done.exception()) is not None:
                said.taken.set_exception(failed)
                return
        said.taken.set_result(None)

    def _exchange(self, tx: Transaction, said: Sequence[tuple[str, ToCentre]], now: int) -> list[list[ToStation]]:
        rooms = LinkedRooms(tx, self._venues, self._slug, said, now)
        machine = self._machine(tx, rooms)
        answers = []
        for station, message in said:
            rooms.speaker = (station, message.epoch)
            is_back = isinstance(message, Report) and rooms.is_new_after_retirement()
            answers.append(machine.receive(station, message, now))
            if is_back and station not in machine.revoked:
                rooms.came_back()
        rooms.save()
        return _each_once(said, answers)

    def _machine(self, tx: Transaction, rooms: LinkedRooms) -> Centre:
        known = stations.load_stations(tx, rooms.venue.id)
        self._generation = rooms.ledger.generation
        return Centre(
            rooms,
            rooms.ledger,
            {one.id: one.door for one in known.values()},
            linked=self._venues.ledgers.linked.setdefault(rooms.venue.id, {}),
            revoked=[one.id for one in known.values() if one.revoked],
            real_time=self._real_time,
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if not self.connections:
                continue
            try:
                told = await self._store.write(self._share)
            except Exception as error:
                log.warning("seats of stations not shared out, trying again: %s", error)
                continue
            for station, totals in told.items():
                if station in self.connections:
                    self.connections[station].push(totals)

    def _share(self, tx: Transaction) -> dict[str, ToStation]:
        now = self._clock()
        rooms = LinkedRooms(tx, self._venues, self._slug, [], now)
        machine = self._machine(tx, rooms)
        told = machine.tick(now)
        rooms.save()
        return dict(told)

    # -- what goes down by itself

    async def _tell_news(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._tell_all()
            except Exception as error:
                log.warning("news not told to stations, trying again: %s", error)
            await asyncio.sleep(NEWS_S_MIN)

    async def _tell_all(self) -> None:
        behind = [(one.cursor, one) for one in self.connections.values() if one.cursor is not None and not one.revoked]
        while behind:
            # Those who are less far behind hear once more what they know: so it is read and encoded once for all.
            since = min(cursor for cursor, _ in behind)
            seq, moves, emptied = await self._store.read(self._news_from(since))
            if seq == since:
                return
            news = News(
                generation=self._generation, at=self._clock(), since=since, seq=seq, moves=moves, emptied=emptied
            )
            for cursor, connection in behind:
                if cursor < seq and connection.cursor == cursor:
                    connection.push(news)
                    connection.cursor = seq
            self._news.set()
            behind = [one for one in behind if one[0] >= seq]

    def _news_from(self, since: int) -> Callable[[Transaction], tuple[int, tuple[Move, ...], bool]]:
        return lambda tx: news_since(tx, self._venues.id(tx, self._slug), since)

    # -- venue and people

    def _has(self, connection: Connection, has: Has) -> None:
        if connection.revoked:
            return
        connection.venue, connection.telling, connection.people = has.venue, Telling(has.people), None
        for told in self._has_told.values():
            told.set()

    async def _bring(self, what: str, bring: Callable[[list[Connection]], Awaitable[None]]) -> None:
        """What stations have is brought to the present, at once when one has linked."""
        told = self._has_told[what]
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await told.wait()
            told.clear()
            if linked := [one for one in self.connections.values() if one.telling is not None]:
                try:
                    await bring(linked)
                except Exception as error:
                    log.warning("%s not brought to stations, trying again: %s", what, error)

    async def _bring_venue(self, linked: list[Connection]) -> None:
        venue = await self._store.read(lambda tx: venue_of(tx, self._venues, self._slug))
        digest = venue.digest()
        for connection in linked:
            if connection.venue != digest:
                connection.push(venue)
                connection.venue = digest

    async def _bring_people(self, linked: list[Connection]) -> None:
        now = await self._fresh_reference()
        for connection in linked:
            if connection.telling is not None and connection.people is not now.people:
                connection.telling.turn_to(now.people)
                connection.people = now.people
                connection.more()

    async def _fresh_reference(self) -> Reference:
        """Read once for all who link together, and again only after a rest as long as the reading is dear: until
        then those who link get what was read, and what has changed since with the others."""
        now_s = asyncio.get_running_loop().time
        if self._reference is not None and now_s() < self._rests_until_s:
            return self._reference
        version = await self._store.read(lambda tx: version_of(tx, self._venues, self._slug))
        if self._reference is None or self._reference.version != version:
            began_s = now_s()
            self._reference = await self._store.snapshot(lambda tx: reference_of(tx, self._venues, self._slug))
            self._rests_until_s = now_s() + (now_s() - began_s) * REST_FACTOR
        return self._reference
