"""What cannot be printed right, and on whose badge."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from msgspec import Struct

from checkin.badges.face import BadgeFace, parts_of
from checkin.badges.fonts import has_glyph

LETTERS_SHOWN_MAX = 8
FIELDS = {
    "title": "title",
    "given_name": "given name",
    "family_name": "family name",
    "organisation": "organisation",
    "place": "position and town",
    "group": "group",
    "event_name": "event",
    "event_line": "event",
    "forums": "forum",
    "agenda": "times and rooms",
}
"""The fields of a badge as the commands call them."""


class Misfit(Struct, frozen=True, kw_only=True):
    """What cannot be printed right on somebody's badge: `letters` of a field that no font has, or,
    without letters, a field too long for its least size in `format`."""

    attendee: str
    desk_number: int
    name: str
    field: str
    letters: str = ""
    format: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Whose badge it is on."""
        return self.attendee, self.desk_number

    def __str__(self) -> str:
        who, field = f"{self.desk_number or '–'} {self.name}", FIELDS.get(self.field, self.field)
        if not self.letters:
            return f"{who}: {field} is too long for {self.format}"
        named = ", ".join(f"{letter} U+{ord(letter):04X}" for letter in self.letters)
        return f"{who}: {field} has letters that no font has ({named})"


def missing_letters(text: str) -> str:
    """The letters of a text that no font has, each once, in the order of Unicode."""
    clean = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(sorted({char for char in clean if not has_glyph(char)})[:LETTERS_SHOWN_MAX])


def check_letters(faces: Iterable[BadgeFace]) -> list[Misfit]:
    """Every field with letters that no font has."""
    return [
        misfit(face, part.field, letters=missing)
        for face in faces
        for part in parts_of(face)
        if (missing := missing_letters(part.text))
    ]


def set_apart(faces: Sequence[BadgeFace]) -> tuple[list[BadgeFace], list[Misfit]]:
    """Those that can be printed, and what keeps the others from it."""
    misfits = check_letters(faces)
    kept_back = {misfit.key for misfit in misfits}
    return [face for face in faces if (face.attendee, face.desk_number) not in kept_back], misfits


def misfit(face: BadgeFace, field: str, *, letters: str = "", format: str = "") -> Misfit:
    return Misfit(
        attendee=face.attendee,
        desk_number=face.desk_number,
        name=face.name,
        field=field,
        letters=letters,
        format=format,
    )
