"""What the organiser is told of while the day goes on, and who sees to it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from msgspec.structs import replace

from checkin.core.alerts import SILENT_S
from checkin.core.conflict import Case
from checkin.core.facts import Changed
from checkin.core.layout import Layout
from checkin.service import centre
from checkin.service.venues import Venues, import_layout
from checkin.store import attendees, facts, presences, stations
from checkin.store.engine import Transaction
from checkin.store.facts import Kept
from tests.core.given import there
from tests.situations.day import LAYOUT, Day, answered
from tests.venue import SLUG, at, people


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The steady clock of the centre, in seconds, as the test says."""
    now = [1_000.0]
    monkeypatch.setattr(centre, "steady_s", lambda: now[0])
    return now


def going_on(day: Day, kind: str) -> list[dict[str, Any]]:
    return [one for one in day.overview()["alerts"]["going_on"] if one["kind"] == kind]


def say(day: Day, alert: dict[str, Any], state: str) -> None:
    assert day.organiser.patch(f"/alerts/{alert['id']}", json={"state": state}).status_code == 204


def test_28_queue_of_more_than_five_minutes_warns_and_suggests_a_lane(day: Day, steady: list[float]) -> None:
    def prepare(tx: Transaction, venues: Venues) -> None:
        doors = [replace(one, lanes=9) if one.id == "D1" else one for one in LAYOUT.doors.values()]
        layout = Layout(LAYOUT.event, LAYOUT.groups.values(), LAYOUT.areas.values(), doors, items=LAYOUT.items.values())
        import_layout(tx, layout, now=at("08:00"), by="test")
        attendees.add_attendees(tx, venues.id(tx, SLUG), [(one, "") for one in people(1_500, "gast", "x")])

    day.write(prepare)
    day.time("08:58")
    day.look_after()
    (alert,) = [one for one in going_on(day, "queue") if one["door"] == "D1"]
    door = next(one for one in day.overview()["doors"] if one["id"] == "D1")
    reason = door["advice"]
    assert reason["now"]["lanes"] == door["lanes_open"] == 1
    assert reason["now"]["per_min"] == 60 / reason["service_s"] < reason["arrivals_per_min"]
    assert alert["count"] == reason["now"]["wait_min"] > 5
    assert alert["lanes"] == reason["then"]["lanes"] > 1
    assert reason["then"]["wait_min"] <= 5
    assert day.steward.put("/doors/D1/lanes", json={"lanes": 9}).status_code == 204
    assert [one for one in going_on(day, "queue") if one["door"] == "D1"] == []


def test_29_printer_that_fails_is_told_of_and_check_in_goes_on(day: Day, steady: list[float]) -> None:
    badge = day.desk.post("/attendees/g1/badges", json={}).json()["id"]
    printed = {"id": str(uuid.uuid4()), "badge": badge, "again": True}
    assert day.desk.post("/prints", json=printed).status_code in (200, 201)
    day.look_after()
    assert going_on(day, "printer") == []
    day.time("10:06")
    day.look_after()
    (waiting,) = going_on(day, "printer")
    assert (waiting["level"], waiting["count"], waiting["limit"]) == ("waiting", 6.0, 1)
    taken = answered(day.desk.post("/prints/next", json={"printer": "Empfang"}), 200)
    assert day.desk.patch(f"/prints/{taken['id']}", json={"state": "failed", "fault": "Papier"}).status_code == 200
    day.look_after()
    failed = [one for one in going_on(day, "printer") if one["level"] == "failed"]
    assert [(one["name"], one["count"]) for one in failed] == [("Empfang", 1)]
    assert day.scan("g2", "D1")["outcome"] == "admitted"


def test_29_printer_that_its_program_cannot_reach_is_told_of_until_it_asks_again(day: Day, steady: list[float]) -> None:
    day.desk.post("/printers", json={"printer": "Empfang", "fault": "no route to host"})
    day.look_after()
    assert [(one["name"], one["level"]) for one in going_on(day, "printer")] == [("Empfang", "unreachable")]
    day.desk.post("/prints/next", json={"printer": "Empfang"})
    day.time("10:06")
    day.look_after()
    assert going_on(day, "printer") == []


def test_35_wheelchair_user_booked_where_there_is_no_lift_is_an_alert_before_the_day(
    day: Day, steady: list[float]
) -> None:
    day.book("game", "w1")
    day.look_after()
    (alert,) = going_on(day, "not_step_free")
    assert (alert["session"], alert["area"], alert["count"]) == ("game", "Q", 1)


def test_45_house_is_told_of_at_its_thresholds_and_who_sees_to_it_is_kept(day: Day, steady: list[float]) -> None:
    limit = day.area("house")["capacity"]
    day.headcount("house", -(-limit * 9 // 10))
    day.look_after()
    (alert,) = going_on(day, "area")
    assert (alert["level"], alert["state"], alert["taken_by"]) == ("warn", "open", None)
    say(day, alert, "taken")
    (alert,) = going_on(day, "area")
    assert alert["state"] == "taken"
    assert alert["taken_by"].startswith("organiser")
    day.headcount("house", limit)
    day.look_after()
    (alert,) = going_on(day, "area")
    assert (alert["level"], alert["state"], alert["count"]) == ("stop", "taken", limit)
    say(day, alert, "done")
    assert going_on(day, "area")[0]["state"] == "done"
    say(day, alert, "open")
    assert going_on(day, "area")[0]["taken_by"] is None
    day.headcount("house", 0)
    day.time("10:05")
    day.look_after()
    assert going_on(day, "area") == []
    (quiet,) = day.overview()["alerts"]["over"]
    assert (quiet["state"], quiet["ended_at"]) == ("quiet", None)
    day.headcount("house", limit)
    (back,) = going_on(day, "area")
    assert (back["id"], back["state"], back["count"]) == (alert["id"], "open", limit)
    day.headcount("house", 0)
    day.time("10:07")
    day.look_after()
    (over,) = day.overview()["alerts"]["over"]
    assert (over["kind"], over["state"]) == ("area", "over")
    noted = [fact for fact in day.facts("change") if fact["noun"] == "alert"]
    assert all((fact["ids"], fact["note"]) == ([alert["id"], "house"], "area") for fact in noted)
    assert [fact["what"] for fact in noted] == ["raised", "taken", "done", "reopened", "over"]


def test_56_device_whose_clock_is_seven_minutes_off_is_told_of(day: Day, steady: list[float]) -> None:
    wrong = dt.datetime.fromtimestamp((at("10:00") - 7 * 60_000) / 1000, dt.UTC).isoformat()
    for number, who in enumerate(("g1", "g2", "g3"), 1):
        sent = {"id": str(uuid.uuid4()), "code": day.codes[who], "door": "D1", "scanned_at": wrong}
        answered(day.door("D1").post("/scans", json=sent), 201)
        day.look_after()
        assert len(going_on(day, "clock_off")) == (number == 3)
    (alert,) = going_on(day, "clock_off")
    assert (alert["door"], alert["count"], alert["name"]) == ("D1", -7.0, "door D1")


def test_door_whose_device_says_nothing_is_told_of(day: Day, steady: list[float]) -> None:
    day.scan("g1", "D1")
    day.look_after()
    steady[0] += SILENT_S - 1
    day.look_after()
    assert going_on(day, "door_silent") == []
    steady[0] += 2
    day.look_after()
    assert [one["door"] for one in going_on(day, "door_silent")] == ["D1"]
    day.time("10:01")
    day.scan("g2", "D1")
    day.look_after()
    assert going_on(day, "door_silent") == []


def test_lanes_are_opened_by_whoever_counts_and_no_more_than_there_are(day: Day) -> None:
    def lanes() -> tuple[int, bool]:
        door = next(one for one in day.overview()["doors"] if one["id"] == "D1")
        return door["lanes_open"], door["lanes_set"]

    assert lanes() == (1, False)
    assert day.steward.put("/doors/D1/lanes", json={"lanes": 1}).status_code == 204
    assert lanes() == (1, True)
    refused = day.steward.put("/doors/D1/lanes", json={"lanes": 99})
    assert (refused.status_code, refused.json()["code"]) == (422, "lanes_invalid")
    assert day.steward.put("/doors/D1/lanes", json={"lanes": None}).status_code == 204
    assert lanes() == (1, False)
    assert day.desk.put("/doors/D1/lanes", json={"lanes": 1}).status_code == 403


def test_conflict_of_a_door_that_was_cut_off_is_told_of_until_it_is_settled(day: Day, steady: list[float]) -> None:
    case = Case(id="one", kind="badge_twice", attendee="g1", sides=())
    day.write(lambda tx, venues: stations.add_cases(tx, venues.id(tx, SLUG), [case], at("10:00")))
    day.look_after()
    assert [one["count"] for one in going_on(day, "conflict")] == [1]
    day.write(
        lambda tx, venues: stations.close_case(
            tx, venues.id(tx, SLUG), "one", "badge_twice", "copy", at=at("10:01"), by="test"
        )
    )
    assert going_on(day, "conflict") == []


def test_alert_that_there_is_not_is_not_found(day: Day) -> None:
    answer = day.organiser.patch("/alerts/x", json={"state": "taken"})
    assert (answer.status_code, answer.json()["code"]) == (404, "alert_unknown")
    assert day.organiser.patch("/alerts/x", json={"state": "over"}).status_code == 422


def test_forecast_and_doors_tell_of_what_was_seen(day: Day) -> None:
    for who in ("g1", "g2", "g3"):
        day.scan(who, "D1")
    day.scan("g1", "D1")
    overview = day.overview()
    forecast = overview["forecast"]
    assert forecast["arrived"] == 3
    assert forecast["expected"] == round(forecast["registered"] * 0.78)
    assert forecast["total"]["low"] <= forecast["total"]["mean"] <= forecast["total"]["high"]
    door = next(one for one in overview["doors"] if one["id"] == "D1")
    assert (door["scans"], door["per_min"], door["refused"]) == (4, 0.8, 1)
    assert [one["reason"] for one in door["refusals"]] == ["already_inside"]
    assert 0 < door["median_ms"] <= door["p95_ms"]
    quiet = next(one for one in overview["doors"] if one["id"] == "K-1")
    assert (quiet["scans"], quiet["median_ms"]) == (0, None)


def test_walk_ins_are_no_registrations_and_are_told_apart(day: Day) -> None:
    before = day.overview()["forecast"]
    walked_in = [day.walk_in(name)["id"] for name in ("Eins", "Zwei")]
    day.scan(walked_in[0], "D1")
    day.scan("g1", "D1")
    after = day.overview()["forecast"]
    assert (after["registered"], after["expected"]) == (before["registered"], before["expected"])
    assert (after["arrived"], before["walk_ins"], after["walk_ins"]) == (2, 0, 1)
    played = answered(day.organiser.post("/simulations", json={"no_show_percent": 0}), 200)["played"]
    assert played["registered"] == after["registered"]


def test_planned_day_is_played_with_the_no_shows_of_the_last_event(day: Day) -> None:
    def last_year(tx: Transaction, venues: Venues) -> None:
        event = replace(LAYOUT.event, slug="vorher", date=LAYOUT.event.date.replace(year=2025))
        import_layout(tx, LAYOUT.of(event), now=0, by="test")
        id = venues.id(tx, "vorher")
        attendees.add_attendees(tx, id, [(one, "") for one in people(12, "gast", "last")])
        presences.save_presences(tx, id, {f"last{number}": there("house") for number in range(7)})
        added = Changed(noun="attendee", what="added", at=0, by="test", ids=("last0", "last1"))
        facts.add_facts(tx, id, [Kept(1_000, added)])

    assert answered(day.organiser.post("/simulations", json={}), 200)["played"]["no_show_percent"] == 22
    day.write(last_year)
    shown = day.overview()["forecast"]
    assert (shown["no_show_percent"], shown["source"]) == (50, "events")
    assert answered(day.organiser.post("/simulations", json={}), 200)["played"]["no_show_percent"] == 50


def test_planned_day_is_played_for_organisers_alone(day: Day) -> None:
    answer = answered(day.organiser.post("/simulations", json={"registrations": 40, "lanes": {"D1": 1}}), 200)
    assert answer["played"]["registered"] == 40
    assert answer["picture"].startswith("<svg")
    assert day.steward.post("/simulations", json={}).status_code == 403
    unknown = day.organiser.post("/simulations", json={"lanes": {"X": 1}})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "door_unknown")
