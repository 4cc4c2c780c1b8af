"""The organiser's preview of badges, drawn anew by itself."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.served import Served
from tests.venue import SLUG

PAGE = f"/events/{SLUG}/badges"
PLAIN = '#import "@checkin/badge:1.0.0": *\n#badges(badge => fitted(badge.given_name, 20mm, 9mm, 20pt, 9pt))\n'


def test_preview_shows_each_format_and_says_that_all_fit(opened: Opened, served: Served) -> None:
    page = opened(PAGE)
    expect(page.locator("#sides img")).to_have_count(1)
    assert page.locator("#sides img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 620
    expect(page.locator("#verdict")).to_have_text("Ja: alle 26 Badges passen.")
    page.select_option("#format", "butterfly")
    expect(page.locator("#sides img")).to_have_count(2)
    assert "format=butterfly" in (page.locator("#pdf").get_attribute("href") or "")
    with page.expect_download() as loading:
        page.click("#pdf")
    assert Path(loading.value.path()).read_bytes().startswith(b"%PDF-")


def test_preview_follows_the_template_and_tells_its_error(opened: Opened, served: Served, tmp_path: Path) -> None:
    page = opened(PAGE)
    expect(page.locator("#sides img")).to_have_count(1)
    expect(page.locator("#source")).to_contain_text(f"{SLUG}/badges/a6.typ")
    before = page.locator("#sides img").get_attribute("src")
    own = tmp_path / "events" / SLUG / "badges"
    own.mkdir(parents=True)
    (own / "a6.typ").write_text(PLAIN, encoding="utf-8")
    expect(page.locator("#source")).to_contain_text("Eigene Vorlage")
    expect(page.locator("#sides img")).not_to_have_attribute("src", before or "")
    (own / "a6.typ").write_text(PLAIN.replace("given_name", "given"), encoding="utf-8")
    expect(page.locator("#fault")).to_contain_text("Vorlage a6.typ, Zeile 2: „given“ gibt es auf einem Badge nicht")
    expect(page.locator("#sides img")).to_have_count(0)
    (own / "a6.typ").unlink()
    expect(page.locator("#sides img")).to_have_attribute("src", before or "")
    expect(page.locator("#fault")).to_be_hidden()


def test_preflight_names_who_does_not_fit(opened: Opened, served: Served) -> None:
    sent = {"given_name": "Ada", "family_name": "\U00012000", "organisation": "Amt " * 45, "group": "gast"}
    served.operator().post("/attendees", json=sent)
    page = opened(PAGE)
    page.select_option("#format", "cr80")
    expect(page.locator("#misfits li")).to_have_count(2)
    expect(page.locator("#misfits")).to_contain_text("Nachname: Zeichen, die keine Schrift hat (\U00012000)")
    expect(page.locator("#misfits")).to_contain_text("Institution zu lang")


def test_badges_page_works_at_360_pixels(opened: Opened) -> None:
    page = opened(PAGE, 360, 800)
    expect(page.locator("#sides img")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_all_badges_come_as_one_file_and_who_is_missing_is_named(opened: Opened, served: Served) -> None:
    sent = {"given_name": "Ada", "family_name": "Fehlt \U00012000", "group": "presse"}
    served.operator().post("/attendees", json=sent)
    page = opened(PAGE)
    expect(page.locator("#group option")).not_to_have_count(0)
    page.select_option("#group", "presse")
    page.check("#sheet")
    with page.expect_download() as loading:
        page.locator("#all button").click()
    assert Path(loading.value.path()).read_bytes().startswith(b"%PDF-")
    expect(page.locator("#printed")).to_contain_text("2 Badges sind im PDF.", timeout=20_000)
    expect(page.locator("#printed li")).to_contain_text("Ada Fehlt")
    page.select_option("#format", "label62")
    expect(page.locator("#sheet-choice")).to_be_hidden()
