"""A house, a person and a moment: a test states what matters to it, the rest is ordinary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from checkin.core.admission import Bearer, Decision, Facts, Reason
from checkin.core.holds import Line, Seats, Waiting
from checkin.core.layout import Layout
from checkin.core.model import Door, Hold, Item, Override, Plan, Scan, Session
from checkin.core.occupancy import House, Presence
from checkin.core.schedule import Programme
from tests.venue import at, layout

Changes = Mapping[str, Mapping[str, Any]]


def venue(
    *,
    event: Mapping[str, Any] | None = None,
    groups: Changes | None = None,
    areas: Changes | None = None,
    doors: Iterable[Door] = (),
    holds: Iterable[Hold] = (),
    plans: Iterable[Plan] = (),
    items: Iterable[Item] = (),
    **how: Any,
) -> Layout:
    """The small house of `tests/venue.py`, with what is named here different or besides."""
    base = layout(**how)
    return Layout(
        replace(base.event, **(event or {})),
        [replace(one, **(groups or {}).get(one.id, {})) for one in base.groups.values()],
        [replace(one, **(areas or {}).get(one.id, {})) for one in base.areas.values()],
        (base.doors | {door.id: door for door in doors}).values(),
        holds,
        plans,
        items,
    )


def session(id: str, area: str, starts: str = "10:00", ends: str = "11:00", **changes: Any) -> Session:
    """A bookable one, unless it is said otherwise."""
    return Session(
        **{
            "id": id,
            "area": area,
            "title": id,
            "starts_at": at(starts),
            "ends_at": at(ends),
            "bookable": True,
            **changes,
        }
    )


def waiting(*attendees: str, called: str | None = None, last: int = 0) -> Line:
    """These wait, with the numbers from 1 on; the first was called at that time."""
    called_at = None if called is None else at(called)
    return Line(
        [
            Waiting(number=n, attendee=one, since_at=at("09:30"), called_at=called_at if n == 1 else None)
            for n, one in enumerate(attendees, 1)
        ],
        last,
    )


def there(area: str | None, *, counts_as: Any = "visitor") -> Presence:
    return Presence(area=area, counts_as=counts_as, since_at=at("09:42"), door="D1", arrived_at=at("09:12"))


def bearer(**changes: Any) -> Bearer:
    return Bearer(**{"attendee": "a1", "group": "gast", "registration": "registered", "badge": "valid", **changes})


def crowd(venue: Layout, **inside: int) -> House:
    """The house with so many visitors in each area; `crew_P=2`: two of the crew in area P."""
    house = House(venue)
    for area, count in inside.items():
        for _ in range(count):
            house.move(None, area.removeprefix("crew_"), "crew" if area.startswith("crew_") else "visitor")
    return house


def seats(
    venue: Layout | None = None,
    *,
    clock: str = "10:00",
    house: House | None = None,
    sessions: Iterable[Session] = (),
    booked: Mapping[str, int] | None = None,
    lines: Mapping[str, Line] | None = None,
) -> Seats:
    house = house or House(venue or layout())
    return Seats(house, Programme(house.layout.event, sessions), at(clock), booked, lines)


def facts(
    venue: Layout | None = None,
    *,
    clock: str = "10:00",
    house: House | None = None,
    sessions: Iterable[Session] = (),
    booked: Mapping[str, int] | None = None,
    lines: Mapping[str, Line] | None = None,
    **changes: Any,
) -> Facts:
    """At ten, in an empty house without a programme, somebody invited with a valid badge."""
    there = seats(venue, clock=clock, house=house, sessions=sessions, booked=booked, lines=lines)
    return Facts(
        **{
            "now": at(clock),
            "layout": there.layout,
            "seats": there,
            "evacuation": "none",
            "genuineness": "genuine",
            "bearer": bearer(),
            **changes,
        }
    )


def scan(door: str = "D1", direction: Any = "entry", override: str | None = None, **changes: Any) -> Scan:
    return Scan(
        id="1",
        code="x",
        door=door,
        direction=direction,
        override=Override(reason=override) if override else None,
        **changes,
    )


def reason_of(decision: Decision) -> Reason | None:
    return decision.refusal.reason if decision.refusal else None
