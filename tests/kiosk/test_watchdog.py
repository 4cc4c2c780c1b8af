from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kiosk import watchdog
from kiosk.watchdog import Screen, Systemd, beat
from tests.kiosk.real import Program, real, until

BEAT_S = 0.1
SHOWS = "import sys, time; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n'); time.sleep(60)"


class Listening:
    """systemd's side: a real datagram socket, as `NOTIFY_SOCKET` names it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)

    def heard(self, wait_s: float = 0.0) -> list[str]:
        """What was told since the last time, and in the time given."""
        ends, told = time.monotonic() + wait_s, list[str]()
        while True:
            self._socket.settimeout(max(ends - time.monotonic(), 0.01))
            try:
                told.append(self._socket.recv(4_096).decode())
            except TimeoutError:
                return told

    def systemd(self, beat_s: float | None = None) -> Systemd:
        asked = {} if beat_s is None else {"WATCHDOG_USEC": str(round(beat_s * 2_000_000))}
        return Systemd({"NOTIFY_SOCKET": self.address} | asked)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    there = Listening(str(tmp_path / "notify"))
    yield there
    there.close()


async def fine() -> str:
    return "linked, 0 rows to send"


def test_it_is_ready_then_beats_and_says_at_last_that_it_stops(listening: Listening) -> None:
    async def run() -> None:
        task = asyncio.create_task(beat(listening.systemd(BEAT_S), fine))
        await asyncio.sleep(BEAT_S * 3.5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    told = listening.heard()
    assert told[0] == "READY=1"
    assert told[1:-1] == ["WATCHDOG=1\nSTATUS=linked, 0 rows to send"] * len(told[1:-1])
    assert len(told) >= 4
    assert told[-1] == "STOPPING=1"


def test_a_hung_event_loop_is_silent(listening: Listening) -> None:
    heard: list[str] = []

    async def run() -> None:
        task = asyncio.create_task(beat(listening.systemd(BEAT_S), fine))
        await asyncio.sleep(BEAT_S * 2)
        listening.heard()
        hangs = threading.Thread(target=lambda: heard.extend(listening.heard(BEAT_S * 5)))
        hangs.start()
        time.sleep(BEAT_S * 6)
        hangs.join()
        task.cancel()

    asyncio.run(run())
    assert heard == []


def test_a_store_that_does_not_answer_is_silent_until_it_does(listening: Listening) -> None:
    fails = True

    async def well() -> str:
        if fails:
            raise OSError("the disk is gone")
        return "well"

    async def run() -> None:
        nonlocal fails
        task = asyncio.create_task(beat(listening.systemd(BEAT_S), well))
        await asyncio.sleep(BEAT_S * 4)
        assert listening.heard() == ["READY=1"]
        fails = False
        await asyncio.sleep(BEAT_S * 2)
        assert "WATCHDOG=1\nSTATUS=well" in listening.heard()
        task.cancel()

    asyncio.run(run())


def test_an_abstract_socket_is_told_too() -> None:
    there = Listening(f"@checkin-test-{os.getpid()}")
    there.systemd().tell(STATUS="two\nlines")
    assert there.heard() == ["STATUS=two lines"]
    there.close()


def test_without_systemd_and_where_another_process_is_watched_nothing_is_asked() -> None:
    Systemd({}).tell(READY="1")
    Systemd({"NOTIFY_SOCKET": "/nowhere/notify"}).tell(READY="1")
    assert Systemd({"WATCHDOG_USEC": "10000000"}).beat_s == 5
    assert Systemd({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}).beat_s is None


def test_a_station_tells_systemd_how_it_goes_and_stops_when_it_hangs(tmp_path: Path, listening: Listening) -> None:
    with real(tmp_path) as (_, make):
        station = make("D1")
        station.program.stop()
        where = ["--data", str(station.data), "--keeper", str(station.keeper)]
        program = Program(
            ["kiosk", "run", "--port", str(station.port), *where],
            tmp_path / "watched.log",
            NOTIFY_SOCKET=listening.address,
            WATCHDOG_USEC="400000",
        )
        program.start()
        try:
            until(lambda: "READY=1" in listening.heard(0.2), "it is ready", 40, program.said)
            until(lambda: any("STATUS=linked" in told for told in listening.heard(0.3)), "it is linked", 25)
            assert program.process is not None
            program.process.send_signal(signal.SIGSTOP)
            listening.heard(0.3)
            assert listening.heard(1.0) == []
            program.process.send_signal(signal.SIGCONT)
            assert any("WATCHDOG=1" in told for told in listening.heard(1.0))
        finally:
            program.stop()


@contextmanager
def station_says(silent_s: Callable[[], float | None]) -> Iterator[str]:
    """A station's health, as far as a screen asks for it; None: it does not answer."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = silent_s()
            self.send_response(200 if now is not None else 500)
            self.end_headers()
            self.wfile.write(f'{{"page_silent_s": {now}}}'.encode() if now is not None else b"")

        def log_message(self, format: str, *args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Watched:
    """A browser that writes down what it shows, and what was said of it."""

    def __init__(self, folder: Path) -> None:
        self.note = folder / "shown"
        self.said: list[str] = []

    def show(self, station: str, systemd: Systemd, program: str = SHOWS) -> int:
        command = [sys.executable, "-c", program, str(self.note)]
        return Screen(command, station, "/door", "file:///waiting.html", self.said.append).show(systemd, 0.1)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(watchdog, "LOOK_S", 0.05)
    monkeypatch.setattr(watchdog, "PAGE_S_MAX", 0.3)
    monkeypatch.setattr(watchdog, "START_S_MAX", 3.0)
    return Watched(tmp_path)


def test_a_page_that_hangs_ends_the_browser(watched: Watched, listening: Listening) -> None:
    spoken: list[float] = []

    def speaks_once() -> float:
        if watched.note.exists() and not spoken:
            spoken.append(time.monotonic())
        return time.monotonic() - spoken[0] if spoken else 900.0

    with station_says(speaks_once) as address:
        assert watched.show(address, listening.systemd()) == 1
        assert 0.3 < time.monotonic() - spoken[0] < watchdog.START_S_MAX
    assert watched.said[0].startswith("The page has said nothing for")
    assert watched.note.read_text() == f"{address}/door\n"
    told = listening.heard()
    assert told[0] == "READY=1\nSTATUS=shows the station"
    assert "WATCHDOG=1" in told


def test_a_page_that_never_comes_has_longer_and_then_ends_the_browser(watched: Watched) -> None:
    began = time.monotonic()
    with station_says(lambda: 900.0) as address:
        assert watched.show(address, Systemd({})) == 1
    assert time.monotonic() - began >= watchdog.START_S_MAX


def test_while_no_station_answers_the_waiting_page_is_shown_until_it_does(watched: Watched) -> None:
    with station_says(lambda: 0.0 if watched.note.exists() else None) as address:
        assert watched.show(address, Systemd({})) == 0
    assert watched.said == ["The station answers: it is shown."]
    assert watched.note.read_text() == "file:///waiting.html\n"


def test_a_station_that_goes_away_does_not_end_the_browser_that_shows_it(watched: Watched) -> None:
    """The page itself says that nobody answers; the browser's own end is passed on."""
    with station_says(lambda: None if watched.note.exists() else 0.0) as address:
        assert watched.show(address, Systemd({}), f"{SHOWS}; sys.exit(7)".replace("60", "1")) == 7
    assert watched.said == ["The browser has ended (7)."]
