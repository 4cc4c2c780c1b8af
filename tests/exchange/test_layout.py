from __future__ import annotations

import datetime as dt

import pytest

from checkin.core.errors import BadInput, TooLarge
from checkin.exchange.layout import LAYOUT_BYTES_MAX, read_layout

GOOD = """
[event]
slug = "e"
name = "E"
date = 2017-03-20
timezone = "Europe/Berlin"
[[group]]
id = "crew"
name = "Helfende"
counts_as = "crew"
[[area]]
id = "house"
name = "Straßenbahnhalle Nord"
visitors = 690
persons = 750
[[door]]
id = "D1"
name = "Süd"
area = "house"
opens = "09:00"
closes = 18:30:00
groups = ["crew"]
reentry = "allow"
[[hold]]
area = "house"
group = "crew"
seats = 8
until = "10:35"
"""


def test_layout_file_is_read_as_the_interface_says() -> None:
    layout = read_layout(GOOD.encode())
    door = layout.doors["D1"]
    assert (door.opens, door.closes, door.groups, door.reentry) == (dt.time(9), dt.time(18, 30), ("crew",), "allow")
    assert layout.house.persons == 750
    assert layout.groups["crew"].counts_as == "crew"
    assert layout.holds[0].until == dt.time(10, 35)
    assert layout.event.date == dt.date(2017, 3, 20)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[event]", "[evnt]", "“evnt” is not part of a layout"),
        ("[[door]]", "[door]", "write [[door]] with two brackets"),
        ("visitors = 690", 'visitors = "many"', "[[area]] 1: Expected `int | null`"),
        ('opens = "09:00"', 'opens = "9 Uhr"', "[[door]] 1"),
        ('reentry = "allow"', 'reentry = "sometimes"', "[[door]] 1: Invalid enum value 'sometimes'"),
        ('name = "Süd"', 'nme = "Süd"', "“nme” is not known"),
        ('area = "house"\nopens', 'area = "cellar"\nopens', "“cellar”, which does not exist"),
        ("slug =", "slug ==", "not TOML"),
    ],
)
def test_fault_is_named_with_its_place(old: str, new: str, fault: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_layout(GOOD.replace(old, new).encode())
    assert fault in caught.value.message


def test_several_faults_are_named_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        read_layout(GOOD.replace("690", '"x"').replace('"allow"', '"x"').encode())
    assert "[[area]] 1" in caught.value.message
    assert "[[door]] 1" in caught.value.message


def test_large_layout_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_layout(b"#" * (LAYOUT_BYTES_MAX + 1))
