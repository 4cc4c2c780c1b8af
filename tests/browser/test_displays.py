"""The displays: live, stale when the line is dead, back by themselves."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from playwright.sync_api import WebSocketRoute, expect

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


def test_display_beside_a_door_without_places_of_its_own_invites_nobody(opened: Opened) -> None:
    """As a station at the hall shows it, whose link has gone or whose centre is too slow."""
    station = {"link": "cut", "since": None, "waiting": 0, "places": 0, "door": "P-A", "disk": "ok", "keeper": "ok"}
    hall_now: dict[str, object] = {}

    def alone(from_page: WebSocketRoute) -> None:
        server = from_page.connect_to_server()

        def tell(text: str | bytes) -> None:
            message = json.loads(text) | {"station": station}
            for area in message.get("areas", []):
                area |= hall_now if area["id"] == "P" else {}
            from_page.send(json.dumps(message))

        server.on_message(tell)

    page = opened(f"/events/{SLUG}/board")
    page.route_web_socket(re.compile("/live"), alone)
    for link, places, shown in (("cut", 0, "Hier gerade kein Einlass"), ("slow", 3, "Plätze frei")):
        station |= {"link": link, "places": places}
        page.reload()
        hall, theatre = page.locator("#rooms .place").nth(0), page.locator("#rooms .place").nth(1)
        expect(theatre.locator(".unit")).to_contain_text("≈")
        expect(hall.locator(".state")).to_have_text(shown)
        expect(theatre.locator(".state")).to_have_text("Plätze frei")
    page.goto(page.url.replace("/board", "/room/P"))
    expect(page.locator("#free")).to_have_text("≈\u202f4")
    station |= {"places": 0}
    page.reload()
    expect(page.locator("#free")).to_have_text("Warten")
    # Full is only what was full: of what is free elsewhere this door knows nothing.
    for inside, shown in ((1, "Warten"), (4, "voll")):
        hall_now |= {"free": 0, "inside": inside, "state": "full"}
        page.reload()
        expect(page.locator("#free")).to_have_text(shown)
    # Linked, at a centre that was put back and gives nothing away yet.
    station |= {"link": "linked", "places": 0}
    hall_now |= {"inside": 1, "frozen": True}
    page.reload()
    expect(page.locator("#of")).to_contain_text("1 von 4")
    expect(page.locator("#free")).to_have_text("Warten")


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


def test_display_goes_stale_when_the_line_is_dead_and_recovers_however_slowly_it_connects(
    opened: Opened, served: Served, cable: Cable
) -> None:
    page = opened(f"/events/{SLUG}/room/T", 1920, 1080)
    expect(page.locator("#link")).to_have_text("verbunden")
    cable.silence()
    expect(page.locator("#link")).to_have_text(re.compile(r"Stand 10:00, keine Verbindung"), timeout=20_000)
    assert page.evaluate("getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
    enter(served, "a1", "T-1")
    cable.slow_s = 2.5  # as Chromium, which holds a websocket back for up to five seconds after many that failed
    cable.cut()
    cable.mend()
    expect(page.locator("#link")).to_have_text("verbunden", timeout=20_000)
    expect(page.locator("#free")).to_have_text("2")
    assert "stale" not in (page.locator("body").get_attribute("class") or "")


COUNT_SOCKETS = """() => {
  window.tries = [];
  window.together = 0;
  window.WebSocket = class extends WebSocket {
    constructor(address) {
      super(address);
      window.tries.push(this);
      window.together = Math.max(window.together, window.tries.filter((one) => one.readyState <= 1).length);
    }
  };
}"""


@pytest.mark.parametrize(
    "news", ["window.dispatchEvent(new Event('online'))", "document.dispatchEvent(new Event('visibilitychange'))"]
)
def test_display_tries_again_ever_more_slowly_and_at_once_when_there_is_news(
    opened: Opened, served: Served, cable: Cable, news: str
) -> None:
    page = opened(f"/events/{SLUG}/room/T", 1080, 1920)
    expect(page.locator("#link")).to_have_text("verbunden")
    page.evaluate(COUNT_SOCKETS)
    cable.cut()
    enter(served, "a1", "T-1")
    while page.evaluate("window.tries.length") < 3:
        page.wait_for_timeout(50)
    page.wait_for_timeout(500)  # of the pause of 2 s or more that begins with the third
    cable.mend()
    page.evaluate(news)
    expect(page.locator("#free")).to_have_text("2", timeout=1_000)
    assert page.evaluate("[window.tries.length, window.together]") == [4, 1]
