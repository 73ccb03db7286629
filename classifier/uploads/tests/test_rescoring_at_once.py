"""Simultaneous rescoring jobs, and images that are locked."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import transaction

from classifier.models import InputImage, Prediction, QueueItem
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.registry import serving, versions
from classifier.tests import factories, rescoring_jobs
from classifier.tests.threads import run_in_thread
from classifier.uploads import rescoring
from classifier.uploads.rescoring import FIRST_ID, LAST_ID

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_jobs_write_one_prediction_per_image(monkeypatch: pytest.MonkeyPatch) -> None:
    champion = versions.promote_model("baseline")
    for _ in range(5):
        factories.create_image()
    serving.load_cached(champion)
    recognize, barrier = Recognizer.recognize, Barrier(2, timeout=60)

    def recognize_at_once(self: Recognizer, images: Any) -> list[Recognition]:
        results = recognize(self, images)
        barrier.wait()
        return results

    monkeypatch.setattr(Recognizer, "recognize", recognize_at_once)
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(run_in_thread, rescoring.rescore_range, champion.pk, FIRST_ID, LAST_ID)
            for _ in range(2)
        ]
        [job.result() for job in jobs]

    monkeypatch.undo()
    rescoring_jobs.run_jobs(champion)  # for images that one job locked and the other skipped
    assert sorted(prediction.image_id for prediction in Prediction.objects.all()) == sorted(
        InputImage.objects.values_list("pk", flat=True)
    )
    assert rescoring.start_rescoring().unread == 0


@pytest.mark.parametrize("locked_model", [InputImage, QueueItem])
def test_locked_image_is_left_to_another_job(
    locked_model: type[InputImage] | type[QueueItem],
) -> None:
    champion = versions.promote_model("baseline")
    used, free = factories.create_queue_item().image, factories.create_queue_item().image
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        locked_model.objects.select_for_update().get(pk=used.pk)
        thread.submit(
            run_in_thread, rescoring.rescore_range, champion.pk, FIRST_ID, LAST_ID
        ).result()

        assert [prediction.image for prediction in Prediction.objects.all()] == [free]
    assert [job["images"] for job in rescoring_jobs.list_job_arguments(champion)] == [1]

    rescoring_jobs.run_jobs(champion)
    assert rescoring.start_rescoring().unread == 0
    assert Prediction.objects.count() == 2


def test_simultaneous_starts_enqueue_each_image_once() -> None:
    champion = versions.promote_model("baseline")
    factories.create_image()
    with ThreadPoolExecutor(2) as pool:
        starts = [pool.submit(run_in_thread, rescoring.start_rescoring) for _ in range(2)]
        assert [each.result().unread for each in starts] == [1, 1]
    assert len(rescoring_jobs.list_job_arguments(champion)) == 1
