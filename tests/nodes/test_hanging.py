"""A network that swallows everything between a node and its database: every connection notices by itself, says so
within seconds, and comes back by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from checkin.core.errors import Busy
from checkin.core.model import Scan
from checkin.main import store_of
from checkin.service import intake
from checkin.service.intake import Intake
from checkin.service.scans import Answered, Arrived
from checkin.service.venues import Venues
from checkin.store.engine import StoreBusy, Transaction
from checkin.store.postgres import PostgresStore
from tests.engine import new_postgres_database
from tests.nodes.databases import Network, database
from tests.nodes.test_isolation import held
from tests.store.test_postgres import until
from tests.venue import SLUG, at, fill

TOLD_S_MAX = 8.0
"""3.5 s on a machine that does nothing else."""


def one(tx: Transaction) -> Any:
    return tx.row("SELECT 1")


async def refusal_s(call: Awaitable[Any]) -> float:
    started = time.monotonic()
    with pytest.raises(StoreBusy, match="does not answer"):
        await call
    return time.monotonic() - started


def test_network_that_swallows_everything_is_told_by_every_connection_and_each_comes_back() -> None:
    async def run() -> None:
        store = await PostgresStore.open(network.url)
        other = await PostgresStore.open(server.get_uri())
        heard: list[str] = []
        store.listen(heard.append)
        runs: list[Callable[..., Awaitable[Any]]] = [store.write, store.read, store.glance, store.snapshot]
        for each in runs:
            await each(one)
        await asyncio.sleep(0.5)  # it listens
        network.swallow()
        # Many wait at once, and none for the others.
        took = await asyncio.gather(
            *(refusal_s(each(one)) for each in runs for _ in range(5) if each != store.snapshot)
        )
        assert max(took) < TOLD_S_MAX
        assert await refusal_s(store.snapshot(one)) < TOLD_S_MAX
        await until(lambda: store.ailing != "", seconds=20)
        network.restore()
        await until(lambda: store.ailing == "", seconds=20)
        await other.write(lambda tx: tx.tell("7"))
        await until(lambda: heard == ["7"])
        for each in runs:
            await each(one)
        await store.close()
        await other.close()

    with database() as (server, _):
        network = Network(server)
        try:
            asyncio.run(run())
        finally:
            network.end()


def test_scan_that_waits_for_another_node_is_told_to_come_again_and_decided_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database lives, so it is waited for; the door is not kept waiting for so long."""
    monkeypatch.setattr(intake, "ANSWER_S_MAX", 0.3)

    async def run() -> None:
        url = new_postgres_database()
        async with store_of(url) as here, store_of(url) as there:
            venues = Venues()
            codes = await fill(here, venues, guests=1, crew=0, house=1, hall=1)
            queue = Intake(there, venues, SLUG, clock=lambda: at("10:00"), committed=lambda: None)
            scan = [Arrived(scan=Scan(id="one", code=next(iter(codes.values())), door="D1"), by="test")]

            async with held(here, lambda tx: None):
                with pytest.raises(Busy):
                    await queue.submit(scan)
            monkeypatch.setattr(intake, "ANSWER_S_MAX", 10)
            (answer,) = await queue.submit(scan)
            assert isinstance(answer, Answered)
            assert answer.repeated
            await queue.close()

    asyncio.run(run())
