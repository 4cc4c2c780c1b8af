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
    if any(act.what in ("count", "retire") for act in acts):
        # A headcount does not tell crew from visitors, so what it finds missing may be either: no promise.
        acts = [act for act in acts if act.what != "walks" or act.args[0] not in CREW]
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
