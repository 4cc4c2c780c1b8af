"""Printing is an act of its own, apart from entry: a queue that printers take from."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from checkin.core.errors import Busy, Conflict, NotFound
from checkin.core.facts import Changed
from checkin.core.model import PrintState
from checkin.service.journal import Journal
from checkin.service.people import names_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, badges, prints
from checkin.store.engine import Transaction
from checkin.store.prints import Print
from checkin.wire import PrintChange, PrintSent, iso

OPEN_MAX = 5_000
LISTED_MAX = 100
TAKEN_MS_MAX = 120_000
"""A printer that says nothing for so long has gone; what it took waits again."""


class PrintShown(Struct, frozen=True, kw_only=True):
    """One badge on its way to paper, with the name that is on it."""

    id: str
    badge: str
    attendee: str
    name: str
    desk_number: int
    printer: str
    state: PrintState
    requested_at: str
    requested_by: str
    taken_by: str | None
    tries: int
    fault: str


class PrintsShown(Struct, frozen=True):
    prints: list[PrintShown]
    printers: list[str]


def add_print(tx: Transaction, venues: Venues, slug: str, sent: PrintSent, *, now: int, by: str) -> PrintShown:
    """Put a badge into the queue; the same id again is the same print.

    Raises `NotFound`, `Conflict` for a badge that is void (`badge_replaced`) or that was printed or waits
    already, unless `again` says so (`printed_already`), `Busy` where the queue is full.
    """
    venue = venues.venue(tx, slug)
    earlier = prints.load_print(tx, venue.id, str(sent.id))
    if earlier is not None:
        return _shown(tx, venue, [earlier])[0]
    badge = badges.load_badge(tx, venue.id, sent.badge)
    if badge is None:
        raise NotFound("There is no such badge.", code="badge_unknown")
    if badge.state != "valid":
        raise Conflict("This badge is void. Print the one that replaced it.", code="badge_replaced")
    if not sent.again and (badge.printed_at is not None or prints.is_open(tx, venue.id, badge.id)):
        raise Conflict(
            "This badge was printed already, or waits for a printer. Print it again?", code="printed_already"
        )
    if prints.count_open(tx, venue.id) >= OPEN_MAX:
        raise Busy(f"{OPEN_MAX} badges wait for a printer, which is the most.", code="prints_max")
    one = Print(
        id=str(sent.id), badge=badge.id, printer=sent.printer, state="waiting", requested_at=now, requested_by=by
    )
    prints.add_print(tx, venue.id, one)
    return _shown(tx, venue, [one])[0]


def take_print(tx: Transaction, venues: Venues, slug: str, printer: str, *, now: int) -> PrintShown | None:
    """The next badge for a printer, which has it from now on; None where nothing waits for it."""
    venue = venues.venue(tx, slug)
    prints.put_back(tx, venue.id, now - TAKEN_MS_MAX)
    one = prints.next_waiting(tx, venue.id, printer)
    while one is not None and _is_void(tx, venue, one):
        prints.save_print(tx, venue.id, _ended(one, "failed", now, fault="replaced"))
        one = prints.next_waiting(tx, venue.id, printer)
    if one is None:
        return None
    taken = msgspec.structs.replace(one, state="printing", taken_at=now, taken_by=printer, tries=one.tries + 1)
    prints.save_print(tx, venue.id, taken)
    return _shown(tx, venue, [taken])[0]


def change_print(
    tx: Transaction, venues: Venues, slug: str, id: str, sent: PrintChange, *, now: int, by: str
) -> PrintShown:
    """Note how a print went, let it wait again, or withdraw it. Raises `NotFound`, and `Conflict`
    (`print_taken`) where a printer has what is to be withdrawn, or has printed it."""
    venue = venues.venue(tx, slug)
    one = prints.load_print(tx, venue.id, id)
    if one is None:
        raise NotFound("There is no such print.", code="print_unknown")
    if sent.state == "withdrawn":
        return _shown(tx, venue, [_withdraw(tx, venue, one, now=now, by=by)])[0]
    if sent.state == "waiting":
        one = msgspec.structs.replace(one, state="waiting", taken_by=None, ended_at=None, fault="")
    else:
        one = _ended(one, sent.state, now, fault=sent.fault)
    prints.save_print(tx, venue.id, one)
    if one.state == "printed":
        badges.set_printed(tx, one.badge, now)
        journal = Journal(tx, venue.id)
        journal.add(Changed(noun="badge", what="printed", at=now, by=by, ids=(one.badge,)))
        journal.write()
    return _shown(tx, venue, [one])[0]


def withdraw_prints_of(tx: Transaction, venues: Venues, slug: str, badge: str, *, now: int, by: str) -> None:
    """Nobody needs this badge any more: what waits of it is withdrawn."""
    venue = venues.venue(tx, slug)
    for one in prints.waiting_of(tx, venue.id, badge):
        _withdraw(tx, venue, one, now=now, by=by)


def prints_now(tx: Transaction, venues: Venues, slug: str) -> PrintsShown:
    """What failed, is being printed, waits, and was printed last; and the printers that have asked."""
    venue = venues.venue(tx, slug)
    return PrintsShown(_shown(tx, venue, prints.latest_prints(tx, venue.id, LISTED_MAX)), prints.printers(tx, venue.id))


def hand_out(tx: Transaction, venues: Venues, slug: str, ids: list[str], *, back: bool, now: int, by: str) -> list[str]:
    """Note that badges were handed out (or taken back); returns those for which that is new. Nobody is
    counted by it. Raises `NotFound` for an unknown badge, `Conflict` for a void one."""
    venue = venues.venue(tx, slug)
    changed = []
    for id in dict.fromkeys(ids):
        badge = badges.load_badge(tx, venue.id, id)
        if badge is None:
            raise NotFound(f"There is no badge “{id}”.", code="badge_unknown")
        if badge.state != "valid":
            raise Conflict("One of these badges is void. Search again.", code="badge_replaced")
        if (badge.handed_at is None) != back:
            badges.set_handed(tx, id, None if back else now)
            changed.append(id)
    if changed:
        journal = Journal(tx, venue.id)
        what = "taken back" if back else "handed out"
        journal.add(Changed(noun="badge", what=what, at=now, by=by, ids=tuple(changed), count=len(changed)))
        journal.write()
    return changed


def _withdraw(tx: Transaction, venue: Venue, one: Print, *, now: int, by: str) -> Print:
    if one.state == "withdrawn":
        return one
    if one.state not in ("waiting", "failed"):
        raise Conflict("A printer has this badge already, or has printed it.", code="print_taken")
    withdrawn = _ended(one, "withdrawn", now, fault="")
    prints.save_print(tx, venue.id, withdrawn)
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="badge", what="print withdrawn", at=now, by=by, ids=(one.badge,)))
    journal.write()
    return withdrawn


def _ended(one: Print, state: PrintState, now: int, *, fault: str) -> Print:
    return msgspec.structs.replace(one, state=state, ended_at=now, fault=fault)


def _is_void(tx: Transaction, venue: Venue, one: Print) -> bool:
    badge = badges.load_badge(tx, venue.id, one.badge)
    return badge is None or badge.state != "valid"


def _shown(tx: Transaction, venue: Venue, found: list[Print]) -> list[PrintShown]:
    held = {id: badge for id in {one.badge for one in found} if (badge := badges.load_badge(tx, venue.id, id))}
    names = attendees.names_by_id(tx, venue.id, {badge.attendee for badge in held.values()})
    operators = names_of(tx, venue.id)
    return [
        PrintShown(
            id=one.id,
            badge=one.badge,
            attendee=held[one.badge].attendee,
            name=names[held[one.badge].attendee][0],
            desk_number=held[one.badge].desk_number,
            printer=one.printer,
            state=one.state,
            requested_at=iso(one.requested_at, venue.layout),
            requested_by=operators.get(one.requested_by, one.requested_by),
            taken_by=one.taken_by,
            tries=one.tries,
            fault=one.fault,
        )
        for one in found
        if one.badge in held
    ]
