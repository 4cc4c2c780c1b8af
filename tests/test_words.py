"""Every word that people read is in the catalogues, in every language, and none is there for nothing."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.jslexer import Token, tokenize

from checkin import words
from checkin.words.catalogue import LOCALE
from tests.words import ROOT, Key, entries, forms, named, pages, po_files, put_in_order, script, sources, used

CATALOGUES = {file.parent.parent.name: entries(file) for file in po_files()}
KNOWN = {key for catalogue in CATALOGUES.values() for key in catalogue}


def parts(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


# --- the catalogues ---------------------------------------------------------------------------------------------


def test_german_and_english_are_there() -> None:
    assert words.languages()[:2] == ("de", "en")
    assert len(KNOWN) > 400


def test_every_word_that_the_sources_name_is_in_the_catalogues() -> None:
    assert named().keys() - KNOWN == set()


def test_no_word_is_in_the_catalogues_for_nothing() -> None:
    where = used(KNOWN)
    assert {key for key in KNOWN if not where[key]} == set()


COMMANDS = {"__main__.py", "main.py", "config.py", "run.py", "migrations.py", "copying.py", "simulate.py"}
"""Who meets what fails there sits before a terminal."""


def refusals() -> set[str]:
    """The codes of everything that the centre can refuse to a page."""
    found = set()
    for file in sources():
        if file.name in COMMANDS or file.parent.name == "commands" or not file.is_relative_to(ROOT / "checkin"):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                codes = [one.value for one in node.exc.keywords if one.arg == "code"]
                found |= {code.value for code in codes if isinstance(code, ast.Constant)}
            if isinstance(node, ast.ClassDef) and any("Error" in ast.unparse(base) for base in node.bases):
                assigned = [
                    one for one in node.body if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "code"
                ]
                found |= {one.value.value for one in assigned if isinstance(one.value, ast.Constant)}
    return {str(code) for code in found}


def test_every_refusal_has_words_in_every_language() -> None:
    assert {code for code in refusals() if ("problem", code) not in KNOWN} == set()


@pytest.mark.parametrize("language", words.languages())
def test_no_word_is_untranslated(language: str) -> None:
    catalogue = CATALOGUES[language]
    assert KNOWN - catalogue.keys() == set()
    assert [key for key, entry in catalogue.items() if entry.fuzzy or not all(map(str.strip, forms(entry)))] == []


@pytest.mark.parametrize("language", words.languages())
def test_plurals_are_complete(language: str) -> None:
    rule = next(line for line in (LOCALE / language / "LC_MESSAGES" / "checkin.po").open() if "nplurals=" in line)
    number = int(rule.partition("nplurals=")[2][0])
    plural = {key for catalogue in CATALOGUES.values() for key, entry in catalogue.items() if entry.pluralizable}
    assert {key: len(forms(CATALOGUES[language][key])) for key in plural} == dict.fromkeys(plural, number)


def test_a_word_has_the_same_parts_in_every_language() -> None:
    """A form for one may leave out the number."""

    def of(key: Key) -> list[set[str]]:
        return [parts(forms(catalogue[key])[-1]) for catalogue in CATALOGUES.values()]

    assert {key: of(key) for key in KNOWN if any(one != of(key)[0] for one in of(key))} == {}
    strangers = {
        key
        for catalogue in CATALOGUES.values()
        for key, entry in catalogue.items()
        if any(parts(form) | {"count"} != parts(forms(entry)[-1]) | {"count"} for form in forms(entry))
    }
    assert strangers == set()


# --- nothing beside them ----------------------------------------------------------------------------------------

SPOKEN = ("aria-label", "aria-description", "aria-valuetext", "title", "placeholder", "alt")
LETTERS = re.compile(r"[^\W\d_]{2,}")


class Texts(HTMLParser):
    """What a page shows by itself: texts, and attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in SPOKEN and value and LETTERS.search(value)]

    def handle_data(self, data: str) -> None:
        if LETTERS.search(data):
            self.found.append(data.strip())


def texts_of(page: str) -> list[str]:
    parser = Texts()
    parser.feed(page)
    return parser.found


@pytest.mark.parametrize("file", pages(".html"), ids=lambda file: file.name)
def test_page_holds_no_text_of_its_own(file: Path) -> None:
    assert texts_of(file.read_text("utf-8")) == []


SAYS = {
    "make": slice(2, None),
    "button": slice(1, 2),
    "field": slice(0, 1),
    "ask": slice(0, 3),
    "confirm": slice(0, 3),
    **dict.fromkeys(("append", "prepend", "replaceChildren", "replaceWith", "notice"), slice(0, None)),
}
"""Functions with those of their arguments that are shown."""
SHOWN = {"textContent", "innerText", "title", "placeholder", "ariaLabel", "alt"}
OPENING, CLOSING = set("([{"), set(")]}")
COMPARING = {"==", "!="}


def literals_shown(text: str) -> list[str]:
    """Texts of a script that are put on the screen as they stand: as a child of an element, as its text, or as an
    attribute that is read out. A text inside another call (`word("…")`) or a comparison is none, nor is a key."""
    tokens = [token for token in tokenize(text, template_string=True) if "comment" not in token.type]
    found = []
    for at, (token, following) in enumerate(pairwise(tokens)):
        name = token.value.rpartition(".")[2].strip("\"'")
        after = [] if following.value not in ("(", "=", "+=", ":", ",") else _texts(tokens, at + 2)
        if name in SAYS and following.value == "(":
            found += [said for place, said in after if place in range(100)[SAYS[name]]]
        elif name in SHOWN and following.value in ("=", "+="):
            found += [said for _, said in after]
        elif name in SPOKEN and following.value in (":", ","):
            found += [said for place, said in after if place == 0 and (None, said.strip("\"'")) not in KNOWN]
    return found


def _texts(tokens: list[Token], start: int) -> list[tuple[int, str]]:
    """The texts of a list of expressions with the place of theirs, until its bracket closes or the statement ends."""
    found: list[tuple[int, str]] = []
    depth = place = 0
    for at in range(start, len(tokens)):
        token = tokens[at]
        if token.value in OPENING:
            depth += 1
        elif token.value in CLOSING:
            depth -= 1
        if depth < 0 or (depth == 0 and token.value == ";"):
            break
        if depth == 0 and token.value == ",":
            place += 1
        beside = {one.value for one in tokens[max(0, at - 2) : at + 2]}  # the lexer makes two of ===
        if depth == 0 and token.type in ("string", "template_string") and not beside & COMPARING:
            said = _without_expressions(token.value)
            if LETTERS.search(said):
                found.append((place, token.value))
    return found


def _without_expressions(template: str) -> str:
    """A template literal without what is filled in: `${…}`, braces in it counted."""
    said, depth = "", 0
    for before, char in pairwise(f" {template}"):
        if char == "{" and (depth or before == "$"):
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif not depth:
            said += char
    return said


@pytest.mark.parametrize("file", pages(".js"), ids=lambda file: file.name)
def test_script_shows_no_text_of_its_own(file: Path) -> None:
    assert literals_shown(script(file)) == []


@pytest.mark.parametrize(
    "text",
    [
        'find("#a").textContent = "Hallo";',
        'find("#a").textContent = full ? "Voll" : word("open");',
        'make("p", { class: "quiet" }, "Hallo");',
        'make("p", {}, make("b", {}, `${count} Personen`));',
        'make("button", { "aria-label": "Suchen" });',
        'box.setAttribute("title", "Mehr dazu");',
        'box.append("Hallo");',
    ],
)
def test_text_of_a_script_is_found(text: str) -> None:
    assert len(literals_shown(text)) == 1


def test_text_of_a_page_is_found() -> None:
    page = '<title data-word="a"></title><p>Hallo</p><input placeholder="Name"><b data-word="b"></b><i>…</i> 3'
    assert texts_of(page) == ["Hallo", "Name"]


GERMAN = re.compile(r"[äöüÄÖÜß„]")
SPELLING = ROOT / "checkin" / "core" / "names.py"


def texts_of_program(tree: ast.AST) -> list[str]:
    """German, and tables of both languages."""
    notes = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
            found += [node.value] if GERMAN.search(node.value) else []
        if isinstance(node, ast.Dict):
            by_key = {
                key.value: value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            }
            if {"de", "en"} <= by_key.keys() and LETTERS.search(ast.unparse(by_key["de"])):
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(ROOT)))
def test_program_holds_no_text_of_its_own(file: Path) -> None:
    """What `demo` makes up (people, rooms, a programme) is data; the commands and the log speak English."""
    if file != SPELLING and not file.is_relative_to(ROOT / "checkin" / "demo"):
        assert texts_of_program(ast.parse(file.read_text("utf-8"))) == []


def test_text_of_a_program_is_found() -> None:
    program = '"""Für uns."""\nA = {"de": "Raum", "en": "room"}\nB = "Räume"\nC = {"de": 1, "en": 2}'
    assert texts_of_program(ast.parse(program)) == ["{'de': 'Raum', 'en': 'room'}", "Räume"]


# --- what is made of them ---------------------------------------------------------------------------------------


def test_word_says_one_and_many() -> None:
    assert words.say("kept", "de", context="door", count=1) == "1 Platz reserviert"
    assert words.say("kept", "de", context="door", count=2) == "2 Plätze reserviert"
    assert words.say("kept", "en", context="door", count=0) == "0 seats reserved"


def test_language_without_an_entry_speaks_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from checkin.words import catalogue as catalogues

    folder = tmp_path / "pl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "checkin.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\\n"\n\n'
        'msgid "rows"\nmsgid_plural "rows"\nmsgstr[0] "wiersz"\nmsgstr[1] "wiersze"\nmsgstr[2] "wierszy"\n\n'
        '#, fuzzy\nmsgid "open"\nmsgstr "otwarte?"\n',
        "utf-8",
    )
    for language in ("de", "en"):
        (tmp_path / language).symlink_to(LOCALE / language)
    monkeypatch.setattr(catalogues, "LOCALE", tmp_path)
    caches = (catalogues.languages, catalogues.catalogue, catalogues._read)
    for one in caches:
        one.cache_clear()
    try:
        assert words.languages() == ("de", "en", "pl")
        assert [words.say("rows", "pl", count=count) for count in (1, 2, 5, 22)] == [
            "wiersz",
            "wiersze",
            "wierszy",
            "wiersze",
        ]
        assert words.say("open", "pl") == words.say("open", "en")
        assert words.say("open", "xx") == words.say("open", "en")
    finally:
        for one in caches:
            one.cache_clear()


def test_word_that_is_nowhere_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        words.say("no such word", "de")


def test_catalogues_are_put_in_order_without_losing_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tests.words as tool

    for file in po_files():
        target = tmp_path / file.relative_to(LOCALE)
        target.parent.mkdir(parents=True)
        target.write_bytes(file.read_bytes())
    added = tmp_path / "de" / "LC_MESSAGES" / "checkin.po"
    before = entries(added)
    added.write_text(added.read_text("utf-8") + '\nmsgid "brandNew"\nmsgstr "Nagelneu"\n', "utf-8")
    monkeypatch.setattr(tool, "LOCALE", tmp_path)
    put_in_order()
    german, english = (entries(file) for file in po_files())
    assert german[None, "brandNew"].string == "Nagelneu"
    assert not english[None, "brandNew"].string
    after = {key: forms(entry) for key, entry in german.items() if key != (None, "brandNew")}
    assert after == {key: forms(entry) for key, entry in before.items()}


def test_catalogue_with_a_word_twice_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "de" / "LC_MESSAGES" / "checkin.po"
    file.parent.mkdir(parents=True)
    file.write_text('msgid "one"\nmsgstr ""\n\nmsgctxt "list"\nmsgid "one"\nmsgstr "Eins"\n', "utf-8")
    assert len(entries(file)) == 2
    file.write_text('msgid "one"\nmsgstr ""\n\nmsgid "one"\nmsgstr "Eins"\n', "utf-8")
    with pytest.raises(ValueError, match="one stands twice"):
        entries(file)
