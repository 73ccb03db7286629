import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from classifier.access import tokens
from classifier.models import ApiToken
from classifier.recognition.labels import Scope

pytestmark = pytest.mark.django_db

TOKENS_URL = "/admin/classifier/apitoken/"


@pytest.fixture
def admin(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def manager(labeller: User) -> Client:
    """A client of a labeller who may also create and delete tokens."""
    permissions = Permission.objects.filter(content_type__model="apitoken")
    labeller.user_permissions.add(*permissions)
    client = Client()
    client.force_login(labeller)
    return client


def issue(user: User, *scopes: Scope, **values: Any) -> str:
    return tokens.issue_token(
        ApiToken(name="a script", user=user, scopes=scopes or [*Scope], **values)
    )


def list_images(secret: str, scheme: str = "Bearer") -> Any:
    return Client().get("/api/images", headers={"Authorization": f"{scheme} {secret}"})


def build_form(user: User, **values: Any) -> dict[str, Any]:
    return {"name": "a script", "user": user.pk, "scopes": ["read", "label"]} | values


def test_token_is_shown_once_and_stored_as_hash(admin: Client, labeller: User) -> None:
    page = admin.post(f"{TOKENS_URL}add/", build_form(labeller))

    [secret] = re.findall(r">(mns_[\w-]{40})<", page.text)
    assert "Copy the token" in page.text
    assert "no-store" in page.headers["Cache-Control"]
    stored = ApiToken.objects.get()
    assert (stored.user, stored.scopes, stored.start) == (labeller, ["read", "label"], secret[:8])
    assert secret not in map(str, vars(stored).values())
    assert not any(secret in cookie.value for cookie in admin.cookies.values())
    for address in (TOKENS_URL, f"{TOKENS_URL}{stored.pk}/change/"):
        assert stored.start in admin.get(address).text or address != TOKENS_URL
        assert secret not in admin.get(address).text
    assert list_images(secret).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_token_works_with_either_scheme(labeller: User, scheme: str) -> None:
    assert list_images(issue(labeller), scheme).status_code == 200


@pytest.mark.parametrize("secret", ["", "nonsense", "mns_", "ø", "a b", "mns_" + "x" * 40])
def test_invalid_token_is_rejected_with_a_challenge(labeller: User, secret: str) -> None:
    issue(labeller)

    response = list_images(secret)

    assert (response.status_code, response.json()["code"]) == (401, "authentication_failed")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="mnistsite"'


def test_expired_token_is_rejected(labeller: User) -> None:
    minute = timedelta(minutes=1)
    assert list_images(issue(labeller, expires_at=timezone.now() + minute)).status_code == 200

    response = list_images(issue(labeller, expires_at=timezone.now() - minute))

    assert (response.status_code, response.json()["code"]) == (401, "token_expired")


def test_deleted_token_is_revoked_at_once(admin: Client, labeller: User) -> None:
    secret = issue(labeller)
    assert list_images(secret).status_code == 200

    admin.post(f"{TOKENS_URL}{ApiToken.objects.get().pk}/delete/", {"post": "yes"})

    assert list_images(secret).status_code == 401


def test_token_of_an_inactive_user_is_rejected(labeller: User) -> None:
    secret = issue(labeller)
    User.objects.filter(pk=labeller.pk).update(is_active=False)

    assert list_images(secret).status_code == 401


def test_token_has_only_the_permissions_of_its_user(outsider: User) -> None:
    response = list_images(issue(outsider))

    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_last_use_is_recorded_once_an_hour(labeller: User) -> None:
    secret = issue(labeller)
    list_images(secret)
    [first] = ApiToken.objects.values_list("last_used_at", flat=True)
    list_images(secret)
    assert ApiToken.objects.get().last_used_at == first
    assert first is not None

    earlier = first - timedelta(minutes=61)
    ApiToken.objects.update(last_used_at=earlier)
    list_images(secret)

    assert ApiToken.objects.get().last_used_at != earlier


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("scopes", [], "required"),
        ("scopes", ["everything"], "not one of the available choices"),
        ("name", "", "required"),
    ],
)
def test_invalid_token_form_is_rejected(
    admin: Client, labeller: User, field: str, value: Any, message: str
) -> None:
    page = admin.post(f"{TOKENS_URL}add/", build_form(labeller, **{field: value}))

    assert message in page.text
    assert not ApiToken.objects.exists()


def test_past_expiry_is_rejected(admin: Client, labeller: User) -> None:
    past = {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}

    page = admin.post(f"{TOKENS_URL}add/", build_form(labeller, **past))

    assert "Choose a later time" in page.text
    assert not ApiToken.objects.exists()


def test_staff_create_tokens_only_for_themselves(
    manager: Client, labeller: User, admin_user: User
) -> None:
    page = manager.post(f"{TOKENS_URL}add/", build_form(admin_user))
    assert "Select a valid choice" in page.text
    assert not ApiToken.objects.exists()

    manager.post(f"{TOKENS_URL}add/", build_form(labeller))
    assert ApiToken.objects.get().user == labeller


def test_staff_do_not_see_or_delete_other_tokens(
    manager: Client, labeller: User, admin_user: User
) -> None:
    secret = issue(admin_user)
    other = ApiToken.objects.get()

    assert other.start not in manager.get(TOKENS_URL).text
    assert manager.get(f"{TOKENS_URL}{other.pk}/change/").status_code == 302
    manager.post(f"{TOKENS_URL}{other.pk}/delete/", {"post": "yes"})
    selected = {"action": "delete_selected", "_selected_action": other.pk, "post": "yes"}
    manager.post(TOKENS_URL, selected)

    assert list_images(secret).status_code == 200


def test_token_cannot_be_changed(admin: Client, labeller: User) -> None:
    issue(labeller, Scope.READ)
    token = ApiToken.objects.get()

    response = admin.post(f"{TOKENS_URL}{token.pk}/change/", build_form(labeller))

    assert response.status_code == 403
    assert ApiToken.objects.get().scopes == ["read"]


def test_tokens_require_the_permission(labeller: User, admin_user: User) -> None:
    secret = issue(admin_user)
    client = Client()
    client.force_login(labeller)

    assert client.get(TOKENS_URL).status_code == 403
    assert client.post(f"{TOKENS_URL}add/", build_form(labeller)).status_code == 403
    delete = f"{TOKENS_URL}{ApiToken.objects.get().pk}/delete/"
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert list_images(secret).status_code == 200
