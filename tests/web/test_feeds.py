"""The programme as files and feeds: for all only where the organiser says so, and new only when it is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from icalendar import Calendar

from checkin.core.model import Session
from checkin.exchange.schedule import read_schedule
from checkin.service.schedule import import_schedule
from tests.served import Served
from tests.venue import SLUG, at, layout

SESSIONS = [
    Session(id="F1", area="T", title="Forum eins", starts_at=at("12:10"), ends_at=at("13:10")),
    Session(id="F2", area="G", title="Forum zwei", starts_at=at("12:10"), ends_at=at("13:10")),
]
FORMS = ("json", "xml", "ics", "xcal")


@pytest.fixture
def organiser(served: Served) -> httpx.Client:
    served.write(lambda tx: import_schedule(tx, served.centre.venues, SLUG, SESSIONS, now=at("08:00"), by="test"))
    return served.operator()


def public(served: Served, form: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{served.url}/events/{SLUG}/schedule.{form}", headers=headers, trust_env=False)


def event_in(content: bytes, title: str) -> dict[str, str]:
    found: Any = next(one for one in Calendar.from_ical(content).walk("VEVENT") if one["SUMMARY"] == title)
    names = ("UID", "SEQUENCE", "STATUS", "LAST-MODIFIED", "DTSTART")
    return {name: found[name].to_ical().decode() for name in names}


def test_each_form_comes_with_its_type_and_is_read_again(organiser: httpx.Client) -> None:
    types = dict(
        zip(FORMS, ("application/json", "application/xml", "text/calendar", "application/calendar+xml"), strict=True)
    )
    for form, media_type in types.items():
        answer = organiser.get(f"/schedule.{form}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith(media_type)
        if form != "xcal":
            assert read_schedule(answer.content, layout()) == SESSIONS


def test_everybody_reads_the_programme_only_while_the_organiser_lets_them(
    organiser: httpx.Client, served: Served
) -> None:
    assert [public(served, form).status_code for form in FORMS] == [404] * 4
    assert served.operator("steward").patch("/schedule-feed", json={"public": True}).status_code == 403
    opened = organiser.patch("/schedule-feed", json={"public": True}).json()
    assert opened["public"] is True
    assert [httpx.get(link, trust_env=False).status_code for link in opened["links"]] == [200] * 4
    assert organiser.patch("/schedule-feed", json={"public": False}).json()["public"] is False
    assert public(served, "ics").status_code == 404


def test_feed_is_sent_again_only_when_it_is_another(organiser: httpx.Client, served: Served) -> None:
    organiser.patch("/schedule-feed", json={"public": True})
    first = public(served, "ics")
    again = public(served, "ics", **{"If-None-Match": f'"x", {first.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert organiser.patch("/sessions/F1", json={"area": "P"}).status_code == 200
    changed = public(served, "ics", **{"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert b"LOCATION:Gro" in changed.content


def test_what_changed_rises_in_the_calendar_and_keeps_its_uid_situation_48(
    organiser: httpx.Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = event_in(organiser.get("/schedule.ics").content, "Forum eins")
    monkeypatch.setattr(served.centre, "clock", lambda: at("11:00"))
    organiser.patch("/sessions/F1", json={"cancelled": True})
    content = organiser.get("/schedule.ics").content
    after, other = event_in(content, "Forum eins"), event_in(content, "Forum zwei")
    assert after["UID"] == before["UID"] == f"F1@{SLUG}.checkin"
    assert (before["SEQUENCE"], after["SEQUENCE"], other["SEQUENCE"]) == ("0", "1", "0")
    assert after["LAST-MODIFIED"] > before["LAST-MODIFIED"] == other["LAST-MODIFIED"]
    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    organiser.patch("/sessions/F2", json={"runs_over_min": 15})
    assert event_in(organiser.get("/schedule.ics").content, "Forum eins")["SEQUENCE"] == "1"
