"""What is in use can be seen, filtered and printed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, expect

from auditor.findings.model import Results
from tests.support.opened_page import Opened
from tests.support.results_factory import realistic_results, write_html

pytestmark = pytest.mark.browser


def some_in_use() -> Results:
    """Every fifth image of the usual results is in use."""
    found = realistic_results(640)
    findings = [
        msgspec.structs.replace(
            finding,
            in_use=True,
            message=f"{finding.message.rstrip('.')}; in use by service prod/checkout (and 2 more).",
        )
        if finding.resource.kind == "image" and number % 5 == 0
        else finding
        for number, finding in enumerate(found.findings)
    ]
    return msgspec.structs.replace(found, findings=findings)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_html(some_in_use(), tmp_path_factory.mktemp("used") / "used.html")


def test_in_use_is_marked_first_and_filtered(browser: Browser, page: Path) -> None:
    expected = sum(finding.in_use is True for finding in some_in_use().findings)
    opened = Opened(browser, page)

    expect(opened.rows().first.locator(".tag.used")).to_have_text("in use")
    opened.page.get_by_label("Only what is in use").check()
    assert opened.shown() == expected > 10
    shown = opened.rows()
    assert shown.locator(".tag.used").count() == shown.count()
    opened.page.get_by_role("button", name="Clear all filters").click()
    assert opened.shown() == 640
    opened.rows().first.locator("button.open").click()
    expect(opened.page.locator(".detail-box .side").first).to_contain_text("it runs, or is kept ready to run")
    assert opened.complaints == []
    opened.context.close()


def test_nothing_in_use_offers_no_filter(browser: Browser, files: dict[str, Path]) -> None:
    opened = Opened(browser, files["usual"])

    expect(opened.page.locator("#used-label")).to_be_hidden()
    opened.context.close()


def test_a_phone_shows_the_mark_without_scrolling_sideways(browser: Browser, page: Path) -> None:
    opened = Opened(browser, page, viewport={"width": 360, "height": 760})

    expect(opened.rows().first.locator(".tag.used")).to_be_visible()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    opened.context.close()
