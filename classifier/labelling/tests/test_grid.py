from collections.abc import Callable
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from classifier.errors import RuleBroken
from classifier.labelling import labels, queue, selection
from classifier.labelling.selection import Order
from classifier.models import (
    MISTAKEN_SCORE,
    InputImage,
    LabelChange,
    LabelCheck,
    ModelVersion,
    QueueItem,
    Via,
)
from classifier.tests import factories
from classifier.tests.database import count_queries

pytestmark = pytest.mark.django_db


def lease_by_guess(by: User, digit: str = "7", count: int = 60) -> list[UUID]:
    return [item.pk for item in queue.lease_by_guess(by, digit, count)]


def test_grid_leases_images_of_a_guess_most_certain_first(anna: User) -> None:
    doubted, sure = (factories.create_queue_item(doubt=doubt).pk for doubt in (0.5, 0.0))
    factories.create_queue_item(guess="1")
    factories.create_queue_item(label="7")
    refused = factories.create_queue_item(guess="not_a_digit").pk

    assert lease_by_guess(anna) == [sure, doubted]
    assert lease_by_guess(anna, "not_a_digit") == [refused]
    counts = {"1": 1, "7": 2, "not_a_digit": 1}
    assert queue.count_by_guess() == dict.fromkeys("02345689", 0) | counts


def test_right_images_are_labelled_and_wrong_ones_come_first(
    anna: User, settings: Settings
) -> None:
    settings.LABEL_CHECK_PERCENT = 0
    right, wrong, unseen = (
        factories.create_queue_item(doubt=doubt).pk for doubt in (0.0, 0.1, 0.9)
    )
    lease_by_guess(anna, count=2)

    scores = queue.confirm_guess("7", [right], [wrong], anna)

    change = LabelChange.objects.get()
    assert (change.image_id, change.to_label, change.via) == (right, "7", Via.GRID)
    assert [item.pk for item in queue.lease_next(anna, Order.DOUBT, 9)] == [wrong, unseen]
    assert lease_by_guess(anna) == [unseen]

    queue.undo_confirmation([right], scores, anna)

    assert lease_by_guess(anna) == [right, wrong, unseen]


@pytest.mark.parametrize("guess", ["unknown", "", "12"])
def test_unknown_guess_is_refused(anna: User, guess: str) -> None:
    with pytest.raises(RuleBroken, match="is not a label"):
        queue.confirm_guess(guess, [factories.create_queue_item().pk], [], anna)


def test_confirmation_labels_all_images_or_none(anna: User) -> None:
    there, wrong = factories.create_queue_item().pk, factories.create_queue_item().pk

    with pytest.raises(InputImage.DoesNotExist):
        queue.confirm_guess("7", [there, uuid4()], [wrong], anna)

    assert factories.get_label(there) == "unknown"
    assert QueueItem.objects.get(pk=wrong).doubt < MISTAKEN_SCORE


def test_undo_restores_all_labels_or_none(anna: User, bert: User) -> None:
    images = [factories.create_queue_item().pk for _ in range(3)]
    queue.confirm_guess("7", images, [], anna)
    labels.set_label(images[1], "1", bert, Via.ADMIN)

    with pytest.raises(RuleBroken, match="Somebody else"):
        queue.undo_confirmation(images, {}, anna)

    assert [factories.get_label(image) for image in images] == ["7", "1", "7"]


def test_number_of_queries_is_constant(
    champion: ModelVersion, anna: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LABEL_CHECK_PERCENT = 100
    monkeypatch.setattr(selection, "uuid4", lambda: UUID(int=0))

    def count_all_queries(count: int) -> list[int]:
        QueueItem.objects.all().delete()
        for item in [factories.create_queue_item(suggestion="1") for _ in range(count)]:
            factories.create_prediction(item.image, champion)
            factories.create_queue_item(label="7", suggestion="1", doubt=1.0)
        images = lease_by_guess(anna, count=count)
        some, most = images[: count // 3], images[count // 3 :]
        queue.release_leases(anna)
        acts: list[Callable[[], object]] = [
            *(partial(queue.lease_next, anna, order, count) for order in Order),
            partial(lease_by_guess, anna, count=count),
            partial(queue.confirm_guess, "7", most, some, anna),
            partial(queue.undo_confirmation, most, dict.fromkeys(some, 0.1), anna),
        ]
        counts = []
        for act in acts:
            LabelCheck.objects.all().delete()
            counts.append(count_queries(act))
        return counts

    assert count_all_queries(3) == count_all_queries(60)
