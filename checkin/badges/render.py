"""Badges as PDF and PNG: typst templates, one for each format, fed with JSON.

Fonts come from packages alone, so that a badge looks the same on every machine, and every letter is
looked up before a page is made: a badge is printed right or not at all.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import manimgx_fonts
import manimgx_fonts_cjk
import qrcode
import typst
from fontTools.ttLib import TTCollection, TTFont
from msgspec import Struct
from PIL import Image

from checkin.badges.face import BadgeFace
from checkin.core.errors import BadInput

QR_VERSION = 2
QR_QUIET_MODULES = 4
"""The quiet zone that ISO/IEC 18004 asks for."""
QR_MASK = 3
"""Any mask is valid; choosing the prettiest of eight costs five times the whole matrix."""
PNG_COLOURS = 64
LETTERS_SHOWN_MAX = 8

TEMPLATES = files("checkin.badges") / "templates"
FONT_FOLDERS = tuple(Path(str(package.__file__)).parent for package in (manimgx_fonts, manimgx_fonts_cjk))
FAMILIES = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Ethiopic",
    "Noto Sans Georgian",
    "Noto Sans Armenian",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Gujarati",
    "Noto Sans Gurmukhi",
    "Noto Sans Kannada",
    "Noto Sans Khmer",
    "Noto Sans Lao",
    "Noto Sans Malayalam",
    "Noto Sans Myanmar",
    "Noto Sans Oriya",
    "Noto Sans Sinhala",
    "Noto Sans Tamil",
    "Noto Sans Telugu",
    "Noto Sans Thai",
    "Noto Sans CJK SC",
    "Noto Sans Symbols",
)

_compiling = threading.Lock()


class Misfit(Struct, frozen=True):
    """A badge that cannot be printed right: letters in a field that no font has."""

    desk_number: int
    field: str
    letters: str

    def __str__(self) -> str:
        named = ", ".join(f"U+{ord(letter):04X}" for letter in self.letters)
        return f"{self.desk_number}: {self.field} has letters that no font has ({named})"


def formats() -> list[str]:
    """The names of the formats there is a template for."""
    return sorted(file.name.removesuffix(".typ") for file in TEMPLATES.iterdir() if file.name.endswith(".typ"))


def check_faces(faces: Iterable[BadgeFace]) -> list[Misfit]:
    """Every field with letters that no font has."""
    found = []
    for face in faces:
        for field in ("title", "given_name", "family_name", "organisation", "position", "town", "group_name"):
            missing = sorted({char for char in _clean(getattr(face, field)) if not _has_glyph(char)})
            if missing:
                found.append(Misfit(face.desk_number, field, "".join(missing[:LETTERS_SHOWN_MAX])))
    return found


def render_pdf(faces: Sequence[BadgeFace], *, format: str = "a6") -> bytes:
    """All badges in one tagged PDF (PDF/UA-1), a page each, in this order.

    Raises `BadInput` for an unknown format, no faces, or letters that no font has.
    """
    date = faces[0].event_date if faces else dt.date.min
    midnight = dt.datetime.combine(date, dt.time(), dt.UTC)
    return _compiled(faces, format, format="pdf", pdf_standards="ua-1", timestamp=midnight)


def render_png(face: BadgeFace, *, format: str = "a6", ppi: int = 300) -> bytes:
    """One badge as a picture, `ppi` pixels to the inch. Raises as `render_pdf`."""
    picture = Image.open(io.BytesIO(_compiled([face], format, format="png", ppi=ppi)))
    content = io.BytesIO()
    palette = picture.convert("RGB").quantize(PNG_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette.save(content, "PNG", compress_level=1, dpi=(ppi, ppi))
    return content.getvalue()


def qr_svg(code: str) -> str:
    """The QR code (level Q) as an SVG of one path, a unit a module, quiet zone included."""
    matrix = qrcode.QRCode(
        version=QR_VERSION,
        error_correction=qrcode.constants.ERROR_CORRECT_Q,
        border=QR_QUIET_MODULES,
        mask_pattern=QR_MASK,
    )
    matrix.add_data(code, optimize=0)
    modules = matrix.get_matrix()
    runs: list[str] = []
    for y, row in enumerate(modules):
        start = None
        for x, dark in enumerate([*row, False]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                runs.append(f"M{start} {y}h{x - start}v1H{start}z")
                start = None
    side = len(modules)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path d="{"".join(runs)}"/></svg>'
    )


def _compiled(faces: Sequence[BadgeFace], template: str, **how: Any) -> bytes:
    if template not in formats():
        raise BadInput(
            f"There is no badge format “{template}”; there are: {', '.join(formats())}.", code="format_unknown"
        )
    if not faces:
        raise BadInput("There is no badge to print.", code="badges_none")
    if misfits := check_faces(faces):
        numbers = ", ".join(str(misfit) for misfit in misfits[:5])
        raise BadInput(f"Letters cannot be printed. Correct the names first – {numbers}.", code="letters_unknown")
    first = faces[0]
    inputs = {
        "badges": json.dumps([_inputs(face) for face in faces], ensure_ascii=False),
        "fonts": json.dumps(FAMILIES),
        "title": f"Badges {first.event_name}",
        "year": str(first.event_date.year),
        "month": str(first.event_date.month),
        "day": str(first.event_date.day),
    }
    # The compiler is shared for its fonts; it holds the inputs of one document at a time.
    with _compiling:
        made = _compiler().compile(input=(TEMPLATES / f"{template}.typ").read_bytes(), sys_inputs=inputs, **how)
    assert made is not None
    return made[0] if isinstance(made, list) else made


@cache
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in FONT_FOLDERS],
    )
    return typst.Compiler(font_paths=fonts)


def _inputs(face: BadgeFace) -> dict[str, Any]:
    place = ", ".join(part for part in (face.position, face.town) if part)
    return {
        "qr": qr_svg(face.code),
        "desk_number": str(face.desk_number),
        "title": _part(face.title),
        "given_name": _part(face.given_name),
        "family_name": _part(face.family_name),
        "organisation": _part(face.organisation),
        "place": _part(place),
        "group": _part(face.group_name),
        "group_number": face.group_number,
        "forums": [_part(forum) for forum in face.forums[:4]],
        "photo": face.photo,
        "event_name": _clean(face.event_name),
        "event_line": f"{face.event_date:%d.%m.%Y} · {_clean(face.event_place)}",
    }


def _part(text: str) -> dict[str, Any]:
    """A text with its direction, and the pieces at which no line can break."""
    clean = _clean(text)
    strong = [char for char in clean if unicodedata.bidirectional(char) in ("L", "R", "AL")]
    rtl = bool(strong) and unicodedata.bidirectional(strong[0]) != "L"
    if strong:
        # A full stop or bracket at the end belongs to the letters before it, not to the line.
        clean += "\u200e" if unicodedata.bidirectional(strong[-1]) == "L" else "\u200f"
    words = [piece for word in clean.split() for piece in word.replace("-", "- ").split()] or [""]
    return {
        "text": clean,
        "rtl": rtl,
        "words": [word for word in words if word.isascii() or not _breaks_anywhere(word)] or [""],
    }


def _breaks_anywhere(word: str) -> bool:
    """Chinese, Japanese and Thai lines break inside what has no spaces."""
    return any(unicodedata.east_asian_width(char) == "W" or "\u0e00" <= char <= "\u0eff" for char in word)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _has_glyph(char: str) -> bool:
    if char.isascii():
        return char.isprintable()
    return ord(char) in _letters() or unicodedata.category(char) in ("Cf", "Zs")


@cache
def _letters() -> frozenset[int]:
    """Every code point that one of the fonts has."""
    found: set[int] = set()
    for folder in FONT_FOLDERS:
        for file in folder.iterdir():
            if file.suffix not in (".ttf", ".otf", ".ttc") or "Emoji" in file.name or "Italic" in file.name:
                continue
            fonts = TTCollection(file, lazy=True).fonts if file.suffix == ".ttc" else [TTFont(file, lazy=True)]
            for font in fonts:
                found.update(font.getBestCmap())
    return frozenset(found)
