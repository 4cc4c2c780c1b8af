"""Every word that a page shows is in the dictionary, in both languages, and none is there for nothing."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = (ROOT / "kiosk" / "faces", ROOT / "checkin" / "web" / "pages")
DICTIONARY = (ROOT / "kiosk" / "faces" / "words.js").read_text(encoding="utf-8")
ENTRY = re.compile(r"^  (\w+): (\{ de: \".+\", en: \".+\" \}),$", re.M)
WORDS, PROBLEMS = (dict(ENTRY.findall(part)) for part in DICTIONARY.split("const PROBLEMS"))
CHOSEN_AT_RUN_TIME = {"open", "filling", "full", "closed"}  # the states of an area


def used() -> set[str]:
    found = set(CHOSEN_AT_RUN_TIME)
    for folder in FOLDERS:
        for file in folder.iterdir():
            text = file.read_text(encoding="utf-8")
            if file.suffix == ".html":
                found |= set(re.findall(r'data-word(?:-label)?="(\w+)"', text))
            elif file.suffix == ".js" and file.name != "words.js":
                found |= {key for key in WORDS if re.search(rf'"{key}"', text)}
                found |= set(re.findall(r'\bword\("(\w+)"', text))
    return found | {f"{key}One" for key in found if f"{key}One" in WORDS}


def test_every_word_is_in_the_dictionary_and_none_for_nothing() -> None:
    assert len(WORDS) > 80
    assert used() - WORDS.keys() == set()
    assert WORDS.keys() - used() == set()


def test_every_problem_with_words_is_one_that_the_centre_has() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "checkin").rglob("*.py"))
    assert len(PROBLEMS) > 15
    assert [code for code in PROBLEMS if f'"{code}"' not in sources] == []


def test_pages_hold_no_text_outside_the_dictionary() -> None:
    for folder in FOLDERS:
        for file in folder.glob("*.html"):
            body = file.read_text(encoding="utf-8").partition("<body")[2]
            assert re.findall(r">([^<]*[A-Za-zÄÖÜäöü]{2,}[^<]*)<", body) == [], file.name
