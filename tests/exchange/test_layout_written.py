"""The layout file that is written: read again, it is the same layout."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checkin.core.layout import Layout
from checkin.core.model import Area, Door, Event, Group, Hold, Item, Plan, Session
from checkin.exchange.layout import read_layout, tables_of, write_layout
from checkin.exchange.schedule import frab_json, read_schedule
from tests.venue import at, layout

DEMO = Path(__file__).parents[2] / "checkin" / "demo" / "files"
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.sampled_from(
        ['„Süd“ "Nord"', "a\\b", "zwei\nZeilen\r\n", "9:00", "'''", "[[area]]", "# kein Kommentar", "\t", "\x7f"]
    ),
)
NUMBERS = st.none() | st.integers(0, 1_000_000)
CLOCKS = st.none() | st.times()


def same(one: Layout, other: Layout) -> bool:
    return one.event == other.event and tables_of(one) == tables_of(other)


@st.composite
def layouts(draw: Any) -> Layout:
    ids = draw(
        st.lists(
            st.text(min_size=1, max_size=8).filter(lambda id: id.isprintable()), min_size=2, max_size=6, unique=True
        )
    )
    groups = [
        Group(id=id, name=draw(TEXTS), counts_as=draw(st.sampled_from(["visitor", "crew"])), hidden=draw(st.booleans()))
        for id in ids
    ]
    areas = []
    for number, id in enumerate(ids):
        visitors = draw(NUMBERS)
        areas.append(
            Area(
                id=id,
                name=draw(TEXTS),
                parent=draw(st.sampled_from(ids[:number])) if number else None,
                visitors=visitors,
                persons=None if visitors is None else visitors + draw(st.integers(0, 9)),
                step_free=draw(st.booleans()),
                way=draw(TEXTS),
                overflow_of=draw(st.none() | st.sampled_from(ids)),
            )
        )
    items = [Item(id=id, name=draw(TEXTS), kind=draw(st.sampled_from(["once", "lent"]))) for id in ids[:1]]
    doors = [
        Door(
            id=id,
            name=draw(TEXTS),
            area=draw(st.sampled_from(ids)),
            opens=draw(CLOCKS),
            groups=tuple(draw(st.lists(st.sampled_from(ids), max_size=3))),
            reentry=draw(st.sampled_from(["allow", "ask"])),
            item=draw(st.none() | st.just(ids[0])),
        )
        for id in ids
    ]
    holds = [Hold(area=id, group=ids[0], seats=draw(st.integers(1, 99)), until=draw(CLOCKS)) for id in ids[:2]]
    plans = [Plan(area=id, id="tische", name=draw(TEXTS), visitors=draw(NUMBERS)) for id in ids]
    event = Event(slug="e", name=draw(TEXTS), date=draw(st.dates()), timezone="Europe/Berlin")
    return Layout(event, groups, areas, doors, holds, plans, items)


@settings(max_examples=60, deadline=None)
@given(layouts())
def test_any_layout_is_written_so_that_it_is_read_again(one: Layout) -> None:
    assert same(read_layout(write_layout(one)), one)


def test_layout_of_the_demo_goes_out_and_in_again() -> None:
    one = read_layout((DEMO / "layout.toml").read_bytes())
    assert same(read_layout(write_layout(one)), one)


def test_what_is_the_default_is_left_out_and_hours_are_as_people_write_them() -> None:
    text = write_layout(layout()).decode()
    assert 'opens = "09:00"' in text
    heads = {line for line in text.splitlines() if line.startswith("[")}
    assert heads == {"[event]", "[[group]]", "[[area]]", "[[door]]"}, "one way to write each of them"
    assert "warn_percent" not in text
    assert "step_free" not in text


def test_programme_of_the_demo_goes_out_and_in_again() -> None:
    one = read_layout((DEMO / "layout.toml").read_bytes())
    programme = sorted(read_schedule((DEMO / "schedule.json").read_bytes(), one), key=lambda session: session.id)
    again = sorted(read_schedule(frab_json(one, programme), one), key=lambda session: session.id)
    assert again == programme


def test_what_frab_does_not_know_is_kept_and_a_room_is_itself() -> None:
    """Two rooms of one name, a limit, a cancelled session, seconds."""
    twins = Layout(
        Event(slug="e", name="E", date=dt.date(2026, 3, 20), timezone="Europe/Berlin"),
        [],
        [Area(id="h", name="Haus"), Area(id="a", name="Saal", parent="h"), Area(id="b", name="Saal", parent="h")],
        [],
    )
    programme = [
        Session(
            id=f"s-{area}",
            area=area,
            title="T",
            starts_at=at("11:00"),
            ends_at=at("12:00") + 30_000,
            bookable=True,
            bookings_max=0,
            cancelled=area == "b",
        )
        for area in ("a", "b")
    ]
    assert read_schedule(frab_json(twins, programme), twins) == programme
