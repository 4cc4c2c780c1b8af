"""A load of scanners: each client has its connection and sends its next scan when it has its answer; or, with a
`rate`, scans come when they come, whether the one before is answered or not.

One process, asyncio and httptools alone, so that it leaves the machine to what is measured.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import resource
import struct
import sys
import time
import uuid
from base64 import b64encode
from typing import cast

import httptools
import msgspec
import uvloop
from msgspec import Struct

TICK_S = 0.001
ACCEPT_S = 0.0005
"""A server may accept one connection at each turn of its loop: those that it has not accepted would wait unread."""


class Result(Struct):
    """Latencies are of those that were not refused. With a `rate` they count from when the scan was due, so that an
    answer that keeps later scans waiting is not told once alone (“coordinated omission”)."""

    clients: int
    scans: int
    seconds: float
    scans_per_s: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]
    max_ms: float = 0.0
    refused_p50_ms: float = 0.0
    """Of 503."""
    refused_p99_ms: float = 0.0
    unsent: int = 0
    """Scans that were due when every connection was busy."""
    without_retry_after: int = 0
    """Refusals that do not say when to come again."""


class Scanner(asyncio.Protocol):
    """One keep-alive connection; one request under way at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._says_when = False
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._says_when = self._says_when or name.lower() == b"retry-after"

    def on_message_complete(self) -> None:
        self._load.answered(self._since, self._parser.get_status_code(), self._says_when)
        self._parser = httptools.HttpResponseParser(self)
        self._load.is_free(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._load.left()

    def send(self, request: bytes, since: float) -> None:
        self._since, self._says_when = since, False
        self._transport.write(request)

    def close(self) -> None:
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class SocketScanner(Scanner):
    """The same over a websocket; what it sends is masked with zeros, which is as good to a server."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._rest = b""
        self._waiting: tuple[bytes, float] | None = None
        self._open = False

    def send(self, request: bytes, since: float) -> None:
        if not self._open:
            self._waiting = request, since
            key = b64encode(os.urandom(16))
            self._transport.write(
                request.partition(b"\r\nContent-Type")[0].replace(b"POST", b"GET", 1)
                + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + b"Sec-WebSocket-Key: %b\r\n\r\n" % key
            )
            return
        body = request.partition(b"\r\n\r\n")[2]
        super().send(b"\x81\xfe" + struct.pack("!H", len(body)) + bytes(4) + body, since)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if not self._open:
            head, _, self._rest = self._rest.partition(b"\r\n\r\n")
            assert b" 101 " in head, head
            self._open = True
            assert self._waiting is not None
            self.send(*self._waiting)
        while len(self._rest) >= 4 and self._rest[0] == 0x81:
            size, start = self._rest[1], 2
            if size == 126:
                (size,), start = struct.unpack("!H", self._rest[2:4]), 4
            if len(self._rest) < start + size:
                return
            self._rest = self._rest[start + size :]
            self._load.answered(self._since, 201, False)
            self._load.is_free(self)


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
        rate: float = 0.0,
        socket: bool = False,
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
        self._rate = rate
        self._scanner = SocketScanner if socket else Scanner
        self._free: list[Scanner] = []
        self._unsent = 0
        self._latencies: list[float] = []
        self._refused: list[float] = []
        self._without_retry_after = 0
        self._statuses: dict[str, int] = {}
        self._prefix = uuid.uuid4().hex[:20]
        self._ends_at = 0.0
        self._open = 0
        self._done = asyncio.Event()

    async def run(self, clients: int) -> Result:
        loop = asyncio.get_running_loop()
        scanners = []
        for _ in range(clients):
            _, scanner = await loop.create_connection(functools.partial(self._scanner, self), "127.0.0.1", self._port)
            scanners.append(scanner)
        self._open = clients
        await asyncio.sleep(clients * ACCEPT_S)
        started = time.perf_counter()
        self._ends_at = started + self._seconds
        if self._rate:
            self._free = scanners
            await self._offer(started)
        else:
            for scanner in scanners:
                self.is_free(scanner)
        await self._done.wait()
        seconds = time.perf_counter() - started
        ordered, refused = sorted(self._latencies), sorted(self._refused)
        return Result(
            clients=clients,
            scans=len(ordered),
            seconds=seconds,
            scans_per_s=len(ordered) / seconds,
            p50_ms=_share_ms(ordered, 0.5),
            p99_ms=_share_ms(ordered, 0.99),
            statuses=self._statuses,
            max_ms=_share_ms(ordered, 1.0),
            refused_p50_ms=_share_ms(refused, 0.5),
            refused_p99_ms=_share_ms(refused, 0.99),
            unsent=self._unsent,
            without_retry_after=self._without_retry_after,
        )

    async def _offer(self, started: float) -> None:
        """Send each scan when it is due, then let go of the connections as they become free."""
        due = 0
        while (now := time.perf_counter()) < self._ends_at:
            while due < (now - started) * self._rate:
                scanner, request = self._next_free(), self.next_request()
                if scanner is None:
                    self._unsent += 1
                elif request is None:
                    scanner.close()
                else:
                    scanner.send(request, started + due / self._rate)
                due += 1
            await asyncio.sleep(TICK_S)
        for scanner in self._free:
            scanner.close()

    def _next_free(self) -> Scanner | None:
        while self._free:
            scanner = self._free.pop()
            if not scanner.is_closing():  # the server lets go of a connection that was idle for some seconds
                return scanner
        return None

    def is_free(self, scanner: Scanner) -> None:
        """This connection has had its answer."""
        if self._rate and time.perf_counter() < self._ends_at:
            self._free.append(scanner)
        elif (request := self.next_request()) is not None:
            scanner.send(request, time.perf_counter())
        else:
            scanner.close()

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

    def answered(self, since: float, status: int, says_when: bool) -> None:
        took = time.perf_counter() - since
        if status == 503:
            self._refused.append(took)
            self._without_retry_after += not says_when
        else:
            self._latencies.append(took)
        self._statuses[str(status)] = self._statuses.get(str(status), 0) + 1

    def left(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._done.set()


def _share_ms(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


async def main() -> None:
    """Reads what a `Load` needs and "clients", writes a `Result`."""
    order = json.load(sys.stdin)
    clients = order.pop("clients")
    result = await Load(**order).run(clients)
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main())
