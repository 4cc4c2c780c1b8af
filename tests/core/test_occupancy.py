from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.core.model import CountsAs, Door
from checkin.core.occupancy import Certainty, House, Numbers, Tally, no_claims
from tests.core.given import crowd, venue
from tests.venue import layout

AREAS = st.sampled_from([None, "house", "P", "T", "wing", "G"])


@given(st.lists(st.tuples(st.integers(0, 5), AREAS), max_size=40))
def test_tallies_are_the_people_inside_whatever_the_moves(moves: list[tuple[int, str | None]]) -> None:
    venue = layout()
    house = House(venue)
    where: dict[int, str | None] = dict.fromkeys(range(6))
    crew: dict[int, CountsAs] = {who: "crew" if who % 3 == 0 else "visitor" for who in where}
    for who, enters in moves:
        house.move(where[who], enters, crew[who])
        where[who] = enters
    for area in venue.areas:
        inside = [who for who, there in where.items() if area in venue.path(there)]
        assert house.tallies[area].known == len(inside)
        assert house.tallies[area].crew == sum(crew[who] == "crew" for who in inside)


# --- the house as it is given ---------------------------------------------------------------------------------


def test_house_begins_empty() -> None:
    assert House(layout()).tallies == {area: Tally() for area in layout().areas}
    assert House(layout()).layout.house.id == "house"


def test_house_takes_the_tallies_of_its_areas_as_its_own() -> None:
    given = {"P": Tally(1, 2, 3, {"wheelchair": 1}), "attic": Tally(9)}
    house = House(layout(), given)
    assert set(house.tallies) == set(layout().areas)
    assert house.tallies["P"] == Tally(1, 2, 3, {"wheelchair": 1})
    assert house.tallies["T"] == Tally()
    house.move(None, "P", "visitor", lambda area: ["wheelchair"])
    assert given["P"] == Tally(1, 2, 3, {"wheelchair": 1})


# --- moves ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaves", "enters", "new"),
    [
        (None, "G", ["house", "wing", "G"]),
        ("house", "G", ["wing", "G"]),
        ("wing", "G", ["G"]),
        ("G", "G", []),
        ("G", "wing", []),
        ("G", "P", ["P"]),
        ("P", "G", ["wing", "G"]),
        ("G", None, []),
        (None, None, []),
    ],
)
def test_entered_are_the_areas_in_which_one_is_new(leaves: str | None, enters: str | None, new: list[str]) -> None:
    assert layout().entered(leaves, enters) == tuple(new)


@pytest.mark.parametrize(
    ("leaves", "enters", "areas"),
    [
        (None, "G", ["house", "wing", "G"]),
        ("house", "G", ["wing", "G"]),
        ("wing", "G", ["G"]),
        ("G", "G", ["G"]),
        ("G", "wing", ["wing"]),
        ("G", "house", []),
        ("P", "P", []),
        ("T", "T", []),
    ],
)
def test_place_is_needed_where_one_is_new_or_may_be_who_a_headcount_missed(
    leaves: str | None, enters: str, areas: list[str]
) -> None:
    tallies = {"wing": Tally(2, 0, -1), "G": Tally(2, 0, -1), "P": Tally(1), "T": Tally(1, 0, 1)}
    assert House(layout(), tallies).takes_place_in(leaves, enters) == tuple(areas)


@pytest.mark.parametrize(("counts_as", "visitors", "crew"), [("visitor", 1, 0), ("crew", 0, 1)])
def test_move_counts_one_person_everywhere_on_the_way(counts_as: CountsAs, visitors: int, crew: int) -> None:
    house = House(layout())
    house.move(None, "G", counts_as)
    house.move("G", "P", counts_as)
    assert {area: (tally.visitors, tally.crew) for area, tally in house.tallies.items()} == {
        "house": (visitors, crew),
        "P": (visitors, crew),
        "T": (0, 0),
        "wing": (0, 0),
        "G": (0, 0),
    }


def test_move_takes_the_claims_along() -> None:
    house = House(layout())
    claims = {"house": [], "wing": ["group:presse"], "G": ["group:presse", "wheelchair"], "P": ["wheelchair"]}
    house.move(None, "G", "visitor", claims.__getitem__)
    house.move(None, "G", "visitor", claims.__getitem__)
    assert house.tallies["wing"].shares == {"group:presse": 2}
    assert house.tallies["G"].shares == {"group:presse": 2, "wheelchair": 2}
    house.move("G", "P", "visitor", claims.__getitem__)
    assert house.tallies["wing"].shares == {"group:presse": 1}
    assert house.tallies["P"].shares == {"wheelchair": 1}
    house.move("G", None, "visitor", claims.__getitem__)
    assert house.tallies["G"].shares == {}
    assert house.tallies["wing"].shares == {}


def test_move_uses_up_other_claims_on_the_way_in_than_it_gives_back() -> None:
    house = House(layout())
    house.move(None, "P", "visitor", lambda area: ["old"])
    house.move("P", "T", "visitor", lambda area: ["old"], lambda area: ["new"])
    assert {area: tally.shares for area, tally in house.tallies.items() if tally.shares} == {
        "house": {"new": 1},
        "T": {"new": 1},
    }


def test_move_without_a_step_changes_the_claims_alone() -> None:
    house = House(layout())
    house.move(None, "P", "visitor", lambda area: ["old"])
    house.move("P", "P", "visitor", lambda area: ["old"], lambda area: ["new"])
    assert house.tallies["P"] == Tally(1, 0, 0, {"new": 1})
    assert house.tallies["house"] == Tally(1, 0, 0, {"new": 1})


def test_move_of_one_without_claims_leaves_the_shares() -> None:
    assert list(no_claims("P")) == []
    house = House(layout(), {"P": Tally(1, 0, 0, {"wheelchair": 1})})
    house.move(None, "P", "visitor")
    assert house.tallies["P"] == Tally(2, 0, 0, {"wheelchair": 1})


# --- counted without a badge ----------------------------------------------------------------------------------


def test_correction_is_of_this_very_area() -> None:
    house = House(layout())
    house.correct("G", 2)
    house.correct("G", 3)
    house.correct("wing", -1)
    assert {area: tally.uncounted for area, tally in house.tallies.items() if tally.uncounted} == {"wing": -1, "G": 5}


def test_those_counted_in_a_room_came_from_around_it_or_else_unseen_into_the_house() -> None:
    house = crowd(layout(), house=2, wing=1)
    assert house.count("G", 1) == [("G", 1)], "one was in the wing"
    assert house.count("G", 4) == [("G", 4), ("wing", 4), ("house", 2)], "two were in the house, two nobody knew of"
    assert [house.tallies[area].everybody for area in ("house", "wing", "G")] == [5, 5, 5]


@pytest.mark.parametrize(
    ("area", "change", "changes"),
    [
        ("G", 1, [("G", 1)]),
        ("G", 2, [("G", 2)]),
        ("G", 3, [("G", 3), ("wing", 1)]),
        ("G", 6, [("G", 6), ("wing", 4)]),
        ("G", 7, [("G", 7), ("wing", 5), ("house", 1)]),
        ("P", 4, [("P", 4)]),
        ("P", 5, [("P", 5), ("house", 1)]),
        ("house", 3, [("house", 3)]),
        ("G", -1, [("G", -1)]),
        ("G", 0, [("G", 0)]),
    ],
)
def test_count_takes_people_from_the_area_around_as_far_as_there_are_any(
    area: str, change: int, changes: list[tuple[str, int]]
) -> None:
    house = crowd(venue(), house=3, crew_house=1, P=2, wing=1, crew_wing=1, G=1)
    assert house.count(area, change) == changes
    assert {one: tally.uncounted for one, tally in house.tallies.items() if tally.uncounted} == {
        one: by for one, by in changes if by
    }


def test_count_takes_nobody_from_an_area_that_is_said_to_hold_fewer_than_its_rooms() -> None:
    house = House(layout(), {"house": Tally(1), "wing": Tally(1), "G": Tally(3)})
    assert house.count("G", 1) == [("G", 1), ("wing", 1), ("house", 1)]


def test_those_no_longer_counted_in_a_room_are_around_it() -> None:
    house = House(layout())
    house.count("G", 3)
    assert house.count("G", -2) == [("G", -2)]
    assert [house.tallies[area].everybody for area in ("house", "wing", "G")] == [3, 3, 1]


MISSED = {"house": Tally(9, 0, -1), "wing": Tally(5, 0, -2), "G": Tally(3, 1, -2), "P": Tally(3, 0, -1)}


@pytest.mark.parametrize(
    ("tallies", "passage", "changes"),
    [
        ({}, ("T", "entry", "P", "T"), []),
        (MISSED, ("T", "entry", "P", "T"), [("P", 1)]),
        (MISSED, ("P", "exit", "P", "house"), []),
        (MISSED, ("P", "entry", "P", "P"), [("P", 1)]),
        (MISSED, ("P", "exit", "P", "P"), []),
        (MISSED, ("P", "entry", None, "P"), []),
        (MISSED, ("house", "exit", "G", None), [("wing", 1), ("G", 1)]),
        (MISSED, ("house", "entry", "G", "house"), [("house", 1), ("wing", 1), ("G", 1)]),
        (MISSED, ("wing", "exit", "G", "house"), [("G", 1)]),
        ({"P": Tally(3)}, ("T", "entry", "P", "T"), []),
        ({"P": Tally(3, 0, 1)}, ("T", "entry", "P", "T"), []),
        ({"P": Tally(1, 0, -1)}, ("T", "entry", "P", "T"), [("P", 1)]),
        ({"P": Tally(1, 0, -3)}, ("T", "entry", "P", "T"), [("P", 2)]),
        ({"P": Tally(0, 1, -3)}, ("P", "exit", "P", "house"), [("P", 2)]),
        ({"T": Tally(0, 0, -1)}, ("T", "entry", "P", "T"), [("T", 1)]),
        ({"T": Tally(0, 0, -1)}, ("P", "exit", "P", "house"), []),
    ],
)
def test_passage_finds_those_whom_a_headcount_missed(
    tallies: dict[str, Tally], passage: Any, changes: list[tuple[str, int]]
) -> None:
    house, before = House(layout(), tallies), House(layout(), tallies)
    assert house.reconcile(*passage) == changes
    assert {area: tally.uncounted - before.tallies[area].uncounted for area, tally in house.tallies.items()} == {
        area: dict(changes).get(area, 0) for area in layout().areas
    }


@pytest.mark.parametrize(("tally", "everybody"), [(Tally(3, 2, 1), 6), (Tally(3, 2, -4), 1), (Tally(3, 2, -6), 0)])
def test_everybody_is_by_badge_and_besides(tally: Tally, everybody: int) -> None:
    assert tally.everybody == everybody


# --- free places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tally", "approved", "visitor", "crew"),
    [
        (Tally(0, 0), (10, 12), 10, 12),
        (Tally(3, 1), (10, 12), 7, 8),
        (Tally(3, 6), (10, 12), 3, 3),
        (Tally(11, 3), (10, 12), -2, -2),
        (Tally(3, 1, 2), (10, 12), 5, 6),
        (Tally(3, 1, -2), (10, 12), 9, 10),
        (Tally(3, 1, -4), (10, 12), 10, 11),
        (Tally(3, 1), (10, None), 7, None),
        (Tally(3, 1), (None, 12), 8, 8),
        (Tally(3, 1), (None, None), None, None),
    ],
)
def test_free_is_within_the_visitors_and_the_persons(
    tally: Tally, approved: tuple[int | None, int | None], visitor: int | None, crew: int | None
) -> None:
    visitors, persons = approved
    house = House(venue(areas={"P": {"visitors": visitors, "persons": persons}}), {"P": tally})
    assert (house.free("P"), house.free("P", "crew")) == (visitor, crew)
    assert house.free("P", "visitor") == visitor


@pytest.mark.parametrize(("stop", "free", "crew"), [(100, 10, 20), (90, 9, 18), (95, 9, 19), (99, 9, 19), (50, 5, 10)])
def test_free_ends_where_the_event_stops_the_entry(stop: int, free: int, crew: int) -> None:
    event = {"warn_percent": 1, "prepare_percent": 1, "stop_percent": stop}
    house = House(venue(event=event, areas={"P": {"visitors": 10, "persons": 20}}))
    assert (house.free("P"), house.free("P", "crew")) == (free, crew)


# --- what is shown --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tally", "approved", "numbers"),
    [
        (Tally(3, 1), (10, 12), Numbers(inside=3, known=4, uncounted=0, capacity=10, free=7)),
        (Tally(3, 1, 2), (10, 12), Numbers(inside=5, known=4, uncounted=2, capacity=10, free=5)),
        (Tally(3, 1), (None, 12), Numbers(inside=4, known=4, uncounted=0, capacity=12, free=8)),
        (Tally(3, 1), (10, None), Numbers(inside=3, known=4, uncounted=0, capacity=10, free=7)),
        (Tally(3, 1), (None, None), Numbers(inside=3, known=4, uncounted=0, capacity=None, free=None)),
        (Tally(12, 0), (10, 12), Numbers(inside=12, known=12, uncounted=0, capacity=10, free=0)),
        (Tally(9, 3), (10, 12), Numbers(inside=9, known=12, uncounted=0, capacity=10, free=0)),
        (Tally(1, 0, -3), (10, 12), Numbers(inside=0, known=1, uncounted=-3, capacity=10, free=10)),
    ],
)
def test_numbers_show_what_counts_against_the_capacity(
    tally: Tally, approved: tuple[int | None, int | None], numbers: Numbers
) -> None:
    visitors, persons = approved
    house = House(venue(areas={"P": {"visitors": visitors, "persons": persons}}), {"P": tally})
    assert house.numbers("P") == numbers


def test_numbers_never_go_below_zero() -> None:
    house = House(layout())
    house.correct("G", -3)
    numbers = house.numbers("G")
    assert (numbers.inside, numbers.uncounted, numbers.free) == (0, -3, 2)


@pytest.mark.parametrize(
    ("visitors", "level"),
    [
        (0, "calm"),
        (13, "calm"),
        (14, "warn"),
        (15, "warn"),
        (16, "prepare"),
        (17, "prepare"),
        (18, "stop"),
        (20, "stop"),
        (21, "over"),
    ],
)
def test_level_rises_with_the_thresholds_of_the_event(visitors: int, level: str) -> None:
    there = venue(
        event={"warn_percent": 70, "prepare_percent": 80, "stop_percent": 90},
        areas={"P": {"visitors": 20, "persons": 40}},
    )
    assert House(there, {"P": Tally(visitors)}).level("P") == level


@pytest.mark.parametrize(("visitors", "level"), [(139, "calm"), (140, "warn"), (159, "warn"), (160, "prepare")])
def test_level_rises_at_the_very_percent(visitors: int, level: str) -> None:
    there = venue(event={"warn_percent": 70, "prepare_percent": 80}, areas={"P": {"visitors": 200}})
    assert House(there, {"P": Tally(visitors)}).level("P") == level


@pytest.mark.parametrize(
    ("tally", "approved", "level"),
    [
        (Tally(500), (None, None), "calm"),
        (Tally(0), (0, None), "stop"),
        (Tally(1), (0, None), "over"),
        (Tally(1, 1), (2, 2), "stop"),
        (Tally(0, 3), (2, 2), "stop"),
        (Tally(0, 3), (None, 2), "over"),
    ],
)
def test_level_of_areas_of_other_sorts(tally: Tally, approved: tuple[int | None, int | None], level: str) -> None:
    visitors, persons = approved
    house = House(venue(areas={"P": {"visitors": visitors, "persons": persons}}), {"P": tally})
    assert house.level("P") == level


@pytest.mark.parametrize(("visitors", "state"), [(0, "open"), (8, "open"), (9, "filling"), (10, "full"), (11, "full")])
def test_state_says_how_full(visitors: int, state: str) -> None:
    house = crowd(layout(house=10, hall=None), house=visitors)
    assert house.state("house", dt.time(10), evacuation=False) == state
    assert house.state("house", dt.time(10), evacuation=True) == "closed"


@pytest.mark.parametrize(("clock", "state"), [(dt.time(8), "closed"), (dt.time(9), "open"), (dt.time(18), "closed")])
def test_state_is_closed_while_no_door_lets_anybody_in(clock: dt.time, state: str) -> None:
    hours: dict[str, Any] = {"opens": dt.time(9), "closes": dt.time(18)}
    there = venue(doors=[Door(id="T-1", name="Theater", area="T", **hours)])
    assert House(there).state("T", clock, evacuation=False) == state
    two = venue(doors=[Door(id="T-1", name="Theater", area="T", **hours), Door(id="T-2", name="Theater 2", area="T")])
    assert House(two).state("T", clock, evacuation=False) == "open"


def test_state_of_an_area_without_doors_is_open() -> None:
    there = venue(doors=[Door(id="T-1", name="Theater", area="T", direction="exit")])
    assert House(there).state("T", dt.time(10), evacuation=False) == "open"


# --- how certain ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("passages", "surprises", "inside", "plus_minus"),
    [
        (0, 0, 10, 0),
        (10, 0, 10, 0),
        (10, 1, 10, 1),
        (1, 1, 49, 1),
        (9, 9, 10, 5),
        (236, 236, 164, 97),
        (100, 20, 30, 6),
        (10, 9, 1, 1),
        (3, 3, 1, 1),
        (10, 1, 0, 0),
    ],
)
def test_certainty_is_the_part_of_those_who_were_elsewhere(
    passages: int, surprises: int, inside: int, plus_minus: int
) -> None:
    assert Certainty(passages=passages, surprises=surprises).plus_minus(inside) == plus_minus


@pytest.mark.parametrize(
    ("door_area", "direction", "leaves", "enters", "changes"),
    [
        ("T", "entry", "P", "T", [("P", 1)]),
        ("P", "exit", "P", "house", []),
        ("house", "exit", "P", None, [("P", 1)]),
        ("P", "entry", "P", "P", [("P", 1)]),
        ("T", "entry", "house", "T", []),
    ],
)
def test_whoever_turns_up_elsewhere_was_one_of_those_a_headcount_missed(
    door_area: str, direction: Any, leaves: str | None, enters: str | None, changes: list[tuple[str, int]]
) -> None:
    house = House(layout())
    for area in ("P", "P", "P", "house"):
        house.move(None, area, "visitor")
    house.count("P", -2)
    house.move(leaves, enters, "visitor")
    assert house.reconcile(door_area, direction, leaves, enters) == changes


def test_area_cannot_miss_more_than_its_badges_say() -> None:
    house = House(layout())
    house.move(None, "P", "visitor")
    house.count("P", -1)
    house.move("P", "house", "visitor")
    assert house.reconcile("P", "exit", "P", "house") == [("P", 1)]
    assert house.tallies["P"].uncounted == 0


def test_place_is_needed_where_one_is_new_or_was_missed() -> None:
    house = House(layout())
    assert house.takes_place_in("P", "P") == ()
    assert house.takes_place_in("P", "T") == ("T",)
    assert house.takes_place_in(None, "G") == ("house", "wing", "G")
    house.correct("P", -1)
    assert house.takes_place_in("P", "P") == ("P",)
    assert house.takes_place_in("P", "house") == ()
