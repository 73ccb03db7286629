"""axe finds nothing to mend on any page that visitors see, and the keyboard reaches everything."""

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from classifier.models import ModelVersion
from classifier.tests.browser.drawing import DIGITS, draw, expect_answer

pytestmark = pytest.mark.django_db(transaction=True)

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

Draw = Callable[..., bytes]


def sent(page: Page, *strokes: str) -> str:
    """The address of the answer to what is drawn."""
    page.goto("/")
    for place, digit in enumerate(strokes):
        draw(page, DIGITS[digit], left=(place + 1) / (len(strokes) + 1), size=0.7)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/result/*")
    return page.url


def expect_no_violation(page: Page) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_axe_finds_nothing(
    champion: ModelVersion, page: Page, width: int, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    for address in (
        sent(page, "7"),
        sent(page, "4", "2"),
        "/mine",
        "/mine/delete",
        "/how",
        "/nowhere",
        "/",
    ):
        page.goto(address)
        expect_no_violation(page)
    draw(page, DIGITS["3"])
    expect_answer(page, "3")
    expect_no_violation(page)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect_no_violation(page)


def test_every_control_of_the_first_page_is_reached_by_keyboard_and_seen_to_be(
    champion: ModelVersion, page: Page
) -> None:
    page.goto("/")
    draw(page, DIGITS["7"])
    expect_answer(page, "7")
    page.locator("main").focus()
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.type"))
        assert (
            page.evaluate("""() => {
            const label = document.activeElement.closest("label.tool");
            return getComputedStyle(label ?? document.activeElement).outlineStyle;
        }""")
            == "solid"
        )
    assert reached == ["undo", "clear", "thickness", "image", "submit"]


def test_the_first_tab_leads_past_the_navigation(champion: ModelVersion, page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
