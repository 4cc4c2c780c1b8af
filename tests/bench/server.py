"""The service to measure, as a process: the real one, and its twins.

real: as it is. single: a transaction for each scan. twin: the same route, with an intake that
stores nothing and answers at once: the limit of the route. whole: the same past the short way, through the framework.
socket, bare: the same answer over a websocket for each door, and without a look at what came.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from checkin.core.errors import CheckinError
from checkin.core.wording import Saying
from checkin.main import app_of, open_store, server_of, wall_clock
from checkin.service.centre import Centre
from checkin.service.scans import Answered, Arrived
from checkin.web.scans import arrived_of
from checkin.wire import Answer, AreaShown, AttendeeShown, ScanSent
from checkin.words import said
from tests.bench.venue import Bench, prepare

PREPARED = "bench.json"
"""Beside a database that is there already: what is known of it."""

decode = msgspec.json.Decoder(ScanSent).decode
encode = msgspec.json.Encoder().encode


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


class RawScans:
    """The scans' route as plain ASGI, in front of the application. `bare`: it looks at nothing."""

    def __init__(self, app: Any, centre: TwinCentre, *, bare: bool) -> None:
        self._app = app
        self._centre = centre
        self._bare = bare
        self._fixed = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan" or not scope["path"].endswith("/scans"):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] == "websocket.receive":
                answer = await self._answer(scope, message["text"].encode())
                await send({"type": "websocket.send", "text": answer.decode()})
        else:
            body = b""
            while (message := await receive()).get("more_body"):
                body += message["body"]
            answer = self._fixed if self._bare and self._fixed else await self._answer(scope, body + message["body"])
            self._fixed = answer
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
            await send({"type": "http.response.start", "status": 201, "headers": headers})
            await send({"type": "http.response.body", "body": answer})

    async def _answer(self, scope: Any, body: bytes) -> bytes:
        token = dict(scope["headers"])[b"authorization"].decode().removeprefix("Bearer ")
        principal = await self._centre.gate.recognise(token)
        assert principal is not None
        arrived = arrived_of(decode(body), principal, delayed=False)
        (answered,) = await (await self._centre.intake("")).submit((arrived,))
        assert isinstance(answered, Answered)
        return encode(answered.answer)


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
            centre: Centre = Centre(store, wall_clock)
        case "single":
            centre = Centre(store, wall_clock, commit_scans_max=1)
        case _:
            centre = TwinCentre(store, wall_clock)
    app: Any = app_of(centre)
    inner: Any = app.app
    if kind == "whole":
        app.app = inner.app
    elif isinstance(centre, TwinCentre) and kind != "twin":
        app.app = RawScans(inner, centre, bare=kind == "bare")
    bound = socket.create_server(("127.0.0.1", 0), backlog=8_192)
    server = server_of(app)

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
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
