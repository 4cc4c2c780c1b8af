"""Long work that ends in a file: it runs in the centre, says how far it is, can be stopped, and waits for whoever
asked for it, also where they have left the page meanwhile.

A work lives in the process that does it, its file in a temporary one without a name. Of several nodes each knows
its own: whoever stays with the answer that began it gets the file from it, whichever node that is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import BinaryIO, cast

from checkin.badges.joining import Told
from checkin.core.errors import Busy, CheckinError, NotFound
from checkin.core.roles import Permission
from checkin.service.people import steady_s

WORKS_MAX = 20
"""At once, of everybody; what is done and waits to be fetched counts too."""
WORKS_OF_ONE_MAX = 3
KEPT_S = 900.0
"""So long a file waits for whoever asked for it."""
SWEPT_EVERY_S = 30.0
WHOLE = 1_000
"""What a work of several steps counts to."""

log = logging.getLogger(__name__)

Make = Callable[[Told, BinaryIO], Awaitable[Mapping[str, str]]]
"""Writes the file, and returns what is to be said of it beside (heads of the answer)."""


class Cancelled(CheckinError):
    """Whoever began it has stopped it."""

    code = "work_cancelled"


class Work:
    """One long work. `what`: which, for the page that began it; `name`: of the file."""

    def __init__(self, by: str, event: str, what: str, permission: Permission, name: str, media_type: str) -> None:
        self.id = str(uuid.uuid4())
        self.by = by
        self.event = event
        self.what = what
        self.permission = permission
        self.name = name
        self.media_type = media_type
        self.heads: Mapping[str, str] = {}
        self.done = 0
        self.total = 0
        self.error: BaseException | None = None
        self.ended_at_s: float | None = None
        self.out = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - closed by `Works.drop`
        self._cancelled = False
        self._ended = asyncio.Event()

    @property
    def size(self) -> int:
        return self.out.seek(0, 2)

    def cancel(self) -> None:
        self._cancelled = True

    def told(self, done: int, total: int) -> None:
        """Note how far it is; raises `Cancelled` where it is to stop."""
        if self._cancelled:
            raise Cancelled("This was stopped.")
        self.done, self.total = done, total

    async def wait(self, seconds: float | None = None) -> bool:
        """Until it has ended, or so long; whether it has."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        return self._ended.is_set()

    async def run(self, make: Make) -> None:
        try:
            self.heads = await make(self.told, self.out)
            self.told(self.total, self.total)
        except BaseException as error:
            self.error = error
            if not isinstance(error, CheckinError | asyncio.CancelledError):
                log.exception("a long work failed: %s", self.what, exc_info=error)
        finally:
            self.ended_at_s = steady_s()
            self._ended.set()


class Steps:
    """Work of several kinds as one measure: each step has a share, by how long it usually takes; one that was
    taken stays so."""

    def __init__(self, told: Told, shares: Mapping[str, float]) -> None:
        self._told = told
        self._shares = shares
        self._parts = dict.fromkeys(shares, 0.0)

    def at(self, step: str, done: int, total: int) -> None:
        """A step that has no share is not counted, but can be stopped in."""
        if step in self._parts:
            self._parts[step] = max(self._parts[step], done / total if total else 1.0)
        whole = sum(self._shares.values()) or 1.0
        self._told(round(WHOLE * sum(self._shares[one] * part for one, part in self._parts.items()) / whole), WHOLE)

    def of(self, step: str) -> Told:
        return lambda done, total: self.at(step, done, total)


class Works:
    """The long works of this process."""

    def __init__(self) -> None:
        self._works: dict[str, Work] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._sweeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._sweeping = asyncio.create_task(self._sweep(), name="works")

    async def close(self) -> None:
        tasks = [*self._tasks.values(), *([self._sweeping] if self._sweeping is not None else [])]
        for work in self._works.values():
            work.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for work in tuple(self._works.values()):
            self.drop(work)

    def begin(
        self, make: Make, *, by: str, event: str, what: str, permission: Permission, name: str, media_type: str
    ) -> Work:
        """Begin; raises `Busy` where too much goes on. Of what is done and was not fetched, the oldest goes first."""
        mine = [work for work in self._works.values() if work.by == by]
        for held, most in ((mine, WORKS_OF_ONE_MAX), (list(self._works.values()), WORKS_MAX)):
            ended = sorted((one for one in held if one.ended_at_s is not None), key=lambda one: one.ended_at_s or 0)
            while len(held) >= most and ended:
                oldest = ended.pop(0)
                held.remove(oldest)
                self.drop(oldest)
            if len(held) >= most:
                raise Busy("Other files are being made and take long. Try again.", code="works_busy")
        work = Work(by, event, what, permission, name, media_type)
        self._works[work.id] = work
        self._tasks[work.id] = asyncio.create_task(work.run(make), name=f"work {what}")
        return work

    def of(self, by: str, event: str) -> list[Work]:
        """What one who asks has begun here, the oldest first."""
        return [work for work in self._works.values() if (work.by, work.event) == (by, event)]

    def work(self, id: str, by: str, event: str) -> Work:
        """Raises `NotFound` also for another's."""
        work = self._works.get(id)
        if work is None or (work.by, work.event) != (by, event):
            raise NotFound("This file is not being made any more. Begin again.", code="work_unknown")
        return work

    def drop(self, work: Work) -> None:
        """Stop it where it still goes on, and forget its file."""
        work.cancel()
        self._works.pop(work.id, None)
        task = self._tasks.pop(work.id, None)
        if task is None or task.done():
            work.out.close()
        else:
            task.add_done_callback(lambda _: work.out.close())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEPT_EVERY_S)
            for work in tuple(self._works.values()):
                if work.ended_at_s is not None and steady_s() - work.ended_at_s >= KEPT_S:
                    self.drop(work)
