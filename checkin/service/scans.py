"""Admit scans: load what the rules need, decide in order, save, all in one transaction.

However many scans come together, the number of statements stays the same; where the database works beside us, it is
that for each `PIECE_SCANS`.
"""

from __future__ import annotations

import hmac
import itertools
from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from checkin.core import codes, wording
from checkin.core.admission import OVERRIDE, Bearer, Decision, Facts, Refusal, decide
from checkin.core.errors import CheckinError, Conflict, NotAllowed, NotFound
from checkin.core.facts import Scanned
from checkin.core.holds import kept_seats
from checkin.core.model import Scan
from checkin.service.evacuation import evacuation_of
from checkin.service.journal import Journal
from checkin.service.moving import Moving, People
from checkin.service.seats import Tallied
from checkin.service.venues import Venue, Venues
from checkin.store import facts
from checkin.store.attendees import Known
from checkin.store.engine import Transaction
from checkin.store.events import EventRow
from checkin.store.facts import Kept
from checkin.wire import (
    AlternativeShown,
    Answer,
    AreaShown,
    AttendeeShown,
    BookingShown,
    Choice,
    KeptShown,
    LinePlace,
    SessionSwitch,
    Since,
    alternative_shown,
    iso,
)
from checkin.words import said, said_together

CLOCK_OFF_MS = 60_000
"""From here a door's clock is marked as off (the conflict rule of a minute)."""
CONTENT_BYTES = 16
PIECE_SCANS = 64
"""Of a batch so many scans are read, decided and written one after the other, where the database works beside us."""
CHOICES_MAX = 100
"""So many members of a group are named to choose from."""


class Arrived(Struct, frozen=True, kw_only=True):
    """A scan as it reached the centre. `by`: the device or operator. `delayed`: it comes out of a
    door's store, so that an old time is no sign of a wrong clock. `by_name`: at the desk, where the
    attendee was found by name and needs no code."""

    scan: Scan
    by: str
    delayed: bool = False
    by_name: bool = False


class Answered(Struct, frozen=True):
    """An answer, and whether this scan had been answered before."""

    answer: Answer
    repeated: bool


def admit(
    tx: Transaction, venues: Venues, slug: str, arrived: Sequence[Arrived], now: int
) -> list[Answered | CheckinError]:
    """Decide scans in their order; each sees the ones before it. One answer a scan, in order.

    An id that was answered before gets the same answer again. `Conflict` stands in place of an
    answer where the id came before with other content, `NotFound` where the door is unknown.
    """
    return _Admission(tx, venues, slug, arrived, now).answers()


class _Decided(Struct, gc=False):
    """A scan that is decided and still to be worded: whom it means, and what they had booked and where the several to
    choose from were right after it."""

    seq: int
    fact: Scanned
    repeated: bool
    who: Known | None
    bookings: Sequence[str]
    choices: list[Choice]


class _Piece:
    """Scans of a batch that are read, decided and written together. Whom they mean, and what their ids were answered
    before, is asked for as this is made, and had from `take` on."""

    def __init__(self, tx: Transaction, event: int, arrived: Sequence[Arrived]) -> None:
        self.arrived = arrived
        self.people = People(tx, event, [one.scan for one in arrived])
        self._asked = facts.ask_facts_by_id(tx, event, [one.scan.id for one in arrived])

    def take(self) -> None:
        self.people.take()
        self.earlier = self._asked()


class _Admission:
    def __init__(self, tx: Transaction, venues: Venues, slug: str, arrived: Sequence[Arrived], now: int) -> None:
        self.tx = tx
        self.now = now
        event = self.event = venues.id(tx, slug)
        self.pieces = iter(_in_pieces(arrived) if tx.works_beside else [arrived])
        self.asked: deque[_Piece] = deque()
        # What may be had later is asked for before anything is waited for.
        self._ask_ahead()
        tallied = Tallied(tx, event)
        self.journal = Journal(tx, event)
        self._ask_ahead()
        self.venue: Venue = venues.venue(tx, slug, self.journal.event)
        self.layout = self.venue.layout
        self.received_at = iso(now, self.layout)
        self.earlier: dict[str, Kept] = {}
        self.evacuation = evacuation_of(self.journal.event)
        self.venues = venues
        self.ledger = venues.ledgers.take(tx, self.journal.event, self.layout)
        self.house = Moving(
            tx,
            self.venue,
            now,
            self.evacuation,
            tallied=tallied,
            with_line_ends=any(one.scan.wait for one in arrived),
            ledger=self.ledger,
        )

    def answers(self) -> list[Answered | CheckinError]:
        decided: list[_Decided | CheckinError] = []
        while self.asked:
            piece = self.asked.popleft()
            piece.take()
            self.earlier |= piece.earlier
            # A database that works beside us writes what was decided, and looks for the piece after the next, while we
            # decide: with one piece always ahead it does not wait for us.
            self.journal.write_so_far()
            self.house.save_moved()
            self._ask_ahead()
            decided += [self._decide(one, piece.people) for one in piece.arrived]
        self.journal.write()
        self.house.save()
        if self.ledger is not None:
            self.venues.ledgers.save(self.tx, self.journal.event, self.ledger)
        # Meanwhile PostgreSQL writes: it has been told everything.
        return [
            one if isinstance(one, CheckinError) else Answered(self._worded(one), repeated=one.repeated)
            for one in decided
        ]

    def _ask_ahead(self) -> None:
        if (arrived := next(self.pieces, None)) is not None:
            self.asked.append(_Piece(self.tx, self.event, arrived))

    def _decide(self, arrived: Arrived, people: People) -> _Decided | CheckinError:
        scan = arrived.scan
        if scan.door not in self.layout.doors:
            return NotFound(f"This event has no door “{scan.door}”.", code="door_unknown")
        content = _content(scan, self.venue.key)
        earlier = self.earlier.get(scan.id)
        if earlier is not None:
            if earlier.content != content or not isinstance(earlier.fact, Scanned):
                return Conflict(
                    "This id was sent before with other content. Give every scan an id of its own.", code="id_reused"
                )
            return self._noted(earlier.seq, earlier.fact, people.led_to(scan), repeated=True)
        led_to = people.led_to(scan)
        if not scan.code and not arrived.by_name and not self._is_crew(led_to):
            return NotAllowed("Without a code only members of the crew are let in.", code="code_missing")
        fact, seq = self._decided(arrived, led_to, content)
        self.earlier[scan.id] = Kept(seq, fact, content)
        return self._noted(seq, fact, led_to, repeated=False)

    def _is_crew(self, led_to: Sequence[Known]) -> bool:
        return any(self.layout.groups[known.bearer.group].counts_as == "crew" for known in led_to)

    def _decided(self, arrived: Arrived, led_to: Sequence[Known], content: bytes) -> tuple[Scanned, int]:
        scan = arrived.scan
        known = led_to[0] if len(led_to) == 1 else None
        bearer = self.house.before(known.bearer, scan) if known is not None else None
        decision = decide(scan, facts_of(scan, led_to, bearer, self.venue, self.house, self.journal.event, self.now))
        scanned_at = self.now if scan.scanned_at is None else scan.scanned_at
        ahead = scanned_at - self.now
        off = ahead > CLOCK_OFF_MS or (ahead < -CLOCK_OFF_MS and not arrived.delayed)
        # What comes out of a door's store may have happened at any time before: its clock proves nothing.
        from_at = None if arrived.delayed and scan.scanned_at is not None else self.now
        recounts = self.house.carry_out(scan, decision, bearer, from_at=from_at)
        fact = fact_of(
            scan,
            decision,
            self.house,
            scanned_at=scanned_at,
            received_at=self.now,
            by=arrived.by,
            clock_off_ms=ahead if off else None,
            recounts=recounts,
        )
        seq = self.journal.add(fact, content)
        self.house.note(fact, seq, bearer)
        return fact, seq

    def _noted(self, seq: int, fact: Scanned, led_to: Sequence[Known], *, repeated: bool) -> _Decided:
        who = next((known for known in led_to if known.bearer.attendee == fact.decision.attendee), None)
        bookings = self.house.now_of(who.bearer).bookings if who is not None else ()
        several = who is None and len(led_to) > 1
        choices = [self._choice(known) for known in led_to[:CHOICES_MAX]] if several else []
        return _Decided(seq, fact, repeated, who, bookings, choices)

    def _worded(self, decided: _Decided) -> Answer:
        fact, who = decided.fact, decided.who
        decision = fact.decision
        refusal = decision.refusal
        attendee = None
        if who is not None:
            attendee = AttendeeShown(
                id=who.bearer.attendee,
                name=who.name,
                organisation=who.organisation,
                group=who.bearer.group,
                bookings=self._bookings(decided.bookings),
            )
        hint, way = wording.hint(decision, self.layout), wording.way(decision, fact.door, self.layout)
        frozen = refusal is not None and refusal.frozen
        if frozen:
            hint, way = wording.not_given_away()
        return Answer(
            id=fact.id,
            seq=decided.seq,
            outcome=decision.outcome,
            reason=refusal.reason if refusal else None,
            kind=decision.kind,
            provisional=False,
            attendee=attendee,
            area=AreaShown(id=fact.area, inside=fact.inside, capacity=fact.capacity, free=fact.free),
            hint=said(hint),
            way=said_together(way),
            since=self._since(refusal),
            overridden=decision.overridden,
            soft=refusal is not None and OVERRIDE[refusal.reason] == "soft",
            switch=self._switch(refusal),
            kept=self._kept(refusal),
            line=self._line(refusal),
            alternatives=self._alternatives(refusal),
            choices=decided.choices,
            item=self.layout.items[decision.item].name if decision.item in self.layout.items else None,
            asks_back=[self.layout.items[item].name for item in decision.asks_back if item in self.layout.items],
            scanned_at=self._iso(fact.scanned_at),
            received_at=self._iso(fact.received_at),
            clock_off_s=None if fact.clock_off_ms is None else round(fact.clock_off_ms / 1000),
            frozen=frozen,
        )

    def _bookings(self, booked: Sequence[str]) -> list[BookingShown]:
        """The booked sessions that have not ended, in the order of their times."""
        if not booked:
            return []
        sessions = self.venue.programme.sessions
        return [
            BookingShown(
                session=session.id,
                title=session.title,
                area=session.area,
                name=self.layout.areas[session.area].name if session.area in self.layout.areas else session.area,
                starts_at=iso(session.starts_at, self.layout),
            )
            for session in sessions.values()
            if session.id in booked and not session.cancelled and self.now < session.ends_at
        ]

    def _since(self, refusal: Refusal | None) -> Since | None:
        if refusal is None or refusal.since_at is None or refusal.since_door is None:
            return None
        door = self.layout.doors.get(refusal.since_door)
        return Since(at=iso(refusal.since_at, self.layout), door=door.name if door else refusal.since_door)

    def _switch(self, refusal: Refusal | None) -> SessionSwitch | None:
        if refusal is None or refusal.reason != "session_not_booked" or refusal.session is None:
            return None
        session = self.venue.programme.sessions.get(refusal.session)
        return SessionSwitch(id=refusal.session, title=session.title if session else refusal.session)

    def _kept(self, refusal: Refusal | None) -> KeptShown | None:
        kept = kept_seats(refusal.kept) if refusal is not None else None
        if kept is None:
            return None
        until = None if kept.until_at is None else iso(kept.until_at, self.layout)
        return KeptShown(seats=kept.seats, until=until, until_seats=kept.until_seats)

    @staticmethod
    def _line(refusal: Refusal | None) -> LinePlace | None:
        if refusal is None or refusal.area is None or refusal.ahead is None:
            return None
        return LinePlace(area=refusal.area, number=refusal.number, ahead=refusal.ahead)

    def _alternatives(self, refusal: Refusal | None) -> list[AlternativeShown]:
        if refusal is None or not refusal.alternatives:
            return []
        sessions = self.venue.programme.sessions
        return [
            alternative_shown(sessions[one.session], self.layout, one.free)
            for one in refusal.alternatives
            if one.session in sessions
        ]

    def _choice(self, known: Known) -> Choice:
        there = self.house.now_of(known.bearer).presence
        return Choice(
            id=known.bearer.attendee,
            name=known.name,
            organisation=known.organisation,
            inside=there is not None and there.area is not None,
        )

    def _iso(self, at: int) -> str:
        return self.received_at if at == self.now else iso(at, self.layout)


def _in_pieces(arrived: Sequence[Arrived]) -> list[Sequence[Arrived]]:
    """The first one is half as large: until it is found there is nothing to decide."""
    starts = [0, *range(PIECE_SCANS // 2, len(arrived), PIECE_SCANS)]
    return [arrived[start:end] for start, end in itertools.zip_longest(starts, starts[1:])]


def facts_of(
    scan: Scan, led_to: Sequence[Known], bearer: Bearer | None, venue: Venue, moving: Moving, event: EventRow, now: int
) -> Facts:
    """What is known as a scan is decided. `bearer`: as the scans before have left the one whom it leads to."""
    return Facts(
        now=now,
        layout=venue.layout,
        seats=moving.seats,
        evacuation=evacuation_of(event),
        genuineness="genuine" if led_to else codes.genuineness(codes.normalise(scan.code), venue.key),
        bearer=bearer,
        several=len(led_to) > 1,
        reentry_until=event.reentry_until,
    )


def fact_of(
    scan: Scan,
    decision: Decision,
    moving: Moving,
    *,
    scanned_at: int,
    received_at: int,
    by: str,
    clock_off_ms: int | None = None,
    recounts: Sequence[tuple[str, int]] = (),
    id: str = "",
) -> Scanned:
    """A scan and its decision as a fact, with the numbers of the area once it was carried out."""
    door = moving.seats.layout.doors[scan.door]
    numbers = moving.seats.house.numbers(door.area)
    return Scanned(
        id=id or scan.id,
        door=scan.door,
        direction=scan.direction,
        area=door.area,
        decision=decision,
        scanned_at=scanned_at,
        received_at=received_at,
        inside=numbers.inside,
        capacity=numbers.capacity,
        free=numbers.free,
        by=by,
        clock_off_ms=clock_off_ms,
        override=scan.override.reason if scan.override else None,
        recounts=tuple(recounts),
    )


def _content(scan: Scan, key: bytes) -> bytes:
    """A keyed digest of what the client sent: tells a repeat from a reuse without keeping the code,
    which may be anything (a Wi-Fi password, say)."""
    override = scan.override.reason if scan.override else ""
    asks = ("1" if scan.switch else "0") + ("1" if scan.wait else "0")
    sent = f"{scan.code}\0{scan.door}\0{scan.direction}\0{scan.scanned_at}\0{override}\0{scan.attendee or ''}\0{asks}"
    return hmac.digest(key, sent.encode(), "sha256")[:CONTENT_BYTES]
