"""What displays get: fast ones, slow ones, and ones that come back."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import uuid
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from checkin.live import broadcast as broadcast_module
from checkin.live.broadcast import Broadcast
from checkin.service import people as people_module
from checkin.service.people import revoke_device
from checkin.web import live as live_module
from checkin.wire import AreaNow, Occupancy
from tests.served import Served
from tests.venue import SLUG


def listen(served: Served, query: str = "", token: str | None = None) -> ClientConnection:
    token = token or served.device("display")
    url = served.api.replace("http", "ws") + "/live" + query
    return connect(url, additional_headers={"Authorization": f"Bearer {token}"}, proxy=None)


def handshake(served: Served) -> bytes:
    """The first words of a display that speaks for itself."""
    return (
        f"GET /api/v1/events/{SLUG}/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {served.device('display')}\r\n\r\n"
    ).encode()


def told(display: ClientConnection, timeout: float = 8) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(display.recv(timeout))
    return message


def scan(served: Served, who: str, door: str = "D1") -> int:
    client = served.operator("steward")
    seq: int = client.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes[who], "door": door}).json()[
        "seq"
    ]
    return seq


def test_display_gets_a_snapshot_then_what_changed_then_heartbeats(served: Served) -> None:
    with listen(served) as display:
        snapshot = told(display)
        assert snapshot["type"] == "snapshot"
        assert [area["id"] for area in snapshot["areas"]] == ["house", "P", "T", "wing", "G"]
        seq = scan(served, "a1", "P-A")
        change = told(display)
        while change["type"] == "heartbeat":
            change = told(display)
        assert (change["type"], change["seq"]) == ("occupancy", seq)
        assert {area["id"]: area["inside"] for area in change["areas"]} == {"house": 1, "P": 1}
        heartbeat = told(display, 6)
        assert (heartbeat["type"], heartbeat["seq"]) == ("heartbeat", seq)
        assert heartbeat["at"].startswith("2026-03-20T10:00")


def test_display_of_a_room_hears_of_its_room_alone(served: Served) -> None:
    with listen(served, "?area=T&area=G") as display:
        assert [area["id"] for area in told(display)["areas"]] == ["T", "G"]
        scan(served, "a1", "P-A")
        scan(served, "a2", "T-1")
        change = told(display)
        while change["type"] == "heartbeat":
            change = told(display)
        assert [(area["id"], area["inside"]) for area in change["areas"]] == [("T", 1)]


def test_display_that_comes_back_begins_with_the_state_as_it_is(served: Served) -> None:
    with listen(served) as display:
        told(display)
    scan(served, "a1")
    time.sleep(0.3)
    with listen(served) as display:
        assert told(display)["areas"][0]["inside"] == 1


def test_live_needs_a_token_and_knows_its_areas(served: Served) -> None:
    with pytest.raises(InvalidStatus), connect(served.api.replace("http", "ws") + "/live", proxy=None):
        pass
    for area in ("X", "%C3%96" * 90):  # the longer one fills more bytes than a farewell has
        with listen(served, f"?area={area}") as display, pytest.raises(ConnectionClosed, match=r"1008.*no area"):
            display.recv(5)


def test_display_that_floods_is_dropped(served: Served) -> None:
    with listen(served) as display:
        told(display)
        with pytest.raises(ConnectionClosed):
            for _ in range(1_000):
                display.send("hello")
                time.sleep(0.001)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(b"\x89\x80" + bytes(4), id="pings"),
        pytest.param(b"\x8a\x80" + bytes(4), id="pongs"),
        pytest.param(b"\x81\x81" + bytes(4) + b"x", id="texts"),
        pytest.param(b"\x00\x80" + bytes(4), id="pieces"),
    ],
)
def test_display_that_floods_and_reads_nothing_is_cut_off(served: Served, frame: bytes) -> None:
    ends = time.monotonic() + 6  # before the server's own ten seconds for a farewell
    with socket.create_connection(("127.0.0.1", served.port), timeout=6) as raw, pytest.raises(ConnectionError):
        raw.sendall(handshake(served) + (b"\x01\x80" + bytes(4) if frame[0] == 0 else b""))
        while time.monotonic() < ends:
            raw.sendall(frame * 20)
            time.sleep(0.01)
    with listen(served) as display:
        assert told(display)["type"] == "snapshot"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x83\x80" + bytes(4), id="an unknown kind of frame"),
        pytest.param(b"\x81\xff" + (1 << 40).to_bytes(8) + bytes(4), id="a frame of a terabyte"),
        pytest.param(b"\x81\x82" + bytes(4) + b"\xff\xff", id="a text that is none"),
    ],
)
def test_display_that_sends_no_websocket_is_cut_off_without_a_word_in_the_log(
    served: Served, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=6) as raw:
        raw.sendall(handshake(served))
        assert b" 101 " in raw.recv(65_536)
        raw.sendall(sent)
        while raw.recv(65_536):
            pass
    with listen(served) as display:
        assert told(display)["type"] == "snapshot"
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_display_whose_head_is_too_long_is_let_go_of(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=6) as raw:
        raw.sendall(handshake(served)[:-2] + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n")
        assert raw.recv(65_536) == b""


def test_chatty_display_stays_until_another_program_revokes_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "RECOGNISED_EVERY_S", 0.4)
    monkeypatch.setattr(live_module, "RECEIVED_MAX", 10)
    monkeypatch.setattr(people_module, "KNOWN_FOR_S", 0.1)
    with listen(served) as display:
        told(display)
        for _ in range(16):
            display.send("ping")
            time.sleep(0.1)
        device = served.operator().get("/devices").json()["devices"][0]["id"]
        served.write(lambda tx: revoke_device(tx, served.centre.venues, SLUG, device, now=0, by="another program"))
        with pytest.raises(ConnectionClosed):
            while True:
                display.recv(5)


def test_revoked_display_is_closed_at_once(served: Served) -> None:
    organiser = served.operator()
    with listen(served) as display:
        told(display)
        device = organiser.get("/devices").json()["devices"][0]["id"]
        organiser.delete(f"/devices/{device}")
        with pytest.raises(ConnectionClosed):
            while True:
                display.recv(5)


class Counter:
    """An occupancy that changes whenever it is asked for."""

    def __init__(self) -> None:
        self.inside = 0

    async def read(self) -> Occupancy:
        self.inside += 1
        return Occupancy(
            seq=self.inside, version=1, evacuation="none", areas=[self.area("T", self.inside), self.area("K", 7)]
        )

    def area(self, id: str, inside: int) -> AreaNow:
        return AreaNow(
            id=id,
            name=id,
            inside=inside,
            known=inside,
            uncounted=0,
            capacity=None,
            free=None,
            state="open",
            kept=0,
            level="calm",
            waiting=0,
            called=(),
            instead=(),
            plus_minus=0,
            counted_at=None,
            as_of="",
        )


def test_changes_come_at_most_ten_a_second_and_the_latest_wins() -> None:
    async def run() -> None:
        counter = Counter()
        broadcast = Broadcast(counter.read, lambda: "now")
        await broadcast.start()
        messages: list[dict[str, Any]] = []

        async def send(message: str) -> None:
            messages.append(msgspec.json.decode(message))

        following = asyncio.create_task(broadcast.follow([], send, "x"))
        ends = time.monotonic() + 1.05
        while time.monotonic() < ends:
            broadcast.poke()
            await asyncio.sleep(0.002)
        following.cancel()
        await broadcast.close()
        changes = [message for message in messages if message["type"] == "occupancy"]
        assert 5 <= len(changes) <= 11
        assert [area["id"] for area in changes[-1]["areas"]] == ["T"]
        assert changes[-1]["areas"][0]["inside"] == counter.inside

    asyncio.run(run())


def test_slow_client_delays_no_other_and_gets_the_latest_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_module, "TICK_S_MIN", 0.01)

    async def run() -> None:
        counter = Counter()
        broadcast = Broadcast(counter.read, lambda: "now")
        await broadcast.start()
        gate = asyncio.Event()
        slow: list[dict[str, Any]] = []
        fast: list[dict[str, Any]] = []

        async def send_slowly(message: str) -> None:
            await gate.wait()
            slow.append(msgspec.json.decode(message))

        async def send(message: str) -> None:
            fast.append(msgspec.json.decode(message))

        following = [asyncio.create_task(broadcast.follow([], one, "x")) for one in (send_slowly, send)]
        for _ in range(30):
            broadcast.poke()
            await asyncio.sleep(0.012)
        assert len(fast) >= 15
        assert slow == []
        gate.set()
        await asyncio.sleep(0.03)
        assert slow[0]["type"] == "snapshot"
        assert slow[1]["areas"][0]["inside"] >= fast[-2]["areas"][0]["inside"]
        for task in following:
            task.cancel()
        await broadcast.close()

    asyncio.run(run())


def test_heartbeats_come_though_something_changes_in_every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("TICK_S_MIN", 0.01), ("HEARTBEAT_S", 0.05), ("BEAT_WAITS_S", 0.03)):
        monkeypatch.setattr(broadcast_module, name, seconds)

    async def run() -> None:
        broadcast = Broadcast(Counter().read, lambda: "now")
        await broadcast.start()
        kinds: list[str] = []

        async def send(message: str) -> None:
            kinds.append(msgspec.json.decode(message)["type"])
            broadcast.poke()

        following = asyncio.create_task(broadcast.follow([], send, "x"))
        async with asyncio.timeout(10):
            while kinds.count("heartbeat") < 3:
                await asyncio.sleep(0.01)
        following.cancel()
        await broadcast.close()
        assert kinds.count("occupancy") > 3

    asyncio.run(run())


def test_what_changes_goes_before_the_heartbeats_that_are_still_to_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_module, "BEATS_TOGETHER", 5)
    for name, seconds in (("TICK_S_MIN", 0.01), ("POLL_S", 0.02), ("HEARTBEAT_S", 0.05), ("BEAT_WAITS_S", 10)):
        monkeypatch.setattr(broadcast_module, name, seconds)

    async def run() -> None:
        counter = Counter()
        broadcast = Broadcast(counter.read, lambda: "now")
        await broadcast.start()
        kinds: list[str] = []

        async def send(message: str) -> None:
            kind = msgspec.json.decode(message)["type"]
            if kind == "heartbeat" and "heartbeat" not in kinds:
                broadcast.poke()
            kinds.append(kind)

        following = [asyncio.create_task(broadcast.follow([], send, "x")) for _ in range(50)]
        async with asyncio.timeout(10):
            while kinds.count("heartbeat") < 50:
                await asyncio.sleep(0.01)
        for task in following:
            task.cancel()
        await broadcast.close()
        first = kinds.index("heartbeat")
        assert kinds[first : first + 55] == ["heartbeat"] * 5 + ["occupancy"] * 50

    asyncio.run(run())


def test_stuck_client_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_module, "SEND_S_MAX", 0.05)
    monkeypatch.setattr(broadcast_module, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(broadcast_module, "POLL_S", 0.02)

    async def run() -> None:
        broadcast = Broadcast(Counter().read, lambda: "now")
        await broadcast.start()

        async def never(message: str) -> None:
            await asyncio.Event().wait()

        following = asyncio.create_task(broadcast.follow([], never, "x"))
        assert await asyncio.wait_for(following, 5) == "too slow"
        assert not broadcast.clients
        assert broadcast.clients == set()
        await broadcast.close()

    asyncio.run(run())


def test_follower_outlives_a_fault_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast_module, "POLL_S", 0.02)

    async def run() -> None:
        counter = Counter()
        broken = False

        async def read() -> Occupancy:
            if broken:
                raise OSError("gone")
            return await counter.read()

        broadcast = Broadcast(read, lambda: "now")
        await broadcast.start()
        seen: list[str] = []

        async def send(message: str) -> None:
            seen.append(message)

        following = asyncio.create_task(broadcast.follow([], send, "x"))
        broken = True
        await asyncio.sleep(0.3)
        during = len(seen)
        broken = False
        await asyncio.sleep(0.3)
        assert len(seen) > during
        following.cancel()
        await broadcast.close()

    asyncio.run(run())
