"""What is promised, whatever the house, the person and the scan: facts as they may come, drawn at random."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkin import words
from checkin.core import wording
from checkin.core.admission import OVERRIDE, Bearer, Facts, Given, decide
from checkin.core.facts import Scanned, Sum, presence_after
from checkin.core.holds import Claimant, Line, Waiting, wheelchair_places
from checkin.core.layout import Layout
from checkin.core.model import CountsAs, Door, Hold, Item, Override, Scan, Session
from checkin.core.occupancy import House, Presence
from tests.core.given import facts, seats, session, venue
from tests.venue import at, layout

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

AREAS = ["house", "P", "T", "wing", "G"]
WHERE = st.sampled_from([None, *AREAS])
GROUPS = st.sampled_from(["gast", "presse", "crew"])
COUNTS_AS: st.SearchStrategy[CountsAs] = st.sampled_from(["visitor", "crew"])
SESSIONS = ["s1", "s2", "s3"]
CLAIMANTS = st.builds(
    Claimant,
    group=GROUPS,
    wheelchair=st.booleans(),
    companion=st.booleans(),
    bookings=st.lists(st.sampled_from(SESSIONS), unique=True).map(tuple),
)
NUMBERS = st.one_of(st.none(), st.integers(2, 6))
PRESENCES = st.builds(
    Presence,
    area=WHERE,
    counts_as=COUNTS_AS,
    since_at=st.just(at("09:42")),
    door=st.sampled_from(["D1", "gone"]),
    arrived_at=st.just(at("09:12")),
)


def mostly(ordinary: Any, *others: Any) -> st.SearchStrategy[Any]:
    """Nine in ten are ordinary, or hardly anybody would come as far as the places."""
    return st.integers(0, 9).flatmap(lambda n: st.just(ordinary) if n < 9 else st.sampled_from(others))


def areas_from(numbers: list[tuple[int | None, int, int, int]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for area, (visitors, crew, wheelchair, companions) in zip(AREAS, numbers, strict=True):
        places = min(wheelchair, visitors) if visitors is not None else wheelchair
        found[area] = {
            "visitors": visitors,
            "persons": None if visitors is None else visitors + crew,
            "wheelchair": places,
            "companions": companions if visitors is None else min(companions, visitors - places),
        }
    return found


@st.composite
def venues(draw: st.DrawFn) -> Layout:
    numbers = st.tuples(NUMBERS, st.integers(0, 2), st.sampled_from([1, 0, 2]), st.integers(0, 1))
    held = draw(
        st.lists(
            st.tuples(
                st.sampled_from(AREAS),
                st.sampled_from(["gast", "presse", "s1", "s2"]),
                st.integers(1, 3),
                st.sampled_from([None, dt.time(9, 30), dt.time(10, 30)]),
                st.booleans(),
            ),
            max_size=3,
        )
    )
    return venue(
        arrival=draw(mostly("implied", "required")),
        reentry=draw(st.sampled_from(["ask", "allow"])),
        event={"warn_percent": 60, "prepare_percent": 70, "stop_percent": draw(st.sampled_from([100, 75]))},
        groups={"presse": {"accredited": draw(st.booleans())}},
        areas=areas_from(draw(st.lists(numbers, min_size=5, max_size=5))),
        holds=[
            Hold(
                id=str(number),
                area=area,
                seats=count,
                until=until,
                released=released,
                session=whose if whose in SESSIONS else None,
                group=None if whose in SESSIONS else whose,
            )
            for number, (area, whose, count, until, released) in enumerate(held, 1)
        ],
        items=[Item(id="lunch", name="Mittagessen"), Item(id="headset", name="Headset", kind="lent")],
        doors=[
            Door(id="C-1", name="Mensa", area="house", item="lunch"),
            Door(id="C-2", name="Technik", area="P", item="headset"),
        ],
    )


@st.composite
def programmes(draw: st.DrawFn) -> list[Session]:
    times = st.sampled_from([("09:00", "10:00"), ("10:00", "11:00"), ("09:57", "11:00"), ("10:10", "11:00")])
    rooms = st.tuples(st.sampled_from(AREAS), times, st.booleans(), st.booleans())
    return [
        session(id, area, *hours, bookable=bookable, cancelled=cancelled)
        for id, (area, hours, bookable, cancelled) in zip(
            SESSIONS, draw(st.lists(rooms, min_size=3, max_size=3)), strict=True
        )
    ]


def lines_from(drawn: dict[str, list[str]], called: bool) -> dict[str, Line]:
    return {
        area: Line(
            Waiting(number=n, attendee=who, since_at=at("09:30"), called_at=at("09:50") if called and n == 1 else None)
            for n, who in enumerate(waiting, 1)
        )
        for area, waiting in drawn.items()
    }


@st.composite
def known(draw: st.DrawFn) -> Facts:
    """People are in the house, rightly or not; one of them, or somebody else, stands at a door."""
    here, sessions, claimant = draw(venues()), draw(programmes()), draw(CLAIMANTS)
    house = House(here)
    there = seats(
        house=house,
        sessions=sessions,
        booked=draw(st.dictionaries(st.sampled_from(SESSIONS), st.integers(0, 4))),
        lines=lines_from(
            draw(
                st.dictionaries(
                    st.sampled_from(AREAS), st.lists(st.sampled_from(["b1", "b2", "b3", "a1"]), unique=True), min_size=1
                )
            ),
            draw(st.booleans()),
        ),
    )
    for other, area, counts_as in draw(st.lists(st.tuples(CLAIMANTS, st.sampled_from(AREAS), COUNTS_AS), max_size=5)):
        house.move(None, area, counts_as, there.claims(other))
    for area, change in draw(st.dictionaries(st.sampled_from(AREAS), st.integers(-2, 2), max_size=2)).items():
        house.correct(area, change)
    presence = draw(st.one_of(st.none(), PRESENCES))
    if presence is not None:
        house.move(None, presence.area, presence.counts_as, there.claims(claimant))
    bearer = Bearer(
        attendee="a1",
        group=claimant.group,
        wheelchair=claimant.wheelchair,
        companion=claimant.companion,
        bookings=claimant.bookings,
        presence=presence,
        registration=draw(mostly("registered", "waiting", "cancelled")),
        badge=draw(mostly("valid", "replaced", "blocked", None)),
        replaced_at=draw(st.sampled_from([None, at("09:00")])),
        accredited=draw(mostly(True, False)),
        represented=draw(mostly(False, True)),
        proxy=draw(st.one_of(st.none(), PRESENCES)),
        items={
            item: Given(at=at("09:50"), door="C-1")
            for item in draw(st.lists(st.sampled_from(["lunch", "headset", "gone"]), unique=True))
        },
    )
    return Facts(
        now=at("10:00"),
        layout=here,
        seats=there,
        evacuation=draw(mostly("none", "drill", "evacuation")),
        genuineness=draw(st.sampled_from(["genuine", "forged", "foreign"])),
        bearer=draw(mostly(bearer, None)),
        several=draw(st.booleans()),
        reentry_until=draw(st.sampled_from([None, at("09:55"), at("10:05")])),
    )


def scans(**fixed: Any) -> st.SearchStrategy[Scan]:
    return st.builds(
        Scan,
        **{
            "id": st.just("1"),
            "code": st.just("x"),
            "door": st.sampled_from([*layout().doors, "C-1", "C-2"]),
            "attendee": st.none(),
            "switch": st.booleans(),
            "wait": st.booleans(),
            "direction": st.sampled_from(["entry", "entry", "entry", "exit"]),
            "scanned_at": st.none(),
            "override": st.sampled_from([None, Override(reason="because")]),
            **{name: st.just(value) for name, value in fixed.items()},
        },
    )


@unhurried
@given(scans(direction="exit"), known())
def test_exit_is_never_refused(scan: Scan, facts: Facts) -> None:
    decision = decide(scan, facts)
    assert (decision.outcome, decision.refusal) == ("admitted", None)
    assert facts.layout.entered(decision.leaves, decision.enters) == (), "an exit fills no area"


@unhurried
@given(scans(direction="entry"), known())
def test_nobody_enters_an_area_without_a_free_place(scan: Scan, facts: Facts) -> None:
    decision = decide(scan, facts)
    house = facts.seats.house
    for area in facts.layout.entered(decision.leaves, decision.enters):
        free = house.free(area, decision.counts_as)
        assert free is None or free > 0
        assert decision.outcome == "admitted"
    if decision.outcome == "refused":
        assert decision.leaves == decision.enters


@unhurried
@given(scans(direction="entry"), known())
def test_wheelchair_enters_where_there_is_a_wheelchair_place(scan: Scan, facts: Facts) -> None:
    decision = decide(scan, facts)
    if facts.bearer is None or not facts.bearer.wheelchair or decision.overridden is not None:
        return
    for area in facts.layout.entered(decision.leaves, decision.enters):
        places = wheelchair_places(area, facts.seats.house)
        assert places is None or places > 0


@unhurried
@given(scans(direction="entry", override=None), known())
def test_place_promised_to_others_is_not_sold_without_an_override(scan: Scan, facts: Facts) -> None:
    decision = decide(scan, facts)
    if facts.bearer is None:
        return
    seats, claimant, counts_as = facts.seats, facts.bearer.claimant, decision.counts_as
    entered = seats.layout.entered(decision.leaves, decision.enters)
    promised = {area: seats.kept(area, claimant) for area in entered}
    seats.house.move(decision.leaves, decision.enters, counts_as, seats.claims(claimant))
    for area in entered:
        free = seats.house.free(area, counts_as)
        assert seats.kept(area, claimant) == promised[area]
        assert free is None or free >= sum(one.seats for one in promised[area])


@unhurried
@given(scans(direction="entry", override=None), known())
def test_nobody_in_the_line_is_passed_without_an_override(scan: Scan, facts: Facts) -> None:
    decision = decide(scan, facts)
    if facts.bearer is None or decision.counts_as == "crew":
        return
    seats, claimant = facts.seats, facts.bearer.claimant
    for area in seats.layout.entered(decision.leaves, decision.enters):
        places = seats.free_for(area, claimant)
        if places is not None and not seats.has_own_place(area, claimant):
            assert places > seats.ahead(area, facts.bearer.attendee)


@unhurried
@given(scans(override=None), known())
def test_override_passes_soft_reasons_alone(scan: Scan, facts: Facts) -> None:
    plain = decide(scan, facts)
    asked = decide(msgspec.structs.replace(scan, override=Override(reason="because")), facts)
    if plain.refusal is None or OVERRIDE[plain.refusal.reason] == "firm":
        assert asked == plain
    elif asked.refusal is None:
        assert asked.overridden == plain.refusal.reason
    else:
        assert OVERRIDE[asked.refusal.reason] == "firm"


@unhurried
@given(scans(), known())
def test_same_scan_is_decided_the_same_and_changes_nothing(scan: Scan, facts: Facts) -> None:
    tallies, lines = copy.deepcopy(facts.seats.house.tallies), copy.deepcopy(facts.seats.lines)
    decision = decide(scan, facts)
    assert decide(scan, facts) == decision
    assert facts.seats.house.tallies == tallies
    assert {area: (line.waiting, line.last_number) for area, line in facts.seats.lines.items()} == {
        area: (line.waiting, line.last_number) for area, line in lines.items()
    }


@unhurried
@given(scans(), known())
def test_door_has_an_answer_to_everything_in_both_languages(scan: Scan, facts: Facts) -> None:
    decision = decide(scan, facts)
    for saying in (wording.hint(decision, facts.layout), *wording.way(decision, scan.door, facts.layout)):
        assert {"de", "en"} <= words.said(saying).keys()
        assert all(text and "{" not in text for text in words.said(saying).values())


@unhurried
@given(scans(switch=True), known())
def test_switch_books_one_session_and_frees_what_overlaps(scan: Scan, facts: Facts) -> None:
    decision = decide(scan, facts)
    if decision.books is None:
        assert decision.frees == ()
        return
    assert facts.bearer is not None
    assert decision.books not in facts.bearer.bookings
    assert set(decision.frees) <= set(facts.bearer.bookings)
    session = facts.seats.programme.session(decision.books)
    assert session.area == decision.enters
    left = [one for one in facts.bearer.bookings if one not in decision.frees]
    assert facts.seats.programme.overlapping(session, left) == ()


@unhurried
@given(known(), CLAIMANTS, CLAIMANTS, COUNTS_AS, WHERE, WHERE)
def test_move_and_its_reverse_leave_all_tallies_as_they_were(
    facts: Facts, before: Claimant, after: Claimant, counts_as: Any, one: str | None, other: str | None
) -> None:
    house, claims = facts.seats.house, facts.seats.claims
    tallies = copy.deepcopy(house.tallies)
    house.move(one, other, counts_as, claims(before), claims(after))
    house.move(other, one, counts_as, claims(after), claims(before))
    assert house.tallies == tallies


@unhurried
@given(
    st.lists(st.tuples(st.sampled_from(["a1", "a2", "a3"]), scans(), CLAIMANTS), max_size=12), venues(), programmes()
)
def test_facts_of_a_day_add_up_to_the_house(
    day: list[tuple[str, Scan, Claimant]], here: Layout, sessions: list[Session]
) -> None:
    claimants: dict[str, Claimant] = {}
    presences: dict[str, Presence] = {}
    total = Sum()
    house = House(here)
    for attendee, scan, drawn in day:
        claimant = claimants.setdefault(attendee, drawn)
        before = presences.get(attendee)
        known = facts(
            house=house,
            sessions=sessions,
            bearer=Bearer(
                attendee=attendee,
                group=claimant.group,
                wheelchair=claimant.wheelchair,
                companion=claimant.companion,
                bookings=claimant.bookings,
                registration="registered",
                presence=before,
                accredited=True,
            ),
        )
        decision = decide(scan, known)
        house.move(decision.leaves, decision.enters, decision.counts_as, known.seats.claims(claimant))
        fact = Scanned(
            id="1",
            door=scan.door,
            direction=scan.direction,
            area=here.doors[scan.door].area,
            decision=decision,
            scanned_at=at("10:00"),
            received_at=at("10:00"),
            inside=0,
            capacity=None,
            free=None,
            by="test",
        )
        after = presence_after(fact, before)
        if after is not None:
            presences[attendee] = after
        total.add(fact)
    assert total.presences == presences
    assert total.house(here, known.seats.programme if day else None, claimants).tallies == house.tallies
