"""What lists ask for, a page at a time: so that nobody waits for a long one."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from checkin.core.facts import Changed
from checkin.store.engine import Row, Transaction, json_list
from checkin.store.facts import newest_changes


class Entry(Struct, frozen=True):
    """What decides whether an attendee is in a list, and where. `came`: was ever in the house."""

    id: str
    family_name: str
    given_name: str
    group: str
    registration: str
    listed: bool
    represented: bool
    diet: str
    came: bool


def counts(tx: Transaction, event: int) -> tuple[int, int]:
    """How many attendees and how many facts there are."""
    row = tx.row(
        "SELECT (SELECT count(*) FROM attendee WHERE event = ?), (SELECT seq FROM event WHERE id = ?)", (event, event)
    )
    assert row is not None
    return row[0], row[1]


def entries_after(tx: Transaction, event: int, after: str, limit: int) -> list[Entry]:
    """At most `limit` attendees with ids after `after`, in the order of their ids."""
    rows = tx.rows(
        'SELECT a.id, a.family_name, a.given_name, a."group", a.registration, a.listed,'
        " a.represented_by IS NOT NULL, a.diet, p.attendee IS NOT NULL"
        " FROM attendee AS a LEFT JOIN presence AS p ON p.attendee = a.id"
        " WHERE +a.event = ? AND a.id > ? ORDER BY a.id LIMIT ?",  # by the key, not by the index of an event
        (event, after, limit),
    )
    return [_entry(row) for row in rows]


def desk_numbers(tx: Transaction, ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """attendee → (desk number, generation) of the latest badge."""
    rows = tx.rows(
        "SELECT b.attendee, b.desk_number, b.generation FROM json_each(?) AS wanted"
        " CROSS JOIN badge AS b ON b.attendee = wanted.value ORDER BY b.generation",
        (json_list(ids),),
    )
    return {attendee: (number, generation) for attendee, number, generation in rows}


class Passage(Struct, frozen=True):
    """A scan as a door counts it. `passage` None: refused, for `reason`."""

    seq: int
    door: str
    at: int
    passage: str | None
    reason: str | None


def passages_since(tx: Transaction, event: int, seq: int, limit: int) -> list[Passage]:
    """At most `limit` scans after `seq`, in order."""
    rows = tx.rows(
        "SELECT seq, door, at, passage, reason FROM fact WHERE event = ? AND seq > ? AND kind = 'scan'"
        " ORDER BY seq LIMIT ?",
        (event, seq, limit),
    )
    return [Passage(*row) for row in rows]


def last_exports(tx: Transaction, event: int, looked_back: int) -> dict[str, Changed]:
    """list → its last export, of the newest `looked_back` changes."""
    found: dict[str, Changed] = {}
    for fact in newest_changes(tx, event, looked_back):
        if fact.noun == "export":
            found.setdefault(fact.what, fact)
    return found


def _entry(row: Row) -> Entry:
    id, family_name, given_name, group, registration, listed, represented, diet, came = row
    return Entry(id, family_name, given_name, group, registration, bool(listed), bool(represented), diet, bool(came))
