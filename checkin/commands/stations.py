"""The stations of an event."""

from __future__ import annotations

import click

from checkin import main as wiring
from checkin.commands.running import BY_COMMAND, in_store, say_json
from checkin.service import stations
from checkin.service.venues import Venues
from checkin.store.engine import Transaction


@click.group()
def station() -> None:
    """Stations: the programs at doors, which go on when they are cut off."""


@station.command("list")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="for machines")
def list_stations(slug: str, as_json: bool) -> None:
    """How each station is, what it may let in by itself, and how many lines of its log the centre lacks."""
    known = Venues()

    def read(tx: Transaction) -> tuple[stations.StationsShown, dict[str, str]]:
        shown = stations.stations_shown(tx, known, slug, now=wiring.wall_clock())
        return shown, {area.id: area.name for area in known.venue(tx, slug).layout.areas.values()}

    shown, names = in_store(read)
    if as_json:
        say_json(shown)
        return
    for one in shown.stations:
        # One that was revoked may have held places of an area that the layout no longer has.
        rights = ", ".join(f"{names.get(seats.area, seats.area)} {seats.rights}" for seats in one.seats) or "none"
        aside = sum(seats.to_count for seats in one.seats)
        click.echo(
            f"{one.door}  {one.name}: {stations.state_of(one)}; may let in: {rights};"
            f" lacking: {one.due - one.rows} of {one.due} lines"
            + (f"; free when counted: {aside}" if aside else "")
            + f"  [{one.id}]"
        )
    if not shown.stations:
        click.echo(f"{slug} has no stations.")
    if shown.conflicts:
        many = "1 conflict is" if shown.conflicts == 1 else f"{shown.conflicts} conflicts are"
        click.echo(f"{many} to be settled, on the page Stations.")
    if shown.restored is not None:
        uncounted = ", ".join(names[area] for area in shown.restored.uncounted)
        unheard = [f"{one.door} {one.name}" for one in shown.stations if not one.known]
        click.echo(
            f"Put back from a backup: {shown.restored.reported} of {len(shown.stations)} stations have reported."
            + (f" Count first, on the page Rooms: {uncounted}." if uncounted else "")
            + f" {'Then, if' if uncounted else 'If'} no door is missing here: checkin station confirm {slug}"
        )
        if unheard:
            click.echo(
                f"Not heard of yet: {', '.join(unheard)}. One that was revoked has wiped itself"
                f" and will not be heard of again: checkin station retire {slug} ID --yes, then count its areas."
            )


@station.command("confirm")
@click.argument("slug")
def confirm_stations(slug: str) -> None:
    """After a restore: no door is missing on the list of stations."""
    known = Venues()

    def confirm(tx: Transaction) -> list[str]:
        shown = stations.stations_shown(tx, known, slug, now=wiring.wall_clock())
        generation = shown.restored.generation if shown.restored is not None else 0
        stations.confirm_roster(tx, known, slug, generation, now=wiring.wall_clock(), by=BY_COMMAND)
        return [f"{one.door} {one.name}" for one in shown.stations if not one.known]

    unheard = in_store(confirm)
    click.echo(f"{slug}: the list of stations is confirmed.")
    if unheard:
        click.echo(f"Not heard of yet: {', '.join(unheard)}. Of their areas nothing is given away before they report.")


@station.command("retire")
@click.argument("slug")
@click.argument("id")
@click.option("--yes", is_flag=True, required=True, help="the machine is switched off, and stays so")
def retire_station(slug: str, id: str, yes: bool) -> None:
    """A station was switched off. Its places are free when its areas have been counted."""
    known = Venues()
    in_store(lambda tx: stations.retire_station(tx, known, slug, id, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"station {id} is retired. Count its areas now: so its places come free.")
