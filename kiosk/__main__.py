"""The commands of a door's or a desk's machine. Exit codes: 0 well, 1 the work failed, 2 wrong use."""

from __future__ import annotations

import os
import sys
import time

import click
import httpx

from kiosk.printing import ASK_S, RETRY_S, PrinterFault, Queue, Target, print_next, target_of

KINDS = ("zpl", "bin", "pdf", "png")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A machine at a door or a desk."""


@main.command("print")
@click.argument("url")
@click.argument("event")
@click.option("--to", "to", required=True, help="tcp://HOST[:9100], lp:QUEUE, or a device file such as /dev/usb/lp0.")
@click.option("--name", default="Etikett", show_default=True, help="What the desk calls this printer.")
@click.option("--as", "kind", type=click.Choice(KINDS), default="zpl", show_default=True, help="What it understands.")
@click.option("--format", default="label62x100", show_default=True, help="The format of the badges.")
@click.option("--token-stdin", is_flag=True, help="Read the token of a desk device from stdin, not from KIOSK_TOKEN.")
@click.option("--once", is_flag=True, help="Stop when nothing waits.")
def print_badges(
    url: str, event: str, to: str, name: str, kind: str, format: str, token_stdin: bool, once: bool
) -> None:
    """Take badges from the print queue of EVENT at the centre URL, and print them.

    A printer that fails stops nobody: what it cannot print is shown at the desk, to try again.
    """
    token = sys.stdin.readline().strip() if token_stdin else os.environ.get("KIOSK_TOKEN", "")
    if not token:
        raise click.UsageError("A token is needed: checkin device add EVENT NAME --role desk, then KIOSK_TOKEN=…")
    try:
        target = target_of(to)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    queue = Queue(url, event, token, name)
    try:
        while True:
            wait_s = _print_one(queue, target, kind, format)
            if once and wait_s == ASK_S:
                return
            time.sleep(wait_s)
    except KeyboardInterrupt:
        return
    finally:
        queue.close()


def _print_one(queue: Queue, target: Target, kind: str, format: str) -> float:
    """How long to wait before the next one, in seconds: not at all while badges wait."""
    try:
        return 0.0 if print_next(queue, target, kind, format) is not None else ASK_S
    except httpx.HTTPStatusError as error:
        if error.response.status_code in (401, 403, 404):
            refused = f"The centre refuses: {_detail(error)} Is the token one of a desk device?"
            raise click.ClickException(refused) from None
        click.echo(f"The centre cannot answer now: {_detail(error)}", err=True)
    except httpx.HTTPError as error:
        click.echo(f"No connection to the centre: {error}. Trying again.", err=True)
    except PrinterFault as error:
        click.echo(f"The printer failed: {error}. Trying again in {RETRY_S:g} s.", err=True)
    return RETRY_S


def _detail(error: httpx.HTTPStatusError) -> str:
    try:
        return str(error.response.json().get("detail", error))
    except ValueError:
        return str(error)


if __name__ == "__main__":
    main()
