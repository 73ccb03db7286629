"""Whatever goes wrong in the API, it is told in one form, with a code that programs can rely on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.exceptions import ValidationError

from classifier.api.errors import build_problem
from classifier.api.problems import MEDIA_TYPE
from classifier.registry import serving
from classifier.tests import factories

pytestmark = pytest.mark.django_db

MEMBERS = {"type", "title", "status", "detail", "code"}
IMAGE = "/api/images/00000000-0000-4000-8000-000000000000"


def problem(response: Any) -> dict[str, Any]:
    assert response.headers["Content-Type"] == MEDIA_TYPE
    told: dict[str, Any] = response.json()
    assert (told["type"], told["status"]) == ("about:blank", response.status_code)
    assert told["detail"]
    return told


@pytest.mark.parametrize(
    ("method", "address", "status", "title", "code"),
    [
        ("GET", "/api/nowhere", 404, "Not Found", "not_found"),
        ("POST", "/api/nowhere", 404, "Not Found", "not_found"),
        ("GET", "/api/", 404, "Not Found", "not_found"),
        ("GET", IMAGE, 404, "Not Found", "not_found"),
        ("PUT", IMAGE, 405, "Method Not Allowed", "method_not_allowed"),
        ("PATCH", IMAGE, 404, "Not Found", "not_found"),
        ("GET", "/api/predict", 405, "Method Not Allowed", "method_not_allowed"),
        ("POST", "/api/predict", 400, "Bad Request", "not_an_image"),
        ("GET", "/api/runs", 403, "Forbidden", "permission_denied"),
        ("GET", "/api/models/%00", 404, "Not Found", "not_found"),
        ("GET", "/api/images?limit=0", 400, "Bad Request", "invalid"),
    ],
)
def test_each_is_told_by_status_title_and_code(
    labeller_api: Client, method: str, address: str, status: int, title: str, code: str
) -> None:
    told = problem(labeller_api.generic(method, address, b"x", content_type="image/png"))

    assert MEMBERS <= set(told) <= MEMBERS | {"errors"}
    assert (told["status"], told["title"], told["code"]) == (status, title, code)


def test_who_asks_as_nobody_is_told_how_to_say_who_they_are(client: Client) -> None:
    response = client.get("/api/images")

    assert problem(response)["code"] == "not_authenticated"
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_what_may_be_asked_instead_is_told(labeller_api: Client) -> None:
    assert labeller_api.put(IMAGE).headers["Allow"] == "GET, PATCH, HEAD, OPTIONS"


def test_wrong_input_is_told_field_by_field(labeller_api: Client) -> None:
    image = factories.create_image()

    response = labeller_api.patch(f"/api/images/{image.pk}", {"label": "x"}, "application/json")

    told = problem(response)
    assert (told["status"], told["code"]) == (400, "invalid")
    assert told["errors"] == {"label": ['"x" is not a valid choice.']}
    assert told["detail"] == 'label: "x" is not a valid choice.'


@pytest.mark.parametrize(
    ("detail", "errors"),
    [
        ("no", {"non_field_errors": ["no"]}),
        (["no", "nor"], {"non_field_errors": ["no", "nor"]}),
        ({"a": "no"}, {"a": ["no"]}),
        ({"a": [{}, {"b": ["no"]}]}, {"a.1.b": ["no"]}),
        ({"a": {"b": ["no"], "c": []}}, {"a.b": ["no"]}),
        ({"a": {"non_field_errors": ["no"]}}, {"a": ["no"]}),
    ],
)
def test_a_field_within_a_field_is_told_by_its_way(
    detail: Any, errors: dict[str, list[str]]
) -> None:
    told = build_problem(ValidationError(detail))

    assert told is not None
    assert told.errors == errors


def test_a_body_that_is_no_json_is_refused(labeller_api: Client) -> None:
    image = factories.create_image()

    def sent(body: str, media_type: str = "application/json") -> tuple[int, str]:
        response = labeller_api.generic("PATCH", f"/api/images/{image.pk}", body, media_type)
        return response.status_code, problem(response)["code"]

    assert sent("{") == (400, "parse_error")
    assert sent("[]") == (400, "invalid")
    assert sent("label=7", "text/plain") == (415, "unsupported_media_type")


def test_a_body_that_is_too_large_or_in_chunks_is_refused(
    client: Client, settings: Settings
) -> None:
    settings.MAX_UPLOAD_BYTES = 1
    large = client.generic("POST", "/api/predict", bytes(70_000))
    chunked = client.generic("POST", "/api/predict", b"", HTTP_TRANSFER_ENCODING="chunked")

    assert (large.status_code, problem(large)["code"]) == (413, "too_large")
    assert (chunked.status_code, problem(chunked)["code"]) == (411, "length_required")


def test_without_a_model_or_a_database_it_is_told_in_the_same_form(
    client: Client, drawn: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("the connection is closed")

    missing = client.post("/api/predict", drawn(7), "image/png")
    monkeypatch.setattr(serving.champion, "get", away)
    closed = client.post("/api/predict", drawn(7), "image/png")

    assert [problem(each)["code"] for each in (missing, closed)] == ["no_model", "no_database"]
    assert {missing.status_code, closed.status_code} == {503}


def test_what_django_forbids_is_told_as_the_api_does() -> None:
    told = build_problem(PermissionDenied("innards"))

    assert told is not None
    assert (told.status, told.code) == (403, "permission_denied")
    assert "innards" not in told.detail


def test_a_host_that_is_not_the_sites_is_refused(client: Client) -> None:
    response = client.get("/api/images", headers={"Host": "elsewhere.example"})

    assert (response.status_code, problem(response)["code"]) == (400, "bad_request")
