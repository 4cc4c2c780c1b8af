from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
import pytest
from defusedxml.ElementTree import fromstring
from icalendar import Calendar

from checkin.core.model import Session
from checkin.exchange.schedule import XCAL, frab_json, read_schedule
from checkin.exchange.schedule_out import Revision, frab_xml, icalendar, xcal
from tests.venue import SLUG, at, layout

SESSIONS = [
    Session(
        id="F1",
        area="T",
        title="Investitionspakt <&> “Soziales”",
        subtitle="Was kommt, was bleibt; ein Ausblick",
        speakers=("Łucja Woźniak", "محمد الأحمد"),
        language="de",
        starts_at=at("12:10"),
        ends_at=at("13:10"),
    ),
    Session(id="F2", area="G", title="Ehrenamt", starts_at=at("12:10"), ends_at=at("13:40"), cancelled=True),
    Session(id="abc@elsewhere.example", area="P", title="Ergebnisse", starts_at=at("15:30"), ends_at=at("16:15")),
]
REVISIONS = {"F1": Revision(2, at("09:00"))}
CREATED_AT = at("08:00")


def events_in(content: bytes) -> dict[str, object]:
    return {str(event["SUMMARY"]): event for event in Calendar.from_ical(content).walk("VEVENT")}


def without(sessions: Sequence[Session], *fields: str) -> list[Session]:
    return [
        msgspec.structs.replace(one, **{field: type(getattr(one, field))() for field in fields}) for one in sessions
    ]


def test_frab_xml_is_read_again_as_the_same_programme_but_for_what_is_cancelled() -> None:
    content = frab_xml(layout(), SESSIONS)
    assert read_schedule(content, layout()) == [one for one in SESSIONS if not one.cancelled]
    root = fromstring(content)
    assert root.findtext("conference/time_zone_name") == "Europe/Berlin"
    assert [room.get("name") for room in root.iter("room") if room.get("name")] == ["Theater", "Große Halle"]
    assert root.findtext(".//event/date") == "2026-03-20T12:10:00+01:00"


def test_frab_xml_and_json_give_a_session_the_same_guid() -> None:
    event = fromstring(frab_xml(layout(), SESSIONS)).find(".//event")
    assert event is not None
    guid = event.get("guid")
    assert f'"{guid}"'.encode() in frab_json(layout(), SESSIONS)


def test_calendar_is_read_again_with_ids_rooms_times_and_what_is_cancelled() -> None:
    content = icalendar(layout(), SESSIONS, REVISIONS, CREATED_AT)
    assert read_schedule(content, layout()) == without(SESSIONS, "subtitle", "speakers", "language")


def test_calendar_in_xml_is_read_again_like_the_calendar() -> None:
    content = xcal(layout(), SESSIONS, REVISIONS, CREATED_AT)
    assert read_schedule(content, layout()) == without(SESSIONS, "subtitle", "speakers", "language")


def test_calendar_names_its_zone_and_says_local_times() -> None:
    content = icalendar(layout(), SESSIONS, REVISIONS, CREATED_AT)
    assert b"DTSTART;TZID=Europe/Berlin:20260320T121000" in content
    assert content.count(b"BEGIN:VTIMEZONE") == 1
    read = events_in(content)["Ergebnisse"]
    assert read["DTSTART"].dt == dt.datetime(2026, 3, 20, 15, 30, tzinfo=ZoneInfo("Europe/Berlin"))  # type: ignore[index]
    assert max(len(line) for line in content.split(b"\r\n")) <= 75


def test_cancelled_session_stays_in_the_calendar_as_cancelled() -> None:
    events = events_in(icalendar(layout(), SESSIONS, REVISIONS, CREATED_AT))
    assert {title: str(event["STATUS"]) for title, event in events.items()} == {  # type: ignore[index]
        "Investitionspakt <&> “Soziales”": "CONFIRMED",
        "Ehrenamt": "CANCELLED",
        "Ergebnisse": "CONFIRMED",
    }


def test_uids_stay_and_are_unique_in_the_world_and_revisions_rise() -> None:
    events = events_in(icalendar(layout(), SESSIONS, REVISIONS, CREATED_AT))
    uids = {str(event["UID"]) for event in events.values()}  # type: ignore[index]
    assert uids == {f"F1@{SLUG}.checkin", f"F2@{SLUG}.checkin", "abc@elsewhere.example"}
    changed, as_it_was = events["Investitionspakt <&> “Soziales”"], events["Ehrenamt"]
    assert (changed["SEQUENCE"], as_it_was["SEQUENCE"]) == (2, 0)  # type: ignore[index]
    assert changed["LAST-MODIFIED"].dt > as_it_was["LAST-MODIFIED"].dt  # type: ignore[index]


def test_same_programme_is_the_same_file() -> None:
    assert icalendar(layout(), SESSIONS, REVISIONS, CREATED_AT) == icalendar(layout(), SESSIONS, REVISIONS, CREATED_AT)
    assert xcal(layout(), SESSIONS, REVISIONS, CREATED_AT) == xcal(layout(), SESSIONS, REVISIONS, CREATED_AT)


def test_xcal_says_each_value_with_its_type() -> None:
    root = fromstring(xcal(layout(), SESSIONS, REVISIONS, CREATED_AT))
    names = {"x": XCAL}
    assert root.tag == f"{{{XCAL}}}icalendar"
    events = root.findall("x:vcalendar/x:components/x:vevent", names)
    assert len(events) == 3
    first = events[0].find("x:properties", names)
    assert first is not None
    assert first.findtext("x:dtstart/x:parameters/x:tzid/x:text", namespaces=names) == "Europe/Berlin"
    assert first.findtext("x:dtstart/x:date-time", namespaces=names) == "2026-03-20T12:10:00"
    assert first.findtext("x:sequence/x:integer", namespaces=names) == "2"
    assert first.findtext("x:summary/x:text", namespaces=names) == "Investitionspakt <&> “Soziales”"
    assert root.find(".//x:vtimezone//x:tzoffsetto/x:utc-offset", names) is not None


@pytest.mark.parametrize("write", [frab_xml, lambda venue, sessions: xcal(venue, sessions, {}, 0)])
def test_letters_that_xml_cannot_hold_do_not_break_it(write: object) -> None:
    odd = [msgspec.structs.replace(SESSIONS[0], title="A\x00\x0bB")]
    assert b"AB" in write(layout(), odd)  # type: ignore[operator]


def test_programme_without_sessions_is_a_file_all_the_same() -> None:
    assert fromstring(frab_xml(layout(), [])).findtext("conference/days") == "1"
    assert events_in(icalendar(layout(), [], {}, 0)) == {}
