"""The facts: appended, looked up by the client's id, read on from a seq, counted for overviews."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set

import msgspec
from msgspec import Struct

from checkin.core.facts import Assumed, Changed, Corrected, Erased, Evacuated, Fact, Scanned, Undone
from checkin.store.engine import Transaction, json_list

PAGE_FACTS_MAX = 1_000
# “seq > 0” below is true of every fact: without it SQLite walks through all of them, not through `fact_beside_scans`.

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Fact)


class Kept(Struct, frozen=True):
    """A fact with its seq, and the digest of what the client sent under its id."""

    seq: int
    fact: Fact
    content: bytes | None = None


def add_facts(tx: Transaction, event: int, kept: Sequence[Kept]) -> None:
    """Append facts; their seqs must follow the event's last without a gap."""
    tx.run_many(
        "INSERT INTO fact (event, seq, kind, id, content, at, door, area, attendee, passage, reason, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_row(event, one) for one in kept],
    )


def facts_by_id(tx: Transaction, event: int, ids: Iterable[str]) -> dict[str, Kept]:
    """The facts that clients have sent under these ids already."""
    return ask_facts_by_id(tx, event, ids)()


def ask_facts_by_id(tx: Transaction, event: int, ids: Iterable[str]) -> Callable[[], dict[str, Kept]]:
    """As `facts_by_id`, for later."""
    asked = tx.ask(
        "SELECT fact.id, fact.seq, fact.body, fact.content FROM json_each(?) AS sent"
        " CROSS JOIN fact ON fact.id = sent.value WHERE fact.event = ?",
        (json_list(ids), event),
    )
    return lambda: {row[0]: Kept(row[1], _decoder.decode(row[2]), row[3]) for row in asked()}


def facts_since(tx: Transaction, event: int, seq: int, limit: int) -> list[Kept]:
    """At most `limit` facts after `seq`, in order."""
    rows = tx.rows(
        "SELECT seq, body FROM fact WHERE event = ? AND seq > ? ORDER BY seq LIMIT ?",
        (event, seq, min(limit, PAGE_FACTS_MAX)),
    )
    return [Kept(row[0], _decoder.decode(row[1])) for row in rows]


def all_facts(tx: Transaction, event: int) -> Iterator[Kept]:
    """Every fact of an event in order, a page at a time."""
    seq = 0
    while page := facts_since(tx, event, seq, PAGE_FACTS_MAX):
        yield from page
        seq = page[-1].seq


def facts_of(tx: Transaction, event: int, attendee: str) -> list[Kept]:
    """Every fact about one attendee, in order: what they did, and what was done to them by name."""
    rows = tx.rows(
        "SELECT seq, body FROM fact WHERE event = ? AND attendee = ? ORDER BY seq",
        (event, attendee),
    )
    found = [Kept(row[0], _decoder.decode(row[1])) for row in rows]
    return sorted([*found, *changes_about(tx, event, {attendee})], key=lambda kept: kept.seq)


def changes_about(tx: Transaction, event: int, ids: Set[str]) -> list[Kept]:
    """Every change that names one of these ids, in order."""
    rows = tx.rows(
        "SELECT seq, body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'change' AND seq > 0 ORDER BY seq",
        (event,),
    )
    found = (Kept(row[0], _decoder.decode(row[1])) for row in rows)
    return [one for one in found if isinstance(one.fact, Changed) and not ids.isdisjoint(one.fact.ids)]


def forget_in(tx: Transaction, event: int, seq: int, fact: Fact) -> None:
    """Put in the place of a fact what is left of it when personal data are deleted."""
    tx.run(
        "UPDATE fact SET body = ?, attendee = NULL, content = NULL WHERE event = ? AND seq = ?",
        (_encoder.encode(fact), event, seq),
    )


def erasures(tx: Transaction, event: int) -> list[Kept]:
    """Every deletion of personal data, in order."""
    rows = tx.rows(
        "SELECT seq, body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'erasure' AND seq > 0 ORDER BY seq",
        (event,),
    )
    return [Kept(row[0], _decoder.decode(row[1])) for row in rows]


def evacuations(tx: Transaction, event: int) -> list[Evacuated]:
    """Every beginning and end of an evacuation or drill, in order."""
    rows = tx.rows(
        "SELECT body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'evacuation' AND seq > 0 ORDER BY seq",
        (event,),
    )
    return [fact for (body,) in rows if isinstance(fact := _decoder.decode(body), Evacuated)]


def changes_since(tx: Transaction, event: int, at: int) -> list[tuple[int, Changed]]:
    """The newest changes, of those since then, with their seqs, newest first."""
    rows = tx.rows(
        "SELECT seq, body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'change' AND at >= ?"
        " ORDER BY seq DESC LIMIT ?",
        (event, at, PAGE_FACTS_MAX),
    )
    return [(seq, fact) for seq, body in rows if isinstance(fact := _decoder.decode(body), Changed)]


def newest_changes(tx: Transaction, event: int, limit: int) -> list[Changed]:
    """At most `limit` changes, newest first."""
    rows = tx.rows(
        "SELECT body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'change' ORDER BY seq DESC LIMIT ?",
        (event, limit),
    )
    return [fact for (body,) in rows if isinstance(fact := _decoder.decode(body), Changed)]


def changes_of(tx: Transaction, event: int, noun: str) -> list[Changed]:
    """Every change of a noun, in order."""
    rows = tx.rows(
        "SELECT body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'change' AND seq > 0 ORDER BY seq",
        (event,),
    )
    decoded = (_decoder.decode(body) for (body,) in rows)
    return [fact for fact in decoded if isinstance(fact, Changed) and fact.noun == noun]


def last_headcounts(tx: Transaction, event: int) -> dict[str, Corrected]:
    """area → its last headcount that was not taken back."""
    rows = tx.rows(
        "SELECT body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'correction' AND seq > 0 ORDER BY seq",
        (event,),
    )
    kept = [fact for row in rows if isinstance(fact := _decoder.decode(row[0]), Corrected)]
    undone = {fact.undoes for fact in kept}
    return {fact.area: fact for fact in kept if fact.headcount is not None and fact.id not in undone}


def last_change(tx: Transaction, event: int) -> int:
    """The seq of the last change to anything but where people are; 0: none."""
    # One after the other: each looks at one entry of the index, both together at all.
    row = tx.row(
        "SELECT max(seq) FROM ("
        "SELECT max(seq) AS seq FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'change' UNION ALL"
        " SELECT max(seq) AS seq FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'erasure') AS last",
        (event, event),
    )
    return int(row[0] or 0) if row else 0


def any_scan(tx: Transaction, event: int) -> bool:
    """Whether anything was ever scanned."""
    return tx.row("SELECT 1 FROM fact WHERE event = ? AND kind = 'scan' LIMIT 1", (event,)) is not None


def last_scans(tx: Transaction, event: int, count: int) -> list[Kept]:
    """The newest scans, newest first."""
    rows = tx.rows(
        "SELECT seq, body FROM fact WHERE event = ? AND kind = 'scan' ORDER BY seq DESC LIMIT ?", (event, count)
    )
    return [Kept(row[0], _decoder.decode(row[1])) for row in rows]


def last_passage(tx: Transaction, event: int, attendee: str, before_seq: int) -> Fact | None:
    """The fact by which an attendee moved last, of those before `before_seq`."""
    row = tx.row(
        "SELECT body FROM fact WHERE event = ? AND seq < ? AND attendee = ? AND passage IS NOT NULL"
        " ORDER BY seq DESC LIMIT 1",
        (event, before_seq, attendee),
    )
    return None if row is None else _decoder.decode(row[0])


class DoorScans(Struct):
    """What came of the scans at one door. `arrivals`: first arrivals in the house; `last_at`: when the last
    scan came; `refusals`: as it is listed (`Refusal.listed`) → how often."""

    scans: int = 0
    arrivals: int = 0
    last_at: int = 0
    refusals: dict[str, int] = msgspec.field(default_factory=dict)


def scans_by_door(tx: Transaction, event: int) -> dict[str, DoorScans]:
    """door → what its scans add up to."""
    doors: dict[str, DoorScans] = {}
    for door, passage, reason, count, last in tx.rows(
        "SELECT door, passage, reason, count(*), max(at) FROM fact WHERE event = ? AND kind = 'scan' GROUP BY 1, 2, 3",
        (event,),
    ):
        one = doors.setdefault(door, DoorScans())
        one.scans += count
        one.last_at = max(one.last_at, last)
        if passage == "arrival":
            one.arrivals += count
        if reason is not None:
            one.refusals[reason] = count
    return doors


def _row(event: int, kept: Kept) -> tuple[object, ...]:
    body = _encoder.encode(kept.fact)
    place: tuple[object, ...]
    match kept.fact:
        case Scanned() as scan:
            decision = scan.decision
            reason = decision.refusal.listed if decision.refusal else None
            place = (
                scan.id,
                kept.content,
                scan.received_at,
                scan.door,
                scan.area,
                decision.attendee,
                decision.kind,
                reason,
            )
            return (event, kept.seq, "scan", *place, body)
        case Corrected() as correction:
            place = (correction.id, kept.content, correction.at, None, correction.area, None, None, None)
            return (event, kept.seq, "correction", *place, body)
        case Assumed() as left:
            place = (None, None, left.at, None, left.area, left.attendee or None, "exit", None)
            return (event, kept.seq, "assumed", *place, body)
        case Undone() as undone:
            place = (None, None, undone.at, None, undone.leaves, undone.attendee or None, "undo", None)
            return (event, kept.seq, "undo", *place, body)
        case Evacuated() as evacuated:
            return (event, kept.seq, "evacuation", None, None, evacuated.at, None, None, None, None, None, body)
        case Erased() as erased:
            return (event, kept.seq, "erasure", None, None, erased.at, None, None, None, None, None, body)
        case Changed() as change:
            return (event, kept.seq, "change", None, None, change.at, None, None, None, None, None, body)
