from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO
from zoneinfo import ZoneInfo

import msgspec
import openpyxl
import pytest

from checkin.core.errors import BadInput
from checkin.exchange.tables import Cell, Column, Row, Table, check_format, texts, write_csv, write_json, write_xlsx

MOMENT = dt.datetime(2017, 3, 20, 9, 42, 7, tzinfo=ZoneInfo("Europe/Berlin"))
COLUMNS = (
    Column(id="name", head="Name"),
    Column(id="count", head="Anzahl", kind="number"),
    Column(id="share", head="Anteil", kind="percent"),
    Column(id="yes", head="Ja?", kind="truth", words={"yes": "ja", "no": "nein"}),
    Column(id="at", head="Zeit", kind="time"),
    Column(id="state", head="Status", words={"waiting": "Warteliste"}),
)
ROWS: list[Row] = [
    ("=1+1", 1, 20, True, MOMENT, "waiting"),
    ("Łęcki", None, None, False, None, "other"),
    ("-5", -2, 0, True, None, "\t=x"),
]
FOR_PEOPLE = Table(title="Liste: Test", columns=COLUMNS, rows=ROWS, language="de")
FOR_PROGRAMS = msgspec.structs.replace(FOR_PEOPLE, language=None)


def written(write: Callable[[Table, BinaryIO], int], table: Table) -> bytes:
    out = io.BytesIO()
    assert write(table, out) == len(ROWS)
    return out.getvalue()


def test_csv_opens_in_german_excel_and_formulas_are_text_situation_62() -> None:
    content = written(write_csv, FOR_PEOPLE)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig").split("\r\n") == [
        "Name;Anzahl;Anteil;Ja?;Zeit;Status",
        "'=1+1;1;20;ja;20.03.2017 09:42:07;Warteliste",
        "Łęcki;;;nein;;other",
        "'-5;-2;0;ja;;'\t=x",
        "",
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_text_that_a_spreadsheet_would_calculate_is_neutralised_in_every_place_situation_62(start: str) -> None:
    table = Table(title="", columns=[Column(id="a", head=f"{start}x")], rows=[[f"{start}cmd|x"]], language="en")
    out = io.BytesIO()
    write_csv(table, out)
    assert [bool(re.match("\ufeff?\"?'", line)) for line in out.getvalue().decode().split("\r\n")[:2]] in (
        [True, True],
        [True],
    )


def test_csv_for_programs_has_ids_iso_times_and_the_separator_asked_for() -> None:
    out = io.BytesIO()
    write_csv(FOR_PROGRAMS, out, separator=",")
    lines = out.getvalue().decode("utf-8-sig").split("\r\n")
    assert lines[0] == "name,count,share,yes,at,state"
    assert lines[1] == "'=1+1,1,20,ja,2017-03-20T09:42:07.000+01:00,waiting"


def test_xlsx_holds_typed_cells_a_head_that_stays_and_no_formulas_situation_62() -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(write_xlsx, FOR_PEOPLE)))
    sheet = book.active
    assert sheet is not None
    assert (sheet.title, sheet.freeze_panes) == ("Liste Test", "A2")
    assert (sheet["A2"].value, sheet["A2"].data_type) == ("=1+1", "s")
    assert (sheet["B4"].value, sheet["B4"].data_type) == (-2, "n")
    assert (sheet["C2"].value, sheet["C2"].number_format) == (0.2, "0 %")
    assert (sheet["E2"].value, sheet["E2"].is_date) == (dt.datetime(2017, 3, 20, 9, 42, 7), True)
    assert (sheet["D2"].value, sheet["F2"].value) == ("ja", "Warteliste")
    assert sheet.column_dimensions["E"].width > 15
    assert sheet["B3"].value is None


def test_json_is_an_array_of_objects_and_the_same_each_time() -> None:
    content = written(write_json, FOR_PEOPLE)
    assert json.loads(content)[1] == {
        "name": "Łęcki",
        "count": None,
        "share": None,
        "yes": False,
        "at": None,
        "state": "other",
    }
    assert json.loads(content)[0]["at"] == "2017-03-20T09:42:07.000+01:00"
    assert content == written(write_json, FOR_PROGRAMS)
    empty = io.BytesIO()
    write_json(Table(title="", columns=COLUMNS, rows=[]), empty)
    assert json.loads(empty.getvalue()) == []


def test_people_read_words_of_their_language() -> None:
    english = msgspec.structs.replace(FOR_PEOPLE, language="en")
    assert next(texts(english)) == ["=1+1", "1", "20 %", "ja", "2017-03-20 09:42", "Warteliste"]


@pytest.mark.parametrize("write", [write_csv, write_json, write_xlsx])
def test_rows_are_taken_one_by_one_and_never_all_at_once(write: Callable[[Table, BinaryIO], int]) -> None:
    alive = [0, 0]

    class Watched(list[Cell]):
        def __init__(self, text: str) -> None:
            super().__init__([text])
            alive[0] += 1
            alive[1] = max(alive)

        def __del__(self) -> None:
            alive[0] -= 1

    def rows() -> Iterator[Row]:
        for number in range(500):
            yield Watched(f"row {number}")

    assert write(Table(title="", columns=[Column(id="a", head="A")], rows=rows()), io.BytesIO()) == 500
    assert alive[1] < 10


def test_other_ending_is_refused() -> None:
    assert check_format(".XLSX") == "xlsx"
    with pytest.raises(BadInput, match=r"use \.csv"):
        check_format(".doc")
