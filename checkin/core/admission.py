"""The decision on a scan. Written once; the centre, a cut-off station and the planner call it.

`decide` asks the rules in the order of `RULES`; the first that bites is the answer. Everything a
rule knows is in `Facts`. To add a reason: a rule here with its line in `OVERRIDE`, and its word in the
catalogues (`checkin/words`, msgctxt "door").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from checkin.core.codes import Genuineness
from checkin.core.holds import Claimant, Kept, Seats, wheelchair_places
from checkin.core.layout import Layout
from checkin.core.model import BadgeState, CountsAs, Item, Registration, Scan, Session
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
    instead of this person; `items`: what was handed out (once) or is lent; `unsure`: areas in which the
    person is known to be, while the place may have been given on by a door that was cut off."""

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
    unsure: tuple[str, ...] = ()

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


class Alternative(Struct, frozen=True, kw_only=True):
    """A session of the same slot with places: where, and how many (None: no limit)."""

    session: str
    area: str
    free: int | None


class Refusal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why not, with what a person at the door needs: the area that is full, the doors to use
    instead, since when and through which door the person is inside (or has the item), the session that
    a switch would book, what of the area is kept and until when, the number in the waiting line and
    how many go first, the area where the same is shown, and where there are places instead. `frozen`: nothing of the
    area was given away, since the centre came from a backup; it need not have been full."""

    reason: Reason
    area: str | None = None
    frozen: bool = False
    doors: tuple[str, ...] = ()
    since_at: int | None = None
    since_door: str | None = None
    session: str | None = None
    kept: tuple[Kept, ...] = ()
    number: int | None = None
    ahead: int | None = None
    overflow: str | None = None
    alternatives: tuple[Alternative, ...] = ()

    @property
    def listed(self) -> str:
        """The word under which lists and numbers have it."""
        return "not_given_away" if self.frozen else self.reason


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


class Case:
    """One scan at one door, with what several rules ask of it. `bearer`, `counts_as` and `entered` are there
    once the rule of the code has been passed."""

    __slots__ = ("bearer", "counts_as", "door", "entered", "facts", "layout", "scan", "seats")

    bearer: Bearer
    counts_as: CountsAs
    """As what the bearer counts: who is inside goes on counting as on the way in, whatever has become of
    the group meanwhile, or a tally would lose somebody it never had."""
    entered: Sequence[str]
    """The areas in which the bearer would need a place, the house first; at a counter none."""

    def __init__(self, scan: Scan, facts: Facts) -> None:
        self.scan = scan
        self.facts = facts
        self.layout = facts.layout
        self.seats = facts.seats
        self.door = door = facts.layout.doors[scan.door]
        bearer = facts.bearer
        if bearer is None:
            return
        self.bearer = bearer
        presence = bearer.presence
        inside = presence is not None and presence.area is not None
        self.counts_as = presence.counts_as if presence and inside else facts.layout.groups[bearer.group].counts_as
        places = facts.seats.house.takes_place_in(presence.area if presence else None, door.area, bearer.unsure)
        self.entered = places if door.item is None else ()

    @property
    def where(self) -> str | None:
        """The area in which the bearer is; None: outside, or nobody's code."""
        bearer = self.facts.bearer
        return bearer.presence.area if bearer is not None and bearer.presence is not None else None


def decide(scan: Scan, facts: Facts) -> Decision:
    """Decide one scan from the facts. Pure; the same arguments give the same answer.

    An exit is never refused. An entry is refused by the first rule that bites, unless the refusal
    is soft and the scan carries an override.
    """
    case = Case(scan, facts)
    counter = case.door.item is not None
    if scan.direction == "exit":
        return _give_back(case) if counter else _exit(case)
    overridden: Reason | None = None
    for rule in RULES:
        refusal = rule(case)
        if refusal is None:
            continue
        if scan.override is None or OVERRIDE[refusal.reason] == "firm":
            return _refuse(case, refusal)
        overridden = overridden or refusal.reason
    return _hand_out(case, overridden) if counter else _admit(case, overridden)


def _evacuation(case: Case) -> Refusal | None:
    return Refusal(reason="evacuation") if case.facts.evacuation != "none" else None


def _code(case: Case) -> Refusal | None:
    if case.facts.bearer is not None:
        return None
    if case.facts.several:
        return Refusal(reason="code_ambiguous")
    return Refusal(reason="code_forged" if case.facts.genuineness == "forged" else "code_unknown")


def _block(case: Case) -> Refusal | None:
    return Refusal(reason="badge_blocked") if case.bearer.blocked or case.bearer.badge == "blocked" else None


def _badge(case: Case) -> Refusal | None:
    bearer = case.bearer
    if bearer.badge != "replaced" or bearer.represented:  # who sent a proxy is told of that instead
        return None
    return Refusal(reason="badge_replaced", since_at=bearer.replaced_at, since_door=bearer.replaced_at_desk)


def _registration(case: Case) -> Refusal | None:
    """Whoever is on the waiting list may come in when the house has a place for their number."""
    registration = case.bearer.registration
    if registration == "registered":
        return None
    if registration == "cancelled":
        return Refusal(reason="registration_cancelled")
    house = case.layout.house.id
    refusal = _area_full(case) or _held(case)
    if _in_line(house, case) and (refusal is None or refusal.area != house):
        return None
    return Refusal(reason="registration_waiting", area=house)


def _accreditation(case: Case) -> Refusal | None:
    if case.bearer.accredited or not case.layout.groups[case.bearer.group].accredited:
        return None
    return Refusal(reason="not_accredited")


def _proxy(case: Case) -> Refusal | None:
    """Somebody else was sent in this person's place; one of them is enough, unless a steward says that
    both may come."""
    if not case.bearer.represented or case.where is not None:
        return None
    proxy = case.bearer.proxy
    return Refusal(
        reason="proxy_came", since_at=proxy.arrived_at if proxy else None, since_door=proxy.door if proxy else None
    )


def _door_hours(case: Case) -> Refusal | None:
    if case.door.is_open(case.seats.clock, case.bearer.group):
        return None
    return Refusal(reason="door_closed", doors=_other_doors(case))


def _group(case: Case) -> Refusal | None:
    if not case.door.groups or case.bearer.group in case.door.groups:
        return None
    return Refusal(reason="group_not_permitted", doors=_other_doors(case))


def _item(case: Case) -> Refusal | None:
    given = case.bearer.items.get(case.door.item) if case.door.item is not None else None
    return None if given is None else Refusal(reason="item_taken", since_at=given.at, since_door=given.door)


def _already_inside(case: Case) -> Refusal | None:
    presence, door, facts = case.bearer.presence, case.door, case.facts
    after_drill = facts.reentry_until is not None and facts.now < facts.reentry_until
    if door.item is not None or door.reentry == "allow" or after_drill:
        return None
    if presence is None or door.area not in case.layout.path(presence.area):
        return None
    return Refusal(reason="already_inside", since_at=presence.since_at, since_door=presence.door)


def _arrival(case: Case) -> Refusal | None:
    door = case.door
    implied = case.layout.event.arrival == "implied" or door.area == case.layout.house.id or door.item is not None
    return None if implied or case.where is not None else Refusal(reason="not_arrived")


def _session(case: Case) -> Refusal | None:
    """A bookable session wants a booking; where a seat is free, one tap switches. Crew, those who have
    a seat of their own by a hold, and those whom the waiting line has brought here need none."""
    area = case.door.area
    session = _session_to_book(case)
    if session is None or case.scan.switch or _in_line(area, case):
        return None
    if case.seats.has_own_place(area, case.bearer.claimant):
        return None
    if _wheelchair(case) or _area_full(case) or _held(case):
        return None  # nothing to switch to: the next rules say what is
    return Refusal(reason="session_not_booked", area=area, session=session.id)


def _wheelchair(case: Case) -> Refusal | None:
    """Wheelchair places have a count of their own: the rows may be full, or these may."""
    if not case.bearer.wheelchair:
        return None
    for area in case.entered:
        places = wheelchair_places(area, case.seats.house)
        if places is not None and places <= 0:
            return Refusal(reason="wheelchair_full", area=area)
    return None


def _area_full(case: Case) -> Refusal | None:
    """The first area on the way in, the house first, that holds its approved number."""
    for area in case.entered:
        free = case.seats.house.free(area, case.counts_as)
        if free is not None and free <= 0:
            return Refusal(reason="area_full", area=area, frozen=case.seats.house.is_frozen(area))
    return None


def _held(case: Case) -> Refusal | None:
    """The first area on the way in whose free places are kept for others, or are for those who wait in
    line before this person."""
    if not case.entered:
        return None
    seats, claimant, counts_as = case.seats, case.bearer.claimant, case.counts_as
    for area in case.entered:
        places = seats.free_for(area, claimant, counts_as)
        if places is None:
            continue
        if places <= 0:
            return Refusal(
                reason="held_seats_only", area=area, kept=tuple(seats.kept_of_free(area, claimant, counts_as))
            )
        waits_its_turn = counts_as == "visitor" and places <= seats.ahead(area, case.bearer.attendee)
        if waits_its_turn and not seats.has_own_place(area, claimant):
            return Refusal(reason="line_first", area=area)
    return None


RULES: tuple[Callable[[Case], Refusal | None], ...] = (
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


def _session_to_book(case: Case) -> Session | None:
    """The bookable session of this door's area that the bearer has not booked and would enter."""
    area = case.door.area
    if case.counts_as == "crew" or area not in case.entered:
        return None
    session = case.seats.programme.running(area, case.facts.now)
    if session is None or not session.bookable or session.id in case.bearer.bookings:
        return None
    return session


def _in_line(area: str, case: Case) -> bool:
    line = case.seats.lines.get(area)
    return line is not None and line.of(case.bearer.attendee) is not None


def _refuse(case: Case, refusal: Refusal) -> Decision:
    bearer = case.facts.bearer
    waits = False
    if bearer is not None and refusal.reason in WAITS_FOR and refusal.area is not None:
        refusal, waits = _with_line(case, refusal, refusal.area)
    return Decision(
        outcome="refused",
        kind=None,
        refusal=refusal,
        attendee=bearer.attendee if bearer else None,
        leaves=case.where,
        enters=case.where,
        waits=waits,
    )


def _with_line(case: Case, refusal: Refusal, area: str) -> tuple[Refusal, bool]:
    """The refusal with the place in the waiting line and with what else there is, and whether a number
    is taken by this very scan."""
    seats, attendee, claimant = case.seats, case.bearer.attendee, case.bearer.claimant
    line = seats.lines.get(area)
    own = line.of(attendee) if line is not None else None
    waits = case.scan.wait and own is None and area not in case.layout.path(case.where)
    number = own.number if own is not None else None
    if waits:
        number = (line.last_number if line is not None else 0) + 1
    session = seats.programme.running(area, case.facts.now)
    others = seats.alternatives(session, claimant, ALTERNATIVES_MAX) if session is not None else []
    return Refusal(
        reason=refusal.reason,
        area=area,
        frozen=refusal.frozen,
        session=session.id if session is not None else None,
        kept=refusal.kept,
        number=number,
        ahead=seats.ahead(area, attendee),
        overflow=seats.overflow(area, claimant),
        alternatives=tuple(Alternative(session=one.id, area=one.area, free=free) for one, free in others),
    ), waits


def _admit(case: Case, overridden: Reason | None) -> Decision:
    bearer, area = case.bearer, case.door.area
    kind: Kind
    if bearer.presence is None:
        kind = "arrival"
    elif case.where is None or area in case.layout.path(case.where):
        kind = "reentry"
    else:
        kind = "entry"
    books = _session_to_book(case) if case.scan.switch or _in_line(area, case) else None
    return Decision(
        outcome="admitted",
        kind=kind,
        overridden=overridden,
        attendee=bearer.attendee,
        counts_as=case.counts_as,
        leaves=case.where,
        enters=area,
        books=books.id if books else None,
        frees=case.seats.programme.overlapping(books, bearer.bookings) if books else (),
    )


def _exit(case: Case) -> Decision:
    """Out of the door's area into the one around it, as far as the person was known to be inside of
    that: an exit never brings anybody into an area, so it cannot fill one. A drill moves nobody."""
    if case.facts.bearer is None:
        return Decision(outcome="admitted", kind="exit")
    layout, area, leaves = case.layout, case.door.area, case.where
    before, around = layout.path(leaves), layout.path(layout.areas[area].parent)
    enters = next((one for one in reversed(around) if one in before), None)
    return Decision(
        outcome="admitted",
        kind="exit",
        attendee=case.bearer.attendee,
        counts_as=case.counts_as,
        leaves=leaves,
        enters=leaves if case.facts.evacuation == "drill" else enters,
        asks_back=_lent(case) if area == layout.house.id else (),
    )


def _hand_out(case: Case, overridden: Reason | None) -> Decision:
    return _at_counter(case, "handout", overridden)


def _give_back(case: Case) -> Decision:
    if case.facts.bearer is None:
        return Decision(outcome="admitted", kind="return")
    return _at_counter(case, "return", None)


def _at_counter(case: Case, kind: Kind, overridden: Reason | None) -> Decision:
    return Decision(
        outcome="admitted",
        kind=kind,
        overridden=overridden,
        attendee=case.bearer.attendee,
        counts_as=case.counts_as,
        leaves=case.where,
        enters=case.where,
        item=case.door.item,
    )


def _lent(case: Case) -> tuple[str, ...]:
    known: Mapping[str, Item] = case.layout.items
    return tuple(item for item in case.bearer.items if item in known and known[item].kind == "lent")


def _other_doors(case: Case) -> tuple[str, ...]:
    """Doors of the same area that this person may use now."""
    group = case.bearer.group
    return tuple(
        other.id
        for other in case.layout.entries_for(case.door.area, group)
        if other.id != case.door.id and other.is_open(case.seats.clock, group)
    )
