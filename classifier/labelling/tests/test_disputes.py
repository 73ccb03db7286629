from functools import partial
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from classifier.labelling import checks, disputes, labels, queue
from classifier.labelling.selection import Order
from classifier.models import Dispute, LabelChange, QueueItem, Via
from classifier.tests import factories
from classifier.tests.database import count_queries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]


def label(image: UUID, value: str, by: User, via: Via = Via.QUEUE) -> None:
    labels.set_label(image, value, by, via)


def settle(image: UUID, value: str, by: User) -> None:
    queue.record_answer(image, value, by, Order.DISPUTED)


def list_disputed(by: User) -> list[UUID]:
    return [item.pk for item in queue.lease_next(by, Order.DISPUTED, 10)]


@pytest.fixture
def image(anna: User) -> UUID:
    """An image that anna labelled 3."""
    image: UUID = factories.create_queue_item().pk
    label(image, "3", anna)
    return image


@pytest.fixture
def disputed(image: UUID, bert: User) -> UUID:
    label(image, "5", bert)
    return image


@pytest.mark.parametrize("via", [Via.QUEUE, Via.GRID, Via.ADMIN, Via.API])
def test_another_persons_label_opens_a_dispute(image: UUID, bert: User, via: Via) -> None:
    label(image, "5", bert, via)

    assert list_disputed(bert) == [image]
    assert Dispute.objects.get().opened_by == bert


@pytest.mark.parametrize("value", ["3", "unknown"])
def test_same_label_and_a_removed_label_open_no_dispute(
    image: UUID, bert: User, value: str
) -> None:
    label(image, value, bert)

    assert not Dispute.objects.exists()


def test_corrected_own_label_opens_no_dispute(image: UUID, anna: User) -> None:
    label(image, "5", anna)

    assert not Dispute.objects.exists()


def test_check_answered_otherwise_opens_a_dispute(image: UUID, bert: User) -> None:
    checks.create_checks([image], bert)

    queue.record_answer(image, "5", bert)

    assert factories.get_label(image) == "3"
    assert list_disputed(bert) == [image]


@pytest.mark.parametrize("answer", ["3", "undo"])
def test_withdrawn_answer_to_a_check_ends_the_dispute(image: UUID, bert: User, answer: str) -> None:
    checks.create_checks([image], bert)
    queue.record_answer(image, "5", bert)

    if answer == "undo":
        queue.undo_answer(image, bert)
    else:
        queue.record_answer(image, answer, bert)

    assert list_disputed(bert) == []


def test_undone_label_ends_the_dispute(disputed: UUID, bert: User) -> None:
    labels.undo_changes([disputed], bert)

    assert factories.get_label(disputed) == "3"
    assert not Dispute.objects.exists()


def test_undone_label_leaves_a_dispute_that_a_check_supports(
    disputed: UUID, bert: User, labeller: User
) -> None:
    checks.create_checks([disputed], labeller)
    queue.record_answer(disputed, "7", labeller)

    labels.undo_changes([disputed], bert)

    assert list_disputed(bert) == [disputed]


def test_undone_correction_of_a_disputing_label_leaves_the_dispute(
    disputed: UUID, bert: User
) -> None:
    label(disputed, "7", bert)

    labels.undo_changes([disputed], bert)

    assert factories.get_label(disputed) == "5"
    assert list_disputed(bert) == [disputed]


def test_removed_label_ends_the_dispute(disputed: UUID, bert: User) -> None:
    label(disputed, "unknown", bert)

    assert list_disputed(bert) == []


@pytest.mark.parametrize("value", ["3", "5", "not_a_digit"])
def test_second_look_settles_the_dispute(disputed: UUID, labeller: User, value: str) -> None:
    settle(disputed, value, labeller)

    assert factories.get_label(disputed) == value
    assert list_disputed(labeller) == []
    dispute = Dispute.objects.get()
    assert (dispute.label, dispute.settled_by) == (value, labeller)


def test_settled_label_can_be_disputed_again(disputed: UUID, anna: User, labeller: User) -> None:
    settle(disputed, "7", labeller)

    label(disputed, "3", anna)

    assert list_disputed(anna) == [disputed]
    assert Dispute.objects.count() == 2


@pytest.mark.parametrize("value", ["3", "5", "7"])
def test_settlement_is_undone(disputed: UUID, labeller: User, value: str) -> None:
    settle(disputed, value, labeller)

    queue.undo_answer(disputed, labeller, Order.DISPUTED)

    assert factories.get_label(disputed) == "5"
    assert list_disputed(labeller) == [disputed]
    settle(disputed, "3", labeller)
    assert list_disputed(labeller) == []


def test_settlement_holds_for_exact_copies(anna: User, bert: User) -> None:
    content = uuid4()
    items = [factories.create_queue_item(content=content).pk for _ in range(3)]
    queue.record_answer(items[0], "3", anna)
    label(items[2], "5", bert)

    assert len(list_disputed(anna)) == 1
    assert queue.lease_next(anna, Order.DISPUTED, 1)[0].copies == 2  # type: ignore[attr-defined]
    settle(items[2], "7", anna)

    assert {factories.get_label(item) for item in items} == {"7"}
    queue.undo_answer(items[2], anna, Order.DISPUTED)
    assert [factories.get_label(item) for item in items] == ["3", "3", "5"]
    assert list_disputed(bert) == [items[2]]


def test_skipped_dispute_is_left_to_others(disputed: UUID, anna: User, bert: User) -> None:
    queue.skip_image(disputed, anna)

    assert list_disputed(anna) == []
    assert list_disputed(bert) == [disputed]
    queue.undo_answer(disputed, anna, Order.DISPUTED)
    assert list_disputed(anna) == [disputed]


def test_statements_are_the_labels_that_stand(
    disputed: UUID, anna: User, bert: User, labeller: User
) -> None:
    checks.create_checks([disputed], labeller)
    queue.record_answer(disputed, "8", labeller)
    label(disputed, "7", anna)
    labels.undo_changes([disputed], anna)

    statements = disputes.list_statements([disputed])[disputed]

    assert [(each.by, each.label, each.via) for each in statements] == [
        ("anna", "3", "Queue"),
        ("bert", "5", "Queue"),
        ("labeller", "8", "Check"),
    ]


def test_disputed_image_is_no_check(disputed: UUID, labeller: User, settings: Settings) -> None:
    settings.LABEL_CHECK_PERCENT = 100
    factories.create_queue_item()

    assert disputed not in [item.pk for item in queue.lease_next(labeller, Order.DOUBT, 5)]


def test_history_has_the_settlement(disputed: UUID, labeller: User) -> None:
    settle(disputed, "7", labeller)

    newest = LabelChange.objects.latest("id")
    assert (newest.from_label, newest.to_label, newest.via) == ("5", "7", Via.REVIEW)


@pytest.mark.parametrize("order", [Order.DISPUTED, Order.MISLABELLED])
def test_second_looks_are_listed_in_a_fixed_number_of_queries(
    anna: User, bert: User, order: Order
) -> None:
    version = factories.create_version()
    counts = []
    for _ in range(2):
        for item in [factories.create_queue_item() for _ in range(6)]:
            factories.create_prediction(item.image, version)
            label(item.pk, "3", anna)
            if order == Order.DISPUTED:
                label(item.pk, "5", bert)
        assert queue.lease_next(anna, order, 100)
        counts.append(count_queries(partial(queue.lease_next, anna, order, 100)))

    assert counts[0] == counts[1]


def test_reviewed_copies_stay_reviewed(disputed: UUID, anna: User) -> None:
    settle(disputed, "3", anna)

    assert QueueItem.objects.get(pk=disputed).reviewed_by == anna
