"""The commands. Exit codes: 0 well, 1 the work failed, 2 wrong use; errors are one line on stderr."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import click
import msgspec

from checkin import main as wiring
from checkin.badges.face import BadgeFace
from checkin.badges.formats import FORMATS, format_of
from checkin.badges.misfits import check_letters, set_apart
from checkin.badges.preflight import check_lengths
from checkin.badges.render import render_pdf
from checkin.badges.templates import own_papers, own_templates
from checkin.config import OPTIONS, database_path, is_postgres, load_settings
from checkin.core import forecast
from checkin.core.attendance import Rule
from checkin.core.errors import BadInput, CheckinError, Conflict, TooLarge
from checkin.core.model import Event
from checkin.core.queueing import SERVICE_S_DEFAULT
from checkin.core.roles import OPERATOR_MAY
from checkin.core.schedule import Programme
from checkin.exchange.layout import read_layout
from checkin.exchange.schedule import read_schedule
from checkin.exchange.tables import check_format
from checkin.service import (
    access_request,
    audit,
    badges,
    certificates,
    erasure,
    exports,
    feeds,
    imports,
    operators,
    paper_lists,
    people,
    previews,
    setup,
    simulation_report,
    stations,
    venues,
)
from checkin.service.centre import Centre
from checkin.service.forecast import no_show_of
from checkin.service.importing import Importing, Taken
from checkin.service.imports import Gone, ImportChange, ImportShown
from checkin.service.papers import certificates_pdf
from checkin.service.previews import DifferenceShown, RoomShown
from checkin.service.pulse import Pulse
from checkin.service.simulation import GUESTS_MAX, Guest, Setting, guests_of, guests_planned, play
from checkin.service.venues import Venues
from checkin.service.verify import verify as verify_event
from checkin.store import events
from checkin.store.certificates import load_rule, public_address
from checkin.store.copying import copy_all
from checkin.store.engine import Transaction
from checkin.store.imports import ImportKind
from checkin.store.sqlite import ServeLock
from checkin.terminal import Bar
from checkin.wire import UPLOAD_BYTES_MAX

T = TypeVar("T")

BY_COMMAND = "command"
COMMANDER = people.Principal(
    id=BY_COMMAND, name=BY_COMMAND, role="organiser", may=frozenset().union(*OPERATOR_MAY.values())
)
"""Whoever may run commands on the database may do all there is."""
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
    """The venue, as TOML. Of another event's file the venue: name, date and time zone stay the event's own."""
    layout = read_layout(_content(file))

    def work(tx: Transaction) -> None:
        taken = layout
        if layout.event.slug != slug:
            taken = venues.for_event(layout, events.load_event(tx, venues.Venues().id(tx, slug)))
        venues.import_layout(tx, taken, now=wiring.wall_clock(), by=BY_COMMAND)
        if dry_run:
            raise _DryRun

    _in_store(work)
    report = {"dry_run": dry_run, "groups": len(layout.groups), "areas": len(layout.areas), "doors": len(layout.doors)}
    _report(report, as_json, f"{len(layout.areas)} areas, {len(layout.doors)} doors, {len(layout.groups)} groups")


def _gone_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--gone",
        type=click.Choice(["keep", "cancel"]),
        default="keep",
        show_default=True,
        help="what becomes of those in an earlier file that are not in this one",
    )(command)


@import_.command("attendees")
@_file_options
@_gone_option
@click.option("--group", default="", help="id of the group of everybody whose row names no category")
def import_attendees(slug: str, file: Path, dry_run: bool, as_json: bool, gone: Gone, group: str) -> None:
    """The list of attendees: CSV, XLSX, or an export of pretix."""
    _import_list(slug, _content(file), file.name, dry_run, as_json, gone, group)


@import_.command("pretix")
@click.argument("slug")
@click.option("--url", required=True, help="address of the pretix: https://…")
@click.option("--organizer", required=True, help="pretix's short name of the organiser")
@click.option("--event-slug", required=True, help="pretix's short name of the event")
@click.option("--token-stdin", is_flag=True, required=True, help="read pretix's API token from standard input")
@click.option("--dry-run", is_flag=True, help="show everything, write nothing")
@click.option("--json", "as_json", is_flag=True, help="the report for machines")
def import_pretix(
    slug: str, url: str, organizer: str, event_slug: str, token_stdin: bool, dry_run: bool, as_json: bool
) -> None:
    """The orders of an event in pretix, fetched with a token that is kept nowhere."""
    from checkin.exchange.pretix_api import fetch_orders

    token = sys.stdin.readline().strip()

    with Bar("orders are being fetched") as bar:

        async def progress(done: int, total: int) -> None:
            bar(done, total)

        content = asyncio.run(fetch_orders(url, organizer, event_slug, token, progress=progress))
    _import_list(slug, content, f"pretix {organizer}/{event_slug}", dry_run, as_json, "keep")


def _import_list(
    slug: str, content: bytes, name: str, dry_run: bool, as_json: bool, gone: Gone, group: str = ""
) -> None:
    taken = _take(slug, content, name, "attendees", ImportChange(group=group or None), gone, dry_run)
    read_as, counts = taken.looked.read_as, taken.looked.counts
    unknown = [column.key for column in read_as.columns if column.key and not column.field]
    if unknown and not as_json:
        click.echo(f"columns not known and left out: {', '.join(unknown)}", err=True)
    report = {
        "dry_run": dry_run,
        "id": taken.shown.id if taken.shown else "",
        "rows_read": counts.rows,
        "added": counts.new,
        "changed": counts.changed,
        "gone": counts.gone,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
        "duplicates": counts.duplicates,
        "empty_rows": counts.empty,
        "encoding": read_as.encoding,
        "separator": read_as.separator,
        "columns": {column.heading: column.field for column in read_as.columns if column.field},
        "unknown_columns": unknown,
        "notes": msgspec.to_builtins(taken.looked.notes),
    }
    words = (
        f"{counts.rows} rows: {counts.new} new, {counts.changed} changed, {counts.unchanged} as before,"
        f" {counts.duplicates} duplicates, {counts.refused} refused (read as {read_as.encoding})"
    )
    _report_taken(slug, taken, report, as_json, words)


@import_.command("schedule")
@_file_options
@_gone_option
@click.option("--room", "rooms", multiple=True, help="ROOM=AREA, for a room that is no area; ROOM= leaves it out")
def import_schedule(slug: str, file: Path, dry_run: bool, as_json: bool, gone: Gone, rooms: tuple[str, ...]) -> None:
    """The programme: frab JSON or XML, iCalendar."""
    content, chosen = _content(file), _rooms(rooms)
    try:
        taken = _take(slug, content, file.name, "schedule", ImportChange(rooms=chosen), gone, dry_run)
    except CheckinError as error:
        if error.code != "rooms_unknown":
            raise
        unknown = cast("list[RoomShown]", error.data["rooms"])
        if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            _show_rooms(unknown, as_json)
            raise BadInput(
                'Rooms of the file are no areas. Say which they are (--room "ROOM=AREA"), or leave them out'
                ' (--room "ROOM=").',
                code=error.code,
            ) from None
        chosen |= {room.text: _asked_for_area(room) for room in unknown}
        taken = _take(slug, content, file.name, "schedule", ImportChange(rooms=chosen), gone, dry_run)
    counts = taken.looked.counts
    report = {
        "dry_run": dry_run,
        "id": taken.shown.id if taken.shown else "",
        "sessions": counts.new + counts.changed + counts.unchanged,
        "added": counts.new,
        "changed": counts.changed,
        "gone": counts.gone,
        "unchanged": counts.unchanged,
        "refused": counts.refused,
        "rooms": msgspec.to_builtins(taken.looked.read_as.rooms),
        "notes": msgspec.to_builtins(taken.looked.notes),
    }
    words = (
        f"{counts.new + counts.changed + counts.unchanged} sessions: {counts.new} new, {counts.changed} changed,"
        f" {counts.unchanged} as before, {counts.gone} not in the file, {counts.refused} refused"
    )
    if dry_run:
        differences = list(_differences(taken))
        report["differences"] = msgspec.to_builtins(differences)
        for one in [] if as_json else differences:
            fields = "; ".join(f"{field.field}: {_shown(field.old)} → {_shown(field.new)}" for field in one.fields)
            click.echo(f"{one.what}: {one.title}" + (f" ({fields})" if one.what == "changed" else ""))
    _report_taken(slug, taken, report, as_json, words)


def _differences(taken: Taken) -> Iterator[DifferenceShown]:
    for what in ("new", "changed", "gone"):
        start: int | None = 0
        while start is not None:
            some = previews.planned_differences(taken.looked, what, start)
            yield from some.differences
            start = some.next


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "–" if value in (None, "") else str(value)


@import_.command("list")
@click.argument("slug")
def list_imports(slug: str) -> None:
    """What was taken in, the latest first, with the ids for `import undo`."""
    known, now_ms = Venues(), people.wall_ms()
    for one in _in_store(lambda tx: imports.history(tx, known, slug, now_ms=now_ms)):
        numbers = f"{one.counts.new} new, {one.counts.changed} changed, {one.counts.gone} gone"
        click.echo(f"{one.id}  {one.created_at[:16]}  {one.kind}  {one.state}  {one.name}  ({numbers})")


@import_.command("undo")
@click.argument("slug")
@click.argument("id")
def undo_import(slug: str, id: str) -> None:
    """Take an import back as a whole, as far as nothing has happened since."""

    async def undo(importing: Importing) -> ImportShown:
        with Bar("taking back") as bar:
            return await importing.take_back(slug, id, COMMANDER, bar)

    done = _importing(undo)
    outcomes = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in done.outcomes.items() if count)
    click.echo(f"{done.name} is taken back: {outcomes or 'there was nothing to take back'}.")


def _take(
    slug: str, content: bytes, name: str, kind: ImportKind, sent: ImportChange, gone: Gone, dry_run: bool
) -> Taken:
    async def take(importing: Importing) -> Taken:
        with Bar(f"{name} is being taken in") as bar:
            return await importing.take(
                slug, content, name, kind=kind, sent=sent, gone=gone, dry_run=dry_run, by=COMMANDER, told=bar
            )

    return _importing(take)


def _importing(work: Callable[[Importing], Awaitable[T]]) -> T:
    """Run something with the imports of the configured database, as the page does."""

    async def run() -> T:
        async with wiring.store_of(load_settings()["database_url"].value) as store:
            importing = Importing(Centre(store, wiring.wall_clock))
            try:
                return await work(importing)
            finally:
                await importing.close()

    return asyncio.run(run())


def _rooms(options: Sequence[str]) -> dict[str, str]:
    """room → area (“”: left out), from `--room "Saal 1=P"`."""
    rooms = {}
    for option in options:
        room, equals, area = option.rpartition("=")
        if not equals or not room.strip():
            raise click.UsageError(f'--room is written "Room=AREA" (not “{option}”).')
        rooms[room.strip()] = area.strip()
    return rooms


def _show_rooms(rooms: Sequence[RoomShown], as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"rooms": rooms})).decode())
        return
    width = max(len(room.text) for room in rooms)
    for room in rooms:
        click.echo(f"{room.text:<{width}}  {_counted(room.count, 'session')}")


def _asked_for_area(room: RoomShown) -> str:
    answer: str = click.prompt(
        f"Room “{room.text}” ({_counted(room.count, 'session')}): which area (its id; empty: leave out)",
        default="",
        show_default=False,
        err=True,
    )
    return answer.strip()


def _report_taken(slug: str, taken: Taken, report: Any, as_json: bool, words: str) -> None:
    for note in taken.looked.notes:
        if not as_json and note.level != "info":
            click.echo(f"{f'line {note.line}: ' if note.line else ''}{note.column or 'row'}: {note.message}", err=True)
    _report(report, as_json, words)
    if taken.shown is not None and not as_json:
        click.echo(f"To take it back: checkin import undo {slug} {taken.shown.id}")


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

    def work(tx: Transaction) -> tuple[set[int], list[BadgeFace]]:
        venue = known.venue(tx, slug)
        if group is not None and group not in venue.layout.groups:
            raise BadInput(f"There is no group “{group}”; there are: {', '.join(venue.layout.groups)}.")
        issued = badges.issue_missing(tx, known, slug, group=group, now=wiring.wall_clock(), by=BY_COMMAND)
        return {badge.desk_number for badge in issued}, badges.faces(tx, known, slug, group)

    issued, faces = _in_store(work)
    if not faces:
        raise BadInput("Nobody is registered who would get a badge. Import the attendees first.")
    faces, misfits = set_apart(faces)
    for misfit in misfits:
        click.echo(misfit, err=True)
    if not faces:
        raise BadInput("No badge can be printed. Correct the names first.", code="letters_unknown")
    with Bar(f"{len(faces)} badges are being set") as bar:
        drawn = render_pdf(faces, format=format, sheet=sheet is not None, own=own, told=bar)
    _write(out, drawn)
    numbers = [face.desk_number for face in faces]
    _in_store(lambda tx: badges.mark_printed(tx, known, slug, numbers, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"{out}: {_counted(len(faces), 'badge')}, {len(issued.intersection(numbers))} of them new.")
    if misfits:
        missing = len({misfit.key for misfit in misfits})
        raise CheckinError(
            f"{_counted(missing, 'badge')} {'is' if missing == 1 else 'are'} not in {out}: letters that cannot be"
            " printed. Correct the names above.",
            code="badges_missing",
        )


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
        texts, on = _counted(len(misfits), "text"), _counted(len(faces), "badge")
        raise CheckinError(f"{texts} on {on} {'does' if len(misfits) == 1 else 'do'} not fit.", code="badges_misfit")
    if not as_json:
        click.echo(f"{len(faces)} badges fit: {', '.join(forms)}.")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


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


@operator.command("reset-second-factor")
@click.argument("name")
def reset_second_factor(name: str) -> None:
    """The phone is lost: a new second factor is set at the next log-in."""
    _in_store(lambda tx: operators.reset_factor_of(tx, operators.named(tx, name), by=BY_COMMAND))
    click.echo(f"{name} sets a new second factor at the next log-in. Sessions end within two seconds.")


@operator.command("withdraw")
@click.argument("name")
def withdraw_operator(name: str) -> None:
    """The account lets nobody in from now on."""
    _in_store(lambda tx: operators.withdraw_account(tx, operators.named(tx, name), by=BY_COMMAND))
    click.echo(f"{name} is withdrawn. Sessions end within two seconds.")


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


@main.group()
def station() -> None:
    """Stations: the programs at doors, which go on when they are cut off."""


@station.command("list")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="for machines")
def list_stations(slug: str, as_json: bool) -> None:
    """How each station is, what it may let in by itself, and how many lines of its log the centre lacks."""
    known = Venues()
    shown = _in_store(lambda tx: stations.stations_shown(tx, known, slug, now=wiring.wall_clock()))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
        return
    for one in shown.stations:
        rights = ", ".join(f"{seats.area} {seats.rights}" for seats in one.seats) or "none"
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
        click.echo(f"{shown.conflicts} conflicts are to be settled, on the page Stations.")
    if shown.restored is not None:
        click.echo(
            f"Put back from a backup: {shown.restored.reported} of {len(shown.stations)} stations have reported. If no"
            f" door is missing here: checkin station confirm {slug}"
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

    unheard = _in_store(confirm)
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
    _in_store(lambda tx: stations.retire_station(tx, known, slug, id, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"station {id} is retired. Count its areas now: so its places come free.")


@main.command("export")
@click.argument("kind", type=click.Choice([*exports.KINDS, "layout", "schedule"]))
@click.argument("slug")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="FILE.csv, .xlsx, .json or .pdf; layout: .toml; schedule: .json (frab), .xml, .ics or .xcal",
)
@click.option("--language", type=click.Choice(exports.LANGUAGES), help="heads and values as people read them")
@click.option("--comma", is_flag=True, help="commas in CSV, not the semicolons of German Excel")
@click.option("--session", help="only this session (for `sessions`)")
def export(kind: str, slug: str, out: Path, language: str | None, comma: bool, session: str | None) -> None:
    """Write a list of the event; without --language heads are ids, for programs. Layout and schedule are
    written as the files that `import` takes."""
    known = Venues()
    if kind in ("layout", "schedule"):
        _write(out, _in_store(lambda tx: _file_of(tx, known, slug, kind, out.suffix)))
        click.echo(f"{out}: {out.stat().st_size:,} bytes.")
        return
    wanted = exports.Wanted(
        kind=kind,
        format=check_format(out.suffix),
        language=language,
        separator="," if comma else ";",
        session=session,
    )
    now = wiring.wall_clock()
    content = io.BytesIO()

    async def work() -> int:
        async with wiring.store_of(load_settings()["database_url"].value) as store:
            with Bar(f"{kind} is being written") as bar:
                complete = await store.snapshot(
                    lambda tx: exports.read_list(lambda read: read(tx), known, slug, wanted, content, now=now, told=bar)
                )
                count = complete()
            await store.write(
                lambda tx: exports.record(tx, known, slug, kind, wanted.format, count=count, now=now, by=BY_COMMAND)
            )
            return count

    count = asyncio.run(work())
    _write(out, content.getvalue())
    click.echo(f"{out}: {count} rows.")


@main.command("simulate")
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
        house = read_layout(_content(layout))
        programme = Programme(house.event, read_schedule(_content(schedule), house) if schedule else ())
        registered: list[Guest] = []
        usual = forecast.no_show(house.event.no_show_percent, ())
    else:
        known = Venues()
        venue = _in_store(lambda tx: known.venue(tx, slug or ""))
        house, programme = venue.layout, venue.programme
        registered, usual = _in_store(lambda tx: (guests_of(tx, venue), no_show_of(tx, venue, Pulse())))
    guests = guests_planned(house, programme, registered, registrations, seed)
    percent = usual.percent if no_show is None else no_show
    setting = Setting(seed=seed, no_show_percent=percent, lanes=_lanes(lanes), service_s=service)
    _progress(f"{len(guests)} registrations are being played …")
    played = play(house, programme, guests, setting)
    if out is not None:
        _write(out, simulation_report.picture(played, house, "en"))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(played)).decode())
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


@main.command("certificates")
@click.argument("slug")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="the PDF to write")
@click.option("--url", default="", help="address of the service, where codes are checked: https://…; else the event's")
@click.option("--group", help="only this group")
@click.option("--attendee", help="only this attendee (id)")
@click.option("--again", is_flag=True, help="another issue of what is certified already, with a new number")
@click.option("--language", type=click.Choice(["de", "en"]), default="de", show_default=True)
def print_certificates(
    slug: str, out: Path, url: str, group: str | None, attendee: str | None, again: bool, language: str
) -> None:
    """Certificates of attendance as one PDF, by the event's rule."""
    known = Venues()
    now = wiring.wall_clock()
    venue = _in_store(lambda tx: known.venue(tx, slug))
    if not url and not _in_store(lambda tx: public_address(tx, venue.id)):
        raise click.UsageError("This event has no public address yet. Say where codes are checked: --url https://…")
    certified = _in_store(
        lambda tx: certificates.issue(
            tx,
            known,
            slug,
            group=group,
            attendee=attendee,
            again=again,
            now=now,
            by=BY_COMMAND,
            may={"protocol"},
        )
    )
    rule = _in_store(lambda tx: load_rule(tx, venue.id)) or Rule()
    own = own_papers(load_settings()["events_folder"].value, slug)
    verify_url = (
        f"{url.rstrip('/')}/verify" if url else _in_store(lambda tx: certificates.verify_url(tx, known, slug, ""))
    )
    with Bar(f"{len(certified)} certificates are being set") as bar:
        drawn = certificates_pdf(venue, certified, rule, verify_url=verify_url, language=language, own=own, told=bar)
    _write(out, drawn)
    click.echo(f"{out}: {len(certified)} certificates.")


@main.command("fallback")
@click.argument("slug")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="the PDF to write")
@click.option("--group", help="only this group")
def print_fallback(slug: str, out: Path, group: str | None) -> None:
    """The list for when nothing works: everybody by name, who is inside, room for times."""
    known = Venues()
    make = _in_store(
        lambda tx: paper_lists.list_pdf(tx, known, slug, now=wiring.wall_clock(), may={"protocol"}, group=group)
    )
    _write(out, make(own_papers(load_settings()["events_folder"].value, slug)))
    click.echo(f"{out} is written. It holds personal data: destroy it after the event.")


@main.command("audit")
@click.argument("slug")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.csv, .xlsx or .json")
@click.option("--kind", type=click.Choice(list(audit.KINDS)), default="deeds", show_default=True)
@click.option("--find", "query", default="", help="about this attendee: name or desk number")
def export_audit(slug: str, out: Path, kind: Any, query: str) -> None:
    """Who did what, as a table."""
    known = Venues()
    asked = audit.AuditQuery(kind=kind, q=query)
    format = audit.check_format(out.suffix)
    table = _in_store(lambda tx: audit.export(tx, known, slug, asked))
    _write(out, audit.written(table, format))
    now = wiring.wall_clock()
    _in_store(lambda tx: audit.record(tx, known, slug, table, format, now=now, by=BY_COMMAND))
    click.echo(f"{out} is written.")


@main.command("access")
@click.argument("slug")
@click.argument("attendee")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.zip")
def give_access(slug: str, attendee: str, out: Path) -> None:
    """All that is kept of one person (an id), as one file (GDPR Art. 15)."""
    known = Venues()
    make = _in_store(
        lambda tx: access_request.answer(tx, known, slug, attendee, now=wiring.wall_clock(), by=BY_COMMAND)
    )
    _write(out, make())
    click.echo(f"{out} is written. That it was given is recorded.")


@main.command("erase")
@click.argument("slug")
@click.option("--due", is_flag=True, help="whatever the schedule says is due")
@click.option("--attendee", help="all that is kept of this attendee (id), at their wish")
@click.option("--dry-run", is_flag=True, help="tell what would go, delete nothing")
@click.option(
    "--proof", type=click.Path(path_type=Path, dir_okay=False), help="write the certificate of deletion, a PDF"
)
def erase(slug: str, due: bool, attendee: str | None, dry_run: bool, proof: Path | None) -> None:
    """Delete personal data. There is no way back; the counts remain."""
    if due and attendee is not None:
        raise click.UsageError("Delete what is due (--due), or one person (--attendee), not both at once.")
    if not due and attendee is None and proof is None and not dry_run:
        raise click.UsageError("Say what to delete: --due, --attendee ID; or only --proof FILE.pdf, --dry-run.")
    known = Venues()
    now = wiring.wall_clock()
    if attendee is not None:
        theirs = _in_store(lambda tx: erasure.read_person(tx, known, slug, attendee))
        click.echo(f"{attendee}: {', '.join(f'{count} {what}' for what, count in theirs.items())}")
    for stage in _in_store(lambda tx: erasure.read_schedule(tx, known, slug, now)).stages if attendee is None else ():
        counts = ", ".join(f"{count} {what}" for what, count in stage.counts.items())
        state = f"deleted {stage.done_at}" if stage.done_at else f"{'DUE' if stage.due else 'due'} {stage.due_on}"
        click.echo(f"{stage.stage}: {state} ({counts})")
    if not dry_run and (due or attendee is not None):

        def work(tx: Transaction) -> list[str]:
            if attendee is not None:
                erasure.erase_person(tx, known, slug, attendee, now=now, by=BY_COMMAND)
                return [attendee]
            return [*erasure.erase_due(tx, known, slug, now=now, by=BY_COMMAND)]

        gone = _in_store(work)
        if gone:
            _progress("The database is being written anew …")
            asyncio.run(_forget_deleted())
            paper_lists.drop_lists(load_settings()["events_folder"].value, slug)
        click.echo(f"deleted: {', '.join(gone) or 'nothing, for nothing is due'}.")
    if proof is not None:
        _write(proof, _in_store(lambda tx: erasure.proof_pdf(tx, known, slug, now=now)))
        click.echo(f"{proof} is written.")


async def _forget_deleted() -> None:
    async with wiring.store_of(load_settings()["database_url"].value) as store:
        await store.forget_deleted()


def _file_of(tx: Transaction, known: Venues, slug: str, kind: str, suffix: str) -> bytes:
    """The layout or the programme as a file. Raises `BadInput` for a suffix that it is not written as."""
    if kind == "layout":
        if suffix != ".toml":
            raise BadInput("A layout is written as TOML: --out FILE.toml", code="format_unknown")
        return setup.layout_file(tx, known, slug)
    forms = {f".{form}": form for form in feeds.MEDIA_TYPES}
    if suffix not in forms:
        raise BadInput(f"A schedule is written as {', '.join(forms)}.", code="format_unknown")
    return feeds.Feeds().feed(lambda read: read(tx), known.venue(tx, slug), forms[suffix]).content


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


@main.command("copy")
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
