"""`checkin badges` as an organiser types it."""

from __future__ import annotations

import json
from pathlib import Path

import pypdf
import pytest

from tests.badges.test_render import sizes_mm
from tests.test_commands import FILES, SLUG, Shell

FEW = """Ticketnr;Vorname;Nachname;Institution;Ort;Kategorie
1;Ada;Müller;Stadt Dortmund;Dortmund;Presse
2;محمد;العلي;Stadt Essen;Essen;Presse
3;Marie-Luise;Freifrau von Schmettow-Wolkenstein;Amt;Unna;Forschung und Planung
"""


@pytest.fixture
def few(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    (tmp_path / "list.csv").write_text(FEW, encoding="utf-8")
    shell.well("import", "layout", SLUG, str(FILES / "layout.toml"))
    shell.well("import", "attendees", SLUG, "list.csv")
    return shell


def test_badges_are_written_in_a_format_for_a_group_and_on_sheets(few: Shell) -> None:
    assert "b.pdf: 3 badges, 3 of them new." in few.well("badges", SLUG, "--out", "b.pdf", "--format", "cr80")
    assert sizes_mm((few.folder / "b.pdf").read_bytes()) == [(86, 54)] * 3
    few.well("badges", SLUG, "--out", "s.pdf", "--format", "butterfly", "--sheet", "a4", "--group", "presse")
    assert sizes_mm((few.folder / "s.pdf").read_bytes()) == [(210, 297)] * 2
    assert len(pypdf.PdfReader(few.folder / "s.pdf").pages) == 2
    assert "those that do: a6" in few.failed("badges", SLUG, "--out", "x.pdf", "--format", "label62", "--sheet", "a4")
    assert "no group “x”" in few.failed("badges", SLUG, "--out", "x.pdf", "--group", "x")
    few.failed("badges", SLUG, code=2)
    few.failed("badges", SLUG, "--out", "x.pdf", "--check", code=2)


def test_check_issues_nothing_and_names_who_does_not_fit(few: Shell) -> None:
    assert "3 badges fit: a6, a7, cr80, butterfly" in few.well("badges", SLUG, "--check")
    assert few.well("badges", SLUG, "--check", "--json") == "[]\n"
    assert json.loads(few.well("codes", SLUG, "--json")) == []
    long = FEW + "4;Eva;Lang;" + "Amt für Stadterneuerung und Wohnungswesen " * 4 + ";Hagen;Presse\n"
    (few.folder / "list.csv").write_text(long, encoding="utf-8")
    few.well("import", "attendees", SLUG, "list.csv")
    done = few.run("badges", SLUG, "--check", "--format", "cr80", "--group", "presse")
    assert done.returncode == 1
    assert done.stdout == "– Eva Lang: organisation is too long for cr80\n"
    assert done.stderr == "checkin: 1 text on 3 badges does not fit.\n"
    (misfit,) = json.loads(few.run("badges", SLUG, "--check", "--json", "--format", "cr80").stdout)
    assert (misfit["name"], misfit["field"], misfit["format"]) == ("Eva Lang", "organisation", "cr80")


def test_one_letter_that_no_font_has_keeps_back_that_badge_alone(few: Shell) -> None:
    (few.folder / "list.csv").write_text(FEW + "4;Eva;\U00012000Lang;Amt;Hagen;Presse\n", encoding="utf-8")
    few.well("import", "attendees", SLUG, "list.csv")
    done = few.run("badges", SLUG, "--out", "b.pdf")
    assert done.returncode == 1
    assert "b.pdf: 3 badges, 3 of them new." in done.stdout
    named, last = done.stderr.splitlines()
    assert "Eva \U00012000Lang: family name has letters that no font has" in named
    assert last.startswith("checkin: 1 badge is not in b.pdf")
    assert len(pypdf.PdfReader(few.folder / "b.pdf").pages) == 3
    again = few.run("badges", SLUG, "--out", "none.pdf", "--group", "forschung")
    assert again.returncode == 0, again.stderr


def test_own_template_of_the_event_is_used_and_its_error_is_one_line(few: Shell) -> None:
    own = few.folder / "veranstaltungen" / SLUG / "badges"
    own.mkdir(parents=True)
    few.environment["CHECKIN_EVENTS_FOLDER"] = "veranstaltungen"
    template = '#import "@checkin/badge:1.0.0": *\n#badges(badge => fitted(badge.town, 20mm, 9mm, 20pt, 9pt))\n'
    (own / "a6.typ").write_text(template, encoding="utf-8")
    assert "Template a6.typ, line 2: dictionary does not contain key" in few.failed("badges", SLUG, "--out", "x.pdf")
    assert not (few.folder / "x.pdf").exists()
    (own / "a6.typ").write_text(template.replace("town", "place"), encoding="utf-8")
    few.well("badges", SLUG, "--out", "b.pdf")
    text = pypdf.PdfReader(few.folder / "b.pdf").pages[0].extract_text()
    assert text.strip() in ("Dortmund", "Essen", "Unna")
