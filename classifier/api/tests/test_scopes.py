"""A token does what its scopes name, as far as its user may; a session does all that."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from classifier.models import ModelVersion
from classifier.recognition.labels import Scope
from classifier.registry import runs
from classifier.tests import factories

pytestmark = pytest.mark.django_db

ASKED = [
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
def everything(champion: ModelVersion) -> dict[str, Any]:
    return {"image": factories.create_image().pk, "run": runs.queue_run(None, fine_tune=False).pk}


def ask(method: str, address: str, headers: dict[str, str]) -> Any:
    body = '{"label": "7", "fine_tune": false}'
    json = "application/json"
    return Client().generic(method, address, body, content_type=json, headers=headers)


@pytest.mark.parametrize(("method", "address", "scope"), ASKED)
def test_each_request_takes_one_scope_and_no_other(
    everything: dict[str, Any], admin_user: User, method: str, address: str, scope: Scope
) -> None:
    address = address.format(**everything)
    others = [each for each in Scope if each != scope]

    refused = ask(method, address, factories.create_token_header(admin_user, *others))

    assert refused.status_code == 403
    if method != "HEAD":
        assert refused.json()["code"] == "missing_scope"
        assert f"'{scope}'" in refused.json()["detail"]
    assert ask(method, address, factories.create_token_header(admin_user, scope)).status_code != 403


@pytest.mark.parametrize(("method", "address", "scope"), ASKED)
def test_a_scope_gives_nothing_that_its_user_may_not_do(
    everything: dict[str, Any], outsider: User, method: str, address: str, scope: Scope
) -> None:
    rights = Permission.objects.filter(content_type__app_label="classifier")
    outsider.user_permissions.set(rights)  # but they are not staff

    response = ask(method, address.format(**everything), factories.create_token_header(outsider))

    assert response.status_code == 403
    assert method == "HEAD" or response.json()["code"] == "permission_denied"


def test_a_session_has_all_scopes(everything: dict[str, Any], labeller: User) -> None:
    client = Client()
    client.force_login(labeller)
    address = f"/api/images/{everything['image']}"

    assert client.patch(address, {"label": "7"}, "application/json").status_code == 200


def test_what_may_be_asked_takes_no_scope(admin_user: User) -> None:
    headers = factories.create_token_header(admin_user, Scope.EXPORT)

    assert Client().options("/api/images", headers=headers).status_code == 200
