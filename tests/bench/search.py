"""The desk's search on a big event: what a query takes, beside reading one attendee by id."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from checkin.core.model import Attendee, Badge
from checkin.core.names import search_words
from checkin.core.roles import DEVICE_MAY
from checkin.demo.people import NAMES, TOWNS
from checkin.main import open_store
from checkin.service import attendees as desk
from checkin.service.venues import Venues, import_layout
from checkin.store import attendees, badges
from checkin.store.engine import Transaction
from tests.bench.venue import SLUG, layout

QUERIES = ("m", "mueller", "von der heide", "schmidt dortmund", "schmidt stadt", "yildiz", "b077777", "zzzz")
REPEATS = 9


class Query(Struct):
    text: str
    found: int
    median_ms: float


class SearchResult(Struct):
    count: int
    by_id_ms: float
    queries: list[Query]


def run(count: int) -> SearchResult:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder), count))


async def _run(folder: Path, count: int) -> SearchResult:
    store, venues = await open_store(f"sqlite:///{folder / 'bench.db'}"), Venues()

    def fill(tx: Transaction) -> None:
        import_layout(tx, layout(), now=0, by="bench")
        people = [_person(random.Random(number), number) for number in range(count)]
        event = venues.id(tx, SLUG)
        attendees.add_attendees(tx, event, [(one, _words(one)) for one in people])
        issued = [
            Badge(id=f"badge-{n}", attendee=one.id, generation=1, code=f"code-{n}", desk_number=1_000 + n)
            for n, one in enumerate(people)
        ]
        badges.add_badges(tx, event, issued)

    await store.write(fill)

    async def median_ms(work: Callable[[Transaction], object]) -> float:
        taken = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            await store.read(work)
            taken.append((time.perf_counter() - started) * 1000)
        return statistics.median(taken)

    may = DEVICE_MAY["desk"]

    def search(text: str) -> Callable[[Transaction], Sequence[desk.AttendeeSeen]]:
        return lambda tx: desk.find(tx, venues, SLUG, text, may=may)

    by_id_ms = await median_ms(lambda tx: desk.read(tx, venues, SLUG, "attendee-7", may=may))
    queries = [Query(text, len(await store.read(search(text))), await median_ms(search(text))) for text in QUERIES]
    await store.close()
    return SearchResult(count, by_id_ms, queries)


def _person(chance: random.Random, number: int) -> Attendee:
    given, family, _ = NAMES[chance.choice(list(NAMES))]
    town = str(chance.choice(TOWNS))
    return Attendee(
        id=f"attendee-{number}",
        group="g",
        given_name=chance.choice(given),
        family_name=f"{chance.choice(family)}-{chance.choice(family)}" if number % 3 else chance.choice(family),
        organisation=f"Stadt {town}",
        department="Stabsstelle Integration und Teilhabe",
        town=town,
        email=f"person{number}@example.org",
        booking_number=f"B{number:06}",
        ticket=f"TICKET{number:08}",
    )


def _words(one: Attendee) -> str:
    return search_words(
        one.given_name, one.family_name, one.organisation, one.town, one.booking_number, one.ticket, one.email
    )
