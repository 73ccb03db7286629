"""The page of an answer: its parts, its words, its link, with and without scripts."""

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion, Source, Suggestion
from classifier.uploads import submission

pytestmark = pytest.mark.django_db(transaction=True)

Draw = Callable[..., bytes]
PHONE = ViewportSize(width=360, height=740)
SHIFTED = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 0);
})"""


@pytest.fixture
def plain(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A phone without scripts."""
    with browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport=PHONE
    ) as context:
        yield context.new_page()


def seven(drawn: Draw) -> str:
    return f"/result/{submission.classify_picture(drawn(7), Source.WEB).id}"


def several(drawn: Draw, digits: str) -> str:
    paper = Image.new("L", (280 * len(digits), 280), 255)
    for place, digit in enumerate(digits):
        paper.paste(Image.open(BytesIO(drawn(int(digit)))), (280 * place, 0))
    buffer = BytesIO()
    paper.save(buffer, "PNG")
    return f"/result/{submission.classify_picture(buffer.getvalue(), Source.WEB).id}"


def test_the_answer_its_maps_and_its_like_are_there_at_once(
    champion: ModelVersion, page: Page, drawn: Draw
) -> None:
    page.goto(seven(drawn))
    expect(page.get_by_role("heading", level=1)).to_have_text("This is a 7")
    for name in ("The picture as you sent it", "The same in 28 by 28 pixels", "The strokes"):
        picture = page.get_by_role("img", name=name)
        expect(picture).to_be_visible()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("picture => picture.naturalWidth") > 0
    expect(page.locator(".nearest li")).to_have_text(["7"] * 5)


def test_what_the_square_is_worth_is_told_without_a_click(
    champion: ModelVersion, page: Page, drawn: Draw
) -> None:
    page.goto(seven(drawn))
    page.locator(".words").scroll_into_view_if_needed()
    expect(page.locator(".words")).to_contain_text("in the square")
    expect(page.locator(".words a")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_moves_while_the_page_fills(
    champion: ModelVersion, page: Page, drawn: Draw, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(seven(drawn), wait_until="networkidle")
    page.locator(".words").scroll_into_view_if_needed()
    expect(page.locator(".words a")).to_have_count(0)
    assert page.evaluate(SHIFTED) == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_box_opens_its_digit_and_closes_the_others(
    champion: ModelVersion, page: Page, drawn: Draw
) -> None:
    page.goto(several(drawn, "2019"))
    details = page.locator(".digits > details")
    expect(details).to_have_count(4)
    for name, digit in (("Digit 3: 1", 2), ("Digit 1: 2", 0)):
        page.get_by_role("link", name=name).focus()
        page.keyboard.press("Enter")
        opened = [each.get_attribute("open") is not None for each in details.all()]
        assert opened == [place == digit for place in range(4)]
    expect(page.locator("#digit-1")).to_be_in_viewport()


def test_boxes_lie_on_their_digits_at_any_width(
    champion: ModelVersion, page: Page, drawn: Draw
) -> None:
    address = several(drawn, "2019")
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        picture = page.get_by_role("img", name="The picture as you sent it").bounding_box()
        box = page.get_by_role("link", name="Digit 3: 1").locator("rect").bounding_box()
        assert picture
        assert box
        middle = (box["x"] + box["width"] / 2 - picture["x"]) / picture["width"]
        assert middle == pytest.approx(2.5 / 4, abs=0.02)


def test_the_link_is_copied(
    champion: ModelVersion, page: Page, context: BrowserContext, drawn: Draw
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    address = seven(drawn)
    page.goto(f"{address}#digit-1")
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_role("status").filter(has_text="The link is copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url.removesuffix("#digit-1")
    assert copied.endswith(address)


def test_the_link_is_copied_where_a_browser_has_no_clipboard(
    champion: ModelVersion, page: Page, context: BrowserContext, drawn: Draw
) -> None:
    context.grant_permissions(["clipboard-read"])
    page.add_init_script("delete Navigator.prototype.clipboard")
    address = seven(drawn)
    page.goto(address)
    page.evaluate(
        "document.addEventListener('copy', () => { window.copied = getSelection() + ''; })"
    )
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_text("The link is copied.")).to_be_visible()
    assert page.evaluate("window.copied").endswith(address)


def test_who_disagrees_says_so_in_one_click_on_a_phone_without_scripts(
    champion: ModelVersion, plain: Page, drawn: Draw
) -> None:
    plain.goto(seven(drawn))
    expect(plain.get_by_role("button", name="Copy the link")).to_be_hidden()
    plain.get_by_role("button", name="9", exact=True).click()
    expect(plain.get_by_text("You said: 9")).to_be_visible()
    assert Suggestion.objects.get().label == "9"


def test_every_other_answer_is_a_second_click_away_within_the_screen(
    champion: ModelVersion, plain: Page, drawn: Draw
) -> None:
    plain.goto(seven(drawn))
    expect(plain.get_by_role("button", name="0", exact=True)).to_be_hidden()
    plain.get_by_text("other", exact=True).click()
    for answer in (*"0123456789", "not a digit"):
        button = plain.get_by_role("button", name=answer, exact=True).bounding_box()
        assert button
        assert button["x"] + button["width"] <= PHONE["width"]
        assert min(button["width"], button["height"]) >= 44


def test_everything_but_the_words_is_there_without_scripts(
    champion: ModelVersion, plain: Page, drawn: Draw
) -> None:
    plain.goto(seven(drawn))
    expect(plain.get_by_role("img", name="The strokes")).to_be_visible()
    plain.get_by_role("link", name="What if the square were covered?").click()
    expect(plain.locator("body")).to_contain_text("in the square")


def test_the_page_how_it_works_fits_a_phone(champion: ModelVersion, page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto("/how")
    expect(page.get_by_role("img", name="Which digits it reads wrong")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
