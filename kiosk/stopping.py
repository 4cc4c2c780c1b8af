"""How a program that runs for long is told to stop, by SIGINT (Ctrl-C) or SIGTERM: soon, at whatever moment.

asyncio's own way loses a SIGINT that comes just before the loop goes to sleep: the interpreter has looked for signals
already, and nothing wakes the loop. Here the loop has a handler, and so the signal itself wakes it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")

TOLD_BY = (signal.SIGINT, signal.SIGTERM)
STOP_S_MAX = 3.0
"""What has not stopped so long after it was told is left as it is. What must be durable is so by then: it is stored
before it is shown."""


def when_told(stop: Callable[[], object], *, stop_s_max: float = STOP_S_MAX) -> None:
    """Call `stop` on this event loop once the program is told to stop, and end the program within `stop_s_max`: what
    hangs on a thread, such as the search for a name that no server answers, keeps nobody waiting."""
    loop = asyncio.get_running_loop()
    leaving = threading.Event()
    is_told = False

    def leave() -> None:
        leaving.wait()
        time.sleep(stop_s_max)
        os._exit(0)

    def told(*_: object) -> None:
        nonlocal is_told
        if is_told:
            return
        is_told = True
        leaving.set()
        with suppress(RuntimeError):  # the loop has gone: it has stopped
            loop.call_soon_threadsafe(stop)

    # Begun now: what a signal has interrupted may be the start of a thread, which can do no second one meanwhile.
    threading.Thread(target=leave, name="stops at last", daemon=True).start()
    for one in TOLD_BY:
        loop.add_signal_handler(one, told)
        signal.signal(one, told)  # at once, also while the loop is busy; whoever takes this one leaves the loop's


async def until_told(work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` returns; None where the program was told to stop, and it was cancelled."""
    working = asyncio.ensure_future(work)
    when_told(working.cancel)
    try:
        return await working
    except asyncio.CancelledError:
        return None
