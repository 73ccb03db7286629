"""Who guesses a password is stopped, and nobody else; what is kept of it is not kept for long."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier.access import logins
from classifier.tests import factories

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


def fail(times: int, name: str = "labeller") -> list[int]:
    return [log_in(Client(), name, "wrong", browser=str(turn)) for turn in range(times)]


def test_the_fifth_failure_locks_even_the_right_password_out(labeller: User) -> None:
    assert fail(5) == [200, 200, 200, 200, 429]
    assert log_in(Client(), "labeller", "labels all day") == 429


def test_four_failures_don_t(labeller: User) -> None:
    fail(4)
    assert log_in(Client(), "labeller", "labels all day") == 302
    assert fail(4) == [200, 200, 200, 200], "a success starts the count anew"


def test_a_page_says_what_to_do(client: Client) -> None:
    fail(5)
    sent = {"username": "labeller", "password": "wrong"}
    response = client.post("/admin/login/", sent, REMOTE_ADDR=HERE)
    assert (response.status_code, response.headers["Retry-After"]) == (429, "900")
    assert "Try again in 15 minutes" in response.text


def test_a_stranger_elsewhere_locks_no_colleague_out(labeller: User) -> None:
    fail(6)
    assert log_in(Client(), "labeller", "labels all day", ELSEWHERE) == 302


def test_nor_does_who_guesses_one_name_lock_another(labeller: User, admin_user: User) -> None:
    fail(6)
    assert log_in(Client(), "admin", "password") == 302


def test_it_ends_after_15_minutes_however_often_it_was_tried_meanwhile(labeller: User) -> None:
    fail(5)
    pass_by(timedelta(minutes=14))
    assert set(fail(5)) == {429}
    assert log_in(Client(), "labeller", "labels all day") == 429
    pass_by(timedelta(minutes=1, seconds=1))
    assert log_in(Client(), "labeller", "labels all day") == 302


def pass_by(time: timedelta) -> None:
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - time)


def test_whoever_runs_the_site_can_unlock(labeller: User) -> None:
    fail(5)
    call_command("axes_reset_username", "labeller")
    assert log_in(Client(), "labeller", "labels all day") == 302


def test_tokens_and_open_sessions_go_on(labeller: User) -> None:
    inside = Client()
    inside.force_login(labeller)
    fail(5)
    assert inside.get("/admin/", REMOTE_ADDR=HERE).status_code == 200
    headers = factories.create_token_header(labeller)
    assert Client().get("/api/images", headers=headers, REMOTE_ADDR=HERE).status_code == 200


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0", "ä \u202e 😀", ""])
def test_a_strange_name_is_a_failure_like_any_other(client: Client, name: str) -> None:
    assert log_in(client, name, "wrong") == 200


def test_an_address_that_is_spoofed_counts_for_nothing(labeller: User) -> None:
    for last in range(5):
        Client().post(
            "/admin/login/",
            {"username": "labeller", "password": "wrong"},
            REMOTE_ADDR=HERE,
            headers={"X-Forwarded-For": f"198.51.100.{last}"},
        )
    assert log_in(Client(), "labeller", "labels all day") == 429


def test_no_success_is_on_record_and_a_failure_without_its_password(labeller: User) -> None:
    log_in(Client(), "labeller", "labels all day")
    log_in(Client(), "labeller", "hunter2")
    assert not AccessLog.objects.exists()
    assert not AccessFailureLog.objects.exists()
    (attempt,) = AccessAttempt.objects.values_list("username", "post_data")
    assert attempt[0] == "labeller"
    assert "hunter2" not in attempt[1]


def test_failures_are_forgotten_when_they_lock_nobody_out_any_more(settings: Settings) -> None:
    fail(1, "old")
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME)
    fail_without_cleaning("new")
    assert logins.purge_expired() == 1
    assert [attempt.username for attempt in AccessAttempt.objects.all()] == ["new"]


def fail_without_cleaning(name: str) -> None:
    AccessAttempt.objects.create(
        username=name, ip_address=HERE, failures_since_start=1, attempt_time=timezone.now()
    )


def test_the_admin_does_not_list_them() -> None:
    assert not [model for model in admin.site._registry if model._meta.app_label == "axes"]
