"""Attendee lists as people send them: CSV of any sort, XLSX.

Notes name line and column, never what stands there: they end up in logs and mails.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from checkin.core.codes import FOREIGN_CHARS_MAX
from checkin.core.errors import BadInput
from checkin.core.model import Attendee, Group, Registration
from checkin.exchange.pretix import orders_sheet
from checkin.exchange.sheets import CELL_CHARS_MAX, HEADING_CHARS_MAX, Sheet, folded, read_sheet
from checkin.exchange.tables import FORMULA_STARTS

NOTES_MAX = 5_000
CATEGORIES_MAX = 200
CATEGORY_CHARS_MAX = 200
FIRST_ROWS = 8
FIRST_CELL_CHARS = 60

Level = Literal["error", "warning", "info"]


class RowNote(Struct, frozen=True, kw_only=True):
    """Something about a row. error: it is left out. warning: taken in, look at it. info: mended. `earlier`: of
    a duplicate, the line with the same person or ticket. `line` 0: about no row (of a programme); `booked`,
    `seats`: of a session in a room that is too small for its bookings."""

    line: int
    column: str
    code: str
    message: str
    level: Level
    earlier: int | None = None
    booked: int | None = None
    seats: int | None = None


class AttendeeRow(Struct, frozen=True, kw_only=True):
    """A row that can be taken in. `forums`: the sessions it names, by id or title."""

    line: int
    attendee: Attendee
    forums: tuple[str, ...] = ()


class Reading(Struct, frozen=True, kw_only=True):
    """How a list is to be read, as chosen by hand; what is not named is recognised. `columns`: folded
    heading → field, “” to leave the column out. `categories`: folded category → id of a group. `sheet`: of a
    workbook. `rooms`: of a programme, folded room → id of an area, “” to leave its sessions out."""

    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    columns: dict[str, str] = {}
    categories: dict[str, str] = {}
    rooms: dict[str, str] = {}


class Category(Struct, frozen=True, kw_only=True):
    """What stands in the column of categories, how often, and which group that is (None: not known)."""

    text: str
    count: int
    group: str | None


class ColumnRead(Struct, frozen=True, kw_only=True):
    """A column, and the field it was taken for (“”: left out)."""

    heading: str
    field: str


class AttendeeList(Struct, frozen=True, kw_only=True):
    """A list as read: what is in it, and how it was understood. `fields`: those of an attendee that the
    list says something about. `first_rows`: the first few as they stand there. `missing`: the fields
    without which no row can be taken in; then there are none in `rows`. `sheets`: those of a workbook that have
    rows; `sheet`: the one that was read."""

    form: str
    rows: list[AttendeeRow]
    notes: list[RowNote]
    encoding: str
    separator: str
    sheet: str
    sheets: tuple[str, ...]
    header: list[ColumnRead]
    unknown_columns: tuple[str, ...]
    first_rows: list[list[str]]
    fields: frozenset[str]
    missing: tuple[str, ...]
    categories: list[Category]
    empty_rows: int
    rows_read: int

    @property
    def columns(self) -> dict[str, str]:
        """heading → field, of the columns that were taken."""
        return {column.heading: column.field for column in self.header if column.field}


HEADERS: dict[str, tuple[str, ...]] = {
    "booking_number": (
        *("buchungsnr", "buchungsnummer", "buchungscode", "bestellnr", "bestellnummer", "bestellcode"),
        *("booking", "bookingnumber", "ordercode", "order"),
    ),
    "ticket": (
        *("ticketsecret", "ticketcode", "ticketnr", "ticketnummer", "ticketgeheimnis", "geheimercode"),
        *("ticket", "barcode", "secret"),
    ),
    "registration": ("anmeldestatus", "status", "registration", "stateofregistration"),
    "salutation": ("anrede", "salutation", "attendeenamesalutation", "teilnehmernameanrede"),
    "title": ("titel", "akademischertitel", "title", "academictitle", "attendeenametitle", "teilnehmernametitel"),
    "given_name": (
        *("vorname", "vornamen", "rufname", "givenname", "firstname"),
        *("attendeenamegivenname", "attendeenamefirstname", "teilnehmernamevorname", "nameteilnehmervorname"),
    ),
    "family_name": (
        *("nachname", "familienname", "familyname", "lastname", "surname"),
        *("attendeenamefamilyname", "attendeenamelastname", "teilnehmernamenachname", "nameteilnehmernachname"),
        *("teilnehmernamefamilienname", "name"),
    ),
    "full_name": (
        "attendeename",
        "teilnehmername",
        "nameteilnehmer",
        "fullname",
        "ganzername",
        "vollstandigername",
        "vorundnachname",
    ),
    "organisation": ("institution", "organisation", "organization", "firma", "company", "einrichtung", "unternehmen"),
    "department": ("amtabteilung", "amt", "abteilung", "department", "referat"),
    "position": ("funktion", "position", "jobtitle", "rolle", "berufsbezeichnung"),
    "postcode": ("plz", "postleitzahl", "postcode", "zip", "zipcode"),
    "town": ("ort", "stadt", "wohnort", "town", "city"),
    "state": ("bundesland", "land", "state"),
    "email": (
        *("attendeeemail", "teilnehmeremail", "emailteilnehmer", "emailadressedesteilnehmers"),
        *("email", "mail", "emailadresse", "emailaddress"),
    ),
    "phone": ("telefon", "telefonnummer", "tel", "mobil", "phone", "phonenumber"),
    "group": (
        *("kategorie", "gruppe", "teilnehmergruppe", "ticketart", "category", "group", "tickettype"),
        *("produkt", "product", "item"),
    ),
    "variation": ("variante", "variation"),
    "diet": ("verpflegung", "ernahrung", "diet", "meal"),
    "needs": ("unterstutzungsbedarf", "bedarf", "barrierefreiheit", "needs", "accessneeds"),
    "language": ("sprache", "language", "orderlocale", "sprachederbestellung"),
    "listed": ("teilnehmerlistejanein", "teilnehmerliste", "listed", "listofparticipants"),
    "photo": ("fotojanein", "foto", "fotoeinwilligung", "photo", "photoconsent"),
    "chamber_number": ("kammernr", "kammernummer", "chambernumber"),
    "registered_on": ("anmeldedatum", "bestelldatum", "registeredon", "registrationdate", "orderdate"),
    "remark": ("bemerkung", "bemerkungen", "anmerkung", "notiz", "remark", "note", "comment"),
    "forum": ("forumi", "forumii", "forumiii", "forum1", "forum2", "forum3", "session", "workshop"),
}
"""field → headings that mean it, folded (lower case, letters and digits alone, no marks), the surest first:
where a list has several, that one is taken. German and English as organisers write them, and as pretix does."""
_FIELD_OF = {heading: field for field, headings in HEADERS.items() for heading in headings}
_RANK_OF = {heading: rank for headings in HEADERS.values() for rank, heading in enumerate(headings)}
_SEVERAL = "forum"  # the only field that many columns may be
_KNOWN_AND_LEFT_OUT = {"exkursion"}

_STATUS: dict[str, Registration] = {
    "": "registered",
    "angemeldet": "registered",
    "bestatigt": "registered",
    "bezahlt": "registered",
    "registered": "registered",
    "confirmed": "registered",
    "paid": "registered",
    "valid": "registered",
    "warteliste": "waiting",
    "waiting": "waiting",
    "pending": "waiting",
    "ausstehend": "waiting",
    "offen": "waiting",
    "zahlungausstehend": "waiting",
    "approvalpending": "waiting",
    "genehmigungausstehend": "waiting",
    "waitinglist": "waiting",
    "waitlist": "waiting",
    "storniert": "cancelled",
    "abgesagt": "cancelled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "expired": "cancelled",
    "abgelaufen": "cancelled",
}
_YES = {"ja", "j", "yes", "y", "true", "wahr", "1", "x"}
_NO = {"", "nein", "n", "no", "false", "falsch", "0", "-"}
_TITLE_IN_SALUTATION = re.compile(r"(?i)^(frau|herr|herrn|mr|mrs|ms|mx)\.?\s+(.+)$")
_LIKE_FORMULA = re.compile(r"[+@]|-[^\s-]")
_FOUR_DIGITS = {
    *("osterreich", "austria", "schweiz", "switzerland", "suisse", "liechtenstein", "luxemburg", "luxembourg"),
    *(
        "belgien",
        "belgium",
        "niederlande",
        "netherlands",
        "danemark",
        "denmark",
        "norwegen",
        "norway",
        "ungarn",
        "hungary",
    ),
}
"""What may stand in the column of states where postcodes have four digits, folded."""
_REFERENCE = re.compile(r"&#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});")
_SMALL_WORDS = {"von", "van", "der", "den", "de", "da", "di", "zu", "zur", "vom", "und", "del", "la", "bin", "al", "el"}


def read_attendees(
    data: bytes, *, name: str, groups: Sequence[Group], reading: Reading | None = None, partial: bool = False
) -> AttendeeList:
    """Read a list; its form is recognised by its content, `name` is for messages alone.

    Good rows are in `rows`, each row that was mended or left out has a note. Raises `TooLarge` for
    a file beyond the limits, `BadInput` for one that is no list or (unless `partial`) lacks a needed
    column: a family name, and a category unless the event has one group alone.
    """
    reading = reading or Reading()
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        sheet = orders_sheet(data, name=name)
    else:
        sheet = read_sheet(
            data,
            name=name,
            encoding=reading.encoding,
            separator=reading.separator,
            chosen=reading.sheet,
            known=_headings_known,
        )
    return _Reader(name, groups, reading).read(sheet, partial=partial)


def _headings_known(header: Sequence[str]) -> int:
    """How many of these headings mean a field; with a name among them, more than any without."""
    fields = {_FIELD_OF[heading] for heading in map(folded, header) if heading in _FIELD_OF}
    return len(fields) + 100 * bool(fields & {"family_name", "full_name"})


class _Reader:
    def __init__(self, name: str, groups: Sequence[Group], reading: Reading) -> None:
        self._name = name
        self._reading = reading
        self._group_ids = [group.id for group in groups]
        self._groups = {folded(text): group.id for group in groups for text in (group.name, group.id)}
        known = set(self._group_ids)
        self._groups |= {text: group for text, group in reading.categories.items() if group in known}
        self._group_names = ", ".join(group.name for group in groups) or "none"
        self._notes: list[RowNote] = []
        self._seen: dict[tuple[str, ...], int] = {}
        self._tickets: dict[str, tuple[int, tuple[str, str]]] = {}
        self._categories: Counter[str] = Counter()
        self._is_german = False

    def read(self, sheet: Sheet, *, partial: bool) -> AttendeeList:
        header = sheet.header
        fields = self._fields(header)
        missing = self._missing({field for _, field in fields}, header, partial)
        self._is_german = _has_german_postcodes(sheet, fields)
        if len(sheet.sheets) > 1 and not self._reading.sheet:
            message = f"The workbook has {len(sheet.sheets)} sheets with rows; one of them was read."
            self._note(1, "", "sheets_several", message, "warning")
        rows: list[AttendeeRow] = []
        read = empty = 0
        for line, cells in sheet.rows:
            if not any(cell.strip() for cell in cells):
                empty += 1
                continue
            read += 1
            if missing:
                continue
            row = self._row(line, cells, fields, len(header))
            if row is not None and (row := self._once(row)) is not None:
                rows.append(row)
        taken = dict(fields)
        return AttendeeList(
            form=sheet.form,
            rows=rows,
            notes=self._notes,
            encoding=sheet.encoding,
            separator=sheet.separator,
            sheet=sheet.sheet,
            sheets=sheet.sheets,
            header=[
                ColumnRead(heading=heading.strip()[:HEADING_CHARS_MAX], field=taken.get(place, ""))
                for place, heading in enumerate(header)
            ],
            unknown_columns=tuple(
                heading.strip()[:HEADING_CHARS_MAX]
                for place, heading in enumerate(header)
                if place not in taken and self._is_unknown(folded(heading))
            ),
            first_rows=[[_letters(cell)[:FIRST_CELL_CHARS] for cell in cells] for _, cells in sheet.rows[:FIRST_ROWS]],
            fields=self._fields_of_attendee(set(taken.values())),
            missing=missing,
            categories=[
                Category(text=text[:CATEGORY_CHARS_MAX], count=count, group=self._groups.get(folded(text)))
                for text, count in self._categories.most_common(CATEGORIES_MAX)
            ],
            empty_rows=empty,
            rows_read=read,
        )

    def _is_unknown(self, heading: str) -> bool:
        known = heading in _KNOWN_AND_LEFT_OUT or heading in _FIELD_OF or self._reading.columns.get(heading) == ""
        return bool(heading) and not known

    def _fields(self, header: Sequence[str]) -> list[tuple[int, str]]:
        """(place, field) of the columns taken: those mapped by hand, then for each field the surest."""
        chosen: dict[str, list[tuple[int, int]]] = {}
        for place, heading in enumerate(header):
            text = folded(heading)
            if text in self._reading.columns:
                chosen.setdefault(self._reading.columns[text], []).append((-1, place))
            elif text in _FIELD_OF:
                chosen.setdefault(_FIELD_OF[text], []).append((_RANK_OF[text], place))
        chosen.pop("", None)
        return sorted(
            (place, field)
            for field, places in chosen.items()
            if field in HEADERS
            for _, place in (sorted(places) if field == _SEVERAL else sorted(places)[:1])
        )

    def _missing(self, taken: set[str], header: Sequence[str], partial: bool) -> tuple[str, ...]:
        missing = [] if taken & {"family_name", "full_name"} else ["family_name"]
        missing += ["group"] if "group" not in taken and len(self._group_ids) != 1 else []
        if missing and not partial:
            words = {"family_name": "Nachname", "group": "Kategorie"}
            found = ", ".join(heading.strip()[:40] for heading in header[:40] if heading.strip()) or "nothing"
            raise BadInput(
                f"{self._name} lacks the columns {' and '.join(words[one] for one in missing)}."
                f" Its first row has: {found}.",
                code="columns_missing",
            )
        return tuple(missing)

    def _fields_of_attendee(self, taken: set[str]) -> frozenset[str]:
        """The fields of an attendee that the list says something about."""
        names = {"given_name", "family_name"} if "full_name" in taken else set()
        needs = {"wheelchair"} if "needs" in taken else set()
        return frozenset((taken | names | needs) - {"full_name", "variation", _SEVERAL})

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
        if not values.get("family_name") and values.get("full_name"):
            values["given_name"], values["family_name"] = _name_parts(values["full_name"])
        values.pop("full_name", None)
        if not values.get("family_name"):
            return self._refuse(line, "family_name", "name_missing", "The row has no family name.")
        registration = _STATUS.get(folded(values.get("registration", "")))
        if registration is None:
            return self._refuse(
                line,
                "registration",
                "status_unknown",
                "This status is not known. Known are: angemeldet, Warteliste, storniert.",
            )
        group, named = self._group(values)
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

    def _group(self, values: dict[str, str]) -> tuple[str | None, str]:
        """The group of a row, by its category and variation or by the category alone; and the category."""
        product, variation = values.get("group", ""), values.pop("variation", "")
        named = f"{product} – {variation}" if product and variation else product
        if named:
            self._categories[named] += 1
        return self._groups.get(folded(named)) or self._groups.get(folded(product)), named

    def _mend(self, line: int, values: dict[str, str]) -> None:
        """The traps that every list has, each with a note."""
        split = _TITLE_IN_SALUTATION.match(values.get("salutation", ""))
        if split:
            values["salutation"] = split[1]
            values["title"] = values.get("title") or split[2]
            self._note(line, "salutation", "title_split", "A title stood in the salutation and was moved.", "info")
        postcode = values.get("postcode", "")
        if re.fullmatch(r"[1-9]\d{3}", postcode) and folded(values.get("state", "")) not in _FOUR_DIGITS:
            if self._is_german or values.get("state"):
                values["postcode"] = "0" + postcode
                message = "A postcode of four digits got its zero back."
                self._note(line, "postcode", "postcode_padded", message, "warning")
            else:
                message = "The postcode has four digits; it was left as it is. Look whether its zero was lost."
                self._note(line, "postcode", "postcode_short", message, "warning")
        for field in ("given_name", "family_name"):
            proper = _proper_case(values.get(field, ""))
            if proper != values.get(field, ""):
                values[field] = proper
                self._note(
                    line, field, "name_capitals", "A name in capitals was set in mixed case: look at it.", "warning"
                )

    def _cleaned(self, line: int, field: str, cell: str) -> str:
        if cell[:1] == "'" and cell[1:].startswith(FORMULA_STARTS):
            cell = cell[1:]  # as `tables` writes it
        text = cell.strip()
        if text.isascii() and text.isprintable() and not text.startswith(("=", "+", "-", "@")) and "&#" not in text:
            return text if "  " not in text else " ".join(text.split())
        if _REFERENCE.search(text):
            text = _letters(text)
            self._note(line, field, "references_decoded", "Letters written as &#…; were read as letters.", "info")
        composed = unicodedata.normalize("NFC", text)
        if composed != text:
            self._note(line, field, "letters_composed", "Letters and their marks were joined.", "info")
        kept = "\n".join(" ".join(part.split()) for part in composed.splitlines()).strip()
        kept = "".join(char for char in kept if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs", "Co"))
        if field != "remark":
            kept = kept.replace("\n", " ")
        if kept.startswith("=") or (field != "phone" and _LIKE_FORMULA.match(kept)):
            self._note(
                line, field, "formula_kept", "The cell starts like a formula; it is kept as mere text.", "warning"
            )
        return kept

    def _truth(self, line: int, field: str, text: str) -> bool:
        folded = text.strip().casefold()
        if folded not in _YES and folded not in _NO:
            self._note(line, field, "truth_unknown", "Neither ja nor nein; taken as nein.", "warning")
        return folded in _YES

    def _once(self, row: AttendeeRow) -> AttendeeRow | None:
        """None where the person stood above; without the ticket where that was somebody else's above."""
        one = row.attendee
        names = (one.given_name.casefold(), one.family_name.casefold())
        keys: list[tuple[str, ...]] = []
        if one.ticket:
            line, holder = self._tickets.setdefault(one.ticket.upper(), (row.line, names))
            if holder != names:
                message = (
                    f"The ticket code stands in line {line} with another name; the person is taken in without a ticket."
                )
                self._note(row.line, "ticket", "ticket_again", message, "warning", line)
                one = msgspec.structs.replace(one, ticket="")
            else:
                keys.append(("ticket", one.ticket.upper()))
        if one.booking_number:
            keys.append(("booking", one.booking_number, *names))
        if one.email:
            keys.append(("email", one.email.casefold(), *names))
        earlier = next((self._seen[key] for key in keys if key in self._seen), None)
        if earlier is not None:
            message = f"The same person as in line {earlier}; that one was taken."
            self._note(row.line, "", "duplicate", message, "warning", earlier)
            return None
        self._seen.update(dict.fromkeys(keys, row.line))
        return msgspec.structs.replace(row, attendee=one)

    def _refuse(self, line: int, column: str, code: str, message: str) -> AttendeeRow | None:
        self._note(line, column, code, message, "error")
        return None

    def _note(self, line: int, column: str, code: str, message: str, level: Level, earlier: int | None = None) -> None:
        if len(self._notes) < NOTES_MAX:
            self._notes.append(
                RowNote(line=line, column=column, code=code, message=message, level=level, earlier=earlier)
            )
        elif level == "error":
            raise BadInput(
                f"{self._name} has more than {NOTES_MAX:,} rows with something to note. Is it the right file?",
                code="notes_many",
            )


def _has_german_postcodes(sheet: Sheet, fields: Sequence[tuple[int, str]]) -> bool:
    """Whether most postcodes have five digits: there, one of four has lost its zero."""
    lengths = Counter(
        len(cells[place].strip())
        for place, field in fields
        if field == "postcode"
        for _, cells in sheet.rows
        if place < len(cells) and cells[place].strip().isdigit()
    )
    return lengths[5] > lengths[4]


def _letters(text: str) -> str:
    """Letters written as &#…;, as letters."""
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), text)


def _name_parts(name: str) -> tuple[str, str]:
    """(given name, family name) of a whole name: “Heide, Ada von der”, or “Ada von der Heide”."""
    family, comma, given = name.partition(",")
    if comma:
        return given.strip(), family.strip()
    words = name.split()
    begins = next(
        (place for place, word in enumerate(words) if place and word in _SMALL_WORDS and place < len(words) - 1),
        len(words) - 1,
    )
    return " ".join(words[:begins]), " ".join(words[begins:])


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
