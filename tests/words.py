"""Where words are used, and the catalogues put in order by it: `make words`.

Entries are sorted by the file that uses them (`#:`), and what one language has the others get as an empty entry. Keys
without any entry, entries without a translation and those that nobody uses are named. Translations and comments stay.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Set
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from checkin.words.catalogue import LOCALE

ROOT = Path(__file__).parent.parent
PAGE_FOLDERS = (ROOT / "kiosk" / "faces", ROOT / "checkin" / "web" / "pages")

STATES = ("open", "filling", "full", "closed")
"""Of an area: words whose keys come from the centre."""

ENTRY = re.compile(r'^(?:msgctxt "(.*)"\n)?msgid "(.+)"', re.M)

Key = tuple[str | None, str]
"""Context and msgid."""


def po_files() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/checkin.po"))


def read(file: Path) -> Catalog:
    twice = [ids for ids, count in Counter(ENTRY.findall(file.read_text("utf-8"))).items() if count > 1]
    if twice:
        raise ValueError(f"{file}: {', '.join(key for _, key in twice)} stands twice; take one out.")
    with file.open("rb") as opened:
        return read_po(opened, locale=file.parent.parent.name, abort_invalid=True)


def entries(file: Path) -> dict[Key, Message]:
    return {(message.context, msgid(message)): message for message in read(file) if message.id}


def msgid(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, tuple) else message.id)


def forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple) else (str(message.string or ""),)


# --- what the sources use -------------------------------------------------------------------------------------


def pages(suffix: str) -> list[Path]:
    return sorted(file for folder in PAGE_FOLDERS for file in folder.glob(f"*{suffix}"))


def sources() -> list[Path]:
    return sorted(file for package in ("checkin", "kiosk") for file in (ROOT / package).rglob("*.py"))


def named() -> dict[Key, set[str]]:
    """Keys that the sources name beyond doubt, with the files: these must be in the catalogues."""
    found: dict[Key, set[str]] = defaultdict(set)
    for file in pages(".html"):
        for key in marked_words(file.read_text("utf-8")):
            found[None, key].add(shown_path(file))
    for file in pages(".js"):
        for key in re.findall(r'\bword\("(\w+)"', script(file)):
            found[None, key].add(shown_path(file))
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                context = next((_text(one.value) for one in node.keywords if one.arg == "context"), None)
                if called in ("say", "say_all"):
                    found[context, str(node.args[0].value)].add(shown_path(file))
                elif called == "Saying":
                    found["door", str(node.args[0].value)].add(shown_path(file))
    return found


def used(known: set[Key]) -> dict[Key, set[str]]:
    """As `named`, and those of `known` whose key stands as a string where words are chosen at run time."""
    found = named()
    for state in STATES:
        found[None, state].add("kiosk/faces/area.js")
    for file in pages(".js"):
        for key in re.findall(r'"(\w+)"', script(file)):
            if (None, key) in known:
                found[None, key].add(shown_path(file))
    for file in sources():
        text = file.read_text("utf-8")
        strings = {
            node.value
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Constant)
            if isinstance(node.value, str)
        }
        for context, key in known:
            if key in strings and _may_say(file, text, context, strings):
                found[context, key].add(shown_path(file))
    return found


def _may_say(file: Path, text: str, context: str | None, strings: set[str]) -> bool:
    """A problem is named wherever it arises, what a door says in the core; other words where `words` is imported."""
    match context:
        case "problem":
            return True
        case "door":
            return file.match("core/wording.py") or file.match("core/admission.py")
    return "checkin.words" in text and (context is None or context in strings)


def _text(node: ast.expr) -> str | None:
    return str(node.value) if isinstance(node, ast.Constant) else None


def shown_path(file: Path) -> str:
    return str(file.relative_to(ROOT))


def script(file: Path) -> str:
    """A script without its comments."""
    return re.sub(r"/\*[\s\S]*?\*/|^\s*//.*$", "", file.read_text("utf-8"), flags=re.M)


class _Marked(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words += [value or "" for name, value in attrs if name in ("data-word", "data-word-label", "data-reason")]


def marked_words(page: str) -> list[str]:
    parser = _Marked()
    parser.feed(page)
    return parser.words


# --- in order -------------------------------------------------------------------------------------------------


def put_in_order() -> None:
    """Write every catalogue anew, in order."""
    catalogues = {file: read(file) for file in po_files()}
    messages = {file: {(one.context, msgid(one)): one for one in made if one.id} for file, made in catalogues.items()}
    known = {key for here in messages.values() for key in here}
    where = used(known)
    for file, old in catalogues.items():
        new = Catalog(
            locale=old.locale,
            header_comment=old.header_comment,
            project=old.project,
            version=old.version,
            copyright_holder=old.copyright_holder,
            msgid_bugs_address=old.msgid_bugs_address,
            creation_date=old.creation_date,
            revision_date=old.revision_date,
            last_translator=old.last_translator,
            language_team=old.language_team,
            fuzzy=old.fuzzy,
        )
        for key in sorted(known, key=lambda key: (key[0] or "", min(where[key], default="~"), key[1])):
            same = messages[file].get(key)
            like = same or next(here[key] for here in messages.values() if key in here)
            new.add(
                like.id,
                same.string if same else None,
                locations=[(path, 0) for path in sorted(where[key])],
                flags=same.flags if same else (),
                auto_comments=like.auto_comments,
                user_comments=same.user_comments if same else (),
                context=key[0],
            )
        with file.open("wb") as written:
            write_po(written, new, width=0, include_lineno=False)


def main() -> None:
    put_in_order()
    catalogues = {file: entries(file) for file in po_files()}
    known = {key for here in catalogues.values() for key in here}
    where = used(known)
    _report("named in the sources, in no catalogue", where.keys() - known)
    _report("used nowhere", {key for key in known if not where[key]})
    for file, here in catalogues.items():
        print(f"{shown_path(file)}: {len(here)} entries")
        _report("without a translation", {key for key, entry in here.items() if not all(forms(entry))})


def _report(what: str, keys: Set[Key]) -> None:
    for context, key in sorted(keys, key=str):
        print(f"  {what}: {context + ' / ' if context else ''}{key}")


if __name__ == "__main__":
    main()
