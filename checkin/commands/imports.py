"""Files in: layout, attendees, schedule."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from checkin import main as wiring
from checkin.commands.running import (
    BY_COMMAND,
    COMMANDER,
    DryRun,
    T,
    content_of,
    counted,
    in_store,
    report_on,
    say_json,
    with_store,
)
from checkin.core.errors import BadInput, CheckinError, NotFound
from checkin.exchange.layout import read_layout
from checkin.service import imports, people, previews, venues
from checkin.service.centre import Centre
from checkin.service.importing import Importing, Taken
from checkin.service.imports import Gone, ImportChange, ImportShown
from checkin.service.previews import DifferenceShown, RoomShown
from checkin.service.venues import Venues
from checkin.store import events
from checkin.store.engine import Store, Transaction
from checkin.store.imports import ImportKind
from checkin.terminal import Bar


@click.group("import")
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
    """The venue, as TOML. Of another event's file the venue: name, date and time zone stay the event's own.

    The event is made where the file is its own; for another's file, first: checkin event create.
    """
    layout = read_layout(content_of(file))

    def work(tx: Transaction) -> None:
        taken = layout
        if layout.event.slug != slug:
            if slug not in events.event_ids(tx):
                raise NotFound(
                    f"There is no event “{slug}”, and the file is of “{layout.event.slug}”. Make it first:"
                    f" checkin event create {slug} --name … --date …",
                    code="event_unknown",
                )
            taken = venues.for_event(layout, events.load_event(tx, venues.Venues().id(tx, slug)))
        venues.import_layout(tx, taken, now=wiring.wall_clock(), by=BY_COMMAND)
        if dry_run:
            raise DryRun

    in_store(work)
    report = {"dry_run": dry_run, "groups": len(layout.groups), "areas": len(layout.areas), "doors": len(layout.doors)}
    report_on(report, as_json, f"{len(layout.areas)} areas, {len(layout.doors)} doors, {len(layout.groups)} groups")


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
    _import_list(slug, content_of(file), file.name, dry_run, as_json, gone, group)


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
    content, chosen = content_of(file), _rooms(rooms)
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
    for one in in_store(lambda tx: imports.history(tx, known, slug, now_ms=now_ms)):
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

    async def run(store: Store) -> T:
        importing = Importing(Centre(store, wiring.wall_clock))
        try:
            return await work(importing)
        finally:
            await importing.close()

    return with_store(run)


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
        say_json({"rooms": rooms})
        return
    width = max(len(room.text) for room in rooms)
    for room in rooms:
        click.echo(f"{room.text:<{width}}  {counted(room.count, 'session')}")


def _asked_for_area(room: RoomShown) -> str:
    answer: str = click.prompt(
        f"Room “{room.text}” ({counted(room.count, 'session')}): which area (its id; empty: leave out)",
        default="",
        show_default=False,
        err=True,
    )
    return answer.strip()


def _report_taken(slug: str, taken: Taken, report: Any, as_json: bool, words: str) -> None:
    for note in taken.looked.notes:
        if not as_json and note.level != "info":
            click.echo(f"{f'line {note.line}: ' if note.line else ''}{note.column or 'row'}: {note.message}", err=True)
    report_on(report, as_json, words)
    if taken.shown is not None and not as_json:
        click.echo(f"To take it back: checkin import undo {slug} {taken.shown.id}")
