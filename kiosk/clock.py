"""The centre's time at a station: carried on since its last word, by a clock that never steps.

After a new start without the centre, this machine's clock put right by what it was wrong by then: a guess."""

from __future__ import annotations

from kiosk.station import Moment

KEPT_MS = 60_000
"""What a new start needs is kept so often."""
GUESS_MS_MAX = 36 * 3_600_000
"""So long after the last word a machine's clock is believed to be as wrong as it was; then it counts as it is."""


class CentreClock:
    """All times in ms since 1970 UTC. `heard_at`: when the centre said its last word, by its own clock; None: never."""

    def __init__(self) -> None:
        self.heard_at: int | None = None
        self._heard_steady: int | None = None
        self._ahead = 0
        self._start_steady = 0
        self._kept_at = 0

    def hear(self, at: int, now: Moment) -> None:
        """The centre says how late it is."""
        self.heard_at, self._heard_steady, self._ahead = at, now.steady, now.wall - at

    def now(self, now: Moment) -> int:
        """The centre's time; where nothing is known of it, this machine's."""
        if self.heard_at is None:
            return now.wall
        if self._heard_steady is not None:
            return self.heard_at + now.steady - self._heard_steady
        guess = now.wall - self._ahead
        if guess - self.heard_at > GUESS_MS_MAX:
            return now.wall
        return max(guess, self.heard_at + now.steady - self._start_steady)  # without a battery it starts in the past

    def is_silent_since(self, steady: int) -> bool:
        """Whether the centre has said nothing since then, on the steady clock."""
        return self._heard_steady is None or self._heard_steady < steady

    def ahead(self, now: Moment) -> int | None:
        """Ms by which this machine's clock is ahead; None: unknown."""
        return None if self.heard_at is None else now.wall - self.now(now)

    @property
    def is_guess(self) -> bool:
        """Whether the centre has said nothing since the start."""
        return self._heard_steady is None

    def to_keep(self) -> bytes | None:
        """What the next start needs, for `restore`, where it is time to keep it."""
        if self.heard_at is None or abs(self.heard_at - self._kept_at) < KEPT_MS:
            return None
        self._kept_at = self.heard_at
        return f"{self.heard_at} {self._ahead}".encode()

    def restore(self, kept: bytes, now: Moment) -> None:
        """What was kept by this program, or by an older one, which did not keep how wrong its clock was."""
        self._start_steady = now.steady
        at, _, ahead = kept.decode().partition(" ")
        self.heard_at, self._ahead = int(at), int(ahead or 0)
