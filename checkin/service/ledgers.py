"""The ledgers of places that are with stations or in doubt, and what passages that no station tells of mean there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from checkin.core.admission import Decision
from checkin.core.allotment import Ledger
from checkin.core.layout import Layout
from checkin.core.link import Centre, Linked, Rooms
from checkin.core.model import CountsAs, Scan
from checkin.core.occupancy import FROZEN, House
from checkin.store import stations
from checkin.store.engine import Transaction
from checkin.store.events import EventRow


class SetAside(Mapping[str, int]):
    """area → places that are not the pool's, as the ledger has it at each question."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getitem__(self, area: str) -> int:
        return self._ledger.set_aside[area] + (FROZEN if self._ledger.is_frozen(area) else 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ledger.set_aside)

    def __len__(self) -> int:
        return len(self._ledger.set_aside)


class Ledgers:
    """The ledgers of the events that have stations, read again only when one was changed elsewhere.

    `linked`: event → the stations that this process has heard of lately."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[int, Ledger]] = {}
        self.linked: dict[int, dict[str, Linked]] = {}

    def take(self, tx: Transaction, event: EventRow, layout: Layout) -> Ledger | None:
        """The ledger of an event, to be changed and given to `save` in this transaction, or dropped with it;
        None where the event has no stations."""
        if not event.stations:
            return None
        version, ledger = self._kept.pop(event.id, (0, None))
        if ledger is not None and version == event.stations and ledger.layout is layout:
            return ledger
        return Ledger(layout, stations.load_ledger(tx, event.id))

    def empty(self, tx: Transaction, event: EventRow, layout: Layout, now: int) -> None:
        """Nobody is inside any more, as far as the centre counts."""
        ledger = self.take(tx, event, layout)
        if ledger is not None:
            ledger.emptied(now)
            self.save(tx, event, ledger)

    def save(self, tx: Transaction, event: EventRow, ledger: Ledger) -> None:
        changes = ledger.take_changes()
        version = event.stations
        if changes:
            version = stations.save_ledger(tx, event.id, changes, dict(SetAside(ledger)))
        self._kept[event.id] = (version, ledger)


class Passages:
    """Passages at doors that are no stations: they show what the centre has decided, and at once."""

    def __init__(
        self,
        ledger: Ledger,
        house: House,
        linked: Mapping[str, Linked] | None = None,
        doors: Mapping[str, str] | None = None,
    ) -> None:
        house.set_aside = SetAside(ledger)
        self._machine = Centre(cast(Rooms, _Counted(house)), ledger, doors or {}, linked=dict(linked or {}))

    def unsure(self, attendee: str, door: str) -> tuple[str, ...]:
        """As in `Bearer`."""
        return self._machine.unsure(self._machine.layout.doors[door].area)(attendee)

    def passed(self, scan: Scan, decision: Decision, now: int, from_at: int | None) -> None:
        """The centre has decided this, and the door shows it. `from_at`: it did not happen before; None: it may
        have happened at any time before `now`."""
        self._machine.passed(scan, decision, now, from_at)

    def gone_back(self, attendee: str, leaves: str | None, enters: str | None, scan: str, now: int) -> None:
        """Somebody says that this person never went from `enters` to `leaves`."""
        self._machine.gone_back(attendee, leaves, enters, scan, now)

    def headcount(self, area: str, now: int) -> int:
        """A person has counted an area; returns how many are to be added to the number found."""
        return self._machine.headcount(area, now)


class _Counted:
    """The house as passages need it; who moves them is `Moving`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.layout = house.layout

    def free(self, area: str) -> int | None:
        return self._house.free(area)

    def move(self, attendee: str, enters: str | None, counts_as: CountsAs, scan: Scan, at: int) -> None:
        return None

    def stay(self, attendee: str, scan: Scan, at: int) -> None:
        return None
