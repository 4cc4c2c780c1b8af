"""The layout file: a venue as TOML, read and written."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from typing import Any, TypeVar

import msgspec
import tomli_w
from msgspec import Struct

from checkin.core.errors import BadInput, TooLarge
from checkin.core.layout import Fault, Layout
from checkin.core.model import Area, Door, Event, Group, Hold, Item, Plan
from checkin.wire import legible

LAYOUT_BYTES_MAX = 1024 * 1024

T = TypeVar("T")
_FIELD = re.compile(r"`\$\.(\w+)|missing required field `(\w+)`")
_CLOCKS = {"opens", "closes", "until"}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")


def read_layout(data: bytes) -> Layout:
    """The venue in a layout file.

    Raises `TooLarge`, and `BadInput` (code `layout_invalid`) that names every fault with its place:
    `[[door]] 3: …`.
    """
    if len(data) > LAYOUT_BYTES_MAX:
        raise TooLarge(f"The layout has {len(data):,} bytes, at most {LAYOUT_BYTES_MAX:,} are taken.")
    try:
        content = tomllib.loads(legible(data).decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"The layout is not TOML in UTF-8: {error}.", code="layout_invalid") from error
    return layout_of(content)


def layout_of(content: dict[str, Any]) -> Layout:
    """The venue in the tables of a layout file, or in the same as JSON. Raises `BadInput` as `read_layout`."""
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


def write_layout(layout: Layout) -> bytes:
    """The layout file of a venue: read again it gives the same one. What is the default is left out."""
    parts: list[tuple[str, Struct]] = [("[event]", layout.event)]
    parts += [(f"[[{noun}]]", one) for noun, ones in tables_of(layout).items() for one in ones]
    return "\n".join(f"{head}\n{tomli_w.dumps(_table(one))}" for head, one in parts).encode()


def tables_of(layout: Layout) -> dict[str, list[Struct]]:
    """noun → what the layout has of it, in its order; without the event."""
    return {
        "group": list(layout.groups.values()),
        "area": list(layout.areas.values()),
        "plan": list(layout.plans),
        "item": list(layout.items.values()),
        "door": list(layout.doors.values()),
        "hold": list(layout.holds),
    }


def _table(one: Struct) -> dict[str, Any]:
    return {
        field.name: _written(getattr(one, field.name))
        for field in msgspec.structs.fields(type(one))
        if getattr(one, field.name) != field.default
    }


def _written(value: Any) -> Any:
    match value:
        case dt.time():  # “09:00”, as people write it
            return value.isoformat(timespec="auto" if value.second or value.microsecond else "minutes")
        case tuple():
            return list(value)
        case _:
            return value


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
        return msgspec.convert({name: _plain(value, name) for name, value in table.items()}, kind)
    except msgspec.ValidationError as error:
        noun, _, number = place.strip("[]").partition("]] ")
        field = _FIELD.search(str(error))
        faults.append(
            Fault(f"{place}: {error}", "value_unreadable", noun, f"#{number}", (field[1] or field[2]) if field else "")
        )
        return None


def _plain(value: Any, name: str) -> Any:
    """Times of day may be TOML's (09:00:00) or text (“09:00”)."""
    if name in _CLOCKS and isinstance(value, str) and _CLOCK.fullmatch(value):
        return dt.time.fromisoformat(value.zfill(5)).isoformat()
    return value
