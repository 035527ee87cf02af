"""A report opened in a browser, with what it asked for and what it complained of."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Locator, Page


class Opened:
    """A page with what it asked for and what it complained of."""

    def __init__(self, browser: Browser, path: Path, fragment: str = "", **options: object) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"file://{path}{fragment}")
        if options.get("java_script_enabled", True):
            self.page.locator("html[data-ready]").wait_for()

    def shown(self) -> int:
        """How many findings the count says are found."""
        text = self.page.locator("#count").inner_text()
        return int(text.split()[0].replace(",", ""))

    def rows(self) -> Locator:
        return self.page.locator("#rows tr.finding")
