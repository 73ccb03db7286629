import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from classifier.models import ModelVersion, Upload
from classifier.tests.browser.conftest import PHONE
from classifier.tests.browser.pad import (
    DIGITS,
    count_ink,
    draw,
    expect_answer,
    get_panel,
    press_stroke,
    scale_to_pad,
)
from classifier.tests.browser.test_accessibility import expect_no_violation

pytestmark = pytest.mark.django_db(transaction=True)


def send(page: Page) -> None:
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/result/*")


def test_drawing_is_read_at_once_and_stored_only_when_sent(home: Page) -> None:
    for digit in ("2", "3", "4", "7", "8"):
        home.get_by_role("button", name="Clear").click(force=True)
        draw(home, DIGITS[digit])
        expect_answer(home, digit)
        expect(get_panel(home).locator(".best")).to_contain_text(digit)
        share = get_panel(home).locator(".best .share")
        expect(share).to_have_text(re.compile(r"^(9\d|>\s99)\s%$"))
        expect(get_panel(home).locator(".inputs canvas")).to_have_count(1)
    sentence = get_panel(home).locator(".sentence").inner_text()
    assert not Upload.objects.exists()

    send(home)
    expect(home.locator("main .answer")).to_have_text("8")
    expect(home.get_by_text(sentence, exact=True)).to_be_visible()
    assert Upload.objects.count() == 1


def test_answer_follows_pens_of_any_thickness_and_is_announced_when_they_rest(home: Page) -> None:
    status = get_panel(home).get_by_role("status")
    for key, thickness in (("Home", "1"), ("End", "12")):
        home.get_by_label("Pen thickness").focus()
        home.keyboard.press(key)
        expect(home.get_by_label("Pen thickness")).to_have_value(thickness)
        press_stroke(home, scale_to_pad(home, DIGITS["7"])[0])
        expect_answer(home, "7")
        home.mouse.up()
        expect_answer(home, "7")
        expect(status).to_have_text(re.compile(r"^7: (certain|fairly sure.*)$"))
        home.get_by_role("button", name="Clear").click()
        expect_answer(home, "–")
        expect(status).to_be_empty()


def test_undo_redo_and_clear_change_strokes(home: Page) -> None:
    undo, redo, clear = (
        home.get_by_role("button", name=name) for name in ("Undo", "Redo", "Clear")
    )
    expect(undo).to_be_disabled()
    expect(clear).to_be_disabled()
    draw(home, DIGITS["7"])
    ink = count_ink(home)
    draw(home, [[(0.3, 0.5), (0.7, 0.5)]])
    draw(home, [[(0.2, 0.9), (0.8, 0.9)]])

    undo.click()
    home.keyboard.press("Control+z")
    assert count_ink(home) == ink
    expect_answer(home, "7")

    undo.click()
    assert count_ink(home) == 0
    expect_answer(home, "–")
    expect(home.get_by_text("Draw here")).to_be_visible()

    draw(home, DIGITS["7"])
    clear.click()
    assert count_ink(home) == 0
    expect_answer(home, "–")
    expect(clear).to_be_disabled()

    undo.click()
    assert count_ink(home) == ink
    expect_answer(home, "7")
    home.keyboard.press("Control+Shift+z")
    assert count_ink(home) == 0
    home.keyboard.press("Control+z")
    home.keyboard.press("Control+y")
    assert count_ink(home) == 0
    expect(redo).to_be_disabled()


def test_drawing_survives_resized_window_and_is_deleted_after_confirmation(home: Page) -> None:
    draw(home, DIGITS["3"])
    home.set_viewport_size(PHONE)
    home.get_by_role("button", name="Undo").focus()
    draw(home, [])
    assert count_ink(home) > 0
    send(home)
    expect(home.locator("main .answer")).to_have_text("3")

    home.get_by_text("Delete the picture").click()
    expect_no_violation(home)
    assert Upload.objects.exists()
    home.get_by_role("button", name="Delete it for good").click()
    expect(home.get_by_text("The picture has been deleted.")).to_be_visible()
    assert not Upload.objects.exists()


def test_finger_draws_on_pad_and_scrolls_beside_it(
    champion: ModelVersion, browser: Browser, live_server: LiveServer
) -> None:
    with browser.new_context(
        base_url=live_server.url, has_touch=True, viewport={"width": 390, "height": 600}
    ) as context:
        page = context.new_page()
        page.goto("/")
        touch = context.new_cdp_session(page)

        def swipe(stroke: list[tuple[float, float]]) -> None:
            for place, (x, y) in enumerate(stroke):
                kind = "touchMove" if place else "touchStart"
                points = [{"x": x, "y": y}]
                touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        swipe(scale_to_pad(page, DIGITS["3"])[0])
        expect_answer(page, "3")
        assert page.evaluate("scrollY") == 0

        swipe([(8, 500 - 20 * step) for step in range(15)])
        page.wait_for_function("scrollY > 100")


def test_tap_draws_a_dot_and_pressed_pen_draws_thicker(home: Page) -> None:
    pad = home.locator("#pad").bounding_box()
    assert pad
    home.mouse.click(pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] / 2)
    diameter = 0.06 * pad["width"]
    assert count_ink(home) == pytest.approx(3.14 / 4 * diameter**2, rel=0.15)
    home.get_by_role("button", name="Clear").click()

    pen = home.context.new_cdp_session(home)
    amounts = []
    for force in (0.1, 0.9):
        (stroke,) = scale_to_pad(home, [[(0.2, 0.2), (0.5, 0.5), (0.8, 0.8)]])
        kinds = ["mousePressed", "mouseMoved", "mouseReleased"]
        for kind, (x, y) in zip(kinds, stroke, strict=True):
            event: dict[str, Any] = {"x": x, "y": y, "button": "left", "buttons": 1, "force": force}
            pen.send("Input.dispatchMouseEvent", event | {"type": kind, "pointerType": "pen"})
        amounts.append(count_ink(home))
        home.get_by_role("button", name="Clear").click()
    thin, thick = amounts
    assert 0 < 1.2 * thin < thick
    expect_answer(home, "–")


COUNT_REQUESTS = """
let running = 0;
const send = window.fetch;
window.maxRunning = window.total = 0;
window.fetch = (url, options) => {
  total += 1;
  maxRunning = Math.max(maxRunning, ++running);
  return send(url, options).finally(() => { running -= 1; });
};
"""


def test_previews_are_requested_one_at_a_time(champion: ModelVersion, page: Page) -> None:
    page.add_init_script(COUNT_REQUESTS)
    page.goto("/")
    draw(page, DIGITS["8"])
    expect_answer(page, "8")
    assert page.evaluate("maxRunning") == 1
    assert page.evaluate("total") > 1


def test_empty_pad_is_not_sent_and_next_stroke_retries_after_lost_connection(home: Page) -> None:
    home.get_by_role("button", name="Send").click()
    expect(home.get_by_role("alert")).to_have_text("Draw a digit or choose a picture first.")

    home.route("**/api/preview", lambda route: route.abort())
    draw(home, DIGITS["7"])
    expect(home.get_by_role("alert")).to_have_count(0)
    expect(get_panel(home).get_by_text("can’t be reached")).to_be_visible()
    home.unroute("**/api/preview")
    draw(home, [[(0.5, 0.5), (0.5, 0.5)]])
    expect_answer(home, "7")
    expect(get_panel(home).get_by_text("can’t be reached")).to_have_count(0)


SUM_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def test_layout_does_not_shift(champion: ModelVersion, page: Page) -> None:
    page.add_init_script(SUM_SHIFTS)
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/")
        draw(page, DIGITS["4"], left=0.28, size=0.7)
        expect_answer(page, "4")
        draw(page, DIGITS["2"], left=0.72, size=0.7)
        expect_answer(page, "42")
        draw(page, [[(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9), (0.5, 0.1)]])
        expect_answer(page, "?")
        # A busy machine may paint a text before its neighbour; anything that jumps is above 0.01.
        assert page.evaluate("shifts") < 0.005
        page.get_by_role("button", name="Clear").click()
