"""Certificates, paper lists, the audit trail, access and deletion, over HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pypdf
import pytest

from checkin.core import codes
from checkin.core.attendance import Rule
from checkin.core.facts import Changed
from checkin.core.layout import Layout
from checkin.core.model import Session
from checkin.service import certificates, erasure, paper_lists
from checkin.service.closing import close_day
from checkin.service.journal import Journal
from checkin.service.schedule import import_schedule
from checkin.service.venues import import_layout
from checkin.service.verify import verify
from checkin.store.engine import Transaction
from tests import engine
from tests.served import Served, serve
from tests.venue import SLUG, at

SECRET = "Zyankaliallergie"
DAY_MS = 86_400_000


class Clock:
    now = at("10:00")

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(tmp_path: Path, clock: Clock) -> Iterator[Served]:
    """The small house with a programme, served on a clock that the test sets."""
    with serve(tmp_path, clock=clock, house=100) as one:
        sessions = [
            Session(id="opening", area="P", title="Eröffnung", starts_at=at("10:30"), ends_at=at("12:00")),
            Session(id="results", area="P", title="Ergebnisse", starts_at=at("15:30"), ends_at=at("16:15")),
        ]
        one.write(lambda tx: import_schedule(tx, one.centre.venues, SLUG, sessions, now=at("08:00"), by="test"))
        one.write(lambda tx: certificates.set_rule(tx, one.centre.venues, SLUG, Rule(), now=at("08:00"), by="test"))
        address = certificates.AddressSent(address="https://checkin.example")
        one.write(lambda tx: certificates.set_address(tx, one.centre.venues, SLUG, address, now=at("08:00"), by="test"))
        yield one


def scan(served: Served, clock: Clock, who: str, door: str, time: str, direction: str = "entry") -> Any:
    clock.now = at(time)
    sent = {"id": str(uuid.uuid4()), "code": served.codes[who], "door": door, "direction": direction}
    desk = served.clients[0] if served.clients else served.client("desk")
    answer = desk.post("/scans", json=sent)
    assert answer.status_code == 201, answer.text
    return answer.json()


def a_day(served: Served, clock: Clock) -> None:
    """a1 is there until the end and leaves unseen; a2 goes after an hour."""
    scan(served, clock, "a1", "D1", "09:40")
    scan(served, clock, "a1", "P-A", "10:20")
    scan(served, clock, "a2", "P-A", "10:30")
    scan(served, clock, "a2", "D1", "11:30", "exit")
    clock.now = at("19:00")
    served.write(lambda tx: close_day(tx, served.centre.venues, SLUG, now=at("19:00"), by="clock"))


def texts(pdf: bytes) -> list[str]:
    return [page.extract_text().replace("\u200e", "") for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def issued(client: httpx.Client, **sent: Any) -> list[str]:
    answer = client.post("/certificates", json=sent)
    assert answer.status_code == 200, answer.text
    return texts(answer.content)


def code_on(page: str) -> str:
    """The last line: sixteen characters in groups, as far apart as the PDF's reader thinks they are."""
    letters = "".join(page.replace("\u200e", "").split())[-codes.CERTIFICATE_CHARS :]
    assert codes.read_certificate_code(letters) == letters, page
    return " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def checked(served: Served, code: str) -> Any:
    return httpx.post(f"{served.url}/api/v1/certificates/check", json={"code": code}, trust_env=False).json()


def differences(served: Served) -> list[str]:
    return served.write(lambda tx: verify(tx, served.centre.venues, SLUG))


def test_certificate_tells_minutes_points_and_what_is_assumed_situations_69_and_70(house: Served, clock: Clock) -> None:
    a_day(house, clock)
    organiser = house.operator()
    first, second = issued(organiser)
    assert "Ada Nr a1" in first
    assert "Anwesend: 135 Minuten" in first
    assert "3 Fortbildungspunkte" in first
    assert "angenommen" in first
    assert "Anwesend: 60 Minuten" in second
    assert "angenommen" not in second
    pdf = organiser.post("/certificates", json={}).content
    root: Any = pypdf.PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert issued(organiser) == [first, second], "asked again, the same papers"


def test_rule_shows_what_it_does_before_it_is_kept(house: Served, clock: Clock) -> None:
    a_day(house, clock)
    organiser = house.operator()
    shown = organiser.get("/certificates/rule").json()
    assert [(one["name"], one["minutes"]) for one in shown["people"]] == [("Ada Nr a2", 60), ("Ada Nr a1", 135)]
    draft = {**shown["rule"], "assumed": False, "least_min": 70}
    tried = organiser.post("/certificates/rule/preview", json=draft).json()
    assert (tried["came"], tried["certified"]) == (2, 0)
    assert organiser.get("/certificates/rule").json()["certified"] == 2
    assert organiser.put("/certificates/rule", json=draft).json()["certified"] == 0
    assert organiser.post("/certificates", json={}).json()["code"] == "certificates_none"


def test_reissue_months_later_says_the_same_and_a_corrected_name_supersedes(house: Served, clock: Clock) -> None:
    a_day(house, clock)
    organiser = house.operator()
    (first,) = issued(organiser, attendee="a1")
    clock.now = at("12:00") + 240 * DAY_MS
    (again,) = issued(organiser, attendee="a1", again=True)
    assert "Anwesend: 135 Minuten" in again
    assert code_on(again) != code_on(first)
    assert {checked(house, code_on(one))["state"] for one in (first, again)} == {"valid"}
    house.client("desk").patch("/attendees/a1", json={"family_name": "Nr eins"})
    (corrected,) = issued(organiser, attendee="a1")
    assert "Nr eins" in corrected
    assert checked(house, code_on(corrected))["state"] == "valid"
    assert [checked(house, code_on(one))["state"] for one in (first, again)] == ["superseded", "superseded"]


def test_anybody_checks_a_code_and_learns_nothing_more(house: Served, clock: Clock) -> None:
    a_day(house, clock)
    organiser = house.operator()
    (page,) = issued(organiser, attendee="a1")
    code = code_on(page)
    assert checked(house, code.lower().replace("0", "o")) == {
        "state": "valid",
        "event": "Tagung",
        "issued_on": "2026-03-20",
    }
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert checked(house, wrong) == {"state": None, "event": None, "issued_on": None}
    number = organiser.get("/certificates").json()["certificates"][0]["number"]
    assert organiser.delete(f"/certificates/{number}").status_code == 204
    assert checked(house, code)["state"] == "withdrawn"
    assert organiser.post(f"/certificates/{number}/restore").status_code == 204
    assert checked(house, code)["state"] == "valid"
    answers = {
        httpx.post(f"{house.url}/api/v1/certificates/check", json={"code": "A"}, trust_env=False).status_code
        for _ in range(2 * certificates.CHECKS_A_MINUTE_MAX)  # a minute may end meanwhile
    }
    assert 429 in answers


def test_own_template_of_a_certificate_is_used(house: Served, clock: Clock, tmp_path: Path) -> None:
    a_day(house, clock)
    organiser = house.operator()
    source = organiser.get("/papers/templates/certificate.typ").text
    own = tmp_path / "events" / SLUG / "papers"
    own.mkdir(parents=True)
    (own / "certificate.typ").write_text(source.replace("#words.attended", "Unsere eigene Zeile"), encoding="utf-8")
    assert "Unsere eigene Zeile" in issued(organiser, attendee="a2")[0]
    (own / "certificate.typ").write_text(source + "#nothing", encoding="utf-8")
    assert "certificate.typ" in organiser.post("/certificates", json={}).json()["detail"]


def hide(served: Served, group: str) -> None:
    """From now on the normal search hides this group: only the protocol sees it."""

    def work(tx: Transaction) -> None:
        shown = served.centre.venues.venue(tx, SLUG).layout
        groups = [msgspec.structs.replace(one, hidden=one.id == group) for one in shown.groups.values()]
        hidden = Layout(shown.event, groups, shown.areas.values(), shown.doors.values())
        import_layout(tx, hidden, now=at("08:00"), by="test")

    served.write(work)


def test_papers_of_a_hidden_group_are_for_the_protocol_alone_situation_22(house: Served, clock: Clock) -> None:
    scan(house, clock, "p1", "P-A", "10:30")
    a_day(house, clock)
    organiser, desk = house.operator(), house.operator("desk")
    hide(house, "presse")
    assert len(issued(organiser)) == 3
    assert organiser.get("/fallback.pdf", params={"group": "presse"}).status_code == 200
    assert desk.post("/certificates", json={"group": "presse"}).status_code == 403
    assert desk.post("/certificates", json={"attendee": "p1"}).status_code == 403
    assert "Nr a1" in "".join(issued(desk, attendee="a1"))
    assert len(desk.get("/certificates", params={"attendee": "a1"}).json()["certificates"]) == 1
    assert desk.get("/certificates", params={"attendee": "p1"}).json()["certificates"] == []
    assert len(organiser.get("/certificates").json()["certificates"]) == 3
    device = house.client("desk")
    number = organiser.get("/attendees/p1").json()["badge"]["desk_number"]
    for client, name in ((device, ""), (organiser, "Ada Nr p1")):
        told = line(house, client, "p1", "10:40", number=number)
        assert told["name"] == name
        assert client.get("/paper-lines").json()["lines"][0]["name"] == name
    sent = {"id": str(uuid.uuid4()), "badge": organiser.get("/attendees/p1").json()["badge"]["id"]}
    assert organiser.post("/prints", json=sent).status_code == 201
    assert organiser.get("/prints").json()["prints"][0]["name"] == "Ada Nr p1"
    assert desk.get("/prints").json()["prints"] == []


def test_nothing_is_certified_before_somebody_has_said_what_counts(house: Served, clock: Clock) -> None:
    a_day(house, clock)
    lunch = Session(id="lunch", area="P", title="Mittagsimbiss", starts_at=at("12:00"), ends_at=at("13:00"))
    programme = house.write(lambda tx: house.centre.venues.venue(tx, SLUG).programme)
    known = [*programme.sessions.values(), lunch]
    house.write(lambda tx: import_schedule(tx, house.centre.venues, SLUG, known, now=at("08:00"), by="test"))
    house.write(lambda tx: tx.run("UPDATE event SET certificate_rule = '{}'"))
    organiser = house.operator()
    assert organiser.post("/certificates", json={}).json()["code"] == "rule_unset"
    proposed = organiser.get("/certificates/rule").json()
    assert (proposed["chosen"], proposed["rule"]["left_out"]) == (False, ["lunch"])
    assert organiser.put("/certificates/rule", json=proposed["rule"]).json()["chosen"] is True
    assert "Anwesend: 135 Minuten" in issued(organiser, attendee="a1")[0]


def test_certificate_stays_the_same_when_only_an_assumption_falls_away(house: Served, clock: Clock) -> None:
    scan(house, clock, "a1", "P-A", "10:20")
    organiser = house.operator()
    clock.now = at("12:30")
    (during,) = issued(organiser, attendee="a1")
    assert "angenommen" in during
    scan(house, clock, "a1", "P-A", "12:40", "exit")
    assert issued(organiser, attendee="a1") == [during]
    assert [one["state"] for one in organiser.get("/certificates").json()["certificates"]] == ["valid"]


def test_certificates_carry_the_events_public_address(house: Served, clock: Clock) -> None:
    a_day(house, clock)
    organiser = house.operator()
    assert organiser.put("/certificates/address", json={"address": ""}).status_code == 204
    assert organiser.get("/certificates/rule").json()["address_wanted"] is True
    refused = house.client("desk").post("/certificates", json={"attendee": "a1"})
    assert refused.json()["code"] == "address_unset", "whoever gets the paper does not reach 127.0.0.1"
    assert organiser.get("/certificates").json()["certificates"] == []
    assert (
        organiser.put("/certificates/address", json={"address": "http://checkin"}).json()["code"] == "address_private"
    )
    for address in (
        "http://localhost/verify",
        "http://192.168.1.5/verify",
        "https://10.0.0.1",
        "https://checkin.local",
    ):
        assert organiser.put("/certificates/address", json={"address": address}).json()["code"] == "address_private"
    for address in ("https://bad host/", "https://[::", "https://a.org:x", "ftp://checkin.example.org"):
        assert organiser.put("/certificates/address", json={"address": address}).json()["code"] == "address_invalid"
    for address in ("https://checkin.example.org/", "https://checkin.example.org/verify"):
        assert organiser.put("/certificates/address", json={"address": address}).status_code == 204
    changed = [one["note"] for one in organiser.get("/audit").json()["entries"] if "Prüfadresse" in one["what"]["de"]]
    assert changed[:2] == ["– → https://checkin.example.org", "https://checkin.example → –"], "once each"
    rule = organiser.get("/certificates/rule").json()
    assert (rule["address"], rule["address_wanted"]) == ("https://checkin.example.org", False)
    page = issued(organiser, attendee="a1")[0]
    assert "checkin.example.org/verify" in page
    assert "127.0.0.1" not in page


def line(served: Served, desk: httpx.Client, who: str, time: str, direction: str = "entry", **more: Any) -> Any:
    number = more.pop("number", None) or desk.get(f"/attendees/{who}").json()["badge"]["desk_number"]
    sent = {
        "id": str(uuid.uuid4()),
        "number": number,
        "door": "D1",
        "direction": direction,
        "at": f"2026-03-20T{time}:00+01:00",
        **more,
    }
    answer = desk.post("/paper-lines", json=sent)
    return answer.json()


def test_paper_list_is_entered_with_its_own_times_and_never_refused(house: Served, clock: Clock) -> None:
    clock.now = at("11:00")
    desk = house.client("desk")
    first = line(house, desk, "a3", "09:12")
    assert (first["conflict"], first["moved"]) == (None, True)
    assert desk.get("/attendees/a3").json()["arrived_at"].startswith("2026-03-20T09:12")
    again = line(house, desk, "a3", "09:30")
    assert again["conflict"]["de"], "a door would have asked: already inside"
    for who in ("a4", "a5", "a6", "a7", "a8"):
        told = line(house, desk, who, "10:31", door="P-A")
    assert told["conflict"]["de"] == "Raum voll – Einlassstopp"
    assert desk.get("/occupancy").json()["areas"][1]["known"] == 5
    assert line(house, desk, "a3", "23:30")["code"] == "time_ahead"
    assert line(house, desk, "a3", "", at="1100")["code"] == "time_invalid", "no seconds since 1970"
    assert line(house, desk, "a3", "", at="2026-03-02T11:00:00+01:00")["code"] == "time_outside"
    before = line(house, desk, "a3", "08:30", "exit")
    assert before["conflict"]["de"].startswith("War zu dieser Zeit nicht im Haus")
    never = line(house, desk, "a9", "10:00", "exit")
    assert never["conflict"] is not None
    kept = desk.get("/paper-lines").json()["lines"]
    assert [one["id"] for one in kept[:3]] == [never["id"], before["id"], told["id"]]
    assert kept[0] == {**never, "moved": True}
    assert desk.post(f"/paper-lines/{told['id']}/undo").status_code == 200
    assert desk.get("/occupancy").json()["areas"][1]["known"] == 4
    assert differences(house) == []


def test_paper_list_entered_after_the_day_counts_for_the_certificate_and_brings_nobody_back(
    house: Served, clock: Clock
) -> None:
    a_day(house, clock)
    desk, organiser = house.client("desk"), house.operator()
    came = line(house, desk, "a9", "10:45", door="P-A")
    line(house, desk, "a9", "11:45", "exit", door="P-A")
    early = line(house, desk, "a2", "09:05")
    assert early["moved"] is False
    assert desk.get("/attendees/a2").json()["arrived_at"].startswith("2026-03-20T09:05")
    assert desk.get("/attendees/a9").json()["area"] is None
    assert "Anwesend: 60 Minuten" in issued(organiser, attendee="a9")[0]
    assert differences(house) == []
    assert desk.post(f"/paper-lines/{early['id']}/undo").status_code == 200
    assert desk.get("/attendees/a2").json()["arrived_at"].startswith("2026-03-20T10:30")
    assert differences(house) == []
    sent = {"id": came["id"], "number": came["number"], "door": "P-A", "at": "2026-03-20T10:45:00+01:00"}
    assert desk.post("/paper-lines", json=sent).json()["seq"] == came["seq"]
    assert desk.post("/paper-lines", json={**sent, "door": "D1"}).json()["code"] == "id_reused"


def test_fallback_list_marks_who_is_inside_and_is_written_by_itself(
    house: Served, clock: Clock, tmp_path: Path
) -> None:
    scan(house, clock, "a1", "D1", "09:40")
    organiser = house.operator()
    answer = organiser.get("/fallback.pdf")
    assert answer.status_code == 200, answer.text
    text = "\n".join(texts(answer.content))
    assert "Nr a1, Ada" in text
    assert "09:40" in text
    assert organiser.put("/fallback", json={"every_min": 15}).status_code == 200
    lists = paper_lists.FallbackLists(house.centre, tmp_path / "events")

    def look() -> Path | None:
        return asyncio.run_coroutine_threadsafe(lists.look(SLUG), house.loop).result(20)

    clock.now = at("10:00")
    first = look()
    assert first is not None
    assert first.stat().st_mode & 0o077 == 0
    assert look() is None, "not before a quarter of an hour has passed"
    for minutes in (15, 30, 45):
        clock.now = at("10:00") + minutes * 60_000
        assert look() is not None
    assert paper_lists.written_lists(tmp_path / "events", SLUG) == [
        "2026-03-20-1045.pdf",
        "2026-03-20-1030.pdf",
        "2026-03-20-1015.pdf",
    ]
    clock.now = at("10:00") + DAY_MS
    look()
    assert paper_lists.written_lists(tmp_path / "events", SLUG) == []


def test_audit_tells_who_did_what_and_finds_it_again(house: Served, clock: Clock) -> None:
    scan(house, clock, "a1", "D1", "09:40")
    organiser, safety, desk = house.operator(), house.operator("safety"), house.clients[0]
    desk.patch("/attendees/a1", json={"listed": True})
    safety.put("/attendees/a2/block", json={"blocked": True, "reason": SECRET})
    organiser.post("/corrections", json={"id": str(uuid.uuid4()), "area": "T", "headcount": 2})
    entries = safety.get("/audit").json()["entries"]
    said = [(one["what"]["de"], [about["name"] for about in one["about"]]) for one in entries[:3]]
    assert said == [
        ("Zählung: 2 Personen", ["Theater"]),
        ("Sperre: gesperrt", ["Ada Nr a2"]),
        ("Teilnahme: geändert – Liste der Teilnehmenden: ja", ["Ada Nr a1"]),
    ]
    assert SECRET not in json.dumps(entries)
    blocks = organiser.get("/audit", params={"q": "Nr a2"}).json()["entries"]
    assert [one["what"]["en"] for one in blocks] == ["Block: blocked"]
    by_safety = organiser.get("/audit", params={"by": blocks[0]["by"]}).json()["entries"]
    assert {one["by_name"] for one in by_safety} == {"safety 2"}
    (scanned,) = organiser.get("/audit", params={"kind": "scans"}).json()["entries"]
    assert scanned["what"]["de"] == "Süd: Ankunft"
    assert organiser.get("/audit", params={"since": "2026-03-21T00:00:00Z"}).json()["entries"] == []
    csv = organiser.get("/audit/export/csv").content.decode("utf-8-sig")
    assert csv.splitlines()[0].startswith("seq;at;by;by_name;kind;what")
    assert "Sperre: gesperrt" in csv
    assert desk.get("/audit").status_code == 403


def test_every_deed_in_the_facts_has_a_sentence_and_the_trail_reads_on(house: Served, clock: Clock) -> None:
    organiser = house.operator()
    for number in range(130):
        organiser.put("/fallback", json={"every_min": number})
    page = organiser.get("/audit").json()
    rest = organiser.get("/audit", params={"before": page["before"]}).json()
    seqs = [one["seq"] for one in (*page["entries"], *rest["entries"])]
    assert seqs == sorted(seqs, reverse=True)
    assert seqs[-1] == 1
    assert rest["before"] is None


def test_access_request_is_one_file_with_everything_but_reasons_situation_68(house: Served, clock: Clock) -> None:
    a_day(house, clock)
    organiser, safety = house.operator(), house.operator("safety")
    safety.put("/attendees/a1/block", json={"blocked": True, "reason": SECRET})
    issued(organiser, attendee="a1")
    answer = organiser.post("/attendees/a1/access")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        told = json.loads(file.read("auskunft.json"))
        text = "\n".join(texts(file.read("auskunft.pdf")))
    assert told["record"]["family_name"] == "Nr a1"
    assert [one["what"] for one in told["passages"]] == [
        "Süd: Ankunft",
        "Halle A: Einlass",
        "Ausgang angenommen (Ende des Tages)",
    ]
    assert told["certificates"][0]["minutes"] == 135
    assert told["standing"]["blocked"] is True
    assert SECRET not in json.dumps(told) + text
    assert "Zutrittssperre" in text
    newest = organiser.get("/audit").json()["entries"][0]
    assert newest["what"]["de"] == "Teilnahme: Auskunft erteilt"
    assert house.client("desk").post("/attendees/a1/access").status_code == 403


def test_consent_withdrawn_on_the_day_holds_in_the_next_export_situation_67(house: Served) -> None:
    organiser, desk = house.operator(), house.client("desk")
    desk.patch("/attendees/a1", json={"listed": True})
    desk.patch("/attendees/a2", json={"listed": True})
    listed = organiser.get("/exports/participants.csv").content.decode("utf-8-sig")
    assert "Nr a1" in listed
    desk.patch("/attendees/a1", json={"listed": False, "photo": False})
    listed = organiser.get("/exports/participants.csv").content.decode("utf-8-sig")
    assert "Nr a1" not in listed
    assert "Nr a2" in listed
    newest = organiser.get("/audit").json()["entries"]
    assert [one["what"]["de"] for one in newest[:2]] == [
        "Export: Liste der Teilnehmenden",
        "Teilnahme: geändert – Liste der Teilnehmenden: nein",
    ]
    desk.patch("/attendees/a2", json={"town": "Bad Salzuflen", "photo": True})
    told = organiser.get("/audit").json()["entries"][0]
    assert told["what"]["de"] == "Teilnahme: geändert – Ort, Foto: ja"
    facts = house.write(lambda tx: tx.rows("SELECT body FROM fact WHERE kind = 'change'"))
    assert not any(b"Salzuflen" in body for (body,) in facts), "what is personal stands in no fact"


def test_audit_says_what_an_alert_was_about_and_that_it_ended_by_itself(house: Served) -> None:
    organiser = house.operator()

    def work(tx: Transaction) -> None:
        journal = Journal(tx, house.centre.venues.id(tx, SLUG))
        for what, by in (("raised", "clock"), ("done", "command"), ("over", "clock")):
            journal.add(Changed(noun="alert", what=what, at=0, by=by, ids=("x", "P"), note="area"))
        journal.write()

    house.write(work)
    entries = organiser.get("/audit").json()["entries"][:3]
    assert [(one["what"]["de"], one["note"], [about["name"] for about in one["about"]]) for one in entries] == [
        ("Hinweis „Raum fast voll oder voll“: von selbst vorbei", "", ["Große Halle"]),
        ("Hinweis „Raum fast voll oder voll“: erledigt", "", ["Große Halle"]),
        ("Hinweis „Raum fast voll oder voll“: gemeldet", "", ["Große Halle"]),
    ]


def test_data_go_by_schedule_and_the_counts_remain_situation_72(house: Served, clock: Clock, tmp_path: Path) -> None:
    a_day(house, clock)
    organiser, desk, safety = house.operator(), house.client("desk"), house.operator("safety")
    desk.patch("/attendees/a1", json={"family_name": "Überaus-Selten", "remark": SECRET})
    house.write(lambda tx: tx.run("UPDATE attendee SET diet = ? WHERE id = 'a2'", (f"{SECRET}-Kost",)))
    house.write(lambda tx: tx.run("UPDATE attendee SET diet = 'vegetarisch' WHERE id IN ('a5', 'a6', 'a7', 'a8')"))
    safety.put("/attendees/a4/block", json={"blocked": True, "reason": "Hausverbot-Grund"})
    safety.put("/attendees/a4/block", json={"blocked": False})
    (page,) = issued(organiser, attendee="a1")
    engine.let_it_look_around(tmp_path)
    assert b"beraus-Selten" in engine.files_of(tmp_path)

    shown = organiser.get("/erasure").json()
    assert [(one["stage"], one["due_on"]) for one in shown["stages"]] == [
        ("needs", "2026-04-03"),
        ("passages", "2026-09-19"),
        ("names", "2027-06-20"),
    ]
    assert shown["stages"][0]["counts"] == {"needs": 6}
    assert len(organiser.get("/overview").json()["arrivals"]) > 0
    wanted = {"needs_days": 14, "passages_days": 183, "names_days": 457, "on": True}
    assert organiser.put("/erasure", json={**wanted, "names_days": 100}).json()["code"] == "schedule_order"
    assert organiser.put("/erasure", json=wanted).json()["on"] is True

    def pass_days(days: int) -> list[str]:
        clock.now = at("12:00") + days * DAY_MS
        now = clock.now
        gone = house.write(lambda tx: erasure.erase_due(tx, house.centre.venues, SLUG, now=now, by="clock"))
        asyncio.run_coroutine_threadsafe(house.centre.store.forget_deleted(), house.loop).result(20)
        assert differences(house) == []
        return [str(stage) for stage in gone]

    assert pass_days(13) == []
    meals = organiser.get("/exports/catering.csv").content.decode("utf-8-sig")
    assert "Alle;vegetarisch;4;0" in meals
    assert SECRET in meals
    assert pass_days(14) == ["needs"]
    assert organiser.get("/exports/catering.csv").content.decode("utf-8-sig").splitlines()[1:] == [
        "Alle;ohne Angabe;21;1",
        "Alle;vegetarisch;4;0",
        "Alle;andere Angaben (gelöscht);1;1",
        "Gäste;vegetarisch;4;0",
    ]
    (note,) = organiser.get("/exports/catering/preview").json()["notes"][1:]
    assert note.startswith("Bedarfe, Verpflegung und Bemerkungen wurden am 3. April 2026 gelöscht")
    assert SECRET.encode() not in engine.files_of(tmp_path)
    assert b"beraus-Selten" in engine.files_of(tmp_path)
    arrived = house.write(lambda tx: tx.rows("SELECT passage, count(*) FROM fact WHERE kind = 'scan' GROUP BY 1"))
    facts = house.write(lambda tx: tx.row("SELECT seq FROM event"))
    assert facts is not None

    assert pass_days(200) == ["passages"]
    there = house.client("desk").get("/attendees/a1").json()
    assert (there["came"], there["arrived_at"]) == (True, None), "was here; nobody knows any more since when"
    assert b"Hausverbot-Grund" not in engine.files_of(tmp_path)
    assert (
        house.write(lambda tx: tx.rows("SELECT passage, count(*) FROM fact WHERE kind = 'scan' GROUP BY 1")) == arrived
    )
    ids = house.write(lambda tx: [row[0] for row in tx.rows("SELECT attendee FROM fact WHERE attendee IS NOT NULL")])
    assert ids == []
    bodies = house.write(
        lambda tx: b"".join(row[0] for row in tx.rows("SELECT body FROM fact WHERE kind IN ('scan', 'assumed')"))
    )
    assert b'"a1"' not in bodies
    (later,) = issued(organiser, attendee="a1", again=True)
    assert "Anwesend: 135 Minuten" in later, "the minutes outlive the passages"
    for kind in ("attendance", "times", "sessions", "press", "protocol"):
        told = organiser.get(f"/exports/{kind}.csv").content.decode("utf-8-sig")
        assert "00:00" not in told, kind
        assert ";0;0" not in told, kind
    overview = organiser.get("/overview").json()
    assert (overview["arrivals"], overview["forecast"]["arrived"]) == ([], 2), "a day's beginning is no time of arrival"

    assert pass_days(460) == ["names"]
    assert b"beraus-Selten" not in engine.files_of(tmp_path)
    assert b"Nr a1" not in engine.files_of(tmp_path)
    assert house.codes["a1"].encode() not in engine.files_of(tmp_path)
    assert checked(house, code_on(page))["state"] == "valid", "a code is checked when the names are gone"
    came = house.write(
        lambda tx: tx.row("SELECT count(*) FROM presence JOIN attendee ON attendee.id = presence.attendee")
    )
    assert came == (2,)
    proof = "\n".join(texts(organiser.get("/erasure.pdf").content))
    assert "Löschnachweis" in proof
    assert "nach Löschplan" in proof
    stages = organiser.get("/erasure").json()["stages"]
    assert [one["done_at"] is not None for one in stages] == [True] * 3
    removed = [one["removed"] for one in stages]
    assert removed[0] == {"needs": 6}
    assert removed[1]["passages"] > 0
    assert removed[2]["names"] == shown["stages"][2]["counts"]["names"]
    press = organiser.get("/exports/press.csv").content.decode("utf-8-sig")
    assert len(press.splitlines()) == 1, "nobody is left whom a line could name"


def test_one_person_is_deleted_at_their_wish(house: Served, clock: Clock, tmp_path: Path) -> None:
    scan(house, clock, "a1", "D1", "09:40")
    scan(house, clock, "a2", "D1", "09:41")
    organiser = house.operator()
    assert organiser.post("/attendees/a1/erasure").json()["code"] == "attendee_inside"
    scan(house, clock, "a1", "D1", "09:50", "exit")
    code = house.codes["a1"]
    engine.let_it_look_around(tmp_path)
    with zipfile.ZipFile(io.BytesIO(organiser.post("/attendees/a1/access").content)) as file:
        told = json.loads(file.read("auskunft.json"))
        paper = "\n".join(texts(file.read("auskunft.pdf")))
    assert "Gäste" in paper
    assert "angemeldet" in paper
    theirs = {"names": 1, "passages": 2, "certificates": 0}
    assert len(told["passages"]) == 2
    assert organiser.get("/attendees/a1/erasure").json() == theirs
    assert house.client("desk").get("/attendees/a1/erasure").status_code == 403
    before = organiser.get("/erasure").json()["stages"][1]["counts"]["passages"]
    assert organiser.post("/attendees/a1/erasure").status_code == 204
    assert organiser.get("/erasure").json()["stages"][1]["counts"]["passages"] == before - 2
    assert "1 Name, 2 Durchgänge" in "\n".join(texts(organiser.get("/erasure.pdf").content))
    assert differences(house) == []
    assert code.encode() not in engine.files_of(tmp_path)
    assert {one["id"] for one in organiser.get("/attendees", params={"q": "Nr"}).json()["attendees"]} >= {"a2", "a3"}
    assert "a1" not in {one["id"] for one in organiser.get("/attendees", params={"q": "Ada"}).json()["attendees"]}
    assert scan(house, clock, "a1", "D1", "10:00")["reason"] == "code_unknown"
    entries = organiser.get("/audit", params={"kind": "erasures"}).json()["entries"]
    assert [one["what"]["en"] for one in entries] == ["Deleted: one person, at their wish"]
    newest = house.write(lambda tx: tx.row("SELECT count(*) FROM fact WHERE attendee = 'a2'"))
    assert newest == (1,), "nobody else is touched"
