"""Personal data that are deleted, and when. Facts keep their seq, kind, time, place and numbers; who it was and
what somebody wrote goes out of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from checkin.core.catering import Portion
from checkin.core.facts import Scanned, without_person
from checkin.core.model import Attendee
from checkin.core.occupancy import Presence
from checkin.store import facts
from checkin.store.engine import Transaction, json_list
from checkin.store.facts import Kept
from checkin.store.presences import save_presences
from checkin.store.stations import forget_passages

Stage = Literal["needs", "passages", "names"]
STAGES: tuple[Stage, ...] = ("needs", "passages", "names")
"""In the order in which they go."""

_STAYING = ("id", "group", "registration")
_TEXTS = tuple(
    field for field in Attendee.__struct_fields__ if field not in (*_STAYING, "wheelchair", "listed", "photo")
)
_portions = msgspec.json.Decoder(list[Portion])
_NEEDS = ("diet", "needs", "remark")


class ErasureSchedule(Struct, frozen=True, kw_only=True):
    """Days after the event after which each stage goes; `on`: by itself, without anybody's doing."""

    needs_days: int
    passages_days: int
    names_days: int
    on: bool = False
    done_at: Mapping[Stage, int] = {}


def load_schedule(tx: Transaction, event: int) -> ErasureSchedule:
    row = tx.row(
        "SELECT erase_needs_days, erase_passages_days, erase_names_days, erases,"
        " needs_erased_at, passages_erased_at, names_erased_at FROM event WHERE id = ?",
        (event,),
    )
    assert row is not None, "an event is never deleted while its id is known"
    done = {stage: at for stage, at in zip(STAGES, row[4:], strict=True) if at is not None}
    return ErasureSchedule(needs_days=row[0], passages_days=row[1], names_days=row[2], on=bool(row[3]), done_at=done)


def save_schedule(tx: Transaction, event: int, schedule: ErasureSchedule) -> None:
    tx.run(
        "UPDATE event SET erase_needs_days = ?, erase_passages_days = ?, erase_names_days = ?, erases = ? WHERE id = ?",
        (schedule.needs_days, schedule.passages_days, schedule.names_days, int(schedule.on), event),
    )


def set_done(tx: Transaction, event: int, stage: Stage, at: int) -> None:
    tx.run(f"UPDATE event SET {stage}_erased_at = ? WHERE id = ?", (at, event))


def count_needs(tx: Transaction, event: int) -> int:
    """Attendees of whom a diet, a need or a remark is kept."""
    told = " OR ".join(f"{field} <> ''" for field in _NEEDS)
    return _count(tx, f"SELECT count(*) FROM attendee WHERE event = ? AND (wheelchair <> 0 OR {told})", event)


def count_passages(tx: Transaction, event: int, attendee: str | None = None) -> int:
    """What was recorded at doors of everybody, or of this attendee: scans, what was taken back or assumed."""
    row = tx.row(
        "SELECT count(*) FROM fact WHERE event = ? AND attendee IS NOT NULL"
        " AND (CAST(? AS TEXT) IS NULL OR attendee = ?)",
        (event, attendee, attendee),
    )
    return int(row[0]) if row else 0


def count_names(tx: Transaction, event: int) -> int:
    return _count(tx, "SELECT count(*) FROM attendee WHERE event = ? AND family_name <> ''", event)


def count_certificates(tx: Transaction, event: int) -> int:
    """Certificates of which it is known whose they are."""
    return _count(tx, "SELECT count(*) FROM certificate WHERE event = ? AND attendee IS NOT NULL", event)


def keep_catering(tx: Transaction, event: int, portions: Sequence[Portion]) -> None:
    tx.run("UPDATE event SET catering_kept = ? WHERE id = ?", (msgspec.json.encode(portions).decode(), event))


def kept_catering(tx: Transaction, event: int) -> list[Portion] | None:
    """The numbers that stayed when the wishes were deleted; None: they are there still."""
    row = tx.row("SELECT catering_kept FROM event WHERE id = ?", (event,))
    return _portions.decode(row[0]) if row and row[0] else None


def erase_imports(tx: Transaction, event: int) -> None:
    """Of the files that were imported, and of what each changed: it cannot be taken back any more."""
    tx.run("DELETE FROM import_row WHERE import IN (SELECT id FROM import WHERE event = ?)", (event,))
    tx.run("UPDATE import SET content = NULL, name = '' WHERE event = ?", (event,))
    tx.run("UPDATE attendee SET list_said = '' WHERE event = ?", (event,))


def erase_needs(tx: Transaction, event: int) -> None:
    erase_imports(tx, event)
    tx.run(
        "UPDATE attendee SET wheelchair = 0, companion_of = NULL, diet = '', needs = '', remark = '' WHERE event = ?",
        (event,),
    )


def erase_passages(tx: Transaction, event: int, came: Mapping[str, Presence]) -> None:
    """Take everybody out of the facts; of where they were, `came` is left."""
    for kept in facts.all_facts(tx, event):
        _forget_in(tx, event, kept)
    forget_passages(tx, event)
    tx.run("DELETE FROM handout WHERE event = ?", (event,))
    tx.run("DELETE FROM waiting WHERE event = ?", (event,))
    tx.run("DELETE FROM block WHERE event = ?", (event,))
    tx.run("UPDATE attendee SET blocked = 0, companion_of = NULL, represented_by = NULL WHERE event = ?", (event,))
    tx.run("DELETE FROM presence WHERE event = ?", (event,))
    save_presences(tx, event, came)


def erase_names(tx: Transaction, event: int, attendees: Iterable[str] | None = None) -> None:
    """Of these attendees, or of all, nothing is left but the group and the state of the registration."""
    wanted = None if attendees is None else json_list(attendees)
    which = "event = ? AND (CAST(? AS TEXT) IS NULL OR {} IN (SELECT value FROM json_each(?)))"
    of_attendee = (event, wanted, wanted)
    whose = which.format("attendee")
    tx.run(
        f"DELETE FROM print WHERE event = ? AND badge IN (SELECT id FROM badge WHERE {whose})", (event, *of_attendee)
    )
    if attendees is None:
        erase_imports(tx, event)
    for table in ("code", "badge", "attendee_word", "block", "attended"):
        tx.run(f"DELETE FROM {table} WHERE {whose}", of_attendee)
    tx.run(f"UPDATE certificate SET attendee = NULL, content = NULL WHERE {whose}", of_attendee)
    texts = ", ".join(f"\"{field}\" = ''" for field in _TEXTS)
    tx.run(
        f"UPDATE attendee SET {texts}, search = '', list_said = '', wheelchair = 0, listed = 0, photo = 0, blocked = 0,"
        f" accredited = 0, companion_of = NULL, represented_by = NULL WHERE {which.format('id')}",
        of_attendee,
    )


def erase_person(tx: Transaction, event: int, attendee: str, came: Presence | None) -> None:
    """Take one person out of the facts and everywhere else."""
    for kept in facts.facts_of(tx, event, attendee):
        _forget_in(tx, event, kept)
    for table in ("handout", "waiting", "booking", "presence"):
        tx.run(f"DELETE FROM {table} WHERE event = ? AND attendee = ?", (event, attendee))
    if came is not None:
        save_presences(tx, event, {attendee: came})
    tx.run("DELETE FROM import_row WHERE subject = ?", (attendee,))
    tx.run("UPDATE attendee SET companion_of = NULL WHERE event = ? AND companion_of = ?", (event, attendee))
    erase_names(tx, event, [attendee])


def _forget_in(tx: Transaction, event: int, kept: Kept) -> None:
    forgotten = without_person(kept.fact)
    if forgotten != kept.fact or isinstance(kept.fact, Scanned):
        facts.forget_in(tx, event, kept.seq, forgotten)


def _count(tx: Transaction, sql: str, event: int) -> int:
    row = tx.row(sql, (event,))
    return int(row[0]) if row else 0
