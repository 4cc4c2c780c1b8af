"""Gives facts their seq: the one place where the event's sequence moves."""

from __future__ import annotations

from checkin.core.facts import Fact
from checkin.store import events, facts
from checkin.store.engine import Transaction


class Journal:
    """Collects the facts of one transaction of one event and writes them at its end."""

    def __init__(self, tx: Transaction, event: int) -> None:
        self._tx = tx
        self.event = events.load_event_row(tx, event)
        self.seq = self.event.seq
        self._kept: list[facts.Kept] = []

    def add(self, fact: Fact, content: bytes | None = None) -> int:
        """Returns the fact's seq."""
        self.seq += 1
        self._kept.append(facts.Kept(self.seq, fact, content))
        return self.seq

    def write_so_far(self) -> None:
        """Write the facts there are; more may follow."""
        if self._kept:
            facts.add_facts(self._tx, self.event.id, self._kept)
            self._kept = []

    def write(self) -> None:
        self.write_so_far()
        if self.seq != self.event.seq:
            events.set_seq(self._tx, self.event.id, self.seq)
            self._tx.tell(str(self.event.id))
