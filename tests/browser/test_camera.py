"""The camera of a door: from Chromium's fake camera over the websocket and the decoder to the answer on the face."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
import qrcode
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import engine
from tests.browser.axe import violations
from tests.browser.cable import Cable
from tests.browser.conftest import CHROMIUM, Opened
from tests.browser.test_door import DOOR, count_scans, ready
from tests.campaign.pictures import badge, blurred, film, laid_on, lit, noisy, on_phone
from tests.served import Served

SIZE = (1280, 720)
MIDDLE = (640, 360)
TABLE = Image.new("RGB", SIZE, "#a08c72")
FILMED_FPS = 30
PLAYED = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"

Codes = dict[str, str]
Frames = list[Image.Image]
Filmed = Callable[[Codes], Frames]


def held(code: str, angle: float = 0, height_px: int = 640, person: int = 0) -> Image.Image:
    one = badge(code, person=person)
    return laid_on(TABLE, one.resize((round(one.width * height_px / one.height), height_px)), MIDDLE, angle)


def clean(codes: Codes) -> Frames:
    return [held(codes["a1"])]


def rotated(codes: Codes) -> Frames:
    return [held(codes["a1"], angle=143, height_px=560)]


def out_of_focus(codes: Codes) -> Frames:
    return [blurred(held(codes["a1"]), 2)]


def dark(codes: Codes) -> Frames:
    return [noisy(lit(held(codes["a1"]), 0.22, 0.8), 6, Random(1))]


def phone(codes: Codes) -> Frames:
    code = qrcode.make("t-A1", border=4, box_size=8).get_image()
    return [laid_on(lit(TABLE, 0.5), on_phone(code), MIDDLE, 8)]


def two_badges(codes: Codes) -> Frames:
    first, second = badge(codes["a1"], "cr80"), badge(codes["a2"], "cr80", person=1)
    return [laid_on(laid_on(TABLE, first, (640, 190), 4), second, (640, 530), -3)]


def nothing(codes: Codes) -> Frames:
    return [TABLE]


def no_film(codes: Codes) -> Frames:
    """Chromium's own test picture."""
    return []


def wifi(codes: Codes) -> Frames:
    code = qrcode.make("WIFI:T:WPA;S:Gast;P:geheim;;", border=4, box_size=10).get_image()
    return [laid_on(TABLE, code.convert("RGB"), MIDDLE)]


def away_and_back(codes: Codes) -> Frames:
    here, gone = held(codes["a1"]), TABLE
    trembling = [*[here] * 15, *[gone] * 15] * 3
    return [*trembling, *[gone] * (5 * FILMED_FPS)]


@pytest.fixture
def fake() -> list[str]:
    """What Chromium is told about its camera; a test may tell it otherwise."""
    return [PLAYED, ALLOWED]


@pytest.fixture
def filmed(request: pytest.FixtureRequest) -> Filmed:
    filmed: Filmed = getattr(request, "param", clean)
    return filmed


@pytest.fixture
def browser(filmed: Filmed, fake: list[str], served: Served, tmp_path: Path) -> Iterator[Browser]:
    """A browser whose camera plays what was filmed."""
    file = tmp_path / "camera.mjpeg"
    if frames := filmed(served.codes):
        file.write_bytes(film(frames))
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                *([f"--use-file-for-fake-video-capture={file}"] if file.exists() else []),
                *fake,
            ],
        )
        yield one
        one.close()


def with_camera(page: Page) -> Page:
    ready(page).click("#camera-switch")
    expect(page.locator("#camera")).to_be_visible()
    return page


def state(page: Page) -> str:
    return page.locator("#camera .camera-picture").get_attribute("data-state") or ""


@pytest.mark.parametrize("filmed", [clean, rotated, out_of_focus, dark, phone], indirect=True)
def test_badge_in_the_picture_is_answered(opened: Opened, served: Served) -> None:
    page = with_camera(opened(DOOR))
    expect(page.locator("#head")).to_have_text("Willkommen")
    expect(page.locator("#name")).to_have_text("Ada Nr a1")
    expect(page.locator("#camera [role=status]")).to_have_text("✓ Erkannt")
    assert violations(page) == []
    page.wait_for_timeout(2_500)
    expect(page.locator("#head")).to_have_text("Willkommen")
    assert count_scans(served) == 1, "as long as it stays in the picture it is one scan"


@pytest.mark.parametrize("filmed", [two_badges], indirect=True)
def test_two_badges_in_the_picture_are_no_scan(opened: Opened, served: Served) -> None:
    page = with_camera(opened(DOOR))
    expect(page.locator("#camera [role=status]")).to_have_text("Bitte nur ein Badge")
    page.click("[data-language]")
    expect(page.locator("#camera [role=status]")).to_have_text("One badge at a time")
    page.wait_for_timeout(2_000)
    assert state(page) == "many"
    assert violations(page) == []
    assert count_scans(served) == 0


@pytest.mark.parametrize("filmed", [nothing], indirect=True)
def test_empty_picture_is_no_scan(opened: Opened, served: Served) -> None:
    page = with_camera(opened(DOOR))
    expect(page.locator("#camera .camera-word")).to_have_text("Badge ins Bild halten")
    page.wait_for_timeout(1_000)
    assert state(page) == "looking"
    assert count_scans(served) == 0


@pytest.mark.parametrize("filmed", [wifi], indirect=True)
def test_code_that_is_no_badge_is_unknown_and_kept_nowhere_situation_26(opened: Opened, tmp_path: Path) -> None:
    page = with_camera(opened(DOOR))
    expect(page.locator("#head")).to_have_text("Unbekannt")
    assert "geheim" not in page.content()
    assert "geheim" not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert b"geheim" not in engine.files_of(tmp_path)


@pytest.mark.parametrize("filmed", [away_and_back], indirect=True)
def test_badge_is_one_scan_until_it_was_away_for_two_seconds_situation_30(opened: Opened, served: Served) -> None:
    page = with_camera(opened(DOOR))
    expect(page.locator("#head")).to_have_text("Willkommen")
    page.wait_for_timeout(3_500)
    expect(page.locator("#head")).to_have_text("Willkommen")
    assert count_scans(served) == 1
    expect(page.locator("#head")).to_have_text("Schon drin")
    assert count_scans(served) == 2


def test_other_direction_scans_the_badge_in_the_picture_again(opened: Opened, served: Served) -> None:
    page = with_camera(opened(DOOR))
    expect(page.locator("#head")).to_have_text("Willkommen")
    page.click("#exit")
    expect(page.locator("#hint")).to_have_text("Ausgang erfasst")


WATCH = """
window.sent = [];
window.underWay = 0;
window.mostUnderWay = 0;
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (frame) {
  sent.push(frame.size);
  mostUnderWay = Math.max(mostUnderWay, ++underWay);
  this.addEventListener("message", () => { underWay -= 1; }, {once: true});
  send.call(this, frame);
};
"""


def test_frames_come_one_after_the_other_and_stop_with_the_camera(opened: Opened) -> None:
    page = opened(DOOR)
    page.add_init_script(WATCH)
    page.reload()
    with_camera(page)
    expect(page.locator("#head")).to_have_text("Willkommen")
    page.wait_for_timeout(2_000)
    page.get_by_role("button", name="Kamera aus").click()
    expect(page.locator("#camera")).to_be_hidden()
    expect(page.locator("#camera-switch")).to_be_focused()
    page.wait_for_timeout(500)
    sent = page.evaluate("sent")
    page.wait_for_timeout(500)
    assert page.evaluate("sent") == sent
    assert len(sent) > 5
    assert page.evaluate("underWay") == 0
    assert page.evaluate("mostUnderWay") == 1
    assert max(sent) <= 48 * 1024
    assert sorted(sent)[len(sent) // 2] < 30_000


def test_hidden_page_lets_go_of_the_camera_and_takes_it_again(opened: Opened) -> None:
    page = with_camera(opened(DOOR))
    expect(page.locator("#head")).to_have_text("Willkommen")
    hide = """(hidden) => {
        Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    assert page.evaluate("document.querySelector('#camera video').srcObject === null")
    page.evaluate(hide, False)
    expect(page.locator("#camera .camera-word")).to_have_text("✓ Erkannt")


def test_camera_without_connection_says_so_and_reads_again_after(opened: Opened, cable: Cable) -> None:
    page = with_camera(opened(DOOR))
    expect(page.locator("#head")).to_have_text("Willkommen")
    cable.cut()
    expect(page.locator("#camera [role=status]")).to_have_text(re.compile("Kein Netz"))
    cable.mend()
    expect(page.locator("#camera [role=status]")).to_have_text("✓ Erkannt")


DETECTOR = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code", "aztec"]; }
  async detect(picture) {
    if (window.detectorBroken) throw new Error("no service");
    window.detected = [picture.width, picture.height];
    return [{rawValue: "%s"}, {rawValue: "%s"}];
  }
};
"""


@pytest.mark.parametrize("filmed", [nothing], indirect=True)
def test_browser_that_reads_itself_sends_no_picture(opened: Opened, served: Served) -> None:
    page = opened(DOOR)
    page.add_init_script(DETECTOR % (served.codes["a1"], served.codes["a1"]))
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.reload()
    with_camera(page)
    expect(page.locator("#name")).to_have_text("Ada Nr a1")
    assert page.evaluate("window.detected") == [640, 640]
    assert not any(url.endswith("/camera") for url in sockets)


def test_browser_that_promises_to_read_and_cannot_has_the_centre_read(opened: Opened) -> None:
    page = opened(DOOR)
    page.add_init_script(DETECTOR % ("x", "x") + "window.detectorBroken = true;")
    page.reload()
    with_camera(page)
    expect(page.locator("#name")).to_have_text("Ada Nr a1")


@pytest.mark.parametrize("filmed", [no_film], indirect=True)
@pytest.mark.parametrize(
    ("fake", "words"),
    [([PLAYED], "gesperrt"), ([f"{PLAYED}=device-count=0", ALLOWED], "Keine Kamera gefunden")],
    ids=["refused", "none"],
)
def test_camera_that_cannot_be_had_says_what_to_do_and_the_scanner_goes_on(opened: Opened, words: str) -> None:
    page = with_camera(opened(DOOR))
    message = page.locator("#camera [role=alert]")
    expect(message).to_contain_text(words)
    expect(message).to_contain_text("gehen weiter")
    assert violations(page) == []
    page.keyboard.press("1", delay=10)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("003", delay=80)
    page.keyboard.press("Enter")
    expect(page.locator("#name")).to_have_text("Ada Nr a2")


@pytest.mark.parametrize("fake", [["--host-resolver-rules=MAP house.example 127.0.0.1"]])
def test_page_without_https_on_the_network_says_so(browser: Browser, served: Served, cable: Cable) -> None:
    served.operator("steward")
    page = browser.new_page(locale="de-DE", base_url=f"http://house.example:{cable.port}")
    page.goto("/login")
    name = f"steward {len(served.clients) - 1}"
    page.evaluate(
        """(name) => fetch("/api/v1/login", {
            method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(name)})""",
        {"name": name, "password": "ein langes Passwort"},
    )
    page.goto(DOOR)
    with_camera(page)
    expect(page.locator("#camera [role=alert]")).to_contain_text("https://")


@pytest.mark.parametrize("filmed", [no_film], indirect=True)
@pytest.mark.parametrize("fake", [[f"{PLAYED}=device-count=2", ALLOWED]])
def test_choice_among_cameras_is_remembered(opened: Opened) -> None:
    page = with_camera(opened(DOOR))
    devices = page.locator("#camera select")
    expect(devices).to_be_visible()
    values = devices.evaluate("one => [...one.options].map(option => option.value)")
    assert len(set(values)) == 2
    first = devices.input_value()
    other = next(value for value in values if value != first)
    devices.select_option(other)
    page.wait_for_timeout(500)
    page.reload()
    with_camera(page)
    expect(devices).to_have_value(other)


TORCH = """
const track = MediaStreamTrack.prototype;
track.getCapabilities = () => ({torch: true});
track.applyConstraints = async (wanted) => { window.torch = wanted.advanced[0].torch; };
"""


def test_torch_is_switched_and_remembered(opened: Opened) -> None:
    page = opened(DOOR)
    page.add_init_script(TORCH)
    page.reload()
    with_camera(page)
    torch = page.get_by_role("button", name="Licht")
    expect(torch).to_have_attribute("aria-pressed", "false")
    torch.click()
    expect(torch).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.torch") is True
    page.reload()
    with_camera(page)
    expect(torch).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.torch") is True


def test_picture_and_answer_are_seen_together(opened: Opened) -> None:
    page = with_camera(opened(DOOR))
    for width, height in ((1280, 800), (390, 844), (1024, 768), (360, 640), (844, 390)):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator("#camera .camera-word")).to_have_text("✓ Erkannt")
        picture, answer = page.locator(".camera-picture").bounding_box(), page.locator("#answer").bounding_box()
        assert picture is not None
        assert answer is not None
        beside = picture["x"] >= answer["x"] + answer["width"] - 1
        assert beside or picture["y"] >= answer["y"] + answer["height"] - 1, "the picture covers the answer"
        assert picture["width"] >= 110
        assert abs(picture["width"] - picture["height"]) < 1
        for box in (picture, answer):
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width + 1
            assert box["y"] + box["height"] <= height + 1
        assert page.evaluate("(head => head.scrollWidth <= head.clientWidth + 1)(document.querySelector('#head'))")
