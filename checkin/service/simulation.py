"""A planned day, played before it happens: who comes when, how long they wait, where it will be full.

Discrete events on one heap, one seed, and the same decision core as at the doors. It says how many
lanes each entrance needs, when and where it will be full, how long the longest wait is.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count, pairwise
from typing import Literal

import msgspec
from msgspec import Struct

from checkin.core.admission import Bearer, Decision, Facts, decide
from checkin.core.alerts import is_full
from checkin.core.errors import BadInput
from checkin.core.forecast import NO_SHOW_PERCENT_DEFAULT, PROFILE, Arrivals, entrances
from checkin.core.holds import Seats
from checkin.core.layout import LANES_MAX, Layout
from checkin.core.model import Direction, Door, Scan
from checkin.core.occupancy import House, Presence
from checkin.core.queueing import SERVICE_S_DEFAULT, WAIT_MIN_MAX, lanes_needed, percentile, waits_s
from checkin.core.schedule import MINUTE_MS, Programme
from checkin.service.forecast import begins
from checkin.service.pulse import walked_in
from checkin.service.venues import Venue
from checkin.store import attendees, sessions
from checkin.store.engine import Transaction

GUESTS_MAX = 200_000
ROOM_SERVICE_S = 3.0
"""At a room's door nobody looks for a badge any more."""
SERVICE_SPREAD = 0.5
"""The standard deviation of a service time, as a share of its mean; times are log-normal."""
WALK_IN_PERCENT = 4
"""Of the registered so many more come without registration (26 to 600 at the Dortmund conference)."""
WANTS_SHARE = 0.9
"""So many of those in the house want to be in what everybody may visit (421 of some 465 there)."""
LEAVES_EARLY_SHARE = 1 / 3
"""So many have gone before the programme ends (169 of 505 there)."""
TRY_AGAIN_MS = 5 * MINUTE_MS
TRIES_MAX = 12
"""Who finds no place in the house waits beside the door, asks so often, and then goes."""
BUCKET_MS = 5 * MINUTE_MS
TEN_MIN_MS = 10 * MINUTE_MS
NO_PLACE = ("area_full", "held_seats_only", "wheelchair_full", "line_first")
ROOM_COMES_MIN = (-12.0, 8.0, -1.0)
"""People come to a session from so long before its beginning until so long after, most of them then."""

Step = Literal["come", "ask", "go", "scan", "out", "home"]


class Guest(Struct, frozen=True, kw_only=True):
    """One of those registered: what the rules ask of a person."""

    group: str
    wheelchair: bool = False
    bookings: tuple[str, ...] = ()


class Setting(Struct, frozen=True, kw_only=True):
    """How the day is to be played. `lanes`: door → how many are open there, where not all of them."""

    seed: int = 1
    no_show_percent: float = NO_SHOW_PERCENT_DEFAULT
    walk_in_percent: float = WALK_IN_PERCENT
    lanes: Mapping[str, int] = {}
    service_s: float = SERVICE_S_DEFAULT


class DoorPlayed(Struct, frozen=True, kw_only=True):
    """One entrance, or a room's door. `came`: each person once, however often they ask for a place.
    `wait_p95_min`: 95 of 100 waited no longer; `lanes_needed`: so many it takes for that to be at most five
    minutes, None where all that it could have are not enough."""

    door: str
    name: str
    area: str
    entrance: bool
    came: int
    lanes: int
    wait_median_min: float
    wait_p95_min: float
    wait_longest_min: float
    longest_at: int
    busiest_ten: int
    lanes_needed: int | None


class AreaPlayed(Struct, frozen=True, kw_only=True):
    """One area: the most who were inside and when; `full_at`: when it was full first (but for wheelchair
    places), for `full_min` minutes in all. `refused`: how many found it full; `placed`: of those so many found a place
    after all, in a room that they were sent to, or, of the house, later."""

    area: str
    name: str
    capacity: int | None
    most: int
    most_at: int
    full_at: int | None
    full_min: float
    refused: int
    placed: int


class Moment(Struct, frozen=True, kw_only=True):
    """The house at one moment: arrived by then, inside, waiting at the entrances for a lane, and beside them
    for a place in the house; and in each room."""

    at: int
    arrived: int
    inside: int
    waiting: int
    for_place: int
    rooms: dict[str, int]


class Played(Struct, frozen=True, kw_only=True):
    """A day as it went. Everybody registered came, stayed away, or was `turned_away`: let in at no time.
    `walk_ins` are not among the `registered`. `waited_for_place`: of those who came, so many found the house
    full first, and waited `place_longest_min` at most."""

    seed: int
    registered: int
    no_show_percent: float
    stayed_away: int
    walk_ins: int
    came: int
    turned_away: int
    waited_for_place: int
    place_longest_min: float
    left: int
    inside_at_end: int
    begins_at: int
    busiest_ten: int
    busiest_ten_at: int
    longest_wait_min: float
    longest_wait_at: str
    doors: list[DoorPlayed]
    areas: list[AreaPlayed]
    overflowed: dict[str, int]
    curve: list[Moment]


def guests_of(tx: Transaction, venue: Venue) -> list[Guest]:
    """Those of the list who are registered, in a steady order: walk-ins of the day are played besides."""
    besides = walked_in(tx, venue.id)
    booked = sessions.sessions_of_attendees(tx, venue.id)
    return [
        Guest(group=one.group, wheelchair=one.wheelchair, bookings=tuple(sorted(booked.get(one.id, ()))))
        for one in sorted(attendees.load_attendees(tx, venue.id), key=lambda one: one.id)
        if one.registration == "registered" and one.id not in besides
    ]


def guests_like(guests: Sequence[Guest], wanted: int, seed: int) -> list[Guest]:
    """So many people like these: some of them, or more of the same kind. Raises `BadInput`."""
    if wanted > GUESTS_MAX:
        raise BadInput(f"At most {GUESTS_MAX:,} registrations can be played.", code="guests_max")
    rng = random.Random(f"{seed} guests")
    if wanted <= len(guests):
        return rng.sample(list(guests), wanted)
    if not guests:
        raise BadInput("There is nobody to be like.", code="guests_missing")
    return [*guests, *rng.choices(list(guests), k=wanted - len(guests))]


def guests_for(layout: Layout, programme: Programme, wanted: int, seed: int) -> list[Guest]:
    """So many people for a venue that knows none yet: spread over the groups of visitors that an entrance
    lets in, each with a seat in one session of every slot that is booked. Raises `BadInput`."""
    open_to = [
        group.id
        for group in layout.groups.values()
        if group.counts_as == "visitor" and any(not d.groups or group.id in d.groups for d in entrances(layout))
    ]
    if not open_to:
        raise BadInput("No entrance of this layout lets visitors in.", code="layout_invalid")
    rng = random.Random(f"{seed} guests")
    slots: dict[int, list[str]] = {}
    for session in programme.sessions.values():
        if session.bookable and not session.cancelled:
            slots.setdefault(session.starts_at, []).append(session.id)
    weights = {id: (layout.areas[programme.sessions[id].area].visitors or 1) for ids in slots.values() for id in ids}
    guests = [
        Guest(
            group=rng.choice(open_to),
            bookings=tuple(rng.choices(ids, [weights[id] for id in ids])[0] for ids in slots.values()),
        )
        for _ in range(min(wanted, GUESTS_MAX))
    ]
    return guests_like(guests, wanted, seed)


def guests_planned(
    layout: Layout, programme: Programme, registered: Sequence[Guest], wanted: int | None, seed: int
) -> list[Guest]:
    """Who is to be played: those registered, or as many as are `wanted`, like them or, while nobody is, as the
    layout lets in. Raises `BadInput`."""
    if wanted is not None and registered:
        return guests_like(registered, wanted, seed)
    if wanted is not None:
        return guests_for(layout, programme, wanted, seed)
    if not registered:
        raise BadInput(
            "Nobody is registered for this event yet. Say how many will be (--registrations N).", code="guests_missing"
        )
    return list(registered)


def play(layout: Layout, programme: Programme, guests: Sequence[Guest], setting: Setting) -> Played:
    """Play the day. The same arguments give the same day. Raises `BadInput` for lanes of a door that there is
    not, or for nobody who could come in."""
    for door, lanes in setting.lanes.items():
        if layout.door(door).item is not None or not 1 <= lanes <= LANES_MAX:
            raise BadInput(f"A door has 1 to {LANES_MAX} lanes; a counter has none.", code="lanes_invalid")
    if not entrances(layout):
        raise BadInput("This layout has no entrance.", code="layout_invalid")
    return _Day(layout, programme, guests, setting).play()


class _Person:
    """One who comes. `tries`: how often the house was full, since `asks_since`; `gone`: has left, or given up."""

    __slots__ = ("asks_since", "bearer", "gone", "tries")

    def __init__(self, bearer: Bearer) -> None:
        self.bearer = bearer
        self.tries = 0
        self.asks_since: float | None = None
        self.gone = False


class _Door:
    """A door's lanes, first come, first served, and what became of those who came."""

    def __init__(self, door: Door, lanes: int) -> None:
        self.door = door
        self.lanes = lanes
        self.free_at = [0.0] * lanes
        self.came_at: list[float] = []
        self.took_ms: list[float] = []

    def takes(self, at: float, service_ms: float) -> float:
        """When somebody who comes at `at` has been served."""
        lane = min(range(self.lanes), key=self.free_at.__getitem__)
        self.free_at[lane] = max(at, self.free_at[lane]) + service_ms
        self.came_at.append(at)
        self.took_ms.append(service_ms)
        return self.free_at[lane]


class _Day:
    def __init__(self, layout: Layout, programme: Programme, guests: Sequence[Guest], setting: Setting) -> None:
        self.layout = layout
        self.programme = programme
        self.setting = setting
        self.rng = random.Random(setting.seed)
        self.house = House(layout)
        self.root = layout.house.id
        self.begins_at = begins(layout, programme)
        self.ends_at = programme.ends_at or self.begins_at + 6 * 60 * MINUTE_MS
        self.doors = {
            door.id: _Door(door, setting.lanes.get(door.id, door.lanes))
            for area in layout.areas
            for door in layout.entries(area)
        }
        self.heap: list[tuple[float, int, Step, _Person, str]] = []
        self.order = count()
        self.people: list[_Person] = []
        self.booked: Counter[str] = Counter()
        self.arrived_at: list[float] = []
        self.left = 0
        self.waiting = 0
        self.for_place = 0
        self.waited_ms: list[float] = []
        self.refused: Counter[str] = Counter()
        self.placed: Counter[str] = Counter()
        self.overflowed: Counter[str] = Counter()
        self.most: dict[str, tuple[int, float]] = dict.fromkeys(layout.areas, (0, 0.0))
        self.full_since: dict[str, float] = {}
        self.full_at: dict[str, float] = {}
        self.full_ms: Counter[str] = Counter()
        self.curve: list[Moment] = []
        self.now = 0.0
        self.registered = len(guests)
        self.stayed_away = 0
        self.walk_ins = 0
        self._invite(guests)

    def play(self) -> Played:
        self._plan_rooms()
        next_moment = self.heap[0][0] - self.heap[0][0] % BUCKET_MS if self.heap else float(self.begins_at)
        while self.heap:
            at, _, step, person, target = heapq.heappop(self.heap)
            while next_moment <= at:
                self._note_moment(round(next_moment))
                next_moment += BUCKET_MS
            self.now = at
            match step:
                case "come":
                    self._come(person)
                case "ask":
                    self._ask(person, target)
                case "go":
                    self._go(person, target)
                case "scan":
                    self._scanned(person, target)
                case "out":
                    self._out(person, target)
                case "home":
                    self._home(person)
        self._note_moment(round(next_moment))
        for area in list(self.full_since):
            self._not_full(area)
        return self._played()

    def _invite(self, guests: Sequence[Guest]) -> None:
        opens = [self.layout.at(door.opens) for door in entrances(self.layout) if door.opens is not None]
        coming = [guest for guest in guests if self.rng.random() >= self.setting.no_show_percent / 100]
        self.stayed_away = len(guests) - len(coming)
        groups = [guest.group for guest in guests]
        self.walk_ins = round(len(guests) * self.setting.walk_in_percent / 100) if groups else 0
        coming += [Guest(group=self.rng.choice(groups)) for _ in range(self.walk_ins)]
        for guest in guests:
            self.booked.update(guest.bookings)
        arrivals = Arrivals(len(coming), self.begins_at, min(opens) if opens else None)
        for number, guest in enumerate(coming):
            bearer = Bearer(
                attendee=str(number),
                group=guest.group,
                registration="registered",
                badge="valid",
                wheelchair=guest.wheelchair,
                bookings=guest.bookings,
                accredited=True,
            )
            person = _Person(bearer)
            self.people.append(person)
            at = max(float(arrivals.starts_at), _when(self.rng.random(), self.begins_at))
            self._push(at, "come", person)
            self._push(self._leaves_at(at), "home", person)

    def _leaves_at(self, arrives_at: float) -> float:
        early_until = self.ends_at - 45 * MINUTE_MS
        from_at = max(arrives_at + 40 * MINUTE_MS, self.begins_at + 40 * MINUTE_MS)
        if self.rng.random() < LEAVES_EARLY_SHARE and from_at < early_until:
            return self.rng.uniform(from_at, early_until)
        return max(self.rng.uniform(early_until, self.ends_at + 15 * MINUTE_MS), arrives_at + 40 * MINUTE_MS)

    def _plan_rooms(self) -> None:
        """Each goes to what they booked; to what everybody may visit most go. Sessions that follow one another
        in a room are one visit."""
        for area in self.layout.areas:
            running: list[tuple[int, int, str | None]] = []
            for session in self.programme.sessions.values():
                if session.area != area or session.cancelled:
                    continue
                id = session.id if session.bookable else None
                if running and id is None and running[-1][2] is None and session.starts_at <= running[-1][1]:
                    running[-1] = (running[-1][0], max(running[-1][1], session.ends_at), None)
                else:
                    running.append((session.starts_at, session.ends_at, id))
            for starts_at, ends_at, id in running:
                self._plan_visit(area, starts_at, ends_at, id)

    def _plan_visit(self, area: str, starts_at: int, ends_at: int, session: str | None) -> None:
        welcome = starts_at < self.begins_at
        for person in self.people:
            if session is not None and session not in person.bearer.bookings:
                continue
            if session is None and self.rng.random() >= (WANTS_SHARE / 2 if welcome else WANTS_SHARE):
                continue
            low, high, most = ROOM_COMES_MIN
            at = starts_at + self.rng.triangular(low, high, most) * MINUTE_MS
            if session is None:
                at = self.rng.uniform(starts_at, ends_at - 15 * MINUTE_MS) if welcome else at
            self._push(at, "go", person, area)
            self._push(ends_at + self.rng.uniform(0, 4) * MINUTE_MS, "out", person, area)

    def _come(self, person: _Person) -> None:
        clock = self.layout.clock(round(self.now))
        group = person.bearer.group
        possible = [one for one in entrances(self.layout) if not one.groups or group in one.groups]
        opened = [one for one in possible if one.is_open(clock, group)]
        if not opened:
            later = [self.layout.at(one.opens) for one in possible if one.opens is not None and one.opens > clock]
            if later:
                self._push(float(min(later)), "come", person)
            return
        lanes = [self.doors[one.id].lanes for one in opened]
        self._queue(person, self.rng.choices(opened, lanes)[0].id, self.setting.service_s)

    def _go(self, person: _Person, area: str) -> None:
        there = person.bearer.presence
        if person.gone:
            return
        if there is None or there.area is None:
            if there is None and self.now < self.begins_at + 120 * MINUTE_MS:
                self._push(self.now + 2 * MINUTE_MS, "go", person, area)  # not here yet: straight there on arrival
            return
        if area in self.layout.path(there.area):
            return
        doors = self.layout.entries(area)
        if doors:
            self._queue(person, self.rng.choice(doors).id, ROOM_SERVICE_S)

    def _queue(self, person: _Person, door: str, service_s: float) -> None:
        ms = self.rng.lognormvariate(*_log_normal(service_s)) * 1000
        if self.layout.doors[door].area == self.root:
            self.waiting += 1
        self._push(self.doors[door].takes(self.now, ms), "scan", person, door)

    def _scanned(self, person: _Person, door: str) -> None:
        area = self.layout.doors[door].area
        if area == self.root:
            self.waiting -= 1
        if person.gone:
            return
        if area == self.root:
            self._ask(person, door)
            return
        refusal = self._decide(person, door, "entry").refusal
        if refusal is None or refusal.reason not in NO_PLACE:
            return
        full = refusal.area or area
        self.refused[full] += 1
        other = refusal.overflow or (refusal.alternatives[0].area if refusal.alternatives else None)
        doors = self.layout.entries(other) if other is not None else ()
        if other is not None and doors:
            overflow = refusal.overflow is not None
            self.placed[full] += self._queue_switch(person, self.rng.choice(doors).id, other, overflow=overflow)

    def _ask(self, person: _Person, door: str) -> None:
        """Be let into the house, or wait beside the door and ask again: the lane is free for the next."""
        decision = None if person.gone else self._decide(person, door, "entry")
        refusal = decision.refusal if decision is not None else None
        if refusal is not None and refusal.reason in NO_PLACE:
            if person.asks_since is None:
                person.asks_since = self.now
                self.for_place += 1
                self.refused[refusal.area or self.root] += 1
            person.tries += 1
            if person.tries <= TRIES_MAX:
                self._push(self.now + TRY_AGAIN_MS, "ask", person, door)
                return
        waited_since, person.asks_since = person.asks_since, None
        if waited_since is not None:
            self.for_place -= 1
        if decision is not None and decision.outcome == "admitted" and decision.kind == "arrival":
            self.arrived_at.append(self.now)
            if waited_since is not None:
                self.waited_ms.append(self.now - waited_since)
                self.placed[self.root] += 1

    def _queue_switch(self, person: _Person, door: str, area: str, *, overflow: bool) -> bool:
        """Whoever finds a room full takes the one that is offered; whether they get in there."""
        decision = self._decide(person, door, "entry", switch=True)
        if decision.outcome == "admitted" and overflow:
            self.overflowed[area] += 1
        elif decision.refusal is not None and decision.refusal.reason in NO_PLACE:
            self.refused[area] += 1
        return decision.outcome == "admitted"

    def _out(self, person: _Person, area: str) -> None:
        there = person.bearer.presence
        doors = self.layout.entries(area)
        if there is not None and there.area == area and doors:
            self._decide(person, doors[0].id, "exit")

    def _home(self, person: _Person) -> None:
        person.gone = True
        there = person.bearer.presence
        if there is not None and there.area is not None:
            self._decide(person, entrances(self.layout)[0].id, "exit")
            self.left += 1

    def _decide(self, person: _Person, door: str, direction: Direction, *, switch: bool = False) -> Decision:
        bearer = person.bearer
        now = round(self.now)
        seats = Seats(self.house, self.programme, now, self.booked)
        facts = Facts(
            now=now,
            layout=self.layout,
            seats=seats,
            evacuation="none",
            genuineness="genuine",
            bearer=bearer,
        )
        scan = Scan(id="", code="", door=door, direction=direction, switch=switch)
        decision = decide(scan, facts)
        if decision.outcome == "refused":
            return decision
        before = after = seats.claims(bearer.claimant)
        if decision.books is not None:
            kept = (id for id in bearer.bookings if id not in decision.frees)
            self.booked.subtract(decision.frees)
            self.booked[decision.books] += 1
            bearer = msgspec.structs.replace(bearer, bookings=(*kept, decision.books))
            after = seats.claims(bearer.claimant)
        self.house.move(decision.leaves, decision.enters, decision.counts_as, before, after)
        if decision.leaves != decision.enters:
            earlier = bearer.presence
            bearer = msgspec.structs.replace(
                bearer,
                presence=Presence(
                    area=decision.enters,
                    counts_as=decision.counts_as,
                    since_at=now,
                    door=door,
                    arrived_at=earlier.arrived_at if earlier else now,
                ),
            )
            for area in {*self.layout.path(decision.leaves), *self.layout.path(decision.enters)}:
                self._look_at(area)
        person.bearer = bearer
        return decision

    def _look_at(self, area: str) -> None:
        numbers = self.house.numbers(area)
        if numbers.inside > self.most[area][0]:
            self.most[area] = (numbers.inside, self.now)
        if is_full(Seats(self.house, self.programme, round(self.now), self.booked), area):
            self.full_at.setdefault(area, self.now)
            self.full_since.setdefault(area, self.now)
        elif area in self.full_since:
            self._not_full(area)

    def _not_full(self, area: str) -> None:
        self.full_ms[area] += round(self.now - self.full_since.pop(area))

    def _note_moment(self, at: int) -> None:
        inside = {area: self.house.tallies[area].everybody for area in self.layout.areas}
        self.curve.append(
            Moment(
                at=at,
                arrived=len(self.arrived_at),
                inside=inside.pop(self.root),
                waiting=self.waiting,
                for_place=self.for_place,
                rooms=inside,
            )
        )

    def _push(self, at: float, step: Step, person: _Person, target: str = "") -> None:
        heapq.heappush(self.heap, (at, next(self.order), step, person, target))

    def _played(self) -> Played:
        doors = [one for door in self.doors.values() if (one := self._door_played(door)) is not None]
        houses = [one for one in doors if one.entrance]
        longest = max(houses, key=lambda one: one.wait_longest_min, default=None)
        busiest, busiest_at = _busiest_ten(self.arrived_at)
        return Played(
            seed=self.setting.seed,
            registered=self.registered,
            no_show_percent=round(self.setting.no_show_percent, 1),
            stayed_away=self.stayed_away,
            walk_ins=self.walk_ins,
            came=len(self.arrived_at),
            turned_away=len(self.people) - len(self.arrived_at),
            waited_for_place=len(self.waited_ms),
            place_longest_min=round(max(self.waited_ms, default=0.0) / MINUTE_MS, 1),
            left=self.left,
            inside_at_end=self.house.tallies[self.root].everybody,
            begins_at=self.begins_at,
            busiest_ten=busiest,
            busiest_ten_at=round(busiest_at),
            longest_wait_min=longest.wait_longest_min if longest else 0.0,
            longest_wait_at=longest.door if longest else "",
            doors=doors,
            areas=[self._area_played(area) for area in self.layout.areas],
            overflowed=dict(sorted(self.overflowed.items())),
            curve=self.curve,
        )

    def _door_played(self, one: _Door) -> DoorPlayed | None:
        if not one.came_at:
            return None
        came_s = [at / 1000 for at in one.came_at]
        took_s = [ms / 1000 for ms in one.took_ms]
        waits = waits_s(came_s, took_s, one.lanes)
        longest = max(range(len(waits)), key=waits.__getitem__)
        return DoorPlayed(
            door=one.door.id,
            name=one.door.name,
            area=one.door.area,
            entrance=one.door.area == self.root,
            came=len(waits),
            lanes=one.lanes,
            wait_median_min=_minutes(percentile(waits, 0.5) or 0.0),
            wait_p95_min=_minutes(percentile(waits, 0.95) or 0.0),
            wait_longest_min=_minutes(waits[longest]),
            longest_at=round(one.came_at[longest]),
            busiest_ten=_busiest_ten(one.came_at)[0],
            lanes_needed=lanes_needed(came_s, took_s, WAIT_MIN_MAX * 60, LANES_MAX),
        )

    def _area_played(self, area: str) -> AreaPlayed:
        most, most_at = self.most[area]
        full_at = self.full_at.get(area)
        return AreaPlayed(
            area=area,
            name=self.layout.areas[area].name,
            capacity=self.house.numbers(area).capacity,
            most=most,
            most_at=round(most_at),
            full_at=None if full_at is None else round(full_at),
            full_min=round(self.full_ms[area] / MINUTE_MS, 1),
            refused=self.refused[area],
            placed=self.placed[area],
        )


def _when(share: float, begins_at: int) -> float:
    """The moment by which such a share of all has arrived: the profile, read the other way round."""
    for (start, low), (end, high) in pairwise(PROFILE):
        if share <= high:
            return begins_at + (start + (end - start) * (share - low) / (high - low)) * MINUTE_MS
    return begins_at + PROFILE[-1][0] * MINUTE_MS


def _log_normal(mean: float) -> tuple[float, float]:
    """The parameters of a log-normal distribution with this mean and the spread of service times."""
    variance = math.log(1 + SERVICE_SPREAD**2)
    return math.log(mean) - variance / 2, math.sqrt(variance)


def _busiest_ten(times: Sequence[float]) -> tuple[int, float]:
    """The most in any ten minutes, and when these began."""
    best, best_at, start = 0, 0.0, 0
    ordered = sorted(times)
    for end, at in enumerate(ordered):
        while at - ordered[start] >= TEN_MIN_MS:
            start += 1
        if end - start + 1 > best:
            best, best_at = end - start + 1, ordered[start]
    return best, best_at


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 2)
