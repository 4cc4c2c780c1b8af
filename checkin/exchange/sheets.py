"""Tables as people send them, before anybody knows what they mean: CSV of any sort, XLSX."""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence

import python_calamine
from msgspec import Struct

from checkin.core.errors import BadInput, TooLarge

FILE_BYTES_MAX = 20 * 1024 * 1024
UNPACKED_BYTES_MAX = 300 * 1024 * 1024
ROWS_MAX = 200_000
CELLS_MAX = 6_000_000
CELL_CHARS_MAX = 32_767
"""What a cell of a spreadsheet holds at most."""
COLUMNS_MAX = 500
HEADING_CHARS_MAX = 100
SHEETS_MAX = 50
HEADING_ROWS_MAX = 20
"""Among so many rows the headings are looked for: there may be titles above them."""
NO_HEADINGS = -1
CHUNK_BYTES = 1024 * 1024

ENCODINGS = {"UTF-8": "utf-8-sig", "Windows-1252": "windows-1252", "UTF-16": "utf-16", "ISO-8859-15": "iso-8859-15"}
SEPARATORS = (";", ",", "\t", "|")

_CELL_PLACE = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
_ROW_PLACE = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d{1,7})"')


class Sheet(Struct, frozen=True, kw_only=True):
    """A table as text. `form`: how it came (“CSV”, “XLSX”, “pretix”); `rows`: number of the row, as a spreadsheet
    shows it, and cells. `sheets`: those of a workbook that have rows; `sheet`: this one. `heading_row`: the number of
    the row of headings (`NO_HEADINGS`: there is none); `top`: the first rows of the file, whatever they are."""

    form: str
    encoding: str
    separator: str
    header: list[str]
    rows: list[tuple[int, list[str]]]
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    heading_row: int = 1
    top: list[tuple[int, list[str]]] = []


def read_sheet(
    data: bytes,
    *,
    name: str,
    encoding: str = "",
    separator: str = "",
    chosen: str = "",
    heading_row: int = 0,
    known: Callable[[Sequence[str]], int],
) -> Sheet:
    """The table in a file, whose form is recognised by its content. `encoding`, `separator` and `heading_row`,
    where given, are taken in the place of what it looks like. `known`: how many of these headings mean
    something; of the sheets of a workbook the one `chosen` is taken, else the one with the most.

    Raises `TooLarge` for a file beyond the limits and `BadInput` for one that is no table; both name it.
    """
    if len(data) > FILE_BYTES_MAX:
        raise TooLarge(f"{name} has {len(data):,} bytes, at most {FILE_BYTES_MAX:,} are taken.")
    if not data.strip():
        raise BadInput(f"{name} is empty.", code="list_empty")
    if data.startswith(b"PK"):
        lines, sheet, sheets = _workbook_lines(data, name, chosen, known)
        form, encoding, separator = "XLSX", "XLSX", ""
    else:
        sheet, sheets = "", ()
        text, encoding = _decoded(data, name, encoding)
        text, seen = _separator(text, known)
        separator = separator or seen
        lines = _csv_lines(text, separator, name)
        form = "CSV"
    top = list(itertools.islice(lines, HEADING_ROWS_MAX))
    place = _heading_place(top, heading_row, known)
    header = [""] if place is None else top[place][1]
    widest = max((len(cells) for _, cells in top), default=0)
    if widest > COLUMNS_MAX:
        raise TooLarge(f"{name} has {widest} columns, at most {COLUMNS_MAX} are taken.")
    below = top if place is None else top[place + 1 :]
    header = header + [""] * (_usual_width(below) - len(header))
    return Sheet(
        form=form,
        encoding=encoding,
        separator=separator,
        header=header,
        rows=list(_within(itertools.chain(below, lines), name)),
        sheet=sheet,
        sheets=sheets,
        heading_row=NO_HEADINGS if place is None else top[place][0],
        top=top,
    )


def column_letters(place: int) -> str:
    """What a spreadsheet calls a column: 0 → “A”, 26 → “AA”."""
    letters = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        letters = chr(65 + letter) + letters
        place -= 1
    return letters


def folded(text: str) -> str:
    """As headings and categories are compared: lower case, letters and digits alone, no marks."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if char.isalnum())


def _heading_place(
    top: Sequence[tuple[int, list[str]]], chosen: int, known: Callable[[Sequence[str]], int]
) -> int | None:
    """Where among the first rows the headings are: in the one `chosen`, else in the one that means most (in another
    than the first only where it means two things, or a name), else in the first that has several cells."""
    numbers = [number for number, _ in top]
    if chosen == NO_HEADINGS or not top:
        return None
    if chosen in numbers:
        return numbers.index(chosen)
    filled = [place for place, (_, cells) in enumerate(top) if any(cell.strip() for cell in cells)] or [0]
    ranks = {place: known(top[place][1]) for place in filled}
    best = max(filled, key=lambda place: ranks[place])
    if ranks[best] > 1 or ranks[filled[0]]:
        return best if ranks[best] > 1 else filled[0]
    return next((place for place in filled if sum(bool(cell.strip()) for cell in top[place][1]) > 1), filled[0])


def _usual_width(rows: Sequence[tuple[int, list[str]]]) -> int:
    """How many columns most rows fill, so that one without a heading is a column too; 0 where they do not agree."""
    ends = [max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0) for _, cells in rows]
    widths = [end for end in ends if end]
    usual = max(set(widths), key=widths.count, default=0)
    return usual if widths.count(usual) > max(1, len(widths) // 2) else 0


def _within(lines: Iterator[tuple[int, list[str]]], name: str) -> Iterator[tuple[int, list[str]]]:
    filled = cells_read = 0
    for line, cells in lines:
        filled += any(cells)
        cells_read += len(cells)
        if filled > ROWS_MAX:
            raise TooLarge(f"{name} has more than {ROWS_MAX:,} rows. Split it.")
        if cells_read > CELLS_MAX:
            raise TooLarge(f"{name} has more than {CELLS_MAX:,} cells. Leave out columns, or split it.")
        yield line, cells


def _decoded(data: bytes, name: str, chosen: str) -> tuple[str, str]:
    """The text and the name of its encoding: the one chosen, else UTF-8, UTF-16, Windows-1252."""
    if chosen:
        if chosen not in ENCODINGS:
            raise BadInput(f"“{chosen}” is no encoding known here: {', '.join(ENCODINGS)}.", code="encoding_unknown")
        # By hand on purpose: what does not fit is shown as �, so that the preview says it.
        codec = ENCODINGS[chosen]
        if chosen == "UTF-16" and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            codec = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
        return data.decode(codec, errors="replace").replace("\0", "�"), chosen
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codecs = ["utf-16"]
    elif data[1:2] == b"\0" or data[:1] == b"\0":
        codecs = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        codecs = ["utf-8-sig", "windows-1252"]
    for codec in codecs:
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text, {"utf-8-sig": "UTF-8", "windows-1252": "Windows-1252"}.get(codec, "UTF-16")
    raise BadInput(f"{name} is no text that can be read. Save it as CSV (UTF-8) or as XLSX.", code="encoding_unknown")


def _separator(text: str, known: Callable[[Sequence[str]], int]) -> tuple[str, str]:
    """The text without a `sep=` line, and its separator: the one by which a row near the top means most, else the
    one that the first row with any has most of."""
    named = re.match(r"\s*sep=(.)\s*\r?\n", text)
    if named:
        return text[named.end() :], named[1]
    lines = [line for line in text.lstrip("\r\n").split("\n", HEADING_ROWS_MAX)[:HEADING_ROWS_MAX] if line.strip()]

    def rank(separator: str) -> tuple[int, int]:
        meant = max((known([cell.strip(' "\r') for cell in line.split(separator)]) for line in lines), default=0)
        return meant, next((count for line in lines if (count := line.count(separator))), 0)

    return text, max(SEPARATORS, key=rank)


def _csv_lines(text: str, separator: str, name: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(FILE_BYTES_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    for row in itertools.count(1):  # not lines of text: a cell may have several
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput(f"{name}, line {line}: {error}.", code="csv_invalid") from error
        yield row, cells


def _workbook_lines(
    data: bytes, name: str, chosen: str, known: Callable[[Sequence[str]], int]
) -> tuple[Iterator[tuple[int, list[str]]], str, tuple[str, ...]]:
    """The rows of the sheet chosen, else of the one whose headings mean most, where none do of the first that has
    any; its name, and the names of all that have rows."""
    try:
        _check_size(data, name)
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        best: list[list[str]] = []
        most, taken, sheets = -1, "", []
        for sheet in book.sheet_names[:SHEETS_MAX]:
            rows: Iterable[Sequence[object]] = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            listed = [[_cell_text(cell) for cell in row] for row in rows]
            if not any(any(row) for row in listed):
                continue
            sheets.append(sheet)
            rank = CELLS_MAX if sheet == chosen else max(known(row) for row in listed[:HEADING_ROWS_MAX])
            if rank > most:
                best, most, taken = listed, rank, sheet
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"{name} is no XLSX that can be read. Save it anew, or as CSV (UTF-8).", code="xlsx_invalid"
        ) from error
    if not best:
        raise BadInput(f"{name} has no rows.", code="list_empty")
    return iter([(number, row) for number, row in enumerate(best, 1) if number == 1 or row]), taken, tuple(sheets)


def _check_size(data: bytes, name: str) -> None:
    """Before a cell is read: what the file unpacks to, and how far out its cells stand. A reader that sets
    aside a whole rectangle is made to ask for gigabytes by one cell in the last corner."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        unpacked = sum(entry.file_size for entry in packed.infolist())
        if unpacked > UNPACKED_BYTES_MAX:
            raise TooLarge(f"{name} unpacks to {unpacked:,} bytes, at most {UNPACKED_BYTES_MAX:,} are taken.")
        for entry in packed.infolist():
            if "worksheets/" in entry.filename and entry.filename.endswith(".xml"):
                _check_extent(packed, entry, name)


def _check_extent(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> None:
    row_max = column_max = 1
    tail = b""
    with packed.open(entry) as file:
        while chunk := file.read(CHUNK_BYTES):
            text = tail + chunk
            places = _CELL_PLACE.findall(text)
            furthest = max({letters for letters, _ in places}, key=lambda one: (len(one), one), default=b"A")
            column_max = max(column_max, _column(furthest))
            row_max = max([row_max, *(int(row) for _, row in places), *map(int, _ROW_PLACE.findall(text))])
            if column_max > COLUMNS_MAX:
                raise TooLarge(f"{name} has a cell in column {column_max:,}, at most {COLUMNS_MAX} columns are taken.")
            if row_max * column_max > CELLS_MAX or row_max > 1_048_576:
                raise TooLarge(
                    f"{name} reaches to row {row_max:,} and column {column_max:,}: more than {CELLS_MAX:,} cells."
                    " Delete the empty ones around the list, or save it as CSV."
                )
            tail = text[-256:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "ja" if cell else "nein"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)
