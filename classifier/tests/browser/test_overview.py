from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from classifier.labelling import labels
from classifier.models import ModelVersion, Via
from classifier.tests import factories
from classifier.tests.browser.conftest import PHONE, expect_width_to_fit

pytestmark = pytest.mark.django_db(transaction=True)


def test_overview_fits_screens_and_links_to_queue(
    champion: ModelVersion, admin_user: User, page: Page
) -> None:
    factories.create_prediction(factories.create_queue_item().image, champion)
    labels.set_label(factories.create_queue_item().image.pk, "7", admin_user, Via.QUEUE)

    page.goto("/admin/")

    expect(page.get_by_text("new label since the champion was trained.")).to_be_visible()
    expect_width_to_fit(page)
    page.get_by_role("main").get_by_role("link", name="Label", exact=True).click()
    page.wait_for_url("**/admin/classifier/inputimage/queue/")


def test_menu_opens_and_closes_by_keyboard(page: Page) -> None:
    more = page.get_by_role("button", name="More")
    jobs = page.get_by_role("link", name="Procrastinate jobs")
    for width in (PHONE["width"], 1440):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto("/admin/")

        expect(jobs).to_be_hidden()
        more.focus()
        page.keyboard.press("Enter")
        expect(jobs).to_be_visible()
        expect(jobs).to_be_in_viewport(ratio=1)
        page.keyboard.press("Escape")
        expect(jobs).to_be_hidden()
        expect(more).to_be_focused()
        page.keyboard.press("Enter")
        jobs.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/admin/procrastinate/procrastinatejob/")


def test_chart_shows_values_under_the_pointer_and_in_a_table(
    champion: ModelVersion, page: Page
) -> None:
    snapshot = {
        "by_label": {"7": 6_000, "1": 6_700},
        "corrected": {str(uuid4()): "7", str(uuid4()): "7"},
    }
    ModelVersion.objects.filter(pk=champion.pk).update(snapshot=snapshot)
    page.goto(f"/admin/classifier/modelversion/{champion.pk}/change/")
    chart = page.get_by_role("figure", name="All images")
    readout = chart.locator(".readout text").nth(7)

    for width in (PHONE["width"], 1440):
        page.set_viewport_size({"width": width, "height": 844})
        page.get_by_role("heading", level=1).hover()
        expect(readout).to_be_hidden()
        chart.locator(".readout rect").nth(7).hover()
        expect(readout).to_be_visible()
        expect(readout).to_have_text("7: 6,000")

    uploads = page.get_by_role("figure", name="Labelled uploads")
    uploads.get_by_text("Table").click()
    expect(uploads.get_by_role("row", name="7 2")).to_be_visible()
