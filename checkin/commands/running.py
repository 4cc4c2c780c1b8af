"""What every command needs: one transaction on the configured database, files in and out, and reports."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from checkin import main as wiring
from checkin.config import load_settings
from checkin.core.errors import CheckinError, TooLarge
from checkin.core.roles import OPERATOR_MAY
from checkin.service import people
from checkin.store.engine import Store, Transaction
from checkin.wire import UPLOAD_BYTES_MAX

T = TypeVar("T")

BY_COMMAND = "command"
COMMANDER = people.Principal(
    id=BY_COMMAND, name=BY_COMMAND, role="organiser", may=frozenset().union(*OPERATOR_MAY.values())
)
"""Whoever may run commands on the database may do all there is."""


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def say_progress(words: str) -> None:
    """What is being done, for a person at a terminal."""
    if sys.stderr.isatty():
        click.echo(words, err=True)


class DryRun(Exception):
    """Raised inside a transaction to keep nothing of it."""


def with_store(work: Callable[[Store], Awaitable[T]]) -> T:
    """Do something with the configured database."""

    async def run() -> T:
        async with wiring.store_of(load_settings()["database_url"].value) as store:
            return await work(store)

    return asyncio.run(run())


def in_store(work: Callable[[Transaction], T]) -> T:
    """Run one transaction on the configured database."""
    try:
        return with_store(lambda store: store.write(work))
    except DryRun:
        return None  # type: ignore[return-value]


def content_of(file: Path) -> bytes:
    if file.stat().st_size > UPLOAD_BYTES_MAX:
        raise TooLarge(f"{file} has {file.stat().st_size:,} bytes, at most {UPLOAD_BYTES_MAX:,} are taken.")
    return file.read_bytes()


def write_out(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise CheckinError(f"{out} cannot be written: {error.strerror}.") from error


def say_json(content: Any) -> None:
    """For machines, and still to be read."""
    click.echo(msgspec.json.format(msgspec.json.encode(content)).decode())


def report_on(report: Any, as_json: bool, words: str) -> None:
    if as_json:
        say_json(report)
    else:
        click.echo(words + (" – nothing was written (dry run)." if report["dry_run"] else "."))
