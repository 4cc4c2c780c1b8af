"""A station as it runs, without a centre."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from checkin.core.admission import Bearer
from checkin.core.errors import CheckinError, Conflict, NotAllowed
from checkin.core.link import PATIENCE_MS, Answer, Totals
from checkin.core.model import Scan
from checkin.core.reference import People, Person, VenueNow, Welcome
from checkin.core.schedule import Programme
from kiosk.__main__ import main as command
from kiosk.keeper import Keeper, Pairing
from kiosk.link import NotTaken
from kiosk.main import KEPT_S, Kiosk, NotReady
from kiosk.pairing import pair
from kiosk.station import Moment, Store
from kiosk.store import Disk
from tests.kiosk.test_counts import area
from tests.venue import at, layout

KEY = bytes(range(32))
ADA = Person(bearer=Bearer(attendee="a1", group="gast", registration="registered"), name="Ada Lovelace")


def station(folder: Path, *, house: int | None = None, door: str = "D1") -> Kiosk:
    """At a door of the house, without a limit unless said, with one badge that it knows."""
    keeper = Keeper(folder / "keeper")
    pairing = Pairing(url="http://127.0.0.1:9", event="tagung", station="s", door=door, token="t")
    if keeper.key() is None:
        keeper.keep_key(KEY)
        keeper.keep_pairing(pairing)
        disk = Disk(folder / "station.db", KEY)
        venue = layout(house=house)
        disk.keep_venue(VenueNow.of(venue, Programme(venue.event)))
        raw = msgspec.Raw(msgspec.msgpack.encode(ADA))
        disk.keep_people(People(changed=(("BADGE", raw),)), [])
        disk.close()
    kiosk = Kiosk(folder, keeper, pairing, stopped=lambda: None)
    kiosk.start()
    return kiosk


def has_station(kiosk: Kiosk) -> bool:
    return kiosk.station is not None


def scan(id: str, code: str = "BADGE", door: str = "D1") -> Scan:
    return Scan(id=id, code=code, door=door)


def hear(kiosk: Kiosk, at: int, *, frozen: bool = False, **granted: int) -> None:
    """A word of the centre."""
    assert kiosk.station is not None
    epoch = kiosk.station.state.epoch
    kiosk._heard(Totals(generation=1, at=at, epoch=epoch, granted=granted, keep=granted, have={}, frozen=frozen))


def test_station_alone_answers_and_gives_the_same_answer_again_after_a_new_start(tmp_path: Path) -> None:
    async def run() -> None:
        kiosk = station(tmp_path)
        answer, repeated = await kiosk.scan(scan("s1", " badge "))
        assert (answer.outcome, answer.kind, answer.provisional, repeated) == ("admitted", "arrival", True, False)
        assert answer.attendee is not None
        assert answer.attendee.name == "Ada Lovelace"
        assert (await kiosk.scan(scan("s1", " badge "))) == (answer, True)
        with pytest.raises(Conflict):
            await kiosk.scan(scan("s1", "OTHER"))
        kiosk.close()
        again = station(tmp_path)
        told, repeated = await again.scan(scan("s1", " badge "))
        assert (told.outcome, told.provisional, repeated) == ("admitted", True, True)
        assert (await again.scan(scan("s2")))[0].reason == "already_inside"
        again.close()

    asyncio.run(run())


def test_scan_at_another_door_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    async def run() -> None:
        kiosk = station(tmp_path)
        with pytest.raises(NotAllowed, match="door Süd"):
            await kiosk.scan(scan("s1", door="D2"))
        assert kiosk.state().waiting == 0
        assert kiosk.station is not None
        assert not kiosk.station.asked
        kiosk.close()

    asyncio.run(run())


def test_door_without_places_of_its_own_does_not_say_that_the_house_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        monkeypatch.setattr("kiosk.main._now", lambda: Moment(wall=at("10:00"), steady=0))
        kiosk = station(tmp_path, house=10)
        answer, _ = await kiosk.scan(scan("s1"))
        assert (answer.outcome, answer.reason) == ("refused", "area_full")
        assert answer.hint["de"] == "Diese Tür darf ohne Zentrale niemanden mehr einlassen"
        assert answer.way is not None
        assert answer.way["de"] == "Bitte warten lassen und die Leitung fragen", "another door may be cut off as well"
        kiosk.close()
        closed = station(tmp_path / "closed", house=0)
        answer, _ = await closed.scan(scan("s1"))
        assert answer.hint["de"] == "Haus voll – bitte warten", "no door lets anybody in there"
        closed.close()

    asyncio.run(run())


def test_code_that_a_door_was_not_told_of_yet_is_not_called_unknown(tmp_path: Path) -> None:
    async def run() -> None:
        kiosk = station(tmp_path)
        kiosk._heard(People(left=700))
        answer, _ = await kiosk.scan(scan("s1", "OTHER"))
        assert (answer.reason, answer.hint["en"]) == ("code_unknown", "This door does not know everybody yet")
        assert kiosk.health().people_left == 700
        kiosk.close()
        again = station(tmp_path)
        assert again.health().people_left == 700
        again._heard(People())
        answer, _ = await again.scan(scan("s2", "OTHER"))
        assert answer.hint["en"] == "Unknown code"
        again.close()

    asyncio.run(run())


def test_scans_that_come_together_are_stored_and_marked_together_before_any_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    commit, keep_mark, show = Disk.commit, Keeper.keep_mark, Kiosk._show

    def noted(name: str, what: Any) -> Any:
        def do(*arguments: Any) -> None:
            done.append(name)
            what(*arguments)

        return do

    async def run() -> None:
        kiosk = station(tmp_path)
        monkeypatch.setattr(Disk, "commit", noted("stored", commit))
        monkeypatch.setattr(Keeper, "keep_mark", noted("marked", keep_mark))
        monkeypatch.setattr(Kiosk, "_show", noted("shown", show))
        answers = await asyncio.gather(*(kiosk.scan(scan(f"s{n}")) for n in range(3)))
        assert [answer.outcome for answer, _ in answers] == ["admitted", "refused", "refused"]
        assert done == ["stored", "marked", "shown", "shown", "shown"]
        kiosk.close()

    asyncio.run(run())


def test_what_the_centre_has_told_is_stored_soon_and_with_what_comes_meanwhile(tmp_path: Path) -> None:
    def granted(folder: Path) -> int:
        disk = Disk(folder / "station.db", KEY)
        counters = disk.load()["counters"]
        disk.close()
        return sum(getattr(one, "granted", 0) for one in counters.values())

    async def run() -> None:
        kiosk = station(tmp_path)
        assert kiosk.station is not None
        epoch = kiosk.station.state.epoch
        kiosk._heard(
            Totals(generation=1, at=at("10:00"), epoch=epoch, granted={"house": 3}, keep={"house": 3}, have={})
        )
        shutil.copytree(tmp_path, tmp_path / "before", ignore=shutil.ignore_patterns("*.lock"))
        await asyncio.sleep(KEPT_S * 2)
        shutil.copytree(tmp_path, tmp_path / "after", ignore=shutil.ignore_patterns("*.lock", "before"))
        assert (granted(tmp_path / "before"), granted(tmp_path / "after")) == (0, 3)
        kiosk.close()

    asyncio.run(run())


def test_door_of_a_centre_that_was_put_back_says_so_and_is_slow_only_where_patience_ran_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        kiosk = station(tmp_path, house=10)
        kiosk.counts.areas["house"] = area("house")
        hear(kiosk, at("10:00"), frozen=True)
        assert kiosk.state().link == "restored"
        asking = asyncio.create_task(kiosk.scan(scan("s1")))
        await asyncio.sleep(0)
        kiosk._heard(Answer(generation=1, at=at("10:00"), scan="s1", decision=None))
        answer, _ = await asking
        assert answer.provisional
        assert answer.hint["de"].startswith("Die Zentrale wurde zurückgespielt")
        hear(kiosk, at("10:01"), house=3)
        assert kiosk.state().link == "linked", "the centre has answered in time that the door decides"
        asking = asyncio.create_task(kiosk.scan(scan("s2")))
        ticking = asyncio.create_task(kiosk._tick())
        await asyncio.wait_for(asking, PATIENCE_MS / 1000 + 1)
        ticking.cancel()
        assert kiosk.state().link == "slow"
        assert (kiosk.counts.areas["house"].inside, kiosk.state().places) == (4, 2), (
            "who was let in meanwhile is counted"
        )
        monkeypatch.setattr("kiosk.main.SLOW_MS", 0)
        assert kiosk.state().link == "slow", "until the centre is heard again"
        hear(kiosk, at("10:02"))
        assert kiosk.state().link == "linked"
        kiosk.close()

    asyncio.run(run())


def test_station_whose_clock_is_wrong_shows_and_decides_by_the_centres_also_after_a_new_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        passed_ms = 0
        monkeypatch.setattr("kiosk.main._now", lambda: Moment(wall=at("20:00") + passed_ms, steady=passed_ms))
        kiosk = station(tmp_path, door="D2")  # closes at 18:00
        hear(kiosk, at("10:00"))
        assert kiosk.now() == at("10:00")
        kiosk.close()
        passed_ms = 600_000
        again = station(tmp_path, door="D2")
        answer, _ = await again.scan(scan("s1", door="D2"))
        assert answer.outcome == "admitted"
        assert (answer.received_at[11:16], str(again.state().since)[11:16]) == ("10:10", "10:00")
        assert (belief := again.belief("a1")) is not None
        assert belief.presence is not None
        assert belief.presence.since_at == at("10:10")
        health = again.health()
        assert (health.at[11:16], health.clock[11:16]) == ("10:10", "20:10")
        assert (health.clock_off_s, health.clock_guessed) == (36_000, True)
        again._heard(Welcome(event="tagung", door="D2", key=KEY, real_time=False))
        assert again.health().clock_off_s is None, "the centre's day is not today's hour"
        again.close()

    asyncio.run(run())


def test_key_beside_the_data_is_told_apart_from_one_on_another_medium(tmp_path: Path) -> None:
    assert Keeper(tmp_path / "data" / "keeper").lies_beside(tmp_path / "data")
    assert not Keeper(Path("/proc")).lies_beside(tmp_path)


def test_key_that_is_taken_away_stops_the_station_says_so_and_is_not_made_anew(tmp_path: Path) -> None:
    async def run() -> None:
        kiosk = station(tmp_path)
        kiosk.counts.areas["house"] = area("house")
        assert (await kiosk.scan(scan("s0", "OTHER")))[0].reason == "code_unknown"
        assert kiosk.counts.areas["house"].inside == 3
        assert kiosk.station is not None
        before = kiosk.station.state.epoch
        (tmp_path / "keeper").rename(tmp_path / "pulled")
        assert (kiosk.health().status, kiosk.state().keeper) == ("keeper_missing", "missing"), "before anybody scans"
        with pytest.raises(NotReady, match="Put the stick back in"):
            await kiosk.scan(scan("s2"))
        with pytest.raises(NotTaken):
            kiosk._heard(VenueNow.of(layout(house=5), Programme(layout(house=5).event)))
        assert not (tmp_path / "keeper").exists()
        where = ["--data", str(tmp_path), "--keeper", str(tmp_path / "keeper")]
        told = CliRunner().invoke(command, ["run", *where])
        assert "The key is missing" in told.output
        ticking = asyncio.create_task(kiosk._tick())
        await asyncio.sleep(0.3)
        assert not has_station(kiosk)
        (tmp_path / "pulled").rename(tmp_path / "keeper")
        while not has_station(kiosk):
            await asyncio.sleep(0.01)
        assert (kiosk.health().status, kiosk.station.state.epoch) == ("ok", before), "its disk was not put back"
        assert kiosk.state().keeper == "ok"
        assert kiosk.counts.areas["house"].inside == 4, (
            "what was stored as the key went counts, as it does at the centre"
        )
        ticking.cancel()
        kiosk.close()

    asyncio.run(run())


def test_words_that_are_of_a_scanner_need_one(tmp_path: Path) -> None:
    told = CliRunner().invoke(command, ["run", "--data", str(tmp_path), "--direction", "exit"])
    assert told.exit_code == 2
    assert "--direction is of a scanner" in told.output


def test_port_that_somebody_else_has_is_said_before_the_station_begins(tmp_path: Path) -> None:
    pairing = Pairing(url="https://centre.example", event="tagung", station="s", door="D1", token="t")
    Keeper(tmp_path / "keeper").keep_pairing(pairing)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = CliRunner().invoke(command, ["run", "--data", str(tmp_path), "--port", port])
    assert told.exit_code == 1
    assert f"Port {port} cannot be had" in told.output
    assert not (tmp_path / "station.db").exists()


def test_pairing_without_a_code_says_what_is_missing(tmp_path: Path) -> None:
    for code in ("", "https://centre.example/pair#"):
        told = CliRunner().invoke(command, ["pair", "https://centre.example", code, "--data", str(tmp_path / "data")])
        assert told.exit_code == 2
        assert "pairing link of the page" in told.output


def test_station_that_starts_on_a_full_disk_goes_on_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        station(tmp_path).close()

        def full(self: Disk) -> VenueNow | None:
            raise sqlite3.OperationalError("disk I/O error")

        with monkeypatch.context() as context:
            context.setattr(Disk, "venue", full)
            kiosk = station(tmp_path)
            assert not has_station(kiosk)
            with pytest.raises(NotReady):
                await kiosk.scan(scan("s1"))
            assert (kiosk.health().status, kiosk.state().disk) == ("disk_full", "full"), "it is not the network"
        ticking = asyncio.create_task(kiosk._tick())
        while not has_station(kiosk):
            await asyncio.sleep(0.01)
        assert (await kiosk.scan(scan("s1")))[0].outcome == "admitted"
        ticking.cancel()
        kiosk.close()

    asyncio.run(run())


def test_people_that_the_disk_does_not_take_come_again_with_another_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kiosk = station(tmp_path)
    raw, before = msgspec.Raw(msgspec.msgpack.encode(ADA)), kiosk.people.has()

    def full(self: Disk, *_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as context:
        context.setattr(Disk, "keep_people", full)
        with pytest.raises(NotTaken):
            kiosk._heard(People(changed=(("NEW", raw),)))
    assert kiosk.people.has() == before, "the centre sends them again"
    kiosk.close()


def test_full_disk_gives_no_answer_and_the_station_goes_on_once_there_is_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        kiosk = station(tmp_path)

        def full(self: Disk, store: Store) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as context:
            context.setattr(Disk, "commit", full)
            with pytest.raises(NotReady):
                await kiosk.scan(scan("s1"))
            assert not has_station(kiosk)
        ticking = asyncio.create_task(kiosk._tick())
        while not has_station(kiosk):
            await asyncio.sleep(0.01)
        answer, repeated = await kiosk.scan(scan("s1"))
        assert (answer.outcome, answer.kind, repeated) == ("admitted", "arrival", False)
        ticking.cancel()
        kiosk.close()

    asyncio.run(run())


def test_code_is_not_used_up_by_an_answer_that_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    told = {"event": "tagung", "station": "s", "door": "D1", "key": "AAAA"}

    def post(url: str, json: dict[str, str], **_: object) -> httpx.Response:
        sent.append(json["token"])
        if len(sent) == 1:
            raise httpx.ReadTimeout("lost on its way")
        return httpx.Response(200, json=told)

    monkeypatch.setattr("kiosk.pairing.httpx.post", post)
    keeper = Keeper(tmp_path)
    with pytest.raises(CheckinError):
        pair("https://centre.example", "CODE", keeper)
    pairing = pair("https://centre.example", "CODE", Keeper(tmp_path))
    assert [pairing.token, *sent] == [pairing.token] * 3
    assert Keeper(tmp_path).offer("ANOTHER") != pairing.token
