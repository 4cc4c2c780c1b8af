"""Webhooks against a real receiver that fails, hangs, sends elsewhere, says it is gone, and takes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from checkin.service import deliveries, webhooks
from checkin.service.people import wall_ms
from checkin.service.webhooks import DELIVERIES_KEPT_MAX, is_outside
from checkin.store import webhooks as stored
from tests.served import Served, serve
from tests.venue import SLUG


class Receiver:
    """The other side: answers what `answers` says in turn (the last one from then on), and keeps what it took."""

    def __init__(self) -> None:
        self.answers: list[int | str] = [200]
        self.taken: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.heads.append({name.lower(): value for name, value in self.headers.items()})
                outer.bodies.append(body)
                outer.paths.append(self.path)
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                if answer == "hang":
                    time.sleep(1.5)
                    return
                if answer == "flood":
                    self.send_response(200)
                    self.end_headers()
                    try:
                        while True:
                            self.wfile.write(b"x" * 65_536)
                    except OSError:
                        return
                assert isinstance(answer, int)
                self.send_response(answer)
                if 300 <= answer < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
                if answer == 200:
                    outer.taken.append(json.loads(body))

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [one for message in self.taken for one in message["data"]["events"]]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "RETRY_S", (0.05,))
    monkeypatch.setattr(deliveries, "POLL_S", 0.2)
    monkeypatch.setattr(deliveries, "GAP_S", 0.02)
    monkeypatch.setattr(deliveries, "ANSWER_S_MAX", 0.5)


@pytest.fixture
def organiser(served: Served) -> httpx.Client:
    served.centre.webhooks.private = True
    return served.operator()


def until(true: Callable[[], bool], seconds: float = 8.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.01)


def add(client: httpx.Client, url: str, *kinds: str, **more: Any) -> tuple[str, str]:
    answer = client.post("/webhooks", json={"url": url, "kinds": kinds or ["entry", "exit", "badge"], **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.json()["secret"]


def scan(client: httpx.Client, served: Served, who: str, direction: str = "entry") -> str:
    id = str(uuid.uuid4())
    answer = client.post("/scans", json={"id": id, "code": served.codes[who], "door": "D1", "direction": direction})
    assert answer.json()["outcome"] == "admitted", answer.text
    return id


def log(client: httpx.Client, id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/webhooks/{id}/deliveries").json()["deliveries"]
    return found


def test_entry_exit_and_badge_are_told_with_ids_alone(
    organiser: httpx.Client, served: Served, receiver: Receiver
) -> None:
    add(organiser, receiver.url)
    entered = scan(organiser, served, "a1")
    scan(organiser, served, "a1", "exit")
    organiser.post("/attendees/a2/badges")
    until(lambda: len(receiver.events) == 3)
    entry, left, badge = receiver.events
    assert (entry["kind"], entry["attendee"], entry["door"], entry["area"]) == ("entry", "a1", "D1", "house")
    assert (entry["scan"], entry["passage"]) == (entered, "arrival")
    assert entry["id"] == f"{SLUG}:{entry['seq']}"
    assert left["kind"] == "exit"
    assert (badge["kind"], badge["count"]) == ("badge", 1)
    assert receiver.taken[0]["type"] == "events"
    assert b"Nr a1" not in b"".join(receiver.bodies)


def test_names_are_told_only_where_the_organiser_says_so(
    organiser: httpx.Client, served: Served, receiver: Receiver
) -> None:
    add(organiser, receiver.url, "entry", with_names=True)
    scan(organiser, served, "a1")
    scan(organiser, served, "a1", "exit")
    until(lambda: len(receiver.events) == 1)
    assert (receiver.events[0]["name"], receiver.events[0]["group"]) == ("Ada Nr a1", "gast")


def test_messages_are_signed_by_standard_webhooks(organiser: httpx.Client, served: Served, receiver: Receiver) -> None:
    _, secret = add(organiser, receiver.url)
    scan(organiser, served, "a1")
    until(lambda: len(receiver.taken) == 1)
    head, body = receiver.heads[0], receiver.bodies[0]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert len(key) == 32
    content = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    assert head["webhook-signature"] == f"v1,{signature}"
    assert abs(int(head["webhook-timestamp"]) - time.time()) < 60


def test_secret_is_shown_once_and_kept_nowhere(organiser: httpx.Client, served: Served, receiver: Receiver) -> None:
    _, secret = add(organiser, receiver.url)
    assert secret not in organiser.get("/webhooks").text
    key = base64.b64decode(secret.removeprefix("whsec_"))
    kept = served.write(lambda tx: tx.rows("SELECT * FROM webhook") + tx.rows("SELECT body FROM fact"))
    assert key not in repr(kept).encode()
    assert secret not in repr(kept)


def test_what_fails_hangs_or_leads_elsewhere_is_sent_again_in_order_until_it_is_taken(
    organiser: httpx.Client, served: Served, receiver: Receiver
) -> None:
    receiver.answers = [500, "hang", 302, 429, 200]
    id, _ = add(organiser, receiver.url, "entry")
    scan(organiser, served, "a1")
    until(lambda: len(receiver.heads) == 1)
    scan(organiser, served, "a2")
    until(lambda: len(receiver.events) == 2)
    assert [one["attendee"] for one in receiver.events] == ["a1", "a2"]
    assert {head["webhook-id"] for head in receiver.heads[:5]} == {receiver.heads[0]["webhook-id"]}
    assert set(receiver.paths) == {"/hook"}  # no redirect was followed
    noted = list(reversed(log(organiser, id)))
    assert [(one["fault"], one["status"], one["attempt"]) for one in noted[:5]] == [
        ("status", 500, 1),
        ("timeout", None, 2),
        ("redirected", 302, 3),
        ("status", 429, 4),
        ("", 200, 5),
    ]
    assert noted[1]["duration_ms"] >= 400
    assert organiser.get("/webhooks").json()["webhooks"][0]["failing_since"] is None


def test_slow_receiver_delays_neither_doors_nor_others(
    organiser: httpx.Client, served: Served, receiver: Receiver
) -> None:
    slow = Receiver()
    slow.answers = ["hang"]
    add(organiser, slow.url, "entry")
    add(organiser, receiver.url, "entry")
    for who in ("a1", "a2", "a3"):
        scan(organiser, served, who)
    until(lambda: len(receiver.events) == 3)
    assert slow.taken == []
    slow.close()


def test_answer_without_end_is_not_read_to_its_end(organiser: httpx.Client, served: Served, receiver: Receiver) -> None:
    receiver.answers = ["flood"]
    id, _ = add(organiser, receiver.url, "entry")
    answer = organiser.post(f"/webhooks/{id}/test").json()
    assert (answer["status"], answer["fault"]) == (200, "")


def test_gone_disables_at_once_and_going_on_leaves_nothing_out(
    organiser: httpx.Client, served: Served, receiver: Receiver
) -> None:
    receiver.answers = [410]
    id, _ = add(organiser, receiver.url, "entry")
    scan(organiser, served, "a1")
    until(lambda: organiser.get("/webhooks").json()["webhooks"][0]["state"] == "disabled")
    assert organiser.get("/webhooks").json()["webhooks"][0]["why"] == "gone"
    scan(organiser, served, "a2")
    receiver.answers = [200]
    assert organiser.patch(f"/webhooks/{id}", json={"state": "active"}).status_code == 204
    until(lambda: len(receiver.events) == 2)
    assert [one["attendee"] for one in receiver.events] == ["a1", "a2"]


def test_failing_for_days_disables(
    organiser: httpx.Client, served: Served, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answers = [500]
    add(organiser, receiver.url, "entry")
    scan(organiser, served, "a1")
    until(lambda: len(receiver.heads) >= 2)
    days = deliveries.FAILING_DAYS_MAX * 86_400_000
    now = wall_ms
    monkeypatch.setattr(deliveries, "wall_ms", lambda: now() + days)
    until(lambda: organiser.get("/webhooks").json()["webhooks"][0]["why"] == "failed_for_days")
    facts = organiser.get("/facts?since=0&limit=1000").text
    assert '"disabled"' in facts


def test_paused_webhook_is_told_nothing_until_it_goes_on(
    organiser: httpx.Client, served: Served, receiver: Receiver
) -> None:
    id, _ = add(organiser, receiver.url, "entry")
    organiser.patch(f"/webhooks/{id}", json={"state": "paused"})
    scan(organiser, served, "a1")
    time.sleep(0.4)
    assert receiver.heads == []
    organiser.patch(f"/webhooks/{id}", json={"state": "active"})
    until(lambda: len(receiver.events) == 1)


def test_scan_that_is_taken_back_is_told_too(organiser: httpx.Client, served: Served, receiver: Receiver) -> None:
    add(organiser, receiver.url, "entry")
    id = scan(organiser, served, "a1")
    undone = organiser.post(f"/scans/{id}/undo")
    assert undone.status_code < 300, undone.text
    until(lambda: len(receiver.events) == 2)
    assert (receiver.events[1]["kind"], receiver.events[1]["scan"]) == ("undone", id)


def test_restart_goes_on_from_the_cursor_with_no_event_lost(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [503]
    with serve(tmp_path) as served:
        served.centre.webhooks.private = True
        organiser = served.operator()
        add(organiser, receiver.url, "entry")
        for who in ("a1", "a2"):
            scan(organiser, served, who)
        until(lambda: len(receiver.heads) > 0)
        codes = served.codes
    receiver.answers = [200]

    async def as_it_is(*_: Any, **__: Any) -> dict[str, str]:
        return codes

    with serve(tmp_path, furnish=as_it_is) as again:
        again.centre.webhooks.private = True
        scan(again.client("door"), again, "a3")
        until(lambda: {one["attendee"] for one in receiver.events} == {"a1", "a2", "a3"})
    ids = [one["id"] for one in receiver.events]
    assert len(ids) >= 3
    assert [one for at, one in enumerate(ids) if one not in ids[:at]] == sorted(set(ids), key=ids.index)


def test_what_was_taken_but_not_noted_is_sent_again_with_the_ids_it_had(
    organiser: httpx.Client, served: Served, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, lost = webhooks.settle, list[bool]()

    def settle_or_not(*what: Any, **how: Any) -> None:
        if not lost:
            lost.append(True)
            raise OSError("the power went")
        settle(*what, **how)

    monkeypatch.setattr(webhooks, "settle", settle_or_not)
    add(organiser, receiver.url, "entry")
    scan(organiser, served, "a1")
    until(lambda: len(receiver.events) == 2)
    assert receiver.events[0]["id"] == receiver.events[1]["id"]


def test_message_sent_again_has_its_id_and_a_test_says_how_it_went(
    organiser: httpx.Client, served: Served, receiver: Receiver
) -> None:
    id, _ = add(organiser, receiver.url, "entry")
    tested = organiser.post(f"/webhooks/{id}/test").json()
    assert (tested["what"], tested["status"], tested["fault"]) == ("test", 200, "")
    assert receiver.taken[0]["type"] == "test"
    scan(organiser, served, "a1")
    until(lambda: len(receiver.events) == 1)
    until(lambda: len(log(organiser, id)) == 2)
    number = log(organiser, id)[0]["number"]
    again = organiser.post(f"/webhooks/{id}/deliveries/{number}/again").json()
    assert (again["what"], again["fault"]) == ("again", "")
    assert receiver.heads[-1]["webhook-id"] == receiver.heads[-2]["webhook-id"]
    assert receiver.bodies[-1] == receiver.bodies[-2]
    assert organiser.post(f"/webhooks/{id}/deliveries/{tested['number']}/again").status_code == 409


def test_log_is_bounded_and_holds_no_bodies(organiser: httpx.Client, served: Served, receiver: Receiver) -> None:
    id, _ = add(organiser, receiver.url, "entry", with_names=True)

    def fill(tx: Any) -> None:
        for _ in range(DELIVERIES_KEPT_MAX + 5):
            one = stored.Delivery(
                message="m",
                what="test",
                after_seq=0,
                until_seq=0,
                events=0,
                at=0,
                attempt=1,
                status=200,
                fault="",
                duration_ms=1,
            )
            stored.add_delivery(tx, id, one, DELIVERIES_KEPT_MAX)

    served.write(fill)
    scan(organiser, served, "a1")
    until(lambda: len(receiver.events) == 1)
    until(lambda: log(organiser, id)[0]["what"] == "events")
    assert len(log(organiser, id)) == DELIVERIES_KEPT_MAX
    assert "Ada" not in repr(served.write(lambda tx: tx.rows("SELECT * FROM delivery")))


def test_without_the_option_only_https_and_no_address_inside(
    organiser: httpx.Client, served: Served, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, _ = add(organiser, receiver.url, "entry")
    inside, _ = add(organiser, f"https://localhost:{receiver.server.server_port}/", "entry")
    served.centre.webhooks.private = False
    for url, code in (
        ("https://169.254.169.254/latest", "webhook_inside"),
        ("https://[::1]:8443/", "webhook_inside"),
        ("https://10.0.0.5/", "webhook_inside"),
        ("https://localhost./", "webhook_inside"),
        ("https://api.localhost/", "webhook_inside"),
        (receiver.url, "webhook_not_https"),
        ("ftp://a.example/", "webhook_not_https"),
        ("https://name:secret@a.example/", "webhook_url"),
        ("https:///x", "webhook_url"),
    ):
        answer = organiser.post("/webhooks", json={"url": url, "kinds": ["entry"]})
        assert (answer.status_code, answer.json()["code"]) == (422, code), url
    assert organiser.post(f"/webhooks/{id}/test").json()["fault"] == "not_https"
    assert organiser.post(f"/webhooks/{inside}/test").json()["fault"] == "address_private"
    assert receiver.heads == []


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::808:808", True),
        ("no address", False),
    ],
)
def test_addresses_inside_are_known_however_they_are_written(address: str, outside: bool) -> None:
    assert is_outside(address) is outside


def test_webhooks_are_for_those_who_manage_and_belong_to_one_event(
    organiser: httpx.Client, served: Served, receiver: Receiver
) -> None:
    id, _ = add(organiser, receiver.url)
    steward = served.operator("steward")
    assert steward.get("/webhooks").status_code == 403
    assert steward.post(f"/webhooks/{id}/test").status_code == 403
    assert organiser.post("/webhooks/none/test").status_code == 404
    assert organiser.delete(f"/webhooks/{id}").status_code == 204
    assert organiser.get("/webhooks").json()["webhooks"] == []
    assert organiser.post("/webhooks", json={"url": receiver.url, "kinds": []}).status_code == 422


def test_event_has_a_bounded_number_of_webhooks(organiser: httpx.Client, receiver: Receiver) -> None:
    for _ in range(webhooks.WEBHOOKS_MAX):
        add(organiser, receiver.url, "badge")
    answer = organiser.post("/webhooks", json={"url": receiver.url, "kinds": ["badge"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "webhooks_max")
