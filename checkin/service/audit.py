"""Who did what, read from the facts: searched, in sentences, as a table to take along.

Facts are appended and carry ids alone. Names are looked up as the page or file is made: those of operators and devices
never change, those of attendees are not there any more once they were deleted. A file carries a chain of digests, whose
last one is kept as a fact: whoever gets the file sees whether a line was changed or is missing (docs/audit.md).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from checkin.core.errors import BadInput
from checkin.core.facts import Assumed, Changed, Corrected, Erased, Evacuated, Fact, Scanned, Undone
from checkin.core.layout import Layout
from checkin.core.names import query_words
from checkin.core.wording import for_staff
from checkin.exchange.tables import Cell, Column, Table, write_csv, write_json, write_xlsx
from checkin.service import exports
from checkin.service.people import names_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, audit, badges, certificates, deeds, people, stations
from checkin.store.engine import Transaction
from checkin.store.facts import Kept
from checkin.wire import Hint, iso
from checkin.words import languages, say

PAGE_MAX = 100
LOOKED_MAX = 20_000
"""So many facts are looked at for one page; then it says how far it got, and one may go on."""
EXPORTED_MAX = 200_000
IDS_NAMED_MAX = 10
TAKEN = "audit"
"""What the fact of an audit that was taken along says, in the place of a list."""
BY_NOBODY = {"clock": "by_clock", "command": "by_command", "setup": "by_setup"}
"""Who acts without being an operator or a device, and the word for it."""
WRITERS = {"csv": write_csv, "json": write_json, "xlsx": write_xlsx}

Kind = Literal["deeds", "scans", "overrides", "corrections", "evacuations", "erasures", "accounts"]
KINDS: dict[Kind, tuple[str, ...]] = {
    "deeds": ("change", "correction", "evacuation", "erasure", "undo"),
    "scans": ("scan", "undo", "assumed"),
    "overrides": ("scan",),
    "corrections": ("correction",),
    "evacuations": ("evacuation",),
    "erasures": ("erasure",),
    "accounts": (),
}

NOUNS = (
    "event",
    "layout",
    "schedule",
    "attendee",
    "badge",
    "device",
    "operator",
    "hold",
    "plan",
    "session",
    "booking",
    "block",
    "line",
    "alert",
    "door",
    "import",
    "export",
    "webhook",
    "certificate",
    "erasure",
    "fallback",
    "conflict",
)
WHATS = (
    "accepted",
    "accreditation ended",
    "accredited",
    "access given",
    "added",
    "address changed",
    "applied",
    "approved",
    "audit",
    "begun",
    "blocked",
    "booked",
    "called",
    "came back",
    "cancelled",
    "changed",
    "confirmed",
    "created",
    "disabled",
    "done",
    "ended",
    "exported",
    "factor_reset",
    "factor_set",
    "handed out",
    "imported",
    "interval changed",
    "invited",
    "issued",
    "joined",
    "lanes opened",
    "left",
    "lifted",
    "link_refused",
    "logged_out",
    "login_failed",
    "moved",
    "names",
    "needs",
    "over",
    "paired",
    "passages",
    "password_changed",
    "person",
    "print withdrawn",
    "printed",
    "proxy taken back",
    "published",
    "raised",
    "recovery_renewed",
    "recovery_used",
    "reinstated",
    "reissue taken back",
    "reissued",
    "released",
    "removed",
    "reopened",
    "represented",
    "reset",
    "restored",
    "retired",
    "revoked",
    "role_changed",
    "roster confirmed",
    "rule changed",
    "schedule off",
    "schedule on",
    "settled",
    "switched",
    "taken",
    "taken back",
    "undone",
    "walk-in taken back",
    "withdrawal taken back",
    "withdrawn",
)
"""What was done, in the words of the facts; each stands in the catalogues."""
PASSAGES = ("arrival", "entry", "reentry", "exit", "handout", "return")


class AuditQuery(Struct, frozen=True, kw_only=True):
    """What to look for. `by`: an operator or device, by id or by what the name holds, or `clock`, `command`. `q`: an
    attendee by name or number; of accounts, whose account by what the name holds. `before`: below which seq to go on;
    of accounts, below which number."""

    kind: Kind = "deeds"
    by: str = ""
    q: str = ""
    since_at: int | None = None
    until_at: int | None = None
    before: int | None = None


class About(Struct, frozen=True, kw_only=True):
    """Whom or what it concerns: an attendee (`name` empty: deleted), or an id of something else."""

    id: str
    name: str
    attendee: bool


class EntryShown(Struct, frozen=True, kw_only=True):
    """One thing that was done. `by_name` empty: an account or device that is not known any more."""

    seq: int
    at: str
    by: str
    by_name: str
    kind: str
    what: Hint
    about: list[About]
    note: str


class ActorShown(Struct, frozen=True):
    id: str
    name: str


class AuditPage(Struct, frozen=True, kw_only=True):
    """`before`: where to go on; null: that was all."""

    entries: list[EntryShown]
    before: int | None
    actors: list[ActorShown]


def read_page(tx: Transaction, venues: Venues, slug: str, query: AuditQuery) -> AuditPage:
    """The newest that fit, from `before` on back."""
    venue = venues.venue(tx, slug)
    actors = names_of(tx, venue.id)
    if query.kind == "accounts":
        entries, before = _accounts(tx, venue, query, PAGE_MAX)
    else:
        found, before = _found(tx, venue, query, actors, PAGE_MAX, LOOKED_MAX)
        entries = _shown(tx, venue, found, actors)
    shown = sorted((ActorShown(id, name) for id, name in actors.items()), key=lambda one: one.name.casefold())
    return AuditPage(entries=entries, before=before, actors=shown)


def export(tx: Transaction, venues: Venues, slug: str, query: AuditQuery, language: str = "de") -> Table:
    """All that fit, the newest first, as a table; at most `EXPORTED_MAX` entries. Each line ends with the digest of
    itself and of all before it."""
    venue = venues.venue(tx, slug)
    actors = names_of(tx, venue.id)
    if query.kind == "accounts":
        entries, _ = _accounts(tx, venue, query, EXPORTED_MAX)
    else:
        found, _ = _found(tx, venue, query, actors, EXPORTED_MAX, None)
        entries = _shown(tx, venue, found, actors)
    rows: list[tuple[Cell, ...]] = [
        (
            one.seq,
            one.at,
            one.by,
            say(BY_NOBODY[one.by], language, context="audit") if one.by in BY_NOBODY else one.by_name,
            one.kind,
            one.what.get(language, one.what["en"]),
            " ".join(about.id for about in one.about),
            "; ".join(about.name for about in one.about if about.name),
            one.note,
        )
        for one in entries
    ]
    ids = ("seq", "at", "by", "by_name", "kind", "what", "about", "names", "note", "sha256")
    columns = [Column(id=id, head=id, kind="number" if id == "seq" else "text") for id in ids]
    return Table(title=say("audit_title", language, context="audit"), columns=columns, rows=chained(rows))


def chained(rows: Sequence[tuple[Cell, ...]]) -> list[tuple[Cell, ...]]:
    """Each line with the SHA-256, in hexadecimal, of the digest before it (of the first: nothing) and of its own cells
    as a JSON array without spaces, in UTF-8."""
    digest, done = "", []
    for row in rows:
        digest = hashlib.sha256(digest.encode() + msgspec.json.encode(row)).hexdigest()
        done.append((*row, digest))
    return done


def record(tx: Transaction, venues: Venues, slug: str, table: Table, format: str, *, now: int, by: str) -> None:
    """That somebody has taken the audit along is a fact: how many lines, and the digest that the last one ends with."""
    rows = list(table.rows)
    last = str(rows[-1][-1]) if rows else ""
    exports.record(tx, venues, slug, TAKEN, format, count=len(rows), now=now, by=by, note=last)


def check_format(name: str) -> str:
    """`csv`, `xlsx` or `json`, with or without a dot. Raises `BadInput`."""
    format = name.lower().removeprefix(".")
    if format not in WRITERS:
        raise BadInput(f"“{name}” is none of: {', '.join(WRITERS)}.", code="table_unknown")
    return format


def written(table: Table, format: str) -> bytes:
    """The table as a file of a format that is known."""
    out = io.BytesIO()
    WRITERS[format](table, out)
    return out.getvalue()


def _found(
    tx: Transaction, venue: Venue, query: AuditQuery, actors: Mapping[str, str], wanted: int, looked_max: int | None
) -> tuple[list[Kept], int | None]:
    by = _named(query.by, actors)
    who = _asked(tx, venue, query.q) if query.q.strip() else None
    found: list[Kept] = []
    before = query.before if query.before is not None else 2**62
    looked = 0
    while len(found) < wanted and (looked_max is None or looked < looked_max):
        page = audit.facts_before(
            tx,
            venue.id,
            before,
            1_000,
            kinds=KINDS[query.kind],
            since_at=query.since_at,
            until_at=query.until_at,
        )
        if not page:
            return found, None
        for kept in page:
            looked += 1
            before = kept.seq
            if _fits(kept.fact, query, by, who):
                found.append(kept)
                if len(found) == wanted:
                    break
    return found, before


def _named(text: str, names: Mapping[str, str]) -> Collection[str] | None:
    """Whom a text means: the one with this id, or all whose names hold it (in any language); None: whoever it was."""
    wanted = text.strip()
    if not wanted:
        return None
    if wanted in names or wanted in BY_NOBODY:
        return {wanted}
    called = [*names.items(), *((id, name) for id, known in _nobodies().items() for name in known)]
    return {id for id, name in called if wanted.casefold() in name.casefold()}


def _nobodies() -> dict[str, list[str]]:
    """Who acts without being an operator or a device → the names for it."""
    return {id: [say(key, language, context="audit") for language in languages()] for id, key in BY_NOBODY.items()}


def _fits(fact: Fact, query: AuditQuery, by: Collection[str] | None, who: Collection[str] | None) -> bool:
    if by is not None and fact.by not in by:
        return False
    if query.kind == "overrides" and not (isinstance(fact, Scanned) and fact.decision.overridden is not None):
        return False
    return who is None or any(id in who for id in _ids(fact))


def _asked(tx: Transaction, venue: Venue, text: str) -> set[str]:
    """The attendees that a search finds, with their badges and certificates."""
    candidates = attendees.find_attendees(tx, venue.id, query_words(text), attendees.CANDIDATES_MAX)
    found = {one.id for one in candidates}
    if text.strip().isdigit():
        one = attendees.attendee_by_desk_number(tx, venue.id, int(text))
        found |= {one.id} if one is not None else set()
    held = badges.badge_ids_of(tx, venue.id, found)
    issued = certificates.certificates_of(tx, venue.id, found)
    return found | held | {str(one.number) for certified in issued.values() for one in certified}


def _ids(fact: Fact) -> tuple[str, ...]:
    match fact:
        case Scanned():
            return (fact.decision.attendee,) if fact.decision.attendee else ()
        case Assumed() | Undone():
            return (fact.attendee,) if fact.attendee else ()
        case Changed() if fact.noun == "alert":  # what it is about, not its own id
            return tuple(id for id in fact.ids[1:] if id != "*")
        case Changed():
            return fact.ids
        case Corrected():
            return (fact.area,)
        case Evacuated() | Erased():
            return ()


def _shown(tx: Transaction, venue: Venue, found: Sequence[Kept], actors: dict[str, str]) -> list[EntryShown]:
    ids = {id for kept in found for id in _ids(kept.fact)[:IDS_NAMED_MAX]}
    of_badges = badges.attendees_of_badges(tx, venue.id, ids)
    numbers = {
        id
        for kept in found
        if isinstance(kept.fact, Changed) and kept.fact.noun == "certificate"
        for id in kept.fact.ids
    }
    of_certificates = {
        str(one.number): who
        for who, held in (certificates.certificates_of(tx, venue.id) if numbers else {}).items()
        for one in held
    }
    settled = {
        id for kept in found if isinstance(kept.fact, Changed) and kept.fact.noun == "conflict" for id in kept.fact.ids
    }
    of_cases = stations.attendees_of_cases(tx, venue.id, settled) if settled else {}
    names = attendees.names_by_id(
        tx, venue.id, {*ids, *of_badges.values(), *of_certificates.values(), *of_cases.values()}
    )

    def about(fact: Fact) -> list[About]:
        told = []
        for id in _ids(fact)[:IDS_NAMED_MAX]:
            of_number = isinstance(fact, Changed) and fact.noun == "certificate"
            who = of_certificates.get(id, id) if of_number else of_badges.get(id, of_cases.get(id, id))
            if who in names:
                told.append(About(id=who, name=names[who][0], attendee=True))
            else:
                name = _thing(id, venue) or actors.get(id) or actors.get(f"device:{id}", "")
                of_alert = isinstance(fact, Changed) and fact.noun == "alert"  # else about a printer, by its name
                told.append(About(id=id, name=name or (id if of_alert else ""), attendee=False))
        return told

    return [
        EntryShown(
            seq=kept.seq,
            at=iso(_at(kept.fact), venue.layout),
            by=kept.fact.by,
            by_name=actors.get(kept.fact.by, ""),
            kind=_kind(kept.fact),
            what={language: sentence(kept.fact, language, venue.layout) for language in languages()},
            about=about(kept.fact),
            note=_note(kept.fact),
        )
        for kept in found
    ]


def _thing(id: str, venue: Venue) -> str:
    layout = venue.layout
    if id in layout.areas:
        return layout.areas[id].name
    if id in layout.doors:
        return layout.doors[id].name
    session = venue.programme.sessions.get(id)
    return session.title if session is not None else ""


def sentence(fact: Fact, language: str, layout: Layout) -> str:
    """What happened, without whom: `{noun}: {what}` of a change, door and passage of a scan."""

    def told(key: str, **values: str | int) -> str:
        return say(key, language, context="audit", **values)

    match fact:
        case Scanned():
            door = layout.doors[fact.door].name if fact.door in layout.doors else fact.door
            decision = fact.decision
            if decision.refusal is not None:
                reason = say(for_staff(decision.refusal.listed).key, language, context="door")
                return told("scan_refused", door=door, reason=reason)
            passage = told(decision.kind) if decision.kind in PASSAGES else ""
            if fact.paper:
                return told("scan_paper", door=door, passage=passage)
            if decision.overridden is not None:
                reason = say(for_staff(decision.overridden).key, language, context="door")
                return told("scan_overridden", door=door, passage=passage, reason=reason)
            return told("scan", door=door, passage=passage)
        case Corrected():
            if fact.headcount is not None:
                return told("headcount", count=fact.headcount)
            return told("correction", change=f"{fact.change:+d}")
        case Evacuated():
            return told(EVACUATED[fact.what, fact.drill])
        case Assumed():
            return told("assumed")
        case Undone():
            return told("scan_undone")
        case Erased():
            return told("erased", what=_word(fact.what, language))
        case Changed():
            noun = told(fact.noun) if fact.noun in NOUNS else fact.noun
            what = _word(fact.what, language)
            if fact.noun == "alert" and fact.note in ALERTS:
                return told("deed_about", noun=noun, kind=told(ALERTS[fact.note]), what=what)
            if fact.noun == "conflict" and fact.note in VERDICTS:
                return told("deed_about", noun=noun, kind=told(VERDICTS[fact.note]), what=what)
            if fact.noun == "export" and fact.what in exports.KINDS:
                what = say(fact.what, language, context="list")
            if fact.fields:
                fields = ", ".join(_field(name, value, language, layout) for name, value in fact.fields)
                return told("deed_fields", noun=noun, what=what, fields=fields)
            return told(
                "deed_counted" if (fact.count or 0) > 1 else "deed", noun=noun, what=what, count=fact.count or 0
            )


EVACUATED = {
    ("begun", False): "evacuation_begun",
    ("ended", False): "evacuation_ended",
    ("withdrawn", False): "evacuation_withdrawn",
    ("begun", True): "drill_begun",
    ("ended", True): "drill_ended",
    ("withdrawn", True): "evacuation_withdrawn",
}


ALERTS = {
    "restored": "alert_restored",
    "area": "alert_area",
    "queue": "alert_queue",
    "door_silent": "alert_door_silent",
    "printer": "alert_printer",
    "clock_off": "alert_clock_off",
    "drift": "alert_drift",
    "not_step_free": "alert_not_step_free",
    "overbooked": "alert_overbooked",
    "kept_too_many": "alert_kept_too_many",
    "room_twice": "alert_room_twice",
    "conflict": "alert_conflict",
}
"""What an alert is about, by the kinds of `core/alerts.py`."""


VERDICTS = {
    "same_person": "verdict_same_person",
    "passed_on": "verdict_passed_on",
    "copy": "verdict_copy",
    "clock_wrong": "verdict_clock_wrong",
    "looked_into": "verdict_looked_into",
}
"""As what a conflict was settled, by the verdicts of `core/conflict.py`."""


FIELDS = {"listed": "field_listed", "photo": "field_photo"}


def _field(name: str, value: str, language: str, layout: Layout) -> str:
    """A field that changed, as lists name it, with the value that a fact carries of it."""
    head = say(FIELDS[name], language, context="audit") if name in FIELDS else say(name, language, context="list")
    if name == "group" and value in layout.groups:
        value = layout.groups[value].name
    elif value:
        value = say(value, language, context="list")
    return f"{head}: {value}" if value else head


def _word(what: str, language: str) -> str:
    """What was done; a thing that there are no words for is named as the fact names it."""
    return say(what, language, context="audit") if what in WHATS else what


def _kind(fact: Fact) -> str:
    return fact.noun if isinstance(fact, Changed) else str(fact.__struct_config__.tag)


def _at(fact: Fact) -> int:
    return fact.received_at if isinstance(fact, Scanned) else fact.at


def _note(fact: Fact) -> str:
    match fact:
        case Scanned():  # a line of a paper list says so in its sentence
            return "" if fact.paper else fact.override or ""
        case Changed() if fact.noun == "alert" and fact.note in ALERTS:
            return ""
        case Changed() if fact.noun == "conflict" and fact.note in VERDICTS:
            return ""
        case Corrected() | Changed():
            return fact.note
    return ""


def _accounts(tx: Transaction, venue: Venue, query: AuditQuery, wanted: int) -> tuple[list[EntryShown], int | None]:
    """What was done to accounts, in all of this service."""
    names = {f"operator:{id}": name for id, name in people.operator_names(tx).items()}
    by, about = _named(query.by, names), _named(query.q, names)
    found: list[EntryShown] = []
    before = query.before
    while page := deeds.load_deeds(tx, PAGE_MAX, before):
        for deed in page:
            before = deed.number
            if (
                (by is None or deed.by in by)
                and (about is None or deed.about in about)
                and (query.since_at is None or deed.at >= query.since_at)
                and (query.until_at is None or deed.at < query.until_at)
            ):
                found.append(_deed(deed, venue, names))
            if len(found) == wanted:
                return found, before
    return found, None


def _deed(deed: deeds.Deed, venue: Venue, names: Mapping[str, str]) -> EntryShown:
    return EntryShown(
        seq=deed.number,
        at=iso(deed.at, venue.layout),
        by=deed.by,
        by_name=names.get(deed.by, ""),
        kind="account",
        what={
            language: say("account", language, context="audit", what=_word(deed.what, language))
            for language in languages()
        },
        about=[About(id=deed.about, name=names.get(deed.about, ""), attendee=False)] if deed.about else [],
        note=deed.note,
    )
