"""The help desk, by keyboard and by tap."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, Route, expect

from checkin.core.names import search_words
from checkin.store import attendees
from checkin.store.engine import Transaction
from tests.browser.conftest import Opened
from tests.browser.test_door import scan
from tests.served import Served
from tests.venue import SLUG

DESK = f"/events/{SLUG}/desk"
START_MS = 20_000
"""A page may take longer to begin than to react: on a busy machine to open it takes ten seconds."""


def ready(page: Page) -> Page:
    expect(page.locator("#link")).to_have_text("verbunden", timeout=START_MS)
    expect(page.locator("#door option").first).to_be_attached()
    return page


def rename(served: Served, **people: dict[str, str]) -> None:
    """Give attendees of the small house another name, town or booking number."""

    def work(tx: Transaction) -> None:
        event = served.centre.venues.id(tx, SLUG)
        changed = [
            msgspec.structs.replace(one, **people[one.id])
            for one in attendees.load_attendees(tx, event)
            if one.id in people
        ]
        words = [search_words(one.given_name, one.family_name, one.town, one.booking_number) for one in changed]
        attendees.change_attendees(tx, event, list(zip(changed, words, strict=True)))

    served.write(work)


def person(served: Served, who: str) -> Any:
    return served.client("desk").get(f"/attendees/{who}").json()


@pytest.mark.parametrize(
    ("typed", "family_name"),
    [
        ("mueller", "Müller"),
        ("Yildiz", "Yıldız"),
        ("wozniak", "Woźniak"),
        ("heide", "von der Heide"),
        ("von der hei", "von der Heide"),
        ("ada heide", "von der Heide"),
    ],
)
def test_name_is_found_as_it_is_typed_situations_6_and_7(
    opened: Opened, served: Served, typed: str, family_name: str
) -> None:
    rename(served, a7={"family_name": family_name})
    page = ready(opened(DESK))
    page.keyboard.type(typed, delay=70)
    expect(page.locator("#found li")).to_have_count(1)
    expect(page.locator("#found b")).to_have_text(f"Ada {family_name}")


def test_person_is_checked_in_by_keyboard_alone_and_taken_back(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK))
    page.keyboard.type("a7", delay=70)
    expect(page.locator("#found li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#person h2")).to_have_text("Ada Nr a7")
    assert person(served, "a7")["area"] is None, "choosing is not checking in"
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_contain_text("Einlass gewährt – willkommen")
    assert person(served, "a7")["area"] == "house"
    page.locator("#notice button").last.click()
    expect(page.locator("#person")).to_contain_text("noch nicht da")
    assert person(served, "a7")["arrived_at"] is None
    page.keyboard.press("Escape")
    expect(page.locator("#person")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "query"


def test_two_of_one_name_are_told_apart_before_anything_happens_situation_8(opened: Opened, served: Served) -> None:
    rename(
        served,
        a1={"family_name": "Yılmaz", "town": "Hagen", "organisation": "Jugendamt"},
        a2={"family_name": "Yilmaz", "town": "Hamm", "organisation": "Schulamt", "title": "Dr."},
    )
    page = ready(opened(DESK))
    page.keyboard.type("yilmaz", delay=70)
    expect(page.locator("#found .same")).to_have_count(2)
    page.locator("#found li").filter(has_text="Hamm").click()
    expect(page.locator(".tell")).to_contain_text("2 Personen heißen so")
    expect(page.locator(".tell li").first).to_contain_text("→ Hamm · Schulamt")
    expect(page.get_by_role("button", name="Einchecken")).to_have_count(0)
    page.get_by_role("button", name="Ja, diese Person").click()
    page.get_by_role("button", name="Einchecken").click()
    expect(page.locator(".answer")).to_be_visible()
    assert (person(served, "a1")["area"], person(served, "a2")["area"]) == (None, "house")


def test_badge_that_is_scanned_shows_the_person_and_decides_nothing(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK))
    scan(page, served.codes["a4"])
    expect(page.locator("#person h2")).to_have_text("Ada Nr a4")
    assert person(served, "a4")["area"] is None


def test_badge_scanned_while_a_question_is_open_is_not_taken(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK))
    scan(page, served.codes["a4"])
    page.get_by_role("button", name="Bemerkung").click()
    page.fill("[name=remark]", "kommt um elf")
    scan(page, served.codes["a5"])
    expect(page.locator("#notice")).to_contain_text("Erst die offene Frage beantworten")
    page.locator(".asking .buttons button").last.click()
    expect(page.locator("#person")).to_contain_text("kommt um elf")
    assert (person(served, "a4")["remark"], person(served, "a5")["remark"]) == ("kommt um elf", "")


def test_old_badge_says_that_it_is_void_and_a_badge_on_paper_can_be_replaced(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK))
    scan(page, served.codes["a4"])
    page.get_by_role("button", name="Neues Badge …").click()
    page.get_by_label("das alte ist sofort ungültig").check()
    page.locator(".asking .buttons button").last.click()
    expect(page.locator("#person")).to_contain_text("2. Ausgabe")
    page.keyboard.press("Escape")
    scan(page, served.codes["a4"])
    expect(page.locator("#notice")).to_contain_text("Dieses Badge ist ungültig. Ersetzt um 10:00")


def test_next_name_is_typed_wherever_the_focus_is(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK))
    scan(page, served.codes["a4"])
    page.get_by_role("button", name="Einchecken").click()
    expect(page.locator(".answer")).to_be_visible()
    page.keyboard.type("a12", delay=70)
    expect(page.locator("#query")).to_have_value("a12")
    expect(page.locator("#found b")).to_have_text("Ada Nr a12")


def test_lost_badge_is_replaced_and_the_print_waits_situations_23_and_24(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK))
    page.keyboard.type("a4", delay=70)
    page.keyboard.press("Enter")
    expect(page.locator("#person h2")).to_have_text("Ada Nr a4")
    page.get_by_role("button", name="Badge drucken").click()
    expect(page.locator("#prints")).to_contain_text(re.compile(r"Ada Nr a4 Nr\. \d+ – wartet"))
    desk = served.client("desk")
    job = desk.post("/prints/next", json={"printer": "Zebra"}).json()
    desk.patch(f"/prints/{job['id']}", json={"state": "printed"})
    page.locator("#found li").first.click()
    page.keyboard.press("Escape")
    page.keyboard.type("a4", delay=70)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Neues Badge …").click()
    expect(page.get_by_label("dasselbe Badge noch einmal")).to_be_checked()
    page.get_by_label("das alte ist sofort ungültig").check()
    page.locator(".asking button:not(.plain)").click()
    expect(page.locator("#notice")).to_contain_text("das alte ist ungültig")
    expect(page.locator("#person")).to_contain_text("2. Ausgabe")
    expect(page.get_by_role("button", name="Wartet auf Druck")).to_be_visible()
    answer = desk.post(
        "/scans", json={"id": "11111111-1111-4111-8111-111111111111", "code": served.codes["a4"], "door": "D1"}
    ).json()
    assert answer["way"]["de"].startswith("Ersetzt um 10:00 ")
    assert answer["way"]["de"].endswith(" – bitte das neue Badge zeigen")
    page.locator("#notice button").last.click()
    expect(page.locator("#notice")).to_contain_text("gilt wieder")
    expect(page.locator("#person")).not_to_contain_text("2. Ausgabe")
    expect(page.locator("#prints")).to_contain_text("Nichts wartet.")
    assert person(served, "a4")["badge"]["generation"] == 1


def test_proxy_comes_and_the_original_is_flagged_situations_9_and_10(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK))
    page.keyboard.type("a6", delay=70)
    expect(page.locator("#found li")).to_have_count(1)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Vertretung").click()
    page.fill("[name=given_name]", "Şule")
    page.fill("[name=family_name]", "Öztürk")
    page.keyboard.press("Enter")
    expect(page.locator("#person h2")).to_have_text("Şule Öztürk")
    expect(page.locator("#person .tell")).to_contain_text("Kommt als Vertretung")
    page.get_by_role("button", name="Einchecken").click()
    expect(page.locator(".answer")).to_contain_text("willkommen")
    page.locator("#found li").filter(has_text="Ada Nr a6").click()
    expect(page.locator("#person .tell")).to_contain_text("Hat eine Vertretung geschickt")
    page.get_by_role("button", name="Einchecken").click()
    expect(page.locator(".answer.look")).to_contain_text("Vertretung gemeldet – Ausweis vorzeigen")


def test_walk_in_is_registered_printed_and_in_however_often_it_is_pressed_situation_11(
    opened: Opened, served: Served
) -> None:
    page = ready(opened(DESK))
    page.keyboard.type("Miro Kovač", delay=70)
    expect(page.locator("#count")).to_contain_text("Niemand gefunden")
    page.keyboard.press("F2")
    expect(page.locator("[name=family_name]")).to_have_value("Kovač")
    expect(page.locator(".asking summary")).to_contain_text("Art. 13 DSGVO")
    page.select_option("[name=group]", "gast")
    page.check("[name=shown]")
    page.evaluate(
        "() => { const form = document.querySelector('.asking form');"
        " for (let press = 0; press < 3; press += 1) form.requestSubmit(); }"
    )
    expect(page.locator(".answer")).to_contain_text("Einlass gewährt – willkommen")
    found = served.client("desk").get("/attendees", params={"q": "kovac"}).json()["attendees"]
    assert [(one["name"], one["area"], one["badge"]["generation"]) for one in found] == [("Miro Kovač", "house", 1)]
    assert len(served.client("desk").get("/prints").json()["prints"]) == 1


def test_walk_in_at_a_full_house_gets_a_number_situation_12(opened: Opened, served: Served) -> None:
    desk = served.client("desk")
    for number in range(10):
        sent = {"id": f"11111111-1111-4111-8111-11111111111{number}", "attendee": f"a{number}", "door": "D1"}
        assert desk.post("/scans", json=sent).json()["outcome"] == "admitted"
    page = ready(opened(DESK))
    page.keyboard.press("F2")
    page.fill("[name=family_name]", "Nowak")
    page.select_option("[name=group]", "gast")
    page.check("[name=shown]")
    page.locator(".asking button:not(.plain)").click()
    expect(page.locator("#notice")).to_contain_text("Nummer 1, davor warten 0.")


def test_group_leader_collects_and_nobody_is_counted_situation_15(opened: Opened, served: Served) -> None:
    rename(served, **{f"a{number}": {"booking_number": "G-77"} for number in range(4)})
    page = ready(opened(DESK))
    page.keyboard.type("G-77", delay=70)
    expect(page.locator("#found li")).to_have_count(4)
    page.locator("#found li").first.click()
    page.get_by_role("button", name="Gruppe abholen").click()
    expect(page.locator(".asking")).to_contain_text("Gruppe G-77: 4 Personen")
    page.locator(".members input").last.uncheck()
    page.locator(".asking .buttons button").last.click()
    expect(page.locator("#notice")).to_contain_text("3 Badges ausgegeben")
    desk = served.client("desk")
    assert desk.get("/occupancy").json()["areas"][0]["known"] == 0
    assert len(desk.get("/prints").json()["prints"]) == 3
    page.locator("#notice button").last.click()
    expect(page.locator("#person")).not_to_contain_text("ausgegeben 10:00")
    expect(page.locator("#prints")).to_contain_text("Nichts wartet.")


def test_printer_s_browser_takes_prints_and_reports(opened: Opened, served: Served) -> None:
    desk = served.client("desk")
    for who in ("a1", "a2"):
        desk.post("/prints", json={"id": f"11111111-1111-4111-8111-11111111111{who[1]}", "badge": f"badge-{who}"})
    page = opened(f"/events/{SLUG}/printer")
    expect(page.locator("#format option").first).to_be_attached()
    page.evaluate("window.print = () => { document.title = 'printed'; }")
    page.fill("#name", "Laser")
    page.click("#run")
    expect(page.locator("#who")).to_contain_text("Ada Nr a")
    expect(page.locator("#sheet img")).to_have_count(1, timeout=20_000)
    expect(page).to_have_title("printed", timeout=20_000)
    first = page.locator("#who").inner_text()
    page.click("#bad")
    expect(page.locator("#who")).not_to_have_text(first)
    expect(page.locator("#sheet img")).to_have_count(1, timeout=20_000)
    page.click("#good")
    expect(page.locator("#state")).to_have_text("Bereit, nichts wartet", timeout=20_000)
    states = sorted(one["state"] for one in desk.get("/prints").json()["prints"])
    assert states == ["failed", "printed"]


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_desk_fits_the_screen(opened: Opened, width: int, height: int) -> None:
    page = ready(opened(DESK, width, height))
    page.keyboard.type("Nr", delay=70)
    expect(page.locator("#found li").first).to_be_visible()
    page.locator("#found li").first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def opened_person(page: Page, who: str) -> None:
    page.keyboard.press("Escape")
    page.keyboard.type(who, delay=70)
    expect(page.locator("#found li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#person h2")).to_have_text(f"Ada Nr {who}")


def test_print_proxy_and_walk_in_are_taken_back_by_one_tap(opened: Opened, served: Served) -> None:
    desk = served.client("desk")
    page = ready(opened(DESK))
    opened_person(page, "a11")
    page.get_by_role("button", name="Badge drucken").click()
    expect(page.locator("#prints")).to_contain_text(re.compile(r"Ada Nr a11 Nr\. \d+ – wartet"))
    page.locator("#notice button").last.click()
    expect(page.locator("#prints")).to_contain_text("Nichts wartet.")

    page.get_by_role("button", name="Vertretung").click()
    page.fill("[name=family_name]", "Öztürk")
    page.keyboard.press("Enter")
    expect(page.locator("#person .tell")).to_contain_text("Kommt als Vertretung")
    page.locator("#notice button").last.click()
    expect(page.locator("#notice")).to_contain_text("Das Badge von Ada Nr a11 gilt wieder.")
    expect(page.locator("#person h2")).to_have_text("Ada Nr a11")
    expect(page.get_by_role("button", name="Einchecken")).to_be_visible()
    assert person(served, "a11")["badge"]["state"] == "valid"

    page.keyboard.press("F2")
    page.fill("[name=family_name]", "Kovač")
    page.select_option("[name=group]", "gast")
    page.check("[name=shown]")
    page.locator(".asking .buttons button").last.click()
    expect(page.locator(".answer")).to_contain_text("willkommen")
    page.locator("#notice button").last.click()
    expect(page.locator("#person .tell")).to_contain_text("storniert")
    expect(page.locator(".answer")).to_have_count(0)
    expect(page.locator("#prints")).to_contain_text("Nichts wartet.")
    assert desk.get("/occupancy").json()["areas"][0]["known"] == 0


def test_open_card_follows_another_desk_and_what_is_being_typed_stays(opened: Opened, served: Served) -> None:
    other = served.client("desk")
    page = ready(opened(DESK))
    opened_person(page, "a12")
    page.get_by_role("button", name="Bemerkung").click()
    page.fill("[name=remark]", "kommt um elf")
    scan = {"id": "11111111-1111-4111-8111-111111111112", "attendee": "a12", "door": "D1"}
    assert other.post("/scans", json=scan).json()["outcome"] == "admitted"
    expect(page.locator("#person")).to_contain_text("im Haus seit 10:00")
    other.patch("/attendees/a12", json={"town": "Hagen"})
    expect(page.locator("#person")).to_contain_text("Hagen")
    expect(page.locator("[name=remark]")).to_have_value("kommt um elf")
    expect(page.locator("[name=remark]")).to_be_focused()
    page.locator(".asking .buttons button").last.click()
    expect(page.locator("#person")).to_contain_text("kommt um elf")
    assert person(served, "a12")["town"] == "Hagen"


def test_letters_that_cannot_be_printed_are_told_while_they_are_typed(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK))
    page.keyboard.press("F2")
    warning = page.locator(".asking .tell")
    page.fill("[name=family_name]", "Nguyễn 李")
    page.wait_for_timeout(500)
    expect(warning).to_be_hidden()
    page.fill("[name=family_name]", "Nguyễn \U00012000")
    expect(warning).to_contain_text("Nicht druckbar: \U00012000")
    page.keyboard.press("Escape")
    opened_person(page, "a13")
    page.get_by_role("button", name="Name berichtigen").click()
    page.fill("[name=given_name]", "\U00012000")
    expect(warning).to_be_visible()
    page.fill("[name=given_name]", "Ada")
    expect(warning).to_be_hidden()


def test_print_that_waits_is_withdrawn_at_the_printer(opened: Opened, served: Served) -> None:
    served.client("desk").post(
        "/prints", json={"id": "11111111-1111-4111-8111-111111111119", "badge": "badge-a1", "printer": "Zebra"}
    )
    page = opened(f"/events/{SLUG}/printer")
    expect(page.locator("#prints")).to_contain_text(re.compile(r"Ada Nr a1 Nr\. \d+ – wartet"))
    page.get_by_role("button", name="Zurückziehen").click()
    expect(page.locator("#prints")).to_contain_text("Nichts wartet.")


def test_last_change_is_taken_back_by_keys_and_no_newer_one_of_somebody_else_is_lost(
    opened: Opened, served: Served
) -> None:
    other = served.client("desk")
    page = ready(opened(DESK))
    opened_person(page, "a12")

    def noted(text: str) -> None:
        page.get_by_role("button", name="Bemerkung").click()
        page.fill("[name=remark]", text)
        page.locator(".asking .buttons button").last.click()
        expect(page.locator("#person")).to_contain_text(text)

    noted("eins")
    noted("zwei")
    expect(page.locator("#notice kbd")).to_have_text("Strg+Z")
    page.locator("#notice button").first.click()
    expect(page.locator("#notice")).to_contain_text("inzwischen noch einmal geändert")
    assert person(served, "a12")["remark"] == "zwei"
    page.get_by_role("button", name="Bemerkung").focus()
    page.keyboard.press("Control+z")
    expect(page.locator("#person dl")).to_contain_text("eins")
    expect(page.get_by_role("button", name="Bemerkung")).to_be_focused()
    noted("drei")
    other.patch("/attendees/a12", json={"remark": "vom anderen Schalter"})
    page.keyboard.press("Control+z")
    expect(page.locator("#person dl")).to_contain_text("vom anderen Schalter")
    assert person(served, "a12")["remark"] == "vom anderen Schalter"


def test_name_that_is_typed_as_fast_as_a_scanner_is_searched_for(opened: Opened, served: Served) -> None:
    rename(served, a7={"family_name": "Lüdenscheidt"})
    page = ready(opened(DESK))
    page.keyboard.type("luedensch", delay=8)
    page.keyboard.press("Enter")
    expect(page.locator("#query")).to_have_value("luedensch")
    expect(page.locator("#person h2")).to_have_text("Ada Lüdenscheidt")


@pytest.mark.parametrize("by", ["name", "badge"])
def test_what_is_typed_or_scanned_before_the_desk_can_search_is_found_once_it_can(
    opened: Opened, served: Served, by: str
) -> None:
    page = opened(DESK)
    held: list[Route] = []
    page.route("**/layout", lambda route: held.append(route))
    page.reload(wait_until="commit")
    expect(page.locator("#link")).to_have_text("Verbindung wird aufgebaut …")
    expect(page.locator("#query")).to_be_focused()
    page.keyboard.press("F2")
    page.keyboard.type("a7" if by == "name" else served.codes["a7"], delay=70 if by == "name" else 5)
    page.wait_for_timeout(300)
    expect(page.locator("#found li")).to_have_count(0)
    held[0].continue_()
    expect(page.locator("#found b")).to_have_text("Ada Nr a7")
    expect(page.locator("#person")).to_be_visible(visible=by == "badge")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_walk_in_of_a_known_name_is_asked_for_who_it_is(opened: Opened, served: Served) -> None:
    rename(served, a3={"family_name": "Kovač", "town": "Hamm"})
    page = ready(opened(DESK))
    page.keyboard.press("F2")
    page.fill("[name=given_name]", "Ada")
    page.fill("[name=family_name]", "Kovac")
    page.select_option("[name=group]", "gast")
    page.check("[name=shown]")
    submit = page.locator(".asking .buttons button").last
    submit.click()
    expect(page.locator(".asking fieldset")).to_contain_text("Hamm")
    page.get_by_label("neue Person").check()
    submit.click()
    expect(page.locator(".answer")).to_contain_text("willkommen")
    assert len(served.client("desk").get("/attendees", params={"q": "kovac"}).json()["attendees"]) == 2
    page.keyboard.press("F2")
    expect(page.locator("[name=group]")).to_have_value("gast")
    page.fill("[name=given_name]", "Ada")
    page.fill("[name=family_name]", "Kovac")
    page.check("[name=shown]")
    submit.click()
    page.get_by_label("Hamm").check()
    submit.click()
    expect(page.locator("#person dl")).to_contain_text("Hamm")
    assert len(served.client("desk").get("/attendees", params={"q": "kovac"}).json()["attendees"]) == 2


def test_phone_comes_to_the_card_and_sees_a_printer_that_is_gone(opened: Opened, served: Served) -> None:
    page = ready(opened(DESK, 360, 780))
    page.keyboard.type("Nr", delay=70)
    page.locator("#found li").nth(1).click()
    expect(page.locator("#person h2")).to_be_in_viewport()
    served.client("desk").post("/printers", json={"printer": "Zebra", "fault": "no route to host"})
    expect(page.locator("#prints")).to_contain_text("Drucker Zebra nicht erreichbar")
