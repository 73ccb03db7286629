"""Cookies of a site with HTTPS, which no other site can set."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def https_client(settings: Settings, labeller: User) -> Client:
    settings.HTTPS = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.LANGUAGE_COOKIE_SECURE = True
    return Client()


def log_in(client: Client) -> None:
    client.post("/admin/login/", {"username": "labeller", "password": PASSWORD})


def test_every_cookie_is_secure_lax_and_prefixed(https_client: Client) -> None:
    https_client.get("/admin/login/")
    log_in(https_client)
    https_client.post("/language", {"language": "de"})

    assert {*https_client.cookies} == {
        *("__Host-csrftoken", "__Host-sessionid", "__Host-django_language", "__Secure-browser"),
    }
    for cookie in https_client.cookies.values():
        assert (cookie["secure"], cookie["samesite"]) == (True, "Lax")
    for name in ("__Host-sessionid", "__Secure-browser"):
        assert https_client.cookies[name]["httponly"]


def test_prefixed_session_is_used_and_deleted(https_client: Client) -> None:
    log_in(https_client)
    assert https_client.get("/admin/account/").status_code == 200
    deleted = https_client.post("/admin/logout/").cookies["__Host-sessionid"]

    assert (deleted["max-age"], deleted["secure"]) == (0, True)


def test_prefixed_language_is_used(https_client: Client) -> None:
    https_client.post("/language", {"language": "de"})
    assert https_client.get("/how").headers["Content-Language"] == "de"


def test_cookie_without_prefix_is_ignored(https_client: Client) -> None:
    log_in(https_client)
    key = https_client.cookies["__Host-sessionid"].value
    other = Client(headers={"Cookie": f"sessionid={key}"})

    assert other.get("/admin/account/").status_code == 302
