"""Displays: how late the last of a thousand is served, and what a delivery costs.

`ours` is the service's own websocket route; `plain` a bare ASGI app on the same server that loops
over its clients and awaits `send`, with messages of the same size at the same pace: the limit of
the server. Both are driven by the same clients, in turn, in one run.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import resource
import select
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import uvicorn
import uvloop
from msgspec import Struct

from tests.bench.venue import SLUG

BAD = ("never reads", "reads a byte a second", "floods")
FLOODS = (
    b"\x89\xfd" + bytes(4) + bytes(125),  # a ping
    b"\x81\xfd" + bytes(4) + b"x" * 125,  # a text
    b"\x80\x80" + bytes(4),  # a piece of nothing
)
CONNECTING = 50
FIRSTS = 100
"""What the first displays take is not what one more takes: the service loads and makes what it has once."""
HELD_S_MAX = 600.0
CONTENT_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
SEQ_AT = len(b'{"type":"occupancy","seq":')


class LiveResult(Struct):
    """`last_…`: from the scan sent until every display was told of it. `spread_…`: from the first
    display told to the last."""

    clients: int
    messages: int
    last_p50_ms: float
    last_p99_ms: float
    spread_p50_ms: float
    spread_p99_ms: float
    cpu_us_a_delivery: float
    kib_a_connection: float
    """The service's memory, for each display after the `FIRSTS`, or of few after the first half."""
    grown_mib: float
    """The service's memory, from before the displays came to the end."""


class Crowd:
    """Displays that do no more than find each message's number and note when it came, and one door. All sockets in
    one loop over `epoll`, so that the load takes as little as it can of what the service needs."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._epoll = select.epoll()
        self._displays: dict[int, socket.socket] = {}
        self._rests: dict[int, bytes] = {}
        self._seqs: dict[bytes, int | None] = {}
        self._answers = b""
        self._door = self._connect()
        self._door.setblocking(False)
        self._epoll.register(self._door.fileno(), select.EPOLLIN)
        self.first_at: dict[int, float] = {}
        self.last_at: dict[int, float] = {}
        self.counts: dict[int, int] = {}
        self.sent_at: dict[int, float] = {}
        self._asked_at: deque[float] = deque()

    def open(self, displays: int) -> None:
        """Connect so many displays more."""
        head = handshake(self._order["path"], self._order["token"])
        for first in range(0, displays, CONNECTING):
            some = [self._connect() for _ in range(first, min(first + CONNECTING, displays))]
            for one in some:
                one.sendall(head)
            for one in some:
                answer = b""
                while b"\r\n\r\n" not in answer:
                    answer += one.recv(65_536)
                before, _, rest = answer.partition(b"\r\n\r\n")
                assert b" 101 " in before, before
                one.setblocking(False)
                self._displays[one.fileno()] = one
                self._took(one.fileno(), rest)
                self._epoll.register(one.fileno(), select.EPOLLIN)

    def cause(self, number: int) -> None:
        """One scan that changes the house."""
        order = self._order
        code = order["codes"][number % len(order["codes"])]
        body = json.dumps(
            {"id": f"00000000-0000-4000-8000-{number:012d}", "code": code, "door": order["door"]}
        ).encode()
        self._asked_at.append(time.monotonic())
        self._door.sendall(
            f"POST {order['cause']} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {order['door_token']}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def read_until(self, ends_at: float) -> None:
        while (left := ends_at - time.monotonic()) > 0:
            for number, _ in self._epoll.poll(left):
                if number == self._door.fileno():
                    self._answered(self._door.recv(65_536))
                else:
                    self._took(number, self._displays[number].recv(65_536))

    def close(self) -> None:
        for one in (self._door, *self._displays.values()):
            one.close()
        self._epoll.close()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._order["port"]))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def _answered(self, data: bytes) -> None:
        self._answers += data
        while (end := self._answers.find(b"\r\n\r\n") + 4) > 3:
            length = CONTENT_LENGTH.search(self._answers)
            assert length is not None
            end_of_body = end + int(length[1])
            if len(self._answers) < end_of_body:
                return
            self.sent_at[int(json.loads(self._answers[end:end_of_body])["seq"])] = self._asked_at.popleft()
            self._answers = self._answers[end_of_body:]

    def _took(self, number: int, data: bytes) -> None:
        """What came for one display. Nearly always it is one frame, which all others get too."""
        now = time.monotonic()
        if number in self._rests:
            data = self._rests.pop(number) + data
        if data in self._seqs:
            self._came(self._seqs[data], now)
            return
        while data:
            size, start = (data[1] & 0x7F, 2) if len(data) > 1 else (0, 2)
            if size >= 126:
                start = 4 if size == 126 else 10
                size = int.from_bytes(data[2:start], "big")
            if len(data) < start + size:
                self._rests[number] = data
                return
            frame, data = data[: start + size], data[start + size :]
            if frame not in self._seqs:
                message = frame[start:]
                known = message.startswith(b'{"type":"occupancy"')
                self._seqs[frame] = int(message[SEQ_AT : message.index(b",", SEQ_AT)]) if known else None
            self._came(self._seqs[frame], now)

    def _came(self, seq: int | None, now: float) -> None:
        if seq is not None:
            self.last_at[seq] = now
            self.first_at.setdefault(seq, now)
            self.counts[seq] = self.counts.get(seq, 0) + 1


def drive(order: dict[str, Any]) -> LiveResult:
    """Connect so many displays, cause changes at so many hertz, and see when the last has each."""
    before = _server_memory_kib(order["pid"])
    crowd = Crowd(order)
    firsts = min(FIRSTS, order["clients"] // 2)
    crowd.open(firsts)
    with_firsts = _server_memory_kib(order["pid"])
    crowd.open(order["clients"] - firsts)
    bad = subprocess.Popen([sys.executable, "-m", "tests.bench.live", "bad"], stdin=subprocess.PIPE)
    assert bad.stdin is not None
    bad.stdin.write(json.dumps(order).encode())
    bad.stdin.close()
    crowd.read_until(time.monotonic() + (2.0 if not order["bad"] else 5.0))
    more = order["clients"] - firsts + len(BAD) * order["bad"]
    memory = (_server_memory_kib(order["pid"]) - with_firsts) / more
    cpu = _server_cpu_s(order["pid"])
    started = time.monotonic()
    for number in range(order["messages"]):
        crowd.read_until(started + number / order["hertz"])
        crowd.cause(number)
    crowd.read_until(time.monotonic() + 1.5)
    cpu = _server_cpu_s(order["pid"]) - cpu
    left = _server_memory_kib(order["pid"])
    bad.terminate()
    bad.wait()
    crowd.close()
    whole = sorted(seq for seq, count in crowd.counts.items() if count == order["clients"])
    # A change may be told together with a later one: the first message from its seq on counts.
    told = {seq: next((later for later in whole if later >= seq), None) for seq in crowd.sent_at}
    late = sorted(
        (crowd.last_at[later] - crowd.sent_at[seq]) * 1000 for seq, later in told.items() if later is not None
    )
    spread = sorted((crowd.last_at[seq] - crowd.first_at[seq]) * 1000 for seq in whole)
    return LiveResult(
        clients=order["clients"],
        messages=len(late),
        last_p50_ms=late[len(late) // 2],
        last_p99_ms=late[len(late) * 99 // 100],
        spread_p50_ms=spread[len(spread) // 2],
        spread_p99_ms=spread[len(spread) * 99 // 100],
        cpu_us_a_delivery=cpu * 1e6 / sum(crowd.counts.values()),
        kib_a_connection=memory,
        grown_mib=(left - before) / 1024,
    )


def hold(order: dict[str, Any]) -> None:
    """Displays that are there until this process is ended."""
    crowd = Crowd(order)
    crowd.open(order["clients"])
    print("open", flush=True)
    crowd.read_until(time.monotonic() + HELD_S_MAX)


def handshake(path: str, token: str) -> bytes:
    key = b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()


async def misbehave(order: dict[str, Any]) -> None:
    """So many displays of each bad kind, until this process is ended."""
    await asyncio.gather(*(_misbehave(kind, order, n) for kind in BAD for n in range(order["bad"])))


async def _misbehave(kind: str, order: dict[str, Any], number: int) -> None:
    """A display that wants all areas and behaves badly for as long as it is let."""
    loop = asyncio.get_running_loop()
    raw = socket.socket()
    raw.setblocking(False)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    with contextlib.closing(raw), contextlib.suppress(OSError):
        await loop.sock_connect(raw, ("127.0.0.1", order["port"]))
        await loop.sock_sendall(raw, handshake(order["path"].partition("?")[0], order["token"]))
        while True:
            match kind:
                case "never reads":
                    await asyncio.sleep(3_600)
                case "reads a byte a second":
                    await asyncio.sleep(1.0)
                    if not await loop.sock_recv(raw, 1):
                        return
                case "floods":  # pings, texts and pieces in turn, and reads nothing
                    await loop.sock_sendall(raw, FLOODS[number % len(FLOODS)] * 100)


def _server_cpu_s(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _server_memory_kib(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class PlainLoop:
    """The bare twin: a POST sends one message of about 200 bytes to every websocket, one after the other."""

    def __init__(self) -> None:
        self._sends: list[Any] = []
        self._seq = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            self._sends.append(send)
            while (await receive())["type"] != "websocket.disconnect":
                pass
            self._sends.remove(send)
        elif scope["type"] == "http":
            while (await receive()).get("more_body"):
                pass
            self._seq += 1
            asyncio.get_running_loop().create_task(self._tell(self._seq))
            body = b'{"seq":%d}' % self._seq
            headers = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _tell(self, seq: int) -> None:
        area = (
            f'"id":"house","name":"Haus","inside":{seq},"known":{seq},"uncounted":0,"capacity":10000000,"free":9999999,'
            '"state":"open","as_of":"2026-03-20T10:00:00.000+01:00"'
        )
        message = f'{{"type":"occupancy","seq":{seq},"areas":[{{{area}}}]}}'
        for send in list(self._sends):
            await send({"type": "websocket.send", "text": message})


async def serve_plain() -> None:
    bound = socket.create_server(("127.0.0.1", 0), backlog=8_192)
    config = uvicorn.Config(
        PlainLoop(),
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    print(json.dumps({"port": bound.getsockname()[1]}), flush=True)
    await server.serve(sockets=[bound])


@contextmanager
def held(server: dict[str, Any], displays: int) -> Iterator[None]:
    """So many displays follow meanwhile, in a process of their own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.live", "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order_for(server, displays, 0, 0)).encode())
        process.stdin.close()
        assert process.stdout.readline() == b"open\n", "the displays could not connect"
        yield
    finally:
        process.terminate()
        process.wait(20)


def order_for(server: dict[str, Any], clients: int, messages: int, hertz: int, bad: int = 0) -> dict[str, Any]:
    """What `drive` needs, for the real service or the plain loop. `bad`: so many displays of each kind of `BAD` too."""
    real = "codes" in server
    return {
        "port": server["port"],
        "pid": server["pid"],
        "clients": clients,
        "messages": messages,
        "hertz": hertz,
        "bad": bad,
        "path": f"/api/v1/events/{SLUG}/live?area=house" if real else "/live",
        "token": server.get("display_token", "x"),
        "cause": f"/api/v1/events/{SLUG}/scans" if real else "/cause",
        "door": "D0",
        "door_token": server["door_tokens"]["D0"] if real else "x",
        "codes": server.get("codes", ["x"]),
    }


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    match sys.argv[1]:
        case "plain":
            uvloop.run(serve_plain())
        case "bad":
            uvloop.run(misbehave(json.load(sys.stdin)))
        case "hold":
            hold(json.load(sys.stdin))
        case _:
            print(msgspec.json.encode(drive(json.load(sys.stdin))).decode())
