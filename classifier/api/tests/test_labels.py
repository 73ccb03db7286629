from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from classifier.models import InputImage, LabelChange, Via
from classifier.tests import factories

pytestmark = pytest.mark.django_db


def set_labels(client: Client, labels: Any, **headers: str) -> Any:
    body = {"labels": labels}
    return client.post("/api/labels", body, content_type="application/json", headers=headers)


def build_label(image: InputImage, label: str) -> dict[str, str]:
    return {"id": str(image.pk), "label": label}


def list_labels() -> list[str]:
    return sorted(InputImage.objects.values_list("label", flat=True))


def test_each_image_gets_its_label_and_history(client: Client, labeller: User) -> None:
    wanted = {
        factories.create_queue_item().image: label for label in ("7", "1", "7", "not_a_digit")
    }

    response = set_labels(
        client,
        [build_label(*each) for each in wanted.items()],
        **factories.create_token_header(labeller),
    )

    assert (response.status_code, response.json()) == (200, {"labelled": 4})
    for image, label in wanted.items():
        assert factories.get_label(image.pk) == label
        change = LabelChange.objects.get(image=image)
        assert (change.to_label, change.changed_by, change.via) == (label, labeller, Via.API)


def test_unknown_removes_label(labeller_api: Client) -> None:
    image = factories.create_queue_item(label="7").image

    assert set_labels(labeller_api, [build_label(image, "unknown")]).status_code == 200

    image.refresh_from_db()
    assert (image.label, image.labelled_by) == ("unknown", None)


def test_repeated_image_is_labelled_once(labeller_api: Client) -> None:
    image = factories.create_image()

    response = set_labels(labeller_api, [build_label(image, "7"), build_label(image, "7")])

    assert response.json() == {"labelled": 1}
    assert LabelChange.objects.count() == 1


def test_image_with_two_labels_rejects_request(labeller_api: Client) -> None:
    image = factories.create_image()

    response = set_labels(
        labeller_api,
        [
            build_label(factories.create_image(), "1"),
            build_label(image, "7"),
            build_label(image, "2"),
        ],
    )

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert f"{image.pk} has two labels" in response.json()["errors"]["labels"][0]
    assert list_labels() == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("other", "status", "code"),
    [
        ({"id": factories.UNKNOWN_ID, "label": "7"}, 404, "not_found"),
        ({"id": "nonsense", "label": "7"}, 400, "invalid"),
        ({"id": factories.UNKNOWN_ID, "label": "seven"}, 400, "invalid"),
        ({"id": factories.UNKNOWN_ID}, 400, "invalid"),
        ({"label": "7"}, 400, "invalid"),
        ("7", 400, "invalid"),
    ],
)
def test_invalid_label_rejects_request(
    labeller_api: Client, other: Any, status: int, code: str
) -> None:
    response = set_labels(labeller_api, [build_label(factories.create_image(), "7"), other])

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert list_labels() == ["unknown"]
    assert not LabelChange.objects.exists()


def test_mnist_image_rejects_request(labeller_api: Client) -> None:
    response = set_labels(
        labeller_api,
        [
            build_label(factories.create_image(), "7"),
            build_label(factories.create_mnist_image(), "1"),
        ],
    )

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list_labels() == ["7", "unknown"]


@pytest.mark.parametrize(
    "wanted", [[], {}, None, "7", [{"id": factories.UNKNOWN_ID, "label": "7"}] * 1001]
)
def test_list_needs_1_to_1000_labels(labeller_api: Client, wanted: Any) -> None:
    response = set_labels(labeller_api, wanted)

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert "labels" in response.json()["errors"]


def test_number_of_queries_depends_on_distinct_labels_only(
    labeller_api: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    upload = factories.create_upload()
    images = [
        InputImage(source="web", upload=upload, box=[0, 0, 9, 9], pixels=bytes(784))
        for _ in range(1000)
    ]
    InputImage.objects.bulk_create(images)
    wanted = [build_label(image, str(place % 10)) for place, image in enumerate(images)]

    with django_assert_max_num_queries(80):
        assert set_labels(labeller_api, wanted).json() == {"labelled": 1000}
    assert InputImage.objects.filter(label="3").count() == 100
