"""What a station needs to know of the venue and of people, as the centre sends it down. Pure.

People are told in parts by their codes. A station says of each part what it has of it, as a digest; the centre tells
the parts that differ, and afterwards what changes. So a link that breaks loses no more than what was on its way,
whoever was started anew meanwhile, and nobody stays on a station who is no more at the centre.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Annotated
from zlib import crc32

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from checkin.core.admission import Bearer
from checkin.core.layout import Layout
from checkin.core.link import ToCentre, ToStation
from checkin.core.model import Area, Door, Event, Group, Hold, Item, Plan, Session
from checkin.core.schedule import Programme

PEOPLE_PAGE_MAX = 300
PARTS = 1_024
"""At 100,000 codes a part is a hundred: less than a page, so that no more than one is told twice."""
PAGES_AHEAD_MAX = 2
"""So many pages are on their way: that is lost with a link, and an answer at a door waits behind it on a slow line."""
DIGEST_BYTES = 8
_DIGESTS = struct.Struct(f"<{PARTS}Q")
_encode = msgspec.msgpack.Encoder().encode


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a code leads to, without where they are (that is news): what the rules need, and what a door shows."""

    bearer: Bearer
    name: str
    organisation: str = ""


class Welcome(Struct, frozen=True, kw_only=True, tag="welcome"):
    """The first word of the centre. `key` seals what the station keeps; one that was revoked never hears it.
    `real_time`: as of `link.Centre`."""

    event: str
    door: str
    key: bytes
    real_time: bool = True


class VenueNow(Struct, frozen=True, kw_only=True, tag="venue"):
    """The venue and the programme as they are now."""

    event: Event
    groups: tuple[Group, ...]
    areas: tuple[Area, ...]
    doors: tuple[Door, ...]
    holds: tuple[Hold, ...]
    plans: tuple[Plan, ...]
    items: tuple[Item, ...]
    sessions: tuple[Session, ...]

    @classmethod
    def of(cls, layout: Layout, programme: Programme) -> VenueNow:
        return cls(
            event=layout.event,
            groups=tuple(layout.groups.values()),
            areas=tuple(layout.areas.values()),
            doors=tuple(layout.doors.values()),
            holds=tuple(layout.holds),
            plans=tuple(layout.plans),
            items=tuple(layout.items.values()),
            sessions=tuple(programme.sessions.values()),
        )

    def layout(self) -> Layout:
        return Layout(self.event, self.groups, self.areas, self.doors, self.holds, self.plans, self.items)

    def programme(self) -> Programme:
        return Programme(self.event, self.sessions)

    def digest(self) -> bytes:
        return blake2b(_encode(self), digest_size=DIGEST_BYTES).digest()


class Has(Struct, frozen=True, kw_only=True, tag="has"):
    """What a station has, its answer to `Welcome`: the digest of its venue (empty: none), and those of its people by
    part."""

    venue: Annotated[bytes, Meta(max_length=DIGEST_BYTES)]
    people: Annotated[bytes, Meta(min_length=PARTS * DIGEST_BYTES, max_length=PARTS * DIGEST_BYTES)]


class Took(Struct, frozen=True, tag="took"):
    """A page of people is kept."""


class People(Struct, frozen=True, kw_only=True, tag="people"):
    """A page of those whom codes lead to: (code, `Person` in msgpack). `parts`: whoever is in one of these and not on
    this page is gone, as are those whose codes are `gone`. `left`: so many codes are still to be told."""

    changed: tuple[tuple[str, msgspec.Raw], ...] = ()
    parts: tuple[int, ...] = ()
    gone: tuple[str, ...] = ()
    left: int = 0


ToCentreToo = ToCentre | Has | Took
"""Everything that goes up the link (msgpack)."""
ToStationToo = ToStation | Welcome | VenueNow | People
"""Everything that comes down the link in binary frames (msgpack). Text frames are those of `/live`."""


def part_of(code: str) -> int:
    return crc32(code.encode()) % PARTS


class Everybody:
    """code → `Person` in msgpack, in parts."""

    def __init__(self, people: Iterable[tuple[str, bytes]] = ()) -> None:
        self._parts: list[dict[str, bytes]] = [{} for _ in range(PARTS)]
        self._digests = [0] * PARTS
        for code, person in people:
            self.put(code, person)

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return (one for part in self._parts for one in part.items())

    def get(self, code: str) -> bytes | None:
        return self._parts[part_of(code)].get(code)

    def part(self, number: int) -> Mapping[str, bytes]:
        return self._parts[number]

    def put(self, code: str, person: bytes) -> None:
        self.drop(code)
        number = part_of(code)
        self._parts[number][code] = person
        self._digests[number] ^= _digest(code, person)

    def drop(self, code: str) -> bytes | None:
        """Returns whom the code led to."""
        number = part_of(code)
        person = self._parts[number].pop(code, None)
        if person is not None:
            self._digests[number] ^= _digest(code, person)
        return person

    @property
    def digests(self) -> Sequence[int]:
        """Of each part; of one in which nobody is, 0."""
        return self._digests

    def digests_told(self) -> bytes:
        """As `Has` says them."""
        return _DIGESTS.pack(*self._digests)


class Telling:
    """What one station is still to be told of people. `has`: the digests of those that it has."""

    def __init__(self, has: bytes) -> None:
        self._digests: Sequence[int] = _DIGESTS.unpack(has)
        self._now: Everybody | None = None
        self._left: set[int] = set()
        self._changes: deque[People] = deque()
        self._ahead = 0

    def turn_to(self, now: Everybody) -> None:
        """The people are these from now on."""
        before, self._now = self._now, now
        changed: list[tuple[str, msgspec.Raw]] = []
        gone: list[str] = []
        for number, (had, has) in enumerate(zip(self._digests, now.digests, strict=True)):
            if had == has or number in self._left:
                continue
            if before is None:
                self._left.add(number)
                continue
            old, new = before.part(number), now.part(number)
            changed += [(code, msgspec.Raw(one)) for code, one in new.items() if old.get(code) != one]
            gone += old.keys() - new.keys()
        self._digests = tuple(now.digests)
        for start in range(0, max(len(changed), len(gone)), PEOPLE_PAGE_MAX):
            end = start + PEOPLE_PAGE_MAX
            self._changes.append(People(changed=tuple(changed[start:end]), gone=tuple(gone[start:end])))
        if before is None and not self._left:
            self._changes.append(People())  # it has everybody, and is told so

    def page(self) -> People | None:
        """The next of what is left to be told, in the order in which it is to be sent; None: there is nothing, or the
        station has to take the last ones first."""
        if self._ahead >= PAGES_AHEAD_MAX or not (self._changes or self._left):
            return None
        self._ahead += 1
        page = self._changes.popleft() if self._changes else self._page_of_parts()
        return replace(page, left=self._count_left())

    def taken(self) -> None:
        """The station has taken a page."""
        self._ahead = max(0, self._ahead - 1)

    def _page_of_parts(self) -> People:
        assert self._now is not None
        parts: list[int] = []
        people: list[tuple[str, msgspec.Raw]] = []
        while self._left and len(people) < PEOPLE_PAGE_MAX:
            number = self._left.pop()
            parts.append(number)
            people += [(code, msgspec.Raw(one)) for code, one in self._now.part(number).items()]
        return People(changed=tuple(people), parts=tuple(parts))

    def _count_left(self) -> int:
        if self._now is None:
            return 0
        in_parts = sum(len(self._now.part(number)) for number in self._left)
        return in_parts + sum(len(page.changed) + len(page.gone) for page in self._changes)


def _digest(code: str, person: bytes) -> int:
    return int.from_bytes(blake2b(code.encode() + b"\0" + person, digest_size=DIGEST_BYTES).digest(), "little")
