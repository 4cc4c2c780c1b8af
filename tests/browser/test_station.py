"""A station's pages in a browser: door, display and desk, linked, cut off, and back."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.axe import violations
from tests.kiosk.real import Real, Station, real, until
from tests.served import PASSWORD
from tests.venue import SLUG

ALONE = re.compile("Ohne Zentrale seit \\d\\d:\\d\\d")
LINK_MS = 20_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Real, Station]]:
    """A centre, and a station at the entrance that is linked."""
    with real(tmp_path_factory.mktemp("station"), house=40) as (centre, station):
        door = station("D1")
        door.wait_for_rights(4)
        yield centre, door


def opened(browser: Browser, door: Station, path: str, faults: list[str], width: int = 1280, height: int = 800) -> Page:
    context = browser.new_context(viewport={"width": width, "height": height}, locale="de-DE")
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"{path}: {error}"))
    page.goto(f"http://127.0.0.1:{door.port}{path}")
    return page


def show_badge(page: Page, code: str) -> None:
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def at_a_room(route: Route) -> None:
    """As if the station's door led into the hall."""
    answer = route.fetch()
    layout = answer.json()
    next(door for door in layout["doors"] if door["id"] == "D1")["area"] = "P"
    route.fulfill(response=answer, json=layout)


def with_no_places(route: Route) -> None:
    answer = route.fetch()
    health = answer.json()
    route.fulfill(response=answer, json=health | {"station": health["station"] | {"places": 0}})


def find_person(desk: Page, name: str) -> None:
    desk.locator("#query").fill(name)
    desk.locator("#found li", has_text=re.compile(f"{name}(?!\\d)")).click()


def test_station_goes_on_when_its_link_is_cut_and_catches_up(place: tuple[Real, Station], browser: Browser) -> None:
    faults: list[str] = []
    centre, machine = place
    door = opened(browser, machine, "/", faults)
    expect(door.locator("#state .wrong")).to_have_count(0)
    door.locator("#to-door").click()
    board = opened(browser, machine, f"/events/{SLUG}/board", faults)
    desk = opened(browser, machine, "/", faults, 1440, 900)
    desk.locator("#to-desk[href]").click()
    desk.locator("input[name=name]").fill("Orga")
    desk.locator("input[name=password]").fill(PASSWORD)
    desk.get_by_role("button", name="Anmelden").click()
    expect(desk.locator("#link")).to_have_text("verbunden")
    find_person(desk, "Ada Nr a1")
    expect(desk.get_by_role("button", name="Badge drucken")).to_be_visible()
    expect(door.locator("#link")).to_have_text("verbunden")
    show_badge(door, centre.codes["a1"])
    expect(door.locator("#head")).to_have_text("Willkommen")
    expect(door.locator("#band")).to_be_hidden()
    expect(desk.locator("#person")).to_contain_text("im Haus seit")
    expect(board.locator("#house .unit")).to_have_text("1 von 40 belegt")

    machine.line.cut()
    expect(door.locator("#link")).to_have_text(ALONE)
    expect(board.locator("#link")).to_have_text(re.compile("^Stand von \\d\\d:\\d\\d, abgeschnitten$"))
    expect(board.locator("#house .unit")).to_have_text("≈ 1 von 40 belegt")
    expect(desk.locator("#alone")).to_contain_text("Ersatzbadge von Hand")
    expect(desk.locator("#walkin")).to_be_disabled()
    expect(desk.get_by_role("button", name="Badge drucken")).to_have_count(0)
    places = int(door.locator("#free").inner_text())
    show_badge(door, centre.codes["a2"])
    expect(door.locator("#band")).to_be_visible()
    expect(door.locator("#band")).to_have_text("Vorläufig")
    expect(door.locator("#free")).to_have_text(str(places - 1))
    find_person(desk, "Ada Nr a3")
    desk.route("**/layout", at_a_room)
    desk.reload()
    expect(desk.locator("#alone")).to_contain_text("Das Suchen geht weiter. Einchecken")
    expect(desk.locator("#where")).to_be_hidden()
    desk.unroute("**/layout")
    desk.reload()
    expect(desk.locator("#alone")).to_contain_text("Ersatzbadge von Hand")
    find_person(desk, "Ada Nr a3")
    desk.get_by_role("button", name="Einchecken").click()
    expect(desk.locator("#notice")).to_contain_text("vorläufig")
    expect(desk.locator("#notice button")).to_have_count(0)
    expect(desk.locator("#notice")).not_to_contain_text("geht erst wieder")
    expect(desk.locator("#door")).to_have_value("D1")
    stranger = opened(browser, machine, f"/centre/events/{SLUG}/desk", faults)
    expect(stranger.locator("#alone")).to_contain_text("niemand angemeldet")
    expect(board.locator("#house .unit")).to_have_text("≈ 3 von 40 belegt")
    door.locator("#clicker").click()
    door.locator("#plus").click()
    expect(door.locator("#own")).to_contain_text("wartet auf Verbindung")
    door.go_back()
    door.locator("#stop-here").click()
    expect(door.locator("#head")).to_have_text("Räumung")
    expect(door.locator("#hint")).to_contain_text("Kein Einlass an dieser Tür")
    door.locator("#stop-here").click()
    expect(door.locator("#head")).to_contain_text("Badge")
    expect(door.locator("#hint")).to_have_text(ALONE)
    look = opened(browser, machine, "/", faults, 360, 780)
    expect(look.locator("#state .wrong")).to_contain_text("Netzwerkkabel")
    assert [fault for page in (look, desk, door) for fault in violations(page)] == []
    look.route("**/health", with_no_places)
    expect(look.locator("#state dd.look", has_text="noch 0 Personen")).to_be_visible()
    look.unroute("**/health")

    machine.line.mend()
    expect(door.locator("#link")).to_have_text("verbunden", timeout=LINK_MS)
    expect(look.locator("#state .wrong")).to_have_count(0)
    door.locator("#clicker").click()
    expect(door.locator("#own")).not_to_contain_text("wartet auf")
    expect(board.locator("#house .unit")).to_have_text("4 von 40 belegt", timeout=LINK_MS)
    expect(desk.locator("#alone")).to_be_hidden()
    expect(desk.get_by_role("button", name="Badge drucken")).to_be_visible()
    expect(desk.locator("#person")).to_contain_text("im Haus seit")
    until(lambda: centre.inside("house") == 4, "the centre has all of it")

    door.go_back()
    expect(door.locator("#link")).to_have_text("verbunden")
    pulled = machine.keeper.rename(machine.keeper.with_name("pulled"))
    expect(look.locator("#state .wrong")).to_contain_text("Stick wieder einstecken")
    expect(door.locator("#head")).to_have_text("Stick fehlt")
    expect(door.locator("#numbers")).to_be_hidden()
    expect(board.locator("#house .state")).to_have_text("Hier gerade kein Einlass")
    show_badge(door, centre.codes["a4"])
    expect(door.locator("#way")).to_contain_text("später noch einmal scannen")
    pulled.rename(machine.keeper)
    expect(look.locator("#state .wrong")).to_have_count(0)
    expect(door.locator("#head")).to_contain_text("Badge")
    expect(board.locator("#house .state")).to_have_text("Plätze frei")
    door.route("**/scans", lambda route: route.abort())
    show_badge(door, centre.codes["a5"])
    expect(door.locator("#kept")).to_have_text("1 Scan wartet auf Verbindung")
    expect(door.locator("#head")).to_have_text("Noch einmal", timeout=LINK_MS)
    expect(door.locator("#kept")).to_be_hidden()
    door.unroute("**/scans")

    token = json.loads((machine.keeper / "pairing.json").read_text())["token"]
    assert centre.organiser.delete(f"/devices/{machine.device}").status_code == 204
    click = {"id": str(uuid.uuid4()), "area": "house", "change": 1}
    clicks = f"http://127.0.0.1:{centre.port}/api/v1/events/{SLUG}/stations/corrections"
    refused = httpx.post(clicks, json=click, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    assert refused.status_code == 401, "whoever was revoked counts nobody"
    expect(board.locator("#link")).to_contain_text("gesperrt", timeout=LINK_MS)
    centre.verify()
    assert faults == []
