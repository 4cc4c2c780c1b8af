"""The organiser's whole way with the demo's files, from the first account to the deletion."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect

from checkin.service.venues import Venues
from checkin.service.verify import verify
from checkin.store.engine import Store
from tests.browser.test_setup import first_organiser, paired_door, save
from tests.served import Served, serve

FILES = Path(__file__).parents[2] / "checkin" / "demo" / "files"
EVENT = "kommunalkonferenz"
COME = 3


class Clock:
    """The event's clock, set by hand."""

    def __init__(self) -> None:
        self.now = 0
        self.set("09:10")

    def set(self, time: str) -> None:
        self.now = round(dt.datetime.fromisoformat(f"2017-03-20T{time}+01:00").timestamp() * 1000)

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(tmp_path: Path, clock: Clock) -> Iterator[Served]:
    """A service on an empty database."""

    async def nothing(store: Store, venues: Venues) -> dict[str, str]:
        return {}

    with serve(tmp_path, furnish=nothing, second_factor="required", clock=clock) as one:
        yield one


def scan(door: Page, number: int) -> None:
    """Type a desk number at a door, and wait for its answer."""
    door.keyboard.press("1", delay=10)
    expect(door.locator("#code")).to_be_focused()
    door.locator("#code").fill(str(number))
    door.keyboard.press("Enter")
    expect(door.locator("#head")).to_have_text("Willkommen")
    expect(door.locator("#head")).not_to_have_text("Willkommen")


def test_organiser_walks_the_whole_way(browser: Browser, served: Served, clock: Clock) -> None:
    context = browser.new_context(locale="de-DE", viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    at = f"{served.url}/events/{EVENT}"

    # Set up: the first account, an event, the venue from its file.
    first_organiser(page, served)
    page.get_by_label("Name der Veranstaltung").fill("Integration vor Ort leben")
    page.get_by_label("Kurzname").fill(EVENT)
    page.get_by_label("Datum").fill("2017-03-20")
    page.get_by_label("Name des Hauses").fill("Straßenbahnhalle Nord")
    page.get_by_label("Zugelassene Gäste").fill("690")
    page.get_by_role("button", name="Anlegen").click()
    expect(page.locator("#steps .due")).not_to_have_count(0)
    page.set_input_files("#layoutfile", FILES / "layout.toml")
    expect(page.locator("#tree")).to_contain_text("Quartierslabor")
    save(page)

    # Import: the programme, then the list.
    page.goto(f"{at}/imports")
    expect(page.locator("#earlier")).to_have_text("Noch nichts eingelesen.")
    for file, changes in (("schedule.json", "19"), ("attendees.csv", "")):
        page.set_input_files("#file", FILES / file)
        expect(page.locator("#h-looked")).to_contain_text(file, timeout=30_000)
        page.get_by_role("button", name=re.compile(f"{changes}.*speichern")).click()
        expect(page.locator("#understood")).to_contain_text("Gespeichert –", timeout=60_000)

    # Print: every badge in one document.
    page.goto(f"{at}/badges")
    expect(page.locator("#format")).to_have_value("a6")
    with page.expect_download(timeout=90_000) as loading:
        page.locator("#all").get_by_role("button", name="Alle drucken").click()
    assert len(pypdf.PdfReader(loading.value.path()).pages) >= 600
    expect(page.locator("#printed")).to_contain_text("600")

    # Open a door: a device, paired by its link.
    door = paired_door(browser, page, served, EVENT)
    expect(door.locator("body")).to_contain_text("Badge vor den Scanner halten")

    # Watch: the house fills as they come.
    watching = context.new_page()
    watching.goto(at)
    expect(watching.locator("#plan .house .count")).to_contain_text("0 / 690")
    for number in range(1001, 1001 + COME):
        scan(door, number)
    expect(watching.locator("#plan .house .count")).to_contain_text(f"{COME} / 690")

    # Correct: somebody has counted the house.
    page.goto(f"{at}/rooms")
    house = page.locator("#rooms > li", has_text="Straßenbahnhalle Nord").first
    house.get_by_role("button", name="Zählung eintragen").click()
    page.fill("[name=headcount]", "5")
    page.keyboard.press("Enter")
    expect(watching.locator("#plan .house .count")).to_contain_text("5 / 690")

    # Export: who was here.
    page.goto(f"{at}/exports")
    with page.expect_download() as loading:
        page.locator('[data-list="attendance"]').get_by_role("button", name=re.compile("als CSV")).click()
    rows = list(csv.DictReader(io.StringIO(Path(loading.value.path()).read_text("utf-8-sig")), delimiter=";"))
    assert len(rows) == COME

    # Certify: after the end of the day.
    clock.set("18:30")
    closed = page.request.post(f"{served.url}/api/v1/events/{EVENT}/closing", data={})
    assert closed.json() == {"assumed": COME}
    page.goto(f"{at}/papers")
    expect(page.locator("#verdict")).to_contain_text(f"von {COME} Anwesenden")
    page.select_option("[name=counts]", label="Zeit im Haus, vom ersten bis zum letzten Programmpunkt")
    expect(page.locator("#verdict")).to_contain_text(f"{COME} von {COME} Anwesenden")
    page.click("#rule .button")
    expect(page.locator("#notice")).to_contain_text("Die Regel gilt ab jetzt")
    page.fill("[name=address]", "https://checkin.example.org")
    page.click("#address button")
    expect(page.locator("#addresswanted")).to_be_hidden()
    with page.expect_download(timeout=60_000) as loading:
        page.click("#issue button")
    assert "Bescheinigung" in pypdf.PdfReader(loading.value.path()).pages[0].extract_text()

    # Delete: the needs, the passages, the names; the counts remain.
    page.goto(f"{at}/erasure")
    for stage in range(3):
        page.locator("#stages li").nth(stage).get_by_role("button").click()
        page.fill("dialog [name=sure]", "löschen")
        page.click("dialog .button.danger")
        expect(page.locator("#stages li").nth(stage)).to_contain_text("gelöscht am", timeout=30_000)
    assert page.request.get(f"{served.url}/api/v1/events/{EVENT}/attendees?q=a").json()["attendees"] == []
    assert served.write(lambda tx: verify(tx, served.centre.venues, EVENT)) == []
    assert faults == []
    door.context.close()
    context.close()
