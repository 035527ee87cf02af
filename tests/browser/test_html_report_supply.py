"""The table of what images carry, in a real browser: on a phone and in print nothing sticks out of the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.opened_page import Opened

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["usual", "hostile"])
@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_is_as_wide_as_the_window(browser: Browser, files: dict[str, Path], name: str, width: int) -> None:
    opened = Opened(browser, files[name], viewport={"width": width, "height": 800})

    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.complaints == []
    opened.context.close()


def test_print_shows_the_whole_table(browser: Browser, files: dict[str, Path]) -> None:
    opened = Opened(browser, files["usual"], viewport={"width": 700, "height": 900})
    opened.page.emulate_media(media="print")
    tables = opened.page.locator("#supply table")

    assert tables.count() == 2
    assert all(table.bounding_box()["width"] <= 700 for table in tables.all())  # type: ignore[index]
    opened.context.close()


def test_registries_and_teams_are_there_with_their_shares(usual: Opened) -> None:
    rows = usual.page.locator("#supply tbody tr")

    expect(rows).to_have_count(5)
    expect(rows.nth(0)).to_contain_text("1,100 91.3 %")
    expect(rows.nth(0)).to_contain_text("464 unknown")
    expect(rows.nth(4)).to_contain_text("no team")
