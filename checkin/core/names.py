"""Names as people search for them, and the parts of a name that was written in one."""

from __future__ import annotations

import re
import unicodedata
from itertools import takewhile

from msgspec import Struct

PARTICLES = frozenset(
    (
        *("von", "vom", "van", "der", "den", "de", "da", "di", "zu", "zur", "zum", "und", "del", "della", "la", "le"),
        *("du", "dos", "das", "ter", "ten", "af", "bin", "ibn", "al", "el"),
    )
)
"""Small words that begin a family name."""
_CAPITAL_PARTICLES = {"Von", "Van", "Der", "De", "Del", "Della", "Di"}
_SALUTATIONS = {"frau", "herr", "herrn", "mr", "mrs", "ms", "mx"}
_TITLES = {"dr", "dres", "prof", "professor", "professorin", "dipl", "mag", "pd", "ing", "univ"}
_OF_TITLES = {"dr", "prof", "ing", "med", "dent", "vet", "rer", "nat", "phil", "jur", "iur", "oec", "pol", "theol"}
_OF_TITLES |= {"h", "c", "e", "habil", "mult", "sc", "hc", "agr", "techn", "paed", "math", "publ", "psych", "inf"}
_BEHIND = {"ba", "ma", "msc", "bsc", "mba", "llm", "phd", "mdb", "mdl", "beng", "meng", "dr", "prof"}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_PLAIN = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss"})
_WORD = re.compile(r"[^\W_]+")


def account_name(name: str) -> str:
    """The name of an account as it is kept: composed (NFC), with single spaces and none around."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def folded(name: str) -> str:
    """What two spellings of one account's name have in common, whatever their case (Unicode, 3.13, D145)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", account_name(name)).casefold())


class NameParts(Struct, frozen=True, kw_only=True):
    """A name taken apart. `is_sure`: it says by itself where its family name begins."""

    salutation: str = ""
    title: str = ""
    given_name: str
    family_name: str
    is_sure: bool


def name_parts(name: str) -> NameParts:
    """A whole name in its parts: “Frau Dr. Ada von der Heide”, “Heide, Ada von der”, “Ada Heide, M.Sc.”"""
    front, comma, behind = name.partition(",")
    suffix = ""
    if comma and behind.split() and all(_plain(word) in _BEHIND for word in behind.replace(",", " ").split()):
        comma, suffix = "", behind.strip()
    words = (behind if comma else front).split()
    salutation = words.pop(0) if len(words) > 1 and _plain(words[0]) in _SALUTATIONS else ""
    titles = _titles_before(words)
    words = words[len(titles) :]
    title = " ".join([*titles, *([suffix] if suffix else [])])
    if comma:
        families = front.split()
        if first := _titles_before(families):
            families, title = families[len(first) :], " ".join([*first, *([title] if title else [])])
        small = list(takewhile(lambda word: word in PARTICLES, reversed(words[1:])))[::-1]
        given = words[: len(words) - len(small)]
        family, is_sure = [*small, *families], True
    else:
        begins = next((at for at, word in enumerate(words[:-1]) if at and _is_particle(word)), len(words) - 1)
        given, family = words[: max(begins, 0)], words[max(begins, 0) :]
        is_sure = len(words) == 2 or len(given) == 1
    return NameParts(
        salutation=salutation,
        title=title,
        given_name=" ".join(given),
        family_name=" ".join(family),
        is_sure=is_sure,
    )


def _titles_before(words: list[str]) -> list[str]:
    """Those of the words before a name that are titles; one word is always left."""
    count = 0
    for word in words[:-1]:
        parts = [part for part in re.split(r"[.-]", word.lower()) if part]
        known = _TITLES if not count or not word.endswith(".") else _TITLES | _OF_TITLES
        if not parts or parts[0] not in known or not all(part in _TITLES | _OF_TITLES for part in parts[1:]):
            break
        count += 1
    return words[:count]


def _plain(word: str) -> str:
    return re.sub(r"[.\-]", "", word.lower())


def _is_particle(word: str) -> bool:
    return word in PARTICLES or word in _CAPITAL_PARTICLES


def fold(text: str) -> str:
    """Lower case without marks: “Yıldız” → “yildiz”, “Woźniak” → “wozniak”, “Müller” → “muller”."""
    lowered = unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN)
    decomposed = unicodedata.normalize("NFKD", lowered)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def fold_german(text: str) -> str:
    """As `fold`, but umlauts spelt out (DIN 5007 variant 2): “Müller” → “mueller”."""
    return fold(unicodedata.normalize("NFC", text).lower().translate(_UMLAUTS))


def search_words(*texts: str) -> str:
    """What a person is found by: every word of the texts, folded both ways."""
    words: dict[str, None] = {}
    for text in texts:
        for folded in (fold(text), fold_german(text)):
            words.update(dict.fromkeys(_WORD.findall(folded)))
    return " ".join(words)


def name_key(given_name: str, family_name: str) -> str:
    """The same for two who have the same name, however it is spelt and in whichever order it was typed."""
    return " ".join(sorted(query_words(f"{given_name} {family_name}")))


def query_words(query: str) -> list[str]:
    """The words of a search, folded as the umlauts are spelt out."""
    return _WORD.findall(fold_german(query))


def sort_key(family_name: str, given_name: str) -> tuple[str, ...]:
    """The place of a name in a list by DIN 5007 variant 2: ä as ae, ß as ss, hyphens as spaces, marks and
    case only where nothing else differs."""
    family, given = (" ".join(_WORD.findall(fold_german(name))) for name in (family_name, given_name))
    return family, given, family_name, given_name
