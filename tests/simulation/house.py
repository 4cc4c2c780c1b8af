"""The centre of a simulated day: its count of people in memory, on a disk that is a table of committed rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from checkin.core.admission import Bearer, Decision, Evacuation, Facts, decide
from checkin.core.allotment import Ledger, shares
from checkin.core.conflict import Case
from checkin.core.holds import ANYBODY, Seats
from checkin.core.layout import Layout
from checkin.core.link import NEWS_MAX, Centre, Move, Row, Share
from checkin.core.model import CountsAs, Scan
from checkin.core.occupancy import House, Presence
from checkin.core.schedule import Programme
from checkin.service.ledgers import SetAside

Disk = dict[str, dict[Any, Any]]
"""table → key → row, as committed."""
EVERYBODY = ""
"""Who has moved by an all-clear."""
TABLES = ("presences", "uncounted", "answers", "shown", "log", "cases")


def empty_disk() -> Disk:
    return {table: {} for table in (*TABLES, *Ledger.TABLES)}


class Count:
    """What `Rooms` asks for, in memory; `take_changes` is what the transaction commits."""

    def __init__(self, layout: Layout, programme: Programme, bearers: Mapping[str, Bearer], disk: Disk) -> None:
        self.layout = layout
        self.programme = programme
        self.bearers = bearers
        self.now = 0
        self.evacuation: Evacuation = "none"
        self.presences: dict[str, Presence] = dict(disk["presences"])
        self.uncounted: dict[str, int] = dict(disk["uncounted"])
        self.answers: dict[str, Decision] = dict(disk["answers"])
        self.shown: dict[str, Row] = dict(disk["shown"])
        self.log: dict[int, tuple[str, str]] = dict(disk["log"])
        self.cases: dict[str, Case] = dict(disk["cases"])
        self.house = House(layout)
        for presence in self.presences.values():
            self.house.move(None, presence.area, presence.counts_as)
        for area, count in self.uncounted.items():
            self.house.correct(area, count)
        self._changes: list[tuple[str, Any, Any]] = []
        self._seats: Seats | None = None

    @property
    def seats(self) -> Seats:
        """The places as they are now."""
        if self._seats is None or self._seats.now != self.now:
            self._seats = Seats(self.house, self.programme, self.now)
        return self._seats

    def take_changes(self) -> list[tuple[str, Any, Any]]:
        changes, self._changes = self._changes, []
        return changes

    def knows(self, attendee: str) -> bool:
        return attendee in self.bearers

    def presence(self, attendee: str) -> Presence | None:
        return self.presences.get(attendee)

    def answered(self, scan: str) -> Decision | None:
        return self.answers.get(scan)

    def decide(self, scan: Scan, unsure: Callable[[str], tuple[str, ...]]) -> Decision:
        bearer = self.bearers.get(scan.code)
        if bearer is not None:
            bearer = Bearer(
                attendee=bearer.attendee,
                group=bearer.group,
                registration=bearer.registration,
                presence=self.presences.get(bearer.attendee),
                unsure=unsure(bearer.attendee),
            )
        return decide(
            scan,
            Facts(
                now=self.now,
                layout=self.layout,
                seats=self.seats,
                evacuation=self.evacuation,
                genuineness="genuine",
                bearer=bearer,
            ),
        )

    def keep(self, scan: Scan, told: Decision | Row) -> None:
        if isinstance(told, Row):
            self._put("shown", self.shown, scan.id, told)
            if scan.id in self.answers:
                return
            told = Decision(
                outcome="admitted" if told.outcome == "admitted" else "refused", kind=None, attendee=told.attendee
            )
        self._put("answers", self.answers, scan.id, told)

    def lay_aside(self, row: Row) -> None:
        self._put("shown", self.shown, row.scan.id, row)

    def move(self, attendee: str, enters: str | None, counts_as: CountsAs, scan: Scan, at: int) -> None:
        before = self.presences.get(attendee)
        leaves = before.area if before is not None else None
        self.house.move(leaves, enters, counts_as)
        self._recount(scan, leaves, enters)
        self._put(
            "presences",
            self.presences,
            attendee,
            Presence(area=enters, counts_as=counts_as, since_at=at, door=scan.door, arrived_at=at),
        )
        self._tell(attendee, scan.id)

    def stay(self, attendee: str, scan: Scan, at: int) -> None:
        there = self.presences[attendee].area
        self._recount(scan, there, there)
        self._tell(attendee, scan.id)

    def free(self, area: str) -> int | None:
        return self.house.free(area)

    def pool(self, area: str) -> int | None:
        return self.seats.free_for(area, ANYBODY)

    def open_case(self, case: Case) -> None:
        self._put("cases", self.cases, f"{case.id} {case.kind}", case)

    def news(self, since: int) -> tuple[int, tuple[Move, ...], bool]:
        seq = min(len(self.log), since + NEWS_MAX)
        scans = dict(self.log[n] for n in range(since, seq))
        emptied = scans.pop(EVERYBODY, None) is not None
        moves = tuple(Move(attendee=who, scan=scan, presence=self.presences[who]) for who, scan in scans.items())
        return seq, moves, emptied

    def headcount(self, area: str, found: int) -> None:
        tally = self.house.tallies[area]
        for changed, change in self.house.count(area, found - tally.known - tally.uncounted):
            self._note(changed, change)

    def empty(self) -> None:
        """An all-clear: nobody is inside."""
        for attendee, there in list(self.presences.items()):
            if there.area is not None:
                self.house.move(there.area, None, there.counts_as)
                self._put("presences", self.presences, attendee, replace(there, area=None, since_at=self.now))
        self._tell(EVERYBODY, "")
        for area, tally in self.house.tallies.items():
            if tally.uncounted:
                self.correct(area, -tally.uncounted)

    def correct(self, area: str, change: int) -> None:
        """So many more are in this very area without a badge."""
        self.house.correct(area, change)
        self._note(area, change)

    def _recount(self, scan: Scan, leaves: str | None, enters: str | None) -> None:
        door = self.layout.doors[scan.door]
        for area, change in self.house.reconcile(door.area, scan.direction, leaves, enters):
            self._note(area, change)

    def _note(self, area: str, change: int) -> None:
        self._put("uncounted", self.uncounted, area, self.uncounted.get(area, 0) + change)

    def _tell(self, attendee: str, scan: str) -> None:
        self._put("log", self.log, len(self.log), (attendee, scan))

    def _put(self, table: str, rows: dict[Any, Any], key: Any, row: Any) -> None:
        rows[key] = row
        self._changes.append((table, key, row))


class CentreOnDisk:
    """The centre as a process: what is not committed when it stops is gone."""

    def __init__(
        self,
        layout: Layout,
        programme: Programme,
        bearers: Mapping[str, Bearer],
        doors: Mapping[str, str],
        make: Callable[..., Centre] = Centre,
        ledger: Callable[..., Ledger] = Ledger,
        share: Share = shares,
    ) -> None:
        self.share = share
        self.layout = layout
        self.programme = programme
        self.bearers = bearers
        self.doors = doors
        self.make = make
        self.make_ledger = ledger
        self.disk = empty_disk()
        self.start()

    def start(self) -> None:
        """From what is on the disk."""
        self.count = Count(self.layout, self.programme, self.bearers, self.disk)
        self.ledger = self.make_ledger(self.layout, {table: self.disk[table] for table in Ledger.TABLES})
        self.count.house.set_aside = self.ledger.set_aside
        self.centre = self.make(self.count, self.ledger, self.doors, self.share)

    def ask(self, scan: Scan, now: int) -> Decision:
        """A page at a door asks: the centre's decision is what it shows."""
        count, centre = self.count, self.centre
        count.now = now
        # While it is frozen the centre has no place to give.
        count.house.set_aside = SetAside(self.ledger)
        decision = count.decide(scan, centre.unsure(self.layout.doors[scan.door].area))
        count.house.set_aside = self.ledger.set_aside
        centre.passed(scan, decision, now, now)
        count.keep(scan, decision)
        self.commit()
        return decision

    def beside(self) -> set[str]:
        """The areas with doors that have no station."""
        with_station = set(self.doors.values())
        return {door.area for door in self.layout.doors.values() if door.id not in with_station}

    def commit(self) -> None:
        for table, key, row in self.ledger.take_changes():
            if row is None:
                self.disk[table].pop(key, None)
            else:
                self.disk[table][key] = row
        for table, key, row in self.count.take_changes():
            self.disk[table][key] = row

    def backup(self) -> Disk:
        return {table: dict(rows) for table, rows in self.disk.items()}

    def restore(self, backup: Disk, generation: int) -> None:
        self.disk = {table: dict(rows) for table, rows in backup.items()}
        self.start()
        self.ledger.restored(generation)
        self.commit()
