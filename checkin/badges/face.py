"""What is printed on a badge."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

from msgspec import Struct

from checkin.badges.qr import qr_svg

FORUMS_MAX = 4
_DIRECTIONS = {"L": "\u200e", "R": "\u200f", "AL": "\u200f"}
_KEPT_TOGETHER = (*_DIRECTIONS, "NSM", "EN", "AN")
"""What stands with the letters before it by itself (UAX #9): letters, their marks, digits."""


class BadgeFace(Struct, frozen=True, kw_only=True):
    """One badge. `group_number`: the group's place in the layout, which gives its colour and symbol.
    `forums`: the sessions booked, a line each; `agenda`: the same as times and rooms, for small formats.
    `photo`: whether the person agreed to be in pictures."""

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
    attendee: str = ""
    agenda: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As it is said: academic title, given name, family name."""
        return " ".join(part for part in (self.title, self.given_name, self.family_name) if part)


class Part(Struct, frozen=True):
    """A text as the templates set it. `pieces`: what no line can break inside; one that a space follows
    ends with it. `text` is what the pieces add up to. `rtl`: it runs from right to left."""

    field: str
    text: str
    rtl: bool
    pieces: tuple[str, ...]


def parts_of(face: BadgeFace) -> list[Part]:
    """Every text that is printed on a badge."""
    texts = {
        "title": face.title,
        "given_name": face.given_name,
        "family_name": face.family_name,
        "organisation": face.organisation,
        "place": ", ".join(part for part in (face.position, face.town) if part.strip()),
        "group": face.group_name,
        "event_name": face.event_name,
        "event_line": f"{face.event_date:%d.%m.%Y} · {face.event_place}",
    }
    return [
        *(part_of(field, text) for field, text in texts.items()),
        _list_part("agenda", face.agenda[:FORUMS_MAX]),
        *(part_of("forums", forum) for forum in face.forums[:FORUMS_MAX]),
    ]


def part_of(field: str, text: str) -> Part:
    """A text with its direction, and the places at which its lines may break: after a space, a hyphen, a
    slash, and between the letters of Chinese and Japanese."""
    clean = unicodedata.normalize("NFC", " ".join(text.split()))
    strong = [kind for kind in map(unicodedata.bidirectional, clean) if kind in _DIRECTIONS]
    rtl = bool(strong) and strong[0] != "L"
    ended = clean
    if strong and (strong[-1] == "L") is rtl and unicodedata.bidirectional(clean[-1]) not in _KEPT_TOGETHER:
        # A full stop or bracket at the end belongs to the letters before it, not to the line; only where they run
        # against the line is it said by a mark, which whoever copies the text out of a PDF gets along with it.
        ended += _DIRECTIONS[strong[-1]]
    return Part(field, clean, rtl, tuple(_pieces(ended)))


def _list_part(field: str, entries: tuple[str, ...]) -> Part:
    """Short entries in one text, whose lines break between them alone."""
    *before, last = entries or ("",)
    pieces = (*(f"{entry} · " for entry in before), last)
    return Part(field, "".join(pieces), False, pieces)


def template_data(face: BadgeFace) -> dict[str, Any]:
    """A badge as the templates get it (see the head of badge.typ)."""
    parts = parts_of(face)
    return {
        **{part.field: part for part in parts if part.field != "forums"},
        "forums": [part for part in parts if part.field == "forums"],
        "qr": qr_svg(face.code),
        "desk_number": str(face.desk_number),
        "group_number": face.group_number,
        "photo": face.photo,
    }


def _pieces(text: str) -> list[str]:
    pieces, start = [], 0
    for at in range(1, len(text)):
        before, after = text[at - 1], text[at]
        if before == " " or (before in "-/" and after.isalnum()) or (_stands_alone(before) and _stands_alone(after)):
            pieces.append(text[start:at])
            start = at
    return [*pieces, text[start:]]


def _stands_alone(char: str) -> bool:
    """Chinese and Japanese letters: lines break between any two of them. Korean has spaces."""
    return unicodedata.east_asian_width(char) == "W" and not "\uac00" <= char <= "\ud7a3" and char.isalpha()
