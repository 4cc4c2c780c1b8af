"""The programme for other programs: frab XML, iCalendar (RFC 5545) and xCal (RFC 6321).

Frab's files have no word for a session that is cancelled, and show what takes place; calendars are told
by `STATUS:CANCELLED`, since whoever has the entry already would keep it else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from icalendar import Calendar, Event
from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.model import Session
from checkin.exchange.schedule import XCAL, duration_of, guid_of, room_of, uid_suffix

PRODUCT = "-//checkin//programme//EN"
REFRESH = dt.timedelta(minutes=5)
"""How often a calendar should ask again (RFC 7986, 5.7)."""


class Revision(Struct, frozen=True):
    """How often a session was changed, and when last, in ms since 1970 UTC."""

    sequence: int
    at: int


def frab_xml(layout: Layout, sessions: Iterable[Session]) -> bytes:
    """The sessions that take place, as frab XML: days in the event's zone, rooms by name."""
    held = sorted((one for one in sessions if not one.cancelled), key=lambda one: (one.starts_at, one.id))
    root = Element("schedule")
    conference = SubElement(root, "conference")
    dates = sorted({_moment(one.starts_at, layout).date() for one in held}) or [layout.event.date]
    _texts(
        conference,
        title=layout.event.name,
        acronym=layout.event.slug,
        start=dates[0].isoformat(),
        end=dates[-1].isoformat(),
        days=str(len(dates)),
        time_zone_name=layout.event.timezone,
    )
    numbers = {session.id: number for number, session in enumerate(held, 1)}
    for index, (date, of_day) in enumerate(groupby(held, lambda one: _moment(one.starts_at, layout).date()), 1):
        day = SubElement(root, "day", index=str(index), date=date.isoformat())
        rooms: dict[str, Element] = {}
        for session in of_day:
            name = room_of(layout, session)
            if name not in rooms:
                rooms[name] = SubElement(day, "room", name=name)
            _frab_event(rooms[name], session, numbers[session.id], layout)
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def icalendar(layout: Layout, sessions: Iterable[Session], revisions: Mapping[str, Revision], created_at: int) -> bytes:
    """The whole programme as a calendar. `revisions`: session → how often it was changed, so that calendars
    take the change over; one without is as it was at `created_at`."""
    return bytes(_calendar(layout, sessions, revisions, created_at).to_ical())


def xcal(layout: Layout, sessions: Iterable[Session], revisions: Mapping[str, Revision], created_at: int) -> bytes:
    """The same calendar as XML. jCal (RFC 7265) says of each value what type it has, as xCal must."""
    calendar = _calendar(layout, sessions, revisions, created_at)
    root = Element("icalendar", xmlns=XCAL)
    _component(root, calendar.to_jcal())
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _calendar(
    layout: Layout, sessions: Iterable[Session], revisions: Mapping[str, Revision], created_at: int
) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("name", layout.event.name)
    calendar.add("x-wr-calname", layout.event.name)
    calendar.add("x-wr-timezone", layout.event.timezone)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for session in sorted(sessions, key=lambda one: (one.starts_at, one.id)):
        calendar.add_component(_vevent(session, layout, revisions.get(session.id, Revision(0, created_at))))
    year = layout.event.date.year
    calendar.add_missing_timezones(dt.date(year - 1, 1, 1), dt.date(year + 2, 1, 1))
    return calendar


def _vevent(session: Session, layout: Layout, revision: Revision) -> Event:
    revised = dt.datetime.fromtimestamp(revision.at // 1000, dt.UTC)
    event = Event()
    event.add("uid", session.id + ("" if "@" in session.id else uid_suffix(layout)))
    event.add("dtstamp", revised)  # without a METHOD: when the entry was revised last (RFC 5545, 3.8.7.2)
    event.add("last-modified", revised)
    event.add("sequence", revision.sequence)
    event.add("dtstart", _moment(session.starts_at, layout))
    event.add("dtend", _moment(session.ends_at, layout))
    event.add("summary", session.title)
    event.add("location", room_of(layout, session))
    event.add("status", "CANCELLED" if session.cancelled else "CONFIRMED")
    described = "\n".join(line for line in (session.subtitle, ", ".join(session.speakers)) if line)
    if described:
        event.add("description", described)
    return event


def _frab_event(room: Element, session: Session, number: int, layout: Layout) -> None:
    event = SubElement(room, "event", id=str(number), guid=guid_of(layout, session), code=session.id)
    starts = _moment(session.starts_at, layout)
    _texts(
        event,
        date=starts.isoformat(),
        start=f"{starts:%H:%M}",
        duration=duration_of(session.ends_at - session.starts_at),
        room=room.get("name", ""),
        slug=f"{layout.event.slug}-{number}",
        title=session.title,
        subtitle=session.subtitle,
        language=session.language,
    )
    persons = SubElement(event, "persons")
    for speaker in session.speakers:
        SubElement(persons, "person").text = _in_xml(speaker)


def _component(parent: Element, jcal: Sequence[Any]) -> None:
    name, properties, components = jcal
    element = SubElement(parent, name)
    if properties:
        told = SubElement(element, "properties")
        for property, parameters, kind, *values in properties:
            one = SubElement(told, property)
            if parameters:
                given = SubElement(one, "parameters")
                for parameter, value in parameters.items():
                    SubElement(SubElement(given, parameter), "text").text = _in_xml(str(value))
            for value in values:
                SubElement(one, kind).text = _in_xml(str(value))
    if components:
        inner = SubElement(element, "components")
        for component in components:
            _component(inner, component)


def _texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = _in_xml(text)


def _in_xml(text: str) -> str:
    """Without the control characters that XML 1.0 has no way to write."""
    return "".join(char for char in text if char >= " " or char in "\t\n")


def _moment(at: int, layout: Layout) -> dt.datetime:
    return dt.datetime.fromtimestamp(at / 1000, layout.zone)
