"""What people cannot read is refused at the edge, alike on every database; a scan is decided whatever it holds."""

from __future__ import annotations

import uuid

import httpx
import pytest

from checkin.core.errors import BadInput
from checkin.wire import legible, without_nul
from tests.served import Served

UNREADABLE = [
    ('{"name": "A\\u0000b", "password": "x"}', "text_nul"),
    ('{"name": "A\\\\\\u0000b", "password": "x"}', "text_nul"),
    (b'{"name": "\xff\xfe", "password": "x"}', "text_encoding"),
    ('{"name": "\\ud800", "password": "x"}', "content_invalid"),
]


@pytest.mark.parametrize(("body", "code"), UNREADABLE)
def test_text_that_nobody_can_read_is_refused(
    served: Served, caplog: pytest.LogCaptureFixture, body: str | bytes, code: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{served.url}/api/v1/login", content=body, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert caplog.records == []


def test_scan_of_a_nul_is_an_unknown_code_and_holds_up_none_of_its_batch(served: Served) -> None:
    door = served.client()
    one = {"id": str(uuid.uuid4()), "code": "a\0b", "door": "D1"}
    alone, again = door.post("/scans", json=one), door.post("/scans", json=one)
    assert (alone.status_code, alone.json()["reason"]) == (201, "code_unknown"), alone.text
    assert (again.status_code, again.json()["seq"]) == (200, alone.json()["seq"])
    sent = [
        {**one, "id": str(uuid.uuid4())},
        {**one, "id": str(uuid.uuid4()), "code": next(iter(served.codes.values()))},
    ]
    batch = door.post("/scan-batches", json={"scans": sent})
    assert [decided["reason"] for decided in batch.json()["decisions"]] == ["code_unknown", None], batch.text
    assert door.post("/scans", json={**one, "id": str(uuid.uuid4()), "door": "D1\0"}).status_code == 403


def test_walk_in_and_addresses_with_a_nul_are_refused(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    desk = served.operator()
    walk_in = {"group": "visitor", "given_name": "A\0b", "family_name": "Vogel"}
    texts = [
        desk.post("/attendees", json=walk_in),
        desk.get("/attendees?q=Vo%00gel"),
        desk.get("/attendees/a%00b"),
        desk.get(f"{served.url}/api/v1/events/x%00/occupancy"),
        served.client().post(f"{served.url}/api/v1/events/x%00/scans", json={"id": str(uuid.uuid4()), "door": "D1"}),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in texts} == {(422, "text_nul")}
    layout = 'x = "\\u0000"'
    sent = [("layout.toml", f"[event]\n{layout}"), ("s.json", '{"schedule": {"conference": {"title": "a\\u0000"}}}')]
    for name, content in sent:
        answer = desk.post("/imports", files={"file": (name, content)})
        faults = answer.text if answer.status_code == 422 else desk.get(f"/imports/{answer.json()['id']}").text
        assert "NUL" in faults, faults
    assert caplog.records == []


def test_backslash_that_is_written_before_u0000_is_no_nul() -> None:
    written = b'{"path": "C:\\\\u0000"}'
    assert legible(written) == without_nul(written) == written
    with pytest.raises(BadInput):
        legible(b'{"path": "C:\\\\\\u0000"}')
    assert without_nul(b'["\\\\\\u0000", "\\u0000\\u0000"]') == b'["\\\\\\ufffd", "\\ufffd\\ufffd"]'
