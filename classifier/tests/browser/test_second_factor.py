from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from classifier.access.tests.test_second_factor import compute_code
from classifier.models import AppDevice


def test_keyboard_alone_sets_the_factor_up_and_logs_in(
    phone_page: Page, operator: User, settings: Settings
) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    page = phone_page
    enter_password(page)
    picture = page.get_by_alt_text("QR code of the key")
    expect(picture).to_be_visible()
    page.get_by_label("Code", exact=True).focus()
    assert picture.evaluate("image => image.naturalWidth") > 100, "the policy blocks it"
    enter_code(page)
    expect(page.get_by_role("listitem").filter(has_text="-")).to_have_count(10)

    AppDevice.objects.update(last_t=-1)
    page.context.clear_cookies()
    enter_password(page)
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    enter_code(page)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def enter_password(page: Page) -> None:
    page.goto("/admin/")
    expect(page.get_by_label("Username:")).to_be_focused()
    page.keyboard.type("operator")
    page.keyboard.press("Tab")
    page.keyboard.type("labels all day")
    page.keyboard.press("Enter")


def enter_code(page: Page) -> None:
    page.keyboard.type(compute_code(AppDevice.objects.get()))
    page.keyboard.press("Enter")
