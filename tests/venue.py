"""A small house to test with: a foyer, a theatre that takes the hall's overflow, a gallery in a wing."""

from __future__ import annotations

import datetime as dt

from checkin.core import codes
from checkin.core.layout import Layout
from checkin.core.model import Area, Attendee, Badge, Door, Event, Group
from checkin.core.names import search_words
from checkin.service.venues import Venues, import_layout
from checkin.store import attendees, badges, events
from checkin.store.engine import Store, Transaction

SLUG = "tagung"
DAY = dt.date(2026, 3, 20)
KEY = bytes(range(32))


def layout(
    *,
    house: int | None = 10,
    hall: int | None = 4,
    arrival: str = "implied",
    reentry: str = "ask",
    hall_reentry: str = "allow",
) -> Layout:
    """`house` and `hall`: their approved visitors; two persons more are approved for the house. `reentry`,
    `hall_reentry`: of the doors D1 and P-B."""
    return Layout(
        Event(slug=SLUG, name="Tagung", date=DAY, timezone="Europe/Berlin", arrival=arrival),  # type: ignore[arg-type]
        [
            Group(id="gast", name="Gäste"),
            Group(id="presse", name="Presse"),
            Group(id="crew", name="Helfende", counts_as="crew"),
        ],
        [
            Area(id="house", name="Haus", visitors=house, persons=None if house is None else house + 2),
            Area(id="P", name="Große Halle", parent="house", visitors=hall),
            Area(id="T", name="Theater", parent="house", visitors=3, overflow_of="P"),
            Area(id="wing", name="Flügel", parent="house", visitors=5),
            Area(id="G", name="Galerie", parent="wing", visitors=2),
        ],
        [
            Door(id="D1", name="Süd", area="house", reentry=reentry),  # type: ignore[arg-type]
            Door(id="D2", name="West", area="house", opens=dt.time(9), closes=dt.time(18)),
            Door(id="D3", name="Tor 3", area="house", groups=("crew", "presse")),
            Door(id="D6", name="Ost", area="house", direction="exit"),
            Door(id="P-A", name="Halle A", area="P"),
            Door(id="P-B", name="Halle B", area="P", reentry=hall_reentry),  # type: ignore[arg-type]
            Door(id="T-1", name="Theater", area="T"),
            Door(id="W-1", name="Flügel", area="wing"),
            Door(id="G-1", name="Galerie", area="G"),
        ],
    )


def at(clock: str) -> int:
    """Milliseconds since 1970 UTC at a time of day of the event."""
    time = dt.time.fromisoformat(clock)
    zone = layout().zone
    return round(dt.datetime.combine(DAY, time, zone).timestamp() * 1000)


def people(count: int, group: str = "gast", prefix: str = "a") -> list[Attendee]:
    return [
        Attendee(
            id=f"{prefix}{n}", group=group, given_name="Ada", family_name=f"Nr {prefix}{n}", ticket=f"T-{prefix}{n}"
        )
        for n in range(count)
    ]


async def fill(store: Store, venues: Venues, *, guests: int = 20, crew: int = 4, **how: object) -> dict[str, str]:
    """Make the event in an empty database; returns attendee → badge code."""

    def work(tx: Transaction) -> dict[str, str]:
        import_layout(tx, layout(**how), now=at("08:00"), by="test")  # type: ignore[arg-type]
        venue = venues.venue(tx, SLUG)
        everybody = [*people(guests), *people(crew, "crew", "c"), *people(2, "presse", "p")]
        attendees.add_attendees(
            tx, venue.id, [(one, search_words(one.given_name, one.family_name)) for one in everybody]
        )
        numbers = events.next_desk_numbers(tx, venue.id, len(everybody))
        issued = [
            Badge(
                id=f"badge-{one.id}",
                attendee=one.id,
                generation=1,
                code=codes.make_code(number, venue.key),
                desk_number=desk_number,
            )
            for (number, one), desk_number in zip(enumerate(everybody), numbers, strict=True)
        ]
        badges.add_badges(tx, venue.id, issued)
        badges.add_ticket_codes(tx, venue.id, [(one.ticket.upper(), one.id) for one in everybody])
        return {badge.attendee: badge.code for badge in issued}

    return await store.write(work)
