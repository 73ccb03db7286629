from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User

from classifier.errors import RuleBroken
from classifier.labelling import checks, labels, queue
from classifier.labelling.selection import Order
from classifier.models import Dispute, ModelVersion, QueueItem, Source, Via
from classifier.tests import factories
from classifier.tests.pictures import Draw
from classifier.uploads import submission

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_checks")]


@pytest.fixture
def model() -> ModelVersion:
    return factories.create_version()


def create_labelled(model: ModelVersion, label: str, by: User, p_seven: float = 1.0) -> UUID:
    """Create an image that the model read as a 7 before this person labelled it."""
    item = factories.create_queue_item()
    probabilities = [0.0] * 10
    probabilities[7], probabilities[1] = p_seven, 1 - p_seven
    factories.create_prediction(
        item.image, model, probabilities=probabilities, scores={"rejection": 0.0}
    )
    labels.set_label(item.pk, label, by, Via.QUEUE)
    image: UUID = item.pk
    return image


def review(image: UUID, label: str, by: User) -> None:
    queue.record_answer(image, label, by, Order.MISLABELLED)


def list_suspicious(by: User) -> list[UUID]:
    return [item.pk for item in queue.lease_next(by, Order.MISLABELLED, 10)]


def test_real_digits_with_wrong_labels_come_first(
    champion: ModelVersion, draw_digit: Draw, anna: User
) -> None:
    images = {}
    for digit in range(10):
        for which in range(3):
            answer = submission.classify_picture(draw_digit(digit, which), Source.WEB)
            image = answer.digits[0].id
            assert image
            wrong = which == 0 and digit in (1, 4, 9)
            images[image] = wrong
            labels.set_label(image, str((digit + wrong) % 10), anna, Via.QUEUE)

    wrong_images = {image for image, is_wrong in images.items() if is_wrong}
    assert set(list_suspicious(anna)[:3]) == wrong_images


def test_most_suspicious_label_comes_first(model: ModelVersion, anna: User) -> None:
    shares = (0.3, 0.9, 0.5, 0.7, 0.2, 1.0, 0.6)
    images = {share: create_labelled(model, "1", anna, p_seven=share) for share in shares}
    create_labelled(model, "7", anna)

    assert list_suspicious(anna) == [images[share] for share in sorted(shares, reverse=True)]


def test_later_prediction_changes_nothing(model: ModelVersion, anna: User) -> None:
    wrong = create_labelled(model, "3", anna)
    image = QueueItem.objects.get(pk=wrong).image
    learned = [float(digit == 3) for digit in range(10)]
    factories.create_prediction(
        image, model, label="3", best_guess="3", probabilities=learned, scores={"rejection": 0.0}
    )

    assert list_suspicious(anna) == [wrong]


def test_image_without_a_prediction_is_not_suspicious(anna: User) -> None:
    labels.set_label(factories.create_queue_item().pk, "3", anna, Via.QUEUE)

    assert list_suspicious(anna) == []


def test_confirmed_label_leaves_the_order(model: ModelVersion, anna: User, bert: User) -> None:
    image = create_labelled(model, "3", anna)

    review(image, "3", bert)

    assert factories.get_label(image) == "3"
    assert list_suspicious(anna) == []
    assert not Dispute.objects.exists()
    queue.undo_answer(image, bert, Order.MISLABELLED)
    assert list_suspicious(anna) == [image]
    assert factories.get_label(image) == "3"


def test_other_label_opens_a_dispute(model: ModelVersion, anna: User, bert: User) -> None:
    image = create_labelled(model, "3", anna)

    review(image, "7", bert)

    assert factories.get_label(image) == "7"
    assert Dispute.objects.get().image_id == image
    queue.undo_answer(image, bert, Order.MISLABELLED)
    assert factories.get_label(image) == "3"
    assert not Dispute.objects.exists()


def test_own_label_is_corrected(model: ModelVersion, anna: User) -> None:
    image = create_labelled(model, "3", anna)

    review(image, "7", anna)

    assert factories.get_label(image) == "7"
    assert list_suspicious(anna) == []
    assert not Dispute.objects.exists()


def test_undone_confirmation_leaves_an_earlier_correction(
    model: ModelVersion, anna: User, bert: User
) -> None:
    image = create_labelled(model, "3", anna)
    review(image, "7", anna)
    checks.create_checks([image], bert)
    queue.record_answer(image, "1", bert)
    queue.record_answer(image, "7", anna, Order.DISPUTED)

    queue.undo_answer(image, anna, Order.DISPUTED)

    assert factories.get_label(image) == "7"
    assert Dispute.objects.get().settled_at is None


def test_second_look_of_another_person_is_not_undone(
    model: ModelVersion, anna: User, bert: User
) -> None:
    image = create_labelled(model, "3", anna)
    review(image, "7", bert)

    with pytest.raises(RuleBroken, match="nothing to undo"):
        queue.undo_answer(image, anna, Order.MISLABELLED)


def test_copies_are_reviewed_together(model: ModelVersion, anna: User, bert: User) -> None:
    content = uuid4()
    images = [create_labelled(model, "3", anna) for _ in range(3)]
    QueueItem.objects.update(content=content)

    assert len(list_suspicious(bert)) == 1
    review(images[1], "3", bert)

    assert list_suspicious(bert) == []


def test_changed_label_is_rated_again(model: ModelVersion, anna: User, bert: User) -> None:
    image = create_labelled(model, "7", anna)
    review(image, "7", anna)

    labels.set_label(image, "unknown", anna, Via.ADMIN)
    labels.set_label(image, "3", anna, Via.ADMIN)

    assert list_suspicious(anna) == [image]
