"""An upload is deleted while somebody has its image before them."""

import pytest
from playwright.sync_api import Page, expect

from classifier.tests import factories
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_queue_says_so_and_goes_on(page: Page) -> None:
    first, second = (
        factories.create_queue_item(doubt=0.9).image,
        factories.create_queue_item(doubt=0.8).image,
    )
    page.goto("/admin/classifier/inputimage/queue/?order=doubt")
    shown = page.locator("#cards .card:first-child")
    expect(shown).to_have_attribute("data-image", str(first.pk))
    assert first.upload
    deletion.delete_uploads([first.upload.pk])

    page.keyboard.press("7")

    expect(page.locator("#error")).to_contain_text("The image has been deleted.")
    expect(shown).to_have_attribute("data-image", str(second.pk))
    page.keyboard.press("3")
    expect(page.locator("#answers")).to_have_attribute("aria-busy", "false")
    second.refresh_from_db()
    assert second.label == "3"
