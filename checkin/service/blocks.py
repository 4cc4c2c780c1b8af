"""Who may not come in: blocked at every door at once, the reason for the safety role alone."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from msgspec import Struct

from checkin.core.errors import BadInput, NotAllowed, NotFound
from checkin.core.facts import Changed
from checkin.core.roles import Permission
from checkin.service.journal import Journal
from checkin.service.people import names_of
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


def block(
    tx: Transaction,
    venues: Venues,
    slug: str,
    id: str,
    sent: BlockSent,
    *,
    now: int,
    by: str,
    may: Collection[Permission] = (),
) -> None:
    """Block an attendee (accreditation withdrawn, house ban) with every code they have, or lift it. The
    same block again is no second one.

    The fact names the attendee, never the reason. Raises `BadInput` for a block without a reason,
    `NotAllowed` for lifting a block of somebody else without the permission to read why (`reasons`).
    """
    venue = venues.venue(tx, slug)
    if attendees.load_attendee(tx, venue.id, id) is None:
        raise NotFound("This event has no such attendee.", code="attendee_unknown")
    if sent.blocked and not sent.reason.strip():
        raise BadInput("A block needs a reason. Only the safety role can read it.", code="reason_missing")
    standing = attendees.standings(tx, venue.id, [id])[id]
    reason = sent.reason.strip()
    standing_blocks = blocks.blocks_of(tx, venue.id, [id])
    if sent.blocked:
        if any(one.reason == reason for one in standing_blocks):
            return
        blocks.add_block(tx, venue.id, Block(attendee=id, reason=reason, by=by, at=now))
    elif "reasons" not in may and any(one.by != by for one in standing_blocks):
        raise NotAllowed("Somebody else has blocked this person. Ask the safety role.", code="role_may_not")
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
    operators = names_of(tx, venue.id)
    return [
        BlockShown(
            attendee=one.attendee,
            name=names[one.attendee][0] if one.attendee in names else "",
            reason=one.reason,
            by=operators.get(one.by, one.by),
            at=iso(one.at, venue.layout),
        )
        for one in found
    ]
