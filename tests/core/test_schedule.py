from __future__ import annotations

from typing import Any

import pytest

from checkin.core.errors import BadInput, NotFound
from checkin.core.model import Session
from checkin.core.schedule import RUNS_OVER_MIN_MAX, Programme, bookings_max, check_sessions
from tests.core.given import session
from tests.venue import at, layout

EVENT = layout().event


def programme(*sessions: Session) -> Programme:
    return Programme(EVENT, sessions)


def ids(sessions: Any) -> list[str]:
    return [one.id for one in sessions]


def hours(sessions: list[Session]) -> list[tuple[str, int, int]]:
    """Id, start and end in minutes after ten."""
    ten = at("10:00")
    return [(one.id, (one.starts_at - ten) // 60_000, (one.ends_at - ten) // 60_000) for one in sessions]


def test_programme_lists_sessions_by_time_then_id() -> None:
    late, other, early = session("a", "P", "11:00", "12:00"), session("c", "P"), session("b", "T")
    assert ids(programme(late, other, early).sessions.values()) == ["b", "c", "a"]


def test_session_is_found_by_id_or_not_at_all() -> None:
    assert programme(session("s1", "P")).session("s1").area == "P"
    with pytest.raises(NotFound, match=r"^This event has no session “s2”\.$") as caught:
        programme(session("s1", "P")).session("s2")
    assert caught.value.code == "session_unknown"


@pytest.mark.parametrize(
    ("clock", "running"),
    [
        ("09:44", None),
        ("09:45", "s1"),
        ("10:00", "s1"),
        ("10:50", "s1"),
        ("10:59", "s1"),
        ("11:00", "s2"),
        ("11:59", "s2"),
        ("12:00", None),
        ("12:44", None),
        ("12:45", "s3"),
        ("14:00", None),
    ],
)
def test_room_belongs_to_a_session_from_the_opening_of_its_doors(clock: str, running: str | None) -> None:
    day = programme(
        session("s3", "P", "13:00", "14:00"),
        session("s2", "P", "11:00", "12:00"),
        session("s1", "P"),
        session("x", "T"),
    )
    found = day.running("P", at(clock))
    assert (found.id if found else None) == running


def test_room_without_sessions_or_with_a_cancelled_one_belongs_to_nobody() -> None:
    day = programme(session("s1", "P", cancelled=True))
    assert day.running("P", at("10:30")) is None
    assert day.running("T", at("10:30")) is None


def test_room_of_a_cancelled_session_belongs_to_the_next() -> None:
    day = programme(session("s1", "P", cancelled=True), session("s2", "P", "10:30", "11:30"))
    found = day.running("P", at("10:20"))
    assert found is not None
    assert found.id == "s2"


def test_booked_seats_are_kept_for_the_minutes_of_the_event() -> None:
    assert programme().claimed_until(session("s1", "P")) == at("10:05")


def test_claimable_are_the_bookable_sessions_that_rooms_belong_to() -> None:
    day = programme(
        session("s1", "P"),
        session("s2", "P", "11:00", "12:00"),
        session("open", "T", bookable=False),
        session("later", "wing", "13:00", "14:00"),
        session("s3", "G"),
    )
    assert ids(day.claimable(at("10:00"))) == ["s1", "s3"]


def test_same_slot_is_what_overlaps_and_has_not_ended() -> None:
    own = session("own", "P", "10:00", "11:00")
    day = programme(
        own,
        session("same", "T"),
        session("called off", "T", cancelled=True),
        session("ends as it starts", "wing", "09:00", "10:00"),
        session("starts as it ends", "wing", "11:00", "12:00"),
        session("short", "G", "10:00", "10:30"),
        session("long", "house", "09:00", "12:00"),
    )
    assert ids(day.same_slot(own, at("10:00"))) == ["long", "same", "short"]
    assert ids(day.same_slot(own, at("10:29"))) == ["long", "same", "short"]
    assert ids(day.same_slot(own, at("10:30"))) == ["long", "same"]


def test_booking_takes_the_place_of_those_that_overlap() -> None:
    own = session("own", "P")
    day = programme(
        own, session("same", "T"), session("after", "T", "11:00", "12:00"), session("before", "G", "09:00", "10:00")
    )
    assert day.overlapping(own, ("after", "same", "own", "gone", "before")) == ("same",)


def test_programme_ends_with_the_last_session_that_takes_place() -> None:
    assert programme().ends_at is None
    assert programme(session("x", "P", cancelled=True)).ends_at is None
    day = programme(
        session("s1", "P"), session("s2", "T", "09:00", "12:00"), session("x", "P", "13:00", "14:00", cancelled=True)
    )
    assert day.ends_at == at("12:00")


@pytest.mark.parametrize("minutes", [-1, 0, RUNS_OVER_MIN_MAX + 1])
def test_run_over_wants_a_sensible_number_of_minutes(minutes: int) -> None:
    with pytest.raises(BadInput, match=r"^A session runs over by 1 to 240 minutes\.$") as caught:
        programme(session("s1", "P")).run_over("s1", minutes)
    assert caught.value.code == "minutes_invalid"


@pytest.mark.parametrize("minutes", [1, RUNS_OVER_MIN_MAX])
def test_run_over_moves_the_end_alone(minutes: int) -> None:
    assert hours(programme(session("s1", "P")).run_over("s1", minutes)) == [("s1", 0, 60 + minutes)]


@pytest.mark.parametrize(
    ("minutes", "changed"),
    [
        (10, [("s1", 0, 70), ("s2", 70, 130)]),
        (30, [("s1", 0, 90), ("s2", 90, 150)]),
        (40, [("s1", 0, 100), ("s2", 100, 160), ("s3", 160, 220)]),
    ],
)
def test_run_over_moves_what_follows_in_its_room_just_so_far(minutes: int, changed: Any) -> None:
    day = programme(
        session("before", "P", "09:00", "10:00"),
        session("s1", "P"),
        session("beside", "P", "10:30", "11:30"),
        session("s2", "P", "11:00", "12:00"),
        session("s3", "P", "12:30", "13:30"),
        session("far", "P", "18:00", "19:00"),
        session("else", "T", "11:00", "12:00"),
        session("off", "P", "11:00", "12:00", cancelled=True),
    )
    assert hours(day.run_over("s1", minutes)) == changed


def test_run_over_moves_what_follows_by_a_thousandth_of_a_second_too() -> None:
    day = programme(session("s1", "P"), session("s2", "P", starts_at=at("11:10") - 1, ends_at=at("12:00") - 1))
    assert hours(day.run_over("s1", 10)) == [("s1", 0, 70), ("s2", 70, 120)]


def test_run_over_of_a_cancelled_session_is_its_own_alone() -> None:
    day = programme(session("s1", "P", cancelled=True), session("s2", "T", "11:00", "12:00"))
    assert hours(day.run_over("s1", 10)) == [("s1", 0, 70)]


def test_run_over_knows_its_session() -> None:
    with pytest.raises(NotFound, match="“x”"):
        programme().run_over("x", 5)


def test_swap_puts_each_in_the_room_of_the_other() -> None:
    day = programme(session("s1", "P"), session("s2", "T", "12:00", "13:00"))
    assert [(one.id, one.area) for one in day.swap("s1", "s2")] == [("s1", "T"), ("s2", "P")]
    assert hours(day.swap("s2", "s1")) == [("s2", 120, 180), ("s1", 0, 60)]
    with pytest.raises(NotFound):
        day.swap("s1", "x")


@pytest.mark.parametrize(
    ("area", "starts", "doubled"),
    [("P", "10:59", [("s1", "s2")]), ("P", "11:00", []), ("T", "10:30", [])],
)
def test_doubled_are_two_sessions_in_one_room(area: str, starts: str, doubled: list[tuple[str, str]]) -> None:
    day = programme(session("s1", "P"), session("s2", area, starts, "12:00"), session("off", "P", cancelled=True))
    assert [(one.id, other.id) for one, other in day.doubled()] == doubled


@pytest.mark.parametrize(
    ("area", "own", "most"), [("P", None, 4), ("P", 2, 2), ("P", 0, 0), ("elsewhere", None, None), ("elsewhere", 3, 3)]
)
def test_bookings_are_limited_by_the_session_or_its_area(area: str, own: int | None, most: int | None) -> None:
    assert bookings_max(session("s1", area, bookings_max=own), layout()) == most


@pytest.mark.parametrize(
    ("faulty", "code", "message"),
    [
        (session("s1", "attic"), "area_unknown", "Session s1 is in area “attic”, which does not exist."),
        (session("s1", "P", "10:00", "10:00"), "times_invalid", "Session s1 ends before it starts."),
        (session("s1", "P", "10:00", "09:59"), "times_invalid", "Session s1 ends before it starts."),
    ],
)
def test_sessions_are_checked_against_the_house(faulty: Session, code: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        check_sessions([session("fine", "T", "10:00", "10:01"), faulty], layout())
    assert (caught.value.code, caught.value.message) == (code, message)


def test_sessions_in_areas_of_the_house_are_taken() -> None:
    check_sessions([session("s1", "P"), session("s2", "G")], layout())
