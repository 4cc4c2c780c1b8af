"""The database as a whole: its schema, copies, and whether it adds up."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from checkin import main as wiring
from checkin.commands.running import BY_COMMAND, in_store, with_store
from checkin.config import check_database_url, database_path, is_postgres, load_settings
from checkin.core.errors import CheckinError, Conflict
from checkin.service import people, stations
from checkin.service.duty import is_at_work
from checkin.service.venues import Venues
from checkin.service.verify import verify as verify_event
from checkin.store import events
from checkin.store.copying import Copied, copy_all
from checkin.store.engine import Transaction
from checkin.store.sqlite import ServeLock, is_served, is_up_to_date
from checkin.terminal import CLEAR_LINE


@click.command()
def migrate() -> None:
    """Bring the schema of the database up to date.

    The database is CHECKIN_DATABASE_URL: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.
    """
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
    """Copy the database while it runs.

    FILE is there when all of it is: until then it is FILE.part.
    """
    if file.exists():
        raise Conflict(f"{file} exists already. Name a new file.", code="file_exists")
    part = file.with_name(f"{file.name}.part")
    _check_folder(part)
    _remove(part)
    try:
        with_store(lambda store: store.backup(str(part)))
        part.rename(file)
    finally:
        _remove(part)
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

    with _of_this_version(file) as present:
        rows = _copy(f"sqlite:///{present.absolute()}", url, put_back)
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
    """Copy everything from one database into another, empty one.

    From SQLite to PostgreSQL or back, all of it or nothing; then the counters of every event are verified against its
    facts. Stop every `checkin serve` on both first: what is scanned while it copies, or after, is not in the copy.

    \b
    FROM_URL, TO_URL: sqlite:///FILE, sqlite:////ABSOLUTE/FILE
                      or postgresql://USER:PASSWORD@HOST/DATABASE
    Example:
      checkin copy sqlite:///checkin.db postgresql://checkin:secret@10.0.0.5/checkin
    """
    check_database_url(from_url, "FROM_URL")
    check_database_url(to_url, "TO_URL")
    rows = _copy(from_url, to_url)
    click.echo(f"Copied {rows:,} rows, and every event's counters are what its facts add up to.")


def _copy(from_url: str, to_url: str, then: Callable[[Transaction], None] = lambda tx: None) -> int:
    """Copy, do `then` in the target, and verify every event; how many rows. All of it or nothing. Raises
    `CheckinError`."""

    def told(table: str, rows: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"{CLEAR_LINE}{table}: {rows:,}", nl=False, err=True)

    def finish(tx: Transaction) -> None:
        then(tx)
        for slug in events.events_with_layout(tx):
            if differences := verify_event(tx, Venues(), slug):
                raise CheckinError(f"{slug}: {differences[0]}", code="verify_failed")

    async def work() -> Copied:
        async with wiring.store_of(from_url, migrates=False) as source:
            if not await source.read(events.event_ids):
                raise CheckinError("There is no event in the source. Check its address.", code="nothing_to_copy")
            async with wiring.store_of(to_url) as target:
                if await is_at_work(target):
                    raise Conflict("A `checkin serve` runs on the target. Stop it first.", code="in_use")
                served = await is_at_work(source) if is_postgres(from_url) else is_served(database_path(from_url))
                if served:
                    click.echo(
                        "A `checkin serve` runs on the source: what it takes from now on is not in the copy."
                        " To move for good, stop it and copy once more, into an empty database.",
                        err=True,
                    )
                return await copy_all(source, target, told, finish)

    file = None if is_postgres(to_url) else database_path(to_url)
    is_new = file is not None and not file.exists()
    if file is not None:
        _check_folder(file)
    lock = None if file is None else ServeLock(file)
    try:
        copied = asyncio.run(work())
        is_new = False
    except KeyboardInterrupt:
        raise CheckinError("Stopped. The target is as it was: copy again.", code="stopped") from None
    finally:
        if sys.stderr.isatty():
            click.echo(CLEAR_LINE, nl=False, err=True)
        if file is not None and is_new:
            _remove(file)
        if lock is not None:
            lock.release()
    for table, key in copied.mended:
        click.echo(f"{table} {' '.join(map(str, key))}: a text held a NUL character, now � stands for it.", err=True)
    return copied.total


@contextmanager
def _of_this_version(file: Path) -> Iterator[Path]:
    """A backup as this version reads it: one of an older version is brought up to date in a copy."""
    if is_up_to_date(file):
        yield file
        return
    with TemporaryDirectory(prefix="checkin-restore-") as folder:
        present = Path(folder) / file.name
        shutil.copyfile(file, present)
        asyncio.run(_migrated(present))
        yield present


async def _migrated(file: Path) -> None:
    async with wiring.store_of(f"sqlite:///{file}"):
        pass


def _check_folder(file: Path) -> None:
    if not file.absolute().parent.is_dir():
        raise CheckinError(f"There is no folder {file.absolute().parent}. Make it, or name another.", code="no_folder")


def _remove(database: Path) -> None:
    """A database file that was not finished, and what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm", "-journal"):
        database.with_name(database.name + end).unlink(missing_ok=True)
