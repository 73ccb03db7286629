from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, ViewportSize, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from classifier.models import Correction, InputImage, ModelVersion, Source, Upload
from classifier.tests.browser.conftest import PHONE
from classifier.tests.browser.test_accessibility import (
    expect_no_violation,
    expect_no_violation_in_any_look,
)
from classifier.tests.pictures import Draw, draw_number
from classifier.uploads import submission

pytestmark = pytest.mark.django_db(transaction=True)

SIZES = [
    pytest.param(PHONE, "dark", id="phone"),
    pytest.param(ViewportSize(width=1440, height=900), "light", id="desktop"),
]


@pytest.fixture
def result(champion: ModelVersion, page: Page, draw_digit: Draw) -> Page:
    """The result 4019, ready to be corrected."""
    open_correction(page, draw_number(draw_digit, "4019"))
    expect(list_boxes(page)).to_have_count(4)
    return page


def open_correction(page: Page, picture: bytes) -> None:
    upload = submission.classify_picture(picture, Source.WEB)
    page.goto(f"/result/{upload.id}")
    page.locator(".correct > summary").click()


def list_boxes(page: Page) -> Locator:
    return page.locator(".editor g")


def get_number(page: Page) -> Locator:
    return page.get_by_label("The whole number")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def get_rectangle(box: Locator) -> FloatRect:
    place = box.locator("rect").bounding_box()
    assert place
    return place


def get_middle(box: Locator) -> tuple[float, float]:
    place = get_rectangle(box)
    return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2


def send(page: Page) -> None:
    press(page, "Send the correction")
    expect(page.get_by_text("Thank you. Staff will check it.")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), SIZES)
def test_joined_boxes_are_read_again_and_sent(
    result: Page, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    result.set_viewport_size(size)
    result.emulate_media(color_scheme=scheme)
    result.mouse.click(*get_middle(list_boxes(result).nth(2)))
    press(result, "Join with next")
    expect(list_boxes(result)).to_have_count(3)
    expect(result.locator(".correct [role=status]")).to_contain_text("Read again: 40")
    expect_no_violation(result)
    get_number(result).fill("407")

    send(result)

    expect(result.locator(".corrected")).to_have_text("Your correction: 407")
    correction = Correction.objects.get()
    labels = [each.label for each in correction.suggestions.order_by("pk")]
    assert labels == ["4", "0", "7", "not_a_digit", "not_a_digit"]
    assert result.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_boxes_are_moved_resized_removed_drawn_joined_split_and_sent(result: Page) -> None:
    box, (x, y) = list_boxes(result).first, get_middle(list_boxes(result).first)
    result.mouse.click(x, y)
    expect(result.get_by_role("button", name="Undo", exact=True)).to_be_disabled()
    before = get_rectangle(box)
    drag(result, (x, y), (x + 12, y - 8))
    after = get_rectangle(box)
    assert after["x"] - before["x"] == pytest.approx(12, abs=1.5)
    assert after["y"] - before["y"] == pytest.approx(-8, abs=1.5)
    assert after["width"] == pytest.approx(before["width"], abs=1.5)
    press(result, "Undo")
    assert get_rectangle(box)["x"] == pytest.approx(before["x"], abs=1)

    corner = before["x"] + before["width"] - 1, before["y"] + before["height"] - 1
    drag(result, corner, (corner[0], corner[1] - before["height"] / 2))
    after = get_rectangle(box)
    assert after["height"] == pytest.approx(before["height"] / 2, abs=4)
    assert after["y"] == pytest.approx(before["y"], abs=1)
    press(result, "Undo")
    assert get_rectangle(box)["height"] == pytest.approx(before["height"], abs=1)

    place = get_rectangle(list_boxes(result).nth(1))
    result.mouse.click(*get_middle(list_boxes(result).nth(1)))
    press(result, "Remove")
    expect(get_number(result)).to_have_value("419")
    start = place["x"] - 3, place["y"] - 3
    drag(result, start, (place["x"] + place["width"] + 3, place["y"] + place["height"] + 3))
    expect(get_number(result)).to_have_value("4019")
    expect(list_boxes(result).nth(1)).to_have_attribute("aria-pressed", "true")

    result.mouse.click(*get_middle(box))
    press(result, "Join with next")
    expect(list_boxes(result)).to_have_count(3)
    press(result, "Split")
    expect(get_number(result)).to_have_value("4019")

    press(result, "Join with next")
    expect(list_boxes(result)).to_have_count(3)
    get_number(result).fill("4017")  # splits the widest box
    expect(list_boxes(result)).to_have_count(4)
    send(result)
    assert Correction.objects.get().text == "4017"


def test_keyboard_alone_corrects_boxes(result: Page) -> None:
    list_boxes(result).first.focus()
    result.keyboard.press("7")
    expect(get_number(result)).to_have_value("7019")
    before = get_rectangle(list_boxes(result).first)
    result.keyboard.press("ArrowRight")
    result.keyboard.press("Shift+ArrowDown")
    after = get_rectangle(list_boxes(result).first)
    assert after["x"] > before["x"]
    assert after["height"] > before["height"]

    result.keyboard.press("Tab")
    result.keyboard.press("j")
    expect(list_boxes(result)).to_have_count(3)
    result.keyboard.press("s")
    expect(list_boxes(result)).to_have_count(4)
    result.keyboard.press("Delete")
    expect(list_boxes(result)).to_have_count(3)
    result.keyboard.press("a")
    expect(list_boxes(result)).to_have_count(4)
    result.keyboard.press("Control+z")
    expect(list_boxes(result)).to_have_count(3)

    get_number(result).fill("701")
    result.keyboard.press("Enter")
    expect(result.get_by_text("Thank you. Staff will check it.")).to_be_visible()
    assert Correction.objects.get().text == "701"


def test_number_that_does_not_fit_the_boxes_is_not_sent(result: Page) -> None:
    get_number(result).fill("401")
    press(result, "Send the correction")
    expected = "the number of digits is 3 and that of boxes is 4"
    expect(result.get_by_role("alert")).to_contain_text(expected)
    expect(get_number(result)).to_have_value("401")
    list_boxes(result).last.focus()
    result.keyboard.press("Delete")
    expect(get_number(result)).to_have_value("401")
    expect(list_boxes(result).last).to_have_accessible_name("Digit 3: 1")

    get_number(result).fill("40l")
    press(result, "Send the correction")
    expect(result.get_by_role("alert")).to_contain_text("digits 0 to 9 only")

    result.reload()
    result.locator(".correct > summary").click()
    list_boxes(result).last.focus()
    for _ in range(4):
        result.keyboard.press("Delete")
    picture = result.locator(".editor svg").bounding_box()
    assert picture
    drag(result, (picture["x"] + 2, picture["y"] + 2), (picture["x"] + 12, picture["y"] + 12))
    expect(result.locator(".editor .empty")).to_have_count(1)
    press(result, "Send the correction")
    expect(result.get_by_role("alert")).to_contain_text("Type which digit is in box 1")
    assert not Correction.objects.exists()


def test_lost_connection_is_explained(result: Page) -> None:
    result.route("**/preview", lambda route: route.abort())
    list_boxes(result).first.focus()
    result.keyboard.press("ArrowRight")
    expect(result.get_by_role("alert")).to_contain_text("can’t be read right now")
    send(result)


def test_finger_draws_a_box_on_a_blank_picture(
    champion: ModelVersion, browser: Browser, live_server: LiveServer, draw_digit: Draw
) -> None:
    with browser.new_context(base_url=live_server.url, has_touch=True, viewport=PHONE) as context:
        page = context.new_page()
        open_correction(page, draw_digit(7))
        expect(list_boxes(page)).to_have_count(1)
        place = get_rectangle(list_boxes(page).first)
        touch = context.new_cdp_session(page)
        page.touchscreen.tap(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        press(page, "Remove")

        def send_touch(kind: str, *points: dict[str, Any]) -> None:
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [*points]})

        send_touch("touchStart", {"x": place["x"] - 4, "y": place["y"] - 4})
        for share in (0.5, 1):
            x = place["x"] - 4 + share * (place["width"] + 8)
            y = place["y"] - 4 + share * (place["height"] + 8)
            send_touch("touchMove", {"x": x, "y": y})
        send_touch("touchEnd")

        expect(get_number(page)).to_have_value("7")


def test_number_is_corrected_without_javascript(
    champion: ModelVersion, phone_page: Page, draw_digit: Draw
) -> None:
    open_correction(phone_page, draw_number(draw_digit, "42"))
    expect(phone_page.locator(".editor")).to_be_hidden()
    get_number(phone_page).fill("4 7")
    send(phone_page)
    assert Correction.objects.get().text == "47"


def test_correction_is_accepted_by_one_key_and_undone(result: Page, settings: Settings) -> None:
    settings.LABEL_CHECK_PERCENT = 0
    get_number(result).fill("4017")
    send(result)
    upload = Upload.objects.get()

    result.goto("/admin/classifier/inputimage/queue/?order=suggested")
    expect(result.get_by_role("button", name="accept all 4 A")).to_be_visible()
    result.keyboard.press("a")
    expect(result.locator("[aria-busy=true]")).to_have_count(0)
    assert list_labels(upload) == [*"4017"]
    expect(result.locator("#cards .card")).to_have_count(0)

    result.keyboard.press("u")
    expect(result.locator("[aria-busy=true]")).to_have_count(0)
    assert list_labels(upload) == ["unknown"] * 4
    expect(result.locator("#cards .card").first).to_be_visible()


def test_staff_correct_boxes_in_the_queue(result: Page, settings: Settings) -> None:
    settings.LABEL_CHECK_PERCENT = 0
    upload = Upload.objects.get()
    result.goto("/admin/classifier/inputimage/queue/")
    result.keyboard.press("b")
    expect(get_number(result)).to_be_focused()
    expect_no_violation_in_any_look(result)
    result.keyboard.press("Escape")
    expect(result.locator(".answers")).to_be_visible()

    result.get_by_role("link", name="correct its boxes").click()
    result.mouse.click(*get_middle(list_boxes(result).nth(2)))
    press(result, "Join with next")
    get_number(result).fill("407")
    result.keyboard.press("Enter")
    expect(result.locator("#cards .card")).to_have_count(0)
    expect(result.locator("[aria-busy=true]")).to_have_count(0)
    assert list_labels(upload) == ["4", "0", "not_a_digit", "not_a_digit", "7"]
    assert not Correction.objects.exists()

    press(result, "undo U")
    expect(get_number(result)).to_have_value("407")
    expect(result.locator("[aria-busy=true]")).to_have_count(0)
    assert list_labels(upload) == ["unknown"] * 5


def list_labels(upload: Upload) -> list[str]:
    images = InputImage.objects.filter(upload=upload).order_by("position", "created_at")
    return [*images.values_list("label", flat=True)]
