"""Queues: more lanes never make anybody wait longer, and the arithmetic is Erlang's."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.core.queueing import (
    GAPS_MIN,
    HORIZON_MIN,
    RUN_GAPS,
    SERVICE_S_DEFAULT,
    WAIT_MIN_MAX,
    advise,
    ahead,
    behind,
    erlang_c,
    lanes_needed,
    percentile,
    service_s,
    wait_by_chance_min,
    waits_s,
)

rates = st.lists(st.floats(0, 200), min_size=1, max_size=40)
lanes = st.integers(1, 12)
services = st.floats(2, 60)


def test_the_issue_s_example_is_what_the_planner_says() -> None:
    """42 arrivals a minute, four lanes at eight seconds: 30 a minute; of 84 in the queue the last waits three."""
    now = ahead([42.0] * 7, 4, 8.0)
    assert now.per_min == 30
    assert now.queue == pytest.approx(84)
    assert now.wait_min == pytest.approx(84 / 30)
    assert now.worst_in_min == 7


@given(rates, lanes, services, st.floats(0, 500))
def test_more_lanes_never_wait_longer(coming: list[float], count: int, takes: float, queue: float) -> None:
    few, more = (ahead(coming, one, takes, queue) for one in (count, count + 1))
    assert more.wait_min <= few.wait_min + 1e-9


@given(rates, services, st.floats(0, 500))
def test_advice_opens_no_more_lanes_than_it_takes(coming: list[float], takes: float, queue: float) -> None:
    advice = advise(coming, open_lanes=1, lanes_max=6, service_s=takes, measured=True, queue=queue)
    assert 1 <= advice.then.lanes <= 6
    assert advice.short == (advice.then.wait_min > WAIT_MIN_MAX)
    if advice.short:
        assert advice.then.lanes == 6
    if advice.then.lanes > 1:
        assert ahead(coming, advice.then.lanes - 1, takes, queue).wait_min > WAIT_MIN_MAX


@given(lanes, st.floats(0.01, 0.99))
def test_waiting_probability_lies_between_those_of_its_bounds(count: int, busy: float) -> None:
    """Erlang C is at least Erlang B and at most the load of a lane (1 where as many come as can be served)."""
    load = busy * count
    blocked = (load**count / math.factorial(count)) / sum(load**n / math.factorial(n) for n in range(count + 1))
    assert blocked - 1e-12 <= erlang_c(count, load) <= busy + 1e-12


def test_one_lane_waits_as_the_textbook_says() -> None:
    """M/M/1: the mean wait is ρ / (μ − λ)."""
    assert wait_by_chance_min(6, 1, 8.0) == pytest.approx((6 / 7.5) / (7.5 - 6))
    assert wait_by_chance_min(8, 1, 8.0) == math.inf


customers = st.lists(st.tuples(st.floats(0, 600), st.floats(0.5, 60)), min_size=1, max_size=60)


@given(customers, lanes)
def test_nobody_waits_longer_with_one_lane_more(came: list[tuple[float, float]], count: int) -> None:
    came.sort()
    at, takes = [one for one, _ in came], [one for _, one in came]
    few, more = waits_s(at, takes, count), waits_s(at, takes, count + 1)
    assert all(later <= earlier + 1e-6 for later, earlier in zip(more, few, strict=True))
    assert waits_s(at, takes, len(came)) == [0.0] * len(came)


@given(customers)
def test_lanes_needed_are_the_fewest_that_are_enough(came: list[tuple[float, float]]) -> None:
    came.sort()
    at, takes = [one for one, _ in came], [one for _, one in came]
    needed = lanes_needed(at, takes, 60.0, 100)
    assert needed is not None
    assert (percentile(waits_s(at, takes, needed), 0.95) or 0) <= 60.0
    if needed > 1:
        assert (percentile(waits_s(at, takes, needed - 1), 0.95) or 0) > 60.0
    assert lanes_needed([0.0] * 100, [60.0] * 100, 60.0, 1) is None


@given(rates, st.integers(0, 39), st.floats(0, 50), lanes, services, st.floats(0, 500))
def test_more_who_come_never_wait_less(
    coming: list[float], minute: int, more: float, count: int, takes: float, queue: float
) -> None:
    busier = [rate + (more if at == minute else 0) for at, rate in enumerate(coming)]
    assert ahead(busier, count, takes, queue).wait_min >= ahead(coming, count, takes, queue).wait_min - 1e-9


@given(rates, lanes, services, st.floats(0, 500))
def test_nobody_waits_but_who_was_there_or_came(coming: list[float], count: int, takes: float, queue: float) -> None:
    now = ahead(coming, count, takes, queue)
    assert queue <= now.queue <= queue + sum(coming) + 1e-9
    assert now.wait_min == pytest.approx(now.queue / now.per_min)


@given(st.integers(1, HORIZON_MIN), lanes, services)
def test_wait_does_not_leap_where_as_many_come_as_can_be_served(minutes: int, count: int, takes: float) -> None:
    per_min = count * 60 / takes
    waits = [ahead([per_min * share] * minutes, count, takes).wait_min for share in (0.999, 1.0, 1.001)]
    assert max(waits) - min(waits) < 0.05


def test_door_just_below_its_limit_is_no_alarm_of_one_minute() -> None:
    """8.57 a minute at seven seconds each is all that a lane can take; in the long run 700 minutes' wait."""
    waits = [ahead([rate], 1, 7.0).wait_min for rate in (8, 8.5, 8.57, 8.6)]
    assert waits == sorted(waits)
    assert max(waits) < 1


def scanned(share: float, takes: float, seed: int, minutes: int = 20) -> list[float]:
    """The gaps of one lane with so many people of those it can take, as they come by chance."""
    rng = random.Random(seed)
    at, free, left = 0.0, 0.0, []
    while at < minutes * 60:
        at += rng.expovariate(share / takes)
        free = max(at, free) + rng.lognormvariate(math.log(takes) - 0.06, 0.35)
        left.append(free)
    return [later - earlier for earlier, later in pairwise(left)]


def test_service_is_measured_where_people_were_waiting_and_does_not_follow_how_many_come() -> None:
    days = range(100)
    for takes in (5.0, 12.0):
        for share in (0.3, 0.6):
            idle = [service_s([scanned(share, takes, day), scanned(share, takes, day + 1_000)]) for day in days]
            assert sum(measured for _, measured in idle) <= 5
        busy = [service_s([scanned(1.3, takes, day)]) for day in days]
        assert sum(measured for _, measured in busy) >= 95
        assert all(abs(found - takes) < 0.15 * takes for found, measured in busy if measured)


def test_service_is_assumed_from_too_few_and_never_out_of_bounds() -> None:
    assert service_s([]) == (SERVICE_S_DEFAULT, False)
    assert service_s([[6.0] * RUN_GAPS]) == (SERVICE_S_DEFAULT, False)
    assert service_s([[6.0] * GAPS_MIN]) == (6.0, True)
    assert service_s([[6.0] * RUN_GAPS] * 2) == (6.0, True)
    assert service_s([[6.0] * GAPS_MIN, [19.0] * GAPS_MIN]) == (6.0, True)
    assert service_s([[0.1] * GAPS_MIN]) == (2.0, True)


def test_only_a_door_at_its_limit_has_a_queue_behind_the_plan() -> None:
    assert behind(expected=100, scanned=60, per_min=10, scans_per_min=10) == 40
    assert behind(expected=100, scanned=60, per_min=10, scans_per_min=9) == pytest.approx(20)
    assert behind(expected=100, scanned=60, per_min=10, scans_per_min=8.1) == pytest.approx(2)
    assert behind(expected=100, scanned=60, per_min=10, scans_per_min=3) == 0
    assert behind(expected=50, scanned=60, per_min=10, scans_per_min=9) == 0


def test_percentile_is_a_value_that_was_there() -> None:
    assert percentile([], 0.5) is None
    assert [percentile([3, 1, 2], share) for share in (0.0, 0.5, 0.95)] == [1, 2, 3]
    assert percentile(list(range(1, 101)), 0.95) == 95
