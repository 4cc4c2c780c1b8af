"""What is printed on a badge."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct


class BadgeFace(Struct, frozen=True, kw_only=True):
    """One badge. `group_number`: the group's place in the layout, which gives its colour and symbol.
    `forums`: the sessions booked, a line each. `photo`: whether the person agreed to be in pictures."""

    code: str
    desk_number: int
    title: str
    given_name: str
    family_name: str
    organisation: str
    department: str
    position: str
    town: str
    group_name: str
    group_number: int
    forums: tuple[str, ...]
    photo: bool
    event_name: str
    event_date: dt.date
    event_place: str
