"""The demo's files and its planned day, against what the field says."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

from checkin.core.layout import Layout
from checkin.demo import generate
from checkin.demo.clock import DemoClock
from checkin.demo.generate import FILES
from checkin.demo.plan import Guest, Step, curve, plan_day
from checkin.exchange.attendees import AttendeeList, read_attendees
from checkin.exchange.layout import read_layout
from checkin.exchange.schedule import read_schedule

ENTRANCES = {"D1", "D2", "D3", "D4", "D6"}


@cache
def venue() -> Layout:
    return read_layout((FILES / "layout.toml").read_bytes())


@cache
def people() -> AttendeeList:
    data = (FILES / "attendees.csv").read_bytes()
    return read_attendees(data, name="attendees.csv", groups=list(venue().groups.values()))


@cache
def day() -> list[Step]:
    areas = {session.title: session.area for session in read_schedule((FILES / "schedule.json").read_bytes(), venue())}
    guests, cancelled = [], []
    for row in people().rows:
        one = row.attendee
        forums = [areas[title] for title in row.forums]
        if one.registration == "registered":
            guests.append(Guest(one.ticket, one.group, (forums[0] if forums else None, forums[-1] if forums else None)))
        elif one.registration == "cancelled":
            cancelled.append(one.ticket)
    return plan_day(guests, cancelled, 2017)


def test_files_are_what_the_script_makes() -> None:
    assert (FILES / "layout.toml").read_text(encoding="utf-8") == generate.make_layout()
    assert (FILES / "schedule.json").read_text(encoding="utf-8") == generate.make_schedule()
    assert (FILES / "attendees.csv").read_bytes() == generate.make_attendees()


def test_list_has_the_rows_of_the_field() -> None:
    listed = people()
    assert (listed.encoding, listed.separator, listed.rows_read) == ("Windows-1252", ";", 660)
    assert Counter(row.attendee.registration for row in listed.rows) == {
        "registered": 600,
        "waiting": 24,
        "cancelled": 29,
    }
    assert sum(note.code == "duplicate" for note in listed.notes) == 7
    assert not any(note.level == "error" for note in listed.notes)
    assert listed.unknown_columns == ()
    groups = Counter(row.attendee.group for row in listed.rows if row.attendee.registration == "registered")
    assert groups == {id: count for id, _, count in generate.GROUPS}


def test_list_has_the_traps() -> None:
    listed = people()
    codes = Counter(note.code for note in listed.notes)
    for trap in (
        "postcode_padded",
        "title_split",
        "name_capitals",
        "letters_composed",
        "references_decoded",
        "formula_kept",
    ):
        assert codes[trap] > 0, trap
    assert listed.empty_rows == 3
    mailboxes = Counter(row.attendee.email for row in listed.rows)
    assert mailboxes[""] == generate.WITHOUT_EMAIL
    assert max(count for mailbox, count in mailboxes.items() if mailbox) == 14
    bookings = Counter(row.attendee.booking_number for row in listed.rows)
    assert sorted((size for size in bookings.values() if size > 1), reverse=True) == list(generate.GROUP_REGISTRATIONS)
    names = Counter((row.attendee.given_name, row.attendee.family_name) for row in listed.rows)
    assert sum(count == 2 for count in names.values()) >= 5
    letters = "".join(row.attendee.family_name for row in listed.rows)
    for script in (
        "[ğışĞİŞ]",
        "[łęś]",
        "[ạ-ỹ]",
        "[\u0600-\u06ff]",
        "[\u0400-\u04ff]",
        "[\u1200-\u137f]",
        "[\u4e00-\u9fff]",
    ):
        assert re.search(script, letters), script


def test_forums_are_booked_as_in_the_field() -> None:
    booked = Counter(
        title for row in people().rows if row.attendee.registration == "registered" for title in row.forums
    )
    for forums in (generate.FORUMS_1, generate.FORUMS_2):
        for _, title, count in forums:
            assert booked[title] == count, title


@pytest.mark.parametrize(
    ("clock", "inside"),
    [
        ("09:00", 41),
        ("09:30", 114),
        ("10:00", 269),
        ("10:20", 447),
        ("11:10", 489),
        ("12:10", 465),
        ("14:10", 441),
        ("15:10", 396),
        ("16:15", 336),
        ("16:45", 106),
        ("17:30", 0),
    ],
)
def test_house_follows_the_curve_of_the_day(clock: str, inside: int) -> None:
    hours, minutes = clock.split(":")
    assert curve(day(), ENTRANCES, int(hours) * 3600 + int(minutes) * 60) == inside


def test_day_has_its_people_and_its_busiest_ten_minutes() -> None:
    arrivals: dict[str, float] = {}
    for step in day():
        if step.door in ENTRANCES and step.direction == "entry" and not step.odd:
            arrivals.setdefault(step.who, step.at_s)
    assert len(arrivals) == 505
    assert sum(who.startswith("walk-in") for who in arrivals) == 26
    busiest = max(
        sum(start <= at < start + 600 for at in arrivals.values()) for start in range(8 * 3600, 18 * 3600, 600)
    )
    assert busiest == 113


def test_about_four_hundred_want_the_plenary() -> None:
    wanting = {step.who for step in day() if step.door.startswith("P-") and step.otherwise is not None}
    assert 400 < len(wanting) <= 421


def test_same_seed_gives_the_same_day() -> None:
    first = day()
    day.cache_clear()
    assert day() == first


def test_demo_clock_runs_fast_until_the_day_ends() -> None:
    wall = [100.0]
    clock = DemoClock(1_000_000, 1_060_000, 60, lambda: wall[0])
    assert clock() == 1_000_000
    wall[0] = 100.5
    assert clock() == 1_030_000
    wall[0] = 103.0
    assert clock() == 1_062_000
