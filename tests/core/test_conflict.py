"""What follows when a person settles a case."""

from __future__ import annotations

from checkin.core.conflict import CLOCK_OFF_MS, Case, Side, close, is_clock_off

CASE = Case(
    id="scan",
    kind="badge_twice",
    attendee="a1",
    sides=(Side(scan="scan", door="D1", at=1, outcome="admitted", offset_ms=3),),
    areas=("house", "P"),
)


def test_the_same_person_had_two_seats_and_keeps_one() -> None:
    closing = close(CASE, "same_person", ["house", "P"], inside=False)
    assert (closing.frees, closing.corrections) == (("house", "P"), ())


def test_a_copy_that_is_inside_is_counted_as_one_without_a_badge() -> None:
    closing = close(CASE, "copy", ["house", "P"], inside=True)
    assert closing.frees == ("house", "P")
    assert closing.corrections == (("house", 1), ("P", 1))


def test_a_copy_that_was_sent_out_frees_its_seat() -> None:
    assert close(CASE, "copy", ["house"], inside=False).corrections == ()


def test_a_badge_passed_on_stands_for_a_second_person_inside() -> None:
    assert close(CASE, "passed_on", ["P"], inside=True).corrections == (("P", 1),)


def test_what_a_headcount_has_cleared_is_not_counted_again() -> None:
    closing = close(CASE, "copy", [], inside=True)
    assert (closing.frees, closing.corrections) == ((), ())


def test_a_wrong_clock_moves_nobody() -> None:
    assert close(CASE, "clock_wrong", ["P"], inside=True).corrections == ()


def test_a_clock_is_off_beyond_a_minute_either_way() -> None:
    assert not is_clock_off(None)
    assert not is_clock_off(CLOCK_OFF_MS)
    assert is_clock_off(CLOCK_OFF_MS + 1)
    assert is_clock_off(-CLOCK_OFF_MS - 1)
