"""Lists as PDF on A4: tagged, the head on each page, names right in every script, in the fonts of badges.

A letter that no font has is shown as a box: a list of six hundred must not fail for one of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import islice

import msgspec
from msgspec import Struct

from checkin.badges.face import part_of
from checkin.badges.fonts import FONTS, has_glyph
from checkin.badges.joining import Told, nobody_told
from checkin.badges.render import alone, compiler_of, set_in_parts
from checkin.badges.templates import OURS, Template
from checkin.core.errors import TooLarge

LIST_ROWS_MAX = 50_000
PART_ROWS_MAX = 1_000
"""Set at once: so many take a tenth of a gibibyte for as long as they are set."""
NO_GLYPH = "□"
CELL_CHARS_MAX = 400
"""What a remark may take in a list; more is cut and marked."""
UPRIGHT_CHARS_MAX, LYING_CHARS_MAX = 104, 154
"""Lists whose columns need more characters side by side lie on their side, and then become smaller."""
SIZE_PT, SIZE_PT_MIN = 9.0, 6.5
WEIGHT_MIN, WEIGHT_MAX = 4, 26
PADDING = 2
_SAMPLED_ROWS_MAX = 500


_TEMPLATE = Template(OURS / "list.typ", OURS, False)


class PrintedColumn(Struct, frozen=True, kw_only=True):
    head: str
    number: bool = False


class PrintedList(Struct, frozen=True, kw_only=True):
    """`stand`: as of when, in words. `page_of`: “Seite {page} von {pages}”, `page_only`: “Seite {page}” for a list
    that is set in parts, `empty`: what is said where there are no rows, each in `language`. `date`: of the document,
    so that the same list is the same file."""

    title: str
    event: str
    stand: str
    page_of: str
    page_only: str
    empty: str
    language: str
    date: dt.datetime
    columns: Sequence[PrintedColumn]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def render_list(printed: PrintedList, told: Told = nobody_told) -> bytes:
    """The list as one PDF (PDF/UA-1). Raises `TooLarge` beyond `LIST_ROWS_MAX` rows, `Busy` where
    another document takes long."""
    if len(printed.rows) > LIST_ROWS_MAX:
        raise too_long()
    weights = [_weight(printed, at) for at in range(len(printed.columns))]
    is_whole = len(printed.rows) <= PART_ROWS_MAX
    before, _, after = (printed.page_of if is_whole else printed.page_only).partition("{page}")
    data = {
        "title": _text(printed.title),
        "event": _text(printed.event),
        "stand": _text(printed.stand),
        "page_of": [before, *after.split("{pages}")],
        "empty": printed.empty,
        "language": printed.language,
        "lying": sum(weights) > UPRIGHT_CHARS_MAX,
        "size": max(SIZE_PT_MIN, SIZE_PT * min(1.0, LYING_CHARS_MAX / sum(weights))),
        "columns": [
            {"head": _text(column.head), "number": column.number, "weight": weight}
            for column, weight in zip(printed.columns, weights, strict=True)
        ],
    }
    fonts = msgspec.json.encode([font.family for font in FONTS]).decode()
    left = len(printed.rows)

    def typeset(rows: Sequence[Sequence[str]], after_pages: int) -> bytes:
        nonlocal left
        left -= len(rows)
        part = {
            **data,
            "after_pages": after_pages,
            "rows": [[_text(cell) for cell in row] for row in rows],
            "notes": [] if left else [_text(note) for note in printed.notes],
        }
        inputs = {"list": msgspec.json.encode(part).decode(), "fonts": fonts}
        with alone():
            made = compiler_of(_TEMPLATE, inputs).compile(format="pdf", pdf_standards="ua-1", timestamp=printed.date)
        assert isinstance(made, bytes)
        return made

    return set_in_parts(printed.rows, PART_ROWS_MAX, typeset, told)


def too_long() -> TooLarge:
    return TooLarge(f"A printed list holds at most {LIST_ROWS_MAX:,} rows. Take XLSX or CSV.", code="list_too_long")


def _text(text: str) -> str | list[str]:
    """As the template takes it: a text that runs from right to left is a list of one."""
    if len(text) > CELL_CHARS_MAX:
        text = text[: CELL_CHARS_MAX - 1] + "…"
    if text.isascii():
        return " ".join(text.split()) if text.isprintable() else _printable(text)
    part = part_of("", text)
    printable = _printable("".join(part.pieces))
    return [printable] if part.rtl else printable


def _printable(text: str) -> str:
    return "".join(char if has_glyph(char) else NO_GLYPH for char in " ".join(text.split()))


def _weight(printed: PrintedList, at: int) -> int:
    """How many characters a column wants: its head's longest word in bold, and what nine of ten cells take."""
    lengths = sorted(len(row[at]) for row in islice(printed.rows, _SAMPLED_ROWS_MAX))
    usual = lengths[len(lengths) * 9 // 10] if lengths else 0
    head = max((len(word) for word in printed.columns[at].head.split()), default=0)
    return max(min(usual, WEIGHT_MAX), head * 5 // 4, WEIGHT_MIN) + PADDING
