"""A scanner's program: what it reads is a scan at a door of the centre, and its answer is shown there."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import msgspec

from checkin.core.errors import CheckinError
from checkin.wire import ScanSent
from kiosk.main import Kiosk

SEND_S = 5.0
RETRY_S = 2.0
SAME_SCAN_S = 2.0
"""A trembling hand or an impatient second press is the same scan."""
SCANS_KEPT_MAX = 500
"""So many wait for the centre. More are not taken, and that is said."""
PASSING = {429, 502, 503, 504}
OWN_SCREEN = "station"
"""The name of the screen of a station that reads its scanner itself."""


class Refused(Exception):
    """The centre will not take scans of this program; the message says why."""


class NotTaken(Exception):
    """This scan is not taken; whoever holds the badge shows it again. The message says why."""


class Door(Protocol):
    """Where a scanner's codes go."""

    def scan_of(self, code: str) -> dict[str, Any]: ...

    async def send(self, scan: dict[str, Any]) -> dict[str, Any]: ...


class DoorOfCentre:
    """One door, as this scanner sees it. `screen`: the name under which the door's page follows its answers."""

    def __init__(self, url: str, event: str, token: str, door: str, screen: str, *, direction: str = "entry") -> None:
        base = f"{url.rstrip('/')}/api/v1/events/{quote(event, safe='')}"
        self._client = httpx.AsyncClient(
            base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=SEND_S, trust_env=False
        )
        self._path = f"/screens/{quote(screen, safe='')}/scans"
        self._door = door
        self._direction = direction

    def scan_of(self, code: str) -> dict[str, Any]:
        """What is sent of a code, under an id of its own; as often as it takes."""
        return _scan_of(code, self._door, self._direction, dt.datetime.now(dt.UTC))

    async def send(self, scan: dict[str, Any]) -> dict[str, Any]:
        """The centre's answer and how many screens show it. Raises `httpx.TransportError` and, for what may
        pass, `httpx.HTTPStatusError`; `Refused` for what will not."""
        answer = await self._client.post(self._path, json=scan)
        if answer.status_code in PASSING:
            answer.raise_for_status()
        if answer.is_error:
            try:
                detail = str(answer.json().get("detail", ""))
            except ValueError:
                detail = ""
            raise Refused(detail or f"HTTP {answer.status_code}")
        shown: dict[str, Any] = answer.json()
        return shown

    async def close(self) -> None:
        await self._client.aclose()


class DoorOfStation:
    """The door of a station that reads its scanner itself: its own page shows the answers, linked or cut off."""

    def __init__(self, kiosk: Kiosk, *, direction: str = "entry") -> None:
        self._kiosk = kiosk
        self._direction = direction

    def scan_of(self, code: str) -> dict[str, Any]:
        """A scan of a code, under an id of its own."""
        at = dt.datetime.fromtimestamp(self._kiosk.now() / 1000, dt.UTC)
        return _scan_of(code, self._kiosk.pairing.door, self._direction, at)

    async def send(self, scan: dict[str, Any]) -> dict[str, Any]:
        """The answer, and how many pages show it. Raises `NotTaken`, which they show too."""
        try:
            answer, _ = await self._kiosk.scan(msgspec.convert(scan, ScanSent).scan())
        except CheckinError as error:
            self._show({"scan": scan, "problem": {"status": 503, "code": error.code, "detail": error.message}})
            raise NotTaken(error.message) from None
        shown = {"scan": scan, "answer": msgspec.to_builtins(answer)}
        return {"answer": shown["answer"], "screens": self._show(shown)}

    def _show(self, shown: dict[str, Any]) -> int:
        text = msgspec.json.encode(shown).decode()
        for tell in tuple(self._kiosk.screens):
            tell(text)
        return len(self._kiosk.screens)


def _scan_of(code: str, door: str, direction: str, at: dt.datetime) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "code": code,
        "door": door,
        "direction": direction,
        "scanned_at": at.isoformat(),
    }


async def scan_on(codes: AsyncIterator[str], door: Door, say: Callable[[str], None]) -> None:
    """Send each code as a scan, in order, until `codes` ends; `say` is told of each answer in a line that names
    nobody. A centre that is away gets them later; what a station does not take is not sent again. Raises `Refused`."""
    waiting: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    reading = asyncio.create_task(_read(codes, door, waiting, say))
    try:
        while (scan := await waiting.get()) is not None:
            try:
                say(_line_of(await _answer(scan, door, say)))
            except NotTaken as error:
                say(f"Not taken: {error}")
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)  # it lets go of the codes before they are closed


async def _read(
    codes: AsyncIterator[str],
    door: Door,
    waiting: asyncio.Queue[dict[str, Any] | None],
    say: Callable[[str], None],
) -> None:
    now_s = asyncio.get_running_loop().time
    last_code, last_at_s = "", float("-inf")
    async for code in codes:
        is_same = code == last_code and now_s() - last_at_s < SAME_SCAN_S
        last_code, last_at_s = code, now_s()
        if is_same:
            continue
        if waiting.qsize() >= SCANS_KEPT_MAX:
            say(f"Not taken: {SCANS_KEPT_MAX} scans wait for the centre already. Use paper until it is back.")
            continue
        waiting.put_nowait(door.scan_of(code))
    waiting.put_nowait(None)


async def _answer(scan: dict[str, Any], door: Door, say: Callable[[str], None]) -> dict[str, Any]:
    while True:
        try:
            return await door.send(scan)
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            say(f"Not checked: the centre does not answer ({error or type(error).__name__}). The scan is kept.")
            await asyncio.sleep(RETRY_S)


def _line_of(shown: dict[str, Any]) -> str:
    answer = shown["answer"]
    what = answer["kind"] or answer["reason"] or ""
    unseen = " – no page shows it" if shown["screens"] == 0 else ""
    return f"{answer['outcome']} {what}: {answer['hint']['de']}{unseen}"
