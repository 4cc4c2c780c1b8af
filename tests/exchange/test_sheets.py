"""Tables as people send them, and files that mean harm."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import pytest

from checkin.core.errors import BadInput, TooLarge
from checkin.exchange import sheets as module
from checkin.exchange.sheets import Sheet, read_sheet


def read(data: bytes, **how: Any) -> Sheet:
    return read_sheet(data, name="liste", known=lambda header: sum("Name" in cell for cell in header), **how)


def workbook(*tables: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, table in enumerate(tables):
        sheet = book.create_sheet(f"Blatt {number}")
        for row in table:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def with_sheet(xml: str) -> bytes:
    """A workbook whose sheet is replaced by this XML."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["Name"]]))) as old, zipfile.ZipFile(content, "w") as new:
        for entry in old.infolist():
            is_sheet = entry.filename == "xl/worksheets/sheet1.xml"
            new.writestr(entry.filename, xml.encode() if is_sheet else old.read(entry))
    return content.getvalue()


def test_encoding_and_separator_chosen_by_hand_are_obeyed() -> None:
    data = "Name,Ort,Amt;Land\nMüller,Köln,Ämter;NRW\n".encode()
    assert read(data).rows == [(2, ["Müller", "Köln", "Ämter;NRW"])]
    wrong = read(data, encoding="Windows-1252", separator=";")
    assert (wrong.encoding, wrong.rows) == ("Windows-1252", [(2, ["MÃ¼ller,KÃ¶ln,Ã„mter", "NRW"])])
    assert read("Name\nMüller\n".encode("cp1252"), encoding="UTF-8").rows == [(2, ["M\N{REPLACEMENT CHARACTER}ller"])]


def test_unknown_encoding_is_refused() -> None:
    with pytest.raises(BadInput, match="no encoding"):
        read(b"Name\n", encoding="EBCDIC")


def test_sheet_whose_headings_mean_most_is_taken() -> None:
    data = workbook([["Order", "Total"], ["A", 1]], [["Name", "Name 2"], ["Ada", "x"]], [["Fee"], [2]])
    assert read(data).header == ["Name", "Name 2"]


@pytest.mark.parametrize(
    "xml",
    [
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        "</sheetData></worksheet>",
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="SH1"><v>1</v></c></row><row r="900000"><c r="A900000"><v>1</v></c></row>'
        "</sheetData></worksheet>",
    ],
)
def test_cell_in_the_last_corner_does_not_ask_for_gigabytes(xml: str) -> None:
    with pytest.raises(TooLarge, match=r"liste (has a cell in column|reaches to row)"):
        read(with_sheet(xml))


def test_zip_bomb_that_really_unpacks_is_refused_before_it_does() -> None:
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as file,
    ):
        for _ in range(310):
            file.write(b"<row/>" * 174_762)
    assert len(bomb.getvalue()) < module.FILE_BYTES_MAX
    with pytest.raises(TooLarge, match="unpacks to"):
        read(bomb.getvalue())


def test_xml_bomb_in_a_workbook_is_refused() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 100}">' for n in range(9))
    with pytest.raises(BadInput, match=r"no XLSX that can be read|has no rows"):
        read(
            with_sheet(
                f'<!DOCTYPE a [{entities}]><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
                '<sheetData><row r="1"><c r="A1" t="str"><v>&e8;</v></c></row></sheetData></worksheet>'
            )
        )


@pytest.mark.parametrize(
    ("limit", "data", "said"),
    [
        ("ROWS_MAX", b"Name\na\nb\nc\n", "more than 2 rows"),
        ("CELLS_MAX", b"Name;x\na;b\nc;d\n", "more than 2 cells"),
        ("COLUMNS_MAX", b"Name;x;y\n", "has 3 columns"),
        ("FILE_BYTES_MAX", b"Name\n", "has 5 bytes"),
    ],
)
def test_limit_is_named(monkeypatch: pytest.MonkeyPatch, limit: str, data: bytes, said: str) -> None:
    monkeypatch.setattr(module, limit, 2)
    with pytest.raises(TooLarge, match=said):
        read(data)
