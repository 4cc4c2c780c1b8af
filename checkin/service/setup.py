"""Setting an event up, from nothing to the first badge: created, its layout changed by a form, what is still missing.

The form's layout goes the way of a layout file (`venues.import_layout`): there is one way to change a layout.

Approved numbers (visitors, persons, wheelchair and companion places of areas and plans) may be entered by whoever
sets the event up until somebody was scanned; from the first scan on only by the permission `approve`, whose way is
the plans of the safety page. `_check_numbers` holds this.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from checkin.core.errors import BadInput, Conflict, NotAllowed, NotFound
from checkin.core.layout import Difference, Fault, Layout, approved_changes, differences
from checkin.core.model import Area, Event
from checkin.exchange.layout import layout_of, read_layout, tables_of, write_layout
from checkin.service.people import Principal
from checkin.service.venues import Needed, Venue, Venues, file_of, for_event, import_layout, left_out, needed
from checkin.store import attendees, badges, events, facts, people, sessions
from checkin.store.engine import Transaction
from checkin.wire import Count, Id, iso


class EventSent(Struct, frozen=True, kw_only=True):
    """A new event and its house: what every page of it needs to open."""

    slug: Id
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    date: dt.date
    timezone: Annotated[str, Meta(min_length=1, max_length=64)]
    house: Annotated[str, Meta(min_length=1, max_length=200)]
    visitors: Count | None = None


class LayoutSent(Struct, frozen=True, kw_only=True):
    """`layout` as a layout file has it, as JSON. `base`: of what it is a change (`SetupShown.base`)."""

    base: str
    layout: dict[str, Any]


class FaultShown(Struct, frozen=True, kw_only=True):
    """A fault and the field where it is; `code` empty: there are only the words."""

    message: str
    code: str = ""
    noun: str = ""
    id: str = ""
    field: str = ""


class Preview(Struct, frozen=True, kw_only=True):
    """What saving would change; with a fault it would not be saved."""

    differences: list[Difference]
    faults: list[FaultShown]


class Progress(Struct, frozen=True, kw_only=True):
    """How far the set-up is: how many there are of each."""

    groups: int
    areas: int
    areas_without_number: int
    doors: int
    holds: int
    sessions: int
    attendees: int
    devices: int
    devices_heard: int
    operators: int
    badges: int
    badges_printed: int


class Earlier(Struct, frozen=True):
    """When the last change was, and by whom; it can be taken back."""

    at: str
    by: str


class SetupShown(Struct, frozen=True, kw_only=True):
    """`numbers_fixed`: somebody was scanned, and whoever asks may not change approved numbers any more."""

    base: str
    layout: dict[str, Any]
    needed: list[Needed]
    progress: Progress
    scanned: bool
    numbers_fixed: bool
    earlier: Earlier | None


def create(tx: Transaction, sent: EventSent, *, now: int, by: str) -> None:
    """Make an event with a house. Raises `BadInput` for a slug or zone that cannot be used, `Conflict` where
    the slug is taken."""
    if sent.slug in events.event_ids(tx):
        raise Conflict(f"There is an event “{sent.slug}” already.", code="event_exists")
    event = Event(slug=sent.slug, name=sent.name, date=sent.date, timezone=sent.timezone)
    import_layout(
        tx, Layout(event, [], [Area(id="house", name=sent.house, visitors=sent.visitors)], []), now=now, by=by
    )


def read(tx: Transaction, venues: Venues, slug: str, principal: Principal, heard: Collection[str] = ()) -> SetupShown:
    """The layout to change, what cannot be left out of it, and what is still missing. `heard`: the devices that were
    heard since that was saved last."""
    venue = venues.venue(tx, slug)
    layout = file_of(venue.layout)
    scanned = facts.any_scan(tx, venue.id)
    earlier = events.load_earlier_layout(tx, venue.id)
    names = people.operator_names(tx)
    return SetupShown(
        base=_base(layout),
        layout=_form(layout),
        needed=needed(tx, venue.id),
        progress=_progress(tx, venue, layout, heard),
        scanned=scanned,
        numbers_fixed=scanned and "approve" not in principal.may,
        earlier=Earlier(iso(earlier.at, layout), names.get(earlier.by.removeprefix("operator:"), earlier.by))
        if earlier
        else None,
    )


def preview(tx: Transaction, venues: Venues, slug: str, sent: LayoutSent, principal: Principal) -> Preview:
    """What saving this layout would change and what stands against it, each at its field."""
    venue = venues.venue(tx, slug)
    before = file_of(venue.layout)
    try:
        after = _sent(sent, slug)
    except BadInput as error:
        faults: list[Any] = error.data.get("faults") or [error.message]  # type: ignore[assignment]
        return Preview(differences=[], faults=[_fault(fault) for fault in faults])
    missing = [
        FaultShown(message=one.why, code=one.why, noun=one.noun, id=one.id) for one in left_out(tx, venue.id, after)
    ]
    try:
        _check_numbers(tx, venue, before, after, principal)
    except NotAllowed as error:
        missing += [
            FaultShown(message=error.message, code=error.code, noun=one.noun, id=one.id.split(" ")[-1], field=one.field)
            for one in approved_changes(before, after)
        ]
    return Preview(differences=differences(before, after), faults=missing)


def save(
    tx: Transaction, venues: Venues, slug: str, sent: LayoutSent, principal: Principal, *, now: int
) -> list[Difference]:
    """Make this the layout; returns what changed.

    Raises `BadInput` for a layout with faults; `Conflict` where somebody else has changed it since
    (`layout_changed`) or where it leaves out what is needed; `NotAllowed` for approved numbers after the
    first scan (`numbers_need_approval`).
    """
    venue = venues.venue(tx, slug)
    before = file_of(venue.layout)
    if sent.base != _base(before):
        raise Conflict("Somebody else has changed the layout meanwhile. Load it again.", code="layout_changed")
    after = _sent(sent, slug)
    _check_numbers(tx, venue, before, after, principal)
    import_layout(tx, after, now=now, by=principal.id)
    return differences(before, after)


def undo(tx: Transaction, venues: Venues, slug: str, principal: Principal, *, now: int) -> list[Difference]:
    """Back to the layout before the last change; once more is forth again. Counts are untouched.

    Raises `NotFound` where there is none, and what `save` raises.
    """
    venue = venues.venue(tx, slug)
    earlier = events.load_earlier_layout(tx, venue.id)
    if earlier is None:
        raise NotFound("The layout was not changed yet.", code="nothing_to_undo")
    before, after = file_of(venue.layout), read_layout(earlier.content.encode())
    _check_numbers(tx, venue, before, after, principal)
    import_layout(tx, after, now=now, by=principal.id)
    return differences(before, after)


def read_file(tx: Transaction, venues: Venues, slug: str, data: bytes) -> dict[str, Any]:
    """A layout file as the form has it; it becomes the layout of this event, whosever it was, whose name and
    date stay its own (`for_event`). Raises what `read_layout` raises."""
    own = events.load_event(tx, venues.id(tx, slug))
    return _form(for_event(read_layout(data), own))


def layout_file(tx: Transaction, venues: Venues, slug: str) -> bytes:
    """The layout as its file: imported again it gives the same."""
    return write_layout(file_of(venues.venue(tx, slug).layout))


def _form(layout: Layout) -> dict[str, Any]:
    form: dict[str, Any] = msgspec.to_builtins({"event": layout.event, **tables_of(layout)})
    return form


def _sent(sent: LayoutSent, slug: str) -> Layout:
    layout = layout_of(sent.layout)
    if layout.event.slug != slug:
        raise BadInput(f"This is the layout of “{layout.event.slug}”, not of “{slug}”.", code="other_event")
    return layout


def _check_numbers(tx: Transaction, venue: Venue, before: Layout, after: Layout, principal: Principal) -> None:
    if "approve" in principal.may or not facts.any_scan(tx, venue.id):
        return
    if changed := approved_changes(before, after):
        raise NotAllowed(
            "Since the first scan approved numbers are changed by the safety role alone, on its page:"
            f" {', '.join(sorted({one.id for one in changed}))}.",
            code="numbers_need_approval",
        )


def _base(layout: Layout) -> str:
    return hashlib.sha256(write_layout(layout)).hexdigest()[:32]


def _fault(fault: Any) -> FaultShown:
    if isinstance(fault, Fault):
        return FaultShown(message=str(fault), code=fault.code, noun=fault.noun, id=fault.id, field=fault.field)
    return FaultShown(message=str(fault))


def _progress(tx: Transaction, venue: Venue, layout: Layout, heard: Collection[str]) -> Progress:
    held = badges.latest_badges(tx, venue.id).values()
    devices = [one for one in people.load_devices(tx, venue.id) if one.revoked_at is None]
    return Progress(
        groups=len(layout.groups),
        areas=len(layout.areas),
        areas_without_number=sum(one.visitors is None and one.persons is None for one in layout.areas.values()),
        doors=len(layout.doors),
        holds=len(layout.holds),
        sessions=len(sessions.load_sessions(tx, venue.id)),
        attendees=sum(attendees.registered_by_group(tx, venue.id).values()),
        devices=len(devices),
        devices_heard=sum(one.heard_at is not None or one.id in heard for one in devices),
        operators=sum(one.withdrawn_at is None for one in people.load_operators(tx)),
        badges=len(held),
        badges_printed=sum(one.printed_at is not None for one in held),
    )
