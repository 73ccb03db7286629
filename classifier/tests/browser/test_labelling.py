import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from classifier.labelling import labels, queue
from classifier.labelling.tests.test_rows import create_row, get_labels
from classifier.models import InputImage, Upload, Via
from classifier.tests import factories
from classifier.tests.browser.conftest import PHONE, expect_width_to_fit, log_in
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE = "/admin/classifier/inputimage/queue/?order=doubt"
GRID = "/admin/classifier/inputimage/grid/?guess=7"

Images = list[InputImage]


@pytest.fixture
def images(draw_digit: Draw, settings: Settings) -> Images:
    """Twenty images in the order of the queue."""
    settings.LABEL_CHECK_PERCENT = 0
    version = factories.create_version()
    items = [factories.create_queue_item(doubt=0.9 - place / 100) for place in range(20)]
    for item in items:
        factories.create_prediction(item.image, version)
    name = default_storage.save("uploads/00/made", ContentFile(draw_digit(7)))
    Upload.objects.update(file=name)
    return [item.image for item in items]


@pytest.fixture(autouse=True)
def _wait_for_requests(page: Page) -> Iterator[None]:
    """Wait for all requests before the database is emptied."""
    yield
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def get_first_card(page: Page) -> Locator:
    return page.locator("#cards > :first-child")


def expect_first_card(page: Page, image: InputImage) -> None:
    expect(get_first_card(page)).to_have_attribute("data-image", str(image.pk))


def expect_labels(page: Page, images: Images, expected: list[str]) -> None:
    """Wait for all requests, and expect these labels in the database."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    stored = dict(InputImage.objects.values_list("pk", "label"))
    assert [stored[image.pk] for image in images] == expected


def test_keys_label_skip_and_undo(page: Page, images: Images) -> None:
    page.goto(QUEUE)
    expect_first_card(page, images[0])
    pictures = get_first_card(page).locator("img")
    expect(pictures).to_have_count(2)
    for picture in pictures.all():
        expect(picture).to_have_js_property("complete", True)
        expect(picture).not_to_have_js_property("naturalWidth", 0)

    for key in ("3", "Numpad4", "n", "s", "Shift+S", "5"):
        page.keyboard.press(key)

    expect_first_card(page, images[6])
    expect(page.locator("#today")).to_have_text("4")
    expect(page.locator("#waiting")).to_have_text("16")
    expect(page.locator("#cards > .card")).to_have_count(14)
    expect_labels(page, images[:6], ["3", "4", "not_a_digit", "unknown", "unknown", "5"])

    for key in ("u", "u", "u", "u", "9"):
        page.keyboard.press(key)

    expect_first_card(page, images[3])
    expect(page.locator("#today")).to_have_text("3")
    expect_labels(page, images[:6], ["3", "4", "9", "unknown", "unknown", "unknown"])


def test_fast_keys_label_whole_queue(page: Page, images: Images) -> None:
    page.goto(QUEUE)
    for place in range(20):
        expect_first_card(page, images[place])
        page.keyboard.press(str(place % 10))

    expect(get_first_card(page)).to_contain_text("No image is waiting for a label.")
    expect(page.get_by_role("button", name="skip")).to_be_disabled()
    expect_labels(page, images, [str(place % 10) for place in range(20)])
    page.keyboard.press("u")
    expect_first_card(page, images[19])


def test_help_dialog_blocks_keys(page: Page, images: Images) -> None:
    page.goto(QUEUE)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("not a digit")
    page.keyboard.press("3")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("Control+5")

    expect_first_card(page, images[0])
    page.get_by_role("button", name="8", exact=True).click()
    expect_first_card(page, images[1])
    expect_labels(page, images[:1], ["8"])


def test_failed_answer_brings_image_back(page: Page, images: Images) -> None:
    page.goto(QUEUE)
    Upload.objects.filter(images=images[0]).delete()

    page.keyboard.press("3")

    expect(page.get_by_role("alert")).to_contain_text("The image has been deleted.")
    expect_first_card(page, images[1])
    expect(page.locator("#today")).to_have_text("0")

    def fail(route: Route) -> None:
        route.abort()

    page.route("**/queue/answer?*", fail)
    page.keyboard.press("3")
    expect(page.get_by_role("alert")).to_contain_text("The site can’t be reached.")
    page.unroute("**/queue/answer?*", fail)
    page.keyboard.press("3")
    expect_first_card(page, images[2])
    expect_labels(page, images[1:2], ["3"])

    page.context.clear_cookies()
    page.keyboard.press("3")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("logged out|error 403"))
    expect_first_card(page, images[2])


COUNT_REQUESTS = """
let running = 0;
const send = window.fetch;
window.maxRunning = 0;
window.fetch = (url, options) => {
  if (!url.includes("/answer?")) return send(url, options);
  maxRunning = Math.max(maxRunning, ++running);
  return send(url, options).finally(() => { running -= 1; });
};
"""


def test_answers_are_sent_one_at_a_time(page: Page, images: Images) -> None:
    page.add_init_script(COUNT_REQUESTS)
    page.goto(QUEUE)

    for key in "3u4567uu89":
        page.keyboard.press(key)

    expect_labels(page, images[:5], ["4", "5", "8", "9", "unknown"])
    assert page.evaluate("maxRunning") == 1


def test_rejected_undo_leaves_label(page: Page, images: Images, labeller: User) -> None:
    page.goto(QUEUE)
    page.keyboard.press("3")
    expect_labels(page, images[:1], ["3"])
    queue.record_answer(images[0].pk, "4", labeller)
    page.keyboard.press("u")

    expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed the label")
    expect_first_card(page, images[1])
    expect_labels(page, images[:1], ["4"])


def test_keys_confirm_and_undo_grid(page: Page, images: Images) -> None:
    page.goto(GRID)
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(20)
    most_certain = images[::-1]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    tiles.nth(4).click()
    page.keyboard.press("Enter")

    expect(page.locator(".empty")).to_contain_text("No image that the model calls 7")
    wrong = (1, 4)
    expect_labels(page, most_certain, ["unknown" if n in wrong else "7" for n in range(20)])

    page.keyboard.press("u")

    expect(tiles).to_have_count(20)
    expect_labels(page, most_certain, ["unknown"] * 20)


def test_row_is_labelled_by_typing_its_number(page: Page, draw_digit: Draw) -> None:
    first, second = create_row(0.5, 0.5, 0.5, 0.5), create_row(0.1, 0.1)
    name = default_storage.save("uploads/00/made", ContentFile(draw_digit(7)))
    Upload.objects.update(file=name)
    page.goto("/admin/classifier/inputimage/rows/")
    expect_width_to_fit(page)
    page.set_viewport_size(PHONE)

    page.keyboard.type("15")
    expect(page.locator(".cells .next img")).to_have_attribute("alt", "image 3 as the model saw it")
    expect(page.locator("output").nth(1)).to_have_text("5")
    page.keyboard.type("72")
    page.keyboard.press("Enter")
    expect(page.locator(".cells li")).to_have_count(2)
    assert get_labels(first) == ["1", "5", "7", "2"]

    page.keyboard.press("s")
    expect(page.get_by_text("No row with two or more images is waiting.")).to_be_visible()
    page.keyboard.press("u")
    expect(page.locator(".cells li")).to_have_count(2)
    assert get_labels(second) == ["unknown"] * 2


def test_disputes_are_settled_skipped_and_reopened_by_keys(
    page: Page, images: Images, anna: User, bert: User
) -> None:
    for image in images[:3]:
        labels.set_label(image.pk, "3", anna, Via.QUEUE)
        labels.set_label(image.pk, "5", bert, Via.QUEUE)
    page.goto("/admin/classifier/inputimage/queue/?order=disputed")
    expect_first_card(page, images[0])
    expect(get_first_card(page).locator(".statements .label")).to_have_text(["3", "5"])

    for key in ("3", "s", "7"):
        page.keyboard.press(key)

    expect(page.locator(".empty")).to_contain_text("No label is disputed.")
    expect_labels(page, images[:3], ["3", "5", "7"])

    for _ in range(3):
        page.keyboard.press("u")

    expect_first_card(page, images[0])
    expect_labels(page, images[:3], ["5", "5", "5"])
    page.reload()
    expect(page.locator("#waiting")).to_have_text("3")


def test_new_card_carries_no_outline_of_the_last_answer(page: Page, images: Images) -> None:
    page.goto(QUEUE)
    button = page.get_by_role("button", name="3", exact=True)
    plain = button.evaluate("each => getComputedStyle(each).boxShadow")

    page.keyboard.press("3")
    expect_first_card(page, images[1])
    assert button.evaluate("each => getComputedStyle(each).boxShadow") == plain
    button.click()
    expect_first_card(page, images[2])
    page.keyboard.press("Shift")  # a key press makes the browser show the focus of a click

    expect(button).not_to_be_focused()
    assert button.evaluate("each => getComputedStyle(each).outlineStyle") == "none"


def test_labelling_works_without_javascript(
    browser: Browser, live_server: LiveServer, labeller: User, images: Images
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    log_in(context, live_server, labeller)
    page = context.new_page()

    page.goto(QUEUE)
    page.get_by_role("button", name="3", exact=True).click()
    expect_first_card(page, images[1])
    page.get_by_role("button", name="undo").click()
    expect_first_card(page, images[0])
    expect_labels(page, images[:1], ["unknown"])
    page.get_by_role("button", name="not a digit").click()
    expect_first_card(page, images[1])

    page.goto(GRID)
    page.locator(".tile").first.click()
    page.get_by_role("button", name="The rest are 7").click()
    page.get_by_role("button", name="Undo the last 18").click()
    expect(page.locator(".tile")).to_have_count(19)
    expect_labels(page, images, ["not_a_digit"] + ["unknown"] * 19)
    context.close()
