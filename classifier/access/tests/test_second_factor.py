import re
import time
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from pytest_django.fixtures import Settings

from classifier.access import second_factor
from classifier.models import ApiToken, AppDevice, AuditAction, AuditEntry, Session, Upload
from classifier.tests import factories

pytestmark = pytest.mark.django_db

PAGE = "/admin/second-factor/"
LOGIN = {"username": "operator", "password": "labels all day"}
TOKEN_FORM = {"name": "robot", "scopes": ["read", "label"]}


@pytest.fixture
def required(settings: Settings) -> None:
    settings.REQUIRE_SECOND_FACTOR = True


@pytest.fixture
def device(operator: User) -> AppDevice:
    device: AppDevice = AppDevice.objects.create(user=operator, name="app")
    return device


def compute_code(device: AppDevice, offset: int = 0) -> str:
    totp = TOTP(device.bin_key)
    totp.time = time.time() + 30 * offset
    return f"{totp.token():06}"


def enter_password(client: Client) -> Any:
    return client.post("/admin/login/?next=/admin/account/", LOGIN, follow=True)


def enter_code(client: Client, code: str, **fields: str) -> Any:
    return client.post(PAGE, {"second_factor_code": code, **fields})


def log_in(client: Client, device: AppDevice) -> None:
    enter_password(client)
    assert enter_code(client, compute_code(device)).status_code == 302
    # Let the tests use the current code again.
    AppDevice.objects.update(last_t=-1)


def expire_confirmation(client: Client) -> None:
    session = client.session
    session[second_factor.CONFIRMED_AT] = time.time() - second_factor.CONFIRMED_FOR_S - 1
    session.save()


def is_refused(client: Client) -> bool:
    pages = (client.get("/admin/"), client.get("/admin/classifier/inputimage/"))
    api = client.get("/api/images")
    return {page.status_code for page in pages} == {302} and api.status_code == 401


def test_first_login_sets_up_an_app_and_shows_recovery_codes(
    client: Client, operator: User, required: None
) -> None:
    response = enter_password(client)
    assert response.redirect_chain[-1][0] == f"{PAGE}?next=%2Fadmin%2Faccount%2F"
    assert 'src="data:image/svg+xml' in response.text
    assert is_refused(client)

    device = AppDevice.objects.get()
    assert client.post(PAGE, {"new_app_code": "000000"}).status_code == 200
    AppDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    form = {"new_app_code": compute_code(device), "next": "/admin/account/"}
    response = client.post(PAGE, form)

    codes = re.findall(r"<code>([a-z2-7]{4}-[a-z2-7]{4})</code>", response.text)
    assert len(codes) == second_factor.RECOVERY_CODES
    assert client.get("/admin/account/").status_code == 200


def test_password_alone_opens_nothing(client: Client, device: AppDevice) -> None:
    assert "recovery code" in enter_password(client).text
    assert is_refused(client)

    assert enter_code(client, compute_code(device), next="/admin/account/").url == "/admin/account/"
    assert not is_refused(client)


def test_code_gets_a_new_session_key(client: Client, device: AppDevice) -> None:
    enter_password(client)
    before = client.session.session_key
    enter_code(client, compute_code(device))

    assert client.session.session_key != before
    assert re.fullmatch("[a-z0-9]{32}", str(client.session.session_key))
    assert Session.objects.count() == 1


def test_code_is_valid_once(client: Client, device: AppDevice) -> None:
    enter_password(client)
    code = compute_code(device)
    enter_code(client, code)
    other = Client()
    enter_password(other)

    assert "wrong or has been used" in enter_code(other, code).text
    assert is_refused(other)
    refused = AuditEntry.objects.get(action=AuditAction.FAIL_LOGIN)
    assert (refused.user, refused.details["factor"]) == ("operator", "code")


def test_next_code_has_to_wait_after_a_wrong_one(client: Client, device: AppDevice) -> None:
    enter_password(client)
    assert "Wait" in enter_code(client, "000000").text

    AppDevice.objects.update(throttling_failure_count=10)  # the wait doubles each time
    assert enter_code(client, compute_code(device)).status_code == 200
    assert is_refused(client)


@pytest.mark.parametrize("code", ["", "x" * 5000, "nul\0", "１２３４５６", "😀", "-1"])
def test_strange_code_is_refused(client: Client, device: AppDevice, code: str) -> None:
    enter_password(client)
    assert enter_code(client, code).status_code == 200
    assert is_refused(client)


def test_recovery_code_is_valid_once(client: Client, device: AppDevice, operator: User) -> None:
    code = second_factor.create_recovery_codes(operator)[0]
    enter_password(client)
    assert enter_code(client, code.upper()).status_code == 302
    assert not is_refused(client)

    other = Client()
    enter_password(other)
    assert enter_code(other, code).status_code == 200
    assert second_factor.count_recovery_codes(operator) == second_factor.RECOVERY_CODES - 1


def test_stolen_database_has_neither_key_nor_codes(
    device: AppDevice, operator: User, settings: Settings
) -> None:
    codes = second_factor.create_recovery_codes(operator)
    stored = StaticToken.objects.values_list("token", flat=True)
    assert not {code.replace("-", "") for code in codes} & {*stored}

    code = compute_code(device)
    settings.SECRET_KEY = "of another site"
    assert compute_code(device) != code


def test_target_on_another_site_is_ignored(client: Client, device: AppDevice) -> None:
    enter_password(client)
    response = enter_code(client, compute_code(device), next="https://evil.example/")
    assert response.url == "/admin/"


def test_open_session_needs_the_factor_once_it_is_required(
    client: Client, operator: User, settings: Settings
) -> None:
    client.force_login(operator)
    assert not is_refused(client)
    settings.REQUIRE_SECOND_FACTOR = True
    assert is_refused(client)


def test_token_of_a_program_needs_no_code(operator: User, required: None) -> None:
    headers = factories.create_token_header(operator)
    assert Client().get("/api/images", headers=headers).status_code == 200


def test_visitor_needs_no_second_factor(client: Client, required: None) -> None:
    assert client.get("/").status_code == 200
    assert client.get(PAGE).headers["Location"] == "/admin/login/"


def test_sensitive_form_needs_confirmation_and_loses_nothing(
    client: Client, operator: User, device: AppDevice
) -> None:
    log_in(client, device)
    expire_confirmation(client)
    form = TOKEN_FORM | {"user": operator.pk}
    response = client.post("/admin/classifier/apitoken/add/", form)
    assert "to confirm this change" in response.text
    hidden = re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', response.text)
    fields = [pair for pair in hidden if pair[0] != "csrfmiddlewaretoken"]
    assert ("scopes", "read") in fields
    assert ("scopes", "label") in fields
    assert not ApiToken.objects.exists()

    code = {"second_factor_code": compute_code(device)}
    response = client.post("/admin/classifier/apitoken/add/", form | code)
    assert "Copy the token now" in response.text
    assert ApiToken.objects.get().scopes == ["read", "label"]


def needs_confirmation(response: Any) -> bool:
    return response.status_code == 403 and "to confirm this change" in response.text


@pytest.mark.parametrize("code", [None, "000000"])
def test_unconfirmed_deletion_changes_nothing(
    client: Client, device: AppDevice, code: str | None
) -> None:
    log_in(client, device)
    expire_confirmation(client)
    upload = factories.create_upload()
    data = {"post": "yes"} | ({"second_factor_code": code} if code else {})
    client.post(f"/admin/classifier/upload/{upload.pk}/delete/", data)
    response: Any = client.delete(f"/api/uploads/{upload.pk}")

    assert (response.status_code, response.json()["code"]) == (403, "second_factor")
    assert Upload.objects.exists()


def test_sensitive_pages_need_a_recent_code(client: Client, admin_user: User) -> None:
    device = AppDevice.objects.create(user=admin_user, name="app")
    client.force_login(admin_user)
    enter_code(client, compute_code(device))
    expire_confirmation(client)

    pages = [
        *(f"classifier/modelversion/{path}/" for path in ("rollback", "1/promote", "1/reject")),
        *("classifier/webhook/1/secret/", "password_change/", "account/codes/"),
        *("account/add/", "account/remove/", "account/end/"),
        f"auth/user/{admin_user.pk}/password/",
        *(f"{model}/add/" for model in ("auth/user", "classifier/apitoken", "classifier/webhook")),
        *(f"{model}/" for model in ("auth/user", "classifier/apitoken", "classifier/upload")),
        *(f"{model}/1/delete/" for model in ("auth/user", "classifier/webhook")),
        *(f"{model}/1/change/" for model in ("auth/user", "classifier/webhook")),
    ]
    unconfirmed = {page for page in pages if not needs_confirmation(client.post(f"/admin/{page}"))}
    assert unconfirmed == set()


def test_recent_code_is_not_required_again(
    client: Client, operator: User, device: AppDevice
) -> None:
    log_in(client, device)
    form = TOKEN_FORM | {"user": operator.pk}
    assert "Copy the token now" in client.post("/admin/classifier/apitoken/add/", form).text


def test_new_recovery_codes_replace_the_old_ones(client: Client, device: AppDevice) -> None:
    old = second_factor.create_recovery_codes(device.user)
    log_in(client, device)
    response = client.post("/admin/account/codes/")

    assert StaticToken.objects.count() == second_factor.RECOVERY_CODES
    assert old[0] not in response.text


def test_factor_can_be_removed_unless_it_is_required(
    client: Client, device: AppDevice, settings: Settings
) -> None:
    log_in(client, device)
    settings.REQUIRE_SECOND_FACTOR = True
    form = {"device": device.persistent_id}
    client.post("/admin/account/remove/", form)
    assert AppDevice.objects.exists()

    settings.REQUIRE_SECOND_FACTOR = False
    client.post("/admin/account/remove/", form)
    assert not AppDevice.objects.exists()
    assert not is_refused(client)


def test_command_removes_a_lost_factor_and_ends_the_sessions(
    client: Client, device: AppDevice
) -> None:
    log_in(client, device)
    call_command("remove_second_factor", "operator", stdout=StringIO())

    assert not AppDevice.objects.exists()
    assert not Session.objects.exists()
    for name in ("operator", "nobody"):
        with pytest.raises(CommandError):
            call_command("remove_second_factor", name)
