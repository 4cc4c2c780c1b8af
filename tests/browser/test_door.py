"""The face of a door, in a real browser with a scanner that types."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from checkin.store.facts import last_scans
from checkin.words.catalogue import catalogue, languages
from kiosk.web import FACES
from tests.browser.cable import Cable
from tests.browser.conftest import Opened
from tests.served import Served
from tests.venue import SLUG

DOOR = f"/events/{SLUG}/door/D1"


def ready(page: Page) -> Page:
    expect(page.locator("#link")).to_have_text("verbunden")
    return page


def scan(page: Page, code: str, suffix: str = "Enter") -> None:
    """As a wedge types: within milliseconds, as on a US keyboard, with a suffix or none. The keys are
    made in the page, where a busy machine cannot tear the burst apart."""
    keys = [
        {
            "key": char,
            "code": f"Digit{char}" if char.isdigit() else KEYS.get(char, f"Key{char.upper()}"),
            "shiftKey": char.isupper(),
        }
        for char in code
    ]
    burst(page, [*keys, *([{"key": suffix, "code": suffix}] if suffix else [])])


KEYS = {":": "Semicolon", ";": "Semicolon", " ": "Space"}


def burst(page: Page, keys: list[dict[str, Any]]) -> None:
    page.evaluate(
        """(keys) => {
            const typedAt = performance.now();
            for (const [place, key] of keys.entries()) {
              const pressed = new KeyboardEvent("keydown", {...key, bubbles: true, cancelable: true});
              Object.defineProperty(pressed, "timeStamp", {value: typedAt + 2 * place});
              window.dispatchEvent(pressed);
            }
        }""",
        keys,
    )


def count_scans(served: Served) -> int:
    return len(served.write(lambda tx: last_scans(tx, served.centre.venues.id(tx, SLUG), 100)))


@pytest.mark.parametrize("suffix", ["Enter", "Tab", ""])
def test_scanned_badge_is_answered_in_word_symbol_and_colour(opened: Opened, served: Served, suffix: str) -> None:
    page = ready(opened(DOOR))
    scan(page, served.codes["a1"], suffix)
    expect(page.locator("#head")).to_have_text("Willkommen")
    expect(page.locator("#name")).to_have_text("Ada Nr a1")
    expect(page.locator("#hint")).to_have_text("Einlass gewährt – willkommen")
    assert page.locator("#answer").get_attribute("class") == "admitted"
    assert page.locator("#symbol path").count() >= 1
    expect(page.locator("#inside")).to_have_text("1")
    expect(page.locator("#free")).to_have_text("9")


def test_second_scan_says_since_when_and_override_lets_in(opened: Opened, served: Served) -> None:
    page = ready(opened(DOOR))
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text("Willkommen")
    page.wait_for_timeout(2_100)
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text("Schon drin")
    expect(page.locator("#hint")).to_have_text(re.compile(r"Bereits eingecheckt \(10:00, Süd\)"))
    page.click("#override")
    page.click("[data-reason=wentOut]")
    expect(page.locator("#hint")).to_have_text("Wiedereintritt gewährt")
    facts = [one["fact"] for one in served.client("display").get("/facts").json()["facts"]]
    assert [fact.get("override") for fact in facts if fact["kind"] == "scan"] == [
        None,
        None,
        "War draußen, nicht gescannt",
    ]


def test_double_read_within_two_seconds_is_one_scan_situation_30(opened: Opened, served: Served) -> None:
    page = ready(opened(DOOR))
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text("Willkommen")
    scan(page, served.codes["a1"])
    scan(page, served.codes["a1"])
    page.wait_for_timeout(300)
    expect(page.locator("#head")).to_have_text("Willkommen")
    assert count_scans(served) == 1


def test_typed_desk_number_is_answered(opened: Opened, served: Served) -> None:
    page = ready(opened(DOOR))
    page.keyboard.press("1", delay=10)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("003", delay=80)
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_have_text("Ada Nr a2")
    expect(page.locator("#typing")).to_be_hidden()


def test_foreign_qr_is_unknown_and_firm_situation_26(opened: Opened) -> None:
    page = ready(opened(DOOR))
    scan(page, "wifi:t:wpa;s:gast;;")
    expect(page.locator("#hint")).to_have_text("Code unbekannt")
    assert page.locator("#answer").get_attribute("class") == "refused"
    expect(page.locator("#override")).to_be_hidden()


def test_exit_is_recorded(opened: Opened, served: Served) -> None:
    page = ready(opened(DOOR))
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text("Willkommen")
    page.click("#exit")
    scan(page, served.codes["a1"])
    page.wait_for_timeout(2_100)
    scan(page, served.codes["a1"])
    expect(page.locator("#hint")).to_have_text("Ausgang erfasst")
    expect(page.locator("#inside")).to_have_text("0")


def test_door_without_connection_says_so_keeps_the_scan_and_sends_it_later(
    opened: Opened, served: Served, cable: Cable
) -> None:
    page = ready(opened(DOOR))
    cable.cut()
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text("Kein Netz", timeout=2_000)
    expect(page.locator("#kept")).to_have_text("1 Scan wartet auf Verbindung")
    assert count_scans(served) == 0
    cable.mend()
    expect(page.locator("#kept")).to_be_hidden()
    assert count_scans(served) == 1
    expect(page.locator("#link")).to_have_text("verbunden")


def test_station_whose_disk_is_full_does_not_speak_of_a_link(opened: Opened, served: Served) -> None:
    page = ready(opened(DOOR))
    problem = json.dumps({"status": 503, "code": "station_disk_full"})
    page.route("**/scans", lambda route: route.fulfill(status=503, body=problem))
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text("Speicher voll")
    expect(page.locator("#hint")).to_contain_text("Technik rufen")
    expect(page.locator("#answer")).not_to_contain_text("Verbindung")
    expect(page.locator("#kept")).to_be_hidden()
    page.unroute("**/scans")
    page.wait_for_timeout(2_500)
    assert count_scans(served) == 0, "whoever had no answer is not let in later"


def test_centre_that_gives_nothing_away_yet_is_not_called_full(opened: Opened, served: Served) -> None:
    page = ready(opened(DOOR))
    page.route("**/scans", lambda route: answered(route, outcome="refused", reason="area_full", frozen=True))
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text("Warten")


def answered(route: Route, **other: Any) -> None:
    """The answer to a scan, with something else in it."""
    answer = route.fetch()
    route.fulfill(response=answer, json=answer.json() | other)


def test_sound_is_on_after_the_first_key(opened: Opened) -> None:
    page = ready(opened(DOOR))
    expect(page.locator("#sound")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#sound")).to_be_hidden()


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("Willkommen", {}),
        ("Willkommen", {"provisional": True}),
        ("Warten", {"provisional": True, "outcome": "refused", "reason": "area_full"}),
        ("Reserviert", {"provisional": True, "outcome": "refused", "reason": "held_seats_only", "soft": True}),
    ],
)
def test_answer_is_read_from_three_metres(opened: Opened, served: Served, word: str, answer: dict[str, Any]) -> None:
    """EN 301 549 5.1.4: capitals of 37 mm at 3 m, on a screen of 15.6 inches (344 mm wide)."""
    page = ready(opened(DOOR, 1920, 1080))
    page.route("**/scans", lambda route: answered(route, **answer))
    scan(page, served.codes["a1"])
    expect(page.locator("#head")).to_have_text(word)
    font_px = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#head')).fontSize)")
    capital_mm = font_px * 0.714 * 344 / 1920
    assert capital_mm >= 0.0122 * 3_000
    box = page.locator("#head").bounding_box()
    assert box is not None
    assert page.evaluate(
        "document.querySelector('#head').scrollWidth <= document.querySelector('#head').clientWidth + 1"
    )


def test_no_letter_of_a_word_said_large_is_cut_off(opened: Opened) -> None:
    """Every word of a door's face, as if it were said large: those that are are among them."""
    keys = set(re.findall(r'"(\w+)"', (FACES / "door.js").read_text()))
    page = ready(opened(DOOR))
    for language in languages():
        entries = catalogue(language).entries
        words = [text for key in sorted(keys) if isinstance(text := entries.get((None, key)), str)]
        assert {"de": "Ausgang", "en": "Already in"}[language] in words
        for width, height in ((360, 780), (1280, 800), (1920, 1080)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(CUT_OFF, words) == []


CUT_OFF = """(words) => {
    const head = document.querySelector("#head");
    document.querySelector("#way").textContent = "Bitte warten lassen und die Leitung rufen. ".repeat(8);
    return words.flatMap((word) => ["ready", "exit", "look", "refused alone"].filter((tone) => {
        document.querySelector("#answer").className = tone;
        head.textContent = word;
        return head.scrollHeight > head.clientHeight;
    }).map((tone) => `${tone}: ${word}`));
}"""


def test_language_changes_by_one_tap_and_stays(opened: Opened, served: Served) -> None:
    page = ready(opened(DOOR))
    page.click("[data-language]")
    expect(page.locator("#head")).to_have_text("Hold your badge to the scanner")
    assert page.evaluate("document.documentElement.lang") == "en"
    scan(page, served.codes["a1"])
    expect(page.locator("#hint")).to_have_text("Entry granted – welcome")
    page.reload()
    expect(page.locator("#head")).to_have_text("Hold your badge to the scanner")


FRENCH = dict(zip("1234567890", "&é\"'(-è_çà", strict=True)) | {"A": "Q", "Q": "A", "W": "Z", "Z": "W", "M": "?"}


def test_badge_is_read_by_its_keys_where_the_host_hears_other_letters(opened: Opened, served: Served) -> None:
    page = ready(opened(DOOR))
    keys = [
        {
            "code": f"Digit{char}" if char.isdigit() else f"Key{char}",
            "key": FRENCH.get(char, char),
            "shiftKey": not char.isdigit(),
        }
        for char in served.codes["a1"]
    ]
    burst(page, [*keys, {"code": "Enter", "key": "Enter"}])
    expect(page.locator("#name")).to_have_text("Ada Nr a1")
