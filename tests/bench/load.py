"""A load of scanners: each client has its connection and sends its next scan when it has its answer.

One process, asyncio and httptools alone, so that it leaves the machine to what is measured.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
import time
import uuid
from typing import cast

import httptools
import msgspec
import uvloop
from msgspec import Struct


class Result(Struct):
    clients: int
    scans: int
    seconds: float
    scans_per_s: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]


class Scanner(asyncio.Protocol):
    """One keep-alive connection; one request under way at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._load.answered(self._sent_at, self._parser.get_status_code())
        self._parser = httptools.HttpResponseParser(self)
        self.send()

    def connection_lost(self, error: Exception | None) -> None:
        self._load.left()

    def send(self) -> None:
        request = self._load.next_request()
        if request is None:
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)


class Load:
    def __init__(
        self,
        port: int,
        tokens: list[str],
        doors: list[str],
        codes: list[str],
        slug: str,
        seconds: float,
        scans_max: int,
    ) -> None:
        self._port = port
        self._scans_max = scans_max
        self._heads = [
            (
                f"POST /api/v1/events/{slug}/scans HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Authorization: Bearer {token}\r\n"
                "Content-Type: application/json\r\n"
            ).encode()
            for token in tokens
        ]
        self._doors = doors
        self._codes = codes
        self._seconds = seconds
        self._sent = 0
        self._latencies: list[float] = []
        self._statuses: dict[str, int] = {}
        self._prefix = uuid.uuid4().hex[:20]
        self._ends_at = 0.0
        self._open = 0
        self._done = asyncio.Event()

    async def run(self, clients: int) -> Result:
        loop = asyncio.get_running_loop()
        scanners = []
        for _ in range(clients):
            _, scanner = await loop.create_connection(functools.partial(Scanner, self), "127.0.0.1", self._port)
            scanners.append(scanner)
        self._open = clients
        started = time.perf_counter()
        self._ends_at = started + self._seconds
        for scanner in scanners:
            scanner.send()
        await self._done.wait()
        seconds = time.perf_counter() - started
        ordered = sorted(self._latencies)
        return Result(
            clients=clients,
            scans=len(ordered),
            seconds=seconds,
            scans_per_s=len(ordered) / seconds,
            p50_ms=ordered[len(ordered) // 2] * 1000,
            p99_ms=ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000,
            statuses=self._statuses,
        )

    def next_request(self) -> bytes | None:
        if time.perf_counter() >= self._ends_at or self._sent >= self._scans_max:
            return None
        number = self._sent
        self._sent += 1
        which = number % len(self._doors)
        digits = f"{self._prefix}{number:012x}"
        id = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
        direction = "entry" if (number // len(self._codes)) % 2 == 0 else "exit"
        body = (
            f'{{"id":"{id}","code":"{self._codes[number % len(self._codes)]}",'
            f'"door":"{self._doors[which]}","direction":"{direction}"}}'
        ).encode()
        return b"%bContent-Length: %d\r\n\r\n%b" % (self._heads[which], len(body), body)

    def answered(self, sent_at: float, status: int) -> None:
        self._latencies.append(time.perf_counter() - sent_at)
        self._statuses[str(status)] = self._statuses.get(str(status), 0) + 1

    def left(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._done.set()


async def main() -> None:
    """Reads what a `Load` needs and "clients", writes a `Result`."""
    order = json.load(sys.stdin)
    clients = order.pop("clients")
    result = await Load(**order).run(clients)
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    uvloop.run(main())
