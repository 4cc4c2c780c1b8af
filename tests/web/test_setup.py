"""The layout changed by the form: the way of a file, with its faults, its rule on numbers, and its way back."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from checkin.exchange.layout import read_layout
from checkin.service.venues import file_of, import_layout
from tests.served import Served
from tests.venue import SLUG, at, layout


def shown(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/setup")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def saved(client: httpx.Client, now: dict[str, Any]) -> httpx.Response:
    return client.put("/setup", json={"base": now["base"], "layout": now["layout"]})


def previewed(client: httpx.Client, now: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/setup/preview", json={"base": now["base"], "layout": now["layout"]})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def one(now: dict[str, Any], noun: str, id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in now["layout"][noun] if one["id"] == id)
    return found


def scan(served: Served, attendee: str = "a0", door: str = "D1") -> None:
    sent = {"id": str(uuid.uuid4()), "code": served.codes[attendee], "door": door}
    assert served.client("door", door).post("/scans", json=sent).json()["outcome"] == "admitted"


def test_event_made_in_the_browser_has_a_house(served: Served) -> None:
    client = served.operator()
    sent = {"slug": "neu", "name": "Neu", "date": "2026-05-01", "timezone": "Europe/Berlin", "house": "Halle"}
    made = client.post(f"{served.url}/api/v1/events", json={**sent, "visitors": 90})
    assert (made.status_code, made.json()["open"]) == (201, "/events/neu/setup")
    assert client.get(f"{served.url}/api/v1/events/neu/occupancy").json()["areas"][0]["capacity"] == 90
    assert client.post(f"{served.url}/api/v1/events", json=sent).json()["code"] == "event_exists"
    assert client.post(f"{served.url}/api/v1/events", json={**sent, "slug": "n n"}).json()["code"] == "slug_invalid"
    wrong = client.post(f"{served.url}/api/v1/events", json={**sent, "slug": "x", "timezone": "Mond"})
    assert wrong.json()["code"] == "layout_invalid"
    assert served.operator("desk").post(f"{served.url}/api/v1/events", json=sent).status_code == 403


def test_saved_form_is_the_layout(served: Served) -> None:
    client = served.operator()
    now = shown(client)
    one(now, "door", "D1")["opens"] = "08:30"
    now["layout"]["group"].append({"id": "vip", "name": "VIP"})
    seen = previewed(client, now)
    assert seen == {
        "faults": [],
        "differences": [
            {"noun": "group", "id": "vip", "field": "", "before": None, "after": "VIP"},
            {"noun": "door", "id": "D1", "field": "opens", "before": None, "after": "08:30:00"},
        ],
    }
    assert shown(client)["base"] == now["base"], "a preview writes nothing"
    assert saved(client, now).json()["differences"] == seen["differences"]
    doors = client.get("/layout").json()["doors"]
    assert next(door for door in doors if door["id"] == "D1")["opens"] == "08:30"


def test_faults_stand_at_their_fields(served: Served) -> None:
    client = served.operator()
    now = shown(client)
    one(now, "door", "D2")["closes"] = "08:00"
    one(now, "area", "T")["persons"] = 1
    now["layout"]["event"]["timezone"] = "Mond"
    now["layout"]["hold"].append({"area": "T", "seats": 0, "group": "gast"})
    faults = {(fault["noun"], fault["id"], fault["field"], fault["code"]) for fault in previewed(client, now)["faults"]}
    assert faults == {
        ("door", "D2", "closes", "hours_order"),
        ("area", "T", "persons", "persons_fewer"),
        ("event", "", "timezone", "zone_unknown"),
        ("hold", "T-gast", "seats", "hold_seats"),
    }
    assert saved(client, now).status_code == 422
    one(now, "area", "T")["visitors"] = "viele"
    assert ("area", "#3", "visitors", "value_unreadable") in {
        (fault["noun"], fault["id"], fault["field"], fault["code"]) for fault in previewed(client, now)["faults"]
    }


def test_what_is_in_use_stays_and_says_why(served: Served) -> None:
    client = served.operator()
    served.device("door", "D2")
    scan(served)
    client.post(
        "/sessions",
        json={
            "id": "s",
            "area": "T",
            "title": "S",
            "starts_at": "2026-03-20T11:00:00",
            "ends_at": "2026-03-20T12:00:00",
        },
    )
    now = shown(client)
    why = {(needed["noun"], needed["id"]): needed["why"] for needed in now["needed"]}
    assert why[("area", "T")] == "area_has_sessions"
    assert why[("door", "D1")] in ("door_in_use", "door_has_devices")
    assert why[("door", "D2")] == "door_has_devices"
    assert why[("group", "gast")] == "group_in_use"
    now["layout"]["door"] = [door for door in now["layout"]["door"] if door["id"] != "D2"]
    assert [fault["code"] for fault in previewed(client, now)["faults"]] == ["door_has_devices"]
    assert saved(client, now).json()["code"] == "door_has_devices"


def test_approved_numbers_are_the_organisers_until_the_first_scan(served: Served) -> None:
    """Situation 41: after that they are the safety role's alone."""
    client = served.operator()
    now = shown(client)
    assert not now["numbers_fixed"]
    one(now, "area", "T")["visitors"] = 4
    assert saved(client, now).status_code == 200
    scan(served)
    now = shown(client)
    assert now["numbers_fixed"]
    one(now, "area", "T")["visitors"] = 5
    assert [fault["code"] for fault in previewed(client, now)["faults"]] == ["numbers_need_approval"]
    refused = saved(client, now)
    assert (refused.status_code, refused.json()["code"]) == (403, "numbers_need_approval")
    now = shown(client)
    now["layout"]["area"] = [area for area in now["layout"]["area"] if area["id"] not in ("G", "T")]
    now["layout"]["door"] = [door for door in now["layout"]["door"] if door["id"] not in ("G-1", "T-1")]
    assert saved(client, now).json()["code"] == "numbers_need_approval", "an area that goes takes its limit along"
    assert client.post("/setup/undo").json()["code"] == "numbers_need_approval"
    now = shown(client)
    one(now, "area", "T")["name"] = "Theatersaal"
    assert saved(client, now).status_code == 200, "what is no number may change"


def test_last_change_is_taken_back_and_forth(served: Served) -> None:
    client = served.operator()
    before = shown(client)
    assert client.post("/setup/undo").json()["code"] == "nothing_to_undo"
    scan(served)
    now = shown(client)
    one(now, "door", "D1")["name"] = "Haupteingang"
    saved(client, now)
    inside = client.get("/occupancy").json()["areas"][0]["inside"]
    assert client.post("/setup/undo").status_code == 200
    assert shown(client)["layout"] == before["layout"]
    assert client.get("/occupancy").json()["areas"][0]["inside"] == inside == 1
    client.post("/setup/undo")
    assert one(shown(client), "door", "D1")["name"] == "Haupteingang"


def test_change_of_what_somebody_else_has_changed_is_refused(served: Served) -> None:
    client = served.operator()
    mine, theirs = shown(client), shown(client)
    one(theirs, "door", "D1")["name"] = "A"
    assert saved(client, theirs).status_code == 200
    one(mine, "door", "D1")["name"] = "B"
    assert saved(client, mine).json()["code"] == "layout_changed"


def test_what_was_decided_on_the_day_is_not_in_the_file(served: Served) -> None:
    client, safety = served.operator(), served.operator("safety")
    plan = {"id": "tische", "name": "Tische", "visitors": 2, "note": "Bauamt"}
    assert safety.post("/areas/T/plans", json=plan).status_code == 201
    assert safety.put("/areas/T/plan", json={"plan": "tische"}).status_code == 200
    client.post("/holds", json={"id": "h", "area": "P", "seats": 1, "group": "presse"})
    file = read_layout(client.get("/layout.toml").content)
    assert file.areas["T"].visitors == 3
    assert [(one.area, one.id, one.visitors) for one in file.plans] == [("T", "tische", 2)]
    assert file.holds == ()
    now = shown(client)
    one(now, "door", "D1")["name"] = "Neu"
    assert saved(client, now).status_code == 200
    assert served.write(lambda tx: served.centre.venues.venue(tx, SLUG)).layout.areas["T"].visitors == 2


def test_file_goes_out_and_in_again(served: Served) -> None:
    client = served.operator()
    file = client.get("/layout.toml")
    assert file.headers["content-disposition"] == f'attachment; filename="{SLUG}-layout.toml"'
    other = file.content.replace(f'slug = "{SLUG}"'.encode(), b'slug = "andere"')
    read = client.post("/setup/file", content=other)
    assert read.json()["layout"] == shown(client)["layout"]
    served.write(lambda tx: import_layout(tx, read_layout(other), now=at("09:00"), by="test"))
    again = client.get(f"{served.url}/api/v1/events/andere/layout.toml").content
    assert again == other
    assert client.post("/setup/file", content=b"kein = TOML =").json()["code"] == "layout_invalid"
    assert client.post("/setup/file", content=b"#" * (1024 * 1024 + 2)).status_code == 413


def test_file_of_last_year_brings_the_venue_and_leaves_name_and_date(served: Served) -> None:
    client = served.operator()
    file = client.get("/layout.toml").content
    for then, now in ((f'slug = "{SLUG}"', 'slug = "vorjahr"'), ("2026-03-20", "2025-03-20"), ("Tagung", "Vorjahr")):
        file = file.replace(then.encode(), now.encode())
    file = file.replace("Süd".encode(), b"Hauptportal")
    before = shown(client)["layout"]
    read = client.post("/setup/file", content=file).json()["layout"]
    assert read["event"] == before["event"]
    assert read["door"][0]["name"] == "Hauptportal"
    id = client.post("/imports", files={"file": ("layout.toml", file)}, timeout=60).json()["id"]
    counts = client.get(f"/imports/{id}").json()["counts"]
    assert [counts[what] for what in ("new", "changed", "gone")] == [0, 1, 0]


def test_layout_as_stored_is_the_layout_of_the_file(served: Served) -> None:
    stored = served.write(lambda tx: served.centre.venues.venue(tx, SLUG)).layout
    file = file_of(stored)
    assert list(file.areas.values()) == list(layout().areas.values())
    assert list(file.doors.values()) == list(layout().doors.values())


@pytest.mark.parametrize("role", ["steward", "desk", "viewer", "safety"])
def test_setting_up_is_for_organisers(served: Served, role: str) -> None:
    client = served.operator(role)
    assert client.get("/setup").status_code == 403
    assert client.get("/layout.toml").status_code == 403
    assert client.post("/setup/undo").status_code == 403


# --- the programme ------------------------------------------------------------------------------------------------

SESSION = {
    "id": "s1",
    "area": "T",
    "title": "Eröffnung",
    "starts_at": "2026-03-20T11:00:00",
    "ends_at": "2026-03-20T12:00:00",
}


def test_session_is_added_changed_and_taken_out(served: Served) -> None:
    client = served.operator()
    assert client.post("/sessions", json={**SESSION, "speakers": ["Ayşe Yıldız"]}).status_code == 201
    assert client.post("/sessions", json={**SESSION, "speakers": ["Ayşe Yıldız"]}).status_code == 201, "sent again"
    assert client.post("/sessions", json=SESSION).json()["code"] == "session_exists"
    change = {"title": "Begrüßung", "speakers": [], "ends_at": "2026-03-20T12:30:00"}
    assert client.patch("/sessions/s1", json=change).status_code == 200
    now = client.get("/sessions").json()["sessions"][0]
    assert (now["title"], now["speakers"], now["starts_at"], now["ends_at"]) == (
        "Begrüßung",
        [],
        "2026-03-20T11:00:00.000+01:00",
        "2026-03-20T12:30:00.000+01:00",
    )
    assert client.post("/sessions", json={**SESSION, "id": "s2", "area": "keller"}).json()["code"] == "area_unknown"
    assert client.delete("/sessions/s1").status_code == 204
    assert client.get("/sessions").json()["sessions"] == []


def test_booked_session_is_cancelled_not_taken_out(served: Served) -> None:
    client = served.operator()
    client.post("/sessions", json={**SESSION, "bookable": True})
    assert client.post("/sessions/s1/bookings", json={"attendee": "a1"}).status_code == 201
    assert client.delete("/sessions/s1").json()["code"] == "session_in_use"
    assert client.patch("/sessions/s1", json={"cancelled": True}).status_code == 200


def test_programme_goes_out_as_frab_json(served: Served) -> None:
    client = served.operator()
    client.post("/sessions", json=SESSION)
    file = client.get("/schedule.json").json()["schedule"]["conference"]
    event = file["days"][0]["rooms"]["Theater"][0]
    assert (event["code"], event["date"], event["duration"]) == ("s1", "2026-03-20T11:00:00+01:00", "01:00")
