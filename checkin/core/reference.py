"""What a station needs to know of the venue and of people, as the centre sends it down. Pure."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from checkin.core.admission import Bearer
from checkin.core.layout import Layout
from checkin.core.link import ToStation
from checkin.core.model import Area, Door, Event, Group, Hold, Item, Plan, Session
from checkin.core.schedule import Programme

PEOPLE_PAGE_MAX = 300


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a code leads to, without where they are (that is news): what the rules need, and what a door shows."""

    bearer: Bearer
    name: str
    organisation: str = ""


class Welcome(Struct, frozen=True, kw_only=True, tag="welcome"):
    """The first word of the centre. `key` seals what the station keeps; one that was revoked never hears it."""

    event: str
    door: str
    key: bytes


class VenueNow(Struct, frozen=True, kw_only=True, tag="venue"):
    """The venue and the programme as they are now."""

    event: Event
    groups: tuple[Group, ...]
    areas: tuple[Area, ...]
    doors: tuple[Door, ...]
    holds: tuple[Hold, ...]
    plans: tuple[Plan, ...]
    items: tuple[Item, ...]
    sessions: tuple[Session, ...]

    @classmethod
    def of(cls, layout: Layout, programme: Programme) -> VenueNow:
        return cls(
            event=layout.event,
            groups=tuple(layout.groups.values()),
            areas=tuple(layout.areas.values()),
            doors=tuple(layout.doors.values()),
            holds=tuple(layout.holds),
            plans=tuple(layout.plans),
            items=tuple(layout.items.values()),
            sessions=tuple(programme.sessions.values()),
        )

    def layout(self) -> Layout:
        return Layout(self.event, self.groups, self.areas, self.doors, self.holds, self.plans, self.items)

    def programme(self) -> Programme:
        return Programme(self.event, self.sessions)


class People(Struct, frozen=True, kw_only=True, tag="people"):
    """A page of those whom codes lead to: (code, `Person` in msgpack). `since`: what has changed from that
    version on; None: everybody, of whom this is the `first` page or one of the next. After the `last` one the
    station is at `version`."""

    version: str
    since: str | None
    changed: tuple[tuple[str, msgspec.Raw], ...]
    gone: tuple[str, ...] = ()
    first: bool = True
    last: bool = True


ToStationToo = ToStation | Welcome | VenueNow | People
"""Everything that comes down the link in binary frames (msgpack). Text frames are those of `/live`."""
