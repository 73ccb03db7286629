from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pytest_django.fixtures import Settings

from classifier.labelling import checks, labels, queue
from classifier.labelling.selection import Order
from classifier.models import InputImage, LabelChange, LabelCheck, Suggestion, Upload, Via
from classifier.tests import factories
from classifier.tests.database import wait_for_lock
from classifier.tests.threads import run_in_thread
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db(transaction=True)

Use = Callable[[InputImage, User], object]
USES: dict[str, Use] = {
    "label": lambda image, by: labels.set_label(image.pk, "3", by, Via.API),
    "suggest": lambda image, by: labels.record_suggestion(image.pk, "7"),
    "answer": lambda image, by: queue.record_answer(image.pk, "7", by),
    "skip": lambda image, by: queue.skip_image(image.pk, by),
    "confirm": lambda image, by: queue.confirm_guess("7", [image.pk], [], by),
}
ACTIONS = sorted(USES)


def list_upload_ids(image: InputImage) -> list[UUID]:
    assert image.upload_id
    return [image.upload_id]


@pytest.fixture
def image() -> InputImage:
    return factories.create_queue_item().image


@pytest.mark.parametrize("use", ACTIONS)
def test_use_during_deletion_fails(use: str, image: InputImage, anna: User) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            deletion.delete_uploads(list_upload_ids(image))
            thread_result = thread.submit(run_in_thread, USES[use], image, anna)
            wait_for_lock(thread_result)
        assert isinstance(thread_result.exception(), InputImage.DoesNotExist)
    assert not InputImage.objects.exists()


@pytest.mark.parametrize("use", ACTIONS)
def test_deletion_waits_for_use(use: str, image: InputImage, anna: User) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            USES[use](image, anna)
            thread_result = thread.submit(
                run_in_thread, deletion.delete_uploads, list_upload_ids(image)
            )
            wait_for_lock(thread_result)
        assert thread_result.exception() is None
    for model in (Upload, InputImage, LabelChange, Suggestion):
        assert not model.objects.exists()


def test_image_being_deleted_is_no_check(settings: Settings, anna: User, bert: User) -> None:
    settings.LABEL_CHECK_PERCENT = 100
    labelled = factories.create_queue_item(label="7").image
    waiting = factories.create_queue_item().image
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            deletion.delete_uploads(list_upload_ids(labelled))
            thread_result = thread.submit(run_in_thread, queue.lease_page, bert, Order.NEWEST, 5)
            wait_for_lock(thread_result)
            assert thread_result.done()
        assert thread_result.exception() is None
        assert not LabelCheck.objects.exists()
    assert [*InputImage.objects.all()] == [waiting]


def test_deletion_waits_for_check(anna: User) -> None:
    labelled = factories.create_queue_item(label="7").image
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            assert checks.create_checks([labelled.pk], anna) == [labelled.pk]
            thread_result = thread.submit(
                run_in_thread, deletion.delete_uploads, list_upload_ids(labelled)
            )
            wait_for_lock(thread_result)
        assert thread_result.exception() is None
    assert not LabelCheck.objects.exists()
