"""Pages violate no content security or permissions policy."""

import re
from queue import Queue

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from classifier.models import InputImage, ModelVersion, Source, TrainingRun
from classifier.tests.pictures import Draw
from classifier.uploads import submission
from mnistsite import csp_reports

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def violations(page: Page) -> list[str]:
    """Policy violations and errors in the browser's console."""
    messages: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if "policy" in message.text.lower():
            messages.append(message.text)

    page.on("console", listen)
    return messages


def test_violation_is_noticed_and_reported(
    page: Page, violations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: Queue[str] = Queue()
    monkeypatch.setattr(csp_reports.logger, "warning", lambda text, *args: reports.put(text % args))
    page.goto("/how")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert len(violations) == 1
    assert reports.get(timeout=10) == (
        "The content security policy (style-src-attr) blocked inline on the page how."
    )


def test_visitor_pages_violate_no_policy(
    page: Page, violations: list[str], champion: ModelVersion, draw_digit: Draw
) -> None:
    answer = submission.classify_picture(draw_digit(7), Source.WEB)
    for address in ("/", f"/result/{answer.id}", "/how", "/nowhere"):
        page.goto(address)
    assert violations == []


def test_staff_pages_violate_no_policy(
    page: Page, violations: list[str], champion: ModelVersion, draw_digit: Draw
) -> None:
    answer = submission.classify_picture(draw_digit(7), Source.WEB)
    image = InputImage.objects.get()
    run = TrainingRun.objects.create()
    admin = "/admin/classifier"
    for address in (
        "/admin/",
        "/admin/password_change/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        "/admin/classifier/apitoken/add/",
        f"{admin}/inputimage/",
        f"{admin}/inputimage/{image.pk}/change/",
        f"{admin}/inputimage/queue/",
        f"{admin}/inputimage/grid/?guess=7",
        f"{admin}/upload/",
        f"{admin}/upload/{answer.id}/change/",
        f"{admin}/upload/{answer.id}/delete/",
        f"{admin}/delivery/",
        f"{admin}/webhook/",
        f"{admin}/webhook/add/",
        f"{admin}/modelversion/",
        f"{admin}/modelversion/{champion.pk}/change/",
        f"{admin}/modelversion/timeline/",
        f"{admin}/trainingrun/",
        f"{admin}/trainingrun/{run.pk}/change/",
    ):
        response = page.goto(address)
        assert response
        assert (response.status, address) == (200, address)
    assert violations == []


def test_login_page_violates_no_policy(
    context: BrowserContext, page: Page, violations: list[str]
) -> None:
    context.clear_cookies()
    page.goto("/admin/login/")
    assert page.locator("#id_username").is_visible()
    assert violations == []


def test_api_docs_violate_no_policy(page: Page, violations: list[str]) -> None:
    page.goto("/api/docs")
    page.get_by_role("link", name="/api/predict", exact=True).click()
    page.get_by_role("button", name="Try it out").click()
    assert page.locator("input[type=file]").is_visible()
    assert violations == []


def test_api_docs_are_dark_on_dark_devices_and_lead_back(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/api/docs")
    expect(page.locator("body")).to_have_css("background-color", "rgb(18, 19, 23)")
    expect(page.locator(".swagger-ui").first).to_have_css("filter", re.compile("invert"))
    page.emulate_media(color_scheme="light")
    expect(page.locator(".swagger-ui").first).to_have_css("filter", "none")

    page.get_by_role("link", name="mnistsite").click()

    expect(page).to_have_url(re.compile("/$"))
