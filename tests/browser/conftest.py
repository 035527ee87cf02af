"""The browser, and the reports that the tests open in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.opened_page import Opened
from tests.support.results_factory import hostile_results, make_results, realistic_results, write_html

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "chromium is needed: make dev installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    clean = make_results(passed=40)
    return {
        "usual": write_html(realistic_results(640), folder / "usual.html"),
        "hostile": write_html(hostile_results(), folder / "hostile.html"),
        "clean": write_html(clean, folder / "clean.html"),
    }


@pytest.fixture
def usual(browser: Browser, files: dict[str, Path]) -> Iterator[Opened]:
    opened = Opened(browser, files["usual"])
    yield opened
    assert opened.complaints == []
    opened.context.close()
