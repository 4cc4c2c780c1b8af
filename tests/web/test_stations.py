"""Stations and their conflicts, as those who look after them get to see them."""

from __future__ import annotations

import pytest

from checkin.core.conflict import Case, Side
from checkin.store import stations
from tests.served import Served
from tests.venue import SLUG, at


@pytest.mark.parametrize(("role", "status"), [("organiser", 200), ("safety", 200), ("steward", 403), ("desk", 403)])
def test_stations_are_looked_after_by_organiser_and_safety(served: Served, role: str, status: int) -> None:
    client = served.operator(role)
    for path in ("/stations", "/stations/attention", "/conflicts"):
        assert client.get(path).status_code == status, path
    confirmed = client.post("/stations/roster", json={"generation": 1})
    assert confirmed.status_code == (409 if status == 200 else 403)
    assert client.get(f"{served.url}/events/{SLUG}/stations").status_code == status


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
