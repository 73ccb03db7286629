"""Which images the API lists: by what they are, by what was read in them, by when they came."""

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

Listed = Callable[..., set[str]]


@pytest.fixture
def listed(labeller_api: Client) -> Listed:
    def ask(**query: Any) -> set[str]:
        found = labeller_api.get("/api/images", query).json()["results"]
        return {image["id"] for image in found}

    return ask


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
def test_images_are_filtered_by_what_they_are(
    listed: Listed, query: dict[str, str], expected: set[str]
) -> None:
    factories.create_mnist_image()
    names = {
        str(factories.create_image(source=source, label=label).pk): f"{source} {label}"
        for source, label in ((Source.WEB, "unknown"), (Source.API, "unknown"), (Source.API, "7"))
    }

    assert {names[image] for image in listed(**query)} == expected


def test_only_the_newest_prediction_counts(listed: Listed) -> None:
    old, new = factories.create_version(name="old"), factories.create_version(name="new")
    surer, once, never = (
        factories.create_image(),
        factories.create_image(),
        factories.create_image(),
    )
    factories.create_prediction(surer, old, **UNSURE)
    factories.create_prediction(surer, new)
    factories.create_prediction(once, old, **UNSURE)

    assert listed(verdict="unsure") == listed(model="old") == {str(once.pk)}
    assert listed(verdict="digit") == listed(model="new") == {str(surer.pk)}
    assert listed(verdict="digit", model="old") == listed(verdict="not_a_digit") == set()
    assert len(listed()) == len({surer.pk, once.pk, never.pk})


def test_all_digits_of_an_upload_are_found(listed: Listed) -> None:
    upload = factories.create_upload()
    pair = {str(factories.create_image(upload=upload).pk) for _ in range(2)}
    factories.create_image()

    assert listed(upload=upload.pk) == pair


def test_times_are_borders_that_are_not_within(listed: Listed) -> None:
    images = [factories.create_image() for _ in range(3)]
    for hours, image in enumerate(images):
        InputImage.objects.filter(pk=image.pk).update(created_at=NOON + timedelta(hours=hours))
    first, second, third = (str(image.pk) for image in images)

    assert listed(created_after="2026-11-23T12:00:00Z") == {second, third}
    assert listed(created_before="2026-11-23T15:00:00+01:00") == {first, second}
    between = {"created_after": "2026-11-23T12:00Z", "created_before": "2026-11-23T14:00Z"}
    assert listed(**between) == {second}


@pytest.mark.parametrize(
    ("field", "value", "said"),
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
def test_a_wrong_value_is_refused_with_those_there_are(
    labeller_api: Client, field: str, value: str, said: str
) -> None:
    factories.create_version(name="earlier")
    factories.create_version(name="made")

    response = labeller_api.get("/api/images", {field: value})

    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert list(response.json()["errors"]) == [field]
    assert said in response.json()["errors"][field][0]


def test_what_filters_the_list_does_not_hide_an_image(labeller_api: Client) -> None:
    image = factories.create_image()

    assert labeller_api.get(f"/api/images/{image.pk}?label=seven").status_code == 200
