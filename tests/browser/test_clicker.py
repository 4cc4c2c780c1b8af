"""The clicker, on a phone held in one hand."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.cable import Cable
from tests.browser.conftest import Opened
from tests.served import Served
from tests.venue import SLUG

CLICKER = f"/events/{SLUG}/clicker/T"
PHONE = (360, 740)


def ready(page: Page) -> Page:
    expect(page.locator("#link")).to_have_text("verbunden")
    expect(page.locator("#inside")).not_to_have_text("–")
    return page


def until_sent(page: Page) -> None:
    """Until the page keeps no click that has no answer."""
    for _ in range(100):
        if page.evaluate("Object.values(localStorage).every((kept) => kept === '[]')"):
            return
        page.wait_for_timeout(50)
    raise AssertionError("clicks are waiting still")


def theatre(served: Served) -> dict[str, Any]:
    areas: list[dict[str, Any]] = served.client("display").get("/occupancy").json()["areas"]
    return next(area for area in areas if area["id"] == "T")


def test_clicks_count_and_are_undone_situation_46(opened: Opened, served: Served) -> None:
    page = ready(opened(CLICKER, *PHONE, role="steward"))
    expect(page.locator("#minus")).to_be_disabled()
    for _ in range(3):
        page.click("#plus")
    expect(page.locator("#inside")).to_have_text("3")
    expect(page.locator("#level")).to_have_text("voll – eine Person raus, eine rein")
    page.click("#minus")
    expect(page.locator("#inside")).to_have_text("2")
    expect(page.locator("#undo")).to_have_text("−1 rückgängig")
    page.click("#undo")
    expect(page.locator("#inside")).to_have_text("3")
    page.click("#undo")
    expect(page.locator("#own")).to_have_text("Von Ihnen: 2 hinein, 0 hinaus")
    expect(page.locator("#inside")).to_have_text("2")
    until_sent(page)
    assert (theatre(served)["inside"], theatre(served)["uncounted"]) == (2, 2)


def test_clicks_without_a_link_wait_and_count_once(opened: Opened, served: Served, cable: Cable) -> None:
    page = ready(opened(CLICKER, *PHONE, role="steward"))
    cable.cut()
    for _ in range(4):
        page.click("#plus")
    page.click("#undo")
    expect(page.locator("#inside")).to_have_text("3")
    expect(page.locator("#own")).to_contain_text("3 warten auf Verbindung")
    assert theatre(served)["inside"] == 0
    cable.mend()
    page.reload()
    expect(page.locator("#inside")).to_have_text("3")
    until_sent(page)
    assert theatre(served)["inside"] == 3


def test_headcount_says_what_it_changes_and_how_sure_the_count_is_situation_42(opened: Opened, served: Served) -> None:
    page = ready(opened(CLICKER, *PHONE, role="steward"))
    page.click("#plus")
    expect(page.locator("#certainty")).to_have_text("± 0 · heute noch nicht gezählt")
    page.click("#headcount")
    page.fill("[name=headcount]", "3")
    expect(page.locator("#change")).to_have_text("Das ändert den Stand um +2.")
    page.fill("[name=note]", "zwei saßen schon")
    page.keyboard.press("Enter")
    expect(page.locator("#inside")).to_have_text("3")
    expect(page.locator("#certainty")).to_have_text("± 0 · gezählt um 10:00")
    page.click("#undo")
    expect(page.locator("#inside")).to_have_text("1")


def test_keys_of_a_keyboard_click_too(opened: Opened) -> None:
    page = ready(opened(CLICKER, role="steward"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("+")
    expect(page.locator("#inside")).to_have_text("2")
    page.keyboard.press("-")
    page.keyboard.press("Backspace")
    expect(page.locator("#inside")).to_have_text("2")


@pytest.mark.parametrize(("width", "height"), [PHONE, (740, 360), (1280, 800)])
def test_everything_is_on_the_screen_and_large_enough_for_a_thumb(opened: Opened, width: int, height: int) -> None:
    page = ready(opened(CLICKER, width, height, role="steward"))
    for key in ("#plus", "#minus", "#undo", "#headcount", "#inside", "#certainty"):
        box = page.locator(key).bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= width - box["width"]
        assert 0 <= box["y"] <= height - box["height"]
        if key in ("#plus", "#minus"):
            assert min(box["width"], box["height"]) >= 96
