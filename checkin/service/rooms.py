"""What is decided about rooms on the day: which plan they are seated by, what is kept for whom."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from checkin.core.errors import BadInput, Conflict, NotFound
from checkin.core.facts import Changed, Noun
from checkin.core.layout import HOLDS_MAX, PLANS_MAX, approved_faults
from checkin.core.model import Hold, Plan
from checkin.service.journal import Journal
from checkin.service.venues import LAYOUT_PLAN, Venues, plan_of, recount, seated
from checkin.store import events
from checkin.store.engine import Transaction
from checkin.wire import HoldSent, PlanChoice, PlanSent


class PlanShown(Struct, frozen=True, kw_only=True):
    """A plan of an area and its approved numbers. `in_use`: the area is seated by it now."""

    area: str
    id: str
    name: str
    visitors: int | None
    persons: int | None
    wheelchair: int
    companions: int
    in_use: bool


class HoldShown(Struct, frozen=True, kw_only=True):
    id: str
    area: str
    seats: int
    group: str | None
    session: str | None
    until: str | None
    released: bool


def approve_plan(
    tx: Transaction, venues: Venues, slug: str, area: str, sent: PlanSent, *, now: int, by: str
) -> PlanShown:
    """Enter a newly approved plan of an area. It is not in use before it is switched to.

    Raises `BadInput` for numbers that contradict one another, or for none at all, `Conflict` for an id
    that is taken.
    """
    venue = venues.venue(tx, slug)
    venue.layout.area(area)
    if sent.visitors is None and sent.persons is None:
        raise BadInput("The plan cannot be used: it has no approved number.", code="plan_invalid")
    plan = Plan(
        area=area,
        id=sent.id,
        name=sent.name,
        visitors=sent.visitors,
        persons=sent.persons,
        wheelchair=sent.wheelchair,
        companions=sent.companions,
    )
    if faults := approved_faults("the plan", plan):
        raise BadInput("The plan cannot be used: " + "; ".join(faults) + ".", code="plan_invalid")
    if sent.id == LAYOUT_PLAN or any((one.area, one.id) == (area, sent.id) for one in venue.layout.plans):
        raise Conflict(f"Area “{area}” has a plan “{sent.id}” already.", code="plan_exists")
    if len(venue.layout.plans) >= PLANS_MAX:
        raise Conflict(f"There are {PLANS_MAX} plans, which is the most.", code="plans_max")
    events.add_plan(tx, venue.id, plan, len(venue.layout.plans))
    _note(tx, venue.id, "plan", "approved", (area, sent.id), sent.note, now=now, by=by)
    return _plan(plan, in_use=False)


def switch_plan(
    tx: Transaction, venues: Venues, slug: str, area: str, sent: PlanChoice, *, now: int, by: str
) -> PlanShown:
    """Seat an area by another approved plan. Nobody inside is touched: where there are more than the new
    number, entry stops and the area is shown as over. Raises `NotFound`."""
    venue = venues.venue(tx, slug)
    there = venue.layout.area(area)
    own = plan_of(there) if there.plan is None else None
    if sent.plan == LAYOUT_PLAN and own is not None:
        return _plan(own, in_use=True)
    plan = venue.layout.plan(area, sent.plan)
    if own is not None and not any((one.area, one.id) == (area, LAYOUT_PLAN) for one in venue.layout.plans):
        events.add_plan(tx, venue.id, own, len(venue.layout.plans))
    after = seated(there, plan)
    events.set_approved(tx, venue.id, area, after.plan, after)
    _note(tx, venue.id, "plan", "switched", (area, plan.id), sent.note, now=now, by=by)
    return _plan(plan, in_use=True)


def plans(tx: Transaction, venues: Venues, slug: str) -> list[PlanShown]:
    """Every plan of every area that has more than one, the layout's own first."""
    layout = venues.venue(tx, slug).layout
    shown: list[PlanShown] = []
    for area in layout.areas.values():
        own = [plan for plan in layout.plans if plan.area == area.id]
        if own and not any(plan.id == LAYOUT_PLAN for plan in own):
            own.insert(0, plan_of(area))
        shown += [_plan(plan, in_use=plan.id == (area.plan or LAYOUT_PLAN)) for plan in own]
    return shown


def add_hold(tx: Transaction, venues: Venues, slug: str, sent: HoldSent, *, now: int, by: str) -> HoldShown:
    """Keep seats from now on; the same again is no second hold.

    Raises `BadInput` where the group, session or area is unknown, `Conflict` for an id that is taken.
    """
    venue = venues.venue(tx, slug)
    venue.layout.area(sent.area)
    if (sent.group is None) == (sent.session is None):
        raise BadInput("A hold names a group or a session, one of them.", code="hold_unclear")
    if sent.group is not None and sent.group not in venue.layout.groups:
        raise BadInput(f"There is no group “{sent.group}”.", code="group_unknown")
    if sent.session is not None:
        venue.programme.session(sent.session)
    if sent.until is not None and sent.until <= venue.layout.clock(now):
        raise BadInput(f"{sent.until:%H:%M} has passed.", code="until_passed")
    hold = Hold(
        id=sent.id,
        area=sent.area,
        seats=sent.seats,
        group=sent.group,
        session=sent.session,
        until=sent.until,
        entered=True,
    )
    before = next((one for one in venue.layout.holds if one.id == sent.id), None)
    if before is not None:
        if before != hold:
            raise Conflict(f"There is a hold “{sent.id}” already.", code="hold_exists")
        return hold_shown(hold)
    if len(venue.layout.holds) >= HOLDS_MAX:
        raise Conflict(f"There are {HOLDS_MAX} holds, which is the most.", code="holds_max")
    events.add_hold(tx, venue.id, hold, len(venue.layout.holds))
    seq = _note(tx, venue.id, "hold", "added", (sent.id,), "", now=now, by=by, count=sent.seats)
    recount(tx, venue.id, seq=seq, now=now)
    return hold_shown(hold)


def release_hold(
    tx: Transaction, venues: Venues, slug: str, id: str, released: bool, *, now: int, by: str
) -> HoldShown:
    """Give held seats to everybody, at every door at once; or hold them again. Raises `NotFound`."""
    venue = venues.venue(tx, slug)
    hold = next((one for one in venue.layout.holds if one.id == id), None)
    if hold is None:
        raise NotFound(f"There is no hold “{id}”.", code="hold_unknown")
    if hold.released != released:
        events.set_hold_released(tx, venue.id, id, released)
        _note(tx, venue.id, "hold", "released" if released else "restored", (id,), "", now=now, by=by)
    return hold_shown(msgspec.structs.replace(hold, released=released))


def hold_shown(hold: Hold) -> HoldShown:
    return HoldShown(
        id=hold.id,
        area=hold.area,
        seats=hold.seats,
        group=hold.group,
        session=hold.session,
        until=None if hold.until is None else f"{hold.until:%H:%M}",
        released=hold.released,
    )


def _plan(plan: Plan, *, in_use: bool) -> PlanShown:
    return PlanShown(
        area=plan.area,
        id=plan.id,
        name=plan.name,
        visitors=plan.visitors,
        persons=plan.persons,
        wheelchair=plan.wheelchair,
        companions=plan.companions,
        in_use=in_use,
    )


def _note(
    tx: Transaction,
    event: int,
    noun: Noun,
    what: str,
    ids: tuple[str, ...],
    note: str,
    *,
    now: int,
    by: str,
    count: int | None = None,
) -> int:
    journal = Journal(tx, event)
    seq = journal.add(Changed(noun=noun, what=what, at=now, by=by, ids=ids, note=note, count=count))
    journal.write()
    return seq
