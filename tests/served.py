"""The real service on a port of its own, in a thread: what the web, live and browser tests talk to."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from checkin.core.model import DeviceRole
from checkin.main import app_of, bind, open_store, server_of
from checkin.service.centre import Centre
from checkin.service.people import SecondFactor, add_device, add_operator
from checkin.store.engine import Transaction
from tests.engine import database_url
from tests.venue import SLUG, at, fill

T = TypeVar("T")
PASSWORD = "ein langes Passwort"


class Served:
    """A running centre: its address, its codes, and a way to reach into it."""

    def __init__(self, centre: Centre, loop: asyncio.AbstractEventLoop, port: int, codes: dict[str, str]) -> None:
        self.centre = centre
        self.loop = loop
        self.port = port
        self.codes = codes
        self.clients: list[httpx.Client] = []
        self.url = f"http://127.0.0.1:{port}"
        self.api = f"{self.url}/api/v1/events/{SLUG}"

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a transaction as another program would, and tell those who follow."""
        return asyncio.run_coroutine_threadsafe(self.centre.write(work, event=SLUG), self.loop).result(10)

    def device(self, role: DeviceRole, door: str | None = None) -> str:
        """A new device; returns its token."""
        return self.write(
            lambda tx: add_device(tx, self.centre.venues, SLUG, f"{role} {door}", role, door, now=0, by="test")
        )[1]

    def client(self, role: DeviceRole = "door", door: str | None = "D1") -> httpx.Client:
        token = self.device(role, door if role == "door" else None)
        client = httpx.Client(base_url=self.api, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        self.clients.append(client)
        return client

    def operator(self, role: Any = "organiser") -> httpx.Client:
        """A client with the cookie of a new operator of this role."""
        name = f"{role} {len(self.clients)}"
        self.write(lambda tx: add_operator(tx, name, role, PASSWORD, now=0))
        client = httpx.Client(base_url=self.api, trust_env=False)
        self.clients.append(client)
        answer = client.post(f"{self.url}/api/v1/login", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return client


@contextmanager
def serve(
    folder: Path,
    *,
    clock: Callable[[], int] = lambda: at("10:00"),
    ago: Callable[[int], int] | None = None,
    furnish: Callable[..., Awaitable[dict[str, str]]] = fill,
    second_factor: SecondFactor = "offered",
    **layout: Any,
) -> Iterator[Served]:
    """Serve what `furnish` makes of an empty database: the small house of `tests.venue` unless said."""
    bound = bind("127.0.0.1", 0)
    ready: list[Served] = []
    started = threading.Event()

    async def run() -> None:
        store = await open_store(database_url(folder))
        centre = Centre(store, clock, ago=ago, second_factor=second_factor)
        codes = await furnish(store, centre.venues, **layout)
        server = server_of(app_of(centre, folder / "events"))
        server.config.timeout_graceful_shutdown = 1
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started:
            await asyncio.sleep(0.005)
        served = Served(centre, asyncio.get_running_loop(), bound.getsockname()[1], codes)
        served_stop[0] = lambda: setattr(server, "should_exit", True)
        ready.append(served)
        started.set()
        await serving

    served_stop: list[Callable[[], None]] = [lambda: None]
    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert started.wait(20), "the service did not start"
    try:
        yield ready[0]
    finally:
        for client in ready[0].clients:
            client.close()
        served_stop[0]()
        thread.join(10)
        bound.close()
        gc.unfreeze()  # a centre freezes what there is at its start: here it would be kept for the whole run
