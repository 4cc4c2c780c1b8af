"""How many want which food, without telling of one person."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from checkin.core.catering import EVERYBODY, OTHERS, SAME_DIET_MIN, Meals, Portion, Wishes, kept

GROUPS = ("guests", "speakers", "press", "crew")


def wishes(**wanted: tuple[int, int]) -> list[Portion]:
    """`guests=(5, 2)`: five of the guests want it, two came."""
    found = Wishes()
    for group, (registered, came) in wanted.items():
        for number in range(registered):
            found.add(group, "Vegetarisch" if number else "vegetarisch", registered=True, came=number < came)
    return found.portions(GROUPS)


def shown(portions: list[Portion]) -> dict[str, tuple[int, int]]:
    return {one.group: (one.meals.registered, one.meals.came) for one in portions}


def test_few_of_a_group_stand_with_the_smallest_other_group_so_that_nothing_is_found_by_subtracting() -> None:
    found = shown(wishes(guests=(20, 15), speakers=(4, 3), press=(1, 1)))
    assert found == {EVERYBODY: (25, 19), "guests": (20, 15), OTHERS: (5, 4)}


def test_few_who_came_are_few_too() -> None:
    assert shown(wishes(guests=(20, 15), speakers=(4, 2))) == {EVERYBODY: (24, 17)}


def test_groups_stand_by_themselves_where_none_has_few() -> None:
    found = shown(wishes(guests=(20, 0), speakers=(4, 0)))
    assert found == {EVERYBODY: (24, 0), "guests": (20, 0), "speakers": (4, 0)}


def test_rare_wish_loses_its_words_when_wishes_are_deleted_and_its_number_stays() -> None:
    found = Wishes()
    for number in range(4):
        found.add("guests", "vegan", registered=True, came=number < 3)
    found.add("guests", "keine Pastinaken", registered=True, came=True)
    found.add("press", "nur Reis", registered=True, came=False)
    found.add("press", "", registered=True, came=False)
    stay = kept(found.portions(GROUPS))
    assert [(one.group, one.diet, one.meals) for one in stay] == [
        (EVERYBODY, "vegan", Meals(4, 3)),
        (EVERYBODY, "", Meals(1, 0)),
        (EVERYBODY, None, Meals(2, 1)),
        ("guests", "vegan", Meals(4, 3)),
    ]


@given(st.lists(st.tuples(st.sampled_from(GROUPS), st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=60))
def test_no_small_number_of_a_group_is_told_or_left_over(people: list[tuple[str, str, bool, bool]]) -> None:
    found = Wishes()
    for group, diet, registered, came in people:
        found.add(group, diet, registered=registered, came=came)
    of_diet: dict[str, dict[str, Meals]] = defaultdict(dict)
    for one in found.portions(GROUPS):
        of_diet[one.diet or ""][one.group] = one.meals
    for diet, told in of_diet.items():
        everybody = told.pop(EVERYBODY)
        assert everybody.registered == sum(one[1] == diet and one[2] for one in people)
        for meals in told.values():
            assert all(count == 0 or count >= SAME_DIET_MIN for count in (meals.registered, meals.came))
        if told:
            assert sum(told.values(), Meals()) == everybody
