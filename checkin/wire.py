"""What crosses the network, and the limits of it. Version 1 of the public interface.

Times cross as ISO 8601 with an offset; inside they are milliseconds since 1970 UTC.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from checkin.core.admission import Kind, Outcome, Reason
from checkin.core.codes import CODE_CHARS_MAX
from checkin.core.layout import Layout
from checkin.core.model import Direction, OperatorRole, Override, Scan
from checkin.core.occupancy import AreaState, House
from checkin.core.wording import Hint

SCAN_BYTES_MAX = 32 * 1024
BATCH_SCANS_MAX = 500
BATCH_BYTES_MAX = 4 * 1024 * 1024
BODY_BYTES_MAX = 1024 * 1024
UPLOAD_BYTES_MAX = 20 * 1024 * 1024
FACTS_MAX = 1_000
FOUND_MAX = 50

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=2_000)]


class OverrideSent(Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ScanSent(Struct, frozen=True, kw_only=True):
    """A scan as a door sends it. `id` is the client's own UUID: sent again, it is the same scan."""

    id: UUID
    code: Annotated[str, Meta(min_length=1, max_length=CODE_CHARS_MAX)]
    door: Id
    direction: Direction = "entry"
    scanned_at: Annotated[dt.datetime, Meta(tz=True)] | None = None
    override: OverrideSent | None = None

    def scan(self) -> Scan:
        return Scan(
            id=str(self.id),
            code=self.code,
            door=self.door,
            direction=self.direction,
            scanned_at=None if self.scanned_at is None else milliseconds(self.scanned_at),
            override=None if self.override is None else Override(reason=self.override.reason),
        )


class ScanBatchSent(Struct, frozen=True, kw_only=True):
    scans: Annotated[list[ScanSent], Meta(min_length=1, max_length=BATCH_SCANS_MAX)]


class AttendeeShown(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    organisation: str
    group: str


class AreaShown(Struct, frozen=True, kw_only=True):
    id: str
    inside: int
    capacity: int | None
    free: int | None


class Since(Struct, frozen=True, kw_only=True):
    at: str
    door: str


class Answer(Struct, frozen=True, kw_only=True):
    """The decision on a scan, admitted or refused. `clock_off_s`: how far the door's clock is ahead
    of the centre's, where that is more than a minute."""

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
    scanned_at: str
    received_at: str
    clock_off_s: int | None


class Decisions(Struct, frozen=True):
    decisions: list[Answer]


class AreaNow(Struct, frozen=True, kw_only=True):
    """An area's occupancy. `inside` counts against `capacity`; `known` by badge, crew included."""

    id: str
    name: str
    inside: int
    known: int
    uncounted: int
    capacity: int | None
    free: int | None
    state: AreaState
    as_of: str


class Occupancy(Struct, frozen=True, kw_only=True):
    seq: int
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
    call is another person."""

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


class AttendeeChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to change; what is absent stays."""

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
    remark: Text | None = None


class LoginSent(Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]


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
    areas: list[AreaNow]


class OccupancyChange(Struct, frozen=True, kw_only=True, tag="occupancy"):
    seq: int
    areas: list[AreaNow]


class Heartbeat(Struct, frozen=True, kw_only=True, tag="heartbeat"):
    seq: int
    at: str


def milliseconds(time: dt.datetime) -> int:
    """An instant with an offset, as milliseconds since 1970 UTC."""
    return round(time.timestamp() * 1000)


def iso(at: int, layout: Layout) -> str:
    """An instant as it crosses the network: ISO 8601 in the event's zone, to the millisecond."""
    return dt.datetime.fromtimestamp(at / 1000, layout.zone).isoformat(timespec="milliseconds")


def area_now(house: House, area: str, *, at: int, clock: dt.time, evacuation: bool) -> AreaNow:
    """An area of the house as it is shown at `clock`; `at`: when it changed last."""
    numbers = house.numbers(area)
    return AreaNow(
        id=area,
        name=house.layout.areas[area].name,
        inside=numbers.inside,
        known=numbers.known,
        uncounted=numbers.uncounted,
        capacity=numbers.capacity,
        free=numbers.free,
        state=house.state(area, clock, evacuation=evacuation),
        as_of=iso(at, house.layout),
    )
