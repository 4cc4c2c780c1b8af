"""The rest of the interface: occupancy, corrections, facts, attendees, badges, programme."""

from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image

from checkin.core.model import Session
from checkin.service.schedule import import_schedule
from checkin.service.venues import import_layout
from checkin.service.verify import verify
from checkin.store.engine import Transaction
from tests.served import Served, serve
from tests.venue import SLUG, at, layout


def test_occupancy_names_every_area_in_order(served: Served) -> None:
    areas = served.client("display").get("/occupancy").json()["areas"]
    assert [area["id"] for area in areas] == ["house", "P", "T", "wing", "G"]
    assert areas[2] == {
        "id": "T",
        "name": "Theater",
        "inside": 0,
        "known": 0,
        "uncounted": 0,
        "capacity": 3,
        "free": 3,
        "kept": 0,
        "state": "open",
        "level": "calm",
        "waiting": 0,
        "called": [],
        "instead": [],
        "plus_minus": 0,
        "counted_at": None,
        "as_of": areas[2]["as_of"],
        "set_aside": 0,
        "frozen": False,
    }


def test_headcount_sets_what_is_inside_and_is_idempotent_situation_42(served: Served) -> None:
    steward = served.operator("steward")
    steward.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "T-1"})
    correction = {"id": str(uuid.uuid4()), "area": "T", "headcount": 3, "note": "gezählt"}
    first = steward.post("/corrections", json=correction)
    assert first.status_code == 201
    assert (first.json()["change"], first.json()["area"]["inside"], first.json()["area"]["state"]) == (2, 3, "full")
    assert steward.post("/corrections", json=correction).status_code == 200
    assert steward.post("/corrections", json={**correction, "headcount": 2}).status_code == 409
    refused = steward.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes["a2"], "door": "T-1"})
    assert refused.json()["reason"] == "area_full"


def test_change_never_goes_below_zero(served: Served) -> None:
    steward = served.operator("steward")
    answer = steward.post("/corrections", json={"id": str(uuid.uuid4()), "area": "T", "change": -5}).json()
    assert (answer["change"], answer["area"]["inside"]) == (0, 0)


def test_clicker_of_a_door_counts_at_its_door_alone(served: Served) -> None:
    clicker = served.client("door", "T-1")

    def click(**content: Any) -> httpx.Response:
        return clicker.post("/corrections", json={"id": str(uuid.uuid4()), **content})

    assert click(area="T", change=1).json()["area"]["inside"] == 1
    assert (click(area="P", change=1).status_code, click(area="T", headcount=5).status_code) == (403, 403)
    occupancy = {area["id"]: area["inside"] for area in clicker.get("/occupancy").json()["areas"]}
    assert (occupancy["T"], occupancy["house"]) == (1, 1), "nobody was known in the house: this one came in unseen"
    assert click(area="T", change=-1).json()["area"]["inside"] == 0
    assert served.operator("safety").get("/occupancy").json()["areas"][0]["inside"] == 1, "and is in the house still"


def test_headcount_is_taken_back_in_every_area_and_leaves_the_count_as_sure_as_it_was(served: Served) -> None:
    steward = served.operator("steward")

    def areas() -> dict[str, tuple[int, int, str | None]]:
        shown = steward.get("/occupancy").json()["areas"]
        return {area["id"]: (area["inside"], area["plus_minus"], area["counted_at"]) for area in shown}

    steward.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "T-1"})
    before = areas()
    sent = {"id": str(uuid.uuid4()), "area": "G", "headcount": 1000}
    assert steward.post("/corrections", json=sent).status_code == 201
    assert areas()["house"][0] == 1001, "nobody was beside the rooms: they all came in unseen"
    undone = steward.post(f"/corrections/{sent['id']}/undo")
    assert undone.status_code == 200, undone.text
    assert areas() == before
    assert steward.get("/overview").json()["headcounts"] == []
    assert steward.post(f"/corrections/{sent['id']}/undo").json()["code"] == "nothing_to_undo"
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []


def test_correction_is_not_taken_back_from_under_a_later_headcount(tmp_path: Path) -> None:
    now = [at("10:00")]
    with serve(tmp_path, clock=lambda: now[0]) as house:
        steward = house.operator("steward")
        click = {"id": str(uuid.uuid4()), "area": "T", "change": 1}
        steward.post("/corrections", json=click)
        now[0] += 60_000
        steward.post("/corrections", json={"id": str(uuid.uuid4()), "area": "T", "headcount": 2})
        assert steward.post(f"/corrections/{click['id']}/undo").json()["code"] == "counted_since"
        assert house.client("door", "P-A").post(f"/corrections/{click['id']}/undo").status_code == 403


def test_limit_of_a_session_is_set_and_cleared(served: Served) -> None:
    sessions = [Session(id="1", area="P", title="Podium", starts_at=at("11:00"), ends_at=at("12:00"), bookable=True)]
    served.write(lambda tx: import_schedule(tx, served.centre.venues, SLUG, sessions, now=at("08:00"), by="test"))
    organiser = served.operator()

    def limit() -> tuple[int | None, int | None]:
        (shown,) = organiser.get("/sessions").json()["sessions"]
        return shown["bookings_max"], shown["limit"]

    assert limit() == (4, None)
    organiser.patch("/sessions/1", json={"bookings_max": 2}).raise_for_status()
    assert limit() == (2, 2)
    organiser.patch("/sessions/1", json={"bookable": True}).raise_for_status()
    assert limit() == (2, 2)
    organiser.patch("/sessions/1", json={"bookings_max": None}).raise_for_status()
    assert limit() == (4, None)


def test_hold_of_the_day_outlives_a_new_layout_and_begins_in_the_future(served: Served) -> None:
    organiser = served.operator()
    sent = {"id": "h1", "area": "P", "seats": 2, "group": "presse"}
    assert organiser.post("/holds", json={**sent, "until": "09:00:00"}).json()["code"] == "until_passed"
    assert organiser.post("/holds", json=sent).status_code == 201
    served.write(lambda tx: import_layout(tx, layout(hall=3), now=at("10:00"), by="test"))
    assert [hold["id"] for hold in organiser.get("/rooms").json()["holds"]] == ["h1"]


def test_false_alarm_leaves_every_count_and_asks_nobody_who_comes_back(served: Served) -> None:
    door, safety = served.client("door", "D1"), served.operator("safety")

    def scan(who: str) -> Any:
        return door.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes[who], "door": "D1"}).json()

    scan("a1")
    assert safety.post("/evacuation", json={"active": True}).status_code == 200
    assert scan("a2")["reason"] == "evacuation"
    assert safety.post("/evacuation", json={"active": True, "false_alarm": True}).status_code == 422
    assert safety.post("/evacuation", json={"active": False, "false_alarm": True}).status_code == 200
    assert safety.get("/occupancy").json()["areas"][0]["inside"] == 1
    assert [one["what"] for one in safety.get("/evacuation").json()["earlier"]] == ["begun", "withdrawn"]
    assert scan("a1")["kind"] == "reentry"


def test_correction_needs_exactly_one_number(served: Served) -> None:
    steward = served.operator("steward")
    for content in ({}, {"headcount": 1, "change": 1}):
        answer = steward.post("/corrections", json={"id": str(uuid.uuid4()), "area": "T", **content})
        assert (answer.status_code, answer.json()["code"]) == (422, "correction_unclear")
    assert steward.post("/corrections", json={"id": str(uuid.uuid4()), "area": "X", "change": 1}).status_code == 404


def test_facts_are_read_on_from_a_seq(served: Served) -> None:
    client = served.client()
    for who in ("a1", "a2", "a3"):
        client.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes[who], "door": "D1"})
    page = client.get("/facts", params={"since": 0, "limit": 2}).json()
    rest = client.get("/facts", params={"since": page["facts"][-1]["seq"]}).json()
    seqs = [fact["seq"] for fact in page["facts"] + rest["facts"]]
    assert seqs == list(range(1, page["seq"] + 1))
    assert client.get("/facts", params={"limit": 5_000}).status_code == 422
    assert "Ada" not in client.get("/facts").text


def test_walk_in_is_one_person_however_often_it_is_sent_situation_11(served: Served) -> None:
    desk = served.client("desk")
    person = {"id": str(uuid.uuid4()), "given_name": "Zoë", "family_name": "Öztürk", "group": "gast", "town": "Hamm"}
    first, again = (desk.post("/attendees", json=person) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert desk.post("/attendees", json={**person, "town": "Unna"}).status_code == 409
    found = desk.get("/attendees", params={"q": "oeztuerk zoe"}).json()["attendees"]
    assert [one["id"] for one in found] == [person["id"]]
    badge = desk.post(f"/attendees/{person['id']}/badges", json={}).json()
    entry = desk.post("/scans", json={"id": str(uuid.uuid4()), "code": badge["code"], "door": "D1"}).json()
    assert (entry["outcome"], entry["attendee"]["name"]) == ("admitted", "Zoë Öztürk")


def test_reissued_badge_voids_the_earlier_one_situation_24(served: Served) -> None:
    desk = served.client("desk")
    new = desk.post("/attendees/a1/badges", json={}).json()
    assert new["generation"] == 2
    old = desk.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D1"}).json()
    assert (old["reason"], old["way"]["de"]) == (
        "badge_replaced",
        "Ersetzt um 10:00 (desk None) – bitte das neue Badge zeigen",
    )
    assert (
        desk.post("/scans", json={"id": str(uuid.uuid4()), "code": new["code"], "door": "D1"}).json()["kind"]
        == "arrival"
    )
    assert desk.get("/badges/badge-a1.png").status_code == 409


def test_changed_name_is_found_and_shown_situation_23(served: Served) -> None:
    desk = served.client("desk")
    assert desk.patch("/attendees/a1", json={"family_name": "Woźniak"}).json()["name"] == "Ada Woźniak"
    assert desk.get("/attendees", params={"q": "wozniak"}).json()["attendees"][0]["id"] == "a1"
    assert desk.patch("/attendees/a1", json={"group": "nobody"}).status_code == 422
    assert desk.patch("/attendees/a1", json={"family_name": " "}).status_code == 422
    assert desk.patch("/attendees/nobody", json={}).status_code == 404


def test_cancelled_registration_is_refused_at_the_door_situation_14(served: Served) -> None:
    desk = served.client("desk")
    desk.patch("/attendees/a1", json={"registration": "cancelled"})
    answer = desk.post("/scans", json={"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D1"}).json()
    assert (answer["reason"], answer["hint"]["de"]) == ("registration_cancelled", "Ticket storniert")
    assert desk.post("/attendees/a1/badges", json={}).status_code == 409


def test_badge_picture_holds_the_code(served: Served) -> None:
    desk = served.client("desk")
    picture = desk.get("/badges/badge-a1.png")
    assert picture.headers["content-type"] == "image/png"
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)).convert("L"))
    assert [code.text for code in read] == [served.codes["a1"]]
    assert desk.get("/badges/badge-a1.pdf").content.startswith(b"%PDF")
    assert desk.get("/badges/badge-a1.gif").status_code == 404
    assert desk.get("/badges/nobody.png").status_code == 404


def test_layout_health_and_metrics(served: Served) -> None:
    client = served.client("display")
    layout = client.get("/layout").json()
    assert [door["id"] for door in layout["doors"]][:2] == ["D1", "D2"]
    assert client.get(f"{served.url}/health").json() == {"status": "ok"}
    client.get("/occupancy")
    assert "checkin_commit_scans_bucket" in client.get(f"{served.url}/metrics").text
    events = client.get(f"{served.url}/api/v1/events").json()["events"]
    assert [(event["slug"], event["capacity"]) for event in events] == [(SLUG, 10)]


def test_overview_shows_the_organiser_what_happened(served: Served) -> None:
    organiser = served.operator()
    for code in (served.codes["a1"], served.codes["a1"], "unbekannt"):
        organiser.post("/scans", json={"id": str(uuid.uuid4()), "code": code, "door": "D1"})
    overview = organiser.get("/overview").json()
    assert [one["count"] for one in overview["arrivals"]] == [1]
    assert {one["reason"]: one["count"] for one in overview["refusals"]} == {"already_inside": 1, "code_unknown": 1}
    assert [one["attendee"] and one["attendee"]["name"] for one in overview["last_scans"]] == [
        None,
        "Ada Nr a1",
        "Ada Nr a1",
    ]
    assert {door["id"]: door["scans"] for door in overview["doors"]}["D1"] == 3


def test_evacuation_closes_every_door_for_entry_and_lets_out_situation_50(served: Served) -> None:
    safety = served.operator("safety")
    door = served.client("door", "D1")

    def send(who: str, direction: str) -> dict[str, object]:
        scan = {"id": str(uuid.uuid4()), "code": served.codes[who], "door": "D1", "direction": direction}
        answer: dict[str, object] = door.post("/scans", json=scan).json()
        return answer

    send("a1", "entry")
    assert door.post("/evacuation", json={"active": True}).status_code == 403
    assert safety.post("/evacuation", json={"active": True}).status_code == 200
    assert send("a2", "entry")["reason"] == "evacuation"
    assert send("a1", "exit")["outcome"] == "admitted"
    assert {area["state"] for area in door.get("/occupancy").json()["areas"]} == {"closed"}
    safety.post("/evacuation", json={"active": False})
    assert send("a2", "entry")["outcome"] == "admitted"


def test_person_whose_group_changes_inside_goes_on_counting_as_before(served: Served) -> None:
    desk = served.client("desk")

    def send(door: str, direction: str = "entry") -> dict[str, object]:
        scan = {"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": door, "direction": direction}
        answer = desk.post("/scans", json=scan)
        assert answer.status_code == 201, answer.text
        shown: dict[str, object] = answer.json()
        return shown

    send("P-A")
    desk.patch("/attendees/a1", json={"group": "crew"})
    assert send("T-1")["kind"] == "entry"
    send("D1", "exit")
    house = desk.get("/occupancy").json()["areas"][0]
    assert (house["inside"], house["known"]) == (0, 0)
    send("D1")
    house = desk.get("/occupancy").json()["areas"][0]
    assert (house["inside"], house["known"]) == (0, 1)
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []


@pytest.mark.sqlite
def test_full_disk_keeps_the_scan_with_the_door_and_heals(served: Served) -> None:
    door = served.client("door", "D1")
    scan = {"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D1", "override": {"reason": "x" * 500}}

    def limit(pages: int | None) -> None:
        def work(tx: Transaction) -> None:
            now = tx.row("PRAGMA page_count")
            assert now is not None
            tx.rows(f"PRAGMA max_page_count = {pages or now[0]}")

        served.write(work)

    limit(None)
    answers = [door.post("/scans", json={**scan, "id": str(uuid.uuid4())}) for _ in range(20)]
    full = answers[-1]
    assert (full.status_code, full.json()["code"]) == (503, "store_full")
    assert int(full.headers["Retry-After"]) >= 1
    limit(1_000_000)
    assert door.post("/scans", json=scan).status_code == 201
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []
