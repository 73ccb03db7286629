"""Tests of the admin's pages of models."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.admin.training_data import link_models_trained_on
from classifier.models import InputImage, ModelVersion
from classifier.registry import versions
from classifier.tests import factories
from classifier.tests.pages import get_admin_url, read_text

pytestmark = pytest.mark.django_db

LIST = "/admin/classifier/modelversion/"


@pytest.fixture
def better(champion: ModelVersion) -> ModelVersion:
    """A candidate beside the bundled model."""
    return factories.create_version(
        name="better", metrics={"test": {"digits": 10000, "accuracy": 0.998}}
    )


def build_comparison(**sets: dict[str, list[InputImage]]) -> dict[str, Any]:
    counts = {"images": 10000, "champion_right": 9969, "candidate_right": 9970, "p": 0.7}
    ids = {
        name: {side: [str(image.pk) for image in images] for side, images in groups.items()}
        for name, groups in sets.items()
    }
    return {
        "against": "baseline",
        "passed": True,
        "reason": "On the test split 1 image got better.",
        "sets": {
            name: counts | {"better": [], "worse": []} | groups for name, groups in ids.items()
        },
    }


def list_pictures(html: str) -> list[str]:
    return re.findall(r'src="/image/([^"]+)\.png"', html)


def test_list_shows_state_accuracy_and_training_data(admin_client: Client) -> None:
    snapshot = {"images": 60150, "by_source": {"mnist_sample": 60000, "web": 130, "api": 20}}
    factories.create_version(
        name="better", snapshot=snapshot, metrics={"test": {"accuracy": 0.9971}}
    )
    factories.create_version(name="plain")

    text = read_text(admin_client, LIST)

    assert "better Candidate 99.71 % 60,150 images, 150 uploads (SAMPLE of MNIST)" in text
    assert "plain Candidate – 0 images, 0 uploads" in text


def test_list_reads_no_image_ids(admin_client: Client) -> None:
    factories.create_version(name="better", snapshot={"images": 9, "corrected": {"1": "7"}})

    with CaptureQueriesContext(connection) as queries:
        admin_client.get(LIST)

    read = [query["sql"] for query in queries if 'FROM "model_versions"' in query["sql"]]
    assert read
    assert not any(re.search(r'"(snapshot|comparison)"(?! - )', sql) for sql in read)


def test_metrics_are_compared_with_the_champions(
    admin_client: Client, better: ModelVersion
) -> None:
    figures = {"digits": 40, "non_digits": 9, "accuracy": 0.9, "ece": 0.5}
    metrics = {"test": better.metrics["test"] | {"ece": 0.5}, "held_out_uploads": figures}
    ModelVersion.objects.filter(pk=better.pk).update(metrics=metrics)

    html = admin_client.get(get_admin_url(better)).content.decode()
    text = read_text(admin_client, get_admin_url(better))

    assert "MNIST's test split, 10,000 digits this model baseline (champion)" in text
    assert "read right 99.80 % , better 99.69 %" in text
    assert "calibration error (ECE) 0.5000 , worse 0.0019" in text
    assert "Held-out uploads, 40 digits and 9 non-digits" in text
    assert "read right 90.00 % –" in text
    assert 'class="better"' in html


def test_metrics_from_other_images_are_not_compared(
    admin_client: Client, better: ModelVersion, champion: ModelVersion
) -> None:
    for version, digits in ((better, 40), (champion, 30)):
        metrics = {"held_out_uploads": {"digits": digits, "accuracy": 0.9}}
        ModelVersion.objects.filter(pk=version.pk).update(metrics=metrics)

    assert "read right 90.00 % –" in read_text(admin_client, get_admin_url(better))


def test_changed_images_are_shown_with_both_readings(
    admin_client: Client, champion: ModelVersion, digits: Any
) -> None:
    three = digits[0][digits[1] == 3][0].tobytes()
    up, down, upload = (
        factories.create_mnist_image(label="3", pixels=three),
        factories.create_mnist_image(label="5"),
        factories.create_image(label="3", pixels=three),
    )
    factories.copy_bundled_model("better")
    sets = {"test": {"better": [up], "worse": [down]}, "held_out_uploads": {"better": [upload]}}
    better = versions.register("better", build_comparison(**sets))

    html = admin_client.get(get_admin_url(better)).content.decode()
    text = read_text(admin_client, get_admin_url(better))

    assert list_pictures(html) == [str(image.pk) for image in (up, down, upload)]
    assert "baseline read 9,969 right, this model 9,970 1 got better 3 → 3 1 got worse" in text
    assert "Held-out uploads" in text
    assert "none got worse" in text


def test_at_most_60_changed_images_are_shown(admin_client: Client, champion: ModelVersion) -> None:
    images = [factories.create_mnist_image() for _ in range(62)]
    better = factories.create_version(
        name="better", comparison=build_comparison(test={"worse": images})
    )

    html = admin_client.get(get_admin_url(better)).content.decode()

    assert list_pictures(html) == [str(image.pk) for image in images[:60]]
    assert "62 got worse , 60 shown" in read_text(admin_client, get_admin_url(better))


def test_comparison_is_shown_without_its_images_and_folders(admin_client: Client) -> None:
    remaining, deleted = factories.create_mnist_image(label="5"), factories.create_mnist_image()
    sets = {"test": {"better": [remaining, deleted]}}
    gone = factories.create_version(
        name="gone", comparison=build_comparison(**sets) | {"against": "also-gone"}
    )
    deleted.delete()

    html = admin_client.get(get_admin_url(gone)).content.decode()

    assert list_pictures(html) == [str(remaining.pk)]
    assert "2 got better , 1 shown 5 " in read_text(admin_client, get_admin_url(gone))


def test_training_data_are_shown(admin_client: Client) -> None:
    images = [factories.create_image(label="7") for _ in range(62)]
    now = timezone.now()
    for place, image in enumerate(images):
        at = now.replace(microsecond=place)
        InputImage.objects.filter(pk=image.pk).update(labelled_at=at)
    labels = {str(image.pk): "7" for image in images} | {str(images[-1].pk): "not_a_digit"}
    snapshot = {
        "images": 60062,
        "by_source": {"mnist": 60000, "web": 62},
        "by_label": {"7": 60061, "not_a_digit": 1},
        "sha256": "0d098d5f",
        "corrected": labels,
        "since": {"model": "baseline", "images": list(labels)[:37]},
    }
    version = factories.create_version(snapshot=snapshot)

    html = admin_client.get(get_admin_url(version)).content.decode()
    text = read_text(admin_client, get_admin_url(version))

    assert "Images 60,062 MNIST 60,000 web page 62 Not a digit 1 New since baseline 37" in text
    assert "0d098d5f" in text
    assert 'aria-label="Images by label. 7: 60,061"' in html
    assert "62 labelled uploads the newest 60 shown not a digit 7 7" in text
    assert list_pictures(html) == [str(image.pk) for image in images[:1:-1]]


def test_upload_links_to_the_models_trained_on_it() -> None:
    image = factories.create_image()
    assert link_models_trained_on(image) == "no model yet"

    ids = [
        factories.create_version(name=name, snapshot={"corrected": {str(image.pk): "7"}}).pk
        for name in "ab"
    ]

    assert link_models_trained_on(image) == (
        f'<a href="{LIST}{ids[1]}/change/">b</a>, <a href="{LIST}{ids[0]}/change/">a</a>'
    )
