from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from classifier.access.throttles import AddressThrottle
from classifier.models import InputImage, ModelVersion, Suggestion, Upload
from classifier.recognition.labels import Scope
from classifier.tests import factories
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Draw
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db


@pytest.fixture
def answer(champion: ModelVersion, client: Client, draw_digit: Draw) -> dict[str, Any]:
    """The answer to a new upload."""
    data: dict[str, Any] = client.post("/api/predict", draw_digit(7), "image/png").json()
    return data


@pytest.fixture
def deleter(outsider: User) -> User:
    """A member of staff who may only delete uploads."""
    outsider.is_staff = True
    outsider.save()
    outsider.user_permissions.set(Permission.objects.filter(codename="delete_upload"))
    return outsider


def delete_upload(client: Client, upload: Any, headers: dict[str, str]) -> tuple[int, str]:
    response = client.delete(f"/api/uploads/{upload}", headers=headers)
    return response.status_code, response.json()["code"] if response.content else ""


def delete_with_key(client: Client, answer: dict[str, Any]) -> tuple[int, str]:
    return delete_upload(client, answer["id"], {"Delete-Key": answer["delete_key"]})


def test_answer_is_repeated_without_delete_key(client: Client, answer: dict[str, Any]) -> None:
    again = client.get(f"/api/uploads/{answer['id']}").json()

    assert "delete_key" not in again
    assert answer == again | {"delete_key": answer["delete_key"]}


def test_answer_is_sent_again_once_there_is_a_newer_prediction(
    client: Client, answer: dict[str, Any]
) -> None:
    address = f"/api/uploads/{answer['id']}"
    headers = {"If-None-Match": client.get(address).headers["ETag"]}
    assert client.get(address, headers=headers).status_code == 304

    factories.create_prediction(
        InputImage.objects.get(), factories.create_version(), label="3", best_guess="3"
    )

    again = client.get(address, headers=headers).json()
    assert (again["label"], again["model"]) == ("3", "made")


@pytest.mark.parametrize("name", [factories.UNKNOWN_ID, "nonsense"])
def test_unknown_upload_is_not_found(client: Client, name: str) -> None:
    response = client.get(f"/api/uploads/{name}")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_delete_key_deletes_upload_and_file(
    client: Client,
    answer: dict[str, Any],
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert delete_with_key(client, answer) == (204, "")

    assert not Upload.objects.exists()
    assert not list_stored_files(settings)
    assert client.get(f"/api/uploads/{answer['id']}").status_code == 404
    assert delete_with_key(client, answer) == (404, "not_found")


def test_delete_key_needs_no_csrf_token(answer: dict[str, Any], outsider: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(outsider)

    assert delete_with_key(client, answer) == (204, "")


@pytest.mark.parametrize(
    "key", ["", "nonsense", "é", "0" * 64, deletion.make_deletion_key(factories.UNKNOWN_ID)]
)
def test_wrong_delete_key_is_rejected(client: Client, answer: dict[str, Any], key: str) -> None:
    assert delete_with_key(client, answer | {"delete_key": key}) == (403, "wrong_delete_key")
    assert Upload.objects.exists()


def test_wrong_delete_key_of_staff_is_rejected(
    client: Client, answer: dict[str, Any], deleter: User
) -> None:
    headers = factories.create_token_header(deleter) | {"Delete-Key": "nonsense"}

    assert delete_upload(client, answer["id"], headers) == (403, "wrong_delete_key")


def test_delete_key_of_other_site_is_rejected(
    client: Client, answer: dict[str, Any], settings: Settings
) -> None:
    settings.SECRET_KEY = "another site's key"

    assert delete_with_key(client, answer) == (403, "wrong_delete_key")


def test_deletion_without_key_needs_permission(
    client: Client, answer: dict[str, Any], outsider: User, labeller: User
) -> None:
    assert delete_upload(client, answer["id"], {}) == (401, "not_authenticated")
    for user in (outsider, labeller):
        headers = factories.create_token_header(user)
        assert delete_upload(client, answer["id"], headers) == (403, "permission_denied")
    assert Upload.objects.exists()


def test_staff_delete_with_permission_and_scope(
    client: Client, answer: dict[str, Any], deleter: User
) -> None:
    others = (scope for scope in Scope if scope != Scope.DELETE)
    headers = factories.create_token_header(deleter, *others)
    assert delete_upload(client, answer["id"], headers) == (403, "missing_scope")

    headers = factories.create_token_header(deleter, Scope.DELETE)
    assert delete_upload(client, answer["id"], headers) == (204, "")
    assert delete_upload(client, answer["id"], headers) == (404, "not_found")


def suggest_label(client: Client, image: Any, label: Any) -> Any:
    body = {"label": label}
    return client.post(f"/api/images/{image}/suggestions", body, content_type="application/json")


def test_suggestion_changes_no_label(client: Client, answer: dict[str, Any]) -> None:
    image = answer["digits"][0]["id"]

    response = suggest_label(client, image, "1")

    assert (response.status_code, response.json()) == (201, {"label": "1"})
    suggestion = Suggestion.objects.get()
    assert (str(suggestion.image_id), suggestion.label) == (image, "1")
    assert factories.get_label(suggestion.image_id) == "unknown"


@pytest.mark.parametrize("label", ["seven", "", "10", "unknown", None, ["7"]])
def test_invalid_suggestion_is_rejected(client: Client, label: Any) -> None:
    response = suggest_label(client, factories.create_image().pk, label)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert not Suggestion.objects.exists()


def test_suggestion_needs_existing_upload(client: Client) -> None:
    for image in (factories.create_mnist_image().pk, factories.UNKNOWN_ID):
        response = suggest_label(client, image, "7")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_suggestions_count_towards_rate_limit(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "requests", 2)
    monkeypatch.setattr(AddressThrottle, "seconds", 3600)
    image = factories.create_image().pk

    assert [suggest_label(client, image, "7").status_code for _ in range(3)] == [201, 201, 429]
    assert client.post("/api/predict", b"a", "image/png").status_code == 429
