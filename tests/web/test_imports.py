"""Lists in: looked at, saved, taken back as a whole (situations 47, 48, 59 to 62)."""

from __future__ import annotations

import io
import json
import logging
import time
import uuid
from typing import Any

import httpx
import openpyxl
import pytest

from checkin.exchange.layout import write_layout
from checkin.service import importing
from checkin.service import imports as service
from checkin.service.attendee_lists import plan_list, registered
from checkin.service.badges import issue_missing
from checkin.service.verify import verify
from checkin.store import imports as store
from checkin.store.facts import all_facts
from tests.served import Served
from tests.venue import SLUG, at, layout

HEADER = "Ticketnr;Status;Vorname;Nachname;Ort;Kategorie"


def table(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join(("sep=;", header, *rows)).encode("cp1252")


def send(client: httpx.Client, content: bytes, name: str = "liste.csv") -> Any:
    return client.post("/imports", files={"file": (name, content)}, timeout=60)


def sent(client: httpx.Client, content: bytes) -> dict[str, Any]:
    answer = send(client, content)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def settled(client: httpx.Client, id: str) -> dict[str, Any]:
    """The import once nobody works on it."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        one: dict[str, Any] = client.get(f"/imports/{id}").json()
        if one["state"] not in ("applying", "undoing", "fetching"):
            return one
        time.sleep(0.02)
    raise AssertionError("it does not end")


def saved(client: httpx.Client, content: bytes, gone: str = "keep") -> dict[str, Any]:
    id = sent(client, content)["id"]
    assert client.post(f"/imports/{id}/apply", json={"gone": gone}).status_code == 202
    one = settled(client, id)
    assert one["state"] == "applied", one
    return one


def taken_back(client: httpx.Client, id: str) -> dict[str, Any]:
    assert client.post(f"/imports/{id}/undo").status_code == 202
    one = settled(client, id)
    assert one["state"] == "undone", one
    return one


def differences(client: httpx.Client, id: str, what: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(
        f"/imports/{id}/differences", params={} if what is None else {"what": what}
    ).json()["differences"]
    return found


def person(client: httpx.Client, name: str) -> dict[str, Any] | None:
    found = client.get("/attendees", params={"q": name}).json()["attendees"]
    return found[0] if found else None


def scan(served: Served, code: str, door: str = "D1", direction: str = "entry") -> Any:
    client = served.clients[0]
    return client.post(
        "/scans", json={"id": str(uuid.uuid4()), "code": code, "door": door, "direction": direction}
    ).json()


@pytest.fixture
def orga(served: Served) -> httpx.Client:
    return served.operator()


FIRST = table(
    "T1;angemeldet;Jördis;Größe;Köln;Gäste", "T2;angemeldet;Max;Muster;Düren;Gäste", "T3;angemeldet;Eva;Weg;;Presse"
)


def test_preview_shows_umlauts_and_saves_nothing_situation_59(served: Served, orga: httpx.Client) -> None:
    one = sent(orga, FIRST)
    assert (one["read_as"]["encoding"], one["read_as"]["separator"]) == ("Windows-1252", ";")
    assert one["read_as"]["first_rows"][0] == ["T1", "angemeldet", "Jördis", "Größe", "Köln", "Gäste"]
    assert one["counts"] | {"new": 3, "changed": 0, "unchanged": 0, "rows": 3} == one["counts"]
    assert [line["title"] for line in differences(orga, one["id"], "new")] == ["Jördis Größe", "Max Muster", "Eva Weg"]
    wrong = orga.patch(f"/imports/{one['id']}", json={"encoding": "UTF-8"}).json()
    assert wrong["read_as"]["first_rows"][0][2] == "J\N{REPLACEMENT CHARACTER}rdis"
    right = orga.patch(f"/imports/{one['id']}", json={"encoding": "Windows-1252"}).json()
    assert right["read_as"]["first_rows"][0][2] == "Jördis"
    assert person(orga, "größe") is None
    assert orga.delete(f"/imports/{one['id']}").status_code == 204
    assert orga.get(f"/imports/{one['id']}").json()["code"] == "import_unknown"
    assert orga.get("/imports").json() == {"imports": []}


def test_list_again_brings_additions_and_changes_only_situation_60(served: Served, orga: httpx.Client) -> None:
    saved(orga, FIRST)
    assert scan(served, "T1")["outcome"] == "admitted"
    orga.post("/attendees", json={"given_name": "Wanda", "family_name": "Walkin", "group": "gast"})
    second = table(
        "t1;storniert;Jördis;Größe-Neu;Gäste",
        "T2;angemeldet;Max;Muster;Gäste",
        "T4;angemeldet;Neu;Hinzu;Gäste",
        header="Ticketnr;Status;Vorname;Nachname;Kategorie",
    )
    one = sent(orga, second)
    assert one["counts"] | {"new": 1, "changed": 1, "gone": 0, "unchanged": 1} == one["counts"]
    (change,) = differences(orga, one["id"], "changed")
    assert [(field["field"], field["old"], field["new"]) for field in change["fields"]] == [
        ("family_name", "Größe", "Größe-Neu"),
        ("ticket", "T1", "t1"),
    ]
    assert [(note["line"], note["column"], note["code"]) for note in one["notes"]] == [
        (2, "registration", "inside_kept")
    ]
    orga.post(f"/imports/{one['id']}/apply", json={})
    settled(orga, one["id"])
    changed = person(orga, "größe-neu")
    assert changed is not None
    assert (changed["area"], changed["registration"], changed["town"]) == ("house", "registered", "Köln")
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []


def test_gone_people_are_kept_or_cancelled_and_whoever_was_here_stays(served: Served, orga: httpx.Client) -> None:
    saved(orga, FIRST)
    scan(served, "T1")
    orga.post("/attendees", json={"given_name": "Wanda", "family_name": "Walkin", "group": "gast"})
    shorter = table("T9;angemeldet;Neu;Hinzu;;Gäste", "T8;angemeldet;Noch;Jemand;;Presse")
    one = sent(orga, shorter)
    assert (one["counts"]["gone"], one["counts"]["stays"]) == (3, 1)
    assert {line["title"]: line["stays"] for line in differences(orga, one["id"], "gone")} == {
        "Jördis Größe": True,
        "Max Muster": False,
        "Eva Weg": False,
    }
    orga.post(f"/imports/{one['id']}/apply", json={"gone": "cancel"})
    assert settled(orga, one["id"])["counts"]["gone"] == 2
    states = {name: (person(orga, name) or {})["registration"] for name in ("größe", "muster", "weg", "walkin")}
    assert states == {"größe": "registered", "muster": "cancelled", "weg": "cancelled", "walkin": "registered"}
    taken_back(orga, one["id"])
    assert (person(orga, "muster") or {})["registration"] == "registered"


def test_import_is_taken_back_as_a_whole_but_for_what_happened_since(served: Served, orga: httpx.Client) -> None:
    saved(orga, table(*(f"A{n};angemeldet;Alt;Person{n};Köln;Gäste" for n in range(4))))
    second = table(
        *(f"A{n};angemeldet;Alt;Person{n};Bonn;Presse" for n in range(4)),
        *(f"B{n};angemeldet;Neu;Person{n};Bonn;Gäste" for n in range(6)),
    )
    scan(served, "A0")
    one = saved(orga, second)
    by_hand = {name: (person(orga, name) or {})["id"] for name in ("Alt Person1", "Alt Person2", "Neu Person4")}
    orga.patch(f"/attendees/{by_hand['Alt Person1']}", json={"town": "Essen"})
    orga.patch(f"/attendees/{by_hand['Alt Person2']}", json={"town": "Essen", "group": "gast"})
    orga.patch(f"/attendees/{by_hand['Neu Person4']}", json={"town": "Essen"})
    scan(served, "B0")
    scan(served, "B1")
    scan(served, "B1", "D6", "exit")
    badge = orga.post(f"/attendees/{(person(orga, 'Neu Person2') or {})['id']}/badges")
    assert badge.status_code in (200, 201), badge.text
    undone = taken_back(orga, one["id"])
    # Lines as a spreadsheet counts them, which shows no `sep=` line.
    outcomes = {(line["title"], line["line"]): line["outcome"] for line in differences(orga, one["id"])}
    assert outcomes == {
        ("Alt Person0", 2): "back",
        ("Alt Person1", 3): "partly",
        ("Alt Person2", 4): "kept_changed",
        ("Alt Person3", 5): "back",
        ("Neu Person0", 6): "kept_inside",
        ("Neu Person1", 7): "kept_used",
        ("Neu Person2", 8): "cancelled",
        ("", 9): "back",
        ("Neu Person4", 10): "kept_changed",
        ("", 11): "back",
    }
    assert undone["outcomes"] == {
        "back": 4,
        "cancelled": 1,
        "kept_changed": 2,
        "kept_inside": 1,
        "kept_used": 1,
        "partly": 1,
    }
    first = person(orga, "Alt Person1")
    assert first is not None
    assert (first["town"], first["group"]) == ("Essen", "gast")
    assert person(orga, "Neu Person3") is None
    assert scan(served, "B3")["reason"] == "code_unknown"
    assert scan(served, "B2")["reason"] == "registration_cancelled"
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []
    again = orga.post(f"/imports/{one['id']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "import_state")


def test_what_was_mapped_by_hand_is_remembered_for_the_event(served: Served, orga: httpx.Client) -> None:
    rows = ("Grün;angemeldet;Ada;Neu;Köln;Städte", "Blau;angemeldet;Eva;Neu;Köln;Gäste")
    header = "Lieblingsfarbe;Status;Vorname;Familie;Ort;Kategorie"
    one = sent(orga, table(*rows, header=header))
    assert (one["read_as"]["missing"], one["counts"]["rows"], one["counts"]["new"]) == (["family_name"], 2, 0)
    change = {"columns": {"Familie": "family_name", "Lieblingsfarbe": "remark"}, "categories": {"Städte": "presse"}}
    one = orga.patch(f"/imports/{one['id']}", json=change).json()
    assert (one["read_as"]["missing"], one["counts"]["new"]) == ([], 2)
    orga.post(f"/imports/{one['id']}/apply", json={})
    settled(orga, one["id"])
    again = sent(orga, table(*rows, header=header.upper()))
    assert again["counts"]["refused"] == 0
    assert {column["heading"]: column["by"] for column in again["read_as"]["columns"]} == {
        "LIEBLINGSFARBE": "remembered",
        "STATUS": "known",
        "VORNAME": "known",
        "FAMILIE": "remembered",
        "ORT": "known",
        "KATEGORIE": "known",
    }
    for wrong in ({"columns": {"Ort": "passwort"}}, {"categories": {"Städte": "keine"}}, {"encoding": "EBCDIC"}):
        assert orga.patch(f"/imports/{again['id']}", json=wrong).status_code == 422


def test_good_rows_enter_and_each_bad_one_is_named_situation_61(served: Served, orga: httpx.Client) -> None:
    content = table(
        "T1;angemeldet;Ada;Gut;Köln;Gäste",
        "T2;vielleicht;Eva;Gut;;Gäste",
        "T3;angemeldet;Ilse;;;Gäste",
        "T1;angemeldet;Ada;Gut;Köln;Gäste",
        "T5;angemeldet;=1+1;Gut;;Gäste",
    )
    one = sent(orga, content)
    notes = [(note["line"], note["column"], note["code"], note["earlier"]) for note in one["notes"]]
    assert notes == [
        (3, "registration", "status_unknown", None),
        (4, "family_name", "name_missing", None),
        (5, "", "duplicate", 2),
        (6, "given_name", "formula_kept", None),
    ]
    assert one["counts"] | {"new": 2, "refused": 2, "duplicates": 1} == one["counts"]


def frab(*events: tuple[str, str, str, str]) -> bytes:
    days = [
        {
            "index": 1,
            "date": "2026-03-20",
            "rooms": {
                room: [
                    {
                        "guid": str(uuid.uuid5(uuid.NAMESPACE_URL, code)),
                        "code": code,
                        "id": 17,
                        "logo": None,
                        "date": f"2026-03-20T{start}:00+01:00",
                        "start": start,
                        "duration": "01:00",
                        "room": room,
                        "title": title,
                        "track": None,
                        "type": "Talk",
                        "language": "de",
                        "persons": [{"code": "X", "name": "Ayşe Yıldız"}],
                    }
                    for code, title, start, at_room in events
                    if at_room == room
                ]
                for room in ("Große Halle", "Theater")
            },
        }
    ]
    return json.dumps(
        {
            "$schema": "https://c3voc.de/schedule/schema.json",
            "generator": {"name": "pretalx", "version": "2026.1"},
            "schedule": {"url": "x", "version": "0.4", "conference": {"rooms": [], "tracks": [], "days": days}},
        }
    ).encode()


def test_changed_times_of_a_programme_follow_and_come_back_situation_48(served: Served, orga: httpx.Client) -> None:
    saved(orga, frab(("A", "Podium", "11:00", "Große Halle"), ("B", "Werkstatt", "11:00", "Theater")))
    orga.patch("/sessions/A", json={"bookable": True, "bookings_max": 2})
    orga.post("/sessions/A/bookings", json={"attendee": "a1"})
    orga.patch("/sessions/B", json={"cancelled": True})
    one = sent(orga, frab(("A", "Podium", "11:15", "Große Halle"), ("C", "Neu", "15:00", "Theater")))
    assert (one["kind"], one["read_as"]["form"]) == ("schedule", "JSON")
    assert one["counts"] | {"new": 1, "changed": 1, "gone": 1, "unchanged": 0} == one["counts"]
    (change,) = differences(orga, one["id"], "changed")
    assert (change["title"], [field["field"] for field in change["fields"]]) == ("Podium", ["starts_at", "ends_at"])
    orga.post(f"/imports/{one['id']}/apply", json={"gone": "cancel"})

    def programme() -> dict[str, Any]:
        sessions = orga.get("/sessions").json()["sessions"]
        return {
            session["id"]: (session["starts_at"][11:16], session["booked"], session["cancelled"])
            for session in sessions
        }

    assert programme() == {"A": ("11:15", 1, False), "B": ("11:00", 0, True), "C": ("15:00", 0, False)}
    orga.patch("/sessions/A", json={"ends_at": "2026-03-20T12:30:00+01:00"})
    undone = taken_back(orga, one["id"])
    assert undone["outcomes"] == {"back": 1, "partly": 1}
    assert programme() == {"A": ("11:00", 1, False), "B": ("11:00", 0, True)}


def test_layout_goes_the_same_way_and_approved_numbers_stay_with_safety(served: Served, orga: httpx.Client) -> None:
    served.client()
    changed = layout(hall=3)
    one = sent(orga, write_layout(changed))
    assert (one["kind"], one["counts"]["changed"]) == ("layout", 1)
    (line,) = differences(orga, one["id"], "changed")
    assert (line["subject"], line["title"]) == ("area P", "Große Halle")
    assert [(field["field"], field["old"], field["new"]) for field in line["fields"]] == [("visitors", 4, 3)]
    assert orga.post(f"/imports/{one['id']}/apply", json={}).json()["state"] == "applied"
    assert orga.get("/occupancy").json()["areas"][1]["capacity"] == 3
    taken_back(orga, one["id"])
    assert orga.get("/occupancy").json()["areas"][1]["capacity"] == 4
    served.clients[1].post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D1"})
    late = sent(orga, write_layout(changed))
    answer = orga.post(f"/imports/{late['id']}/apply", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "numbers_need_approval")
    assert orga.get(f"/imports/{late['id']}").json()["state"] == "previewed"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "list_empty"),
        (b"PK\x03\x04broken", 422, "xlsx_invalid"),
        (b'{"event": 1}', 422, "pretix_invalid"),
        (b'{"schedule": {}}', 422, "schedule_invalid"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><schedule>&b;</schedule>', 422, "schedule_dtd"),
        (b"[event]\nslug = 3\n", 422, "layout_invalid"),
        (b"x" * (20 * 1024 * 1024 + 1), 413, "too_large"),
        (b"x" * (21 * 1024 * 1024), 413, "too_large"),
    ],
)
def test_file_that_is_none_is_said_and_not_kept(orga: httpx.Client, content: bytes, status: int, code: str) -> None:
    answer = send(orga, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert orga.get("/imports").json() == {"imports": []}


def test_only_who_manages_may_see_or_send_lists(served: Served, orga: httpx.Client) -> None:
    one = sent(orga, FIRST)
    for role in ("steward", "desk", "viewer", "safety"):
        client = served.operator(role)
        for answer in (
            send(client, FIRST),
            client.get("/imports"),
            client.get(f"/imports/{one['id']}"),
            client.get(f"/imports/{one['id']}/differences"),
            client.post(f"/imports/{one['id']}/apply", json={}),
        ):
            assert answer.status_code == 403, (role, answer.url)


def test_files_that_nobody_saves_are_forgotten_and_undo_ends(
    served: Served, orga: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = saved(orga, FIRST)
    one = sent(orga, table("T7;angemeldet;Spät;Dran;;Gäste"))
    now = round(time.time() * 1000)
    assert served.write(lambda tx: store.is_expired(tx, now)) is False
    served.write(lambda tx: store.drop_expired(tx, now + service.KEPT_MS + 60_000))
    assert orga.get(f"/imports/{one['id']}").status_code == 404
    assert orga.get(f"/imports/{kept['id']}").json()["undoable"] is True
    served.write(lambda tx: store.drop_expired(tx, now + service.UNDO_KEPT_MS + 60_000))
    assert served.write(lambda tx: tx.rows("SELECT * FROM import_row")) == []
    assert [row["counts"]["new"] for row in orga.get("/imports").json()["imports"]] == [3]
    for _ in range(service.OPEN_MAX):
        served.write(lambda tx: tx.run("UPDATE import SET created_by = 'somebody else'"))
        sent(orga, FIRST)
    served.write(lambda tx: tx.run("UPDATE import SET created_by = 'somebody else'"))
    assert send(orga, FIRST).json()["code"] == "imports_max"


def test_new_file_of_the_same_operator_takes_the_place_of_the_one_that_was_not_saved(orga: httpx.Client) -> None:
    ids = [sent(orga, FIRST)["id"] for _ in range(service.OPEN_MAX + 1)]
    assert [one["id"] for one in orga.get("/imports").json()["imports"]] == ids[-1:]


def test_nothing_personal_in_facts_logs_or_the_database_after_saving(
    served: Served, orga: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        one = saved(orga, FIRST)
    assert "Größe" not in caplog.text
    facts = [kept.fact for kept in served.write(lambda tx: list(all_facts(tx, 1)))]
    said = [fact for fact in facts if getattr(fact, "noun", "") == "import"]
    assert [(fact.what, fact.ids, fact.count) for fact in said] == [("applied", (one["id"],), 3)]  # type: ignore[union-attr]
    kept = served.write(lambda tx: (tx.rows("SELECT content FROM import"), tx.rows("SELECT * FROM import_row")))
    assert kept[0] == [(None,)]
    assert "Größe" not in str(kept[1]), "of somebody new there is no second copy"


def broken_off(orga: httpx.Client, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> dict[str, Any]:
    """An import of which two rows were saved when this came between."""
    monkeypatch.setattr(importing, "CHUNK_ROWS", 2)
    real, calls = service.save_chunk, []

    def breaks(*arguments: Any, **more: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise fault
        real(*arguments, **more)

    monkeypatch.setattr(service, "save_chunk", breaks)
    one = sent(orga, FIRST)
    orga.post(f"/imports/{one['id']}/apply", json={})
    ends = time.monotonic() + 20
    while not (stopped := orga.get(f"/imports/{one['id']}").json())["fault_code"]:
        assert time.monotonic() < ends
        time.sleep(0.02)
    return dict(stopped)


def test_saving_that_was_broken_off_goes_on_and_is_taken_back_as_one(
    served: Served, orga: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = stopped = broken_off(orga, monkeypatch, OSError("the machine stops"))
    assert (stopped["state"], stopped["done"], stopped["fault_code"]) == ("applying", 2, "internal")
    assert orga.post(f"/imports/{one['id']}/apply", json={}).status_code == 202
    assert settled(orga, one["id"])["counts"]["new"] == 3
    assert taken_back(orga, one["id"])["outcomes"] == {"back": 3}
    assert person(orga, "größe") is None


class Counting:
    """A transaction that counts its statements."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.statements = 0

    def __getattr__(self, name: str) -> Any:
        self.statements += 1
        return getattr(self._tx, name)


def test_comparing_takes_the_same_statements_for_many_as_for_few(served: Served, orga: httpx.Client) -> None:
    from checkin.exchange.attendees import read_attendees

    def count(rows: int) -> int:
        content = table(*(f"N{n};angemeldet;Vor{n};Nach{n};Köln;Gäste" for n in range(rows)))
        listed = read_attendees(content, name="x", groups=list(layout().groups.values()))

        def work(tx: Any) -> int:
            counting = Counting(tx)
            plan = plan_list(listed, registered(counting, 1, b"key"))
            assert len(plan.rows) == rows
            return counting.statements

        return served.write(work)

    assert count(2) == count(500) <= 6


@pytest.mark.sqlite
def test_every_table_that_hangs_on_an_attendee_is_looked_at_before_one_is_deleted(served: Served) -> None:
    """A new table that refers to attendees must be named in `uses` or `drop_attendees`, or cascade."""

    def tables(tx: Any) -> set[str]:
        names = [name for (name,) in tx.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            name
            for name in names
            for key in tx.rows(f"PRAGMA foreign_key_list({name})")
            if key[2] == "attendee" and key[6] != "CASCADE"
        }

    known = {"badge", "code", "booking", "presence", "block", "waiting", "handout", "attended", "certificate"}
    assert served.write(tables) <= known


def test_orders_are_fetched_from_pretix_and_the_token_is_kept_nowhere(
    served: Served, orga: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(url: str, organizer: str, event: str, token: str, *, progress: Any) -> bytes:
        await progress(1, 1)
        orders = [
            {
                "code": "ABC",
                "status": "p",
                "email": "a@x.example",
                "positions": [{"id": 1, "item": 1, "secret": "geheim1", "attendee_name": "Ada Öz", "addon_to": None}],
            }
        ]
        items = [{"id": 1, "name": "Gäste", "admission": True, "variations": []}]
        return json.dumps({"event": {"orders": orders, "items": items, "questions": []}}).encode()

    monkeypatch.setattr("checkin.service.importing.fetch_orders", fetch)
    where = {"url": "https://pretix.example", "organizer": "stadt", "event": "tagung", "token": "sehr-geheim"}
    begun = orga.post("/pretix-imports", json=where)
    assert begun.status_code == 202
    one = settled(orga, begun.json()["id"])
    assert (one["state"], one["name"], one["counts"]["new"]) == ("previewed", "pretix stadt/tagung", 1)
    dump = served.write(lambda tx: str([tx.rows(f"SELECT * FROM {name}") for name in ("import", "import_memory")]))
    assert "sehr-geheim" not in dump
    monkeypatch.undo()
    failed = orga.post("/pretix-imports", json={**where, "url": "http://pretix.example"}).json()
    assert settled(orga, failed["id"])["fault_code"] == "pretix_address"


def test_badge_of_somebody_imported_is_issued(served: Served, orga: httpx.Client) -> None:
    saved(orga, FIRST)
    issued = served.write(lambda tx: issue_missing(tx, served.centre.venues, SLUG, now=at("09:00"), by="test"))
    assert len(issued) == 3


def test_person_with_one_name_is_no_fault(served: Served, orga: httpx.Client) -> None:
    saved(orga, table("T1;angemeldet;;Cher;Köln;Gäste", "T2;angemeldet;Eva;Weg;;Gäste"))
    found = person(orga, "cher")
    assert found is not None
    assert (found["given_name"], found["family_name"]) == ("", "Cher")
    saved(orga, b"Name;Kategorie\nSukarno;G\xc3\xa4ste\n")
    assert person(orga, "sukarno") is not None
    assert person(orga, "weg") is not None


def test_what_was_changed_by_hand_stays_while_the_list_says_the_same_situation_67(
    served: Served, orga: httpx.Client
) -> None:
    header = "Ticketnr;Status;Vorname;Nachname;Ort;Kategorie;Teilnehmerliste (ja/nein);Foto (ja/nein)"
    first = table("T1;angemeldet;Jordis;Grosse;Köln;Gäste;ja;ja", header=header)
    saved(orga, first)
    id = (person(orga, "Jordis") or {})["id"]
    change = {"listed": False, "photo": False, "family_name": "Große", "town": "Bonn"}
    assert orga.patch(f"/attendees/{id}", json=change).status_code == 200
    one = sent(orga, first)
    assert (one["counts"]["changed"], one["counts"]["unchanged"]) == (0, 1)
    assert {(note["column"], note["code"]) for note in one["notes"]} == {
        (field, "hand_kept") for field in ("listed", "photo", "family_name", "town")
    }
    # What the list itself has changed goes on to count.
    second = saved(orga, table("T1;angemeldet;Jordis;Grosse;Aachen;Gäste;ja;ja", header=header))
    after = orga.get(f"/attendees/{id}").json()
    assert (after["town"], after["family_name"], after["listed"], after["photo"]) == ("Aachen", "Große", False, False)
    taken_back(orga, second["id"])
    assert orga.get(f"/attendees/{id}").json()["town"] == "Bonn"
    assert sent(orga, first)["counts"]["changed"] == 0, "after taking it back the word of the list before counts"


def test_list_agrees_with_a_hand_and_the_hand_withdraws_again(served: Served, orga: httpx.Client) -> None:
    header = "Ticketnr;Vorname;Nachname;Kategorie;Foto (ja/nein)"
    lists = {word: table(f"T1;Ada;Neu;Gäste;{word}", header=header) for word in ("ja", "nein")}
    saved(orga, lists["nein"])
    id = (person(orga, "Ada") or {})["id"]
    orga.patch(f"/attendees/{id}", json={"photo": True})
    saved(orga, lists["ja"])
    orga.patch(f"/attendees/{id}", json={"photo": False})
    saved(orga, lists["ja"])
    assert orga.get(f"/attendees/{id}").json()["photo"] is False


def test_name_corrected_at_the_desk_makes_no_second_person_without_tickets(served: Served, orga: httpx.Client) -> None:
    content = "Vorname;Nachname;E-Mail;Firma;Kategorie\nEfa;Weg;e@x.example;Amt;Gäste\nMax;Muster;;Amt;Gäste\n".encode()
    saved(orga, content)
    for name, right in (("Efa", "Eva"), ("Max", "Maxi")):
        orga.patch(f"/attendees/{(person(orga, name) or {})['id']}", json={"given_name": right})
    one = sent(orga, content)
    assert (one["counts"]["new"], one["counts"]["changed"], one["counts"]["unchanged"]) == (0, 0, 2)


def test_preview_older_than_the_data_is_shown_again_before_it_is_saved(served: Served, orga: httpx.Client) -> None:
    saved(orga, FIRST)
    one = sent(orga, table("T1;angemeldet;Jördis;Größe;Bonn;Gäste", "T2;angemeldet;Max;Muster;Bonn;Gäste"))
    id = (person(orga, "muster") or {})["id"]
    orga.patch(f"/attendees/{id}", json={"town": "Bonn"})
    orga.post(f"/imports/{one['id']}/apply", json={"plan": one["plan"]})
    stale = settled(orga, one["id"])
    assert (stale["state"], stale["fault_code"], stale["counts"]["changed"]) == ("previewed", "import_stale", 1)
    assert (person(orga, "größe") or {})["town"] == "Köln"
    orga.post(f"/imports/{one['id']}/apply", json={"plan": stale["plan"]})
    assert settled(orga, one["id"])["state"] == "applied"


def test_undo_for_people_inside_puts_back_what_is_harmless(served: Served, orga: httpx.Client) -> None:
    saved(orga, FIRST)
    one = saved(orga, table("T1;angemeldet;Jördis;Groß;Bonn;Presse"))
    scan(served, "T1")
    assert taken_back(orga, one["id"])["outcomes"] == {"partly": 1}
    found = person(orga, "größe")
    assert found is not None
    assert (found["town"], found["group"]) == ("Köln", "presse")
    (line,) = differences(orga, one["id"])
    assert [field["field"] for field in line["fields"] if field["kept"]] == ["group"]


def test_import_that_broke_off_is_taken_back(
    served: Served, orga: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = stopped = broken_off(orga, monkeypatch, TypeError("a fault of ours"))
    assert stopped["undoable"] is True
    # And so it is where the service was killed: nobody wrote the fault down.
    served.write(lambda tx: tx.run("UPDATE import SET fault_code = '', fault = '', touched_at = 1"))
    killed = orga.get(f"/imports/{one['id']}").json()
    assert (killed["fault_code"], killed["undoable"]) == ("import_stopped", True)
    # What it takes to take it back is kept as long as for any other.
    served.write(lambda tx: store.drop_expired(tx, round(time.time() * 1000) + service.KEPT_MS + 60_000))
    undone = taken_back(orga, one["id"])
    assert (undone["outcomes"], undone["counts"]["new"]) == ({"back": 2}, 2)
    assert person(orga, "größe") is None


def test_list_without_a_column_of_names_is_not_saved(orga: httpx.Client) -> None:
    one = sent(orga, "Farbe;Kategorie\nrot;Gäste\n".encode())
    answer = orga.post(f"/imports/{one['id']}/apply", json={})
    assert (answer.status_code, answer.json()["code"]) == (422, "columns_missing")


def test_unknown_room_is_mapped_or_its_sessions_left_out_and_the_rest_enters(orga: httpx.Client) -> None:
    content = frab(("A", "Podium", "11:00", "Große Halle"), ("B", "Werkstatt", "11:00", "Theater"))
    content = content.replace(b"Theater", b"Kellerbar")
    one = sent(orga, content)
    assert one["read_as"]["rooms"] == [{"text": "Kellerbar", "count": 1, "area": "", "chosen": False}]
    assert [(note["column"], note["code"]) for note in one["notes"]] == [("Werkstatt", "room_unknown")]
    assert one["counts"]["new"] == 1
    mapped = orga.patch(f"/imports/{one['id']}", json={"rooms": {"Kellerbar": "T"}}).json()
    assert (mapped["notes"], mapped["counts"]["new"]) == ([], 2)
    orga.post(f"/imports/{one['id']}/apply", json={})
    assert {one["id"]: one["area"] for one in orga.get("/sessions").json()["sessions"]} == {"A": "P", "B": "T"}
    assert sent(orga, content)["counts"]["unchanged"] == 2, "the room is remembered"


def test_swap_of_rooms_by_file_warns_where_bookings_exceed_the_new_one_situation_39(orga: httpx.Client) -> None:
    saved(orga, frab(("A", "Podium", "11:00", "Große Halle")))
    orga.patch("/sessions/A", json={"bookable": True})
    for attendee in ("a1", "a2", "a3", "a4"):
        assert orga.post("/sessions/A/bookings", json={"attendee": attendee}).status_code in (200, 201)
    seats = {area["id"]: area["capacity"] for area in orga.get("/occupancy").json()["areas"]}["T"]
    assert seats == 3
    one = sent(orga, frab(("A", "Podium", "11:00", "Theater")))
    assert [(note["column"], note["code"], note["booked"], note["seats"]) for note in one["notes"]] == [
        ("Podium", "session_overbooked", 4, 3)
    ]


def test_sessions_that_are_not_in_the_file_any_more_stay_unless_it_is_said(orga: httpx.Client) -> None:
    saved(orga, frab(("A", "Podium", "11:00", "Große Halle"), ("B", "Werkstatt", "11:00", "Theater")))
    shorter = frab(("A", "Podium", "11:15", "Große Halle"))

    def cancelled() -> dict[str, bool]:
        return {one["id"]: one["cancelled"] for one in orga.get("/sessions").json()["sessions"]}

    saved(orga, shorter)
    assert cancelled() == {"A": False, "B": False}
    one = saved(orga, shorter, "cancel")
    assert (cancelled(), one["counts"]["gone"]) == ({"A": False, "B": True}, 1)
    taken_back(orga, one["id"])
    assert cancelled() == {"A": False, "B": False}


def test_sheet_of_a_workbook_is_chosen_with_the_preview(orga: httpx.Client) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, names in (("Gäste", ("Ada", "Eva")), ("Presse", ("Ilse",))):
        sheet = book.create_sheet(title)
        for row in (["Vorname", "Nachname", "Kategorie"], *([name, "Neu", "Gäste"] for name in names)):
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    one = sent(orga, content.getvalue())
    assert (one["read_as"]["sheet"], one["read_as"]["sheets"]) == ("Gäste", ["Gäste", "Presse"])
    assert [note["code"] for note in one["notes"]] == ["sheets_several"]
    other = orga.patch(f"/imports/{one['id']}", json={"sheet": "Presse"}).json()
    assert (other["read_as"]["sheet"], other["counts"]["new"], other["notes"]) == ("Presse", 1, [])


def asked(client: httpx.Client, id: str, **body: Any) -> Any:
    return client.post(f"/imports/{id}/apply", json={"gone": "cancel", **body})


def test_whoever_stands_in_a_row_that_is_refused_is_not_gone(orga: httpx.Client) -> None:
    saved(orga, FIRST)
    one = sent(
        orga,
        table(
            "T1;angemeldet;Jördis;Größe;Köln;Gäste",
            "T2;angemeldet;Max;Muster;Düren;Gesten",
            ";angemeldet;Eva;Weg;;Presse;zu;viel",
            "T4;angemeldet;Neu;Neu;;Presse",
        ),
    )
    counts = one["counts"]
    assert (counts["refused"], counts["gone"], counts["unsure"]) == (2, 0, 0)


def test_gone_are_cancelled_after_a_second_question_where_a_row_fits_nobody(orga: httpx.Client) -> None:
    saved(orga, FIRST)
    one = sent(orga, table("T1;angemeldet;Jördis;Größe;Köln;Gäste", "T9;angemeldet;;;;Gäste"))
    assert (one["counts"]["gone"], one["counts"]["unsure"]) == (1, 1)
    answer = asked(orga, one["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "gone_unsure")
    assert asked(orga, one["id"], unsure_too=True).status_code == 202
    assert settled(orga, one["id"])["counts"]["gone"] == 1


def test_other_family_name_with_the_same_booking_is_the_same_person(orga: httpx.Client) -> None:
    header = "Buchungsnr;E-Mail;Vorname;Nachname;Kategorie"
    saved(
        orga,
        table(
            "B1;;Anna;Schmidt;Gäste",
            ";eva@x.example;Eva;Weg;Gäste",
            "B2;;Max;Muster;Gäste",
            "B2;;Ina;Muster;Gäste",
            header=header,
        ),
    )
    one = sent(
        orga,
        table(
            "B1;;Anna;Schmidt-Groß;Gäste",
            ";eva@x.example;Eva;Neu;Gäste",
            "B2;;Max;Anders;Gäste",
            "B2;;Ina;Muster;Gäste",
            header=header,
        ),
    )
    counts = one["counts"]
    assert (counts["changed"], counts["new"], counts["gone"]) == (2, 1, 1), "a booking of several tells nobody"
    assert [note["code"] for note in one["notes"]] == ["name_other", "name_other"]
    changed = {one["title"]: one["fields"][0]["new"] for one in differences(orga, one["id"], "changed")}
    assert changed == {"Anna Schmidt": "Schmidt-Groß", "Eva Weg": "Neu"}


def test_list_without_categories_goes_into_one_group_and_letters_are_not_remembered(orga: httpx.Client) -> None:
    content = table("T1;Ada;Neu;ada@x.example", header="Ticketnr;Vorname;Nachname;")
    one = sent(orga, content)
    assert one["read_as"]["missing"] == ["group"]
    assert orga.patch(f"/imports/{one['id']}", json={"group": "nobody"}).json()["code"] == "group_unknown"
    read = orga.patch(f"/imports/{one['id']}", json={"group": "presse", "columns": {":D": "email"}}).json()["read_as"]
    assert (read["missing"], read["group"], read["columns"][3]["by"]) == ([], "presse", "hand")
    orga.post(f"/imports/{one['id']}/apply", json={})
    settled(orga, one["id"])
    ada = person(orga, "neu")
    assert ada is not None
    assert ada["group"] == "presse"
    again = sent(orga, content)["read_as"]
    assert [(column["key"], column["field"]) for column in again["columns"]][3] == (":D", "")


def test_our_own_calendars_read_again_change_nothing(served: Served, orga: httpx.Client) -> None:
    saved(orga, frab(("A", "Podium", "11:00", "Große Halle"), ("B", "Werkstatt", "11:00", "Theater")))
    for form in ("ics", "xcal", "xml", "json"):
        answer = orga.get(f"/schedule.{form}")
        assert answer.status_code == 200, (form, answer.text)
        counts = sent(orga, answer.content)["counts"]
        assert (counts["unchanged"], counts["changed"], counts["new"]) == (2, 0, 0), form


def test_sessions_at_once_in_a_room_and_other_days_are_noted(orga: httpx.Client) -> None:
    content = frab(("A", "Podium", "11:00", "Große Halle"), ("B", "Werkstatt", "11:30", "Große Halle"))
    assert [(note["column"], note["code"]) for note in sent(orga, content)["notes"]] == [
        ("Podium / Werkstatt", "session_at_once")
    ]
    content = frab(("A", "Podium", "11:00", "Große Halle")).replace(b"2026-03-20T", b"2026-03-22T")
    assert [(note["column"], note["code"]) for note in sent(orga, content)["notes"]] == [("2026-03-22", "session_day")]
