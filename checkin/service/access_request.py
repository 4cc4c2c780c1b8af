"""Everything that is kept of one person, as one file (DSGVO Art. 15): to be read, and for programs."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from typing import Any

import msgspec

from checkin.badges.papers import part, render_paper
from checkin.core.errors import NotFound
from checkin.core.facts import Assumed, Changed, Scanned, Undone
from checkin.core.model import Attendee
from checkin.service import audit
from checkin.service.certificates import issued_to
from checkin.service.erasure import read_schedule
from checkin.service.journal import Journal
from checkin.service.papers import clock, day
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, badges, facts, sessions
from checkin.store.engine import Transaction
from checkin.wire import iso
from checkin.words import say


def answer(
    tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, by: str, language: str = "de"
) -> Callable[[], bytes]:
    """What makes the ZIP of `auskunft.pdf` and `auskunft.json`, outside of the transaction. That it was given is
    a fact. The reason of a block is not in it: whose rights weigh more is for people to decide (Art. 15 (4)),
    nor are the names of staff. Raises `NotFound`."""
    venue = venues.venue(tx, slug)
    person = attendees.load_attendee(tx, venue.id, id)
    if person is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    told = _told(tx, venues, slug, venue, person, now)
    content = _paper(venue, person, told, now, language)
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="attendee", what="access given", at=now, by=by, ids=(id,)))
    journal.write()
    today = dt.datetime.fromtimestamp(now / 1000, venue.layout.zone).date()
    title = f"{say('access_title', language, context='paper')} – {venue.layout.event.name}"

    def make() -> bytes:
        pdf = render_paper("report", content, title=title, language=language, date=today)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("auskunft.pdf", pdf)
            file.writestr("auskunft.json", msgspec.json.format(msgspec.json.encode(told)))
        return packed.getvalue()

    return make


def _told(tx: Transaction, venues: Venues, slug: str, venue: Venue, person: Attendee, now: int) -> dict[str, Any]:
    layout, programme = venue.layout, venue.programme
    standing = attendees.standings(tx, venue.id, [person.id])[person.id]
    held = badges.badges_of(tx, venue.id, person.id)
    theirs = facts.facts_of(tx, venue.id, person.id)
    own = {badge.id for badge in held}
    schedule = read_schedule(tx, venues, slug, now)
    return {
        "event": {"slug": slug, "name": layout.event.name, "date": layout.event.date.isoformat()},
        "as_of": iso(now, layout),
        "record": msgspec.to_builtins(person),
        "standing": {
            "blocked": standing.blocked,
            "accredited": standing.accredited,
            "companion": standing.companion_of is not None,
            "represented": standing.represented_by is not None,
        },
        "bookings": [
            {
                "session": session,
                "title": programme.sessions[session].title if session in programme.sessions else session,
            }
            for session in sessions.sessions_of_attendees(tx, venue.id).get(person.id, [])
        ],
        "badges": [
            {
                "desk_number": badge.desk_number,
                "generation": badge.generation,
                "state": badge.state,
                "issued_at": iso(badge.issued_at, layout),
                "printed_at": None if badge.printed_at is None else iso(badge.printed_at, layout),
                "handed_at": None if badge.handed_at is None else iso(badge.handed_at, layout),
                "replaced_at": None if badge.replaced_at is None else iso(badge.replaced_at, layout),
            }
            for badge in held
        ],
        "passages": [
            {"seq": kept.seq, "at": iso(at, layout), "what": audit.sentence(kept.fact, "de", layout)}
            for kept in theirs
            if (at := _passed_at(kept.fact)) is not None
        ],
        "certificates": [
            {"number": one.number, "issued_at": one.issued_at, "state": one.state, "minutes": one.minutes}
            for one in issued_to(tx, venues, slug, person.id, may={"protocol"})
        ],
        "changes": [
            {"seq": kept.seq, "at": iso(kept.fact.at, layout), "what": audit.sentence(kept.fact, "de", layout)}
            for kept in [*theirs, *facts.changes_about(tx, venue.id, own)]
            if isinstance(kept.fact, Changed) and kept.fact.noun != "block"
        ],
        "deleted_on": {stage.stage: stage.due_on for stage in schedule.stages},
    }


def _passed_at(fact: Any) -> int | None:
    match fact:
        case Scanned():
            return fact.scanned_at
        case Assumed() | Undone():
            return fact.at
    return None


def _paper(venue: Venue, person: Attendee, told: dict[str, Any], now: int, language: str) -> dict[str, Any]:
    event = venue.layout.event
    today = dt.datetime.fromtimestamp(now / 1000, event.zone).date()

    def word(key: str, **values: str | int) -> str:
        return say(key, language, context="paper", **values)

    def moment(text: str) -> str:
        return f"{dt.datetime.fromisoformat(text):%d.%m.%Y %H:%M}"

    def section(
        title: str, head: tuple[str, str] | None, rows: list[tuple[str, str]], texts: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        said = texts or (() if rows else (say("access_none", language, context="paper"),))
        return {
            "title": title,
            "texts": [part(text) for text in said],
            "head": list(head or ()),
            "rows": [[part(one) for one in row] for row in rows],
            "widths": (2, 5),
        }

    when = (word("access_when"), word("access_what"))
    truths = {True: word("yes"), False: word("no")}
    groups = {group.id: group.name for group in venue.layout.groups.values()}
    registrations = {
        "registered": say("registered", language, context="list"),
        "waiting": say("waiting", language, context="list"),
        "cancelled": say("cancelled", language, context="list"),
    }
    spoken: dict[str, dict[Any, str]] = {"group": groups, "registration": registrations}

    def shown(field: str, value: Any) -> str:
        return spoken.get(field, truths).get(value, str(value))

    fields = [
        (say(field, language, context="list"), shown(field, value))
        for field, value in told["record"].items()
        if value not in ("", None)
    ]
    listed = truths[person.listed]
    dates = {stage: day(dt.date.fromisoformat(on), language) for stage, on in told["deleted_on"].items()}
    about = (
        word("access_purposes", listed=listed),
        word("access_periods", needs=dates["needs"], passages=dates["passages"], names=dates["names"]),
        word("access_rights"),
    )
    sections = [
        section("", None, [], (word("access_intro", date=f"{day(today, language)}, {clock(now, event)}"),)),
        section(word("access_record"), (word("access_field"), word("access_value")), fields),
        *([section("", None, [], (word("access_blocked"),))] if told["standing"]["blocked"] else []),
        section(word("access_bookings"), when, [("", one["title"]) for one in told["bookings"]]),
        section(
            word("access_badges"),
            when,
            [
                (
                    moment(one["issued_at"]),
                    word("access_badge", number=one["desk_number"], generation=one["generation"]),
                )
                for one in told["badges"]
            ],
        ),
        section(word("access_passages"), when, [(moment(one["at"]), one["what"]) for one in told["passages"]]),
        section(
            word("access_certificates"),
            when,
            [
                (
                    moment(one["issued_at"]),
                    word("access_certificate", number=one["number"], minutes=one["minutes"]),
                )
                for one in told["certificates"]
            ],
        ),
        section(word("access_changes"), when, [(moment(one["at"]), one["what"]) for one in told["changes"]]),
        section(word("access_about"), None, [], about),
    ]
    return {
        "words": {"title": word("access_title"), "page": word("page")},
        "event_line": part(f"{event.name} · {day(event.date, language)} · {person.name}"),
        "sections": sections,
    }
