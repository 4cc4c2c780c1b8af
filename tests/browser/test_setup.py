"""From nothing to the first badge, in a browser alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from checkin.exchange.layout import read_layout
from checkin.service import operators
from checkin.service.venues import Venues
from checkin.store.engine import Store
from tests.served import Served, serve
from tests.venue import DAY, at

PASSWORD = "ein langes Passwort"
EVENT = "sommerfest"
SEEN = """(() => {
  const [one, bar] = [document.activeElement, document.querySelector("#saving")];
  return bar.contains(one) || one.getBoundingClientRect().top < bar.getBoundingClientRect().top;
})()"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A service on an empty database."""

    async def nothing(store: Store, venues: Venues) -> dict[str, str]:
        return {}

    with serve(tmp_path, furnish=nothing, second_factor="required", clock=lambda: at("10:00")) as one:
        yield one


def first_organiser(page: Page, served: Served) -> list[str]:
    """By the link of the terminal, with a second factor; returns the recovery codes."""
    code = served.write(operators.open_setup)
    page.goto(f"{served.url}/welcome#{code}")
    page.get_by_label("Ihr Name").fill("Mira")
    page.get_by_label("Passwort (mindestens").fill(PASSWORD)
    page.get_by_label("Passwort noch einmal").fill(PASSWORD)
    page.get_by_role("button", name="Weiter").click()
    expect(page.locator("#qr")).to_have_attribute("src", re.compile("svg"))
    # Nothing else opens before the second factor stands.
    assert urlparse(page.request.get(f"{served.url}/").url).path == "/second-factor"
    assert page.request.get(f"{served.url}/api/v1/events").status == 403
    secret = (page.locator("#secret").text_content() or "").replace(" ", "")
    page.get_by_label("Sechsstelliger Code").fill(pyotp.TOTP(secret).now())
    page.get_by_label("Ihr Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Zweiten Faktor einrichten").click()
    expect(page.locator("#codes li")).to_have_count(10)
    codes = page.locator("#codes li").all_inner_texts()
    page.get_by_role("button", name="Aufbewahrt").click()
    expect(page.get_by_role("heading", name="Neue Veranstaltung")).to_be_visible()
    return codes


def add(page: Page, part: str, **fields: str) -> None:
    """Add a row to a part of the form and fill it in."""
    page.locator(f"#{part} .add button").click()
    row = page.locator(f"#{part} .rows > li").last
    for label, value in fields.items():
        labelled = row.locator("label").filter(has=page.get_by_text(label.replace("_", " "), exact=True))
        field = labelled.locator("input, select")
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)


def save(page: Page) -> None:
    page.get_by_role("button", name="Ansehen und speichern").click()
    page.get_by_role("dialog").get_by_role("button", name="Eintragen").click()
    expect(page.locator("#unsaved")).to_have_text("Alles gespeichert")


def paired_door(browser: Browser, page: Page, served: Served, event: str) -> Page:
    """The page of a door's new device, paired by its link."""
    page.goto(f"{served.url}/events/{event}/devices")
    page.locator("#add [name=name]").fill("Tablet Süd")
    page.locator("#add button").click()
    expect(page.locator("#pairing")).to_be_visible()
    devices = page.request.get(f"{served.url}/api/v1/events/{event}/devices").json()["devices"]
    pairing = page.request.post(f"{served.url}/api/v1/events/{event}/devices/{devices[0]['id']}/pairing").json()
    tablet = browser.new_context(locale="de-DE").new_page()
    tablet.goto(pairing["link"])
    tablet.get_by_role("button").first.click()
    expect(tablet).to_have_url(re.compile(f"/events/{event}/door/"))
    return tablet


def test_organiser_sets_an_event_up_from_nothing_to_the_first_badge(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    context = browser.new_context(locale="de-DE", viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    codes = first_organiser(page, served)

    page.get_by_label("Name der Veranstaltung").fill("Sommerfest")
    expect(page.get_by_label("Kurzname")).to_have_value(EVENT)
    page.get_by_label("Datum").fill(DAY.isoformat())
    page.get_by_label("Name des Hauses").fill("Straßenbahnhalle")
    page.get_by_label("Zugelassene Gäste").fill("690")
    page.get_by_role("button", name="Anlegen").click()
    assert faults == []
    expect(page.locator("#steps .due")).not_to_have_count(0)

    # Whatever the keyboard stands on is seen above the bar that stays at the bottom (WCAG 2.4.11).
    for width, height in ((360, 780), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator("#event-fields input").first.focus()
        while not page.evaluate("document.activeElement.closest('#saving, #files') !== null"):
            page.keyboard.press("Tab")
            assert page.evaluate(SEEN), page.evaluate("document.activeElement.outerHTML")

    add(page, "group", Name="Gäste")
    add(page, "group", Name="Helfende „Nord“", Zählt_als="Crew")
    add(page, "area", Name="Theater", Zugelassene_Gäste="220", Liegt_in="Straßenbahnhalle")
    add(page, "door", Name="Süd", Öffnet_um="12:00", Schließt_um="09:00")
    add(page, "door", Name="Theater 1", Führt_in="Theater")
    add(page, "hold", Raum="Theater", Plätze="8", Für_die_Gruppe="Helfende „Nord“")
    expect(page.locator("#tree .inner .box")).to_have_text(re.compile("Theater.*220"))
    # Forms that were opened and left empty are nobody's wish.
    add(page, "group")
    add(page, "door")

    # The fault stands at its field; mended, everything is shown once more and saved.
    page.get_by_role("button", name="Ansehen und speichern").click()
    wrong = page.locator("[aria-invalid=true]")
    expect(wrong).to_have_count(1)
    expect(page.locator("#door .wrong .fault")).to_contain_text("schließt, bevor sie öffnet")
    wrong.fill("18:00")
    save(page)
    expect(page.locator("#group .rows > li")).to_have_count(2)
    expect(page.locator("#steps li.done", has_text="Türen: 2")).to_be_visible()

    # Taken back and forth again.
    page.locator("#deeds button", has_text="zurücknehmen").click()
    expect(page.locator("#door .rows > li")).to_have_count(0)
    page.locator("#deeds button", has_text="zurücknehmen").click()
    expect(page.locator("#door .rows > li")).to_have_count(2)
    with page.expect_download() as loading:
        page.get_by_role("link", name="Datei herunterladen").click()
    file = Path(loading.value.path()).read_bytes()
    page.locator("#layoutfile").set_input_files(Path(loading.value.path()))
    expect(page.locator("#notice")).to_contain_text("nichts zu speichern")
    layout = read_layout(file)
    assert {area.name: area.visitors for area in layout.areas.values()} == {"Straßenbahnhalle": 690, "Theater": 220}
    assert [hold.group for hold in layout.holds] == ["helfende-nord"]
    assert tomllib.loads(file.decode())["event"]["name"] == "Sommerfest"

    # The programme.
    page.goto(f"{served.url}/events/{EVENT}/programme")
    page.get_by_role("button", name="Programmpunkt hinzufügen").click()
    page.get_by_label("Titel", exact=True).fill("Eröffnung")
    page.get_by_label("Raum").select_option(label="Theater")
    page.get_by_label("Beginn").fill(f"{DAY}T11:00")
    page.get_by_label("Ende", exact=True).fill(f"{DAY}T12:00")
    page.get_by_role("button", name="Eintragen").click()
    expect(page.locator("#sessions li", has_text="Eröffnung")).to_contain_text("11:00–12:00")

    # Somebody at the desk, and the badge.
    walk_in = {"given_name": "Ayşe", "family_name": "Yıldız", "group": "gaeste"}
    made = page.request.post(f"{served.url}/api/v1/events/{EVENT}/attendees", data=walk_in)
    assert made.ok, made.text()
    attendee = made.json()
    badge = page.request.post(f"{served.url}/api/v1/events/{EVENT}/attendees/{attendee['id']}/badges", data={})
    assert badge.ok, badge.text()
    pdf = page.request.get(f"{served.url}/api/v1/events/{EVENT}/badges/{badge.json()['id']}.pdf")
    assert pdf.body().startswith(b"%PDF")

    # A door's device, paired by its link.
    tablet = paired_door(browser, page, served, EVENT)
    tablet.context.close()

    # Everything is done but the holds of the others, and the log-in asks for a code, which works once.
    page.goto(f"{served.url}/events/{EVENT}/setup")
    expect(page.locator("#steps .due")).to_have_text([re.compile("Konten: 1"), re.compile("gedruckt: 0 von 1")])
    context.clear_cookies()
    page.goto(f"{served.url}/login")
    for again in (False, True):
        page.get_by_label("Name", exact=True).fill("Mira")
        page.get_by_label("Passwort", exact=True).fill(PASSWORD)
        if not again:
            page.get_by_role("button", name="Anmelden").click()
        else:
            page.locator("#codefield").evaluate("field => (field.hidden = false)")
        page.get_by_label("Code der App").fill(codes[0].lower())
        page.get_by_role("button", name="Anmelden").click()
        if not again:
            expect(page.get_by_role("link", name="Sommerfest")).to_be_visible()
            context.clear_cookies()
            page.goto(f"{served.url}/login")
        else:
            expect(page.locator("#message")).to_be_visible()
    assert faults == []
    context.close()
