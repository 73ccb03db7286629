from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from classifier.labelling import labels, review
from classifier.models import Dispute, InputImage, LabelChange, Via
from classifier.tests import factories
from classifier.tests.database import wait_for_lock
from classifier.tests.threads import run_in_thread
from classifier.uploads import deletion

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def disputed(anna: User, bert: User) -> UUID:
    image: UUID = factories.create_queue_item().pk
    labels.set_label(image, "3", anna, Via.QUEUE)
    labels.set_label(image, "5", bert, Via.QUEUE)
    return image


@pytest.mark.parametrize(("second", "still_open"), [("3", 0), ("5", 1)])
def test_dispute_is_settled_once_and_a_later_label_disputes_it_again(
    disputed: UUID, anna: User, labeller: User, second: str, still_open: int
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            review.record_answer(disputed, "3", labeller)
            other = thread.submit(run_in_thread, review.record_answer, disputed, second, anna)
            wait_for_lock(other)
        other.result()

    assert Dispute.objects.get(settled_at__isnull=False).settled_by == labeller
    assert Dispute.objects.filter(settled_at__isnull=True).count() == still_open
    assert factories.get_label(disputed) == second


def test_concurrent_labels_open_one_dispute(anna: User, bert: User, labeller: User) -> None:
    image = factories.create_queue_item().pk
    labels.set_label(image, "3", anna, Via.QUEUE)

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            labels.set_label(image, "5", bert, Via.QUEUE)
            other = thread.submit(run_in_thread, labels.set_label, image, "7", labeller, Via.QUEUE)
            wait_for_lock(other)
        other.result()

    assert Dispute.objects.get().opened_by == bert
    assert LabelChange.objects.count() == 3


def test_second_look_at_an_image_that_is_being_deleted_fails(
    disputed: UUID, labeller: User
) -> None:
    upload = InputImage.objects.get(pk=disputed).upload_id
    assert upload

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            deletion.delete_uploads([upload])
            other = thread.submit(run_in_thread, review.record_answer, disputed, "3", labeller)
            wait_for_lock(other)
        with pytest.raises(InputImage.DoesNotExist):
            other.result()

    assert not Dispute.objects.exists()
