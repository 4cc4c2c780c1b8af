"""The server's websockets, with the bounds that uvicorn leaves open, and frames that are made once for all.

uvicorn reads on only when the application has taken a message. But it answers every ping whether its answer is read
or not, keeps every piece of a message, and reads on for ten seconds what is sent after its own farewell, as fast as it
comes. Here a client has so many of these.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

from litestar.types import Scope
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

CONTROLS_MAX = 100
"""Pings, pongs, and messages after the farewell, of a client in `CONTROLS_PER_S`: one that keeps itself alive sends one
in some seconds."""
CONTROLS_PER_S = 30.0
PIECES_MAX = 256
"""Pieces of one message; its bytes are bounded by the server."""
FRAMES_KEPT = 256
CLOSE_NO_TEXT = 1007
"""RFC 6455, 7.4.1."""
REASON_BYTES_MAX = 123
"""What a farewell can say (RFC 6455, 5.5)."""
SOCKET = "checkin.socket"


class Sockets(WebSocketsSansIOProtocol):
    """One websocket, which the application finds in its scope."""

    controls = 0
    controls_since_s = 0.0

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.close()  # a head that is too long: the server neither answers nor ends it

    async def run_asgi(self) -> None:
        self.scope[SOCKET] = self  # type: ignore[literal-required]
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        """Raises `OSError` where the server has said farewell itself to a client that sends what is no websocket:
        nobody is at fault here, and each such client would otherwise leave a page in the log."""
        if self.close_sent:
            raise ClientDisconnected()
        if reason := message.get("reason"):
            message = {**message, "reason": reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")}
        await super().send(message)
        if message["type"] == "websocket.accept":
            # Both heads of the handshake, 1.5 KiB and more for as long as the display stays: nobody reads them again.
            del self.request, self.response

    async def send_frame(self, frame: bytes) -> None:
        """Send what `frame_of` made; waits only where the socket is full. Raises `OSError`: the client has gone."""
        if not self.writable.is_set():
            await self.writable.wait()
        if self.disconnected or self.close_sent or self.conn.state is not State.OPEN:
            raise ClientDisconnected()
        self.transport.write(frame)

    def handle_ping(self) -> None:
        if self._takes_control():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if self._takes_control():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= PIECES_MAX:
            self.transport.abort()
        else:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        if self.close_sent and not self._takes_control():
            return
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:  # which the server would log at length
                self.conn.send_close(CLOSE_NO_TEXT)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        if self.conn.close_sent is None:  # what is wrong came after the farewell
            self.transport.abort()
        else:
            super().handle_parser_exception()

    def _takes_control(self) -> bool:
        now_s = self.loop.time()
        if now_s - self.controls_since_s > CONTROLS_PER_S:
            self.controls_since_s, self.controls = now_s, 0
        self.controls += 1
        if self.controls > CONTROLS_MAX:
            self.transport.abort()
            return False
        return True


def socket_of(scope: Scope) -> Sockets:
    """The server's own end of a websocket. Litestar wraps `send` three times, and a thousand displays ten times a
    second feel that."""
    return cast(Sockets, scope[SOCKET])  # type: ignore[literal-required]


@lru_cache(FRAMES_KEPT)
def frame_of(text: str) -> bytes:
    """A text message as it goes over the wire to everybody: what a server sends is not masked (RFC 6455, 5.1)."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def binary_frame_of(content: bytes) -> bytes:
    """A binary message, likewise."""
    return Frame(Opcode.BINARY, content).serialize(mask=False)
