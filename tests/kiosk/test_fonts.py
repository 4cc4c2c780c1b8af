"""The letters of names on a station's pages."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kiosk.fonts import Fonts, blocks_of
from tests.served import Served


def test_blocks_are_those_of_the_letters() -> None:
    assert blocks_of("Łucja") == ["latin.woff2", "latin-more.woff2"]
    assert blocks_of("דוד") == ["hebrew.woff2"]
    assert blocks_of("") == []


def test_blocks_of_names_are_here_before_a_page_asks_and_stay_without_the_centre(
    served: Served, tmp_path: Path
) -> None:
    async def run() -> None:
        assert await Fonts(tmp_path, served.url).fetch("דוד")
        alone = Fonts(tmp_path, "http://127.0.0.1:9")
        assert (await alone.read("hebrew.woff2") or b"")[:4] == b"wOF2"
        assert await alone.fetch("ד")
        assert not await alone.fetch("Ж")
        assert await alone.read("../keeper/key.json") is None

    asyncio.run(run())
