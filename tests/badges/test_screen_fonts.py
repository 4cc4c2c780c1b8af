"""The fonts for screens: whole, small, and what the style sheet says they are."""

from __future__ import annotations

import asyncio
import io
from itertools import pairwise
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from checkin.badges.fonts import has_glyph
from checkin.badges.screen_fonts import BLOCKS, cache_folder, cut, screen_font, stylesheet
from checkin.core.errors import NotFound
from tests.badges.test_render import NAMES, OTHER_SCRIPTS

FACES = Path(__file__).parent.parent.parent / "kiosk" / "faces"
SMALL_BYTES = 200_000


def test_style_sheet_of_the_pages_is_the_one_of_these_blocks() -> None:
    assert (FACES / "fonts.css").read_text(encoding="utf-8") == stylesheet()


def test_blocks_do_not_overlap_and_hold_every_hard_name() -> None:
    ranges = sorted(one for block in BLOCKS.values() for one in block.ranges)
    for (_, last), (first, _) in pairwise(ranges):
        assert last < first
    for name in (*NAMES, *OTHER_SCRIPTS):
        for char in "".join(name):
            assert has_glyph(char)
            assert any(first <= ord(char) <= last for first, last in ranges), char


@pytest.mark.parametrize(("name", "letter"), [("latin", "ü"), ("arabic", "م"), ("han-6600", "明"), ("devanagari", "न")])
def test_block_is_a_small_variable_font_with_its_letters(name: str, letter: str) -> None:
    content = cut(name)
    assert len(content) < SMALL_BYTES
    with TTFont(io.BytesIO(content)) as font:
        assert font.flavor == "woff2"
        assert ord(letter) in font.getBestCmap()
        (weight,) = (axis for axis in font["fvar"].axes if axis.axisTag == "wght")
        assert weight.minValue <= 400 < 700 <= weight.maxValue


def test_block_is_cut_on_its_first_request_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path))

    async def twice_at_once() -> tuple[bytes, bytes]:
        return await asyncio.gather(screen_font("hebrew"), screen_font("hebrew"))

    one, other = asyncio.run(twice_at_once())
    assert one == other
    (kept,) = tmp_path.rglob("*.*2")
    kept.write_bytes(b"kept")
    assert asyncio.run(screen_font("hebrew")) == b"kept"
    with pytest.raises(NotFound):
        asyncio.run(screen_font("../secret"))


def test_cache_folder_that_cannot_be_written_is_replaced_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "file"))
    assert cache_folder() == cache_folder()
    assert cache_folder().is_dir()
