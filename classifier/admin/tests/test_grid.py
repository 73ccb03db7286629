"""The grid: many images that the model calls one digit, confirmed and taken back at once."""

from collections.abc import Callable
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from classifier.errors import RuleBroken
from classifier.labelling import labels, queue
from classifier.labelling.queue import Order
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

pytestmark = pytest.mark.django_db


def alike(by: User, digit: str = "7", count: int = 60) -> list[UUID]:
    return [item.pk for item in queue.lease_by_guess(by, digit, count)]


def test_the_grid_asks_what_the_model_calls_a_digit_the_surest_first(anna: User) -> None:
    doubted, sure = (factories.create_queue_item(doubt=doubt).pk for doubt in (0.5, 0.0))
    factories.create_queue_item(guess="1")
    factories.create_queue_item(label="7")
    refused = factories.create_queue_item(guess="not_a_digit").pk

    assert alike(anna) == [sure, doubted]
    assert alike(anna, "not_a_digit") == [refused]
    counts = {"1": 1, "7": 2, "not_a_digit": 1}
    assert queue.count_by_guess() == dict.fromkeys("02345689", 0) | counts


def test_the_rest_of_a_grid_is_labelled_and_what_is_wrong_is_asked_first(
    anna: User, settings: Settings
) -> None:
    settings.LABEL_CHECK_PERCENT = 0
    right, wrong, unseen = (
        factories.create_queue_item(doubt=doubt).pk for doubt in (0.0, 0.1, 0.9)
    )
    alike(anna, count=2)

    doubts = queue.confirm_guess("7", [right], [wrong], anna)

    change = LabelChange.objects.get()
    assert (change.image_id, change.to_label, change.via) == (right, "7", Via.GRID)
    assert [item.pk for item in queue.lease_next(anna, Order.DOUBT, 9)] == [wrong, unseen]
    assert alike(anna) == [unseen]

    queue.undo_confirmation([right], doubts, anna)

    assert alike(anna) == [right, wrong, unseen]


@pytest.mark.parametrize("guess", ["unknown", "", "12"])
def test_a_grid_is_of_a_guess_that_a_model_can_make(anna: User, guess: str) -> None:
    with pytest.raises(RuleBroken, match="is not a label"):
        queue.confirm_guess(guess, [factories.create_queue_item().pk], [], anna)


def test_of_a_grid_all_is_labelled_or_nothing(anna: User) -> None:
    there, wrong = factories.create_queue_item().pk, factories.create_queue_item().pk

    with pytest.raises(InputImage.DoesNotExist):
        queue.confirm_guess("7", [there, uuid4()], [wrong], anna)

    assert factories.get_label(there) == "unknown"
    assert QueueItem.objects.get(pk=wrong).doubt < MISTAKEN_SCORE


def test_of_a_grid_all_is_taken_back_or_nothing(anna: User, bert: User) -> None:
    images = [factories.create_queue_item().pk for _ in range(3)]
    queue.confirm_guess("7", images, [], anna)
    labels.set_label(images[1], "1", bert, Via.ADMIN)

    with pytest.raises(RuleBroken, match="Somebody else"):
        queue.undo_confirmation(images, {}, anna)

    assert [factories.get_label(image) for image in images] == ["7", "1", "7"]


def test_sixty_images_take_as_many_queries_as_three(
    champion: ModelVersion, anna: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LABEL_CHECK_PERCENT = 100
    monkeypatch.setattr(queue, "uuid4", lambda: UUID(int=0))

    def queries(work: Callable[[], object]) -> int:
        with CaptureQueriesContext(connection) as captured:
            work()
        LabelCheck.objects.all().delete()
        return len(captured)

    def counts(count: int) -> list[int]:
        QueueItem.objects.all().delete()
        for item in [factories.create_queue_item(suggestion="1") for _ in range(count)]:
            factories.create_prediction(item.image, champion)
            factories.create_queue_item(label="7", suggestion="1", doubt=1.0)
        images = alike(anna, count=count)
        some, most = images[: count // 3], images[count // 3 :]
        queue.release_leases(anna)
        return [
            *(queries(partial(queue.lease_next, anna, order, count)) for order in Order),
            queries(lambda: alike(anna, count=count)),
            queries(lambda: queue.confirm_guess("7", most, some, anna)),
            queries(lambda: queue.undo_confirmation(most, dict.fromkeys(some, 0.1), anna)),
        ]

    assert counts(3) == counts(60)
