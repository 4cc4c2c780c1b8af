"""What goes wrong on the way, over a real socket."""

from __future__ import annotations

import logging
import socket
import time
from typing import Any

import httpx
import pytest

from checkin.store.engine import StoreBusy
from tests.served import Served
from tests.venue import SLUG

HEAD = "POST /api/v1/events/{slug}/{call} HTTP/1.1\r\nHost: x\r\nCookie: checkin={token}\r\nContent-Type: {kind}\r\n"


@pytest.mark.parametrize(
    ("call", "kind", "begun"),
    [
        ("scans", "application/json", '{"id": "'),
        ("imports", "multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nNam'),
    ],
)
def test_client_that_hangs_up_in_the_middle_of_a_body_is_no_fault_of_ours(
    served: Served, caplog: pytest.LogCaptureFixture, call: str, kind: str, begun: str
) -> None:
    token = served.operator().cookies["checkin"]
    head = HEAD.format(slug=SLUG, call=call, token=token, kind=kind)
    with caplog.at_level(logging.DEBUG):
        with socket.create_connection(("127.0.0.1", served.port)) as line:
            line.sendall(f"{head}Content-Length: 1000\r\n\r\n{begun}".encode())
            time.sleep(0.3)  # until the service waits for the rest
        time.sleep(0.3)
    faults = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING or one.exc_info]
    assert faults == []
    assert served.operator("steward").get("/occupancy").status_code == 200


def test_digits_in_the_place_of_a_time_are_no_seconds_since_1970(served: Served) -> None:
    orga = served.operator()
    session = {"id": "S", "area": "P", "title": "Podium", "ends_at": "2026-03-20T12:00:00+01:00"}
    for answer in (orga.post("/sessions", json={**session, "starts_at": "1100"}), orga.get("/audit?since=1100")):
        assert (answer.status_code, answer.json()["code"]) == (422, "time_invalid"), answer.text


def test_database_that_is_away_is_told_people_by_a_page_and_nobody_what_is_inside(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    organiser = served.operator()

    async def away(work: Any) -> Any:
        raise StoreBusy('The database does not answer: connection to "10.0.0.5" failed for user "eva". Check it.')

    for way in ("glance", "read", "write"):
        monkeypatch.setattr(served.centre.store, way, away)
    page = organiser.get(f"{served.url}/", headers={"Accept": "text/html,*/*"})
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert "not-now.js" in page.text
    assert "Content-Security-Policy" in page.headers
    told = [
        page,
        organiser.get("/occupancy"),
        httpx.post(f"{served.url}/api/v1/login", json={"name": "x", "password": "y"}, trust_env=False),
        httpx.get(f"{served.url}/health", trust_env=False),
    ]
    assert [answer.status_code for answer in told] == [503] * 4
    assert [answer.json().get("code") for answer in told[1:]] == ["store_busy", "store_busy", None]
    assert all(word not in answer.text for answer in told for word in ("10.0.0.5", "eva", "StoreBusy"))
    assert "log of this node" in told[3].json()["detail"]
    assert "10.0.0.5" in caplog.text
