from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.core.facts import Corrected, Sum
from checkin.core.model import CountsAs
from checkin.core.occupancy import House
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


def test_those_counted_in_a_room_came_from_around_it_or_else_unseen_into_the_house() -> None:
    house = House(layout())
    for area in ("house", "house", "wing"):
        house.move(None, area, "visitor")
    assert house.count("G", 1) == [("G", 1)], "one was in the wing"
    assert house.count("G", 4) == [("G", 4), ("wing", 4), ("house", 2)], "two were in the house, two nobody knew of"
    assert [house.tallies[area].everybody for area in ("house", "wing", "G")] == [5, 5, 5]


def test_those_no_longer_counted_in_a_room_are_around_it() -> None:
    house = House(layout())
    house.count("G", 3)
    assert house.count("G", -2) == [("G", -2)]
    assert [house.tallies[area].everybody for area in ("house", "wing", "G")] == [3, 3, 1]


def test_numbers_never_go_below_zero() -> None:
    house = House(layout())
    house.correct("G", -3)
    numbers = house.numbers("G")
    assert (numbers.inside, numbers.uncounted, numbers.free) == (0, -3, 2)


@pytest.mark.parametrize(("visitors", "state"), [(0, "open"), (8, "open"), (9, "filling"), (10, "full"), (11, "full")])
def test_state_says_how_full(visitors: int, state: str) -> None:
    house = House(layout(house=10, hall=None))
    for _ in range(visitors):
        house.move(None, "house", "visitor")
    assert house.state("house", dt.time(10), evacuation=False) == state
    assert house.state("house", dt.time(10), evacuation=True) == "closed"


def test_sum_of_corrections_is_the_uncounted() -> None:
    total = Sum()
    total.add(Corrected(id="0", area="T", change=3, around=(("house", 2),), at=0, by="test"))
    total.add(Corrected(id="1", area="T", change=-1, at=0, by="test"))
    tallies = total.house(layout()).tallies
    assert (tallies["T"].uncounted, tallies["house"].uncounted) == (2, 2)
