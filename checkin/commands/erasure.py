"""What is kept of people: given to them, and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from checkin import main as wiring
from checkin.commands.running import BY_COMMAND, in_store, say_progress, with_store, write_out
from checkin.config import load_settings
from checkin.service import access_request, erasure, paper_lists
from checkin.service.venues import Venues
from checkin.store.engine import Transaction


@click.command("access")
@click.argument("slug")
@click.argument("attendee")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="FILE.zip")
def give_access(slug: str, attendee: str, out: Path) -> None:
    """All that is kept of one person (an id), as one file (GDPR Art. 15)."""
    known = Venues()
    make = in_store(lambda tx: access_request.answer(tx, known, slug, attendee, now=wiring.wall_clock(), by=BY_COMMAND))
    write_out(out, make())
    click.echo(f"{out} is written. That it was given is recorded.")


@click.command("erase")
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
    if attendee is not None and dry_run:
        theirs = in_store(lambda tx: erasure.read_person(tx, known, slug, attendee))
        click.echo(f"would delete: {_told(attendee, theirs)}.")
    for stage in in_store(lambda tx: erasure.read_schedule(tx, known, slug, now)).stages if attendee is None else ():
        counts = ", ".join(f"{count} {what}" for what, count in stage.counts.items())
        state = f"deleted {stage.done_at}" if stage.done_at else f"{'DUE' if stage.due else 'due'} {stage.due_on}"
        click.echo(f"{stage.stage}: {state} ({counts})")
    if not dry_run and (due or attendee is not None):

        def work(tx: Transaction) -> list[str]:
            if attendee is not None:
                theirs = erasure.read_person(tx, known, slug, attendee)
                erasure.erase_person(tx, known, slug, attendee, now=now, by=BY_COMMAND)
                return [_told(attendee, theirs)]
            return [*erasure.erase_due(tx, known, slug, now=now, by=BY_COMMAND)]

        gone = in_store(work)
        if gone:
            paper_lists.drop_lists(load_settings()["events_folder"].value, slug)
            say_progress("The database is being written anew …")
            with_store(lambda store: store.forget_deleted())
        click.echo(f"deleted: {', '.join(gone) or 'nothing, for nothing is due'}.")
    if proof is not None:
        write_out(proof, in_store(lambda tx: erasure.proof_pdf(tx, known, slug, now=now)))
        click.echo(f"{proof} is written.")


def _told(attendee: str, counts: Mapping[str, int]) -> str:
    return f"{attendee} ({', '.join(f'{count} {what}' for what, count in counts.items())})"
