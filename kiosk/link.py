"""A station's websocket to the centre: found again whenever it breaks. Nothing is kept for it: what was not sent
is sent again, as totals and rows that the machine makes anew."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable
from importlib.metadata import version
from urllib.parse import quote

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from checkin.core.link import Rows
from checkin.core.reference import People, ToCentreToo, ToStationToo

RETRY_S_MIN = 0.5
RETRY_S_MAX = 3.0
OPEN_S = 5.0
PING_S = 5.0
SILENT_S_MAX = 20.0
"""A link over which nothing comes back for so long is broken. Whether to ask is decided sooner, by the machine."""
FRAME_BYTES_MAX = 4 * 1024 * 1024
ROWS_A_FRAME = 50
"""The centre takes frames up to 64 KiB."""
OUT_MAX = 500
PROGRAM = f"checkin {version('checkin')}"
"""What the centre shows of this machine."""

log = logging.getLogger(__name__)

_decode = msgspec.msgpack.Decoder(ToStationToo).decode
_encode = msgspec.msgpack.Encoder().encode


class NotTaken(Exception):
    """What came cannot be kept now: with another link it comes again."""


class Link:
    """`heard` gets every message, `shown` every text frame (see `/live`), `changed` hears that the link is open or no
    more. All are called on the event loop."""

    def __init__(
        self,
        url: str,
        event: str,
        token: str,
        *,
        heard: Callable[[ToStationToo], None],
        shown: Callable[[str], None],
        changed: Callable[[bool], None],
    ) -> None:
        base = url.rstrip("/").replace("http", "ws", 1)
        self._address = f"{base}/api/v1/events/{quote(event, safe='')}/stations/link"
        self._token = token
        self._heard = heard
        self._shown = shown
        self._changed = changed
        self._out: asyncio.Queue[bytes] | None = None

    @property
    def is_open(self) -> bool:
        return self._out is not None

    def send(self, message: ToCentreToo) -> None:
        """On its way, if there is a link; else it is as lost as on the way."""
        if self._out is None:
            return
        for part in _parts(message):
            if not self._out.full():
                self._out.put_nowait(_encode(part))

    async def run(self) -> None:
        """Link, and link again, until cancelled."""
        pause_s = RETRY_S_MIN
        while True:
            started_s = asyncio.get_running_loop().time()
            try:
                await self._once()
            except InvalidStatus as error:
                log.warning("the centre refuses the link: HTTP %s", error.response.status_code)
            except NotTaken as error:
                log.error("what the centre sends cannot be kept, asking for it again: %s", error)
            except (OSError, WebSocketException, TimeoutError, ssl.SSLError) as error:
                log.info("no link to the centre: %s", error or type(error).__name__)
            finally:
                was_open, self._out = self.is_open, None
                if was_open:
                    self._changed(False)
            if asyncio.get_running_loop().time() - started_s > RETRY_S_MAX:
                pause_s = RETRY_S_MIN
            await asyncio.sleep(pause_s * (0.5 + random.random()))
            pause_s = min(RETRY_S_MAX, pause_s * 2)

    async def _once(self) -> None:
        async with connect(
            self._address,
            additional_headers={"Authorization": f"Bearer {self._token}"},
            user_agent_header=PROGRAM,
            open_timeout=OPEN_S,
            ping_interval=PING_S,
            ping_timeout=SILENT_S_MAX,
            close_timeout=1,
            max_size=FRAME_BYTES_MAX,
            compression=None,
            proxy=None,
        ) as socket:
            out: asyncio.Queue[bytes] = asyncio.Queue(OUT_MAX)
            self._out = out
            self._changed(True)

            async def write() -> None:
                while True:
                    await socket.send(await out.get())

            writing = asyncio.create_task(write(), name="link writes")
            try:
                async for frame in socket:
                    if isinstance(frame, str):
                        self._shown(frame)
                        continue
                    message = _decode(frame)
                    self._heard(message)
                    if isinstance(message, People):
                        await asyncio.sleep(0)  # scans do not wait for a row of pages
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)


def _parts(message: ToCentreToo) -> list[ToCentreToo]:
    if not isinstance(message, Rows):
        return [message]
    return [
        Rows(
            generation=message.generation,
            epoch=message.epoch,
            rows=message.rows[start : start + ROWS_A_FRAME],
            ages=message.ages[start : start + ROWS_A_FRAME],
        )
        for start in range(0, len(message.rows), ROWS_A_FRAME)
    ]
