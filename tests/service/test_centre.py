"""What the running centre does by itself."""

from __future__ import annotations

import asyncio
import logging

import pytest

from checkin.core.layout import Layout
from checkin.service import alerts, lines, metrics
from checkin.service.venues import import_layout
from checkin.store.engine import Transaction
from tests.served import Served
from tests.venue import SLUG, at, layout

SECRET = "Frau Überaus-Selten"
BROKEN = "a-first"


def failures(event: str) -> float:
    value: float = metrics.HOUSEKEEPING_FAILED.labels(event)._value.get()
    return value


def test_event_that_fails_in_housekeeping_stops_no_other(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    shown = layout()
    event = type(shown.event)(slug=BROKEN, name="A", date=shown.event.date, timezone="Europe/Berlin")
    made = Layout(event, shown.groups.values(), shown.areas.values(), shown.doors.values())
    served.write(lambda tx: import_layout(tx, made, now=at("08:00"), by="test"))
    waits, look = lines.waits, alerts.look
    done: list[str] = []

    def waits_or_fails(tx: Transaction, venues: object, slug: str) -> bool:
        if slug == BROKEN:
            raise ValueError(SECRET)
        return waits(tx, venues, slug)  # type: ignore[arg-type]

    def looked(tx: Transaction, venues: object, slug: str, *rest: object, **how: object) -> alerts.Looked:
        done.append(slug)
        return look(tx, venues, slug, *rest, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(lines, "waits", waits_or_fails)
    monkeypatch.setattr(alerts, "look", looked)
    before = failures(BROKEN)
    with caplog.at_level(logging.WARNING, "checkin.service.centre"):
        asyncio.run_coroutine_threadsafe(served.centre.keep_house(), served.loop).result(20)
    assert sorted(done)[-2:] == [BROKEN, SLUG], "neither another event nor another deed of the same one waits for it"
    assert failures(BROKEN) >= before + 1
    told = caplog.text
    assert f"housekeeping of {BROKEN} failed, trying again: ValueError at test_centre.py:" in told
    assert SECRET not in told
    steward = served.operator("steward")
    assert f'checkin_housekeeping_failures_total{{event="{BROKEN}"}}' in steward.get(f"{served.url}/metrics").text
