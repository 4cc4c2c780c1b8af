"""Columns of rows as PostgreSQL's arrays, in the binary form in which it takes them.

psycopg packs them value by value, each time through a class of its own; whoever writes hundreds of rows at once waits
for that. The form is that of `array_recv` in the server's source (src/backend/utils/adt/arrayfuncs.c).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any

import psycopg
from msgspec import Struct
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format
from psycopg.types import TypeInfo

_NULL = b"\xff\xff\xff\xff"
_head = struct.Struct("!iiIii").pack
"""Dimensions, whether something is missing, the type of the values, how many, the number of the first."""
_size = struct.Struct("!i").pack
_number = struct.Struct("!q").pack


class Packed(Struct):
    """A column in its binary form; a kind for each type of the values, by which psycopg tells them apart."""

    form: bytes


class Numbers(Packed):
    pass


class Texts(Packed):
    pass


class Pieces(Packed):
    pass


_KINDS: dict[type, tuple[type[Packed], TypeInfo, Callable[[Any], bytes]]] = {
    int: (Numbers, types["int8"], _number),
    str: (Texts, types["text"], str.encode),
    bytes: (Pieces, types["bytea"], bytes),
}
"""Type of the values → what the column becomes, the server's type for them, one of them in its binary form."""


def packed(column: Sequence[Any]) -> Any:
    """A column, of which the values are of one type, as one parameter of a statement. Of another type than those that
    are packed here, or without any value, it stays as it is, and psycopg packs it."""
    kinds = set(map(type, column))
    kind = next(iter(kinds - {NoneType}), NoneType)
    if kind not in _KINDS:
        return column
    array, info, form = _KINDS[kind]
    count = len(column)
    head = _head(1, NoneType in kinds, info.oid, count, 1)
    if column.count(column[0]) == count:
        value = form(column[0])
        return array(head + (_size(len(value)) + value) * count)
    if NoneType in kinds:
        there = [None if value is None else form(value) for value in column]
        return array(head + b"".join([_NULL if one is None else _size(len(one)) + one for one in there]))
    values = list(map(form, column))
    parts = [head] * (1 + 2 * count)
    parts[1::2] = map(_size, map(len, values))
    parts[2::2] = values
    return array(b"".join(parts))


def take_packed(connection: psycopg.Connection[Any]) -> None:
    """From now on `connection` takes packed columns as parameters."""
    for array, info, _ in _KINDS.values():
        connection.adapters.register_dumper(array, _dumper(info.array_oid))


def _dumper(array_oid: int) -> type[Dumper]:
    class PackedDumper(Dumper):
        format = Format.BINARY
        oid = array_oid

        def dump(self, obj: Packed) -> bytes:
            return obj.form

    return PackedDumper
