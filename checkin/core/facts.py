"""The facts of an event: what happened, each under one `seq`, never changed.

They carry ids, never personal data. `Fact` is what is stored and what a follower reads.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from checkin.core.admission import Decision
from checkin.core.layout import Layout
from checkin.core.model import Direction
from checkin.core.occupancy import House, Presence


class Scanned(Struct, frozen=True, kw_only=True, tag="scan", tag_field="kind", omit_defaults=True):
    """A scan and its decision, with the numbers of the area as they were answered. `by`: who
    scanned. `clock_off_ms`: how far the door's clock was ahead of ours, where it matters."""

    id: str
    door: str
    direction: Direction
    area: str
    decision: Decision
    scanned_at: int
    received_at: int
    inside: int
    capacity: int | None
    free: int | None
    by: str
    clock_off_ms: int | None = None
    override: str | None = None


class Corrected(Struct, frozen=True, kw_only=True, tag="correction", tag_field="kind", omit_defaults=True):
    """An operator's headcount or ±n: `change` more people without a badge are in the area."""

    id: str
    area: str
    change: int
    at: int
    by: str
    headcount: int | None = None
    note: str = ""


class Changed(Struct, frozen=True, kw_only=True, tag="change", tag_field="kind", omit_defaults=True):
    """Anything else that came to be or became different: which noun, which ids, how many."""

    noun: Literal["event", "layout", "schedule", "attendee", "badge", "device", "operator", "evacuation"]
    what: str
    at: int
    by: str
    ids: tuple[str, ...] = ()
    count: int | None = None


Fact = Scanned | Corrected | Changed


class Sum:
    """What facts add up to, one after the other in their order: where each attendee is, and the
    corrections as (area, change)."""

    def __init__(self) -> None:
        self.presences: dict[str, Presence] = {}
        self.corrections: list[tuple[str, int]] = []

    def add(self, fact: Fact) -> None:
        if isinstance(fact, Corrected):
            self.corrections.append((fact.area, fact.change))
        elif isinstance(fact, Scanned) and fact.decision.attendee is not None:
            after = presence_after(fact, self.presences.get(fact.decision.attendee))
            if after is not None:
                self.presences[fact.decision.attendee] = after

    def house(self, layout: Layout) -> House:
        """The tallies of all areas, counted from zero."""
        house = House(layout)
        for presence in self.presences.values():
            if presence.area in layout.areas:
                house.move(None, presence.area, presence.counts_as)
        for area, change in self.corrections:
            if area in layout.areas:
                house.correct(area, change)
        return house


def presence_after(fact: Scanned, before: Presence | None) -> Presence | None:
    """Where the attendee of a scan is after it; None where the scan changes nothing about that."""
    decision = fact.decision
    if decision.outcome == "refused" or decision.attendee is None:
        return None
    if decision.leaves == decision.enters:
        return None
    return Presence(
        area=decision.enters,
        counts_as=decision.counts_as,
        since_at=believed_at(fact),
        door=fact.door,
        arrived_at=before.arrived_at if before is not None else believed_at(fact),
    )


def believed_at(fact: Scanned) -> int:
    """When it happened: the door's time, or ours where the door's clock is ahead or far off."""
    return fact.received_at if fact.clock_off_ms is not None else fact.scanned_at
