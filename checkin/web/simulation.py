"""A planned day, played."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from checkin.core.errors import Busy
from checkin.core.forecast import NoShow
from checkin.core.layout import LANES_MAX
from checkin.core.queueing import SERVICE_S_DEFAULT
from checkin.service import simulation
from checkin.service.centre import Centre
from checkin.service.forecast import no_show_of
from checkin.service.simulation import Guest, Played, Setting
from checkin.service.simulation_report import play_and_draw
from checkin.store.engine import Transaction
from checkin.web.auth import may

REGISTRATIONS_MAX = 20_000
PLAYING_MAX = 1
"""So many days are played at a time, each in a process of its own: it keeps no door waiting."""
_playing = asyncio.Semaphore(PLAYING_MAX)


class SimulationSent(Struct, frozen=True, kw_only=True):
    """What to play: the event's own registrations and the forecast's rate of no-shows unless said otherwise, and
    all the lanes of a door but where `lanes` says how many are open. `narrow`: a picture for a telephone."""

    registrations: Annotated[int, Meta(ge=1, le=REGISTRATIONS_MAX)] | None = None
    no_show_percent: Annotated[float, Meta(ge=0, le=99)] | None = None
    service_s: Annotated[float, Meta(ge=2, le=120)] = SERVICE_S_DEFAULT
    lanes: dict[str, Annotated[int, Meta(ge=1, le=LANES_MAX)]] = {}
    seed: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    language: Annotated[str, Meta(max_length=10)] = "de"
    narrow: bool = False


class SimulationShown(Struct, frozen=True):
    """The played day (its times are ms since 1970 UTC), and its picture as SVG."""

    played: Played
    picture: str


@post("/simulations", guards=[may("manage")], status_code=200)
async def play_day(
    event: FromPath[str], data: JSONBody[SimulationSent], centre: NamedDependency[Centre]
) -> SimulationShown:
    """Play the planned day with the same rules as at the doors; nothing is kept of it. One at a time."""
    venue = await centre.read(lambda tx: centre.venues.venue(tx, event))
    pulse = centre.pulse(event)

    def read(tx: Transaction) -> tuple[list[Guest], NoShow]:
        return simulation.guests_of(tx, venue), no_show_of(tx, venue, pulse)

    registered, no_show = await centre.read(read)
    guests = simulation.guests_planned(venue.layout, venue.programme, registered, data.registrations, data.seed)
    setting = Setting(
        seed=data.seed,
        no_show_percent=no_show.percent if data.no_show_percent is None else data.no_show_percent,
        lanes=data.lanes,
        service_s=data.service_s,
    )
    if _playing.locked():
        raise Busy("Another day is being played. Try again in a moment.", code="simulation_busy")
    async with _playing:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            played, picture = await asyncio.get_running_loop().run_in_executor(
                process, play_and_draw, venue.layout, venue.programme, guests, setting, data.language, data.narrow
            )
    return SimulationShown(played, picture.decode())
