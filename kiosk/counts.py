"""How full the areas are, as a station shows it: the centre's counts; alone, the last ones and what passed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from checkin.core.layout import Layout
from checkin.core.link import Row
from checkin.core.model import CountsAs
from checkin.wire import AreaNow, Heartbeat, OccupancyChange, Snapshot


class _Kept(Struct, frozen=True):
    seq: int
    version: int
    areas: list[AreaNow]
    counted: dict[str, int] | None = None


_kept = msgspec.msgpack.Decoder(_Kept)


class Counts:
    """`seq` and `version`: of the last word of the centre. `is_new`: whether anything has changed since `kept`.
    `counted`: epoch → the last row of its log that is in these counts; None: as an earlier program kept them, with all
    of its rows."""

    def __init__(self) -> None:
        self.seq = 0
        self.version = 0
        self.areas: dict[str, AreaNow] = {}
        self.is_new = False
        self.counted: dict[str, int] | None = {}

    def take(self, message: Snapshot | OccupancyChange | Heartbeat, rows: Mapping[str, int]) -> None:
        """A word of the centre. It knows more than what was counted here since the last one. `rows`: epoch → the last
        row of its log."""
        self.seq, self.version = message.seq, message.version
        if isinstance(message, Snapshot):
            self.areas = {}
        if not isinstance(message, Heartbeat):
            self.areas |= {area.id: area for area in message.areas}
            self.counted = dict(rows)
            self.is_new = True

    def passed(self, layout: Layout, leaves: str | None, enters: str | None, counts_as: CountsAs) -> list[AreaNow]:
        """Somebody passed here while the centre cannot be heard; the areas that show it. What passes elsewhere is
        not known: these counts are guesses."""
        moved = dict.fromkeys(layout.entered(leaves, enters), 1) | dict.fromkeys(layout.entered(enters, leaves), -1)
        changed = [_moved(self.areas[area], by, counts_as) for area, by in moved.items() if area in self.areas]
        self.areas |= {area.id: area for area in changed}
        self.is_new |= bool(changed)
        return changed

    def catch_up(self, layout: Layout, untold: Iterable[tuple[str, Row, str | None]]) -> list[AreaNow]:
        """What passed here before the program began again, was stored, and is not counted yet: rows that the centre
        does not have, each with its epoch and where its person was; the areas that show it."""
        changed: dict[str, AreaNow] = {}
        if self.counted is not None:
            for epoch, row, leaves in untold:
                if row.n > self.counted.get(epoch, 0) and leaves != row.enters:
                    moved = self.passed(layout, leaves, row.enters, row.counts_as)
                    changed |= {area.id: area for area in moved}
        return list(changed.values())

    def kept(self) -> bytes:
        """All of it, for `restore`."""
        self.is_new = False
        return msgspec.msgpack.encode(_Kept(self.seq, self.version, list(self.areas.values()), self.counted))

    def restore(self, kept: bytes) -> None:
        """What was kept by this program or an older one; what cannot be read is not known."""
        try:
            found = _kept.decode(kept)
        except msgspec.MsgspecError:
            return
        self.seq, self.version, self.counted = found.seq, found.version, found.counted
        self.areas = {area.id: area for area in found.areas}


def _moved(area: AreaNow, by: int, counts_as: CountsAs) -> AreaNow:
    known = max(0, area.known + by)
    if counts_as == "crew":
        return msgspec.structs.replace(area, known=known)
    free = None if area.free is None else max(0, area.free - by)
    state = area.state
    if free is not None and state != "closed":
        state = "full" if free == 0 else "filling" if state == "full" else state
    return msgspec.structs.replace(area, known=known, inside=max(0, area.inside + by), free=free, state=state)
