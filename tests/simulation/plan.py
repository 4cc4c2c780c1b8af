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
    "copies",  # a body that is outside gets a copy of the badge of another: (body, of)
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
        Door(id="N", name="Nord", area="house"),
    ],
)
PROGRAMME = Programme(
    EVENT,
    [
        Session(id="s1", area="P", title="eins", starts_at=START, ends_at=START + 40_000),
        Session(id="s2", area="T", title="eins", starts_at=START + 40_000, ends_at=START + 90_000),
    ],
)
WEB = "N"
"""A door without a station: a page, that asks the centre and can do nothing without it."""
STATIONS = tuple(door for door in LAYOUT.doors if door != WEB)
BODIES = 16
CREW = (14, 15)
BESIDE = (("S", "W"), ("W", "S"), ("P1", "P2"), ("P2", "P1"), ("S", "N"))
"""A station, and another door of the same area."""


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
    acts = _with_scenes(Random(f"scenes {seed}"), acts)
    acts = _with_later_scenes(seed, acts)
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


def _with_scenes(dice: Random, acts: list[Act]) -> list[Act]:
    """A day with its scenes. Every other one begins with one alone: what chance does begins after it."""
    for scene in SCENES:
        if dice.random() < 0.1:
            acts += scene(dice, dice.randrange(10_000, LENGTH_MS - 60_000))
    if dice.random() < 0.5:
        at = dice.randrange(12_000, 22_000)
        acts = [act for act in acts if act.at > at + 25_000]
        acts += dice.choice(SCENES)(dice, at)
    return acts


def _with_later_scenes(seed: int, acts: list[Act]) -> list[Act]:
    """Each in a tenth of the days too; in one of forty it is the first thing that happens, and nothing disturbs it."""
    for scene in LATER_SCENES:
        dice = Random(f"{scene.__name__} {seed}")
        if dice.random() < 0.1:
            at = dice.randrange(10_000, LENGTH_MS - 60_000)
            if dice.random() < 0.25:
                at = dice.randrange(12_000, 22_000)
                acts = [act for act in acts if act.at > at + 25_000]
            acts += scene(dice, at)
    return acts


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
    station, other = dice.choice(BESIDE)
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


def _retired_with_rights(dice: Random, at: int) -> list[Act]:
    """A station is switched off and retired while it has rights, its areas are counted and filled by other doors; it
    is started again without a link."""
    station, other = dice.choice(BESIDE)
    return [
        *_come(dice, station, at - 7_000, dice.choice((0, 1, 2))),
        Act(at, "cut", (station, True, True, 45_000)),
        Act(at + 200, "retire", (station, dice.choice((3_000, 6_000)))),
        *_come(dice, other, at + 1_000, 12),
        *_come(dice, station, at + 13_000, 8),
        *_crowd(dice, at + 20_000),
    ]


def _lost_with_its_disk(dice: Random, at: int) -> list[Act]:
    """Whom a station let in alone is on no disk any more: it is put back, once or twice, and the others fill up."""
    station, other = dice.choice(BESIDE)
    again = [Act(at + 11_000, "put back", (station, 500))] if dice.random() < 0.5 else []
    return [
        *_come(dice, station, at - 5_000, dice.choice((0, 1, 1))),
        Act(at, "cut", (station, True, True, dice.choice((8_000, 14_000)))),
        Act(at + 10, "photo", (station,)),
        *_come(dice, station, at + 500, 5),
        Act(at + 5_000, "put back", (station, 500)),
        *_come(dice, station, at + 8_500, 3),
        *again,
        *_come(dice, other, at + 15_000, 12),
        *_crowd(dice, at + 24_000),
    ]


def _lost_on_both_sides(dice: Random, at: int) -> list[Act]:
    """Of what a door was granted, and whom it let in by that, neither its disk nor the centre's knows: both are put
    back to before it."""
    station, other = dice.choice(BESIDE)
    began = dice.choice((at - 5_000, 300, 1_200))
    return [
        Act(began, "photo", (station,)),
        Act(began + 20, "backup"),
        *_come(dice, station, at - 4_000, 2),
        Act(at, "cut", (station, True, True, 14_000)),
        *_come(dice, station, at + 200, 5),
        Act(at + 4_000, "put back", (station, 500)),
        Act(at + 6_000, "restore", (dice.choice((100, 3_000)),)),
        *_come(dice, other, at + 17_000, 12),
        *_crowd(dice, at + 26_000),
    ]


def _missing_and_unknown(dice: Random, at: int) -> list[Act]:
    """As many are in an area that its doors do not know as have left it unseen; it is counted when the station that
    let those in is retired, and then they all come back."""
    station, other = dice.choice(BESIDE)
    known = dice.sample(range(BODIES - len(CREW)), dice.choice((1, 2)))
    gone = known[: dice.choice((1, 2, 2))]
    return [
        *(act for n, body in enumerate(known) for act in _arrives(dice, body, other, at - 8_000 + 300 * n)),
        Act(at, "cut", (station, True, True, 30_000)),
        *_come(dice, station, at + 200, 6),
        *(Act(at + 5_500, "slips", (body,)) for body in gone),
        Act(at + 6_000, "retire", (station, dice.choice((3_000, 30_000)))),
        *_come(dice, other, at + 8_000, 12),
        *(Act(at + 16_000 + 900 * n, "goes", (body, other, "entry", True)) for n, body in enumerate(gone)),
        *_crowd(dice, at + 18_000),
    ]


def _stopped_at_the_way_out(dice: Random, at: int) -> list[Act]:
    """A machine stops between the scan of somebody's way out and its answer: they stay inside."""
    body, (station, other) = dice.randrange(BODIES - len(CREW)), dice.choice(BESIDE)
    out, cut, effects = at, [], 2
    if dice.random() < 0.6:
        out, effects = at + 12_500, dice.choice((1, 1, 2))
        cut = [Act(at - 1_000, "cut", (station, True, True, 36_000))]
    return [
        *cut,
        *_arrives(dice, body, station, at - 4_000)[:-1],
        Act(at - 500, "goes", (body, station, "entry", True)),
        Act(out, "crash", (station, effects, 600)),
        Act(out, "goes", (body, station, "exit", False)),
        *_come(dice, station, out + 1_500, 5),
        *_come(dice, other, out + 4_500, 12),
        *_crowd(dice, out + 12_000),
    ]


def _own_seat_counted(dice: Random, at: int) -> list[Act]:
    """The centre knows whom a station let in, and the station does not know that; they leave by it, which it tells
    nobody; and then the area is counted."""
    body, (station, other) = dice.randrange(BODIES - len(CREW)), dice.choice(BESIDE)
    area = dice.choice(LAYOUT.path(LAYOUT.doors[station].area))
    return [
        *_arrives(dice, body, station, at - 4_000)[:-1],
        Act(at - 1_000, "cut", (station, False, True, 40_000)),
        Act(at - 1_000, "cut", (station, True, False, 3_000)),
        Act(at - 500, "goes", (body, station, "entry", True)),
        Act(at + 5_500, "cut", (station, True, False, 33_000)),
        Act(at + 6_000, "goes", (body, station, "exit", False)),
        Act(at + 8_000, "count", (area,)),
        *_come(dice, station, at + 9_000, 5),
        *_come(dice, other, at + 11_000, 12),
        *_crowd(dice, at + 19_000),
    ]


def _handed_over_while_leaving(dice: Random, at: int) -> list[Act]:
    """Whom a door let in alone asks to leave by another, which stops before it has shown that: they stay inside, and
    their seat goes over to the centre meanwhile."""
    body, (station, other) = dice.randrange(BODIES - len(CREW)), dice.choice(BESIDE[:4])
    return [
        *_arrives(dice, body, station, at - 10_000)[:-1],
        Act(at - 6_000, "cut", (station, True, False, 3_000)),
        Act(at - 6_000, "cut", (station, False, True, 7_000)),
        Act(at - 5_500, "goes", (body, station, "entry", True)),
        Act(at, "crash", (other, 2, 25_000)),
        Act(at, "goes", (body, other, "exit", False)),
        *_come(dice, station, at + 9_000, 12),
        *_crowd(dice, at + 17_000),
    ]


def _in_and_out_at_once(dice: Random, at: int) -> list[Act]:
    """Of two with the same badge one is let in, whom nobody has told so yet, as the other one goes out."""
    (one, two), (station, other) = dice.sample(range(BODIES - len(CREW)), 2), dice.choice(BESIDE)
    return [
        Act(at - 9_000, "copies", (two, one)),
        *(act for body in (one, two) for act in _arrives(dice, body, station, at - 6_000)[:-1]),
        Act(at - 2_000, "goes", (one, other, "entry", True)),
        Act(at - 1, "late", (station, "down", 700)),
        Act(at, "goes", (two, station, "entry", True)),
        Act(at + dice.choice((200, 400)), "goes", (one, other, "exit", False)),
        *_come(dice, other, at + 3_000, 12),
        *_crowd(dice, at + 11_000),
    ]


def _gone_before_the_look(dice: Random, at: int) -> list[Act]:
    """Two with the same badge are in; one of them goes out by a door that can tell nobody, a person looks into the case
    and finds one, and then the door tells of the way out."""
    (one, two), (station, other) = dice.sample(range(BODIES - len(CREW)), 2), dice.choice(BESIDE)
    return [
        Act(at - 9_000, "copies", (two, one)),
        *(act for body in (one, two) for act in _arrives(dice, body, station, at - 8_000)[:-1]),
        *_come(dice, station, at - 6_000, 1),
        Act(at - 5_000, "goes", (one, other, "entry", True)),
        Act(at - 5_500, "cut", (station, True, True, 4_500)),
        Act(at - 4_000, "goes", (two, station, "entry", True)),
        Act(at + 2_500, "cut", (station, True, True, 12_000)),
        Act(at + 3_000, "goes", (two, station, "exit", False)),
        Act(at + 5_000, "settles", (dice.choice((0, 0, 1)),)),
        *_come(dice, other, at + 17_000, 12),
        *_crowd(dice, at + 25_000),
    ]


def _two_with_one_badge(dice: Random, at: int) -> list[Act]:
    """Two with the same badge are let in, one of them by a door that is cut off, and one goes out by the other door,
    which frees one seat; the cut-off door tells of its own when all is full, or lets the same one in again."""
    (one, two), (station, other) = dice.sample(range(BODIES - len(CREW)), 2), dice.choice(BESIDE)
    again = dice.random() < 0.5
    acts = [
        Act(at - 9_000, "copies", (two, one)),
        *(act for body in (one, two) for act in _arrives(dice, body, station, at - 6_000)[:-1]),
        *_come(dice, station, at - 6_000, 1),
        Act(at, "cut", (station, True, dice.random() < 0.5, 40_000 if again else 9_000)),
        Act(at + 500, "goes", (one, station, "entry", True)),
        Act(at + dice.choice((300, 2_000)), "goes", (two, other, "entry", True)),
        Act(at + 4_000, "goes", (one if again else dice.choice((one, two)), other, "exit", False)),
        *_come(dice, other, at + 12_000, 12),
        *_crowd(dice, at + 20_000),
    ]
    if again:
        return [*acts, Act(at + 6_000, "goes", (one, station, "entry", True)), *_come(dice, station, at + 7_000, 5)]
    return [*acts, *_come(dice, other, at + 24_000, 8)]


def _out_before_the_answer(dice: Random, at: int) -> list[Act]:
    """Of two with the same badge one goes out by a door that is cut off, while the other stands at a door whose answer
    is under way; of that answer the cut-off door may have heard just before."""
    (one, two), (other, station) = dice.sample(range(BODIES - len(CREW)), 2), dice.choice(BESIDE[:4])
    asks, again = at + 13_500, []
    if dice.random() < 0.5:
        again = [Act(asks + 150, "cut", (other, True, True, 4_000))]
    return [
        Act(at - 9_000, "copies", (two, one)),
        *_arrives(dice, one, station, at - 6_000),
        *_arrives(dice, two, station, at - 3_500)[:-1],
        Act(at, "cut", (other, True, True, 13_520 if again else 16_000)),
        *again,
        Act(asks - 1, "late", (station, "down", 700)),
        Act(asks, "goes", (two, station, "entry", True)),
        Act(asks + dice.choice((200, 300, 400)), "goes", (one, other, "exit", False)),
        *_come(dice, station, asks + 6_000, 12),
        *_crowd(dice, asks + 14_000),
    ]


def _seen_before_the_answer(dice: Random, at: int) -> list[Act]:
    """Of two with the same badge one stands at a door whose answer is under way, while the other comes out of a room
    and goes out of the house, by doors that answer at once."""
    (one, two), (station, other) = dice.sample(range(BODIES - len(CREW)), 2), dice.choice(BESIDE[:2])
    asks = at + 13_500
    return [
        Act(at - 9_000, "copies", (two, one)),
        *_arrives(dice, one, "P1", at - 5_000),
        Act(at, "cut", (other, True, True, 16_000)),
        Act(asks - 1, "late", (station, "down", 750)),
        Act(asks, "goes", (two, station, "entry", True)),
        Act(asks + 20, "goes", (one, "P1", "exit", False)),
        Act(asks + dice.choice((250, 400, 550)), "goes", (one, dice.choice((WEB, other)), "exit", False)),
        *_come(dice, station, asks + 5_000, 12),
        *_crowd(dice, asks + 13_000),
    ]


def _unknown_second(one: int, two: int, at: int) -> list[Act]:
    """Two with the same badge come into the house within seconds; the centre knows of one, and has the seat of the
    other in doubt, who came by a door that had a place while all was empty."""
    return [
        Act(at, "copies", (two, one)),
        Act(at, "cut", ("S", True, True, 5_000)),
        Act(at + 100, "goes", (two, "S", "entry", True)),
        Act(at + 1_500, "goes", (one, "W", "entry", True)),
    ]


def _seen_some_time(dice: Random, at: int) -> list[Act]:
    """Somebody has left unseen, whom a copy of another's badge hides as the house is counted; a room's door has seen
    them before, and when that was nobody knows, for it was switched off then."""
    one, two, gone = dice.sample(range(BODIES - len(CREW)), 3)
    return [
        *_unknown_second(one, two, at - 7_000),
        *_arrives(dice, gone, "W", at - 5_000),
        Act(at, "cut", ("T1", True, True, 9_000)),
        Act(at + 200, "goes", (gone, "T1", "entry", True)),
        *(Act(at + wait, "slips", (gone,)) for wait in (2_500, 2_600)),
        Act(at + 3_000, "retire", ("T1", 3_000)),
        Act(at + 12_000, "goes", (gone, "W", "entry", True)),
        *_come(dice, "W", at + 14_000, 12),
        *_crowd(dice, at + 22_000),
    ]


def _counted_twice(dice: Random, at: int) -> list[Act]:
    """Somebody has left unseen, whom a copy of another's badge hides as the house is counted, and counted again; or a
    person has found the copy before."""
    one, two, gone = dice.sample(range(BODIES - len(CREW)), 3)
    found = [Act(at + 2_500, "settles", (-1,))] if dice.random() < 0.5 else []
    return [
        *_unknown_second(one, two, at - 7_000),
        *_arrives(dice, gone, "W", at),
        *found,
        *_gone_and_counted(dice, gone, at + 3_000, at + 4_000),
    ]


def _lost_with_the_centre(dice: Random, at: int) -> list[Act]:
    """Somebody has left unseen, whom one who was let in by a page hides as the house is counted, and counted again: of
    them nobody knows any more, since the centre was put back to before."""
    gone, lost = dice.sample(range(BODIES), 2)
    return [
        *_arrives(dice, gone, "W", at - 9_000),
        Act(at - 7_000, "backup"),
        Act(at - 6_500, "goes", (lost, WEB, "entry", True)),
        Act(at - 6_000, "restore", (100,)),
        *_gone_and_counted(dice, gone, at + dice.choice((-5_000, 3_000)), at + 4_000),
    ]


def _gone_and_counted(dice: Random, gone: int, at: int, counted_at: int) -> list[Act]:
    """Somebody leaves the house unseen, and comes in again when it was counted twice."""
    return [
        Act(at, "slips", (gone,)),
        *(Act(counted_at + wait, "count", ("house",)) for wait in (0, dice.choice((1_000, 4_000)))),
        Act(counted_at + 6_000, "goes", (gone, "W", "entry", True)),
        *_come(dice, "W", counted_at + 8_000, 12),
        *_crowd(dice, counted_at + 16_000),
    ]


def _back_before_they_were_seen(dice: Random, at: int) -> list[Act]:
    """Whom a headcount has missed comes in again by a door that tells of it only when they were seen in a room since;
    a person looks into that case."""
    body, room = dice.randrange(BODIES - len(CREW)), dice.choice(("T1", "P1", "P2"))
    return [
        *_arrives(dice, body, "W", at - 6_000),
        Act(at - 2_000, "slips", (body,)),
        Act(at - 1_000, "count", ("house",)),
        Act(at, "cut", ("S", True, True, 9_000)),
        Act(at + 500, "goes", (body, "S", "entry", True)),
        Act(at + 4_000, "goes", (body, room, "entry", True)),
        *(Act(at + 12_000, "settles", (which,)) for which in (0, -1)),
        *_come(dice, "W", at + 14_000, 12),
        *_crowd(dice, at + 22_000),
    ]


def _counted_on_the_way_out(dice: Random, at: int) -> list[Act]:
    """A room is counted while somebody goes out of it, whose door stops before it has shown that: they stay, and hide
    one who has gone unseen, and who comes back when all is full."""
    stays, gone = dice.sample(range(BODIES - len(CREW)), 2)
    station, other = dice.choice(BESIDE)
    return [
        *(act for body in (stays, gone) for act in _arrives(dice, body, station, at - 6_000)),
        Act(at - 1_000, "slips", (gone,)),
        Act(at - 10, "crash", (station, dice.choice((2, 3, 4)), 3_000)),
        Act(at, "goes", (stays, station, "exit", False)),
        Act(at + dice.choice((400, 2_000, 5_000)), "count", (LAYOUT.doors[station].area,)),
        Act(at + 7_000, "goes", (gone, other, "entry", False)),
        *_come(dice, other, at + 9_000, 12),
        *_crowd(dice, at + 17_000),
    ]


def _in_while_the_first_is_not_out(dice: Random, at: int) -> list[Act]:
    """Whom a door let in alone asks to go out, and stays, for it stops before it has shown anything; another one with
    the same badge comes in by the door beside it meanwhile."""
    (one, two), (station, other) = dice.sample(range(BODIES - len(CREW)), 2), dice.choice(BESIDE[:4])
    return [
        Act(at - 9_000, "copies", (two, one)),
        *(act for body in (one, two) for act in _arrives(dice, body, station, at - 8_000)[:-1]),
        Act(at - 4_000, "cut", (station, True, False, 3_000)),
        Act(at - 4_000, "cut", (station, False, True, 7_000)),
        Act(at - 3_500, "goes", (one, station, "entry", True)),
        Act(at, "crash", (station, dice.choice((2, 3, 4)), 600)),
        Act(at, "goes", (one, station, "exit", False)),
        Act(at + dice.choice((200, 400, 600)), "goes", (two, other, "entry", False)),
        *_come(dice, other, at + 6_000, 12),
        *_crowd(dice, at + 14_000),
    ]


def _stopped_while_two_pass(dice: Random, at: int) -> list[Act]:
    """A machine stops when it has stored, together, that one goes out and another comes, and has shown neither: who was
    going out stays. Just then it may hear what it is to give back."""
    (one, two), (station, other) = dice.sample(range(BODIES - len(CREW)), 2), dice.choice(BESIDE)
    at += 1_180 - at % 2_000
    gone = dice.random() < 0.5
    cut = [Act(at - 4_000, "cut", (station, True, False, 30_000 if gone else 3_000))]
    cut.append(Act(at - 4_000, "cut", (station, False, True, 30_000 if gone else 4_810)))
    out = at if gone else at + 10
    return [
        *cut,
        *(act for body in (one, two) for act in _arrives(dice, body, station, at - 8_000)[:-1]),
        Act(at - 3_500, "goes", (one, station, "entry", True)),
        *(_come(dice, other, at - 3_000, 4) if dice.random() < 0.7 else []),
        Act(out, "crash", (station, dice.choice((1, 2, 3, 4, 5)), 600)),
        Act(out, "goes", (one, station, "exit", False)),
        Act(out + dice.choice((5, 20)), "goes", (two, station, "entry", True)),
        *_come(dice, station, at + 3_000, 6),
        *_come(dice, other, at + 7_000, 12),
        *_crowd(dice, at + 15_000),
    ]


def _wanted_back_while_one_goes_out(dice: Random, at: int) -> list[Act]:
    """Whom a door let in alone goes out by it. As it decides that, by itself, it hears that the centre wants all places
    back, and it stops before it has shown anything: they stay. It hears the centre and is not heard."""
    body, (station, other) = dice.randrange(BODIES - len(CREW)), dice.choice(BESIDE[:4])
    at += 1_180 - at % 2_000  # it has waited long enough just as the centre tells everybody their totals
    return [
        *_arrives(dice, body, station, at - 12_000)[:-1],
        Act(at - 8_000, "cut", (station, True, False, 15_000)),
        Act(at - 7_500, "goes", (body, station, "entry", True)),
        *_come(dice, other, at - 5_000, 7),
        Act(at, "crash", (station, dice.choice((4, 5)), 600)),
        Act(at, "goes", (body, station, "exit", False)),
        *_come(dice, other, at + 8_000, 12),
        *_crowd(dice, at + 16_000),
    ]


def _out_of_the_house_past_the_room(dice: Random, at: int) -> list[Act]:
    """As many are in a room that its doors do not know as have left it unseen, perhaps one with a badge of these; it is
    counted when the station that let those in is retired. Then they go, some by the room's door, some out of the
    house."""
    station, other = dice.choice((("P1", "P2"), ("P2", "P1")))
    known = dice.sample(range(BODIES - len(CREW)), dice.choice((1, 2)))
    gone = known[: dice.choice((1, 2))]
    stranger = dice.choice([body for body in range(BODIES - len(CREW)) if body not in known])
    copied = [Act(at - 9_000, "copies", (stranger, gone[0]))] if dice.random() < 0.4 else []
    leave = [*known, stranger, *dice.sample(range(BODIES), 4)]
    return [
        *copied,
        *(act for n, body in enumerate(known) for act in _arrives(dice, body, other, at - 8_000 + 300 * n)),
        *_arrives(dice, stranger, station, at - 1_500)[:-1],
        Act(at, "cut", (station, True, True, 30_000)),
        Act(at + 200, "goes", (stranger, station, "entry", True)),
        *_come(dice, station, at + 800, 5),
        *(Act(at + 5_500, "slips", (body,)) for body in gone),
        Act(at + 6_000, "retire", (station, dice.choice((3_000, 30_000)))),
        *(Act(at + 8_000 + 300 * n, "goes", (body, other, "exit", False)) for n, body in enumerate(leave)),
        *(Act(at + 10_500 + 300 * n, "goes", (body, "W", "exit", False)) for n, body in enumerate(gone)),
        *_come(dice, other, at + 12_500, 12),
        *_crowd(dice, at + 20_500),
    ]


def _evacuation(dice: Random, at: int) -> list[Act]:
    """Everybody goes out, past doors that may not know why, and comes back in after the all-clear."""
    length, (station, other) = dice.choice((6_000, 15_000, 30_000)), dice.choice(BESIDE)
    acts = [Act(at, "evacuate", (length,)), *_crowd(dice, at + 1_000), *_crowd(dice, at + length + 500)]
    if dice.random() < 0.8:
        acts.append(Act(at - dice.choice((500, 8_000)), "cut", (station, True, True, dice.choice((15_000, 60_000)))))
        acts += _come(dice, station, dice.choice((at, at + length + 200, at + length + 200)), 6)
        acts += _come(dice, other, at + length + 4_000, 12)
    return acts


SCENES = (
    _stale_question,
    _counted_doorway,
    _hidden_by_a_headcount,
    _missing_and_unknown,
    _retired_with_rights,
    _lost_with_its_disk,
    _lost_on_both_sides,
    _stopped_at_the_way_out,
    _own_seat_counted,
    _handed_over_while_leaving,
    _in_and_out_at_once,
    _gone_before_the_look,
    _two_with_one_badge,
    _out_before_the_answer,
    _seen_before_the_answer,
    _seen_some_time,
    _counted_twice,
    _lost_with_the_centre,
    _back_before_they_were_seen,
    _evacuation,
)
"""Each in a tenth of the days, by the dice that they share."""
LATER_SCENES = (
    _counted_on_the_way_out,
    _in_while_the_first_is_not_out,
    _stopped_while_two_pass,
    _wanted_back_while_one_goes_out,
    _out_of_the_house_past_the_room,
)
"""Each by dice of its own, so that one more leaves the days without it as they were."""


def _arrives(dice: Random, body: int, station: str, at: int) -> list[Act]:
    """By an entrance, and on through this door if it is another."""
    entrance = Act(at, "goes", (body, dice.choice(("S", "S", "W", "W", "N")), "entry", True))
    return (
        [entrance]
        if LAYOUT.doors[station].area == "house"
        else [entrance, Act(at + 2_000, "goes", (body, station, "entry", True))]
    )


def _come(dice: Random, station: str, at: int, times: int) -> list[Act]:
    """So many try to come in through this door, one after the other; those who are in the house, into its room."""
    bodies = [dice.randrange(BODIES) for _ in range(times)]
    first = [act for body in bodies for act in _arrives(dice, body, station, at)[:-1]]
    return [
        *(Act(at - 1_500 + 100 * n, act.what, act.args) for n, act in enumerate(first)),
        *(Act(at + 600 * n, "goes", (body, station, "entry", dice.random() < 0.3)) for n, body in enumerate(bodies)),
    ]


def _crowd(dice: Random, at: int) -> list[Act]:
    """Everybody wants in."""
    bodies = dice.sample(range(BODIES), 8)
    return [Act(at + 400 * n, "walks", (body, dice.randrange(60), True, False)) for n, body in enumerate(bodies)]
