import pytest
from django.contrib.auth.models import User

from classifier.errors import RuleBroken
from classifier.labelling import queue
from classifier.models import InputImage, LabelChange, QueueItem, Upload
from classifier.tests import factories

pytestmark = pytest.mark.django_db


def create_row(*doubts: float, upload: Upload | None = None, start: int = 0) -> list[QueueItem]:
    """Queue the digits of one line; those after `start` positions of other lines."""
    upload = upload or factories.create_upload(lines=[[[0, 0, 28, 28], len(doubts)]])
    return [
        factories.create_queue_item(
            image=factories.create_image(upload=upload, position=start + place), doubt=doubt
        )
        for place, doubt in enumerate(doubts)
    ]


def get_labels(items: list[QueueItem]) -> list[str]:
    return [factories.get_label(item.pk) for item in items]


def test_row_with_the_most_doubtful_digit_is_leased_in_reading_order(labeller: User) -> None:
    create_row(0.3, 0.2)
    row = create_row(0.1, 0.9, 0.1)
    create_row(0.99)

    assert queue.lease_row(labeller) == row
    assert {*QueueItem.objects.filter(leased_to=labeller)} == {*row}


def test_row_ends_with_its_line(labeller: User) -> None:
    upload = factories.create_upload(lines=[[[0, 0, 28, 28], 2], [[0, 30, 28, 28], 3]])
    create_row(0.1, 0.1, upload=upload)
    second = create_row(0.2, 0.2, 0.2, upload=upload, start=2)

    assert queue.lease_row(labeller) == second


def test_labelled_digits_and_leases_of_others_are_left_out(labeller: User, trainer: User) -> None:
    row = create_row(0.5, 0.5, 0.5)
    queue.record_answer(row[1].pk, "7", labeller)

    assert queue.lease_row(labeller) == [row[0], row[2]]
    assert queue.lease_row(trainer) == []


def test_answers_label_and_skip(labeller: User) -> None:
    row = create_row(0.5, 0.5, 0.5)

    answers = ("1", "", "not_a_digit")
    queue.answer_row({item.pk: each for item, each in zip(row, answers, strict=True)}, labeller)

    assert get_labels(row) == ["1", "unknown", "not_a_digit"]
    assert queue.lease_row(labeller) == []
    queue.undo_row([item.pk for item in row], labeller)
    assert get_labels(row) == ["unknown"] * 3
    assert queue.lease_row(labeller) == row


def test_row_is_labelled_whole_or_not_at_all(labeller: User) -> None:
    row = create_row(0.5, 0.5)

    with pytest.raises(RuleBroken, match="MNIST"):
        queue.answer_row({row[0].pk: "1", factories.create_mnist_image().pk: "2"}, labeller)
    InputImage.objects.filter(pk=row[1].pk).delete()
    with pytest.raises(InputImage.DoesNotExist):
        queue.answer_row({row[0].pk: "1", row[1].pk: "2"}, labeller)

    assert not LabelChange.objects.exists()


def test_equal_images_get_the_label_too(labeller: User) -> None:
    row = create_row(0.5, 0.5)
    copy = factories.create_queue_item(content=row[0].content)

    queue.answer_row({row[0].pk: "1", row[1].pk: "2"}, labeller)

    assert get_labels([*row, copy]) == ["1", "2", "1"]
