"""The documents are true: commands, options, recipes and files that they name exist, and none is missing."""

from __future__ import annotations

import re
from pathlib import Path

import click

from checkin.__main__ import main
from checkin.config import OPTIONS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def commands(group: click.Group, before: str = "") -> list[str]:
    found: list[str] = []
    for name, command in group.commands.items():
        path = f"{before}{name}"
        found += commands(command, f"{path} ") if isinstance(command, click.Group) else [path]
    return found


def test_readme_names_every_command() -> None:
    for command in commands(main):
        assert f"checkin {command}" in README, command


def test_readme_names_every_option() -> None:
    for option in OPTIONS:
        assert f"CHECKIN_{option.name.upper()}" in README, option.name


def test_readme_names_every_recipe_and_no_other() -> None:
    recipes = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.M))
    assert named == recipes


def test_files_that_the_documents_name_exist() -> None:
    for text in (README, ARCHITECTURE, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        for path in re.findall(r"`((?:checkin|kiosk|migrations|tests|deploy|docs)/[\w./-]*)`", text):
            assert (ROOT / path).exists(), path
        for path in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (ROOT / path).exists(), path


def test_architecture_names_every_package_of_the_centre() -> None:
    for folder in (ROOT / "checkin").iterdir():
        if (folder / "__init__.py").exists():
            assert f"{folder.name}/" in ARCHITECTURE, folder.name
