"""How a station does: what its pages, its watchdog and whoever stands before it are told."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["ok", "starting", "disk_full", "keeper_missing", "revoked"]


class StationState(Struct, frozen=True, kw_only=True):
    """How a station is linked, for its pages. `restored`: the centre came from a backup, and gives no place away until
    people have counted and confirmed. `since`: when it heard of the centre last, if it is cut off; `waiting`:
    rows of its log that the centre does not have; `rights`: area → how many more it may let in by itself; `places`: so
    many of them at its door (None: no number is approved for where it leads); `disk`: whether it can write; `keeper`:
    whether the medium with the key is there. Without either it answers nothing."""

    link: Literal["linked", "slow", "restored", "cut", "revoked"]
    since: str | None
    waiting: int
    rights: dict[str, int]
    door: str
    places: int | None = None
    disk: Literal["ok", "full"] = "ok"
    keeper: Literal["ok", "missing"] = "ok"


class Health(Struct, frozen=True, kw_only=True):
    """All that a person at the machine can put right. `status`: `keeper_missing` where the medium with the key is not
    there; `at`: the centre's time as it is known here, `clock`: what this machine's clock says, `clock_off_s` seconds
    ahead; `clock_guessed`: the centre has not been heard since the start, and these are of before; `real_time`:
    the centre's day is that of the clock, so that they are compared (in a demo it is not); `people_left`: so many codes
    were still to be told when it heard of people last; `keeper_beside`: the key lies on the same medium as
    the data; `prints`: whether its browser can; `scanner`: its line, if there is one, and `scanner_fault` what is wrong
    with it."""

    status: Status
    station: StationState
    event: str
    event_name: str
    door_name: str
    area: str
    centre: str
    people: int
    people_left: int
    at: str
    clock: str
    clock_off_s: float | None
    clock_guessed: bool
    real_time: bool
    disk_free_bytes: int
    keeper_beside: bool
    prints: bool
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
