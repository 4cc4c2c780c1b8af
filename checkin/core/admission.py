"""The decision on a scan. Written once; the centre, a cut-off station and the planner call it.

`decide` asks the rules in the order of `RULES`; the first that bites is the answer. Everything a
rule knows is in `Facts`. To add a reason: a rule here, its wording in `wording.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from checkin.core.codes import Genuineness
from checkin.core.layout import Layout
from checkin.core.model import BadgeState, CountsAs, Door, Registration, Scan
from checkin.core.occupancy import House, Presence

Outcome = Literal["admitted", "refused"]
Kind = Literal["arrival", "entry", "reentry", "exit"]
Reason = Literal[
    "evacuation",
    "code_unknown",
    "code_forged",
    "badge_replaced",
    "badge_blocked",
    "registration_cancelled",
    "registration_waiting",
    "door_closed",
    "group_not_permitted",
    "already_inside",
    "not_arrived",
    "area_full",
]

SOFT: frozenset[Reason] = frozenset({"door_closed", "group_not_permitted", "already_inside", "not_arrived"})
"""The refusals an operator may override. The others are firm: no override passes them."""


class Bearer(Struct, frozen=True, kw_only=True):
    """Whom a code belongs to, as far as a rule needs it. `badge` is None for a ticket code of
    another system; `presence` None for one who was never here."""

    attendee: str
    group: str
    registration: Registration
    badge: BadgeState | None = None
    replaced_at: int | None = None
    presence: Presence | None = None


class Facts(Struct, frozen=True, kw_only=True):
    """What is known when a scan is decided. `clock`: the time of day of `now` in the event's zone."""

    now: int
    clock: dt.time
    layout: Layout
    house: House
    evacuation: bool
    genuineness: Genuineness
    bearer: Bearer | None

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


class Refusal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why not, with what a person at the door needs: the area that is full, the doors to use
    instead, since when and through which door the person is inside."""

    reason: Reason
    area: str | None = None
    doors: tuple[str, ...] = ()
    since_at: int | None = None
    since_door: str | None = None


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer, and the movement it means: from `leaves` to `enters` (None: outside), equal
    where nobody moves. `overridden`: the soft refusal that an operator let pass."""

    outcome: Outcome
    kind: Kind | None
    refusal: Refusal | None = None
    overridden: Reason | None = None
    attendee: str | None = None
    counts_as: CountsAs = "visitor"
    leaves: str | None = None
    enters: str | None = None


def decide(scan: Scan, facts: Facts) -> Decision:
    """Decide one scan from the facts. Pure; the same arguments give the same answer.

    An exit is never refused. An entry is refused by the first rule that bites, unless the refusal
    is soft and the scan carries an override.
    """
    door = facts.layout.doors[scan.door]
    if scan.direction == "exit":
        return _exit(door, facts)
    overridden: Reason | None = None
    for rule in RULES:
        refusal = rule(door, facts)
        if refusal is None:
            continue
        if scan.override is None or refusal.reason not in SOFT:
            return _refuse(refusal, facts)
        overridden = overridden or refusal.reason
    return _admit(door, facts, overridden)


def _evacuation(door: Door, facts: Facts) -> Refusal | None:
    return Refusal(reason="evacuation") if facts.evacuation else None


def _code(door: Door, facts: Facts) -> Refusal | None:
    if facts.bearer is not None:
        return None
    return Refusal(reason="code_forged" if facts.genuineness == "forged" else "code_unknown")


def _badge(door: Door, facts: Facts) -> Refusal | None:
    bearer = facts.known_bearer()
    if bearer.badge == "blocked":
        return Refusal(reason="badge_blocked")
    if bearer.badge == "replaced":
        return Refusal(reason="badge_replaced", since_at=bearer.replaced_at)
    return None


def _registration(door: Door, facts: Facts) -> Refusal | None:
    match facts.known_bearer().registration:
        case "cancelled":
            return Refusal(reason="registration_cancelled")
        case "waiting":
            return Refusal(reason="registration_waiting")
        case "registered":
            return None


def _door_hours(door: Door, facts: Facts) -> Refusal | None:
    too_early = door.opens is not None and facts.clock < door.opens
    too_late = door.closes is not None and facts.clock >= door.closes
    if door.direction == "exit" or too_early or too_late:
        return Refusal(reason="door_closed", doors=_other_doors(door, facts))
    return None


def _group(door: Door, facts: Facts) -> Refusal | None:
    if not door.groups or facts.known_bearer().group in door.groups:
        return None
    return Refusal(reason="group_not_permitted", doors=_other_doors(door, facts))


def _already_inside(door: Door, facts: Facts) -> Refusal | None:
    presence = facts.known_bearer().presence
    if presence is None or door.area not in facts.layout.path(presence.area) or door.reentry == "allow":
        return None
    return Refusal(reason="already_inside", since_at=presence.since_at, since_door=presence.door)


def _arrival(door: Door, facts: Facts) -> Refusal | None:
    presence = facts.known_bearer().presence
    implied = facts.layout.event.arrival == "implied" or door.area == facts.layout.house.id
    if implied or (presence is not None and presence.area is not None):
        return None
    return Refusal(reason="not_arrived")


def _area_full(door: Door, facts: Facts) -> Refusal | None:
    presence = facts.known_bearer().presence
    full = facts.house.full_area(presence.area if presence else None, door.area, facts.counts_as())
    return None if full is None else Refusal(reason="area_full", area=full)


RULES: tuple[Callable[[Door, Facts], Refusal | None], ...] = (
    _evacuation,
    _code,
    _badge,
    _registration,
    _door_hours,
    _group,
    _already_inside,
    _arrival,
    _area_full,
)


def _refuse(refusal: Refusal, facts: Facts) -> Decision:
    where = facts.bearer.presence.area if facts.bearer and facts.bearer.presence else None
    return Decision(
        outcome="refused",
        kind=None,
        refusal=refusal,
        attendee=facts.bearer.attendee if facts.bearer else None,
        leaves=where,
        enters=where,
    )


def _admit(door: Door, facts: Facts, overridden: Reason | None) -> Decision:
    bearer = facts.known_bearer()
    presence = bearer.presence
    kind: Kind
    if presence is None:
        kind = "arrival"
    elif presence.area is None or door.area in facts.layout.path(presence.area):
        kind = "reentry"
    else:
        kind = "entry"
    return Decision(
        outcome="admitted",
        kind=kind,
        overridden=overridden,
        attendee=bearer.attendee,
        counts_as=facts.counts_as(),
        leaves=presence.area if presence else None,
        enters=door.area,
    )


def _exit(door: Door, facts: Facts) -> Decision:
    """Out of the door's area into the one around it, as far as the person was known to be inside of
    that: an exit never brings anybody into an area, so it cannot fill one."""
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
        enters=enters,
    )


def _other_doors(door: Door, facts: Facts) -> tuple[str, ...]:
    """Doors of the same area that this person may use now."""
    return tuple(
        other.id
        for other in facts.layout.entries_for(door.area, facts.known_bearer().group)
        if other.id != door.id
        and (other.opens is None or other.opens <= facts.clock)
        and (other.closes is None or facts.clock < other.closes)
    )
