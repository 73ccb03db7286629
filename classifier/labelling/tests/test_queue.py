"""The labelling queue: what is asked of whom and when, and what becomes of the answers."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from PIL import Image

from classifier.errors import RuleBroken
from classifier.labelling import labels, queue
from classifier.labelling.queue import Order
from classifier.models import (
    InputImage,
    LabelChange,
    ModelVersion,
    QueueItem,
    Source,
    Via,
)
from classifier.tests import factories
from classifier.uploads import submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]

Draw = Callable[..., bytes]


def taken(by: User, order: Order = Order.DOUBT, count: int = 10) -> list[UUID]:
    return [item.pk for item in queue.lease_next(by, order, count)]


def history() -> list[tuple[str, str, str, str]]:
    changes = LabelChange.objects.order_by("id")
    return list(changes.values_list("changed_by__username", "from_label", "to_label", "via"))


def sent_again(data: bytes, kind: str, side: int, **how: int) -> bytes:
    buffer = BytesIO()
    Image.open(BytesIO(data)).resize((side, side)).save(buffer, kind, **how)
    return buffer.getvalue()


def test_a_drawing_that_is_sent_forty_times_is_asked_once(
    champion: ModelVersion, drawn: Draw, anna: User
) -> None:
    others = [drawn(digit, 3) for digit in (0, 1, 2, 3, 8)]
    same = drawn(7)
    again = [sent_again(same, "JPEG", 280, quality=q) for q in range(50, 95, 5)]
    again += [sent_again(same, "PNG", side) for side in range(200, 400, 20)]
    again += [same] * (40 - len(again))
    for data in again + others:
        submission.classify_picture(data, Source.WEB)

    asked = queue.lease_next(anna, Order.USEFUL, 60)

    assert sorted(item.guess for item in asked) == ["0", "1", "2", "3", "7", "8"]
    assert taken(anna, Order.USEFUL) == []
    assert queue.has_near_duplicates(anna)
    assert len(taken(anna, Order.DOUBT, 60)) == 39


def test_what_is_like_something_labelled_is_not_asked(
    champion: ModelVersion, drawn: Draw, anna: User
) -> None:
    first = submission.classify_picture(drawn(7), Source.WEB).digits[0].id
    assert first is not None
    labels.set_label(first, "7", anna, Via.ADMIN)
    submission.classify_picture(drawn(7), Source.WEB)

    assert taken(anna, Order.USEFUL) == []


def test_the_most_useful_come_first(anna: User) -> None:
    items = [factories.create_queue_item(doubt=doubt) for doubt in (0.2, 0.9, 0.5)]

    assert taken(anna, Order.USEFUL) == [items[1].pk, items[2].pk, items[0].pk]


@pytest.mark.parametrize("stored", [(b"", b""), (b"ab" * 64, b"ab" * 32, b"ab" * 32)])
def test_what_older_models_saw_is_like_nothing_else(anna: User, stored: tuple[bytes, ...]) -> None:
    items = [factories.create_queue_item(embedding=embedding, doubt=0.5) for embedding in stored]

    assert set(taken(anna, Order.USEFUL)) == {item.pk for item in items}


def test_each_order_asks_first_what_it_says(anna: User) -> None:
    sure = factories.create_queue_item(doubt=0.0, suggestion="7")
    doubted = factories.create_queue_item(doubt=0.9)
    disputed = factories.create_queue_item(doubt=0.5, suggestion="1")
    asked = {}
    for order in Order:
        asked[order] = taken(anna, order)
        queue.release_leases(anna)

    assert asked[Order.DOUBT] == [doubted.pk, disputed.pk, sure.pk]
    assert asked[Order.NEWEST] == [disputed.pk, doubted.pk, sure.pk]
    assert asked[Order.DISPUTED] == [disputed.pk]
    assert set(asked[Order.RANDOM]) == {sure.pk, doubted.pk, disputed.pk}


def test_a_random_order_begins_anywhere(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    low, high = sorted(factories.create_queue_item().pk for _ in range(2))
    monkeypatch.setattr(queue, "uuid4", lambda: high)

    assert taken(anna, Order.RANDOM) == [high, low]


def test_an_image_is_asked_of_another_when_its_lease_ran_out(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    assert taken(anna) == [image]
    assert taken(bert) == []

    QueueItem.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    assert taken(bert) == [image]


def test_what_is_given_back_is_asked_of_another_at_once(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    taken(anna)

    queue.release_leases(anna)

    assert taken(bert) == [image]


def test_a_page_that_is_opened_asks_what_the_one_before_it_left(anna: User) -> None:
    first, second = (factories.create_queue_item(doubt=doubt).pk for doubt in (0.9, 0.5))
    taken(anna)

    again = queue.lease_page(anna, Order.DOUBT, 10, again=second)

    assert [item.pk for item in again] == [second, first]


def test_a_late_answer_that_conflicts_is_in_the_history_with_both(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    taken(anna)
    labels.set_label(image, "1", bert, Via.ADMIN)

    queue.record_answer(image, "7", anna)

    assert factories.get_label(image) == "7"
    assert history() == [("bert", "unknown", "1", "admin"), ("anna", "1", "7", "queue")]

    queue.undo(image, anna)

    assert InputImage.objects.get(pk=image).labelled_by == bert


def test_what_is_answered_waits_no_more(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    taken(anna)

    queue.record_answer(image, "not_a_digit", anna)

    assert (
        queue.count_waiting(),
        queue.count_labelled_today(anna),
        queue.count_labelled_today(bert),
    ) == (0, 1, 0)
    assert taken(bert) == []


@pytest.mark.parametrize("label", ["", "unknown", "77"])
def test_what_is_no_answer_is_refused(anna: User, label: str) -> None:
    image = factories.create_queue_item().pk

    with pytest.raises(RuleBroken, match="is no answer"):
        queue.record_answer(image, label, anna)


def test_an_image_that_is_gone_is_neither_answered_nor_skipped_nor_taken_back(anna: User) -> None:
    with pytest.raises(InputImage.DoesNotExist):
        queue.record_answer(uuid4(), "7", anna)
    with pytest.raises(InputImage.DoesNotExist):
        queue.skip(uuid4(), anna)
    with pytest.raises(InputImage.DoesNotExist):
        queue.undo(uuid4(), anna)


def test_what_is_skipped_is_asked_of_others_until_the_skip_is_taken_back(
    anna: User, bert: User
) -> None:
    image = factories.create_queue_item().pk
    taken(anna)

    queue.skip(image, anna)
    queue.skip(image, anna)

    assert taken(anna) == []
    assert taken(bert) == [image]
    queue.release_leases(bert)

    queue.undo(image, anna)
    queue.release_leases(anna)

    assert taken(anna) == [image]
    assert history() == []


def test_a_skip_that_comes_late_leaves_the_image_to_whom_it_is_asked_of_now(
    anna: User, bert: User, labeller: User
) -> None:
    image = factories.create_queue_item().pk
    taken(anna)
    QueueItem.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert taken(bert) == [image]

    queue.skip(image, anna)

    assert taken(labeller) == []


def test_answers_are_taken_back_one_after_the_other(anna: User) -> None:
    images = [factories.create_queue_item().pk for _ in range(3)]
    for image, label in zip(images, "123", strict=True):
        queue.record_answer(image, label, anna)

    for image in reversed(images):
        queue.undo(image, anna)

    assert [factories.get_label(image) for image in images] == ["unknown"] * 3
    assert [change[3] for change in history()] == ["queue"] * 3 + ["undo"] * 3
    assert (queue.count_waiting(), queue.count_labelled_today(anna)) == (3, 0)
    assert QueueItem.objects.filter(leased_to=anna).count() == 3
    with pytest.raises(RuleBroken, match="nothing to undo"):
        queue.undo(images[0], anna)


def test_what_somebody_else_has_changed_since_is_not_taken_back(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    queue.record_answer(image, "1", anna)
    queue.record_answer(image, "2", bert)

    with pytest.raises(RuleBroken, match="Somebody else"):
        queue.undo(image, anna)

    assert factories.get_label(image) == "2"
