"""The overview on the admin's first page."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from classifier.labelling import labels
from classifier.models import ModelVersion, Via
from classifier.tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [390, 1440])
def test_overview_fits_screen_and_links_to_queue(
    champion: ModelVersion, admin_user: User, page: Page, width: int
) -> None:
    factories.create_prediction(factories.create_queue_item().image, champion)
    labels.set_label(factories.create_queue_item().image.pk, "7", admin_user, Via.QUEUE)
    page.set_viewport_size({"width": width, "height": 844})

    page.goto("/admin/")

    expect(page.get_by_role("heading", name="Waiting for a label")).to_be_visible()
    expect(page.get_by_role("link", name="Train: 1 new label", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Label", exact=True).click()
    page.wait_for_url("**/admin/classifier/inputimage/queue/")
