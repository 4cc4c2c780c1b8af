"""Devices: added, paired by a one-time link, revoked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from checkin.service import people
from checkin.service.centre import Centre
from checkin.service.people import Principal
from checkin.service.venues import Venue
from checkin.store.engine import Transaction
from checkin.store.people import Device, load_devices
from checkin.store.stations import Station, load_stations
from checkin.web.auth import may
from checkin.web.login import qr_svg
from checkin.wire import DeviceSent, iso


class DeviceShown(Struct, frozen=True, kw_only=True):
    """`station`: a program at a door, not a browser."""

    id: str
    name: str
    role: str
    door: str | None
    station: bool
    created_at: str
    last_heard_at: str | None
    revoked: bool


class DevicesShown(Struct, frozen=True):
    """Door by door as the layout has them, then those of no door; what was revoked at the end."""

    devices: list[DeviceShown]


class DeviceAdded(Struct, frozen=True):
    """`token` is shown this once."""

    id: str
    token: str


class Pairing(Struct, frozen=True):
    """A link that pairs one browser, or one station, once, for so many `minutes`. Its code stands behind the #, which
    no server logs."""

    link: str
    qr: str
    expires_at: str
    minutes: int


@get("/devices", guards=[may("manage")])
async def list_devices(event: FromPath[str], centre: NamedDependency[Centre]) -> DevicesShown:
    def read(tx: Transaction) -> tuple[Venue, list[Device], dict[str, Station]]:
        venue = centre.venues.venue(tx, event)
        return venue, load_devices(tx, venue.id), load_stations(tx, venue.id)

    venue, devices, known = await centre.read(read)
    at = {door: place for place, door in enumerate(venue.layout.doors)}
    shown = []
    for device in sorted(
        devices, key=lambda one: (one.revoked_at is not None, at.get(one.door or "", len(at)), one.role, one.name)
    ):
        heard_at = centre.gate.heard.get(device.id) or device.heard_at
        shown.append(
            DeviceShown(
                id=device.id,
                name=device.name,
                role=device.role,
                door=device.door,
                station=device.id in known,
                created_at=iso(device.created_at, venue.layout),
                last_heard_at=iso(heard_at, venue.layout) if heard_at else None,
                revoked=device.revoked_at is not None,
            )
        )
    return DevicesShown(shown)


@post("/devices", guards=[may("manage")])
async def add_device(
    event: FromPath[str],
    data: JSONBody[DeviceSent],
    request: Request[Principal, str, Any],
    centre: NamedDependency[Centre],
) -> DeviceAdded:
    now, by = centre.clock(), request.user.id
    device, token = await centre.write(
        lambda tx: people.add_device(tx, centre.venues, event, data.name, data.role, data.door, now=now, by=by),
        event=event,
    )
    return DeviceAdded(device.id, token)


@post("/devices/{device:str}/pairing", guards=[may("manage")])
async def start_pairing(
    event: FromPath[str], device: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> Pairing:
    code, expires_at = await centre.write(lambda tx: people.start_pairing(tx, centre.venues, event, device))
    link = f"{request.base_url}pair#{code}"
    expires = dt.datetime.fromtimestamp(expires_at / 1000, dt.UTC).isoformat(timespec="seconds")
    return Pairing(link, qr_svg(link), expires, people.PAIRING_MINUTES)


@delete("/devices/{device:str}", guards=[may("manage")])
async def revoke_device(
    event: FromPath[str], device: FromPath[str], request: Request[Principal, str, Any], centre: NamedDependency[Centre]
) -> None:
    """Void at once: no token of it lets anybody in, and its live sockets close."""
    now, by = centre.clock(), request.user.id
    await centre.write(lambda tx: people.revoke_device(tx, centre.venues, event, device, now=now, by=by), event=event)
    centre.gate.forget()
    centre.drop(f"device:{device}")
