"""Paper lists: printed for when nothing works, and entered afterwards with the times that stand on them.

What stands on paper has happened: it is never refused. A line that a door would have refused is recorded as
passed against that reason, and named as a conflict for somebody to look at.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hmac
import logging
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from checkin.badges.papers import part, render_paper
from checkin.core.admission import Bearer, Decision, Facts, decide
from checkin.core.attendance import Trails
from checkin.core.errors import BadInput, CheckinError, Conflict, NotFound, TooLarge
from checkin.core.facts import Changed, Scanned, Undone, presence_after
from checkin.core.model import Attendee, Direction, Override, Scan
from checkin.core.occupancy import Presence
from checkin.core.roles import Permission
from checkin.core.wording import for_staff
from checkin.service.centre import Centre
from checkin.service.certificates import check_seen, in_name_order
from checkin.service.closing import close_day
from checkin.service.journal import Journal
from checkin.service.moving import Moving
from checkin.service.papers import clock, day, paper_words
from checkin.service.people import Principal
from checkin.service.scans import fact_of
from checkin.service.undo import undo_scan
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, audit, badges, events, exports, facts, presences
from checkin.store.engine import Transaction
from checkin.wire import Hint, Id, ScanUndone, iso, typed_instant
from checkin.words import said, say, say_all

ROWS_MAX = 10_000
LINES_MAX = 200
LINES_LOOKED_MAX = 20_000
"""So many facts are looked through for lines."""
LISTS_KEPT = 3
"""Of those that are written by themselves: personal data do not pile up on a disk."""
EVERY_MIN_MAX = 240
LOOK_EVERY_S = 5.0
PAPER = "paper list"
"""In the place of an override's reason: nobody overrode anything, it had happened."""
AHEAD_MS_MAX = 60_000

log = logging.getLogger(__name__)


class PaperLineSent(Struct, frozen=True, kw_only=True):
    """A line of a paper list: a desk number, and the time that stands there. `id`: the client's own UUID; the
    same line again is no second one."""

    id: UUID
    number: Annotated[int, Meta(ge=1, le=10_000_000)]
    door: Id
    direction: Direction = "entry"
    at: Annotated[dt.datetime, Meta(tz=True)]


class PaperLineAnswer(Struct, frozen=True, kw_only=True):
    """A line as it was recorded. `conflict`: why a door would have refused it. `moved`: whether the person is
    somewhere else by it now; a line from before their last passage tells of earlier alone."""

    id: str
    seq: int
    attendee: str
    name: str
    organisation: str
    number: int
    direction: Direction
    door: str
    at: str
    conflict: Hint | None
    moved: bool


class FallbackSetting(Struct, frozen=True, kw_only=True):
    """A new list every so many minutes; 0: on demand alone."""

    every_min: Annotated[int, Meta(ge=0, le=EVERY_MIN_MAX)]


class PaperNow(Struct, frozen=True, kw_only=True):
    every_min: int
    folder: str
    lists: list[str]


def _check_day(at: int, venue: Venue) -> None:
    """Raises `BadInput` for a time on no day of the event or its programme, nor on the one before or after."""
    zone = venue.layout.zone
    sessions = venue.programme.sessions.values()
    held = {dt.datetime.fromtimestamp(one.starts_at / 1000, zone).date() for one in sessions} | {
        venue.layout.event.date
    }
    one_day, day_of_line = dt.timedelta(days=1), dt.datetime.fromtimestamp(at / 1000, zone).date()
    if not min(held) - one_day <= day_of_line <= max(held) + one_day:
        message = f"The event is on {venue.layout.event.date.isoformat()}: this time is on no day of it."
        raise BadInput(message, code="time_outside")


def enter_line(
    tx: Transaction,
    venues: Venues,
    slug: str,
    sent: PaperLineSent,
    *,
    now: int,
    by: str,
    may: Collection[Permission],
) -> PaperLineAnswer:
    """Record a line of a paper list as the scan it stands for, with its own time. Whose it is, is not told of a
    hidden group without the permission `protocol`.

    Raises `NotFound` for a desk number or door that there is not, `BadInput` for a time that has not come
    (`time_ahead`) or is on no day of the event (`time_outside`), `Conflict` for an id that was used for something else.
    """
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    door = venue.layout.door(sent.door)
    if door.item is not None:
        raise BadInput("A counter for items has no paper list.", code="door_counter")
    at = typed_instant(sent.at, venue.layout.zone)
    _check_day(at, venue)
    if at > now + AHEAD_MS_MAX:
        raise BadInput("This time has not come yet. Check the time on the paper.", code="time_ahead")
    person = attendees.attendee_by_desk_number(tx, venue.id, sent.number)
    if person is None:
        raise NotFound(f"No badge has the number {sent.number}.", code="desk_number_unknown")
    scan = Scan(id=str(sent.id), code="", door=door.id, attendee=person.id, direction=sent.direction, scanned_at=at)
    content = _content(scan, venue.key)
    earlier = facts.facts_by_id(tx, venue.id, [scan.id]).get(scan.id)
    if earlier is not None:
        if earlier.content != content or not isinstance(earlier.fact, Scanned):
            raise Conflict("This id was sent before with other content.", code="id_reused")
        return _answer(venue, earlier.seq, earlier.fact, _named(venue, person, may), sent.number, moved=False)
    known = attendees.bearers_by_id(tx, venue.id, [person.id])[person.id]
    ledger = venues.ledgers.take(tx, journal.event, venue.layout)
    moving = Moving(tx, venue, now, "none", ledger=ledger)
    bearer = moving.now_of(known.bearer)
    there = bearer.presence
    late = there is not None and at < there.since_at
    then = _back_then(tx, venue, bearer, at) if late else bearer
    decision = _as_it_was(scan, venue, moving, then, at)
    recounts = [] if late else moving.carry_out(scan, decision, bearer)
    made = fact_of(scan, decision, moving, scanned_at=at, received_at=now, by=by, recounts=recounts)
    fact = msgspec.structs.replace(made, override=PAPER if decision.overridden else None, paper=True)
    seq = journal.add(fact, content)
    after = presence_after(fact, there)
    if late:
        if after is not None and there is not None and after != there:
            presences.set_arrived(tx, person.id, after.arrived_at)
    else:
        moving.note(fact, seq, bearer)
    journal.write()
    moving.save()
    if ledger is not None:
        venues.ledgers.save(tx, journal.event, ledger)
    if not late and after is not None and after.area is not None and journal.event.closed_at is not None:
        _gone_with_the_others(tx, venues, slug, now=now, by=by)
    return _answer(venue, seq, fact, _named(venue, person, may), sent.number, moved=not late)


def lines(tx: Transaction, venues: Venues, slug: str, *, may: Collection[Permission]) -> list[PaperLineAnswer]:
    """The lines that were entered last and stand, the newest first, at most `LINES_MAX`: what a page shows again
    after it was closed. Whether a line moved somebody is not known afterwards."""
    venue = venues.venue(tx, slug)
    undone: set[str] = set()
    found: list[tuple[int, Scanned]] = []
    for kept in audit.facts_before(tx, venue.id, 2**62, LINES_LOOKED_MAX, kinds=("scan", "undo")):
        match kept.fact:
            case Undone():
                undone.add(kept.fact.scan)
            case Scanned() if kept.fact.paper and kept.fact.decision.attendee and kept.fact.id not in undone:
                found.append((kept.seq, kept.fact))
    found = found[:LINES_MAX]
    whose = {fact.decision.attendee for _, fact in found if fact.decision.attendee}
    people = {one.id: one for one in attendees.attendees_by_id(tx, venue.id, whose)}
    numbers = {who: number for who, (number, _) in exports.desk_numbers(tx, whose).items()}
    return [
        _answer(venue, seq, fact, _named(venue, people[who], may), numbers.get(who, 0), moved=True)
        for seq, fact in found
        if (who := fact.decision.attendee or "") in people
    ]


def undo_line(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: Principal) -> ScanUndone:
    """Take a line back, however long ago it was entered, as long as the person has not moved on since.
    Raises `NotFound` for what is no line of a paper list, `Conflict` as `undo_scan` does."""
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    kept = facts.facts_by_id(tx, venue.id, [id]).get(id)
    if kept is None or not isinstance(kept.fact, Scanned) or not kept.fact.paper:
        raise NotFound("This event has no such line of a paper list.", code="scan_unknown")
    fact, attendee = kept.fact, kept.fact.decision.attendee
    there = presences.presences_of(tx, [attendee]).get(attendee) if attendee else None
    if attendee is None or there is None:
        raise Conflict("This scan has moved nobody.", code="nothing_to_undo")
    theirs = facts.facts_of(tx, venue.id, attendee)
    if any(isinstance(one.fact, Undone) and one.fact.scan == id for one in theirs):
        raise Conflict("This person has moved on since, or the scan was taken back.", code="moved_on")
    if fact.scanned_at >= there.since_at:
        return undo_scan(tx, venues, slug, id, now=now, since=0, by=by)
    trails = Trails()
    for one in theirs:
        trails.add(one.fact)
    trails.add(Undone(scan=id, attendee=attendee, counts_as=there.counts_as, leaves=there.area, at=now, by=by.id))
    first = next((at for at, area in trails.moves(attendee) if area is not None), there.arrived_at)
    before = msgspec.structs.replace(there, arrived_at=first)
    presences.set_arrived(tx, attendee, first)
    seq = journal.add(
        Undone(
            scan=id,
            attendee=attendee,
            counts_as=there.counts_as,
            leaves=there.area,
            presence=before,
            at=now,
            by=by.id,
        )
    )
    journal.write()
    return ScanUndone(id=id, seq=seq)


def list_pdf(
    tx: Transaction,
    venues: Venues,
    slug: str,
    *,
    now: int,
    may: Collection[Permission],
    group: str | None = None,
    language: str = "de",
) -> Callable[[Path | None], bytes]:
    """The list for when nothing works: everybody registered, from A to Z, who is inside marked, with room for
    times. Those of hidden groups stand in the list of their `group` alone. Returns what makes the PDF, outside
    of the transaction, with the folder of the event's own templates. Raises `TooLarge`, and `NotAllowed` for a
    hidden group without the permission `protocol`."""
    venue = venues.venue(tx, slug)
    layout = venue.layout
    check_seen(venue, group, may)
    people = [
        one
        for one in in_name_order(attendees.load_attendees(tx, venue.id, group))
        if one.registration == "registered" and one.family_name and (group or one.group not in layout.hidden_groups)
    ]
    if len(people) > ROWS_MAX:
        raise TooLarge(f"A list holds at most {ROWS_MAX:,} people. Print a group at a time.", code="list_too_long")
    held = badges.latest_badges(tx, venue.id)
    where = presences.load_presences(tx, venue.id)
    inside = {who: there for who, there in where.items() if there.area is not None}
    event = layout.event
    today = dt.datetime.fromtimestamp(now / 1000, event.zone).date()
    words = paper_words("fallback_", FALLBACK_WORDS, language) | {
        "page": say("page", language, context="paper"),
        "as-of": say("as_of", language, context="paper", time=clock(now, event), date=day(today, language)),
    }
    content: dict[str, Any] = {
        "words": words,
        "event_line": part(event.name if group is None else f"{event.name} · {layout.groups[group].name}"),
        "counts": say(
            "fallback_counts",
            language,
            context="paper",
            count=len(people),
            inside=sum(one.id in inside for one in people),
        ),
        "rows": [
            {
                "number": str(held[one.id].desk_number) if one.id in held else "–",
                "name": part(f"{one.family_name}, {one.given_name}" if one.given_name else one.family_name),
                "organisation": part(", ".join(word for word in (one.organisation, one.town) if word)),
                "inside": clock(inside[one.id].arrived_at, event) if one.id in inside else None,
            }
            for one in people
        ],
    }
    title = f"{words['title']} – {event.name}"

    def make(own: Path | None) -> bytes:
        return render_paper("fallback", content, title=title, language=language, date=today, own=own)

    return make


FALLBACK_WORDS = (
    "fallback_title",
    "fallback_keep_safe",
    "fallback_how",
    "fallback_number",
    "fallback_name",
    "fallback_organisation",
    "fallback_inside",
    "fallback_time_in",
    "fallback_time_out",
)


def set_fallback(tx: Transaction, venues: Venues, slug: str, sent: FallbackSetting, *, now: int, by: str) -> None:
    id = venues.id(tx, slug)
    events.set_fallback_every(tx, id, sent.every_min)
    journal = Journal(tx, id)
    journal.add(Changed(noun="fallback", what="interval changed", at=now, by=by, count=sent.every_min))
    journal.write()


class FallbackLists:
    """Writes the lists by themselves, as often as each event wants it, for as long as its day goes on."""

    def __init__(self, centre: Centre, events_folder: Path) -> None:
        self._centre = centre
        self._folder = events_folder
        self._written_at: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="fallback lists")

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                for slug in await self._centre.read(events.events_with_layout):
                    await self.look(slug)
            except (CheckinError, OSError) as error:
                log.warning("no fallback list was written, trying again: %s", error)

    async def look(self, slug: str) -> Path | None:
        """Write a list where one is due, and return it; on the day after delete all that were written."""
        now, centre = self._centre.clock(), self._centre
        if written_lists(self._folder, slug):
            event = await centre.read(lambda tx: events.load_event(tx, centre.venues.id(tx, slug)))
            if dt.datetime.fromtimestamp(now / 1000, event.zone).date() > event.date:
                await asyncio.to_thread(drop_lists, self._folder, slug)
        every = await centre.read(lambda tx: events.fallback_every(tx, centre.venues.id(tx, slug)))
        if not every or now < self._written_at.get(slug, 0) + every * 60_000:
            return None
        venue = await centre.read(lambda tx: centre.venues.venue(tx, slug))
        local = dt.datetime.fromtimestamp(now / 1000, venue.layout.zone)
        if local.date() != venue.layout.event.date:
            return None
        self._written_at[slug] = now
        make = await centre.read(lambda tx: list_pdf(tx, centre.venues, slug, now=now, may=()))
        return await asyncio.to_thread(_write, self._folder / slug, f"{local:%Y-%m-%d-%H%M}.pdf", make)


def fallback_folder(events_folder: Path, event: str) -> Path:
    return events_folder / event / "fallback"


def written_lists(events_folder: Path, event: str) -> list[str]:
    """The names of the lists that lie in the folder, the newest first."""
    return sorted((file.name for file in fallback_folder(events_folder, event).glob("*.pdf")), reverse=True)


def drop_lists(events_folder: Path, event: str) -> None:
    """Delete the lists that were written by themselves."""
    for file in fallback_folder(events_folder, event).glob("*.pdf"):
        file.unlink(missing_ok=True)


def _write(folder: Path, name: str, make: Callable[[Path | None], bytes]) -> Path:
    content = make(folder / "papers")
    there = folder / "fallback"
    there.mkdir(parents=True, exist_ok=True)
    file = there / name
    unfinished = file.with_suffix(".part")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(content)
    unfinished.rename(file)
    for old in sorted(there.glob("*.pdf"))[:-LISTS_KEPT]:
        old.unlink()
    return file


def _as_it_was(scan: Scan, venue: Venue, moving: Moving, bearer: Bearer, at: int) -> Decision:
    """The decision on what has happened: that of the door, or, where it would have refused, the same
    person let in against that reason."""
    known = Facts(
        now=at, layout=venue.layout, seats=moving.seats, evacuation="none", genuineness="genuine", bearer=bearer
    )
    passed = msgspec.structs.replace(scan, override=Override(reason=PAPER))
    decision = decide(passed, known)
    if decision.refusal is None:
        return decision
    there = bearer.presence
    inside = there is not None and there.area is not None
    area = venue.layout.doors[scan.door].area
    return Decision(
        outcome="admitted",
        kind="arrival" if there is None else "entry" if inside else "reentry",
        overridden=decision.refusal.reason,
        attendee=bearer.attendee,
        counts_as=there.counts_as if there and inside else venue.layout.groups[bearer.group].counts_as,
        leaves=there.area if there else None,
        enters=area,
    )


def _back_then(tx: Transaction, venue: Venue, bearer: Bearer, at: int) -> Bearer:
    """This person as they were at an earlier time, as far as the facts tell."""
    trails = Trails()
    for kept in facts.facts_of(tx, venue.id, bearer.attendee):
        trails.add(kept.fact)
    for evacuated in facts.evacuations(tx, venue.id):
        trails.add(evacuated)
    before = [(moved_at, area) for moved_at, area in trails.moves(bearer.attendee) if moved_at <= at]
    assert bearer.presence is not None, "who was never here has no earlier time"
    presence: Presence | None = None
    if before:
        moved_at, area = before[-1]
        presence = msgspec.structs.replace(
            bearer.presence, area=area, since_at=moved_at, door="", arrived_at=before[0][0]
        )
    return msgspec.structs.replace(bearer, presence=presence)


def _gone_with_the_others(tx: Transaction, venues: Venues, slug: str, *, now: int, by: str) -> None:
    """The day is closed: whoever a paper list brings in afterwards has left as all the others have."""
    close_day(tx, venues, slug, now=now, by=by)


def _left_nothing(fact: Scanned) -> Hint | None:
    """The paper tells of an exit at a time when this person was not inside: a line is missing, or a time is wrong."""
    if fact.decision.kind == "exit" and fact.decision.leaves is None:
        return say_all("paper_not_inside", context="paper")
    return None


def _named(venue: Venue, person: Attendee, may: Collection[Permission]) -> tuple[str, str]:
    """Name and organisation, as far as whoever asks may see them."""
    if person.group in venue.layout.hidden_groups and "protocol" not in may:
        return "", ""
    return person.name, person.organisation


def _answer(
    venue: Venue, seq: int, fact: Scanned, named: tuple[str, str], number: int, *, moved: bool
) -> PaperLineAnswer:
    overridden = fact.decision.overridden
    return PaperLineAnswer(
        id=fact.id,
        seq=seq,
        attendee=fact.decision.attendee or "",
        name=named[0],
        organisation=named[1],
        number=number,
        direction=fact.direction,
        door=fact.door,
        at=iso(fact.scanned_at, venue.layout),
        conflict=said(for_staff(overridden)) if overridden else _left_nothing(fact),
        moved=moved,
    )


def _content(scan: Scan, key: bytes) -> bytes:
    sent = "\0".join((scan.door, scan.direction, str(scan.scanned_at), scan.attendee or "", PAPER))
    return hmac.digest(key, sent.encode(), "sha256")[:16]
