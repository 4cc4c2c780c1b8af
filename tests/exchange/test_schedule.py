from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.core.errors import BadInput, CheckinError
from checkin.exchange.schedule import read_programme, read_schedule
from tests.venue import at, layout


def frab(**changes: Any) -> bytes:
    event = {
        "id": 1,
        "code": "F1",
        "date": "2026-03-20T12:10:00+01:00",
        "duration": "01:00",
        "title": "Bürgerbeteiligung",
        "subtitle": "Forum I",
        "language": "de",
        "persons": [{"public_name": "Ayşe Yıldız"}],
        **changes,
    }
    room = str(event.pop("room", "Theater"))
    return json.dumps({"schedule": {"conference": {"days": [{"rooms": {room: [event]}}]}}}).encode()


XML = """<?xml version="1.0" encoding="UTF-8"?>
<schedule><day index="1"><room name="T"><event id="1" guid="F1">
<date>2026-03-20T12:10:00+01:00</date><duration>01:00</duration><title>Bürgerbeteiligung</title>
<subtitle>Forum I</subtitle><language>de</language><persons><person id="1">Ayşe Yıldız</person></persons>
</event></room></day></schedule>"""
ICALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//DE
BEGIN:VEVENT
UID:F1
DTSTART:20260320T111000Z
DTEND:20260320T121000Z
SUMMARY:Bürgerbeteiligung
LOCATION:Theater
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.mark.parametrize("data", [frab(), frab(room="T"), XML.encode(), ICALENDAR.encode()])
def test_schedule_is_read_from_each_form(data: bytes) -> None:
    (session,) = read_schedule(data, layout())
    assert (session.id, session.area, session.title) == ("F1", "T", "Bürgerbeteiligung")
    assert (session.starts_at, session.ends_at) == (at("12:10"), at("13:10"))


PRETALX = """<?xml version='1.0' encoding='utf-8' ?>
<schedule><generator name="pretalx" version="2026.1.0" /><version>0.4</version>
<conference><title>Tagung</title><acronym>tagung</acronym><time_zone_name>Europe/Berlin</time_zone_name></conference>
<day index='1' date='2026-03-20' start='2026-03-20T04:00:00+01:00' end='2026-03-21T03:59:00+01:00'>
<room name='Theater' guid='0b8c5f9e-0f0d-5f44-8b1c-1d6a2a5f0d10'>
<event guid='7a6b1c2d-0f0d-5f44-8b1c-1d6a2a5f0d11' id='17' code='F1'><room>Theater</room>
<title>Bürgerbeteiligung</title><subtitle></subtitle><type>Talk</type><date>2026-03-20T12:10:00+01:00</date><start>12:10</start>
<duration>01:00</duration><abstract>…</abstract><slug>tagung-17</slug><language>de</language>
<persons><person id='3' code='X' name='Ayşe Yıldız'>Ayşe Yıldız</person></persons><links></links></event>
</room></day></schedule>"""


def test_schedule_of_a_newer_pretalx_is_read() -> None:
    (session,) = read_schedule(PRETALX.encode(), layout())
    assert (session.id, session.area, session.speakers) == ("F1", "T", ("Ayşe Yıldız",))
    assert (session.starts_at, session.ends_at) == (at("12:10"), at("13:10"))


def test_cancelled_event_of_a_calendar_is_cancelled() -> None:
    called_off = ICALENDAR.replace("UID:F1", "UID:F1\r\nSTATUS:CANCELLED")
    assert [read_schedule(text.encode(), layout())[0].cancelled for text in (ICALENDAR, called_off)] == [False, True]


def test_speakers_and_booking_come_from_frab() -> None:
    (session,) = read_schedule(frab(bookable=True), layout())
    assert (session.speakers, session.bookable, session.subtitle) == (("Ayşe Yıldız",), True, "Forum I")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (frab(room="Keller"), "room “Keller” is no area"),
        (frab(duration="00:00"), "ends before it starts"),
        (frab(date="gestern"), "cannot be read"),
        (b"{}", "cannot be read"),
        (b"{", "not JSON"),
        (b"<a>", "not XML"),
        (b"hello", "neither frab JSON"),
        (b'{"schedule": {"conference": {"days": []}}}', "no session"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><schedule>&b;</schedule>', "Delete that part"),
    ],
)
def test_fault_is_named(data: bytes, fault: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_schedule(data, layout())
    assert fault in caught.value.message


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: f"BEGIN:VCALENDAR\n{text}".encode())))
def test_any_bytes_give_sessions_or_a_clear_error(data: bytes) -> None:
    try:
        read_schedule(data, layout())
    except CheckinError as error:
        assert error.message


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("DTSTART", "DTSTART;VALUE=DATE:20260320\r\nX-OLD", "session_all_day"),
        ("DTSTART", "DTSTART;TZID=Mars/Olympus:20260320T110000\r\nX-OLD", "session_zone"),
        ("SUMMARY", "X-SUMMARY", None),
    ],
)
def test_entry_of_a_calendar_that_cannot_be_used_is_named_and_the_rest_is_read(
    old: str, new: str, code: str | None
) -> None:
    begins, ends = ICALENDAR.index("BEGIN:VEVENT"), ICALENDAR.index("END:VCALENDAR")
    entry = ICALENDAR[begins:ends]
    faulty = entry.replace(old, new, 1).replace("UID:", "UID:x", 1)
    read = read_programme((ICALENDAR[:begins] + entry + faulty + ICALENDAR[ends:]).encode(), layout(), {})
    assert [fault.code for fault in read.faults] == ([code] if code else [])
    assert len(read.sessions) == (1 if code else 2)


def calendar(*more: str) -> bytes:
    entry = ICALENDAR[ICALENDAR.index("BEGIN:VEVENT") : ICALENDAR.index("END:VCALENDAR")]
    entries = "".join(entry.replace("END:VEVENT", f"{lines}\r\nEND:VEVENT") for lines in more)
    return (ICALENDAR[: ICALENDAR.index("BEGIN:VEVENT")] + entries + "END:VCALENDAR\r\n").encode()


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("RRULE:FREQ=DAILY;COUNT=3", [20, 21, 22]),
        ("RRULE:FREQ=DAILY;UNTIL=20260321", [20, 21]),
        ("RRULE:FREQ=DAILY;UNTIL=20260321T111000Z", [20, 21]),
        ("RRULE:FREQ=DAILY", [20]),
        ("RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:20260321T111000Z", [20, 22]),
        ("RDATE:20260323T111000Z", [20, 23]),
    ],
)
def test_entry_that_repeats_is_a_session_each_time(rule: str, days: list[int]) -> None:
    found = read_schedule(calendar(rule), layout())
    assert [one.starts_at for one in found] == [at("12:10") + (day - 20) * 86_400_000 for day in days]
    assert [one.id for one in found] == ["F1", *(f"F1/202603{day}T1210" for day in days[1:])]


def test_entry_whose_time_on_the_day_is_left_out_does_not_take_place() -> None:
    left_out = "RRULE:FREQ=DAILY\r\nEXDATE:20260320T111000Z"
    content = calendar("COMMENT:x", left_out).decode()
    begins = content.rindex("BEGIN:VEVENT")
    read = read_programme((content[:begins] + content[begins:].replace("UID:F1", "UID:F2")).encode(), layout(), {})
    assert ([one.id for one in read.sessions], read.faults) == (["F1"], [])


def test_one_time_of_an_entry_that_repeats_has_an_entry_of_its_own() -> None:
    moved = "RECURRENCE-ID:20260321T111000Z\r\nCOMMENT:x"
    content = calendar("RRULE:FREQ=DAILY;COUNT=2", moved).decode()
    begins = content.rindex("DTSTART")
    content = content[:begins] + content[begins:].replace("T111000Z", "T080000Z", 1)
    found = read_schedule(content.encode(), layout())
    assert [(one.id, one.starts_at - at("00:00")) for one in found] == [
        ("F1", 43_800_000),
        ("F1/20260321T1210", 9 * 3_600_000),
    ]


@pytest.mark.parametrize("rule", ["FREQ=MINUTELY;COUNT=3", "FREQ=DAILY;COUNT=101"])
def test_rule_that_cannot_be_followed_is_named(rule: str) -> None:
    read = read_programme(calendar(f"RRULE:{rule}"), layout(), {})
    assert ([fault.code for fault in read.faults], read.sessions) == (["session_repeats"], [])


@pytest.mark.parametrize("data", [ICALENDAR.encode(), XML.replace("<language>de</language>", "").encode()])
def test_field_that_the_file_lacks_stays_as_it_is(data: bytes) -> None:
    (before,) = read_schedule(frab(bookable=True, bookings_max=7), layout())
    (after,) = read_programme(data, layout(), {}, {"F1": before}).sessions
    assert after == before
