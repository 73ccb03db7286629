from io import BytesIO
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

from classifier.models import Upload
from classifier.tests.browser.conftest import PHONE
from classifier.tests.browser.pad import expect_answer
from classifier.tests.browser.test_accessibility import expect_no_violation
from classifier.tests.browser.test_nothing_lost import choose
from classifier.tests.pictures import SIDE, Draw, draw_number, encode_picture

pytestmark = pytest.mark.django_db(transaction=True)


def open_dialog(page: Page, picture: bytes) -> None:
    choose(page, ("photo.png", picture))
    page.get_by_role("button", name="Crop or turn photo.png").click()
    expect(page.get_by_role("heading", name="Crop or turn")).to_be_visible()


def locate(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return the point at these shares of the picture in the dialog."""
    place = page.locator("#crop svg").bounding_box()
    assert place
    return place["x"] + x * place["width"], place["y"] + y * place["height"]


def cut_out_second_digit(page: Page) -> None:
    page.mouse.move(*locate(page, 0.1, 0.1))
    page.mouse.down()
    page.mouse.move(*locate(page, 0.5, 0), steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Use this part").click()
    expect_answer(page, "2")


def get_stored_size() -> tuple[int, int]:
    upload = Upload.objects.get()
    return upload.width, upload.height


@pytest.mark.parametrize(
    ("size", "scheme"),
    [(PHONE, "dark"), (ViewportSize(width=1440, height=900), "light")],
    ids=["phone", "desktop"],
)
def test_frame_is_cut_out_and_sent(
    home: Page, draw_digit: Draw, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    home.set_viewport_size(size)
    home.emulate_media(color_scheme=scheme)
    open_dialog(home, draw_number(draw_digit, "42"))
    expect_no_violation(home)
    cut_out_second_digit(home)
    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/result/*")
    width, height = get_stored_size()
    assert width == pytest.approx(0.4 * 2 * SIDE, abs=6)
    assert height == pytest.approx(0.9 * SIDE, abs=6)


def test_photo_is_turned_by_keyboard(home: Page, draw_digit: Draw) -> None:
    upright = Image.open(BytesIO(draw_number(draw_digit, "42")))
    open_dialog(home, encode_picture(upright.transpose(Image.Transpose.ROTATE_90)))
    turn = home.get_by_role("button", name="Turn by 90°")
    turn.focus()
    home.keyboard.press("Enter")
    frame = home.locator("#crop g")
    frame.focus()
    for _ in range(10):
        home.keyboard.press("ArrowLeft")
        home.keyboard.press("ArrowUp")
    for _ in range(20):
        home.keyboard.press("Shift+ArrowRight")
        home.keyboard.press("Shift+ArrowDown")
    home.get_by_role("button", name="Use this part").focus()
    home.keyboard.press("Enter")

    expect_answer(home, "42")
    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/result/*")
    assert get_stored_size() == (2 * SIDE, SIDE)


def test_cancelled_dialog_changes_nothing_and_crop_is_undone(home: Page, draw_digit: Draw) -> None:
    open_dialog(home, draw_number(draw_digit, "42"))
    home.keyboard.press("Escape")
    expect(home.get_by_role("heading", name="Crop or turn")).to_be_hidden()
    expect_answer(home, "42")

    home.get_by_role("button", name="Crop or turn photo.png").click()
    expect(home.get_by_role("heading", name="Crop or turn")).to_be_visible()
    cut_out_second_digit(home)
    home.get_by_role("button", name="Undo").click()
    expect_answer(home, "42")


def test_finger_moves_the_frame(touch_home: Page, draw_digit: Draw) -> None:
    open_dialog(touch_home, draw_digit(7))
    frame = touch_home.locator("#crop g rect")
    before = frame.bounding_box()
    touch = touch_home.context.new_cdp_session(touch_home)
    for kind, share in (("touchStart", 0.5), ("touchMove", 0.53), ("touchMove", 0.56)):
        x, y = locate(touch_home, share, share)
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    after = frame.bounding_box()
    assert before
    assert after
    assert after["x"] > before["x"]
    assert after["width"] == pytest.approx(before["width"], abs=1)
