"""The devices of an event."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from checkin import main as wiring
from checkin.commands.running import BY_COMMAND, in_store
from checkin.service import people
from checkin.service.venues import Venues


@click.group()
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
    made, token = in_store(
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
    in_store(lambda tx: people.revoke_device(tx, known, slug, id, now=wiring.wall_clock(), by=BY_COMMAND))
    click.echo(f"device {id} is revoked.")
