from __future__ import annotations

import io
import json

import openpyxl
import pytest

from checkin.core.errors import BadInput
from checkin.exchange.tables import Table, write_table

TABLE = Table(("name", "count", "yes"), [("=1+1", 1, True), ("Łęcki", None, False), ("-5", 2, True)])


def test_csv_opens_in_german_excel_and_formulas_are_text_situation_62() -> None:
    content = write_table(TABLE, ".csv")
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig").splitlines() == ["name;count;yes", "'=1+1;1;ja", "Łęcki;;nein", "'-5;2;ja"]


def test_xlsx_holds_text_not_formulas_situation_62() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(write_table(TABLE, ".xlsx"))).active
    assert sheet is not None
    cell = sheet["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_json_is_an_array_of_objects() -> None:
    assert json.loads(write_table(TABLE, ".json"))[1] == {"name": "Łęcki", "count": None, "yes": False}


def test_other_suffix_is_refused() -> None:
    with pytest.raises(BadInput, match=r"use \.csv"):
        write_table(TABLE, ".doc")
