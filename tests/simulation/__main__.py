"""Days by the thousand: `make simulate SEEDS=n`, `ARGS="--first 7"`, `ARGS="--seed 1132"`, `ARGS=--mutants`, and
`ARGS="--seed 7 --mutant 'no seat stays in doubt'"`."""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import sys
import time
import traceback

from tests.simulation.day import Parts
from tests.simulation.gathering import parts_of
from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import plan
from tests.simulation.story import breach_of, shrink, tell

FRESH = 1 << 40
TOLD_MAX = 3
PROGRESS_S = 2.0
PROGRESS_DAYS = 1_000
"""How often it is told how far it has come: on a screen, and in a file."""
CRASHES = (AssertionError, KeyError, ValueError, RuntimeError)
"""By these a rule left out is noticed as well; the table says so."""
COLLECTED_DAYS = 20
"""A day leaves circles behind; so often they are cleared away, which is cheaper than looking for them all the time."""


def main() -> int:
    ask = argparse.ArgumentParser(prog="tests.simulation", description=__doc__)
    ask.add_argument("--seeds", type=int, default=2_000, help="how many days")
    ask.add_argument("--first", type=int, help="the first seed; without, a fresh one")
    ask.add_argument("--seed", type=int, help="tell this one day, as short as it still fails")
    ask.add_argument("--seconds", type=float, help="stop after so long")
    ask.add_argument("--mutant", metavar="NAME", help="with --seed: tell that day with this rule left out")
    ask.add_argument("--mutants", action="store_true", help="leave each rule out, and say when that was noticed")
    chosen = ask.parse_args()
    if chosen.mutant is not None and (chosen.mutant not in MUTANTS or chosen.seed is None):
        ask.error("--mutant needs --seed, and one of: " + "; ".join(MUTANTS))
    gc.disable()
    if chosen.mutants:
        return _mutants(chosen.seeds)
    if chosen.seed is not None:
        return _one(chosen.seed, MUTANTS[chosen.mutant] if chosen.mutant is not None else parts_of(chosen.seed))
    first = chosen.first if chosen.first is not None else FRESH + time.time_ns() % FRESH
    return _many(first, chosen.seeds, chosen.seconds)


def _many(first: int, seeds: int, seconds: float | None) -> int:
    failed: list[int] = []
    began, days, told = time.monotonic(), 0, 0.0
    for seed in range(first, first + seeds):
        if seconds is not None and time.monotonic() - began > seconds:
            break
        days += 1
        breach = breach_of(plan(seed), parts_of(seed))
        if breach is not None:
            failed.append(seed)
            print(f"seed {seed}: {breach}", flush=True)
        if days % COLLECTED_DAYS == 0:
            gc.collect()
        now = time.monotonic()
        screen = sys.stderr.isatty()
        if (now - told > PROGRESS_S) if screen else days % PROGRESS_DAYS == 0:
            told = now
            line = _progress(days, seeds, len(failed), now - began)
            print(f"\r{line} " if screen else line, end="" if screen else "\n", file=sys.stderr, flush=True)
    took = time.monotonic() - began
    print(f"{days} days from seed {first}: {len(failed)} with a breach; {days / took:.0f} days a second")
    for seed in failed[:TOLD_MAX]:
        _one(seed, parts_of(seed))
    return 1 if failed else 0


def _progress(days: int, seeds: int, failed: int, took: float) -> str:
    left = dt.timedelta(seconds=round((seeds - days) * took / days))
    return f"{days:,} of {seeds:,} days, {failed} with a breach; {days / took:.0f} days a second, {left} left"


def _one(seed: int, parts: Parts) -> int:
    day = plan(seed)
    try:
        breach = breach_of(day, parts)
    except CRASHES:
        print(f"seed {seed}: no promise is broken, the program crashes\n{traceback.format_exc()}")
        return 1
    if breach is None:
        print("\n".join(tell(day, parts)))
        print(f"seed {seed}: no promise is broken, up to the end at {day.ends_at / 1000:g} s")
        return 0
    print("\n".join(tell(shrink(day, parts), parts)))
    return 1


def noticed(parts: Parts, days: int, first: int = 1) -> tuple[int, str] | None:
    """After how many days a mutant is noticed, and by which promise or crash; None: not in so many."""
    for number in range(days):
        try:
            breach = breach_of(plan(first + number), parts)
        except CRASHES as error:
            return number + 1, f"a crash, {type(error).__name__}"
        if breach is not None:
            return number + 1, breach.promise
    return None


def _mutants(days: int) -> int:
    missed = 0
    print("| left out | noticed on day | by |\n|---|---|---|")
    for name, parts in MUTANTS.items():
        found = noticed(parts, days)
        missed += found is None
        print(
            f"| {name} | {'not in ' + str(days) if found is None else found[0]} | {found[1] if found else ''} |",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
