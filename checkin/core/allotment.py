"""Seats handed out in advance to doors that may be cut off, and the centre's ledger of them. Pure.

A place of an area is in exactly one hand: free in the centre's pool, filled by somebody whom the centre
counts, or set aside. Set aside are the seats of stations (`Counters.outstanding`), those of which it
is in doubt whether somebody sits on them, and those of people who are on their way out of an area until the
door has said that it let them through. Seats are taken at once and freed only by what is certain:

- a station frees the seat of its own admission, as long as it has not handed that over to the centre;
- the centre frees the seat of whoever is seen elsewhere *after* they were seen there (`order`);
- a person frees what is in doubt: by closing the case, or by counting the area.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from checkin.core.holds import ANYBODY, Claimant, Kept, Seats
from checkin.core.layout import Layout
from checkin.core.model import CountsAs
from checkin.core.occupancy import House, Tally
from checkin.core.schedule import Programme

SEATS_A_STATION_MAX = 200
"""No station ever holds more rights of an area than this."""
SHARED_PART = 2
"""One in so many free places is handed out in advance; the others stay in the pool."""


class Counters(Struct, frozen=True, kw_only=True):
    """Of one station, epoch and area, since the epoch began. Each only grows, so a message may be lost,
    doubled or late: both sides send totals and take the maximum."""

    granted: int = 0
    admitted: int = 0
    freed: int = 0
    returned: int = 0

    @property
    def rights(self) -> int:
        """How many more the station may let in."""
        return self.granted + self.freed - self.admitted - self.returned

    @property
    def outstanding(self) -> int:
        """The seats that are the station's: its rights, and those on which people sit whom it let in."""
        return self.granted - self.returned

    def merged(self, other: Counters) -> Counters:
        return Counters(
            granted=max(self.granted, other.granted),
            admitted=max(self.admitted, other.admitted),
            freed=max(self.freed, other.freed),
            returned=max(self.returned, other.returned),
        )


NOTHING = Counters()


def shares(free: int, demand: Mapping[str, int]) -> dict[str, int]:
    """How many rights each linked station should hold, of the places of an area that are free or in their
    hands. `demand`: station → how many it lately let into that area. Half of what is free is shared by demand;
    when there is no more than one for each station, all are wanted back, so that the last ones are in the pool."""
    if free <= len(demand):
        return dict.fromkeys(demand, 0)
    shared, total = free // SHARED_PART, sum(1 + wanted for wanted in demand.values())
    exact = {station: (1 + wanted) * shared for station, wanted in demand.items()}
    keep = {station: one // total for station, one in exact.items()}
    by_remainder = sorted(exact, key=lambda station: (-(exact[station] % total), station))
    for station in by_remainder[: shared - sum(keep.values())]:
        keep[station] += 1
    return {station: min(SEATS_A_STATION_MAX, seats) for station, seats in keep.items()}


class OwnRights(House):
    """The house as a cut-off station sees it: free are the seats for which it has rights.

    `rights`: area → how many; None for an area without a limit."""

    def __init__(self, layout: Layout, rights: Mapping[str, int], tallies: Mapping[str, Tally] | None = None) -> None:
        super().__init__(layout, tallies)
        self.rights = rights

    def free(self, area: str, counts_as: CountsAs = "visitor") -> int | None:
        approved = self.layout.areas[area]
        if approved.visitors is None and approved.persons is None:
            return None
        return self.rights.get(area, 0)


class OwnSeats(Seats):
    """Rights are granted from places that are kept for nobody, so anybody may have them."""

    def __init__(self, house: OwnRights, programme: Programme, now: int) -> None:
        super().__init__(house, programme, now)

    def kept(self, area: str, claimant: Claimant = ANYBODY) -> list[Kept]:
        return []


EpochKey = tuple[str, str]
"""(station, epoch)"""
SeatsKey = tuple[str, str, str]
"""(station, epoch, area)"""
RowKey = tuple[str, str, int]
"""(station, epoch, n)"""
SeatState = Literal["inside", "left", "doubtful"]
"""Of a seat that a station used for an admission: the centre counts the person there; it does not, for sure;
or there is somebody whom it does not count, perhaps."""


class Epoch(Struct, frozen=True, kw_only=True):
    """One life of a station's database. `areas`: those in which it may hold seats. Of its log the centre
    has the rows up to `have`, `due` is the last it was told of; the seats of admissions up to `handed` are
    the centre's. `known`: its totals are complete; not after a restore of the centre, until it has reported.
    `counted`: the areas that a person has counted since it was `retired`: it holds nothing there. `complete`:
    it is over, and all its rows are here."""

    station: str
    id: str
    areas: tuple[str, ...]
    have: int = 0
    due: int = 0
    handed: int = 0
    retired: bool = False
    known: bool = True
    counted: tuple[str, ...] = ()
    complete: bool = False


class Admission(Struct, frozen=True, kw_only=True):
    """Whom a station let in by its own rights, and what became of the seats it used."""

    attendee: str
    scan: str
    seats: Mapping[str, SeatState]


class Pending(Struct, frozen=True, kw_only=True):
    """What the centre decided for a station that has not yet said what it showed: from where to where, the
    pool's seats that are freed when it has, the stations' seats that this person was counted on, and when
    they were seen before. `left_by`: who has left since, as (scan, not before, area), whose place is in doubt until
    this was shown, and before that."""

    attendee: str
    leaves: str | None
    enters: str | None
    counts_as: CountsAs
    entry: bool = True
    frees: tuple[str, ...] = ()
    owned: tuple[tuple[RowKey, str], ...] = ()
    before: Seen | None = None
    left_by: tuple[tuple[str, int, str], ...] = ()


class Seen(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When somebody was last seen moving: by which scan, into which area (None: out of the house), and between
    which instants of the centre's clock.

    A way out frees one seat of an area. `unspent`: the areas of which it has freed none yet, as nobody with this
    badge was known there (None: a way in, by which they have left all that lies elsewhere); `spent_on`: the scan
    whose seat it has freed. `looked_at`: when a person has looked for those with this badge, who have counted then
    whoever had left before. `shown_at`: a guess of when its door showed what the centre had decided, of which other
    doors may have heard before (0: the door decided)."""

    scan: str
    area: str | None
    from_at: int
    to_at: int
    unspent: tuple[str, ...] | None = None
    spent_on: str | None = None
    looked_at: int = 0
    shown_at: int = 0


class Counted(Struct, frozen=True, kw_only=True):
    """When a person counted an area last. `sure`: everybody who was let in by then was known to the centre, so
    whoever it knows there and was not found is told by the number; else some may hide others. `strangers`: somebody may
    be there of whom it will never know, until an all-clear, or until nobody is found."""

    at: int
    sure: bool
    strangers: bool = False


class Sighting(Struct, frozen=True, kw_only=True):
    """A passage as its door reports it: `after`: the scan by which the door believed the person to be where
    they were; `from_at`: not before this instant of the centre's clock (None: unknown); `to_at`: not after
    it; `at`: by the door's clock, a guess."""

    scan: str
    after: str | None
    from_at: int | None
    to_at: int
    at: int


Order = Literal["after", "before", "unsure"]


def order(sighting: Sighting, last: Seen | None) -> Order:
    """Whether a passage came after the last one known of this person. Clocks of doors prove nothing:
    only that the door knew of the earlier one, or that one had ended before the other can have begun. Of
    what the centre decides a door may know before it has happened: there only the bounds tell, but at a door that has
    heard nothing since it was started."""
    knew = last is not None and sighting.after == last.scan
    if last is None or (knew and (not last.shown_at or sighting.from_at is None)):
        return "after"
    if sighting.from_at is not None and sighting.from_at > last.to_at:
        return "after"
    return "before" if sighting.to_at < last.from_at else "unsure"


DoubtKey = tuple[str, str]
"""(scan, area)"""
UNSEEN = " unseen"
"""Put behind the scan of a doubt that a headcount alone frees."""
K = TypeVar("K")
V = TypeVar("V", bound=object)
Change = tuple[str, object, object | None]
"""(table, key, row) to be saved; None: to be deleted."""


class Ledger:
    """All seats that are set aside, and why. Made of rows: what `take_changes` returns is to be saved in
    the transaction that caused it, and `Ledger(layout, tables)` is the same ledger again.

    `set_aside`: area → how many of its places the pool lacks; `House` reads it.
    """

    TABLES = ("meta", "epochs", "counters", "admissions", "doubts", "pending", "seen", "counted")

    def __init__(self, layout: Layout, tables: Mapping[str, Mapping[object, object]] | None = None) -> None:
        self.layout = layout
        self.meta: dict[str, int] = {"generation": 1, "roster": 1}
        self.epochs: dict[EpochKey, Epoch] = {}
        self.counters: dict[SeatsKey, Counters] = {}
        self.admissions: dict[RowKey, Admission] = {}
        self.doubts: dict[DoubtKey, str] = {}
        self.pending: dict[str, Pending] = {}
        self.seen: dict[str, Seen] = {}
        self.counted: dict[str, Counted] = {}
        for table, rows in (tables or {}).items():
            getattr(self, table).update(rows)
        self.set_aside: dict[str, int] = dict.fromkeys(layout.areas, 0)
        self.owner: dict[tuple[str, str], RowKey] = {}
        self._changes: dict[tuple[str, object], object | None] = {}
        self._unknown: list[Epoch] | None = None
        for (station, epoch, area), one in self.counters.items():
            self.set_aside[area] += self._holds(station, epoch, area, one)
        for key, admission in self.admissions.items():
            for area, state in admission.seats.items():
                if state == "inside":
                    self.owner[admission.attendee, area] = key
                    self.set_aside[area] -= 1
        for _, area in self.doubts:
            self.set_aside[area] += 1
        for pending in self.pending.values():
            for area in pending.frees:
                self.set_aside[area] += 1

    @property
    def generation(self) -> int:
        return self.meta["generation"]

    def take_changes(self) -> list[Change]:
        """The rows that have changed since the last call."""
        changes = [(table, key, row) for (table, key), row in self._changes.items()]
        self._changes.clear()
        return changes

    # -- stations and what they say of themselves

    def restored(self, generation: int) -> None:
        """The centre's database came from a backup: what happened since is known to the doors alone. No seat
        leaves the pool until every station has reported, and a person has said that none is missing."""
        self._put("meta", self.meta, "generation", max(generation, self.generation + 1))
        self._put("meta", self.meta, "roster", 0)
        for key, epoch in list(self.epochs.items()):
            if not epoch.retired:
                self._put("epochs", self.epochs, key, replace(epoch, known=False))

    def confirm_roster(self) -> None:
        """A person has compared the list of stations with the doors: none is missing."""
        self._put("meta", self.meta, "roster", 1)

    def clock_told(self, station: str, *, is_off: bool) -> bool:
        """What a row says of its station's clock; returns whether that is off since this very row."""
        was_off = self.meta.get(f"clock {station}", 0) == 1
        if is_off != was_off:
            self._put("meta", self.meta, f"clock {station}", int(is_off))
        return is_off and not was_off

    def register(self, station: str, epoch: str, areas: Sequence[str]) -> Epoch:
        """The epoch of a station as it is known; a new one retires those before it. Told in the order of
        their age."""
        key = (station, epoch)
        if key not in self.epochs:
            for other, one in list(self.epochs.items()):
                if one.station == station and not one.retired:
                    self._put("epochs", self.epochs, other, replace(one, retired=True))
            # Until it has reported, and its rows are here, it may hold anything.
            row = Epoch(station=station, id=epoch, areas=tuple(areas), known=False)
            self._put("epochs", self.epochs, key, row)
        return self.epochs[key]

    def retire(self, station: str) -> None:
        """This station lets nobody in any more; its seats stay set aside until their area is counted."""
        for key, one in list(self.epochs.items()):
            if one.station == station and not one.retired:
                self._put("epochs", self.epochs, key, replace(one, retired=True))

    def reported(
        self,
        key: EpochKey,
        totals: Mapping[str, Counters],
        *,
        due: int,
        handed: int,
        whole: bool,
        over: bool = False,
    ) -> None:
        """A station's totals of an epoch, and how long its log is. `whole`: nothing of that log is lost; `over`:
        the station has begun another, so no row is added to it."""
        epoch = self.epochs[key]
        for area, one in totals.items():
            self._count((*key, area), self.counters.get((*key, area), NOTHING).merged(one))
        if handed > epoch.handed:
            self._hand_over(key, epoch.handed, handed)
        self._epoch(key, due=max(epoch.due, due), handed=max(epoch.handed, handed), reported=whole, over=over)

    def has(self, key: EpochKey, n: int) -> None:
        """The centre has an epoch's rows up to `n`."""
        self._epoch(key, have=n)

    def _epoch(self, key: EpochKey, *, reported: bool = False, over: bool = False, **changes: int) -> None:
        before = self.epochs[key]
        epoch = replace(before, **changes)
        # Only a report says how long the log is; and what it says counts once the rows are here.
        if not epoch.known and reported and epoch.have >= epoch.due:
            epoch = replace(epoch, known=True)
        if over and reported and epoch.have >= epoch.due:
            epoch = replace(epoch, complete=True)
        if epoch != before:
            self._put("epochs", self.epochs, key, epoch)

    def _hand_over(self, key: EpochKey, before: int, handed: int) -> None:
        """The seats of a station's admissions are the centre's from now on: the returned seats of the report
        contain them. One that somebody is leaving is free when that was shown."""
        leaving = {place: scan for scan, pending in self.pending.items() for place in pending.owned}
        for n in range(before + 1, handed + 1):
            admission = self.admissions.get((*key, n))
            if admission is None:
                continue
            for area, state in admission.seats.items():
                if state == "doubtful":
                    self.doubt(admission.scan, area, admission.attendee)
                elif state == "left" and ((*key, n), area) in leaving:
                    self._leave_to_pool(leaving[(*key, n), area], ((*key, n), area))
                self._seat((*key, n), area, None)

    def _leave_to_pool(self, scan: str, place: tuple[RowKey, str]) -> None:
        pending = self.pending[scan]
        owned = tuple(one for one in pending.owned if one != place)
        frees = (*pending.frees, place[1])
        self.set_aside[place[1]] += 1
        self._put("pending", self.pending, scan, replace(pending, owned=owned, frees=frees))

    def is_frozen(self, area: str) -> bool:
        """Whether the centre may not give away any place of an area: it came from a backup, and somebody
        has not yet said what they hold."""
        if not self.meta["roster"]:
            return True
        if self._unknown is None:  # every count of free places asks, of every area
            self._unknown = [one for one in self.epochs.values() if not one.known]
        return any(area in one.areas and area not in one.counted for one in self._unknown)

    def grant(self, key: EpochKey, area: str, seats: int) -> None:
        """Hand so many more places of the pool to a station. To be committed before it is told."""
        assert seats > 0, "a grant gives seats"
        assert not self.is_frozen(area), "nothing is given away while it is unknown what others hold"
        before = self.counters.get((*key, area), NOTHING)
        self._count((*key, area), replace(before, granted=before.granted + seats))

    # -- what happened at doors

    def used(self, key: EpochKey, n: int, attendee: str, scan: str, areas: Iterable[str]) -> list[str]:
        """A row of a station's log used rights of these areas. Returns those whose seat is still the
        station's: it is in its books, and of the centre's count only once it is `seat`ed there."""
        epoch = self.epochs[key]
        if n <= epoch.handed:
            return []
        held = [area for area in areas if area not in epoch.counted]
        if held:
            seats: dict[str, SeatState] = dict.fromkeys(held, "left")
            row = Admission(attendee=attendee, scan=scan, seats=seats)
            self._put("admissions", self.admissions, (*key, n), row)
        return held

    def freed(self, key: EpochKey, n: int, areas: Iterable[str]) -> dict[str, SeatState]:
        """A row of a station's log freed the seats of its own admission `n`. Returns what they were."""
        found: dict[str, SeatState] = {}
        for area in areas:
            admission = self.admissions.get((*key, n))
            if admission is not None and area in admission.seats:
                found[area] = admission.seats[area]
                self._seat((*key, n), area, None)
        return found

    def seat(self, key: RowKey, area: str, state: SeatState) -> None:
        """What the centre knows of a seat that a station used."""
        self._seat(key, area, state)

    def vacate(self, attendee: str, area: str, *, certain: bool, scan: str, seen: bool = True) -> None:
        """The centre no longer counts this person in an area: the seat stays with the station that owns it.
        One of the pool's is free if it is `certain` that nobody sits on it, else in doubt; `seen`: as in `doubt`."""
        key = self.owner.get((attendee, area))
        if key is not None:
            self._seat(key, area, "left" if certain else "doubtful")
        elif not certain:
            self.doubt(scan, area, attendee, seen=seen)

    def is_after_count(self, area: str, from_at: int | None) -> bool:
        """Whether a passage came after the last headcount of an area: those before are counted already."""
        return area not in self.counted or (from_at is not None and from_at > self.counted[area].at)

    def is_after_look(self, attendee: str, from_at: int | None) -> bool:
        """Whether a passage came after a person has looked for those with this badge."""
        looked_at = self.seen[attendee].looked_at if attendee in self.seen else 0
        return not looked_at or (from_at is not None and from_at > looked_at)

    def may_be_missing(self, attendee: str, area: str) -> bool:
        """Whether somebody who is known to be in an area may have been gone when it was counted."""
        counted, seen = self.counted.get(area), self.seen.get(attendee)
        return counted is not None and not counted.sure and (seen is None or seen.from_at <= counted.at)

    def came_again(self, attendee: str, area: str, sighting: Sighting, *, gone: bool = False) -> None:
        """Somebody came in who is known to be there already, or (`gone`) was until they were seen to leave it. If a
        headcount has missed them, what it has counted as their seat is another's, and only the next one frees it."""
        counted, seen = self.counted.get(area), self.seen.get(attendee)
        if counted is None or sighting.to_at < counted.at:
            return
        # Whoever is there is one of those whom a sure headcount has missed; who has left is taken for one it has met.
        # Who was seen after the headcount may have come in by this very scan before that.
        if gone or (not counted.sure and (self.may_be_missing(attendee, area) or order(sighting, seen) != "after")):
            self.doubt(sighting.scan, area, attendee, seen=False)

    def blur(self, area: str, from_at: int | None) -> None:
        """Somebody came in whom a headcount may have met without the centre knowing them."""
        if not self.is_after_count(area, from_at):
            self._blur(area)

    def _blur(self, area: str) -> None:
        if area in self.counted and self.counted[area].sure:
            self._put("counted", self.counted, area, replace(self.counted[area], sure=False))

    def doubt(self, scan: str, area: str, attendee: str, *, seen: bool = True) -> None:
        """Perhaps somebody is in this area whom the centre does not count; their seat stays. `seen`: whoever looks
        for this person can tell; not so where the question is whom a headcount has met."""
        key = (scan if seen else scan + UNSEEN, area)
        if key not in self.doubts:
            self.set_aside[area] += 1
        self._put("doubts", self.doubts, key, attendee)

    def settle(self, scan: str, areas: Collection[str], now: int) -> list[str]:
        """A person has looked, and closed a case of a scan, about these areas: returns those whose seat it frees, at
        once or, where that is still its station's, as soon as it is handed over. Not while it `must_wait`."""
        assert not self.must_wait(scan, areas), "a door has not told all of this badge"
        freed = self.in_doubt(scan, areas)
        if not freed:
            return []
        looked_for = {who for (one, _), who in self.doubts.items() if one == scan}
        for area in [area for area in areas if (scan, area) in self.doubts]:
            self._drop_doubt((scan, area))
        for key, admission in [one for one in self.admissions.items() if one[1].scan == scan]:
            looked_for.add(admission.attendee)
            for area in [area for area, state in admission.seats.items() if state == "doubtful" and area in areas]:
                self._seat(key, area, "left")
        for who in looked_for:
            seen = self.seen.get(who, Seen(scan="", area=None, from_at=0, to_at=0))
            self._put("seen", self.seen, who, replace(seen, looked_at=now))
        # A second person who is counted from now on hides that somebody is missing.
        for area in freed:
            self._blur(area)
        return freed

    def in_doubt(self, scan: str, areas: Collection[str]) -> list[str]:
        """The areas of these whose seat is free once the case of this scan is closed; one with two seats twice."""
        doubts = [area for area in areas if (scan, area) in self.doubts]
        used = (one for one in self.admissions.values() if one.scan == scan)
        return doubts + [area for one in used for area in one.seats if one.seats[area] == "doubtful" and area in areas]

    def must_wait(self, scan: str, areas: Collection[str]) -> bool:
        """Whether a case of this scan cannot be closed yet, for a seat of it is in doubt, and a door has not told all:
        somebody with this badge may stand there on their way in, where nobody looks for them; or the centre knows them
        on the door's own seat, which it may have freed already, as they went out."""
        whose = {self.doubts[scan, area] for area in areas if (scan, area) in self.doubts}
        whose |= {one.attendee for one in self.admissions.values() if one.scan == scan}
        in_doubt = self.in_doubt(scan, areas)
        at_doors = any(pending.entry and pending.attendee in whose for pending in self.pending.values())
        return bool(in_doubt) and (at_doors or any((who, area) in self.owner for who in whose for area in in_doubt))

    def only_counted(self, scan: str, areas: Collection[str]) -> list[str]:
        """The areas of these where a headcount alone frees a seat of this scan: whoever looks cannot tell."""
        return [area for area in areas if (scan + UNSEEN, area) in self.doubts]

    def withdraw(self, scan: str) -> None:
        """What was decided for a scan did not happen: nothing is in doubt for its sake."""
        for doubt in [one for one in self.doubts if one[0] in (scan, scan + UNSEEN)]:
            self._drop_doubt(doubt)

    def await_shown(self, scan: str, pending: Pending) -> None:
        """The centre has let somebody through; a seat they leave is free when the door says it has shown that."""
        self._put("pending", self.pending, scan, pending)
        for area in pending.frees:
            self.set_aside[area] += 1

    def shown(self, scan: str) -> Pending | None:
        """A door has said what it showed for a scan of which this was awaited."""
        pending = self.pending.get(scan)
        if pending is not None:
            for area in pending.frees:
                self.set_aside[area] -= 1
            self._drop("pending", self.pending, scan)
        return pending

    def free_when_shown(self, scan: str, left_by: str, from_at: int, area: str) -> None:
        """Somebody has left by the scan `left_by`, not before `from_at`, of whom it is not known whether `scan` was
        shown to them: where that was before, their place is no more in doubt."""
        pending = self.pending[scan]
        self._put("pending", self.pending, scan, replace(pending, left_by=(*pending.left_by, (left_by, from_at, area))))

    def passed(self, attendee: str, sighting: Sighting) -> None:
        """A door has shown what the centre had decided: then they passed, and not when it was decided; whoever was
        decided about later may have been seen before."""
        seen = self.seen.get(attendee)
        if seen is not None and (seen.scan == sighting.scan or seen.to_at < sighting.to_at):
            to_at, shown_at = max(seen.to_at, sighting.to_at), max(seen.shown_at, sighting.at)
            self.see(attendee, replace(seen, to_at=to_at, shown_at=shown_at))

    def left_after(self, shown: Pending, to_at: int) -> None:
        """This was shown, not after `to_at`."""
        for scan, from_at, area in shown.left_by:
            if from_at > to_at and (scan, area) in self.doubts:
                self._drop_doubt((scan, area))
                leaving = self.pending.get(scan)
                if leaving is not None:
                    self.set_aside[area] += 1
                    self._put("pending", self.pending, scan, replace(leaving, frees=(*leaving.frees, area)))

    def may_have_stayed(self, scan: str) -> None:
        """This was not shown, perhaps: nobody has left by it for certain."""
        for one, pending in list(self.pending.items()):
            left_by = tuple(leaving for leaving in pending.left_by if leaving[0] != scan)
            if left_by != pending.left_by:
                self._put("pending", self.pending, one, replace(pending, left_by=left_by))

    def see(self, attendee: str, seen: Seen | None) -> None:
        """When somebody was seen moving last; None: never."""
        looked_at = self.seen[attendee].looked_at if attendee in self.seen else 0
        if seen is None and looked_at:
            seen = Seen(scan="", area=None, from_at=0, to_at=0)
        if seen is not None:
            self._put("seen", self.seen, attendee, replace(seen, looked_at=looked_at) if looked_at else seen)
        elif attendee in self.seen:
            self._drop("seen", self.seen, attendee)

    def spend(self, attendee: str, areas: Sequence[str], scan: str) -> list[str]:
        """Somebody came into these areas by `scan`, before they were seen last, somewhere else: returns those whose
        seat that has freed. Another one with this badge is in the others, perhaps."""
        seen = self.seen[attendee]
        if seen.unspent is None:
            return list(areas)
        free = [area for area in areas if area in seen.unspent]
        if free:
            unspent = tuple(area for area in seen.unspent if area not in free)
            self.see(attendee, replace(seen, unspent=unspent, spent_on=scan))
        return free

    def spare(self, attendee: str, areas: Collection[str], after: str | None) -> None:
        """Somebody left these areas after the scan `after`, and before they were seen last. If that was the way out of
        whom `after` had let in, the last one was another's."""
        seen = self.seen[attendee]
        if seen.unspent is not None and after is not None and seen.spent_on == after:
            inside = self.layout.path(seen.area)
            spared = tuple(area for area in areas if area not in inside and area not in seen.unspent)
            self.see(attendee, replace(seen, unspent=(*seen.unspent, *spared), spent_on=None))

    def headcount(self, area: str, at: int, *, sure: bool) -> int:
        """A person has counted an area: whoever is there is counted, so nothing of it is in doubt, and
        stations that are retired hold nothing there. Returns how many the centre has let in without
        knowing yet whether they have gone in; they are to be added to what was counted. `sure`: see `Counted`."""
        # Whoever sits on a seat in doubt was found, and hides somebody who is known there and was not; so does whom a
        # door without a station let in since the backup that the centre was put back to.
        strangers = self.is_frozen(area) or (area in self.counted and self.counted[area].strangers)
        strangers |= any(one.seats.get(area) == "doubtful" for one in self.admissions.values())
        for doubt in [one for one in self.doubts if one[1] == area]:
            self._drop_doubt(doubt)
            strangers = True
        for key, epoch in list(self.epochs.items()):
            if epoch.retired and area in epoch.areas and area not in epoch.counted:
                self.set_aside[area] -= self._holds(*key, area, self.counters.get((*key, area), NOTHING))
                sure = sure and epoch.complete
                for row in [one for one in self.admissions if one[:2] == key]:
                    self._seat(row, area, None)
                self._put("epochs", self.epochs, key, replace(epoch, counted=(*epoch.counted, area)))
        in_doorways = 0
        for scan, pending in list(self.pending.items()):
            if area in pending.frees:
                frees = tuple(one for one in pending.frees if one != area)
                self._put("pending", self.pending, scan, replace(pending, frees=frees))
                self.set_aside[area] -= 1
            before, after = self.layout.path(pending.leaves), self.layout.path(pending.enters)
            # Whoever is leaving may have been found, and hides one who is known there and was not.
            sure = sure and (area not in before or area in after)
            # Whoever comes in again through this area's door may have been counted as little as one who is new.
            in_doorways += area in after and (area not in before or (pending.entry and area == pending.enters))
        # Whoever sits on a station's own seat may have left through it just now: then that has freed the seat, and the
        # headcount, which misses them, must not free it again.
        for who, row in [(who, row) for (who, one), row in self.owner.items() if one == area]:
            self.doubt(self.admissions[row].scan, area, who, seen=False)
        counted = Counted(at=at, sure=sure and not strangers, strangers=strangers)
        self._put("counted", self.counted, area, counted)
        return in_doorways

    def found_others(self, area: str) -> None:
        """Before or after the headcount there were more people than are known there by badge: they may hide that
        some of those are missing, now and at the next ones."""
        self._put("counted", self.counted, area, replace(self.counted[area], sure=False, strangers=True))

    def may_have_been_found(self, pending: Pending) -> None:
        """Somebody who was let out has stayed, perhaps, and the centre knows them there no more. Where their seat is
        not set aside for that any longer, since it was counted meanwhile, they are one of those found."""
        set_aside = {*pending.frees, *(area for _, area in pending.owned)}
        for area in self.layout.entered(pending.enters, pending.leaves):
            if area in self.counted and area not in set_aside:
                self.found_others(area)

    def found_nobody(self, area: str) -> None:
        """The headcount has found nobody: so nobody is there of whom the centre does not know either."""
        self._put("counted", self.counted, area, replace(self.counted[area], strangers=False))

    def emptied(self, at: int) -> None:
        """An all-clear: nobody is inside but whom cut-off doors have let in since, by their own rights."""
        for doubt in list(self.doubts):
            self._drop_doubt(doubt)
        for scan in list(self.pending):
            self.shown(scan)
        for key, admission in list(self.admissions.items()):
            for area, state in admission.seats.items():
                if state == "inside":
                    self._seat(key, area, "left")
        for area in self.layout.areas:
            self._put("counted", self.counted, area, Counted(at=at, sure=False))

    # -- rows

    def _holds(self, station: str, epoch: str, area: str, one: Counters) -> int:
        return 0 if area in self.epochs[station, epoch].counted else one.outstanding

    def _count(self, key: SeatsKey, after: Counters) -> None:
        before = self.counters.get(key, NOTHING)
        if before != after:
            self.set_aside[key[2]] += self._holds(*key, after) - self._holds(*key, before)
            self._put("counters", self.counters, key, after)

    def _seat(self, key: RowKey, area: str, state: SeatState | None) -> None:
        admission = self.admissions.get(key)
        if admission is None or area not in admission.seats:
            return
        before = admission.seats[area]
        if before == "inside":
            self.set_aside[area] += 1
            del self.owner[admission.attendee, area]
        if state == "inside":
            self.set_aside[area] -= 1
            self.owner[admission.attendee, area] = key
        seats = {one: was for one, was in admission.seats.items() if one != area}
        if state is not None:
            seats[area] = state
        if seats:
            self._put("admissions", self.admissions, key, replace(admission, seats=seats))
        else:
            self._drop("admissions", self.admissions, key)

    def _drop_doubt(self, key: DoubtKey) -> None:
        self.set_aside[key[1]] -= 1
        self._drop("doubts", self.doubts, key)

    def _put(self, table: str, rows: dict[K, V], key: K, row: V) -> None:
        rows[key] = row
        self._changes[table, key] = row
        if table == "epochs":
            self._unknown = None

    def _drop(self, table: str, rows: dict[K, V], key: K) -> None:
        del rows[key]
        self._changes[table, key] = None
