"""Lists out over HTTP: right, harmless, only for those who may, and each taking a fact without names."""

from __future__ import annotations

import csv
import io
import json
import uuid
from typing import Any

import httpx
import msgspec
import openpyxl
import pypdf
import pytest

from checkin.badges.lists import NO_GLYPH
from checkin.core.layout import Layout
from checkin.core.model import Attendee, Group, Session
from checkin.core.names import search_words
from checkin.exchange.attendees import read_attendees
from checkin.service import closing, venues
from checkin.service.exports import KINDS, PREVIEW_ROWS
from checkin.service.schedule import import_schedule
from checkin.store import attendees, sessions
from checkin.store.engine import Transaction
from checkin.store.facts import newest_changes
from tests.served import Served
from tests.venue import SLUG, at, layout

PEOPLE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "m1": ("Jörg", "Müller", {"listed": True, "diet": "vegan", "organisation": "=1+1 GmbH"}),
    "m2": ("Ada", "Mueller", {"listed": False, "diet": "Vegan "}),
    "m3": ("Ada", "Mu", {"listed": True, "diet": "vegan"}),
    "m4": ("Zoë", "Mz", {"listed": True, "diet": "halal", "registration": "cancelled"}),
    "s1": ("محمد", "الأحمد", {"listed": True, "diet": "koscher", "group": "gast"}),
    "v1": ("Vera", "Prominent", {"listed": True, "group": "vip"}),
    "g1": ("A\U00012000", "Zeichen", {"listed": True}),
}
FORUM = Session(id="F1", area="T", title="Forum; eins", starts_at=at("10:00"), ends_at=at("11:00"), bookable=True)


def furnish(tx: Transaction, served: Served) -> None:
    plan = layout(house=100, hall=50)
    groups = [*plan.groups.values(), Group(id="vip", name="Ehrengäste", hidden=True)]
    venues.import_layout(
        tx, Layout(plan.event, groups, plan.areas.values(), plan.doors.values()), now=at("08:00"), by="test"
    )
    venue = served.centre.venues.venue(tx, SLUG)
    people = [
        Attendee(**{"id": id, "group": "gast", "given_name": given, "family_name": family, **more})
        for id, (given, family, more) in PEOPLE.items()
    ]
    attendees.add_attendees(tx, venue.id, [(one, search_words(one.family_name)) for one in people])
    import_schedule(tx, served.centre.venues, SLUG, [FORUM], now=at("08:00"), by="test")
    sessions.add_bookings(tx, venue.id, [("F1", "m1"), ("F1", "a2")])


@pytest.fixture
def organiser(served: Served) -> httpx.Client:
    served.write(lambda tx: furnish(tx, served))
    client = served.operator()
    client.headers["Accept"] = "*/*"
    return client


def scan(client: httpx.Client, served: Served, who: str, door: str, clock: str, direction: str = "entry") -> None:
    answer = client.post(
        "/scans",
        json={
            "id": str(uuid.uuid4()),
            "code": served.codes.get(who, ""),
            "door": door,
            "direction": direction,
            "scanned_at": f"2026-03-20T{clock}:00+01:00",
            "override": {"reason": "war angemeldet"} if door == "T-1" else None,
        },
    )
    assert answer.json()["outcome"] == "admitted", answer.text


def rows(client: httpx.Client, file: str, **query: Any) -> list[dict[str, str]]:
    answer = client.get(f"/exports/{file}", params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


@pytest.fixture
def day(organiser: httpx.Client, served: Served, monkeypatch: pytest.MonkeyPatch) -> httpx.Client:
    """a1 is in the forum and leaves; a2 booked it, and leaves the house unseen; a3 comes twice."""
    for clock, who, door, direction in (
        ("09:00", "a1", "D1", "entry"),
        ("09:00", "a2", "D1", "entry"),
        ("09:10", "a3", "D1", "entry"),
        ("09:30", "a3", "D1", "exit"),
        ("09:50", "a3", "D1", "entry"),
        ("10:10", "a1", "T-1", "entry"),
        ("10:40", "a1", "T-1", "exit"),
        ("10:50", "a1", "D6", "exit"),
    ):
        monkeypatch.setattr(served.centre, "clock", lambda clock=clock: at(clock))
        served.centre._intakes.clear()
        scan(organiser, served, who, door, clock, direction)
    monkeypatch.setattr(served.centre, "clock", lambda: at("12:00"))
    return organiser


def test_every_list_comes_in_every_format_and_names_its_file(day: httpx.Client) -> None:
    for kind in KINDS:
        for format, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("json", b"["), ("pdf", b"%PDF-")):
            answer = day.get(f"/exports/{kind}.{format}")
            assert answer.status_code == 200, (kind, format, answer.text)
            assert answer.content.startswith(begins)
            assert answer.headers["content-disposition"] == f'attachment; filename="{SLUG}-{kind}.{format}"'
            assert answer.headers["cache-control"] == "private, no-store"


def test_attendance_says_minutes_that_scans_show_and_keeps_others_apart_situation_70(
    day: httpx.Client, served: Served
) -> None:
    served.write(lambda tx: closing.close_day(tx, served.centre.venues, SLUG, now=at("12:00"), by="clock"))
    found = {row["Kennung"]: row for row in rows(day, "attendance.csv")}
    assert found.keys() == {"a1", "a2", "a3"}
    assert (found["a1"]["Minuten"], found["a1"]["Minuten ohne Ausgangsscan"], found["a1"]["Ende angenommen"]) == (
        "110",
        "0",
        "nein",
    )
    assert (found["a1"]["Angekommen"], found["a1"]["Gegangen"]) == ("20.03.2026 09:00:00", "20.03.2026 10:50:00")
    # Nobody saw a2 leave: taken as gone at the end of the programme, 11:00, and marked so.
    assert (found["a2"]["Minuten"], found["a2"]["Minuten ohne Ausgangsscan"], found["a2"]["Ende angenommen"]) == (
        "0",
        "120",
        "ja",
    )
    assert (found["a3"]["Minuten"], found["a3"]["Minuten ohne Ausgangsscan"]) == ("20", "70")


def test_who_is_inside_still_has_no_exit_in_the_lists(day: httpx.Client) -> None:
    found = {row["Kennung"]: row for row in rows(day, "attendance.csv")}
    assert (found["a2"]["Gegangen"], found["a2"]["Jetzt in"]) == ("", "Haus")
    times = [(row["Kennung"], row["Gekommen"][11:16], row["Gegangen"][11:16]) for row in rows(day, "times.csv")]
    assert times == [
        ("a1", "09:00", "10:50"),
        ("a2", "09:00", ""),
        ("a3", "09:10", "09:30"),
        ("a3", "09:50", ""),
    ]


def test_sessions_tell_who_booked_and_who_came(day: httpx.Client) -> None:
    found = {row["Kennung"]: row for row in rows(day, "sessions.csv")}
    assert {id: (row["Gebucht"], row["Gekommen"], row["Minuten"]) for id, row in found.items()} == {
        "a1": ("nein", "ja", "30"),
        "a2": ("ja", "nein", "0"),
        "m1": ("ja", "nein", "0"),
    }
    assert day.get("/exports/sessions.csv", params={"session": "F9"}).status_code == 404


def test_doors_count_passages_and_refusals_by_the_hour_without_names(day: httpx.Client) -> None:
    day.post("/scans", json={"id": str(uuid.uuid4()), "code": "UNBEKANNT", "door": "D1"})
    found = rows(day, "doors.csv")
    south = next(row for row in found if row["Tür"] == "D1")
    assert (south["Eintritte"], south["Austritte"], south["Stunde ab"]) == ("4", "1", "20.03.2026 09:00:00")
    assert sum(int(row["Code unbekannt"]) for row in found) == 1
    assert "Ada" not in day.get("/exports/doors.json").text


def test_list_of_participants_holds_only_who_agreed_in_german_order_situation_66(organiser: httpx.Client) -> None:
    names = [row["Nachname"] for row in rows(organiser, "participants.csv")]
    # ä as ae: Müller stands between Mu and Mz; VIP, cancelled and those who did not agree are left out.
    assert names == ["Mu", "Müller", "Zeichen", "الأحمد"]
    pdf = pypdf.PdfReader(io.BytesIO(organiser.get("/exports/participants.pdf").content))
    text = "".join(page.extract_text() for page in pdf.pages)
    assert "Mueller" not in text
    assert f"A{NO_GLYPH}" in text
    assert "Seite 1 von 1" in text
    assert "Tagung" in text


def test_consent_withdrawn_counts_in_the_next_export_situation_67(organiser: httpx.Client) -> None:
    assert organiser.patch("/attendees/m1", json={"listed": False}).status_code == 200
    assert [row["Nachname"] for row in rows(organiser, "participants.csv")] == ["Mu", "Zeichen", "الأحمد"]


def test_catering_and_no_shows_name_nobody_situation_71(day: httpx.Client) -> None:
    catering = {(row["Kategorie"], row["Verpflegung"]): row["Angemeldet"] for row in rows(day, "catering.csv")}
    assert catering["Alle", "vegan"] == "3"
    assert catering["Gäste", "vegan"] == "3"
    assert catering["Alle", "koscher"] == "1"
    assert [group for group, diet in catering if diet == "koscher"] == ["Alle"], "one alone is told with no group"
    day.post("/attendees", json={"id": str(uuid.uuid4()), "group": "gast", "family_name": "Spontan"})
    shows = {row["Kategorie"]: row for row in rows(day, "no_shows.csv")}
    guests = shows["Gäste"]
    assert (guests["Angemeldet"], guests["Gekommen"], guests["Nicht erschienen"]) == ("25", "3", "22")
    assert (guests["Nicht erschienen in %"], guests["Nachmeldungen"]) == ("88", "0")
    everything = day.get("/exports/catering.json").text + day.get("/exports/no_shows.json").text
    assert not any(family in everything for _, family, _ in PEOPLE.values())


def test_formulas_are_text_in_every_format_situation_62(organiser: httpx.Client) -> None:
    assert "'=1+1 GmbH" in organiser.get("/exports/attendees.csv").text
    book = openpyxl.load_workbook(io.BytesIO(organiser.get("/exports/attendees.xlsx").content))
    assert book.active is not None
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value == "=1+1 GmbH"]
    assert [cell.data_type for cell in cells] == ["s"]
    assert any(row["organisation"] == "=1+1 GmbH" for row in organiser.get("/exports/attendees.json").json())


def test_heads_speak_the_language_asked_for_or_that_of_programs(organiser: httpx.Client) -> None:
    assert organiser.get("/exports/no_shows.csv?language=en").text.startswith("\ufeffGroup;Registered")
    assert organiser.get("/exports/no_shows.csv?language=ids&comma=true").text.startswith("\ufeffgroup,registered")
    assert organiser.get("/exports/no_shows.csv?language=fr").json()["code"] == "language_unknown"
    assert organiser.get("/exports/nothing.csv").status_code == 404
    assert organiser.get("/exports/no_shows.doc").json()["code"] == "table_unknown"


def test_exported_attendees_can_be_imported_again(organiser: httpx.Client) -> None:
    groups = [*layout().groups.values(), Group(id="vip", name="Ehrengäste")]
    content = organiser.get("/exports/attendees.csv").content
    again = {
        row.attendee.family_name: row.attendee for row in read_attendees(content, name="x.csv", groups=groups).rows
    }
    assert (again["Müller"].diet, again["Müller"].listed, again["Mz"].registration) == ("vegan", True, "cancelled")


def test_each_export_is_a_fact_with_who_what_and_how_many_and_no_name(organiser: httpx.Client, served: Served) -> None:
    organiser.get("/exports/protocol.pdf")
    fact = served.write(lambda tx: newest_changes(tx, served.centre.venues.id(tx, SLUG), 1))[0]
    assert (fact.noun, fact.what, fact.ids, fact.count) == ("export", "protocol", ("pdf",), 1)
    assert "Prominent" not in msgspec.json.encode(fact).decode()
    listed = {one["id"]: one for one in organiser.get("/exports").json()["lists"]}
    assert listed["protocol"]["last"]["format"] == "pdf"
    assert listed["protocol"]["last"]["rows"] == 1
    assert listed["protocol"]["last"]["by"].startswith("organiser")
    assert listed["attendees"]["last"] is None


def test_only_those_who_may_get_a_list(organiser: httpx.Client, served: Served) -> None:
    safety, steward = served.operator("safety"), served.operator("steward")
    assert safety.get("/exports/protocol.csv").status_code == 200
    assert safety.get("/exports/attendees.csv").status_code == 403
    assert safety.get("/exports/attendees/preview").status_code == 403
    allowed = {one["id"] for one in safety.get("/exports").json()["lists"] if one["allowed"]}
    assert allowed == {"press", "protocol"}
    for path in ("/exports", "/exports/protocol.csv", "/exports/doors.csv", "/exports/doors/preview"):
        assert steward.get(path).status_code == 403


def test_preview_shows_the_first_rows_as_people_read_them(organiser: httpx.Client) -> None:
    preview = organiser.get("/exports/attendees/preview").json()
    assert len(preview["rows"]) == PREVIEW_ROWS
    assert preview["more"] is True
    assert preview["heads"][:3] == ["Kategorie", "Vorname", "Nachname"]
    assert preview["rows"][0][:3] == ["Gäste", "Ada", "Mu"]
    assert organiser.get("/exports/protocol/preview?language=en").json()["heads"][0] == "Salutation"


def test_json_has_ids_whatever_language_is_asked_for(day: httpx.Client) -> None:
    first = json.loads(day.get("/exports/scans.json?language=de").content)[0]
    assert (first["direction"], first["outcome"], first["kind"]) == ("entry", "admitted", "arrival")
    assert first["scanned_at"] == "2026-03-20T09:00:00.000+01:00"


def test_door_without_a_name_is_called_by_its_id(day: httpx.Client, served: Served) -> None:
    def nameless(tx: Transaction) -> None:
        plan = served.centre.venues.venue(tx, SLUG).layout
        doors = [msgspec.structs.replace(door, name=" ") for door in plan.doors.values()]
        venues.import_layout(
            tx, Layout(plan.event, plan.groups.values(), plan.areas.values(), doors), now=at("12:00"), by="test"
        )

    served.write(nameless)
    assert {row["Tür"] for row in rows(day, "doors.csv")} >= {"D1", "D6"}


def test_lists_of_scans_say_why_they_are_empty_where_an_event_has_no_doors(
    organiser: httpx.Client, served: Served
) -> None:
    def closed(tx: Transaction) -> None:
        plan = served.centre.venues.venue(tx, SLUG).layout
        venues.import_layout(
            tx, Layout(plan.event, plan.groups.values(), plan.areas.values(), []), now=at("12:00"), by="test"
        )

    served.write(closed)
    for kind in ("attendance", "times", "sessions", "doors"):
        notes = organiser.get(f"/exports/{kind}/preview").json()["notes"]
        assert any("keine Türen" in note for note in notes), kind
    assert not any("Türen" in note for note in organiser.get("/exports/attendees/preview").json()["notes"])
