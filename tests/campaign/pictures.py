"""What stands between a badge and a decoder, made with Pillow: print, light, lens, movement, sensor."""

from __future__ import annotations

import io
import math
from random import Random
from typing import Any

import msgspec
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from checkin.badges.render import render_png
from tests.badges.test_render import faces

GREY = "#8d8a84"
_SIGMA_OF_TWO = 52.1


def badge(code: str, format: str = "a6", ppi: float = 150, person: int = 0) -> Image.Image:
    """A badge as it is printed, with this code."""
    everybody = faces()
    face = msgspec.structs.replace(everybody[person % len(everybody)], code=code)
    return Image.open(io.BytesIO(render_png(face, format=format, ppi=ppi))).convert("RGB")


def laid_on(table: Image.Image, thing: Image.Image, centre: tuple[float, float], angle: float = 0) -> Image.Image:
    """A thing on a table, turned by degrees about its middle."""
    turned = thing.convert("RGBA").rotate(angle, Image.Resampling.BICUBIC, expand=True)
    laid = table.copy()
    laid.paste(turned, (round(centre[0] - turned.width / 2), round(centre[1] - turned.height / 2)), turned)
    return laid


def warped(picture: Image.Image, corners: list[tuple[float, float]], size: tuple[int, int]) -> Image.Image:
    """The picture with its corners (from the upper left, clockwise) where these are."""
    width, height = picture.size
    to = [(0, 0), (width, 0), (width, height), (0, height)]
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(corners, to, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return picture.transform(size, Image.Transform.PERSPECTIVE, _solved(rows), Image.Resampling.BICUBIC, fillcolor=GREY)


def printed(thing: Image.Image, spread_px: float, black: int, white: int) -> Image.Image:
    """Ink that runs, and paper and ink that are less than white and black."""
    soft = thing.filter(ImageFilter.GaussianBlur(spread_px))
    return soft.point([round(black + (white - black) * level / 255) for level in range(256)] * len(soft.getbands()))


def blurred(picture: Image.Image, sigma_px: float) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(sigma_px))


def moved(picture: Image.Image, length_px: float, angle: float) -> Image.Image:
    """Moved by so much while the shutter was open."""
    steps = max(1, round(length_px * 2))
    mean = picture
    for step in range(1, steps + 1):
        way = length_px * step / steps
        dx, dy = way * math.cos(math.radians(angle)), way * math.sin(math.radians(angle))
        shifted = picture.transform(
            picture.size, Image.Transform.AFFINE, (1, 0, dx, 0, 1, dy), Image.Resampling.BILINEAR, fillcolor=GREY
        )
        mean = Image.blend(mean, shifted, 1 / (step + 1))
    return mean


def lit(picture: Image.Image, light: float, contrast: float = 1) -> Image.Image:
    return ImageEnhance.Brightness(ImageEnhance.Contrast(picture).enhance(contrast)).enhance(light)


def shaded(picture: Image.Image, darkest: float, angle: float) -> Image.Image:
    """Light from one side (a multiple of 90 degrees): down to this share at the other."""
    ramp = Image.linear_gradient("L").rotate(angle).resize(picture.size)
    ramp = ramp.point([round(255 * (darkest + (1 - darkest) * level / 255)) for level in range(256)])
    return ImageChops.multiply(picture, ramp.convert(picture.mode))


def glared(picture: Image.Image, centre: tuple[float, float], radius_px: float, strength: float) -> Image.Image:
    """A lamp mirrored in the sleeve: a bright spot with soft edges."""
    spot = Image.new("L", picture.size)
    x, y = centre
    box = (x - radius_px, y - radius_px * 0.6, x + radius_px, y + radius_px * 0.6)
    ImageDraw.Draw(spot).ellipse(box, fill=round(255 * strength))
    spot = spot.filter(ImageFilter.GaussianBlur(radius_px * 0.3))
    return ImageChops.screen(picture, spot.convert(picture.mode))


def noisy(picture: Image.Image, sigma: float, chance: Random) -> Image.Image:
    """The sensor's noise: the mean of two throws is near enough to a bell."""
    first, second = (Image.frombytes("L", picture.size, chance.randbytes(picture.width * picture.height)) for _ in "ab")
    noise = ImageChops.add(first, second, scale=2)
    noise = noise.point([round(128 + (level - 127.5) * sigma / _SIGMA_OF_TWO) for level in range(256)])
    return ImageChops.add(picture, noise.convert(picture.mode), scale=1, offset=-128)


def on_phone(code: Image.Image) -> Image.Image:
    """A code on a phone's screen: black round it, too bright, its pixels seen as fine bars."""
    side = code.width
    screen = Image.new("RGB", (side + side // 4, side * 2), "white")
    screen.paste(code.convert("RGB"), (side // 8, side // 2))
    bars = Image.new("L", (3, 4))
    bars.putdata([255, 205, 180, 245, 195, 170, 255, 205, 180, 215, 165, 140])
    raster = Image.new("L", screen.size)
    for x in range(0, screen.width, 3):
        for y in range(0, screen.height, 4):
            raster.paste(bars, (x, y))
    shining = lit(ImageChops.multiply(screen, raster.convert("RGB")), 1.35)
    phone = Image.new("RGB", (screen.width + side // 6, screen.height + side // 4), "#101014")
    phone.paste(shining, (side // 12, side // 8))
    return phone


def jpeg_as_the_face_sends(picture: Image.Image) -> bytes:
    """At most 48 KiB: the quality goes down until it fits, as in the faces' camera.js."""
    for quality in range(75, 25, -5):
        frame = encoded(picture, quality)
        if len(frame) <= 24_000:
            break
    return frame


def encoded(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def film(frames: list[Image.Image], quality: int = 90) -> bytes:
    """A film as Chromium's fake camera plays it, round and round, 30 frames a second (MJPEG)."""
    made: dict[int, bytes] = {}
    return b"".join(made.setdefault(id(frame), encoded(frame, quality)) for frame in frames)


def _solved(rows: list[list[float]]) -> tuple[Any, ...]:
    """Eight unknowns by Gauss and Jordan."""
    size = len(rows)
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for row in range(size):
            if row != column:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return tuple(row[size] for row in rows)
