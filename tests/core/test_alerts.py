"""Alerts begin once, end once, and do not come and go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from checkin.core.alerts import QUIET_MS, Finding, Watch, above, area_level, drift, has_settled
from tests.core.given import session
from tests.venue import at

FULL = Finding(kind="area", subject="P", area="P")


def near(finding: Finding) -> Finding:
    return Finding(kind=finding.kind, subject=finding.subject, near=True)


def test_matter_begins_at_its_threshold_and_goes_on_while_it_is_near() -> None:
    watch = Watch()
    assert watch.step([], [near(FULL)], 0) == ([], [])
    assert watch.step([], [FULL], 1) == ([FULL], [])
    assert watch.step([FULL.key], [near(FULL)], 500) == ([], [])
    assert watch.step([FULL.key], [FULL], 501) == ([], [])


def test_matter_is_over_only_after_a_quiet_minute() -> None:
    watch = Watch()
    assert watch.step([FULL.key], [], 0) == ([], [])
    assert watch.step([FULL.key], [], QUIET_MS - 1) == ([], [])
    assert watch.step([FULL.key], [near(FULL)], QUIET_MS) == ([], [])
    assert watch.step([FULL.key], [], QUIET_MS + 1) == ([], [])
    assert watch.step([FULL.key], [], 2 * QUIET_MS + 1) == ([], [FULL.key])


@given(st.lists(st.tuples(st.sampled_from(["on", "near", "off"]), st.integers(1, 90_000)), max_size=60))
def test_matter_never_begins_twice_and_ends_only_after_a_quiet_minute(days: list[tuple[str, int]]) -> None:
    watch, going_on, at, last_seen = Watch(), False, 0, None
    for state, later in days:
        at += later
        found = {"on": [FULL], "near": [near(FULL)], "off": []}[state]
        begun, over = watch.step([FULL.key] if going_on else [], found, at)
        assert not (begun and over)
        assert not (begun and going_on)
        if over:
            assert going_on
            assert last_seen is None or at - last_seen >= QUIET_MS
        if found:
            last_seen = at
        going_on = bool(begun) or (going_on and not over)


def test_house_is_told_of_at_ninety_percent_and_a_room_when_it_is_full() -> None:
    """Situation 45: 90, 95, 100 percent of the house."""
    house = [area_level("house", level, count, 100, 90) for level, count in (("calm", 86), ("calm", 88), ("warn", 90))]
    assert house[0] is None
    assert [one and one.near for one in house[1:]] == [True, False]
    room = [area_level("P", level, count, 100, None) for level, count in (("warn", 92), ("prepare", 98), ("stop", 100))]
    assert room[0] is None
    assert [one and one.near for one in room[1:]] == [True, False]
    assert area_level("M", "calm", 10_000, None, None) is None


def test_room_that_is_full_but_for_a_kept_place_says_how_many_are_kept() -> None:
    levels = [area_level("P", "stop", inside, 100, None, 100 - inside) for inside in (99, 100)]
    assert [one and one.kept for one in levels] == [1, None]


def test_room_without_a_place_says_how_many_of_them_nobody_has() -> None:
    levels = [area_level("P", level, 4, 6, None, 0, 2) for level in ("stop", "over")]
    assert [one and one.aside for one in levels] == [2, None]


def test_count_that_may_be_wrong_by_a_tenth_is_doubtful_where_it_matters() -> None:
    """Situation 42."""
    assert drift("P", 9, 60, 100) is None
    assert drift("P", 10, 400, 400) is None
    assert drift("P", 40, 49, 100) is None
    assert drift("M", 40, 100, None) is None
    assert drift("P", 60, 300, 400) is None
    found = [drift("P", count, inside, 400) for count, inside in ((20, 400), (60, 340), (40, 400))]
    assert [one and one.near for one in found] == [True, True, False]


def test_count_is_not_doubted_while_people_change_rooms() -> None:
    sessions = [session("one", "P", "10:30", "12:00"), replace(session("two", "P", "13:00", "14:00"), cancelled=True)]
    clocks = ("10:00", "10:35", "10:40", "11:59", "12:00", "13:30")
    assert [has_settled(sessions, "P", at(clock)) for clock in clocks] == [False, False, True, True, False, False]
    assert has_settled(sessions, "house", at("10:00"))


def test_value_between_both_thresholds_begins_nothing() -> None:
    finding = Finding(kind="queue", subject="D1")
    values = [above(finding, minutes, 5.0, 3.0) for minutes in (2.9, 4.0, 5.0)]
    assert values[0] is None
    assert [(one.count, one.near) for one in values if one] == [(4.0, True), (5.0, False)]
