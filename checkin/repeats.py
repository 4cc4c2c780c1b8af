"""A log that says the same only once a minute, however often it happens."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable

AGAIN_S = 60.0
LINES_MAX = 1_000
"""So many different lines are known at once; of more the oldest is forgotten, and said anew."""


class Repeats(logging.Filter):
    """Leaves out a line that was said less than a minute ago; said again, it tells how often it was left out. Whatever
    is new is said at once, and so is every unforeseen error with its traceback. `now`: in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._said: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.INFO or record.exc_info:
            return True
        said, now = record.getMessage(), self._now()
        line = (record.name, said)
        said_at, left_out = self._said.get(line, (now - AGAIN_S, 0))
        if now - said_at < AGAIN_S:
            self._said[line] = (said_at, left_out + 1)
            return False
        self._said[line] = (now, 0)
        self._said.move_to_end(line)
        if len(self._said) > LINES_MAX:
            self._said.popitem(last=False)
        if left_out:
            record.msg, record.args = "%s (%d times more meanwhile)", (said, left_out)
        return True
