"""Whom a station knows, and how a desk finds them there."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from checkin.core.admission import Bearer
from checkin.core.reference import Everybody, People, Person, part_of
from kiosk.people import AT_ONCE, KnownPeople, namesakes
from tests.venue import layout


def person(id: str, name: str, organisation: str = "", group: str = "gast", badge: Any = "valid") -> Person:
    bearer = Bearer(attendee=id, group=group, registration="registered", badge=badge)
    return Person(bearer=bearer, name=name, organisation=organisation)


def page(*people: tuple[str, Person], **more: Any) -> People:
    changed = tuple((code, msgspec.Raw(msgspec.msgpack.encode(one))) for code, one in people)
    return People(changed=changed, **more)


def known(*people: tuple[str, Person]) -> KnownPeople:
    made = KnownPeople(Everybody(), layout())
    take(made, page(*people))
    return made


def take(people: KnownPeople, page: People) -> set[str]:
    gone = people.gone_with(page)
    people.take(page, gone)
    return gone


def found(people: KnownPeople, query: str, hidden: tuple[str, ...] = ()) -> list[str]:
    return [one.bearer.attendee for one in asyncio.run(people.find(query, hidden))]


def test_people_are_found_by_the_beginnings_of_name_organisation_and_group() -> None:
    people = known(
        ("C1", person("a1", "Ada Müller", "Stadtwerke Dortmund")),
        ("C2", person("a2", "Bela Muller")),
        ("C3", person("a3", "Carla Weiß", group="presse")),
    )
    assert found(people, "mueller") == ["a1"]
    assert found(people, "mul") == ["a1", "a2"]
    assert found(people, "MÜLLER stadt") == ["a1"]
    group = layout().groups["presse"].name
    assert found(people, group) == ["a3"]
    assert found(people, group, ("presse",)) == []
    assert found(people, "  ") == []
    assert found(people, "uller") == []


def test_person_of_several_codes_is_one_and_the_badge_that_holds_counts() -> None:
    people = known(
        ("OLD", person("a1", "Ada", badge="replaced")),
        ("NEW", person("a1", "Ada")),
        ("VOID", person("a2", "Bela", badge="replaced")),
    )
    assert len(people) == 2
    assert found(people, "ada") == ["a1"]
    assert people.code_of("a1") == "NEW"
    assert people.code_of("a2") == ""
    assert people.code_of("nobody") == ""


def test_page_changes_names_at_once_and_whoever_is_of_its_parts_and_not_on_it_goes() -> None:
    people = known(("C1", person("a1", "Ada")), ("C2", person("a2", "Bela")), ("C3", person("c1", "Cem", group="crew")))
    assert found(people, "ada") == ["a1"]
    assert [one.name for one in people.crew()] == ["Cem"]
    assert take(people, page(("C1", person("a1", "Grace")), gone=("C3",))) == {"C3"}
    assert found(people, "ada") == []
    assert found(people, "grace") == ["a1"]
    assert people.crew() == []
    assert not people.is_crew("c1")
    assert take(people, page(("C2", person("a2", "Dana")), parts=(part_of("C2"),), left=7)) == set()
    assert people.left == 7
    assert take(people, page(parts=(part_of("C1"),))) == {"C1"}
    assert people.by_id("a1") is None
    assert (found(people, "dana"), found(people, "bela")) == (["a2"], [])


def test_long_search_lets_scans_have_their_turn() -> None:
    people = known(*((f"C{n}", person(f"a{n}", f"Nr {n}")) for n in range(2 * AT_ONCE)))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def run() -> None:
        counting = asyncio.create_task(count())
        assert [one.name for one in await people.find("999", ())] == ["Nr 999"]
        counting.cancel()

    asyncio.run(run())
    assert turns >= 1


def test_namesakes_are_those_of_the_same_name_however_it_is_spelt() -> None:
    people = [person("a1", "Jörg Weiß"), person("a2", "Weiss, Joerg"), person("a3", "Ada")]
    assert {id: [one.bearer.attendee for one in same] for id, same in namesakes(people).items()} == {
        "a1": ["a2"],
        "a2": ["a1"],
        "a3": [],
    }
