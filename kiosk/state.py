"""How a station does: what its pages, its watchdog and whoever stands before it are told."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class StationState(Struct, frozen=True, kw_only=True):
    """How a station is linked, for its pages. `since`: when it heard of the centre last, if it is cut off; `waiting`:
    rows of its log that the centre does not have; `rights`: area → how many more it may let in by itself; `places`: so
    many of them at its door (None: no number is approved for where it leads); `disk`: whether it can write."""

    link: Literal["linked", "slow", "cut", "revoked"]
    since: str | None
    waiting: int
    rights: dict[str, int]
    door: str
    places: int | None = None
    disk: Literal["ok", "full"] = "ok"


class Health(Struct, frozen=True, kw_only=True):
    """All that a person at the machine can put right. `clock_off_s`: seconds that this machine's clock is ahead of the
    centre's; `scanner`: its line, if there is one, and `scanner_fault` what is wrong with it."""

    status: Literal["ok", "starting", "disk_full", "revoked"]
    station: StationState
    event: str
    event_name: str
    door_name: str
    area: str
    centre: str
    people: int
    at: str
    clock_off_s: float | None
    disk_free_bytes: int
    scanner: str
    scanner_fault: str
    rooms: dict[str, str]
    version: str
    page_silent_s: float
    """For how long no page has said anything: see `kiosk/watchdog.py`."""


class StationHeartbeat(Struct, frozen=True, kw_only=True, tag="heartbeat"):
    seq: int
    version: int
    evacuation: str
    at: str
    station: StationState
