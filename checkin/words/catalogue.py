"""The catalogues, read once. A language is there when its `locale/<code>/LC_MESSAGES/checkin.po` is."""

from __future__ import annotations

import gettext
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

from babel.messages.pofile import read_po
from msgspec import Struct

LOCALE = Path(str(files("checkin.words") / "locale"))
FALLBACKS = ("en", "de")
"""Where an entry is looked for that a language does not have."""

Entry = str | tuple[str, ...]
"""A text with `{parts}`, or its plural forms."""


class Catalogue(Struct, frozen=True):
    """The words of a language by context and key; `plural` says which form a number takes."""

    language: str
    entries: dict[tuple[str | None, str], Entry]
    plural_expression: str
    plural: Callable[[int], int]


@cache
def languages() -> tuple[str, ...]:
    """The codes of all languages, German first."""
    found = {file.parent.parent.name for file in LOCALE.glob("*/LC_MESSAGES/checkin.po")}
    return tuple(sorted(found, key=lambda language: (language not in ("de", "en"), language)))


@cache
def catalogue(language: str) -> Catalogue:
    """The words of a language, those of the fallbacks where it has none; of an unknown language all of these."""
    entries: dict[tuple[str | None, str], Entry] = {}
    expression = "(n != 1)"
    for source in (*reversed(FALLBACKS), language):
        if source in languages():
            translated, expression = _read(source)
            entries |= translated
    return Catalogue(language, entries, expression, gettext.c2py(expression))


@cache
def _read(language: str) -> tuple[dict[tuple[str | None, str], Entry], str]:
    """What is translated, without what a translator has marked as doubtful; and the rule of the plural."""
    with (LOCALE / language / "LC_MESSAGES" / "checkin.po").open("rb") as file:
        read = read_po(file, locale=language, abort_invalid=True)
    entries: dict[tuple[str | None, str], Entry] = {}
    for message in read:
        key = message.id if isinstance(message.id, str) else message.id[0]
        text = message.string
        entry = text or "" if isinstance(text, str | None) else tuple(text)
        if key and not message.fuzzy and all((entry,) if isinstance(entry, str) else entry):
            entries[message.context, key] = entry
    return entries, read.plural_expr


def say(key: str, language: str, /, *, context: str | None = None, **values: str | int) -> str:
    """The word for a key, with its `{parts}` filled in; `count` chooses among plural forms.

    `KeyError` if no catalogue has the key, or a part is missing: both are faults of ours.
    """
    words = catalogue(language)
    entry = words.entries[context, key]
    if not isinstance(entry, str):
        entry = entry[min(words.plural(int(values["count"])), len(entry) - 1)]
    return entry.format_map(values)


def say_all(key: str, /, *, context: str | None = None, **values: str | int) -> dict[str, str]:
    """The word in every language, by the language's code."""
    return {language: say(key, language, context=context, **values) for language in languages()}
