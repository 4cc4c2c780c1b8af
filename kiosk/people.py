"""Whom a station knows, kept packed; found by code, by id, or by name."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable

from checkin.core.layout import Layout
from checkin.core.names import query_words, search_words
from checkin.core.reference import Everybody, Person
from checkin.core.reference import People as PeoplePage
from checkin.wire import FOUND_MAX
from kiosk.store import person_of

AT_ONCE = 500
"""A search looks at so many before scans have their turn."""
_USABLE = ("valid", None)


class KnownPeople:
    """`stored`: as on the disk; `left`: so many more are to come. Names are unpacked only where they are shown or
    searched."""

    def __init__(self, stored: Everybody, layout: Layout | None, left: int = 0) -> None:
        self._people = stored
        self.left = left
        self._codes: dict[str, tuple[str, ...]] = {}
        self._crew: set[str] = set()
        self._words: dict[str, str] = {}
        self.use(layout)

    def __len__(self) -> int:
        return len(self._codes)

    def use(self, layout: Layout | None) -> None:
        """The groups have changed: who is crew, and what they are called."""
        self._layout = layout
        groups = layout.groups.values() if layout is not None else ()
        self._crew_groups = {group.id for group in groups if group.counts_as == "crew"}
        self._codes.clear()
        self._crew.clear()
        self._words.clear()
        for code, person in self._people:
            self._note(code, person)

    def has(self) -> bytes:
        """The digests of those who are here, as the centre is told them."""
        return self._people.digests_told()

    def gone_with(self, page: PeoplePage) -> set[str]:
        """The codes that lead to nobody any more with a page."""
        told = {code for code, _ in page.changed}
        return {*page.gone, *(code for part in page.parts for code in self._people.part(part) if code not in told)}

    def take(self, page: PeoplePage, gone: Iterable[str]) -> None:
        """A page counts at once."""
        for code, person in page.changed:
            self._forget(code)
            stored = bytes(person)
            self._people.put(code, stored)
            self._note(code, stored)
        for code in gone:
            self._forget(code)
        self.left = page.left

    def by_code(self, code: str) -> Person | None:
        stored = self._people.get(code)
        return None if stored is None else person_of(stored)

    def by_id(self, attendee: str) -> Person | None:
        """By the badge that holds, if there is one."""
        found = [person_of(self._stored(code)) for code in self._codes.get(attendee, ())]
        return min(found, key=lambda one: one.bearer.badge not in _USABLE, default=None)

    def code_of(self, attendee: str) -> str:
        """The code of the badge that holds, or of a ticket; "" where there is none."""
        codes = self._codes.get(attendee, ())
        usable = (code for code in codes if person_of(self._stored(code)).bearer.badge in _USABLE)
        return next(usable, "")

    def is_crew(self, attendee: str) -> bool:
        return attendee in self._crew

    def crew(self) -> list[Person]:
        """Whom a door lets in without a badge."""
        found = (self.by_id(attendee) for attendee in self._crew)
        return [one for one in found if one is not None and one.bearer.badge in _USABLE]

    async def find(self, query: str, hidden: Collection[str]) -> list[Person]:
        """Those who have, for every word of the query, a word of name, organisation or group that begins with it, but
        for groups that are `hidden`; at most `FOUND_MAX`, by name."""
        words = [f" {word}" for word in query_words(query)]
        found: list[Person] = []
        if not words:
            return found
        for n, attendee in enumerate(tuple(self._codes)):
            if n % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            said = self._words.get(attendee) or self._read(attendee)
            if all(word in said for word in words):
                person = self.by_id(attendee)
                if person is not None and person.bearer.group not in hidden:
                    found.append(person)
                if len(found) >= FOUND_MAX:
                    break
        return sorted(found, key=lambda one: one.name)

    async def letters(self) -> set[str]:
        """All that names and organisations are written with."""
        letters: set[str] = set()
        for n, (_, stored) in enumerate(tuple(self._people)):
            if n % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
            person = person_of(stored)
            letters.update(person.name, person.organisation)
        return letters

    def _stored(self, code: str) -> bytes:
        stored = self._people.get(code)
        assert stored is not None, "only codes that are here are noted"
        return stored

    def _read(self, attendee: str) -> str:
        person = self.by_id(attendee)
        if person is None:
            return ""
        group = self._layout.groups.get(person.bearer.group) if self._layout is not None else None
        words = f" {search_words(person.name, person.organisation, group.name if group is not None else '')}"
        self._words[attendee] = words
        return words

    def _note(self, code: str, stored: bytes) -> None:
        bearer = person_of(stored).bearer
        self._codes[bearer.attendee] = (*self._codes.get(bearer.attendee, ()), code)
        self._words.pop(bearer.attendee, None)
        if bearer.group in self._crew_groups:
            self._crew.add(bearer.attendee)

    def _forget(self, code: str) -> None:
        stored = self._people.drop(code)
        if stored is None:
            return
        attendee = person_of(stored).bearer.attendee
        left = tuple(one for one in self._codes.get(attendee, ()) if one != code)
        self._words.pop(attendee, None)
        if left:
            self._codes[attendee] = left
        else:
            self._codes.pop(attendee, None)
            self._crew.discard(attendee)


def namesakes(people: Iterable[Person]) -> dict[str, list[Person]]:
    """attendee → the others among these who have the same name, however it is spelt."""
    same: dict[tuple[str, ...], list[Person]] = {}
    for person in people:
        same.setdefault(tuple(sorted(query_words(person.name))), []).append(person)
    return {
        one.bearer.attendee: [other for other in group if other is not one] for group in same.values() for one in group
    }
