"""A door that stores together what comes within a moment, as the program does while its disk is busy."""

from __future__ import annotations

from zlib import crc32

from checkin.core.link import ToStation
from kiosk.station import Effect, together
from tests.simulation.day import Door, Parts

GATHER_MS = 40
"""Messages are on their way for 5 to 60 ms: so some come together."""


class GatheringDoor(Door):
    """Most of the time it gathers for `GATHER_MS`, and then carries all out as one."""

    gathered: list[Effect] | None = None

    def boot(self) -> None:
        is_off = self.station is None
        super().boot()
        if is_off:
            self.flush()

    def power_off(self) -> None:
        self.gathered = None
        super().power_off()

    def hear(self, message: ToStation) -> None:
        if self.station is not None and self.station.waits_to_show(message):
            self.flush()
        super().hear(message)

    def carry_out(self, effects: list[Effect]) -> None:
        if self.gathered is not None:
            self.gathered += effects
        elif effects:
            self.gathered = list(effects)
            busy = crc32(f"{self.world.day.seed} {self.world.now} {self.name} busy".encode()) % 4 > 0
            station = self.station
            self.world.later(GATHER_MS if busy else 0, lambda: self.flush() if self.station is station else None)

    def flush(self) -> None:
        if self.gathered is not None:
            effects, self.gathered = self.gathered, None
            super().carry_out(together(effects))

    def has_stored_all(self) -> bool:
        return self.gathered is None


def parts_of(seed: int) -> Parts:
    """What the day of a seed is made of, no rule left out: on every other one the doors gather."""
    return Parts(door=GatheringDoor if seed % 2 else Door)
