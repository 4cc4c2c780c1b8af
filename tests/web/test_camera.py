"""The websocket of cameras, from outside: what it reads, and what it does not put up with."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import qrcode
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from checkin import reading as reading_module
from checkin.core.errors import BadInput, TooLarge
from checkin.core.model import DeviceRole
from checkin.reading import FRAME_BYTES_MAX, codes_in
from tests import engine
from tests.served import Served

SIDE_PX = 640


@contextmanager
def camera(served: Served, role: DeviceRole = "door") -> Iterator[ClientConnection]:
    token = served.device(role, "D1" if role == "door" else None)
    address = served.api.replace("http", "ws") + "/camera"
    with connect(address, additional_headers={"Authorization": f"Bearer {token}"}, proxy=None) as one:
        yield one


def picture(*texts: str, width: int = SIDE_PX, height: int = SIDE_PX) -> Image.Image:
    """QR codes side by side on grey paper."""
    paper = Image.new("RGB", (width, height), "#c8c4bc")
    for place, text in enumerate(texts):
        code = qrcode.make(text, border=4, box_size=6).get_image().convert("RGB")
        paper.paste(code, (20 + place * 300, 120))
    return paper


def jpeg(image: Image.Image, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 70, **how})
    return out.getvalue()


def ask(connection: ClientConnection, frame: bytes | str) -> list[str]:
    connection.send(frame)
    codes: list[str] = json.loads(connection.recv(5))["codes"]
    return codes


def refusal(connection: ClientConnection, frame: bytes | str) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as closed:
        connection.send(frame)
        connection.recv(5)
    received = closed.value.rcvd
    assert received is not None
    return received.code, received.reason


def cookie_of_a_steward(served: Served) -> str:
    return f"checkin={served.operator('steward').cookies['checkin']}"


def test_pictures_are_answered_with_the_codes_in_them(served: Served) -> None:
    code, other = served.codes["a1"], served.codes["a2"]
    with camera(served) as one:
        assert ask(one, jpeg(picture())) == []
        assert ask(one, jpeg(picture(code))) == [code]
        assert sorted(ask(one, jpeg(picture(code, other)))) == sorted([code, other])
        assert ask(one, jpeg(picture(code, code))) == [code]
        assert ask(one, jpeg(picture(code).rotate(37, expand=True, fillcolor="#c8c4bc"))) == [code]


@pytest.mark.parametrize("text", ["WIFI:T:WPA;S:Gäste;P:geheim;;", "abc\x1ddef", "https://example.org/?a=1&b=ü"])
def test_what_a_code_says_arrives_as_it_is(text: str) -> None:
    assert codes_in(jpeg(picture(text))) == [text]


@pytest.mark.parametrize(
    ("frame", "code", "reason"),
    [
        ("hello", 1003, "raw bytes of a JPEG"),
        (b"", 1003, "raw bytes of a JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), 1003, "raw bytes of a JPEG"),
        (b"\xff\xd8\xff" + bytes(1_000), 1003, "cannot be decoded"),
        (jpeg(picture("x"))[:1_000], 1003, "cannot be decoded"),
        (b"\xff\xd8\xff" + bytes(FRAME_BYTES_MAX), 1009, "bytes"),
        (b"\xff\xd8\xff" + bytes(100_000), 1009, ""),
        (jpeg(Image.new("L", (1_200, 1_200))), 1009, "pixels"),
        (jpeg(picture("x")).replace(b"\xff\xda", b"\xff\xda\xff\xda" * 20), 1009, "scans"),
    ],
    ids=["text", "nothing", "png", "noise", "cut off", "bytes", "message", "pixels", "scans"],
)
def test_anything_but_a_small_jpeg_is_closed_with_a_reason(
    served: Served, frame: bytes | str, code: int, reason: str
) -> None:
    with camera(served) as one:
        closed = refusal(one, frame)
    assert closed[0] == code
    assert reason in closed[1]


def test_bomb_is_refused_before_its_pixels_are_decoded() -> None:
    bomb = jpeg(Image.new("L", (9_000, 9_000)), quality=5)[:FRAME_BYTES_MAX]
    with pytest.raises(TooLarge, match="9000 × 9000"):  # cut off as it is, decoding would say so instead
        codes_in(bomb)


def test_broken_jpeg_is_an_error_of_its_own() -> None:
    whole = jpeg(picture("x"))
    for at in range(3, 700, 7):
        with suppress(BadInput, TooLarge):
            codes_in(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])


def test_display_may_not_and_a_stranger_neither(served: Served) -> None:
    with pytest.raises(InvalidStatus), camera(served, "display"):
        pass
    with pytest.raises(InvalidStatus), connect(served.api.replace("http", "ws") + "/camera", proxy=None):
        pass
    with camera(served, "desk") as desk:
        assert ask(desk, jpeg(picture())) == []


def test_page_of_another_site_cannot_use_the_camera_of_a_login(served: Served) -> None:
    cookie = cookie_of_a_steward(served)
    address = served.api.replace("http", "ws") + "/camera"
    elsewhere = {"Cookie": cookie, "Origin": "https://elsewhere.example"}
    with pytest.raises(InvalidStatus), connect(address, additional_headers=elsewhere, proxy=None):
        pass
    with connect(address, additional_headers={"Cookie": cookie, "Origin": served.url}, proxy=None) as ours:
        assert ask(ours, jpeg(picture())) == []


def test_revoked_device_is_dropped_at_its_next_picture_situation_57(served: Served) -> None:
    organiser = served.operator()
    with camera(served) as one:
        assert ask(one, jpeg(picture("x"))) == ["x"]
        device = organiser.get("/devices").json()["devices"][0]["id"]
        organiser.delete(f"/devices/{device}")
        assert refusal(one, jpeg(picture("x"))) == (1008, "This device or login is no longer valid.")


def test_one_camera_too_many_is_told_so_and_a_place_is_given_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_module, "CAMERAS_MAX", 1)
    with camera(served) as first:
        assert ask(first, jpeg(picture())) == []
        with camera(served) as second:
            code, reason = refusal(second, jpeg(picture()))
        assert (code, "Try again later" in reason) == (1013, True)
    time.sleep(0.2)
    with camera(served) as third:
        assert ask(third, jpeg(picture())) == []


def test_silent_camera_is_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "IDLE_S", 0.2)
    with camera(served) as one, pytest.raises(ConnectionClosed, match="no picture"):
        one.recv(5)


def test_camera_of_an_event_that_is_not_there_is_told_so(served: Served) -> None:
    cookie = cookie_of_a_steward(served)
    address = f"{served.url}/api/v1/events/nowhere/camera".replace("http", "ws")
    with (
        connect(address, additional_headers={"Cookie": cookie}, proxy=None) as one,
        pytest.raises(ConnectionClosed) as closed,
    ):
        one.recv(5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_nothing_of_a_picture_is_kept_situation_26(served: Served, tmp_path: Path) -> None:
    secret = "WIFI:T:WPA;S:Gast;P:geheim;;"
    with camera(served) as one:
        assert ask(one, jpeg(picture(secret))) == [secret]
    assert secret.encode() not in engine.files_of(tmp_path)
