"""The programme from a file: frab or pretalx JSON, frab XML, iCalendar; and out of it as frab JSON."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from icalendar import Calendar

from checkin.core.errors import BadInput, TooLarge
from checkin.core.layout import Layout
from checkin.core.model import Session

SCHEDULE_BYTES_MAX = 10 * 1024 * 1024
SESSIONS_MAX = 5_000
TITLE_CHARS_MAX = 500
_GUIDS = uuid.UUID("5b0c7f0e-6c2f-4d0e-9a51-0f0f3c1d7a11")


class _Item:
    """A session as a file has it, before its room is an area."""

    def __init__(self, place: str, id: str, room: str, title: str, starts: dt.datetime, ends: dt.datetime) -> None:
        self.place = place
        self.id = id
        self.room = room
        self.title = title
        self.starts = starts
        self.ends = ends
        self.subtitle = ""
        self.speakers: tuple[str, ...] = ()
        self.language = ""
        self.bookable = False
        self.bookings_max: int | None = None
        self.cancelled = False


def read_schedule(data: bytes, layout: Layout) -> list[Session]:
    """The sessions in a schedule file; its form is recognised by its content. Rooms are areas of the
    layout by id or by name; times without a zone are in the event's.

    Raises `TooLarge`, and `BadInput` (code `schedule_invalid`) that names every room which is not
    in the layout and every session that cannot be used.
    """
    if len(data) > SCHEDULE_BYTES_MAX:
        raise TooLarge(f"The schedule has {len(data):,} bytes, at most {SCHEDULE_BYTES_MAX:,} are taken.")
    try:
        items = list(_items(data, layout))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _invalid(
            [f"a session has a part that cannot be read ({type(error).__name__}: {str(error)[:200]})"]
        ) from error
    if len(items) > SESSIONS_MAX:
        raise TooLarge(f"The schedule has {len(items):,} sessions, at most {SESSIONS_MAX:,} are taken.")
    areas = _rooms(layout)
    faults = [
        f"{item.place}: room “{item.room}” is no area of the layout"
        for item in items
        if item.room.casefold() not in areas
    ]
    faults += [f"{item.place}: it ends before it starts" for item in items if item.ends <= item.starts]
    uses = Counter(item.id for item in items)
    faults += [f"id {id} is given to several sessions" for id, count in uses.items() if count > 1]
    if not items:
        faults.append("there is no session in it")
    if faults:
        raise _invalid(faults)
    return [
        Session(
            id=item.id,
            area=areas[item.room.casefold()],
            title=item.title[:TITLE_CHARS_MAX],
            subtitle=item.subtitle[:TITLE_CHARS_MAX],
            speakers=item.speakers,
            language=item.language,
            starts_at=_milliseconds(item.starts, layout),
            ends_at=_milliseconds(item.ends, layout),
            bookable=item.bookable,
            bookings_max=item.bookings_max,
            cancelled=item.cancelled,
        )
        for item in items
    ]


def _rooms(layout: Layout) -> dict[str, str]:
    """What a file may call a room → the area: its id, or else its name."""
    names = {area.name.casefold(): area.id for area in layout.areas.values()}
    return names | {area.id.casefold(): area.id for area in layout.areas.values()}


def _items(data: bytes, layout: Layout) -> Iterator[_Item]:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper()
    if start.startswith(b"{"):
        return _from_json(data)
    if start.startswith(b"<"):
        return _from_xml(data)
    if start.startswith(b"BEGIN:VCALENDAR"):
        return _from_icalendar(data, layout)
    raise _invalid(["it is neither frab JSON, frab XML nor iCalendar"])


def _from_json(data: bytes) -> Iterator[_Item]:
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        raise _invalid([f"it is not JSON: {error}"]) from error
    for day in content["schedule"]["conference"]["days"]:
        for room, events in day["rooms"].items():
            for event in events:
                starts = dt.datetime.fromisoformat(event["date"])
                id = str(event.get("code") or event.get("guid") or event["id"])
                item = _Item(
                    f"session {id}", id, str(room), str(event["title"]), starts, starts + _span(event["duration"])
                )
                item.subtitle = str(event.get("subtitle") or "")
                item.language = str(event.get("language") or "")
                item.speakers = tuple(
                    str(person.get("public_name") or person.get("name")) for person in event.get("persons", [])
                )
                item.bookable = event.get("bookable") is True
                limit = event.get("bookings_max")
                item.bookings_max = int(limit) if limit is not None else None
                item.cancelled = event.get("cancelled") is True
                yield item


def frab_json(layout: Layout, sessions: Sequence[Session]) -> bytes:
    """The programme as frab JSON (as frab and pretalx write it), days by the event's zone, rooms by name.

    Beside frab's own members each event has `bookable`, `bookings_max` and `cancelled`, so that the file read
    again gives the same programme.
    """
    days: dict[dt.date, dict[str, list[dict[str, Any]]]] = {}
    for number, session in enumerate(sorted(sessions, key=lambda one: (one.starts_at, one.id)), 1):
        starts = dt.datetime.fromtimestamp(session.starts_at / 1000, layout.zone)
        room = room_of(layout, session)
        event: dict[str, Any] = {
            "id": number,
            "guid": guid_of(layout, session),
            "code": session.id,
            "date": starts.isoformat(),
            "start": f"{starts:%H:%M}",
            "duration": duration_of(session.ends_at - session.starts_at),
            "room": room,
            "title": session.title,
            "subtitle": session.subtitle,
            "language": session.language,
            "persons": [{"public_name": speaker} for speaker in session.speakers],
            "bookable": session.bookable,
            "bookings_max": session.bookings_max,
            "cancelled": session.cancelled,
        }
        days.setdefault(starts.date(), {}).setdefault(room, []).append(event)
    dates = sorted(days)
    conference = {
        "acronym": layout.event.slug,
        "title": layout.event.name,
        "start": (dates[0] if dates else layout.event.date).isoformat(),
        "end": (dates[-1] if dates else layout.event.date).isoformat(),
        "daysCount": len(dates),
        "time_zone_name": layout.event.timezone,
        "days": [
            {"index": index, "date": date.isoformat(), "rooms": days[date]} for index, date in enumerate(dates, 1)
        ],
    }
    return json.dumps({"schedule": {"conference": conference}}, ensure_ascii=False, indent=2).encode()


def guid_of(layout: Layout, session: Session) -> str:
    """The same in every file, as long as the session has its id."""
    return str(uuid.uuid5(_GUIDS, f"{layout.event.slug}/{session.id}"))


def room_of(layout: Layout, session: Session) -> str:
    """What a file calls the session's room: its area's name, or the id where the name says another one."""
    name = layout.areas[session.area].name
    return name if _rooms(layout).get(name.casefold()) == session.area else session.area


def uid_suffix(layout: Layout) -> str:
    """What makes a session's id unique in the world's calendars (RFC 5545, 3.8.4.7)."""
    return f"@{layout.event.slug}.checkin"


def duration_of(span_ms: int) -> str:
    """“01:30”, hours first; with seconds where there are any."""
    minutes, seconds = divmod(span_ms // 1000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def _from_xml(data: bytes) -> Iterator[_Item]:
    try:
        root: Element = fromstring(data)
    except (ParseError, DefusedXmlException) as error:
        raise _invalid([f"it is not XML that can be used: {error}"]) from error
    for room in root.iter("room"):
        for event in room.iter("event"):
            starts = dt.datetime.fromisoformat(_text(event, "date"))
            id = event.get("code") or event.get("guid") or event.get("id") or _text(event, "slug")
            ends = starts + _span(_text(event, "duration"))
            item = _Item(f"session {id}", id, room.get("name") or "", _text(event, "title"), starts, ends)
            item.subtitle = _text(event, "subtitle")
            item.language = _text(event, "language")
            item.speakers = tuple((person.text or "").strip() for person in event.iter("person"))
            yield item


def _from_icalendar(data: bytes, layout: Layout) -> Iterator[_Item]:
    for event in Calendar.from_ical(data).walk("VEVENT"):
        id = str(event["UID"]).removesuffix(uid_suffix(layout))
        starts = _moment(event.decoded("DTSTART"), layout)
        ends = _moment(event.decoded("DTEND"), layout) if "DTEND" in event else starts + event.decoded("DURATION")
        item = _Item(f"session {id}", id, str(event.get("LOCATION", "")), str(event["SUMMARY"]), starts, ends)
        item.cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
        yield item


def _text(event: Element, name: str) -> str:
    return (event.findtext(name) or "").strip()


def _span(text: str) -> dt.timedelta:
    """“01:30” or “1:30:00”, hours first (frab)."""
    parts = [int(part) for part in str(text).split(":")]
    hours, minutes, seconds = (*parts, 0, 0)[:3]
    return dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _moment(value: Any, layout: Layout) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    return dt.datetime.combine(value, dt.time(), layout.zone)


def _milliseconds(moment: dt.datetime, layout: Layout) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=layout.zone)
    return round(aware.timestamp() * 1000)


def _invalid(faults: Sequence[str]) -> BadInput:
    shown = "; ".join(faults[:20]) + (f"; and {len(faults) - 20} more" if len(faults) > 20 else "")
    return BadInput(f"The schedule cannot be used: {shown}.", code="schedule_invalid", faults=list(faults[:100]))
