"""Files that take long: how far they are, stopped, left and found again; each only by whoever began it."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pypdf
import pytest

from checkin.badges import lists
from checkin.service import exports, works
from checkin.service.works import Steps
from checkin.store.facts import newest_changes
from tests.served import Served


def hold_lists(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Printed lists are set in parts of ten rows, and wait before the second until they are let go on."""
    goes_on = threading.Event()
    monkeypatch.setattr(lists, "PART_ROWS_MAX", 10)
    kept = lists.render_list

    def slow(printed: Any, told: Callable[[int, int], None]) -> bytes:
        def waits(done: int, total: int) -> None:
            told(done, total)
            if done:
                assert goes_on.wait(30)
                told(done, total)

        return kept(printed, waits)

    monkeypatch.setattr(exports, "render_list", slow)
    return goes_on


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    goes_on = hold_lists(monkeypatch)
    yield goes_on
    goes_on.set()


def parted(content: bytes) -> tuple[list[dict[str, Any]], bytes]:
    """The lines of an answer, and the file behind them."""
    found: list[dict[str, Any]] = []
    while not found or not (found[-1].get("ready") or found[-1].get("failed")):
        line, _, content = content.partition(b"\n")
        found.append(json.loads(line))
    return found, content


def taken(served: Served) -> int:
    return sum(fact.noun == "export" for fact in served.write(lambda tx: newest_changes(tx, 1, 1_000)))


def test_file_comes_behind_the_lines_that_say_how_far_it_is(served: Served) -> None:
    client = served.operator()
    answer = client.get("/exports/attendees.csv", params={"progress": "true"})
    lines, file = parted(answer.content)
    assert answer.headers["content-type"].startswith("application/vnd.checkin.work")
    assert lines[-1]["ready"]["bytes"] == len(file)
    assert file == client.get("/exports/attendees.csv").content
    assert client.get("/works").json() == {"works": []}


def test_work_that_was_left_goes_on_and_is_found_again_by_whoever_began_it(
    served: Served, held: threading.Event
) -> None:
    client, other = served.operator(), served.operator()
    with client.stream("GET", "/exports/attendees.pdf", params={"progress": "true"}) as answer:
        seen = [json.loads(line) for line, _ in zip(answer.iter_lines(), range(4), strict=False)]
    assert 0 < seen[-1]["done"] < seen[-1]["total"]
    (mine,) = client.get("/works").json()["works"]
    assert (mine["id"], mine["what"]) == (seen[0]["id"], "list attendees")
    assert other.get("/works").json() == {"works": []}
    assert other.get(f"/works/{mine['id']}").status_code == 404
    assert other.delete(f"/works/{mine['id']}").status_code == 404
    held.set()
    lines, file = parted(client.get(f"/works/{mine['id']}").content)
    assert lines[-1]["ready"]["name"].endswith("-attendees.pdf")
    assert len(pypdf.PdfReader(io.BytesIO(file)).pages) == 3
    assert client.get(f"/works/{mine['id']}").status_code == 404


def test_work_that_is_stopped_ends_and_leaves_no_fact(served: Served, held: threading.Event) -> None:
    client = served.operator()
    with client.stream("GET", "/exports/attendees.pdf", params={"progress": "true"}) as answer:
        lines = answer.iter_lines()
        line = json.loads(next(lines))
        assert client.delete(f"/works/{line['id']}").status_code == 204
        held.set()
        *_, last = [json.loads(line) for line in lines]
    assert last["failed"]["code"] == "work_cancelled"
    assert taken(served) == 0


def test_what_fails_is_said_as_a_problem_with_and_without_progress(served: Served) -> None:
    client = served.operator()
    answer = client.post("/certificates", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "rule_unset")
    lines, rest = parted(client.post("/certificates", json={}, params={"progress": "true"}).content)
    assert (lines[-1]["failed"]["status"], lines[-1]["failed"]["code"], rest) == (409, "rule_unset", b"")


def test_files_that_nobody_fetches_are_few_and_go(served: Served, held: threading.Event) -> None:
    client = served.operator()
    begun = []
    for _ in range(works.WORKS_OF_ONE_MAX):
        with client.stream("GET", "/exports/attendees.pdf", params={"progress": "true"}) as answer:
            begun.append(json.loads(next(answer.iter_lines()))["id"])
    answer = client.get("/exports/attendees.csv")
    assert (answer.status_code, answer.json()["code"]) == (503, "works_busy")
    held.set()
    ends = time.monotonic() + 10
    while not all("ready" in one for one in client.get("/works").json()["works"]):
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert client.get("/exports/attendees.csv").status_code == 200  # in the place of one of them
    left = {one["id"] for one in client.get("/works").json()["works"]}
    assert len(left) == len(begun) - 1
    assert left < set(begun)


def test_steps_are_one_measure_that_never_goes_back() -> None:
    told: list[int] = []
    steps = Steps(lambda done, total: told.append(done * 100 // total), {"read": 1, "set": 3})
    for step, done in (("read", 5), ("read", 10), ("read", 2), ("set", 5), ("other", 1), ("set", 10)):
        steps.at(step, done, 10)
    assert told == [12, 25, 25, 62, 62, 100]
