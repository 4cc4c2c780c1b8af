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
PrintState = Literal["waiting", "printing", "printed", "failed", "withdrawn"]
Need = Literal["wheelchair", "companion"]
OperatorRole = Literal["steward", "desk", "organiser", "safety", "viewer"]
DeviceRole = Literal["door", "display", "desk"]


class Event(Struct, frozen=True, kw_only=True):
    """One conference, and the settings that its rules ask for.

    `arrival`: whether entering a room without an arrival at the house implies it, or is refused as
    `not_arrived`. `warn_percent`, `prepare_percent`, `stop_percent`: from which share of an area's
    approved number the organiser is warned, the doors prepare, and entry stops. `doors_open_min`: how
    long before its start a session's room counts as the session's. `unclaimed_after_min`: how long
    after the start booked seats are kept. `called_for_min`: how long a called number of a waiting line
    keeps its turn. `closes_after_min`: how long after the last session those inside are taken as gone.
    `no_show_percent`: how many of the registered are not expected; None: as many as stayed away from the
    last events.
    """

    slug: str
    name: str
    date: dt.date
    timezone: str
    arrival: Literal["implied", "required"] = "implied"
    warn_percent: int = 90
    prepare_percent: int = 95
    stop_percent: int = 100
    doors_open_min: int = 15
    unclaimed_after_min: int = 5
    called_for_min: int = 3
    closes_after_min: int = 120
    no_show_percent: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Group(Struct, frozen=True, kw_only=True):
    """Whom an attendee belongs to; crew count as persons, not as visitors. `accredited`: they enter
    only once accredited. `hidden`: the normal search does not find them."""

    id: str
    name: str
    counts_as: CountsAs = "visitor"
    accredited: bool = False
    hidden: bool = False


class Approved(Struct, frozen=True, kw_only=True):
    """The numbers approved for an area: visitors, persons (visitors and crew), None for no limit; and
    within them the places for wheelchair users and the seats for their companions."""

    visitors: int | None = None
    persons: int | None = None
    wheelchair: int = 0
    companions: int = 0


class Area(Approved, frozen=True, kw_only=True):
    """A place that holds people, with the numbers approved for it now. `plan`: the seating plan they
    come from, None for those of the layout. `overflow_of` names the area whose session is shown here
    too; `step_free` false: stairs and no lift; `way`: how one gets there, in words for attendees."""

    id: str
    name: str
    parent: str | None = None
    plan: str | None = None
    overflow_of: str | None = None
    step_free: bool = True
    way: str = ""


class Plan(Approved, frozen=True, kw_only=True):
    """Another seating of an area (rows, tables) with the numbers approved for that."""

    area: str
    id: str
    name: str


class Item(Struct, frozen=True, kw_only=True):
    """What is handed out against the badge: once (a lunch), or lent and asked back (a headset)."""

    id: str
    name: str
    kind: Literal["once", "lent"] = "once"


class Door(Struct, frozen=True, kw_only=True):
    """Leads into `area` from its parent. `groups` empty: everybody may pass. Between `opens` and
    `closes` (event's zone; None: no bound) it lets people in, and those of the groups `early` at any
    time; exits are open always. A door with an `item` is a counter: it moves nobody, it hands out the
    item and takes it back. `lanes`: how many people can be let in side by side."""

    id: str
    name: str
    area: str
    direction: DoorDirection = "both"
    opens: dt.time | None = None
    closes: dt.time | None = None
    groups: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    reentry: Literal["allow", "ask"] = "ask"
    item: str | None = None
    lanes: int = 1

    def is_open(self, clock: dt.time, group: str | None = None) -> bool:
        """Whether it lets anybody in (or somebody of this group) at a time of day."""
        if self.direction == "exit":
            return False
        if group is not None and group in self.early:
            return True
        return (self.opens is None or self.opens <= clock) and (self.closes is None or clock < self.closes)


class Hold(Struct, frozen=True, kw_only=True):
    """Seats of an area kept for a group, or for the bookings of a session (one of the two), until a
    time of day or until released by hand. `entered`: on the day, and in no layout file."""

    area: str
    seats: int
    id: str = ""
    group: str | None = None
    session: str | None = None
    until: dt.time | None = None
    released: bool = False
    entered: bool = False


class Session(Struct, frozen=True, kw_only=True):
    """A scheduled item in an area. `bookings_max`: how many may book it, None for as many as the area
    has visitors approved."""

    id: str
    area: str
    title: str
    starts_at: int
    ends_at: int
    bookable: bool = False
    bookings_max: int | None = None
    cancelled: bool = False
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
    wheelchair: bool = False
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
    printed_at: int | None = None
    handed_at: int | None = None


class Override(Struct, frozen=True, kw_only=True):
    """An operator lets in against a soft refusal; the reason is kept with the scan."""

    reason: str


class Scan(Struct, frozen=True, kw_only=True):
    """One read of a code at a door: a fact with its own id (the client's UUID), never changed.

    `attendee`: which of those whom the code leads to, or, without a code, a member of the crew by the
    crew list. `switch`: book the running session here, in the place of what was booked. `wait`: take a
    number of the waiting line if there is no place.
    """

    id: str
    code: str
    door: str
    attendee: str | None = None
    switch: bool = False
    wait: bool = False
    direction: Direction = "entry"
    scanned_at: int | None = None
    override: Override | None = None
