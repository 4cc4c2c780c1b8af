"""Lines between two logarithmic axes, as an SVG file: what is flat lies flat, what grows with the number climbs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from checkin.exchange.plot import COLOURS, DASHES

WIDTH, HEIGHT = 500, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 160, 40, 60
IN_A_ROW = 2
LEAST = 1e-3
LABEL_APART = 14

Lines = Mapping[str, Sequence[tuple[float, float]]]


def plot_svg(panels: Mapping[str, Lines]) -> str:
    """Panels in rows of two: what is counted along their lower edge → label → points."""
    width, height = WIDTH * min(IN_A_ROW, len(panels)), HEIGHT * math.ceil(len(panels) / IN_A_ROW)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="Noto Sans, Segoe UI, Arial, sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, (title, lines) in enumerate(panels.items()):
        across, down = number % IN_A_ROW * WIDTH, number // IN_A_ROW * HEIGHT
        parts += [f'<g transform="translate({across} {down})">', *_panel(title, lines), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, lines: Lines) -> list[str]:
    points = [point for line in lines.values() for point in line]
    left, right = _decades([x for x, _ in points])
    low, high = _decades([y for _, y in points])

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(max(x, LEAST)) - left) / (right - left)
        up = (math.log10(max(y, LEAST)) - low) / (high - low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    middle, edge = (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12
    parts = [
        f'<text x="{middle}" y="{edge}" text-anchor="middle" font-size="14" font-weight="700" fill="#14213d">'
        f"{escape(title)}</text>"
    ]
    for decade in range(left, right + 1):
        x, y = at(10.0**decade, 10.0**low)
        parts.append(f'<path d="M{x:.1f} {TOP}V{y:.1f}" stroke="#d5dae2"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle" fill="#444">{_tick(decade)}</text>')
    for decade in range(low, high + 1):
        x, y = at(10.0**left, 10.0**decade)
        parts.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#d5dae2"/>')
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{_tick(decade)}</text>')
    ends = []
    for number, (label, line) in enumerate(lines.items()):
        again, place = divmod(number, len(COLOURS))  # one that has a colour again has another dash
        colour, dash = COLOURS[place], DASHES[(place // 2 + again) % len(DASHES)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in (at(*point) for point in line))
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (at(*one) for one in line)]
        ends.append((at(*line[-1])[1], label, colour))
    below = 0.0
    for y, label, colour in sorted(ends):
        below = max(y, below + LABEL_APART)
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{below + 4:.1f}" fill="{colour}">{escape(label)}</text>')
    return parts


def _tick(decade: int) -> str:
    return f"{10**decade:,}" if decade >= 0 else f"{10.0**decade:g}"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around these values; two of them at least."""
    low = math.floor(math.log10(max(min(values), LEAST)))
    return low, max(low + 1, math.ceil(math.log10(max(*values, LEAST))))
