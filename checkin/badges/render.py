"""Badges as PDF and PNG: typst templates, one for each format, fed with JSON.

Every letter is looked up before a page is made: a badge is printed right or not at all. Own templates
of an event lie in the folder `own`; without it all templates are ours.
"""

from __future__ import annotations

import datetime as dt
import io
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import typst

from checkin.badges.face import BadgeFace, template_data
from checkin.badges.fonts import FONT_FOLDERS, FONTS
from checkin.badges.formats import Format, format_of
from checkin.badges.joining import Joined, Told, nobody_told
from checkin.badges.misfits import check_letters
from checkin.badges.templates import OURS, Template, template_error, template_of
from checkin.core.errors import BadInput, Busy, TooLarge

T = TypeVar("T")

MISFITS_NAMED_MAX = 5
DOCUMENT_BADGES_MAX = 20_000
PART_BADGES_MAX = 100
"""Set at once: a badge takes half a mebibyte while it is set."""
WAITING_S_MAX = 20.0
MEASURED_AT_ONCE = 50
PPI_MIN, PPI_MAX = 36, 600
DOTS_A_METRE = 1 / 0.0254
_PNG_HEAD_BYTES = 33
_BLANK = Template(OURS / "blank.typ", OURS, False)
_REMEMBERED_COMPILES = 11
"""What typst has not used for so many documents it forgets."""
_NO_CACHE = Path("/nonexistent")

_typesetting = threading.Lock()


def render_pdf(
    faces: Sequence[BadgeFace],
    *,
    format: str = "a6",
    sheet: bool = False,
    own: Path | None = None,
    told: Told = nobody_told,
) -> bytes:
    """All badges in one tagged PDF (PDF/UA-1), in this order: a page for each side, or on sheets of A4.

    Print formats with two sides duplex: sheets turn over the long edge, single badges over the short.
    The same faces give the same bytes. Raises `BadInput` for an unknown format, no faces, or letters
    that no font has; `TemplateWrong` for an own template with an error.
    """
    date = faces[0].event_date if faces else dt.date.min
    midnight = dt.datetime.combine(date, dt.time(), dt.UTC)
    how = {"format": "pdf", "pdf_standards": "ua-1", "timestamp": midnight}
    known = format_of(format, sheet=sheet)
    _check_faces(faces)
    size = PART_BADGES_MAX
    if sheet:
        size -= size % (known.columns * known.rows)  # every sheet but the last is full
    return set_in_parts(faces, size, lambda part, _: _compiled(part, known, sheet, own, how)[0], told)


def render_png(
    face: BadgeFace, *, format: str = "a6", ppi: float = 300, side: int = 1, own: Path | None = None
) -> bytes:
    """One side (from 1) of one badge as a picture, `ppi` pixels to the inch. Raises as `render_pdf`."""
    known = format_of(format)
    if not PPI_MIN <= ppi <= PPI_MAX:
        raise BadInput(f"A picture has {PPI_MIN} to {PPI_MAX} pixels to the inch, not {ppi:g}.", code="ppi_unknown")
    _check_faces([face])
    pages = _compiled([face], known, False, own, {"format": "png", "ppi": ppi})
    if not 1 <= side <= len(pages):
        raise BadInput(f"“{format}” has {len(pages)} sides; there is no side {side}.", code="side_unknown")
    return _with_density(pages[side - 1], ppi)


def find_too_long(faces: Sequence[BadgeFace], *, format: str = "a6", own: Path | None = None) -> set[tuple[str, str]]:
    """(field, text) of what would need less than its least size in this format, as typst measures it.

    Raises `TemplateWrong` for an own template with an error.
    """
    known = format_of(format)
    template = template_of(known, own)
    found: set[tuple[str, str]] = set()
    for first in range(0, len(faces), MEASURED_AT_ONCE):
        inputs = _inputs(faces[first : first + MEASURED_AT_ONCE], known, False)
        with alone(), _errors_of(template):
            compiler = compiler_of(template, inputs)
            compiler.compile(format="png", ppi=1)  # a query alone never lets go of what typst remembers
            answer = compiler.query("<misfit>", field="value")
        found.update((one["field"], one["text"]) for one in msgspec.json.decode(answer))
    return found


def _check_faces(faces: Sequence[BadgeFace]) -> None:
    if not faces:
        raise BadInput("There is no badge to print.", code="badges_none")
    if len(faces) > DOCUMENT_BADGES_MAX:
        raise TooLarge(f"One file holds at most {DOCUMENT_BADGES_MAX:,} badges. Print a group at a time.")
    if misfits := check_letters(faces):
        named = "; ".join(str(misfit) for misfit in misfits[:MISFITS_NAMED_MAX])
        letters = "".join(dict.fromkeys("".join(misfit.letters for misfit in misfits)))
        raise BadInput(
            f"Letters cannot be printed. Correct the names first – {named}.", code="letters_unknown", letters=letters
        )


def _compiled(
    faces: Sequence[BadgeFace], format: Format, sheet: bool, own: Path | None, how: dict[str, Any]
) -> list[bytes]:
    template = template_of(format, own)
    inputs = _inputs(faces, format, sheet)
    with alone(), _errors_of(template):
        made = compiler_of(template, inputs).compile(**how)
    assert made is not None
    return made if isinstance(made, list) else [made]


def set_in_parts(things: Sequence[T], size: int, typeset: Callable[[Sequence[T], int], bytes], told: Told) -> bytes:
    """A document of many things, at most `size` of them in a part. `typeset` makes a part of these, after so many
    pages; it is called once at least."""
    if len(things) <= size:
        told(0, len(things))
        whole = typeset(things, 0)
        told(len(things), len(things))
        return whole
    out = io.BytesIO()
    joined = Joined(out)
    for first in range(0, len(things), size):
        told(first, len(things))
        joined.add(typeset(things[first : first + size], joined.pages))
        _let_typst_forget()
    joined.end()
    told(len(things), len(things))
    return out.getvalue()


def _let_typst_forget() -> None:
    """It remembers what it has set of late, which of a long document would be all of it."""
    blank = compiler_of(_BLANK, {})
    for _ in range(_REMEMBERED_COMPILES):
        blank.compile(format="svg")


@contextmanager
def alone() -> Iterator[None]:
    """One document at a time: it takes the memory of all its pages. `Busy` where one takes too long."""
    if not _typesetting.acquire(timeout=WAITING_S_MAX):
        raise Busy("Another document is being made and takes long. Try again.", code="typesetting")
    try:
        yield
    finally:
        _typesetting.release()


@contextmanager
def _errors_of(template: Template) -> Iterator[None]:
    """An error in an own template is told; one in ours is a fault of the program."""
    try:
        yield
    except typst.TypstError as error:
        if template.own:
            raise template_error(template, error) from None
        raise


def compiler_of(template: Template, inputs: dict[str, str]) -> typst.Compiler:
    return typst.Compiler(
        input=template.file,
        root=template.root,
        sys_inputs=inputs,
        font_paths=_fonts(),
        package_path=OURS,
        package_cache_path=_NO_CACHE,
    )


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in FONT_FOLDERS],
    )


def _inputs(faces: Sequence[BadgeFace], format: Format, sheet: bool) -> dict[str, str]:
    first = faces[0]
    layout = {
        "width": format.width_mm,
        "height": format.height_mm,
        "colour": format.colour,
        "columns": format.columns,
        "rows": format.rows,
        "sheet": sheet,
    }
    return {
        "badges": _json([template_data(face) for face in faces]),
        "format": _json(layout),
        "fonts": _json([font.family for font in FONTS]),
        "title": f"Badges {first.event_name}",
        "date": _json([first.event_date.year, first.event_date.month, first.event_date.day]),
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _with_density(png: bytes, ppi: float) -> bytes:
    """The picture with its size on paper (PNG, 11.3.4.3: pHYs), which goes between head and data."""
    dots = round(ppi * DOTS_A_METRE)
    chunk = b"pHYs" + struct.pack(">IIB", dots, dots, 1)
    sized = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return png[:_PNG_HEAD_BYTES] + sized + png[_PNG_HEAD_BYTES:]
