from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from checkin.core.errors import BadInput, NotFound
from checkin.core.layout import (
    AREAS_MAX,
    DOORS_MAX,
    GROUPS_MAX,
    HOLDS_MAX,
    ITEMS_MAX,
    PLANS_MAX,
    Layout,
    approved_faults,
)
from checkin.core.model import Approved, Area, Door, Event, Group, Hold, Item, Plan
from tests.core.given import venue
from tests.venue import at, layout

EVENT = Event(slug="e", name="E", date=dt.date(2026, 3, 20), timezone="Europe/Berlin")
HOUSE = Area(id="house", name="Haus")
GUESTS = Group(id="g", name="G")


def built(**changes: Any) -> Layout:
    parts: dict[str, Any] = {"event": EVENT, "groups": [GUESTS], "areas": [HOUSE], "doors": [], "holds": []}
    return Layout(**{**parts, **changes})


def event(**changes: Any) -> Event:
    return msgspec.structs.replace(EVENT, **changes)


def house(**changes: Any) -> Area:
    return Area(id="house", name="Haus", **changes)


def door(**changes: Any) -> Door:
    return Door(**{"id": "D", "name": "D", "area": "house", **changes})


def hold(**changes: Any) -> Hold:
    return Hold(**{"area": "house", "group": "g", "seats": 1, **changes})


THRESHOLDS = "the thresholds must rise: warn_percent, prepare_percent, stop_percent, at most 100"


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"areas": []}, ["exactly one area must have no parent, the house (here: none)"]),
        (
            {"areas": [HOUSE, Area(id="b", name="B")]},
            ["exactly one area must have no parent, the house (here: house, b)"],
        ),
        ({"areas": [HOUSE, HOUSE]}, ["area house is given 2 times"]),
        (
            {"areas": [HOUSE, Area(id="a", name="A", parent="nowhere")]},
            ["area a names “nowhere” as parent, which does not exist"],
        ),
        (
            {"areas": [HOUSE, Area(id="a", name="A", parent="house", overflow_of="nowhere")]},
            ["area a names “nowhere” as overflow_of, which does not exist"],
        ),
        (
            {"areas": [HOUSE, Area(id="a", name="A", parent="b"), Area(id="b", name="B", parent="a")]},
            ["areas form a loop: a in b in a", "areas form a loop: b in a in b"],
        ),
        ({"areas": [HOUSE, Area(id="a", name="A", parent="a")]}, ["areas form a loop: a in a"]),
        (
            {
                "areas": [
                    HOUSE,
                    Area(id="c", name="C", parent="a"),
                    Area(id="a", name="A", parent="b"),
                    Area(id="b", name="B", parent="a"),
                ]
            },
            ["areas form a loop: a in b in a", "areas form a loop: b in a in b"],
        ),
        ({"areas": [house(visitors=9, persons=8)]}, ["area house approves fewer persons (8) than visitors (9)"]),
        ({"doors": [door(area="cellar")]}, ["door D leads into area “cellar”, which does not exist"]),
        (
            {"doors": [door(groups=("g", "x"), early=("y", "g"))]},
            ["door D admits group “x”, which does not exist", "door D admits group “y”, which does not exist"],
        ),
        ({"doors": [door(item="hat")]}, ["door D hands out item “hat”, which does not exist"]),
        ({"doors": [door(opens=dt.time(9), closes=dt.time(9))]}, ["door D opens at 09:00 and closes at 09:00"]),
        ({"doors": [door(opens=dt.time(9, 1), closes=dt.time(9))]}, ["door D opens at 09:01 and closes at 09:00"]),
        ({"doors": [door(), door()]}, ["door D is given 2 times"]),
        ({"holds": [hold(area="x")]}, ["a hold is for area “x”, which does not exist"]),
        ({"holds": [hold(group="y")]}, ["a hold is for group “y”, which does not exist"]),
        ({"holds": [hold(seats=0)]}, ["a hold in area house keeps 0 seats"]),
        ({"holds": [hold(group=None)]}, ["a hold in area house must name a group or a session, one of them"]),
        ({"holds": [hold(session="s1")]}, ["a hold in area house must name a group or a session, one of them"]),
        ({"holds": [hold(), hold()]}, ["hold house-g is given 2 times"]),
        ({"plans": [Plan(id="p", name="P", area="x")]}, ["plan p is for area “x”, which does not exist"]),
        ({"plans": [Plan(id="p", name="P", area="house")] * 2}, ["plan p of area house is given 2 times"]),
        ({"items": [Item(id="hat", name="H")] * 3}, ["item hat is given 3 times"]),
        ({"groups": [GUESTS] * 2}, ["group g is given 2 times"]),
        (
            {"event": event(timezone="Mars/Crater")},
            ["time zone “Mars/Crater” is unknown (use one like Europe/Berlin)"],
        ),
        ({"event": event(timezone="../etc")}, ["time zone “../etc” is unknown (use one like Europe/Berlin)"]),
        ({"event": event(warn_percent=0)}, [THRESHOLDS]),
        ({"event": event(warn_percent=96)}, [THRESHOLDS]),
        ({"event": event(prepare_percent=99, stop_percent=98)}, [THRESHOLDS]),
        ({"event": event(stop_percent=101)}, [THRESHOLDS]),
        ({"event": event(doors_open_min=-1)}, ["doors_open_min is a number of minutes from 0 to 1440"]),
        ({"event": event(unclaimed_after_min=1441)}, ["unclaimed_after_min is a number of minutes from 0 to 1440"]),
        ({"event": event(called_for_min=-1)}, ["called_for_min is a number of minutes from 0 to 1440"]),
        ({"event": event(closes_after_min=1441)}, ["closes_after_min is a number of minutes from 0 to 1440"]),
    ],
)
def test_layout_names_its_fault(changes: dict[str, Any], faults: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        built(**changes)
    assert caught.value.data == {"faults": faults}
    assert caught.value.code == "layout_invalid"
    assert caught.value.message == f"The layout cannot be used: {'; '.join(faults)}."


@pytest.mark.parametrize(
    "changes",
    [
        {"areas": [house(visitors=8, persons=8, wheelchair=4, companions=4)]},
        {"areas": [house(visitors=0, persons=0)]},
        {"doors": [door(opens=dt.time(9), closes=dt.time(9, 1), groups=("g",), early=("g",))]},
        {"doors": [door(opens=dt.time(9))]},
        {"doors": [door(closes=dt.time(9))]},
        {"doors": [door(item="hat")], "items": [Item(id="hat", name="H")]},
        {"holds": [hold(group=None, session="any")]},
        {"holds": [hold(id="1"), hold(id="2")]},
        {
            "areas": [HOUSE, Area(id="a", name="A", parent="house")],
            "plans": [Plan(id="p", name="P", area="house"), Plan(id="p", name="P", area="a")],
        },
        {"event": event(warn_percent=1, prepare_percent=1, stop_percent=1)},
        {"event": event(warn_percent=100, prepare_percent=100, stop_percent=100)},
        {"event": event(doors_open_min=0, unclaimed_after_min=0, called_for_min=0, closes_after_min=0)},
        {"event": event(doors_open_min=1440, unclaimed_after_min=1440, called_for_min=1440, closes_after_min=1440)},
    ],
)
def test_layout_is_built_where_there_is_no_fault(changes: dict[str, Any]) -> None:
    assert built(**changes).house.id == "house"


def test_layout_names_all_faults_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        built(
            event=event(timezone="Mars/Crater", stop_percent=0),
            doors=[door(area="cellar"), door(id="E", area="attic", item="hat")],
            holds=[hold(area="x", group="y", seats=0)],
        )
    faults = caught.value.data["faults"]
    assert isinstance(faults, list)
    assert len(faults) == 8


@pytest.mark.parametrize(
    ("what", "most", "parts"),
    [
        ("groups", GROUPS_MAX, lambda n: {"groups": [Group(id=str(i), name="G") for i in range(n)]}),
        (
            "areas",
            AREAS_MAX,
            lambda n: {"areas": [HOUSE, *(Area(id=str(i), name="A", parent="house") for i in range(n - 1))]},
        ),
        ("doors", DOORS_MAX, lambda n: {"doors": [door(id=str(i)) for i in range(n)]}),
        ("holds", HOLDS_MAX, lambda n: {"holds": [hold(id=str(i)) for i in range(1, n + 1)]}),
        ("plans", PLANS_MAX, lambda n: {"plans": [Plan(id=str(i), name="P", area="house") for i in range(n)]}),
        ("items", ITEMS_MAX, lambda n: {"items": [Item(id=str(i), name="I") for i in range(n)]}),
    ],
)
def test_layout_has_named_limits(what: str, most: int, parts: Any) -> None:
    built(**parts(most))
    with pytest.raises(BadInput) as caught:
        built(**parts(most + 1))
    assert caught.value.data == {"faults": [f"{most + 1} {what}, at most {most} are possible"]}


@pytest.mark.parametrize(
    ("approved", "faults"),
    [
        ({}, []),
        ({"visitors": 0, "persons": 0}, []),
        ({"visitors": 3, "persons": 3}, []),
        ({"visitors": 3, "persons": 2}, ["it approves fewer persons (2) than visitors (3)"]),
        ({"wheelchair": -1}, ["it has -1 wheelchair"]),
        ({"companions": -2}, ["it has -2 companions"]),
        ({"wheelchair": 50, "companions": 50}, []),
        ({"visitors": 4, "wheelchair": 2, "companions": 2}, []),
        (
            {"visitors": 4, "persons": 9, "wheelchair": 3, "companions": 2},
            ["it keeps 5 places for wheelchair users and companions, of 4"],
        ),
        ({"persons": 4, "wheelchair": 3, "companions": 1}, []),
        (
            {"persons": 4, "wheelchair": 3, "companions": 2},
            ["it keeps 5 places for wheelchair users and companions, of 4"],
        ),
        (
            {"visitors": 0, "persons": 9, "wheelchair": 1},
            ["it keeps 1 places for wheelchair users and companions, of 0"],
        ),
    ],
)
def test_approved_numbers_are_checked(approved: dict[str, Any], faults: list[str]) -> None:
    assert approved_faults("it", Approved(**approved)) == faults


@pytest.mark.parametrize("number", ["visitors", "persons", "wheelchair", "companions"])
def test_approved_numbers_are_not_negative(number: str) -> None:
    assert f"it has -1 {number}" in approved_faults("it", Approved(**{number: -1}))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"areas": [house(persons=-1)]}, "area house has -1 persons"),
        ({"plans": [Plan(id="p", name="P", area="house", persons=-1)]}, "plan p of area house has -1 persons"),
    ],
)
def test_layout_says_whose_numbers_are_wrong(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadInput) as caught:
        built(**changes)
    assert fault in caught.value.message


# --- looked up by id ------------------------------------------------------------------------------------------


def test_path_leads_from_the_house_inwards() -> None:
    assert layout().path("G") == ("house", "wing", "G")
    assert layout().path("house") == ("house",)
    assert layout().path(None) == ()


def test_house_is_the_area_without_a_parent() -> None:
    assert built(areas=[Area(id="a", name="A", parent="house"), HOUSE]).house == HOUSE


def test_things_are_found_by_their_id() -> None:
    here = venue(plans=[Plan(id="rows", name="R", area="T"), Plan(id="rows", name="R", area="P")])
    assert here.door("P-A").name == "Halle A"
    assert here.area("P").name == "Große Halle"
    assert here.plan("P", "rows") == Plan(id="rows", name="R", area="P")


@pytest.mark.parametrize(
    ("what", "ids", "code", "message"),
    [
        ("door", ("X",), "door_unknown", "This event has no door “X”."),
        ("area", ("X",), "area_unknown", "This event has no area “X”."),
        ("plan", ("P", "X"), "plan_unknown", "Area “P” has no plan “X”."),
        ("plan", ("G", "rows"), "plan_unknown", "Area “G” has no plan “rows”."),
    ],
)
def test_things_of_another_event_are_not_found(what: str, ids: tuple[str, ...], code: str, message: str) -> None:
    here = venue(plans=[Plan(id="rows", name="R", area="P")])
    with pytest.raises(NotFound) as caught:
        getattr(here, what)(*ids)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_layout_is_the_same_for_an_event_with_other_settings() -> None:
    here = venue(
        holds=[Hold(area="P", group="presse", seats=2)],
        plans=[Plan(id="rows", name="R", area="P")],
        items=[Item(id="hat", name="H")],
    )
    other = here.of(event(timezone="Asia/Tokyo"))
    assert other.event == event(timezone="Asia/Tokyo")
    assert str(other.zone) == "Asia/Tokyo"
    for things in ("groups", "areas", "doors", "holds", "plans", "items"):
        assert getattr(other, things) == getattr(here, things)
        assert getattr(other, things)


def test_holds_are_those_of_an_area_with_an_id() -> None:
    holds = [
        Hold(area="P", group="presse", seats=2),
        Hold(area="P", session="s1", seats=1, released=True),
        Hold(area="T", group="gast", seats=1, id="mine"),
        Hold(area="T", group="presse", seats=1),
    ]
    here = venue(holds=holds)
    assert [one.id for one in here.holds_in("P")] == ["P-presse", "P-s1"]
    assert [one.id for one in here.holds_in("T")] == ["mine", "T-presse"]
    assert here.holds_in("G") == ()
    assert [(one.area, one.seats, one.released) for one in here.holds] == [
        ("P", 2, False),
        ("P", 1, True),
        ("T", 1, False),
        ("T", 1, False),
    ]
    assert here.groups_held_for("P") == {"presse"}
    assert here.groups_held_for("T") == {"gast", "presse"}
    assert here.groups_held_for("G") == frozenset()


def test_inner_areas_are_those_whose_doors_lead_out_into_one() -> None:
    here = layout()
    assert [area.id for area in here.inner("house")] == ["P", "T", "wing"]
    assert [area.id for area in here.inner("wing")] == ["G"]
    assert here.inner("G") == ()


def test_overflow_is_the_area_to_which_another_is_transmitted() -> None:
    found = layout().overflow("P")
    assert found is not None
    assert found.id == "T"
    assert layout().overflow("T") is None


def test_entries_are_the_doors_that_lead_in() -> None:
    here = venue(
        items=[Item(id="hat", name="H")],
        doors=[
            Door(id="C-1", name="Garderobe", area="P", item="hat"),
            Door(id="P-Z", name="Halle Z", area="P", direction="entry"),
        ],
    )
    assert [one.id for one in here.entries("P")] == ["P-A", "P-B", "P-Z"]
    assert [one.id for one in here.entries("house")] == ["D1", "D2", "D3"]
    assert here.entries("attic") == ()
    assert [one.id for one in here.entries_for("house", "gast")] == ["D1", "D2"]
    assert [one.id for one in here.entries_for("house", "presse")] == ["D1", "D2", "D3"]


# --- times ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("date", "hour"), [(dt.date(2026, 3, 20), 9), (dt.date(2026, 7, 1), 8)])
def test_time_of_day_is_that_of_the_event(date: dt.date, hour: int) -> None:
    here = built(event=event(date=date))
    instant = dt.datetime.combine(date, dt.time(hour, 15, 0, 500_000), dt.UTC)
    assert here.at(dt.time(10, 15, 0, 500_000)) == instant.timestamp() * 1000
    assert here.clock(round(instant.timestamp() * 1000)) == dt.time(10, 15, 0, 500_000)


def test_clock_and_instant_are_each_other_back() -> None:
    assert layout().clock(at("00:00")) == dt.time(0)
    assert layout().clock(at("00:00") - 1) == dt.time(23, 59, 59, 999_000)


@pytest.mark.parametrize(
    ("hours", "clock", "is_open"),
    [
        ({}, "03:00", True),
        ({"opens": dt.time(9)}, "08:59", False),
        ({"opens": dt.time(9)}, "09:00", True),
        ({"closes": dt.time(18)}, "17:59", True),
        ({"closes": dt.time(18)}, "18:00", False),
        ({"opens": dt.time(9), "closes": dt.time(18)}, "12:00", True),
        ({"direction": "exit"}, "12:00", False),
        ({"direction": "entry"}, "12:00", True),
    ],
)
def test_door_is_open_within_its_hours(hours: dict[str, Any], clock: str, is_open: bool) -> None:
    assert door(**hours).is_open(dt.time.fromisoformat(clock)) is is_open


@pytest.mark.parametrize(
    ("direction", "group", "is_open"),
    [("both", "g", True), ("both", "h", False), ("both", None, False), ("exit", "g", False)],
)
def test_door_is_open_early_for_its_early_groups(direction: str, group: str | None, is_open: bool) -> None:
    assert door(direction=direction, opens=dt.time(9), early=("g",)).is_open(dt.time(8), group) is is_open
