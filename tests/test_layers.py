"""Who may import whom. Imports inside functions count."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# layer → what it may import of ours. `main` and the commands know all parts.
MAY: dict[str, set[str]] = {
    "checkin.core": {"checkin.core"},
    "checkin.wire": {"checkin.core"},
    "checkin.reading": {"checkin.core"},
    "checkin.words": {"checkin.core", "checkin.words"},
    "checkin.store": {"checkin.core", "checkin.wire", "checkin.store"},
    "checkin.live": {"checkin.core", "checkin.wire", "checkin.live"},
    "checkin.badges": {"checkin.core", "checkin.wire", "checkin.words", "checkin.badges"},
    "checkin.exchange": {"checkin.core", "checkin.wire", "checkin.words", "checkin.exchange"},
    "checkin.service": {
        "checkin.core",
        "checkin.wire",
        "checkin.words",
        "checkin.store",
        "checkin.live",
        "checkin.badges",
        "checkin.exchange",
        "checkin.service",
    },
    "checkin.config": {"checkin.core"},
    "checkin.terminal": set(),
    "checkin.repeats": set(),
    "kiosk": {"checkin.core", "checkin.wire", "checkin.reading", "checkin.words", "kiosk"},
}
MAY["checkin.web"] = MAY["checkin.service"] | {"checkin.reading", "checkin.web"}
FREE = {"checkin.main", "checkin.__main__", "checkin.commands", "checkin.demo", "checkin"}
PURE = {"msgspec", "zoneinfo"}
IMPURE_PARTS_OF_THE_LIBRARY = {
    "asyncio",
    "os",
    "socket",
    "sqlite3",
    "random",
    "secrets",
    "threading",
    "time",
    "subprocess",
    "uuid",
}


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def layer_of(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] == "kiosk" else ".".join(parts[:2])


FILES = sorted([*(ROOT / "checkin").rglob("*.py"), *(ROOT / "kiosk").rglob("*.py")])


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_module_imports_only_what_its_layer_may(file: Path) -> None:
    layer = layer_of(module_of(file))
    if layer in FREE:
        return
    ours = {layer_of(name) for name in imports_of(file) if name.split(".")[0] in ("checkin", "kiosk")} - {"checkin"}
    assert ours <= MAY[layer], f"{module_of(file)} may not import {ours - MAY[layer]}"


@pytest.mark.parametrize("file", sorted((ROOT / "checkin" / "core").rglob("*.py")), ids=module_of)
def test_core_is_pure(file: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(file)} - {"checkin"}
    assert roots <= PURE | set(sys.stdlib_module_names)
    assert not roots & IMPURE_PARTS_OF_THE_LIBRARY
    calls = {node.attr for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
    assert not calls & {"utcnow", "today", "perf_counter", "monotonic"}
    assert not re.search(r"(?<![\w.])open\(", file.read_text("utf-8"))
