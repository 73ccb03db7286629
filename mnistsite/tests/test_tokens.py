"""A token for the API is given and taken back in the admin, and does no more than its user may."""

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

TOKENS = "/admin/classifier/apitoken/"


@pytest.fixture
def admin(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def manager(labeller: User) -> Client:
    """A labeller who may make and delete tokens as well."""
    rights = Permission.objects.filter(content_type__model="apitoken")
    labeller.user_permissions.add(*rights)
    client = Client()
    client.force_login(labeller)
    return client


def given(user: User, *scopes: Scope, **values: Any) -> str:
    return tokens.issue(ApiToken(name="a script", user=user, scopes=scopes or [*Scope], **values))


def ask(secret: str, scheme: str = "Bearer") -> Any:
    return Client().get("/api/images", headers={"Authorization": f"{scheme} {secret}"})


def form(user: User, **values: Any) -> dict[str, Any]:
    return {"name": "a script", "user": user.pk, "scopes": ["read", "label"]} | values


def test_it_is_shown_once_and_only_its_hash_is_kept(admin: Client, labeller: User) -> None:
    page = admin.post(f"{TOKENS}add/", form(labeller))

    [secret] = re.findall(r">(mns_[\w-]{40})<", page.text)
    assert "Copy the token" in page.text
    assert "no-store" in page.headers["Cache-Control"]
    kept = ApiToken.objects.get()
    assert (kept.user, kept.scopes, kept.start) == (labeller, ["read", "label"], secret[:8])
    assert secret not in map(str, vars(kept).values())
    assert not any(secret in cookie.value for cookie in admin.cookies.values())
    for address in (TOKENS, f"{TOKENS}{kept.pk}/change/"):
        assert kept.start in admin.get(address).text or address != TOKENS
        assert secret not in admin.get(address).text
    assert ask(secret).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token"])
def test_it_is_taken_by_either_scheme(labeller: User, scheme: str) -> None:
    assert ask(given(labeller), scheme).status_code == 200


@pytest.mark.parametrize("secret", ["", "nonsense", "mns_", "ø", "a b", "mns_" + "x" * 40])
def test_what_is_no_token_is_refused_and_told_how_to_show_one(labeller: User, secret: str) -> None:
    given(labeller)

    response = ask(secret)

    assert (response.status_code, response.json()["code"]) == (401, "authentication_failed")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="mnistsite"'


def test_an_expired_one_is_refused_as_such(labeller: User) -> None:
    a_minute = timedelta(minutes=1)
    assert ask(given(labeller, expires_at=timezone.now() + a_minute)).status_code == 200

    response = ask(given(labeller, expires_at=timezone.now() - a_minute))

    assert (response.status_code, response.json()["code"]) == (401, "token_expired")


def test_deleting_it_revokes_it_at_once(admin: Client, labeller: User) -> None:
    secret = given(labeller)
    assert ask(secret).status_code == 200

    admin.post(f"{TOKENS}{ApiToken.objects.get().pk}/delete/", {"post": "yes"})

    assert ask(secret).status_code == 401


def test_so_does_switching_the_account_off(labeller: User) -> None:
    secret = given(labeller)
    User.objects.filter(pk=labeller.pk).update(is_active=False)

    assert ask(secret).status_code == 401


def test_a_token_has_no_more_rights_than_its_owner(outsider: User) -> None:
    response = ask(given(outsider))

    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


def test_its_use_is_noted_once_an_hour(labeller: User) -> None:
    secret = given(labeller)
    ask(secret)
    [first] = ApiToken.objects.values_list("last_used_at", flat=True)
    ask(secret)
    assert ApiToken.objects.get().last_used_at == first
    assert first is not None

    earlier = first - timedelta(minutes=61)
    ApiToken.objects.update(last_used_at=earlier)
    ask(secret)

    assert ApiToken.objects.get().last_used_at != earlier


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("scopes", [], "required"),
        ("scopes", ["everything"], "not one of the available choices"),
        ("name", "", "required"),
    ],
)
def test_one_that_makes_no_sense_is_not_made(
    admin: Client, labeller: User, field: str, value: Any, said: str
) -> None:
    page = admin.post(f"{TOKENS}add/", form(labeller, **{field: value}))

    assert said in page.text
    assert not ApiToken.objects.exists()


def test_one_that_has_expired_already_is_not_made(admin: Client, labeller: User) -> None:
    past = {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}

    page = admin.post(f"{TOKENS}add/", form(labeller, **past))

    assert "Choose a later time" in page.text
    assert not ApiToken.objects.exists()


def test_who_is_no_superuser_makes_them_for_nobody_else(
    manager: Client, labeller: User, admin_user: User
) -> None:
    page = manager.post(f"{TOKENS}add/", form(admin_user))
    assert "Select a valid choice" in page.text
    assert not ApiToken.objects.exists()

    manager.post(f"{TOKENS}add/", form(labeller))
    assert ApiToken.objects.get().user == labeller


def test_who_is_no_superuser_sees_and_deletes_nobody_else_s(
    manager: Client, labeller: User, admin_user: User
) -> None:
    secret = given(admin_user)
    theirs = ApiToken.objects.get()

    assert theirs.start not in manager.get(TOKENS).text
    assert manager.get(f"{TOKENS}{theirs.pk}/change/").status_code == 302
    manager.post(f"{TOKENS}{theirs.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": theirs.pk, "post": "yes"}
    manager.post(TOKENS, chosen)

    assert ask(secret).status_code == 200


def test_nobody_changes_one(admin: Client, labeller: User) -> None:
    given(labeller, Scope.READ)
    token = ApiToken.objects.get()

    response = admin.post(f"{TOKENS}{token.pk}/change/", form(labeller))

    assert response.status_code == 403
    assert ApiToken.objects.get().scopes == ["read"]


def test_who_has_no_right_to_tokens_gets_nowhere(labeller: User, admin_user: User) -> None:
    secret = given(admin_user)
    client = Client()
    client.force_login(labeller)

    assert client.get(TOKENS).status_code == 403
    assert client.post(f"{TOKENS}add/", form(labeller)).status_code == 403
    delete = f"{TOKENS}{ApiToken.objects.get().pk}/delete/"
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert ask(secret).status_code == 200
