"""The organiser's pages. What all of them must be is in `test_accessibility.py`."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from checkin.store.engine import StoreBusy
from tests.browser.axe import violations
from tests.browser.cable import Cable
from tests.browser.conftest import Opened
from tests.served import PASSWORD, Served
from tests.venue import SLUG

LIVE = f"/events/{SLUG}"
DEVICES = f"/events/{SLUG}/devices"
DOOR = f"/events/{SLUG}/door/D1"


@pytest.mark.parametrize(("who", "word"), [("a1", "Willkommen"), ("cancelled", "Stopp"), ("p0", "Willkommen")])
def test_axe_finds_nothing_on_a_door_s_answer(opened: Opened, served: Served, who: str, word: str) -> None:
    if who == "cancelled":
        served.operator().patch("/attendees/a2", json={"registration": "cancelled"})
    page = opened(DOOR)
    expect(page.locator("#link")).to_have_text("verbunden")
    page.keyboard.insert_text("")
    page.click("#type")
    page.fill("#code", served.codes["a2" if who == "cancelled" else who])
    page.press("#code", "Enter")
    expect(page.locator("#head")).to_have_text(word)
    assert violations(page) == []


def test_organiser_sees_arrivals_refusals_and_doors_live(opened: Opened, served: Served) -> None:
    page = opened(LIVE, 1920, 1080)
    expect(page.locator("#plan .tile")).to_have_count(4)
    expect(page.locator("#curve-words")).to_have_text("Noch ist niemand angekommen.")
    steward = served.operator("steward")
    for code in (served.codes["a1"], served.codes["a2"], served.codes["a1"]):
        steward.post("/scans", json={"id": str(uuid.uuid4()), "code": code, "door": "D1"})
    expect(page.locator("#plan .house .count")).to_contain_text("2 / 10")
    expect(page.locator("#curve-words")).to_contain_text("2 Ankünfte")
    expect(page.locator("#forecast-words")).to_contain_text("2 angekommen")
    words = [page.locator(part).text_content() or "" for part in ("#forecast-words", "#curve-words")]
    assert page.locator("#curve desc").text_content() == " ".join(words)
    south = page.locator('#doors tr[data-door="D1"]')
    expect(south).to_contain_text("1× Bereits eingecheckt")
    expect(south.locator("td").nth(1)).to_have_text("3")
    expect(page.locator("#scans tr").first).to_contain_text("Ada Nr a1")


@pytest.mark.parametrize("width", [360, 1920])
def test_plan_follows_a_scan_and_an_alert_is_taken_by_name(opened: Opened, served: Served, width: int) -> None:
    page = opened(LIVE, width, 900)
    hall = page.locator('#plan [data-area="P"]')
    expect(hall).to_have_attribute("aria-label", "Große Halle, 0 / 4, 4 frei, ruhig")
    expect(page.locator("#alerts")).to_contain_text("Alles ruhig")
    steward = served.operator("steward")
    for who in ("a1", "a2", "a3", "a4"):
        steward.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes[who], "door": "P-A"})
    expect(hall).to_have_attribute("aria-label", re.compile("^Große Halle, 4 / 4, 0 frei, voll"))
    assert float(hall.locator(".level").get_attribute("height") or 0) > 40
    alert = page.locator('#alerts li[data-kind="area"]')
    expect(alert).to_contain_text("Große Halle ist voll (4 von 4)")
    alert.get_by_role("button", name="Ich kümmere mich").focus()
    page.keyboard.press("Enter")
    expect(alert).to_contain_text("organiser")
    expect(alert.get_by_role("button", name="Erledigt")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#alerts")).to_contain_text("Alles ruhig")
    expect(page.locator("#alerts")).to_be_focused()
    page.locator("#seen summary").click()
    expect(page.locator("#seen-alerts li")).to_contain_text("erledigt")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    hall.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/room/P$"))


def test_day_is_played_in_advance(opened: Opened, served: Served) -> None:
    page = opened(f"{LIVE}/simulation")
    page.get_by_label("Anmeldungen").fill("30")
    page.get_by_label("Süd: offene Spuren").fill("1")
    page.get_by_role("button", name="Durchspielen").click()
    expect(page.locator("#said")).to_contain_text("Von 30 Angemeldeten", timeout=20_000)
    assert page.evaluate("document.querySelector('#picture').naturalWidth") > 100
    expect(page.locator("#played-doors tr").first).to_contain_text("Süd")
    assert violations(page) == []


def test_log_in_leads_back_to_the_page_that_was_asked_for(opened: Opened, served: Served) -> None:
    served.operator("steward")
    name = f"steward {len(served.clients) - 1}"
    page = opened(LIVE, login=False)
    assert "/login?next=" in page.url
    page.fill("[name=name]", name)
    page.fill("[name=password]", "falsch")
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_have_text("Name oder Passwort ist falsch.")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/events/{SLUG}$"))
    expect(page.locator("#event")).to_have_text("Tagung")


def test_log_in_that_is_sent_before_its_script_has_begun_stays_as_it_was_typed(opened: Opened, served: Served) -> None:
    served.operator()
    page = opened("/login", login=False)
    held: list[Route] = []
    page.route("**/login.js", lambda route: held.append(route))
    page.reload(wait_until="commit")
    page.fill("[name=name]", "organiser 0")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_timeout(300)
    assert page.url.endswith("/login"), "a password in an address is in every log"
    held[0].continue_()
    page.get_by_role("button", name="Anmelden").click()
    expect(page).to_have_url(re.compile("/$"))


def test_device_is_added_paired_by_its_link_and_revoked(opened: Opened) -> None:
    page = opened(DEVICES)
    page.fill("[name=name]", "Tablet Süd")
    page.select_option("[name=door]", "D2")
    page.click("#add button")
    expect(page.locator("#pairing")).to_be_visible()
    assert (page.locator("#qr").get_attribute("src") or "").startswith("data:image/svg+xml")
    assert page.evaluate("document.querySelector('#qr').naturalWidth") > 0
    expect(page.locator("#pairhelp")).to_contain_text("noch 15 Minuten")
    with page.expect_response(re.compile("/pairing$")) as answered:
        page.click("#closepairing")
        page.locator("#list button").first.click()
    path = answered.value.json()["link"].partition("/pair")[2]
    page.get_by_text("Oder als Station").click()
    expect(page.locator("#paircommand")).to_contain_text(f"/pair{path}'")
    # Over plain http, in a house's own network, a browser has no `navigator.clipboard`.
    page.evaluate("Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })")
    page.click("#copystation")
    expect(page.locator("#copystation")).to_have_text("Kopiert")
    expect(page.locator("#copystation")).to_be_focused()
    page.click("#closepairing")
    page.focus("[name=name]")
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+V")
    assert page.input_value("[name=name]") == (page.locator("#paircommand").text_content() or "")[:100]
    looking = opened(f"/pair{path}", 360, 780)
    expect(looking.locator("#loggedin")).to_contain_text("angemeldet")
    looking.get_by_text("Oder als Station").click()
    expect(looking.locator("#command")).to_contain_text(f"/pair{path}'")
    assert looking.evaluate("document.documentElement.scrollWidth") == 360
    tablet = opened(f"/pair{path}", login=False)
    expect(tablet.locator("#loggedin")).to_be_hidden()
    tablet.click("#pair")
    tablet.wait_for_url(re.compile(rf"/events/{SLUG}/door/D2$"))
    expect(tablet.locator("#link")).to_have_text("verbunden")
    tablet.goto(f"{tablet.url.partition('/events')[0]}/pair#another")
    expect(tablet.locator("#loggedin")).to_contain_text("schon als „Tablet Süd“ verbunden")
    tablet.go_back()
    page.locator("#list .danger").first.click()
    page.click("#revokeyes")
    expect(page.locator("#list li").first).to_contain_text("gesperrt")
    tablet.reload()
    assert "/login" in tablet.url
    used = opened(f"/pair{path}", login=False)
    used.click("#pair")
    expect(used.locator("#message")).to_contain_text("verbraucht oder abgelaufen")
    expect(used.locator("#pair")).to_be_hidden()


def test_role_sees_what_it_may_and_is_told_where_it_may_not_in_the_browser_s_language(
    opened: Opened, served: Served
) -> None:
    page = opened(LIVE, 360, 780, role="viewer", locale="en-GB")
    expect(page.locator("#plan .tile")).to_have_count(4)
    expect(page.locator("main > section:visible")).to_have_count(1)
    expect(page.get_by_role("heading", name="Please look")).to_have_count(0)
    page.goto(f"{page.url}/desk")
    expect(page.get_by_role("heading", name="You may not see this page")).to_be_visible()
    expect(page.locator("#who")).to_contain_text("viewer")
    assert violations(page) == []
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Dafür fehlt Ihnen das Recht")).to_be_visible()
    page.get_by_role("link", name="Zurück").click()
    # What was chosen holds, whatever the browser speaks.
    expect(page.get_by_role("heading", name="Veranstaltungen")).to_be_visible()


def test_new_link_for_one_s_own_account_is_seen_first_and_can_be_refused(opened: Opened, served: Served) -> None:
    page = opened("/")
    organiser = served.operator()
    accounts = organiser.get(f"{served.url}/api/v1/operators").json()["operators"]
    other = next(one["id"] for one in accounts if not one["own"])
    organiser.post(f"{served.url}/api/v1/operators/{other}/invitation")
    page.reload()
    expect(page.locator("#links .message")).to_contain_text("neuen Link für Ihr Konto")
    assert violations(page) == []
    page.get_by_role("button", name="Link ungültig machen").click()
    expect(page.locator("#notice")).to_contain_text("gilt nicht mehr")
    expect(page.locator("#links .message")).to_have_count(0)


def test_page_asked_for_while_the_database_is_away_opens_by_itself_once_it_is_back(
    opened: Opened, served: Served, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(DOOR, 360, 780)
    expect(page.locator("#link")).to_have_text("verbunden")

    async def away(work: Any) -> Any:
        raise StoreBusy("The database does not answer.")

    with monkeypatch.context() as outage:
        outage.setattr(served.centre.store, "glance", away)
        page.reload()
        expect(page.locator("h1")).to_have_text("Gerade nicht erreichbar")
        assert violations(page) == []
        page.click("[data-language]")
        expect(page.locator("h1")).to_have_text("Not available just now")
        cable.cut()
        page.wait_for_timeout(3_500)
        cable.mend()
        expect(page.locator("h1")).to_have_text("Not available just now")
    expect(page.locator("#link")).to_have_text("connected")
