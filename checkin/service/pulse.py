"""How the doors of one event do just now: followed fact by fact, in the memory of this process.

A follower like any other: it adds the facts up once and reads on from their seq, so that whoever looks
pays for what is new and not for the whole day. How long answers took is in no fact: of several nodes each
tells the others (`untold`, `others_answered`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from msgspec import Struct, field

from checkin.core.alerts import CLOCK_SCANS, CLOCK_SPREAD_MS, SILENT_S
from checkin.core.facts import Changed, Fact, Scanned
from checkin.core.queueing import percentile
from checkin.core.schedule import MINUTE_MS
from checkin.store import events, facts
from checkin.store.engine import Transaction
from checkin.store.facts import DoorScans

RECENT_SCANS_MAX = 600
"""So many of the last scans of a door are remembered: five minutes at two a second."""
RECENT_READ_MAX = 2_000
"""So many of an event's last scans are read when the service starts."""
ANSWERS_MAX = 500
"""So many of the last answer times of a door are remembered."""
FOLLOWED_MAX = 20_000
"""Whoever is further behind adds up anew."""
CLOCKS_MAX = 10_000
PACE_MS = 5 * MINUTE_MS
"""Scans a minute are those of the last five minutes."""


class Recent(Struct):
    """The last scans of a door as (when, by whom), and its last answer times in ms."""

    scans: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=RECENT_SCANS_MAX))
    answers_ms: deque[float] = field(default_factory=lambda: deque(maxlen=ANSWERS_MAX))


class Clock(Struct):
    """By how much the clock of one who scans was off at the last scans, in ms; None: it was right."""

    door: str
    off_ms: deque[int | None] = field(default_factory=lambda: deque(maxlen=CLOCK_SCANS))

    @property
    def is_off(self) -> bool:
        off_ms = [off for off in self.off_ms if off is not None]
        return len(off_ms) == CLOCK_SCANS and max(off_ms) - min(off_ms) <= CLOCK_SPREAD_MS


class Pulse:
    """What the doors of one event did last. `answered` is called by the intake, on the event loop; the
    rest by whoever reads, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seq: int | None = None
        self._heard: dict[str, tuple[int, float, bool]] = {}
        self._untold: dict[str, deque[float]] = {}
        self._walked_in_earlier: dict[int, frozenset[str]] = {}
        self.walked_in: set[str] = set()
        self.doors: dict[str, DoorScans] = {}
        self.recent: dict[str, Recent] = {}
        self.clocks: dict[str, Clock] = {}

    def answered(self, door: str, took_ms: float) -> None:
        """A scan at a door that the venue has was answered so long after it had come."""
        self._answers(door).append(took_ms)
        untold = self._untold.get(door)
        if untold is None:
            untold = self._untold.setdefault(door, deque(maxlen=ANSWERS_MAX))
        untold.append(took_ms)

    def untold(self) -> list[tuple[str, list[float]]]:
        """(door, answer times in ms) since the last call, for the other nodes."""
        told, self._untold = self._untold, {}
        return [(door, [round(took_ms, 1) for took_ms in answers]) for door, answers in told.items()]

    def others_answered(self, door: str, took_ms: Iterable[float]) -> None:
        """Another node has answered scans at a door within these times."""
        self._answers(door).extend(took_ms)

    def _answers(self, door: str) -> deque[float]:
        recent = self.recent.get(door)
        if recent is None:
            recent = self.recent.setdefault(door, Recent())
        return recent.answers_ms

    def follow(self, tx: Transaction, event: int) -> None:
        """Read on to the event's last fact."""
        with self._lock:
            seq = events.load_event_row(tx, event).seq
            if self._seq is None or not 0 <= seq - self._seq <= FOLLOWED_MAX:
                self._begin(tx, event)
                self._seq = seq
            while page := facts.facts_since(tx, event, self._seq, facts.PAGE_FACTS_MAX):
                for kept in page:
                    self.walked_in.update(_walked_in(kept.fact))
                    if isinstance(kept.fact, Scanned):
                        self._count(kept.fact)
                        self._note(kept.fact)
                self._seq = page[-1].seq

    def _begin(self, tx: Transaction, event: int) -> None:
        self.doors = facts.scans_by_door(tx, event)
        self.walked_in = walked_in(tx, event)
        self.clocks.clear()
        for recent in self.recent.values():
            recent.scans.clear()
        for kept in reversed(facts.last_scans(tx, event, RECENT_READ_MAX)):
            if isinstance(kept.fact, Scanned):
                self._note(kept.fact)

    def _count(self, fact: Scanned) -> None:
        door = self.doors.setdefault(fact.door, DoorScans())
        door.scans += 1
        door.last_at = max(door.last_at, fact.received_at)
        door.arrivals += fact.decision.kind == "arrival"
        if fact.decision.refusal is not None:
            listed = fact.decision.refusal.listed
            door.refusals[listed] = door.refusals.get(listed, 0) + 1

    def _note(self, fact: Scanned) -> None:
        self.recent.setdefault(fact.door, Recent()).scans.append((fact.received_at, fact.by))
        clock = self.clocks.get(fact.by)
        if clock is None:
            if len(self.clocks) >= CLOCKS_MAX:
                return
            clock = self.clocks.setdefault(fact.by, Clock(fact.door))
        clock.door = fact.door
        clock.off_ms.append(fact.clock_off_ms)

    def walked_in_earlier(self, tx: Transaction, event: int) -> frozenset[str]:
        """Who had not been registered for an earlier event, which does not change any more: read once."""
        if event not in self._walked_in_earlier:
            self._walked_in_earlier[event] = frozenset(walked_in(tx, event))
        return self._walked_in_earlier[event]

    def scans_per_min(self, door: str, now: int) -> float:
        """Of the last five minutes; of less where more came than are remembered."""
        scans = self.recent[door].scans if door in self.recent else ()
        last = [at for at, _ in scans if at > now - PACE_MS]
        window_ms = PACE_MS if len(last) < RECENT_SCANS_MAX else max(1, now - last[0])
        return len(last) * MINUTE_MS / window_ms

    def gaps_s(self, door: str, since: int) -> list[list[float]]:
        """The times between two scans of each device at a door, in seconds."""
        before: dict[str, int] = {}
        gaps: dict[str, list[float]] = {}
        for at, by in tuple(self.recent[door].scans) if door in self.recent else ():
            if at >= since and by in before:
                gaps.setdefault(by, []).append((at - before[by]) / 1000)
            before[by] = at
        return list(gaps.values())

    def answer_ms(self, door: str, share: float) -> float | None:
        """The time within which such a share of the last answers was given; None before the first."""
        return percentile(tuple(self.recent[door].answers_ms), share) if door in self.recent else None

    def hear(self, heard: Iterable[tuple[str, int]], at_s: float) -> None:
        """(device, when it was heard last by the event's clock): whether it goes on speaking is measured by
        a steady clock in seconds, since the event's may run faster than the devices (a demo)."""
        for device, at in heard:
            known = self._heard.get(device)
            if known is None or known[0] != at:
                self._heard[device] = (at, at_s, known is not None)

    def silent_s(self, device: str, at_s: float) -> float | None:
        """How long a device has said nothing, at most since this service looks; None: it was never heard."""
        known = self._heard.get(device)
        return None if known is None else at_s - known[1]

    def speaks(self, device: str, at_s: float) -> bool:
        """Whether a device has said something of late, as far as this service has heard it itself."""
        known = self._heard.get(device)
        return known is not None and known[2] and at_s - known[1] < SILENT_S


def walked_in(tx: Transaction, event: int) -> set[str]:
    """Who came to an event without registration: those whom the desk added (some may be gone again)."""
    return {id for change in facts.changes_of(tx, event, "attendee") for id in _walked_in(change)}


def _walked_in(fact: Fact) -> tuple[str, ...]:
    return fact.ids if isinstance(fact, Changed) and (fact.noun, fact.what) == ("attendee", "added") else ()
