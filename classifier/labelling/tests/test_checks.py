"""Hidden checks: labelled images among those that wait, told apart by nobody who is asked."""

from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone
from pytest_django.fixtures import Settings

from classifier.labelling import checks, labels, queue
from classifier.labelling.queue import Order
from classifier.models import InputImage, LabelChange, LabelCheck, QueueItem, Via
from classifier.tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def always(settings: Settings) -> None:
    settings.LABEL_CHECK_PERCENT = 100


@pytest.fixture
def labelled() -> UUID:
    """One with a label, while another waits; the first is asked as a check."""
    factories.create_queue_item()
    check: UUID = factories.create_queue_item(label="7").pk
    return check


def taken(by: User, order: Order = Order.DOUBT) -> list[UUID]:
    return [item.pk for item in queue.lease_next(by, order, 1)]


def test_an_answer_is_kept_beside_the_label_and_agreement_can_be_told(
    anna: User, labelled: UUID
) -> None:
    other = factories.create_queue_item(label="1").pk
    for image in (*taken(anna), *taken(anna)):
        queue.record_answer(image, "7", anna)

    assert (factories.get_label(labelled), factories.get_label(other)) == ("7", "1")
    answered = LabelCheck.objects.exclude(answer="")
    assert (answered.count(), answered.filter(answer=F("label")).count()) == (2, 1)
    assert not LabelChange.objects.exists()
    assert queue.count_labelled_today(anna) == 2


def test_a_check_that_is_answered_twice_keeps_the_last_answer(anna: User, labelled: UUID) -> None:
    taken(anna)

    queue.record_answer(labelled, "1", anna)
    queue.record_answer(labelled, "2", anna)

    assert factories.get_label(labelled) == "7"
    assert LabelCheck.objects.get().answer == "2"


def test_an_answer_to_a_check_is_taken_back(anna: User, labelled: UUID) -> None:
    taken(anna)
    queue.record_answer(labelled, "1", anna)

    queue.undo(labelled, anna)

    assert LabelCheck.objects.get().answer == ""
    assert factories.get_label(labelled) == "7"
    queue.record_answer(labelled, "7", anna)
    assert LabelCheck.objects.get().answer == "7"


def test_a_check_that_is_skipped_comes_back_by_undo_only(anna: User, labelled: UUID) -> None:
    taken(anna)

    queue.skip(labelled, anna)
    LabelCheck.objects.update(asked_at=timezone.now() - 2 * checks.UNANSWERED)

    assert taken(anna) != [labelled]
    queue.release_leases(anna)
    queue.undo(labelled, anna)
    assert factories.get_label(labelled) == "7"
    assert taken(anna) == [labelled]


def test_a_check_that_stayed_unanswered_is_asked_again_later(anna: User, labelled: UUID) -> None:
    assert taken(anna) == [labelled]
    assert taken(anna) != [labelled]
    queue.release_leases(anna)

    LabelCheck.objects.update(asked_at=timezone.now() - 2 * checks.UNANSWERED)

    assert taken(anna) == [labelled]


def test_a_check_whose_label_is_taken_back_is_asked_for_the_label(
    anna: User, admin_user: User, labelled: UUID
) -> None:
    taken(anna)
    queue.record_answer(labelled, "1", anna)
    labels.set_label(labelled, "unknown", admin_user, Via.ADMIN)

    queue.record_answer(labelled, "2", anna)
    assert factories.get_label(labelled) == "2"

    queue.undo(labelled, anna)
    assert (factories.get_label(labelled), LabelCheck.objects.get().answer) == ("unknown", "1")


def test_what_one_has_just_labelled_is_no_check_of_theirs_yet(anna: User) -> None:
    image, waiting = factories.create_queue_item().pk, factories.create_queue_item().pk
    queue.record_answer(image, "7", anna)

    assert taken(anna) == [waiting]
    queue.release_leases(anna)

    InputImage.objects.filter(pk=image).update(labelled_at=timezone.now() - 2 * checks.SITTING)
    assert taken(anna) == [image]


def test_nobody_is_asked_checks_when_nothing_waits(anna: User) -> None:
    factories.create_queue_item(label="7")

    assert taken(anna) == []


@pytest.mark.parametrize(
    ("order", "asked"),
    [(Order.USEFUL, False), (Order.DOUBT, False), (Order.DISPUTED, False), (Order.NEWEST, True)],
)
def test_a_check_does_not_stand_out_among_what_is_asked(
    anna: User, order: Order, asked: bool
) -> None:
    factories.create_queue_item(doubt=0.5, suggestion="1")
    check = factories.create_queue_item(label="7", doubt=0.4).pk

    assert (taken(anna, order) == [check]) == asked


def test_without_checks_all_that_is_asked_waits(
    anna: User, labelled: UUID, settings: Settings
) -> None:
    settings.LABEL_CHECK_PERCENT = 0

    assert [item.waiting for item in queue.lease_next(anna, Order.DOUBT, 10)] == [True]
    assert QueueItem.objects.filter(leased_to=anna).count() == 1
