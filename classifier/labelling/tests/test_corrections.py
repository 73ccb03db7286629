from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from classifier.errors import RuleBroken
from classifier.labelling import corrections, labels, queue
from classifier.labelling.selection import Order
from classifier.models import (
    Correction,
    InputImage,
    LabelChange,
    LabelCheck,
    ModelVersion,
    Source,
    Suggestion,
    Upload,
    Via,
)
from classifier.recognition.imaging import Box
from classifier.tests.pictures import SIDE, Draw, draw_number
from classifier.uploads import answers, submission

pytestmark = pytest.mark.django_db

FIRST: Box = (0, 0, SIDE, SIDE)
SECOND: Box = (SIDE, 0, SIDE, SIDE)


@pytest.fixture
def upload(champion: ModelVersion, draw_digit: Draw) -> Upload:
    """An upload that reads 42."""
    answer = submission.classify_picture(draw_number(draw_digit, "42"), Source.WEB)
    assert answer.label == "42"
    return Upload.objects.get()


def list_boxes(upload: Upload) -> list[Box]:
    """Return the boxes as they were read."""
    return [corrections._get_box(image) for image in upload.images.order_by("position")]


def list_suggestions(correction: Correction) -> list[str]:
    return [each.label for each in correction.suggestions.order_by("pk")]


def list_labels(upload: Upload) -> list[str]:
    return [each.label for each in upload.images.order_by("position", "created_at")]


def test_text_alone_names_the_digits_as_read(upload: Upload) -> None:
    correction = corrections.record_correction(upload.pk, "47")

    assert list_suggestions(correction) == ["4", "7"]
    assert [*upload.images.order_by("position").values_list("queued__suggestion", flat=True)] == [
        "4",
        "7",
    ]
    assert upload.images.count() == 2
    assert list_labels(upload) == ["unknown"] * 2


def test_moved_box_becomes_an_image_and_replaces_the_old_one(upload: Upload) -> None:
    first, second = list_boxes(upload)
    moved = (second[0], second[1], second[2], second[3] // 2)

    correction = corrections.record_correction(upload.pk, "47", [first, moved])

    assert list_suggestions(correction) == ["4", "7", "not_a_digit"]
    added = upload.images.get(position=None)
    assert added.box == [*moved]
    assert added.queued.suggestion == "7"
    assert added.predictions.count() == 1


def test_slightly_moved_box_stays_the_same_image(upload: Upload) -> None:
    first, second = list_boxes(upload)
    moved = (second[0] + 2, second[1], second[2], second[3])

    corrections.record_correction(upload.pk, "42", [first, moved])

    assert upload.images.count() == 2


def test_joined_boxes_drop_both_images(upload: Upload) -> None:
    correction = corrections.record_correction(upload.pk, "8", [(0, 0, 2 * SIDE, SIDE)])

    assert list_suggestions(correction) == ["8", "not_a_digit", "not_a_digit"]


def test_second_correction_reuses_added_images(upload: Upload) -> None:
    boxes = [FIRST, (SIDE, 0, SIDE // 2, SIDE), (SIDE + SIDE // 2, 0, SIDE // 2, SIDE)]
    corrections.record_correction(upload.pk, "417", boxes)
    count = upload.images.count()

    correction = corrections.record_correction(upload.pk, "419", boxes)

    assert upload.images.count() == count
    assert [digit.label for digit in corrections.list_digits(correction)] == ["4", "1", "9"]
    assert [tuple(digit.box) for digit in corrections.list_digits(correction)][1:] == boxes[1:]


def test_correction_does_not_change_the_answer(upload: Upload) -> None:
    before = answers.load_answer(upload)
    corrections.record_correction(upload.pk, "8", [(0, 0, 2 * SIDE, SIDE)])
    assert answers.load_answer(upload) == before


@pytest.mark.parametrize(
    ("text", "boxes", "message"),
    [
        ("", [], "digits 0 to 9 only"),
        ("4x", [FIRST, SECOND], "digits 0 to 9 only"),
        ("٤٢", [FIRST, SECOND], "digits 0 to 9 only"),
        ("427", [FIRST, SECOND], "number of digits is 3 and that of boxes is 2"),
        ("42", [FIRST, (SIDE, 0, SIDE + 1, SIDE)], "Box 2 is not inside the picture"),
        ("42", [FIRST, (-1, 0, 9, 9)], "Box 2 is not inside the picture"),
        ("42", [FIRST, (SIDE, 0, 0, 9)], "Box 2 is not inside the picture"),
        ("42", [FIRST, (0, 0, 8, 8)], "Box 2 has no writing"),
        ("1" * 101, [FIRST] * 101, "at most 100 digits"),
    ],
)
def test_unusable_correction_is_refused(
    upload: Upload, text: str, boxes: list[Box], message: str
) -> None:
    with pytest.raises(RuleBroken, match=message):
        corrections.record_correction(upload.pk, text, boxes)
    assert not Suggestion.objects.exists()
    assert upload.images.count() == 2


def test_corrections_of_one_upload_are_limited(upload: Upload) -> None:
    for _ in range(corrections.MAX_CORRECTIONS):
        corrections.record_correction(upload.pk, "42")
    with pytest.raises(RuleBroken, match="too often"):
        corrections.record_correction(upload.pk, "42")


@pytest.fixture
def correction(upload: Upload) -> Correction:
    """A correction to 4 and 7, with a moved box for the 7."""
    first, second = list_boxes(upload)
    moved = (second[0], second[1], second[2], second[3] // 2)
    return corrections.record_correction(upload.pk, "47", [first, moved])


def test_accepted_correction_labels_all_images(
    upload: Upload, correction: Correction, anna: User
) -> None:
    image = upload.images.get(position=0)

    corrections.accept_correction(correction.pk, image.pk, anna)

    assert list_labels(upload) == ["4", "not_a_digit", "7"]
    assert {change.via for change in LabelChange.objects.all()} == {Via.CORRECTION}
    assert not upload.images.filter(queued__waiting=True).exists()


def test_acceptance_changes_no_existing_label(
    upload: Upload, correction: Correction, anna: User, bert: User
) -> None:
    first, second = upload.images.filter(position__isnull=False).order_by("position")
    labels.set_label(first.pk, "9", bert, Via.QUEUE)

    corrections.accept_correction(correction.pk, second.pk, anna)

    assert list_labels(upload) == ["9", "not_a_digit", "7"]


def test_acceptance_is_undone_as_a_whole(
    upload: Upload, correction: Correction, anna: User
) -> None:
    image = upload.images.get(position=0)
    corrections.accept_correction(correction.pk, image.pk, anna)

    queue.undo_answer(image.pk, anna)

    assert list_labels(upload) == ["unknown"] * 3
    assert upload.images.filter(queued__waiting=True).count() == 3


def test_undo_of_a_single_label_leaves_the_others(
    upload: Upload, correction: Correction, anna: User
) -> None:
    image = upload.images.get(position=0)
    corrections.accept_correction(correction.pk, image.pk, anna)
    labels.set_label(image.pk, "9", anna, Via.QUEUE)

    queue.undo_answer(image.pk, anna)

    assert list_labels(upload) == ["4", "not_a_digit", "7"]


def test_hidden_check_gets_the_suggestion_as_answer(
    upload: Upload, correction: Correction, anna: User, bert: User
) -> None:
    image = upload.images.get(position=0)
    labels.set_label(image.pk, "9", bert, Via.QUEUE)
    LabelCheck.objects.create(image=image, asked_of=anna, label="9")

    corrections.accept_correction(correction.pk, image.pk, anna)

    assert LabelCheck.objects.get().answer == "4"
    assert list_labels(upload) == ["9", "not_a_digit", "7"]


def test_correction_of_another_picture_is_not_accepted(
    correction: Correction, anna: User, upload: Upload
) -> None:
    image = upload.images.get(position=0)
    with pytest.raises(RuleBroken, match="does not exist"):
        corrections.accept_correction(correction.pk + 1, image.pk, anna)
    assert not LabelChange.objects.exists()


def test_corrected_images_come_in_the_order_of_suggestions(
    upload: Upload, correction: Correction, anna: User
) -> None:
    leased = queue.lease_next(anna, Order.SUGGESTED, 9)
    wrong = InputImage.objects.get(upload=upload, position=1)
    assert wrong.pk in {item.pk for item in leased}
    assert corrections.find_newest([upload.pk]) == {upload.pk: correction}


def test_picture_is_labelled_with_corrected_boxes(upload: Upload, anna: User) -> None:
    first, second = upload.images.order_by("position")
    labels.set_label(second.pk, "3", anna, Via.ADMIN)

    corrections.label_picture(first.pk, "8", [(0, 0, 2 * SIDE, SIDE)], anna)

    assert list_labels(upload) == ["not_a_digit", "3", "8"]
    assert corrections.undo_acceptance(first.pk, anna)
    assert list_labels(upload) == ["unknown", "3", "unknown"]


def test_picture_of_deleted_image_is_not_labelled(upload: Upload, anna: User) -> None:
    with pytest.raises(InputImage.DoesNotExist):
        corrections.label_picture(uuid4(), "8", [FIRST], anna)
