"""The facts: appended, looked up by the client's id, read on from a seq, counted for overviews."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from checkin.core.facts import Assumed, Changed, Corrected, Evacuated, Fact, Scanned, Undone
from checkin.store.engine import Transaction, json_list

PAGE_FACTS_MAX = 1_000

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
    rows = tx.rows(
        "SELECT fact.id, fact.seq, fact.body, fact.content FROM json_each(?) AS sent"
        " CROSS JOIN fact ON fact.event = ? AND fact.id = sent.value",
        (json_list(ids), event),
    )
    return {row[0]: Kept(row[1], _decoder.decode(row[2]), row[3]) for row in rows}


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


def evacuations(tx: Transaction, event: int) -> list[Evacuated]:
    """Every beginning and end of an evacuation or drill, in order."""
    rows = tx.rows(
        "SELECT body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'evacuation' ORDER BY seq", (event,)
    )
    return [fact for (body,) in rows if isinstance(fact := _decoder.decode(body), Evacuated)]


def last_headcounts(tx: Transaction, event: int) -> dict[str, Corrected]:
    """area → its last headcount that was not taken back."""
    rows = tx.rows(
        "SELECT body FROM fact WHERE event = ? AND kind <> 'scan' AND kind = 'correction' ORDER BY seq", (event,)
    )
    kept = [fact for row in rows if isinstance(fact := _decoder.decode(row[0]), Corrected)]
    undone = {fact.undoes for fact in kept}
    return {fact.area: fact for fact in kept if fact.headcount is not None and fact.id not in undone}


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


def refusals_by_reason(tx: Transaction, event: int) -> list[tuple[str, int]]:
    """(reason, how often), the most frequent first."""
    return [
        (reason, count)
        for reason, count in tx.rows(
            "SELECT reason, count(*) FROM fact WHERE event = ? AND reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1",
            (event,),
        )
    ]


def scans_by_door(tx: Transaction, event: int) -> dict[str, tuple[int, int]]:
    """door → (scans, when the last came)."""
    rows = tx.rows("SELECT door, count(*), max(at) FROM fact WHERE event = ? AND kind = 'scan' GROUP BY door", (event,))
    return {door: (count, last) for door, count, last in rows}


def _row(event: int, kept: Kept) -> tuple[object, ...]:
    body = _encoder.encode(kept.fact)
    place: tuple[object, ...]
    match kept.fact:
        case Scanned() as scan:
            decision = scan.decision
            reason = decision.refusal.reason if decision.refusal else None
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
            place = (None, None, left.at, None, left.area, left.attendee, "exit", None)
            return (event, kept.seq, "assumed", *place, body)
        case Undone() as undone:
            place = (None, None, undone.at, None, undone.leaves, undone.attendee, "undo", None)
            return (event, kept.seq, "undo", *place, body)
        case Evacuated() as evacuated:
            return (event, kept.seq, "evacuation", None, None, evacuated.at, None, None, None, None, None, body)
        case Changed() as change:
            return (event, kept.seq, "change", None, None, change.at, None, None, None, None, None, body)
