"""What somebody without an account sees and does."""

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from classifier.models import ModelVersion

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_picture_that_is_chosen_is_read(
    champion: ModelVersion, page: Page, drawn: Callable[..., bytes]
) -> None:
    page.goto("/")
    picture = FilePayload(name="seven.png", mimeType="image/png", buffer=drawn(7))
    page.get_by_label("Your picture").set_input_files(picture)
    page.get_by_role("button", name="Recognise").click()
    expect(page.locator(".answer")).to_have_text("7")
