"""The pre-flight: who is named, and who is hard."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from checkin.badges.formats import FORMATS
from checkin.badges.preflight import hardest, preflight
from tests.badges.test_render import FACE, MINISTRY, faces


@pytest.mark.parametrize("format", FORMATS)
def test_hard_names_fit_every_format(format: str) -> None:
    assert preflight(faces(), format) == []


def test_everybody_who_does_not_fit_is_named_with_field_and_reason() -> None:
    cuneiform = msgspec.structs.replace(FACE, attendee="a1", desk_number=7, family_name="\U00012000")
    long = msgspec.structs.replace(FACE, attendee="a2", desk_number=0, organisation=MINISTRY * 5, title="Dr.")
    found = preflight([FACE, cuneiform, long, msgspec.structs.replace(long, attendee="a3")], "cr80")
    assert [(one.attendee, one.field, one.letters, one.format) for one in found] == [
        ("a1", "family_name", "\U00012000", ""),
        ("a2", "organisation", "", "cr80"),
        ("a3", "organisation", "", "cr80"),
    ]
    assert str(found[0]) == "7 Ada \U00012000: family name has letters that no font has (\U00012000 U+12000)"
    assert str(found[1]) == "– Dr. Ada Müller: organisation is too long for cr80"


def test_length_is_measured_with_the_event_s_own_template(tmp_path: Path) -> None:
    (tmp_path / "a6.typ").write_text(
        '#import "@checkin/badge:1.0.0": *\n#badges(badge => fitted(badge.family_name, 5mm, 5mm, 40pt, 30pt))',
        encoding="utf-8",
    )
    assert [one.field for one in preflight([FACE], "a6", own=tmp_path)] == ["family_name"]
    assert preflight([FACE], "a6") == []


def test_many_are_measured_in_parts() -> None:
    everybody = [msgspec.structs.replace(FACE, attendee=str(number)) for number in range(120)]
    everybody[110] = msgspec.structs.replace(everybody[110], town="Neustadt " * 40)
    assert [(one.attendee, one.field) for one in preflight(everybody, "a7")] == [("110", "place")]


def test_hardest_are_the_longest_and_one_of_each_script() -> None:
    easy = [msgspec.structs.replace(FACE, given_name="Al", family_name=f"Lu {number}") for number in range(50)]
    chosen = hardest([*easy, *faces()], 20)
    assert chosen[0].given_name == "Friederike-Charlotte"
    assert {face.family_name for face in faces()} <= {face.family_name for face in chosen}
    assert len(chosen) == 20
    assert len(hardest(faces(), 99)) == len(faces())
