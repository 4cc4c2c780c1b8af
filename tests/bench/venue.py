"""An event to measure with: a large house, its doors, and as many attendees as asked for."""

from __future__ import annotations

import datetime as dt
from functools import partial

from msgspec import Struct

from checkin.core import codes
from checkin.core.layout import Layout
from checkin.core.model import Area, Attendee, Badge, Door, Event, Group
from checkin.core.names import search_words
from checkin.service.people import add_device, add_operator
from checkin.service.venues import Venues, import_layout
from checkin.store import attendees, badges
from checkin.store.engine import Store, Transaction

SLUG = "bench"
ROOMS = 7
DOORS = 16
PEOPLE_AT_ONCE = 20_000
CODES_MAX = 20_000


class Bench(Struct, frozen=True):
    """What a load needs: the codes of everybody and a token for each kind of device."""

    codes: list[str]
    door_tokens: dict[str, str]
    desk_token: str
    display_token: str


def layout(rooms: int = ROOMS, doors: int = DOORS) -> Layout:
    event = Event(slug=SLUG, name="Bench", date=dt.date(2026, 3, 20), timezone="Europe/Berlin")
    house = Area(id="house", name="Haus", visitors=10_000_000)
    areas = [Area(id=f"R{n}", name=f"Raum {n}", parent="house", visitors=5_000_000) for n in range(rooms)]
    entrances = [Door(id=f"D{n}", name=f"Tor {n}", area="house", reentry="allow") for n in range(doors)]
    inner = [Door(id=f"R{n}-1", name=f"Raum {n}", area=f"R{n}", reentry="allow") for n in range(rooms)]
    return Layout(event, [Group(id="g", name="Gäste")], [house, *areas], entrances + inner)


async def prepare(store: Store, attendee_count: int, rooms: int = ROOMS, doors: int = DOORS) -> Bench:
    """Fill an empty database."""
    venues = Venues()

    def furnish(tx: Transaction) -> None:
        import_layout(tx, layout(rooms, doors), now=0, by="bench")
        add_operator(tx, "bench", "organiser", "bench-password", now=0)

    def invite(tx: Transaction, first: int, last: int) -> list[str]:
        venue = venues.venue(tx, SLUG)
        people = [
            Attendee(
                id=f"attendee-{n}",
                group="g",
                given_name=f"Vorname{n % 971}",
                family_name=f"Nachname{n}",
                organisation=f"Amt {n % 389}",
                town=f"Ort {n % 53}",
            )
            for n in range(first, last)
        ]
        words = [search_words(one.given_name, one.family_name, one.organisation, one.town) for one in people]
        attendees.add_attendees(tx, venue.id, list(zip(people, words, strict=True)))
        issued = [
            Badge(
                id=f"badge-{n}",
                attendee=f"attendee-{n}",
                generation=1,
                code=codes.make_code(n * 7919, venue.key),
                desk_number=1000 + n,
            )
            for n in range(first, last)
        ]
        badges.add_badges(tx, venue.id, issued)
        return [badge.code for badge in issued]

    def pair(tx: Transaction) -> tuple[dict[str, str], str, str]:
        def token(name: str, role: str, door: str | None = None) -> str:
            return add_device(tx, venues, SLUG, name, role, door, now=0, by="bench")[1]  # type: ignore[arg-type]

        doors = {door: token(door, "door", door) for door in venues.venue(tx, SLUG).layout.doors}
        return doors, token("desk", "desk"), token("display", "display")

    await store.write(furnish)
    every: list[str] = []
    for first in range(0, attendee_count, PEOPLE_AT_ONCE):
        every += await store.write(partial(invite, first=first, last=min(attendee_count, first + PEOPLE_AT_ONCE)))
    door_tokens, desk_token, display_token = await store.write(pair)
    # From all over the table, and few enough to be handed about.
    return Bench(every[:: 1 + len(every) // CODES_MAX], door_tokens, desk_token, display_token)
