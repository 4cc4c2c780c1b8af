"""Events, their venue and their sequence number."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.model import Area, Door, Event, Group, Hold
from checkin.store.engine import Transaction


class EventRow(Struct, frozen=True, kw_only=True):
    """What of an event changes while it goes on, and the key that signs its codes."""

    id: int
    seq: int
    layout_version: int
    evacuation: bool
    key: bytes


def add_event(tx: Transaction, event: Event, key: bytes) -> int:
    row = tx.row(
        "INSERT INTO event (slug, name, date, timezone, arrival, key) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (event.slug, event.name, event.date.isoformat(), event.timezone, event.arrival, key),
    )
    assert row is not None
    return int(row[0])


def change_event(tx: Transaction, id: int, event: Event) -> None:
    tx.run(
        "UPDATE event SET name = ?, date = ?, timezone = ?, arrival = ? WHERE id = ?",
        (event.name, event.date.isoformat(), event.timezone, event.arrival, id),
    )


def event_ids(tx: Transaction) -> dict[str, int]:
    """slug → id, in the order of their dates."""
    return dict(tx.rows("SELECT slug, id FROM event ORDER BY date, slug"))


def load_event_row(tx: Transaction, id: int) -> EventRow:
    row = tx.row("SELECT seq, layout_version, evacuation, key FROM event WHERE id = ?", (id,))
    assert row is not None, "an event is never deleted while its id is known"
    return EventRow(id=id, seq=row[0], layout_version=row[1], evacuation=bool(row[2]), key=row[3])


def set_seq(tx: Transaction, id: int, seq: int) -> None:
    tx.run("UPDATE event SET seq = ? WHERE id = ?", (seq, id))


def set_evacuation(tx: Transaction, id: int, evacuation: bool) -> None:
    tx.run("UPDATE event SET evacuation = ? WHERE id = ?", (evacuation, id))


def next_desk_numbers(tx: Transaction, id: int, count: int) -> range:
    """`count` desk numbers that no badge of the event had before."""
    row = tx.row("UPDATE event SET desk_number = desk_number + ? WHERE id = ? RETURNING desk_number", (count, id))
    assert row is not None
    return range(row[0] - count + 1, row[0] + 1)


def save_layout(tx: Transaction, id: int, layout: Layout) -> None:
    """Put this venue in the place of the one that was stored."""
    change_event(tx, id, layout.event)
    tx.run("UPDATE event SET layout_version = layout_version + 1 WHERE id = ?", (id,))
    for table in ("attendee_group", "area", "door", "hold"):
        tx.run(f"DELETE FROM {table} WHERE event = ?", (id,))
    tx.run_many(
        "INSERT INTO attendee_group (event, id, position, name, counts_as) VALUES (?, ?, ?, ?, ?)",
        [(id, group.id, place, group.name, group.counts_as) for place, group in enumerate(layout.groups.values())],
    )
    tx.run_many(
        "INSERT INTO area (event, id, position, name, parent, visitors, persons, overflow_of)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (id, area.id, place, area.name, area.parent, area.visitors, area.persons, area.overflow_of)
            for place, area in enumerate(layout.areas.values())
        ],
    )
    tx.run_many(
        "INSERT INTO door (event, id, position, name, area, direction, opens, closes, groups, reentry)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                id,
                door.id,
                place,
                door.name,
                door.area,
                door.direction,
                _time_text(door.opens),
                _time_text(door.closes),
                json.dumps(door.groups),
                door.reentry,
            )
            for place, door in enumerate(layout.doors.values())
        ],
    )
    tx.run_many(
        'INSERT INTO hold (event, position, area, "group", seats, until) VALUES (?, ?, ?, ?, ?, ?)',
        [
            (id, place, hold.area, hold.group, hold.seats, _time_text(hold.until))
            for place, hold in enumerate(layout.holds)
        ],
    )


def load_layout(tx: Transaction, id: int) -> Layout | None:
    """The venue as stored; None while the event has none yet."""
    areas = [
        Area(id=row[0], name=row[1], parent=row[2], visitors=row[3], persons=row[4], overflow_of=row[5])
        for row in tx.rows(
            "SELECT id, name, parent, visitors, persons, overflow_of FROM area WHERE event = ? ORDER BY position", (id,)
        )
    ]
    if not areas:
        return None
    groups = [
        Group(id=row[0], name=row[1], counts_as=row[2])
        for row in tx.rows("SELECT id, name, counts_as FROM attendee_group WHERE event = ? ORDER BY position", (id,))
    ]
    doors = [
        Door(
            id=row[0],
            name=row[1],
            area=row[2],
            direction=row[3],
            opens=_time(row[4]),
            closes=_time(row[5]),
            groups=tuple(json.loads(row[6])),
            reentry=row[7],
        )
        for row in tx.rows(
            "SELECT id, name, area, direction, opens, closes, groups, reentry FROM door WHERE event = ?"
            " ORDER BY position",
            (id,),
        )
    ]
    holds = [
        Hold(area=row[0], group=row[1], seats=row[2], until=_time(row[3]))
        for row in tx.rows('SELECT area, "group", seats, until FROM hold WHERE event = ? ORDER BY position', (id,))
    ]
    return Layout(load_event(tx, id), groups, areas, doors, holds)


def load_event(tx: Transaction, id: int) -> Event:
    row = tx.row("SELECT slug, name, date, timezone, arrival FROM event WHERE id = ?", (id,))
    assert row is not None
    return Event(slug=row[0], name=row[1], date=dt.date.fromisoformat(row[2]), timezone=row[3], arrival=row[4])


def _time_text(time: dt.time | None) -> str | None:
    return None if time is None else time.isoformat()


def _time(text: Any) -> dt.time | None:
    return None if text is None else dt.time.fromisoformat(text)
