"""The programme from a file: frab or pretalx JSON, frab XML, iCalendar, xCal; and out of it as frab JSON."""

from __future__ import annotations

import codecs
import copy
import datetime as dt
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError

import msgspec
from dateutil.rrule import rrule, rrulestr
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from icalendar import Calendar, Component, vRecur
from msgspec import Struct

from checkin.core.errors import BadInput, TooLarge
from checkin.core.layout import Layout
from checkin.core.model import Session
from checkin.exchange.sheets import folded
from checkin.wire import legible

T = TypeVar("T")

SCHEDULE_BYTES_MAX = 10 * 1024 * 1024
SESSIONS_MAX = 5_000
TITLE_CHARS_MAX = 500
REPEATS_MAX = 100
REPEAT_DAYS_MAX = 366
_CALENDAR_SAYS = {
    *("uid", "dtstart", "dtend", "duration", "summary", "location", "status"),
    *("rrule", "rdate", "exdate", "recurrence-id"),
}
_REPEATED = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
XCAL = "urn:ietf:params:xml:ns:icalendar-2.0"
_GUIDS = uuid.UUID("5b0c7f0e-6c2f-4d0e-9a51-0f0f3c1d7a11")


class _Item:
    """A session as a file has it, before its room is an area. `lacks`: fields that the file says nothing of."""

    def __init__(self, id: str, room: str, title: str, starts: dt.datetime, ends: dt.datetime) -> None:
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
        self.is_all_day = False
        self.unknown_zone = ""
        self.lacks: set[str] = set()


class Fault(Struct, frozen=True, kw_only=True):
    """Why a session of a file cannot be used. `session`: what the file calls it."""

    session: str
    code: str
    message: str


class ProgrammeRead(Struct, frozen=True, kw_only=True):
    """A programme as read. `left_out`: the ids of sessions that have a fault or stand in a room which is left out;
    `rooms`: room that is no area by its name → in how many sessions, those mapped by hand too."""

    sessions: list[Session]
    left_out: set[str]
    rooms: dict[str, int]
    faults: list[Fault]


def read_schedule(data: bytes, layout: Layout) -> list[Session]:
    """The sessions in a schedule file, all of them. Rooms are areas of the layout by id or by name.

    Raises as `read_programme`, and `BadInput` (code `schedule_invalid`) that names every room which is not
    in the layout and every session that cannot be used.
    """
    read = read_programme(data, layout, {})
    if read.faults:
        raise _invalid([f"{fault.session}: {fault.message}" for fault in read.faults])
    return read.sessions


def read_programme(
    data: bytes, layout: Layout, rooms: Mapping[str, str], known: Mapping[str, Session] | None = None
) -> ProgrammeRead:
    """The sessions in a schedule file that can be used, and what is wrong with the others; its form is recognised
    by its content. Rooms are areas by id, by name or as `rooms` says (folded room → area, “” to leave its sessions
    out); times without a zone are in the event's. A field that the file says nothing of stays as the session of
    `known` (by id) with the same id has it. An entry of a calendar that repeats is a session each time: the first has
    its id, the others the id and their start; one without an end repeats on the event's day alone.

    Raises `TooLarge`, and `BadInput` (code `schedule_invalid` or `schedule_dtd`) for a file that is no programme.
    """
    if len(data) > SCHEDULE_BYTES_MAX:
        raise TooLarge(f"The schedule has {len(data):,} bytes, at most {SCHEDULE_BYTES_MAX:,} are taken.")
    try:
        items = list(_items(data, layout))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _invalid(["its days and rooms cannot be read"]) from error
    if len(items) > SESSIONS_MAX:
        raise TooLarge(f"The schedule has {len(items):,} sessions, at most {SESSIONS_MAX:,} are taken.")
    if not items:
        raise _invalid(["there is no session in it"])
    areas = _rooms(layout)
    uses = Counter(item.id for item in items if isinstance(item, _Item))
    unknown: Counter[str] = Counter()
    read = ProgrammeRead(sessions=[], left_out=set(), rooms=unknown, faults=[])
    for item in items:
        if isinstance(item, Fault):
            read.faults.append(item)
            continue
        area = areas.get(item.room.casefold())
        if area is None:
            unknown[item.room] += 1
            area = rooms.get(folded(item.room))
        fault = _fault_of(item, area, uses[item.id])
        if fault is not None or not area:
            read.left_out.add(item.id)
            if fault is not None:
                read.faults.append(fault)
        else:
            session = _session(item, area, layout)
            if before := (known or {}).get(item.id):
                session = msgspec.structs.replace(session, **{field: getattr(before, field) for field in item.lacks})
            read.sessions.append(session)
    return read


def _fault_of(item: _Item, area: str | None, uses: int) -> Fault | None:
    code = message = ""
    if area is None:
        code, message = "room_unknown", f"room “{item.room}” is no area of the layout"
    elif item.is_all_day:
        code, message = "session_all_day", "it lasts whole days; give it a start and an end"
    elif item.unknown_zone:
        code, message = "session_zone", f"its time zone “{item.unknown_zone}” is not known"
    elif item.ends <= item.starts:
        code, message = "session_times", "it ends before it starts"
    elif uses > 1:
        code, message = "session_twice", f"id {item.id} is given to several sessions"
    return Fault(session=item.title[:TITLE_CHARS_MAX] or item.id, code=code, message=message) if code else None


def _session(item: _Item, area: str, layout: Layout) -> Session:
    return Session(
        id=item.id,
        area=area,
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


def _or_fault(read: Callable[[], T], number: int) -> T | Fault:
    """A session, or that it has a part which cannot be read."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        part = f"“{error.args[0]}”" if isinstance(error, KeyError) else "a part"
        message = f"{part} is missing or cannot be read"
        return Fault(session=f"{number}.", code="session_unreadable", message=message)


def _rooms(layout: Layout) -> dict[str, str]:
    """What a file may call a room → the area: its id, or else its name."""
    names = {area.name.casefold(): area.id for area in layout.areas.values()}
    return names | {area.id.casefold(): area.id for area in layout.areas.values()}


def _items(data: bytes, layout: Layout) -> Iterator[_Item | Fault]:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper()
    if start.startswith(b"{"):
        return _from_json(data)
    if start.startswith(b"<"):
        return _from_xml(data, layout)
    if start.startswith(b"BEGIN:VCALENDAR"):
        return _from_icalendar(data, layout)
    raise _invalid(["it is neither frab JSON, frab XML, iCalendar nor xCal"])


def _from_json(data: bytes) -> Iterator[_Item | Fault]:
    try:
        content = msgspec.json.decode(legible(data).removeprefix(codecs.BOM_UTF8))
    except msgspec.DecodeError as error:
        raise _invalid([f"it is not JSON: {error}"]) from error
    days = content["schedule"]["conference"]["days"]
    placed = [(str(room), event) for day in days for room, events in day["rooms"].items() for event in events]
    for number, (room, event) in enumerate(placed, 1):
        yield _or_fault(partial(_json_item, room, event), number)


def _json_item(room: str, event: dict[str, Any]) -> _Item:
    starts = dt.datetime.fromisoformat(event["date"])
    id = str(event.get("code") or event.get("guid") or event["id"])
    item = _Item(id, room, str(event["title"]), starts, starts + _span(event["duration"]))
    item.subtitle = str(event.get("subtitle") or "")
    item.language = str(event.get("language") or "")
    item.speakers = tuple(str(person.get("public_name") or person.get("name")) for person in event.get("persons", []))
    item.bookable = event.get("bookable") is True
    limit = event.get("bookings_max")
    item.bookings_max = int(limit) if limit is not None else None
    item.cancelled = event.get("cancelled") is True
    told = {"subtitle", "language", "bookable", "bookings_max", "cancelled"}
    item.lacks = (told - event.keys()) | ({"speakers"} - ({"speakers"} if "persons" in event else set()))
    return item


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


def _from_xml(data: bytes, layout: Layout) -> Iterator[_Item | Fault]:
    try:
        root: Element = fromstring(data)
    except DefusedXmlException as error:
        message = "The file declares entities of its own (<!DOCTYPE …>), which is not taken. Delete that part of it."
        raise BadInput(message, code="schedule_dtd") from error
    except ParseError as error:
        raise _invalid([f"it is not XML that can be used: {error}"]) from error
    if root.tag == f"{{{XCAL}}}icalendar":
        events = [partial(_of_xcal, event) for event in root.iter(f"{{{XCAL}}}vevent")]
        yield from _calendar_items(events, layout)
        return
    placed = [(room.get("name") or "", event) for room in root.iter("room") for event in room.iter("event")]
    for number, (room, event) in enumerate(placed, 1):
        yield _or_fault(partial(_xml_item, room, event), number)


def _xml_item(room: str, event: Element) -> _Item:
    starts = dt.datetime.fromisoformat(_text(event, "date"))
    id = event.get("code") or event.get("guid") or event.get("id") or _text(event, "slug")
    item = _Item(id, room, _text(event, "title"), starts, starts + _span(_text(event, "duration")))
    item.subtitle = _text(event, "subtitle")
    item.language = _text(event, "language")
    item.speakers = tuple((person.text or "").strip() for person in event.iter("person"))
    told = {"subtitle": "subtitle", "language": "language", "speakers": "persons"}
    item.lacks = {"bookable", "bookings_max", "cancelled"}
    item.lacks |= {field for field, name in told.items() if event.find(name) is None}
    return item


def _of_xcal(event: Element) -> Component:
    """A session of an xCal, through its twin in JSON: RFC 6321 and RFC 7265 name the same types."""
    properties: list[list[Any]] = []
    for one in event.find(f"{{{XCAL}}}properties") or ():
        if _tag(one) not in _CALENDAR_SAYS:
            continue
        given = {
            _tag(parameter): "".join(parameter.itertext()).strip()
            for parameter in one.find(f"{{{XCAL}}}parameters") or ()
        }
        values = [value for value in one if _tag(value) != "parameters"]
        properties.append([_tag(one), given, _tag(values[0]), *(_xcal_value(value) for value in values)])
    return Component.from_jcal(["vevent", properties, []])


def _xcal_value(value: Element) -> Any:
    if _tag(value) != "recur":
        return (value.text or "").strip()
    parts: dict[str, list[str]] = {}
    for part in value:
        parts.setdefault(_tag(part), []).append((part.text or "").strip())
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in parts.items()}


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()


def _from_icalendar(data: bytes, layout: Layout) -> Iterator[_Item | Fault]:
    if b"\0" in data:
        raise _invalid(["there is a NUL character in it"])
    events = [partial(_itself, event) for event in Calendar.from_ical(data).walk("VEVENT")]
    yield from _calendar_items(events, layout)


def _itself(event: Component) -> Component:
    return event


def _calendar_items(events: Sequence[Callable[[], Component]], layout: Layout) -> Iterator[_Item | Fault]:
    """The sessions of a calendar; of an entry that repeats one for each time, but for those that have an entry of
    their own (RECURRENCE-ID)."""
    read = [_or_fault(partial(_calendar_entry, event, layout), at) for at, event in enumerate(events, 1)]
    entries = [one for one in read if not isinstance(one, Fault)]
    firsts = {item.id: _milliseconds(item.starts, layout) for event, item in entries if "RECURRENCE-ID" not in event}
    apart: set[tuple[str, int]] = set()
    for event, item in entries:
        if "RECURRENCE-ID" in event:
            at = _milliseconds(_moment(event.decoded("RECURRENCE-ID"), layout), layout)
            apart.add((item.id, at))
            item.id = item.id if firsts.get(item.id) == at else _repeat_id(item.id, at, layout)
    for one in read:
        if isinstance(one, Fault):
            yield one
            continue
        event, item = one
        has_times = not (item.is_all_day or item.unknown_zone)
        if has_times and "RECURRENCE-ID" not in event and ("RRULE" in event or "RDATE" in event):
            yield from _repeats(event, item, apart, layout)
        else:
            yield item


def _calendar_entry(event: Callable[[], Component], layout: Layout) -> tuple[Component, _Item]:
    component = event()
    return component, _calendar_item(component, layout)


def _repeats(event: Component, item: _Item, apart: set[tuple[str, int]], layout: Layout) -> Iterator[_Item | Fault]:
    try:
        starts = _starts_of(event, item, layout)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        message = f"it repeats by a rule that cannot be read, or more than {REPEATS_MAX} times; write each one down"
        yield Fault(session=item.title[:TITLE_CHARS_MAX] or item.id, code="session_repeats", message=message)
        return
    for moment in starts:
        at = _milliseconds(moment, layout)
        if (item.id, at) in apart:
            continue
        one = copy.copy(item)
        one.id = item.id if moment == item.starts else _repeat_id(item.id, at, layout)
        one.starts, one.ends = moment, moment + (item.ends - item.starts)
        yield one


def _starts_of(event: Component, item: _Item, layout: Layout) -> list[dt.datetime]:
    """When an entry that repeats starts (RFC 5545, 3.8.5): at the same time by its own zone's clock; never, where each
    of its times, or that on the event's day of one without an end, is left out. Raises
    `ValueError` for a rule that is not by days, or that has too many."""
    zone = item.starts.tzinfo
    first = item.starts.replace(tzinfo=None)
    wall = {first}
    if "RRULE" in event:
        rule: Any = event["RRULE"]
        if not isinstance(rule, vRecur) or str(rule["FREQ"][0]).upper() not in _REPEATED:
            raise ValueError("not by days")
        count, until = (next(iter(rule.get(part) or [None])) for part in ("COUNT", "UNTIL"))
        parts = str(rule.to_ical(), "ascii").split(";")  # type: ignore[no-untyped-call]
        bare = ";".join(part for part in parts if not part.startswith(("COUNT=", "UNTIL=")))
        last = first + dt.timedelta(days=REPEAT_DAYS_MAX)
        if until is not None:
            last = min(last, _wall(until, zone, dt.time.max))
        repeated = rrulestr(bare, dtstart=first)
        assert isinstance(repeated, rrule)
        found = list(islice(repeated.replace(until=last), count or REPEAT_DAYS_MAX + 1))
        if count is None and until is None:
            found = [one for one in found if one.date() == layout.event.date]
            wall = set()
        wall |= set(found)
    wall |= {_wall(value, zone, first.time()) for value in _dates(event, "RDATE")}
    left_out = _dates(event, "EXDATE")
    days = {value for value in left_out if not isinstance(value, dt.datetime)}
    wall -= {_wall(value, zone, first.time()) for value in left_out}
    kept = sorted(one.replace(tzinfo=zone) for one in wall if one.date() not in days)
    if len(kept) > REPEATS_MAX:
        raise ValueError("too many")
    return kept


def _wall(value: Any, zone: dt.tzinfo | None, time: dt.time) -> dt.datetime:
    """A date or a time as the clock of a zone shows it; `time`: of a date."""
    if not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, time)
    return (value.astimezone(zone) if value.tzinfo and zone else value).replace(tzinfo=None)


def _dates(event: Component, name: str) -> list[Any]:
    lists = event.get(name, [])
    return [one.dt for many in (lists if isinstance(lists, list) else [lists]) for one in many.dts]


def _repeat_id(id: str, at: int, layout: Layout) -> str:
    return f"{id}/{dt.datetime.fromtimestamp(at / 1000, layout.zone):%Y%m%dT%H%M}"


def _calendar_item(event: Component, layout: Layout) -> _Item:
    id = str(event["UID"]).removesuffix(uid_suffix(layout))
    first = event.decoded("DTSTART")
    starts = _moment(first, layout)
    ends = starts
    if "DTEND" in event:
        ends = _moment(event.decoded("DTEND"), layout)
    elif "DURATION" in event:
        ends = starts + event.decoded("DURATION")
    item = _Item(id, str(event.get("LOCATION", "")), str(event.get("SUMMARY", "")), starts, ends)
    item.is_all_day = not isinstance(first, dt.datetime)
    zone = event["DTSTART"].params.get("TZID", "")
    item.unknown_zone = str(zone) if zone and starts.tzinfo is None else ""
    item.cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
    item.lacks = {"subtitle", "speakers", "language", "bookable", "bookings_max"}
    item.lacks |= set() if "STATUS" in event else {"cancelled"}
    return item


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
