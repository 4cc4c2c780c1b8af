"""People are told to a station part by part, over links that break, from a centre that is started anew."""

from __future__ import annotations

import random

import msgspec
import pytest

from checkin.core.reference import PAGES_AHEAD_MAX, PARTS, PEOPLE_PAGE_MAX, Everybody, People, Telling, part_of

Names = dict[str, bytes]


def packed(name: str) -> bytes:
    return msgspec.msgpack.encode(name)


def names(count: int, name: str = "Ada") -> Names:
    return {f"C{number}": packed(f"{name} {number}") for number in range(count)}


def everybody(people: Names) -> Everybody:
    return Everybody(people.items())


def take(known: Everybody, page: People) -> None:
    """As a station does."""
    told = dict(page.changed)
    for code in [code for part in page.parts for code in known.part(part) if code not in told]:
        known.drop(code)
    for code in page.gone:
        known.drop(code)
    for code, person in told.items():
        known.put(code, bytes(person))


def pages(telling: Telling, known: Everybody, count: int | None = None) -> list[People]:
    """Those that are taken, one after another: all, or so many."""
    taken: list[People] = []
    while (count is None or len(taken) < count) and (page := telling.page()) is not None:
        take(known, page)
        telling.taken()
        taken.append(page)
    return taken


def told(taken: list[People]) -> int:
    return sum(len(page.changed) for page in taken)


def test_digests_are_of_what_is_there_and_not_of_how_it_came_to_be() -> None:
    people, other = everybody(names(50)), Everybody()
    assert other.digests_told() == bytes(len(other.digests_told()))
    for code, person in reversed(list(people)):
        other.put(code, packed("somebody else"))
        other.put(code, person)
    other.put("X", packed("gone"))
    assert other.digests_told() != people.digests_told()
    other.drop("X")
    assert other.digests_told() == people.digests_told()
    other.put("C1", packed("Grace"))
    assert [n for n in range(PARTS) if other.digests[n] != people.digests[n]] == [part_of("C1")]


def test_a_link_that_breaks_again_and_again_costs_no_more_than_what_was_on_its_way() -> None:
    people = names(5_000)
    known, sent = Everybody(), 0
    for _ in range(100):
        telling = Telling(known.digests_told())
        telling.turn_to(everybody(people))
        taken = pages(telling, known, 3)
        sent += told(taken)
        lost = 0
        while (page := telling.page()) is not None:
            sent, lost = sent + len(page.changed), lost + 1
        assert lost <= PAGES_AHEAD_MAX
        if not taken[-1].left:
            break
    assert dict(known) == people
    assert sent < 2 * len(people), "three are kept and two are lost each time"


def test_whoever_is_gone_or_changed_meanwhile_is_so_on_the_station_whichever_parts_it_had_already() -> None:
    people = names(3_000)
    known = Everybody()
    first = Telling(known.digests_told())
    first.turn_to(everybody(people))
    pages(first, known, 4)
    # The link breaks, the centre is started anew, and has other people by then.
    after = {code: person for code, person in people.items() if int(code[1:]) % 7} | {"C1": packed("Grace")}
    again = Telling(known.digests_told())
    again.turn_to(everybody(after))
    pages(again, known, 2)
    # And others again, while those are still on their way.
    last = {code: person for code, person in after.items() if int(code[1:]) % 5} | names(3, "Eva")
    again.turn_to(everybody(last))
    pages(again, known)
    assert dict(known) == last


def test_whoever_has_everybody_is_told_so_and_then_of_changes_alone() -> None:
    people = names(2_000)
    known = everybody(people)
    telling = Telling(known.digests_told())
    telling.turn_to(everybody(people))
    assert pages(telling, known) == [People()]
    del people["C7"]
    people["C8"] = packed("Grace")
    telling.turn_to(everybody(people))
    (page,) = pages(telling, known)
    assert ([code for code, _ in page.changed], page.gone, page.parts) == (["C8"], ("C7",), ())
    telling.turn_to(everybody({}))
    assert all(len(page.gone) <= PEOPLE_PAGE_MAX for page in pages(telling, known))
    assert len(known) == 0


def test_pages_say_how_many_are_still_to_come() -> None:
    people = names(1_000)
    known = Everybody()
    telling = Telling(known.digests_told())
    assert telling.page() is None, "nobody has been read yet"
    telling.turn_to(everybody(people))
    for page in iter(telling.page, None):
        take(known, page)
        assert page.left == len(people) - len(known)
    assert 0 < len(known) < len(people), "it waits until the station has taken some"
    telling.taken()
    assert telling.page() is not None


@pytest.mark.parametrize("seed", range(20))
def test_station_has_whom_the_centre_has_whatever_broke_and_changed(seed: int) -> None:
    chance = random.Random(seed)
    people = names(chance.randrange(2_000))
    known = everybody({code: packed("old") for code in names(2_500) if chance.random() < 0.3})
    telling = Telling(known.digests_told())
    for _ in range(40):
        match chance.randrange(4):
            case 0:  # another link
                telling = Telling(known.digests_told())
                telling.turn_to(everybody(people))
            case 1:
                for code in chance.sample(sorted(people), min(len(people), chance.randrange(60))):
                    del people[code]
                telling.turn_to(everybody(people))
            case 2:
                new = {f"C{chance.randrange(3_000)}": packed(f"new {chance.random()}") for _ in range(60)}
                people |= new
                telling.turn_to(everybody(people))
            case 3:
                pages(telling, known, chance.randrange(4))
    telling.turn_to(everybody(people))
    pages(telling, known)
    assert dict(known) == people
