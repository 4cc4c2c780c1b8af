"""The nouns of an event (see the glossary in ARCHITECTURE.md), as frozen values.

Instants are `int` milliseconds since 1970 UTC and end in `_at`; times of day are `datetime.time`
in the event's zone.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

CountsAs = Literal["visitor", "crew"]
Direction = Literal["entry", "exit"]
DoorDirection = Literal["entry", "exit", "both"]
Registration = Literal["registered", "waiting", "cancelled"]
BadgeState = Literal["valid", "replaced", "blocked"]
OperatorRole = Literal["steward", "desk", "organiser", "safety", "viewer"]
DeviceRole = Literal["door", "display", "desk"]


class Event(Struct, frozen=True, kw_only=True):
    """One conference. `arrival`: whether entering a room without an arrival at the house implies
    it, or is refused as `not_arrived`."""

    slug: str
    name: str
    date: dt.date
    timezone: str
    arrival: Literal["implied", "required"] = "implied"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Group(Struct, frozen=True, kw_only=True):
    """Whom an attendee belongs to; crew count as persons, not as visitors."""

    id: str
    name: str
    counts_as: CountsAs = "visitor"


class Area(Struct, frozen=True, kw_only=True):
    """A place that holds people. `visitors` and `persons` (visitors and crew) are its approved
    numbers, None for no limit; `overflow_of` names the area whose session is shown here too."""

    id: str
    name: str
    parent: str | None = None
    visitors: int | None = None
    persons: int | None = None
    overflow_of: str | None = None


class Door(Struct, frozen=True, kw_only=True):
    """Leads into `area` from its parent. `groups` empty: everybody may pass. Between `opens` and
    `closes` (event's zone; None: no bound) it lets people in; exits are open always."""

    id: str
    name: str
    area: str
    direction: DoorDirection = "both"
    opens: dt.time | None = None
    closes: dt.time | None = None
    groups: tuple[str, ...] = ()
    reentry: Literal["allow", "ask"] = "ask"


class Hold(Struct, frozen=True, kw_only=True):
    """Seats of an area kept for a group until a time of day, or until released."""

    area: str
    group: str
    seats: int
    until: dt.time | None = None


class Session(Struct, frozen=True, kw_only=True):
    """A scheduled item in an area. `guid` is its id in the schedule file that it came from."""

    id: str
    area: str
    title: str
    starts_at: int
    ends_at: int
    bookable: bool = False
    subtitle: str = ""
    speakers: tuple[str, ...] = ()
    language: str = ""


class Attendee(Struct, frozen=True, kw_only=True):
    """A registered person: the only place for personal data."""

    id: str
    group: str
    given_name: str
    family_name: str
    registration: Registration = "registered"
    salutation: str = ""
    title: str = ""
    organisation: str = ""
    department: str = ""
    position: str = ""
    postcode: str = ""
    town: str = ""
    state: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    diet: str = ""
    needs: str = ""
    listed: bool = False
    photo: bool = False
    chamber_number: str = ""
    booking_number: str = ""
    ticket: str = ""
    registered_on: str = ""
    remark: str = ""

    @property
    def name(self) -> str:
        """As it is said and printed: academic title, given name, family name."""
        return " ".join(part for part in (self.title, self.given_name, self.family_name) if part)


class Badge(Struct, frozen=True, kw_only=True):
    """The printed credential of an attendee. `desk_number` is short, to say aloud or to type."""

    id: str
    attendee: str
    generation: int
    code: str
    desk_number: int
    state: BadgeState = "valid"
    issued_at: int = 0
    replaced_at: int | None = None


class Override(Struct, frozen=True, kw_only=True):
    """An operator lets in against a soft refusal; the reason is kept with the scan."""

    reason: str


class Scan(Struct, frozen=True, kw_only=True):
    """One read of a code at a door: a fact with its own id (the client's UUID), never changed."""

    id: str
    code: str
    door: str
    direction: Direction = "entry"
    scanned_at: int | None = None
    override: Override | None = None
