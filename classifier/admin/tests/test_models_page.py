import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classifier.admin.training_data import link_models_trained_on
from classifier.models import InputImage, ModelVersion, ShadowReading
from classifier.registry import serving
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

    assert "better Candidate 99.7 % 60,150 images, 150 uploaded (SAMPLE of MNIST)" in text
    assert "plain Candidate – 0 images, 0 uploaded" in text


def test_list_reads_no_image_ids(admin_client: Client) -> None:
    factories.create_version(name="better", snapshot={"images": 9, "corrected": {"1": "7"}})

    with CaptureQueriesContext(connection) as queries:
        admin_client.get(LIST)

    read = [query["sql"] for query in queries if 'FROM "model_versions"' in query["sql"]]
    assert read
    assert not any(re.search(r'"(snapshot|comparison)"(?! - )', sql) for sql in read)


def build_metrics(digits: int, accuracy: float, **values: Any) -> dict[str, Any]:
    interval = [accuracy - 0.001, accuracy + 0.001]
    return {"digits": digits, "accuracy": accuracy, "accuracy_interval": interval} | values


def test_figures_of_both_models_on_the_same_images_are_compared(
    admin_client: Client, better: ModelVersion
) -> None:
    metrics = {
        "test": build_metrics(10_000, 0.998, coverage=0.97),
        "held_out_uploads": build_metrics(40, 0.9, non_digits=9),
        "held_out": build_metrics(9_000, 0.99),
    }
    before = {"test": build_metrics(10_000, 0.9969, coverage=0.98)}
    before["held_out_uploads"] = build_metrics(40, 0.9)
    ModelVersion.objects.filter(pk=better.pk).update(
        metrics=metrics, effects={"champion_metrics": before}, comparison=build_comparison()
    )

    html = admin_client.get(get_admin_url(better)).text
    text = read_text(admin_client, get_admin_url(better))

    assert "Both models on the same images baseline this model" in text
    assert "MNIST's test split, 10,000 digits read right 99.7 % 99.6–99.8 % 99.8 %" in text
    assert "99.8 % , better 99.7–99.9 %" in text
    assert "accepted as a digit 98 % 97 % , worse" in text
    assert "Held-out uploads, 40 digits and 9 non-digits read right 90 % 89.9–90.1 %" in text
    assert "Held-out MNIST" not in text, "each model has its own"
    assert 'class="better"' in html


def test_model_without_comparison_shows_its_own_figures(
    admin_client: Client, champion: ModelVersion
) -> None:
    text = read_text(admin_client, get_admin_url(champion))

    assert "Figures this model MNIST's test split, 10,000 digits read right 99.7 % 99.5–" in text
    assert "Held-out MNIST and non-digits" in text


def test_labels_of_recent_uploads_are_compared_with_exact_intervals(
    admin_client: Client, better: ModelVersion
) -> None:
    hour_ago = timezone.now() - timedelta(hours=1)
    ModelVersion.objects.filter(pk=better.pk).update(
        created_at=hour_ago, comparison=build_comparison()
    )
    for label in ("1", "1", "1", "7", "4"):
        image = factories.create_queue_item(label=label).image
        ShadowReading.objects.create(
            image=image, model=better, guess="1", served_guess="7", confidence=0.9
        )

    text = read_text(admin_client, get_admin_url(better))

    assert "Recent uploads that they read differently, 5 labelled since" in text
    assert "read right 1 of 5 0.5–71.6 % 3 of 5 , better 14.7–94.7 %" in text
    assert "3 got better 7 → 1 7 → 1 7 → 1 1 got worse 7 → 1" in text


def build_effects(**labels: list[InputImage]) -> dict[str, Any]:
    """Return the effects of labels that the champion read as 5?, each image with two copies."""
    return {
        "labels": [
            {
                "label": label,
                "images": 3 * len(images),
                "champion_right": 0,
                "candidate_right": 2,
                "groups": [
                    {"image": str(image.pk), "images": 3, "champion": "5?", "candidate": label}
                    for image in images
                ],
            }
            for label, images in labels.items()
        ]
    }


def test_new_labels_are_shown_with_the_answers_before_and_after(
    admin_client: Client, champion: ModelVersion
) -> None:
    four, deleted, other = (factories.create_image(label=label) for label in ("4", "4", "5"))
    effects = build_effects(**{"4": [four, deleted], "not_a_digit": [other]})
    version = factories.create_version(
        name="better", comparison=build_comparison(), effects=effects
    )
    deleted.delete()

    html = admin_client.get(get_admin_url(version)).text
    text = read_text(admin_client, get_admin_url(version))

    assert list_pictures(html) == [str(four.pk), str(other.pk)]
    assert "You taught it this The labels that are new since baseline." in text
    assert "4 6 labels: baseline reads 0 right, this model 2 3 5? → 4" in text
    assert "not a digit 3 labels: baseline reads 0 right, this model 2 3 5? → –" in text
    assert "Of 9 new labels, baseline reads 0 right, this model 4." in text


def test_changed_images_are_shown_with_both_answers(
    admin_client: Client, champion: ModelVersion
) -> None:
    up, down = (factories.create_mnist_image(label=label) for label in "35")
    upload = factories.create_image(label="3")
    sets = {"test": {"better": [up], "worse": [down]}, "held_out_uploads": {"better": [upload]}}
    answers = {str(up.pk): ["8", "3"], str(down.pk): ["5", "6?"], str(upload.pk): ["2", "3"]}
    better = factories.create_version(
        name="better", comparison=build_comparison(**sets), effects={"answers": answers}
    )

    html = admin_client.get(get_admin_url(better)).text
    text = read_text(admin_client, get_admin_url(better))

    assert list_pictures(html) == [str(image.pk) for image in (up, down, upload)]
    assert "baseline reads 9,969 right, this model 9,970 1 got better 8 → 3 1 got worse" in text
    assert "1 got worse 5 → 6?" in text
    assert "Held-out uploads" in text
    assert "none got worse" in text
    assert "Of 20,000 images that neither was trained on, 2 got better and 1 worse." in text


def test_page_reads_no_model_folder(
    admin_client: Client, better: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "find_model_folder", None)
    image = factories.create_mnist_image()
    ModelVersion.objects.filter(pk=better.pk).update(
        comparison=build_comparison(test={"better": [image]})
    )

    assert "1 got better" in read_text(admin_client, get_admin_url(better))


def test_at_most_60_changed_images_are_shown(admin_client: Client, champion: ModelVersion) -> None:
    images = [factories.create_mnist_image() for _ in range(62)]
    better = factories.create_version(
        name="better", comparison=build_comparison(test={"worse": images})
    )

    html = admin_client.get(get_admin_url(better)).text

    assert list_pictures(html) == [str(image.pk) for image in images[:60]]
    assert "62 got worse , 60 shown" in read_text(admin_client, get_admin_url(better))


def test_comparison_is_shown_without_its_images_and_answers(admin_client: Client) -> None:
    remaining, deleted = factories.create_mnist_image(label="5"), factories.create_mnist_image()
    sets = {"test": {"better": [remaining, deleted]}}
    gone = factories.create_version(
        name="gone", comparison=build_comparison(**sets) | {"against": "also-gone"}
    )
    deleted.delete()

    html = admin_client.get(get_admin_url(gone)).text

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

    html = admin_client.get(get_admin_url(version)).text
    text = read_text(admin_client, get_admin_url(version))

    assert "Images 60,062 MNIST 60,000 web page 62 Not a digit 1 New since baseline 37" in text
    assert "0d098d5f" in text
    assert ">7: 60,061</text>" in html
    assert ">7: 61</text>" in html, "uploads have a scale of their own"
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
