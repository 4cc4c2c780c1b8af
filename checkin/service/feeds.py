"""The programme for other programs: as files, and as feeds that calendars follow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from checkin.core.errors import NotFound
from checkin.core.facts import Changed
from checkin.exchange.schedule import frab_json
from checkin.exchange.schedule_out import Revision, frab_xml, icalendar, xcal
from checkin.service.journal import Journal
from checkin.service.venues import Venue, Venues
from checkin.store import facts, feeds
from checkin.store.engine import Transaction

Form = Literal["json", "xml", "ics", "xcal"]
MEDIA_TYPES: dict[Form, str] = {
    "json": "application/json",
    "xml": "application/xml",
    "ics": "text/calendar",
    "xcal": "application/calendar+xml",
}
TOUCHES = {"imported", "changed"}
"""The changes of a programme after which its sessions are others than before."""


class Feed(Struct, frozen=True):
    content: bytes
    media_type: str
    etag: str


class Programmed(Struct, frozen=True):
    """The programme as it stands, and how often each session was changed."""

    venue: Venue
    revisions: Mapping[str, Revision]
    created_at: int


class Feeds:
    """Writes each form of an event's programme once, until the venue or the programme is another."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, Form], tuple[int, Feed]] = {}

    def feed(self, read: Callable[[Callable[[Transaction], Programmed]], Programmed], venue: Venue, form: Form) -> Feed:
        """The file. `read` runs a transaction; it is asked only where the file must be made anew."""
        version, known = self._made.get((venue.id, form), (None, None))
        if known is None or version != venue.version:
            programmed = read(lambda tx: programme(tx, venue))
            known = _written(programmed, form)
            self._made[venue.id, form] = (venue.version, known)
        return known


def programme(tx: Transaction, venue: Venue) -> Programmed:
    """The programme with the revisions of its sessions, from the facts."""
    created_at, imports = 0, 0
    touched: dict[str, int] = {}
    at: dict[str, int] = {}
    imported_at = 0
    for fact in facts.changes_of(tx, venue.id, "schedule"):
        if fact.what in TOUCHES:
            created_at = created_at or fact.at
        if fact.what == "imported":
            imports, imported_at = imports + 1, fact.at
        elif fact.what in TOUCHES:
            for id in fact.ids:
                touched[id] = touched.get(id, 0) + 1
                at[id] = fact.at
    revisions = {
        id: Revision(max(0, imports - 1) + touched.get(id, 0), max(imported_at, at.get(id, 0)) or created_at)
        for id in venue.programme.sessions
    }
    return Programmed(venue, revisions, created_at)


def check_public(tx: Transaction, venues: Venues, slug: str) -> Venue:
    """Raises `NotFound` unless everybody may read the programme of this event."""
    venue = venues.venue(tx, slug)
    if not feeds.is_programme_public(tx, venue.id):
        raise NotFound(f"There is no public programme of “{slug}”.", code="feed_unknown")
    return venue


def publish(tx: Transaction, venues: Venues, slug: str, public: bool, *, now: int, by: str) -> None:
    """Let everybody read the programme, or nobody who is not logged in."""
    id = venues.id(tx, slug)
    if feeds.set_programme_public(tx, id, public):
        journal = Journal(tx, id)
        journal.add(Changed(noun="schedule", what="published" if public else "withdrawn", at=now, by=by))
        journal.write()


def is_public(tx: Transaction, venues: Venues, slug: str) -> bool:
    return feeds.is_programme_public(tx, venues.id(tx, slug))


def _written(programmed: Programmed, form: Form) -> Feed:
    layout = programmed.venue.layout
    sessions = list(programmed.venue.programme.sessions.values())
    match form:
        case "json":
            content = frab_json(layout, sessions)
        case "xml":
            content = frab_xml(layout, sessions)
        case "ics":
            content = icalendar(layout, sessions, programmed.revisions, programmed.created_at)
        case "xcal":
            content = xcal(layout, sessions, programmed.revisions, programmed.created_at)
    return Feed(content, MEDIA_TYPES[form], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
