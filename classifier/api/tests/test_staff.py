import base64
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from classifier.labelling import labels
from classifier.models import LabelChange, ModelState, RunState, Via
from classifier.tests import factories

pytestmark = pytest.mark.django_db


def set_label(client: Client, image: Any, label: Any, **headers: str) -> Any:
    body = {"label": label}
    return client.patch(
        f"/api/images/{image}", body, content_type="application/json", headers=headers
    )


def list_images(client: Client, query: str = "") -> list[str]:
    return [image["id"] for image in client.get(f"/api/images{query}").json()["results"]]


def test_uploaded_images_are_listed_newest_first(labeller_api: Client) -> None:
    factories.create_mnist_image()
    older, newer = factories.create_image(), factories.create_image()

    assert list_images(labeller_api) == [str(newer.pk), str(older.pk)]


def test_image_has_pixels_and_newest_prediction(labeller_api: Client) -> None:
    image = factories.create_image(pixels=bytes(range(256)) * 3 + bytes(16), box=[1, 2, 30, 40])
    version = factories.create_version()
    factories.create_prediction(image, version, best_guess="1", label="1")
    factories.create_prediction(image, version)

    data = labeller_api.get(f"/api/images/{image.pk}").json()

    assert base64.b64decode(data["pixels"]) == bytes(image.pixels)
    assert (data["id"], data["label"], data["source"]) == (str(image.pk), "unknown", "web")
    assert (data["upload"], data["box"]) == (str(image.upload_id), [1, 2, 30, 40])
    assert (data["prediction"]["label"], data["prediction"]["model"]) == ("7", "made")


def test_hidden_guess_is_null_until_there_is_a_label(
    labeller_api: Client, labeller: User, settings: Settings
) -> None:
    settings.HIDE_GUESS = True
    image = factories.create_image()
    factories.create_prediction(image, factories.create_version())
    address = f"/api/images/{image.pk}"

    assert labeller_api.get(address).json()["prediction"] is None
    listed = labeller_api.get("/api/images").json()["results"]
    assert [each["prediction"] for each in listed] == [None]

    labels.set_label(image.pk, "7", labeller, Via.API)
    assert labeller_api.get(address).json()["prediction"]["label"] == "7"


def test_page_of_images_takes_six_queries(
    labeller_api: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = factories.create_version()
    for _ in range(8):
        factories.create_prediction(factories.create_image(), version)

    # Session, user, permissions twice, images and predictions.
    with django_assert_num_queries(6):
        assert len(list_images(labeller_api)) == 8


def test_token_sets_label_with_history(client: Client, labeller: User) -> None:
    image = factories.create_image()

    response = set_label(client, image.pk, "7", **factories.create_token_header(labeller))

    assert (response.status_code, response.json()["label"]) == (200, "7")
    assert response.json()["labelled_at"] is not None
    change = LabelChange.objects.get()
    assert (change.image, change.changed_by, change.via) == (image, labeller, Via.API)


def test_session_needs_csrf_token_to_label(labeller: User) -> None:
    image = factories.create_image()
    client = Client(enforce_csrf_checks=True)
    client.force_login(labeller)

    assert set_label(client, image.pk, "7").status_code == 403
    assert not LabelChange.objects.exists()

    client.get("/")  # sets the CSRF cookie
    csrf = {"X-CSRFToken": client.cookies["csrftoken"].value}
    assert set_label(client, image.pk, "7", **csrf).status_code == 200
    assert LabelChange.objects.get().changed_by == labeller


@pytest.mark.parametrize("label", ["seven", "", "10", None, ["7"], {"a": 1}])
def test_invalid_label_is_rejected(labeller_api: Client, label: Any) -> None:
    image = factories.create_image()

    response = set_label(labeller_api, image.pk, label)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert response.json()["detail"].startswith("label: ")
    image.refresh_from_db()
    assert image.label == "unknown"


def test_mnist_images_are_not_found(labeller_api: Client) -> None:
    image = factories.create_mnist_image(label="7")

    assert labeller_api.get(f"/api/images/{image.pk}").status_code == 404
    assert set_label(labeller_api, image.pk, "1").status_code == 404
    image.refresh_from_db()
    assert image.label == "7"


def test_models_are_listed_newest_first(admin_client: Client) -> None:
    factories.create_version(name="first", state=ModelState.RETIRED)
    factories.create_version(
        name="second", state=ModelState.CHAMPION, metrics={"test": {"accuracy": 0.99}}
    )

    results = admin_client.get("/api/models").json()["results"]

    assert [(model["name"], model["state"]) for model in results] == [
        ("second", "champion"),
        ("first", "retired"),
    ]
    assert results[0]["metrics"] == {"test": {"accuracy": 0.99}}


def test_runs_are_listed_newest_first(admin_client: Client) -> None:
    factories.create_run(RunState.FAILED, error="out of memory")
    factories.create_run(RunState.SUCCEEDED, result=factories.create_version(name="better"))

    results = admin_client.get("/api/runs").json()["results"]

    assert [(run["state"], run["result"], run["error"]) for run in results] == [
        ("succeeded", "better", ""),
        ("failed", None, "out of memory"),
    ]


def test_images_cannot_be_created_or_deleted(admin_client: Client) -> None:
    image = factories.create_image()

    assert admin_client.delete(f"/api/images/{image.pk}").status_code == 405
    assert admin_client.put(f"/api/images/{image.pk}").status_code == 405
    assert admin_client.post("/api/images").status_code == 405
    assert list_images(admin_client) == [str(image.pk)]
