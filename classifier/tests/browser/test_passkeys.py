import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from classifier.access import second_factor
from classifier.models import ModelVersion
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.browser.test_accessibility import expect_no_violation_in_any_look

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


def test_passkey_is_added_logs_in_and_confirms(
    browser: Browser,
    live_server: LiveServer,
    champion: ModelVersion,
    admin_user: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factories.copy_bundled_model("new")
    candidate = versions.register_model("new")
    settings.REQUIRE_SECOND_FACTOR = True
    with browser.new_context(base_url=live_server.url) as context:
        page = context.new_page()
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        add_authenticator(page)

        enter_password(page)
        page.get_by_label("Name").fill("test machine")
        page.get_by_role("button", name="Add a passkey").press("Enter")
        expect(page.get_by_role("listitem").filter(has_text="-")).to_have_count(10)
        page.get_by_role("link", name="Continue").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()

        context.clear_cookies()
        enter_password(page)
        expect_no_violation_in_any_look(page)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()

        context.clear_cookies()
        page.goto("/admin/account/")
        expect_no_violation_in_any_look(page)
        page.get_by_role("button", name="Log in with a passkey").click()
        expect(page.get_by_role("cell", name="test machine")).to_be_visible()
        expect_no_violation_in_any_look(page)

        monkeypatch.setattr(second_factor, "CONFIRMED_FOR_S", -1)
        page.goto(f"/admin/classifier/modelversion/{candidate.pk}/change/")
        page.get_by_role("button", name="Promote").click()
        expect(page.get_by_text("to confirm this change")).to_be_visible()
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_text("is the champion")).to_be_visible()
        assert ModelVersion.objects.champion() == candidate
        assert [text for text in messages if "policy" in text.lower()] == []


def add_authenticator(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def enter_password(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Username:").fill("admin")
    page.get_by_label("Password:").fill("password")
    page.get_by_role("button", name="Log in", exact=True).click()
