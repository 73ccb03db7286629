from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from PIL import Image

from classifier.errors import RuleBroken
from classifier.labelling import labels, queue, selection
from classifier.labelling.selection import Order
from classifier.models import InputImage, ModelVersion, QueueItem, Source, Via
from classifier.tests import factories
from classifier.tests.pictures import Draw, encode_picture
from classifier.uploads import submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]


def lease(by: User, order: Order = Order.DOUBT, count: int = 10) -> list[UUID]:
    return [item.pk for item in queue.lease_next(by, order, count)]


def resave(data: bytes, kind: str, side: int, **options: int) -> bytes:
    return encode_picture(Image.open(BytesIO(data)).resize((side, side)), kind, **options)


def test_drawing_sent_40_times_is_leased_once(
    champion: ModelVersion, draw_digit: Draw, anna: User
) -> None:
    others = [draw_digit(digit, 3) for digit in (0, 1, 2, 3, 8)]
    same = draw_digit(7)
    copies = [resave(same, "JPEG", 280, quality=q) for q in range(50, 95, 5)]
    copies += [resave(same, "PNG", side) for side in range(200, 400, 20)]
    copies += [same] * (40 - len(copies))
    for data in copies + others:
        submission.classify_picture(data, Source.WEB)

    leased = queue.lease_next(anna, Order.USEFUL, 60)

    assert sorted(item.guess for item in leased) == ["0", "1", "2", "3", "7", "8"]
    assert lease(anna, Order.USEFUL) == []
    assert queue.has_near_duplicates(anna)
    rest = lease(anna, Order.DOUBT, 60)
    contents = QueueItem.objects.filter(pk__in=rest).values_list("content", flat=True)
    assert 10 <= len(rest) == len(set(contents))  # exact copies are leased once in any order


def test_near_duplicate_of_a_labelled_image_is_not_leased(
    champion: ModelVersion, draw_digit: Draw, anna: User
) -> None:
    first = submission.classify_picture(draw_digit(7), Source.WEB).digits[0].id
    assert first is not None
    labels.set_label(first, "7", anna, Via.ADMIN)
    submission.classify_picture(draw_digit(7), Source.WEB)

    assert lease(anna, Order.USEFUL) == []


@pytest.mark.parametrize("order", [Order.USEFUL, Order.DOUBT, Order.NEWEST, Order.RANDOM])
def test_copies_are_one_item_that_one_answer_labels(
    champion: ModelVersion, draw_digit: Draw, anna: User, order: Order
) -> None:
    for _ in range(12):
        submission.classify_picture(draw_digit(7), Source.WEB)

    [item] = queue.lease_next(anna, order, 60)
    assert item.copies == 11  # type: ignore[attr-defined]
    queue.record_answer(item.pk, "7", anna)

    assert set(InputImage.objects.values_list("label", flat=True)) == {"7"}
    queue.undo_answer(item.pk, anna)
    assert set(InputImage.objects.values_list("label", flat=True)) == {"unknown"}


def test_copies_are_one_tile_of_the_grid(
    champion: ModelVersion, draw_digit: Draw, anna: User
) -> None:
    for data in [draw_digit(7)] * 3 + [draw_digit(7, 3)]:
        submission.classify_picture(data, Source.WEB)

    items = queue.lease_by_guess(anna, "7", 60)
    assert len(items) == 2
    queue.confirm_guess("7", [item.pk for item in items], [], anna)

    assert set(InputImage.objects.values_list("label", flat=True)) == {"7"}


def test_most_useful_images_come_first(anna: User) -> None:
    items = [factories.create_queue_item(doubt=doubt) for doubt in (0.2, 0.9, 0.5)]

    assert lease(anna, Order.USEFUL) == [items[1].pk, items[2].pk, items[0].pk]


@pytest.mark.parametrize("stored", [(b"", b""), (b"ab" * 64, b"ab" * 32, b"ab" * 32)])
def test_embeddings_of_older_models_resemble_nothing(anna: User, stored: tuple[bytes, ...]) -> None:
    items = [factories.create_queue_item(embedding=embedding, doubt=0.5) for embedding in stored]

    assert set(lease(anna, Order.USEFUL)) == {item.pk for item in items}


def test_each_order_sorts_by_its_criterion(anna: User) -> None:
    sure = factories.create_queue_item(doubt=0.0, suggestion="7")
    doubted = factories.create_queue_item(doubt=0.9)
    suggested = factories.create_queue_item(doubt=0.5, suggestion="1")
    leased = {}
    for order in Order:
        leased[order] = lease(anna, order)
        queue.release_leases(anna)

    assert leased[Order.DOUBT] == [doubted.pk, suggested.pk, sure.pk]
    assert leased[Order.NEWEST] == [suggested.pk, doubted.pk, sure.pk]
    assert leased[Order.SUGGESTED] == [suggested.pk]
    assert set(leased[Order.RANDOM]) == {sure.pk, doubted.pk, suggested.pk}


def test_random_order_wraps_around(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    low, high = sorted(factories.create_queue_item().pk for _ in range(2))
    monkeypatch.setattr(selection, "uuid4", lambda: high)

    assert lease(anna, Order.RANDOM) == [high, low]


def test_image_with_an_expired_lease_is_leased_to_another(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    assert lease(anna) == [image]
    assert lease(bert) == []

    QueueItem.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    assert lease(bert) == [image]


def test_released_image_is_leased_to_another(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    lease(anna)

    queue.release_leases(anna)

    assert lease(bert) == [image]


def test_new_page_leases_the_images_of_the_page_before_it(anna: User) -> None:
    first, second = (factories.create_queue_item(doubt=doubt).pk for doubt in (0.9, 0.5))
    lease(anna)

    items = queue.lease_page(anna, Order.DOUBT, 10, again=second)

    assert [item.pk for item in items] == [second, first]


def test_late_conflicting_answer_is_recorded_and_undone(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    lease(anna)
    labels.set_label(image, "1", bert, Via.ADMIN)

    queue.record_answer(image, "7", anna)

    assert factories.get_label(image) == "7"
    assert factories.list_label_changes() == [
        ("bert", "unknown", "1", "admin"),
        ("anna", "1", "7", "queue"),
    ]

    queue.undo_answer(image, anna)

    assert InputImage.objects.get(pk=image).labelled_by == bert


def test_answered_image_leaves_the_queue(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    lease(anna)

    queue.record_answer(image, "not_a_digit", anna)

    assert (
        queue.count_waiting(),
        queue.count_labelled_today(anna),
        queue.count_labelled_today(bert),
    ) == (0, 1, 0)
    assert lease(bert) == []


def test_deleted_image_cannot_be_answered_skipped_or_undone(anna: User) -> None:
    with pytest.raises(InputImage.DoesNotExist):
        queue.record_answer(uuid4(), "7", anna)
    with pytest.raises(InputImage.DoesNotExist):
        queue.skip_image(uuid4(), anna)
    with pytest.raises(InputImage.DoesNotExist):
        queue.undo_answer(uuid4(), anna)


def test_skipped_image_is_leased_to_others_until_undone(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    lease(anna)

    queue.skip_image(image, anna)
    queue.skip_image(image, anna)

    assert lease(anna) == []
    assert lease(bert) == [image]
    queue.release_leases(bert)

    queue.undo_answer(image, anna)
    queue.release_leases(anna)

    assert lease(anna) == [image]
    assert factories.list_label_changes() == []


def test_late_skip_keeps_the_lease_of_another(anna: User, bert: User, labeller: User) -> None:
    image = factories.create_queue_item().pk
    lease(anna)
    QueueItem.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert lease(bert) == [image]

    queue.skip_image(image, anna)

    assert lease(labeller) == []


def test_answers_are_undone_one_by_one(anna: User) -> None:
    images = [factories.create_queue_item().pk for _ in range(3)]
    for image, label in zip(images, "123", strict=True):
        queue.record_answer(image, label, anna)

    for image in reversed(images):
        queue.undo_answer(image, anna)

    assert [factories.get_label(image) for image in images] == ["unknown"] * 3
    assert [change[3] for change in factories.list_label_changes()] == ["queue"] * 3 + ["undo"] * 3
    assert (queue.count_waiting(), queue.count_labelled_today(anna)) == (3, 0)
    assert QueueItem.objects.filter(leased_to=anna).count() == 3
    with pytest.raises(RuleBroken, match="nothing to undo"):
        queue.undo_answer(images[0], anna)


def test_answer_changed_by_another_cannot_be_undone(anna: User, bert: User) -> None:
    image = factories.create_queue_item().pk
    queue.record_answer(image, "1", anna)
    queue.record_answer(image, "2", bert)

    with pytest.raises(RuleBroken, match="Somebody else"):
        queue.undo_answer(image, anna)

    assert factories.get_label(image) == "2"
