from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.exceptions import ValidationError

from classifier.api.errors import build_problem
from classifier.api.problems import MEDIA_TYPE
from classifier.models import LabelChange, Upload
from classifier.tests import factories
from classifier.tests.faults import break_champion
from classifier.tests.pictures import Draw

pytestmark = pytest.mark.django_db

MEMBERS = {"type", "title", "status", "detail", "code"}
IMAGE = "/api/images/00000000-0000-4000-8000-000000000000"


def get_problem(response: Any) -> dict[str, Any]:
    assert response.headers["Content-Type"] == MEDIA_TYPE
    problem: dict[str, Any] = response.json()
    assert (problem["type"], problem["status"]) == ("about:blank", response.status_code)
    assert problem["detail"]
    return problem


@pytest.mark.parametrize(
    ("method", "address", "status", "title", "code"),
    [
        ("GET", "/api/nowhere", 404, "Not Found", "not_found"),
        ("POST", "/api/nowhere", 404, "Not Found", "not_found"),
        ("GET", "/api/", 404, "Not Found", "not_found"),
        ("GET", IMAGE, 404, "Not Found", "not_found"),
        ("GET", "/api/images/nonsense", 404, "Not Found", "not_found"),
        ("PUT", IMAGE, 405, "Method Not Allowed", "method_not_allowed"),
        ("PATCH", IMAGE, 404, "Not Found", "not_found"),
        ("GET", "/api/predict", 405, "Method Not Allowed", "method_not_allowed"),
        ("POST", "/api/predict", 400, "Bad Request", "not_an_image"),
        ("GET", "/api/runs", 403, "Forbidden", "permission_denied"),
        ("GET", "/api/models/%00", 404, "Not Found", "not_found"),
        ("GET", "/api/images?limit=0", 400, "Bad Request", "invalid"),
    ],
)
def test_problem_has_status_title_and_code(
    labeller_api: Client, method: str, address: str, status: int, title: str, code: str
) -> None:
    problem = get_problem(labeller_api.generic(method, address, b"x", content_type="image/png"))

    assert MEMBERS <= set(problem) <= MEMBERS | {"errors"}
    assert (problem["status"], problem["title"], problem["code"]) == (status, title, code)


@pytest.mark.parametrize(
    ("address", "detail"),
    [
        (IMAGE, "There is no image with this id. It may have been deleted."),
        (IMAGE.replace("images", "uploads"), "There is no upload with this id."),
        ("/api/models/nobody", "There is no model with this name."),
        ("/api/runs/99", "There is no training run with this number."),
        ("/api/nowhere", "The address is wrong"),
    ],
)
def test_missing_object_is_named(admin_client: Client, address: str, detail: str) -> None:
    assert detail in get_problem(admin_client.get(address))["detail"]


@pytest.mark.parametrize(
    ("address", "name", "hint"),
    [
        ("/api/images?digit=7", "digit", "Use one of: cursor, limit, label, source"),
        ("/api/labels.npz?limit=7", "limit", "Use one of: source, labelled_after."),
        ("/api/runs?label=7", "label", "Use one of: cursor, limit."),
        (f"{IMAGE}?limit=7", "limit", "This address has no parameters."),
    ],
)
def test_unknown_parameter_is_refused_with_the_allowed_ones(
    admin_client: Client, address: str, name: str, hint: str
) -> None:
    response = admin_client.get(address)

    problem = get_problem(response)
    assert (response.status_code, problem["code"]) == (400, "unknown_parameter")
    assert problem["detail"].startswith(f"'{name}' is not a parameter. {hint}")
    assert [*problem["errors"]] == [name]


def test_deletion_without_key_names_the_header(client: Client) -> None:
    response = client.delete(IMAGE.replace("images", "uploads"))

    assert response.status_code == 401
    assert "in the header Delete-Key" in get_problem(response)["detail"]


def test_anonymous_request_gets_authenticate_header(client: Client) -> None:
    response = client.get("/api/images")

    assert get_problem(response)["code"] == "not_authenticated"
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")


def test_wrong_method_lists_allowed_methods(labeller_api: Client) -> None:
    assert labeller_api.put(IMAGE).headers["Allow"] == "GET, PATCH, HEAD, OPTIONS"


def test_invalid_input_is_reported_by_field(labeller_api: Client) -> None:
    image = factories.create_image()

    response = labeller_api.patch(f"/api/images/{image.pk}", {"label": "x"}, "application/json")

    problem = get_problem(response)
    assert (problem["status"], problem["code"]) == (400, "invalid")
    assert problem["errors"] == {"label": ['"x" is not a valid choice.']}
    assert problem["detail"] == 'label: "x" is not a valid choice.'


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
def test_nested_errors_are_flattened(detail: Any, errors: dict[str, list[str]]) -> None:
    problem = build_problem(ValidationError(detail))

    assert problem is not None
    assert problem.errors == errors


def test_invalid_json_is_rejected(labeller_api: Client) -> None:
    image = factories.create_image()

    def send(body: str, media_type: str = "application/json") -> tuple[int, str]:
        response = labeller_api.generic("PATCH", f"/api/images/{image.pk}", body, media_type)
        return response.status_code, get_problem(response)["code"]

    assert send("{") == (400, "parse_error")
    assert send("[]") == send("{}") == (400, "invalid")
    for media_type in ("text/plain", "application/x-www-form-urlencoded"):
        assert send("label=7", media_type) == (415, "unsupported_media_type")
    assert not LabelChange.objects.exists()


def test_large_or_chunked_body_is_rejected(client: Client, settings: Settings) -> None:
    settings.MAX_UPLOAD_BYTES = 1
    large = client.generic("POST", "/api/predict", bytes(70_000))
    chunked = client.generic("POST", "/api/predict", b"", HTTP_TRANSFER_ENCODING="chunked")

    assert (large.status_code, get_problem(large)["code"]) == (413, "too_large")
    assert (chunked.status_code, get_problem(chunked)["code"]) == (411, "length_required")


def test_missing_model_or_database_is_a_problem(
    client: Client, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = client.post("/api/predict", draw_digit(7), "image/png")
    break_champion(monkeypatch, OperationalError("the connection is closed"))
    closed = client.post("/api/predict", draw_digit(7), "image/png")

    assert [get_problem(each)["code"] for each in (missing, closed)] == ["no_model", "no_database"]
    assert {missing.status_code, closed.status_code} == {503}
    assert "promote" in get_problem(missing)["detail"]
    assert not Upload.objects.exists()


def test_django_permission_denied_is_a_problem() -> None:
    problem = build_problem(PermissionDenied("innards"))

    assert problem is not None
    assert (problem.status, problem.code) == (403, "permission_denied")
    assert "innards" not in problem.detail


def test_foreign_host_is_rejected(client: Client) -> None:
    response = client.get("/api/images", headers={"Host": "elsewhere.example"})

    assert (response.status_code, get_problem(response)["code"]) == (400, "bad_request")
