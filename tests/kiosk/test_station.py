"""The machine of a door: what goes in, and which effects come out, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from checkin.core.admission import Bearer, Decision
from checkin.core.link import (
    MESSAGE_BYTES_MAX,
    PATIENCE_MS,
    ROWS_MAX,
    SILENT_MS,
    Answer,
    Ask,
    Move,
    News,
    Report,
    Rows,
    ToCentre,
    Totals,
)
from checkin.core.model import Direction, Override, Scan
from checkin.core.occupancy import Presence
from kiosk.station import (
    AGAIN_MS,
    LAST_WORD_MS,
    Effect,
    Mark,
    Moment,
    People,
    Send,
    Show,
    Station,
    Store,
    Wipe,
    together,
)
from tests.venue import at, layout

WALL = at("10:00")


class Desk:
    """A station with its disk, at the hall's door A."""

    def __init__(self, door: str = "P-A") -> None:
        self.door = door
        self.disk: dict[str, dict[Any, Any]] = {}
        self.mark: Mark | None = None
        self.ids: Iterator[str] = (f"e{n}" for n in range(1, 100))
        self.steady = 0
        self.generation = 1
        self.station = self.boot()

    def boot(self, *, anew: bool = False) -> Station:
        people = People(
            bearer=lambda scan: (
                Bearer(attendee=scan.code, group="gast", registration="registered") if scan.code[0] == "a" else None
            ),
            genuineness=lambda _: "genuine",
        )
        tables = {table: dict(rows) for table, rows in self.disk.items()}
        self.station = Station(self.door, layout(reentry="allow"), people, lambda: next(self.ids), tables=tables)
        self.keep(self.station.started(self.mark, self.now, anew=anew))
        return self.station

    @property
    def now(self) -> Moment:
        return Moment(WALL + self.steady, self.steady)

    def keep(self, effects: list[Effect]) -> list[Effect]:
        for effect in effects:
            if isinstance(effect, Store):
                for table, key, row in effect.rows:
                    self.disk.setdefault(table, {})[key] = row
                    if row is None:
                        del self.disk[table][key]
            if isinstance(effect, Mark):
                self.mark = effect
        self.station.carried_out()
        return effects

    def scan(self, code: str, direction: Direction = "entry", **more: Any) -> list[Effect]:
        scan = Scan(id=f"{code[:3]}-{self.steady}", code=code, door=self.door, direction=direction, **more)
        return self.keep(self.station.scanned(scan, self.now))

    def totals(self, **changes: Any) -> list[Effect]:
        told: dict[str, Any] = {
            "generation": self.generation,
            "at": WALL + self.steady,
            "epoch": self.station.state.epoch,
            "granted": {},
            "keep": {"house": 50, "P": 50},
            "have": {},
            **changes,
        }
        return self.keep(self.station.received(Totals(**told), self.now))

    def cut_off(self) -> None:
        self.steady += SILENT_MS + 1

    def cut_off_with(self, **granted: int) -> None:
        self.totals(granted=granted)
        self.cut_off()


def shown(effects: list[Effect]) -> Show:
    return next(effect for effect in effects if isinstance(effect, Show))


def outcome(effects: list[Effect]) -> tuple[str, bool]:
    show = shown(effects)
    return show.decision.outcome, show.provisional


def sent(effects: list[Effect], kind: type[ToCentre]) -> Any:
    return next(
        (effect.message for effect in effects if isinstance(effect, Send) and isinstance(effect.message, kind)), None
    )


def test_linked_it_stores_the_scan_and_asks() -> None:
    desk = Desk()
    desk.totals()
    store, send = desk.scan("a1")
    assert isinstance(store, Store)
    assert isinstance(send, Send)
    assert isinstance(send.message, Ask)
    assert send.message.from_at == WALL


def test_the_centres_answer_is_stored_and_marked_before_it_is_shown_and_sent_after() -> None:
    desk = Desk()
    desk.totals()
    desk.scan("a1")
    decision = Decision(outcome="admitted", kind="entry", attendee="a1", leaves="house", enters="P")
    effects = desk.keep(desk.station.received(Answer(generation=1, at=WALL, scan="a1-0", decision=decision), desk.now))
    assert [type(effect) for effect in effects] == [Store, Mark, Show, Send]
    assert outcome(effects) == ("admitted", False)
    row = sent(effects, Rows).rows[0]
    assert (row.decided, row.takes) == ("centre", ("P",))


def test_slow_it_decides_alone_after_its_patience() -> None:
    desk = Desk()
    desk.totals(granted={"P": 1, "house": 1})
    desk.scan("a1")
    assert not any(isinstance(effect, Show) for effect in desk.station.tick(desk.now))
    desk.steady += PATIENCE_MS
    effects = desk.keep(desk.station.tick(desk.now))
    assert outcome(effects) == ("admitted", True)
    late = Answer(generation=1, at=WALL, scan="a1-0", decision=Decision(outcome="refused", kind=None))
    assert desk.station.received(late, desk.now) == []


def test_a_link_that_is_gone_for_certain_lets_nobody_wait() -> None:
    desk = Desk()
    desk.totals(granted={"P": 2, "house": 2})
    desk.scan("a1")
    assert outcome(desk.keep(desk.station.disconnected(desk.now))) == ("admitted", True)
    assert outcome(desk.scan("a2")) == ("admitted", True)
    desk.keep(desk.station.connected(desk.now))
    assert desk.station.is_cut_off(desk.now), "the centre may not hear"
    desk.totals()
    assert not desk.station.is_cut_off(desk.now)
    assert sent(desk.scan("a3"), Ask) is not None


def test_a_new_link_is_told_at_once_what_the_centre_may_lack() -> None:
    desk = Desk()
    desk.cut_off_with(P=1, house=1)
    desk.keep(desk.station.tick(desk.now))
    desk.scan("a1")
    assert desk.station.tick(desk.now) == []
    effects = desk.station.connected(desk.now)
    assert sent(effects, Report).logs["e1"].n == 1
    assert [row.n for row in sent(effects, Rows).rows] == [1]


def test_told_to_decide_alone_it_does_so_at_once() -> None:
    desk = Desk()
    desk.totals(granted={"P": 1, "house": 1})
    desk.scan("a1")
    effects = desk.keep(desk.station.received(Answer(generation=1, at=WALL, scan="a1-0", decision=None), desk.now))
    assert outcome(effects) == ("admitted", True)


def test_cut_off_it_lets_in_as_many_as_it_has_rights() -> None:
    desk = Desk()
    desk.cut_off_with(P=2, house=2)
    assert [outcome(desk.scan(code))[0] for code in ("a1", "a2", "a3")] == ["admitted", "admitted", "refused"]
    assert desk.station.rights("P") == 0


def test_why_it_refused_somebody_is_in_its_log() -> None:
    desk = Desk()
    desk.cut_off()
    desk.scan("a1")
    assert desk.disk["log"]["e1", 1].reason == "area_full"


def test_a_seat_of_its_own_that_is_left_through_it_is_given_on() -> None:
    desk = Desk()
    desk.cut_off_with(P=1, house=2)
    desk.scan("a1")
    desk.steady += 10
    desk.scan("a1", "exit")
    assert (desk.station.rights("P"), desk.station.rights("house")) == (1, 1)
    assert outcome(desk.scan("a2")) == ("admitted", True)


def test_the_exit_of_somebody_elses_admission_frees_no_seat_of_its_own() -> None:
    desk = Desk()
    desk.cut_off_with(P=1, house=1)
    assert outcome(desk.scan("a7", "exit")) == ("admitted", True)
    assert desk.station.rights("P") == 1


def test_whoever_is_known_in_the_house_takes_a_place_of_the_room_alone() -> None:
    desk = Desk()
    there = Presence(area="house", counts_as="visitor", since_at=WALL, door="D1", arrived_at=WALL)
    news = News(generation=1, at=WALL, since=0, seq=1, moves=(Move(attendee="a1", scan="s", presence=there),))
    desk.totals(granted={"P": 1})
    desk.keep(desk.station.received(news, desk.now))
    desk.cut_off()
    effects = desk.scan("a1")
    assert outcome(effects) == ("admitted", True)
    row = desk.disk["log"][desk.station.state.epoch, 1]
    assert (row.takes, row.after) == (("P",), "s")


def test_who_is_believed_inside_needs_a_place_as_it_may_have_been_given_on() -> None:
    desk = Desk("P-B")
    there = Presence(area="P", counts_as="visitor", since_at=WALL, door="P-A", arrived_at=WALL)
    desk.totals()
    moves = (Move(attendee="a1", scan="s", presence=there),)
    desk.keep(desk.station.received(News(generation=1, at=WALL, since=0, seq=1, moves=moves), desk.now))
    desk.cut_off()
    assert outcome(desk.scan("a1")) == ("refused", True)


def test_who_comes_in_again_takes_another_place_though_it_was_let_in_here() -> None:
    desk = Desk("P-B")
    desk.cut_off_with(P=2, house=1)
    desk.scan("a1")
    desk.steady += 10
    assert outcome(desk.scan("a1", override=Override(reason="went out unseen"))) == ("admitted", True)
    assert (desk.station.rights("P"), desk.station.rights("house")) == (0, 0)
    desk.steady += 10
    refused = desk.scan("a1", override=Override(reason="went out unseen"))
    assert outcome(refused) == ("refused", True), "one with a copy may have left elsewhere, and the place is given on"


def test_what_the_centre_has_is_handed_over_and_its_exit_frees_nothing_here() -> None:
    desk = Desk()
    desk.cut_off_with(P=1, house=1)
    desk.scan("a1")
    desk.totals(granted={"P": 1, "house": 1}, have={"e1": 1})
    desk.cut_off()
    desk.scan("a1", "exit")
    assert desk.station.rights("P") == 0
    assert desk.station.counters["e1", "P"].outstanding == 0


def test_rights_above_what_it_should_keep_are_returned_and_stored_before_that_is_told() -> None:
    desk = Desk()
    desk.totals()
    effects = desk.totals(granted={"P": 5}, keep={"P": 2})
    assert desk.station.rights("P") == 2
    assert [type(effect) for effect in effects] == [Store, Mark]
    report = sent(desk.station.tick(desk.now), Report)
    assert report.logs["e1"].totals["P"].returned == 3


def test_rows_go_up_until_they_are_acknowledged() -> None:
    desk = Desk()
    desk.cut_off_with(P=2, house=2)
    desk.scan("a1")
    desk.scan("a2")
    for _ in range(2):
        desk.steady += SILENT_MS
        assert [row.n for row in sent(desk.station.tick(desk.now), Rows).rows] == [1, 2]
    desk.totals(have={"e1": 1})
    desk.steady += SILENT_MS
    assert [row.n for row in sent(desk.station.tick(desk.now), Rows).rows] == [2]
    desk.totals(have={"e1": 2})
    desk.steady += SILENT_MS
    assert sent(desk.station.tick(desk.now), Rows) is None


def test_a_long_log_goes_up_in_parts_that_fit_a_message() -> None:
    desk = Desk()
    desk.cut_off()
    for n in range(ROWS_MAX + 3):
        desk.scan(f"a{n}", override=Override(reason="x" * 500))
    rows = sent(desk.station.tick(desk.now), Rows)
    assert len(rows.rows) == ROWS_MAX
    assert len(msgspec.json.encode(rows)) < MESSAGE_BYTES_MAX


def test_a_start_from_its_disk_is_the_same_station() -> None:
    desk = Desk()
    desk.cut_off_with(P=3, house=3)
    desk.scan("a1")
    desk.scan("a2")
    desk.steady += 5
    desk.scan("a2", "exit")
    desk.scan("a3")
    before = desk.station
    after = desk.boot()
    assert (after.log, after.books, after.rights("P")) == (
        before.log | {("e1", 4): after.log["e1", 4]},
        {"e1": msgspec.structs.replace(before.books["e1"], shown=4)},
        1,
    )
    assert {who: after.belief(who) for who in ("a1", "a2", "a3")} == {
        who: before.belief(who) for who in ("a1", "a2", "a3")
    }


def test_of_the_last_row_before_a_stop_nobody_knows_whether_it_was_shown() -> None:
    desk = Desk()
    desk.cut_off_with(P=1, house=1)
    desk.scan("a1")
    desk.steady += 5
    desk.scan("a1", "exit")
    assert desk.station.rights("P") == 1
    station = desk.boot()
    assert station.log["e1", 2].unsure
    assert station.rights("P") == 0, "the person may have stayed"


def _let_in_and_out_at_once(desk: Desk) -> list[Effect]:
    """Cut off, one comes in while another one leaves whom this door had let in: not carried out yet."""
    desk.cut_off_with(P=2, house=2)
    desk.scan("a1")
    desk.steady += 5
    there = Scan(id="a2-in", code="a2", door=desk.door)
    back = Scan(id="a1-out", code="a1", door=desk.door, direction="exit")
    return [*desk.station.scanned(there, desk.now), *desk.station.scanned(back, desk.now)]


def test_what_comes_together_is_one_commit_and_one_mark_and_then_shown() -> None:
    desk = Desk()
    effects = together(_let_in_and_out_at_once(desk))
    assert [type(effect) for effect in effects] == [Store, Mark, Show, Show]
    desk.keep(effects)
    assert desk.mark == Mark("e1", desk.station.state.version)
    assert [row.n for row in desk.disk["log"].values()] == [1, 2, 3]


def test_of_all_rows_that_were_stored_together_before_a_stop_nobody_knows_whether_they_were_shown() -> None:
    desk = Desk()
    effects = _let_in_and_out_at_once(desk)
    assert desk.station.rights("P") == 0, "nobody has been told yet that they may go"
    desk.keep(together(effects))
    assert desk.station.rights("P") == 1
    station = desk.boot()
    assert [row.unsure for row in station.log.values()] == [False, True, True]
    assert station.rights("P") == 0, "who was let out may have stayed, and who was let in may be there"
    assert [row.unsure for row in desk.boot().log.values()] == [False, True, True]


def test_of_rows_that_an_earlier_program_stored_all_but_the_last_were_shown() -> None:
    desk = Desk()
    desk.cut_off_with(P=3, house=3)
    for who in ("a1", "a2"):
        desk.scan(who)
    desk.disk["books"]["e1"] = msgspec.structs.replace(desk.disk["books"]["e1"], shown=None)
    assert [row.unsure for row in desk.boot().log.values()] == [False, True]


def test_totals_by_which_seats_are_given_back_are_taken_once_it_was_shown_what_has_freed_them() -> None:
    desk = Desk()
    effects = _let_in_and_out_at_once(desk)
    totals = Totals(generation=1, at=WALL, epoch="e1", granted={}, keep={"house": 0, "P": 0}, have={})
    assert desk.station.waits_to_show(totals)
    desk.keep(effects)
    assert not desk.station.waits_to_show(totals)


def test_rows_on_their_way_are_sent_again_only_after_a_while_or_over_a_new_link() -> None:
    desk = Desk()
    desk.totals()

    def shown(who: str) -> list[int]:
        desk.scan(who)
        answer = Answer(
            generation=1, at=WALL, scan=f"{who}-{desk.steady}", decision=Decision(outcome="refused", kind=None)
        )
        return [row.n for row in sent(desk.keep(desk.station.received(answer, desk.now)), Rows).rows]

    assert [shown("a1"), shown("a2")] == [[1], [2]]
    assert [row.n for row in sent(desk.keep(desk.station.connected(desk.now)), Rows).rows] == [1, 2]
    assert shown("a3") == [3]
    desk.steady += AGAIN_MS
    assert shown("a4") == [1, 2, 3, 4]


def test_what_it_had_asked_before_a_stop_is_told_as_not_shown() -> None:
    desk = Desk()
    desk.totals()
    desk.scan("a1")
    station = desk.boot()
    assert [row.outcome for row in station.log.values()] == ["lapsed"]
    assert not station.asked


def test_a_disk_that_was_put_back_begins_anew_without_rights() -> None:
    desk = Desk()
    desk.cut_off_with(P=2, house=2)
    photo = {table: dict(rows) for table, rows in desk.disk.items()}
    desk.scan("a1")
    desk.disk = photo
    station = desk.boot()
    assert station.state.epoch != "e1"
    assert (station.state.broken, station.rights("P")) == (("e1",), 0)
    logs = sent(station.tick(desk.now), Report).logs
    assert (logs["e1"].whole, logs[station.state.epoch].whole) == (False, True)


def test_without_a_mark_nobody_can_tell_so_it_begins_anew() -> None:
    desk = Desk()
    desk.cut_off_with(P=2, house=2)
    desk.mark = None
    assert desk.boot().rights("P") == 0


def test_an_epoch_of_which_the_disk_has_nothing_is_told_of() -> None:
    desk = Desk()
    photo = {table: dict(rows) for table, rows in desk.disk.items()}
    desk.boot(anew=True)
    assert desk.station.state.epoch == "e2"
    desk.disk = photo
    station = desk.boot()
    assert station.state.broken == ("e1", "e2")
    assert set(sent(station.tick(desk.now), Report).logs) == {"e1", "e2", "e3"}


def test_retired_it_gives_everything_back_and_begins_another_epoch() -> None:
    desk = Desk()
    desk.totals(granted={"P": 3})
    desk.totals(granted={"P": 3}, retired=True)
    assert desk.station.state.epoch == "e2"
    assert desk.station.counters["e1", "P"].rights == 0
    assert desk.station.rights("P") == 0


def test_a_lost_centres_words_count_no_more_once_its_successor_has_spoken() -> None:
    desk = Desk()
    desk.cut_off_with(P=1, house=1)
    desk.scan("a1")
    desk.totals(have={"e1": 1})
    desk.generation = 2
    desk.totals()
    assert desk.station.books["e1"].have == 0, "it has to be told all anew"
    desk.generation = 1
    assert desk.totals(granted={"P": 9}) == []
    assert desk.station.rights("P") == 0


def test_revoked_it_locks_hands_over_what_is_left_and_forgets_all() -> None:
    desk = Desk()
    desk.cut_off_with(P=2, house=2)
    desk.scan("a1")
    desk.totals(granted={"P": 2, "house": 2}, revoked=True)
    assert outcome(desk.scan("a2")) == ("refused", True)
    assert desk.station.rights("P") == 0
    effects = desk.totals(granted={"P": 2, "house": 2}, revoked=True, have={"e1": 2})
    told = sent(effects, Report).logs["e1"].totals
    assert not any(isinstance(effect, Wipe) for effect in effects), "what it has just given back is on its way"
    assert [told[area].outstanding for area in ("house", "P")] == [0, 0]
    returned = {"e1": {area: one.returned for area, one in told.items()}}
    assert desk.totals(revoked=True, have={"e1": 2}, returned={"e1": {"house": 0, "P": 0}}) == []
    assert desk.totals(revoked=True, have={"e1": 2}, returned=returned) == [Wipe(told=True)]


def test_revoked_it_forgets_all_in_time_though_no_word_comes_also_if_it_was_started_again() -> None:
    desk = Desk()
    desk.cut_off_with(P=2, house=2)
    desk.totals(granted={"P": 2, "house": 2}, revoked=True)
    for _ in range(2):
        assert Wipe(told=False) not in desk.keep(desk.station.tick(desk.now))
        desk.steady += LAST_WORD_MS - 1
        assert Wipe(told=False) not in desk.keep(desk.station.tick(desk.now))
        desk.boot()
    desk.station.tick(desk.now)
    desk.steady += LAST_WORD_MS
    assert desk.keep(desk.station.tick(desk.now))[-1] == Wipe(told=False)


def test_a_revoked_door_still_lets_out() -> None:
    desk = Desk()
    desk.totals(revoked=True)
    assert outcome(desk.scan("a1", "exit"))[0] == "admitted"


def test_an_evacuation_called_at_the_door_closes_its_entry_without_the_centre() -> None:
    desk = Desk()
    desk.cut_off_with(P=2, house=2)
    desk.keep(desk.station.evacuated("evacuation"))
    assert shown(desk.scan("a1")).decision.refusal.reason == "evacuation"  # type: ignore[union-attr]
    assert outcome(desk.scan("a2", "exit"))[0] == "admitted"
    desk.boot()
    assert outcome(desk.scan("a3"))[0] == "refused", "a start does not open it"


def test_the_code_of_nobody_is_not_kept() -> None:
    desk = Desk()
    desk.cut_off()
    desk.scan("WIFI:S:home;P:secret;;")
    assert "secret" not in repr(desk.disk["log"])


def test_a_clock_that_steps_moves_no_bound() -> None:
    desk = Desk()
    desk.totals()
    desk.steady += 500_000
    scan = Scan(id="s", code="a1", door="P-A")
    desk.keep(desk.station.scanned(scan, Moment(WALL - 420_000, desk.steady)))
    row = desk.disk["log"]["e1", 1]
    assert row.from_at == WALL + 500_000 - 1_000
    assert row.offset_ms == -420_000 - 500_000 + 1_000


@pytest.mark.parametrize("doubled", [1, 2])
def test_news_heard_late_or_twice_is_the_same(doubled: int) -> None:
    desk = Desk()
    there = Presence(area="P", counts_as="visitor", since_at=WALL, door="P-A", arrived_at=WALL)
    first = News(generation=1, at=WALL, since=0, seq=1, moves=(Move(attendee="a1", scan="s", presence=there),))
    gap = News(generation=1, at=WALL, since=3, seq=4, moves=(Move(attendee="a1", scan="t", presence=None),))
    for _ in range(doubled):
        desk.keep(desk.station.received(first, desk.now))
        desk.keep(desk.station.received(gap, desk.now))
    belief = desk.station.belief("a1")
    assert belief is not None
    assert (belief.scan, desk.station.state.cursor) == ("s", 1)


def test_after_an_all_clear_nobody_is_inside_but_who_came_since() -> None:
    desk = Desk()
    there = Presence(area="P", counts_as="visitor", since_at=WALL, door="P-A", arrived_at=WALL)
    inside = tuple(Move(attendee=f"a{n}", scan="s", presence=there) for n in range(3))
    again = (Move(attendee="a1", scan="t", presence=there),)
    desk.keep(desk.station.received(News(generation=1, at=WALL, since=0, seq=3, moves=inside), desk.now))
    clear = News(generation=1, at=WALL, since=3, seq=5, moves=again, emptied=True)
    desk.keep(desk.station.received(clear, desk.now))
    for station in (desk.station, desk.boot()):
        beliefs = [station.belief(f"a{n}") for n in range(3)]
        assert [one and one.presence and one.presence.area for one in beliefs] == [None, "P", None]


def test_long_log_goes_up_batch_after_batch_as_the_centre_takes_it() -> None:
    desk = Desk()
    for n in range(2 * ROWS_MAX + 50):
        desk.steady += 1
        desk.scan(f"x{n}")
    desk.steady += SILENT_MS
    first = sent(desk.keep(desk.station.tick(desk.now)), Rows)
    assert (first.rows[0].n, first.rows[-1].n) == (1, ROWS_MAX)
    epoch = desk.station.state.epoch
    assert sent(desk.totals(have={epoch: 50}), Rows) is None, "the others are on their way"
    assert sent(desk.totals(have={epoch: ROWS_MAX}), Rows).rows[0].n == ROWS_MAX + 1
    assert sent(desk.totals(have={epoch: ROWS_MAX}), Rows) is None
    assert len(sent(desk.totals(have={epoch: 2 * ROWS_MAX}), Rows).rows) == 50
    assert sent(desk.totals(have={epoch: 2 * ROWS_MAX + 50}), Rows) is None
