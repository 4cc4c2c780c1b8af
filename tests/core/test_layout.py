from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from checkin.core.errors import BadInput, NotFound
from checkin.core.layout import Layout
from checkin.core.model import Area, Door, Event, Group, Hold
from tests.venue import layout

EVENT = Event(slug="e", name="E", date=dt.date(2026, 3, 20), timezone="Europe/Berlin")
HOUSE = Area(id="house", name="Haus")


def built(**changes: Any) -> Layout:
    parts: dict[str, Any] = {"event": EVENT, "groups": [], "areas": [HOUSE], "doors": [], "holds": []}
    return Layout(**{**parts, **changes})


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"areas": []}, "exactly one area must have no parent"),
        ({"areas": [HOUSE, Area(id="b", name="B")]}, "exactly one area must have no parent"),
        ({"areas": [HOUSE, HOUSE]}, "area house is given 2 times"),
        ({"areas": [HOUSE, Area(id="a", name="A", parent="nowhere")]}, "“nowhere” as parent"),
        ({"areas": [HOUSE, Area(id="a", name="A", parent="b"), Area(id="b", name="B", parent="a")]}, "form a loop"),
        ({"areas": [HOUSE, Area(id="a", name="A", parent="a")]}, "areas form a loop: a in a"),
        ({"areas": [Area(id="house", name="H", visitors=9, persons=8)]}, "fewer persons"),
        ({"areas": [Area(id="house", name="H", visitors=-1)]}, "-1 visitors"),
        ({"doors": [Door(id="D", name="D", area="cellar")]}, "leads into area “cellar”"),
        ({"doors": [Door(id="D", name="D", area="house", groups=("x",))]}, "admits group “x”"),
        ({"doors": [Door(id="D", name="D", area="house", opens=dt.time(9), closes=dt.time(9))]}, "opens at 09:00"),
        ({"holds": [Hold(area="x", group="y", seats=0)]}, "keeps 0 seats"),
        ({"groups": [Group(id="g", name="G")] * 2}, "group g is given 2 times"),
        ({"event": msgspec.structs.replace(EVENT, timezone="Mars/Crater")}, "Mars/Crater"),
    ],
)
def test_layout_names_its_fault(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadInput, match="The layout cannot be used") as caught:
        built(**changes)
    assert fault in caught.value.message


def test_layout_names_all_faults_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        built(doors=[Door(id="D", name="D", area="cellar"), Door(id="E", name="E", area="attic")])
    assert "cellar" in caught.value.message
    assert "attic" in caught.value.message


def test_path_leads_from_the_house_inwards() -> None:
    assert layout().path("G") == ("house", "wing", "G")
    assert layout().path(None) == ()


def test_unknown_door_and_area_are_not_found() -> None:
    with pytest.raises(NotFound, match="no door"):
        layout().door("X")
    with pytest.raises(NotFound, match="no area"):
        layout().area("X")
