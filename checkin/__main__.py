"""The commands. Exit codes: 0 well, 1 the work failed, 2 wrong use; errors are one line on stderr."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import click

from checkin import main as wiring
from checkin.commands import (
    badges,
    database,
    devices,
    erasure,
    exports,
    imports,
    operators,
    papers,
    simulation,
    stations,
)
from checkin.commands.running import BY_COMMAND, in_store, with_store
from checkin.config import OPTIONS, BadOption, load_settings
from checkin.core.errors import CheckinError
from checkin.core.model import Event
from checkin.service import venues

HEALTH_S_MAX = 5.0


class Commands(click.Group):
    """Turns what fails into one clear line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CheckinError as error:
            click.echo(f"checkin: {error.message}", err=True)
            ctx.exit(2 if isinstance(error, BadOption) else 1)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(wiring.VERSION, prog_name="checkin")
def main() -> None:
    """Check-in on the day of an event.

    Commands work on the database of CHECKIN_DATABASE_URL: sqlite:///FILE (without it sqlite:///checkin.db), or
    postgresql://USER:PASSWORD@HOST/DATABASE. Every option: checkin config.
    """


@main.command()
@click.option("--host", help="address to listen on  [CHECKIN_HOST]")
@click.option("--port", type=click.IntRange(0, 65_535), help="port to listen on  [CHECKIN_PORT]")
def serve(host: str | None, port: int | None) -> None:
    """Run the service; brings the schema up to date first.

    The database is CHECKIN_DATABASE_URL: sqlite:///FILE, or for several nodes
    postgresql://USER:PASSWORD@HOST/DATABASE. Every option: checkin config.
    """
    settings = load_settings()
    wiring.serve(
        settings["database_url"].value,
        host or settings["host"].value,
        settings["port"].value if port is None else port,
        listen_url=settings["database_listen_url"].value,
        proxies=settings["proxies"].value,
        log_level=settings["log_level"].value,
        events_folder=settings["events_folder"].value,
        second_factor=settings["second_factor"].value,
        webhooks_private=settings["webhooks_private"].value,
    )


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True)
@click.option("--speed", type=click.FloatRange(0.1, 3_600), default=60.0, show_default=True, help="times real time")
@click.option("--crowd/--no-crowd", default=True, help="let the crowd come")
@click.option("--fresh", is_flag=True, help="begin the day anew")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-data"), show_default=True)
def demo(host: str, port: int, speed: float, crowd: bool, fresh: bool, data: Path) -> None:
    """The Dortmund conference, today, with a crowd that comes through the doors."""
    from checkin.demo.run import run_demo  # what only the demo needs is loaded for the demo alone

    run_demo(host=host, port=port, speed=speed, crowd=crowd, fresh=fresh, data=data)


@main.command()
@click.option("--url", help="address of the service; without it the configured host and port")
def health(url: str | None) -> None:
    """Ask the running service whether it is well."""
    import httpx

    settings = load_settings()
    address = url or f"http://{settings['host'].value}:{settings['port'].value}"
    try:
        answer = httpx.get(f"{address}/health", timeout=HEALTH_S_MAX)
    except httpx.HTTPError as error:
        raise CheckinError(f"{address} does not answer ({error}). Is `checkin serve` running?") from error
    if answer.status_code != 200:
        raise CheckinError(f"{address} is not well: {answer.text}")
    version = with_store(lambda store: store.version())
    click.echo(f"{address} is well ({version}).")
    if ailing := answer.json().get("detail"):
        click.echo(ailing)


@main.command()
def config() -> None:
    """Print every option with its value and where it came from."""
    settings = load_settings()
    for option in OPTIONS:
        setting = settings[option.name]
        click.echo(f"{option.name} = {setting.shown()}    # from {setting.source}; {option.help}")


@main.group()
def event() -> None:
    """Events of this database."""


@event.command("create")
@click.argument("slug")
@click.option("--name", required=True)
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), required=True)
@click.option("--timezone", default="Europe/Berlin", show_default=True)
def create_event(slug: str, name: str, date: dt.datetime, timezone: str) -> None:
    """Make an event."""
    made = Event(slug=slug, name=name, date=date.date(), timezone=timezone)
    in_store(lambda tx: venues.create_event(tx, made, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"{slug} is created. Next: checkin import layout {slug} FILE.toml")


for command in (
    imports.import_,
    badges.print_badges,
    badges.print_codes,
    operators.operator,
    devices.device,
    stations.station,
    exports.export,
    exports.export_audit,
    simulation.simulate,
    papers.print_certificates,
    papers.print_fallback,
    erasure.give_access,
    erasure.erase,
    database.migrate,
    database.verify,
    database.backup,
    database.restore,
    database.copy,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
