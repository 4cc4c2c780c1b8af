"""WCAG 2.2 AA on every page that there is, with the demo's people in it: a new page is tested as soon as it has a
route. Both colour schemes, from 360 to 1920 pixels, by keyboard alone, in both languages, without motion."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from checkin.demo.run import FILES
from checkin.exchange.attendees import read_attendees
from checkin.exchange.layout import read_layout
from checkin.exchange.schedule import read_schedule
from checkin.service import badges, imports, schedule, venues
from checkin.service.venues import Venues
from checkin.store.engine import Store, Transaction
from checkin.web.pages import page_routes
from tests.browser.axe import violations
from tests.browser.conftest import Opened
from tests.served import PASSWORD, Served, serve

LAYOUT = read_layout((FILES / "layout.toml").read_bytes())
SLUG = LAYOUT.event.slug
NOW = round(dt.datetime.combine(LAYOUT.event.date, dt.time(10, 15), LAYOUT.zone).timestamp() * 1000)
ARRIVED = 40
EXAMPLES = {"event": SLUG, "door": "D1", "area": "T"}
"""What stands in the place of a path's parts."""
SETTLED_MS = 900
TABS_MAX = 60


def paths() -> dict[str, bool]:
    """Every page as it can be opened, from the routes; and whether one must log in."""
    found = {}
    for route in page_routes(Path(str(files("kiosk") / "faces"))).routes:
        for handler in getattr(route, "route_handlers", []):
            if str(handler.name).startswith("page "):
                path = route.path_format.format(**EXAMPLES)  # KeyError: EXAMPLES needs one more
                found[path] = not handler.opt.get("public", False)
    return found


PATHS = paths()


async def furnish(store: Store, known: Venues) -> dict[str, str]:
    """The demo's conference; returns the codes of its badges."""
    groups = list(LAYOUT.groups.values())
    listed = read_attendees((FILES / "attendees.csv").read_bytes(), name="attendees.csv", groups=groups)
    sessions = read_schedule((FILES / "schedule.json").read_bytes(), LAYOUT)

    def work(tx: Transaction) -> dict[str, str]:
        venues.import_layout(tx, LAYOUT, now=NOW, by="test")
        schedule.import_schedule(tx, known, SLUG, sessions, now=NOW, by="test")
        imports.import_attendees(
            tx, known, SLUG, listed, now=NOW, by="test", dry_run=False, name="attendees.csv", now_ms=NOW
        )
        badges.issue_missing(tx, known, SLUG, now=NOW, by="test")
        return {one.attendee: one.code for one in badges.all_codes(tx, known, SLUG)}

    return await store.write(work)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The conference at a quarter past ten, with the first in the house and one who was refused."""
    with serve(tmp_path_factory.mktemp("demo"), clock=lambda: NOW, furnish=furnish) as one:
        one.api = f"{one.url}/api/v1/events/{SLUG}"
        steward = one.operator("steward")
        codes = list(one.codes.values())
        for code in [*codes[:ARRIVED], codes[0], "7777"]:
            steward.post("/scans", json={"id": str(uuid.uuid4()), "code": code, "door": "D1"})
        yield one


def settled(page: Page) -> Page:
    """The page when it shows what it has to show."""
    page.wait_for_function("() => document.documentElement.lang && document.title")
    page.wait_for_timeout(SETTLED_MS)
    return page


def too_wide(page: Page) -> list[str]:
    """What makes the page scroll sideways."""
    wide: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.querySelectorAll("body *")]
            .filter((one) => one.getBoundingClientRect().right > width + 1)
            .map((one) => one.outerHTML.slice(0, 160))
            .slice(-4);
        }"""
    )
    return wide


STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
  const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 12), 0), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  const isFree = top && (one.contains(top) || top.contains(one));
  const isOutlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const isPartOfDate = ["date", "datetime-local", "time"].includes(one.type); // drawn by the browser
  return isPartOfDate || (isFree && isOutlined) ? "" : one.outerHTML.slice(0, 160);
}"""


def unseen_stops(page: Page) -> list[str]:
    """Where the tab key leads without its being seen (2.4.7, 2.4.11): neither with an outline of two pixels at least,
    under nothing, nor by anything that changes in the picture."""
    unseen = []
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            break
        if stop and not is_seen(page):
            unseen.append(stop)
    return unseen


def is_seen(page: Page) -> bool:
    focused = page.evaluate_handle("document.activeElement")
    with_focus = page.screenshot()
    focused.evaluate("(one) => one.blur()")
    without = page.screenshot()
    focused.evaluate("(one) => one.focus()")
    return with_focus != without


@pytest.mark.parametrize("path", PATHS)
def test_page_is_for_everybody(opened: Opened, path: str) -> None:
    page = opened(path, 360, 780, login=PATHS[path])
    page.emulate_media(reduced_motion="reduce")
    settled(page)
    assert too_wide(page) == []
    assert page.evaluate("document.getAnimations().length") == 0
    page.set_viewport_size({"width": 1920, "height": 1080})
    assert too_wide(page) == []
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []
    assert unseen_stops(page) == []
    switch = page.locator("[data-language]:visible")
    if switch.count():
        switches_by_keyboard(page)


def switches_by_keyboard(page: Page) -> None:
    """Both languages are told to the browser, and the focus stays where it was."""
    assert page.evaluate("document.documentElement.lang") == "de"
    page.locator("[data-language]:visible").focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.activeElement.hasAttribute('data-language') && document.activeElement.lang") == "de"
    assert violations(page) == []


# --- by keyboard alone ------------------------------------------------------------------------------------------


def tab_to(page: Page, selector: str) -> None:
    """Press the tab key until the focus stands there."""
    for _ in range(4 * TABS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the tab key does not lead to {selector}")


def test_headcount_is_entered_and_taken_back_by_keyboard_from_the_log_in_on(opened: Opened, served: Served) -> None:
    served.operator("organiser")
    page = opened("/", login=False)
    page.keyboard.type(f"organiser {len(served.clients) - 1}")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/$"))
    tab_to(page, f'main a[href="/events/{SLUG}"]')
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"{SLUG}$"))
    expect(page.locator("#plan .tile").first).to_be_visible()
    tab_to(page, "nav a[href$='/rooms']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("rooms$"))
    expect(page.locator("#rooms .room").first).to_be_visible()
    tab_to(page, "[data-key='count T']")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("[name=headcount]")).to_be_focused()
    assert violations(page) == []
    page.keyboard.type("12")
    assert unfocusable_behind(page) == []
    tab_to(page, "dialog[open] button:not(.plain)")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    room = page.locator(".room", has=page.locator("[data-key='count T']"))
    expect(room.locator(".count strong")).to_contain_text("12")
    expect(page.locator("[data-key='count T']")).to_be_focused()
    tab_to(page, "#notice button")
    page.keyboard.press("Enter")
    expect(room.locator(".count strong")).to_contain_text("0")


def unfocusable_behind(page: Page) -> list[str]:
    """What the tab key reaches outside of an open dialog."""
    outside = []
    for _ in range(12):
        page.keyboard.press("Tab")
        outside += page.evaluate(
            "() => document.activeElement === document.body || document.activeElement.closest('dialog[open]')"
            " ? [] : [document.activeElement.outerHTML.slice(0, 120)]"
        )
    return outside


def test_person_is_found_and_checked_in_by_keyboard(opened: Opened, served: Served) -> None:
    page = settled(opened(f"/events/{SLUG}/desk", role="desk"))
    late = next(one for one in reversed(served.codes))
    known = served.operator("desk").get(f"/attendees/{late}").json()
    page.keyboard.type(str(known["badge"]["desk_number"]), delay=30)
    expect(page.locator("#found li").first).to_contain_text(known["family_name"])
    page.keyboard.press("Enter")
    expect(page.locator("#person h2")).to_contain_text(known["family_name"])
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#query")).to_be_focused()


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("/rooms", "[data-key='hold T']"),
        ("/clicker/T", "#headcount"),
        ("/door/D1", "#crew"),
        ("/door/D1", "#type"),
        ("/desk", "#walkin"),
    ],
)
def test_axe_finds_nothing_where_something_has_opened(opened: Opened, path: str, button: str) -> None:
    page = settled(opened(f"/events/{SLUG}{path}", 360, 780))
    page.locator(button).click()
    page.wait_for_timeout(300)
    assert violations(page) == []
    assert too_wide(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page) == []
