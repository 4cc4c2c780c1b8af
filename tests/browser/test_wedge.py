"""A scanner that types, on hosts with the layouts of DE, CH, FR and US as xkb describes them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from checkin.store.badges import add_ticket_codes
from tests.browser.conftest import Opened
from tests.browser.keyboards import HOW_TO_GET_THEM, Key, Keyboard
from tests.browser.test_door import DOOR, burst, count_scans, ready
from tests.served import Served
from tests.venue import SLUG

LAYOUTS = ["de", "de(nodeadkeys)", "ch", "ch(fr)", "fr", "us"]
TICKETS = ["k3yzqw7mxa9dp2ehvtj4u8bg5ncr6fsz", "zy8wq2maemkx5h3n7tbvcyzr4pgu9dfj", "qyzawm"]
TEXTS = [
    *TICKETS,
    "Qz-Wy.0123/AM_9",
    "https://tickets.example/zy_1?q=A&w=~2#top",
    "mailto:y.zaq@example.org",
    'WIFI:T:WPA;S:Gast "AQ";P:yz@w!;;',
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
]


@pytest.fixture(params=LAYOUTS)
def host(request: pytest.FixtureRequest) -> Keyboard:
    try:
        return Keyboard(request.param)
    except OSError:
        pytest.skip(HOW_TO_GET_THEM)


@pytest.fixture
def sent(opened: Opened) -> tuple[Page, list[str]]:
    """A door, and the codes that it sends."""
    page = ready(opened(DOOR))
    codes: list[str] = []

    def note(request: Any) -> None:
        if request.url.endswith("/scans"):
            codes.append(request.post_data_json["code"])

    page.on("request", note)
    return page, codes


def typed_as_us(host: Keyboard, text: str, **how: bool) -> list[Key]:
    """By a scanner as it comes from the factory: the keys of a US keyboard, whatever the host makes of them."""
    return host.presses(Keyboard("us").strokes_for(text), **how)


def typed_as_host(host: Keyboard, text: str, **how: bool) -> list[Key]:
    """By a scanner that was set to the host's layout."""
    return host.presses(host.strokes_for(text), **how)


def scan(page: Page, keys: list[Key], suffix: str = "Enter") -> None:
    burst(page, [*keys, *([{"key": suffix, "code": suffix}] if suffix else [])])


def after(page: Page, codes: list[str], count: int) -> list[str]:
    """What was sent, once that many are answered; then nothing is remembered."""
    for _ in range(100):
        if len(codes) >= count:
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(150)
    sent = list(codes)
    codes.clear()
    return sent


def test_scanner_that_types_as_us_is_read_right_caps_lock_or_not(
    host: Keyboard, sent: tuple[Page, list[str]], served: Served
) -> None:
    page, codes = sent
    for caps_lock in (False, True):
        for text in (served.codes["a1"], served.codes["a2"].lower(), *TEXTS):
            scan(page, typed_as_us(host, text, caps_lock=caps_lock))
            assert after(page, codes, 1)[0] == text
    expect(page.locator("#head")).to_have_text("Unbekannt")


def test_scanner_set_to_the_hosts_layout_is_read_right(
    host: Keyboard, sent: tuple[Page, list[str]], served: Served
) -> None:
    """Letters alone can be meant both ways on some hosts: the other way is tried, and then it is known."""
    page, codes = sent
    served.write(lambda tx: add_ticket_codes(tx, served.centre.venues.id(tx, SLUG), [(TICKETS[0].upper(), "a3")]))
    scan(page, typed_as_host(host, served.codes["a1"]))
    assert after(page, codes, 1) == [served.codes["a1"]]
    scan(page, typed_as_host(host, TICKETS[0]))
    expect(page.locator("#name")).to_have_text("Ada Nr a3")
    assert after(page, codes, 1)[-1] == TICKETS[0]
    for text in TEXTS[1:]:
        scan(page, typed_as_host(host, text))
        assert after(page, codes, 1)[0] == text
    scan(page, typed_as_host(host, served.codes["a2"], caps_lock=True))
    assert after(page, codes, 1)[0].upper() == served.codes["a2"]


def test_what_the_scanner_puts_around_a_code_is_left_out(sent: tuple[Page, list[str]], served: Served) -> None:
    page, codes = sent
    host = german()
    for suffix in ("Enter", "Tab", ""):
        for place, prefix in enumerate(("]Q1", "]d2", "~", "\\")):
            code = served.codes[f"a{place}"]
            scan(page, typed_as_us(host, prefix + code), suffix)
            assert after(page, codes, 1) == [code]
        for text in ("WIFI:T:WPA;S:yz;;", TICKETS[0]):
            scan(page, typed_as_us(host, "]Q1" + text), suffix)
            assert after(page, codes, 1)[0] == text


@pytest.mark.parametrize("suffix", ["Enter", ""])
def test_code_that_a_radio_tears_to_pieces_is_one_scan(
    opened: Opened, served: Served, sent: tuple[Page, list[str]], suffix: str
) -> None:
    """The page's clock is ours, so that a busy machine makes no gap longer."""
    page, codes = sent
    page.clock.install()
    page.reload()
    ready(page)
    code = served.codes["a1"]
    for gap_ms in (70, 250):
        for part in (code[:7], code[7:13], code[13:21], code[21:]):
            scan(page, typed_as_us(german(), part), suffix="")
            page.clock.run_for(gap_ms)
        scan(page, [], suffix)
        page.clock.run_for(3_000)
        assert after(page, codes, 1) == [code]
    scan(page, typed_as_us(german(), code[:7]), suffix="")
    page.clock.run_for(1_000)
    assert after(page, codes, 1) == [code[:7]], "what never goes on is told"


def german() -> Keyboard:
    try:
        return Keyboard("de")
    except OSError:
        pytest.skip(HOW_TO_GET_THEM)


def test_other_way_to_read_a_ticket_is_tried_once_and_then_known(sent: tuple[Page, list[str]], served: Served) -> None:
    page, codes = sent
    tickets = [(ticket.upper(), f"a{number}") for number, ticket in enumerate(TICKETS)]
    served.write(lambda tx: add_ticket_codes(tx, served.centre.venues.id(tx, SLUG), tickets))
    host = german()
    scan(page, typed_as_host(host, TICKETS[0]))
    expect(page.locator("#name")).to_have_text("Ada Nr a0")
    assert len(after(page, codes, 2)) == 2
    scan(page, typed_as_host(host, TICKETS[1]))
    expect(page.locator("#name")).to_have_text("Ada Nr a1")
    assert after(page, codes, 1) == [TICKETS[1]]
    page.reload()
    ready(page)
    scan(page, typed_as_host(host, TICKETS[2]))
    expect(page.locator("#name")).to_have_text("Ada Nr a2")
    assert after(page, codes, 1) == [TICKETS[2]]
    assert count_scans(served) == 4


def test_numpad_and_numbers_with_alt_are_characters_under_any_layout(
    sent: tuple[Page, list[str]], served: Served
) -> None:
    page, codes = sent
    digits = [{"key": digit, "code": f"Numpad{digit}"} for digit in "23456"]
    digits.insert(0, {"key": "End", "code": "Numpad1"})
    scan(page, [*digits, {"key": "-", "code": "NumpadSubtract"}, {"key": "7", "code": "Numpad7"}])
    assert after(page, codes, 1)[0] == "123456-7"
    page.evaluate(
        """(text) => {
            let at = performance.now();
            const fire = (kind, what) => {
              const event = new KeyboardEvent(kind, {...what, bubbles: true, cancelable: true});
              Object.defineProperty(event, "timeStamp", {value: at += 2});
              window.dispatchEvent(event);
            };
            for (const char of text) {
              fire("keydown", {key: "Alt", code: "AltLeft", altKey: true});
              for (const digit of String(char.charCodeAt(0)).padStart(4, "0"))
                fire("keydown", {key: digit, code: `Numpad${digit}`, altKey: true});
              fire("keyup", {key: "Alt", code: "AltLeft"});
            }
            fire("keydown", {key: "Enter", code: "Enter"});
        }""",
        served.codes["a1"],
    )
    assert after(page, codes, 1) == [served.codes["a1"]]


def test_line_end_as_a_control_character_is_a_suffix(sent: tuple[Page, list[str]], served: Served) -> None:
    page, codes = sent
    burst(page, [*typed_as_us(german(), served.codes["a1"]), {"key": "j", "code": "KeyJ", "ctrlKey": True}])
    assert after(page, codes, 1) == [served.codes["a1"]]


def test_space_and_enter_of_a_scanner_press_no_button(sent: tuple[Page, list[str]], served: Served) -> None:
    page, codes = sent
    page.focus("#exit")
    for key in ["a", "Space", "b", "c", "d", "e", "f", "Enter"]:
        page.keyboard.press(key)
    assert page.locator("#exit").get_attribute("aria-pressed") == "false"
    assert after(page, codes, 1)[0] == "a bcdef"


def test_code_typed_by_hand_with_caps_lock_is_as_it_was_typed(opened: Opened) -> None:
    page = ready(opened(DOOR))
    burst(page, [{"key": "T", "code": "KeyT", "modifierCapsLock": True}])
    expect(page.locator("#code")).to_have_value("T")
