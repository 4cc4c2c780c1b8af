"""A badge in each kind that a screen, a printer or a label printer takes."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from checkin.badges.face import BadgeFace
from checkin.badges.labels import brother_raster, label_image, zpl
from checkin.badges.render import render_pdf, render_png
from checkin.core.errors import NotFound

SCREEN_PPI = 300


class Kind(Struct, frozen=True):
    """`format`: in which it is drawn where nothing else is asked for."""

    id: str
    format: str
    media_type: str


KINDS = {
    kind.id: kind
    for kind in (
        Kind("png", "a6", "image/png"),
        Kind("pdf", "a6", "application/pdf"),
        Kind("zpl", "label102x152", "application/octet-stream"),
        Kind("bin", "label62", "application/octet-stream"),
    )
}
"""`png` for screens, `pdf` for paper, `zpl` for Zebra's label printers, `bin` for Brother's."""


def kind_of(id: str) -> Kind:
    """Raises `NotFound` that names the known ones."""
    if id not in KINDS:
        raise NotFound(f"A badge is drawn as .{', .'.join(KINDS)}.", code="kind_unknown")
    return KINDS[id]


def draw(
    face: BadgeFace,
    kind: Kind,
    *,
    format: str | None = None,
    dpi: int | None = None,
    side: int = 1,
    own: Path | None = None,
) -> bytes:
    """One badge in this kind. `dpi` counts for pictures and ZPL, `side` for pictures. Raises as what
    draws it (`checkin/badges/render.py`, `checkin/badges/labels.py`)."""
    format = format or kind.format
    match kind.id:
        case "pdf":
            return render_pdf([face], format=format, own=own)
        case "zpl":
            return zpl(label_image(face, format=format, dpi=dpi, own=own))
        case "bin":
            return brother_raster(label_image(face, format=format, own=own), format=format)
        case _:
            return render_png(face, format=format, ppi=dpi or SCREEN_PPI, side=side, own=own)
