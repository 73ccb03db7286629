"""An upload is deleted at the very moment at which somebody uses one of its images."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from classifier.labelling import checks, labels, queue
from classifier.labelling.selection import Order
from classifier.models import InputImage, LabelChange, LabelCheck, Suggestion, Upload, Via
from classifier.tests import factories
from classifier.tests.database import wait_for_lock
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db(transaction=True)

Use = Callable[[InputImage, User], object]
USES: dict[str, Use] = {
    "label": lambda image, by: labels.set_label(image.pk, "3", by, Via.API),
    "suggest": lambda image, by: labels.record_suggestion(image.pk, "7"),
    "answer": lambda image, by: queue.record_answer(image.pk, "7", by),
    "skip": lambda image, by: queue.skip(image.pk, by),
    "confirm": lambda image, by: queue.confirm_guess("7", [image.pk], [], by),
}
REFUSED = sorted(USES)


def meanwhile(work: Callable[..., object], *arguments: object) -> Exception | None:
    """Over a connection of its own, for another thread; what it raised."""
    try:
        work(*arguments)
    except Exception as error:
        return error
    finally:
        connection.close()
    return None


def upload_of(image: InputImage) -> list[UUID]:
    assert image.upload_id
    return [image.upload_id]


@pytest.fixture
def image() -> InputImage:
    return factories.create_queue_item().image


@pytest.mark.parametrize("use", REFUSED)
def test_who_uses_it_while_it_is_being_deleted_is_told(
    use: str, image: InputImage, anna: User
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            deletion.delete_uploads(upload_of(image))
            other = thread.submit(meanwhile, USES[use], image, anna)
            wait_for_lock(other)
        assert isinstance(other.result(), InputImage.DoesNotExist)
    assert not InputImage.objects.exists()


@pytest.mark.parametrize("use", REFUSED)
def test_deleting_waits_for_who_is_using_it(use: str, image: InputImage, anna: User) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            USES[use](image, anna)
            other = thread.submit(meanwhile, deletion.delete_uploads, upload_of(image))
            wait_for_lock(other)
        assert other.result() is None
    for model in (Upload, InputImage, LabelChange, Suggestion):
        assert not model.objects.exists()


def test_nobody_is_asked_as_a_check_what_is_being_deleted(
    settings: Settings, anna: User, bert: User
) -> None:
    settings.LABEL_CHECK_PERCENT = 100
    labelled = factories.create_queue_item(label="7").image
    waits = factories.create_queue_item().image
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            deletion.delete_uploads(upload_of(labelled))
            other = thread.submit(meanwhile, queue.lease_page, bert, Order.NEWEST, 5)
            wait_for_lock(other)
            assert other.done()
        assert other.result() is None
        assert not LabelCheck.objects.exists()
    assert [*InputImage.objects.all()] == [waits]


def test_deleting_waits_for_a_check_that_is_being_asked(anna: User) -> None:
    labelled = factories.create_queue_item(label="7").image
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            assert checks.create_checks([labelled.pk], anna) == [labelled.pk]
            other = thread.submit(meanwhile, deletion.delete_uploads, upload_of(labelled))
            wait_for_lock(other)
        assert other.result() is None
    assert not LabelCheck.objects.exists()
