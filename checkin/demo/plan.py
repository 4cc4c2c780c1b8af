"""The demo's day, planned: who comes, when, through which door, and where they go. Pure and seeded.

The number of people in the house follows the curve of the real day: 41 at 09:00, 447 at 10:20, 106 at
16:45. 505 people come: 479 of the 600 registered, and 26 who walk in.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

REGISTERED_COMING = 479
WALK_INS = 26
EARLY = 41

# From, to, how many arrive, how many leave for good: their sums are the curve.
FLOW: tuple[tuple[str, str, int, int], ...] = (
    ("08:46", "09:00", 41, 0),
    ("09:00", "09:30", 73, 0),
    ("09:30", "10:00", 155, 0),
    ("10:00", "10:10", 65, 0),
    ("10:10", "10:20", 113, 0),
    ("10:20", "11:10", 44, 2),
    ("11:10", "12:10", 8, 32),
    ("12:10", "14:10", 6, 30),
    ("14:10", "15:10", 0, 45),
    ("15:10", "16:15", 0, 60),
    ("16:15", "16:45", 0, 230),
    ("16:45", "17:15", 0, 106),
)
PLENARY_WANTED = 421
LUNCH_LEAVERS = 20
WALK_IN_WINDOWS = ("09:30", "10:00")

Direction = Literal["entry", "exit"]


class Guest(Struct, frozen=True):
    """One who may come: `forums` are the areas booked in the first and second block."""

    ticket: str
    group: str
    forums: tuple[str | None, str | None]


class Step(Struct, frozen=True, kw_only=True):
    """One scan to come. `at_s`: seconds since local midnight. `who`: a ticket, or `walk-in 7`.
    `otherwise`: the door to try where this area is full. `text`: what is read instead of a badge.
    `odd`: it will be refused."""

    at_s: float
    who: str
    door: str
    direction: Direction = "entry"
    otherwise: str | None = None
    text: str | None = None
    odd: bool = False


class _Person:
    def __init__(
        self, who: str, group: str, forums: tuple[str | None, str | None], arrives: float, leaves: float
    ) -> None:
        self.who = who
        self.group = group
        self.forums = forums
        self.arrives = arrives
        self.leaves = leaves
        self.gone: tuple[float, float] | None = None

    def in_house(self, at_s: float) -> bool:
        away = self.gone is not None and self.gone[0] <= at_s < self.gone[1]
        return self.arrives + 60 <= at_s < self.leaves - 120 and not away


def plan_day(guests: Sequence[Guest], cancelled: Sequence[str], seed: int) -> list[Step]:
    """Every scan of the day in its order. `guests`: those registered, `cancelled`: tickets of others,
    a few of whom come all the same. The same arguments give the same day."""
    rng = random.Random(seed)
    people = _people(rng, guests)
    steps: list[Step] = []
    for person in people:
        steps += _through_the_house(rng, person)
    steps += _rooms(rng, people)
    steps += _oddities(rng, people, cancelled)
    return sorted(steps, key=lambda step: (step.at_s, step.who))


def curve(steps: Sequence[Step], house_doors: set[str], at_s: float) -> int:
    """How many the plan has in the house at a time, by its scans at the entrances alone."""
    inside: dict[str, bool] = {}
    for step in steps:
        if step.at_s <= at_s and step.door in house_doors and not step.odd:
            inside[step.who] = step.direction == "entry"
    return sum(inside.values())


def _people(rng: random.Random, guests: Sequence[Guest]) -> list[_Person]:
    hosts = [guest for guest in guests if guest.group in ("aussteller", "sprecher")]
    others = [guest for guest in guests if guest.group not in ("aussteller", "sprecher")]
    rng.shuffle(hosts)
    rng.shuffle(others)
    early, later_hosts = hosts[:EARLY], hosts[EARLY : EARLY + 18]
    coming = others[: REGISTERED_COMING - len(early) - len(later_hosts)]
    arrivals = [_spread(rng, start, end, count) for start, end, count, _ in FLOW]
    departures = sorted(at for start, end, _, count in FLOW for at in _spread(rng, start, end, count))
    later: list[tuple[float, Guest | None]] = []
    late_times = [at for window in arrivals[1:] for at in window]
    walk_in_times = rng.sample([at for at in late_times if _s(WALK_IN_WINDOWS[0]) <= at < _s("10:20")], WALK_INS)
    registered_times = sorted(set(late_times) - set(walk_in_times))
    rest = [*later_hosts, *coming]
    rng.shuffle(rest)
    later += zip(registered_times, rest, strict=True)
    later += [(at, None) for at in walk_in_times]
    people = [
        _Person(guest.ticket, guest.group, guest.forums, at, 0.0) for guest, at in zip(early, arrivals[0], strict=True)
    ]
    walk_in = 0
    for at, guest in sorted(later, key=lambda one: one[0]):
        if guest is None:
            walk_in += 1
            people.append(_Person(f"walk-in {walk_in}", "migra", (None, None), at, 0.0))
        else:
            people.append(_Person(guest.ticket, guest.group, guest.forums, at, 0.0))
    _send_home(rng, people, departures)
    _send_to_lunch(rng, people)
    return people


def _send_home(rng: random.Random, people: list[_Person], departures: list[float]) -> None:
    """Who set the stands up takes them down; of the others anybody who has been here for a while."""
    waiting = [person for person in people if person.group not in ("aussteller", "sprecher")]
    for at in departures:
        here = [person for person in waiting if person.arrives < at - 900]
        person = rng.choice(here) if here else None
        if person is None:
            person = next(one for one in people if one.leaves == 0.0 and one.group in ("aussteller", "sprecher"))
        else:
            waiting.remove(person)
        person.leaves = at


def _send_to_lunch(rng: random.Random, people: list[_Person]) -> None:
    staying = [one for one in people if one.arrives < _s("11:00") and one.leaves > _s("14:30")]
    for person in rng.sample(staying, LUNCH_LEAVERS):
        out = rng.uniform(_s("13:12"), _s("13:25"))
        person.gone = (out, out + rng.uniform(900, 1_800))


def _through_the_house(rng: random.Random, person: _Person) -> list[Step]:
    entrance = _entrance(rng, person)
    steps = [
        Step(at_s=person.arrives, who=person.who, door=entrance),
        Step(at_s=person.leaves, who=person.who, door=rng.choice(("D1", "D1", "D2", "D6")), direction="exit"),
    ]
    if person.gone is not None:
        out, back = person.gone
        steps.append(Step(at_s=out, who=person.who, door="D1", direction="exit"))
        steps.append(Step(at_s=back, who=person.who, door="D3" if person.group == "aussteller" else "D1"))
    return steps


def _entrance(rng: random.Random, person: _Person) -> str:
    if person.arrives < _s("09:00") or person.group == "aussteller":
        return "D3"
    if person.group == "vip":
        return "D4"
    return "D2" if rng.random() < 0.18 else "D1"


def _rooms(rng: random.Random, people: list[_Person]) -> list[Step]:
    steps: list[Step] = []
    steps += _to_plenary(rng, people)
    for block, start, end in ((0, "12:01", "12:11"), (1, "14:01", "14:11")):
        for person in people:
            at = rng.uniform(_s(start), _s(end))
            forum = person.forums[block]
            if forum is not None and person.in_house(at):
                steps.append(Step(at_s=at, who=person.who, door=_door(rng, forum)))
    for start, end, area, share in (
        ("09:05", "10:15", "M", 0.45),
        ("13:11", "13:24", "M", 0.9),
        ("15:12", "15:31", "P", 0.93),
    ):
        for person in people:
            at = max(rng.uniform(_s(start), _s(end)), person.arrives + 120)
            if rng.random() < share and person.in_house(at):
                steps.append(Step(at_s=at, who=person.who, door=_door(rng, area)))
    for start, end in (("13:08", "13:14"), ("15:08", "15:14")):
        # Some scan when they go out of a room; most go straight to the next one.
        for person in people:
            at = rng.uniform(_s(start), _s(end))
            forum = person.forums[0 if start < "14" else 1]
            if forum is not None and person.in_house(at) and rng.random() < 0.25:
                steps.append(Step(at_s=at, who=person.who, door=_door(rng, forum), direction="exit"))
    return steps


def _to_plenary(rng: random.Random, people: list[_Person]) -> list[Step]:
    wanting = [one for one in people if one.group != "aussteller" and one.in_house(_s("10:40"))]
    rng.shuffle(wanting)
    steps = []
    for person in wanting[:PLENARY_WANTED]:
        at = max(rng.triangular(_s("10:18"), _s("10:38"), _s("10:29")), person.arrives + 75)
        steps.append(Step(at_s=at, who=person.who, door=_door(rng, "P"), otherwise=rng.choice(("T-1", "T-2"))))
    return steps


def _oddities(rng: random.Random, people: list[_Person], cancelled: Sequence[str]) -> list[Step]:
    """What no plan foresees: the wrong QR, a second scan, a cancelled ticket, the wrong entrance."""
    steps = [
        Step(
            at_s=rng.uniform(_s("09:10"), _s("10:30")),
            who=f"passer-by {number}",
            door="D1",
            text="WIFI:T:WPA;S:Gast;P:welcome;;",
            odd=True,
        )
        for number in range(4)
    ]
    steps += [
        Step(at_s=rng.uniform(_s("09:20"), _s("10:40")), who=ticket, door="D1", odd=True)
        for ticket in rng.sample(list(cancelled), min(6, len(cancelled)))
    ]
    calm = [one for one in people if one.group not in ("aussteller", "vip") and one.arrives > _s("09:00")]
    steps += [
        Step(at_s=one.arrives + rng.uniform(5, 25), who=one.who, door="D1", odd=True) for one in rng.sample(calm, 12)
    ]
    lost = [one for one in people if one.group == "aussteller" and one.arrives > _s("09:01")][:4]
    steps += [Step(at_s=one.arrives - 90, who=one.who, door="D1", odd=True) for one in lost]
    return steps


_DOORS: Mapping[str, tuple[str, ...]] = {
    "P": ("P-A", "P-B", "P-C"), "M": ("M-1", "M-2"), "T": ("T-1", "T-2"), "K": ("K-1",),
    "G": ("G-1", "G-2"), "W1": ("W1-1",), "W2": ("W2-1",), "Q": ("Q-1",),
}  # fmt: skip


def _door(rng: random.Random, area: str) -> str:
    return rng.choice(_DOORS[area])


def _spread(rng: random.Random, start: str, end: str, count: int) -> list[float]:
    """So many times, evenly with a little chance, strictly inside the window."""
    length = (_s(end) - _s(start)) / max(1, count)
    return [_s(start) + (number + rng.uniform(0.05, 0.95)) * length for number in range(count)]


def _s(clock: str) -> float:
    hours, minutes = clock.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0
