"""What an organiser should look at, before the day and on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from checkin.service.seats import seats_of
from checkin.service.venues import Venue
from checkin.store import presences, sessions
from checkin.store.engine import Transaction


class Warning(Struct, frozen=True, kw_only=True):
    """`over`: more inside than approved. `kept_too_many`: more seats kept than there are. `overbooked`:
    more bookings than seats. `not_step_free`: wheelchair users booked where there are stairs.
    `room_twice`: two sessions at one time in one room."""

    what: Literal["over", "kept_too_many", "overbooked", "not_step_free", "room_twice"]
    area: str
    session: str | None = None
    other: str | None = None
    count: int = 0
    limit: int | None = None


def warnings(tx: Transaction, venue: Venue, now: int) -> list[Warning]:
    """All of them, the most urgent kind first."""
    return [*_areas(tx, venue, now), *_sessions(tx, venue, now)]


def _areas(tx: Transaction, venue: Venue, now: int) -> Iterator[Warning]:
    layout = venue.layout
    house = seats_of(tx, venue, presences.load_tallies(tx, venue.id), now).house
    for area in layout.areas:
        numbers = house.numbers(area)
        if house.level(area) == "over":
            yield Warning(what="over", area=area, count=numbers.inside, limit=numbers.capacity)
    for area, approved in layout.areas.items():
        kept = sum(hold.seats for hold in layout.holds_in(area) if not hold.released)
        kept += approved.wheelchair + approved.companions
        if approved.visitors is not None and kept > approved.visitors:
            yield Warning(what="kept_too_many", area=area, count=kept, limit=approved.visitors)


def _sessions(tx: Transaction, venue: Venue, now: int) -> Iterator[Warning]:
    areas, programme = venue.layout.areas, venue.programme
    coming = {
        id: one
        for id, one in programme.sessions.items()
        if not one.cancelled and now < one.ends_at and one.area in areas
    }
    booked = sessions.booked_by_session(tx, venue.id)
    for id, session in coming.items():
        limit = areas[session.area].visitors
        if limit is not None and booked.get(id, 0) > limit:
            yield Warning(what="overbooked", area=session.area, session=id, count=booked[id], limit=limit)
    in_wheelchairs = Counter(id for id, _ in sessions.booked_in_wheelchairs(tx, venue.id))
    for id, count in in_wheelchairs.items():
        if id in coming and not areas[coming[id].area].step_free:
            yield Warning(what="not_step_free", area=coming[id].area, session=id, count=count)
    for one, other in programme.doubled():
        if one.id in coming:
            yield Warning(what="room_twice", area=one.area, session=one.id, other=other.id)
