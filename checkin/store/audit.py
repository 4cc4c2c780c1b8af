"""Facts as an audit reads them: the newest first, from a seq on back, by kind, time and person."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from checkin.core.facts import Fact
from checkin.store.engine import Transaction, json_list
from checkin.store.facts import Kept

_decoder = msgspec.json.Decoder(Fact)


def facts_before(
    tx: Transaction,
    event: int,
    seq: int,
    limit: int,
    *,
    kinds: Collection[str],
    since_at: int | None = None,
    until_at: int | None = None,
) -> list[Kept]:
    """At most `limit` facts of these kinds before `seq` and within these times, the newest first."""
    # Without scans the small index of all else is read.
    beside = "" if "scan" in kinds else " AND kind <> 'scan'"
    rows = tx.rows(
        f"SELECT seq, body FROM fact WHERE event = ? AND seq < ?{beside}"
        " AND kind IN (SELECT value FROM json_each(?)) AND at >= ? AND at < ? ORDER BY seq DESC LIMIT ?",
        (
            event,
            seq,
            json_list(kinds),
            0 if since_at is None else since_at,
            2**62 if until_at is None else until_at,
            limit,
        ),
    )
    return [Kept(row[0], _decoder.decode(row[1])) for row in rows]
