"""The organiser's way out: choose a list, look at it, take the file; tell another system, and see how it takes it."""

from __future__ import annotations

import csv
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

from checkin.store import attendees
from tests.browser.conftest import Opened
from tests.served import Served
from tests.venue import SLUG
from tests.web.test_works import hold_lists


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str]]]:
    """An address that takes everything, and the types of what it took."""
    taken: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["type"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", taken
    server.shutdown()
    server.server_close()


def test_organiser_takes_a_list_and_connects_another_system(
    opened: Opened, served: Served, receiver: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, taken = receiver
    served.centre.webhooks.private = True

    def consent(tx: object) -> None:
        venue = served.centre.venues.id(tx, SLUG)  # type: ignore[arg-type]
        one = attendees.load_attendee(tx, venue, "a1")  # type: ignore[arg-type]
        assert one is not None
        tx.run("UPDATE attendee SET listed = 1, organisation = '=1+1' WHERE id = 'a1'")  # type: ignore[attr-defined]

    served.write(consent)
    page = opened(f"/events/{SLUG}/exports")
    card = page.locator('[data-list="participants"]')
    expect(card).to_contain_text("Noch nie ausgegeben")
    card.get_by_role("button", name="Vorschau: Liste der Teilnehmenden").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("tbody tr")).to_have_count(1)
    expect(dialog).to_contain_text("Nr a1")
    dialog.get_by_role("button", name="Schließen").click()

    with page.expect_download() as started:
        card.get_by_role("button", name="Liste der Teilnehmenden als CSV").click()
    assert started.value.suggested_filename == f"{SLUG}-participants.csv"
    file = tmp_path / "list.csv"
    started.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as opened_file:
        rows = list(csv.DictReader(opened_file, delimiter=";"))
    assert [(row["Nachname"], row["Institution"]) for row in rows] == [("Nr a1", "'=1+1")]
    expect(card).to_contain_text("CSV, 1 Zeilen")

    page.get_by_role("button", name="Webhook anlegen").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Adresse").fill(url)
    form.get_by_label("Austritt").uncheck()
    form.get_by_role("button", name="Webhook anlegen").click()
    expect(page.get_by_role("dialog")).to_contain_text("whsec_")
    page.get_by_role("dialog").get_by_role("button", name="Schließen").click()
    hook = page.locator("[data-hook]")
    expect(hook).to_contain_text("Eintritt, Badge")
    hook.get_by_role("button", name="Test senden").click()
    expect(page.locator("#notice")).to_contain_text("Angenommen (204")
    assert taken == ["test"]
    hook.get_by_role("button", name="Protokoll").click()
    expect(page.get_by_role("dialog").locator("tbody tr")).to_contain_text(["204 angenommen"])


def test_long_list_says_how_far_it_is_and_is_stopped_or_left_and_found_again(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = hold_lists(monkeypatch)
    page = opened(f"/events/{SLUG}/exports")
    as_pdf = page.get_by_role("button", name="Teilnehmende als PDF", exact=True)
    as_pdf.click()
    bar = page.get_by_role("progressbar", name="Die Liste wird geschrieben")
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"[1-9]\d?"))
    expect(page.get_by_text("Die Seite kann verlassen werden")).to_be_visible()
    page.get_by_role("button", name="Abbrechen").click()
    expect(bar).to_have_count(0)
    expect(page.get_by_text("Abgebrochen.")).to_be_visible()

    as_pdf.click()
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"[1-9]\d?"))
    page.goto(page.url.replace("/exports", "/papers"))
    with page.expect_download() as started:
        page.goto(page.url.replace("/papers", "/exports"))
        expect(bar).to_have_attribute("aria-valuenow", re.compile(r"[1-9]\d?"))
        goes_on.set()
    assert started.value.suggested_filename == f"{SLUG}-attendees.pdf"
    expect(bar).to_have_count(0)
