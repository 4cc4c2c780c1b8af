"""In danger: evacuation, counts for the fire brigade, house bans. Numbers in names: the situations of the day."""

from __future__ import annotations

import uuid

import httpx
import pytest

from tests.situations.day import ENTRANCES, LAYOUT, Day, Json, answered, refused, said, time_of

EVACUATED = ("refused", "evacuation", "Räumung – kein Einlass")
REASON = "Hausverbot nach Bedrohung"


def evacuate(client: httpx.Client, **sent: bool) -> None:
    answered(client.post("/evacuation", json=sent), 200)


def standing(day: Day) -> Json:
    """How the house stands, as the safety role sees it."""
    return answered(day.safety.get("/evacuation"), 200)


def begun_with(day: Day) -> dict[str, int]:
    return {area["id"]: area["began_with"] for area in standing(day)["areas"]}


def furnish_with_people(day: Day) -> None:
    """Two guests and a wheelchair user in the hall, a guest in the theatre, crew in the house: five people."""
    for who, door in (("g1", "P-A"), ("g2", "P-B"), ("w1", "P-A"), ("g3", "T-1"), ("c1", "D1")):
        assert day.scan(who, door)["outcome"] == "admitted"


@pytest.mark.parametrize("door", ENTRANCES)
def test_situation_50_one_call_closes_every_door_for_entry(day: Day, door: str) -> None:
    evacuate(day.safety, active=True)
    for who in ("g1", "c1", "v1"):
        answer = day.scan(who, door, override={"reason": "holt nur den Mantel"})
        assert (said(answer), answer["soft"]) == (EVACUATED, False)
    occupancy = day.occupancy()
    assert occupancy["evacuation"] == "evacuation"
    assert {area["state"] for area in occupancy["areas"]} == {"closed"}


def test_situation_50_every_exit_lets_out_while_the_count_goes_down(day: Day) -> None:
    furnish_with_people(day)
    evacuate(day.organiser, active=True)
    for who, door in (("g1", "P-A"), ("g1", "D1"), ("g3", "D6"), ("unbekannt", "D6")):
        assert said(day.leave(who, door)) == ("admitted", None, "Ausgang erfasst")
    assert day.inside("house", "P", "T") == [2, 2, 0]
    areas = {area["id"]: (area["began_with"], area["known"]) for area in standing(day)["areas"]}
    assert (areas["house"], areas["P"], areas["T"]) == ((5, 3), (3, 2), (1, 0))


def test_situation_50_lent_things_are_not_handed_out_in_an_evacuation(day: Day) -> None:
    evacuate(day.safety, active=True)
    assert said(day.scan("g1", "lunch")) == EVACUATED


def test_situation_50_nobody_is_called_in_from_the_line(day: Day) -> None:
    day.scan("g1", "D1")
    day.headcount("house", 20)
    day.scan("g2", "D1", wait=True)
    evacuate(day.safety, active=True)
    day.leave("g1", "D6")
    day.follow_the_clock()
    assert (day.called(), day.area("house")["called"]) == ([], [])


def test_situation_50_headcount_by_area_and_names_of_those_needing_help(day: Day) -> None:
    furnish_with_people(day)
    day.headcount("T", 4)
    day.time("10:12")
    evacuate(day.safety, active=True)
    shown = standing(day)
    assert (shown["state"], time_of(shown["since"])) == ("evacuation", "10:12")
    assert begun_with(day) == {"house": 7, "P": 3, "T": 4, "K": 0, "G": 0, "Q": 0}
    wheelchairs = {area["id"]: area["wheelchair"] for area in shown["areas"]}
    assert (wheelchairs["house"], wheelchairs["P"], wheelchairs["T"]) == (1, 1, 0)
    (helped,) = shown["helped"]
    assert (helped["name"], helped["area"], helped["wheelchair"]) == ("Ada Nr w1", "P", True)
    day.leave("w1", "D6")
    assert standing(day)["helped"] == []


def test_situation_50_walk_in_with_a_wheelchair_is_among_those_needing_help(day: Day) -> None:
    person = day.walk_in("Kaya", wheelchair=True)
    day.scan(person["id"], "T-1")
    evacuate(day.safety, active=True)
    assert [one["name"] for one in standing(day)["helped"]] == ["Zoë Kaya"]


def test_situation_50_desk_and_doors_begin_no_evacuation_and_see_no_names(day: Day) -> None:
    for client in (day.desk, day.steward, day.display, day.door("D1")):
        assert refused(client.post("/evacuation", json={"active": True})) == (403, "role_may_not")
        assert refused(client.get("/evacuation")) == (403, "role_may_not")
    assert day.occupancy()["evacuation"] == "none"


def test_situation_51_all_clear_lets_back_in_with_the_same_badges_and_counts_from_zero(day: Day) -> None:
    furnish_with_people(day)
    day.headcount("T", 4)
    evacuate(day.safety, active=True)
    day.leave("g1", "D1")
    day.time("10:30")
    evacuate(day.safety, active=False)
    house = day.area("house")
    assert (house["inside"], house["known"], house["uncounted"]) == (0, 0, 0)
    assert day.inside(*LAYOUT.areas) == [0] * len(LAYOUT.areas)
    assert day.occupancy()["evacuation"] == "none"
    for who in ("g1", "g3"):
        assert said(day.scan(who, "D1")) == ("admitted", None, "Wiedereintritt gewährt")
    assert day.inside("house") == [2]


def test_situation_51_both_counts_are_kept(day: Day) -> None:
    furnish_with_people(day)
    day.headcount("T", 4)
    evacuate(day.safety, active=True)
    day.leave("g1", "D1")
    day.time("10:30")
    evacuate(day.safety, active=False)
    begun, ended = day.facts("evacuation")
    counts = [{one["area"]: one["known"] + one["uncounted"] for one in fact["counts"]} for fact in (begun, ended)]
    assert [(count["house"], count["P"], count["T"]) for count in counts] == [(7, 3, 4), (6, 2, 4)]
    assert [(one["what"], one["house"]) for one in standing(day)["earlier"]] == [("begun", 7), ("ended", 6)]


def test_situation_51_wheelchair_places_and_held_seats_are_free_again(day: Day) -> None:
    for who in ("w1", "s1"):
        day.scan(who, "P-A")
    kept = day.area("P")["kept"]
    evacuate(day.safety, active=True)
    evacuate(day.safety, active=False)
    assert day.area("P")["kept"] == kept + 2
    for who in ("w2", "s2"):
        assert day.scan(who, "P-A")["outcome"] == "admitted"


def test_situation_51_drill_changes_no_count_and_lets_everybody_back_in(day: Day) -> None:
    furnish_with_people(day)
    before = day.inside("house", "P", "T")
    evacuate(day.safety, active=True, drill=True)
    assert day.occupancy()["evacuation"] == "drill"
    assert said(day.scan("g4", "D1")) == EVACUATED
    assert day.leave("g1", "D6")["outcome"] == "admitted"
    assert day.inside("house", "P", "T") == before
    evacuate(day.safety, active=False)
    assert day.inside("house", "P", "T") == before
    for door in ("D1", "P-A"):
        assert day.scan("g1", door)["outcome"] == "admitted"
    assert day.inside("house", "P", "T") == before


def test_situation_51_drill_that_turns_serious_counts_from_zero_after_it(day: Day) -> None:
    furnish_with_people(day)
    evacuate(day.safety, active=True, drill=True)
    evacuate(day.safety, active=True)
    assert day.occupancy()["evacuation"] == "evacuation"
    day.leave("g1", "D6")
    assert day.inside("house") == [3]
    evacuate(day.safety, active=False)
    assert day.inside("house") == [0]


def test_situation_51_false_alarm_leaves_the_house_as_it_was(day: Day) -> None:
    furnish_with_people(day)
    evacuate(day.safety, active=True)
    evacuate(day.safety, active=False, false_alarm=True)
    assert (day.occupancy()["evacuation"], day.inside("house", "P", "T")) == ("none", [4, 3, 1])
    assert [fact["what"] for fact in day.facts("evacuation")] == ["begun", "withdrawn"]


def test_situation_52_how_many_are_in_t_with_time_and_certainty(day: Day) -> None:
    day.time("10:00")
    for who in ("g1", "g2", "g3"):
        day.scan(who, "T-1")
    day.time("10:10")
    day.scan("g1", "G-1")
    day.time("10:20")
    area = day.area("T")
    assert (area["inside"], time_of(area["as_of"]), area["plus_minus"], area["counted_at"]) == (2, "10:10", 1, None)
    day.headcount("T", 3)
    area = day.area("T")
    assert (area["inside"], time_of(area["as_of"]), area["plus_minus"]) == (3, "10:20", 0)
    assert time_of(area["counted_at"]) == "10:20"


def ban(day: Day, attendee: str) -> None:
    sent = {"blocked": True, "reason": REASON}
    assert day.safety.put(f"/attendees/{attendee}/block", json=sent).status_code == 200


def test_situation_53_house_ban_is_blocked_quietly(day: Day) -> None:
    ban(day, "g1")
    for door in ENTRANCES:
        answer = day.scan("g1", door)
        assert said(answer) == ("refused", "badge_blocked", "Bitte zum Infoschalter")
        assert answer["way"] is None
    (block,) = answered(day.safety.get("/blocks"), 200)["blocks"]
    assert (block["attendee"], block["reason"]) == ("g1", REASON)


def test_situation_53_nobody_but_the_safety_role_reads_a_reason(day: Day) -> None:
    ban(day, "g1")
    for client in (day.organiser, day.desk, day.steward, day.display, day.door("D1")):
        assert refused(client.get("/blocks")) == (403, "role_may_not")


def test_situation_53_no_answer_tells_the_reason(day: Day) -> None:
    day.book("schools", "g1")
    day.scan("g1", "D1")
    ban(day, "g1")
    scan = {"id": str(uuid.uuid4()), "code": day.codes["g1"], "door": "D1", "override": {"reason": "lass ihn"}}
    pages = [
        *day.readable_pages(attendee="g1", session="schools", area="P"),
        *(f"/attendees?q={word}" for word in ("g1", "Hausverbot", "Bedrohung")),
    ]
    clients = {
        "organiser": day.organiser,
        "desk": day.desk,
        "steward": day.steward,
        "display": day.display,
        "door": day.door("D1"),
    }
    for role, client in clients.items():
        texts = [client.get(page).text for page in pages]
        texts += [client.post("/scans", json=scan).text, client.patch("/attendees/g1", json={"town": "Hamm"}).text]
        texts += [client.post("/attendees/g1/badges", json={}).text]
        assert not any("Hausverbot" in text or "Bedrohung" in text for text in texts), role


def test_situation_53_ban_needs_a_reason_and_the_right_to_ban(day: Day) -> None:
    assert refused(day.safety.put("/attendees/g1/block", json={"blocked": True})) == (422, "reason_missing")
    for client in (day.desk, day.steward, day.door("D1")):
        sent = {"blocked": True, "reason": REASON}
        assert refused(client.put("/attendees/g1/block", json=sent)) == (403, "role_may_not")
    assert day.scan("g1", "D1")["outcome"] == "admitted"


def test_situation_53_ban_sent_twice_is_one(day: Day) -> None:
    for _ in range(2):
        ban(day, "g1")
    assert len(answered(day.safety.get("/blocks"), 200)["blocks"]) == 1
    assert [fact["what"] for fact in day.facts("change") if fact["noun"] == "block"] == ["blocked"]


def test_situation_53_ban_goes_on_after_an_all_clear_and_for_a_new_badge(day: Day) -> None:
    day.scan("g1", "D1")
    ban(day, "g1")
    evacuate(day.safety, active=True)
    evacuate(day.safety, active=False)
    assert said(day.scan("g1", "D1"))[1] == "badge_blocked"
    day.desk.post("/attendees/g1/badges", json={})
    assert said(day.scan("g1", "D2"))[1] == "badge_blocked"
    assert said(day.scan(day.codes["g1"], "D2"))[1] == "badge_blocked"
