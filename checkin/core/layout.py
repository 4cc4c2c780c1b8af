"""The venue of one event: its groups, areas, doors and holds as one checked index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from checkin.core.errors import BadInput, NotFound
from checkin.core.model import Area, Door, Event, Group, Hold

AREAS_MAX = 500
DOORS_MAX = 2_000
GROUPS_MAX = 200
HOLDS_MAX = 1_000


class Layout:
    """An event's venue, looked up by id. Building one checks it.

    Raises `BadInput` (code `layout_invalid`) that names every fault at once: ids given twice, a
    door, hold or parent that names an unknown area or group, a loop of areas, no or several roots,
    a time zone that does not exist.
    """

    def __init__(
        self,
        event: Event,
        groups: Iterable[Group],
        areas: Iterable[Area],
        doors: Iterable[Door],
        holds: Iterable[Hold] = (),
    ) -> None:
        self.event = event
        group_list, area_list, door_list = list(groups), list(areas), list(doors)
        self.holds = tuple(holds)
        self.groups = {group.id: group for group in group_list}
        self.areas = {area.id: area for area in area_list}
        self.doors = {door.id: door for door in door_list}
        faults = [
            *_twice("group", [group.id for group in group_list]),
            *_twice("area", [area.id for area in area_list]),
            *_twice("door", [door.id for door in door_list]),
            *self._faults(),
        ]
        if faults:
            raise BadInput(
                "The layout cannot be used: " + "; ".join(faults) + ".", code="layout_invalid", faults=faults
            )
        self.zone = event.zone
        self._paths = {area: self._path(area) for area in self.areas}

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

    def overflow(self, area: str) -> Area | None:
        """The area to which what happens in `area` is transmitted."""
        return next((other for other in self.areas.values() if other.overflow_of == area), None)

    def entries_for(self, area: str, group: str) -> list[Door]:
        """The doors of `area` by which `group` may go in: the way to point out."""
        return [
            door
            for door in self.doors.values()
            if door.area == area and door.direction != "exit" and (not door.groups or group in door.groups)
        ]

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
        ):
            if len(things) > limit:
                faults.append(f"{len(things)} {what}, at most {limit} are possible")
        try:
            ZoneInfo(self.event.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            faults.append(f"time zone “{self.event.timezone}” is unknown (use one like Europe/Berlin)")
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
                for group in door.groups
                if group not in self.groups
            ]
            if door.opens is not None and door.closes is not None and door.opens >= door.closes:
                faults.append(f"door {door.id} opens at {door.opens:%H:%M} and closes at {door.closes:%H:%M}")
        for hold in self.holds:
            if hold.area not in self.areas:
                faults.append(f"a hold is for area “{hold.area}”, which does not exist")
            if hold.group not in self.groups:
                faults.append(f"a hold is for group “{hold.group}”, which does not exist")
            if hold.seats < 1:
                faults.append(f"a hold in area {hold.area} keeps {hold.seats} seats")
        return faults

    def _area_faults(self, area: Area) -> list[str]:
        faults: list[str] = []
        for word, other in (("parent", area.parent), ("overflow_of", area.overflow_of)):
            if other is not None and other not in self.areas:
                faults.append(f"area {area.id} names “{other}” as {word}, which does not exist")
        for word, number in (("visitors", area.visitors), ("persons", area.persons)):
            if number is not None and number < 0:
                faults.append(f"area {area.id} has {number} {word}")
        if area.visitors is not None and area.persons is not None and area.persons < area.visitors:
            faults.append(f"area {area.id} approves fewer persons ({area.persons}) than visitors ({area.visitors})")
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


def _twice(word: str, ids: Sequence[str]) -> list[str]:
    return [f"{word} {id} is given {times} times" for id, times in Counter(ids).items() if times > 1]
