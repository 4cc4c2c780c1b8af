"""Group commit: scans that wait together are taken together, and answered after one commit."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from checkin.core.errors import Busy, CheckinError
from checkin.service import metrics
from checkin.service.scans import Answered, Arrived, admit
from checkin.service.venues import Venues
from checkin.store.engine import Store, StoreBusy, StoreFull, Transaction

QUEUE_SCANS_MAX = 4_096
COMMIT_SCANS_MAX = 512
RETRY_AFTER_S = 1
ANSWER_S_MAX = 8.0
"""A door that has waited for so long is told to send its scan again: the database may wait for another node, or for a
standby. What was begun is decided all the same, and the same id then gets that answer."""
LOOKS = 16
"""So many times in that time it is looked who has waited for so long."""


class _Waiting(Struct):
    arrived: Sequence[Arrived]
    answered: asyncio.Future[list[Answered | CheckinError]]
    came_at_s: float


class Intake:
    """The queue of one event's scans and the task that empties it.

    While one batch is being committed the next one gathers, so a batch is as large as the load
    makes it. `committed` is called after every commit, before the answers go out; `answered` with the door
    and how long the answer took (ms), for scans that come by themselves and at once.
    """

    def __init__(
        self,
        store: Store,
        venues: Venues,
        slug: str,
        *,
        clock: Callable[[], int],
        committed: Callable[[], None],
        answered: Callable[[str, float], None] = lambda door, took_ms: None,
        commit_scans_max: int = COMMIT_SCANS_MAX,
    ) -> None:
        self._store = store
        self._venues = venues
        self._slug = slug
        self._clock = clock
        self._committed = committed
        self._answered = answered
        self._commit_scans_max = commit_scans_max
        self._queue: deque[_Waiting] = deque()
        self.queued_scans = 0
        self._filled = asyncio.Event()
        self._committing: list[_Waiting] = []
        self._tasks = (
            asyncio.create_task(self._run(), name=f"intake {slug}"),
            asyncio.create_task(self._look_at_the_time(), name=f"intake {slug}, how long it takes"),
        )

    async def submit(self, arrived: Sequence[Arrived]) -> list[Answered | CheckinError]:
        """Decide these scans, in order; returns after the commit.

        Raises `Busy` where the queue cannot take them all, and where the store cannot be written or takes longer than
        `ANSWER_S_MAX`: the client keeps its scans and sends them again.
        """
        if self.queued_scans + len(arrived) > QUEUE_SCANS_MAX:
            raise Busy("Too many scans are waiting. Keep this one and send it again.", code="queue_full")
        waiting = _Waiting(arrived, asyncio.get_running_loop().create_future(), time.perf_counter())
        self._queue.append(waiting)
        self.queued_scans += len(arrived)
        self._filled.set()
        answers = await waiting.answered
        if len(arrived) == 1 and isinstance(answers[0], Answered):
            self._answered(arrived[0].scan.door, (time.perf_counter() - waiting.came_at_s) * 1000)
        return answers

    async def close(self) -> None:
        """Answer what is waiting, then stop."""
        while self._queue:
            await asyncio.sleep(0.01)
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await self._filled.wait()
            self._committing = self._take()
            if not self._committing:
                self._filled.clear()
                continue
            await self._commit(self._committing)

    async def _look_at_the_time(self) -> None:
        """Tell those who have waited too long. One look at all of them costs less than a timer for each."""
        while True:
            await asyncio.sleep(ANSWER_S_MAX / LOOKS)
            too_long_s = time.perf_counter() - ANSWER_S_MAX
            late = [one for one in (*self._committing, *self._queue) if one.came_at_s < too_long_s]
            self._fail(late, Busy("The database takes long. Keep this scan and send it again.", code="store_slow"))

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        scans = 0
        while self._queue and (not batch or scans + len(self._queue[0].arrived) <= self._commit_scans_max):
            waiting = self._queue.popleft()
            scans += len(waiting.arrived)
            batch.append(waiting)
        self.queued_scans -= scans
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        started = time.perf_counter()
        try:
            answers = await self._store.write(self._admission([one for waiting in batch for one in waiting.arrived]))
        except (StoreFull, StoreBusy) as error:
            self._fail(batch, Busy(error.message, code=error.code))
        except CheckinError as error:
            self._fail(batch, error)
        except Exception as error:
            if len(batch) == 1:
                self._fail(batch, error)
                return
            # One of them is the cause: let each stand alone, so that it takes no other along.
            for waiting in batch:
                await self._commit([waiting])
        else:
            self._committed()
            metrics.COMMIT_SCANS.observe(len(answers))
            metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)
            start = 0
            for waiting in batch:
                end = start + len(waiting.arrived)
                if not waiting.answered.done():
                    waiting.answered.set_result(answers[start:end])
                start = end

    def _admission(self, arrived: list[Arrived]) -> Callable[[Transaction], list[Answered | CheckinError]]:
        now = self._clock()
        return lambda tx: admit(tx, self._venues, self._slug, arrived, now)

    @staticmethod
    def _fail(batch: list[_Waiting], error: Exception) -> None:
        for waiting in batch:
            if not waiting.answered.done():
                waiting.answered.set_exception(error)
