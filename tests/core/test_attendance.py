"""How long somebody was present, by the rule of the organiser."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.core.admission import Decision
from checkin.core.attendance import Attendance, Rule, Stay, Trails, attendance
from checkin.core.facts import Assumed, Evacuated, Scanned, Undone
from checkin.core.model import Session
from checkin.core.schedule import Programme
from tests.venue import at, layout

SESSIONS = [
    Session(id="opening", area="P", title="Eröffnung", starts_at=at("10:30"), ends_at=at("12:00")),
    Session(id="schools", area="G", title="Schulen", starts_at=at("12:10"), ends_at=at("13:10")),
    Session(id="results", area="P", title="Ergebnisse", starts_at=at("15:30"), ends_at=at("16:15")),
]
PROGRAMME = Programme(layout().event, SESSIONS)


def stay(area: str, since: str, until: str, *, assumed: bool = False) -> Stay:
    return Stay(area=area, from_at=at(since), until_at=at(until), assumed=assumed)


def counted(*stays: Stay, **rule: Any) -> Attendance:
    return attendance(stays, Rule(**rule), PROGRAMME, layout())


def minutes(found: Attendance) -> dict[str | None, int]:
    return {one.session: one.minutes for one in found.counted}


def test_minutes_of_a_session_are_those_in_its_room_while_it_runs() -> None:
    found = counted(stay("house", "09:40", "11:00"), stay("P", "11:00", "12:04"), grace_min=0)
    assert minutes(found) == {"opening": 60}
    assert (found.minutes, found.points) == (60, 1)


def test_session_is_seen_in_its_overflow_and_in_rooms_inside_its_own() -> None:
    assert minutes(counted(stay("T", "10:30", "12:00"))) == {"opening": 90}
    taken = Programme(
        layout().event,
        [*SESSIONS, Session(id="play", area="T", title="Planspiel", starts_at=at("11:00"), ends_at=at("12:00"))],
    )
    found = attendance([stay("T", "10:30", "12:00")], Rule(), taken, layout())
    assert minutes(found) == {"play": 60}, "the overflow has a session of its own"


def test_grace_is_for_all_that_was_missed_and_not_for_each_gap() -> None:
    """Five minutes late, five out, four early: fourteen were missed."""
    way = (stay("P", "10:35", "11:00"), stay("P", "11:05", "11:56"))
    assert minutes(counted(*way, grace_min=14)) == {"opening": 90}
    assert minutes(counted(*way, grace_min=13)) == {"opening": 76}
    assert minutes(counted(*way, grace_min=5)) == {"opening": 76}
    late = (stay("house", "10:33", "12:00"), stay("house", "12:14", "13:10"), stay("house", "15:30", "16:15"))
    assert minutes(counted(*late, grace_min=7, counts="programme")) == {None: 195}
    assert minutes(counted(*late, grace_min=6, counts="programme")) == {None: 188}


@pytest.mark.parametrize(("percent", "there"), [(50, {"opening": 45}), (51, {})])
def test_session_counts_from_its_least_share_on(percent: int, there: dict[str, int]) -> None:
    assert minutes(counted(stay("P", "10:30", "11:15"), least_percent=percent)) == there


def test_minutes_are_rounded_down_and_a_point_takes_45_of_them() -> None:
    found = counted(stay("P", "10:30", "11:14"), round_min=15, grace_min=0)
    assert (found.minutes, found.points) == (30, 0)
    assert counted(stay("P", "10:30", "12:00")).points == 2
    assert counted(stay("P", "10:30", "12:00"), points=False).points == 0


def test_assumed_time_counts_or_not_and_says_so() -> None:
    """Situation 70."""
    way = (stay("P", "10:30", "12:00"), stay("P", "15:30", "16:15", assumed=True))
    found = counted(*way)
    assert minutes(found) == {"opening": 90, "results": 45}
    assert [one.assumed for one in found.counted] == [False, True]
    assert minutes(counted(*way, assumed=False)) == {"opening": 90}


def test_time_in_the_house_counts_while_a_session_runs_or_all_day() -> None:
    way = (stay("house", "09:00", "17:00"),)
    assert minutes(counted(*way, counts="programme")) == {None: 90 + 60 + 45}
    assert minutes(counted(*way, counts="day")) == {None: 345}


def test_session_left_out_never_counts() -> None:
    assert counted(stay("P", "10:30", "12:00"), left_out=("opening",)) == Attendance()


def test_no_minute_counts_twice_where_sessions_overlap() -> None:
    both = Programme(
        layout().event,
        [
            Session(id="market", area="house", title="Markt", starts_at=at("10:00"), ends_at=at("11:00")),
            Session(id="opening", area="P", title="Eröffnung", starts_at=at("10:30"), ends_at=at("12:00")),
        ],
    )
    found = attendance([stay("P", "10:00", "12:00")], Rule(), both, layout())
    assert minutes(found) == {"market": 60, "opening": 60}


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(1, 300)), max_size=8),
    st.integers(0, 30),
    st.sampled_from(["sessions", "programme", "day"]),
)
def test_nobody_is_present_longer_than_the_programme_lasts(spans: list[Any], grace: int, counts: Any) -> None:
    stays = [
        Stay(area="P", from_at=at("08:00") + 60_000 * since, until_at=at("08:00") + 60_000 * (since + length))
        for since, length in spans
    ]
    found = attendance(stays, Rule(counts=counts, grace_min=grace), PROGRAMME, layout())
    assert 0 <= found.minutes <= (345 if counts == "day" else 195)
    assert found.points == found.minutes // 45


def scan(id: str, time: str, enters: str | None, leaves: str | None, **more: Any) -> Scanned:
    decision = Decision(outcome="admitted", kind="entry", attendee="a1", leaves=leaves, enters=enters)
    told = {"received_at": at(time), **more}
    return Scanned(
        id=id,
        door="D1",
        direction="entry",
        area="house",
        decision=decision,
        scanned_at=at(time),
        inside=1,
        capacity=None,
        free=None,
        by="test",
        **told,
    )


def trail(*facts: Any) -> list[tuple[str, int, int, bool]]:
    trails = Trails()
    for fact in facts:
        trails.add(fact)
    return [(one.area, one.from_at, one.until_at, one.assumed) for one in trails.stays("a1", at("20:00"))]


def test_trail_follows_scans_and_forgets_what_was_taken_back() -> None:
    undone = Undone(scan="2", attendee="a1", counts_as="visitor", leaves="P", at=at("10:01"), by="test")
    found = trail(
        scan("1", "09:40", "house", None), scan("2", "10:00", "P", "house"), undone, scan("3", "12:00", None, "house")
    )
    assert found == [("house", at("09:40"), at("12:00"), False)]


def test_line_of_a_paper_list_counts_at_its_own_time_wherever_it_comes() -> None:
    late = scan("2", "09:10", "house", None, received_at=at("18:00"), paper=True)
    out = scan("3", "12:00", None, "house", received_at=at("18:01"), paper=True)
    closed = Assumed(attendee="a1", area="house", counts_as="visitor", at=at("16:15"), by="clock")
    assert trail(scan("1", "10:00", "P", "house"), closed, late, out) == [
        ("house", at("09:10"), at("10:00"), False),
        ("P", at("10:00"), at("12:00"), False),
    ]


def test_all_clear_ends_every_stay_and_the_end_of_the_day_is_marked() -> None:
    cleared = Evacuated(what="ended", at=at("11:00"), by="test")
    closed = Assumed(attendee="a1", area="house", counts_as="visitor", at=at("16:15"), by="clock")
    assert trail(scan("1", "10:00", "P", None), cleared, scan("2", "11:30", "house", None), closed) == [
        ("P", at("10:00"), at("11:00"), False),
        ("house", at("11:30"), at("16:15"), True),
    ]
