"""What a log leaves out, and what never."""

from __future__ import annotations

import logging
import sys

from checkin.repeats import LINES_MAX, Repeats


def test_line_that_is_repeated_is_said_once_a_minute_with_how_often_it_was_left_out() -> None:
    seconds = [0.0]
    repeats = Repeats(lambda: seconds[0])

    def say(text: str, *args: object, level: int = logging.WARNING, failed: bool = False) -> str | None:
        try:
            raise ValueError
        except ValueError:
            error = sys.exc_info() if failed else None
        record = logging.LogRecord("checkin.live", level, "file", 1, text, args, error)
        return record.getMessage() if repeats.filter(record) else None

    assert say("not read: %s", "gone") == "not read: gone"
    for _ in range(600):
        seconds[0] += 0.09
        assert say("not read: %s", "gone") is None
    assert say("not read: %s", "full") == "not read: full"
    assert say("read again", level=logging.INFO) == "read again"
    seconds[0] = 61
    assert say("not read: %s", "gone") == "not read: gone (600 times more meanwhile)"
    assert say("not read: %s", "gone") is None
    seconds[0] = 122
    assert say("not read: %s", "gone") == "not read: gone (1 times more meanwhile)"
    assert [say("unforeseen", failed=True) for _ in range(2)] == ["unforeseen"] * 2
    assert [say("in detail", level=logging.DEBUG) for _ in range(2)] == ["in detail"] * 2
    for number in range(LINES_MAX):
        assert say("another: %d", number)
    assert say("not read: %s", "gone") == "not read: gone"
