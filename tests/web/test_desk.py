"""The desk, over HTTP: found by name, checked in, printed, handed out, taken back."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from checkin.demo.clock import DemoClock
from checkin.service.prints import TAKEN_MS_MAX
from checkin.service.undo import UNDO_MS_MAX
from checkin.service.verify import verify
from tests.served import Served, serve
from tests.venue import SLUG, at


def new() -> str:
    return str(uuid.uuid4())


def check_in(desk: httpx.Client, who: str, **more: Any) -> Any:
    return desk.post("/scans", json={"id": new(), "attendee": who, "door": "D1", **more})


def badge_of(desk: httpx.Client, who: str) -> Any:
    return desk.get(f"/attendees/{who}").json()["badge"]


def printed(desk: httpx.Client, badge: str, **more: Any) -> httpx.Response:
    return desk.post("/prints", json={"id": new(), "badge": badge, **more})


def taken(desk: httpx.Client, printer: str = "Zebra") -> Any:
    answer = desk.post("/prints/next", json={"printer": printer})
    return answer.json() if answer.status_code == 200 else None


def test_desk_checks_in_whom_it_found_by_name_and_a_door_does_not_situation_5(served: Served) -> None:
    desk, door = served.client("desk"), served.client("door", "D1")
    (found,) = desk.get("/attendees", params={"q": "Nr a7"}).json()["attendees"]
    assert check_in(door, found["id"]).json()["code"] == "code_missing"
    assert check_in(desk, found["id"]).json()["kind"] == "arrival"
    assert desk.get(f"/attendees/{found['id']}").json()["area"] == "house"


def test_desk_number_finds_first_and_code_finds_without_deciding(served: Served) -> None:
    desk = served.client("desk")
    badge = badge_of(desk, "a3")
    found = desk.get("/attendees", params={"q": str(badge["desk_number"])}).json()["attendees"]
    assert found[0]["id"] == "a3"
    by_code = desk.post("/attendees/by-code", json={"code": served.codes["a3"].lower()}).json()["attendees"]
    assert [one["id"] for one in by_code] == ["a3"]
    assert desk.post("/attendees/by-code", json={"code": "WIFI:S:Gast;P:geheim;;"}).json() == {
        "attendees": [],
        "replaced": None,
        "represented": None,
    }
    assert desk.get("/occupancy").json()["areas"][0]["known"] == 0


def test_scan_is_taken_back_as_if_it_had_not_been(served: Served) -> None:
    desk = served.client("desk")
    scan = check_in(desk, "a1").json()
    assert desk.post(f"/scans/{scan['id']}/undo").status_code == 200
    person = desk.get("/attendees/a1").json()
    assert (person["area"], person["arrived_at"]) == (None, None)
    assert desk.post(f"/scans/{scan['id']}/undo").json()["code"] == "moved_on"
    assert check_in(desk, "a1").json()["kind"] == "arrival", "the first arrival, again"
    refused = check_in(desk, "a1").json()
    assert desk.post(f"/scans/{refused['id']}/undo").json()["code"] == "nothing_to_undo"
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []


def test_exit_is_taken_back_unless_the_place_is_gone(served: Served) -> None:
    desk = served.client("desk")
    for who in ("a1", "a2", "a3"):
        check_in(desk, who, door="T-1")
    gone = check_in(desk, "a1", door="T-1", direction="exit").json()
    assert desk.post(f"/scans/{gone['id']}/undo").status_code == 200
    assert desk.get("/attendees/a1").json()["area"] == "T"
    gone = check_in(desk, "a1", door="T-1", direction="exit").json()
    check_in(desk, "a4", door="T-1")
    assert desk.post(f"/scans/{gone['id']}/undo").json()["code"] == "place_taken"


def test_scan_is_taken_back_for_half_a_minute_and_at_its_door_alone(tmp_path: Any) -> None:
    now = [at("10:00")]
    with serve(tmp_path, clock=lambda: now[0]) as served:
        desk = served.client("desk")
        scan = check_in(desk, "a1").json()
        assert served.client("door", "D2").post(f"/scans/{scan['id']}/undo").json()["code"] == "other_door"
        now[0] += UNDO_MS_MAX + 1
        assert desk.post(f"/scans/{scan['id']}/undo").json()["code"] == "undo_late"


def test_badge_is_printed_once_unless_asked_again(served: Served) -> None:
    desk = served.client("desk")
    badge = badge_of(desk, "a1")["id"]
    assert printed(desk, badge).status_code == 201
    assert printed(desk, badge).json()["code"] == "printed_already"
    job = taken(desk)
    assert (job["name"], job["state"], job["taken_by"], taken(desk)) == ("Ada Nr a1", "printing", "Zebra", None)
    assert desk.patch(f"/prints/{job['id']}", json={"state": "printed"}).json()["state"] == "printed"
    assert badge_of(desk, "a1")["printed_at"] is not None
    assert printed(desk, badge).json()["code"] == "printed_already"
    assert printed(desk, badge, again=True).status_code == 201


def test_printer_that_fails_stops_nobody_situation_29(tmp_path: Any) -> None:
    now = [at("10:00")]
    with serve(tmp_path, clock=lambda: now[0]) as served:
        desk = served.client("desk")
        for who in ("a1", "a2"):
            printed(desk, badge_of(desk, who)["id"])
            now[0] += 1_000
        first = taken(desk)
        desk.patch(f"/prints/{first['id']}", json={"state": "failed", "fault": "kein Papier"})
        assert check_in(desk, "a1").json()["outcome"] == "admitted", "entry does not wait for paper"
        listed = desk.get("/prints").json()["prints"]
        assert [(one["name"], one["state"], one["fault"], one["said"]) for one in listed] == [
            ("Ada Nr a1", "failed", "said", "kein Papier"),
            ("Ada Nr a2", "waiting", "", ""),
        ]
        assert desk.patch(f"/prints/{first['id']}", json={"state": "waiting"}).json()["state"] == "waiting"
        assert taken(desk)["name"] == "Ada Nr a1", "again, and in its old place"
        now[0] += TAKEN_MS_MAX + 1
        assert taken(desk, "Brother")["name"] == "Ada Nr a1", "the printer that took it has gone"


def test_printer_takes_what_is_meant_for_it_or_for_any(served: Served) -> None:
    desk = served.client("desk")
    printed(desk, badge_of(desk, "a1")["id"], printer="West")
    assert taken(desk, "Süd") is None
    assert taken(desk, "West")["name"] == "Ada Nr a1"


def test_badge_that_was_replaced_while_it_waited_is_not_printed(served: Served) -> None:
    desk = served.client("desk")
    old = badge_of(desk, "a1")
    printed(desk, old["id"])
    fresh = desk.post("/attendees/a1/badges", params={"after": old["generation"]}).json()
    assert desk.post("/attendees/a1/badges", params={"after": old["generation"]}).json()["id"] == fresh["id"]
    assert taken(desk) is None
    assert printed(desk, old["id"], again=True).json()["code"] == "badge_replaced"
    answer = desk.post("/scans", json={"id": new(), "code": served.codes["a1"], "door": "D1"}).json()
    assert (answer["reason"], answer["way"]["de"]) == (
        "badge_replaced",
        "Ersetzt um 10:00 (desk None) – bitte das neue Badge zeigen",
    )
    led_to = desk.post("/attendees/by-code", json={"code": served.codes["a1"]}).json()
    assert (led_to["attendees"][0]["badge"]["id"], led_to["replaced"]) == (fresh["id"], answer["way"])


def test_group_picks_up_its_badges_and_nobody_is_counted_situation_15(served: Served) -> None:
    desk = served.client("desk")
    badges = [badge_of(desk, f"a{number}")["id"] for number in range(14)]
    assert desk.post("/pickups", json={"badges": badges}).json() == {"badges": badges}
    assert desk.post("/pickups", json={"badges": badges}).json() == {"badges": []}
    assert badge_of(desk, "a5")["handed_at"] is not None
    assert desk.get("/occupancy").json()["areas"][0]["known"] == 0
    assert desk.post("/pickups", json={"badges": badges[:2], "back": True}).json() == {"badges": badges[:2]}
    assert badge_of(desk, "a0")["handed_at"] is None
    assert desk.post("/pickups", json={"badges": ["nobody"]}).status_code == 404


@pytest.mark.parametrize("role", ["steward", "viewer"])
def test_print_queue_is_for_the_desk(served: Served, role: str) -> None:
    client = served.operator(role)
    assert client.get("/prints").status_code == 403
    assert client.post("/pickups", json={"badges": ["x"]}).status_code == 403


def walk_in(desk: httpx.Client, name: str = "Nowak") -> Any:
    return desk.post("/attendees", json={"id": new(), "group": "gast", "given_name": "Eva", "family_name": name}).json()


def test_walk_in_is_taken_back_with_badge_print_and_check_in(served: Served) -> None:
    desk = served.client("desk")
    person = walk_in(desk)
    badge = desk.post(f"/attendees/{person['id']}/badges").json()
    job = printed(desk, badge["id"]).json()
    assert check_in(desk, person["id"]).json()["kind"] == "arrival"
    for _ in range(2):
        assert desk.post(f"/attendees/{person['id']}/undo").status_code == 204, "twice is once"
    now = desk.get(f"/attendees/{person['id']}").json()
    assert (now["registration"], now["area"], now["badge"]["state"]) == ("cancelled", None, "replaced")
    assert desk.get("/prints").json()["prints"] == []
    assert taken(desk) is None
    assert desk.post("/scans", json={"id": new(), "code": badge["code"], "door": "D1"}).json()["outcome"] == "refused"
    facts = [one["fact"] for one in desk.get("/facts?since=0&limit=1000").json()["facts"]]
    assert {"added", "walk-in taken back", "print withdrawn"} <= {one.get("what") for one in facts}, (
        "nothing is deleted"
    )
    assert job["id"] not in [one["id"] for one in desk.get("/prints").json()["prints"]]
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []


def test_walk_in_who_waits_gives_the_number_back_situation_12(served: Served) -> None:
    desk = served.client("desk")
    for number in range(10):
        check_in(desk, f"a{number}")
    first, second = walk_in(desk, "Erste"), walk_in(desk, "Zweite")
    assert (first["line"]["number"], second["line"]["ahead"]) == (1, 1)
    assert desk.post(f"/attendees/{first['id']}/undo").status_code == 204
    line = desk.post("/areas/house/line", json={"attendee": second["id"]}).json()
    assert (line["number"], line["ahead"]) == (2, 0)


def test_proxy_is_taken_back_and_the_first_badge_holds_again_situation_9(served: Served) -> None:
    desk = served.client("desk")
    proxy = desk.post("/attendees/a6/proxy", json={"id": new(), "family_name": "Öztürk"}).json()
    badge = desk.post(f"/attendees/{proxy['id']}/badges").json()
    check_in(desk, proxy["id"])
    for _ in range(2):
        assert desk.post("/attendees/a6/proxy/undo").status_code == 204, "twice is once"
    assert desk.get(f"/attendees/{proxy['id']}").json()["registration"] == "cancelled"
    assert desk.get("/attendees/a6").json()["represented_by"] is None
    by_proxy = desk.post("/scans", json={"id": new(), "code": badge["code"], "door": "D1"}).json()
    assert by_proxy["outcome"] == "refused"
    assert desk.post("/scans", json={"id": new(), "code": served.codes["a6"], "door": "D1"}).json()["kind"] == "arrival"
    another = desk.post("/attendees/a6/proxy", json={"id": new(), "family_name": "Zweite"})
    assert another.json()["code"] == "attendee_inside"
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []


def test_proxy_is_not_taken_back_once_either_has_moved_on(served: Served) -> None:
    desk = served.client("desk")
    proxy = desk.post("/attendees/a6/proxy", json={"id": new(), "family_name": "Öztürk"}).json()
    check_in(desk, proxy["id"])
    check_in(desk, proxy["id"], door="T-1")
    assert desk.post("/attendees/a6/proxy/undo").json()["code"] == "moved_on"
    assert desk.get(f"/attendees/{proxy['id']}").json()["area"] == "T", "nothing of it was done"


def test_registrations_are_taken_back_for_half_a_minute_of_whoever_stands_there(tmp_path: Any) -> None:
    """The event's clock runs sixty times as fast as ours: an hour of its is a minute of ours."""
    ours = [0.0]
    clock = DemoClock(at("10:00"), at("18:00"), 60, wall=lambda: ours[0])
    with serve(tmp_path, clock=clock, ago=clock.ago) as served:
        desk = served.client("desk")
        person = walk_in(desk)
        scan = check_in(desk, "a1").json()
        proxy = desk.post("/attendees/a6/proxy", json={"id": new(), "family_name": "Öztürk"}).json()
        ours[0] += UNDO_MS_MAX / 1_000 - 1
        assert desk.post(f"/attendees/{person['id']}/undo").status_code == 204
        assert desk.post(f"/scans/{scan['id']}/undo").status_code == 200
        later = walk_in(desk, "Später")
        ours[0] += 2
        assert desk.post("/attendees/a6/proxy/undo").json()["code"] == "registration_late"
        assert desk.get(f"/attendees/{proxy['id']}").json()["registration"] == "registered"
        assert desk.post(f"/attendees/{later['id']}/undo").status_code == 204
    assert at("10:00") + UNDO_MS_MAX < clock(), "by its own clock half a minute was long over"


def test_those_of_the_list_are_no_walk_ins(served: Served) -> None:
    desk = served.client("desk")
    assert desk.post("/attendees/a1/undo").json()["code"] == "registration_late"
    assert desk.post("/attendees/nobody/undo").json()["code"] == "attendee_unknown"
    assert served.client("door").post("/attendees/a1/undo").status_code == 403


def test_print_that_waits_is_withdrawn_and_one_that_a_printer_has_is_not(served: Served) -> None:
    desk = served.client("desk")
    waits = printed(desk, badge_of(desk, "a1")["id"]).json()
    assert desk.patch(f"/prints/{waits['id']}", json={"state": "withdrawn"}).json()["state"] == "withdrawn"
    assert taken(desk) is None
    assert printed(desk, badge_of(desk, "a1")["id"]).status_code == 201, "it is asked for anew without a question"
    job = taken(desk)
    assert desk.patch(f"/prints/{job['id']}", json={"state": "withdrawn"}).json()["code"] == "print_taken"
    desk.patch(f"/prints/{job['id']}", json={"state": "failed"})
    assert desk.patch(f"/prints/{job['id']}", json={"state": "withdrawn"}).json()["state"] == "withdrawn"


def test_undo_does_not_take_away_what_somebody_has_corrected_since(served: Served) -> None:
    one, other = served.client("desk"), served.client("desk")
    was = one.get("/attendees/a1").json()["given_name"]

    def corrected(desk: httpx.Client, **sent: Any) -> httpx.Response:
        return desk.patch("/attendees/a1", json=sent)

    corrected(one, given_name="Eins")
    corrected(other, given_name="Zwei", remark="kommt um elf")
    late = corrected(one, given_name=was, expects={"given_name": "Eins"})
    assert (late.status_code, late.json()["code"], late.json()["fields"]) == (409, "changed_since", ["given_name"])
    assert one.get("/attendees/a1").json()["given_name"] == "Zwei"
    assert corrected(other, given_name="Eins", expects={"given_name": "Zwei"}).status_code == 200
    assert corrected(one, given_name=was, expects={"given_name": "Eins"}).json()["given_name"] == was


@pytest.mark.parametrize(
    ("change", "again", "back"),
    [
        ({"remark": "eins"}, {"remark": "zwei"}, {"remark": ""}),
        ({"photo": True}, {"photo": False}, {"photo": False}),
        ({"group": "crew"}, {"group": "gast"}, {"group": "gast"}),
        ({"accredited": True}, {"accredited": False}, {"accredited": False}),
        (
            {"registration": "cancelled"},
            {"registration": "registered", "reason": "doch"},
            {"registration": "registered"},
        ),
    ],
)
def test_undo_of_any_change_says_what_it_takes_back(
    served: Served, change: dict[str, Any], again: dict[str, Any], back: dict[str, Any]
) -> None:
    desk = served.client("desk")
    undo = {**back, "expects": change, **({"reason": "zurück"} if "registration" in back else {})}
    for sent in (change, again):
        assert desk.patch("/attendees/a1", json=sent).status_code == 200
    assert desk.patch("/attendees/a1", json=undo).json()["code"] == "changed_since"
    desk.patch("/attendees/a1", json=change)
    assert desk.patch("/attendees/a1", json=undo).status_code == 200


def reissued(desk: httpx.Client, who: str) -> tuple[Any, Any]:
    """The badge before, and the one that replaced it."""
    old = badge_of(desk, who)
    new_one = desk.post(f"/attendees/{who}/badges", params={"after": old["generation"]}).json()
    return old, new_one


def test_new_badge_is_taken_back_and_the_old_one_holds_again(served: Served) -> None:
    desk = served.client("desk")
    old, fresh = reissued(desk, "a4")
    waits = printed(desk, fresh["id"]).json()
    by_old = desk.post("/scans", json={"id": new(), "code": served.codes["a4"], "door": "D1"}).json()
    assert by_old["reason"] == "badge_replaced", "the mistake that is to be undone"
    for _press in range(2):
        assert desk.post(f"/badges/{fresh['id']}/undo").status_code == 204
    assert badge_of(desk, "a4")["id"] == old["id"]
    states = [one["state"] for one in desk.get("/prints").json()["prints"] if one["id"] == waits["id"]]
    assert states in ([], ["withdrawn"])
    by_new = desk.post("/scans", json={"id": new(), "code": fresh["code"], "door": "D1"}).json()
    assert by_new["reason"] == "badge_replaced"
    assert desk.post("/scans", json={"id": new(), "code": served.codes["a4"], "door": "D1"}).json()["kind"] == "arrival"
    assert reissued(desk, "a4")[1]["generation"] == 3, "no generation is given twice"


def test_new_badge_on_paper_or_in_use_is_not_taken_back(tmp_path: Any) -> None:
    now = [at("10:00")]
    with serve(tmp_path, clock=lambda: now[0]) as served:
        desk = served.client("desk")

        def undone(badge: Any) -> str:
            return str(desk.post(f"/badges/{badge['id']}/undo").json()["code"])

        _, on_paper = reissued(desk, "a1")
        printed(desk, on_paper["id"])
        taken(desk)
        assert undone(on_paper) == "reissue_on_paper"
        _, used = reissued(desk, "a2")
        desk.post("/scans", json={"id": new(), "code": used["code"], "door": "D1"})
        assert undone(used) == "reissue_used"
        assert badge_of(desk, "a2")["id"] == used["id"]
        assert undone({"id": badge_of(desk, "a3")["id"]}) == "reissue_late", "it has replaced none"
        _, late = reissued(desk, "a4")
        now[0] += UNDO_MS_MAX + 1
        assert undone(late) == "reissue_late"


def test_pick_up_taken_back_withdraws_what_it_has_queued_and_no_printer_has(served: Served) -> None:
    desk = served.client("desk")
    badges = [badge_of(desk, who)["id"] for who in ("a1", "a2", "a3")]
    first, second = (printed(desk, badge).json()["id"] for badge in badges[:2])
    desk.post("/pickups", json={"badges": badges})
    assert taken(desk)["id"] in (first, second)
    desk.post("/pickups", json={"badges": badges, "back": True, "prints": [first, second]})
    assert [one["state"] for one in desk.get("/prints").json()["prints"]] == ["printing"]
    assert badge_of(desk, "a1")["handed_at"] is None


def test_badge_replaced_by_an_operator_says_a_place_too(served: Served) -> None:
    operator = served.operator("desk")
    reissued(operator, "a4")
    answer = served.client("door").post("/scans", json={"id": new(), "code": served.codes["a4"], "door": "D1"}).json()
    assert answer["way"] == {
        "de": "Ersetzt um 10:00 am Infoschalter – bitte das neue Badge zeigen",
        "en": "Replaced at 10:00 at the help desk – please show the new badge",
    }


def test_walk_in_of_a_known_name_is_asked_for_where_that_is_wished(served: Served) -> None:
    desk = served.client("desk")
    sent = {"id": new(), "group": "gast", "given_name": "ada", "family_name": "nr A1"}
    asked = desk.post("/attendees", json={**sent, "distinct": True})
    assert (asked.status_code, asked.json()["code"]) == (409, "name_known")
    assert [one["id"] for one in asked.json()["namesakes"]] == ["a1"]
    assert desk.post("/attendees", json=sent).status_code == 201, "programs are not asked"
    assert desk.post("/attendees", json={**sent, "distinct": True}).status_code == 201, "the same person once more"
    other = {"id": new(), "group": "gast", "given_name": "Niemand", "family_name": "Sonst", "distinct": True}
    assert desk.post("/attendees", json=other).status_code == 201


def test_desk_says_of_who_sent_a_proxy_what_the_door_says_situation_10(served: Served) -> None:
    desk = served.client("desk")
    desk.post("/attendees/a6/proxy", json={"id": new(), "family_name": "Öztürk"})
    led_to = desk.post("/attendees/by-code", json={"code": served.codes["a6"]}).json()
    at_door = desk.post("/scans", json={"id": new(), "code": served.codes["a6"], "door": "D1"}).json()
    assert (led_to["replaced"], led_to["represented"]) == (None, at_door["hint"])
    assert led_to["represented"]["de"] == "Vertretung gemeldet – Ausweis vorzeigen"


def test_letters_that_cannot_be_printed_are_told_when_the_badge_is_queued(served: Served) -> None:
    desk = served.client("desk")
    desk.patch("/attendees/a1", json={"given_name": "Ada \U00012000"})
    assert printed(desk, badge_of(desk, "a1")["id"]).json()["missing"] == "\U00012000"
    assert printed(desk, badge_of(desk, "a2")["id"]).json()["missing"] == ""


def test_printer_that_its_program_cannot_reach_is_shown_until_it_takes_something(served: Served) -> None:
    desk = served.client("desk")

    def unreachable() -> list[tuple[str, str]]:
        return [(one["name"], one["fault"]) for one in desk.get("/prints").json()["unreachable"]]

    assert desk.post("/printers", json={"printer": "Zebra", "fault": "no route"}).status_code == 204
    assert unreachable() == [("Zebra", "no route")]
    assert taken(desk, "Laser") is None
    assert unreachable() == [("Zebra", "no route")], "another printer says nothing of this one"
    assert taken(desk) is None, "nothing was printing"
    assert unreachable() == []


def test_name_itself_is_found_before_longer_ones_with_it(served: Served) -> None:
    desk = served.client("desk")
    for who, name in (("a1", "Abel-Müller"), ("a2", "Müller"), ("a3", "Mueller-Lüdenscheidt")):
        desk.patch(f"/attendees/{who}", json={"given_name": "Uwe", "family_name": name})
    for query in ("mueller", "Müller", "uwe müll"):
        found = [one["id"] for one in desk.get("/attendees", params={"q": query}).json()["attendees"]]
        assert sorted(found) == ["a1", "a2", "a3"]
        assert (found[0] == "a2") == (query != "uwe müll"), "half a name is none"
