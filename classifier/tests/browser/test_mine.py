"""Deletion of a visitor's pictures, on a phone without JavaScript."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion, Upload

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = ViewportSize(width=360, height=740)


def send(page: Page, *pictures: bytes) -> None:
    page.goto("/")
    files = [FilePayload(name="digit.png", mimeType="image/png", buffer=each) for each in pictures]
    page.locator("#image").set_input_files(files)
    page.get_by_role("button", name="Send").click()


def test_visitor_deletes_one_picture_and_then_all(
    champion: ModelVersion,
    browser: Browser,
    live_server: LiveServer,
    draw_digit: Callable[..., bytes],
) -> None:
    with browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport=PHONE
    ) as context:
        page = context.new_page()
        send(page, draw_digit(1), draw_digit(2), draw_digit(3))
        pictures = page.locator("main li")
        expect(pictures.locator("strong")).to_have_text(["3", "2", "1"])
        for button in page.get_by_role("button", name="Delete").all():
            place = button.bounding_box()
            assert place
            assert place["x"] + place["width"] <= PHONE["width"]

        page.get_by_role("button", name="Delete picture 2").click()
        expect(pictures.locator("strong")).to_have_text(["3", "1"])

        page.get_by_role("link", name="Delete all").click()
        expect(page.get_by_text("2 pictures sent from this browser")).to_be_visible()
        page.get_by_role("button", name="Delete all").click()
        expect(page.get_by_text("Nothing here yet")).to_be_visible()
    assert not Upload.objects.exists()
