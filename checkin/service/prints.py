"""Printing is an act of its own, apart from entry: a queue that printers take from."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from msgspec import Struct

from checkin.core.errors import Busy, Conflict, NotFound
from checkin.core.facts import Changed
from checkin.core.model import PrintState
from checkin.core.roles import Permission
from checkin.service.journal import Journal
from checkin.service.people import names_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, badges, prints
from checkin.store.engine import Transaction
from checkin.store.prints import Print, Printer
from checkin.wire import PickupSent, PrintChange, PrinterSent, PrintSent, iso

OPEN_MAX = 5_000
LISTED_MAX = 100
TAKEN_MS_MAX = 120_000
"""A printer that says nothing for so long has gone; what it took waits again."""
UNREACHABLE_MAX = 100
PRINT_FAULTS = ("replaced", "letters", "not_drawn", "wrong", "unreachable", "broke_off", "said")
"""Why a print failed: its badge is void; letters that no font has; it could not be drawn; somebody says that it
came out wrong; the printer was not there; it hung up; what the printer said."""


class PrintShown(Struct, frozen=True, kw_only=True):
    """One badge on its way to paper, with the name that is on it. `fault`: why it failed, by a key of
    `PRINT_FAULTS`, and `said` what belongs to it. `missing`: letters of the badge that no font has."""

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
    said: str
    missing: str = ""


class PrinterShown(Struct, frozen=True, kw_only=True):
    """A printer that its program cannot reach, since when, and what it is told."""

    name: str
    since: str
    fault: str


class PrintsShown(Struct, frozen=True):
    """`printers`: those that have asked; `unreachable`: those whose programs cannot reach them."""

    prints: list[PrintShown]
    printers: list[str]
    unreachable: list[PrinterShown]


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
    prints.set_reachable(tx, venue.id, printer)
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
        one = msgspec.structs.replace(one, state="waiting", taken_by=None, ended_at=None, fault="", said="")
    else:
        known = not sent.fault or sent.fault in PRINT_FAULTS
        fault, said = (sent.fault, sent.said) if known else ("said", sent.fault)
        one = _ended(one, sent.state, now, fault=fault, said=said)
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


def prints_now(tx: Transaction, venues: Venues, slug: str, *, may: Collection[Permission]) -> PrintsShown:
    """What failed, is being printed, waits, and was printed last; and the printers that have asked. Badges of
    hidden groups are seen with the permission `protocol` alone."""
    venue = venues.venue(tx, slug)
    shown = _shown(tx, venue, prints.latest_prints(tx, venue.id, LISTED_MAX))
    if "protocol" not in may and venue.layout.hidden_groups:
        people = attendees.attendees_by_id(tx, venue.id, {one.attendee for one in shown})
        seen = {one.id for one in people if one.group not in venue.layout.hidden_groups}
        shown = [one for one in shown if one.attendee in seen]
    return PrintsShown(
        shown,
        prints.printers(tx, venue.id),
        [
            PrinterShown(name=one.name, since=iso(one.since_at, venue.layout), fault=one.fault)
            for one in prints.unreachable_printers(tx, venue.id)
        ],
    )


def say_reachable(tx: Transaction, venues: Venues, slug: str, sent: PrinterSent, *, now: int) -> None:
    """A printer cannot be reached by its program, or can again. Raises `Busy` beyond `UNREACHABLE_MAX`."""
    venue = venues.venue(tx, slug)
    if not sent.fault:
        prints.set_reachable(tx, venue.id, sent.printer)
        return
    known = prints.unreachable_printers(tx, venue.id)
    if len(known) >= UNREACHABLE_MAX and sent.printer not in {one.name for one in known}:
        raise Busy(f"{UNREACHABLE_MAX} printers cannot be reached, which is the most.", code="printers_max")
    prints.set_unreachable(tx, venue.id, Printer(name=sent.printer, since_at=now, fault=sent.fault))


def hand_out(tx: Transaction, venues: Venues, slug: str, sent: PickupSent, *, now: int, by: str) -> list[str]:
    """Note that badges were handed out (or taken back, with what of their prints still waits); returns
    those for which that is new. Nobody is counted by it.

    Raises `NotFound` for an unknown badge, `Conflict` for a void one.
    """
    venue = venues.venue(tx, slug)
    changed = []
    back = sent.back
    for id in dict.fromkeys(sent.badges):
        badge = badges.load_badge(tx, venue.id, id)
        if badge is None:
            raise NotFound(f"There is no badge “{id}”.", code="badge_unknown")
        if badge.state != "valid":
            raise Conflict("One of these badges is void. Search again.", code="badge_replaced")
        if (badge.handed_at is None) != back:
            badges.set_handed(tx, id, None if back else now)
            changed.append(id)
    for one in [prints.load_print(tx, venue.id, id) for id in sent.prints] if back else ():
        if one is not None and one.state == "waiting":
            _withdraw(tx, venue, one, now=now, by=by)
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


def _ended(one: Print, state: PrintState, now: int, *, fault: str, said: str = "") -> Print:
    return msgspec.structs.replace(one, state=state, ended_at=now, fault=fault, said=said)


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
            said=one.said,
        )
        for one in found
        if one.badge in held
    ]
