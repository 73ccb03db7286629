"""What is learnt from, and what never is."""

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from classifier.labelling import labels
from classifier.models import InputImage, ModelVersion, Source, Via
from classifier.recognition.recognizer import NOT_A_DIGIT
from classifier.uploads import submission
from training.data import database

pytestmark = pytest.mark.django_db


@pytest.fixture
def upload(
    champion: ModelVersion, admin_user: User, drawn: Callable[..., bytes]
) -> Callable[[str], InputImage]:
    """Makes an upload and labels it."""

    def upload(label: str, which: int = 0) -> InputImage:
        answer = submission.classify_picture(drawn(7, which), Source.API)
        assert answer.digits[0].id
        labels.set_label(answer.digits[0].id, label, admin_user, Via.API)
        return InputImage.objects.get(pk=answer.digits[0].id)

    return upload


def test_unknown_never_reaches_training_and_not_a_digit_is_learnt_as_what_is_none(
    upload: Callable[..., InputImage],
) -> None:
    upload("unknown")
    rejected = [upload("not_a_digit", which) for which in range(1, 21)]
    data = database.training()
    assert set(data.corrections.labels) == {NOT_A_DIGIT}
    assert len(data.corrections.digits) == 0
    assert len(data.corrections.others) == data.snapshot["by_label"]["not_a_digit"]
    assert len(data.corrections) + len(database.held_out().ids) == len(rejected)
    assert data.snapshot["left_out"] == {"unknown": 1, "held_out": len(database.held_out().ids)}


def test_a_fixed_tenth_of_the_labelled_uploads_is_held_out_and_never_trained_on(
    upload: Callable[..., InputImage],
) -> None:
    images = [upload("7", which) for which in range(40)]
    held_out, trained = database.held_out(), database.training()
    assert 1 <= len(held_out.ids) <= 10
    assert len(held_out.ids) + len(trained.corrections) == len(images)
    learnt = {hashlib.sha256(pixels.tobytes()).digest() for pixels in trained.corrections.pixels}
    kept = {hashlib.sha256(pixels.tobytes()).digest() for pixels in held_out.images.pixels}
    assert not learnt & kept
    assert np.array_equal(database.held_out().images.pixels, held_out.images.pixels)


def test_near_duplicates_are_held_out_together_and_for_good(
    upload: Callable[..., InputImage],
) -> None:
    for which in range(20):
        upload("7", which)
    database.training()
    sides = dict(InputImage.objects.values_list("pk", "group"))

    copies = [upload("7", which) for which in range(20)]
    held_out = {*database.held_out().ids}

    assert dict(InputImage.objects.filter(pk__in=sides).values_list("pk", "group")) == sides
    for copy in copies:
        copy.refresh_from_db()
        twins = InputImage.objects.filter(group=copy.group).values_list("pk", flat=True)
        assert len(twins) > 1
        assert len({str(pk) in held_out for pk in twins}) == 1


def test_the_test_split_is_not_trained_on() -> None:
    call_command("loadmnist", sample=True, verbosity=0)
    assert len(database.training().mnist) == 4_000
    assert len(database.test_split().ids) == 1_000


def test_the_snapshot_names_the_corrected_images_and_changes_with_any_label(
    upload: Callable[..., InputImage], admin_user: User
) -> None:
    images = [upload("7", which) for which in range(3)]
    before = database.training().snapshot
    assert set(before["corrected"]) <= {str(image.pk) for image in images}
    assert before["by_source"] == {"api": before["images"]}
    assert before["by_label"]["7"] == before["images"]
    assert database.training().snapshot | {"read_at": None} == before | {"read_at": None}
    changed = next(image for image in images if str(image.pk) in before["corrected"])
    labels.set_label(changed.pk, "1", admin_user, Via.API)
    assert database.training().snapshot["sha256"] != before["sha256"]


def test_pixels_and_labels_arrive_as_they_are_stored(upload: Callable[..., InputImage]) -> None:
    stored = {bytes(upload("3", which).pixels) for which in range(3)}
    images = [*database.training().corrections.pixels, *database.held_out().images.pixels]
    assert {image.tobytes() for image in images} == stored
    assert set(database.training().corrections.labels) <= {3}
