from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier import tasks
from classifier.access.sessions import IDLE_AFTER
from classifier.models import Session

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
FORM = {"username": "labeller", "password": "labels all day"}


def log_in(**headers: str) -> Client:
    client = Client(headers=headers)
    assert client.post("/admin/login/", FORM).status_code == 302
    return client


def is_logged_in(client: Client) -> bool:
    return client.get("/admin/account/").status_code == 200


def test_key_is_in_no_column(labeller: User) -> None:
    client = log_in()
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(sessions)::text FROM sessions")
        rows = [row for (row,) in cursor.fetchall()]

    assert len(rows) == 1
    assert client.cookies["sessionid"].value not in rows[0]
    assert is_logged_in(client)


def test_stolen_row_opens_no_session(labeller: User) -> None:
    log_in()
    thief = Client()
    thief.cookies["sessionid"] = Session.objects.get().pk

    assert not is_logged_in(thief)


def test_session_lasts_as_long_as_the_setting(labeller: User, settings: Settings) -> None:
    client = log_in()
    session = Session.objects.get()
    lifetime = (session.expire_date - timezone.now()).total_seconds()
    assert settings.SESSION_COOKIE_AGE == 12 * 3600
    assert lifetime == pytest.approx(12 * 3600, abs=60)

    Session.objects.update(expire_date=timezone.now())
    assert not is_logged_in(client)
    tasks.purge_logins(timestamp=0)
    assert not Session.objects.filter(user=labeller).exists()


def test_idle_session_ends(labeller: User) -> None:
    client = log_in()
    Session.objects.update(used_at=timezone.now() - IDLE_AFTER)

    assert not is_logged_in(client)


def test_logging_out_deletes_the_session(labeller: User) -> None:
    client = log_in()
    client.post("/admin/logout/")

    assert not Session.objects.exists()


def test_use_is_recorded_every_ten_minutes(labeller: User) -> None:
    client = log_in()
    long_ago = timezone.now() - timedelta(hours=1)
    Session.objects.update(used_at=long_ago, started_at=long_ago)
    client.get("/admin/account/")

    session = Session.objects.get()
    assert session.used_at > long_ago
    assert session.started_at == long_ago


def test_page_lists_and_ends_own_sessions(labeller: User, trainer_client: Client) -> None:
    here, elsewhere = log_in(), log_in(**{"User-Agent": FIREFOX})
    response: Any = here.get("/admin/account/")
    assert response.text.count("<tr>") == 3, "the trainer's session is not shown"
    assert "Firefox on Linux" in response.text
    assert "this one" in response.text

    [other] = Session.objects.filter(browser=FIREFOX)
    here.post("/admin/account/end/", {"session": other.pk})

    assert not is_logged_in(elsewhere)
    assert is_logged_in(here)


def test_session_of_somebody_else_can_be_ended_by_operators_only(
    labeller: User, trainer_client: Client, operator: User, client: Client
) -> None:
    [session] = Session.objects.all()
    log_in().post("/admin/account/end/", {"session": session.pk})
    assert is_logged_in(trainer_client)

    client.force_login(operator)
    assert "trainer" in client.get("/admin/account/").text
    client.post("/admin/account/end/", {"session": session.pk})
    assert not is_logged_in(trainer_client)
