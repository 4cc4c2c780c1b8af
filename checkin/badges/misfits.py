"""What cannot be printed right, and on whose badge."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from checkin.badges.face import BadgeFace, parts_of
from checkin.badges.fonts import has_glyph

LETTERS_SHOWN_MAX = 8


class Misfit(Struct, frozen=True, kw_only=True):
    """What cannot be printed right on somebody's badge: `letters` of a field that no font has, or,
    without letters, a field too long for its least size in `format`."""

    attendee: str
    desk_number: int
    name: str
    field: str
    letters: str = ""
    format: str = ""

    def __str__(self) -> str:
        who = f"{self.desk_number or '–'} {self.name}"
        if not self.letters:
            return f"{who}: {self.field} is too long for {self.format}"
        named = ", ".join(f"{letter} U+{ord(letter):04X}" for letter in self.letters)
        return f"{who}: {self.field} has letters that no font has ({named})"


def check_letters(faces: Iterable[BadgeFace]) -> list[Misfit]:
    """Every field with letters that no font has."""
    return [
        misfit(face, part.field, letters="".join(missing[:LETTERS_SHOWN_MAX]))
        for face in faces
        for part in parts_of(face)
        if (missing := sorted({char for char in part.text if not has_glyph(char)}))
    ]


def misfit(face: BadgeFace, field: str, *, letters: str = "", format: str = "") -> Misfit:
    return Misfit(
        attendee=face.attendee,
        desk_number=face.desk_number,
        name=face.name,
        field=field,
        letters=letters,
        format=format,
    )
