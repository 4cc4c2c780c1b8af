"""Reads QR codes out of a camera's pictures. A picture is looked at and let go; nothing of it is kept."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import zxingcpp
from PIL import Image, ImageFilter

from checkin.core.errors import BadInput, Busy, TooLarge

FRAME_BYTES_MAX = 48 * 1024
FRAME_PIXELS_MAX = 1024 * 1024
FRAME_SCANS_MAX = 16
"""A JPEG of many scans costs as many walks over its pixels, however small it is (libjpeg-turbo's own warning)."""
CODES_MAX = 8
READERS = 2
CAMERAS_MAX = 64

_START_OF_IMAGE = b"\xff\xd8\xff"
_START_OF_SCAN = b"\xff\xda"
_SMOOTH = ImageFilter.BoxBlur(1)  # a second look, through the noise of a dark picture


def codes_in(jpeg: bytes) -> list[str]:
    """What the different QR codes in a picture say, in the order found.

    Raises `BadInput` for what is no JPEG, and `TooLarge`, before a pixel is decoded, beyond the limits.
    """
    if not jpeg.startswith(_START_OF_IMAGE):
        raise BadInput("Send each picture as the raw bytes of a JPEG, one a message.", code="frame_invalid")
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
