"""Pages of other sites may ask the API if a setting names them, and then without cookies."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

PARTNER, STRANGER = "https://partner.example", "https://stranger.example"
ASK = """
import json, sys
from django.test import Client
wanted = json.loads(sys.stdin.read())
answer = Client().generic(wanted["method"], wanted["path"], headers=wanted["headers"])
print(json.dumps([answer.status_code, dict(answer.headers)]))
"""
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "idempotency-key",
}


def site(command: list[str], allowed: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"SECRET_KEY": "only for tests", "CORS_ALLOWED_ORIGINS": allowed}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        input=given,
        env=os.environ | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def ask(path: str, origin: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    """The answer of a site whose setting names the partner."""
    headers = {"Host": "localhost", "Origin": origin} | headers
    given = json.dumps({"method": method, "path": path, "headers": headers})
    done = site(["shell", "--verbosity", "0", "--command", ASK], f"{PARTNER},http://[::1]:3", given)
    status, found = json.loads(done.stdout)
    return status, {name.lower(): value for name, value in found.items()}


def test_a_page_that_is_named_may_ask_and_read_the_headers() -> None:
    status, headers = ask("/api/nonsense", PARTNER)

    assert (status, headers["access-control-allow-origin"]) == (404, PARTNER)
    exposed = set(headers["access-control-expose-headers"].split(", "))
    assert exposed >= {"ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"}
    assert "access-control-allow-credentials" not in headers
    assert "origin" in headers["vary"].lower()


def test_its_browser_is_told_what_it_may_send() -> None:
    status, headers = ask("/api/predict", PARTNER, "OPTIONS", **PREFLIGHT)

    assert (status, headers["access-control-allow-origin"]) == (200, PARTNER)
    sent = set(headers["access-control-allow-headers"].split(", "))
    assert sent >= {"authorization", "delete-key", "idempotency-key", "if-match"}
    assert headers["access-control-allow-methods"] == "DELETE, GET, PATCH, POST"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize(
    ("path", "origin"),
    [("/api/nonsense", STRANGER), ("/api/nonsense", "null"), ("/predict", PARTNER)],
)
def test_other_pages_and_other_addresses_are_told_nothing(path: str, origin: str) -> None:
    assert "access-control-allow-origin" not in ask(path, origin)[1]


def test_unless_it_is_set_nothing_is_added(client: Client) -> None:
    headers = client.get("/api/nonsense", headers={"Origin": PARTNER}).headers

    assert not [name for name in headers if name.lower().startswith("access-control")]
    assert "corsheaders" not in "".join(settings.MIDDLEWARE)


@pytest.mark.parametrize(
    "wrong",
    ["*", "partner.example", "https://partner.example/", "https://*.example", "null", "https://"],
)
def test_what_is_no_origin_stops_the_start_by_name(wrong: str) -> None:
    done = site(["check"], f"{PARTNER}, {wrong}")

    assert done.returncode == 1
    assert f"CORS_ALLOWED_ORIGINS: {wrong!r} is no origin." in done.stderr
