"""A real centre and real stations as processes, over lines that are cut."""

from __future__ import annotations

import signal
import time
import uuid
from pathlib import Path

from checkin.core.link import PATIENCE_MS
from tests.kiosk.real import Real, Station, real, until

PATIENCE_S = PATIENCE_MS / 1000


def caught_up(centre: Real, *stations: Station) -> None:
    """Every row is at the centre, and the counts add up."""

    def are_up() -> bool:
        states = [one.state() for one in stations]
        return all(state["link"] != "cut" and state["waiting"] == 0 for state in states)

    until(are_up, "all rows are at the centre", 25)
    centre.verify()


def test_linked_station_lets_in_by_the_centre_and_shows_names(tmp_path: Path) -> None:
    with real(tmp_path) as (centre, station):
        door = station("D1")
        door.wait_for_link()
        answer = door.scan(centre.codes["a1"])
        assert (answer["outcome"], answer["kind"], answer["provisional"]) == ("admitted", "arrival", False)
        assert answer["attendee"]["name"] == "Ada Nr a1"
        again = door.scan(centre.codes["a1"])
        assert (again["outcome"], again["reason"]) == ("refused", "already_inside")
        assert door.scan(centre.codes["a1"], "exit")["kind"] == "exit"
        caught_up(centre, door)
        assert centre.inside("house") == 0


def test_cut_off_station_goes_on_within_the_patience_and_catches_up_once(tmp_path: Path) -> None:
    with real(tmp_path) as (centre, station):
        door = station("D1")
        door.wait_for_link()
        door.wait_for_rights(4)
        door.line.cut()
        started = time.monotonic()
        first = door.scan(centre.codes["a1"])
        assert time.monotonic() - started < PATIENCE_S + 1
        assert (first["outcome"], first["provisional"]) == ("admitted", True)
        assert first["attendee"]["name"] == "Ada Nr a1"
        ids = [str(uuid.uuid4()) for _ in range(3)]
        for id, who in zip(ids, ("a2", "a3", "a1"), strict=True):
            assert door.scan(centre.codes[who], id=id)["provisional"]
        assert door.scan(centre.codes["a2"], id=ids[0])["outcome"] == "admitted", "the same scan, the same answer"
        assert door.scan("NOBODY")["reason"] == "code_unknown"
        assert centre.inside("house") == 0
        door.line.mend()
        caught_up(centre, door)
        assert centre.inside("house") == 3
        arrived = sorted(str(who) for _, who, passage in centre.scans() if passage == "arrival")
        assert arrived == ["a1", "a2", "a3"]
        door.wait_for_link()


def test_station_does_not_wait_for_a_slow_link_and_a_scan_that_both_decide_is_one(tmp_path: Path) -> None:
    with real(tmp_path) as (centre, station):
        door = station("D1")
        door.wait_for_rights(2)
        door.line.delay_s = 0.7
        started = time.monotonic()
        answer = door.scan(centre.codes["a1"])
        assert time.monotonic() - started < PATIENCE_S + 1
        assert (answer["outcome"], answer["provisional"]) == ("admitted", True)
        assert door.state()["link"] == "slow"
        until(lambda: centre.inside("house") == 1, "the question came all the same")
        door.line.delay_s = 0.0
        caught_up(centre, door)
        assert [who for _, who, _ in centre.scans()] == ["a1"]
        assert centre.inside("house") == 1
        assert centre.organiser.get("/conflicts").json()["conflicts"] == []


def test_no_room_is_over_its_number_whoever_is_cut_off(tmp_path: Path) -> None:
    """Eight are approved for the hall, and eighteen come to three doors of it, of which two are cut off."""
    with real(tmp_path, guests=18, hall=8, house=40) as (centre, station):
        doors = [station("P-A"), station("P-B")]
        for door in doors:
            door.wait_for_rights(1, "P")
        for door in doors:
            door.line.cut()
        admitted: list[str] = []
        for n in range(18):
            code, id = centre.codes[f"a{n}"], str(uuid.uuid4())
            if n % 3 < 2:
                answer = doors[n % 3].scan(code)
            else:
                answer = centre.organiser.post("/scans", json={"id": id, "code": code, "door": "P-A"}).json()
            admitted += [f"a{n}"] if answer["outcome"] == "admitted" else []
        assert {int(who[1:]) % 3 for who in admitted} == {0, 1, 2}, "somebody came in at each door"
        assert len(admitted) <= 8
        for door in doors:
            door.line.mend()
        caught_up(centre, *doors)
        assert centre.inside("P") == len(admitted)
        for door in doors:
            door.wait_for_link()
        waiting = [f"a{n}" for n in range(18) if f"a{n}" not in admitted]

        def fills() -> bool:
            for n, who in enumerate(waiting):
                doors[n % 2].scan(centre.codes[who])
            return centre.inside("P") >= 8

        until(fills, "the last places are given when all are linked", 30)
        caught_up(centre, *doors)
        assert centre.inside("P") == 8
        assert centre.organiser.get("/conflicts").json()["conflicts"] == []


def test_killed_station_starts_without_the_centre_from_its_last_state(tmp_path: Path) -> None:
    with real(tmp_path) as (centre, station):
        door = station("D1")
        door.wait_for_link()
        door.wait_for_rights(4)
        door.line.cut()
        id = str(uuid.uuid4())
        assert door.scan(centre.codes["a1"], id=id)["outcome"] == "admitted"
        door.program.stop(signal.SIGKILL)
        centre.program.stop(signal.SIGKILL)
        door.start()
        assert door.scan(centre.codes["a1"], id=id)["outcome"] == "admitted", "it knows what it has shown"
        assert door.scan(centre.codes["a1"])["reason"] == "already_inside"
        answer = door.scan(centre.codes["a2"])
        assert (answer["outcome"], answer["provisional"], answer["attendee"]["name"]) == ("admitted", True, "Ada Nr a2")
        centre.start()
        door.line.mend()
        caught_up(centre, door)
        assert centre.inside("house") == 2


def test_copied_badge_at_two_doors_that_are_cut_off_is_a_conflict_for_a_person(tmp_path: Path) -> None:
    with real(tmp_path, hall=8, house=40) as (centre, station):
        doors = [station("P-A"), station("P-B")]
        for door in doors:
            door.wait_for_rights(1, "P")
        for door in doors:
            door.line.cut()
            assert door.scan(centre.codes["a1"])["outcome"] == "admitted"
        for door in doors:
            door.line.mend()
        caught_up(centre, *doors)
        assert centre.inside("P") == 1
        (conflict,) = centre.organiser.get("/conflicts").json()["conflicts"]
        assert (conflict["kind"], conflict["verdict"]) == ("badge_twice", None)
        assert "1 conflict is to be settled" in centre.command("station", "list", centre.slug)
        sent = {"kind": "badge_twice", "verdict": "copy", "inside": True}
        verdict = f"/conflicts/{conflict['id']}/verdict"
        # Not before both doors have handed over whom they let in.
        until(lambda: centre.organiser.post(verdict, json=sent).status_code == 204, "the case can be closed")
        assert centre.inside("P") == 2
        (settled,) = centre.organiser.get("/conflicts").json()["conflicts"]
        assert (settled["verdict"], settled["in_doubt"]) == ("copy", [])
        assert centre.organiser.post(verdict, json=sent).status_code == 409
        centre.verify()


def test_disk_of_a_station_shows_no_names_and_revoked_it_forgets_everything(tmp_path: Path) -> None:
    with real(tmp_path) as (centre, station):
        door = station("D1")
        door.wait_for_rights(1)
        door.scan(centre.codes["a1"])
        metrics = centre.organiser.get(f"http://127.0.0.1:{centre.port}/metrics").text
        assert f'checkin_stations{{event="{centre.slug}",link="linked"}} 1.0' in metrics
        on_disk = b"".join(file.read_bytes() for file in door.data.iterdir() if file.is_file())
        assert len(on_disk) > 10_000
        for told in (b"Ada", b"Nr a1", centre.codes["a1"].encode(), b"gast", b"Haus", b"tagung"):
            assert told not in on_disk, told
        assert centre.organiser.delete(f"/devices/{door.device}").status_code == 204
        assert door.program.process is not None
        assert door.program.process.wait(20) == 1
        until(lambda: b"revoked" in door.program.log.read_bytes(), "it says why")
        assert b"has not said that it has all" not in door.program.log.read_bytes()
        assert [seats["set_aside"] for seats in centre.shown(door)["seats"]] == [0], "it has given its places back"
        why = f"station {door.device}: the centre closes its link: revoked, or logged out"
        assert why in (tmp_path / "centre.log").read_text()
        assert [*door.keeper.iterdir()] == []
        assert [file.name for file in door.data.iterdir() if file.is_file()] == ["station.lock"]
        centre.verify()
