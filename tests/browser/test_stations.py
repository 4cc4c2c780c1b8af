"""The organiser's page of the stations, with real stations at two doors of the hall: cut off, won back, settled."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from checkin.core.conflict import Case, Side
from checkin.core.link import Row
from checkin.core.model import Scan
from checkin.service.stations import put_back
from checkin.service.verify import verify
from checkin.store.engine import Transaction
from checkin.store.stations import add_cases, add_rows
from tests.browser.axe import violations
from tests.browser.conftest import Opened
from tests.kiosk.real import Station, until
from tests.served import Served, serve
from tests.venue import SLUG

PAGE = f"/events/{SLUG}/stations"
CUT_MS = 25_000


class Centre:
    """The served centre, as a station needs it."""

    slug = SLUG

    def __init__(self, served: Served, folder: Path) -> None:
        self.port, self.folder = served.port, folder
        self.organiser = served.operator()

    def pairing(self, door: str) -> tuple[str, str]:
        device = self.organiser.post("/devices", json={"name": f"Station {door}", "role": "door", "door": door}).json()
        link = self.organiser.post(f"/devices/{device['id']}/pairing").json()["link"]
        return device["id"], link.partition("#")[2]

    def shown(self, station: Station) -> dict[str, Any]:
        stations = self.organiser.get("/stations").json()["stations"]
        return next(one for one in stations if one["id"] == station.device)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path, clock=lambda: round(time.time() * 1000), hall=8, house=40) as one:
        yield one


@pytest.fixture
def station(served: Served, tmp_path: Path) -> Iterator[Callable[[str], Station]]:
    centre, made = Centre(served, tmp_path), []

    def start(door: str) -> Station:
        made.append(Station(centre, door))  # type: ignore[arg-type]
        made[-1].start()
        made[-1].wait_for_rights(2, "P")
        return made[-1]

    yield start
    for one in made:
        one.program.stop(signal.SIGKILL)
        one.client.close()


def card(page: Page, one: Station) -> Any:
    return page.locator(f"[data-station='{one.device}']")


def hall(page: Page) -> Any:
    return page.locator("[data-area='P']")


def inside(client: httpx.Client, area: str) -> int:
    return next(int(one["inside"]) for one in client.get("/occupancy").json()["areas"] if one["id"] == area)


def on_doors_seats(client: httpx.Client) -> int:
    """How many are inside on seats that are still a door's own."""
    return sum(seats["inside"] for one in client.get("/stations").json()["stations"] for seats in one["seats"])


def test_seats_are_seen_a_case_is_settled_and_the_places_of_a_lost_door_are_won_back(
    opened: Opened, served: Served, station: Callable[[str], Station]
) -> None:
    page = opened(PAGE)
    expect(page.locator("#none")).to_contain_text("Noch keine Stationen")
    first, second = station("P-A"), station("P-B")
    expect(card(page, first)).to_contain_text("verbunden seit")
    expect(hall(page).locator(".seat-bar .held")).to_have_count(2)

    # The same badge at both doors while neither knows of the other.
    for one in (first, second):
        one.line.cut()
    for one in (first, second):
        assert one.scan(served.codes["a1"])["outcome"] == "admitted"
    for one in (first, second):
        one.line.mend()
    case = page.locator(".case[data-kind='badge_twice']")
    expect(case).to_contain_text("Ada Nr a1", timeout=CUT_MS)
    expect(page.locator("#glance a[href='#conflicts']")).to_have_text("1 Fall zu klären")
    # What each door has shown, though the centre knows the first of them already.
    expect(case.locator(".side.admitted:not(.centre)")).to_have_count(2)
    for door in ("Halle A", "Halle B"):
        expect(case).to_contain_text(f"{door} zeigte")
    expect(case).to_contain_text("Bis dahin bleib")
    expect(hall(page).locator(".parts .doubt")).to_contain_text("im Zweifel 1")
    # Said as soon as the door has handed the place over: its next heartbeat, and the page's next reading after that.
    expect(hall(page)).to_contain_text("1 Platz ist im Zweifel", timeout=CUT_MS)
    expect(hall(page).get_by_role("button", name="Große Halle zählen")).to_be_visible()
    assert violations(page) == []
    case.get_by_role("button", name="Klären").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("[name=verdict]:checked")).to_have_count(0)
    dialog.get_by_text("Dieselbe Person").click()
    expect(dialog.locator(".means")).to_contain_text("frei")
    dialog.get_by_text("Kopie des Badges").click()
    # A place hangs on where the second person is: nothing is taken for granted.
    expect(dialog.locator(".means")).to_contain_text("wo diese Person ist")
    dialog.get_by_role("button", name="So festhalten").click()
    expect(dialog).to_be_visible()
    dialog.get_by_text("Noch im Raum").click()
    expect(dialog.locator(".means")).to_contain_text("Zählt eine Person ohne Badge dazu")
    assert violations(page) == []
    organiser = served.operator()
    until(lambda: not on_doors_seats(organiser), "both doors have handed over whom they let in")
    dialog.get_by_role("button", name="So festhalten").click()
    expect(case).to_have_count(0)
    expect(page.locator("#conflicts")).to_be_focused()
    expect(page.locator("#settled-count")).to_contain_text("1 geklärter Fall")
    assert inside(organiser, "P") == 2

    # One door is lost: switched off here, counted, and its places are everybody's again.
    second.program.stop(signal.SIGKILL)
    expect(card(page, second)).to_contain_text("abgeschnitten seit", timeout=CUT_MS)
    expect(page.locator("#station-list > li").first).to_have_attribute("data-station", second.device)
    expect(page.locator("#glance li").first).to_have_text("1 abgeschnitten")
    expect(hall(page)).to_contain_text(re.compile("lieg(t|en) fest"))
    # Not the first thing to do.
    expect(card(page, second)).to_contain_text("Zuerst Kabel und Strom der Maschine prüfen")
    off = card(page, second).get_by_role("button", name="Ausschalten und zählen")
    expect(off).to_have_class(re.compile("plain"))
    off.click()
    dialog.get_by_role("button", name="Außer Dienst nehmen").click()
    expect(dialog).to_be_visible()  # nobody has said yet that the machine is off
    dialog.get_by_text("Die Maschine ist aus und bleibt aus.").click()
    assert violations(page) == []
    dialog.get_by_role("button", name="Außer Dienst nehmen").click()
    expect(dialog.locator("[name=headcount]")).to_be_visible()
    expect(dialog).to_contain_text("wieder zu vergeben")
    dialog.locator("[name=headcount]").fill("2")
    dialog.get_by_role("button", name="Eintragen").click()
    expect(dialog).to_have_count(0)
    expect(card(page, second)).to_contain_text("außer Dienst")
    count = card(page, second).get_by_role("button", name="Große Halle zählen")
    expect(count).to_have_count(1)
    count.click()
    dialog.locator("[name=headcount]").fill("2")
    dialog.get_by_role("button", name="Eintragen").click()
    expect(count).to_have_count(0)
    expect(hall(page).locator(".stuck")).to_have_count(0)

    # The centre comes from a backup: one door tells, a person says that none is missing.
    served.write(lambda tx: put_back(tx, served.centre.venues, SLUG, now=round(time.time() * 1000), by="command"))
    expect(page.locator("#h-restored")).to_contain_text("Zurückgespielt um")
    expect(page.locator("#h-restored")).to_contain_text("2 von 2 Stationen haben berichtet")
    expect(page.locator("#restored-words")).not_to_contain_text("null")
    assert violations(page) == []
    uncounted = page.locator("#restored").get_by_role("button", name="zählen")
    for _ in range(uncounted.count()):
        left = uncounted.count()
        uncounted.first.click()
        # As many as are known: nobody can tell what doors without a station showed since.
        dialog.locator("[name=headcount]").fill("2" if "Große Halle" in dialog.inner_text() else "0")
        dialog.get_by_role("button", name="Eintragen").click()
        expect(uncounted).to_have_count(left - 1)
    page.get_by_role("button", name="Keine Tür fehlt").click()
    dialog.get_by_role("button", name="Ja, keine fehlt").click()
    expect(page.locator("#restored")).to_be_hidden()
    until(lambda: served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == [], "it adds up")


def test_open_case_is_told_in_the_menu_and_leads_there(opened: Opened, served: Served) -> None:
    def open_case(tx: Transaction) -> None:
        event = served.centre.venues.id(tx, SLUG)
        side = Side(scan="s1", door="P-A", at=1, outcome="admitted")
        case = Case(id="s1", kind="exit_without_entry", attendee="a1", sides=(side,))
        scan = Scan(id="s1", code="", door="P-A", direction="exit")
        add_rows(tx, event, [("s", "e1", Row(n=1, scan=scan, outcome="admitted", decided="alone"))], 1)
        add_cases(tx, event, [case], 1)

    served.write(open_case)
    page = opened(f"/events/{SLUG}/rooms", 360, 780, role="safety")
    link = page.locator(".urgent a[href$='/stations']")
    expect(link).to_contain_text("1 Fall zu klären")
    assert violations(page) == []
    link.click()
    expect(page.locator(".case .side").first).to_contain_text("hinausgelassen")
