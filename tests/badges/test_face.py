"""Texts as the templates get them: where their lines may break, and which way they run."""

from __future__ import annotations

import msgspec
import pytest

from checkin.badges.face import part_of, parts_of, template_data
from tests.badges.test_render import FACE


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Freifrau von Müller-Lüdenscheidt", ("Freifrau ", "von ", "Müller-", "Lüdenscheidt")),
        ("Amt/Abteilung  Nord\n", ("Amt/", "Abteilung ", "Nord")),
        ("Land – Stadt", ("Land ", "– ", "Stadt")),
        ("東京都 Ost", ("東", "京", "都 ", "Ost")),
        ("김 민준", ("김 ", "민준")),
        ("สวัสดี", ("สวัสดี",)),
        ("", ("",)),
    ],
)
def test_lines_break_after_spaces_hyphens_and_slashes_and_between_chinese_letters(
    text: str, pieces: tuple[str, ...]
) -> None:
    assert part_of("organisation", text).pieces == pieces


def test_pieces_add_up_to_the_text() -> None:
    text = "Gesellschaft für Stadt- und Regionalplanung/Büro"
    assert "".join(part_of("organisation", text).pieces) == text


@pytest.mark.parametrize(
    ("text", "rtl"), [("Ada", False), ("محمد", True), ("כהן", True), ("123", False), ("(כהן)", True)]
)
def test_text_runs_as_its_first_letter_does(text: str, rtl: bool) -> None:
    assert part_of("family_name", text).rtl is rtl


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Verein جمعية (د)", "\u200f"),
        ("شركة GmbH & Co.", "\u200e"),
        ("Verein e. V.", ""),
        ("جمعية (د)", ""),
        ("Verein", ""),
        ("محمد", ""),
        ("Halle 6", ""),
        ("قاعة 6", ""),
        ("Raum قاعة 6", ""),
    ],
)
def test_sign_at_the_end_stays_with_the_letters_before_it(text: str, mark: str) -> None:
    assert "".join(part_of("organisation", text).pieces) == text + mark


def test_letters_in_two_parts_are_put_together() -> None:
    assert part_of("family_name", "Mu\u0308ller").text == "Müller"


def test_place_is_position_and_town_and_four_forums_are_printed() -> None:
    face = msgspec.structs.replace(FACE, position="", forums=tuple("abcdef"))
    texts = [(part.field, part.text) for part in parts_of(face)]
    assert ("place", "Dortmund") in texts
    assert [text for field, text in texts if field == "forums"] == ["a", "b", "c", "d"]
    assert len(template_data(face)["forums"]) == 4
