"""Reads QR codes out of a camera's pictures. A picture is looked at and let go; nothing of it is kept."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import msgspec
import zxingcpp
from litestar.exceptions import WebSocketDisconnect
from msgspec import Struct
from PIL import Image, ImageFilter

from checkin.core.errors import BadInput, Busy, CheckinError, NotAllowed, NotFound, TooLarge

FRAME_BYTES_MAX = 48 * 1024
FRAME_PIXELS_MAX = 1024 * 1024
FRAME_SCANS_MAX = 16
"""A JPEG of many scans costs as many walks over its pixels, however small it is (libjpeg-turbo's own warning)."""
CODES_MAX = 8
READERS = 2
CAMERAS_MAX = 64
IDLE_S = 30.0
REASON_CHARS_MAX = 100
CLOSE_IDLE = 1000
CLOSE_NOT_JPEG = 1003
CLOSE_POLICY = 1008
CLOSE_TOO_BIG = 1009
CLOSE_TRY_LATER = 1013

NOT_A_PICTURE = "Send each picture as the raw bytes of a JPEG, one a message."

_START_OF_IMAGE = b"\xff\xd8\xff"
_START_OF_SCAN = b"\xff\xda"
_SMOOTH = ImageFilter.BoxBlur(1)  # a second look, through the noise of a dark picture


def codes_in(jpeg: bytes) -> list[str]:
    """What the different QR codes in a picture say, in the order found.

    Raises `BadInput` for what is no JPEG, and `TooLarge`, before a pixel is decoded, beyond the limits.
    """
    if not jpeg.startswith(_START_OF_IMAGE):
        raise BadInput(NOT_A_PICTURE, code="frame_invalid")
    if len(jpeg) > FRAME_BYTES_MAX:
        raise TooLarge(f"A picture has at most {FRAME_BYTES_MAX:,} bytes.")
    if jpeg.count(_START_OF_SCAN) > FRAME_SCANS_MAX:
        raise TooLarge(f"A picture has at most {FRAME_SCANS_MAX} scans; send a baseline JPEG.")
    try:
        picture = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
        width, height = picture.size
        if width * height > FRAME_PIXELS_MAX:
            raise TooLarge(f"A picture has at most {FRAME_PIXELS_MAX:,} pixels; this one is {width} × {height}.")
        picture.draft("L", None)
        grey = picture.convert("L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput("This JPEG cannot be decoded.", code="frame_invalid") from error
    found = _codes_in(grey) or _codes_in(grey.filter(_SMOOTH))
    return list(dict.fromkeys(found))[:CODES_MAX]


def _codes_in(grey: Image.Image) -> list[str]:
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    found = zxingcpp.read_barcodes(grey, formats=formats, text_mode=zxingcpp.TextMode.Plain)
    return [code.text for code in found]


class Reading:
    """The threads that read, and the cameras connected. zxing-cpp and Pillow let go of the interpreter's lock."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="reading")
        self.cameras = 0

    @contextmanager
    def camera(self) -> Iterator[None]:
        """A place for one more camera. Raises `Busy` where there are `CAMERAS_MAX`."""
        if self.cameras >= CAMERAS_MAX:
            raise Busy(f"{CAMERAS_MAX} cameras are connected, which is as many as go. Try again later.")
        self.cameras += 1
        try:
            yield
        finally:
            self.cameras -= 1

    async def read(self, jpeg: bytes) -> list[str]:
        """As `codes_in`, on a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, codes_in, jpeg)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class CodesRead(Struct, frozen=True):
    """What the QR codes in the picture say: none, one, or several."""

    codes: list[str]


class Camera(Protocol):
    """The accepted websocket of a camera."""

    def receive(self) -> Awaitable[Any]: ...

    def send_text(self, data: str) -> Awaitable[None]: ...

    def close(self, code: int = ..., reason: str | None = ...) -> Awaitable[None]: ...


async def answer_camera(camera: Camera, reading: Reading, check: Callable[[], Awaitable[None]]) -> None:
    """Each binary message is a JPEG; its answer is a `CodesRead` as text. The next is taken only after it.

    `check` raises a `CheckinError` once this camera may not scan here; it is asked at first and for each picture.
    Returns when the client has gone, or after it was told why it is closed."""
    try:
        await check()
        with reading.camera():
            await _answer_pictures(camera, reading, check)
        return
    except TimeoutError:
        code, reason = CLOSE_IDLE, f"no picture for {IDLE_S:g} s"
    except (OSError, WebSocketDisconnect):
        return  # the client has gone while it was answered
    except CheckinError as error:
        code, reason = _close_code(error), error.message[:REASON_CHARS_MAX]
    with suppress(RuntimeError, WebSocketDisconnect):
        await camera.close(code=code, reason=reason)


async def _answer_pictures(camera: Camera, reading: Reading, check: Callable[[], Awaitable[None]]) -> None:
    """Returns when the client has gone. Raises `TimeoutError` after `IDLE_S` without a picture."""
    while True:
        async with asyncio.timeout(IDLE_S):
            message: Any = await camera.receive()
        if message["type"] == "websocket.disconnect":
            return
        await check()
        jpeg = message.get("bytes")
        if jpeg is None:
            raise BadInput(NOT_A_PICTURE, code="frame_invalid")
        await camera.send_text(msgspec.json.encode(CodesRead(await reading.read(jpeg))).decode())


def _close_code(error: CheckinError) -> int:
    match error:
        case BadInput():
            return CLOSE_NOT_JPEG
        case TooLarge():
            return CLOSE_TOO_BIG
        case NotAllowed() | NotFound():
            return CLOSE_POLICY
        case _:
            return CLOSE_TRY_LATER
