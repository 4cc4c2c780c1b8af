"""More than the service can take: it says so at once, answers what it has taken, and is itself again right after."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest

from checkin.core.errors import CheckinError
from checkin.service import intake as intake_module
from checkin.service.intake import RETRY_AFTER_S
from checkin.service.scans import Answered, Arrived, admit
from checkin.service.venues import Venues
from checkin.store.engine import Transaction
from checkin.web import overload
from tests.bench.load import Result
from tests.bench.venue import SLUG as BENCH
from tests.bench.venue import Bench, prepare
from tests.served import Served, serve

BATCH_SCANS = 8
BATCH_S = 0.1
TAKES_PER_S = BATCH_SCANS / BATCH_S
UNDER_WAY_FIRST = 80
UNDER_WAY_MAX = 640
"""So many would wait for eight seconds: it has to learn that it may not let them in."""
OFFERED_S = 8.0
SLACK_S = 3.0
"""For a machine that has other work."""
AFTER = 5
GROWTH_KIB_MAX = 32 * 1024


@pytest.fixture
def slow(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service that takes 80 scans a second, whatever the machine, and knows nothing of it."""

    def admit_slowly(
        tx: Transaction, venues: Venues, slug: str, arrived: Sequence[Arrived], now: int
    ) -> list[Answered | CheckinError]:
        time.sleep(BATCH_S)
        return admit(tx, venues, slug, arrived, now)

    monkeypatch.setattr(intake_module, "admit", admit_slowly)
    monkeypatch.setattr(overload, "COMMIT_SCANS_MAX", UNDER_WAY_FIRST)
    monkeypatch.setattr(overload, "SCANS_UNDER_WAY_MAX", UNDER_WAY_MAX)
    monkeypatch.setattr(overload, "SCANS_UNDER_WAY_MIN", BATCH_SCANS)
    benches: list[Bench] = []

    async def furnish(store: Any, venues: Venues) -> dict[str, str]:
        benches.append(await prepare(store, 500))
        return {}

    with serve(tmp_path, furnish=furnish) as served:
        served.centre._commit_scans_max = BATCH_SCANS
        yield served, benches[0]


def test_ten_times_what_it_takes_is_refused_early_and_it_recovers_at_once(slow: tuple[Served, Bench]) -> None:
    served, bench = slow
    offering = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert offering.stdin is not None
    offering.stdin.write(
        json.dumps(
            {
                "port": served.port,
                "clients": 2 * UNDER_WAY_MAX,
                "seconds": OFFERED_S,
                "slug": BENCH,
                "doors": ["D0", "D1"],
                "tokens": [bench.door_tokens["D0"], bench.door_tokens["D1"]],
                "codes": bench.codes,
                "scans_max": sys.maxsize,
                "rate": 10 * TAKES_PER_S,
            }
        ).encode()
    )
    offering.stdin.close()
    time.sleep(OFFERED_S / 2)
    early_kib = resident_kib()
    told, _ = offering.stdout.read(), offering.wait(60)  # type: ignore[union-attr]
    late_kib = resident_kib()
    result = msgspec.json.decode(told, type=Result)

    began = time.perf_counter()
    for code in bench.codes[:AFTER]:  # one after the other, none of them refused
        answer = httpx.post(
            f"{served.url}/api/v1/events/{BENCH}/scans",
            json={"id": str(uuid.uuid4()), "code": code, "door": "D0", "direction": "exit"},
            headers={"Authorization": f"Bearer {bench.desk_token}"},
            trust_env=False,
        )
        assert answer.status_code == 201, answer.text
    assert time.perf_counter() - began < AFTER * BATCH_S + SLACK_S

    accepted, refused = result.statuses["201"], result.statuses["503"]
    assert set(result.statuses) == {"201", "503"}
    assert result.without_retry_after == 0
    assert refused > accepted  # ten times as much came
    assert result.refused_p50_ms < result.p50_ms  # a refusal waits for nothing
    assert accepted >= OFFERED_S * TAKES_PER_S / 4  # it went on all the while
    assert result.p50_ms < (overload.SCAN_S_MAX + SLACK_S / 2) * 1000
    assert result.max_ms < (UNDER_WAY_FIRST / TAKES_PER_S + SLACK_S) * 1000
    assert late_kib - early_kib < GROWTH_KIB_MAX
    assert scans_kept(served) == accepted + AFTER  # each accepted scan once, of the refused none


def test_refusal_before_anything_is_read_says_when_to_come_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = served.client()
    with monkeypatch.context() as patched:
        patched.setattr(overload, "SCANS_UNDER_WAY_MAX", 0)
        refused = client.post("/scans", content=b"x" * 100_000)
        assert client.get("/occupancy").status_code == 200  # other calls are answered
        patched.setattr(overload, "CALLS_UNDER_WAY_MAX", 0)
        assert client.get("/occupancy").status_code == 503
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == str(RETRY_AFTER_S)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "overloaded"
    scan = {"id": str(uuid.uuid4()), "code": served.codes["a1"], "door": "D1"}
    assert client.post("/scans", json=scan).status_code == 201  # on the same connection


def scans_kept(served: Served) -> int:
    def count(tx: Transaction) -> int:
        row = tx.row("SELECT count(*) FROM fact WHERE kind = 'scan'")
        assert row is not None
        return int(row[0])

    return asyncio.run_coroutine_threadsafe(served.centre.read(count), served.loop).result(10)


def resident_kib() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
