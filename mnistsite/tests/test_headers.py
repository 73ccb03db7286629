"""Production settings pass Django's own check, and answers tell browsers what is not allowed."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings

SECRET = "".join(chr(33 + place) for place in range(80))


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=os.environ | {"SECRET_KEY": SECRET} | environment,
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_django_finds_nothing_to_warn_of_with_https() -> None:
    done = check(PUBLIC_SCHEME="https")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_it_would_warn_without() -> None:
    done = check(PUBLIC_SCHEME="http")
    assert done.returncode == 1
    assert "SECURE_SSL_REDIRECT" in done.stderr


def test_another_scheme_is_refused_by_name() -> None:
    done = check(PUBLIC_SCHEME="gopher")
    assert done.returncode == 1
    assert "PUBLIC_SCHEME='gopher' is not one of http, https." in done.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/nowhere", "/admin/login/", "/api/images", "/api/docs"])
def test_every_page_says_what_a_browser_must_not_do(client: Client, address: str) -> None:
    headers = client.get(address).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    allowed = headers["Permissions-Policy"].split(", ")
    assert "camera=(self)" in allowed
    assert [feature for feature in allowed if not feature.endswith("=()")] == ["camera=(self)"]


@pytest.mark.parametrize("address", ["/", "/nowhere", "/admin/login/", "/api/docs"])
@pytest.mark.django_db
def test_nothing_inline_runs_anywhere(client: Client, address: str) -> None:
    policy = client.get(address).headers["Content-Security-Policy"]
    directives = {each.split()[0]: each.split()[1:] for each in policy.split("; ")}
    assert directives["default-src"] == ["'none'"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert directives["script-src"] == directives["style-src"] == ["'self'"]
    assert "unsafe" not in policy


@pytest.mark.django_db
def test_who_comes_by_http_is_sent_to_https_but_for_monitors(
    client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    plain = client.get("/")
    assert (plain.status_code, plain.headers["Location"]) == (301, "https://testserver/")
    assert client.get("/", headers={"X-Forwarded-Proto": "https"}).status_code == 200
    assert client.get("/healthz").status_code == 200
