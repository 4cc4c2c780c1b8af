"""The own account, and an account that waits to be confirmed, as people see them."""

from __future__ import annotations

import re

import pyotp
from playwright.sync_api import Page, expect

from checkin.service import factors, people
from tests.browser.axe import violations
from tests.browser.conftest import Opened
from tests.served import PASSWORD, Served
from tests.web.test_operators import OTHER


def fill(page: Page, **fields: str) -> None:
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).fill(value)


def test_own_account_from_another_password_to_logging_out_everywhere(opened: Opened, served: Served) -> None:
    page = opened("/", 360, 780, role="steward")
    page.get_by_role("link", name="Konto: steward 0").click()
    expect(page.locator("#who")).to_have_text("steward 0 · Einlass")
    expect(page.locator("#logins li")).to_have_count(2)
    assert violations(page) == []

    fill(page, Bisheriges_Passwort="falsch", Neues_Passwort=OTHER, Passwort_noch_einmal=PASSWORD)
    page.get_by_role("button", name="Passwort ändern").click()
    expect(page.locator("#message")).to_have_text("Die beiden Passwörter sind verschieden.")
    fill(page, Passwort_noch_einmal=OTHER)
    page.get_by_role("button", name="Passwort ändern").click()
    expect(page.locator("#message")).to_have_text("Das Passwort ist falsch.")
    fill(page, Bisheriges_Passwort=PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Alle anderen Anmeldungen sind beendet")
    expect(page.locator("#logins li")).to_have_count(1)

    page.get_by_role("link", name="Zweiten Faktor einrichten").click()
    expect(page.locator("#qr")).to_have_attribute("src", re.compile("svg"))
    secret = (page.locator("#secret").text_content() or "").replace(" ", "")
    fill(page, Sechsstelliger_Code=pyotp.TOTP(secret).at(people.wall_ms() / 1000), Ihr_Passwort=OTHER)
    page.get_by_role("button", name="Zweiten Faktor einrichten").click()
    expect(page.locator("#codes li")).to_have_count(10)
    earlier = page.locator("#codes li").all_inner_texts()
    page.get_by_role("button", name="Aufbewahrt").click()

    expect(page.locator("#left")).to_have_text("Noch 10 unbenutzte Codes.")
    page.get_by_role("button", name="Neue Codes erzeugen").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Ihr Passwort").fill(OTHER)
    dialog.get_by_label("Code der App").fill(pyotp.TOTP(secret).at(people.wall_ms() / 1000 + factors.STEP_S))
    dialog.get_by_role("button", name="Neue Codes erzeugen").click()
    expect(page.locator("#codes li")).to_have_count(10)
    codes = page.locator("#codes li").all_inner_texts()
    assert not set(codes) & set(earlier)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []

    page.get_by_role("button", name="Überall abmelden").click()
    page.get_by_role("dialog").get_by_role("button", name="Überall abmelden").click()
    page.wait_for_url(re.compile("/login"))
    page.get_by_label("Name").fill("steward 0")
    page.get_by_label("Passwort").fill(OTHER)
    page.keyboard.press("Enter")
    page.get_by_label("Code der App").fill(codes[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Veranstaltungen")).to_be_visible()


def test_account_that_a_link_made_goes_on_by_itself_once_it_is_confirmed(opened: Opened, served: Served) -> None:
    page = opened("/")
    organiser = served.operator()
    made = organiser.post(f"{served.url}/api/v1/operators", json={"name": "Ayşe", "role": "organiser"}).json()
    invited = opened(f"/welcome{made['link'].partition('/welcome')[2]}", 360, 780, login=False)
    invited.get_by_label("Passwort (mindestens").fill(OTHER)
    invited.get_by_label("Passwort noch einmal").fill(OTHER)
    invited.get_by_role("button", name="Weiter").click()
    expect(invited.locator("#unconfirmed")).to_contain_text("organiser 1 hat den Link zu diesem Konto angelegt")
    assert violations(invited) == []
    page.reload()
    expect(page.locator("#waiting")).to_contain_text("Ayşe (Organisation)")
    assert violations(page) == []
    page.get_by_role("link", name="Nein, das war Ayşe nicht").click()
    expect(page.locator("#accounts")).to_contain_text("wartet auf Bestätigung")
    expect(page.get_by_role("button", name="Nein, das war Ayşe nicht")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Wer den Link benutzt hat, ist damit ausgesperrt.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ja, das war Ayşe").click()
    expect(page.locator("#notice")).to_contain_text("Ayşe ist bestätigt")
    expect(page.locator("#log li").first).to_contain_text("hat bestätigt, dass Ayşe den Link benutzt hat")
    expect(invited.get_by_role("heading", name="Neue Veranstaltung")).to_be_visible()
