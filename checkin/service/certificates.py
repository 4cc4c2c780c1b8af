"""Certificates of attendance: worked out by the organiser's rule, issued, issued again, checked by anybody."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from checkin.core import codes
from checkin.core.attendance import Attendance, Rule, Trails, attendance, proposed
from checkin.core.errors import BadInput, Conflict, NotAllowed, NotFound
from checkin.core.facts import Changed
from checkin.core.model import Attendee
from checkin.core.names import fold_german
from checkin.core.roles import Permission
from checkin.service.journal import Journal
from checkin.service.people import TooManyAttempts
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, certificates, facts
from checkin.store.certificates import Certificate, CertificateState
from checkin.store.engine import Transaction
from checkin.wire import iso

PREVIEWED_MAX = 8
CHECKS_A_MINUTE_MAX = 30
ADDRESSES_MAX = 10_000
LOCAL_DOMAINS = frozenset({"localhost", "local", "internal", "lan", "home", "arpa", "test", "invalid"})
"""Names that no public server answers for."""
_HOST = re.compile(r"[^\W_]([\w-]*\w)?(\.[^\W_]([\w-]*\w)?)*\.?|[0-9a-f:.]+", re.IGNORECASE)


class AddressSent(Struct, frozen=True, kw_only=True):
    address: Annotated[str, Meta(max_length=200)]


class CountedShown(Struct, frozen=True, kw_only=True):
    session: str | None
    title: str
    minutes: int
    assumed: bool


class PersonPreviewed(Struct, frozen=True, kw_only=True):
    """What a rule makes of one person's day."""

    attendee: str
    name: str
    minutes: int
    points: int
    assumed: bool
    certified: bool
    counted: list[CountedShown]


class RuleShown(Struct, frozen=True, kw_only=True):
    """A rule and what it does: to how many, and to a few from the shortest day to the longest. `chosen`: an
    organiser has kept it; else it is a proposal. `address`: under which anybody checks a code; empty: the one
    that certificates are asked for at, and `address_wanted` where that one is reached from the house alone.
    `frozen`: the passages were deleted, and what is certified stands."""

    rule: Rule
    chosen: bool
    address: str
    address_wanted: bool
    came: int
    certified: int
    assumed: int
    people: list[PersonPreviewed]
    frozen: bool


class CertificateShown(Struct, frozen=True, kw_only=True):
    number: int
    attendee: str
    name: str
    issued_at: str
    state: CertificateState
    minutes: int
    points: int


class Certified(Struct, frozen=True, kw_only=True):
    """A certificate with what is printed on it."""

    certificate: Certificate
    person: Attendee
    content: Attendance


class Checked(Struct, frozen=True, kw_only=True):
    """All that anybody learns of a code: whether it is one of ours, of which event and day of issue."""

    state: CertificateState | None
    event: str | None = None
    issued_on: str | None = None


class Checks:
    """How many codes an address has had checked in this minute: nobody tries them out."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, address: str) -> None:
        """Raises `TooManyAttempts`."""
        minute = int(time.monotonic() // 60)
        since, count = self._counts.pop(address, (minute, 0))
        count = count + 1 if since == minute else 1
        self._counts[address] = (minute, count)
        if len(self._counts) > ADDRESSES_MAX:
            self._counts.popitem(last=False)
        if count > CHECKS_A_MINUTE_MAX:
            raise TooManyAttempts(60.0)


def read_rule(
    tx: Transaction, venues: Venues, slug: str, *, here: str, now: int, draft: Rule | None = None
) -> RuleShown:
    """The rule of an event, or one that is only tried, with what it does to a few people. `here`: the address at which
    it is asked for."""
    venue = venues.venue(tx, slug)
    address = certificates.public_address(tx, venue.id)
    chosen = certificates.load_rule(tx, venue.id)
    rule = draft or chosen or proposed(venue.programme)
    kept = certificates.kept_attendances(tx, venue.id)
    found = _attendances(tx, venue, rule, now=now, kept=kept)
    people = {one.id: one for one in attendees.attendees_by_id(tx, venue.id, found)}
    by_length = sorted((who for who in found if who in people), key=lambda who: (found[who].minutes, who))
    return RuleShown(
        rule=rule,
        chosen=chosen is not None,
        address=address,
        address_wanted=not address and _is_private(here),
        came=len(found),
        certified=sum(one.minutes >= rule.least_min for one in found.values()),
        assumed=sum(one.assumed for one in found.values()),
        people=[_previewed(venue, people[who], found[who], rule) for who in _spread(by_length, PREVIEWED_MAX)],
        frozen=bool(kept),
    )


def set_rule(tx: Transaction, venues: Venues, slug: str, rule: Rule, *, now: int, by: str) -> None:
    """From now on certificates follow this rule. Raises `BadInput` for a session that there is not."""
    venue = venues.venue(tx, slug)
    if unknown := set(rule.left_out) - venue.programme.sessions.keys():
        raise BadInput(f"This event has no session “{min(unknown)}”.", code="session_unknown")
    certificates.save_rule(tx, venue.id, rule)
    _note(tx, venue, "rule changed", now=now, by=by)


def set_address(tx: Transaction, venues: Venues, slug: str, sent: AddressSent, *, now: int, by: str) -> None:
    """The address of the service as anybody reaches it, without what leads to a page; empty: the one that
    certificates are asked for at. Raises `BadInput` for what is no address (`address_invalid`), and for one that
    leads nowhere but into this house (`address_private`)."""
    address = sent.address.strip().rstrip("/").removesuffix("/verify")
    if address and not _is_address(address):
        raise BadInput("Write the address as https://checkin.example.org", code="address_invalid")
    if address and _is_private(address):
        raise BadInput(
            "This address is reached from this house alone. Write the one at which everybody reaches the service, as"
            " https://checkin.example.org",
            code="address_private",
        )
    venue = venues.venue(tx, slug)
    earlier = certificates.public_address(tx, venue.id)
    if address == earlier:
        return
    certificates.set_public_address(tx, venue.id, address)
    _note(tx, venue, "address changed", note=f"{earlier or '–'} → {address or '–'}", now=now, by=by)


def verify_url(tx: Transaction, venues: Venues, slug: str, here: str) -> str:
    """Of the page where anybody checks a code: under the event's address, or under `here` where it has none. Raises
    `Conflict` where nobody outside would reach it: the paper is to hold for more than a year."""
    kept = certificates.public_address(tx, venues.id(tx, slug))
    if not kept and _is_private(here):
        raise Conflict(
            "The address at which certificates are checked is not set yet, and this one is reached from here alone. An"
            " organiser says it on the page “Papers”.",
            code="address_unset",
        )
    return f"{(kept or here).rstrip('/')}/verify"


def _is_address(address: str) -> bool:
    """Whether this is the beginning of a web address: scheme, host, perhaps port and path, and no more."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    named = _HOST.fullmatch(parts.hostname or "") is not None and port != 0
    bare = not (parts.query or parts.fragment or "@" in parts.netloc or re.search(r"\s", address))
    return parts.scheme in ("http", "https") and named and bare


def _is_private(address: str) -> bool:
    """Whether this address leads nowhere but on this machine or in this house: a private or loopback one (RFC 1918,
    RFC 6890), a name of the local network (RFC 6761, RFC 6762)."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rpartition(".")[2] in LOCAL_DOMAINS


def issue(
    tx: Transaction,
    venues: Venues,
    slug: str,
    *,
    group: str | None = None,
    attendee: str | None = None,
    again: bool = False,
    now: int,
    by: str,
    may: Collection[Permission],
) -> list[Certified]:
    """The certificates of everybody who was present long enough (of a group; of this attendee), in the order of
    names. Who has one that says the same keeps it, unless another issue is wanted (`again`): that has a number
    and a code of its own, and the earlier stays valid. Where name or minutes have become others since, the
    new one supersedes the earlier. Those of hidden groups are left out without the permission `protocol`.

    Raises `NotFound`; `NotAllowed` for a hidden group, or one of its people, without that permission;
    `Conflict` until an organiser has said what counts (`rule_unset`); `BadInput` for one attendee who was
    not present long enough (`not_present`).
    """
    venue = venues.venue(tx, slug)
    people = _people(tx, venue, group, attendee, may)
    rule = certificates.load_rule(tx, venue.id)
    if rule is None:
        raise Conflict(
            "Nobody has said yet what counts for certificates. An organiser does on the page “Papers”.",
            code="rule_unset",
        )
    kept = certificates.kept_attendances(tx, venue.id)
    found = _attendances(tx, venue, rule, now=now, kept=kept, only=attendee)
    held = certificates.certificates_of(tx, venue.id, None if attendee is None else [attendee])
    number = certificates.last_number(tx, venue.id)
    certified: list[Certified] = []
    issued: list[Certificate] = []
    superseded: list[int] = []
    for person in people:
        content = found.get(person.id)
        if content is None or content.minutes < rule.least_min:
            continue
        standing = [one for one in held.get(person.id, ()) if one.state == "valid"]
        same = [one for one in standing if one.content is not None and _says(venue, one, one.content, person, content)]
        if same and not again:
            certified.append(Certified(certificate=same[0], person=person, content=same[0].content or content))
            continue
        number += 1
        made = Certificate(
            number=number,
            attendee=person.id,
            code=_code(venue, number, person, content),
            issued_at=now,
            content=content,
        )
        issued.append(made)
        superseded += [one.number for one in standing if one not in same]
        certified.append(Certified(certificate=made, person=person, content=content))
    if attendee is not None and not certified:
        raise BadInput(
            f"By the rule this person was not present long enough ({rule.least_min} minutes).", code="not_present"
        )
    if issued:
        certificates.add_certificates(tx, venue.id, issued)
        certificates.set_state(tx, venue.id, superseded, "superseded")
        ids = (str(issued[0].number),) if len(issued) == 1 else ()
        _note(tx, venue, "issued", ids=ids, count=len(issued), now=now, by=by)
    return certified


def withdraw(tx: Transaction, venues: Venues, slug: str, number: int, *, back: bool, now: int, by: str) -> None:
    """Whoever checks this certificate's code is told that it was withdrawn; or (`back`) no more. Raises
    `NotFound`, and `BadInput` for one that another has superseded."""
    venue = venues.venue(tx, slug)
    one = certificates.load_certificate(tx, venue.id, number)
    if one is None:
        raise NotFound("This event has no such certificate.", code="certificate_unknown")
    if one.state == "superseded":
        raise BadInput("A later certificate has superseded this one.", code="certificate_superseded")
    state: CertificateState = "valid" if back else "withdrawn"
    if one.state != state:
        certificates.set_state(tx, venue.id, [number], state)
        what = "withdrawal taken back" if back else "withdrawn"
        _note(tx, venue, what, ids=(str(number),), count=1, now=now, by=by)


def issued_to(
    tx: Transaction, venues: Venues, slug: str, attendee: str | None = None, *, may: Collection[Permission]
) -> list[CertificateShown]:
    """The certificates of an attendee, or of all whose names are known; the newest first. Those of hidden groups
    are seen with the permission `protocol` alone."""
    venue = venues.venue(tx, slug)
    found = certificates.certificates_of(tx, venue.id, None if attendee is None else [attendee])
    if "protocol" not in may:
        hidden = venue.layout.hidden_groups
        people = attendees.attendees_by_id(tx, venue.id, found)
        found = {one.id: found[one.id] for one in people if one.group not in hidden}
    names = attendees.names_by_id(tx, venue.id, found)
    return sorted(
        (
            CertificateShown(
                number=one.number,
                attendee=who,
                name=names[who][0] if who in names else "",
                issued_at=iso(one.issued_at, venue.layout),
                state=one.state,
                minutes=one.content.minutes if one.content else 0,
                points=one.content.points if one.content else 0,
            )
            for who, held in found.items()
            for one in held
        ),
        key=lambda shown: -shown.number,
    )


def check_code(tx: Transaction, text: str) -> Checked:
    """Whether a code is that of a certificate, and nothing more: no name, no minutes. It holds when the names
    have long been deleted."""
    code = codes.read_certificate_code(text)
    found = certificates.issued_under(tx, code) if code is not None else None
    if found is None:
        return Checked(state=None)
    issued = dt.datetime.fromtimestamp(found.issued_at / 1000, ZoneInfo(found.timezone))
    return Checked(state=found.state, event=found.event, issued_on=issued.date().isoformat())


def keep_attendances(tx: Transaction, venue: Venue, *, now: int) -> None:
    """Before passages are deleted: keep of everybody what is certified of them, so that a certificate can be
    issued for as long as the names are there."""
    rule = certificates.load_rule(tx, venue.id) or proposed(venue.programme)
    certificates.keep_attendances(tx, venue.id, _attendances(tx, venue, rule, now=now, kept={}))


def in_name_order(people: Sequence[Attendee]) -> list[Attendee]:
    """By family name, then given name, as DIN 5007-2 sorts names: ä as ae, ß as ss."""
    return sorted(people, key=lambda one: (fold_german(one.family_name), fold_german(one.given_name), one.id))


def _attendances(
    tx: Transaction,
    venue: Venue,
    rule: Rule,
    *,
    now: int,
    kept: Mapping[str, Attendance],
    only: str | None = None,
) -> dict[str, Attendance]:
    """attendee → what counts of their day, of everybody who was here."""
    if kept:
        return {who: one for who, one in kept.items() if only in (None, who)}
    trails = Trails()
    for fact in facts.facts_of(tx, venue.id, only) if only else facts.all_facts(tx, venue.id):
        trails.add(fact.fact)
    if only:
        for evacuated in facts.evacuations(tx, venue.id):
            trails.add(evacuated)
    return {
        who: attendance(trails.stays(who, now), rule, venue.programme, venue.layout)
        for who in trails.people()
        if only in (None, who)
    }


def check_seen(venue: Venue, group: str | None, may: Collection[Permission]) -> None:
    """Raises `NotFound` for a group that there is not, `NotAllowed` for one that the normal search hides without
    the permission `protocol`."""
    if group is None:
        return
    if group not in venue.layout.groups:
        raise NotFound(f"There is no group “{group}”; there are: {', '.join(venue.layout.groups)}.")
    if group in venue.layout.hidden_groups and "protocol" not in may:
        raise NotAllowed("Only the protocol sees this group.", code="role_may_not")


def _people(
    tx: Transaction, venue: Venue, group: str | None, attendee: str | None, may: Collection[Permission]
) -> list[Attendee]:
    check_seen(venue, group, may)
    if attendee is None:
        hidden = set() if "protocol" in may else venue.layout.hidden_groups
        people = attendees.load_attendees(tx, venue.id, group)
        return in_name_order([one for one in people if one.family_name and one.group not in hidden])
    person = attendees.load_attendee(tx, venue.id, attendee)
    if person is None or not person.family_name:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    check_seen(venue, person.group, may)
    return [person]


def _says(venue: Venue, one: Certificate, said: Attendance, person: Attendee, content: Attendance) -> bool:
    """Whether a certificate says of this person what would be certified now: the name, the minutes and the
    points. That some of them were only assumed when it was issued makes no other certificate."""
    then, now = ([(part.session, part.minutes) for part in what.counted] for what in (said, content))
    return (then, said.minutes, said.points) == (now, content.minutes, content.points) and one.code == _code(
        venue, one.number, person, said
    )


def _code(venue: Venue, number: int, person: Attendee, content: Attendance) -> str:
    """The MAC over all that the paper says."""
    event = venue.layout.event
    said = (event.slug, event.date.isoformat(), number, person.name, person.chamber_number, content)
    return codes.certificate_code(msgspec.json.encode(said), venue.key)


def _previewed(venue: Venue, person: Attendee, found: Attendance, rule: Rule) -> PersonPreviewed:
    sessions = venue.programme.sessions
    return PersonPreviewed(
        attendee=person.id,
        name=person.name,
        minutes=found.minutes,
        points=found.points,
        assumed=found.assumed,
        certified=found.minutes >= rule.least_min,
        counted=[
            CountedShown(
                session=one.session,
                title=sessions[one.session].title if one.session in sessions else "",
                minutes=one.minutes,
                assumed=one.assumed,
            )
            for one in found.counted
        ],
    )


def _spread(ordered: Sequence[str], count: int) -> list[str]:
    """So many of them, from the first to the last, evenly."""
    if len(ordered) <= count:
        return [*ordered]
    return [ordered[round(at * (len(ordered) - 1) / (count - 1))] for at in range(count)]


def _note(
    tx: Transaction,
    venue: Venue,
    what: str,
    *,
    ids: tuple[str, ...] = (),
    count: int | None = None,
    note: str = "",
    now: int,
    by: str,
) -> None:
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="certificate", what=what, at=now, by=by, ids=ids, count=count, note=note))
    journal.write()
