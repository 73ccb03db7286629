"""Production settings pass Django's check, and responses have security headers."""

import os
import subprocess

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from classifier.tests.commands import run_python

SECRET = "".join(chr(33 + index) for index in range(80))


def run_check(**environment: str) -> subprocess.CompletedProcess[str]:
    command = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    return run_python(*command, environment=os.environ | {"SECRET_KEY": SECRET} | environment)


@pytest.mark.slow
def test_https_settings_pass_the_deployment_check() -> None:
    completed = run_check(PUBLIC_SCHEME="https")
    assert (completed.returncode, completed.stderr) == (0, "")
    assert "no issues" in completed.stdout


@pytest.mark.slow
def test_http_settings_fail_the_deployment_check() -> None:
    completed = run_check(PUBLIC_SCHEME="http")
    assert completed.returncode == 1
    assert "SECURE_SSL_REDIRECT" in completed.stderr


@pytest.mark.slow
def test_unknown_scheme_is_rejected() -> None:
    completed = run_check(PUBLIC_SCHEME="gopher")
    assert completed.returncode == 1
    assert "PUBLIC_SCHEME='gopher' is not one of http, https." in completed.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/nowhere", "/admin/login/", "/api/images", "/api/docs"])
def test_pages_have_security_headers(client: Client, address: str) -> None:
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
def test_policy_allows_no_inline_code(client: Client, address: str) -> None:
    policy = client.get(address).headers["Content-Security-Policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    assert directives["default-src"] == ["'none'"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert directives["script-src"] == directives["style-src"] == ["'self'"]
    assert "unsafe" not in policy


def test_policy_names_the_endpoint_of_its_reports_over_https(settings: Settings) -> None:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives | {"report-to": "csp"}}
    headers = Client().get("/healthz/nowhere").headers
    assert "report-to csp" in headers["Content-Security-Policy"].split("; ")
    assert headers["Reporting-Endpoints"] == 'csp="/csp-report"'


@pytest.mark.django_db
def test_pages_are_redirected_to_https_and_programs_refused(
    client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    response = client.get("/")
    assert (response.status_code, response.headers["Location"]) == (301, "https://testserver/")
    assert client.get("/", headers={"X-Forwarded-Proto": "https"}).status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/docs").status_code == 301
    refused = client.get("/api/models")
    assert (refused.status_code, refused.json()["code"]) == (403, "https_required")


@pytest.mark.parametrize("address", ["/", "/admin/login/", "/api/docs"])
@pytest.mark.django_db
def test_trace_is_refused(client: Client, address: str) -> None:
    assert client.trace(address).status_code == 405


@pytest.mark.parametrize("address", ["/admin/", "/admin/classifier/inputimage/", "/api/images"])
def test_private_answers_are_not_stored(admin_client: Client, address: str) -> None:
    assert "no-store" in admin_client.get(address).headers["Cache-Control"]
