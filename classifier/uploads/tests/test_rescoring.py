"""What was uploaded before a promotion is read again by the model that was promoted."""

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
from classifier.uploads import rescoring, submission
from classifier.uploads.rescoring import FIRST_ID, LAST_ID

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(champion: ModelVersion, drawn: Callable[..., bytes]) -> InputImage:
    """Uploaded while the bundled model served."""
    submission.classify_picture(drawn(7), Source.WEB)
    return InputImage.objects.get()


def promoted(name: str) -> ModelVersion:
    """One that is sure of nothing."""
    factories.copy_bundled_model(name, thresholds=factories.build_thresholds(confidence=1.01))
    return versions.promote(name)


def readers(image: InputImage) -> list[str]:
    """The models that read it, in turn."""
    return list(image.predictions.order_by("id").values_list("model__name", flat=True))


def rescored() -> None:
    rescoring_jobs.run_jobs(rescoring.start_rescoring().model)


def test_an_image_gets_what_the_model_in_service_says_of_it(seven: InputImage) -> None:
    second = promoted("second")
    standing = rescoring.start_rescoring()
    assert (standing.model, standing.uploaded, standing.unread) == (second, 1, 1)
    assert rescoring.count_waiting(second) == 1

    rescoring_jobs.run_jobs(second)

    earlier, newest = seven.predictions.order_by("id")
    assert (earlier.model.name, earlier.verdict) == ("baseline", Verdict.DIGIT)
    assert (newest.model, newest.verdict, newest.best_guess) == (second, Verdict.UNSURE, "7")
    assert newest.probabilities == pytest.approx(earlier.probabilities)
    assert newest.imaging_version == earlier.imaging_version
    assert rescoring.count_waiting(second) is None


def test_what_has_been_read_is_not_read_again(seven: InputImage) -> None:
    promoted("second")
    rescored()

    assert rescoring.start_rescoring().unread == 0
    rescoring.rescore_range(versions.promote("second").pk, FIRST_ID, LAST_ID)

    assert readers(seven) == ["baseline", "second"]


def test_what_is_uploaded_meanwhile_is_read_once(
    seven: InputImage, drawn: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted("second")
    rescoring.start_rescoring()
    monkeypatch.setattr(serving, "champion", serving.ChampionCache())  # it is taken up at once
    submission.classify_picture(drawn(3), Source.API)

    rescored()

    assert readers(InputImage.objects.exclude(pk=seven.pk).get()) == ["second"]


def test_after_a_rollback_the_earlier_model_reads_what_the_other_had_read(
    seven: InputImage,
) -> None:
    promoted("second")
    rescored()
    versions.rollback()

    rescored()

    assert readers(seven) == ["baseline", "second", "baseline"]
    assert rescoring.start_rescoring().unread == 0


def test_the_queue_follows(seven: InputImage) -> None:
    before = QueueItem.objects.get(pk=seven.pk)
    QueueItem.objects.update(duplicate=True, embedding=b"", guess="3", suggestion="1")
    promoted("second")

    rescored()

    after = QueueItem.objects.get(pk=seven.pk)
    assert (after.guess, after.duplicate, after.waiting) == ("7", False, True)
    assert after.doubt >= 0.5 > before.doubt
    assert bytes(after.embedding) == bytes(before.embedding)
    assert (after.suggestion, after.created_at) == ("1", before.created_at)


def test_what_somebody_has_seen_to_be_mistaken_stays_first_in_the_queue(
    seven: InputImage, admin_user: User
) -> None:
    queue.confirm_guess("7", [], [seven.pk], admin_user)
    promoted("second")

    rescored()

    assert QueueItem.objects.get(pk=seven.pk).doubt == MISTAKEN_SCORE


def test_what_is_labelled_keeps_its_label_and_does_not_wait(
    seven: InputImage, admin_user: User
) -> None:
    labels.set_label(seven.pk, "1", admin_user, Via.ADMIN)
    promoted("second")

    rescored()

    assert factories.get_label(seven.pk) == "1"
    item = QueueItem.objects.get(pk=seven.pk)
    assert (item.waiting, item.doubt >= 0.5) == (False, True)
    assert readers(seven) == ["baseline", "second"]


def test_an_upload_of_before_there_was_a_queue_gets_a_place_in_it(
    champion: ModelVersion,
) -> None:
    image = factories.create_image()

    rescored()

    item = QueueItem.objects.get(pk=image.pk)
    assert (item.waiting, readers(image)) == (True, ["baseline"])


def test_mnist_is_not_read(champion: ModelVersion) -> None:
    factories.create_mnist_image()

    assert rescoring.start_rescoring().uploaded == 0
    rescoring.rescore_range(champion.pk, FIRST_ID, LAST_ID)

    assert not Prediction.objects.exists()


def test_the_jobs_span_all_keys_in_ranges_of_as_many_images(
    champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rescoring, "IMAGES_PER_JOB", 2)
    names = sorted(factories.create_image().pk for _ in range(5))
    factories.create_mnist_image()

    rescoring.start_rescoring()

    first, second, third = rescoring_jobs.list_job_arguments(champion)
    assert [job["images"] for job in (first, second, third)] == [2, 2, 1]
    assert (first["first"], third["last"]) == (str(FIRST_ID), str(LAST_ID))
    assert (UUID(second["first"]), UUID(third["first"])) == (names[2], names[4])
    assert UUID(first["last"]).int + 1 == names[2].int
    assert UUID(second["last"]).int + 1 == names[4].int

    rescoring_jobs.run_jobs(champion, at_most=1)
    assert rescoring.count_waiting(champion) == 3
    assert {image.pk for image in read_images()} == set(names[:2])


def read_images() -> list[InputImage]:
    return [said.image for said in Prediction.objects.select_related("image")]


def test_who_asks_again_queues_nothing_while_jobs_wait_and_what_is_missing_after(
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


def test_without_a_model_in_service_there_is_nothing_to_read_with(db: None) -> None:
    with pytest.raises(RuleBroken, match=r"promote NAME"):
        rescoring.start_rescoring()


def while_recognising(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    recognize = Recognizer.recognize

    def interrupted(self: Recognizer, images: Any) -> list[Recognition]:
        if self.name == "baseline":
            happens()
        return recognize(self, images)

    monkeypatch.setattr(Recognizer, "recognize", interrupted)


def test_a_model_that_serves_no_more_stops_reading(
    champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        factories.create_image()
    monkeypatch.setattr(rescoring, "IMAGES_PER_BATCH", 1)
    factories.copy_bundled_model("second")
    rescoring._load_recognizer(champion)  # loading it reads a blank image
    while_recognising(
        monkeypatch, lambda: Prediction.objects.count() and versions.promote("second")
    )

    rescoring_jobs.run_jobs(rescoring.start_rescoring().model)

    assert [said.model for said in Prediction.objects.all()] == [champion]
    assert not rescoring_jobs.list_job_arguments(champion)
    rescoring.rescore_range(champion.pk, FIRST_ID, LAST_ID)
    assert Prediction.objects.count() == 1


def test_what_another_job_reads_meanwhile_is_not_read_twice(
    champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = factories.create_image()
    others = iter([partial(rescoring.rescore_range, champion.pk, FIRST_ID, LAST_ID)])
    rescoring._load_recognizer(champion)
    while_recognising(monkeypatch, lambda: next(others, int)())

    rescored()

    assert readers(image) == ["baseline"]


def test_an_image_that_is_deleted_meanwhile_is_no_error(
    champion: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, left = factories.create_image(), factories.create_image()
    rescoring._load_recognizer(champion)
    while_recognising(monkeypatch, lambda: InputImage.objects.filter(pk=gone.pk).delete())

    rescored()

    assert read_images() == [left]
    assert rescoring.start_rescoring().unread == 0


def test_the_images_of_a_damaged_model_stay_as_they_are(seven: InputImage) -> None:
    second = promoted("second")
    factories.flip_byte(find_model_folder("second") / "model.tflite")

    with pytest.raises(Exception, match="checksum"):
        rescoring.rescore_range(second.pk, FIRST_ID, LAST_ID)
    assert readers(seven) == ["baseline"]
