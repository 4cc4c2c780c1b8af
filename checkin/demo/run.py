"""`checkin demo`: the Dortmund conference on a database of its own, and a crowd at its doors."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import sys
from importlib.resources import files
from pathlib import Path

import click
import msgspec

from checkin import main as wiring
from checkin.core.facts import Scanned
from checkin.core.layout import Layout
from checkin.core.model import Session
from checkin.demo.clock import DAY_ENDS, DAY_OPENS, DemoClock, at_time_of_day
from checkin.demo.plan import Guest
from checkin.exchange.attendees import read_attendees
from checkin.exchange.layout import read_layout
from checkin.exchange.schedule import read_schedule
from checkin.service import badges, imports, people, schedule, venues
from checkin.service.centre import Centre
from checkin.service.venues import Venues
from checkin.store import events, facts, sessions
from checkin.store.attendees import load_attendees
from checkin.store.engine import Transaction
from checkin.store.sqlite import ServeLock

FILES = files("checkin.demo") / "files"
DATABASE = "checkin.db"
LOGIN = "login.json"
OPERATOR = "orga"
BY_DEMO = "demo"
QUIET_START = dt.time(9, 30)
"""Without a crowd the doors are open from the first moment."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Where nobody but this machine reaches the demo, its webhooks may reach this machine."""
LINKS_SHOWN = ("D1", "T-1")


class Login(msgspec.Struct):
    """The demo's operator: the password is made up once for each data folder."""

    name: str
    password: str


def run_demo(*, host: str, port: int, speed: float, crowd: bool, fresh: bool, data: Path) -> None:
    """Set the demo up where it is not, serve it, and let the crowd come.

    The day begins anew when it is asked to (`fresh`), when it was another day, or when it is over;
    otherwise it goes on where it stood.
    """
    data.mkdir(parents=True, exist_ok=True)
    database = data / DATABASE
    url = f"sqlite:///{database.absolute()}"
    lock = ServeLock(database)  # nobody may be using what is about to be deleted
    layout = _layout_of_today()
    try:
        stood_at = None if fresh else asyncio.run(_stood_at(url, database, layout))
        if stood_at is None:
            for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOGIN):
                (data / name).unlink(missing_ok=True)
            asyncio.run(_set_up(url, data, layout))
    finally:
        lock.release()
    clock = _clock(layout, stood_at, speed, crowd)
    demo = _Demo(layout, clock, data, url, stood_at, crowd)
    wiring.serve(
        url,
        host,
        port,
        clock=clock,
        ago=clock.ago,
        log_level="warning",
        second_factor="offered",
        webhooks_private=host in LOOPBACK,
        started=demo.started,
    )


class _Demo:
    def __init__(
        self, layout: Layout, clock: DemoClock, data: Path, url: str, stood_at: int | None, crowd: bool
    ) -> None:
        self._layout = layout
        self._clock = clock
        self._data = data
        self._url = url
        self._stood_at = stood_at
        self._crowd = crowd

    async def started(self, address: str, centre: Centre) -> None:
        """Print every address, then let the crowd come until the service stops."""
        self._greet(address)
        if not self._crowd:
            return
        play = await centre.write(lambda tx: self._crowd_setting(tx, centre.venues, address))
        # In a session of its own: Ctrl-C stops the service, and the crowd goes when its stdin ends.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "checkin.demo.crowd", stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        assert process.stdin is not None
        process.stdin.write(play + b"\n")
        try:
            await process.wait()
        finally:
            process.stdin.close()  # the crowd goes home when nobody listens any more

    def _greet(self, address: str) -> None:
        login = msgspec.json.decode((self._data / LOGIN).read_bytes(), type=Login)
        event = f"{address}/events/{self._layout.event.slug}"
        pace = "in real time" if self._clock.speed == 1 else f"{self._clock.speed:g} times as fast"
        lines = [
            "",
            f"  {self._layout.event.name} – today in {self._layout.house.name}, {pace}",
            "",
            f"  Log-in            {login.name} / {login.password}",
            f"  Organiser, live   {event}",
            f"  Foyer board       {event}/board",
            *(f"  Room display {area}    {event}/room/{area}" for area in ("P", "T", "K")),
            *(f"  Door {door:<12} {event}/door/{door}" for door in LINKS_SHOWN),
            f"  Rooms · safety    {event}/rooms · {event}/safety",
            f"  Clicker T         {event}/clicker/T",
            f"  Desk · printer    {event}/desk · {event}/printer",
            f"  Badges            {event}/badges",
            f"  Devices, pairing  {event}/devices",
            f"  Stations          {event}/stations{'' if self._clock.speed == 1 else '  (they need --speed 1)'}",
            f"  API               {address}/schema/openapi.json  (after the log-in)",
            "",
            f"  For other commands: export CHECKIN_DATABASE_URL={self._url}",
            "  Stop with Ctrl-C; begin the day anew with --fresh.",
            "",
        ]
        click.echo("\n".join(lines))
        sys.stdout.flush()

    def _crowd_setting(self, tx: Transaction, known: Venues, address: str) -> bytes:
        slug = self._layout.event.slug
        now = self._clock()
        doors = {
            door: people.add_device(tx, known, slug, f"Demo {door}", "door", door, now=now, by=BY_DEMO)[1]
            for door in self._layout.doors
        }
        desk = people.add_device(tx, known, slug, "Demo Infoschalter", "desk", None, now=now, by=BY_DEMO)[1]
        zone, day = self._layout.zone, self._layout.event.date
        guests, cancelled = _guests(tx, known, slug)
        return msgspec.json.encode(
            {
                "base_url": address,
                "event": slug,
                "doors": doors,
                "desk_token": desk,
                "codes": badges.all_codes(tx, known, slug),
                "guests": guests,
                "cancelled": cancelled,
                "midnight": dt.datetime.combine(day, dt.time(), zone).isoformat(),
                "clock_started_at": self._clock.started_at_s,
                "clock_time": _iso(self._clock.shown_at, self._layout),
                "speed": self._clock.speed,
                "resume_after": None if self._stood_at is None else _iso(self._stood_at, self._layout),
                "seed": 2017,
            }
        )


def _layout_of_today() -> Layout:
    """The layout file, with today's date in the place of the conference's."""
    layout = read_layout((FILES / "layout.toml").read_bytes())
    today = dt.datetime.now(layout.zone).date()
    event = msgspec.structs.replace(layout.event, date=today)
    return layout.of(event)


def _programme_of_today(layout: Layout) -> list[Session]:
    """The schedule file, moved as a whole to the layout's date."""
    sessions = read_schedule((FILES / "schedule.json").read_bytes(), layout)
    first = dt.datetime.fromtimestamp(min(session.starts_at for session in sessions) / 1000, layout.zone).date()

    def moved(at: int) -> int:
        local = dt.datetime.fromtimestamp(at / 1000, layout.zone)
        return at_time_of_day(layout.event.date + (local.date() - first), local.time(), layout.zone)

    return [
        msgspec.structs.replace(session, starts_at=moved(session.starts_at), ends_at=moved(session.ends_at))
        for session in sessions
    ]


async def _stood_at(url: str, database: Path, layout: Layout) -> int | None:
    """The event's time at which an earlier run of today stopped; None: begin the day anew."""
    if not database.exists():
        return None

    def read(tx: Transaction) -> int | None:
        id = events.event_ids(tx).get(layout.event.slug)
        if id is None or events.load_event(tx, id).date != layout.event.date:
            return None
        last = facts.last_scans(tx, id, 1)
        return last[0].fact.received_at if last and isinstance(last[0].fact, Scanned) else None

    async with wiring.store_of(url) as store:
        stood_at = await store.read(read)
    over = at_time_of_day(layout.event.date, DAY_ENDS, layout.zone)
    return None if stood_at is None or stood_at >= over else stood_at


async def _set_up(url: str, data: Path, layout: Layout) -> None:
    known = Venues()
    slug = layout.event.slug
    now = at_time_of_day(layout.event.date, dt.time(6), layout.zone)
    listed = read_attendees(
        (FILES / "attendees.csv").read_bytes(), name="attendees.csv", groups=list(layout.groups.values())
    )
    login = Login(OPERATOR, "-".join(secrets.choice(_SYLLABLES) + secrets.choice(_SYLLABLES) for _ in range(4)))

    def work(tx: Transaction) -> tuple[imports.ImportReport, int]:
        venues.import_layout(tx, layout, now=now, by=BY_DEMO)
        schedule.import_schedule(tx, known, slug, _programme_of_today(layout), now=now, by=BY_DEMO)
        report = imports.import_attendees(
            tx,
            known,
            slug,
            listed,
            now=now,
            by=BY_DEMO,
            dry_run=False,
            name="attendees.csv",
            now_ms=wiring.wall_clock(),
        )
        issued = badges.issue_missing(tx, known, slug, now=now, by=BY_DEMO)
        people.add_operator(tx, login.name, "organiser", login.password, now=now)
        return report, len(issued)

    async with wiring.store_of(url) as store:
        report, issued = await store.write(work)
    (data / LOGIN).touch(mode=0o600)
    (data / LOGIN).write_bytes(msgspec.json.encode(login))
    click.echo(
        f"Set up: {report.rows_read} rows read as {report.encoding}, {report.added} people,"
        f" {report.duplicates} duplicates, {issued} badges."
    )


def _guests(tx: Transaction, known: Venues, slug: str) -> tuple[list[Guest], list[str]]:
    """Those of the list who may come, and the tickets of those who cancelled."""
    venue = known.venue(tx, slug)
    programme = sessions.load_sessions(tx, venue.id)
    booked = sessions.sessions_of_attendees(tx, venue.id)
    guests, cancelled = [], []
    for one in load_attendees(tx, venue.id):
        forums = {session.subtitle: session.area for session in programme if session.id in booked.get(one.id, [])}
        if one.registration == "registered" and one.ticket:
            guests.append(Guest(one.ticket, one.group, (forums.get("Forum I"), forums.get("Forum II"))))
        elif one.registration == "cancelled":
            cancelled.append(one.ticket)
    return sorted(guests, key=lambda guest: guest.ticket), sorted(cancelled)


def _clock(layout: Layout, stood_at: int | None, speed: float, crowd: bool) -> DemoClock:
    day, zone = layout.event.date, layout.zone
    opens = at_time_of_day(day, DAY_OPENS if crowd else QUIET_START, zone)
    ends = at_time_of_day(day, DAY_ENDS, zone)
    return DemoClock(max(opens, stood_at or 0), ends, speed if crowd else 1.0)


def _iso(at: int, layout: Layout) -> str:
    return dt.datetime.fromtimestamp(at / 1000, layout.zone).isoformat(timespec="milliseconds")


_SYLLABLES = (
    "ba be bi bo da de do fa fe fo ga go ka ke ki ko la le li lo ma me mi mo na ne no pa pe po ra re ri ro"
    " sa se si so ta te ti to wa we wi wo"
).split()
