"""This run beside the last kept one of the same machine."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

NOISE = 1.3
"""Between two runs on a machine that does nothing else figures differ by up to this; on a busy one by more."""
SHOWN_MAX = 40
MORE_IS_BETTER = ("_per_s",)
LESS_IS_BETTER = ("_ms", "_s", "_us", "_mib", "kib_a_connection", "cpu_us_a_delivery", "us")


class Run(Struct):
    """What is kept. `machine`: figures of another one say nothing here. `load`: what else it did as this began."""

    machine: str
    quick: bool
    at: str
    parts: dict[str, Any]
    load: float | None = None


def machine() -> str:
    return (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}"
    )


def last_of(folder: Path, run: Run) -> dict[str, Run]:
    """part → the last run kept that has it, of this machine and as long as this one."""
    found: dict[str, Run] = {}
    for file in sorted(folder.glob("*.json"), reverse=True):
        try:
            kept = msgspec.json.decode(file.read_bytes(), type=Run)
        except msgspec.MsgspecError:
            continue  # of an earlier form
        if (kept.machine, kept.quick) == (run.machine, run.quick):
            for part in kept.parts.keys() & run.parts.keys():
                found.setdefault(part, kept)
    return found


def compared(run: Run, before: dict[str, Run]) -> Iterator[str]:
    """A line for each figure that differs by more than noise, worse ones first; and how many there are."""
    now = msgspec.to_builtins(run.parts, str_keys=True)
    worse: list[tuple[float, str]] = []
    count = 0
    for part, kept in before.items():
        then = dict(_figures(part, kept.parts[part]))
        for name, value in _figures(part, now[part]):
            earlier = then.get(name)
            better = _more_is_better(name)
            if better is None or not earlier or not value:
                continue
            count += 1
            ratio = earlier / value if better else value / earlier
            if ratio > NOISE or ratio < 1 / NOISE:
                worse.append((ratio, f"{name}: {earlier:,.4g} → {value:,.4g}"))
    if not before:
        yield "Nothing of this machine and length is kept to compare with."
        return
    loads = {kept.at: kept.load for kept in before.values()}
    runs = (at if load is None else f"{at} (load {load:.1f})" for at, load in sorted(loads.items()))
    yield f"Load {run.load or 0:.1f}, beside {', '.join(runs)}: {len(worse)} of {count} figures differ"
    yield f"by more than {NOISE} times (noise, where other work goes on); times as long, or as few, as then:"
    for ratio, line in sorted(worse, reverse=True)[:SHOWN_MAX]:
        yield f" {ratio:>6.2f} {'WORSE ' if ratio > NOISE else 'better'} {line}"


def _figures(name: str, value: Any) -> Iterator[tuple[str, float]]:
    match value:
        case dict():
            for key, part in value.items():
                yield from _figures(f"{name}.{key}", part)
        case list():
            for number, part in enumerate(value):
                yield from _figures(f"{name}.{number}", part)
        case bool() | str() | None:
            return
        case int() | float():
            yield name, float(value)


def _more_is_better(name: str) -> bool | None:
    last = name.rsplit(".", 1)[-1]
    if last.endswith(MORE_IS_BETTER):
        return True
    return False if last.endswith(LESS_IS_BETTER) else None
