"""Pages violate no content security or permissions policy."""

import re
from queue import Queue

import pytest
from playwright.sync_api import Page, expect

from classifier.models import InputImage, ModelVersion, Source
from classifier.tests.pictures import Draw
from classifier.uploads import submission
from mnistsite import csp_reports

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_rarer_staff_pages_violate_no_policy(
    page: Page, violations: list[str], champion: ModelVersion, draw_digit: Draw
) -> None:
    answer = submission.classify_picture(draw_digit(7), Source.WEB)
    image = InputImage.objects.get()
    admin = "/admin/classifier"
    for address in (
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        f"{admin}/inputimage/{image.pk}/change/",
        f"{admin}/inputimage/grid/?guess=7",
        f"{admin}/upload/{answer.id}/change/",
        f"{admin}/upload/{answer.id}/delete/",
        f"{admin}/delivery/",
    ):
        response = page.goto(address)
        assert response
        assert (response.status, address) == (200, address)
    assert violations == []


def test_api_docs_violate_no_policy_are_dark_on_dark_devices_and_lead_back(
    page: Page, violations: list[str]
) -> None:
    page.goto("/api/docs")
    page.get_by_role("link", name="/api/predict", exact=True).click()
    page.get_by_role("button", name="Try it out").click()
    assert page.locator("input[type=file]").is_visible()
    assert violations == []

    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator(".swagger-ui").first).to_have_css("filter", "none")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(18, 19, 23)")
    expect(page.locator(".swagger-ui").first).to_have_css("filter", re.compile("invert"))

    page.get_by_role("link", name="mnistsite").click()

    expect(page).to_have_url(re.compile("/$"))
