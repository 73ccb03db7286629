import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from classifier.access import passkeys, second_factor
from classifier.access.passkeys import PasskeyRefused
from classifier.admin import second_factor as pages
from classifier.models import AppDevice, AuditAction, AuditEntry, Passkey
from classifier.tests.authenticator import Authenticator

pytestmark = pytest.mark.django_db

LOCALHOST = "localhost"
LOGIN = {"username": "operator", "password": "labels all day"}


@pytest.fixture
def site() -> HttpRequest:
    return RequestFactory(headers={"host": LOCALHOST}).get("/")


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


@pytest.fixture
def passkey(site: HttpRequest, operator: User, device: Authenticator) -> Passkey:
    options = passkeys.build_creation_options(site, operator)
    return passkeys.enrol(site, operator, device.create(options), "laptop")


@pytest.fixture
def browser() -> Client:
    return Client(headers={"host": LOCALHOST})


def use(browser: Client, site: HttpRequest, device: Authenticator, user: User) -> Any:
    answer = device.sign(passkeys.build_request_options(site, user))
    return browser.post("/admin/second-factor/", {pages.PASSKEY: answer})


def test_passkey_is_the_second_factor(
    browser: Client, site: HttpRequest, passkey: Passkey, device: Authenticator, operator: User
) -> None:
    browser.post("/admin/login/", LOGIN)
    assert browser.get("/admin/account/").status_code == 302
    assert use(browser, site, device, operator).status_code == 302
    assert "laptop" in browser.get("/admin/account/").text


def test_passkey_replaces_name_and_password(
    browser: Client, site: HttpRequest, passkey: Passkey, device: Authenticator
) -> None:
    answer = device.sign(passkeys.build_request_options(site))
    form = {pages.PASSKEY: answer, "next": "/admin/account/"}
    assert browser.post("/admin/login/passkey/", form).headers["Location"] == "/admin/account/"
    assert browser.get("/admin/account/").status_code == 200
    assert "browser" in browser.cookies, "a known browser from now on"

    browser.logout()
    assert "not accepted" in browser.post("/admin/login/passkey/", form, follow=True).text
    refused = AuditEntry.objects.get(action=AuditAction.FAIL_LOGIN)
    assert (refused.user, refused.details["factor"]) == ("operator", "passkey")


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_passkey_of_a_closed_account_is_refused(
    browser: Client, site: HttpRequest, passkey: Passkey, device: Authenticator, field: str
) -> None:
    User.objects.update(**{field: False})
    answer = device.sign(passkeys.build_request_options(site))
    browser.post("/admin/login/passkey/", {pages.PASSKEY: answer})
    assert "_auth_user_id" not in browser.session
    assert AuditEntry.objects.get().action == AuditAction.FAIL_LOGIN


def test_answer_is_valid_once(
    site: HttpRequest, passkey: Passkey, device: Authenticator, operator: User
) -> None:
    answer = device.sign(passkeys.build_request_options(site, operator))
    passkeys.verify(site, answer, operator)
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, answer, operator)


def test_copied_passkey_is_refused(
    site: HttpRequest, passkey: Passkey, device: Authenticator, operator: User
) -> None:
    for _ in range(2):
        passkeys.verify(site, device.sign(passkeys.build_request_options(site, operator)), operator)
    device.count = 1
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, device.sign(passkeys.build_request_options(site, operator)), operator)


def test_old_challenge_is_refused(
    site: HttpRequest,
    passkey: Passkey,
    device: Authenticator,
    operator: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = device.sign(passkeys.build_request_options(site, operator))
    monkeypatch.setattr(passkeys, "CHALLENGE_AGE", timedelta(0))
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, answer, operator)


def test_challenge_of_another_site_is_refused(
    site: HttpRequest, passkey: Passkey, device: Authenticator, operator: User, settings: Settings
) -> None:
    answer = device.sign(passkeys.build_request_options(site, operator))
    settings.SECRET_KEY = "of another site"
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, answer, operator)


def test_answer_for_another_origin_is_refused(
    site: HttpRequest, passkey: Passkey, device: Authenticator, operator: User, settings: Settings
) -> None:
    device.origin = "http://localhost:8443"
    options = passkeys.build_request_options(site, operator)
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, device.sign(options), operator)

    settings.CSRF_TRUSTED_ORIGINS = [device.origin]
    assert passkeys.verify(site, device.sign(options), operator) == passkey


def test_other_key_is_refused(site: HttpRequest, passkey: Passkey, operator: User) -> None:
    answer = Authenticator().sign(passkeys.build_request_options(site, operator))
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, answer, operator)


def test_passkey_of_somebody_else_is_refused(
    site: HttpRequest, passkey: Passkey, device: Authenticator, labeller: User
) -> None:
    answer = device.sign(passkeys.build_request_options(site))
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, answer, labeller)


def test_login_needs_a_device_that_verifies_the_person(site: HttpRequest, operator: User) -> None:
    device = Authenticator(verifies_user=False)
    options = passkeys.build_creation_options(site, operator)
    passkeys.enrol(site, operator, device.create(options), "")
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, device.sign(passkeys.build_request_options(site)))
    passkeys.verify(site, device.sign(passkeys.build_request_options(site, operator)), operator)


def test_passkey_is_added_once(
    site: HttpRequest, passkey: Passkey, device: Authenticator, labeller: User
) -> None:
    answer = device.create(passkeys.build_creation_options(site, labeller))
    with pytest.raises(PasskeyRefused):
        passkeys.enrol(site, labeller, answer, "copy")


def test_too_long_id_is_refused(site: HttpRequest, operator: User, device: Authenticator) -> None:
    device.credential_id = b"x" * 1024
    answer = device.create(passkeys.build_creation_options(site, operator))
    with pytest.raises(PasskeyRefused):
        passkeys.enrol(site, operator, answer, "")


MALFORMED = ["", "{", "[]", "null", "7", "{}", "nul\0", "[" * 5000, "x" * 20_000, '{"rawId": "!"}']


@pytest.mark.parametrize("answer", MALFORMED)
def test_malformed_answer_is_refused(site: HttpRequest, operator: User, answer: str) -> None:
    with pytest.raises(PasskeyRefused):
        passkeys.enrol(site, operator, answer, "")
    with pytest.raises(PasskeyRefused):
        passkeys.verify(site, answer)


def test_truncated_answers_are_refused(
    site: HttpRequest, passkey: Passkey, device: Authenticator, operator: User
) -> None:
    device.credential_id = b"another one"
    created = json.loads(device.create(passkeys.build_creation_options(site, operator)))
    attestation = created["response"]["attestationObject"]
    for place in range(0, len(attestation), 7):
        created["response"]["attestationObject"] = attestation[:place]
        with pytest.raises(PasskeyRefused):
            passkeys.enrol(site, operator, json.dumps(created), "")


@pytest.mark.parametrize(
    ("host", "secure", "hosts", "reason"),
    [
        ("127.0.0.1:8080", False, ["127.0.0.1"], "host name"),
        ("[::1]", True, ["[::1]"], "host name"),
        ("digits.example", False, ["digits.example"], "HTTPS"),
        ("digits.example", True, ["*"], "ALLOWED_HOSTS"),
        ("digits.example", True, [".example"], "ALLOWED_HOSTS"),
        ("digits.example:8443", True, ["Digits.example"], ""),
        ("localhost:8080", False, ["localhost"], ""),
    ],
)
def test_obstacles_are_named(
    operator: User, settings: Settings, host: str, secure: bool, hosts: list[str], reason: str
) -> None:
    settings.ALLOWED_HOSTS = hosts
    request = RequestFactory(headers={"host": host}).get("/", secure=secure)
    obstacle = passkeys.find_obstacle(request)
    assert reason in obstacle
    assert bool(obstacle) == bool(reason)
    assert bool(passkeys.build_creation_options(request, operator)) == (not reason)


def test_user_without_the_passkey_at_hand_uses_a_recovery_code(
    client: Client, passkey: Passkey, operator: User
) -> None:
    code = second_factor.create_recovery_codes(operator)[0]
    page = client.post("/admin/login/?next=/admin/account/", LOGIN, follow=True)
    assert "another address of this site" in page.text
    client.post("/admin/second-factor/", {pages.CODE: code})
    assert client.get("/admin/account/").status_code == 200


def test_last_passkey_stays_where_a_factor_is_required(
    browser: Client,
    site: HttpRequest,
    passkey: Passkey,
    device: Authenticator,
    operator: User,
    settings: Settings,
) -> None:
    browser.post("/admin/login/", LOGIN)
    use(browser, site, device, operator)
    app = AppDevice.objects.create(user=operator, name="app")
    settings.REQUIRE_SECOND_FACTOR = True
    for removed in (passkey, app):
        browser.post("/admin/account/remove/", {"device": removed.persistent_id})

    assert second_factor.list_devices(operator) == [app]
    assert browser.get("/admin/account/").status_code == 200
