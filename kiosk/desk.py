"""The desk at a station. Linked, it is the centre's, by the operator's own log-in; cut off, whoever was logged in
here finds people among those whom the station knows.

What is kept of a log-in is a digest of its token and what it may: enough to know it again, and no key to anything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Literal

import msgspec
from msgspec import Struct

from checkin.core.errors import Busy
from checkin.core.layout import Layout
from checkin.core.reference import Person
from checkin.wire import iso
from kiosk.people import namesakes
from kiosk.station import Belief

LOGIN_MS = 14 * 3_600_000
"""As long as the centre's own log-in holds."""
LOGINS_MAX = 50


class LinkNeeded(Busy):
    """This works while the centre can be reached; nothing was changed."""

    code = "station_cut"


class Login(Struct, frozen=True):
    digest: bytes
    may: frozenset[str]
    until: int
    """Ms since 1970 UTC, by the centre's clock as it is known here."""


_logins = msgspec.msgpack.Decoder(list[Login])


class Logins:
    """Whom the centre has recognised through this station."""

    def __init__(self) -> None:
        self._known: dict[bytes, Login] = {}

    def keep(self, token: str, may: Collection[str], now: int) -> None:
        """The centre says that this log-in holds."""
        login = Login(_digest(token), frozenset(may), now + LOGIN_MS)
        self._known.pop(login.digest, None)
        self._known[login.digest] = login
        while len(self._known) > LOGINS_MAX:
            self._known.pop(next(iter(self._known)))

    def forget(self, token: str) -> None:
        """The centre does not know it any more."""
        self._known.pop(_digest(token), None)

    def may(self, token: str, now: int) -> frozenset[str]:
        """What whoever has this token may; nothing, where the centre has not said so within `LOGIN_MS`."""
        login = self._known.get(_digest(token))
        return login.may if login is not None and now < login.until else frozenset()

    def kept(self) -> bytes:
        """All of them, for `restore`."""
        return msgspec.msgpack.encode(list(self._known.values()))

    def restore(self, kept: bytes) -> None:
        self._known = {one.digest: one for one in _logins.decode(kept)}


def _digest(token: str) -> bytes:
    return hashlib.sha256(b"desk\0" + token.encode(errors="replace")).digest()


class Namesake(Struct, frozen=True):
    id: str
    organisation: str
    department: Literal[""] = ""
    town: Literal[""] = ""
    booking_number: Literal[""] = ""


class Found(Struct, frozen=True, kw_only=True):
    """A person as a desk that is cut off sees one: as `AttendeeFound` of the centre, as far as a station knows."""

    id: str
    name: str
    organisation: str
    group: str
    registration: str
    blocked: bool
    wheelchair: bool
    area: str | None
    came: bool
    arrived_at: str | None
    namesakes: list[Namesake]
    badge: None = None


def found(people: list[Person], belief: Callable[[str], Belief | None], layout: Layout) -> list[Found]:
    """As the centre answers a search. `belief`: where somebody is, as far as is known here."""
    same = namesakes(people)
    return [_found(one, belief(one.bearer.attendee), same, layout) for one in people]


def _found(person: Person, belief: Belief | None, same: dict[str, list[Person]], layout: Layout) -> Found:
    bearer, presence = person.bearer, belief.presence if belief is not None else None
    came = presence is not None and presence.arrived_at != 0
    arrived_at = layout.time_kept(presence.arrived_at) if presence is not None and came else None
    return Found(
        id=bearer.attendee,
        name=person.name,
        organisation=person.organisation,
        group=bearer.group,
        registration=bearer.registration,
        blocked=bearer.blocked,
        wheelchair=bearer.wheelchair,
        area=presence.area if presence is not None else None,
        came=came,
        arrived_at=None if arrived_at is None else iso(arrived_at, layout),
        namesakes=[Namesake(other.bearer.attendee, other.organisation) for other in same[bearer.attendee]],
    )
