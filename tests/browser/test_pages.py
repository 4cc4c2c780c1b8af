"""The organiser's pages, and what a blind person meets on every one of them."""

from __future__ import annotations

import re
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened
from tests.served import PASSWORD, Served
from tests.venue import SLUG

PAGES = {
    "events": "/",
    "live": f"/events/{SLUG}",
    "rooms": f"/events/{SLUG}/rooms",
    "safety": f"/events/{SLUG}/safety",
    "devices": f"/events/{SLUG}/devices",
    "badges": f"/events/{SLUG}/badges",
    "door": f"/events/{SLUG}/door/D1",
    "board": f"/events/{SLUG}/board",
    "room": f"/events/{SLUG}/room/P",
    "clicker": f"/events/{SLUG}/clicker/P",
    "desk": f"/events/{SLUG}/desk",
    "printer": f"/events/{SLUG}/printer",
    "login": "/login",
    "pair": "/pair",
}


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(opened: Opened, served: Served, page: str, scheme: str) -> None:
    steward = served.operator("steward")
    for code in (served.codes["a1"], served.codes["a1"]):
        steward.post("/scans", json={"id": str(uuid.uuid4()), "code": code, "door": "D1"})
    shown = opened(PAGES[page], scheme=scheme)
    shown.wait_for_timeout(600)
    assert violations(shown) == []


@pytest.mark.parametrize(("who", "word"), [("a1", "Willkommen"), ("cancelled", "Stopp"), ("p0", "Willkommen")])
def test_axe_finds_nothing_on_a_door_s_answer(opened: Opened, served: Served, who: str, word: str) -> None:
    if who == "cancelled":
        served.operator().patch("/attendees/a2", json={"registration": "cancelled"})
    page = opened(PAGES["door"])
    expect(page.locator("#link")).to_have_text("verbunden")
    page.keyboard.insert_text("")
    page.click("#type")
    page.fill("#code", served.codes["a2" if who == "cancelled" else who])
    page.press("#code", "Enter")
    expect(page.locator("#head")).to_have_text(word)
    assert violations(page) == []


def test_organiser_sees_arrivals_refusals_and_doors_live(opened: Opened, served: Served) -> None:
    page = opened(PAGES["live"], 1920, 1080)
    expect(page.locator("#areas li")).to_have_count(5)
    expect(page.locator("#curve-words")).to_have_text("Noch ist niemand angekommen.")
    steward = served.operator("steward")
    for code in (served.codes["a1"], served.codes["a2"], served.codes["a1"]):
        steward.post("/scans", json={"id": str(uuid.uuid4()), "code": code, "door": "D1"})
    expect(page.locator("#areas li strong").first).to_have_text("2 / 10")
    expect(page.locator("#curve-words")).to_contain_text("2 Ankünfte", timeout=8_000)
    assert page.locator("#curve desc").text_content() == page.locator("#curve-words").text_content()
    expect(page.locator("#refusals li")).to_contain_text("Bereits eingecheckt")
    expect(page.locator("#scans tr").first).to_contain_text("Ada Nr a1")
    expect(page.locator("#doors li").first).to_contain_text("3 Scans")


def test_live_page_works_at_360_pixels(opened: Opened) -> None:
    page = opened(PAGES["live"], 360, 800)
    expect(page.locator("#areas li")).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_log_in_leads_back_to_the_page_that_was_asked_for(opened: Opened, served: Served) -> None:
    served.operator("steward")
    name = f"steward {len(served.clients) - 1}"
    page = opened(PAGES["live"], login=False)
    assert "/login?next=" in page.url
    page.fill("[name=name]", name)
    page.fill("[name=password]", "falsch")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_have_text("Name oder Passwort ist falsch.")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/events/{SLUG}$"))
    expect(page.locator("#event")).to_have_text("Tagung")


def test_device_is_added_paired_by_its_link_and_revoked(opened: Opened) -> None:
    page = opened(PAGES["devices"])
    page.fill("[name=name]", "Tablet Süd")
    page.select_option("[name=door]", "D2")
    page.click("#add button")
    expect(page.locator("#pairing")).to_be_visible()
    assert (page.locator("#qr").get_attribute("src") or "").startswith("data:image/svg+xml")
    assert page.evaluate("document.querySelector('#qr').naturalWidth") > 0
    with page.expect_response(re.compile("/pairing$")) as answered:
        page.click("#closepairing")
        page.locator("#list button").first.click()
    path = answered.value.json()["link"].partition("/pair")[2]
    tablet = opened(f"/pair{path}", login=False)
    tablet.click("#pair")
    tablet.wait_for_url(re.compile(rf"/events/{SLUG}/door/D2$"))
    expect(tablet.locator("#link")).to_have_text("verbunden")
    page.click("#closepairing")
    page.locator("#list .danger").first.click()
    page.click("#revokeyes")
    expect(page.locator("#list li").first).to_contain_text("gesperrt")
    tablet.reload()
    assert "/login" in tablet.url
    used = opened(f"/pair{path}", login=False)
    used.click("#pair")
    expect(used.locator("#message")).to_contain_text("verbraucht oder abgelaufen")
