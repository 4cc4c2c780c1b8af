"""Events, their venue and their sequence number."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import msgspec
from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.model import Approved, Area, Door, Event, Group, Hold, Item, Plan
from checkin.store.engine import Transaction

_SETTINGS = tuple(field for field in Event.__struct_fields__ if field not in ("slug", "date"))
_APPROVED = Approved.__struct_fields__


class EventRow(Struct, frozen=True, kw_only=True):
    """What of an event changes while it goes on, and the key that signs its codes. `stations`: 0 while it
    has none, else the version of their ledger."""

    id: int
    seq: int
    layout_version: int
    evacuation: bool
    drill: bool
    reentry_until: int | None
    closed_at: int | None
    stations: int
    key: bytes


def add_event(tx: Transaction, event: Event, key: bytes) -> int:
    columns = ", ".join(("slug", "date", *_SETTINGS, "key"))
    row = tx.row(
        f"INSERT INTO event ({columns}) VALUES ({_marks(len(_SETTINGS) + 3)}) RETURNING id",
        (event.slug, event.date.isoformat(), *_settings(event), key),
    )
    assert row is not None
    return int(row[0])


def change_event(tx: Transaction, id: int, event: Event) -> None:
    columns = ", ".join(f"{setting} = ?" for setting in ("date", *_SETTINGS))
    tx.run(f"UPDATE event SET {columns} WHERE id = ?", (event.date.isoformat(), *_settings(event), id))


def event_ids(tx: Transaction) -> dict[str, int]:
    """slug → id, in the order of their dates."""
    return dict(tx.rows("SELECT slug, id FROM event ORDER BY date, slug"))


def events_with_layout(tx: Transaction) -> list[str]:
    """The slugs of the events that have a venue already."""
    return [slug for (slug,) in tx.rows("SELECT DISTINCT slug FROM event JOIN area ON area.event = event.id")]


def load_event_row(tx: Transaction, id: int) -> EventRow:
    row = tx.row(
        "SELECT seq, layout_version, evacuation, drill, reentry_until, closed_at, stations, key FROM event"
        " WHERE id = ?",
        (id,),
    )
    assert row is not None, "an event is never deleted while its id is known"
    return EventRow(
        id=id,
        seq=row[0],
        layout_version=row[1],
        evacuation=bool(row[2]),
        drill=bool(row[3]),
        reentry_until=row[4],
        closed_at=row[5],
        stations=row[6],
        key=row[7],
    )


def set_seq(tx: Transaction, id: int, seq: int) -> None:
    tx.run_many("UPDATE event SET seq = ? WHERE id = ?", [(seq, id)])  # nobody waits to hear that it was one row


def set_evacuation(tx: Transaction, id: int, *, active: bool, drill: bool, reentry_until: int | None) -> None:
    tx.run(
        "UPDATE event SET evacuation = ?, drill = ?, reentry_until = ? WHERE id = ?",
        (int(active), int(drill), reentry_until, id),
    )


def set_closed(tx: Transaction, id: int, at: int) -> None:
    tx.run("UPDATE event SET closed_at = ? WHERE id = ?", (at, id))


def fallback_every(tx: Transaction, id: int) -> int:
    """Every how many minutes a list for when nothing works is written; 0: on demand."""
    row = tx.row("SELECT fallback_every_min FROM event WHERE id = ?", (id,))
    return int(row[0]) if row else 0


def set_fallback_every(tx: Transaction, id: int, minutes: int) -> None:
    tx.run("UPDATE event SET fallback_every_min = ? WHERE id = ?", (minutes, id))


def next_desk_numbers(tx: Transaction, id: int, count: int) -> range:
    """`count` desk numbers that no badge of the event had before."""
    row = tx.row("UPDATE event SET desk_number = desk_number + ? WHERE id = ? RETURNING desk_number", (count, id))
    assert row is not None
    return range(row[0] - count + 1, row[0] + 1)


def renew_version(tx: Transaction, id: int) -> None:
    """Venue or programme have changed: whoever keeps them at hand reads them again."""
    tx.run("UPDATE event SET layout_version = layout_version + 1 WHERE id = ?", (id,))


def save_layout(tx: Transaction, id: int, layout: Layout) -> None:
    """Put this venue in the place of the one that was stored."""
    change_event(tx, id, layout.event)
    renew_version(tx, id)
    for table in ("attendee_group", "area", "plan", "item", "door", "hold"):
        tx.run(f"DELETE FROM {table} WHERE event = ?", (id,))
    _add(tx, "attendee_group", id, layout.groups.values())
    _add(tx, "area", id, layout.areas.values())
    _add(tx, "plan", id, layout.plans)
    _add(tx, "item", id, layout.items.values())
    _add(tx, "door", id, layout.doors.values())
    _add(tx, "hold", id, layout.holds)


def add_plan(tx: Transaction, id: int, plan: Plan, position: int) -> None:
    _add(tx, "plan", id, [plan], position)
    renew_version(tx, id)


def set_approved(tx: Transaction, id: int, area: str, plan: str | None, approved: Approved) -> None:
    """From now on these numbers are the approved ones of an area, by this plan."""
    columns = ", ".join(f"{word} = ?" for word in _APPROVED)
    numbers = (getattr(approved, word) for word in _APPROVED)
    tx.run(f"UPDATE area SET plan = ?, {columns} WHERE event = ? AND id = ?", (plan, *numbers, id, area))
    renew_version(tx, id)


def add_hold(tx: Transaction, id: int, hold: Hold, position: int) -> None:
    _add(tx, "hold", id, [hold], position)
    renew_version(tx, id)


def set_hold_released(tx: Transaction, id: int, hold: str, released: bool) -> None:
    tx.run("UPDATE hold SET released = ? WHERE event = ? AND id = ?", (int(released), id, hold))
    renew_version(tx, id)


def load_layout(tx: Transaction, id: int) -> Layout | None:
    """The venue as stored; None while the event has none yet."""
    areas = _load(tx, "area", id, Area)
    if not areas:
        return None
    return Layout(
        load_event(tx, id),
        _load(tx, "attendee_group", id, Group),
        areas,
        _load(tx, "door", id, Door),
        _load(tx, "hold", id, Hold),
        _load(tx, "plan", id, Plan),
        _load(tx, "item", id, Item),
    )


class EarlierLayout(Struct, frozen=True):
    """The venue as it was before the last change, as a layout file; who changed it, and when."""

    at: int
    by: str
    content: str


def keep_earlier_layout(tx: Transaction, id: int, earlier: EarlierLayout) -> None:
    tx.run(
        "INSERT INTO earlier_layout (event, at, by, content) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (event) DO UPDATE SET at = excluded.at, by = excluded.by, content = excluded.content",
        (id, earlier.at, earlier.by, earlier.content),
    )


def load_earlier_layout(tx: Transaction, id: int) -> EarlierLayout | None:
    row = tx.row("SELECT at, by, content FROM earlier_layout WHERE event = ?", (id,))
    return None if row is None else EarlierLayout(*row)


def load_event(tx: Transaction, id: int) -> Event:
    row = tx.row(f"SELECT slug, date, {', '.join(_SETTINGS)} FROM event WHERE id = ?", (id,))
    assert row is not None
    settings = dict(zip(_SETTINGS, row[2:], strict=True))
    return Event(slug=row[0], date=dt.date.fromisoformat(row[1]), **settings)


def _settings(event: Event) -> tuple[object, ...]:
    return tuple(getattr(event, setting) for setting in _SETTINGS)


def _add(tx: Transaction, table: str, event: int, nouns: Any, first: int = 0) -> None:
    """Each noun as a row; its fields are the columns."""
    rows = [(event, first + place, *map(_stored, msgspec.structs.astuple(noun))) for place, noun in enumerate(nouns)]
    if rows:
        columns = _columns(type(next(iter(nouns))))
        tx.run_many(f"INSERT INTO {table} (event, position, {columns}) VALUES ({_marks(len(rows[0]))})", rows)


def _load(tx: Transaction, table: str, event: int, noun: Any) -> list[Any]:
    rows = tx.rows(f"SELECT {_columns(noun)} FROM {table} WHERE event = ? ORDER BY position", (event,))
    fields = noun.__struct_fields__
    return [
        msgspec.convert(
            {field: json.loads(value) if field in _LISTS else value for field, value in zip(fields, row, strict=True)},
            noun,
            strict=False,
        )
        for row in rows
    ]


_LISTS = {"groups", "early"}


def _columns(noun: Any) -> str:
    return ", ".join(f'"{field}"' for field in noun.__struct_fields__)


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _stored(value: Any) -> Any:
    match value:
        case dt.time():
            return value.isoformat()
        case tuple():
            return json.dumps(value)
        case bool():
            return int(value)
        case _:
            return value
