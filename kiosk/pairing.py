"""How a machine becomes the station of a door."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from checkin.core.errors import CheckinError
from kiosk.keeper import Keeper, Pairing


def pair(url: str, code: str, keeper: Keeper) -> Pairing:
    """Make this machine the station of a pairing code; where the answer was lost, once more by the same code. Raises
    `CheckinError` with what the centre says."""
    sent = {"code": code, "token": keeper.offer(code)}
    try:
        answer = httpx.post(f"{url.rstrip('/')}/api/v1/stations/pair", json=sent, timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        raise CheckinError(
            f"No connection to {url} ({error or type(error).__name__}). Check the network cable and the address, and"
            " try again: the code is not used up.",
            code="no_link",
        ) from None
    if answer.is_error:
        try:
            detail = str(answer.json().get("detail", ""))
        except ValueError:
            detail = ""
        raise CheckinError(detail or f"{url} answers HTTP {answer.status_code}.", code="pairing_failed")
    told: dict[str, Any] = answer.json()
    pairing = Pairing(
        url=url.rstrip("/"), event=told["event"], station=told["station"], door=told["door"], token=sent["token"]
    )
    keeper.keep_key(msgspec.json.decode(msgspec.json.encode(told["key"]), type=bytes))
    keeper.keep_pairing(pairing)
    return pairing
