"""Attendees: the only table with personal data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec import Struct

from checkin.core.admission import Bearer, Given
from checkin.core.holds import Claimant
from checkin.core.model import Attendee
from checkin.core.names import name_key
from checkin.core.occupancy import Presence
from checkin.store.engine import Row, Transaction, json_list
from checkin.store.presences import presence_of

FIELDS = tuple(field.name for field in msgspec.structs.fields(Attendee))
_COLUMNS = ", ".join(f'"{field}"' if field == "group" else field for field in FIELDS)
_TRUTHS = {"wheelchair", "listed", "photo"}
CANDIDATES_MAX = 3_000
_WHOLE_NAME = "="  # before the whole name as one word: no search begins with it
LAST_CHARACTER = "\U0010ffff"
_strings = msgspec.json.Decoder(tuple[str, ...])
_items = msgspec.json.Decoder(dict[str, Given])


class Standing(Struct, frozen=True, kw_only=True):
    """What an event has decided about one attendee, beside what the list says."""

    blocked: bool = False
    accredited: bool = False
    companion_of: str | None = None
    represented_by: str | None = None


class Known(Struct, frozen=True):
    """Whom a code leads to: what the rules need of the bearer, and what the door shows."""

    bearer: Bearer
    name: str
    organisation: str


_KNOWN = (
    'a.id, a."group", a.registration, a.title, a.given_name, a.family_name, a.organisation,'
    " a.wheelchair, a.companion_of IS NOT NULL, a.blocked, a.accredited, a.represented_by IS NOT NULL,"
    " p.area, p.counts_as, p.since_at, p.door, p.arrived_at,"
    " proxy.area, proxy.counts_as, proxy.since_at, proxy.door, proxy.arrived_at,"
    " (SELECT json_group_array(session) FROM booking WHERE booking.attendee = a.id),"
    " (SELECT json_group_object(item, json_object('at', at, 'door', door)) FROM handout WHERE attendee = a.id)"
)
_KNOWN_FROM = (
    " LEFT JOIN presence AS p ON p.attendee = a.id LEFT JOIN presence AS proxy ON proxy.attendee = a.represented_by"
)


def bearers_by_code(tx: Transaction, event: int, codes: Iterable[str]) -> dict[str, Known]:
    """code → whom it leads to, with badge state and presence; unknown codes are left out."""
    return ask_bearers_by_code(tx, event, codes)()


def ask_bearers_by_code(tx: Transaction, event: int, codes: Iterable[str]) -> Callable[[], dict[str, Known]]:
    """As `bearers_by_code`, for later."""
    asked = tx.ask_together(
        f"SELECT {_KNOWN}, badge.state, badge.replaced_at, badge.replaced_at_desk, code.text"
        " FROM json_each(?) AS wanted"
        " CROSS JOIN code ON code.event = ? AND code.text = wanted.value"
        " JOIN attendee AS a ON a.id = code.attendee"
        f" LEFT JOIN badge ON badge.id = code.badge{_KNOWN_FROM}",
        (json_list(codes), event),
    )
    return lambda: {row[-1]: _known(row) for row in asked()}


def all_codes(tx: Transaction, event: int) -> list[str]:
    """Every code that leads to somebody."""
    return [text for (text,) in tx.rows("SELECT text FROM code WHERE event = ? ORDER BY text", (event,))]


def bearers_by_booking_number(tx: Transaction, event: int, numbers: Iterable[str]) -> dict[str, list[Known]]:
    """booking number in capitals → those registered under it, in the order of their names."""
    return ask_bearers_by_booking_number(tx, event, numbers)()


def ask_bearers_by_booking_number(
    tx: Transaction, event: int, numbers: Iterable[str]
) -> Callable[[], dict[str, list[Known]]]:
    """As `bearers_by_booking_number`, for later."""
    asked = tx.ask_together(
        f"SELECT {_KNOWN}, NULL, NULL, NULL, wanted.value FROM json_each(?) AS wanted"
        " CROSS JOIN attendee AS a ON a.event = ? AND upper(a.booking_number) = wanted.value"
        f" AND a.booking_number <> ''{_KNOWN_FROM} ORDER BY a.family_name, a.given_name, a.id",
        (json_list(numbers), event),
    )

    def taken() -> dict[str, list[Known]]:
        found: dict[str, list[Known]] = {}
        for row in asked():
            found.setdefault(row[-1], []).append(_known(row))
        return found

    return taken


def bearers_by_id(tx: Transaction, event: int, ids: Iterable[str]) -> dict[str, Known]:
    """attendee → as a code would lead to them; unknown ids are left out."""
    rows = tx.rows(
        f"SELECT {_KNOWN}, NULL, NULL, NULL FROM json_each(?) AS wanted"
        f" CROSS JOIN attendee AS a ON a.id = wanted.value AND a.event = ?{_KNOWN_FROM}",
        (json_list(ids), event),
    )
    return {row[0]: _known(row) for row in rows}


def claimants(tx: Transaction, event: int) -> dict[str, Claimant]:
    """attendee → what decides the places kept for them, of everybody who was ever here."""
    rows = tx.rows(
        'SELECT a.id, a."group", a.wheelchair, a.companion_of IS NOT NULL,'
        " (SELECT json_group_array(session) FROM booking WHERE booking.attendee = a.id)"
        " FROM presence AS p JOIN attendee AS a ON a.id = p.attendee WHERE p.event = ?",
        (event,),
    )
    return {
        row[0]: Claimant(
            group=row[1], wheelchair=bool(row[2]), companion=bool(row[3]), bookings=_strings.decode(row[4])
        )
        for row in rows
    }


def standings(tx: Transaction, event: int, ids: Iterable[str]) -> dict[str, Standing]:
    rows = tx.rows(
        "SELECT a.id, a.blocked, a.accredited, a.companion_of, a.represented_by FROM json_each(?) AS wanted"
        " CROSS JOIN attendee AS a ON a.id = wanted.value AND a.event = ?",
        (json_list(ids), event),
    )
    return {
        row[0]: Standing(blocked=bool(row[1]), accredited=bool(row[2]), companion_of=row[3], represented_by=row[4])
        for row in rows
    }


def set_standing(tx: Transaction, event: int, id: str, standing: Standing) -> None:
    tx.run(
        "UPDATE attendee SET blocked = ?, accredited = ?, companion_of = ?, represented_by = ?"
        " WHERE event = ? AND id = ?",
        (
            int(standing.blocked),
            int(standing.accredited),
            standing.companion_of,
            standing.represented_by,
            event,
            id,
        ),
    )


def names_by_id(tx: Transaction, event: int, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """attendee → (name, group)."""
    rows = tx.rows(
        'SELECT a.id, a.title, a.given_name, a.family_name, a."group" FROM json_each(?) AS wanted'
        " CROSS JOIN attendee AS a ON a.id = wanted.value AND a.event = ?",
        (json_list(ids), event),
    )
    return {row[0]: (_name(*row[1:4]), row[4]) for row in rows}


def add_attendees(tx: Transaction, event: int, attendees: Sequence[tuple[Attendee, str]]) -> None:
    """Add each with the words to find it by."""
    marks = ", ".join("?" * (len(FIELDS) + 2))
    tx.run_many(
        f"INSERT INTO attendee ({_COLUMNS}, event, search) VALUES ({marks})",
        [(*_values(attendee), event, search) for attendee, search in attendees],
    )
    _add_words(tx, event, attendees)


def change_attendees(tx: Transaction, event: int, attendees: Sequence[tuple[Attendee, str]]) -> None:
    """Put each in the place of the one with its id."""
    columns = ", ".join(f'"{field}" = ?' for field in FIELDS[1:])
    tx.run_many(
        f"UPDATE attendee SET {columns}, search = ? WHERE id = ? AND event = ?",
        [(*_values(attendee)[1:], search, attendee.id, event) for attendee, search in attendees],
    )
    tx.run_many("DELETE FROM attendee_word WHERE attendee = ?", [(attendee.id,) for attendee, _ in attendees])
    _add_words(tx, event, attendees)


def cancel_registration(tx: Transaction, event: int, id: str) -> None:
    tx.run("UPDATE attendee SET registration = 'cancelled' WHERE event = ? AND id = ?", (event, id))


def _add_words(tx: Transaction, event: int, attendees: Sequence[tuple[Attendee, str]]) -> None:
    tx.run_many(
        "INSERT INTO attendee_word (event, word, attendee) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (event, word, attendee.id)
            for attendee, search in attendees
            for word in (*search.split(), _WHOLE_NAME + name_key(attendee.given_name, attendee.family_name))
        ],
    )


def load_attendees(tx: Transaction, event: int, group: str | None = None) -> list[Attendee]:
    rows = tx.rows(
        f'SELECT {_COLUMNS} FROM attendee WHERE event = ? AND (CAST(? AS TEXT) IS NULL OR "group" = ?)'
        " ORDER BY family_name, given_name, id",
        (event, group, group),
    )
    return [_attendee(row) for row in rows]


def load_attendee(tx: Transaction, event: int, id: str) -> Attendee | None:
    row = tx.row(f"SELECT {_COLUMNS} FROM attendee WHERE event = ? AND id = ?", (event, id))
    return None if row is None else _attendee(row)


def find_attendees(
    tx: Transaction, event: int, words: Sequence[str], limit: int, hidden: Iterable[str] = ()
) -> list[Attendee]:
    """Those who have, for every one of `words` (folded alike), a search word that begins with it; at most
    `limit`, but for the groups `hidden`. Where more than `CANDIDATES_MAX` fit, as with one letter, it is
    some of them."""
    first, *others = sorted(words, key=lambda word: _bearers(tx, event, word)) if words else [""]
    also = (
        " AND EXISTS (SELECT 1 FROM attendee_word AS other"
        " WHERE other.attendee = one.attendee AND other.word >= ? AND other.word < ?)"
    )
    candidates = "SELECT DISTINCT attendee FROM attendee_word AS one WHERE event = ? AND word >= ? AND word < ?"
    candidates += also * len(others)
    ranges = [bound for word in (first, *others) for bound in (word, word + LAST_CHARACTER)]
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM attendee WHERE id IN ({candidates} LIMIT ?)"
        ' AND "group" NOT IN (SELECT value FROM json_each(?)) ORDER BY family_name, given_name, id LIMIT ?',
        (event, *ranges, CANDIDATES_MAX, json_list(hidden), limit),
    )
    return [_attendee(row) for row in rows]


def _bearers(tx: Transaction, event: int, word: str) -> int:
    """How many have a search word that begins so, counted no further than to `CANDIDATES_MAX`: what all of a search
    must fit is looked for among those who fit its rarest word."""
    row = tx.row(
        "SELECT count(*) FROM (SELECT 1 FROM attendee_word WHERE event = ? AND word >= ? AND word < ? LIMIT ?) AS few",
        (event, word, word + LAST_CHARACTER, CANDIDATES_MAX),
    )
    assert row is not None
    return int(row[0])


def attendees_by_id(tx: Transaction, event: int, ids: Iterable[str]) -> list[Attendee]:
    """These attendees, in the order of names."""
    columns = ", ".join(f'a."{field}"' for field in FIELDS)
    rows = tx.rows(
        f"SELECT {columns} FROM json_each(?) AS wanted CROSS JOIN attendee AS a ON a.id = wanted.value AND a.event = ?"
        " ORDER BY a.family_name, a.given_name, a.id",
        (json_list(ids), event),
    )
    return [_attendee(row) for row in rows]


def namesakes(tx: Transaction, event: int, people: Iterable[Attendee]) -> dict[str, list[Attendee]]:
    """name key → all who have that name, of those whose names these people have."""
    columns = ", ".join(f'a."{field}"' for field in FIELDS)
    rows = tx.rows(
        f"SELECT wanted.value, {columns} FROM json_each(?) AS wanted"
        " CROSS JOIN attendee_word AS w ON w.event = ? AND w.word = wanted.value"
        " JOIN attendee AS a ON a.id = w.attendee",
        (json_list({_WHOLE_NAME + name_key(one.given_name, one.family_name) for one in people}), event),
    )
    found: dict[str, list[Attendee]] = {}
    for row in rows:
        found.setdefault(row[0].removeprefix(_WHOLE_NAME), []).append(_attendee(row[1:]))
    return found


def attendee_by_desk_number(tx: Transaction, event: int, number: int) -> Attendee | None:
    columns = ", ".join(f'a."{field}"' for field in FIELDS)
    row = tx.row(
        f"SELECT {columns} FROM badge JOIN attendee AS a ON a.id = badge.attendee"
        " WHERE badge.event = ? AND badge.desk_number = ?",
        (event, number),
    )
    return None if row is None else _attendee(row)


def represented(tx: Transaction, event: int, proxies: Iterable[str]) -> dict[str, str]:
    """proxy → in whose place they come."""
    return dict(
        tx.rows(
            "SELECT a.represented_by, a.id FROM json_each(?) AS wanted"
            " CROSS JOIN attendee AS a ON a.represented_by = wanted.value AND a.event = ?",
            (json_list(proxies), event),
        )
    )


def attendees_of_groups(tx: Transaction, event: int, groups: Iterable[str], limit: int) -> list[Attendee]:
    """Those of these groups who are registered, at most `limit`."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} FROM attendee WHERE event = ? AND registration = 'registered'"
        ' AND "group" IN (SELECT value FROM json_each(?)) ORDER BY family_name, given_name, id LIMIT ?',
        (event, json_list(groups), limit),
    )
    return [_attendee(row) for row in rows]


def needing_help(tx: Transaction, event: int) -> list[tuple[Attendee, Presence]]:
    """Those inside who use a wheelchair or have told of another need, and where they are."""
    columns = ", ".join(f'a."{field}"' for field in FIELDS)
    rows = tx.rows(
        f"SELECT p.area, p.counts_as, p.since_at, p.door, p.arrived_at, {columns}"
        " FROM presence AS p JOIN attendee AS a ON a.id = p.attendee"
        " WHERE p.event = ? AND p.area IS NOT NULL AND (a.wheelchair <> 0 OR a.needs <> '')"
        " ORDER BY p.area, a.family_name, a.given_name, a.id",
        (event,),
    )
    return [(_attendee(row[5:]), presence_of(row[:5])) for row in rows]


def registered_by_group(tx: Transaction, event: int, besides: Iterable[str] = ()) -> dict[str, int]:
    """group → how many are registered, `besides` those."""
    return dict(
        tx.rows(
            "SELECT \"group\", count(*) FROM attendee WHERE event = ? AND registration = 'registered'"
            " AND id NOT IN (SELECT value FROM json_each(?)) GROUP BY 1",
            (event, json_list(besides)),
        )
    )


def groups_in_use(tx: Transaction, event: int) -> set[str]:
    return {row[0] for row in tx.rows('SELECT DISTINCT "group" FROM attendee WHERE event = ?', (event,))}


def _values(attendee: Attendee) -> tuple[object, ...]:
    return tuple(
        int(value) if field in _TRUTHS else value
        for field, value in zip(FIELDS, msgspec.structs.astuple(attendee), strict=True)
    )


def _attendee(row: Row) -> Attendee:
    values = dict(zip(FIELDS, row, strict=True))
    for field in _TRUTHS:
        values[field] = bool(values[field])
    return Attendee(**values)


def _known(row: Row) -> Known:
    return Known(
        Bearer(
            attendee=row[0],
            group=row[1],
            registration=row[2],
            wheelchair=bool(row[7]),
            companion=bool(row[8]),
            blocked=bool(row[9]),
            accredited=bool(row[10]),
            represented=bool(row[11]),
            presence=presence_of(row[12:17]) if row[14] is not None else None,
            proxy=presence_of(row[17:22]) if row[19] is not None else None,
            bookings=_strings.decode(row[22]) if row[22] != "[]" else (),
            items=_items.decode(row[23]) if row[23] != "{}" else {},
            badge=row[24],
            replaced_at=row[25],
            replaced_at_desk=row[26] or None,
        ),
        _name(row[3], row[4], row[5]),
        row[6],
    )


def _name(title: str, given_name: str, family_name: str) -> str:
    return " ".join(filter(None, (title, given_name, family_name)))
