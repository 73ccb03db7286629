from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier.labelling import checks, labels, queue
from classifier.labelling.selection import Order
from classifier.models import InputImage, LabelChange, LabelCheck, QueueItem, Via
from classifier.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _check_always(settings: Settings) -> None:
    settings.LABEL_CHECK_PERCENT = 100


@pytest.fixture
def labelled() -> UUID:
    """A labelled image, which becomes a check, beside a waiting one."""
    factories.create_queue_item()
    check: UUID = factories.create_queue_item(label="7").pk
    return check


def lease_one(by: User, order: Order = Order.DOUBT) -> list[UUID]:
    return [item.pk for item in queue.lease_next(by, order, 1)]


def test_answer_to_a_check_is_stored_beside_the_label(anna: User, labelled: UUID) -> None:
    other = factories.create_queue_item(label="1").pk
    for image in (*lease_one(anna), *lease_one(anna)):
        queue.record_answer(image, "7", anna)

    assert (factories.get_label(labelled), factories.get_label(other)) == ("7", "1")
    answered = LabelCheck.objects.exclude(answer="")
    assert (answered.count(), answered.filter(answer=F("label")).count()) == (2, 1)
    assert not LabelChange.objects.exists()
    assert queue.count_labelled_today(anna) == 2


def test_second_answer_to_a_check_replaces_the_first(anna: User, labelled: UUID) -> None:
    lease_one(anna)

    queue.record_answer(labelled, "1", anna)
    queue.record_answer(labelled, "2", anna)

    assert factories.get_label(labelled) == "7"
    assert LabelCheck.objects.get().answer == "2"


def test_answer_to_a_check_is_undone(anna: User, labelled: UUID) -> None:
    lease_one(anna)
    queue.record_answer(labelled, "1", anna)

    queue.undo_answer(labelled, anna)

    assert LabelCheck.objects.get().answer == ""
    assert factories.get_label(labelled) == "7"
    queue.record_answer(labelled, "7", anna)
    assert LabelCheck.objects.get().answer == "7"


def test_skipped_check_returns_only_by_undo(anna: User, labelled: UUID) -> None:
    lease_one(anna)

    queue.skip_image(labelled, anna)
    LabelCheck.objects.update(asked_at=timezone.now() - 2 * checks.UNANSWERED_FOR)

    assert lease_one(anna) != [labelled]
    queue.release_leases(anna)
    queue.undo_answer(labelled, anna)
    assert factories.get_label(labelled) == "7"
    assert lease_one(anna) == [labelled]


def test_unanswered_check_is_shown_again_later(anna: User, labelled: UUID) -> None:
    assert lease_one(anna) == [labelled]
    assert lease_one(anna) != [labelled]
    queue.release_leases(anna)

    LabelCheck.objects.update(asked_at=timezone.now() - 2 * checks.UNANSWERED_FOR)

    assert lease_one(anna) == [labelled]


def test_answer_to_a_check_without_its_label_sets_the_label(
    anna: User, admin_user: User, labelled: UUID
) -> None:
    lease_one(anna)
    queue.record_answer(labelled, "1", anna)
    labels.set_label(labelled, "unknown", admin_user, Via.ADMIN)

    queue.record_answer(labelled, "2", anna)
    assert factories.get_label(labelled) == "2"

    queue.undo_answer(labelled, anna)
    assert (factories.get_label(labelled), LabelCheck.objects.get().answer) == ("unknown", "1")


def test_own_recent_labels_are_no_checks(anna: User) -> None:
    image, waiting = factories.create_queue_item().pk, factories.create_queue_item().pk
    queue.record_answer(image, "7", anna)

    assert lease_one(anna) == [waiting]
    queue.release_leases(anna)

    InputImage.objects.filter(pk=image).update(
        labelled_at=timezone.now() - 2 * checks.REMEMBERED_FOR
    )
    assert lease_one(anna) == [image]


def test_empty_queue_has_no_checks(anna: User) -> None:
    factories.create_queue_item(label="7")

    assert lease_one(anna) == []


@pytest.mark.parametrize(
    ("order", "is_leased"),
    [(Order.USEFUL, False), (Order.DOUBT, False), (Order.SUGGESTED, False), (Order.NEWEST, True)],
)
def test_check_has_at_least_the_score_of_the_waiting_images(
    anna: User, order: Order, is_leased: bool
) -> None:
    factories.create_queue_item(doubt=0.5, suggestion="1")
    check = factories.create_queue_item(label="7", doubt=0.4).pk

    assert (lease_one(anna, order) == [check]) == is_leased


def test_without_checks_only_waiting_images_are_leased(
    anna: User, labelled: UUID, settings: Settings
) -> None:
    settings.LABEL_CHECK_PERCENT = 0

    assert [item.waiting for item in queue.lease_next(anna, Order.DOUBT, 10)] == [True]
    assert QueueItem.objects.filter(leased_to=anna).count() == 1
