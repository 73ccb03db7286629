"""The staff pages as a whole: accessibility, and the keyboard from login to promotion."""

from typing import Literal

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.fixtures import Settings

from classifier.labelling import labels
from classifier.labelling.tests.test_rows import create_row
from classifier.models import ModelVersion, RunState, TrainingRun, Upload, Via
from classifier.registry import runs, versions
from classifier.tests import factories
from classifier.tests.browser.test_accessibility import expect_no_violation_in_any_look
from classifier.tests.pictures import Draw
from conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

APP = "/admin/classifier/"


@pytest.fixture
def images(champion: ModelVersion, draw_digit: Draw, settings: Settings) -> None:
    """A row of images to label, all of one stored picture."""
    settings.LABEL_CHECK_PERCENT = 0
    for item in create_row(0.9, 0.8, 0.7):
        factories.create_prediction(item.image, champion)
    name = default_storage.save("uploads/00/made", ContentFile(draw_digit(7)))
    Upload.objects.update(file=name)


def test_staff_pages_fit_and_violate_neither_axe_rules_nor_policies(
    page: Page, violations: list[str], images: None, champion: ModelVersion, admin_user: User
) -> None:
    labels.set_label(factories.create_queue_item().image.pk, "7", admin_user, Via.QUEUE)
    run = TrainingRun.objects.create()
    for address in (
        "/admin/",
        *(f"{APP}inputimage/{part}" for part in ("", "queue/", "rows/", "grid/", "transfer/")),
        *(f"{APP}{name}/" for name in ("upload", "trainingrun", "modelversion", "webhook")),
        f"{APP}modelversion/{champion.pk}/change/",
        f"{APP}modelversion/timeline/",
        f"{APP}trainingrun/{run.pk}/change/",
        f"{APP}webhook/add/",
        f"{APP}apitoken/add/",
        f"/admin/auth/user/{admin_user.pk}/change/",
        "/admin/password_change/",
    ):
        response = page.goto(address)
        assert response
        assert (response.status, address) == (200, address)
        expect_no_violation_in_any_look(page)
    page.context.clear_cookies()
    page.goto("/admin/login/")
    expect_no_violation_in_any_look(page)
    assert violations == []


def activate(page: Page, role: Literal["link", "button"], name: str) -> None:
    """Move the focus forward with the Tab key until it is on a control, and press Enter."""
    control = page.get_by_role(role, name=name, exact=True).first
    for _ in range(60):
        page.keyboard.press("Tab")
        if control.evaluate("each => each === document.activeElement"):
            break
    expect(control).to_be_focused()
    page.keyboard.press("Enter")


def test_keyboard_alone_leads_from_login_to_promotion(
    context: BrowserContext, images: None, admin_user: User
) -> None:
    admin_user.set_password(PASSWORD)
    admin_user.save()
    page = context.new_page()
    page.goto("/admin/")
    expect(page.get_by_label("Username:")).to_be_focused()
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    activate(page, "link", "Rows")
    page.wait_for_url("**/rows/")
    page.keyboard.type("157")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No row with two or more images is waiting.")).to_be_visible()

    activate(page, "link", "mnistsite staff")
    activate(page, "link", "Train")
    page.wait_for_url("**/trainingrun/")
    activate(page, "button", "Train: 3 new labels since model baseline")
    page.wait_for_url("**/change/")
    run = TrainingRun.objects.get()
    runs.claim_run(run.pk)
    factories.copy_bundled_model("better")
    runs.finish_run(run.pk, RunState.SUCCEEDED, result=versions.register_model("better"))

    expect(page.get_by_role("heading", name="Model better")).to_be_visible()
    activate(page, "button", "Promote")
    expect(page.get_by_text("Model better is the champion")).to_be_visible()
