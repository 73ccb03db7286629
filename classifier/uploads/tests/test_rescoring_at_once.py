"""Several read the same images again at once, or somebody is using one of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from classifier.models import InputImage, Prediction, QueueItem
from classifier.recognition.recognizer import Recognition, Recognizer
from classifier.registry import versions
from classifier.tests import factories, rescoring_jobs
from classifier.uploads import rescoring
from classifier.uploads.rescoring import FIRST_ID, LAST_ID

pytestmark = pytest.mark.django_db(transaction=True)


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """Over a connection of its own, for another thread."""
    try:
        return work(*arguments)
    finally:
        connection.close()


def test_two_jobs_over_the_same_images_write_one_prediction_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    champion = versions.promote("baseline")
    for _ in range(5):
        factories.create_image()
    rescoring._load_recognizer(champion)
    recognize, together = Recognizer.recognize, Barrier(2, timeout=60)

    def at_once(self: Recognizer, images: Any) -> list[Recognition]:
        found = recognize(self, images)
        together.wait()
        return found

    monkeypatch.setattr(Recognizer, "recognize", at_once)
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(alone, rescoring.rescore_range, champion.pk, FIRST_ID, LAST_ID)
            for _ in range(2)
        ]
        [job.result() for job in jobs]

    monkeypatch.undo()
    rescoring_jobs.run_jobs(champion)  # where one had an image locked that the other skipped
    assert sorted(said.image_id for said in Prediction.objects.all()) == sorted(
        InputImage.objects.values_list("pk", flat=True)
    )
    assert rescoring.start_rescoring().unread == 0


@pytest.mark.parametrize("held", [InputImage, QueueItem])
def test_what_somebody_is_using_right_now_is_left_to_another_job(
    held: type[InputImage] | type[QueueItem],
) -> None:
    champion = versions.promote("baseline")
    used, free = factories.create_queue_item().image, factories.create_queue_item().image
    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        held.objects.select_for_update().get(pk=used.pk)
        thread.submit(alone, rescoring.rescore_range, champion.pk, FIRST_ID, LAST_ID).result()

        assert [said.image for said in Prediction.objects.all()] == [free]
    assert [job["images"] for job in rescoring_jobs.list_job_arguments(champion)] == [1]

    rescoring_jobs.run_jobs(champion)
    assert rescoring.start_rescoring().unread == 0
    assert Prediction.objects.count() == 2


def test_two_who_ask_at_once_queue_each_image_once() -> None:
    champion = versions.promote("baseline")
    factories.create_image()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(alone, rescoring.start_rescoring) for _ in range(2)]
        assert [each.result().unread for each in asked] == [1, 1]
    assert len(rescoring_jobs.list_job_arguments(champion)) == 1
