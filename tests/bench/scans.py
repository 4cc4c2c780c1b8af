"""Durable scans a second, beside two empty twins and a transaction for each scan.

twin: the same route, with deciding and storing left out. whole: the same through the framework's routing, middleware
and handler, where every call but a scan goes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.bench.load import Result
from tests.bench.venue import DOORS, SLUG

KINDS = ("twin", "real", "whole", "single")
CLIENTS = (1, 16, 64, 256)
ATTENDEES = 2_000


@contextmanager
def served(kind: str, attendees: int = ATTENDEES, folder: Path | None = None) -> Iterator[dict[str, Any]]:
    """A server process of this kind; gives its port, codes, tokens and `pid`. `folder`: of a database that is
    prepared already."""
    with tempfile.TemporaryDirectory() as new:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.server", kind, str(folder or new), str(attendees)],
            stdout=subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            yield {**json.loads(line), "pid": process.pid}
        finally:
            process.terminate()
            process.wait(20)


def load(server: dict[str, Any], clients: int, seconds: float, rate: float = 0.0, *, socket: bool = False) -> Result:
    """Drive the server with so many scanners, spread over the entrances; with a `rate` (scans/s) they do not wait
    for one another. `socket`: over a websocket for each."""
    doors = [f"D{n}" for n in range(DOORS)]
    order = {
        "port": server["port"],
        "clients": clients,
        "seconds": seconds,
        "slug": SLUG,
        "doors": doors,
        # A scanner over HTTP is another door with every scan; over a websocket it keeps its token.
        "tokens": [server["desk_token"] if socket else server["door_tokens"][door] for door in doors],
        "codes": server["codes"],
        "scans_max": sys.maxsize,
        "rate": rate,
        "socket": socket,
    }
    return drive(order)


def drive(order: dict[str, Any]) -> Result:
    """A load in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"], input=json.dumps(order).encode(), stdout=subprocess.PIPE, check=True
    )
    return msgspec.json.decode(done.stdout, type=Result)


def run(seconds: float) -> dict[str, dict[int, Result]]:
    """kind → clients → result. The kinds take turns at each number of clients."""
    results: dict[str, dict[int, Result]] = {kind: {} for kind in KINDS}
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(served(kind)) for kind in KINDS}
        for server in servers.values():
            load(server, 16, 1.0)  # warms up, and grows the WAL once
        for clients in CLIENTS:
            for kind, server in servers.items():
                results[kind][clients] = load(server, clients, seconds)
    return results
