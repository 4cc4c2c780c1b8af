"""Labels for label printers: 1-bit images, and the two languages in which most of them take an image.

`ZPL II Programming Guide` (Zebra), `^GF`, with its alternative data compression; `Raster Command
Reference` of Brother's QL-800, QL-810W and QL-820NWB, which the older QL models understand as well.
"""

from __future__ import annotations

import io
import struct
from itertools import groupby
from pathlib import Path

from msgspec import Struct
from PIL import Image

from checkin.badges.face import BadgeFace
from checkin.badges.formats import FORMATS, format_of
from checkin.badges.render import render_png
from checkin.core.errors import BadInput

DPI = (203, 300)
BLACK_BELOW = 128

_ZPL_REPEATS = [(20 * count, chr(ord("f") + count)) for count in range(20, 0, -1)]
_ZPL_REPEATS += [(count, chr(ord("F") + count)) for count in range(19, 0, -1)]
_ZPL_ROW = {"0": ",", "F": "!"}


class Tape(Struct, frozen=True):
    """What a QL printer needs to know of a roll: sizes in mm (length 0: endless) and what it prints on
    it at 300 dpi: dots across, raster lines along (0: as many as come), dots that it feeds at the ends."""

    width_mm: int
    length_mm: int
    dots: int
    lines: int
    feed_dots: int


TAPES = {"label62": Tape(62, 0, 696, 0, 35), "label62x100": Tape(62, 100, 696, 1109, 0)}
QL_DPI = 300
QL_PINS = 720
QL_INVALIDATE_BYTES = 400
QL_ENDLESS, QL_DIE_CUT = 0x0A, 0x0B
QL_VALID = 0x80 | 0x40 | 0x08 | 0x04 | 0x02
"""Recovery on, quality first; length, width and kind of the roll are given."""
QL_AUTO_CUT = 0x40
QL_CUT_AT_END = 0x08


def label_image(face: BadgeFace, *, format: str, dpi: int | None = None, own: Path | None = None) -> Image.Image:
    """The label in black and white, mode "1", exactly `dpi` dots to the inch (None: at which the QR
    code's modules are whole dots).

    Raises `BadInput` for a format that is no label or another resolution, and as `render_png`.
    """
    known = format_of(format)
    if known.colour:
        labels = ", ".join(one.id for one in FORMATS.values() if not one.colour)
        raise BadInput(f"“{format}” is in colour; labels are: {labels}.", code="format_no_label")
    if dpi is not None and dpi not in DPI:
        raise BadInput(f"Label printers have {DPI[0]} or {DPI[1]} dpi, not {dpi}.", code="dpi_unknown")
    page = Image.open(io.BytesIO(render_png(face, format=format, ppi=dpi or known.dpi, own=own)))
    return page.convert("L").point(lambda grey: 255 if grey >= BLACK_BELOW else 0, "1")


def zpl(image: Image.Image) -> bytes:
    """A label for a Zebra printer, and for the many that speak its language."""
    width, height = image.size
    row_bytes = -(-width // 8)
    total = row_bytes * height
    rows, before = [], ""
    for row in _rows(image):
        digits = row.hex().upper()
        rows.append(":" if digits == before else _zpl_row(digits))
        before = digits
    return f"^XA^PW{width}^LL{height}^LH0,0^FO0,0^GFA,{total},{total},{row_bytes},{''.join(rows)}^FS^PQ1^XZ\n".encode()


def brother_raster(image: Image.Image, *, format: str) -> bytes:
    """A label for a Brother QL printer, from an image at 300 dpi; it is cut off at its end.

    Raises `BadInput` for a format that no roll of these printers has.
    """
    if format not in TAPES:
        raise BadInput(f"Brother's QL printers take {', '.join(TAPES)}, not “{format}”.", code="format_no_tape")
    tape = TAPES[format]
    printed = _middle(image, tape.dots, tape.lines or image.height - 2 * tape.feed_dots)
    pins = Image.new("1", (QL_PINS, printed.height), 1)
    pins.paste(printed, ((QL_PINS - tape.dots) // 2, 0))
    kind = QL_DIE_CUT if tape.length_mm else QL_ENDLESS
    row_head = bytes((0x67, 0x00, QL_PINS // 8))
    return b"".join(
        (
            bytes(QL_INVALIDATE_BYTES),
            b"\x1b@",
            b"\x1bia\x01",
            b"\x1biz" + struct.pack("<BBBBIBB", QL_VALID, kind, tape.width_mm, tape.length_mm, printed.height, 0, 0),
            b"\x1biM" + bytes((QL_AUTO_CUT,)),
            b"\x1biA\x01",
            b"\x1biK" + bytes((QL_CUT_AT_END,)),
            b"\x1bid" + struct.pack("<H", tape.feed_dots),
            b"M\x00",
            # The head sees the label from behind: the first pin prints its right edge.
            *(row_head + row for row in _rows(pins.transpose(Image.Transpose.FLIP_LEFT_RIGHT))),
            b"\x1a",
        )
    )


def _rows(image: Image.Image) -> list[bytes]:
    """The rows, packed from the left, a 1 for a black dot; white where a row ends inside a byte."""
    row_bytes = -(-image.width // 8)
    padded = Image.new("1", (row_bytes * 8, image.height), 1)
    padded.paste(image, (0, 0))
    data = bytes(byte ^ 0xFF for byte in padded.tobytes())
    return [data[at : at + row_bytes] for at in range(0, len(data), row_bytes)]


def _zpl_row(digits: str) -> str:
    """A row of hexadecimal digits: a repeat as letters before the digit, a fill to its end as one sign."""
    last = digits[-1]
    rest = digits.rstrip(last) if last in _ZPL_ROW else digits
    short = "".join(_zpl_repeat(digit, len(list(run))) for digit, run in groupby(rest))
    return short + _ZPL_ROW.get(last, "")


def _zpl_repeat(digit: str, count: int) -> str:
    if count == 1:
        return digit
    letters = ""
    for repeats, letter in _ZPL_REPEATS:
        while count >= repeats:
            letters += letter
            count -= repeats
    return letters + digit


def _middle(image: Image.Image, width: int, height: int) -> Image.Image:
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
