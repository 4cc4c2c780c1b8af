"""Papers and deletion from the command line."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pypdf
import pytest

from tests.test_commands import FILES, SLUG, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.well("event", "create", SLUG, "--name", "Integration vor Ort leben", "--date", "2017-03-20")
    shell.well("import", "layout", SLUG, str(FILES / "layout.toml"))
    shell.well("import", "attendees", SLUG, str(FILES / "attendees.csv"))
    return shell


def test_papers_are_written_and_what_is_due_is_deleted_when_it_is_said(shell: Shell) -> None:
    shell.well("fallback", SLUG, "--out", "list.pdf")
    pages = pypdf.PdfReader(shell.folder / "list.pdf").pages
    assert "Ahrens" in pages[0].extract_text()
    told = shell.failed("certificates", SLUG, "--out", "c.pdf", "--url", "https://checkin.example.org")
    assert "Nobody has said yet what counts" in told
    assert "--url" in shell.failed("certificates", SLUG, "--out", "c.pdf", code=2)
    shell.well("audit", SLUG, "--out", "audit.csv")
    rows = list(csv.DictReader(io.StringIO((shell.folder / "audit.csv").read_text("utf-8-sig")), delimiter=";"))
    assert rows[-1]["what"] == "Veranstaltung: angelegt"

    assert "names: DUE 2018-06-20 (653 names" in shell.well("erase", SLUG, "--due", "--dry-run")
    shell.failed("erase", SLUG, code=2)
    assert "deleted: needs, passages, names." in shell.well("erase", SLUG, "--due", "--proof", "proof.pdf")
    proof = pypdf.PdfReader(shell.folder / "proof.pdf").pages[0].extract_text()
    assert "653 Namen" in proof
    assert "an der Befehlszeile" in proof
    assert b"Ahrens" not in b"".join(file.read_bytes() for file in shell.folder.glob("checkin.db*"))
    shell.well("verify", SLUG)


def test_access_and_deletion_of_one_person_by_command(shell: Shell) -> None:
    shell.well("export", "attendees", SLUG, "--out", "a.json")
    id = json.loads((shell.folder / "a.json").read_text())[0]["id"]
    shell.well("access", SLUG, id, "--out", "auskunft.zip")
    with zipfile.ZipFile(shell.folder / "auskunft.zip") as file:
        assert sorted(file.namelist()) == ["auskunft.json", "auskunft.pdf"]
    told = shell.well("erase", SLUG, "--attendee", id, "--dry-run")
    assert told == f"would delete: {id} (1 names, 0 passages, 0 certificates).\n"
    assert f"deleted: {id} (1 names, 0 passages" in shell.well("erase", SLUG, "--attendee", id)
    assert "no such attendee" in shell.failed("erase", SLUG, "--attendee", "nobody")
    shell.well("verify", SLUG)
