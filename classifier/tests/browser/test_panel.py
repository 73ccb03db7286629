"""The live answer to several digits, and to several pictures."""

import re

import pytest
from playwright.sync_api import Page, expect

from classifier.tests.browser.conftest import PHONE
from classifier.tests.browser.pad import DIGITS, draw, expect_answer, get_panel
from classifier.tests.browser.test_accessibility import expect_no_violation
from classifier.tests.browser.test_nothing_lost import choose
from classifier.tests.pictures import Draw, draw_number

pytestmark = pytest.mark.django_db(transaction=True)


def test_bars_belong_to_the_only_or_the_selected_digit(home: Page) -> None:
    draw(home, DIGITS["4"], left=0.28, size=0.7)
    expect_answer(home, "4")
    panel = get_panel(home)
    expect(panel.locator(".whose")).to_have_text("Probability of each digit")
    expect(panel.get_by_role("button")).to_have_count(0)
    home.set_viewport_size(PHONE)
    best = panel.locator(".chances .best")
    figure = best.evaluate("it => getComputedStyle(it, '::after').content")
    assert re.match(r'"(>\s)?\d\d\s%"', figure)

    draw(home, DIGITS["2"], left=0.72, size=0.7)
    expect_answer(home, "42")
    expect(panel.locator(".inputs canvas")).to_have_count(2)
    for width in (360, 1440):
        home.set_viewport_size({"width": width, "height": 900})
        for name, place, digit in (("Digit 1 of 2: 4", 1, "4"), ("Digit 2 of 2: 2", 2, "2")):
            home.get_by_role("button", name=name).click()
            expect(panel.locator(".whose")).to_have_text(f"Digit {place} of 2")
            expect(panel.locator(".chances .best .name")).to_have_text(digit)
            expect(panel.locator(".chances")).to_be_visible()
        expect_no_violation(home)

    get_panel(home).locator(".answer span").first.click()
    expect(home.get_by_role("button", name="Digit 1 of 2: 4")).to_have_attribute(
        "aria-pressed", "true"
    )
    home.keyboard.press("Tab")
    home.keyboard.press("Enter")
    expect(get_panel(home).locator(".whose")).to_have_text("Digit 2 of 2")


def test_long_number_stays_on_one_line_of_a_phone(home: Page, draw_digit: Draw) -> None:
    home.set_viewport_size(PHONE)
    choose(home, ("number.png", draw_number(draw_digit, "4019402")))
    expect_answer(home, "4019402")
    answer = get_panel(home).locator(".answer")
    places = [each.bounding_box() for each in answer.locator("span").all()]
    assert len({place["y"] for place in places if place}) == 1
    assert places[-1]
    assert places[-1]["x"] + places[-1]["width"] <= PHONE["width"] - 16
    assert home.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/result/*")
    headline = home.locator("main .answer")
    lines = headline.evaluate("it => it.clientHeight / parseFloat(getComputedStyle(it).lineHeight)")
    assert round(lines) == 1


def test_ten_answers_are_visible_at_once(home: Page, draw_digit: Draw) -> None:
    home.set_viewport_size({"width": 1440, "height": 900})
    choose(home, *((f"{n}.png", draw_digit(n)) for n in range(10)))
    labels = home.locator(".pictures .label")
    expect(labels).to_have_text([*"0123456789"])
    for label in labels.all():
        expect(label).to_be_in_viewport(ratio=1)

    home.get_by_role("button", name="Send").click()
    home.wait_for_url("**/mine")
    answers = home.locator(".mine strong")
    expect(answers).to_have_count(10)
    for answer in answers.all():
        expect(answer).to_be_in_viewport(ratio=1)
