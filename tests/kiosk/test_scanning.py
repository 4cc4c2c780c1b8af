"""A scanner's program, with a real centre and a scanner on a real line."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from kiosk.__main__ import main
from kiosk.scanning import DoorOfCentre, Refused, scan_on
from tests.served import Served, serve
from tests.venue import SLUG


async def read(*codes: str) -> AsyncIterator[str]:
    for code in codes:
        yield code


def test_scanner_on_a_line_scans_at_its_door(served: Served) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    command = [sys.executable, "-m", "kiosk", "scan", served.url, SLUG, "--door", "D1", "--screen", "Tresen"]
    program = subprocess.Popen(
        [*command, "--port", os.ttyname(theirs)],
        env={**os.environ, "KIOSK_TOKEN": served.device("door", "D1"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline().endswith(f"/events/{SLUG}/door/D1?screen=Tresen\n")
        assert "is read." in program.stdout.readline()
        os.write(ours, served.codes["a1"].encode() + b"\r\n")
        line = program.stdout.readline()
        assert line == "admitted arrival: Einlass gewährt – willkommen – no page shows it\n"
        os.write(ours, b"WIFI:S:Gast;P:geheim;;\r\n")
        assert program.stdout.readline().startswith("refused code_unknown")
    finally:
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0
        os.close(ours)
        os.close(theirs)


def test_scans_are_kept_while_the_centre_is_away_and_sent_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.scanning.RETRY_S", 0.01)
    said: list[str] = []
    with serve(tmp_path) as served:
        door = DoorOfCentre(served.url, SLUG, served.device("door", "D1"), "D1", "s")
        failures = iter([httpx.ConnectError("no route"), httpx.ReadTimeout("late"), None, None])
        send = door.send

        async def send_or_fail(scan: dict[str, object]) -> dict[str, object]:
            failure = next(failures)
            if isinstance(failure, httpx.ReadTimeout):
                await send(scan)  # it got there, and its answer did not
            if failure is not None:
                raise failure
            return await send(scan)

        monkeypatch.setattr(door, "send", send_or_fail)

        async def work() -> None:
            await scan_on(read(served.codes["a1"], served.codes["a1"], served.codes["a2"]), door, said.append)
            await door.close()

        asyncio.run(asyncio.wait_for(work(), 10))
        assert [line for line in said if line.startswith("Not checked")] == said[:2]
        assert [line.split(":")[0] for line in said[2:]] == ["admitted arrival", "admitted arrival"], "one each"
        assert not [line for line in said if "Ada" in line], "no names on a terminal"


def test_what_the_centre_refuses_ends_the_program(served: Served) -> None:
    async def work() -> None:
        door = DoorOfCentre(served.url, SLUG, served.device("door", "D2"), "D1", "s")
        await scan_on(read("x"), door, lambda line: None)

    with pytest.raises(Refused, match="door"):
        asyncio.run(work())


def test_wrong_use_is_said(tmp_path: Path) -> None:
    command = ["scan", "http://127.0.0.1:1", SLUG, "--door", "D1", "--port", str(tmp_path / "none")]
    result = CliRunner().invoke(main, command, env={"KIOSK_TOKEN": ""})
    assert (result.exit_code, "--role door" in result.output) == (2, True)
    assert CliRunner().invoke(main, ["scan", "centre", *command[2:]], env={"KIOSK_TOKEN": "x"}).exit_code == 2
