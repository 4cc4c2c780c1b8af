"""Screens beside scanners that are none of theirs: what such a scanner was answered is shown on them.

Of several nodes each knows the screens that are linked to it, and hears from the others what was answered there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from checkin.core.errors import Busy

SCREENS_MAX = 1_000
ANSWERS_WAITING_MAX = 8
"""A screen that takes nothing misses the older ones: it shows one answer at a time."""

Key = tuple[str, str, str]
"""Event, door, and the name that scanner and screen have agreed on."""


class Screens:
    """Who follows which scanner. One for a process."""

    def __init__(self) -> None:
        self._following: dict[Key, list[asyncio.Queue[str]]] = {}

    @contextmanager
    def follow(self, key: Key) -> Iterator[asyncio.Queue[str]]:
        """The answers from now on. Raises `Busy` where there are `SCREENS_MAX`."""
        if sum(map(len, self._following.values())) >= SCREENS_MAX:
            raise Busy(f"{SCREENS_MAX} screens follow scanners, which is as many as go. Try again later.")
        queue: asyncio.Queue[str] = asyncio.Queue(ANSWERS_WAITING_MAX)
        self._following.setdefault(key, []).append(queue)
        try:
            yield queue
        finally:
            self._following[key].remove(queue)
            if not self._following[key]:
                del self._following[key]

    def show(self, key: Key, answer: str) -> int:
        """Hand an answer to every screen that follows; returns how many do."""
        queues = self._following.get(key, [])
        for queue in queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(answer)
        return len(queues)
