"""Lists out: what is in each, who may have it, and that somebody has taken it.

A list is one moment of the event: it is read page by page in one transaction that only reads, on a connection
of its own (`Store.snapshot`), so that no door waits for it. Its rows go straight into the file; a printed one is set
when the reading is over. What a long event keeps in memory meanwhile is the names in their order and, for
attendance, everybody's moves.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import BinaryIO, Literal, Protocol, TypeVar

from babel.dates import format_date
from msgspec import Struct

from checkin.badges.joining import Told, nobody_told
from checkin.badges.lists import LIST_ROWS_MAX, PrintedColumn, PrintedList, render_list, too_long
from checkin.core.attendance import Stay, Trails, shows
from checkin.core.catering import EVERYBODY, OTHERS, SAME_DIET_MIN, Wishes
from checkin.core.errors import BadInput, NotFound
from checkin.core.facts import Changed, Scanned
from checkin.core.model import Attendee, Session
from checkin.core.names import sort_key
from checkin.core.occupancy import Presence
from checkin.core.roles import Permission
from checkin.core.schedule import MINUTE_MS
from checkin.core.wording import for_staff
from checkin.exchange import tables
from checkin.exchange.tables import Column, Format, Row, Table, texts
from checkin.service.journal import Journal
from checkin.service.venues import Venues
from checkin.service.works import Steps
from checkin.store import attendees, erasure, exports, facts, presences, sessions
from checkin.store.engine import Transaction
from checkin.store.erasure import Stage
from checkin.store.exports import Entry
from checkin.words import say

T = TypeVar("T")

PAGE_ATTENDEES = 500
PAGE_ENTRIES = 5_000
PAGE_PASSAGES = 5_000
PREVIEW_ROWS = 8
EXPORTS_LOOKED_BACK = 5_000
PRESS_GROUPS = {"presse", "press"}
LANGUAGES = ("de", "en")
CONTEXT = "list"
"""Of the words in the catalogues: heads of columns, names of lists and of values."""
ATTENDEE_FIELDS = (
    "id",
    "group",
    "given_name",
    "family_name",
    "registration",
    "salutation",
    "title",
    "organisation",
    "department",
    "position",
    "postcode",
    "town",
    "state",
    "email",
    "phone",
    "language",
    "diet",
    "needs",
    "wheelchair",
    "listed",
    "photo",
    "chamber_number",
    "booking_number",
    "ticket",
    "registered_on",
    "remark",
)
"""Everything that is kept of an attendee, as the list of all names it."""
ERASED: Mapping[Stage, str] = {"needs": "needsGone", "passages": "passagesGone", "names": "namesGone"}
"""What a list says that has lost something by it."""
OF_SCANS = {"attendance", "times", "sessions", "doors", "scans"}
"""Lists that are made of scans: where an event has no doors, they say why they are empty."""
QUARTER_MS = 15 * MINUTE_MS
Step = Literal["facts", "names", "people"]
COSTS: Mapping[Step | Literal["setting"], float] = {"facts": 1.0, "names": 0.5, "people": 4.0, "setting": 25.0}
"""How long one takes beside the others (measured): a fact read, a name, a person's row, a row that is printed."""


class Read(Protocol):
    """Runs a transaction that only reads, from a thread that may wait for it."""

    def __call__(self, work: Callable[[Transaction], T], /) -> T: ...


class Wanted(Struct, frozen=True, kw_only=True):
    """What somebody asks for. `language` None: for programs. `session`: only this one's attendance."""

    kind: str
    format: Format
    language: str | None = "de"
    separator: str = ";"
    session: str | None = None


class Kind(Struct, frozen=True, kw_only=True):
    """A list: its name in URLs, who may have it, how it is made, and what is read for that."""

    id: str
    permission: Permission
    table: Callable[[Source], Table]
    reads: Sequence[Step]


class PreviewShown(Struct, frozen=True):
    """The heads and first rows of a list; `more`: there are others. `notes`: what one must know to read it."""

    heads: list[str]
    rows: list[list[str]]
    more: bool
    notes: list[str]


class Source:
    """What the tables are made from: one event, read page by page."""

    def __init__(
        self, read: Read, venues: Venues, slug: str, wanted: Wanted, now: int, told: Told = nobody_told
    ) -> None:
        self.read = read
        self.now = now
        self.language = wanted.language
        self.session = wanted.session
        self.venue = read(lambda tx: venues.venue(tx, slug))
        self.layout = self.venue.layout
        self.programme = self.venue.programme
        self.erased = read(lambda tx: erasure.load_schedule(tx, self.venue.id)).done_at
        self.people_total, self.facts_total = read(lambda tx: exports.counts(tx, self.venue.id))
        self.steps = Steps(told, self._shares(wanted))

    def _shares(self, wanted: Wanted) -> dict[str, float]:
        steps = kind_of(wanted.kind).reads
        counts: dict[Step, int] = {"facts": self.facts_total, "names": self.people_total, "people": self.people_total}
        shares: dict[str, float] = {step: COSTS[step] * counts[step] for step in steps}
        if wanted.format == "pdf":
            rows = self.people_total if "people" in steps else self.facts_total if wanted.kind == "scans" else 0
            shares["setting"] = COSTS["setting"] * rows
        return shares

    def word(self, key: str, **values: str | int) -> str:
        return say(key, self.language or "de", context=CONTEXT, **values)

    def reason(self, reason: str) -> str:
        """Why a door refuses, as the staff's lists say it."""
        return say(for_staff(reason).key, self.language or "de", context="door")

    def words(self, **keys: str) -> Mapping[str, str]:
        """value → its word."""
        return {value: self.word(key) for value, key in keys.items()}

    def table(self, title: str, columns: Sequence[Column], rows: Iterator[Row], notes: Sequence[str] = ()) -> Table:
        said = [*notes, *(self._gone(stage, at) for stage, at in self.erased.items())]
        if title in OF_SCANS and not self.layout.doors:
            said.append(self.word("noDoors"))
        return Table(title=self.word(title), columns=columns, rows=rows, language=self.language, notes=said)

    def _gone(self, stage: Stage, at: int) -> str:
        day = dt.datetime.fromtimestamp(at / 1000, self.layout.zone).date()
        return self.word(
            ERASED[stage], date=format_date(day, "long", locale="en_GB" if self.language == "en" else "de")
        )

    def column(self, id: str, key: str | None = None, **how: object) -> Column:
        if how.get("kind") == "truth":
            how["words"] = self.words(yes="yes", no="no")
        return Column(id=id, head=self.word(key or id), **how)  # type: ignore[arg-type]

    def group_column(self, *, paper: bool = True) -> Column:
        names = {group.id: group.name for group in self.layout.groups.values()}
        return self.column("group", words=names, paper=paper)

    def name(self, person: Attendee) -> str:
        """For people as the list is ordered, the family name first."""
        if self.language is None:
            return person.name
        rest = " ".join(part for part in (person.title, person.given_name) if part)
        return f"{person.family_name}, {rest}" if rest else person.family_name

    @property
    def doors(self) -> dict[str, str]:
        """door → what it is called: one without a name by its id."""
        return {door.id: door.name.strip() or door.id for door in self.layout.doors.values()}

    def moment(self, at: int | None) -> dt.datetime | None:
        return None if at is None else dt.datetime.fromtimestamp(at / 1000, self.layout.zone)

    def entries(self) -> Iterator[Entry]:
        after, done = "", 0
        while page := self._entries_after(after):
            yield from page
            after, done = page[-1].id, done + len(page)
            self.steps.at("names", done, self.people_total)

    def ordered(self, wanted: Callable[[Entry], bool]) -> list[str]:
        """The ids of those who are in a list, by their names (DIN 5007 variant 2)."""
        keyed = [(*sort_key(one.family_name, one.given_name), one.id) for one in self.entries() if wanted(one)]
        keyed.sort()
        return [key[-1] for key in keyed]

    def people(
        self, ids: Sequence[str], more: Callable[[Transaction, list[str]], Mapping[str, T]]
    ) -> Iterator[tuple[Attendee, T | None]]:
        """Each of these attendees in this order, with what `more` tells of them."""
        for first in range(0, len(ids), PAGE_ATTENDEES):
            self.steps.at("people", first, len(ids))
            page = list(ids[first : first + PAGE_ATTENDEES])
            loaded, told = self._page(page, more)
            found = {one.id: one for one in loaded}
            for id in page:
                if id in found:  # else deleted meanwhile
                    yield found[id], told.get(id)

    def everything(self) -> Iterator[facts.Kept]:
        seq = 0
        while page := self._facts_since(seq):
            yield from page
            seq = page[-1].seq
            self.steps.at("facts", seq, self.facts_total)

    def passages(self) -> Iterator[exports.Passage]:
        seq = 0
        while page := self._passages_since(seq):
            yield from page
            seq = page[-1].seq
            self.steps.at("facts", seq, self.facts_total)

    def trails(self) -> Trails:
        trails = Trails()
        for kept in self.everything():
            trails.add(kept.fact)
        return trails

    @property
    def ends_at(self) -> int:
        """Until when whoever is inside is taken to stay: not beyond the programme."""
        return min(self.now, self.programme.ends_at or self.now)

    def _entries_after(self, after: str) -> list[Entry]:
        return self.read(lambda tx: exports.entries_after(tx, self.venue.id, after, PAGE_ENTRIES))

    def _facts_since(self, seq: int) -> list[facts.Kept]:
        return self.read(lambda tx: facts.facts_since(tx, self.venue.id, seq, facts.PAGE_FACTS_MAX))

    def _passages_since(self, seq: int) -> list[exports.Passage]:
        return self.read(lambda tx: exports.passages_since(tx, self.venue.id, seq, PAGE_PASSAGES))

    def _page(
        self, page: list[str], more: Callable[[Transaction, list[str]], Mapping[str, T]]
    ) -> tuple[list[Attendee], Mapping[str, T]]:
        return self.read(lambda tx: (attendees.attendees_by_id(tx, self.venue.id, page), more(tx, page)))


def read_list(
    read: Read, venues: Venues, slug: str, wanted: Wanted, out: BinaryIO, *, now: int, told: Told = nobody_told
) -> Callable[[], int]:
    """Read a list of an event, and write it into a file that can seek. Runs long: in a snapshot. Returns what
    completes the file (a printed list is set then) and gives its rows; it reads nothing more. `told` hears how far
    both are.

    Raises `NotFound` for an unknown list or session, `BadInput` for an unknown language, `TooLarge` where
    the format does not hold so many rows.
    """
    table, source = _table(read, venues, slug, wanted, now, told)
    match wanted.format:
        case "csv":
            count = tables.write_csv(table, out, separator=wanted.separator)
        case "xlsx":
            count = tables.write_xlsx(table, out)
        case "json":
            count = tables.write_json(table, out)
        case "pdf":
            printed = _printed(table, source)

            def typeset() -> int:
                out.write(render_list(printed, source.steps.of("setting")))
                return len(printed.rows)

            return typeset
    return lambda: count


def preview(read: Read, venues: Venues, slug: str, wanted: Wanted, *, now: int) -> PreviewShown:
    """The first rows of a list as a printed one would show them. Raises as `read_list`."""
    table, _ = _table(read, venues, slug, wanted, now)
    kept = [at for at, column in enumerate(table.columns) if column.paper]
    rows = [[row[at] for at in kept] for row in islice(texts(table), PREVIEW_ROWS + 1)]
    return PreviewShown(
        [table.columns[at].head for at in kept], rows[:PREVIEW_ROWS], len(rows) > PREVIEW_ROWS, [*table.notes]
    )


def record(
    tx: Transaction, venues: Venues, slug: str, kind: str, format: str, *, count: int, now: int, by: str, note: str = ""
) -> None:
    """Somebody has taken a list: which, as what, how many rows; never whose."""
    journal = Journal(tx, venues.id(tx, slug))
    journal.add(Changed(noun="export", what=kind, at=now, by=by, ids=(format,), count=count, note=note))
    journal.write()


def last_exports(tx: Transaction, venues: Venues, slug: str) -> dict[str, Changed]:
    """list → when it was taken last, by whom."""
    return exports.last_exports(tx, venues.id(tx, slug), EXPORTS_LOOKED_BACK)


def kind_of(id: str) -> Kind:
    """Raises `NotFound` that names the known ones."""
    if id not in KINDS:
        raise NotFound(f"There is no list “{id}”. There are: {', '.join(KINDS)}.", code="list_unknown")
    return KINDS[id]


def _table(
    read: Read, venues: Venues, slug: str, wanted: Wanted, now: int, told: Told = nobody_told
) -> tuple[Table, Source]:
    if wanted.language not in (*LANGUAGES, None):
        raise BadInput(f"Lists speak {' and '.join(LANGUAGES)}.", code="language_unknown")
    source = Source(read, venues, slug, wanted, now, told)
    return kind_of(wanted.kind).table(source), source


def _printed(table: Table, source: Source) -> PrintedList:
    kept = [at for at, column in enumerate(table.columns) if column.paper]
    whole = {at for at in kept if table.columns[at].kind == "time"}  # no line breaks between day and hour
    rows = [
        [row[at].replace(" ", "\u00a0") if at in whole else row[at] for at in kept]
        for row in islice(texts(table), LIST_ROWS_MAX + 1)
    ]
    if len(rows) > LIST_ROWS_MAX:
        raise too_long()
    language = source.language or "de"
    now = dt.datetime.fromtimestamp(source.now / 1000, source.layout.zone)
    return PrintedList(
        title=table.title,
        event=source.layout.event.name,
        stand=source.word("asOf", time=tables.shown(now, table.columns[0], language)),
        page_of=source.word("pageOf", page="{page}", pages="{pages}"),
        page_only=source.word("pageOnly", page="{page}"),
        empty=source.word("emptyList"),
        language=language,
        date=now.astimezone(dt.UTC).replace(microsecond=0),
        columns=[
            PrintedColumn(head=table.columns[at].head, number=table.columns[at].kind in ("number", "percent"))
            for at in kept
        ],
        rows=rows,
        notes=table.notes,
    )


def _attendees(source: Source) -> Table:
    """Everybody with registration and badge."""
    registrations = source.words(registered="registered", waiting="waiting", cancelled="cancelled")
    on_paper = {"family_name", "given_name", "organisation", "town", "group", "registration", "desk_number"}
    words = {"registration": registrations, "group": source.group_column().words}
    truths = {"wheelchair", "listed", "photo"}
    columns = [
        source.column(
            field,
            paper=field in on_paper,
            words=words.get(field, {}),
            kind="truth" if field in truths else "text",
        )
        for field in ATTENDEE_FIELDS
    ]
    columns += [
        source.column("desk_number", kind="number"),
        source.column("badge_generation", kind="number", paper=False),
    ]

    def rows() -> Iterator[Row]:
        ids = source.ordered(lambda one: True)
        for person, badge in source.people(ids, exports.desk_numbers):
            fields = [getattr(person, field) for field in ATTENDEE_FIELDS]
            yield (*fields, *(badge or (None, None)))

    return source.table("attendees", columns, rows())


def _participants(source: Source) -> Table:
    """Those who agreed to stand in it, and nobody else; a consent withdrawn counts at once."""
    hidden = {group.id for group in source.layout.groups.values() if group.hidden}
    columns = [source.column(id) for id in ("family_name", "given_name", "title", "position", "organisation", "town")]
    coming = [one for one in source.entries() if one.registration == "registered" and not one.represented]
    ids = source.ordered(
        lambda one: one.listed and one.registration == "registered" and not one.represented and one.group not in hidden
    )

    def rows() -> Iterator[Row]:
        for person, _ in source.people(ids, _nothing):
            if person.listed:  # withdrawn while this is read
                yield (
                    person.family_name,
                    person.given_name,
                    person.title,
                    person.position,
                    person.organisation,
                    person.town,
                )

    note = source.word("notNamed", registered=len(coming), count=len(coming) - len(ids))
    return source.table("participants", columns, rows(), [note])


def _attendance(source: Source) -> Table:
    """Who was here: first arrival, last exit, minutes that scans have shown, and minutes without an exit."""
    columns = [
        source.column("attendee", paper=False),
        source.column("name"),
        source.column("organisation"),
        source.group_column(),
        source.column("arrived_at", kind="time"),
        source.column("left_at", kind="time"),
        source.column("minutes", kind="number"),
        source.column("minutes_unproven", kind="number"),
        source.column("assumed", kind="truth"),
        source.column("inside", words={area.id: area.name for area in source.layout.areas.values()}),
        source.column("since_at", kind="time", paper=False),
        source.column("door", paper=False, words=source.doors),
    ]

    def rows() -> Iterator[Row]:
        trails = source.trails()
        present = set(trails.people())
        for person, there in source.people(source.ordered(lambda one: one.came), presences.presences_of):
            if there is None:
                continue
            stays = trails.stays(person.id, source.ends_at) if person.id in present else []
            visits = _visits(stays)
            inside = there.area is not None
            yield (
                person.id,
                source.name(person),
                person.organisation,
                person.group,
                source.moment(visits[0].from_at if visits else _arrived(there)),
                None if inside or not visits else source.moment(visits[-1].until_at),
                _minutes(sum(_spent(stay) for stay in stays if not stay.assumed)) if stays else None,
                _minutes(sum(_spent(stay) for stay in stays if stay.assumed)) if stays else None,
                bool(visits) and visits[-1].assumed and not inside,
                there.area,
                source.moment(there.since_at if _arrived(there) is not None else None),
                there.door,
            )

    return source.table("attendance", columns, rows(), [source.word("unprovenNote")])


def _times(source: Source) -> Table:
    """Every coming and going of the house."""
    columns = [
        source.column("attendee", paper=False),
        source.column("name"),
        source.column("organisation"),
        source.group_column(),
        source.column("came_at", kind="time"),
        source.column("left_at", kind="time"),
        source.column("assumed", kind="truth"),
    ]

    def rows() -> Iterator[Row]:
        trails = source.trails()
        present = set(trails.people())
        for person, there in source.people(source.ordered(lambda one: one.id in present), presences.presences_of):
            visits = _visits(trails.stays(person.id, source.ends_at))
            for visit in visits:
                inside = visit is visits[-1] and there is not None and there.area is not None
                yield (
                    person.id,
                    source.name(person),
                    person.organisation,
                    person.group,
                    source.moment(visit.from_at),
                    None if inside else source.moment(visit.until_at),
                    visit.assumed and not inside,
                )

    return source.table("times", columns, rows())


def _sessions(source: Source) -> Table:
    """Each session with those who were in its room during it, and those who had booked and were not."""
    columns = [
        source.column("session", paper=False),
        source.column("session_title"),
        source.column("room", paper=False, words={area.id: area.name for area in source.layout.areas.values()}),
        source.column("starts_at", kind="time"),
        source.column("attendee", paper=False),
        source.column("name"),
        source.column("organisation"),
        source.group_column(paper=False),
        source.column("booked", kind="truth"),
        source.column("came", kind="truth"),
        source.column("minutes", kind="number"),
        source.column("minutes_unproven", kind="number"),
    ]
    programme = source.programme
    chosen = [programme.session(source.session)] if source.session else list(programme.sessions.values())
    chosen = [session for session in chosen if not session.cancelled]
    known_no_more = "passages" in source.erased

    def rows() -> Iterator[Row]:
        trails = source.trails()
        booked = source.read(lambda tx: sessions.sessions_of_attendees(tx, source.venue.id))
        present = set(trails.people())
        ids = source.ordered(lambda one: one.id in present or one.id in booked)
        stays = {id: trails.stays(id, source.ends_at) for id in present}
        for session in chosen:
            spent = {id: _in_session(stays[id], session, source) for id in ids if id in stays}
            wanted = [id for id in ids if any(spent.get(id, (0, 0))) or session.id in booked.get(id, ())]
            for person, _ in source.people(wanted, _nothing):
                proven, unproven = spent.get(person.id, (0, 0))
                yield (
                    session.id,
                    session.title,
                    session.area,
                    source.moment(session.starts_at),
                    person.id,
                    source.name(person),
                    person.organisation,
                    person.group,
                    session.id in booked.get(person.id, ()),
                    None if known_no_more else proven + unproven > 0,
                    None if known_no_more else _minutes(proven),
                    None if known_no_more else _minutes(unproven),
                )

    return source.table("sessions", columns, rows(), [source.word("unprovenNote")])


def _doors(source: Source) -> Table:
    """Each door by the hour: entries, exits, what was handed out, refusals by their reasons."""
    counts: dict[tuple[str, int], Counter[str]] = {}
    reasons: Counter[str] = Counter()
    hours: dict[int, int] = {}
    for one in source.passages():
        quarter = one.at // QUARTER_MS
        if quarter not in hours:
            at = dt.datetime.fromtimestamp(one.at / 1000, source.layout.zone)
            hours[quarter] = round(at.replace(minute=0, second=0, microsecond=0).timestamp() * 1000)
        counted = counts.setdefault((one.door, hours[quarter]), Counter())
        counted["refused" if one.passage is None else one.passage] += 1
        if one.reason is not None:
            counted[f"reason {one.reason}"] += 1
            reasons[one.reason] += 1
    columns = [
        source.column("door", paper=False),
        source.column("door_name"),
        source.column("hour", kind="time"),
        source.column("entries", kind="number"),
        source.column("exits", kind="number"),
        source.column("handouts", kind="number"),
        source.column("refused", kind="number"),
        *(Column(id=reason, head=source.reason(reason), kind="number") for reason, _ in reasons.most_common()),
    ]
    doors = list(source.layout.doors)
    places = {door: place for place, door in enumerate(doors)}

    def rows() -> Iterator[Row]:
        for (door, hour), counted in sorted(
            counts.items(), key=lambda item: (places.get(item[0][0], len(doors)), item[0])
        ):
            yield (
                door,
                source.doors.get(door, door),
                source.moment(hour),
                counted["arrival"] + counted["entry"] + counted["reentry"],
                counted["exit"],
                counted["handout"],
                counted["refused"],
                *(counted[f"reason {reason}"] for reason, _ in reasons.most_common()),
            )

    return source.table("doors", columns, rows())


def _scans(source: Source) -> Table:
    """Every scan in its order, with ids alone."""
    columns = [
        source.column("seq", kind="number", paper=False),
        source.column("received_at", kind="time", paper=False),
        source.column("scanned_at", kind="time"),
        source.column("door"),
        source.column("direction", words=source.words(entry="entry", exit="exit")),
        source.column("outcome", words=source.words(admitted="admitted", refused="refused_one")),
        source.column(
            "kind",
            words=source.words(
                arrival="arrival",
                entry="entry",
                reentry="reentry",
                exit="exit",
                handout="handout",
                **{"return": "return"},
            ),
        ),
        source.column("reason"),
        source.column("attendee"),
    ]

    def rows() -> Iterator[Row]:
        for kept in source.everything():
            fact = kept.fact
            if not isinstance(fact, Scanned):
                continue
            decision = fact.decision
            yield (
                kept.seq,
                source.moment(fact.received_at),
                source.moment(fact.scanned_at),
                fact.door,
                fact.direction,
                decision.outcome,
                decision.kind,
                decision.refusal.listed if decision.refusal else None,
                decision.attendee,
            )

    return source.table("scans", columns, rows())


def _catering(source: Source) -> Table:
    """How many want which food: everybody, then group by group, without names. After the wishes were deleted:
    the numbers that were kept."""
    portions = source.read(lambda tx: erasure.kept_catering(tx, source.venue.id))
    if portions is None:
        portions = wishes_of(source.entries()).portions([*source.layout.groups])
    names = {
        EVERYBODY: source.word("everybody"),
        OTHERS: source.word("otherGroups"),
        **{group.id: group.name for group in source.layout.groups.values()},
    }
    columns = [
        source.column("group"),
        source.column("diet"),
        source.column("registered", "registered_count", kind="number"),
        source.column("came", "came_count", kind="number"),
    ]

    def rows() -> Iterator[Row]:
        for one in portions:
            word = source.word("rareDiets") if one.diet is None else one.diet or source.word("notSaid")
            yield names.get(one.group, one.group), word, one.meals.registered, one.meals.came

    return source.table("catering", columns, rows(), [source.word("cateringNote", count=SAME_DIET_MIN)])


def wishes_of(entries: Iterable[Entry]) -> Wishes:
    """What those want to eat who are expected or came."""
    wishes = Wishes()
    for one in entries:
        if not one.represented and (one.registration == "registered" or one.came):
            wishes.add(one.group, one.diet, registered=one.registration == "registered", came=one.came)
    return wishes


def _no_shows(source: Source) -> Table:
    """Each group: registered, came, no-show, walk-ins; without names."""
    walked_in = {
        id
        for kept in source.everything()
        if isinstance(kept.fact, Changed) and (kept.fact.noun, kept.fact.what) == ("attendee", "added")
        for id in kept.fact.ids
    }
    counts: dict[str, Counter[str]] = {}
    for one in source.entries():
        counted = counts.setdefault(one.group, Counter())
        if one.id in walked_in:
            counted["walk_ins"] += one.came
        elif one.registration == "registered" and not one.represented:
            counted["registered"] += 1
            counted["came"] += one.came
    columns = [
        source.column("group"),
        source.column("registered", "registered_count", kind="number"),
        source.column("came", "came_count", kind="number"),
        source.column("no_show", kind="number"),
        source.column("no_show_percent", kind="percent"),
        source.column("walk_ins", kind="number"),
        source.column("present", kind="number"),
    ]

    def rows() -> Iterator[Row]:
        total: Counter[str] = Counter()
        for group in source.layout.groups.values():
            counted = counts.get(group.id, Counter())
            total.update(counted)
            if counted:
                yield _no_show_row(group.name, counted)
        yield _no_show_row(source.word("everybody"), total)

    return source.table("no_shows", columns, rows())


def _no_show_row(name: str, counted: Counter[str]) -> Row:
    registered, came, walk_ins = counted["registered"], counted["came"], counted["walk_ins"]
    missing = registered - came
    share = round(100 * missing / registered) if registered else None
    return name, registered, came, missing, share, walk_ins, came + walk_ins


def _press(source: Source) -> Table:
    """The press, and whoever else enters only once accredited: who is, how to reach them, who came."""
    groups = {group.id for group in source.layout.groups.values() if group.accredited or group.id in PRESS_GROUPS}
    columns = [
        source.column("family_name"),
        source.column("given_name"),
        source.column("organisation", "medium"),
        source.column("position"),
        source.column("email"),
        source.column("phone"),
        source.column("accredited", kind="truth"),
        source.column("arrived_at", kind="time"),
    ]

    def told(tx: Transaction, ids: list[str]) -> dict[str, tuple[bool, int | None]]:
        there = presences.presences_of(tx, ids)
        standings = attendees.standings(tx, source.venue.id, ids)
        return {id: (standings[id].accredited, _arrived(there.get(id))) for id in standings}

    def rows() -> Iterator[Row]:
        ids = source.ordered(
            lambda one: one.group in groups and one.registration != "cancelled" and one.family_name != ""
        )
        for person, more in source.people(ids, told):
            accredited, arrived_at = more or (False, None)
            yield (
                person.family_name,
                person.given_name,
                person.organisation,
                person.position,
                person.email,
                person.phone,
                accredited,
                source.moment(arrived_at),
            )

    return source.table("press", columns, rows())


def _protocol(source: Source) -> Table:
    """The groups that the normal search hides: who is expected, who is here, and where."""
    groups = {group.id for group in source.layout.groups.values() if group.hidden}
    columns = [
        source.column("salutation"),
        source.column("title"),
        source.column("given_name"),
        source.column("family_name"),
        source.column("position"),
        source.column("organisation"),
        source.group_column(),
        source.column("arrived_at", kind="time"),
        source.column("inside", words={area.id: area.name for area in source.layout.areas.values()}),
    ]

    def rows() -> Iterator[Row]:
        ids = source.ordered(lambda one: one.group in groups and one.registration != "cancelled")
        for person, there in source.people(ids, presences.presences_of):
            yield (
                person.salutation,
                person.title,
                person.given_name,
                person.family_name,
                person.position,
                person.organisation,
                person.group,
                source.moment(_arrived(there)),
                there.area if there else None,
            )

    return source.table("protocol", columns, rows())


KINDS = {
    kind.id: kind
    for kind in (
        Kind(id="attendees", permission="manage", table=_attendees, reads=("names", "people")),
        Kind(id="participants", permission="manage", table=_participants, reads=("names", "people")),
        Kind(id="attendance", permission="manage", table=_attendance, reads=("facts", "names", "people")),
        Kind(id="times", permission="manage", table=_times, reads=("facts", "names", "people")),
        Kind(id="sessions", permission="manage", table=_sessions, reads=("facts", "names", "people")),
        Kind(id="doors", permission="manage", table=_doors, reads=("facts",)),
        Kind(id="scans", permission="manage", table=_scans, reads=("facts",)),
        Kind(id="no_shows", permission="manage", table=_no_shows, reads=("facts", "names")),
        Kind(id="catering", permission="manage", table=_catering, reads=("names",)),
        Kind(id="press", permission="protocol", table=_press, reads=("names", "people")),
        Kind(id="protocol", permission="protocol", table=_protocol, reads=("names", "people")),
    )
}


def _nothing(tx: Transaction, ids: list[str]) -> Mapping[str, None]:
    return {}


def _arrived(there: Presence | None) -> int | None:
    """When somebody came; None: never, or it was deleted, of everybody or at their wish."""
    if there is None or (there.area is None and not there.door and there.since_at == there.arrived_at):
        return None
    return there.arrived_at


class _Visit(Struct):
    """One coming and going of the house."""

    from_at: int
    until_at: int
    assumed: bool


def _visits(stays: Sequence[Stay]) -> list[_Visit]:
    """Stays that follow on one another, joined."""
    found: list[_Visit] = []
    for stay in stays:
        if found and stay.from_at <= found[-1].until_at and not found[-1].assumed:
            found[-1].until_at, found[-1].assumed = stay.until_at, stay.assumed
        else:
            found.append(_Visit(stay.from_at, stay.until_at, stay.assumed))
    return found


def _in_session(stays: Sequence[Stay], session: Session, source: Source) -> tuple[int, int]:
    """Milliseconds in a session's room, or where it is shown too, while it runs: by scans, and without an exit."""
    spent = [0, 0]
    for stay in stays:
        overlap_ms = min(stay.until_at, session.ends_at) - max(stay.from_at, session.starts_at)
        if overlap_ms > 0 and shows(stay.area, session, source.programme, source.layout):
            spent[stay.assumed] += overlap_ms
    return spent[0], spent[1]


def _spent(stay: Stay) -> int:
    return stay.until_at - stay.from_at


def _minutes(spent_ms: int) -> int:
    """Whole minutes, rounded down: none is invented."""
    return spent_ms // MINUTE_MS
