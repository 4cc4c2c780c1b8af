"""`make storm`: a rush at three stations and the centre's own doors, while whatever can fail does.

Real processes and real HTTP. Links are cut, slowed, stuck one way and dropped, the centre and the stations are
killed (`kill -9`) in the middle of it, disks are full, clocks are set. People have badges, some of them copies;
they go in, into rooms and out again, by what the doors show them. All the while nobody may be in an area over its
number, and one scan has one answer; at the end everything is healed, and every answer that was shown must be at
the centre, once, as it was shown.

With `--wired` (as root) each station stands in a network namespace, on a cable that is pulled out, and on a small
disk that fills up. The seed says what is done to whom, not the instant at which a process gets there.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from checkin.core.facts import Scanned
from checkin.core.link import Row
from tests.kiosk.launch import set_clock
from tests.kiosk.real import START_S, Line, Program, Real, Station, Way, until
from tests.kiosk.wires import FromInside, SmallDisk, Wire
from tests.venue import layout

HOUSE, HALL = 10, 4
HOW: dict[str, Any] = {"house": HOUSE, "hall": HALL, "hall_reentry": "ask"}
LAYOUT = layout(**HOW)
PEOPLE, COPIES, CREW = 20, 4, 2
STATIONS = ("D1", "P-A", "P-B")
OWN_DOORS = ("W-1", "D6")
"""Doors of the centre, without a station: a wing of the house, and a way out of it."""
LANES = 2
TIMEOUT_S = 20.0
TOLD_EVERY_S = 10.0
HEAL_S = 90.0
STEPS_MS = (-2 * 3_600_000, -90_000, -5_000, 0, 45_000, 3_600_000)

_row = msgspec.json.Decoder(Row)


class Body:
    """Somebody with a badge. `counted`: the areas in which they are by way of scans."""

    def __init__(self, number: int, badge: str, code: str) -> None:
        self.number = number
        self.badge = badge
        self.code = code
        self.place: str | None = None
        self.counted: set[str] = set()
        self.busy = False


class Shown(Struct, frozen=True):
    door: str
    outcome: str
    provisional: bool


class Truth:
    """Where everybody is, by what they were shown; `wrong` is what must not be."""

    def __init__(self, codes: dict[str, str]) -> None:
        badges = [*(f"a{n}" for n in range(PEOPLE)), *(f"a{n}" for n in range(COPIES)), *(f"c{n}" for n in range(CREW))]
        self.bodies = [Body(number, badge, codes[badge]) for number, badge in enumerate(badges)]
        self.shown: dict[str, Shown] = {}
        self.unanswered: set[str] = set()
        self.wrong: list[str] = []
        self.lock = threading.Lock()

    def next_at(self, door: str, dice: random.Random) -> tuple[Body, str] | None:
        """Somebody who can reach this door, and which way they go; they are at it until `leave_door`."""
        area = LAYOUT.doors[door].area
        around = LAYOUT.areas[area].parent
        with self.lock:
            can = [(one, "exit") for one in self.bodies if not one.busy and one.place == area]
            if door == "D6":  # the way out of the house, by whichever room they come through
                can = [(one, "exit") for one in self.bodies if not one.busy and one.place is not None]
            else:
                can += [(one, "entry") for one in self.bodies if not one.busy and one.place == around]
            if not can:
                return None
            body, direction = dice.choice(can)
            body.busy = True
            if direction == "exit":
                # The place is free as soon as the way out is shown: to one who is shown theirs before we hear of ours.
                body.counted -= self._behind(area)
            for other in self._others(body):
                # A badge that asks elsewhere has left what lies beside (docs/cut-off.md, “Not promised”).
                other.counted &= set(LAYOUT.path(area if direction == "entry" else around))
        return body, direction

    def show(self, id: str, door: str, body: Body | None, direction: str, answer: dict[str, Any]) -> None:
        shown = Shown(door, answer["outcome"], answer["provisional"])
        area = LAYOUT.doors[door].area
        with self.lock:
            before = self.shown.setdefault(id, shown)
            if before.outcome != shown.outcome:
                self.wrong.append(f"{id} at {door} was {before.outcome}, then {shown.outcome}")
            if body is None or answer["outcome"] != "admitted" or before is not shown:
                return
            if direction == "exit":
                body.place = LAYOUT.areas[area].parent
                body.counted &= set(LAYOUT.path(body.place))
            else:
                body.place = area
                body.counted |= {area}
                if answer["kind"] == "reentry" or answer["overridden"] is not None:
                    for other in self._others(body)[:1]:
                        other.counted.discard(area)
            self._check()

    def leave_door(self, body: Body, direction: str, answered: bool, door: str) -> None:
        with self.lock:
            body.busy = False
            if direction == "exit" and not answered:
                body.counted |= set(LAYOUT.path(body.place)) & self._behind(LAYOUT.doors[door].area)
                self._check()

    def inside(self, area: str) -> tuple[int, int]:
        """Visitors and persons there."""
        there = [one for one in self.bodies if area in one.counted]
        return sum(not one.badge.startswith("c") for one in there), len(there)

    def _check(self) -> None:
        for area in LAYOUT.areas.values():
            visitors, persons = self.inside(area.id)
            if visitors > (area.visitors or visitors) or persons > (area.persons or persons):
                self.wrong.append(f"{visitors} visitors, {persons} persons in {area.id}")

    def _others(self, body: Body) -> list[Body]:
        return [one for one in self.bodies if one.badge == body.badge and one is not body]

    @staticmethod
    def _behind(area: str) -> set[str]:
        return {one for one in LAYOUT.areas if area in LAYOUT.path(one)}


class Lane(threading.Thread):
    """One lane of a door, whose people come one after another."""

    def __init__(self, truth: Truth, door: str, client: httpx.Client, dice: random.Random) -> None:
        super().__init__(name=f"lane of {door}", daemon=True)
        self.truth = truth
        self.door = door
        self.client = client
        self.dice = dice
        self.over = threading.Event()

    def run(self) -> None:
        try:
            while not self.over.wait(self.dice.uniform(0.02, 0.3)):
                self._next()
        except Exception as error:
            self.truth.wrong.append(f"{self.name}: {error!r}")
            raise

    def _next(self) -> None:
        if self.dice.random() < 0.03:
            self._ask(str(uuid.uuid4()), None, "entry", "NOBODYS")
            return
        came = self.truth.next_at(self.door, self.dice)
        if came is None:
            return
        body, direction = came
        id, answered = str(uuid.uuid4()), False
        try:
            # Whoever gets no answer stands there and is asked for again, or has enough of it.
            while not answered and not self.over.is_set():
                answered = self._ask(id, body, direction, body.code)
                if not answered:
                    if id not in self.truth.unanswered or self.dice.random() < 0.2:
                        break
                    self.over.wait(self.dice.uniform(0.2, 1.0))
                elif self.dice.random() < 0.05:
                    self._ask(id, body, direction, body.code)
        finally:
            self.truth.leave_door(body, direction, answered, self.door)

    def _ask(self, id: str, body: Body | None, direction: str, code: str) -> bool:
        """Whether it was answered."""
        sent = {"id": id, "code": code, "door": self.door, "direction": direction}
        self.truth.unanswered.add(id)
        try:
            answer = self.client.post("scans", json=sent)
        except httpx.HTTPError:
            return False
        if answer.status_code in (200, 201):
            self.truth.unanswered.discard(id)
            self.truth.show(id, self.door, body, direction, answer.json())
            return True
        if answer.status_code == 409 and id not in self.truth.shown:
            self.truth.unanswered.discard(
                id
            )  # the machine stopped over it: nobody was told, and it asks for a new scan
        elif answer.status_code != 503:
            self.truth.wrong.append(f"{self.door} answers {answer.status_code}: {answer.text}")
        return False


class Guarded:
    """A program that is killed, and what surrounds it."""

    def __init__(self, program: Program, ready: Callable[[], bool]) -> None:
        self.program = program
        self.ready = ready
        self.full_until = 0.0
        """On a steady clock: what ends long after that has no excuse."""

    @property
    def is_up(self) -> bool:
        with contextlib.suppress(httpx.HTTPError, OSError):
            return self.program.process is not None and self.ready()
        return False


class Nemesis:
    """Does one thing after another, and takes each back after a while."""

    def __init__(self, centre: Guarded, stations: list[tuple[Guarded, Door]], dice: random.Random) -> None:
        self.centre = centre
        self.stations = stations
        self.dice = dice
        self.done: Counter[str] = Counter()
        self._later: list[tuple[float, Callable[[], None]]] = []
        self.died: list[str] = []

    def act(self) -> None:
        """One trouble more."""
        self._take_back(time.monotonic())
        what = self.dice.choice(
            ["kill a station"] * 4 + ["kill the centre"] * 2 + ["link"] * 4 + ["clock", "disk", "disk"]
        )
        guarded, door = self.dice.choice(self.stations)
        match what:
            case "kill a station":
                self._kill(guarded, what)
            case "kill the centre":
                self._kill(self.centre, what)
            case "link":
                what = self.dice.choice(sorted(door.troubles))
                door.troubles[what]()
                self._then(self.dice.uniform(0.5, 6), door.way.mend)
            case "clock":
                set_clock(door.clock, self.dice.choice(STEPS_MS))
            case "disk" if self.dice.random() < 0.3:
                what = "the centre's disk is full"
                self._fill(self.centre, self.centre.program.let_write)
            case "disk":
                what = "a station's disk is full"
                self._fill(guarded, lambda space: door.fill(not space))
        self.done[what] += 1

    def settle(self, wait_s: float) -> None:
        """Wait, and take back what is due."""
        ends = time.monotonic() + wait_s
        while (now := time.monotonic()) < ends:
            self._take_back(now)
            self._watch()
            time.sleep(0.05)

    def heal(self) -> None:
        for _, back in self._later:
            back()
        self._later.clear()
        for guarded, door in self.stations:
            door.way.mend()
            door.fill(False)
            set_clock(door.clock, 0)
            guarded.program.let_write(True)
        self.centre.program.let_write(True)

    @property
    def kills(self) -> int:
        return self.done["kill a station"] + self.done["kill the centre"]

    def _kill(self, guarded: Guarded, what: str) -> None:
        """In the middle of it: not one that is not yet up."""
        if not guarded.is_up:
            self.done[what] -= 1
            return
        guarded.program.stop(signal.SIGKILL)
        self._then(self.dice.choice((0.0, 0.0, self.dice.uniform(0, 4))), guarded.program.start)

    def _fill(self, guarded: Guarded, let_write: Callable[[bool], None]) -> None:
        let_write(False)
        full_s = self.dice.uniform(0.5, 4)
        guarded.full_until = time.monotonic() + full_s
        self._then(full_s, lambda: let_write(True))

    def _then(self, after_s: float, back: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + after_s, back))

    def _take_back(self, now: float) -> None:
        due = [one for one in self._later if one[0] <= now]
        self._later = [one for one in self._later if one[0] > now]
        for _, back in due:
            back()

    def _watch(self) -> None:
        """Nothing ends by itself, but what cannot start on a full disk: that is started again, as systemd does."""
        for guarded in (self.centre, *(one for one, _ in self.stations)):
            process = guarded.program.process
            if process is None or process.poll() is None:
                continue
            if time.monotonic() > guarded.full_until + START_S:
                self.died.append(f"ended by itself ({process.returncode}): {guarded.program.said()}")
            self.done["started again on a full disk"] += 1
            guarded.program.process = None
            self._then(1.0, guarded.program.start)


class Door:
    """A station's surroundings: its way to the centre, its clock, its disk."""

    def __init__(self, way: Way, clock: Path) -> None:
        self.way = way
        self.clock = clock
        self.troubles: dict[str, Callable[[], None]] = {"link cut": way.cut}
        self.fill: Callable[[bool], None] = lambda full: None
        if isinstance(way, Line):
            self.troubles |= {
                "link dropped": way.drop,
                "link stuck": way.hang,
                "link stuck up": lambda: way.hang("up"),
                "link stuck down": lambda: way.hang("down"),
                "link slow": lambda: setattr(way, "delay_s", 0.1),
                "link slower than the patience": lambda: setattr(way, "delay_s", 0.6),
            }


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of it. `caught_up_s`: from the end of the trouble until nothing waits."""

    done: dict[str, int]
    shown: int
    alone: int
    unanswered: int
    conflicts: dict[str, int]
    in_doubt: dict[str, int]
    caught_up_s: float
    wrong: list[str]


def storm(
    folder: Path,
    *,
    seed: int,
    kills: int,
    seconds_max: float,
    wired: bool = False,
    told: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """A rush until so many processes were killed, or the time is up; then all is healed and checked."""
    dice = random.Random(seed)
    with _place(folder, wired) as (centre, doors):
        truth = Truth(centre.codes)
        clients = [centre.organiser, *(httpx.Client(**_client(station, wired)) for station, _ in doors)]
        lanes = [
            Lane(truth, station.door, client, random.Random(dice.random()))
            for (station, _), client in zip(doors, clients[1:], strict=True)
            for _ in range(LANES)
        ]
        lanes += [Lane(truth, door, centre.organiser, random.Random(dice.random())) for door in OWN_DOORS]
        nemesis = Nemesis(
            Guarded(centre.program, lambda: _is_well(centre)),
            [(Guarded(one.program, partial(_answers, one)), door) for one, door in doors],
            random.Random(dice.random()),
        )
        for lane in lanes:
            lane.start()
        ends = time.monotonic() + seconds_max
        nemesis.settle(3)
        while nemesis.kills < kills and time.monotonic() < ends and not truth.wrong:
            nemesis.act()
            told(f"{nemesis.kills} killed, {len(truth.shown):,} answers shown")
            nemesis.settle(nemesis.dice.uniform(0.1, 1.5))
        nemesis.heal()
        healed = time.monotonic()
        for lane in lanes:
            lane.over.set()
        for lane in lanes:
            lane.join(TIMEOUT_S * 2)
        stations = [station for station, _ in doors]
        until(partial(_settled, nemesis, centre), "the centre is up", HEAL_S, centre.program.said)
        until(lambda: _agree(centre, stations), "all sides agree", HEAL_S, lambda: _state(centre, stations))
        caught_up_s = time.monotonic() - healed
        centre.verify()
        wrong = [*truth.wrong, *nemesis.died, *_check_answers(centre, truth), *_check_seats(centre, truth)]
        _walk_out(centre, stations, truth)
        until(lambda: _agree(centre, stations), "all sides agree again", HEAL_S, lambda: _state(centre, stations))
        centre.verify()
        wrong += [*_check_answers(centre, truth), *_check_empty(centre)]
        for client in clients[1:]:
            client.close()
        conflicts = centre.organiser.get("/conflicts").json()["conflicts"]
        return Outcome(
            done={what: n for what, n in sorted(nemesis.done.items()) if n},
            shown=len(truth.shown),
            alone=sum(one.provisional for one in truth.shown.values()),
            unanswered=len(truth.unanswered),
            conflicts=dict(Counter(one["kind"] for one in conflicts)),
            in_doubt=dict(Counter(area for one in conflicts for area in one["in_doubt"])),
            caught_up_s=round(caught_up_s, 1),
            wrong=list(dict.fromkeys(wrong)),
        )


def _settled(nemesis: Nemesis, centre: Real) -> bool:
    """What ended on a full disk just before the end of the trouble is started once more."""
    nemesis.settle(2)
    return _is_well(centre)


@contextmanager
def _place(folder: Path, wired: bool) -> Iterator[tuple[Real, list[tuple[Station, Door]]]]:
    with ExitStack() as stack:
        centre = Real(folder, host="0.0.0.0" if wired else "127.0.0.1", guests=PEOPLE, **HOW)
        stack.callback(lambda: centre.program.stop(signal.SIGKILL))
        stack.callback(lambda: centre.organiser.close())
        doors: list[tuple[Station, Door]] = []
        for number, name in enumerate(STATIONS):
            clock = folder / f"{name}-clock"
            set_clock(clock, 0)
            launcher = ("tests.kiosk.launch", str(clock))
            if wired:
                wire, disk = Wire(number, centre.port), SmallDisk(folder / f"{name}-disk")
                stack.callback(disk.close)
                stack.callback(wire.close)
                inside = FromInside(wire)
                station = Station(centre, name, way=wire, launcher=launcher, within=wire.within, transport=inside)
                door = Door(wire, clock)
                door.fill = lambda full, disk=disk: disk.fill() if full else disk.clear()  # type: ignore[misc]
            else:
                station = Station(centre, name, launcher=launcher)
                door = Door(station.line, clock)
                door.fill = lambda full, program=station.program: program.let_write(not full)  # type: ignore[misc]
            stack.callback(station.client.close)
            stack.callback(station.program.stop, signal.SIGKILL)
            station.start()
            doors.append((station, door))
        for station, _ in doors:
            station.wait_for_link()
        yield centre, doors


def _client(station: Station, wired: bool) -> dict[str, Any]:
    transport = station.client._transport if wired else None
    return {"base_url": station.api, "trust_env": False, "timeout": TIMEOUT_S, "transport": transport}


def _answers(station: Station) -> bool:
    return bool(station.state()["link"])


def _is_well(centre: Real) -> bool:
    return httpx.get(f"http://127.0.0.1:{centre.port}/health", trust_env=False, timeout=2).is_success


# -- what must be so in the end


def _agree(centre: Real, stations: list[Station]) -> bool:
    """Everything is linked and told."""
    states = [one.state() for one in stations]
    if not all(one["link"] == "linked" and one["waiting"] == 0 for one in states):
        return False
    shown = [centre.shown(one) for one in stations]
    open_questions = _rows(centre, "SELECT count(*) FROM ledger WHERE name = 'pending'")[0][0]
    return all(one["linked"] and one["rows"] == one["due"] for one in shown) and open_questions == 0


def _state(centre: Real, stations: list[Station]) -> str:
    told = [f"{[(one.door, one.state(), centre.shown(one)) for one in stations]}"]
    return "\n".join([*told, *(one.program.said() for one in stations), centre.program.said()])


def _check_answers(centre: Real, truth: Truth) -> Iterator[str]:
    rows: dict[str, list[Row]] = {}
    for (body,) in _rows(centre, "SELECT body FROM station_row"):
        row = _row.decode(body)
        rows.setdefault(row.scan.id, []).append(row)
    facts = dict(_rows(centre, "SELECT id, body FROM fact WHERE kind = 'scan'"))
    for id, shown in truth.shown.items():
        told = rows.get(id, [])
        if shown.door in STATIONS and [one.outcome for one in told] != [shown.outcome]:
            yield f"{id} at {shown.door} showed {shown.outcome}, the centre has {[one.outcome for one in told]}"
        elif id not in facts:
            yield f"{id} at {shown.door} showed {shown.outcome}, and is no fact"
        elif shown.door in OWN_DOORS:
            decided = msgspec.json.decode(facts[id], type=Scanned).decision.outcome
            if decided != shown.outcome:
                yield f"{id} at {shown.door} showed {shown.outcome}, the fact says {decided}"
    yield from (f"{id} is here {len(told)} times" for id, told in rows.items() if len(told) > 1)


def _check_seats(centre: Real, truth: Truth) -> Iterator[str]:
    """Whoever is inside has a place that the centre gives to nobody else, and but for those in doubt no more are given
    than there are."""
    doubts = Counter(
        msgspec.json.decode(key)[1] for (key,) in _rows(centre, "SELECT key FROM ledger WHERE name = 'doubts'")
    )
    for area, visitors, uncounted, aside in _rows(centre, "SELECT area, visitors, uncounted, set_aside FROM tally"):
        taken, there = visitors + uncounted + aside, truth.inside(area)[0]
        if there > taken:
            yield f"{there} are in {area}, where {visitors} are counted, {uncounted} uncounted, {aside} set aside"
        if taken - doubts[area] > (LAYOUT.areas[area].visitors or taken):
            yield f"{taken} places of {area} are given away, {doubts[area]} in doubt"


def _walk_out(centre: Real, stations: list[Station], truth: Truth) -> None:
    """Everybody leaves, by the doors of the house in turn; so do those who turned round at a door without an answer."""
    entrance = stations[0].client
    known = {who for (who,) in _rows(centre, "SELECT attendee FROM presence WHERE area IS NOT NULL")}
    for body in truth.bodies:
        if body.place is None and body.badge not in known:
            continue
        id, client, door = str(uuid.uuid4()), *((entrance, "D1") if body.number % 2 else (centre.organiser, "D6"))
        sent = {"id": id, "code": body.code, "door": door, "direction": "exit"}
        answer = until(lambda: client.post("scans", json=sent), "the way out").json()  # noqa: B023
        truth.show(id, door, None, "exit", answer)


def _check_empty(centre: Real) -> Iterator[str]:
    for attendee, area in _rows(centre, "SELECT attendee, area FROM presence WHERE area IS NOT NULL"):
        yield f"{attendee} has left, and is known in {area}"


def _rows(centre: Real, query: str) -> list[Any]:
    connection = sqlite3.connect(centre.folder / "centre.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make storm", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wired", action="store_true", help="in network namespaces, as root")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="storm-"))
    print(f"logs and databases in {folder}, gone if all is well", flush=True)
    began = time.monotonic()
    outcome = storm(folder, seed=chosen.seed, kills=chosen.kills, seconds_max=1e9, wired=chosen.wired, told=_teller())
    took_s = time.monotonic() - began
    told = msgspec.json.format(msgspec.json.encode(outcome)).decode()
    print(f"seed {chosen.seed}, {took_s:.0f} s: {told}")
    if outcome.wrong:
        raise SystemExit(1)
    shutil.rmtree(folder)


def _teller() -> Callable[[str], None]:
    """On a screen every line, over the one before; in a file one now and then."""
    screen, said_s = sys.stderr.isatty(), time.monotonic()

    def tell(line: str) -> None:
        nonlocal said_s
        if screen:
            print(f"\r{line}", end=" ", file=sys.stderr, flush=True)
        elif time.monotonic() - said_s >= TOLD_EVERY_S:
            said_s = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    main()
