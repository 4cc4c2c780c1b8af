"""A line between two programs that can be cut and mended: everything on it is lost while it is cut."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Cable:
    """Forwards connections on a port of its own to another. `silence` keeps them open but dead; a new one takes
    `slow_s` before anything goes along it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._whole = True
        self._silent = False
        self.slow_s = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        listening = socket.create_server(("127.0.0.1", 0))
        self._server = self._call(asyncio.start_server(self._forward, sock=listening))
        self.port: int = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break what is connected, and take nothing new."""
        self._whole = False
        self._call(self._drop())

    def silence(self) -> None:
        """Nothing goes through any more, and nobody is told."""
        self._silent = True

    def mend(self) -> None:
        self._silent = False
        self._whole = True

    def close(self) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _end(self) -> None:
        self._server.close()  # on its own loop: from another thread it races with a connection that ends
        await self._drop()

    async def _drop(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        await asyncio.sleep(self.slow_s)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if self._silent:
                    continue
                writer.write(data)
                await writer.drain()
        writer.close()
