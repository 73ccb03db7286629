import pytest
from playwright.sync_api import FilePayload, Page, expect

from classifier.models import ModelVersion, Upload
from classifier.tests.browser.conftest import PHONE, send_pictures
from classifier.tests.browser.pad import DIGITS, draw, expect_answer
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db(transaction=True)


def test_plain_form_works_without_javascript(
    champion: ModelVersion, phone_page: Page, draw_digit: Draw
) -> None:
    phone_page.goto("/")
    expect(phone_page.locator("main").get_by_role("button")).to_have_text(["", "Send"])
    expect(phone_page.locator("#pad")).to_be_hidden()
    expect(phone_page.get_by_role("slider")).to_have_count(0)
    expect(phone_page.get_by_label("Take a photo")).to_be_hidden()

    send_pictures(phone_page, draw_digit(7), draw_digit(3))
    expect(phone_page).to_have_url("/mine")
    assert Upload.objects.count() == 2


def test_home_page_fits_phone_and_offers_camera(touch_home: Page, draw_digit: Draw) -> None:
    camera = touch_home.get_by_label("Take a photo")
    expect(camera).to_have_attribute("capture", "environment")
    camera.set_input_files(
        FilePayload(name="photo.png", mimeType="image/png", buffer=draw_digit(4))
    )
    expect_answer(touch_home, "4")
    for tool in touch_home.locator(".tools .tool").all():
        box = tool.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 44
    assert touch_home.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


BRIGHTNESS = """(name) => {
    const paint = document.createElement("canvas").getContext("2d");
    paint.fillStyle = getComputedStyle(document.querySelector(name)).backgroundColor;
    paint.fillRect(0, 0, 1, 1);
    return paint.getImageData(0, 0, 1, 1).data[1];
}"""


def test_dark_mode_is_dark_and_mouse_device_is_offered_no_camera(
    champion: ModelVersion, page: Page
) -> None:
    page.goto("/")
    expect(page.get_by_label("Take a photo")).to_be_hidden()
    assert page.evaluate(BRIGHTNESS, "body") > 200
    page.emulate_media(color_scheme="dark")
    for part in ("body", ".area", ".panel"):
        assert page.evaluate(BRIGHTNESS, part) < 60
    draw(page, DIGITS["7"])
    ink = "pad.getContext('2d').getImageData(pad.width / 2, pad.height * 0.2, 1, 1).data[1]"
    assert page.evaluate(ink) > 200
    expect_answer(page, "7")
