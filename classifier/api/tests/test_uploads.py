"""An upload in the API: its answer, deleting it, and what somebody says that its digits are."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from classifier.access.throttles import AddressThrottle
from classifier.models import InputImage, ModelVersion, Suggestion, Upload
from classifier.recognition.labels import Scope
from classifier.tests import factories
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def sent(champion: ModelVersion, client: Client, drawn: Draw) -> dict[str, Any]:
    """The answer to a picture that somebody has just sent."""
    answer: dict[str, Any] = client.post("/api/predict", drawn(7), "image/png").json()
    return answer


@pytest.fixture
def deleter(outsider: User) -> User:
    """Staff who may delete uploads, and nothing else."""
    outsider.is_staff = True
    outsider.save()
    outsider.user_permissions.set(Permission.objects.filter(codename="delete_upload"))
    return outsider


def delete(client: Client, upload: Any, **headers: str) -> tuple[int, str]:
    response = client.delete(f"/api/uploads/{upload}", headers=headers)
    return response.status_code, response.json()["code"] if response.content else ""


def test_an_answer_can_be_got_again_but_not_the_key_to_delete_it(
    client: Client, sent: dict[str, Any]
) -> None:
    again = client.get(f"/api/uploads/{sent['id']}").json()

    assert "delete_key" not in again
    assert sent == again | {"delete_key": sent["delete_key"]}


def test_it_is_by_the_newest_prediction(client: Client, sent: dict[str, Any]) -> None:
    factories.create_prediction(
        InputImage.objects.get(), factories.create_version(), label="3", best_guess="3"
    )

    again = client.get(f"/api/uploads/{sent['id']}").json()

    assert (again["label"], again["model"]) == ("3", "made")


def test_who_has_the_answer_is_not_sent_it_again(client: Client, sent: dict[str, Any]) -> None:
    address = f"/api/uploads/{sent['id']}"
    tag = client.get(address).headers["ETag"]

    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304

    factories.create_prediction(
        InputImage.objects.get(), factories.create_version(), label="3", best_guess="3"
    )
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("name", [NOBODY, "nonsense"])
def test_what_was_never_sent_is_not_found(client: Client, name: str) -> None:
    response = client.get(f"/api/uploads/{name}")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_who_sent_it_deletes_it_by_its_key(
    client: Client,
    sent: dict[str, Any],
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert delete(client, sent["id"], **{"Delete-Key": sent["delete_key"]}) == (204, "")

    assert not Upload.objects.exists()
    assert not [path for path in (settings.MEDIA_ROOT / "uploads").rglob("*") if path.is_file()]
    assert client.get(f"/api/uploads/{sent['id']}").status_code == 404
    again = delete(client, sent["id"], **{"Delete-Key": sent["delete_key"]})
    assert again == (404, "not_found")


def test_who_is_logged_in_deletes_by_the_key_without_a_token_against_forgery(
    sent: dict[str, Any], outsider: User
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(outsider)

    assert delete(client, sent["id"], **{"Delete-Key": sent["delete_key"]}) == (204, "")


@pytest.mark.parametrize("key", ["", "nonsense", "é", "0" * 64, deletion.make_deletion_key(NOBODY)])
def test_a_wrong_key_deletes_nothing(client: Client, sent: dict[str, Any], key: str) -> None:
    assert delete(client, sent["id"], **{"Delete-Key": key}) == (403, "wrong_delete_key")
    assert Upload.objects.exists()


def test_a_wrong_key_is_one_for_staff_too(
    client: Client, sent: dict[str, Any], deleter: User
) -> None:
    headers = factories.create_token_header(deleter) | {"Delete-Key": "nonsense"}

    assert delete(client, sent["id"], **headers) == (403, "wrong_delete_key")


def test_the_key_of_another_site_is_wrong(
    client: Client, sent: dict[str, Any], settings: Settings
) -> None:
    settings.SECRET_KEY = "of another site"

    assert delete(client, sent["id"], **{"Delete-Key": sent["delete_key"]})[0] == 403


def test_without_a_key_only_staff_with_the_right_delete(
    client: Client, sent: dict[str, Any], outsider: User, labeller: User
) -> None:
    assert delete(client, sent["id"]) == (401, "not_authenticated")
    assert delete(client, sent["id"], **factories.create_token_header(outsider)) == (
        403,
        "permission_denied",
    )
    assert delete(client, sent["id"], **factories.create_token_header(labeller)) == (
        403,
        "permission_denied",
    )
    assert Upload.objects.exists()


def test_staff_with_the_right_delete(client: Client, sent: dict[str, Any], deleter: User) -> None:
    others = factories.create_token_header(
        deleter, *(scope for scope in Scope if scope != Scope.DELETE)
    )
    assert delete(client, sent["id"], **others) == (403, "missing_scope")

    assert delete(client, sent["id"], **factories.create_token_header(deleter, Scope.DELETE)) == (
        204,
        "",
    )
    assert delete(client, sent["id"], **factories.create_token_header(deleter)) == (
        404,
        "not_found",
    )


def suggest(client: Client, image: Any, label: Any) -> Any:
    body = {"label": label}
    return client.post(f"/api/images/{image}/suggestions", body, content_type="application/json")


def test_anybody_says_what_a_digit_is_which_changes_no_label(
    client: Client, sent: dict[str, Any]
) -> None:
    image = sent["digits"][0]["id"]

    response = suggest(client, image, "1")

    assert (response.status_code, response.json()) == (201, {"label": "1"})
    suggestion = Suggestion.objects.get()
    assert (str(suggestion.image_id), suggestion.label) == (image, "1")
    assert factories.get_label(suggestion.image_id) == "unknown"


@pytest.mark.parametrize("label", ["seven", "", "10", "unknown", None, ["7"]])
def test_what_is_no_answer_is_refused(client: Client, label: Any) -> None:
    response = suggest(client, factories.create_image().pk, label)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert not Suggestion.objects.exists()


def test_nothing_is_suggested_for_mnist_or_for_what_is_not_there(client: Client) -> None:
    for image in (factories.create_mnist_image().pk, NOBODY):
        response = suggest(client, image, "7")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_suggestions_are_counted_with_the_pictures(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "2/s", raising=False)
    monkeypatch.setattr(AddressThrottle, "timer", lambda _: 1000.0)
    image = factories.create_image().pk

    assert [suggest(client, image, "7").status_code for _ in range(3)] == [201, 201, 429]
    assert client.post("/api/predict", b"a", "image/png").status_code == 429
