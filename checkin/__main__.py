"""The commands. Exit codes: 0 well, 1 the work failed, 2 wrong use; errors are one line on stderr."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from checkin import main as wiring
from checkin.badges.face import BadgeFace
from checkin.badges.formats import FORMATS, format_of
from checkin.badges.misfits import check_letters
from checkin.badges.preflight import check_lengths
from checkin.badges.render import render_pdf
from checkin.badges.templates import own_templates
from checkin.config import OPTIONS, database_path, load_settings
from checkin.core.errors import BadInput, CheckinError, Conflict, TooLarge
from checkin.core.model import Event
from checkin.exchange.attendees import read_attendees
from checkin.exchange.layout import read_layout
from checkin.exchange.schedule import read_schedule
from checkin.exchange.tables import write_table
from checkin.service import attendees, badges, exports, people, schedule, venues
from checkin.service.venues import Venues
from checkin.service.verify import verify as verify_event
from checkin.store import events
from checkin.store.engine import Transaction
from checkin.store.sqlite import ServeLock
from checkin.wire import UPLOAD_BYTES_MAX

T = TypeVar("T")

BY_COMMAND = "command"
HEALTH_S_MAX = 5.0


class Commands(click.Group):
    """Turns what fails into one clear line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CheckinError as error:
            click.echo(f"checkin: {error.message}", err=True)
            ctx.exit(1)
        except BrokenPipeError:
            sys.stderr.close()
            ctx.exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(wiring.VERSION, prog_name="checkin")
def main() -> None:
    """Check-in on the day of an event."""


@main.command()
@click.option("--host", help="address to listen on  [CHECKIN_HOST]")
@click.option("--port", type=click.IntRange(0, 65_535), help="port to listen on  [CHECKIN_PORT]")
def serve(host: str | None, port: int | None) -> None:
    """Run the service; brings the schema up to date first."""
    settings = load_settings()
    wiring.serve(
        settings["database_url"].value,
        host or settings["host"].value,
        settings["port"].value if port is None else port,
        proxies=settings["proxies"].value,
        log_level=settings["log_level"].value,
        events_folder=settings["events_folder"].value,
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
def migrate() -> None:
    """Bring the schema of the database up to date."""
    _in_store(lambda tx: None)
    click.echo("The schema is up to date.")


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
    version = asyncio.run(_engine_version())
    click.echo(f"{address} is well ({version}).")


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
    _in_store(lambda tx: venues.create_event(tx, made, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"{slug} is created. Next: checkin import layout {slug} FILE.toml")


@main.group("import")
def import_() -> None:
    """Files in: layout, attendees, schedule."""


def _file_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--json", "as_json", is_flag=True, help="the report for machines")(command)
    command = click.option("--dry-run", is_flag=True, help="show everything, write nothing")(command)
    command = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))(command)
    return click.argument("slug")(command)


@import_.command("layout")
@_file_options
def import_layout(slug: str, file: Path, dry_run: bool, as_json: bool) -> None:
    """The venue, as TOML."""
    layout = read_layout(_content(file))
    if layout.event.slug != slug:
        raise BadInput(f"{file} is the layout of “{layout.event.slug}”, not of “{slug}”.", code="other_event")

    def work(tx: Transaction) -> None:
        venues.import_layout(tx, layout, now=wiring.wall_clock(), by=BY_COMMAND)
        if dry_run:
            raise _DryRun

    _in_store(work)
    report = {"dry_run": dry_run, "groups": len(layout.groups), "areas": len(layout.areas), "doors": len(layout.doors)}
    _report(report, as_json, f"{len(layout.areas)} areas, {len(layout.doors)} doors, {len(layout.groups)} groups")


@import_.command("attendees")
@_file_options
def import_attendees(slug: str, file: Path, dry_run: bool, as_json: bool) -> None:
    """The list of attendees, CSV or XLSX."""
    known = Venues()
    venue = _in_store(lambda tx: known.venue(tx, slug))
    listed = read_attendees(_content(file), name=file.name, groups=list(venue.layout.groups.values()))
    report = _in_store(
        lambda tx: attendees.import_attendees(
            tx, known, slug, listed, now=wiring.wall_clock(), by=BY_COMMAND, dry_run=dry_run
        )
    )
    for note in report.notes:
        if not as_json and note.level != "info":
            click.echo(f"line {note.line}: {note.column or 'row'}: {note.message}", err=True)
    words = (
        f"{report.rows_read} rows: {report.added} new, {report.changed} changed, {report.unchanged} as before,"
        f" {report.duplicates} duplicates, {report.refused} refused (read as {report.encoding})"
    )
    if report.unknown_columns and not as_json:
        click.echo(f"columns not known and left out: {', '.join(report.unknown_columns)}", err=True)
    _report(msgspec.to_builtins(report), as_json, words)


@import_.command("schedule")
@_file_options
def import_schedule(slug: str, file: Path, dry_run: bool, as_json: bool) -> None:
    """The programme: frab JSON or XML, iCalendar."""
    known = Venues()
    venue = _in_store(lambda tx: known.venue(tx, slug))
    sessions = read_schedule(_content(file), venue.layout)

    def work(tx: Transaction) -> None:
        schedule.import_schedule(tx, known, slug, sessions, now=wiring.wall_clock(), by=BY_COMMAND)
        if dry_run:
            raise _DryRun

    _in_store(work)
    _report({"dry_run": dry_run, "sessions": len(sessions)}, as_json, f"{len(sessions)} sessions")


@main.command("badges")
@click.argument("slug")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="the PDF to write")
@click.option("--format", "form", help=f"one of {', '.join(FORMATS)}; a6 without it, for --check all")
@click.option("--group", help="only this group")
@click.option("--sheet", type=click.Choice(["a4"]), help="several on a sheet with crop marks")
@click.option("--check", is_flag=True, help="issue nothing; name everybody whose badge would not come out right")
@click.option("--json", "as_json", is_flag=True, help="the check for machines")
def print_badges(
    slug: str, out: Path | None, form: str | None, group: str | None, sheet: str | None, check: bool, as_json: bool
) -> None:
    """Issue badges where needed and write them as one PDF; or check them before (--check)."""
    if check == (out is not None):
        raise click.UsageError("Say where the badges go (--out FILE.pdf), or --check.")
    own = own_templates(load_settings()["events_folder"].value, slug)
    if out is None:
        _check_badges(slug, [format_of(form).id] if form else list(FORMATS), group, own, as_json)
        return
    known = Venues()
    format = format_of(form or "a6", sheet=sheet is not None).id

    def work(tx: Transaction) -> tuple[int, list[BadgeFace]]:
        venue = known.venue(tx, slug)
        if group is not None and group not in venue.layout.groups:
            raise BadInput(f"There is no group “{group}”; there are: {', '.join(venue.layout.groups)}.")
        issued = badges.issue_missing(tx, known, slug, group=group, now=wiring.wall_clock(), by=BY_COMMAND)
        return len(issued), badges.faces(tx, known, slug, group)

    issued, faces = _in_store(work)
    if not faces:
        raise BadInput("Nobody is registered who would get a badge. Import the attendees first.")
    _progress(f"{len(faces)} badges are being set …")
    _write(out, render_pdf(faces, format=format, sheet=sheet is not None, own=own))
    numbers = [face.desk_number for face in faces]
    _in_store(lambda tx: badges.mark_printed(tx, known, slug, numbers, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"{out}: {len(faces)} badges, {issued} of them new.")


def _check_badges(slug: str, forms: list[str], group: str | None, own: Path, as_json: bool) -> None:
    known = Venues()
    faces = _in_store(lambda tx: badges.drafts(tx, known, slug, group=group))
    misfits = check_letters(faces)
    for form in forms:
        _progress(f"{len(faces)} badges are being measured as {form} …")
        misfits += check_lengths(faces, form, own=own)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(misfits)).decode())
    else:
        for misfit in misfits:
            click.echo(misfit)
    if misfits:
        raise CheckinError(f"{len(misfits)} texts on {len(faces)} badges do not fit.", code="badges_misfit")
    if not as_json:
        click.echo(f"{len(faces)} badges fit: {', '.join(forms)}.")


def _progress(words: str) -> None:
    """What is being done, for a person at a terminal."""
    if sys.stderr.isatty():
        click.echo(words, err=True)


@main.command("codes")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="for machines")
def print_codes(slug: str, as_json: bool) -> None:
    """The code of every badge. Whoever has it can print badges: keep it safe."""
    known = Venues()
    codes = _in_store(lambda tx: badges.all_codes(tx, known, slug))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(codes)).decode())
    else:
        for code in codes:
            click.echo(f"{code.code}\t{code.ticket}\t{code.name}")


@main.group()
def operator() -> None:
    """Operators, who log in with a password."""


@operator.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(["steward", "desk", "organiser", "safety", "viewer"]), required=True)
@click.option("--password-stdin", is_flag=True, required=True, help="read the password from standard input")
def add_operator(name: str, role: Any, password_stdin: bool) -> None:
    """Make an operator."""
    password = sys.stdin.readline().rstrip("\r\n")
    _in_store(lambda tx: people.add_operator(tx, name, role, password, now=wiring.wall_clock()))
    click.echo(f"{name} may log in as {role}.")


@main.group()
def device() -> None:
    """Devices, which have a token."""


@device.command("add")
@click.argument("slug")
@click.argument("name")
@click.option("--role", type=click.Choice(["door", "display", "desk"]), required=True)
@click.option("--door")
@click.option("--json", "as_json", is_flag=True, help="for machines")
def add_device(slug: str, name: str, role: Any, door: str | None, as_json: bool) -> None:
    """Make a device and print its token, this once."""
    known = Venues()
    made, token = _in_store(
        lambda tx: people.add_device(tx, known, slug, name, role, door, now=wiring.wall_clock(), by=BY_COMMAND)
    )
    if as_json:
        click.echo(msgspec.json.encode({"id": made.id, "token": token}).decode())
    else:
        click.echo(f"device {made.id}\ntoken  {token}\nThe token is not shown again.")


@device.command("revoke")
@click.argument("slug")
@click.argument("id")
def revoke_device(slug: str, id: str) -> None:
    """Its token lets nobody in from now on."""
    known = Venues()
    _in_store(lambda tx: people.revoke_device(tx, known, slug, id, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"device {id} is revoked.")


@main.command("export")
@click.argument("what", type=click.Choice(["attendees", "scans", "attendance"]))
@click.argument("slug")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.csv, .xlsx or .json")
def export(what: Any, slug: str, out: Path) -> None:
    """Write a table of the event."""
    known = Venues()
    table = _in_store(lambda tx: exports.table(tx, known, slug, what))
    _write(out, write_table(table, out.suffix))
    click.echo(f"{out}: {len(table.rows)} rows.")


@main.command("verify")
@click.argument("slug")
def verify(slug: str) -> None:
    """Add the facts up again and compare with the counters."""
    known = Venues()
    differences = _in_store(lambda tx: verify_event(tx, known, slug))
    for difference in differences:
        click.echo(difference)
    if differences:
        raise CheckinError(f"{slug}: the counters differ from the facts.", code="verify_failed")
    click.echo(f"{slug}: the counters are what the facts add up to.")


@main.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the database while it runs."""
    if file.exists():
        raise Conflict(f"{file} exists already. Name a new file.", code="file_exists")

    async def work() -> None:
        async with wiring.store_of(load_settings()["database_url"].value) as store:
            await store.backup(str(file))

    asyncio.run(work())
    click.echo(f"{file}: {file.stat().st_size:,} bytes.")


@main.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(file: Path) -> None:
    """Put a backup in the place of an empty database."""
    target = database_path(load_settings()["database_url"].value)
    lock = ServeLock(target)

    async def work() -> None:
        async with wiring.store_of(f"sqlite:///{target}") as store:
            if await store.read(events.event_ids):
                raise Conflict(f"{target} holds events. A backup goes into an empty database only.", code="not_empty")
        async with wiring.store_of(f"sqlite:///{file}") as store:
            await store.read(events.event_ids)
            target.unlink()
            await store.backup(str(target))

    try:
        asyncio.run(work())
    finally:
        lock.release()
    click.echo(f"{target} is restored from {file}.")


class _DryRun(Exception):
    """Raised inside a transaction to keep nothing of it."""


def _in_store(work: Callable[[Transaction], T]) -> T:
    """Run one transaction on the configured database."""
    done: list[T] = []

    def keep(tx: Transaction) -> None:
        result = work(tx)
        done.append(result)

    async def run() -> None:
        async with wiring.store_of(load_settings()["database_url"].value) as store:
            await store.write(keep)

    try:
        asyncio.run(run())
    except _DryRun:
        return None  # type: ignore[return-value]
    return done[0]


async def _engine_version() -> str:
    async with wiring.store_of(load_settings()["database_url"].value) as store:
        return await store.version()


def _content(file: Path) -> bytes:
    if file.stat().st_size > UPLOAD_BYTES_MAX:
        raise TooLarge(f"{file} has {file.stat().st_size:,} bytes, at most {UPLOAD_BYTES_MAX:,} are taken.")
    return file.read_bytes()


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise CheckinError(f"{out} cannot be written: {error.strerror}.") from error


def _report(report: Any, as_json: bool, words: str) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        click.echo(words + (" – nothing was written (dry run)." if report["dry_run"] else "."))


if __name__ == "__main__":
    main()
