"""The forecast as the database tells it."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace

from checkin.core.model import Door
from checkin.core.schedule import Programme
from checkin.main import open_store
from checkin.service.forecast import begins, forecast_of
from checkin.service.pulse import Pulse
from checkin.service.venues import Venues, import_layout
from checkin.store import attendees, presences
from checkin.store.engine import Transaction
from tests.core.given import session, there, venue
from tests.venue import DAY, SLUG, at, fill, layout, people


def test_no_show_rate_is_that_of_the_last_events(tmp_path: Path) -> None:
    """Of ten registered for last year's event seven came; next year's tells nothing."""

    async def work() -> None:
        store = await open_store(f"sqlite:///{tmp_path / 'checkin.db'}")
        venues = Venues()
        await fill(store, venues, guests=20, crew=0)

        def another(tx: Transaction, slug: str, date: dt.date, came: int) -> None:
            house = layout().of(replace(layout().event, slug=slug, date=date))
            import_layout(tx, house, now=0, by="test")
            id = venues.id(tx, slug)
            attendees.add_attendees(tx, id, [(one, "") for one in people(10, prefix=slug)])
            presences.save_presences(tx, id, {f"{slug}{number}": there("house") for number in range(came)})

        def read(tx: Transaction) -> tuple[float, str, int, float]:
            found = forecast_of(tx, venues.venue(tx, SLUG), Pulse(), at("08:00"), 0.0)
            return found.no_show.percent, found.no_show.source, found.registered, found.arrivals.expected

        percent, source, registered, expected = await store.read(read)
        assert (percent, source, registered) == (22, "default", 22)
        assert expected == pytest.approx(22 * 0.78)
        await store.write(lambda tx: another(tx, "vorher", DAY.replace(year=DAY.year - 1), 7))
        await store.write(lambda tx: another(tx, "nachher", DAY.replace(year=DAY.year + 1), 1))
        percent, source, _, _ = await store.read(read)
        assert percent == pytest.approx(30)
        assert source == "events"
        await store.close()

    asyncio.run(work())


def test_programme_begins_with_the_first_session_after_the_doors_have_opened() -> None:
    house = venue(doors=[Door(id="D1", name="Süd", area="house", opens=dt.time(9))])
    coffee, welcome = session("coffee", "T", "09:00", "10:30"), session("welcome", "P", "10:30", "11:00")
    assert begins(house, Programme(house.event, [coffee, welcome])) == at("10:30")
    assert begins(house, Programme(house.event, [coffee])) == at("09:00")
    assert begins(house, Programme(house.event)) == at("10:00")
    assert begins(house, Programme(house.event, [replace(welcome, cancelled=True), coffee])) == at("09:00")
