"""Attendees: imported, found, walked in, changed."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from checkin.core import wording
from checkin.core.errors import BadInput, Conflict, NotAllowed, NotFound
from checkin.core.facts import Changed
from checkin.core.layout import Layout
from checkin.core.model import Attendee, Badge, Scan
from checkin.core.names import name_key, query_words
from checkin.core.occupancy import Presence
from checkin.core.roles import Permission
from checkin.service.attendee_lists import search_text
from checkin.service.journal import Journal
from checkin.service.lines import join
from checkin.service.moving import People
from checkin.service.seats import claimant_of, retake, seats_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, badges, presences, sessions
from checkin.store.attendees import Standing
from checkin.store.engine import Transaction
from checkin.wire import FOUND_MAX, AttendeeChange, AttendeeSent, Hint, LinePlace, ProxySent, iso
from checkin.words import said, said_together

CREW_MAX = 1_000
RANKED_MAX = 4 * FOUND_MAX
"""Among so many hits the name itself is looked for; beyond, they come as they do."""
PLAIN_FIELDS = {"listed", "photo", "group", "registration"}
"""Fields of an attendee whose values may stand in facts."""
DESK_NUMBER_CHARS_MAX = 9
_UNKNOWN = "This event has no such attendee."


class Namesake(Struct, frozen=True, kw_only=True):
    """Somebody else of the same name, to be told apart by town and office."""

    id: str
    town: str
    organisation: str
    department: str
    booking_number: str
    group: str
    registration: str


class AttendeeSeen(Struct, frozen=True, kw_only=True):
    """An attendee as everybody sees one who may see names: enough to tell people apart and to find them, and
    nothing that opens a door. `namesakes`: the others of this name, however it is spelt. `came`: was ever in the
    house; `arrived_at`: when first, null also where that was deleted."""

    id: str
    name: str
    organisation: str
    department: str
    town: str
    group: str
    registration: str
    blocked: bool
    area: str | None
    came: bool
    arrived_at: str | None
    namesakes: list[Namesake]


class AttendeeFound(AttendeeSeen, frozen=True, kw_only=True):
    """An attendee as the desk sees one."""

    given_name: str
    family_name: str
    title: str
    position: str
    email: str
    booking_number: str
    ticket: str
    photo: bool
    listed: bool
    wheelchair: bool
    accredited: bool
    companion_of: str | None
    represented_by: str | None
    represents: str | None
    remark: str
    bookings: tuple[str, ...]
    badge: BadgeShown | None
    line: LinePlace | None = None


class LedTo(Struct, frozen=True):
    """Whom a code leads to, and what to say of a badge that was replaced (`replaced`) or of one whose owner
    has sent somebody else (`represented`)."""

    attendees: Sequence[AttendeeSeen]
    replaced: Hint | None = None
    represented: Hint | None = None


class CrewMember(Struct, frozen=True):
    id: str
    name: str
    organisation: str


class BadgeShown(Struct, frozen=True, kw_only=True):
    """A badge without its code: whoever has the code can print another one."""

    id: str
    generation: int
    state: str
    desk_number: int
    printed_at: str | None
    handed_at: str | None


class BadgeIssued(BadgeShown, frozen=True, kw_only=True):
    """A badge for whoever has just made it, to print it."""

    code: str


def find(
    tx: Transaction, venues: Venues, slug: str, query: str, *, may: Collection[Permission]
) -> Sequence[AttendeeSeen]:
    """Those who match every word of the query, or have this desk number, at most `FOUND_MAX`. Groups that
    the layout hides are found by those alone who `may` see them (`protocol`)."""
    venue = venues.venue(tx, slug)
    hidden = hidden_from(venue, may)
    words = query_words(query)
    found = attendees.find_attendees(tx, venue.id, words, RANKED_MAX, hidden)
    # “Mueller” means Müller before Müller-Lüdenscheidt.
    found = sorted(found, key=lambda one: not _is_called(one, words))[:FOUND_MAX]
    if len(words) == 1 and words[0].isdecimal():
        numbered = attendees.attendee_by_desk_number(tx, venue.id, int(words[0][:DESK_NUMBER_CHARS_MAX]))
        if numbered is not None and numbered.group not in hidden:
            found = [numbered, *(one for one in found if one.id != numbered.id)]
    return _for(venue, _shown(tx, venue, found), may)


def by_code(tx: Transaction, venues: Venues, slug: str, code: str, *, may: Collection[Permission]) -> LedTo:
    """Whom a code leads to: one, nobody, or the members of a group; and what to say of it, as a door does.
    Nothing is decided. Of a hidden group, as `read`."""
    venue = venues.venue(tx, slug)
    scan = Scan(id="", code=code, door="")
    led_to = People(tx, venue.id, [scan]).led_to(scan)
    found = attendees.attendees_by_id(tx, venue.id, [known.bearer.attendee for known in led_to])
    shown = _for(venue, _shown(tx, venue, [one for one in found if not _is_hidden(venue, one, may)]), may)
    bearer = led_to[0].bearer if len(led_to) == 1 else None
    if bearer is not None and bearer.represented:
        came_at = bearer.proxy.arrived_at if bearer.proxy is not None else None
        return LedTo(shown, represented=said_together(wording.represented(came_at, venue.layout)))
    if bearer is not None and bearer.badge == "replaced" and bearer.replaced_at is not None:
        return LedTo(shown, replaced=said(wording.replaced(bearer.replaced_at, bearer.replaced_at_desk, venue.layout)))
    return LedTo(shown)


def crew(tx: Transaction, venues: Venues, slug: str) -> list[CrewMember]:
    """The crew list: whom a door may let in without a badge; but for groups that the layout hides."""
    venue = venues.venue(tx, slug)
    groups = [group.id for group in venue.layout.groups.values() if group.counts_as == "crew" and not group.hidden]
    found = attendees.attendees_of_groups(tx, venue.id, groups, CREW_MAX)
    return [CrewMember(id=one.id, name=one.name, organisation=one.organisation) for one in found]


def read(tx: Transaction, venues: Venues, slug: str, id: str, *, may: Collection[Permission]) -> AttendeeSeen:
    """An attendee, as far as one `may` see. Those of a hidden group are there for the protocol, and for the
    desk, where they stand with their badge. Raises `NotFound`."""
    venue = venues.venue(tx, slug)
    attendee = _load(tx, venue, id)
    if _is_hidden(venue, attendee, may):
        raise NotFound(_UNKNOWN, code="attendee_unknown")
    return _for(venue, _shown(tx, venue, [attendee]), may)[0]


def hidden_from(venue: Venue, may: Collection[Permission]) -> frozenset[str]:
    """The groups whose names whoever `may` this does not see."""
    return frozenset() if "protocol" in may else venue.layout.hidden_groups


def walk_in(
    tx: Transaction,
    venues: Venues,
    slug: str,
    sent: AttendeeSent,
    *,
    now: int,
    by: str,
    may: Collection[Permission] = (),
) -> AttendeeFound:
    """Register somebody who came without registration. The same id again is the same person. Where the
    house has no place, or others wait for it, the answer bears a number of its waiting line.

    Raises `BadInput` for a group the event does not have, or a companion of nobody; `NotAllowed` for a
    hidden group without the permission `protocol`; `Conflict` for an id with other content, or, where it
    must be a `distinct` name, with those who have it (`name_known`).
    """
    venue = venues.venue(tx, slug)
    _check_group(venue, sent.group, may)
    attendee = Attendee(
        id=str(sent.id or uuid.uuid4()),
        group=sent.group,
        given_name=sent.given_name.strip(),
        family_name=sent.family_name.strip(),
        title=sent.title.strip(),
        organisation=sent.organisation.strip(),
        town=sent.town.strip(),
        email=sent.email.strip(),
        language=sent.language,
        photo=sent.photo,
        listed=sent.listed,
        wheelchair=sent.wheelchair,
    )
    if not attendee.family_name:
        raise BadInput("A family name is needed.", code="name_missing")
    if sent.companion_of is not None:
        host = attendees.load_attendee(tx, venue.id, sent.companion_of)
        if host is None or not host.wheelchair:
            raise BadInput("A companion comes with an attendee who uses a wheelchair.", code="companion_of_nobody")
    before = attendees.load_attendee(tx, venue.id, attendee.id)
    if before is not None:
        if before != attendee:
            raise Conflict("This id was sent before with other content.", code="id_reused")
        return _shown(tx, venue, [before])[0]
    if sent.distinct:
        _check_distinct(tx, venue, attendee, may)
    attendees.add_attendees(tx, venue.id, [(attendee, search_text(attendee))])
    if sent.companion_of is not None:
        attendees.set_standing(tx, venue.id, attendee.id, Standing(companion_of=sent.companion_of))
    _note(tx, venue, "added", attendee.id, now=now, by=by)
    place = _line_for(tx, venues, slug, attendee, now=now, by=by)
    return msgspec.structs.replace(_shown(tx, venue, [attendee])[0], line=place)


def change(
    tx: Transaction,
    venues: Venues,
    slug: str,
    id: str,
    sent: AttendeeChange,
    *,
    now: int,
    by: str,
    may: Collection[Permission] = (),
) -> AttendeeFound:
    """Change what was sent, keep the rest.

    Raises `NotFound`, `BadInput` for an unknown group or where a cancelled one is reinstated without a
    reason, `Conflict` where there is no place for them (`house_full`) or something else than was expected
    (`changed_since`).
    """
    venue = venues.venue(tx, slug)
    before = _load(tx, venue, id)
    standing = attendees.standings(tx, venue.id, [id])[id]
    if sent.expects is not None:
        _check_unchanged(before, standing, sent.expects)
    changes = _given(msgspec.structs.replace(sent, expects=None))
    reason = changes.pop("reason", "")
    accredited = changes.pop("accredited", standing.accredited)
    if changes.get("group", before.group) != before.group:
        _check_group(venue, changes["group"], may)
    after = msgspec.structs.replace(before, **changes)
    if not after.family_name.strip():
        raise BadInput("A family name is needed.", code="name_missing")
    reinstated = before.registration == "cancelled" and after.registration != "cancelled"
    if reinstated and not reason.strip():
        raise BadInput("Say why this registration is reinstated (“reason”).", code="reason_missing")
    if before.registration != "registered" and after.registration == "registered":
        _check_place(tx, venue, after, now)
    if accredited != standing.accredited:
        attendees.set_standing(tx, venue.id, id, msgspec.structs.replace(standing, accredited=accredited))
        _note(tx, venue, "accredited" if accredited else "accreditation ended", id, now=now, by=by)
    if after != before:
        claims = claimant_of(tx, venue, id)
        attendees.change_attendees(tx, venue.id, [(after, search_text(after))])
        what = "reinstated" if reinstated else "changed"
        seq = _note(tx, venue, what, id, now=now, by=by, reason=reason, fields=_changed(before, after))
        retake(tx, venue, id, claims, claimant_of(tx, venue, id), seq=seq, now=now)
    return _shown(tx, venue, [after])[0]


def send_proxy(
    tx: Transaction, venues: Venues, slug: str, id: str, sent: ProxySent, *, now: int, by: str
) -> AttendeeFound:
    """Register a proxy in an attendee's place: group, office and bookings go over, needs and contact do
    not, and the attendee's codes are void at every door. The same id again is the same proxy.

    Raises `Conflict` where the attendee is here already, or has another proxy.
    """
    venue = venues.venue(tx, slug)
    original = _load(tx, venue, id)
    standing = attendees.standings(tx, venue.id, [id])[id]
    proxy = Attendee(
        id=str(sent.id),
        group=original.group,
        given_name=sent.given_name.strip(),
        family_name=sent.family_name.strip(),
        title=sent.title.strip(),
        organisation=original.organisation if sent.organisation is None else sent.organisation.strip(),
        department=original.department,
        town=original.town,
        postcode=original.postcode,
        state=original.state,
        email=sent.email.strip(),
        booking_number=original.booking_number,
    )
    if standing.represented_by == proxy.id:
        return _shown(tx, venue, [_load(tx, venue, proxy.id)])[0]
    if standing.represented_by is not None:
        raise Conflict("This attendee has a proxy already.", code="proxy_exists")
    there = presences.presences_of(tx, [id]).get(id)
    if there is not None and there.area is not None:
        raise Conflict("This attendee is in the house. A proxy comes in somebody's place.", code="attendee_inside")
    if not proxy.family_name or attendees.load_attendee(tx, venue.id, proxy.id) is not None:
        raise BadInput("A proxy needs a family name and an id of its own.", code="proxy_invalid")
    attendees.add_attendees(tx, venue.id, [(proxy, search_text(proxy))])
    attendees.set_standing(tx, venue.id, proxy.id, Standing(accredited=standing.accredited))
    attendees.set_standing(tx, venue.id, id, msgspec.structs.replace(standing, represented_by=proxy.id))
    booked = sessions.bookings_of(tx, id)
    sessions.drop_bookings(tx, venue.id, [(session, id) for session in booked])
    sessions.add_bookings(tx, venue.id, [(session, proxy.id) for session in booked])
    badges.replace_badges(tx, [badge.id for badge in badges.latest_badges(tx, venue.id, [id]).values()], now)
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="attendee", what="represented", at=now, by=by, ids=(id, proxy.id)))
    journal.write()
    return _shown(tx, venue, [proxy])[0]


def _is_called(attendee: Attendee, words: Sequence[str]) -> bool:
    """Whether the words are this name, as a whole: the family name alone, or with given names."""
    family, given = query_words(attendee.family_name), query_words(attendee.given_name)
    rest = [word for word in words if word not in family]
    return bool(family) and set(family) <= set(words) and set(rest) <= set(given)


def _given(sent: AttendeeChange) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(sent).items() if value is not None}


def _check_unchanged(now: Attendee, standing: Standing, expected: AttendeeChange) -> None:
    there = {**msgspec.structs.asdict(now), "accredited": standing.accredited}
    changed = [name for name, value in _given(expected).items() if there.get(name) != value]
    if changed:
        raise Conflict(
            "This was changed again since then. Look at what is there now, and correct that.",
            code="changed_since",
            fields=changed,
        )


def _check_group(venue: Venue, group: str, may: Collection[Permission]) -> None:
    if group not in venue.layout.groups:
        raise BadInput(
            f"There is no group “{group}”; there are: {', '.join(venue.layout.groups)}.", code="group_unknown"
        )
    if venue.layout.groups[group].hidden and "protocol" not in may:
        raise NotAllowed(f"Only the protocol adds to the group {venue.layout.groups[group].name}.", code="role_may_not")


def _check_distinct(tx: Transaction, venue: Venue, attendee: Attendee, may: Collection[Permission]) -> None:
    """Nobody of this name is registered, of those whom the one who asks may find."""
    known = [
        one
        for one in _namesakes(attendee, attendees.namesakes(tx, venue.id, [attendee]))
        if one.registration != "cancelled" and ("protocol" in may or not venue.layout.groups[one.group].hidden)
    ]
    if known:
        raise Conflict(
            "Somebody of this name is registered already. Choose who it is, or say that it is another person.",
            code="name_known",
            namesakes=known,
        )


def _check_place(tx: Transaction, venue: Venue, attendee: Attendee, now: int) -> None:
    """Who becomes registered finds a place in the house that nobody else waits for."""
    house = venue.layout.house.id
    seats = seats_of(tx, venue, presences.load_tallies(tx, venue.id), now)
    free = seats.free_for(house, claimant_of(tx, venue, attendee.id), venue.layout.groups[attendee.group].counts_as)
    if free is not None and free <= seats.ahead(house, attendee.id):
        raise Conflict("The house has no free place. Put this person in the waiting line.", code="house_full")


def _line_for(tx: Transaction, venues: Venues, slug: str, attendee: Attendee, *, now: int, by: str) -> LinePlace | None:
    """A number of the house's line for one who would find no place."""
    venue = venues.venue(tx, slug)
    counts_as, house = venue.layout.groups[attendee.group].counts_as, venue.layout.house.id
    seats = seats_of(tx, venue, presences.load_tallies(tx, venue.id), now)
    free = seats.free_for(house, claimant_of(tx, venue, attendee.id), counts_as)
    if counts_as == "crew" or free is None or free > seats.ahead(house, attendee.id):
        return None
    return join(tx, venues, slug, house, attendee.id, now=now, by=by)


def _shown(tx: Transaction, venue: Venue, people: Sequence[Attendee]) -> list[AttendeeFound]:
    ids = [one.id for one in people]
    known = attendees.bearers_by_id(tx, venue.id, ids)
    decided = attendees.standings(tx, venue.id, ids)
    held: dict[str, Badge] = badges.latest_badges(tx, venue.id, ids)
    where: dict[str, Presence] = presences.presences_of(tx, ids)
    represents = attendees.represented(tx, venue.id, ids)
    of_name = attendees.namesakes(tx, venue.id, people)
    shown = []
    for one in people:
        badge, there = held.get(one.id), where.get(one.id)
        arrived_at = venue.layout.time_kept(there.arrived_at) if there else None
        bearer, standing = known[one.id].bearer, decided[one.id]
        shown.append(
            AttendeeFound(
                id=one.id,
                name=one.name,
                given_name=one.given_name,
                family_name=one.family_name,
                title=one.title,
                organisation=one.organisation,
                department=one.department,
                position=one.position,
                town=one.town,
                email=one.email,
                group=one.group,
                registration=one.registration,
                booking_number=one.booking_number,
                ticket=one.ticket,
                photo=one.photo,
                listed=one.listed,
                wheelchair=one.wheelchair,
                blocked=standing.blocked,
                accredited=standing.accredited,
                companion_of=standing.companion_of,
                represented_by=standing.represented_by,
                represents=represents.get(one.id),
                remark=one.remark,
                bookings=bearer.bookings,
                badge=badge_shown(badge, venue.layout) if badge else None,
                area=there.area if there else None,
                came=there is not None,
                arrived_at=None if arrived_at is None else iso(arrived_at, venue.layout),
                namesakes=_namesakes(one, of_name),
            )
        )
    return shown


def _is_hidden(venue: Venue, attendee: Attendee, may: Collection[Permission]) -> bool:
    return "desk" not in may and attendee.group in hidden_from(venue, may)


def _for(venue: Venue, found: Sequence[AttendeeFound], may: Collection[Permission]) -> Sequence[AttendeeSeen]:
    """What of them whoever `may` this sees."""
    hidden = hidden_from(venue, may)
    shown = [
        msgspec.structs.replace(one, namesakes=[other for other in one.namesakes if other.group not in hidden])
        for one in found
    ]
    return shown if "desk" in may else [_seen(one) for one in shown]


def _seen(one: AttendeeFound) -> AttendeeSeen:
    """A booking number is a code of its group, so it goes too."""
    fields = {name: getattr(one, name) for name in AttendeeSeen.__struct_fields__}
    namesakes = [msgspec.structs.replace(other, booking_number="") for other in one.namesakes]
    return AttendeeSeen(**{**fields, "namesakes": namesakes})


def _namesakes(one: Attendee, of_name: Mapping[str, Sequence[Attendee]]) -> list[Namesake]:
    return [
        Namesake(
            id=other.id,
            town=other.town,
            organisation=other.organisation,
            department=other.department,
            booking_number=other.booking_number,
            group=other.group,
            registration=other.registration,
        )
        for other in of_name.get(name_key(one.given_name, one.family_name), ())[:FOUND_MAX]
        if other.id != one.id
    ]


def badge_shown(badge: Badge, layout: Layout) -> BadgeShown:
    return BadgeShown(
        id=badge.id,
        generation=badge.generation,
        state=badge.state,
        desk_number=badge.desk_number,
        printed_at=None if badge.printed_at is None else iso(badge.printed_at, layout),
        handed_at=None if badge.handed_at is None else iso(badge.handed_at, layout),
    )


def badge_issued(badge: Badge, layout: Layout) -> BadgeIssued:
    shown = badge_shown(badge, layout)
    return BadgeIssued(**msgspec.structs.asdict(shown), code=badge.code)


def _load(tx: Transaction, venue: Venue, id: str) -> Attendee:
    attendee = attendees.load_attendee(tx, venue.id, id)
    if attendee is None:
        raise NotFound(_UNKNOWN, code="attendee_unknown")
    return attendee


def _changed(before: Attendee, after: Attendee) -> tuple[tuple[str, str], ...]:
    """Which fields became others; their values only where they tell nothing of the person."""
    changed = [name for name in Attendee.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    return tuple((name, _plain(getattr(after, name)) if name in PLAIN_FIELDS else "") for name in changed)


def _plain(value: bool | str) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _note(
    tx: Transaction,
    venue: Venue,
    what: str,
    id: str,
    *,
    now: int,
    by: str,
    reason: str = "",
    fields: tuple[tuple[str, str], ...] = (),
) -> int:
    journal = Journal(tx, venue.id)
    seq = journal.add(Changed(noun="attendee", what=what, at=now, by=by, ids=(id,), note=reason, fields=fields))
    journal.write()
    return seq
