"""Curves over the hours of a day, as an SVG file of its own."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from html import escape

from msgspec import Struct

WIDTH, WIDTH_NARROW = 960, 340
PANEL_HEIGHT = 260
LEFT, RIGHT, TOP, BOTTOM = 56, 196, 44, 34
LEFT_NARROW, RIGHT_NARROW = 40, 14
HOUR_WIDTH_MIN = 42
HOUR_MS = 3_600_000
LABEL_APART = 15
LEAST = 1e-6
"""What is less is drawn as nothing."""
COLOURS = ("#14538f", "#b3261e", "#1f7a45", "#a65a00", "#5b3a8c", "#00707a", "#7a5c00", "#8c2f6b")
DASHES = ("", "7 4", "2 4", "10 3 2 3")
"""Lines are told apart without colour too."""


class Series(Struct, frozen=True, kw_only=True):
    """One curve: (ms since 1970 UTC, value), in order. `limit`: a level, drawn quiet."""

    label: str
    points: Sequence[tuple[int, float]]
    limit: bool = False


class Panel(Struct, frozen=True, kw_only=True):
    title: str
    series: Sequence[Series]


def plot_svg(title: str, panels: Sequence[Panel], zone: dt.tzinfo, *, narrow: bool = False) -> bytes:
    """The panels one above the other, with one axis of time in `zone`. `narrow`: for a telephone, the labels
    below the curves instead of beside them."""
    every = [at for panel in panels for one in panel.series for at, _ in one.points]
    start, end = min(every, default=0), max(every, default=HOUR_MS)
    width, left = (WIDTH_NARROW, LEFT_NARROW) if narrow else (WIDTH, LEFT)
    tops = [0 if narrow else 40]  # on a telephone the page says the title
    for panel in panels:
        tops.append(tops[-1] + PANEL_HEIGHT + (LABEL_APART * len(panel.series) if narrow else 0))
    height = tops[-1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img" font-family="Noto Sans, Segoe UI, Arial, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    if not narrow:
        parts.append(f'<text x="{left}" y="27" font-size="19" font-weight="700" fill="#14213d">{escape(title)}</text>')
    for panel, top in zip(panels, tops, strict=False):
        parts += _panel(panel, top, start, max(end, start + 1), zone, narrow=narrow)
    return "\n".join([*parts, "</svg>", ""]).encode()


def _panel(panel: Panel, top: int, start: int, end: int, zone: dt.tzinfo, *, narrow: bool) -> list[str]:
    left, right = (LEFT_NARROW, WIDTH_NARROW - RIGHT_NARROW) if narrow else (LEFT, WIDTH - RIGHT)
    most = _nice(max((value for one in panel.series for _, value in one.points), default=0.0))
    low, high = top + PANEL_HEIGHT - BOTTOM, top + TOP

    def x(at: float) -> float:
        return left + (right - left) * (at - start) / (end - start)

    def y(value: float) -> float:
        return low - (low - high) * value / most

    parts = [f'<text x="{left}" y="{top + 26}" font-weight="600" fill="#14213d">{escape(panel.title)}</text>']
    for step in range(5):
        value = most * step / 4
        parts.append(f'<path d="M{left} {y(value):.1f}H{right}" stroke="#e6e0d1"/>')
        parts.append(f'<text x="{left - 8}" y="{y(value) + 4:.1f}" text-anchor="end" fill="#4d5b75">{value:g}</text>')
    first = -(-start // HOUR_MS) * HOUR_MS
    hours = (end - first) // HOUR_MS + 1
    for at in range(first, end + 1, HOUR_MS * max(1, -(-hours * HOUR_WIDTH_MIN // (right - left)))):
        clock = dt.datetime.fromtimestamp(at / 1000, zone).strftime("%H:%M")
        parts.append(f'<path d="M{x(at):.1f} {high}V{low + 5}" stroke="#e6e0d1"/>')
        parts.append(f'<text x="{x(at):.1f}" y="{low + 20}" text-anchor="middle" fill="#4d5b75">{clock}</text>')
    labels: list[tuple[float, str, str]] = []
    for number, one in enumerate(panel.series):
        colour = "#4d5b75" if one.limit else COLOURS[number % len(COLOURS)]
        dash = "1 5" if one.limit else DASHES[number // len(COLOURS) % len(DASHES)] or DASHES[number % 2]
        line = "L".join(f"{x(at):.1f} {y(value):.1f}" for at, value in one.points)
        parts.append(
            f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="{1.5 if one.limit else 2.5}"'
            f' stroke-dasharray="{dash}" stroke-linejoin="round"/>'
        )
        peak = max(one.points, key=lambda point: point[1], default=(start, 0.0))
        text = one.label if one.limit else f"{one.label} (≤ {_plain(peak[1])})"
        labels.append((y(one.points[-1][1]) if one.points else low, text, colour))
    return parts + (_labels_below(labels, low) if narrow else _labels(labels, low))


def _labels(labels: list[tuple[float, str, str]], low: float) -> list[str]:
    """At the ends of their curves, none upon another."""
    parts: list[str] = []
    at = low + LABEL_APART
    for wanted, text, colour in sorted(labels, key=lambda one: -one[0]):
        at = min(wanted + 4, at - LABEL_APART)
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{at:.1f}" fill="{colour}" font-size="12">{escape(text)}</text>')
    return parts


def _labels_below(labels: list[tuple[float, str, str]], low: float) -> list[str]:
    """One below the other, each with a dot of its curve's colour."""
    parts: list[str] = []
    for number, (_, text, colour) in enumerate(labels):
        at = low + 40 + number * LABEL_APART
        parts.append(f'<circle cx="{LEFT_NARROW + 4}" cy="{at - 4:.1f}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT_NARROW + 14}" y="{at:.1f}" fill="{colour}" font-size="12">{escape(text)}</text>')
    return parts


def _nice(most: float) -> float:
    """A round number that is not below this one."""
    if most < LEAST:
        return 1.0
    power = math.ceil(math.log10(most)) - 1
    return next(factor * 10.0**power for factor in (1, 2, 4, 6, 8, 10, 20) if factor * 10.0**power >= most)


def _plain(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
