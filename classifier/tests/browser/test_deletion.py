import pytest
from playwright.sync_api import Page, expect

from classifier.tests import factories
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db(transaction=True)


def test_queue_reports_deleted_image_and_continues(page: Page) -> None:
    first, second = (
        factories.create_queue_item(doubt=0.9).image,
        factories.create_queue_item(doubt=0.8).image,
    )
    page.goto("/admin/classifier/inputimage/queue/?order=doubt")
    card = page.locator("#cards .card:first-child")
    expect(card).to_have_attribute("data-image", str(first.pk))
    assert first.upload
    deletion.delete_uploads([first.upload.pk])

    page.keyboard.press("7")

    expect(page.locator("#error")).to_contain_text("The image has been deleted.")
    expect(card).to_have_attribute("data-image", str(second.pk))
    page.keyboard.press("3")
    expect(page.locator("#answers")).to_have_attribute("aria-busy", "false")
    second.refresh_from_db()
    assert second.label == "3"
