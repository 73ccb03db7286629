"""Rules of passwords, of the sessions that they open, and of the form that takes them."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conftest import PASSWORD

pytestmark = pytest.mark.django_db

LONG = "Grüße, 7 straße 🙂 " * 5


def change_password(client: Client, new: str, old: str = PASSWORD) -> bool:
    form = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post("/admin/password_change/", form).status_code == 302


def log_in(password: str) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": "labeller", "password": password})
    return client


def is_logged_in(client: Client) -> bool:
    return client.get("/admin/account/").status_code == 200


@pytest.mark.parametrize(
    "password", ["9nK4-wq", "1234567890", "trustno1", "labeller7", "four digits, 9"]
)
def test_weak_password_is_refused(labeller: User, password: str) -> None:
    client = log_in(PASSWORD)
    assert not change_password(client, password)
    assert is_logged_in(log_in(PASSWORD))


def test_change_needs_the_present_password(labeller: User) -> None:
    client = log_in(PASSWORD)
    assert not change_password(client, LONG, old="wrong")
    assert is_logged_in(log_in(PASSWORD))


def test_long_password_of_any_characters_is_taken_exactly(labeller: User) -> None:
    assert change_password(log_in(PASSWORD), LONG)
    assert is_logged_in(log_in(LONG))
    for other in (LONG.strip(), LONG.lower(), LONG[:72], PASSWORD):
        assert not is_logged_in(log_in(other))


def test_change_ends_all_other_sessions(labeller: User) -> None:
    here, elsewhere = log_in(PASSWORD), log_in(PASSWORD)
    assert change_password(here, LONG)
    assert is_logged_in(here)
    assert not is_logged_in(elsewhere)


def test_disabled_account_has_no_session(labeller: User) -> None:
    client = log_in(PASSWORD)
    User.objects.filter(pk=labeller.pk).update(is_active=False)
    assert not is_logged_in(client)


def test_form_hides_the_password_and_lets_managers_fill_it_in(client: Client) -> None:
    [field] = re.findall(r'<input[^>]*name="password"[^>]*>', client.get("/admin/login/").text)
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert "onpaste" not in field


@pytest.mark.parametrize(
    "page", ["", "account/", "classifier/inputimage/queue", "password_change/"]
)
def test_staff_page_offers_to_log_out(labeller_client: Client, page: str) -> None:
    assert '<form id="logout-form"' in labeller_client.get(f"/admin/{page}", follow=True).text
