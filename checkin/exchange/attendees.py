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
from checkin.core.names import PARTICLES, NameParts, name_parts
from checkin.exchange.pretix import orders_sheet
from checkin.exchange.sheets import CELL_CHARS_MAX, HEADING_CHARS_MAX, Sheet, column_letters, folded, read_sheet
from checkin.exchange.tables import FORMULA_STARTS

NOTES_MAX = 5_000
CATEGORIES_MAX = 200
CATEGORY_CHARS_MAX = 200
FIRST_ROWS = 8
FIRST_CELL_CHARS = 60
HEADING_ROW_CHARS = 80
NAMES_NOTED_MAX = 200
"""So many names of which it is not sure how they are split are noted one by one."""

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


class LeftOut(Struct, frozen=True, kw_only=True):
    """A row that cannot be taken in, by what tells who it is: she stands in the list all the same.
    `is_duplicate`: it was taken further up. `is_unclear`: there may be others in it."""

    line: int
    ticket: str = ""
    booking_number: str = ""
    email: str = ""
    given_name: str = ""
    family_name: str = ""
    organisation: str = ""
    is_duplicate: bool = False
    is_unclear: bool = False


class Reading(Struct, frozen=True, kw_only=True):
    """How a list is to be read, as chosen by hand; what is not named is recognised. `columns`: `column_key` →
    field, “” to leave the column out. `categories`: folded category → id of a group; `group`: that of every row
    without a category. `sheet`: of a workbook. `heading_row`: 0 where it is looked for, `NO_HEADINGS` where there
    is none. `rooms`: of a programme, folded room → id of an area, “” to leave its sessions out."""

    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    heading_row: int = 0
    group: str = ""
    columns: dict[str, str] = {}
    categories: dict[str, str] = {}
    rooms: dict[str, str] = {}


class Category(Struct, frozen=True, kw_only=True):
    """What stands in the column of categories, how often, and which group that is (None: not known)."""

    text: str
    count: int
    group: str | None


class ColumnRead(Struct, frozen=True, kw_only=True):
    """A column, and the field it was taken for (“”: left out). `key`: what it is chosen by: its heading, or its
    letters (“:C”) where it has none; “” of a column that is empty."""

    heading: str
    field: str
    key: str


class HeadingRow(Struct, frozen=True, kw_only=True):
    """A row that the headings may stand in, and how it begins."""

    line: int
    text: str


class AttendeeList(Struct, frozen=True, kw_only=True):
    """A list as read: what is in it, and how it was understood. `fields`: those of an attendee that the
    list says something about. `first_rows`: the first few as they stand there. `missing`: the fields
    without which no row can be taken in; then there are none in `rows`. `sheets`: those of a workbook that have
    rows; `sheet`: the one that was read. `heading_rows`: those near the top that have something in them;
    `heading_row`: the one whose headings were taken."""

    form: str
    rows: list[AttendeeRow]
    left_out: list[LeftOut]
    heading_row: int
    heading_rows: list[HeadingRow]
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
        *("booking", "bookingnumber", "bookingreference", "ordercode", "ordernumber", "orderno", "orderid", "order"),
    ),
    "ticket": (
        *("ticketsecret", "ticketcode", "ticketnr", "ticketnummer", "ticketgeheimnis", "geheimercode"),
        *("ticketnumber", "ticketid", "ticket", "barcode", "barcodenumber", "secret"),
    ),
    "registration": (
        *("anmeldestatus", "teilnahmestatus", "status", "registration", "registrationstatus", "stateofregistration"),
        *("attendeestatus", "orderstatus"),
    ),
    "salutation": ("anrede", "salutation", "attendeenamesalutation", "teilnehmernameanrede", "prefix"),
    "title": ("titel", "akademischertitel", "title", "academictitle", "attendeenametitle", "teilnehmernametitel"),
    "given_name": (
        *("vorname", "vornamen", "rufname", "givenname", "givennames", "firstname", "forename"),
        *("attendeefirstname", "participantfirstname", "ihrvorname", "yourfirstname"),
        *("attendeenamegivenname", "attendeenamefirstname", "teilnehmernamevorname", "nameteilnehmervorname"),
    ),
    "family_name": (
        *("nachname", "familienname", "zuname", "familyname", "lastname", "surname"),
        *("attendeelastname", "attendeesurname", "participantlastname", "ihrnachname", "yourlastname"),
        *("attendeenamefamilyname", "attendeenamelastname", "teilnehmernamenachname", "nameteilnehmernachname"),
        *("teilnehmernamefamilienname", "name"),
    ),
    "full_name": (
        *("attendeename", "teilnehmername", "nameteilnehmer", "participantname", "fullname", "ganzername"),
        *("vollstandigername", "vorundnachname", "vorundzuname", "vornamenachname", "vornamename", "nachnamevorname"),
        *("namevorname", "firstandlastname", "firstnamelastname", "lastnamefirstname", "nameandsurname"),
        *("namedesteilnehmers", "nameteilnehmerin", "nameteilnehmende", "ihrname", "yourname", "deinname"),
        *("teilnehmer", "teilnehmerin", "teilnehmende", "participant"),
    ),
    "organisation": (
        *("institution", "organisation", "organization", "firma", "company", "einrichtung", "unternehmen"),
        *("companyname", "firmenname", "organisationname", "organizationname", "nameofinstitution", "behorde"),
        *("companyorganisation", "companyorganization", "organisationfirma", "firmaorganisation", "firmainstitution"),
        *("organisationunternehmen", "institutionorganisation", "institutionfirma", "affiliation", "arbeitgeber"),
        *("employer", "verband", "kommune"),
    ),
    "department": ("amtabteilung", "amt", "abteilung", "department", "referat"),
    "position": ("funktion", "position", "jobtitle", "role", "rolle", "berufsbezeichnung", "stellenbezeichnung"),
    "postcode": ("plz", "postleitzahl", "postcode", "postalcode", "zip", "zipcode", "homezip", "workzip", "billingzip"),
    "town": ("ort", "stadt", "wohnort", "town", "city", "cityortown", "homecity", "workcity", "billingcity"),
    "state": ("bundesland", "land", "state", "federalstate", "homestate", "workstate"),
    "email": (
        *("attendeeemail", "teilnehmeremail", "emailteilnehmer", "emailadressedesteilnehmers", "participantemail"),
        *("email", "mail", "emailadresse", "emailaddress", "ihreemailadresse", "youremailaddress", "youremail"),
        *("attendeeemailaddress", "mailadresse"),
    ),
    "phone": (
        *("telefon", "telefonnummer", "tel", "mobil", "phone", "phonenumber", "mobilnummer", "handy", "handynummer"),
        *("mobile", "mobilephone", "mobilenumber", "cellphone", "telephone", "workphone", "homephone", "rufnummer"),
    ),
    "group": (
        *("kategorie", "gruppe", "teilnehmergruppe", "ticketart", "category", "group", "tickettype"),
        *("ticketkategorie", "ticketcategory", "ticketname", "teilnehmerkategorie", "teilnehmerart", "teilnahmeart"),
        *("attendeetype", "participanttype", "participantcategory", "registrationtype"),
        *("produkt", "product", "item"),
    ),
    "variation": ("variante", "variation"),
    "diet": (
        *("verpflegung", "ernahrung", "diet", "meal", "dietaryrequirements", "dietaryrequirement", "dietaryneeds"),
        *("dietaryrestrictions", "dietarypreferences", "dietarypreference", "dietary", "mealpreference", "mealchoice"),
        *("essenswunsch", "essenswunsche", "essen", "verpflegungswunsch", "ernahrungsform", "ernahrungsweise"),
        *("ernahrungswunsche", "unvertraglichkeiten", "lebensmittelunvertraglichkeiten", "allergien", "allergies"),
        *("allergienunvertraglichkeiten", "foodallergies"),
    ),
    "needs": (
        *("unterstutzungsbedarf", "bedarf", "barrierefreiheit", "needs", "accessneeds", "accessibility"),
        *("accessibilityneeds", "accessibilityrequirements", "accessrequirements", "specialneeds", "assistance"),
        *("specialrequirements", "accommodations", "unterstutzung", "besonderebedurfnisse", "besondererbedarf"),
        *("barrierefreiheitsbedarf", "assistenzbedarf"),
    ),
    "language": (
        *("sprache", "language", "preferredlanguage", "bevorzugtesprache", "korrespondenzsprache"),
        *("orderlocale", "sprachederbestellung", "locale"),
    ),
    "listed": (
        *("teilnehmerlistejanein", "teilnehmerliste", "listed", "listofparticipants", "participantlist"),
        *("participantslist", "showinparticipantlist", "showinparticipantslist", "showinlistofparticipants"),
        *("attendeelist", "showinattendeelist", "listofattendees", "teilnehmendenliste", "inteilnehmerlistezeigen"),
        *("teilnehmerinnenliste", "inteilnehmerlisteanzeigen", "inteilnehmendenlisteanzeigen", "aufteilnehmerliste"),
    ),
    "photo": (
        *("fotojanein", "foto", "fotoeinwilligung", "photo", "photoconsent", "fotoerlaubnis", "fotosjanein"),
        *("consenttophotos", "photopermission", "photographyconsent", "einwilligungfotos"),
    ),
    "chamber_number": ("kammernr", "kammernummer", "chambernumber"),
    "registered_on": (
        *("anmeldedatum", "bestelldatum", "registeredon", "registrationdate", "dateofregistration", "orderdate"),
        *("angemeldetam", "registeredat"),
    ),
    "remark": (
        *("bemerkung", "bemerkungen", "anmerkung", "anmerkungen", "notiz", "notizen", "remark", "remarks"),
        *("note", "notes", "comment", "comments", "kommentar", "kommentare", "hinweis", "hinweise", "message"),
        *("nachricht", "additionalinformation", "sonstiges"),
    ),
    "forum": ("forumi", "forumii", "forumiii", "forum1", "forum2", "forum3", "session", "workshop"),
}
"""field → headings that mean it, folded (lower case, letters and digits alone, no marks), the surest first:
where a list has several, that one is taken. German and English as organisers write them, and as the exports of
pretix, Eventbrite, Doodle, Google Forms and Microsoft Forms do."""
_FIELD_OF = {heading: field for field, headings in HEADERS.items() for heading in headings}
_RANK_OF = {heading: rank for headings in HEADERS.values() for rank, heading in enumerate(headings)}
_SEVERAL = "forum"  # the only field that many columns may be
_WHOLE_OR_FAMILY = {"name"}
"""Beside a column of given names it is the family name; without one it is the whole."""
_FAMILY_FIRST = {"nachnamevorname", "namevorname", "lastnamefirstname"}
_KNOWN_AND_LEFT_OUT = {
    *("exkursion", "country", "homecountry", "workcountry", "billingcountry", "staat", "nation", "nationality"),
    *("id", "timestamp", "zeitstempel", "starttime", "startzeit", "completiontime", "fertigstellungszeit"),
    *("lastmodifiedtime", "zeitpunktderletztenanderung", "uhrzeitderletztenanderung", "positionid", "positionsid"),
    *("quantity", "anzahl", "currency", "wahrung", "price", "preis", "totalpaid", "feespaid", "eventbritefees"),
    *("ordertype", "pricetier", "score", "punktzahl", "website", "gender", "geschlecht"),
}
"""What exports have beside, and what is kept of nobody here."""
_COLUMN = re.compile(r":[A-Z]{1,3}")
_NAMED_BY = ("ticket", "booking_number", "email", "given_name", "family_name", "organisation")

_STATUS: dict[str, Registration] = {
    "": "registered",
    "angemeldet": "registered",
    "bestatigt": "registered",
    "bezahlt": "registered",
    "registered": "registered",
    "attending": "registered",
    "checkedin": "registered",
    "completed": "registered",
    "zugesagt": "registered",
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
    "notattending": "cancelled",
    "refunded": "cancelled",
    "erstattet": "cancelled",
    "abgemeldet": "cancelled",
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
            heading_row=reading.heading_row,
            known=_headings_known,
        )
    return _Reader(name, groups, reading).read(sheet, partial=partial)


def column_key(heading: str, place: int | None = None) -> str:
    """What a column is chosen by: its heading, folded, or else the letters of its place (“:C”), which may also
    come in the place of a heading."""
    if _COLUMN.fullmatch(heading):
        return heading
    return folded(heading) or ("" if place is None else f":{column_letters(place)}")


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
        only = self._group_ids[0] if len(self._group_ids) == 1 else None
        self._group_for_all = reading.group if reading.group in known else only
        self._notes: list[RowNote] = []
        self._left_out: list[LeftOut] = []
        self._names_split = 0
        self._names_unsure = 0
        self._separator = ""
        self._is_family_first = False
        self._seen: dict[tuple[str, ...], int] = {}
        self._tickets: dict[str, tuple[int, tuple[str, str]]] = {}
        self._namesakes: dict[tuple[str, ...], tuple[int, str]] = {}
        self._categories: Counter[str] = Counter()
        self._is_german = False

    def read(self, sheet: Sheet, *, partial: bool) -> AttendeeList:
        header = sheet.header
        fields = self._fields(header)
        missing = self._missing({field for _, field in fields}, header, partial)
        self._is_german = _has_german_postcodes(sheet, fields)
        self._separator = sheet.separator
        self._is_family_first = any(
            field == "full_name" and folded(header[place]) in _FAMILY_FIRST for place, field in fields
        )
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
        if self._names_split:
            message = f"{self._names_split:,} whole names were split into given and family name. Look at some of them."
            self._note(max(sheet.heading_row, 1), "full_name", "names_split", message, "warning")
        taken = dict(fields)
        filled = _filled(sheet)
        return AttendeeList(
            form=sheet.form,
            rows=rows,
            left_out=self._left_out,
            heading_row=sheet.heading_row,
            heading_rows=_heading_rows(sheet),
            notes=self._notes,
            encoding=sheet.encoding,
            separator=sheet.separator,
            sheet=sheet.sheet,
            sheets=sheet.sheets,
            header=[
                ColumnRead(
                    heading=(text := heading.strip()[:HEADING_CHARS_MAX]),
                    field=taken.get(place, ""),
                    key=text if folded(text) else column_key("", place) if place in filled else "",
                )
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
            text = column_key(heading, place)
            if text in self._reading.columns:
                chosen.setdefault(self._reading.columns[text], []).append((-1, place))
            elif text in _FIELD_OF:
                chosen.setdefault(_FIELD_OF[text], []).append((_RANK_OF[text], place))
        chosen.pop("", None)
        rank, place = min(chosen.get("family_name", []), default=(-1, 0))
        is_recognised = rank >= 0 and folded(header[place]) in _WHOLE_OR_FAMILY
        if is_recognised and not chosen.keys() & {"given_name", "full_name"}:
            chosen["full_name"] = chosen.pop("family_name")
        return sorted(
            (place, field)
            for field, places in chosen.items()
            if field in HEADERS
            for _, place in (sorted(places) if field == _SEVERAL else sorted(places)[:1])
        )

    def _missing(self, taken: set[str], header: Sequence[str], partial: bool) -> tuple[str, ...]:
        missing = [] if taken & {"family_name", "full_name"} else ["family_name"]
        missing += ["group"] if "group" not in taken and self._group_for_all is None else []
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
        group = {"group"} if self._reading.group and self._group_for_all else set()
        return frozenset((taken | names | needs | group) - {"full_name", "variation", _SEVERAL})

    def _row(self, line: int, cells: list[str], fields: list[tuple[int, str]], width: int) -> AttendeeRow | None:
        if self._separator and self._is_quote_open(cells, dict(fields), width):
            message = (
                "A quotation mark may not be closed here: a cell goes on behind the line break, with separators in it."
                " The rows behind it may be in it."
            )
            return self._refuse(line, "", "quote_open", message, self._identity(cells, fields), is_unclear=True)
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            message = f"The row has {len(cells)} cells, the header {width}."
            return self._refuse(line, "", "cells_many", message, self._identity(cells, fields))
        if len(cells) < width // 2:
            message = f"The row has {len(cells)} cells, the header {width}."
            return self._refuse(line, "", "cells_few", message, self._identity(cells, fields))
        values: dict[str, str] = {}
        forums: list[str] = []
        for place, field in fields:
            cell = cells[place] if place < len(cells) else ""
            if len(cell) > CELL_CHARS_MAX:
                message = f"The cell has more than {CELL_CHARS_MAX:,} characters."
                return self._refuse(line, field, "cell_long", message, self._identity(cells, fields))
            text = self._cleaned(line, field, cell)
            if field == "forum":
                forums += [text] if text else []
            else:
                values[field] = text
        return self._attendee(line, values, tuple(forums))

    def _is_quote_open(self, cells: list[str], fields: dict[int, str], width: int) -> bool:
        """Whether a quotation mark that was lost has swallowed the end of its row and what comes behind it."""
        for place, cell in enumerate(cells):
            if "\n" not in cell:
                continue
            if cell.count('"') % 2:
                return True
            first, _, rest = cell.partition("\n")
            behind = width - 1 - place  # so many separators the row had still to come
            is_prose = len(cells) == width and fields.get(place, "remark") == "remark"
            if behind > 0 and not is_prose and first.count(self._separator) >= behind and self._separator in rest:
                return True
            if behind <= 0 and any(part.count(self._separator) >= max(1, width // 2) for part in rest.split("\n")):
                return True
        return False

    def _identity(self, cells: list[str], fields: list[tuple[int, str]]) -> dict[str, str]:
        """What a row says of who it is, without a word about how it is written."""
        values = {field: cells[place].strip() for place, field in fields if place < len(cells)}
        if not values.get("family_name") and values.get("full_name"):
            parts = self._parts(values["full_name"])
            values |= {"given_name": parts.given_name, "family_name": parts.family_name}
        return values

    def _attendee(self, line: int, values: dict[str, str], forums: tuple[str, ...]) -> AttendeeRow | None:
        if not values.get("family_name") and values.get("full_name"):
            self._split_name(line, values)
        values.pop("full_name", None)
        if not values.get("family_name"):
            return self._refuse(line, "family_name", "name_missing", "The row has no family name.", values)
        registration = _STATUS.get(folded(values.get("registration", "")))
        if registration is None:
            return self._refuse(
                line,
                "registration",
                "status_unknown",
                "This status is not known. Known are: angemeldet, Warteliste, storniert.",
                values,
            )
        group, named = self._group(values)
        if not named:
            group = self._group_for_all
        if group is None:
            message = f"This category is no group of the layout. There are: {self._group_names}."
            return self._refuse(line, "group", "group_unknown", message, values)
        if len(values.get("ticket", "")) > FOREIGN_CHARS_MAX:
            message = f"The ticket code has more than {FOREIGN_CHARS_MAX} characters."
            return self._refuse(line, "ticket", "ticket_long", message, values)
        self._mend(line, values)
        truths = {field: self._truth(line, field, values.pop(field, "")) for field in ("listed", "photo")}
        text = {field: value for field, value in values.items() if field not in ("registration", "group")}
        fields: dict[str, Any] = {"given_name": "", **text, **truths}
        attendee = Attendee(id="", group=group, registration=registration, **fields)
        return AttendeeRow(line=line, attendee=attendee, forums=forums)

    def _split_name(self, line: int, values: dict[str, str]) -> None:
        parts = self._parts(values["full_name"])
        values["given_name"], values["family_name"] = parts.given_name, parts.family_name
        for field, text in (("title", parts.title), ("salutation", parts.salutation)):
            if text and not values.get(field):
                values[field] = text
        self._names_split += 1
        if not parts.is_sure and self._names_unsure < NAMES_NOTED_MAX:
            self._names_unsure += 1
            message = "It is not sure where the family name begins: look at it."
            self._note(line, "full_name", "name_unsure", message, "warning")

    def _parts(self, name: str) -> NameParts:
        if self._is_family_first and name.count(" ") == 1 and "," not in name:
            name = name.replace(" ", ", ")
        parts = name_parts(name)
        is_sure = parts.is_sure and (not self._is_family_first or "," in name)
        return msgspec.structs.replace(parts, is_sure=is_sure)

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
            self._left_out.append(_left_out(row.line, {name: getattr(one, name) for name in _NAMED_BY}, duplicate=True))
            return None
        self._seen.update(dict.fromkeys(keys, row.line))
        known = (*names, one.organisation.casefold(), one.postcode)
        line, email = self._namesakes.setdefault(known, (row.line, one.email))
        if line != row.line and not (email and one.email):
            message = f"The same name as in line {line}: taken in as two people. If it is one, take one row out."
            self._note(row.line, "family_name", "namesake", message, "warning", line)
        return msgspec.structs.replace(row, attendee=one)

    def _refuse(
        self, line: int, column: str, code: str, message: str, values: dict[str, str], *, is_unclear: bool = False
    ) -> AttendeeRow | None:
        self._left_out.append(_left_out(line, values, unclear=is_unclear))
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


def _left_out(line: int, values: dict[str, str], *, duplicate: bool = False, unclear: bool = False) -> LeftOut:
    told = {field: values[field] for field in _NAMED_BY if values.get(field)}
    told |= {field: _proper_case(told[field]) for field in ("given_name", "family_name") if field in told}
    return LeftOut(line=line, **told, is_duplicate=duplicate, is_unclear=unclear)


def _filled(sheet: Sheet) -> set[int]:
    """The columns without a heading that have something in them."""
    bare = [place for place, heading in enumerate(sheet.header) if not folded(heading)]
    return {place for place in bare if any(place < len(cells) and cells[place].strip() for _, cells in sheet.rows)}


def _heading_rows(sheet: Sheet) -> list[HeadingRow]:
    return [
        HeadingRow(line=line, text=" · ".join(text)[:HEADING_ROW_CHARS])
        for line, cells in sheet.top
        if (text := [_letters(cell.strip())[:FIRST_CELL_CHARS] for cell in cells if cell.strip()])
    ]


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
    small = {place for place, word in enumerate(words) if word.casefold() in PARTICLES and place < len(words) - 1}
    return " ".join(
        word.lower() if place in small else re.sub(r"[^\W\d_]+", lambda part: part[0].capitalize(), word)
        for place, word in enumerate(words)
    )
