"""An upload goes with all that came of it, and nothing else does."""

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
from classifier.uploads import deletion, file_deletion, submission
from classifier.uploads.storage import NoStorage

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]
DERIVED = (Upload, InputImage, Prediction, QueueItem, Suggestion, LabelChange, LabelCheck)


def said_of(image: InputImage, by: User) -> None:
    """Everything that can be: a label, a check of it, a visitor's suggestion."""
    labels.set_label(image.pk, "7", by, Via.QUEUE)
    labels.record_suggestion(image.pk, "1")
    LabelCheck.objects.create(image=image, asked_of=by, label="7")


@pytest.fixture
def sent(champion: ModelVersion, drawn: Draw, labeller: User) -> Upload:
    return classified(drawn(7), labeller)


def classified(picture: bytes, by: User) -> Upload:
    """One image, of which everything has been said."""
    submission.classify_picture(picture, Source.WEB)
    upload = Upload.objects.latest("created_at")
    said_of(upload.images.get(), by)
    return upload


def uploaded(label: str = "unknown") -> Upload:
    upload = factories.create_image(label=label).upload
    assert upload
    return upload


def rows() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in DERIVED}


def stored(settings: Settings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT, "uploads").rglob("*") if path.is_file()]


def age(upload: Upload, days: float) -> None:
    Upload.objects.filter(pk=upload.pk).update(created_at=timezone.now() - timedelta(days=days))


def test_all_of_it_goes_and_all_else_stays(
    sent: Upload,
    settings: Settings,
    labeller: User,
    drawn: Draw,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    factories.create_mnist_image()
    assert set(rows().values()) == {1, 2}
    other = classified(drawn(3), labeller)

    with django_capture_on_commit_callbacks(execute=True):
        assert deletion.delete_uploads([sent.pk]).uploads == 1

    assert rows() == {model.__name__: 1 for model in DERIVED} | {"InputImage": 2}
    assert Upload.objects.get() == other
    assert InputImage.objects.filter(source=Source.MNIST).count() == 1
    assert stored(settings) == [Path(other.file.path)]


def test_the_file_stays_until_the_rows_are_gone_for_good(sent: Upload, settings: Settings) -> None:
    with transaction.atomic():
        deletion.delete_uploads([sent.pk])
        transaction.set_rollback(True)
    assert Upload.objects.count() == 1
    assert stored(settings) == [Path(sent.file.path)]


def test_a_file_that_a_crash_left_is_removed_later(
    sent: Upload, settings: Settings, own_media: None
) -> None:
    deletion.delete_uploads([sent.pk])  # whose transaction does not end within this test
    assert stored(settings) == [Path(sent.file.path)]
    os.utime(sent.file.path, (0, 0))
    tasks.remove_orphans(timestamp=0)
    assert stored(settings) == []


def test_a_second_time_there_is_nothing_to_delete(sent: Upload) -> None:
    assert [deletion.delete_uploads([sent.pk]).uploads for _ in range(2)] == [1, 0]


def test_what_goes_is_counted_beforehand(sent: Upload) -> None:
    factories.create_image(upload=sent)
    assert deletion.count_dependents([sent.pk]) == deletion.DependentCounts(
        images=2, labels=1, label_changes=1, suggestions=1, predictions=1
    )


def test_uploads_are_kept_for_ever_unless_it_is_said_how_long(sent: Upload) -> None:
    age(sent, 10_000)
    tasks.delete_expired(timestamp=0)
    assert Upload.objects.count() == 1


def test_what_is_older_than_that_goes_labelled_or_not(
    sent: Upload, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RETENTION_DAYS = 30
    monkeypatch.setattr(deletion, "BATCH_SIZE", 2)
    young, mnist = uploaded(), factories.create_mnist_image()
    InputImage.objects.filter(pk=mnist.pk).update(created_at=timezone.now() - timedelta(days=99))
    old = [sent, *map(uploaded, ("unknown", "7", "not_a_digit", "3"))]
    for upload in old:
        age(upload, 30.01)
    age(young, 29.99)

    tasks.delete_expired(timestamp=0)

    assert [*Upload.objects.all()] == [young]
    assert set(InputImage.objects.values_list("pk", flat=True)) == {young.images.get().pk, mnist.pk}


@pytest.mark.parametrize(
    "act",
    [
        lambda image, by: queue.record_answer(image, "7", by),
        lambda image, by: queue.skip(image, by),
        lambda image, by: queue.undo(image, by),
        lambda image, by: queue.confirm_guess("7", [image], [], by),
        lambda image, by: labels.set_label(image, "7", by, Via.API),
        lambda image, by: labels.record_suggestion(image, "7"),
    ],
    ids=["answer", "skip", "undo", "confirm", "label", "suggest"],
)
def test_who_comes_too_late_finds_that_it_is_gone(
    sent: Upload, labeller: User, act: Callable[[Any, User], None]
) -> None:
    image = sent.images.get().pk
    deletion.delete_uploads([sent.pk])
    with pytest.raises(InputImage.DoesNotExist):
        act(image, labeller)


def test_the_next_page_of_the_queue_leaves_it_out(sent: Upload, labeller: User) -> None:
    gone, left = sent.images.get().pk, factories.create_queue_item().pk
    deletion.delete_uploads([sent.pk])
    asked = queue.lease_page(labeller, Order.NEWEST, 5, again=gone)
    assert [item.pk for item in asked] == [left]


def test_a_model_s_page_says_how_many_of_what_it_learnt_have_been_deleted(
    sent: Upload,
) -> None:
    image, other = sent.images.get(), factories.create_image(label="3")
    snapshot = {"corrected": {str(image.pk): "7", str(other.pk): "3"}}
    deletion.delete_uploads([sent.pk])
    found = training_data.list_labelled_uploads(snapshot)
    assert (found.count, found.deleted) == (2, 1)
    assert [each.image for each in found.newest] == [other]


@pytest.fixture
def read_only_media(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    with monkeypatch.context() as patched:
        patched.setattr(os, "remove", faults.raise_read_only)
        yield patched


def waiting_jobs(upload: Upload) -> list[dict[str, Any]]:
    """The arguments of those that are to delete its file."""
    jobs = ProcrastinateJob.objects.filter(task_name=file_deletion.TASK, status="todo")
    return list(jobs.filter(args__name=upload.file.name).values_list("args", flat=True))


@pytest.mark.django_db(transaction=True)
def test_deletion_stands_when_its_files_cannot_be_deleted(
    sent: Upload,
    labeller: User,
    drawn: Draw,
    settings: Settings,
    read_only_media: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = classified(drawn(3), labeller)

    deleted = deletion.delete_uploads([sent.pk, other.pk])

    assert deleted == deletion.DeletionResult(uploads=2, files_left=2)
    assert not Upload.objects.exists()
    assert len(stored(settings)) == 2
    assert [len(waiting_jobs(upload)) for upload in (sent, other)] == [1, 1]
    assert set(ProcrastinateJob.objects.values_list("priority", flat=True)) == {-1}
    expected = "2 stored files could not be deleted: [Errno 30]"
    assert any(message.startswith(expected) for message in caplog.messages)


@pytest.mark.django_db(transaction=True)
def test_job_is_retried_until_the_file_is_deleted(
    sent: Upload, settings: Settings, read_only_media: pytest.MonkeyPatch
) -> None:
    deletion.delete_uploads([sent.pk])
    (job,) = waiting_jobs(sent)

    with pytest.raises(NoStorage):
        tasks.delete_file.func(**job)
    assert tasks.delete_file.retry_strategy
    read_only_media.undo()
    tasks.delete_file.func(**job)

    assert stored(settings) == []


@pytest.mark.django_db(transaction=True)
def test_visitor_deletes_on_read_only_media(
    sent: Upload, client: Client, read_only_media: pytest.MonkeyPatch
) -> None:
    visitor = uuid4()
    Upload.objects.filter(pk=sent.pk).update(visitor=visitor)
    client.cookies["visitor"] = str(visitor)

    response = client.post(f"/delete/{sent.pk}", follow=True)

    said = [str(message) for message in response.context["messages"]]
    assert said == ["The picture has been deleted.", deletion.FILES_LEFT_MESSAGE]
    assert not Upload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_visitor_deletes_everything_on_read_only_media(
    sent: Upload, client: Client, read_only_media: pytest.MonkeyPatch
) -> None:
    visitor = uuid4()
    Upload.objects.filter(pk=sent.pk).update(visitor=visitor)
    client.cookies["visitor"] = str(visitor)

    response = client.post("/mine/delete", follow=True)

    said = [str(message) for message in response.context["messages"]]
    assert said == ["Your pictures have been deleted.", deletion.FILES_LEFT_MESSAGE]


@pytest.mark.django_db(transaction=True)
def test_program_deletes_on_read_only_media(
    sent: Upload, client: Client, read_only_media: pytest.MonkeyPatch
) -> None:
    headers = {"Delete-Key": deletion.make_deletion_key(sent.pk)}

    response = client.delete(f"/api/uploads/{sent.pk}", headers=headers)

    assert (response.status_code, response.json()) == (202, {"detail": deletion.FILES_LEFT_MESSAGE})
    assert client.get(f"/api/uploads/{sent.pk}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_staff_delete_on_read_only_media(
    sent: Upload, admin_client: Client, read_only_media: pytest.MonkeyPatch
) -> None:
    action = {"action": "delete_selected", "_selected_action": [str(sent.pk)], "post": "yes"}

    response = admin_client.post("/admin/classifier/upload/", action, follow=True)

    assert deletion.FILES_LEFT_MESSAGE in [str(message) for message in response.context["messages"]]
    assert not Upload.objects.exists()
