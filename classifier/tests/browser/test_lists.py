from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.models import InputImage, Upload
from classifier.tests import factories
from classifier.tests.browser.conftest import expect_width_to_fit, log_in
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db(transaction=True)

UPLOADS = "/admin/classifier/upload/"
IMAGES = "/admin/classifier/inputimage/"


def test_uploads_show_pictures_and_readable_sizes(page: Page, draw_digit: Draw) -> None:
    name = default_storage.save("uploads/00/made", ContentFile(draw_digit(7)))
    factories.create_upload(file=name, size=2_300_000, width=4000, height=3000)

    page.goto(UPLOADS)

    expect(page.get_by_role("heading", level=1)).to_have_text("Uploads")
    picture = page.get_by_role("row").get_by_role("img")
    expect(picture).not_to_have_js_property("naturalWidth", 0)
    expect(page.get_by_role("cell", name="4000 × 3000")).to_be_attached()
    expect(page.get_by_role("cell", name="2.2 MB")).to_be_attached()
    expect_width_to_fit(page)


def test_filters_stay_until_they_are_cleared(page: Page) -> None:
    factories.create_image(label="7")
    factories.create_image(label="3")
    rows = page.locator("#result_list tbody tr")
    page.goto(IMAGES)
    page.get_by_role("navigation", name="Filter").get_by_role("link", name="7").click()
    expect(rows).to_have_count(1)

    page.goto("/admin/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Images", exact=True).click()

    page.wait_for_url(f"**{IMAGES}?label=7")
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Clear all filters").click()
    page.wait_for_url(f"**{IMAGES}?")
    page.goto("/admin/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Images", exact=True).click()
    page.wait_for_url(f"**{IMAGES}")


def test_times_are_in_the_time_zone_of_the_browser(
    browser: Browser, live_server: LiveServer, admin_user: User
) -> None:
    image = factories.create_image()
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    InputImage.objects.update(created_at=noon)
    Upload.objects.update(created_at=noon)
    context = browser.new_context(base_url=live_server.url, timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.goto("/admin/login/")  # its script saves the time zone
    log_in(context, live_server, admin_user)

    for address in (UPLOADS, IMAGES, f"{UPLOADS}{image.upload_id}/change/"):
        page.goto(address)
        expect(page.get_by_role("main")).to_contain_text("2026-07-01 17:30")
    context.close()
