from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.cable import Cable
from tests.served import PASSWORD, Served

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
HOW_TO_GET_ONE = "no chromium here; on Debian: apt-get install --no-install-recommends chromium"
EXPECT_MS = 15_000
"""So long a test waits for what a page is to show: pages read some things every few seconds, and a machine that runs
the whole suite may be slow."""

expect.set_options(timeout=EXPECT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason=HOW_TO_GET_ONE))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        )
        yield one
        one.close()


@pytest.fixture
def cable(served: Served) -> Iterator[Cable]:
    """The line between the browser and the service, to be cut."""
    one = Cable(served.port)
    yield one
    one.close()


Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, served: Served, cable: Cable) -> Iterator[Opened]:
    """Opens a path, logged in as an operator of a role. An error on any page fails the test."""
    names: dict[str, str] = {}
    faults: list[str] = []
    contexts = []

    def open_page(
        path: str,
        width: int = 1280,
        height: int = 800,
        *,
        login: bool = True,
        role: str = "organiser",
        scheme: str = "light",
        locale: str = "de-DE",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=locale,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{path}: {error}"))
        page.on(
            "console",
            lambda message: (
                faults.append(f"{path}: {message.text}") if "Content Security Policy" in message.text else None
            ),
        )
        page.on("request", lambda request: faults.append(request.url) if not _ours(request.url, cable) else None)
        if login:
            if role not in names:
                served.operator(role)
                names[role] = f"{role} {len(served.clients) - 1}"
            page.request.post(f"{cable.url}/api/v1/login", data={"name": names[role], "password": PASSWORD})
        page.goto(cable.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def _ours(url: str, cable: Cable) -> bool:
    return url.startswith((cable.url, cable.url.replace("http", "ws"), "data:"))
