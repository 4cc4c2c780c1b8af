"""A failing day, made as short as it still fails, and told line by line."""

from __future__ import annotations

from msgspec.structs import replace

from tests.simulation.day import Breach, Parts, play
from tests.simulation.plan import Act, Day, Weather

FINE = Weather(lost=0, doubled=0, late=0, late_ms=1_000)


def breach_of(day: Day, parts: Parts | None = None) -> Breach | None:
    """How a day fails; None: it does not."""
    try:
        play(day, parts)
    except Breach as breach:
        return breach
    return None


def shrink(day: Day, parts: Parts | None = None) -> Day:
    """The same day with as little as still breaks the same promise: acts are left out in ever smaller parts,
    links are made fine and clocks right, where that changes nothing about it."""
    breach = breach_of(day, parts)
    assert breach is not None, "this day is well"
    promise = breach.promise

    def fails(other: Day) -> bool:
        found = breach_of(other, parts)
        return found is not None and found.promise == promise

    for simpler in (
        replace(day, weather=FINE),
        replace(day, weather=replace(day.weather, doubled=0)),
        replace(day, weather=replace(day.weather, lost=0)),
        replace(day, weather=replace(day.weather, late=0)),
    ):
        if fails(simpler):
            day = simpler
            break
    still = tuple(0 for _ in day.drift)
    if fails(replace(day, drift=still)):
        day = replace(day, drift=still)
    size, before = len(day.acts) // 2, 0
    while size and len(day.acts) != before:
        start, before = 0, len(day.acts) if size == 1 else 0
        while start < len(day.acts):
            shorter = replace(day, acts=day.acts[:start] + day.acts[start + size :])
            if fails(shorter):
                day = shorter
            else:
                start += size
        size = max(1, size // 2)
    return _without_others(day, fails)


def _without_others(day: Day, fails: object) -> Day:
    assert callable(fails)
    own = tuple(range(len(day.copies)))
    return replace(day, copies=own) if day.copies != own and fails(replace(day, copies=own)) else day


def tell(day: Day, parts: Parts | None = None) -> list[str]:
    """What happened, line by line, up to the breach."""
    lines = [f"seed {day.seed}: {len(day.acts)} acts, links {_links(day.weather)}"]
    try:
        play(day, parts, tell=lines.append)
    except Breach as breach:
        lines.append(f"{breach.at / 1000:7.3f}  BREACH of {breach}")
    return lines


def _links(weather: Weather) -> str:
    if weather == FINE:
        return "fine"
    return (
        f"of 1,000 messages {weather.lost} lost, {weather.doubled} doubled, {weather.late} late by up to "
        f"{weather.late_ms / 1000:g} s"
    )


__all__ = ["Act", "breach_of", "shrink", "tell"]
