"""After the event: rule, certificate, the page where anybody checks it, a paper list, who did what, deletion."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect

from checkin.core.model import Session
from checkin.service.schedule import import_schedule
from tests.browser.conftest import Opened
from tests.served import Served, serve
from tests.venue import SLUG, at
from tests.web.test_papers import Clock, a_day, code_on


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    clock = Clock()
    with serve(tmp_path, clock=clock, house=100) as one:
        session = Session(id="opening", area="P", title="Eröffnung", starts_at=at("10:30"), ends_at=at("12:00"))
        one.write(lambda tx: import_schedule(tx, one.centre.venues, SLUG, [session], now=at("08:00"), by="test"))
        a_day(one, clock)
        yield one


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_organiser_certifies_enters_a_paper_list_looks_who_did_what_and_plans_deletion(
    opened: Opened, served: Served
) -> None:
    page = opened(f"/events/{SLUG}/papers")
    expect(page.locator("#verdict")).to_contain_text("2 von 2 Anwesenden")
    expect(page.locator("#proposed")).to_contain_text("Das ist ein Vorschlag")
    expect(page.locator("#counting")).to_have_text("Es zählen 1 von 1 Programmpunkten.")
    page.fill("[name=least_min]", "75")
    expect(page.locator("#verdict")).to_contain_text("1 von 2 Anwesenden")
    expect(page.locator("#people li").first).to_contain_text("keine Bescheinigung")
    page.click("#rule .button")
    expect(page.locator("#notice")).to_contain_text("Die Regel gilt ab jetzt")
    expect(page.locator("#proposed")).to_be_hidden()
    page.click("#issue button")
    expect(page.locator("[name=address]")).to_be_focused()
    expect(page.locator("#addresswanted")).to_contain_text("nur hier im Haus")
    page.fill("[name=address]", "http://192.168.1.5")
    page.keyboard.press("Enter")
    expect(page.locator("#addressfault")).to_contain_text("gilt nur im Haus")
    page.fill("[name=address]", "https://checkin.example.org")
    page.keyboard.press("Enter")
    expect(page.locator("#addresswanted")).to_be_hidden()
    with page.expect_download() as loading:
        page.click("#issue button")
    (paper,) = pypdf.PdfReader(io.BytesIO(Path(loading.value.path()).read_bytes())).pages
    expect(page.locator("#issued li")).to_have_count(1)

    code = code_on(paper.extract_text())
    anybody = opened(f"/verify#{code.replace(' ', '')}", 360, 780, login=False)
    expect(anybody.locator("#answer")).to_contain_text("Gültig")
    expect(anybody.locator("main")).not_to_contain_text("Nr a1")
    anybody.fill("[name=code]", "0000 0000 0000 0000")
    anybody.keyboard.press("Enter")
    expect(anybody.locator("#answer")).to_contain_text("Nicht von uns")
    assert fits(anybody)

    page.click("#issued button")
    anybody.fill("[name=code]", code)
    anybody.keyboard.press("Enter")
    expect(page.locator("#issued li")).to_contain_text("widerrufen")
    anybody.keyboard.press("Enter")
    expect(anybody.locator("#answer")).to_contain_text("Widerrufen")

    page.goto(page.url.replace("/papers", "/paper-list"))
    expect(page.locator("[name=number]")).to_be_focused()
    page.select_option("[name=door]", "P-A")
    page.locator("[name=number]").focus()
    for number in ("1003", "1004"):
        page.keyboard.type(number)
        page.keyboard.press("Enter")
        page.keyboard.type("942")
        page.keyboard.press("Enter")
        expect(page.locator("[name=number]")).to_have_value("")
        expect(page.locator("[name=number]")).to_be_focused()
    expect(page.locator("#counted")).to_have_text("2 eingetragen, 0 zu prüfen")
    expect(page.locator("#entered li").first).to_contain_text("1004 · 09:42")
    page.locator("#entered li").first.get_by_role("button").click()
    expect(page.locator("#counted")).to_have_text("1 eingetragen, 0 zu prüfen")
    page.reload()
    expect(page.locator("#counted")).to_have_text("1 eingetragen, 0 zu prüfen")
    page.select_option("[name=door]", "P-A")
    page.locator("[name=number]").focus()
    page.keyboard.type("4711")
    page.keyboard.press("Enter")
    page.keyboard.type("942")
    page.keyboard.press("Enter")
    expect(page.locator("#fault")).to_have_text("Diese Nummer steht auf keinem Badge.")

    page.goto(page.url.replace("/paper-list", "/audit"))
    expect(page.locator("#entries")).to_contain_text("Bescheinigung: widerrufen")
    page.fill("[name=q]", "Nr a2")
    page.select_option("[name=kind]", "scans")
    expect(page.locator("#entries tr").first).to_contain_text("von Papierliste nachgetragen")
    expect(page.locator("#files a").first).to_have_attribute("href", re.compile("kind=scans"))
    with page.expect_download() as loading:
        page.click("#files >> text=CSV")
    assert "Nr a2" in Path(loading.value.path()).read_text("utf-8-sig")

    page.goto(page.url.partition("/audit")[0] + "/erasure")
    expect(page.locator("#stages li")).to_have_count(3)
    expect(page.locator("#stages li").nth(2)).to_contain_text("26 Namen")
    page.fill("[name=names_days]", "300")
    expect(page.locator("#brkg")).to_contain_text("bevor Bescheinigungen für Reisekosten entbehrlich sind")
    page.fill("[name=names_days]", "460")
    page.check("[name=on]")
    page.click("#days .button")
    expect(page.locator("#state")).to_contain_text("eingeschaltet: Was fällig ist")
    page.locator("#stages li").first.get_by_role("button").click()
    page.fill("dialog [name=sure]", "ja")
    page.click("dialog .danger")
    expect(page.locator("dialog [role=alert]")).to_have_text("Zur Bestätigung LÖSCHEN eintippen")
    page.fill("dialog [name=sure]", "löschen")
    page.click("dialog .button.danger")
    expect(page.locator("#stages li").first).to_contain_text("gelöscht am")


def test_consent_is_changed_at_the_desk_and_taken_back_situation_67(opened: Opened, served: Served) -> None:
    page = opened(f"/events/{SLUG}/desk")
    page.fill("#query", "Nr a1")
    page.locator("#found li", has_text="Nr a1").first.click()
    listed = page.locator(".consents [name=listed]")
    expect(listed).not_to_be_checked()
    listed.check()
    expect(page.locator("#notice")).to_contain_text("Einwilligung geändert")
    expect(listed).to_be_checked()
    page.locator("#notice button").click()
    expect(listed).not_to_be_checked()
    page.locator("[data-key=erase]").click()
    expect(page.locator("dialog")).to_contain_text("Gelöscht werden: 1 Name, 3 Durchgänge")


@pytest.mark.parametrize("path", ["papers", "paper-list", "audit", "erasure"])
def test_papers_fit_on_a_phone(opened: Opened, path: str) -> None:
    page = opened(f"/events/{SLUG}/{path}", 360, 780)
    expect(page.locator("#link")).to_have_text("verbunden")
    assert fits(page)
