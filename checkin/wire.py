"""What crosses the network, and the limits of it. Version 1 of the public interface.

Times cross as ISO 8601 with an offset; inside they are milliseconds since 1970 UTC.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from checkin.core.admission import ALTERNATIVES_MAX, Evacuation, Kind, Outcome, Reason
from checkin.core.codes import CODE_CHARS_MAX
from checkin.core.errors import BadInput
from checkin.core.holds import ANYBODY, Seats
from checkin.core.layout import Layout
from checkin.core.model import Direction, OperatorRole, Override, PrintState, Scan, Session
from checkin.core.occupancy import AreaState, Certainty, Level

SCAN_BYTES_MAX = 32 * 1024
BATCH_SCANS_MAX = 500
BATCH_BYTES_MAX = 4 * 1024 * 1024
BODY_BYTES_MAX = 1024 * 1024
UPLOAD_BYTES_MAX = 20 * 1024 * 1024
FACTS_MAX = 1_000
FOUND_MAX = 50
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\(?:u0000|U00000000)")
"""A NUL as JSON and TOML write it: a backslash before it may be one that is written itself."""
COOKIE = "checkin"
"""A browser's log-in."""

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Hint = dict[str, str]
"""A saying by the code of each language: `de`, `en`."""
Word = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=2_000)]


def legible(content: bytes) -> bytes:
    """JSON or TOML as it came, where people can read all of it: SQLite would keep a NUL, PostgreSQL refuses every text
    with one. Raises `BadInput` for one (code `text_nul`), and for what is not UTF-8 (code `text_encoding`).
    """
    if b"\0" in content or ((b"\\u0000" in content or b"\\U00000000" in content) and _NUL.search(content)):
        raise BadInput("There is a NUL character in a text. Take it out.", code="text_nul")
    if not content.isascii():
        try:
            content.decode()
        except UnicodeDecodeError as error:
            message = f"Byte {error.start + 1} of the content is not UTF-8. Send UTF-8."
            raise BadInput(message, code="text_encoding") from None
    return content


def without_nul(content: bytes) -> bytes:
    """JSON of scans: what was read is decided, as an unknown code, whatever it is; a door would send it for ever."""
    return _NUL.sub(rb"\1\\ufffd", content) if b"\\u0000" in content else content


def cookie_in(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token of whoever is logged in in this browser; "" where nobody is."""
    for name, value in headers:
        if name == b"cookie":
            for one in value.decode("latin-1").split(";"):
                key, _, token = one.strip().partition("=")
                if key == COOKIE:
                    return token
    return ""


def received_again(message: Any, receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """Receives what was received of a request already (ASGI), then what comes."""
    first = [message]

    async def receive_again() -> Any:
        return first.pop() if first else await receive()

    return receive_again


class OverrideSent(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ScanSent(Struct, frozen=True, kw_only=True):
    """A scan as a door sends it. `id` is the client's own UUID: sent again, it is the same scan.

    `attendee`: which of those whom the code leads to (an answer `code_ambiguous` named them); without a
    code, a member of the crew by the crew list, or at the desk whoever was found by name. `switch`: book
    the session that runs here in the place of what was booked for this time. `wait`: take a number of the
    waiting line if there is no place.
    """

    id: UUID
    code: Annotated[str, Meta(max_length=CODE_CHARS_MAX)] = ""
    door: Id
    attendee: Id | None = None
    switch: bool = False
    wait: bool = False
    direction: Direction = "entry"
    scanned_at: Annotated[dt.datetime, Meta(tz=True)] | None = None
    override: OverrideSent | None = None

    def __post_init__(self) -> None:
        if not self.code and self.attendee is None:
            raise ValueError("a scan needs a code, or an attendee of the crew list")

    def scan(self) -> Scan:
        return Scan(
            id=str(self.id),
            code=self.code,
            door=self.door,
            attendee=self.attendee,
            switch=self.switch,
            wait=self.wait,
            direction=self.direction,
            scanned_at=None if self.scanned_at is None else milliseconds(self.scanned_at),
            override=None if self.override is None else Override(reason=self.override.reason),
        )


class ScanBatchSent(Struct, frozen=True, kw_only=True):
    scans: Annotated[list[ScanSent], Meta(min_length=1, max_length=BATCH_SCANS_MAX)]


class BookingShown(Struct, frozen=True, kw_only=True):
    """A session that somebody has booked, and where it is."""

    session: str
    title: str
    area: str
    name: str
    starts_at: str


class AttendeeShown(Struct, frozen=True, kw_only=True):
    """Whom a door sees. `bookings`: the sessions still to come, in the order of their times."""

    id: str
    name: str
    organisation: str
    group: str
    bookings: list[BookingShown]


class AreaShown(Struct, frozen=True, kw_only=True):
    id: str
    inside: int
    capacity: int | None
    free: int | None


class Since(Struct, frozen=True, kw_only=True):
    at: str
    door: str


class SessionSwitch(Struct, frozen=True, kw_only=True):
    """A session that the same scan with `switch` would book."""

    id: str
    title: str


class KeptShown(Struct, frozen=True, kw_only=True):
    """Seats that are kept for others; `until_seats` of them until `until` (null: until released)."""

    seats: int
    until: str | None
    until_seats: int


class LinePlace(Struct, frozen=True, kw_only=True):
    """The waiting line of an area: the person's number (null: none taken) and how many go first."""

    area: str
    number: int | None
    ahead: int


class AlternativeShown(Struct, frozen=True, kw_only=True):
    """A session of the same slot with places: where, how one gets there, how many (null: no limit)."""

    session: str
    title: str
    area: str
    name: str
    way: str
    free: int | None


class Choice(Struct, frozen=True, kw_only=True):
    """One of those whom a group's code leads to; `inside`: somewhere in the house now."""

    id: str
    name: str
    organisation: str
    inside: bool


class Answer(Struct, frozen=True, kw_only=True):
    """The decision on a scan, admitted or refused. `clock_off_s`: how far the door's clock is ahead
    of the centre's, where that is more than a minute. `soft`: an override may pass the refusal.
    `switch`, `kept`, `line`, `alternatives`, `choices`: what there is to do about a refusal. `item`: what
    was handed out or taken back; `asks_back`: what is lent to one who leaves. `frozen`: it is not known whether the
    area is full: the centre came from a backup, and gives nothing away until people have counted and confirmed."""

    id: str
    seq: int
    outcome: Outcome
    reason: Reason | None
    kind: Kind | None
    provisional: bool
    attendee: AttendeeShown | None
    area: AreaShown
    hint: Hint
    way: Hint | None
    since: Since | None
    overridden: Reason | None
    soft: bool
    switch: SessionSwitch | None
    kept: KeptShown | None
    line: LinePlace | None
    alternatives: list[AlternativeShown]
    choices: list[Choice]
    item: str | None
    asks_back: list[str]
    scanned_at: str
    received_at: str
    clock_off_s: int | None
    frozen: bool = False


class Decisions(Struct, frozen=True):
    decisions: list[Answer]


class ScanUndone(Struct, frozen=True, kw_only=True):
    """A scan that was taken back; `seq` of the fact that says so."""

    id: str
    seq: int


class AreaNow(Struct, frozen=True, kw_only=True):
    """An area's occupancy. `inside` counts against `capacity`; `known` by badge, crew included. Of what
    is `free`, `kept` places are for those who booked or for whom they are held. `level`: how near the
    approved number by the event's thresholds. `waiting`: how many stand in line, `called`: the numbers
    whose turn it is. `instead`: where a full area's visitors find places in the same slot. The count may
    be wrong by `plus_minus`, as far as the passages since the last headcount (`counted_at`) tell. `set_aside`: places
    that are neither free nor filled as far as is known: with doors that may be cut off, or in doubt. `frozen`: the
    centre came from a backup, and gives none of them away until people have counted and confirmed."""

    id: str
    name: str
    inside: int
    known: int
    uncounted: int
    capacity: int | None
    free: int | None
    kept: int
    state: AreaState
    level: Level
    waiting: int
    called: tuple[int, ...]
    instead: tuple[AlternativeShown, ...]
    plus_minus: int
    counted_at: str | None
    as_of: str
    set_aside: int = 0
    frozen: bool = False


class Occupancy(Struct, frozen=True, kw_only=True):
    """`version` changes with the venue and the programme: whoever shows them reads them again."""

    seq: int
    version: int
    evacuation: Evacuation
    areas: list[AreaNow]


class CorrectionSent(Struct, frozen=True, kw_only=True):
    """A headcount of everybody in the area, or a change by ±n: exactly one of them."""

    id: UUID
    area: Id
    headcount: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    change: Annotated[int, Meta(ge=-10_000, le=10_000)] | None = None
    note: Word = ""


class CorrectionAnswer(Struct, frozen=True, kw_only=True):
    id: str
    seq: int
    change: int
    area: AreaNow


class AttendeeSent(Struct, frozen=True, kw_only=True):
    """A walk-in. `id` is the client's own UUID: sent again, it is the same person. Without one, each
    call is another person. `companion_of`: the wheelchair user whom this person accompanies. `distinct`:
    refuse where somebody of this name is registered already (`name_known`), so that a person is asked first."""

    id: UUID | None = None
    group: Id
    given_name: Annotated[str, Meta(max_length=200)] = ""
    family_name: Annotated[str, Meta(min_length=1, max_length=200)]
    title: Word = ""
    organisation: Word = ""
    town: Word = ""
    email: Word = ""
    language: Word = ""
    photo: bool = False
    listed: bool = False
    wheelchair: bool = False
    companion_of: Id | None = None
    distinct: bool = False


class ProxySent(Struct, frozen=True, kw_only=True):
    """Who comes in somebody's place. `id`: the client's own UUID for the new attendee."""

    id: UUID
    given_name: Annotated[str, Meta(max_length=200)] = ""
    family_name: Annotated[str, Meta(min_length=1, max_length=200)]
    title: Word = ""
    organisation: Word | None = None
    email: Word = ""


BADGES_HANDED_MAX = 500


class PrintSent(Struct, frozen=True, kw_only=True):
    """A badge for the print queue. `id`: the client's own UUID. `printer`: which one; without, the first
    that asks. `again`: yes, although this badge was printed before."""

    id: UUID
    badge: Id
    printer: Annotated[str, Meta(max_length=60)] = ""
    again: bool = False


class PrintTaken(Struct, frozen=True, kw_only=True):
    """A printer asks for work: its name."""

    printer: Annotated[str, Meta(min_length=1, max_length=60)]


class PrintChange(Struct, frozen=True, kw_only=True):
    """How a print went; `waiting` puts it into the queue again, `withdrawn` takes it out. `fault`: one of
    `PRINT_FAULTS`, and `said` what belongs to it; any other text is what the printer said."""

    state: PrintState
    fault: Word = ""
    said: Word = ""


class PrinterSent(Struct, frozen=True, kw_only=True):
    """The program of a printer says that it cannot reach it and why; with an empty `fault`, that it can
    again. Whoever takes a print can."""

    printer: Annotated[str, Meta(min_length=1, max_length=60)]
    fault: Word = ""


class PickupSent(Struct, frozen=True, kw_only=True):
    """Badges handed out at the desk, for one's group too; nobody is counted by it. `back`: taken back, and
    what of these `prints` still waits is withdrawn."""

    badges: Annotated[list[Id], Meta(min_length=1, max_length=BADGES_HANDED_MAX)]
    back: bool = False
    prints: Annotated[list[Id], Meta(max_length=BADGES_HANDED_MAX)] = []


class CodeSent(Struct, frozen=True, kw_only=True):
    """A code that was read at the desk: whose is it?"""

    code: Annotated[str, Meta(min_length=1, max_length=CODE_CHARS_MAX)]


class BlockSent(Struct, frozen=True, kw_only=True):
    """`reason` is for the safety role alone; no door ever shows it."""

    blocked: bool
    reason: Annotated[str, Meta(max_length=500)] = ""


class AttendeeChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to change; what is absent stays. `reason` is asked for where a cancelled one is reinstated.
    `expects`: what was there when somebody looked; where something else is by now, nothing is changed
    (`changed_since`). Every undo says what it takes back."""

    group: Id | None = None
    given_name: Word | None = None
    family_name: Word | None = None
    title: Word | None = None
    organisation: Word | None = None
    department: Word | None = None
    position: Word | None = None
    town: Word | None = None
    email: Word | None = None
    registration: Literal["registered", "waiting", "cancelled"] | None = None
    photo: bool | None = None
    listed: bool | None = None
    wheelchair: bool | None = None
    accredited: bool | None = None
    remark: Text | None = None
    reason: Word | None = None
    expects: AttendeeChange | None = None


class BookingSent(Struct, frozen=True, kw_only=True):
    """A seat in a session for an attendee; `switch` frees what was booked for the same time."""

    attendee: Id
    switch: bool = False


class BookingAnswer(Struct, frozen=True, kw_only=True):
    session: str
    attendee: str
    freed: tuple[str, ...]
    booked: int
    bookings_max: int | None


class SessionSent(Struct, frozen=True, kw_only=True):
    """A new session. Times without an offset are in the event's zone."""

    id: Id
    area: Id
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    starts_at: dt.datetime
    ends_at: dt.datetime
    subtitle: Annotated[str, Meta(max_length=500)] = ""
    speakers: Annotated[list[Word], Meta(max_length=50)] = []
    language: Annotated[str, Meta(max_length=20)] = ""
    bookable: bool = False
    bookings_max: Annotated[int, Meta(ge=0, le=1000000)] | None = None


class SessionChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to change of a session; what is absent stays. `runs_over_min`: it ends so much later, and
    those after it in its room move with it. `swap_with`: the session whose room it takes, and gives.
    `bookings_max` null: as many as the room has visitors approved. Times without an offset are in the
    event's zone."""

    area: Id | None = None
    title: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    subtitle: Annotated[str, Meta(max_length=500)] | None = None
    speakers: Annotated[list[Word], Meta(max_length=50)] | None = None
    language: Annotated[str, Meta(max_length=20)] | None = None
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    bookings_max: Annotated[int, Meta(ge=0, le=1000000)] | UnsetType | None = UNSET
    bookable: bool | None = None
    cancelled: bool | None = None
    runs_over_min: Annotated[int, Meta(ge=1, le=240)] | None = None
    swap_with: Id | None = None


Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class PlanSent(Struct, frozen=True, kw_only=True):
    """A newly approved plan of an area. `note`: on what the approval rests."""

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    visitors: Count | None = None
    persons: Count | None = None
    wheelchair: Count = 0
    companions: Count = 0
    note: Annotated[str, Meta(min_length=1, max_length=200)]


class PlanChoice(Struct, frozen=True, kw_only=True):
    """The plan to switch an area to; `layout` is that of the layout itself."""

    plan: Id
    note: Word = ""


class HoldSent(Struct, frozen=True, kw_only=True):
    """Seats to keep for a group, or for a session's bookings (one of the two)."""

    id: Id
    area: Id
    seats: Annotated[int, Meta(ge=1, le=1_000_000)]
    group: Id | None = None
    session: Id | None = None
    until: dt.time | None = None


class HoldChange(Struct, frozen=True, kw_only=True):
    released: bool


class EvacuationSent(Struct, frozen=True, kw_only=True):
    """`active` true: no entry anywhere, exits open. False: the all-clear, after which the count begins
    at zero. A drill changes no count, nor does a `false_alarm` (sent with `active` false)."""

    active: bool
    drill: bool = False
    false_alarm: bool = False

    def __post_init__(self) -> None:
        if self.active and self.false_alarm:
            raise ValueError("an evacuation is called, or withdrawn as a false alarm")


class LineSent(Struct, frozen=True, kw_only=True):
    attendee: Id


class LoginSent(Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]
    code: Annotated[str, Meta(max_length=40)] = ""


class PairSent(Struct, frozen=True):
    code: Annotated[str, Meta(min_length=1, max_length=200)]


class DeviceSent(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Literal["door", "display", "desk"]
    door: Id | None = None


class OperatorShown(Struct, frozen=True):
    name: str
    role: OperatorRole


class Snapshot(Struct, frozen=True, kw_only=True, tag="snapshot"):
    seq: int
    version: int
    evacuation: Evacuation
    areas: list[AreaNow]


class OccupancyChange(Struct, frozen=True, kw_only=True, tag="occupancy"):
    seq: int
    version: int
    evacuation: Evacuation
    areas: list[AreaNow]


class Heartbeat(Struct, frozen=True, kw_only=True, tag="heartbeat"):
    seq: int
    version: int
    evacuation: Evacuation
    at: str


def milliseconds(time: dt.datetime) -> int:
    """An instant with an offset, as milliseconds since 1970 UTC."""
    return round(time.timestamp() * 1000)


def typed_instant(time: dt.datetime, zone: dt.tzinfo) -> int:
    """An instant that somebody has typed, in `zone` where it names no offset, as milliseconds since 1970 UTC.

    Raises `BadInput` (`time_invalid`) for one before 2000: bare digits (“1100”) are decoded as seconds since 1970.
    """
    aware = time if time.tzinfo else time.replace(tzinfo=zone)
    if aware.year < 2000:
        raise BadInput("Write a time as 2026-09-15T11:00:00+02:00.", code="time_invalid")
    return milliseconds(aware)


def iso(at: int, layout: Layout) -> str:
    """An instant as it crosses the network: ISO 8601 in the event's zone, to the millisecond."""
    return dt.datetime.fromtimestamp(at / 1000, layout.zone).isoformat(timespec="milliseconds")


def area_now(seats: Seats, area: str, certainty: Certainty, *, at: int, evacuation: bool) -> AreaNow:
    """An area as it is shown at the moment of `seats`; `at`: when it changed last."""
    house = seats.house
    layout = house.layout
    numbers = house.numbers(area)
    kept = sum(one.seats for one in seats.kept(area))
    state = house.state(area, layout.clock(seats.now), evacuation=evacuation)
    has_place = numbers.free is None or numbers.free > kept
    return AreaNow(
        id=area,
        name=layout.areas[area].name,
        inside=numbers.inside,
        known=numbers.known,
        uncounted=numbers.uncounted,
        capacity=numbers.capacity,
        free=numbers.free,
        kept=kept if numbers.free is None else min(kept, numbers.free),
        state=state,
        level=house.level(area),
        waiting=seats.waiting(area),
        called=seats.called(area),
        instead=() if has_place or state == "closed" else _instead(seats, area),
        plus_minus=certainty.plus_minus(numbers.inside),
        counted_at=iso(certainty.at, layout) if certainty.at else None,
        as_of=iso(at, layout),
        set_aside=house.aside(area),
        frozen=house.is_frozen(area),
    )


def _instead(seats: Seats, area: str) -> tuple[AlternativeShown, ...]:
    session = seats.programme.running(area, seats.now)
    if session is None:
        return ()
    return tuple(
        alternative_shown(other, seats.house.layout, free)
        for other, free in seats.alternatives(session, ANYBODY, ALTERNATIVES_MAX)
    )


def alternative_shown(session: Session, layout: Layout, free: int | None) -> AlternativeShown:
    area = layout.areas.get(session.area)
    return AlternativeShown(
        session=session.id,
        title=session.title,
        area=session.area,
        name=area.name if area else session.area,
        way=area.way if area else "",
        free=free,
    )
