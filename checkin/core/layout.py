"""The venue of one event: its groups, areas, plans, doors, holds and items as one checked index."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Struct

from checkin.core.errors import BadInput, NotFound
from checkin.core.model import Approved, Area, Door, Event, Group, Hold, Item, Plan

AREAS_MAX = 500
DOORS_MAX = 2_000
GROUPS_MAX = 200
HOLDS_MAX = 1_000
PLANS_MAX = 1_000
ITEMS_MAX = 100
LANES_MAX = 100
NOUNS = ("group", "area", "plan", "door", "item", "hold")
"""What a layout is made of, besides the event itself."""


class Fault(str):
    """What is wrong with a layout, in words; and where: the noun (`event`, `area` …), its id or, where it has
    none that tells, its place in the file (`#3`), and the field. `code` is for words in other languages."""

    def __new__(cls, message: str, code: str, noun: str, id: str = "", field: str = "") -> Fault:
        fault = super().__new__(cls, message)
        fault.code, fault.noun, fault.id, fault.field = code, noun, id, field
        return fault

    code: str
    noun: str
    id: str
    field: str


class Difference(Struct, frozen=True, kw_only=True):
    """What a changed layout changes: `field` of a noun was `before` and is `after`; without a field the whole
    noun came (`before` None) or goes (`after` None), and the value is its name."""

    noun: str
    id: str
    field: str = ""
    before: object = None
    after: object = None


class Layout:
    """An event's venue, looked up by id. Building one checks it.

    Raises `BadInput` (code `layout_invalid`) that names every fault at once: ids given twice, a
    door, hold, plan or parent that names an unknown area, group or item, a loop of areas, no or several
    roots, a time zone that does not exist.
    """

    def __init__(
        self,
        event: Event,
        groups: Iterable[Group],
        areas: Iterable[Area],
        doors: Iterable[Door],
        holds: Iterable[Hold] = (),
        plans: Iterable[Plan] = (),
        items: Iterable[Item] = (),
    ) -> None:
        self.event = event
        group_list, area_list, door_list, item_list = list(groups), list(areas), list(doors), list(items)
        self.holds = tuple(_named(hold) for hold in holds)
        self.plans = tuple(plans)
        self.groups = {group.id: group for group in group_list}
        self.areas = {area.id: area for area in area_list}
        self.doors = {door.id: door for door in door_list}
        self.items = {item.id: item for item in item_list}
        faults: list[str] = [
            *_twice("group", [group.id for group in group_list]),
            *_twice("area", [area.id for area in area_list]),
            *_twice("door", [door.id for door in door_list]),
            *_twice("item", [item.id for item in item_list]),
            *_twice("hold", [hold.id for hold in self.holds]),
            *_twice("plan", [f"{plan.id} of area {plan.area}" for plan in self.plans]),
            *self._faults(),
        ]
        if faults:
            raise BadInput(
                "The layout cannot be used: " + "; ".join(faults) + ".", code="layout_invalid", faults=faults
            )
        self.zone = event.zone
        self._paths = {area: self._path(area) for area in self.areas}
        self._entered: dict[tuple[str | None, str | None], tuple[str, ...]] = {}

    def of(self, event: Event) -> Layout:
        """The same venue for an event with other settings or at another date."""
        return Layout(
            event,
            self.groups.values(),
            self.areas.values(),
            self.doors.values(),
            self.holds,
            self.plans,
            self.items.values(),
        )

    @cached_property
    def house(self) -> Area:
        """The root of the areas."""
        return next(area for area in self.areas.values() if area.parent is None)

    @cached_property
    def hidden_groups(self) -> frozenset[str]:
        """The groups that only the protocol sees."""
        return frozenset(group.id for group in self.groups.values() if group.hidden)

    def path(self, area: str | None) -> tuple[str, ...]:
        """The areas a person in `area` is inside of, the house first; empty for None (outside)."""
        return () if area is None else self._paths[area]

    def entered(self, leaves: str | None, enters: str | None) -> tuple[str, ...]:
        """The areas in which a person who goes from `leaves` to `enters` (None: outside) is new, the house first."""
        entered = self._entered.get((leaves, enters))
        if entered is None:
            inside_already = self.path(leaves)
            entered = tuple(area for area in self.path(enters) if area not in inside_already)
            self._entered[leaves, enters] = entered
        return entered

    def door(self, door: str) -> Door:
        """Raises `NotFound` for a door this event does not have."""
        try:
            return self.doors[door]
        except KeyError:
            raise NotFound(f"This event has no door “{door}”.", code="door_unknown") from None

    def area(self, area: str) -> Area:
        """Raises `NotFound` for an area this event does not have."""
        try:
            return self.areas[area]
        except KeyError:
            raise NotFound(f"This event has no area “{area}”.", code="area_unknown") from None

    def plan(self, area: str, plan: str) -> Plan:
        """Raises `NotFound` for a plan this area does not have."""
        for one in self.plans:
            if (one.area, one.id) == (area, plan):
                return one
        raise NotFound(f"Area “{area}” has no plan “{plan}”.", code="plan_unknown")

    def holds_in(self, area: str) -> tuple[Hold, ...]:
        """The holds of an area, those that were released among them."""
        return self._holds.get(area, ())

    def groups_held_for(self, area: str) -> frozenset[str]:
        """The groups that an area has holds for."""
        return self._groups_held_for.get(area, frozenset())

    def sessions_held_for(self, area: str) -> frozenset[str]:
        """The sessions for whose bookings an area has holds: their own room, or another one besides."""
        return self._sessions_held_for.get(area, frozenset())

    def at(self, clock: dt.time) -> int:
        """A time of day of the event's date, in ms since 1970 UTC."""
        return round(dt.datetime.combine(self.event.date, clock, self.zone).timestamp() * 1000)

    @property
    def day_at(self) -> int:
        """The beginning of the event's day: what stands for times that were deleted."""
        return self.at(dt.time())

    def time_kept(self, at: int) -> int | None:
        """An instant; None where it only stands for a time that was deleted."""
        return None if at == self.day_at else at

    def clock(self, at: int) -> dt.time:
        """The time of day of an instant, in the event's zone."""
        return dt.datetime.fromtimestamp(at / 1000, self.zone).time()

    @cached_property
    def _holds(self) -> dict[str, tuple[Hold, ...]]:
        held: dict[str, tuple[Hold, ...]] = {}
        for hold in self.holds:
            held[hold.area] = (*held.get(hold.area, ()), hold)
        return held

    @cached_property
    def _groups_held_for(self) -> dict[str, frozenset[str]]:
        return {
            area: frozenset(hold.group for hold in holds if hold.group is not None)
            for area, holds in self._holds.items()
        }

    @cached_property
    def _sessions_held_for(self) -> dict[str, frozenset[str]]:
        return {
            area: frozenset(hold.session for hold in holds if hold.session is not None)
            for area, holds in self._holds.items()
        }

    def inner(self, area: str) -> tuple[Area, ...]:
        """The areas whose doors lead out into this one."""
        return self._inner.get(area, ())

    @cached_property
    def _inner(self) -> dict[str, tuple[Area, ...]]:
        inner: dict[str, tuple[Area, ...]] = {}
        for area in self.areas.values():
            if area.parent is not None:
                inner[area.parent] = (*inner.get(area.parent, ()), area)
        return inner

    def overflow(self, area: str) -> Area | None:
        """The area to which what happens in `area` is transmitted."""
        return next((other for other in self.areas.values() if other.overflow_of == area), None)

    def entries(self, area: str) -> tuple[Door, ...]:
        """The doors that lead into an area."""
        return self._entries.get(area, ())

    def entries_for(self, area: str, group: str) -> list[Door]:
        """The doors of `area` by which `group` may go in: the way to point out."""
        return [door for door in self.entries(area) if not door.groups or group in door.groups]

    @cached_property
    def _entries(self) -> dict[str, tuple[Door, ...]]:
        entries: dict[str, tuple[Door, ...]] = {}
        for door in self.doors.values():
            if door.item is None and door.direction != "exit":
                entries[door.area] = (*entries.get(door.area, ()), door)
        return entries

    def _path(self, area: str) -> tuple[str, ...]:
        path: list[str] = []
        step: str | None = area
        while step is not None:
            path.append(step)
            step = self.areas[step].parent
        return tuple(reversed(path))

    def _faults(self) -> list[str]:
        faults: list[str] = []
        for what, things, limit in (
            ("groups", self.groups, GROUPS_MAX),
            ("areas", self.areas, AREAS_MAX),
            ("doors", self.doors, DOORS_MAX),
            ("holds", self.holds, HOLDS_MAX),
            ("plans", self.plans, PLANS_MAX),
            ("items", self.items, ITEMS_MAX),
        ):
            if len(things) > limit:
                faults.append(f"{len(things)} {what}, at most {limit} are possible")
        try:
            ZoneInfo(self.event.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = f"time zone “{self.event.timezone}” is unknown (use one like Europe/Berlin)"
            faults.append(Fault(message, "zone_unknown", "event", field="timezone"))
        event = self.event
        if not 0 < event.warn_percent <= event.prepare_percent <= event.stop_percent <= 100:
            message = "the thresholds must rise: warn_percent, prepare_percent, stop_percent, at most 100"
            faults.append(Fault(message, "thresholds_rise", "event", field="stop_percent"))
        faults += [
            Fault(f"{minutes} is a number of minutes from 0 to 1440", "minutes_range", "event", field=minutes)
            for minutes in ("doors_open_min", "unclaimed_after_min", "called_for_min", "closes_after_min")
            if not 0 <= getattr(event, minutes) <= 24 * 60
        ]
        if event.no_show_percent is not None and not 0 <= event.no_show_percent < 100:
            faults.append("no_show_percent is a number from 0 to 99")
        faults += [
            f"door {door.id} has {door.lanes} lanes (1 to {LANES_MAX} are possible)"
            for door in self.doors.values()
            if not 1 <= door.lanes <= LANES_MAX
        ]
        roots = [area.id for area in self.areas.values() if area.parent is None]
        if len(roots) != 1:
            named = ", ".join(roots) or "none"
            message = f"exactly one area must have no parent, the house (here: {named})"
            faults.append(Fault(message, "one_house", "area", roots[-1] if roots else "", "parent"))
        for area in self.areas.values():
            faults += self._area_faults(area)
        for door in self.doors.values():
            if door.area not in self.areas:
                message = f"door {door.id} leads into area “{door.area}”, which does not exist"
                faults.append(Fault(message, "names_unknown", "door", door.id, "area"))
            faults += [
                Fault(
                    f"door {door.id} admits group “{group}”, which does not exist",
                    "names_unknown",
                    "door",
                    door.id,
                    field,
                )
                for field, groups in (("groups", door.groups), ("early", door.early))
                for group in groups
                if group not in self.groups
            ]
            if door.item is not None and door.item not in self.items:
                message = f"door {door.id} hands out item “{door.item}”, which does not exist"
                faults.append(Fault(message, "names_unknown", "door", door.id, "item"))
            if door.opens is not None and door.closes is not None and door.opens >= door.closes:
                message = f"door {door.id} opens at {door.opens:%H:%M} and closes at {door.closes:%H:%M}"
                faults.append(Fault(message, "hours_order", "door", door.id, "closes"))
        for hold in self.holds:
            if hold.area not in self.areas:
                message = f"a hold is for area “{hold.area}”, which does not exist"
                faults.append(Fault(message, "names_unknown", "hold", hold.id, "area"))
            if (hold.group is None) == (hold.session is None):
                message = f"a hold in area {hold.area} must name a group or a session, one of them"
                faults.append(Fault(message, "hold_whose", "hold", hold.id, "group"))
            if hold.group is not None and hold.group not in self.groups:
                message = f"a hold is for group “{hold.group}”, which does not exist"
                faults.append(Fault(message, "names_unknown", "hold", hold.id, "group"))
            if hold.seats < 1:
                message = f"a hold in area {hold.area} keeps {hold.seats} seats"
                faults.append(Fault(message, "hold_seats", "hold", hold.id, "seats"))
        for plan in self.plans:
            if plan.area not in self.areas:
                message = f"plan {plan.id} is for area “{plan.area}”, which does not exist"
                faults.append(Fault(message, "names_unknown", "plan", plan.id, "area"))
            faults += _of("plan", plan.id, approved_faults(f"plan {plan.id} of area {plan.area}", plan))
        return faults

    def _area_faults(self, area: Area) -> list[str]:
        faults: list[str] = []
        for word, other in (("parent", area.parent), ("overflow_of", area.overflow_of)):
            if other is not None and other not in self.areas:
                message = f"area {area.id} names “{other}” as {word}, which does not exist"
                faults.append(Fault(message, "names_unknown", "area", area.id, word))
        faults += _of("area", area.id, approved_faults(f"area {area.id}", area))
        seen: list[str] = []
        step: str | None = area.id
        while step is not None and step in self.areas:
            if step in seen:
                if step == area.id:
                    message = "areas form a loop: " + " in ".join([*seen, step])
                    faults.append(Fault(message, "area_loop", "area", area.id, "parent"))
                break
            seen.append(step)
            step = self.areas[step].parent
        return faults


def approved_faults(whose: str, approved: Approved) -> list[str]:
    """What is wrong with approved numbers, in words; none: they can be used."""
    faults: list[str] = [
        Fault(f"{whose} has {number} {word}", "number_negative", "", field=word)
        for word, number in msgspec.structs.asdict(approved).items()
        if word in Approved.__struct_fields__ and number is not None and number < 0
    ]
    visitors, persons = approved.visitors, approved.persons
    if visitors is not None and persons is not None and persons < visitors:
        message = f"{whose} approves fewer persons ({persons}) than visitors ({visitors})"
        faults.append(Fault(message, "persons_fewer", "", field="persons"))
    kept = approved.wheelchair + approved.companions
    total = visitors if visitors is not None else persons
    if total is not None and kept > total >= 0:
        message = f"{whose} keeps {kept} places for wheelchair users and companions, of {total}"
        faults.append(Fault(message, "too_many_kept", "", field="wheelchair"))
    return faults


def differences(before: Layout, after: Layout) -> list[Difference]:
    """What changes from one layout to another, noun by noun."""
    found = _changes("event", "", before.event, after.event)
    for noun in NOUNS:
        earlier, later = _by_id(before, noun), _by_id(after, noun)
        found += [Difference(noun=noun, id=id, before=_name(one)) for id, one in earlier.items() if id not in later]
        for id, one in later.items():
            if id not in earlier:
                found.append(Difference(noun=noun, id=id, after=_name(one)))
            else:
                found += _changes(noun, id, earlier[id], one)
    return found


def approved_changes(before: Layout, after: Layout) -> list[Difference]:
    """The changes that concern approved numbers: of areas, of plans, and by an area that came or goes with
    numbers of its own."""
    numbers = set(Approved.__struct_fields__)
    none = Approved()
    found = [one for one in differences(before, after) if one.noun in ("area", "plan") and one.field in numbers]
    for noun in ("area", "plan"):
        earlier, later = _by_id(before, noun), _by_id(after, noun)
        for id in earlier.keys() ^ later.keys():
            one = earlier.get(id) or later[id]
            if any(getattr(one, word) != getattr(none, word) for word in numbers):
                found.append(Difference(noun=noun, id=id, field="visitors"))
    return found


def _named(hold: Hold) -> Hold:
    """A hold of a layout file needs no id of its own."""
    return hold if hold.id else msgspec.structs.replace(hold, id=f"{hold.area}-{hold.group or hold.session}")


def _twice(word: str, ids: Sequence[str]) -> list[str]:
    return [
        Fault(f"{word} {id} is given {times} times", "given_twice", word, id, "id")
        for id, times in Counter(ids).items()
        if times > 1
    ]


def _of(noun: str, id: str, faults: Iterable[str]) -> list[str]:
    """Faults of approved numbers, with whose they are."""
    return [Fault(fault, fault.code, noun, id, fault.field) for fault in faults if isinstance(fault, Fault)]


def _by_id(layout: Layout, noun: str) -> dict[str, Struct]:
    match noun:
        case "plan":
            return {f"{plan.area} {plan.id}": plan for plan in layout.plans}
        case "hold":
            return {hold.id: hold for hold in layout.holds}
        case _:
            return dict(getattr(layout, f"{noun}s"))


def _changes(noun: str, id: str, before: Struct, after: Struct) -> list[Difference]:
    return [
        Difference(noun=noun, id=id, field=field, before=getattr(before, field), after=getattr(after, field))
        for field in before.__struct_fields__
        if getattr(before, field) != getattr(after, field)
    ]


def _name(one: Struct) -> str:
    return str(getattr(one, "name", None) or getattr(one, "area", ""))
