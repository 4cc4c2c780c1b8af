"""A real centre, real stations, and a line between them that can be cut and slowed: all on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import httpx
from click.testing import CliRunner

from checkin.main import open_store
from checkin.service.people import add_operator
from checkin.service.venues import Venues
from kiosk.__main__ import main as kiosk_main
from tests.served import PASSWORD
from tests.venue import SLUG, fill

WAIT_S = 15.0
START_S = 40.0


class Way(Protocol):
    """What lies between a station and the centre. `url`: of the centre, from the station's end."""

    url: str

    def cut(self) -> None: ...

    def mend(self) -> None: ...


class Line:
    """A TCP proxy to `port`. Cut, it takes no connection and drops those that there are; `delay_s` each way."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.is_cut = False
        self.delay_s = 0.0
        self.bytes = 0
        self._stuck: set[str] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(5)
        self.url = f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self.is_cut = True

        def drop() -> None:
            for writer in list(self._open):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(drop)

    def drop(self) -> None:
        """Those connections that there are break off; new ones are taken."""
        self.cut()
        self.is_cut = False

    def hang(self, way: str = "both") -> None:
        """Nothing comes through any more (`up`, `down`: that way alone), and nobody is told."""
        self._stuck = {"up", "down"} if way == "both" else {way}

    def mend(self) -> None:
        self.delay_s = 0.0
        self._stuck = set()
        self.cut()
        self.is_cut = False

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._take, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass(reader, back, "up"), self._pass(there, writer, "down"))
        for one in (writer, back):
            self._open.discard(one)
            one.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        while content := await reader.read(65_536):
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            while way in self._stuck:
                await asyncio.sleep(0.05)
            self.bytes += len(content)
            writer.write(content)
            await writer.drain()
        writer.transport.abort()


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def until(true: Callable[[], Any], what: str, wait_s: float = WAIT_S, said: Callable[[], str] = str) -> Any:
    """Wait until something is so; returns what it gave. `said`: what is told if it never is."""
    ends = time.monotonic() + wait_s
    while time.monotonic() < ends:
        with contextlib.suppress(httpx.HTTPError, OSError):
            if found := true():
                return found
        time.sleep(0.05)
    raise AssertionError(f"not within {wait_s:g} s: {what}{said()}")


class Program:
    """A process of ours; its output goes to a file. `within`: the words before it on the command line."""

    def __init__(self, arguments: list[str], log: Path, *, within: Sequence[str] = (), **environment: str) -> None:
        self.log = log
        self._command = [*within, sys.executable, "-m", *arguments]
        self._environment = os.environ | environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()

    def _listen(self, told: IO[bytes]) -> None:
        """By a pipe: it says what is wrong also where it must not write files."""
        with told, self.log.open("ab", buffering=0) as log:
            for line in told:
                log.write(line)

    def let_write(self, allowed: bool) -> None:
        """Whether files still grow for it; where not, the disk is as full as it can be, for this process alone."""
        if self.process is not None:
            bytes_max = resource.RLIM_INFINITY if allowed else 0
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (bytes_max, resource.RLIM_INFINITY))

    def said(self) -> str:
        return f"\n{self.log.read_text(errors='replace')[-3_000:]}"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(15)
            self.process = None


class Station:
    """A station at a door, over a line of its own."""

    def __init__(
        self,
        real: Real,
        door: str,
        *,
        way: Way | None = None,
        launcher: Sequence[str] = (),
        within: Sequence[str] = (),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`way`: a line of this process unless said; `launcher`: the module and its words that start the program;
        `within`: as of `Program`; `transport`: the way to its pages."""
        self.door = door
        if way is None:
            way = self.line = Line(real.port)
        self.data, self.keeper = real.folder / f"{door}-disk", real.folder / f"{door}-keeper"
        self.port = free_port()
        self.device, code = real.pairing(door)
        where = ["--data", str(self.data), "--keeper", str(self.keeper)]
        paired = CliRunner().invoke(kiosk_main, ["pair", way.url, code, *where])
        assert paired.exit_code == 0, paired.output
        command = [*launcher, "kiosk", "run", "--port", str(self.port), *where]
        self.program = Program(command, real.folder / f"station-{door}.log", within=within)
        self._real = real
        self.api = f"http://127.0.0.1:{self.port}/api/v1/events/{real.slug}"
        self.client = httpx.Client(base_url=self.api, trust_env=False, timeout=10, transport=transport)

    def start(self) -> None:
        self.program.start()
        until(
            lambda: self.client.get("/layout").status_code == 200,
            f"station {self.door} answers",
            START_S,
            self.program.said,
        )

    def scan(self, code: str, direction: str = "entry", id: str = "") -> dict[str, Any]:
        sent = {"id": id or str(uuid.uuid4()), "code": code, "door": self.door, "direction": direction}
        answer = self.client.post("/scans", json=sent)
        assert answer.status_code in (200, 201), answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def state(self) -> dict[str, Any]:
        told: dict[str, Any] = self.client.get(f"http://127.0.0.1:{self.port}/health").json()["station"]
        return told

    def wait_for_link(self) -> None:
        """Until the centre answers its scans."""
        until(
            lambda: self.state()["link"] == "linked" and self._real.shown(self)["linked"], f"{self.door} is linked", 25
        )

    def wait_for_rights(self, seats: int, area: str = "house") -> None:
        """Until it may let so many into an area by itself."""
        self.wait_for_link()
        until(lambda: self.state()["rights"].get(area, 0) >= seats, f"{self.door} has rights")


class Real:
    """The centre, as a process on a database file."""

    slug = SLUG

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", **layout: Any) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder}/centre.db"
        self.codes: dict[str, str] = self._furnish(**layout)
        self.port = free_port()
        self.program = Program(
            ["checkin", "serve", "--host", host, "--port", str(self.port)],
            folder / "centre.log",
            CHECKIN_DATABASE_URL=self.url,
            CHECKIN_SECOND_FACTOR="offered",
        )
        self._client: httpx.Client | None = None
        self.start()

    def _furnish(self, **layout: Any) -> dict[str, str]:
        async def run() -> dict[str, str]:
            store, venues = await open_store(self.url), Venues()
            try:
                codes = await fill(store, venues, **layout)
                await store.write(lambda tx: add_operator(tx, "Orga", "organiser", PASSWORD, now=0))
                return codes
            finally:
                await store.close()

        return asyncio.run(run())

    def start(self) -> None:
        self.program.start()
        health = f"http://127.0.0.1:{self.port}/health"
        until(lambda: httpx.get(health, trust_env=False).is_success, "the centre answers", START_S, self.program.said)

    @property
    def organiser(self) -> httpx.Client:
        if self._client is None:
            client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False)
            sent = {"name": "Orga", "password": PASSWORD}
            assert client.post("/api/v1/login", json=sent).status_code == 200
            client.base_url = f"http://127.0.0.1:{self.port}/api/v1/events/{self.slug}"
            self._client = client
        return self._client

    def pairing(self, door: str) -> tuple[str, str]:
        """A new device of a door, and a one-time code for it."""
        sent = {"name": f"Station {door}", "role": "door", "door": door}
        device = self.organiser.post("/devices", json=sent).json()["id"]
        link = self.organiser.post(f"/devices/{device}/pairing").json()["link"]
        return device, link.partition("#")[2]

    def inside(self, area: str) -> int:
        areas = self.organiser.get("/occupancy").json()["areas"]
        return next(int(one["inside"]) for one in areas if one["id"] == area)

    def shown(self, station: Station) -> dict[str, Any]:
        stations = self.organiser.get("/stations").json()["stations"]
        return next(one for one in stations if one["id"] == station.device)

    def scans(self) -> list[tuple[str, str | None, str | None]]:
        """(id, attendee, passage) of every scan of somebody's that is kept."""
        connection = sqlite3.connect(self.folder / "centre.db")
        try:
            return connection.execute(
                "SELECT id, attendee, passage FROM fact WHERE kind = 'scan' AND attendee IS NOT NULL ORDER BY seq"
            ).fetchall()
        finally:
            connection.close()

    def command(self, *arguments: str) -> str:
        """What a command says beside the running centre."""
        done = subprocess.run(
            [sys.executable, "-m", "checkin", *arguments],
            env=os.environ | {"CHECKIN_DATABASE_URL": self.url},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def verify(self) -> None:
        """The facts add up to what is stored."""
        self.command("verify", self.slug)


@contextmanager
def real(folder: Path, **layout: Any) -> Iterator[tuple[Real, Callable[[str], Station]]]:
    """The centre, and a way to make stations at its doors; all are stopped at the end."""
    centre = Real(folder, **layout)
    made: list[Station] = []

    def station(door: str) -> Station:
        made.append(Station(centre, door))
        made[-1].start()
        return made[-1]

    try:
        yield centre, station
    finally:
        for one in made:
            one.program.stop(signal.SIGKILL)
            one.client.close()
        if centre._client is not None:
            centre._client.close()
        centre.program.stop(signal.SIGKILL)
