"""Stations: paired by a one-time code, linked by a websocket; what they hold, and the conflicts that they leave."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Annotated, Any, cast

import msgspec
from litestar import Request, WebSocket, get, post, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath, JSONBody

from checkin.core.errors import CheckinError
from checkin.core.link import ROWS_MAX, News, Row, Rows
from checkin.core.model import Scan
from checkin.core.reference import ToCentreToo, ToStationToo, Welcome
from checkin.live.broadcast import Broadcast
from checkin.service import stations
from checkin.service.centre import Centre
from checkin.service.links import Connection, Links
from checkin.service.people import Principal, wall_ms
from checkin.service.stations import (
    AttentionShown,
    CodeSent,
    ConfirmationSent,
    ConflictsShown,
    StationPaired,
    StationsShown,
    VerdictSent,
)
from checkin.store.stations import Station
from checkin.web.auth import may
from checkin.web.live import CLOSE_FAILED, CLOSE_GOING_AWAY, CLOSE_POLICY, CLOSE_TRY_LATER
from checkin.web.sockets import Sockets, binary_frame_of, frame_of, socket_of

OUT_MAX = 1_000
"""So many messages wait for one station, beside its pages of people: those are made when they can be sent."""

AHEAD_MAX = 64
"""So many messages of one station may wait for a commit: what it sends meanwhile goes into one with them."""

REASON_LETTERS_MAX = 100
"""A close frame has room for 123 bytes."""

log = logging.getLogger(__name__)


class UnreadAsk(msgspec.Struct, frozen=True, tag="ask"):
    """A question that the centre cannot read: its door decides alone."""


class UnreadRows(msgspec.Struct, frozen=True, tag="rows"):
    """Rows of which the centre cannot read at least one."""

    generation: int
    epoch: str
    rows: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=ROWS_MAX)]
    ages: Annotated[tuple[int | None, ...], msgspec.Meta(max_length=ROWS_MAX)]


class UnreadRow(msgspec.Struct, frozen=True):
    n: Annotated[int, msgspec.Meta(ge=1)]


class Frames:
    """Messages as they go down; news are the same for every station, and made once."""

    def __init__(self) -> None:
        self._news: News | None = None
        self._frame = b""

    def of(self, message: ToStationToo) -> bytes:
        if not isinstance(message, News):
            return binary_frame_of(_encode(message))
        if message is not self._news:
            self._news, self._frame = message, binary_frame_of(_encode(message))
        return self._frame


class Refused(Exception):
    """The centre closes a link: with which code, and why."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


_decode = msgspec.msgpack.Decoder(ToCentreToo).decode
_decode_row = msgspec.msgpack.Decoder(Row).decode
_decode_unread = msgspec.msgpack.Decoder(UnreadAsk | UnreadRows).decode
_decode_unread_row = msgspec.msgpack.Decoder(UnreadRow).decode
_encode = msgspec.msgpack.Encoder().encode
_frame = Frames().of


@post("/api/v1/stations/pair", opt={"public": True}, status_code=200, summary="Make a door's device a station")
async def pair_station(
    data: JSONBody[CodeSent], request: Request[Any, Any, Any], centre: NamedDependency[Centre]
) -> StationPaired:
    """By the one-time code of a pairing link. The key is told this once, or again by the same token."""
    address = request.client.host if request.client else ""
    now, wall = centre.clock(), wall_ms()
    async with centre.gate.attempt(f"pairing {address}"):
        return await centre.write(
            lambda tx: stations.pair_station(tx, centre.venues, data.code, data.token, now=now, wall=wall)
        )


@get("/stations", guards=[may("stations")], summary="Stations, and whose the places of their areas are")
async def list_stations(event: FromPath[str], centre: NamedDependency[Centre]) -> StationsShown:
    now, heard = centre.clock(), dict(centre.gate.heard)
    return await centre.read(
        lambda tx: stations.stations_shown(tx, centre.venues, event, now=now, heard=heard, real_time=centre.real_time)
    )


@get("/stations/attention", guards=[may("stations")], summary="What of the stations waits for a person")
async def read_attention(event: FromPath[str], centre: NamedDependency[Centre]) -> AttentionShown:
    return await centre.read(lambda tx: stations.attention(tx, centre.venues, event))


@post("/stations/roster", guards=[may("stations")], status_code=204, summary="No door is missing on the list")
async def confirm_roster(
    event: FromPath[str],
    data: JSONBody[ConfirmationSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """After the centre was put back from a backup. Until then nothing of the stations' areas is given away."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: stations.confirm_roster(tx, centre.venues, event, data.generation, now=now, by=by), event=event
    )


@post("/stations/{station:str}/retire", guards=[may("stations")], status_code=204, summary="A station is switched off")
async def retire_station(
    event: FromPath[str],
    station: FromPath[str],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    """Then count its areas: so its places come free. One that goes on is told so as it links again, and begins anew."""
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: stations.retire_station(tx, centre.venues, event, station, now=now, by=by), event=event
    )
    centre.drop(f"device:{station}")


@get("/conflicts", guards=[may("stations")], summary="Where doors, or a door and the centre, differ")
async def list_conflicts(event: FromPath[str], centre: NamedDependency[Centre]) -> ConflictsShown:
    return await centre.read(lambda tx: stations.conflicts(tx, centre.venues, event))


@post("/conflicts/{conflict:str}/verdict", guards=[may("stations")], status_code=204, summary="Settle a conflict")
async def settle_conflict(
    event: FromPath[str],
    conflict: FromPath[str],
    data: JSONBody[VerdictSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> None:
    now, by = centre.clock(), request.user.id
    await centre.write(
        lambda tx: stations.settle(tx, centre.venues, event, conflict, data, now=now, by=by), event=event
    )


@websocket("/stations/link", opt={"public": True})
async def link_station(event: FromPath[str], socket: WebSocket[Any, Any, Any], centre: NamedDependency[Centre]) -> None:
    """The link: binary frames are messages of `checkin.core.link` and `reference` in msgpack, text frames
    the occupancy as displays get it.

    It opens with the station's own token, and also for one that was revoked: so that it hears of that,
    gives back what it holds, and wipes itself. Nothing else comes down to such a one.
    """
    kind, _, token = socket.headers.get("authorization", "").partition(" ")
    found = await centre.read(lambda tx: stations.station_of(tx, event, token.strip()))
    if kind.lower() != "bearer" or found is None:
        log.warning("a link with %s was refused: no station of this event has its token", event)
        await socket.close(code=CLOSE_POLICY, reason="unknown station: pair it anew")
        return
    await socket.accept()
    now, program = centre.clock(), socket.headers.get("user-agent", "")
    await centre.write(lambda tx: stations.link_opened(tx, found, program, now=now), event=event)
    line = socket_of(socket.scope)
    links, broadcast = await centre.links(event), await centre.broadcast(event)
    out: deque[ToStationToo] = deque()
    filled = asyncio.Event()
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ended = Refused(CLOSE_FAILED, "failed here; it was logged")

    def push(message: ToStationToo) -> None:
        nonlocal ended
        out.append(message)
        filled.set()
        if len(out) > OUT_MAX:
            ended = Refused(CLOSE_TRY_LATER, "too slow: link again")
            writing.cancel()

    connection = Connection(found.id, push, revoked=found.revoked, more=filled.set)

    def waiting() -> list[ToStationToo]:
        """Whatever else there is overtakes the pages of people: nobody waits at a door for those."""
        if out:
            return [out.popleft() for _ in range(len(out))]
        page = connection.page()
        return [] if page is None else [page]

    async def write() -> None:
        while True:
            while messages := waiting():
                await line.send_frame(b"".join([_frame(message) for message in messages]))
            filled.clear()
            await filled.wait()

    writing = asyncio.create_task(write(), name="station writes")
    listening = _listen(socket, links, found, connection, centre, failed)
    work: list[asyncio.Future[None]] = [writing, failed, asyncio.create_task(listening, name="station listens")]
    if not found.revoked:
        work.append(asyncio.create_task(_show(broadcast, found, line), name="station shows"))
    done, pending = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    code, why = _told_end(found, done, ended)
    try:
        await socket.close(code=code, reason=why)
    except (RuntimeError, WebSocketDisconnect):
        return


def _told_end(station: Station, done: set[asyncio.Future[None]], ended: Refused) -> tuple[int, str]:
    """Says in the log why a link has ended, and returns what to tell the station."""
    if any(task.cancelled() for task in done):
        log.warning("station %s: the centre closes its link: %s", station.id, ended)
        return ended.code, str(ended)
    for error in [error for task in done if (error := task.exception()) is not None]:
        if isinstance(error, Refused):
            log.warning("station %s: the centre closes its link: %s", station.id, error)
            return error.code, str(error)
        if isinstance(error, (OSError, WebSocketDisconnect)):
            break
        log.error("station %s: its link failed here", station.id, exc_info=error)
        return ended.code, str(ended)
    log.info("station %s: its link has ended", station.id)
    return CLOSE_GOING_AWAY, ""


async def _listen(
    socket: WebSocket[Any, Any, Any],
    links: Links,
    station: Station,
    connection: Connection,
    centre: Centre,
    failed: asyncio.Future[None],
) -> None:
    """Until the station is gone. What of its messages was not taken, `failed` hears."""
    if not station.revoked:
        told = Welcome(event=station.event, door=station.door, key=station.key, real_time=centre.real_time)
        connection.push(told)
    links.connect(connection)
    room = asyncio.Semaphore(AHEAD_MAX)

    def look(taken: asyncio.Future[None]) -> None:
        room.release()
        error = None if taken.cancelled() else taken.exception()
        if error is not None and not failed.done():
            failed.set_exception(_refused(error) if isinstance(error, CheckinError) else error)

    try:
        while True:
            received = await socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            message = _read(cast(bytes, received.get("bytes") or b""), station)
            centre.gate.heard[station.id] = centre.clock()
            if message is None:
                continue
            await room.acquire()
            links.take(connection, message).add_done_callback(look)
    except msgspec.MsgspecError as error:
        why = f"message not understood, are both programs of one version? {error}"
        raise Refused(CLOSE_POLICY, why[:REASON_LETTERS_MAX]) from error
    except CheckinError as error:
        raise _refused(error) from error
    finally:
        links.disconnect(connection)


def _refused(error: CheckinError) -> Refused:
    return Refused(CLOSE_TRY_LATER, error.message[:REASON_LETTERS_MAX])


def _read(frame: bytes, station: Station) -> ToCentreToo | None:
    """A message of a station; None for a question that is none. What cannot be read of its log is taken as it came.

    Raises `MsgspecError` for all else.
    """
    try:
        message: ToCentreToo = _decode(frame)
        return message
    except msgspec.ValidationError as error:
        log.warning("station %s: a message that the centre cannot read: %s", station.id, error)
        unread = _decode_unread(frame)
    if isinstance(unread, UnreadAsk):
        return None
    rows = tuple(_row(one, unread.epoch, station) for one in unread.rows)
    return Rows(generation=unread.generation, epoch=unread.epoch, rows=rows, ages=unread.ages)


def _row(one: msgspec.Raw, epoch: str, station: Station) -> Row:
    try:
        return _decode_row(one)
    except msgspec.ValidationError:
        n = _decode_unread_row(one).n
        scan = Scan(id=f"{station.id} {epoch} {n}", code="", door=station.door)
        return Row(n=n, scan=scan, outcome="lapsed", decided="alone", unread=bytes(one))


async def _show(broadcast: Broadcast, station: Station, line: Sockets) -> None:
    """Every area: a station has the displays too, and those of all areas are encoded once for all stations.

    Raises `Refused` where it was ended here.
    """
    if why := await broadcast.follow((), lambda text: line.send_frame(frame_of(text)), f"device:{station.id}"):
        raise Refused(CLOSE_GOING_AWAY, why)
