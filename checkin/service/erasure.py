"""Personal data are deleted: by the schedule, at once, or of one person. The counts remain.

Facts stay where they are, with their seq, kind, time, place and numbers. The ids of attendees are taken out of
them rather than replaced by others: a pseudonym would leave everybody's way through the day, and the minutes on
a certificate would lead back from it to the person. That this happened is a fact of its own, which carries who
was here, so that the facts go on adding up to what is stored.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from checkin.badges.papers import part, render_paper
from checkin.core import catering
from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Changed, Erased, came_once
from checkin.core.model import CountsAs, Event
from checkin.core.occupancy import Presence
from checkin.service.certificates import keep_attendances
from checkin.service.closing import close_day
from checkin.service.exports import PAGE_ENTRIES, wishes_of
from checkin.service.journal import Journal
from checkin.service.papers import clock, day
from checkin.service.people import names_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, erasure, events, exports, facts, presences
from checkin.store.certificates import certificates_of
from checkin.store.engine import Transaction
from checkin.store.erasure import STAGES, ErasureSchedule, Stage
from checkin.store.exports import Entry
from checkin.wire import iso
from checkin.words import say

DAYS_MAX = 3_660
CERTIFICATES_DAYS = 457
"""Travel expenses: claimed within six months, receipts asked for six months later, and a little (BRKG § 3)."""
CAME_IN_A_FACT_MAX = 1_000

Days = Annotated[int, Meta(ge=1, le=DAYS_MAX)]


class ScheduleSent(Struct, frozen=True, kw_only=True):
    """Days after the event, in this order; `on`: by itself when the day has come."""

    needs_days: Days
    passages_days: Days
    names_days: Days
    on: bool


class StageShown(Struct, frozen=True, kw_only=True):
    """What goes when: `due_on` the day, `counts` how many of what there are now, `done_at` when it went, `removed` how
    many of what went then and before."""

    stage: Stage
    days: int
    due_on: str
    due: bool
    done_at: str | None
    counts: dict[str, int]
    removed: dict[str, int]


class ErasureShown(Struct, frozen=True, kw_only=True):
    on: bool
    today: str
    stages: list[StageShown]
    certificates_until: str
    """The last day on which a certificate may be asked for; names that go earlier end that."""


def read_schedule(tx: Transaction, venues: Venues, slug: str, now: int) -> ErasureShown:
    """What is deleted when, and how much that is."""
    venue = venues.venue(tx, slug)
    schedule = erasure.load_schedule(tx, venue.id)
    counts: Mapping[Stage, dict[str, int]] = {
        "needs": {"needs": erasure.count_needs(tx, venue.id)},
        "passages": {"passages": erasure.count_passages(tx, venue.id)},
        "names": {
            "names": erasure.count_names(tx, venue.id),
            "certificates": erasure.count_certificates(tx, venue.id),
        },
    }
    event = venue.layout.event
    removed: dict[Stage, Counter[str]] = {stage: Counter() for stage in STAGES}
    for kept in facts.erasures(tx, venue.id):
        if isinstance(fact := kept.fact, Erased) and fact.what != "person":
            removed[fact.what].update(dict(fact.removed))
    return ErasureShown(
        on=schedule.on,
        today=_today(event, now).isoformat(),
        stages=[
            StageShown(
                stage=stage,
                days=_days(schedule, stage),
                due_on=_due_on(event, schedule, stage).isoformat(),
                due=_due_on(event, schedule, stage) <= _today(event, now),
                done_at=iso(schedule.done_at[stage], venue.layout) if stage in schedule.done_at else None,
                counts=counts[stage],
                removed=dict(removed[stage]),
            )
            for stage in STAGES
        ],
        certificates_until=(event.date + dt.timedelta(days=CERTIFICATES_DAYS)).isoformat(),
    )


def set_schedule(tx: Transaction, venues: Venues, slug: str, sent: ScheduleSent, *, now: int, by: str) -> None:
    """Raises `BadInput` unless needs go first, then passages, then names."""
    venue = venues.venue(tx, slug)
    if not sent.needs_days <= sent.passages_days <= sent.names_days:
        raise BadInput("Needs go first, then passages, then names.", code="schedule_order")
    erasure.save_schedule(
        tx,
        venue.id,
        ErasureSchedule(
            needs_days=sent.needs_days, passages_days=sent.passages_days, names_days=sent.names_days, on=sent.on
        ),
    )
    _note_schedule(tx, venue, "schedule on" if sent.on else "schedule off", now=now, by=by)


def due(tx: Transaction, venues: Venues, slug: str, now: int) -> list[Stage]:
    """The stages whose day has come and that have not gone yet, in their order."""
    id = venues.id(tx, slug)
    return _due(events.load_event(tx, id), erasure.load_schedule(tx, id), now)


def is_due(tx: Transaction, venues: Venues, slug: str, now: int) -> bool:
    """Whether something is to be deleted now without anybody's doing."""
    id = venues.id(tx, slug)
    schedule = erasure.load_schedule(tx, id)
    return schedule.on and bool(_due(events.load_event(tx, id), schedule, now))


def erase_due(tx: Transaction, venues: Venues, slug: str, *, now: int, by: str) -> list[Stage]:
    """Delete whatever is due; returns what. `Store.forget_deleted` takes it out of the files as well."""
    stages = due(tx, venues, slug, now)
    if stages:
        erase(tx, venues, slug, stages[-1], now=now, by=by)
    return stages


def erase(tx: Transaction, venues: Venues, slug: str, until: Stage, *, now: int, by: str) -> list[Stage]:
    """Delete a stage, with those before it that have not gone yet. Whoever is inside still is taken as gone
    before. Returns the stages that went."""
    venue = venues.venue(tx, slug)
    done = erasure.load_schedule(tx, venue.id).done_at
    wanted = [stage for stage in STAGES[: STAGES.index(until) + 1] if stage not in done or stage == until]
    if any(there.area is not None for there in presences.load_presences(tx, venue.id).values()):
        close_day(tx, venues, slug, now=now, by=by)
    for stage in wanted:
        journal = Journal(tx, venue.id)
        for fact in _STAGES[stage](tx, venue, now, by):
            journal.add(fact)
        journal.write()
        erasure.set_done(tx, venue.id, stage, now)
    return wanted


def erase_person(tx: Transaction, venues: Venues, slug: str, attendee: str, *, now: int, by: str) -> None:
    """Delete all that is known of one person, at their wish (DSGVO Art. 17): the registration stays as one of a
    group, without a name, badge or booking; who was here counts as one who was.

    Raises `NotFound`, and `Conflict` while they are inside (`attendee_inside`).
    """
    venue = venues.venue(tx, slug)
    if attendees.load_attendee(tx, venue.id, attendee) is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    there = presences.presences_of(tx, [attendee]).get(attendee)
    if there is not None and there.area is not None:
        raise Conflict("This person is inside. Scan the exit first, then delete.", code="attendee_inside")
    day_at = venue.layout.day_at
    came = None if there is None else came_once(there.counts_as, day_at)
    removed = tuple(_counts_of_person(tx, venue, attendee).items())
    erasure.erase_person(tx, venue.id, attendee, came)
    journal = Journal(tx, venue.id)
    journal.add(
        Erased(
            what="person",
            at=now,
            by=by,
            removed=removed,
            came=() if there is None else ((attendee, there.counts_as),),
            day_at=day_at,
        )
    )
    journal.write()


def read_person(tx: Transaction, venues: Venues, slug: str, attendee: str) -> dict[str, int]:
    """What is deleted with one person: of what how much. Raises `NotFound`."""
    venue = venues.venue(tx, slug)
    if attendees.load_attendee(tx, venue.id, attendee) is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    return _counts_of_person(tx, venue, attendee)


def _counts_of_person(tx: Transaction, venue: Venue, attendee: str) -> dict[str, int]:
    person = attendees.load_attendee(tx, venue.id, attendee)
    issued = certificates_of(tx, venue.id, [attendee]).get(attendee, [])
    return {
        "names": int(person is not None and person.family_name != ""),
        "passages": erasure.count_passages(tx, venue.id, attendee),
        "certificates": len(issued),
    }


def proof_pdf(tx: Transaction, venues: Venues, slug: str, *, now: int, language: str = "de") -> bytes:
    """The certificate of deletion: what was deleted when, by whom and how much, and what is left."""
    venue = venues.venue(tx, slug)
    event = venue.layout.event
    names = names_of(tx, venue.id)
    rows = [
        [
            part(_moment(fact.at, event, language)),
            part(say(WHAT[fact.what], language, context="paper")),
            part(_removed(fact, language)),
            part(names.get(fact.by, say(BY.get(fact.by, "erasure_by_gone"), language, context="paper"))),
        ]
        for kept in facts.erasures(tx, venue.id)
        if isinstance(fact := kept.fact, Erased) and fact.removed
    ]
    shown = read_schedule(tx, venues, slug, now)
    left = [
        [
            part(say(WHAT[stage.stage], language, context="paper")),
            part(day(dt.date.fromisoformat(stage.due_on), language)),
            part(", ".join(_count(word, count, language) for word, count in stage.counts.items())),
        ]
        for stage in shown.stages
        if stage.done_at is None
    ]

    remains = [say("erasure_files", language, context="paper")] if rows else []
    if shown.stages[-1].done_at is not None:
        seq = events.load_event_row(tx, venue.id).seq
        remains.insert(0, say("erasure_remains_text", language, context="paper", facts=seq))

    def words(*keys: str) -> list[str]:
        return [say(key, language, context="paper") for key in keys]

    content: dict[str, Any] = {
        "words": {
            "title": say("erasure_title", language, context="paper"),
            "page": say("page", language, context="paper"),
        },
        "event_line": part(f"{event.name} · {day(event.date, language)} · {venue.layout.house.name}"),
        "sections": [
            _section(
                "",
                [say("erasure_intro", language, context="paper", date=_moment(now, event, language))],
            ),
            _section(
                say("erasure_done", language, context="paper"),
                [] if rows else [say("erasure_none", language, context="paper")],
                words("erasure_when", "erasure_what", "erasure_much", "erasure_who"),
                rows,
                (3, 4, 4, 3),
            ),
            _section(
                say("erasure_left", language, context="paper"),
                [] if left else [say("erasure_none_left", language, context="paper")],
                words("erasure_what", "erasure_due", "erasure_much"),
                left,
                (4, 3, 5),
            ),
            *([_section(say("erasure_remains", language, context="paper"), remains)] if remains else []),
        ],
    }
    title = f"{say('erasure_title', language, context='paper')} – {event.name}"
    return render_paper("report", content, title=title, language=language, date=_today(event, now))


BY = {"clock": "erasure_by_clock", "command": "erasure_by_command"}
WHAT = {
    "needs": "erasure_needs",
    "passages": "erasure_passages",
    "names": "erasure_names",
    "person": "erasure_person",
}


def _section(
    title: str,
    texts: list[str],
    head: list[str] | None = None,
    rows: list[list[dict[str, Any]]] | None = None,
    widths: tuple[int, ...] = (),
) -> dict[str, Any]:
    return {
        "title": title,
        "texts": [part(text) for text in texts],
        "head": head or [],
        "rows": rows or [],
        "widths": widths,
    }


def _removed(fact: Erased, language: str) -> str:
    return ", ".join(_count(word, count, language) for word, count in fact.removed)


def _count(word: str, count: int, language: str) -> str:
    return say(COUNTED[word], language, context="paper", count=count)


COUNTED = {
    "needs": "erasure_count_needs",
    "passages": "erasure_count_passages",
    "names": "erasure_count_names",
    "certificates": "erasure_count_certificates",
}


def _moment(at: int, event: Event, language: str) -> str:
    return f"{day(dt.datetime.fromtimestamp(at / 1000, event.zone).date(), language)}, {clock(at, event)}"


def _erase_needs(tx: Transaction, venue: Venue, now: int, by: str) -> list[Erased]:
    removed = (("needs", erasure.count_needs(tx, venue.id)),)
    if erasure.kept_catering(tx, venue.id) is None:
        wishes = wishes_of(_entries(tx, venue.id))
        erasure.keep_catering(tx, venue.id, catering.kept(wishes.portions([*venue.layout.groups])))
    erasure.erase_needs(tx, venue.id)
    return [Erased(what="needs", at=now, by=by, removed=removed)]


def _entries(tx: Transaction, event: int) -> Iterator[Entry]:
    after = ""
    while page := exports.entries_after(tx, event, after, PAGE_ENTRIES):
        yield from page
        after = page[-1].id


def _erase_passages(tx: Transaction, venue: Venue, now: int, by: str) -> list[Erased]:
    """`came` in several facts, where many were here; the numbers stand in the first."""
    removed = (("passages", erasure.count_passages(tx, venue.id)),)
    keep_attendances(tx, venue, now=now)
    day_at = venue.layout.day_at
    counted: list[tuple[str, CountsAs]] = [
        (who, there.counts_as) for who, there in sorted(presences.load_presences(tx, venue.id).items())
    ]
    came: dict[str, Presence] = {who: came_once(counts_as, day_at) for who, counts_as in counted}
    erasure.erase_passages(tx, venue.id, came)
    return [
        Erased(
            what="passages",
            at=now,
            by=by,
            removed=removed if first == 0 else (),
            came=tuple(counted[first : first + CAME_IN_A_FACT_MAX]),
            day_at=day_at,
        )
        for first in range(0, max(1, len(counted)), CAME_IN_A_FACT_MAX)
    ]


def _erase_names(tx: Transaction, venue: Venue, now: int, by: str) -> list[Erased]:
    removed = (
        ("names", erasure.count_names(tx, venue.id)),
        ("certificates", erasure.count_certificates(tx, venue.id)),
    )
    erasure.erase_names(tx, venue.id)
    return [Erased(what="names", at=now, by=by, removed=removed)]


_STAGES = {"needs": _erase_needs, "passages": _erase_passages, "names": _erase_names}


def _due(event: Event, schedule: ErasureSchedule, now: int) -> list[Stage]:
    today = _today(event, now)
    return [stage for stage in STAGES if stage not in schedule.done_at and _due_on(event, schedule, stage) <= today]


def _due_on(event: Event, schedule: ErasureSchedule, stage: Stage) -> dt.date:
    return event.date + dt.timedelta(days=_days(schedule, stage))


def _days(schedule: ErasureSchedule, stage: Stage) -> int:
    return {"needs": schedule.needs_days, "passages": schedule.passages_days, "names": schedule.names_days}[stage]


def _today(event: Event, now: int) -> dt.date:
    return dt.datetime.fromtimestamp(now / 1000, event.zone).date()


def _note_schedule(tx: Transaction, venue: Venue, what: str, *, now: int, by: str) -> None:
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="erasure", what=what, at=now, by=by))
    journal.write()
