"""The page for lists: a file is looked at, mapped, saved and taken back (situations 59 to 61)."""

from __future__ import annotations

import json

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.axe import violations
from tests.browser.conftest import Opened
from tests.served import Served
from tests.venue import SLUG

IMPORTS = f"/events/{SLUG}/imports"
HEADER = "Ticketnr;Status;Vorname;Nachname;Ort;Kategorie;Lieblingsessen"
FIRST = (
    "T1;angemeldet;Jördis;Größe;Köln;Gäste;Möhren",
    "T2;angemeldet;Max;Muster;Düren;Gäste;",
    "T3;angemeldet;Eva;Weg;;Presse;",
)
SECOND = (
    "T1;angemeldet;Jördis;Größe;Düsseldorf;Gäste;Äpfel",
    "T2;angemeldet;Max;Muster;Düren;Gäste;",
    "T4;angemeldet;Zoë;Neu;Ulm;Städte;",
    "T5;angemeldet;;;Ulm;Gäste;",
)


def choose(page: Page, *rows: str, name: str = "liste.csv") -> None:
    content = "\r\n".join(("sep=;", HEADER, *rows)).encode("cp1252")
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})
    expect(page.locator("#h-looked")).to_have_text(f"Teilnehmerliste: {name}")


def test_list_is_looked_at_mapped_saved_and_taken_back(opened: Opened, served: Served) -> None:
    page = opened(IMPORTS)
    expect(page.locator("#earlier")).to_have_text("Noch nichts eingelesen.")
    choose(page, *FIRST)
    expect(page.locator("#recognised")).to_contain_text("CSV · Windows-1252 · 7 Spalten · 3 Zeilen")
    expect(page.locator("#first tbody tr").first).to_contain_text("JördisGröße")
    page.select_option("[name=encoding]", "UTF-8")
    expect(page.locator("#first tbody tr").first).to_contain_text("J\N{REPLACEMENT CHARACTER}rdis")
    page.select_option("[name=encoding]", "Windows-1252")
    expect(page.locator("#first tbody tr").first).to_contain_text("Jördis")
    page.select_option('[name="column Lieblingsessen"]', "diet")
    page.get_by_role("button", name="3 Änderungen speichern").click()
    expect(page.locator("#understood")).to_contain_text("Gespeichert – 10:00 Uhr, organiser")

    choose(page, *SECOND, name="neu.csv")
    page.locator("#all-columns summary").click()
    expect(page.locator("#all-columns")).to_contain_text("Lieblingsessengemerkt vom letzten Mal")
    page.select_option('[name="category Städte"]', "presse")
    # Who is gone is asked among the groups that the list has: Presse is one of them now.
    expect(page.locator("#counts")).to_have_text(
        "1neu1geändert1nicht mehr enthalten1unverändert1nicht übernommen0doppelt"
    )
    assert violations(page) == []
    page.locator("#counts").get_by_role("button", name="geändert").click()
    expect(page.locator("#differences li")).to_contain_text("Ort: Köln → Düsseldorf")
    expect(page.locator("#differences li")).to_contain_text("Verpflegung: Möhren → Äpfel")
    expect(page.locator("#notes")).to_contain_text("Nicht übernommen: Der Nachname fehlt.")
    page.get_by_label("1 Anmeldung stornieren").check()
    expect(page.locator("#gone")).to_contain_text("1 Zeile wurde nicht übernommen und passt zu niemandem")
    page.get_by_role("button", name="3 Änderungen speichern").click()
    expect(page.locator(".asking")).to_contain_text("Besser zuerst diese Zeilen in der Liste berichtigen")
    page.click(".asking .danger")
    expect(page.locator("#understood")).to_contain_text("Gespeichert")
    with_cookie = served.operator()
    assert _person(with_cookie, "weg")["registration"] == "cancelled"
    assert _person(with_cookie, "größe")["town"] == "Düsseldorf"

    page.locator("#deeds").get_by_role("button", name="Import zurücknehmen").click()
    expect(page.locator(".asking")).to_contain_text("„neu.csv“ zurücknehmen?")
    page.click(".asking .danger")
    expect(page.locator("#outcomes")).to_have_text("3 × zurückgenommen")
    assert _person(with_cookie, "weg")["registration"] == "registered"
    assert _person(with_cookie, "größe")["town"] == "Köln"
    for name in ("neu.csv", "liste.csv"):  # in any order: the clock of this centre stands
        expect(page.locator("#earlier li").filter(has_text=name)).to_be_visible()


def test_file_that_cannot_be_read_is_said_and_the_page_fits_a_phone(opened: Opened) -> None:
    page = opened(IMPORTS, 360, 780)
    expect(page.locator("#earlier")).to_have_text("Noch nichts eingelesen.")
    page.set_input_files("#file", {"name": "x.xlsx", "mimeType": "", "buffer": b"PK\x03\x04 kaputt"})
    expect(page.locator("#fault")).to_contain_text("Diese XLSX-Datei lässt sich nicht lesen")
    page.locator("#paste summary").click()
    page.fill("#pasted", f"{HEADER}\n{FIRST[0]}\n".replace(";", "\t"))
    page.get_by_role("button", name="Ansehen").click()
    expect(page.locator("#recognised")).to_contain_text("CSV · UTF-8")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Verwerfen").click()
    expect(page.locator("#looked")).to_be_hidden()


def _person(client: httpx.Client, name: str) -> dict[str, str]:
    found: dict[str, str] = client.get("/attendees", params={"q": name}).json()["attendees"][0]
    return found


def test_unknown_room_is_mapped_and_a_preview_that_is_older_than_the_data_is_shown_again(
    opened: Opened, served: Served
) -> None:
    page = opened(IMPORTS)
    expect(page.locator("#earlier")).to_have_text("Noch nichts eingelesen.")
    session = {"code": "A", "date": "2026-03-20T11:00:00+01:00", "duration": "01:00", "title": "Podium", "persons": []}
    content = json.dumps({"schedule": {"conference": {"days": [{"rooms": {"Kellerbar": [session]}}]}}}).encode()
    page.set_input_files("#file", {"name": "x.json", "mimeType": "application/json", "buffer": content})
    expect(page.locator("#notes")).to_contain_text("PodiumNicht übernommen: Dieser Raum ist nicht bekannt")
    assert violations(page) == []
    page.select_option('[name="room Kellerbar"]', "T")
    expect(page.locator("#differences li")).to_contain_text("Raum: Theater")
    expect(page.locator("#differences li")).not_to_contain_text("id:")

    choose(page, *FIRST)
    page.get_by_role("button", name="3 Änderungen speichern").click()
    expect(page.locator("#understood")).to_contain_text("Gespeichert")
    choose(page, *SECOND[:2], name="neu.csv")
    with_cookie = served.operator()
    id = _person(with_cookie, "größe")["id"]
    with_cookie.patch(f"/attendees/{id}", json={"town": "Essen"})
    page.get_by_role("button", name="1 Änderung speichern").click()
    expect(page.locator("#understood [role=alert]")).to_contain_text("seit dieser Vorschau geändert")
    expect(page.locator("#differences li")).to_contain_text("Ort: Essen → Düsseldorf")
    page.get_by_role("button", name="1 Änderung speichern").click()
    expect(page.locator("#understood")).to_contain_text("Gespeichert")
    assert _person(with_cookie, "größe")["town"] == "Düsseldorf"


def test_list_with_a_title_and_without_categories_is_mapped_on_a_phone(opened: Opened, served: Served) -> None:
    page = opened(IMPORTS, 360, 780)
    expect(page.locator("#earlier")).to_have_text("Noch nichts eingelesen.")
    content = b"Fachtagung;;\n;;\nName;;Ort\nDr. Ada Neu;ada@x.example;Ulm\n"
    page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.locator("#understood [role=alert]")).to_contain_text("Es fehlt eine Spalte für: Gruppe")
    expect(page.locator("#all-columns")).to_have_attribute("open", "")
    expect(page.locator('[name="heading row"]')).to_have_value("3")
    page.select_option('[name="heading row"]', "1")
    expect(page.locator("#understood [role=alert]")).to_contain_text("Nachname, Gruppe")
    page.select_option('[name="heading row"]', "3")
    page.get_by_label("Spalte B (ohne Überschrift)").select_option("email")
    page.get_by_label("Alle in Gruppe").select_option("presse")
    expect(page.locator("#notes")).to_contain_text("Ganze Namen wurden in Vor- und Nachnamen geteilt")
    expect(page.locator("#differences li").first).to_contain_text("Vorname: Ada")
    expect(page.locator("#differences li").first).to_contain_text("Nachname: Neu")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="1 Änderung speichern").click()
    expect(page.locator("#understood")).to_contain_text("Gespeichert")
    assert _person(served.operator(), "neu")["group"] == "presse"


def test_choice_made_while_another_one_is_still_read_counts_too(opened: Opened) -> None:
    page = opened(IMPORTS)
    expect(page.locator("#earlier")).to_have_text("Noch nichts eingelesen.")
    choose(page, *FIRST)
    page.locator("#all-columns summary").click()
    held: list[Route] = []
    page.route("**/imports/*", lambda route: held.append(route) if _is_change(route.request) else route.continue_())
    page.select_option('[name="column Lieblingsessen"]', "remark")
    page.select_option('[name="column Ort"]', "state")
    # The centre reads the whole file anew for each, one after the other.
    for _ in range(2):
        _wait_for(page, held)
        assert len(held) == 1
        held.pop().continue_()
    heads = page.locator("#first thead")
    expect(heads).to_contain_text("LieblingsessenBemerkung")
    expect(heads).to_contain_text("OrtBundesland")


def _is_change(request: Request) -> bool:
    return request.method == "PATCH"


def _wait_for(page: Page, held: list[Route]) -> None:
    for _ in range(100):
        if held:
            return
        page.wait_for_timeout(50)
    pytest.fail("nothing was sent")
