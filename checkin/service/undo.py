"""A finger slipped: a scan, a walk-in, a proxy or a new badge is taken back within half a minute. What was
noted stays noted.

Half a minute is one of whoever stands at the desk: `since` is what the event's clock showed that long ago, also
where it runs faster than theirs (`Centre.undoable_since`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from checkin.core.errors import Conflict, NotFound
from checkin.core.facts import Changed, Scanned, Undone, presence_after, presence_before
from checkin.core.holds import Seats
from checkin.core.occupancy import Presence
from checkin.service import lines, prints
from checkin.service.journal import Journal
from checkin.service.ledgers import Passages
from checkin.service.people import Principal, check
from checkin.service.seats import claimant_of, seats_of
from checkin.service.venues import Venue, Venues
from checkin.store import attendees, badges, events, facts, presences, sessions
from checkin.store import lines as waiting_lines
from checkin.store import prints as open_prints
from checkin.store.engine import Transaction
from checkin.store.presences import TallyRow
from checkin.wire import ScanUndone

UNDO_MS_MAX = 35_000
"""Half a minute, and a little for the way here."""


def undo_scan(
    tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, since: int, by: Principal
) -> ScanUndone:
    """Put the attendee of an admitted scan back to where they were; what it booked is freed, what it
    freed is booked. The scan stays as the fact it is.

    Raises `NotFound` for an unknown scan, `NotAllowed` for one at a door that is not theirs, `Conflict`
    for one that moved nobody (`nothing_to_undo`), that is too long ago (`undo_late`), after which the
    attendee has moved on (`moved_on`), or an exit whose place was taken meanwhile (`place_taken`).
    """
    journal = Journal(tx, venues.id(tx, slug))
    venue = venues.venue(tx, slug, journal.event)
    kept = facts.facts_by_id(tx, venue.id, [id]).get(id)
    if kept is None or not isinstance(kept.fact, Scanned):
        raise NotFound("This event has no such scan.", code="scan_unknown")
    scan, decision = kept.fact, kept.fact.decision
    check(by, "scan", door=scan.door)
    attendee = decision.attendee
    if attendee is None or presence_after(scan, None) is None:
        raise Conflict("This scan has moved nobody.", code="nothing_to_undo")
    there = presences.presences_of(tx, [attendee]).get(attendee)
    if there is None or there != presence_after(scan, there):
        raise Conflict("This person has moved on since, or the scan was taken back.", code="moved_on")
    if scan.received_at < since:
        raise Conflict("A scan can be taken back for half a minute. Scan the exit instead.", code="undo_late")
    before = presence_before(scan, facts.last_passage(tx, venue.id, attendee, kept.seq), there)
    rows = presences.load_tallies(tx, venue.id)
    seats = seats_of(tx, venue, rows, now)
    taken = [area for area in seats.layout.entered(there.area, decision.leaves) if _is_full(seats, area, there)]
    if taken:
        raise Conflict("The place was taken meanwhile. Count the room instead.", code="place_taken", areas=taken)
    claimant = claimant_of(tx, venue, attendee)
    booked = tuple(one for one in claimant.bookings if one != decision.books) + decision.frees
    if decision.books is not None:
        sessions.drop_bookings(tx, venue.id, [(decision.books, attendee)])
        sessions.add_bookings(tx, venue.id, [(freed, attendee) for freed in decision.frees])
    after = msgspec.structs.replace(claimant, bookings=booked) if decision.books is not None else claimant
    seats.house.move(there.area, decision.leaves, there.counts_as, seats.claims(claimant), seats.claims(after))
    recounts = tuple((area, -change) for area, change in scan.recounts)
    for area, change in recounts:
        seats.house.correct(area, change)
    ledger = venues.ledgers.take(tx, journal.event, venue.layout)
    if ledger is not None:
        Passages(ledger, seats.house).gone_back(attendee, there.area, decision.leaves, id, now)
        venues.ledgers.save(tx, journal.event, ledger)
    fact = Undone(
        scan=id,
        attendee=attendee,
        counts_as=there.counts_as,
        leaves=there.area,
        presence=before,
        at=now,
        by=by.id,
        recounts=recounts,
    )
    seq = journal.add(fact)
    journal.write()
    if before is None:
        presences.forget_presence(tx, attendee)
    else:
        presences.save_presences(tx, venue.id, {attendee: before})
    changed = {*venue.layout.path(there.area), *venue.layout.path(decision.leaves)}
    presences.save_tallies(
        tx,
        venue.id,
        {area: TallyRow(seats.house.tallies[area], seq, now, rows[area].certainty) for area in changed},
    )
    return ScanUndone(id=id, seq=seq)


def undo_walk_in(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, since: int, by: Principal) -> None:
    """Take a walk-in back: their check-in, their number in the line, their badge and its print; the
    registration stays, cancelled. Taken back already, nothing happens.

    Raises `NotFound`, and `Conflict` for one that nobody has registered just now (`registration_late`) or
    who has moved on since (`moved_on`, `place_taken`).
    """
    venue = venues.venue(tx, slug)
    person = attendees.load_attendee(tx, venue.id, id)
    if person is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    if person.registration == "cancelled":
        return
    _lately(tx, venue, "attendee", "added", (id,), since)
    _dismiss(tx, venues, slug, id, now=now, since=since, by=by)
    _note(tx, venue, "walk-in taken back", (id,), now=now, by=by)


def undo_proxy(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, since: int, by: Principal) -> None:
    """Take the proxy of attendee `id` back: as a walk-in, and the attendee's codes and bookings hold again.
    Without a proxy, nothing happens. Raises as `undo_walk_in`, and `Conflict` (`attendee_inside`) where the
    attendee has come too."""
    venue = venues.venue(tx, slug)
    if attendees.load_attendee(tx, venue.id, id) is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    standing = attendees.standings(tx, venue.id, [id])[id]
    proxy = standing.represented_by
    if proxy is None:
        return
    _, sent = _lately(tx, venue, "attendee", "represented", (id, proxy), since)
    there = presences.presences_of(tx, [id]).get(id)
    if there is not None and there.area is not None:
        raise Conflict("This attendee has come too. Settle it at the desk.", code="attendee_inside")
    _dismiss(tx, venues, slug, proxy, now=now, since=since, by=by)
    booked = sessions.bookings_of(tx, proxy)
    sessions.drop_bookings(tx, venue.id, [(session, proxy) for session in booked])
    sessions.add_bookings(tx, venue.id, [(session, id) for session in booked])
    attendees.set_standing(tx, venue.id, id, msgspec.structs.replace(standing, represented_by=None))
    voided = badges.latest_badges(tx, venue.id, [id]).values()
    badges.restore_badges(tx, [badge.id for badge in voided if badge.replaced_at == sent.at])
    _note(tx, venue, "proxy taken back", (id, proxy), now=now, by=by)


def undo_reissue(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, since: int, by: Principal) -> None:
    """Take a badge back that was issued in the place of an earlier one: the earlier one is valid again, this
    one is void, and what waits of it for a printer is withdrawn. Taken back already, nothing happens.

    Raises `NotFound`, and `Conflict` for a badge that has replaced none just now (`reissue_late`), that a
    printer has or has printed or that was handed out (`reissue_on_paper`), or after which its bearer was
    let in or out (`reissue_used`).
    """
    venue = venues.venue(tx, slug)
    badge = badges.load_badge(tx, venue.id, id)
    if badge is None:
        raise NotFound("This event has no such badge.", code="badge_unknown")
    seq, reissued = _lately(tx, venue, "badge", "reissued", (id,), since)
    if badge.state != "valid":
        return
    on_paper = badge.printed_at is not None or badge.handed_at is not None
    if on_paper or any(one.state in ("printing", "printed") for one in open_prints.prints_of(tx, venue.id, id)):
        raise Conflict(
            "A printer has the new badge, or it is on paper: it stays valid, the old one stays void.",
            code="reissue_on_paper",
        )
    since_then = [one.fact for one in facts.facts_of(tx, venue.id, badge.attendee) if one.seq > seq]
    if any(isinstance(fact, Scanned) and fact.decision.refusal is None for fact in since_then):
        raise Conflict(
            "This person was scanned since then: the new badge stays valid, the old one stays void.",
            code="reissue_used",
        )
    prints.withdraw_prints_of(tx, venues, slug, id, now=now, by=by.id)
    badges.replace_badges(tx, [id], now)
    earlier = badges.badges_of(tx, venue.id, badge.attendee)
    badges.restore_badges(tx, [one.id for one in earlier if one.id != id and one.replaced_at == reissued.at][-1:])
    _note(tx, venue, "reissue taken back", (id,), now=now, by=by, noun="badge")


def _lately(
    tx: Transaction, venue: Venue, noun: str, what: str, ids: tuple[str, ...], since: int
) -> tuple[int, Changed]:
    """The fact, of those since then, that did this to these, and its seq."""
    for seq, change in facts.changes_since(tx, venue.id, since):
        if (change.noun, change.what, change.ids) == (noun, what, ids):
            return seq, change
    if noun == "badge":
        raise Conflict("A new badge can be taken back for half a minute. Issue another one.", code="reissue_late")
    raise Conflict(
        "This can be taken back for half a minute. Correct or cancel the registration instead.",
        code="registration_late",
    )


def _dismiss(tx: Transaction, venues: Venues, slug: str, id: str, *, now: int, since: int, by: Principal) -> None:
    """Send somebody away who was registered just now: nobody of this name is expected any more."""
    venue = venues.venue(tx, slug)
    there = presences.presences_of(tx, [id]).get(id)
    if there is not None:
        came = facts.last_passage(tx, venue.id, id, events.load_event_row(tx, venue.id).seq + 1)
        if not isinstance(came, Scanned):
            raise Conflict("This person has moved on since, or the scan was taken back.", code="moved_on")
        undo_scan(tx, venues, slug, came.id, now=now, since=since, by=by)
        if id in presences.presences_of(tx, [id]):
            raise Conflict("This person has moved on since. Scan the exit instead.", code="moved_on")
    for area, line in waiting_lines.load_lines(tx, venue.id).items():
        number = line.of(id)
        if number is not None:
            lines.leave(tx, venues, slug, area, number.number, now=now, by=by.id)
    held = badges.latest_badges(tx, venue.id, [id]).values()
    badges.replace_badges(tx, [badge.id for badge in held], now)
    for badge in held:
        prints.withdraw_prints_of(tx, venues, slug, badge.id, now=now, by=by.id)
    attendees.cancel_registration(tx, venue.id, id)


def _note(
    tx: Transaction,
    venue: Venue,
    what: str,
    ids: tuple[str, ...],
    *,
    now: int,
    by: Principal,
    noun: Literal["attendee", "badge"] = "attendee",
) -> None:
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun=noun, what=what, at=now, by=by.id, ids=ids))
    journal.write()


def _is_full(seats: Seats, area: str, there: Presence) -> bool:
    free = seats.house.free(area, there.counts_as)
    return free is not None and free <= 0
