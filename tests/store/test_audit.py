"""Facts and deeds are appended. Nothing in the sources changes or deletes one but the erasure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CHANGES = re.compile(
    r"\b(?:UPDATE|DELETE\s+FROM|REPLACE\s+INTO|TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE|ALTER\s+TABLE)\s+\"?(\w+|\{\})\"?"
    r"|\bINTO\s+\"?(\w+|\{\})\"?[^;]*\bON\s+CONFLICT\b[^;]*\bDO\s+UPDATE"
    r"|\bINSERT\s+OR\s+REPLACE\s+INTO\s+\"?(\w+|\{\})\"?",
    re.I,
)
"""Statements that change what is there: their table, `{}` where it is filled in."""
APPENDED = {"fact", "deed"}


def statements(file: Path) -> Iterator[tuple[str, str]]:
    """(function, text) of every string in a source, with `{}` for what is filled in."""
    tree = ast.parse(file.read_text("utf-8"))
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield getattr(function, "name", ""), node.value
            elif isinstance(node, ast.JoinedStr):
                pieces = [str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values]
                yield getattr(function, "name", ""), "".join(pieces)


def changed() -> dict[str, set[str]]:
    """table → where it is changed (`file:function`); a function alone, not the module around it."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "checkin").rglob("*.py")):
        for function, text in statements(file):
            for match in CHANGES.finditer(text):
                table = next(one for one in match.groups() if one)
                if function:
                    found.setdefault(table, set()).add(f"{file.name}:{function}")
    return found


def test_no_statement_changes_or_deletes_a_fact_or_deed_but_the_erasure_s() -> None:
    found = changed()
    assert len(found) > 20, "the statements are not found any more"
    assert {table: found.get(table, set()) for table in APPENDED} == {"fact": {"facts.py:forget_in"}, "deed": set()}
    named_in = {file.name for file in (ROOT / "checkin").rglob("*.py") if "forget_in" in file.read_text("utf-8")}
    assert named_in == {"facts.py", "erasure.py"}


def test_tables_that_are_filled_into_statements_are_not_those_of_facts() -> None:
    """Where a table is filled in, it comes from a list in the same function, or is one of these."""
    for place in changed().get("{}", set()):
        name, function = place.split(":")
        (file,) = [one for one in (ROOT / "checkin" / "store").glob("*.py") if one.name == name]
        (found,) = [
            node
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.FunctionDef) and node.name == function
        ]
        named = {node.value for node in ast.walk(found) if isinstance(node, ast.Constant)}
        assert not APPENDED & named, place
