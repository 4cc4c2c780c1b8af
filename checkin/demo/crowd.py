"""Plays the planned day through the HTTP interface, as real doors would: `python -m checkin.demo.crowd`.

Reads one `Setting` as a line of JSON from standard input, and ends when that is closed: so it never
outlives the demo. It is a program of its own, so that the service has only its own work to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
import sys
import time
import uuid
from collections import defaultdict
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from checkin.demo.people import GERMAN_FAMILY, GERMAN_GIVEN, OFFICES, TOWNS
from checkin.demo.plan import Guest, Step, plan_day

UNDER_WAY_MAX = 16
TRIES_MAX = 60
TELL_EVERY_S = 15.0
SPEAK_EVERY_S = 20.0
"""So often a door's device says that it is there, as its page does."""
NO_PLACE = {"area_full", "held_seats_only", "line_first"}
SETTING_BYTES_MAX = 16 * 1024 * 1024


class Code(Struct, frozen=True):
    attendee: str
    ticket: str
    code: str
    group: str


class Setting(Struct, frozen=True):
    """Where and how fast to play. `midnight` and `clock_time` are ISO times of the event;
    `clock_started_at` is the real time (seconds) at which its clock showed `clock_time`."""

    base_url: str
    event: str
    doors: dict[str, str]
    desk_token: str
    codes: list[Code]
    guests: list[Guest]
    cancelled: list[str]
    midnight: str
    clock_started_at: float
    clock_time: str
    speed: float
    resume_after: str | None
    seed: int


class Crowd:
    def __init__(self, setting: Setting, client: httpx.AsyncClient) -> None:
        self._setting = setting
        self._client = client
        self._codes = {code.ticket: code.code for code in setting.codes}
        self._midnight = dt.datetime.fromisoformat(setting.midnight)
        self._clock_time = dt.datetime.fromisoformat(setting.clock_time)
        self._one_at_a_time: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._under_way = asyncio.Semaphore(UNDER_WAY_MAX)
        self._inside = 0
        self._refused = 0

    async def play(self) -> None:
        """Every step of the day that is still to come, when its time comes."""
        steps = plan_day(self._setting.guests, self._setting.cancelled, self._setting.seed)
        await self._register_walk_ins(steps)
        after_s = 0.0
        if self._setting.resume_after is not None:
            resumed = dt.datetime.fromisoformat(self._setting.resume_after)
            after_s = (resumed - self._midnight).total_seconds()
        telling = [asyncio.create_task(told) for told in (self._tell(), self._speak())]
        try:
            async with asyncio.TaskGroup() as group:
                for step in steps:
                    if step.at_s <= after_s:
                        continue
                    await asyncio.sleep(max(0.0, self._real_time(step.at_s) - time.time()))
                    await self._under_way.acquire()
                    group.create_task(self._take(step))
        finally:
            for task in telling:
                task.cancel()
            await asyncio.gather(*telling, return_exceptions=True)
        print("The day is over. Begin it anew with --fresh.", flush=True)

    async def _take(self, step: Step) -> None:
        try:
            async with self._one_at_a_time[step.who]:
                answer = await self._scan(step, step.door)
                if answer.get("reason") not in NO_PLACE:
                    return
                if step.otherwise is not None:
                    await self._scan(step, step.otherwise)
                elif answer.get("alternatives"):
                    area = answer["alternatives"][0]["area"]
                    await self._scan(step, next(door for door in self._setting.doors if door.startswith(f"{area}-")))
        finally:
            self._under_way.release()

    async def _scan(self, step: Step, door: str) -> Any:
        code = step.text or self._codes.get(step.who) or step.who
        at = max(self._midnight + dt.timedelta(seconds=step.at_s), self._clock_time + self._passed())
        scan = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._midnight}/{step.who}/{step.at_s}/{door}")),
            "code": code,
            "door": door,
            "direction": step.direction,
            "scanned_at": at.isoformat(timespec="milliseconds"),
            "switch": door != step.door,  # whoever finds the room full takes the other one that is offered
        }
        answer = await self._send("scans", scan, self._setting.doors[door])
        area = answer.get("area", {})
        if area.get("id") == "house":
            self._inside = area["inside"]
        self._refused += answer.get("outcome") == "refused"
        return answer

    async def _register_walk_ins(self, steps: list[Step]) -> None:
        """They come to the desk before they come to the door."""
        rng = random.Random(self._setting.seed)
        for who in sorted({step.who for step in steps if step.who.startswith("walk-in")}, key=lambda who: int(who[8:])):
            id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._midnight}/{who}"))
            person = {
                "id": id,
                "group": "migra",
                "given_name": rng.choice(GERMAN_GIVEN),
                "family_name": rng.choice(GERMAN_FAMILY),
                "organisation": rng.choice(OFFICES),
                "town": rng.choice(TOWNS)[1],
            }
            await self._send("attendees", person, self._setting.desk_token)
            badge = await self._send(f"attendees/{id}/badges?after=0", {}, self._setting.desk_token)
            self._codes[who] = badge["code"]

    async def _send(self, path: str, content: dict[str, Any], token: str) -> Any:
        """Keeps what it has to say until it is taken, as a door does."""
        url = f"{self._setting.base_url}/api/v1/events/{self._setting.event}/{path}"
        for _ in range(TRIES_MAX):
            with contextlib.suppress(httpx.TransportError):
                answer = await self._client.post(url, json=content, headers={"Authorization": f"Bearer {token}"})
                if answer.status_code not in (429, 503):
                    answer.raise_for_status()
                    return answer.json()
            await asyncio.sleep(1.0)
        raise TimeoutError("The service does not answer any more.")

    def _passed(self) -> dt.timedelta:
        """By how much the event's clock has moved on: whoever comes late shows the time at which they came."""
        return dt.timedelta(seconds=(time.time() - self._setting.clock_started_at) * self._setting.speed)

    def _real_time(self, at_s: float) -> float:
        shown = self._midnight + dt.timedelta(seconds=at_s) - self._clock_time
        return self._setting.clock_started_at + shown.total_seconds() / self._setting.speed

    async def _speak(self) -> None:
        url = f"{self._setting.base_url}/api/v1/events/{self._setting.event}/occupancy"
        while True:
            for token in self._setting.doors.values():
                with contextlib.suppress(httpx.TransportError):
                    await self._client.get(url, headers={"Authorization": f"Bearer {token}"})
                await asyncio.sleep(SPEAK_EVERY_S / len(self._setting.doors))

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            print(
                f"  {self._clock_time + self._passed():%H:%M}  {self._inside} in the house, {self._refused} refused",
                flush=True,
            )


async def main() -> None:
    commands = asyncio.StreamReader(limit=SETTING_BYTES_MAX)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    setting = msgspec.json.decode(await commands.readline(), type=Setting)
    limits = httpx.Limits(max_connections=UNDER_WAY_MAX, max_keepalive_connections=UNDER_WAY_MAX)
    async with httpx.AsyncClient(limits=limits, timeout=10.0, trust_env=False) as client:
        playing = asyncio.create_task(Crowd(setting, client).play())
        closed = asyncio.create_task(commands.read())
        await asyncio.wait((playing, closed), return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            playing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await playing


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
