"""Cases: where two doors, or a door and the centre, differ, and a person has to say what it was. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from checkin.core.admission import Outcome, Reason

CLOCK_OFF_MS = 60_000
"""From here a door's clock is a case of its own."""

CaseKind = Literal[
    "badge_twice", "decisions_differ", "exit_without_entry", "order_unsure", "clock_off", "not_understood"
]
Verdict = Literal["same_person", "passed_on", "copy", "clock_wrong", "looked_into"]


class Side(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One side of a case. `by` a station: what its door showed (`outcome` None: nothing) and when by its clock, which
    was ahead of the centre's by at least `offset_ms` (below 0: behind by at most that). `by` the centre: what it
    decided itself, or knows of where this badge was let in last; its clock (`at` None: that of the scan's fact)."""

    scan: str
    door: str
    at: int | None
    outcome: Outcome | None = None
    reason: Reason | None = None
    offset_ms: int | None = None
    by: Literal["station", "centre"] = "station"


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A thing for a person to settle. `id`: that of the scan that opened it. `sides`: the station's, and the
    centre's that it contradicts, as far as there is one. `areas`: where a seat is set aside until it is closed."""

    id: str
    kind: CaseKind
    attendee: str | None
    sides: tuple[Side, ...]
    areas: tuple[str, ...] = ()


class Closing(Struct, frozen=True, kw_only=True):
    """What follows from a verdict: the areas whose seat is free, and the corrections (area, change) that count
    somebody as there without a badge."""

    frees: tuple[str, ...] = ()
    corrections: tuple[tuple[str, int], ...] = ()


def close(case: Case, verdict: Verdict, in_doubt: Sequence[str], inside: bool) -> Closing:
    """Settle a case. `in_doubt`: the areas where its seat is still set aside (a headcount may have cleared
    them); `inside`: whether the second person of a copied or passed-on badge, or whoever nobody has counted, is still
    there, as the one who settles it has seen. Every verdict frees the seats; whoever is inside is counted instead."""
    uncounted = verdict in ("copy", "passed_on", "looked_into") and inside
    corrections = tuple((area, 1) for area in in_doubt) if uncounted else ()
    return Closing(frees=tuple(in_doubt), corrections=corrections)


def is_clock_off(offset_ms: int | None) -> bool:
    return offset_ms is not None and abs(offset_ms) > CLOCK_OFF_MS
