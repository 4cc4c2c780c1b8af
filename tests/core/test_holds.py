from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from checkin.core.holds import (
    ANYBODY,
    Claimant,
    Kept,
    KeptSeats,
    Line,
    Waiting,
    claims_in,
    group_of,
    kept_seats,
    session_of,
    wheelchair_places,
)
from checkin.core.model import Hold
from checkin.core.occupancy import House, Tally
from checkin.core.schedule import Programme
from tests.core.given import crowd, seats, session, venue, waiting
from tests.venue import at, layout

MINUTE = 60_000
PRESS = Claimant(group="presse")
WHEELCHAIR = Claimant(group="gast", wheelchair=True)
COMPANION = Claimant(group="gast", companion=True)


def booked(*sessions: str) -> Claimant:
    return Claimant(group="gast", bookings=sessions)


def kept(seats: Any, area: str = "P", claimant: Claimant = ANYBODY) -> dict[str, tuple[int, int | None]]:
    return {one.claim: (one.seats, one.until_at) for one in seats.kept(area, claimant)}


# --- the line -------------------------------------------------------------------------------------------------


def test_line_is_in_the_order_of_its_numbers() -> None:
    line = Line([Waiting(number=n, attendee=f"a{n}", since_at=0) for n in (3, 1, 2)])
    assert [one.number for one in line.waiting] == [1, 2, 3]


@pytest.mark.parametrize(("numbers", "given", "last"), [((), 0, 0), ((), 7, 7), ((2, 5), 0, 5), ((2, 5), 9, 9)])
def test_line_never_gives_a_number_twice(numbers: tuple[int, ...], given: int, last: int) -> None:
    line = Line([Waiting(number=n, attendee=f"a{n}", since_at=0) for n in numbers], given)
    assert line.last_number == last
    assert line.join("new", now=12) == Waiting(number=last + 1, attendee="new", since_at=12)
    assert line.last_number == last + 1
    assert line.join("newer", now=13).number == last + 2


def test_line_begins_with_number_one() -> None:
    assert Line().join("a1", now=12).number == 1


def test_line_keeps_the_number_that_one_has() -> None:
    line = waiting("a1", "a2")
    assert line.join("a1", now=12).number == 1
    assert [one.attendee for one in line.waiting] == ["a1", "a2"]
    assert line.last_number == 2


def test_line_tells_who_has_which_number() -> None:
    line = waiting("a1", "a2")
    found = line.of("a2")
    assert found is not None
    assert found.number == 2
    assert line.of("a3") is None


def test_line_gives_the_number_back() -> None:
    line = waiting("a1", "a2")
    left = line.leave("a1")
    assert left is not None
    assert left.number == 1
    assert [one.attendee for one in line.waiting] == ["a2"]
    assert line.leave("a1") is None


@pytest.mark.parametrize(("attendee", "ahead"), [("a1", 0), ("a2", 1), ("a3", 2), ("x", 3), (None, 3)])
def test_line_counts_who_goes_before(attendee: str | None, ahead: int) -> None:
    assert waiting("a1", "a2", "a3").ahead(attendee, at("10:00"), 3 * MINUTE) == ahead


@pytest.mark.parametrize(("clock", "ahead"), [("10:00", 1), ("10:03", 1), ("10:04", 0)])
def test_line_lets_the_next_go_first_where_a_called_one_does_not_come(clock: str, ahead: int) -> None:
    line = waiting("late", "a1", called="10:00")
    assert line.ahead("a1", at(clock), 3 * MINUTE) == ahead
    assert line.ahead("x", at(clock), 3 * MINUTE) == ahead + 1


@pytest.mark.parametrize(
    ("places", "called"), [(-1, []), (0, []), (1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (9, [1, 2, 3])]
)
def test_line_calls_as_many_as_there_are_places(places: int, called: list[int]) -> None:
    line = waiting("a1", "a2", "a3")
    now = line.call(places, at("10:00"), 3 * MINUTE)
    assert [one.number for one in now] == called
    assert all(one.called_at == at("10:00") for one in now)
    assert [one.number for one in line.waiting if one.called_at is not None] == called
    assert [one.number for one in line.waiting] == [1, 2, 3]


def test_line_calls_who_has_taken_a_number() -> None:
    line = Line()
    line.join("a1", at("09:58"))
    line.join("a2", at("09:59"))
    assert line.ahead("a2", at("10:00"), 3 * MINUTE) == 1
    assert line.called(at("10:00"), 3 * MINUTE) == ()
    assert [one.attendee for one in line.call(1, at("10:00"), 3 * MINUTE)] == ["a1"]


def test_line_calls_nobody_twice_but_keeps_the_place() -> None:
    line = waiting("a1", "a2", "a3", called="09:59")
    assert [one.attendee for one in line.call(2, at("10:00"), 3 * MINUTE)] == ["a2"]
    assert line.waiting[0].called_at == at("09:59")


def test_line_calls_the_next_for_one_who_did_not_come() -> None:
    line = waiting("late", "a2", "a3", called="09:50")
    assert [one.attendee for one in line.call(1, at("10:00"), 3 * MINUTE)] == ["a2"]
    assert line.waiting[0].called_at == at("09:50")


@pytest.mark.parametrize(("clock", "numbers"), [("09:50", (1,)), ("09:53", (1,)), ("09:54", ())])
def test_line_tells_the_numbers_whose_turn_it_is(clock: str, numbers: tuple[int, ...]) -> None:
    line = waiting("a1", "a2", called="09:50")
    assert line.called(at(clock), 3 * MINUTE) == numbers
    there = seats(clock=clock, lines={"P": line})
    assert there.called("P") == numbers
    assert there.called("T") == ()


# --- what is kept ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hold", "clock", "seats_kept"),
    [
        ({}, "10:00", 2),
        ({"released": True}, "10:00", 0),
        ({"until": dt.time(10, 30)}, "10:29", 2),
        ({"until": dt.time(10, 30)}, "10:30", 0),
        ({"until": dt.time(10, 30)}, "10:31", 0),
        ({"until": dt.time(10, 30), "released": True}, "10:00", 0),
        ({"area": "T"}, "10:00", 0),
    ],
)
def test_hold_keeps_seats_until_its_time_or_its_release(hold: dict[str, Any], clock: str, seats_kept: int) -> None:
    house = venue(holds=[Hold(**{"area": "P", "group": "presse", "seats": 2, **hold})])
    assert sum(one.seats for one in seats(house, clock=clock).kept("P")) == seats_kept


def test_hold_says_for_whom_and_until_when() -> None:
    house = venue(
        holds=[
            Hold(area="P", group="presse", seats=2, until=dt.time(10, 30)),
            Hold(area="P", session="s1", seats=1),
        ]
    )
    assert kept(seats(house)) == {"group:presse": (2, at("10:30")), "session:s1": (1, None)}


@pytest.mark.parametrize(
    ("one", "other", "until"),
    [
        (dt.time(10, 30), dt.time(10, 40), "10:40"),
        (dt.time(10, 40), dt.time(10, 30), "10:40"),
        (None, dt.time(10, 30), None),
        (dt.time(10, 30), None, None),
    ],
)
def test_holds_for_the_same_group_add_up_until_the_later_time(
    one: dt.time | None, other: dt.time | None, until: str | None
) -> None:
    house = venue(
        holds=[
            Hold(id="1", area="P", group="presse", seats=2, until=one),
            Hold(id="2", area="P", group="presse", seats=1, until=other),
            Hold(id="3", area="P", group="presse", seats=1, released=True),
            Hold(id="4", area="P", group="presse", seats=1, until=dt.time(9)),
        ]
    )
    assert kept(seats(house)) == {"group:presse": (3, at(until) if until else None)}


def test_released_hold_leaves_the_next_one_alone() -> None:
    house = venue(
        holds=[
            Hold(area="P", group="presse", seats=2, released=True),
            Hold(area="P", group="crew", seats=1),
        ]
    )
    assert kept(seats(house)) == {"group:crew": (1, None)}


@pytest.mark.parametrize(("inside", "left"), [(0, {"group:presse": 2}), (1, {"group:presse": 1}), (2, {}), (3, {})])
def test_hold_shrinks_with_those_who_have_come(inside: int, left: dict[str, int]) -> None:
    house = House(
        venue(holds=[Hold(area="P", group="presse", seats=2)]),
        {"P": Tally(visitors=inside, shares={"group:presse": inside})},
    )
    assert {one.claim: one.seats for one in seats(house=house).kept("P")} == left


def test_nothing_is_kept_from_those_it_is_kept_for() -> None:
    house = venue(
        areas={"P": {"wheelchair": 1, "companions": 1}},
        holds=[Hold(area="P", group="presse", seats=1), Hold(area="P", session="s1", seats=1)],
    )
    all_kept = {"group:presse", "session:s1", "wheelchair", "companion"}
    there = seats(house)
    assert set(kept(there)) == all_kept
    assert set(kept(there, "P", Claimant(group="gast"))) == all_kept
    assert set(kept(there, "P", PRESS)) == all_kept - {"group:presse"}
    assert set(kept(there, "P", booked("s0", "s1"))) == all_kept - {"session:s1"}
    assert set(kept(there, "P", WHEELCHAIR)) == all_kept - {"wheelchair"}
    assert set(kept(there, "P", COMPANION)) == all_kept - {"companion"}


def test_wheelchair_places_are_kept_without_an_end() -> None:
    there = seats(venue(areas={"P": {"wheelchair": 2, "companions": 1}}))
    assert there.kept("P") == [
        Kept(claim="wheelchair", seats=2, until_at=None),
        Kept(claim="companion", seats=1, until_at=None),
    ]


@pytest.mark.parametrize(
    ("clock", "seats_kept"), [("09:44", 0), ("09:45", 3), ("10:00", 3), ("10:04", 3), ("10:05", 0), ("10:30", 0)]
)
def test_booked_seats_are_kept_from_the_opening_of_the_doors(clock: str, seats_kept: int) -> None:
    there = seats(clock=clock, sessions=[session("s1", "P")], booked={"s1": 3})
    assert kept(there) == ({"session:s1": (3, at("10:05"))} if seats_kept else {})
    assert kept(there, "T") == {}


def test_seats_of_a_session_that_nobody_books_are_free() -> None:
    assert kept(seats(sessions=[session("s1", "P", bookable=False)], booked={"s1": 3})) == {}
    assert kept(seats(sessions=[session("s1", "P")], booked={"s2": 3})) == {}
    assert kept(seats(sessions=[session("s1", "P")])) == {}


@pytest.mark.parametrize(
    ("held", "bookings", "until", "expected"),
    [
        (1, 3, None, (3, None)),
        (3, 1, None, (3, None)),
        (1, 3, dt.time(10, 30), (3, "10:30")),
        (1, 3, dt.time(10, 3), (3, "10:05")),
    ],
)
def test_hold_for_a_session_and_its_bookings_are_the_same_seats(
    held: int, bookings: int, until: dt.time | None, expected: tuple[int, str | None]
) -> None:
    house = venue(holds=[Hold(area="P", session="s1", seats=held, until=until)])
    there = seats(house, sessions=[session("s1", "P")], booked={"s1": bookings})
    count, until_at = expected
    assert kept(there) == {"session:s1": (count, at(until_at) if until_at else None)}


@pytest.mark.parametrize(
    ("kept", "total"),
    [
        ([], None),
        ([("a", 2, None)], KeptSeats(seats=2, until_at=None, until_seats=0)),
        ([("a", 2, 50)], KeptSeats(seats=2, until_at=50, until_seats=2)),
        ([("a", 2, 50), ("b", 3, None)], KeptSeats(seats=5, until_at=50, until_seats=2)),
        ([("a", 2, 50), ("b", 3, 40), ("c", 4, 40)], KeptSeats(seats=9, until_at=40, until_seats=7)),
    ],
)
def test_kept_seats_are_added_up_with_those_that_become_free_first(kept: Any, total: KeptSeats | None) -> None:
    assert kept_seats([Kept(claim=claim, seats=seats, until_at=until) for claim, seats, until in kept]) == total


# --- what is free for whom ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claimant", "inside", "free"),
    [
        (ANYBODY, 0, 1),
        (ANYBODY, 1, 0),
        (ANYBODY, 2, -1),
        (PRESS, 0, 3),
        (PRESS, 3, 0),
        (WHEELCHAIR, 0, 2),
        (WHEELCHAIR, 1, 1),
    ],
)
def test_free_are_the_places_not_kept_for_others(claimant: Claimant, inside: int, free: int) -> None:
    house = venue(areas={"P": {"visitors": 4, "wheelchair": 1}}, holds=[Hold(area="P", group="presse", seats=2)])
    assert seats(house=crowd(house, P=inside)).free_for("P", claimant) == free


def test_free_is_without_a_number_where_the_area_has_none() -> None:
    assert seats(venue(areas={"P": {"visitors": None}})).free_for("P", ANYBODY) is None


def test_free_for_crew_counts_persons() -> None:
    house = venue(areas={"P": {"visitors": 3, "persons": 6}}, holds=[Hold(area="P", group="presse", seats=1)])
    there = seats(house=crowd(house, P=3, crew_P=1))
    assert there.free_for("P", ANYBODY) == -1
    assert there.free_for("P", Claimant(group="crew"), "crew") == 1


@pytest.mark.parametrize(
    ("claimant", "inside", "own"),
    [
        (PRESS, 0, True),
        (PRESS, 2, False),
        (ANYBODY, 0, False),
        (Claimant(group="gast"), 0, False),
        (booked("s1"), 0, False),
    ],
)
def test_own_place_is_one_still_kept_for_this_person(claimant: Claimant, inside: int, own: bool) -> None:
    house = House(venue(holds=[Hold(area="P", group="presse", seats=2)]), {"P": Tally(shares={"group:presse": inside})})
    assert seats(house=house).has_own_place("P", claimant) is own


@pytest.mark.parametrize(
    ("claimant", "own"), [(booked("s1"), True), (booked("s2"), False), (WHEELCHAIR, True), (COMPANION, True)]
)
def test_own_place_by_booking_or_by_need(claimant: Claimant, own: bool) -> None:
    house = venue(areas={"P": {"wheelchair": 1, "companions": 1}})
    there = seats(house, sessions=[session("s1", "P")], booked={"s1": 1})
    assert there.has_own_place("P", claimant) is own
    assert there.has_own_place("T", claimant) is False


def test_ahead_asks_the_line_of_the_area() -> None:
    there = seats(clock="10:00", lines={"P": waiting("late", "a1", "a2", called="09:57")})
    assert [there.ahead("P", who) for who in ("late", "a1", "a2", None)] == [0, 1, 2, 3]
    assert there.ahead("T", "a1") == 0
    later = seats(clock="10:01", lines={"P": waiting("late", "a1", called="09:57")})
    assert later.ahead("P", "a1") == 0


def test_call_is_for_the_places_that_nobody_was_promised() -> None:
    house = venue(holds=[Hold(area="P", group="presse", seats=2)], areas={"T": {"visitors": None}})
    lines = {
        "P": waiting("a1", "a2", "a3"),
        "T": waiting("b1", "b2"),
        "G": waiting("c1"),
        "wing": waiting(),
        "attic": waiting("d1"),
    }
    there = seats(house=crowd(house, P=1, G=2), lines=lines)
    called = {area: [one.attendee for one in found] for area, found in there.call().items()}
    assert called == {"P": ["a1"], "T": ["b1", "b2"]}
    assert {one.called_at for one in lines["T"].waiting} == {at("10:00")}
    assert there.call() == {}


def test_call_passes_over_a_number_that_let_its_turn_go() -> None:
    house = crowd(venue(), P=3)
    for called, expected in (("09:57", {}), ("09:56", {"P": ["a1"]})):
        there = seats(house=house, lines={"P": waiting("late", "a1", called=called)})
        assert {area: [one.attendee for one in found] for area, found in there.call().items()} == expected


# --- where else -----------------------------------------------------------------------------------------------


def test_alternatives_are_the_sessions_of_the_slot_with_places() -> None:
    house = venue(
        areas={"house": {"visitors": None, "persons": None}, "T": {"visitors": 1}, "wing": {"visitors": 3}},
        holds=[Hold(area="T", group="presse", seats=1)],
    )
    own = session("own", "P")
    sessions = [
        own,
        session("twin", "P"),
        session("s-wing", "wing"),
        session("s-theatre", "T"),
        session("s-gallery", "G"),
        session("s-anywhere", "house"),
        session("s-attic", "attic"),
        session("s-later", "wing", "12:00", "13:00"),
    ]
    there = seats(house=crowd(house), sessions=sessions)
    found = there.alternatives(own, ANYBODY, 9)
    assert [(one.id, free) for one, free in found] == [("s-anywhere", None), ("s-wing", 3), ("s-gallery", 2)]
    assert [one.id for one, _ in there.alternatives(own, PRESS, 9)] == [
        "s-anywhere",
        "s-wing",
        "s-gallery",
        "s-theatre",
    ]
    assert [one.id for one, _ in there.alternatives(own, ANYBODY, 2)] == ["s-anywhere", "s-wing"]


def test_alternatives_with_as_many_places_come_by_their_id() -> None:
    house = venue(areas={"T": {"visitors": 2}, "G": {"visitors": 2}, "wing": {"visitors": 2}})
    own = session("own", "P")
    there = seats(house, sessions=[own, session("c", "T"), session("a", "G"), session("b", "wing", "09:30", "10:30")])
    assert [(one.id, free) for one, free in there.alternatives(own, ANYBODY, 3)] == [("a", 2), ("b", 2), ("c", 2)]


def test_alternatives_up_the_stairs_are_none_for_a_wheelchair() -> None:
    own = session("own", "P")
    house = venue(areas={"T": {"step_free": False}})
    there = seats(house, sessions=[own, session("stairs", "T"), session("lift", "G"), session("attic", "attic")])
    assert [one.id for one, _ in there.alternatives(own, WHEELCHAIR, 9)] == ["lift"]
    assert [one.id for one, _ in there.alternatives(own, ANYBODY, 9)] == ["stairs", "lift"]


@pytest.mark.parametrize(
    ("area", "theatre", "inside", "claimant", "overflow"),
    [
        ("P", {}, 0, ANYBODY, "T"),
        ("P", {}, 2, ANYBODY, "T"),
        ("P", {}, 3, ANYBODY, None),
        ("P", {}, 4, ANYBODY, None),
        ("P", {"wheelchair": 1}, 2, ANYBODY, None),
        ("P", {"wheelchair": 1}, 2, WHEELCHAIR, "T"),
        ("P", {"visitors": None}, 9, ANYBODY, "T"),
        ("P", {"step_free": False}, 0, ANYBODY, "T"),
        ("P", {"step_free": False}, 0, WHEELCHAIR, None),
        ("T", {}, 0, ANYBODY, None),
    ],
)
def test_overflow_is_shown_while_it_has_places_for_this_person(
    area: str, theatre: dict[str, Any], inside: int, claimant: Claimant, overflow: str | None
) -> None:
    assert seats(house=crowd(venue(areas={"T": theatre}), T=inside)).overflow(area, claimant) == overflow


def test_alternatives_that_have_ended_are_none() -> None:
    own = session("own", "P")
    there = seats(clock="10:30", sessions=[own, session("over", "T", "10:00", "10:30")])
    assert there.alternatives(own, ANYBODY, 3) == []


# --- which claims one uses up ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claimant", "area", "claims"),
    [
        (ANYBODY, "P", []),
        (Claimant(group="gast"), "P", []),
        (PRESS, "P", ["group:presse"]),
        (PRESS, "T", []),
        (booked("s2", "s1", "gone"), "P", ["session:s1"]),
        (booked("s2", "s1"), "T", ["session:s2"]),
        (WHEELCHAIR, "T", ["wheelchair"]),
        (COMPANION, "T", ["companion"]),
        (
            Claimant(group="presse", wheelchair=True, companion=True, bookings=("s1",)),
            "P",
            ["group:presse", "session:s1", "wheelchair", "companion"],
        ),
    ],
)
def test_claims_are_used_up_whether_or_not_they_are_kept_now(claimant: Claimant, area: str, claims: list[str]) -> None:
    house = venue(holds=[Hold(area="P", group="presse", seats=1, released=True)])
    sessions = [session("s1", "P", "15:00", "16:00"), session("s2", "T")]
    assert claims_in(area, claimant, house, Programme(house.event, sessions)) == claims
    assert list(seats(house, sessions=sessions).claims(claimant)(area)) == claims


@pytest.mark.parametrize(("approved", "inside", "left"), [(0, 0, None), (0, 2, None), (2, 0, 2), (2, 2, 0), (1, 2, -1)])
def test_wheelchair_places_have_a_count_of_their_own(approved: int, inside: int, left: int | None) -> None:
    house = House(
        venue(areas={"P": {"wheelchair": approved}}), {"P": Tally(shares={"wheelchair": inside} if inside else {})}
    )
    assert wheelchair_places("P", house) == left


def test_claim_tells_whose_it_is() -> None:
    assert (session_of("session:session:1"), session_of("group:presse"), session_of("wheelchair")) == (
        "session:1",
        None,
        None,
    )
    assert (group_of("group:group:1"), group_of("session:s1"), group_of("companion")) == ("group:1", None, None)


def test_seats_are_those_of_the_house() -> None:
    assert seats().layout.house == layout().house


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (0, [("group:presse", 3), ("wheelchair", 1)]),
        (1, [("group:presse", 3)]),
        (2, [("group:presse", 2)]),
        (4, []),
    ],
)
def test_kept_of_what_is_free_is_no_more_than_is_free(inside: int, told: list[tuple[str, int]]) -> None:
    house = venue(areas={"P": {"wheelchair": 1}}, holds=[Hold(area="P", group="presse", seats=3)])
    found = seats(house=crowd(house, P=inside)).kept_of_free("P", ANYBODY, "visitor")
    assert [(one.claim, one.seats) for one in found] == told


def test_waiting_are_those_whose_turn_has_not_gone() -> None:
    line = {"P": waiting("a1", "a2", called="09:50")}
    assert seats(clock="09:52", lines=line).waiting("P") == 2
    assert seats(clock="10:00", lines=line).waiting("P") == 1
    assert seats().waiting("P") == 0


def test_seats_held_elsewhere_for_the_bookings_of_a_session_are_used_up_there() -> None:
    house = venue(holds=[Hold(area="G", session="s1", seats=1)])
    programme = Programme(house.event, [session("s1", "P")])
    claimant = Claimant(group="gast", bookings=("s1",))
    assert [claims_in(area, claimant, house, programme) for area in ("P", "G", "T")] == [
        ["session:s1"],
        ["session:s1"],
        [],
    ]


def test_kept_of_what_is_free_for_crew_counts_persons() -> None:
    house = venue(holds=[Hold(area="house", group="presse", seats=3)])
    found = seats(house=crowd(house, house=9))
    assert [one.seats for one in found.kept_of_free("house", ANYBODY, "crew")] == [3]
    assert [one.seats for one in found.kept_of_free("house", ANYBODY, "visitor")] == [1]
