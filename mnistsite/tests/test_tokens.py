"""A token for the API is given and taken back in the admin."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.authtoken.models import Token

pytestmark = pytest.mark.django_db

TOKENS = "/admin/authtoken/tokenproxy/"


@pytest.fixture
def admin(client: Client, boss: User) -> Client:
    client.force_login(boss)
    return client


def with_token(key: str) -> int:
    headers = {"Authorization": f"Token {key}"}
    return Client().get("/api/images", headers=headers).status_code


def test_one_is_given_and_works(admin: Client, labeller: User) -> None:
    assert admin.post(f"{TOKENS}add/", {"user": labeller.pk}).status_code == 302
    assert with_token(Token.objects.get(user=labeller).key) == 200


def test_deleting_it_revokes_it_at_once(admin: Client, labeller: User) -> None:
    key = Token.objects.create(user=labeller).key
    assert with_token(key) == 200
    admin.post(f"{TOKENS}{labeller.pk}/delete/", {"post": "yes"})
    assert with_token(key) == 401


def test_so_does_switching_the_account_off(labeller: User) -> None:
    key = Token.objects.create(user=labeller).key
    User.objects.filter(pk=labeller.pk).update(is_active=False)
    assert with_token(key) == 401


def test_a_token_has_no_more_rights_than_its_owner(outsider: User) -> None:
    assert with_token(Token.objects.create(user=outsider).key) == 403


def test_who_only_labels_sees_and_deletes_nobody_s_token(labeller: User, boss: User) -> None:
    key = Token.objects.create(user=boss).key
    client = Client()
    client.force_login(labeller)
    assert client.get(TOKENS).status_code == 403
    assert client.post(f"{TOKENS}{boss.pk}/delete/", {"post": "yes"}).status_code == 403
    assert with_token(key) == 200
