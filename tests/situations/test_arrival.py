"""At the entrances: who comes in, who waits, and what they are told. Numbers in names: the situations of the day."""

from __future__ import annotations

import uuid

import pytest

from tests.situations.day import ENTRANCES, GROUP_BOOKING, Day, answered, refused, said, time_of, told_to_wait, way


def test_situation_1_valid_code_is_admitted_with_name_and_group(day: Day) -> None:
    answer = day.scan("g1", "D1")
    assert said(answer) == ("admitted", None, "Einlass gewährt – willkommen")
    assert answer["kind"] == "arrival"
    assert answer["attendee"] == {**answer["attendee"], "name": "Ada Nr g1", "group": "gast"}
    assert day.inside("house") == [1]


def test_situation_1_door_shows_the_forums_of_the_person(day: Day) -> None:
    day.book("schools", "g1")
    assert "Schulen, Kitas, Bibliotheken" in str(day.scan("g1", "D1"))


def test_situation_2_entry_after_an_exit_is_a_reentry_counted_once(day: Day) -> None:
    day.scan("g1", "D1")
    assert said(day.leave("g1", "D6")) == ("admitted", None, "Ausgang erfasst")
    assert day.inside("house") == [0]
    answer = day.scan("g1", "D2")
    assert (answer["kind"], answer["hint"]["de"]) == ("reentry", "Wiedereintritt gewährt")
    assert day.inside("house") == [1]
    assert [minute["count"] for minute in day.overview()["arrivals"]] == [1]


def test_situation_3_ticket_inside_is_told_since_when_and_by_which_door(day: Day) -> None:
    day.time("09:42")
    day.scan("g1", "D1")
    day.time("10:05")
    answer = day.scan("g1", "D2")
    assert said(answer) == ("refused", "already_inside", "Bereits eingecheckt (09:42, Süd)")
    assert (time_of(answer["since"]["at"]), answer["since"]["door"]) == ("09:42", "Süd")
    assert answer["soft"]
    assert day.inside("house") == [1]


def test_situation_3_steward_confirms_that_somebody_went_out_unseen(day: Day) -> None:
    day.scan("g1", "D1")
    answer = day.scan("g1", "D2", override={"reason": "ging ungesehen hinaus"})
    assert (answer["outcome"], answer["kind"], answer["overridden"]) == ("admitted", "reentry", "already_inside")
    assert day.inside("house") == [1]
    assert day.facts("scan")[-1]["override"] == "ging ungesehen hinaus"


def test_situation_4_same_code_at_two_doors_in_one_moment_wins_once(day: Day) -> None:
    answers = day.at_once(("g1", "D1"), ("g1", "D2"))
    assert sorted(str(answer["reason"]) for answer in answers) == ["None", "already_inside"]
    assert day.inside("house") == [1]


def proxy_for(day: Day, attendee: str) -> str:
    """Send somebody in this attendee's place; returns who."""
    sent = {"id": str(uuid.uuid4()), "given_name": "Yusuf", "family_name": "Demir"}
    proxy: str = answered(day.desk.post(f"/attendees/{attendee}/proxy", json=sent), 201)["id"]
    day.badge(proxy)
    return proxy


def test_situation_10_original_after_the_proxy_is_flagged_and_may_come_as_a_walk_in(day: Day) -> None:
    proxy = proxy_for(day, "g1")
    day.time("09:50")
    assert day.scan(proxy, "D1")["outcome"] == "admitted"
    day.time("10:00")
    flagged = day.scan("g1", "D2")
    assert said(flagged) == ("refused", "proxy_came", "Vertretung gemeldet – Ausweis vorzeigen")
    assert way(flagged) == "Vertretung ist seit 09:50 da"
    assert day.inside("house") == [1]
    passed = day.scan("g1", "D2", override={"reason": "kommt auch"})
    assert (passed["outcome"], passed["kind"], passed["overridden"]) == ("admitted", "arrival", "proxy_came")
    assert day.inside("house") == [2]


def test_situation_10_original_finds_no_place_in_a_full_house(day: Day) -> None:
    proxy = proxy_for(day, "g1")
    day.scan(proxy, "D1")
    day.headcount("house", 20)
    answer = day.scan("g1", "D1", override={"reason": "kommt auch"})
    assert said(answer) == ("refused", "area_full", "Haus voll – bitte warten")


def test_situation_12_walk_in_at_the_house_limit_gets_a_number(day: Day) -> None:
    day.headcount("house", 19)
    assert day.walk_in("Öztürk")["line"] is None
    day.headcount("house", 20)
    first, second = day.walk_in("Şahin"), day.walk_in("Kaya")
    assert first["line"] == {"area": "house", "number": 1, "ahead": 0}
    assert second["line"] == {"area": "house", "number": 2, "ahead": 1}
    assert day.area("house")["waiting"] == 2
    answer = day.scan(second["id"], "D1")
    assert said(answer) == ("refused", "area_full", "Haus voll – bitte warten")
    assert way(answer) == told_to_wait(2, 1)


def test_situation_12_walk_in_behind_those_who_wait_gets_the_next_number(day: Day) -> None:
    day.headcount("house", 20)
    day.walk_in("Şahin")
    day.click("house", -1)
    assert day.walk_in("Kaya")["line"] == {"area": "house", "number": 2, "ahead": 1}


def test_situation_13_number_and_place_in_the_line_stay_however_often_one_asks(day: Day) -> None:
    day.headcount("house", 20)
    asked = day.scan("g1", "D1")
    assert asked["line"] == {"area": "house", "number": None, "ahead": 0}
    taken = day.scan("g1", "D1", wait=True)
    assert (taken["line"], way(taken)) == ({"area": "house", "number": 1, "ahead": 0}, told_to_wait(1, 0))
    day.scan("g2", "D2", wait=True)
    again = day.scan("g1", "D2", wait=True)
    assert again["line"] == {"area": "house", "number": 1, "ahead": 0}
    assert day.scan("g2", "D1")["line"] == {"area": "house", "number": 2, "ahead": 1}
    stranger = day.scan("g3", "D1")
    assert way(stranger) == "2 warten schon – Nummer ziehen?"


def test_situation_13_places_go_in_the_order_of_the_numbers(day: Day) -> None:
    day.headcount("house", 20)
    for who in ("g1", "g2"):
        day.scan(who, "D1", wait=True)
    day.click("house", -1)
    for who, ahead in (("g2", 1), ("g3", 2)):
        answer = day.scan(who, "D1")
        assert said(answer) == ("refused", "line_first", "Plätze gehen der Reihe nach")
        assert answer["line"]["ahead"] == ahead
    assert day.scan("g1", "D2")["outcome"] == "admitted"
    assert day.scan("g2", "D2")["reason"] == "area_full"
    day.click("house", -1)
    assert day.scan("g2", "D2")["outcome"] == "admitted"
    assert (day.area("house")["waiting"], day.inside("house")) == (0, [20])


def test_situation_13_called_number_that_does_not_come_lets_the_next_one_go_first(day: Day) -> None:
    day.scan("g9", "D1")
    day.headcount("house", 20)
    for who in ("g1", "g2"):
        day.scan(who, "D1", wait=True)
    day.leave("g9", "D6")
    assert day.called() == ["g1"]
    day.time("10:03")
    assert day.scan("g2", "D1")["reason"] == "line_first"
    day.time("10:04")
    assert day.scan("g2", "D1")["outcome"] == "admitted"
    late = day.scan("g1", "D1")
    assert (late["reason"], late["line"]) == ("area_full", {"area": "house", "number": 1, "ahead": 0})


def test_situation_13_number_after_the_one_that_lapsed_is_called(day: Day) -> None:
    day.headcount("house", 20)
    for who in ("g1", "g2"):
        day.scan(who, "D1", wait=True)
    day.click("house", -1)
    day.follow_the_clock()
    day.time("10:04")
    day.follow_the_clock()
    assert "g2" in day.called()


def test_situation_13_place_freed_by_a_click_calls_the_first_number(day: Day) -> None:
    day.headcount("house", 20)
    day.scan("g1", "D1", wait=True)
    day.follow_the_clock()
    assert day.called() == []
    day.click("house", -1)
    day.follow_the_clock()
    assert day.called() == ["g1"]


def test_situation_13_who_gives_up_lets_the_others_move_up(day: Day) -> None:
    day.headcount("house", 20)
    for who in ("g1", "g2"):
        day.scan(who, "D1", wait=True)
    assert day.door("D1").delete("/areas/house/line/1").status_code == 204
    assert day.scan("g2", "D1")["line"] == {"area": "house", "number": 2, "ahead": 0}


def test_situation_13_waiting_list_comes_in_by_the_numbers(day: Day) -> None:
    for who in ("g1", "g2"):
        day.change(who, registration="waiting")
    day.headcount("house", 20)
    answer = day.scan("g1", "D1", wait=True)
    assert said(answer) == ("refused", "registration_waiting", "Warteliste")
    assert way(answer) == told_to_wait(1, 0)
    day.scan("g2", "D1", wait=True)
    day.click("house", -1)
    assert said(day.scan("g2", "D1")) == ("refused", "registration_waiting", "Warteliste")
    assert day.scan("g1", "D1")["outcome"] == "admitted"


def test_situation_13_one_who_waits_for_a_held_seat_is_told_when_it_is_released(day: Day) -> None:
    for who in ("g1", "g2"):
        day.scan(who, "P-A")
    answer = day.scan("g3", "P-B", wait=True)
    assert said(answer) == ("refused", "held_seats_only", "Nur noch reservierte Plätze")
    assert answer["line"] == {"area": "P", "number": 1, "ahead": 0}
    assert time_of(answer["kept"]["until"]) == "10:35"
    assert "Ihre Nummer: 1 – davor warten 0. ·" in way(answer), "these places come by time, not when somebody leaves"
    assert "davon bis 10:35" in way(answer)


def test_situation_13_as_many_seats_are_told_for_a_time_as_are_released_then(day: Day) -> None:
    for who in ("g1", "g2"):
        day.scan(who, "P-A")
    assert "4 Plätze reserviert, 1 davon bis 10:35" in way(day.scan("g3", "P-B"))


def test_situation_14_desk_reinstates_with_a_reason(day: Day) -> None:
    day.change("g1", registration="cancelled")
    assert said(day.scan("g1", "D1")) == ("refused", "registration_cancelled", "Ticket storniert")
    reinstated = {"registration": "registered"}
    assert refused(day.desk.patch("/attendees/g1", json=reinstated)) == (422, "reason_missing")
    assert refused(day.steward.patch("/attendees/g1", json=reinstated)) == (403, "role_may_not")
    day.change("g1", registration="registered", reason="Irrtum der Agentur")
    assert day.scan("g1", "D1")["outcome"] == "admitted"
    (fact,) = [fact for fact in day.facts("change") if fact["what"] == "reinstated"]
    assert (fact["ids"], fact["note"]) == (["g1"], "Irrtum der Agentur")


def test_situation_14_nobody_is_reinstated_into_a_full_house(day: Day) -> None:
    day.change("g1", registration="cancelled")
    day.headcount("house", 20)
    reinstated = {"registration": "registered", "reason": "Irrtum der Agentur"}
    assert refused(day.desk.patch("/attendees/g1", json=reinstated)) == (409, "house_full")
    assert day.attendee("g1")["registration"] == "cancelled"
    day.click("house", -1)
    day.change("g1", **reinstated)
    assert day.scan("g1", "D1")["outcome"] == "admitted"


def test_situation_14_waiting_list_is_no_way_around_the_reason_or_the_place(day: Day) -> None:
    day.change("g1", registration="cancelled")
    day.headcount("house", 20)
    assert refused(day.desk.patch("/attendees/g1", json={"registration": "waiting"})) == (422, "reason_missing")
    day.change("g1", registration="waiting", reason="Irrtum der Agentur")
    assert refused(day.desk.patch("/attendees/g1", json={"registration": "registered"})) == (409, "house_full")


def test_situation_16_code_of_a_group_asks_for_each_member(day: Day) -> None:
    day.scan("g11", "D1")
    answer = day.scan(GROUP_BOOKING, "D1")
    assert said(answer) == ("refused", "code_ambiguous", "Nicht eindeutig – bitte Person wählen")
    assert {one["id"]: one["inside"] for one in answer["choices"]} == {"g10": False, "g11": True, "g12": False}
    assert day.inside("house") == [1]
    chosen = day.scan(GROUP_BOOKING, "D1", attendee="g12")
    assert (chosen["outcome"], chosen["attendee"]["id"]) == ("admitted", "g12")
    assert day.scan(GROUP_BOOKING, "D1", attendee="g12")["reason"] == "already_inside"
    assert day.inside("house") == [2]


def test_situation_16_code_of_a_group_lets_nobody_else_in(day: Day) -> None:
    assert day.scan(GROUP_BOOKING, "D1", attendee="g1")["reason"] == "code_unknown"
    day.change("g12", registration="cancelled")
    assert day.scan(GROUP_BOOKING, "D1", attendee="g12")["reason"] == "registration_cancelled"
    assert day.inside("house") == [0]


def test_situation_17_companion_takes_the_companions_seat(day: Day) -> None:
    for who in ("w1", "g1", "g2"):
        day.scan(who, "P-A")
    assert day.scan("g3", "P-A")["reason"] == "held_seats_only"
    companion = day.walk_in("Kaya", companion_of="w1")
    assert companion["companion_of"] == "w1"
    assert day.scan(companion["id"], "P-A")["outcome"] == "admitted"
    assert day.inside("P") == [4]


def test_situation_17_companion_comes_with_one_who_uses_a_wheelchair(day: Day) -> None:
    sent = {"id": str(uuid.uuid4()), "group": "gast", "family_name": "Kaya", "companion_of": "g1"}
    assert refused(day.desk.post("/attendees", json=sent)) == (422, "companion_of_nobody")


def test_situation_18_exhibitor_at_the_main_entrance_is_shown_tor_3(day: Day) -> None:
    answer = day.scan("e1", "D1")
    assert said(answer) == ("refused", "group_not_permitted", "Ticket-Typ hier nicht gültig")
    assert way(answer) == "Bitte anderen Eingang benutzen: Tor 3"
    assert answer["soft"]
    passed = day.scan("e1", "D1", override={"reason": "trägt einen Roll-up"})
    assert (passed["outcome"], passed["overridden"]) == ("admitted", "group_not_permitted")


def test_situation_19_crew_without_a_badge_comes_in_by_the_list_and_counts_as_a_person(day: Day) -> None:
    crew = answered(day.door("D3").get("/crew"), 200)["crew"]
    assert {one["id"] for one in crew} == {"c1", "c2"}
    answer = day.scan("", "D3", attendee="c1")
    assert (answer["outcome"], answer["attendee"]["name"]) == ("admitted", "Ada Nr c1")
    house = day.area("house")
    assert (house["inside"], house["known"], house["free"]) == (0, 1, 20)


def test_situation_19_crew_find_a_place_until_the_persons_number_is_reached(day: Day) -> None:
    day.headcount("house", 22)
    assert day.scan("", "D3", attendee="c1")["outcome"] == "admitted"
    assert day.scan("", "D3", attendee="c2")["reason"] == "area_full"


def test_situation_19_no_guest_comes_in_without_a_code(day: Day) -> None:
    sent = {"id": str(uuid.uuid4()), "door": "D1", "attendee": "g1"}
    assert refused(day.door("D1").post("/scans", json=sent)) == (403, "code_missing")
    assert day.inside("house") == [0]


def test_situation_20_press_that_is_not_accredited_goes_to_the_press_desk(day: Day) -> None:
    for override in (None, {"reason": "kennt man doch"}):
        answer = day.scan("p1", "D1", override=override)
        assert said(answer) == ("refused", "not_accredited", "Bitte zum Presseschalter – Akkreditierung")
        assert not answer["soft"]
    assert refused(day.steward.patch("/attendees/p1", json={"accredited": True})) == (403, "role_may_not")
    day.change("p1", accredited=True)
    assert day.scan("p1", "D1")["outcome"] == "admitted"


def withdraw(day: Day, attendee: str) -> None:
    sent = {"blocked": True, "reason": "Akkreditierung entzogen"}
    assert day.organiser.put(f"/attendees/{attendee}/block", json=sent).status_code == 200


@pytest.mark.parametrize("door", ENTRANCES)
def test_situation_21_accreditation_withdrawn_in_the_middle_is_blocked_at_every_door(day: Day, door: str) -> None:
    day.change("p1", accredited=True)
    day.scan("p1", "D1")
    withdraw(day, "p1")
    answer = day.scan("p1", door, override={"reason": "stand doch auf der Liste"})
    assert said(answer) == ("refused", "badge_blocked", "Bitte zum Infoschalter")
    assert not answer["soft"]


def test_situation_21_new_badge_of_one_who_is_blocked_opens_no_door_and_exits_stay_open(day: Day) -> None:
    day.change("p1", accredited=True)
    day.scan("p1", "D1")
    withdraw(day, "p1")
    day.codes["p1"] = day.desk.post("/attendees/p1/badges", json={}).json()["code"]
    assert day.leave("p1", "D6")["outcome"] == "admitted"
    assert day.scan("p1", "D1")["reason"] == "badge_blocked"
    assert day.inside("house") == [0]
    lifted = {"blocked": False}
    assert day.organiser.put("/attendees/p1/block", json=lifted).status_code == 200
    assert day.scan("p1", "D1")["outcome"] == "admitted"


def test_situation_22_protocol_adds_who_comes_with_a_vip_and_the_normal_search_hides_them(day: Day) -> None:
    day.time("08:40")
    extra = [day.walk_in(name, by=day.organiser, group="vip") for name in ("Bergmann", "Wójcik")]
    for who in ("v1", *(one["id"] for one in extra)):
        assert day.scan(who, "D4")["outcome"] == "admitted"
    assert day.inside("house") == [3]
    for client, found in ((day.desk, 0), (day.steward, 0), (day.organiser, 1)):
        for name in ("Bergmann", "Wojcik", "v1"):
            assert len(answered(client.get("/attendees", params={"q": name}), 200)["attendees"]) == found, name


def test_situation_22_closed_list_of_the_protocol_is_closed_to_the_desk(day: Day) -> None:
    sent = {"id": str(uuid.uuid4()), "group": "vip", "family_name": "Bergmann"}
    assert refused(day.desk.post("/attendees", json=sent)) == (403, "role_may_not")
    assert refused(day.desk.patch("/attendees/g1", json={"group": "vip"})) == (403, "role_may_not")


def test_situation_27_before_the_doors_open_a_guest_is_told_when(day: Day) -> None:
    day.time("08:59")
    answer = day.scan("g1", "D1")
    assert said(answer) == ("refused", "door_closed", "Ticket momentan nicht gültig")
    assert way(answer) == "Öffnet um 09:00"
    day.time("09:00")
    assert day.scan("g1", "D1")["outcome"] == "admitted"


def test_situation_27_exhibitors_and_crew_come_in_before_the_doors_open(day: Day) -> None:
    day.time("07:30")
    assert day.scan("e1", "D3")["outcome"] == "admitted"
    assert day.scan("c1", "D1")["outcome"] == "admitted"
    assert day.area("house")["known"] == 2
