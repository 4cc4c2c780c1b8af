"""Several nodes on one database, as processes; the doors and displays that use them; and the history they leave.

The doors behave as a door's page does: a scan without an answer is kept and sent again, here to another
node. Afterwards the history is checked: every answer that was shown is one fact, the facts have one order
without gaps, and in that order every number that a door was shown is the number that was inside.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
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
GIVES_UP_S = 40.0
STARTS_S_MAX = 60.0


class Nodes:
    """`checkin serve` several times on one database. `listen_urls`: for each node past a pooler, where there is one."""

    def __init__(self, url: str, folder: Path, listen_urls: tuple[str, ...] = ("",) * NODES) -> None:
        self.url = url
        self._listen_urls = listen_urls
        self._folder = folder
        self._ports = [free_port() for _ in range(NODES)]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * NODES

    def start(self, *nodes: int) -> None:
        """Start these, and wait until they answer."""
        for node in nodes:
            self.begin(node)
        for node in nodes:
            wait_for(self._ports[node], STARTS_S_MAX)

    def begin(self, node: int) -> subprocess.Popen[bytes]:
        """Start this one, and wait for nothing."""
        process = self._processes[node] = subprocess.Popen(
            [sys.executable, "-m", "checkin", "serve", "--port", str(self._ports[node])],
            env={
                **os.environ,
                "CHECKIN_DATABASE_URL": self.url,
                "CHECKIN_DATABASE_LISTEN_URL": self._listen_urls[node],
            },
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return process

    def kill(self, node: int) -> None:
        process = self._processes[node]
        assert process is not None
        process.kill()
        process.wait(20)

    def address(self, node: int) -> str:
        return f"127.0.0.1:{self._ports[node]}"

    def end(self) -> None:
        for process in self._processes:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(20)


class Doors:
    """Scanners that send to any node, and send again what has no answer. `shown`: what they were told; `answered_at`:
    when, by the monotonic clock; `longest_s`: how long one waited at most, `word_s`: for any word, if only that it must
    send again."""

    def __init__(self, nodes: Nodes, token: str, codes: list[str], seconds: float) -> None:
        self._nodes = nodes
        self._headers = {"Authorization": f"Bearer {token}"}
        self._codes = codes
        self.shown: dict[str, dict[str, Any]] = {}
        self.answered_at: list[float] = []
        self.longest_s = self.word_s = 0.0
        self._ends_at = time.monotonic() + seconds
        self._threads = ThreadPoolExecutor(CLIENTS)
        self._scanning = [self._threads.submit(self._scan, number) for number in range(CLIENTS)]

    def join(self) -> None:
        """Wait for the last answers. Raises what failed at a door."""
        for scanning in self._scanning:
            scanning.result(3 * GIVES_UP_S)
        self._threads.shutdown()

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
                self.answered_at.append(time.monotonic())
                self.longest_s = max(self.longest_s, self.answered_at[-1] - started)

    def silence_s(self) -> float:
        """How long nobody got an answer at most."""
        return max(after - before for before, after in itertools.pairwise(sorted(self.answered_at)))

    def _until_answered(self, client: httpx.Client, scan: dict[str, str], dice: random.Random) -> dict[str, Any]:
        ends = time.monotonic() + GIVES_UP_S
        while time.monotonic() < ends:
            node, sent = dice.randrange(NODES), time.monotonic()
            try:
                answer = client.post(f"http://{self._nodes.address(node)}/api/v1/events/{SLUG}/scans", json=scan)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            finally:
                self.word_s = max(self.word_s, time.monotonic() - sent)
            if answer.status_code in (200, 201):
                told: dict[str, Any] = answer.json()
                return told
            assert answer.status_code in (503, 429), answer.text
            assert answer.headers["Retry-After"]
            time.sleep(0.05)
        raise AssertionError("no node answers")


class Display:
    """A display that follows one node and comes back when it is cut off."""

    def __init__(self, nodes: Nodes, node: int, token: str) -> None:
        self._address = f"ws://{nodes.address(node)}/api/v1/events/{SLUG}/live"
        self._token = token
        self.inside: dict[str, int] = {}
        self.heard_at = 0.0
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def end(self) -> None:
        self._ends.set()
        self._thread.join(20)

    def shows(self, inside: dict[str, int], within_s: float) -> float:
        """Wait until it shows these numbers; how long that took."""
        started = time.monotonic()
        while any(self.inside.get(area) != count for area, count in inside.items()):
            assert time.monotonic() < started + within_s, (self.inside, inside)
            time.sleep(0.01)
        return time.monotonic() - started

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
        assert inside["house"] <= HOUSE, "the house is over its number"
        assert inside["P"] <= HALL, "the hall is over its number"
        if (refusal := decision.refusal) is not None and refusal.reason == "area_full":
            free = {"house": HOUSE, "P": HALL}[refusal.area or fact.area] - inside[refusal.area or fact.area]
            assert free == 0, f"seq {one.seq} was refused for want of a place that there was"
        if fact.id in shown:
            told = shown[fact.id]
            assert (told["seq"], told["outcome"]) == (one.seq, decision.outcome)
            assert told["area"]["inside"] == inside[fact.area], f"seq {one.seq} was shown another number"
    return inside
