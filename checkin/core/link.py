"""The link between the doors and the centre: its messages, and the centre's side of it. No I/O.

A station asks (`Ask`), tells what it showed (`Rows`) and what it holds (`Report`); the centre answers
(`Answer`), tells what it has and grants (`Totals`), and what happened elsewhere (`News`). Every message
may be lost, doubled, late or overtaken: they carry totals, ids and the centre's generation, and none says
“one more”.

`Centre` is fed with messages and returns messages. Each call is one transaction: what `Ledger.take_changes`
holds after it, and what it has told `Rooms`, is committed before anything returned is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct
from msgspec.structs import replace

from checkin.core.admission import Decision, Outcome, Reason
from checkin.core.allotment import (
    NOTHING,
    SEATS_A_STATION_MAX,
    Counters,
    Epoch,
    EpochKey,
    Ledger,
    Order,
    Pending,
    RowKey,
    SeatState,
    Seen,
    Sighting,
    order,
    shares,
)
from checkin.core.conflict import Case, CaseKind, Side, is_clock_off
from checkin.core.layout import Layout
from checkin.core.model import CountsAs, Scan
from checkin.core.occupancy import Presence

LINK_VERSION = 1
ROWS_MAX = 200
NEWS_MAX = 1_000
LOGS_MAX = 50
AREAS_HELD_MAX = 20
MESSAGE_BYTES_MAX = 1024 * 1024

PATIENCE_MS = 800
"""A door that waits longer for an answer decides alone."""
ASK_AGE_MS_MAX = 10_000
"""A question that may be older than this is left to its station, which has decided long since."""
SILENT_MS = 12_000
"""After so long without a word a station, or the centre, counts as cut off."""
HEARTBEAT_MS = 4_000
STEADY_DRIFT = 500
"""A steady clock is wrong by less than one part in so many."""

Text = Annotated[str, Meta(max_length=64)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class Row(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of a station's log: one scan and what was shown for it (`lapsed`: nothing was, the machine
    stopped). `decided`: by the centre, or by the station alone. `enters`: where the person is, if admitted,
    as far as the station knows; `reason`: why not, if refused. `takes`: areas in which it used a seat, of
    its own rights if it decided alone, else of the pool. `frees`: its own admission that has left the areas
    `freed`. `after`, `from_at`, `at`: when, as a `Sighting`.
    `unsure`: the machine stopped before it is sure that this was shown; whoever it says has left somewhere may
    not have. No code is kept where it led to nobody. `unread`: all that came, where the centre cannot read it."""

    n: int
    scan: Scan
    outcome: Outcome | Literal["lapsed"]
    decided: Literal["centre", "alone"]
    reason: Reason | None = None
    attendee: str | None = None
    counts_as: CountsAs = "visitor"
    enters: str | None = None
    takes: tuple[str, ...] = ()
    frees: int = 0
    freed: tuple[str, ...] = ()
    after: str | None = None
    from_at: int | None = None
    at: int = 0
    offset_ms: int | None = None
    unsure: bool = False
    unread: bytes | None = None


class Ask(Struct, frozen=True, kw_only=True, tag="ask"):
    """Decide this scan. `after`, `from_at`: as in `Row`."""

    generation: int
    epoch: Text
    scan: Scan
    after: str | None
    from_at: int | None


class Rows(Struct, frozen=True, kw_only=True, tag="rows"):
    """The log of an epoch from some row on. `ages`: how long ago each was made by the steady clock of the
    machine, in ms; None where it has been started anew since."""

    generation: int
    epoch: Text
    rows: Annotated[tuple[Row, ...], Meta(max_length=ROWS_MAX)]
    ages: Annotated[tuple[int | None, ...], Meta(max_length=ROWS_MAX)]


class Log(Struct, frozen=True, kw_only=True):
    """What a station has of one epoch: its totals by area, the last row, up to which row its admissions
    are the centre's, and whether nothing of it was lost with a disk."""

    totals: Annotated[Mapping[str, Counters], Meta(max_length=AREAS_HELD_MAX)]
    n: Count
    handed: Count
    whole: bool = True


class Report(Struct, frozen=True, kw_only=True, tag="report"):
    """What a station holds: its logs by epoch. `demand`: area → how many it lately let in. `cursor`: the last `News`
    that it has."""

    version: int = LINK_VERSION
    generation: int
    epoch: Text
    logs: Annotated[Mapping[str, Log], Meta(max_length=LOGS_MAX)]
    demand: Annotated[Mapping[str, int], Meta(max_length=AREAS_HELD_MAX)]
    cursor: Count


class Answer(Struct, frozen=True, kw_only=True, tag="answer"):
    """The centre's decision on an `Ask`; None: decide alone, by your own rights."""

    generation: int
    at: int
    scan: Text
    decision: Decision | None


class Totals(Struct, frozen=True, kw_only=True, tag="totals"):
    """What the centre knows of a station: `granted` by area, `keep`: how many rights it should keep of
    each, `have`: the last row it has of each epoch. `retired`: that epoch is over, begin another.
    `revoked`: let nobody in, hand over what is left, and forget everything."""

    version: int = LINK_VERSION
    generation: int
    at: int
    epoch: Text
    granted: Mapping[str, int]
    keep: Mapping[str, int]
    have: Mapping[str, int]
    retired: bool = False
    revoked: bool = False
    frozen: bool = False
    """The centre came from a backup, and gives no place of this door's areas away before people have counted."""
    returned: Mapping[str, Mapping[str, int]] = {}
    """Told to one that was revoked: what it has given back of each area, of the epochs whose totals are here."""


class Move(Struct, frozen=True, kw_only=True):
    """Where an attendee is since the scan `scan`."""

    attendee: Text
    scan: str
    presence: Presence | None


class News(Struct, frozen=True, kw_only=True, tag="news"):
    """What happened elsewhere, from after `since` to `seq`. `emptied`: an all-clear is part of it, so nobody is inside
    but whom `moves` say to be."""

    generation: int
    at: int
    since: int
    seq: int
    moves: Annotated[tuple[Move, ...], Meta(max_length=NEWS_MAX)]
    emptied: bool = False


ToCentre = Ask | Rows | Report
ToStation = Answer | Totals | News


class Rooms(Protocol):
    """The centre's count of people, as the machine needs it: the real one is a transaction."""

    layout: Layout

    def knows(self, attendee: str) -> bool: ...

    def presence(self, attendee: str) -> Presence | None: ...

    def answered(self, scan: str) -> Decision | None:
        """What stands for a scan, by the centre or as a station has shown it; None: it is not known."""

    def decide(self, scan: Scan, unsure: Callable[[str], tuple[str, ...]]) -> Decision:
        """Decide a scan by the facts of this moment. `unsure`: attendee → as in `Bearer`."""

    def keep(self, scan: Scan, told: Decision | Row) -> None:
        """Keep a scan for ever: with the decision of the centre, or what a station showed beside it."""

    def lay_aside(self, row: Row) -> None:
        """Keep a row that the centre does not understand, as it came."""

    def move(self, attendee: str, enters: str | None, counts_as: CountsAs, scan: Scan, at: int) -> None:
        """Somebody is in `enters` now (None: outside), and in no other area but those around it; with what
        that says of those whom a headcount missed (`House.reconcile`)."""

    def stay(self, attendee: str, scan: Scan, at: int) -> None:
        """Somebody came in who was inside already, by a decision of the centre or as a row tells; see `move`."""

    def free(self, area: str) -> int | None:
        """Places of an area that nobody has, below 0 where it is over its number; None without a limit."""

    def pool(self, area: str) -> int | None:
        """Places of an area that are free and kept for nobody; None without a limit."""

    def open_case(self, case: Case) -> None:
        """Show this to a person."""

    def news(self, since: int) -> tuple[int, tuple[Move, ...], bool]:
        """The seq that the next news after `since` lead to, who moved, at most `NEWS_MAX`, and whether an all-clear is
        among them (see `News`)."""


Share = Callable[[int, Mapping[str, int]], dict[str, int]]
"""(places that are free or in the hands of linked stations, demand by station) → rights to keep by station."""


class Linked(Struct):
    """A station that was heard of lately. Not stored: after a restart all are silent until they speak. `keep`: how many
    rights of each area it is to have."""

    heard_at: int
    epoch: str
    demand: Mapping[str, int]
    cursor: int = 0
    logs: tuple[str, ...] = ()
    keep: Mapping[str, int] = {}


class Centre:
    """The centre's side of the link with all stations. `doors`: station → its door; `share`: the policy by
    which seats are handed out in advance; `linked`: the stations that were heard of lately, kept up to date here;
    `real_time`: the centre's clock is that of the day, and a door's may be measured by it (in a demo it is not)."""

    def __init__(
        self,
        rooms: Rooms,
        ledger: Ledger,
        doors: Mapping[str, str],
        share: Share = shares,
        *,
        linked: dict[str, Linked] | None = None,
        revoked: Collection[str] = (),
        real_time: bool = True,
    ) -> None:
        self.share = share
        self.rooms = rooms
        self.ledger = ledger
        self.layout = rooms.layout
        self.doors = dict(doors)
        self.revoked = set(revoked)
        self.real_time = real_time
        self.linked: dict[str, Linked] = {} if linked is None else linked
        # The door of a station that was revoked may have been taken out of the layout since.
        self._areas = {
            station: self.layout.path(self.layout.doors[door].area) if door in self.layout.doors else ()
            for station, door in doors.items()
        }

    def areas_of(self, station: str) -> tuple[str, ...]:
        """The areas of which a station may hold seats: those its door leads into."""
        return self._areas[station]

    def receive(self, station: str, message: ToCentre, now: int) -> list[ToStation]:
        """Take a message of a station; returns what to send to it once this is committed."""
        if station not in self.doors:
            return []
        if message.generation > self.ledger.generation:
            # We are older than what this station has seen: put back from a backup without a word.
            self.ledger.restored(message.generation + 1)
        if message.generation < self.ledger.generation:
            return [self.totals(station, message.epoch, now)]
        match message:
            case Ask():
                return self._asked(station, message, now)
            case Rows():
                return self._told(station, message, now)
            case Report():
                return self._reported(station, message, now)

    # -- what stations hold

    def _reported(self, station: str, report: Report, now: int) -> list[ToStation]:
        if report.version != LINK_VERSION:
            return []
        known = self.linked.get(station)
        if (station, report.epoch) not in self.ledger.epochs or known is None or known.epoch == report.epoch:
            keep = known.keep if known is not None else {}
            self.linked[station] = Linked(now, report.epoch, report.demand, report.cursor, tuple(report.logs), keep)
        for epoch, log in sorted(report.logs.items(), key=lambda one: one[0] == report.epoch):
            self.ledger.register(station, epoch, self.areas_of(station))
            self.ledger.reported(
                (station, epoch),
                log.totals,
                due=log.n,
                handed=log.handed,
                whole=log.whole,
                over=epoch != report.epoch,
            )
        told: list[ToStation] = []
        since = report.cursor
        seq, moves, emptied = self.rooms.news(since)
        if seq != since:
            told.append(
                News(generation=self.ledger.generation, at=now, since=since, seq=seq, moves=moves, emptied=emptied)
            )
        return [*told, self.totals(station, report.epoch, now)]

    def totals(self, station: str, epoch: str, now: int) -> Totals:
        """All that the centre knows of a station, as it is told."""
        ledger, linked = self.ledger, self.linked.get(station)
        row = ledger.epochs.get((station, epoch))
        logs = (*linked.logs, epoch) if linked is not None else (epoch,)
        areas, revoked = self.areas_of(station), station in self.revoked
        return Totals(
            generation=ledger.generation,
            at=now,
            epoch=epoch,
            granted={area: ledger.counters.get((station, epoch, area), NOTHING).granted for area in areas},
            keep=linked.keep if linked is not None else {},
            have={one: ledger.epochs[station, one].have for one in logs if (station, one) in ledger.epochs},
            retired=row is not None and row.retired,
            revoked=revoked,
            frozen=any(ledger.is_frozen(area) for area in areas),
            returned={one: self._returned(station, one) for one in logs if self._is_known(station, one)}
            if revoked
            else {},
        )

    def _is_known(self, station: str, epoch: str) -> bool:
        return (row := self.ledger.epochs.get((station, epoch))) is not None and row.known

    def _returned(self, station: str, epoch: str) -> dict[str, int]:
        """Also of a door that was taken out of the layout."""
        ledger = self.ledger
        areas = ledger.epochs[station, epoch].areas
        return {area: ledger.counters.get((station, epoch, area), NOTHING).returned for area in areas}

    def tick(self, now: int) -> dict[str, Totals]:
        """Share out what is free; returns what to tell each linked station once this is committed."""
        for station in [station for station, one in self.linked.items() if now - one.heard_at > SILENT_MS]:
            del self.linked[station]
        for station, keep in self._shared().items():
            self.linked[station].keep = keep
        for station in self.linked:
            self._grant(station)
        return {station: self.totals(station, one.epoch, now) for station, one in self.linked.items()}

    def _shared(self) -> dict[str, dict[str, int]]:
        """How many rights of each area each linked station should have."""
        keep: dict[str, dict[str, int]] = {station: {} for station in self.linked}
        demand: dict[str, dict[str, int]] = {}
        rights: dict[str, int] = {}
        for station, one in self.linked.items():
            for area in self.areas_of(station):
                demand.setdefault(area, {})[station] = one.demand.get(area, 0)
                held = self.ledger.counters.get((station, one.epoch, area), NOTHING).rights
                rights[area] = rights.get(area, 0) + max(0, held)
        for area, wanted in demand.items():
            if self.ledger.is_frozen(area):
                # What came back could not be given out again.
                for station in wanted:
                    keep[station][area] = SEATS_A_STATION_MAX
                continue
            pool = self.rooms.pool(area)
            if pool is None:
                continue
            for station, seats in self.share(max(0, pool) + rights[area], wanted).items():
                keep[station][area] = seats
        return keep

    def _grant(self, station: str) -> None:
        epoch = self.ledger.epochs.get((station, self.linked[station].epoch))
        if epoch is None or epoch.retired or station in self.revoked:
            return
        for area, keep in self.linked[station].keep.items():
            wanted = keep - self.ledger.counters.get((station, epoch.id, area), NOTHING).rights
            if wanted <= 0 or self.ledger.is_frozen(area):
                continue
            seats = min(wanted, self.rooms.pool(area) or 0)
            if seats > 0:
                self.ledger.grant((station, epoch.id), area, seats)

    def headcount(self, area: str, now: int) -> int:
        """A person has counted an area. Returns how many are to be added to the number found: whom the centre
        has let in without knowing yet whether they have gone in."""
        ledger = self.ledger
        epochs = [one for one in ledger.epochs.values() if area in one.areas]
        heard = {one.station for one in epochs}
        sure = not ledger.is_frozen(area) and all(
            station in heard for station in self.doors if area in self.areas_of(station)
        )
        sure = sure and all(one.complete or (not one.retired and self._is_caught_up(one)) for one in epochs)
        return ledger.headcount(area, now, sure=sure)

    def _is_caught_up(self, epoch: Epoch) -> bool:
        return epoch.station in self.linked and epoch.have >= epoch.due

    # -- questions

    def _asked(self, station: str, ask: Ask, now: int) -> list[ToStation]:
        scan, ledger = ask.scan, self.ledger
        if ask.from_at is None or now - ask.from_at > ASK_AGE_MS_MAX or station in self.revoked:
            return []
        if (epoch := ledger.epochs.get((station, ask.epoch))) is None or epoch.retired:
            return []
        if not self._is_at(station, scan):
            return []
        earlier = self.rooms.answered(scan.id)
        if earlier is not None:
            return [self._answer(scan, earlier, now)]
        area = self.layout.doors[scan.door].area
        if any(ledger.is_frozen(one) for one in self.layout.path(area)):
            return [self._answer(scan, None, now)]
        decision = self.rooms.decide(scan, self.unsure(area))
        if self._has_rights(station, ask.epoch, decision):
            return [self._answer(scan, None, now)]
        sighting = Sighting(scan=scan.id, after=ask.after, from_at=ask.from_at, to_at=now, at=now)
        self._carry_out(scan, decision, sighting, now)
        self.rooms.keep(scan, decision)
        return [self._answer(scan, decision, now)]

    def _answer(self, scan: Scan, decision: Decision | None, now: int) -> Answer:
        return Answer(generation=self.ledger.generation, at=now, scan=scan.id, decision=decision)

    def unsure(self, area: str) -> Callable[[str], tuple[str, ...]]:
        """Who is known to be inside needs a place all the same, to come in again: whom a station let in alone,
        for it may have given the place on; whom a headcount may have missed; and anybody while more are
        known inside than there are places, for then some of them are not there."""
        ledger, free = self.ledger, self.rooms.free(area)
        if free is not None and free < 0:
            return lambda who: (area,)
        return lambda who: (area,) if (who, area) in ledger.owner or ledger.may_be_missing(who, area) else ()

    def _has_rights(self, station: str, epoch: str, decision: Decision) -> bool:
        """Whether the asking station has the place that the pool lacks."""
        refusal = decision.refusal
        if refusal is None or refusal.area is None or refusal.reason not in ("area_full", "held_seats_only"):
            return False
        return self.ledger.counters.get((station, epoch, refusal.area), NOTHING).rights > 0

    def passed(self, scan: Scan, decision: Decision, now: int, from_at: int | None) -> None:
        """The centre has decided a scan of a door that is no station's, and that shows it. `from_at`: it did not
        happen before; None: it may have happened at any time before `now`, and is told of only now."""
        sighting = Sighting(scan=scan.id, after=None, from_at=from_at, to_at=now, at=now)
        self._carry_out(scan, decision, sighting, now)
        pending = self.ledger.shown(scan.id)
        if from_at is not None or pending is None:
            return
        seen = self.ledger.seen[pending.attendee]
        self.ledger.see(pending.attendee, replace(seen, from_at=0))
        for area in self.layout.entered(pending.leaves, pending.enters):
            self.ledger.blur(area, None)

    def gone_back(self, attendee: str, leaves: str | None, enters: str | None, scan: str, now: int) -> None:
        """Somebody says that this person never went from `enters` to `leaves`."""
        for area in self._left(leaves, enters):
            self.ledger.vacate(attendee, area, certain=True, scan=scan)
        self.ledger.see(attendee, Seen(scan=f"undo {scan}", area=enters, from_at=now, to_at=now, unspent=()))

    def _carry_out(self, scan: Scan, decision: Decision, sighting: Sighting, now: int) -> None:
        attendee, ledger = decision.attendee, self.ledger
        if decision.outcome == "refused" or attendee is None or decision.item is not None:
            return
        last, area = ledger.seen.get(attendee), self.layout.doors[scan.door].area
        when = order(sighting, last)
        left = self._left(decision.leaves, decision.enters)
        was_inside = area in self.layout.path(decision.leaves)
        given_up = [*left, area] if scan.direction == "entry" and was_inside else left
        out_of = area if scan.direction == "exit" else None
        owned = tuple((ledger.owner[attendee, one], one) for one in given_up if (attendee, one) in ledger.owner)
        frees = tuple(
            one for one in left if self._vacate(attendee, one, when, sighting, out_of) and not _in(one, owned)
        )
        if len(given_up) > len(left) and _in(area, owned):
            # The place was taken anew, from the pool; the station's own is nobody's whom we know of.
            ledger.vacate(attendee, area, certain=when == "after", scan=scan.id)
        if len(given_up) > len(left) and not _in(area, owned):
            ledger.came_again(attendee, area, sighting)
        if decision.leaves != decision.enters:
            self.rooms.move(attendee, decision.enters, decision.counts_as, scan, now)
        elif scan.direction == "entry":
            self.rooms.stay(attendee, scan, now)
        self._see(attendee, scan, sighting, now, left)
        pending = Pending(
            attendee=attendee,
            leaves=decision.leaves,
            enters=decision.enters,
            counts_as=decision.counts_as,
            entry=scan.direction == "entry",
            frees=frees,
            owned=owned,
            before=last,
        )
        ledger.await_shown(scan.id, pending)

    def _vacate(self, attendee: str, area: str, when: Order, sighting: Sighting, out_of: str | None = None) -> bool:
        """The centre no longer counts somebody there; whether the place is free for certain. `out_of`: the area by
        whose door they went out: one fewer are in there, whomever its headcount has met."""
        counted = self.ledger.is_after_count(area, sighting.from_at)
        counted = counted and (area == out_of or not self.ledger.may_be_missing(attendee, area))
        certain = when == "after" and counted and self.ledger.is_after_look(attendee, sighting.from_at)
        # A badge that leaves before a door has let it in is in two hands.
        elsewhere = [scan for scan, pending in self.ledger.pending.items() if pending.attendee == attendee]
        self.ledger.vacate(attendee, area, certain=certain and not elsewhere, scan=sighting.scan, seen=counted)
        if certain and len(elsewhere) == 1 and sighting.from_at is not None:
            self.ledger.free_when_shown(elsewhere[0], sighting.scan, sighting.from_at, area)
        return certain and not elsewhere

    def _left(self, leaves: str | None, enters: str | None) -> list[str]:
        return [*self.layout.entered(enters, leaves)]

    # -- what stations have shown

    def _told(self, station: str, message: Rows, now: int) -> list[ToStation]:
        key = (station, message.epoch)
        epoch = self.ledger.epochs.get(key)
        if epoch is not None:
            have = epoch.have
            for row, age in zip(message.rows, message.ages, strict=True):
                if row.n == have + 1:
                    self._take(key, row, now if age is None else now - age + age // STEADY_DRIFT + 1, now)
                    have = row.n
            if have > epoch.have:
                self.ledger.has(key, have)
        return [self.totals(station, message.epoch, now)]

    def _take(self, key: EpochKey, row: Row, to_at: int, now: int) -> None:
        """A row of a station's log: it happened, whatever it says."""
        if not self._is_understood(key[0], row):
            self._lay_aside(key, row, now)
            return
        scan, attendee, ledger = row.scan, row.attendee, self.ledger
        at = row.at - (row.offset_ms or 0)
        sighting = Sighting(scan=scan.id, after=row.after, from_at=row.from_at, to_at=min(now, to_at), at=at)
        held: list[str] = []
        if row.takes and row.decided == "alone" and attendee is not None:
            held = ledger.used(key, row.n, attendee, scan.id, row.takes)
        closed = ledger.freed(key, row.frees, row.freed) if row.freed else {}
        earlier, pending = self.rooms.answered(scan.id), ledger.shown(scan.id)
        self.rooms.keep(scan, row)
        self._look_at_clock(key[0], row)
        if attendee is None:
            return
        if pending is not None and (row.unsure or row.outcome != "admitted"):
            ledger.may_have_stayed(scan.id)
        decided = self._decided(row, earlier, attendee)
        if row.outcome != "admitted":
            if pending is not None:
                self._take_back(row, pending, now)
            if earlier is not None and earlier.outcome == "admitted" and row.outcome == "refused":
                self._case("decisions_differ", row, (), decided)
            return
        if pending is not None:
            ledger.passed(attendee, sighting)
            self._agree(key, row, pending, held, closed)
            if not row.unsure:
                ledger.left_after(pending, sighting.to_at)
            return
        if earlier is not None:
            if earlier.outcome == "admitted":
                return
            self._case("decisions_differ", row, (), decided)
        if self.layout.doors[scan.door].item is not None:
            return
        if scan.direction == "exit":
            self._went_out(row, attendee, sighting, closed)
        else:
            self._came_in(key, row, attendee, sighting, held)

    def _is_at(self, station: str, scan: Scan) -> bool:
        """A station speaks for its own door alone."""
        return scan.door == self.doors[station] and scan.door in self.layout.doors

    def _is_understood(self, station: str, row: Row) -> bool:
        """Whether the centre knows what a row is about: this station's door, areas of the layout, and, if they were let
        through without the centre, the person."""
        if row.unread is not None or not self._is_at(station, row.scan):
            return False
        if any(area not in self.layout.areas for area in (*row.takes, *row.freed)):
            return False
        if row.outcome != "admitted" or row.attendee is None or row.scan.id in self.ledger.pending:
            return True
        return self.rooms.knows(row.attendee)

    def _lay_aside(self, key: EpochKey, row: Row, now: int) -> None:
        """A row that nobody understands happened as well: it is kept, it moves nobody, and the rows behind it go on.
        What it used of its station's places stays set aside until a person has looked."""
        ledger, attendee, held, takes = self.ledger, row.attendee, list[str](), list[str]()
        self.rooms.lay_aside(row)
        if attendee is not None:
            takes = [area for area in row.takes if area in self.layout.areas]
            held = ledger.used(key, row.n, attendee, row.scan.id, takes) if row.decided == "alone" else []
            self._doubt_seats(key, row, attendee, takes, held)
        ledger.freed(key, row.frees, row.freed)
        came = Side(scan=row.scan.id, door=self.doors[key[0]], at=now, by="centre")
        self._case("not_understood", row, takes, came)

    def _agree(
        self, key: EpochKey, row: Row, pending: Pending, held: Sequence[str], closed: Mapping[str, SeatState]
    ) -> None:
        """Centre and door have let the same person through: it is one scan, and what was left is free."""
        for area in pending.frees:
            if row.unsure or closed.get(area) == "doubtful":
                self.ledger.doubt(row.scan.id, area, pending.attendee)
        # Where the door has freed the seat of another one with this badge, theirs may not have been left at all.
        for admission, area in pending.owned:
            if row.unsure or closed.get(area) == "doubtful":
                self.ledger.seat(admission, area, "doubtful")
        if row.unsure:
            self._stayed(pending.attendee, row.scan)
            self.ledger.may_have_been_found(pending)
        # Where the centre took no place, as it knew the person there, the door's may be that of another one.
        known, seen = self.layout.path(pending.leaves), self.ledger.seen.get(pending.attendee)
        area = self.layout.doors[row.scan.door].area
        elsewhere = seen is None or seen.scan != row.scan.id
        doubtful = [one for one in held if elsewhere or (one == area and one in known)]
        self._keep_seats(key, row, pending.attendee, doubtful, held, self._known(pending.attendee))

    def _take_back(self, row: Row, pending: Pending, now: int) -> None:
        """The centre has let somebody through, and the door has not: what it showed is what happened."""
        ledger, attendee, scan = self.ledger, pending.attendee, row.scan
        last = ledger.seen.get(attendee)
        if last is None or last.scan != scan.id:
            for area in pending.frees:
                ledger.doubt(scan.id, area, attendee)
            for admission, area in pending.owned:
                ledger.seat(admission, area, "doubtful")
            ledger.may_have_been_found(pending)
            return
        ledger.withdraw(scan.id)
        if pending.leaves != pending.enters:
            self.rooms.move(attendee, pending.leaves, pending.counts_as, scan, now)
        for admission, area in pending.owned:
            ledger.seat(admission, area, "inside")
        ledger.see(attendee, pending.before)

    def _went_out(self, row: Row, attendee: str, sighting: Sighting, closed: Mapping[str, SeatState]) -> None:
        there, known = self.rooms.presence(attendee), self._known(attendee)
        leaves = there.area if there is not None else None
        before = self.layout.path(leaves)
        out_of = self.layout.doors[row.scan.door].area
        around = self.layout.path(self.layout.areas[out_of].parent)
        enters = next((area for area in reversed(around) if area in before), None)
        when = order(sighting, self.ledger.seen.get(attendee))
        left = self._left(leaves, enters)
        if when == "before":
            self.ledger.spare(attendee, self._behind(row.scan), row.after)
        if not left:
            self._case("exit_without_entry", row, (), known)
        elif when == "before" or (when == "unsure" and sighting.at < self._since(attendee)):
            return
        doubtful = []
        for area in left:
            # Whom the station itself had let in, it has taken from its own books.
            if closed.get(area) == "inside":
                continue
            sure: Order = "unsure" if row.unsure or closed.get(area) == "doubtful" else when
            if not self._vacate(attendee, area, sure, sighting, out_of):
                doubtful.append(area)
        if doubtful:
            self._case("order_unsure", row, doubtful, known)
        if left:
            self.rooms.move(attendee, enters, row.counts_as, row.scan, sighting.at)
        if when != "before":
            self._see(attendee, row.scan, sighting, sighting.from_at or 0, (*left, *row.freed))
            if row.unsure:
                self._stayed(attendee, row.scan)

    def _came_in(self, key: EpochKey, row: Row, attendee: str, sighting: Sighting, held: Sequence[str]) -> None:
        there, known = self.rooms.presence(attendee), self._known(attendee)
        area, leaves = self.layout.doors[row.scan.door].area, there.area if there is not None else None
        inside, path = self.layout.path(leaves), self.layout.path(area)
        last = self.ledger.seen.get(attendee)
        when = order(sighting, last)
        if when == "before" and last is not None and last.scan in self.ledger.pending:
            when = "unsure"  # that one may not have been let through at all
        if when == "before" or (when == "unsure" and sighting.at < self._since(attendee)):
            # They were seen elsewhere since; a seat used then is free only if that was outside of it, surely.
            here, free = [one for one in row.takes if one in inside], list[str]()
            if when == "before" and last is not None:
                placed = self._placed(key, row, attendee, sighting, last, held) if not inside else ()
                here += [one for one in row.takes if one in placed]
                free = self.ledger.spend(attendee, [one for one in row.takes if one not in here], row.scan.id)
                free += placed
            kept = [one for one in row.takes if one not in free]
            self._keep_seats(key, row, attendee, kept, held, known)
            if area in inside or area in kept:
                self.ledger.came_again(attendee, area, sighting, gone=area not in inside)
            if area in inside:
                self._came_again(row, attendee, sighting)
            return
        left = self._left(leaves, area)
        sure: Order = "unsure" if row.unsure else when
        doubtful = [one for one in left if not self._vacate(attendee, one, sure, sighting)]
        if area in inside:
            self.ledger.came_again(attendee, area, sighting)
        if leaves != area:
            self.rooms.move(attendee, area, row.counts_as, row.scan, sighting.at)
        else:
            self._came_again(row, attendee, sighting)
        for one in path:
            if one not in inside:
                self.ledger.blur(one, sighting.from_at)
                if one in held:
                    self._sit(key, row, one)
        seated = [one for one in row.takes if one in inside]
        twice = [one for one in seated if one == area or when == "unsure"]
        self._keep_seats(key, row, attendee, twice, held, known)
        if doubtful:
            self._case("order_unsure", row, doubtful, known)
        self._see(attendee, row.scan, sighting, sighting.from_at or 0)

    def _since(self, attendee: str) -> int:
        """Since when somebody is where the centre knows them to be: a guess."""
        there, seen = self.rooms.presence(attendee), self.ledger.seen.get(attendee)
        return max(there.since_at if there is not None else 0, seen.shown_at if seen is not None else 0)

    def _came_again(self, row: Row, attendee: str, sighting: Sighting) -> None:
        """Somebody came in who is known inside: they may be one of those whom a headcount missed."""
        self.rooms.stay(attendee, row.scan, sighting.at)

    def _sit(self, key: EpochKey, row: Row, area: str) -> None:
        """The centre counts this person on the seat. A right is a visitor's place: one of the crew counts as a
        person beside it, for the station may give it to a visitor when they have left."""
        if row.counts_as == "visitor":
            self.ledger.seat((*key, row.n), area, "inside")

    def _placed(
        self, key: EpochKey, row: Row, attendee: str, sighting: Sighting, last: Seen, held: Sequence[str]
    ) -> tuple[str, ...]:
        """Somebody who was not known inside came in here before they were seen last: they are where both agree."""
        seen = self.layout.path(last.area)
        both = tuple(one for one in self.layout.path(self.layout.doors[row.scan.door].area) if one in seen)
        if both:
            self.rooms.move(attendee, both[-1], row.counts_as, row.scan, sighting.at)
        for one in both:
            self.ledger.blur(one, sighting.from_at)
            if one in held:
                self._sit(key, row, one)
        return both

    def _keep_seats(
        self, key: EpochKey, row: Row, attendee: str, areas: Sequence[str], held: Sequence[str], known: Side | None
    ) -> None:
        """Seats that were used for somebody whom the centre counts already, or not there: they stay."""
        self._doubt_seats(key, row, attendee, areas, held)
        if areas:
            self._case("badge_twice", row, areas, known)

    def _doubt_seats(self, key: EpochKey, row: Row, attendee: str, areas: Sequence[str], held: Sequence[str]) -> None:
        for area in areas:
            self.ledger.blur(area, row.from_at)
            if area in held:
                self.ledger.seat((*key, row.n), area, "doubtful")
            else:
                self.ledger.doubt(row.scan.id, area, attendee)

    def _see(self, attendee: str, scan: Scan, sighting: Sighting, from_at: int, freed: Collection[str] = ()) -> None:
        """Somebody was seen moving, not before `from_at`. `freed`: the areas of which that has freed the seat of one,
        or has it in doubt."""
        ledger, area = self.ledger, self._leads_to(scan)
        around, last, unspent, spent_on = self.layout.path(area), ledger.seen.get(attendee), None, None
        if scan.direction == "exit":
            known = ledger.is_after_look(attendee, sighting.from_at)
            unspent = tuple(
                one
                for one in (self.layout.areas if known else ())
                if one not in around and one not in freed and ledger.is_after_count(one, sighting.from_at)
            )
            spent_on = last.scan if last is not None and freed else None
        seen = Seen(scan=scan.id, area=area, from_at=from_at, to_at=sighting.to_at, unspent=unspent, spent_on=spent_on)
        ledger.see(attendee, seen)

    def _stayed(self, attendee: str, scan: Scan) -> None:
        """Perhaps this way out was never shown: nobody has left for certain."""
        seen = self.ledger.seen.get(attendee)
        if seen is not None and seen.scan == scan.id and seen.unspent is not None:
            self.ledger.see(attendee, replace(seen, unspent=(), spent_on=None))

    def _behind(self, scan: Scan) -> list[str]:
        """The areas that somebody leaves who goes out by this door."""
        door = self.layout.doors[scan.door].area
        return [one for one in self.layout.areas if door in self.layout.path(one)]

    def _leads_to(self, scan: Scan) -> str | None:
        area = self.layout.doors[scan.door].area
        return area if scan.direction == "entry" else self.layout.areas[area].parent

    def _look_at_clock(self, station: str, row: Row) -> None:
        """One case says that a door's clock is off, until it was right again: not one for each scan, nor for each time
        that its link or the centre came back."""
        if (
            self.real_time
            and row.offset_ms is not None
            and self.ledger.clock_told(station, is_off=is_clock_off(row.offset_ms))
        ):
            side = Side(scan=row.scan.id, door=row.scan.door, at=row.from_at, by="centre")
            self._case("clock_off", row, (), side)

    def _decided(self, row: Row, earlier: Decision | None, attendee: str) -> Side | None:
        """What the centre decided for the scan of a row."""
        if earlier is None:
            return None
        scan, seen = row.scan, self.ledger.seen.get(attendee)
        at = seen.from_at if seen is not None and seen.scan == scan.id else None
        reason = earlier.refusal.reason if earlier.refusal is not None else None
        return Side(scan=scan.id, door=scan.door, at=at, outcome=earlier.outcome, reason=reason, by="centre")

    def _known(self, attendee: str) -> Side | None:
        """Where the centre knows somebody to be, and since when."""
        there, seen = self.rooms.presence(attendee), self.ledger.seen.get(attendee)
        if there is None:
            return None
        scan = seen.scan if seen is not None else ""
        return Side(scan=scan, door=there.door, at=there.since_at, outcome="admitted", by="centre")

    def _case(self, kind: CaseKind, row: Row, areas: Sequence[str], other: Side | None) -> None:
        outcome = None if row.outcome == "lapsed" else row.outcome
        side = Side(
            scan=row.scan.id,
            door=row.scan.door,
            at=row.at,
            outcome=outcome,
            reason=row.reason,
            offset_ms=row.offset_ms,
        )
        sides = tuple(one for one in (side if row.unread is None else None, other) if one is not None)
        self.rooms.open_case(Case(id=row.scan.id, kind=kind, attendee=row.attendee, sides=sides, areas=tuple(areas)))


def _in(area: str, owned: Sequence[tuple[RowKey, str]]) -> bool:
    return any(one == area for _, one in owned)
