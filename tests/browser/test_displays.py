"""The displays: live, stale when the line is dead, back by themselves."""

from __future__ import annotations

import re
import uuid

from playwright.sync_api import expect

from checkin.core.model import Session
from checkin.service.schedule import import_schedule
from tests.browser.cable import Cable
from tests.browser.conftest import Opened
from tests.served import Served
from tests.venue import SLUG, at


def enter(served: Served, who: str, door: str) -> None:
    served.operator("steward").post(
        "/scans", json={"id": str(uuid.uuid4()), "code": served.codes[who], "door": door}
    ).raise_for_status()


def give_programme(served: Served) -> None:
    sessions = [
        Session(id="1", area="P", title="Podium", starts_at=at("09:30"), ends_at=at("10:30")),
        Session(id="2", area="P", title="Ergebnisse", starts_at=at("15:30"), ends_at=at("16:15")),
    ]
    served.write(lambda tx: import_schedule(tx, served.centre.venues, SLUG, sessions, now=at("08:00"), by="test"))


def test_board_shows_every_area_and_the_programme_live(opened: Opened, served: Served) -> None:
    give_programme(served)
    page = opened(f"/events/{SLUG}/board", 1920, 1080)
    expect(page.locator("#house h2")).to_have_text("Haus")
    expect(page.locator("#rooms h2")).to_have_text(["Große Halle", "Theater", "Flügel", "Galerie"])
    expect(page.locator("#now li")).to_contain_text("Podium")
    expect(page.locator("#next li")).to_contain_text("Ergebnisse")
    expect(page.locator("#clock")).to_have_text("10:00")
    enter(served, "a1", "P-A")
    expect(page.locator("#house .free")).to_have_text("9")
    expect(page.locator("#rooms .free").first).to_have_text("3")


def test_nothing_on_the_board_is_cut_off(opened: Opened) -> None:
    for width, height in ((1920, 1080), (1080, 1920)):
        page = opened(f"/events/{SLUG}/board", width, height)
        expect(page.locator("#rooms h2").last).to_be_visible()
        overflow = page.evaluate(
            "[...document.querySelectorAll('.place')].filter((place) => {"
            " const box = place.getBoundingClientRect();"
            " return box.bottom > innerHeight || box.right > innerWidth"
            " || place.scrollHeight > place.clientHeight + 1;"
            " }).length"
        )
        assert overflow == 0


def test_full_room_shows_where_it_is_transmitted_situation_31(opened: Opened, served: Served) -> None:
    page = opened(f"/events/{SLUG}/room/P", 1920, 1080)
    expect(page.locator("#free")).to_have_text("4")
    for who in ("a1", "a2", "a3", "a4"):
        enter(served, who, "P-A")
    expect(page.locator("#free")).to_have_text("voll")
    expect(page.locator("#way")).to_have_text("Übertragung: Theater")
    page.click("[data-language]")
    expect(page.locator("#way")).to_have_text("Transmission: Theater")


def test_cancelled_session_is_said_to_fall_out(opened: Opened, served: Served) -> None:
    give_programme(served)
    organiser = served.operator()
    page = opened(f"/events/{SLUG}/room/P", 1920, 1080)
    expect(page.locator("#now")).to_contain_text("Podium")
    for session in ("1", "2"):
        organiser.patch(f"/sessions/{session}", json={"cancelled": True}).raise_for_status()
    expect(page.locator("#now")).to_contain_text("Gerade kein Programm")
    expect(page.locator("#next")).to_contain_text("Ergebnisse fällt aus")


def test_display_goes_stale_when_the_line_is_dead_and_recovers(opened: Opened, served: Served, cable: Cable) -> None:
    page = opened(f"/events/{SLUG}/room/T", 1920, 1080)
    expect(page.locator("#link")).to_have_text("verbunden")
    cable.silence()
    expect(page.locator("#link")).to_have_text(re.compile(r"Stand 10:00, keine Verbindung"), timeout=20_000)
    assert page.evaluate("getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
    enter(served, "a1", "T-1")
    cable.cut()
    cable.mend()
    expect(page.locator("#link")).to_have_text("verbunden", timeout=20_000)
    expect(page.locator("#free")).to_have_text("2")
    assert "stale" not in (page.locator("body").get_attribute("class") or "")


def test_display_recovers_from_a_cut_line(opened: Opened, served: Served, cable: Cable) -> None:
    page = opened(f"/events/{SLUG}/room/T", 1080, 1920)
    expect(page.locator("#link")).to_have_text("verbunden")
    cable.cut()
    enter(served, "a1", "T-1")
    page.wait_for_timeout(1_500)
    cable.mend()
    expect(page.locator("#free")).to_have_text("2", timeout=20_000)
