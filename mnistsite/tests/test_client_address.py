"""The client's address comes from the connection, or from nginx, never from the client."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

NGINX, CLIENT = "10.0.0.2", "2001:db8::7"


def get_address(forwarded: str) -> str:
    """Return the address that a view gets."""
    response = Client().get("/", REMOTE_ADDR=NGINX, headers={"X-Forwarded-For": forwarded})
    return str(response.wsgi_request.META["REMOTE_ADDR"])


def test_forwarded_address_of_nginx_is_used(settings: Settings) -> None:
    settings.BEHIND_NGINX = True
    assert get_address(CLIENT) == CLIENT


def test_forwarded_address_is_ignored_without_nginx(settings: Settings) -> None:
    assert settings.BEHIND_NGINX is False, "the default"
    assert get_address(CLIENT) == NGINX


@pytest.mark.parametrize("header", ["", "unknown", f"{CLIENT}, 10.0.0.9", "1" * 300])
def test_invalid_forwarded_address_is_ignored(header: str, settings: Settings) -> None:
    settings.BEHIND_NGINX = True
    assert get_address(header) == NGINX
