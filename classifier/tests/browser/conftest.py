"""A Chromium that opens the pages of a live server."""

import os
import shutil
import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Page,
    ViewportSize,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
PHONE = ViewportSize(width=360, height=740)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in this thread, which makes Django suspect async code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _requests_ended(transactional_db: None) -> Iterator[None]:
    """Await requests in progress, which would add rows while those of the test are deleted."""
    yield
    for thread in threading.enumerate():
        if ThreadingMixIn.process_request_thread.__name__ in thread.name:
            thread.join(timeout=10)


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    # Smooth scrolling would move the pad while a test draws.
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def phone_page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page on a phone without JavaScript."""
    with browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport=PHONE
    ) as context:
        yield context.new_page()


@pytest.fixture
def touch_home(champion: ModelVersion, browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The home page on a phone with a touch screen."""
    with browser.new_context(
        base_url=live_server.url, viewport=PHONE, has_touch=True, is_mobile=True
    ) as context:
        page = context.new_page()
        page.goto("/")
        yield page


def log_in(context: BrowserContext, live_server: LiveServer, user: User) -> None:
    client = Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])


def send_pictures(page: Page, *pictures: bytes) -> None:
    page.goto("/")
    files = [FilePayload(name="digit.png", mimeType="image/png", buffer=each) for each in pictures]
    page.get_by_label("Choose pictures").set_input_files(files)
    page.get_by_role("button", name="Send").click()


@pytest.fixture
def page(context: BrowserContext, live_server: LiveServer, admin_user: User) -> Page:
    """A page of the superuser. An error in a script fails the test."""
    log_in(context, live_server, admin_user)
    page = context.new_page()

    def fail(error: object) -> None:
        raise AssertionError(error)

    page.on("pageerror", fail)
    return page


@pytest.fixture
def violations(page: Page) -> list[str]:
    """Policy violations and errors in the browser's console."""
    messages: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "policy" in message.text.lower():
            messages.append(message.text)

    page.on("console", listen)
    return messages


def expect_width_to_fit(page: Page) -> None:
    """Check that nothing is wider than a phone or a large screen."""
    for width in (PHONE["width"], 1440):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture
def home(champion: ModelVersion, page: Page) -> Page:
    page.goto("/")
    return page
