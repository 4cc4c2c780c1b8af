"""Stations: the answer at a door that is linked and cut off, an hour of rush that is caught up, fifty at one
centre, a hundred thousand people on a small machine. Centre and stations are processes, the line is a proxy."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvloop
from msgspec import Struct

from checkin.core.model import Scan
from checkin.main import open_store
from checkin.service.people import add_operator
from kiosk.keeper import Keeper
from kiosk.main import Kiosk
from kiosk.pairing import pair
from kiosk.station import Effect, Mark, Store
from tests.bench.load import Result
from tests.bench.scans import drive, served
from tests.bench.scans import load as load_twin
from tests.bench.venue import DOORS, SLUG, prepare
from tests.kiosk.real import Program, Real, Station, until
from tests.served import PASSWORD

PEOPLE = 2_000
AT_ONCE = 150
"""So many are let in before they leave again: a station that is cut off lets in by its own rights."""
RUSH_ROWS = 1_800
"""An hour of rush at one door: a badge every two seconds."""
RUSH_DOORS = 3
RETURN_ROWS = 300
OWN_DOOR = "D9"
PROCESSES = 5
"""The fifty stations are spread over so many, for the sake of their disks."""
SMALL_BYTES = 1024**3
SMALL = ("taskset", "-c", "0", "prlimit", f"--as={SMALL_BYTES}")
"""A small machine: one core, and 1 GiB of addresses (memory is less)."""
WAIT_S = 600.0


class Centre(Real):
    """The bench's event, as `checkin serve` runs it."""

    slug = SLUG

    def _furnish(self, **layout: Any) -> dict[str, str]:
        async def run() -> dict[str, str]:
            store = await open_store(self.url)
            try:
                bench = await prepare(store, layout["people"])
                await store.write(lambda tx: add_operator(tx, "Orga", "organiser", PASSWORD, now=0))
            finally:
                await store.close()
            self.tokens = bench.door_tokens
            return {str(number): code for number, code in enumerate(bench.codes)}

        return asyncio.run(run())


class Door(Struct):
    """What a load of scans says of a door, of one scanner and of sixteen. `cpu_ms`, `cpu_many_ms`: of the centre, a
    scan; `bytes`: on the link, a scan of one."""

    what: str
    one: Result
    many: Result
    cpu_ms: float | None = None
    cpu_many_ms: float | None = None
    bytes: float | None = None


class CaughtUp(Struct):
    """From the link's being back until nothing waits."""

    doors: int
    rows: int
    seconds: float


class Fifty(Struct):
    """`disks`: with disk and mark, which on one machine share its disk and, with the stations' own programs, its cores
    (`stations_cpu` of them); without, what is left is mostly the centre's."""

    stations: int
    disks: bool
    scans_per_s: float
    p50_ms: float
    p99_ms: float
    alone: float
    centre_cpu: float
    """Of one core."""
    stations_cpu: float


class Many(Struct):
    """With so many attendees. `ready_s`: from its start until it can decide; `everybody_s`: until it has all people, by
    `everybody_mb` on the link. `told_s`: back at a centre that was started anew meanwhile and lacks `RETURN_ROWS` of
    its scans, until that has them; `present_s`: until whoever was erased meanwhile is gone from it."""

    attendees: int
    pair_s: float
    ready_s: float
    everybody_s: float
    linked_s: float
    again_s: float
    again_linked_s: float
    everybody_mb: float
    told_s: float
    present_s: float
    return_mb: float
    station_mib: float
    station_peak_mib: float
    centre_mib: float
    centre_peak_mib: float
    disk_mib: float
    small: bool


class StationsResult(Struct):
    doors: list[Door]
    caught_up: list[CaughtUp]
    fifty: list[Fifty]
    many: Many


def run(quick: bool) -> StationsResult:
    with _centre(doors=[f"D{n}" for n in range(RUSH_DOORS)]) as (centre, stations):
        doors = _doors(centre, stations[0], 1.5 if quick else 4.0)
        rows = RUSH_ROWS // 6 if quick else RUSH_ROWS
        caught_up = [_catch_up(centre, stations[:count], rows) for count in (1, RUSH_DOORS)]
    fifty = [_fifty(10 if quick else 50, 4.0 if quick else 10.0, disks=disks) for disks in (True, False)]
    return StationsResult(doors, caught_up, fifty, _many(5_000 if quick else 100_000))


@contextmanager
def _centre(
    people: int = PEOPLE, doors: Sequence[str] = (), within: Sequence[str] = ()
) -> Iterator[tuple[Centre, list[Station]]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        centre = Centre(folder, people=people)
        stack.callback(centre.program.stop)
        stack.callback(lambda: centre.organiser.close())
        stations = []
        for door in doors:
            station = Station(centre, door, within=within)
            stack.callback(station.client.close)
            stack.callback(station.program.stop)
            station.start()
            stations.append(station)
        for station in stations:
            until(lambda: station.state()["link"] == "linked", "linked", WAIT_S, station.program.said)  # noqa: B023
            until(lambda: station.state()["rights"]["house"] >= AT_ONCE, "rights", WAIT_S)  # noqa: B023
        yield centre, stations


def _order(
    port: int, door: str, centre: Centre, clients: int, seconds: float, scans_max: int = sys.maxsize
) -> dict[str, Any]:
    return {
        "port": port,
        "clients": clients,
        "seconds": seconds,
        "slug": SLUG,
        "doors": [door],
        "tokens": [centre.tokens[door]],
        "codes": list(centre.codes.values())[:AT_ONCE],
        "scans_max": scans_max,
    }


def _doors(centre: Centre, station: Station, seconds: float) -> list[Door]:
    """One scanner, and sixteen: the empty route, the centre's own door, a station that is linked, and cut off."""

    def load(port: int, door: str, clients: int) -> Result:
        return drive(_order(port, door, centre, clients, seconds))

    with served("twin") as twin:
        load_twin(twin, 1, 1.0)
        empty = Door("empty route", load_twin(twin, 1, seconds), load_twin(twin, 16, seconds))
    load(centre.port, OWN_DOOR, 1)
    own = _measured("the centre's own door", centre, station, load, centre.port, OWN_DOOR)
    linked = _measured("station, linked", centre, station, load, station.port, station.door)
    _cut(station)
    cut = Door("station, cut off", load(station.port, station.door, 1), load(station.port, station.door, 16))
    _mend([station])
    return [empty, own, linked, cut]


def _measured(what: str, centre: Centre, station: Station, load: Any, port: int, door: str) -> Door:
    cpu_s, sent = _cpu_s(centre.program), station.line.bytes
    one = load(port, door, 1)
    between_s, sent = _cpu_s(centre.program), station.line.bytes - sent
    many = load(port, door, 16)
    return Door(
        what,
        one,
        many,
        cpu_ms=(between_s - cpu_s) * 1000 / one.scans,
        cpu_many_ms=(_cpu_s(centre.program) - between_s) * 1000 / many.scans,
        bytes=sent / one.scans if port == station.port else None,
    )


def _catch_up(centre: Centre, stations: Sequence[Station], rows: int) -> CaughtUp:
    """They are cut off for an hour's scans, and come back together."""
    for station in stations:
        _cut(station)
    with ThreadPoolExecutor(len(stations)) as threads:
        orders = [_order(one.port, one.door, centre, 8, 600, rows) for one in stations]
        for done in threads.map(drive, orders):
            assert set(done.statuses) == {"201"}, done.statuses
    assert all(one.state()["waiting"] >= rows for one in stations)
    return CaughtUp(len(stations), rows * len(stations), _mend(stations))


def _cut(station: Station) -> None:
    until(lambda: station.state()["rights"]["house"] >= AT_ONCE, "it has rights", WAIT_S)
    station.line.cut()
    until(lambda: station.state()["link"] == "cut", "it is cut off", WAIT_S)


def _mend(stations: Sequence[Station]) -> float:
    """Until they are linked, and nothing waits; in how many seconds."""
    for station in stations:
        station.line.mend()
    back = time.perf_counter()

    def are_caught_up() -> bool:
        states = [one.state() for one in stations]
        return all(one["link"] != "cut" and one["waiting"] == 0 for one in states)

    until(are_caught_up, "they have caught up", WAIT_S)
    return time.perf_counter() - back


class WithoutDisk(Kiosk):
    """A station whose disk and mark take no time."""

    def _do(self, effect: Effect) -> None:
        if not isinstance(effect, Store | Mark):
            super()._do(effect)


def _fifty(count: int, seconds: float, *, disks: bool) -> Fifty:
    """Each with machine, disk and websocket, several to a process; without pages, which no other machine sees."""
    with _centre() as (centre, _), tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        orders: list[list[tuple[str, str]]] = [[] for _ in range(PROCESSES)]
        for n in range(count):
            door = f"D{n % DOORS}"
            orders[n % PROCESSES].append((door, centre.pairing(door)[1]))
        working = []
        for number, pairings in enumerate(orders):
            order = {
                "url": f"http://127.0.0.1:{centre.port}",
                "folder": f"{folder}/{number}",
                "pairings": pairings,
                "codes": list(centre.codes.values())[number::PROCESSES],
                "disks": disks,
            }
            command = [sys.executable, "-m", "tests.bench.stations", json.dumps(order)]
            working.append(
                stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            )
        for one in working:
            assert one.stdout is not None
            assert one.stdout.readline().strip() == "linked"
        cpu_s = _cpu_s(centre.program)
        for one in working:
            assert one.stdin is not None
            one.stdin.write(f"{seconds}\n")
            one.stdin.flush()
        told = [json.loads(one.communicate()[0]) for one in working]
        cpu_s = _cpu_s(centre.program) - cpu_s
        taken = sorted(ms for one in told for ms in one["taken_ms"])
        return Fifty(
            stations=count,
            disks=disks,
            scans_per_s=len(taken) / seconds,
            p50_ms=taken[len(taken) // 2],
            p99_ms=taken[len(taken) * 99 // 100],
            alone=sum(one["alone"] for one in told) / len(taken),
            centre_cpu=cpu_s / seconds,
            stations_cpu=sum(one["cpu_s"] for one in told) / seconds,
        )


async def _run_stations(order: dict[str, Any]) -> None:
    """Some stations in this process: says “linked”, reads for how many seconds to scan, says what it took."""
    kind, kiosks = Kiosk if order["disks"] else WithoutDisk, list[Kiosk]()
    for number, (_, code) in enumerate(order["pairings"]):
        data = Path(order["folder"]) / str(number)
        keeper = Keeper(data / "keeper")
        kiosks.append(kind(data, keeper, pair(order["url"], code, keeper), stopped=lambda: None))
    for kiosk in kiosks:
        kiosk.start()
    tasks = [asyncio.create_task(kiosk.run()) for kiosk in kiosks]
    while not all(
        kiosk.station is not None and kiosk.state().link == "linked" and kiosk.person(None, order["codes"][-1])
        for kiosk in kiosks
    ):
        await asyncio.sleep(0.1)
    print("linked", flush=True)
    ends = time.perf_counter() + float(await asyncio.to_thread(sys.stdin.readline))
    cpu_s = time.process_time()
    taken_ms: list[float] = []
    alone = 0

    async def scan_at(kiosk: Kiosk, codes: list[str]) -> None:
        nonlocal alone
        number = 0
        while time.perf_counter() < ends:
            way = "entry" if number // len(codes) % 2 == 0 else "exit"
            code, id = codes[number % len(codes)], str(uuid.uuid4())
            began = time.perf_counter()
            answer, _ = await kiosk.scan(Scan(id=id, code=code, door=kiosk.pairing.door, direction=way))  # type: ignore[arg-type]
            taken_ms.append((time.perf_counter() - began) * 1000)
            alone += answer.provisional
            number += 1

    await asyncio.gather(*(scan_at(one, order["codes"][n :: len(kiosks)]) for n, one in enumerate(kiosks)))
    cpu_s = time.process_time() - cpu_s
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps({"taken_ms": taken_ms, "alone": alone, "cpu_s": cpu_s}))


def _many(attendees: int) -> Many:
    """A station of a small machine at an event of so many: paired, filled, started again."""
    small = os.access("/usr/bin/taskset", os.X_OK) and os.access("/usr/bin/prlimit", os.X_OK)
    with _centre(attendees) as (centre, _):
        began = time.perf_counter()
        station = Station(centre, "D0", within=SMALL if small else ())
        pair_s = time.perf_counter() - began

        def since(began: float) -> float:
            return time.perf_counter() - began

        def start() -> tuple[float, float]:
            began = time.perf_counter()
            station.program.start()
            until(lambda: station.client.get("/layout").status_code == 200, "it decides", WAIT_S, station.program.said)
            ready_s = since(began)
            until(lambda: station.state()["link"] == "linked", "it is linked", WAIT_S, station.program.said)
            return ready_s, since(began)

        try:
            began = time.perf_counter()
            ready_s, linked_s = start()
            codes = _count(centre.folder / "centre.db", "SELECT count(*) FROM code")
            on_disk = "SELECT count(*) FROM row WHERE name = 'people'"
            until(lambda: _count(station.data / "station.db", on_disk) == codes, "it has everybody", WAIT_S)
            everybody_s = since(began)
            everybody_mb = station.line.bytes / 1e6
            peak = _memory_mib(station.program, "VmHWM")
            station.program.stop()
            again_s, again_linked_s = start()
            told_s, present_s, return_mb = _return(centre, station, attendees)
            return Many(
                attendees=attendees,
                pair_s=pair_s,
                ready_s=ready_s,
                everybody_s=everybody_s,
                linked_s=linked_s,
                again_s=again_s,
                again_linked_s=again_linked_s,
                everybody_mb=everybody_mb,
                told_s=told_s,
                present_s=present_s,
                return_mb=return_mb,
                station_mib=_memory_mib(station.program, "VmRSS"),
                station_peak_mib=max(peak, _memory_mib(station.program, "VmHWM")),
                centre_mib=_memory_mib(centre.program, "VmRSS"),
                centre_peak_mib=_memory_mib(centre.program, "VmHWM"),
                disk_mib=sum(file.stat().st_size for file in station.data.rglob("*") if file.is_file()) / 1024**2,
                small=small,
            )
        finally:
            station.program.stop()
            station.client.close()


def _return(centre: Centre, station: Station, attendees: int) -> tuple[float, float, float]:
    """A station that was cut off comes back; as in `Many`."""
    _cut(station)
    done = drive(_order(station.port, station.door, centre, 8, 600, RETURN_ROWS))
    assert set(done.statuses) == {"201"}, done.statuses
    centre.organiser.post(f"/attendees/attendee-{attendees - 1}/erasure", timeout=WAIT_S).raise_for_status()
    centre.program.stop()
    centre.start()
    told_s, sent = 0.0, station.line.bytes
    station.line.mend()
    back = time.perf_counter()

    def knows() -> int:
        return int(station.client.get(f"http://127.0.0.1:{station.port}/health").json()["people"])

    def is_present() -> bool:
        nonlocal told_s
        if not told_s and station.state()["waiting"] == 0:
            told_s = time.perf_counter() - back
        return told_s > 0 and knows() == attendees - 1

    until(is_present, "it is at the present", WAIT_S)
    return told_s, time.perf_counter() - back, (station.line.bytes - sent) / 1e6


def _count(file: Path, query: str) -> int:
    connection = sqlite3.connect(file)
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


def _memory_mib(program: Program, line: str) -> float:
    assert program.process is not None
    told = Path(f"/proc/{program.process.pid}/status").read_text(encoding="ascii")
    return next(int(one.split()[1]) for one in told.splitlines() if one.startswith(line)) / 1024


def _cpu_s(program: Program) -> float:
    """What it has used so far."""
    assert program.process is not None
    told = Path(f"/proc/{program.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    uvloop.run(_run_stations(json.loads(sys.argv[1])))
