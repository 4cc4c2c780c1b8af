"""`make pictures`: the pictures of the README, taken from the running demo in a real browser."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from checkin.badges.face import BadgeFace
from checkin.badges.render import render_png
from checkin.core.codes import make_code
from checkin.exchange.layout import read_layout
from tests.badges.test_render import faces, hardest_face
from tests.browser.conftest import CHROMIUM
from tests.test_commands import free_port, wait_for

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
SPEED = 240
EVENT = "kommunalkonferenz"
SHOWN_AT = dt.time(10, 34)
GAP = 24
TABLE = "#8a8f98"
PPI = 90
LAYOUT = Path(__file__).parent.parent / "checkin" / "demo" / "files" / "layout.toml"
COLOURS = 128


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    save(sheet([drawn(face, "a6") for face in gallery()], 4), "badges.png")
    save(all_formats(gallery()[0]), "formats.png")
    with tempfile.TemporaryDirectory() as folder:
        take_faces(Path(folder))


def gallery() -> list[BadgeFace]:
    """The hardest twelve names, each in another group of the demo, the first with the longest institution."""
    groups = [group.name for group in read_layout(LAYOUT.read_bytes()).groups.values()]
    hard = [hardest_face(), *faces()[1:]]
    return [
        msgspec.structs.replace(
            face,
            code=make_code(number, b"gallery"),
            desk_number=1001 + number,
            group_number=number % len(groups),
            group_name=groups[number % len(groups)],
            photo=number % 3 != 1,
        )
        for number, face in enumerate(hard)
    ]


def drawn(face: BadgeFace, format: str, side: int = 1) -> Image.Image:
    return Image.open(io.BytesIO(render_png(face, format=format, side=side, ppi=PPI)))


def all_formats(face: BadgeFace) -> Image.Image:
    """One badge in every format, at one scale."""
    rows = (
        [drawn(face, "butterfly", 1), drawn(face, "butterfly", 2)],
        [
            drawn(face, "a6"),
            below(drawn(face, "a7"), drawn(face, "cr80")),
            drawn(face, "label102x152"),
            drawn(face, "label62x100"),
            drawn(face, "label62"),
        ],
    )
    return below(*(beside(*row) for row in rows), edge=GAP)


def beside(*pictures: Image.Image) -> Image.Image:
    whole = Image.new(
        "RGB", (sum(one.width + GAP for one in pictures) - GAP, max(one.height for one in pictures)), TABLE
    )
    x = 0
    for one in pictures:
        whole.paste(one.convert("RGB"), (x, 0))
        x += one.width + GAP
    return whole


def below(*pictures: Image.Image, edge: int = 0) -> Image.Image:
    width = max(one.width for one in pictures) + 2 * edge
    whole = Image.new("RGB", (width, sum(one.height + GAP for one in pictures) - GAP + 2 * edge), TABLE)
    y = edge
    for one in pictures:
        whole.paste(one.convert("RGB"), (edge, y))
        y += one.height + GAP
    return whole


def take_faces(folder: Path) -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "checkin",
        "demo",
        "--port",
        str(port),
        "--speed",
        str(SPEED),
        "--data",
        str(folder),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    output: list[str] = []
    threading.Thread(target=lambda: output.extend(process.stdout or []), daemon=True).start()
    try:
        wait_for(port, 60)
        time.sleep(1)
        login = re.search(r"Log-in +(\S+) / (\S+)", "".join(output))
        assert login
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            url = f"http://127.0.0.1:{port}"

            def opened(path: str, width: int, height: int) -> Page:
                page = browser.new_page(locale="de-DE", viewport={"width": width, "height": height})
                page.request.post(f"{url}/api/v1/login", data={"name": login[1], "password": login[2]})
                page.goto(f"{url}/events/{EVENT}{path}")
                return page

            board = opened("/board", 1600, 900)
            wait_until(url, board)
            door = opened("/door/P-A", 1600, 900)
            expect(door.locator("#link")).to_have_text("verbunden")
            scan_somebody(door, folder)
            room = opened("/room/P", 1600, 900)
            live = opened("", 1600, 900)
            for page in (room, live):
                expect(page.locator("#link")).to_have_text("verbunden")
            live.wait_for_timeout(2_500)
            shots = [Image.open(io.BytesIO(page.screenshot())) for page in (door, board, room, live)]
            browser.close()
    finally:
        process.terminate()
        process.wait(20)
    save(sheet([shot.resize((960, 540), Image.Resampling.LANCZOS) for shot in shots], 2), "faces.png")


def wait_until(url: str, page: Page) -> None:
    """Until the plenary fills."""
    while True:
        layout = page.request.get(f"{url}/api/v1/events/{EVENT}/layout").json()
        if dt.datetime.fromisoformat(layout["now"]).time() >= SHOWN_AT:
            return
        time.sleep(0.2)


def scan_somebody(page: Page, folder: Path) -> None:
    environment = {**os.environ, "CHECKIN_DATABASE_URL": f"sqlite:///{folder / 'checkin.db'}"}
    codes = json.loads(
        subprocess.check_output([sys.executable, "-m", "checkin", "codes", EVENT, "--json"], env=environment)
    )
    code = next(one["code"] for one in codes if "Yıldız" in one["name"])
    page.click("#type")
    page.fill("#code", code)
    page.press("#code", "Enter")
    expect(page.locator("#name")).to_contain_text("Yıldız")


def sheet(pictures: list[Image.Image], columns: int) -> Image.Image:
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), TABLE)
    for number, picture in enumerate(pictures):
        place = (GAP + number % columns * (width + GAP), GAP + number // columns * (height + GAP))
        whole.paste(picture.convert("RGB"), place)
    return whole


def save(picture: Image.Image, name: str) -> None:
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)
    print(f"{PICTURES / name}: {(PICTURES / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
