import base64
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Route, expect
from pytest_django.fixtures import Settings

from classifier.models import ModelVersion, Upload
from classifier.tests.browser.pad import DIGITS, count_ink, draw, expect_answer, get_panel
from classifier.tests.pictures import Digits, Draw, encode_picture

pytestmark = pytest.mark.django_db(transaction=True)


DISPATCH = """([name, base64, type, target]) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    const init = { bubbles: true, cancelable: true };
    if (target === "paste") {
        const event = new ClipboardEvent("paste", { ...init, clipboardData: transfer });
        return document.body.dispatchEvent(event);
    }
    const place = document.querySelector(target);
    place.dispatchEvent(new DragEvent("dragover", { ...init, dataTransfer: transfer }));
    const over = document.querySelector(".area").classList.contains("over");
    return place.dispatchEvent(new DragEvent("drop", { ...init, dataTransfer: transfer })) || !over;
}"""


def dispatch(page: Page, target: str, content: bytes) -> bool:
    """Drop a picture on `target`, or paste it. Return whether the browser would act on it, too."""
    data = base64.b64encode(content).decode()
    allowed: bool = page.evaluate(DISPATCH, ["digit.png", data, "image/png", target])
    return allowed


def choose(page: Page, *pictures: tuple[str, str, bytes]) -> None:
    files = [FilePayload(name=name, mimeType=type_, buffer=data) for name, type_, data in pictures]
    page.get_by_label("Choose pictures").set_input_files(files)


def list_pictures(page: Page) -> Locator:
    return page.get_by_role("list", name="Pictures to send").get_by_role("listitem")


def test_dropped_or_pasted_picture_is_read_before_sending(home: Page, draw_digit: Draw) -> None:
    for target in ("#pad", "h1", "paste"):
        assert not dispatch(home, target, draw_digit(5))
        picture = home.get_by_role("img", name="digit.png")
        expect(picture).to_have_js_property("naturalWidth", 280)
        expect_answer(home, "5")
        assert not Upload.objects.exists()
        if target != "paste":
            home.get_by_role("button", name="Clear").click()
            expect_answer(home, "–")

    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/result/*")
    expect(home.locator("main .answer")).to_have_text("5")
    with Upload.objects.get().file.open() as stored:
        assert stored.read() == draw_digit(5)


def test_several_pictures_are_read_and_removed_one_by_one(home: Page, draw_digit: Draw) -> None:
    choose(home, *((f"{digit}.png", "image/png", draw_digit(digit)) for digit in (1, 5, 8)))
    choose(home, ("6.png", "image/png", draw_digit(6)))

    expect(list_pictures(home).locator(".label")).to_have_text(["1", "5", "8", "6"])
    expect_answer(home, "6")
    home.get_by_role("button", name="8.png", exact=True).click()
    expect_answer(home, "8")

    home.get_by_role("button", name="Remove 8.png").click()
    expect(list_pictures(home).locator(".label")).to_have_text(["1", "5", "6"])
    expect(home.get_by_role("button", name="Remove 6.png")).to_be_focused()
    expect_answer(home, "1")

    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/mine")
    assert Upload.objects.count() == 3


def test_clearing_pictures_restores_drawing(home: Page, draw_digit: Draw) -> None:
    draw(home, DIGITS["7"])
    expect_answer(home, "7")
    choose(home, ("5.png", "image/png", draw_digit(5)))
    expect_answer(home, "5")
    expect(home.locator("#pad")).to_be_hidden()

    home.get_by_role("button", name="Clear").click()

    expect_answer(home, "7")
    expect(home.locator("#pad")).to_be_visible()
    assert count_ink(home) > 0


def test_unusable_files_are_rejected_before_sending(
    champion: ModelVersion, page: Page, draw_digit: Draw, settings: Settings
) -> None:
    settings.MAX_UPLOAD_MB = 1
    page.goto("/")
    alert = page.get_by_role("alert")

    choose(page, ("large.png", "image/png", b"x" * (1024 * 1024 + 1)))
    expect(alert).to_contain_text(
        "large.png is too large. All pictures together can have at most 1 MB"
    )
    choose(page, ("notes.txt", "text/plain", b"x"))
    expect(alert).to_have_text("notes.txt is not a picture.")
    expect(list_pictures(page)).to_have_count(0)

    choose(page, ("half.png", "image/png", b"x" * 700_000))
    choose(page, ("other.png", "image/png", b"x" * 700_000))
    expect(alert).to_contain_text("other.png is too large")
    page.get_by_role("button", name="Clear").click()
    expect(alert).to_have_count(0)

    choose(page, *((f"{n}.png", "image/png", draw_digit(7)) for n in range(11)))
    expect(alert).to_have_text("You can send at most 10 pictures at once.")
    expect(list_pictures(page).locator(".label")).to_have_text(["7"] * 10)


def test_heic_that_the_browser_decodes_is_sent_as_jpeg(home: Page, draw_digit: Draw) -> None:
    """Chromium decodes no HEIC but looks at the content only, which is a PNG here."""
    choose(home, ("IMG_1.HEIC", "image/heic", draw_digit(7)))
    expect_answer(home, "7")
    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/result/*")
    assert Upload.objects.get().media_type == "image/jpeg"


def test_picture_that_the_browser_cannot_decode_is_left_to_site(
    home: Page, draw_digit: Draw
) -> None:
    choose(home, ("7.tif", "image/tiff", draw_digit(7, kind="TIFF")))
    expect(home.get_by_role("button", name="7.tif", exact=True)).to_be_visible()
    expect(list_pictures(home).get_by_text("7.tif")).to_be_visible()
    expect(home.get_by_role("button", name="Crop or turn 7.tif")).to_be_hidden()
    expect_answer(home, "7")
    home.get_by_role("button", name="Clear").click()
    expect_answer(home, "–")

    choose(home, ("IMG_1.heic", "image/heic", draw_digit(7, kind="HEIF")))
    expect_answer(home, "7")
    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/result/*")
    assert Upload.objects.get().media_type == "image/heic"


RECORD_SIZES = """
const send = window.fetch;
window.sizes = [];
window.fetch = (url, options) => {
  sizes.push(options.body.get("image").size);
  return send(url, options);
};
"""


def test_large_photo_is_resized_for_preview_only(
    champion: ModelVersion, page: Page, draw_digit: Draw
) -> None:
    paper = Image.open(BytesIO(draw_digit(4))).resize((3000, 3000))
    noise = Image.effect_noise(paper.size, 20).point(lambda value: value // 8)
    photo = encode_picture(Image.blend(paper, noise, 0.2), "JPEG", quality=95)
    page.add_init_script(RECORD_SIZES)
    page.goto("/")

    choose(page, ("photo.jpg", "image/jpeg", photo))
    expect_answer(page, "4")

    (preview_size,) = page.evaluate("sizes")
    assert 0 < preview_size < len(photo) / 3
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/result/*")
    assert Upload.objects.get().size == len(photo)


def build_photo(digit: NDArray[np.uint8]) -> bytes:
    """Return a noisy photo of grey ink on paper that is lit from one side."""
    y, x = np.mgrid[:1500, :2000]
    paper = 215 - x / 40 - y / 60 + np.random.default_rng(1).normal(0, 4, x.shape)
    ink = np.asarray(Image.fromarray(digit).resize((700, 700), Image.Resampling.BICUBIC))
    paper[400:1100, 600:1300] -= ink * 0.45
    photo = Image.fromarray(paper.clip(0, 255).astype(np.uint8))
    return encode_picture(photo, "JPEG", quality=85)


def test_photographed_digit_is_read(home: Page, digits: Digits) -> None:
    five = digits[0][digits[1] == 5][10]
    choose(home, ("photo.jpg", "image/jpeg", build_photo(five)))
    expect_answer(home, "5")

    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/result/*")

    expect(home.get_by_role("heading", level=1)).to_contain_text("5")
    assert Upload.objects.get().media_type == "image/jpeg"


def test_page_retries_after_throttled_preview(
    champion: ModelVersion, page: Page, draw_digit: Draw
) -> None:
    requests = []

    def throttle_first(route: Route) -> None:
        requests.append(route)
        if len(requests) > 1:
            return route.continue_()
        return route.fulfill(status=429, headers={"Retry-After": "1"}, body="{}")

    page.route("**/api/preview", throttle_first)
    page.goto("/")
    choose(page, ("7.png", "image/png", draw_digit(7)))

    expect(get_panel(page).get_by_text("One moment")).to_be_visible()
    expect_answer(page, "7")
    expect(get_panel(page).get_by_text("One moment")).to_have_count(0)
    assert len(requests) == 2
