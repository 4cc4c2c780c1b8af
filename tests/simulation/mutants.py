"""Each rule of the protocol left out, and how many days it takes until that is noticed.

`python -m tests.simulation --mutants` writes the table of docs/cut-off.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from checkin.core.allotment import Counters, Ledger, Order, Pending, Sighting, order
from checkin.core.link import Centre, News, Row, ToCentre, ToStation, Totals
from checkin.core.model import Scan
from kiosk.station import Effect, Mark, Meta, Moment, Show, Station, Store
from tests.simulation.day import Door, Parts
from tests.simulation.gathering import GatheringDoor
from tests.simulation.house import CentreOnDisk


class ShowsFirst(Door):
    """Shows before the row is committed."""

    def carry_out(self, effects: list[Effect]) -> None:
        super().carry_out(sorted(effects, key=lambda effect: not isinstance(effect, Show)))


class SendsFirst(Door):
    """Sends before the row is committed."""

    def carry_out(self, effects: list[Effect]) -> None:
        super().carry_out(sorted(effects, key=lambda effect: isinstance(effect, (Store, Mark))))


class NoMark(Door):
    """A disk that was put back is not noticed."""

    def boot(self) -> None:
        if self.station is None and "meta" in self.disk:
            meta: Meta = self.disk["meta"][""]
            self.mark = Mark(meta.epoch, meta.version)
        super().boot()


class KeepsRetired(Door):
    """A station that a person had retired goes on with its rights."""

    def boot(self) -> None:
        self.anew = False
        super().boot()


class Differences(Station):
    """Takes what is granted as so many more, and not as a total."""

    def _told(self, totals: Totals, now: Moment) -> list[Effect]:
        granted = {
            area: self.counters.get((totals.epoch, area), Counters()).granted + (1 if total else 0)
            for area, total in totals.granted.items()
        }
        return super()._told(replace(totals, granted=granted), now)


class CreditsEveryExit(Station):
    """Frees a seat of its own for whoever goes out."""

    def _seats(self, scan: Scan, decision: Any, *more: Any, **how: Any) -> Any:
        takes, frees, freed = super()._seats(scan, decision, *more, **how)
        if scan.direction == "exit" and not freed and decision.leaves is not None:
            freed = (self.area,)
        return takes, frees, freed


class CreditsHandedOver(Station):
    """Goes on freeing seats that it has handed over to the centre."""

    def _hand_over(self, epoch: str, have: int) -> bool:
        own = dict(self._own)
        handed = super()._hand_over(epoch, have)
        self._own = own
        return handed


class BelievesPlaces(Station):
    """Lets whoever is believed to be inside come in again without a seat."""

    def _seats(self, scan: Scan, decision: Any, attendee: str, entered: Any, **how: Any) -> Any:
        believed = self.layout.path(decision.leaves) if scan.direction == "entry" else ()
        return super()._seats(scan, decision, attendee, [one for one in entered if one not in believed], **how)


class TakesOwnAgain(Station):
    """Takes whoever comes in again, whom it had let in itself, for one who has left its own seat."""

    again = False

    def _decide_alone(self, scan: Scan, now: Moment) -> list[Effect]:
        bearer = self.people.bearer(scan)
        self.again = bearer is not None and scan.direction == "entry" and bool(self._admission_of(bearer.attendee))
        return super()._decide_alone(scan, now)

    def rights(self, area: str) -> int:
        return max(super().rights(area), self.again)

    def _seats(self, scan: Scan, decision: Any, attendee: str, entered: Any, *, alone: bool) -> Any:
        takes, frees, freed = super()._seats(scan, decision, attendee, entered, alone=alone)
        n = self._admission_of(attendee)
        if scan.direction == "entry" and alone and n:
            frees, freed = n, tuple(one for one in takes if one in self._own[self.state.epoch, n])
        return takes, frees, freed


class AnyGeneration(Station):
    """Takes what a lost centre still had on the way."""

    def received(self, message: ToStation, now: Moment) -> list[Effect]:
        if message.generation < self.state.generation:
            message = replace(message, generation=self.state.generation)
        return super().received(message, now)


class NeverUploadsAnew(Station):
    """Does not send again what a lost centre had acknowledged."""

    def received(self, message: ToStation, now: Moment) -> list[Effect]:
        before = dict(self.books)
        effects = super().received(message, now)
        for epoch, book in before.items():
            if self.books[epoch].have < book.have:
                self._put("books", self.books, epoch, replace(self.books[epoch], have=book.have))
        return [*effects, *self._commit()] if self._changes else effects


class GoesWithItsPlaces(Station):
    """Revoked it forgets everything as soon as the centre has its rows."""

    def _is_given_back(self, epoch: str, totals: Totals) -> bool:
        return True


class TrustsLastRow(Station):
    """After a stop, takes the last row of the log as shown."""

    def _doubt_last(self) -> None:
        pass


class ForgetsAsked(Station):
    """After a stop, leaves open what it had asked."""

    def started(self, mark: Mark | None, now: Moment, *, anew: bool = False) -> list[Effect]:
        for scan in list(self.asked):
            self._drop("asked", self.asked, scan)
        return super().started(mark, now, anew=anew)


class MissesAllClear(Station):
    """Goes on believing inside whom an all-clear has put outside."""

    def _learned(self, news: News) -> list[Effect]:
        return super()._learned(replace(news, emptied=False))


class ForgetsLostEpoch(Station):
    """Does not tell of an epoch of which its disk has nothing."""

    def _begin(self, *, lost: tuple[str, ...] = ()) -> None:
        super()._begin(lost=(self.state.epoch,) if lost else ())


class GrantsWithoutPool(Centre):
    """Hands out seats whether or not the pool has them."""

    def _grant(self, station: str) -> None:
        for area, keep in self.linked[station].keep.items():
            epoch = self.linked[station].epoch
            if keep and (station, epoch) in self.ledger.epochs:
                held = self.ledger.counters.get((station, epoch, area), Counters())
                if held.rights < keep and not self.ledger.is_frozen(area):
                    self.ledger.grant((station, epoch), area, keep - held.rights + 1)


class CountsNothing(CentreOnDisk):
    """Put back, has nobody count what doors without a station may have let in."""

    def beside(self) -> set[str]:
        return set()


class AcknowledgesFirst(CentreOnDisk):
    """Tells stations what it has before that is committed: every third commit is lost."""

    commits = 0

    def commit(self) -> None:
        self.commits += 1
        if self.commits % 3:
            super().commit()


class NoFreeze(Ledger):
    """Gives seats away after a restore before everybody has reported."""

    def is_frozen(self, area: str) -> bool:
        return False


class NoRoster(Ledger):
    """Takes the stations in the backup for all there are."""

    def restored(self, generation: int) -> None:
        super().restored(generation)
        self.confirm_roster()


class FreezesUntilReported(Ledger):
    """After a restore waits for totals, and not for the rows of which they tell."""

    def _epoch(self, key: Any, *, reported: bool = False, over: bool = False, **changes: int) -> None:
        super()._epoch(key, reported=reported, over=over, **changes)
        if reported:
            self._put("epochs", self.epochs, key, replace(self.epochs[key], known=True))


class TakesBrokenLogs(Ledger):
    """After a restore takes the totals of a disk that was put back for all there is."""

    def reported(self, key: Any, totals: Any, *, whole: bool, **more: Any) -> None:
        super().reported(key, totals, whole=True, **more)


class SameGeneration(Ledger):
    """A restored centre keeps its generation."""

    def restored(self, generation: int) -> None:
        before = self.generation
        super().restored(generation)
        self._put("meta", self.meta, "generation", before)


class FreesRetired(Ledger):
    """A new epoch frees the seats of the one before, or a timer does."""

    def register(self, station: str, epoch: str, areas: Any) -> Any:
        found = super().register(station, epoch, areas)
        for key, one in list(self.epochs.items()):
            if one.station == station and one.retired and set(one.counted) != set(one.areas):
                for area in one.areas:
                    if area not in one.counted:
                        held = self.counters.get((*key, area), Counters())
                        self.set_aside[area] -= held.outstanding
                        for row in [row for row in self.admissions if row[:2] == key]:
                            self._seat(row, area, None)
                self._put("epochs", self.epochs, key, replace(one, counted=one.areas))
        return found


class FreesAtAllClear(Ledger):
    """Takes an all-clear for one at doors that are cut off too."""

    def emptied(self, at: int) -> None:
        super().emptied(at)
        for key, one in list(self.counters.items()):
            self._count(key, replace(one, returned=one.granted))


class NoDoubts(Ledger):
    """Believes the door's clock, and keeps no seat that is in doubt."""

    def doubt(self, scan: str, area: str, attendee: str, *, seen: bool = True) -> None:
        pass


class HandsOverLeaving(Ledger):
    """Frees a seat that is handed over while its person's way out is not yet shown."""

    def _leave_to_pool(self, scan: str, place: Any) -> None:
        pass


class FreesOthersSeats(Ledger):
    """An exit elsewhere frees the seat of a station's admission in the pool."""

    def vacate(self, attendee: str, area: str, *, certain: bool, scan: str, seen: bool = True) -> None:
        key = self.owner.get((attendee, area))
        super().vacate(attendee, area, certain=certain, scan=scan, seen=seen)
        if key is not None:
            held = self.counters.get((key[0], key[1], area), Counters())
            self._count((key[0], key[1], area), replace(held, returned=held.returned + 1))


class FreesWhenDecided(Ledger):
    """Frees the seat that somebody leaves when that is decided, not when the door has shown it."""

    def await_shown(self, scan: str, pending: Any) -> None:
        super().await_shown(scan, replace(pending, frees=()))


class TrustsOthersPlaces(Centre):
    """Lets whoever is known to be inside come in again without a place, whoever let them in."""

    def unsure(self, area: str) -> Callable[[str], tuple[str, ...]]:
        return lambda who: ()


class OneDoubtForAll(Centre):
    """Takes a badge that was let in twice for one person."""

    def _keep_seats(self, *what: Any) -> None:
        pass


class SpendsTwice(Ledger):
    """Takes one way out for that of everybody with this badge who came in before."""

    def spend(self, attendee: str, areas: Any, scan: str) -> list[str]:
        return list(areas)


class LooksAtNobody(Ledger):
    """Takes whoever leaves before a person has looked into the case, and is told of later, for one seen inside."""

    def is_after_look(self, attendee: str, from_at: int | None) -> bool:
        return True


class PassesWhenDecided(Ledger):
    """Takes whom the centre has let through for one who passed as it decided that, not as their door showed it."""

    def passed(self, attendee: str, sighting: Sighting) -> None:
        pass


class ClosesAtOnce(Ledger):
    """Closes a case though a door has not told all of its badge."""

    def must_wait(self, scan: str, areas: Any) -> bool:
        return False


class ShownInOrder(Ledger):
    """Takes what the centre has decided first for what a door has shown first."""

    def passed(self, attendee: str, sighting: Sighting) -> None:
        seen = self.seen.get(attendee)
        if seen is not None and seen.scan == sighting.scan:
            super().passed(attendee, sighting)


class LeavesAtOnce(Ledger):
    """Takes who was let in, and is known to have left, for gone, whichever was first."""

    def left_after(self, shown: Any, to_at: int) -> None:
        super().left_after(shown, 0)


class AgreesBlindly(Centre):
    """Takes whom a door and the centre let in under one scan for one person, wherever the centre knew them."""

    def _agree(self, *what: Any) -> None:
        pass


class LeavesTwoSeats(Centre):
    """Takes a way out for that of two with one badge, whose seats are two doors' own: one of the doors has freed its
    own, and the other's passes for left as well."""

    def _agree(self, key: Any, row: Row, pending: Any, held: Any, closed: Any) -> None:
        super()._agree(key, row, pending if row.unsure else replace(pending, owned=()), held, closed)


class BelievesUnshown(Centre):
    """Takes a decision that was not shown yet for a proof that somebody has left."""

    def _vacate(self, *what: Any) -> bool:
        pending, self.ledger.pending = self.ledger.pending, {}
        certain = super()._vacate(*what)
        self.ledger.pending = pending
        return certain


class EmptiesRooms(Centre):
    """Takes whoever goes out of the house for one whom the headcount of their room has met."""

    def _vacate(self, attendee: str, area: str, when: Order, sighting: Sighting, out_of: str | None = None) -> bool:
        return super()._vacate(attendee, area, when, sighting, area if out_of is not None else None)


class WaitsForTheLast(Centre):
    """Takes somebody who has left for gone, though a door may still let them in: but for the last of the doors at which
    their badge was seen."""

    def _vacate(self, attendee: str, *what: Any) -> bool:
        seen, pending = self.ledger.seen.get(attendee), self.ledger.pending
        last = seen.scan if seen is not None else ""
        self.ledger.pending = {scan: one for scan, one in pending.items() if one.attendee != attendee or scan == last}
        certain = super()._vacate(attendee, *what)
        self.ledger.pending = pending | self.ledger.pending
        return certain


class BelievesHearsay(Centre):
    """Takes a door that had heard of what the centre decided for one that knew it as shown."""

    def _went_out(self, row: Row, attendee: str, sighting: Sighting, closed: Any) -> None:
        seen = self.ledger.seen.get(attendee)
        if seen is not None and seen.scan == sighting.after:
            self.ledger.see(attendee, replace(seen, shown_at=0))
        super()._went_out(row, attendee, sighting, closed)


class KnowsByBadge(Centre):
    """Takes the rows of one badge for one scan."""

    def _take(self, key: Any, row: Row, to_at: int, now: int) -> None:
        for scan in list(self.ledger.pending):
            if row.attendee is not None and self.ledger.pending[scan].attendee == row.attendee:
                row = replace(row, scan=replace(row.scan, id=scan))
        super()._take(key, row, to_at, now)


class NeverTakesBack(Centre):
    """Leaves an admission as it is that the door did not show."""

    def _take_back(self, *what: Any) -> None:
        pass


class SureHeadcounts(Ledger):
    """Takes every headcount for one that knew everybody who was let in."""

    def headcount(self, area: str, at: int, *, sure: bool) -> int:
        doorways = super().headcount(area, at, sure=sure)
        self._put("counted", self.counted, area, replace(self.counted[area], sure=True))
        return doorways

    def _blur(self, area: str) -> None:
        pass


class ForgetsStrangers(Ledger):
    """Takes a headcount for sure, though the one before has met somebody in doubt, who may be there still."""

    def headcount(self, area: str, at: int, *, sure: bool) -> int:
        if area in self.counted:
            self._put("counted", self.counted, area, replace(self.counted[area], strangers=False))
        return super().headcount(area, at, sure=sure)


class ForgetsOthers(Ledger):
    """Takes those without a badge whom one headcount has found for gone by the next."""

    def found_others(self, area: str) -> None:
        self._blur(area)


class ForgetsLostPages(Ledger):
    """Takes whom doors without a station let in after the backup for found by the headcount that follows, and known."""

    counts = False

    def is_frozen(self, area: str) -> bool:
        return not self.counts and super().is_frozen(area)

    def headcount(self, area: str, at: int, *, sure: bool) -> int:
        self.counts = True
        doorways = super().headcount(area, at, sure=sure)
        self.counts = False
        return doorways


class SeenInARoom(Ledger):
    """Takes who was seen in a room, before they come in again or since, for one whom the headcount has met."""

    def came_again(self, attendee: str, area: str, sighting: Sighting, *, gone: bool = False) -> None:
        seen = self.seen.get(attendee)
        if gone or seen is None or seen.area == area:
            super().came_again(attendee, area, sighting, gone=gone)


class LeavesAsMet(Ledger):
    """Takes who came in again, and had left when that was told, for one whom the headcount before has met."""

    def came_again(self, attendee: str, area: str, sighting: Sighting, *, gone: bool = False) -> None:
        if not gone:
            super().came_again(attendee, area, sighting)


class SeenSomeTime(Ledger):
    """Takes who was seen before a headcount or after it for one who was there since."""

    def may_be_missing(self, attendee: str, area: str) -> bool:
        seen = self.seen.get(attendee)
        after = seen is not None and area in self.counted and seen.to_at > self.counted[area].at
        return not after and super().may_be_missing(attendee, area)


class MissesLateReturns(Centre):
    """Takes who came in before they were seen elsewhere for none of those whom a headcount missed."""

    def _came_again(self, row: Row, attendee: str, sighting: Sighting) -> None:
        last = self.ledger.seen.get(attendee)
        if last is None or last.scan == row.scan.id or order(sighting, last) == "after":
            super()._came_again(row, attendee, sighting)


class CountsWhoIsLeaving(Ledger):
    """Takes a headcount for sure, though somebody was on their way out of the area, who may have stayed."""

    def headcount(self, area: str, at: int, *, sure: bool) -> int:
        doorways = super().headcount(area, at, sure=sure)
        counted = self.counted[area]
        self._put("counted", self.counted, area, replace(counted, sure=sure and not counted.strangers))
        return doorways

    def may_have_been_found(self, pending: Pending) -> None:
        pass


class DoubtsOnlyTheLast(Station):
    """Of the rows that were stored together before a stop only the last one is in doubt."""

    def _doubt(self, epoch: str, row: Row) -> None:
        if row.n == self.books[epoch].n:
            super()._doubt(epoch, row)


class GivesOnUnshown(Station):
    """Lets in on a seat that a way out has freed, of which nobody has been told yet."""

    def rights(self, area: str) -> int:
        return max(0, self.counters.get((self.state.epoch, area), Counters()).rights)


class GivesBackUnshown(Station):
    """Gives back a seat that a way out has freed, of which nobody has been told yet."""

    def waits_to_show(self, message: ToStation) -> bool:
        return False


class LeavesUnshown(Centre):
    """Takes whom a door has not shown their way out for gone from that door's own seat, where they were seen since."""

    def _take_back(self, row: Row, pending: Pending, now: int) -> None:
        last = self.ledger.seen.get(pending.attendee)
        if last is None or last.scan != row.scan.id:
            pending = replace(pending, owned=())
        super()._take_back(row, pending, now)


class CountsOwnSeats(Ledger):
    """Takes whom a headcount missed for gone, though their door may have freed their seat already."""

    def headcount(self, area: str, at: int, *, sure: bool) -> int:
        doorways = super().headcount(area, at, sure=sure)
        for doubt in [one for one in self.doubts if one[1] == area]:
            self._drop_doubt(doubt)
        return doorways


class ForgetsDoorways(Centre):
    """Counts an area without those whom it has just let in."""

    def headcount(self, area: str, now: int) -> int:
        super().headcount(area, now)
        return 0


class TakesStaleQuestions(Centre):
    """Answers a question however old it is, and orders it by when it came."""

    def receive(self, station: str, message: ToCentre, now: int) -> list[ToStation]:
        if hasattr(message, "from_at"):
            message = replace(message, from_at=now)
        return super().receive(station, message, now)


class TrustsClocks(Centre):
    """Orders passages by the doors' clocks."""

    def _went_out(self, row: Row, attendee: str, sighting: Sighting, closed: Any) -> None:
        super()._went_out(row, attendee, replace(sighting, from_at=sighting.at + 1_000_000_000), closed)


MUTANTS: Mapping[str, Parts] = {
    "shown before it is committed": Parts(door=ShowsFirst),
    "sent before it is committed": Parts(door=SendsFirst),
    "acknowledged before it is committed": Parts(door=Door, centre_disk=AcknowledgesFirst),
    "differences instead of totals": Parts(door=Door, station=Differences),
    "grants without looking at the pool": Parts(door=Door, centre=GrantsWithoutPool),
    "every exit frees a seat at its door": Parts(door=Door, station=CreditsEveryExit),
    "an exit frees a seat that was handed over": Parts(door=Door, station=CreditsHandedOver),
    "an exit elsewhere frees a station's seat": Parts(door=Door, ledger=FreesOthersSeats),
    "cut off, who is believed inside needs no seat": Parts(door=Door, station=BelievesPlaces),
    "cut off, who comes in again has left a seat of its own": Parts(door=Door, station=TakesOwnAgain),
    "one way out is that of two": Parts(door=Door, ledger=SpendsTwice),
    "one way out leaves the seats of two doors": Parts(door=Door, centre=LeavesTwoSeats),
    "who looks into a case counts nobody who has left": Parts(door=Door, ledger=LooksAtNobody),
    "a case is closed before every door has told": Parts(door=Door, ledger=ClosesAtOnce),
    "who was let in has left, whichever was first": Parts(door=Door, ledger=LeavesAtOnce),
    "who was let through has passed when that was decided": Parts(door=Door, ledger=PassesWhenDecided),
    "what was decided first was shown first": Parts(door=Door, ledger=ShownInOrder),
    "what a door has heard of has happened": Parts(door=Door, centre=BelievesHearsay),
    "linked, who is known to be inside needs no place": Parts(door=Door, centre=TrustsOthersPlaces),
    "a place is free when decided, not when shown": Parts(door=Door, ledger=FreesWhenDecided),
    "what the door did not show is not taken back": Parts(door=Door, centre=NeverTakesBack),
    "who was seen since has left, though not shown the way out": Parts(door=Door, centre=LeavesUnshown),
    "the last row before a stop counts as shown": Parts(door=Door, station=TrustsLastRow),
    "of rows stored together the last one alone is in doubt": Parts(door=GatheringDoor, station=DoubtsOnlyTheLast),
    "a seat is given on before it was shown what freed it": Parts(door=GatheringDoor, station=GivesOnUnshown),
    "a seat is given back before it was shown what freed it": Parts(door=GatheringDoor, station=GivesBackUnshown),
    "a question from before a stop stays open": Parts(door=Door, station=ForgetsAsked),
    "a scan is known by its badge": Parts(door=Door, centre=KnowsByBadge),
    "a badge let in twice is one person": Parts(door=Door, centre=OneDoubtForAll),
    "door and centre let in one person": Parts(door=Door, centre=AgreesBlindly),
    "a seat handed over is free, though left unseen": Parts(door=Door, ledger=HandsOverLeaving),
    "a decision not yet shown proves a way out": Parts(door=Door, centre=BelievesUnshown),
    "whom one door has seen last no other lets in any more": Parts(door=Door, centre=WaitsForTheLast),
    "no seat stays in doubt": Parts(door=Door, ledger=NoDoubts),
    "doors' clocks tell the order": Parts(door=Door, centre=TrustsClocks),
    "a stale question is answered": Parts(door=Door, centre=TakesStaleQuestions),
    "a disk put back is not noticed": Parts(door=NoMark),
    "a retired station goes on with its rights": Parts(door=KeepsRetired),
    "a new epoch frees the seats of the one before": Parts(door=Door, ledger=FreesRetired),
    "a lost epoch is not told of": Parts(door=Door, station=ForgetsLostEpoch),
    "a restored centre keeps its generation": Parts(door=Door, ledger=SameGeneration),
    "a station takes any generation": Parts(door=Door, station=AnyGeneration),
    "a restored centre gives away at once": Parts(door=Door, ledger=NoFreeze),
    "it waits for totals, not for rows": Parts(door=Door, ledger=FreezesUntilReported),
    "it takes a broken log for whole": Parts(door=Door, ledger=TakesBrokenLogs),
    "nobody counts behind doors without a station": Parts(door=Door, centre_disk=CountsNothing),
    "what it lacks is not sent anew": Parts(door=Door, station=NeverUploadsAnew),
    "a revoked station is gone with its places": Parts(door=Door, station=GoesWithItsPlaces),
    "a headcount forgets who is in the doorway": Parts(door=Door, centre=ForgetsDoorways),
    "a headcount frees what a door may have freed": Parts(door=Door, ledger=CountsOwnSeats),
    "an all-clear frees the seats of every door": Parts(door=Door, ledger=FreesAtAllClear),
    "an all-clear does not reach the doors": Parts(door=Door, station=MissesAllClear),
    "who was in doubt is known to the next headcount": Parts(door=Door, ledger=ForgetsStrangers),
    "who has no badge is gone by the next headcount": Parts(door=Door, ledger=ForgetsOthers),
    "who was lost with the centre is known to the next headcount": Parts(door=Door, ledger=ForgetsLostPages),
    "who may have been seen after a headcount is there": Parts(door=Door, ledger=SeenSomeTime),
    "who was seen in a room is there, as the house is counted": Parts(door=Door, ledger=SeenInARoom),
    "who came back, and left before that was told, was not missing": Parts(door=Door, ledger=LeavesAsMet),
    "who came back before they were seen was not missing": Parts(door=Door, centre=MissesLateReturns),
    "who is leaving as it is counted is not there": Parts(door=Door, ledger=CountsWhoIsLeaving),
    "who goes out of the house was found in their room": Parts(door=Door, centre=EmptiesRooms),
    "every headcount is sure": Parts(door=Door, ledger=SureHeadcounts),
}
