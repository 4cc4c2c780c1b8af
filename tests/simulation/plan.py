"""What is to happen on one simulated day: made from its seed, and shorter if a part is left out."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any, Literal

from msgspec import Struct

from checkin.core.admission import Bearer
from checkin.core.layout import Layout
from checkin.core.model import Area, Door, Event, Group, Session
from checkin.core.schedule import Programme

What = Literal[
    "walks",  # a body goes to a door it can reach: (body, which, how likely in, override)
    "goes",  # a body goes to this very door, if it can be reached: (body, station, direction, override)
    "late",  # the next question of a station, or answer to it, is on its way for so long: (station, way, ms)
    "settles",  # a person looks into a case, the oldest or a later one, and closes it: (which)
    "slips",  # a body leaves the area it is in through no door that scans: (body,)
    "cut",  # a link: (station, to the centre, to the station, for ms)
    "crash",  # a station stops after so many more effects: (station, effects, off for ms)
    "photo",  # a picture is taken of a station's disk: (station,)
    "put back",  # a station stops, and its disk is as on the picture: (station, off for ms)
    "step",  # a station's clock: (station, by ms)
    "stop",  # the centre stops: (before it commits, off for ms)
    "backup",  # of the centre: ()
    "restore",  # the centre is put back to its backup: (off for ms)
    "count",  # a person counts an area: (area,)
    "evacuate",  # everybody, until the all-clear: (for ms)
    "retire",  # a person switches a station off for good, and counts its areas: (station, off for ms)
    "revoke",  # a station: (station,)
]


class Act(Struct, frozen=True):
    at: int
    what: What
    args: tuple[Any, ...] = ()


class Weather(Struct, frozen=True, kw_only=True):
    """How bad the links are: parts in a thousand of messages; `late_ms`: how late a late one is at most."""

    lost: int
    doubled: int
    late: int
    late_ms: int


class Day(Struct, frozen=True, kw_only=True):
    seed: int
    acts: tuple[Act, ...]
    weather: Weather
    copies: tuple[int, ...]
    """Bodies that carry the badge of another: body → the number in its place."""
    generous: bool
    """Whether the centre hands out all it has in advance, so that doors have much to lose."""
    drift: tuple[int, ...]
    """Parts in a million by which each station's clocks are fast."""
    ends_at: int


DATE = dt.date(2026, 3, 20)
START = 1_774_000_000_000
LENGTH_MS = 120_000
HEAL_MS = 40_000

EVENT = Event(slug="sim", name="Simulation", date=DATE, timezone="UTC", doors_open_min=0)
LAYOUT = Layout(
    EVENT,
    [Group(id="gast", name="Gäste"), Group(id="crew", name="Helfende", counts_as="crew")],
    [
        Area(id="house", name="Haus", visitors=6, persons=7),
        Area(id="P", name="Plenum", parent="house", visitors=3),
        Area(id="T", name="Theater", parent="house", visitors=2),
    ],
    [
        Door(id="S", name="Süd", area="house"),
        Door(id="W", name="West", area="house", reentry="allow"),
        Door(id="P1", name="Plenum 1", area="P"),
        Door(id="P2", name="Plenum 2", area="P", reentry="allow"),
        Door(id="T1", name="Theater", area="T"),
    ],
)
PROGRAMME = Programme(
    EVENT,
    [
        Session(id="s1", area="P", title="eins", starts_at=START, ends_at=START + 40_000),
        Session(id="s2", area="T", title="eins", starts_at=START + 40_000, ends_at=START + 90_000),
    ],
)
STATIONS = tuple(LAYOUT.doors)
BODIES = 16
CREW = (14, 15)


def badge_of(day: Day, body: int) -> str:
    return f"b{day.copies[body]}"


BEARERS = {
    f"b{body}": Bearer(attendee=f"b{body}", group="crew" if body in CREW else "gast", registration="registered")
    for body in range(BODIES)
}


def plan(seed: int) -> Day:
    """The day of a seed. Rare dangerous things, and several of them at once, are frequent."""
    dice = Random(seed)
    acts: list[Act] = []
    copies = list(range(BODIES))
    for _ in range(dice.choice((0, 1, 2, 4))):
        one, other = dice.sample(range(BODIES - len(CREW)), 2)
        if copies[other] == other:
            copies[one] = copies[other]
    busy, inwards = dice.choice((60, 100, 140)), dice.choice((0.6, 0.75, 0.85))
    for _ in range(busy):
        at, body = dice.randrange(LENGTH_MS), dice.randrange(BODIES)
        kind = dice.random()
        if kind < 0.05:
            acts.append(Act(at, "slips", (body,)))
        else:
            acts.append(Act(at, "walks", (body, dice.randrange(60), dice.random() < inwards, dice.random() < 0.3)))
    for _ in range(dice.choice((0, 1, 2, 4, 7))):
        length = dice.choice((1_000, 15_000, 40_000, 90_000))
        way = dice.random()
        cut = (dice.choice(STATIONS), way < 0.8, way > 0.2, length)
        acts.append(Act(dice.randrange(LENGTH_MS), "cut", cut))
    if dice.random() < 0.25:  # everybody is cut off for a while
        at, length = dice.randrange(LENGTH_MS // 2), dice.choice((20_000, 50_000))
        acts += [Act(at, "cut", (station, True, True, length)) for station in STATIONS if dice.random() < 0.85]
    for _ in range(dice.choice((0, 0, 1, 2, 4))):
        acts.append(_of_station(dice, "crash", dice.randrange(6), dice.choice((500, 5_000, 25_000))))
    for _ in range(dice.choice((0, 0, 1, 2))):
        station, at = dice.choice(STATIONS), dice.randrange(LENGTH_MS - 5_000)
        back = at + dice.choice((3_000, 10_000, 30_000))
        acts += [
            Act(at, "photo", (station,)),
            Act(min(back, LENGTH_MS - 100), "put back", (station, dice.choice((500, 10_000)))),
        ]
    for _ in range(dice.choice((0, 0, 1, 3))):
        acts.append(_of_station(dice, "step", dice.choice((-420_000, -5_000, 5_000, 420_000))))
    for _ in range(dice.choice((0, 0, 1, 3))):
        acts.append(Act(dice.randrange(LENGTH_MS), "stop", (dice.random() < 0.5, dice.choice((200, 3_000, 20_000)))))
    for _ in range(dice.choice((0, 0, 1, 1, 2))):
        at = dice.randrange(LENGTH_MS - 5_000)
        acts.append(Act(at, "backup"))
        back = at + dice.choice((2_000, 8_000, 25_000, 50_000))
        acts.append(Act(min(back, LENGTH_MS - 100), "restore", (dice.choice((100, 3_000, 20_000)),)))
    for _ in range(dice.choice((0, 0, 1, 2))):
        acts.append(Act(dice.randrange(LENGTH_MS), "count", (dice.choice(tuple(LAYOUT.areas)),)))
    for _ in range(dice.choice((0, 0, 0, 1, 2))):
        retired = _of_station(dice, "retire", dice.choice((3_000, 30_000)))
        acts.append(retired)
        if dice.random() < 0.6:
            acts.append(Act(max(0, retired.at - 25_000), "cut", (retired.args[0], True, True, 26_000)))
    if dice.random() < 0.1:
        acts.append(_of_station(dice, "revoke"))
    for _ in range(dice.choice((0, 0, 0, 4))):
        acts.append(Act(dice.randrange(LENGTH_MS), "settles", (dice.randrange(60),)))
    for scene in (_stale_question, _counted_doorway, _hidden_by_a_headcount):
        if dice.random() < 0.2:
            acts += scene(dice, dice.randrange(10_000, LENGTH_MS - 60_000))
    acts += _evacuation(Random(f"evacuation {seed}"))
    bad = dice.choice((0, 0, 20, 80, 200))
    return Day(
        seed=seed,
        acts=tuple(sorted(acts, key=lambda act: act.at)),
        weather=Weather(
            lost=bad, doubled=bad, late=dice.choice((0, 20, 100)), late_ms=dice.choice((1_000, 9_000, 60_000))
        ),
        copies=tuple(copies),
        generous=dice.random() < 0.5,
        drift=tuple(dice.randrange(-400, 400) for _ in STATIONS),
        ends_at=LENGTH_MS + HEAL_MS,
    )


def _of_station(dice: Random, what: What, *more: Any) -> Act:
    return Act(dice.randrange(LENGTH_MS), what, (dice.choice(STATIONS), *more))


def _stale_question(dice: Random, at: int) -> list[Act]:
    """A question is under way for so long that its door has decided, and the person is elsewhere since; what
    the door showed comes later still."""
    body, (one, other) = dice.randrange(BODIES), dice.choice((("S", "W"), ("W", "S"), ("P1", "P2")))
    late = dice.choice((9_000, 15_000, 25_000))
    return [
        *_arrives(dice, body, one, at - 6_000),
        Act(at - 1, "late", (one, "up", late)),
        Act(at, "goes", (body, one, "exit", False)),
        Act(at + 50, "cut", (one, True, dice.random() < 0.7, late + dice.choice((5_000, 30_000)))),
        Act(at + dice.choice((2_000, 5_000)), "goes", (body, other, "entry", True)),
        *_crowd(dice, at + late + 6_000),
    ]


def _counted_doorway(dice: Random, at: int) -> list[Act]:
    """An area is counted while somebody stands at its door, whom the centre has let in already."""
    body, station = dice.randrange(BODIES), dice.choice(STATIONS)
    area = dice.choice(LAYOUT.path(LAYOUT.doors[station].area))
    return [
        *_arrives(dice, body, station, at - 6_000)[: dice.choice((0, 1))],
        Act(at - 1, "late", (station, "down", dice.choice((500, 700, 1_500)))),
        Act(at, "goes", (body, station, "entry", True)),
        Act(at + dice.choice((100, 300, 450)), "count", (area,)),
        *_crowd(dice, at + 3_000),
    ]


def _hidden_by_a_headcount(dice: Random, at: int) -> list[Act]:
    """A headcount finds as many as are known, but others: some came in unknown, and as many have gone unseen."""
    station, other = dice.choice((("S", "W"), ("W", "S"), ("P1", "P2"), ("P2", "P1")))
    gone = dice.sample(range(BODIES), 2)
    count = Act(at + 9_000, "retire", (station, dice.choice((3_000, 30_000))))
    if dice.random() < 0.3:
        count = Act(at + 9_000, "count", (LAYOUT.doors[station].area,))
    return [
        *(act for body in gone for act in _arrives(dice, body, other, at - 8_000)),
        Act(at, "cut", (station, True, True, 40_000)),
        *(Act(at + 500 + 900 * n, "goes", (dice.randrange(BODIES), station, "entry", True)) for n in range(4)),
        *(Act(at + 6_000, "slips", (body,)) for body in gone),
        count,
        *(Act(at + 12_000 + 700 * n, "goes", (body, other, "entry", True)) for n, body in enumerate(gone)),
        *_crowd(dice, at + 14_000),
    ]


def _evacuation(dice: Random) -> list[Act]:
    """Everybody goes out, past doors that may not know why, and comes back in after the all-clear."""
    if dice.random() >= 0.1:
        return []
    at, length = dice.randrange(20_000, LENGTH_MS - 50_000), dice.choice((6_000, 15_000, 30_000))
    acts = [Act(at, "evacuate", (length,)), *_crowd(dice, at + 1_000), *_crowd(dice, at + length + 500)]
    if dice.random() < 0.7:
        station = dice.choice(STATIONS)
        acts.append(Act(at - dice.choice((500, 8_000)), "cut", (station, True, True, dice.choice((15_000, 60_000)))))
        acts += [Act(at + 700 * n, "goes", (dice.randrange(BODIES), station, "entry", True)) for n in range(12)]
    return acts


def _arrives(dice: Random, body: int, station: str, at: int) -> list[Act]:
    """By an entrance, and on through this door if it is another."""
    entrance = Act(at, "goes", (body, dice.choice(("S", "W")), "entry", True))
    return [entrance] if station in ("S", "W") else [entrance, Act(at + 2_000, "goes", (body, station, "entry", True))]


def _crowd(dice: Random, at: int) -> list[Act]:
    """Everybody wants in."""
    bodies = dice.sample(range(BODIES), 8)
    return [Act(at + 400 * n, "walks", (body, dice.randrange(60), True, False)) for n, body in enumerate(bodies)]
