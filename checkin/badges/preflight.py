"""Before printing: whose badge would not come out right, and whose is worth a look."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from checkin.badges.face import BadgeFace, parts_of
from checkin.badges.misfits import Misfit, check_letters, misfit
from checkin.badges.render import find_too_long

LONGEST_EACH = 2


def preflight(faces: Sequence[BadgeFace], format: str, *, own: Path | None = None) -> list[Misfit]:
    """Everything that does not fit in this format: letters that no font has, then lengths.

    Raises `BadInput` for an unknown format, `TemplateWrong` for an own template with an error.
    """
    return check_letters(faces) + check_lengths(faces, format, own=own)


def check_lengths(faces: Sequence[BadgeFace], format: str, *, own: Path | None = None) -> list[Misfit]:
    """Every text that would need less than its least size in this format. Raises as `preflight`."""
    too_long = find_too_long(faces, format=format, own=own)
    return [
        misfit(face, field, format=format)
        for face in (faces if too_long else ())
        for field in sorted({part.field for part in parts_of(face) if (part.field, part.text) in too_long})
    ]


def hardest(faces: Sequence[BadgeFace], count: int) -> list[BadgeFace]:
    """Those on whom a template shows what it can: the longest names and institutions, then the longest
    name of each script, then everybody else as they come; at most so many."""
    by_name = sorted(faces, key=_name_chars, reverse=True)
    chosen = by_name[:LONGEST_EACH]
    chosen += sorted(faces, key=lambda face: len(face.organisation), reverse=True)[:LONGEST_EACH]
    longest_of_script: dict[str, BadgeFace] = {}
    for face in by_name:
        longest_of_script.setdefault(_script(face.family_name or face.given_name), face)
    distinct = {id(face): face for face in (*chosen, *longest_of_script.values(), *faces)}
    return list(distinct.values())[:count]


def _name_chars(face: BadgeFace) -> int:
    return max(len(face.given_name), len(face.family_name))


def _script(name: str) -> str:
    """The script of the first letter beyond plain Latin, as Unicode names it (“ARABIC”, “LATIN ł”)."""
    for char in name:
        if char.isalpha() and not char.isascii():
            script = unicodedata.name(char, "").partition(" ")[0]
            return f"{script} {char}" if script == "LATIN" else script
    return "LATIN"
