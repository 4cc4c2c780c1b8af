"""Lists as people send them."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkin.core.errors import BadInput, CheckinError, TooLarge
from checkin.core.model import Group
from checkin.exchange import sheets as module
from checkin.exchange.attendees import AttendeeList, Reading, read_attendees

GROUPS = [Group(id="verwaltung", name="Kommunalverwaltung"), Group(id="presse", name="Presse")]
HEADER = "Buchungsnr;Ticketnr;Status;Anrede;Titel;Vorname;Nachname;PLZ;Bundesland;E-Mail;Kategorie;Bemerkung"


def read(text: str | bytes, encoding: str = "utf-8") -> AttendeeList:
    data = text if isinstance(text, bytes) else text.encode(encoding)
    return read_attendees(data, name="liste.csv", groups=GROUPS)


def row(**cells: str) -> str:
    known = {"Nachname": "Müller", "Kategorie": "Presse", **cells}
    return ";".join(known.get(column, "") for column in HEADER.split(";"))


def codes(listed: AttendeeList) -> list[str]:
    return [note.code for note in listed.notes]


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("first", ["", "sep=;\r\n"])
def test_list_is_read_in_every_encoding_situation_59(encoding: str, shown: str, first: str) -> None:
    listed = read(f"{first}{HEADER}\r\n{row(Vorname='Jürgen')}\r\n", encoding)
    assert listed.encoding == shown
    assert listed.separator == ";"
    assert [(one.attendee.given_name, one.attendee.family_name) for one in listed.rows] == [("Jürgen", "Müller")]


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_list_is_read_with_every_separator(separator: str) -> None:
    listed = read(f"{HEADER}\n{row()}\n".replace(";", separator))
    assert (listed.separator, len(listed.rows)) == (separator, 1)


def test_xlsx_is_read_by_its_content() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Vorname", "Name", "Gruppe", "PLZ", "Foto"])
    sheet.append(["Zoë", "Öztürk", "presse", 44135, True])
    content = io.BytesIO()
    book.save(content)
    listed = read(content.getvalue())
    one = listed.rows[0].attendee
    assert (listed.encoding, one.family_name, one.postcode, one.photo) == ("XLSX", "Öztürk", "44135", True)


def test_zip_bomb_is_refused() -> None:
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/a.xml", "w", force_zip64=True) as file,
    ):
        for _ in range(310):
            file.write(b"\0" * 1024 * 1024)
    with pytest.raises(TooLarge, match="unpacks to"):
        read(content.getvalue())


def test_large_file_is_refused() -> None:
    with pytest.raises(TooLarge, match="at most"):
        read(b"x" * (module.FILE_BYTES_MAX + 1))


@pytest.mark.parametrize(
    "data", [b"", b"  \n", b"PK\x03\x04broken", b"\x00\x01\x02\x03" * 50, b"\x89PNG\r\n\x1a\n\x00"]
)
def test_file_that_is_no_list_is_said(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"liste\.csv"):
        read(data)


def test_missing_columns_are_named_with_those_found() -> None:
    with pytest.raises(BadInput, match=r"lacks the columns Nachname and Kategorie.*Vorname, Farbe"):
        read("Vorname;Farbe\nZoë;rot\n")


def test_list_without_categories_is_read_where_there_is_one_group() -> None:
    listed = read_attendees(b"Vorname;Nachname\nAda;Neu\n", name="x", groups=GROUPS[:1])
    assert [row.attendee.group for row in listed.rows] == ["verwaltung"]


def test_unknown_columns_are_named_and_left_out() -> None:
    listed = read("Nachname;Kategorie;Farbe\nMüller;Presse;rot\n")
    assert (listed.unknown_columns, len(listed.rows)) == (("Farbe",), 1)


def test_broken_rows_are_reported_and_good_rows_enter_situation_61() -> None:
    listed = read(
        "\n".join(
            (
                HEADER,
                row(),
                row(Nachname=""),
                row(Kategorie="Gäste"),
                row(Status="vielleicht"),
                "a;b",
                row() + ";x;y",
                row(Vorname="Ada"),
            )
        )
    )
    assert len(listed.rows) == 2
    assert [(note.line, note.code) for note in listed.notes if note.level == "error"] == [
        (3, "name_missing"),
        (4, "group_unknown"),
        (5, "status_unknown"),
        (6, "cells_few"),
        (7, "cells_many"),
    ]


@pytest.mark.parametrize(
    ("cells", "field", "value", "code"),
    [
        ({"PLZ": "1067", "Bundesland": "Sachsen"}, "postcode", "01067", "postcode_padded"),
        ({"Anrede": "Frau Dr."}, "title", "Dr.", "title_split"),
        ({"Nachname": "MÜLLER-LÜDENSCHEIDT"}, "family_name", "Müller-Lüdenscheidt", "name_capitals"),
        ({"Nachname": "VON DER HEIDE"}, "family_name", "von der Heide", "name_capitals"),
        ({"Nachname": "Mu\u0308ller"}, "family_name", "Müller", "letters_composed"),
        ({"Vorname": '"&#321;ukasz"'}, "given_name", "Łukasz", "references_decoded"),
        ({"Bemerkung": '=HYPERLINK("x")'.replace('"', "")}, "remark", "=HYPERLINK(x)", "formula_kept"),
        ({"Bemerkung": '"erste\nzweite"'}, "remark", "erste\nzweite", None),
        ({"Nachname": "McDonald"}, "family_name", "McDonald", None),
        ({"Nachname": "العلي"}, "family_name", "العلي", None),
        ({"Status": "Warteliste"}, "registration", "waiting", None),
        ({"Status": "storniert"}, "registration", "cancelled", None),
        ({"Kategorie": "KOMMUNALVERWALTUNG"}, "group", "verwaltung", None),
    ],
)
def test_trap_is_mended_and_noted(cells: dict[str, str], field: str, value: str, code: str | None) -> None:
    listed = read(f"{HEADER}\n{row(**cells)}\n")
    assert getattr(listed.rows[0].attendee, field) == value
    assert codes(listed) == ([code] if code else [])


def test_duplicate_is_taken_once_and_one_mailbox_may_serve_many() -> None:
    listed = read(
        "\n".join(
            (
                HEADER,
                row(Ticketnr="T1", Vorname="Ada", **{"E-Mail": "amt@stadt.example"}),
                row(Ticketnr="t1", Vorname="Ada"),
                row(Ticketnr="T2", Vorname="Eva", **{"E-Mail": "amt@stadt.example"}),
                ";" * 11,
                "",
            )
        )
    )
    assert [one.attendee.given_name for one in listed.rows] == ["Ada", "Eva"]
    assert [(note.line, note.code) for note in listed.notes] == [(3, "duplicate")]
    assert listed.empty_rows == 1


def test_notes_never_hold_what_stands_in_the_cells() -> None:
    listed = read(
        "\n".join((HEADER, row(Nachname="GEHEIMNIS", Status="privat", Kategorie="vertraulich", Anrede="Frau Dr.")))
    )
    words = " ".join(note.message for note in listed.notes).lower()
    assert not any(secret in words for secret in ("geheimnis", "privat", "vertraulich"))


def test_ten_thousand_rows_are_read() -> None:
    text = "\n".join((HEADER, *(row(Ticketnr=f"T{n}", Vorname=f"V{n}") for n in range(10_000))))
    assert len(read(text).rows) == 10_000


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda text: f"{HEADER}\n{text}".encode())))
def test_any_bytes_give_a_list_or_a_clear_error(data: bytes) -> None:
    try:
        listed = read(data)
    except CheckinError as error:
        assert error.message
    else:
        assert listed.rows_read >= len(listed.rows)


@pytest.mark.parametrize("text", ["+49 211", "=cmd", "@SUM(1)", "-2+3", "\t=1"])
def test_file_of_ours_is_read_without_the_apostrophe_that_was_put_before(text: str) -> None:
    kept = text.strip()
    assert read(f"{HEADER}\n{row(Bemerkung=chr(39) + text)}\n").rows[0].attendee.remark == kept
    name = read(f"{HEADER}\n{row(Nachname=chr(39) + 't Hooft')}\n").rows[0].attendee.family_name
    assert name == "'t Hooft"


def test_same_ticket_with_another_name_enters_without_the_ticket() -> None:
    listed = read("\n".join((HEADER, row(Ticketnr="T1", Vorname="Ada"), row(Ticketnr="t1", Vorname="Eva"))))
    assert [(one.attendee.given_name, one.attendee.ticket) for one in listed.rows] == [("Ada", "T1"), ("Eva", "")]
    assert [(note.line, note.code, note.earlier) for note in listed.notes] == [(3, "ticket_again", 2)]


@pytest.mark.parametrize(
    ("postcodes", "state", "value", "code"),
    [
        (("1067", "44135", "50667"), "", "01067", "postcode_padded"),
        (("1067",), "", "1067", "postcode_short"),
        (("1010", "44135", "50667"), "Österreich", "1010", None),
    ],
)
def test_lost_zero_of_a_postcode_comes_back_in_a_german_list_or_is_asked_for_situation_61(
    postcodes: tuple[str, ...], state: str, value: str, code: str | None
) -> None:
    listed = read("\n".join((HEADER, *(row(PLZ=postcode, Bundesland=state) for postcode in postcodes))))
    assert listed.rows[0].attendee.postcode == value
    assert codes(listed) == ([code] if code else [])


def test_rows_are_counted_as_a_spreadsheet_shows_them_after_a_cell_with_line_breaks() -> None:
    listed = read(f"{HEADER}\n{row(Bemerkung=chr(34) + 'a' + chr(10) + 'b' + chr(34))}\n\n{row(Nachname='')}\n")
    assert [(note.line, note.code) for note in listed.notes] == [(4, "name_missing")]


@pytest.mark.parametrize(("text", "noted"), [("-2+3", True), ("-", False), ("– keine", False), ("- keine", False)])
def test_minus_before_a_formula_is_noted(text: str, noted: bool) -> None:
    assert codes(read(f"{HEADER}\n{row(Bemerkung=text)}\n")) == (["formula_kept"] if noted else [])


def test_whole_name_is_a_heading() -> None:
    one = read("Ganzer Name;Kategorie\nAda von der Heide;Presse\n").rows[0].attendee
    assert (one.given_name, one.family_name) == ("Ada", "von der Heide")


def columns(listed: AttendeeList) -> dict[str, str]:
    return {column.key: column.field for column in listed.header if column.key}


@pytest.mark.parametrize("title", ["Anmeldungen zur Fachtagung", "Name der Tagung; Dortmund", "Stand, 1. März\n\n"])
def test_headings_are_found_below_a_title(title: str) -> None:
    listed = read(f"{title}\n\n{HEADER}\n{row(Vorname='Ada')}\n")
    assert [(one.attendee.given_name, one.attendee.family_name) for one in listed.rows] == [("Ada", "Müller")]
    assert listed.heading_row == len(title.split("\n")) + 2
    assert listed.rows[0].line == listed.heading_row + 1
    assert [one.line for one in listed.heading_rows] == [1, listed.heading_row, listed.heading_row + 1]


def test_headings_are_found_below_a_merged_title_of_a_workbook() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in (
        ["Anmeldungen zur Fachtagung"],
        [],
        ["Vorname", "Nachname", "Kategorie"],
        ["Zoë", "Öztürk", "Presse"],
    ):
        sheet.append(cells)
    sheet.merge_cells("A1:C1")
    content = io.BytesIO()
    book.save(content)
    listed = read(content.getvalue())
    assert (listed.heading_row, [one.attendee.name for one in listed.rows]) == (3, ["Zoë Öztürk"])


def how(text: str, **reading: Any) -> AttendeeList:
    return read_attendees(text.encode(), name="x", groups=GROUPS, reading=Reading(**reading), partial=True)


def test_other_row_of_headings_is_chosen_or_none_and_columns_go_by_their_letters() -> None:
    text = "Vorname;Nachname;Kategorie\nGiven name;Surname;Category\nAda;Neu;Presse\n"
    assert [one.line for one in how(text, heading_row=2).rows] == [3]
    bare = how("Ada;Neu;Presse\nEva;Weg;Presse\n", heading_row=-1, columns={":B": "family_name", ":C": "group"})
    assert [(one.line, one.attendee.family_name) for one in bare.rows] == [(1, "Neu"), (2, "Weg")]


def test_column_without_a_heading_is_known_by_its_letters_where_it_has_something_in_it() -> None:
    text = "Vorname;Nachname;;Kategorie;;\nAda;Neu;ada@x.example;Presse;;\n"
    assert columns(how(text)) == {"Vorname": "given_name", "Nachname": "family_name", ":C": "", "Kategorie": "group"}
    assert how(text, columns={":C": "email"}).rows[0].attendee.email == "ada@x.example"
    wider = "Nachname;Kategorie\n" + "Neu;Presse;ada@x.example\n" * 3
    assert columns(how(wider)) == {"Nachname": "family_name", "Kategorie": "group", ":C": ""}


def test_group_for_all_stands_where_a_row_names_no_category() -> None:
    assert how("Vorname;Nachname\nAda;Neu\n").missing == ("group",)
    listed = how("Vorname;Nachname\nAda;Neu\n", group="presse")
    assert (listed.missing, listed.rows[0].attendee.group, "group" in listed.fields) == ((), "presse", True)
    mixed = how("Nachname;Kategorie\nNeu;\nWeg;Kommunalverwaltung\n", group="presse")
    assert [one.attendee.group for one in mixed.rows] == ["presse", "verwaltung"]


def test_name_beside_no_given_name_is_the_whole_name_and_somebody_looks_at_it() -> None:
    listed = read("Name;Kategorie\nDr. Anna Meier-Schulz;Presse\nMeier, Anna;Presse\nAnna Maria Meier;Presse\n")
    people = [(one.attendee.title, one.attendee.given_name, one.attendee.family_name) for one in listed.rows]
    assert people == [("Dr.", "Anna", "Meier-Schulz"), ("", "Anna", "Meier"), ("", "Anna Maria", "Meier")]
    assert [(note.line, note.code) for note in listed.notes] == [(4, "name_unsure"), (1, "names_split")]
    assert columns(listed)["Name"] == "full_name"
    assert columns(read("Name;Vorname;Kategorie\nMeier;Anna;Presse\n"))["Name"] == "family_name"
    by_hand = how("Name;Kategorie\nDr. Anna Meier;Presse\n", columns={"name": "family_name"})
    assert by_hand.rows[0].attendee.family_name == "Dr. Anna Meier"
    reversed_ = read("Nachname, Vorname;Kategorie\nMeier Anna;Presse\n").rows[0].attendee
    assert (reversed_.given_name, reversed_.family_name) == ("Anna", "Meier")


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        # Eventbrite
        (
            "Order #,First Name,Last Name,Email,Ticket Type,Barcode #,Attendee Status,Cell Phone,Home City,Job Title",
            "booking_number,given_name,family_name,email,group,ticket,registration,phone,town,position",
        ),
        # pretix
        ("Order code,Attendee name,Product,Secret,Attendee email", "booking_number,full_name,group,ticket,email"),
        # Google Forms
        ("Timestamp,Email Address,Full name,Dietary restrictions,Comments", ",email,full_name,diet,remark"),
        ("Zeitstempel,E-Mail-Adresse,Vor- und Nachname,Essenswunsch", ",email,full_name,diet"),
        # Microsoft Forms
        ("ID,Start time,Completion time,Email,Your name,Accessibility", ",,,email,full_name,needs"),
        ("ID,Startzeit,Fertigstellungszeit,E-Mail,Ihr Name,Hinweise", ",,,email,full_name,remark"),
        # Doodle
        ("Participant,Email,Phone", "full_name,email,phone"),
        (
            "Last name,Dietary requirements,Accessibility,Participant list,Notes,Country",
            "family_name,diet,needs,listed,remark,",
        ),
        ("Nachname,Unverträglichkeiten,Show in participant list,Kommentar", "family_name,diet,listed,remark"),
    ],
)
def test_headings_of_common_exports_are_known(headings: str, fields: str) -> None:
    listed = how(f"{headings}\n")
    assert [column.field for column in listed.header] == fields.split(",")
    assert listed.unknown_columns == ()


@pytest.mark.parametrize(
    "rows",
    [
        '"Anna;Meier;Presse;\nBob;Klein;Presse;\n',
        'Anna;Meier;"Presse;\nBob;Klein;Presse;\n',
        'Anna;Meier;Presse;"vegan\nBob;"Klein";Presse;\n',
        '"Anna";"Meier";"Presse;\n"Bob";"Klein";"Presse";\n',
    ],
)
def test_lost_quotation_mark_is_told_where_it_swallows_the_next_row(rows: str) -> None:
    listed = read(f"Vorname;Nachname;Kategorie;Bemerkung\n{rows}")
    assert ([(note.line, note.code) for note in listed.notes], listed.rows) == ([(2, "quote_open")], [])
    assert [one.is_unclear for one in listed.left_out] == [True]


def test_remark_of_several_lines_is_no_lost_quotation_mark() -> None:
    listed = read('Nachname,Bemerkung,Kategorie\nMeier,"Hallo, ja\nbitte, vegan",Presse\n')
    assert (codes(listed), listed.rows[0].attendee.remark) == ([], "Hallo, ja\nbitte, vegan")


def test_rows_that_are_left_out_still_say_who_it_is() -> None:
    listed = read(f"{HEADER}\n{row(Ticketnr='T1', Kategorie='Prese')}\n{row(Buchungsnr='B2')};x;y\n")
    told = [(one.line, one.ticket, one.booking_number, one.family_name) for one in listed.left_out]
    assert told == [(2, "T1", "", "Müller"), (3, "", "B2", "Müller")]


def test_namesakes_that_nothing_tells_apart_are_two_with_a_hint() -> None:
    ada = ("Ada", "A")
    rows = [
        row(Ticketnr=f"T{n}", Vorname=given, Nachname=family, **{"E-Mail": email})
        for n, (given, family, email) in enumerate([(*ada, "a@x.example"), (*ada, "b@x.example"), (*ada, "")])
    ]
    listed = read("\n".join((HEADER, *rows)))
    assert len(listed.rows) == 3
    assert [(note.line, note.code, note.earlier, note.level) for note in listed.notes] == [
        (4, "namesake", 2, "warning")  # shown: what is merely mended is counted
    ]
