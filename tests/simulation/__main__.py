"""Days by the thousand: `make simulate SEEDS=n`, `ARGS="--first 7"`, `ARGS="--seed 1132"`, `ARGS=--mutants`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.simulation.day import Parts
from tests.simulation.mutants import MUTANTS
from tests.simulation.plan import plan
from tests.simulation.story import breach_of, shrink, tell

FRESH = 1 << 40
TOLD_MAX = 3


def main() -> int:
    ask = argparse.ArgumentParser(prog="tests.simulation", description=__doc__)
    ask.add_argument("--seeds", type=int, default=2_000, help="how many days")
    ask.add_argument("--first", type=int, help="the first seed; without, a fresh one")
    ask.add_argument("--seed", type=int, help="tell this one day, as short as it still fails")
    ask.add_argument("--seconds", type=float, help="stop after so long")
    ask.add_argument("--mutants", action="store_true", help="leave each rule out, and say when that was noticed")
    chosen = ask.parse_args()
    if chosen.mutants:
        return _mutants(chosen.seeds)
    if chosen.seed is not None:
        return _one(chosen.seed)
    first = chosen.first if chosen.first is not None else FRESH + time.time_ns() % FRESH
    return _many(first, chosen.seeds, chosen.seconds)


def _many(first: int, seeds: int, seconds: float | None) -> int:
    began, failed, days = time.monotonic(), [], 0
    for seed in range(first, first + seeds):
        if seconds is not None and time.monotonic() - began > seconds:
            break
        days += 1
        breach = breach_of(plan(seed))
        if breach is not None:
            failed.append(seed)
            print(f"seed {seed}: {breach}", flush=True)
        if sys.stderr.isatty() and days % 100 == 0:
            print(f"\r{days} of {seeds} days, {len(failed)} with a breach", end="", file=sys.stderr)
    took = time.monotonic() - began
    print(f"{days} days from seed {first}: {len(failed)} with a breach; {days / took:.0f} days a second")
    for seed in failed[:TOLD_MAX]:
        _one(seed)
    return 1 if failed else 0


def _one(seed: int) -> int:
    day = plan(seed)
    if breach_of(day) is None:
        print("\n".join(tell(day)))
        return 0
    print("\n".join(tell(shrink(day))))
    return 1


def noticed(parts: Parts, days: int, first: int = 1) -> tuple[int, str] | None:
    """After how many days a mutant is noticed, and by which promise; None: not in so many."""
    for number in range(days):
        try:
            breach = breach_of(plan(first + number), parts)
        except (AssertionError, KeyError, ValueError, RuntimeError) as error:
            return number + 1, type(error).__name__
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
