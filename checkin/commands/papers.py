"""Certificates, and the list for when nothing works."""

from __future__ import annotations

from pathlib import Path

import click

from checkin import main as wiring
from checkin.badges.templates import own_papers
from checkin.commands.running import BY_COMMAND, in_store, write_out
from checkin.config import load_settings
from checkin.core.attendance import Rule
from checkin.service import certificates, paper_lists
from checkin.service.papers import certificates_pdf
from checkin.service.venues import Venues
from checkin.store.certificates import load_rule, public_address
from checkin.terminal import Bar


@click.command("certificates")
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
    venue = in_store(lambda tx: known.venue(tx, slug))
    if not url and not in_store(lambda tx: public_address(tx, venue.id)):
        raise click.UsageError("This event has no public address yet. Say where codes are checked: --url https://…")
    certified = in_store(
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
    rule = in_store(lambda tx: load_rule(tx, venue.id)) or Rule()
    own = own_papers(load_settings()["events_folder"].value, slug)
    verify_url = (
        f"{url.rstrip('/')}/verify" if url else in_store(lambda tx: certificates.verify_url(tx, known, slug, ""))
    )
    with Bar(f"{len(certified)} certificates are being set") as bar:
        drawn = certificates_pdf(venue, certified, rule, verify_url=verify_url, language=language, own=own, told=bar)
    write_out(out, drawn)
    click.echo(f"{out}: {len(certified)} certificates.")


@click.command("fallback")
@click.argument("slug")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="the PDF to write")
@click.option("--group", help="only this group")
def print_fallback(slug: str, out: Path, group: str | None) -> None:
    """The list for when nothing works: everybody by name, who is inside, room for times."""
    known = Venues()
    make = in_store(
        lambda tx: paper_lists.list_pdf(tx, known, slug, now=wiring.wall_clock(), may={"protocol"}, group=group)
    )
    write_out(out, make(own_papers(load_settings()["events_folder"].value, slug)))
    click.echo(f"{out} is written. It holds personal data: destroy it after the event.")
