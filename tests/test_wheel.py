"""The wheel holds everything: installed elsewhere, it runs the demo's first minute."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import httpx

from tests.test_commands import free_port, wait_for

ROOT = Path(__file__).parent.parent
SPEED = 60
A_MINUTE_OF_THE_DAY_S = 60 / SPEED


def test_wheel_runs_the_demo_from_elsewhere(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)], check=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "checkin/migrations/sqlite/0001_day_of_the_event.sql",
        "checkin/badges/templates/a6.typ",
        "checkin/demo/files/attendees.csv",
        "checkin/web/pages/live.html",
        "checkin/words/locale/de/LC_MESSAGES/checkin.po",
        "kiosk/faces/door.js",
    ):
        assert part in names
    installed = tmp_path / "installed"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(installed), str(wheel)], check=True, timeout=300)
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONUNBUFFERED": "1"}
    where = subprocess.run(
        [sys.executable, "-c", "import checkin, kiosk; print(checkin.__file__, kiosk.__file__)"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert where.count(str(installed)) == 2
    process = subprocess.Popen(
        [sys.executable, "-m", "checkin", "demo", "--port", str(port), "--speed", str(SPEED)],
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    output: list[str] = []
    assert process.stdout is not None
    reading = threading.Thread(target=lambda: output.extend(process.stdout or []), daemon=True)
    reading.start()
    try:
        wait_for(port, 60)
        inside = watch_the_house_fill(port, output)
    finally:
        process.terminate()
        process.wait(20)
    assert inside > 0


def watch_the_house_fill(port: int, output: list[str]) -> int:
    """How many are in the house once the first have come, within the first minutes of the day."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        ends = time.monotonic() + 10 + 10 * A_MINUTE_OF_THE_DAY_S
        while time.monotonic() < ends:
            login = re.search(r"Log-in +(\S+) / (\S+)", "".join(output))
            if login and client.post("/api/v1/login", json={"name": login[1], "password": login[2]}).status_code == 200:
                break
            time.sleep(0.2)
        while time.monotonic() < ends:
            areas = client.get("/api/v1/events/kommunalkonferenz/occupancy").json()["areas"]
            if areas[0]["inside"] > 0:
                return int(areas[0]["inside"])
            time.sleep(0.2)
    return 0
