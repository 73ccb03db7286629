"""Near-duplicates share a group, and strangers' digits mostly don't."""

import io
from uuid import UUID

import numpy as np
from PIL import Image

from classifier.recognition import imaging
from classifier.recognition.imaging.arrays import Pixels
from training.data.mnist import read_sample
from training.data.near_duplicates import group_images

NOTHING = np.empty((0, 28, 28), np.uint8)


def photograph(digit: Pixels, scale: int, border: int, quality: int) -> Pixels:
    """Return what imaging makes of a JPEG picture of the digit."""
    paper = np.pad(255 - digit, border // scale, constant_values=255)
    size = (paper.shape[1] * scale, paper.shape[0] * scale)
    file = io.BytesIO()
    Image.fromarray(paper).resize(size, Image.Resampling.BICUBIC).save(
        file, "JPEG", quality=quality
    )
    [found] = imaging.find_page(imaging.decode(file.getvalue())).digits
    return found.pixels


def test_other_crops_and_compressions_join_the_group_of_their_digit() -> None:
    digits = read_sample().x_test[::125]
    first = np.stack([photograph(digit, 10, 60, 92) for digit in digits])
    groups = group_images(first, NOTHING, [])

    again = np.stack([photograph(digit, 7, 35, 70) for digit in digits])
    joined = group_images(again, first, groups)

    assert len(groups) == 8
    assert sum(a == b for a, b in zip(joined, groups, strict=True)) >= 7


def test_digits_of_different_people_rarely_share_a_group() -> None:
    digits = read_sample()
    others = digits.x_train[digits.y_train != 1][::20]

    assert len(set(group_images(others, NOTHING, []))) > 0.9 * len(others)


def test_known_group_is_joined_and_never_changes() -> None:
    digit = read_sample().x_test[:1]
    known = [UUID(int=7)]

    assert group_images(np.concatenate([digit, digit]), digit, known) == known * 2


def test_empty_images_form_one_group_without_digits() -> None:
    digit = read_sample().x_test[:1]
    empty = np.zeros((2, 28, 28), np.uint8)

    assert len(set(group_images(np.concatenate([digit, empty]), NOTHING, []))) == 2
