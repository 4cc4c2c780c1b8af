"""Where a scan's time goes: the same answer behind fewer layers, and the stages of one scan each by itself.

None of the servers here decides or stores anything, but for `real`: what remains is the way in and out.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httptools
import msgspec
from msgspec import Struct

from checkin.core.model import Direction, Scan
from checkin.main import open_store, wall_clock
from checkin.service.scans import Answered, Arrived, admit
from checkin.service.venues import Venues
from checkin.store.engine import Row, Transaction
from checkin.wire import Answer, ScanSent
from tests.bench.load import Result
from tests.bench.scans import load, served
from tests.bench.venue import DOORS, SLUG, prepare

KINDS = ("bare", "twin", "socket", "whole", "real")
"""bare: ASGI alone, which reads a body and sends one. twin: the service's own route, which decodes, recognises the
token, answers. socket: the same over a websocket for each door. whole: the same through the framework. real: the
service."""
CLIENTS = 64
BATCHES = (1, 16, 64, 256)
ROUNDS = 40


class Stage(Struct):
    """Microseconds a scan. In a batch: the whole batch divided by its scans."""

    what: str
    us: float


class Clock(Struct):
    """Seconds in statements that read, and in those that write."""

    read_s: float = 0.0
    written_s: float = 0.0


class Timed:
    """A transaction whose statements are timed."""

    works_beside = False

    def __init__(self, tx: Transaction, clock: Clock) -> None:
        self._tx = tx
        self._clock = clock

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        started = time.perf_counter()
        try:
            return self._tx.rows(sql, parameters)
        finally:
            self._clock.read_s += time.perf_counter() - started

    def rows_together(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        started = time.perf_counter()
        try:
            return self._tx.rows_together(sql, parameters)
        finally:
            self._clock.read_s += time.perf_counter() - started

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        return partial(self.rows, sql, parameters)

    def ask_together(self, sql: str, parameters: Sequence[Any] = ()) -> Callable[[], list[Row]]:
        return partial(self.rows_together, sql, parameters)

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        started = time.perf_counter()
        try:
            return self._tx.row(sql, parameters)
        finally:
            self._clock.read_s += time.perf_counter() - started

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        started = time.perf_counter()
        try:
            return self._tx.run(sql, parameters)
        finally:
            self._clock.written_s += time.perf_counter() - started

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        started = time.perf_counter()
        try:
            self._tx.run_many(sql, rows)
        finally:
            self._clock.written_s += time.perf_counter() - started

    def tell(self, news: str) -> None:
        self._tx.tell(news)


class Routes(Struct):
    kinds: dict[str, Result]
    stages: list[Stage]
    batches: dict[int, float]
    """Scans in a batch → microseconds a scan, from BEGIN to the commit."""


def run(seconds: float) -> Routes:
    kinds = {}
    for kind in KINDS:
        with served(kind) as server:
            load(server, CLIENTS, 0.5, socket=kind == "socket")
            kinds[kind] = load(server, CLIENTS, seconds, socket=kind == "socket")
    with tempfile.TemporaryDirectory() as folder:
        stages, batches = asyncio.run(_stages(Path(folder)))
    return Routes(kinds, stages, batches)


async def _stages(folder: Path) -> tuple[list[Stage], dict[int, float]]:
    store, venues = await open_store(f"sqlite:///{folder / 'bench.db'}"), Venues()
    try:
        bench = await prepare(store, 2_000)
        sent = msgspec.json.encode({"id": str(uuid.uuid4()), "code": bench.codes[0], "door": "D0"})
        head = (
            f"POST /api/v1/events/{SLUG}/scans HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer x\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        ).encode()
        decode, encode = msgspec.json.Decoder(ScanSent).decode, msgspec.json.Encoder().encode
        answers: list[Answer] = []
        number = 0

        def arrived(count: int) -> list[Arrived]:
            nonlocal number
            made = []
            for _ in range(count):
                code, door = bench.codes[number % len(bench.codes)], f"D{number % DOORS}"
                direction: Direction = "exit" if number // len(bench.codes) % 2 else "entry"
                made.append(
                    Arrived(scan=Scan(id=str(uuid.uuid4()), code=code, door=door, direction=direction), by="bench")
                )
                number += 1
            return made

        def decide(count: int) -> Callable[[Transaction], None]:
            batch = arrived(count)

            def work(tx: Transaction) -> None:
                for one in admit(tx, venues, SLUG, batch, wall_clock()):
                    assert isinstance(one, Answered)
                    answers[:] = [one.answer]

            return work

        batches, clock, inside_us = {}, Clock(), 0.0
        for count in BATCHES:
            spent, inside = 0.0, 0.0
            clock = Clock()
            for _ in range(ROUNDS):
                work = decide(count)

                def timed(tx: Transaction, work: Callable[[Transaction], None] = work, clock: Clock = clock) -> float:
                    began = time.perf_counter()
                    work(Timed(tx, clock))
                    return time.perf_counter() - began

                started = time.perf_counter()
                inside += await store.write(timed)
                spent += time.perf_counter() - started
            batches[count] = spent / ROUNDS / count * 1e6
            inside_us = inside / ROUNDS / count * 1e6
        hop_us = (await _each_us(lambda: store.read(lambda tx: None))) / BATCHES[-1]
        most = BATCHES[-1]
        return [
            Stage("request parsed", _us(lambda: httptools.HttpRequestParser(_Nothing()).feed_data(head + sent))),
            Stage("body decoded", _us(lambda: decode(sent))),
            Stage(f"loaded, {most} at once", clock.read_s / ROUNDS / most * 1e6),
            Stage(f"decided, {most} at once", inside_us - (clock.read_s + clock.written_s) / ROUNDS / most * 1e6),
            Stage(f"inserted, {most} at once", clock.written_s / ROUNDS / most * 1e6),
            Stage(f"begin, commit and back, {most} at once", batches[most] - inside_us),
            Stage(f"the hop to the thread in that, {most} at once", hop_us),
            Stage("answer encoded", _us(lambda: encode(answers[0]))),
        ], batches
    finally:
        await store.close()


def _us(work: Callable[[], object], rounds: int = 2_000) -> float:
    started = time.perf_counter()
    for _ in range(rounds):
        work()
    return (time.perf_counter() - started) / rounds * 1e6


async def _each_us(work: Callable[[], object], rounds: int = 500) -> float:
    started = time.perf_counter()
    for _ in range(rounds):
        await work()  # type: ignore[misc]
    return (time.perf_counter() - started) / rounds * 1e6


class _Nothing:
    """A protocol that does nothing with what is parsed."""

    def on_header(self, name: bytes, value: bytes) -> None:
        return None

    def on_body(self, body: bytes) -> None:
        return None


def measure(quick: bool) -> Routes:
    """The same answer behind fewer layers, and the stages of a scan."""
    result = run(1.5 if quick else 5.0)
    print(f"Where a scan's time goes: {CLIENTS} clients; all but real decide and store nothing")
    print(f"{'':>8} {'scans/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'us each':>8} {'of bare':>8}")
    for kind, one in result.kinds.items():
        share = one.scans_per_s / result.kinds["bare"].scans_per_s
        print(
            f"{kind:>8} {one.scans_per_s:>8,.0f} {one.p50_ms:>7.1f} {one.p99_ms:>7.1f} {1e6 / one.scans_per_s:>8.0f}"
            f" {share:>8.2f}"
        )
    for stage in result.stages:
        print(f" {stage.what:<44} {stage.us:>8.1f} us a scan")
    told = ", ".join(f"{us:,.0f} us in a batch of {count}" for count, us in result.batches.items())
    print(f" begun, decided, committed: {told}\n")
    return result
