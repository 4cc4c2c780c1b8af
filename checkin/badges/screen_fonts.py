"""The fonts of the badges for screens, so that a page shows a name as it is printed.

Each font is cut into blocks of letters; a browser asks for the blocks that a page needs, by the ranges
in `kiosk/faces/fonts.css` (made by `python -m checkin.badges.screen_fonts`). A block is cut on its first
request, by a process of its own, and kept in the user's cache folder.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

import click
from fontTools import subset
from msgspec import Struct

from checkin.badges.fonts import FONTS, letters
from checkin.core.errors import Busy, NotFound

FAMILY = "Noto Sans"
"""One name for all, which the pages ask for."""
CUT_S_MAX = 60.0
NICENESS = 10
SLICE_LETTERS = 256

_PACKAGES = ("manimgx-fonts", "manimgx-fonts-cjk")
_cutting = asyncio.Lock()


class Block(Struct, frozen=True):
    """Letters of a font (its place in `FONTS`), as ranges of code points, both ends included."""

    name: str
    font: int
    ranges: tuple[tuple[int, int], ...]


def _block(name: str, family: str, *ranges: tuple[int, int]) -> Block:
    (font,) = (at for at, one in enumerate(FONTS) if one.family == family)
    return Block(name, font, ranges)


def _slices(name: str, first: int, last: int) -> list[Block]:
    return [
        _block(f"{name}-{start:x}", "Noto Sans CJK SC", (start, min(start + SLICE_LETTERS - 1, last)))
        for start in range(first, last + 1, SLICE_LETTERS)
    ]


BLOCKS = {
    block.name: block
    for block in (
        _block("latin", "Noto Sans", (0x20, 0x7E), (0xA0, 0xFF), (0x2010, 0x2027), (0x2030, 0x205E), (0x20A0, 0x20BF)),
        _block("latin-more", "Noto Sans", (0x100, 0x24F), (0x300, 0x36F), (0x1E00, 0x1EFF)),
        _block("greek", "Noto Sans", (0x370, 0x3FF), (0x1F00, 0x1FFF)),
        _block("cyrillic", "Noto Sans", (0x400, 0x52F)),
        _block("armenian", "Noto Sans Armenian", (0x530, 0x58F), (0xFB13, 0xFB17)),
        _block("hebrew", "Noto Sans Hebrew", (0x590, 0x5FF), (0xFB1D, 0xFB4F)),
        _block(
            "arabic",
            "Noto Sans Arabic",
            (0x600, 0x6FF),
            (0x750, 0x77F),
            (0x8A0, 0x8FF),
            (0xFB50, 0xFDFF),
            (0xFE70, 0xFEFC),
        ),
        _block("devanagari", "Noto Sans Devanagari", (0x900, 0x97F), (0xA8E0, 0xA8FF)),
        _block("bengali", "Noto Sans Bengali", (0x980, 0x9FF)),
        _block("gurmukhi", "Noto Sans Gurmukhi", (0xA00, 0xA7F)),
        _block("gujarati", "Noto Sans Gujarati", (0xA80, 0xAFF)),
        _block("oriya", "Noto Sans Oriya", (0xB00, 0xB7F)),
        _block("tamil", "Noto Sans Tamil", (0xB80, 0xBFF)),
        _block("telugu", "Noto Sans Telugu", (0xC00, 0xC7F)),
        _block("kannada", "Noto Sans Kannada", (0xC80, 0xCFF)),
        _block("malayalam", "Noto Sans Malayalam", (0xD00, 0xD7F)),
        _block("sinhala", "Noto Sans Sinhala", (0xD80, 0xDFF)),
        _block("thai", "Noto Sans Thai", (0xE00, 0xE7F)),
        _block("lao", "Noto Sans Lao", (0xE80, 0xEFF)),
        _block("myanmar", "Noto Sans Myanmar", (0x1000, 0x109F)),
        _block("georgian", "Noto Sans Georgian", (0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2D)),
        _block("ethiopic", "Noto Sans Ethiopic", (0x1200, 0x139F), (0x2D80, 0x2DDE), (0xAB01, 0xAB2E)),
        _block("khmer", "Noto Sans Khmer", (0x1780, 0x17FF), (0x19E0, 0x19FF)),
        _block("kana", "Noto Sans CJK SC", (0x3000, 0x30FF), (0xFF00, 0xFFEF)),
        *_slices("han", 0x4E00, 0x9FFF),
        *_slices("hangul", 0xAC00, 0xD7A3),
    )
}


def stylesheet() -> str:
    """The `@font-face` rules of all blocks."""
    rules = []
    for block in BLOCKS.values():
        ranges = ", ".join(f"U+{first:X}-{last:X}" for first, last in block.ranges)
        rules.append(
            f'@font-face {{ font-family: "{FAMILY}"; font-weight: 100 900; font-display: swap;'
            f' src: url("/faces/fonts/{block.name}.woff2") format("woff2"); unicode-range: {ranges}; }}'
        )
    head = "/* The fonts of the badges on screens; made by python -m checkin.badges.screen_fonts, see there. */"
    return "\n".join((head, *rules, ""))


async def screen_font(name: str) -> bytes:
    """A block as woff2. Raises `NotFound` for a name that is none, `Busy` where it takes too long."""
    if name not in BLOCKS:
        raise NotFound("There is no such font.", code="font_unknown")
    file = cache_folder() / f"{name}.woff2"
    if not file.exists():
        async with _cutting:  # one at a time: cutting takes a whole core
            if not file.exists():
                await _cut_apart(name, file)
    return await asyncio.to_thread(file.read_bytes)


def cache_folder() -> Path:
    """Where cut blocks are kept, another place for each version of the font packages: systemd's folder
    of the service, else the user's; where neither can be written, as long as this process runs."""
    named = os.environ.get("CACHE_DIRECTORY") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(os.path.expanduser(named), "checkin", "fonts", "-".join(version(package) for package in _PACKAGES))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return _passing_folder()
    return folder if os.access(folder, os.W_OK) else _passing_folder()


@cache
def _passing_folder() -> Path:
    folder = tempfile.mkdtemp(prefix="checkin-fonts-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def cut(name: str) -> bytes:
    """Cut a block out of its font. Takes about a second, for Chinese several."""
    block = BLOCKS[name]
    font = FONTS[block.font]
    options = subset.Options(flavor="woff2", font_number=max(font.number, 0), hinting=False, drop_tables=["DSIG"])
    opened = subset.load_font(str(font.file), options)
    wanted = {code for first, last in block.ranges for code in range(first, last + 1)}
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted & letters(font))
    cutter.subset(opened)
    with tempfile.TemporaryFile() as made:
        subset.save_font(opened, made, options)
        made.seek(0)
        return made.read()


async def _cut_apart(name: str, file: Path) -> None:
    """In a process of its own, below others in priority: nothing waits for it but who asked."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "checkin.badges.screen_fonts", name, str(file))
    try:
        async with asyncio.timeout(CUT_S_MAX):
            code = await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        code = -1
    if code != 0:
        raise Busy("The font could not be made now.", code="font_failed")


@click.command()
@click.argument("name", required=False)
@click.argument("file", type=click.Path(path_type=Path), required=False)
def main(name: str | None, file: Path | None) -> None:
    """Print the style sheet; or write the block NAME to FILE, whole or not at all."""
    if name is None or file is None:
        click.echo(stylesheet(), nl=False)
        return
    os.nice(NICENESS)
    part = file.with_suffix(f".{os.getpid()}")
    part.write_bytes(cut(name))
    part.replace(file)


if __name__ == "__main__":
    main()
