"""The accounts of people."""

from __future__ import annotations

import sys
from typing import Any

import click

from checkin import main as wiring
from checkin.commands.running import BY_COMMAND, in_store
from checkin.service import operators, people


@click.group()
def operator() -> None:
    """Operators, who log in with a password."""


@operator.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(["steward", "desk", "organiser", "safety", "viewer"]), required=True)
@click.option("--password-stdin", is_flag=True, required=True, help="read the password from standard input")
def add_operator(name: str, role: Any, password_stdin: bool) -> None:
    """Make an operator."""
    password = sys.stdin.readline().rstrip("\r\n")
    in_store(lambda tx: people.add_operator(tx, name, role, password, now=wiring.wall_clock()))
    click.echo(f"{name} may log in as {role}.")


@operator.command("reset-second-factor")
@click.argument("name")
def reset_second_factor(name: str) -> None:
    """The phone is lost: a new second factor is set at the next log-in."""
    in_store(lambda tx: operators.reset_factor_of(tx, operators.named(tx, name), by=BY_COMMAND))
    click.echo(f"{name} sets a new second factor at the next log-in. Sessions end within two seconds.")


@operator.command("withdraw")
@click.argument("name")
def withdraw_operator(name: str) -> None:
    """The account lets nobody in from now on."""
    in_store(lambda tx: operators.withdraw_account(tx, operators.named(tx, name), by=BY_COMMAND))
    click.echo(f"{name} is withdrawn. Sessions end within two seconds.")
