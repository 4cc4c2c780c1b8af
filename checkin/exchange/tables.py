"""Tables as files that people open: CSV for German Excel, XLSX, JSON. Formulas are harmless text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import msgspec
import xlsxwriter
from msgspec import Struct

from checkin.core.errors import BadInput

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula (OWASP, CSV injection)."""

Cell = str | int | bool | None


class Table(Struct, frozen=True):
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def write_table(table: Table, suffix: str) -> bytes:
    """The table as `.csv` (UTF-8 with BOM, semicolons), `.xlsx` or `.json` (an array of objects).

    Raises `BadInput` for another suffix.
    """
    match suffix.lower():
        case ".csv":
            return _csv(table)
        case ".xlsx":
            return _xlsx(table)
        case ".json":
            rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
            return msgspec.json.format(msgspec.json.encode(rows))
        case _:
            raise BadInput(f"“{suffix}” is not a kind of table: use .csv, .xlsx or .json.", code="table_unknown")


def _csv(table: Table) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(table.header)
    writer.writerows([_harmless(cell) for cell in row] for row in table.rows)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(table: Table) -> bytes:
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, table.header, book.add_format({"bold": True}))
        for number, row in enumerate(table.rows, 1):
            sheet.write_row(number, 0, row)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(table.rows)), len(table.header) - 1)
    return content.getvalue()


def _harmless(cell: Cell) -> Any:
    if isinstance(cell, bool):
        return "ja" if cell else "nein"
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return "'" + cell
    return "" if cell is None else cell
