"""A played day: nobody is lost, the same seed is the same day, and the demo's day is met."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from checkin.core.errors import BadInput, NotFound
from checkin.core.layout import Layout
from checkin.core.model import Session
from checkin.core.schedule import Programme
from checkin.exchange.layout import read_layout
from checkin.exchange.schedule import read_schedule
from checkin.service.simulation import Guest, Played, Setting, guests_for, guests_like, guests_planned, play
from checkin.service.simulation_report import picture, table
from tests.core.given import session, venue

FILES = files("checkin.demo") / "files"
GROUPS = {
    "verwaltung": 250, "politik": 40, "bundland": 54, "verbaende": 50, "forschung": 60, "migra": 54,
    "sprecher": 32, "aussteller": 40, "presse": 12, "vip": 8,
}  # fmt: skip


def house() -> Layout:
    return read_layout((FILES / "layout.toml").read_bytes())


def programme(layout: Layout) -> list[Session]:
    return read_schedule((FILES / "schedule.json").read_bytes(), layout)


def conference(layout: Layout) -> list[Guest]:
    """The 600 of the demo conference by their groups, each with their forums."""
    forums = guests_for(layout, Programme(layout.event, programme(layout)), 600, 1)
    groups = [group for group, count in GROUPS.items() for _ in range(count)]
    return [replace(guest, group=group) for guest, group in zip(forums, groups, strict=True)]


def played(seed: int = 1, guests: Sequence[Guest] | None = None, **setting: Any) -> Played:
    layout = house()
    return play(
        layout,
        Programme(layout.event, programme(layout)),
        conference(layout) if guests is None else guests,
        Setting(seed=seed, **setting),
    )


def area(day: Played, id: str) -> Any:
    return next(one for one in day.areas if one.area == id)


def door_of(day: Played, id: str) -> Any:
    return next(one for one in day.doors if one.door == id)


def test_day_is_the_one_that_the_conference_saw() -> None:
    """113 arrivals in the busiest ten minutes before 10:20, 489 in the house at 11:10, the hall full at 10:34,
    and the theatre takes who comes then: on the average of ten days."""
    layout = house()
    days = [played(seed) for seed in range(1, 11)]
    assert sum(day.busiest_ten for day in days) / 10 == pytest.approx(113, abs=8)
    for day in days:
        assert dt.time(10, 5) <= layout.clock(day.busiest_ten_at) <= dt.time(10, 13)
        assert day.came == pytest.approx(505, abs=50)
        assert day.turned_away == 0
    full = [layout.clock(area(day, "P").full_at) for day in days if area(day, "P").full_at is not None]
    assert len(full) >= 7
    minutes = [clock.hour * 60 + clock.minute for clock in full]
    assert sum(minutes) / len(minutes) == pytest.approx(10 * 60 + 34, abs=5)
    assert all(day.overflowed.get("T", 0) > 0 for day in days if area(day, "P").full_at is not None)
    for day in days:
        hall = area(day, "P")
        assert hall.refused >= hall.placed >= day.overflowed.get("T", 0), "whom the Theater takes has found a place"
    inside = [next(one.inside for one in day.curve if layout.clock(one.at) == dt.time(11, 10)) for day in days]
    assert sum(inside) / 10 == pytest.approx(489, abs=25)


def test_same_seed_is_the_same_day_and_another_one_another() -> None:
    assert played(7) == played(7)
    assert played(7) != played(8)


def test_one_lane_waits_and_the_planner_says_how_many_it_takes() -> None:
    layout = house()
    guests = guests_like(conference(layout), 2_000, 1)
    slow = played(guests=guests, lanes={"D1": 1, "D2": 1})
    south = door_of(slow, "D1")
    assert south.wait_p95_min > 5
    assert south.lanes_needed > 1
    enough = {one.door: one.lanes_needed for one in slow.doors if one.entrance}
    fast = played(guests=guests, lanes=enough)
    assert fast.longest_wait_min < slow.longest_wait_min
    report = "\n".join(table(slow, layout))
    assert f"D1 Süd: open {south.lanes_needed} lanes instead of 1" in report


def test_full_house_turns_people_away_and_never_holds_more_than_approved() -> None:
    day = played(guests=guests_like(conference(house()), 1_500, 1))
    assert area(day, "house").most == 690
    assert day.turned_away > 0
    assert all(one.capacity is None or one.most <= one.capacity for one in day.areas)


def test_whoever_waits_for_a_place_comes_once_and_leaves_the_lane_to_the_next() -> None:
    """A house of five places for forty: no door is said to need lanes for those who ask again."""
    layout = venue(house=5, hall=5)
    guests = [Guest(group="gast")] * 40
    day = play(layout, Programme(layout.event), guests, Setting(no_show_percent=0, walk_in_percent=0))
    assert sum(one.came for one in day.doors if one.entrance) == 40
    assert area(day, "house").refused == 35
    assert day.came + day.turned_away == 40
    assert day.turned_away > 0
    assert max(one.for_place for one in day.curve) <= 35
    assert day.curve[-1].for_place == 0
    assert day.longest_wait_min < 5
    late = play(layout, Programme(layout.event), guests[:8], Setting(no_show_percent=0, walk_in_percent=0))
    assert (late.waited_for_place > 0) == (late.place_longest_min > 0)
    assert late.waited_for_place == late.came - 5


people = st.lists(
    st.builds(
        Guest,
        group=st.sampled_from(["gast", "presse", "crew"]),
        wheelchair=st.booleans(),
        bookings=st.sampled_from([(), ("forum",), ("forum", "other")]),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(people, st.integers(0, 1_000), st.integers(1, 20), st.integers(1, 6), st.floats(0, 99))
def test_nobody_is_lost_and_no_area_ever_holds_more(
    guests: list[Guest], seed: int, limit: int, hall: int, no_show: float
) -> None:
    layout = venue(house=limit, hall=hall, areas={"T": {"step_free": False}})
    sessions = [
        session("opening", "P", bookable=False),
        session("forum", "T", "11:00", "12:00"),
        session("other", "G", "11:00", "12:00"),
    ]
    day = play(layout, Programme(layout.event, sessions), guests, Setting(seed=seed, no_show_percent=no_show))
    assert day.registered == len(guests)
    assert day.registered - day.stayed_away + day.walk_ins == day.came + day.turned_away
    assert day.came == day.left + day.inside_at_end
    assert day.inside_at_end == 0
    for one in day.areas:
        assert one.capacity is None or one.most <= one.capacity
        assert one.full_at is not None or one.full_min == 0
    assert [one.arrived for one in day.curve] == sorted(one.arrived for one in day.curve)
    assert sum(one.came for one in day.doors if one.entrance) <= day.came + day.turned_away
    for door in day.doors:
        assert 0 <= door.wait_median_min <= door.wait_p95_min <= door.wait_longest_min


def test_day_without_a_programme_begins_an_hour_after_the_doors_open() -> None:
    layout = venue()
    day = play(layout, Programme(layout.event), guests_for(layout, Programme(layout.event), 8, 1), Setting())
    assert layout.clock(day.begins_at) == dt.time(10)
    assert day.came + day.turned_away > 0


def test_what_cannot_be_played_is_said() -> None:
    layout = venue()
    with pytest.raises(NotFound):
        play(layout, Programme(layout.event), [], Setting(lanes={"X": 1}))
    with pytest.raises(BadInput):
        guests_like([], 5, 1)
    with pytest.raises(BadInput):
        guests_for(layout, Programme(layout.event), 1_000_000, 1)
    with pytest.raises(BadInput, match="registrations"):
        guests_planned(layout, Programme(layout.event), [], None, 1)


def test_so_many_are_played_as_are_asked_for_also_where_nobody_is_registered() -> None:
    layout = venue()
    programme = Programme(layout.event)
    registered = [Guest(group="presse")] * 3
    assert guests_planned(layout, programme, registered, None, 1) == registered
    assert len(guests_planned(layout, programme, registered, 2, 1)) == 2
    assert {one.group for one in guests_planned(layout, programme, registered, 50, 1)} == {"presse"}
    assert len(guests_planned(layout, programme, [], 600, 1)) == 600


def test_picture_for_a_telephone_has_its_labels_within_sight() -> None:
    root = ElementTree.fromstring(picture(played(), house(), "de", narrow=True))
    width, height = int(root.attrib["width"]), int(root.attrib["height"])
    assert width <= 340
    texts = [one for one in root.iter() if one.tag.endswith("text")]
    assert any("Große Halle" in (one.text or "") or "Halle" in (one.text or "") for one in texts)
    assert all(0 <= float(one.attrib["x"]) < width / 2 or one.get("text-anchor") == "middle" for one in texts)
    assert all(0 <= float(one.attrib["y"]) <= height for one in texts)


@pytest.mark.parametrize("language", ["de", "en"])
def test_picture_is_svg_with_every_room_that_people_visited(language: str) -> None:
    layout = house()
    drawn = picture(played(), layout, language).decode()
    assert drawn.startswith("<svg")
    assert drawn.endswith("</svg>\n")
    assert all(layout.areas[id].name in drawn for id in ("P", "T", "K", "G"))
    assert ("im Haus" in drawn) is (language == "de")
