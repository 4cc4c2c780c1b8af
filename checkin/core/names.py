"""Names as people search for them."""

from __future__ import annotations

import re
import unicodedata

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_PLAIN = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss"})
_WORD = re.compile(r"[^\W_]+")


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
