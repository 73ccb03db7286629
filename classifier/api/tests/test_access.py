from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from classifier.models import InputImage, LabelChange, ModelVersion, TrainingRun
from classifier.recognition.labels import Scope
from classifier.registry import runs
from classifier.tests import factories

pytestmark = pytest.mark.django_db

REQUESTS = [
    ("GET", "/api/images", Scope.READ, "view_inputimage"),
    ("HEAD", "/api/images", Scope.READ, "view_inputimage"),
    ("GET", "/api/images/{image}", Scope.READ, "view_inputimage"),
    ("PATCH", "/api/images/{image}", Scope.LABEL, "label_inputimage"),
    ("POST", "/api/labels", Scope.LABEL, "label_inputimage"),
    ("POST", "/api/labels/import", Scope.IMPORT, "label_inputimage"),
    ("GET", "/api/labels.npz", Scope.EXPORT, "view_inputimage"),
    ("GET", "/api/labels.zip", Scope.EXPORT, "view_inputimage"),
    ("GET", "/api/models", Scope.READ, "view_modelversion"),
    ("GET", "/api/models/baseline", Scope.READ, "view_modelversion"),
    ("POST", "/api/models/baseline/promote", Scope.PROMOTE, "promote_modelversion"),
    ("GET", "/api/promotions", Scope.READ, "view_modelversion"),
    ("POST", "/api/promotions/rollback", Scope.PROMOTE, "promote_modelversion"),
    ("GET", "/api/runs", Scope.READ, "view_trainingrun"),
    ("GET", "/api/runs/{run}", Scope.READ, "view_trainingrun"),
    ("POST", "/api/runs/{run}/cancel", Scope.TRAIN, "start_trainingrun"),
    ("POST", "/api/runs", Scope.TRAIN, "start_trainingrun"),
]
PERMISSIONS = sorted({codename for *_, codename in REQUESTS})


@pytest.fixture
def ids(champion: ModelVersion) -> dict[str, Any]:
    return {"image": factories.create_image().pk, "run": runs.queue_run(None, fine_tune=False).pk}


def send(method: str, address: str, headers: dict[str, str]) -> tuple[int, str]:
    """Return the status and the code of the error, if any."""
    body = '{"label": "7", "fine_tune": false}'
    response: Any = Client().generic(method, address, body, "application/json", headers=headers)
    content = response.getvalue()
    is_error = content and response.status_code >= 400
    return response.status_code, response.json()["code"] if is_error else ""


def assert_all_rejected(ids: dict[str, Any], headers: dict[str, str], *error: object) -> None:
    for method, address, *_ in REQUESTS:
        status, code = send(method, address.format(**ids), headers)
        assert (status, code or error[1]) == error, address
    assert InputImage.objects.get().label == "unknown"
    assert TrainingRun.objects.get().state == "queued"
    assert not LabelChange.objects.exists()


def test_request_without_login_is_rejected(ids: dict[str, Any]) -> None:
    assert_all_rejected(ids, {}, 401, "not_authenticated")


def test_user_who_is_not_staff_is_rejected_despite_permissions(
    ids: dict[str, Any], outsider: User
) -> None:
    permissions = Permission.objects.filter(content_type__app_label="classifier")
    outsider.user_permissions.set(permissions)

    assert_all_rejected(ids, factories.create_token_header(outsider), 403, "permission_denied")


def test_staff_without_permission_are_rejected(ids: dict[str, Any], outsider: User) -> None:
    outsider.is_staff = True
    outsider.save()

    assert_all_rejected(ids, factories.create_token_header(outsider), 403, "permission_denied")


@pytest.mark.parametrize("codename", PERMISSIONS)
def test_permission_allows_only_its_requests(
    ids: dict[str, Any], outsider: User, codename: str
) -> None:
    outsider.is_staff = True
    outsider.save()
    outsider.user_permissions.set(Permission.objects.filter(codename=codename))
    headers = factories.create_token_header(outsider)

    allowed = [
        (method, address)
        for method, address, *_ in REQUESTS
        if send(method, address.format(**ids), headers)[0] != 403
    ]

    assert allowed == [
        (method, address) for method, address, _, needed in REQUESTS if needed == codename
    ]


@pytest.mark.parametrize(("method", "address", "scope"), [each[:3] for each in REQUESTS])
def test_request_needs_exactly_one_scope(
    ids: dict[str, Any], admin_user: User, method: str, address: str, scope: Scope
) -> None:
    address = address.format(**ids)
    others = [each for each in Scope if each != scope]

    status, code = send(method, address, factories.create_token_header(admin_user, *others))

    assert (status, code or "missing_scope") == (403, "missing_scope")
    assert send(method, address, factories.create_token_header(admin_user, scope))[0] != 403


def test_session_has_all_scopes(ids: dict[str, Any], labeller_client: Client) -> None:
    address = f"/api/images/{ids['image']}"

    assert labeller_client.patch(address, {"label": "7"}, "application/json").status_code == 200


def test_options_need_no_scope(admin_user: User) -> None:
    headers = factories.create_token_header(admin_user, Scope.EXPORT)

    assert Client().options("/api/images", headers=headers).status_code == 200
