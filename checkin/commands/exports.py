"""Files out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import click

from checkin import main as wiring
from checkin.commands.running import BY_COMMAND, in_store, with_store, write_out
from checkin.core.errors import BadInput
from checkin.exchange.tables import check_format
from checkin.service import audit, exports, feeds, setup
from checkin.service.venues import Venues
from checkin.store.engine import Store, Transaction
from checkin.terminal import Bar


@click.command("export")
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
        write_out(out, in_store(lambda tx: _file_of(tx, known, slug, kind, out.suffix)))
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

    async def work(store: Store) -> int:
        with Bar(f"{kind} is being written") as bar:
            complete = await store.snapshot(
                lambda tx: exports.read_list(lambda read: read(tx), known, slug, wanted, content, now=now, told=bar)
            )
            count = complete()
        await store.write(
            lambda tx: exports.record(tx, known, slug, kind, wanted.format, count=count, now=now, by=BY_COMMAND)
        )
        return count

    count = with_store(work)
    write_out(out, content.getvalue())
    click.echo(f"{out}: {count} rows.")


@click.command("audit")
@click.argument("slug")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.csv, .xlsx or .json")
@click.option("--kind", type=click.Choice(list(audit.KINDS)), default="deeds", show_default=True)
@click.option("--find", "query", default="", help="about this attendee: name or desk number")
def export_audit(slug: str, out: Path, kind: Any, query: str) -> None:
    """Who did what, as a table."""
    known = Venues()
    asked = audit.AuditQuery(kind=kind, q=query)
    format = audit.check_format(out.suffix)
    table = in_store(lambda tx: audit.export(tx, known, slug, asked))
    write_out(out, audit.written(table, format))
    now = wiring.wall_clock()
    in_store(lambda tx: audit.record(tx, known, slug, table, format, now=now, by=BY_COMMAND))
    click.echo(f"{out} is written.")


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
