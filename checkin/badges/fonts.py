"""The fonts of badges: from packages alone, so that a badge looks the same on every machine."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import manimgx_fonts
import manimgx_fonts_cjk
from fontTools.ttLib import TTFont
from msgspec import Struct


class Font(Struct, frozen=True):
    """A family and its file, variable in weight. `number`: its place in a collection."""

    family: str
    file: Path
    number: int = -1


def _noto(script: str) -> Font:
    file = f"NotoSans{script}[wght].ttf"
    return Font(f"Noto Sans {script}".strip(), Path(str(manimgx_fonts.__file__)).with_name(file))


FONTS = (
    *map(_noto, ("", "Arabic", "Hebrew", "Ethiopic", "Georgian", "Armenian", "Devanagari", "Bengali", "Gujarati")),
    *map(_noto, ("Gurmukhi", "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil")),
    *map(_noto, ("Telugu", "Thai")),
    Font("Noto Sans CJK SC", Path(str(manimgx_fonts_cjk.__file__)).with_name("NotoSansCJK-VF.otf.ttc"), 2),
    _noto("Symbols"),
)
"""In the order in which they are asked for a letter."""
FONT_FOLDERS = tuple(dict.fromkeys(font.file.parent for font in FONTS))


def has_glyph(char: str) -> bool:
    """Whether one of the fonts has this character, or needs none for it."""
    if char.isascii():
        return char.isprintable()
    return any(ord(char) in letters(font) for font in FONTS) or unicodedata.category(char) in ("Cf", "Zs")


@cache
def letters(font: Font) -> frozenset[int]:
    """Every code point that a font has."""
    with TTFont(font.file, fontNumber=font.number, lazy=True) as opened:
        return frozenset(opened.getBestCmap())
