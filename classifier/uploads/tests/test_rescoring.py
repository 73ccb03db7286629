from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection

from classifier.errors import RuleBroken
from classifier.labelling import labels, queue
from classifier.models import (
    MISTAKEN_SCORE,
    InputImage,
    ModelVersion,
    Prediction,
    QueueItem,
    Source,
    Via,
)
from classifier.recognition.labels import Verdict
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.registry import serving, versions
from classifier.registry.serving import find_model_folder
from classifier.tests import factories, rescoring_jobs
from classifier.tests.pictures import Draw
from classifier.uploads import rescoring, submission
from classifier.uploads.rescoring import FIRST_ID, LAST_ID

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(champion: ModelVersion, draw_digit: Draw) -> InputImage:
    """An image that was uploaded while the bundled model served."""
    submission.classify_picture(draw_digit(7), Source.WEB)
    return InputImage.objects.get()


def promote_unsure_model(name: str) -> ModelVersion:
    factories.copy_bundled_model(name, thresholds=factories.build_thresholds(confidence=1.01))
    return versions.promote_model(name)


def list_readers(image: InputImage) -> list[str]:
    """Return the names of the models that read the image, in order."""
    return list(image.predictions.order_by("id").values_list("model__name", flat=True))


def rescore() -> None:
    rescoring_jobs.run_jobs(rescoring.start_rescoring().model)


def test_image_gets_prediction_of_champion(seven: InputImage) -> None:
    second = promote_unsure_model("second")
    progress = rescoring.start_rescoring()
    assert (progress.model, progress.uploaded, progress.unread) == (second, 1, 1)
    assert rescoring.count_waiting(second) == 1

    rescoring_jobs.run_jobs(second)

    earlier, newest = seven.predictions.order_by("id")
    assert (earlier.model.name, earlier.verdict) == ("baseline", Verdict.DIGIT)
    assert (newest.model, newest.verdict, newest.best_guess) == (second, Verdict.UNSURE, "7")
    assert newest.probabilities == pytest.approx(earlier.probabilities)
    assert newest.imaging_version == earlier.imaging_version
    assert rescoring.count_waiting(second) is None


def test_image_is_read_once(seven: InputImage) -> None:
    promote_unsure_model("second")
    rescore()

    assert rescoring.start_rescoring().unread == 0
    rescoring.rescore_range(versions.promote_model("second").pk, FIRST_ID, LAST_ID)

    assert list_readers(seven) == ["baseline", "second"]


def test_image_uploaded_meanwhile_is_read_once(
    seven: InputImage, draw_digit: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote_unsure_model("second")
    rescoring.start_rescoring()
    monkeypatch.setattr(serving, "champion", serving.ChampionCache())  # loads the champion at once
    submission.classify_picture(draw_digit(3), Source.API)

    rescore()

    assert list_readers(InputImage.objects.exclude(pk=seven.pk).get()) == ["second"]


def test_images_are_read_again_after_rollback(seven: InputImage) -> None:
    promote_unsure_model("second")
    rescore()
    versions.roll_back()

    rescore()

    assert list_readers(seven) == ["baseline", "second", "baseline"]
    assert rescoring.start_rescoring().unread == 0


def test_queue_item_is_updated(seven: InputImage) -> None:
    before = QueueItem.objects.get(pk=seven.pk)
    QueueItem.objects.update(duplicate=True, embedding=b"", guess="3", suggestion="1")
    promote_unsure_model("second")

    rescore()

    after = QueueItem.objects.get(pk=seven.pk)
    assert (after.guess, after.duplicate, after.waiting) == ("7", False, True)
    assert after.doubt >= 0.5 > before.doubt
    assert bytes(after.embedding) == bytes(before.embedding)
    assert (after.suggestion, after.created_at) == ("1", before.created_at)


def test_mistaken_image_keeps_its_score(seven: InputImage, admin_user: User) -> None:
    queue.confirm_guess("7", [], [seven.pk], admin_user)
    promote_unsure_model("second")

    rescore()

    assert QueueItem.objects.get(pk=seven.pk).doubt == MISTAKEN_SCORE


def test_labelled_image_does_not_wait(seven: InputImage, admin_user: User) -> None:
    labels.set_label(seven.pk, "1", admin_user, Via.ADMIN)
    promote_unsure_model("second")

    rescore()

    assert factories.get_label(seven.pk) == "1"
    item = QueueItem.objects.get(pk=seven.pk)
    assert (item.waiting, item.doubt >= 0.5) == (False, True)
    assert list_readers(seven) == ["baseline", "second"]


def test_image_without_queue_item_gets_one(champion: ModelVersion) -> None:
    image = factories.create_image()

    rescore()

    item = QueueItem.objects.get(pk=image.pk)
    assert (item.waiting, list_readers(image)) == (True, ["baseline"])


def test_mnist_is_not_read(champion: ModelVersion) -> None:
    factories.create_mnist_image()

    assert rescoring.start_rescoring().uploaded == 0
    rescoring.rescore_range(champion.pk, FIRST_ID, LAST_ID)

    assert not Prediction.objects.exists()


def test_jobs_divide_all_keys(champion: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescoring, "IMAGES_PER_JOB", 2)
    ids = sorted(factories.create_image().pk for _ in range(5))
    factories.create_mnist_image()

    rescoring.start_rescoring()

    first, second, third = rescoring_jobs.list_job_arguments(champion)
    assert [job["images"] for job in (first, second, third)] == [2, 2, 1]
    assert (first["first"], third["last"]) == (str(FIRST_ID), str(LAST_ID))
    assert (UUID(second["first"]), UUID(third["first"])) == (ids[2], ids[4])
    assert UUID(first["last"]).int + 1 == ids[2].int
    assert UUID(second["last"]).int + 1 == ids[4].int

    rescoring_jobs.run_jobs(champion, at_most=1)
    assert rescoring.count_waiting(champion) == 3
    assert {image.pk for image in read_images()} == set(ids[:2])


def read_images() -> list[InputImage]:
    return [prediction.image for prediction in Prediction.objects.select_related("image")]


def test_second_start_enqueues_only_missing_images(
    champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "IMAGES_PER_JOB", 2)
    for _ in range(5):
        factories.create_image()
    rescoring.start_rescoring()
    rescoring.start_rescoring()
    assert len(rescoring_jobs.list_job_arguments(champion)) == 3

    rescoring_jobs.run_jobs(champion, at_most=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    assert rescoring.start_rescoring().unread == 3
    assert [job["images"] for job in rescoring_jobs.list_job_arguments(champion)] == [2, 1]


def test_start_without_model_fails(db: None) -> None:
    with pytest.raises(RuleBroken, match=r"promote NAME"):
        rescoring.start_rescoring()


def interrupt_recognition(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Any]) -> None:
    recognize = Recognizer.recognize

    def recognize_interrupted(self: Recognizer, images: Any) -> list[Recognition]:
        if self.name == "baseline":
            action()
        return recognize(self, images)

    monkeypatch.setattr(Recognizer, "recognize", recognize_interrupted)


def test_retired_model_stops_reading(
    champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        factories.create_image()
    monkeypatch.setattr(rescoring, "IMAGES_PER_BATCH", 1)
    factories.copy_bundled_model("second")
    serving.load_cached(champion)  # loading it recognises a blank image
    interrupt_recognition(
        monkeypatch, lambda: Prediction.objects.count() and versions.promote_model("second")
    )

    rescoring_jobs.run_jobs(rescoring.start_rescoring().model)

    assert [prediction.model for prediction in Prediction.objects.all()] == [champion]
    assert not rescoring_jobs.list_job_arguments(champion)
    rescoring.rescore_range(champion.pk, FIRST_ID, LAST_ID)
    assert Prediction.objects.count() == 1


def test_image_read_by_another_job_is_skipped(
    champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = factories.create_image()
    jobs = iter([partial(rescoring.rescore_range, champion.pk, FIRST_ID, LAST_ID)])
    serving.load_cached(champion)
    interrupt_recognition(monkeypatch, lambda: next(jobs, int)())

    rescore()

    assert list_readers(image) == ["baseline"]


def test_deleted_image_is_skipped(champion: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted, remaining = factories.create_image(), factories.create_image()
    serving.load_cached(champion)
    interrupt_recognition(monkeypatch, lambda: InputImage.objects.filter(pk=deleted.pk).delete())

    rescore()

    assert read_images() == [remaining]
    assert rescoring.start_rescoring().unread == 0


def test_damaged_model_stores_nothing(seven: InputImage) -> None:
    second = promote_unsure_model("second")
    factories.flip_byte(find_model_folder("second") / "model.tflite")

    with pytest.raises(Exception, match="checksum"):
        rescoring.rescore_range(second.pk, FIRST_ID, LAST_ID)
    assert list_readers(seven) == ["baseline"]
