"""Badges: issued, reissued, and what is printed on them."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence

from msgspec import Struct

from checkin.badges.face import BadgeFace
from checkin.core import codes
from checkin.core.errors import Conflict, NotFound
from checkin.core.facts import Changed
from checkin.core.model import Attendee, Badge, Session
from checkin.service import prints
from checkin.service.journal import Journal
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, badges, events, sessions
from checkin.store.engine import Transaction

DRAFT_CODE = "0" * codes.LENGTH
"""On a badge that is only looked at: not of our form, and nobody's."""


class CodeShown(Struct, frozen=True):
    """A line of `checkin codes`: for machines that play doors."""

    attendee: str
    name: str
    ticket: str
    code: str
    group: str


def issue_missing(
    tx: Transaction, venues: Venues, slug: str, *, group: str | None = None, now: int, by: str
) -> list[Badge]:
    """A badge for everybody registered (of a group) who has none; returns those issued now."""
    venue = venues.venue(tx, slug)
    held = badges.latest_badges(tx, venue.id)
    without = [
        one.id
        for one in attendees.load_attendees(tx, venue.id, group)
        if one.registration == "registered" and one.id not in held
    ]
    issued = _make(tx, venue, [(attendee, 1) for attendee in without], now)
    _keep(tx, venue, issued, "issued", now=now, by=by)
    return issued


def issue(
    tx: Transaction,
    venues: Venues,
    slug: str,
    attendee: str,
    *,
    now: int,
    by: str,
    after: int | None = None,
    desk: str = "",
) -> Badge:
    """A new badge for this attendee; an earlier one is replaced, void at every door at once. `after`: the
    generation that whoever asks has seen; where there is a later one, that is the badge asked for, so
    that a button pressed twice makes one badge. `desk`: where this happens, for whoever shows the old one.

    Raises `NotFound`, and `Conflict` where the registration is cancelled or waiting or the badge
    is blocked.
    """
    venue = venues.venue(tx, slug)
    person = attendees.load_attendee(tx, venue.id, attendee)
    if person is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    if person.registration != "registered":
        raise Conflict(
            f"The registration is {person.registration}: reinstate it first.",
            code=f"registration_{person.registration}",
        )
    earlier = badges.latest_badges(tx, venue.id, [attendee]).get(attendee)
    if earlier is not None and earlier.state == "blocked":
        raise Conflict("The badge is blocked: this must be settled first.", code="badge_blocked")
    if earlier is not None and after is not None and earlier.generation > after and earlier.state == "valid":
        return earlier
    if earlier is not None:
        badges.replace_badges(tx, [earlier.id], now, desk)
        prints.withdraw_prints_of(tx, venues, slug, earlier.id, now=now, by=by)
    generation = max((one.generation for one in badges.badges_of(tx, venue.id, attendee)), default=0) + 1
    issued = _make(tx, venue, [(attendee, generation)], now)
    _keep(tx, venue, issued, "reissued" if earlier else "issued", now=now, by=by)
    return issued[0]


def issue_and_draw(
    tx: Transaction, venues: Venues, slug: str, *, group: str | None, now: int, by: str
) -> list[BadgeFace]:
    """Issue what is missing; what is printed on every valid badge. Raises `NotFound` for an unknown group."""
    venue = venues.venue(tx, slug)
    _check_group(venue, group)
    issue_missing(tx, venues, slug, group=group, now=now, by=by)
    return faces(tx, venues, slug, group)


def faces(tx: Transaction, venues: Venues, slug: str, group: str | None = None) -> list[BadgeFace]:
    """What is printed on every valid badge (of a group), in the order of names."""
    venue = venues.venue(tx, slug)
    held = badges.latest_badges(tx, venue.id)
    booked = sessions.sessions_of_attendees(tx, venue.id)
    programme = sessions.load_sessions(tx, venue.id)
    return [
        _face(venue, one, held[one.id], programme, booked.get(one.id, []))
        for one in attendees.load_attendees(tx, venue.id, group)
        if one.id in held and held[one.id].state == "valid" and one.registration == "registered"
    ]


def mark_printed(tx: Transaction, venues: Venues, slug: str, desk_numbers: Sequence[int], *, now: int, by: str) -> None:
    """Note that the badges of these desk numbers are on paper: the desk asks before it prints one again."""
    venue = venues.venue(tx, slug)
    badges.set_printed_by_number(tx, venue.id, desk_numbers, now)
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="badge", what="printed", at=now, by=by, count=len(desk_numbers)))
    journal.write()


def drafts(
    tx: Transaction, venues: Venues, slug: str, *, group: str | None = None, attendee: str | None = None
) -> list[BadgeFace]:
    """What is or would be printed for everybody registered (of a group; this attendee alone), in the
    order of names: those without a valid badge with a code that no door takes. Raises `NotFound` for a
    group or an attendee that the event does not have."""
    venue = venues.venue(tx, slug)
    _check_group(venue, group)
    held = badges.latest_badges(tx, venue.id, None if attendee is None else [attendee])
    booked = sessions.sessions_of_attendees(tx, venue.id)
    programme = sessions.load_sessions(tx, venue.id)
    if attendee is None:
        people = [one for one in attendees.load_attendees(tx, venue.id, group) if one.registration == "registered"]
    else:
        person = attendees.load_attendee(tx, venue.id, attendee)
        if person is None:
            raise NotFound("This event has no such attendee.", code="attendee_unknown")
        people = [person]
    return [
        _face(venue, one, _valid_or_draft(one, held.get(one.id)), programme, booked.get(one.id, [])) for one in people
    ]


def face(tx: Transaction, venues: Venues, slug: str, badge: str) -> BadgeFace:
    """What is printed on this badge. Raises `NotFound`, and `Conflict` where it is void."""
    venue = venues.venue(tx, slug)
    found = badges.load_badge(tx, venue.id, badge)
    person = attendees.load_attendee(tx, venue.id, found.attendee) if found else None
    if found is None or person is None:
        raise NotFound("This event has no such badge.", code="badge_unknown")
    if found.state != "valid":
        raise Conflict(f"This badge is {found.state}; it is not printed again.", code=f"badge_{found.state}")
    booked = sessions.sessions_of_attendees(tx, venue.id).get(person.id, [])
    return _face(venue, person, found, sessions.load_sessions(tx, venue.id), booked)


def all_codes(tx: Transaction, venues: Venues, slug: str) -> list[CodeShown]:
    """The code of every valid badge, in the order of names."""
    venue = venues.venue(tx, slug)
    held = badges.latest_badges(tx, venue.id)
    return [
        CodeShown(one.id, one.name, one.ticket, held[one.id].code, one.group)
        for one in attendees.load_attendees(tx, venue.id)
        if one.id in held and held[one.id].state == "valid"
    ]


def _clock(at: int, venue: Venue) -> str:
    return f"{dt.datetime.fromtimestamp(at / 1000, venue.layout.zone):%H:%M}"


def _check_group(venue: Venue, group: str | None) -> None:
    if group is not None and group not in venue.layout.groups:
        raise NotFound(f"There is no group “{group}”; there are: {', '.join(venue.layout.groups)}.")


def _make(tx: Transaction, venue: Venue, wanted: Sequence[tuple[str, int]], now: int) -> list[Badge]:
    numbers = events.next_desk_numbers(tx, venue.id, len(wanted))
    return [
        Badge(
            id=str(uuid.uuid4()),
            attendee=attendee,
            generation=generation,
            code=codes.make_code(secrets.randbits(64), venue.key),
            desk_number=number,
            issued_at=now,
        )
        for (attendee, generation), number in zip(wanted, numbers, strict=True)
    ]


def _keep(tx: Transaction, venue: Venue, issued: Sequence[Badge], what: str, *, now: int, by: str) -> None:
    if not issued:
        return
    badges.add_badges(tx, venue.id, issued)
    journal = Journal(tx, venue.id)
    ids = (issued[0].id,) if len(issued) == 1 else ()
    journal.add(Changed(noun="badge", what=what, at=now, by=by, ids=ids, count=len(issued)))
    journal.write()


def _valid_or_draft(person: Attendee, badge: Badge | None) -> Badge:
    if badge is not None and badge.state == "valid":
        return badge
    return Badge(id="", attendee=person.id, generation=0, code=DRAFT_CODE, desk_number=0)


def _face(
    venue: Venue, person: Attendee, badge: Badge, programme: Sequence[Session], booked: Sequence[str]
) -> BadgeFace:
    group = venue.layout.groups[person.group]
    event = venue.layout.event
    booked_here = [session for session in programme if session.id in booked]
    return BadgeFace(
        code=badge.code,
        desk_number=badge.desk_number,
        title=person.title,
        given_name=person.given_name,
        family_name=person.family_name,
        organisation=person.organisation,
        department=person.department,
        position=person.position,
        town=person.town,
        group_name=group.name,
        group_number=list(venue.layout.groups).index(group.id),
        forums=tuple(f"{session.area} · {session.title}" for session in booked_here),
        agenda=tuple(f"{_clock(session.starts_at, venue)} {session.area}" for session in booked_here),
        photo=person.photo,
        event_name=event.name,
        event_date=event.date,
        event_place=venue.layout.house.name,
        attendee=person.id,
    )
