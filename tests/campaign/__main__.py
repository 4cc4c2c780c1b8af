"""`make campaign`: how often a badge is read, by format and distance, through simulated prints and cameras.

Decoded by the function that the service uses. The same seed gives the same pictures.
"""

from __future__ import annotations

import argparse
import math
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import qrcode
import zxingcpp
from msgspec import Struct
from PIL import Image

from checkin.badges.formats import FORMATS
from checkin.core.codes import make_code
from checkin.reading import codes_in
from tests.campaign.pictures import (
    GREY,
    badge,
    blurred,
    glared,
    jpeg_as_the_face_sends,
    lit,
    moved,
    noisy,
    on_phone,
    printed,
    shaded,
    warped,
)

REPORT = Path(__file__).parents[2] / "docs" / "reading.md"
BEGIN, END = "<!-- made by `make campaign` -->", "<!-- until here -->"
SEED = 4
SAMPLES = 10
"""Pictures for each thing, distance and hardship."""
FRAME_PX = 640
SOURCE_SCALE = 1.5
TABLE_PX = 1_400
FOCAL_PX = FRAME_PX / (2 * math.tan(math.radians(21)))
"""A camera whose picture is 42 degrees high: a phone's or laptop's at 16:9."""
DISTANCES = (1.5, 2, 2.5, 3, 4, 6, 8)
AIM_FROM_PX = 3
AIM = 0.99
BADGES = 3
PHONE = "ticket on a phone"
PHONE_TICKET = "k3yzqw7mxa9dp2ehvtj4u8bg5ncr6fsz"


class Thing(Struct, frozen=True):
    """Something to read: its picture, where the middle of its code is, and how large a module."""

    code: str
    picture: Image.Image
    middle: tuple[float, float]
    module_px: float
    module_mm: float


class Conditions(Struct, frozen=True, kw_only=True):
    """Between which values a hardship is drawn. Lengths in the camera's pixels, angles in degrees."""

    turn: tuple[float, float] = (-5, 5)
    tilt: tuple[float, float] = (0, 5)
    focus: tuple[float, float] = (0.3, 0.5)
    motion: tuple[float, float] = (0, 0)
    light: tuple[float, float] = (0.75, 1.05)
    noise: tuple[float, float] = (3, 5)
    glare: tuple[float, float] = (0, 0)


HARDSHIPS = {
    "straight": Conditions(),
    "turned": Conditions(turn=(0, 360)),
    "tilted 20–35°": Conditions(tilt=(20, 35), turn=(-20, 20)),
    "out of focus": Conditions(focus=(0.7, 1.1)),
    "moving": Conditions(motion=(1, 2.5)),
    "dark": Conditions(light=(0.15, 0.3), noise=(7, 12)),
    "glare": Conditions(glare=(0.4, 0.85)),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make campaign ARGS=…", description=__doc__)
    parser.add_argument("--samples", type=int, default=SAMPLES, help="pictures for each format, distance and hardship")
    parser.add_argument("--keep", type=Path, help="folder for the pictures that were not read")
    arguments = parser.parse_args()
    begun = time.monotonic()
    things = {name: [print_of(name, number) for number in range(BADGES)] for name in FORMATS}
    things[PHONE] = [phone_with(PHONE_TICKET)]
    tried: Counter[tuple[str, float, str]] = Counter()
    read: Counter[tuple[str, float, str]] = Counter()
    for name, px, hardship in ((n, p, h) for n in things for p in DISTANCES for h in HARDSHIPS):
        for sample in range(arguments.samples):
            chance = Random(f"{SEED} {name} {px} {hardship} {sample}")
            thing = things[name][sample % len(things[name])]
            frame = jpeg_as_the_face_sends(taken(thing, px, HARDSHIPS[hardship], chance))
            tried[name, px, hardship] += 1
            if codes_in(frame) == [thing.code]:
                read[name, px, hardship] += 1
            elif arguments.keep:
                arguments.keep.mkdir(parents=True, exist_ok=True)
                (arguments.keep / f"{name} {px} {hardship} {sample}.jpg").write_bytes(frame)
    report = tables(things, tried, read)
    print(report)
    print(f"{tried.total():,} pictures in {time.monotonic() - begun:.0f} s.")
    if arguments.samples < SAMPLES:
        return  # a glance; the report stays
    old = REPORT.read_text(encoding="utf-8")
    new = re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{report}{END}", old, flags=re.S)
    REPORT.write_text(new, encoding="utf-8")


def print_of(name: str, number: int) -> Thing:
    """A badge of this format at its printer's resolution."""
    ppi = FORMATS[name].dpi
    code = make_code(number * 7_919 + 1, b"campaign")
    return found(code, badge(code, name, ppi, person=number).convert("L"), ppi)


def phone_with(ticket: str) -> Thing:
    """A ticket's code, 40 mm wide without its border, on a screen of 400 pixels to the inch."""
    code = qrcode.make(ticket, border=4, box_size=22).get_image().convert("RGB")
    return found(ticket, on_phone(code).convert("L"), 400)


def found(code: str, picture: Image.Image, ppi: float) -> Thing:
    (seen,) = (one for one in zxingcpp.read_barcodes(picture)[:1])
    assert seen.text == code
    corners = [seen.position.top_left, seen.position.top_right, seen.position.bottom_right, seen.position.bottom_left]
    middle = (sum(corner.x for corner in corners) / 4, sum(corner.y for corner in corners) / 4)
    side = math.dist((corners[0].x, corners[0].y), (corners[1].x, corners[1].y))
    module_px = side / modules_of(code)
    return Thing(code, picture, middle, module_px, module_px / ppi * 25.4)


def modules_of(code: str) -> int:
    matrix = qrcode.QRCode(border=0, error_correction=qrcode.constants.ERROR_CORRECT_Q)
    if code == PHONE_TICKET:
        matrix = qrcode.QRCode(border=0)
    matrix.add_data(code)
    return len(matrix.get_matrix())


def taken(thing: Thing, px: float, how: Conditions, chance: Random) -> Image.Image:
    """A picture of it in which a module has `px` pixels, seen straight on."""
    scale = SOURCE_SCALE * px / thing.module_px
    copy = printed(thing.picture, chance.uniform(0.6, 1.2), chance.randint(25, 60), chance.randint(225, 250))
    size = (max(1, round(copy.width * scale)), max(1, round(copy.height * scale)))
    copy = copy.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    table = Image.new("L", (TABLE_PX, TABLE_PX), GREY)
    away = [chance.uniform(-0.08, 0.08) * FRAME_PX * SOURCE_SCALE for _ in "xy"]
    at = [round(TABLE_PX / 2 - middle * scale + shift) for middle, shift in zip(thing.middle, away, strict=True)]
    table.paste(copy, (at[0], at[1]))
    tilt, axis = chance.uniform(*how.tilt), chance.uniform(0, 360)
    seen = warped(table, corners_of(chance.uniform(*how.turn), tilt, axis), (FRAME_PX, FRAME_PX))
    if how.glare[1]:
        half = 12.5 * px
        centre = (FRAME_PX / 2 + chance.uniform(-half, half), FRAME_PX / 2 + chance.uniform(-half, half))
        seen = glared(seen, centre, chance.uniform(0.3, 0.9) * half, chance.uniform(*how.glare))
    seen = shaded(seen, chance.uniform(0.6, 1), chance.choice((0, 90, 180, 270)))
    seen = blurred(lit(seen, chance.uniform(*how.light)), chance.uniform(*how.focus))
    if how.motion[1]:
        seen = moved(seen, chance.uniform(*how.motion), chance.uniform(0, 180))
    return noisy(seen, chance.uniform(*how.noise), chance)


def corners_of(turn: float, tilt: float, axis: float) -> list[tuple[float, float]]:
    """Where the table's corners are in the frame: turned in its plane, then tilted about an axis in it."""
    corners = []
    half = TABLE_PX / 2 / SOURCE_SCALE
    for x, y in ((-half, -half), (half, -half), (half, half), (-half, half)):
        angle = math.radians(turn - axis)
        along, across = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        depth = FOCAL_PX + across * math.sin(math.radians(tilt))
        along, across = along * FOCAL_PX / depth, across * math.cos(math.radians(tilt)) * FOCAL_PX / depth
        back = math.radians(axis)
        corners.append(
            (
                FRAME_PX / 2 + along * math.cos(back) - across * math.sin(back),
                FRAME_PX / 2 + along * math.sin(back) + across * math.cos(back),
            )
        )
    return corners


def tables(
    things: dict[str, list[Thing]],
    tried: Counter[tuple[str, float, str]],
    read: Counter[tuple[str, float, str]],
) -> str:
    def rate(chosen: Callable[[tuple[str, float, str]], bool]) -> float:
        return sum(n for key, n in read.items() if chosen(key)) / sum(n for key, n in tried.items() if chosen(key))

    def row(title: list[str], chosen: Callable[[tuple[str, float, str]], bool]) -> str:
        rates = [percent(rate(lambda key, px=px: key[1] == px and chosen(key))) for px in DISTANCES]  # type: ignore[misc]
        return f"| {' | '.join([*title, *rates])} |"

    heads = [f"{px:g} px" for px in DISTANCES]
    lines = [f"| read of | module | 3 px at | {' | '.join(heads)} |", f"|---|---|---|{'---|' * len(heads)}"]
    for name, one in ((name, things[name][0]) for name in things):
        field_mm = FRAME_PX / AIM_FROM_PX * one.module_mm
        far = f"{field_mm / (2 * math.tan(math.radians(21))) / 10:.0f} cm"
        lines.append(row([name, f"{one.module_mm:.2f} mm", far], lambda key, name=name: key[0] == name))  # type: ignore[misc]
    lines += ["", f"| hardship | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    lines += [row([hardship], lambda key, h=hardship: key[2] == h) for hardship in HARDSHIPS]  # type: ignore[misc]
    near = rate(lambda key: key[1] >= AIM_FROM_PX)
    count = sum(n for key, n in tried.items() if key[1] >= AIM_FROM_PX)
    aim = f"the aim of {percent(AIM)} is {'reached' if near >= AIM else 'not reached'}"
    lines += ["", f"From {AIM_FROM_PX} px a module on: {percent(near)} of {count:,} pictures; {aim}."]
    return "\n".join(lines) + "\n"


def percent(rate: float) -> str:
    return f"{math.floor(rate * 1_000) / 10:g} %"


if __name__ == "__main__":
    main()
