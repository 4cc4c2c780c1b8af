"""Whom a real station knows, over a line that is cut in the middle of telling it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import httpx

from kiosk.keeper import Keeper
from kiosk.store import Disk
from tests.kiosk.real import Real, Station, real, until

GUESTS = 4_000
SLOW_S = 0.04
CUTS = 6


def health(station: Station) -> dict[str, Any]:
    told: dict[str, Any] = httpx.get(f"http://127.0.0.1:{station.port}/health", trust_env=False).json()
    return told


def has_more_than(station: Station, people: int) -> None:
    until(lambda: health(station)["people"] > people, f"more than {people} are there", 30, station.program.said)


def has_everybody(station: Station, centre: Real) -> None:
    everybody = len(centre.codes)

    def has() -> bool:
        told = health(station)
        return (told["people"], told["people_left"]) == (everybody, 0)

    until(has, "everybody is there", 60, station.program.said)


def kept(station: Station) -> dict[str, bytes]:
    """Whom the disk of a station that was stopped has."""
    station.program.stop()
    key = Keeper(station.keeper).key()
    assert key is not None
    disk = Disk(station.data / "station.db", key)
    try:
        return dict(disk.people())
    finally:
        disk.close()


def test_people_are_told_once_however_often_the_line_breaks_and_whatever_is_killed(tmp_path: Path) -> None:
    with real(tmp_path, guests=GUESTS) as (centre, station):
        undisturbed = station("D2")
        has_everybody(undisturbed, centre)
        once = undisturbed.line.bytes
        door = Station(centre, "D1")
        try:
            door.line.delay_s = SLOW_S
            door.start()
            for cut in range(CUTS):
                before = health(door)["people"]
                has_more_than(door, before + GUESTS // 20)
                door.line.cut()
                assert health(door)["people_left"] > 0
                if cut == 2:
                    door.program.stop(signal.SIGKILL)
                    door.start()
                    assert health(door)["people"] > before
                elif cut == 4:
                    centre.program.stop(signal.SIGKILL)
                    centre.start()
                elif cut == 5:
                    # Twenty, of whom it knows some already, ask to be forgotten.
                    for who in [f"a{n}" for n in range(20)]:
                        assert centre.organiser.post(f"/attendees/{who}/erasure").status_code == 204
                        del centre.codes[who]
                door.line.mend()
                door.line.delay_s = SLOW_S
            door.line.delay_s = 0.0
            has_everybody(door, centre)
            assert door.line.bytes < 1.5 * once
            has_everybody(undisturbed, centre)
            whole = kept(undisturbed)
            assert kept(door) == whole
            assert set(centre.codes.values()) <= set(whole)
        finally:
            door.program.stop(signal.SIGKILL)
            door.client.close()
