"""Admit scans: load what the rules need, decide in order, save, all in one transaction.

However many scans come together, the number of statements stays the same.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from checkin.core import codes, wording
from checkin.core.admission import Facts, decide
from checkin.core.errors import CheckinError, Conflict, NotFound
from checkin.core.facts import Scanned, presence_after
from checkin.core.model import Scan
from checkin.core.occupancy import House, Presence
from checkin.service.journal import Journal
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, facts, presences
from checkin.store.attendees import Known
from checkin.store.engine import Transaction
from checkin.store.facts import Kept
from checkin.store.presences import TallyRow
from checkin.wire import Answer, AreaShown, AttendeeShown, Since, iso

CLOCK_OFF_MS = 60_000
"""From here a door's clock is marked as off (the conflict rule of a minute)."""
CONTENT_BYTES = 16


class Arrived(Struct, frozen=True, kw_only=True):
    """A scan as it reached the centre. `by`: the device or operator. `delayed`: it comes out of a
    door's store, so that an old time is no sign of a wrong clock."""

    scan: Scan
    by: str
    delayed: bool = False


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


class _Admission:
    def __init__(self, tx: Transaction, venues: Venues, slug: str, arrived: Sequence[Arrived], now: int) -> None:
        self.tx = tx
        self.arrived = arrived
        self.now = now
        self.journal = Journal(tx, venues.id(tx, slug))
        self.venue: Venue = venues.venue(tx, slug, self.journal.event)
        self.layout = self.venue.layout
        self.clock = dt.datetime.fromtimestamp(now / 1000, self.layout.zone).time()
        self.received_at = iso(now, self.layout)
        self.texts = [codes.normalise(one.scan.code) for one in arrived]
        wanted = {text for text in self.texts if len(text) <= codes.FOREIGN_CHARS_MAX}
        self.known = attendees.bearers_by_code(tx, self.venue.id, wanted)
        self.earlier = facts.facts_by_id(tx, self.venue.id, [one.scan.id for one in arrived])
        self.tallies = presences.load_tallies(tx, self.venue.id)
        self.house = House(self.layout, {area: row.tally for area, row in self.tallies.items()})
        self.moved: dict[str, Presence] = {}
        self.changed: dict[str, int] = {}

    def answers(self) -> list[Answered | CheckinError]:
        answers = [self._answer(one, text) for one, text in zip(self.arrived, self.texts, strict=True)]
        self.journal.write()
        if self.moved:
            presences.save_presences(self.tx, self.venue.id, self.moved)
            presences.save_tallies(
                self.tx,
                self.venue.id,
                {area: TallyRow(self.house.tallies[area], seq, self.now) for area, seq in self.changed.items()},
            )
        return answers

    def _answer(self, arrived: Arrived, text: str) -> Answered | CheckinError:
        scan = arrived.scan
        if scan.door not in self.layout.doors:
            return NotFound(f"This event has no door “{scan.door}”.", code="door_unknown")
        known = self.known.get(text)
        content = _content(scan, self.venue.key)
        earlier = self.earlier.get(scan.id)
        if earlier is not None:
            if earlier.content != content or not isinstance(earlier.fact, Scanned):
                return Conflict(
                    "This id was sent before with other content. Give every scan an id of its own.", code="id_reused"
                )
            return Answered(self._worded(earlier, known), repeated=True)
        kept = self._kept(arrived, text, known, content)
        self.earlier[scan.id] = kept
        return Answered(self._worded(kept, known), repeated=False)

    def _kept(self, arrived: Arrived, text: str, known: Known | None, content: bytes) -> Kept:
        scan = arrived.scan
        decision = decide(scan, self._facts(text, known))
        self.house.move(decision.leaves, decision.enters, decision.counts_as)
        door = self.layout.doors[scan.door]
        numbers = self.house.numbers(door.area)
        scanned_at = self.now if scan.scanned_at is None else scan.scanned_at
        ahead = scanned_at - self.now
        off = ahead > CLOCK_OFF_MS or (ahead < -CLOCK_OFF_MS and not arrived.delayed)
        fact = Scanned(
            id=scan.id,
            door=scan.door,
            direction=scan.direction,
            area=door.area,
            decision=decision,
            scanned_at=scanned_at,
            received_at=self.now,
            inside=numbers.inside,
            capacity=numbers.capacity,
            free=numbers.free,
            by=arrived.by,
            clock_off_ms=ahead if off else None,
            override=scan.override.reason if scan.override else None,
        )
        seq = self.journal.add(fact, content)
        self._note_movement(fact, seq, known)
        return Kept(seq, fact, content)

    def _facts(self, text: str, known: Known | None) -> Facts:
        bearer = known.bearer if known else None
        if bearer is not None and bearer.attendee in self.moved:
            bearer = msgspec.structs.replace(bearer, presence=self.moved[bearer.attendee])
        return Facts(
            now=self.now,
            clock=self.clock,
            layout=self.layout,
            house=self.house,
            evacuation=self.journal.event.evacuation,
            genuineness="genuine" if known else codes.genuineness(text, self.venue.key),
            bearer=bearer,
        )

    def _note_movement(self, fact: Scanned, seq: int, known: Known | None) -> None:
        decision = fact.decision
        before = self.moved.get(decision.attendee or "") or (known.bearer.presence if known else None)
        after = presence_after(fact, before)
        if after is None or decision.attendee is None:
            return
        self.moved[decision.attendee] = after
        for one, other in ((decision.leaves, decision.enters), (decision.enters, decision.leaves)):
            for area in self.house.entered(one, other):
                self.changed[area] = seq

    def _worded(self, kept: Kept, known: Known | None) -> Answer:
        fact = kept.fact
        assert isinstance(fact, Scanned)
        decision = fact.decision
        refusal = decision.refusal
        since = None
        if refusal is not None and refusal.since_at is not None and refusal.since_door is not None:
            since_door = self.layout.doors.get(refusal.since_door)
            since = Since(
                at=iso(refusal.since_at, self.layout), door=since_door.name if since_door else refusal.since_door
            )
        attendee = None
        if known is not None and known.bearer.attendee == decision.attendee:
            attendee = AttendeeShown(
                id=known.bearer.attendee,
                name=known.name,
                organisation=known.organisation,
                group=known.bearer.group,
            )
        return Answer(
            id=fact.id,
            seq=kept.seq,
            outcome=decision.outcome,
            reason=refusal.reason if refusal else None,
            kind=decision.kind,
            provisional=False,
            attendee=attendee,
            area=AreaShown(id=fact.area, inside=fact.inside, capacity=fact.capacity, free=fact.free),
            hint=wording.hint(decision, self.layout),
            way=wording.way(refusal, fact.door, self.layout),
            since=since,
            overridden=decision.overridden,
            scanned_at=self._iso(fact.scanned_at),
            received_at=self._iso(fact.received_at),
            clock_off_s=None if fact.clock_off_ms is None else round(fact.clock_off_ms / 1000),
        )

    def _iso(self, at: int) -> str:
        return self.received_at if at == self.now else iso(at, self.layout)


def _content(scan: Scan, key: bytes) -> bytes:
    """A keyed digest of what the client sent: tells a repeat from a reuse without keeping the code,
    which may be anything (a Wi-Fi password, say)."""
    sent = "\0".join(
        (scan.code, scan.door, scan.direction, str(scan.scanned_at), scan.override.reason if scan.override else "")
    )
    return hmac.digest(key, sent.encode(), "sha256")[:CONTENT_BYTES]
