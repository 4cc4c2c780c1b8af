"""The commands of a door's or a desk's machine. Exit codes: 0 well, 1 the work failed, 2 wrong use."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import time
from contextlib import aclosing
from pathlib import Path

import click
import httpx
from click.core import ParameterSource

from checkin.core.errors import CheckinError
from kiosk.binding import bind
from kiosk.keeper import Keeper
from kiosk.main import Kiosk
from kiosk.pairing import pair
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
from kiosk.scanner import BAUD, SerialScanner, codes_of
from kiosk.scanning import DoorOfCentre, DoorOfStation, Refused, scan_on
from kiosk.serving import serve
from kiosk.stopping import until_told, when_told
from kiosk.store import InUse, WrongKey
from kiosk.watchdog import Screen, Systemd
from kiosk.web import app_of

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
    token = _token(token_stdin, "desk")
    try:
        target = target_of(to)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    _check_address(url)
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


@main.command("scan")
@click.argument("url")
@click.argument("event")
@click.option("--door", required=True, help="The door at which the scanner stands.")
@click.option("--port", required=True, help="The scanner's line: /dev/ttyACM0, /dev/serial/by-id/…, COM3.")
@click.option("--baud", type=click.IntRange(300, 921_600), default=BAUD, show_default=True, help="Its speed (RS-232).")
@click.option("--direction", type=click.Choice(["entry", "exit"]), default="entry", show_default=True)
@click.option("--screen", help="The name under which the door's page shows the answers.  [default: this machine's]")
@click.option("--token-stdin", is_flag=True, help="Read the token of a door device from stdin, not from KIOSK_TOKEN.")
def scan_codes(
    url: str, event: str, door: str, port: str, baud: int, direction: str, screen: str | None, token_stdin: bool
) -> None:
    """Read a serial scanner, and send what it reads as scans of a door of EVENT at the centre URL.

    A scanner that is unplugged is found again; scans that the centre does not take now are sent later.
    """
    token = _token(token_stdin, "door")
    _check_address(url)
    screen = screen or socket.gethostname()
    click.echo(f"The answers are shown on {url.rstrip('/')}/events/{event}/door/{door}?screen={screen}")

    def told(fault: str) -> None:
        click.echo(f"{port} cannot be read: {fault}. Trying again." if fault else f"{port} is read.", err=bool(fault))

    async def work() -> None:
        at_door = DoorOfCentre(url, event, token, door, screen, direction=direction)
        try:
            async with aclosing(codes_of(SerialScanner(port, baud=baud, told=told))) as codes:
                await scan_on(codes, at_door, click.echo)
        finally:
            await at_door.close()

    try:
        asyncio.run(until_told(work()))
    except Refused as error:
        raise click.ClickException(f"The centre refuses: {error} Is the token one of a device of this door?") from None
    except KeyboardInterrupt:
        return


_data = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default="kiosk-data",
    envvar="KIOSK_DATA",
    show_default=True,
    help="The folder of the station's database.",
)
_keeper = click.option(
    "--keeper",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="KIOSK_KEEPER",
    help="The folder of the key to it, on another medium.  [default: keeper in the data folder]",
)


def _warn_of_keeper(kept: Keeper, data: Path) -> None:
    if kept.lies_beside(data):
        click.echo(
            f"The key ({kept.folder}) lies on the same medium as the data: whoever takes it can read what this door"
            " knows. Give --keeper a folder on a USB stick.",
            err=True,
        )


@main.command("pair")
@click.argument("url")
@click.argument("code")
@_data
@_keeper
def pair_station(url: str, code: str, data: Path, keeper: Path | None) -> None:
    """Make this machine the station of a door of the centre URL, by the one-time CODE of its pairing link."""
    _check_address(url)
    given = code.rpartition("#")[2].strip()
    if not given:
        raise click.UsageError("CODE is empty: give the pairing link of the page “Devices”, in quotes.")
    kept = Keeper(keeper or data / "keeper")
    if kept.pairing() is not None:
        raise click.ClickException(
            f"{kept.folder} belongs to a station already. Revoke that one, or give another --keeper and --data."
        )
    if (data / "station.db").exists():
        raise click.ClickException(f"{data} has the database of another station. Give another --data.")
    try:
        pairing = pair(url, given, kept)
    except CheckinError as error:
        raise click.ClickException(error.message) from None
    _warn_of_keeper(kept, data)
    click.echo(
        f"This machine is the station at door {pairing.door} of {pairing.event}. Start it with:"
        f" kiosk run --data {data} --keeper {kept.folder}"
    )


@main.command("run")
@click.option("--port", type=click.IntRange(1, 65_535), default=8010, show_default=True, help="Of its pages.")
@_data
@_keeper
@click.option("--anew", is_flag=True, help="This station was retired at the centre, and starts again.")
@click.option("--scanner", envvar="KIOSK_SCANNER", help="A scanner's line that it reads itself: /dev/ttyACM0, COM3.")
@click.option("--baud", type=click.IntRange(300, 921_600), default=BAUD, show_default=True, help="Its speed (RS-232).")
@click.option(
    "--direction",
    type=click.Choice(["entry", "exit"]),
    default="entry",
    show_default=True,
    help="Which way whoever shows a badge to that scanner goes.",
)
@click.option(
    "--prints/--no-prints",
    envvar="KIOSK_PRINTS",
    default=True,
    help="Whether the machine's browser may print: else its page offers no test page.",
)
@click.pass_context
def run_station(
    context: click.Context,
    port: int,
    data: Path,
    keeper: Path | None,
    anew: bool,
    scanner: str | None,
    baud: int,
    direction: str,
    prints: bool,
) -> None:
    """Run the station that this machine was paired as; which pages it has is on http://127.0.0.1:PORT.

    It asks the centre, and decides alone while the centre does not answer. It goes on from where it was.
    """
    given = {name: context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in ("direction", "baud")}
    if not scanner and any(given.values()):
        named = " and ".join(f"--{name}" for name, is_given in given.items() if is_given)
        raise click.UsageError(f"{named} is of a scanner that the station reads itself: give its line with --scanner.")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    kept = Keeper(keeper or data / "keeper")
    pairing = kept.pairing()
    if pairing is None and (data / "station.db").exists():
        raise click.ClickException(
            f"The key is missing: {data} has the data of a station, and {kept.folder} does not say of which."
            " Put the stick with the key back in, or name its folder with --keeper."
        )
    if pairing is None:
        raise click.ClickException(
            f"This machine is no station yet ({kept.folder} is empty):"
            f" kiosk pair URL CODE --data {data} --keeper {kept.folder}"
        )

    _warn_of_keeper(kept, data)
    try:
        bound = bind("127.0.0.1", port)
    except OSError as error:
        raise click.ClickException(
            f"Port {port} cannot be had: {error.strerror or error}. Is this station running already? Another: --port."
        ) from None

    async def work() -> bool:
        stop = asyncio.Event()
        when_told(stop.set)
        kiosk = Kiosk(data, kept, pairing, anew=anew, stopped=stop.set)
        kiosk.prints = prints
        kiosk.start()
        click.echo(f"Its pages are on http://127.0.0.1:{port}/, its door on http://127.0.0.1:{port}/door")
        reading = asyncio.create_task(_read_scanner(kiosk, scanner, baud, direction)) if scanner else None
        try:
            await serve(kiosk, app_of(kiosk, port), bound, stop)
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        return kiosk.wiped

    try:
        if asyncio.run(work()):
            raise click.ClickException("This station was revoked. It has forgotten everything.")
    except (InUse, WrongKey) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        return


@main.command("screen", context_settings={"ignore_unknown_options": True})
@click.option("--port", type=click.IntRange(1, 65_535), default=8010, show_default=True, help="Of the station's pages.")
@click.option("--waiting", required=True, help="The address that is shown while no station answers.")
@click.option(
    "--wait-s", type=click.FloatRange(0), default=5, show_default=True, help="Wait for it so long before that."
)
@click.option("--page", default="/door", envvar="KIOSK_PAGE", show_default=True, help="Which of its pages.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def show_screen(port: int, waiting: str, wait_s: float, page: str, command: tuple[str, ...]) -> None:
    """Show a page of the station in the browser that COMMAND starts; the page's address is its last word.

    Ends where the browser has ended or its page says nothing any more, so that whoever has started this (systemd)
    starts both anew.
    """
    try:
        code = Screen(command, f"http://127.0.0.1:{port}", page, waiting, click.echo).show(Systemd(), wait_s)
    except OSError as error:
        raise click.ClickException(f"{command[0]}: {error.strerror or error}") from None
    except KeyboardInterrupt:
        return
    sys.exit(code)


async def _read_scanner(kiosk: Kiosk, line: str, baud: int, direction: str) -> None:
    """Until cancelled. What is wrong with the scanner is shown on the station's page, and is no reason to end."""
    kiosk.scanner = line

    def told(fault: str) -> None:
        kiosk.scanner_fault = fault
        click.echo(f"{line} cannot be read: {fault}. Trying again." if fault else f"{line} is read.", err=bool(fault))

    async with aclosing(codes_of(SerialScanner(line, baud=baud, told=told))) as codes:
        await scan_on(codes, DoorOfStation(kiosk, direction=direction), click.echo)


def _token(from_stdin: bool, role: str) -> str:
    token = sys.stdin.readline().strip() if from_stdin else os.environ.get("KIOSK_TOKEN", "")
    if not token:
        raise click.UsageError(f"A token is needed: checkin device add EVENT NAME --role {role}, then KIOSK_TOKEN=…")
    return token


def _check_address(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url} is no address of a centre: it begins with https:// (or http://).")


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
