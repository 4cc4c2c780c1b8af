"""The decision on a scan. Written once; the centre, a cut-off station and the planner call it.

`decide` asks the rules in the order of `RULES`; the first that bites is the answer. Everything a
rule knows is in `Facts`. To add a reason: a rule here with its line in `OVERRIDE`, its wording in
`wording.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct

from checkin.core.codes import Genuineness
from checkin.core.holds import Claimant, Kept, Seats, wheelchair_places
from checkin.core.layout import Layout
from checkin.core.model import BadgeState, CountsAs, Door, Item, Registration, Scan, Session
from checkin.core.occupancy import Presence

Outcome = Literal["admitted", "refused"]
Kind = Literal["arrival", "entry", "reentry", "exit", "handout", "return"]
Reason = Literal[
    "evacuation",
    "code_unknown",
    "code_forged",
    "code_ambiguous",
    "badge_blocked",
    "badge_replaced",
    "registration_cancelled",
    "registration_waiting",
    "not_accredited",
    "proxy_came",
    "door_closed",
    "group_not_permitted",
    "already_inside",
    "not_arrived",
    "item_taken",
    "session_not_booked",
    "wheelchair_full",
    "area_full",
    "held_seats_only",
    "line_first",
]
Evacuation = Literal["none", "evacuation", "drill"]

OVERRIDE: Mapping[Reason, Literal["soft", "firm"]] = {
    "evacuation": "firm",
    "code_unknown": "firm",
    "code_forged": "firm",
    "code_ambiguous": "firm",
    "badge_blocked": "firm",
    "badge_replaced": "firm",
    "registration_cancelled": "firm",
    "registration_waiting": "firm",
    "not_accredited": "firm",
    "proxy_came": "soft",
    "door_closed": "soft",
    "group_not_permitted": "soft",
    "already_inside": "soft",
    "not_arrived": "soft",
    "item_taken": "soft",
    "session_not_booked": "soft",
    "wheelchair_full": "soft",
    "area_full": "firm",
    "held_seats_only": "soft",
    "line_first": "soft",
}
"""Which refusals a steward may pass with a reason. No one passes a firm one."""

WAITS_FOR: frozenset[Reason] = frozenset(
    {"area_full", "held_seats_only", "line_first", "wheelchair_full", "registration_waiting"}
)
"""The refusals for which one may take a number of the waiting line."""

ALTERNATIVES_MAX = 3


class Given(Struct, frozen=True, kw_only=True):
    """An item in somebody's hands: since when, and from which door."""

    at: int
    door: str


class Bearer(Struct, frozen=True, kw_only=True):
    """Whom a code belongs to, as far as a rule needs it. `badge` is None for a ticket code of
    another system; `presence` None for one who was never here; `proxy`: where the one is who came
    instead of this person; `items`: what was handed out (once) or is lent."""

    attendee: str
    group: str
    registration: Registration
    badge: BadgeState | None = None
    replaced_at: int | None = None
    replaced_at_desk: str | None = None
    presence: Presence | None = None
    wheelchair: bool = False
    companion: bool = False
    bookings: tuple[str, ...] = ()
    blocked: bool = False
    accredited: bool = False
    represented: bool = False
    proxy: Presence | None = None
    items: Mapping[str, Given] = {}

    @property
    def claimant(self) -> Claimant:
        return Claimant(group=self.group, wheelchair=self.wheelchair, companion=self.companion, bookings=self.bookings)


class Facts(Struct, frozen=True, kw_only=True):
    """What is known when a scan is decided. `bearer` None: the code leads to nobody, or (`several`) to
    more than one. `reentry_until`: after a drill everybody comes back in without a question until then."""

    now: int
    layout: Layout
    seats: Seats
    evacuation: Evacuation
    genuineness: Genuineness
    bearer: Bearer | None
    several: bool = False
    reentry_until: int | None = None

    def known_bearer(self) -> Bearer:
        assert self.bearer is not None, "the rule of the code comes first"
        return self.bearer

    def counts_as(self) -> CountsAs:
        """As what the bearer counts: who is inside goes on counting as on the way in, whatever has
        become of the group meanwhile, or a tally would lose somebody it never had."""
        presence = self.known_bearer().presence
        if presence is not None and presence.area is not None:
            return presence.counts_as
        return self.layout.groups[self.known_bearer().group].counts_as

    def entered(self, door: Door) -> list[str]:
        """The areas in which the bearer would need a place, the house first."""
        presence = self.known_bearer().presence
        return self.seats.house.takes_place_in(presence.area if presence else None, door.area)


class Alternative(Struct, frozen=True, kw_only=True):
    """A session of the same slot with places: where, and how many (None: no limit)."""

    session: str
    area: str
    free: int | None


class Refusal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why not, with what a person at the door needs: the area that is full, the doors to use
    instead, since when and through which door the person is inside (or has the item), the session that
    a switch would book, what of the area is kept and until when, the number in the waiting line and
    how many go first, the area where the same is shown, and where there are places instead."""

    reason: Reason
    area: str | None = None
    doors: tuple[str, ...] = ()
    since_at: int | None = None
    since_door: str | None = None
    session: str | None = None
    kept: tuple[Kept, ...] = ()
    number: int | None = None
    ahead: int | None = None
    overflow: str | None = None
    alternatives: tuple[Alternative, ...] = ()


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer, and what it means: the movement from `leaves` to `enters` (None: outside), equal
    where nobody moves; the session it `books` in the place of those it `frees`; the item handed out or
    given back; whether it takes a number of the line (`waits`). `overridden`: the soft refusal that an
    operator let pass. `asks_back`: lent items to ask for at the exit."""

    outcome: Outcome
    kind: Kind | None
    refusal: Refusal | None = None
    overridden: Reason | None = None
    attendee: str | None = None
    counts_as: CountsAs = "visitor"
    leaves: str | None = None
    enters: str | None = None
    books: str | None = None
    frees: tuple[str, ...] = ()
    item: str | None = None
    waits: bool = False
    asks_back: tuple[str, ...] = ()


def decide(scan: Scan, facts: Facts) -> Decision:
    """Decide one scan from the facts. Pure; the same arguments give the same answer.

    An exit is never refused. An entry is refused by the first rule that bites, unless the refusal
    is soft and the scan carries an override.
    """
    door = facts.layout.doors[scan.door]
    if scan.direction == "exit":
        return _give_back(door, facts) if door.item is not None else _exit(door, facts)
    overridden: Reason | None = None
    for rule in RULES:
        refusal = rule(scan, door, facts)
        if refusal is None:
            continue
        if scan.override is None or OVERRIDE[refusal.reason] == "firm":
            return _refuse(scan, refusal, facts)
        overridden = overridden or refusal.reason
    return _hand_out(door, facts, overridden) if door.item is not None else _admit(scan, door, facts, overridden)


def _evacuation(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    return Refusal(reason="evacuation") if facts.evacuation != "none" else None


def _code(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    if facts.bearer is not None:
        return None
    if facts.several:
        return Refusal(reason="code_ambiguous")
    return Refusal(reason="code_forged" if facts.genuineness == "forged" else "code_unknown")


def _block(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    bearer = facts.known_bearer()
    return Refusal(reason="badge_blocked") if bearer.blocked or bearer.badge == "blocked" else None


def _badge(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    bearer = facts.known_bearer()
    if bearer.badge != "replaced" or bearer.represented:  # who sent a proxy is told of that instead
        return None
    return Refusal(reason="badge_replaced", since_at=bearer.replaced_at, since_door=bearer.replaced_at_desk)


def _registration(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    """Whoever is on the waiting list may come in when the house has a place for their number."""
    match facts.known_bearer().registration:
        case "cancelled":
            return Refusal(reason="registration_cancelled")
        case "waiting":
            house = facts.layout.house.id
            refusal = _no_place(door, facts) or _others_place(door, facts)
            if _in_line(house, facts) and (refusal is None or refusal.area != house):
                return None
            return Refusal(reason="registration_waiting", area=house)
        case "registered":
            return None


def _accreditation(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    bearer = facts.known_bearer()
    if bearer.accredited or not facts.layout.groups[bearer.group].accredited:
        return None
    return Refusal(reason="not_accredited")


def _proxy(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    """Somebody else was sent in this person's place; one of them is enough, unless a steward says that
    both may come."""
    bearer = facts.known_bearer()
    if not bearer.represented or (bearer.presence is not None and bearer.presence.area is not None):
        return None
    proxy = bearer.proxy
    return Refusal(
        reason="proxy_came", since_at=proxy.arrived_at if proxy else None, since_door=proxy.door if proxy else None
    )


def _door_hours(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    if door.is_open(facts.layout.clock(facts.now), facts.known_bearer().group):
        return None
    return Refusal(reason="door_closed", doors=_other_doors(door, facts))


def _group(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    if not door.groups or facts.known_bearer().group in door.groups:
        return None
    return Refusal(reason="group_not_permitted", doors=_other_doors(door, facts))


def _item(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    given = facts.known_bearer().items.get(door.item) if door.item is not None else None
    return None if given is None else Refusal(reason="item_taken", since_at=given.at, since_door=given.door)


def _already_inside(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    presence = facts.known_bearer().presence
    after_drill = facts.reentry_until is not None and facts.now < facts.reentry_until
    if door.item is not None or door.reentry == "allow" or after_drill:
        return None
    if presence is None or door.area not in facts.layout.path(presence.area):
        return None
    return Refusal(reason="already_inside", since_at=presence.since_at, since_door=presence.door)


def _arrival(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    presence = facts.known_bearer().presence
    implied = facts.layout.event.arrival == "implied" or door.area == facts.layout.house.id or door.item is not None
    if implied or (presence is not None and presence.area is not None):
        return None
    return Refusal(reason="not_arrived")


def _session(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    """A bookable session wants a booking; where a seat is free, one tap switches. Crew, those who have
    a seat of their own by a hold, and those whom the waiting line has brought here need none."""
    session = _session_to_book(door, facts)
    if session is None or scan.switch or _in_line(door.area, facts):
        return None
    if facts.seats.has_own_place(door.area, facts.known_bearer().claimant):
        return None
    if _wheelchair(scan, door, facts) or _no_place(door, facts) or _others_place(door, facts):
        return None  # nothing to switch to: the next rules say what is
    return Refusal(reason="session_not_booked", area=door.area, session=session.id)


def _wheelchair(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    """Wheelchair places have a count of their own: the rows may be full, or these may."""
    if not facts.known_bearer().wheelchair or door.item is not None:
        return None
    for area in facts.entered(door):
        places = wheelchair_places(area, facts.seats.house)
        if places is not None and places <= 0:
            return Refusal(reason="wheelchair_full", area=area)
    return None


def _area_full(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    return _no_place(door, facts)


def _held(scan: Scan, door: Door, facts: Facts) -> Refusal | None:
    return _others_place(door, facts)


RULES: tuple[Callable[[Scan, Door, Facts], Refusal | None], ...] = (
    _evacuation,
    _code,
    _block,
    _badge,
    _registration,
    _accreditation,
    _proxy,
    _door_hours,
    _group,
    _item,
    _already_inside,
    _arrival,
    _session,
    _wheelchair,
    _area_full,
    _held,
)


def _no_place(door: Door, facts: Facts) -> Refusal | None:
    """Area full: the first area on the way in, the house first, that holds its approved number."""
    if door.item is not None:
        return None
    for area in facts.entered(door):
        free = facts.seats.house.free(area, facts.counts_as())
        if free is not None and free <= 0:
            return Refusal(reason="area_full", area=area)
    return None


def _others_place(door: Door, facts: Facts) -> Refusal | None:
    """The first area on the way in whose free places are kept for others, or are for those who wait in
    line before this person."""
    if door.item is not None:
        return None
    bearer, counts_as = facts.known_bearer(), facts.counts_as()
    for area in facts.entered(door):
        places = facts.seats.free_for(area, bearer.claimant, counts_as)
        if places is None:
            continue
        if places <= 0:
            kept = tuple(facts.seats.kept_of_free(area, bearer.claimant, counts_as))
            return Refusal(reason="held_seats_only", area=area, kept=kept)
        waits_its_turn = counts_as == "visitor" and not facts.seats.has_own_place(area, bearer.claimant)
        if waits_its_turn and places <= facts.seats.ahead(area, bearer.attendee):
            return Refusal(reason="line_first", area=area)
    return None


def _session_to_book(door: Door, facts: Facts) -> Session | None:
    """The bookable session of this door's area that the bearer has not booked and would enter."""
    bearer = facts.known_bearer()
    if door.item is not None or facts.counts_as() == "crew" or door.area not in facts.entered(door):
        return None
    session = facts.seats.programme.running(door.area, facts.now)
    if session is None or not session.bookable or session.id in bearer.bookings:
        return None
    return session


def _in_line(area: str, facts: Facts) -> bool:
    line = facts.seats.lines.get(area)
    return line is not None and line.of(facts.known_bearer().attendee) is not None


def _refuse(scan: Scan, refusal: Refusal, facts: Facts) -> Decision:
    bearer = facts.bearer
    where = bearer.presence.area if bearer and bearer.presence else None
    waits = False
    if bearer is not None and refusal.reason in WAITS_FOR and refusal.area is not None:
        refusal, waits = _with_line(scan, refusal, refusal.area, bearer, facts)
    return Decision(
        outcome="refused",
        kind=None,
        refusal=refusal,
        attendee=bearer.attendee if bearer else None,
        leaves=where,
        enters=where,
        waits=waits,
    )


def _with_line(scan: Scan, refusal: Refusal, area: str, bearer: Bearer, facts: Facts) -> tuple[Refusal, bool]:
    """The refusal with the place in the waiting line and with what else there is, and whether a number
    is taken by this very scan."""
    line = facts.seats.lines.get(area)
    own = line.of(bearer.attendee) if line is not None else None
    inside = bearer.presence is not None and area in facts.layout.path(bearer.presence.area)
    waits = scan.wait and own is None and not inside
    number = own.number if own is not None else None
    if waits:
        number = (line.last_number if line is not None else 0) + 1
    session = facts.seats.programme.running(area, facts.now)
    others = facts.seats.alternatives(session, bearer.claimant, ALTERNATIVES_MAX) if session is not None else []
    return Refusal(
        reason=refusal.reason,
        area=area,
        session=session.id if session is not None else None,
        kept=refusal.kept,
        number=number,
        ahead=facts.seats.ahead(area, bearer.attendee),
        overflow=facts.seats.overflow(area, bearer.claimant),
        alternatives=tuple(Alternative(session=one.id, area=one.area, free=free) for one, free in others),
    ), waits


def _admit(scan: Scan, door: Door, facts: Facts, overridden: Reason | None) -> Decision:
    bearer = facts.known_bearer()
    presence = bearer.presence
    kind: Kind
    if presence is None:
        kind = "arrival"
    elif presence.area is None or door.area in facts.layout.path(presence.area):
        kind = "reentry"
    else:
        kind = "entry"
    books = _session_to_book(door, facts) if scan.switch or _in_line(door.area, facts) else None
    return Decision(
        outcome="admitted",
        kind=kind,
        overridden=overridden,
        attendee=bearer.attendee,
        counts_as=facts.counts_as(),
        leaves=presence.area if presence else None,
        enters=door.area,
        books=books.id if books else None,
        frees=facts.seats.programme.overlapping(books, bearer.bookings) if books else (),
    )


def _exit(door: Door, facts: Facts) -> Decision:
    """Out of the door's area into the one around it, as far as the person was known to be inside of
    that: an exit never brings anybody into an area, so it cannot fill one. A drill moves nobody."""
    bearer = facts.bearer
    if bearer is None:
        return Decision(outcome="admitted", kind="exit")
    presence = bearer.presence
    leaves = presence.area if presence else None
    before, around = facts.layout.path(leaves), facts.layout.path(facts.layout.areas[door.area].parent)
    enters = next((area for area in reversed(around) if area in before), None)
    return Decision(
        outcome="admitted",
        kind="exit",
        attendee=bearer.attendee,
        counts_as=facts.counts_as(),
        leaves=leaves,
        enters=leaves if facts.evacuation == "drill" else enters,
        asks_back=_lent(bearer, facts) if door.area == facts.layout.house.id else (),
    )


def _hand_out(door: Door, facts: Facts, overridden: Reason | None) -> Decision:
    return _at_counter("handout", door, facts, overridden)


def _give_back(door: Door, facts: Facts) -> Decision:
    if facts.bearer is None:
        return Decision(outcome="admitted", kind="return")
    return _at_counter("return", door, facts, None)


def _at_counter(kind: Kind, door: Door, facts: Facts, overridden: Reason | None) -> Decision:
    bearer = facts.known_bearer()
    where = bearer.presence.area if bearer.presence else None
    return Decision(
        outcome="admitted",
        kind=kind,
        overridden=overridden,
        attendee=bearer.attendee,
        counts_as=facts.counts_as(),
        leaves=where,
        enters=where,
        item=door.item,
    )


def _lent(bearer: Bearer, facts: Facts) -> tuple[str, ...]:
    known: Mapping[str, Item] = facts.layout.items
    return tuple(item for item in bearer.items if item in known and known[item].kind == "lent")


def _other_doors(door: Door, facts: Facts) -> tuple[str, ...]:
    """Doors of the same area that this person may use now."""
    group, clock = facts.known_bearer().group, facts.layout.clock(facts.now)
    return tuple(
        other.id
        for other in facts.layout.entries_for(door.area, group)
        if other.id != door.id and other.is_open(clock, group)
    )
