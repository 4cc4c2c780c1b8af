"""A day in a house that is small enough to read (`house.toml`), lived through its HTTP interface.

Guests g1 to g12, of whom g10 to g12 came under one booking number; w1 and w2 use wheelchairs; s1 and s2
speak, p1 writes for the press, v1 is a VIP, e1 exhibits, c1 and c2 are crew.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import threading
import uuid
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from checkin.core.model import Attendee, Session
from checkin.core.names import search_words
from checkin.exchange.layout import read_layout
from checkin.service import lines
from checkin.service.badges import issue_missing
from checkin.service.schedule import import_schedule
from checkin.service.venues import Venues, import_layout
from checkin.service.verify import verify
from checkin.store import attendees
from checkin.store.engine import Store, Transaction
from tests.served import Served
from tests.venue import SLUG, at

GROUP_BOOKING = "B-1412"
LAYOUT = read_layout((Path(__file__).parent / "house.toml").read_bytes())
ENTRANCES = [door.id for door in LAYOUT.doors.values() if door.direction != "exit" and door.item is None]
DAY_MS = 24 * 60 * 60_000

Json = dict[str, Any]


def programme() -> list[Session]:
    def session(id: str, area: str, title: str, starts: str, ends: str, *, bookable: bool = False) -> Session:
        return Session(id=id, area=area, title=title, starts_at=at(starts), ends_at=at(ends), bookable=bookable)

    return [
        session("opening", "P", "Eröffnung", "10:30", "12:00"),
        session("schools", "K", "Schulen, Kitas, Bibliotheken", "12:10", "13:10", bookable=True),
        session("citizens", "G", "Bürgerbeteiligung", "12:10", "13:10", bookable=True),
        session("towns", "K", "Kleine Städte", "13:15", "14:15"),
        session("game", "Q", "Planspiel Quartiersfonds", "14:30", "15:30", bookable=True),
    ]


def people() -> list[Attendee]:
    groups = {"g": "gast", "w": "gast", "s": "redner", "p": "presse", "v": "vip", "e": "aussteller", "c": "team"}
    ids = [*(f"g{number}" for number in range(1, 13)), "w1", "w2", "s1", "s2", "p1", "v1", "e1", "c1", "c2"]
    return [
        Attendee(
            id=id,
            group=groups[id[0]],
            given_name="Ada",
            family_name=f"Nr {id}",
            organisation="Stadt Hamm",
            wheelchair=id.startswith("w"),
            needs="Rollstuhl" if id.startswith("w") else "",
            booking_number=GROUP_BOOKING if id in ("g10", "g11", "g12") else "",
        )
        for id in ids
    ]


async def furnish(store: Store, venues: Venues) -> dict[str, str]:
    """Make the event in an empty database; returns attendee → badge code."""

    def work(tx: Transaction) -> dict[str, str]:
        import_layout(tx, LAYOUT, now=at("07:00"), by="test")
        import_schedule(tx, venues, SLUG, programme(), now=at("07:00"), by="test")
        attendees.add_attendees(
            tx, venues.id(tx, SLUG), [(one, search_words(one.given_name, one.family_name)) for one in people()]
        )
        issued = issue_missing(tx, venues, SLUG, now=at("07:00"), by="test")
        return {badge.attendee: badge.code for badge in issued}

    return await store.write(work)


class Clock:
    """The time of the event, as the test says."""

    def __init__(self) -> None:
        self.now = at("10:00")

    def __call__(self) -> int:
        return self.now


class Day:
    """The house as its doors, its desk and its organisers meet it."""

    def __init__(self, served: Served, clock: Clock) -> None:
        self._served = served
        self._clock = clock
        self._doors: dict[str, httpx.Client] = {}
        self.codes = served.codes

    def time(self, clock: str, *, days: int = 0) -> None:
        """It is this time of day now, on the day of the event or so many days later."""
        self._clock.now = at(clock) + days * DAY_MS

    @cached_property
    def desk(self) -> httpx.Client:
        return self._served.client("desk")

    @cached_property
    def display(self) -> httpx.Client:
        return self._served.client("display")

    @cached_property
    def steward(self) -> httpx.Client:
        return self._served.operator("steward")

    @cached_property
    def organiser(self) -> httpx.Client:
        return self._served.operator("organiser")

    @cached_property
    def safety(self) -> httpx.Client:
        return self._served.operator("safety")

    def name_of(self, operator: httpx.Client) -> str:
        name: str = answered(operator.get(f"{self._served.url}/api/v1/me"), 200)["operator"]["name"]
        return name

    def door(self, door: str) -> httpx.Client:
        if door not in self._doors:
            self._doors[door] = self._served.client("door", door)
        return self._doors[door]

    def scan(self, who: str, door: str, **more: Any) -> Json:
        """The badge of `who` at a door, or the text `who` where nobody is called so."""
        sent = {"id": str(uuid.uuid4()), "code": self.codes.get(who, who), "door": door, **more}
        return answered(self.door(door).post("/scans", json=sent), 201)

    def leave(self, who: str, door: str) -> Json:
        return self.scan(who, door, direction="exit")

    def at_once(self, *scans: tuple[str, str]) -> list[Json]:
        """These scans (who, door) in the same moment, each from its own thread."""
        for _, door in scans:
            self.door(door)
        start = threading.Barrier(len(scans))
        answers: list[Json] = []

        def send(who: str, door: str) -> None:
            start.wait()
            answers.append(self.scan(who, door))

        threads = [threading.Thread(target=send, args=scan) for scan in scans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def badge(self, attendee: str) -> None:
        """A badge from the desk, to be scanned from now on."""
        self.codes[attendee] = answered(self.desk.post(f"/attendees/{attendee}/badges", json={}), 201)["code"]

    def walk_in(self, name: str, by: httpx.Client | None = None, **more: Any) -> Json:
        """Somebody new, with a badge."""
        sent = {"id": str(uuid.uuid4()), "group": "gast", "given_name": "Zoë", "family_name": name, **more}
        person = answered((by or self.desk).post("/attendees", json=sent), 201)
        self.badge(person["id"])
        return person

    def change(self, attendee: str, **changes: Any) -> Json:
        return answered(self.desk.patch(f"/attendees/{attendee}", json=changes), 200)

    def attendee(self, attendee: str) -> Json:
        return answered(self.desk.get(f"/attendees/{attendee}"), 200)

    def book(self, session: str, *attendees: str) -> None:
        for attendee in attendees:
            answered(self.desk.post(f"/sessions/{session}/bookings", json={"attendee": attendee}), 201)

    def change_session(self, session: str, **changes: Any) -> Json:
        return answered(self.organiser.patch(f"/sessions/{session}", json=changes), 200)

    def session(self, session: str) -> Json:
        sessions: list[Json] = answered(self.display.get("/sessions"), 200)["sessions"]
        return next(one for one in sessions if one["id"] == session)

    def headcount(self, area: str, count: int, note: str = "") -> Json:
        sent = {"id": str(uuid.uuid4()), "area": area, "headcount": count, "note": note}
        return answered(self.steward.post("/corrections", json=sent), 201)

    def click(self, area: str, change: int) -> Json:
        sent = {"id": str(uuid.uuid4()), "area": area, "change": change}
        return answered(self.steward.post("/corrections", json=sent), 201)

    def occupancy(self) -> Json:
        return answered(self.display.get("/occupancy"), 200)

    def area(self, area: str) -> Json:
        areas: list[Json] = self.occupancy()["areas"]
        return next(one for one in areas if one["id"] == area)

    def inside(self, *areas: str) -> list[int]:
        return [self.area(area)["inside"] for area in areas]

    def overview(self) -> Json:
        return answered(self.organiser.get("/overview"), 200)

    def follow_the_clock(self) -> None:
        """What the centre does every few seconds."""
        venues, now = self._served.centre.venues, self._clock.now
        self._served.write(lambda tx: lines.call(tx, venues, SLUG, now))

    def look_after(self) -> None:
        """What the centre does every few seconds, too: raise what somebody should see to."""
        asyncio.run_coroutine_threadsafe(self._served.centre.look_after(SLUG), self._served.loop).result(10)

    def write(self, work: Callable[[Transaction, Venues], object]) -> None:
        """What somebody does by a command."""
        self._served.write(lambda tx: work(tx, self._served.centre.venues))

    def called(self) -> list[str]:
        """Who is called of those in the waiting lines."""
        return [one["attendee"]["id"] for one in self.overview()["lines"] if one["called"]]

    def warned(self, what: str) -> list[Json]:
        return [one for one in self.overview()["warnings"] if one["what"] == what]

    def facts(self, kind: str) -> list[Json]:
        facts: list[Json] = [one["fact"] for one in answered(self.display.get("/facts"), 200)["facts"]]
        return [fact for fact in facts if fact["kind"] == kind]

    def readable_pages(self, **names: str) -> list[str]:
        """Every path below the event's that answers a GET, with these names in the places of its parameters."""
        schema = answered(self.organiser.get(f"{self._served.url}/schema/openapi.json"), 200)
        below = "/api/v1/events/{event}"
        found = [path.removeprefix(below) for path, calls in schema["paths"].items() if "get" in calls]
        return [re.sub(r"{(\w+)}", lambda name: names.get(name[1], "1"), path) for path in found if path[0] == "/"]

    def differences(self) -> list[str]:
        """What the facts say otherwise than the counters."""
        return self._served.write(lambda tx: verify(tx, self._served.centre.venues, SLUG))


def answered(response: httpx.Response, status: int) -> Json:
    assert response.status_code == status, response.text
    answer: Json = response.json()
    return answer


def refused(response: httpx.Response) -> tuple[int, str | None]:
    """Status and code of a problem."""
    return response.status_code, response.json().get("code")


def said(answer: Json) -> tuple[str, str | None, str]:
    """Outcome, reason and what the door says."""
    return answer["outcome"], answer["reason"], answer["hint"]["de"]


def way(answer: Json) -> str:
    """The way on that the door shows; empty where there is none."""
    return answer["way"]["de"] if answer["way"] else ""


def told_to_wait(number: int, ahead: int) -> str:
    before = "wartet eine Person" if ahead == 1 else f"warten {ahead}"
    return f"Ihre Nummer: {number} – davor {before}. Eine Person raus, eine rein."


def time_of(iso: str) -> str:
    """The time of day of an instant as it crosses the network."""
    return f"{dt.datetime.fromisoformat(iso):%H:%M}"
