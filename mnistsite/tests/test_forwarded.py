"""A client's address is its own, or what nginx says, and never what the client says."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

NGINX, CLIENT = "10.0.0.2", "2001:db8::7"


def seen(forwarded: str) -> str:
    """The address that a view sees."""
    response = Client().get("/", REMOTE_ADDR=NGINX, headers={"X-Forwarded-For": forwarded})
    return str(response.wsgi_request.META["REMOTE_ADDR"])


def test_nginx_says_who_it_is(settings: Settings) -> None:
    settings.BEHIND_NGINX = True
    assert seen(CLIENT) == CLIENT


def test_without_nginx_nobody_is_believed(settings: Settings) -> None:
    assert settings.BEHIND_NGINX is False, "unless it is set"
    assert seen(CLIENT) == NGINX


@pytest.mark.parametrize("nonsense", ["", "unknown", f"{CLIENT}, 10.0.0.9", "1" * 300])
def test_what_is_no_address_is_left_alone(nonsense: str, settings: Settings) -> None:
    settings.BEHIND_NGINX = True
    assert seen(nonsense) == NGINX
