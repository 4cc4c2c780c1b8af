"""The venue of one event: its groups, areas, plans, doors, holds and items as one checked index."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from checkin.core.errors import BadInput, NotFound
from checkin.core.model import Approved, Area, Door, Event, Group, Hold, Item, Plan

AREAS_MAX = 500
DOORS_MAX = 2_000
GROUPS_MAX = 200
HOLDS_MAX = 1_000
PLANS_MAX = 1_000
ITEMS_MAX = 100


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
        faults = [
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

    def path(self, area: str | None) -> tuple[str, ...]:
        """The areas a person in `area` is inside of, the house first; empty for None (outside)."""
        return () if area is None else self._paths[area]

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
            faults.append(f"time zone “{self.event.timezone}” is unknown (use one like Europe/Berlin)")
        event = self.event
        if not 0 < event.warn_percent <= event.prepare_percent <= event.stop_percent <= 100:
            faults.append("the thresholds must rise: warn_percent, prepare_percent, stop_percent, at most 100")
        faults += [
            f"{minutes} is a number of minutes from 0 to 1440"
            for minutes in ("doors_open_min", "unclaimed_after_min", "called_for_min", "closes_after_min")
            if not 0 <= getattr(event, minutes) <= 24 * 60
        ]
        roots = [area.id for area in self.areas.values() if area.parent is None]
        if len(roots) != 1:
            named = ", ".join(roots) or "none"
            faults.append(f"exactly one area must have no parent, the house (here: {named})")
        for area in self.areas.values():
            faults += self._area_faults(area)
        for door in self.doors.values():
            if door.area not in self.areas:
                faults.append(f"door {door.id} leads into area “{door.area}”, which does not exist")
            faults += [
                f"door {door.id} admits group “{group}”, which does not exist"
                for group in (*door.groups, *door.early)
                if group not in self.groups
            ]
            if door.item is not None and door.item not in self.items:
                faults.append(f"door {door.id} hands out item “{door.item}”, which does not exist")
            if door.opens is not None and door.closes is not None and door.opens >= door.closes:
                faults.append(f"door {door.id} opens at {door.opens:%H:%M} and closes at {door.closes:%H:%M}")
        for hold in self.holds:
            if hold.area not in self.areas:
                faults.append(f"a hold is for area “{hold.area}”, which does not exist")
            if (hold.group is None) == (hold.session is None):
                faults.append(f"a hold in area {hold.area} must name a group or a session, one of them")
            if hold.group is not None and hold.group not in self.groups:
                faults.append(f"a hold is for group “{hold.group}”, which does not exist")
            if hold.seats < 1:
                faults.append(f"a hold in area {hold.area} keeps {hold.seats} seats")
        for plan in self.plans:
            if plan.area not in self.areas:
                faults.append(f"plan {plan.id} is for area “{plan.area}”, which does not exist")
            faults += approved_faults(f"plan {plan.id} of area {plan.area}", plan)
        return faults

    def _area_faults(self, area: Area) -> list[str]:
        faults: list[str] = []
        for word, other in (("parent", area.parent), ("overflow_of", area.overflow_of)):
            if other is not None and other not in self.areas:
                faults.append(f"area {area.id} names “{other}” as {word}, which does not exist")
        faults += approved_faults(f"area {area.id}", area)
        seen: list[str] = []
        step: str | None = area.id
        while step is not None and step in self.areas:
            if step in seen:
                if step == area.id:
                    faults.append("areas form a loop: " + " in ".join([*seen, step]))
                break
            seen.append(step)
            step = self.areas[step].parent
        return faults


def approved_faults(whose: str, approved: Approved) -> list[str]:
    """What is wrong with approved numbers, in words; none: they can be used."""
    faults = [
        f"{whose} has {number} {word}"
        for word, number in msgspec.structs.asdict(approved).items()
        if word in Approved.__struct_fields__ and number is not None and number < 0
    ]
    visitors, persons = approved.visitors, approved.persons
    if visitors is not None and persons is not None and persons < visitors:
        faults.append(f"{whose} approves fewer persons ({persons}) than visitors ({visitors})")
    kept = approved.wheelchair + approved.companions
    total = visitors if visitors is not None else persons
    if total is not None and kept > total >= 0:
        faults.append(f"{whose} keeps {kept} places for wheelchair users and companions, of {total}")
    return faults


def _named(hold: Hold) -> Hold:
    """A hold of a layout file needs no id of its own."""
    return hold if hold.id else msgspec.structs.replace(hold, id=f"{hold.area}-{hold.group or hold.session}")


def _twice(word: str, ids: Sequence[str]) -> list[str]:
    return [f"{word} {id} is given {times} times" for id, times in Counter(ids).items() if times > 1]
