"""The centre's side of the link: messages in, messages out, seats in between."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checkin.core.admission import Bearer, Decision
from checkin.core.allotment import Counters
from checkin.core.conflict import Side
from checkin.core.link import (
    ASK_AGE_MS_MAX,
    SILENT_MS,
    Answer,
    Ask,
    Centre,
    Log,
    News,
    Report,
    Row,
    Rows,
    ToCentre,
    ToStation,
    Totals,
)
from checkin.core.model import Scan
from checkin.core.schedule import Programme
from tests.simulation.house import CentreOnDisk
from tests.venue import at, layout

NOW = at("10:00")
PEOPLE = {f"a{n}": Bearer(attendee=f"a{n}", group="gast", registration="registered") for n in range(20)}


class House:
    """A centre with a door of the hall (4 places) and one of the house, both reported."""

    def __init__(self) -> None:
        self.process = CentreOnDisk(layout(), Programme(layout().event), PEOPLE, {"hall": "P-A", "front": "D1"})
        self.now = NOW
        for station in ("hall", "front"):
            self.report(station)

    @property
    def generation(self) -> int:
        return self.process.ledger.generation

    def send(self, station: str, message: ToCentre) -> list[ToStation]:
        self.process.count.now = self.now
        told = self.process.centre.receive(station, message, self.now)
        self.process.commit()
        return told

    def report(self, station: str, n: int = 0, handed: int = 0, **changes: Any) -> list[ToStation]:
        totals = changes.pop("totals", {})
        told: dict[str, Any] = {
            "generation": self.generation,
            "epoch": f"{station} 1",
            "logs": {f"{station} 1": Log(totals=totals, n=n, handed=handed)},
            "demand": {},
            "cursor": 0,
            **changes,
        }
        return self.send(station, Report(**told))

    def ask(self, station: str, who: str, id: str = "", direction: Any = "entry", **changes: Any) -> Answer | None:
        door = {"hall": "P-A", "front": "D1"}[station]
        scan = Scan(id=id or f"{who} {station} {self.now}", code=who, door=door, direction=direction)
        asked: dict[str, Any] = {
            "generation": self.generation,
            "epoch": f"{station} 1",
            "scan": scan,
            "after": None,
            "from_at": self.now,
            **changes,
        }
        told = self.send(station, Ask(**asked))
        return next((one for one in told if isinstance(one, Answer)), None)

    def row(self, station: str, n: int, who: str, id: str, outcome: Any = "admitted", **changes: Any) -> None:
        door, age = {"hall": "P-A", "front": "D1"}[station], changes.pop("age", 0)
        told: dict[str, Any] = {
            "n": n,
            "scan": Scan(id=id, code=who, door=door, direction=changes.pop("direction", "entry")),
            "outcome": outcome,
            "decided": "alone",
            "attendee": who,
            "at": self.now,
            **changes,
        }
        rows = Rows(generation=self.generation, epoch=f"{station} 1", rows=(Row(**told),), ages=(age,))
        self.send(station, rows)

    def page(self, who: str, id: str, direction: Any = "entry") -> None:
        """At a door of the house without a station, that shows what the centre decides."""
        self.process.ask(Scan(id=id, code=who, door="D2", direction=direction), self.now)

    def inside(self, area: str) -> int:
        return self.process.count.house.tallies[area].known

    def free(self, area: str) -> int:
        return self.process.count.house.free(area) or 0


def outcome(answer: Answer | None) -> str:
    assert answer is not None
    assert answer.decision is not None
    return answer.decision.outcome


def test_a_question_is_answered_once_however_often_it_comes() -> None:
    house = House()
    assert outcome(house.ask("hall", "a1", "s")) == outcome(house.ask("hall", "a1", "s")) == "admitted"
    assert house.inside("P") == 1


def test_a_stale_question_is_left_to_its_station() -> None:
    house = House()
    assert house.ask("hall", "a1", from_at=NOW - ASK_AGE_MS_MAX - 1) is None
    assert house.inside("P") == 0


def test_what_the_door_did_not_show_is_taken_back() -> None:
    house = House()
    house.ask("hall", "a1", "s")
    house.row("hall", 1, "a1", "s", "refused")
    assert (house.inside("P"), house.free("P")) == (0, 4)
    assert [case.kind for case in house.process.count.cases.values()] == ["decisions_differ"]


def test_both_let_the_same_scan_in_so_it_is_one() -> None:
    house = House()
    house.process.ledger.grant(("hall", "hall 1"), "P", 1)
    house.ask("hall", "a1", "s")
    house.row("hall", 1, "a1", "s", takes=("P",))
    assert (house.inside("P"), house.free("P")) == (1, 2)
    house.report("hall", n=1, handed=1, totals={"P": Counters(granted=1, admitted=1, freed=1, returned=1)})
    assert house.free("P") == 3


def test_a_place_is_free_when_the_door_has_shown_that_somebody_left() -> None:
    house = House()
    house.ask("hall", "a1", "in")
    house.row("hall", 1, "a1", "in", decided="centre")
    house.now += 1_000
    house.ask("hall", "a1", "out", "exit")
    assert (house.inside("P"), house.free("P")) == (0, 3)
    house.row("hall", 2, "a1", "out", decided="centre", direction="exit")
    assert house.free("P") == 4


def test_who_was_let_in_and_not_yet_shown_that_leaves_their_place_in_doubt_by_another_door() -> None:
    house = House()
    free = house.free("house")
    house.ask("hall", "a1", "in")
    house.now += 1_000
    house.ask("front", "a1", "out", "exit", after="in")
    house.row("front", 1, "a1", "out", decided="centre", direction="exit")
    assert (house.inside("house"), house.free("house")) == (0, free - 1), "the badge is in two hands"
    assert ("out", "house") in house.process.ledger.doubts


@pytest.mark.parametrize(("age", "doubts"), [(1_500, 0), (500, 1)])
def test_their_place_is_free_once_it_is_told_that_they_were_let_in_before(age: int, doubts: int) -> None:
    house = House()
    free = house.free("house")
    house.ask("hall", "a1", "in")
    house.now += 1_000
    house.page("a1", "out", "exit")
    house.now += 1_000
    house.row("hall", 1, "a1", "in", decided="centre", from_at=NOW, age=age)
    assert house.process.ledger.in_doubt("out", ["house"]) == ["house"] * doubts
    assert house.free("house") == free - doubts


def test_their_place_stays_in_doubt_until_it_is_told_too_that_they_were_let_out() -> None:
    house = House()
    free = house.free("house")
    house.ask("hall", "a1", "in")
    house.now += 1_000
    house.ask("front", "a1", "out", "exit", after="in")
    house.now += 1_000
    house.row("hall", 1, "a1", "in", decided="centre", from_at=NOW, age=1_500)
    assert (house.process.ledger.doubts, house.free("house")) == ({}, free - 1)
    house.row("front", 1, "a1", "out", decided="centre", direction="exit")
    assert house.free("house") == free


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize(("went_at", "inside", "freed"), [(500, 1, 0), (900, 0, 0), (1_500, 0, 1)])
def test_somebody_has_passed_when_their_door_showed_it_and_not_when_that_was_decided(
    went_at: int, inside: int, freed: int, heard: bool
) -> None:
    """Decided at 0, shown between 800 and 1,000; another door, which may have heard of it, tells of a way out."""
    house = House()
    house.ask("hall", "a1", "in")
    house.now += 1_000
    house.row("hall", 1, "a1", "in", decided="centre", from_at=NOW + 800, at=NOW + 800, offset_ms=0)
    free = house.free("house")
    house.now += 9_000
    told: dict[str, Any] = {"from_at": NOW + went_at, "at": NOW + went_at, "offset_ms": 0}
    house.row("front", 1, "a1", "out", direction="exit", after="in" if heard else None, **told)
    assert (house.inside("house"), house.free("house")) == (inside, free + freed)


def test_nobody_has_left_for_certain_while_any_door_may_still_let_their_badge_in() -> None:
    house = House()
    house.page("a1", "in")
    free = house.free("house")
    house.now += 1_000
    house.ask("hall", "a1", "into the hall")
    house.now += 100
    house.page("a1", "out of the wing", "exit")
    house.page("a1", "in again")
    house.page("a1", "out", "exit")
    assert (house.inside("house"), house.free("house")) == (0, free - 1)
    assert house.process.ledger.in_doubt("out", ["house"]) == ["house"]


def test_what_the_centre_decided_first_may_be_shown_after_what_it_decided_then() -> None:
    house = House()
    house.page("a1", "in")
    house.now += 1_000
    house.ask("hall", "a1", "into the hall")
    house.page("a1", "in again")
    house.now += 1_000
    house.row("hall", 1, "a1", "into the hall", decided="centre", from_at=NOW + 1_700)
    free = house.free("house")
    house.now += 9_000
    house.row("front", 1, "a1", "out", direction="exit", from_at=NOW + 1_500)
    assert house.free("house") == free, "whoever stood at the hall's door was let in after that"


def late(house: House, n: int, id: str, **told: Any) -> None:
    """The front door tells of a passage in the first five seconds, that it had alone."""
    seats = {} if told.get("direction") == "exit" else {"takes": ("house",)}
    house.row("front", n, "a1", id, from_at=NOW, age=house.now - NOW - 5_000, **seats, **told)


def test_a_way_out_frees_the_seat_of_one_though_two_with_this_badge_were_let_in() -> None:
    house = House()
    house.process.ledger.grant(("front", "front 1"), "house", 1)
    house.page("a1", "in")
    house.now += 10_000
    house.page("a1", "out", "exit")
    free = house.free("house")
    late(house, 1, "copy")
    house.report("front", n=1, handed=1, totals={"house": Counters(granted=1, admitted=1, freed=1, returned=1)})
    assert (house.inside("house"), house.free("house")) == (0, free), "one of the two is there still"
    assert [case.kind for case in house.process.count.cases.values()] == ["badge_twice"]


def test_a_way_out_leaves_the_seat_of_one_though_two_doors_let_in_this_badge_alone() -> None:
    house = House()
    house.process.centre.doors["front"] = "P-B"
    ledger = house.process.ledger
    for station in ("hall", "front"):
        ledger.grant((station, f"{station} 1"), "P", 1)
    scan = Scan(id="second", code="a1", door="P-B", direction="entry")
    entry = Row(n=1, scan=scan, outcome="admitted", decided="alone", attendee="a1", takes=("P",), from_at=NOW, at=NOW)
    house.send("front", Rows(generation=house.generation, epoch="front 1", rows=(entry,), ages=(0,)))
    house.now += 1_000
    house.ask("hall", "a1", "out", "exit", after="first")
    house.row("hall", 1, "a1", "first", from_at=NOW - 1_000, at=NOW - 1_000, age=2_000, takes=("P",))
    house.row("hall", 2, "a1", "out", decided="centre", direction="exit", frees=1, freed=("P",))
    assert ledger.admissions["front", "front 1", 1].seats == {"P": "doubtful"}


def test_a_way_out_of_somebody_unknown_frees_the_seat_of_the_first_that_is_told_of_later() -> None:
    house = House()
    house.process.ledger.grant(("front", "front 1"), "house", 2)
    house.now += 10_000
    house.page("a1", "out", "exit")
    free = house.free("house")
    late(house, 1, "one")
    late(house, 2, "two")
    house.report("front", n=2, handed=2, totals={"house": Counters(granted=2, admitted=2, freed=2, returned=2)})
    assert house.free("house") == free + 1


@pytest.mark.parametrize(("after", "freed"), [("in", 1), ("another way in", 0), (None, 0)])
def test_who_went_out_and_came_in_by_a_door_that_told_nobody_has_left_for_good_by_another(
    after: str | None, freed: int
) -> None:
    house = House()
    house.process.ledger.grant(("front", "front 1"), "house", 1)
    house.page("a1", "in")
    house.now += 10_000
    house.page("a1", "out", "exit")
    free = house.free("house")
    late(house, 1, "out for a while", direction="exit", after=after)
    late(house, 2, "in again", after="out for a while")
    house.report("front", n=2, handed=2, totals={"house": Counters(granted=1, admitted=1, freed=1, returned=1)})
    assert house.free("house") == free + freed


def test_who_came_back_before_they_were_seen_elsewhere_was_one_of_those_missing() -> None:
    house = House()
    house.process.ledger.grant(("front", "front 1"), "house", 1)
    house.page("a1", "in")
    house.now += 1
    house.process.centre.headcount("house", house.now)
    house.process.count.headcount("house", 0)
    house.now += 10_000
    house.ask("hall", "a1", "into the hall")
    house.row("hall", 1, "a1", "into the hall", decided="centre")
    tally = house.process.count.house.tallies["house"]
    assert (tally.known, tally.uncounted) == (1, -1)
    house.row("front", 1, "a1", "in again", from_at=NOW + 2, age=5_000, takes=("house",))
    assert (tally.known, tally.uncounted) == (1, 0)


def hides(house: House, others: bool) -> None:
    """The house is counted, and as many are found as are known there; perhaps `others` than those."""
    house.now += 10_000
    house.process.count.headcount("house", house.inside("house") + house.process.centre.headcount("house", house.now))
    if others:
        house.process.ledger.found_others("house")


@pytest.mark.parametrize(("others", "only_counted"), [(True, ["house"]), (False, [])])
def test_no_look_frees_the_seat_of_one_known_in_a_room_whom_a_headcount_may_not_have_met(
    others: bool, only_counted: list[str]
) -> None:
    house = House()
    ledger = house.process.ledger
    ledger.grant(("front", "front 1"), "house", 1)
    house.page("a1", "in")
    house.ask("hall", "a1", "into the hall")
    house.row("hall", 1, "a1", "into the hall", decided="centre")
    hides(house, others)
    house.now += 10_000
    house.row("front", 1, "a1", "again", from_at=house.now, takes=("house",))
    house.report("front", n=1, handed=1, totals={"house": Counters(granted=1, admitted=1, freed=1, returned=1)})
    assert ledger.only_counted("again", ["house"]) == only_counted
    assert ledger.settle("again", ["house"], house.now) == ["house"]
    assert ledger.set_aside["house"] == len(only_counted)


@pytest.mark.parametrize(("others", "leaves"), [(True, False), (True, True), (False, True)])
@pytest.mark.parametrize(("came_after", "only_counted"), [(1, ["house"]), (-9_000, [])])
def test_nor_of_one_who_is_told_to_have_come_in_after_it_when_they_were_seen_elsewhere_since(
    came_after: int, only_counted: list[str], others: bool, leaves: bool
) -> None:
    house = House()
    ledger = house.process.ledger
    ledger.grant(("front", "front 1"), "house", 1)
    house.page("a1", "in")
    hides(house, others)
    counted_at = house.now
    house.now += 10_000
    house.ask("hall", "a1", "into the hall")
    house.row("hall", 1, "a1", "into the hall", decided="centre")
    if leaves:
        house.now += 1
        house.page("a1", "out", "exit")
    came_at = counted_at + came_after
    house.row("front", 1, "a1", "again", from_at=came_at, age=house.now - came_at, takes=("house",))
    assert ledger.only_counted("again", ["house"]) == only_counted


def test_who_left_before_a_person_looked_into_the_case_leaves_their_place_in_doubt() -> None:
    house = House()
    house.process.ledger.grant(("front", "front 1"), "house", 1)
    house.page("a1", "in")
    house.row("front", 1, "a1", "copy", from_at=NOW, takes=("house",))
    house.report("front", n=1, handed=1, totals={"house": Counters(granted=1, admitted=1, freed=1, returned=1)})
    free = house.free("house")
    house.now += 10_000
    assert house.process.ledger.settle("copy", ["house"], house.now) == ["house"]
    assert house.free("house") == free + 1
    late(house, 2, "out", direction="exit", after="copy")
    assert (house.inside("house"), house.free("house")) == (0, free + 1), "who looked has not met the one who had left"
    assert ("out", "house") in house.process.ledger.doubts


def test_nobody_looks_for_one_who_stands_at_a_door() -> None:
    house = House()
    house.process.ledger.doubt("scan", "P", "a1")
    house.ask("hall", "a1", "in")
    assert house.process.ledger.in_doubt("scan", ["P"]) == ["P"]
    assert house.process.ledger.must_wait("scan", ["P"])
    house.row("hall", 1, "a1", "in", decided="centre")
    assert not house.process.ledger.must_wait("scan", ["P"])
    assert house.process.ledger.settle("scan", ["P"], house.now) == ["P"]


def test_a_case_is_not_closed_while_a_door_may_have_freed_the_seat_of_whom_it_let_in() -> None:
    house = House()
    house.process.ledger.grant(("hall", "hall 1"), "P", 1)
    house.row("hall", 1, "a1", "in", takes=("P",))
    house.process.ledger.doubt("copy", "P", "a1")
    assert house.process.ledger.must_wait("copy", ["P"]), "whoever is found there may be the copy"
    house.report("hall", n=1, handed=1, totals={"P": Counters(granted=1, admitted=1, freed=1, returned=1)})
    assert house.process.ledger.settle("copy", ["P"], house.now) == ["P"]


def test_a_case_that_has_no_seat_in_doubt_is_closed_whoever_stands_at_a_door() -> None:
    house = House()
    house.process.ledger.doubt("scan", "P", "a1")
    house.ask("hall", "a1", "in")
    house.process.centre.headcount("P", house.now)
    assert not house.process.ledger.must_wait("scan", ["P"])


def test_an_exit_whose_time_is_unknown_empties_the_list_and_not_the_seat() -> None:
    house = House()
    house.ask("front", "a1", "in")
    house.row("front", 1, "a1", "in", decided="centre")
    house.now += 60_000
    free = house.free("house")
    house.row("front", 2, "a1", "out", direction="exit")
    assert (house.inside("house"), house.free("house")) == (0, free)
    assert house.process.ledger.settle("out", ["house"], house.now) == ["house"]
    assert house.free("house") == free + 1


def test_a_badge_let_in_by_two_doors_keeps_two_seats_until_a_person_has_looked() -> None:
    house = House()
    house.process.ledger.grant(("front", "front 1"), "house", 1)
    house.ask("hall", "a1", "in")
    free = house.free("house")
    house.row("front", 1, "a1", "copy", takes=("house",))
    assert (house.inside("house"), house.free("house")) == (1, free)
    assert "badge_twice" in [case.kind for case in house.process.count.cases.values()]
    house.report("front", n=1, handed=1, totals={"house": Counters(granted=1, admitted=1, freed=1, returned=1)})
    assert house.free("house") == free


def test_a_case_has_the_side_of_the_door_and_that_of_the_centre() -> None:
    house = House()
    house.ask("front", "a1", "in")
    house.row("front", 1, "a1", "in", decided="centre")
    house.now += 60_000
    house.row("front", 2, "a1", "copy", at=house.now - 5_000, offset_ms=-5_000, takes=("house",))
    (case,) = house.process.count.cases.values()
    assert (case.kind, case.areas) == ("badge_twice", ("house",))
    assert case.sides == (
        Side(scan="copy", door="D1", at=house.now - 5_000, outcome="admitted", offset_ms=-5_000),
        Side(scan="in", door="D1", at=NOW, outcome="admitted", by="centre"),
    )


def test_a_case_of_decisions_that_differ_says_what_the_centre_had_decided_when_and_why() -> None:
    house = House()
    house.ask("hall", "a1", "s")
    house.now += 900
    house.row("hall", 1, "a1", "s", "refused")
    for n in range(2, 6):
        house.ask("hall", f"a{n}", f"s{n}")
    house.ask("hall", "a6", "s6")
    house.row("hall", 2, "a6", "s6", takes=("P",))
    first, second = (case.sides[1] for case in house.process.count.cases.values())
    assert first == Side(scan="s", door="P-A", at=NOW, outcome="admitted", by="centre")
    assert second == Side(scan="s6", door="P-A", at=None, outcome="refused", reason="area_full", by="centre")


def test_a_clock_that_is_off_is_shown_beside_that_of_the_centre() -> None:
    house = House()
    house.row("hall", 1, "a1", "s", at=NOW + 120_000, offset_ms=120_000, from_at=NOW)
    case = house.process.count.cases["s clock_off"]
    assert [(side.by, side.at, side.offset_ms) for side in case.sides] == [
        ("station", NOW + 120_000, 120_000),
        ("centre", NOW, None),
    ]


def test_a_clock_that_stays_off_is_one_case_until_it_is_set() -> None:
    house = House()
    for n, offset_ms in enumerate((120_000, 121_000, None, 122_000, 0, 120_000), 1):
        if n == 3:
            house.now += SILENT_MS + 1
            house.process.centre.tick(house.now)  # its link is back only with its next word
        if n == 4:
            house.process.start()
        house.report("hall", n)
        house.row("hall", n, f"a{n}", f"s{n}", at=NOW + (offset_ms or 0), offset_ms=offset_ms, from_at=NOW)
    assert [one for one in house.process.count.cases if one.endswith("clock_off")] == ["s1 clock_off", "s6 clock_off"]


def test_a_clock_is_not_measured_by_that_of_a_demo() -> None:
    house = House()
    house.process.centre.real_time = False
    house.row("hall", 1, "a1", "s", at=NOW - 20_000_000, offset_ms=-20_000_000, from_at=NOW)
    assert not house.process.count.cases


def test_who_comes_in_again_at_a_centre_put_back_was_one_of_those_missing() -> None:
    house = House()
    for n in range(2):
        house.ask("front", f"a{n}", f"in {n}")
        house.row("front", n + 1, f"a{n}", f"in {n}", decided="centre")
    house.process.count.headcount("house", 1 + house.process.centre.headcount("house", house.now))
    free = house.free("house")
    house.now += 1_000
    house.row("front", 3, "a1", "again", decided="centre", from_at=house.now, after="in 1")
    assert house.free("house") == free - 1


def test_a_headcount_is_not_sure_while_rows_of_a_retired_station_are_missing() -> None:
    house = House()
    house.process.ledger.retire("front")
    for _ in range(2):
        house.process.centre.headcount("house", house.now)
        assert not house.process.ledger.counted["house"].sure
    logs = {"front 1": Log(totals={}, n=1, handed=0), "front 2": Log(totals={}, n=0, handed=0)}
    house.report("front", epoch="front 2", logs=logs)
    house.row("front", 1, "a1", "s")
    house.report("front", epoch="front 2", logs=logs)
    house.process.centre.headcount("house", house.now)
    assert house.process.ledger.counted["house"].sure


@pytest.mark.parametrize(("shown", "is_sure"), [({}, True), ({"unsure": True}, False), ({"outcome": "lapsed"}, False)])
def test_who_is_on_their_way_out_hides_somebody_from_the_headcount_and_where_they_stayed_from_the_next(
    shown: dict[str, Any], is_sure: bool
) -> None:
    house = House()
    house.ask("hall", "a1", "in")
    house.row("hall", 1, "a1", "in", decided="centre")
    house.now += 1_000
    asked_at = house.now
    house.ask("hall", "a1", "out", direction="exit", after="in")
    house.page("a1", "out of the house", "exit")
    house.now += 100
    house.process.centre.headcount("P", house.now)
    assert not house.process.ledger.counted["P"].sure
    house.row("hall", 2, "a1", "out", decided="centre", direction="exit", from_at=asked_at, **shown)
    house.now += 1_000
    house.process.centre.headcount("P", house.now)
    assert house.process.ledger.counted["P"].sure is is_sure


def test_a_headcount_is_not_sure_while_a_station_has_never_been_heard_of() -> None:
    process = CentreOnDisk(layout(), Programme(layout().event), PEOPLE, {"hall": "P-A", "front": "D1"})
    process.centre.headcount("house", NOW)
    assert not process.ledger.counted["house"].sure
    house = House()
    house.process.centre.headcount("house", NOW)
    assert house.process.ledger.counted["house"].sure


@pytest.mark.parametrize(("known_since", "is_sure"), [(NOW, True), (None, False)])
def test_who_is_told_of_late_may_have_hidden_somebody_from_the_headcount(
    known_since: int | None, is_sure: bool
) -> None:
    house = House()
    house.process.centre.headcount("house", NOW - 1_000)
    admitted = Decision(outcome="admitted", kind="arrival", attendee="a1", enters="house")
    house.process.centre.passed(Scan(id="s", code="a1", door="D1"), admitted, NOW, known_since)
    assert house.process.ledger.counted["house"].sure is is_sure
    assert house.process.ledger.seen["a1"].from_at == (known_since or 0)


def test_a_page_shows_what_the_centre_has_decided_so_a_place_that_is_left_is_free_at_once() -> None:
    house = House()
    house.ask("front", "a1", "in")
    house.row("front", 1, "a1", "in", decided="centre")
    free = house.free("house")
    house.now += 1_000
    house.process.ask(Scan(id="out", code="a1", door="D1", direction="exit"), house.now)
    assert (house.inside("house"), house.free("house")) == (0, free + 1)
    assert not house.process.ledger.pending


def test_at_a_page_too_who_was_let_in_by_a_door_alone_needs_a_place_to_come_in_again() -> None:
    house = House()
    house.process.ledger.grant(("hall", "hall 1"), "P", 1)
    assert house.process.centre.unsure("P")("a1") == ()
    house.row("hall", 1, "a1", "in", takes=("P",))
    assert house.process.centre.unsure("P")("a1") == ("P",)


def test_what_a_station_is_to_keep_is_known_to_whoever_takes_its_next_message() -> None:
    house = House()
    house.process.centre.tick(house.now)
    centre = house.process.centre
    again = Centre(house.process.count, house.process.ledger, centre.doors, linked=centre.linked, revoked=["front"])
    assert again.totals("hall", "hall 1", house.now).keep["P"] == 2
    house.report("hall")
    assert again.totals("hall", "hall 1", house.now).keep["P"] == 2
    assert again.totals("front", "front 1", house.now).revoked


def test_an_all_clear_reaches_a_door_whatever_the_number_of_those_inside() -> None:
    house = House()
    for n in range(3):
        house.ask("front", f"a{n}", f"in {n}")
    house.process.count.empty()
    house.ask("front", "a1", "again")
    (news,) = (one for one in house.report("hall") if isinstance(one, News))
    assert news.emptied
    assert {move.attendee: move.presence and move.presence.area for move in news.moves} == {
        "a0": None,
        "a1": "house",
        "a2": None,
    }
    (later,) = (one for one in house.report("front", cursor=1) if isinstance(one, News))
    assert later.emptied
    assert not any(isinstance(one, News) for one in house.report("hall", cursor=news.seq))


def test_why_a_door_refused_somebody_stands_beside_what_the_centre_had_decided() -> None:
    house = House()
    house.ask("hall", "a1", "s")
    house.row("hall", 1, "a1", "s", "refused", reason="area_full")
    (case,) = house.process.count.cases.values()
    assert [side.reason for side in case.sides] == ["area_full", None]


def test_the_station_that_has_the_place_decides_where_the_pool_has_none() -> None:
    house = House()
    house.process.ledger.grant(("hall", "hall 1"), "P", 4)
    answer = house.ask("hall", "a1")
    assert answer is not None
    assert answer.decision is None


def test_rows_are_taken_in_their_order_and_once() -> None:
    house = House()
    house.process.ledger.grant(("hall", "hall 1"), "P", 2)
    house.row("hall", 2, "a2", "s2", takes=("P",))
    assert house.inside("P") == 0, "a gap waits"
    house.row("hall", 1, "a1", "s1", takes=("P",))
    house.row("hall", 1, "a1", "s1", takes=("P",))
    house.row("hall", 2, "a2", "s2", takes=("P",))
    assert house.inside("P") == 2
    assert house.process.ledger.epochs["hall", "hall 1"].have == 2


def test_a_restored_centre_lets_doors_decide_until_all_have_reported() -> None:
    house = House()
    backup = house.process.backup()
    house.ask("hall", "a1", "lost")
    house.process.restore(backup, 2)
    answer = house.ask("hall", "a2")
    assert answer is not None
    assert answer.decision is None
    house.process.ledger.confirm_roster()
    house.report("hall", n=1)
    house.report("front")
    assert house.process.ledger.is_frozen("P")
    house.row("hall", 1, "a1", "lost", decided="centre", takes=("house", "P"))
    house.report("hall", n=1)
    assert outcome(house.ask("hall", "a3")) == "admitted"
    assert house.inside("P") == 2


def test_a_message_for_the_lost_centre_changes_nothing() -> None:
    house = House()
    backup = house.process.backup()
    house.process.restore(backup, 2)
    (told,) = house.report("hall", generation=1, totals={"P": Counters(granted=9)})
    assert isinstance(told, Totals)
    assert told.generation == 2
    assert house.process.ledger.set_aside["P"] == 0


def test_a_centre_put_back_without_a_word_learns_it_from_a_station() -> None:
    house = House()
    house.report("hall", generation=5)
    assert house.generation == 6
    assert house.process.ledger.is_frozen("P")


def test_what_is_free_is_shared_with_those_heard_of_lately_alone() -> None:
    house = House()
    told = house.process.centre.tick(house.now)
    assert told["hall"].granted["P"] == told["hall"].keep["P"] == 2
    house.now += SILENT_MS + 1
    assert house.process.centre.tick(house.now) == {}


def test_a_revoked_station_is_told_and_its_questions_are_not_answered() -> None:
    house = House()
    house.process.centre.revoked.add("hall")
    assert house.ask("hall", "a1") is None
    told = house.report("hall")[-1]
    assert isinstance(told, Totals)
    assert told.revoked
    assert told.returned == {"hall 1": {"house": 0, "P": 0}}, "so it knows when nothing of it is left"


def test_a_centre_started_again_from_its_rows_is_the_same() -> None:
    house = House()
    house.process.centre.tick(house.now)
    house.process.commit()
    house.ask("front", "a1", "in")
    house.row("hall", 1, "a1", "s1", takes=("P",), after="in")
    before = dict(house.process.ledger.set_aside)
    house.process.start()
    assert house.process.ledger.set_aside == before
    assert house.inside("P") == 1


@pytest.mark.parametrize("kind", [Ask, Rows, Report, Answer, Totals])
def test_messages_cross_as_tagged_json(kind: type[msgspec.Struct]) -> None:
    house = House()
    sent: dict[type, ToCentre | ToStation] = {
        Ask: Ask(generation=1, epoch="e", scan=Scan(id="s", code="c", door="D1"), after=None, from_at=None),
        Rows: Rows(generation=1, epoch="e", rows=(), ages=()),
        Report: Report(generation=1, epoch="e", logs={"e": Log(totals={}, n=0, handed=0)}, demand={}, cursor=0),
    }
    for told in (*house.report("hall"), house.ask("hall", "a1")):
        assert told is not None
        sent[type(told)] = told
    message = sent[kind]
    union: Any = ToCentre if kind in (Ask, Rows, Report) else ToStation
    assert msgspec.json.decode(msgspec.json.encode(message), type=union) == message


def test_a_centre_put_back_wants_no_place_back_that_it_could_not_give_out_again() -> None:
    house = House()
    house.process.centre.tick(house.now)
    granted = house.process.ledger.counters["hall", "hall 1", "P"].granted
    assert granted > 0
    house.process.ledger.restored(2)
    for station in ("hall", "front"):
        house.report(station, totals={"P": Counters(granted=granted)} if station == "hall" else {})
    told = house.process.centre.tick(house.now)["hall"]
    assert told.frozen
    assert all(told.keep[area] >= granted for area in ("house", "P"))


@pytest.mark.parametrize("seen_since", [True, False])
def test_whom_a_door_has_not_shown_the_way_out_sits_on_its_own_seat_still_perhaps_with_another(
    seen_since: bool,
) -> None:
    house = House()
    ledger = house.process.ledger
    ledger.grant(("hall", "hall 1"), "P", 1)
    house.row("hall", 1, "a1", "in", takes=("P",), from_at=house.now)
    house.now += 1_000
    house.ask("hall", "a1", "out", direction="exit", after="in")
    assert ledger.admissions["hall", "hall 1", 1].seats == {"P": "left"}
    if seen_since:
        house.page("a1", "out of the house", "exit")
    house.row("hall", 2, "a1", "out", "lapsed", decided="centre", direction="exit", from_at=house.now)
    assert ledger.admissions["hall", "hall 1", 1].seats == {"P": "doubtful" if seen_since else "inside"}
