from __future__ import annotations

import asyncio
import socket

from kiosk.binding import bind


def test_whoever_is_answered_is_answered_at_once() -> None:
    """Not when the other side has said that the first half of the answer came, 40 ms later."""

    async def work() -> int:
        answered = asyncio.get_running_loop().create_future()

        def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            answered.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with bind("127.0.0.1", 0) as bound:
            async with await asyncio.start_server(talk, sock=bound):
                _, writer = await asyncio.open_connection(*bound.getsockname())
                writer.close()
                return int(await answered)

    assert asyncio.run(work()) == 1
