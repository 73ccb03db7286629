from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from classifier import tasks
from classifier.errors import RuleBroken
from classifier.models import Erasure, InputImage, ModelState, ModelVersion, TrainingRun
from classifier.recognition.labels import Label
from classifier.registry import erasures, runs, versions
from classifier.tests import factories
from classifier.tests.pages import read_text
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db

PAGE = "/admin/classifier/erasure/"


@pytest.fixture
def image() -> InputImage:
    return factories.create_queue_item(label="7").image


@pytest.fixture
def trained(champion: ModelVersion, image: InputImage) -> ModelVersion:
    """A champion that was trained on the image."""
    snapshot = {"corrected": {str(image.pk): "7", str(uuid4()): "1"}}
    factories.copy_bundled_model("trained", dataset=snapshot)
    return versions.promote_model("trained")


def create_sheet(settings: Settings, model: str) -> Path:
    """Create an empty sheet of a model's training images."""
    sheet: Path = settings.IMAGES_DIR / model / erasures.PLOT
    sheet.parent.mkdir(parents=True)
    sheet.touch()
    return sheet


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
    assert (erasure.image_id, erasure.upload_id) == (image.pk, image.upload_id)
    assert erasure.trained_models == ["trained"]
    assert erasures.list_deleted_images(trained).count() == 1


def test_deletion_after_the_label_is_taken_back_records_the_models(
    image: InputImage, trained: ModelVersion
) -> None:
    image.label, image.labelled_at, image.group = Label.UNKNOWN, None, uuid4()
    image.save()

    delete(image)

    assert Erasure.objects.get().trained_models == ["trained"]


def test_deletion_of_a_labelled_image_without_training_names_no_model(
    champion: ModelVersion, image: InputImage
) -> None:
    delete(image)

    assert Erasure.objects.get().trained_models == []


def test_deletion_of_an_unlabelled_image_records_nothing(champion: ModelVersion) -> None:
    delete(factories.create_queue_item().image)

    assert not Erasure.objects.exists()


def test_model_trained_during_the_deletion_is_recorded_when_it_is_registered(
    image: InputImage,
    trained: ModelVersion,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    learned = factories.create_queue_item(label="4").image
    snapshot = {"corrected": {str(image.pk): "7", str(learned.pk): "4"}}
    factories.copy_bundled_model("late", dataset=snapshot)
    sheet = create_sheet(settings, "late")
    delete(image)

    with django_capture_on_commit_callbacks(execute=True):
        late = versions.register_model("late")
        versions.register_model("late")

    assert Erasure.objects.get().trained_models == ["trained", "late"]
    assert erasures.list_deleted_images(late).count() == 1
    assert not sheet.exists()


def test_sheet_that_a_killed_deletion_left_is_deleted_later(
    image: InputImage, trained: ModelVersion, settings: Settings
) -> None:
    delete(image)
    sheet = create_sheet(settings, "trained")

    tasks.queue_forgetting(0)

    assert not sheet.exists()


def test_deletion_deletes_the_sheet_of_training_images(
    image: InputImage,
    trained: ModelVersion,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    sheet = create_sheet(settings, "trained")

    with django_capture_on_commit_callbacks(execute=True):
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
    versions.register_model("clean")

    assert runs.queue_forgetting() is None


def test_clean_candidate_is_promoted_if_settings_say_so(
    image: InputImage, trained: ModelVersion, settings: Settings
) -> None:
    settings.FORGET_WITHIN_DAYS = 1
    settings.AUTO_PROMOTE = True
    delete_days_ago(image, 2)
    factories.copy_bundled_model("clean")
    versions.register_model("clean")

    tasks.read_in_shadow(0)

    champion = ModelVersion.objects.champion()
    assert champion
    assert champion.name == "clean"
    assert "have been deleted" in champion.promotions.get().reason


def test_rollback_to_a_model_that_has_to_forget_is_refused(
    image: InputImage, trained: ModelVersion, settings: Settings, champion: ModelVersion
) -> None:
    versions.promote_model("baseline")
    delete(image)
    settings.FORGET_WITHIN_DAYS = 7

    with pytest.raises(RuleBroken, match="was trained on 1 image deleted since"):
        versions.roll_back()

    trained.refresh_from_db()
    assert trained.state == ModelState.RETIRED


def test_overview_counts_what_the_champion_has_to_forget(
    image: InputImage, trained: ModelVersion, admin_client: Client, settings: Settings
) -> None:
    delete(image)

    page = read_text(admin_client, "/admin/")
    assert "It was trained on 1 image deleted since. The next training from scratch leaves" in page

    settings.FORGET_WITHIN_DAYS = 7
    due = Erasure.objects.get().created_at + timedelta(days=7)
    date = date_format(timezone.localtime(due), "DATE_FORMAT")
    assert f"A model without them is due by {date}." in read_text(admin_client, "/admin/")


def test_page_lists_deletions_with_state_and_receipt(
    image: InputImage, trained: ModelVersion, trainer_client: Client
) -> None:
    unused = factories.create_queue_item(label="4").image
    delete(image)
    delete(unused)

    text = read_text(trainer_client, PAGE)
    pending = trainer_client.get(f"{PAGE}?state=pending").text

    assert f"{unused.pk} none forgotten Receipt" in text
    assert f"{image.pk} trained has to be forgotten Receipt" in text
    assert f'href="/api/uploads/{image.upload_id}/receipt"' in pending
    assert str(unused.upload_id) not in pending


def test_labeller_does_not_see_deletions(labeller_client: Client) -> None:
    assert labeller_client.get(PAGE).status_code == 403
