"""Pages of other sites may ask the API if a setting names them, and then without cookies."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from mnistsite import env

PARTNER, STRANGER = "https://partner.example", "https://stranger.example"
ANSWER = """
import json, sys
from django.test import Client
for line in sys.stdin:
    answer = Client().generic(**json.loads(line))
    print(json.dumps([answer.status_code, dict(answer.headers)]), flush=True)
"""
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "idempotency-key",
}


Ask = Callable[..., tuple[int, dict[str, str]]]


def environment(allowed: str) -> dict[str, str]:
    return os.environ | {"SECRET_KEY": "only for tests", "CORS_ALLOWED_ORIGINS": allowed}


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Send a request to a site, in a process of its own, whose setting names the partner."""
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", ANSWER]
    with subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=environment(f"{PARTNER},http://[::1]:3"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout

        def ask(
            path: str, origin: str, method: str = "GET", **headers: str
        ) -> tuple[int, dict[str, str]]:
            headers = {"Host": "localhost", "Origin": origin} | headers
            request = {"method": method, "path": path, "headers": headers}
            print(json.dumps(request), file=process.stdin, flush=True)
            status, found = json.loads(process.stdout.readline())
            return status, {name.lower(): value for name, value in found.items()}

        yield ask


def test_a_page_that_is_named_may_ask_and_read_the_headers(ask: Ask) -> None:
    status, headers = ask("/api/nonsense", PARTNER)

    assert (status, headers["access-control-allow-origin"]) == (404, PARTNER)
    exposed = set(headers["access-control-expose-headers"].split(", "))
    assert exposed >= {"ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"}
    assert "access-control-allow-credentials" not in headers
    assert "origin" in headers["vary"].lower()


def test_its_browser_is_told_what_it_may_send(ask: Ask) -> None:
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
def test_other_pages_and_other_addresses_are_told_nothing(ask: Ask, path: str, origin: str) -> None:
    assert "access-control-allow-origin" not in ask(path, origin)[1]


def test_unless_it_is_set_nothing_is_added(client: Client) -> None:
    headers = client.get("/api/nonsense", headers={"Origin": PARTNER}).headers

    assert not [name for name in headers if name.lower().startswith("access-control")]
    assert "corsheaders" not in "".join(settings.MIDDLEWARE)


@pytest.mark.parametrize(
    "wrong",
    ["*", "partner.example", "https://partner.example/", "https://*.example", "null", "https://"],
)
def test_what_is_no_origin_is_refused_by_name(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f"{PARTNER}, {wrong}")
    with pytest.raises(ImproperlyConfigured, match=re.escape(f"ORIGINS: {wrong!r} is no origin.")):
        env.origins("CORS_ALLOWED_ORIGINS")


def test_wrong_origin_stops_the_start() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=environment("*"),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "CORS_ALLOWED_ORIGINS: '*' is no origin." in done.stderr
