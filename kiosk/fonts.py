"""The letters of names, as the pages show them: blocks of fonts, from the centre once, then from here."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import httpx

FETCH_S_MAX = 20.0
_NAME = re.compile(r"[a-z0-9-]{1,60}\.woff2")
_RULE = re.compile(r'url\("/faces/fonts/([a-z0-9-]+\.woff2)"\).*unicode-range: ([^;]+);')
_RANGE = re.compile(r"U\+([0-9A-F]+)-([0-9A-F]+)")


class Fonts:
    """`folder`: where they are kept; `url`: of the centre."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url

    async def read(self, file: str) -> bytes | None:
        """A block, kept once the centre has sent it; None: not here."""
        if not _NAME.fullmatch(file):
            return None
        kept = self._folder / file
        if kept.exists():
            return kept.read_bytes()
        try:
            async with httpx.AsyncClient(timeout=FETCH_S_MAX, trust_env=False) as client:
                answer = await client.get(f"{self._url}/faces/fonts/{file}")
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            return None
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(f".{uuid.uuid4().hex}")
        unfinished.write_bytes(answer.content)
        unfinished.rename(kept)
        return answer.content

    async def fetch(self, letters: Iterable[str]) -> bool:
        """Fetch the blocks of these letters that are not here; whether all are here then."""
        blocks = await asyncio.to_thread(blocks_of, letters)  # scans do not wait for it
        return all([await self.read(file) is not None for file in blocks])


def blocks_of(letters: Iterable[str]) -> list[str]:
    """The files by which the pages' own style sheet shows these letters."""
    points = {ord(letter) for letter in letters}
    sheet = (files("kiosk") / "faces" / "fonts.css").read_text("utf-8")
    return [
        file
        for file, ranges in _RULE.findall(sheet)
        if any(int(first, 16) <= point <= int(last, 16) for first, last in _RANGE.findall(ranges) for point in points)
    ]
