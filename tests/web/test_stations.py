"""Stations and their conflicts, as those who look after them get to see them."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from checkin.core import link
from checkin.core.conflict import Case, Side
from checkin.core.errors import Busy
from checkin.core.link import Answer, Ask, Log, Report, Row, Totals
from checkin.core.model import Scan
from checkin.core.reference import ToStationToo
from checkin.service.links import Links
from checkin.service.people import add_device, new_token, start_pairing, wall_ms
from checkin.service.stations import pair_station, put_back
from checkin.store import stations
from checkin.store.engine import Transaction
from checkin.store.facts import scans_by_door
from checkin.web.stations import AHEAD_MAX
from tests.served import Served
from tests.venue import SLUG, at

_heard = msgspec.msgpack.Decoder(ToStationToo).decode


@contextmanager
def linked(served: Served) -> Iterator[ClientConnection]:
    """A new station at D1, linked, that has reported."""

    def pair(tx: Transaction) -> Any:
        venues = served.centre.venues
        device, _ = add_device(tx, venues, SLUG, "Süd", "door", "D1", now=0, by="test")
        return pair_station(
            tx, venues, start_pairing(tx, venues, SLUG, device.id)[0], new_token(), now=0, wall=wall_ms()
        )

    paired = served.write(pair)
    address = served.api.replace("http", "ws", 1) + "/stations/link"
    with connect(address, additional_headers={"Authorization": f"Bearer {paired.token}"}, proxy=None) as socket:
        report = Report(generation=1, epoch="e1", logs={"e1": Log(totals={}, n=0, handed=0)}, demand={}, cursor=0)
        socket.send(msgspec.msgpack.encode(report))
        until(socket, lambda one: isinstance(one, Totals))
        yield socket


def until(socket: ClientConnection, right: Callable[[Any], bool]) -> Any:
    while True:
        frame = socket.recv(timeout=10)
        if isinstance(frame, bytes) and right(told := _heard(frame)):
            return told


def told_rows(*rows: dict[str, Any]) -> bytes:
    """Rows as another program than ours may send them, by what each has that is not as usual."""
    whole = [
        {"n": n, "outcome": "admitted", "decided": "alone", "attendee": f"a{n}", "at": at("10:00")}
        | row
        | {"scan": {"id": f"s{n}", "code": f"code {n}", "door": "D1"} | row.get("scan", {})}
        for n, row in enumerate(rows, 1)
    ]
    message = {"type": "rows", "generation": 1, "epoch": "e1", "rows": whole, "ages": [0] * len(whole)}
    return msgspec.msgpack.encode(message)


def test_a_row_that_nobody_understands_is_kept_and_shown_and_those_behind_it_arrive(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    came_in = link.Centre._came_in

    def stumbles(centre: Any, key: Any, row: Any, *more: Any) -> None:
        if row.scan.id == "s6":
            raise LookupError("a row for which no rule was made")
        came_in(centre, key, row, *more)

    monkeypatch.setattr(link.Centre, "_came_in", stumbles)
    organiser = served.operator()
    with linked(served) as socket:
        odd: list[dict[str, Any]] = [
            {"scan": {"door": "D2"}},
            {"scan": {"door": "torn down"}},
            {"attendee": "erased", "takes": ["house"]},
            {"outcome": "refused", "reason": "a reason of next year"},
            {"takes": ["an area of last year"]},
            {},
        ]
        socket.send(told_rows(*odd, {}))
        until(socket, lambda one: isinstance(one, Totals) and one.have == {"e1": 7})
    cases = {one["id"]: one for one in organiser.get("/conflicts").json()["conflicts"]}
    assert {one["kind"] for one in cases.values()} == {"not_understood"}
    assert len(cases) == len(odd)
    other, missing = cases["s1"], cases["s3"]
    assert [(side["by"], side["door"]) for side in other["sides"]] == [("station", "West"), ("centre", "Süd")]
    assert missing["in_doubt"] == ["Haus"]
    assert [one["inside"] for one in organiser.get("/occupancy").json()["areas"] if one["id"] == "house"] == [1]
    kept = served.write(lambda tx: stations.rows_by_scan(tx, served.centre.venues.id(tx, SLUG), cases))
    assert sum(row.unread is not None and b"next year" in row.unread for row in kept.values()) == 1
    assert len(kept) == len(odd)
    # Somebody has looked: whoever nobody knew is counted, and the place is no more in doubt.
    settled = {"kind": "not_understood", "verdict": "looked_into", "inside": True}
    assert organiser.post("/conflicts/s3/verdict", json=settled).status_code == 204
    assert [one["inside"] for one in organiser.get("/occupancy").json()["areas"] if one["id"] == "house"] == [2]


def test_side_of_a_case_says_whether_somebody_was_let_in_or_out(served: Served) -> None:
    with linked(served) as socket:
        out = {"code": served.codes["a1"], "direction": "exit"}
        socket.send(
            told_rows({"attendee": "a1", "scan": out}, {"attendee": "a2", "at": at("08:00"), "offset_ms": -7_200_000})
        )
        until(socket, lambda one: isinstance(one, Totals) and one.have == {"e1": 2})
    cases = {one["kind"]: one for one in served.operator().get("/conflicts").json()["conflicts"]}
    directions = {kind: [side["direction"] for side in one["sides"]] for kind, one in cases.items()}
    assert directions == {"exit_without_entry": ["exit"], "clock_off": ["entry", "entry"]}


def test_a_case_is_not_closed_while_somebody_with_its_badge_stands_at_a_door(served: Served) -> None:
    page, organiser = served.client(door="D2"), served.operator()
    verdict = {"kind": "badge_twice", "verdict": "same_person"}

    def passes(id: str, direction: str) -> None:
        scan = {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, id)), "code": served.codes["a1"], "door": "D2"}
        assert page.post("/scans", json=scan | {"direction": direction}).json()["outcome"] == "admitted"

    passes("in", "entry")
    with linked(served) as socket:
        socket.send(told_rows({"takes": ["house"], "scan": {"code": served.codes["a1"]}}))
        until(socket, lambda one: isinstance(one, Totals) and one.have == {"e1": 1})
        passes("out", "exit")
        asked = Scan(id="s2", code=served.codes["a1"], door="D1")
        ask = Ask(generation=1, epoch="e1", scan=asked, after=None, from_at=served.centre.clock())
        socket.send(msgspec.msgpack.encode(ask))
        answer = until(socket, lambda one: isinstance(one, Answer))
        assert answer.decision.outcome == "admitted"
        refused = organiser.post("/conflicts/s1/verdict", json=verdict)
        assert (refused.status_code, refused.json()["code"]) == (409, "door_untold")
        assert "count Haus" in refused.json()["detail"]
        (case,) = organiser.get("/conflicts").json()["conflicts"]
        assert (case["in_doubt"], case["verdict"]) == (["Haus"], None)
        shown = {"decided": "centre", "attendee": "a1", "scan": {"code": served.codes["a1"]}}
        socket.send(told_rows({}, shown))
        until(socket, lambda one: isinstance(one, Totals) and one.have == {"e1": 2})
    assert organiser.post("/conflicts/s1/verdict", json=verdict).status_code == 204


def test_a_link_that_the_centre_closes_says_why_here_and_there(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), linked(served) as socket:
        socket.send(msgspec.msgpack.encode({"type": "report", "generation": 1, "epoch": 7}))
        with pytest.raises(ConnectionClosed) as closed:
            until(socket, lambda _: False)
    assert closed.value.rcvd is not None
    assert "one version" in closed.value.rcvd.reason
    (station,) = served.operator().get("/stations").json()["stations"]
    assert f"station {station['id']}: the centre closes its link: message not understood" in caplog.text


def test_a_message_that_cannot_be_taken_ends_its_link_and_says_why(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise Busy("The disk with the database is full.", code="store_full")

    with linked(served) as socket:
        monkeypatch.setattr(Links, "_exchange", refuse)
        report = Report(generation=1, epoch="e1", logs={"e1": Log(totals={}, n=0, handed=0)}, demand={}, cursor=0)
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(AHEAD_MAX):
                socket.send(msgspec.msgpack.encode(report))
            until(socket, lambda _: False)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "The disk with the database is full.")


@pytest.mark.parametrize(("role", "status"), [("organiser", 200), ("safety", 200), ("steward", 403), ("desk", 403)])
def test_stations_are_looked_after_by_organiser_and_safety(served: Served, role: str, status: int) -> None:
    client = served.operator(role)
    for path in ("/stations", "/stations/attention", "/conflicts"):
        assert client.get(path).status_code == status, path
    confirmed = client.post("/stations/roster", json={"generation": 1})
    assert confirmed.status_code == (409 if status == 200 else 403)
    assert client.get(f"{served.url}/events/{SLUG}/stations").status_code == status


def test_devices_tell_stations_from_browsers_and_stand_door_by_door(served: Served) -> None:
    organiser = served.operator()
    for name, role, door in (("Foyer", "display", None), ("Halle", "door", "P-A"), ("Nord", "door", "D2")):
        assert organiser.post("/devices", json={"name": name, "role": role, "door": door}).status_code == 201
    with linked(served):
        devices = organiser.get("/devices").json()["devices"]
    told = [(one["name"], one["door"], one["station"]) for one in devices]
    assert told == [("Süd", "D1", True), ("Nord", "D2", False), ("Halle", "P-A", False), ("Foyer", None, False)]
    organiser.delete(f"/devices/{devices[0]['id']}")
    assert organiser.get("/devices").json()["devices"][-1]["name"] == "Süd", "revoked ones at the end"


def test_devices_are_those_of_one_moment_whatever_happens_while_they_are_read(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    organiser, store = served.operator(), served.centre.store
    read = store.read

    async def read_and_then(work: Callable[[Transaction], Any]) -> Any:
        result = await read(work)
        if work.__qualname__.startswith("list_devices"):  # and not the housekeeping
            await store.write(
                lambda tx: add_device(tx, served.centre.venues, SLUG, "Spät", "display", None, now=0, by="test")
            )
        return result

    monkeypatch.setattr(store, "read", read_and_then)
    assert organiser.get("/devices").json() == {"devices": []}
    assert [one["name"] for one in organiser.get("/devices").json()["devices"]] == ["Spät"]


def test_refusal_by_a_restored_centre_is_listed_as_such_and_not_as_a_full_house(served: Served) -> None:
    def of_all_facts(tx: Transaction) -> dict[str, int]:
        return scans_by_door(tx, served.centre.venues.id(tx, SLUG))["D2"].refusals

    organiser = served.operator()
    assert organiser.get("/overview").json()["refusals"] == [], "from here on it adds up by itself"
    with linked(served):
        served.write(lambda tx: put_back(tx, served.centre.venues, SLUG, now=at("10:00"), by="test"))
        scan = {"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D2", "direction": "entry"}
        assert served.client("door", "D2").post("/scans", json=scan).json()["frozen"] is True
    overview = organiser.get("/overview").json()
    assert [(one["reason"], one["count"]) for one in overview["refusals"]] == [("not_given_away", 1)]
    assert overview["last_scans"][0]["hint"] == overview["refusals"][0]["hint"]
    assert "noch keine Plätze vergeben" in overview["last_scans"][0]["hint"]["de"]
    assert served.write(of_all_facts) == {"not_given_away": 1}
    assert "no places given away yet" in organiser.get("/audit", params={"kind": "scans"}).text


def test_link_of_a_station_that_is_retired_ends_so_that_one_that_goes_on_is_noticed(served: Served) -> None:
    organiser = served.operator()
    with linked(served) as socket:
        (station,) = organiser.get("/stations").json()["stations"]
        assert organiser.post(f"/stations/{station['id']}/retire").status_code == 204
        with pytest.raises(ConnectionClosed):
            until(socket, lambda _: False)
    last = organiser.get("/audit").json()["entries"][0]
    assert (last["what"]["en"], last["about"][0]["name"]) == ("Device: retired", "Süd")


def test_both_sides_of_a_case_are_told_as_the_door_and_the_centre_have_it(served: Served) -> None:
    showed = Side(scan="s1", door="D1", at=at("09:58"), outcome="admitted", offset_ms=-120_000)
    decided = Side(scan="s1", door="D1", at=at("10:00"), outcome="refused", reason="area_full", by="centre")
    case = Case(id="s1", kind="decisions_differ", attendee="a1", sides=(showed, decided))
    served.write(lambda tx: stations.add_cases(tx, served.centre.venues.id(tx, SLUG), [case], at("10:00")))
    client = served.operator("safety")
    (told,) = client.get("/conflicts").json()["conflicts"]
    assert (told["attendee"], told["verdict"], told["in_doubt"]) == ("Ada Nr a1", None, [])
    door, centre = told["sides"]
    assert (door["by"], door["door"], door["outcome"], door["offset_s"]) == ("station", "Süd", "admitted", -120.0)
    assert (centre["by"], centre["outcome"], centre["hint"]["en"]) == ("centre", "refused", "Room full – entry stopped")
    assert client.get("/stations/attention").json() == {"conflicts": 1, "restored": False}


def test_of_two_doors_that_were_cut_off_each_tells_what_it_showed_and_by_which_clock(served: Served) -> None:
    known = Side(scan="s1", door="D2", at=at("09:58"), outcome="admitted", by="centre")
    case = Case(id="s2", kind="badge_twice", attendee="a1", sides=(Side(scan="s2", door="D1", at=None), known))
    scan = Scan(id="s1", code="", door="D2")
    row = Row(n=1, scan=scan, outcome="admitted", decided="alone", attendee="a1", at=at("09:50"), offset_ms=-480_000)

    def keep(tx: Transaction) -> None:
        event = served.centre.venues.id(tx, SLUG)
        stations.add_rows(tx, event, [("another", "e1", row)], at("10:00"))
        stations.add_cases(tx, event, [case], at("10:00"))

    served.write(keep)
    (told,) = served.operator("safety").get("/conflicts").json()["conflicts"]
    side = told["sides"][1]
    assert (side["by"], side["door"], side["outcome"], side["offset_s"]) == ("station", "West", "admitted", -480.0)
    assert "T09:50" in side["at"]
