"""Papers on A4: certificates, lists for when nothing works, reports. Typst templates fed with JSON, tagged PDF/UA.

Own templates of an event lie in the folder `own`; without it all templates are ours.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

import msgspec
import typst

from checkin.badges.face import part_of
from checkin.badges.fonts import FONTS, has_glyph
from checkin.badges.formats import Format
from checkin.badges.lists import NO_GLYPH
from checkin.badges.qr import link_matrix, svg_of
from checkin.badges.render import alone, compiler_of
from checkin.badges.templates import template_error, template_of

PaperKind = Literal["certificate", "fallback", "report"]
PAPERS: dict[PaperKind, Format] = {
    id: Format(id=id, name=id, width_mm=210, height_mm=297) for id in ("certificate", "fallback", "report")
}


def render_paper(
    kind: PaperKind,
    content: dict[str, Any],
    *,
    title: str,
    language: str,
    date: dt.date,
    own: Path | None = None,
) -> bytes:
    """The paper as tagged PDF (PDF/UA-1); the same content gives the same bytes. What comes from people is in
    `content` by `part`. Raises `TemplateWrong` for an own template with an error, `Busy` where another
    document takes long."""
    paper = {**content, "title": title, "language": language, "date": (date.year, date.month, date.day)}
    midnight = dt.datetime.combine(date, dt.time(), dt.UTC)
    inputs = {
        "paper": msgspec.json.encode(paper).decode(),
        "fonts": msgspec.json.encode([font.family for font in FONTS]).decode(),
    }
    template = template_of(PAPERS[kind], own)
    try:
        with alone():
            made = compiler_of(template, inputs).compile(format="pdf", pdf_standards="ua-1", timestamp=midnight)
    except typst.TypstError as error:
        if template.own:
            raise template_error(template, error) from None
        raise
    assert isinstance(made, bytes)
    return made


def part(text: str) -> dict[str, Any]:
    """A text of people's with its direction; a letter that no font has is shown as a box."""
    known = "".join(char if has_glyph(char) else NO_GLYPH for char in " ".join(text.split()))
    if not known:
        return {"text": "", "rtl": False}
    made = part_of("", known)
    return {"text": "".join(made.pieces), "rtl": made.rtl}


def unprintable(text: str) -> str:
    """The letters of a text that no font has."""
    return "".join(sorted({char for char in text if not has_glyph(char) and not char.isspace()}))


def link_qr(link: str) -> str:
    """A link as QR code, an SVG of one path."""
    return svg_of(link_matrix(link))
