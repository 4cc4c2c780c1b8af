"""The layout file: a venue as TOML."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from checkin.core.errors import BadInput, TooLarge
from checkin.core.layout import Layout
from checkin.core.model import Area, Door, Event, Group, Hold, Item, Plan

LAYOUT_BYTES_MAX = 1024 * 1024

T = TypeVar("T")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


def read_layout(data: bytes) -> Layout:
    """The venue in a layout file.

    Raises `TooLarge`, and `BadInput` (code `layout_invalid`) that names every fault with its place:
    `[[door]] 3: …`.
    """
    if len(data) > LAYOUT_BYTES_MAX:
        raise TooLarge(f"The layout has {len(data):,} bytes, at most {LAYOUT_BYTES_MAX:,} are taken.")
    try:
        content = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"The layout is not TOML in UTF-8: {error}.", code="layout_invalid") from error
    faults: list[str] = []
    tables = {"event", "group", "area", "plan", "door", "hold", "item"}
    faults += [f"“{name}” is not part of a layout" for name in content if name not in tables]
    event = _event(content.get("event"), faults)
    groups = _each(content, "group", Group, faults)
    areas = _each(content, "area", Area, faults)
    doors = _each(content, "door", Door, faults)
    holds = _each(content, "hold", Hold, faults)
    plans = _each(content, "plan", Plan, faults)
    items = _each(content, "item", Item, faults)
    if faults or event is None:
        raise BadInput("The layout cannot be used: " + "; ".join(faults) + ".", code="layout_invalid", faults=faults)
    return Layout(event, groups, areas, doors, holds, plans, items)


def _event(table: Any, faults: list[str]) -> Event | None:
    if not isinstance(table, dict):
        faults.append("the table [event] is missing")
        return None
    return _one(table, Event, "[event]", faults)


def _each(content: dict[str, Any], name: str, kind: type[T], faults: list[str]) -> list[T]:
    tables = content.get(name, [])
    if not isinstance(tables, list):
        faults.append(f"write [[{name}]] with two brackets")
        return []
    read = [_one(table, kind, f"[[{name}]] {number}", faults) for number, table in enumerate(tables, 1)]
    return [one for one in read if one is not None]


def _one(table: Any, kind: type[T], place: str, faults: list[str]) -> T | None:
    assert issubclass(kind, Struct)
    known = {field.name for field in msgspec.structs.fields(kind)}
    if not isinstance(table, dict):
        faults.append(f"{place} is not a table")
        return None
    unknown = [name for name in table if name not in known]
    faults += [f"{place}: “{name}” is not known (known: {', '.join(sorted(known))})" for name in unknown]
    try:
        return msgspec.convert({name: _plain(value) for name, value in table.items()}, kind)
    except msgspec.ValidationError as error:
        faults.append(f"{place}: {error}")
        return None


def _plain(value: Any) -> Any:
    """Times of day may be TOML's (09:00:00) or text (“09:00”)."""
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return dt.time.fromisoformat(value.zfill(5)).isoformat()
    return value
