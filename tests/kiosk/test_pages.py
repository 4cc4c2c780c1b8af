"""What a station's pages can do, linked and cut off: a real centre, a real station, and the calls of its faces."""

from __future__ import annotations

import json
import os
import time
import tty
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from checkin.core.link import PATIENCE_MS
from tests.kiosk.real import Program, Real, Station, free_port, real, until
from tests.served import PASSWORD
from tests.venue import SLUG
from tests.web.test_camera import jpeg, picture

CENTRE = f"/centre/api/v1/events/{SLUG}"
HERE = f"/api/v1/events/{SLUG}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Real, Station]]:
    with real(tmp_path_factory.mktemp("station"), house=40) as (centre, station):
        yield centre, station("D1")


@pytest.fixture
def place(made: tuple[Real, Station]) -> Iterator[tuple[Real, Station]]:
    """A centre, and a station at the entrance that is linked."""
    made[1].wait_for_rights(4)
    yield made
    if made[1].line.is_cut:
        made[1].line.mend()


def browser(door: Station) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{door.port}", trust_env=False, timeout=10)


def log_in(client: httpx.Client) -> None:
    sent = client.post("/api/v1/login", json={"name": "Orga", "password": PASSWORD})
    assert sent.status_code == 200, sent.text


def cut(door: Station) -> None:
    door.line.cut()
    until(lambda: door.state()["link"] == "cut", "the station knows that it is cut off", 20)


def mend(door: Station) -> None:
    door.line.mend()
    door.wait_for_rights(4)
    until(lambda: door.state()["waiting"] == 0, "all rows are at the centre", 25)


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["attendees"]]


def told(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=10))
        if message["type"] == kind:
            return message


def test_desk_is_the_centres_by_the_operators_own_login_and_nobody_elses(place: tuple[Real, Station]) -> None:
    _, door = place
    with browser(door) as client:
        assert client.get(f"{CENTRE}/attendees?q=ada").status_code == 401, "the station's own token opens no desk"
        assert client.get("/centre/api/v1/me").status_code == 401
        assert client.get(f"{HERE}/attendees?q=ada").status_code == 403
        assert client.get("/login").headers["content-type"].startswith("text/html")
        log_in(client)
        assert "desk" in client.get("/centre/api/v1/me").json()["may"]
        assert "Ada Nr a1" in names(client.get(f"{CENTRE}/attendees", params={"q": "ada"}))
        for path in ("/centre/api/v1/operators", "/centre/api/v1/events/another/attendees?q=a", "/centre/audit"):
            assert client.get(path).status_code == 404, path
        other = {"Origin": "http://evil.example"}
        assert client.post(f"{CENTRE}/scans", json={}, headers=other).status_code == 403
        foreign = client.post(f"{CENTRE}/scans", json={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403, "the centre hears where a call came from"
        assert client.post(f"{CENTRE}/prints", content=b"x" * 1_100_000).status_code == 413


def test_desk_that_was_logged_in_goes_on_cut_off_and_what_it_did_reaches_the_centre_once(
    place: tuple[Real, Station],
) -> None:
    centre, door = place
    inside = centre.inside("house")
    with browser(door) as client, browser(door) as stranger:
        log_in(client)
        may = client.get("/centre/api/v1/me").json()["may"]
        cut(door)
        told = client.get(f"{CENTRE}/attendees?q=ada")
        assert (told.status_code, told.json()["code"]) == (503, "station_cut")
        assert client.get("/login").headers["location"] == "/"
        assert sorted(client.get("/centre/api/v1/me").json()["may"]) == sorted(may)
        assert stranger.get("/centre/api/v1/me").status_code == 503
        assert stranger.get(f"{HERE}/attendees?q=ada").json()["code"] == "station_no_login"
        assert names(client.get(f"{HERE}/attendees", params={"q": "ada a7"})) == ["Ada Nr a7"]
        code = centre.codes["a7"]
        assert names(client.post(f"{HERE}/attendees/by-code", json={"code": code})) == ["Ada Nr a7"]
        scan = {"id": str(uuid.uuid4()), "attendee": "a7", "door": "D1", "direction": "entry"}
        assert stranger.post(f"{HERE}/scans", json=scan).status_code == 403
        answer = client.post(f"{HERE}/scans", json=scan).json()
        assert (answer["outcome"], answer["provisional"]) == ("admitted", True)
        assert client.get(f"{HERE}/attendees/a7").json()["area"] == "house"
        again = client.post(f"{HERE}/scans", json=scan | {"id": str(uuid.uuid4())}).json()
        assert again["reason"] == "already_inside"
        mend(door)
        assert centre.inside("house") == inside + 1
        found = client.get(f"{CENTRE}/attendees", params={"q": "ada a7"}).json()["attendees"]
        assert [one["area"] for one in found] == ["house"]
        assert client.post("/api/v1/logout").status_code == 204
        cut(door)
        assert client.get(f"{HERE}/attendees?q=ada").status_code == 403
        mend(door)
        centre.verify()


def test_displays_go_on_from_the_last_counts_and_a_restart_keeps_them(place: tuple[Real, Station]) -> None:
    centre, door = place
    with browser(door) as client:
        for door_of in (f"/events/{SLUG}/door/D2", "/events/another/door/D1"):
            assert client.get(door_of).headers["location"] == "/door", door_of
        sent = {"id": str(uuid.uuid4()), "code": centre.codes["a8"], "door": "D1"}
        for api, change in ((HERE, {"door": "D2"}), ("/api/v1/events/another", {})):
            refused = client.post(f"{api}/scans", json=sent | change)
            assert (refused.status_code, refused.json()["code"]) == (403, "station_other_door")
            assert "Süd" in refused.json()["detail"]
        for face in ("board", "room/P", "door/D1", "clicker/house"):
            assert client.get(f"/events/{SLUG}/{face}").headers["content-type"].startswith("text/html"), face
        assert client.get(f"{HERE}/sessions").json() == {"sessions": []}
        address = f"ws://127.0.0.1:{door.port}{HERE}/live"
        with connect(address, proxy=None) as socket:
            areas = {one["id"]: one for one in told(socket, "snapshot")["areas"]}
            assert set(areas) == {"house", "P", "T", "wing", "G"}
            before = areas["house"]["inside"]
            cut(door)
            took = []
            for _ in range(5):
                started = time.monotonic()
                door.scan("NOBODY")
                took.append(time.monotonic() - started)
            assert min(took) < PATIENCE_MS / 1000, "nobody waits for a link that is known to be gone"
            assert door.scan(centre.codes["a8"])["provisional"]
            (changed,) = told(socket, "occupancy")["areas"]
            assert (changed["id"], changed["inside"]) == ("house", before + 1)
        door.program.stop()
        door.start()
        with connect(address, proxy=None) as socket:
            (house,) = [one for one in told(socket, "snapshot")["areas"] if one["id"] == "house"]
            assert house["inside"] == before + 1
        assert door.state()["since"] is not None
        mend(door)


def test_clicks_at_the_stations_door_count_once_and_wait_while_it_is_cut_off(place: tuple[Real, Station]) -> None:
    centre, door = place
    before = centre.inside("house")
    click = {"id": str(uuid.uuid4()), "area": "house", "change": 1}
    with browser(door) as client:
        assert client.get("/api/v1/me").json()["may"] == ["read", "scan", "click"]
        assert client.post(f"{HERE}/corrections", json=click).status_code == 201
        assert client.post(f"{HERE}/corrections", json=click).status_code == 200
        assert centre.inside("house") == before + 1
        assert client.post(f"{HERE}/corrections/{click['id']}/undo").status_code == 200
        assert centre.inside("house") == before
        wrong: tuple[dict[str, Any], ...] = ({"area": "P", "change": 1}, {"area": "house", "headcount": 3})
        for sent in wrong:
            assert client.post(f"{HERE}/corrections", json={"id": str(uuid.uuid4()), **sent}).status_code == 403
        cut(door)
        later = {"id": str(uuid.uuid4()), "area": "house", "change": 1}
        answer = client.post(f"{HERE}/corrections", json=later)
        assert (answer.status_code, answer.json()["code"]) == (503, "station_cut")
        mend(door)
        assert client.post(f"{HERE}/corrections", json=later).status_code == 201
        assert client.post(f"{HERE}/corrections/{later['id']}/undo").status_code == 200
    with httpx.Client(base_url=f"http://127.0.0.1:{centre.port}", trust_env=False) as stranger:
        path = f"{HERE}/stations/corrections"
        assert stranger.post(path, json=click).status_code == 401
        token = json.loads((door.keeper / "pairing.json").read_text())["token"]
        stranger.headers["Authorization"] = f"Bearer {token}"
        assert stranger.post(path, json=click).status_code == 200
        assert (
            stranger.post(path, json=click | {"id": str(uuid.uuid4()), "headcount": 1, "change": None}).status_code
            == 403
        )
        assert stranger.get(f"{HERE}/attendees?q=ada").status_code == 401, "the link's token opens nothing else"


def test_evacuation_is_called_at_a_door_that_is_cut_off_and_ends_with_the_link(place: tuple[Real, Station]) -> None:
    centre, door = place
    with browser(door) as client:
        assert client.post(f"{HERE}/evacuation", json={"state": "evacuation"}).json()["code"] == "station_linked"
        cut(door)
        assert client.post(f"{HERE}/evacuation", json={"state": "evacuation"}).status_code == 204
        assert door.scan(centre.codes["a9"])["reason"] == "evacuation"
        assert door.scan(centre.codes["a9"], "exit")["outcome"] == "admitted"
        mend(door)
        until(lambda: door.scan(centre.codes["a9"])["outcome"] == "admitted", "the centre has called none")


def test_full_disk_is_said_and_the_station_goes_on_once_there_is_space(place: tuple[Real, Station]) -> None:
    centre, door = place
    with browser(door) as client:
        door.program.let_write(False)
        sent = {"id": str(uuid.uuid4()), "code": centre.codes["a10"], "door": "D1"}
        answer = client.post(f"{HERE}/scans", json=sent)
        assert (answer.status_code, answer.json()["code"]) == (503, "station_disk_full")
        health = client.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "disk_full")
        assert health.json()["station"]["disk"] == "full"
        door.program.let_write(True)
        until(lambda: client.get("/health").status_code == 200, "it goes on")
        assert client.post(f"{HERE}/scans", json=sent).json()["outcome"] == "admitted"


def test_station_reads_its_own_scanner_and_its_camera_while_it_is_cut_off(place: tuple[Real, Station]) -> None:
    centre, door = place
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    door.program.stop()
    port = free_port()
    where = ["--data", str(door.data), "--keeper", str(door.keeper), "--port", str(port)]
    program = Program(["kiosk", "run", *where, "--scanner", os.ttyname(theirs)], door.data.parent / "scanner.log")
    door.line.cut()
    program.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            until(lambda: client.get("/health").is_success, "it runs without its centre", 30, program.said)
            assert client.get("/door").headers["location"].endswith("/door/D1?screen=station")
            address = f"ws://127.0.0.1:{port}{HERE}"
            with connect(f"{address}/screens/station/doors/D1", proxy=None) as screen:
                until(lambda: "is read." in program.log.read_text(), "the scanner is found", 20, program.said)
                os.write(ours, centre.codes["a11"].encode() + b"\r\n")
                shown = json.loads(screen.recv(timeout=10))
                assert (shown["answer"]["outcome"], shown["answer"]["provisional"]) == ("admitted", True)
                assert shown["scan"]["code"] == centre.codes["a11"]
            health = client.get("/health").json()
            assert (health["scanner"], health["scanner_fault"]) == (os.ttyname(theirs), "")
            with connect(f"{address}/camera", proxy=None) as camera:
                camera.send(jpeg(picture(centre.codes["a12"])))
                assert json.loads(camera.recv(timeout=10)) == {"codes": [centre.codes["a12"]]}
            os.close(theirs)
            os.close(ours)
            until(lambda: client.get("/health").json()["scanner_fault"], "the scanner is gone", 10)
    finally:
        program.stop()
        door.line.mend()
        door.start()
    mend(door)
