"""Attendee lists as people send them: CSV of any sort, XLSX.

Notes name line and column, never what stands there: they end up in logs and mails.
"""

from __future__ import annotations

import csv
import html
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import python_calamine
from msgspec import Struct

from checkin.core.codes import FOREIGN_CHARS_MAX
from checkin.core.errors import BadInput, TooLarge
from checkin.core.model import Attendee, Group, Registration

FILE_BYTES_MAX = 20 * 1024 * 1024
UNPACKED_BYTES_MAX = 300 * 1024 * 1024
ROWS_MAX = 200_000
CELL_CHARS_MAX = 32_767
"""What a cell of a spreadsheet holds at most."""
COLUMNS_MAX = 500
NOTES_MAX = 5_000

Level = Literal["error", "warning", "info"]


class RowNote(Struct, frozen=True, kw_only=True):
    """Something about a row. error: it is left out. warning: taken in, look at it. info: mended."""

    line: int
    column: str
    code: str
    message: str
    level: Level


class AttendeeRow(Struct, frozen=True, kw_only=True):
    """A row that can be taken in. `forums`: the sessions it names, by id or title."""

    line: int
    attendee: Attendee
    forums: tuple[str, ...] = ()


class AttendeeList(Struct, frozen=True, kw_only=True):
    """A list as read: what is in it, and how it was understood."""

    rows: list[AttendeeRow]
    notes: list[RowNote]
    encoding: str
    separator: str
    columns: dict[str, str]
    unknown_columns: tuple[str, ...]
    empty_rows: int
    rows_read: int


HEADERS: dict[str, tuple[str, ...]] = {
    "booking_number": ("buchungsnr", "buchungsnummer", "bestellnr", "booking", "bookingnumber", "order", "ordercode"),
    "ticket": ("ticketnr", "ticketnummer", "ticketcode", "ticket", "barcode", "secret"),
    "registration": ("status", "anmeldestatus", "registration", "state of registration"),
    "salutation": ("anrede", "salutation"),
    "title": ("titel", "akademischertitel", "title", "academictitle"),
    "given_name": ("vorname", "vornamen", "rufname", "givenname", "firstname"),
    "family_name": ("nachname", "familienname", "name", "familyname", "lastname", "surname"),
    "organisation": ("institution", "organisation", "organization", "firma", "company", "einrichtung"),
    "department": ("amtabteilung", "amt", "abteilung", "department", "referat"),
    "position": ("funktion", "position", "jobtitle", "rolle"),
    "postcode": ("plz", "postleitzahl", "postcode", "zip", "zipcode"),
    "town": ("ort", "stadt", "wohnort", "town", "city"),
    "state": ("bundesland", "land", "state"),
    "email": ("email", "mail", "emailadresse"),
    "phone": ("telefon", "telefonnummer", "tel", "mobil", "phone"),
    "group": ("kategorie", "gruppe", "teilnehmergruppe", "ticketart", "category", "group", "tickettype"),
    "diet": ("verpflegung", "ernahrung", "diet", "meal"),
    "needs": ("unterstutzungsbedarf", "bedarf", "barrierefreiheit", "needs", "accessneeds"),
    "language": ("sprache", "language"),
    "listed": ("teilnehmerlistejanein", "teilnehmerliste", "listed", "listofparticipants"),
    "photo": ("fotojanein", "foto", "fotoeinwilligung", "photo", "photoconsent"),
    "chamber_number": ("kammernr", "kammernummer", "chambernumber"),
    "registered_on": ("anmeldedatum", "registeredon", "registrationdate"),
    "remark": ("bemerkung", "bemerkungen", "anmerkung", "notiz", "remark", "note", "comment"),
    "forum": ("forumi", "forumii", "forumiii", "forum1", "forum2", "forum3", "session", "workshop"),
}
"""field → headings that mean it, folded (lower case, letters and digits alone, no marks)."""
_FIELD_OF = {heading: field for field, headings in HEADERS.items() for heading in headings}
_KNOWN_AND_LEFT_OUT = {"exkursion"}

_STATUS: dict[str, Registration] = {
    "": "registered",
    "angemeldet": "registered",
    "bestatigt": "registered",
    "bezahlt": "registered",
    "registered": "registered",
    "confirmed": "registered",
    "warteliste": "waiting",
    "waiting": "waiting",
    "waitinglist": "waiting",
    "waitlist": "waiting",
    "storniert": "cancelled",
    "abgesagt": "cancelled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_YES = {"ja", "j", "yes", "y", "true", "wahr", "1", "x"}
_NO = {"", "nein", "n", "no", "false", "falsch", "0", "-"}
_TITLE_IN_SALUTATION = re.compile(r"(?i)^(frau|herr|herrn|mr|mrs|ms|mx)\.?\s+(.+)$")
_REFERENCE = re.compile(r"&#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});")
_SMALL_WORDS = {"von", "van", "der", "den", "de", "da", "di", "zu", "zur", "vom", "und", "del", "la", "bin", "al", "el"}


def read_attendees(data: bytes, *, name: str, groups: Sequence[Group]) -> AttendeeList:
    """Read a list; its form is recognised by its content, `name` is for messages alone.

    Good rows are in `rows`, each row that was mended or left out has a note. Raises `TooLarge` for
    a file beyond the limits, `BadInput` for one that is no list or lacks a needed column: a family
    name, and a category unless the event has one group alone.
    """
    if len(data) > FILE_BYTES_MAX:
        raise TooLarge(f"{name} has {len(data):,} bytes, at most {FILE_BYTES_MAX:,} are taken.")
    if not data.strip():
        raise BadInput(f"{name} is empty.", code="list_empty")
    if data.startswith(b"PK"):
        encoding, separator, lines = "XLSX", "", _xlsx_lines(data, name)
    else:
        text, encoding = _decoded(data, name)
        text, separator = _separator(text)
        lines = _csv_lines(text, separator, name)
    return _Reader(name, groups).read(lines, encoding, separator)


class _Reader:
    def __init__(self, name: str, groups: Sequence[Group]) -> None:
        self._name = name
        self._group_ids = [group.id for group in groups]
        self._groups = {_folded(text): group.id for group in groups for text in (group.name, group.id)}
        self._group_names = ", ".join(group.name for group in groups) or "none"
        self._notes: list[RowNote] = []
        self._seen: dict[tuple[str, ...], int] = {}

    def read(self, lines: Iterator[tuple[int, list[str]]], encoding: str, separator: str) -> AttendeeList:
        header = next(lines, (1, []))[1]
        fields, unknown = self._fields(header)
        rows: list[AttendeeRow] = []
        read = empty = 0
        for line, cells in lines:
            if not any(cell.strip() for cell in cells):
                empty += 1
                continue
            read += 1
            if read > ROWS_MAX:
                raise TooLarge(f"{self._name} has more than {ROWS_MAX:,} rows.")
            row = self._row(line, cells, fields, len(header))
            if row is not None and not self._is_duplicate(row):
                rows.append(row)
        return AttendeeList(
            rows=rows,
            notes=self._notes,
            encoding=encoding,
            separator=separator,
            columns={header[place]: field for place, field in fields},
            unknown_columns=unknown,
            empty_rows=empty,
            rows_read=read,
        )

    def _fields(self, header: Sequence[str]) -> tuple[list[tuple[int, str]], tuple[str, ...]]:
        if len(header) > COLUMNS_MAX:
            raise TooLarge(f"{self._name} has {len(header)} columns, at most {COLUMNS_MAX} are taken.")
        fields: list[tuple[int, str]] = []
        unknown: list[str] = []
        taken: set[str] = set()
        for place, heading in enumerate(header):
            folded = _folded(heading)
            field = _FIELD_OF.get(folded)
            if field is not None and (field == "forum" or field not in taken):
                fields.append((place, field))
                taken.add(field)
            elif folded not in _KNOWN_AND_LEFT_OUT and folded:
                unknown.append(heading.strip()[:100])
        needed = (
            {"family_name": "Nachname"}
            if len(self._group_ids) == 1
            else {"family_name": "Nachname", "group": "Kategorie"}
        )
        missing = [word for field, word in needed.items() if field not in taken]
        if missing:
            found = ", ".join(heading.strip()[:40] for heading in header[:40] if heading.strip()) or "nothing"
            raise BadInput(
                f"{self._name} lacks the columns {' and '.join(missing)}. Its first row has: {found}.",
                code="columns_missing",
            )
        return fields, tuple(unknown)

    def _row(self, line: int, cells: list[str], fields: list[tuple[int, str]], width: int) -> AttendeeRow | None:
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            return self._refuse(line, "", "cells_many", f"The row has {len(cells)} cells, the header {width}.")
        if len(cells) < width // 2:
            return self._refuse(line, "", "cells_few", f"The row has {len(cells)} cells, the header {width}.")
        values: dict[str, str] = {}
        forums: list[str] = []
        for place, field in fields:
            cell = cells[place] if place < len(cells) else ""
            if len(cell) > CELL_CHARS_MAX:
                return self._refuse(line, field, "cell_long", f"The cell has more than {CELL_CHARS_MAX:,} characters.")
            text = self._cleaned(line, field, cell)
            if field == "forum":
                forums += [text] if text else []
            else:
                values[field] = text
        return self._attendee(line, values, tuple(forums))

    def _attendee(self, line: int, values: dict[str, str], forums: tuple[str, ...]) -> AttendeeRow | None:
        if not values["family_name"]:
            return self._refuse(line, "family_name", "name_missing", "The row has no family name.")
        registration = _STATUS.get(_folded(values.get("registration", "")))
        if registration is None:
            return self._refuse(
                line,
                "registration",
                "status_unknown",
                "This status is not known. Known are: angemeldet, Warteliste, storniert.",
            )
        named = values.get("group", "")
        group = self._groups.get(_folded(named))
        if not named and len(self._group_ids) == 1:
            group = self._group_ids[0]
        if group is None:
            message = f"This category is no group of the layout. There are: {self._group_names}."
            return self._refuse(line, "group", "group_unknown", message)
        if len(values.get("ticket", "")) > FOREIGN_CHARS_MAX:
            message = f"The ticket code has more than {FOREIGN_CHARS_MAX} characters."
            return self._refuse(line, "ticket", "ticket_long", message)
        self._mend(line, values)
        truths = {field: self._truth(line, field, values.pop(field, "")) for field in ("listed", "photo")}
        text = {field: value for field, value in values.items() if field not in ("registration", "group")}
        fields: dict[str, Any] = {"given_name": "", **text, **truths}
        attendee = Attendee(id="", group=group, registration=registration, **fields)
        return AttendeeRow(line=line, attendee=attendee, forums=forums)

    def _mend(self, line: int, values: dict[str, str]) -> None:
        """The traps that every list has, each with a note."""
        split = _TITLE_IN_SALUTATION.match(values.get("salutation", ""))
        if split:
            values["salutation"] = split[1]
            values["title"] = values.get("title") or split[2]
            self._note(line, "salutation", "title_split", "A title stood in the salutation and was moved.", "info")
        postcode = values.get("postcode", "")
        if re.fullmatch(r"\d{4}", postcode) and values.get("state"):
            values["postcode"] = "0" + postcode
            self._note(line, "postcode", "postcode_padded", "A postcode of four digits got its zero back.", "warning")
        for field in ("given_name", "family_name"):
            proper = _proper_case(values.get(field, ""))
            if proper != values.get(field, ""):
                values[field] = proper
                self._note(
                    line, field, "name_capitals", "A name in capitals was set in mixed case: look at it.", "warning"
                )

    def _cleaned(self, line: int, field: str, cell: str) -> str:
        text = cell.strip()
        if text.isascii() and text.isprintable() and not text.startswith(("=", "+", "@")) and "&#" not in text:
            return text if "  " not in text else " ".join(text.split())
        if _REFERENCE.search(text):
            text = _REFERENCE.sub(lambda found: html.unescape(found[0]), text)
            self._note(line, field, "references_decoded", "Letters written as &#…; were read as letters.", "info")
        composed = unicodedata.normalize("NFC", text)
        if composed != text:
            self._note(line, field, "letters_composed", "Letters and their marks were joined.", "info")
        kept = "\n".join(" ".join(part.split()) for part in composed.splitlines()).strip()
        kept = "".join(char for char in kept if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs", "Co"))
        if field != "remark":
            kept = kept.replace("\n", " ")
        if kept.startswith("=") or (kept.startswith(("+", "@")) and field != "phone"):
            self._note(
                line, field, "formula_kept", "The cell starts like a formula; it is kept as mere text.", "warning"
            )
        return kept

    def _truth(self, line: int, field: str, text: str) -> bool:
        folded = text.strip().casefold()
        if folded not in _YES and folded not in _NO:
            self._note(line, field, "truth_unknown", "Neither ja nor nein; taken as nein.", "warning")
        return folded in _YES

    def _is_duplicate(self, row: AttendeeRow) -> bool:
        one = row.attendee
        names = (one.given_name.casefold(), one.family_name.casefold())
        keys: list[tuple[str, ...]] = []
        if one.ticket:
            keys.append(("ticket", one.ticket.upper()))
        if one.booking_number:
            keys.append(("booking", one.booking_number, *names))
        if one.email:
            keys.append(("email", one.email.casefold(), *names))
        earlier = next((self._seen[key] for key in keys if key in self._seen), None)
        if earlier is not None:
            self._note(
                row.line, "", "duplicate", f"The same person as in line {earlier}; that one was taken.", "warning"
            )
            return True
        self._seen.update(dict.fromkeys(keys, row.line))
        return False

    def _refuse(self, line: int, column: str, code: str, message: str) -> AttendeeRow | None:
        self._note(line, column, code, message, "error")
        return None

    def _note(self, line: int, column: str, code: str, message: str, level: Level) -> None:
        if len(self._notes) < NOTES_MAX:
            self._notes.append(RowNote(line=line, column=column, code=code, message=message, level=level))
        elif level == "error":
            raise BadInput(
                f"{self._name} has more than {NOTES_MAX:,} rows with something to note. Is it the right file?",
                code="notes_many",
            )


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    """The text and the name of its encoding: UTF-8, UTF-16, else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data[1:2] == b"\0" or data[:1] == b"\0":
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "windows-1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        shown = {"utf-8-sig": "UTF-8", "windows-1252": "Windows-1252"}.get(encoding, "UTF-16")
        return text, shown
    raise BadInput(f"{name} is no text that can be read. Save it as CSV (UTF-8) or as XLSX.", code="encoding_unknown")


def _separator(text: str) -> tuple[str, str]:
    """The text without a `sep=` line, and its separator: the one that the first row has most of."""
    named = re.match(r"\s*sep=(.)\s*\r?\n", text)
    if named:
        return text[named.end() :], named[1]
    first = text.lstrip("\r\n").split("\n", 1)[0]
    counts = {separator: first.count(separator) for separator in (";", ",", "\t", "|")}
    return text, max(counts, key=lambda separator: counts[separator])


def _csv_lines(text: str, separator: str, name: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(FILE_BYTES_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput(f"{name}, line {line}: {error}.", code="csv_invalid") from error
        yield line, cells


def _xlsx_lines(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet that has any."""
    try:
        unpacked = sum(entry.file_size for entry in zipfile.ZipFile(io.BytesIO(data)).infolist())
        if unpacked > UNPACKED_BYTES_MAX:
            raise TooLarge(f"{name} unpacks to {unpacked:,} bytes, at most {UNPACKED_BYTES_MAX:,} are taken.")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for sheet in book.sheet_names:
            rows: Iterable[Sequence[object]] = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            listed = [[_cell_text(cell) for cell in row] for row in rows]
            if any(any(row) for row in listed):
                return iter([(number, row) for number, row in enumerate(listed, 1) if number == 1 or row])
    except (zipfile.BadZipFile, python_calamine.CalamineError, OSError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"{name} is no XLSX that can be read. Save it anew, or as CSV (UTF-8).", code="xlsx_invalid"
        ) from error
    raise BadInput(f"{name} has no rows.", code="list_empty")


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "ja" if cell else "nein"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if char.isalnum())


def _proper_case(name: str) -> str:
    """“MÜLLER-LÜDENSCHEIDT” → “Müller-Lüdenscheidt”; a name that is not in capitals stays as it is."""
    letters = [char for char in name if char.isalpha()]
    if (
        len(letters) < 3
        or not all(char.isupper() for char in letters)
        or not any(char.lower() != char for char in letters)
    ):
        return name
    words = name.split(" ")
    small = {place for place, word in enumerate(words) if word.casefold() in _SMALL_WORDS and place < len(words) - 1}
    return " ".join(
        word.lower() if place in small else re.sub(r"[^\W\d_]+", lambda part: part[0].capitalize(), word)
        for place, word in enumerate(words)
    )
