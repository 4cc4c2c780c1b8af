"""How long somebody was present, and what of it counts: by the rule that the organiser sets. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from checkin.core.facts import Assumed, Evacuated, Fact, Scanned, Undone, believed_at
from checkin.core.layout import Layout
from checkin.core.model import Session
from checkin.core.schedule import MINUTE_MS, Programme

POINT_MIN = 45
"""Minutes for a point of continuing education (Architektenkammer Nordrhein-Westfalen: a lesson of 45 minutes)."""

BREAK = re.compile(
    r"(?i)kaffee|mittag|imbiss|pause|buffet|b.fett|empfang|get-together|registrierung|anmeldung|einlass|ausklang"
    r"|\b(coffee|lunch|dinner|break|reception|registration|welcome drinks?|networking)\b"
)
"""Titles of what is in a programme and nobody learns at."""
Span = tuple[int, int]
"""From and until, in ms since 1970 UTC."""


class Stay(Struct, frozen=True, kw_only=True):
    """In an area, in none inside of it, from one passage to the next. `assumed`: nobody saw it end."""

    area: str
    from_at: int
    until_at: int
    assumed: bool = False


class Rule(Struct, frozen=True, kw_only=True):
    """What counts as present. `counts`: time in the room of a session while it runs, or in the house while any
    does, or in the house from the first session to the end of the last. `grace_min`: who has missed no more than
    that of a session (of the programme, of the day) in all has missed nothing. `least_percent`: with less of a
    session than that, it does not count. `round_min`: minutes of a session are rounded down to a multiple of this.
    `assumed`: time counts also where nobody saw the person leave. `least_min`: who has less gets no certificate.
    `points`: chamber points, one for each `point_min`. `left_out`: sessions that never count."""

    counts: Literal["sessions", "programme", "day"] = "sessions"
    grace_min: Annotated[int, Meta(ge=0, le=60)] = 5
    least_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    round_min: Annotated[int, Meta(ge=1, le=60)] = 1
    assumed: bool = True
    least_min: Annotated[int, Meta(ge=1, le=1440)] = 1
    points: bool = True
    point_min: Annotated[int, Meta(ge=1, le=480)] = POINT_MIN
    left_out: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=1_000)] = ()


def proposed(programme: Programme) -> Rule:
    """A rule to begin with, until an organiser has said what counts: without what is a break by its title."""
    breaks = (one.id for one in programme.sessions.values() if BREAK.search(one.title))
    return Rule(left_out=tuple(breaks))


class Counted(Struct, frozen=True, kw_only=True):
    """Minutes that count of a session; `session` None: of the whole event. `assumed`: some of them only
    because nobody saw the person leave."""

    session: str | None
    minutes: int
    assumed: bool = False


class Attendance(Struct, frozen=True, kw_only=True):
    """What is certified: minutes of each session that counts, in the order of their times, and together."""

    counted: tuple[Counted, ...] = ()
    minutes: int = 0
    points: int = 0

    @property
    def assumed(self) -> bool:
        return any(one.assumed for one in self.counted)


class Trails:
    """Everybody's way through the house, from the facts in their order. A scan that was taken back has not
    been; one from a paper list counts at the time that stands there."""

    def __init__(self) -> None:
        self._moves: dict[str, list[_Move]] = {}
        self._undone: set[str] = set()
        self._all_left: list[_Move] = []

    def add(self, fact: Fact) -> None:
        match fact:
            case Scanned():
                decision = fact.decision
                if decision.outcome == "refused" or decision.attendee is None or decision.leaves == decision.enters:
                    return
                self._note(decision.attendee, _Move(believed_at(fact), decision.enters, scan=fact.id))
            case Assumed() if fact.attendee:
                self._note(fact.attendee, _Move(fact.at, None, assumed=True))
            case Undone():
                self._undone.add(fact.scan)
            case Evacuated() if fact.empties:
                self._all_left.append(_Move(fact.at, None))

    def people(self) -> list[str]:
        """Those of whom any passage is known."""
        return [who for who in self._moves if self._standing(who)]

    def moves(self, attendee: str) -> list[tuple[int, str | None]]:
        """(when, into which area; None: outside), in the order of times."""
        return [(move.at, move.area) for move in self._standing(attendee)]

    def stays(self, attendee: str, now: int) -> list[Stay]:
        """Where this attendee was, in order. Who is inside still is taken to stay until `now`."""
        found: list[Stay] = []
        moves = self._standing(attendee)
        for at, move in enumerate(moves):
            if move.area is None:
                continue
            ends = moves[at + 1] if at + 1 < len(moves) else _Move(max(now, move.at), None, assumed=True)
            found.append(Stay(area=move.area, from_at=move.at, until_at=ends.at, assumed=ends.assumed))
        return found

    def _note(self, attendee: str, move: _Move) -> None:
        self._moves.setdefault(attendee, []).append(move)

    def _standing(self, attendee: str) -> list[_Move]:
        own = [move for move in self._moves.get(attendee, ()) if move.scan not in self._undone]
        return sorted([*own, *self._all_left], key=lambda move: move.at) if own else []


class _Move(Struct, frozen=True):
    at: int
    area: str | None
    assumed: bool = False
    scan: str | None = None


def attendance(stays: Sequence[Stay], rule: Rule, programme: Programme, layout: Layout) -> Attendance:
    """What counts of these stays. No minute counts twice: where sessions overlap, for the earlier one."""
    if not rule.assumed:
        stays = [stay for stay in stays if not stay.assumed]
    sessions = [one for one in programme.sessions.values() if not one.cancelled and one.id not in rule.left_out]
    if not sessions:
        return Attendance()
    if rule.counts == "sessions":
        counted = tuple(_of_sessions(stays, rule, sessions, programme, layout))
    else:
        counted = tuple(_of_house(stays, rule, sessions))
    minutes = sum(one.minutes for one in counted)
    return Attendance(counted=counted, minutes=minutes, points=minutes // rule.point_min if rule.points else 0)


def _of_sessions(
    stays: Sequence[Stay], rule: Rule, sessions: Sequence[Session], programme: Programme, layout: Layout
) -> Iterable[Counted]:
    taken: list[Span] = []
    for session in sessions:
        span = (session.starts_at, session.ends_at)
        there = [stay for stay in stays if shows(stay.area, session, programme, layout)]
        spans = _without(_forgiven(_present(there, span), [span], rule), taken)
        minutes = _minutes(spans, rule)
        if minutes and _length(spans) * 100 >= rule.least_percent * (span[1] - span[0]):
            taken += spans
            yield Counted(session=session.id, minutes=minutes, assumed=_is_assumed(there, span))


def _of_house(stays: Sequence[Stay], rule: Rule, sessions: Sequence[Session]) -> Iterable[Counted]:
    running = _union([(one.starts_at, one.ends_at) for one in sessions])
    if rule.counts == "day":
        running = [(running[0][0], running[-1][1])]
    present = _forgiven([part for span in running for part in _present(stays, span)], running, rule)
    minutes = _minutes(present, rule)
    if minutes and _length(present) * 100 >= rule.least_percent * _length(running):
        yield Counted(session=None, minutes=minutes, assumed=any(_is_assumed(stays, span) for span in running))


def shows(area: str, session: Session, programme: Programme, layout: Layout) -> bool:
    """Whether a session is seen in an area: its own, one inside of it, or one that takes its overflow and
    has no session of its own meanwhile."""
    path = layout.path(area) if area in layout.areas else ()
    if session.area in path:
        return True
    return any(
        layout.areas[one].overflow_of == session.area
        and not any(
            other.area == one
            and not other.cancelled
            and other.starts_at < session.ends_at
            and session.starts_at < other.ends_at
            for other in programme.sessions.values()
        )
        for one in path
    )


def _present(stays: Sequence[Stay], span: Span) -> list[Span]:
    """When somebody was there in this span."""
    since, until = span
    return _union([(max(stay.from_at, since), min(stay.until_at, until)) for stay in stays])


def _forgiven(present: list[Span], whole: Sequence[Span], rule: Rule) -> list[Span]:
    """The whole, where no more than the grace of it was missed in all, however often."""
    missed_ms = _length(whole) - _length(present)
    return [*whole] if present and missed_ms <= rule.grace_min * MINUTE_MS else present


def _length(spans: Iterable[Span]) -> int:
    return sum(until - since for since, until in spans)


def _union(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for since, until in sorted(span for span in spans if span[0] < span[1]):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((since, until))
    return joined


def _without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    left = list(spans)
    for begins, ends in taken:
        left = [
            part
            for since, until in left
            for part in ((since, min(until, begins)), (max(since, ends), until))
            if part[0] < part[1]
        ]
    return left


def _minutes(spans: Sequence[Span], rule: Rule) -> int:
    minutes = _length(spans) // MINUTE_MS
    return minutes - minutes % rule.round_min


def _is_assumed(stays: Sequence[Stay], span: Span) -> bool:
    return any(stay.assumed and stay.from_at < span[1] and span[0] < stay.until_at for stay in stays)
