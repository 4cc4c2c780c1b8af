"""The bar for long work, and the time that it says is left."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened

START = """async (total) => {
  const { progress } = await import("/faces/progress.js");
  window.bar = progress(document.querySelector("main"), { label: "printAllRuns", ...(total ? { total } : {}) });
}"""


def started(opened: Opened, total: int | None) -> Page:
    page = opened("/login", login=False)
    expect(page.locator("h1")).to_have_text("Anmelden")
    page.evaluate(START, total)
    return page


def test_bar_says_how_much_is_done_and_how_long_it_still_takes(opened: Opened) -> None:
    page = started(opened, 1000)
    bar = page.get_by_role("progressbar", name="Das PDF wird gesetzt")
    expect(bar).to_have_attribute("aria-valuetext", "0 %")
    page.evaluate("window.bar.at(10)")
    expect(bar).to_have_attribute("aria-valuetext", "1 %")  # too early to know the speed
    page.wait_for_timeout(1_600)
    page.evaluate("window.bar.at(100)")
    expect(bar).to_have_attribute("aria-valuenow", "10")
    expect(page.locator(".progress p")).to_have_text(re.compile("gesetzt – 10 % · noch etwa (15|20) s"))
    page.click("[data-language]")
    expect(page.locator(".progress p")).to_have_text(re.compile(r"being set – 10% · about \d+ s left"))
    page.evaluate("window.bar.at(1, 1000)")
    expect(page.locator(".progress p")).to_contain_text("min left")
    page.evaluate("window.bar.at(999)")
    expect(page.locator(".progress p")).to_contain_text("99% · nearly done")
    page.evaluate("window.bar.done()")
    expect(page.locator(".progress")).to_have_count(0)


def test_bar_without_a_total_says_only_how_long_it_has_run(opened: Opened) -> None:
    page = started(opened, None)
    bar = page.get_by_role("progressbar")
    assert bar.get_attribute("aria-valuenow") is None
    expect(bar).to_have_attribute("aria-valuetext", re.compile(r"läuft seit [1-9]\d* s"))
