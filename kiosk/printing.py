"""A printer's program: takes badges from the centre's print queue and hands them to the printer."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx

CONNECT_S = 5.0
SEND_S = 30.0
CLOSE_S = 5.0
"""Within so long most printers hang up that have taken everything; some never do."""
ANSWER_BYTES = 4_096
ASK_S = 1.5
RETRY_S = 5.0
PORT = 9100
"""Where label printers listen for raw data (JetDirect, IANA `pdl-datastream`)."""


LABEL_KINDS = ("zpl", "bin")
SAID_CHARS_MAX = 200
FAILURES_MAX = 3
"""So many badges in a row that cannot be printed are no chance: then the program stops."""


class PrinterFault(Exception):
    """The printer did not take it; the message says what it said. `key`: what that is for the centre
    (`PRINT_FAULTS` there)."""

    def __init__(self, message: str, key: str = "said") -> None:
        super().__init__(message)
        self.key = key


class BadgeFault(PrinterFault):
    """A badge was taken and could not be printed."""


def detail_of(error: httpx.HTTPStatusError) -> str:
    """What the centre said of a call that failed."""
    try:
        return str(error.response.json().get("detail", error))
    except ValueError:
        return str(error)


class Target(Protocol):
    """Where printing goes. Both raise `PrinterFault`."""

    def ready(self) -> None: ...

    def send(self, data: bytes) -> None: ...


class Network:
    """A printer that takes raw data on a port of the network.

    It has a badge when it hangs up after the last byte; one that never does is taken at its word after
    `close_s` seconds. One that hangs up with an error has not printed.
    """

    def __init__(self, host: str, port: int, *, close_s: float = CLOSE_S) -> None:
        self._address = (host, port)
        self._close_s = close_s

    def ready(self) -> None:
        self._connected().close()

    def send(self, data: bytes) -> None:
        with self._connected() as connection:
            try:
                connection.settimeout(SEND_S)
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                self._wait_for_end(connection)
            except OSError as error:
                raise self._fault(error, "broke_off") from error

    def _wait_for_end(self, connection: socket.socket) -> None:
        ends_at = time.monotonic() + self._close_s
        try:
            while (left_s := ends_at - time.monotonic()) > 0:
                connection.settimeout(left_s)
                if not connection.recv(ANSWER_BYTES):
                    return
        except TimeoutError:
            return

    def _connected(self) -> socket.socket:
        try:
            return socket.create_connection(self._address, CONNECT_S)
        except OSError as error:
            raise self._fault(error, "unreachable") from error

    def _fault(self, error: OSError, key: str) -> PrinterFault:
        return PrinterFault(f"{self._address[0]}:{self._address[1]}: {error}", key)


class File:
    """A printer behind a device file (`/dev/usb/lp0`), or a file to try it with: data is appended."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ready(self) -> None:
        self.send(b"")

    def send(self, data: bytes) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(data)
        except OSError as error:
            raise PrinterFault(str(error), "unreachable") from error


class Spooler:
    """A queue of the system's own spooler (CUPS), by its `lp`."""

    def __init__(self, queue: str) -> None:
        self._queue = queue

    def ready(self) -> None:
        self._run(["lpstat", "-p", self._queue], b"")

    def send(self, data: bytes) -> None:
        self._run(["lp", "-d", self._queue, "-"], data)

    def _run(self, command: list[str], data: bytes) -> None:
        try:
            done = subprocess.run(command, input=data, capture_output=True, timeout=SEND_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PrinterFault(str(error)) from error
        if done.returncode:
            raise PrinterFault(done.stderr.decode(errors="replace").strip() or f"{command[0]} failed")


def target_of(text: str) -> Target:
    """`tcp://HOST[:PORT]`, `lp:QUEUE`, or the path of a device file. Raises `ValueError`."""
    if text.startswith("tcp://"):
        parts = urlsplit(text)
        if not parts.hostname:
            raise ValueError(f"{text}: the host is missing, as in tcp://192.0.2.7:9100")
        return Network(parts.hostname, parts.port or PORT)
    if text.startswith("lp:"):
        if not text[3:]:
            raise ValueError("lp: the name of the queue is missing, as in lp:Badges")
        return Spooler(text[3:])
    return File(Path(text))


class Queue:
    """The centre's print queue of one event, as this printer sees it. Raises `httpx.HTTPError`."""

    def __init__(self, url: str, event: str, token: str, printer: str) -> None:
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/v1/events/{event}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=SEND_S,
        )
        self._printer = printer

    def check(self, kind: str, format: str) -> None:
        """Raises `ValueError` where the centre has no such format, or none that this printer understands."""
        formats = self._client.get("/badges/templates").raise_for_status().json()["formats"]
        chosen = next((one for one in formats if one["id"] == format), None)
        if chosen is None:
            raise ValueError(f"There is no format “{format}”; there are: {', '.join(one['id'] for one in formats)}.")
        if kind in LABEL_KINDS and chosen["colour"]:
            raise ValueError(f"The format {format} is in colour; --as {kind} is for labels.")

    def take(self) -> tuple[str, str] | None:
        """The next print and its badge; it is this printer's from now on."""
        answer = self._client.post("/prints/next", json={"printer": self._printer}).raise_for_status()
        if answer.status_code == httpx.codes.NO_CONTENT:
            return None
        taken = answer.json()
        return taken["id"], taken["badge"]

    def drawn(self, badge: str, kind: str, format: str) -> bytes:
        """The badge as this printer understands it."""
        return self._client.get(f"/badges/{badge}.{kind}", params={"format": format}).raise_for_status().content

    def report(self, print_id: str, state: str, fault: str = "", said: str = "") -> None:
        sent = {"state": state, "fault": fault, "said": said[:SAID_CHARS_MAX]}
        self._client.patch(f"/prints/{print_id}", json=sent).raise_for_status()

    def say_unreachable(self, fault: str) -> None:
        """The desks show it until this printer takes a badge again or asks for one."""
        sent = {"printer": self._printer, "fault": fault[:SAID_CHARS_MAX]}
        self._client.post("/printers", json=sent).raise_for_status()

    def close(self) -> None:
        self._client.close()


def print_next(queue: Queue, target: Target, kind: str, format: str) -> str | None:
    """Print one badge; returns its print's id, None where nothing waits.

    A printer that is not ready takes nothing, so that what waits goes on waiting (`PrinterFault`), and the
    desks are told. What it has taken and cannot print is reported as failed, and somebody lets it try again.
    """
    try:
        target.ready()
    except PrinterFault as fault:
        queue.say_unreachable(str(fault))
        raise
    taken = queue.take()
    if taken is None:
        return None
    print_id, badge = taken
    try:
        target.send(queue.drawn(badge, kind, format))
    except (PrinterFault, httpx.HTTPStatusError) as error:
        key, said = _fault_of(error)
        queue.report(print_id, "failed", key, said)
        raise BadgeFault(detail_of(error) if isinstance(error, httpx.HTTPStatusError) else str(error), key) from error
    queue.report(print_id, "printed")
    return print_id


def _fault_of(error: PrinterFault | httpx.HTTPStatusError) -> tuple[str, str]:
    """The fault as the centre keeps it, and what belongs to it."""
    if isinstance(error, PrinterFault):
        return error.key, str(error)
    try:
        problem = error.response.json()
    except ValueError:
        problem = {}
    if problem.get("code") == "letters_unknown":
        return "letters", str(problem.get("letters", ""))
    return "not_drawn", detail_of(error)
