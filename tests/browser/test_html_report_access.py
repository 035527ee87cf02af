"""The HTML report for every reader: keyboard, themes, contrast, small screens, paper, no scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from auditor.findings.model import Status
from tests.support.opened_page import Opened
from tests.support.results_factory import realistic_results

pytestmark = pytest.mark.browser

# Texts whose colour against the nearest opaque background is under 4.5 : 1 (WCAG 2.2, 1.4.3; 3 : 1 when large).
CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => {
    const [r, g, b] = color.map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const bad = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
    if (element.closest('script, noscript, option, :disabled')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(rgb(style.color)), light(behind(element))].sort((x, y) => y - x);
    const needed = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < needed) bad.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return [...bad];
}"""


def test_keyboard_alone_searches_moves_opens_and_closes(usual: Opened) -> None:
    keyboard = usual.page.keyboard
    keyboard.press("/")
    assert usual.page.evaluate("document.activeElement.id") == "text"
    keyboard.press("Escape")
    usual.rows().first.locator("button.open").focus()
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    assert usual.rows().nth(1).locator("button.open").get_attribute("aria-expanded") == "true"
    keyboard.press("Tab")
    keyboard.press("Escape")

    assert usual.page.locator("tr.detail").count() == 0
    assert usual.page.evaluate("document.activeElement.closest('tr').rowIndex") == 2


def test_first_tab_stop_skips_to_the_findings_and_focus_is_visible(usual: Opened) -> None:
    usual.page.keyboard.press("Tab")
    focused = usual.page.evaluate(
        "(() => { const e = document.activeElement; return [e.textContent, getComputedStyle(e).outlineStyle]; })()"
    )

    assert focused == ["Skip to the findings", "solid"]


def test_theme_follows_the_system_until_it_is_chosen(browser: Browser, files: dict[str, Path]) -> None:
    opened = Opened(browser, files["usual"], color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = opened.page.evaluate(background)
    opened.page.get_by_role("button", name="Theme: auto").click()
    light = opened.page.evaluate(background)
    opened.page.get_by_role("button", name="Theme: light").click()

    assert (dark, light) == ("rgb(15, 19, 25)", "rgb(245, 246, 248)")
    assert opened.page.evaluate(background) == dark
    opened.page.reload()
    expect(opened.page.get_by_role("button", name="Theme: dark")).to_be_visible()
    opened.context.close()


@pytest.mark.parametrize("name", ["usual", "hostile", "clean"])
def test_page_at_390_pixels_does_not_scroll_sideways(browser: Browser, files: dict[str, Path], name: str) -> None:
    opened = Opened(browser, files[name], viewport={"width": 390, "height": 844})
    for button in opened.page.locator("button.open").all()[:3]:
        button.click()
    opened.page.locator("#more > summary").evaluate("summary => { summary.parentElement.open = true; }")

    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
    opened.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_both_themes(browser: Browser, files: dict[str, Path], scheme: str) -> None:
    opened = Opened(browser, files["usual"], color_scheme=scheme)
    opened.rows().first.locator("button.open").click()

    assert opened.page.evaluate(CONTRAST) == []
    opened.context.close()


def test_page_has_landmarks_one_first_heading_and_a_name_for_every_control(usual: Opened) -> None:
    for landmark in ("banner", "main", "navigation", "search"):
        assert usual.page.get_by_role(landmark).count() >= 1  # type: ignore[arg-type]
    assert usual.page.locator("h1").count() == 1
    assert usual.page.locator("#count").get_attribute("aria-live") == "polite"
    for control in usual.page.locator("button:visible, input:visible, select:visible").all()[:60]:
        assert control.evaluate(
            "e => (e.labels?.[0]?.textContent || e.getAttribute('aria-label') || e.textContent).trim()"
        )


def test_print_lists_failures_of_the_filter_up_to_the_cap_without_controls(usual: Opened) -> None:
    usual.page.emulate_media(media="print")
    fail = sum(1 for finding in realistic_results(640).findings if finding.status is Status.FAIL)

    expect(usual.page.locator("#printed .note")).to_have_text(
        f"{fail} failing findings. The first 200 are printed; all are in the report itself and in its CSV."
    )
    assert usual.page.locator("#printed li").count() == 200
    assert not usual.page.locator("#browser").is_visible()
    assert usual.page.locator("#verdict").is_visible()
    assert not usual.page.locator("#theme").is_visible()
    usual.page.emulate_media(media="screen")
    expect(usual.page.locator("#printed li")).to_have_count(0)


def test_print_names_the_filter_that_is_set(usual: Opened) -> None:
    usual.page.select_option("#rule", "REG-ACC-001")
    usual.page.emulate_media(media="print")

    expect(usual.page.locator("#printed .note")).to_contain_text("with rule REG-ACC-001")


def test_page_without_scripts_shows_summary_and_a_plain_table(browser: Browser, files: dict[str, Path]) -> None:
    opened = Opened(browser, files["usual"], java_script_enabled=False)

    assert "Not compliant" in opened.page.locator("h1").inner_text()
    assert opened.page.locator("noscript tbody tr").count() == 200
    opened.context.close()
