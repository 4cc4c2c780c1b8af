"""A scanner without a page of its own, and the page that shows what it was answered."""

from __future__ import annotations

import json
import uuid

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from checkin.live.screens import ANSWERS_WAITING_MAX, Screens
from tests.served import Served


def follow(served: Served, screen: str = "Tresen", door: str = "D1", token: str | None = None) -> ClientConnection:
    token = token or served.device("door", "D1")
    address = f"{served.api}/screens/{screen}/doors/{door}".replace("http", "ws")
    return connect(address, additional_headers={"Authorization": f"Bearer {token}"})


def test_answer_is_given_to_the_scanner_and_shown_on_its_screen_alone(served: Served) -> None:
    door = served.client("door", "D1")
    sent = {"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D1"}
    with follow(served) as ours, follow(served, "anderer") as others:
        served.write(lambda tx: None)
        answer = door.post("/screens/Tresen/scans", json=sent)
        assert answer.status_code == 201
        shown = json.loads(ours.recv(timeout=5))
        assert (answer.json()["screens"], shown["answer"]) == (1, answer.json()["answer"])
        assert (shown["scan"]["code"], shown["answer"]["kind"]) == (served.codes["a1"], "arrival")
        with pytest.raises(TimeoutError):
            others.recv(timeout=0.2)
    again = door.post("/scans", json=sent)
    assert (again.status_code, again.json()) == (200, answer.json()["answer"]), "it is the same scan as any"


def test_screen_of_another_door_is_not_followed_nor_scanned_for(served: Served) -> None:
    with follow(served, door="D2") as screen, pytest.raises(ConnectionClosed, match=r"1008"):
        screen.recv(timeout=5)
    sent = {"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D2"}
    assert served.client("door", "D1").post("/screens/Tresen/scans", json=sent).json()["code"] == "other_door"
    assert served.client("display").post("/screens/Tresen/scans", json=sent).status_code == 403


def test_screen_that_takes_nothing_gets_the_latest() -> None:
    screens = Screens()
    with screens.follow(("e", "d", "s")) as queue:
        for number in range(ANSWERS_WAITING_MAX + 2):
            assert screens.show(("e", "d", "s"), str(number)) == 1
        assert [queue.get_nowait() for _ in range(queue.qsize())] == [str(n) for n in range(2, ANSWERS_WAITING_MAX + 2)]
    assert screens.show(("e", "d", "s"), "") == 0
