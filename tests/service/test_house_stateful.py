"""A house of any shape, people of any kind, a day in any order: what is promised holds at every step.

Runs the real use cases on the real SQL (in memory), as hypothesis chooses.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from checkin.core import codes
from checkin.core.errors import CheckinError
from checkin.core.holds import ANYBODY, Seats
from checkin.core.layout import Layout
from checkin.core.model import Area, Attendee, Badge, Door, Event, Group, Hold, Item, Override, Plan, Scan, Session
from checkin.service import attendees as attendee_service
from checkin.service import closing, evacuation, lines, rooms, schedule
from checkin.service.blocks import block
from checkin.service.corrections import correct
from checkin.service.overview import occupancy
from checkin.service.people import Principal
from checkin.service.scans import Answered, Arrived, admit
from checkin.service.seats import seats_of
from checkin.service.undo import UNDO_MS_MAX, undo_scan
from checkin.service.venues import Venues, import_layout
from checkin.service.verify import verify
from checkin.store import attendees, badges, presences, sessions
from checkin.store.migrations import apply_sqlite_migrations
from checkin.store.sqlite import SqliteTransaction
from checkin.wire import (
    Answer,
    AttendeeChange,
    BlockSent,
    BookingSent,
    CorrectionSent,
    EvacuationSent,
    PlanChoice,
    SessionChange,
)
from tests.venue import DAY, at

SLUG = "tagung"
MINUTE = 60_000
GROUPS = ["gast", "vip", "crew"]
PEOPLE = [f"a{number}" for number in range(9)]
AREAS = ["house", "one", "two", "inner"]
NUMBERS = st.one_of(st.none(), st.integers(1, 4), st.integers(1, 4), st.integers(0, 6))
ONE_SCAN = st.tuples(
    st.sampled_from(PEOPLE),
    st.integers(0, 40),
    st.sampled_from(["entry", "entry", "entry", "exit"]),
    st.sampled_from([None, None, None, "override"]),
    st.booleans(),
    st.booleans(),
)


DESK = Principal(id="test", name="test", role="desk", may=frozenset({"scan"}))


class House(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        apply_sqlite_migrations(self.connection)
        self.tx = SqliteTransaction(self.connection)
        self.venues = Venues()
        self.now = at("10:00")

    def teardown(self) -> None:
        self.connection.close()

    @initialize(
        approved=st.lists(st.tuples(NUMBERS, st.integers(0, 3), st.integers(0, 2)), min_size=4, max_size=4),
        held=st.lists(
            st.tuples(
                st.sampled_from(AREAS),
                st.sampled_from(["vip", "gast", "session s1"]),
                st.integers(1, 3),
                st.sampled_from([None, dt.time(10, 20)]),
            ),
            min_size=1,
            max_size=3,
            unique_by=lambda hold: hold[:2],
        ),
        where=st.lists(st.sampled_from(AREAS[1:]), min_size=3, max_size=3),
        kinds=st.lists(
            st.tuples(st.sampled_from(["gast", "gast", "vip", "crew"]), st.booleans(), st.integers(0, 7)),
            min_size=9,
            max_size=9,
        ),
        asks=st.booleans(),
        stop=st.sampled_from([100, 100, 80]),
        arrival=st.sampled_from(["implied", "required"]),
    )
    def open_the_house(
        self, approved: Any, held: Any, where: Any, kinds: Any, asks: bool, stop: int, arrival: Any
    ) -> None:
        parents = {"one": "house", "two": "house", "inner": "one"}
        areas = []
        for id, (visitors, crew, wheelchair) in zip(AREAS, approved, strict=True):
            places = min(wheelchair, visitors or 0)
            persons = None if visitors is None else visitors + crew
            area = Area(id=id, name=id, parent=parents.get(id), visitors=visitors, persons=persons, wheelchair=places)
            areas.append(area)
        doors = [Door(id=f"to-{area}", name=area, area=area, reentry="ask" if asks else "allow") for area in AREAS]
        counter = Door(id="counter", name="counter", area="house", item="lunch")
        holds = [
            Hold(
                area=area,
                seats=seats,
                until=until,
                group=None if whose == "session s1" else whose,
                session="s1" if whose == "session s1" else None,
            )
            for area, whose, seats, until in held
        ]
        event = Event(
            slug=SLUG,
            name="Tagung",
            date=DAY,
            timezone="Europe/Berlin",
            warn_percent=70,
            prepare_percent=75,
            stop_percent=stop,
            arrival=arrival,
        )
        groups = [Group(id=id, name=id, counts_as="crew" if id == "crew" else "visitor") for id in GROUPS]
        plans = [Plan(area="one", id="small", name="small", visitors=1), Plan(area="two", id="large", name="large")]
        items = [Item(id="lunch", name="Lunch")]
        import_layout(
            self.tx, Layout(event, groups, areas, [*doors, counter], holds, plans, items), now=self.now, by="test"
        )
        starts = (at("10:05"), at("10:05"), at("10:40"))
        programme = [
            Session(id=f"s{n}", area=area, title=f"s{n}", starts_at=start, ends_at=start + 30 * MINUTE, bookable=True)
            for n, (area, start) in enumerate(zip(where, starts, strict=True), 1)
        ]
        schedule.import_schedule(self.tx, self.venues, SLUG, programme, now=self.now, by="test")
        self._register(kinds)
        self.doors = [door.id for door in (*doors, counter)]

    def _register(self, kinds: Any) -> None:
        event = self.venues.id(self.tx, SLUG)
        people = [
            Attendee(id=id, group=group, given_name="A", family_name=id, wheelchair=wheelchair)
            for id, (group, wheelchair, _) in zip(PEOPLE, kinds, strict=True)
        ]
        attendees.add_attendees(self.tx, event, [(one, "") for one in people])
        key = self.venues.venue(self.tx, SLUG).key
        self.codes = {one.id: codes.make_code(number, key) for number, one in enumerate(people)}
        badges.add_badges(
            self.tx,
            event,
            [
                Badge(id=f"b-{id}", attendee=id, generation=1, code=code, desk_number=n)
                for n, (id, code) in enumerate(self.codes.items())
            ],
        )
        booked = [
            (f"s{n + 1}", id) for id, (_, _, mask) in zip(PEOPLE, kinds, strict=True) for n in range(3) if mask >> n & 1
        ]
        sessions.add_bookings(self.tx, event, booked)

    def scans(self, chosen: list[Any]) -> list[Arrived]:
        return [
            Arrived(
                scan=Scan(
                    id=str(uuid.uuid4()),
                    code=self.codes[who],
                    door=self.doors[door % len(self.doors)],
                    direction=direction,
                    override=Override(reason=override) if override else None,
                    switch=switch,
                    wait=wait,
                ),
                by="test",
            )
            for who, door, direction, override, switch, wait in chosen
        ]

    def seats(self) -> Seats:
        venue = self.venues.venue(self.tx, SLUG)
        return seats_of(self.tx, venue, presences.load_tallies(self.tx, venue.id), self.now)

    def admitted(self, arrived: list[Arrived]) -> list[Answered]:
        answers = admit(self.tx, self.venues, SLUG, arrived, self.now)
        assert all(isinstance(one, Answered) for one in answers)
        return [one for one in answers if isinstance(one, Answered)]

    @rule(chosen=st.lists(ONE_SCAN, min_size=1, max_size=8))
    def some_are_scanned(self, chosen: Any) -> None:
        for arrived in self.scans(chosen):
            self.scan_keeps_its_promises(arrived)

    def scan_keeps_its_promises(self, arrived: Arrived) -> None:
        before = self.seats()
        (answered,) = self.admitted([arrived])
        after = self.seats()
        answer = answered.answer
        if arrived.scan.direction == "exit":
            assert answer.outcome == "admitted", "an exit is never refused"
        for area in AREAS:
            free, left = before.house.free(area), after.house.free(area)
            assert left is None or free is None or left >= min(free, 0), "nobody enters above the number"
            slack, left = before.free_for(area, ANYBODY), after.free_for(area, ANYBODY)
            # Who comes in again is one whom a headcount has missed: nobody can tell whose promised seat that had freed.
            taken = after.house.tallies[area].known > before.house.tallies[area].known
            if taken and arrived.scan.override is None:
                assert left is None or slack is None or left >= min(slack, 0), "a promised seat was sold"
                self.nobody_is_passed(area, arrived, answer, before, after)
        (again,) = self.admitted([arrived])
        assert again.repeated
        assert (again.answer.seq, again.answer.hint) == (answer.seq, answer.hint)

    @staticmethod
    def nobody_is_passed(area: str, arrived: Arrived, answer: Answer, before: Seats, after: Seats) -> None:
        """Who takes a place that nobody was promised has had the first turn in the line."""
        taken = before.house.tallies[area].visitors < after.house.tallies[area].visitors
        slack, left = before.free_for(area, ANYBODY), after.free_for(area, ANYBODY)
        if answer.attendee is not None and taken and slack is not None and left is not None and left < slack:
            assert slack > before.ahead(area, answer.attendee.id), "somebody in the line was passed"

    @rule(chosen=st.lists(ONE_SCAN, min_size=2, max_size=8))
    def a_batch_decides_as_its_scans_one_by_one(self, chosen: Any) -> None:
        arrived = self.scans(chosen)
        self.connection.execute("SAVEPOINT alone")
        alone = [self.told(self.admitted([one])[0]) for one in arrived]
        self.connection.execute("ROLLBACK TO alone")
        together = [self.told(one) for one in self.admitted(arrived)]
        assert together == alone

    @staticmethod
    def told(answered: Answered) -> Any:
        answer = msgspec.to_builtins(answered.answer)
        # A number is called once the batch is through: those who wait may be one more ahead till then.
        return {name: value for name, value in answer.items() if name not in ("line", "way")}

    @rule(chosen=ONE_SCAN)
    def a_finger_slips(self, chosen: Any) -> None:
        who = chosen[0]
        before = self.inside(), presences.presences_of(self.tx, [who]), set(sessions.bookings_of(self.tx, who))
        (arrived,) = self.scans([chosen])
        self.admitted([arrived])
        try:
            undo_scan(self.tx, self.venues, SLUG, arrived.scan.id, now=self.now, since=self.now - UNDO_MS_MAX, by=DESK)
        except CheckinError as error:
            # Nobody came meanwhile, but a headcount may have put more people into the room than it has places.
            assert error.code in ("nothing_to_undo", "place_taken")
            return
        there, back = before[1].get(who), presences.presences_of(self.tx, [who]).get(who)
        assert (there and there.area) == (back and back.area)
        assert (self.inside(), set(sessions.bookings_of(self.tx, who))) == (before[0], before[2])

    @rule(area=st.sampled_from(AREAS), headcount=st.one_of(st.none(), st.integers(0, 6)), change=st.integers(-2, 2))
    def somebody_counts(self, area: str, headcount: int | None, change: int) -> None:
        sent = CorrectionSent(
            id=uuid.uuid4(), area=area, headcount=headcount, change=change if headcount is None else None
        )
        shown = correct(self.tx, self.venues, SLUG, sent, now=self.now, by="test").answer.area
        assert shown.inside >= 0
        if headcount is not None:
            assert (shown.plus_minus, shown.known + shown.uncounted) == (0, headcount)

    @rule(minutes=st.integers(1, 12))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        lines.call(self.tx, self.venues, SLUG, self.now)

    @rule(released=st.booleans(), which=st.integers(0, 2))
    def a_hold_is_released_or_kept_again(self, released: bool, which: int) -> None:
        holds = self.venues.venue(self.tx, SLUG).layout.holds
        if holds:
            id = holds[which % len(holds)].id
            rooms.release_hold(self.tx, self.venues, SLUG, id, released, now=self.now, by="test")

    @rule(choice=st.sampled_from([("one", "small"), ("one", "layout"), ("two", "large"), ("two", "layout")]))
    def a_room_is_seated_anew(self, choice: tuple[str, str]) -> None:
        area, plan = choice
        before = presences.load_presences(self.tx, self.venues.id(self.tx, SLUG))
        rooms.switch_plan(self.tx, self.venues, SLUG, area, PlanChoice(plan=plan), now=self.now, by="test")
        assert presences.load_presences(self.tx, self.venues.id(self.tx, SLUG)) == before, "nobody is deleted"

    @rule(
        which=st.sampled_from(["s1", "s2", "s3"]),
        change=st.sampled_from(
            [
                SessionChange(runs_over_min=10),
                SessionChange(swap_with="s3"),
                SessionChange(area="two"),
                SessionChange(cancelled=True),
                SessionChange(cancelled=False),
            ]
        ),
    )
    def the_programme_changes(self, which: str, change: SessionChange) -> None:
        if which != change.swap_with:
            schedule.change_session(self.tx, self.venues, SLUG, which, change, now=self.now, by="test")

    @rule(who=st.sampled_from(PEOPLE), which=st.sampled_from(["s1", "s2", "s3"]), switch=st.booleans())
    def a_seat_is_booked_at_the_desk(self, who: str, which: str, switch: bool) -> None:
        try:
            schedule.book(
                self.tx, self.venues, SLUG, which, BookingSent(attendee=who, switch=switch), now=self.now, by="test"
            )
        except CheckinError as error:
            assert error.code in ("session_booked_out", "session_overlaps", "session_not_bookable")

    @rule(who=st.sampled_from(PEOPLE), group=st.sampled_from(GROUPS), wheelchair=st.booleans())
    def somebody_changes(self, who: str, group: str, wheelchair: bool) -> None:
        sent = AttendeeChange(group=group, wheelchair=wheelchair)
        attendee_service.change(self.tx, self.venues, SLUG, who, sent, now=self.now, by="test")

    @rule(who=st.sampled_from(PEOPLE), blocked=st.booleans())
    def somebody_is_blocked(self, who: str, blocked: bool) -> None:
        sent = BlockSent(blocked=blocked, reason="a reason")
        block(self.tx, self.venues, SLUG, who, sent, now=self.now, by="test")
        if blocked:
            (arrived,) = self.scans([(who, 0, "entry", "override", True, False)])
            assert self.admitted([arrived])[0].answer.outcome == "refused"

    @rule(active=st.booleans(), drill=st.booleans())
    def the_house_is_evacuated(self, active: bool, drill: bool) -> None:
        before = self.inside()
        was_real = occupancy(self.tx, self.venues, SLUG, self.now).evacuation == "evacuation"
        sent = EvacuationSent(active=active, drill=drill)
        changed = evacuation.evacuate(self.tx, self.venues, SLUG, sent, now=self.now, by="test")
        after = self.inside()
        emptied = changed and not active and was_real
        assert after == (dict.fromkeys(AREAS, 0) if emptied else before)

    @precondition(lambda self: self.now > at("11:30"))
    @rule()
    def the_day_is_closed(self) -> None:
        closing.close_day(self.tx, self.venues, SLUG, now=self.now, by="test")
        assert all(count == 0 for count in self.inside().values())

    def inside(self) -> dict[str, int]:
        return {area.id: area.inside for area in occupancy(self.tx, self.venues, SLUG, self.now).areas}

    @invariant()
    def counters_are_what_the_facts_add_up_to(self) -> None:
        if hasattr(self, "doors"):
            assert verify(self.tx, self.venues, SLUG) == []

    @invariant()
    def inside_is_own_and_inner(self) -> None:
        if not hasattr(self, "doors"):
            return
        venue = self.venues.venue(self.tx, SLUG)
        tallies = presences.load_tallies(self.tx, venue.id)
        where = [there.area for there in presences.load_presences(self.tx, venue.id).values()]
        for area in venue.layout.areas:
            inner = [one.id for one in venue.layout.areas.values() if one.parent == area]
            known = tallies[area].tally.known if area in tallies else 0
            assert known == where.count(area) + sum(tallies[one].tally.known for one in inner if one in tallies)

    @invariant()
    def nobody_waits_who_is_inside(self) -> None:
        if not hasattr(self, "doors"):
            return
        venue = self.venues.venue(self.tx, SLUG)
        where = presences.load_presences(self.tx, venue.id)
        for number in lines.waiting(self.tx, venue, self.now, ()):
            assert number.attendee is not None
            there = where.get(number.attendee.id)
            assert there is None or number.area not in venue.layout.path(there.area)


House.TestCase.settings = settings(
    max_examples=80, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
test_promises_hold_whatever_the_house_and_the_day = House.TestCase
