"""What a played day says: as a table for a terminal, and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checkin.core.layout import Layout
from checkin.core.schedule import Programme
from checkin.exchange.plot import Panel, Series, plot_svg
from checkin.service.simulation import Guest, Played, Setting, play
from checkin.words import say

ROOMS_DRAWN_MAX = 8


def table(played: Played, layout: Layout) -> Iterator[str]:
    """The answers, line by line."""

    def clock(at: int) -> str:
        return f"{layout.clock(at):%H:%M}"

    yield (
        f"{played.registered} registered, {played.stayed_away} stay away ({played.no_show_percent:g} % expected),"
        f" {played.walk_ins} walk in:"
        f" {played.came} come, {played.turned_away} are turned away (seed {played.seed})."
    )
    yield (
        f"The programme begins at {clock(played.begins_at)}; in the busiest ten minutes, from"
        f" {clock(played.busiest_ten_at)}, {played.busiest_ten} arrive."
    )
    if played.longest_wait_at:
        yield f"The longest wait at an entrance: {played.longest_wait_min:.1f} min ({played.longest_wait_at})."
    if played.waited_for_place:
        yield (
            f"{played.waited_for_place} find the house full and get in later, after"
            f" {played.place_longest_min:.0f} min at the longest."
        )
    yield ""
    yield "Doors: how long people wait, and how many lanes keep 95 of 100 below five minutes"
    rows = [("door", "name", "came", "in 10 min", "lanes", "median", "95 %", "longest", "at", "needed")]
    rows += [
        (
            one.door,
            one.name,
            str(one.came),
            str(one.busiest_ten),
            str(one.lanes),
            f"{one.wait_median_min:.1f}",
            f"{one.wait_p95_min:.1f}",
            f"{one.wait_longest_min:.1f}",
            clock(one.longest_at),
            "more than possible" if one.lanes_needed is None else str(one.lanes_needed),
        )
        for one in sorted(played.doors, key=lambda one: not one.entrance)
    ]
    yield from _columns(rows)
    yield ""
    yield "Areas: where it is full (but for wheelchair places)"
    areas = [
        ("area", "name", "approved", "most", "at", "full from", "for min", "find it full", "no place", "taken over")
    ]
    areas += [
        (
            one.area,
            one.name,
            "–" if one.capacity is None else str(one.capacity),
            str(one.most),
            clock(one.most_at) if one.most else "–",
            "–" if one.full_at is None else clock(one.full_at),
            f"{one.full_min:.0f}" if one.full_at is not None else "–",
            str(one.refused),
            str(one.refused - one.placed),
            str(played.overflowed.get(one.area, 0)),
        )
        for one in played.areas
    ]
    yield from _columns(areas)
    yield ""
    yield from _advice(played)


def _advice(played: Played) -> Iterator[str]:
    for one in played.doors:
        if one.lanes_needed is None:
            yield f"{one.door} {one.name}: no number of lanes is enough; send people to other doors."
        elif one.lanes_needed > one.lanes:
            yield (
                f"{one.door} {one.name}: open {one.lanes_needed} lanes instead of {one.lanes}"
                f" (95 of 100 would wait {one.wait_p95_min:.0f} min)."
            )
    for area in played.areas:
        if area.refused:
            yield (
                f"{area.area} {area.name}: {area.refused} find it full, {area.placed} of them a place elsewhere or"
                f" later; {area.refused - area.placed} find none."
            )


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  " + "  ".join(cells).rstrip()


def picture(played: Played, layout: Layout, language: str, *, narrow: bool = False) -> bytes:
    """The day as SVG: who is in the house, the rooms that fill most, how many wait at the entrances."""
    curve = played.curve
    house = layout.house
    limit = house.visitors if house.visitors is not None else house.persons
    in_house = [
        Series(label=say("simulationArrived", language), points=[(one.at, one.arrived) for one in curve]),
        Series(label=say("simulationInside", language), points=[(one.at, one.inside) for one in curve]),
    ]
    if limit is not None and limit <= 2 * max((one.arrived for one in curve), default=0):
        ends = (curve[0].at, curve[-1].at)
        in_house.append(
            Series(
                label=say("simulationApproved", language, count=limit), points=[(at, limit) for at in ends], limit=True
            )
        )
    fullest = sorted(
        (one for one in played.areas if one.capacity and one.area != house.id),
        key=lambda one: -one.most / (one.capacity or 1),
    )[:ROOMS_DRAWN_MAX]
    rooms = [
        Series(
            label=one.name,
            points=[(moment.at, 100 * moment.rooms[one.area] / (one.capacity or 1)) for moment in curve],
        )
        for one in fullest
    ]
    waiting = [Series(label=say("simulationWaiting", language), points=[(one.at, one.waiting) for one in curve])]
    if any(one.for_place for one in curve):
        label = say("simulationForPlace", language)
        waiting.append(Series(label=label, points=[(one.at, one.for_place) for one in curve]))
    panels = [
        Panel(title=say("simulationHouse", language), series=in_house),
        Panel(title=say("simulationQueue", language), series=waiting),
    ]
    if rooms:
        panels.insert(1, Panel(title=say("simulationRooms", language), series=rooms))
    return plot_svg(f"{layout.event.name} – {say('simulation', language)}", panels, layout.zone, narrow=narrow)


def play_and_draw(
    layout: Layout, programme: Programme, guests: Sequence[Guest], setting: Setting, language: str, narrow: bool
) -> tuple[Played, bytes]:
    """Both at once, for a process of its own. Raises what `play` raises."""
    played = play(layout, programme, guests, setting)
    return played, picture(played, layout, language, narrow=narrow)
