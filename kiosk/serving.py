"""A station and its pages on this machine, until they are told to stop."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn

from kiosk.main import TICK_S, Kiosk
from kiosk.watchdog import Systemd, beat

PAGE_FRAME_BYTES_MAX = 64 * 1024


async def serve(kiosk: Kiosk, app: Any, bound: socket.socket, stop: asyncio.Event) -> None:
    """Run a station and its pages on a bound socket until told to stop, by a signal or by `stop`."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=PAGE_FRAME_BYTES_MAX,
            access_log=False,
            log_config=None,
            log_level="warning",
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )

    async def stopped() -> None:
        await stop.wait()
        server.should_exit = True

    async def run() -> None:
        try:
            await kiosk.run()
        finally:
            server.should_exit = True

    async def tell_systemd() -> None:
        while not server.started:
            await asyncio.sleep(TICK_S)
        await beat(Systemd(), kiosk.well)

    tasks = [
        asyncio.create_task(run(), name="station"),
        asyncio.create_task(stopped(), name="station stops"),
        asyncio.create_task(tell_systemd(), name="systemd is told"),
    ]
    try:
        await server.serve(sockets=[bound])
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        kiosk.close()
    for result in results:
        if isinstance(result, Exception):
            raise result
