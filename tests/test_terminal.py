"""What a person at a terminal sees of long work."""

from __future__ import annotations

import pytest

from checkin.terminal import Bar, said


def test_time_left_is_said_once_the_speed_is_known() -> None:
    assert said(0, 0, 9) == "…"
    assert said(1, 10, 1) == "10 %"
    assert said(45, 100, 45) == "45 %, 55 s left"
    assert said(1, 100, 10) == "1 %, 16 min left"


def test_programs_see_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("list") as bar:
        bar(1, 2)
    assert capsys.readouterr() == ("", "")


def test_bar_is_cleared_at_its_end(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Bar("list") as bar:
        bar(1, 2)
    err = capsys.readouterr().err
    assert "list: …" in err
    assert err.endswith("\r\x1b[K")
