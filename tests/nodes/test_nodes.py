"""Nodes, poolers and databases are killed under load: doors and displays go on by themselves, and nothing that was
answered is lost."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest

from checkin.main import open_store
from checkin.store.engine import StoreBusy
from checkin.store.postgres import connect
from tests.nodes.databases import PGBOUNCER, Hung, Pair, Pooler, database
from tests.nodes.nodes import HALL, NODES, Display, Doors, Nodes, check, history, prepare

TOLD_S_MAX = 8.0
"""So long a door waits at most for a word while the database hangs; by itself it takes half of that."""


def rush(
    nodes: Nodes, scanning: tuple[list[str], str, str], seconds: float, shown_at: Iterable[int] = (1, 2)
) -> tuple[Doors, list[Display]]:
    """People come in at doors for so long; returned in the middle of it. `scanning`: what `prepare` gave."""
    codes, desk, screen = scanning
    displays = [Display(nodes, node, screen) for node in shown_at]
    doors = Doors(nodes, desk, codes, seconds)
    time.sleep(1.5)
    return doors, displays


def seen_through(nodes: Nodes, doors: Doors, displays: list[Display]) -> None:
    """The doors end; what they were shown is in the history, which is true; the displays show where it ends."""
    doors.join()
    kept, differences = asyncio.run(history(nodes.url))
    inside = check(kept, doors.shown)
    assert differences == []
    assert len(doors.shown) > 50, "too few scans to tell anything"
    assert inside["house"] > HALL
    for display in displays:
        display.shows(inside, within_s=15)
        display.end()


def health(nodes: Nodes, node: int) -> dict[str, str]:
    told: dict[str, str] = httpx.get(f"http://{nodes.address(node)}/health", trust_env=False).json()
    return told


def test_node_that_cannot_answer_yet_refuses_so_that_a_balancer_goes_to_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and nobody answers there
        nodes = Nodes(f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]}/postgres", tmp_path)
        process, refused = nodes.begin(0), 0
        host, port = nodes.address(0).split(":")
        while process.poll() is None:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((host, int(port)), timeout=5).close()
            refused += 1
            time.sleep(0.02)
        assert refused > 50
        assert process.returncode == 1  # and whoever started it starts it again


def test_nodes_and_database_that_die_lose_nothing_and_displays_come_back_situation_58() -> None:
    with database() as (server, folder):
        nodes = Nodes(server.get_uri(), folder)
        try:
            scanning = asyncio.run(prepare(nodes.url))
            nodes.start(*range(NODES))
            doors, displays = rush(nodes, scanning, 9)
            nodes.kill(0)
            time.sleep(1)
            server.stop()
            server.start()
            time.sleep(1)
            nodes.start(0)
            seen_through(nodes, doors, displays)
            assert doors.longest_s < 15
            print(f"a node and the database: nobody was answered for {doors.silence_s():.1f} s")
        finally:
            nodes.end()


@pytest.mark.skipif(PGBOUNCER is None, reason="needs a pgbouncer (apt-get install pgbouncer)")
def test_pooler_that_dies_loses_nothing_and_nodes_hear_of_one_another_past_it() -> None:
    with database() as (server, folder):
        pooler = Pooler(server, folder)
        direct = server.get_uri()
        nodes = Nodes(pooler.url, folder, listen_urls=(direct, direct, ""))
        try:
            pooler.start()
            scanning = asyncio.run(prepare(nodes.url))
            nodes.start(*range(NODES))
            ends = time.monotonic() + 10
            while "CHECKIN_DATABASE_LISTEN_URL" not in (told := health(nodes, 2)).get("detail", ""):
                assert time.monotonic() < ends, told
                time.sleep(0.05)
            assert told["status"] == "ok"
            assert health(nodes, 0) == health(nodes, 1) == {"status": "ok"}
            doors, displays = rush(nodes, scanning, 8, shown_at=range(NODES))
            pooler.kill()
            time.sleep(1)
            pooler.start()
            seen_through(nodes, doors, displays)
            assert doors.longest_s < 15
            print(f"a pooler: nobody was answered for {doors.silence_s():.1f} s")
        finally:
            nodes.end()
            pooler.kill()


def test_database_that_fails_over_loses_nothing_that_its_standby_was_to_have() -> None:
    with database() as (server, folder):
        pair = Pair(server, folder)
        nodes = Nodes(pair.url, folder)
        try:
            scanning = asyncio.run(prepare(nodes.url))
            nodes.start(*range(NODES))
            doors, displays = rush(nodes, scanning, 12)
            pair.stall()  # what is committed from here on the standby has not
            time.sleep(1)
            pair.fail_over()
            seen_through(nodes, doors, displays)
            assert doors.longest_s < 20
            print(f"a database that fails over: nobody was answered for {doors.silence_s():.1f} s, 1 s of it stalled")
        finally:
            nodes.end()
            pair.end()


def test_database_that_hangs_is_told_within_seconds_and_goes_on_where_it_stood() -> None:
    with database() as (server, folder):
        nodes = Nodes(server.get_uri(), folder)
        try:
            scanning = asyncio.run(prepare(nodes.url))
            nodes.start(*range(NODES))
            doors, displays = rush(nodes, scanning, 12)
            hung = Hung(server)
            try:
                time.sleep(3)
                assert health(nodes, 0)["status"] == "failed"
                time.sleep(2)
            finally:
                hung.go_on()
            since = time.monotonic()
            while health(nodes, 0)["status"] != "ok":
                assert time.monotonic() < since + 10
            seen_through(nodes, doors, displays)
            assert doors.word_s < TOLD_S_MAX
            print(f"a database that hangs for 5 s: told after {doors.word_s:.1f} s, silence {doors.silence_s():.1f} s")
        finally:
            nodes.end()


def test_database_that_hangs_is_left_for_the_standby_that_takes_its_place() -> None:
    with database() as (server, folder):
        pair = Pair(server, folder)
        nodes = Nodes(pair.url, folder)
        hung: Hung | None = None
        try:
            scanning = asyncio.run(prepare(nodes.url))
            nodes.start(*range(NODES))
            doors, displays = rush(nodes, scanning, 14)
            hung = Hung(server)
            pair.promote()
            seen_through(nodes, doors, displays)
            assert doors.word_s < TOLD_S_MAX
            print(f"a standby for one that hangs: told after {doors.word_s:.1f} s, silence {doors.silence_s():.1f} s")
        finally:
            nodes.end()
            if hung is not None:
                hung.kill()
            pair.end()


def test_node_finds_the_server_that_takes_writes_whichever_comes_first() -> None:
    with database() as (server, folder):
        pair = Pair(server, folder, synchronous=False)
        try:
            standby_first = ",".join(reversed(pair.url.rpartition("=")[2].split(",")))
            with connect(f"postgresql://postgres@/postgres?host={standby_first}") as connection:
                assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
                parameters = connection.info.get_parameters()
            assert int(parameters["tcp_user_timeout"]) <= 10_000
            assert int(parameters["keepalives_idle"]) < 10
            # The URL has the last word.
            with pytest.raises(StoreBusy, match="may be a standby"):
                asyncio.run(
                    open_store(f"postgresql://postgres@/postgres?host={standby_first}&target_session_attrs=any")
                )
        finally:
            pair.end()
