"""Badges: how long a document, a picture and a label take, beside their limits and beside plain pages.

`plain` is the same number of pages with the same texts and codes, each text at one size and nothing
measured: what the typesetter takes anyway.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from checkin.badges.face import BadgeFace
from checkin.badges.labels import brother_raster, label_image, zpl
from checkin.badges.preflight import preflight
from checkin.badges.qr import qr_matrix
from checkin.badges.render import render_pdf, render_png
from checkin.demo.people import invent
from tests.venue import DAY

ONE_BY_ONE = 20
PLAIN = """#import "@checkin/badge:1.0.0": *
#badges(badge => {
  for part in (badge.event_name, badge.given_name, badge.family_name, badge.organisation, badge.place, badge.group) {
    block(text(size: 12pt, part.text))
  }
  for forum in badge.forums { block(text(size: 8pt, forum.text)) }
  block(text(size: 20pt, badge.desk_number))
  code(badge, 42mm)
})
"""


class Line(Struct):
    """`limit`: what is asked for, for the full number of badges; `plain`: the twin. 0: there is none."""

    what: str
    ours: float
    limit: float = 0.0
    plain: float = 0.0


class BadgesResult(Struct):
    count: int
    lines: list[Line]


def run(count: int) -> BadgesResult:
    everybody = faces(count)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        (own / "a6.typ").write_text(PLAIN, encoding="utf-8")
        first_s, _ = timed(lambda: render_pdf(everybody[:1]))
        few = everybody[:ONE_BY_ONE]
        png_ms = each_ms(few, lambda face: render_png(face))
        plain_png_ms = each_ms(few, lambda face: render_png(face, own=own))
        pdf_s, pdf = timed(lambda: render_pdf(everybody))
        sheets_s, sheets = timed(lambda: render_pdf(everybody, sheet=True))
        plain_s, plain = timed(lambda: render_pdf(everybody, own=own))
    label_ms = each_ms(few, lambda face: zpl(label_image(face, format="label102x152")))
    brother_ms = each_ms(few, lambda face: brother_raster(label_image(face, format="label62"), format="label62"))
    check_s, _ = timed(lambda: preflight(everybody, "a6"))
    qr_ms = each_ms(everybody, lambda face: qr_matrix(face.code))
    share = count / 600
    return BadgesResult(
        count,
        [
            Line("first page, s", first_s),
            Line("A6, one PDF, s", pdf_s, 2.0 * share, plain_s),
            Line("A6, one PDF, MB", len(pdf) / 1e6, 3.0 * share, len(plain) / 1e6),
            Line("A6 on A4, one PDF, s", sheets_s, 2.0 * share),
            Line("A6 on A4, one PDF, MB", len(sheets) / 1e6, 3.0 * share),
            Line("pre-flight, s", check_s),
            Line("PNG, 300 dpi, ms", png_ms, 30.0, plain_png_ms),
            Line("ZPL 102x152, ms", label_ms),
            Line("Brother 62 mm, ms", brother_ms),
            Line("QR matrix, ms", qr_ms, 1.5),
        ],
    )


def faces(count: int) -> list[BadgeFace]:
    return [
        BadgeFace(
            code=f"1{number:023d}",
            desk_number=1_000 + number,
            title=one.title,
            given_name=one.given_name,
            family_name=one.family_name,
            organisation="Amt für Stadterneuerung",
            department="",
            position="Leitung",
            town=one.town[1],
            group_name="Kommunalverwaltung",
            group_number=number % 11,
            forums=("T · Antrag und Verfahren", "K · Beteiligung digital"),
            photo=number % 3 > 0,
            event_name="Integration vor Ort leben",
            event_date=DAY,
            event_place="Straßenbahnhalle Nord",
        )
        for number, one in enumerate(invent(random.Random(2), count))
    ]


def timed(work: Callable[[], object]) -> tuple[float, bytes]:
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made if isinstance(made, bytes) else b""


def each_ms(everybody: list[BadgeFace], work: Callable[[BadgeFace], object]) -> float:
    """The median."""
    durations: list[float] = []
    for face in everybody:
        started = time.perf_counter()
        work(face)
        durations.append(time.perf_counter() - started)
    return sorted(durations)[len(durations) // 2] * 1_000
