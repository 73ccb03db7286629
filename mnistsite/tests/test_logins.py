"""Repeated failed logins are locked, and the records are short-lived."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier import tasks
from classifier.access import logins
from classifier.models.locks import session_lock
from classifier.tests import factories
from conftest import PASSWORD

pytestmark = pytest.mark.django_db

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def log_in(
    client: Client, name: str, password: str, address: str = HERE, browser: str = "one"
) -> int:
    response = client.post(
        "/admin/login/",
        {"username": name, "password": password},
        REMOTE_ADDR=address,
        headers={"User-Agent": browser},
    )
    return response.status_code


def fail_logins(times: int, name: str = "labeller") -> list[int]:
    return [log_in(Client(), name, "wrong", browser=str(turn)) for turn in range(times)]


def test_fifth_failure_locks_the_right_password(labeller: User) -> None:
    assert fail_logins(5) == [200, 200, 200, 200, 429]
    assert log_in(Client(), "labeller", PASSWORD) == 429


def test_four_failures_do_not_lock(labeller: User) -> None:
    fail_logins(4)
    assert log_in(Client(), "labeller", PASSWORD) == 302
    assert fail_logins(4) == [200, 200, 200, 200], "a success resets the count"


def test_locked_page_says_when_to_try_again(client: Client) -> None:
    fail_logins(5)
    form = {"username": "labeller", "password": "wrong"}
    response = client.post("/admin/login/", form, REMOTE_ADDR=HERE)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "900")
    assert "Try again in 15 minutes" in response.text

    response = client.post(
        "/admin/login/", form, REMOTE_ADDR=HERE, headers={"Accept-Language": "de"}
    )
    assert "Versuchen Sie es in 15 Minuten" in response.text
    assert "Zu den Seiten des Teams" in response.text


def test_other_address_is_not_locked(labeller: User) -> None:
    fail_logins(6)
    assert log_in(Client(), "labeller", PASSWORD, ELSEWHERE) == 302


def test_other_user_name_is_not_locked(labeller: User, admin_user: User) -> None:
    fail_logins(6)
    assert log_in(Client(), "admin", "password") == 302


def fail_elsewhere(times: int, **attempt: str) -> None:
    attempt = {"username": "somebody", "ip_address": ELSEWHERE} | attempt
    now = timezone.now()
    AccessAttempt.objects.create(**attempt, failures_since_start=times, attempt_time=now)


def test_address_is_locked_for_every_name(labeller: User) -> None:
    fail_elsewhere(49, ip_address=HERE)
    assert log_in(Client(), "labeller", "wrong") == 429
    assert log_in(Client(), "labeller", PASSWORD) == 429
    assert log_in(Client(), "labeller", PASSWORD, ELSEWHERE) == 302


def test_name_is_locked_for_every_address(labeller: User) -> None:
    fail_elsewhere(100, username="labeller")
    assert log_in(Client(), "labeller", PASSWORD) == 429


def test_strangers_do_not_lock_a_known_browser_out(labeller: User, client: Client) -> None:
    assert log_in(client, "labeller", PASSWORD) == 302
    client.post("/admin/logout/")
    fail_logins(6)
    fail_elsewhere(100, username="labeller")
    fail_elsewhere(50, ip_address=HERE, username="another")

    assert log_in(Client(), "labeller", PASSWORD) == 429
    assert log_in(client, "labeller", PASSWORD) == 302


def test_known_browser_is_locked_by_its_own_failures(labeller: User, client: Client) -> None:
    assert log_in(client, "labeller", PASSWORD) == 302
    client.post("/admin/logout/")
    assert [log_in(client, "labeller", "wrong") for _ in range(5)][-1] == 429
    assert log_in(client, "labeller", PASSWORD) == 429


def test_browser_is_known_for_its_user_only(
    labeller: User, admin_user: User, client: Client
) -> None:
    assert log_in(client, "labeller", PASSWORD) == 302
    client.post("/admin/logout/")
    fail_logins(5, "admin")
    assert log_in(client, "admin", "password") == 429


@pytest.mark.django_db(transaction=True)
def test_second_login_at_the_same_time_is_refused(labeller: User) -> None:
    with ThreadPoolExecutor(1) as pool, session_lock(logins.LOCK):
        response = pool.submit(post_login).result()
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    assert not AccessAttempt.objects.exists()
    assert log_in(Client(), "labeller", PASSWORD) == 302


def post_login() -> Any:
    form = {"username": "labeller", "password": PASSWORD}
    try:
        return Client().post("/admin/login/", form)
    finally:
        connection.close()


def test_lock_ends_after_15_minutes_despite_more_failures(labeller: User) -> None:
    fail_logins(5)
    pass_time(timedelta(minutes=14))
    assert set(fail_logins(5)) == {429}
    assert log_in(Client(), "labeller", PASSWORD) == 429
    pass_time(timedelta(minutes=1, seconds=1))
    assert log_in(Client(), "labeller", PASSWORD) == 302


def pass_time(time: timedelta) -> None:
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - time)


def test_command_unlocks_a_user_name(labeller: User) -> None:
    fail_logins(5)
    call_command("axes_reset_username", "labeller")
    assert log_in(Client(), "labeller", PASSWORD) == 302


def test_tokens_and_sessions_are_not_locked(labeller: User) -> None:
    client = Client()
    client.force_login(labeller)
    fail_logins(5)
    assert client.get("/admin/", REMOTE_ADDR=HERE).status_code == 200
    headers = factories.create_token_header(labeller)
    assert Client().get("/api/images", headers=headers, REMOTE_ADDR=HERE).status_code == 200


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0", "ä \u202e 😀", ""])
def test_strange_user_name_fails_normally(client: Client, name: str) -> None:
    assert log_in(client, name, "wrong") == 200


def test_spoofed_address_does_not_avoid_the_lock(labeller: User) -> None:
    for last in range(5):
        Client().post(
            "/admin/login/",
            {"username": "labeller", "password": "wrong"},
            REMOTE_ADDR=HERE,
            headers={"X-Forwarded-For": f"198.51.100.{last}"},
        )
    assert log_in(Client(), "labeller", PASSWORD) == 429


def test_failures_are_stored_without_passwords(labeller: User) -> None:
    log_in(Client(), "labeller", PASSWORD)
    log_in(Client(), "labeller", "hunter2")
    assert not AccessLog.objects.exists()
    assert not AccessFailureLog.objects.exists()
    (attempt,) = AccessAttempt.objects.values_list("username", "post_data")
    assert attempt[0] == "labeller"
    assert "hunter2" not in attempt[1]


def test_expired_failures_are_purged(settings: Settings) -> None:
    fail_logins(1, "old")
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME)
    fail_elsewhere(1, username="new")
    tasks.purge_logins(0)
    assert [attempt.username for attempt in AccessAttempt.objects.all()] == ["new"]


def test_admin_does_not_list_attempts() -> None:
    assert not [model for model in admin.site._registry if model._meta.app_label == "axes"]
