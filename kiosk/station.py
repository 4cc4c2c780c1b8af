"""The program at a door, without any I/O: scans, messages and ticks in, effects out.

    station.started(mark, now)            the machine is up
    station.scanned(scan, now)            somebody's badge was read
    station.received(message, now)        a message of the centre
    station.connected(now)                the link is new; disconnected(now): it is gone for certain
    station.tick(now)                     some time has passed (every few hundred ms)
    station.carried_out()                 all that was returned so far has been done

Each returns effects, to be carried out in their order and one by one: `Store` is a commit, `Mark` a write
that must not live on the same disk, and nothing after them may happen before they are durable. Whatever
is in a `Store` is handed to `Station(...)` again at the next start. `now` is a `Moment`.

Several inputs may come before any of their effects is carried out; `together` then makes one commit, one mark of
them. Only a message of which `waits_to_show` is true comes after all before it has been carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from checkin.core.admission import Bearer, Decision, Evacuation, Facts, decide
from checkin.core.allotment import NOTHING, SEATS_A_STATION_MAX, Counters, OwnRights, OwnSeats
from checkin.core.codes import Genuineness
from checkin.core.layout import Layout
from checkin.core.link import (
    HEARTBEAT_MS,
    LINK_VERSION,
    PATIENCE_MS,
    ROWS_MAX,
    SILENT_MS,
    STEADY_DRIFT,
    Answer,
    Ask,
    Log,
    News,
    Report,
    Row,
    Rows,
    ToCentre,
    ToStation,
    Totals,
)
from checkin.core.model import Scan
from checkin.core.occupancy import Presence
from checkin.core.schedule import Programme

ASKED_MAX = 50
"""So many scans may wait for an answer; those beyond are decided alone at once."""
AGAIN_MS = 500
"""What the centre lacks after so long is sent again with the next row: before, it may be on its way."""
K = TypeVar("K")
V = TypeVar("V")

ALL_CLEAR = "all-clear"
"""Stands for the scan by which somebody is outside since an all-clear."""
DEMAND_MS = 10 * 60_000
"""The demand of a door is what it let in for so long."""
LAST_WORD_MS = 30_000
"""So long a station that was revoked tries to hand over what it has. Then it forgets that as well: what it knows of
people must not wait for a link."""


class Moment(Struct, frozen=True):
    """`wall`: the machine's clock, which may step. `steady`: ms that never step, since the machine started."""

    wall: int
    steady: int


class Store(Struct, frozen=True):
    """Commit these rows, all or none: (table, key, row), None for those to delete."""

    rows: tuple[tuple[str, object, object | None], ...]


class Mark(Struct, frozen=True):
    """Keep this where a restored disk does not take it back."""

    epoch: str
    version: int
    older: tuple[str, ...] = ()
    """The epochs before, of which a disk that was put back may know nothing."""


class Send(Struct, frozen=True):
    message: ToCentre


class Show(Struct, frozen=True):
    """The answer to a scan. `provisional`: the station decided alone."""

    scan: Scan
    decision: Decision
    provisional: bool


class Wipe(Struct, frozen=True):
    """Forget everything, and the key to it first. `told`: the centre has every row and every place of this station;
    else those places stay aside there until it is retired and its areas are counted."""

    told: bool


Effect = Store | Mark | Send | Show | Wipe


class Meta(Struct, frozen=True, kw_only=True):
    """`version` counts the commits that a restored disk must not forget. `generation`: the centre's, as heard.
    `cursor`: the last news. `older`: epochs before this one with rows here; `broken`: those that lost some."""

    epoch: str
    version: int = 0
    generation: int = 0
    cursor: int = 0
    older: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    locked: bool = False
    evacuation: Evacuation = "none"


class Book(Struct, frozen=True, kw_only=True):
    """Of one epoch: the last row, the last one that had been shown when this was stored (None: all but the last one, as
    earlier programs stored them), the last one that the centre has, and the last one whose admission is the
    centre's."""

    n: int = 0
    shown: int | None = None
    have: int = 0
    handed: int = 0


class Belief(Struct, frozen=True):
    """Where somebody is as far as this station knows, and since which scan."""

    presence: Presence | None
    scan: str


class Asked(Struct):
    scan: Scan
    until: int
    """On the steady clock."""


Taken = tuple[tuple[str, ...], int, tuple[str, ...]]
"""The areas whose seat is taken; the own admission that frees some, and of which areas."""
_NO_SEATS: Taken = ((), 0, ())


class People(Struct, frozen=True):
    """What a door knows of people: whom a scan's code leads to, and whether a code that leads to nobody is
    genuine."""

    bearer: Callable[[Scan], Bearer | None]
    genuineness: Callable[[str], Genuineness]


class Station:
    """One door. `fresh` gives ids that were never used before, anywhere; `tables`: what was stored."""

    def __init__(
        self,
        door: str,
        layout: Layout,
        people: People,
        fresh: Callable[[], str],
        programme: Programme | None = None,
        tables: Mapping[str, Mapping[object, object]] | None = None,
    ) -> None:
        self.layout = layout
        self.people = people
        self.fresh = fresh
        self.programme = programme or Programme(layout.event)
        self.area = layout.doors[door].area
        self.path = layout.path(self.area)
        self.around = layout.path(layout.areas[self.area].parent)
        self.meta: dict[str, Meta] = {}
        self.books: dict[str, Book] = {}
        self.counters: dict[tuple[str, str], Counters] = {}
        self.log: dict[tuple[str, int], Row] = {}
        self.asked: dict[str, Scan] = {}
        self.beliefs: dict[str, Belief] = {}
        for table, rows in (tables or {}).items():
            getattr(self, table).update(rows)
        # What follows is worked out from the rows, or is of this run alone.
        self._own: dict[tuple[str, int], tuple[str, ...]] = {}
        self._of: dict[str, list[int]] = {}
        self._made: dict[tuple[str, int], int] = {}
        self._seen_here: dict[str, tuple[str, int, Belief]] = {}
        self._waiting: dict[str, Asked] = {}
        self._heard: tuple[int, int] | None = None
        self._is_gone = False
        self._let_in: list[tuple[int, tuple[str, ...]]] = []
        self._reported_at = self._uploaded_at = -SILENT_MS
        self._sent: dict[str, int] = {}
        self._shown: dict[str, int] = {}
        self._locked_at: int | None = None
        self._more_after: dict[str, int] = {}
        self._changes: dict[tuple[str, object], object | None] = {}
        for (epoch, _), row in self.log.items():
            self._enter(epoch, row)

    # -- what comes in

    def started(self, mark: Mark | None, now: Moment, *, anew: bool = False) -> list[Effect]:
        """The machine is up. `mark`: the one that was kept last, if any. `anew`: a person has had this station
        retired, and starts it again.

        A disk that knows less than the mark was put back: its rights are gone, and a new epoch begins. So
        it is where there is no mark: then nobody can tell."""
        if self.meta:
            self._doubt_last()
            self.carried_out()
        if not self.meta:
            epoch = self.fresh()
            self._put("meta", self.meta, "", Meta(epoch=epoch))
            self._put("books", self.books, epoch, Book())
            if mark is not None:
                self._begin(lost=(*mark.older, mark.epoch))
        elif mark is None or mark.epoch != self.state.epoch or mark.version > self.state.version:
            # What was shown for a scan that waited here may stand in the part of the log that is lost.
            for scan in list(self.asked):
                self._drop("asked", self.asked, scan)
            self._begin(lost=(*mark.older, mark.epoch) if mark is not None else (self.state.epoch,))
        else:
            for asked in list(self.asked.values()):
                self._write(asked, "lapsed", None, now, alone=True)
            if anew:
                self._begin()
        return self._commit()

    def scanned(self, scan: Scan, now: Moment) -> list[Effect]:
        """Somebody's badge was read. It is answered at once, or with what is received, or by a tick."""
        if self.is_cut_off(now) or len(self._waiting) >= ASKED_MAX or self.state.locked:
            return self._decide_alone(scan, now)
        self._put("asked", self.asked, scan.id, scan)
        self._waiting[scan.id] = Asked(scan, now.steady + PATIENCE_MS)
        bearer = self.people.bearer(scan)
        belief = self.belief(bearer.attendee) if bearer is not None else None
        ask = Ask(
            generation=self.state.generation,
            epoch=self.state.epoch,
            scan=scan,
            after=belief.scan if belief is not None else None,
            from_at=self._centre_time(now),
        )
        return [*self._commit(marked=False), Send(ask)]

    def received(self, message: ToStation, now: Moment) -> list[Effect]:
        """A message of the centre."""
        if message.generation < self.state.generation:
            return []
        effects: list[Effect] = []
        if message.generation > self.state.generation:
            # The centre came from a backup. What the lost one still has on the way counts no more from here on.
            self._put("meta", self.meta, "", replace(self.state, generation=message.generation, cursor=0))
            for epoch, book in self.books.items():
                self._put("books", self.books, epoch, replace(book, have=0))
            effects = self._commit()
            self._reported_at = -SILENT_MS
            self._sent.clear()
        self._hear(message.at, now)
        match message:
            case Answer():
                return [*effects, *self._answered(message, now)]
            case News():
                return [*effects, *self._learned(message)]
            case Totals():
                return [*effects, *self._told(message, now)]

    def connected(self, now: Moment) -> list[Effect]:
        """The link is new: the centre is told at once, and not with the next heartbeat, what it may lack."""
        self._sent.clear()
        return [self._report(now), *self._upload(now)]

    def disconnected(self, now: Moment) -> list[Effect]:
        """The link is gone for certain: until the centre is heard again nobody waits for its answers."""
        self._is_gone = True
        return [effect for one in list(self._waiting.values()) for effect in self._decide_alone(one.scan, now)]

    def tick(self, now: Moment) -> list[Effect]:
        """Decide what has waited too long, and tell the centre what it does not have yet."""
        effects: list[Effect] = []
        for asked in [one for one in self._waiting.values() if now.steady >= one.until]:
            effects += self._decide_alone(asked.scan, now)
        if self._has_waited_enough(now):
            return [*effects, Wipe(told=False)]
        if now.steady - self._reported_at >= HEARTBEAT_MS:
            effects.append(self._report(now))
        if now.steady - self._uploaded_at >= HEARTBEAT_MS // 2:
            effects += self._upload(now)
        return effects

    def _has_waited_enough(self, now: Moment) -> bool:
        """Revoked so long ago, or started again so long ago since, that no word of the centre is waited for."""
        if not self.state.locked:
            return False
        if self._locked_at is None:
            self._locked_at = now.steady
        return now.steady - self._locked_at >= LAST_WORD_MS

    def carried_out(self) -> None:
        """All effects that were returned so far have been carried out."""
        self._shown = {epoch: book.n for epoch, book in self.books.items()}

    def waits_to_show(self, message: ToStation) -> bool:
        """Whether all that was returned so far is to be carried out before this message is taken: by totals seats are
        given back, and none is before it was shown what has freed it."""
        return isinstance(message, Totals) and any(
            book.n > self._shown.get(epoch, 0) for epoch, book in self.books.items()
        )

    def evacuated(self, evacuation: Evacuation) -> list[Effect]:
        """Somebody at this door has called an evacuation (or ended it), or the centre has."""
        self._put("meta", self.meta, "", replace(self.state, evacuation=evacuation))
        return self._commit(marked=False)

    def is_cut_off(self, now: Moment) -> bool:
        """Whether the link is gone, or the centre has been silent for too long to be asked."""
        return self._is_gone or self._heard is None or now.steady - self._heard[1] > SILENT_MS

    @property
    def state(self) -> Meta:
        """Which epoch it is in, whose word of the centre it has, and whether it is locked."""
        return self.meta[""]

    @property
    def waits_for_answer(self) -> bool:
        return bool(self._waiting)

    def belief(self, attendee: str) -> Belief | None:
        """Where somebody is as far as is known here: seen by this door, until the centre knows of that."""
        seen = self._seen_here.get(attendee)
        return seen[2] if seen is not None else self.beliefs.get(attendee)

    def rows(self) -> dict[str, int]:
        """epoch → the last row of its log."""
        return {epoch: book.n for epoch, book in self.books.items()}

    def untold(self) -> Iterator[tuple[str, Row, str | None]]:
        """Who passed here, as far as the centre does not have it: epoch, row, and where they were before it."""
        where: dict[str, str | None] = {}
        for epoch in (*self.state.older, self.state.epoch):
            book = self.books[epoch]
            rows = (self.log.get((epoch, n)) for n in range(book.have + 1, book.n + 1))
            for row in rows:
                if row is not None and row.attendee is not None and row.outcome == "admitted":
                    belief = self.beliefs.get(row.attendee)
                    there = belief.presence.area if belief is not None and belief.presence is not None else None
                    yield epoch, row, where.get(row.attendee, there)
                    where[row.attendee] = row.enters

    def rights(self, area: str) -> int:
        """How many more it may let into an area by itself: not on a seat of whom it has not shown the way out yet."""
        epoch = self.state.epoch
        unshown = range(self._shown.get(epoch, 0) + 1, self.books[epoch].n + 1)
        freed = sum(area in self.log[epoch, n].freed for n in unshown)
        return max(0, self.counters.get((epoch, area), NOTHING).rights - freed)

    # -- decisions

    def _answered(self, answer: Answer, now: Moment) -> list[Effect]:
        asked = self._waiting.get(answer.scan)
        if asked is None:
            return []
        if answer.decision is None:
            return self._decide_alone(asked.scan, now)
        return self._show(asked.scan, answer.decision, now, alone=False)

    def _decide_alone(self, scan: Scan, now: Moment) -> list[Effect]:
        # Who is known to be inside may have left by another door, which has given their place on.
        unsure = (self.area,)
        bearer = self.people.bearer(scan)
        if bearer is not None:
            belief = self.belief(bearer.attendee)
            bearer = replace(bearer, presence=belief.presence if belief is not None else None, unsure=unsure)
        at = self._centre_time(now)
        seats = OwnSeats(
            OwnRights(self.layout, {area: self.rights(area) for area in self.path}),
            self.programme,
            now.wall if at is None else at,
        )
        facts = Facts(
            now=seats.now,
            layout=self.layout,
            seats=seats,
            evacuation="evacuation" if self.state.locked else self.state.evacuation,
            genuineness=self.people.genuineness(scan.code),
            bearer=bearer,
        )
        decision = decide(scan, facts)
        entered = seats.house.takes_place_in(decision.leaves, self.area, unsure)
        return self._show(scan, decision, now, alone=True, entered=entered)

    def _show(
        self, scan: Scan, decision: Decision, now: Moment, *, alone: bool, entered: Sequence[str] = ()
    ) -> list[Effect]:
        self._write(scan, decision.outcome, decision, now, alone=alone, entered=entered)
        shown: list[Effect] = [*self._commit(), Show(scan, decision, alone)]
        return shown if self.is_cut_off(now) else [*shown, *self._upload(now)]

    def _write(
        self,
        scan: Scan,
        outcome: Literal["admitted", "refused", "lapsed"],
        decision: Decision | None,
        now: Moment,
        *,
        alone: bool,
        entered: Sequence[str] = (),
    ) -> None:
        """A line of the log, and what it does to seats."""
        epoch, bearer = self.state.epoch, self.people.bearer(scan)
        attendee = bearer.attendee if bearer is not None else None
        belief = self.belief(attendee) if attendee is not None else None
        takes, frees, freed = _NO_SEATS
        moved = attendee if decision is not None and outcome == "admitted" and decision.item is None else None
        if decision is not None and moved is not None:
            takes, frees, freed = self._seats(scan, decision, moved, entered, alone=alone)
        from_at = self._centre_time(now)
        row = Row(
            n=self.books[epoch].n + 1,
            scan=scan if attendee is not None else replace(scan, code=""),
            outcome=outcome,
            decided="alone" if alone else "centre",
            reason=decision.refusal.reason if decision is not None and decision.refusal is not None else None,
            attendee=attendee,
            counts_as=decision.counts_as if decision is not None else "visitor",
            enters=decision.enters if decision is not None and moved is not None else None,
            takes=takes,
            frees=frees,
            freed=freed,
            after=belief.scan if belief is not None else None,
            from_at=from_at,
            at=now.wall,
            offset_ms=None if from_at is None else now.wall - from_at,
        )
        if alone:
            self._add(epoch, takes, admitted=1)
        self._add(epoch, freed, freed=1)
        self._enter(epoch, row)
        self._put("log", self.log, (epoch, row.n), row)
        shown = self._shown.get(epoch, 0)
        self._put("books", self.books, epoch, replace(self.books[epoch], n=row.n, shown=shown))
        self._made[epoch, row.n] = now.steady
        if moved is not None and scan.direction == "entry":
            self._let_in.append((now.steady, takes))
        if scan.id in self.asked:
            self._drop("asked", self.asked, scan.id)
        self._waiting.pop(scan.id, None)

    def _seats(self, scan: Scan, decision: Decision, attendee: str, entered: Sequence[str], *, alone: bool) -> Taken:
        """The areas whose seat an admission takes, and which own admission it frees of which areas."""
        if scan.direction == "exit":
            n = self._admission_of(attendee)
            mine = self._own[self.state.epoch, n] if n else ()
            return (), n, tuple(area for area in mine if area not in self.around)
        if not alone:
            before = self.layout.path(decision.leaves)
            return tuple(area for area in self.path if area not in before), 0, ()
        return tuple(area for area in entered if self._is_limited(area)), 0, ()

    def _admission_of(self, attendee: str) -> int:
        """The row by which this station let somebody into its area, whose seat is still its own; 0: none."""
        epoch = self.state.epoch
        return next((n for n in self._of.get(attendee, ()) if self.area in self._own.get((epoch, n), ())), 0)

    def _is_limited(self, area: str) -> bool:
        approved = self.layout.areas[area]
        return approved.visitors is not None or approved.persons is not None

    # -- what the centre says

    def _hear(self, at: int, now: Moment) -> None:
        """Both what was heard before and this say that it is not earlier than so; the later one is nearer."""
        self._is_gone = False
        before = self._centre_time(now)
        self._heard = (at if before is None else max(at, before), now.steady)

    def _centre_time(self, now: Moment) -> int | None:
        """It is at least this late by the centre's clock, however long its last word was on the way."""
        if self._heard is None:
            return None
        at, steady = self._heard
        elapsed = now.steady - steady
        return at + elapsed - elapsed // STEADY_DRIFT

    def _learned(self, news: News) -> list[Effect]:
        if news.since > self.state.cursor or news.seq <= self.state.cursor:
            return []
        if news.emptied:
            for attendee, belief in list(self.beliefs.items()):
                if belief.presence is not None and belief.presence.area is not None:
                    outside = replace(belief.presence, area=None)
                    self._put("beliefs", self.beliefs, attendee, Belief(outside, ALL_CLEAR))
        for move in news.moves:
            self._put("beliefs", self.beliefs, move.attendee, Belief(move.presence, move.scan))
        self._put("meta", self.meta, "", replace(self.state, cursor=news.seq))
        return self._commit(marked=False)

    def _told(self, totals: Totals, now: Moment) -> list[Effect]:
        if totals.version != LINK_VERSION:
            return []
        marked = False
        for epoch, have in totals.have.items():
            marked |= self._hand_over(epoch, have)
        if totals.epoch == self.state.epoch:
            for area, granted in totals.granted.items():
                one = self.counters.get((totals.epoch, area), NOTHING)
                if granted > one.granted:
                    self._put("counters", self.counters, (totals.epoch, area), replace(one, granted=granted))
            if totals.revoked and not self.state.locked:
                self._put("meta", self.meta, "", replace(self.state, locked=True))
            keep = dict.fromkeys(self.path, 0) if self.state.locked else totals.keep
            marked |= self._give_back(totals.epoch, keep)
            if totals.retired:
                self._begin()
                marked = True
        effects = self._commit(marked=marked) if self._changes else []
        if any(self.books[epoch].have >= n for epoch, n in self._more_after.items()):
            effects += self._upload(now)
        if self.state.locked and totals.epoch == self.state.epoch:
            # What it has just given back the centre must have before nobody can tell it any more.
            if self._is_all_told(totals):
                effects.append(Wipe(told=True))
            elif marked:
                effects.append(self._report(now))
        return effects

    def _is_all_told(self, totals: Totals) -> bool:
        """Whether the centre has every row, and every place that was given back. Of an epoch of which rows are lost
        nobody can tell all."""
        return all(
            book.have >= book.n and (epoch in self.state.broken or self._is_given_back(epoch, totals))
            for epoch, book in self.books.items()
        )

    def _is_given_back(self, epoch: str, totals: Totals) -> bool:
        heard = totals.returned.get(epoch)
        return heard is not None and all(
            heard.get(area, 0) >= self.counters.get((epoch, area), NOTHING).returned for area in self.path
        )

    def _hand_over(self, epoch: str, have: int) -> bool:
        """The centre has these rows. The seats of whom they let in are the centre's from now on: it knows
        sooner when they leave."""
        book = self.books.get(epoch)
        if book is None:
            return False
        have = min(have, book.n)
        if have <= book.have:
            return False
        for n in range(book.handed + 1, have + 1):
            areas = self._own.pop((epoch, n), ())
            self._add(epoch, areas, freed=1, returned=1)
        self._put("books", self.books, epoch, replace(book, have=have, handed=max(have, book.handed)))
        # What happened to whom is now the centre's to say.
        for attendee in [who for who, (one, n, _) in self._seen_here.items() if one == epoch and n <= have]:
            del self._seen_here[attendee]
        return True

    def _give_back(self, epoch: str, keep: Mapping[str, int]) -> bool:
        """Return the rights above what is to be kept."""
        given = False
        for area in self.path:
            extra = self.counters.get((epoch, area), NOTHING).rights - keep.get(area, SEATS_A_STATION_MAX)
            if extra > 0:
                self._add(epoch, (area,), returned=extra)
                given = True
        return given

    def _doubt_last(self) -> None:
        """A row is stored before it is shown, and sent after. So of those that were stored last, together, it is
        unknown whether anybody has seen them."""
        for epoch, book in self.books.items():
            shown = book.n - 1 if book.shown is None else book.shown
            for n in range(max(book.have, shown) + 1, book.n + 1):
                self._doubt(epoch, self.log[epoch, n])

    def _doubt(self, epoch: str, row: Row) -> None:
        """The seat that it takes stays taken, and none that it frees is free."""
        if row.outcome != "admitted" or row.unsure:
            return
        after = replace(row, unsure=True)
        if row.scan.direction == "exit" and row.freed:
            # Who may have stayed has come in anew, as far as the counters tell.
            self._add(epoch, row.freed, admitted=1)
            self._own[epoch, row.frees] = (*self._own.get((epoch, row.frees), ()), *row.freed)
            after = replace(after, frees=0, freed=())
        self._put("log", self.log, (epoch, row.n), after)

    def _begin(self, *, lost: tuple[str, ...] = ()) -> None:
        """A new epoch, without rights. Those of the one before are given back, unless the disk was put back
        from one that knew the epochs `lost`, and nobody here knows what became of them."""
        before, epoch = self.state, self.fresh()
        older, broken = (*before.older, before.epoch), before.broken
        if lost:
            forgotten = tuple(one for one in lost if one not in older)
            for one in forgotten:
                self._put("books", self.books, one, Book())
            older, broken = (*older, *forgotten), tuple(dict.fromkeys((*broken, before.epoch, *forgotten)))
        else:
            self._give_back(before.epoch, dict.fromkeys(self.path, 0))
        self._put("meta", self.meta, "", replace(before, epoch=epoch, version=0, older=older, broken=broken))
        self._put("books", self.books, epoch, Book())
        self._of.clear()

    # -- what is told to the centre

    def _report(self, now: Moment) -> Send:
        self._reported_at = now.steady
        self._let_in = [one for one in self._let_in if now.steady - one[0] < DEMAND_MS]
        meta = self.state
        logs = {
            epoch: Log(
                totals={area: self.counters.get((epoch, area), NOTHING) for area in self.path},
                n=self.books[epoch].n,
                handed=self.books[epoch].handed,
                whole=epoch not in meta.broken,
            )
            for epoch in (*meta.older, meta.epoch)
        }
        return Send(
            Report(
                generation=meta.generation,
                epoch=meta.epoch,
                logs=logs,
                demand={area: sum(area in takes for _, takes in self._let_in) for area in self.path},
                cursor=meta.cursor,
            )
        )

    def _upload(self, now: Moment) -> list[Effect]:
        """What the centre does not have, as far as is known here, and is not on its way to it."""
        if now.steady - self._uploaded_at >= AGAIN_MS:
            self._uploaded_at = now.steady
            self._sent.clear()
        self._more_after.clear()
        sent: list[Effect] = []
        for epoch in (*self.state.older, self.state.epoch):
            book = self.books[epoch]
            last = min(book.n, book.have + ROWS_MAX)
            if last < book.n:
                self._more_after[epoch] = last  # the next ones follow when the centre has these
            ns = range(max(book.have, self._sent.get(epoch, 0)) + 1, last + 1)
            if ns:
                made = [self._made.get((epoch, n)) for n in ns]
                ages = tuple(None if one is None else now.steady - one for one in made)
                rows = tuple(self.log[epoch, n] for n in ns)
                self._sent[epoch] = last
                sent.append(Send(Rows(generation=self.state.generation, epoch=epoch, rows=rows, ages=ages)))
        return sent

    # -- rows

    def _add(self, epoch: str, areas: Iterable[str], *, admitted: int = 0, freed: int = 0, returned: int = 0) -> None:
        for area in areas:
            one = self.counters.get((epoch, area), NOTHING)
            after = Counters(
                granted=one.granted,
                admitted=one.admitted + admitted,
                freed=one.freed + freed,
                returned=one.returned + returned,
            )
            self._put("counters", self.counters, (epoch, area), after)

    def _enter(self, epoch: str, row: Row) -> None:
        """Note whose seats are this station's own by a row of its log, and where that has put somebody."""
        counter = self.layout.doors[row.scan.door].item is not None
        if row.attendee is not None and row.outcome == "admitted" and row.n > self.books[epoch].have and not counter:
            at = row.at if row.from_at is None else row.from_at
            presence = Presence(
                area=row.enters, counts_as=row.counts_as, since_at=at, door=row.scan.door, arrived_at=at
            )
            self._seen_here[row.attendee] = (epoch, row.n, Belief(presence, row.scan.id))
        if row.freed:
            left = tuple(area for area in self._own.get((epoch, row.frees), ()) if area not in row.freed)
            self._own[epoch, row.frees] = left
        if row.decided == "alone" and row.takes and row.n > self.books[epoch].handed:
            self._own[epoch, row.n] = row.takes
            if epoch == self.state.epoch:
                self._of.setdefault(row.attendee or "", []).append(row.n)

    def _commit(self, *, marked: bool = True) -> list[Effect]:
        """What has changed, to be stored; `marked`: a disk that has forgotten this must not go on."""
        if marked:
            meta = self.state
            self._put("meta", self.meta, "", replace(meta, version=meta.version + 1))
            for epoch, n in self._shown.items():
                if self.books[epoch].shown != n:
                    self._put("books", self.books, epoch, replace(self.books[epoch], shown=n))
        store = Store(tuple((table, key, row) for (table, key), row in self._changes.items()))
        self._changes.clear()
        return [store, Mark(self.state.epoch, self.state.version, self.state.older)] if marked else [store]

    def _put(self, table: str, rows: dict[K, V], key: K, row: V) -> None:
        rows[key] = row
        self._changes[table, key] = row

    def _drop(self, table: str, rows: dict[K, V], key: K) -> None:
        del rows[key]
        self._changes[table, key] = None


def together(effects: Sequence[Effect]) -> list[Effect]:
    """Effects that were returned for several inputs as those of one: one commit, one mark, then what is shown, then
    what is sent; rows that follow one another go in one message."""
    rows: dict[tuple[str, object], object | None] = {}
    mark: list[Effect] = []
    shown: list[Effect] = []
    sent: list[Effect] = []
    wipe: list[Effect] = []
    for effect in effects:
        match effect:
            case Store():
                rows.update({(table, key): row for table, key, row in effect.rows})
            case Mark():
                mark = [effect]
            case Show():
                shown.append(effect)
            case Send():
                before = sent[-1] if sent else None
                joined = _joined(before, effect) if isinstance(before, Send) else None
                if joined is not None:
                    sent.pop()
                sent.append(joined or effect)
            case Wipe():
                wipe = [effect]
    store = [Store(tuple((table, key, row) for (table, key), row in rows.items()))] if rows else []
    return [*store, *mark, *shown, *sent, *wipe]


def _joined(first: Send, then: Send) -> Send | None:
    one, other = first.message, then.message
    if not isinstance(one, Rows) or not isinstance(other, Rows) or len(one.rows) + len(other.rows) > ROWS_MAX:
        return None
    if (one.generation, one.epoch, one.rows[-1].n + 1) != (other.generation, other.epoch, other.rows[0].n):
        return None
    return Send(replace(one, rows=one.rows + other.rows, ages=one.ages + other.ages))
