"""Seats handed out in advance: each place is in exactly one hand."""

from __future__ import annotations

from msgspec.structs import replace

from checkin.core.admission import Decision, decide
from checkin.core.allotment import (
    Counters,
    Ledger,
    OwnRights,
    OwnSeats,
    Pending,
    Seen,
    Sighting,
    order,
    shares,
)
from checkin.core.holds import Seats
from checkin.core.occupancy import House
from checkin.core.schedule import Programme
from tests.core.given import crowd, facts, reason_of, scan
from tests.venue import at, layout

KEY = ("door 1", "e1")


def ledger_with(seats: int, area: str = "P") -> Ledger:
    """A station that has reported, with so many seats of an area."""
    ledger = Ledger(layout())
    ledger.register(*KEY, ("house", "P"))
    ledger.reported(KEY, {}, due=0, handed=0, whole=True)
    ledger.grant(KEY, area, seats)
    return ledger


def decide_entry(door: str, house: House) -> Decision:
    return decide(scan(door), facts(house=house))


def again(ledger: Ledger) -> Ledger:
    """The same ledger from its rows."""
    return Ledger(ledger.layout, {table: getattr(ledger, table) for table in Ledger.TABLES})


def test_rights_are_what_was_granted_and_freed_less_what_was_used_and_returned() -> None:
    one = Counters(granted=5, admitted=3, freed=1, returned=2)
    assert (one.rights, one.outstanding) == (1, 3)


def test_counters_heard_late_twice_or_out_of_order_are_the_same() -> None:
    early, late = Counters(granted=2, admitted=1), Counters(granted=5, admitted=3, returned=1)
    assert early.merged(late) == late.merged(early) == late.merged(late) == late


def test_half_of_what_is_free_is_shared_by_demand() -> None:
    assert shares(40, {"a": 9, "b": 0, "c": 0}) == {"a": 17, "b": 2, "c": 1}
    assert sum(shares(41, {"a": 3, "b": 1}).values()) == 20


def test_the_last_places_are_wanted_back_into_the_pool() -> None:
    assert shares(3, {"a": 5, "b": 0, "c": 0}) == {"a": 0, "b": 0, "c": 0}
    assert shares(0, {"a": 1}) == {"a": 0}


def test_a_granted_seat_is_not_free_at_the_centre() -> None:
    house = House(layout(), set_aside=ledger_with(3).set_aside)
    assert house.free("P") == 1
    assert house.numbers("P").inside == 0


def test_the_centre_refuses_as_full_what_is_with_doors() -> None:
    house = crowd(layout(), P=1)
    house.set_aside = ledger_with(3).set_aside
    assert reason_of(decide_entry("P-A", house)) == "area_full"
    house.set_aside = ledger_with(2).set_aside
    assert decide_entry("P-A", house).outcome == "admitted"


def test_an_admission_on_a_stations_seat_takes_no_other() -> None:
    ledger = ledger_with(3)
    assert ledger.used(KEY, 1, "a1", "scan", ("P",)) == ["P"]
    assert ledger.set_aside["P"] == 3
    ledger.seat((*KEY, 1), "P", "inside")  # the tally has this person from now on
    assert ledger.set_aside["P"] == 2
    assert again(ledger).set_aside == ledger.set_aside


def test_who_left_elsewhere_leaves_the_seat_with_its_station_until_it_is_handed_over() -> None:
    ledger = ledger_with(1)
    ledger.used(KEY, 1, "a1", "scan", ("P",))
    ledger.seat((*KEY, 1), "P", "inside")
    ledger.vacate("a1", "P", certain=True, scan="exit")
    assert ledger.set_aside["P"] == 1
    ledger.reported(KEY, {"P": Counters(granted=1, admitted=1, freed=1, returned=1)}, due=1, handed=1, whole=True)
    assert ledger.set_aside["P"] == 0
    assert not ledger.admissions


def test_a_seat_handed_over_while_somebody_leaves_it_is_free_when_their_way_out_was_shown() -> None:
    ledger = ledger_with(1)
    ledger.used(KEY, 1, "a1", "scan", ("P",))
    ledger.seat((*KEY, 1), "P", "inside")
    ledger.vacate("a1", "P", certain=True, scan="exit")
    owned = (((*KEY, 1), "P"),)
    ledger.await_shown(
        "exit", Pending(attendee="a1", leaves="P", enters="house", counts_as="visitor", entry=False, owned=owned)
    )
    ledger.reported(KEY, {"P": Counters(granted=1, admitted=1, freed=1, returned=1)}, due=1, handed=1, whole=True)
    assert again(ledger).set_aside["P"] == ledger.set_aside["P"] == 1
    ledger.shown("exit")
    assert ledger.set_aside["P"] == 0


def test_a_seat_in_doubt_stays_set_aside_when_its_station_hands_it_over() -> None:
    ledger = ledger_with(1)
    ledger.used(KEY, 1, "a1", "scan", ("P",))
    ledger.seat((*KEY, 1), "P", "doubtful")
    ledger.reported(KEY, {"P": Counters(granted=1, admitted=1, freed=1, returned=1)}, due=1, handed=1, whole=True)
    assert ledger.set_aside["P"] == 1
    assert ledger.settle("scan", ["P"], 2_000) == ["P"]
    assert ledger.set_aside["P"] == 0


def test_seats_of_a_lost_door_are_freed_by_a_headcount_alone() -> None:
    ledger = ledger_with(3)
    ledger.retire("door 1")
    assert ledger.set_aside["P"] == 3
    ledger.headcount("house", 1_000, sure=True)
    assert ledger.set_aside["P"] == 3
    ledger.headcount("P", 1_000, sure=True)
    assert ledger.set_aside["P"] == 0
    assert not ledger.counted["P"].sure


def test_a_headcount_leaves_the_seats_of_doors_that_go_on() -> None:
    ledger = ledger_with(3)
    ledger.headcount("P", 1_000, sure=True)
    assert ledger.set_aside["P"] == 3


def test_a_headcount_adds_whom_the_centre_let_in_a_moment_ago() -> None:
    ledger = ledger_with(1)
    ledger.await_shown("scan", Pending(attendee="a1", leaves="house", enters="P", counts_as="visitor"))
    assert ledger.headcount("P", 1_000, sure=True) == 1
    assert ledger.headcount("house", 1_000, sure=True) == 0


def test_a_place_that_somebody_leaves_is_free_when_the_door_has_shown_it() -> None:
    ledger = ledger_with(1)
    pending = Pending(attendee="a1", leaves="P", enters="house", counts_as="visitor", frees=("P",))
    ledger.await_shown("scan", pending)
    assert again(ledger).set_aside["P"] == ledger.set_aside["P"] == 2
    assert ledger.shown("scan") == pending
    assert ledger.set_aside["P"] == 1


def test_a_restored_centre_gives_nothing_away_until_all_have_reported_and_nobody_is_missing() -> None:
    ledger = again(ledger_with(2))
    ledger.restored(7)
    assert (ledger.generation, ledger.is_frozen("P")) == (7, True)
    ledger.confirm_roster()
    assert ledger.is_frozen("P")
    more = {"P": Counters(granted=3, admitted=1)}
    ledger.reported(KEY, more, due=1, handed=0, whole=True)
    assert ledger.is_frozen("P"), "one row is not here yet"
    ledger.used(KEY, 1, "a1", "scan", ("P",))
    ledger.has(KEY, 1)
    ledger.reported(KEY, more, due=1, handed=0, whole=True)
    assert not ledger.is_frozen("P")
    assert ledger.set_aside["P"] == 3


def test_a_log_that_lost_rows_keeps_a_restored_centre_from_giving_away_until_the_area_is_counted() -> None:
    ledger = again(ledger_with(2))
    ledger.restored(7)
    ledger.confirm_roster()
    ledger.reported(KEY, {}, due=0, handed=0, whole=False)
    ledger.register("door 1", "e2", ("house", "P"))
    ledger.reported(("door 1", "e2"), {}, due=0, handed=0, whole=True)
    assert ledger.is_frozen("P")
    for area in ("house", "P"):
        ledger.headcount(area, 1_000, sure=False)
    assert not ledger.is_frozen("P")


def test_what_is_unknown_of_a_headcount_makes_older_sightings_unsure() -> None:
    ledger = ledger_with(1)
    ledger.see("a1", Seen(scan="s", area="P", from_at=500, to_at=500))
    ledger.headcount("P", 1_000, sure=True)
    assert not ledger.may_be_missing("a1", "P")
    ledger.blur("P", None)
    assert ledger.may_be_missing("a1", "P")
    ledger.see("a1", Seen(scan="t", area="P", from_at=1_001, to_at=1_001))
    assert not ledger.may_be_missing("a1", "P")


def test_who_sat_on_a_seat_in_doubt_hides_others_from_the_next_headcount_too() -> None:
    ledger = Ledger(layout())
    ledger.doubt("scan", "P", "a1")
    ledger.headcount("P", 1_000, sure=True)
    ledger.headcount("P", 2_000, sure=True)
    assert ledger.may_be_missing("a2", "P")
    ledger.emptied(3_000)
    ledger.headcount("P", 4_000, sure=True)
    assert not ledger.may_be_missing("a2", "P")


def test_who_was_seen_before_a_headcount_or_after_it_may_be_missing() -> None:
    ledger = ledger_with(1)
    ledger.headcount("P", 1_000, sure=False)
    ledger.see("a1", Seen(scan="s", area="P", from_at=900, to_at=1_100))
    assert ledger.may_be_missing("a1", "P")


def test_who_comes_in_again_is_in_doubt_until_the_next_headcount_but_if_the_last_has_met_them() -> None:
    again = Sighting(scan="again", after=None, from_at=1_500, to_at=1_600, at=1_500)
    for sure, seen, came, doubts in [
        (False, Seen(scan="in", area="P", from_at=500, to_at=500), again, 1),
        (True, Seen(scan="in", area="P", from_at=500, to_at=500), again, 0),
        (False, Seen(scan="in", area="P", from_at=1_200, to_at=1_300), again, 0),
        (False, Seen(scan="in", area="P", from_at=1_200, to_at=1_550), again, 1),
        (False, Seen(scan="since", area="T", from_at=1_700, to_at=1_800), again, 1),
        (False, Seen(scan="in", area="P", from_at=500, to_at=500), replace(again, from_at=800, to_at=900), 0),
    ]:
        ledger = Ledger(layout())
        ledger.headcount("P", 1_000, sure=sure)
        ledger.see("a1", seen)
        ledger.came_again("a1", "P", came)
        assert ledger.set_aside["P"] == doubts
        assert ledger.settle("again", ["P"], 2_000) == []
        ledger.headcount("P", 3_000, sure=True)
        assert ledger.set_aside["P"] == 0


def test_only_what_the_door_knew_or_the_steady_clock_proves_tells_the_order() -> None:
    last = Seen(scan="in", area="P", from_at=1_000, to_at=1_100)
    sighting = Sighting(scan="out", after=None, from_at=None, to_at=5_000, at=9_000)
    assert order(sighting, last) == "unsure"
    assert order(sighting, None) == "after"
    assert order(replace(sighting, after="in"), last) == "after"
    assert order(replace(sighting, from_at=1_101), last) == "after"
    assert order(replace(sighting, from_at=1_100), last) == "unsure"
    assert order(replace(sighting, to_at=999), last) == "before"


def test_to_have_heard_what_the_centre_decided_does_not_prove_that_it_had_been_shown() -> None:
    last = Seen(scan="in", area="P", from_at=1_000, to_at=1_700, shown_at=1_650)
    sighting = Sighting(scan="out", after="in", from_at=1_500, to_at=5_000, at=1_500)
    assert order(sighting, last) == "unsure"
    assert order(replace(sighting, from_at=1_701), last) == "after"
    assert order(replace(sighting, from_at=None), last) == "after", "it was started anew since"


def test_a_station_sees_its_rights_as_what_is_free() -> None:
    own = OwnSeats(OwnRights(layout(), {"P": 1}), Programme(layout().event), at("10:00"))
    assert (own.house.free("P"), own.house.free("house")) == (1, 0)
    unlimited = OwnRights(layout(hall=None), {})
    assert unlimited.free("P") is None


def test_rights_are_for_anybody_as_kept_places_were_never_granted() -> None:
    house = layout()
    own = OwnSeats(OwnRights(house, {"P": 1}), Programme(house.event), at("10:00"))
    assert isinstance(own, Seats)
    assert own.kept("P") == []


def test_a_doubt_about_whom_a_headcount_met_is_freed_by_a_headcount_alone() -> None:
    ledger = Ledger(layout())
    ledger.doubt("scan", "P", "a1")
    ledger.doubt("scan", "P", "a1", seen=False)
    assert ledger.set_aside["P"] == 2
    assert ledger.settle("scan", ["P"], 2_000) == ["P"]
    assert ledger.settle("scan", ["P"], 2_000) == []
    assert ledger.set_aside["P"] == 1
    ledger.headcount("P", 1_000, sure=True)
    assert ledger.set_aside["P"] == 0


def test_a_case_frees_no_seat_of_an_area_that_it_is_not_about() -> None:
    ledger = Ledger(layout())
    ledger.doubt("scan", "P", "a1")
    assert ledger.settle("scan", [], 2_000) == []
    assert ledger.set_aside["P"] == 1


def test_who_has_settled_a_case_may_have_found_somebody_a_headcount_took_for_another() -> None:
    ledger = Ledger(layout())
    ledger.headcount("P", 1_000, sure=True)
    ledger.doubt("scan", "P", "a1")
    ledger.settle("scan", ["P"], 2_000)
    assert ledger.may_be_missing("a2", "P")


def test_people_without_a_badge_may_hide_that_somebody_is_missing() -> None:
    ledger = Ledger(layout())
    ledger.headcount("P", 1_000, sure=True)
    assert not ledger.may_be_missing("a1", "P")
    ledger.found_others("P")
    assert ledger.may_be_missing("a1", "P")


def test_people_without_a_badge_hide_somebody_from_the_next_headcount_too_until_nobody_is_found() -> None:
    ledger = Ledger(layout())
    ledger.headcount("P", 1_000, sure=True)
    ledger.found_others("P")
    ledger.headcount("P", 2_000, sure=True)
    assert ledger.may_be_missing("a1", "P")
    ledger.found_nobody("P")
    ledger.headcount("P", 3_000, sure=True)
    assert not ledger.may_be_missing("a1", "P")


def test_whom_a_centre_put_back_has_lost_hides_somebody_from_the_next_headcount_too() -> None:
    ledger = Ledger(layout())
    ledger.restored(7)
    ledger.headcount("P", 1_000, sure=False)
    ledger.confirm_roster()
    ledger.headcount("P", 2_000, sure=True)
    assert ledger.may_be_missing("a1", "P")


def test_a_seat_in_doubt_that_a_headcount_frees_makes_it_unsure() -> None:
    ledger = Ledger(layout())
    ledger.doubt("scan", "P", "a1")
    ledger.headcount("P", 1_000, sure=True)
    assert not ledger.counted["P"].sure


def test_an_all_clear_leaves_their_seats_to_doors_that_may_be_cut_off() -> None:
    ledger = ledger_with(2)
    ledger.doubt("scan", "P", "a1")
    ledger.emptied(1_000)
    assert ledger.set_aside["P"] == 2
