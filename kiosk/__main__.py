"""The commands of a door's or a desk's machine. Exit codes: 0 well, 1 the work failed, 2 wrong use."""

from __future__ import annotations

import os
import sys
import time

import click
import httpx

from kiosk.printing import (
    ASK_S,
    FAILURES_MAX,
    RETRY_S,
    BadgeFault,
    PrinterFault,
    Queue,
    detail_of,
    print_next,
    target_of,
)

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
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url} is no address of a centre: it begins with https:// (or http://).")
    queue = Queue(url, event, token, name)
    failures, checked = 0, False
    try:
        while True:
            try:
                if not checked:
                    queue.check(kind, format)
                    checked = True
                printed = print_next(queue, target, kind, format) is not None
                failures, wait_s = 0, 0.0 if printed else ASK_S
                if once and not printed:
                    return
            except ValueError as error:
                raise click.UsageError(str(error)) from None
            except BadgeFault as error:
                failures, wait_s = failures + 1, RETRY_S
                if failures >= FAILURES_MAX:
                    raise click.ClickException(f"{failures} badges in a row could not be printed: {error}") from None
                click.echo(f"A badge could not be printed: {error}", err=True)
            except (httpx.HTTPError, PrinterFault) as error:
                wait_s = RETRY_S
                click.echo(f"{_passing(error)} Trying again in {RETRY_S:g} s.", err=True)
            time.sleep(wait_s)
    except KeyboardInterrupt:
        return
    finally:
        queue.close()


def _passing(error: httpx.HTTPError | PrinterFault) -> str:
    """What is said of a failure that may pass. Raises `ClickException` for one that does not."""
    if isinstance(error, PrinterFault):
        return f"The printer is not ready: {error}."
    if not isinstance(error, httpx.HTTPStatusError):
        return f"No connection to the centre: {error}."
    if error.response.status_code in (401, 403, 404):
        raise click.ClickException(f"The centre refuses: {detail_of(error)} Is the token one of a desk device?")
    return f"The centre cannot answer now: {detail_of(error)}"


if __name__ == "__main__":
    main()
