"""Where people are and how many: presences and tallies, kept in step with the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from checkin.core.occupancy import Certainty, Presence, Tally
from checkin.store.engine import Transaction, json_list

_shares = msgspec.json.Decoder(dict[str, int])


class TallyRow(Struct, frozen=True):
    """A tally with the fact that changed it last, and how far it can be trusted. `set_aside`: places of the
    area that stations have, or that are in doubt; `stations.save_ledger` changes that."""

    tally: Tally
    seq: int
    at: int
    certainty: Certainty
    set_aside: int = 0


def load_tallies(tx: Transaction, event: int) -> dict[str, TallyRow]:
    return ask_tallies(tx, event)()


def ask_tallies(tx: Transaction, event: int) -> Callable[[], dict[str, TallyRow]]:
    """As `load_tallies`, for later."""
    asked = tx.ask_together(
        "SELECT area, visitors, crew, uncounted, shares, seq, at, passages, surprises, counted_at,"
        " set_aside FROM tally WHERE event = ?",
        (event,),
    )
    return lambda: {
        row[0]: TallyRow(
            Tally(row[1], row[2], row[3], _shares.decode(row[4])),
            row[5],
            row[6],
            Certainty(row[7], row[8], row[9]),
            row[10],
        )
        for row in asked()
    }


def save_tallies(tx: Transaction, event: int, tallies: Mapping[str, TallyRow]) -> None:
    tx.run_many(
        "INSERT INTO tally (event, area, visitors, crew, uncounted, shares, seq, at, passages, surprises, counted_at,"
        " set_aside) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (event, area) DO UPDATE SET visitors = excluded.visitors, crew = excluded.crew,"
        " uncounted = excluded.uncounted, shares = excluded.shares, seq = excluded.seq, at = excluded.at,"
        " passages = excluded.passages, surprises = excluded.surprises, counted_at = excluded.counted_at",
        [
            (
                event,
                area,
                row.tally.visitors,
                row.tally.crew,
                row.tally.uncounted,
                msgspec.json.encode(row.tally.shares).decode(),
                row.seq,
                row.at,
                row.certainty.passages,
                row.certainty.surprises,
                row.certainty.at,
                row.set_aside,
            )
            for area, row in tallies.items()
        ],
    )


def drop_tallies(tx: Transaction, event: int) -> None:
    tx.run("DELETE FROM tally WHERE event = ?", (event,))


def save_presences(tx: Transaction, event: int, presences: Mapping[str, Presence]) -> None:
    """attendee → where; replaces what was known of them."""
    tx.run_many(
        "INSERT INTO presence (attendee, event, area, counts_as, since_at, door, arrived_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (attendee) DO UPDATE SET area = excluded.area, counts_as = excluded.counts_as,"
        " since_at = excluded.since_at, door = excluded.door",
        [
            (attendee, event, there.area, there.counts_as, there.since_at, there.door, there.arrived_at)
            for attendee, there in presences.items()
        ],
    )


def load_presences(tx: Transaction, event: int) -> dict[str, Presence]:
    """attendee → where, of everybody who was ever here."""
    rows = tx.rows(
        "SELECT attendee, area, counts_as, since_at, door, arrived_at FROM presence WHERE event = ?", (event,)
    )
    return {row[0]: presence_of(row[1:]) for row in rows}


def presence_of(row: tuple[str | None, str, int, str, int]) -> Presence:
    area, counts_as, since_at, door, arrived_at = row
    return Presence(
        area=area,
        counts_as="crew" if counts_as == "crew" else "visitor",
        since_at=since_at,
        door=door,
        arrived_at=arrived_at,
    )


def leave(tx: Transaction, attendee: str, at: int) -> None:
    """This attendee is outside since `at`, through no door."""
    tx.run("UPDATE presence SET area = NULL, since_at = ?, door = '' WHERE attendee = ?", (at, attendee))


def empty_house(tx: Transaction, event: int, at: int) -> None:
    """Everybody is outside since `at`, through no door."""
    tx.run("UPDATE presence SET area = NULL, since_at = ?, door = '' WHERE event = ? AND area IS NOT NULL", (at, event))


def areas_in_use(tx: Transaction, event: int) -> set[str]:
    """The areas somebody is in now, those among them who have no badge."""
    rows = tx.rows(
        "SELECT area FROM presence WHERE event = ? AND area IS NOT NULL"
        " UNION SELECT area FROM tally WHERE event = ? AND uncounted <> 0",
        (event, event),
    )
    return {row[0] for row in rows}


def presences_of(tx: Transaction, attendees: Iterable[str]) -> dict[str, Presence]:
    """attendee → where, of those of these who were ever here."""
    rows = tx.rows(
        "SELECT p.attendee, p.area, p.counts_as, p.since_at, p.door, p.arrived_at"
        " FROM json_each(?) AS wanted CROSS JOIN presence AS p ON p.attendee = wanted.value",
        (json_list(attendees),),
    )
    return {row[0]: presence_of(row[1:]) for row in rows}


def set_arrived(tx: Transaction, attendee: str, at: int) -> None:
    """This attendee came first at another time than was known."""
    tx.run("UPDATE presence SET arrived_at = ? WHERE attendee = ?", (at, attendee))


def forget_presence(tx: Transaction, attendee: str) -> None:
    """This attendee was never here after all."""
    tx.run("DELETE FROM presence WHERE attendee = ?", (attendee,))


def arrivals_by_minute(tx: Transaction, event: int, *, but_at: int) -> list[tuple[int, int]]:
    """(start of the minute in ms, first arrivals in it), in order, minutes without any left out. `but_at`: the instant
    that stands for times that were deleted."""
    return [
        (minute * 60_000, count)
        for minute, count in tx.rows(
            "SELECT arrived_at / 60000, count(*) FROM presence WHERE event = ? AND arrived_at <> ?"
            " GROUP BY 1 ORDER BY 1",
            (event, but_at),
        )
    ]


def count_arrived(tx: Transaction, event: int) -> int:
    """How many were ever in the house."""
    row = tx.row("SELECT count(*) FROM presence WHERE event = ?", (event,))
    return 0 if row is None else int(row[0])


def earlier_events(tx: Transaction, before: str, count: int) -> list[int]:
    """At most `count` events on a date before this one (ISO) to which anybody came, the last one first."""
    rows = tx.rows(
        "SELECT id FROM event WHERE date < ? AND EXISTS (SELECT 1 FROM attendee"
        " JOIN presence ON presence.attendee = attendee.id WHERE attendee.event = event.id)"
        " ORDER BY date DESC, id LIMIT ?",
        (before, count),
    )
    return [id for (id,) in rows]


def attended(tx: Transaction, event: int, besides: Iterable[str]) -> tuple[int, int]:
    """How many were registered for an event, `besides` those, and how many of them came."""
    row = tx.row(
        "SELECT count(*), count(presence.attendee) FROM attendee LEFT JOIN presence ON presence.attendee = attendee.id"
        " WHERE attendee.event = ? AND registration = 'registered'"
        " AND attendee.id NOT IN (SELECT value FROM json_each(?))",
        (event, json_list(besides)),
    )
    assert row is not None
    return row[0], row[1]


def how_many_came(tx: Transaction, event: int, of: Iterable[str]) -> int:
    """How many of these were ever in the house."""
    row = tx.row(
        "SELECT count(*) FROM presence WHERE event = ? AND attendee IN (SELECT value FROM json_each(?))",
        (event, json_list(of)),
    )
    assert row is not None
    return int(row[0])
