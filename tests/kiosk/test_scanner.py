"""A serial scanner: what it sends is cut into codes, over a real line that can be unplugged."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import tty
from contextlib import aclosing
from pathlib import Path

import pytest

from checkin.core.codes import CODE_CHARS_MAX
from kiosk.scanner import CODES_WAITING_MAX, GAP_S, Framing, SerialScanner, codes_of


def cut(*parts: tuple[float, bytes], until: float = 10.0) -> list[str]:
    framing = Framing()
    codes = [code for at_s, data in parts for code in framing.take(data, at_s)]
    return codes + framing.rest(until)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\t", b"\x03"])
def test_code_ends_where_the_scanner_says_so(end: bytes) -> None:
    assert cut((0.0, b"1ABC" + end), until=0.0) == ["1ABC"]


def test_code_without_an_end_is_ended_by_silence_and_not_before() -> None:
    framing = Framing()
    assert framing.take(b"1AB", 0.0) == []
    assert framing.take(b"C", 0.04) == []
    assert framing.rest(0.04 + GAP_S * 0.9) == []
    assert framing.rest(0.04 + GAP_S * 1.1) == ["1ABC"]
    assert framing.rest(9.0) == []


def test_code_after_a_silence_is_another() -> None:
    assert cut((0.0, b"1AB"), (1.0, b"2CD\r")) == ["1AB", "2CD"]


def test_codes_that_arrive_together_are_several() -> None:
    assert cut((0.0, b"1AB\r\n\r\n2C"), (0.01, b"D\r")) == ["1AB", "2CD"]


def test_what_a_scanner_puts_around_a_code_is_left_out() -> None:
    assert cut((0.0, b"\x02]Q11ABC \x03\r\n")) == ["1ABC"]


def test_junk_is_a_code_of_its_own_and_the_next_one_is_read() -> None:
    assert cut((0.0, b"\xff\xfe\x00caf\xe9\r1ABC\r")) == ["ÿþcafé", "1ABC"]
    assert cut((0.0, "Straße\r".encode())) == ["Straße"]


def test_what_is_longer_than_any_code_is_thrown_away_up_to_its_end() -> None:
    flood = [(place * 0.01, b"x" * 1_000) for place in range(8)]
    assert cut(*flood, (0.08, b"\r1ABC\r")) == ["1ABC"]
    assert cut((0.0, b"y" * CODE_CHARS_MAX + b"\r")) == ["y" * CODE_CHARS_MAX]


class Line:
    """A pseudo-terminal under a name that stays, as udev gives one: it can be unplugged and plugged in again."""

    def __init__(self, name: Path) -> None:
        self.name = name
        self.ours = -1
        self.plug_in()

    def plug_in(self) -> None:
        self.ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.name.unlink(missing_ok=True)
        self.name.symlink_to(os.ttyname(theirs))
        self._theirs = theirs

    def send(self, data: bytes) -> None:
        os.write(self.ours, data)

    def unplug(self) -> None:
        os.close(self._theirs)
        os.close(self.ours)


def test_scanner_on_a_line_is_read_unplugged_and_found_again(tmp_path: Path) -> None:
    line = Line(tmp_path / "scanner")
    told: list[str] = []
    read: list[str] = []
    scanner = SerialScanner(str(line.name), told=told.append)

    reading = threading.Thread(target=lambda: read.extend(scanner.codes(time.monotonic)))
    reading.start()
    try:
        _until(lambda: told == [""])
        line.send(b"1AB")
        line.send(b"C\r\n")
        _until(lambda: read == ["1ABC"])
        line.send(b"no end")
        _until(lambda: read == ["1ABC", "no end"])
        line.unplug()
        _until(lambda: len(told) == 2 and told[1] != "")
        line.plug_in()
        _until(lambda: told[-1] == "")
        line.send(b"2DEF\r")
        _until(lambda: read[-1] == "2DEF")
    finally:
        scanner.close()
        reading.join(5)
    assert not reading.is_alive()


def test_codes_reach_an_event_loop_and_the_thread_ends_with_it(tmp_path: Path) -> None:
    line = Line(tmp_path / "scanner")
    ready = asyncio.Event()

    async def read() -> list[str]:
        loop = asyncio.get_running_loop()
        scanner = SerialScanner(str(line.name), told=lambda fault: loop.call_soon_threadsafe(ready.set))
        async with aclosing(codes_of(scanner)) as codes:
            first = asyncio.ensure_future(anext(codes))
            await asyncio.wait_for(ready.wait(), 5)
            await asyncio.sleep(2 * GAP_S)
            line.send(b"".join(b"%d\r" % number for number in range(2)))
            return [await first, await anext(codes)]

    assert asyncio.run(asyncio.wait_for(read(), 10)) == ["0", "1"]
    _until(lambda: not [one for one in threading.enumerate() if one.name.startswith("scanner ")])
    assert CODES_WAITING_MAX > 2


def test_port_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    scanner = SerialScanner(str(tmp_path / "none"), told=told.append)
    reading = threading.Thread(target=lambda: list(scanner.codes(time.monotonic)))
    reading.start()
    _until(lambda: bool(told))
    scanner.close()
    reading.join(5)
    assert len(told) == 1
    assert "No such file" in told[0]


def _until(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + 8
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
