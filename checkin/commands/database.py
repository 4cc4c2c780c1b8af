"""The database as a whole: its schema, copies, and whether it adds up."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import click

from checkin import main as wiring
from checkin.commands.running import BY_COMMAND, in_store, with_store
from checkin.config import database_path, is_postgres, load_settings
from checkin.core.errors import CheckinError, Conflict
from checkin.service import people, stations
from checkin.service.venues import Venues
from checkin.service.verify import verify as verify_event
from checkin.store import events
from checkin.store.copying import copy_all
from checkin.store.engine import Transaction
from checkin.store.sqlite import ServeLock


@click.command()
def migrate() -> None:
    """Bring the schema of the database up to date."""
    in_store(lambda tx: None)
    click.echo("The schema is up to date.")


@click.command("verify")
@click.argument("slug")
def verify(slug: str) -> None:
    """Add the facts up again and compare with the counters."""
    known = Venues()
    differences = in_store(lambda tx: verify_event(tx, known, slug))
    for difference in differences:
        click.echo(difference)
    if differences:
        raise CheckinError(f"{slug}: the counters differ from the facts.", code="verify_failed")
    click.echo(f"{slug}: the counters are what the facts add up to.")


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the database while it runs."""
    if file.exists():
        raise Conflict(f"{file} exists already. Name a new file.", code="file_exists")
    with_store(lambda store: store.backup(str(file)))
    click.echo(f"{file}: {file.stat().st_size:,} bytes.")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(file: Path) -> None:
    """Put a backup into an empty database.

    Of what happened since, the stations at the doors know. Until each has told, and somebody has confirmed that none is
    missing, the centre gives away no place of their areas.
    """
    url = load_settings()["database_url"].value
    waiting: list[str] = []

    def put_back(tx: Transaction) -> None:
        now, known = people.wall_ms(), Venues()
        found = events.events_with_layout(tx)
        waiting[:] = [slug for slug in found if stations.put_back(tx, known, slug, now=now, by=BY_COMMAND)]

    rows = _copy(f"sqlite:///{file.absolute()}", url, put_back)
    click.echo(f"Restored from {file}: {rows:,} rows.")
    for slug in waiting:
        click.echo(
            f"{slug} has stations. Start the service, wait until all have reported, look whether a door is missing"
            f" (checkin station list {slug}), then: checkin station confirm {slug}"
        )


@click.command("copy")
@click.argument("from_url")
@click.argument("to_url")
def copy(from_url: str, to_url: str) -> None:
    """Copy everything from one database into another, empty one: from SQLite to PostgreSQL or back."""
    rows = _copy(from_url, to_url)
    click.echo(f"Copied {rows:,} rows, and every event's counters are what its facts add up to.")


def _copy(from_url: str, to_url: str, then: Callable[[Transaction], None] = lambda tx: None) -> int:
    """Copy, do `then` in the target, then verify every event; how many rows. Raises `CheckinError`."""

    def told(table: str, rows: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{table}: {rows:,}", nl=False, err=True)

    async def work() -> int:
        async with wiring.store_of(from_url) as source, wiring.store_of(to_url) as target:
            rows = await copy_all(source, target, told)
            await target.write(then)
            for slug in await target.read(events.events_with_layout):
                if differences := await target.read(lambda tx, slug=slug: verify_event(tx, Venues(), slug)):  # type: ignore[misc]
                    raise CheckinError(f"{slug}: {differences[0]}", code="verify_failed")
            return rows

    lock = None if is_postgres(to_url) else ServeLock(database_path(to_url))
    try:
        return asyncio.run(work())
    finally:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", nl=False, err=True)
        if lock is not None:
            lock.release()
