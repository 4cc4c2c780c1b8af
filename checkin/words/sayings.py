"""What doors say, in every language."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from checkin.core.wording import Saying
from checkin.words.catalogue import languages, say_all


def said(saying: Saying) -> dict[str, str]:
    """The saying by the code of each language. Those without values are made once: not to be changed."""
    return say_all(saying.key, context="door", **saying.values) if saying.values else _as_it_stands(saying.key)


def said_together(sayings: Sequence[Saying]) -> dict[str, str] | None:
    """Several sayings as one; none if there are none."""
    if not sayings:
        return None
    every = [said(saying) for saying in sayings]
    if len(every) == 1:
        return every[0]
    return {language: " · ".join(one[language] for one in every) for language in languages()}


@cache
def _as_it_stands(key: str) -> dict[str, str]:
    return say_all(key, context="door")
