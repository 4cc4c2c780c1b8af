"""What axe finds on a page: WCAG 2.2 AA and its best practices."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

OPTIONS = {"rules": {"target-size": {"enabled": True}}}  # 2.5.8, which axe leaves out unless it is asked
NODES_MAX = 3


def violations(page: Page) -> list[str]:
    """Rule and element of each fault; empty is well."""
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"][:NODES_MAX]]
