"""The commands as an operator types them: what they print, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from checkin.exchange.layout import read_layout
from checkin.store.migrations import migration_files
from tests.engine import new_postgres_database

FILES = Path(__file__).parent.parent / "checkin" / "demo" / "files"
SLUG = "kommunalkonferenz"


class Shell:
    """Runs commands on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "CHECKIN_DATABASE_URL": f"sqlite:///{folder / 'checkin.db'}"}

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "checkin", *arguments],
            env=self.environment,
            cwd=self.folder,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )

    def well(self, *arguments: str, stdin: str = "") -> str:
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def failed(self, *arguments: str, code: int = 1) -> str:
        """The one line on stderr."""
        done = self.run(*arguments)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        if code == 1:
            assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        return done.stderr

    @contextmanager
    def serving(self, port: int) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "checkin", "serve", "--port", str(port)], env=self.environment, cwd=self.folder
        )
        try:
            wait_for(port)
            yield process
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def wait_for(port: int, seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the service does not answer")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database into which the demo's files were imported, once for all."""
    shell = Shell(tmp_path_factory.mktemp("imported"))
    shell.well("import", "layout", SLUG, str(FILES / "layout.toml"))
    shell.well("import", "schedule", SLUG, str(FILES / "schedule.json"))
    shell.well("import", "attendees", SLUG, str(FILES / "attendees.csv"))
    shell.well("backup", "copy.db")
    return shell.folder / "copy.db"


@pytest.fixture
def filled(shell: Shell, imported: Path) -> Shell:
    shutil.copy(imported, shell.folder / "checkin.db")
    return shell


def test_event_is_set_up_from_files_to_badges_and_exports(filled: Shell) -> None:
    out = filled.folder / "badges.pdf"
    assert "600 badges, 600 of them new" in filled.well("badges", SLUG, "--out", str(out))
    assert out.read_bytes().startswith(b"%PDF")
    assert "600 badges, 0 of them new" in filled.well("badges", SLUG, "--out", str(out), "--format", "a6")
    codes = json.loads(filled.well("codes", SLUG, "--json"))
    assert len(codes) == 600
    assert set(codes[0]) >= {"attendee", "name", "ticket", "code"}
    device = json.loads(filled.well("device", "add", SLUG, "Süd 1", "--role", "door", "--door", "D1", "--json"))
    assert len(device["token"]) > 30
    assert "is revoked" in filled.well("device", "revoke", SLUG, device["id"])
    for suffix in ("csv", "xlsx", "json"):
        table = filled.folder / f"attendees.{suffix}"
        assert "653 rows" in filled.well("export", "attendees", SLUG, "--out", str(table))
    assert load_workbook(filled.folder / "attendees.xlsx").active is not None
    assert "'=HYPERLINK" in (filled.folder / "attendees.csv").read_text(encoding="utf-8-sig")
    filled.well("export", "scans", SLUG, "--out", str(filled.folder / "scans.csv"))
    filled.well("export", "attendance", SLUG, "--out", str(filled.folder / "attendance.json"))
    assert "the counters are what the facts add up to" in filled.well("verify", SLUG)


def test_same_list_again_changes_nothing_and_dry_run_writes_nothing_situation_60(filled: Shell) -> None:
    again = json.loads(filled.well("import", "attendees", SLUG, str(FILES / "attendees.csv"), "--json"))
    assert (again["added"], again["changed"], again["unchanged"], again["duplicates"]) == (0, 0, 653, 7)
    later = filled.folder / "list.csv"
    later.write_text("Ticketnr;Vorname;Nachname;Kategorie\nNEU1;Ada;Neu;Presse\n", encoding="utf-8")
    dry = json.loads(filled.well("import", "attendees", SLUG, str(later), "--dry-run", "--json"))
    assert (dry["dry_run"], dry["added"]) == (True, 1)
    assert "1 new" in filled.well("import", "attendees", SLUG, str(later))


def test_what_commands_take_in_is_among_the_imports_and_is_taken_back_as_a_whole(filled: Shell) -> None:
    (filled.folder / "list.csv").write_text("Ticketnr;Vorname;Nachname;Kategorie\nNEU1;Ada;Neu;Presse\n", "utf-8")
    filled.well("import", "attendees", SLUG, "list.csv")
    latest, *_, first = filled.well("import", "list", SLUG).splitlines()
    assert "attendees  applied  list.csv  (1 new" in latest
    assert "schedule  applied  schedule.json" in first
    assert "1 back" in filled.well("import", "undo", SLUG, latest.split()[0])
    assert "654" not in filled.well("export", "attendees", SLUG, "--out", "a.csv")
    assert "was saved or taken back" in filled.failed("import", "undo", SLUG, latest.split()[0])


def test_room_that_is_no_area_is_named_in_a_table_and_mapped_or_left_out(filled: Shell) -> None:
    programme = (FILES / "schedule.json").read_text("utf-8")
    (filled.folder / "s.json").write_text(programme.replace('"P"', '"Saal 1"').replace('"K"', '"Keller"'), "utf-8")
    assert "Say which they are" in filled.failed("import", "schedule", SLUG, "s.json")
    table = filled.run("import", "schedule", SLUG, "s.json").stdout.splitlines()
    assert table == ["Saal 1  4 sessions", "Keller  2 sessions"]
    how = ("--room", "Saal 1=P", "--room", "Keller=")
    report = json.loads(filled.well("import", "schedule", SLUG, "s.json", *how, "--json"))
    assert (report["added"], report["changed"], report["unchanged"]) == (0, 0, 19)
    assert [(room["text"], room["area"]) for room in report["rooms"]] == [("Saal 1", "P"), ("Keller", "")]
    filled.well("import", "schedule", SLUG, "s.json", "--dry-run")  # it is remembered
    assert "no area Q9" in filled.failed("import", "schedule", SLUG, "s.json", "--room", "Keller=Q9")
    assert "taken for schedule" in filled.failed("import", "attendees", SLUG, "s.json")


def test_list_without_categories_is_taken_into_the_group_that_is_named(filled: Shell) -> None:
    (filled.folder / "list.csv").write_text("Ticketnr;Vorname;Nachname\nNEU1;Ada;Neu\n", "utf-8")
    assert "--group" in filled.failed("import", "attendees", SLUG, "list.csv")
    assert "There is no group nobody" in filled.failed("import", "attendees", SLUG, "list.csv", "--group", "nobody")
    assert "1 new" in filled.well("import", "attendees", SLUG, "list.csv", "--group", "presse")


def test_dry_run_of_a_programme_prints_what_would_be_otherwise(filled: Shell) -> None:
    programme = json.loads((FILES / "schedule.json").read_text("utf-8"))
    day = programme["schedule"]["conference"]["days"][0]["rooms"]
    session = day[next(iter(day))][0]
    was, session["title"] = session["title"], "Ein anderer Titel"
    (filled.folder / "s.json").write_text(json.dumps(programme), "utf-8")
    said = filled.well("import", "schedule", SLUG, "s.json", "--dry-run")
    assert f"title: {was} → Ein anderer Titel" in said
    report = json.loads(filled.well("import", "schedule", SLUG, "s.json", "--dry-run", "--json"))
    assert [one["what"] for one in report["differences"]] == ["changed"]


def test_dry_run_of_layout_and_schedule_writes_nothing(shell: Shell) -> None:
    assert "nothing was written" in shell.well("import", "layout", SLUG, str(FILES / "layout.toml"), "--dry-run")
    assert "no event" in shell.failed("import", "schedule", SLUG, str(FILES / "schedule.json"), "--dry-run")


def test_failures_are_one_clear_line(filled: Shell) -> None:
    folder = filled.folder
    (folder / "loop.toml").write_text(
        f'[event]\nslug="{SLUG}"\nname="x"\ndate=2017-03-20\ntimezone="Europe/Berlin"\n'
        '[[area]]\nid="a"\nname="A"\nparent="b"\n[[area]]\nid="b"\nname="B"\nparent="a"\n',
        encoding="utf-8",
    )
    (folder / "big.csv").write_bytes(b"x" * (100 * 1024 * 1024))
    (folder / "noise.csv").write_bytes(os.urandom(2_000))
    (folder / "columns.csv").write_text("A;B\n1;2\n", encoding="utf-8")
    assert "loop" in filled.failed("import", "layout", SLUG, "loop.toml")
    assert "at most 20,971,520" in filled.failed("import", "attendees", SLUG, "big.csv")
    assert "noise.csv" in filled.failed("import", "attendees", SLUG, "noise.csv")
    assert "lacks the columns" in filled.failed("import", "attendees", SLUG, "columns.csv")
    assert "no event “x”" in filled.failed("verify", "x")
    assert "no door “X”" in filled.failed("device", "add", SLUG, "n", "--role", "door", "--door", "X")
    assert "needs its door" in filled.failed("device", "add", SLUG, "n", "--role", "door")
    assert "there are: a6" in filled.failed("badges", SLUG, "--out", "x.pdf", "--format", "a0")
    assert "use .csv" in filled.failed("export", "scans", SLUG, "--out", "x.doc")
    assert "already" in filled.failed("event", "create", SLUG, "--name", "x", "--date", "2017-03-20")
    assert "cannot name an event" in filled.failed("event", "create", "Über uns", "--name", "x", "--date", "2017-03-20")
    assert "no folder" in filled.failed("backup", "nowhere/b.db")
    assert "There is no database typo.db" in filled.failed("copy", "sqlite:///typo.db", "sqlite:///other.db")
    assert "no folder" in filled.failed("copy", "sqlite:///checkin.db", "sqlite:///nowhere/other.db")
    assert "FROM_URL must be" in filled.failed("copy", "event.db", "sqlite:///other.db", code=2)
    assert not {"typo.db", "other.db", "nowhere"} & {file.name for file in folder.iterdir()}
    assert "does not answer" in filled.failed("health", "--url", f"http://127.0.0.1:{free_port()}")
    filled.failed("import", "attendees", SLUG, "missing.csv", code=2)
    filled.failed("serve", "--port", "x", code=2)


def test_operator_needs_a_password_of_some_length(shell: Shell) -> None:
    add = ("operator", "add", "mira", "--role", "organiser", "--password-stdin")
    assert shell.run(*add, stdin="kurz\n").returncode == 1
    shell.well(*add, stdin="lang genug hier\n")
    assert "already" in shell.run(*add, stdin="lang genug hier\n").stderr


def test_account_is_reset_and_withdrawn_at_the_terminal(shell: Shell) -> None:
    for name in ("mira", "tom"):
        shell.well("operator", "add", name, "--role", "organiser", "--password-stdin", stdin="lang genug hier\n")
    assert "next log-in" in shell.well("operator", "reset-second-factor", "mira")
    assert "is withdrawn" in shell.well("operator", "withdraw", "mira")
    assert "last organiser" in shell.failed("operator", "withdraw", "tom")
    assert "no operator" in shell.failed("operator", "withdraw", "niemand")


def test_layout_of_another_event_says_how_the_event_is_made(shell: Shell) -> None:
    assert "checkin event create tagung" in shell.failed("import", "layout", "tagung", str(FILES / "layout.toml"))


def test_backup_of_an_older_version_is_restored_and_left_as_it_is(shell: Shell) -> None:
    with closing(sqlite3.connect(shell.folder / "old.db", isolation_level=None)) as old:
        number, first = migration_files("sqlite")[0]
        old.executescript(first.read_text(encoding="utf-8"))
        old.execute("CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT")
        old.execute("INSERT INTO migration VALUES (?, ?)", (number, first.name))
        old.execute("INSERT INTO event (slug, name, date, timezone, key) VALUES ('x', 'X', '2026-03-20', 'UTC', x'00')")
    before = (shell.folder / "old.db").read_bytes()
    assert "checkin migrate" in shell.failed("copy", "sqlite:///old.db", "sqlite:///checkin.db")
    assert sorted(file.name for file in shell.folder.iterdir()) == ["checkin.db.lock", "old.db"]
    assert "Restored from old.db" in shell.well("restore", "old.db")
    assert (shell.folder / "old.db").read_bytes() == before


def test_layout_of_another_event_brings_its_venue_and_leaves_name_and_date(filled: Shell) -> None:
    filled.well("export", "layout", SLUG, "--out", "layout.toml")
    filled.well("event", "create", "drei", "--name", "Die dritte", "--date", "2028-01-05")
    filled.well("import", "layout", "drei", "layout.toml")
    filled.well("export", "layout", "drei", "--out", "drei.toml")
    first, third = (read_layout((filled.folder / one).read_bytes()) for one in ("layout.toml", "drei.toml"))
    assert (third.event.slug, third.event.name, f"{third.event.date}") == ("drei", "Die dritte", "2028-01-05")
    assert third.areas == first.areas
    assert "no event" in filled.failed("import", "layout", "vier", "layout.toml")


def test_layout_and_programme_go_out_as_the_files_that_come_in(filled: Shell) -> None:
    filled.well("export", "layout", SLUG, "--out", "layout.toml")
    filled.well("export", "schedule", SLUG, "--out", "schedule.json")
    assert "--out FILE.toml" in filled.failed("export", "layout", SLUG, "--out", "layout.csv")
    filled.well("import", "layout", SLUG, "layout.toml")
    filled.well("import", "schedule", SLUG, "schedule.json")
    first = (filled.folder / "layout.toml").read_bytes()
    filled.well("export", "layout", SLUG, "--out", "layout.toml")
    assert (filled.folder / "layout.toml").read_bytes() == first


def test_service_without_accounts_prints_a_link_once(shell: Shell) -> None:
    port = free_port()
    command = [sys.executable, "-m", "checkin", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=shell.environment, cwd=shell.folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        link = next(line.strip() for line in process.stdout if "/welcome#" in line)
        sent = {"code": link.partition("#")[2], "name": "Mira", "password": "lang genug hier"}
        made = httpx.post(f"http://127.0.0.1:{port}/api/v1/invitation/accept", json=sent, trust_env=False)
        assert made.json() == {"operator": {"name": "Mira", "role": "organiser"}, "enrolling": True}
    finally:
        process.terminate()
        process.wait(20)


BEGINS = """
import os, signal, sys
from checkin import main
from checkin.service.centre import Centre

made, start = main.app_of, Centre.start

def told(*arguments):
    os.kill(os.getpid(), signal.SIGINT)
    return made(*arguments)

async def told_late(centre):
    os.kill(os.getpid(), signal.SIGINT)
    await start(centre)

async def fails(centre):
    await start(centre)
    raise OSError("as if the disk were gone")

if sys.argv[2] == "made":
    main.app_of = told
else:
    Centre.start = told_late if sys.argv[2] == "started" else fails
main.serve(sys.argv[1], "127.0.0.1", 0)
"""


@pytest.mark.parametrize(("moment", "code"), [("made", -signal.SIGINT), ("started", 0), ("failing", 3)])
def test_service_that_is_told_to_stop_while_it_begins_or_that_cannot_ends(shell: Shell, moment: str, code: int) -> None:
    """No thread of its database keeps it."""
    command = [sys.executable, "-c", BEGINS, f"sqlite:///{shell.folder}/begins.db", moment]
    assert (
        subprocess.run(command, cwd=shell.folder, stderr=subprocess.DEVNULL, timeout=60, check=False).returncode == code
    )


def test_config_names_each_option_and_its_source(shell: Shell) -> None:
    (shell.folder / "checkin.toml").write_text('port = 9000\nlog_level = "warning"\n', encoding="utf-8")
    shell.environment["CHECKIN_HOST"] = "0.0.0.0"
    lines = shell.well("config")
    assert "port = 9000    # from checkin.toml" in lines
    assert "host = 0.0.0.0    # from CHECKIN_HOST" in lines
    assert "proxies = 127.0.0.1    # from default" in lines
    (shell.folder / "checkin.toml").write_text("prt = 9000\n", encoding="utf-8")
    assert "unknown options: prt" in shell.failed("config", code=2)
    shell.environment["CHECKIN_PORT"] = "many"
    (shell.folder / "checkin.toml").unlink()
    assert "CHECKIN_PORT" in shell.failed("config", code=2)


SECRET = "Geh#im"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://checkin:{SECRET}%zz@127.0.0.1:1/checkin",
        f"postgresql://checkin:ein@{SECRET}@127.0.0.1:1/checkin",
        f"postgresql://checkin:1/{SECRET}@127.0.0.1:1/checkin",
        f"postgresql+asyncpg://checkin:{SECRET}@127.0.0.1:1/checkin",
    ],
)
def test_address_of_a_database_that_cannot_be_read_tells_no_password(shell: Shell, url: str) -> None:
    shell.environment["CHECKIN_DATABASE_URL"] = url
    failed, shown = shell.failed("migrate", code=2), shell.well("config")
    assert not any(part in failed + shown for part in (SECRET, SECRET[-3:], "127.0.0.1:1"))


def test_password_is_shown_by_no_command(shell: Shell) -> None:
    given = f"postgresql://checkin:{SECRET}@127.0.0.1:1/checkin?password={SECRET}&sslpassword={SECRET}&sslmode=disable"
    shell.environment["CHECKIN_DATABASE_URL"] = given
    shown = shell.well("config")
    assert "checkin:…@127.0.0.1:1/checkin?password=…&sslpassword=…&sslmode=disable" in shown
    assert SECRET not in shown + shell.failed("migrate")


def test_second_serve_and_a_taken_port_are_said(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> None:
    port = free_port()
    with shell.serving(port):
        assert "is well" in shell.well("health", "--url", f"http://127.0.0.1:{port}")
        assert "Another `checkin serve` runs" in shell.failed("serve", "--port", str(free_port()))
        other = Shell(tmp_path_factory.mktemp("other"))
        assert "Cannot listen on 127.0.0.1" in other.failed("serve", "--port", str(port))


def test_copy_of_a_database_that_is_served_says_what_it_will_lack(filled: Shell) -> None:
    with filled.serving(free_port()):
        assert "runs on the source" in filled.run("copy", "sqlite:///checkin.db", "sqlite:///one.db").stderr
    assert filled.run("copy", "sqlite:///checkin.db", "sqlite:///two.db").stderr == ""


def test_scans_survive_a_kill_in_the_middle_situation_58(filled: Shell) -> None:
    filled.well("badges", SLUG, "--out", "b.pdf", "--group", "presse")
    codes = json.loads(filled.well("codes", SLUG, "--json"))
    token = json.loads(filled.well("device", "add", SLUG, "M", "--role", "door", "--door", "M-1", "--json"))["token"]
    url, shown = f"/api/v1/events/{SLUG}/scans", {}
    headers = {"Authorization": f"Bearer {token}"}
    for round in range(3):
        port = free_port()
        with (
            filled.serving(port) as process,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            for number in range(4):
                one = round * 4 + number
                sent = {"id": f"00000000-0000-4000-8000-{one:012d}", "code": codes[one]["code"], "door": "M-1"}
                shown[sent["id"]] = client.post(url, json=sent, headers=headers).json()
            process.kill()
            process.wait(20)
    with filled.serving(free_port()):
        pass
    database = sqlite3.connect(filled.folder / "checkin.db")
    kept = dict(database.execute("SELECT id, seq FROM fact WHERE kind = 'scan'").fetchall())
    database.close()
    assert kept == {id: answer["seq"] for id, answer in shown.items()}
    assert len(kept) == 12
    filled.well("verify", SLUG)


def test_backup_while_it_runs_and_restore_into_an_empty_database(
    filled: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = filled.folder / "copy.db"
    port = free_port()
    with filled.serving(port):
        filled.well("backup", str(copy))
    assert "exists already" in filled.failed("backup", str(copy))
    assert "Give an empty database" in filled.failed("restore", str(copy))
    other = Shell(tmp_path_factory.mktemp("other"))
    assert "Restored from" in other.well("restore", str(copy))
    assert "the counters are" in other.well("verify", SLUG)


def test_event_is_copied_to_postgresql_where_every_command_goes_on(filled: Shell, tmp_path: Path) -> None:
    there = Shell(tmp_path)
    there.environment["CHECKIN_DATABASE_URL"] = url = new_postgres_database()
    here = filled.environment["CHECKIN_DATABASE_URL"]
    assert "every event's counters are what its facts add up to" in filled.well("copy", here, url)
    assert "Give an empty database" in filled.failed("copy", here, url)
    assert "the counters are" in there.well("verify", SLUG)
    assert "600 badges, 600 of them new" in there.well("badges", SLUG, "--out", "b.pdf")
    assert "653 rows" in there.well("export", "attendees", SLUG, "--out", "a.csv")
    there.well("backup", "back.db")
    back = Shell(tmp_path)
    back.environment["CHECKIN_DATABASE_URL"] = "sqlite:///back.db"
    assert "the counters are" in back.well("verify", SLUG)


def test_planned_day_is_played_from_a_layout_file_or_an_event(filled: Shell, tmp_path: Path) -> None:
    out = tmp_path / "day.svg"
    files = ("--layout", str(FILES / "layout.toml"), "--schedule", str(FILES / "schedule.json"))
    wanted = ("--registrations", "600", "--lanes", "D1=1", "--seed", "3")
    said = filled.well("simulate", *files, *wanted, "--out", str(out))
    assert "600 registered" in said
    assert "D1    Süd" in said
    assert out.read_text(encoding="utf-8").startswith("<svg")
    assert filled.well("simulate", *files, *wanted, "--out", str(out)) == said
    played = json.loads(filled.well("simulate", SLUG, "--json"))
    assert played["registered"] == 600
    assert {one["door"] for one in played["doors"]} >= {"D1", "D2", "P-A"}
    assert "--registrations" in filled.failed("simulate", *files, code=2)
    assert "D1=4" in filled.failed("simulate", SLUG, "--lanes", "D1", code=2)
    assert "lanes" in filled.failed("simulate", SLUG, "--lanes", "D1=0")
    assert "no door" in filled.failed("simulate", SLUG, "--lanes", "X=1")
    (tmp_path / "empty").mkdir()
    empty = Shell(tmp_path / "empty")
    empty.well("import", "layout", SLUG, str(FILES / "layout.toml"))
    assert "--registrations" in empty.failed("simulate", SLUG)
    assert "600 registered" in empty.well("simulate", SLUG, "--registrations", "600")
