import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from classifier.models import ModelVersion, Source, Suggestion
from classifier.tests.browser.conftest import PHONE
from classifier.tests.browser.test_accessibility import expect_no_violation
from classifier.tests.pictures import Draw, draw_number
from classifier.uploads import submission

pytestmark = pytest.mark.django_db(transaction=True)

SUM_SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 0);
})"""


def create_seven(draw_digit: Draw) -> str:
    return f"/result/{submission.classify_picture(draw_digit(7), Source.WEB).id}"


def create_number(draw_digit: Draw, digits: str) -> str:
    picture = draw_number(draw_digit, digits)
    return f"/result/{submission.classify_picture(picture, Source.WEB).id}"


def test_result_shows_answer_maps_and_similar_images(
    champion: ModelVersion, page: Page, draw_digit: Draw
) -> None:
    page.goto(create_seven(draw_digit))
    expect(page.get_by_role("heading", level=1)).to_have_text("This is a 7")
    for name in (
        "The picture as you sent it",
        "The digit in 28 by 28 pixels",
        "Strokes that suggest 7",
    ):
        picture = page.get_by_role("img", name=name)
        expect(picture).to_be_visible()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("picture => picture.naturalWidth") > 0
    expect(page.locator(".nearest li")).to_have_text(["7"] * 5)
    page.locator(".words").scroll_into_view_if_needed()
    expect(page.locator(".words")).to_contain_text("in the square")
    expect(page.locator(".words a")).to_have_count(0)


def test_layout_does_not_shift(champion: ModelVersion, page: Page, draw_digit: Draw) -> None:
    address = create_seven(draw_digit)
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address, wait_until="networkidle")
        page.locator(".words").scroll_into_view_if_needed()
        expect(page.locator(".words a")).to_have_count(0)
        assert page.evaluate(SUM_SHIFTS) == 0
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_boxes_cover_their_digits_and_open_them(
    champion: ModelVersion, page: Page, draw_digit: Draw
) -> None:
    page.goto(create_number(draw_digit, "2019"))
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        picture = page.get_by_role("img", name="The picture as you sent it").bounding_box()
        box = page.get_by_role("link", name="Digit 3: 1").locator("rect").bounding_box()
        assert picture
        assert box
        middle = (box["x"] + box["width"] / 2 - picture["x"]) / picture["width"]
        assert middle == pytest.approx(2.5 / 4, abs=0.02)

    details = page.locator(".digits > details")
    expect(details).to_have_count(4)
    for name, digit in (("Digit 3: 1", 2), ("Digit 1: 2", 0)):
        page.get_by_role("link", name=name).focus()
        page.keyboard.press("Enter")
        opened = [each.get_attribute("open") is not None for each in details.all()]
        assert opened == [place == digit for place in range(4)]
    expect(page.locator("#digit-1")).to_be_in_viewport()


def test_link_is_copied_without_clipboard_api(
    champion: ModelVersion, page: Page, context: BrowserContext, draw_digit: Draw
) -> None:
    context.grant_permissions(["clipboard-read"])
    page.add_init_script("delete Navigator.prototype.clipboard")
    address = create_seven(draw_digit)
    page.goto(address)
    page.evaluate(
        "document.addEventListener('copy', () => { window.copied = getSelection() + ''; })"
    )
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_text("The link is copied.")).to_be_visible()
    assert page.evaluate("window.copied").endswith(address)


def test_link_and_requests_for_programs_are_copied_and_work(
    champion: ModelVersion,
    page: Page,
    context: BrowserContext,
    draw_digit: Draw,
    tmp_path: Path,
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    (tmp_path / "picture.png").write_bytes(draw_digit(7))

    def copy_and_run(button: str, *interpreter: str) -> str:
        page.locator(button).click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        code = page.evaluate("navigator.clipboard.readText()")
        command = [*interpreter, code] if interpreter else shlex.split(code)
        return subprocess.check_output(command, cwd=tmp_path, text=True)

    address = create_seven(draw_digit)
    page.goto(f"{address}#digit-1")
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_role("status").filter(has_text="The link is copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url.removesuffix("#digit-1")
    assert copied.endswith(address)

    page.get_by_text("Use via API").click()
    assert json.loads(copy_and_run("[data-copy=as-curl]"))["label"] == "7"
    page.reload()  # hides the first message
    page.get_by_text("Use via API").click()
    assert copy_and_run("[data-copy=as-python]", sys.executable, "-c").startswith("7 ")


def test_request_in_javascript_fits_the_page_and_gives_the_same_answer(
    champion: ModelVersion, page: Page, draw_digit: Draw
) -> None:
    page.goto(create_seven(draw_digit))
    page.get_by_text("Use via API").click()
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        expect(page.locator("#as-javascript")).to_be_visible()
        expect_no_violation(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width

    code = page.locator("#as-javascript").text_content()
    with page.expect_console_message() as message:
        page.evaluate(
            f"async (bytes) => {{ const file = new Blob([new Uint8Array(bytes)]); {code} }}",
            list(draw_digit(7)),
        )
    assert message.value.text.startswith("7 ")


def test_suggestion_takes_one_or_two_clicks_without_javascript(
    champion: ModelVersion, phone_page: Page, draw_digit: Draw
) -> None:
    phone_page.goto(create_seven(draw_digit))
    expect(phone_page.get_by_role("button", name="Copy the link")).to_be_hidden()
    expect(phone_page.get_by_role("button", name="0", exact=True)).to_be_hidden()
    phone_page.get_by_text("other", exact=True).click()
    for answer in (*"0123456789", "not a digit"):
        button = phone_page.get_by_role("button", name=answer, exact=True).bounding_box()
        assert button
        assert button["x"] + button["width"] <= PHONE["width"]
        assert min(button["width"], button["height"]) >= 44
    phone_page.get_by_role("button", name="9", exact=True).click()
    expect(phone_page.get_by_text("Your suggestion: 9")).to_be_visible()
    assert Suggestion.objects.get().label == "9"


def test_explanations_fit_a_phone_and_work_without_javascript(
    champion: ModelVersion, phone_page: Page, draw_digit: Draw
) -> None:
    phone_page.goto(create_seven(draw_digit))
    expect(phone_page.get_by_role("img", name="Strokes that suggest 7")).to_be_visible()
    phone_page.get_by_role("link", name="What does the part in the square change?").click()
    expect(phone_page.locator("body")).to_contain_text("in the square")

    phone_page.goto("/how")
    expect(phone_page.get_by_role("img", name="Wrong answers by digit")).to_be_visible()
    assert phone_page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
