"""The centre's time at a station whose own clock is wrong."""

from __future__ import annotations

from kiosk.clock import GUESS_MS_MAX, CentreClock
from kiosk.station import Moment

HOUR = 3_600_000
NOON = 1_774_000_000_000


def heard(*, ahead: int = 0) -> CentreClock:
    clock = CentreClock()
    clock.hear(NOON, Moment(wall=NOON + ahead, steady=1_000))
    return clock


def restarted(clock: CentreClock) -> CentreClock:
    kept = clock.to_keep()
    assert kept is not None
    again = CentreClock()
    again.restore(kept, Moment(wall=0, steady=0))
    return again


def test_time_is_carried_on_however_the_machines_clock_steps() -> None:
    clock = heard(ahead=5 * HOUR)
    assert clock.now(Moment(wall=NOON + 5 * HOUR + 7, steady=1_007)) == NOON + 7
    assert clock.now(Moment(wall=0, steady=2_000)) == NOON + 1_000
    assert clock.ahead(Moment(wall=NOON - HOUR, steady=1_000)) == -HOUR
    assert not clock.is_guess


def test_station_that_never_heard_the_centre_has_its_own_clock_alone() -> None:
    clock = CentreClock()
    assert clock.now(Moment(wall=5, steady=9)) == 5
    assert clock.ahead(Moment(wall=5, steady=9)) is None
    assert clock.to_keep() is None
    assert clock.is_guess


def test_new_start_puts_its_clock_right_by_what_it_was_wrong_by() -> None:
    clock = restarted(heard(ahead=5 * HOUR))
    assert clock.is_guess
    assert clock.now(Moment(wall=NOON + 6 * HOUR, steady=0)) == NOON + HOUR
    late = Moment(wall=NOON + 5 * HOUR + GUESS_MS_MAX + 1, steady=0)
    assert clock.now(late) == late.wall, "so long after nobody knows who has set it"


def test_machine_that_starts_in_the_past_goes_on_from_the_last_word() -> None:
    clock = restarted(heard())
    assert clock.now(Moment(wall=0, steady=60_000)) == NOON + 60_000


def test_it_is_kept_once_a_minute_and_read_from_an_older_program() -> None:
    clock = heard()
    assert clock.to_keep() is not None
    assert clock.to_keep() is None
    clock.hear(NOON + 61_000, Moment(wall=NOON, steady=0))
    assert clock.to_keep() is not None
    clock.restore(str(NOON).encode(), Moment(wall=NOON, steady=0))
    assert clock.heard_at == NOON
