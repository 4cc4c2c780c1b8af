"""Events and their venues: created, imported, and kept at hand while their version stands."""

from __future__ import annotations

import secrets

import msgspec
from msgspec import Struct

from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Changed, Sum
from checkin.core.layout import Layout
from checkin.core.model import Approved, Area, Event, Hold, Plan
from checkin.core.occupancy import Certainty
from checkin.core.schedule import Programme
from checkin.exchange.layout import write_layout
from checkin.service.journal import Journal
from checkin.service.ledgers import Ledgers
from checkin.store import attendees, events, facts, people, presences, sessions
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow

SLUG_CHARS = set("abcdefghijklmnopqrstuvwxyz0123456789-")
SLUG_CHARS_MAX = 60
LAYOUT_PLAN = "layout"
"""The id of the plan with the numbers that the layout itself gives an area."""


class Venue(Struct, frozen=True):
    """An event as the doors need it. `key` signs its codes."""

    id: int
    key: bytes
    version: int
    layout: Layout
    programme: Programme


class Venues:
    """The venues of this database, read again only when a layout or programme has changed."""

    def __init__(self) -> None:
        self.ledgers = Ledgers()
        self._ids: dict[str, int] = {}
        self._venues: dict[int, Venue] = {}

    def id(self, tx: Transaction, slug: str) -> int:
        """Raises `NotFound` for an event that does not exist."""
        if slug not in self._ids:
            self._ids = events.event_ids(tx)
        try:
            return self._ids[slug]
        except KeyError:
            raise NotFound(f"There is no event “{slug}”.", code="event_unknown") from None

    def venue(self, tx: Transaction, slug: str, row: events.EventRow | None = None) -> Venue:
        """Raises `NotFound` for an event that does not exist or has no layout yet."""
        id = self.id(tx, slug)
        row = row or events.load_event_row(tx, id)
        known = self._venues.get(id)
        if known is not None and known.version == row.layout_version:
            return known
        layout = events.load_layout(tx, id)
        if layout is None:
            raise NotFound(
                f"The event “{slug}” has no layout yet: checkin import layout {slug} FILE.toml", code="layout_missing"
            )
        programme = Programme(layout.event, sessions.load_sessions(tx, id))
        self._venues[id] = Venue(id, row.key, row.layout_version, layout, programme)
        return self._venues[id]


def create_event(tx: Transaction, event: Event, *, now: int, by: str) -> int:
    """Make an event with a key of its own; returns its id.

    Raises `BadInput` for a slug or zone that cannot be used, `Conflict` where the slug is taken.
    """
    if not event.slug or not set(event.slug) <= SLUG_CHARS or len(event.slug) > SLUG_CHARS_MAX:
        raise BadInput(
            f"“{event.slug}” cannot name an event: use a–z, 0–9 and -, at most {SLUG_CHARS_MAX}.", code="slug_invalid"
        )
    Layout(event, [], [Area(id="house", name=event.name)], [])  # checks the time zone
    if event.slug in events.event_ids(tx):
        raise Conflict(f"There is an event “{event.slug}” already.", code="event_exists")
    id = events.add_event(tx, event, secrets.token_bytes(32))
    journal = Journal(tx, id)
    journal.add(Changed(noun="event", what="created", at=now, by=by))
    journal.write()
    return id


def import_layout(tx: Transaction, layout: Layout, *, now: int, by: str) -> int:
    """Make this the venue of its event, which is created where it is new. Returns the event's id.

    People stay where they are: the tallies are added up again for the new tree. The layout before is kept
    for the way back. Raises `Conflict` where the layout leaves out what is still needed (`needed`).
    """
    id = events.event_ids(tx).get(layout.event.slug)
    if id is None:
        id = create_event(tx, layout.event, now=now, by=by)
    missing = left_out(tx, id, layout)
    if missing:
        ids = ", ".join(sorted(one.id for one in missing if one.why == missing[0].why))
        raise Conflict(f"The layout leaves out {_WHY[missing[0].why]}: {ids}.", code=missing[0].why)
    stored = events.load_layout(tx, id)
    if stored is not None:
        before = write_layout(file_of(stored)).decode()
        events.keep_earlier_layout(tx, id, events.EarlierLayout(now, by, before))
    events.save_layout(tx, id, _going_on(tx, id, layout))
    journal = Journal(tx, id)
    journal.add(Changed(noun="layout", what="imported", at=now, by=by, count=len(layout.areas)))
    recount(tx, id, seq=journal.seq, now=now)
    journal.write()
    return id


def for_event(layout: Layout, own: Event) -> Layout:
    """The layout of a file for this event. Of another event (of last year) it is the venue and its rules: the
    short name, name, date and time zone stay the event's `own`."""
    if layout.event.slug == own.slug:
        return layout
    kept = {"slug": own.slug, "name": own.name, "date": own.date, "timezone": own.timezone}
    return layout.of(msgspec.structs.replace(layout.event, **kept))


class Needed(Struct, frozen=True):
    """What a layout cannot leave out, and why, as a code."""

    noun: str
    id: str
    why: str


_WHY = {
    "group_in_use": "groups that have attendees",
    "area_in_use": "areas with people inside",
    "area_has_sessions": "areas with sessions",
    "door_in_use": "doors that have scanned",
    "door_has_devices": "doors with a device",
}


def needed(tx: Transaction, id: int) -> list[Needed]:
    """What the layout of an event cannot leave out any more."""
    return [
        *(Needed("group", group, "group_in_use") for group in sorted(attendees.groups_in_use(tx, id))),
        *(Needed("area", area, "area_in_use") for area in sorted(presences.areas_in_use(tx, id))),
        *(Needed("area", area, "area_has_sessions") for area in sorted(sessions.areas_in_use(tx, id))),
        *(Needed("door", door, "door_in_use") for door in sorted(facts.scans_by_door(tx, id))),
        *(Needed("door", door, "door_has_devices") for door in sorted(people.doors_with_devices(tx, id))),
    ]


def left_out(tx: Transaction, id: int, layout: Layout) -> list[Needed]:
    """What is needed, was there, and is not in this layout."""
    stored = events.load_layout(tx, id)
    if stored is None:
        return []
    before, after = _ids(stored), _ids(layout)
    if all(before[noun] <= after[noun] for noun in before):
        return []
    return [one for one in needed(tx, id) if one.id in before[one.noun] and one.id not in after[one.noun]]


def _ids(layout: Layout) -> dict[str, set[str]]:
    return {"group": set(layout.groups), "area": set(layout.areas), "door": set(layout.doors)}


def file_of(stored: Layout) -> Layout:
    """The layout as its file has it: without what was decided on the day (the plan an area is seated by,
    holds that were entered or released)."""
    own = {plan.area: plan for plan in stored.plans if plan.id == LAYOUT_PLAN}
    areas = [
        seated(area, own[area.id]) if area.plan is not None and area.id in own else area
        for area in stored.areas.values()
    ]
    return Layout(
        stored.event,
        stored.groups.values(),
        areas,
        stored.doors.values(),
        [msgspec.structs.replace(hold, released=False) for hold in stored.holds if not hold.entered],
        [plan for plan in stored.plans if plan.id != LAYOUT_PLAN],
        stored.items.values(),
    )


def recount(tx: Transaction, id: int, *, seq: int, now: int) -> None:
    """Add the tallies of every area up again from where people are: what an area is, or whose its seats
    are, has changed. The fact `seq` is the change."""
    layout = events.load_layout(tx, id)
    assert layout is not None, "only a venue that is there changes"
    before = presences.load_tallies(tx, id)
    total = Sum()
    total.presences = presences.load_presences(tx, id)
    total.corrections = [(area, row.tally.uncounted) for area, row in before.items()]
    programme = Programme(layout.event, sessions.load_sessions(tx, id))
    house = total.house(layout, programme, attendees.claimants(tx, id))
    presences.drop_tallies(tx, id)
    presences.save_tallies(
        tx,
        id,
        {
            area: TallyRow(tally, seq, now, before[area].certainty, before[area].set_aside)
            if area in before
            else TallyRow(tally, seq, now, Certainty())
            for area, tally in house.tallies.items()
        },
    )


def _going_on(tx: Transaction, id: int, layout: Layout) -> Layout:
    """The layout of a file, with what was decided on the day: plans that the safety role entered, the
    plan an area is seated by now, holds that were entered or released."""
    stored = events.load_layout(tx, id)
    if stored is None:
        return layout
    named = {(plan.area, plan.id) for plan in layout.plans}
    entered = [
        plan
        for plan in stored.plans
        if (plan.area, plan.id) not in named and plan.area in layout.areas and plan.id != LAYOUT_PLAN
    ]
    plans = [*layout.plans, *entered]
    areas = []
    for area in layout.areas.values():
        before = stored.areas.get(area.id)
        plan = next((one for one in plans if before and (one.area, one.id) == (area.id, before.plan)), None)
        if plan is not None:
            plans.append(plan_of(area))
            area = seated(area, plan)
        areas.append(area)
    released = {hold.id for hold in stored.holds if hold.released}
    holds = [msgspec.structs.replace(hold, released=True) if hold.id in released else hold for hold in layout.holds]
    in_file = {hold.id for hold in holds}
    holds += [hold for hold in stored.holds if hold.entered and hold.id not in in_file and _still_fits(hold, layout)]
    return Layout(
        layout.event, layout.groups.values(), areas, layout.doors.values(), holds, plans, layout.items.values()
    )


def _still_fits(hold: Hold, layout: Layout) -> bool:
    return hold.area in layout.areas and (hold.group is None or hold.group in layout.groups)


def plan_of(area: Area) -> Plan:
    """The numbers of the layout itself, as a plan to come back to."""
    numbers = {word: getattr(area, word) for word in Approved.__struct_fields__}
    return Plan(area=area.id, id=LAYOUT_PLAN, name="Layout", **numbers)


def seated(area: Area, plan: Plan) -> Area:
    """The area by another plan."""
    numbers = {word: getattr(plan, word) for word in Approved.__struct_fields__}
    return msgspec.structs.replace(area, plan=None if plan.id == LAYOUT_PLAN else plan.id, **numbers)
