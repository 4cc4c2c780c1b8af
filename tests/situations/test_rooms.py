"""In the rooms: seats, counts, forums, the programme. Numbers in names: the situations of the day."""

from __future__ import annotations

import uuid

from tests.situations.day import Day, Json, answered, refused, said, time_of, told_to_wait, way

ADMITTED = ("admitted", None, "Einlass gewährt – willkommen")
BOOKED = ("admitted", None, "Platz gebucht – willkommen")
SWITCHED = ("admitted", None, "Umgebucht – willkommen")
ROOM_FULL = ("refused", "area_full", "Raum voll – Einlassstopp")
HELD = ("refused", "held_seats_only", "Nur noch reservierte Plätze")
NOT_BOOKED = ("refused", "session_not_booked", "Forum nicht gebucht – Plätze frei: umbuchen?")
NOBODY_FIRST = {"number": None, "ahead": 0}


def fill_the_rows(day: Day) -> None:
    """Two guests take the two seats of the hall that are kept for nobody."""
    for who in ("g1", "g2"):
        assert said(day.scan(who, "P-A")) == ADMITTED


def seat(day: Day, area: str, plan: str) -> None:
    answered(day.safety.put(f"/areas/{area}/plan", json={"plan": plan, "note": "Umbau"}), 200)


def line_of(answer: Json) -> Json:
    """Number and place in the line, without the area."""
    return {word: answer["line"][word] for word in ("number", "ahead")}


def test_situation_31_full_plenary_shows_the_way_to_the_transmission(day: Day) -> None:
    day.headcount("P", 6)
    answer = day.scan("g1", "P-A")
    assert said(answer) == ROOM_FULL
    assert way(answer) == "Übertragung: Theater (Foyer, rechte Treppe)"
    assert not answer["soft"]
    assert said(day.scan("g1", "T-1")) == ADMITTED
    assert day.inside("P", "T") == [6, 1]


def test_situation_31_way_to_the_transmission_is_shown_where_reserved_seats_are_left(day: Day) -> None:
    fill_the_rows(day)
    answer = day.scan("g3", "P-A")
    assert said(answer) == HELD
    assert "Übertragung: Theater (Foyer, rechte Treppe)" in way(answer)


def test_situation_32_hold_released_by_hand_opens_a_seat_at_every_door(day: Day) -> None:
    fill_the_rows(day)
    for door in ("P-A", "P-B"):
        assert said(day.scan("g3", door)) == HELD
    before = day.area("P")
    answered(day.organiser.patch("/holds/P-vip", json={"released": True}), 200)
    assert day.area("P")["kept"] == before["kept"] - 1
    assert said(day.scan("g3", "P-B")) == ADMITTED
    assert said(day.scan("g4", "P-A")) == HELD


def test_situation_32_seats_are_kept_again_for_whom_they_were(day: Day) -> None:
    answered(day.organiser.patch("/holds/P-vip", json={"released": True}), 200)
    answered(day.organiser.patch("/holds/P-vip", json={"released": False}), 200)
    fill_the_rows(day)
    assert said(day.scan("g3", "P-A")) == HELD
    assert said(day.scan("v1", "P-A")) == ADMITTED


def test_situation_32_hold_ends_at_its_time_at_every_door(day: Day) -> None:
    fill_the_rows(day)
    day.time("10:34")
    for door in ("P-A", "P-B"):
        answer = day.scan("g3", door)
        assert (said(answer), time_of(answer["kept"]["until"])) == (HELD, "10:35")
    day.time("10:35")
    assert said(day.scan("g3", "P-A")) == ADMITTED
    assert said(day.scan("g4", "P-B")) == HELD


def test_situation_32_released_seat_goes_to_the_first_who_waits(day: Day) -> None:
    fill_the_rows(day)
    assert line_of(day.scan("g3", "P-A", wait=True)) == {"number": 1, "ahead": 0}
    answered(day.organiser.patch("/holds/P-vip", json={"released": True}), 200)
    day.follow_the_clock()
    assert day.called() == ["g3"]
    assert said(day.scan("g4", "P-B")) == ("refused", "line_first", "Plätze gehen der Reihe nach")
    assert said(day.scan("g3", "P-A")) == ADMITTED


def test_situation_33_last_seat_at_two_doors_goes_to_one(day: Day) -> None:
    for who in ("g1", "g2"):
        day.scan(who, "K-1")
    answers = day.at_once(("g3", "K-1"), ("g4", "K-2"))
    assert sorted(said(answer) for answer in answers) == [ADMITTED, ROOM_FULL]
    assert (day.inside("K"), day.area("K")["free"], day.area("K")["state"]) == ([3], 0, "full")


def test_situation_34_wheelchair_place_has_its_own_count_when_the_rows_are_full(day: Day) -> None:
    fill_the_rows(day)
    assert said(day.scan("g3", "P-A")) == HELD
    assert said(day.scan("w1", "P-A")) == ADMITTED
    assert day.inside("P") == [3]


def test_situation_34_wheelchair_places_may_be_taken_while_rows_are_free(day: Day) -> None:
    day.scan("w1", "P-A")
    answer = day.scan("w2", "P-B")
    assert said(answer) == ("refused", "wheelchair_full", "Rollstuhlplätze belegt")
    assert said(day.scan("g1", "P-B")) == ADMITTED
    day.leave("w1", "P-A")
    assert said(day.scan("w2", "P-B")) == ADMITTED


def test_situation_35_wheelchair_user_booked_upstairs_is_warned_of_before_the_day(day: Day) -> None:
    day.time("09:00", days=-3)
    day.book("game", "g1")
    assert day.warned("not_step_free") == []
    day.book("game", "w1")
    (warning,) = day.warned("not_step_free")
    assert (warning["area"], warning["session"], warning["count"]) == ("Q", "game", 1)


def test_situation_35_session_moved_upstairs_warns_at_once(day: Day) -> None:
    day.book("schools", "w1")
    warnings = day.change_session("schools", area="Q")["warnings"]
    assert [one["session"] for one in warnings if one["what"] == "not_step_free"] == ["schools"]


def test_situation_36_one_tap_switches_and_frees_the_old_seat(day: Day) -> None:
    day.book("schools", "g1", "g2", "g3")
    day.time("12:05")
    asked = day.scan("g1", "G-1")
    assert said(asked) == NOT_BOOKED
    assert asked["switch"] == {"id": "citizens", "title": "Bürgerbeteiligung"}
    assert day.attendee("g1")["bookings"] == ["schools"]
    assert said(day.scan("g1", "G-1", switch=True)) == SWITCHED
    decision = day.facts("scan")[-1]["decision"]
    assert (decision["books"], decision["frees"]) == ("citizens", ["schools"])
    assert day.attendee("g1")["bookings"] == ["citizens"]
    assert [day.session(id)["booked"] for id in ("schools", "citizens")] == [2, 1]


def test_situation_36_freed_seat_is_free_at_its_door_at_once(day: Day) -> None:
    day.book("schools", "g1", "g2", "g3")
    day.time("12:05")
    assert said(day.scan("g4", "K-1")) == HELD
    day.scan("g1", "G-1", switch=True)
    assert said(day.scan("g4", "K-1")) == NOT_BOOKED
    assert said(day.scan("g4", "K-2", switch=True)) == BOOKED


def test_situation_36_nobody_switches_into_seats_that_others_have_booked(day: Day) -> None:
    day.book("schools", "g1")
    day.book("citizens", "g2", "g3")
    day.time("12:05")
    assert said(day.scan("g1", "G-1", switch=True)) == HELD
    assert day.attendee("g1")["bookings"] == ["schools"]


def test_situation_36_desk_switches_a_booking_in_one_call(day: Day) -> None:
    day.book("schools", "g1")
    overlaps = day.desk.post("/sessions/citizens/bookings", json={"attendee": "g1"})
    assert refused(overlaps) == (409, "session_overlaps")
    sent = {"attendee": "g1", "switch": True}
    switched = answered(day.desk.post("/sessions/citizens/bookings", json=sent), 201)
    assert (switched["freed"], switched["booked"]) == (["schools"], 1)
    assert day.attendee("g1")["bookings"] == ["citizens"]


def test_situation_37_late_for_a_full_forum_gets_alternatives_and_a_place_in_line(day: Day) -> None:
    day.book("schools", "g1")
    day.time("12:16")
    for who in ("g2", "g3", "g4"):
        assert said(day.scan(who, "K-1", switch=True)) == BOOKED
    late = day.scan("g1", "K-1")
    assert said(late) == ROOM_FULL
    assert [(one["session"], one["free"]) for one in late["alternatives"]] == [("citizens", 2)]
    assert way(late) == "Plätze frei: Galerie (durch den Markt)"
    assert line_of(late) == NOBODY_FIRST
    waiting = day.scan("g1", "K-1", wait=True)
    assert line_of(waiting) == {"number": 1, "ahead": 0}
    assert told_to_wait(1, 0) in way(waiting)
    day.leave("g2", "K-2")
    assert said(day.scan("g1", "K-2")) == ADMITTED


def test_situation_37_wheelchair_user_is_not_sent_up_the_stairs(day: Day) -> None:
    day.change_session("game", starts_at="2026-03-20T12:10:00+01:00", ends_at="2026-03-20T13:10:00+01:00")
    day.time("12:16")
    day.headcount("K", 3)
    assert [one["session"] for one in day.scan("g1", "K-1")["alternatives"]] == ["game", "citizens"]
    assert [one["session"] for one in day.scan("w1", "K-1")["alternatives"]] == ["citizens"]


def test_situation_37_forum_that_is_booked_out_is_booked_by_nobody_else(day: Day) -> None:
    day.book("citizens", "g1", "g2")
    booked_out = day.desk.post("/sessions/citizens/bookings", json={"attendee": "g3"})
    assert refused(booked_out) == (409, "session_booked_out")
    assert day.desk.delete("/sessions/citizens/bookings/g1").status_code == 204
    day.book("citizens", "g3")
    assert day.session("citizens")["booked"] == 2


def test_situation_37_number_from_the_desk_is_the_number_at_the_door(day: Day) -> None:
    day.headcount("K", 3)
    for number, who in enumerate(("g1", "g2"), 1):
        place = answered(day.desk.post("/areas/K/line", json={"attendee": who}), 201)
        assert place == {"area": "K", "number": number, "ahead": number - 1}
    assert line_of(day.scan("g2", "K-2")) == {"number": 2, "ahead": 1}


def test_situation_38_booked_seats_not_claimed_after_five_minutes_go_to_those_who_wait(day: Day) -> None:
    day.book("schools", "g1", "g2", "g3")
    day.time("12:08")
    for who in ("g1", "g2"):
        assert said(day.scan(who, "K-1")) == ADMITTED
    waiting = day.scan("g4", "K-1", wait=True)
    assert (said(waiting), waiting["kept"]["seats"]) == (HELD, 1)
    assert (line_of(waiting), time_of(waiting["kept"]["until"])) == ({"number": 1, "ahead": 0}, "12:15")
    day.time("12:14")
    assert said(day.scan("g4", "K-1")) == HELD
    day.time("12:15")
    day.follow_the_clock()
    assert day.called() == ["g4"]
    assert said(day.scan("g5", "K-2"))[1] == "line_first"
    assert day.scan("g4", "K-2")["outcome"] == "admitted"
    assert said(day.scan("g3", "K-1")) == ROOM_FULL
    assert (day.inside("K"), day.area("K")["waiting"]) == ([3], 0)


def test_situation_38_who_booked_and_comes_in_time_has_the_seat(day: Day) -> None:
    day.book("schools", "g1", "g2", "g3")
    day.time("12:05")
    day.scan("g4", "K-1", wait=True)
    day.time("12:14")
    for who in ("g1", "g2", "g3"):
        assert said(day.scan(who, "K-2")) == ADMITTED
    day.time("12:15")
    assert said(day.scan("g4", "K-1")) == ROOM_FULL


def test_situation_39_rooms_swapped_at_lunch_doors_and_screens_follow(day: Day) -> None:
    day.book("schools", "g1")
    day.book("citizens", "g2")
    day.time("12:00")
    version = day.occupancy()["version"]
    changed = day.change_session("schools", swap_with="citizens")
    assert set(changed["sessions"]) == {"schools", "citizens"}
    assert said(day.scan("g1", "K-1")) == NOT_BOOKED
    assert said(day.scan("g1", "G-1")) == ADMITTED
    assert said(day.scan("g2", "K-2")) == ADMITTED
    assert [day.session(id)["area"] for id in ("schools", "citizens")] == ["G", "K"]
    assert day.occupancy()["version"] > version


def test_situation_39_capacities_are_checked_again(day: Day) -> None:
    day.book("schools", "g1", "g2", "g3")
    assert day.warned("overbooked") == []
    warnings = day.change_session("schools", swap_with="citizens")["warnings"]
    (warning,) = [one for one in warnings if one["what"] == "overbooked"]
    assert warning == {**warning, "area": "G", "session": "schools", "count": 3, "limit": 2}
    assert day.warned("overbooked") == [warning]
    day.time("12:05")
    for who in ("g1", "g2"):
        assert said(day.scan(who, "G-1")) == ADMITTED
    assert said(day.scan("g3", "G-1")) == ROOM_FULL


def test_situation_39_seats_of_those_already_inside_stay_theirs(day: Day) -> None:
    day.book("schools", "g1")
    day.book("citizens", "g2", "g3")
    day.time("12:00")
    day.scan("g2", "K-1", override={"reason": "kennt den Tausch schon"})
    day.change_session("schools", swap_with="citizens")
    assert day.area("K")["kept"] == 1
    assert said(day.scan("g3", "K-1")) == ADMITTED
    assert day.area("K")["kept"] == 0


def test_situation_40_smaller_plan_than_headcount_stops_entry_and_deletes_nobody(day: Day) -> None:
    day.time("10:40")
    for who in ("g1", "g2", "g3", "s1"):
        assert said(day.scan(who, "P-A")) == ADMITTED
    seat(day, "P", "tische")
    hall = day.area("P")
    assert (hall["inside"], hall["capacity"], hall["free"]) == (4, 3, 0)
    assert (hall["level"], hall["state"]) == ("over", "full")
    (warning,) = day.warned("over")
    assert (warning["area"], warning["count"], warning["limit"]) == ("P", 4, 3)
    for door, who in (("P-A", "g4"), ("P-B", "s2")):
        assert said(day.scan(who, door, override={"reason": "einer geht noch"})) == ROOM_FULL
    assert [day.attendee(who)["area"] for who in ("g1", "g2", "g3", "s1")] == ["P"] * 4


def test_situation_40_entry_goes_on_once_enough_have_left(day: Day) -> None:
    day.time("10:40")
    for who in ("g1", "g2", "s1"):
        day.scan(who, "P-A")
    day.headcount("P", 4)
    seat(day, "P", "tische")
    for who in ("g1", "g2"):
        assert day.leave(who, "P-B")["outcome"] == "admitted"
    assert (day.area("P")["level"], day.warned("over")) == ("calm", [])
    assert said(day.scan("w1", "P-A")) == ADMITTED


def test_situation_40_back_to_the_layout_the_old_number_holds(day: Day) -> None:
    seat(day, "P", "tische")
    seat(day, "P", "layout")
    assert day.area("P")["capacity"] == 6
    assert {plan["id"]: plan["in_use"] for plan in rooms(day)["plans"] if plan["area"] == "P"} == {
        "layout": True,
        "tische": False,
    }


def rooms(day: Day) -> Json:
    return answered(day.steward.get("/rooms"), 200)


def test_situation_40_only_the_safety_role_switches_a_plan(day: Day) -> None:
    for client in (day.organiser, day.desk, day.steward, day.door("P-A")):
        assert refused(client.put("/areas/P/plan", json={"plan": "tische"})) == (403, "role_may_not")
    assert day.area("P")["capacity"] == 6
    assert refused(day.safety.put("/areas/P/plan", json={"plan": "bestuhlt"})) == (404, "plan_unknown")


def test_situation_41_nobody_gets_above_the_approved_number(day: Day) -> None:
    day.headcount("T", 5)
    for who, group in (("g1", "gast"), ("s1", "redner"), ("v1", "vip")):
        answer = day.scan(who, "T-1", override={"reason": f"{group}, passt schon"})
        assert said(answer) == ROOM_FULL
    assert day.inside("T") == [5]


def test_situation_41_newly_approved_plan_is_entered_by_the_safety_role_alone_and_logged(day: Day) -> None:
    day.headcount("T", 5)
    plan = {"id": "stehend", "name": "Stehend", "visitors": 8, "note": "Bauaufsicht, 20.3., Az. 14"}
    for client in (day.organiser, day.desk, day.steward):
        assert refused(client.post("/areas/T/plans", json=plan)) == (403, "role_may_not")
    answered(day.safety.post("/areas/T/plans", json=plan), 201)
    assert said(day.scan("g1", "T-1")) == ROOM_FULL
    seat(day, "T", "stehend")
    assert said(day.scan("g1", "T-1")) == ADMITTED
    approved, switched = [fact for fact in day.facts("change") if fact["noun"] == "plan"]
    assert (approved["what"], approved["ids"]) == ("approved", ["T", "stehend"])
    assert approved["note"] == "Bauaufsicht, 20.3., Az. 14"
    assert approved["by"].startswith("operator:")
    assert (switched["what"], switched["ids"], switched["by"]) == ("switched", ["T", "stehend"], approved["by"])


def test_situation_41_plan_needs_a_ground_and_numbers_that_agree(day: Day) -> None:
    plan = {"id": "stehend", "name": "Stehend", "visitors": 8, "persons": 7, "note": "Bauaufsicht"}
    assert refused(day.safety.post("/areas/T/plans", json=plan)) == (422, "plan_invalid")
    assert refused(day.safety.post("/areas/T/plans", json={**plan, "persons": 8, "note": ""}))[0] == 422
    again = {"id": "tische", "name": "Mehr Tische", "visitors": 9, "note": "Bauaufsicht"}
    assert refused(day.safety.post("/areas/P/plans", json=again)) == (409, "plan_exists")


def test_situation_41_plan_without_a_number_does_not_lift_the_limit(day: Day) -> None:
    plan = {"id": "frei", "name": "Freie Bestuhlung", "note": "Bauaufsicht"}
    assert refused(day.safety.post("/areas/T/plans", json=plan)) == (422, "plan_invalid")


def test_situation_42_headcount_is_a_correction_with_a_name(day: Day) -> None:
    day.scan("g1", "T-1")
    corrected = day.headcount("T", 3, note="gezählt in der Pause")
    assert (corrected["change"], corrected["area"]["inside"]) == (2, 3)
    area = day.area("T")
    assert (area["inside"], area["known"], area["uncounted"]) == (3, 1, 2)
    assert time_of(area["counted_at"]) == "10:00"
    (shown,) = day.overview()["headcounts"]
    assert (shown["area"], shown["headcount"], shown["change"]) == ("T", 3, 2)
    assert shown["note"] == "gezählt in der Pause"
    assert day.inside("house") == [3]


def test_situation_42_name_of_who_counted_is_shown(day: Day) -> None:
    day.headcount("T", 3)
    name = day.name_of(day.steward)
    assert name in str(day.overview()["headcounts"])


def test_situation_42_count_never_goes_below_zero(day: Day) -> None:
    day.scan("g1", "T-1")
    assert day.click("T", -5)["area"]["inside"] == 0
    assert day.click("T", -1)["change"] == 0
    assert day.inside("T", "house") == [0, 1]
    day.leave("g1", "D6")
    assert day.inside("T", "house") == [0, 0]
    day.click("house", -3)
    assert day.inside("T", "house") == [0, 0]
    assert all(0 <= area["free"] <= area["capacity"] for area in day.occupancy()["areas"])


def test_situation_42_who_is_found_missing_by_a_headcount_is_not_missed_twice(day: Day) -> None:
    for who in ("g1", "g2"):
        day.scan(who, "T-1")
    day.headcount("T", 0)
    for who in ("g1", "g2"):
        day.scan(who, "G-1")
    assert day.inside("T") == [0]
    for who in ("g3", "g4"):
        day.scan(who, "T-1")
    assert day.inside("T", "G", "house") == [2, 2, 4]


def test_situation_42_no_more_come_in_after_a_low_headcount_than_are_approved(day: Day) -> None:
    for who in ("g1", "g2", "g3"):
        day.scan(who, "T-1")
    day.headcount("T", 0)
    for who in ("g1", "g2", "g3"):
        day.scan(who, "K-1")
    answers = [day.scan(who, "T-1") for who in ("g4", "g5", "g6", "g7", "g8", "g9")]
    assert [answer["outcome"] for answer in answers] == ["admitted"] * 5 + ["refused"]


def test_situation_42_certainty_is_shown_and_renewed_by_a_headcount(day: Day) -> None:
    for who in ("g1", "g2", "g3"):
        day.scan(who, "T-1")
    assert day.area("T")["plus_minus"] == 0
    day.scan("g1", "G-1")
    assert day.area("T")["plus_minus"] == 1
    day.time("10:20")
    day.headcount("T", 2)
    area = day.area("T")
    assert (area["plus_minus"], time_of(area["counted_at"])) == (0, "10:20")


def test_situation_43_entering_b_leaves_a(day: Day) -> None:
    day.book("schools", "g1")
    day.time("12:00")
    day.scan("g1", "K-1")
    day.time("14:20")
    answer = day.scan("g1", "Q-1", switch=True)
    assert answer["kind"] == "entry"
    assert day.inside("house", "K", "Q") == [1, 0, 1]


def test_situation_44_speaker_takes_the_held_seat_of_a_full_room(day: Day) -> None:
    fill_the_rows(day)
    assert said(day.scan("g3", "P-A")) == HELD
    before = day.area("P")
    assert said(day.scan("s1", "P-A")) == ADMITTED
    after = day.area("P")
    assert (after["inside"], after["known"]) == (before["inside"] + 1, before["known"] + 1)
    assert (after["kept"], after["free"]) == (before["kept"] - 1, before["free"] - 1)
    assert said(day.scan("s2", "P-A")) == HELD


def test_situation_44_speaker_needs_no_booking_for_the_forum_that_holds_a_seat(day: Day) -> None:
    hold = {"id": "podium", "area": "K", "seats": 1, "group": "redner"}
    answered(day.organiser.post("/holds", json=hold), 201)
    day.book("schools", "g1", "g2")
    day.time("12:05")
    assert said(day.scan("g3", "K-1")) == HELD
    for who in ("g1", "s1", "g2"):
        assert said(day.scan(who, "K-1")) == ADMITTED
    assert (day.inside("K"), day.attendee("s1")["bookings"]) == ([3], [])


def test_situation_45_house_warns_prepares_and_stops(day: Day) -> None:
    expected = [(17, "calm", "open"), (18, "warn", "filling"), (19, "prepare", "filling"), (20, "stop", "full")]
    for count, level, state in expected:
        day.headcount("house", count)
        house = day.area("house")
        assert (house["level"], house["state"], house["free"]) == (level, state, 20 - count)
    assert said(day.scan("g1", "D1")) == ("refused", "area_full", "Haus voll – bitte warten")


def test_situation_45_one_out_one_in(day: Day) -> None:
    day.scan("g1", "D1")
    day.headcount("house", 20)
    assert day.scan("g2", "D1")["reason"] == "area_full"
    day.leave("g1", "D6")
    assert said(day.scan("g2", "D2")) == ADMITTED
    assert day.scan("g3", "D1")["reason"] == "area_full"
    assert day.inside("house") == [20]


def test_situation_45_full_house_keeps_people_out_of_its_rooms_as_well(day: Day) -> None:
    day.scan("g1", "D1")
    day.headcount("house", 20)
    assert said(day.scan("g2", "T-1")) == ("refused", "area_full", "Haus voll – bitte warten")
    assert said(day.scan("g1", "T-1")) == ADMITTED


def test_situation_46_steward_counts_without_a_scanner(day: Day) -> None:
    for _ in range(3):
        day.click("T", +1)
    day.click("T", -1)
    area = day.area("T")
    assert (area["inside"], area["known"], area["uncounted"], area["free"]) == (2, 0, 2, 3)
    assert day.inside("house") == [3]
    assert [fact["change"] for fact in day.facts("correction")] == [1, 1, 1, -1]


def test_situation_46_door_without_a_scanner_clicks_for_its_own_room_alone(day: Day) -> None:
    click = {"id": str(uuid.uuid4()), "area": "T", "change": 1}
    answered(day.door("T-1").post("/corrections", json=click), 201)
    assert refused(day.door("K-1").post("/corrections", json={**click, "id": str(uuid.uuid4())}))[0] == 403
    assert day.inside("T") == [1]


def test_situation_46_click_sent_twice_counts_once(day: Day) -> None:
    click = {"id": str(uuid.uuid4()), "area": "T", "change": 1}
    assert [day.steward.post("/corrections", json=click).status_code for _ in range(2)] == [201, 200]
    assert day.inside("T") == [1]


def test_situation_46_clicks_fill_a_room_for_the_scanners_too(day: Day) -> None:
    for _ in range(3):
        day.click("K", +1)
    assert said(day.scan("g1", "K-1")) == ROOM_FULL


def test_situation_47_session_that_runs_over_moves_what_follows_and_its_check_in(day: Day) -> None:
    day.time("13:05")
    assert set(day.change_session("schools", runs_over_min=15)["sessions"]) == {"schools", "towns"}
    assert time_of(day.session("schools")["ends_at"]) == "13:25"
    towns = day.session("towns")
    assert (time_of(towns["starts_at"]), time_of(towns["ends_at"])) == ("13:25", "14:25")
    assert time_of(day.session("citizens")["ends_at"]) == "13:10"
    day.time("13:12")
    assert said(day.scan("g1", "K-1")) == NOT_BOOKED
    day.time("13:25")
    assert said(day.scan("g1", "K-1")) == ADMITTED


def test_situation_47_without_running_over_the_room_belongs_to_the_next_session(day: Day) -> None:
    day.time("13:12")
    assert said(day.scan("g1", "K-1")) == ADMITTED


def test_situation_48_programme_changes_screens_follow_and_badges_stay_valid(day: Day) -> None:
    day.book("schools", "g1")
    version = day.occupancy()["version"]
    day.change_session("schools", area="T", starts_at="2026-03-20T12:30:00+01:00", ends_at="2026-03-20T13:10:00+01:00")
    schools = day.session("schools")
    assert (schools["area"], time_of(schools["starts_at"]), schools["booked"]) == ("T", "12:30", 1)
    assert day.occupancy()["version"] > version
    assert [fact["ids"] for fact in day.facts("change") if fact["what"] == "changed"] == [["schools"]]
    day.time("12:20")
    assert said(day.scan("g1", "T-1")) == ADMITTED
    assert said(day.scan("g2", "K-1")) == ADMITTED


def test_situation_48_cancelled_session_asks_for_no_booking_and_keeps_no_seat(day: Day) -> None:
    day.book("schools", "g1", "g2", "g3")
    day.time("12:05")
    assert said(day.scan("g4", "K-1")) == HELD
    day.change_session("schools", cancelled=True)
    assert day.session("schools")["cancelled"]
    assert said(day.scan("g4", "K-1")) == ADMITTED


def test_situation_49_one_lunch_for_each_badge(day: Day) -> None:
    day.scan("g1", "D1")
    day.time("13:12")
    handed = day.scan("g1", "lunch")
    assert (said(handed), handed["kind"], handed["item"]) == (
        ("admitted", None, "Ausgegeben"),
        "handout",
        "Mittagessen",
    )
    day.time("13:30")
    again = day.scan("g1", "lunch")
    assert said(again) == ("refused", "item_taken", "Schon ausgegeben (13:12, Essensausgabe)")
    assert day.scan("g2", "lunch")["outcome"] == "admitted"
    assert day.inside("house") == [1]


def test_situation_49_reissued_badge_gets_no_second_lunch(day: Day) -> None:
    day.scan("g1", "lunch")
    day.badge("g1")
    assert day.scan("g1", "lunch")["reason"] == "item_taken"


def test_situation_49_lent_headset_is_asked_back_at_the_exit_without_blame(day: Day) -> None:
    day.scan("g1", "D1")
    assert said(day.scan("g1", "headset")) == ("admitted", None, "Ausgegeben")
    leaving = day.leave("g1", "D6")
    assert said(leaving) == ("admitted", None, "Ausgang erfasst")
    assert (leaving["asks_back"], way(leaving)) == (["Kopfhörer"], "Bitte zurückgeben: Kopfhörer")
    assert said(day.leave("g1", "headset")) == ("admitted", None, "Zurückgenommen – danke")
    assert day.scan("g1", "D1")["kind"] == "reentry"
    assert day.leave("g1", "D6")["asks_back"] == []


def test_situation_49_lunch_is_not_asked_back(day: Day) -> None:
    day.scan("g1", "D1")
    day.scan("g1", "lunch")
    assert day.leave("g1", "D6")["asks_back"] == []
