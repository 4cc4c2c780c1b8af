"""One day in virtual time: the real station and centre machines, people, links, disks and clocks.

Everything comes from the seed of the `Day`. `Breach` is raised at the step that broke a promise.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

from msgspec import Struct

from checkin.core.admission import Decision, Evacuation
from checkin.core.allotment import NOTHING, Ledger, shares
from checkin.core.conflict import Case, close
from checkin.core.link import PATIENCE_MS, Answer, Ask, Centre, ToCentre, ToStation
from checkin.core.model import Override, Scan
from kiosk.station import Effect, Mark, Moment, People, Send, Show, Station, Store, Wipe
from tests.simulation.house import CentreOnDisk
from tests.simulation.plan import BEARERS, HEAL_MS, LAYOUT, PROGRAMME, START, STATIONS, WEB, Act, Day, badge_of

TICK_MS = 1_500
CENTRE_TICK_MS = 2_000
LOOKS_AGAIN_MS = 2_000
TALKS_MS = 10_000
"""Over links that are well a station that was revoked has said all by then."""
WAIT_MS = 3_000
"""So long somebody stands before a door that says nothing."""


def _ways_from(place: str | None) -> list[tuple[str, str]]:
    """The doors that can be reached from here: into an area inside of it or beside it, or out."""
    ways: list[tuple[str, str]] = []
    for name, door in LAYOUT.doors.items():
        beside = place not in (None, "house", door.area) and door.area != "house"
        if LAYOUT.areas[door.area].parent == place or beside:
            ways.append((name, "entry"))
    return [*ways, *((name, "exit") for name, door in LAYOUT.doors.items() if door.area == place)]


WAYS = {place: _ways_from(place) for place in (None, *LAYOUT.areas)}


class Breach(AssertionError):
    """A promise was broken: which, when, and how."""

    def __init__(self, promise: str, at: int, how: str) -> None:
        super().__init__(f"{promise} at {at / 1000:.3f} s: {how}")
        self.promise = promise
        self.at = at


class Parts(Struct, frozen=True, kw_only=True):
    """What the day is made of; a mutant replaces one."""

    station: Callable[..., Station] = Station
    centre: Callable[..., Centre] = Centre
    ledger: Callable[..., Ledger] = Ledger
    centre_disk: Callable[..., CentreOnDisk] = CentreOnDisk
    door: Callable[..., Any]


def all_shared(free: int, demand: Mapping[str, int]) -> dict[str, int]:
    """A policy that leaves nothing in the pool: every seat may be with a door that is cut off."""
    stations = sorted(demand, key=lambda station: (-demand[station], station))
    return {station: free // len(stations) + (n < free % len(stations)) for n, station in enumerate(stations)}


class Body:
    """Somebody with a badge, perhaps a copy of another's. `counted`: the areas in which they are by way of
    scans; `came`: when and by which scan they were let in last."""

    def __init__(self, number: int, badge: str) -> None:
        self.number = number
        self.badge = badge
        self.place: str | None = None
        self.counted: set[str] = set()
        self.linked = False
        self.came: tuple[int, str] = (0, "")
        self.waits: str | None = None

    def __str__(self) -> str:
        own = self.badge == f"b{self.number}"
        return f"body {self.number}" if own else f"body {self.number} (with badge {self.badge})"


class Shown(Struct, frozen=True):
    station: str
    epoch: str
    outcome: str
    provisional: bool
    generation: int


class Door:
    """A station's machine: disk, mark, clocks, power."""

    def __init__(self, world: World, name: str, drift: int) -> None:
        self.world = world
        self.name = name
        self.drift = drift
        self.disk: dict[str, dict[Any, Any]] = {}
        self.mark: Mark | None = None
        self.photo: dict[str, dict[Any, Any]] | None = None
        self.offset = 0
        self.booted: int | None = None
        self.station: Station | None = None
        self.fuse: int | None = None
        self.off_ms = 0
        self.wiped = False
        self.anew = False
        self.was_put_back = False

    def now(self) -> Moment:
        up = self.world.now - (self.booted or 0)
        steady = up + up * self.drift // 1_000_000
        return Moment(START + self.world.now + self.offset + self.world.now * self.drift // 1_000_000, steady)

    def boot(self) -> None:
        if self.station is not None or self.wiped:
            return
        if self.booted is not None:
            self.world.say(f"{self.name} starts again{', as a new one' if self.anew else ''}")
        self.booted = self.world.now
        people = People(bearer=lambda scan: BEARERS.get(scan.code), genuineness=lambda _: "genuine")
        self.station = self.world.parts.station(
            self.name,
            LAYOUT,
            people,
            self.world.fresh,
            PROGRAMME,
            {table: dict(rows) for table, rows in self.disk.items()},
        )
        self.carry_out(self.station.started(self.mark, self.now(), anew=self.anew))
        self.anew = False

    def power_off(self) -> None:
        self.station = None
        self.fuse = None
        for body in self.world.bodies:
            if body.waits is not None and self.world.scans[body.waits][1] == self.name:
                body.waits = None

    def carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if self.fuse is not None:
                if self.fuse == 0:
                    self.world.say(f"{self.name} stops before it can {_deed(effect)}")
                    self.power_off()
                    self.world.later(self.off_ms, self.boot)
                    return
                self.fuse -= 1
            match effect:
                case Store():
                    for table, key, row in effect.rows:
                        rows = self.disk.setdefault(table, {})
                        if row is None:
                            rows.pop(key, None)
                        else:
                            rows[key] = row
                case Mark():
                    self.mark = effect
                case Send():
                    self.world.send_up(self.name, effect.message)
                case Show():
                    self.world.show(self, effect)
                case Wipe():
                    self.world.check_wiped(self, told=effect.told)
                    self.wiped = True
                    self.disk.clear()
                    self.power_off()
                    return
        if self.station is not None:
            self.station.carried_out()

    def hear(self, message: ToStation) -> None:
        if self.station is not None:
            self.carry_out(self.station.received(message, self.now()))

    def has_stored_all(self) -> bool:
        return True


class World:
    def __init__(self, day: Day, parts: Parts | None = None, tell: Callable[[str], None] | None = None) -> None:
        self.day = day
        self.parts = parts or Parts(door=Door)
        self.tell = tell
        self.last_fate = 0
        self.last_of: dict[str, tuple[int, Body, str]] = {}
        self.crossed: set[str] = set()
        self.decided: dict[str, list[tuple[int, str]]] = {}
        self.asked: dict[str, list[tuple[int, str]]] = {}
        self.taken_for: set[str] = set()
        self.now = 0
        self.agenda: list[tuple[int, int, Callable[[], None]]] = []
        self.order = 0
        self.ids = 0
        self.bodies = [Body(number, badge_of(day, number)) for number in range(len(day.copies))]
        self.scans: dict[str, tuple[Body, str]] = {}
        self.shown: dict[str, Shown] = {}
        self.cuts: dict[tuple[str, str], int] = {}
        self.late: dict[tuple[str, str], int] = {}
        self.missed_crew: dict[str, int] = dict.fromkeys(LAYOUT.areas, 0)
        self.restored_at = -1
        self.evacuation: Evacuation = "none"
        self.up = True
        self.healing = False
        self.healed_at = 0
        self.backup: Any = None
        self.last_commit_check = 0
        self.steps = 0
        doors = {station: station for station in STATIONS}
        self.centre = self.parts.centre_disk(
            LAYOUT,
            PROGRAMME,
            BEARERS,
            doors,
            self.parts.centre,
            self.parts.ledger,
            all_shared if day.generous else shares,
        )
        self.doors = {name: self.parts.door(self, name, drift) for name, drift in zip(STATIONS, day.drift, strict=True)}
        self.capacity = {"house": 6, "P": 3, "T": 2}

    # -- time

    def later(self, ms: int, do: Callable[[], None]) -> None:
        self.order += 1
        heapq.heappush(self.agenda, (self.now + ms, self.order, do))

    def fresh(self) -> str:
        self.ids += 1
        return f"e{self.ids}"

    def play(self) -> None:
        """Raises `Breach`."""
        for door in self.doors.values():
            door.boot()
            self._tick_door(door)
        self._tick_centre()
        for act in self.day.acts:
            self.later(act.at, lambda act=act: self._act(act))  # type: ignore[misc]
        self.later(self.day.ends_at - HEAL_MS, self._heal)
        while self.agenda and self.agenda[0][0] <= self.day.ends_at:
            self.now, _, do = heapq.heappop(self.agenda)
            do()
        self._check_end()

    def _tick_door(self, door: Door) -> None:
        if door.station is not None:
            door.carry_out(door.station.tick(door.now()))
        self.later(TICK_MS, lambda: self._tick_door(door))

    def _tick_centre(self) -> None:
        if self.up:
            self.centre.count.now = START + self.now
            told = self.centre.centre.tick(START + self.now)
            self._commit()
            for station, totals in told.items():
                self._send_down(station, totals)
                self._tell_evacuation(station)
        self.later(CENTRE_TICK_MS, self._tick_centre)

    # -- the link

    def send_up(self, station: str, message: ToCentre) -> None:
        delays = self._ways(station, "up", isinstance(message, Ask))
        if self.tell is not None and isinstance(message, Ask):
            self._say_way(f"the question {message.scan.id} of {station}", delays)
        for delay in delays:
            self.later(delay, lambda: self._receive(station, message))

    def _send_down(self, station: str, message: ToStation) -> None:
        delays = self._ways(station, "down", isinstance(message, Answer))
        if self.tell is not None and isinstance(message, Answer):
            self._say_way(f"the answer to {message.scan} at {station}", delays)
        for delay in delays:
            self.later(delay, lambda: self._hear(station, message))

    def _say_way(self, what: str, delays: list[int]) -> None:
        if not delays:
            self.say(f"{what} is lost")
        elif min(delays) > PATIENCE_MS:
            self.say(f"{what} will be late by {min(delays) / 1000:g} s")

    def _ways(self, station: str, way: str, waited_for: bool) -> list[int]:
        """How long a message is under way, each time that it comes. Nothing from before the links were well comes so
        late that nobody could hear of it by the end."""
        latest = self.day.ends_at - HEAL_MS // 2 - self.now
        return [min(delay, latest) for delay in self._delays(station, way, waited_for)] if latest > 0 else [20]

    def _delays(self, station: str, way: str, waited_for: bool) -> list[int]:
        if waited_for and (station, way) in self.late:
            return [self.late.pop((station, way))]
        if self.cuts.get((station, way), 0) > self.now:
            return []
        weather = self.day.weather
        if self.healing:
            return [20]
        # The fate of a message hangs on when and where it is sent, not on those before it: so a day that is made
        # shorter stays the same day.
        fate = crc32(f"{self.day.seed} {self.now} {station} {way}".encode())
        fate = (fate * 2_654_435_761 + self.order) % (1 << 48) if fate == self.last_fate else fate
        self.last_fate = fate
        if weather.lost and fate % 1009 < weather.lost:
            return []
        times = 2 if weather.doubled and fate // 7 % 1013 < weather.doubled else 1
        late = fate // 11 % 1019 < weather.late
        return [
            (fate // (13 + turn)) % weather.late_ms if late else 5 + fate // (17 + turn) % 55 for turn in range(times)
        ]

    def _receive(self, station: str, message: ToCentre) -> None:
        if not self.up:
            return
        self.centre.count.now = START + self.now
        answers = self.centre.centre.receive(station, message, START + self.now)
        self._commit()
        if isinstance(message, Ask) and self.centre.ledger.pending.get(message.scan.id) is not None:
            self.decided.setdefault(message.scan.code, []).append((self.now, message.scan.id))
        for answer in answers:
            self._send_down(station, answer)

    def _hear(self, station: str, message: ToStation) -> None:
        self.doors[station].hear(message)

    def _commit(self) -> None:
        self.centre.commit()
        self.steps += 1
        if self.steps % 25 == 0:
            self.check_books()

    # -- what happens

    def _act(self, act: Act) -> None:
        match act.what, act.args:
            case "walks", (body, which, inwards, override):
                self._walk(self.bodies[body], which, inwards, override)
            case "goes", (body, station, direction, override):
                if (station, direction) in WAYS[self.bodies[body].place]:
                    self._go(self.bodies[body], station, direction, override)
            case "late", (station, way, by):
                self.say(
                    f"the next {'question of' if way == 'up' else 'answer to'} {station} is late by {by / 1000:g} s"
                )
                self.late[station, way] = by
            case "settles", (which,):
                self._settle(which)
            case "copies", (body, of):
                self._copy(self.bodies[body], self.bodies[of].badge)
            case "slips", (body,):
                self._slip(self.bodies[body])
            case "cut", (station, up, down, length):
                self.say(f"link of {station} cut{'' if up and down else ' one way'} for {length / 1000:g} s")
                if up:
                    self.cuts[station, "up"] = self.now + length
                if down:
                    self.cuts[station, "down"] = self.now + length
                if up and down:
                    self._notices(station, length)
            case "crash", (station, effects, off):
                door = self.doors[station]
                if door.station is not None and door.fuse is None:
                    door.fuse, door.off_ms = effects, off
            case "photo", (station,):
                door = self.doors[station]
                door.photo = {table: dict(rows) for table, rows in door.disk.items()}
                self.say(f"picture of {station}'s disk")
            case "put back", (station, off):
                door = self.doors[station]
                if door.photo is not None and not door.wiped:
                    self.say(f"{station}'s disk is put back")
                    door.power_off()
                    door.was_put_back = True
                    door.disk = {table: dict(rows) for table, rows in door.photo.items()}
                    self.later(off, door.boot)
            case "step", (station, by):
                self.say(f"{station}'s clock steps by {by / 1000:g} s")
                self.doors[station].offset += by
            case "stop", (_, off):
                if self.up:
                    self.say(f"the centre stops for {off / 1000:g} s")
                    self.up = False
                    self.later(off, self._start_centre)
            case "backup", ():
                self.say("backup of the centre")
                self.backup = self.centre.backup()
            case "restore", (off,):
                if self.backup is not None and self.up:
                    self.say("the centre is put back to its backup")
                    self.up = False
                    self.later(off, self._restore_centre)
            case "count", (area,):
                self._count(area)
            case "evacuate", (length,):
                if self.up and self.evacuation == "none":
                    self.say("evacuation")
                    self._set_evacuation("evacuation")
                    self.later(length // 2, self._empty_house)
                    self.later(length, self._all_clear)
            case "retire", (station, off):
                self._retire(station, off)
            case "revoke", (station,):
                self.say(f"{station} is revoked")
                self.centre.centre.revoked.add(station)
            case _:
                raise AssertionError(act)

    def _notices(self, station: str, length: int) -> None:
        """Every other time a machine is told that its link has gone, at once or later, and that it is back."""
        fate = crc32(f"{self.day.seed} {self.now} {station} gone".encode())
        after = (0, 1_500, 6_000)[fate // 2 % 3]
        if fate % 2 and after < length:
            self.later(after, lambda: self._disconnected(station))
            self.later(length, lambda: self._connected(station))

    def _disconnected(self, station: str) -> None:
        door = self.doors[station]
        if door.station is not None and not self.healing:
            self.say(f"{station} notices that its link has gone")
            door.carry_out(door.station.disconnected(door.now()))

    def _connected(self, station: str) -> None:
        door = self.doors[station]
        if door.station is not None:
            door.carry_out(door.station.connected(door.now()))

    def _walk(self, body: Body, which: int, inwards: bool, override: bool) -> None:
        """To one of the doors that can be reached from where the body is."""
        ways = WAYS[body.place]
        wanted = [way for way in ways if (way[1] == "entry") == inwards] or ways
        name, direction = wanted[which % len(wanted)]
        self._go(body, name, direction, override)

    def _go(self, body: Body, name: str, direction: str, override: bool) -> None:
        if body.waits is not None:
            return
        around = LAYOUT.areas[LAYOUT.doors[name].area].parent
        if direction == "entry" and body.place != around:
            # Who stands at another room's door has left the one they come from, whatever the door says.
            self._leave(body, around)
        if (not self.up) if name == WEB else self.doors[name].station is None:
            if direction == "exit":
                self._leave(body, around)
            return
        self.ids += 1
        scan = Scan(
            id=f"s{self.ids}",
            code=body.badge,
            door=name,
            direction=direction,  # type: ignore[arg-type]
            override=Override(reason="ok") if override else None,
        )
        self.scans[scan.id] = (body, name)
        self.asked.setdefault(body.badge, []).append((self.now, scan.id))
        body.waits = scan.id
        self.say(f"{body} scans {direction} at {name} [{scan.id}]")
        if name == WEB:
            decision = self.centre.ask(scan, START + self.now)
            self.say(f"{name} shows {scan.id}: {_words(decision)}")
            self._goes_on(scan, decision, alone=False)
            return
        door = self.doors[name]
        assert door.station is not None
        self.later(WAIT_MS, lambda: self._give_up(body, scan.id))
        door.carry_out(door.station.scanned(scan, door.now()))
        if door.station is not None and scan.id in door.station.asked:
            self.later(PATIENCE_MS + 1, lambda: self._hurry(door))

    def _hurry(self, door: Door) -> None:
        if door.station is not None:
            door.carry_out(door.station.tick(door.now()))

    def _give_up(self, body: Body, scan: str) -> None:
        if body.waits == scan:
            self.say(f"{body} has had no answer to {scan}, and waits no more")
            body.waits = None

    def _slip(self, body: Body) -> None:
        if body.place is not None and body.waits is None:
            self.say(f"{body} slips out of {body.place}")
            self._leave(body, LAYOUT.areas[body.place].parent)

    def _copy(self, body: Body, badge: str) -> None:
        if body.place is None and body.waits is None:
            body.badge = badge
            self.say(f"{body} has a copy")

    def _leave(self, body: Body, to: str | None) -> None:
        body.place = to
        body.counted &= set(LAYOUT.path(to))

    def show(self, door: Door, shown: Show) -> None:
        assert door.station is not None
        scan, decision = shown.scan, shown.decision
        epoch = door.station.state.epoch
        self.say(f"{door.name} shows {scan.id}: {_words(decision)}{' (alone)' if shown.provisional else ''}")
        if scan.id in self.shown:
            raise Breach("I2", self.now, f"{scan.id} was answered twice")
        stored = next((row for row in reversed(door.disk.get("log", {}).values()) if row.scan.id == scan.id), None)
        if stored is None or stored.outcome != decision.outcome:
            raise Breach("I2", self.now, f"{scan.id} was shown before it was stored")
        self.shown[scan.id] = Shown(
            door.name, epoch, decision.outcome, shown.provisional, door.station.state.generation
        )
        self._goes_on(scan, decision, alone=shown.provisional)

    def _goes_on(self, scan: Scan, decision: Decision, *, alone: bool) -> None:
        """Who still waits for this answer does what it says."""
        body, door = self.scans[scan.id]
        if body.waits != scan.id:
            return
        body.waits = None
        area = LAYOUT.doors[door].area
        if scan.direction == "exit":
            self._went_out(body, area, scan.id)
        elif decision.outcome == "admitted":
            again = decision.kind == "reentry" or decision.overridden is not None
            self._came_in(body, door, scan.id, again=again, alone=alone)
            self.check_capacity()

    def _went_out(self, body: Body, area: str, scan: str) -> None:
        """A badge that leaves an area leaves one seat of it: that of the body, if it has one."""
        around = set(LAYOUT.path(LAYOUT.areas[area].parent))
        behind = {one for one in LAYOUT.areas if area in LAYOUT.path(one)}
        for one in self._others(body):
            one.counted &= around | behind
        for left in behind - body.counted:
            self._give_up_seat(self._others(body), left)
        self._leave(body, LAYOUT.areas[area].parent)
        self._saw(body, scan)

    def _came_in(self, body: Body, door: str, scan: str, *, again: bool, alone: bool) -> None:
        """A badge that is let in somewhere has left what lies elsewhere. Each body that is let into an area
        counts there, but for those at a linked door that lets the same badge in again, knowing that: one of those
        whom it may take for this one counts no more."""
        area = LAYOUT.doors[door].area
        path = set(LAYOUT.path(area))
        for one in self._others(body):
            if not alone and not again and self._is_twice(one, area, scan):
                raise Breach("I3", self.now, f"{body.badge} was let into {area} twice by linked doors")
            one.counted &= path
        if again and not alone:
            self._take_for_another(body, area)
        body.place = area
        # Whoever goes on into a room has a place of the house by the entrance, or has none.
        body.counted = ({area} if scan not in self.taken_for else set()) | (body.counted & path)
        body.linked = not alone and not again
        body.came = (self.now, scan)
        self._saw(body, scan)

    def _take_for_another(self, body: Body, area: str) -> None:
        """The seat of this body is that of another, or of one who has been let in and has not yet seen it."""
        others = self._others(body)
        if any(area in one.counted for one in others):
            self._give_up_seat(others, area)
        else:
            decided = {scan for _, scan in self.decided.get(body.badge, [])}
            self.taken_for.update(one.waits for one in others if one.waits in decided)

    def _others(self, body: Body) -> list[Body]:
        return [one for one in self.bodies if one.badge == body.badge and one is not body]

    def _give_up_seat(self, bodies: list[Body], area: str) -> None:
        there = [one for one in bodies if area in one.counted]
        if there:
            there[0].counted.discard(area)

    def _saw(self, body: Body, scan: str) -> None:
        at, other, _ = self.last_of.get(body.badge, (-WAIT_MS, body, ""))
        if other is not body and self.now - at <= PATIENCE_MS:
            self.crossed.add(scan)
        self.last_of[body.badge] = (self.now, body, scan)

    def _is_twice(self, other: Body, area: str, scan: str) -> bool:
        """Whether the last that was seen of this badge, and not in these very seconds, was that linked doors let
        the other body into an area that it has not left; seen too is who has asked at a door since, though
        the answer was not shown. Which of two was the last that were seen while one of them waited for an
        answer, is a guess. What only a door knows that is switched off, or knew that was put back too, since the centre
        was put back to before it, no other door can know: and who is then seen on a way out is brought into no area."""
        at, body, shown = self.last_of.get(other.badge, (0, other, ""))
        decided = [one for when, one in self.decided.get(other.badge, []) if one != scan and when > at - PATIENCE_MS]
        asked = any(one != shown for one in decided[decided.index(shown) + 1 if shown in decided else 0 :])
        told = self.centre.count.shown
        asked |= any(when > at and one in told and told[one].unsure for when, one in self.asked.get(other.badge, []))
        forgotten = any(
            self.restored_at > when and one not in self.centre.count.answers for when, one in ((at, shown), other.came)
        )
        settled = body is other and self.now - at > WAIT_MS and not asked and not forgotten
        settled = settled and shown not in self.crossed
        return settled and other.linked and area in other.counted

    def _count(self, area: str) -> int:
        """A person counts who is in an area, at this instant, and tells the centre."""
        if not self.up:
            return 0
        found = sum(area in LAYOUT.path(body.place) for body in self.bodies)
        self.say(f"{area} is counted: {found}")
        self.centre.count.now = START + self.now
        # Who counts cannot tell crew from visitors: the places of crew who are gone may go to visitors.
        self.missed_crew[area] += sum(
            area in LAYOUT.path(presence.area) and area not in LAYOUT.path(self.bodies[int(attendee[1:])].place)
            for attendee, presence in self.centre.count.presences.items()
            if presence.counts_as == "crew"
        )
        tally = self.centre.count.house.tallies[area]
        others = tally.uncounted > 0
        doorways = self.centre.centre.headcount(area, START + self.now)
        self.centre.count.headcount(area, found + doorways)
        if others or tally.uncounted > 0:
            self.centre.ledger.found_others(area)
        if found == 0:
            self.centre.ledger.found_nobody(area)
        self._commit()
        return found

    def _settle(self, which: int) -> None:
        """A person looks into a case."""
        cases = list(self.centre.count.cases.values())
        if self.up and cases:
            self._close(cases[which % len(cases)])

    def _close(self, case: Case) -> None:
        """They have looked whether a second body with this badge is where it is in doubt; while a door has not told all
        of it, they look again later."""
        count, ledger = self.centre.count, self.centre.ledger
        if not self.up or ledger.must_wait(case.id, case.areas):
            self.say(f"{case.kind} of {case.id} cannot be settled yet")
            self.later(LOOKS_AGAIN_MS, lambda: self._close(case))
            return
        in_doubt = ledger.settle(case.id, case.areas, START + self.now)
        there = count.presences.get(case.attendee or "")
        known = LAYOUT.path(there.area if there is not None else None)
        bodies = [body for body in self.bodies if body.badge == case.attendee]
        second = any(sum(area in LAYOUT.path(body.place) for body in bodies) > (area in known) for area in in_doubt)
        self.say(f"{case.kind} of {case.id} is settled: {'a second person' if second else 'nobody else'} is inside")
        for area, change in close(case, "copy" if second else "same_person", in_doubt, second).corrections:
            count.correct(area, change)
        self._commit()

    def _set_evacuation(self, evacuation: Evacuation) -> None:
        self.evacuation = self.centre.count.evacuation = evacuation
        for station in STATIONS:
            self._tell_evacuation(station)

    def _tell_evacuation(self, station: str) -> None:
        door = self.doors[station]
        if door.station is None or self.cuts.get((station, "down"), 0) > self.now:
            return
        if door.station.state.evacuation != self.evacuation:
            door.carry_out(door.station.evacuated(self.evacuation))

    def _empty_house(self) -> None:
        for body in self.bodies:
            self._leave(body, None)
            body.waits = None

    def _all_clear(self) -> None:
        """Said when a person has seen that the house is empty, of whoever came in past a door that is cut off too."""
        if not self.up:
            self.later(1_000, self._all_clear)
            return
        self.say("all clear, counted from nobody")
        self._empty_house()
        self.centre.count.now = START + self.now
        self.centre.count.empty()
        self.centre.ledger.emptied(START + self.now)
        self._commit()
        self._set_evacuation("none")

    def _retire(self, station: str, off: int) -> None:
        """A person switches it off, says so, counts its areas, and starts it as a new one later."""
        door = self.doors[station]
        if not self.up or door.wiped:
            return
        self.say(f"{station} is switched off and retired")
        door.power_off()
        door.anew = True
        self.centre.ledger.retire(station)
        self.centre.centre.linked.pop(station, None)
        self._commit()
        for area in LAYOUT.path(LAYOUT.doors[station].area):
            self._count(area)
        self.later(off, door.boot)

    def _start_centre(self) -> None:
        if not self.up:
            revoked = self.centre.centre.revoked
            self.centre.start()
            self.centre.centre.revoked = revoked
            self.centre.count.evacuation = self.evacuation
            self.up = True
            self.say("the centre is up")

    def _restore_centre(self) -> None:
        revoked = self.centre.centre.revoked
        self.centre.restore(self.backup, START + self.now)
        self.centre.centre.revoked = revoked
        self.centre.count.evacuation = self.evacuation
        self.up = True
        self.restored_at = self.now
        self.say("the centre is up, from its backup")
        self.later(3_000, self._confirm)

    def _confirm(self) -> None:
        """A person compares the stations that are known with the doors, and has the areas counted of those that have
        none: what these showed since the backup nobody can tell."""
        known = {epoch.station for epoch in self.centre.ledger.epochs.values()}
        if not self.up or known != set(STATIONS):
            self.later(2_000, self._confirm)
        else:
            for area in self.centre.beside():
                self._count(area)
            self.centre.ledger.confirm_roster()
            self._commit()

    # -- the end, and what must hold

    def _heal(self) -> None:
        self.say("every link is well again, everything is on")
        self.healing = True
        self.healed_at = self.now
        self.cuts.clear()
        for door in self.doors.values():
            door.fuse = None
            self.later(100, door.boot)
            self.later(200, lambda station=door.name: self._connected(station))  # type: ignore[misc]
        if not self.up:
            self.later(200, self._start_centre)

    def check_capacity(self) -> None:
        for area, capacity in self.capacity.items():
            everybody = [body for body in self.bodies if area in body.counted]
            inside = [body for body in everybody if BEARERS[body.badge].group != "crew"]
            persons = LAYOUT.areas[area].persons
            if len(inside) > capacity + self.missed_crew[area] or (persons is not None and len(everybody) > persons):
                names = ", ".join(str(body) for body in inside)
                raise Breach("I1", self.now, f"{len(inside)} of {capacity} in {area}: {names}")

    def check_wiped(self, door: Door, *, told: bool) -> None:
        """A station that was revoked, and could talk, holds nothing when it forgets everything."""
        assert door.station is not None
        state, ledger = door.station.state, self.centre.ledger
        self.say(f"{door.name} forgets everything{'' if told else ', and nobody knows whether its last word came'}")
        if not told and self.healing and self.now - self.healed_at > TALKS_MS:
            raise Breach("I6", self.now, f"{door.name} was revoked, could talk, and kept its places")
        if told and state.generation == ledger.generation and state.epoch not in state.broken:
            for area in door.station.path:
                held = ledger.counters.get((door.name, state.epoch, area), NOTHING).outstanding
                if held and area not in ledger.epochs[door.name, state.epoch].counted:
                    raise Breach("I6", self.now, f"{door.name} was revoked, and {held} of {area} are still its own")

    def check_books(self) -> None:
        centre = self.centre
        again = Ledger(LAYOUT, {table: centre.disk[table] for table in Ledger.TABLES})
        if again.set_aside != centre.ledger.set_aside or again.owner != centre.ledger.owner:
            raise Breach("I4", self.now, f"rows say {again.set_aside}, the ledger {centre.ledger.set_aside}")
        for (station, epoch, area), one in centre.ledger.counters.items():
            if one.outstanding < 0:
                raise Breach("I4", self.now, f"{station} {epoch} has returned more of {area} than it had: {one}")
        for door in self.doors.values():
            if door.station is not None and door.has_stored_all():
                self._check_rows(door)
        for area, capacity in self.capacity.items():
            tally = centre.count.house.tallies[area]
            free = centre.count.house.free(area)
            persons = LAYOUT.areas[area].persons
            inside = tally.visitors + max(tally.uncounted, -tally.visitors)
            everybody = tally.known + max(tally.uncounted, -tally.visitors)
            left = capacity - inside
            if persons is not None:
                left = min(left, persons - everybody)
            if free != left - again.set_aside[area]:
                raise Breach("I4", self.now, f"{area}: {free} free")

    def _check_rows(self, door: Door) -> None:
        station = door.station
        assert station is not None
        for table in ("meta", "books", "counters", "log", "asked", "beliefs"):
            if getattr(station, table) != door.disk.get(table, {}):
                raise Breach("I2", self.now, f"{door.name}: {table} differs from its disk")

    def _check_end(self) -> None:
        self.check_books()
        centre = self.centre
        lost: set[str] = set()
        for door in self.doors.values():
            if door.wiped:
                continue
            if door.name in centre.centre.revoked:
                raise Breach("I6", self.now, f"{door.name} was revoked, and has forgotten nothing")
            station = door.station
            if station is None:
                raise Breach("I6", self.now, f"{door.name} did not start")
            for epoch, book in station.books.items():
                if book.have != book.n or centre.ledger.epochs[door.name, epoch].have < book.n:
                    raise Breach("I6", self.now, f"{door.name} has rows of {epoch} that the centre lacks: {book}")
            if station.asked or station.waits_for_answer:
                raise Breach("I6", self.now, f"{door.name} still waits for an answer")
            if station.state.cursor != len(centre.count.log):
                raise Breach("I6", self.now, f"{door.name} lacks news")
            for attendee, presence in centre.count.presences.items():
                belief = station.belief(attendee)
                where = belief.presence.area if belief is not None and belief.presence is not None else None
                if where != presence.area:
                    raise Breach("I6", self.now, f"{door.name} believes {attendee} in {where}, not {presence.area}")
            lost.update(station.state.broken)
        for scan in centre.ledger.pending:
            name = self.scans[scan][1]
            station = self.doors[name].station
            if station is not None and not self.doors[name].was_put_back:
                raise Breach("I6", self.now, f"{name} never said what it showed for {scan}")
        rows = {
            (door.name, epoch, row.scan.id)
            for door in self.doors.values()
            for (epoch, _), row in door.disk.get("log", {}).items()
        }
        for scan, shown in self.shown.items():
            row = centre.count.shown.get(scan)
            if row is None:
                on_disk = (shown.station, shown.epoch, scan) in rows
                gone = shown.epoch in lost or self.doors[shown.station].wiped
                if on_disk or not gone:
                    raise Breach("I2", self.now, f"{scan}, shown at {shown.station}, never came to the centre")
            elif row.outcome != shown.outcome:
                raise Breach("I5", self.now, f"{scan} was {shown.outcome} at the door, and is {row.outcome}")

    def say(self, what: str) -> None:
        if self.tell is not None:
            self.tell(f"{self.now / 1000:7.3f}  {what}")


def _deed(effect: Effect) -> str:
    match effect:
        case Store():
            return "store that"
        case Mark():
            return "mark what it has stored"
        case Show():
            return f"show {effect.scan.id}: {_words(effect.decision)}"
        case Send():
            return "send what it has stored"
        case Wipe():
            return "forget everything"


def _words(decision: Decision) -> str:
    return f"{decision.outcome}{' ' + decision.refusal.reason if decision.refusal else ''}"


def play(day: Day, parts: Parts | None = None, tell: Callable[[str], None] | None = None) -> World:
    world = World(day, parts, tell)
    world.play()
    return world


assert PATIENCE_MS < WAIT_MS
