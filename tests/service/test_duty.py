"""Of several nodes on one database one does what only one may do; another takes over when it is silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from checkin.core.facts import Changed
from checkin.core.model import Scan
from checkin.service import centre as centres
from checkin.service import deliveries, duty, webhooks
from checkin.service.centre import Centre
from checkin.service.duty import GIVEN_UP_AFTER_S, TAKEN_OVER_AFTER_S, Duty, is_at_work
from checkin.service.scans import Arrived, admit
from checkin.service.webhooks import WebhookSent
from checkin.store.engine import Transaction
from checkin.store.facts import newest_changes
from checkin.store.postgres import PostgresStore
from tests.engine import new_postgres_database
from tests.venue import SLUG, at, fill
from tests.web.test_webhooks import Receiver


def test_silent_holder_gives_up_before_another_takes_over_and_never_are_two() -> None:
    async def run() -> None:
        url = new_postgres_database()
        here, there = await PostgresStore.open(url), await PostgresStore.open(url)
        now = [0.0]
        one, other = Duty(here, lambda: now[0]), Duty(there, lambda: now[0])
        assert (await one.look(), await other.look()) == (True, False)
        for step in range(1, 10):  # the first hangs: it looks no more
            now[0] = step * TAKEN_OVER_AFTER_S / 5
            await other.look()
            assert not (one.is_ours and other.is_ours)
            assert one.is_ours == (now[0] < GIVEN_UP_AFTER_S)
            assert other.is_ours == (now[0] >= TAKEN_OVER_AFTER_S)
        assert not await one.look()  # it is back, and leaves it to the other
        assert (one.is_ours, other.is_ours) == (False, True)
        await other.close()
        assert await one.look()  # handed over at once
        await here.close()
        await there.close()

    asyncio.run(run())


def test_node_at_work_is_told_from_one_that_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty, "GIVEN_UP_AFTER_S", 0.5)

    async def run() -> None:
        store = await PostgresStore.open(new_postgres_database())
        assert not await is_at_work(store)
        one = Duty(store)
        await one.look()
        looked = asyncio.create_task(is_at_work(store))
        await asyncio.sleep(0.2)
        await one.look()
        assert await looked
        assert not await is_at_work(store)  # it is heard of no more
        await store.close()

    asyncio.run(run())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(centres, "HOUSEKEEPING_EVERY_S", 0.2)
    monkeypatch.setattr(duty, "GIVEN_UP_AFTER_S", 1.5)
    monkeypatch.setattr(duty, "TAKEN_OVER_AFTER_S", 2.5)
    monkeypatch.setattr(deliveries, "POLL_S", 0.2)
    monkeypatch.setattr(deliveries, "GAP_S", 0.02)


@pytest.mark.usefixtures("quick")
def test_two_nodes_send_each_message_once_raise_each_alert_once_and_share_what_doors_and_screens_show(
    receiver: Receiver,
) -> None:
    async def run() -> None:
        url = new_postgres_database()
        nodes = [Centre(await PostgresStore.open(url), lambda: at("10:00"), webhooks_private=True) for _ in range(2)]
        first, second = nodes
        codes = list((await fill(first.store, first.venues, guests=30, house=4, hall=4)).values())

        async def scan(node: Centre, number: int) -> None:
            one = Arrived(scan=Scan(id=f"scan {number}", code=codes[number], door="D1"), by=f"device:{number % 2}")
            await node.write(lambda tx: admit(tx, node.venues, SLUG, [one], at("10:00")), event=SLUG)

        sent = WebhookSent(url=receiver.url, kinds=("entry",))
        await first.write(
            lambda tx: webhooks.add_webhook(
                tx, first.venues, SLUG, sent, private=True, now=at("09:00"), wall=0, by="test"
            )
        )
        for node in nodes:
            await node.start()
        assert (first.duty.is_ours, second.duty.is_ours) == (True, False)
        for number in range(4):
            await scan(nodes[number % 2], number)
        await until(lambda: len(receiver.events) == 4)
        await until_read(first, lambda tx: len(raised(tx)) > 0)

        for node in nodes:
            node.pulse(SLUG)
        with second.screens.follow((SLUG, "D1", "s")) as shown:
            assert await first.show((SLUG, "D1", "s"), "Ada Nr 1, herein!") is None
            assert await asyncio.wait_for(shown.get(), 5) == "Ada Nr 1, herein!"
        first.pulse(SLUG).answered("D1", 12.0)
        await until(lambda: second.pulse(SLUG).answer_ms("D1", 0.5) == 12.0)

        # The first dies: nothing of it goes on, and it hands nothing over.
        assert first._housekeeping is not None
        first._housekeeping.cancel()
        await first.webhooks.close()
        await scan(second, 4)  # refused: full
        await until(lambda: second.duty.is_ours)
        exit_of_first = Arrived(scan=Scan(id="out", code=codes[0], door="D1", direction="exit"), by="device:1")
        await second.write(lambda tx: admit(tx, second.venues, SLUG, [exit_of_first], at("10:00")), event=SLUG)
        await scan(second, 5)
        await until(lambda: len(receiver.events) == 5)
        await asyncio.sleep(0.5)
        scans = [event["scan"] for event in receiver.events]
        assert len(scans) == len(set(scans)) == 5
        keys = [tuple(fact.ids) for fact in await second.read(raised)]
        assert len({subject for _, subject in keys}) == len(keys), "an alert was raised twice"
        await second.close()
        await first.store.close()

    asyncio.run(run())


def raised(tx: Transaction) -> list[Changed]:
    return [fact for fact in newest_changes(tx, 1, 1_000) if (fact.noun, fact.what) == ("alert", "raised")]


async def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come to that"
        await asyncio.sleep(0.05)


async def until_read(centre: Centre, true: Callable[[Transaction], bool], seconds: float = 15.0) -> None:
    ends = time.monotonic() + seconds
    while not await centre.read(true):
        assert time.monotonic() < ends, "it did not come to that"
        await asyncio.sleep(0.05)
