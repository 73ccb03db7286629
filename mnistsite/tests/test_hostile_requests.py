"""Hostile requests get a fitting error instead of a server error."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from classifier.api.parsers import MAX_JSON_BYTES
from classifier.api.problems import MEDIA_TYPE
from classifier.models import ModelVersion
from classifier.tests import factories

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

NUL_COOKIE = r'sessionid="a session key\000"'
OPERATIONS = [
    ("PATCH", "/api/images/{image}"),
    ("POST", "/api/images/{image}/suggestions"),
    ("POST", "/api/labels"),
    ("POST", "/api/models/{model}/promote"),
    ("POST", "/api/promotions/rollback"),
    ("POST", "/api/runs"),
]
BODIES = ["…", '{"label": …}', '{"labels": [{"id": …}]}', '{"reason": …, "force": …}']


@pytest.fixture
def staff(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def read_problem(response: Any) -> tuple[int, str]:
    assert response.headers["Content-Type"] == MEDIA_TYPE
    return response.status_code, response.json()["code"]


def nest(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_too_deep_json_is_rejected(
    staff: Client, champion: ModelVersion, method: str, address: str
) -> None:
    path = address.format(image=factories.create_image().pk, model=champion.name)
    for body in BODIES:
        content = body.replace("…", nest(100_000))

        response = staff.generic(method, path, content, "application/json")

        assert read_problem(response) == (400, "parse_error")


@pytest.mark.parametrize("depth", range(700, 1000, 20))
def test_nearly_too_deep_json_is_rejected(staff: Client, depth: int) -> None:
    """Python's parser accepts deeper JSON than the code that formats an error message."""
    content = f'{{"label": {nest(depth)}}}'

    response = staff.generic(
        "PATCH", f"/api/images/{factories.create_image().pk}", content, "application/json"
    )

    status, code = read_problem(response)
    assert (status, code) in [(400, "invalid"), (400, "parse_error")]


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_too_large_json_is_rejected(
    staff: Client, champion: ModelVersion, method: str, address: str
) -> None:
    path = address.format(image=factories.create_image().pk, model=champion.name)
    content = json.dumps({"label": "7" * MAX_JSON_BYTES})

    response = staff.generic(method, path, content, "application/json")

    assert read_problem(response) == (413, "too_large")


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/admin/", 302), ("/api/images", 401)])
def test_session_cookie_with_nul_is_ignored(visitor: Client, path: str, status: int) -> None:
    assert visitor.get(path, headers={"Cookie": NUL_COOKIE}).status_code == status


def test_other_cookies_are_used_beside_one_with_nul(staff: Client) -> None:
    session = staff.cookies["sessionid"].value
    cookies = rf'other="\000"; sessionid={session}'

    assert Client().get("/api/images", headers={"Cookie": cookies}).status_code == 200


@pytest.mark.parametrize("version", ["%00", "%0A", "2", "%22"])
def test_schema_ignores_an_unknown_version(visitor: Client, version: str) -> None:
    response = visitor.get(f"/api/schema?version={version}")

    assert response.status_code == 200
    assert response.headers["Content-Disposition"] == 'inline; filename="mnistsite.yaml"'


def test_options_of_the_documentation_are_not_allowed(visitor: Client) -> None:
    response = visitor.options("/api/docs")

    assert read_problem(response) == (405, "method_not_allowed")
    assert "GET" in response.headers["Allow"]
