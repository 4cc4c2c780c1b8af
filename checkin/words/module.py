"""The catalogues as a JavaScript module: what `kiosk/faces/words.js` imports, from a centre as from a station."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import msgspec
from msgspec import Struct

from checkin.words.catalogue import Entry, catalogue, languages

MODULE_NAME = "catalogue.js"
"""As whose neighbour of `words.js` it is served."""
SHOWN = {None: "words", "problem": "problems"}
"""The contexts that faces need. What doors say is filled in on the server."""


class Module(Struct, frozen=True):
    content: bytes
    etag: str


@cache
def module() -> Module:
    """All languages in one module. The rule of a plural is an expression of C that JavaScript reads alike."""
    parts = []
    for language in languages():
        words = catalogue(language)
        shown: dict[str, dict[str, Entry]] = {name: {} for name in SHOWN.values()}
        for (context, key), entry in words.entries.items():
            if context in SHOWN:
                shown[SHOWN[context]][key] = entry
        tables = ", ".join(f"{name}: {msgspec.json.encode(table).decode()}" for name, table in shown.items())
        parts.append(f"  {language}: {{ plural: (n) => Number({words.plural_expression}), {tables} }},\n")
    content = f"export const CATALOGUE = {{\n{''.join(parts)}}};\n".encode()
    return Module(content, f'"{sha256(content).hexdigest()[:16]}"')
