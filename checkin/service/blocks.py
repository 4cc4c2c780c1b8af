"""Who may not come in: blocked at every door at once, the reason for the safety role alone."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from checkin.core.errors import BadInput, NotFound
from checkin.core.facts import Changed
from checkin.service.journal import Journal
from checkin.service.venues import Venues
from checkin.store import attendees, blocks
from checkin.store.blocks import Block
from checkin.store.engine import Transaction
from checkin.wire import BlockSent, iso


class BlockShown(Struct, frozen=True, kw_only=True):
    """A block in force, as the safety role sees it."""

    attendee: str
    name: str
    reason: str
    by: str
    at: str


def block(tx: Transaction, venues: Venues, slug: str, id: str, sent: BlockSent, *, now: int, by: str) -> None:
    """Block an attendee (accreditation withdrawn, house ban) with every code they have, or lift it.

    The fact names the attendee, never the reason. Raises `BadInput` for a block without a reason.
    """
    venue = venues.venue(tx, slug)
    if attendees.load_attendee(tx, venue.id, id) is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    if sent.blocked and not sent.reason.strip():
        raise BadInput("A block needs a reason. Only the safety role can read it.", code="reason_missing")
    standing = attendees.standings(tx, venue.id, [id])[id]
    if sent.blocked:
        blocks.add_block(tx, venue.id, Block(attendee=id, reason=sent.reason.strip(), by=by, at=now))
    elif not blocks.lift_block(tx, venue.id, id, by=by, at=now):
        return
    attendees.set_standing(tx, venue.id, id, msgspec.structs.replace(standing, blocked=sent.blocked))
    journal = Journal(tx, venue.id)
    journal.add(Changed(noun="block", what="blocked" if sent.blocked else "lifted", at=now, by=by, ids=(id,)))
    journal.write()


def blocks_now(tx: Transaction, venues: Venues, slug: str) -> list[BlockShown]:
    """Every block in force, the newest first."""
    venue = venues.venue(tx, slug)
    found = blocks.blocks_of(tx, venue.id)
    names = attendees.names_by_id(tx, venue.id, {one.attendee for one in found})
    return [
        BlockShown(
            attendee=one.attendee,
            name=names[one.attendee][0] if one.attendee in names else "",
            reason=one.reason,
            by=one.by,
            at=iso(one.at, venue.layout),
        )
        for one in found
    ]
