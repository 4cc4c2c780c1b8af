"""A real centre that is put back from a backup while its stations have gone on."""

from __future__ import annotations

import signal
import uuid
from pathlib import Path
from typing import Any

from tests.kiosk.real import Real, real, until
from tests.venue import SLUG


def at_the_web(centre: Real, who: str) -> Any:
    """The outcome at a door that is no station, or why not."""
    sent = {"id": str(uuid.uuid4()), "code": centre.codes[who], "door": "D3"}
    answer = centre.organiser.post("/scans", json=sent).json()
    return answer["reason"] or answer["outcome"]


def restored(centre: Real) -> Any:
    return centre.organiser.get("/stations").json()["restored"]


def test_restored_centre_lets_nobody_in_until_the_doors_have_told_and_a_person_has_confirmed(tmp_path: Path) -> None:
    with real(tmp_path, house=12) as (centre, station):
        door = station("D1")
        door.wait_for_rights(2)
        assert door.scan(centre.codes["a1"])["outcome"] == "admitted"
        until(lambda: centre.inside("house") == 1, "the centre knows of the first")
        centre.command("backup", str(tmp_path / "back.db"))
        for who in ("a2", "a3"):
            assert door.scan(centre.codes[who])["outcome"] == "admitted"
        until(lambda: centre.inside("house") == 3, "the centre knows of those after the backup")
        door.line.cut()
        centre.program.stop(signal.SIGKILL)
        for file in tmp_path.glob("centre.db*"):
            file.unlink()
        told = centre.command("restore", str(tmp_path / "back.db"))
        assert f"checkin station confirm {SLUG}" in told
        listed = centre.command("station", "list", SLUG)
        assert "D1  Station D1" in listed
        assert "0 of 1 stations have reported. Count first, on the page Rooms: Haus" in listed
        assert "Not heard of yet: D1 Station D1. One that was revoked has wiped itself" in listed
        centre.start()
        assert centre.inside("house") == 1
        assert at_the_web(centre, "p0") == "area_full"
        shown = centre.organiser.get("/stations").json()
        assert (shown["restored"]["reported"], shown["stations"][0]["known"]) == (0, False)
        assert centre.organiser.get("/stations/attention").json()["restored"] is True
        door.line.mend()
        until(lambda: centre.organiser.get("/stations").json()["restored"]["reported"] == 1, "the door has told", 25)
        until(lambda: centre.inside("house") == 3, "who came after the backup is inside")
        assert at_the_web(centre, "p0") == "area_full", "nobody has said yet that no door is missing"
        refused = centre.organiser.post("/stations/roster", json={"generation": restored(centre)["generation"]}).json()
        assert refused["code"] == "area_uncounted", "what the door of the web showed since the backup is lost"
        for area in restored(centre)["uncounted"]:
            counted = {"id": str(uuid.uuid4()), "area": area, "headcount": 3 if area == "house" else 0}
            assert centre.organiser.post("/corrections", json=counted).status_code == 201
        assert "reported. If no door is missing here" in centre.command("station", "list", SLUG)
        assert "is confirmed" in centre.command("station", "confirm", SLUG)
        assert centre.organiser.get("/stations").json()["restored"] is None
        assert at_the_web(centre, "p0") == "admitted"
        door.wait_for_rights(1)
        assert door.scan(centre.codes["a4"])["outcome"] == "admitted"
        until(lambda: centre.inside("house") == 5, "all are counted")
        assert "last heard at" in centre.command("station", "list", SLUG)
        centre.verify()
