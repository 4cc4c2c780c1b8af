"""The programme of one event: what runs in a room, what follows when it changes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from checkin.core.errors import BadInput, NotFound
from checkin.core.layout import Layout
from checkin.core.model import Event, Session

MINUTE_MS = 60_000
RUNS_OVER_MIN_MAX = 240


class Programme:
    """An event's sessions, looked up by id, by area and by time."""

    def __init__(self, event: Event, sessions: Iterable[Session] = ()) -> None:
        self._doors_open_ms = event.doors_open_min * MINUTE_MS
        self._unclaimed_ms = event.unclaimed_after_min * MINUTE_MS
        self.sessions = {session.id: session for session in sorted(sessions, key=lambda one: (one.starts_at, one.id))}
        self._by_area: dict[str, list[Session]] = {}
        for session in self.sessions.values():
            if not session.cancelled:
                self._by_area.setdefault(session.area, []).append(session)

    def session(self, id: str) -> Session:
        """Raises `NotFound` for a session this event does not have."""
        try:
            return self.sessions[id]
        except KeyError:
            raise NotFound(f"This event has no session “{id}”.", code="session_unknown") from None

    def running(self, area: str, now: int) -> Session | None:
        """The session to which a room belongs now: from the opening of its doors, but not before the
        session ahead of it has ended, to its own end."""
        for session in self._by_area.get(area, ()):
            if now < session.ends_at:
                return session if session.starts_at - self._doors_open_ms <= now else None
        return None

    def claimed_until(self, session: Session) -> int:
        """Until when (ms since 1970 UTC) booked seats are kept."""
        return session.starts_at + self._unclaimed_ms

    def claimable(self, now: int) -> list[Session]:
        """The bookable sessions whose rooms are theirs now."""
        running = (self.running(area, now) for area in self._by_area)
        return [session for session in running if session is not None and session.bookable]

    def same_slot(self, session: Session, now: int) -> list[Session]:
        """The other sessions that run at the same time and have not ended."""
        return [
            other
            for other in self.sessions.values()
            if other.id != session.id and not other.cancelled and now < other.ends_at and _overlap(session, other)
        ]

    def overlapping(self, session: Session, booked: Iterable[str]) -> tuple[str, ...]:
        """Those of the booked sessions that a booking of `session` takes the place of."""
        found = (self.sessions.get(id) for id in booked)
        return tuple(other.id for other in found if other and other.id != session.id and _overlap(session, other))

    @property
    def ends_at(self) -> int | None:
        """When the last session ends, in ms since 1970 UTC; None without a programme."""
        return max((one.ends_at for one in self.sessions.values() if not one.cancelled), default=None)

    def run_over(self, id: str, minutes: int) -> list[Session]:
        """The sessions as they become when this one ends `minutes` later: those after it in its room
        move just so far that none begins before the one ahead has ended. Raises `BadInput`, `NotFound`."""
        if not 0 < minutes <= RUNS_OVER_MIN_MAX:
            raise BadInput(f"A session runs over by 1 to {RUNS_OVER_MIN_MAX} minutes.", code="minutes_invalid")
        session = self.session(id)
        changed = [msgspec.structs.replace(session, ends_at=session.ends_at + minutes * MINUTE_MS)]
        for later in self._by_area.get(session.area, ()):
            if later.starts_at < session.ends_at:
                continue
            late = changed[-1].ends_at - later.starts_at
            if late <= 0:
                break
            changed.append(
                msgspec.structs.replace(later, starts_at=later.starts_at + late, ends_at=later.ends_at + late)
            )
        return changed

    def swap(self, one: str, other: str) -> list[Session]:
        """Both sessions, each in the other's room. Raises `NotFound`."""
        first, second = self.session(one), self.session(other)
        return [msgspec.structs.replace(first, area=second.area), msgspec.structs.replace(second, area=first.area)]

    def doubled(self) -> list[tuple[Session, Session]]:
        """Pairs of sessions that are at the same time in the same room: each with the one before it that ends last."""
        found = []
        for sessions in self._by_area.values():
            longest = sessions[0]
            for session in sessions[1:]:
                if _overlap(longest, session):
                    found.append((longest, session))
                longest = max(longest, session, key=lambda one: one.ends_at)
        return found


def bookings_max(session: Session, layout: Layout) -> int | None:
    """How many may book a session; None without a limit."""
    if session.bookings_max is not None:
        return session.bookings_max
    area = layout.areas.get(session.area)
    return area.visitors if area else None


def check_sessions(sessions: Sequence[Session], layout: Layout) -> None:
    """Raises `BadInput` for a session in no area of this event, or one that ends before it starts."""
    for session in sessions:
        if session.area not in layout.areas:
            raise BadInput(
                f"Session {session.id} is in area “{session.area}”, which does not exist.", code="area_unknown"
            )
        if session.ends_at <= session.starts_at:
            raise BadInput(f"Session {session.id} ends before it starts.", code="times_invalid")


def _overlap(one: Session, other: Session) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at
