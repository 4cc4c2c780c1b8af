"""Orders of pretix: its exports, and its API as a small server speaks it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from checkin.__main__ import main
from checkin.core.errors import BadInput, Busy, CheckinError, NotAllowed, NotFound
from checkin.core.model import Group
from checkin.exchange.attendees import AttendeeList, Reading, read_attendees
from checkin.exchange.layout import write_layout
from checkin.exchange.pretix_api import fetch_orders
from checkin.exchange.sheets import folded
from tests.venue import SLUG, layout

GROUPS = [Group(id="gast", name="Gäste"), Group(id="presse", name="Presse")]
ITEMS = [
    {
        "id": 1,
        "name": {"de": "Ticket", "en": "Ticket"},
        "admission": True,
        "variations": [{"id": 11, "value": {"de": "Presse"}}],
    },
    {"id": 2, "name": {"de": "Forum Kino"}, "admission": False, "variations": []},
    {"id": 3, "name": {"de": "Becher"}, "admission": False, "variations": []},
]
QUESTIONS = [{"id": 7, "question": {"de": "Verpflegung"}, "identifier": "ABC"}, {"id": 8, "question": {"de": "Verein"}}]


def position(id: int, **more: Any) -> dict[str, Any]:
    known = {
        "id": id,
        "positionid": 1,
        "item": 1,
        "variation": None,
        "attendee_name": "Ada Öz",
        "secret": f"secret{id}",
    }
    return {**known, "addon_to": None, "canceled": False, "answers": [], **more}


def order(code: str, *positions: dict[str, Any], status: str = "p", **more: Any) -> dict[str, Any]:
    known = {"code": code, "status": status, "testmode": False, "email": "a@x.example", "locale": "de"}
    return {
        **known,
        "datetime": "2026-02-01T09:00:00+01:00",
        "positions": list(positions),
        "payments": ["x" * 50],
        **more,
    }


ORDERS = [
    order(
        "ABC12",
        position(1, attendee_name_parts={"_scheme": "given_family", "given_name": "Ada", "family_name": "von Öz"}),
        position(2, item=2, addon_to=1, attendee_name=None),
        position(3, item=3),
    ),
    order(
        "DEF34",
        position(4, attendee_name="Eva Maria Łęcka", variation=11, answers=[{"question": 7, "answer": "vegan"}]),
    ),
    order("GHI56", position(5, attendee_name="Jo Neu", canceled=True), position(6, attendee_name="Mo Neu")),
    order("JKL78", position(7), status="e"),
    order("MNO90", position(8, attendee_name=None), invoice_address={"name": "Zoë Rechnung", "company": "Verein"}),
    order("TEST1", position(9), testmode=True),
    order("PQR11", position(10, attendee_name="Al Wart"), status="n"),
]


def read(content: bytes, **how: Any) -> AttendeeList:
    return read_attendees(content, name="pretix", groups=GROUPS, partial=True, **how)


def export() -> bytes:
    items = [{**item, "name": item["name"]["de"]} for item in ITEMS]  # type: ignore[index]
    return json.dumps({"event": {"name": "Tagung", "items": items, "questions": QUESTIONS, "orders": ORDERS}}).encode()


def test_tickets_are_read_from_the_json_export() -> None:
    listed = read(export(), reading=Reading(categories={folded("Ticket"): "gast", folded("Ticket – Presse"): "presse"}))
    people = {row.attendee.ticket: row.attendee for row in listed.rows}
    assert (listed.form, sorted(people)) == (
        "pretix",
        ["secret1", "secret10", "secret4", "secret5", "secret6", "secret7", "secret8"],
    )
    assert (people["secret1"].given_name, people["secret1"].family_name) == ("Ada", "von Öz")
    assert (people["secret4"].given_name, people["secret4"].family_name) == ("Eva Maria", "Łęcka")
    assert (people["secret4"].group, people["secret4"].diet) == ("presse", "vegan")
    assert [people[f"secret{n}"].registration for n in (1, 5, 6, 7, 10)] == [
        *("registered", "cancelled", "registered", "cancelled", "waiting")
    ]
    assert (people["secret8"].family_name, people["secret8"].organisation) == ("Rechnung", "Verein")
    assert people["secret1"].booking_number == "ABC12"


def test_products_map_to_groups_by_hand_and_add_ons_to_sessions() -> None:
    listed = read(export())
    assert [(one.text, one.count, one.group) for one in listed.categories] == [
        ("Ticket", 6, None),
        ("Ticket – Presse", 1, None),
    ]
    assert not listed.rows
    mapped = read(
        export(), reading=Reading(columns={folded("Zusatzprodukt 1"): "forum"}, categories={"ticket": "gast"})
    )
    assert [row.forums for row in mapped.rows if row.attendee.ticket == "secret1"] == [("Forum Kino",)]
    assert len(mapped.rows) == 7


@pytest.mark.parametrize(
    "heading",
    [
        "Event slug,Order code,Position ID,Status,Email,Product,Variation,Attendee name,Attendee name: Given name,"
        "Attendee name: Family name,Attendee email,Company,ZIP code,City,Ticket secret,Company",
        "Kurzform,Bestellnummer,Positions-ID,Status,E-Mail,Produkt,Variante,Teilnehmername,Teilnehmername: Vorname,"
        "Teilnehmername: Nachname,Teilnehmer-E-Mail,Firma,Postleitzahl,Stadt,Ticketcode,Firma",
    ],
)
@pytest.mark.parametrize("status", ["paid", "bezahlt"])
def test_positions_are_read_from_the_csv_export(heading: str, status: str) -> None:
    row = (
        f"t,ABC12,1,{status},order@x.example,Presse,,Dr. Ada Öz,Ada,Öz,ada@x.example,Amt,01067,Köln,geheim,Rechnungsamt"
    )
    (one,) = (row.attendee for row in read(f"{heading}\n{row}\n".encode()).rows)
    assert (one.given_name, one.family_name, one.email, one.ticket) == ("Ada", "Öz", "ada@x.example", "geheim")
    assert (one.organisation, one.group, one.booking_number, one.postcode) == ("Amt", "presse", "ABC12", "01067")


@pytest.mark.parametrize(
    "data", [b"{}", b"{", b'{"event": 3}', b'{"event": {"orders": [1], "items": [], "questions": []}}', b"[" * 99_999]
)
def test_other_json_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="no order export of pretix"):
        read(data)


class Pretix(ThreadingHTTPServer):
    """Speaks as pretix does: pages of two by `next`, 401 without the token, and what `moods` say of the answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.moods: list[tuple[int, dict[str, str]]] = []
        self.asked: list[str] = []
        self.elsewhere = ""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    server: Pretix

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.asked.append(self.path)
        if self.headers["Authorization"] != "Token richtig":
            self._send(401, {"detail": "Invalid token."})
        elif self.server.moods:
            status, headers = self.server.moods.pop(0)
            self._send(status, {"detail": "wait"}, headers)
        elif not path.startswith("/api/v1/organizers/stadt/events/tagung/"):
            self._send(404, {"detail": "Not found."})
        else:
            results = {"items": ITEMS, "questions": QUESTIONS, "orders": ORDERS}[path.strip("/").split("/")[-1]]
            page = int(query.partition("page=")[2] or 1)
            more = (
                f"{self.server.elsewhere or self.server.url}{path}?page={page + 1}" if page * 2 < len(results) else None
            )
            self._send(200, {"count": len(results), "next": more, "results": results[page * 2 - 2 : page * 2]})

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        """The test's own output says enough."""


@pytest.fixture
def pretix() -> Iterator[Pretix]:
    server = Pretix()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(
    pretix: Pretix, *, event: str = "tagung", token: str = "richtig"
) -> tuple[bytes, list[float], list[tuple[int, int]]]:
    waited: list[float] = []
    told: list[tuple[int, int]] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def progress(done: int, total: int) -> None:
        told.append((done, total))

    return asyncio.run(fetch_orders(pretix.url, "stadt", event, token, progress=progress, sleep=sleep)), waited, told


def test_all_pages_are_fetched_and_read_like_the_export(pretix: Pretix) -> None:
    content, waited, told = fetch(pretix)
    assert (told, waited) == ([(2, 7), (4, 7), (6, 7), (7, 7)], [])
    assert b"payments" not in content
    reading = Reading(categories={"ticket": "gast"})
    assert [row.attendee for row in read(content, reading=reading).rows] == [
        row.attendee for row in read(export(), reading=reading).rows
    ]
    assert any("include_canceled_positions=true" in asked for asked in pretix.asked)


def test_it_waits_as_long_as_pretix_asks_and_tries_what_fails_again(pretix: Pretix) -> None:
    pretix.moods = [(429, {"Retry-After": "7"}), (503, {}), (429, {"Retry-After": "9999"})]
    _, waited, _ = fetch(pretix)
    assert waited == [7.0, 4.0, 120.0]


@pytest.mark.parametrize(
    ("how", "moods", "error", "code"),
    [
        ({"token": "falsch"}, [], NotAllowed, "pretix_token"),
        ({"event": "andere"}, [], NotFound, "pretix_event"),
        ({}, [(403, {})], NotAllowed, "pretix_token"),
        ({}, [(302, {"Location": "http://evil.example/"})], BadInput, "pretix_address"),
        ({}, [(503, {})] * 9, Busy, "pretix_away"),
    ],
)
def test_what_waiting_does_not_mend_is_said(
    pretix: Pretix, how: dict[str, str], moods: list[Any], error: type[CheckinError], code: str
) -> None:
    pretix.moods = moods
    with pytest.raises(error) as caught:
        fetch(pretix, **how)
    assert caught.value.code == code
    assert "falsch" not in caught.value.message


def test_next_page_elsewhere_is_not_followed(pretix: Pretix) -> None:
    pretix.elsewhere = "http://127.0.0.1:9"
    with pytest.raises(BadInput, match="another address"):
        fetch(pretix)


@pytest.mark.parametrize("url", ["http://pretix.eu", "ftp://pretix.eu", "pretix.eu", "https://name:pass@pretix.eu", ""])
def test_address_without_https_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        asyncio.run(fetch_orders(url, "stadt", "tagung", "geheim"))
    assert caught.value.code == "pretix_address"


def test_command_takes_the_token_from_standard_input_alone(pretix: Pretix, tmp_path: Path) -> None:
    file = tmp_path / "layout.toml"
    file.write_bytes(write_layout(layout()).replace("Gäste".encode(), b"Ticket"))
    environment = {"CHECKIN_DATABASE_URL": f"sqlite:///{tmp_path / 'checkin.db'}"}
    run = CliRunner().invoke
    assert run(main, ["import", "layout", SLUG, str(file)], env=environment).exit_code == 0
    where = ["--url", pretix.url, "--organizer", "stadt", "--event-slug", "tagung", "--token-stdin"]
    done = run(main, ["import", "pretix", SLUG, *where], env=environment, input="richtig\n")
    assert "7 rows: 7 new" in done.output
    again = run(main, ["import", "pretix", SLUG, *where, "--json"], env=environment, input="richtig\n")
    assert json.loads(again.stdout)["unchanged"] == 7
    refused = run(main, ["import", "pretix", SLUG, *where], env=environment, input="falsch\n")
    assert (refused.exit_code, "refuses the token" in refused.output, "falsch" in refused.output) == (1, True, False)
