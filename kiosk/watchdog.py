"""Heartbeats: to systemd, that this program works; and of the page, that the screen does.

What systemd wants to hear is one datagram to the socket that it names (sd_notify(3)), so this needs no library. Without
that socket nothing is told, and everything runs as it did.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import httpx

PAGE_S_MAX = 20.0
"""A page that has spoken and says nothing for so long hangs. It speaks every second, and finds a restarted station
within twelve."""
START_S_MAX = 120.0
"""A browser whose page has not spoken for so long after its start never will."""
LOOK_S = 1.0
HEALTH_S_MAX = 4.0
STOP_S_MAX = 5.0

log = logging.getLogger(__name__)


class Systemd:
    """Who started us, if it was systemd with `Type=notify`."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        usec = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.beat_s = int(usec) / 2_000_000 if usec.isdigit() and int(usec) and ours else None
        """So often it wants to hear that we work (half of `WatchdogSec`); None: it does not ask."""

    def tell(self, **state: str) -> None:
        """Such as `READY="1"`. Never fails: whoever does not listen is not to stop a door."""
        if not self._address:
            return
        text = "\n".join(f"{name}={value.replace(chr(10), ' ')}" for name, value in state.items())
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(text.encode(), address)
        except OSError as error:
            log.warning("systemd does not listen: %s", error)


async def beat(systemd: Systemd, well: Callable[[], Awaitable[str]]) -> None:
    """Say that we are ready, and from then on that we work, until cancelled. `well` says how it goes in a line, without
    personal data, and raises what is wrong: then nothing is said, and after `WatchdogSec` systemd starts us anew. So it
    does when the event loop hangs, since this runs on it."""
    systemd.tell(READY="1")
    failing = ""
    try:
        while systemd.beat_s is not None:
            try:
                systemd.tell(WATCHDOG="1", STATUS=await well())
                failing = ""
            except Exception as error:
                if failing != type(error).__name__:
                    failing = type(error).__name__
                    log.exception("this program is not well, and says so to nobody")
            await asyncio.sleep(systemd.beat_s)
        await asyncio.Event().wait()
    finally:
        systemd.tell(STOPPING="1")


class Screen:
    """A browser on a station's page, started by `command` with the address as its last word."""

    def __init__(
        self, command: Sequence[str], station: str, page: str, waiting: str, say: Callable[[str], None]
    ) -> None:
        """`station`: http://127.0.0.1:8010; `page`: such as /door. `waiting`: the address shown while no station
        answers there."""
        self._command = command
        self._station = station
        self._page = page
        self._waiting = waiting
        self._say = say

    def show(self, systemd: Systemd, wait_s: float) -> int:
        """Show the station's page, or after `wait_s` the waiting one, until the browser is to be started anew.
        Returns the exit code: 0 where the station is there now, 1 where the page hangs, else the browser's own."""
        with httpx.Client(timeout=HEALTH_S_MAX, trust_env=False) as client:
            ends = time.monotonic() + wait_s
            while not (there := self._silent_s(client) is not None) and time.monotonic() < ends:
                time.sleep(LOOK_S / 4)
            browser = subprocess.Popen([*self._command, self._station + self._page if there else self._waiting])
            try:
                systemd.tell(READY="1", STATUS="shows the station" if there else "waits for the station")
                return self._watch(systemd, client, browser, there)
            finally:
                browser.send_signal(signal.SIGTERM)
                try:
                    browser.wait(STOP_S_MAX)
                except subprocess.TimeoutExpired:
                    browser.kill()
                    browser.wait()

    def _watch(self, systemd: Systemd, client: httpx.Client, browser: subprocess.Popen[bytes], there: bool) -> int:
        started = time.monotonic()
        while (ended := browser.poll()) is None:
            page = self._silent_s(client)
            if page is not None and not there:
                self._say("The station answers: it is shown.")
                return 0
            since_s = time.monotonic() - started
            if page is not None and min(page, since_s) > (PAGE_S_MAX if page < since_s else START_S_MAX):
                self._say(f"The page has said nothing for {min(page, since_s):.0f} s: the browser is started anew.")
                return 1
            systemd.tell(WATCHDOG="1")
            time.sleep(LOOK_S)
        self._say(f"The browser has ended ({ended}).")
        return ended or 1

    def _silent_s(self, client: httpx.Client) -> float | None:
        """For how long the page has said nothing to the station; None: no station answers."""
        try:
            return float(client.get(f"{self._station}/health").json()["page_silent_s"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return None
