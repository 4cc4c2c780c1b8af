"""The house while a batch of scans moves people through it: loaded set-wise, saved set-wise."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from checkin.core import codes
from checkin.core.admission import Bearer, Decision, Evacuation, Given
from checkin.core.allotment import Ledger
from checkin.core.facts import Scanned, believed_at, observe, presence_after
from checkin.core.holds import Waiting
from checkin.core.model import Scan
from checkin.core.occupancy import Certainty, Changes, Presence
from checkin.service.ledgers import Passages
from checkin.service.seats import Tallied, call_numbers, seats_of
from checkin.service.venues import Venue
from checkin.store import attendees, handouts, lines, presences, sessions
from checkin.store.attendees import Known
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow


class People:
    """Those whom the codes of some scans lead to: asked for when this is made, and taken when one is looked for."""

    def __init__(self, tx: Transaction, event: int, scans: Sequence[Scan]) -> None:
        self._tx = tx
        self._event = event
        self._texts = {scan.code: codes.normalise(scan.code) for scan in scans}
        self._wanted = {text for text in self._texts.values() if text and len(text) <= codes.FOREIGN_CHARS_MAX}
        self._named = {scan.attendee for scan in scans if scan.attendee is not None and not scan.code}
        self._asked = attendees.ask_bearers_by_code(tx, event, self._wanted)
        # What has not the length of our codes may as well be a booking number: both in one go.
        self._numbers = {text for text in self._wanted if len(text) != codes.LENGTH}
        self._asked_numbers = (
            attendees.ask_bearers_by_booking_number(tx, event, self._numbers) if self._numbers else dict
        )
        self._taken = False

    def take(self) -> None:
        """Have what was asked for at hand. Nobody looks again for what is written from now on."""
        self._taken = True
        self._by_code = self._asked()
        unknown = self._wanted - self._by_code.keys()
        self._by_number: dict[str, list[Known]] = self._asked_numbers() if unknown & self._numbers else {}
        if others := unknown - self._numbers:
            self._by_number |= attendees.bearers_by_booking_number(self._tx, self._event, others)
        self._by_id = attendees.bearers_by_id(self._tx, self._event, self._named) if self._named else {}

    def led_to(self, scan: Scan) -> list[Known]:
        """Whom a scan means: one, nobody, or the several of a group's code to choose from."""
        if not self._taken:
            self.take()
        if not scan.code:
            named = self._by_id.get(scan.attendee or "")
            return [named] if named else []
        text = self._texts[scan.code]
        by_code = self._by_code.get(text)
        found = [by_code] if by_code is not None else self._by_number.get(text, [])
        if scan.attendee is not None:
            return [known for known in found if known.bearer.attendee == scan.attendee]
        return found


class Moving:
    """Where everybody is and whose the places are, in step with the decisions of a batch. `tallied`: where it was asked
    for already. `ledger`: of the places that are with stations; what passes here is told to it, and its owner saves it.
    """

    def __init__(
        self,
        tx: Transaction,
        venue: Venue,
        now: int,
        evacuation: Evacuation,
        *,
        tallied: Tallied | None = None,
        with_line_ends: bool = False,
        ledger: Ledger | None = None,
    ) -> None:
        tallied = tallied or Tallied(tx, venue.id)
        self._tx = tx
        self._venue = venue
        self._drill = evacuation == "drill"
        self._calls = evacuation == "none"
        self._now = now
        self._rows = tallied.tallies()
        self._certainty = {
            area: self._rows[area].certainty if area in self._rows else Certainty() for area in venue.layout.areas
        }
        self.seats = seats_of(tx, venue, self._rows, now, waiting=tallied.lines(), with_line_ends=with_line_ends)
        self._passages = Passages(ledger, self.seats.house) if ledger is not None else None
        self._bearers: dict[str, Bearer] = {}
        self._moved: dict[str, Presence] = {}
        self._never_here: set[str] = set()
        self._changed: dict[str, int] = {}
        self._booked: dict[tuple[str, str], bool] = {}
        self._given: dict[tuple[str, str], Given | None] = {}
        self._joined: list[tuple[str, Waiting]] = []
        self._ended: list[tuple[str, int]] = []

    def now_of(self, bearer: Bearer) -> Bearer:
        """This person as the scans before in the batch have left them."""
        return self._bearers.get(bearer.attendee, bearer)

    def before(self, bearer: Bearer, scan: Scan) -> Bearer:
        """This person as a scan is decided: now, and with the places that stations may have given on."""
        bearer = self.now_of(bearer)
        if self._passages is None:
            return bearer
        return msgspec.structs.replace(bearer, unsure=self._passages.unsure(bearer.attendee, scan.door))

    def carry_out(
        self, scan: Scan, decision: Decision, bearer: Bearer | None, *, from_at: int | None = None
    ) -> Changes:
        """Move the person, and change bookings and waiting lines, as decided; returns what the movement
        says of those whom a headcount missed. `from_at`: it did not happen before (None: nobody knows)."""
        if bearer is None:
            return []
        if self._passages is not None:
            self._passages.passed(scan, decision, self._now, from_at)
        before = self.seats.claims(bearer.claimant)
        after = before
        if decision.books is not None:
            bearer = self._book(decision, bearer)
            after = self.seats.claims(bearer.claimant)
        self.seats.house.move(decision.leaves, decision.enters, decision.counts_as, before, after)
        recounts: Changes = []
        if decision.outcome == "admitted":
            self._leave_lines(decision, bearer)
            if decision.item is None and not self._drill:
                door = self._venue.layout.doors[scan.door]
                recounts = self.seats.house.reconcile(door.area, scan.direction, decision.leaves, decision.enters)
        elif decision.waits and decision.refusal is not None and decision.refusal.area is not None:
            area = decision.refusal.area
            self._joined.append((area, self.seats.lines[area].join(bearer.attendee, self._now)))
        return recounts

    def note(self, fact: Scanned, seq: int, bearer: Bearer | None) -> None:
        """Keep what the fact `seq` has changed, to be saved."""
        decision = fact.decision
        if bearer is None:
            return
        bearer = self._handed(fact, self.now_of(bearer))
        after = presence_after(fact, bearer.presence)
        if after is not None:
            self._moved[bearer.attendee] = after
            self._never_here.discard(bearer.attendee)
            self._bearers[bearer.attendee] = msgspec.structs.replace(bearer, presence=after)
        layout, leaves, enters = self._venue.layout, decision.leaves, decision.enters
        for area in (*layout.entered(leaves, enters), *layout.entered(enters, leaves)):
            self._changed[area] = seq
        if decision.books is not None:
            for area in layout.path(enters):
                self._changed[area] = seq
        for area, _ in fact.recounts:
            self._changed[area] = seq
        if not self._drill:
            for area in observe(self._certainty, fact, layout):
                self._changed.setdefault(area, self._rows[area].seq if area in self._rows else seq)

    def put_back(self, bearer: Bearer, leaves: str | None, presence: Presence | None, seq: int) -> None:
        """The fact `seq` has put a person from `leaves` to where they had been before (None: never here)."""
        attendee = bearer.attendee
        self._moved.pop(attendee, None)
        self._never_here.discard(attendee)
        if presence is None:
            self._never_here.add(attendee)
        else:
            self._moved[attendee] = presence
        self._bearers[attendee] = msgspec.structs.replace(self.now_of(bearer), presence=presence)
        for area in {*self._venue.layout.path(leaves), *self._venue.layout.path(presence.area if presence else None)}:
            self._changed[area] = seq

    def save_moved(self) -> None:
        """Write where those are who have moved so far."""
        if self._moved:
            presences.save_presences(self._tx, self._venue.id, self._moved)
            self._moved = {}

    def save(self) -> None:
        """Write what has changed, and call the numbers for which places have become free."""
        tx, event = self._tx, self._venue.id
        self.save_moved()
        for attendee in self._never_here:
            presences.forget_presence(tx, attendee)
        if self._changed:
            presences.save_tallies(tx, event, {area: self._row(area, seq) for area, seq in self._changed.items()})
        if self._booked:
            sessions.drop_bookings(tx, event, [booking for booking, stands in self._booked.items() if not stands])
            sessions.add_bookings(tx, event, [booking for booking, stands in self._booked.items() if stands])
        if self._given:
            handouts.save_handouts(tx, event, {key: given for key, given in self._given.items() if given is not None})
            handouts.drop_handouts(tx, [key for key, given in self._given.items() if given is None])
        for area, joined in self._joined:
            lines.add_waiting(tx, event, area, [joined])
        for area, number in self._ended:
            lines.end_waiting(tx, event, area, [number], self._now)
        if self._calls:
            call_numbers(tx, event, self.seats)

    def _row(self, area: str, seq: int) -> TallyRow:
        before = self._rows.get(area)
        at = before.at if before is not None and before.seq == seq else self._now
        aside = before.set_aside if before is not None else 0
        return TallyRow(self.seats.house.tallies[area], seq, at, self._certainty[area], aside)

    def _book(self, decision: Decision, bearer: Bearer) -> Bearer:
        assert decision.books is not None
        kept = tuple(id for id in bearer.bookings if id not in decision.frees)
        for id, stands in ((decision.books, True), *((freed, False) for freed in decision.frees)):
            self._booked[id, bearer.attendee] = stands
            self.seats.book(id, 1 if stands else -1)
        after = msgspec.structs.replace(bearer, bookings=(*kept, decision.books))
        self._bearers[bearer.attendee] = after
        return after

    def _leave_lines(self, decision: Decision, bearer: Bearer) -> None:
        """Who has come in waits no more."""
        for area in self._venue.layout.path(decision.enters):
            line = self.seats.lines.get(area)
            waited = line.leave(bearer.attendee) if line is not None else None
            if waited is not None:
                self._ended.append((area, waited.number))

    def _handed(self, fact: Scanned, bearer: Bearer) -> Bearer:
        item = fact.decision.item
        if item is None:
            return bearer
        items = {one: given for one, given in bearer.items.items() if one != item}
        if fact.decision.kind == "handout":
            items[item] = Given(at=believed_at(fact), door=fact.door)
        self._given[bearer.attendee, item] = items.get(item)
        after = msgspec.structs.replace(bearer, items=items)
        self._bearers[bearer.attendee] = after
        return after
