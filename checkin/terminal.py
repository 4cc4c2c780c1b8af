"""What a person at a terminal sees of long work: one line on stderr with percent and time left. Programs see none."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click

SURE_AFTER_S = 1.5
"""Before that the speed says nothing."""
SHOWN_EVERY_S = 0.2
CLEAR_LINE = "\r\x1b[K"


class Bar:
    """Called with how much of how much is done; `total` 0: not known. The line is cleared at the end."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._is_seen = sys.stderr.isatty()
        self._started_s = time.monotonic()
        self._shown_s = 0.0

    def __enter__(self) -> Bar:
        self(0, 0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._is_seen:
            click.echo(CLEAR_LINE, nl=False, err=True)

    def __call__(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if self._is_seen and now_s - self._shown_s >= SHOWN_EVERY_S:
            self._shown_s = now_s
            click.echo(f"{CLEAR_LINE}{self._label}: {said(done, total, now_s - self._started_s)}", nl=False, err=True)


def said(done: int, total: int, took_s: float) -> str:
    """“45 %, 12 s left”, and less where that is not known yet."""
    if not total:
        return "…"
    percent = f"{min(100, 100 * done // total)} %"
    if not done or took_s < SURE_AFTER_S:
        return percent
    left_s = took_s / done * (total - done)
    return f"{percent}, {round(left_s / 60)} min left" if left_s > 90 else f"{percent}, {round(left_s)} s left"
