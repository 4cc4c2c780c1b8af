"""Badges and codes as files."""

from __future__ import annotations

from pathlib import Path

import click

from checkin import main as wiring
from checkin.badges.face import BadgeFace
from checkin.badges.formats import FORMATS, format_of
from checkin.badges.misfits import check_letters, set_apart
from checkin.badges.preflight import check_lengths
from checkin.badges.render import render_pdf
from checkin.badges.templates import own_templates
from checkin.commands.running import BY_COMMAND, counted, in_store, say_json, say_progress, write_out
from checkin.config import load_settings
from checkin.core.errors import BadInput, CheckinError
from checkin.service import badges
from checkin.service.venues import Venues
from checkin.store.engine import Transaction
from checkin.terminal import Bar


@click.command("badges")
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

    issued, faces = in_store(work)
    if not faces:
        raise BadInput("Nobody is registered who would get a badge. Import the attendees first.")
    faces, misfits = set_apart(faces)
    for misfit in misfits:
        click.echo(misfit, err=True)
    if not faces:
        raise BadInput("No badge can be printed. Correct the names first.", code="letters_unknown")
    with Bar(f"{len(faces)} badges are being set") as bar:
        drawn = render_pdf(faces, format=format, sheet=sheet is not None, own=own, told=bar)
    write_out(out, drawn)
    numbers = [face.desk_number for face in faces]
    in_store(lambda tx: badges.mark_printed(tx, known, slug, numbers, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"{out}: {counted(len(faces), 'badge')}, {len(issued.intersection(numbers))} of them new.")
    if misfits:
        missing = len({misfit.key for misfit in misfits})
        raise CheckinError(
            f"{counted(missing, 'badge')} {'is' if missing == 1 else 'are'} not in {out}: letters that cannot be"
            " printed. Correct the names above.",
            code="badges_missing",
        )


def _check_badges(slug: str, forms: list[str], group: str | None, own: Path, as_json: bool) -> None:
    known = Venues()
    faces = in_store(lambda tx: badges.drafts(tx, known, slug, group=group))
    misfits = check_letters(faces)
    for form in forms:
        say_progress(f"{len(faces)} badges are being measured as {form} …")
        misfits += check_lengths(faces, form, own=own)
    if as_json:
        say_json(misfits)
    else:
        for misfit in misfits:
            click.echo(misfit)
    if misfits:
        texts, on = counted(len(misfits), "text"), counted(len(faces), "badge")
        raise CheckinError(f"{texts} on {on} {'does' if len(misfits) == 1 else 'do'} not fit.", code="badges_misfit")
    if not as_json:
        click.echo(f"{len(faces)} badges fit: {', '.join(forms)}.")


@click.command("codes")
@click.argument("slug")
@click.option("--json", "as_json", is_flag=True, help="for machines")
def print_codes(slug: str, as_json: bool) -> None:
    """The code of every badge. Whoever has it can print badges: keep it safe."""
    known = Venues()
    codes = in_store(lambda tx: badges.all_codes(tx, known, slug))
    if as_json:
        say_json(codes)
    else:
        for code in codes:
            click.echo(f"{code.code}\t{code.ticket}\t{code.name}")
