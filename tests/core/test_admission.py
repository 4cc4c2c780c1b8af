"""Given this house and this person, expect that answer. Numbers in names: the situations of the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from checkin import words
from checkin.core import wording
from checkin.core.admission import (
    OVERRIDE,
    RULES,
    WAITS_FOR,
    Alternative,
    Decision,
    Facts,
    Given,
    Reason,
    Refusal,
    decide,
)
from checkin.core.holds import Claimant, Kept
from checkin.core.layout import Layout
from checkin.core.model import Door, Hold, Item, Scan
from checkin.core.occupancy import House, Presence, Tally
from checkin.words.catalogue import catalogue
from tests.core.given import bearer, crowd, facts, reason_of, scan, session, there, venue, waiting
from tests.venue import at, layout

LUNCH, HEADSET = Item(id="lunch", name="Mittagessen"), Item(id="headset", name="Headset", kind="lent")
COUNTERS: dict[str, Any] = {
    "items": [LUNCH, HEADSET],
    "doors": [
        Door(id="C-1", name="Mensa", area="house", item="lunch"),
        Door(id="C-2", name="Technik", area="P", item="headset"),
    ],
}


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
    said = words.said(wording.hint(decision, known.layout))
    assert said["de"] == "Bereits eingecheckt (09:42, Süd)"
    assert said["en"] == "Already checked in (09:42, Süd)"


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
    assert "09:10" in words.said(*way)["de"]


def test_exhibitor_at_the_wrong_door_is_shown_the_right_one_situation_18() -> None:
    known = facts()
    decision = decide(scan("D3"), known)
    assert reason_of(decision) == "group_not_permitted"
    way = wording.way(decision, "D3", known.layout)
    assert words.said(*way)["de"] == "Bitte anderen Eingang benutzen: Süd, West"
    assert decide(scan("D3", override="delivers"), known).outcome == "admitted"


@pytest.mark.parametrize(
    ("code", "reason"), [("forged", "code_forged"), ("foreign", "code_unknown"), ("genuine", "code_unknown")]
)
def test_code_of_nobody_is_refused_situation_26(code: Any, reason: Reason) -> None:
    assert reason_of(decide(scan(override="please"), facts(bearer=None, genuineness=code))) == reason


def test_door_before_its_hours_says_when_it_opens_situation_27() -> None:
    small = layout()
    lonely = Layout(small.event, small.groups.values(), small.areas.values(), [small.doors["D2"]])
    known = facts(lonely, clock="08:59")
    decision = decide(scan("D2"), known)
    assert reason_of(decision) == "door_closed"
    way = wording.way(decision, "D2", lonely)
    assert words.said(*way)["de"] == "Öffnet um 09:00"


@pytest.mark.parametrize(("clock", "outcome"), [("09:00", "admitted"), ("17:59", "admitted"), ("18:00", "refused")])
def test_door_hours_begin_with_opens_and_end_before_closes(clock: str, outcome: str) -> None:
    assert decide(scan("D2"), facts(clock=clock)).outcome == outcome


def test_exit_only_door_lets_nobody_in() -> None:
    assert reason_of(decide(scan("D6"), facts())) == "door_closed"


def test_full_hall_refuses_and_shows_the_overflow_situation_31() -> None:
    small = layout()
    known = facts(small, house=crowd(small, P=4), bearer=bearer(presence=there("house")))
    decision = decide(scan("P-A"), known)
    assert decision.refusal is not None
    assert (decision.refusal.reason, decision.refusal.area) == ("area_full", "P")
    way = wording.way(decision, "P-A", small)
    assert words.said(*way)["de"] == "Übertragung: Theater"


def test_full_house_refuses_at_a_room_door_too() -> None:
    small = layout(house=4)
    known = facts(small, house=crowd(small, P=4))
    decision = decide(scan("T-1"), known)
    assert decision.refusal is not None
    assert decision.refusal.area == "house"
    assert words.said(wording.hint(decision, small))["de"] == "Haus voll – bitte warten"


def test_move_between_rooms_keeps_the_house_seat_situation_43() -> None:
    small = layout(house=4)
    house = crowd(small, P=4)
    known = facts(small, house=house, bearer=bearer(presence=there("P")))
    decision = decide(scan("T-1"), known)
    assert (decision.kind, decision.leaves, decision.enters) == ("entry", "P", "T")
    house.move(decision.leaves, decision.enters, decision.counts_as)
    assert (house.tallies["house"].visitors, house.tallies["P"].visitors, house.tallies["T"].visitors) == (4, 3, 1)


def test_full_is_firm_no_override_passes_situation_41() -> None:
    small = layout()
    assert reason_of(decide(scan("P-A", override="VIP"), facts(small, house=crowd(small, P=4)))) == "area_full"


def test_crew_counts_as_person_not_as_visitor_situation_19() -> None:
    small = layout(house=4)
    helper = bearer(group="crew")
    assert decide(scan(), facts(small, house=crowd(small, house=4), bearer=helper)).outcome == "admitted"
    crowded = crowd(small, house=4, crew_house=2)
    assert reason_of(decide(scan(), facts(small, house=crowded, bearer=helper))) == "area_full"


def test_uncounted_people_take_places() -> None:
    small = layout()
    house = House(small, {"P": Tally(visitors=3, uncounted=1)})
    assert reason_of(decide(scan("P-A"), facts(small, house=house))) == "area_full"


def test_room_without_an_arrival_implies_it_unless_it_is_required() -> None:
    assert decide(scan("T-1"), facts()).kind == "arrival"
    required = facts(layout(arrival="required"))
    assert reason_of(decide(scan("T-1"), required)) == "not_arrived"
    assert decide(scan("D1"), required).outcome == "admitted"
    assert decide(scan("T-1", override="seen"), required).outcome == "admitted"


def test_evacuation_comes_before_everything_and_lets_out_situation_50() -> None:
    burning = facts(evacuation="evacuation", bearer=bearer(badge="blocked", presence=there("P")))
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


# --- every rule, and in which order -----------------------------------------------------------------------------

SOFT = {
    "proxy_came",
    "door_closed",
    "group_not_permitted",
    "already_inside",
    "not_arrived",
    "item_taken",
    "session_not_booked",
    "wheelchair_full",
    "held_seats_only",
    "line_first",
}


def situation_of(reason: Reason) -> tuple[Scan, Facts]:
    """The plainest situation in which a reason is the answer."""
    inside = bearer(presence=there("house"))
    held = venue(holds=[Hold(area="P", group="presse", seats=4)])
    rows = venue(areas={"P": {"wheelchair": 1}})
    taken = House(rows, {"P": Tally(1, shares={"wheelchair": 1})})
    lunch = bearer(items={"lunch": Given(at=at("09:30"), door="C-1")})
    situations: Mapping[Reason, tuple[Scan, Facts]] = {
        "evacuation": (scan(), facts(evacuation="drill")),
        "code_unknown": (scan(), facts(bearer=None, genuineness="foreign")),
        "code_forged": (scan(), facts(bearer=None, genuineness="forged")),
        "code_ambiguous": (scan(), facts(bearer=None, several=True)),
        "badge_blocked": (scan(), facts(bearer=bearer(blocked=True))),
        "badge_replaced": (scan(), facts(bearer=bearer(badge="replaced"))),
        "registration_cancelled": (scan(), facts(bearer=bearer(registration="cancelled"))),
        "registration_waiting": (scan(), facts(bearer=bearer(registration="waiting"))),
        "not_accredited": (scan(), facts(venue(groups={"gast": {"accredited": True}}))),
        "proxy_came": (scan(), facts(bearer=bearer(represented=True))),
        "door_closed": (scan("D6"), facts()),
        "group_not_permitted": (scan("D3"), facts()),
        "already_inside": (scan(), facts(bearer=inside)),
        "not_arrived": (scan("P-A"), facts(layout(arrival="required"))),
        "item_taken": (scan("C-1"), facts(venue(**COUNTERS), bearer=lunch)),
        "session_not_booked": (scan("P-A"), facts(sessions=[session("s1", "P")])),
        "wheelchair_full": (scan("P-A"), facts(house=taken, bearer=bearer(wheelchair=True))),
        "area_full": (scan("P-A"), facts(house=crowd(layout(), P=4))),
        "held_seats_only": (scan("P-A"), facts(held)),
        "line_first": (scan("P-A"), facts(house=crowd(layout(), P=3), lines={"P": waiting("other")})),
    }
    return situations[reason]


@pytest.mark.parametrize("reason", Reason.__args__)  # type: ignore[attr-defined]
def test_soft_reason_gives_way_to_a_steward_and_a_firm_one_to_nobody(reason: Reason) -> None:
    plain, known = situation_of(reason)
    refused = decide(plain, known)
    assert (refused.outcome, reason_of(refused), refused.overridden) == ("refused", reason, None)
    asked = decide(scan(plain.door, override="by hand"), known)
    if reason in SOFT:
        assert (asked.outcome, asked.refusal, asked.overridden) == ("admitted", None, reason)
    else:
        assert asked == refused


def test_every_reason_has_its_wording_and_a_rule() -> None:
    reasons = set(Reason.__args__)  # type: ignore[attr-defined]
    assert {key for context, key in catalogue("de").entries if context == "door"} >= reasons
    assert set(OVERRIDE) == reasons
    assert reasons - {reason for reason, how in OVERRIDE.items() if how == "firm"} == SOFT
    assert reasons >= WAITS_FOR
    assert len(RULES) == 16


def wrong_in_every_way(*mended: str) -> Facts:
    """A house and a person with everything against an entry at P-A, but for what was mended."""

    def still(what: str, wrong: Any, right: Any) -> Any:
        return right if what in mended else wrong

    here = venue(
        event={"arrival": still("not_arrived", "required", "implied")},
        groups={"gast": {"accredited": still("not_accredited", True, False)}},
        areas={"P": {"wheelchair": 1, "visitors": 3}},
        doors=[
            Door(
                id="P-A",
                name="Halle A",
                area="P",
                direction=still("door_closed", "exit", "both"),
                groups=still("group_not_permitted", ("crew",), ()),
            )
        ],
        holds=[] if "held_seats_only" in mended else [Hold(area="P", group="presse", seats=3)],
    )
    full, sold = "area_full" not in mended, "wheelchair_full" not in mended
    house = House(here, {"P": Tally(3 if full else 0, shares={"wheelchair": 1} if sold else {})})
    return facts(
        here,
        house=house,
        lines={} if "line_first" in mended else {"P": waiting("b1", "b2", "b3")},
        evacuation=still("evacuation", "evacuation", "none"),
        bearer=None
        if "code_unknown" not in mended
        else bearer(
            blocked=still("badge_blocked", True, False),
            badge=still("badge_replaced", "replaced", "valid"),
            registration=still("registration_cancelled", "cancelled", "registered"),
            represented=still("proxy_came", True, False) if "badge_replaced" in mended else False,
            wheelchair=True,
        ),
    )


def test_reasons_are_given_in_their_order() -> None:
    order = [
        "evacuation",
        "code_unknown",
        "badge_blocked",
        "badge_replaced",
        "registration_cancelled",
        "not_accredited",
        "proxy_came",
        "door_closed",
        "group_not_permitted",
        "not_arrived",
        "wheelchair_full",
        "area_full",
        "held_seats_only",
    ]
    for number, reason in enumerate(order):
        assert reason_of(decide(scan("P-A"), wrong_in_every_way(*order[:number]))) == reason
    assert decide(scan("P-A"), wrong_in_every_way(*order)).outcome == "admitted"


@pytest.mark.parametrize(
    ("door", "changes", "reason"),
    [
        (Door(id="D1", name="Süd", area="house", groups=("crew",)), {}, "group_not_permitted"),
        (Door(id="D1", name="Süd", area="house"), {}, "already_inside"),
        (Door(id="C-1", name="Mensa", area="house", item="lunch", groups=("crew",)), {}, "group_not_permitted"),
        (Door(id="C-1", name="Mensa", area="house", item="lunch"), {}, "item_taken"),
    ],
)
def test_door_is_asked_before_what_somebody_did(door: Door, changes: Any, reason: Reason) -> None:
    here = venue(items=[LUNCH], doors=[door])
    who = bearer(presence=there("house"), items={"lunch": Given(at=at("09:30"), door="C-1")})
    assert reason_of(decide(scan(door.id), facts(here, bearer=who))) == reason


def test_arrival_is_asked_for_before_a_booking() -> None:
    known = facts(layout(arrival="required"), sessions=[session("s1", "P")])
    assert reason_of(decide(scan("P-A"), known)) == "not_arrived"
    arrived = facts(layout(arrival="required"), sessions=[session("s1", "P")], bearer=bearer(presence=there("house")))
    assert reason_of(decide(scan("P-A"), arrived)) == "session_not_booked"


def test_steward_passes_several_soft_reasons_and_the_first_is_kept() -> None:
    closed = venue(
        event={"arrival": "required"},
        doors=[Door(id="P-A", name="Halle A", area="P", direction="exit", groups=("crew",))],
    )
    decision = decide(scan("P-A", override="delivers"), facts(closed))
    assert (decision.outcome, decision.overridden) == ("admitted", "door_closed")


def test_steward_is_told_the_firm_reason_behind_a_soft_one() -> None:
    here = venue(doors=[Door(id="P-A", name="Halle A", area="P", groups=("crew",))])
    decision = decide(scan("P-A", override="delivers"), facts(house=crowd(here, P=4)))
    assert (reason_of(decision), decision.overridden) == ("area_full", None)


def test_override_without_need_is_not_recorded() -> None:
    assert decide(scan(override="just so"), facts()).overridden is None


# --- the code, the badge, the registration ----------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["entry", "exit"])
def test_person_is_named_in_the_answer(direction: str) -> None:
    assert decide(scan(direction=direction), facts()).attendee == "a1"


def test_refused_person_stays_where_they_are() -> None:
    decision = decide(scan(), facts(evacuation="evacuation", bearer=bearer(presence=there("P"))))
    assert (decision.kind, decision.attendee, decision.leaves, decision.enters) == (None, "a1", "P", "P")
    never_here = decide(scan(), facts(evacuation="evacuation"))
    assert (never_here.attendee, never_here.leaves, never_here.enters) == ("a1", None, None)
    nobody = decide(scan(), facts(bearer=None))
    assert (nobody.attendee, nobody.leaves, nobody.enters) == (None, None, None)


def test_ambiguous_code_is_said_so_even_where_it_is_not_ours() -> None:
    assert reason_of(decide(scan(), facts(bearer=None, several=True, genuineness="forged"))) == "code_ambiguous"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"blocked": True}, Refusal(reason="badge_blocked")),
        ({"badge": "blocked"}, Refusal(reason="badge_blocked")),
        ({"badge": None, "blocked": True}, Refusal(reason="badge_blocked")),
        ({"badge": "replaced", "replaced_at": 77}, Refusal(reason="badge_replaced", since_at=77)),
        ({"badge": "replaced", "represented": True}, Refusal(reason="proxy_came")),
        ({"registration": "cancelled"}, Refusal(reason="registration_cancelled")),
        ({"badge": None}, None),
        ({"badge": "valid"}, None),
    ],
)
def test_badge_and_registration_of_the_person(changes: dict[str, Any], refusal: Refusal | None) -> None:
    assert decide(scan(), facts(bearer=bearer(**changes))).refusal == refusal


@pytest.mark.parametrize(
    ("line", "inside", "refused"),
    [
        (None, 0, True),
        (waiting("b1"), 0, True),
        (waiting("a1"), 9, False),
        (waiting("a1"), 10, True),
        (waiting("b1", "a1"), 9, True),
        (waiting("b1", "a1"), 8, False),
    ],
)
def test_person_on_the_waiting_list_comes_in_when_the_house_has_a_place_for_the_number(
    line: Any, inside: int, refused: bool
) -> None:
    known = facts(
        house=crowd(layout(), house=inside),
        lines={"house": line} if line else {},
        bearer=bearer(registration="waiting"),
    )
    decision = decide(scan(), known)
    assert reason_of(decision) == ("registration_waiting" if refused else None)
    if decision.refusal is not None:
        assert decision.refusal.area == "house"


def test_place_kept_for_others_is_none_for_the_waiting_list() -> None:
    here = venue(holds=[Hold(area="house", group="presse", seats=10)])
    known = facts(here, lines={"house": waiting("a1")}, bearer=bearer(registration="waiting"))
    assert reason_of(decide(scan(), known)) == "registration_waiting"


@pytest.mark.parametrize(
    ("accredited", "asked", "refused"), [(False, True, True), (True, True, False), (False, False, False)]
)
def test_group_that_needs_an_accreditation(accredited: bool, asked: bool, refused: bool) -> None:
    here = venue(groups={"presse": {"accredited": asked}})
    decision = decide(scan(), facts(here, bearer=bearer(group="presse", accredited=accredited)))
    assert reason_of(decision) == ("not_accredited" if refused else None)


@pytest.mark.parametrize(
    ("proxy", "since"), [(None, (None, None)), (there("P"), (at("09:12"), "D1")), (there(None), (at("09:12"), "D1"))]
)
def test_person_whose_proxy_came_is_told_since_when(proxy: Presence | None, since: Any) -> None:
    decision = decide(scan(), facts(bearer=bearer(represented=True, proxy=proxy)))
    assert decision.refusal is not None
    assert decision.refusal.reason == "proxy_came"
    assert (decision.refusal.since_at, decision.refusal.since_door) == since


@pytest.mark.parametrize(("where", "refused"), [(None, True), (there(None), True), (there("house"), False)])
def test_person_let_in_besides_a_proxy_goes_on_inside(where: Presence | None, refused: bool) -> None:
    decision = decide(scan("P-A"), facts(bearer=bearer(represented=True, presence=where)))
    assert reason_of(decision) == ("proxy_came" if refused else None)


# --- the door ---------------------------------------------------------------------------------------------------


def test_closed_door_points_to_the_open_ones_of_the_area() -> None:
    decision = decide(scan("D6"), facts(clock="08:00"))
    assert decision.refusal == Refusal(reason="door_closed", doors=("D1",))
    assert decide(scan("D6"), facts()).refusal == Refusal(reason="door_closed", doors=("D1", "D2"))
    crew = decide(scan("D6"), facts(bearer=bearer(group="crew")))
    assert crew.refusal == Refusal(reason="door_closed", doors=("D1", "D2", "D3"))


def test_door_that_is_wrong_for_a_group_is_not_pointed_to() -> None:
    here = venue(doors=[Door(id="D1", name="Süd", area="house", groups=("crew",))])
    decision = decide(scan("D3"), facts(here))
    assert decision.refusal == Refusal(reason="group_not_permitted", doors=("D2",))


@pytest.mark.parametrize(("group", "doors"), [("presse", ("D1", "D2")), ("gast", ("D1",))])
def test_closed_door_points_to_one_that_is_open_early_for_the_group(group: str, doors: tuple[str, ...]) -> None:
    here = venue(
        doors=[
            Door(id="D2", name="West", area="house", opens=dt.time(9), early=("presse",)),
            Door(id="D3", name="Tor 3", area="house", direction="exit"),
        ]
    )
    assert decide(scan("D6"), facts(here, clock="08:00", bearer=bearer(group=group))).refusal == Refusal(
        reason="door_closed", doors=doors
    )


@pytest.mark.parametrize(("group", "reason"), [("presse", None), ("gast", "door_closed")])
def test_door_opens_early_for_some_groups(group: str, reason: Reason | None) -> None:
    here = venue(doors=[Door(id="D1", name="Süd", area="house", opens=dt.time(9), early=("presse",))])
    assert reason_of(decide(scan(), facts(here, clock="08:00", bearer=bearer(group=group)))) == reason


@pytest.mark.parametrize(("group", "reason"), [("crew", None), ("presse", None), ("gast", "group_not_permitted")])
def test_door_for_some_groups(group: str, reason: Reason | None) -> None:
    assert reason_of(decide(scan("D3"), facts(bearer=bearer(group=group)))) == reason


# --- who is inside already --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("door", "where", "refused"),
    [
        ("D1", None, False),
        ("D1", there(None), False),
        ("D1", there("house"), True),
        ("D1", there("G"), True),
        ("W-1", there("G"), True),
        ("G-1", there("G"), True),
        ("G-1", there("wing"), False),
        ("G-1", there("P"), False),
        ("P-B", there("P"), False),
    ],
)
def test_person_inside_of_an_area_is_inside_already(door: str, where: Presence | None, refused: bool) -> None:
    decision = decide(scan(door), facts(bearer=bearer(presence=where)))
    expected = Refusal(reason="already_inside", since_at=at("09:42"), since_door="D1")
    assert decision.refusal == (expected if refused else None)


@pytest.mark.parametrize(("until", "outcome"), [(None, "refused"), ("10:00", "refused"), ("10:01", "admitted")])
def test_everybody_comes_back_after_a_drill_without_a_question(until: str | None, outcome: str) -> None:
    known = facts(reentry_until=at(until) if until else None, bearer=bearer(presence=there("P")))
    assert decide(scan(), known).outcome == outcome


@pytest.mark.parametrize(
    ("door", "where", "kind"),
    [
        ("D1", None, "arrival"),
        ("G-1", None, "arrival"),
        ("D1", there(None), "reentry"),
        ("G-1", there("wing"), "entry"),
        ("G-1", there("P"), "entry"),
        ("P-B", there("P"), "reentry"),
    ],
)
def test_entry_is_told_from_arrival_and_reentry(door: str, where: Presence | None, kind: str) -> None:
    decision = decide(scan(door), facts(bearer=bearer(presence=where)))
    assert (decision.outcome, decision.kind) == ("admitted", kind)
    assert (decision.leaves, decision.enters) == (where.area if where else None, layout().doors[door].area)


@pytest.mark.parametrize(
    ("door", "where", "refused"),
    [
        ("P-A", None, True),
        ("P-A", there(None), True),
        ("P-A", there("house"), False),
        ("P-A", there("T"), False),
        ("D1", None, False),
        ("D1", there(None), False),
        ("C-1", None, False),
        ("C-2", None, False),
    ],
)
def test_room_wants_an_arrival_where_the_event_requires_it(door: str, where: Presence | None, refused: bool) -> None:
    known = facts(venue(arrival="required", **COUNTERS), bearer=bearer(presence=where))
    assert reason_of(decide(scan(door), known)) == ("not_arrived" if refused else None)


# --- as what one counts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "where", "counts_as"),
    [
        ("gast", None, "visitor"),
        ("crew", None, "crew"),
        ("crew", there(None, counts_as="visitor"), "crew"),
        ("gast", there(None, counts_as="crew"), "visitor"),
        ("crew", there("P", counts_as="visitor"), "visitor"),
        ("gast", there("P", counts_as="crew"), "crew"),
    ],
)
@pytest.mark.parametrize("direction", ["entry", "exit"])
def test_person_counts_on_as_on_the_way_in(group: str, where: Presence | None, counts_as: str, direction: str) -> None:
    decision = decide(scan("T-1", direction), facts(bearer=bearer(group=group, presence=where)))
    assert (decision.outcome, decision.counts_as) == ("admitted", counts_as)


# --- full areas -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "door", "where", "area"),
    [
        ({"house": 10}, "G-1", None, "house"),
        ({"house": 10}, "G-1", there("house"), None),
        ({"wing": 5}, "G-1", None, "wing"),
        ({"wing": 5}, "G-1", there("wing"), None),
        ({"G": 2}, "G-1", None, "G"),
        ({"G": 1}, "G-1", None, None),
        ({"G": 3}, "G-1", None, "G"),
        ({"P": 4}, "T-1", None, None),
    ],
)
def test_full_is_the_first_area_on_the_way_in(inside: Any, door: str, where: Presence | None, area: str | None) -> None:
    decision = decide(scan(door), facts(house=crowd(layout(), **inside), bearer=bearer(presence=where)))
    assert (reason_of(decision), decision.refusal.area if decision.refusal else None) == (
        ("area_full", area) if area else (None, None)
    )


@pytest.mark.parametrize(
    ("tally", "reason"), [(Tally(4), None), (Tally(5, 0, -1), "area_full"), (Tally(4, 0, -1), None)]
)
def test_person_coming_back_takes_a_place_where_a_headcount_may_have_missed_them(
    tally: Tally, reason: Reason | None
) -> None:
    known = facts(house=House(layout(), {"P": tally}), bearer=bearer(presence=there("P")))
    assert reason_of(decide(scan("P-B"), known)) == reason


def test_area_without_a_number_is_never_full() -> None:
    endless = layout(house=None, hall=None)
    assert decide(scan("P-A"), facts(house=crowd(endless, P=500))).outcome == "admitted"


@pytest.mark.parametrize(
    ("approved", "taken", "door", "area"),
    [
        (0, 3, "P-A", None),
        (1, 0, "P-A", None),
        (1, 1, "P-A", "P"),
        (1, 2, "P-A", "P"),
        (2, 1, "P-A", None),
        (1, 1, "T-1", None),
        (1, 1, "D1", None),
    ],
)
def test_wheelchair_places_are_counted_by_themselves(approved: int, taken: int, door: str, area: str | None) -> None:
    here = venue(areas={"P": {"wheelchair": approved}})
    house = House(here, {"P": Tally(0, shares={"wheelchair": taken})})
    decision = decide(scan(door), facts(house=house, bearer=bearer(wheelchair=True)))
    assert decision.refusal is None if area is None else reason_of(decision) == "wheelchair_full"
    if decision.refusal is not None:
        assert decision.refusal.area == area
    walks = decide(scan(door), facts(house=house))
    assert reason_of(walks) is None


def test_wheelchair_places_of_the_areas_around_count_too() -> None:
    here = venue(areas={"house": {"wheelchair": 1}, "G": {"wheelchair": 1}})
    house = House(here, {"house": Tally(0, shares={"wheelchair": 1})})
    who = bearer(wheelchair=True)
    decision = decide(scan("G-1"), facts(house=house, bearer=who))
    assert decision.refusal is not None
    assert (decision.refusal.reason, decision.refusal.area) == ("wheelchair_full", "house")
    moves = bearer(wheelchair=True, presence=there("house"))
    assert decide(scan("G-1"), facts(house=house, bearer=moves)).outcome == "admitted"


# --- places promised to others ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "inside", "reason"),
    [
        ({}, 1, None),
        ({}, 2, "held_seats_only"),
        ({}, 3, "held_seats_only"),
        ({"group": "presse"}, 3, None),
        ({"group": "presse"}, 4, "area_full"),
        ({"group": "crew"}, 4, None),
    ],
)
def test_held_seats_are_for_their_group(who: dict[str, Any], inside: int, reason: Reason | None) -> None:
    here = venue(holds=[Hold(area="P", group="presse", seats=2)])
    known = facts(house=crowd(here, P=inside), bearer=bearer(**who))
    assert reason_of(decide(scan("P-A"), known)) == reason


def test_seats_beside_the_wheelchair_places_are_for_companions() -> None:
    here = venue(areas={"G": {"wheelchair": 1, "companions": 1}})
    for who, reason in (({}, "held_seats_only"), ({"companion": True}, None), ({"wheelchair": True}, None)):
        assert reason_of(decide(scan("G-1"), facts(here, bearer=bearer(**who)))) == reason


def test_held_seats_are_told_with_what_is_kept() -> None:
    here = venue(
        areas={"G": {"wheelchair": 1}},
        holds=[Hold(area="G", group="presse", seats=1, until=dt.time(10, 30)), Hold(area="P", group="crew", seats=1)],
    )
    decision = decide(scan("G-1"), facts(here))
    assert decision.refusal is not None
    assert decision.refusal == Refusal(
        reason="held_seats_only",
        area="G",
        kept=(
            Kept(claim="group:presse", seats=1, until_at=at("10:30")),
            Kept(claim="wheelchair", seats=1, until_at=None),
        ),
        ahead=0,
    )


def test_held_seats_are_told_without_those_that_would_be_ones_own() -> None:
    here = venue(areas={"G": {"wheelchair": 1}}, holds=[Hold(area="G", group="presse", seats=2)])
    decision = decide(scan("G-1"), facts(house=crowd(here, G=1), bearer=bearer(group="presse")))
    assert decision.refusal is not None
    assert decision.refusal.kept == (Kept(claim="wheelchair", seats=1),)


def test_held_seats_of_an_area_around_bar_the_way_in() -> None:
    here = venue(holds=[Hold(area="wing", group="presse", seats=5)])
    decision = decide(scan("G-1"), facts(here))
    assert decision.refusal is not None
    assert (decision.refusal.reason, decision.refusal.area) == ("held_seats_only", "wing")
    assert decide(scan("G-1"), facts(here, bearer=bearer(presence=there("wing")))).outcome == "admitted"


def test_held_seats_behind_an_area_without_a_number_bar_the_way_in() -> None:
    here = venue(areas={"wing": {"visitors": None}}, holds=[Hold(area="G", group="presse", seats=2)])
    assert reason_of(decide(scan("G-1"), facts(here))) == "held_seats_only"


@pytest.mark.parametrize(
    ("who", "inside", "line", "reason"),
    [
        ({}, 2, waiting("b1"), None),
        ({}, 3, waiting("b1"), "line_first"),
        ({}, 2, waiting("b1", "b2"), "line_first"),
        ({}, 3, waiting("a1", "b1"), None),
        ({}, 3, waiting("b1", "a1"), "line_first"),
        ({}, 3, waiting("b1", called="09:50"), None),
        ({}, 3, waiting("b1", called="09:58"), "line_first"),
        ({}, 3, waiting(), None),
        ({"group": "crew"}, 3, waiting("b1", "b2", "b3"), None),
    ],
)
def test_places_go_in_the_order_of_the_line(who: dict[str, Any], inside: int, line: Any, reason: Reason | None) -> None:
    house = crowd(venue(areas={"P": {"visitors": 4, "persons": 5}}), P=inside)
    decision = decide(scan("P-A"), facts(house=house, lines={"P": line}, bearer=bearer(**who)))
    assert reason_of(decision) == reason
    if decision.refusal is not None:
        assert decision.refusal.area == "P"


def test_person_with_a_seat_of_their_own_need_not_wait_in_line() -> None:
    here = venue(holds=[Hold(area="P", group="presse", seats=2)])
    house = crowd(here, P=2)
    lines = {"P": waiting("b1", "b2", "b3", "b4")}
    assert decide(scan("P-A"), facts(house=house, lines=lines, bearer=bearer(group="presse"))).outcome == "admitted"


# --- the waiting line, as it is told ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "wait", "number", "ahead", "waits"),
    [
        (None, False, None, 0, False),
        (None, True, 1, 0, True),
        (waiting("b1", "b2"), False, None, 2, False),
        (waiting("b1", "b2"), True, 3, 2, True),
        (waiting("b1", "b2", last=7), True, 8, 2, True),
        (waiting("b1", "a1", "b2"), False, 2, 1, False),
        (waiting("b1", "a1", "b2"), True, 2, 1, False),
    ],
)
def test_full_room_tells_the_place_in_the_line(
    line: Any, wait: bool, number: int | None, ahead: int, waits: bool
) -> None:
    known = facts(house=crowd(layout(), P=4), lines={"P": line} if line else {})
    decision = decide(scan("P-A", wait=wait), known)
    assert decision.refusal == Refusal(reason="area_full", area="P", number=number, ahead=ahead, overflow="T")
    assert decision.waits is waits


@pytest.mark.parametrize(
    "reason", ["area_full", "held_seats_only", "line_first", "wheelchair_full", "registration_waiting"]
)
def test_number_is_taken_where_a_place_may_become_free(reason: Reason) -> None:
    plain, known = situation_of(reason)
    decision = decide(scan(plain.door, wait=True), known)
    assert (reason_of(decision), decision.waits) == (reason, True)
    assert decision.refusal is not None
    assert decision.refusal.number == (2 if reason == "line_first" else 1)


@pytest.mark.parametrize("reason", sorted(set(OVERRIDE) - WAITS_FOR))
def test_number_is_not_taken_where_waiting_does_not_help(reason: Reason) -> None:
    plain, known = situation_of(reason)
    decision = decide(scan(plain.door, wait=True), known)
    assert (reason_of(decision), decision.waits) == (reason, False)
    assert decision.refusal is not None
    assert (decision.refusal.number, decision.refusal.ahead) == (None, None)


def test_admitted_person_takes_no_number() -> None:
    assert decide(scan("P-A", wait=True), facts()).waits is False


def test_full_room_tells_what_runs_there_and_where_else_there_are_places() -> None:
    here = venue(areas={"P": {"visitors": 2}}, holds=[Hold(area="T", group="presse", seats=2)])
    sessions = [
        session("s1", "P"),
        session("s2", "T"),
        session("s3", "G"),
        session("s4", "wing"),
        session("s5", "house"),
        session("s6", "T", "12:00", "13:00"),
    ]
    decision = decide(scan("P-A"), facts(house=crowd(here, P=2), sessions=sessions, bearer=bearer(bookings=("s1",))))
    assert decision.refusal == Refusal(
        reason="area_full",
        area="P",
        session="s1",
        ahead=0,
        overflow="T",
        alternatives=(
            Alternative(session="s5", area="house", free=8),
            Alternative(session="s4", area="wing", free=5),
            Alternative(session="s3", area="G", free=2),
        ),
    )


def test_full_room_without_a_session_has_no_alternatives() -> None:
    known = facts(house=crowd(layout(), P=4), sessions=[session("s1", "T"), session("s2", "P", "12:00", "13:00")])
    assert decide(scan("P-A"), known).refusal == Refusal(reason="area_full", area="P", ahead=0, overflow="T")


def test_alternatives_are_those_for_this_person() -> None:
    here = venue(areas={"P": {"visitors": 2}}, holds=[Hold(area="T", group="presse", seats=3)])
    sessions = [session("s1", "P"), session("s2", "T")]
    for group, expected in (("gast", ()), ("presse", (Alternative(session="s2", area="T", free=3),))):
        known = facts(house=crowd(here, P=2), sessions=sessions, bearer=bearer(group=group))
        decision = decide(scan("P-A"), known)
        assert decision.refusal is not None
        assert decision.refusal.alternatives == expected


# --- booked sessions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "running", "refused"),
    [
        ({}, {}, True),
        ({"bookings": ("s1",)}, {}, False),
        ({"bookings": ("s0",)}, {}, True),
        ({"group": "crew"}, {}, False),
        ({}, {"bookable": False}, False),
        ({}, {"area": "T"}, False),
        ({}, {"cancelled": True}, False),
        ({}, {"starts_at": at("10:16")}, False),
        ({}, {"starts_at": at("10:15")}, True),
        ({}, {"starts_at": at("09:00"), "ends_at": at("10:00")}, False),
        ({"presence": there("house")}, {}, True),
    ],
)
def test_bookable_session_wants_a_booking(who: dict[str, Any], running: dict[str, Any], refused: bool) -> None:
    one = session(**{"id": "s1", "area": "P", **running})
    decision = decide(scan("P-A"), facts(sessions=[one], bearer=bearer(**who)))
    expected = Refusal(reason="session_not_booked", area="P", session="s1")
    assert decision.refusal == (expected if refused else None)
    assert decision.books is None


def test_person_inside_already_is_not_asked_for_a_booking() -> None:
    known = facts(sessions=[session("s1", "P")], bearer=bearer(presence=there("P")))
    assert decide(scan("P-B"), known).outcome == "admitted"
    assert decide(scan("P-B", switch=True), known).books is None


def test_person_with_a_seat_of_their_own_needs_no_booking() -> None:
    here = venue(holds=[Hold(area="P", group="presse", seats=1)])
    for group, reason in (("presse", None), ("gast", "session_not_booked")):
        known = facts(here, sessions=[session("s1", "P")], bearer=bearer(group=group))
        assert reason_of(decide(scan("P-A"), known)) == reason


@pytest.mark.parametrize(
    ("inside", "booked", "line", "reason"),
    [
        (0, 0, None, "session_not_booked"),
        (4, 0, None, "area_full"),
        (0, 4, None, "held_seats_only"),
        (3, 0, waiting("b1"), "line_first"),
        (2, 0, waiting("b1"), "session_not_booked"),
    ],
)
def test_switch_is_offered_only_where_a_seat_is_free(inside: int, booked: int, line: Any, reason: Reason) -> None:
    known = facts(
        house=crowd(layout(), P=inside),
        sessions=[session("s1", "P")],
        booked={"s1": booked},
        lines={"P": line} if line else {},
    )
    assert reason_of(decide(scan("P-A"), known)) == reason
    assert decide(scan("P-A", switch=True), known).outcome == (
        "admitted" if reason == "session_not_booked" else "refused"
    )


def test_switch_books_the_session_in_the_place_of_those_it_overlaps() -> None:
    sessions = [session("s1", "P"), session("s2", "T"), session("s3", "T", "12:00", "13:00")]
    known = facts(sessions=sessions, bearer=bearer(bookings=("s2", "s3")))
    decision = decide(scan("P-A", switch=True), known)
    assert (decision.outcome, decision.books, decision.frees) == ("admitted", "s1", ("s2",))


@pytest.mark.parametrize(
    ("who", "door"),
    [({"bookings": ("s1",)}, "P-A"), ({"group": "crew"}, "P-A"), ({}, "T-1"), ({}, "D1")],
)
def test_switch_books_nothing_where_there_is_nothing_to_book(who: dict[str, Any], door: str) -> None:
    decision = decide(scan(door, switch=True), facts(sessions=[session("s1", "P")], bearer=bearer(**who)))
    assert (decision.outcome, decision.books, decision.frees) == ("admitted", None, ())


def test_override_without_a_switch_books_nothing() -> None:
    known = facts(sessions=[session("s1", "P"), session("s2", "T")], bearer=bearer(bookings=("s2",)))
    decision = decide(scan("P-A", override="speaker"), known)
    assert (decision.overridden, decision.books, decision.frees) == ("session_not_booked", None, ())


def test_person_whom_the_line_has_brought_here_is_booked_without_a_question() -> None:
    sessions = [session("s1", "P"), session("s2", "T")]
    known = facts(
        house=crowd(layout(), P=3),
        sessions=sessions,
        lines={"P": waiting("a1")},
        bearer=bearer(bookings=("s2",)),
    )
    decision = decide(scan("P-A"), known)
    assert (decision.outcome, decision.books, decision.frees) == ("admitted", "s1", ("s2",))


# --- the way out ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("door", "where", "enters"),
    [
        ("G-1", "G", "wing"),
        ("W-1", "G", "house"),
        ("D1", "G", None),
        ("W-1", "wing", "house"),
        ("D6", "house", None),
        ("P-A", "T", "house"),
        ("G-1", "P", "house"),
        ("G-1", "house", "house"),
        ("G-1", None, None),
        ("D1", None, None),
    ],
)
def test_exit_leads_out_as_far_as_somebody_was_inside(door: str, where: str | None, enters: str | None) -> None:
    decision = decide(scan(door, "exit"), facts(bearer=bearer(presence=there(where))))
    assert (decision.outcome, decision.kind) == ("admitted", "exit")
    assert (decision.leaves, decision.enters) == (where, enters)
    assert (decision.attendee, decision.item, decision.books) == ("a1", None, None)


@pytest.mark.parametrize(("evacuation", "enters"), [("none", "house"), ("drill", "P"), ("evacuation", "house")])
def test_drill_moves_nobody_out(evacuation: Any, enters: str) -> None:
    decision = decide(scan("P-A", "exit"), facts(evacuation=evacuation, bearer=bearer(presence=there("P"))))
    assert (decision.outcome, decision.leaves, decision.enters) == ("admitted", "P", enters)


@pytest.mark.parametrize(("door", "asks"), [("D1", ("headset",)), ("D6", ("headset",)), ("P-A", ())])
def test_exit_from_the_house_asks_for_what_is_lent(door: str, asks: tuple[str, ...]) -> None:
    given = Given(at=at("09:30"), door="C-2")
    who = bearer(presence=there("P"), items={"lunch": given, "headset": given, "gone": given})
    assert decide(scan(door, "exit"), facts(venue(**COUNTERS), bearer=who)).asks_back == asks


def test_entry_asks_for_nothing_back() -> None:
    who = bearer(items={"headset": Given(at=at("09:30"), door="C-2")})
    assert decide(scan("D1"), facts(venue(**COUNTERS), bearer=who)).asks_back == ()


# --- counters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [None, "P", "house"])
def test_counter_hands_out_and_moves_nobody(where: str | None) -> None:
    known = facts(venue(**COUNTERS), bearer=bearer(presence=there(where)))
    decision = decide(scan("C-1"), known)
    assert decision == Decision(
        outcome="admitted", kind="handout", attendee="a1", leaves=where, enters=where, item="lunch"
    )


def test_counter_hands_out_to_crew_and_to_one_who_was_never_here() -> None:
    decision = decide(scan("C-1"), facts(venue(**COUNTERS), bearer=bearer(group="crew")))
    assert (decision.kind, decision.counts_as, decision.leaves, decision.enters) == ("handout", "crew", None, None)


def test_counter_hands_out_once_unless_a_steward_says_otherwise() -> None:
    known = facts(venue(**COUNTERS), bearer=bearer(items={"lunch": Given(at=at("09:30"), door="C-1")}))
    assert decide(scan("C-1"), known).refusal == Refusal(reason="item_taken", since_at=at("09:30"), since_door="C-1")
    again = decide(scan("C-1", override="dropped it"), known)
    assert (again.outcome, again.kind, again.item, again.overridden) == ("admitted", "handout", "lunch", "item_taken")
    assert decide(scan("C-2"), known).outcome == "admitted"
    assert decide(scan("D1"), known).outcome == "admitted"


def test_counter_takes_back_whatever_the_facts() -> None:
    here = venue(**COUNTERS)
    who = bearer(presence=there("P"), items={"headset": Given(at=at("09:30"), door="C-2")})
    decision = decide(scan("C-2", "exit"), facts(here, evacuation="evacuation", bearer=who))
    assert decision == Decision(
        outcome="admitted", kind="return", attendee="a1", leaves="P", enters="P", item="headset"
    )
    assert decide(scan("C-2", "exit"), facts(here, bearer=None)) == Decision(outcome="admitted", kind="return")


def test_counter_asks_for_no_place_no_booking_and_no_wheelchair_place() -> None:
    here = venue(
        areas={"P": {"wheelchair": 1}}, holds=[Hold(area="P", group="presse", seats=4)], arrival="required", **COUNTERS
    )
    house = House(here, {"P": Tally(4, shares={"wheelchair": 1}), "house": Tally(10)})
    known = facts(
        house=house,
        sessions=[session("s1", "P")],
        lines={"P": waiting("b1"), "house": waiting("b1")},
        bearer=bearer(wheelchair=True),
    )
    assert decide(scan("C-2", switch=True), known) == Decision(
        outcome="admitted", kind="handout", attendee="a1", item="headset"
    )


def test_counter_keeps_its_hours_and_its_groups() -> None:
    here = venue(
        items=[LUNCH],
        doors=[
            Door(id="C-1", name="Mensa", area="house", item="lunch", opens=dt.time(12)),
            Door(id="C-2", name="Kantine", area="house", item="lunch", groups=("crew",)),
        ],
    )
    assert reason_of(decide(scan("C-1"), facts(here))) == "door_closed"
    assert reason_of(decide(scan("C-2"), facts(here))) == "group_not_permitted"


# --- whose claims -----------------------------------------------------------------------------------------------


def test_bearer_claims_by_group_need_and_bookings() -> None:
    who = bearer(group="presse", wheelchair=True, companion=True, bookings=("s1",))
    assert who.claimant == Claimant(group="presse", wheelchair=True, companion=True, bookings=("s1",))


def test_switch_is_not_offered_where_it_would_be_refused() -> None:
    house = venue(areas={"P": {"wheelchair": 1}})
    full = House(house, {"P": Tally(visitors=1, shares={"wheelchair": 1})})
    known = facts(house=full, sessions=[session("s1", "P")], bearer=bearer(wheelchair=True))
    assert reason_of(decide(scan("P-A"), known)) == "wheelchair_full"
    assert reason_of(decide(scan("P-A", switch=True), known)) == "wheelchair_full"


@pytest.mark.parametrize(
    ("door", "inside", "reason"),
    [("D1", {}, None), ("P-A", {"P": 4}, "area_full"), ("P-A", {"house": 10}, "registration_waiting")],
)
def test_one_of_the_waiting_list_whose_turn_it_is_meets_the_rules_of_a_room_too(
    door: str, inside: dict[str, int], reason: Reason | None
) -> None:
    known = facts(
        house=crowd(layout(), **inside),
        bearer=bearer(registration="waiting"),
        lines={"house": waiting("a1", called="09:59")},
    )
    assert reason_of(decide(scan(door), known)) == reason


def test_whoever_is_inside_takes_no_number_for_the_same_area() -> None:
    missed = crowd(layout(), P=4)
    missed.correct("P", -1)
    missed.move(None, "P", "visitor")
    known = facts(house=missed, bearer=bearer(presence=there("P")))
    decision = decide(scan("P-B", wait=True), known)
    assert (reason_of(decision), decision.waits) == ("area_full", False)


def test_badge_that_was_replaced_tells_when_and_where_situation_24() -> None:
    known = facts(bearer=bearer(badge="replaced", replaced_at=at("09:50"), replaced_at_desk="Schalter 2"))
    decision = decide(scan(), known)
    assert decision.refusal == Refusal(reason="badge_replaced", since_at=at("09:50"), since_door="Schalter 2")
    assert wording.way(decision, "D1", layout()) == (wording.replaced(at("09:50"), "Schalter 2", layout()),)
