"""Builds and closes everything: the only file that knows all parts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version as installed_version
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import uvicorn
import uvloop
from litestar.types import ASGIApp

from checkin.config import check_database_url, database_path, is_postgres
from checkin.core.errors import CheckinError
from checkin.repeats import Repeats
from checkin.service import operators
from checkin.service.centre import Centre
from checkin.service.people import SecondFactor
from checkin.store.engine import Store
from checkin.store.postgres import PostgresStore
from checkin.store.sqlite import ServeLock, SqliteStore
from checkin.web.app import create_app
from checkin.web.sockets import Sockets
from kiosk import binding
from kiosk.stopping import when_told
from kiosk.watchdog import Systemd, beat

VERSION = installed_version("checkin")
FACES = Path(str(files("kiosk") / "faces"))
EVENTS_FOLDER = Path("events")

SHUTDOWN_S = 5
STOP_S_MAX = 10.0
"""Told to stop it is gone after so long, also where the database hangs or a long list is being read."""
STORE_S_MAX = 10.0
LISTEN_BACKLOG = 4_096
SOCKET_MESSAGE_BYTES_MAX = 64 * 1024


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


async def open_store(url: str, listen_url: str = "", *, migrates: bool = True) -> Store:
    """Open the database of this URL and bring its schema up to date, or not `migrates`: see the stores. `listen_url`:
    see `PostgresStore`. Raises `BadOption` for another kind of URL, `StoreBusy` where the database does not answer."""
    check_database_url(url)
    if is_postgres(url):
        if listen_url:
            check_database_url(listen_url, "CHECKIN_DATABASE_LISTEN_URL")
        return await PostgresStore.open(url, listen_url, migrates=migrates)
    return await SqliteStore.open(database_path(url), migrates=migrates)


@asynccontextmanager
async def store_of(url: str, *, migrates: bool = True) -> AsyncIterator[Store]:
    store = await open_store(url, migrates=migrates)
    try:
        yield store
    finally:
        await store.close()


def app_of(centre: Centre, events_folder: Path = EVENTS_FOLDER) -> ASGIApp:
    return create_app(centre, FACES, VERSION, events_folder)


def server_of(app: ASGIApp, proxies: str = "127.0.0.1") -> uvicorn.Server:
    """The server as it runs at an event."""
    return uvicorn.Server(
        uvicorn.Config(
            cast(Any, app),
            http="httptools",
            ws=Sockets,
            ws_max_size=SOCKET_MESSAGE_BYTES_MAX,
            ws_per_message_deflate=False,
            access_log=False,
            log_config=None,
            log_level="warning",
            lifespan="on",
            server_header=False,
            date_header=False,
            forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=SHUTDOWN_S,
            backlog=LISTEN_BACKLOG,
        )
    )


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to this address, which the server begins to listen on once it can answer: until then a balancer is
    refused at once and goes to another node. Raises `CheckinError` where the address is taken or not ours."""
    try:
        return binding.bind(host, port)
    except OSError as error:
        raise CheckinError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}. Choose another with --port.", code="port_taken"
        ) from error


def serve(
    url: str,
    host: str,
    port: int,
    *,
    listen_url: str = "",
    proxies: str = "127.0.0.1",
    log_level: str = "info",
    events_folder: Path = EVENTS_FOLDER,
    clock: Callable[[], int] = wall_clock,
    ago: Callable[[int], int] | None = None,
    second_factor: SecondFactor = "required",
    webhooks_private: bool = False,
    started: Callable[[str, Centre], Awaitable[None]] | None = None,
) -> None:
    """Run the service until it is told to stop. `ago`: see `Centre`. `started` is awaited once it answers, with its
    address. Raises `CheckinError` where the port is taken or the database is in use."""
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(Repeats())
    _open_many_files()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as SIGTERM is: before it serves there is nothing to end in order
    lock = None if is_postgres(url) else ServeLock(database_path(url))
    try:
        bound = bind(host, port)
        uvloop.run(
            _serve(url, listen_url, bound, proxies, events_folder, clock, ago, second_factor, webhooks_private, started)
        )
    finally:
        if lock is not None:
            lock.release()


def _open_many_files() -> None:
    """Each display is an open file, and shells begin with 1,024: take as many as the system grants."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(
    url: str,
    listen_url: str,
    bound: socket.socket,
    proxies: str,
    events_folder: Path,
    clock: Callable[[], int],
    ago: Callable[[int], int] | None,
    second_factor: SecondFactor,
    webhooks_private: bool,
    started: Callable[[str, Centre], Awaitable[None]] | None,
) -> None:
    store = await open_store(url, listen_url)
    centre = Centre(store, clock, ago=ago, second_factor=second_factor, webhooks_private=webhooks_private)
    server = server_of(app_of(centre, events_folder), proxies)
    when_told(partial(setattr, server, "should_exit", True), stop_s_max=STOP_S_MAX)
    announcing = asyncio.create_task(_announce(server, address_of(bound), centre, store, started))
    telling = asyncio.create_task(_tell_systemd(server, store))
    try:
        await server.serve(sockets=[bound])
    finally:
        announcing.cancel()
        telling.cancel()


async def _announce(
    server: uvicorn.Server,
    address: str,
    centre: Centre,
    store: Store,
    started: Callable[[str, Centre], Awaitable[None]] | None,
) -> None:
    while not server.started:
        await asyncio.sleep(0.01)
    logging.getLogger("checkin").info("checkin %s answers on %s (%s)", VERSION, address, await store.version())
    code = await centre.write(operators.open_setup)
    if code is not None:
        print(
            "\n  There is no account yet. Open this link once, within a day, to make the first organiser:"
            f"\n  {address}/welcome#{code}\n",
            flush=True,
        )
    if started is not None:
        await started(address, centre)


async def _tell_systemd(server: uvicorn.Server, store: Store) -> None:
    async def well() -> str:
        async with asyncio.timeout(STORE_S_MAX):
            try:
                await store.write(lambda tx: None)
                return f"checkin {VERSION} on {await store.version()}"
            except Exception as error:
                # It says so itself and comes back by itself; only one that hangs is mended by a new start.
                return f"the database fails: {type(error).__name__}"

    while not server.started:
        await asyncio.sleep(0.01)
    await beat(Systemd(), well)


def address_of(bound: socket.socket) -> str:
    """The address to open in a browser."""
    host, port = bound.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{port}"
