"""The service to measure, as a process: the real one, and its twins.

real: as it is. single: a transaction for each scan. twin: the same route, with an intake that
stores nothing and answers at once: the limit of the route.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import uvloop

from checkin.core.errors import CheckinError
from checkin.core.wording import Saying
from checkin.main import app_of, open_store, server_of, wall_clock
from checkin.service.centre import Centre
from checkin.service.scans import Answered, Arrived
from checkin.wire import Answer, AreaShown, AttendeeShown
from checkin.words import said
from tests.bench.venue import Bench, prepare

PREPARED = "bench.json"
"""Beside a database that is there already: what is known of it."""


class EmptyIntake:
    """Answers as the real one would, without deciding or storing."""

    async def submit(self, arrived: Sequence[Arrived]) -> list[Answered | CheckinError]:
        return [
            Answered(
                Answer(
                    id=one.scan.id,
                    seq=1,
                    outcome="admitted",
                    reason=None,
                    kind="arrival",
                    provisional=False,
                    attendee=AttendeeShown(
                        id="attendee-1", name="Vorname Nachname", organisation="Amt", group="g", bookings=[]
                    ),
                    area=AreaShown(id="house", inside=1, capacity=10_000_000, free=9_999_999),
                    hint=said(Saying("arrival")),
                    way=None,
                    since=None,
                    overridden=None,
                    soft=False,
                    switch=None,
                    kept=None,
                    line=None,
                    alternatives=[],
                    choices=[],
                    item=None,
                    asks_back=[],
                    scanned_at="2026-03-20T09:12:03.000+01:00",
                    received_at="2026-03-20T09:12:03.000+01:00",
                    clock_off_s=None,
                ),
                repeated=False,
            )
            for one in arrived
        ]

    async def close(self) -> None:
        return None


class TwinCentre(Centre):
    async def intake(self, slug: str) -> EmptyIntake:  # type: ignore[override]
        return EmptyIntake()


async def main(kind: str, folder: Path, attendee_count: int) -> None:
    store = await open_store(f"sqlite:///{folder / 'bench.db'}")
    prepared = folder / PREPARED
    bench = (
        msgspec.json.decode(prepared.read_bytes(), type=Bench)
        if prepared.exists()
        else await prepare(store, attendee_count)
    )
    match kind:
        case "real":
            centre = Centre(store, wall_clock)
        case "single":
            centre = Centre(store, wall_clock, commit_scans_max=1)
        case _:
            centre = TwinCentre(store, wall_clock)
    bound = socket.create_server(("127.0.0.1", 0), backlog=8_192)
    server = server_of(app_of(centre))

    async def tell() -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        print(
            json.dumps(
                {
                    "port": bound.getsockname()[1],
                    "codes": bench.codes,
                    "door_tokens": bench.door_tokens,
                    "desk_token": bench.desk_token,
                    "display_token": bench.display_token,
                }
            ),
            flush=True,
        )

    telling = asyncio.create_task(tell())
    with contextlib.suppress(asyncio.CancelledError):
        await server.serve(sockets=[bound])
    await telling


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
