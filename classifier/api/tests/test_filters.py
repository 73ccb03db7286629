from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from classifier.models import InputImage, Source
from classifier.recognition.labels import Verdict
from classifier.tests import factories

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
UNSURE = {"label": "unknown", "verdict": Verdict.UNSURE, "reason": "low_confidence"}

ListIds = Callable[..., set[str]]


@pytest.fixture
def list_ids(labeller_api: Client) -> ListIds:
    def send(**query: Any) -> set[str]:
        results = labeller_api.get("/api/images", query).json()["results"]
        return {image["id"] for image in results}

    return send


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"web unknown", "api unknown", "api 7"}),
        ({"label": "unknown"}, {"web unknown", "api unknown"}),
        ({"label": "7"}, {"api 7"}),
        ({"label": "not_a_digit"}, set()),
        ({"source": "api"}, {"api unknown", "api 7"}),
        ({"source": "api", "label": "unknown"}, {"api unknown"}),
        ({"labelled": "true"}, {"api 7"}),
        ({"labelled": "false"}, {"web unknown", "api unknown"}),
        ({"labelled": "false", "source": "web"}, {"web unknown"}),
    ],
)
def test_images_are_filtered_by_label_and_source(
    list_ids: ListIds, query: dict[str, str], expected: set[str]
) -> None:
    factories.create_mnist_image()
    names = {
        str(factories.create_image(source=source, label=label).pk): f"{source} {label}"
        for source, label in ((Source.WEB, "unknown"), (Source.API, "unknown"), (Source.API, "7"))
    }

    assert {names[image] for image in list_ids(**query)} == expected


def test_images_are_filtered_by_newest_prediction(list_ids: ListIds) -> None:
    old, new = factories.create_version(name="old"), factories.create_version(name="new")
    certain, unsure, unread = (factories.create_image() for _ in range(3))
    factories.create_prediction(certain, old, **UNSURE)
    factories.create_prediction(certain, new)
    factories.create_prediction(unsure, old, **UNSURE)

    assert list_ids(verdict="unsure") == list_ids(model="old") == {str(unsure.pk)}
    assert list_ids(verdict="digit") == list_ids(model="new") == {str(certain.pk)}
    assert list_ids(verdict="digit", model="old") == list_ids(verdict="not_a_digit") == set()
    assert len(list_ids()) == len({certain.pk, unsure.pk, unread.pk})


def test_images_are_filtered_by_upload(list_ids: ListIds) -> None:
    upload = factories.create_upload()
    pair = {str(factories.create_image(upload=upload).pk) for _ in range(2)}
    factories.create_image()

    assert list_ids(upload=upload.pk) == pair


def test_time_limits_are_exclusive(list_ids: ListIds) -> None:
    images = [factories.create_image() for _ in range(3)]
    for hours, image in enumerate(images):
        InputImage.objects.filter(pk=image.pk).update(created_at=NOON + timedelta(hours=hours))
    first, second, third = (str(image.pk) for image in images)

    assert list_ids(created_after="2026-11-23T12:00:00Z") == {second, third}
    assert list_ids(created_before="2026-11-23T15:00:00+01:00") == {first, second}
    between = {"created_after": "2026-11-23T12:00Z", "created_before": "2026-11-23T14:00Z"}
    assert list_ids(**between) == {second}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("label", "seven", "'seven' is not one of 0, 1, 2, 3"),
        ("label", "\0", "is not one of 0, 1, 2, 3"),
        ("label", "", "'' is not one of 0, 1, 2, 3"),
        ("source", "mnist", "'mnist' is not one of web, api."),
        ("verdict", "sure", "'sure' is not one of digit, unsure, not_a_digit."),
        ("model", "gone", "'gone' is not one of made, earlier."),
        ("model", "a\0b", "Null characters"),
        ("upload", "x", "Must be a valid UUID."),
        ("labelled", "perhaps", "Use true or false."),
        ("created_after", "yesterday", "YYYY-MM-DDThh:mm"),
        ("created_before", "0001-01-01T00:00+14:00", "out of range"),
        ("limit", "0", "greater than or equal to 1"),
        ("limit", "201", "less than or equal to 200"),
        ("limit", "many", "integer"),
    ],
)
def test_wrong_value_is_rejected_with_valid_values(
    labeller_api: Client, field: str, value: str, message: str
) -> None:
    factories.create_version(name="earlier")
    factories.create_version(name="made")

    response = labeller_api.get("/api/images", {field: value})

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]
    assert message in response.json()["errors"][field][0]


def test_single_image_has_no_filters(labeller_api: Client) -> None:
    image = factories.create_image()

    assert labeller_api.get(f"/api/images/{image.pk}?label=7").status_code == 400
