"""A planned day, played."""

from __future__ import annotations

from pathlib import Path

import click

from checkin.commands.running import content_of, in_store, say_json, say_progress, write_out
from checkin.core import forecast
from checkin.core.queueing import SERVICE_S_DEFAULT
from checkin.core.schedule import Programme
from checkin.exchange.layout import read_layout
from checkin.exchange.schedule import read_schedule
from checkin.service import simulation_report
from checkin.service.forecast import no_show_of
from checkin.service.pulse import Pulse
from checkin.service.simulation import GUESTS_MAX, Guest, Setting, guests_of, guests_planned, play
from checkin.service.venues import Venues


@click.command("simulate")
@click.argument("slug", required=False)
@click.option("--layout", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="a layout file instead")
@click.option("--schedule", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="its programme")
@click.option("--registrations", type=click.IntRange(1, GUESTS_MAX), help="so many; without it those of the event")
@click.option("--no-show", type=click.FloatRange(0, 99), help="percent who stay away; else as forecast")
@click.option("--service", type=click.FloatRange(2, 120), default=SERVICE_S_DEFAULT, help="s a person  [8]")
@click.option("--lanes", help="lanes that are open, D1=4,D2=1; without it all that a door has")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="the same seed is the same day")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="the picture, FILE.svg")
@click.option("--json", "as_json", is_flag=True, help="for machines")
def simulate(
    slug: str | None,
    layout: Path | None,
    schedule: Path | None,
    registrations: int | None,
    no_show: float | None,
    service: float,
    lanes: str | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Play a planned day: how many lanes, where it will be full, the longest wait."""
    if (slug is None) == (layout is None):
        raise click.UsageError("Name an event of the database, or a --layout FILE.")
    if layout is not None and registrations is None:
        raise click.UsageError("Say how many are registered (--registrations N): a layout file does not know.")
    if out is not None and out.suffix != ".svg":
        raise click.UsageError("The picture is SVG: --out FILE.svg")
    if layout is not None:
        house = read_layout(content_of(layout))
        programme = Programme(house.event, read_schedule(content_of(schedule), house) if schedule else ())
        registered: list[Guest] = []
        usual = forecast.no_show(house.event.no_show_percent, ())
    else:
        known = Venues()
        venue = in_store(lambda tx: known.venue(tx, slug or ""))
        house, programme = venue.layout, venue.programme
        registered, usual = in_store(lambda tx: (guests_of(tx, venue), no_show_of(tx, venue, Pulse())))
    guests = guests_planned(house, programme, registered, registrations, seed)
    percent = usual.percent if no_show is None else no_show
    setting = Setting(seed=seed, no_show_percent=percent, lanes=_lanes(lanes), service_s=service)
    say_progress(f"{len(guests)} registrations are being played …")
    played = play(house, programme, guests, setting)
    if out is not None:
        write_out(out, simulation_report.picture(played, house, "en"))
    if as_json:
        say_json(played)
    else:
        for line in simulation_report.table(played, house):
            click.echo(line)
        if out is not None:
            click.echo(f"{out} is the picture.")


def _lanes(text: str | None) -> dict[str, int]:
    """door → lanes, from `D1=4,D2=1`."""
    lanes: dict[str, int] = {}
    for part in (text or "").split(","):
        door, _, number = part.partition("=")
        if part and not (door.strip() and number.strip().isdigit()):
            raise click.UsageError(f"--lanes is written D1=4,D2=1 (not “{part}”).")
        if part:
            lanes[door.strip()] = int(number)
    return lanes
