"""Nothing that a visitor drew or chose is lost: offline, by a reload, a refusal or a slip."""

import re

import pytest
from playwright.sync_api import FilePayload, Page, expect

from classifier.models import ModelVersion, Upload
from classifier.tests.browser.conftest import PHONE
from classifier.tests.browser.pad import DIGITS, count_ink, draw, expect_answer, get_panel
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db(transaction=True)


def choose(page: Page, *pictures: tuple[str, bytes]) -> None:
    files = [FilePayload(name=name, mimeType="image/png", buffer=data) for name, data in pictures]
    page.get_by_label("Choose pictures").set_input_files(files)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_lost_connection_greys_the_answer_and_keeps_the_drawing(home: Page) -> None:
    home.set_viewport_size(PHONE)
    home.emulate_media(reduced_motion="reduce")
    draw(home, DIGITS["7"])
    expect_answer(home, "7")
    home.context.set_offline(True)
    draw(home, [[(0.5, 0.5), (0.5, 0.5)]])

    expect(get_panel(home).get_by_text("Old answer. The site can’t be reached.")).to_be_visible()
    expect(get_panel(home)).to_have_class(re.compile(r"\bold\b"))
    press(home, "Send")
    alert = home.get_by_role("alert")
    expect(alert).to_contain_text("Nothing is lost: send it again when you are online.")

    home.context.set_offline(False)
    expect(alert).to_have_text("You are online again. Press Send.")
    # A request that hung when the network returned is abandoned after ten seconds.
    expect(get_panel(home)).not_to_have_class(re.compile(r"\bold\b"), timeout=15_000)
    press(home, "Send")
    home.wait_for_url("**/result/*")
    assert Upload.objects.count() == 1


def test_preview_without_an_answer_is_repeated(champion: ModelVersion, page: Page) -> None:
    page.add_init_script("""
        const timeout = AbortSignal.timeout.bind(AbortSignal);
        AbortSignal.timeout = () => {
            AbortSignal.timeout = timeout;
            return timeout(100);
        };
    """)
    hanging = iter([True])
    page.route("**/api/preview", lambda route: next(hanging, None) or route.continue_())
    page.goto("/")
    draw(page, DIGITS["7"])
    expect_answer(page, "7")


def test_busy_site_and_reload_keep_drawing_in_its_own_tab_only(home: Page) -> None:
    draw(home, DIGITS["7"])
    ink = count_ink(home)
    home.route("**/predict", lambda route: route.fulfill(status=429, body="<h1>busy</h1>"))
    press(home, "Send")
    expect(home.get_by_role("alert")).to_contain_text("Many people are sending right now.")
    assert count_ink(home) == ink
    other = home.context.new_page()
    other.goto("/")
    expect(other.get_by_text("Draw here")).to_be_visible()
    home.reload()
    expect_answer(home, "7")
    assert count_ink(home) == pytest.approx(ink, rel=0.01)
    press(home, "Undo")
    expect_answer(home, "–")


def test_chosen_pictures_come_back_by_back_and_undo(home: Page, draw_digit: Draw) -> None:
    choose(home, ("5.png", draw_digit(5)), ("8.png", draw_digit(8)))
    expect(home.locator(".pictures .label")).to_have_text(["5", "8"])
    home.get_by_role("link", name="How it works").click()
    home.wait_for_url("**/how")
    home.go_back()
    expect(home.locator(".pictures .label")).to_have_text(["5", "8"])

    press(home, "Remove 5.png")
    expect(home.locator(".pictures .label")).to_have_text(["8"])
    press(home, "Clear")
    expect(home.locator(".pictures li")).to_have_count(0)
    press(home, "Undo")
    press(home, "Undo")
    expect(home.locator(".pictures .label")).to_have_text(["5", "8"])


def test_sent_draft_is_gone(home: Page, draw_digit: Draw) -> None:
    for is_drawn in (True, False):
        if is_drawn:
            draw(home, DIGITS["7"])
        else:
            choose(home, ("5.png", draw_digit(5)))
        press(home, "Send")
        home.wait_for_url("**/result/*")
        home.go_back()
        expect(home.get_by_text("Draw here")).to_be_visible()
        home.reload()
        expect(home.get_by_text("Draw here")).to_be_visible()
        expect(get_panel(home).locator(".answer")).to_have_text("–")


def test_refused_picture_stays_and_does_not_lose_the_others(home: Page, draw_digit: Draw) -> None:
    choose(home, ("damaged.png", b"\x89PNG\r\n\x1a\n broken"))
    press(home, "Send")
    expect(home.get_by_role("alert")).to_contain_text("The image is damaged or incomplete.")
    expect(home.locator(".pictures li")).to_have_count(1)
    assert not Upload.objects.exists()

    choose(home, ("5.png", draw_digit(5)))
    press(home, "Send")
    home.wait_for_url("**/mine")
    expect(home.get_by_role("alert")).to_contain_text("damaged.png: The image is damaged")
    assert Upload.objects.count() == 1


def test_refused_format_is_named_before_sending(home: Page, draw_digit: Draw) -> None:
    choose(home, ("5.png", draw_digit(5)))
    for name in ("scan.pdf", "logo.svg", "photo.jxl"):
        choose(home, (name, b"x"))
        expect(home.get_by_role("alert")).to_have_text(
            f"{name} has a format that is not accepted. Save it as JPEG or PNG."
        )
    expect(home.locator(".pictures .label")).to_have_text(["5"])
