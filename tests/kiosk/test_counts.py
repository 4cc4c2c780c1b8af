"""What a station shows of the areas, linked and alone."""

from __future__ import annotations

from typing import Any

from checkin.core.link import Row
from checkin.core.model import Scan
from checkin.wire import AreaNow, Heartbeat, OccupancyChange, Snapshot
from kiosk.counts import Counts
from tests.venue import layout

HOUSE = layout()


def area(id: str, **now: Any) -> AreaNow:
    told: dict[str, Any] = {
        "inside": 3,
        "known": 4,
        "uncounted": 0,
        "capacity": 5,
        "free": 2,
        "kept": 0,
        "state": "open",
        "level": "calm",
        "waiting": 0,
        "called": (),
        "instead": (),
        "plus_minus": 0,
        "counted_at": None,
        "as_of": "",
    }
    return AreaNow(id=id, name=id, **(told | now))


def heard(*areas: AreaNow) -> Counts:
    counts = Counts()
    counts.take(Snapshot(seq=7, version=2, evacuation="none", areas=list(areas)), {})
    return counts


def shown(counts: Counts, id: str) -> tuple[int, int, int | None, str]:
    now = counts.areas[id]
    return now.inside, now.known, now.free, now.state


def test_who_passes_alone_moves_the_last_counts_and_fills_the_area() -> None:
    counts = heard(area("house"), area("P"))
    assert [one.id for one in counts.passed(HOUSE, None, "P", "visitor")] == ["house", "P"]
    assert shown(counts, "P") == (4, 5, 1, "open")
    assert [one.id for one in counts.passed(HOUSE, "house", "P", "visitor")] == ["P"]
    assert shown(counts, "P") == (5, 6, 0, "full")
    assert shown(counts, "house") == (4, 5, 1, "open")
    counts.passed(HOUSE, "P", None, "visitor")
    assert shown(counts, "P") == (4, 5, 1, "filling")
    assert shown(counts, "house") == (3, 4, 2, "open")


def test_crew_is_seen_and_takes_no_place_and_an_area_never_heard_of_stays_unknown() -> None:
    counts = heard(area("house"))
    assert [one.id for one in counts.passed(HOUSE, None, "P", "crew")] == ["house"]
    assert shown(counts, "house") == (3, 5, 2, "open")
    assert "P" not in counts.areas


def row(n: int, enters: str | None, **more: Any) -> Row:
    scan = Scan(id=f"s{n}", code="BADGE", door="P-A")
    return Row(n=n, scan=scan, outcome="admitted", decided="alone", attendee="a1", enters=enters, at=0, **more)


def test_what_was_stored_and_not_counted_before_a_new_start_is_counted_then() -> None:
    counts = heard(area("house"), area("P"))
    counts.passed(HOUSE, None, "P", "visitor")
    counts.counted = {"e": 1}
    again = Counts()
    again.restore(counts.kept())
    untold = [("e", row(1, "P"), None), ("e", row(2, "P"), "P"), ("e", row(3, "P"), "house"), ("f", row(1, None), "P")]
    assert [one.id for one in again.catch_up(HOUSE, untold)] == ["P", "house"]
    assert (shown(again, "P")[0], shown(again, "house")[0]) == (4, 3), "one in beside the one counted before, one out"
    again.take(Snapshot(seq=9, version=2, evacuation="none", areas=[area("house"), area("P")]), {"e": 3, "f": 1})
    assert again.catch_up(HOUSE, untold) == [], "the centre's word has all of them"


def test_word_of_the_centre_replaces_what_was_counted_here_and_all_of_it_outlives_a_new_start() -> None:
    counts = heard(area("house"), area("P"))
    counts.passed(HOUSE, None, "house", "visitor")
    counts.take(OccupancyChange(seq=9, version=3, evacuation="none", areas=[area("house", inside=1, known=1)]), {})
    assert shown(counts, "house")[0] == 1
    again = Counts()
    again.restore(counts.kept())
    assert (again.seq, again.version, again.areas) == (9, 3, counts.areas)
    assert not counts.is_new
    counts.take(Heartbeat(seq=10, version=3, evacuation="none", at=""), {})
    assert not counts.is_new
    counts.take(Snapshot(seq=11, version=3, evacuation="none", areas=[area("house")]), {})
    assert [*counts.areas] == ["house"]
    again.restore(b"of another program")
    assert again.seq == 9
