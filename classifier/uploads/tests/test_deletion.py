import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from classifier import tasks
from classifier.admin import training_data
from classifier.labelling import labels, queue
from classifier.labelling.selection import Order
from classifier.models import (
    InputImage,
    LabelChange,
    LabelCheck,
    ModelVersion,
    Prediction,
    QueueItem,
    Source,
    Suggestion,
    Upload,
    Via,
)
from classifier.tests import factories, faults
from classifier.tests.files import list_stored_files
from classifier.tests.pictures import Draw
from classifier.uploads import deletion, file_deletion, submission
from classifier.uploads.storage import NoStorage

pytestmark = pytest.mark.django_db

DEPENDENTS = (Upload, InputImage, Prediction, QueueItem, Suggestion, LabelChange, LabelCheck)


def add_dependents(image: InputImage, by: User) -> None:
    labels.set_label(image.pk, "7", by, Via.QUEUE)
    labels.record_suggestion(image.pk, "1")
    LabelCheck.objects.create(image=image, asked_of=by, label="7")


@pytest.fixture
def upload(champion: ModelVersion, draw_digit: Draw, labeller: User) -> Upload:
    return create_upload(draw_digit(7), labeller)


def create_upload(picture: bytes, by: User) -> Upload:
    """Create an upload with one image that has all kinds of dependents."""
    submission.classify_picture(picture, Source.WEB)
    upload = Upload.objects.latest("created_at")
    add_dependents(upload.images.get(), by)
    return upload


def count_rows() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in DEPENDENTS}


def set_age(upload: Upload, days: float) -> None:
    Upload.objects.filter(pk=upload.pk).update(created_at=timezone.now() - timedelta(days=days))


def test_deletion_removes_only_dependents(
    upload: Upload,
    settings: Settings,
    labeller: User,
    draw_digit: Draw,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    factories.create_mnist_image()
    assert set(count_rows().values()) == {1, 2}
    other = create_upload(draw_digit(3), labeller)

    with django_capture_on_commit_callbacks(execute=True):
        assert deletion.delete_uploads([upload.pk]).uploads == 1

    assert count_rows() == {model.__name__: 1 for model in DEPENDENTS} | {"InputImage": 2}
    assert Upload.objects.get() == other
    assert InputImage.objects.filter(source=Source.MNIST).count() == 1
    assert list_stored_files(settings) == [Path(other.file.path)]


def test_file_stays_after_rollback(upload: Upload, settings: Settings) -> None:
    with transaction.atomic():
        deletion.delete_uploads([upload.pk])
        transaction.set_rollback(True)
    assert Upload.objects.count() == 1
    assert list_stored_files(settings) == [Path(upload.file.path)]


def test_file_left_by_crash_is_removed_later(
    upload: Upload, settings: Settings, own_media: None
) -> None:
    deletion.delete_uploads([upload.pk])  # its transaction does not end within this test
    assert list_stored_files(settings) == [Path(upload.file.path)]
    os.utime(upload.file.path, (0, 0))
    tasks.remove_orphans(timestamp=0)
    assert list_stored_files(settings) == []


def test_second_deletion_finds_nothing(upload: Upload) -> None:
    assert [deletion.delete_uploads([upload.pk]).uploads for _ in range(2)] == [1, 0]


def test_dependents_are_counted(upload: Upload) -> None:
    factories.create_image(upload=upload)
    assert deletion.count_dependents([upload.pk]) == deletion.DependentCounts(
        images=2, labels=1, label_changes=1, suggestions=1, predictions=1
    )


def test_uploads_stay_without_retention_days(upload: Upload) -> None:
    set_age(upload, 10_000)
    tasks.delete_expired(timestamp=0)
    assert Upload.objects.count() == 1


def test_expired_uploads_are_deleted(
    upload: Upload, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RETENTION_DAYS = 30
    monkeypatch.setattr(deletion, "BATCH_SIZE", 2)
    young, mnist = factories.create_upload_with_image(), factories.create_mnist_image()
    InputImage.objects.filter(pk=mnist.pk).update(created_at=timezone.now() - timedelta(days=99))
    for label in ("unknown", "7", "not_a_digit", "3"):
        factories.create_upload_with_image(label=label)
    for upload in Upload.objects.exclude(pk=young.pk):
        set_age(upload, 30.01)
    set_age(young, 29.99)

    tasks.delete_expired(timestamp=0)

    assert [*Upload.objects.all()] == [young]
    assert set(InputImage.objects.values_list("pk", flat=True)) == {young.images.get().pk, mnist.pk}


@pytest.mark.parametrize(
    "act",
    [
        lambda image, by: queue.record_answer(image, "7", by),
        lambda image, by: queue.skip_image(image, by),
        lambda image, by: queue.undo_answer(image, by),
        lambda image, by: queue.confirm_guess("7", [image], [], by),
        lambda image, by: labels.set_label(image, "7", by, Via.API),
        lambda image, by: labels.record_suggestion(image, "7"),
    ],
    ids=["answer", "skip", "undo", "confirm", "label", "suggest"],
)
def test_use_of_deleted_image_fails(
    upload: Upload, labeller: User, act: Callable[[Any, User], None]
) -> None:
    image = upload.images.get().pk
    deletion.delete_uploads([upload.pk])
    with pytest.raises(InputImage.DoesNotExist):
        act(image, labeller)


def test_deleted_image_leaves_the_queue(upload: Upload, labeller: User) -> None:
    deleted_image, other = upload.images.get().pk, factories.create_queue_item().pk
    deletion.delete_uploads([upload.pk])
    items = queue.lease_page(labeller, Order.NEWEST, 5, again=deleted_image)
    assert [item.pk for item in items] == [other]


def test_model_page_counts_deleted_training_images(upload: Upload) -> None:
    image, other = upload.images.get(), factories.create_image(label="3")
    snapshot = {"corrected": {str(image.pk): "7", str(other.pk): "3"}}
    version = factories.create_version(snapshot=snapshot)
    InputImage.objects.filter(pk=image.pk).update(label="7", labelled_at=timezone.now())
    deletion.delete_uploads([upload.pk])
    labelled = training_data.list_labelled_uploads(version)
    assert (labelled.count, labelled.deleted) == (2, 1)
    assert [each.image for each in labelled.newest] == [other]


@pytest.fixture
def read_only_media(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    with monkeypatch.context() as patched:
        patched.setattr(os, "remove", faults.raise_read_only)
        yield patched


def list_file_jobs(upload: Upload) -> list[dict[str, Any]]:
    """Return the arguments of the jobs that delete the upload's file."""
    jobs = ProcrastinateJob.objects.filter(task_name=file_deletion.TASK, status="todo")
    return list(jobs.filter(args__name=upload.file.name).values_list("args", flat=True))


@pytest.mark.django_db(transaction=True)
def test_rows_are_deleted_when_files_cannot_be(
    upload: Upload,
    labeller: User,
    draw_digit: Draw,
    settings: Settings,
    read_only_media: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = create_upload(draw_digit(3), labeller)

    result = deletion.delete_uploads([upload.pk, other.pk])

    assert result == deletion.DeletionResult(uploads=2, files_left=2)
    assert not Upload.objects.exists()
    assert len(list_stored_files(settings)) == 2
    assert [len(list_file_jobs(upload)) for upload in (upload, other)] == [1, 1]
    assert set(ProcrastinateJob.objects.values_list("priority", flat=True)) == {-1}
    expected = "2 stored files could not be deleted: [Errno 30]"
    assert any(message.startswith(expected) for message in caplog.messages)


@pytest.mark.django_db(transaction=True)
def test_job_is_retried_until_the_file_is_deleted(
    upload: Upload, settings: Settings, read_only_media: pytest.MonkeyPatch
) -> None:
    deletion.delete_uploads([upload.pk])
    (job,) = list_file_jobs(upload)

    with pytest.raises(NoStorage):
        tasks.delete_file.func(**job)
    assert tasks.delete_file.retry_strategy
    read_only_media.undo()
    tasks.delete_file.func(**job)

    assert list_stored_files(settings) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("/delete/{}", "The picture has been deleted."),
        ("/mine/delete", "Your pictures have been deleted."),
    ],
)
def test_visitor_deletes_on_read_only_media(
    upload: Upload,
    client: Client,
    read_only_media: pytest.MonkeyPatch,
    address: str,
    message: str,
) -> None:
    visitor = uuid4()
    Upload.objects.filter(pk=upload.pk).update(visitor=visitor)
    client.cookies["visitor"] = str(visitor)

    response = client.post(address.format(upload.pk), follow=True)

    shown_messages = [str(each) for each in response.context["messages"]]
    assert shown_messages == [message, deletion.FILES_LEFT_MESSAGE]
    assert not Upload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_program_deletes_on_read_only_media(
    upload: Upload, client: Client, read_only_media: pytest.MonkeyPatch
) -> None:
    headers = {"Delete-Key": deletion.make_deletion_key(upload.pk)}

    response = client.delete(f"/api/uploads/{upload.pk}", headers=headers)

    assert (response.status_code, response.json()) == (202, {"detail": deletion.FILES_LEFT_MESSAGE})
    assert client.get(f"/api/uploads/{upload.pk}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_staff_delete_on_read_only_media(
    upload: Upload, admin_client: Client, read_only_media: pytest.MonkeyPatch
) -> None:
    action = {"action": "delete_selected", "_selected_action": [str(upload.pk)], "post": "yes"}

    response = admin_client.post("/admin/classifier/upload/", action, follow=True)

    assert deletion.FILES_LEFT_MESSAGE in [str(message) for message in response.context["messages"]]
    assert not Upload.objects.exists()
