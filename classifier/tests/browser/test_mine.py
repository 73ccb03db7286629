import pytest
from playwright.sync_api import Page, expect

from classifier.models import ModelVersion, Upload
from classifier.tests.browser.conftest import PHONE, send_pictures
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db(transaction=True)


def test_visitor_deletes_one_picture_and_then_all(
    champion: ModelVersion, phone_page: Page, draw_digit: Draw
) -> None:
    send_pictures(phone_page, draw_digit(1), draw_digit(2), draw_digit(3))
    pictures = phone_page.locator("main li")
    expect(pictures.locator("strong")).to_have_text(["3", "2", "1"])
    for button in phone_page.get_by_role("button", name="Delete").all():
        place = button.bounding_box()
        assert place
        assert place["x"] + place["width"] <= PHONE["width"]

    phone_page.get_by_label("Delete picture 2").click()
    phone_page.get_by_role("button", name="Delete it for good").click()
    expect(pictures.locator("strong")).to_have_text(["3", "1"])

    phone_page.get_by_role("link", name="Delete all").click()
    expect(phone_page.get_by_text("2 pictures sent from this browser")).to_be_visible()
    phone_page.get_by_role("button", name="Delete all").click()
    expect(phone_page.get_by_text("Nothing here yet")).to_be_visible()

    assert not Upload.objects.exists()
