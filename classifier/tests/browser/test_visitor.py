"""What somebody without an account sees and does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion

pytestmark = pytest.mark.django_db(transaction=True)


def send(page: Page, picture: bytes) -> None:
    page.goto("/")
    file = FilePayload(name="digit.png", mimeType="image/png", buffer=picture)
    page.get_by_label("Your picture").set_input_files(file)
    page.get_by_role("button", name="Recognise").click()


def test_a_picture_that_is_chosen_is_read(
    champion: ModelVersion, page: Page, drawn: Callable[..., bytes]
) -> None:
    send(page, drawn(7))
    expect(page.locator(".answer")).to_have_text("7")


def test_who_disagrees_says_so_on_a_small_screen_without_scripts(
    champion: ModelVersion,
    browser: Browser,
    live_server: LiveServer,
    drawn: Callable[..., bytes],
) -> None:
    small = ViewportSize(width=360, height=740)
    with browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport=small
    ) as context:
        page = context.new_page()
        send(page, drawn(7))
        expect(page.get_by_role("button", name="9")).to_be_hidden()
        page.get_by_text("Is this wrong?").click()
        for answer in (*"0123456789", "not a digit"):
            button = page.get_by_role("button", name=answer).bounding_box()
            assert button
            assert button["x"] + button["width"] <= small["width"]
        page.get_by_role("button", name="9").click()
        expect(page.get_by_text("You said: 9")).to_be_visible()
