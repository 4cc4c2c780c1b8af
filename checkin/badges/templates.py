"""The templates of badges: ours, and those that an event brings along.

An event's own `<format>.typ` takes the place of ours. It may read the files of its folder and import
`@checkin/badge` or `@checkin/paper`, and nothing else: no file outside, no package from the network.
"""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import typst
from msgspec import Struct

from checkin.badges.formats import Format
from checkin.core.errors import BadInput, TooLarge

OURS = Path(str(files("checkin.badges") / "templates"))
"""Also where typst looks for the packages `@checkin/badge` and `@checkin/paper`."""
OWN_FILES_MAX = 100
OWN_BYTES_MAX = 20 * 1024 * 1024

_FOREIGN_PACKAGE = re.compile(r'"@(?!checkin/(?:badge|paper):)[^"]*"')
_COMPUTED_IMPORT = re.compile(r'(?:#|^\s*|[{;(\[]\s*|=>\s*)(?:import|include)\b(?!\s*")|(?<![\w-])eval\s*\(')
_COMMENT = re.compile(r"(?<!:)//.*")
_SEARCHED_AT = re.compile(r" \(searched at (?:[^()]*[/\\])?([^/\\()]+)\)")
_PLACE = re.compile(r"┌─ (?:.*?[/\\])?([^/\\\n]+?):(\d+):\d+")


class Template(Struct, frozen=True):
    """A file for typst, which sees what is below `root`. `own`: the event brought it along."""

    file: Path
    root: Path
    own: bool


class TemplateWrong(BadInput):
    """An event's own template cannot be used; the message names file, line and what is wrong. `line` is “?”
    where none is known; `said`: what is wrong, alone."""

    code = "template_wrong"

    def __init__(self, message: str, *, file: str, line: str, said: str) -> None:
        super().__init__(message, file=file, line=line, said=said)


def own_templates(events_folder: Path, event: str) -> Path:
    """The folder of an event's own templates; it need not exist."""
    return events_folder / event / "badges"


def own_papers(events_folder: Path, event: str) -> Path:
    """The folder of an event's own templates of papers; it need not exist."""
    return events_folder / event / "papers"


def has_own(format: Format, own: Path) -> bool:
    """Whether an event brought a template for this format along."""
    return (own / f"{format.id}.typ").is_file()


def template_of(format: Format, own: Path | None = None) -> Template:
    """The event's template for this format, or ours. `own`: the folder of the event's templates.

    Raises `TemplateWrong` where the folder leads outside, or asks for what it may not have.
    """
    if own is None or not has_own(format, own):
        return Template(OURS / f"{format.id}.typ", OURS, False)
    for file in _files(own):
        if not file.resolve().is_relative_to(own.resolve()):
            raise TemplateWrong(
                f"{file.name} leads out of the folder of templates. Put a copy there.",
                file=file.name,
                line="?",
                said="leads out of the folder of templates",
            )
        if file.suffix == ".typ":
            _check_imports(file)
    return Template(own / f"{format.id}.typ", own, True)


def templates_version(own: Path) -> str:
    """Changes whenever a file in the folder of an event's templates does."""
    known = [(str(file.relative_to(own)), *_stat(file)) for file in _files(own)] if own.is_dir() else []
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


def template_error(template: Template, error: typst.TypstError) -> TemplateWrong:
    """What typst says, as one line: file, line, its message, its first hint."""
    message = _SEARCHED_AT.sub(r": \1", " ".join(error.message.split()))
    if error.hints:
        message += f" ({' '.join(error.hints[0].split())})"
    places = _PLACE.findall("\n".join((error.diagnostic, *error.trace)))
    own = [(file, line) for file, line in places if (template.root / file).exists()]
    if own or not places:
        file, line = own[0] if own else (template.file.name, "?")
        where = f"{file}, line {line}"
    else:
        file, line = template.file.name, "?"
        where = f"{file}, in line {places[0][1]} of @checkin/badge"
    said = message.removesuffix(".")
    return TemplateWrong(f"Template {where}: {said}.", file=file, line=line, said=said)


def _files(own: Path) -> list[Path]:
    found: list[Path] = []
    total_bytes = 0
    for path in sorted(own.rglob("*")):
        if path.is_file() or path.is_symlink():
            found.append(path)
            total_bytes += _stat(path)[1]
        if len(found) > OWN_FILES_MAX or total_bytes > OWN_BYTES_MAX:
            raise TooLarge(
                f"{own} holds more than {OWN_FILES_MAX} files or {OWN_BYTES_MAX:,} bytes: it is for templates alone.",
                code="templates_too_large",
            )
    return found


def _stat(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:  # a link to nothing, or gone just now
        return 0, 0
    return stat.st_mtime_ns, stat.st_size


def _check_imports(file: Path) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateWrong(
            f"Template {file.name} cannot be read as UTF-8.", file=file.name, line="?", said="cannot be read as UTF-8"
        ) from error
    for number, line in enumerate(text.splitlines(), 1):
        bare = _COMMENT.sub("", line)
        if _FOREIGN_PACKAGE.search(bare) or _COMPUTED_IMPORT.search(bare):
            raise TemplateWrong(
                f"Template {file.name}, line {number}: imports files of this folder, @checkin/badge and @checkin/paper"
                " alone.",
                file=file.name,
                line=str(number),
                said="imports files of this folder and @checkin/badge alone",
            )
