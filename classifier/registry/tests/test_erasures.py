"""Forgetting of deleted images: their record, the training without them, and its promotion."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier import tasks
from classifier.errors import RuleBroken
from classifier.models import Erasure, InputImage, ModelState, ModelVersion, TrainingRun
from classifier.recognition.labels import Label
from classifier.registry import erasures, runs, versions
from classifier.tests import factories
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db


@pytest.fixture
def image() -> InputImage:
    return factories.create_queue_item(label="7").image


@pytest.fixture
def trained(champion: ModelVersion, image: InputImage) -> ModelVersion:
    """A champion that was trained on the image."""
    snapshot = {"corrected": {str(image.pk): "7", str(uuid4()): "1"}}
    factories.copy_bundled_model("trained", dataset=snapshot)
    return versions.promote("trained")


def delete(image: InputImage) -> None:
    assert image.upload_id
    deletion.delete_uploads([image.upload_id])


def delete_days_ago(image: InputImage, days: float) -> None:
    delete(image)
    Erasure.objects.update(created_at=timezone.now() - timedelta(days=days))


def test_deletion_records_the_models_that_were_trained_on_the_image(
    image: InputImage, trained: ModelVersion
) -> None:
    delete(image)

    erasure = Erasure.objects.get()
    assert (erasure.image_id, erasure.trained_models) == (image.pk, ["trained"])
    assert erasures.list_owed(trained).count() == 1


def test_deletion_after_the_label_is_taken_back_records_the_models(
    image: InputImage, trained: ModelVersion
) -> None:
    image.label, image.labelled_at, image.group = Label.UNKNOWN, None, uuid4()
    image.save()

    delete(image)

    assert Erasure.objects.get().trained_models == ["trained"]


def test_deletion_of_an_image_without_training_records_nothing(champion: ModelVersion) -> None:
    delete(factories.create_queue_item(label="7").image)
    delete(factories.create_queue_item().image)

    assert not Erasure.objects.exists()


def test_deletion_deletes_the_sheet_of_training_images(
    image: InputImage,
    trained: ModelVersion,
    settings: Settings,
    tmp_path: Path,
    django_capture_on_commit_callbacks: pytest.FixtureRequest,
) -> None:
    settings.IMAGES_DIR = tmp_path
    sheet = tmp_path / "trained" / erasures.PLOT
    sheet.parent.mkdir()
    sheet.touch()

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        delete(image)

    assert not sheet.exists()


@pytest.mark.parametrize(
    ("within", "days", "is_queued"), [(7, 5, False), (7, 6.1, True), (0, 30, False)]
)
def test_training_from_scratch_is_queued_a_day_before_the_limit(
    image: InputImage,
    trained: ModelVersion,
    settings: Settings,
    within: int,
    days: float,
    is_queued: bool,
) -> None:
    settings.FORGET_WITHIN_DAYS = within
    delete_days_ago(image, days)

    tasks.queue_forgetting(0)
    tasks.queue_forgetting(0)

    assert [run.fine_tune for run in TrainingRun.objects.all()] == [False] * is_queued


def test_nothing_is_queued_while_a_clean_candidate_waits(
    image: InputImage, trained: ModelVersion, settings: Settings
) -> None:
    settings.FORGET_WITHIN_DAYS = 1
    delete_days_ago(image, 2)
    factories.copy_bundled_model("clean")
    versions.register("clean")

    assert runs.queue_forgetting() is None


def test_clean_candidate_is_promoted_if_settings_say_so(
    image: InputImage, trained: ModelVersion, settings: Settings
) -> None:
    settings.FORGET_WITHIN_DAYS = 1
    settings.AUTO_PROMOTE = True
    delete_days_ago(image, 2)
    factories.copy_bundled_model("clean")
    versions.register("clean")

    tasks.read_in_shadow(0)

    champion = ModelVersion.objects.champion()
    assert champion
    assert champion.name == "clean"
    assert "have been deleted" in champion.promotions.get().reason


def test_rollback_to_a_model_that_has_to_forget_is_refused(
    image: InputImage, trained: ModelVersion, settings: Settings, champion: ModelVersion
) -> None:
    versions.promote("baseline")
    delete(image)
    settings.FORGET_WITHIN_DAYS = 7

    with pytest.raises(RuleBroken, match="was trained on 1 images that have been deleted"):
        versions.rollback()

    trained.refresh_from_db()
    assert trained.state == ModelState.RETIRED


def test_overview_counts_what_the_champion_has_to_forget(
    image: InputImage, trained: ModelVersion, client: Client, admin_user: User
) -> None:
    delete(image)
    client.force_login(admin_user)

    page = " ".join(client.get("/admin/").content.decode().split())

    assert "It was trained on 1 image deleted since" in page
