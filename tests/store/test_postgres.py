"""PostgreSQL beneath the same store: its words, its schema, its writers of several nodes, its failures."""

from __future__ import annotations

import asyncio
import re
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from checkin.core.errors import CheckinError
from checkin.core.facts import Scanned
from checkin.core.model import Scan
from checkin.main import open_store
from checkin.service import scans
from checkin.service.scans import Answered, Arrived, admit
from checkin.service.venues import Venues
from checkin.service.verify import verify
from checkin.store import attendees, facts, postgres
from checkin.store.copying import NOT_COPIED, copy_all, tables
from checkin.store.engine import Row, Store, StoreBusy, Transaction
from checkin.store.migrations import apply_sqlite_migrations, migration_files
from checkin.store.postgres import PostgresStore, together, translated
from tests.engine import new_postgres_database
from tests.venue import SLUG, at, fill

T = TypeVar("T")
NODES = 3


def on_postgres(work: Callable[[str], Awaitable[T]]) -> T:
    async def run() -> T:
        return await work(new_postgres_database(migrated=False))

    return asyncio.run(run())


def all_seqs(tx: Transaction) -> list[int]:
    return [seq for (seq,) in tx.rows("SELECT seq FROM fact ORDER BY seq")]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1 WHERE a = ?", "SELECT 1 WHERE a = %s"),
        ("SELECT '100 %' WHERE a = ?", "SELECT '100 %%' WHERE a = %s"),
        (
            "SELECT a.id FROM json_each(?) AS wanted CROSS JOIN attendee AS a ON a.id = wanted.value",
            "SELECT a.id FROM jsonb_array_elements_text(%s::jsonb) AS wanted(value)"
            " CROSS JOIN LATERAL (SELECT * FROM attendee AS a WHERE a.id = wanted.value OFFSET 0) AS a",
        ),
        (
            "FROM x CROSS JOIN code ON code.text = upper(x.value) AND code.event = ? LEFT JOIN badge ON badge.id = 1",
            "FROM x CROSS JOIN LATERAL (SELECT * FROM code WHERE code.text = upper(x.value) AND code.event = %s"
            " OFFSET 0) AS code LEFT JOIN LATERAL (SELECT * FROM badge WHERE badge.id = 1 OFFSET 0) AS badge ON true",
        ),
        ("FROM a LEFT JOIN b ON b.id = a.id WHERE c = 1", "FROM a LEFT JOIN b ON b.id = a.id WHERE c = 1"),
        (
            "id IN (SELECT value FROM json_each(?))",
            "id IN (SELECT value FROM jsonb_array_elements_text(%s::jsonb) AS one(value))",
        ),
    ],
)
def test_statements_are_put_into_its_words(sql: str, words: str) -> None:
    assert translated(sql) == words


def test_many_rows_are_one_statement_with_an_array_for_each_column() -> None:
    assert together("INSERT INTO t (a, b, c) VALUES (?, ?, ?)", [(1, None, "x"), (2, None, None)]) == (
        "INSERT INTO t (a, b, c) SELECT c0, NULL, c2 FROM unnest(%b, %b) AS many(c0, c2)",
        [[1, 2], ["x", None]],
    )
    assert together("INSERT INTO t (a) VALUES (?)", [(1,), (1.5,)]) is None
    assert together("DELETE FROM t WHERE a = ?", [(1,), (2,)]) is None


def test_many_rows_are_kept_whatever_their_columns_hold() -> None:
    rows = [(1, "a", b"\x00\xff", None, 2.5), (2**40, 'ä"\\{}', b"", None, None), (3, "", None, None, -1.0)]

    async def work(url: str) -> tuple[list[Row], list[Row]]:
        store = await PostgresStore.open(url)

        def keep(tx: Transaction) -> list[Row]:
            tx.run("CREATE TABLE kind (n BIGINT PRIMARY KEY, t TEXT, b BYTEA, nothing BYTEA, x DOUBLE PRECISION)")
            insert = "INSERT INTO kind (n, t, b, nothing, x) VALUES (?, ?, ?, ?, ?)"
            tx.run_many(insert, [])
            tx.run_many(insert, rows)
            tx.run_many(
                f"{insert} ON CONFLICT (n) DO UPDATE SET t = excluded.t",
                [(1, "again", None, b"new", 1), (4, "d", None, None, 0.5)],
            )
            return tx.rows("SELECT n, t, b, nothing, x FROM kind ORDER BY n")

        try:
            return await store.write(keep), rows
        finally:
            await store.close()

    kept, given = on_postgres(work)
    given[0] = (1, "again", *given[0][2:])
    assert kept == sorted([*given, (4, "d", None, None, 0.5)])


def test_schema_has_the_tables_and_columns_that_sqlite_has() -> None:
    async def work(url: str) -> dict[str, list[str]]:
        store = await PostgresStore.open(url)
        found: dict[str, list[str]] = {}
        for table, column in await store.read(
            lambda tx: tx.rows(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
                " AND table_name <> 'migration' ORDER BY ordinal_position"
            )
        ):
            found.setdefault(table, []).append(column)
        await store.close()
        return found

    assert on_postgres(work) == {table.name: list(table.columns) for table in tables()}


def test_indexes_are_those_that_sqlite_has() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    apply_sqlite_migrations(connection)
    wanted = {
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql <> ''")
    }
    connection.close()

    async def work(url: str) -> set[str]:
        store = await PostgresStore.open(url)
        names = await store.read(lambda tx: tx.rows("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"))
        await store.close()
        return {name for (name,) in names}

    assert wanted <= on_postgres(work)


def test_database_of_an_older_version_is_brought_up_to_date_with_what_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    older = migration_files("postgres")[:4]

    async def work(url: str) -> None:
        venues = Venues()
        with monkeypatch.context() as patched:
            patched.setattr(postgres, "migration_files", lambda engine: older)
            store = await PostgresStore.open(url)
            codes = (await fill(store, venues)).values()
            arrived = [Arrived(scan=Scan(id=f"scan {code}", code=code, door="D1"), by="test") for code in codes]
            first = await store.write(lambda tx: admit(tx, venues, SLUG, arrived, at("10:00")))
            await store.close()
        store = await PostgresStore.open(url)
        again = await store.write(lambda tx: admit(tx, venues, SLUG, arrived, at("10:01")))
        assert [one.answer.seq for one in again if isinstance(one, Answered) and one.repeated] == [
            one.answer.seq for one in first if isinstance(one, Answered)
        ]
        assert await store.read(lambda tx: verify(tx, venues, SLUG)) == []
        await store.close()
        with monkeypatch.context() as patched:
            patched.setattr(postgres, "migration_files", lambda engine: older)
            with pytest.raises(CheckinError, match="newer version"):
                await PostgresStore.open(url)

    on_postgres(work)


def test_facts_of_several_nodes_are_gapless_and_the_last_seats_go_once() -> None:
    """Thirty people at a house of ten, every one of them at every node in the same moment."""

    async def work(url: str) -> None:
        nodes = [await PostgresStore.open(url) for _ in range(NODES)]
        venues = [Venues() for _ in nodes]
        codes = list((await fill(nodes[0], venues[0], guests=30, crew=0, house=10, hall=10)).values())

        async def scan(node: int, number: int) -> Answered:
            one = Arrived(scan=Scan(id=f"{node}-{number}", code=codes[number], door="D1"), by=f"node {node}")
            answers = await nodes[node].write(lambda tx: admit(tx, venues[node], SLUG, [one], at("10:00")))
            assert isinstance(answers[0], Answered)
            return answers[0]

        answers = await asyncio.gather(*(scan(node, number) for number in range(30) for node in range(NODES)))
        admitted = [one.answer for one in answers if one.answer.outcome == "admitted"]
        assert len(admitted) == 10
        assert len({one.attendee.id for one in admitted if one.attendee}) == 10
        before = len(await nodes[0].read(all_seqs)) - len(answers)
        assert sorted(one.answer.seq for one in answers) == list(range(before + 1, before + len(answers) + 1))
        scans = await nodes[1].read(lambda tx: facts.last_scans(tx, 1, 1_000))
        kept = {one.fact.id: one.seq for one in scans if isinstance(one.fact, Scanned)}
        assert kept == {one.answer.id: one.answer.seq for one in answers}
        assert await nodes[2].read(lambda tx: verify(tx, venues[2], SLUG)) == []
        for node in nodes:
            await node.close()

    on_postgres(work)


def test_connection_that_was_cut_is_made_anew_and_loses_nothing() -> None:
    async def work(url: str) -> None:
        store = await PostgresStore.open(url)
        venues = Venues()
        codes = list((await fill(store, venues)).values())

        def scan(number: int) -> Callable[[Transaction], object]:
            one = Arrived(scan=Scan(id=f"scan {number}", code=codes[number], door="D1"), by="test")
            return lambda tx: admit(tx, venues, SLUG, [one], at("10:00"))

        await store.write(scan(0))
        cut(url)  # while it is idle: nobody notices
        await store.write(scan(1))

        def cut_on_the_way(tx: Transaction) -> None:
            tx.run("INSERT INTO lease (name, holder, beat) VALUES ('written', 'here', 1)")
            cut(url)
            scan(2)(tx)

        with pytest.raises(StoreBusy, match="tried again"):
            await store.write(cut_on_the_way)
        assert await store.read(lambda tx: tx.rows("SELECT name FROM lease")) == []
        await store.write(scan(2))
        assert len(await store.read(lambda tx: facts.last_scans(tx, 1, 10))) == 3
        assert await store.read(lambda tx: verify(tx, venues, SLUG)) == []
        await store.close()

    on_postgres(work)


def test_answer_is_had_while_what_was_asked_for_after_it_still_waits() -> None:
    async def work(url: str) -> None:
        store = await PostgresStore.open(url)

        def ask(tx: Transaction) -> None:
            with psycopg.connect(url, autocommit=True) as other:
                other.execute("SELECT pg_advisory_lock(1)")
                first, second = tx.ask("SELECT 1"), tx.ask("SELECT 2 FROM pg_advisory_xact_lock(1)")
                third = tx.ask("SELECT 3")
                assert first() == [(1,)]
            assert (third(), second()) == ([(3,)], [(2,)])

        await store.write(ask)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await store.write(lambda tx: (tx.ask("SELECT 1 / ?", (0,)), tx.ask("SELECT 1")())[1])
        assert await store.write(lambda tx: tx.ask("SELECT 1")()) == [(1,)]

        def ask_much(tx: Transaction) -> float:
            began_s = time.monotonic()
            assert tx.ask("SELECT length(?)", ("x" * 16_000_000,))() == [(16_000_000,)]
            return time.monotonic() - began_s

        assert await store.write(ask_much) < 3  # more than a socket takes at once goes as soon as it takes it
        await store.close()

    on_postgres(work)


def test_what_fails_late_in_a_batch_is_raised_as_what_it_was_and_nothing_of_it_stays() -> None:
    """What is written waits for no answer: the failure shows with the commit, or with the next reading."""

    async def work(url: str) -> None:
        store = await PostgresStore.open(url)
        insert = "INSERT INTO lease (name, holder, beat) VALUES (?, ?, ?)"

        def twice(tx: Transaction) -> None:
            tx.run_many(insert, [("a", "here", 1)])
            tx.run_many(insert, [("a", "there", 1)])
            tx.tell("7")

        with pytest.raises(psycopg.errors.UniqueViolation):
            await store.write(twice)

        def twice_and_read(tx: Transaction) -> None:
            twice(tx)
            tx.rows("SELECT 1")

        with pytest.raises(psycopg.errors.UniqueViolation):
            await store.write(twice_and_read)
        assert await store.read(lambda tx: tx.rows("SELECT name FROM lease")) == []
        many = [(f"name {n}", "x" * 500, 1) for n in range(20_000)]  # more than a socket takes at once
        await store.write(lambda tx: tx.run_many(insert, many))
        assert await store.write(lambda tx: tx.run("UPDATE lease SET beat = 2 WHERE name <> ?", ("name 0",))) == 19_999
        await store.close()

    on_postgres(work)


def test_batch_read_and_written_in_pieces_is_decided_as_its_scans_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def sent(codes: dict[str, str]) -> list[Arrived]:
        first, second, _, fourth = list(codes.values())[:4]
        steps = [
            ("a", first, "D1"),
            ("b", second, "D1"),
            ("c", first, "D1"),
            ("a", first, "D1"),
            ("d", "nobody's", "D1"),
            ("e", fourth[:-1] + ("0" if fourth[-1] != "0" else "1"), "D1"),
            ("f", second, "P-A"),
            ("a", second, "D1"),
            ("g", fourth, "D1"),
        ]
        return [Arrived(scan=Scan(id=id, code=code, door=door), by="test") for id, code, door in steps]

    async def work(url: str) -> list[tuple[object, ...]]:
        store, venues = await PostgresStore.open(url), Venues()
        try:
            arrived = sent(await fill(store, venues, guests=5, house=2, hall=None))
            told: list[tuple[object, ...]] = []
            for start in range(0, len(arrived), batch):
                some = arrived[start : start + batch]
                answers = await store.write(lambda tx, some=some: admit(tx, venues, SLUG, some, at("10:00")))  # type: ignore[misc]
                told += [
                    (one.answer.seq, one.answer.reason, one.answer.area.inside, one.repeated)
                    if isinstance(one, Answered)
                    else (one.code,)
                    for one in answers
                ]
            assert await store.read(lambda tx: verify(tx, venues, SLUG)) == []
            return told
        finally:
            await store.close()

    monkeypatch.setattr(scans, "PIECE_SCANS", 2)
    batch = 1
    alone = on_postgres(work)
    batch = 100
    assert on_postgres(work) == alone
    assert [one[1:] for one in alone] == [
        (None, 1, False),
        (None, 2, False),
        ("already_inside", 2, False),
        (None, 1, True),
        ("code_unknown", 2, False),
        ("code_unknown", 2, False),
        (None, 1, False),
        (),
        ("area_full", 2, False),
    ]


def test_people_and_facts_are_looked_up_by_their_keys_even_where_none_were_there_when_it_was_planned() -> None:
    class Plans(list[str]):
        """A transaction that tells how it would find what it is asked for."""

        def __init__(self, tx: Transaction) -> None:
            self._tx = tx

        def ask(self, sql: str, parameters: Sequence[object] = ()) -> Callable[[], list[Row]]:
            self += [row[0] for row in self._tx.rows("EXPLAIN " + sql, parameters)]
            return list

        ask_together = ask

    def plan(tx: Transaction) -> list[str]:
        plans: Any = Plans(tx)
        attendees.bearers_by_code(plans, 1, ["a", "b"])
        attendees.bearers_by_booking_number(plans, 1, ["a", "b"])
        facts.facts_by_id(plans, 1, ["a", "b"])
        return list(plans)

    async def work(url: str) -> list[str]:
        store = await PostgresStore.open(url)
        try:
            await fill(store, Venues())
            with psycopg.connect(url, autocommit=True) as other:
                other.execute("ANALYZE")
            return await store.write(plan)
        finally:
            await store.close()

    steps = on_postgres(work)
    assert any("presence_pkey" in step for step in steps)
    assert any("fact_by_id" in step for step in steps), steps
    assert not any("Seq Scan" in step or "Hash" in step for step in steps), steps


def test_server_notes_nothing_of_values_that_were_deleted() -> None:
    async def work(url: str) -> None:
        store = await PostgresStore.open(url)
        await fill(store, Venues())
        with psycopg.connect(url, autocommit=True) as other:

            def noted() -> set[str]:
                other.execute("ANALYZE")
                return {table for (table,) in other.execute("SELECT tablename FROM pg_stats")}

            def schema() -> list[Row]:
                columns = "table_name, column_name, data_type, collation_name, is_nullable, column_default"
                return [
                    *other.execute(f"SELECT {columns} FROM information_schema.columns ORDER BY 1, 2"),
                    *other.execute("SELECT indexdef FROM pg_indexes ORDER BY 1"),
                    *other.execute("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2"),
                ]

            other.execute("UPDATE attendee SET booking_number = 'B 4711'")
            other.execute("INSERT INTO attended (attendee, event, stays) SELECT id, event, 'geheim' FROM attendee")
            before, made = noted(), schema()
            other.execute("UPDATE attendee SET booking_number = ''; DELETE FROM attended")
            await store.forget_deleted()
            assert before - noted() == {"attended", "attendee_by_booking_number"}
            assert schema() == made
        await store.close()

    on_postgres(work)


def test_what_was_deleted_is_written_anew_when_nobody_sees_it_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup or an export under way sees what there was before, and the server keeps it for them."""

    async def work(url: str) -> None:
        store = await PostgresStore.open(url)
        await fill(store, Venues())
        await store.write(lambda tx: tx.run("UPDATE attendee SET family_name = 'Geheimrat' WHERE id = 'a1'"))
        with psycopg.connect(url, autocommit=True) as other, psycopg.connect(url) as reader:

            def stands() -> bool:
                other.execute("CHECKPOINT")
                row = other.execute(
                    "SELECT pg_read_binary_file(pg_relation_filepath('attendee')),"
                    " (SELECT count(*) FROM pg_stats WHERE most_common_vals::text LIKE '%Geheimrat%')"
                ).fetchone()
                assert row is not None
                return b"Geheimrat" in row[0] or row[1] > 0

            reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            reader.execute("SELECT 1")
            await store.write(lambda tx: tx.run("UPDATE attendee SET family_name = '' WHERE id = 'a1'"))
            assert stands()
            monkeypatch.setattr(postgres, "EARLIER_S_MAX", 0.3)
            with pytest.raises(StoreBusy, match="vacuumdb"):
                await store.forget_deleted()
            monkeypatch.setattr(postgres, "EARLIER_S_MAX", 30)
            forgetting = asyncio.create_task(store.forget_deleted())
            for _ in range(5):
                await asyncio.sleep(0.1)
                await asyncio.wait_for(store.write(lambda tx: tx.run("UPDATE event SET name = name")), 3)
            assert not forgetting.done()
            reader.rollback()
            await forgetting
            assert not stands()
        await store.close()

    on_postgres(work)


def test_database_that_is_slow_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "SILENT_S", 0.1)

    async def work(url: str) -> None:
        store = await PostgresStore.open(url)
        for run in (store.write, store.read, store.glance, store.snapshot):
            assert await run(lambda tx: tx.rows("SELECT 1 FROM pg_sleep(1)")) == [(1,)]
        await store.close()

    on_postgres(work)


def test_other_nodes_hear_of_a_commit_and_of_none_that_was_rolled_back() -> None:
    async def work(url: str) -> None:
        here, there = await PostgresStore.open(url), await PostgresStore.open(url)
        heard: list[str] = []
        own: list[str] = []
        there.listen(heard.append)
        here.listen(own.append)
        await asyncio.sleep(0.3)

        def fails(tx: Transaction) -> None:
            tx.tell("7")
            raise ValueError("on the way")

        with pytest.raises(ValueError, match="on the way"):
            await here.write(fails)
        await here.write(lambda tx: tx.tell("8"))
        await until(lambda: heard == ["8"])
        cut(url)  # the listener's connection too
        await asyncio.sleep(1.5)
        await here.write(lambda tx: tx.tell("9"))
        await until(lambda: heard == ["8", "9"])
        assert own == []
        await here.close()
        await there.close()

    on_postgres(work)


def test_database_that_nobody_serves_is_one_clear_line() -> None:
    with pytest.raises(StoreBusy, match=r"does not answer.*CHECKIN_DATABASE_URL"):
        asyncio.run(open_store("postgresql://nobody@127.0.0.1:1/nothing"))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("CREATE DATABASE {} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", r"encoding LATIN1.*ENCODING 'UTF8'"),
        ("CREATE DATABASE {} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0", r"encoding SQL_ASCII"),
        ("CREATE ROLE {} LOGIN", r"permission denied for schema public.*OWNER TO"),
    ],
)
def test_database_that_cannot_be_used_is_one_clear_line(made: str, words: str) -> None:
    url, name = new_postgres_database(migrated=False), f"unusable_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # as PostgreSQL 15 comes
        connection.execute(SQL(made).format(Identifier(name)))
    try:
        other = {"user": name} if "ROLE" in made else {"dbname": name}
        mine = conninfo_to_dict(url) | other
        address = f"postgresql://{mine['user']}@/{mine['dbname']}?host={mine['host']}"
        with pytest.raises(StoreBusy, match=words):
            asyncio.run(open_store(address))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            kind = "ROLE" if "ROLE" in made else "DATABASE"
            connection.execute(SQL(f"DROP {kind} {{}}").format(Identifier(name)))


def test_event_moves_between_the_engines_and_back(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        first: Store = await open_store(f"sqlite:///{tmp_path / 'a.db'}")
        venues = Venues()
        codes = list((await fill(first, venues)).values())
        scans = [
            Arrived(scan=Scan(id=f"scan {number}", code=code, door="D1"), by="test")
            for number, code in enumerate(codes)
        ]
        await first.write(lambda tx: admit(tx, venues, SLUG, scans, at("10:00")))
        second = await open_store(url)
        third = await open_store(f"sqlite:///{tmp_path / 'b.db'}")
        rows = await copy_all(first, second)
        assert rows == await copy_all(second, third)
        assert await first.read(everything) == await third.read(everything)
        assert await second.read(lambda tx: verify(tx, Venues(), SLUG)) == []
        out = Arrived(scan=Scan(id="out", code=codes[0], door="D1", direction="exit"), by="test")
        answers = await second.write(lambda tx: admit(tx, Venues(), SLUG, [out], at("10:05")))
        assert isinstance(answers[0], Answered)
        assert answers[0].answer.kind == "exit"
        for store in (first, second, third):
            await store.close()

    on_postgres(work)


EITHER = {"token": "device", "hold": "session"}
"""table → a column that is empty where another is not."""


def test_every_column_of_every_table_moves_between_the_engines_and_back(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        first = await open_store(f"sqlite:///{tmp_path / 'a.db'}")
        second = await open_store(url)
        third = await open_store(f"sqlite:///{tmp_path / 'b.db'}")
        await first.write(fill_every_column)
        rows = await copy_all(first, second)
        assert rows == await copy_all(second, third)
        there = await first.read(everything)
        assert {name for name, kept in there.items() if not kept} == NOT_COPIED
        assert await third.read(everything) == there
        for store in (first, second, third):
            await store.close()

    on_postgres(work)


def fill_every_column(tx: Transaction) -> None:
    """Three rows in each table: every column of the row n says n, so that all that refer to one another fit; the third
    is empty where it may be."""
    for table in tables():
        if table.name in NOT_COPIED:
            continue
        schema = tx.row("SELECT sql FROM sqlite_schema WHERE name = ?", (table.name,))
        assert schema is not None
        columns = tx.rows(f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table.name}')")
        for n in (1, 2, 3):
            row: list[object] = []
            for name, kind, needed, key in columns:
                words = re.search(rf'\b{name}\W+TEXT[^,]*CHECK \("?{name}"? IN \(([^)]*)\)', schema[0])
                if name == EITHER.get(table.name) or (n == 3 and not needed and not key and table.name not in EITHER):
                    row.append(None)
                elif words:
                    told = re.findall("'(.*?)'", words[1])
                    row.append(told[n % len(told)] if len(told) < 3 else told[n - 1])
                else:
                    row.append({"TEXT": f"ä'{n}", "BLOB": bytes([0, 255, n]), "REAL": n + 0.5}.get(kind, n))
            tx.run(f'INSERT INTO "{table.name}" VALUES ({", ".join("?" * len(row))})', row)


def everything(tx: Transaction) -> dict[str, list[str]]:
    """table → its rows, in no order of theirs."""
    columns = {table.name: ", ".join(f'"{column}"' for column in table.columns) for table in tables()}
    return {name: sorted(map(repr, tx.rows(f'SELECT {listed} FROM "{name}"'))) for name, listed in columns.items()}


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


def cut(url: str) -> None:
    """End every other connection to this database, as a restart of the server does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
