"""What others build on, checked from outside: the scans of the public interface."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from checkin.service.verify import verify
from checkin.web.scans import ShortWay
from checkin.wire import SCAN_BYTES_MAX
from tests import engine
from tests.served import Served
from tests.venue import SLUG


def scan(code: str, door: str = "D1", **more: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "code": code, "door": door, **more}


def test_scan_is_answered_as_the_interface_says(served: Served) -> None:
    sent = scan(served.codes["a1"], scanned_at="2026-03-20T10:00:03+01:00")
    answer = served.client().post("/scans", json=sent)
    assert answer.status_code == 201
    body = answer.json()
    assert body["id"] == sent["id"]
    assert (body["outcome"], body["reason"], body["kind"], body["provisional"]) == ("admitted", None, "arrival", False)
    assert body["attendee"] == {
        "id": "a1",
        "name": "Ada Nr a1",
        "organisation": "",
        "group": "gast",
        "bookings": [],
    }
    assert body["area"] == {"id": "house", "inside": 1, "capacity": 10, "free": 9}
    assert body["hint"] == {"de": "Einlass gewährt – willkommen", "en": "Entry granted – welcome"}
    assert body["scanned_at"].startswith("2026-03-20T10:00:03")
    assert body["received_at"] == "2026-03-20T10:00:00.000+01:00"


def test_scan_in_pieces_goes_the_whole_way_and_is_answered_alike(served: Served) -> None:
    client = served.client()

    def in_pieces(sent: dict[str, Any]) -> httpx.Response:
        def pieces() -> Iterator[bytes]:
            body = msgspec.json.encode(sent)
            yield body[:20]
            time.sleep(0.05)
            yield body[20:]

        return client.post("/scans", content=pieces(), headers={"Content-Type": "application/json"})

    one, other = scan(served.codes["a1"]), scan(served.codes["a2"])
    short, long = client.post("/scans", json=one), in_pieces(other)
    assert (short.status_code, long.status_code) == (201, 201)
    assert short.json().keys() == long.json().keys()
    for first, again in ((short, in_pieces(one)), (long, client.post("/scans", json=other))):
        assert again.status_code == 200
        assert again.content == first.content
        assert again.headers == first.headers


def test_short_way_answers_what_it_can_and_hands_on_everything_else_as_it_came(served: Served) -> None:
    door, desk = served.device("door", "D1"), served.device("desk")
    cookie = served.operator().cookies["checkin"]
    path, good = f"/api/v1/events/{SLUG}/scans", scan(served.codes["a1"])
    passed: list[tuple[str, bytes]] = []

    async def whole_way(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        passed.append((scope["path"], body))

    def answered(headers: dict[str, str], *pieces: bytes, path: str = path, method: str = "POST") -> int | None:
        """The status by the short way; None: handed on."""
        statuses: list[int] = []
        more = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        more[-1]["more_body"] = False
        messages = iter(more)

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope: Any = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        way = ShortWay(whole_way, served.centre)
        asyncio.run_coroutine_threadsafe(way(scope, receive, send), served.loop).result(10)
        if statuses:
            return statuses[0]
        assert passed.pop() == (path, b"".join(pieces))
        return None

    def body(sent: dict[str, Any]) -> bytes:
        return msgspec.json.encode(sent)

    mine = {"authorization": f"Bearer {door}"}
    by_cookie = {"cookie": f"checkin={cookie}", "host": "here", "origin": "http://here"}
    assert answered(mine, body(good)) == 201
    assert answered(mine, body(good)) == 200
    assert answered(by_cookie, body(scan(served.codes["a2"]))) == 201
    assert answered(mine, body({**good, "code": "other"})) is None
    assert answered(mine, body(good)[:9], body(good)[9:]) is None
    assert answered(mine, body(good) + b" " * SCAN_BYTES_MAX) is None
    assert answered(mine, b"{") is None
    assert answered(mine, body(scan("x", "P-A"))) is None  # another's door
    assert answered({"authorization": f"Bearer {desk}"}, body(scan("x", "X9"))) is None  # no such door
    assert answered(mine, body(good), path="/api/v1/events/nowhere/scans") is None
    assert answered(mine, body(good), path=f"/api/v1/events/{SLUG}/screens/1/scans") is None
    assert answered(mine, body(good), method="PUT") is None
    assert answered({}, body(good)) is None
    assert answered({"authorization": "Bearer nobody"}, body(good)) is None
    assert answered({"authorization": f"Bearer {served.device('display')}"}, body(good)) is None
    assert answered({**by_cookie, "origin": "http://elsewhere"}, body(good)) is None


def test_same_id_gets_the_same_answer_and_other_content_a_conflict(served: Served) -> None:
    client = served.client()
    sent = scan(served.codes["a1"])
    first = client.post("/scans", json=sent)
    client.post("/scans", json=scan(served.codes["a2"]))
    again = client.post("/scans", json=sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = client.post("/scans", json={**sent, "code": served.codes["a2"]})
    assert other.status_code == 409
    assert other.headers["content-type"].startswith("application/problem+json")
    assert other.json()["code"] == "id_reused"


def test_refusal_is_an_answer_and_a_fact(served: Served) -> None:
    client = served.client()
    client.post("/scans", json=scan(served.codes["a1"]))
    refused = client.post("/scans", json=scan(served.codes["a1"])).json()
    assert (refused["outcome"], refused["reason"], refused["kind"]) == ("refused", "already_inside", None)
    assert refused["since"]["door"] == "Süd"
    facts = client.get("/facts").json()["facts"]
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    assert facts[-1]["fact"]["decision"]["refusal"]["reason"] == "already_inside"


def test_batch_is_answered_in_its_order(served: Served) -> None:
    scans = [
        scan(served.codes["a1"]),
        scan(served.codes["a1"]),
        scan(served.codes["a1"], direction="exit"),
        scan(served.codes["a1"]),
    ]
    answer = served.client().post("/scan-batches", json={"scans": scans})
    assert answer.status_code == 201
    decisions = answer.json()["decisions"]
    assert [one["id"] for one in decisions] == [one["id"] for one in scans]
    assert [(one["kind"], one["reason"]) for one in decisions] == [
        ("arrival", None),
        (None, "already_inside"),
        ("exit", None),
        ("reentry", None),
    ]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        (b'{"id": "1", "code": "x", "door": "D1"}', 422),
        (b'{"id": "5f0c1a52-8e0e-4d6e-9c62-0d3f8f1d1c11", "code": "", "door": "D1"}', 422),
        (b'{"id": "5f0c1a52-8e0e-4d6e-9c62-0d3f8f1d1c11", "code": "x", "door": "D1", "direction": "up"}', 422),
        (b'{"id": "5f0c1a52-8e0e-4d6e-9c62-0d3f8f1d1c11", "code": "x", "door": "D1", "scanned_at": "now"}', 422),
        (
            b'{"id": "5f0c1a52-8e0e-4d6e-9c62-0d3f8f1d1c11", "code": "x", "door": "D1",'
            b' "scanned_at": "2026-03-20T10:00:00"}',
            422,
        ),
        (b'{"id": "5f0c1a52-8e0e-4d6e-9c62-0d3f8f1d1c11", "code": "' + b"x" * 10_000 + b'", "door": "D1"}', 422),
        (b'{"id": "5f0c1a52-8e0e-4d6e-9c62-0d3f8f1d1c11", "code": "' + b"x" * 99_000 + b'", "door": "D1"}', 413),
        (b"\xff\xfe", 422),
    ],
)
def test_content_that_is_wrong_gets_a_problem_and_changes_nothing(served: Served, content: bytes, status: int) -> None:
    client = served.client()
    before = client.get("/occupancy").json()["seq"]
    answer = client.post("/scans", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert client.get("/occupancy").json()["seq"] == before


def test_unknown_event_and_door_are_not_found(served: Served) -> None:
    desk = served.client("desk")
    assert desk.post("/scans", json=scan("x", "X9")).json()["code"] == "door_unknown"
    assert desk.post("/scans", json=scan("x", "X9")).status_code == 404
    organiser = served.operator()
    elsewhere = organiser.post(f"{served.url}/api/v1/events/nowhere/scans", json=scan("x"))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "event_unknown")


@pytest.mark.parametrize("text", ["WIFI:T:WPA;S:Gast;P:geheim;;", "https://example.org/?a=1", "x" * 4_296, "☃"])
def test_foreign_code_is_unknown_and_not_kept_situation_26(served: Served, text: str, tmp_path: Path) -> None:
    client = served.client()
    answer = client.post("/scans", json=scan(text))
    assert (answer.status_code, answer.json()["reason"]) == (201, "code_unknown")
    assert text not in client.get("/facts").text
    assert text.encode() not in engine.files_of(tmp_path)


def test_clock_that_is_off_is_kept_and_marked_situation_56(served: Served) -> None:
    client = served.client()
    ahead = client.post("/scans", json=scan(served.codes["a1"], scanned_at="2026-03-20T10:07:00+01:00")).json()
    next_year = client.post("/scans", json=scan(served.codes["a2"], scanned_at="2027-03-20T10:00:00+01:00")).json()
    right = client.post("/scans", json=scan(served.codes["a3"], scanned_at="2026-03-20T10:00:30+01:00")).json()
    assert (ahead["outcome"], ahead["clock_off_s"]) == ("admitted", 420)
    assert ahead["scanned_at"].startswith("2026-03-20T10:07")
    assert (next_year["outcome"], next_year["clock_off_s"]) == ("admitted", 365 * 86_400)
    assert right["clock_off_s"] is None


def test_ticket_in_any_case_and_desk_number_lead_to_the_person(served: Served) -> None:
    desk = served.client("desk")
    assert desk.post("/scans", json=scan("t-a1")).json()["attendee"]["id"] == "a1"
    assert desk.post("/scans", json=scan(" 1003 ")).json()["attendee"]["id"] == "a2"


def test_override_passes_a_soft_refusal_and_is_kept(served: Served) -> None:
    client = served.client("door", "D3")
    assert client.post("/scans", json=scan(served.codes["a1"], "D3")).json()["reason"] == "group_not_permitted"
    passed = client.post("/scans", json=scan(served.codes["a1"], "D3", override={"reason": "brings the cake"})).json()
    assert (passed["outcome"], passed["overridden"]) == ("admitted", "group_not_permitted")
    last = client.get("/facts", params={"since": passed["seq"] - 1}).json()["facts"][0]["fact"]
    assert last["override"] == "brings the cake"


def test_two_hundred_clients_at_the_last_seats_get_exactly_the_approved_number(served: Served) -> None:
    doors = [served.device("door", door) for door in ("D1", "D2")]
    outcomes: list[str] = []
    everybody = [code for who, code in served.codes.items() if who.startswith("a")]

    def come(number: int) -> None:
        which = number % 2
        with httpx.Client(headers={"Authorization": f"Bearer {doors[which]}"}, trust_env=False, timeout=30) as client:
            sent = scan(everybody[number % len(everybody)], ("D1", "D2")[which])
            outcomes.append(client.post(f"{served.api}/scans", json=sent).json()["outcome"])

    threads = [threading.Thread(target=come, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 200
    assert outcomes.count("admitted") == 10
    house = served.client().get("/occupancy").json()["areas"][0]
    assert (house["inside"], house["free"], house["state"]) == (10, 0, "full")
    assert served.write(lambda tx: verify(tx, served.centre.venues, SLUG)) == []
