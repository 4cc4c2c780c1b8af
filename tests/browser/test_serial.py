"""Scanners on a serial line: read by the browser itself (a line of its own making), or by a program beside the page."""

from __future__ import annotations

import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened
from tests.browser.test_desk import DESK
from tests.browser.test_desk import ready as desk_ready
from tests.browser.test_door import DOOR, count_scans, ready
from tests.served import Served

LINE = """
(() => {
  class Port {
    open() {
      if (window.isTaken) return Promise.reject(new DOMException("in use", "InvalidStateError"));
      this.readable = new ReadableStream({ start: (controller) => { window.line = controller; } });
      return Promise.resolve();
    }
    close() { this.readable = null; return Promise.resolve(); }
  }
  const serial = new EventTarget();
  const port = new Port();
  serial.requestPort = () => window.isNothingChosen
    ? Promise.reject(new DOMException("none", "NotFoundError"))
    : Promise.resolve(port);
  serial.getPorts = () => Promise.resolve([port]);
  Object.defineProperty(navigator, "serial", { value: serial });
  window.send = (text) => window.line.enqueue(new TextEncoder().encode(text));
  window.unplug = () => window.line.error(new DOMException("gone", "NetworkError"));
  window.plugIn = () => {
    const event = new Event("connect");
    Object.defineProperty(event, "target", { value: port });
    serial.dispatchEvent(event);
  };
})();
"""


def with_line(page: Page) -> Page:
    page.add_init_script(LINE)
    page.reload()
    return page


def test_door_reads_a_serial_scanner_unplugged_and_plugged_in_again(opened: Opened, served: Served) -> None:
    page = ready(with_line(opened(DOOR)))
    switch = page.get_by_role("button", name="Serieller Scanner")
    page.evaluate("window.isNothingChosen = true")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    page.evaluate("window.isNothingChosen = false")
    switch.click()
    expect(page.locator("#told")).to_have_text("Serieller Scanner liest.")
    half = len(served.codes["a1"]) // 2
    page.evaluate(
        "parts => parts.forEach(window.send)", [served.codes["a1"][:half], served.codes["a1"][half:] + "\r\n"]
    )
    expect(page.locator("#name")).to_have_text("Ada Nr a1")
    expect(page.locator("#head")).to_have_text("Willkommen")
    page.evaluate("window.unplug()")
    expect(page.locator("#told")).to_contain_text("abgezogen")
    expect(switch).to_have_attribute("aria-pressed", "false")
    page.evaluate("window.plugIn()")
    expect(switch).to_have_attribute("aria-pressed", "true")
    page.evaluate("window.send", "]Q1" + served.codes["a2"])
    expect(page.locator("#name")).to_have_text("Ada Nr a2")
    assert count_scans(served) == 2
    page.reload()
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    expect(page.locator("#told")).to_have_text("Serieller Scanner ist aus.")


def test_line_that_another_program_has_says_what_to_do(opened: Opened) -> None:
    page = ready(with_line(opened(DOOR)))
    page.evaluate("window.isTaken = true")
    page.get_by_role("button", name="Serieller Scanner").click()
    expect(page.locator("#told")).to_contain_text("Andere Programme schließen")


def test_browser_without_web_serial_offers_none(opened: Opened) -> None:
    page = opened(DOOR)
    page.add_init_script("Object.defineProperty(navigator, 'serial', { value: undefined });")
    page.reload()
    expect(ready(page).locator("#serial-switch")).to_be_hidden()


def test_desk_reads_a_serial_scanner_and_decides_nothing(opened: Opened, served: Served) -> None:
    page = desk_ready(with_line(opened(DESK)))
    page.get_by_role("button", name="Serieller Scanner").click()
    expect(page.locator("#notice")).to_contain_text("Serieller Scanner liest.")
    page.evaluate("window.send", served.codes["a4"] + "\t")
    expect(page.locator("#person h2")).to_have_text("Ada Nr a4")
    assert count_scans(served) == 0


def test_page_shows_what_a_scanner_beside_it_was_answered_and_goes_on_with_it(opened: Opened, served: Served) -> None:
    scanner = served.client("door", "D1")
    page = ready(opened(f"{DOOR}?screen=Tresen"))
    page.wait_for_timeout(300)

    def scan(who: str) -> int:
        sent = {"id": str(uuid.uuid4()), "code": served.codes[who], "door": "D1"}
        return int(scanner.post("/screens/Tresen/scans", json=sent).json()["screens"])

    assert scan("a1") == 1
    expect(page.locator("#name")).to_have_text("Ada Nr a1")
    scan("a1")
    expect(page.locator("#head")).to_have_text("Schon drin")
    page.click("#override")
    page.click("[data-reason=wentOut]")
    expect(page.locator("#answer")).to_have_class("admitted")
    assert count_scans(served) == 3
