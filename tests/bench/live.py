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
import resource
import socket
import struct
import sys
import time
from base64 import b64encode
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
    grown_mib: float
    """The service's memory, from before the displays came to the end."""


class Display(asyncio.Protocol):
    """A websocket client that does no more than find the message's number and note when it came."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._rest = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        key = b64encode(os.urandom(16)).decode()
        transport.write(  # type: ignore[attr-defined]
            f"GET {self._crowd.path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Bearer {self._crowd.token}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._rest += data
        if not self._open:
            head, end, rest = self._rest.partition(b"\r\n\r\n")
            if not end:
                return
            assert b" 101 " in head, head
            self._open, self._rest = True, rest
            self._crowd.connected()
        while len(self._rest) >= 2:
            size, start = self._rest[1] & 0x7F, 2
            if size == 126:
                if len(self._rest) < 4:
                    return
                (size,), start = struct.unpack("!H", self._rest[2:4]), 4
            elif size == 127:
                if len(self._rest) < 10:
                    return
                (size,), start = struct.unpack("!Q", self._rest[2:10]), 10
            if len(self._rest) < start + size:
                return
            self._crowd.came(self._rest[start : start + size])
            self._rest = self._rest[start + size :]


class Crowd:
    def __init__(self, path: str, token: str, clients: int) -> None:
        self.path = path
        self.token = token
        self._clients = clients
        self._open = 0
        self.all_open = asyncio.Event()
        self.first_at: dict[int, float] = {}
        self.last_at: dict[int, float] = {}
        self.counts: dict[int, int] = {}

    def connected(self) -> None:
        self._open += 1
        if self._open == self._clients:
            self.all_open.set()

    def came(self, message: bytes) -> None:
        if message.startswith(b'{"type":"occupancy"'):
            seq = int(message[SEQ_AT : message.index(b",", SEQ_AT)])
            self.last_at[seq] = time.monotonic()
            self.first_at.setdefault(seq, self.last_at[seq])
            self.counts[seq] = self.counts.get(seq, 0) + 1


async def drive(order: dict[str, Any]) -> LiveResult:
    """Connect so many displays, cause changes at 10 a second, and see when the last has each."""
    crowd = Crowd(order["path"], order["token"], order["clients"])
    before = _server_memory_kib(order["pid"])
    loop = asyncio.get_running_loop()
    for first in range(0, order["clients"], 50):
        await asyncio.gather(
            *(
                loop.create_connection(lambda: Display(crowd), "127.0.0.1", order["port"])
                for _ in range(first, min(first + 50, order["clients"]))
            )
        )
    await asyncio.wait_for(crowd.all_open.wait(), 60)
    bad = [await _misbehave(kind, order, n) for kind in BAD for n in range(order["bad"])]
    await asyncio.sleep(2.0)
    memory = (_server_memory_kib(order["pid"]) - before) / order["clients"]
    sent: dict[int, float] = {}
    cpu = _server_cpu_s(order["pid"])
    reader, writer = await asyncio.open_connection("127.0.0.1", order["port"])
    started = time.monotonic()
    for number in range(order["messages"]):
        await asyncio.sleep(max(0.0, started + number / order["hertz"] - time.monotonic()))
        asked = time.monotonic()
        sent[await _cause(reader, writer, order, number)] = asked
    await asyncio.sleep(1.5)
    cpu = _server_cpu_s(order["pid"]) - cpu
    whole = sorted(seq for seq, count in crowd.counts.items() if count == order["clients"])
    # A change may be told together with a later one: the first message from its seq on counts.
    told = {seq: next((later for later in whole if later >= seq), None) for seq in sent}
    late = sorted((crowd.last_at[later] - sent[seq]) * 1000 for seq, later in told.items() if later is not None)
    left = _server_memory_kib(order["pid"])
    for task in bad:
        task.cancel()
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


async def _misbehave(kind: str, order: dict[str, Any], number: int) -> asyncio.Task[None]:
    """A display that wants all areas and behaves badly for as long as it is let."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        raw = socket.socket()
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        with contextlib.closing(raw), contextlib.suppress(OSError):
            await loop.sock_connect(raw, ("127.0.0.1", order["port"]))
            path, key = order["path"].partition("?")[0], b64encode(os.urandom(16)).decode()
            head = (
                f"GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Authorization: Bearer {order['token']}\r\n\r\n"
            )
            await loop.sock_sendall(raw, head.encode())
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

    return asyncio.create_task(run())


async def _cause(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, order: dict[str, Any], number: int) -> int:
    """One scan that changes the house; returns its seq."""
    code = order["codes"][number % len(order["codes"])]
    body = json.dumps({"id": f"00000000-0000-4000-8000-{number:012d}", "code": code, "door": order["door"]}).encode()
    writer.write(
        f"POST {order['cause']} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {order['door_token']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    return int(json.loads(await reader.readexactly(length))["seq"])


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
    if sys.argv[1] == "plain":
        uvloop.run(serve_plain())
    else:
        print(msgspec.json.encode(uvloop.run(drive(json.load(sys.stdin)))).decode())
