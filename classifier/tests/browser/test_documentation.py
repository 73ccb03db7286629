"""The site serves its documentation, with the search, under its content security policy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from classifier.tests.browser.conftest import PHONE
from mnistsite.tests.examples import build_documentation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Iterator[str]:
    """The address of a site that was started with its documentation."""
    build_documentation(tmp_path / "docs")
    settings.WHITENOISE_ROOT = tmp_path
    server = LiveServer("localhost")
    yield server.url
    server.stop()


def test_documentation_is_read_and_searched(page: Page, site: str) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(site)
    page.get_by_role("contentinfo").get_by_role("link", name="Documentation").click()
    page.get_by_role("link", name="Tutorial").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tutorial: teach it your four")
    page.locator("[for=__palette_1]").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")

    page.set_viewport_size(PHONE)
    page.locator(".md-header__button[for=__search]").click()
    expect(page.locator(".md-search-result__meta")).to_have_text("Type to start searching")
    page.get_by_role("textbox", name="Search").press_sequentially("poisoning")
    page.locator(".md-search-result__link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Security")
    assert not messages
