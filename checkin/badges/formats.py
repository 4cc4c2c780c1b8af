"""The formats of badges: one table. Each has a template of its name."""

from __future__ import annotations

from msgspec import Struct

from checkin.core.errors import BadInput


class Format(Struct, frozen=True, kw_only=True):
    """What a badge is printed on. `height_mm` None: as long as its content (endless labels). `sides`:
    pages a badge. `colour` false: for label printers, which know black alone. `dpi`: at which the
    modules of its QR code are whole dots. `columns`, `rows`: how many stand on a sheet of A4 portrait
    (0: there is no sheet)."""

    id: str
    name: str
    width_mm: float
    height_mm: float | None
    sides: int = 1
    colour: bool = True
    dpi: int = 300
    columns: int = 0
    rows: int = 0


FORMATS = {
    format.id: format
    for format in (
        Format(id="a6", name="A6", width_mm=105, height_mm=148, columns=2, rows=2),
        Format(id="a7", name="A7", width_mm=105, height_mm=74, columns=2, rows=4),
        Format(id="cr80", name="CR80", width_mm=86, height_mm=54, columns=2, rows=5),
        Format(id="butterfly", name="Butterfly, A5 → A6", width_mm=210, height_mm=148, sides=2, columns=1, rows=2),
        Format(id="label62", name="Label 62 mm", width_mm=62, height_mm=None, colour=False),
        Format(id="label62x100", name="Label 62 × 100", width_mm=62, height_mm=100, colour=False),
        Format(id="label102x152", name="Label 102 × 152", width_mm=102, height_mm=152, colour=False, dpi=203),
    )
}


def format_of(id: str, *, sheet: bool = False) -> Format:
    """Raises `BadInput` that names the known ones, or those that go on a sheet where one is wanted."""
    known = [format.id for format in FORMATS.values() if format.columns or not sheet]
    if id not in FORMATS:
        raise BadInput(f"There is no badge format “{id}”; there are: {', '.join(known)}.", code="format_unknown")
    if id not in known:
        raise BadInput(f"“{id}” does not go on sheets; those that do: {', '.join(known)}.", code="format_sheetless")
    return FORMATS[id]
