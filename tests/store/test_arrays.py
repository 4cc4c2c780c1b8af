"""Columns as the server takes them: what psycopg would have sent, value by value."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from psycopg.adapt import PyFormat, Transformer
from psycopg.types.numeric import Int8

from checkin.store.arrays import Packed, packed


def sent_by_psycopg(column: list[Any]) -> object:
    column = [Int8(value) if type(value) is int else value for value in column]
    return Transformer().dump_sequence([column], [PyFormat.BINARY])[0]


@pytest.mark.parametrize(
    "column",
    [
        [1],
        [7, 7, 7],
        [0, -1, 2**63 - 1, -(2**63)],
        [1, None, 2],
        [None, 5],
        ["a"],
        ["scan", "scan"],
        ["", "ä€𝄞", 'with "quotes", {braces}, \\ and\nlines'],
        [None, "late", None],
        [b"\x00\xff", b""],
        [b"same", b"same"],
        [b"", None, b"\x00" * 300],
    ],
)
def test_packed_columns_are_what_psycopg_would_send(column: list[Any]) -> None:
    one = packed(column)
    assert isinstance(one, Packed)
    assert one.form == sent_by_psycopg(column)


@pytest.mark.parametrize("column", [[1.5, 2.0], [True, False], [None, None], [(1,), (2,)]])
def test_columns_of_other_types_are_left_to_psycopg(column: list[Any]) -> None:
    assert packed(column) is column


def test_number_that_no_column_takes_is_an_error() -> None:
    with pytest.raises(struct.error):
        packed([1, 2**63])
