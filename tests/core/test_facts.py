from __future__ import annotations

from typing import Any

import msgspec
import pytest

from checkin.core.admission import Decision, Refusal
from checkin.core.facts import (
    AreaCount,
    Assumed,
    Changed,
    Corrected,
    Evacuated,
    Fact,
    Scanned,
    Sum,
    Undone,
    believed_at,
    gone,
    observe,
    presence_after,
    presence_before,
)
from checkin.core.holds import Claimant
from checkin.core.model import Hold
from checkin.core.occupancy import Certainty, Presence, Tally
from checkin.core.schedule import Programme
from tests.core.given import session, venue
from tests.venue import layout


def decided(leaves: str | None, enters: str | None, **changes: Any) -> Decision:
    return Decision(
        **{"outcome": "admitted", "kind": "entry", "attendee": "a1", "leaves": leaves, "enters": enters, **changes}
    )


def scanned(
    leaves: str | None, enters: str | None, *, at: int = 100, door: str = "P-A", area: str = "P", **changes: Any
) -> Scanned:
    return Scanned(
        id="1",
        door=door,
        direction="entry",
        area=area,
        decision=decided(leaves, enters, **changes),
        scanned_at=at,
        received_at=at + 7,
        inside=1,
        capacity=4,
        free=3,
        by="test",
    )


def total(*facts: Fact) -> Sum:
    sum = Sum()
    for fact in facts:
        sum.add(fact)
    return sum


def corrected(area: str, change: int, *around: tuple[str, int]) -> Corrected:
    return Corrected(id="c", area=area, change=change, around=around, at=0, by="test")


def undone(presence: Presence | None, *, leaves: str | None = None) -> Undone:
    return Undone(scan="1", attendee="a1", counts_as="visitor", leaves=leaves, presence=presence, at=300, by="test")


ALL_CLEAR = Evacuated(what="ended", at=500, by="test")


# --- where somebody is after a scan ---------------------------------------------------------------------------


def test_presence_after_an_arrival_begins_with_the_scan() -> None:
    assert presence_after(scanned(None, "P", counts_as="crew"), None) == Presence(
        area="P", counts_as="crew", since_at=100, door="P-A", arrived_at=100
    )


def test_presence_after_a_move_keeps_the_time_of_the_arrival() -> None:
    before = Presence(area="P", counts_as="visitor", since_at=50, door="D1", arrived_at=20)
    assert presence_after(scanned("P", None, door="D2"), before) == Presence(
        area=None, counts_as="visitor", since_at=100, door="D2", arrived_at=20
    )


@pytest.mark.parametrize(
    "fact",
    [
        scanned(None, "P", outcome="refused", refusal=Refusal(reason="area_full")),
        scanned(None, "P", attendee=None),
        scanned("P", "P"),
        scanned(None, None),
    ],
)
def test_presence_stays_where_a_scan_moves_nobody(fact: Scanned) -> None:
    assert presence_after(fact, None) is None


def test_time_of_a_scan_is_ours_where_the_clock_of_the_door_is_off() -> None:
    fact = scanned(None, "P")
    assert believed_at(fact) == 100
    for off in (0, 90_000, -90_000):
        late = Scanned(**{**{name: getattr(fact, name) for name in fact.__struct_fields__}, "clock_off_ms": off})
        assert believed_at(late) == 107
        after = presence_after(late, None)
        assert after is not None
        assert (after.since_at, after.arrived_at) == (107, 107)


NOW = Presence(area="P", counts_as="crew", since_at=100, door="P-A", arrived_at=20)
OUTSIDE = Presence(area=None, counts_as="visitor", since_at=60, door="D1", arrived_at=20)


@pytest.mark.parametrize(
    ("scan", "earlier", "before"),
    [
        (scanned(None, "P", kind="arrival"), None, None),
        (scanned(None, "P", kind="arrival"), scanned(None, "house", at=50), None),
        (
            scanned("house", "P"),
            scanned(None, "house", at=50, door="D1"),
            Presence(area="house", counts_as="visitor", since_at=50, door="D1", arrived_at=20),
        ),
        (
            scanned(None, "P", kind="reentry"),
            Assumed(attendee="a1", area="T", counts_as="crew", at=70, by="test"),
            Presence(area=None, counts_as="crew", since_at=70, door="", arrived_at=20),
        ),
        (scanned(None, "P", kind="reentry"), undone(OUTSIDE), OUTSIDE),
        (
            scanned(None, "P", kind="reentry"),
            scanned(None, "house", at=50, door="D1"),
            Presence(area=None, counts_as="crew", since_at=100, door="P-A", arrived_at=20),
        ),
        (
            scanned("house", "P"),
            None,
            Presence(area="house", counts_as="crew", since_at=100, door="P-A", arrived_at=20),
        ),
    ],
)
def test_presence_before_a_scan_is_what_the_earlier_passage_left(
    scan: Scanned, earlier: Fact | None, before: Presence | None
) -> None:
    assert presence_before(scan, earlier, NOW) == before


def test_gone_leaves_through_no_door() -> None:
    before = Presence(area="P", counts_as="crew", since_at=50, door="D1", arrived_at=20)
    assert gone(before, 99) == Presence(area=None, counts_as="crew", since_at=99, door="", arrived_at=20)


# --- what facts add up to -------------------------------------------------------------------------------------


def test_sum_follows_one_person_from_door_to_door() -> None:
    sum = total(scanned(None, "P", at=1), scanned("P", "T", at=2, door="T-1"))
    assert sum.presences == {"a1": Presence(area="T", counts_as="visitor", since_at=2, door="T-1", arrived_at=1)}
    assert sum.house(layout()).tallies["T"] == Tally(1)
    assert sum.house(layout()).tallies["P"] == Tally()


def test_sum_passes_over_a_code_of_nobody() -> None:
    sum = total(scanned(None, None, attendee=None, kind="exit"), scanned(None, "P"))
    assert set(sum.presences) == {"a1"}


def test_sum_keeps_where_somebody_was_who_is_refused() -> None:
    refused = scanned(None, "T", outcome="refused", refusal=Refusal(reason="area_full"))
    assert total(refused).presences == {}
    assert total(scanned(None, "P"), refused).presences["a1"].area == "P"


@pytest.mark.parametrize(
    ("facts", "in_hand"),
    [
        ([("a1", "handout", "lunch")], {("a1", "lunch")}),
        ([("a1", "handout", "lunch"), ("a2", "handout", "lunch")], {("a1", "lunch"), ("a2", "lunch")}),
        ([("a1", "handout", "headset"), ("a1", "return", "headset")], set()),
        ([("a1", "handout", "headset"), ("a1", "return", "lunch")], {("a1", "headset")}),
        ([("a1", "return", "headset")], set()),
        ([("a1", "handout", "headset"), ("a1", None, "headset")], {("a1", "headset")}),
        ([("a1", None, "headset")], set()),
        ([(None, "handout", "headset")], set()),
        ([("a1", "handout", None)], set()),
    ],
)
def test_sum_tells_who_has_what_in_hand(facts: list[Any], in_hand: set[tuple[str, str]]) -> None:
    given = [scanned("P", "P", attendee=who, kind=kind, item=item) for who, kind, item in facts]
    sum = total(*given)
    assert sum.items == in_hand
    assert sum.presences == {}


def test_sum_keeps_in_hand_what_was_not_given_back_by_a_refused_handout() -> None:
    refused = scanned("P", "P", outcome="refused", kind=None, item=None, refusal=Refusal(reason="item_taken"))
    assert total(scanned("P", "P", kind="handout", item="lunch"), refused).items == {("a1", "lunch")}


def test_sum_takes_who_was_not_seen_leaving_as_gone() -> None:
    assumed = Assumed(attendee="a1", area="P", counts_as="visitor", at=900, by="test")
    sum = total(scanned(None, "P"), scanned(None, "T", attendee="a2"), assumed)
    assert sum.presences["a1"] == Presence(area=None, counts_as="visitor", since_at=900, door="", arrived_at=100)
    assert sum.presences["a2"].area == "T"


def test_sum_of_corrections_is_the_uncounted() -> None:
    tallies = total(corrected("T", 3, ("house", 2)), corrected("T", -1)).house(layout()).tallies
    assert {area: tally.uncounted for area, tally in tallies.items() if tally.uncounted} == {"T": 2, "house": 2}


def test_sum_takes_in_whom_a_scan_has_found_of_those_a_headcount_missed() -> None:
    found = msgspec.structs.replace(scanned("P", "T"), recounts=(("P", 1), ("house", 2)))
    back = msgspec.structs.replace(undone(None), recounts=(("P", -1),))
    sum = total(corrected("P", -2), found)
    assert sum.corrections == [("P", -2), ("P", 1), ("house", 2)]
    assert sum.presences["a1"].area == "T"
    assert total(corrected("P", -2), found, back).corrections == [("P", -2), ("P", 1), ("house", 2), ("P", -1)]


def test_sum_goes_on_after_an_area_that_is_gone() -> None:
    sum = total(
        corrected("attic", 5),
        corrected("T", 1, ("attic", 2), ("house", 1)),
        scanned(None, "attic", attendee="a0"),
        scanned(None, "T"),
    )
    assert sum.house(layout()).tallies["house"] == Tally(1, 0, 1)


def test_all_clear_empties_the_house_and_the_count_begins_anew() -> None:
    sum = total(
        corrected("T", 3),
        scanned(None, "P"),
        scanned(None, "house", attendee="a2", at=30),
        scanned("house", None, attendee="a2", at=40, door="D6"),
        ALL_CLEAR,
    )
    assert sum.corrections == []
    assert sum.presences == {
        "a1": Presence(area=None, counts_as="visitor", since_at=500, door="", arrived_at=100),
        "a2": Presence(area=None, counts_as="visitor", since_at=40, door="D6", arrived_at=30),
    }


def test_sum_puts_back_whose_scan_was_undone() -> None:
    before = Presence(area="house", counts_as="visitor", since_at=50, door="D1", arrived_at=20)
    other = scanned(None, "T", attendee="a2")
    assert total(scanned("house", "P"), other, undone(before)).presences["a1"] == before
    never_here = total(scanned(None, "P"), other, undone(None))
    assert set(never_here.presences) == {"a2"}
    assert never_here.house(layout()).tallies["P"] == Tally()


@pytest.mark.parametrize(
    "fact",
    [
        Evacuated(what="begun", at=500, by="test", counts=(AreaCount("house", 1, 0),)),
        Evacuated(what="begun", at=500, by="test", drill=True),
        Evacuated(what="ended", at=500, by="test", drill=True),
        Evacuated(what="withdrawn", at=500, by="test"),
        Changed(noun="hold", what="released", at=500, by="test"),
    ],
)
def test_sum_stays_as_it_is_at_anything_else(fact: Fact) -> None:
    before: list[Fact] = [corrected("T", 3), scanned(None, "P")]
    sum, same = total(*before, fact), total(*before)
    assert (sum.presences, sum.items, sum.corrections) == (same.presences, same.items, same.corrections)
    assert sum.presences["a1"].area == "P"


def test_sum_counts_crew_as_crew() -> None:
    assert total(scanned(None, "P", counts_as="crew")).house(layout()).tallies["house"] == Tally(0, 1)


def test_sum_counts_the_claims_of_those_inside() -> None:
    house = venue(holds=[Hold(area="P", group="presse", seats=2)])
    programme = Programme(house.event, [session("s1", "P")])
    sum = total(scanned(None, "P"), scanned(None, "P", attendee="a2"), scanned(None, None, attendee="a3"))
    claimants = {
        "a1": Claimant(group="presse", wheelchair=True, bookings=("s1",)),
        "a3": Claimant(group="presse"),
    }
    counted = sum.house(house, programme, claimants)
    assert counted.tallies["P"] == Tally(2, 0, 0, {"group:presse": 1, "session:s1": 1, "wheelchair": 1})
    assert counted.tallies["house"] == Tally(2, 0, 0, {"wheelchair": 1})
    assert sum.house(house, None, claimants).tallies["P"].shares == {"group:presse": 1, "wheelchair": 1}
    assert sum.house(house, programme).tallies["P"] == Tally(2)


# --- how certain the counts are -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaves", "enters", "area", "certainties"),
    [
        (None, "house", "house", {"house": (1, 0)}),
        ("house", "P", "P", {"P": (1, 0)}),
        ("P", "house", "P", {"P": (1, 0)}),
        ("house", None, "house", {"house": (1, 0)}),
        (None, "P", "P", {"house": (1, 1), "P": (1, 0)}),
        ("P", "T", "T", {"P": (1, 1), "T": (1, 0)}),
        ("G", None, "house", {"house": (1, 0), "wing": (1, 1), "G": (1, 1)}),
        ("P", "P", "P", {"P": (1, 1)}),
        (None, None, "P", {"P": (1, 1)}),
        ("P", "house", "T", {"P": (1, 1), "T": (1, 1)}),
    ],
)
def test_passage_that_contradicts_the_count_is_a_surprise(
    leaves: str | None, enters: str | None, area: str, certainties: dict[str, tuple[int, int]]
) -> None:
    there = {id: Certainty() for id in layout().areas}
    concerned = observe(there, scanned(leaves, enters, area=area), layout())
    assert set(concerned) == set(certainties)
    assert len(concerned) == len(certainties)
    assert {id: (one.passages, one.surprises) for id, one in there.items() if one.passages} == certainties


def test_passages_and_surprises_add_up() -> None:
    there = {id: Certainty(passages=3, surprises=2) for id in layout().areas}
    observe(there, scanned("house", "P"), layout())
    observe(there, scanned("P", "P"), layout())
    assert (there["P"].passages, there["P"].surprises) == (5, 3)
    assert (there["T"].passages, there["T"].surprises) == (3, 2)


@pytest.mark.parametrize(
    "fact",
    [
        scanned(None, "P", outcome="refused", refusal=Refusal(reason="area_full")),
        scanned(None, None, attendee=None, kind="exit"),
        scanned("P", "P", kind="handout", item="lunch"),
    ],
)
def test_scan_that_moves_nobody_says_nothing_about_the_count(fact: Scanned) -> None:
    there = {id: Certainty() for id in layout().areas}
    assert observe(there, fact, layout()) == ()
    assert all(one == Certainty() for one in there.values())
