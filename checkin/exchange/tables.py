"""Tables as files that people open: CSV for German Excel, XLSX, JSON. Formulas are harmless text.

A table is read row by row and written row by row: a file of 100,000 rows takes no more memory than one
of a hundred.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Literal

import msgspec
import xlsxwriter
from msgspec import Struct

from checkin.core.errors import BadInput, TooLarge

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for a formula (OWASP, CSV injection)."""
XLSX_ROWS_MAX = 1_048_575
"""What a sheet holds beneath its head (Excel's limits)."""
XLSX_WIDTH_MIN, XLSX_WIDTH_MAX = 8, 48
_XLSX_TIME = "dd.mm.yyyy hh:mm"

Format = Literal["csv", "xlsx", "json", "pdf"]
FORMATS: tuple[Format, ...] = ("csv", "xlsx", "json", "pdf")
Kind = Literal["text", "number", "percent", "truth", "time"]
Cell = str | int | bool | dt.datetime | None
Row = Sequence[Cell]


class Column(Struct, frozen=True, kw_only=True):
    """`id` names it for programs, `head` for people. `words`: what its values are called, those of a truth
    under `yes` and `no`. `paper`: also in the printed list, where room is scarce."""

    id: str
    head: str
    kind: Kind = "text"
    words: Mapping[str, str] = {}
    paper: bool = True


class Table(Struct, frozen=True, kw_only=True):
    """`rows` are read once. Times are in the event's zone. `language` None: for programs, with ids as heads,
    values as they are stored and times in ISO 8601; else for people. `notes` stand below a printed list."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    language: str | None = None
    notes: Sequence[str] = ()

    def head(self, column: Column) -> str:
        return column.id if self.language is None else column.head


def check_format(name: str) -> Format:
    """The format of a file's ending, with or without its dot. Raises `BadInput` that names the known ones."""
    known = name.lower().removeprefix(".")
    if known not in FORMATS:
        raise BadInput(f"“{name}” is not a kind of table: use .csv, .xlsx, .json or .pdf.", code="table_unknown")
    return known


def write_csv(table: Table, out: BinaryIO, *, separator: str = ";") -> int:
    """UTF-8 with BOM, and semicolons unless said: what German Excel opens by itself. Returns the rows."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    writer.writerow([_harmless(table.head(column)) for column in table.columns])
    count = 0
    for row in table.rows:
        writer.writerow(
            [_in_csv(cell, column, table.language) for cell, column in zip(row, table.columns, strict=True)]
        )
        count += 1
    text.flush()
    text.detach()
    return count


def write_json(table: Table, out: BinaryIO) -> int:
    """An array of objects, a line each; the same rows give the same bytes. Returns the rows."""
    encode = msgspec.json.Encoder().encode
    ids = [column.id for column in table.columns]
    count = 0
    out.write(b"[")
    for row in table.rows:
        out.write(b",\n" if count else b"\n")
        out.write(encode({id: _in_json(cell) for id, cell in zip(ids, row, strict=True)}))
        count += 1
    out.write(b"\n]\n" if count else b"]\n")
    return count


def write_xlsx(table: Table, out: BinaryIO) -> int:
    """A sheet with a head that stays, typed cells and fitting widths. Returns the rows.

    Raises `TooLarge` beyond `XLSX_ROWS_MAX`.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    count = 0
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": table.title})
        sheet = book.add_worksheet(_sheet_name(table.title))
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True, "bottom": 1})
        formats = {
            "time": book.add_format({"num_format": _XLSX_TIME}),
            "percent": book.add_format({"num_format": "0 %"}),
        }
        widths = [len(table.head(column)) + 2 for column in table.columns]
        for at, column in enumerate(table.columns):
            sheet.write_string(0, at, table.head(column), bold)
        for row in table.rows:
            count += 1
            if count > XLSX_ROWS_MAX:
                raise TooLarge(f"A sheet holds at most {XLSX_ROWS_MAX:,} rows. Take CSV.", code="rows_max")
            for at, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
                _put(sheet, count, at, cell, column, table.language, formats)
                if isinstance(cell, str):
                    widths[at] = max(widths[at], len(column.words.get(cell, cell)))
                elif isinstance(cell, dt.datetime):
                    widths[at] = max(widths[at], len(_XLSX_TIME))
        for at, width in enumerate(widths):
            sheet.set_column(at, at, min(max(width + 1, XLSX_WIDTH_MIN), XLSX_WIDTH_MAX))
        sheet.autofilter(0, 0, max(1, count), len(table.columns) - 1)
    return count


def texts(table: Table, *, seconds: bool = False) -> Iterator[list[str]]:
    """Each row as people read it in the table's language."""
    language = table.language or "de"
    for row in table.rows:
        yield [shown(cell, column, language, seconds=seconds) for cell, column in zip(row, table.columns, strict=True)]


def shown(cell: Cell, column: Column, language: str, *, seconds: bool = False) -> str:
    """A cell as people read it: by the column's words, “20.03.2017 09:42” or “2017-03-20 09:42”."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return column.words.get("yes" if cell else "no", str(cell).lower())
    if isinstance(cell, dt.datetime):
        day = "%d.%m.%Y" if language == "de" else "%Y-%m-%d"
        return cell.strftime(f"{day} %H:%M:%S" if seconds else f"{day} %H:%M")
    if isinstance(cell, int):
        return f"{cell} %" if column.kind == "percent" else str(cell)
    return column.words.get(cell, cell)


def _put(sheet: Any, row: int, at: int, cell: Cell, column: Column, language: str | None, formats: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        if language is None:
            sheet.write_boolean(row, at, cell)
        else:
            sheet.write_string(row, at, shown(cell, column, language))
    elif isinstance(cell, dt.datetime):
        sheet.write_datetime(row, at, cell.replace(tzinfo=None), formats["time"])  # Excel knows no zones
    elif isinstance(cell, int):
        if column.kind == "percent":
            sheet.write_number(row, at, cell / 100, formats["percent"])
        else:
            sheet.write_number(row, at, cell)
    else:
        sheet.write_string(row, at, cell if language is None else column.words.get(cell, cell))


def _in_csv(cell: Cell, column: Column, language: str | None) -> Any:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if language is None and isinstance(cell, dt.datetime):
        return cell.isoformat(timespec="milliseconds")
    if language is None and isinstance(cell, str):
        return _harmless(cell)
    return _harmless(shown(cell, column, language or "de", seconds=True))


def _in_json(cell: Cell) -> Any:
    return cell.isoformat(timespec="milliseconds") if isinstance(cell, dt.datetime) else cell


def _harmless(text: str) -> str:
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def _sheet_name(title: str) -> str:
    """At most 31 characters, and none of those that Excel forbids in a sheet's name."""
    return "".join(char for char in title if char not in "[]:*?/\\'")[:31].strip() or "Tabelle"
