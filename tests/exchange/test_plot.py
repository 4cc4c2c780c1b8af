"""Curves as SVG."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from checkin.exchange.plot import LABEL_APART, Panel, Series, plot_svg

BERLIN = ZoneInfo("Europe/Berlin")
NS = {"svg": "http://www.w3.org/2000/svg"}
values = st.lists(st.floats(0, 1e6), min_size=1, max_size=30)


@given(st.lists(values, min_size=1, max_size=10))
def test_any_curves_are_well_formed_and_their_names_apart(curves: list[list[float]]) -> None:
    series = [
        Series(label=f"<Saal & {number}>", points=[(at * 60_000, value) for at, value in enumerate(curve)])
        for number, curve in enumerate(curves)
    ]
    drawn = ET.fromstring(plot_svg("Tag", [Panel(title="Haus", series=series)], BERLIN))
    names = [one for one in drawn.findall(".//svg:text", NS) if (one.text or "").startswith("<Saal")]
    heights = sorted(float(one.get("y", "0")) for one in names)
    assert len(names) == len(curves)
    assert all(later - earlier >= LABEL_APART - 0.11 for earlier, later in itertools.pairwise(heights))
    assert "NaN" not in ET.tostring(drawn, encoding="unicode")


def test_hours_are_those_of_the_event() -> None:
    points = [(0, 1.0), (4 * 3_600_000, 3.0)]
    drawn = plot_svg("Tag", [Panel(title="Haus", series=[Series(label="drin", points=points)])], BERLIN).decode()
    assert ">01:00<" in drawn
    assert ">05:00<" in drawn
    assert "drin (≤ 3)" in drawn
