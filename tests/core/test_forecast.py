"""The forecast: what is expected before the day, and how the day corrects it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.core.forecast import PROFILE, Arrivals, Attended, door_shares, entrances, no_show
from checkin.core.model import Door
from checkin.core.schedule import MINUTE_MS
from tests.core.given import venue
from tests.venue import at

BEGINS = at("10:30")
END = BEGINS + PROFILE[-1][0] * MINUTE_MS
minutes = st.integers(-200, 400)


def arrivals(expected: float = 505, opens: str | None = None) -> Arrivals:
    return Arrivals(expected, BEGINS, at(opens) if opens else None)


def test_profile_is_the_dortmund_conference() -> None:
    day = arrivals()
    seen = {"09:00": 41, "09:30": 114, "10:00": 269, "10:10": 334, "10:20": 447, "11:10": 491}
    assert {clock: round(day.expected * day.share(at(clock))) for clock in seen} == seen


@given(minutes, minutes)
def test_share_never_falls_and_stays_between_nothing_and_all(one: int, other: int) -> None:
    day = arrivals(opens="09:00")
    early, late = sorted((one, other))
    assert 0 <= day.share(BEGINS + early * MINUTE_MS) <= day.share(BEGINS + late * MINUTE_MS) <= 1


def test_nobody_arrives_before_the_doors_open_and_the_early_ones_come_then() -> None:
    day = arrivals(opens="09:15")
    assert day.share(at("09:14")) == 0
    assert day.share(at("09:15")) == arrivals().share(at("09:15")) > 0.1


@given(st.integers(0, 600), minutes, minutes)
def test_band_holds_the_mean_and_nobody_who_came_is_forgotten(arrived: int, now: int, later: int) -> None:
    day, now_at = arrivals(), BEGINS + now * MINUTE_MS
    one = day.by(now_at + abs(later) * MINUTE_MS, arrived, now_at)
    assert arrived <= one.low <= one.mean + 1e-9 <= one.high + 2e-9


def test_forecast_follows_what_has_come() -> None:
    day = arrivals(500)
    now = at("10:00")
    as_planned = round(500 * day.share(now))
    few, usual, many = (day.by(END, count, now).mean for count in (as_planned // 2, as_planned, as_planned * 2))
    assert usual == pytest.approx(500, abs=1)
    assert few < 420
    assert many > 650


def test_forecast_is_sure_when_the_day_is_over() -> None:
    one = arrivals().by(END, 480, END)
    assert (one.low, one.mean, one.high) == (480, 480, 480)


def test_nobody_comes_twice_and_walk_ins_are_told_by_those_who_came() -> None:
    six = Arrivals(6 * 0.78, BEGINS, absent=0)
    for now in (at("09:00"), at("10:15"), END):
        one = six.by(END, 6, now)
        assert (one.low, one.mean, one.high) == (6, 6, 6), now
    four_left = Arrivals(400, BEGINS, absent=4, walk_ins=0)
    assert four_left.by(END, 396, at("10:00")).high <= 400
    now = at("10:20")
    half_of_them = Arrivals(78, BEGINS, absent=2, walk_ins=49)
    assert 100 < half_of_them.by(END, 98, now).mean < 110, "walk-ins go on coming as they came"


def test_no_show_is_as_set_else_as_at_the_last_events_else_the_default() -> None:
    last = [Attended(300, 240), Attended(100, 80)]
    assert no_show(30, last).percent == 30
    assert no_show(None, last).percent == pytest.approx(20)
    assert (no_show(None, last).source, no_show(None, last).events) == ("events", 2)
    assert (no_show(None, []).percent, no_show(None, []).source) == (22, "default")


def test_doors_share_the_groups_that_may_pass_by_their_lanes() -> None:
    house = venue(doors=[Door(id="D1", name="Süd", area="house", lanes=3)])
    shares = door_shares(house, {"gast": 100, "crew": 50}, {})
    # guests: D1 and D2 (3 and 1 lanes); crew: D1, D2 and D3 (3, 1, 1).
    assert shares == pytest.approx({"D1": (75 + 30) / 150, "D2": (25 + 10) / 150, "D3": 10 / 150})


@given(st.dictionaries(st.sampled_from(["gast", "presse", "crew"]), st.integers(0, 900)), st.integers(0, 900))
def test_shares_add_up_to_one_and_follow_what_was_seen(registered: dict[str, int], seen: int) -> None:
    house = venue()
    before = door_shares(house, registered, {})
    after = door_shares(house, registered, {"D2": seen})
    assert set(after) == {door.id for door in entrances(house)}
    assert sum(after.values()) == pytest.approx(1)
    assert after["D2"] >= before["D2"] - 1e-9
