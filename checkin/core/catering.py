"""How many want which food, told so that no number leads to one person. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

SAME_DIET_MIN = 3
"""Where fewer of a group want the same, they stand with those of another group."""
EVERYBODY = "everybody"
OTHERS = "others"
"""In the place of a group: of the whole house; of those groups together of which no number may be told."""


class Meals(Struct, frozen=True):
    """How many of those who want the same are registered, and how many came."""

    registered: int = 0
    came: int = 0

    def __add__(self, other: Meals) -> Meals:
        return Meals(self.registered + other.registered, self.came + other.came)

    @property
    def few(self) -> bool:
        """So few, of those registered or of those who came, that a number would tell of persons."""
        return any(0 < count < SAME_DIET_MIN for count in (self.registered, self.came))


class Portion(Struct, frozen=True, kw_only=True):
    """`diet` as most wrote it; empty: nothing said; None: several that few want, in what is kept after deletion."""

    group: str
    diet: str | None
    meals: Meals


class Wishes:
    """What everybody wants to eat, counted: the same however it is written in capitals."""

    def __init__(self) -> None:
        self._spelt: dict[str, Counter[str]] = {}
        self._meals: dict[str, dict[str, Meals]] = {}

    def add(self, group: str, diet: str, *, registered: bool, came: bool) -> None:
        words = " ".join(diet.split())
        self._spelt.setdefault(words.casefold(), Counter())[words] += 1
        of_group = self._meals.setdefault(words.casefold(), {})
        of_group[group] = of_group.get(group, Meals()) + Meals(int(registered), int(came))

    def portions(self, groups: Sequence[str]) -> list[Portion]:
        """Everybody, then group by group, then the others, each in the order of numbers.

        A group's number is told where it is at least `SAME_DIET_MIN`, of those registered and of those who came.
        The others are at least two groups of which the same holds together, so that nothing is found by
        subtracting; else no group of this diet is told."""
        told: dict[str, dict[str, Meals]] = {}
        for diet, of_group in self._meals.items():
            told.setdefault(EVERYBODY, {})[diet] = _sum(of_group.values())
            shown, rest = _parted(of_group)
            if shown:
                for group, meals in shown.items():
                    told.setdefault(group, {})[diet] = meals
                if rest:
                    told.setdefault(OTHERS, {})[diet] = _sum(rest.values())
        return [
            Portion(group=group, diet=self._spelt[diet].most_common(1)[0][0], meals=meals)
            for group in (EVERYBODY, *groups, OTHERS)
            for diet, meals in sorted(told.get(group, {}).items(), key=lambda item: (-item[1].registered, item[0]))
        ]


def kept(portions: Iterable[Portion]) -> list[Portion]:
    """What stays when the wishes are deleted: numbers. What few of the whole house want is told by its own words,
    which are a person's; it stays as one number without them."""
    stay: list[Portion] = []
    rare = Meals()
    for one in portions:
        if one.diet and one.group == EVERYBODY and one.meals.registered < SAME_DIET_MIN:
            rare += one.meals
        else:
            stay.append(one)
    if rare != Meals():
        at = sum(one.group == EVERYBODY for one in stay)
        stay.insert(at, Portion(group=EVERYBODY, diet=None, meals=rare))
    return stay


def _parted(of_group: Mapping[str, Meals]) -> tuple[dict[str, Meals], dict[str, Meals]]:
    """(the groups that are told, those that are not): the smallest of the others goes along until they hide
    one another."""
    shown = {group: meals for group, meals in of_group.items() if not meals.few}
    rest = {group: meals for group, meals in of_group.items() if meals.few}
    while rest and shown and (len(rest) < 2 or _sum(rest.values()).few):
        smallest = min(shown, key=lambda group: (shown[group].registered, shown[group].came, group))
        rest[smallest] = shown.pop(smallest)
    return shown, rest


def _sum(meals: Iterable[Meals]) -> Meals:
    return sum(meals, Meals())
