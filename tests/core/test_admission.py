"""Given this house and this person, expect that answer. Numbers in names: the situations of the day."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin.core import wording
from checkin.core.admission import OVERRIDE, RULES, Bearer, Decision, Facts, Reason, decide
from checkin.core.holds import Seats
from checkin.core.layout import Layout
from checkin.core.model import Override, Scan
from checkin.core.occupancy import House, Presence, Tally
from checkin.core.schedule import Programme
from tests.venue import at, layout


def there(area: str | None, *, counts_as: Any = "visitor") -> Presence:
    return Presence(area=area, counts_as=counts_as, since_at=at("09:42"), door="D1", arrived_at=at("09:42"))


def facts(venue: Layout | None = None, *, clock: str = "10:00", **changes: Any) -> Facts:
    venue = venue or layout()
    house = changes.pop("house", House(venue))
    programme = Programme(venue.event, changes.pop("sessions", ()))
    seats = Seats(house, programme, at(clock), changes.pop("booked", None), changes.pop("lines", None))
    known = Facts(
        now=at(clock),
        layout=venue,
        seats=seats,
        evacuation="none",
        genuineness="genuine",
        bearer=Bearer(attendee="a1", group="gast", registration="registered", badge="valid"),
    )
    return msgspec.structs.replace(known, **changes)


def bearer(**changes: Any) -> Bearer:
    return msgspec.structs.replace(
        Bearer(attendee="a1", group="gast", registration="registered", badge="valid"), **changes
    )


def scan(door: str = "D1", direction: Any = "entry", override: str | None = None) -> Scan:
    return Scan(
        id="1", code="x", door=door, direction=direction, override=Override(reason=override) if override else None
    )


def full(venue: Layout, area: str, *, crew: int = 0) -> House:
    """The house with this area full of visitors."""
    house = House(venue)
    for _ in range(venue.areas[area].visitors or 0):
        house.move(None, area, "visitor")
    for _ in range(crew):
        house.move(None, area, "crew")
    return house


def reason_of(decision: Decision) -> Reason | None:
    return decision.refusal.reason if decision.refusal else None


def test_first_entry_is_an_arrival_situation_1() -> None:
    decision = decide(scan(), facts())
    assert (decision.outcome, decision.kind, decision.leaves, decision.enters) == ("admitted", "arrival", None, "house")


def test_entry_after_an_exit_is_a_reentry_situation_2() -> None:
    decision = decide(scan(), facts(bearer=bearer(presence=there(None))))
    assert (decision.outcome, decision.kind) == ("admitted", "reentry")


def test_entry_while_inside_tells_since_when_and_where_situation_3() -> None:
    known = facts(bearer=bearer(presence=there("T")))
    decision = decide(scan(), known)
    assert reason_of(decision) == "already_inside"
    assert wording.hint(decision, known.layout).de == "Bereits eingecheckt (09:42, Süd)"
    assert wording.hint(decision, known.layout).en == "Already checked in (09:42, Süd)"


def test_steward_confirms_that_somebody_went_out_unseen_situation_3() -> None:
    decision = decide(scan(override="went out unseen"), facts(bearer=bearer(presence=there("house"))))
    assert (decision.outcome, decision.kind, decision.overridden) == ("admitted", "reentry", "already_inside")


def test_door_that_allows_reentry_asks_nobody() -> None:
    decision = decide(scan("P-B"), facts(bearer=bearer(presence=there("P"))))
    assert (decision.outcome, decision.kind, decision.leaves, decision.enters) == ("admitted", "reentry", "P", "P")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"registration": "cancelled"}, "registration_cancelled"),
        ({"registration": "waiting"}, "registration_waiting"),
        ({"badge": "blocked"}, "badge_blocked"),
        ({"badge": "replaced", "replaced_at": at("09:00")}, "badge_replaced"),
        ({"badge": "blocked", "registration": "cancelled"}, "badge_blocked"),
    ],
)
def test_badge_and_registration_are_asked_in_order_situations_14_21_24(changes: dict[str, Any], reason: Reason) -> None:
    decision = decide(scan(override="let me in"), facts(bearer=bearer(**changes)))
    assert reason_of(decision) == reason


def test_replaced_badge_says_when_situation_24() -> None:
    known = facts(bearer=bearer(badge="replaced", replaced_at=at("09:10")))
    way = wording.way(decide(scan(), known), "D1", known.layout)
    assert way is not None
    assert "09:10" in way.de


def test_exhibitor_at_the_wrong_door_is_shown_the_right_one_situation_18() -> None:
    known = facts()
    decision = decide(scan("D3"), known)
    assert reason_of(decision) == "group_not_permitted"
    way = wording.way(decision, "D3", known.layout)
    assert way is not None
    assert way.de == "Bitte anderen Eingang benutzen: Süd, West"
    assert decide(scan("D3", override="delivers"), known).outcome == "admitted"


@pytest.mark.parametrize(
    ("code", "reason"), [("forged", "code_forged"), ("foreign", "code_unknown"), ("genuine", "code_unknown")]
)
def test_code_of_nobody_is_refused_situation_26(code: Any, reason: Reason) -> None:
    assert reason_of(decide(scan(override="please"), facts(bearer=None, genuineness=code))) == reason


def test_door_before_its_hours_says_when_it_opens_situation_27() -> None:
    venue = layout()
    lonely = Layout(venue.event, venue.groups.values(), venue.areas.values(), [venue.doors["D2"]])
    known = facts(lonely, clock="08:59")
    decision = decide(scan("D2"), known)
    assert reason_of(decision) == "door_closed"
    way = wording.way(decision, "D2", lonely)
    assert way is not None
    assert way.de == "Öffnet um 09:00"


@pytest.mark.parametrize(("clock", "outcome"), [("09:00", "admitted"), ("17:59", "admitted"), ("18:00", "refused")])
def test_door_hours_begin_with_opens_and_end_before_closes(clock: str, outcome: str) -> None:
    assert decide(scan("D2"), facts(clock=clock)).outcome == outcome


def test_exit_only_door_lets_nobody_in() -> None:
    assert reason_of(decide(scan("D6"), facts())) == "door_closed"


def test_full_hall_refuses_and_shows_the_overflow_situation_31() -> None:
    venue = layout()
    known = facts(venue, house=full(venue, "P"), bearer=bearer(presence=there("house")))
    decision = decide(scan("P-A"), known)
    assert decision.refusal is not None
    assert (decision.refusal.reason, decision.refusal.area) == ("area_full", "P")
    way = wording.way(decision, "P-A", venue)
    assert way is not None
    assert way.de == "Übertragung: Theater"


def test_full_house_refuses_at_a_room_door_too() -> None:
    venue = layout(house=4)
    known = facts(venue, house=full(venue, "P"))
    decision = decide(scan("T-1"), known)
    assert decision.refusal is not None
    assert decision.refusal.area == "house"
    assert wording.hint(decision, venue).de == "Haus voll – bitte warten"


def test_move_between_rooms_keeps_the_house_seat_situation_43() -> None:
    venue = layout(house=4)
    house = full(venue, "P")
    known = facts(venue, house=house, bearer=bearer(presence=there("P")))
    decision = decide(scan("T-1"), known)
    assert (decision.kind, decision.leaves, decision.enters) == ("entry", "P", "T")
    house.move(decision.leaves, decision.enters, decision.counts_as)
    assert (house.tallies["house"].visitors, house.tallies["P"].visitors, house.tallies["T"].visitors) == (4, 3, 1)


def test_full_is_firm_no_override_passes_situation_41() -> None:
    venue = layout()
    assert reason_of(decide(scan("P-A", override="VIP"), facts(venue, house=full(venue, "P")))) == "area_full"


def test_crew_counts_as_person_not_as_visitor_situation_19() -> None:
    venue = layout(house=4)
    helper = bearer(group="crew")
    assert decide(scan(), facts(venue, house=full(venue, "house"), bearer=helper)).outcome == "admitted"
    crowded = full(venue, "house", crew=2)
    assert reason_of(decide(scan(), facts(venue, house=crowded, bearer=helper))) == "area_full"


def test_uncounted_people_take_places() -> None:
    venue = layout()
    house = House(venue, {"P": Tally(visitors=3, uncounted=1)})
    assert reason_of(decide(scan("P-A"), facts(venue, house=house))) == "area_full"


def test_room_without_an_arrival_implies_it_unless_it_is_required() -> None:
    assert decide(scan("T-1"), facts()).kind == "arrival"
    required = facts(layout(arrival="required"))
    assert reason_of(decide(scan("T-1"), required)) == "not_arrived"
    assert decide(scan("D1"), required).outcome == "admitted"
    assert decide(scan("T-1", override="seen"), required).outcome == "admitted"


def test_evacuation_comes_before_everything_and_lets_out_situation_50() -> None:
    burning = facts(evacuation=True, bearer=bearer(badge="blocked", presence=there("P")))
    assert reason_of(decide(scan(override="please"), burning)) == "evacuation"
    out = decide(scan("P-A", "exit"), burning)
    assert (out.outcome, out.kind, out.enters) == ("admitted", "exit", "house")


def test_exit_goes_into_the_area_around() -> None:
    decision = decide(scan("G-1", "exit"), facts(bearer=bearer(presence=there("G"))))
    assert (decision.kind, decision.leaves, decision.enters) == ("exit", "G", "wing")


def test_exit_without_entry_is_recorded_and_moves_nobody_in() -> None:
    decision = decide(scan("G-1", "exit"), facts())
    assert (decision.outcome, decision.kind, decision.leaves, decision.enters) == ("admitted", "exit", None, None)
    elsewhere = decide(scan("G-1", "exit"), facts(bearer=bearer(presence=there("P"))))
    assert (elsewhere.leaves, elsewhere.enters) == ("P", "house")


def test_exit_of_an_unknown_code_is_let_through() -> None:
    decision = decide(scan("D1", "exit"), facts(bearer=None, genuineness="foreign"))
    assert (decision.outcome, decision.kind, decision.attendee) == ("admitted", "exit", None)


AREAS = st.sampled_from([None, "house", "P", "T", "wing", "G"])


@given(
    door=st.sampled_from(list(layout().doors)),
    direction=st.sampled_from(["entry", "exit"]),
    where=AREAS,
    group=st.sampled_from(["gast", "presse", "crew"]),
    badge=st.sampled_from(["valid", "replaced", "blocked", None]),
    registration=st.sampled_from(["registered", "waiting", "cancelled"]),
    visitors=st.integers(0, 6),
    evacuation=st.booleans(),
    override=st.sampled_from([None, "because"]),
)
def test_decision_keeps_its_promises_whatever_the_facts(
    door: str,
    direction: str,
    where: str | None,
    group: str,
    badge: Any,
    registration: Any,
    visitors: int,
    evacuation: bool,
    override: str | None,
) -> None:
    venue = layout(house=5, hall=3)
    house = House(venue)
    for number in range(visitors):
        house.move(None, ("P", "T", "G")[number % 3], "visitor")
    if where is not None:
        house.move(None, where, venue.groups[group].counts_as)
    before = {area: house.free(area, venue.groups[group].counts_as) for area in venue.areas}
    known = facts(
        venue,
        house=house,
        evacuation="evacuation" if evacuation else "none",
        bearer=bearer(
            group=group,
            badge=badge,
            registration=registration,
            presence=there(where, counts_as=venue.groups[group].counts_as),
        ),
    )
    decision = decide(scan(door, direction, override), known)
    assert decision == decide(scan(door, direction, override), known)
    if direction == "exit":
        assert decision.outcome == "admitted"
    if decision.outcome == "refused":
        assert decision.leaves == decision.enters == where
        reason = reason_of(decision)
        assert reason is not None
        assert override is None or OVERRIDE[reason] == "firm"
    for area in house.entered(decision.leaves, decision.enters):
        free = before[area]
        assert free is None or free > 0, "nobody enters an area that is full"
        assert direction == "entry"
    assert wording.hint(decision, venue).de


def test_every_reason_has_its_wording_and_a_rule() -> None:
    reasons = set(Reason.__args__)  # type: ignore[attr-defined]
    assert set(wording.REFUSED) == reasons
    assert set(OVERRIDE) == reasons
    assert len(RULES) == 16
