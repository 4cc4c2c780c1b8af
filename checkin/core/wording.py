"""What a door says: which word of the catalogues, and what fills it in. A new reason is a new word there."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

from checkin.core.admission import Decision, Refusal
from checkin.core.holds import kept_seats
from checkin.core.layout import Layout


class Saying(Struct, frozen=True):
    """A word of the door by its key. `values` fill it in, alike in every language; `count` chooses the plural form."""

    key: str
    values: dict[str, str | int] = {}


SINCE = {"already_inside": "already_inside_since", "item_taken": "item_taken_since"}
"""Said in place of the reason where it is known since when."""
FOR_STAFF = {"badge_blocked": "badge_blocked_for_staff", "not_given_away": "not_given_away_for_staff"}
"""Said in lists in place of what a door says: there a block is worded so that nobody around learns of it, and whoever
reads a list lets nobody wait."""


def hint(decision: Decision, layout: Layout) -> Saying:
    """The saying for a decision: outcome and reason, never the reason behind a block."""
    if decision.refusal is None:
        assert decision.kind is not None, "admitted means a kind"
        if decision.books is not None:
            return Saying("switched") if decision.frees else Saying("booked")
        return Saying(decision.kind)
    refusal = decision.refusal
    if refusal.reason == "area_full" and refusal.area == layout.house.id:
        return Saying("house_full")
    if refusal.reason in SINCE and refusal.since_at is not None:
        door = _door_name(refusal.since_door, layout)
        return Saying(SINCE[refusal.reason], {"time": _time(refusal.since_at, layout), "door": door})
    return Saying(refusal.reason)


def not_given_away() -> tuple[Saying, tuple[Saying, ...]]:
    """Said by the centre in place of “full” while it came from a backup and gives nothing away: why, and what to do."""
    return Saying("not_given_away"), (Saying("count_and_confirm"),)


def no_places(*, restored: bool) -> Saying:
    """Said by a door that decides alone and has no place left to give. It does not know whether anything is full.
    `restored`: the centre can be heard, but came from a backup."""
    return Saying("no_places_restored") if restored else Saying("no_places_alone")


def not_told_of_everybody() -> Saying:
    """Said by a door that decides alone, of a code that it does not know, while it was not told of everybody."""
    return Saying("not_told_of_everybody")


def for_staff(listed: str) -> Saying:
    """As the staff's own lists say it (`Refusal.listed`, or a reason)."""
    return Saying(FOR_STAFF.get(listed, listed))


def way(decision: Decision, door: str, layout: Layout) -> tuple[Saying, ...]:
    """The way on: where to go instead, when to come back, how long the line is, what to give back."""
    refusal = decision.refusal
    if refusal is None:
        return _asks_back(decision.asks_back, layout)
    if refusal.doors:
        return (Saying("other_doors", {"doors": ", ".join(_door_name(other, layout) for other in refusal.doors)}),)
    match refusal.reason:
        case "door_closed":
            return (_hours(door, layout),)
        case "badge_replaced" if refusal.since_at is not None:
            return (replaced(refusal.since_at, refusal.since_door, layout),)
        case "proxy_came" if refusal.since_at is not None:
            return (Saying("proxy_came_since", {"time": _time(refusal.since_at, layout)}),)
    return (*_line(refusal), *_kept(refusal, layout), *_elsewhere(refusal, layout))


def replaced(at: int, desk: str | None, layout: Layout) -> Saying:
    """What is said of a badge that was replaced: when, and where if that is known."""
    time = _time(at, layout)
    return Saying("replaced_at_desk", {"time": time, "desk": desk}) if desk else Saying("replaced_at", {"time": time})


def represented(came_at: int | None, layout: Layout) -> tuple[Saying, ...]:
    """What is said where somebody shows the badge of one who has sent a proxy; `came_at`: once that one is here."""
    said = Saying("proxy_came")
    return (said,) if came_at is None else (said, Saying("proxy_came_since", {"time": _time(came_at, layout)}))


def _asks_back(items: tuple[str, ...], layout: Layout) -> tuple[Saying, ...]:
    if not items:
        return ()
    names = [layout.items[item].name for item in items if item in layout.items]
    return (Saying("asks_back", {"items": ", ".join(names)}),)


def _line(refusal: Refusal) -> tuple[Saying, ...]:
    ahead = refusal.ahead or 0
    if refusal.number is not None:
        # Kept places come free by time, not when somebody leaves.
        place = "line_place_held" if refusal.kept else "line_place"
        return (Saying(place, {"number": refusal.number, "count": ahead}),)
    return (Saying("line_ahead", {"count": ahead}),) if ahead else ()


def _kept(refusal: Refusal, layout: Layout) -> tuple[Saying, ...]:
    kept = kept_seats(refusal.kept)
    if kept is None:
        return ()
    if kept.until_at is None:
        return (Saying("kept", {"count": kept.seats}),)
    time = _time(kept.until_at, layout)
    if kept.until_seats == kept.seats:
        return (Saying("kept_until", {"count": kept.seats, "time": time}),)
    return (Saying("kept_partly_until", {"count": kept.seats, "part": kept.until_seats, "time": time}),)


def _elsewhere(refusal: Refusal, layout: Layout) -> tuple[Saying, ...]:
    """Where the same is shown, and what else runs in this slot with places free."""
    said: list[Saying] = []
    if refusal.overflow is not None:
        said.append(Saying("overflow", {"area": _place(refusal.overflow, layout)}))
    others = [one for one in refusal.alternatives if one.area != refusal.overflow]
    if others:
        said.append(Saying("room_there", {"places": ", ".join(_place(one.area, layout) for one in others)}))
    return tuple(said)


def _place(area: str, layout: Layout) -> str:
    there = layout.areas[area]
    return f"{there.name} ({there.way})" if there.way else there.name


def _hours(door: str, layout: Layout) -> Saying:
    there = layout.doors[door]
    if there.direction == "exit":
        return Saying("exit_only")
    if there.opens is not None:
        return Saying("opens_at", {"time": f"{there.opens:%H:%M}"})
    assert there.closes is not None, "a door without hours is never closed"
    return Saying("closed_since", {"time": f"{there.closes:%H:%M}"})


def _time(at: int, layout: Layout) -> str:
    return f"{dt.datetime.fromtimestamp(at / 1000, layout.zone):%H:%M}"


def _door_name(door: str | None, layout: Layout) -> str:
    return layout.doors[door].name if door in layout.doors else (door or "")
