"""The audit: found by name, taken along with a chain of digests, appended alone."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from checkin.core.conflict import Case
from checkin.service.closing import close_day
from checkin.store import stations
from tests.served import Served
from tests.venue import SLUG

DOCUMENTED = Path(__file__).parent.parent.parent / "docs" / "audit.md"


def entries(client: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    answer = client.get("/audit", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entries"]
    return found


def test_what_a_case_was_settled_as_is_told_in_words_and_about_whom(served: Served) -> None:
    case = Case(id="s1", kind="badge_twice", attendee="a1", sides=())
    served.write(lambda tx: stations.add_cases(tx, served.centre.venues.id(tx, SLUG), [case], 0))
    organiser = served.operator()
    # An event without a station has nothing to settle.
    served.write(lambda tx: tx.run("UPDATE event SET stations = 1 WHERE slug = ?", (SLUG,)))
    sent = {"kind": "badge_twice", "verdict": "passed_on"}
    assert organiser.post("/conflicts/s1/verdict", json=sent).status_code == 204
    (told,) = (one for one in entries(organiser) if one["kind"] == "conflict")
    assert told["what"]["de"] == "Widerspruch „Badge weitergegeben“: geklärt"
    assert ([one["name"] for one in told["about"]], told["note"]) == (["Ada Nr a1"], "")


def test_audit_is_searched_by_a_part_of_the_name_of_whoever_did_it(served: Served) -> None:
    organiser, desk, steward = served.operator(), served.operator("desk"), served.operator("steward")
    desk.patch("/attendees/a1", json={"listed": True})
    steward.post("/corrections", json={"id": str(uuid.uuid4()), "area": "T", "headcount": 2})
    assert {one["by_name"] for one in entries(organiser, by="DESK")} == {"desk 1"}
    assert {one["by_name"] for one in entries(organiser, by="s")} == {"desk 1", "steward 2"}
    assert entries(organiser, by="niemand") == []
    clock = served.centre.clock()
    served.write(lambda tx: close_day(tx, served.centre.venues, SLUG, now=clock, by="clock"))
    assert {one["by"] for text in ("Uhr", "CLOCK", "clock") for one in entries(organiser, by=text)} == {"clock"}
    assert [one["by"] for one in entries(organiser, by=entries(organiser, by="desk 1")[0]["by"])] != []
    assert {one["kind"] for one in entries(organiser, by="desk", q="Nr a1")} == {"attendee"}


def test_deeds_of_accounts_are_read_searched_and_taken_by_those_who_may_see_accounts(served: Served) -> None:
    organiser = served.operator()
    url = f"{served.url}/api/v1/operators"
    for number in range(120):
        organiser.post(url, json={"name": f"Helfende {number}", "role": "steward"})
    invited = entries(organiser, kind="accounts", by="organiser 0", q="Helfende 119")
    assert [(one["what"]["de"], one["by_name"], one["about"][0]["name"]) for one in invited] == [
        ("Konto: eingeladen", "organiser 0", "Helfende 119")
    ]
    page = organiser.get("/audit", params={"kind": "accounts"}).json()
    rest = organiser.get("/audit", params={"kind": "accounts", "before": page["before"]}).json()
    assert len(page["entries"]) == 100
    assert len(rest["entries"]) == 21
    text = organiser.get("/audit/export/csv", params={"kind": "accounts"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert len(rows) == 121
    assert {row["by_name"] for row in rows} == {"organiser 0", "Befehlszeile"}
    assert served.operator("desk").get("/audit", params={"kind": "accounts"}).status_code == 403


def documented() -> Any:
    """The function that the documentation gives to whoever gets a file."""
    (source,) = re.findall(r"```python\n(.*?)```", DOCUMENTED.read_text("utf-8"), re.S)
    names: dict[str, Any] = {}
    exec(source, names)
    return names["check"]


def test_file_shows_a_line_that_was_changed_or_cut_by_what_the_documentation_says(
    served: Served, tmp_path: Path
) -> None:
    organiser = served.operator()
    for note in ('=1+1 „Zählung" \u2028 ✓', "zweite"):
        sent = {"id": str(uuid.uuid4()), "area": "T", "headcount": 2, "note": note}
        assert organiser.post("/corrections", json=sent).status_code == 201
    content = organiser.get("/audit/export/json").content
    lines = json.loads(content)
    assert [line["by_name"] for line in lines[:2]] == ["organiser 0", "organiser 0"]
    check = documented()

    def checked(wrong: list[dict[str, Any]]) -> str:
        file = tmp_path / "audit.json"
        file.write_text(json.dumps(wrong), encoding="utf-8")
        last: str = check(str(file))
        return last

    taken = entries(organiser)[0]
    assert (taken["what"]["de"], taken["note"]) == (f"Export: Protokoll ({len(lines)})", lines[-1]["sha256"])
    assert checked(lines) == taken["note"]
    with pytest.raises(ValueError, match="line 2 "):
        checked([lines[0], {**lines[1], "note": "andere"}, *lines[2:]])
    with pytest.raises(ValueError, match="line 1 "):
        checked(lines[1:])
    assert checked(lines[:-1]) != taken["note"]


def test_unknown_format_is_told_and_no_fact(served: Served) -> None:
    organiser = served.operator()
    seq = organiser.get("/occupancy").json()["seq"]
    assert organiser.get("/audit/export/pdf").json()["code"] == "table_unknown"
    assert organiser.get("/occupancy").json()["seq"] == seq


@pytest.mark.sqlite
def test_no_fact_changes_on_the_way_through_a_day(served: Served) -> None:
    """A database that refuses to change one: scans, their undo, counting, blocks and the end of the day do well."""
    for table in ("fact", "deed"):
        for deed in ("UPDATE", "DELETE"):
            trigger = f"CREATE TRIGGER {table}_{deed} BEFORE {deed} ON {table} BEGIN SELECT RAISE(ABORT, 'kept'); END"
            served.write(lambda tx, trigger=trigger: tx.run(trigger))  # type: ignore[misc]
    organiser = served.operator()
    scan, count = str(uuid.uuid4()), str(uuid.uuid4())
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/scans", {"id": scan, "code": served.codes["a1"], "door": "D1"}),
        ("POST", f"/scans/{scan}/undo", None),
        ("POST", "/corrections", {"id": count, "area": "T", "headcount": 2}),
        ("POST", f"/corrections/{count}/undo", None),
        ("PATCH", "/attendees/a1", {"town": "Dortmund"}),
        ("POST", "/attendees/a1/badges", None),
        ("PUT", "/attendees/a2/block", {"blocked": True, "reason": "x"}),
        ("POST", "/evacuation", {"active": True, "drill": True}),
        ("POST", "/evacuation", {"active": False}),
        ("GET", "/audit/export/csv", None),
        ("POST", "/closing", None),
    ]
    for method, path, body in calls:
        answer = organiser.request(method, path, json=body)
        assert answer.status_code < 300, (path, answer.text)
    with pytest.raises(Exception, match="kept"):
        served.write(lambda tx: tx.run("UPDATE fact SET at = 0"))
