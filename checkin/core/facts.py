"""The facts of an event: what happened, each under one `seq`, never changed.

They carry ids, never personal data. `Fact` is what is stored and what a follower reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from checkin.core.admission import Decision
from checkin.core.holds import Claimant, claims_in
from checkin.core.layout import Layout
from checkin.core.model import CountsAs, Direction
from checkin.core.occupancy import Certainty, Claims, House, Presence, no_claims
from checkin.core.schedule import Programme

ASSUMED_NOTE = "assumed"
"""Of a correction that nobody counted: at the end of the day everybody is taken as gone."""


class Scanned(Struct, frozen=True, kw_only=True, tag="scan", tag_field="kind", omit_defaults=True):
    """A scan and its decision, with the numbers of the area as they were answered. `by`: who
    scanned. `clock_off_ms`: how far the door's clock was ahead of ours, where it matters. `recounts`: the
    areas of whose missing people it found one, and how many more without a badge that makes there. `paper`:
    entered later from a paper list, with the time that stands there."""

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
    recounts: tuple[tuple[str, int], ...] = ()
    paper: bool = False


class Corrected(Struct, frozen=True, kw_only=True, tag="correction", tag_field="kind", omit_defaults=True):
    """An operator's headcount or ±n: `change` more people without a badge are in the area. `around`: the
    areas around it into which some of them must have come unseen, and how many. `before`: how sure the
    count was before a headcount. `undoes`: the correction that this one takes back."""

    id: str
    area: str
    change: int
    around: tuple[tuple[str, int], ...] = ()
    at: int
    by: str
    headcount: int | None = None
    note: str = ""
    before: Certainty | None = None
    undoes: str | None = None

    @property
    def changes(self) -> tuple[tuple[str, int], ...]:
        return ((self.area, self.change), *self.around)


class AreaCount(Struct, frozen=True):
    """How many were in an area: by badge (crew among them) and besides."""

    area: str
    known: int
    uncounted: int


class Evacuated(Struct, frozen=True, kw_only=True, tag="evacuation", tag_field="kind", omit_defaults=True):
    """An evacuation or a drill begun or ended, with the count of each area at that moment. At the
    all-clear of an evacuation (`ended`, no drill) everybody is outside, and the count begins anew. One
    `withdrawn` was a false alarm: the house stayed as it was."""

    what: Literal["begun", "ended", "withdrawn"]
    at: int
    by: str
    drill: bool = False
    counts: tuple[AreaCount, ...] = ()

    @property
    def empties(self) -> bool:
        return self.what == "ended" and not self.drill


class Assumed(Struct, frozen=True, kw_only=True, tag="assumed", tag_field="kind", omit_defaults=True):
    """Nobody saw this attendee leave; at the end of the day it is taken that they did, at `at`."""

    attendee: str = ""
    area: str
    counts_as: CountsAs
    at: int
    by: str


class Undone(Struct, frozen=True, kw_only=True, tag="undo", tag_field="kind", omit_defaults=True):
    """A scan taken back at once, because a finger slipped: the attendee is again where they were
    (`presence`; None: never here)."""

    scan: str
    attendee: str = ""
    counts_as: CountsAs
    leaves: str | None
    presence: Presence | None = None
    at: int
    by: str
    recounts: tuple[tuple[str, int], ...] = ()


Noun = Literal[
    "event",
    "layout",
    "schedule",
    "attendee",
    "badge",
    "device",
    "operator",
    "hold",
    "plan",
    "session",
    "booking",
    "block",
    "line",
    "export",
    "webhook",
    "alert",
    "door",
    "import",
    "certificate",
    "erasure",
    "fallback",
    "conflict",
]


class Changed(Struct, frozen=True, kw_only=True, tag="change", tag_field="kind", omit_defaults=True):
    """Anything else that came to be or became different: which noun, which ids, how many, and why where
    a reason was asked for. `fields`: those of an attendee that changed, with the value they have now where that
    is no personal data; else empty."""

    noun: Noun
    what: str
    at: int
    by: str
    ids: tuple[str, ...] = ()
    count: int | None = None
    note: str = ""
    fields: tuple[tuple[str, str], ...] = ()


class Erased(Struct, frozen=True, kw_only=True, tag="erasure", tag_field="kind", omit_defaults=True):
    """Personal data were deleted: of everybody by the schedule, or of one `person`. Which, how many of each
    kind (`removed`), and, where the passages went, `came`: who was here and as what they count, without
    when or where; `day_at` stands for the times. No fact before this one names those attendees any more."""

    what: Literal["needs", "passages", "names", "person"]
    at: int
    by: str
    removed: tuple[tuple[str, int], ...] = ()
    came: tuple[tuple[str, CountsAs], ...] = ()
    day_at: int = 0


Fact = Scanned | Corrected | Evacuated | Assumed | Undone | Erased | Changed


def without_person(fact: Fact) -> Fact:
    """The fact as it is left when personal data are deleted: what happened, when, where and with which
    numbers, but not to whom; without what somebody typed, and without other times of the same person."""
    match fact:
        case Scanned():
            refusal = fact.decision.refusal
            if refusal is not None:
                refusal = msgspec.structs.replace(refusal, since_at=None, since_door=None, number=None)
            decision = msgspec.structs.replace(fact.decision, attendee=None, refusal=refusal)
            return msgspec.structs.replace(fact, decision=decision, override=None)
        case Assumed():
            return msgspec.structs.replace(fact, attendee="")
        case Undone():
            return msgspec.structs.replace(fact, attendee="", presence=None)
        case Corrected() if fact.note != ASSUMED_NOTE:
            return msgspec.structs.replace(fact, note="")
        case Changed() if fact.noun != "plan":  # on what an approval rests is no personal matter
            return msgspec.structs.replace(fact, note="")
    return fact


class Sum:
    """What facts add up to, one after the other in their order: where each attendee is, what each has in
    hand, and the corrections as (area, change)."""

    def __init__(self) -> None:
        self.presences: dict[str, Presence] = {}
        self.items: set[tuple[str, str]] = set()
        self.corrections: list[tuple[str, int]] = []

    def add(self, fact: Fact) -> None:
        match fact:
            case Corrected():
                self.corrections += fact.changes
            case Scanned():
                self._scanned(fact)
            case Assumed() if fact.attendee:
                before = self.presences[fact.attendee]
                self.presences[fact.attendee] = gone(before, fact.at)
            case Undone():
                self.corrections += fact.recounts
                if not fact.attendee:
                    return
                if fact.presence is None:
                    del self.presences[fact.attendee]
                else:
                    self.presences[fact.attendee] = fact.presence
            case Evacuated() if fact.empties:
                self.presences = {
                    who: there if there.area is None else gone(there, fact.at) for who, there in self.presences.items()
                }
                self.corrections.clear()
            case Erased():
                self.presences |= {who: came_once(counts_as, fact.day_at) for who, counts_as in fact.came}

    def _scanned(self, fact: Scanned) -> None:
        self.corrections += fact.recounts
        attendee, item = fact.decision.attendee, fact.decision.item
        if attendee is None:
            return
        if item is not None and fact.decision.kind == "handout":
            self.items.add((attendee, item))
        elif item is not None and fact.decision.kind == "return":
            self.items.discard((attendee, item))
        after = presence_after(fact, self.presences.get(attendee))
        if after is not None:
            self.presences[attendee] = after

    def house(
        self,
        layout: Layout,
        programme: Programme | None = None,
        claimants: Mapping[str, Claimant] | None = None,
    ) -> House:
        """The tallies of all areas, counted from zero. `claimants`: attendee → what decides the places
        kept for them."""
        house = House(layout)
        programme = programme or Programme(layout.event)
        for attendee, presence in self.presences.items():
            if presence.area not in layout.areas:
                continue
            claimant = (claimants or {}).get(attendee)
            claims = _claims_of(claimant, layout, programme) if claimant is not None else no_claims
            house.move(None, presence.area, presence.counts_as, claims)
        for area, change in self.corrections:
            if area in layout.areas:
                house.correct(area, change)
        return house


def _claims_of(claimant: Claimant, layout: Layout, programme: Programme) -> Claims:
    return lambda area: claims_in(area, claimant, layout, programme)


def presence_before(undone: Scanned, earlier: Fact | None, now: Presence) -> Presence | None:
    """Where an attendee was before a scan that is taken back. `earlier`: the fact by which they moved
    before it; `now`: where the scan has put them. None: they were never here."""
    if undone.decision.kind == "arrival":
        return None
    before: Presence | None = None
    match earlier:
        case Scanned():
            before = presence_after(earlier, now)
        case Assumed():
            before = gone(now, earlier.at)
        case Undone():
            before = earlier.presence
    if before is not None and before.area == undone.decision.leaves:
        return before
    # Something that is no passage of theirs moved them in between: an all-clear.
    return Presence(
        area=undone.decision.leaves,
        counts_as=now.counts_as,
        since_at=believed_at(undone),
        door=undone.door,
        arrived_at=now.arrived_at,
    )


def gone(before: Presence, at: int) -> Presence:
    """Where somebody is who is taken to have left the house at `at` through no door."""
    return Presence(area=None, counts_as=before.counts_as, since_at=at, door="", arrived_at=before.arrived_at)


def came_once(counts_as: CountsAs, day_at: int) -> Presence:
    """What is left of somebody's presence when the passages were deleted: that they were here."""
    return Presence(area=None, counts_as=counts_as, since_at=day_at, door="", arrived_at=day_at)


def presence_after(fact: Scanned, before: Presence | None) -> Presence | None:
    """Where the attendee of a scan is after it; None where the scan changes nothing about that. What a
    paper list tells of a time before the last passage known moves nobody; they may have come earlier."""
    decision = fact.decision
    if decision.outcome == "refused" or decision.attendee is None:
        return None
    if decision.leaves == decision.enters:
        return None
    if fact.paper and before is not None and believed_at(fact) < before.since_at:
        arrived_at = min(before.arrived_at, believed_at(fact)) if decision.enters is not None else before.arrived_at
        return msgspec.structs.replace(before, arrived_at=arrived_at)
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


def observe(certainty: Mapping[str, Certainty], fact: Scanned, layout: Layout) -> Sequence[str]:
    """Note an admitted scan in the certainties of the areas it concerns; returns their ids.

    Nobody was seen in an area but that of the door: whoever changed any other one by this scan had gone
    in or out unseen before, which is a surprise; and so is a scan at the door that changed nothing.
    """
    decision = fact.decision
    if decision.outcome == "refused" or decision.attendee is None or decision.item is not None:
        return ()
    leaves, enters = decision.leaves, decision.enters
    moved = (*layout.entered(enters, leaves), *layout.entered(leaves, enters))
    concerned = moved if fact.area in moved else (*moved, fact.area)
    for area in concerned:
        one = certainty[area]
        one.passages += 1
        one.surprises += area != fact.area or area not in moved
    return concerned
