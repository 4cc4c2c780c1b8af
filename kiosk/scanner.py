"""A scanner on a serial line (RS-232, USB CDC): bytes come in, codes go out.

`Framing` is pure: bytes and the time at which they came in, codes out. `SerialScanner` feeds it from a port, and
finds the port again after it was unplugged. `codes_of` hands what it reads to a program that runs on an event loop.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress

import serial

from checkin.core.codes import CODE_CHARS_MAX

BAUD = 9_600
"""As most scanners leave the factory; on USB any will do."""
GAP_S = 0.05
"""So long a silence ends a code where the scanner sends no end."""
REOPEN_S = 1.0
READ_BYTES_MAX = 4_096
CODES_WAITING_MAX = 32

_ENDS = re.compile(rb"[\r\n\t\x03\x04]")  # ETX and EOT end a block where a scanner frames it
_AIM_PREFIX = re.compile(r"\][A-Za-z][0-9A-Za-z]")  # ISO/IEC 15424
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class Framing:
    """Cuts what a scanner sends into codes: at CR, LF, Tab, or after `GAP_S` of silence.

    What is longer than any code is thrown away up to its end; what is no UTF-8 is read as Latin-1, so that
    it is an unknown code and never an error.
    """

    def __init__(self) -> None:
        self._begun = bytearray()
        self._last_at_s = 0.0
        self._is_too_long = False

    def take(self, data: bytes, at_s: float) -> list[str]:
        """What came in at `at_s` (a steady clock, in seconds); the codes that it completes, in order."""
        codes = self.rest(at_s)
        self._last_at_s = at_s
        *ended, begun = _ENDS.split(data)
        for part in ended:
            self._add(part)
            codes += self._end()
        self._add(begun)
        return codes

    def rest(self, at_s: float) -> list[str]:
        """The code that silence has ended by `at_s`, if so."""
        return self._end() if at_s - self._last_at_s >= GAP_S else []

    def _add(self, part: bytes) -> None:
        self._begun += part
        if len(self._begun) > CODE_CHARS_MAX:
            self._begun.clear()
            self._is_too_long = True

    def _end(self) -> list[str]:
        raw, is_too_long = bytes(self._begun), self._is_too_long
        self._begun.clear()
        self._is_too_long = False
        code = "" if is_too_long else _text_of(raw)
        return [code] if code else []


def _text_of(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return _AIM_PREFIX.sub("", _CONTROLS.sub("", text).strip(), count=1) if text else ""


class SerialScanner:
    """One scanner on a port. `told`: called with what is wrong whenever the port is lost or cannot be opened,
    and with "" once it is there; once for each change. Use it from one thread, and `close` from any."""

    def __init__(self, port: str, *, baud: int = BAUD, told: Callable[[str], object] = lambda fault: None) -> None:
        self.port = port
        self._baud = baud
        self._told = told
        self._fault: str | None = None
        self._closed = threading.Event()

    def codes(self, now_s: Callable[[], float]) -> Iterator[str]:
        """Each code as it comes, until `close`; `now_s` is a steady clock. Waits for the port, again and again."""
        while not self._closed.is_set():
            try:
                with serial.Serial(self.port, self._baud, timeout=GAP_S, exclusive=True) as line:
                    yield from self._codes_on(line, now_s)
            except (OSError, ValueError) as error:  # serial.SerialException is an OSError
                self._tell(_fault_of(error))
                self._closed.wait(REOPEN_S)

    def close(self) -> None:
        """`codes` ends within `GAP_S`, or at the latest within `REOPEN_S`."""
        self._closed.set()

    def _codes_on(self, line: serial.Serial, now_s: Callable[[], float]) -> Iterator[str]:
        line.reset_input_buffer()  # what was scanned before anybody listened is no scan of now
        self._tell("")
        framing = Framing()
        while not self._closed.is_set():
            data = line.read(1)
            if data:
                data += line.read(min(line.in_waiting, READ_BYTES_MAX))
            yield from framing.take(data, now_s()) if data else framing.rest(now_s())

    def _tell(self, fault: str) -> None:
        if fault != self._fault:
            self._fault = fault
            self._told(fault)


async def codes_of(scanner: SerialScanner) -> AsyncGenerator[str]:
    """The codes of a scanner, read on a thread of its own, which ends with the iteration (`aclosing`).

    At most `CODES_WAITING_MAX` wait for whoever iterates; the newest are dropped then, as they are not
    shown and so will be scanned again.
    """
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[str] = asyncio.Queue(CODES_WAITING_MAX)

    def put(code: str) -> None:
        with suppress(asyncio.QueueFull):
            waiting.put_nowait(code)

    def read() -> None:
        for code in scanner.codes(loop.time):
            with suppress(RuntimeError):  # the loop has gone: so does the thread
                loop.call_soon_threadsafe(put, code)

    reading = threading.Thread(target=read, name=f"scanner {scanner.port}", daemon=True)
    reading.start()
    try:
        while True:
            yield await waiting.get()
    finally:
        scanner.close()


def _fault_of(error: OSError | ValueError) -> str:
    """The reason in a line."""
    text = str(error.strerror or error) if isinstance(error, OSError) else str(error)
    return " ".join(text.split())
