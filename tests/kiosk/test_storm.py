"""A rush at real doors while processes are killed, links fail, disks are full and clocks are set."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kiosk.storm import storm
from tests.kiosk.wires import can_wire


def test_storm_loses_no_answer_and_overfills_no_area(tmp_path: Path) -> None:
    outcome = storm(tmp_path, seed=6, kills=12, seconds_max=22)
    assert outcome.wrong == []
    assert outcome.shown > 30
    assert outcome.alone > 0


@pytest.mark.skipif(not can_wire(), reason="needs root and network namespaces")
def test_cable_that_is_pulled_out_and_a_disk_without_space_lose_no_answer(tmp_path: Path) -> None:
    outcome = storm(tmp_path, seed=2, kills=4, seconds_max=12, wired=True)
    assert outcome.wrong == []
    assert outcome.shown > 20
