"""Pages of allowed origins may call the API, without cookies."""

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

from classifier.tests.commands import run_python
from mnistsite import env

PARTNER, STRANGER = "https://partner.example", "https://stranger.example"
SERVE_CODE = """
import json, sys
from django.test import Client
for line in sys.stdin:
    response = Client().generic(**json.loads(line))
    print(json.dumps([response.status_code, dict(response.headers)]), flush=True)
"""
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "idempotency-key",
}


Send = Callable[..., tuple[int, dict[str, str]]]


def build_environment(allowed: str) -> dict[str, str]:
    return os.environ | {"SECRET_KEY": "only for tests", "CORS_ALLOWED_ORIGINS": allowed}


@pytest.fixture(scope="module")
def send() -> Iterator[Send]:
    """Send requests to a site that allows the partner, in its own process."""
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", SERVE_CODE]
    with subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=build_environment(f"{PARTNER},http://[::1]:3"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        requests, responses = process.stdin, process.stdout
        assert requests
        assert responses

        def send(
            path: str, origin: str, method: str = "GET", **headers: str
        ) -> tuple[int, dict[str, str]]:
            headers = {"Host": "localhost", "Origin": origin} | headers
            request = {"method": method, "path": path, "headers": headers}
            print(json.dumps(request), file=requests, flush=True)
            status, headers = json.loads(responses.readline())
            return status, {name.lower(): value for name, value in headers.items()}

        yield send


@pytest.mark.slow
def test_allowed_origin_may_read_responses_and_headers(send: Send) -> None:
    status, headers = send("/api/nonsense", PARTNER)

    assert (status, headers["access-control-allow-origin"]) == (404, PARTNER)
    exposed = set(headers["access-control-expose-headers"].split(", "))
    assert exposed >= {"ETag", "Retry-After", "X-Request-ID"}
    assert "access-control-allow-credentials" not in headers
    assert "origin" in headers["vary"].lower()


@pytest.mark.slow
def test_preflight_lists_methods_and_headers(send: Send) -> None:
    status, headers = send("/api/predict", PARTNER, "OPTIONS", **PREFLIGHT)

    assert (status, headers["access-control-allow-origin"]) == (200, PARTNER)
    allowed = set(headers["access-control-allow-headers"].split(", "))
    assert allowed >= {"authorization", "delete-key", "idempotency-key", "if-match"}
    assert headers["access-control-allow-methods"] == "DELETE, GET, PATCH, POST"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "origin"),
    [("/api/nonsense", STRANGER), ("/api/nonsense", "null"), ("/predict", PARTNER)],
)
def test_other_origins_and_paths_get_no_permission(send: Send, path: str, origin: str) -> None:
    assert "access-control-allow-origin" not in send(path, origin)[1]


def test_empty_setting_adds_no_headers(client: Client) -> None:
    headers = client.get("/api/nonsense", headers={"Origin": PARTNER}).headers

    assert not [name for name in headers if name.lower().startswith("access-control")]
    assert "corsheaders" not in "".join(settings.MIDDLEWARE)


@pytest.mark.parametrize(
    "wrong",
    ["*", "partner.example", "https://partner.example/", "https://*.example", "null", "https://"],
)
def test_invalid_origin_is_rejected(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f"{PARTNER}, {wrong}")
    with pytest.raises(
        ImproperlyConfigured, match=re.escape(f"ORIGINS: {wrong!r} is not an origin.")
    ):
        env.origins("CORS_ALLOWED_ORIGINS")


@pytest.mark.slow
def test_invalid_origin_stops_the_start() -> None:
    completed = run_python("manage.py", "check", environment=build_environment("*"))
    assert completed.returncode == 1
    assert "CORS_ALLOWED_ORIGINS: '*' is not an origin." in completed.stderr
