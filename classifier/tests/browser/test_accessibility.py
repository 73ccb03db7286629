"""Accessibility of the visitors' pages: axe's rules, and the keyboard."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from classifier.models import ModelVersion
from classifier.tests.browser.pad import DIGITS, draw, expect_answer

pytestmark = pytest.mark.django_db(transaction=True)

AXE = Axe().axe_script
OPTIONS = {
    "preload": False,  # no rule here looks into style sheets
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((360, "dark"), (1440, "light"))


def send_drawing(page: Page, *digits: str) -> str:
    """Draw digits, send them, and return the address of the result."""
    page.goto("/")
    for place, digit in enumerate(digits):
        draw(page, DIGITS[digit], left=(place + 1) / (len(digits) + 1), size=0.7)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/result/*")
    return page.url


def expect_no_violation(page: Page) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    results = page.evaluate("options => axe.run(options)", OPTIONS)
    assert not results["violations"], results["violations"]


def expect_no_violation_in_any_look(page: Page) -> None:
    """Check that the page fits and breaks no rule, on a dark phone and on a large light screen."""
    for width, scheme in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        expect_no_violation(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


def test_pages_fit_and_violate_neither_axe_rules_nor_policies(
    champion: ModelVersion, page: Page, violations: list[str]
) -> None:
    for address in (
        send_drawing(page, "7"),
        send_drawing(page, "4", "2"),
        "/mine",
        "/mine/delete",
        "/how",
        "/nowhere",
        "/",
    ):
        page.goto(address)
        expect_no_violation_in_any_look(page)
    draw(page, DIGITS["3"])
    expect_answer(page, "3")
    expect_no_violation_in_any_look(page)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect_no_violation_in_any_look(page)
    assert violations == []


def test_keyboard_skips_navigation_and_reaches_every_control_visibly(
    champion: ModelVersion, page: Page
) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    draw(page, DIGITS["7"])
    expect_answer(page, "7")
    page.locator("main").focus()
    focused = []
    for _ in range(5):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.id || document.activeElement.type"))
        assert (
            page.evaluate("""() => {
            const label = document.activeElement.closest("label.tool");
            return getComputedStyle(label ?? document.activeElement).outlineStyle;
        }""")
            == "solid"
        )
    assert focused == ["undo", "clear", "thickness", "image", "submit"]
