from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from classifier.models import ModelVersion
from classifier.recognition.labels import Scope
from classifier.registry import runs
from classifier.tests import factories

pytestmark = pytest.mark.django_db

REQUESTS = [
    ("GET", "/api/images", Scope.READ),
    ("HEAD", "/api/images", Scope.READ),
    ("GET", "/api/images/{image}", Scope.READ),
    ("PATCH", "/api/images/{image}", Scope.LABEL),
    ("GET", "/api/models", Scope.READ),
    ("GET", "/api/models/baseline", Scope.READ),
    ("POST", "/api/models/baseline/promote", Scope.PROMOTE),
    ("GET", "/api/runs", Scope.READ),
    ("GET", "/api/runs/{run}", Scope.READ),
    ("POST", "/api/runs/{run}/cancel", Scope.TRAIN),
    ("POST", "/api/runs", Scope.TRAIN),
]


@pytest.fixture
def ids(champion: ModelVersion) -> dict[str, Any]:
    return {"image": factories.create_image().pk, "run": runs.queue_run(None, fine_tune=False).pk}


def send(method: str, address: str, headers: dict[str, str]) -> Any:
    body = '{"label": "7", "fine_tune": false}'
    json = "application/json"
    return Client().generic(method, address, body, content_type=json, headers=headers)


@pytest.mark.parametrize(("method", "address", "scope"), REQUESTS)
def test_request_needs_exactly_one_scope(
    ids: dict[str, Any], admin_user: User, method: str, address: str, scope: Scope
) -> None:
    address = address.format(**ids)
    others = [each for each in Scope if each != scope]

    rejected = send(method, address, factories.create_token_header(admin_user, *others))

    assert rejected.status_code == 403
    if method != "HEAD":
        assert rejected.json()["code"] == "missing_scope"
        assert f"'{scope}'" in rejected.json()["detail"]
    assert (
        send(method, address, factories.create_token_header(admin_user, scope)).status_code != 403
    )


@pytest.mark.parametrize(("method", "address", "scope"), REQUESTS)
def test_scope_does_not_replace_permission(
    ids: dict[str, Any], outsider: User, method: str, address: str, scope: Scope
) -> None:
    permissions = Permission.objects.filter(content_type__app_label="classifier")
    outsider.user_permissions.set(permissions)  # but the user is not staff

    response = send(method, address.format(**ids), factories.create_token_header(outsider))

    assert response.status_code == 403
    assert method == "HEAD" or response.json()["code"] == "permission_denied"


def test_session_has_all_scopes(ids: dict[str, Any], labeller: User) -> None:
    client = Client()
    client.force_login(labeller)
    address = f"/api/images/{ids['image']}"

    assert client.patch(address, {"label": "7"}, "application/json").status_code == 200


def test_options_need_no_scope(admin_user: User) -> None:
    headers = factories.create_token_header(admin_user, Scope.EXPORT)

    assert Client().options("/api/images", headers=headers).status_code == 200
