"""The images that models are trained and evaluated on."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from django.contrib.auth.models import User

from classifier.labelling import labels, review
from classifier.models import InputImage, ModelVersion, Source, Via
from classifier.recognition.recognizer import NOT_A_DIGIT
from classifier.uploads import submission
from training.data import database
from training.data.snapshot import LeftOut

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def upload(
    champion: ModelVersion, admin_user: User, draw_digit: Callable[..., bytes]
) -> Callable[[str], InputImage]:
    """Return a function that uploads a picture and labels it."""

    def upload(label: str, which: int = 0) -> InputImage:
        answer = submission.classify_picture(draw_digit(7, which), Source.API)
        assert answer.digits[0].id
        labels.set_label(answer.digits[0].id, label, admin_user, Via.API)
        return InputImage.objects.get(pk=answer.digits[0].id)

    return upload


def test_training_data_exclude_unknown_and_include_non_digits(
    upload: Callable[..., InputImage],
) -> None:
    upload("unknown")
    rejected = [upload("not_a_digit", which) for which in range(1, 21)]
    data = database.load_training_data()
    assert set(data.uploads.labels) == {NOT_A_DIGIT}
    assert len(data.uploads.digits) == 0
    assert len(data.uploads.non_digits) == data.snapshot.by_label["not_a_digit"]
    held_out = len(database.load_held_out_uploads().ids)
    assert len(data.uploads) + held_out == len(rejected)
    assert data.snapshot.left_out == LeftOut(unknown=1, held_out=held_out)


def test_disputed_image_and_its_copies_are_left_out_until_settled(
    upload: Callable[..., InputImage], anna: User
) -> None:
    disputed, _copy, _other = upload("7", 0), upload("7", 0), upload("7", 1)
    labels.set_label(disputed.pk, "1", anna, Via.ADMIN)

    assert count_read() == 1
    assert database.load_training_data().snapshot.left_out.disputed == 2

    review.record_answer(disputed.pk, "7", anna)

    assert count_read() == 2
    assert database.load_training_data().snapshot.left_out.disputed == 0


def count_read() -> int:
    """Return how many different uploads are trained on or held out."""
    held_out = database.load_held_out_uploads().images.pixels
    read = [*database.load_training_data().uploads.pixels, *held_out]
    return len({pixels.tobytes() for pixels in read})


def test_fixed_tenth_of_labelled_uploads_is_held_out(upload: Callable[..., InputImage]) -> None:
    images = [upload("7", which) for which in range(40)]
    held_out, data = database.load_held_out_uploads(), database.load_training_data()
    assert 1 <= len(held_out.ids) <= 10
    assert len(held_out.ids) + len(data.uploads) == len(images)
    trained_on = {hashlib.sha256(pixels.tobytes()).digest() for pixels in data.uploads.pixels}
    evaluated = {hashlib.sha256(pixels.tobytes()).digest() for pixels in held_out.images.pixels}
    assert not trained_on & evaluated
    assert np.array_equal(database.load_held_out_uploads().images.pixels, held_out.images.pixels)


def test_near_duplicates_stay_on_one_side(upload: Callable[..., InputImage]) -> None:
    for which in range(20):
        upload("7", which)
    database.load_training_data()
    groups = dict(InputImage.objects.values_list("pk", "group"))

    copies = [upload("7", which) for which in range(20)]
    held_out = {*database.load_held_out_uploads().ids}

    assert dict(InputImage.objects.filter(pk__in=groups).values_list("pk", "group")) == groups
    for copy in copies:
        copy.refresh_from_db()
        duplicates = InputImage.objects.filter(group=copy.group).values_list("pk", flat=True)
        assert len(duplicates) > 1
        assert len({str(pk) in held_out for pk in duplicates}) == 1


def test_test_split_is_not_trained_on(sample: None) -> None:
    assert len(database.load_training_data().mnist) == 4_000
    assert len(database.load_test_split().ids) == 1_000


def test_snapshot_names_corrected_images_and_changes_with_a_label(
    upload: Callable[..., InputImage], admin_user: User
) -> None:
    images = [upload("7", which) for which in range(3)]
    before = database.load_training_data().snapshot
    assert set(before.corrected) <= {str(image.pk) for image in images}
    assert before.by_source == {"api": before.images}
    assert before.by_label["7"] == before.images
    assert replace(database.load_training_data().snapshot, read_at=before.read_at) == before
    changed = next(image for image in images if str(image.pk) in before.corrected)
    labels.set_label(changed.pk, "1", admin_user, Via.API)
    assert database.load_training_data().snapshot.sha256 != before.sha256


def test_pixels_and_labels_are_read_as_stored(upload: Callable[..., InputImage]) -> None:
    stored = {bytes(upload("3", which).pixels) for which in range(3)}
    images = [
        *database.load_training_data().uploads.pixels,
        *database.load_held_out_uploads().images.pixels,
    ]
    assert {image.tobytes() for image in images} == stored
    assert set(database.load_training_data().uploads.labels) <= {3}


def test_equal_uploads_count_once(upload: Callable[..., InputImage]) -> None:
    for which in (*range(20), *range(20)):
        upload("7", which)

    data = database.load_training_data()

    contents = {pixels.tobytes() for pixels in data.uploads.pixels}
    assert len(data.uploads) == len(contents)
    assert data.snapshot.images == 2 * len(contents)
