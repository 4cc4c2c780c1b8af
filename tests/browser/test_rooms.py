"""The organiser's page for rooms and the page for safety: what is decided there holds at every door at once."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from checkin.core.model import Session
from checkin.service.schedule import import_schedule
from tests.browser.cable import Cable
from tests.browser.conftest import Opened
from tests.served import Served
from tests.venue import SLUG, at

ROOMS = f"/events/{SLUG}/rooms"
SAFETY = f"/events/{SLUG}/safety"


def programme(served: Served) -> None:
    sessions = [
        Session(id="1", area="P", title="Podium", starts_at=at("09:50"), ends_at=at("10:30"), bookable=True),
        Session(id="2", area="P", title="Ergebnisse", starts_at=at("10:40"), ends_at=at("11:00")),
        Session(id="3", area="G", title="Werkstatt", starts_at=at("09:50"), ends_at=at("10:30"), bookable=True),
    ]
    served.write(lambda tx: import_schedule(tx, served.centre.venues, SLUG, sessions, now=at("08:00"), by="test"))


def scan(client: httpx.Client, served: Served, who: str, door: str, **more: Any) -> Any:
    sent = {"id": str(uuid.uuid4()), "code": served.codes[who], "door": door, **more}
    return client.post("/scans", json=sent).json()


def room(page: Page, name: str) -> Any:
    return page.locator(".room").filter(has=page.locator("h3", has_text=name))


def test_hold_is_added_and_released_with_a_way_back_situation_32(opened: Opened, served: Served) -> None:
    page, steward = opened(ROOMS), served.operator("steward")
    hall = room(page, "Große Halle")
    hall.get_by_role("button", name="Plätze halten").click()
    page.fill("[name=seats]", "4")
    page.select_option("[name=whose]", "group presse")
    page.click(".asking .button:not(.plain)")
    expect(hall).to_contain_text("4 Plätze für Presse")
    expect(hall).to_contain_text("0 frei · 4 reserviert")
    refused = scan(steward, served, "a1", "P-A")
    assert (refused["reason"], refused["kept"]["seats"]) == ("held_seats_only", 4)
    hall.get_by_role("button", name="Freigeben").click()
    expect(page.locator("#notice")).to_contain_text("frei für alle")
    assert scan(steward, served, "a1", "P-A")["outcome"] == "admitted"
    page.locator("#notice button").last.click()
    expect(hall).to_contain_text("0 frei · 3 reserviert")


def test_headcount_is_entered_with_name_and_taken_back_situation_42(opened: Opened, served: Served) -> None:
    page = opened(ROOMS)
    theatre = room(page, "Theater")
    theatre.get_by_role("button", name="Zählung eintragen").click()
    page.fill("[name=headcount]", "2")
    page.fill("[name=note]", "von der Empore gezählt")
    page.keyboard.press("Enter")
    expect(theatre.locator(".count")).to_contain_text("2 von 3")
    expect(theatre).to_contain_text("Letzte Zählung 10:00: 2 (+2), organiser 0 – von der Empore gezählt")
    page.locator("#notice button").last.click()
    expect(theatre.locator(".count")).to_contain_text("0 von 3")


def test_only_safety_switches_to_an_approved_plan_situations_40_and_41(opened: Opened, served: Served) -> None:
    steward = served.operator("steward")
    for who in ("a1", "a2", "a3"):
        scan(steward, served, who, "P-A")
    safety = opened(SAFETY, role="safety")
    safety.select_option("#plan [name=area]", "P")
    for name, value in {"name": "Tische", "visitors": "2", "note": "Bauamt, 3. März"}.items():
        safety.fill(f"#plan [name={name}]", value)
    safety.click("#plan button")
    expect(safety.locator("#plans")).to_contain_text("Große Halle: Tische Besucher 2")
    expect(room(opened(ROOMS), "Große Halle")).to_contain_text("Bestuhlung: Grundplan (4)")
    page = opened(ROOMS, role="safety")
    hall = room(page, "Große Halle")
    hall.locator("select").select_option(label="Tische (2)")
    expect(page.locator(".asking")).to_contain_text("3 sind drin, genehmigt sind dann 2")
    page.click(".asking .button:not(.plain)")
    expect(hall).to_contain_text("über der genehmigten Zahl")
    expect(page.locator("#warnings")).to_contain_text("Große Halle: 3 drin, genehmigt 2")
    assert scan(steward, served, "a4", "P-A")["reason"] == "area_full"
    assert steward.get("/occupancy").json()["areas"][1]["inside"] == 3, "nobody is deleted"
    page.locator("#notice button").last.click()
    expect(hall.locator(".count")).to_contain_text("3 von 4")


def test_session_runs_over_is_cancelled_and_comes_back_situation_47(opened: Opened, served: Served) -> None:
    programme(served)
    page = opened(ROOMS)
    podium, results = (page.locator("#sessions li").filter(has_text=title) for title in ("Podium", "Ergebnisse"))
    podium.get_by_role("button", name="+15 min").click()
    expect(podium).to_contain_text("09:50–10:45")
    expect(results).to_contain_text("10:45–11:05")
    page.locator("#notice button").last.click()
    expect(podium).to_contain_text("09:50–10:30")
    expect(results).to_contain_text("10:40–11:00")
    podium.get_by_role("button", name="Absagen").click()
    expect(podium).to_contain_text("abgesagt")
    podium.get_by_role("button", name="Doch nicht abgesagt").click()
    expect(podium).not_to_contain_text("· abgesagt")


def test_sessions_swap_rooms_and_displays_follow_situation_39(opened: Opened, served: Served) -> None:
    programme(served)
    display = opened(f"/events/{SLUG}/room/G", 1920, 1080)
    expect(display.locator("#now")).to_contain_text("Werkstatt")
    page = opened(ROOMS)
    page.locator("#sessions li").filter(has_text="Podium").get_by_role("button", name="Ändern").click()
    page.select_option("[name=swap]", "3")
    page.click(".asking .button:not(.plain)")
    expect(page.locator("#sessions li").filter(has_text="Podium")).to_contain_text("Galerie")
    expect(display.locator("#now")).to_contain_text("Podium")


def test_waiting_line_is_seen_at_the_room_and_by_the_organiser_situation_37(opened: Opened, served: Served) -> None:
    programme(served)
    steward = served.operator("steward")
    for who in ("a1", "a2"):
        assert scan(steward, served, who, "G-1", switch=True)["outcome"] == "admitted"
    waiting = scan(steward, served, "a3", "G-1", wait=True)
    assert waiting["line"] == {"area": "G", "number": 1, "ahead": 0}
    assert [one["title"] for one in waiting["alternatives"]] == ["Podium"]
    display = opened(f"/events/{SLUG}/room/G", 1920, 1080)
    expect(display.locator("#free")).to_have_text("voll")
    expect(display.locator("#instead")).to_have_text("4PodiumGroße Halle")
    expect(display.locator("#waiting")).to_have_text("1 wartet")
    gallery = room(opened(ROOMS), "Galerie")
    expect(gallery).to_contain_text("1 Ada Nr a3 – wartet seit 10:00")
    scan(steward, served, "a1", "G-1", direction="exit")
    expect(display.locator("#called")).to_have_text("Nr. 1 bitte")
    expect(gallery).to_contain_text("aufgerufen 10:00")
    gallery.get_by_role("button", name="Nicht da").click()
    expect(display.locator("#line")).to_be_hidden()


def test_one_tap_evacuates_every_door_and_display_situation_50(opened: Opened, served: Served, cable: Cable) -> None:
    steward = served.operator("steward")
    served.operator().patch("/attendees/a1", json={"wheelchair": True})
    scan(steward, served, "a1", "T-1")
    scan(steward, served, "a2", "D1")
    board = opened(f"/events/{SLUG}/board", 1920, 1080)
    door = opened(f"/events/{SLUG}/door/D1")
    expect(door.locator("#head")).to_have_text("Badge vor den Scanner halten")
    page = opened(SAFETY, role="safety")
    page.get_by_role("button", name="Räumung auslösen").click()
    expect(page.locator("#stands")).to_have_text("Räumung seit 10:00: kein Einlass, alle Ausgänge offen.")
    expect(door.locator("#head")).to_have_text("Räumung")
    expect(board.locator("#evacuation")).to_contain_text("Bitte verlassen Sie ruhig das Haus")
    assert scan(steward, served, "a3", "D1", override={"reason": "x"})["reason"] == "evacuation"
    assert scan(steward, served, "a2", "D1", direction="exit")["outcome"] == "admitted"
    expect(page.locator("#counts tbody tr").first).to_have_text("Haus21 ± 1♿ 1")
    expect(page.locator("#helped tbody tr")).to_contain_text("Ada Nr a1")
    cable.cut()
    expect(page.locator("#link")).to_contain_text("keine Verbindung")
    expect(page.locator("#helped tbody tr")).to_contain_text("Ada Nr a1")
    with page.expect_download() as kept:
        page.get_by_role("button", name="Als Datei sichern").click()
    text = kept.value.path().read_text(encoding="utf-8")
    assert all(part in text for part in ("Ada Nr a1", "Räumung seit 10:00"))
    cable.mend()
    expect(page.locator("#link")).to_have_text("RÄUMUNG")
    page.get_by_role("button", name="Entwarnung").click()
    page.click(".asking .button:not(.plain)")
    expect(page.locator("#stands")).to_have_text("Keine Räumung.")
    expect(door.locator("#head")).to_have_text("Badge vor den Scanner halten")
    expect(page.locator("#counts tbody tr").first).to_have_text("Haus00–")
    expect(page.locator("#earlier li")).to_have_count(2)
    assert scan(steward, served, "a1", "D1")["kind"] == "reentry"


@pytest.mark.parametrize(("begin", "end"), [("Räumung auslösen", "Fehlalarm zurücknehmen"), ("Übung", "Übung beenden")])
def test_false_alarm_and_drill_change_no_count(opened: Opened, served: Served, begin: str, end: str) -> None:
    scan(served.operator("steward"), served, "a1", "D1")
    page = opened(SAFETY, role="safety")
    page.get_by_role("button", name=begin, exact=True).click()
    page.get_by_role("button", name=end).click()
    if begin != "Übung":
        page.click(".asking .button:not(.plain)")
    expect(page.locator("#stands")).to_have_text("Keine Räumung.")
    expect(page.locator("#counts tbody tr").first).to_have_text("Haus11–")


def test_block_holds_at_once_and_only_safety_reads_why_situations_21_and_53(opened: Opened, served: Served) -> None:
    page = opened(SAFETY)
    page.fill("#find", "Nr a7")
    page.get_by_role("button", name="Sperren").click()
    page.fill("[name=reason]", "Hausverbot seit Montag")
    page.click(".asking .danger")
    expect(page.locator("#notice")).to_contain_text("Ada Nr a7 ist gesperrt")
    assert "Hausverbot" not in page.content()
    answer = scan(served.client(), served, "a7", "D1")
    assert (answer["reason"], answer["hint"]["de"]) == ("badge_blocked", "Bitte zum Infoschalter")
    safety = opened(SAFETY, role="safety")
    expect(safety.locator("#blocks")).to_contain_text("Ada Nr a7 – Hausverbot seit Montag")
    safety.get_by_role("button", name="Sperre aufheben").click()
    expect(safety.locator("#blocks")).to_have_text("Niemand.")
    assert scan(served.client(), served, "a7", "D1")["outcome"] == "admitted"


@pytest.mark.parametrize("path", [ROOMS, SAFETY])
def test_pages_fit_a_phone(opened: Opened, served: Served, path: str) -> None:
    programme(served)
    page = opened(path, 360, 800, role="safety")
    expect(page.locator("#link")).to_have_text("verbunden")
    expect(page.locator(".room h3, #counts th[scope=row]").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
